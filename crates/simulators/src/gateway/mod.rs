//! The payment gateway PAYUNi: its API for one shop, its hosted payment page, its 3-D page and its card form.
//!
//! # Test cards
//!
//! Any expiry that has not passed and any three digits go with them. They do the same on the hosted page, in the
//! card form, and when they are charged again by their `CreditHash`.
//!
//! | card | what happens |
//! |---|---|
//! | `4147631000000001` `3560511000000001` | paid |
//! | `4147632000000001` `3560512000000001` `4741502000000001` `3560562000000001` | paid, for instalments too |
//! | `6200000000000001` | paid, UnionPay |
//! | `4147631000000002` `3560511000000002` | authorized, and cancelled because the 3-D result does not fit |
//! | `41476310000001NN` | declined with `ResCode` NN: 05 declined, 14 invalid, 41 lost, 43 stolen, 51 no funds, 54 expired, 61 over the limit |
//! | `4147631000000291` | undecided (`UNKNOWN`), paid a minute later |
//! | `4147631000000292` | undecided, refused a minute later |
//! | `4147631000000303` | with `API3D=1` the buyer is asked on the 3-D page, otherwise paid |
//! | `41476310000004NN` | paid when the buyer types it, declined with `ResCode` NN by its `CreditHash` |
//! | `4147631000000500` | paid, and answered a minute later |
//! | `4147631000000501` | paid, and answered with a page of HTML |
//! | `4147631000000502` | paid, and answered with a hash that does not fit |
//! | `4147631000000503` | paid, and told twice by notify |
//! | `4147631000000504` | paid, and told by notify before the answer |
//! | any other | declined with `ResCode` 14 |
//!
//! # Invoices
//!
//! With [`GatewayConfig::invoices`], a payment that names a `CarrierType` comes with an invoice once it is paid, whichever
//! way. What became of it is told by a notice of its own, to the same address.
//!
//! # The card form's codes
//!
//! | code | when |
//! |---|---|
//! | `OBJ01001` | `start()` with a token that nobody gave out |
//! | `OBJ01002` | `start()` with what is not 32 lower-case hexadecimal digits |
//! | `OBJ01003` | the token is more than ten minutes old, at `start()` or `getTradeResult()` |
//! | `OBJ01004` | the token has served a payment |
//! | `OBJ01005` | the shop has been disabled ([`Gateway::set_shop_enabled`]) |
//! | `IFTRADE04001` | a session without a token, or whose form has been removed from the page |
//! | `IFTRADE04002` | `getTradeResult()` before `start()`, or with nothing typed |
//! | `DEF01001` | the sealed session is not accepted when the form opens, at `start()` |
//! | `DEF01002` | the sealed session is not accepted when the card is submitted, at `getTradeResult()` |
//!
//! The rest are PAYUNi's own: `1000` and `1004` for the options, `1001` and `1008` for a form that does not load, `1007` for
//! a page on another origin than `IFrameDomain`, `1002` and `1003` for instalments, `TRADE020xx` for the card's data.

mod api;
mod cards;
mod charge;
mod faults;
mod invoice;
mod notify;
mod pages;
mod protocol;
mod repo;
mod sdk;
#[cfg(test)]
mod tests;
mod trade;

pub use faults::GatewayFault;
pub use invoice::GatewayInvoices;
pub(crate) use repo::STATEMENTS;

use crate::einvoice::Around;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use charge::{Circumstances, Draw};
use kernel::{Clock, Rng, Timestamp};
use payuni::envelope::Shop;
use protocol::Answer;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use store::{Db, StoreError};
use trade::Trade;

/// How the gateway behaves.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The one shop it knows, with its keys.
    pub shop: Shop,
    /// Where browsers and servers reach [`Gateway::router`], without a slash at the end.
    pub public_url: String,
    /// How long the answer about the time-out card is held back.
    pub slow_answer: Duration,
    /// How long an undecided charge stays so.
    pub undecided: Duration,
    /// How long it takes until a capture that was asked for is taken up, and then until it is done.
    pub capture_step: Duration,
    /// The pause after the first attempt at a notify. It doubles from one to the next, up to an hour.
    pub notify_pause: Duration,
    /// Whether payments come with the invoices they ask for. Without, the wish is ignored.
    pub invoices: Option<GatewayInvoices>,
}

