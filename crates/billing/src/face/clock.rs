//! `/test_clock`: the time of a sandbox.

use super::call::{Secret, SecretPost};
use super::fields::Fields;
use crate::clock::Advanced;
use crate::events::instant;
use crate::model::duration::{Advance, ParseAdvanceError};
use crate::{Billing, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::RecurError;
use catalogue::recur::{BadRequest, ForbiddenReason, Problem};
use httpkit::{Refusal, Reply};
use kernel::Timestamp;
use serde_json::{Value, json};

/// 1 January 2200: as far as the clock goes, so that everything that follows from it is still a date.
const END: Timestamp = Timestamp::from_micros(7_258_118_400_000_000);

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/test_clock", get(show))
        .route("/test_clock/advance", post(advance))
}

fn require_sandbox(scope: &Scope) -> Result<(), RecurError> {
    if scope.livemode {
        return Err(RecurError::Forbidden {
            reason: ForbiddenReason::SandboxOnly,
        });
    }
    Ok(())
}

async fn show(Secret(caller): Secret) -> Result<Reply, Refusal> {
    let scope = caller.scope();
    require_sandbox(scope)?;
    Ok(Reply::ok(&json!({
        "object": "test_clock",
        "now": instant(scope.now),
        "real_now": instant(scope.real),
        "offset_seconds": scope.now.since(scope.real).as_secs(),
    })))
}

async fn advance(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    require_sandbox(post.scope())?;
    post.once(&billing, async || {
        let scope = post.scope();
        let mut fields = post.fields()?;
        let target = if fields.has("by") {
            by(&mut fields, scope.now)
        } else {
            to(&mut fields)
        };
        fields.finish()?;
        let missing = RecurError::BadRequest {
            reason: BadRequest::NeedsOneOf(vec!["by", "to"]),
        };
        let advanced = billing.advance_clock(scope, target.ok_or(missing)?).await?;
        Ok(Reply::ok(&object(&advanced)))
    })
    .await
}

fn by(fields: &mut Fields, now: Timestamp) -> Option<Timestamp> {
    let text = fields.text("by")?;
    let advance = text.parse::<Advance>().map_err(|error| match error {
        ParseAdvanceError::Malformed => Problem::InvalidDuration,
        ParseAdvanceError::Nothing => Problem::NotAfter { field: "now" },
        ParseAdvanceError::TooLong => Problem::InvalidDate,
    });
    let target = advance.and_then(|advance| advance.apply(now).map_err(|_| Problem::InvalidDate));
    within(fields, "by", target)
}

fn to(fields: &mut Fields) -> Option<Timestamp> {
    let target = fields.date("to")?;
    within(fields, "to", Ok(target))
}

/// The target, if the clock goes that far.
fn within(
    fields: &mut Fields,
    name: &str,
    target: Result<Timestamp, Problem>,
) -> Option<Timestamp> {
    match target {
        Ok(target) if target <= END => return Some(target),
        Ok(_) => fields.wrong(name, Problem::InvalidDate),
        Err(problem) => fields.wrong(name, problem),
    }
    None
}

fn object(advanced: &Advanced) -> Value {
    let happened: Vec<Value> = advanced
        .happened
        .iter()
        .map(|one| {
            json!({
                "at": instant(one.at),
                "object": one.object,
                "what": one.what,
                "charge": one.charge,
            })
        })
        .collect();
    json!({
        "object": "test_clock",
        "from": instant(advanced.from),
        "now": instant(advanced.now),
        "reached": advanced.reached,
        "count": advanced.count,
        "happened": happened,
    })
}
