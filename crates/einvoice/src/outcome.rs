//! What became of a call. Silence, a time-out or an answer that cannot be read decides nothing, and is never
//! taken for a failure.

use crate::codes::{Cause, Code};
use crate::invoice::Violation;
use crate::provider::{Issued, Operation};
use std::fmt;

/// What became of a call.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It was done.
    Done(T),
    /// It certainly was not done.
    Refused(Refusal),
    /// Nobody knows yet. Before an invoice is issued again, ask whether it has been:
    /// [`issue_once`](crate::provider::issue_once).
    Undecided(Undecided),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This is wrong with it; the provider was not asked.
    #[error("{}", Listed(.0))]
    Invalid(Vec<Violation>),
    /// The provider has no such operation; it was not asked.
    #[error("the provider does not offer: {0}")]
    NotOffered(Operation),
    /// The reference is that of an invoice which has been voided: another invoice needs another reference.
    #[error("the reference is that of the voided invoice {}", .0.number)]
    Voided(Box<Issued>),
    /// The provider has refused it.
    #[error("{0}")]
    Denied(Denial),
}

/// A provider's refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Denial {
    /// Its code.
    pub code: Code,
    /// What that comes to, in terms common to all providers.
    pub cause: Cause,
    /// Its words, in Chinese, for the operator.
    pub message: String,
}

/// Why an answer, or the lack of one, decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// No answer, for this reason.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// An answer with an HTTP status other than 2xx.
    #[error("answered with HTTP status {0}")]
    Http(u16),
    /// The answer is longer than any the provider gives.
    #[error("the answer is too long")]
    TooLong,
    /// The answer is not a JSON object.
    #[error("the answer is not a JSON object")]
    NotJson,
    /// The answer was not encrypted, or signed, with our key.
    #[error("the answer is not encrypted or signed with our key")]
    Unsealed,
    /// The answer lacks what it must have, or contradicts itself.
    #[error("the answer is incomplete or contradicts itself")]
    Incomplete,
    /// The answer is about something else than what was asked.
    #[error("the answer is about another invoice or amount")]
    Mismatch,
    /// An invoice with this reference exists: a query tells which.
    #[error("an invoice with this reference exists")]
    Repeated,
    /// A code that does not exclude that something was done.
    #[error("answered {0}")]
    Code(Denial),
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Refused(Refusal),
    Undecided(Undecided),
}

impl Stop {
    /// Whether the provider knows of nothing like what was asked for.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Refused(Refusal::Denied(denial)) if denial.cause == Cause::NotFound)
    }
}

/// What drivers work with inside.
pub(crate) type Attempt<T> = Result<T, Stop>;

impl<T> Outcome<T> {
    /// The result, if there is one.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Refused(_) | Self::Undecided(_) => None,
        }
    }

    /// Why the provider has refused, if it has.
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Refused(Refusal::Denied(denial)) => Some(denial.cause),
            _ => None,
        }
    }
}

impl<T> From<Attempt<T>> for Outcome<T> {
    fn from(attempt: Attempt<T>) -> Self {
        match attempt {
            Ok(value) => Self::Done(value),
            Err(Stop::Refused(refusal)) => Self::Refused(refusal),
            Err(Stop::Undecided(undecided)) => Self::Undecided(undecided),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Undecided> for Stop {
    fn from(undecided: Undecided) -> Self {
        Self::Undecided(undecided)
    }
}

impl From<Vec<Violation>> for Stop {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Refused(Refusal::Invalid(violations))
    }
}

impl From<Denial> for Stop {
    /// A refusal where the code excludes that anything was done.
    fn from(denial: Denial) -> Self {
        match denial.cause {
            Cause::DuplicateReference => Self::Undecided(Undecided::Repeated),
            Cause::Unavailable => Self::Undecided(Undecided::Code(denial)),
            _ => Self::Refused(Refusal::Denied(denial)),
        }
    }
}

struct Listed<'a>(&'a [Violation]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::{Field, Problem};
    use crate::provider::ProviderId;

    fn denial(cause: Cause) -> Denial {
        Denial {
            code: Code::new(ProviderId::Ezpay, "LIB10003"),
            cause,
            message: "自訂編號重覆".into(),
        }
    }

    #[test]
    fn only_a_code_that_excludes_it_is_a_refusal() {
        let outcome = |cause| Outcome::<()>::from(Err(denial(cause).into()));
        let refused = outcome(Cause::TooLate);
        assert_eq!(refused.cause(), Some(Cause::TooLate));
        assert_eq!(
            outcome(Cause::DuplicateReference),
            Outcome::Undecided(Undecided::Repeated)
        );
        assert!(matches!(
            outcome(Cause::Unavailable),
            Outcome::Undecided(Undecided::Code(_))
        ));
    }

    #[test]
    fn refusals_say_everything() {
        let violations = [
            (Field::Remark, Problem::Missing),
            (Field::Total, Problem::TooLarge),
        ];
        let violations = violations.map(|(field, problem)| Violation { field, problem });
        let refusal = Refusal::Invalid(violations.to_vec());
        assert_eq!(refusal.to_string(), "remark: missing; total: too large");
        assert_eq!(
            Refusal::Denied(denial(Cause::TooLate)).to_string(),
            "ezPay LIB10003 (the reference was used before): 自訂編號重覆"
        );
    }
}
