//! Mails, and who takes them.

use crate::{SendError, Sending, Stamp};
use lettre::message::{
    Mailbox, Message,
    header::{ContentType, MIME_VERSION_1_0},
};
use lettre::{Address, message::MessageBuilder};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, SystemTime};

/// Hands mails over to whoever delivers them.
pub trait Mailer: Send + Sync + 'static {
    /// Hands over one mail.
    fn send_mail<'a>(&'a self, mail: &'a Mail, stamp: &'a Stamp) -> Sending<'a>;
}

/// A mail of plain text to one person. Nothing in it can become a header of its own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    to: String,
    name: Option<String>,
    subject: String,
    body: String,
}

/// The text is not the address of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a mailbox")]
pub struct InvalidAddress;

impl Mail {
    /// A mail to the address `to` of somebody who may have a name. Control characters in name and subject become spaces.
    pub fn new(
        to: &str,
        name: Option<&str>,
        subject: &str,
        body: &str,
    ) -> Result<Self, InvalidAddress> {
        let _: Address = to.parse().map_err(|_| InvalidAddress)?;
        Ok(Self {
            to: to.to_owned(),
            name: name.map(on_one_line).filter(|name| !name.is_empty()),
            subject: on_one_line(subject),
            body: body.to_owned(),
        })
    }

    /// As it is sent.
    pub(crate) fn message(&self, from: &Mailbox, stamp: &Stamp) -> Result<Message, SendError> {
        let refused = |why: &dyn fmt::Display| SendError::Refused(why.to_string());
        let to: Address = self.to.parse().map_err(|_| refused(&InvalidAddress))?;
        let micros = u64::try_from(stamp.written_at.micros()).unwrap_or(0);
        let date = SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
        let builder: MessageBuilder = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(self.name.clone(), to))
            .subject(&self.subject)
            .date(date)
            .message_id(Some(format!("<{}@{}>", stamp.id, from.email.domain())))
            // Without it, readers need not decode what follows.
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN);
        builder.body(self.body.clone()).map_err(|e| refused(&e))
    }
}

/// Says nothing: what is in a mail is its reader's business.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail")
    }
}

fn on_one_line(text: &str) -> String {
    let spaced = text.replace(char::is_control, " ");
    spaced.trim().to_owned()
}
