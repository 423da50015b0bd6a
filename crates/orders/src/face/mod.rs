//! Routes and wire types of the order platform. One file per resource.

mod account;
mod account_charge;
mod call;
mod callback;
mod charge;
mod fields;
mod file;
mod invoice;
mod limits;
mod member;
mod membership;
mod openapi;
mod order;
mod organization;
mod product;
mod visitor;

pub use openapi::{CallerKind, Operation, document, lists, operations};

use self::call::Caller;
use self::member::Member;
use crate::Orders;
use axum::Router;
use axum::middleware;
use axum::routing::any;
use catalogue::PlatformError;
use catalogue::platform::{FieldError, Format, Subject, SupportReason};
use httpkit::face::FaceLayer;
use httpkit::{Dialect, Face, Refusal, Transport};
use serde::Serialize;
use std::sync::Arc;

/// The face's words for what is nobody's business rule.
#[derive(Clone, Copy, Debug)]
pub struct PlatformFace;

impl Face for PlatformFace {
    fn name(&self) -> &'static str {
        catalogue::Face::Platform.name()
    }

    fn internal(&self, incident: &str) -> Arc<dyn Dialect> {
        Arc::new(PlatformError::UnHandleException {
            incident: incident.to_owned(),
        })
    }

    fn transport(&self, transport: Transport) -> Arc<dyn Dialect> {
        let body = |error| {
            PlatformError::fields(vec![FieldError {
                property: None,
                error,
            }])
        };
        Arc::new(match transport {
            Transport::UnknownPath | Transport::WrongMethod => PlatformError::DataNotExist {
                what: Subject::Operation,
            },
            Transport::BodyTooLarge { limit } => body(PlatformError::StringLengthOutOfRange {
                property: "body".into(),
                min: 0,
                max: i64::try_from(limit).unwrap_or(i64::MAX),
            }),
            Transport::BodyIncomplete => body(PlatformError::InvalidFormat {
                property: "body".into(),
                expected: Format::JsonObject,
            }),
            Transport::RateLimited { .. } => PlatformError::ContactCustomerService {
                reason: SupportReason::TooManyRequests,
            },
            Transport::TimedOut => PlatformError::ContactCustomerService {
                reason: SupportReason::Overloaded,
            },
        })
    }
}

/// A page of a list, with the count of the whole.
#[derive(Debug, Serialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.count")]
    count: i64,
}

/// What is done to several orders.
#[derive(Debug, Serialize)]
struct Values<T> {
    value: Vec<T>,
}

/// The operations, under `/platform` for organizations and under `/account` for people, and what the payment gateway calls, under
/// `/callback`.
pub fn router(orders: Orders, layer: FaceLayer) -> Router {
    let platform = Router::new()
        .merge(organization::routes())
        .merge(product::routes())
        .merge(order::routes())
        .merge(file::routes::<Caller>())
        .merge(charge::routes())
        .merge(invoice::routes());
    let account = Router::new()
        .merge(account::routes())
        .merge(membership::routes())
        .merge(file::routes::<Member>())
        .merge(account_charge::routes());
    let slow = FaceLayer {
        timeout: layer.timeout + files::ARRIVAL,
        ..layer.clone()
    };
    let slow = Router::new()
        .nest("/platform", file::slow_routes::<Caller>())
        .nest("/account", file::slow_routes::<Member>())
        .with_state(orders.clone())
        .layer(middleware::from_fn_with_state(slow, httpkit::face::layer));
    Router::new()
        .merge(under("/platform", platform, &orders))
        .merge(under("/account", account, &orders))
        .merge(under("/callback", callback::routes(), &orders))
        .layer(middleware::from_fn_with_state(layer, httpkit::face::layer))
        .merge(slow)
}

/// Operations under a path, where everything else is answered in the face's dialect, too.
fn under(path: &str, operations: Router<Orders>, orders: &Orders) -> Router {
    let unknown_path = || async { Refusal::from(Transport::UnknownPath) };
    let operations = operations
        .fallback(unknown_path)
        .method_not_allowed_fallback(|| async { Refusal::from(Transport::WrongMethod) })
        .with_state(orders.clone());
    Router::new()
        .nest(path, operations)
        .route(&format!("{path}/"), any(unknown_path))
}
