//! The jobs of billing. One recurring job looks for what has fallen due in any account and enqueues a job for each; any node
//! carries those out. What is done twice is done once: each looks at what is due under a lock.

use crate::model::AccountId;
use crate::renew::{DueThing, due_things};
use crate::repo::due_accounts;
use crate::{Billing, Error, Result};
use kernel::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::StoreError;
use store::jobs::{self, Job, JobId, NewJob};

/// Looks for what has fallen due; also the key of the one job that does.
pub const TICK: &str = "billing.tick";
/// Does what is due of one thing.
pub const DUE: &str = "billing.due";

const TICK_INTERVAL: Duration = Duration::from_secs(1);
/// Most things of one account that one look enqueues.
const AT_ONCE: i64 = 256;

#[derive(Serialize, Deserialize)]
struct Payload {
    account: String,
    object: String,
}

impl Billing {
    /// Makes sure that the recurring job exists. Every node may do so.
    pub async fn schedule_recurring(&self) -> Result<()> {
        let now = self.real_now();
        let id = Id::new(now, self.rng());
        let enqueued: Result<(), StoreError> = self
            .db()
            .write(move |tx| jobs::enqueue_recurring(tx, id, TICK, now))
            .await;
        Ok(enqueued?)
    }

    /// Whether this is one of billing's jobs.
    pub fn owns(kind: &str) -> bool {
        [TICK, DUE].contains(&kind) || Self::is_einvoice_job(kind)
    }

    /// Carries a leased job out. If it fails, its lease runs out and it is taken up again.
    pub async fn run_job(&self, job: Job) {
        let result = match job.kind.as_str() {
            TICK => self.run_tick(&job).await,
            kind if Self::is_einvoice_job(kind) => self.run_einvoice_job(&job).await,
            _ => self.run_due(&job).await,
        };
        if let Err(error) = result {
            tracing::error!(kind = job.kind, payload = job.payload, %error, "a job failed");
        }
    }

    async fn run_tick(&self, job: &Job) -> Result<()> {
        let enqueued = self.enqueue_due().await;
        self.run_again(job, self.real_now().plus(TICK_INTERVAL))
            .await?;
        enqueued
    }

    /// Enqueues a job for each thing that has fallen due.
    pub async fn enqueue_due(&self) -> Result<()> {
        let real = self.real_now();
        let accounts: Result<Vec<AccountId>, StoreError> =
            self.db().scan(move |tx| due_accounts(tx, real)).await;
        for account in accounts? {
            let scope = self.scope(account).await?;
            let due: Result<_, StoreError> = self
                .db()
                .read(move |tx| due_things(tx, account, scope.now, AT_ONCE))
                .await;
            let due: Vec<(JobId, String)> = due?
                .into_iter()
                .map(|(_, thing)| (Id::new(real, self.rng()), thing.object()))
                .collect();
            let enqueued: Result<(), StoreError> = self
                .db()
                .write(move |tx| {
                    for (id, object) in &due {
                        let key = format!("{DUE}:{object}");
                        let payload = format!(r#"{{"account":"{account}","object":"{object}"}}"#);
                        let job = NewJob {
                            id: *id,
                            kind: DUE,
                            dedupe_key: Some(&key),
                            payload: &payload,
                            run_at: real,
                            leased_to: None,
                        };
                        jobs::enqueue(tx, &job, real)?;
                    }
                    Ok(())
                })
                .await;
            enqueued?;
        }
        Ok(())
    }

    async fn run_due(&self, job: &Job) -> Result<()> {
        let broken = || Error::Failed(format!("the job's payload is {}", job.payload));
        let payload: Payload = serde_json::from_str(&job.payload).map_err(|_| broken())?;
        let account: AccountId = payload.account.parse().map_err(|_| broken())?;
        let object = payload.object.as_str();
        let thing = None
            .or_else(|| object.parse().ok().map(DueThing::Subscription))
            .or_else(|| object.parse().ok().map(DueThing::Charge))
            .or_else(|| object.parse().ok().map(DueThing::Refund))
            .ok_or_else(broken)?;
        let scope = self.scope(account).await?;
        self.do_due(&scope, thing).await?;
        let done = job.clone();
        self.db()
            .write(move |tx| jobs::complete(tx, &done))
            .await
            .map(drop)
            .map_err(|error: StoreError| error.into())
    }

    async fn run_again(&self, job: &Job, at: Timestamp) -> Result<()> {
        let job = job.clone();
        let again: Result<bool, StoreError> = self
            .db()
            .write(move |tx| jobs::reschedule(tx, &job, at, None))
            .await;
        again?;
        Ok(())
    }
}
