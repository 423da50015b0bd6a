//! Buy links: permanent addresses at which a checkout begins.

use super::frame::{Frame, Notice, Policy, Tone, trouble};
use crate::ask::Ask;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use billing::checkout::ProductRef;
use billing::{Billing, Error};
use catalogue::RecurError;
use catalogue::recur::{BadRequest, StateRefusal};

/// Begins a checkout and leads to its page: of a payment link, or, with a key, of a product by its id or slug.
pub async fn open(State(billing): State<Billing>, ask: Ask) -> Response {
    if ask.method == Method::HEAD {
        return StatusCode::NO_CONTENT.into_response();
    }
    let (segment, key) = (ask.param("segment"), ask.query("key"));
    let begun = match segment {
        _ if key.is_empty() => billing.open_link(segment).await,
        id if id.starts_with("prod_") => {
            billing
                .open_product(&key, ProductRef::Id(id.to_owned()))
                .await
        }
        slug => {
            billing
                .open_product(&key, ProductRef::Slug(slug.to_owned()))
                .await
        }
    };
    match begun {
        Ok(checkout) => {
            let session = checkout.session_id.unwrap_or_default();
            Redirect::to(&ask.link(&format!("/checkout/{session}"))).into_response()
        }
        Err(Error::Refused(
            RecurError::NotFound { .. }
            | RecurError::Unauthorized { .. }
            | RecurError::BadRequest {
                reason: BadRequest::State(StateRefusal::PaymentLinkInactive),
            },
        )) => {
            let said = &ask.words().unavailable;
            let frame = Frame::new(&ask, None, said.title);
            Notice::new(frame, Tone::Plain, said).answer(StatusCode::NOT_FOUND)
        }
        Err(error) => trouble(&ask, None, Policy::default(), &error),
    }
}
