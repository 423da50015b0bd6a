//! Webhooks: what happened, told to whoever wants to know, at least once.
//!
//! A face [`publish`]es an event in the transaction that makes it happen. The event, one delivery for each enabled
//! endpoint that wants it, and one job for each delivery are rows of that transaction, so nothing is lost
//! and nothing is told that did not happen. [`Webhooks::run_job`] makes one attempt at one delivery.
//!
//! - **At least once.** An attempt whose outcome is not stored, because the process died, is made again with
//!   the same event id. A delivery belongs to the node that leases its job, so while both live no two nodes send it.
//! - **Order.** The first attempts for one object to one endpoint are made one after the other, in the order of
//!   the events. A delivery that failed is tried again on its own, and later ones do not wait for it. Events about
//!   different objects overtake each other.
//! - **Patience.** Failed attempts are repeated as [`Config::retry_after`] says, then the delivery has failed. An endpoint
//!   that has failed every attempt for [`Config::disable_after`] is disabled.
//! - **Distrust.** A consumer's address must be public each time it is called, redirects are not followed, answers are
//!   cut off, and an endpoint that hangs holds few of a node's workers.
//! - **Owners.** Every use case is bound to an owner: a tenant of a face, under an id that no other face uses.
//!
//! What a contract says of webhooks (header names, body) is a value, [`Contract`].

mod deliver;
mod deliveries;
mod endpoints;
mod error;
mod events;
mod lanes;
mod publish;
mod repo;
mod send;
#[cfg(test)]
mod tests;

pub use deliveries::{DeliveryPage, DeliveryRecord};
pub use endpoints::{EndpointChange, MOST_ENDPOINTS, NewEndpoint};
pub use error::{Error, Result};
pub use httpkit::outgoing::{Reach, UrlRefusal};
pub use publish::{NewEvent, publish, publish_to};
pub use repo::deliveries::{Attempt, Delivery, DeliveryId, DeliveryStatus, DeliveryTag, Summary};
pub use repo::endpoints::{DisabledReason, Endpoint, EndpointId, EndpointTag, Kinds};
pub use repo::events::{Event, forget};
pub use send::sign;

use kernel::{Clock, Rng};
use lanes::Lanes;
use std::sync::Arc;
use std::time::Duration;
use store::Db;
use store::cache::Cache;
use store::jobs::LEASE_TIME;

/// What one contract says of webhooks.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// The kind of its jobs, of no other face: whoever leases one gives it to [`Webhooks::run_job`].
    pub job_kind: &'static str,
    /// What header names start with: `X-Recur-` makes `X-Recur-Signature`, `X-Recur-Event-Id`, `X-Recur-Event-Type`
    /// and `X-Recur-Timestamp`.
    pub header_prefix: &'static str,
    /// The body for an event, as an endpoint with these options wants it. The same arguments give the same bytes.
    pub body: fn(event: &Event, options: &str) -> String,
}

/// What may be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long a consumer may take to answer: half of [`LEASE_TIME`] at most.
    pub timeout: Duration,
    /// How long after each failed attempt the next one is made, give or take a tenth. After the last the delivery has
    /// failed.
    pub retry_after: Vec<Duration>,
    /// For how long every attempt has to fail until the endpoint is disabled.
    pub disable_after: Duration,
    /// Where endpoints may be.
    pub reach: Reach,
    /// Attempts of this node at once, to all endpoints together.
    pub at_once: usize,
    /// Attempts of this node at once to one endpoint; to one that is failing, one.
    pub at_once_to_one: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            retry_after: [60, 5 * 60, 30 * 60, 2 * 3600, 24 * 3600]
                .map(Duration::from_secs)
                .to_vec(),
            disable_after: Duration::from_secs(5 * 24 * 3600),
            reach: Reach::PublicOnly,
            at_once: 24,
            at_once_to_one: 8,
        }
    }
}

/// The webhooks of one contract. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    contract: Contract,
    config: Config,
    client: reqwest::Client,
    lanes: Lanes,
    wanted: Cache<String, Arc<[Kinds]>>,
}

impl Webhooks {
    /// Webhooks over `db`. Fails when there can be no HTTP client, for want of trusted certificates.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        contract: Contract,
        config: Config,
    ) -> Result<Self, reqwest::Error> {
        // The outcome has to be stored while the job is still leased.
        let timeout = config.timeout.min(LEASE_TIME / 2);
        let inner = Inner {
            client: httpkit::outgoing::guarded_client(timeout, config.reach)?,
            lanes: Lanes::new(config.at_once, config.at_once_to_one),
            wanted: Cache::default(),
            db,
            clock,
            rng,
            contract,
            config,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    fn db(&self) -> &Db {
        &self.inner.db
    }

    fn now(&self) -> kernel::Timestamp {
        self.inner.clock.now()
    }
}

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    repo::all_statements()
}
