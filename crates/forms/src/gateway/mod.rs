//! The gateway: who calls, whether they may, and in which envelope they are answered. It knows no rules of the module,
//! which it calls in its own process or over HTTP.

mod breaker;
mod call;
mod module;
mod once;
mod passed;
mod remote;

pub(crate) use call::context;
pub use call::{Answer, Call, LARGEST_BODY, LARGEST_UPLOAD};
pub use module::{KEY_ID, Module, TIME_LEFT, router as module_router};
pub use passed::PassedThrough;
pub use remote::{Remote, RemoteConfig};

use crate::Forms;
use crate::face::{self, Method};
use crate::model::Right;
use crate::repo::KeyHolder;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, post};
use call::Methods;
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{Issue, KeyProblem, MissingRight, Problem, Resource, UpstreamFault};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use httpkit::face::FaceLayer;
use httpkit::{Dialect, Face, Refusal, Transport, body};
use module::check_state;
use std::sync::Arc;

/// The face's words for what is nobody's business rule.
#[derive(Clone, Copy, Debug)]
pub struct OpenapiV2Face;

impl Face for OpenapiV2Face {
    fn name(&self) -> &'static str {
        catalogue::Face::OpenapiV2.name()
    }

    fn internal(&self, incident: &str) -> Arc<dyn Dialect> {
        Arc::new(OpenapiV2Error::SystemError {
            incident: incident.to_owned(),
        })
    }

    /// The contract has the status in the body as well.
    fn transport_status(&self, _: Transport) -> Option<StatusCode> {
        None
    }

    fn transport(&self, transport: Transport) -> Arc<dyn Dialect> {
        let body = |problem| OpenapiV2Error::InvalidRequestParameters {
            issues: vec![Issue::at("body", problem)],
        };
        Arc::new(match transport {
            Transport::UnknownPath | Transport::WrongMethod => OpenapiV2Error::NotFound {
                what: Resource::Method,
            },
            Transport::BodyTooLarge { limit } => body(Problem::TooLarge { limit }),
            Transport::BodyIncomplete => body(Problem::Incomplete),
            Transport::RateLimited { .. } => OpenapiV2Error::TooManyRequests,
            Transport::TimedOut => OpenapiV2Error::BadGateway {
                fault: UpstreamFault::TimedOut,
            },
        })
    }
}

/// The gateway. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    forms: Forms,
    upstream: Upstream,
    methods: Methods,
}

/// Where the module is.
#[derive(Clone)]
enum Upstream {
    InProcess,
    Remote(Remote),
}

impl Gateway {
    /// A gateway whose module is in this process. It finds keys and counts requests through `forms` as well.
    pub const fn new(forms: Forms) -> Self {
        Self {
            forms,
            upstream: Upstream::InProcess,
            methods: face::METHODS,
        }
    }

    /// A gateway whose module is behind HTTP. Through `forms` it finds keys and counts requests, and does nothing else.
    pub fn over(forms: Forms, remote: Remote) -> Self {
        Self {
            upstream: Upstream::Remote(remote),
            ..Self::new(forms)
        }
    }

    /// The module, or what this gateway shares with it: keys and limits.
    pub const fn forms(&self) -> &Forms {
        &self.forms
    }

    /// Who calls, within the limit of their key.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<KeyHolder, Refusal> {
        let refuse = |problem| Refusal::from(OpenapiV2Error::Unauthorized { problem });
        let secret = bearer(headers).ok_or_else(|| refuse(KeyProblem::Missing))?;
        let holder = self.forms.key_holder(secret).await?;
        let holder = holder.ok_or_else(|| refuse(KeyProblem::Unknown))?;
        // Before limits and rights: a key that does not count has neither.
        check_state(&holder.key)?;
        if let Err(exhausted) = self.forms.count_request(&holder).await? {
            let retry_after = exhausted.retry_after;
            return Err(Transport::RateLimited { retry_after }.into());
        }
        Ok(holder)
    }

    /// Has the module carry a call out.
    pub async fn call(&self, call: Call) -> Answer {
        match &self.upstream {
            Upstream::InProcess => self.forms.carry_out(call).await,
            Upstream::Remote(remote) => remote.call(&call).await,
        }
    }

    /// The method that is called, and by whom.
    async fn admit(&self, parts: &mut Parts) -> Result<(&'static Method, KeyHolder), Refusal> {
        let method = call::named(parts, self.methods).await?;
        let holder = self.authenticate(&parts.headers).await?;
        let needed = if method.writes {
            Right::Write
        } else {
            Right::Read
        };
        if !holder.key.rights.0.contains(&needed) {
            return Err(OpenapiV2Error::Forbidden {
                right: MissingRight::Write,
            }
            .into());
        }
        Ok((method, holder))
    }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

async fn rpc(State(gateway): State<Gateway>, request: Request) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let (method, holder) = match gateway.admit(&mut parts).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            body::discard(body).await;
            return Err(refusal);
        }
    };
    let context = context(&parts)?;
    let call = Call {
        method,
        holder,
        body: body::read(body, call::largest_body(method)).await?,
        headers: parts.headers,
        context: context.clone(),
    };
    gateway.call(call).await.into_response(&context)
}

async fn unknown(request: Request) -> Refusal {
    body::discard(request.into_body()).await;
    Transport::UnknownPath.into()
}

/// The methods, under `/api/v2/rpc`, and the ancestor of the verification.
pub fn router(gateway: Gateway, layer: FaceLayer) -> Router {
    let methods = Router::new()
        .route("/rpc/{module}/{method}", post(rpc))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(gateway.clone());
    Router::new()
        .nest("/api/v2", methods)
        // What a nested router does not see.
        .route("/api/v2/", any(unknown))
        .layer(middleware::from_fn_with_state(
            layer.clone(),
            httpkit::face::layer,
        ))
        .merge(face::v1_routes(gateway, layer))
}

#[cfg(test)]
mod tests;
