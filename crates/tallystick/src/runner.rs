//! Carries out background jobs, as one of any number of nodes.

use orders::Orders;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Jobs at once on this node.
const AT_ONCE: usize = 32;
/// Jobs that fall due, or that another node's death sets free, are found this late at most.
const POLL: Duration = Duration::from_millis(500);

/// Runs jobs until `stop` completes, then lets those under way end.
pub async fn run(orders: Orders, stop: impl Future<Output = ()>) {
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let leased = lease(&orders, &free).await;
        let found = !leased.is_empty();
        for job in leased {
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                return;
            };
            let orders = orders.clone();
            running.spawn(async move {
                orders.run_job(job).await;
                drop(permit);
            });
        }
        while running.try_join_next().is_some() {}
        if found && free.available_permits() > 0 {
            continue;
        }
        tokio::select! {
            () = &mut stop => break,
            () = orders.db().jobs_ready() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = running.join_next(), if !running.is_empty() => {}
        }
    }
    while running.join_next().await.is_some() {}
}

async fn lease(orders: &Orders, free: &Semaphore) -> Vec<store::jobs::Job> {
    let most = i64::try_from(free.available_permits()).unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    orders.lease_jobs(most).await.unwrap_or_else(|error| {
        tracing::error!(?error, "leasing jobs failed");
        Vec::new()
    })
}

/// Carries out every job that is due now, one after the other; returns how many there were.
pub async fn run_due(orders: &Orders) -> orders::Result<usize> {
    let mut count = 0;
    loop {
        let jobs = orders.lease_jobs(16).await?;
        if jobs.is_empty() {
            return Ok(count);
        }
        for job in jobs {
            count += 1;
            orders.run_job(job).await;
        }
    }
}
