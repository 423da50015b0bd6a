//! Subscription billing: face `recur`.
//!
//! A [`checkout`] sells one product to one buyer; [`settle`] is what becomes of a charge, [`renew`] what falls due
//! of a subscription, [`change`] what customers and merchants do with one. Money is asked for in two steps: the charge is
//! committed first, then the gateway is asked, so that whatever happens in between is found out later and no money is taken twice.
//!
//! Where things are: `model/` types and pure rules, `repo/` rows and SQL, one file per group of use cases beside this
//! one, `gateway.rs` the card gateway, `events.rs` what webhooks say, `face/` routes and wire types.

mod accounts;
mod buy;
pub mod change;
mod charge;
pub mod checkout;
pub mod clock;
mod coupons;
mod customers;
pub mod einvoices;
pub mod elements;
mod error;
mod events;
pub mod face;
pub mod gateway;
pub mod jobs;
pub mod manage;
pub mod model;
pub mod portal;
pub mod receipt;
pub mod refund;
pub mod renew;
pub mod repo;
pub mod settle;
mod voucher;
mod work;

pub use accounts::{NewKey, NewMerchant, Seen};
pub use error::{Error, Result};
pub use events::WEBHOOKS;
pub use gateway::Gateways;
pub use repo::statements;
pub use voucher::{Given, GivenStatus};
pub use work::{Scope, Work};

use invoicing::Invoicing;
use kernel::{Clock, Rng, Timestamp};
use model::AccountId;
use repo::{Account, KeyHolder};
use std::sync::Arc;
use std::time::Duration;
use store::cache::Cache;
use store::quota::Quotas;
use store::{Db, Tx, params};
use webhooks::Webhooks;

/// How often a transaction is run again that somebody else was ahead of.
const MOST_RACES: u32 = 8;

/// What may be set.
#[derive(Clone, Debug)]
pub struct BillingConfig {
    /// Where this server is reached by browsers, without a slash at the end.
    pub public_url: String,
    /// Requests a minute for each sandbox key; `None`: no limit.
    pub sandbox_rate_limit: Option<u32>,
    /// Requests a minute for each production key; `None`: no limit.
    pub live_rate_limit: Option<u32>,
    /// How long a checkout can be paid.
    pub checkout_life: Duration,
    /// How often it may be tried to pay one checkout.
    pub max_attempts: u32,
    /// How long a portal session counts.
    pub portal_life: Duration,
    /// How long a request waits for another that pays the same checkout.
    pub payment_wait: Duration,
}

impl Default for BillingConfig {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            sandbox_rate_limit: Some(100),
            live_rate_limit: Some(1000),
            checkout_life: Duration::from_secs(30 * 60),
            max_attempts: 5,
            portal_life: Duration::from_secs(3600),
            payment_wait: Duration::from_secs(15),
        }
    }
}

/// Subscription billing. Cheap to clone.
#[derive(Clone)]
pub struct Billing {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    config: BillingConfig,
    gateways: Gateways,
    webhooks: Webhooks,
    invoicing: Invoicing,
    quotas: Quotas,
    keys: Cache<String, KeyHolder>,
}

impl Billing {
    /// Billing over a migrated database.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        gateways: Gateways,
        webhooks: Webhooks,
        invoicing: Invoicing,
        config: BillingConfig,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                clock,
                rng,
                config,
                gateways,
                webhooks,
                invoicing,
                quotas: Quotas::default(),
                keys: Cache::default(),
            }),
        }
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// The settings.
    pub fn config(&self) -> &BillingConfig {
        &self.inner.config
    }

    /// The webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.inner.webhooks
    }

    /// The e-invoices.
    pub fn invoicing(&self) -> &Invoicing {
        &self.inner.invoicing
    }

    /// The card gateways.
    pub fn gateways(&self) -> &Gateways {
        &self.inner.gateways
    }

    /// The real time.
    pub fn real_now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    fn rng(&self) -> &Rng {
        &self.inner.rng
    }

    /// A scope at the present time of an account whose clock is `offset` microseconds ahead.
    pub fn scope_at(&self, account_id: AccountId, livemode: bool, offset: i64) -> Scope {
        let real = self.real_now();
        let now = Timestamp::from_micros(real.micros().saturating_add(offset));
        Scope {
            account_id,
            livemode,
            now,
            real,
        }
    }

    /// A scope at the present time of an account.
    pub async fn scope(&self, account_id: AccountId) -> Result<Scope> {
        let account = self.account(account_id).await?;
        Ok(self.scope_at(account_id, account.livemode, account.clock_offset))
    }

    /// Runs a transaction in a scope. It may be run again: what it does depends on its arguments alone. When somebody else
    /// has just stored what it wanted to store, it is run again and finds that.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        scope: &Scope,
        run: impl Fn(&mut Tx<'_>, &Work) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let run = Arc::new(run);
        let mut tries = 0;
        loop {
            let (scope, seed) = (*scope, u64::from_le_bytes(self.rng().bytes()));
            let run = Arc::clone(&run);
            let done = self
                .db()
                .write(move |tx| run(tx, &Work::new(scope, seed)))
                .await;
            match done {
                Err(Error::Raced(_)) if tries < MOST_RACES => tries += 1,
                done => return done,
            }
        }
    }

    /// An account.
    pub async fn account(&self, account_id: AccountId) -> Result<Account> {
        let found = self
            .db()
            .read(move |tx| Account::first(tx, Account::BY_ID, params![account_id]))
            .await?;
        found.ok_or_else(|| Error::Failed(format!("there is no account {account_id}")))
    }

    /// A new id.
    pub fn new_id<T: model::Prefix>(&self) -> model::Key<T> {
        model::Key::new(self.real_now(), self.rng())
    }

    /// `path` on this server, as browsers reach it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config().public_url)
    }

    fn token(&self, prefix: &str, characters: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let characters = (0..characters).map(|_| {
            let index = usize::try_from(self.rng().below(62)).unwrap_or(0);
            char::from(ALPHABET[index])
        });
        prefix.chars().chain(characters).collect()
    }
}

/// What is kept of a secret: its SHA-256, in hex.
pub(crate) fn digest(secret: &str) -> String {
    use sha2::{Digest as _, Sha256};
    httpkit::idempotency::hex(&Sha256::digest(secret.as_bytes()))
}
