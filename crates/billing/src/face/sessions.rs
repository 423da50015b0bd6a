//! `/checkout/sessions`: a checkout on the hosted page.

use super::call::{Caller, Id, Post, Secret};
use super::checkouts::{buyer_of, product_of};
use super::fields::Fields;
use super::objects::session_object;
use crate::Billing;
use crate::checkout::{Identify, NewCheckout};
use crate::model::{KeyKind, Purpose};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::RecurError;
use catalogue::recur::{ForbiddenReason, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::{Map, Value};

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/checkout/sessions", post(create))
        .route("/checkout/sessions/{id}", get(show))
}

/// The merchant's own data, which a page may not set.
pub(super) fn metadata(
    caller: &Caller,
    fields: &mut Fields,
) -> Result<Option<Map<String, Value>>, RecurError> {
    if fields.has("metadata") && caller.seen.holder.kind == KeyKind::Publishable {
        return Err(RecurError::Forbidden {
            reason: ForbiddenReason::MetadataNeedsSecretKey,
        });
    }
    Ok(fields.object("metadata"))
}

async fn create(State(billing): State<Billing>, post: Post) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let product = product_of(&mut fields);
        if !fields.has("success_url") {
            fields.missing("success_url");
        }
        // A page has somewhere to go back to; a server need not.
        if !fields.has("cancel_url") && post.caller.seen.holder.kind == KeyKind::Publishable {
            fields.missing("cancel_url");
        }
        let new = NewCheckout {
            product,
            purpose: fields.choice("mode", Purpose::NAMES, Purpose::of),
            buyer: buyer_of(&mut fields),
            look_for_duplicate: Identify::Email,
            promotion_code: fields.text("promotion_code"),
            success_url: fields.url("success_url"),
            cancel_url: fields.url("cancel_url"),
            metadata: metadata(&post.caller, &mut fields)?,
            origin: None,
            payment_link_id: None,
        };
        fields.finish()?;
        let scope = post.scope();
        let begun = billing.begin_checkout(scope, new).await?;
        let url = billing.session_url(&begun.checkout);
        let mut body = session_object(&begun.checkout, &url, scope.livemode, scope.now);
        if let Some(body) = body.as_object_mut() {
            body.insert("client_secret".into(), begun.client_secret.into());
        }
        Ok(Reply::new(StatusCode::CREATED, &body))
    })
    .await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let checkout = billing.find_session(&id).await?;
    let scope = caller.scope();
    if checkout.account_id != scope.account_id {
        return Err(RecurError::NotFound {
            what: Resource::CheckoutSession,
        }
        .into());
    }
    let url = billing.session_url(&checkout);
    Ok(Reply::ok(&session_object(
        &checkout,
        &url,
        scope.livemode,
        scope.now,
    )))
}
