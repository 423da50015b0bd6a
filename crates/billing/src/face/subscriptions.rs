//! `/subscriptions`: what customers have, and what can be done with it.

use super::call::{Caller, Id, Post, Secret, SecretPost, parse};
use super::checkouts::{begun_object, buyer_of, origin_of, product_of};
use super::fields::page_of;
use super::objects::{invoice_object, subscription_object};
use crate::change::Switch;
use crate::checkout::{Identify, NewCheckout, ProductRef};
use crate::customers::recognize;
use crate::events::instant;
use crate::model::proration::Timing;
use crate::model::{Buyer, Purpose, Status, SubscriptionId};
use crate::repo::{Customer, Product, Subscription};
use crate::{Billing, Error, Result, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::recur::Resource;
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use store::{Tx, params};

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/subscriptions", get(list).post(create))
        .route("/subscriptions/{id}", get(show).delete(cancel_now))
        .route("/subscriptions/{id}/cancel", post(cancel))
        .route("/subscriptions/{id}/resume", post(resume))
        .route("/subscriptions/{id}/pause", post(pause))
        .route("/subscriptions/{id}/switch", post(switch))
        .route("/subscriptions/{id}/switch/preview", post(preview))
        .route(
            "/subscriptions/{id}/schedule",
            axum::routing::delete(unschedule),
        )
}

async fn create(State(billing): State<Billing>, post: Post) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        if !fields.has("customer_email") {
            fields.missing("customer_email");
        }
        let new = NewCheckout {
            product: product_of(&mut fields),
            purpose: Some(Purpose::Subscription),
            buyer: buyer_of(&mut fields),
            look_for_duplicate: Identify::EmailOrExternalId,
            promotion_code: fields.text("promotion_code"),
            success_url: fields.url("success_url"),
            cancel_url: fields.url("cancel_url"),
            metadata: super::sessions::metadata(&post.caller, &mut fields)?,
            origin: Some(origin_of(&post.caller.headers, &billing)),
            payment_link_id: None,
        };
        fields.finish()?;
        let begun = billing.begin_checkout(post.scope(), new).await?;
        Ok(Reply::new(
            StatusCode::CREATED,
            &begun_object(&begun, post.scope().livemode),
        ))
    })
    .await
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    let customer_id = fields.text("customer_id");
    let buyer = Buyer {
        email: fields.text("email"),
        external_id: fields.text("external_id"),
        name: None,
    };
    let (product_id, slug) = (fields.text("product_id"), fields.text("product_slug"));
    let active = fields.boolean("active").unwrap_or(false);
    let status = fields.choice("status", Status::NAMES, Status::of);
    fields.finish()?;
    let scope = *caller.scope();
    let (account, wanted) = (scope.account_id, page.clone());
    let found = billing
        .db()
        .read(move |tx| {
            let by_customer = customer_id.is_some() || buyer != Buyer::default();
            let customer = match &customer_id {
                Some(id) => Customer::first(tx, Customer::BY_ID, params![id, account])?,
                None => recognize(tx, account, &buyer)?,
            };
            let product =
                match (&product_id, &slug) {
                    (Some(id), _) => Some(id.clone()),
                    (None, Some(slug)) => {
                        let found = Product::first(tx, Product::BY_SLUG, params![slug, account])?;
                        Some(found.map_or_else(
                            || "none".into(),
                            |product| product.product_id.to_string(),
                        ))
                    }
                    (None, None) => None,
                };
            let customer = match (customer, by_customer) {
                (None, true) => return Ok((Vec::new(), false)),
                (customer, _) => customer,
            };
            let customer_id = customer
                .as_ref()
                .map(|c| c.customer_id.to_string())
                .unwrap_or_default();
            let product = product.unwrap_or_default();
            let status = status.map_or("", Status::name);
            let rows = Subscription::all(
                tx,
                Subscription::PAGE,
                params![
                    account,
                    &wanted.after,
                    wanted.limit + 1,
                    &customer_id,
                    &product,
                    active,
                    status
                ],
            )?;
            let valid = Subscription::all(
                tx,
                Subscription::PAGE,
                params![account, "", 1, &customer_id, &product, true, ""],
            )?;
            let mut objects = Vec::new();
            for row in &rows {
                objects.push(object_of(tx, &scope, row, !by_customer)?);
            }
            Ok::<_, Error>((objects, !valid.is_empty()))
        })
        .await;
    let (objects, any) = found?;
    let mut body = page_of(&page, objects, Clone::clone, scope.livemode);
    body.insert("has_active_subscription".into(), any.into());
    // The older name of the same list.
    body.insert(
        "subscriptions".into(),
        body.get("data").cloned().unwrap_or_default(),
    );
    Ok(Reply::ok(&body))
}

