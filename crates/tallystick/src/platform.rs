//! Wires the order platform: whom it deals with, or their simulators in a sandbox.

use crate::app::{Parts, SandboxOptions, reachable};
use crate::config::Config;
use crate::outward;
use crate::recur::{SIMULATED_GATEWAY, sandbox_shop};
use anyhow::{Context, Result};
use invoicing::Invoicing;
use kernel::Secret;
use orders::charges::PayUni;
use orders::supplier::{NotConfigured, Panel, PanelConfig, Supplier};
use orders::{Orders, OrdersConfig, Outside};
use payuni::client::{Client, Method};
use simulators::SupplierConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Questions about trades are answered at once, and asked again if not.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the simulated supplier is reached on this server.
pub const SIMULATED_SUPPLIER: &str = "/simulators/supplier";

/// Where a sandbox's transfers go to, if nobody says.
const SIMULATED_BANK: &str = "Sandbox Bank 000, account 0000-0000-0000 (no money moves)";

/// The platform of a server that listens at `address` and is reached by browsers at `public_url`.
pub fn orders(
    parts: &Parts,
    config: &Config,
    address: SocketAddr,
    public_url: &str,
    sandbox: Option<&SandboxOptions>,
    invoicing: Invoicing,
) -> Result<Orders> {
    let outside = Outside {
        invoicing,
        supplier: supplier(config, address, sandbox)?,
        pay_uni: pay_uni(config, address, public_url, sandbox.is_some())?,
        robots: outward::robots(parts, config)?,
        files: outward::files(parts, config)?,
    };
    let mut settings = OrdersConfig {
        public_url: public_url.to_owned(),
        ..config.orders.clone()
    };
    if sandbox.is_some() {
        let bank_account = &mut settings.charges.bank_account;
        bank_account.get_or_insert_with(|| SIMULATED_BANK.into());
    }
    Ok(Orders::new(
        parts.db.clone(),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.rng),
        outside,
        settings,
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

/// The gateway that credit is paid for over, or its simulator, which has the same shop as that of billing's sandbox.
fn pay_uni(
    config: &Config,
    address: SocketAddr,
    public_url: &str,
    sandbox: bool,
) -> Result<Option<PayUni>> {
    let methods = config.charge_methods.clone();
    let client = |url: String, shop| {
        let http = httpkit::outgoing::client(GATEWAY_TIMEOUT)?;
        anyhow::Ok(Client::new(http, url, shop))
    };
    if sandbox {
        let address = reachable(address);
        let api = format!("{SIMULATED_GATEWAY}/api");
        let all = vec![Method::Card, Method::Atm, Method::Cvs];
        return Ok(Some(PayUni {
            client: client(format!("http://{address}{api}"), sandbox_shop()?)?,
            page_url: format!("{public_url}{api}/upp"),
            methods: methods.unwrap_or(all),
            three_d: true,
        }));
    }
    let Some(payuni) = &config.payuni else {
        return Ok(None);
    };
    Ok(Some(PayUni {
        client: client(payuni.url.clone(), payuni.shop.clone())?,
        page_url: format!("{}/upp", payuni.url.trim_end_matches('/')),
        methods: methods.unwrap_or(vec![Method::Card]),
        three_d: payuni.three_d,
    }))
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
