//! Who calls, and what they sent.

use super::limits::LARGEST_BODY;
use crate::model::{KeyHolder, OrganizationId};
use crate::odata::{Entity, ListQuery};
use crate::{Error, Orders};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catalogue::PlatformError;
use catalogue::platform::{Conflict, Credential, FieldError, Format};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use httpkit::face::FaceLayer;
use httpkit::{Refusal, Reply, RequestContext, body, idempotency};
use kernel::Timestamp;
use store::idempotency::{Found, Key};

/// Longest key that is looked up.
pub const LONGEST_KEY: usize = 256;

/// Who calls an operation that takes a body.
pub trait Principal: FromRequestParts<Orders, Rejection = Refusal> + Send {
    /// Whose idempotency keys these are.
    fn scope(&self) -> String;
}

/// A call with a valid private key of an enabled organization.
pub struct Caller {
    /// Whom the key stands for.
    pub holder: KeyHolder,
    query: String,
}

impl Caller {
    /// The organization.
    pub fn organization(&self) -> OrganizationId {
        self.holder.organization_id
    }

    /// Compares the query's `organization_id`, if there is one, with the key's organization.
    pub fn check_named_organization(&self) -> Result<(), PlatformError> {
        let named = self
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix("organization_id="));
        let Some(named) = named.filter(|value| !value.is_empty()) else {
            return Ok(());
        };
        match named.parse::<OrganizationId>() {
            Ok(id) if id == self.organization() => Ok(()),
            Ok(_) => Err(PlatformError::OrganizationIdIncorrect),
            Err(_) => Err(invalid("organization_id", Format::Uuid)),
        }
    }

    /// A flag of the query: absent and blank are `false`.
    pub fn flag(&self, name: &'static str) -> Result<bool, PlatformError> {
        let mut pairs = self.query.split('&');
        let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        match value {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid(name, Format::Boolean)),
        }
    }

    /// The list query.
    pub fn list_query(&self, entity: &'static Entity) -> Result<ListQuery, PlatformError> {
        self.check_named_organization()?;
        ListQuery::parse(&self.query, entity)
            .map_err(|detail| PlatformError::ODataFailed { detail })
    }
}

impl Principal for Caller {
    fn scope(&self) -> String {
        self.organization().to_string()
    }
}

impl FromRequestParts<Orders> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, orders: &Orders) -> Result<Self, Refusal> {
        // Of two keys, which one would count?
        let mut keys = parts.headers.get_all("x-api-key").iter();
        let key = keys
            .next()
            .filter(|_| keys.next().is_none())
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
        let holder = match key {
            Some(key) => orders.key_holder(key).await?,
            None => None,
        };
        let holder = holder.ok_or(PlatformError::TokenValidationFailed {
            what: Credential::PrivateKey,
        })?;
        let key = holder.private_key_id.to_string();
        orders.count_request(&key).await?;
        if !holder.enabled {
            return Err(PlatformError::OrganizationDisable.into());
        }
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { holder, query })
    }
}

/// A call that sends a body.
pub struct Post<P = Caller> {
    /// Who calls.
    pub caller: P,
    /// The body; empty when none was sent.
    pub body: Bytes,
    parts: Parts,
    context: RequestContext,
    layer: FaceLayer,
}

impl<P: Principal> FromRequest<Orders> for Post<P> {
    type Rejection = Refusal;

    async fn from_request(request: Request, orders: &Orders) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = match P::from_request_parts(&mut parts, orders).await {
            Ok(caller) => caller,
            Err(refusal) => {
                body::discard(body).await;
                return Err(refusal);
            }
        };
        let body = body::read(body, LARGEST_BODY).await?;
        if !body.is_empty() && !is_json(&parts.headers) {
            return Err(invalid("content-type", Format::JsonContentType).into());
        }
        let missing = || Refusal::internal("the face's layer is missing");
        let context = parts.extensions.remove().ok_or_else(missing)?;
        let layer = parts.extensions.remove().ok_or_else(missing)?;
        Ok(Self {
            caller,
            body,
            parts,
            context,
            layer,
        })
    }
}

