//! The stylesheet and the icon, compiled in.

use crate::visit::Visit;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

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

pub const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
pub const CSS: &str = "text/css; charset=utf-8";

/// A file that pages refer to.
pub struct Asset {
    path: &'static str,
    kind: &'static str,
    body: &'static str,
    version: u64,
}

impl Asset {
    pub const fn new(path: &'static str, kind: &'static str, body: &'static str) -> Self {
        Self {
            path,
            kind,
            body,
            version: fnv1a(body),
        }
    }

    /// Its address, which changes whenever the file does.
    pub fn href(&self) -> String {
        format!("{}?v={:016x}", self.path, self.version)
    }
}

/// Adds the routes of files to others.
pub fn routes(files: &[&'static Asset], others: Router) -> Router {
    let with = |router: Router, file: &&'static Asset| {
        let file = *file;
        let serve =
            move |visit: Visit| async move { asset(visit, file.body, file.kind, file.version) };
        router.route(file.path, get(serve))
    };
    files
        .iter()
        .fold(others, with)
        .layer(map_response(no_sniffing))
}

async fn no_sniffing(mut response: Response) -> Response {
    let header = (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response.headers_mut().extend([header]);
    response
}
