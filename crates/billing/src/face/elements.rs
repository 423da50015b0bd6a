//! `/elements/confirm`: pays with the card typed into a form that stands alone in the merchant's page.

use super::call::{Post, parse};
use super::objects::{charge_object, subscription_object};
use crate::change::declined;
use crate::checkout::Paid;
use crate::elements::Confirmation;
use crate::model::{Buyer, CheckoutId};
use crate::{Billing, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use catalogue::recur::Resource;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};

pub fn routes() -> Router<Billing> {
    Router::new().route("/elements/confirm", post(confirm))
}

async fn confirm(State(billing): State<Billing>, post: Post) -> Result<Reply, Refusal> {
    let mut fields = post.fields()?;
    let session = fields.required_text("session_id");
    let product = fields.required_text("product_id");
    let email = match fields.required_text("email").as_str() {
        "" => None,
        _ => fields.email("email"),
    };
    let confirmation = Confirmation {
        product,
        buyer: Buyer {
            email,
            name: fields.text_within("name", 200),
            external_id: fields.text_within("external_customer_id", 200),
        },
        metadata: fields.object("metadata"),
        success_url: fields.url("success_url"),
        cancel_url: fields.url("cancel_url"),
    };
    fields.finish()?;
    let id: CheckoutId = parse(&session, Resource::CheckoutSession)?;
    let paid = billing.confirm(post.scope(), id, confirmation).await?;
    Ok(Reply::ok(&answer(&billing, &post, paid).await?))
}

async fn answer(billing: &Billing, post: &Post, paid: Paid) -> Result<Value> {
    let (checkout, subscription, charge) = match paid {
        Paid::Done {
            checkout,
            subscription,
            charge,
        } => (checkout, subscription, charge),
        Paid::RequiresAction { url } => {
            return Ok(
                json!({"status": "requires_action", "redirectUrl": url, "redirect_url": url}),
            );
        }
        Paid::Declined(failure) => return Err(declined(&failure.code)),
    };
    let subscription = match subscription {
        Some(subscription) => {
            let product = billing
                .product(post.scope(), &subscription.product_id.to_string())
                .await?;
            subscription_object(&subscription, &product)
        }
        None => Value::Null,
    };
    Ok(json!({
        "status": "succeeded",
        "checkout_id": checkout.checkout_id,
        "order_id": checkout.order_id,
        "subscription": subscription,
        "charge": charge.as_deref().map(charge_object),
    }))
}
