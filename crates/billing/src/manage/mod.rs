//! What merchants keep: products, customers, discounts, links. One file per resource; what is sold to whom is elsewhere.

pub mod coupons;
pub mod customers;
pub mod payment_links;
pub mod portal;
pub mod products;
pub mod promotion_codes;

use crate::Error;
use catalogue::recur::Conflict;
use store::StoreError;

/// What a refused row means whose `field` was free a moment ago.
fn taken(field: &'static str) -> impl Fn(StoreError) -> Error {
    move |error| {
        if error.is_unique() {
            Conflict::Taken(field).into()
        } else {
            error.into()
        }
    }
}

/// Changes what a draft says, and leaves the rest. What may be absent can be said to be: `Some(None)`.
fn set<T: Clone>(place: &mut T, said: Option<&T>) {
    if let Some(value) = said {
        place.clone_from(value);
    }
}
