//! `/checkouts`: a checkout on the merchant's own page, and what the browser SDK asks of it.

use super::call::{Caller, Id, LARGEST_BODY, Open, Post, parse};
use super::fields::{Fields, time};
use super::objects::{charge_object, discount_object, failure_message};
use crate::checkout::{Begun, Identify, NewCheckout, Paid, ProductRef};
use crate::events::instant;
use crate::model::{Buyer, CheckoutId, Failure, KeyKind};
use crate::repo::{Charge, Checkout, Product, Subscription};
use crate::{Billing, Error, Result, change, digest};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use catalogue::RecurError;
use catalogue::recur::{BadRequest, PaymentFailure, Resource};
use http::{HeaderMap, StatusCode};
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use store::{StoreError, params};
use subtle::ConstantTimeEq as _;

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/checkouts", post(create))
        .route("/checkouts/{id}", get(show))
        .route("/checkouts/{id}/status", get(status))
        .route("/checkouts/{id}/pay", post(pay))
        .route(
            "/checkouts/{id}/coupon",
            post(apply_coupon).delete(remove_coupon),
        )
        .route("/checkouts/{id}/refresh-token", post(refresh_token))
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST_BODY))
}

/// Where the page is that shows the card form: the gateway's form works there only.
pub(super) fn origin_of(headers: &HeaderMap, billing: &Billing) -> String {
    // The SDK's buttons and widgets show the form on a page of ours, in a frame.
    let framed = headers.contains_key("x-recur-embed-domain");
    let origin = headers
        .get(http::header::ORIGIN)
        .and_then(|value| value.to_str().ok())
        .filter(|origin| origin.starts_with("http") && !framed);
    origin.map_or_else(|| billing.config().public_url.clone(), str::to_owned)
}

pub(super) fn product_of(fields: &mut Fields) -> ProductRef {
    if fields.has("product_slug") && !fields.has("product_id") {
        return ProductRef::Slug(fields.text("product_slug").unwrap_or_default());
    }
    ProductRef::Id(fields.required_text("product_id"))
}

/// The buyer, as requests name it.
pub(super) fn buyer_of(fields: &mut Fields) -> Buyer {
    Buyer {
        email: fields.email("customer_email"),
        name: fields.text_within("customer_name", 200),
        external_id: fields.text_within("external_customer_id", 200),
    }
}

