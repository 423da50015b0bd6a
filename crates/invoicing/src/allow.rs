//! Giving money back on an issued invoice (折讓), in part or in whole.

use crate::issue::look_again;
use crate::model::{
    AllowanceStatus, Asked, Change, InvoiceId, Operation, Owner, Status, number_of,
};
use crate::providers::capabilities;
use crate::repo::{Allowance, Invoice};
use crate::settle::{Answer, Claimed, claim, postpone, release};
use crate::{Error, Failure, Invoicing, Reason, Result, WrongStatus};
use einvoice::invoice::{self, DraftLine, Field, Problem, Violation};
use einvoice::outcome::{Outcome, Undecided};
use einvoice::provider::{Allowed, Operation as Offered, Provider};
use kernel::Timestamp;
use store::record::Json;
use store::{Tx, params};

/// What is given back.
#[derive(Clone, Debug)]
pub enum Given {
    /// These lines, priced like the invoice's.
    Lines(Vec<DraftLine>),
    /// So much in whole TWD, as one line.
    Amount(i64),
    /// What is missing until so much was given back in all, in whole TWD: asked for twice, it is given once.
    UpTo(i64),
}

impl Given {
    fn lines(&self, invoice: &Invoice) -> Vec<DraftLine> {
        let one = |amount| vec![DraftLine::new("折讓", 1, amount)];
        match self {
            Self::Lines(lines) => lines.clone(),
            Self::Amount(amount) => one(*amount),
            Self::UpTo(amount) => one(amount - invoice.credited),
        }
    }
}

impl Invoicing {
    /// Has the provider give money back on an issued invoice. [`Error::Provider`] says why it was not done, or that nobody
    /// knows: then the allowance stays asked for until it is known.
    pub async fn allowance(&self, owner: &Owner, id: InvoiceId, given: Given) -> Result<Allowance> {
        let (owner, now) = (owner.clone(), self.now());
        let allowance_id = self.new_id(now);
        let (claimed, allowance) = self
            .db()
            .write(move |tx| {
                let invoice = Invoice::lock(tx, &owner, id)?;
                if invoice.status != Status::Issued {
                    return Err(Error::WrongStatus(WrongStatus::Is(invoice.status)));
                }
                if invoice.asked.is_some() {
                    return Err(Error::WrongStatus(WrongStatus::Open));
                }
                if matches!(&given, Given::UpTo(amount) if *amount <= invoice.credited) {
                    return Err(too_much());
                }
                let mut allowance = Allowance {
                    allowance_id,
                    invoice_id: id,
                    number: number_of(allowance_id),
                    provider_number: None,
                    status: AllowanceStatus::Asked,
                    total: 0,
                    lines: Json(given.lines(&invoice)),
                    created_at: now,
                    made_at: None,
                };
                let content = content(&invoice, &allowance)?;
                let capabilities = capabilities(invoice.provider);
                if !capabilities.offers(Offered::Allowance) {
                    let detail = "the provider has no allowances";
                    return Err(Failure::because(Reason::NotOffered, detail).into());
                }
                capabilities
                    .check_allowance(&content)
                    .map_err(Error::Invalid)?;
                allowance.total = content.amounts().total;
                if allowance.total > invoice.total - invoice.credited {
                    return Err(too_much());
                }
                allowance.insert(tx)?;
                let claimed = claim(tx, invoice, Asked::Allowance, now)?;
                Ok((claimed, allowance))
            })
            .await?;
        self.ask_for_allowance(claimed, allowance).await
    }

    pub(crate) async fn ask_for_allowance(
        &self,
        claimed: Claimed,
        allowance: Allowance,
    ) -> Result<Allowance> {
        let Claimed { invoice, resumed } = claimed;
        let answer = match self.provider_of(&invoice).await? {
            Some(provider) => {
                let content = content(&invoice, &allowance)?;
                let now = self.now();
                allow_once(&*provider, &invoice, &content, resumed, now).await
            }
            None => Answer::not_configured(resumed),
        };
        self.settle_allowance(invoice, allowance, answer).await
    }

    async fn settle_allowance(
        &self,
        invoice: Invoice,
        allowance: Allowance,
        answer: Answer<Option<String>>,
    ) -> Result<Allowance> {
        let (attempt, allowance_id) = (invoice.attempts, allowance.allowance_id);
        let (allowance, failure) = self
            .settle(
                invoice.invoice_id,
                Operation::Allowance,
                answer,
                move |tx, invoice, answer, moment| {
                    let find = params![allowance_id];
                    let found = Allowance::first(tx, Allowance::BY_ID, find)?;
                    let mut allowance = found.ok_or(Error::NotFound)?;
                    let open = allowance.status == AllowanceStatus::Asked;
                    let own = invoice.attempts == attempt && open;
                    let (failure, change) = match answer {
                        Answer::Done(number) if open => {
                            allowance.status = AllowanceStatus::Made;
                            allowance.provider_number.clone_from(number);
                            allowance.made_at = Some(moment.now);
                            allowance.save(tx)?;
                            invoice.credited += allowance.total;
                            invoice.failure = None;
                            release(invoice);
                            (None, Some(Change::AllowanceMade))
                        }
                        Answer::Done(_) => (None, None),
                        Answer::Refused(failure) => {
                            if own {
                                allowance.status = AllowanceStatus::Refused;
                                allowance.save(tx)?;
                                invoice.failure = Some(failure.detail.clone());
                                release(invoice);
                            }
                            (Some(failure.clone()), None)
                        }
                        Answer::Undecided(failure) => {
                            if own {
                                invoice.failure = Some(failure.detail.clone());
                                postpone(invoice, look_again(invoice, moment));
                            }
                            (Some(failure.clone()), None)
                        }
                    };
                    Ok(((allowance, failure), change))
                },
            )
            .await?;
        match failure {
            Some(failure) if allowance.status != AllowanceStatus::Made => Err(failure.into()),
            _ => Ok(allowance),
        }
    }

