//! Voiding, and giving up what was never issued.

use crate::issue::look_again;
use crate::model::{Asked, Change, InvoiceId, Operation, Owner, Status};
use crate::providers::capabilities;
use crate::repo::Invoice;
use crate::settle::{Answer, Claimed, Moment, postpone, release, turn};
use crate::{Error, Failure, Invoicing, Reason, Result, WrongStatus};
use einvoice::outcome::Outcome;
use einvoice::provider::Provider;
use kernel::Timestamp;

impl Invoicing {
    /// Has the provider void an issued invoice. [`Error::Provider`] says why it was not done, or that nobody knows: then it
    /// stays `issued`, and is voided as soon as the provider can be reached again.
    pub async fn void(&self, owner: &Owner, id: InvoiceId, reason: &str) -> Result<Invoice> {
        let reason = reason.trim().to_owned();
        let claimed = {
            let (owner, now) = (owner.clone(), self.now());
            let allow = move |tx: &mut store::Tx<'_>| {
                let mut invoice = Invoice::lock(tx, &owner, id)?;
                if invoice.status != Status::Issued {
                    return Err(Error::WrongStatus(WrongStatus::Is(invoice.status)));
                }
                let offered = capabilities(invoice.provider).check_reason(&reason);
                offered.map_err(Error::Invalid)?;
                // The provider may have the first reason already.
                if invoice.asked != Some(Asked::Void) {
                    invoice.void_reason = Some(reason.clone());
                }
                crate::settle::claim(tx, invoice, Asked::Void, now)
            };
            self.db().write(allow).await?
        };
        self.ask_to_void(claimed).await
    }

    pub(crate) async fn ask_to_void(&self, claimed: Claimed) -> Result<Invoice> {
        let Claimed { invoice, resumed } = claimed;
        let answer = match self.provider_of(&invoice).await? {
            Some(provider) => void_once(&*provider, &invoice, resumed, self.now()).await?,
            None => Answer::not_configured(resumed),
        };
        let attempt = invoice.attempts;
        let (invoice, failure) = self
            .settle(
                invoice.invoice_id,
                Operation::Void,
                answer,
                move |_, invoice, answer, moment| {
                    let (failure, change) = settle(invoice, answer, attempt, moment);
                    Ok(((invoice.clone(), failure), change))
                },
            )
            .await?;
        match failure {
            // It was not us who did it.
            Some(failure) if failure.reason == Reason::VoidedElsewhere && !resumed => {
                Err(Error::WrongStatus(WrongStatus::Is(Status::Void)))
            }
            Some(failure) if invoice.status != Status::Void => Err(failure.into()),
            _ => Ok(invoice),
        }
    }

    /// Gives up a draft, or one that was certainly not issued: it becomes `void` without a number, and its sale may be invoiced
    /// anew.
    pub async fn discard(&self, owner: &Owner, id: InvoiceId) -> Result<Invoice> {
        let (owner, now) = (owner.clone(), self.now());
        self.db()
            .write(move |tx| {
                let mut invoice = Invoice::lock(tx, &owner, id)?;
                match (invoice.status, invoice.asked) {
                    (Status::Draft | Status::IssueFailed, None) => {}
                    (Status::Draft | Status::IssueFailed, Some(_)) => {
                        return Err(Error::WrongStatus(WrongStatus::Open));
                    }
                    (status, _) => return Err(Error::WrongStatus(WrongStatus::Is(status))),
                }
                turn(&mut invoice, Status::Void, now);
                invoice.save(tx)?;
                Ok(invoice)
            })
            .await
    }
}

/// Looks first, if it was asked before.
async fn void_once(
    provider: &dyn Provider,
    invoice: &Invoice,
    resumed: bool,
    now: Timestamp,
) -> Result<Answer<()>> {
    let issued = invoice.issued()?;
    if resumed {
        match provider.query(&invoice.wanted(), now).await {
            Outcome::Done(Some(found)) if found.voided => return Ok(Answer::Done(())),
            Outcome::Done(Some(_)) => {}
            Outcome::Done(None) => {
                let failure = Failure::because(Reason::Mismatch, "the provider does not find it");
                return Ok(Answer::Undecided(failure));
            }
            Outcome::Refused(refusal) => {
                return Ok(Answer::Undecided(Failure::refused(&refusal)));
            }
            Outcome::Undecided(undecided) => {
                return Ok(Answer::Undecided(Failure::undecided(&undecided)));
            }
        }
    }
    let reason = invoice.void_reason.as_deref().unwrap_or_default();
    Ok(provider.void(&issued, reason, now).await.into())
}

fn settle(
    invoice: &mut Invoice,
    answer: &Answer<()>,
    attempt: i64,
    moment: Moment,
) -> (Option<Failure>, Option<Change>) {
    let failure = match answer {
        Answer::Done(()) => None,
        Answer::Refused(failure) | Answer::Undecided(failure) => Some(failure.clone()),
    };
    let voided = failure
        .as_ref()
        .is_none_or(|failure| failure.reason == Reason::VoidedElsewhere);
    if voided && invoice.status == Status::Issued {
        release(invoice);
        invoice.failure = None;
        turn(invoice, Status::Void, moment.now);
        return (failure, Some(Change::Voided));
    }
    // What another has taken over is the other's.
    if invoice.attempts != attempt || invoice.asked != Some(Asked::Void) {
        return (failure, None);
    }
    invoice.failure = failure.as_ref().map(|failure| failure.detail.clone());
    if matches!(answer, Answer::Undecided(_)) {
        postpone(invoice, look_again(invoice, moment));
    } else {
        release(invoice);
        invoice.void_reason = None;
    }
    (failure, None)
}
