//! What time does to files.

use crate::{Error, File, FileId, Files};
use futures_util::TryStreamExt as _;
use kernel::Timestamp;
use std::time::Duration;
use store::jobs::{self, Job, JobId};
use store::{StoreError, Tx};

/// Deletes the temporary files whose time is over; also the key of the one job that does.
pub const EXPIRE: &str = "files.expire";
/// Deletes objects without a row; also the key of the one job that does.
pub const SWEEP: &str = "files.sweep";

const EXPIRE_INTERVAL: Duration = Duration::from_secs(600);
const SWEEP_INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// So many rows in one transaction.
const AT_ONCE: i64 = 200;
/// So many objects are compared with their rows at a time.
const COMPARED: usize = 200;
/// No file takes that long to arrive: an object as old as this that has no row never gets one.
const GRACE: Duration = Duration::from_secs(3600);

impl Files {
    /// Whether a job is for [`Files::run_job`].
    pub fn owns(kind: &str) -> bool {
        matches!(kind, EXPIRE | SWEEP)
    }

    /// Makes sure that the recurring jobs exist.
    pub fn schedule_recurring(
        tx: &mut Tx<'_>,
        ids: [JobId; 2],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let [expire, sweep] = ids;
        jobs::enqueue_recurring(tx, expire, EXPIRE, now)?;
        jobs::enqueue_recurring(tx, sweep, SWEEP, now)
    }

    /// Carries out one of the jobs of this crate.
    pub async fn run_job(&self, job: &Job) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let (done, interval) = match job.kind.as_str() {
            EXPIRE => (self.expire(now).await, EXPIRE_INTERVAL),
            _ => (self.sweep(now).await, SWEEP_INTERVAL),
        };
        let job = job.clone();
        let again = self
            .inner
            .db
            .write(move |tx: &mut Tx<'_>| jobs::reschedule(tx, &job, now.plus(interval), None));
        let again: Result<bool, StoreError> = again.await;
        again?;
        done.map(drop)
    }

    /// Deletes the temporary files whose time is over; says how many. The rows first: a file that has one is whole.
    pub async fn expire(&self, now: Timestamp) -> Result<usize, Error> {
        let mut expired = 0;
        loop {
            let delete = move |tx: &mut Tx<'_>| File::delete_expired(tx, now, AT_ONCE);
            let rows: Result<Vec<FileId>, StoreError> = self.inner.db.write(delete).await;
            let rows = rows?;
            if rows.is_empty() {
                return Ok(expired);
            }
            expired += rows.len();
            for file in rows {
                self.drop_object(file).await;
            }
        }
    }

    /// Deletes objects that have no row and will get none: of processes that died, and of rows whose object could not be deleted. Says
    /// how many.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        let place = self.place().await?;
        let old = |file: FileId| began(file) < now.minus(GRACE);
        let mut swept = 0;
        let objects = self.inner.storage.list(place);
        let objects = objects.try_filter(|file| std::future::ready(old(*file)));
        let mut chunks = objects.try_chunks(COMPARED);
        while let Some(files) = chunks.try_next().await.map_err(|e| e.1)? {
            let orphans = self.inner.db.scan(move |tx: &mut Tx<'_>| {
                let mut orphans = Vec::new();
                for file in &files {
                    if !File::exists(tx, *file)? {
                        orphans.push(*file);
                    }
                }
                Ok::<_, StoreError>(orphans)
            });
            for file in orphans.await? {
                self.inner.storage.delete(place, file).await?;
                swept += 1;
            }
        }
        for (file, path) in self.inner.storage.left_over(place).await? {
            if old(file) {
                let removed = tokio::task::spawn_blocking(move || std::fs::remove_file(path));
                swept += usize::from(matches!(removed.await, Ok(Ok(()))));
            }
        }
        if swept > 0 {
            tracing::info!(swept, "objects without a file were deleted");
        }
        Ok(swept)
    }
}

/// When a file began to arrive: ids begin with their time.
fn began(file: FileId) -> Timestamp {
    let millis = i64::try_from(file.to_u128() >> 80).unwrap_or(i64::MAX);
    Timestamp::from_micros(millis.saturating_mul(1000))
}
