//! `/customers/{id}/credits`: what customers have bought to use up.

use super::call::{Id, Secret, SecretPost, parse};
use crate::{Billing, Result};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::recur::Resource;
use httpkit::{Refusal, Reply};
use serde_json::json;

/// The most that is taken at once.
const MOST: i64 = 1_000_000_000_000;

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/customers/{id}/credits", get(show))
        .route("/customers/{id}/credits/deduct", post(deduct))
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::Customer)?;
    let balance = billing.credits(caller.scope(), id).await?;
    Ok(Reply::ok(&json!({ "balance": balance })))
}

async fn deduct(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Response, Refusal> {
    let id = post.path("id").await;
    post.once(&billing, async || {
        let id = parse(&id, Resource::Customer)?;
        let mut fields = post.fields()?;
        let amount = fields.required_integer("amount", 1, MOST);
        let description = fields.text("description");
        fields.finish()?;
        let balance = billing
            .deduct_credits(post.scope(), id, amount, description)
            .await?;
        Ok(Reply::ok(&json!({ "balance": balance })))
    })
    .await
}
