//! Rows and SQL. Whole rows are structs; each statement names the organization or a row that was found by it.

mod affairs;
mod bulk;
mod certificates;
mod codes;
mod organizations;
mod record_list;
mod records;
mod templates;
mod uploads;

pub use affairs::Affairs;
pub use bulk::{BulkJob, ItemResult, cells, count_uncertified};
pub use certificates::{
    Attempt, Attempts, Authorization, Certificate, Outcome, Standing, Verification, statuses_in_use,
};
pub use codes::{Category, Code, State};
pub use organizations::{ApiKey, KeyHolder, Organization, Project};
pub use record_list::{RecordSearch, Referents, code_count};
pub use records::{Record, count, next_number, next_numbers, put_text, remove_text, uniques, used};
pub use templates::{Listed, Listing, Template};
pub use uploads::Upload;

use store::Statement;

/// Every statement of this crate.
pub fn statements() -> Vec<Statement> {
    [
        organizations::all_statements(),
        codes::all_statements(),
        templates::all_statements(),
        records::all_statements(),
        certificates::all_statements(),
        uploads::all_statements(),
        bulk::all_statements(),
        affairs::all_statements(),
        crate::coding::STATEMENTS.to_vec(),
    ]
    .concat()
}
