//! The stylesheet and the icon, compiled in.

use crate::visit::Visit;
use axum::http::header;
use axum::response::IntoResponse;

pub const STYLE_PATH: &str = "/docs/assets/errors.css";
pub const MARK_PATH: &str = "/docs/assets/errors.svg";

const STYLE: &str = include_str!("../assets/errors.css");
const MARK: &str = include_str!("../assets/mark.svg");
const STYLE_VERSION: u64 = fnv1a(STYLE);
const MARK_VERSION: u64 = fnv1a(MARK);

/// The stylesheet's address, which changes whenever the stylesheet does.
pub fn style_href() -> String {
    format!("{STYLE_PATH}?v={STYLE_VERSION:016x}")
}

/// The icon's address.
pub fn mark_href() -> String {
    format!("{MARK_PATH}?v={MARK_VERSION:016x}")
}

pub async fn style(visit: Visit) -> impl IntoResponse {
    asset(visit, STYLE, "text/css; charset=utf-8", STYLE_VERSION)
}

pub async fn mark(visit: Visit) -> impl IntoResponse {
    asset(visit, MARK, "image/svg+xml", MARK_VERSION)
}

/// Cached for good, but only under the address of just this version.
pub fn asset(
    visit: Visit,
    body: &'static str,
    kind: &'static str,
    version: u64,
) -> impl IntoResponse {
    let caching = if visit.version == format!("{version:016x}") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, caching),
        ],
        body,
    )
}

/// FNV-1a, 64 bits: enough to tell one build's asset from another's.
pub const fn fnv1a(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}
