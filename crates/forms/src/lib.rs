//! Codes, forms, records, certificates and their verification: face `openapi_v2`.
//!
//! The module ([`Forms`]) has the rules and the rows. The [`gateway`] in front of it knows keys, rights, rate limits and the
//! envelope, and calls the module in its own process or over HTTP.
//!
//! Where things are: `model/` types and pure rules, `repo/` rows and SQL, one file per group of use cases beside this
//! one, `events.rs` what webhooks say, `face/` the methods and what they read and answer, `formats/` how resources are
//! written.

mod address;
pub mod authorize;
pub mod bulk;
mod categories;
pub mod certificate;
mod claim;
mod codes;
pub mod coding;
mod edit;
mod error;
mod events;
pub mod face;
mod formats;
pub mod gateway;
mod ids;
pub mod jobs;
mod keys;
pub mod model;
pub mod offline;
mod public;
pub mod qr;
mod records;
pub mod repo;
mod reverse;
mod review;
mod revise;
mod states;
mod submit;
mod templates;
pub mod uploads;
pub mod verify;
mod visible;
pub mod voucher;

pub use address::Address;
pub use codes::{NewCode, NewField};
pub use error::{Error, Result};
pub use events::{WEBHOOKS, delivery};
pub use keys::{NewKey, NewOrganization};
pub use public::{CodeView, Fillable, OperationView};
pub use records::{Filter, NamedRecord, Page, RecordView, Records};
pub use repo::statements;
pub use review::Review;
pub use submit::{Submission, Submitted};
pub use templates::{NewTemplate, TemplateChange};

use claim::Claim;
use ids::Ids;
use kernel::{Clock, Id, Rng, Timestamp};
use model::{OrgId, ProjectId};
use repo::KeyHolder;
use std::sync::Arc;
use std::time::Duration;
use store::cache::Cache;
use store::jobs::JobId;
use store::quota::Quotas;
use store::{Db, Tx};
use webhooks::Webhooks;

/// How often a transaction is run again that somebody else was ahead of.
const MOST_RACES: u32 = 8;

/// What may be set.
#[derive(Clone, Debug)]
pub struct FormsConfig {
    /// Where this server is reached by browsers, without a slash at the end.
    pub public_url: String,
    /// Requests for each key in two seconds, all of which may come at once; `None`: no limit.
    pub rate_limit: Option<u32>,
    /// How often from one address forms of public pages may be sent in a minute; `None`: no limit.
    pub public_rate_limit: Option<u32>,
    /// The header into which a proxy before this server writes last where a visitor is.
    pub client_address_header: Option<String>,
    /// Most codes that a category may stand for in one request.
    pub most_codes: i64,
    /// How long an upload waits for the submission that refers to it.
    pub upload_life: Duration,
    /// In which time a verification can be reversed.
    pub reversal_time: Duration,
    /// How long the gateway waits for the module.
    pub upstream_timeout: Duration,
}

impl Default for FormsConfig {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            rate_limit: Some(20),
            public_rate_limit: Some(120),
            client_address_header: None,
            most_codes: 1000,
            upload_life: Duration::from_secs(24 * 3600),
            reversal_time: Duration::from_secs(3600),
            upstream_timeout: Duration::from_secs(10),
        }
    }
}

/// The module. Cheap to clone.
#[derive(Clone)]
pub struct Forms {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    webhooks: Webhooks,
    config: FormsConfig,
    quotas: Quotas,
    keys: Cache<String, KeyHolder>,
    ids: Ids,
    secrets: coding::Secrets,
}

/// On whose behalf a use case runs, and what that one sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The organization.
    pub org_id: OrgId,
    /// Its code, as it stands in addresses.
    pub org_code: String,
    /// The key; `None`: somebody in front of a public page.
    pub api_key_id: Option<i64>,
    /// The projects that are seen; `None`: all.
    pub project_ids: Option<Vec<ProjectId>>,
    /// Now.
    pub now: Timestamp,
}

impl Scope {
    /// Whether a thing of this organization and project is seen.
    pub fn sees(&self, org_id: OrgId, project_id: ProjectId) -> bool {
        let projects = self.project_ids.as_ref();
        self.org_id == org_id && projects.is_none_or(|seen| seen.contains(&project_id))
    }
}

impl Forms {
    /// The module over a migrated database. Makes the secrets that sign certificates, if there are none yet.
    pub async fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        webhooks: Webhooks,
        config: FormsConfig,
    ) -> Result<Self> {
        let secrets = coding::Secrets::load(&db, &rng, clock.now()).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                ids: Ids::default(),
                quotas: Quotas::default(),
                keys: Cache::default(),
                secrets,
                db,
                clock,
                rng,
                webhooks,
                config,
            }),
        })
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// The settings.
    pub fn config(&self) -> &FormsConfig {
        &self.inner.config
    }

    /// The webhooks, with the contract [`WEBHOOKS`].
    pub fn webhooks(&self) -> &Webhooks {
        &self.inner.webhooks
    }

    /// What makes and checks codes of certificates.
    pub fn secrets(&self) -> &coding::Secrets {
        &self.inner.secrets
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    fn rng(&self) -> &Rng {
        &self.inner.rng
    }

    /// A new id: later ones of this node are larger.
    pub fn new_id(&self) -> i64 {
        self.inner.ids.next(self.now(), self.rng())
    }

    /// The id of a job that may be enqueued.
    pub(crate) fn new_job_id(&self) -> JobId {
        Id::new(self.now(), self.rng())
    }

    /// `path` on this server, as browsers reach it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config().public_url)
    }

    /// The public address of a code, record or certificate.
    pub fn public_url(&self, org_code: &str, coding: &str) -> String {
        format!("{}/{org_code}/{coding}", self.config().public_url)
    }

    /// Runs a transaction. `make` is called before each try, outside of the transaction, for new ids and randomness; `run` may
    /// be run again by the database and must depend on its arguments alone. When somebody else has just stored what it wanted
    /// to store, it is tried again and finds that.
    pub(crate) async fn write<M, T>(
        &self,
        make: impl Fn(&Self) -> M,
        run: impl Fn(&mut Tx<'_>, &M) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T>
    where
        M: Send + Sync + 'static,
        T: Send + 'static,
    {
        let run = Arc::new(run);
        let claim = Claim::held();
        let mut tries = 0;
        loop {
            let (made, run, claim) = (make(self), Arc::clone(&run), claim.clone());
            let run = move |tx: &mut Tx<'_>| {
                let done = run(tx, &made)?;
                if let Some(claim) = &claim {
                    claim.settle(tx)?;
                }
                Ok(done)
            };
            match self.db().write(run).await {
                Err(Error::Raced(_)) if tries < MOST_RACES => tries += 1,
                done => return done,
            }
        }
    }

    /// Runs a reading transaction.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.db().read(run).await
    }
}

/// What is kept of a secret: its SHA-256, in hex.
pub(crate) fn digest(secret: &str) -> String {
    use sha2::{Digest as _, Sha256};
    httpkit::idempotency::hex(&Sha256::digest(secret.as_bytes()))
}
