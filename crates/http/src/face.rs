//! The layer around a face's operations.

use crate::{Refusal, Reply, Transport};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::{Clock, Id, Locale, Rng};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The header that names a request, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A documented error that can put itself on the wire.
pub trait Dialect: Send + Sync + 'static {
    /// The code, for logs and metrics.
    fn code(&self) -> &'static str;
    /// Status and JSON body. `base_url` is where this server is reached, without a slash at the end;
    /// it may be empty.
    fn render(&self, locale: Locale, base_url: &str) -> Reply;
}

impl Dialect for catalogue::PlatformError {
    fn code(&self) -> &'static str {
        catalogue::Coded::entry(self).code
    }

    fn render(&self, locale: Locale, _: &str) -> Reply {
        let (status, body) = self.respond(locale);
        reply(status, &body)
    }
}

impl Dialect for catalogue::RecurError {
    fn code(&self) -> &'static str {
        catalogue::Coded::entry(self).code
    }

    fn render(&self, locale: Locale, base_url: &str) -> Reply {
        let (status, body) = self.respond(locale, base_url);
        reply(status, &body)
    }
}

impl Dialect for catalogue::OpenapiV2Error {
    fn code(&self) -> &'static str {
        catalogue::Coded::entry(self).code
    }

    fn render(&self, locale: Locale, _: &str) -> Reply {
        let (status, body) = self.respond(locale);
        reply(status, &body)
    }
}

fn reply(status: u16, body: &impl serde::Serialize) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::new(status, body)
}

/// How a face says what is nobody's business rule.
pub trait Face: Send + Sync + 'static {
    /// Its name, for logs and metrics.
    fn name(&self) -> &'static str;
    /// Its system error; `incident` is what support can look up in the log.
    fn internal(&self, incident: &str) -> Arc<dyn Dialect>;
    /// Its words for a fault of the request as such.
    fn transport(&self, transport: Transport) -> Arc<dyn Dialect>;
    /// The HTTP status of that; `None`: the one that those words come with.
    fn transport_status(&self, transport: Transport) -> Option<StatusCode> {
        Some(transport.status())
    }
}

/// What is known of a request wherever it is handled.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Names the request: the client's own `x-request-id` if it sent a usable one.
    pub id: Arc<str>,
    /// The language of the answer.
    pub locale: Locale,
}

/// What the layer needs.
#[derive(Clone)]
pub struct FaceLayer {
    /// The face.
    pub face: Arc<dyn Face>,
    /// For request ids.
    pub clock: Arc<dyn Clock>,
    /// For request ids.
    pub rng: Arc<Rng>,
    /// How long an operation may take.
    pub timeout: Duration,
    /// Where this server is reached, without a slash at the end: for links in answers. Empty for
    /// links that begin with the path.
    pub base_url: Arc<str>,
}

impl FaceLayer {
    /// A refusal as it is sent: its code, its status and body, and a header that belongs to it.
    pub fn render(
        &self,
        refusal: &Refusal,
        context: &RequestContext,
    ) -> (&'static str, Reply, Option<(HeaderName, HeaderValue)>) {
        let render = |error: &dyn Dialect| error.render(context.locale, &self.base_url);
        match refusal {
            Refusal::Coded(error) => (error.code(), render(&**error), None),
            Refusal::Transport(transport) => {
                let error = self.face.transport(*transport);
                let mut reply = render(&*error);
                if let Some(status) = self.face.transport_status(*transport) {
                    reply.status = status;
                }
                (error.code(), reply, transport.header())
            }
            Refusal::Internal { cause } => {
                tracing::error!(incident = &*context.id, cause, "internal error");
                let error = self.face.internal(&context.id);
                (error.code(), render(&*error), None)
            }
        }
    }

    fn context(&self, request: &Request) -> RequestContext {
        let header = |name| {
            request
                .headers()
                .get(name)
                .and_then(|v: &HeaderValue| v.to_str().ok())
        };
        let own = header(REQUEST_ID).filter(|id| is_request_id(id));
        let id = match own {
            Some(id) => Arc::from(id),
            None => Arc::from(Id::<RequestContext>::new(self.clock.now(), &self.rng).to_string()),
        };
        let locale = header(header::ACCEPT_LANGUAGE).map_or(Locale::En, Locale::negotiate);
        RequestContext { id, locale }
    }
}

/// Wraps every operation of a face: `middleware::from_fn_with_state(FaceLayer, layer)`.
pub async fn layer(State(kit): State<FaceLayer>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = kit.context(&request);
    let method = request.method().clone();
    let path = without_capabilities(request.uri().path());
    let operation = request
        .extensions()
        .get::<MatchedPath>()
        .map(|matched| matched.as_str().to_owned());
    request.extensions_mut().insert(context.clone());
    request.extensions_mut().insert(kit.clone());

    // In a task of its own: neither a client who hangs up nor the time limit on its wait stops an
    // operation half-way.
    let running = tokio::spawn(next.run(request));
    let mut response = match tokio::time::timeout(kit.timeout, running).await {
        Ok(Ok(response)) => response,
        Ok(Err(died)) => Refusal::internal(panic_text(died)).into_response(),
        Err(_) => Refusal::from(Transport::TimedOut).into_response(),
    };
    let mut code = "";
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        let (its_code, reply, header) = kit.render(&refusal, &context);
        code = its_code;
        response = reply.into_response();
        response.headers_mut().extend(header);
    }
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let language = HeaderValue::from_static(context.locale.tag());
    response
        .headers_mut()
        .insert(header::CONTENT_LANGUAGE, language);

    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    tracing::info!(
        face = kit.face.name(),
        request_id = &*context.id,
        %method,
        path,
        status,
        code,
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    let labels = [
        ("face", kit.face.name().to_owned()),
        ("operation", operation.unwrap_or_else(|| "unknown".into())),
        ("status", status.to_string()),
        ("code", code.to_owned()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", "face" => kit.face.name())
        .record(elapsed.as_secs_f64());
    response
}

/// A path as it is logged: who knows a session's id may use the session.
fn without_capabilities(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let capability = ["cs_", "ps_", "pi_secret_"]
            .into_iter()
            .find(|prefix| segment.starts_with(prefix));
        capability.unwrap_or(segment)
    });
    segments.collect::<Vec<_>>().join("/")
}

fn panic_text(died: tokio::task::JoinError) -> String {
    match died.try_into_panic() {
        Ok(payload) => {
            let payload = AssertUnwindSafe(payload);
            let text = payload
                .downcast_ref::<&str>()
                .map(|s| (*s).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned());
            format!("panic: {}", text.unwrap_or_else(|| "no text".into()))
        }
        Err(error) => error.to_string(),
    }
}

fn is_request_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_session_is_not_logged() {
        assert_eq!(
            without_capabilities("/v1/checkout/sessions/cs_abc/x"),
            "/v1/checkout/sessions/cs_/x"
        );
        assert_eq!(without_capabilities("/v1/products"), "/v1/products");
    }
}
