//! `/orders`: what was bought at checkouts.

use super::call::{Id, Secret, parse};
use super::lists;
use super::objects::order_object;
use crate::model::OrderId;
use crate::repo::Order;
use crate::{Billing, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use catalogue::recur::Resource;
use httpkit::{Refusal, Reply};
use store::{Tx, params};

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/orders", get(list))
        .route("/orders/{id}", get(show))
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    let customer = fields.text("customer_id").unwrap_or_default();
    fields.finish()?;
    let rows = move |tx: &mut Tx<'_>, account, after: &str, limit| {
        Order::all(tx, Order::PAGE, params![account, after, limit, &customer])
    };
    Ok(Reply::ok(
        &lists::page(&billing, caller.scope(), page, rows, order_object).await?,
    ))
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id: OrderId = parse(&id, Resource::Order)?;
    let account = caller.scope().account_id;
    let find = move |tx: &mut Tx<'_>| Order::first(tx, Order::BY_ID, params![id, account]);
    let order = lists::row(&billing, Resource::Order, find).await?;
    Ok(Reply::ok(&order_object(&order)))
}
