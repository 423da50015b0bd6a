//! `/portal/sessions`: access of one customer to the portal, for a while.

use super::call::{Id, Secret, SecretPost, parse};
use super::settings::CONFIGURATION;
use crate::events::instant;
use crate::model::Buyer;
use crate::portal::session_status;
use crate::repo::PortalSession;
use crate::{Billing, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::RecurError;
use catalogue::recur::{BadRequest, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};

const LOCALES: &[&str] = &["zh-TW", "en"];

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/portal/sessions", post(create))
        .route("/portal/sessions/{id}", get(show))
        .route("/portal/sessions/{id}/revoke", post(revoke))
}

/// A session. The server SDK reads it in camel case, the documentation shows it in snake case. Its address is known
/// only when it is made.
fn object(session: &PortalSession, url: Option<&str>, scope: &Scope) -> Value {
    let created_at = instant(session.created_at);
    let expires_at = instant(session.expires_at);
    let accessed_at = session.accessed_at.map(instant);
    json!({
        "id": session.portal_session_id,
        "object": "portal.session",
        "url": url,
        "return_url": session.return_url,
        "returnUrl": session.return_url,
        "customer_id": session.customer_id,
        "customerId": session.customer_id,
        "locale": session.locale,
        "status": session_status(session, scope.now),
        "expires_at": expires_at,
        "expiresAt": expires_at,
        "accessed_at": accessed_at,
        "accessedAt": accessed_at,
        "created_at": created_at,
        "createdAt": created_at,
        "livemode": scope.livemode,
    })
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        // The documentation's error sample calls it `customer`.
        let customer = fields
            .text("customer_id")
            .or_else(|| fields.text("customer"));
        let buyer = Buyer {
            email: fields.email("email"),
            external_id: fields.text("external_id"),
            name: None,
        };
        let return_url = fields.url("return_url");
        let locale = fields.choice("locale", LOCALES, |tag| {
            LOCALES
                .iter()
                .find(|known| known.eq_ignore_ascii_case(tag))
                .map(|known| (*known).to_owned())
        });
        let configuration = fields.text("configuration_id");
        fields.finish()?;
        if customer.is_none() && buyer == Buyer::default() {
            let reason = BadRequest::NeedsOneOf(vec!["customer_id", "external_id", "email"]);
            return Err(RecurError::BadRequest { reason }.into());
        }
        if configuration.is_some_and(|id| id != CONFIGURATION) {
            return Err(RecurError::NotFound {
                what: Resource::PortalConfiguration,
            }
            .into());
        }
        let customer = match customer {
            Some(id) => Some(parse(&id, Resource::Customer)?),
            None => None,
        };
        let scope = post.scope();
        let customer = billing.named_customer(scope, customer, buyer).await?;
        let made = billing
            .create_portal_session(scope, customer.customer_id, return_url, locale)
            .await?;
        let url = billing.portal_url(&made.token);
        Ok(Reply::new(
            StatusCode::CREATED,
            &object(&made.session, Some(&url), scope),
        ))
    })
    .await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::PortalSession)?;
    let session = billing.portal_session_by_id(caller.scope(), id).await?;
    Ok(Reply::ok(&object(&session, None, caller.scope())))
}

async fn revoke(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let id = parse(&post.path("id").await, Resource::PortalSession)?;
    let session = billing.revoke_portal_session(post.scope(), id).await?;
    Ok(Reply::ok(&object(&session, None, post.scope())))
}
