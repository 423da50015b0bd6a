//! Request bodies, within limits.

use crate::{Refusal, Transport};
use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(15);

/// Most of a refused body that is read, and for how long.
const MOST_DISCARDED: usize = 8 * 1024 * 1024;
const DISCARDING: Duration = Duration::from_secs(2);

/// Reads a whole body of at most `limit` bytes.
pub async fn read(mut body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let collected = tokio::time::timeout(ARRIVAL, Limited::new(&mut body, limit).collect()).await;
    match collected {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(Transport::BodyTooLarge { limit }.into())
        }
        Ok(Err(_)) | Err(_) => Err(Transport::BodyIncomplete.into()),
    }
}

/// Reads the rest of a body that is refused, within limits: a connection that is closed while data
/// arrives is reset, and a client that is still sending would not get to read the refusal.
pub async fn discard(mut body: Body) {
    let mut left = MOST_DISCARDED;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(DISCARDING, rest).await;
}
