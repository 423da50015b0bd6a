//! Simulators of the outside world, so that everything can be tried and tested without it.
//!
//! [`Supplier`] is a wholesale supplier, [`Gateway`] the payment gateway PAYUNi, [`EinvoiceProviders`] are those who
//! transmit e-invoices. They keep their books in our database,
//! so that restarts and several nodes see the same outside world, and live by the [`Clock`](kernel::Clock)
//! they are given: nothing ticks, how far something is follows from the time at which somebody asks. [`captcha_service`] tells robots, and keeps no books.

mod captcha;
mod einvoice;
mod gateway;
mod micros;
mod supplier;

pub use self::captcha::captcha_service;
pub use self::einvoice::{EinvoiceConfig, EinvoiceFault, EinvoiceProviders, SimulatedInvoice};
pub use gateway::{Gateway, GatewayConfig, GatewayFault, GatewayInvoices};
pub use supplier::{
    Delivery, Fault, Service, ServiceKind, SimulatedOrder, Status, Supplier, SupplierConfig,
};

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    [
        supplier::STATEMENTS,
        gateway::STATEMENTS,
        einvoice::STATEMENTS,
    ]
    .concat()
}
