//! `/payment-links`: permanent addresses at which one product is sold.

use super::call::{Id, Secret, SecretPost, parse};
use super::checkouts::product_of;
use super::fields::{Fields, page_of};
use super::objects::payment_link_object;
use crate::manage::payment_links::{NewPaymentLink, PaymentLinkChange, with_product};
use crate::repo::{CollectPaymentMethod, PaymentLink, Product};
use crate::{Billing, Error, Result, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use catalogue::recur::{Problem, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::Value;
use store::params;

const MOST_COMPLETIONS: i64 = 1_000_000_000;

/// What cannot be changed: the address stands for it.
const FIXED: [&str; 4] = [
    "product_id",
    "product_slug",
    "promotion_code",
    "collect_payment_method",
];

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/payment-links", get(list).post(create))
        .route("/payment-links/{id}", get(show).patch(update).post(update))
}

fn object(billing: &Billing, scope: &Scope, (link, product): &(PaymentLink, Product)) -> Value {
    payment_link_object(
        link,
        product,
        &billing.payment_link_url(link),
        scope.livemode,
    )
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    fields.finish()?;
    let (scope, wanted) = (*caller.scope(), page.clone());
    let links = billing
        .db()
        .scan(move |tx| {
            let params = params![scope.account_id, &wanted.after, wanted.limit + 1];
            let links = PaymentLink::all(tx, PaymentLink::PAGE, params)?;
            links
                .into_iter()
                .map(|link| with_product(tx, link))
                .collect::<Result<Vec<_>, Error>>()
        })
        .await?;
    let list = page_of(
        &page,
        links,
        |link| object(&billing, &scope, link),
        scope.livemode,
    );
    Ok(Reply::ok(&list))
}

fn change(fields: &mut Fields) -> PaymentLinkChange {
    PaymentLinkChange {
        active: fields.boolean("active"),
        success_url: fields.nullable("success_url", Fields::url),
        max_completions: fields
            .nullable("max_completions", |f, n| f.integer(n, 1, MOST_COMPLETIONS)),
        metadata: fields.nullable("metadata", Fields::object),
    }
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let names = CollectPaymentMethod::NAMES;
        let new = NewPaymentLink {
            product: product_of(&mut fields),
            promotion_code: fields.text("promotion_code"),
            collect_payment_method: fields
                .choice("collect_payment_method", names, CollectPaymentMethod::of)
                .unwrap_or(CollectPaymentMethod::Always),
            change: change(&mut fields),
        };
        fields.finish()?;
        let link = billing.create_payment_link(post.scope(), new).await?;
        Ok(Reply::new(
            StatusCode::CREATED,
            &object(&billing, post.scope(), &link),
        ))
    })
    .await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::PaymentLink)?;
    let link = billing.payment_link(caller.scope(), id).await?;
    Ok(Reply::ok(&object(&billing, caller.scope(), &link)))
}

async fn update(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let id = parse(&post.path("id").await, Resource::PaymentLink)?;
    let mut fields = post.fields()?;
    for name in FIXED {
        if fields.has(name) {
            fields.wrong(name, Problem::NotAllowedHere);
        }
    }
    let change = change(&mut fields);
    fields.finish()?;
    let link = billing
        .update_payment_link(post.scope(), id, change)
        .await?;
    Ok(Reply::ok(&object(&billing, post.scope(), &link)))
}
