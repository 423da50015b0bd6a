//! Wires codes, forms and certificates: gateway and module in one process, or either alone.

use crate::app::{Parts, public_url};
use crate::config::Config;
use anyhow::{Context, Result};
use axum::Router;
use forms::gateway::{Gateway, Module, OpenapiV2Face, Remote, RemoteConfig};
use forms::{Forms, FormsConfig};
use httpkit::face::FaceLayer;
use httpkit::health;
use kernel::Secret;
use std::net::SocketAddr;
use std::sync::Arc;
use webhooks::Webhooks;

/// The module, on a server that browsers reach at `public_url`.
pub async fn forms(parts: &Parts, config: &Config, public_url: &str) -> Result<Forms> {
    let settings = FormsConfig {
        public_url: public_url.to_owned(),
        ..config.forms.clone()
    };
    let webhooks = Webhooks::new(
        parts.db.clone(),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.rng),
        forms::WEBHOOKS,
        config.forms_webhooks.clone(),
    )
    .context("the client that sends webhooks")?;
    let (db, clock, rng) = (parts.db.clone(), &parts.clock, &parts.rng);
    Forms::new(db, Arc::clone(clock), Arc::clone(rng), webhooks, settings)
        .await
        .context("the secrets that sign certificates")
}

fn layer(parts: &Parts, config: &Config, forms: &Forms) -> FaceLayer {
    FaceLayer {
        face: Arc::new(OpenapiV2Face),
        clock: Arc::clone(&parts.clock),
        rng: Arc::clone(&parts.rng),
        timeout: config.request_timeout,
        base_url: forms.config().public_url.as_str().into(),
    }
}

/// The gateway, with the module in this process.
pub fn router(parts: &Parts, config: &Config, forms: &Forms) -> Router {
    let layer = layer(parts, config, forms);
    forms::gateway::router(Gateway::new(forms.clone()), layer)
}

/// A gateway whose module is nowhere: what clients meet while the module is down.
pub fn detached(parts: &Parts, config: &Config, forms: &Forms) -> Result<Router> {
    let (nowhere, secret) = ("http://127.0.0.1:9", Secret::new("nobody listens".into()));
    let remote = RemoteConfig::new(nowhere, secret, config.forms.upstream_timeout);
    let remote = Remote::new(remote, Arc::clone(&parts.clock))
        .context("the client that calls the module")?;
    let layer = layer(parts, config, forms);
    Ok(forms::gateway::router(
        Gateway::over(forms.clone(), remote),
        layer,
    ))
}

/// A gateway alone, for a module at `upstream`.
pub async fn gateway(
    parts: Parts,
    config: &Config,
    address: SocketAddr,
    upstream: String,
) -> Result<Router> {
    let forms = forms(&parts, config, &public_url(config, address)).await?;
    let secret = Secret::new(secret(config)?.expose().clone());
    let remote = RemoteConfig::new(upstream, secret, config.forms.upstream_timeout);
    let remote = Remote::new(remote, Arc::clone(&parts.clock))
        .context("the client that calls the module")?;
    let layer = layer(&parts, config, &forms);
    Ok(alone(
        parts,
        forms::gateway::router(Gateway::over(forms, remote), layer),
    ))
}

/// A module alone, for gateways.
pub async fn module(parts: Parts, config: &Config, address: SocketAddr) -> Result<Router> {
    let forms = forms(&parts, config, &public_url(config, address)).await?;
    let layer = layer(&parts, config, &forms);
    let module = Module::new(forms, secret(config)?);
    Ok(alone(parts, forms::gateway::module_router(module, layer)))
}

fn alone(parts: Parts, router: Router) -> Router {
    health::metrics();
    router.merge(health::router(parts.db))
}

fn secret(config: &Config) -> Result<&Secret<String>> {
    config.module_secret.as_ref().context(
        "gateways and modules know each other by a secret that they share: set forms.module_secret or TALLYSTICK_MODULE_SECRET to the same on both sides",
    )
}
