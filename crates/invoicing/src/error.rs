use crate::model::Status;
use einvoice::codes::Cause;
use einvoice::invoice::Violation;
use einvoice::outcome::{Denial, Refusal, Undecided};
use std::fmt;
use store::StoreError;

/// Why a use case did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The owner has no such invoice.
    #[error("no such invoice")]
    NotFound,
    /// This is wrong with what was sent.
    #[error("{}", listed(.0))]
    Invalid(Vec<Violation>),
    /// The provider does not offer it; it was not asked.
    #[error("the provider does not offer this {0}")]
    Unoffered(Unoffered),
    /// There can be no draft.
    #[error("{0}")]
    NotCreated(NotCreated),
    /// The invoice's status does not allow it.
    #[error("{0}")]
    WrongStatus(WrongStatus),
    /// The provider has refused, or has not answered.
    #[error("{0}")]
    Provider(Failure),
    /// The database could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that should not be.
    #[error("{0}")]
    Broken(String),
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a provider does not offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unoffered {
    /// This way to get an invoice.
    #[error("way to get an invoice")]
    Receive,
    /// This tax.
    #[error("tax")]
    Tax,
}

/// Why there can be no draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCreated {
    /// The sale has an invoice that counts, or may come to count.
    #[error("the sale has an invoice already")]
    AlreadyInvoiced,
    /// Nothing was paid.
    #[error("there is no amount to invoice")]
    NoAmount,
    /// The owner has no account with this provider.
    #[error("the provider is not configured")]
    NotConfigured,
}

/// Why an invoice's status does not allow something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongStatus {
    /// It is this.
    #[error("the invoice is {}", .0.name())]
    Is(Status),
    /// The provider is being asked for something, and has not answered yet.
    #[error("the provider is being asked at the moment")]
    UnderWay,
    /// The provider was asked for something else, and it is not known yet whether that was done.
    #[error("it is not known yet whether the last step was done")]
    Open,
}

/// A provider has refused, or has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In terms common to all providers.
    pub reason: Reason,
    /// For the operator: the provider's code and words.
    pub detail: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// Why a provider does not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The numbers of this period, or the provider's quota, are used up.
    NumbersUsedUp,
    /// The tax authority does not know the mobile barcode or love code.
    UnknownCarrier,
    /// The provider does not accept the seller's account or keys.
    Account,
    /// It has no such invoice.
    NotFound,
    /// The invoice has an allowance.
    HasAllowance,
    /// It is too late.
    TooLate,
    /// It is too early.
    TooEarly,
    /// More is given back than there is.
    TooMuch,
    /// There is no paper of it, or no address where that could be printed.
    NotPrintable,
    /// A field or an amount is wrong.
    Refused,
    /// There is no such operation at this provider.
    NotOffered,
    /// The owner has no account with this provider any more.
    NotConfigured,
    /// It has been voided by somebody else.
    VoidedElsewhere,
    /// There was no answer that says whether it was done.
    NoAnswer,
    /// The answer contradicts what is stored.
    Mismatch,
}

impl Reason {
    /// Whether asking again later may help although nothing is changed in what is asked.
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            Self::NumbersUsedUp
                | Self::Account
                | Self::TooEarly
                | Self::NotConfigured
                | Self::NoAnswer
        )
    }

    const fn of_cause(cause: Cause) -> Self {
        match cause {
            Cause::NumbersUsedUp => Self::NumbersUsedUp,
            Cause::UnknownCarrier => Self::UnknownCarrier,
            Cause::Credentials | Cause::Account => Self::Account,
            Cause::NotFound => Self::NotFound,
            Cause::AlreadyVoided => Self::VoidedElsewhere,
            Cause::HasAllowance => Self::HasAllowance,
            Cause::TooLate => Self::TooLate,
            Cause::TooEarly => Self::TooEarly,
            Cause::TooMuch => Self::TooMuch,
            Cause::NotPrintable => Self::NotPrintable,
            Cause::DuplicateReference | Cause::Unavailable => Self::NoAnswer,
            Cause::Invalid | Cause::Other => Self::Refused,
        }
    }
}

impl Failure {
    /// A provider's refusal.
    pub fn refused(refusal: &Refusal) -> Self {
        let reason = match refusal {
            Refusal::Invalid(_) => Reason::Refused,
            Refusal::NotOffered(_) => Reason::NotOffered,
            Refusal::Voided(_) => Reason::VoidedElsewhere,
            Refusal::Denied(Denial { cause, .. }) => Reason::of_cause(*cause),
        };
        Self {
            reason,
            detail: refusal.to_string(),
        }
    }

    /// An answer, or the lack of one, that decides nothing.
    pub fn undecided(undecided: &Undecided) -> Self {
        let reason = match undecided {
            Undecided::Mismatch => Reason::Mismatch,
            _ => Reason::NoAnswer,
        };
        Self {
            reason,
            detail: undecided.to_string(),
        }
    }

    /// The owner has no account with the provider.
    pub fn not_configured() -> Self {
        Self::because(
            Reason::NotConfigured,
            "this process has no account with the provider: set [einvoice] in tallystick.toml; the simulated ones of a sandbox are in its server only",
        )
    }

    pub(crate) fn because(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Provider(failure)
    }
}

fn listed(violations: &[Violation]) -> String {
    let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