    /// The operator has looked at the provider's console whether the allowance that has no answer was made: where the provider does not
    /// tell, nobody else can know. Refused with [`WrongStatus::UnderWay`] while the provider is being asked.
    pub async fn decide_allowance(
        &self,
        owner: &Owner,
        id: InvoiceId,
        made: bool,
    ) -> Result<Allowance> {
        let (owner_of, now) = (owner.clone(), self.now());
        let (claimed, allowance) = self
            .db()
            .write(move |tx| {
                let invoice = Invoice::lock(tx, &owner_of, id)?;
                if invoice.asked != Some(Asked::Allowance) {
                    return Err(Error::WrongStatus(WrongStatus::Is(invoice.status)));
                }
                let allowance = open_allowance(tx, id)?;
                let claimed = claim(tx, invoice, Asked::Allowance, now)?;
                Ok((claimed, allowance))
            })
            .await?;
        let answer = match made {
            true => Answer::Done(None),
            false => Answer::Refused(Failure::because(
                Reason::Refused,
                "the operator has not found it at the provider",
            )),
        };
        match self
            .settle_allowance(claimed.invoice, allowance, answer)
            .await
        {
            // It was not made, as was said.
            Err(Error::Provider(_)) if !made => {
                let all = self.allowances(owner, id).await?;
                all.into_iter().last().ok_or(Error::NotFound)
            }
            other => other,
        }
    }

    /// What was given back on an owner's invoice, refused ones too: oldest first.
    pub async fn allowances(&self, owner: &Owner, id: InvoiceId) -> Result<Vec<Allowance>> {
        let owner = owner.clone();
        self.db()
            .read(move |tx| {
                Invoice::find(tx, &owner, id)?;
                Ok(Allowance::all(tx, Allowance::OF_INVOICE, params![id])?)
            })
            .await
    }
}

/// The allowance that has no answer.
pub(crate) fn open_allowance(tx: &mut Tx<'_>, id: InvoiceId) -> Result<Allowance> {
    let found = Allowance::first(tx, Allowance::OPEN, params![id])?;
    found.ok_or_else(|| Error::Broken(format!("invoice {id} has no allowance that is asked for")))
}

fn content(invoice: &Invoice, allowance: &Allowance) -> Result<invoice::Allowance> {
    let (content, issued) = (invoice.content()?, invoice.issued()?);
    invoice::Allowance::new(&allowance.number, &content, &issued, &allowance.lines.0)
        .map_err(Error::Invalid)
}

fn too_much() -> Error {
    Error::Invalid(vec![Violation {
        field: Field::Total,
        problem: Problem::TooLarge,
    }])
}

/// The provider's number of it, where it has its own and has told. Looks first, if it was asked before: where allowances have
/// our numbers, asking again makes no second one; elsewhere what has been given back tells, if the provider says.
async fn allow_once(
    provider: &dyn Provider,
    invoice: &Invoice,
    content: &invoice::Allowance,
    resumed: bool,
    now: Timestamp,
) -> Answer<Option<String>> {
    let own_numbers = provider.capabilities().own_allowance_numbers;
    if resumed && !own_numbers {
        match provider.query(&invoice.wanted(), now).await {
            Outcome::Done(Some(found)) => match found.credited {
                Some(credited) if credited >= invoice.credited + content.amounts().total => {
                    return Answer::Done(None);
                }
                Some(credited) if credited == invoice.credited => {}
                _ => {
                    let detail =
                        "the provider does not tell what was given back: look there, and decide it";
                    return Answer::Undecided(Failure::because(Reason::NoAnswer, detail));
                }
            },
            Outcome::Done(None) => {
                let failure = Failure::because(Reason::Mismatch, "the provider does not find it");
                return Answer::Undecided(failure);
            }
            Outcome::Refused(refusal) => return Answer::Undecided(Failure::refused(&refusal)),
            Outcome::Undecided(undecided) => {
                return Answer::Undecided(Failure::undecided(&undecided));
            }
        }
    }
    match provider.allowance(content, now).await {
        Outcome::Done(Allowed { number, .. }) => Answer::Done((!own_numbers).then_some(number)),
        // Ours, from the time before.
        Outcome::Undecided(Undecided::Repeated) if resumed && own_numbers => Answer::Done(None),
        Outcome::Refused(refusal) => Answer::Refused(Failure::refused(&refusal)),
        Outcome::Undecided(undecided) => Answer::Undecided(Failure::undecided(&undecided)),
    }
}
