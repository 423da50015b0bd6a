//! The jobs of invoicing. One recurring job looks for invoices that have something open, and enqueues a job for each; any node
//! carries those out. Two that look at one invoice do one call's worth: who comes second finds it claimed, or settled.

use crate::allow::open_allowance;
use crate::model::{Asked, Change, InvoiceId, Seller};
use crate::repo::{self, Invoice};
use crate::settle::claim;
use crate::{Error, Invoicing, Result, WrongStatus};
use kernel::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::jobs::{self, Job, JobId, NewJob};
use store::{StoreError, Tx, params};

/// Looks for what is open; also the key of the one job that does.
pub const RECONCILE: &str = "invoicing.reconcile";
/// Does what is asked of one invoice. Payload: its id, as JSON.
pub const SETTLE: &str = "invoicing.settle";
/// Tells billing what happened to an invoice of its own. Payload: [`Told`], as JSON. Billing carries it out.
pub const CHANGED: &str = "invoicing.changed";

const RECONCILE_INTERVAL: Duration = Duration::from_secs(2);
/// Most invoices that one look enqueues.
const AT_ONCE: i64 = 256;

/// What happened to an invoice: the payload of [`CHANGED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The invoice's id.
    pub invoice: String,
    /// What happened.
    pub change: Change,
}

impl Told {
    /// What a job tells; `None` when its payload is something else.
    pub fn of(payload: &str) -> Option<(InvoiceId, Change)> {
        let told: Self = serde_json::from_str(payload).ok()?;
        Some((told.invoice.parse().ok()?, told.change))
    }
}

/// Ids for jobs that a transaction may enqueue, which may run twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobIds {
    told: JobId,
}

impl JobIds {
    pub fn new(new: impl Fn() -> JobId) -> Self {
        Self { told: new() }
    }
}

/// Tells the seller, if it wants to know.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    invoice: &Invoice,
    change: Change,
    ids: JobIds,
    now: Timestamp,
) -> Result<(), StoreError> {
    match invoice.seller {
        // Clients ask.
        Seller::Orders => return Ok(()),
        Seller::Billing => {}
    }
    let told = Told {
        invoice: invoice.invoice_id.to_string(),
        change,
    };
    let payload = serde_json::to_string(&told).map_err(StoreError::corrupt)?;
    let job = NewJob {
        id: ids.told,
        kind: CHANGED,
        dedupe_key: None,
        payload: &payload,
        run_at: now,
        leased_to: None,
    };
    jobs::enqueue(tx, &job, now)
}

pub(crate) fn enqueue_settle(
    tx: &mut Tx<'_>,
    invoice: InvoiceId,
    job: JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let job = NewJob {
        id: job,
        kind: SETTLE,
        dedupe_key: Some(&format!("{SETTLE}:{invoice}")),
        payload: &format!("\"{invoice}\""),
        run_at: now,
        leased_to: None,
    };
    jobs::enqueue(tx, &job, now)
}

/// What a round of reconciliation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// Invoices that had something open.
    pub looked_at: usize,
    /// Those of which it is known now what came of it.
    pub settled: usize,
    /// Those of which it is not.
    pub open: usize,
}

impl Invoicing {
    /// Makes sure that the recurring job exists. Every node may do so.
    pub async fn schedule_recurring(&self) -> Result<()> {
        let now = self.now();
        let id = self.new_id(now);
        let enqueued: Result<(), StoreError> = self
            .db()
            .write(move |tx| jobs::enqueue_recurring(tx, id, RECONCILE, now))
            .await;
        Ok(enqueued?)
    }

    /// Whether this is one of invoicing's own jobs.
    pub fn owns(kind: &str) -> bool {
        [RECONCILE, SETTLE].contains(&kind)
    }

    /// Carries a leased job out. If it fails, its lease runs out and it is taken up again.
    pub async fn run_job(&self, job: Job) {
        let result = match job.kind.as_str() {
            RECONCILE => self.run_reconcile(&job).await,
            _ => self.run_settle(&job).await,
        };
        if let Err(error) = result {
            tracing::error!(kind = job.kind, payload = job.payload, %error, "a job failed");
        }
    }

