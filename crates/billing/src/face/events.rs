//! `/events`: what has happened, for those who ask instead of being told.

use super::call::{Id, Secret};
use super::fields::page_of;
use super::webhook_endpoints::{owner, refused};
use crate::events::instant;
use crate::{Billing, Error};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use catalogue::recur::Resource;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use std::time::Duration;
use webhooks::Event;

/// How long a follower may be kept waiting, in seconds.
const LONGEST_WAIT: i64 = 25;
/// How often is looked for what it waits for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/events", get(list))
        .route("/events/{id}", get(show))
}

fn object(event: &Event) -> Value {
    json!({
        "object": "event",
        "id": event.id,
        "type": event.kind,
        "object_id": event.object_id,
        "timestamp": instant(event.occurred_at),
        "data": event.data,
    })
}

/// Without `after`, the newest first. With it, what came after that event in the order in which it happened; `after=`
/// begins with the oldest that is kept.
async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    let follows = fields.has("after");
    let after = fields.text("after");
    let wait = fields.integer("wait", 0, LONGEST_WAIT).unwrap_or(0);
    fields.finish()?;
    let owner = owner(caller.scope());
    let webhooks = billing.webhooks();
    let refused = refused(Resource::Event);
    let events = if follows {
        let wait = Duration::from_secs(u64::try_from(wait).unwrap_or(0));
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let found = webhooks
                .events_after(&owner, after.as_deref(), page.limit + 1)
                .await;
            let found = found.map_err(&refused)?;
            if !found.is_empty() || tokio::time::Instant::now() >= deadline {
                break found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    } else {
        let before = Some(page.after.as_str()).filter(|id| !id.is_empty());
        webhooks
            .recent_events(&owner, before, page.limit + 1)
            .await
            .map_err(&refused)?
    };
    Ok(Reply::ok(&page_of(
        &page,
        events,
        object,
        caller.scope().livemode,
    )))
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    // A database refuses some of what a path can hold.
    if !id.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::from(Resource::Event).into());
    }
    let event = billing.webhooks().event(&owner(caller.scope()), &id).await;
    let event = event.map_err(refused(Resource::Event))?;
    Ok(Reply::ok(&object(&event)))
}
