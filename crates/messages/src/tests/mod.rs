mod mail;
mod outbox;
mod sink;
mod smtp;
mod text;
mod texter;

use crate::{Mail, Mailbox, SendError, Stamp};
use std::time::Duration;

fn stamp() -> Stamp {
    Stamp {
        id: "01999d1c-3c00-7e52-b6d1-92aa0c4e8d03".into(),
        written_at: "2026-06-02T12:30:00+08:00".parse().unwrap(),
    }
}

fn from() -> Mailbox {
    "Shop 商店 <shop@example.com>".parse().unwrap()
}

fn mail() -> Mail {
    Mail::new(
        "mei@example.net",
        Some("Mei 林"),
        "Your code",
        "It is 123456.\n.\n",
    )
    .unwrap()
}

fn is_refused(sent: &Result<(), SendError>) -> bool {
    matches!(sent, Err(SendError::Refused(_)))
}

fn may_go_later(sent: &Result<(), SendError>) -> bool {
    matches!(sent, Err(SendError::NotNow(_)))
}

/// Shorter than anybody waits for a test, longer than an answer on loopback takes.
const TIMEOUT: Duration = Duration::from_secs(2);