/// A subscription as it is answered, with its customer where the list is not of one customer.
fn object_of(
    tx: &mut Tx<'_>,
    scope: &Scope,
    subscription: &Subscription,
    with_customer: bool,
) -> Result<Value> {
    let account = scope.account_id;
    let product = Product::first(
        tx,
        Product::BY_ID,
        params![subscription.product_id, account],
    )?
    .ok_or(Resource::Product)?;
    let mut object = subscription_object(subscription, &product);
    if with_customer
        && let Some(customer) = Customer::first(
            tx,
            Customer::BY_ID,
            params![subscription.customer_id, account],
        )?
        && let Some(object) = object.as_object_mut()
    {
        object.insert(
            "customer".into(),
            json!({
                "id": customer.customer_id,
                "email": customer.email,
                "name": customer.name,
                "external_id": customer.external_id,
            }),
        );
    }
    Ok(object)
}

async fn answer(billing: &Billing, scope: &Scope, subscription: Subscription) -> Result<Value> {
    let scope = *scope;
    billing
        .db()
        .read(move |tx| object_of(tx, &scope, &subscription, true))
        .await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let subscription = found(&billing, &caller, &id).await?;
    Ok(Reply::ok(
        &answer(&billing, caller.scope(), subscription).await?,
    ))
}

async fn found(billing: &Billing, caller: &Caller, id: &str) -> Result<Subscription> {
    let id: SubscriptionId = parse(id, Resource::Subscription)?;
    billing.subscription(caller.scope(), id).await
}

async fn cancel(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let later = fields.boolean("cancel_at_period_end").unwrap_or(true);
        let reason = fields.text("reason");
        fields.finish()?;
        let id = parse(&id, Resource::Subscription)?;
        let subscription = billing.cancel(post.scope(), id, later, reason).await?;
        Ok(Reply::ok(
            &answer(&billing, post.scope(), subscription).await?,
        ))
    })
    .await
}

async fn cancel_now(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::Subscription)?;
    let subscription = billing.cancel(caller.scope(), id, false, None).await?;
    Ok(Reply::ok(
        &answer(&billing, caller.scope(), subscription).await?,
    ))
}

async fn resume(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let id = parse(&id, Resource::Subscription)?;
        let subscription = billing.resume(post.scope(), id).await?;
        Ok(Reply::ok(
            &answer(&billing, post.scope(), subscription).await?,
        ))
    })
    .await
}

async fn pause(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let id = parse(&id, Resource::Subscription)?;
        let subscription = billing.pause(post.scope(), id).await?;
        Ok(Reply::ok(
            &answer(&billing, post.scope(), subscription).await?,
        ))
    })
    .await
}

/// The product switched to.
fn target(post: &Post) -> Result<ProductRef> {
    let mut fields = post.fields()?;
    let target = if fields.has("target_product_slug") && !fields.has("target_product_id") {
        ProductRef::Slug(fields.text("target_product_slug").unwrap_or_default())
    } else {
        ProductRef::Id(fields.required_text("target_product_id"))
    };
    fields.finish()?;
    Ok(target)
}

async fn switch(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let target = target(&post)?;
        let id = parse(&id, Resource::Subscription)?;
        let switch = billing.switch(post.scope(), id, target).await?;
        Ok(Reply::ok(&switched(&billing, post.scope(), switch).await?))
    })
    .await
}

async fn switched(billing: &Billing, scope: &Scope, switch: Switch) -> Result<Value> {
    let mut body = switch_object(&switch);
    let subscription = answer(billing, scope, switch.subscription).await?;
    if let Some(body) = body.as_object_mut() {
        body.insert("success".into(), true.into());
        body.insert("subscription".into(), subscription);
        let invoice = switch.invoice.as_ref().map(invoice_object);
        body.insert("invoice".into(), invoice.unwrap_or_default());
    }
    Ok(body)
}

fn switch_object(switch: &Switch) -> Value {
    let at_once = switch.timing == Timing::Immediate;
    let quote = &switch.quote;
    json!({
        "switch_type": switch.kind,
        "effective": switch.timing,
        "scheduled_for": (!at_once).then(|| instant(switch.subscription.current_period_end)),
        "target_product_id": switch.target.product_id,
        "amount_due": if at_once { quote.amount_due } else { 0 },
        "proration": at_once.then(|| json!({
            "credit": quote.credit,
            "charge": quote.charge,
            "credit_left": quote.credit_left,
        })),
        "currency": "TWD",
    })
}

async fn preview(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let id = post.path("id").await;
    let target = target(&post)?;
    let id = parse(&id, Resource::Subscription)?;
    let switch = billing.preview_switch(post.scope(), id, target).await?;
    Ok(Reply::ok(&switch_object(&switch)))
}

async fn unschedule(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::Subscription)?;
    let subscription = billing.unschedule(caller.scope(), id).await?;
    Ok(Reply::ok(
        &answer(&billing, caller.scope(), subscription).await?,
    ))
}
