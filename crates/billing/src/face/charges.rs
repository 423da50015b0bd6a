//! `/charges`: requests for money to the gateway.

use super::call::{Id, Secret, parse};
use super::lists;
use super::objects::charge_object;
use crate::model::ChargeId;
use crate::repo::Charge;
use crate::{Billing, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use catalogue::recur::Resource;
use httpkit::{Refusal, Reply};
use store::{Tx, params};

pub fn routes() -> Router<Billing> {
    Router::new().route("/charges/{id}", get(show))
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id: ChargeId = parse(&id, Resource::Charge)?;
    let account = caller.scope().account_id;
    let find = move |tx: &mut Tx<'_>| Charge::first(tx, Charge::BY_ID, params![id, account]);
    let charge = lists::row(&billing, Resource::Charge, find).await?;
    Ok(Reply::ok(&charge_object(&charge)))
}
