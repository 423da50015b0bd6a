//! Who delivers what is sold: the connector trait, and what a supplier may answer.

pub mod certificates;
mod panel;

pub use panel::{Panel, PanelConfig};

use crate::model::{OrganizationId, Specification};
use catalogue::Param as _;
use catalogue::PlatformError;
use catalogue::platform::{OrderRefusal, SupportReason};
use kernel::Locale;
use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;

/// What a connector returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SupplierError>> + Send + 'a>>;

/// A connection to a supplier.
pub trait Supplier: Send + Sync + 'static {
    /// Orders something and returns the supplier's number for it. `reference` is ours, the same for
    /// every attempt at the same order.
    fn add<'a>(&'a self, order: &'a NewOrder, reference: &'a str) -> Answer<'a, String>;
    /// How far orders are, by the supplier's numbers (at most 100).
    fn status<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<Progress>>;
    /// Asks that what was lost be delivered again; returns the supplier's numbers of the refills.
    fn refill<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<String>>;
    /// Asks that orders be stopped.
    fn cancel<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<()>>;
    /// What the supplier offers.
    fn services(&self) -> Answer<'_, Vec<Service>>;
    /// Whether `add` of this service, with a reference that the supplier has seen, makes no second order. Only then may an order
    /// be sent again after its answer was lost.
    fn recognizes_references(&self, service: &str) -> bool;
}

/// The supplier's word on each of several orders, by its numbers.
pub type PerOrder<T> = HashMap<String, Result<T, SupplierError>>;

/// What to order.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Who orders.
    pub organization: OrganizationId,
    /// What, for people.
    pub title: String,
    /// The supplier's service.
    pub service: String,
    /// The kind of product says which fields are sent.
    pub product_type: crate::model::ProductType,
    /// What is asked for.
    pub specification: Specification,
}

/// How far an order is with the supplier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The state.
    pub state: State,
    /// The count that it started from.
    pub start_count: Option<i64>,
    /// How many units are still to come.
    pub remains: Option<i64>,
}

/// The supplier's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the protocol's own words")]
pub enum State {
    Pending,
    Processing,
    InProgress,
    Completed,
    Partial,
    Canceled,
}

/// One service that a supplier offers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the protocol's own words")]
pub struct Service {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub category: String,
    pub rate: String,
    pub min: i64,
    pub max: i64,
    pub drip_feed: bool,
    pub refill: bool,
    pub cancel: bool,
}

/// Why a supplier did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SupplierError {
    /// It said no.
    Refused(Refusal),
    /// It was not reached: it cannot have done anything.
    NotReached(String),
    /// It was reached, and what it did is not known.
    Unknown(String),
}

/// The supplier's reasons for saying no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not offer the service.
    Service,
    /// It does not know the order.
    Order,
    /// The quantity is too small.
    BelowMinimum,
    /// The quantity is too large.
    AboveMaximum,
    /// The order itself will not do.
    NewOrder(OrderRefusal),
    /// We have no funds there.
    OutOfFunds,
    /// It does not accept our key.
    Key,
    /// Anything else, in its words.
    Other(String),
}

impl SupplierError {
    /// Whether asking again, later, may go better.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::NotReached(_)
                | Self::Unknown(_)
                | Self::Refused(Refusal::OutOfFunds | Refusal::Key)
        )
    }

    /// The code that a client gets for it. `min` and `max` are the product's.
    pub fn code(&self, min: i64, max: i64) -> PlatformError {
        let support = |reason| PlatformError::ContactCustomerService { reason };
        match self {
            Self::Refused(refusal) => match refusal {
                Refusal::Service => PlatformError::IncorrectServiceId,
                Refusal::Order => PlatformError::IncorrectOrderId,
                Refusal::BelowMinimum => PlatformError::BelowMinimumQuantity { min },
                Refusal::AboveMaximum => PlatformError::ExceedsMaximumQuantity { max },
                Refusal::NewOrder(reason) => PlatformError::CreateOrderFailed { reason: *reason },
                Refusal::OutOfFunds | Refusal::Key => support(SupportReason::SupplierAccount),
                Refusal::Other(_) => PlatformError::CreateOrderFailed {
                    reason: OrderRefusal::SupplierRefused,
                },
            },
            Self::NotReached(_) | Self::Unknown(_) => support(SupportReason::SupplierUnavailable),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("the supplier does not offer the service"),
            Self::Order => f.write_str("the supplier does not know the order"),
            Self::BelowMinimum => f.write_str("the quantity is too small for the supplier"),
            Self::AboveMaximum => f.write_str("the quantity is too large for the supplier"),
            Self::NewOrder(reason) => f.write_str(&reason.text(Locale::En)),
            Self::OutOfFunds => f.write_str("we have no funds at the supplier"),
            Self::Key => f.write_str("the supplier refuses our key"),
            Self::Other(text) => write!(f, "the supplier says: {text}"),
        }
    }
}

impl fmt::Display for SupplierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotReached(why) => write!(f, "not reached: {why}"),
            Self::Unknown(why) => write!(f, "outcome unknown: {why}"),
        }
    }
}

/// Stands in where no supplier is configured: it is never reached.
#[derive(Clone, Copy, Debug)]
pub struct NotConfigured;

impl NotConfigured {
    fn answer<'a, T: Send + 'a>() -> Answer<'a, T> {
        let error = SupplierError::NotReached(
            "no supplier is configured (set supplier.url and supplier.key)".into(),
        );
        Box::pin(std::future::ready(Err(error)))
    }
}

impl Supplier for NotConfigured {
    fn add<'a>(&'a self, _: &'a NewOrder, _: &'a str) -> Answer<'a, String> {
        Self::answer()
    }

    fn status<'a>(&'a self, _: &'a [String]) -> Answer<'a, PerOrder<Progress>> {
        Self::answer()
    }

    fn refill<'a>(&'a self, _: &'a [String]) -> Answer<'a, PerOrder<String>> {
        Self::answer()
    }

    fn cancel<'a>(&'a self, _: &'a [String]) -> Answer<'a, PerOrder<()>> {
        Self::answer()
    }

    fn services(&self) -> Answer<'_, Vec<Service>> {
        Self::answer()
    }

    fn recognizes_references(&self, _: &str) -> bool {
        false
    }
}
