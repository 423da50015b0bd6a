//! Those who transmit e-invoices: ECPay below `/ecpay`, ezPay below `/ezpay`, Amego below `/amego`, each for one
//! merchant and with its own books. What PAYUNi issues comes with the payments of the
//! [`Gateway`](crate::Gateway).
//!
//! They check what the providers are known to check, in their words and codes, and keep to their rules: references
//! that are used once, numbers that are used up, days after which nothing is voided, allowances that stand in
//! the way of a void, addresses for printing that expire.
//!
//! # Test addresses
//!
//! | buyer's mail address | what happens |
//! |---|---|
//! | `down@einvoice.test` | HTTP 503, nothing is done |
//! | `html@einvoice.test` | a page of HTML, nothing is done |
//! | `silence@einvoice.test` | done, and answered a while later |
//! | `lost@einvoice.test` | done, and the connection breaks instead of an answer |
//! | `unsealed@einvoice.test` | done, and answered with other keys |
//! | `numbers-used-up@einvoice.test` | refused: no number left |
//! | `duplicate@einvoice.test` | refused: the reference was used before |
//! | `unavailable@einvoice.test` | refused: the tax authority cannot be reached |
//! | `invalid@einvoice.test` | refused: a field is wrong |
//! | `down-later@einvoice.test` | issued; HTTP 503 to everything that is asked about it afterwards. All of these have a `-later` |

mod amego;
mod books;
mod ecpay;
mod ezpay;
mod faults;
mod fields;
mod page;
mod protocol;
mod repo;
#[cfg(test)]
mod tests;

pub use books::SimulatedInvoice;
pub(crate) use books::{
    Around, Denied, Invoice, Line, Order, QR_CAPACITY, Receive, date_time, issue, void_silently,
};
pub use faults::EinvoiceFault;
pub(crate) use protocol::Failure;
pub(crate) use repo::STATEMENTS;

use axum::Router;
use axum::routing::get;
use einvoice::amego::Seller;
use einvoice::provider::ProviderId;
use einvoice::rules::proof::QrKey;
use einvoice::rules::ubn::SellerUbn;
use einvoice::{ecpay::Merchant as EcpayMerchant, ezpay::Merchant as EzpayMerchant};
use kernel::{Clock, Rng, Timestamp};
use protocol::Answer;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use store::{Db, StoreError};

/// How the providers behave.
#[derive(Clone, Debug)]
pub struct EinvoiceConfig {
    /// The one merchant that ECPay knows.
    pub ecpay: EcpayMerchant,
    /// The one merchant that ezPay knows.
    pub ezpay: EzpayMerchant,
    /// The one seller that Amego knows.
    pub amego: Seller,
    /// The seller on paper proofs.
    pub seller: SellerUbn,
    /// The seller's key for the QR codes on them.
    pub qr_key: QrKey,
    /// Where browsers reach [`EinvoiceProviders::router`], without a slash at the end.
    pub public_url: String,
    /// How many numbers each provider has in a period.
    pub numbers: u32,
    /// Whether requests from another time than the simulators' are refused, as the providers do. Not useful
    /// where callers live by another clock.
    pub checks_time: bool,
    /// How long the answer to a buyer at `silence@einvoice.test` is held back.
    pub silence: Duration,
}

/// The simulated providers. Cheap to clone; all clones are the same providers.
#[derive(Clone)]
pub struct EinvoiceProviders {
    shared: Arc<Shared>,
}

struct Shared {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    config: EinvoiceConfig,
    fault: RwLock<Option<EinvoiceFault>>,
}

impl EinvoiceProviders {
    /// Providers whose books are in `db` and who live by `clock`.
    pub fn new(db: Db, clock: Arc<dyn Clock>, rng: Arc<Rng>, config: EinvoiceConfig) -> Self {
        Self {
            shared: Arc::new(Shared {
                db,
                clock,
                rng,
                config,
                fault: RwLock::default(),
            }),
        }
    }

    /// `/ecpay`, `/ezpay`, `/amego` and `/print`; to be nested under the path of `public_url`.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(ecpay::routes())
            .merge(ezpay::routes())
            .merge(amego::routes())
            .route("/print/{token}", get(page::print))
            // What does not exist is a page, and no JSON.
            .fallback(async || Answer::Html)
            .method_not_allowed_fallback(async || Answer::Html)
            .with_state(self.clone())
    }

    /// Makes something go wrong with every request to this process, or nothing any more.
    pub fn set_fault(&self, fault: Option<EinvoiceFault>) {
        *self
            .shared
            .fault
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Every invoice in a provider's books, by reference.
    pub async fn invoices(
        &self,
        provider: ProviderId,
    ) -> Result<Vec<SimulatedInvoice>, StoreError> {
        let invoices = self
            .shared
            .db
            .scan(move |tx| repo::invoices(tx, provider))
            .await?;
        Ok(invoices.iter().map(SimulatedInvoice::of).collect())
    }

    fn fault(&self) -> Option<EinvoiceFault> {
        self.shared
            .fault
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn around(&self) -> Around {
        Around::new(self.now(), self.shared.config.numbers, &self.shared.rng)
    }
}
