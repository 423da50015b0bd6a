//! What it means to send something, whatever it is.

use kernel::Timestamp;
use std::pin::Pin;

/// What a driver returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;

/// What marks a message: the same at every attempt to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its id, of letters, digits and hyphens.
    pub id: String,
    /// When it was written.
    pub written_at: Timestamp,
}

/// Why a message was not sent. The texts are ours and repeat nothing of the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It will not be taken however often it is tried.
    #[error("refused: {0}")]
    Refused(String),
    /// It was not taken now, or nobody knows whether it was.
    #[error("not sent: {0}")]
    NotNow(String),
}
