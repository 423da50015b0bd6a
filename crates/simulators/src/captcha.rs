//! A captcha service that speaks the siteverify protocol, and knows the keys that the real ones give away for tests.
//!
//! # Test secrets
//!
//! | secret | whose | what happens |
//! |---|---|---|
//! | `1x0000000000000000000000000000000AA` | Turnstile | every token passes |
//! | `2x0000000000000000000000000000000AA` | Turnstile | no token passes: `invalid-input-response` |
//! | `3x0000000000000000000000000000000AA` | Turnstile | every token was used before: `timeout-or-duplicate` |
//! | `6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe` | reCAPTCHA | every token passes |
//! | `0x0000000000000000000000000000000000000000` | hCaptcha | `10000000-aaaa-bbbb-cccc-000000000001` passes, others: `not-using-dummy-passcode` |
//! | anything else | | `invalid-input-secret` |
//!
//! # Test tokens
//!
//! | token | what happens |
//! |---|---|
//! | `down` | HTTP 503 |
//! | `html` | a page of HTML |

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::post;
use axum::{Router, body};
use serde_json::json;
use std::collections::HashMap;

const LARGEST_BODY: usize = 64 * 1024;
/// The one token of hCaptcha's test secret.
const PASSCODE: &str = "10000000-aaaa-bbbb-cccc-000000000001";

/// `POST /siteverify`, which is the whole protocol.
pub fn captcha_service() -> Router {
    Router::new().route("/siteverify", post(siteverify))
}

async fn siteverify(body: Body) -> Response {
    let Ok(bytes) = body::to_bytes(body, LARGEST_BODY).await else {
        return refuse("bad-request");
    };
    let form: HashMap<String, String> = form_urlencoded::parse(&bytes).into_owned().collect();
    let field = |name| form.get(name).map_or("", String::as_str);
    let (secret, token) = (field("secret"), field("response"));
    match token {
        "down" => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "html" => return Html("<title>Not JSON</title>").into_response(),
        _ => {}
    }
    match secret {
        "" => refuse("missing-input-secret"),
        _ if token.is_empty() => refuse("missing-input-response"),
        "1x0000000000000000000000000000000AA" => pass("example.com"),
        "2x0000000000000000000000000000000AA" => refuse("invalid-input-response"),
        "3x0000000000000000000000000000000AA" => refuse("timeout-or-duplicate"),
        "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe" => pass("testkey.google.com"),
        "0x0000000000000000000000000000000000000000" if token == PASSCODE => pass("dummy-key-pass"),
        "0x0000000000000000000000000000000000000000" => refuse("not-using-dummy-passcode"),
        _ => refuse("invalid-input-secret"),
    }
}

fn pass(hostname: &str) -> Response {
    json_of(&json!({
        "success": true,
        "challenge_ts": "2026-06-02T04:30:00.000Z",
        "hostname": hostname,
        "error-codes": [],
    }))
}

fn refuse(code: &str) -> Response {
    json_of(&json!({"success": false, "error-codes": [code]}))
}

fn json_of(value: &serde_json::Value) -> Response {
    let kind = [("content-type", "application/json")];
    (kind, value.to_string()).into_response()
}
