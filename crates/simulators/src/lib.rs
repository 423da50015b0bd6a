//! Simulators of the outside world, so that everything can be tried and tested without it.
//!
//! [`Supplier`] is a wholesale supplier. It keeps its books in our database, so that restarts and
//! several nodes see the same supplier, and it lives by the [`Clock`](kernel::Clock) it is given:
//! nothing ticks, how far an order is follows from the time at which somebody asks.

mod supplier;

pub use supplier::{
    Delivery, Fault, Service, ServiceKind, SimulatedOrder, Status, Supplier, SupplierConfig,
};

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    supplier::STATEMENTS.to_vec()
}