async fn create(State(billing): State<Billing>, post: Post) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let new = NewCheckout {
            product: product_of(&mut fields),
            purpose: None,
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

/// A checkout that was begun, with what the card form needs.
pub(super) fn begun_object(begun: &Begun, livemode: bool) -> Value {
    let Begun {
        checkout,
        product,
        client_secret,
    } = begun;
    let mut body = json!({
        "checkout": {
            "id": checkout.checkout_id,
            "client_secret": client_secret,
            "checkout_number": checkout.number,
            "status": checkout.status,
            "product_id": product.product_id,
            "product_type": product.product_type,
            // What the page shows; the card may be charged less, to verify it.
            "amount": checkout.amount(),
            "currency": "TWD",
            "expires_at": instant(checkout.expires_at),
            "max_attempts": checkout.max_attempts,
            "current_attempts": checkout.attempts,
        },
        "product": {
            "id": product.product_id,
            "name": product.name,
            "price": product.price,
            "interval": product.interval().map(|interval| interval.unit().lower()),
            "description": product.description,
        },
        "livemode": livemode,
    });
    if let (Some(body), Value::Object(form)) =
        (body.as_object_mut(), form_object(checkout, product))
    {
        body.extend(form);
    }
    body
}

/// What the card form needs. The gateway's token lives in real time.
fn form_object(checkout: &Checkout, product: &Product) -> Value {
    let mut form = json!({
        "sdk_token": checkout.sdk_token,
        "sdk_token_expires_at": checkout.sdk_token_expires_at.map(time),
    });
    if let (Some(form), true) = (form.as_object_mut(), product.interval().is_some()) {
        form.insert("credit_token".into(), checkout.credit_token.clone().into());
        let seconds = checkout
            .sdk_token_expires_at
            .map(|at| at.micros() / 1_000_000 - 600);
        form.insert("sdk_timestamp".into(), seconds.into());
    }
    form
}

/// The checkout, if the caller's account has it.
async fn own(billing: &Billing, caller: &Caller, id: &str) -> Result<Checkout> {
    let id: CheckoutId = parse(id, Resource::Checkout)?;
    let checkout = billing.find_checkout(id).await?;
    if checkout.account_id != caller.scope().account_id {
        return Err(Resource::Checkout.into());
    }
    Ok(checkout)
}

/// The same, if the caller has a secret key or knows the checkout's secret.
async fn own_with_secret(billing: &Billing, caller: &Caller, id: &str) -> Result<Checkout> {
    let checkout = own(billing, caller, id).await?;
    if caller.seen.holder.kind == KeyKind::Secret {
        return Ok(checkout);
    }
    let mut fields = caller.fields();
    let secret = fields.text("client_secret").unwrap_or_default();
    let known = digest(&secret)
        .as_bytes()
        .ct_eq(checkout.client_secret_hash.as_bytes());
    if !bool::from(known) {
        return Err(Resource::Checkout.into());
    }
    Ok(checkout)
}

async fn show(
    State(billing): State<Billing>,
    caller: Caller,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let checkout = own_with_secret(&billing, &caller, &id).await?;
    let reference = checkout.checkout_id;
    let charges: Result<Vec<Charge>, StoreError> = billing
        .db()
        .read(move |tx| Charge::all(tx, Charge::OF_REFERENCE, params![reference]))
        .await;
    let last = charges.map_err(Error::from)?.into_iter().next();
    Ok(Reply::ok(&json!({
        "checkout": {
            "id": checkout.checkout_id,
            "checkout_number": checkout.number,
            "status": checkout.status,
            "product_id": checkout.product_id,
            "amount": checkout.amount(),
            "currency": "TWD",
            "order_id": checkout.order_id,
            "subscription_id": checkout.subscription_id,
            "expires_at": instant(checkout.expires_at),
            "max_attempts": checkout.max_attempts,
            "current_attempts": checkout.attempts,
        },
        "last_charge": last.as_ref().map(charge_object),
    })))
}

async fn status(
    State(billing): State<Billing>,
    caller: Caller,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let checkout = own_with_secret(&billing, &caller, &id).await?;
    // The SDK reads this answer as it is: in camel case.
    Ok(Reply::ok(&json!({
        "checkout": {
            "id": checkout.checkout_id,
            "status": checkout.status,
            "orderId": checkout.order_id,
            "order_id": checkout.order_id,
        },
    })))
}

async fn pay(State(billing): State<Billing>, mut post: Post) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    // Clients send a creditToken and a timestamp, some, some time; the checkout knows its own.
    post.fields()?;
    let checkout = own(&billing, &post.caller, &id).await?;
    let paid = billing.pay(post.scope(), checkout.checkout_id).await?;
    let react = post
        .caller
        .headers
        .get("x-recur-sdk-type")
        .is_some_and(|value| value == "react");
    match paid {
        Paid::Done {
            checkout,
            subscription,
            charge,
        } => Ok(Reply::ok(&paid_object(
            &checkout,
            subscription.as_deref(),
            charge.as_deref(),
        ))
        .into_response()),
        Paid::RequiresAction { url } => Ok(Reply::ok(&json!({
            "success": true,
            "requires3D": true,
            "requires_3d": true,
            "redirect_url": url,
            "redirectUrl": url,
            "subscription": null,
        }))
        .into_response()),
        // Of the SDKs only React's reads a refusal in an answer of success; the others would take it for paid.
        Paid::Declined(failure) if react => Ok(Reply::ok(&json!({
            "success": false,
            "failure": failure_object(&failure),
        }))
        .into_response()),
        Paid::Declined(failure) => Err(change::declined(&failure.code).into()),
    }
}

