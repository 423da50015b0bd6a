//! One HTTP request to a consumer.

use crate::{Contract, Event};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use httpkit::outgoing::{Reach, check_url};
use kernel::{Secret, Timestamp};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use sha2::Sha256;
use std::error::Error as _;

/// An answer is read so far, so that its connection can be used again; the rest is dropped.
const MOST_READ: usize = 64 * 1024;
/// So much of an answer is kept.
const EXCERPT: usize = 1024;

/// A request to make.
pub struct Message<'a> {
    pub url: &'a str,
    pub secret: &'a Secret<String>,
    pub event: &'a Event,
    pub body: String,
}

/// What came of it.
pub struct Answer {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// Why it counts as failed.
    pub error: Option<String>,
    /// The start of the body.
    pub response: Option<String>,
}

/// The signature of a body: base64 of its HMAC-SHA256, whose key is the secret as it was shown, prefix included.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub fn sign(secret: &Secret<String>, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes keys of any length");
    STANDARD.encode(mac.chain_update(body).finalize().into_bytes())
}

/// Sends a message. However the consumer behaves, this ends with the client's time-out.
pub async fn send(
    client: &Client,
    reach: Reach,
    contract: &Contract,
    message: Message<'_>,
    now: Timestamp,
) -> Answer {
    let url = match check_url(message.url, reach) {
        Ok(url) => url,
        Err(refusal) => return unanswered(refusal.to_string()),
    };
    let header = |name: &str| format!("{}{name}", contract.header_prefix);
    let sent = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(
            header("Signature"),
            sign(message.secret, message.body.as_bytes()),
        )
        .header(header("Event-Id"), &message.event.id)
        .header(header("Event-Type"), &message.event.kind)
        .header(header("Timestamp"), now.micros() / 1000)
        .body(message.body)
        .send()
        .await;
    match sent {
        Ok(response) => {
            let status = response.status();
            let error = (!status.is_success()).then(|| format!("answered {status}"));
            Answer {
                status: Some(status.as_u16()),
                error,
                response: Some(excerpt(response).await),
            }
        }
        Err(error) => unanswered(describe(&error)),
    }
}

fn unanswered(error: String) -> Answer {
    Answer {
        status: None,
        error: Some(error),
        response: None,
    }
}

/// The status has been received, and it is what counts: a body that breaks off changes nothing.
async fn excerpt(mut response: Response) -> String {
    let (mut start, mut read) = (Vec::new(), 0);
    while read < MOST_READ
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read += chunk.len();
        let missing = EXCERPT - start.len();
        start.extend_from_slice(&chunk[..chunk.len().min(missing)]);
    }
    // PostgreSQL has no NUL in texts; the cut may have split a character.
    let mut text = String::from_utf8_lossy(&start).replace('\0', "\u{fffd}");
    text.truncate(text.floor_char_boundary(EXCERPT));
    text
}

fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    // The outer errors repeat the URL; the innermost one says what happened.
    let mut innermost = error.source();
    while let Some(source) = innermost.and_then(std::error::Error::source) {
        innermost = Some(source);
    }
    let cause = innermost.map_or_else(|| "the request failed".into(), ToString::to_string);
    if error.is_connect() {
        format!("could not connect: {cause}")
    } else {
        format!("no answer: {cause}")
    }
}
