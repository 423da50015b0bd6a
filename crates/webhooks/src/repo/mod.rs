//! SQL.

pub mod deliveries;
pub mod endpoints;
pub mod events;

/// Every statement of the crate.
pub fn all_statements() -> Vec<store::Statement> {
    [
        endpoints::STATEMENTS,
        events::STATEMENTS,
        deliveries::STATEMENTS,
    ]
    .concat()
}
