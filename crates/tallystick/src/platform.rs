//! Wires the order platform: whom it deals with, or their simulators in a sandbox.

use crate::app::{Parts, SandboxOptions, reachable};
use crate::config::Config;
use crate::outward;
use anyhow::{Context, Result};
use kernel::Secret;
use orders::supplier::{NotConfigured, Panel, PanelConfig, Supplier};
use orders::{Orders, OrdersConfig, Outside};
use simulators::SupplierConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Where the simulated supplier is reached on this server.
pub const SIMULATED_SUPPLIER: &str = "/simulators/supplier";

/// The platform of a server that listens at `address` and is reached by browsers at `public_url`.
pub fn orders(
    parts: &Parts,
    config: &Config,
    address: SocketAddr,
    public_url: &str,
    sandbox: Option<&SandboxOptions>,
) -> Result<Orders> {
    let outside = Outside {
        supplier: supplier(config, address, sandbox)?,
        robots: outward::robots(parts, config)?,
        files: outward::files(parts, config)?,
    };
    Ok(Orders::new(
        parts.db.clone(),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.rng),
        outside,
        OrdersConfig {
            public_url: public_url.to_owned(),
            ..config.orders.clone()
        },
    ))
}

fn supplier(
    config: &Config,
    address: SocketAddr,
    sandbox: Option<&SandboxOptions>,
) -> Result<Arc<dyn Supplier>> {
    let panel = match sandbox {
        Some(options) => Some(simulated_supplier(address, &options.supplier)),
        None => config.supplier.clone(),
    };
    Ok(match panel {
        Some(panel) => Arc::new(Panel::new(panel).context("the connector to the supplier")?),
        None => Arc::new(NotConfigured),
    })
}

fn simulated_supplier(address: SocketAddr, simulator: &SupplierConfig) -> PanelConfig {
    let address = reachable(address);
    PanelConfig {
        url: format!("http://{address}{SIMULATED_SUPPLIER}/api/v2"),
        key: Secret::new(simulator.key.expose().clone()),
        timeout: Duration::from_secs(10),
        reference_field: Some("reference".into()),
    }
}
