use catalogue::recur::{BadRequest, Conflict, Resource, StateRefusal};
use catalogue::{Coded as _, RecurError};
use httpkit::Refusal;
use kernel::Locale;
use ledger::LedgerError;
use store::StoreError;

/// Why a use case did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// For a documented reason.
    Refused(RecurError),
    /// For a reason that no client can help: answered as `internal_server_error`, logged with its cause.
    Failed(String),
    /// Somebody else stored first what was to be stored: run again, it finds that. Answered as a failure otherwise.
    Raced(String),
}

impl std::fmt::Display for Error {
    /// For the operator: the cause of a failure is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(code) => f.write_str(&code.message(Locale::En)),
            Self::Failed(cause) | Self::Raced(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for Error {}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<RecurError> for Error {
    fn from(error: RecurError) -> Self {
        Self::Refused(error)
    }
}

impl From<BadRequest> for Error {
    fn from(reason: BadRequest) -> Self {
        Self::Refused(RecurError::BadRequest { reason })
    }
}

impl From<StateRefusal> for Error {
    fn from(refusal: StateRefusal) -> Self {
        BadRequest::State(refusal).into()
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Refused(RecurError::Conflict { conflict })
    }
}

impl From<Resource> for Error {
    fn from(what: Resource) -> Self {
        Self::Refused(RecurError::NotFound { what })
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique(what) => Self::Raced(what),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NotEnough { .. } => StateRefusal::InsufficientCredits.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<crate::model::period::OutOfRange> for Error {
    fn from(_: crate::model::period::OutOfRange) -> Self {
        Self::Failed("a period ends beyond the calendar".into())
    }
}

impl From<crate::model::IllegalMove> for Error {
    fn from(refused: crate::model::IllegalMove) -> Self {
        Self::Failed(format!(
            "{:?} of a subscription that is {:?}",
            refused.trigger, refused.from
        ))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(error) => error.into(),
            Error::Failed(cause) | Error::Raced(cause) => Self::internal(cause),
        }
    }
}
