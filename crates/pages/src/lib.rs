//! Pages for people, in three languages: here the error reference, every documented code of every face; in [`billing`]
//! the pages on which buyers pay and look after their subscriptions; in [`forms`] those that QR codes lead to; in [`my`] those
//! of people who buy credit.
//!
//! The reference needs no script and loads nothing from elsewhere; its texts come from the
//! [`catalogue`], its own words from `words.rs`.

mod ask;
mod assets;
pub mod billing;
mod example;
pub mod forms;
mod handlers;
mod links;
mod markdown;
pub mod my;
mod query;
mod search;
#[cfg(test)]
mod tests;
mod views;
mod visit;
mod words;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

const SECURITY: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];

/// `/docs/errors`, everything below it, and the assets of these pages.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/docs/errors", get(handlers::index))
        .route("/docs/errors/", get(handlers::without_slash))
        .route("/docs/errors/{face}", get(handlers::face))
        .route("/docs/errors/{face}/", get(handlers::face))
        .route("/docs/errors/{face}/{code}", get(handlers::code))
        .route(assets::STYLE_PATH, get(assets::style))
        .route(assets::MARK_PATH, get(assets::mark))
        .layer(map_response(secure))
}

async fn secure(mut response: Response) -> Response {
    response.headers_mut().extend(SECURITY);
    response
}

/// What is answered where nothing is.
pub async fn nothing_here() -> Response {
    (
        StatusCode::NOT_FOUND,
        "Nothing is here. Error codes and their pages: /docs/errors\n",
    )
        .into_response()
}
