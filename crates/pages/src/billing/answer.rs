//! What the scripts of the pages are answered.

use crate::ask::{Ask, BadPost};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use billing::Error;
use billing::model::Failure;
use catalogue::recur::{BadRequest, PaymentFailure};
use catalogue::{Coded as _, Param as _, RecurError};
use httpkit::Reply;
use serde_json::{Map, Value, json};

/// Why a script gets no answer.
#[derive(Debug)]
pub enum Trouble {
    /// What it asks for cannot be.
    Billing(Error),
    /// What it sends cannot be read.
    Post(BadPost),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Billing(error)
    }
}

impl From<RecurError> for Trouble {
    fn from(error: RecurError) -> Self {
        Self::Billing(error.into())
    }
}

impl From<BadPost> for Trouble {
    fn from(bad: BadPost) -> Self {
        Self::Post(bad)
    }
}

/// An answer in the language of the page.
pub fn answer(ask: &Ask, result: Result<Value, Trouble>) -> Response {
    match result {
        Ok(value) => Reply::ok(&value).into_response(),
        Err(trouble) => refuse(ask, &trouble),
    }
}

fn refuse(ask: &Ask, trouble: &Trouble) -> Response {
    let words = ask.words();
    let (status, message, fields) = match trouble {
        Trouble::Post(bad) => {
            let status = match bad {
                BadPost::Sender => StatusCode::FORBIDDEN,
                BadPost::Kind => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                BadPost::Body => StatusCode::BAD_REQUEST,
            };
            (status, words.portal.elsewhere.to_owned(), Map::new())
        }
        Trouble::Billing(Error::Failed(cause) | Error::Raced(cause)) => {
            tracing::error!(cause, "a page's request failed");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                words.failed.text.to_owned(),
                Map::new(),
            )
        }
        Trouble::Billing(Error::Refused(error)) => {
            let status = error
                .entry()
                .http_status()
                .and_then(|status| StatusCode::from_u16(status).ok());
            let message = error.message(ask.locale());
            (
                status.unwrap_or(StatusCode::BAD_REQUEST),
                message,
                fields_of(ask, error),
            )
        }
    };
    Reply::new(
        status,
        &json!({"error": {"message": message, "fields": fields}}),
    )
    .into_response()
}

/// What is wrong, field by field.
fn fields_of(ask: &Ask, error: &RecurError) -> Map<String, Value> {
    let locale = ask.locale();
    match error {
        RecurError::ValidationError { issues } => issues
            .iter()
            .map(|issue| (issue.path.clone(), issue.problem.text(locale).into()))
            .collect(),
        RecurError::BadRequest {
            reason: BadRequest::MissingFields(missing),
        } => missing
            .iter()
            .map(|field| {
                let text = match field.as_str() {
                    "email" => ask.words().checkout.needs_email,
                    _ => ask.words().required,
                };
                (field.clone(), text.into())
            })
            .collect(),
        RecurError::BadRequest {
            reason: BadRequest::PromotionCode { reason, .. },
        } => [("code".to_owned(), reason.text(locale).into())]
            .into_iter()
            .collect(),
        _ => Map::new(),
    }
}

/// What a buyer is told of a payment that failed, and whether trying again can help.
pub fn declined(ask: &Ask, failure: &Failure) -> (String, bool) {
    let words = &ask.words().checkout;
    let known = PaymentFailure::of_code(&failure.code).unwrap_or(PaymentFailure::Unknown);
    let advice = if known.can_retry() {
        words.declined_retry
    } else {
        words.declined_other
    };
    let message = (words.declined)(&known.text(ask.locale()));
    let space = if ask.locale() == kernel::Locale::En {
        " "
    } else {
        ""
    };
    (format!("{message}{space}{advice}"), known.can_retry())
}

/// The same as an answer.
pub fn failure(ask: &Ask, failure: &Failure) -> Value {
    let (message, can_retry) = declined(ask, failure);
    json!({"failure": {"code": failure.code, "message": message, "can_retry": can_retry}})
}

/// Runs to its end, also when the browser hangs up: what moves money is not left half done.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = billing::Result<T>> + Send + 'static,
) -> billing::Result<T> {
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|panic| Err(Error::Failed(panic.to_string())))
}
