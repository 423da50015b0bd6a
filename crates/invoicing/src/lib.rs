//! E-invoices from draft to void, whoever sells: states, attempts and reconciliation over the drivers of `einvoice`.
//!
//! A seller [`create`]s a draft, in its own transaction or through [`Invoicing::create`], and has it issued, at once
//! ([`Invoicing::issue`]) or by a job ([`issue_later`]). What a provider is asked for is committed before the call, and its
//! answer is settled by check-and-set. Whatever has no answer stays *asked*: a recurring job looks at it again until it is known,
//! asking by our reference before anything is issued again.
//!
//! - [`model`]: the types. [`repo`]: the rows.
//! - [`create`](crate::create()), [`issue`], [`void`], [`allow`], [`lookup`]: the use cases, each in its file.
//! - [`Invoicing::take_notice`]: what comes with a payment.
//! - [`providers`]: whose provider it is; [`Configured`] is one set for everybody.
//! - [`jobs`]: what is looked at again. Sellers that want to know of changes get a job too: [`CHANGED`](jobs::CHANGED).

pub mod allow;
mod create;
mod error;
pub mod issue;
pub mod jobs;
pub mod lookup;
pub mod model;
mod paid;
pub mod providers;
pub mod repo;
mod settle;
pub mod void;

pub use create::{create, issue_later, offered};
pub use error::{Error, Failure, NotCreated, Reason, Result, Unoffered, WrongStatus};
pub use providers::{Configured, Providers, Settings};

use kernel::{Clock, Id, Rng, Timestamp};
use model::ProviderName;
use repo::Invoice;
use std::sync::Arc;
use std::time::Duration;
use store::Db;

/// How long whoever asks a provider may take before another takes over: longer than the calls that one step needs.
const CLAIM: Duration = Duration::from_secs(120);

/// After so long without an answer somebody should look.
pub const LONG: Duration = Duration::from_secs(3600);

/// E-invoices, whoever sells. Cheap to clone.
#[derive(Clone)]
pub struct Invoicing {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    providers: Arc<dyn Providers>,
}

impl Invoicing {
    /// Over a migrated database. `clock` is real time: providers refuse calls of another.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        providers: Arc<dyn Providers>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                clock,
                rng,
                providers,
            }),
        }
    }

    fn db(&self) -> &Db {
        &self.inner.db
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    fn new_id<T>(&self, now: Timestamp) -> Id<T> {
        Id::new(now, &self.inner.rng)
    }

    /// Of 1000, to spread what would be repeated at the same time.
    fn spread(&self) -> u32 {
        self.inner.rng.below(1000)
    }

    /// What a provider offers; `None` when an owner has none of this name.
    pub async fn capabilities(
        &self,
        owner: &model::Owner,
        provider: ProviderName,
    ) -> Result<Option<&'static einvoice::capabilities::Capabilities>> {
        let provider = self.inner.providers.provider(owner, provider).await?;
        Ok(provider.map(|provider| provider.capabilities()))
    }

    async fn provider_of(
        &self,
        invoice: &Invoice,
    ) -> Result<Option<Arc<dyn einvoice::provider::Provider>>> {
        let found = self
            .inner
            .providers
            .provider(&invoice.owner(), invoice.provider)
            .await?;
        Ok(found)
    }
}

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    repo::all_statements()
}
