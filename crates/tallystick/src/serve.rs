//! Serving until told to stop.

use crate::app::App;
use crate::config::Config;
use crate::runner;
use anyhow::{Context, Result};
use axum::Router;
use std::net::SocketAddr;
use std::time::Duration;
use store::Db;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Listens on `address`.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("listening on {address} (is another server running there? choose another address with --listen)")
    })
}

/// Completes on Ctrl-C or SIGTERM, also on one that comes before this is awaited.
pub fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = signal(SignalKind::interrupt());
    let terminated = signal(SignalKind::terminate());
    async move {
        match (interrupted, terminated) {
            (Ok(mut interrupted), Ok(mut terminated)) => {
                tokio::select! {
                    _ = interrupted.recv() => {}
                    _ = terminated.recv() => {}
                }
            }
            // Without handlers the signals stop the process themselves.
            _ => std::future::pending().await,
        }
    }
}

/// What is cut off is taken up again at the next start, as after a crash.
async fn stop_at_once() {
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(130);
    }
}

/// Serves `app` until `stop` completes; then finishes requests and jobs under way and closes the database.
pub async fn run(
    app: App,
    listener: TcpListener,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let jobs = config.jobs.then(|| {
        let (app, stopped) = (app.clone(), stopped.clone());
        tokio::spawn(async move {
            if let Err(error) = runner::schedule_recurring(&app).await {
                tracing::error!(?error, "scheduling the recurring jobs failed");
            }
            runner::run(app, until(stopped)).await;
        })
    });
    serve(listener, app.router, config, &stopping, stop).await?;
    let under_way = async {
        app.orders.nothing_under_way().await;
        if let Some(jobs) = jobs {
            let _ = jobs.await;
        }
    };
    if tokio::time::timeout(config.shutdown_grace, under_way)
        .await
        .is_err()
    {
        tracing::warn!(
            "stopped with jobs under way; they are taken up again when their leases end"
        );
    }
    // Orders' own follow-up tasks may still be writing: the store takes no more from here on.
    close(app.orders.db()).await
}

/// Serves `router`, which leaves nothing under way behind its requests, until `stop` completes; then closes the database.
pub async fn run_router(
    router: Router,
    db: Db,
    listener: TcpListener,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let (stopping, _) = watch::channel(false);
    serve(listener, router, config, &stopping, stop).await?;
    close(&db).await
}

/// Serves until `stop` completes, which `stopping` then tells, and requests under way have ended.
async fn serve(
    listener: TcpListener,
    router: Router,
    config: &Config,
    stopping: &watch::Sender<bool>,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let stopped = until(stopping.subscribe());
    let server = httpkit::server::serve(listener, router, stopped, config.shutdown_grace);
    tokio::pin!(server);
    let served = tokio::select! {
        result = &mut server => result,
        () = stop => {
            tracing::info!("stopping: finishing what is under way; a second Ctrl-C stops at once");
            tokio::spawn(stop_at_once());
            stopping.send_replace(true);
            server.await
        }
    };
    served.context("serving")
}

async fn close(db: &Db) -> Result<()> {
    tokio::time::timeout(Duration::from_secs(10), db.close())
        .await
        .context("closing the database")?;
    tracing::info!("stopped");
    Ok(())
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
