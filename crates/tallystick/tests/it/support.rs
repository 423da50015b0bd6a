//! A server on loopback with a clock that stands still, over a fresh database of either kind.

use kernel::{Clock, Credits, ManualClock, Rng, Timestamp};
use orders::model::OrganizationId;
use reqwest::Method;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::{DatabaseUrl, Db};
use tallystick::app::{App, Parts, SandboxOptions};
use tallystick::config::{CaptchaConfig, Config, Flags, ServeFlags, StorageConfig};
use tallystick::{runner, seed, serve};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Declares a test that runs on both databases.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn run($engine: Engine) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                run(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                run(Engine::Postgres).await;
            }
        }
    )*};
}
pub(crate) use both;

/// A database that goes away with the test.
pub enum Scratch {
    Sqlite(tempfile::TempDir),
    Postgres(testkit::postgres::ScratchDatabase),
}

impl Scratch {
    /// A migrated, empty database.
    pub fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
                let folder = tempfile::tempdir().unwrap();
                let template = TEMPLATE.get_or_init(|| {
                    let file = folder.path().join("template.db");
                    migrate(&format!("sqlite:{}", file.display()));
                    std::fs::read(&file).unwrap()
                });
                std::fs::write(folder.path().join("test.db"), template).unwrap();
                Self::Sqlite(folder)
            }
            Engine::Postgres => {
                let cluster = testkit::postgres::cluster();
                cluster.create_template("tallystick", migrate);
                Self::Postgres(cluster.create_database_from("tallystick"))
            }
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("test.db").display()),
            Self::Postgres(database) => database.url().to_owned(),
        }
    }

    pub async fn open(&self) -> Db {
        let url: DatabaseUrl = self.url().parse().unwrap();
        Db::open(&url).await.unwrap()
    }
}

fn migrate(url: &str) {
    let url: DatabaseUrl = url.parse().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let db = Db::open(&url).await.unwrap();
            db.migrate(start()).await.unwrap();
            db.close().await;
        });
    })
    .join()
    .unwrap();
}

/// When every test begins.
pub fn start() -> Timestamp {
    "2026-06-02T12:30:00+08:00".parse().unwrap()
}

