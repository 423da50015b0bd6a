//! Text messages to mobile phones, and who takes them.

use crate::{Sending, Stamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Hands text messages over to whoever delivers them.
pub trait Texter: Send + Sync + 'static {
    /// Hands over one text message.
    fn send_text<'a>(&'a self, text: &'a Text, stamp: &'a Stamp) -> Sending<'a>;
}

/// A text message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    to: String,
    body: String,
}

/// The text is not a phone number in the form of E.164.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number such as +886912345678")]
pub struct InvalidNumber;

impl Text {
    /// A message to a number in the form of E.164: a plus sign and up to 15 digits.
    pub fn new(to: &str, body: &str) -> Result<Self, InvalidNumber> {
        let digits = to.strip_prefix('+').ok_or(InvalidNumber)?;
        let right = (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !right {
            return Err(InvalidNumber);
        }
        Ok(Self {
            to: to.to_owned(),
            body: body.to_owned(),
        })
    }

    /// The number.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// What it says.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// Says nothing: it may hold a code.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text")
    }
}
