use httpkit::outgoing::UrlRefusal;
use std::fmt;
use store::StoreError;

/// Why a use case did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The owner has no such endpoint, event or delivery.
    NotFound,
    /// The endpoint is disabled.
    Disabled,
    /// The URL may not be called.
    Url(UrlRefusal),
    /// The owner has as many endpoints as it may have.
    TooManyEndpoints,
    /// The database failed.
    Store(StoreError),
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such endpoint, event or delivery"),
            Self::Disabled => f.write_str("the endpoint is disabled"),
            Self::Url(refusal) => refusal.fmt(f),
            Self::TooManyEndpoints => f.write_str("there are too many endpoints"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<UrlRefusal> for Error {
    fn from(refusal: UrlRefusal) -> Self {
        Self::Url(refusal)
    }
}
