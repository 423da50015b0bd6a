//! What every step has in common: who asks claims the invoice first, and whoever has an answer finds out under a lock
//! whether it still matters.

use crate::jobs::{self, JobIds};
use crate::model::{Asked, Change, Ended, InvoiceId, Operation, Owner, Status};
use crate::repo::{Attempt, Invoice};
use crate::{CLAIM, Error, Failure, Invoicing, Result, WrongStatus};
use einvoice::outcome::{Outcome, Refusal};
use einvoice::provider::Issued;
use kernel::Timestamp;
use store::record::Json;
use store::{StoreError, Tx, params};

/// What a provider said.
#[derive(Clone, Debug)]
pub(crate) enum Answer<T> {
    /// It was done.
    Done(T),
    /// It certainly was not done.
    Refused(Failure),
    /// Nobody knows.
    Undecided(Failure),
}

impl<T> From<Outcome<T>> for Answer<T> {
    fn from(outcome: Outcome<T>) -> Self {
        match outcome {
            Outcome::Done(value) => Self::Done(value),
            Outcome::Refused(refusal) => Self::Refused(Failure::refused(&refusal)),
            Outcome::Undecided(undecided) => Self::Undecided(Failure::undecided(&undecided)),
        }
    }
}

/// An invoice as the provider has it.
#[derive(Clone, Debug)]
pub(crate) struct Existing {
    pub issued: Issued,
    pub voided: bool,
}

impl Answer<Existing> {
    /// What came of issuing: an invoice that was voided meanwhile has been issued all the same.
    pub fn of_issue(outcome: Outcome<Issued>) -> Self {
        let existing = |issued, voided| Self::Done(Existing { issued, voided });
        match outcome {
            Outcome::Done(issued) => existing(issued, false),
            Outcome::Refused(Refusal::Voided(issued)) => existing(*issued, true),
            Outcome::Refused(refusal) => Self::Refused(Failure::refused(&refusal)),
            Outcome::Undecided(undecided) => Self::Undecided(Failure::undecided(&undecided)),
        }
    }
}

impl<T> Answer<T> {
    /// Nobody can be asked. What was asked for before may have been done all the same.
    pub fn not_configured(resumed: bool) -> Self {
        match resumed {
            true => Self::Undecided(Failure::not_configured()),
            false => Self::Refused(Failure::not_configured()),
        }
    }

    /// For the log.
    fn ended(&self) -> (Ended, Option<&str>) {
        match self {
            Self::Done(_) => (Ended::Done, None),
            Self::Refused(failure) => (Ended::Refused, Some(&failure.detail)),
            Self::Undecided(failure) => (Ended::Undecided, Some(&failure.detail)),
        }
    }
}

/// Who asks. The answer of one whose claim another has taken over decides only what cannot be taken back.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub invoice: Invoice,
    /// Whether it was asked for the same before, and there was no answer.
    pub resumed: bool,
}

/// Claims an invoice for asking its provider.
pub(crate) fn claim(
    tx: &mut Tx<'_>,
    mut invoice: Invoice,
    asked: Asked,
    now: Timestamp,
) -> Result<Claimed> {
    if invoice.claimed_until.is_some_and(|until| until > now) {
        return Err(Error::WrongStatus(WrongStatus::UnderWay));
    }
    if invoice.asked.is_some_and(|open| open != asked) {
        return Err(Error::WrongStatus(WrongStatus::Open));
    }
    let resumed = invoice.asked == Some(asked) && invoice.attempts > 0;
    if !resumed {
        invoice.checks = 0;
    }
    let until = now.plus(CLAIM);
    invoice.asked = Some(asked);
    invoice.attempts += 1;
    invoice.claimed_until = Some(until);
    invoice.check_at = Some(until);
    invoice.save(tx)?;
    Ok(Claimed { invoice, resumed })
}

/// Nothing is asked for any more.
pub(crate) fn release(invoice: &mut Invoice) {
    invoice.asked = None;
    invoice.checks = 0;
    invoice.claimed_until = None;
    invoice.check_at = None;
}

/// It stays asked for, and is looked at again.
pub(crate) fn postpone(invoice: &mut Invoice, until: Timestamp) {
    invoice.checks += 1;
    invoice.claimed_until = None;
    invoice.check_at = Some(until);
}

/// Its status is another one from now on.
pub(crate) fn turn(invoice: &mut Invoice, status: Status, now: Timestamp) {
    if invoice.status != status {
        invoice.status = status;
        invoice.updated_at = Some(now);
    }
    if status == Status::Void {
        invoice.voided_at.get_or_insert(now);
    }
}

