//! The SQLite driver: one thread writes, with group commit; reading connections are pooled.

use crate::db::{Shared, Task, Verdict};
use crate::queue::{TaskQueue, lock, spawn};
use crate::tx::TxDriver;
use crate::{Param, Row, Statement, StoreError, Tx};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Past 64 a commit only gets slower, but a long queue is emptied sooner.
const MOST_TASKS_PER_COMMIT: usize = 256;
const MOST_IDLE_READERS: usize = 8;
/// How soon a change by another process (the CLI beside a server) is noticed.
const FOREIGN_CHANGE_CHECK: Duration = Duration::from_millis(100);
const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(250);
/// When the log grows past this although checkpoints run elsewhere, the writer makes room itself.
const LARGEST_WAL_PAGES: i64 = 32_768;

pub struct SqliteDriver {
    queue: TaskQueue,
    /// `None`: an in-memory database, whose one connection does everything.
    readers: Option<Readers>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop_checkpoints: Mutex<Option<mpsc::Sender<()>>>,
}

pub struct Readers {
    path: std::path::PathBuf,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl SqliteDriver {
    pub fn open_file(path: &Path, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let writer = SqliteConnection::open(path, Role::Writer)?;
        let (stop_checkpoints, stopped) = mpsc::channel();
        let checkpointer = SqliteConnection::open(path, Role::Writer)?;
        let checkpoints = spawn("store-checkpoint".into(), move || {
            checkpoint_loop(&checkpointer, &stopped);
        })?;
        let (queue, writing) = start_writer(writer, shared)?;
        Ok(Self {
            queue,
            readers: Some(Readers {
                path: path.to_owned(),
                idle: Mutex::default(),
            }),
            threads: Mutex::new(vec![writing, checkpoints]),
            stop_checkpoints: Mutex::new(Some(stop_checkpoints)),
        })
    }

    pub fn open_memory(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let connection = SqliteConnection::configure(Connection::open_in_memory()?, Role::Writer)?;
        let (queue, writing) = start_writer(connection, shared)?;
        Ok(Self {
            queue,
            readers: None,
            threads: Mutex::new(vec![writing]),
            stop_checkpoints: Mutex::new(None),
        })
    }

    pub fn submit(&self, task: Box<dyn Task>) {
        self.queue.submit(task);
    }

    /// The pool of reading connections; `None` when the database has one connection only.
    pub const fn readers(&self) -> Option<&Readers> {
        self.readers.as_ref()
    }

    /// Copies the database, as of one moment, to a new file.
    pub fn backup_to(&self, file: &str) -> Result<(), StoreError> {
        let Some(readers) = self.readers() else {
            return Err(StoreError::Failed(
                "an in-memory database cannot be backed up".into(),
            ));
        };
        // The role matters: VACUUM INTO is refused on a connection that may only query.
        let connection = SqliteConnection::open(&readers.path, Role::Writer)?;
        connection.raw.execute("VACUUM INTO ?1", [file])?;
        Ok(())
    }

    /// Waits until everything submitted has been committed, then closes the connections.
    pub fn close(&self) {
        self.queue.close();
        lock(&self.stop_checkpoints).take();
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
        if let Some(readers) = &self.readers {
            lock(&readers.idle).clear();
        }
    }
}

impl Readers {
    /// Runs a read in a consistent snapshot, interrupted after `limit`.
    pub fn read<T>(
        &self,
        limit: Option<Duration>,
        run: impl FnOnce(&mut Tx<'_>) -> T,
    ) -> Result<T, StoreError> {
        let idle = lock(&self.idle).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => SqliteConnection::open(&self.path, Role::Reader)?,
        };
        if let Some(limit) = limit {
            connection.interrupt_after(limit)?;
        }
        connection.control("BEGIN DEFERRED")?;
        let mut tx = Tx::new(TxDriver::Sqlite(SqliteTx {
            connection: &mut connection,
        }));
        let result = run(&mut tx);
        if limit.is_some() {
            connection.never_interrupt()?;
        }
        if connection.control("COMMIT").is_ok() {
            let mut idle = lock(&self.idle);
            if idle.len() < MOST_IDLE_READERS {
                idle.push(connection);
            }
        }
        Ok(result)
    }
}

fn start_writer(
    connection: SqliteConnection,
    shared: Arc<Shared>,
) -> Result<(TaskQueue, JoinHandle<()>), StoreError> {
    let (queue, tasks) = TaskQueue::new();
    let thread = spawn("store-writer".into(), move || {
        Writer::new(connection, shared).run(&tasks);
    })?;
    Ok((queue, thread))
}

struct Writer {
    connection: SqliteConnection,
    shared: Arc<Shared>,
    data_version: i64,
}

impl Writer {
    fn new(connection: SqliteConnection, shared: Arc<Shared>) -> Self {
        let data_version = connection.number("PRAGMA data_version").unwrap_or(0);
        Self {
            connection,
            shared,
            data_version,
        }
    }

