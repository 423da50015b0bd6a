//! The module's side: carries calls out, for the gateway in its process or for gateways that call over HTTP.

use super::call::{self, Answer, Call, Methods};
use crate::face::params::Params;
use crate::face::{self, Caller, Data};
use crate::model::{KeyState, Right};
use crate::repo::ApiKey;
use crate::{Forms, Result, Scope};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{self, KeyProblem};
use http::{HeaderMap, HeaderName, StatusCode};
use httpkit::face::FaceLayer;
use httpkit::{Refusal, Transport, body};
use kernel::Secret;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::time::{Instant, timeout_at};

/// The header that names the key with which the client called the gateway, by its id.
pub const KEY_ID: HeaderName = HeaderName::from_static("x-api-key-id");
/// The header that says how long the gateway will wait for the answer, in milliseconds.
pub const TIME_LEFT: HeaderName = HeaderName::from_static("x-time-left-ms");

impl Forms {
    /// Carries out a call.
    pub async fn carry_out(&self, call: Call) -> Answer {
        let attempted = async {
            check_state(&call.holder.key)?;
            match call.idempotency_key()? {
                Some(key) => {
                    let locale = call.context.locale;
                    let method = call.method.name;
                    self.once(key, method, locale, self.run(call)).await
                }
                None => Ok(self.run(call).await.map_err(Refusal::from).into()),
            }
        };
        attempted
            .await
            .unwrap_or_else(|refusal| Err(refusal).into())
    }

    async fn run(&self, call: Call) -> Result<Data> {
        let once = call.idempotency_key()?;
        let key = call.holder.key;
        let caller = Caller {
            once: once.map(|once| format!("{}:{}", once.scope, once.key)),
            may_reverse: key.rights.0.contains(&Right::Reverse),
            locale: call.context.locale,
            scope: Scope {
                org_id: key.org_id,
                org_code: call.holder.org_code,
                api_key_id: Some(key.api_key_id),
                project_ids: key.project_ids.0,
                now: self.now(),
            },
        };
        let params = Params::of_body(&call.body)?;
        (call.method.run)(self.clone(), caller, params).await
    }
}

/// Whether the key counts. The gateway asks first, and the module again: it may be called by others.
pub(super) fn check_state(key: &ApiKey) -> Result<(), OpenapiV2Error> {
    let state = match key.state {
        KeyState::Enabled => return Ok(()),
        KeyState::Disabled => openapi_v2::KeyState::Disabled,
        KeyState::Revoked => openapi_v2::KeyState::Revoked,
    };
    Err(OpenapiV2Error::ApiKeyDisabled { state })
}

/// A module that gateways call over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct Module {
    pub(super) forms: Forms,
    pub(super) methods: Methods,
    /// SHA-256 of what gateways know.
    pub(super) secret: [u8; 32],
}

impl Module {
    /// A module that serves whoever knows `secret`.
    pub fn new(forms: Forms, secret: &Secret<String>) -> Self {
        Self {
            forms,
            methods: face::METHODS,
            secret: Sha256::digest(secret.expose().as_bytes()).into(),
        }
    }

    fn trusts(&self, headers: &HeaderMap) -> bool {
        let presented = super::bearer(headers).unwrap_or_default();
        let presented: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        presented.ct_eq(&self.secret).into()
    }
}

/// The time at which the gateway will have given up.
fn deadline(headers: &HeaderMap) -> Option<Instant> {
    let text = headers.get(TIME_LEFT)?.to_str().ok()?;
    Instant::now().checked_add(Duration::from_millis(text.parse().ok()?))
}

/// Waits for something up to a time, if there is one.
async fn up_to<T>(deadline: Option<Instant>, run: impl Future<Output = T>) -> Result<T, Transport> {
    match deadline {
        Some(deadline) => timeout_at(deadline, run)
            .await
            .map_err(|_| Transport::TimedOut),
        None => Ok(run.await),
    }
}

async fn serve(State(module): State<Module>, request: Request) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let deadline = deadline(&parts.headers);
    if !module.trusts(&parts.headers) {
        body::discard(body).await;
        tracing::warn!("refused a call that does not know the gateways' secret");
        // In no envelope: it is nobody's API key that is wrong.
        return Ok((StatusCode::FORBIDDEN, "the secret is wrong\n").into_response());
    }
    let found = async {
        let method = call::named(&mut parts, module.methods).await?;
        let id = parts.headers.get(KEY_ID).and_then(|id| id.to_str().ok());
        let holder = match id.and_then(|id| id.parse().ok()) {
            Some(id) => module.forms.key_by_id(id).await?,
            None => None,
        };
        let problem = KeyProblem::Unknown;
        let holder = holder.ok_or(OpenapiV2Error::Unauthorized { problem })?;
        Ok::<_, Refusal>((method, holder))
    };
    let (method, holder) = match found.await {
        Ok(found) => found,
        Err(refusal) => {
            body::discard(body).await;
            return Err(refusal);
        }
    };
    let context = call::context(&parts)?;
    let call = Call {
        body: up_to(deadline, body::read(body, call::largest_body(method))).await??,
        method,
        holder,
        headers: parts.headers,
        context: context.clone(),
    };
    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        return Err(Transport::TimedOut.into());
    }
    // In a task of its own: what has begun is not stopped half-way, only no longer waited for.
    let running = tokio::spawn(async move { module.forms.carry_out(call).await });
    match up_to(deadline, running).await? {
        Ok(answer) => answer.into_response(&context),
        Err(died) => match died.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(Refusal::internal(error)),
        },
    }
}

/// `POST /module/{module}/{method}`, for gateways. `layer` is the one of the face.
pub fn router(module: Module, layer: FaceLayer) -> Router {
    let methods = Router::new()
        .route("/{module}/{method}", post(serve))
        .fallback(super::unknown)
        .method_not_allowed_fallback(super::unknown)
        .with_state(module);
    Router::new()
        .nest("/module", methods)
        .layer(middleware::from_fn_with_state(layer, httpkit::face::layer))
}
