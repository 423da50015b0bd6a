use catalogue::openapi_v2::{Issue, Problem, Resource, UpstreamFault};
use catalogue::{Coded as _, OpenapiV2Error};
use httpkit::Refusal;
use kernel::Locale;
use store::StoreError;

/// Why a use case did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// For a documented reason.
    Refused(OpenapiV2Error),
    /// For a reason that no client can help: answered as 100300, logged with its cause.
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

impl Error {
    /// One parameter is wrong.
    pub fn at(path: impl Into<std::borrow::Cow<'static, str>>, problem: Problem) -> Self {
        vec![Issue::at(path, problem)].into()
    }
}

impl From<OpenapiV2Error> for Error {
    fn from(error: OpenapiV2Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Vec<Issue>> for Error {
    fn from(issues: Vec<Issue>) -> Self {
        Self::Refused(OpenapiV2Error::InvalidRequestParameters { issues })
    }
}

impl From<Resource> for Error {
    fn from(what: Resource) -> Self {
        Self::Refused(OpenapiV2Error::NotFound { what })
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique(what) => Self::Raced(what),
            StoreError::TimedOut => Self::Refused(OpenapiV2Error::BadGateway {
                fault: UpstreamFault::TimedOut,
            }),
            other => Self::Failed(other.to_string()),
        }
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
