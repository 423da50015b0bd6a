//! Operations: `/healthz`, `/readyz`, `/metrics`.

use axum::Router;
use axum::routing::get;
use http::{StatusCode, header};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use store::{Db, StoreError, params, statements};

statements! {
    PING = "SELECT COUNT(*) FROM schema_migrations WHERE version > $1";
}

/// Installs the process's metrics recorder, once.
pub fn metrics() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            PrometheusBuilder::new()
                .set_buckets(&[
                    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
                ])
                .ok()?
                .install_recorder()
                .ok()
        })
        .as_ref()
}

/// `/healthz` (the process lives), `/readyz` (the database answers), `/metrics` (Prometheus).
pub fn router<S: Clone + Send + Sync + 'static>(db: Db) -> Router<S> {
    let ready = move || {
        let db = db.clone();
        async move {
            let answered = db
                .read(|tx| tx.query_one(PING, params![0], |row| row.get::<i64>(0)))
                .await
                .and_then(|migrations| {
                    if migrations > 0 {
                        Ok(())
                    } else {
                        Err(StoreError::Unavailable("not migrated".into()))
                    }
                });
            match answered {
                Ok(()) => (StatusCode::OK, "ready\n"),
                Err(error) => {
                    tracing::warn!(%error, "not ready");
                    (
                        StatusCode::SERVICE_UNAVAILABLE,
                        "the database does not answer\n",
                    )
                }
            }
        }
    };
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(move || async move {
                let page = metrics().map_or_else(String::new, PrometheusHandle::render);
                (text, page)
            }),
        )
}
