//! Request bodies, within limits.

use crate::{Refusal, Transport};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::Stream;
use http::{HeaderMap, header};
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

/// A body that is read piece by piece, and may be given up before its end.
pub struct Pieces {
    body: Body,
    begun: bool,
}

impl Pieces {
    /// Nothing is read yet.
    pub const fn of(body: Body) -> Self {
        Self { body, begun: false }
    }

    /// The pieces, as they arrive.
    pub fn stream(&mut self) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send {
        self.begun = true;
        futures_util::stream::unfold(&mut self.body, async |body| {
            loop {
                let frame = body.frame().await?;
                match frame.map(hyper::body::Frame::into_data) {
                    Ok(Ok(data)) => return Some((Ok(data), body)),
                    Ok(Err(_)) => {}
                    Err(error) => return Some((Err(error), body)),
                }
            }
        })
    }

    /// Reads what is left while the answer is on its way, so that a client who is still sending gets to read it; within limits. One
    /// who waits to be asked for the body (`Expect`) is not.
    pub fn leave(self, headers: &HeaderMap) {
        if self.begun || !headers.contains_key(header::EXPECT) {
            tokio::spawn(discard(self.body));
        }
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
