//! Work to be done later, that survives crashes: rows which nodes lease, carry out and delete.
//!
//! A job is enqueued in the transaction that makes it necessary. A node leases due jobs for a while; when it
//! dies, the lease runs out and another node takes over. Completing is check-and-set on the lease, so
//! a node that lost its lease cannot complete what another has taken over.

use crate::{StoreError, Tx, params, statements};
use kernel::{Id, Timestamp};
use std::time::Duration;

statements! {
    INSERT = "INSERT INTO jobs (job_id, kind, dedupe_key, payload, run_at, attempts, lease_owner, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (dedupe_key) DO NOTHING";
    LEASE = "UPDATE jobs SET attempts = attempts + 1, lease_owner = $2, run_at = $3 \
        WHERE job_id IN (SELECT job_id FROM jobs WHERE run_at <= $1 ORDER BY run_at LIMIT $4 /* skip locked */) \
        RETURNING job_id, kind, payload, attempts, created_at";
    DELETE = "DELETE FROM jobs WHERE job_id = $1 AND lease_owner = $2 AND attempts = $3";
    RESCHEDULE = "UPDATE jobs SET run_at = $4, lease_owner = NULL, last_error = $5 \
        WHERE job_id = $1 AND lease_owner = $2 AND attempts = $3";
    EXTEND = "UPDATE jobs SET run_at = $4 WHERE job_id = $1 AND lease_owner = $2 AND attempts = $3";
    BRING_FORWARD = "UPDATE jobs SET run_at = $2 WHERE dedupe_key = $1 AND run_at > $2 AND lease_owner IS NULL";
    COUNT = "SELECT COUNT(*), COUNT(CASE WHEN run_at < $1 THEN 1 END) FROM jobs";
}

/// How long a job stays with a node that does not finish it.
pub const LEASE_TIME: Duration = Duration::from_secs(60);

/// Marks the type of job ids.
#[derive(Debug)]
pub enum JobTag {}
/// Names a job.
pub type JobId = Id<JobTag>;

/// A job to enqueue.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// Its id.
    pub id: JobId,
    /// What kind of work it is: names the handler.
    pub kind: &'static str,
    /// At most one job with this key exists at a time; a second one is dropped.
    pub dedupe_key: Option<&'a str>,
    /// What the handler needs, as JSON.
    pub payload: &'a str,
    /// Not before.
    pub run_at: Timestamp,
    /// Leased to this node from the start, because it carries the job out itself right now.
    pub leased_to: Option<&'a str>,
}

/// A job leased to this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: String,
    /// What the handler needs, as JSON.
    pub payload: String,
    /// How often it has been leased, this time included.
    pub attempts: i64,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// The node that has it.
    pub owner: String,
}

/// Enqueues a job with the change that makes it necessary.
pub fn enqueue(tx: &mut Tx<'_>, job: &NewJob<'_>, now: Timestamp) -> Result<(), StoreError> {
    let run_at = match job.leased_to {
        Some(_) => now.plus(LEASE_TIME),
        None => job.run_at,
    };
    tx.enqueue(
        INSERT,
        params![
            job.id,
            job.kind,
            job.dedupe_key,
            job.payload,
            run_at,
            i64::from(job.leased_to.is_some()),
            job.leased_to,
            now,
        ],
    )?;
    tx.wake_job_runner();
    Ok(())
}

/// Makes sure that the one recurring job of a kind exists; it gives itself back with [`reschedule`].
pub fn enqueue_recurring(
    tx: &mut Tx<'_>,
    id: JobId,
    kind: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let job = NewJob {
        id,
        kind,
        dedupe_key: Some(kind),
        payload: "{}",
        run_at: now,
        leased_to: None,
    };
    enqueue(tx, &job, now)
}

/// Leases up to `most` due jobs to `owner`, the longest due first.
pub fn lease(
    tx: &mut Tx<'_>,
    owner: &str,
    now: Timestamp,
    most: i64,
) -> Result<Vec<Job>, StoreError> {
    tx.query(
        LEASE,
        params![now, owner, now.plus(LEASE_TIME), most],
        |row| {
            Ok(Job {
                id: row.get(0)?,
                kind: row.get(1)?,
                payload: row.get(2)?,
                attempts: row.get(3)?,
                created_at: row.get(4)?,
                owner: owner.to_owned(),
            })
        },
    )
}

/// Deletes a job that has been carried out. `false`: the lease was lost, another node has the job.
pub fn complete(tx: &mut Tx<'_>, job: &Job) -> Result<bool, StoreError> {
    Ok(tx.execute(DELETE, params![job.id, &job.owner, job.attempts])? == 1)
}

/// Gives a job back, to be carried out again at `run_at`.
pub fn reschedule(
    tx: &mut Tx<'_>,
    job: &Job,
    run_at: Timestamp,
    reason: Option<&str>,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        RESCHEDULE,
        params![job.id, &job.owner, job.attempts, run_at, reason],
    )?;
    Ok(changed == 1)
}

/// Keeps the lease of a job that takes long. `false`: the lease was lost, another node has the job.
pub fn extend(tx: &mut Tx<'_>, job: &Job, now: Timestamp) -> Result<bool, StoreError> {
    let until = now.plus(LEASE_TIME);
    Ok(tx.execute(EXTEND, params![job.id, &job.owner, job.attempts, until])? == 1)
}

/// Makes the waiting job with this key due at `run_at`, if it would be later.
pub fn bring_forward(
    tx: &mut Tx<'_>,
    dedupe_key: &str,
    run_at: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(BRING_FORWARD, params![dedupe_key, run_at])?;
    tx.wake_job_runner();
    Ok(())
}

/// How many jobs there are, and how many of them are due.
pub fn count(tx: &mut Tx<'_>, now: Timestamp) -> Result<(i64, i64), StoreError> {
    tx.query_one(COUNT, params![now], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// When to try again after `attempts` failures: 1 s doubled each time up to 15 minutes, spread by a
/// quarter with `spread` (0..1000).
pub fn back_off(attempts: i64, spread: u32) -> Duration {
    let exponent = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    let base = Duration::from_secs(1)
        .saturating_mul(1 << exponent)
        .min(Duration::from_secs(15 * 60));
    base + base * spread.min(1000) / 4000
}
