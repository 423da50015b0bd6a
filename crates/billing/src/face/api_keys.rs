//! `/api-keys`: who may call. Only keys that were given the right make and revoke others.

use super::call::{Caller, Id, Secret, SecretPost, parse};
use super::lists;
use crate::Billing;
use crate::events::instant;
use crate::model::{KeyId, KeyKind};
use crate::repo::ApiKey;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get};
use catalogue::RecurError;
use catalogue::recur::{ForbiddenReason, Problem, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use store::{Tx, params};

const KINDS: &[&str] = &["PUBLISHABLE", "SECRET"];
const LONGEST_NAME: usize = 100;

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/api-keys", get(list).post(create))
        .route("/api-keys/{id}", delete(revoke))
}

fn require_right(caller: &Caller) -> Result<(), RecurError> {
    if caller.seen.holder.manages_keys {
        return Ok(());
    }
    Err(RecurError::Forbidden {
        reason: ForbiddenReason::KeyLacksRight,
    })
}

fn object(key: &ApiKey, livemode: bool) -> Value {
    json!({
        "object": "api_key",
        "id": key.key_id,
        "type": key.kind.name().to_ascii_uppercase(),
        "environment": if livemode { "PRODUCTION" } else { "SANDBOX" },
        "name": key.name,
        "hint": key.hint,
        "manages_keys": key.manages_keys,
        "created_at": instant(key.created_at),
        "expires_at": key.expires_at.map(instant),
        "revoked_at": key.revoked_at.map(instant),
    })
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    fields.finish()?;
    let livemode = caller.scope().livemode;
    let rows = |tx: &mut Tx<'_>, account, after: &str, limit| {
        ApiKey::all(tx, ApiKey::PAGE, params![account, after, limit])
    };
    let list = lists::page(&billing, caller.scope(), page, rows, |key| {
        object(key, livemode)
    })
    .await?;
    Ok(Reply::ok(&list))
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    require_right(&post.caller)?;
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let kind = match fields.required_text("type").as_str() {
            "" => None,
            _ => fields.choice("type", KINDS, KeyKind::of),
        };
        let name = fields.text_within("name", LONGEST_NAME).unwrap_or_default();
        let expires_at = fields.date("expires_at");
        if expires_at.is_some_and(|end| end <= post.scope().real) {
            fields.wrong("expires_at", Problem::NotAfter { field: "now" });
        }
        let manages_keys = fields.boolean("manages_keys").unwrap_or(false);
        if manages_keys && kind == Some(KeyKind::Publishable) {
            fields.wrong("manages_keys", Problem::NotAllowedHere);
        }
        fields.finish()?;
        // What makes it absent has been said: this is the kind that can do least.
        let kind = kind.unwrap_or(KeyKind::Publishable);
        let scope = post.scope();
        let made = billing
            .create_key(scope.account_id, kind, &name, manages_keys, expires_at)
            .await?;
        let mut body = object(&made.key, scope.livemode);
        if let Some(body) = body.as_object_mut() {
            body.insert("key".into(), made.secret.expose().clone().into());
        }
        Ok(Reply::new(StatusCode::CREATED, &body))
    })
    .await
}

async fn revoke(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    require_right(&caller)?;
    let id: KeyId = parse(&id, Resource::ApiKey)?;
    let scope = caller.scope();
    let key = billing.revoke_key(scope.account_id, id).await?;
    Ok(Reply::ok(&object(&key, scope.livemode)))
}
