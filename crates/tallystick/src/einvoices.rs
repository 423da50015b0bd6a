//! Wires e-invoices: whose accounts they are issued with, and the simulated providers of the sandbox.

use crate::app::{Parts, reachable};
use crate::config::Config;
use anyhow::{Context, Result};
use billing::model::AccountId;
use billing::repo::Account;
use einvoice::rules::proof::QrKey;
use einvoice::{amego, ecpay, ezpay};
use invoicing::model::{Owner, ProviderName, Seller};
use invoicing::{Configured, Invoicing, Providers, Settings, providers};
use kernel::Secret;
use simulators::{EinvoiceConfig, EinvoiceProviders, GatewayInvoices};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Db, StoreError, Tx, params};

/// Where the simulated providers are reached on this server.
pub const SIMULATED: &str = "/simulators/einvoice";
/// The sandbox's business number; it belongs to no company.
const SELLER: &str = "12345675";
/// How many numbers the simulated providers have in a period.
const NUMBERS: u32 = 1_000_000;

/// E-invoices and the providers of the sandbox.
pub struct Einvoices {
    /// The life of every invoice.
    pub invoicing: Invoicing,
    /// The simulated providers.
    pub simulator: EinvoiceProviders,
}

impl Einvoices {
    /// Wires e-invoices for a server that listens at `address` and is reached by browsers at `public_url`. In a `sandbox` the order
    /// platform's go to the simulated providers.
    pub fn build(
        parts: &Parts,
        config: &Config,
        address: SocketAddr,
        public_url: &str,
        sandbox: bool,
    ) -> Result<Self> {
        let (simulated, settings) = simulated(config, address, public_url)?;
        let simulator = EinvoiceProviders::new(
            parts.db.clone(),
            Arc::clone(&parts.simulator_clock),
            Arc::clone(&parts.rng),
            simulated,
        );
        let live = configured(config.einvoice.clone())?;
        let simulated = configured(settings)?;
        let accounts = Accounts {
            orders: match sandbox {
                true => simulated.clone(),
                false => live.clone(),
            },
            db: parts.db.clone(),
            simulated,
            live,
        };
        let invoicing = Invoicing::new(
            parts.db.clone(),
            Arc::clone(&parts.clock),
            Arc::clone(&parts.rng),
            Arc::new(accounts),
        );
        Ok(Self {
            invoicing,
            simulator,
        })
    }
}

fn configured(settings: Settings) -> Result<Configured> {
    let configured = Configured::new(settings).map_err(anyhow::Error::from_boxed);
    configured.context("the client that calls e-invoice providers")
}

/// Whose accounts there are.
struct Accounts {
    /// The order platform's: whoever runs this server sells credit.
    orders: Configured,
    /// Knows which of billing's accounts are sandboxes.
    db: Db,
    /// Those of billing's sandboxes.
    simulated: Configured,
    /// Those of billing's production accounts: whoever runs this server invoices for its merchants.
    live: Configured,
}

impl Providers for Accounts {
    fn provider<'a>(&'a self, owner: &'a Owner, name: ProviderName) -> providers::Found<'a> {
        match owner.seller {
            Seller::Orders => self.orders.provider(owner, name),
            Seller::Billing => Box::pin(async move {
                let Ok(account) = owner.id.parse::<AccountId>() else {
                    return Ok(None);
                };
                let read =
                    move |tx: &mut Tx<'_>| Account::first(tx, Account::BY_ID, params![account]);
                let found: Result<Option<Account>, StoreError> = self.db.read(read).await;
                match found?.map(|account| account.livemode) {
                    Some(true) => self.live.provider(owner, name).await,
                    Some(false) => self.simulated.provider(owner, name).await,
                    None => Ok(None),
                }
            }),
        }
    }
}

/// The simulated providers, and the accounts with them. Their keys open nothing but the sandbox.
fn simulated(
    config: &Config,
    address: SocketAddr,
    public_url: &str,
) -> Result<(EinvoiceConfig, Settings)> {
    let secret = |text: &str| Secret::new(text.to_owned());
    let ec_pay = ecpay::Merchant::new(
        "SANDBOX",
        &secret("tallystick-ec-01"),
        &secret("tallystick-iv-01"),
    )?;
    let ez_pay = ezpay::Merchant::new(
        "SANDBOX",
        &secret("tallystick-sandbox-ezpay-key-001"),
        &secret("tallystick-iv-01"),
    )?;
    let seller = SELLER.parse().context("the sandbox's business number")?;
    let amego = amego::Seller::new(SELLER.parse()?, secret("tallystick-sandbox"))?;
    let timeout = config.einvoice.timeout;
    let address = reachable(address);
    let at = |provider| format!("http://{address}{SIMULATED}/{provider}");
    let settings = Settings {
        timeout,
        ec_pay: Some((at("ecpay"), ec_pay.clone())),
        ez_pay: Some((at("ezpay"), ez_pay.clone())),
        amego: Some((at("amego"), amego.clone())),
        pay_uni: true,
    };
    let simulator = EinvoiceConfig {
        ecpay: ec_pay,
        ezpay: ez_pay,
        amego,
        seller,
        qr_key: qr_key()?,
        public_url: format!("{public_url}{SIMULATED}"),
        numbers: NUMBERS,
        // Tests let time stand still.
        checks_time: false,
        silence: timeout + Duration::from_secs(5),
    };
    Ok((simulator, settings))
}

/// The invoices that the simulated gateway issues with its payments.
pub fn with_payments() -> Result<GatewayInvoices> {
    Ok(GatewayInvoices {
        seller: SELLER.parse().context("the sandbox's business number")?,
        qr_key: qr_key()?,
        numbers: NUMBERS,
    })
}

fn qr_key() -> Result<QrKey> {
    let key = Secret::new("00112233445566778899aabbccddeeff".to_owned());
    QrKey::new(&key).context("the sandbox's key for QR codes")
}
