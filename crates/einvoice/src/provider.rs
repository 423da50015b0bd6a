//! A provider: who transmits invoices to the tax authority.

use crate::capabilities::Capabilities;
use crate::invoice::{Allowance, Invoice};
use crate::outcome::{Attempt, Outcome, Refusal, Undecided};
use crate::rules::number::{InvoiceNumber, RandomCode};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// What a provider's method returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'a>>;

/// Who transmits invoices. Nothing is retried and nothing is logged here; what [`Capabilities`] exclude is refused
/// without a call.
pub trait Provider: Send + Sync + 'static {
    /// What it offers.
    fn capabilities(&self) -> &'static Capabilities;

    /// Issues an invoice. A first attempt calls this, every further one [`issue_once`].
    fn issue<'a>(&'a self, invoice: &'a Invoice, now: Timestamp) -> Answer<'a, Issued>;

    /// Looks for an invoice by the merchant's reference; `None` when there is none. Shortly after a call whose
    /// answer was lost, that can still change.
    fn query<'a>(&'a self, wanted: &'a Wanted, now: Timestamp) -> Answer<'a, Option<Found>>;

    /// Voids an invoice. After a call whose answer was lost, a refusal because of
    /// [`AlreadyVoided`](crate::codes::Cause::AlreadyVoided) means that it worked.
    fn void<'a>(&'a self, invoice: &'a Issued, reason: &'a str, now: Timestamp) -> Answer<'a, ()>;

    /// Gives money back on an invoice.
    fn allowance<'a>(&'a self, allowance: &'a Allowance, now: Timestamp) -> Answer<'a, Allowed>;

    /// Takes that back.
    fn void_allowance<'a>(
        &'a self,
        allowed: &'a Allowed,
        reason: &'a str,
        now: Timestamp,
    ) -> Answer<'a, ()>;

    /// An address at which the invoice can be printed, for a while.
    fn print_url<'a>(&'a self, invoice: &'a Issued, now: Timestamp) -> Answer<'a, PrintUrl>;
}

/// What a driver does, without the boxes: what it leaves out, its provider does not offer.
pub(crate) trait Driver: Send + Sync + 'static {
    const CAPABILITIES: &'static Capabilities;

    fn issue(&self, _: &Invoice, _: Timestamp) -> impl Future<Output = Attempt<Issued>> + Send {
        not_offered(Operation::Issue)
    }

    fn query(
        &self,
        _: &Wanted,
        _: Timestamp,
    ) -> impl Future<Output = Attempt<Option<Found>>> + Send {
        not_offered(Operation::Query)
    }

    fn void(&self, _: &Issued, _: &str, _: Timestamp) -> impl Future<Output = Attempt<()>> + Send {
        not_offered(Operation::Void)
    }

    fn allowance(
        &self,
        _: &Allowance,
        _: Timestamp,
    ) -> impl Future<Output = Attempt<Allowed>> + Send {
        not_offered(Operation::Allowance)
    }

    fn void_allowance(
        &self,
        _: &Allowed,
        _: &str,
        _: Timestamp,
    ) -> impl Future<Output = Attempt<()>> + Send {
        not_offered(Operation::VoidAllowance)
    }

    fn print_url(
        &self,
        _: &Issued,
        _: Timestamp,
    ) -> impl Future<Output = Attempt<PrintUrl>> + Send {
        not_offered(Operation::PrintUrl)
    }
}

fn not_offered<T: Send>(operation: Operation) -> impl Future<Output = Attempt<T>> + Send {
    std::future::ready(Err(Refusal::NotOffered(operation).into()))
}

impl<D: Driver> Provider for D {
    fn capabilities(&self) -> &'static Capabilities {
        D::CAPABILITIES
    }

    fn issue<'a>(&'a self, invoice: &'a Invoice, now: Timestamp) -> Answer<'a, Issued> {
        boxed(Driver::issue(self, invoice, now))
    }

    fn query<'a>(&'a self, wanted: &'a Wanted, now: Timestamp) -> Answer<'a, Option<Found>> {
        boxed(Driver::query(self, wanted, now))
    }

    fn void<'a>(&'a self, invoice: &'a Issued, reason: &'a str, now: Timestamp) -> Answer<'a, ()> {
        boxed(Driver::void(self, invoice, reason, now))
    }

    fn allowance<'a>(&'a self, allowance: &'a Allowance, now: Timestamp) -> Answer<'a, Allowed> {
        boxed(Driver::allowance(self, allowance, now))
    }

    fn void_allowance<'a>(
        &'a self,
        allowed: &'a Allowed,
        reason: &'a str,
        now: Timestamp,
    ) -> Answer<'a, ()> {
        boxed(Driver::void_allowance(self, allowed, reason, now))
    }

    fn print_url<'a>(&'a self, invoice: &'a Issued, now: Timestamp) -> Answer<'a, PrintUrl> {
        boxed(Driver::print_url(self, invoice, now))
    }
}

fn boxed<'a, T>(attempt: impl Future<Output = Attempt<T>> + Send + 'a) -> Answer<'a, T> {
    Box::pin(async move { Outcome::from(attempt.await) })
}

