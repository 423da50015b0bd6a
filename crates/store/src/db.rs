use crate::postgres::PostgresDriver;
use crate::sqlite::{Readers, SqliteDriver};
use crate::tx::Signals;
use crate::{DatabaseUrl, StoreError, Tx};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// How long a read that may scan is allowed to take.
const SCAN_LIMIT: Duration = Duration::from_secs(5);

/// A database. Cheap to clone; all clones are the same database.
#[derive(Clone)]
pub struct Db {
    driver: Arc<Driver>,
    shared: Arc<Shared>,
}

enum Driver {
    Sqlite(SqliteDriver),
    Postgres(PostgresDriver),
}

/// What drivers tell the rest of the process.
pub(crate) struct Shared {
    /// Goes up whenever a commit, of this node or another, makes cached rows stale.
    pub cache_epoch: AtomicU64,
    /// False while other nodes' changes may go unnoticed.
    pub hears_other_nodes: AtomicBool,
    pub jobs_ready: Notify,
}

impl Shared {
    pub fn signal(&self, signals: Signals) {
        if signals.caches_stale {
            self.cache_epoch.fetch_add(1, Ordering::AcqRel);
        }
        if signals.jobs_ready {
            self.jobs_ready.notify_one();
        }
    }
}

/// What becomes of a task's changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    Undo,
}

/// A closure on its way through a driver.
pub(crate) trait Task: Send {
    /// Runs the closure. May be called again if the transaction has to be repeated.
    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict;
    /// Replaces the closure's result by a failure of the database.
    fn fail(&mut self, error: StoreError);
    /// Hands the result to the caller, once it is known whether the changes last.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<F, T, E> {
    run: F,
    result: Option<Result<T, E>>,
    reply: Option<oneshot::Sender<Result<T, E>>>,
}

impl<F, T, E> Task for Work<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict {
        let result = catch_unwind(AssertUnwindSafe(|| (self.run)(tx))).unwrap_or_else(|_| {
            Err(StoreError::Failed("the transaction's closure panicked".into()).into())
        });
        let verdict = if result.is_ok() {
            Verdict::Keep
        } else {
            Verdict::Undo
        };
        self.result = Some(result);
        verdict
    }

    fn fail(&mut self, error: StoreError) {
        // A refusal that the closure made of the failure says more than the failure itself.
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(error.into()));
        }
    }

    fn finish(mut self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result.take(), committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(StoreError::Failed("the closure was not run".into()).into()),
        };
        if let Some(reply) = self.reply.take() {
            // A caller who has gone away does not undo what was committed.
            let _ = reply.send(result);
        }
    }
}

impl Db {
    /// Opens the database, creating a SQLite file that does not exist. Does not migrate.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            cache_epoch: AtomicU64::new(0),
            hears_other_nodes: AtomicBool::new(true),
            jobs_ready: Notify::new(),
        });
        let driver = match url {
            DatabaseUrl::SqliteFile(path) => {
                Driver::Sqlite(SqliteDriver::open_file(path, Arc::clone(&shared))?)
            }
            DatabaseUrl::SqliteMemory => {
                Driver::Sqlite(SqliteDriver::open_memory(Arc::clone(&shared))?)
            }
            DatabaseUrl::Postgres(url) => {
                Driver::Postgres(PostgresDriver::open(url, Arc::clone(&shared)).await?)
            }
        };
        Ok(Self {
            driver: Arc::new(driver),
            shared,
        })
    }

    /// Runs `run` in a transaction that lasts when it returns `Ok` and is undone when it returns `Err`.
    ///
    /// `run` may run more than once: it takes time, ids and randomness from outside. Dropping the
    /// returned future does not stop the transaction.
    pub async fn write<T, E>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(run).await
    }

    /// Reads by key, in a consistent snapshot. On SQLite it runs where it is, so it must be short.
    pub async fn read<T, E>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self.sqlite_readers() {
            Some(readers) => readers.read(None, run)?,
            None => self.submit(run).await,
        }
    }

    /// Reads what may take long (lists, searches), in a consistent snapshot, off the async threads and
    /// with a time limit ([`StoreError::TimedOut`]).
    pub async fn scan<T, E>(
        &self,
        mut run: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let limited = move |tx: &mut Tx<'_>| {
            tx.limit_statements(SCAN_LIMIT)?;
            run(tx)
        };
        if self.sqlite_readers().is_none() {
            return self.submit(limited).await;
        }
        let db = self.clone();
        let task = tokio::task::spawn_blocking(move || match db.sqlite_readers() {
            Some(readers) => readers.read(Some(SCAN_LIMIT), limited)?,
            None => Err(StoreError::Failed("the readers are gone".into()).into()),
        });
        task.await
            .unwrap_or_else(|e| Err(StoreError::Failed(e.to_string()).into()))
    }

    fn sqlite_readers(&self) -> Option<&Readers> {
        match &*self.driver {
            Driver::Sqlite(driver) => driver.readers(),
            Driver::Postgres(_) => None,
        }
    }

    async fn submit<T, E>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Work {
            run,
            result: None,
            reply: Some(reply),
        });
        match &*self.driver {
            Driver::Sqlite(driver) => driver.submit(task),
            Driver::Postgres(driver) => driver.submit(task),
        }
        answer.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable("the driver has stopped".into()).into())
        })
    }

    /// Waits until a commit has made a job due, on this node or (with a delay) another.
    pub async fn jobs_ready(&self) {
        self.shared.jobs_ready.notified().await;
    }

    pub(crate) fn cache_epoch(&self) -> Option<u64> {
        self.shared
            .hears_other_nodes
            .load(Ordering::Acquire)
            .then(|| self.shared.cache_epoch.load(Ordering::Acquire))
    }

    /// Writes a consistent copy of a SQLite database to a new file.
    pub async fn backup(&self, file: String) -> Result<(), StoreError> {
        match &*self.driver {
            Driver::Sqlite(driver) => driver.backup_to(&file),
            Driver::Postgres(_) => Err(StoreError::Failed(
                "this is a PostgreSQL database: back it up with pg_dump".into(),
            )),
        }
    }

    /// The name of the engine, for people.
    pub fn engine(&self) -> &'static str {
        match &*self.driver {
            Driver::Sqlite(_) => "SQLite",
            Driver::Postgres(_) => "PostgreSQL",
        }
    }

    /// Finishes what was submitted and closes the connections. Blocks for as long as that takes.
    pub async fn close(&self) {
        let db = self.clone();
        let _ = tokio::task::spawn_blocking(move || match &*db.driver {
            Driver::Sqlite(driver) => driver.close(),
            Driver::Postgres(driver) => driver.close(),
        })
        .await;
    }

    pub(crate) async fn run_schema(
        &self,
        sqlite: impl Fn() -> String + Send + 'static,
        postgres: impl Fn() -> String + Send + 'static,
    ) -> Result<(), StoreError> {
        self.submit(move |tx: &mut Tx<'_>| tx.run_script(&sqlite, &postgres))
            .await
    }
}