    /// Looks at every invoice that has something open, due or not, but for those that somebody asks about right now.
    pub async fn reconcile(&self) -> Result<Reconciled> {
        let open: Result<Vec<InvoiceId>, StoreError> =
            self.db().scan(|tx| repo::open(tx, AT_ONCE)).await;
        let mut round = Reconciled::default();
        for id in open? {
            round.looked_at += 1;
            match self.settle_open(id).await? {
                true => round.settled += 1,
                false => round.open += 1,
            }
        }
        Ok(round)
    }

    async fn run_reconcile(&self, job: &Job) -> Result<()> {
        let now = self.now();
        let due: Result<Vec<InvoiceId>, StoreError> =
            self.db().scan(move |tx| repo::due(tx, now, AT_ONCE)).await;
        let due: Vec<(InvoiceId, JobId)> = due?
            .into_iter()
            .map(|invoice| (invoice, self.new_id(now)))
            .collect();
        let (job, next) = (job.clone(), now.plus(RECONCILE_INTERVAL));
        let enqueued: Result<(), StoreError> = self
            .db()
            .write(move |tx| {
                for (invoice, id) in &due {
                    enqueue_settle(tx, *invoice, *id, now)?;
                }
                jobs::reschedule(tx, &job, next, None).map(drop)
            })
            .await;
        Ok(enqueued?)
    }

    async fn run_settle(&self, job: &Job) -> Result<()> {
        let id = job.payload.trim_matches('"').parse();
        let id = id.map_err(|_| Error::Broken(format!("the payload is {}", job.payload)))?;
        self.settle_open(id).await?;
        let job = job.clone();
        let completed: Result<bool, StoreError> =
            self.db().write(move |tx| jobs::complete(tx, &job)).await;
        Ok(completed.map(drop)?)
    }

    /// Does what is asked of an invoice, unless somebody else does. Whether nothing is open any more.
    async fn settle_open(&self, id: InvoiceId) -> Result<bool> {
        let now = self.now();
        let claimed = self
            .db()
            .write(move |tx| {
                let found = Invoice::first(tx, Invoice::LOCK, params![id])?;
                let Some(invoice) = found else {
                    return Ok(None);
                };
                let Some(asked) = invoice.asked else {
                    return Ok(None);
                };
                let allowance = match asked {
                    Asked::Allowance => Some(open_allowance(tx, id)?),
                    Asked::Issue | Asked::Void => None,
                };
                let claimed = claim(tx, invoice, asked, now)?;
                Ok(Some((claimed, asked, allowance)))
            })
            .await;
        let done = match claimed {
            Ok(None) => return Ok(true),
            Ok(Some((claimed, _, Some(allowance)))) => {
                let made = self.ask_for_allowance(claimed, allowance).await;
                made.map(drop)
            }
            Ok(Some((claimed, Asked::Void, None))) => self.ask_to_void(claimed).await.map(drop),
            Ok(Some((claimed, _, None))) => self.ask_to_issue(claimed).await.map(drop),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => Ok(true),
            Err(Error::WrongStatus(WrongStatus::UnderWay)) => Ok(false),
            // It is in the invoice's log.
            Err(Error::Provider(_) | Error::WrongStatus(_)) => self.nothing_open(id).await,
            Err(error) => Err(error),
        }
    }

    async fn nothing_open(&self, id: InvoiceId) -> Result<bool> {
        let found: Result<Option<Invoice>, StoreError> = self
            .db()
            .read(move |tx| Invoice::first(tx, Invoice::BY_ID, params![id]))
            .await;
        Ok(found?.is_none_or(|invoice| invoice.asked.is_none()))
    }
}

impl Invoicing {
    /// The id of a job to be.
    pub fn new_job_id(&self) -> JobId {
        Id::new(self.now(), &self.inner.rng)
    }
}
