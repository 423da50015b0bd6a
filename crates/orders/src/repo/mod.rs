//! SQL.

pub mod accounts;
pub mod charges;
pub mod invoices;
pub mod orders;
pub mod organizations;
pub mod products;
pub mod profiles;
pub mod records;

use crate::model::{Account, AccountSession};

/// Every statement of the crate.
pub fn all_statements() -> Vec<store::Statement> {
    [
        charges::Charge::STATEMENTS,
        charges::Trade::STATEMENTS,
        charges::Notice::STATEMENTS,
        charges::STATEMENTS,
        Account::STATEMENTS,
        AccountSession::STATEMENTS,
        accounts::STATEMENTS,
        orders::STATEMENTS,
        organizations::STATEMENTS,
        products::STATEMENTS,
        profiles::STATEMENTS,
    ]
    .concat()
}
