//! Puts the parts together: one database, one clock, the faces, and what stands beside them.

use crate::config::Config;
use crate::einvoices::{self, Einvoices};
use crate::openapi_v2;
use crate::outward;
use crate::platform;
use crate::recur::Recur;
use crate::sandbox::{self, Sandbox};
use crate::seed;
use anyhow::{Result, ensure};
use axum::Router;
use axum::routing::get;
use forms::Forms;
use httpkit::face::FaceLayer;
use httpkit::{Reply, health};
use invoicing::Invoicing;
use kernel::{Clock, Rng, Secret};
use messages::Messages;
use orders::Orders;
use orders::face::PlatformFace;
use simulators::{EinvoiceProviders, Supplier as SupplierSimulator, SupplierConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Db;

/// What the parts run on.
#[derive(Clone)]
pub struct Parts {
    /// A migrated database.
    pub db: Db,
    /// The server's time.
    pub clock: Arc<dyn Clock>,
    /// The simulators' time, which a sandbox may let stand still.
    pub simulator_clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<Rng>,
}

/// A server, ready to be served.
#[derive(Clone)]
pub struct App {
    /// The order platform.
    pub orders: Orders,
    /// Everybody's e-invoices.
    pub invoicing: Invoicing,
    /// The simulated e-invoice providers, of sandboxes.
    pub einvoices: EinvoiceProviders,
    /// Subscription billing.
    pub recur: Recur,
    /// Codes, forms and certificates.
    pub forms: Forms,
    /// Sends mail and text messages.
    pub messages: Messages,
    /// The simulated supplier, in a sandbox.
    pub supplier: Option<SupplierSimulator>,
    /// Everything that is served.
    pub router: Router,
    /// Randomness.
    pub rng: Arc<Rng>,
    /// How long webhook events can be looked at and sent again.
    pub events_kept: Duration,
}

/// How a sandbox's supplier behaves.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// How fast the simulated supplier delivers.
    pub supplier: SupplierConfig,
    /// Moves the simulators' time, when it stands still.
    pub still: Option<Arc<kernel::ManualClock>>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            supplier: SupplierConfig::new(Secret::new("sandbox".into())),
            still: None,
        }
    }
}

impl App {
    /// Wires a server that will be reached at `address`. With `sandbox`, the supplier is simulated, the
    /// shelves are filled, and fixtures can be set up over HTTP.
    pub async fn build(
        parts: Parts,
        config: &Config,
        address: SocketAddr,
        sandbox: Option<SandboxOptions>,
    ) -> Result<Self> {
        let simulator = sandbox.as_ref().map(|options| {
            SupplierSimulator::new(
                parts.db.clone(),
                Arc::clone(&parts.simulator_clock),
                options.supplier.clone(),
            )
        });
        let public_url = public_url(config, address);
        let Einvoices {
            invoicing,
            simulator: einvoices,
        } = Einvoices::build(&parts, config, address, &public_url, sandbox.is_some())?;
        let orders = platform::orders(
            &parts,
            config,
            address,
            &public_url,
            sandbox.as_ref(),
            invoicing.clone(),
        )?;
        let messages = outward::messages(&parts, config, sandbox.is_some())?;
        let forms = openapi_v2::forms(&parts, config, &public_url).await?;
        let recur = Recur::build(
            &parts,
            config,
            reachable(address),
            &public_url,
            invoicing.clone(),
        )?;
        let layer = FaceLayer {
            face: Arc::new(PlatformFace),
            clock: Arc::clone(&parts.clock),
            rng: Arc::clone(&parts.rng),
            timeout: config.request_timeout,
            base_url: public_url.as_str().into(),
        };
        health::metrics();
        let mut router = orders::face::router(orders.clone(), layer)
            .merge(recur.router(&parts, config))
            .nest(einvoices::SIMULATED, einvoices.router())
            .merge(openapi_v2::router(&parts, config, &forms))
            .merge(forms::qr::routes(forms.clone()))
            .merge(forms::uploads::routes(forms.clone()))
            .merge(forms::certificate::well_known(&forms))
            .merge(pages::billing::router(recur.billing.clone()))
            .merge(pages::my::router(orders.clone()))
            .merge(reference())
            // For what no other route takes, so that public addresses, which are of two parts only, stand in nobody's way.
            .fallback_service(pages::forms::router(forms.clone()).fallback(pages::nothing_here))
            .merge(health::router(parts.db.clone()));
        if let (Some(options), Some(simulator)) = (sandbox, &simulator) {
            let sandbox = Sandbox::new(
                orders.clone(),
                recur.clone(),
                forms.clone(),
                simulator.clone(),
                einvoices.clone(),
                options.still,
            );
            let detached = openapi_v2::detached(&parts, config, &forms)?;
            router = router
                .merge(sandbox::router(sandbox))
                .nest(sandbox::DETACHED, detached)
                .nest(platform::SIMULATED_SUPPLIER, simulator.router())
                .nest(outward::SIMULATED_CAPTCHA, simulators::captcha_service());
        }
        if let Some(simulator) = &simulator {
            ensure_sandbox(&orders).await?;
            seed::fill(&orders, simulator, parts.clock.now()).await?;
        }
        Ok(Self {
            orders,
            invoicing,
            einvoices,
            recur,
            forms,
            messages,
            supplier: simulator,
            router,
            rng: parts.rng,
            events_kept: config.events_kept,
        })
    }
}

/// A sandbox puts products on sale that nobody delivers: not in the database of a real shop.
async fn ensure_sandbox(orders: &Orders) -> Result<()> {
    let products = orders.products().await?;
    let seeded = products.iter().any(|p| p.product_id == seed::DEFAULT);
    ensure!(
        seeded || products.is_empty(),
        "this database has the products of a real shop: give the sandbox a database of its own with --database"
    );
    Ok(())
}

/// Where a server that listens on `address` reaches itself.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if ip.is_unspecified() && ip.is_ipv4() => {
            SocketAddr::from(([127, 0, 0, 1], address.port()))
        }
        ip if ip.is_unspecified() => {
            SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port()))
        }
        _ => address,
    }
}

/// Where browsers reach a server that listens on `address`.
pub(crate) fn public_url(config: &Config, address: SocketAddr) -> String {
    let configured = config.public_url.clone();
    configured.unwrap_or_else(|| local_url(address))
}

/// Where browsers on this machine reach the server. By name where it can be: the browser SDK's widgets take messages
/// of pages on "localhost", but not of those on 127.0.0.1.
fn local_url(address: SocketAddr) -> String {
    let address = reachable(address);
    if address.ip().is_loopback() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// What describes the faces: error pages, codes, OpenAPI.
fn reference() -> Router {
    Router::new()
        .route(
            "/",
            get(|| async { axum::response::Redirect::temporary("/docs/errors") }),
        )
        .route(
            "/docs",
            get(|| async { axum::response::Redirect::temporary("/docs/errors") }),
        )
        .route(
            "/errors.json",
            get(|| async { Reply::ok(&catalogue::errors_json()) }),
        )
        .route(
            "/openapi/platform.json",
            get(|| async { Reply::ok(&orders::face::document()) }),
        )
        .route(
            "/openapi/recur.json",
            get(|| async { Reply::ok(&billing::face::document()) }),
        )
        .route(
            "/openapi/openapi_v2.json",
            get(|| async { Reply::ok(&forms::face::document()) }),
        )
        .merge(pages::router())
}
