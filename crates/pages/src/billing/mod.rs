//! The pages of subscription billing for people: hosted checkout, buy links, the customer portal, and the forms that
//! merchants' pages embed.
//!
//! The address of a checkout or a portal is what gives access, so no page tells anybody where it was: no referrer,
//! nothing cached. Pages load nothing but their own style and scripts and the card gateway's script. What they post must come
//! from a page of this server.

mod answer;
mod assets;
mod buy;
mod checkout;
mod embed;
mod frame;
mod portal;
mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod words;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use billing::Billing;

/// `/checkout/…`, `/buy/…`, `/portal/…`, `/embed/…` and `/assets/billing/…`.
pub fn router(billing: Billing) -> Router {
    let pages = Router::new()
        .route("/checkout/closed", get(checkout::window_closed))
        .route("/checkout/{session}", get(checkout::page))
        .route("/checkout/{session}/status", get(checkout::status))
        .route("/checkout/{session}/buyer", post(checkout::set_buyer))
        .route(
            "/checkout/{session}/coupon",
            post(checkout::apply_code).delete(checkout::remove_code),
        )
        .route("/checkout/{session}/token", post(checkout::renew_token))
        .route("/checkout/{session}/pay", post(checkout::pay))
        .route("/buy/{segment}", get(buy::open))
        .route("/embed/checkout", get(embed::checkout))
        .route("/embed/elements", get(embed::elements))
        .route("/embed/elements/session", post(embed::begin))
        .merge(portal::routes())
        .layer(map_response(keep_private))
        .with_state(billing);
    pages.merge(assets::routes())
}

async fn keep_private(mut response: Response) -> Response {
    response.headers_mut().extend([
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ]);
    response
}
