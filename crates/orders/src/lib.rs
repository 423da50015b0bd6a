//! The order platform: face `platform`.
//!
//! Organizations buy products on prepaid credit. [`place`](Orders::place) debits the credit and stores the order in one
//! transaction; a job sends it to the supplier ([`dispatch`]), another follows it until it has ended
//! ([`follow`]) and gives back what was not delivered. [`follow_up`] is what clients may ask of an order
//! later: refill, cancel, sync.
//!
//! Where things are: `model/` types and pure rules, `repo/` SQL, one file per use case beside this one,
//! `supplier/` the connector, `odata/` list queries, `face/` routes and wire types.

pub mod charges;
pub mod dispatch;
mod error;
pub mod face;
pub mod follow;
pub mod follow_up;
pub mod invoices;
pub mod jobs;
pub mod manage;
pub mod model;
pub mod odata;
pub mod people;
pub mod place;
pub mod repo;
pub mod supplier;
pub mod uploads;

pub use error::{Error, Result};

use captcha::RobotCheck;
use charges::PayUni;
use files::Files;
use httpkit::idempotency::hex;
use invoicing::Invoicing;
use kernel::{Clock, Id, Rng, Secret, Timestamp};
use model::{ChargesConfig, KeyHolder, Product, ProductId, SessionHolder};
use people::{AccountsConfig, Passwords};
use std::sync::Arc;
use std::time::Duration;
use store::cache::Cache;
use store::quota::Quotas;
use store::sequence::{Number, Numbers};
use store::{Db, StoreError};
use supplier::Supplier;
use supplier::certificates::Certificates;
use tokio::sync::RwLock;

/// What may be set.
#[derive(Clone, Debug)]
pub struct OrdersConfig {
    /// Where this server is reached by browsers, without a slash at the end.
    pub public_url: String,
    /// How long a client's order waits for the supplier's verdict. Zero: not at all, jobs do the sending.
    pub verdict_wait: Duration,
    /// How soon after sending, and at first how often, the supplier is asked how far an order is.
    pub follow_interval: Duration,
    /// For how long sending an accepted order is tried before it is given up and refunded.
    pub give_up_after: Duration,
    /// Requests a minute for each key; `None`: no limit.
    pub rate_limit: Option<u32>,
    /// How long an idempotency key counts.
    pub idempotency_lifetime: Duration,
    /// Accounts and sessions.
    pub accounts: AccountsConfig,
    /// What credit costs and how it is paid for.
    pub charges: ChargesConfig,
}

impl Default for OrdersConfig {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            verdict_wait: Duration::from_secs(5),
            follow_interval: Duration::from_secs(30),
            give_up_after: Duration::from_secs(24 * 3600),
            rate_limit: Some(60_000),
            idempotency_lifetime: Duration::from_secs(24 * 3600),
            accounts: AccountsConfig::default(),
            charges: ChargesConfig::default(),
        }
    }
}

/// Whom the platform deals with.
#[derive(Clone)]
pub struct Outside {
    /// Delivers what is ordered.
    pub supplier: Arc<dyn Supplier>,
    /// Takes money for credit; `None`: nobody does.
    pub pay_uni: Option<PayUni>,
    /// Tells people from robots.
    pub robots: Arc<dyn RobotCheck>,
    /// Keeps the files that people send.
    pub files: Files,
    /// The invoices for what was paid.
    pub invoicing: Invoicing,
}

/// The order platform. Cheap to clone.
#[derive(Clone)]
pub struct Orders {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    supplier: Arc<dyn Supplier>,
    pay_uni: Option<Arc<PayUni>>,
    robots: Arc<dyn RobotCheck>,
    files: Files,
    invoicing: Invoicing,
    config: OrdersConfig,
    /// Names this process in leases.
    node: String,
    numbers: Numbers,
    quotas: Quotas,
    keys: Cache<String, KeyHolder>,
    sessions: Cache<String, SessionHolder>,
    passwords: Passwords,
    products: Cache<ProductId, Arc<Product>>,
    /// Read by each task that has the supplier do something, for a client who may not wait for it to end.
    sending: Arc<RwLock<()>>,
}

