//! What an operation can be refused with: sample errors, answered by the code that answers the real ones.

use super::operations::{Auth, Operation};
use crate::face::RecurFace;
use crate::face::call::LARGEST_BODY;
use catalogue::RecurError as E;
use catalogue::recur::{
    BadRequest, Conflict, Expected, ForbiddenReason, Issue, PaymentFailure, Problem,
    PromotionRefusal, Resource, StateRefusal, UnauthorizedReason,
};
use httpkit::{Face, Transport};
use kernel::Locale;
use serde_json::{Map, Value};
use std::time::Duration;

/// One refusal as it is sent.
pub struct Sample {
    /// HTTP status.
    pub status: u16,
    /// An `ErrorResponse`.
    pub body: Value,
}

impl Sample {
    /// The code.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

impl From<E> for Sample {
    fn from(error: E) -> Self {
        let (status, body) = error.respond(Locale::En, "");
        // An `ErrorResponse` has string keys only: it always serializes.
        let body = serde_json::to_value(body).unwrap_or_default();
        Self { status, body }
    }
}

impl From<Transport> for Sample {
    fn from(transport: Transport) -> Self {
        let reply = RecurFace.transport(transport).render(Locale::En, "");
        Self {
            status: transport.status().as_u16(),
            body: serde_json::from_slice(&reply.body).unwrap_or_default(),
        }
    }
}

/// Everything that an operation can be refused with.
pub fn of(operation: &Operation, schemas: &Map<String, Value>) -> Vec<Sample> {
    let mut samples = Vec::new();
    if operation.auth != Auth::None {
        samples.extend([
            refuse_key(UnauthorizedReason::Missing).into(),
            refuse_key(UnauthorizedReason::Invalid).into(),
            Transport::RateLimited {
                retry_after: Duration::from_secs(29),
            }
            .into(),
        ]);
    }
    if operation.auth == Auth::SecretKey {
        samples.push(forbidden(ForbiddenReason::SecretKeyRequired).into());
    }
    if let Some(name) = operation.body {
        samples.extend([
            bad_request(BadRequest::MalformedJson).into(),
            bad_request(BadRequest::NotAnObject).into(),
            Transport::BodyIncomplete.into(),
            Transport::BodyTooLarge {
                limit: LARGEST_BODY,
            }
            .into(),
        ]);
        samples.extend(of_fields(&schemas[name]).into_iter().map(Sample::from));
    }
    if let Some((name, schema)) = operation.query.first() {
        samples.push(of_field(name, schema).into());
    }
    if operation.idempotent {
        samples.extend([
            bad_request(BadRequest::IdempotencyKeyMalformed).into(),
            conflict(Conflict::IdempotencyKeyReused).into(),
            conflict(Conflict::IdempotencyKeyInUse).into(),
        ]);
    }
    samples.extend(operation.refusals.iter().cloned().map(Sample::from));
    samples.push(
        E::InternalServerError {
            incident: String::new(),
        }
        .into(),
    );
    samples.push(Transport::TimedOut.into());
    samples
}

/// What can be wrong with the fields of a request: those that are missing, and the first one of a wrong form.
fn of_fields(schema: &Value) -> Vec<E> {
    let required: Vec<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let missing = (!required.is_empty()).then(|| bad_request(BadRequest::MissingFields(required)));
    let wrong = schema["properties"].as_object().into_iter().flatten();
    let wrong = wrong
        .map(|(name, property)| of_field(name, property))
        .next();
    missing.into_iter().chain(wrong).collect()
}

fn of_field(name: &str, schema: &Value) -> E {
    let problem = match (schema["type"].as_str(), schema["format"].as_str()) {
        (_, Some("email")) => Problem::InvalidEmail,
        (_, Some("uri")) => Problem::InvalidUrl,
        (_, Some("date-time")) => Problem::InvalidDate,
        (Some("integer"), _) => match schema["maximum"].as_i64() {
            Some(max) => Problem::TooBig { max },
            None => Problem::InvalidType {
                expected: Expected::Integer,
            },
        },
        (Some("boolean"), _) => Problem::InvalidType {
            expected: Expected::Boolean,
        },
        (Some("array"), _) => Problem::InvalidType {
            expected: Expected::List,
        },
        (Some("object"), _) => Problem::InvalidType {
            expected: Expected::Object,
        },
        _ => Problem::TooLong {
            max: schema["maxLength"].as_i64().unwrap_or(500),
        },
    };
    wrong(name, problem)
}

/// The key is no good.
pub fn refuse_key(reason: UnauthorizedReason) -> E {
    E::Unauthorized { reason }
}

/// The request makes no sense.
pub fn bad_request(reason: BadRequest) -> E {
    E::BadRequest { reason }
}

/// The state of something does not allow it.
pub fn state(refusal: StateRefusal) -> E {
    bad_request(BadRequest::State(refusal))
}

/// One of some fields must be there.
pub fn needs_one_of(fields: &[&'static str]) -> E {
    bad_request(BadRequest::NeedsOneOf(fields.to_vec()))
}

/// The promotion code cannot be used.
pub fn promotion(reason: PromotionRefusal) -> E {
    bad_request(BadRequest::PromotionCode {
        code: "SAVE100".into(),
        reason,
    })
}

/// The key may not do it.
pub const fn forbidden(reason: ForbiddenReason) -> E {
    E::Forbidden { reason }
}

/// It does not exist.
pub const fn not_found(what: Resource) -> E {
    E::NotFound { what }
}

/// It collides with something.
pub const fn conflict(conflict: Conflict) -> E {
    E::Conflict { conflict }
}

/// The customer has a subscription to the product.
pub fn duplicate() -> E {
    conflict(Conflict::DuplicateSubscription {
        existing_subscription_id: super::schemas::SUBSCRIPTION.into(),
        status: "ACTIVE",
    })
}

/// The card was declined.
pub const fn declined() -> E {
    E::PaymentRequired {
        failure: PaymentFailure::InsufficientFunds,
    }
}

/// A field of the wrong form.
pub fn wrong(name: &str, problem: Problem) -> E {
    E::ValidationError {
        issues: vec![Issue::at(name, problem)],
    }
}
