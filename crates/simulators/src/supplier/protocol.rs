//! The words of the protocol and the shapes of its answers.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::{Value, json};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use store::StoreError;

/// Why the supplier says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    InvalidKey,
    IncorrectRequest,
    IncorrectService,
    IncorrectOrder,
    TooManyIds,
    MinQuantity,
    MaxQuantity,
    Link,
    LinkDuplicate,
    Comment,
    Username,
    Runs,
    Interval,
    Posts,
    Delay,
    Expiry,
    NotEnoughFunds,
    NotCancelable,
    AlreadyOver,
    NotRefillable,
    NotCompleted,
    RefillNotFound,
}

impl fmt::Display for Refusal {
    /// The protocol's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidKey => "Invalid API key",
            Self::IncorrectRequest => "Incorrect request",
            Self::IncorrectService => "error.incorrect_service_id",
            Self::IncorrectOrder => "Incorrect order ID",
            Self::TooManyIds => "Not more than 100 IDs",
            Self::MinQuantity => "neworder.error.min_quantity",
            Self::MaxQuantity => "neworder.error.max_quantity",
            Self::Link => "neworder.error.link",
            Self::LinkDuplicate => "neworder.error.link_duplicate",
            Self::Comment => "neworder.error.comment",
            Self::Username => "neworder.error.username",
            Self::Runs => "neworder.error.runs",
            Self::Interval => "neworder.error.interval",
            Self::Posts => "neworder.error.posts",
            Self::Delay => "neworder.error.delay",
            Self::Expiry => "neworder.error.expiry",
            Self::NotEnoughFunds => "neworder.error.not_enough_funds",
            Self::NotCancelable => "Cancel is disabled for this service",
            Self::AlreadyOver => "Order is already over",
            Self::NotRefillable => "Refill is disabled for this service",
            Self::NotCompleted => "Order is not completed",
            Self::RefillNotFound => "Refill not found",
        })
    }
}

impl Refusal {
    pub fn json(self) -> Value {
        json!({ "error": self.to_string() })
    }
}

/// Why a request is not carried out.
#[derive(Debug)]
pub enum Failure {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is sent.
#[derive(Debug)]
pub enum Answer {
    Json(Value),
    /// HTTP 503.
    Down,
    /// A page instead of an answer.
    Garbled,
    /// The connection breaks in the middle of the answer.
    Lost,
}

impl From<Result<Self, Failure>> for Answer {
    fn from(result: Result<Self, Failure>) -> Self {
        match result {
            Ok(answer) => answer,
            Err(Failure::Refused(refusal)) => Self::Json(refusal.json()),
            Err(Failure::Store(error)) => {
                tracing::error!(%error, "the simulated supplier cannot use its database");
                Self::Down
            }
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        match self {
            Self::Json(value) => (json, value.to_string()).into_response(),
            Self::Down => (
                StatusCode::SERVICE_UNAVAILABLE,
                html,
                "<html><body><h1>503 Service Unavailable</h1></body></html>\n",
            )
                .into_response(),
            Self::Garbled => (
                html,
                "<!DOCTYPE html>\n<html><body><p>Checking your browser&hellip;</p></body></html>\n",
            )
                .into_response(),
            Self::Lost => (json, Body::new(BrokenBody)).into_response(),
        }
    }
}

/// A body that fails at once, whereupon the server closes the connection.
struct BrokenBody;

impl hyper::body::Body for BrokenBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}

/// An id as it is echoed: a number where it is one.
pub fn echo(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| json!(id), |id| json!(id))
}
