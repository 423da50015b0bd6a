//! `/webhook-deliveries`, and those of one endpoint: whether telling what happened worked.

use super::call::{Id, Secret, SecretPost, parse};
use super::fields::page_of;
use super::webhook_endpoints::{EndpointTag, endpoint_id, owner, refused};
use crate::events::instant;
use crate::model::{Key, Prefix};
use crate::{Billing, Result, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::RecurError;
use catalogue::recur::Resource;
use httpkit::{Refusal, Reply};
use kernel::Id as RowId;
use serde_json::{Value, json};
use webhooks::{Delivery, DeliveryId, DeliveryPage, DeliveryStatus};

#[derive(Debug)]
enum DeliveryTag {}
impl Prefix for DeliveryTag {
    const PREFIX: &'static str = "whd_";
}

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/webhook-endpoints/{id}/deliveries", get(list))
        .route("/webhook-deliveries/{id}", get(show))
        .route("/webhook-deliveries/{id}/resend", post(resend))
}

fn delivery_id(text: &str) -> Result<DeliveryId, RecurError> {
    let key: Key<DeliveryTag> = parse(text, Resource::Delivery)?;
    Ok(RowId::from_u128(key.to_u128()))
}

fn object(delivery: &Delivery) -> Value {
    json!({
        "object": "webhook_delivery",
        "id": Key::<DeliveryTag>::from_u128(delivery.id.to_u128()),
        "webhook_endpoint_id": Key::<EndpointTag>::from_u128(delivery.endpoint.to_u128()),
        "event_id": delivery.event_id,
        "event_type": delivery.kind,
        "object_id": delivery.object_id,
        "status": delivery.status,
        "attempt_count": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at.map(instant),
        "response_status": delivery.last_status,
        "error": delivery.last_error,
        "created_at": instant(delivery.created_at),
        "completed_at": delivery.completed_at.map(instant),
    })
}

async fn list(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let endpoint = endpoint_id(&id)?;
    let mut fields = caller.fields();
    let page = fields.page();
    let status = fields.choice("status", DeliveryStatus::NAMES, DeliveryStatus::of);
    fields.finish()?;
    let before = match page.after.as_str() {
        "" => None,
        id => Some(delivery_id(id)?),
    };
    let wanted = DeliveryPage {
        status,
        before,
        limit: page.limit + 1,
    };
    let scope = caller.scope();
    let found = billing
        .webhooks()
        .deliveries(&owner(scope), endpoint, wanted)
        .await;
    let found = found.map_err(refused(Resource::WebhookEndpoint))?;
    Ok(Reply::ok(&page_of(&page, found, object, scope.livemode)))
}

/// A delivery, its attempts, and the body that the next one would have.
pub(super) async fn answer(billing: &Billing, scope: &Scope, id: DeliveryId) -> Result<Value> {
    let record = billing.webhooks().delivery(&owner(scope), id).await;
    let record = record.map_err(refused(Resource::Delivery))?;
    let attempts: Vec<Value> = record
        .attempts
        .iter()
        .map(|attempt| {
            json!({
                "attempt": attempt.attempt,
                "response_status": attempt.status,
                "response_body": attempt.response,
                "error": attempt.error,
                "duration_ms": u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX),
                "attempted_at": instant(attempt.attempted_at),
            })
        })
        .collect();
    let mut object = object(&record.delivery);
    if let Some(object) = object.as_object_mut() {
        object.insert("attempts".into(), attempts.into());
        object.insert("request_body".into(), record.body.into());
    }
    Ok(object)
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = delivery_id(&id)?;
    Ok(Reply::ok(&answer(&billing, caller.scope(), id).await?))
}

async fn resend(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let id = delivery_id(&id)?;
        let resent = billing.webhooks().resend(&owner(post.scope()), id).await;
        resent.map_err(refused(Resource::Delivery))?;
        Ok(Reply::ok(&answer(&billing, post.scope(), id).await?))
    })
    .await
}