impl GatewayConfig {
    /// The usual behaviour: a minute for each.
    pub fn new(shop: Shop, public_url: impl Into<String>) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            shop,
            public_url: public_url.into(),
            slow_answer: minute,
            undecided: minute,
            capture_step: minute,
            notify_pause: minute,
            invoices: None,
        }
    }
}

/// The simulated gateway. Cheap to clone; all clones are the same gateway.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

struct Shared {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    http: reqwest::Client,
    config: GatewayConfig,
    fault: RwLock<Option<GatewayFault>>,
    /// Held by who delivers notifies without being asked to.
    delivering: tokio::sync::Mutex<()>,
    /// Whether there may be notifies that nobody has looked at.
    deliver: AtomicBool,
}

impl Gateway {
    /// A gateway whose books are in `db`, who lives by `clock` and sends its notifies with `http`.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        http: reqwest::Client,
        config: GatewayConfig,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                db,
                clock,
                rng,
                http,
                config,
                fault: RwLock::default(),
                delivering: tokio::sync::Mutex::default(),
                deliver: AtomicBool::default(),
            }),
        }
    }

    /// The API under `/api`, the pages, and the card form's script at `/sdk/uni-payment.js`; to be nested under the
    /// path of `public_url`.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(api::routes())
            .merge(pages::routes())
            .merge(sdk::routes())
            // As at PAYUNi, what does not exist is a page, and no JSON.
            .fallback(async || Answer::Html)
            .method_not_allowed_fallback(async || Answer::Html)
            .layer(from_fn_with_state(self.clone(), unless_down))
            .with_state(self.clone())
    }

    /// Enables the shop, as it is at first, or disables it.
    pub async fn set_shop_enabled(&self, enabled: bool) -> Result<(), StoreError> {
        let mer_id = self.shared.config.shop.mer_id().to_owned();
        self.shared
            .db
            .write(move |tx| repo::set_shop(tx, &mer_id, enabled))
            .await
    }

    /// Makes something go wrong with every request to this process, or nothing any more.
    pub fn set_fault(&self, fault: Option<GatewayFault>) {
        *self
            .shared
            .fault
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn fault(&self) -> Option<GatewayFault> {
        *self
            .shared
            .fault
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    async fn is_shop_enabled(&self) -> Result<bool, StoreError> {
        let mer_id = self.shared.config.shop.mer_id().to_owned();
        self.shared
            .db
            .read(move |tx| repo::is_shop_enabled(tx, &mer_id))
            .await
    }

    /// Voids the invoice that came with a payment, as the shop does at the console, and has the notice of it sent.
    /// Whether there was one to void.
    pub async fn void_invoice(&self, mer_trade_no: &str) -> Result<bool, StoreError> {
        let Some(invoices) = self.shared.config.invoices.clone() else {
            return Ok(false);
        };
        let (shop, now) = (self.shared.config.shop.clone(), self.now());
        let number = mer_trade_no.to_owned();
        let voided = self
            .shared
            .db
            .write(move |tx| invoice::void(tx, &shop, &invoices, &number, now))
            .await?;
        self.deliver_soon();
        Ok(voided)
    }

    fn circumstances(&self) -> Circumstances {
        let now = self.now();
        let rng = &self.shared.rng;
        let invoices = self.shared.config.invoices.clone();
        Circumstances {
            invoices: invoices.map(|invoices| {
                let around = Around::new(now, invoices.numbers, rng);
                (invoices, around)
            }),
            shop: self.shared.config.shop.clone(),
            now,
            undecided: self.shared.config.undecided,
            fault: self.fault(),
            draw: Draw::new(now, &self.shared.rng),
        }
    }

    fn challenge_url(&self, trade: &Trade) -> String {
        format!("{}/3d/{}", self.shared.config.public_url, trade.trade_no)
    }
}

async fn unless_down(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    match gateway.fault() {
        Some(GatewayFault::Down) => Answer::Down.into_response(),
        _ => next.run(request).await,
    }
}
