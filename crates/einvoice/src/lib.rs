//! Taiwan e-invoices (電子發票): the rules for all of them, and drivers for those who transmit them.
//!
//! No database and no clock: a caller brings the time, the HTTP client and the references.
//!
//! - [`invoice`]: a [`Draft`](invoice::Draft) is checked into an [`Invoice`](invoice::Invoice), or everything that is
//!   wrong with it is told at once.
//! - [`capabilities`]: what one provider does not offer, decided before anything is sent.
//! - [`provider`]: the calls, and [`issue_once`](provider::issue_once) for repeating one whose answer was lost.
//! - [`outcome`]: done, refused, or undecided. Silence is never taken for a failure.
//! - [`ecpay`], [`ezpay`], [`amego`], [`payuni`]: the drivers.
//! - [`rules`]: business numbers, carriers, tax, amounts, numbers, periods, and the codes on a paper proof.
//!
//! ```
//! use einvoice::invoice::{Draft, DraftLine, DraftReceive};
//! use einvoice::outcome::Outcome;
//! use einvoice::provider::Provider;
//! use kernel::Timestamp;
//!
//! async fn invoice_for_a_month(provider: &dyn Provider, now: Timestamp) -> Result<String, String> {
//!     let mut draft = Draft::new("PB20260115001");
//!     draft.buyer.name = Some("王大品".into());
//!     draft.receive = DraftReceive::MobileBarcode("/ABC1234".into());
//!     draft.lines.push(DraftLine::new("月租方案", 1, 299));
//!     let invoice = draft.check().map_err(|wrong| format!("{wrong:?}"))?;
//!     match provider.issue(&invoice, now).await {
//!         Outcome::Done(issued) => Ok(issued.number.to_string()),
//!         Outcome::Refused(refusal) => Err(format!("not issued: {refusal}")),
//!         Outcome::Undecided(reason) => Err(format!("ask again with issue_once: {reason}")),
//!     }
//! }
//! ```

pub mod amego;
pub mod capabilities;
mod cipher;
pub mod codes;
pub mod ecpay;
pub mod ezpay;
pub mod invoice;
pub mod outcome;
pub mod payuni;
pub mod provider;
pub mod rules;
mod transport;
