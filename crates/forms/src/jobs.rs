//! The jobs of this face: deliveries of webhooks, bulk work, certificates of what was sold, and cleaning up.

use crate::bulk::BULK;
use crate::{Forms, Result, WEBHOOKS};
use kernel::Id;
use std::time::Duration;
use store::Tx;
use store::jobs::{self, Job};
use vouchers::CERTIFY;

/// Forgets what has been kept long enough; also the key of the one job that does.
pub const CLEAN_UP: &str = "forms.clean_up";

const CLEAN_UP_INTERVAL: Duration = Duration::from_secs(3600);

impl Forms {
    /// Makes sure that the recurring job exists. Every node may do so.
    pub async fn schedule_recurring(&self) -> Result<()> {
        let make = |forms: &Self| Id::new(forms.now(), forms.rng());
        let now = self.now();
        self.write(make, move |tx, id| {
            Ok(jobs::enqueue_recurring(tx, *id, CLEAN_UP, now)?)
        })
        .await
    }

    /// Whether this is one of this face's jobs.
    pub fn owns(kind: &str) -> bool {
        [BULK, CLEAN_UP, WEBHOOKS.job_kind, CERTIFY].contains(&kind)
    }

    /// Carries a leased job out. If it fails, or the node dies, its lease runs out and it is taken up again.
    pub async fn run_job(&self, job: Job) {
        if job.kind == WEBHOOKS.job_kind {
            return self.webhooks().run_job(job).await;
        }
        let result = match job.kind.as_str() {
            CLEAN_UP => self.run_clean_up(&job).await,
            CERTIFY => self.run_certify(&job).await,
            _ => self.run_bulk(&job).await,
        };
        if let Err(error) = result {
            tracing::error!(kind = job.kind, payload = job.payload, %error, "a job failed");
        }
    }

    async fn run_clean_up(&self, job: &Job) -> Result<()> {
        let now = self.now();
        self.forget_uploads(now).await?;
        let job = job.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                Self::forget_bulk_jobs(tx, now)?;
                jobs::reschedule(tx, &job, now.plus(CLEAN_UP_INTERVAL), None)?;
                Ok(())
            },
        )
        .await
    }
}

/// A job is done.
pub(crate) fn drop_job(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    jobs::complete(tx, job)?;
    Ok(())
}
