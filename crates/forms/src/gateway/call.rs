//! A call of a method, and what it is answered. It is the same whether the module is in this process or not.

use crate::face::{Data, Method};
use crate::repo::KeyHolder;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use httpkit::{Refusal, Reply, RequestContext, Transport, idempotency};

/// Largest body of a method.
pub const LARGEST_BODY: usize = 1024 * 1024;
/// Largest body of an upload, in Base64.
pub const LARGEST_UPLOAD: usize = 8 * 1024 * 1024;

/// The methods that are served, by module.
pub(super) type Methods = &'static [&'static [Method]];

/// One call of a method by somebody who may.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: &'static Method,
    /// With which key.
    pub holder: KeyHolder,
    /// The body, unread.
    pub body: Bytes,
    /// The headers of the request.
    pub headers: HeaderMap,
    /// Its id and language.
    pub context: RequestContext,
}

/// What a call is answered.
pub struct Answer {
    /// `data`, or why there is none.
    pub outcome: Result<Data, Refusal>,
    /// Whether an earlier request with the same `Idempotency-Key` was answered so.
    pub replayed: bool,
}

impl From<Result<Data, Refusal>> for Answer {
    fn from(outcome: Result<Data, Refusal>) -> Self {
        Self {
            outcome,
            replayed: false,
        }
    }
}

impl Answer {
    /// The answer in its envelope. A refusal is left to the face's layer, unless it was kept and is answered again.
    pub(super) fn into_response(self, context: &RequestContext) -> Result<Response, Refusal> {
        let reply = match self.outcome {
            Ok(data) => envelope(&data),
            Err(Refusal::Coded(kept)) if self.replayed => kept.render(context.locale, ""),
            Err(refusal) => return Err(refusal),
        };
        let mut response = reply.into_response();
        if self.replayed {
            let yes = HeaderValue::from_static("true");
            response.headers_mut().insert(idempotency::REPLAYED, yes);
        }
        Ok(response)
    }
}

/// `{"code": 0, "message": "ok", "data": …}`.
fn envelope(data: &Data) -> Reply {
    let body = format!("{{\"code\":0,\"message\":\"ok\",\"data\":{}}}", data.get());
    Reply {
        status: StatusCode::OK,
        body: body.into(),
    }
}

/// The method that the path `…/{module}/{method}` names.
pub(super) async fn named(parts: &mut Parts, methods: Methods) -> Result<&'static Method, Refusal> {
    let path = RawPathParams::from_request_parts(parts, &()).await.ok();
    let part = |name| path.iter().flatten().find(|(key, _)| *key == name);
    let name = part("module").zip(part("method"));
    name.map(|((_, module), (_, method))| format!("{module}/{method}"))
        .and_then(|name| crate::face::find(methods, &name))
        .ok_or_else(|| Transport::UnknownPath.into())
}

/// What the face's layer found out about the request.
pub(crate) fn context(parts: &Parts) -> Result<RequestContext, Refusal> {
    let context = parts.extensions.get::<RequestContext>().cloned();
    context.ok_or_else(|| Refusal::internal("the face's layer is missing"))
}

/// The largest body that a method takes.
pub(super) fn largest_body(method: &Method) -> usize {
    match method.name {
        "uploads/create" => LARGEST_UPLOAD,
        _ => LARGEST_BODY,
    }
}
