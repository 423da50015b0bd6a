//! `/callback/pay-uni`: what the gateway reports about payments, by its server and through the payer's browser. There is no key: what
//! is posted proves itself.

use super::call::PathIds;
use super::limits::LARGEST_BODY;
use crate::Orders;
use crate::model::{ChargeId, Via};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use catalogue::PlatformError;
use httpkit::{Refusal, body};

pub fn routes() -> Router<Orders> {
    Router::new()
        .route("/pay-uni/notify", post(notify))
        .route("/pay-uni/return/{credit_charge_id}", post(come_back))
}

/// The gateway repeats a notice until it is answered with this.
const TAKEN: &str = "SUCCESS";

async fn notify(State(orders): State<Orders>, request: Request) -> Result<Response, Refusal> {
    let body = body::read(request.into_body(), LARGEST_BODY).await?;
    orders.take_notice(&body, Via::Notify).await?;
    Ok(TAKEN.into_response())
}

/// The payer is sent on to where the charge came from, whatever became of the payment.
async fn come_back(
    State(orders): State<Orders>,
    ids: PathIds,
    request: Request,
) -> Result<Response, Refusal> {
    let id: ChargeId = ids.id("credit_charge_id")?;
    let body = body::read(request.into_body(), LARGEST_BODY).await?;
    let settled = orders.take_notice(&body, Via::Return).await?;
    let charge = settled.map(|settled| settled.charge);
    let charge = charge.filter(|charge| charge.credit_charge_id == id);
    let charge = charge.ok_or(PlatformError::PayUniOrderNotFound)?;
    Ok(Redirect::to(&charge.way_back(orders.public_url())).into_response())
}
