//! What the tax authority asks of every invoice, whoever transmits it. Pure: no I/O, no clock.

pub mod amount;
pub mod carrier;
pub mod number;
pub mod period;
pub mod proof;
pub mod tax;
mod text;
pub mod ubn;

pub use text::Malformed;
