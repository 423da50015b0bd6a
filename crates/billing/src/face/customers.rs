//! `/customers`: who buys.

use super::call::{Id, Secret, SecretPost, parse};
use super::fields::{Fields, page_of};
use super::objects::customer_object;
use crate::manage::customers::CustomerDraft;
use crate::model::{CustomerStatus, email_key};
use crate::repo::{Customer, counts};
use crate::{Billing, Error, Result};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use catalogue::recur::{Problem, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::Value;
use store::params;

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/customers", get(list).post(create))
        .route("/customers/{id}", get(show).patch(update).post(update))
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    let email = fields
        .text("email")
        .map(|email| email_key(&email))
        .unwrap_or_default();
    let status = fields.choice("status", CustomerStatus::NAMES, CustomerStatus::of);
    fields.finish()?;
    let (account, livemode) = (caller.scope().account_id, caller.scope().livemode);
    let (wanted, status) = (page.clone(), status.map_or("", CustomerStatus::name));
    let items = billing
        .db()
        .scan(move |tx| {
            let params = params![account, &wanted.after, wanted.limit + 1, &email, status];
            let mut items = Vec::new();
            for customer in Customer::all(tx, Customer::PAGE, params)? {
                items.push(item(&customer, counts(tx, customer.customer_id)?));
            }
            Ok::<_, Error>(items)
        })
        .await?;
    Ok(Reply::ok(&page_of(&page, items, Clone::clone, livemode)))
}

/// A customer in a list, which says once for all of them whether money really moves.
fn item(customer: &Customer, (subscriptions, orders): (i64, i64)) -> Value {
    let mut item = customer_object(customer, false);
    if let Some(item) = item.as_object_mut() {
        item.remove("livemode");
        item.insert("subscriptions_count".into(), subscriptions.into());
        item.insert("orders_count".into(), orders.into());
    }
    item
}

fn draft(fields: &mut Fields) -> CustomerDraft {
    CustomerDraft {
        name: fields.nullable("name", |f, n| f.text_within(n, 200)),
        external_id: fields.nullable("external_id", |f, n| f.text_within(n, 200)),
        status: fields.choice("status", CustomerStatus::NAMES, CustomerStatus::of),
        metadata: fields.object("metadata"),
    }
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let email = match fields.required_text("email").as_str() {
            "" => None,
            _ => fields.email("email"),
        };
        let draft = draft(&mut fields);
        fields.finish()?;
        let customer = billing
            .create_customer(post.scope(), email.unwrap_or_default(), draft)
            .await?;
        Ok(Reply::new(
            StatusCode::CREATED,
            &customer_object(&customer, post.scope().livemode),
        ))
    })
    .await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::Customer)?;
    let customer = billing.customer(caller.scope(), id).await?;
    Ok(Reply::ok(&customer_object(
        &customer,
        caller.scope().livemode,
    )))
}

async fn update(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let id = parse(&post.path("id").await, Resource::Customer)?;
    let mut fields = post.fields()?;
    if fields.has("email") {
        fields.wrong("email", Problem::NotAllowedHere);
    }
    let draft = draft(&mut fields);
    fields.finish()?;
    let customer = billing.update_customer(post.scope(), id, draft).await?;
    Ok(Reply::ok(&customer_object(
        &customer,
        post.scope().livemode,
    )))
}
