use catalogue::{Coded as _, PlatformError};
use httpkit::{Refusal, Transport};
use kernel::Locale;
use ledger::LedgerError;
use std::time::Duration;
use store::StoreError;

/// Why a use case did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// For a documented reason.
    Refused(PlatformError),
    /// Because it was asked for too often.
    TooMany {
        /// When to ask again.
        retry_after: Duration,
    },
    /// For a reason that no client can help: answered as `un_handle_exception`, logged with its cause.
    Failed(String),
}

impl std::fmt::Display for Error {
    /// For the operator: the cause of a failure is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(code) => f.write_str(&code.message(Locale::En)),
            Self::TooMany { retry_after } => {
                write!(f, "too often: try again in {} s", retry_after.as_secs())
            }
            Self::Failed(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for Error {}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<PlatformError> for Error {
    fn from(error: PlatformError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<LedgerError> for Error {
    /// A debit that is not covered is the caller's to put in words: only it knows what was needed.
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(error) => error.into(),
            Error::TooMany { retry_after } => Transport::RateLimited { retry_after }.into(),
            Error::Failed(cause) => Self::internal(cause),
        }
    }
}
