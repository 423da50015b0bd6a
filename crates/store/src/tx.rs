use crate::postgres::PostgresTx;
use crate::sqlite::SqliteTx;
use crate::{FromColumn, Param, Statement, StoreError, statements};
use std::time::Duration;

statements! {
    SET_SAVEPOINT = "SAVEPOINT attempt";
    KEEP_SAVEPOINT = "RELEASE SAVEPOINT attempt";
    UNDO_SAVEPOINT = "ROLLBACK TO SAVEPOINT attempt";
}

/// A transaction, on either database.
///
/// After a statement has failed the transaction can only be rolled back, as PostgreSQL has it: later
/// statements fail too, and the closure's changes are undone whatever it returns.
pub struct Tx<'c> {
    driver: TxDriver<'c>,
    failure: Option<StoreError>,
    signals: Signals,
}

pub(crate) enum TxDriver<'c> {
    Sqlite(SqliteTx<'c>),
    Postgres(PostgresTx<'c>),
}

/// What others learn once the transaction has been committed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signals {
    pub caches_stale: bool,
    pub jobs_ready: bool,
}

impl<'c> Tx<'c> {
    pub(crate) const fn new(driver: TxDriver<'c>) -> Self {
        Self {
            driver,
            failure: None,
            signals: Signals {
                caches_stale: false,
                jobs_ready: false,
            },
        }
    }

    pub(crate) fn into_parts(self) -> (TxDriver<'c>, Option<StoreError>, Signals) {
        (self.driver, self.failure, self.signals)
    }

    /// Runs a statement and returns how many rows it changed.
    pub fn execute(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        self.guard(|driver| match driver {
            TxDriver::Sqlite(tx) => tx.execute(statement, params),
            TxDriver::Postgres(tx) => tx.execute(statement, params),
        })
    }

    /// Runs a statement whose result nothing depends on. PostgreSQL is sent it together with the next
    /// statement or the commit, which saves a round trip; if it fails, so does that.
    pub fn enqueue(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
    ) -> Result<(), StoreError> {
        self.guard(|driver| match driver {
            TxDriver::Sqlite(tx) => tx.execute(statement, params).map(drop),
            TxDriver::Postgres(tx) => tx.enqueue(statement, params),
        })
    }

    /// Every row, read by `map`.
    pub fn query<T>(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.guard(|driver| match driver {
            TxDriver::Sqlite(tx) => tx.query(statement, params, map),
            TxDriver::Postgres(tx) => tx.query(statement, params, map),
        })
    }

    /// The first row, if there is one.
    pub fn query_opt<T>(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.query(statement, params, map)?.into_iter().next())
    }

    /// The first row; that there is none is [`StoreError::Corrupt`].
    pub fn query_one<T>(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.query_opt(statement, params, map)?
            .ok_or_else(|| StoreError::Corrupt(format!("{} found no row", statement.name())))
    }

    /// A query put together at run time, from fixed parts and bound parameters only.
    pub fn query_dynamic<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.guard(|driver| match driver {
            TxDriver::Sqlite(tx) => tx.query_dynamic(sql, params, map),
            TxDriver::Postgres(tx) => tx.query_dynamic(sql, params, map),
        })
    }

    /// Runs a part of the transaction whose changes are undone when it returns `Err`, while those before it stay. A statement
    /// that fails within it fails the whole transaction all the same.
    pub fn attempt<T, E: From<StoreError>>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let signals = self.signals;
        self.enqueue(SET_SAVEPOINT, &[])?;
        let result = run(self);
        if let Some(failure) = &self.failure {
            return result.and_then(|_| Err(failure.clone().into()));
        }
        if result.is_err() {
            self.signals = signals;
            self.enqueue(UNDO_SAVEPOINT, &[])?;
        }
        self.enqueue(KEEP_SAVEPOINT, &[])?;
        result
    }

    /// Has the database check a statement without running it.
    pub fn prepare(&mut self, statement: Statement) -> Result<(), StoreError> {
        self.guard(|driver| match driver {
            TxDriver::Sqlite(tx) => tx.prepare(statement),
            TxDriver::Postgres(tx) => tx.prepare(statement),
        })
    }

    /// Says that cached rows may be stale: every node forgets its caches once this is committed.
    pub fn invalidate_caches(&mut self) -> Result<(), StoreError> {
        self.signals.caches_stale = true;
        self.guard(|driver| match driver {
            TxDriver::Sqlite(_) => Ok(()),
            TxDriver::Postgres(tx) => tx.notify_other_nodes(),
        })
    }

    /// Gives each later statement of this transaction a time limit. SQLite's reads get theirs from
    /// the connection.
    pub(crate) fn limit_statements(&mut self, limit: Duration) -> Result<(), StoreError> {
        self.guard(|driver| match driver {
            TxDriver::Sqlite(_) => Ok(()),
            TxDriver::Postgres(tx) => tx.limit_statements(limit),
        })
    }

    /// Runs a script in its engine's own words.
    pub(crate) fn run_script(
        &mut self,
        sqlite: &dyn Fn() -> String,
        postgres: &dyn Fn() -> String,
    ) -> Result<(), StoreError> {
        self.guard(|driver| match driver {
            TxDriver::Sqlite(tx) => tx.run_script(&sqlite()),
            TxDriver::Postgres(tx) => tx.run_script(&postgres()),
        })
    }

    pub(crate) const fn wake_job_runner(&mut self) {
        self.signals.jobs_ready = true;
    }

    fn guard<T>(
        &mut self,
        run: impl FnOnce(&mut TxDriver<'c>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        run(&mut self.driver).inspect_err(|error| self.failure = Some(error.clone()))
    }
}

/// A row of a result.
pub enum Row<'r> {
    #[doc(hidden)]
    Sqlite(&'r rusqlite::Row<'r>),
    #[doc(hidden)]
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// Column `index`, counted from 0.
    pub fn get<T: FromColumn>(&self, index: usize) -> Result<T, StoreError> {
        T::from_column(self, index)
    }

    pub(crate) fn int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => row.get(index).map_err(StoreError::corrupt),
            Self::Postgres(row) => row.try_get(index).map_err(StoreError::corrupt),
        }
    }

    pub(crate) fn text(&self, index: usize) -> Result<Option<&str>, StoreError> {
        match self {
            Self::Sqlite(row) => row
                .get_ref(index)
                .map_err(StoreError::corrupt)?
                .as_str_or_null()
                .map_err(StoreError::corrupt),
            Self::Postgres(row) => row.try_get(index).map_err(StoreError::corrupt),
        }
    }

    pub(crate) fn is_null(&self, index: usize) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(row) => row
                .get_ref(index)
                .map(|value| value == rusqlite::types::ValueRef::Null)
                .map_err(StoreError::corrupt),
            Self::Postgres(row) => row
                .try_get::<_, Option<Anything>>(index)
                .map(|value| value.is_none())
                .map_err(StoreError::corrupt),
        }
    }
}

/// A PostgreSQL value of any type, of which only its being there matters.
struct Anything;

impl<'a> tokio_postgres::types::FromSql<'a> for Anything {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        _: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self)
    }

    fn accepts(_: &tokio_postgres::types::Type) -> bool {
        true
    }
}
