//! List queries: a subset of OData v4 (`$filter`, `$orderby`, `$skip`, `$top`)
//! turned into SQL that runs unchanged on SQLite and PostgreSQL.
//!
//! The way of a query: `options` splits and decodes the query string, `lexer`
//! and `parser` read the expression, `compile` checks the types and writes
//! SQL. What a client sends reaches the database as bound parameters only: a
//! piece of SQL text (`sql::Fragment`) can be made of `&'static str` alone, so
//! client text cannot get into it.
//!
//! Null follows OData, not SQL: `ne` with one null operand is true, `gt` and
//! its kin are false, and a predicate that comes out as null selects nothing.

mod compile;
mod lexer;
mod limits;
mod moment;
mod number;
mod options;
mod order;
mod parser;
mod sql;
mod text;

#[cfg(test)]
mod tests;

use order::SortKey;
use sql::Fragment;

/// A list that can be queried.
#[derive(Debug)]
pub struct Entity {
    /// Type name shown in texts, e.g. `OrderResponse`.
    pub name: &'static str,
    /// What a client may name.
    pub fields: &'static [Field],
    /// What a client may ask `any` and `all` of.
    pub collections: &'static [Collection],
}

/// A single-valued property of an [`Entity`].
#[derive(Debug)]
pub struct Field {
    /// Name the client uses.
    pub name: &'static str,
    /// The column, e.g. `o.created_at`; put anything longer in parentheses.
    pub sql: &'static str,
    /// Type, and with it the way the column is stored.
    pub kind: Kind,
    /// Whether `$filter` may use it.
    pub filter: bool,
    /// Whether `$orderby` may use it.
    pub sort: bool,
    /// Whether the column can be null.
    pub nullable: bool,
}

impl Field {
    /// A property that can be filtered and sorted by, and is never null.
    pub const fn new(name: &'static str, sql: &'static str, kind: Kind) -> Self {
        Self {
            name,
            sql,
            kind,
            filter: true,
            sort: true,
            nullable: false,
        }
    }

    /// The same, for `$filter` only.
    pub const fn filter_only(self) -> Self {
        Self {
            sort: false,
            ..self
        }
    }

    /// The same, for `$orderby` only.
    pub const fn sort_only(self) -> Self {
        Self {
            filter: false,
            ..self
        }
    }

    /// The same, of a column that can be null.
    pub const fn nullable(self) -> Self {
        Self {
            nullable: true,
            ..self
        }
    }
}

/// Type of a [`Field`]. Every column is TEXT or BIGINT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TEXT in lower case with hyphens.
    Guid,
    /// TEXT.
    String,
    /// BIGINT.
    Int32,
    /// BIGINT.
    Int64,
    /// BIGINT holding the value times ten to the power of `scale`.
    Decimal {
        /// Digits after the decimal point, at most 18.
        scale: u32,
    },
    /// BIGINT 0 or 1.
    Boolean,
    /// BIGINT microseconds since 1970 in UTC.
    DateTime,
    /// TEXT, one of `values`.
    Enum {
        /// Type name shown in texts, e.g. `OrderStatus`.
        type_name: &'static str,
        /// Every value a client may name.
        values: &'static [&'static str],
    },
}

/// A property of an [`Entity`] with many values, kept in another table.
#[derive(Debug)]
pub struct Collection {
    /// Name the client uses.
    pub name: &'static str,
    /// Table and alias, e.g. `order_details d`.
    pub from: &'static str,
    /// How its rows belong to the parent's, e.g. `d.order_id = o.order_id`.
    pub on: &'static str,
    /// Its elements; their columns use the alias of `from`.
    pub entity: &'static Entity,
}

/// A value for a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// For a BIGINT.
    Int(i64),
    /// For a TEXT.
    Text(String),
}

/// What a client asks of a list: read, checked and ready to be run.
#[derive(Clone, Debug)]
pub struct ListQuery {
    filter: Option<Fragment>,
    order: Vec<SortKey>,
    skip: i64,
    top: i64,
}

impl ListQuery {
    /// Reads the query string of a URL, not yet decoded and without its `?`.
    ///
    /// # Errors
    ///
    /// The text that tells the client what is wrong with its query.
    pub fn parse(raw_query: &str, entity: &'static Entity) -> Result<Self, String> {
        let options = options::read(raw_query)?;
        Ok(Self {
            filter: options
                .filter
                .map(|source| compile::filter(parser::parse(&source)?, entity))
                .transpose()?,
            order: options
                .orderby
                .map_or(Ok(Vec::new()), |source| order::parse(&source, entity))?,
            skip: options.skip,
            top: options.top,
        })
    }

    /// The SQL boolean expression for `WHERE` with the values to bind, or
    /// `None` if the client sets no condition. Placeholders count up from
    /// `$first`; composite expressions come in parentheses. Null means "no".
    #[must_use]
    pub fn condition(&self, first: usize) -> Option<(String, Vec<Bind>)> {
        self.filter.as_ref().map(|filter| filter.render(first))
    }

    /// The list for `ORDER BY`: the client's keys, then `default_order`.
    #[must_use]
    pub fn order(&self, default_order: &'static str) -> String {
        let mut keys: Vec<&str> = self.order.iter().flat_map(SortKey::sql).collect();
        keys.push(default_order);
        keys.concat()
    }

    /// How many rows to leave out; 0 unless the client says otherwise.
    #[must_use]
    pub fn skip(&self) -> i64 {
        self.skip
    }

    /// How many rows to give at most, 1 to 100; 100 unless the client says otherwise.
    #[must_use]
    pub fn top(&self) -> i64 {
        self.top
    }
}
