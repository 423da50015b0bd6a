//! Who calls, and what they sent.

use super::fields::Fields;
use crate::accounts::Seen;
use crate::{Billing, Error, Scope};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catalogue::RecurError;
use catalogue::recur::{BadRequest, Conflict, Resource};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use httpkit::face::FaceLayer;
use httpkit::{Refusal, Reply, RequestContext, Transport, body, idempotency};
use serde_json::{Map, Value};
use store::StoreError;
use store::idempotency::{Found, Key};

/// Largest body that is read.
pub const LARGEST_BODY: usize = 256 * 1024;

/// A call with a valid key of either kind.
#[derive(Debug)]
pub struct Caller {
    /// Whom the key stands for, and its account now.
    pub seen: Seen,
    /// The query.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
}

impl Caller {
    /// Whose data, and when.
    pub const fn scope(&self) -> &Scope {
        &self.seen.scope
    }

    /// The fields of the query.
    pub fn fields(&self) -> Fields {
        Fields::of_query(&self.query)
    }
}

/// A call with a secret key.
#[derive(Debug)]
pub struct Secret(pub Caller);

/// The key of a request. The first of the documented places that has one counts.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    });
    bearer
        .or_else(|| text("x-recur-secret-key"))
        .or_else(|| text("x-recur-publishable-key"))
}

impl FromRequestParts<Billing> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, billing: &Billing) -> Result<Self, Refusal> {
        let seen = billing.authenticate(presented(&parts.headers)).await?;
        if let Err(exhausted) = billing.count_request(&seen).await? {
            let retry_after = exhausted.retry_after;
            return Err(Transport::RateLimited { retry_after }.into());
        }
        Ok(Self {
            seen,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
        })
    }
}

impl FromRequestParts<Billing> for Secret {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, billing: &Billing) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, billing).await?;
        caller.seen.require_secret()?;
        Ok(Self(caller))
    }
}

/// A call that changes something, with a valid key of either kind.
#[derive(Debug)]
pub struct Post {
    /// Who calls.
    pub caller: Caller,
    body: Bytes,
    parts: Parts,
}

/// A call that changes something, with a secret key.
#[derive(Debug)]
pub struct SecretPost(pub Post);

impl FromRequest<Billing> for Post {
    type Rejection = Refusal;

    async fn from_request(request: Request, billing: &Billing) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = match Caller::from_request_parts(&mut parts, billing).await {
            Ok(caller) => caller,
            Err(refusal) => {
                body::discard(body).await;
                return Err(refusal);
            }
        };
        let body = body::read(body, LARGEST_BODY).await?;
        Ok(Self {
            caller,
            body,
            parts,
        })
    }
}

impl FromRequest<Billing> for SecretPost {
    type Rejection = Refusal;

    async fn from_request(request: Request, billing: &Billing) -> Result<Self, Refusal> {
        let post = Post::from_request(request, billing).await?;
        post.caller.seen.require_secret()?;
        Ok(Self(post))
    }
}

impl Post {
    /// Whose data, and when.
    pub const fn scope(&self) -> &Scope {
        self.caller.scope()
    }

    /// The fields of the body; an empty body has none.
    pub fn fields(&self) -> Result<Fields, RecurError> {
        fields_of(&self.body)
    }

    /// The part of the path with this name.
    pub async fn path(&mut self, name: &'static str) -> String {
        path_of(&mut self.parts, name).await
    }

    /// Carries the operation out once for each `Idempotency-Key`; repeated, the request is answered as before.
    pub async fn once(
        &self,
        billing: &Billing,
        run: impl AsyncFnOnce() -> Result<Reply, Refusal>,
    ) -> Result<Response, Refusal> {
        // Whoever reads a page's key must not get at the merchant's own keys.
        let kind = self.caller.seen.holder.kind.name();
        let scope = format!("{} {kind}", self.scope().account_id);
        let path = self.parts.uri.path();
        let key = idempotency::key(
            &self.parts.headers,
            &scope,
            &self.parts.method,
            path,
            &self.body,
        )
        .map_err(|_| RecurError::BadRequest {
            reason: BadRequest::IdempotencyKeyMalformed,
        })?;
        let Some(key) = key else {
            return Ok(run().await?.into_response());
        };
        let (claimed, now) = (key.clone(), self.scope().real);
        let found: Result<_, StoreError> = billing
            .db()
            .write(move |tx| store::idempotency::claim(tx, &claimed, None, now))
            .await;
        match found.map_err(Error::from)? {
            None => self.keep(billing, key, run().await).await,
            Some(Found::Answered { status, body }) => Ok(replayed(status, body)),
            Some(Found::OtherRequest) => Err(Error::from(Conflict::IdempotencyKeyReused).into()),
            Some(Found::Unanswered { .. }) => {
                Err(Error::from(Conflict::IdempotencyKeyInUse).into())
            }
        }
    }

