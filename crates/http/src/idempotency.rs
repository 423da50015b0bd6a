//! `Idempotency-Key`: the same request sent again is answered again, and changes nothing.

use http::{HeaderMap, HeaderName, Method};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use store::idempotency::Key;

/// The request header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Marks an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The header is not 1 to 255 visible ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedKey;

/// The key of a request, if it has one. `scope` is whose key it is.
pub fn key(
    headers: &HeaderMap,
    scope: &str,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Result<Option<Key>, MalformedKey> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| MalformedKey)?.trim();
    let visible = text.bytes().all(|b| b.is_ascii_graphic());
    if !visible || !(1..=255).contains(&text.len()) || values.next().is_some() {
        return Err(MalformedKey);
    }
    let mut digest = Sha256::new();
    for part in [method.as_str().as_bytes(), path.as_bytes(), body] {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    Ok(Some(Key {
        scope: scope.to_owned(),
        key: text.to_owned(),
        fingerprint: hex(&digest.finalize()),
    }))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
