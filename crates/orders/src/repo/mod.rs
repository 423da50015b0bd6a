//! SQL.

pub mod charges;
pub mod orders;
pub mod organizations;
pub mod products;
pub mod records;

/// Every statement of the crate.
pub fn all_statements() -> Vec<store::Statement> {
    [
        charges::Charge::STATEMENTS,
        charges::Trade::STATEMENTS,
        charges::Notice::STATEMENTS,
        charges::STATEMENTS,
        orders::STATEMENTS,
        organizations::STATEMENTS,
        products::STATEMENTS,
    ]
    .concat()
}
