//! What SQLite itself can do.

use super::bare::Bare;
use anyhow::Result;
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// As the server has them.
const SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;";
/// For how many transactions a second things are prepared.
const MOST_A_SECOND: f64 = 50_000.0;
const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(250);

/// A database of the same schema and contents as the server's.
pub struct RawSqlite {
    path: PathBuf,
    writer: Connection,
    checkpointer: Connection,
}

impl RawSqlite {
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            writer: open(path)?,
            checkpointer: open(path)?,
        })
    }

    pub fn execute(&self, sql: &str) -> Result<()> {
        Ok(self.writer.execute_batch(sql)?)
    }

    /// Makes what the next units need; returns for how many.
    pub fn prepare(&self, bare: &Bare, time: Duration) -> Result<u64> {
        let Some(before) = bare.before else {
            return Ok(u64::MAX);
        };
        let count = (time.as_secs_f64() * MOST_A_SECOND) as u64 / bare.sqlite.len() as u64;
        self.execute(&before(bare.done + 1, count))?;
        // Moving this into the database is not part of the work either.
        self.writer
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(count)
    }

    /// Does units for a while, or `most` of them, so many in a commit; returns how many, and in which time.
    pub fn write(
        &mut self,
        bare: &mut Bare,
        time: Duration,
        per_commit: u64,
        most: u64,
    ) -> Result<(u64, Duration)> {
        let (stop, stopped) = mpsc::channel::<()>();
        let Self {
            writer,
            checkpointer,
            ..
        } = self;
        thread::scope(|scope| {
            scope.spawn(move || {
                while stopped.recv_timeout(CHECKPOINT_INTERVAL)
                    == Err(mpsc::RecvTimeoutError::Timeout)
                {
                    let _ =
                        checkpointer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
                }
            });
            let begun = Instant::now();
            let first = bare.done;
            while begun.elapsed() < time && bare.done - first + per_commit <= most {
                for transaction in &bare.sqlite {
                    control(writer, "BEGIN IMMEDIATE")?;
                    for n in bare.done + 1..=bare.done + per_commit {
                        control(writer, "SAVEPOINT task")?;
                        transaction(writer, n)?;
                        control(writer, "RELEASE task")?;
                    }
                    control(writer, "COMMIT")?;
                }
                bare.done += per_commit;
            }
            let time = begun.elapsed();
            drop(stop);
            Ok((bare.done - first, time))
        })
    }

    /// Does units for a while on so many threads; returns how many, and in which time.
    pub fn read(&self, bare: &mut Bare, time: Duration, threads: usize) -> Result<(u64, Duration)> {
        let next = AtomicU64::new(bare.done + 1);
        let begun = Instant::now();
        let path = &self.path;
        let run = || -> Result<()> {
            let connection = open(path)?;
            while begun.elapsed() < time {
                let n = next.fetch_add(1, Ordering::Relaxed);
                for transaction in &bare.sqlite {
                    control(&connection, "BEGIN DEFERRED")?;
                    transaction(&connection, n)?;
                    control(&connection, "COMMIT")?;
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            threads
                .into_iter()
                .try_for_each(|thread| match thread.join() {
                    Ok(outcome) => outcome,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
        })?;
        let last = next.into_inner() - 1;
        let first = std::mem::replace(&mut bare.done, last);
        Ok((last - first, begun.elapsed()))
    }
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(SETTINGS)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn control(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// The first value that a query finds, as text.
pub fn ask(path: &Path, sql: &str) -> Result<String> {
    let connection = Connection::open(path)?;
    let value: rusqlite::types::Value = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(match value {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => anyhow::bail!("`{sql}` answered {other:?}"),
    })
}

pub fn execute(path: &Path, sql: &str) -> Result<()> {
    Ok(Connection::open(path)?.execute_batch(sql)?)
}
