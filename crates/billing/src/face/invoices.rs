//! `/invoices`: what running subscriptions are asked for.

use super::call::{Id, Secret, parse};
use super::lists;
use super::objects::invoice_object;
use crate::model::InvoiceId;
use crate::repo::Invoice;
use crate::{Billing, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use catalogue::recur::Resource;
use httpkit::{Refusal, Reply};
use store::{Tx, params};

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/invoices", get(list))
        .route("/invoices/{id}", get(show))
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    let customer = fields.text("customer_id").unwrap_or_default();
    let subscription = fields.text("subscription_id").unwrap_or_default();
    fields.finish()?;
    let rows = move |tx: &mut Tx<'_>, account, after: &str, limit| {
        Invoice::all(
            tx,
            Invoice::PAGE,
            params![account, after, limit, &customer, &subscription],
        )
    };
    Ok(Reply::ok(
        &lists::page(&billing, caller.scope(), page, rows, invoice_object).await?,
    ))
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id: InvoiceId = parse(&id, Resource::Invoice)?;
    let account = caller.scope().account_id;
    let find = move |tx: &mut Tx<'_>| Invoice::first(tx, Invoice::BY_ID, params![id, account]);
    let invoice = lists::row(&billing, Resource::Invoice, find).await?;
    Ok(Reply::ok(&invoice_object(&invoice)))
}