impl Orders {
    /// The platform over a migrated database.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        outside: Outside,
        config: OrdersConfig,
    ) -> Self {
        let supplier = Certificates {
            db: db.clone(),
            clock: Arc::clone(&clock),
            rng: Arc::clone(&rng),
            others: outside.supplier,
        };
        let passwords = Passwords::new(&rng);
        let node = Id::<Self>::new(clock.now(), &rng).to_string();
        Self {
            inner: Arc::new(Inner {
                db,
                clock,
                rng,
                supplier: Arc::new(supplier),
                files: outside.files,
                invoicing: outside.invoicing,
                pay_uni: outside.pay_uni.map(Arc::new),
                robots: outside.robots,
                config,
                node,
                numbers: Numbers::default(),
                quotas: Quotas::default(),
                keys: Cache::default(),
                sessions: Cache::default(),
                passwords,
                products: Cache::default(),
                sending: Arc::default(),
            }),
        }
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// Where this server is reached by browsers.
    pub fn public_url(&self) -> &str {
        &self.inner.config.public_url
    }

    /// The name under which this process leases jobs.
    pub fn node(&self) -> &str {
        &self.inner.node
    }

    /// Whoever delivers: the supplier, and this server what are certificates.
    pub fn supplier(&self) -> &dyn Supplier {
        &*self.inner.supplier
    }

    /// The invoices for what was paid.
    pub fn invoicing(&self) -> &Invoicing {
        &self.inner.invoicing
    }

    /// Whoever tells people from robots.
    pub fn robots(&self) -> &dyn RobotCheck {
        &*self.inner.robots
    }

    /// The files that organizations and people sent.
    pub fn files(&self) -> &Files {
        &self.inner.files
    }

    /// Waits until no order is being sent for a client: what is cut off is in doubt afterwards.
    pub async fn nothing_under_way(&self) {
        drop(self.inner.sending.write().await);
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// An id that nothing has yet.
    pub fn fresh_id<T>(&self) -> Id<T> {
        self.new_id(self.now())
    }

    /// 256 random bits in hexadecimal.
    pub fn fresh_secret(&self) -> Secret<String> {
        Secret::new(hex(&self.inner.rng.bytes::<32>()))
    }

    fn new_id<T>(&self, now: Timestamp) -> Id<T> {
        Id::new(now, &self.inner.rng)
    }

    async fn credit_record_number(&self, now: Timestamp) -> Result<Number, StoreError> {
        self.inner.numbers.next(&self.inner.db, "CR", now).await
    }

    /// A product, on sale or not, from the cache.
    pub async fn product(&self, id: ProductId) -> Result<Option<Arc<Product>>> {
        let load = async || {
            let found = self
                .inner
                .db
                .read(move |tx| repo::products::find(tx, id))
                .await?;
            Ok(found.map(Arc::new))
        };
        self.inner
            .products
            .get_or_load(&self.inner.db, &id, load)
            .await
    }

    /// Whom a private key stands for, from the cache; `None` when it is unknown, revoked or expired.
    pub async fn key_holder(&self, key: &str) -> Result<Option<KeyHolder>> {
        let hash = model::hash_of_key(key);
        let load = async || {
            let hash = hash.clone();
            let find = move |tx: &mut store::Tx<'_>| repo::organizations::key_holder(tx, &hash);
            Ok::<_, Error>(self.inner.db.read(find).await?)
        };
        let found = self
            .inner
            .keys
            .get_or_load(&self.inner.db, &hash, load)
            .await?;
        Ok(found.filter(|holder| holder.expires_at.is_none_or(|end| end > self.now())))
    }

    /// Counts a request of a key, or of a person.
    pub(crate) async fn count_request(&self, whose: &str) -> Result<()> {
        let Some(limit) = self.inner.config.rate_limit else {
            return Ok(());
        };
        let quotas = &self.inner.quotas;
        let taken = quotas.take(self.db(), whose, limit, self.now()).await?;
        taken.map_err(|exhausted| Error::TooMany {
            retry_after: exhausted.retry_after,
        })
    }

    /// Whom an access token stands for, from the cache; `None` when it is unknown, revoked or expired.
    pub async fn session_holder(&self, token: &str) -> Result<Option<SessionHolder>> {
        let hash = model::hash_of_key(token);
        let load = async || {
            let hash = hash.clone();
            let find = move |tx: &mut store::Tx<'_>| repo::accounts::session_holder(tx, &hash);
            Ok::<_, Error>(self.inner.db.read(find).await?)
        };
        let found = self
            .inner
            .sessions
            .get_or_load(&self.inner.db, &hash, load)
            .await?;
        Ok(found.filter(|holder| holder.expires_at > self.now()))
    }
}

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    repo::all_statements()
}
