//! The jobs of the platform.

use crate::model::{OrderId, OrganizationId};
use crate::repo::orders::{self, Line};
use crate::{Orders, Result};
use files::Files;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::jobs::{self, Job};
use store::{StoreError, Tx, idempotency, params};
use vouchers::{REDEEMED, Seller, Voucher};

/// Sends one order to the supplier.
pub const DISPATCH: &str = "orders.dispatch";
/// Asks the supplier how far orders are; also the key of the one job that does.
pub const FOLLOW: &str = "orders.follow";
/// Asks the gateway about payments that nobody has reported; also the key of the one job that does.
pub const CHARGES: &str = "orders.charges";
/// Forgets what has been kept long enough; also the key of the one job that does.
pub const CLEAN_UP: &str = "orders.clean_up";

const CLEAN_UP_INTERVAL: Duration = Duration::from_secs(3600);
/// The shortest time between two rounds of asking.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest that orders go without anybody asking whether any is due.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
struct Dispatch {
    organization_id: String,
    order_id: String,
}

pub(crate) fn dispatch_payload(organization: OrganizationId, order: OrderId) -> String {
    format!(r#"{{"organization_id":"{organization}","order_id":"{order}"}}"#)
}

impl Orders {
    /// Makes sure that the recurring jobs exist. Every node may do so.
    pub async fn schedule_recurring(&self) -> Result<()> {
        let now = self.now();
        let recurring = [FOLLOW, CHARGES, CLEAN_UP].map(|kind| (kind, self.new_id(now)));
        let of_files = [self.new_id(now), self.new_id(now)];
        self.db()
            .write(move |tx| {
                for (kind, id) in recurring {
                    jobs::enqueue_recurring(tx, id, kind, now)?;
                }
                Files::schedule_recurring(tx, of_files, now)
            })
            .await?;
        Ok(())
    }

    /// Leases up to `most` due jobs to this node.
    pub async fn lease_jobs(&self, most: i64) -> Result<Vec<Job>> {
        let (now, node) = (self.now(), self.node().to_owned());
        Ok(self
            .db()
            .write(move |tx| jobs::lease(tx, &node, now, most))
            .await?)
    }

    /// Carries a leased job out. If it fails, its lease runs out and it is taken up again.
    pub async fn run_job(&self, job: Job) {
        let result = match job.kind.as_str() {
            DISPATCH => self.run_dispatch(&job).await,
            FOLLOW => self.run_follow(&job).await,
            CHARGES => self.run_charges(&job).await,
            CLEAN_UP => self.run_clean_up(&job).await,
            REDEEMED => self.run_redeemed(&job).await,
            kind if Files::owns(kind) => {
                let done = self.files().run_job(&job).await;
                done.map_err(|error| crate::Error::Failed(error.to_string()))
            }
            other => {
                tracing::error!(kind = other, "no handler for this kind of job");
                Ok(())
            }
        };
        if let Err(error) = result {
            tracing::error!(kind = job.kind, ?error, "a job failed");
        }
    }

    async fn run_dispatch(&self, job: &Job) -> Result<()> {
        let failed = |e: &dyn std::fmt::Display| crate::Error::Failed(e.to_string());
        let payload: Dispatch = serde_json::from_str(&job.payload).map_err(|e| failed(&e))?;
        let organization = payload.organization_id.parse().map_err(|e| failed(&e))?;
        let order = payload.order_id.parse().map_err(|e| failed(&e))?;
        self.dispatch(job, organization, order, None).await;
        Ok(())
    }

    async fn run_follow(&self, job: &Job) -> Result<()> {
        let followed = self.follow_due().await;
        let next = self.db().read(orders::next_check).await?;
        let now = self.now();
        let latest = now.plus(LONGEST_PAUSE);
        // Never at once: what is still due could not be followed, and that takes time to pass.
        let next = next
            .unwrap_or(latest)
            .clamp(now.plus(SHORTEST_PAUSE), latest);
        self.run_again(job, next).await?;
        followed.map(drop)
    }

    /// A certificate that was ordered was used: the order is delivered.
    async fn run_redeemed(&self, job: &Job) -> Result<()> {
        let find = |payload: String| {
            move |tx: &mut Tx<'_>| {
                let Some(id) = vouchers::voucher_of(&payload) else {
                    return Ok(None);
                };
                let voucher = Voucher::first(tx, Voucher::BY_ID, params![id])?;
                let ours = voucher.filter(|voucher| voucher.seller == Seller::Orders);
                match ours.and_then(|voucher| voucher.payment.parse().ok()) {
                    Some(order) => orders::line_of(tx, order),
                    None => Ok(None),
                }
            }
        };
        let found: Result<Option<Line>, StoreError> =
            self.db().read(find(job.payload.clone())).await;
        if let Some(line) = found? {
            self.follow_one(line).await?;
        }
        let job = job.clone();
        Ok(self
            .db()
            .write(move |tx| jobs::complete(tx, &job))
            .await
            .map(drop)?)
    }

    async fn run_clean_up(&self, job: &Job) -> Result<()> {
        let now = self.now();
        let lifetime = i64::try_from(self.inner.config.idempotency_lifetime.as_micros());
        let before = now.micros().saturating_sub(lifetime.unwrap_or(i64::MAX));
        let before = kernel::Timestamp::from_micros(before);
        self.db()
            .write(move |tx| idempotency::forget(tx, before))
            .await?;
        self.forget_sessions(now).await?;
        self.run_again(job, now.plus(CLEAN_UP_INTERVAL)).await
    }

    pub(crate) async fn run_again(&self, job: &Job, at: kernel::Timestamp) -> Result<()> {
        let job = job.clone();
        self.db()
            .write(move |tx| jobs::reschedule(tx, &job, at, None))
            .await?;
        Ok(())
    }
}
