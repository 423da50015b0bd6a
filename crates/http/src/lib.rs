//! The HTTP kit: what every face needs around its operations, and nothing of any one face.
//!
//! - Operations return [`Refusal`]s. The [`face`](face::layer) layer renders them in the dialect of the
//!   face and the language of the request, logs and counts every request, and turns panics, time-outs, unknown routes and
//!   methods into refusals of the same dialect.
//! - [`body`] reads bodies within a limit; [`idempotency`] replays answers.
//! - [`download`] serves files of strangers.
//! - [`schema`] writes the schemas of OpenAPI documents, [`openapi`] the rest that all of them have.
//! - [`server`] serves a router with limits on headers and time, and stops gracefully.

pub mod body;
pub mod download;
pub mod face;
pub mod health;
pub mod idempotency;
pub mod openapi;
pub mod outgoing;
pub mod reply;
pub mod schema;
pub mod server;

pub use face::{Dialect, Face, RequestContext};
pub use reply::{Refusal, Reply, Transport};
