//! Carries out background jobs, as one of any number of nodes.

use crate::app::App;
use invoicing::Invoicing;
use kernel::Id;
use std::sync::Arc;
use std::time::Duration;
use store::jobs::{self, Job};
use store::{StoreError, Tx};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Jobs at once on this node.
const AT_ONCE: usize = 32;
/// Jobs that fall due, or that another node's death sets free, are found this late at most.
const POLL: Duration = Duration::from_millis(500);
/// Has the simulated gateway send the notices that are due; also the key of the one job that does.
const NOTICES: &str = "simulators.notices";
const NOTICES_INTERVAL: Duration = Duration::from_secs(2);

/// Forgets webhook events that have been kept long enough; also the key of the one job that does.
const FORGET_EVENTS: &str = "webhooks.forget";
const FORGET_INTERVAL: Duration = Duration::from_secs(3600);
const FORGET_CHALLENGES_INTERVAL: Duration = Duration::from_secs(3600);
/// So many at once, so that others are not kept waiting.
const FORGOTTEN_AT_ONCE: i64 = 1000;

/// Makes sure that the recurring jobs exist. Every node may do so.
pub async fn schedule_recurring(app: &App) -> anyhow::Result<()> {
    app.orders.schedule_recurring().await?;
    app.recur.billing.schedule_recurring().await?;
    app.forms.schedule_recurring().await?;
    app.invoicing.schedule_recurring().await?;
    let now = app.recur.billing.real_now();
    let recurring =
        [NOTICES, FORGET_EVENTS, captcha::FORGET].map(|kind| (Id::new(now, &app.rng), kind));
    let enqueue = move |tx: &mut Tx<'_>| {
        recurring
            .iter()
            .try_for_each(|(id, kind)| jobs::enqueue_recurring(tx, *id, kind, now))
    };
    let enqueued: Result<(), StoreError> = app.orders.db().write(enqueue).await;
    Ok(enqueued?)
}

/// Runs jobs until `stop` completes, then lets those under way end.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let leased = lease(&app, &free).await;
        let found = !leased.is_empty();
        for job in leased {
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                return;
            };
            let app = app.clone();
            running.spawn(async move {
                run_job(&app, job).await;
                drop(permit);
            });
        }
        while running.try_join_next().is_some() {}
        if found && free.available_permits() > 0 {
            continue;
        }
        tokio::select! {
            () = &mut stop => break,
            () = app.orders.db().jobs_ready() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = running.join_next(), if !running.is_empty() => {}
        }
    }
    while running.join_next().await.is_some() {}
}

async fn lease(app: &App, free: &Semaphore) -> Vec<Job> {
    let most = i64::try_from(free.available_permits()).unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    app.orders.lease_jobs(most).await.unwrap_or_else(|error| {
        tracing::error!(?error, "leasing jobs failed");
        Vec::new()
    })
}

/// Gives a job to the part that knows its kind.
async fn run_job(app: &App, job: Job) {
    let kind = job.kind.as_str();
    if kind == NOTICES {
        send_notices(app, &job).await;
    } else if kind == FORGET_EVENTS {
        forget_events(app, &job).await;
    } else if kind == captcha::FORGET {
        forget_challenges(app, &job).await;
    } else if kind == messages::SEND {
        app.messages.run_job(job).await;
    } else if kind == billing::WEBHOOKS.job_kind {
        app.recur.billing.webhooks().run_job(job).await;
    } else if billing::Billing::owns(kind) {
        app.recur.billing.run_job(job).await;
    } else if Invoicing::owns(kind) {
        app.invoicing.run_job(job).await;
    } else if forms::Forms::owns(kind) {
        app.forms.run_job(job).await;
    } else {
        app.orders.run_job(job).await;
    }
}

async fn send_notices(app: &App, job: &Job) {
    if let Err(error) = app.recur.gateway.deliver_notifies().await {
        tracing::error!(%error, "the simulated gateway's notices were not sent");
    }
    run_again(app, job, NOTICES_INTERVAL).await;
}

async fn forget_events(app: &App, job: &Job) {
    let before = app.recur.billing.real_now().minus(app.events_kept);
    loop {
        let forget = move |tx: &mut Tx<'_>| webhooks::forget(tx, before, FORGOTTEN_AT_ONCE);
        let forgotten: Result<u64, StoreError> = app.orders.db().write(forget).await;
        match forgotten {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "old webhook events were not forgotten");
                break;
            }
        }
    }
    run_again(app, job, FORGET_INTERVAL).await;
}

async fn forget_challenges(app: &App, job: &Job) {
    let now = app.recur.billing.real_now();
    let forgotten = app.orders.db().write(move |tx| captcha::forget(tx, now));
    if let Err(error) = forgotten.await {
        tracing::error!(%error, "expired challenges were not forgotten");
    }
    run_again(app, job, FORGET_CHALLENGES_INTERVAL).await;
}

async fn run_again(app: &App, job: &Job, interval: Duration) {
    let again = app.recur.billing.real_now().plus(interval);
    let job = job.clone();
    let rescheduled: Result<bool, StoreError> = app
        .orders
        .db()
        .write(move |tx| jobs::reschedule(tx, &job, again, None))
        .await;
    if let Err(error) = rescheduled {
        tracing::error!(%error, "a recurring job was not scheduled again");
    }
}

/// Carries out every job that is due now, one after the other; returns how many there were.
pub async fn run_due(app: &App) -> orders::Result<usize> {
    let mut count = 0;
    loop {
        let jobs = app.orders.lease_jobs(16).await?;
        if jobs.is_empty() {
            return Ok(count);
        }
        for job in jobs {
            count += 1;
            run_job(app, job).await;
        }
    }
}
