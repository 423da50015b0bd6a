//! Whose provider an invoice goes to.

use crate::model::{Owner, ProviderName};
use einvoice::capabilities::Capabilities;
use einvoice::provider::Provider;
use einvoice::{amego, ecpay, ezpay, payuni};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;

/// What [`Providers::provider`] returns.
pub type Found<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Arc<dyn Provider>>, StoreError>> + Send + 'a>>;

/// Knows everybody's accounts with providers.
pub trait Providers: Send + Sync + 'static {
    /// An owner's account with the provider `name`; `None` when there is none.
    fn provider<'a>(&'a self, owner: &'a Owner, name: ProviderName) -> Found<'a>;
}

/// What a provider offers, whose account it may be.
pub const fn capabilities(name: ProviderName) -> &'static Capabilities {
    match name {
        ProviderName::EcPay => &ecpay::CAPABILITIES,
        ProviderName::EzPay => &ezpay::CAPABILITIES,
        ProviderName::Amego => &amego::CAPABILITIES,
        ProviderName::PayUni => &payuni::CAPABILITIES,
    }
}

/// The accounts of one merchant: where each provider is reached, and as whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a provider is waited for.
    pub timeout: Duration,
    /// ECPay's server and our account there.
    pub ec_pay: Option<(String, ecpay::Merchant)>,
    /// ezPay's server and our account there.
    pub ez_pay: Option<(String, ezpay::Merchant)>,
    /// Amego's server and our account there.
    pub amego: Option<(String, amego::Seller)>,
    /// Whether there is a shop at PAYUNi, whose payments bring invoices along.
    pub pay_uni: bool,
}

impl Default for Settings {
    /// No accounts, and 20 seconds: requests wait no longer than 30.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            ec_pay: None,
            ez_pay: None,
            amego: None,
            pay_uni: false,
        }
    }
}

/// The same accounts for every owner.
#[derive(Clone, Default)]
pub struct Configured {
    providers: BTreeMap<ProviderName, Arc<dyn Provider>>,
}

impl Configured {
    /// The accounts of `settings`. Fails when there can be no HTTP client.
    pub fn new(settings: Settings) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let http = httpkit::outgoing::client(settings.timeout)?;
        let mut providers: BTreeMap<ProviderName, Arc<dyn Provider>> = BTreeMap::new();
        if let Some((url, merchant)) = settings.ec_pay {
            let driver = ecpay::Ecpay::new(http.clone(), url, merchant);
            providers.insert(ProviderName::EcPay, Arc::new(driver));
        }
        if let Some((url, merchant)) = settings.ez_pay {
            let driver = ezpay::Ezpay::new(http.clone(), url, merchant);
            providers.insert(ProviderName::EzPay, Arc::new(driver));
        }
        if let Some((url, seller)) = settings.amego {
            let driver = amego::Amego::new(http, url, seller);
            providers.insert(ProviderName::Amego, Arc::new(driver));
        }
        if settings.pay_uni {
            providers.insert(ProviderName::PayUni, Arc::new(payuni::Payuni));
        }
        Ok(Self { providers })
    }
}

impl Providers for Configured {
    fn provider<'a>(&'a self, _: &'a Owner, name: ProviderName) -> Found<'a> {
        let found = self.providers.get(&name).cloned();
        Box::pin(std::future::ready(Ok(found)))
    }
}