/// Takes over what the provider has. What happened to the invoice by that, if anything.
pub(crate) fn adopt(
    invoice: &mut Invoice,
    existing: &Existing,
    now: Timestamp,
) -> Result<Option<Change>, Failure> {
    let number = existing.issued.number.as_str();
    let contradicts = |what: &str| Err(Failure::because(crate::Reason::Mismatch, what.to_owned()));
    if existing.issued.total != invoice.total {
        return contradicts("the provider has it with another total");
    }
    let before = invoice.status;
    match invoice.invoice_number.as_deref() {
        Some(known) if known != number => {
            return contradicts(&format!("the provider has it under the number {number}"));
        }
        Some(_) => {}
        // Given up here, and there all the same: somebody must look into it.
        None if before == Status::Void => {
            return contradicts(&format!(
                "given up, but the provider has issued it: {number}"
            ));
        }
        None => {
            invoice.invoice_number = Some(number.to_owned());
            invoice.random_code = Some(existing.issued.random.to_string());
            invoice.issued_at = Some(existing.issued.issued_at);
            invoice.printed = Json(existing.issued.printed.clone());
        }
    }
    if before == Status::Void && !existing.voided {
        return contradicts("voided here, but not at the provider");
    }
    let (after, change) = if existing.voided {
        (Status::Void, Change::Voided)
    } else {
        (Status::Issued, Change::Issued)
    };
    if before == after {
        return Ok(None);
    }
    release(invoice);
    invoice.failure = None;
    turn(invoice, after, now);
    Ok(Some(change))
}

impl Invoicing {
    /// Claims an owner's invoice, if `allowed` has nothing against it.
    pub(crate) async fn claim(
        &self,
        owner: &Owner,
        id: InvoiceId,
        asked: Asked,
        allowed: impl Fn(&Invoice) -> Result<()> + Send + 'static,
    ) -> Result<Claimed> {
        let (owner, now) = (owner.clone(), self.now());
        self.db()
            .write(move |tx| {
                let invoice = Invoice::lock(tx, &owner, id)?;
                allowed(&invoice)?;
                claim(tx, invoice, asked, now)
            })
            .await
    }

    /// Logs an answer, and takes it to the invoice as it is now, under a lock. Whatever `settle` returns happened to the
    /// invoice is told to its seller.
    pub(crate) async fn settle<T, R>(
        &self,
        id: InvoiceId,
        operation: Operation,
        answer: Answer<T>,
        settle: impl Fn(&mut Tx<'_>, &mut Invoice, &Answer<T>, Moment) -> Result<(R, Option<Change>)>
        + Send
        + 'static,
    ) -> Result<R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let moment = Moment {
            now: self.now(),
            spread: self.spread(),
        };
        let ids = JobIds::new(|| self.new_id(moment.now));
        let attempt_id = self.new_id(moment.now);
        self.db()
            .write(move |tx| {
                let found = Invoice::first(tx, Invoice::LOCK, params![id])?;
                let mut invoice = found.ok_or(Error::NotFound)?;
                let (outcome, detail) = answer.ended();
                let attempt = Attempt {
                    attempt_id,
                    invoice_id: id,
                    operation,
                    outcome,
                    detail: detail.map(str::to_owned),
                    at: moment.now,
                };
                attempt.append(tx)?;
                let (result, change) = settle(tx, &mut invoice, &answer, moment)?;
                invoice.save(tx)?;
                if let Some(change) = change {
                    jobs::tell(tx, &invoice, change, ids, moment.now)?;
                }
                Ok(result)
            })
            .await
    }

    /// Logs an answer that changes nothing.
    pub(crate) async fn log<T: Send + 'static>(
        &self,
        id: InvoiceId,
        operation: Operation,
        answer: &Answer<T>,
    ) -> Result<()> {
        let now = self.now();
        let (outcome, detail) = answer.ended();
        let attempt = Attempt {
            attempt_id: self.new_id(now),
            invoice_id: id,
            operation,
            outcome,
            detail: detail.map(str::to_owned),
            at: now,
        };
        let logged: Result<(), StoreError> = self.db().write(move |tx| attempt.insert(tx)).await;
        Ok(logged?)
    }
}

/// When an answer is settled, made before the transaction, which may run twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub now: Timestamp,
    /// Of 1000.
    pub spread: u32,
}
