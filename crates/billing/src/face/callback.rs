//! Where the gateway reports to: its notices, and the buyer's browser coming back from 3-D Secure.

use crate::model::{ChargePurpose, CheckoutStatus};
use crate::{Billing, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use http::StatusCode;
use httpkit::body;

const LARGEST_NOTICE: usize = 64 * 1024;

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/callback/recur/sandbox/notify", post(sandbox_notice))
        .route("/callback/recur/live/notify", post(live_notice))
        .route("/callback/recur/sandbox/return", post(sandbox_return))
        .route("/callback/recur/live/return", post(live_return))
}

async fn sandbox_notice(State(billing): State<Billing>, body: Body) -> StatusCode {
    notice(&billing, false, body).await
}

async fn live_notice(State(billing): State<Billing>, body: Body) -> StatusCode {
    notice(&billing, true, body).await
}

/// 200 says that the gateway need not repeat it: also for what is none of ours, which repeating would not change.
async fn notice(billing: &Billing, livemode: bool, body: Body) -> StatusCode {
    let Ok(bytes) = body::read(body, LARGEST_NOTICE).await else {
        return StatusCode::BAD_REQUEST;
    };
    match billing.notice(livemode, &bytes).await {
        Ok(_) => StatusCode::OK,
        Err(error) => {
            tracing::error!(%error, "a notice of the gateway could not be taken");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn sandbox_return(State(billing): State<Billing>, body: Body) -> Response {
    come_back(&billing, false, body).await
}

async fn live_return(State(billing): State<Billing>, body: Body) -> Response {
    come_back(&billing, true, body).await
}

/// Sends the browser on. What it brings is signed by the gateway, so it counts as a notice too.
async fn come_back(billing: &Billing, livemode: bool, body: Body) -> Response {
    let next = match body::read(body, LARGEST_NOTICE).await {
        Ok(bytes) => after_three_d(billing, livemode, &bytes).await,
        Err(_) => Ok(None),
    };
    match next {
        Ok(Some(url)) => Redirect::to(&url).into_response(),
        Ok(None) => Redirect::to(&billing.url("/checkout/closed")).into_response(),
        Err(error) => {
            tracing::error!(%error, "a buyer's return could not be taken");
            Redirect::to(&billing.url("/checkout/closed")).into_response()
        }
    }
}

async fn after_three_d(billing: &Billing, livemode: bool, body: &[u8]) -> Result<Option<String>> {
    let Some((charge, _)) = billing.notice(livemode, body).await? else {
        return Ok(None);
    };
    if charge.purpose != ChargePurpose::Checkout {
        return Ok(None);
    }
    let Ok(id) = charge.reference.parse() else {
        return Ok(None);
    };
    let checkout = billing.find_checkout(id).await?;
    if let Some(session) = &checkout.session_id {
        // The hosted page shows a refusal and lets the buyer try again.
        return Ok(Some(match checkout.status {
            CheckoutStatus::Succeeded => billing.success_url(&checkout),
            _ => billing.url(&format!("/checkout/{session}")),
        }));
    }
    Ok(match checkout.status {
        CheckoutStatus::Succeeded => checkout.success_url,
        _ => checkout.cancel_url,
    })
}