fn failure_object(failure: &Failure) -> Value {
    let known = PaymentFailure::of_code(&failure.code).unwrap_or(PaymentFailure::Unknown);
    json!({
        "code": failure.code,
        "message": failure_message(&failure.code),
        "can_retry": known.can_retry(),
    })
}

/// A checkout that is paid.
pub(super) fn paid_object(
    checkout: &Checkout,
    subscription: Option<&Subscription>,
    charge: Option<&Charge>,
) -> Value {
    let subscription = subscription.map(|subscription| {
        let period = subscription.plan.0.interval.billing_period();
        json!({
            "id": subscription.subscription_id,
            "status": subscription.status,
            "product_id": subscription.product_id,
            "billing_period": period,
            "billingPeriod": period,
            "current_period_start": instant(subscription.current_period_start),
            "current_period_end": instant(subscription.current_period_end),
        })
    });
    let mut body = json!({
        "success": true,
        "charge": charge.map(charge_object),
        "payment_intent": {"id": checkout.checkout_id},
        "order_id": checkout.order_id,
    });
    if let (Some(subscription), Some(body)) = (subscription, body.as_object_mut()) {
        body.insert("subscription".into(), subscription);
    }
    body
}

/// The checkout that a request without a key names.
async fn unguessed(billing: &Billing, open: &mut Open) -> Result<Checkout> {
    let id = open.path("id").await;
    let id: CheckoutId = parse(&id, Resource::Checkout)?;
    billing.find_checkout(id).await
}

async fn apply_coupon(State(billing): State<Billing>, mut open: Open) -> Result<Reply, Refusal> {
    let checkout = unguessed(&billing, &mut open).await?;
    let mut fields = open.fields()?;
    let code = fields.required_text("code");
    fields.finish()?;
    let scope = billing.scope(checkout.account_id).await?;
    let (checkout, product) = billing
        .apply_code(&scope, checkout.checkout_id, &code)
        .await?;
    let applied = checkout
        .coupon
        .0
        .as_ref()
        .ok_or(BadRequest::NotAnObject)
        .map_err(Error::from)?;
    Ok(Reply::ok(
        &json!({"discount": discount_object(&checkout, applied, &product)}),
    ))
}

async fn remove_coupon(State(billing): State<Billing>, mut open: Open) -> Result<Reply, Refusal> {
    let checkout = unguessed(&billing, &mut open).await?;
    let scope = billing.scope(checkout.account_id).await?;
    billing.remove_code(&scope, checkout.checkout_id).await?;
    Ok(Reply::ok(&json!({"discount": null})))
}

async fn refresh_token(State(billing): State<Billing>, mut post: Post) -> Result<Reply, Refusal> {
    let id = post.path("id").await;
    let mut fields = post.fields()?;
    let secret = fields.required_text("client_secret");
    fields.finish()?;
    let checkout = own(&billing, &post.caller, &id).await?;
    if !bool::from(
        digest(&secret)
            .as_bytes()
            .ct_eq(checkout.client_secret_hash.as_bytes()),
    ) {
        return Err(RecurError::NotFound {
            what: Resource::Checkout,
        }
        .into());
    }
    let origin = origin_of(&post.caller.headers, &billing);
    let checkout = billing
        .refresh_sdk_token(post.scope(), checkout.checkout_id, &origin)
        .await?;
    let (id, account) = (checkout.product_id, checkout.account_id);
    let product: Result<Option<Product>, StoreError> = billing
        .db()
        .read(move |tx| Product::first(tx, Product::BY_ID, params![id, account]))
        .await;
    let product = product
        .map_err(Error::from)?
        .ok_or(Resource::Product)
        .map_err(Error::from)?;
    Ok(Reply::ok(&form_object(&checkout, &product)))
}
