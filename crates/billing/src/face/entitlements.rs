//! `/customers/entitlements`: what a customer may use.

use super::call::Caller;
use super::objects::grant;
use crate::customers::recognize;
use crate::events::instant;
use crate::model::{Buyer, ProductType, Status};
use crate::repo::{Customer, Order, Product, Subscription};
use crate::{Billing, Given, Result, Scope};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use catalogue::RecurError;
use catalogue::recur::BadRequest;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use std::collections::HashMap;
use store::{Tx, params};

pub fn routes() -> Router<Billing> {
    Router::new().route("/customers/entitlements", get(list))
}

async fn list(State(billing): State<Billing>, caller: Caller) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let customer_id = fields.text("customer_id");
    let buyer = Buyer {
        external_id: fields.text("external_id"),
        email: fields.text("email"),
        name: None,
    };
    fields.finish()?;
    if customer_id.is_none() && buyer == Buyer::default() {
        let reason = BadRequest::NeedsOneOf(vec!["customer_id", "external_id", "email"]);
        return Err(RecurError::BadRequest { reason }.into());
    }
    let scope = *caller.scope();
    let public_url = billing.config().public_url.clone();
    let body = billing
        .db()
        .read(move |tx| entitlements(tx, &scope, customer_id.as_deref(), &buyer, &public_url))
        .await?;
    Ok(Reply::ok(&body))
}

fn entitlements(
    tx: &mut Tx<'_>,
    scope: &Scope,
    customer_id: Option<&str>,
    buyer: &Buyer,
    public_url: &str,
) -> Result<Value> {
    let certificate = |tx: &mut Tx<'_>, product: &Product, sale: &str| -> Result<Option<Value>> {
        let given = Given::by(tx, product, sale)?;
        Ok(given.map(|given| given.object(public_url)))
    };
    let account = scope.account_id;
    let found = match customer_id {
        Some(id) => Customer::first(tx, Customer::BY_ID, params![id, account])?,
        None => recognize(tx, account, buyer)?,
    };
    let Some(customer) = found else {
        return Ok(json!({"customer": null, "subscription": null, "entitlements": []}));
    };
    let mut products: HashMap<_, Product> = HashMap::new();
    let mut product_of = |tx: &mut Tx<'_>, id| -> Result<Option<Product>> {
        if let Some(known) = products.get(&id) {
            return Ok(Some(known.clone()));
        }
        let found = Product::first(tx, Product::BY_ID, params![id, account])?;
        if let Some(product) = &found {
            products.insert(id, product.clone());
        }
        Ok(found)
    };
    let mut grants = Vec::new();
    let mut current = Value::Null;
    for subscription in
        Subscription::all(tx, Subscription::OF_CUSTOMER, params![customer.customer_id])?
    {
        let Some(product) = product_of(tx, subscription.product_id)? else {
            continue;
        };
        let paid_for = subscription.current_period_end > scope.now;
        let status = match subscription.status {
            Status::Active => "active",
            Status::Trial => "trialing",
            Status::PastDue => "past_due",
            Status::Canceled if paid_for && subscription.ended_at.is_none() => "canceled",
            _ => continue,
        };
        // What is cancelled at its period's end is still in force, and known to end.
        let status = if subscription.cancel_at_period_end {
            "canceled"
        } else {
            status
        };
        if current.is_null() && subscription.status.is_valid() {
            current = json!({
                "id": subscription.subscription_id,
                "status": subscription.status,
                "product": {"id": product.product_id, "slug": product.slug, "name": product.name},
                "current_period_end": instant(subscription.current_period_end),
            });
        }
        let sale = subscription.subscription_id.to_string();
        grants.push(grant(
            &product,
            status,
            ("subscription", sale.clone()),
            subscription.started_at.unwrap_or(subscription.created_at),
            Some(subscription.access_ends_at()),
            Some(subscription.subscription_id),
            certificate(tx, &product, &sale)?,
        ));
    }
    for order in Order::all(tx, Order::OWNED, params![customer.customer_id])? {
        let Some(product) = product_of(tx, order.product_id)? else {
            continue;
        };
        if product.product_type != ProductType::OneTime {
            continue;
        }
        let sale = order.order_id.to_string();
        let certificate = certificate(tx, &product, &sale)?;
        let source = ("order", sale);
        let granted_at = order.paid_at.unwrap_or(order.created_at);
        let status = "purchased";
        grants.push(grant(
            &product,
            status,
            source,
            granted_at,
            None,
            None,
            certificate,
        ));
    }
    Ok(json!({
        "customer": {
            "id": customer.customer_id,
            "email": customer.email,
            "name": customer.name,
            "external_id": customer.external_id,
        },
        "subscription": current,
        "entitlements": grants,
    }))
}
