//! Routes and wire types of subscription billing, under `/v1` and `/api/v1`. One file per resource.

mod api_keys;
mod call;
mod callback;
mod charges;
mod checkouts;
mod clock;
mod cors;
mod coupons;
mod credits;
mod customers;
mod elements;
mod entitlements;
mod events;
mod fields;
mod invoices;
mod lists;
mod objects;
mod openapi;
mod orders;
mod payment_links;
mod portal;
mod products;
mod promotion_codes;
mod refunds;
mod sessions;
mod settings;
mod subscriptions;
mod webhook_deliveries;
mod webhook_endpoints;

pub use fields::Fields;
pub use objects::{
    charge_object, coupon_object, customer_object, discount_object, failure_message,
    invoice_object, next_billing_date, next_discount, order_object, payment_link_object,
    product_object, promotion_code_object, redemption_object, refund_object, session_object,
    subscription_object,
};
pub use openapi::{Operation, document, lists, operation, operations};

use crate::Billing;
use axum::Router;
use axum::middleware;
use axum::routing::any;
use catalogue::RecurError;
use catalogue::recur::{BadRequest, Resource};
use httpkit::face::FaceLayer;
use httpkit::{Dialect, Face, Refusal, Transport};
use std::sync::Arc;

/// The face's words for what is nobody's business rule.
#[derive(Clone, Copy, Debug)]
pub struct RecurFace;

impl Face for RecurFace {
    fn name(&self) -> &'static str {
        catalogue::Face::Recur.name()
    }

    fn internal(&self, incident: &str) -> Arc<dyn Dialect> {
        Arc::new(RecurError::InternalServerError {
            incident: incident.to_owned(),
        })
    }

    fn transport(&self, transport: Transport) -> Arc<dyn Dialect> {
        let bad_request = |reason| RecurError::BadRequest { reason };
        Arc::new(match transport {
            Transport::UnknownPath => RecurError::NotFound {
                what: Resource::Route,
            },
            Transport::WrongMethod => bad_request(BadRequest::MethodNotAllowed),
            Transport::BodyTooLarge { limit } => bad_request(BadRequest::BodyTooLarge { limit }),
            Transport::BodyIncomplete => bad_request(BadRequest::Timeout),
            Transport::RateLimited { .. } => RecurError::RateLimitExceeded,
            Transport::TimedOut => RecurError::InternalServerError {
                incident: String::new(),
            },
        })
    }
}

/// The operations, under both prefixes, and where the gateway reports to.
pub fn router(billing: Billing, layer: FaceLayer) -> Router {
    let unknown_path = || async { Refusal::from(Transport::UnknownPath) };
    let operations = Router::new()
        .merge(api_keys::routes())
        .merge(charges::routes())
        .merge(checkouts::routes())
        .merge(clock::routes())
        .merge(coupons::routes())
        .merge(credits::routes())
        .merge(customers::routes())
        .merge(elements::routes())
        .merge(entitlements::routes())
        .merge(events::routes())
        .merge(invoices::routes())
        .merge(orders::routes())
        .merge(payment_links::routes())
        .merge(portal::routes())
        .merge(products::routes())
        .merge(promotion_codes::routes())
        .merge(refunds::routes())
        .merge(sessions::routes())
        .merge(settings::routes())
        .merge(subscriptions::routes())
        .merge(webhook_deliveries::routes())
        .merge(webhook_endpoints::routes())
        .fallback(unknown_path)
        .method_not_allowed_fallback(|| async { Refusal::from(Transport::WrongMethod) })
        .with_state(billing.clone());
    Router::new()
        .nest("/v1", operations.clone())
        .nest("/api/v1", operations)
        .route("/v1/", any(unknown_path))
        .route("/api/v1/", any(unknown_path))
        .layer(middleware::from_fn_with_state(layer, httpkit::face::layer))
        .layer(middleware::from_fn(cors::layer))
        .merge(callback::routes().with_state(billing))
}
