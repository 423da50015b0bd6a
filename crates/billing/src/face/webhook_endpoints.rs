//! `/webhook-endpoints`: who is told what happens.

use super::call::{Id, Secret, SecretPost, parse};
use super::fields::Fields;
use super::webhook_deliveries;
use crate::events::{UPPER_CASE, WEBHOOKS, instant};
use crate::model::{EventKind, Key, Prefix};
use crate::{Billing, Error, Result, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::RecurError;
use catalogue::recur::{Issue, Problem, Resource, StateRefusal};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use kernel::Id as RowId;
use serde_json::{Value, json};
use webhooks::{Endpoint, EndpointChange, EndpointId, Kinds, NewEndpoint, NewEvent};

/// What stands for all events.
const ALL: &str = "*";

#[derive(Debug)]
pub(super) enum EndpointTag {}
impl Prefix for EndpointTag {
    const PREFIX: &'static str = "we_";
}

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/webhook-endpoints", get(list).post(create))
        .route(
            "/webhook-endpoints/{id}",
            get(show).patch(update).post(update).delete(remove),
        )
        .route("/webhook-endpoints/{id}/rotate-secret", post(rotate))
        .route("/webhook-endpoints/{id}/test", post(test))
}

/// The account, as the webhooks know it.
pub(super) fn owner(scope: &Scope) -> String {
    scope.account_id.to_string()
}

/// What a refusal of the webhooks means for a request about `what`.
pub(super) fn refused(what: Resource) -> impl Fn(webhooks::Error) -> Error {
    move |error| match error {
        webhooks::Error::NotFound => what.into(),
        webhooks::Error::Disabled => StateRefusal::WebhookEndpointDisabled.into(),
        webhooks::Error::Url(_) => wrong_url(Problem::UnsafeUrl),
        webhooks::Error::TooManyEndpoints => wrong_url(Problem::NotAllowedHere),
        webhooks::Error::Store(error) => error.into(),
    }
}

fn wrong_url(problem: Problem) -> Error {
    let issues = vec![Issue::at("url", problem)];
    RecurError::ValidationError { issues }.into()
}

pub(super) fn endpoint_id(text: &str) -> Result<EndpointId, RecurError> {
    let key: Key<EndpointTag> = parse(text, Resource::WebhookEndpoint)?;
    Ok(RowId::from_u128(key.to_u128()))
}

fn endpoint_object(endpoint: &Endpoint, livemode: bool) -> Value {
    let events = match &endpoint.events {
        Kinds::All => vec![ALL.to_owned()],
        Kinds::Only(kinds) => kinds.clone(),
    };
    json!({
        "object": "webhook_endpoint",
        "id": Key::<EndpointTag>::from_u128(endpoint.id.to_u128()),
        "url": endpoint.url,
        "events": events,
        "upper_case": endpoint.options == UPPER_CASE,
        "enabled": endpoint.disabled.is_none(),
        "disabled_reason": endpoint.disabled,
        "failing_since": endpoint.failing_since.map(instant),
        "created_at": instant(endpoint.created_at),
        "updated_at": instant(endpoint.updated_at),
        "livemode": livemode,
    })
}

/// An endpoint with the secret that is shown this once.
fn with_secret(endpoint: &Endpoint, secret: &str, livemode: bool) -> Value {
    let mut object = endpoint_object(endpoint, livemode);
    if let Some(object) = object.as_object_mut() {
        object.insert("secret".into(), secret.into());
    }
    object
}

/// The kinds of events wanted.
fn kinds(fields: &mut Fields) -> Option<Kinds> {
    let names = fields.texts("events", EventKind::ALL.len())?;
    if names.iter().any(|name| name == ALL) {
        return Some(Kinds::All);
    }
    if names.is_empty() {
        fields.wrong("events", Problem::TooSmall { min: 1 });
    }
    for (index, name) in names.iter().enumerate() {
        if EventKind::of(name).is_none() {
            let allowed = EventKind::NAMES.to_vec();
            fields.wrong(
                &format!("events[{index}]"),
                Problem::InvalidEnum { allowed },
            );
        }
    }
    Some(Kinds::Only(names))
}

/// The address, noted as wrong when events may not be sent there.
fn safe_url(billing: &Billing, fields: &mut Fields, url: Option<String>) -> Option<String> {
    let url = url.filter(|url| !url.is_empty())?;
    if billing.webhooks().check_url(&url).is_err() {
        fields.wrong("url", Problem::UnsafeUrl);
    }
    Some(url)
}

