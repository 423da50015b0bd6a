//! Answers and refusals.

use crate::face::Dialect;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// An answer as it is sent: status and JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// JSON.
    pub body: Bytes,
}

impl Reply {
    /// 200 with `value` as JSON.
    pub fn ok(value: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, value)
    }

    /// `status` with `value` as JSON.
    pub fn new(status: StatusCode, value: &impl Serialize) -> Self {
        // Wire types have string keys and finite numbers: they always serialize.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self {
            status,
            body: body.into(),
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        (self.status, [(header::CONTENT_TYPE, json)], self.body).into_response()
    }
}

/// What goes wrong before or around an operation, in no face's words yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// No operation has this path.
    UnknownPath,
    /// The path has operations, but none with this method.
    WrongMethod,
    /// The body is larger than the limit, in bytes.
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body did not arrive, or not in time.
    BodyIncomplete,
    /// The key's requests are used up.
    RateLimited {
        /// When there will be more.
        retry_after: Duration,
    },
    /// The operation did not finish in time.
    TimedOut,
}

impl Transport {
    /// The HTTP status that fits whatever the face.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyIncomplete => StatusCode::REQUEST_TIMEOUT,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A header that belongs to it.
    pub fn header(self) -> Option<(HeaderName, HeaderValue)> {
        let seconds = match self {
            Self::RateLimited { retry_after } => retry_after.as_secs() + 1,
            Self::TimedOut => 1,
            Self::BodyTooLarge { .. } | Self::BodyIncomplete => {
                return Some((header::CONNECTION, HeaderValue::from_static("close")));
            }
            Self::UnknownPath | Self::WrongMethod => return None,
        };
        Some((header::RETRY_AFTER, HeaderValue::from(seconds)))
    }
}

/// Why a request is not answered with success. Rendered by the face's layer.
#[derive(Clone)]
pub enum Refusal {
    /// A documented code.
    Coded(Arc<dyn Dialect>),
    /// A fault of the request as such.
    Transport(Transport),
    /// A fault of ours. The cause goes to the log, never to the client.
    Internal {
        /// For the log.
        cause: String,
    },
}

impl Refusal {
    /// A fault of ours.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal {
            cause: cause.to_string(),
        }
    }
}

impl<D: Dialect> From<D> for Refusal {
    fn from(error: D) -> Self {
        Self::Coded(Arc::new(error))
    }
}

impl From<Transport> for Refusal {
    fn from(transport: Transport) -> Self {
        Self::Transport(transport)
    }
}

impl IntoResponse for Refusal {
    /// An empty response that carries the refusal to the face's layer, which fills it.
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
