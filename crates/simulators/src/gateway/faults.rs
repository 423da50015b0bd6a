//! What can be made to go wrong: for everybody with a [`GatewayFault`], for one charge with a test card.

use std::time::Duration;

/// A fault of the whole gateway, until it is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayFault {
    /// HTTP 503 to everything; nothing is done.
    Down,
    /// A page of HTML to every API call; nothing is done.
    Html,
    /// API calls are carried out, and answered with a hash that does not fit.
    BadHash,
    /// Charges that would be paid are undecided at first.
    Unknown {
        /// Whether they turn out to be paid.
        then_paid: bool,
    },
    /// API calls are carried out, and answered this much later.
    SlowAnswer(Duration),
    /// API calls are carried out, and the connection breaks instead of an answer.
    LostAnswer,
}

/// What a test card does to the answer about its charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    Slow,
    Html,
    BadHash,
    NotifyTwice,
    NotifyFirst,
}
