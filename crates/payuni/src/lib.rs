//! The PAYUNi card gateway: the envelope its messages travel in, what its answers mean, and a client.
//!
//! No database and no clock: a caller brings the time, the HTTP client and the trade numbers.

pub mod client;
pub mod codes;
pub mod envelope;
pub mod fields;
pub mod notify;
pub mod status;
pub mod trade;
