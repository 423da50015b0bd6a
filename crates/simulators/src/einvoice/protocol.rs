//! What all wires have in common: reading bodies, refusals and answers.

use super::EinvoiceProviders;
use super::books::Denied;
use super::faults::{About, Codes, EinvoiceFault, of_mail};
use super::repo;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use einvoice::provider::ProviderId;
use http_body_util::Limited;
use serde_json::Value;
use std::time::Duration;
use store::StoreError;

const LARGEST_BODY: usize = 4 * 1024 * 1024;
const ARRIVAL: Duration = Duration::from_secs(15);

/// A provider's code and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub code: String,
    pub message: String,
}

impl Refusal {
    pub fn new(code: impl ToString, message: impl Into<String>) -> Self {
        Self {
            code: code.to_string(),
            message: message.into(),
        }
    }
}

/// Why a request is not carried out.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(Refusal),
    /// By the books; each wire has its own code for it.
    Denied(Denied),
    Store(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is sent.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(StatusCode, Value),
    /// HTTP 503.
    Down,
    /// A page instead of an answer.
    Html,
    /// The connection breaks in the middle of the answer.
    Lost,
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the simulated e-invoice providers cannot use their database");
        Self::Down
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        match self {
            Self::Json(status, value) => (status, json, value.to_string()).into_response(),
            Self::Down => (
                StatusCode::SERVICE_UNAVAILABLE,
                html,
                "<!doctype html>\n<title>503</title>\n<h1>503 Service Unavailable</h1>\n",
            )
                .into_response(),
            Self::Html => (html, "<!doctype html>\n<title>電子發票</title>\n").into_response(),
            // A body over its limit fails at once, whereupon the server closes the connection.
            Self::Lost => (json, Body::new(Limited::new(Body::from("{}"), 0))).into_response(),
        }
    }
}

/// A body that is too large, too slow or not UTF-8 is as good as an empty one.
pub(crate) async fn read(body: Body) -> String {
    let read = tokio::time::timeout(ARRIVAL, axum::body::to_bytes(body, LARGEST_BODY)).await;
    let bytes = read.ok().and_then(Result::ok).unwrap_or_default();
    let text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
    // No database takes it.
    if text.contains('\0') {
        String::new()
    } else {
        text
    }
}

impl EinvoiceProviders {
    /// What goes wrong with a request.
    pub(super) async fn fault_of(
        &self,
        provider: ProviderId,
        about: About,
        codes: &Codes,
    ) -> Option<EinvoiceFault> {
        if let Some(fault) = self.fault() {
            return Some(fault);
        }
        let silence = self.shared.config.silence;
        let (reference, number) = match about {
            About::New(mail) => return of_mail(&mail, false, codes, silence),
            About::Issued { reference, number } => (reference, number),
        };
        let found = self.shared.db.read(move |tx| match reference.is_empty() {
            true => repo::by_number(tx, provider, &number),
            false => repo::by_reference(tx, provider, &reference),
        });
        let mail = found.await.ok()??.order.mail;
        of_mail(&mail, true, codes, silence)
    }

    /// Whether a request at `time`, in seconds since 1970, is from now, give or take `tolerance` seconds.
    pub(super) fn is_timely(&self, time: Option<i64>, tolerance: u64) -> bool {
        let now = self.now().micros().div_euclid(1_000_000);
        !self.shared.config.checks_time || time.is_some_and(|time| time.abs_diff(now) <= tolerance)
    }
}

/// Answers with what `work` comes to, unless the fault says otherwise.
pub(super) async fn answer(
    fault: Option<&EinvoiceFault>,
    work: impl Future<Output = Answer>,
) -> Answer {
    match fault {
        Some(EinvoiceFault::Down) => return Answer::Down,
        Some(EinvoiceFault::Html) => return Answer::Html,
        _ => {}
    }
    let answer = work.await;
    match fault {
        Some(EinvoiceFault::LostAnswer) => return Answer::Lost,
        Some(EinvoiceFault::Silence(wait)) => tokio::time::sleep(*wait).await,
        _ => {}
    }
    answer
}

/// The code with which everything is refused, while that is so.
pub(super) fn unless_refused(fault: Option<&EinvoiceFault>) -> Result<(), Refusal> {
    match fault {
        Some(EinvoiceFault::Refuse(code)) => Err(Refusal::new(code, "模擬的錯誤")),
        _ => Ok(()),
    }
}
