//! A module behind HTTP.

use super::breaker::Breaker;
use super::call::{Answer, Call};
use super::module::{KEY_ID, TIME_LEFT};
use super::passed;
use bytes::Bytes;
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::UpstreamFault;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use httpkit::face::REQUEST_ID;
use httpkit::{idempotency, outgoing};
use kernel::{Clock, Secret};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a module is reached.
#[derive(Clone, Debug)]
pub struct RemoteConfig {
    /// Its address, without a slash at the end.
    pub url: String,
    /// What it knows its gateways by.
    pub secret: Secret<String>,
    /// How long a call may take, repetition included.
    pub timeout: Duration,
    /// Largest answer that is read, in bytes.
    pub largest_answer: usize,
    /// After how many failures in a row it is left alone.
    pub failures: u32,
    /// For how long.
    pub pause: Duration,
}

impl RemoteConfig {
    /// The module at `url`, with what is usual.
    pub fn new(url: impl Into<String>, secret: Secret<String>, timeout: Duration) -> Self {
        Self {
            url: url.into(),
            secret,
            timeout,
            largest_answer: 32 * 1024 * 1024,
            failures: 5,
            pause: Duration::from_secs(5),
        }
    }
}

/// A module behind HTTP. Cheap to clone.
#[derive(Clone)]
pub struct Remote {
    inner: Arc<Inner>,
}

struct Inner {
    config: RemoteConfig,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    breaker: Mutex<Breaker>,
}

/// An HTTP answer that arrived completely, or was too large to be read.
struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Remote {
    /// The module, not yet connected to. `clock` times the breaker's pauses.
    pub fn new(config: RemoteConfig, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            inner: Arc::new(Inner {
                http: outgoing::client(config.timeout)?,
                breaker: Mutex::new(Breaker::new(config.failures, config.pause)),
                config,
                clock,
            }),
        })
    }

    /// Has the module carry out a call. What cannot do harm twice is tried twice.
    pub async fn call(&self, call: &Call) -> Answer {
        let deadline = Instant::now() + self.inner.config.timeout;
        let repeatable =
            !call.method.writes || call.headers.contains_key(idempotency::IDEMPOTENCY_KEY);
        let answer = match self.attempt(call, deadline).await {
            Err(fault) if repeatable && fault != UpstreamFault::Resting => {
                match self.attempt(call, deadline).await {
                    // The first may have been carried out: what to tell the client is its fault.
                    Err(_) => Err(fault),
                    answered => answered,
                }
            }
            answered => answered,
        };
        answer.unwrap_or_else(|fault| {
            let label = format!("{fault:?}");
            metrics::counter!("forms_upstream_faults_total", "fault" => label).increment(1);
            Err(OpenapiV2Error::BadGateway { fault }.into()).into()
        })
    }

    async fn attempt(&self, call: &Call, deadline: Instant) -> Result<Answer, UpstreamFault> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.as_millis() == 0 {
            return Err(UpstreamFault::TimedOut);
        }
        let Inner { clock, breaker, .. } = &*self.inner;
        let breaker = || breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = breaker().admit(clock.now()).ok_or(UpstreamFault::Resting)?;
        let received = self.exchange(call, left).await;
        breaker().report(admitted, received.is_ok(), clock.now());
        let received = received?;
        let body = received
            .body
            .as_deref()
            .filter(|_| is_json(&received.headers));
        let outcome = passed::read(received.status, body).inspect_err(|_| {
            let request_id = &*call.context.id;
            let status = received.status.as_u16();
            tracing::warn!(request_id, status, "the module's answer cannot be read");
        })?;
        Ok(Answer {
            outcome,
            replayed: received.headers.contains_key(idempotency::REPLAYED),
        })
    }

    /// One request. The faults are those of the connection.
    async fn exchange(&self, call: &Call, left: Duration) -> Result<Received, UpstreamFault> {
        let config = &self.inner.config;
        let fault = |error: reqwest::Error| {
            tracing::warn!(request_id = &*call.context.id, error = ?error, "the module does not answer");
            if error.is_connect() {
                UpstreamFault::Unreachable
            } else if error.is_timeout() {
                UpstreamFault::TimedOut
            } else {
                UpstreamFault::Unreadable
            }
        };
        let mut response = self
            .inner
            .http
            .post(format!("{}/module/{}", config.url, call.method.name))
            .bearer_auth(config.secret.expose())
            .headers(headers(call, left))
            .body(call.body.clone())
            .timeout(left)
            .send()
            .await
            .map_err(fault)?;
        let mut body = Some(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(fault)? {
            body = body.filter(|body| body.len() + chunk.len() <= config.largest_answer);
            match &mut body {
                Some(body) => body.extend_from_slice(&chunk),
                None => break,
            }
        }
        Ok(Received {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.map(Bytes::from),
        })
    }
}

/// What the module is told of a call besides method and body.
fn headers(call: &Call, left: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in [header::ACCEPT_LANGUAGE, idempotency::IDEMPOTENCY_KEY] {
        for value in call.headers.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(KEY_ID, call.holder.key.api_key_id.into());
    let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    headers.insert(TIME_LEFT, left.into());
    if let Ok(id) = HeaderValue::from_str(&call.context.id) {
        headers.insert(REQUEST_ID, id);
    }
    headers
}

/// Whether an answer is JSON by its own account.
fn is_json(headers: &HeaderMap) -> bool {
    let text = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
