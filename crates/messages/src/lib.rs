//! Mail and text messages to people: over SMTP and HTTP, or into an outbox folder.
//!
//! A message is enqueued in the transaction that makes it necessary ([`enqueue_mail`], [`enqueue_text`]) and sent by a job, which
//! tries again until it is sent, refused for good, or of no use any more. It may arrive twice, when the answer to the first
//! attempt was lost; both have the same id. What a message says may be a secret: it is in the job's row until that is
//! deleted, and in no log.

mod gateway;
mod mail;
mod outbox;
mod queue;
mod send;
mod smtp;
#[cfg(test)]
mod tests;
mod text;

pub use gateway::{Fields, HttpTexter, HttpTexterConfig};
pub use lettre::message::Mailbox;
pub use mail::{InvalidAddress, Mail, Mailer};
pub use outbox::Outbox;
pub use queue::{LONGEST_USE, Messages, SEND, enqueue_mail, enqueue_text};
pub use send::{SendError, Sending, Stamp};
pub use smtp::{Smtp, SmtpConfig, Tls};
pub use text::{InvalidNumber, Text, Texter};
