//! The pages of people who buy credit: sign in, see what their organizations have, and top up.
//!
//! A session is that of the API: the cookie holds its access token, for these pages only and out of reach of scripts. There is no
//! captcha here, as the API has one for signing in: a form counts only if it was fetched from here by the same browser, and attempts are
//! throttled by account and address. Every form carries a token that only pages of the session know. Nothing needs a script.

mod charge;
mod frame;
mod home;
mod session;
mod sign_in;
mod top_up;
mod words;

use crate::assets::{self, Asset, CSS, JAVASCRIPT};
use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use orders::Orders;

static STYLE: Asset = Asset::new(
    "/assets/my/pages.css",
    CSS,
    concat!(
        include_str!("../../assets/billing.css"),
        include_str!("../../assets/my.css")
    ),
);
static GO: Asset = Asset::new(
    "/assets/my/go.js",
    JAVASCRIPT,
    include_str!("../../assets/go.js"),
);

/// The first page.
const HOME: &str = "/my";
const SIGN_IN: &str = "/my/sign-in";

/// `/my`, everything below it, and `/assets/my/…`.
pub fn router(orders: Orders) -> Router {
    let pages = Router::new()
        .route(HOME, get(home::page))
        .route(SIGN_IN, get(sign_in::page).post(sign_in::submit))
        .route(
            "/my/sign-out",
            get(sign_in::signed_out).post(sign_in::sign_out),
        )
        .route(
            "/my/{organization_id}/top-up",
            get(top_up::page).post(top_up::submit),
        )
        .route("/my/charges/{credit_charge_id}", get(charge::page))
        .route(
            "/my/charges/{credit_charge_id}/pay",
            get(charge::instead).post(charge::pay),
        )
        .route(
            "/my/charges/{credit_charge_id}/cancel",
            get(charge::instead).post(charge::cancel),
        )
        .layer(map_response(keep_private))
        .with_state(orders);
    pages.merge(assets::routes(&[&STYLE, &GO], Router::new()))
}

async fn keep_private(mut response: Response) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}
