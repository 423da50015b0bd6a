use std::fmt;

/// Why the database could not do what it was asked. For logs and for branching, never for clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint refused a row.
    #[error("unique constraint refused a row: {0}")]
    Unique(String),
    /// Another constraint refused a row.
    #[error("constraint refused a row: {0}")]
    Constraint(String),
    /// The database cannot be reached, or lost the connection.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A read took longer than its limit.
    #[error("the read exceeded its time limit")]
    TimedOut,
    /// A stored value cannot be what it should be.
    #[error("a stored value is damaged: {0}")]
    Corrupt(String),
    /// Transactions got in each other's way more often than they are retried.
    #[error("transactions kept conflicting: {0}")]
    Contention(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// A damaged value.
    pub fn corrupt(what: impl fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }

    /// Whether a unique constraint was the reason.
    pub const fn is_unique(&self) -> bool {
        matches!(self, Self::Unique(_))
    }

    /// Whether running the transaction again may help.
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contention(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        let Some(failure) = error.sqlite_error() else {
            return Self::Failed(text);
        };
        match failure.code {
            Code::ConstraintViolation if is_unique_violation(failure.extended_code) => {
                Self::Unique(text)
            }
            Code::ConstraintViolation => Self::Constraint(text),
            Code::OperationInterrupted => Self::TimedOut,
            Code::DatabaseCorrupt | Code::NotADatabase => Self::Corrupt(text),
            Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::DiskFull
            | Code::SystemIoFailure
            | Code::CannotOpen
            | Code::ReadOnly => Self::Unavailable(text),
            _ => Self::Failed(text),
        }
    }
}

const fn is_unique_violation(extended_code: std::ffi::c_int) -> bool {
    matches!(
        extended_code,
        rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
    )
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            // Without an answer from the server it is the connection that failed; a value that cannot
            // be read is a fault of ours or of the data.
            let text = source_chain(&error);
            return if error.is_closed()
                || text.contains("connecting")
                || text.contains("communicating")
            {
                Self::Unavailable(text)
            } else {
                Self::Failed(text)
            };
        };
        let text = db.constraint().map_or_else(
            || format!("{} ({})", db.message(), db.code().code()),
            |name| format!("{} ({name})", db.message()),
        );
        match db.code() {
            &SqlState::UNIQUE_VIOLATION => Self::Unique(text),
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Contention(text)
            }
            &SqlState::QUERY_CANCELED => Self::TimedOut,
            code if code.code().starts_with("23") => Self::Constraint(text),
            // Connection exceptions, insufficient resources, operator intervention, system errors.
            code if ["08", "53", "57", "58"]
                .iter()
                .any(|class| code.code().starts_with(class)) =>
            {
                Self::Unavailable(text)
            }
            _ => Self::Failed(text),
        }
    }
}

fn source_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