/// The answer of an operation, and whether it is stored under the idempotency key already.
pub struct Outcome {
    /// The answer.
    pub reply: Reply,
    /// Whether it is stored.
    pub stored: bool,
    /// Whether it was given before.
    pub replayed: bool,
}

/// The parts of the path that are ids. One that is no UTF-8 is no id.
pub struct PathIds(Option<RawPathParams>);

impl PathIds {
    /// The id with this name.
    pub fn id<T>(&self, name: &'static str) -> Result<kernel::Id<T>, PlatformError> {
        let mut params = self.0.iter().flat_map(|params| params.iter());
        let value = params.find(|(key, _)| *key == name);
        let id = value.and_then(|(_, value)| value.parse().ok());
        id.ok_or_else(|| invalid(name, Format::Uuid))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathIds {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        Ok(Self(params.ok()))
    }
}

impl<P: Principal> Post<P> {
    /// The id in the path.
    pub async fn path_id<T>(&mut self, name: &'static str) -> Result<kernel::Id<T>, PlatformError> {
        let Ok(ids) = PathIds::from_request_parts(&mut self.parts, &()).await;
        ids.id(name)
    }

    fn key(&self) -> Result<Option<Key>, PlatformError> {
        let scope = self.caller.scope();
        let method: &Method = &self.parts.method;
        let path = self.parts.uri.path();
        idempotency::key(&self.parts.headers, &scope, method, path, &self.body)
            .map_err(|_| invalid("idempotency-key", Format::IdempotencyKey))
    }

    /// Carries out an operation that has effects elsewhere: the key is claimed beforehand.
    pub async fn once(
        self,
        orders: &Orders,
        run: impl AsyncFnOnce() -> Result<Reply, Refusal>,
    ) -> Result<Response, Refusal> {
        self.claimed(orders, Repeat::Never, run).await
    }

    /// The same for one that does no harm when it is carried out again: where the answer was lost because the process died, a later request
    /// with the key may be the one that is answered.
    pub async fn once_or_again(
        self,
        orders: &Orders,
        run: impl AsyncFnOnce() -> Result<Reply, Refusal>,
    ) -> Result<Response, Refusal> {
        self.claimed(orders, Repeat::WhenGone, run).await
    }

    async fn claimed(
        self,
        orders: &Orders,
        repeat: Repeat,
        run: impl AsyncFnOnce() -> Result<Reply, Refusal>,
    ) -> Result<Response, Refusal> {
        // What the supplier is asked to do has to be written down, also when the server stops.
        let _under_way = orders.inner.sending.read().await;
        let Some(key) = self.key()? else {
            return Ok(run().await?.into_response());
        };
        let (claimed, now) = (key.clone(), orders.now());
        let found = orders
            .db()
            .write(move |tx| {
                let found = store::idempotency::claim(tx, &claimed, None, now)?;
                if repeat == Repeat::WhenGone && matches!(&found, Some(Found::Unanswered { .. })) {
                    let gone = Timestamp::from_micros(now.micros() - GONE_AFTER_MICROS);
                    if store::idempotency::take_over(tx, &claimed, gone, now)? {
                        return Ok(None);
                    }
                }
                Ok::<_, store::StoreError>(found)
            })
            .await
            .map_err(Error::from)?;
        if let Some(found) = found {
            return answered(found);
        }
        let outcome = run().await.map(|reply| Outcome {
            reply,
            stored: false,
            replayed: false,
        });
        match self.keep(orders, &key, None, outcome).await? {
            Kept::Answer(response) => Ok(response),
            Kept::Others(found) => answered(found),
        }
    }

