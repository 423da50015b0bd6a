//! What can be made to go wrong, until it is taken away.

use std::time::Duration;

/// A fault of all providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EinvoiceFault {
    /// HTTP 503 to everything; nothing is done.
    Down,
    /// HTTP 200 with a page of HTML to everything; nothing is done.
    Html,
    /// Everything is done, and answered this much later.
    Silence(Duration),
    /// Everything is done, and the connection breaks instead of an answer.
    LostAnswer,
    /// Everything is done, and answered as if with another merchant's keys. Amego, which signs nothing, leaves out
    /// what was asked for.
    Unsealed,
    /// Everything is refused with this code of the provider; nothing is done.
    Refuse(String),
}
