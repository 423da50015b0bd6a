//! Which pages may call: all of them. A publishable key is no secret, and a secret key does not belong in a page.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

const ANY_ORIGIN: (HeaderName, HeaderValue) = (
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    HeaderValue::from_static("*"),
);

const PREFLIGHT: [(HeaderName, HeaderValue); 3] = [
    (
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    ),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Content-Type, Authorization, Idempotency-Key, Accept-Language, X-Recur-Publishable-Key, \
             X-Recur-SDK-Type, X-Recur-SDK-Version, X-Recur-Source, X-Recur-Embed-Domain",
        ),
    ),
    (
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("7200"),
    ),
];

const EXPOSED: (HeaderName, HeaderValue) = (
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    HeaderValue::from_static("Retry-After, X-Request-Id, Idempotent-Replayed"),
);

/// Answers preflight requests, and lets pages read every other answer, also refusals.
pub async fn layer(request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().extend([ANY_ORIGIN]);
        response.headers_mut().extend(PREFLIGHT);
        return response;
    }
    let mut response = next.run(request).await;
    response.headers_mut().extend([ANY_ORIGIN, EXPOSED]);
    response
}