    /// Stores the answer under the key. A fault of ours is no answer: the request may be sent again. If another
    /// request has claimed the key meanwhile, for what this one did not make, its answer counts.
    async fn keep(
        &self,
        orders: &Orders,
        key: &Key,
        makes: Option<&str>,
        outcome: Result<Outcome, Refusal>,
    ) -> Result<Kept, Refusal> {
        let reply = match outcome {
            Ok(Outcome {
                reply,
                replayed: true,
                ..
            }) => return Ok(Kept::Answer(replayed(reply))),
            Ok(Outcome {
                reply,
                stored: true,
                ..
            }) => return Ok(Kept::Answer(reply.into_response())),
            Ok(outcome) => outcome.reply,
            Err(refusal @ Refusal::Coded(_)) => self.layer.render(&refusal, &self.context).1,
            Err(refusal) => {
                let key = key.clone();
                let release = move |tx: &mut store::Tx<'_>| store::idempotency::release(tx, &key);
                orders.db().write(release).await.map_err(Error::from)?;
                return Err(refusal);
            }
        };
        let (kept, now) = (reply.clone(), orders.now());
        let (claimed, makes) = (key.clone(), makes.map(str::to_owned));
        let others = orders
            .db()
            .write(move |tx| {
                match store::idempotency::claim(tx, &claimed, None, now)? {
                    None => {}
                    Some(Found::Unanswered { reference }) if reference == makes => {}
                    others => return Ok(others),
                }
                let body = String::from_utf8_lossy(&kept.body);
                store::idempotency::answer(tx, &claimed, kept.status.as_u16(), &body)?;
                Ok(None)
            })
            .await
            .map_err(|error: store::StoreError| Error::from(error))?;
        Ok(match others {
            None => Kept::Answer(reply.into_response()),
            Some(found) => Kept::Others(found),
        })
    }
}

impl Post {
    /// Carries out an operation that claims the idempotency key itself, in its transaction, for what it `makes`.
    pub async fn once_in_transaction(
        self,
        orders: &Orders,
        makes: &str,
        run: impl AsyncFnOnce(Option<Key>) -> Result<Outcome, Refusal>,
    ) -> Result<Response, Refusal> {
        let Some(key) = self.key()? else {
            return Ok(run(None).await?.reply.into_response());
        };
        let find = key.clone();
        let found = orders
            .db()
            .read(move |tx| store::idempotency::find(tx, &find))
            .await
            .map_err(Error::from)?;
        if let Some(found) = found {
            return self.answer_again(orders, found, &key).await;
        }
        let outcome = run(Some(key.clone())).await;
        match self.keep(orders, &key, Some(makes), outcome).await? {
            Kept::Answer(response) => Ok(response),
            Kept::Others(found) => self.answer_again(orders, found, &key).await,
        }
    }

    async fn answer_again(
        &self,
        orders: &Orders,
        found: Found,
        key: &Key,
    ) -> Result<Response, Refusal> {
        let organization = self.caller.organization();
        Ok(replayed(orders.answer_of(found, key, organization).await?))
    }
}

/// What is done about a request that was begun and never answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Nobody knows how far it came: it is in the way of others with its key.
    Never,
    /// After two minutes whoever carried it out is gone.
    WhenGone,
}

/// Longer than any operation may take.
const GONE_AFTER_MICROS: i64 = 120_000_000;

/// What came of storing an answer.
enum Kept {
    /// This is sent.
    Answer(Response),
    /// Another request has claimed the key: what there is of it.
    Others(Found),
}

/// The answer to a request whose effects are elsewhere, as it was given before.
fn answered(found: Found) -> Result<Response, Refusal> {
    match found {
        Found::Answered { status, body } => {
            let status = status.try_into();
            Ok(replayed(Reply {
                status: status.map_err(|_| Refusal::internal("the stored status"))?,
                body: body.into(),
            }))
        }
        Found::OtherRequest => Err(conflict(Conflict::IdempotencyKeyReused).into()),
        Found::Unanswered { .. } => Err(conflict(Conflict::IdempotencyKeyInUse).into()),
    }
}

/// An answer that was given before.
pub fn replayed(reply: Reply) -> Response {
    let mut response = reply.into_response();
    response
        .headers_mut()
        .insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// A header or a part of the address that is at fault.
pub fn invalid(property: &'static str, expected: Format) -> PlatformError {
    PlatformError::fields(vec![FieldError::at(
        property,
        PlatformError::InvalidFormat {
            property: property.into(),
            expected,
        },
    )])
}

fn conflict(conflict: Conflict) -> PlatformError {
    PlatformError::ConflictingParameters { conflict }
}
