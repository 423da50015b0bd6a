//! One SQL text over two databases, SQLite and PostgreSQL, behind [`Db`].
//!
//! - [`Db::write`] runs a synchronous closure in a transaction. On SQLite one thread owns the writing
//!   connection and commits whatever has arrived together (group commit); on PostgreSQL the closure is
//!   run again after a serialization failure, a deadlock or a connection lost before the commit. Time, ids and randomness
//!   are therefore arguments of the closure, never made inside it.
//! - [`Db::read`] is for reads by key, [`Db::scan`] for reads that may take long and get a time limit.
//! - Statements are declared with [`statements!`], so that a test can prepare every one on both databases.
//! - What must survive a crash is a row of the same transaction: [`jobs`], [`idempotency`].
//!
//! What differs between the databases lives in `dialect.rs` and the two drivers, nowhere else.

pub mod cache;
mod db;
mod dialect;
mod error;
pub mod idempotency;
pub mod jobs;
mod migrate;
mod param;
mod postgres;
mod queue;
pub mod quota;
pub mod record;
pub mod sequence;
mod sqlite;
mod statement;
mod tx;
mod url;

pub use db::Db;
pub use error::StoreError;
pub use migrate::MigrationReport;
pub use param::{FromColumn, Param};
pub use statement::Statement;
pub use tx::{Row, Tx};
pub use url::{DatabaseUrl, UrlError};

/// Every statement of this crate.
pub fn statements() -> Vec<Statement> {
    [
        migrate::STATEMENTS,
        jobs::STATEMENTS,
        idempotency::STATEMENTS,
        quota::STATEMENTS,
        sequence::STATEMENTS,
        tx::STATEMENTS,
    ]
    .concat()
}