/// A running server.
pub struct TestApp {
    pub base_url: String,
    pub app: App,
    pub clock: Arc<ManualClock>,
    pub client: reqwest::Client,
    /// Where its mails and text messages are.
    pub outbox: tempfile::TempDir,
    /// Where the files are that were sent to it.
    pub files: tempfile::TempDir,
    scratch: Option<Scratch>,
    server: tokio::task::JoinHandle<anyhow::Result<()>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["result_code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// An organization with a key.
#[derive(Clone, Debug)]
pub struct Shop {
    pub id: OrganizationId,
    pub key: String,
}

impl TestApp {
    pub async fn start(engine: Engine) -> Self {
        Self::with(engine, |_| {}).await
    }

    pub async fn with(engine: Engine, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::over(Scratch::new(engine), adjust).await
    }

    /// Over a database that has been used before, maybe.
    pub async fn over(scratch: Scratch, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::over_at(scratch, start(), adjust).await
    }

    /// With the clock showing `now` at first: for a database that a process has used, which lives by
    /// the machine's clock.
    pub async fn over_at(
        scratch: Scratch,
        now: Timestamp,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let flags = Flags {
            config: Some("/dev/null".into()),
            database: Some(scratch.url()),
            ..Flags::default()
        };
        let serve_flags = ServeFlags {
            listen: Some(([127, 0, 0, 1], 0).into()),
            jobs: Some(tallystick::config::Switch::Off),
            ..ServeFlags::default()
        };
        let mut config = Config::load(&flags, &serve_flags, "sqlite::memory:").unwrap();
        let outbox = tempfile::tempdir().unwrap();
        config.outbox = Some(outbox.path().to_owned());
        let files = tempfile::tempdir().unwrap();
        config.storage = StorageConfig::Folder(Some(files.path().to_owned()));
        // As easy as it can be, and work nevertheless.
        config.captcha = CaptchaConfig::ProofOfWork(captcha::ProofOfWorkConfig {
            difficulty: 6,
            ..Default::default()
        });
        adjust(&mut config);
        let listener = serve::listen(config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Arc::new(ManualClock::at(now));
        let parts = Parts {
            db: scratch.open().await,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            simulator_clock: Arc::clone(&clock) as Arc<dyn Clock>,
            rng: Arc::new(Rng::seeded(7)),
        };
        let mut options = SandboxOptions::default();
        options.supplier.slow = Duration::from_millis(700);
        options.supplier.delivery.per_1000 = Duration::from_secs(3600);
        let app = App::build(parts, &config, address, Some(options))
            .await
            .unwrap();
        runner::schedule_recurring(&app).await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let server = {
            let app = app.clone();
            let stopped = async { drop(stopped.await) };
            tokio::spawn(async move { serve::run(app, listener, &config, stopped).await })
        };
        Self {
            base_url: format!("http://{address}"),
            app,
            clock,
            client: httpkit::outgoing::client(Duration::from_secs(60)).unwrap(),
            outbox,
            files,
            scratch: Some(scratch),
            server,
            stop: Some(stop),
        }
    }

    /// Stops the server as Ctrl-C would, and returns its database.
    pub async fn stop(mut self) -> Scratch {
        let _ = self.stop.take().unwrap().send(());
        (&mut self.server).await.unwrap().unwrap();
        self.scratch.take().unwrap()
    }

    pub async fn shop(&self, credit: i64) -> Shop {
        let (id, key) = seed::organization(&self.app.orders, "Shop", Credits::new(credit))
            .await
            .unwrap();
        Shop {
            id,
            key: key.expose().clone(),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base_url))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub async fn get(&self, shop: &Shop, path: &str) -> Answer {
        self.send(
            self.request(Method::GET, path)
                .header("x-api-key", &shop.key),
        )
        .await
    }

    /// A list, with query options that are not yet encoded.
    pub async fn list(&self, shop: &Shop, path: &str, options: &[(&str, &str)]) -> Answer {
        let request = self
            .request(Method::GET, path)
            .header("x-api-key", &shop.key);
        self.send(request.query(options)).await
    }

    pub async fn post(&self, shop: &Shop, path: &str, body: Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("x-api-key", &shop.key);
        self.send(request.json(&body)).await
    }

    /// A merchant of subscription billing with products and a paying customer.
    pub async fn merchant(&self) -> seed::recur::Merchant {
        seed::recur::merchant(&self.app.recur, "Shop")
            .await
            .unwrap()
    }

    /// A call of subscription billing.
    pub async fn recur(&self, method: Method, path: &str, key: &str, body: Value) -> Answer {
        let request = self.request(method, path).bearer_auth(key);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        self.send(request).await
    }

    pub async fn balance(&self, shop: &Shop) -> i64 {
        let answer = self
            .get(shop, "/platform/organization/credit/balance")
            .await;
        answer.json()["balance"].as_i64().unwrap()
    }

    /// Places an order of 100 units for 120 credits.
    pub async fn order(&self, shop: &Shop, link: &str) -> Answer {
        let body = serde_json::json!({"product_id": seed::DEFAULT, "link": link, "quantity": 100});
        self.post(shop, "/platform/order/ch2/default", body).await
    }

    /// Carries out all jobs that are due; returns how many.
    pub async fn run_jobs(&self) -> usize {
        runner::run_due(&self.app).await.unwrap()
    }

    /// Lets time pass and does what falls due.
    pub async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.run_jobs().await;
    }

    /// Every balance is the sum of its postings.
    pub async fn assert_balanced(&self) {
        let unbalanced = self.app.orders.db().scan(ledger::unbalanced).await.unwrap();
        assert!(unbalanced.is_empty(), "{unbalanced:?}");
    }

    /// Rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        self.sum(&format!("SELECT COUNT(*) FROM {table}")).await
    }

    /// The one number that a query finds.
    pub async fn sum(&self, sql: &str) -> i64 {
        let sql = sql.to_owned();
        let counted = self
            .app
            .orders
            .db()
            .read(move |tx| tx.query_dynamic(&sql, &[], |row| row.get::<i64>(0)));
        let rows: Result<Vec<i64>, store::StoreError> = counted.await;
        rows.unwrap()[0]
    }
}

/// A path with `id` for each of its parameters.
pub fn with_id(path: &str, id: &str) -> String {
    let parts = path.split('/');
    let parts: Vec<&str> = parts
        .map(|part| if part.starts_with('{') { id } else { part })
        .collect();
    parts.join("/")
}

/// The operations of the order platform that take a private key.
pub fn keyed_operations() -> impl Iterator<Item = &'static orders::face::Operation> {
    let operations = orders::face::operations().iter();
    operations.filter(|operation| operation.caller == orders::face::CallerKind::Key)
}
