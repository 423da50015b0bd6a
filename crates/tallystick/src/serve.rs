//! Serving until told to stop.

use crate::app::App;
use crate::config::Config;
use crate::runner;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::time::Duration;
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
    let server =
        httpkit::server::serve(listener, app.router, until(stopped), config.shutdown_grace);
    let server = async {
        tokio::pin!(server);
        tokio::select! {
            result = &mut server => result,
            () = stop => {
                tracing::info!("stopping: finishing what is under way; a second Ctrl-C stops at once");
                tokio::spawn(stop_at_once());
                let _ = stopping.send(true);
                server.await
            }
        }
    };
    server.await.context("serving")?;
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
    tokio::time::timeout(Duration::from_secs(10), app.orders.db().close())
        .await
        .context("closing the database")?;
    tracing::info!("stopped");
    Ok(())
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
