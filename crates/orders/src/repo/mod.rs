//! SQL.

pub mod orders;
pub mod organizations;
pub mod products;
pub mod records;

/// Every statement of the crate.
pub fn all_statements() -> Vec<store::Statement> {
    [
        orders::STATEMENTS,
        organizations::STATEMENTS,
        products::STATEMENTS,
    ]
    .concat()
}