/// How an endpoint wants the names of states.
fn options(fields: &mut Fields) -> Option<String> {
    let upper = fields.boolean("upper_case")?;
    Some(if upper {
        UPPER_CASE.to_owned()
    } else {
        String::new()
    })
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let scope = caller.scope();
    let refused = refused(Resource::WebhookEndpoint);
    let endpoints = billing
        .webhooks()
        .endpoints(&owner(scope))
        .await
        .map_err(refused)?;
    let data: Vec<Value> = endpoints
        .iter()
        .map(|endpoint| endpoint_object(endpoint, scope.livemode))
        .collect();
    Ok(Reply::ok(&json!({
        "object": "list",
        "data": data,
        "has_more": false,
        "next_cursor": null,
        "livemode": scope.livemode,
    })))
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let url = fields.required_text("url");
        let new = NewEndpoint {
            url: safe_url(&billing, &mut fields, Some(url)).unwrap_or_default(),
            events: kinds(&mut fields).unwrap_or(Kinds::All),
            options: options(&mut fields).unwrap_or_default(),
        };
        fields.finish()?;
        let scope = post.scope();
        let made = billing.webhooks().create_endpoint(&owner(scope), new).await;
        let (endpoint, secret) = made.map_err(refused(Resource::WebhookEndpoint))?;
        Ok(Reply::new(
            StatusCode::CREATED,
            &with_secret(&endpoint, secret.expose(), scope.livemode),
        ))
    })
    .await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = endpoint_id(&id)?;
    let scope = caller.scope();
    let refused = refused(Resource::WebhookEndpoint);
    let endpoint = billing
        .webhooks()
        .endpoint(&owner(scope), id)
        .await
        .map_err(&refused)?;
    let summary = billing
        .webhooks()
        .summary(&owner(scope), id)
        .await
        .map_err(&refused)?;
    let mut object = endpoint_object(&endpoint, scope.livemode);
    if let Some(object) = object.as_object_mut() {
        object.insert(
            "deliveries".into(),
            json!({
                "succeeded": summary.succeeded,
                "failed": summary.failed,
                "pending": summary.pending,
                "last_completed_at": summary.last_completed_at.map(instant),
            }),
        );
    }
    Ok(Reply::ok(&object))
}

async fn update(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let id = endpoint_id(&post.path("id").await)?;
    let mut fields = post.fields()?;
    let url = fields.text("url");
    let change = EndpointChange {
        url: safe_url(&billing, &mut fields, url),
        events: kinds(&mut fields),
        options: options(&mut fields),
        enabled: fields.boolean("enabled"),
    };
    fields.finish()?;
    let scope = post.scope();
    let endpoint = billing
        .webhooks()
        .update_endpoint(&owner(scope), id, change)
        .await;
    let endpoint = endpoint.map_err(refused(Resource::WebhookEndpoint))?;
    Ok(Reply::ok(&endpoint_object(&endpoint, scope.livemode)))
}

async fn remove(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(text): Id,
) -> Result<Reply, Refusal> {
    let id = endpoint_id(&text)?;
    let deleted = billing
        .webhooks()
        .delete_endpoint(&owner(caller.scope()), id)
        .await;
    deleted.map_err(refused(Resource::WebhookEndpoint))?;
    Ok(Reply::ok(
        &json!({"object": "webhook_endpoint", "id": text, "deleted": true}),
    ))
}

async fn rotate(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let id = endpoint_id(&id)?;
        let scope = post.scope();
        let refused = refused(Resource::WebhookEndpoint);
        let secret = billing
            .webhooks()
            .rotate_secret(&owner(scope), id)
            .await
            .map_err(&refused)?;
        let endpoint = billing
            .webhooks()
            .endpoint(&owner(scope), id)
            .await
            .map_err(&refused)?;
        Ok(Reply::ok(&with_secret(
            &endpoint,
            secret.expose(),
            scope.livemode,
        )))
    })
    .await
}

/// Sends an event that did not happen to one endpoint, to try it.
async fn test(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let endpoint = endpoint_id(&id)?;
        let mut fields = post.fields()?;
        let kind = fields.choice("type", EventKind::NAMES, EventKind::of);
        fields.finish()?;
        let kind = kind.unwrap_or(EventKind::CheckoutCompleted);
        let event_id = format!(
            "evt_{}",
            httpkit::idempotency::hex(&billing.rng().bytes::<16>())
        );
        let scope = *post.scope();
        let data =
            json!({"id": event_id, "object": "test", "test": true, "livemode": scope.livemode});
        let sent = billing
            .write(&scope, move |tx, work| {
                let event = NewEvent {
                    id: &event_id,
                    owner: &owner(&scope),
                    kind: kind.name(),
                    object_id: &event_id,
                    data: &data,
                    at: work.now(),
                };
                webhooks::publish_to(tx, &WEBHOOKS, endpoint, &event, scope.real)
                    .map_err(refused(Resource::WebhookEndpoint))
            })
            .await?;
        let body = webhook_deliveries::answer(&billing, &scope, sent).await?;
        Ok(Reply::new(StatusCode::CREATED, &body))
    })
    .await
}
