//! `/refunds`: money given back.

use super::call::{Id, Secret, SecretPost, parse};
use super::fields::{Fields, page_of};
use super::objects::refund_object;
use crate::manage::products::HIGHEST_PRICE;
use crate::model::{RefundId, RefundReason};
use crate::refund::Refunded;
use crate::repo::{Charge, Refund};
use crate::{Billing, Error, Result, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use catalogue::recur::{BadRequest, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::Value;
use store::{Tx, params};

const LONGEST_DETAIL: usize = 1000;
const OF: [&str; 3] = ["order_id", "invoice_id", "charge_id"];
/// The reasons that merchants may give; the others are this server's own.
const REASONS: &[&str] = &["REQUESTED_BY_CUSTOMER", "DUPLICATE", "FRAUDULENT", "OTHER"];

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/refunds", get(list).post(create))
        .route("/refunds/{id}", get(show))
}

/// A refund with what its charge says of it.
fn object(tx: &mut Tx<'_>, scope: &Scope, refund: &Refund) -> Result<Value> {
    let charge = Charge::first(
        tx,
        Charge::BY_ID,
        params![refund.charge_id, scope.account_id],
    )?;
    let charge = charge.ok_or(Resource::Charge)?;
    Ok(refund_object(refund, charge.amount, charge.refunded_amount))
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    let customer = fields.text("customer_id").unwrap_or_default();
    fields.finish()?;
    let (scope, wanted) = (*caller.scope(), page.clone());
    let items = billing
        .db()
        .scan(move |tx| {
            let params = params![scope.account_id, &wanted.after, wanted.limit + 1, &customer];
            let refunds = Refund::all(tx, Refund::PAGE, params)?;
            refunds
                .iter()
                .map(|refund| object(tx, &scope, refund))
                .collect::<Result<Vec<_>, Error>>()
        })
        .await?;
    Ok(Reply::ok(&page_of(
        &page,
        items,
        Clone::clone,
        scope.livemode,
    )))
}

/// What is to be refunded: the first that is named of order, invoice and charge.
fn refunded(fields: &mut Fields) -> Result<Refunded> {
    if let Some(id) = fields.text("order_id") {
        return Ok(Refunded::Order(parse(&id, Resource::Order)?));
    }
    if let Some(id) = fields.text("invoice_id") {
        return Ok(Refunded::Invoice(parse(&id, Resource::Invoice)?));
    }
    if let Some(id) = fields.text("charge_id") {
        return Ok(Refunded::Charge(parse(&id, Resource::Charge)?));
    }
    Err(BadRequest::NeedsOneOf(OF.to_vec()).into())
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let what = refunded(&mut fields);
        let amount = fields.integer("amount", 1, HIGHEST_PRICE);
        let reason = fields.choice("reason", REASONS, |name| {
            RefundReason::of(name).filter(|_| REASONS.contains(&name))
        });
        let detail = fields.text_within("reason_detail", LONGEST_DETAIL);
        let cancel = fields.boolean("cancel_subscription").unwrap_or(false);
        fields.finish()?;
        let reason = reason.unwrap_or(RefundReason::RequestedByCustomer);
        let scope = *post.scope();
        let refund = billing
            .refund(&scope, what?, amount, reason, detail, cancel)
            .await?;
        let body = billing
            .db()
            .read(move |tx| object(tx, &scope, &refund))
            .await?;
        Ok(Reply::new(StatusCode::CREATED, &body))
    })
    .await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id: RefundId = parse(&id, Resource::Refund)?;
    let scope = *caller.scope();
    let body = billing
        .db()
        .read(move |tx| {
            let refund = Refund::first(tx, Refund::BY_ID, params![id, scope.account_id])?;
            object(tx, &scope, &refund.ok_or(Resource::Refund)?)
        })
        .await?;
    Ok(Reply::ok(&body))
}