/// The providers there are drivers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderId {
    /// ECPay (綠界).
    Ecpay,
    /// ezPay (簡單付).
    Ezpay,
    /// Amego (光貿).
    Amego,
    /// What PAYUNi (統一金流) issues with its payments.
    Payuni,
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ecpay => "ECPay",
            Self::Ezpay => "ezPay",
            Self::Amego => "Amego",
            Self::Payuni => "PAYUNi",
        })
    }
}

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`Provider::issue`].
    Issue,
    /// [`Provider::query`].
    Query,
    /// [`Provider::void`].
    Void,
    /// [`Provider::allowance`].
    Allowance,
    /// [`Provider::void_allowance`].
    VoidAllowance,
    /// [`Provider::print_url`].
    PrintUrl,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issue => "issuing",
            Self::Query => "looking for an invoice",
            Self::Void => "voiding",
            Self::Allowance => "allowances",
            Self::VoidAllowance => "voiding allowances",
            Self::PrintUrl => "an address for printing",
        })
    }
}

/// An invoice that has been issued. What later calls need to name it; keep all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The merchant's own reference.
    pub reference: String,
    /// The invoice's number.
    pub number: InvoiceNumber,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Its random code.
    pub random: RandomCode,
    /// Its total in whole TWD.
    pub total: i64,
    /// What to print on a paper proof, where the provider has told.
    pub printed: Option<Printed>,
}

/// What is printed on a paper proof for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// The text of the barcode: 19 characters in Code 39.
    pub barcode: String,
    /// The text of the left QR code.
    pub left: String,
    /// The text of the right QR code.
    pub right: String,
}

/// Which invoice to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The merchant's own reference.
    pub reference: String,
    /// Its total in whole TWD, without which some providers do not look.
    pub total: i64,
}

impl Wanted {
    /// The invoice that `invoice` becomes.
    pub fn of(invoice: &Invoice) -> Self {
        Self {
            reference: invoice.reference.clone(),
            total: invoice.amounts.total,
        }
    }
}

/// An invoice that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The invoice.
    pub issued: Issued,
    /// Whether it has been voided.
    pub voided: bool,
    /// What has been given back on it in whole TWD, where the provider tells.
    pub credited: Option<i64>,
}

/// An allowance that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Its number: the provider's, or the merchant's where
    /// [`own_allowance_numbers`](Capabilities::own_allowance_numbers) says so.
    pub number: String,
    /// The invoice it belongs to.
    pub invoice: InvoiceNumber,
    /// What was given back in whole TWD.
    pub total: i64,
    /// What is left of the invoice in whole TWD, where the provider tells.
    pub remaining: Option<i64>,
}

/// Where an invoice can be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintUrl {
    /// The address, for a browser. Whoever has it sees the invoice.
    pub url: String,
    /// How long it can be opened from now.
    pub lasts: Duration,
}

/// Issues an invoice of which nobody knows whether it has been issued: after an attempt whose answer was lost.
///
/// Asks for it first, and issues it only if the provider does not have it. What is found is the result, as if it had
/// been issued now; if it has been voided since, that is a refusal, and if it has another total, a
/// [`Mismatch`](Undecided::Mismatch) that somebody must look into. A refused look decides nothing. Where the provider cannot be
/// asked, it is issued straight away.
///
/// ```
/// use einvoice::invoice::Invoice;
/// use einvoice::outcome::{Outcome, Undecided};
/// use einvoice::provider::{Provider, issue_once};
/// use kernel::Timestamp;
///
/// # async fn example(provider: &dyn Provider, invoice: &Invoice, now: Timestamp) {
/// let outcome = match provider.issue(invoice, now).await {
///     // Later, when somebody looks at it again:
///     Outcome::Undecided(_) => issue_once(provider, invoice, now).await,
///     decided => decided,
/// };
/// match outcome {
///     Outcome::Done(issued) => println!("{} {}", issued.number, issued.random),
///     Outcome::Refused(refusal) => println!("not issued: {refusal}"),
///     Outcome::Undecided(reason) => println!("ask again later: {reason}"),
/// }
/// # }
/// ```
pub async fn issue_once(
    provider: &dyn Provider,
    invoice: &Invoice,
    now: Timestamp,
) -> Outcome<Issued> {
    let wanted = Wanted::of(invoice);
    match provider.query(&wanted, now).await {
        Outcome::Done(Some(found)) => return existing(found, &wanted),
        Outcome::Done(None) | Outcome::Refused(Refusal::NotOffered(_)) => {}
        // Who may not look does not know: it may be there all the same.
        Outcome::Refused(Refusal::Denied(denial)) => {
            return Outcome::Undecided(Undecided::Code(denial));
        }
        Outcome::Refused(refusal) => return Outcome::Refused(refusal),
        Outcome::Undecided(undecided) => return Outcome::Undecided(undecided),
    }
    match provider.issue(invoice, now).await {
        // Somebody else was faster.
        Outcome::Undecided(Undecided::Repeated) => match provider.query(&wanted, now).await {
            Outcome::Done(Some(found)) => existing(found, &wanted),
            _ => Outcome::Undecided(Undecided::Repeated),
        },
        outcome => outcome,
    }
}

fn existing(found: Found, wanted: &Wanted) -> Outcome<Issued> {
    if found.issued.total != wanted.total {
        Outcome::Undecided(Undecided::Mismatch)
    } else if found.voided {
        Outcome::Refused(Refusal::Voided(Box::new(found.issued)))
    } else {
        Outcome::Done(found.issued)
    }
}