    /// Stores the answer under the key. A fault of ours is no answer: the request may be sent again.
    async fn keep(
        &self,
        billing: &Billing,
        key: Key,
        outcome: Result<Reply, Refusal>,
    ) -> Result<Response, Refusal> {
        let missing = || Refusal::internal("the face's layer is missing");
        let extensions = &self.parts.extensions;
        let context: &RequestContext = extensions.get().ok_or_else(missing)?;
        let layer: &FaceLayer = extensions.get().ok_or_else(missing)?;
        let reply = match outcome {
            Ok(reply) => reply,
            Err(refusal @ Refusal::Coded(_)) => layer.render(&refusal, context).1,
            Err(refusal) => {
                let released: Result<(), StoreError> = billing
                    .db()
                    .write(move |tx| store::idempotency::release(tx, &key))
                    .await;
                released.map_err(Error::from)?;
                return Err(refusal);
            }
        };
        let kept = reply.clone();
        let answered: Result<(), StoreError> = billing
            .db()
            .write(move |tx| {
                let body = without_secrets(&kept.body);
                store::idempotency::answer(tx, &key, kept.status.as_u16(), &body)
            })
            .await;
        answered.map_err(Error::from)?;
        Ok(reply.into_response())
    }
}

/// A body as it is kept to be answered again: keys and webhook secrets are shown once, and not stored.
fn without_secrets(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut object))
            if ["key", "secret"]
                .iter()
                .any(|name| object.contains_key(*name)) =>
        {
            for name in ["key", "secret"] {
                if let Some(value) = object.get_mut(name) {
                    *value = Value::Null;
                }
            }
            Value::Object(object).to_string()
        }
        _ => String::from_utf8_lossy(body).into_owned(),
    }
}

/// A call without a key: what it names cannot be guessed.
#[derive(Debug)]
pub struct Open {
    body: Bytes,
    parts: Parts,
}

impl FromRequest<Billing> for Open {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Billing) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let body = body::read(body, LARGEST_BODY).await?;
        Ok(Self { body, parts })
    }
}

impl Open {
    /// The fields of the body; an empty body has none.
    pub fn fields(&self) -> Result<Fields, RecurError> {
        fields_of(&self.body)
    }

    /// The part of the path with this name.
    pub async fn path(&mut self, name: &'static str) -> String {
        path_of(&mut self.parts, name).await
    }
}

fn fields_of(body: &[u8]) -> Result<Fields, RecurError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Fields::of_body(Map::new()));
    }
    let refuse = |reason| RecurError::BadRequest { reason };
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(Fields::of_body(object)),
        Ok(_) => Err(refuse(BadRequest::NotAnObject)),
        Err(_) => Err(refuse(BadRequest::MalformedJson)),
    }
}

/// The part of the path with this name; empty when there is none.
pub async fn path_of(parts: &mut Parts, name: &'static str) -> String {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    params
        .ok()
        .and_then(|params| {
            let found = params.iter().find(|(key, _)| *key == name);
            // No id has control characters, and a database refuses some.
            found
                .filter(|(_, value)| !value.chars().any(char::is_control))
                .map(|(_, value)| value.to_owned())
        })
        .unwrap_or_default()
}

/// One part of a path, for operations without a body.
#[derive(Debug)]
pub struct Id(pub String);

impl FromRequestParts<Billing> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Billing) -> Result<Self, Refusal> {
        Ok(Self(path_of(parts, "id").await))
    }
}

/// An id in a path. What is no id names nothing.
pub fn parse<T: std::str::FromStr>(text: &str, what: Resource) -> Result<T, RecurError> {
    text.parse().map_err(|_| RecurError::NotFound { what })
}

fn replayed(status: u16, body: String) -> Response {
    let status = http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (idempotency::REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, body).into_response()
}