    fn run(mut self, tasks: &mpsc::Receiver<Box<dyn Task>>) {
        let mut checked = Instant::now();
        loop {
            let mut batch = match tasks.recv_timeout(FOREIGN_CHANGE_CHECK) {
                Ok(task) => vec![task],
                Err(mpsc::RecvTimeoutError::Timeout) => vec![],
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            // What has arrived already goes along; nothing is waited for.
            batch.extend(tasks.try_iter().take(MOST_TASKS_PER_COMMIT - 1));
            if !batch.is_empty() {
                self.commit(batch);
            }
            if checked.elapsed() >= FOREIGN_CHANGE_CHECK {
                self.notice_foreign_changes();
                checked = Instant::now();
            }
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Task>>) {
        let outcome = self.run_in_transaction(&mut batch);
        if outcome.is_err() && !self.connection.raw.is_autocommit() {
            let _ = self.connection.raw.execute_batch("ROLLBACK");
        }
        if let Ok(signals) = &outcome {
            for signal in signals {
                self.shared.signal(*signal);
            }
        }
        let outcome = outcome.map(drop);
        for task in batch {
            task.finish(outcome.clone());
        }
    }

    fn run_in_transaction(
        &mut self,
        batch: &mut [Box<dyn Task>],
    ) -> Result<Vec<crate::tx::Signals>, StoreError> {
        self.connection.control("BEGIN IMMEDIATE")?;
        let mut signals = Vec::new();
        for task in batch {
            self.connection.control("SAVEPOINT task")?;
            let mut tx = Tx::new(TxDriver::Sqlite(SqliteTx {
                connection: &mut self.connection,
            }));
            let verdict = task.run(&mut tx);
            let (_, failure, signal) = tx.into_parts();
            // A full disk, for one, makes SQLite roll the whole transaction back.
            if self.connection.raw.is_autocommit() {
                return Err(failure.unwrap_or_else(|| {
                    StoreError::Unavailable("the transaction was rolled back".into())
                }));
            }
            if verdict == Verdict::Keep && failure.is_none() {
                self.connection.control("RELEASE task")?;
                signals.push(signal);
            } else {
                if let Some(failure) = failure {
                    task.fail(failure);
                }
                self.connection.control("ROLLBACK TO task")?;
                self.connection.control("RELEASE task")?;
            }
        }
        self.connection.control("COMMIT")?;
        Ok(signals)
    }

    fn notice_foreign_changes(&mut self) {
        if let Ok(version) = self.connection.number("PRAGMA data_version")
            && version != self.data_version
        {
            self.data_version = version;
            self.shared.cache_epoch.fetch_add(1, Ordering::AcqRel);
            self.shared.jobs_ready.notify_one();
        }
    }
}

/// Keeps the log short without making a commit wait for it.
fn checkpoint_loop(connection: &SqliteConnection, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(CHECKPOINT_INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
        let _ = connection.checkpoint("PASSIVE").and_then(|log_pages| {
            if log_pages > LARGEST_WAL_PAGES {
                connection.checkpoint("RESTART")?;
            }
            Ok(())
        });
    }
    let _ = connection.checkpoint("TRUNCATE");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Writer,
    Reader,
}

struct SqliteConnection {
    raw: Connection,
    /// Statement texts with SQLite's numbered placeholders, by the address of the declared text.
    texts: HashMap<usize, String>,
}

impl SqliteConnection {
    fn open(path: &Path, role: Role) -> Result<Self, StoreError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if role == Role::Writer {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        Self::configure(Connection::open_with_flags(path, flags)?, role)
    }

    fn configure(raw: Connection, role: Role) -> Result<Self, StoreError> {
        raw.busy_timeout(Duration::from_secs(10))?;
        raw.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;",
        )?;
        if role == Role::Reader {
            raw.execute_batch("PRAGMA query_only = ON;")?;
        }
        raw.set_prepared_statement_cache_capacity(512);
        // Plans that depend on the values bound are made anew at every execution, which costs more than most reads.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Self {
            raw,
            texts: HashMap::new(),
        })
    }

    fn control(&self, sql: &'static str) -> Result<(), StoreError> {
        self.raw.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn number(&self, pragma: &str) -> Result<i64, StoreError> {
        Ok(self.raw.query_row(pragma, [], |row| row.get(0))?)
    }

    /// Moves the log into the database file; returns how many pages the log has.
    fn checkpoint(&self, mode: &str) -> Result<i64, StoreError> {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        Ok(self.raw.query_row(&sql, [], |row| row.get(1))?)
    }

    fn interrupt_after(&mut self, limit: Duration) -> Result<(), StoreError> {
        let deadline = Instant::now() + limit;
        Ok(self
            .raw
            .progress_handler(10_000, Some(move || Instant::now() > deadline))?)
    }

    fn never_interrupt(&mut self) -> Result<(), StoreError> {
        Ok(self.raw.progress_handler(0, None::<fn() -> bool>)?)
    }

    fn prepared(
        &mut self,
        statement: Statement,
    ) -> Result<rusqlite::CachedStatement<'_>, StoreError> {
        let sql = statement.sql();
        let text = self
            .texts
            .entry(sql.as_ptr() as usize)
            .or_insert_with(|| numbered_placeholders(sql));
        Ok(self.raw.prepare_cached(text)?)
    }
}

/// A transaction on SQLite.
pub struct SqliteTx<'c> {
    connection: &'c mut SqliteConnection,
}

impl SqliteTx<'_> {
    pub fn execute(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        let mut prepared = self.connection.prepared(statement)?;
        Ok(prepared.execute(rusqlite::params_from_iter(params))? as u64)
    }

    pub fn query<T>(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut prepared = self.connection.prepared(statement)?;
        collect(&mut prepared, params, map)
    }

    pub fn query_dynamic<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut prepared = self.connection.raw.prepare(&numbered_placeholders(sql))?;
        collect(&mut prepared, params, map)
    }

    pub fn prepare(&mut self, statement: Statement) -> Result<(), StoreError> {
        self.connection.prepared(statement).map(drop)
    }

    pub fn run_script(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.connection.raw.execute_batch(sql)?)
    }
}

fn collect<T>(
    statement: &mut rusqlite::Statement<'_>,
    params: &[Param<'_>],
    mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(map(&Row::Sqlite(row))?);
    }
    Ok(found)
}

/// SQLite takes `$1` for a name and numbers names by appearance; `?1` is the first parameter.
fn numbered_placeholders(sql: &str) -> String {
    sql.replace('$', "?")
}
