//! The style and the scripts, compiled in.

use crate::assets::{self, Asset, CSS, JAVASCRIPT};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub static STYLE: Asset = Asset::new(
    "/assets/billing/pages.css",
    CSS,
    include_str!("../../assets/billing.css"),
);
pub static CARD: Asset = Asset::new(
    "/assets/billing/card.js",
    JAVASCRIPT,
    include_str!("../../assets/card.js"),
);
pub static CHECKOUT: Asset = Asset::new(
    "/assets/billing/checkout.js",
    JAVASCRIPT,
    include_str!("../../assets/checkout.js"),
);
pub static ELEMENTS: Asset = Asset::new(
    "/assets/billing/elements.js",
    JAVASCRIPT,
    include_str!("../../assets/elements.js"),
);
pub static PORTAL: Asset = Asset::new(
    "/assets/billing/portal.js",
    JAVASCRIPT,
    include_str!("../../assets/portal.js"),
);
pub static CLOSED: Asset = Asset::new(
    "/assets/billing/closed.js",
    JAVASCRIPT,
    include_str!("../../assets/closed.js"),
);

static ALL: [&Asset; 6] = [&STYLE, &CARD, &CHECKOUT, &ELEMENTS, &PORTAL, &CLOSED];

/// Where a merchant's colour is a stylesheet: the pages' policy allows no style that stands in them.
const ACCENT: &str = "/assets/billing/accent/";

/// The files.
pub fn routes() -> Router {
    let accents = Router::new().route(&format!("{ACCENT}{{colour}}"), get(accent));
    assets::routes(&ALL, accents)
}

/// The stylesheet of a merchant's colour, `#rrggbb`; `None`: that is no colour.
pub fn accent_href(colour: &str) -> Option<String> {
    let digits = colour.strip_prefix('#')?;
    brightness(digits)?;
    Some(format!("{ACCENT}{digits}.css"))
}

async fn accent(ask: crate::ask::Ask) -> Response {
    let digits = ask.param("colour").strip_suffix(".css").unwrap_or_default();
    let Some(brightness) = brightness(digits) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Where black and white are equally far from a colour.
    let ink = if brightness > 0.179 {
        "#000000"
    } else {
        "#ffffff"
    };
    let style = format!("html[lang] {{ --accent: #{digits}; --accent-ink: {ink}; }}\n");
    let headers = [
        (header::CONTENT_TYPE, CSS),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, style).into_response()
}

/// The relative luminance (WCAG 2) of a colour, from 0 to 1.
fn brightness(digits: &str) -> Option<f64> {
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let linear = |at: usize| {
        let value = f64::from(u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?) / 255.0;
        Some(if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        })
    };
    Some(0.2126 * linear(0)? + 0.7152 * linear(2)? + 0.0722 * linear(4)?)
}
