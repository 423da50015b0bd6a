//! Wires subscription billing: its gateways, its webhooks, and the simulated gateway of the sandbox.

use crate::app::Parts;
use crate::config::Config;
use crate::einvoices;
use anyhow::{Context, Result};
use billing::face::RecurFace;
use billing::gateway::Gateway;
use billing::{Billing, BillingConfig, Gateways};
use httpkit::face::FaceLayer;
use invoicing::Invoicing;
use kernel::Secret;
use payuni::client::Client;
use payuni::envelope::Shop;
use simulators::{Gateway as GatewaySimulator, GatewayConfig as SimulatorConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use webhooks::Webhooks;

/// Where the simulated gateway is reached on this server.
pub const SIMULATED_GATEWAY: &str = "/simulators/payuni";
/// The gateway waits a minute for a bank.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(75);

/// Subscription billing and the gateway of its sandbox.
#[derive(Clone)]
pub struct Recur {
    /// Subscription billing.
    pub billing: Billing,
    /// The simulated gateway.
    pub gateway: GatewaySimulator,
}

impl Recur {
    /// Wires billing for a server that listens at `address` and is reached by browsers at `public_url`.
    pub fn build(
        parts: &Parts,
        config: &Config,
        address: SocketAddr,
        public_url: &str,
        invoicing: Invoicing,
    ) -> Result<Self> {
        let http = httpkit::outgoing::client(GATEWAY_TIMEOUT)?;
        let shop = sandbox_shop()?;
        let mut simulator =
            SimulatorConfig::new(shop.clone(), format!("{public_url}{SIMULATED_GATEWAY}"));
        // Whoever tries out a refund does not wait for it.
        simulator.capture_step = Duration::ZERO;
        simulator.invoices = Some(einvoices::with_payments()?);
        let gateway = GatewaySimulator::new(
            parts.db.clone(),
            Arc::clone(&parts.simulator_clock),
            Arc::clone(&parts.rng),
            httpkit::outgoing::client(Duration::from_secs(20))?,
            simulator,
        );
        let sandbox = Gateway {
            client: Client::new(
                http.clone(),
                format!("http://{address}{SIMULATED_GATEWAY}/api"),
                shop,
            ),
            script_url: format!("{public_url}{SIMULATED_GATEWAY}/sdk/uni-payment.js"),
            // The simulated banks ask for it with the cards that are made for it.
            three_d: true,
        };
        let live = config.payuni.as_ref().map(|payuni| Gateway {
            client: Client::new(http, payuni.url.clone(), payuni.shop.clone()),
            script_url: payuni.script_url.clone(),
            three_d: payuni.three_d,
        });
        let webhooks = Webhooks::new(
            parts.db.clone(),
            Arc::clone(&parts.clock),
            Arc::clone(&parts.rng),
            billing::WEBHOOKS,
            config.webhooks.clone(),
        )
        .context("the client that sends webhooks")?;
        let settings = BillingConfig {
            public_url: public_url.to_owned(),
            ..config.billing.clone()
        };
        let billing = Billing::new(
            parts.db.clone(),
            Arc::clone(&parts.clock),
            Arc::clone(&parts.rng),
            Gateways { sandbox, live },
            webhooks,
            invoicing,
            settings,
        );
        Ok(Self { billing, gateway })
    }

    /// What is served.
    pub fn router(&self, parts: &Parts, config: &Config) -> axum::Router {
        let layer = FaceLayer {
            face: Arc::new(RecurFace),
            clock: Arc::clone(&parts.clock),
            rng: Arc::clone(&parts.rng),
            // A payment may have to wait for a bank.
            timeout: config.request_timeout.max(GATEWAY_TIMEOUT),
            base_url: self.billing.config().public_url.as_str().into(),
        };
        billing::face::router(self.billing.clone(), layer)
            .nest(SIMULATED_GATEWAY, self.gateway.router())
    }
}

/// The simulated gateway's shop. Its keys open nothing but the sandbox, in which no money moves.
pub(crate) fn sandbox_shop() -> Result<Shop> {
    Shop::new(
        "SANDBOX",
        Secret::new("tallystick-sandbox-hash-key-0001".into()),
        Secret::new("tallystick-iv-01".into()),
    )
    .context("the sandbox's shop")
}
