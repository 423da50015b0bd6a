//! The vocabulary every other crate shares: ids, credits, time, randomness, locales and secrets.
//!
//! Nothing here does I/O. Time and randomness are values that callers hand in ([`Clock`], [`Rng`]),
//! so that every use case can be replayed.

mod clock;
mod credits;
mod id;
mod locale;
mod random;
mod secret;
mod time;

pub use clock::{Clock, ManualClock, SystemClock};
pub use credits::{Credits, Overflow};
pub use id::Id;
pub use locale::Locale;
pub use random::Rng;
pub use secret::Secret;
pub use time::{Day, ParseTimestampError, Timestamp};
