//! The real binary as child processes: started, asked, stopped, killed.
//!
//! Another process gives no event to wait for, except what it logs and how it ends: the rest is looked for
//! until a [`DEADLINE`] ([`eventually`]).

use crate::support::{Answer, Engine, Scratch, Shop, TestApp};
use kernel::{Clock, Secret, SystemClock};
use orders::supplier::PanelConfig;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use simulators::{Supplier, SupplierConfig};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{DatabaseUrl, Db, Row, StoreError};
use tallystick::{seed, serve};

/// Far longer than anything takes, even on a machine that has much else to do.
pub const DEADLINE: Duration = Duration::from_secs(60);

const LOG: &str = "warn,tallystick::cli=info,tallystick::serve=info";

/// Looks until there is something to see.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let found = tokio::time::timeout(DEADLINE, async {
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    });
    found
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// The binary over a database, with nothing of our own environment or folder.
fn command(database: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TALLYSTICK_") {
            command.env_remove(name);
        }
    }
    command
        .env("DATABASE_URL", database)
        .env("TALLYSTICK_CONFIG", "/dev/null")
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end; what it printed.
pub async fn run(database: &str, args: &[&str]) -> String {
    let mut command = command(database);
    command.args(args);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = tokio::time::timeout(DEADLINE, ended).await;
    let output = output.expect("the command ends").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// A serving process on a free port of this machine. It is gone when this value or this process is.
pub struct Server {
    pub base_url: String,
    client: reqwest::Client,
    process: Mutex<Child>,
    /// Kills the process when its input ends.
    guard: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `serve` with these arguments, once it answers.
    pub async fn start(database: &str, args: &[&str]) -> Self {
        Self::with(database, args, &[]).await
    }

    pub async fn with(database: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut process = command(database)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(["--log", LOG])
            .args(args)
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let guard = Command::new("sh")
            .args(["-c", "read -r _; kill -KILL \"$0\""])
            .arg(process.id().to_string())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (send, mut lines) = tokio::sync::mpsc::unbounded_channel();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let (stderr, kept) = (process.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line.clone());
                let _ = send.send(line);
            }
        });
        let mut server = Self {
            base_url: String::new(),
            client: httpkit::outgoing::client(DEADLINE).unwrap(),
            process: Mutex::new(process),
            guard,
            log,
        };
        let address = tokio::time::timeout(DEADLINE, async {
            while let Some(line) = lines.recv().await {
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = line["address"]
                    .as_str()
                    .filter(|_| line["message"] == "serving")
                {
                    return Some(address.to_owned());
                }
            }
            None
        });
        let address = address.await.ok().flatten();
        let address = address.unwrap_or_else(|| panic!("no server:\n{}", server.log()));
        server.base_url = format!("http://{address}");
        let ready = server.client.get(format!("{}/readyz", server.base_url));
        assert_eq!(
            send_now(ready).await.unwrap().status,
            200,
            "{}",
            server.log()
        );
        server
    }

    /// What the process has logged.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// As the kernel does when memory runs out, or a power cut: the process does not get to do anything.
    pub fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Asks the process to stop.
    pub fn terminate(&self) {
        let id = self.process.lock().unwrap().id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &id])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&self) -> ExitStatus {
        let ended = async || self.process.lock().unwrap().try_wait().unwrap();
        eventually("the process ends", ended).await
    }

    /// Stops it as an operator does.
    pub async fn stop(self) {
        self.terminate();
        let status = self.ended().await;
        assert!(status.success(), "{status}:\n{}", self.log());
    }

    /// An organization with credit, from the sandbox.
    pub async fn shop(&self, credit: i64) -> Shop {
        let wish = json!({"given": [format!("an organization with {credit} credits")]});
        let request = self.client.post(format!("{}/sandbox/given", self.base_url));
        let made = send_now(request.json(&wish)).await.unwrap().json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Shop {
            id: text("organization_id").parse().unwrap(),
            key: text("private_key"),
        }
    }

    pub fn request(&self, method: Method, shop: &Shop, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base_url))
            .header("x-api-key", &shop.key)
    }

    pub async fn get(&self, shop: &Shop, path: &str) -> Answer {
        send_now(self.request(Method::GET, shop, path))
            .await
            .unwrap()
    }

    pub async fn balance(&self, shop: &Shop) -> i64 {
        let answer = self
            .get(shop, "/platform/organization/credit/balance")
            .await;
        answer.json()["balance"].as_i64().unwrap()
    }

    /// An order of 100 units for 120 credits, not yet sent.
    pub fn order(&self, shop: &Shop, link: &str) -> RequestBuilder {
        let body = json!({"product_id": seed::DEFAULT, "link": link, "quantity": 100});
        self.request(Method::POST, shop, "/platform/order/ch2/default")
            .json(&body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The guard first: afterwards the number may belong to another process.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let process = self.process.get_mut().unwrap();
        let _ = process.kill();
        let _ = process.wait();
    }
}

/// Looks into a database.
pub async fn rows<T: Send + 'static>(
    db: &Db,
    sql: &'static str,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Vec<T> {
    let found: Result<_, StoreError> = db.scan(move |tx| tx.query_dynamic(sql, &[], &read)).await;
    found.unwrap()
}

/// Sends a request. An error: there was no answer.
pub async fn send_now(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await?,
    })
}

/// A supplier outside of the servers, who outlives them. It recognizes references, but is not sent any by
/// servers that only have its [`environment`](Self::environment).
pub struct Wholesaler {
    pub books: Supplier,
    url: String,
}

impl Wholesaler {
    pub async fn open() -> Self {
        let db = Db::open(&DatabaseUrl::SqliteMemory).await.unwrap();
        db.migrate(crate::support::start()).await.unwrap();
        let config = SupplierConfig::new(Secret::new("wholesale".into()));
        let books = Supplier::new(db, Arc::new(SystemClock), config);
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let url = format!("http://{}/api/v2", listener.local_addr().unwrap());
        tokio::spawn(httpkit::server::serve(
            listener,
            books.router(),
            std::future::pending(),
            Duration::ZERO,
        ));
        Self { books, url }
    }

    /// How our own code reaches it, likewise without a reference.
    pub fn panel(&self) -> PanelConfig {
        PanelConfig {
            url: self.url.clone(),
            key: Secret::new("wholesale".into()),
            timeout: DEADLINE,
            reference_field: None,
        }
    }

    pub fn environment(&self) -> [(&str, &str); 2] {
        [
            ("TALLYSTICK_SUPPLIER_URL", &self.url),
            ("TALLYSTICK_SUPPLIER_KEY", "wholesale"),
        ]
    }
}

/// A database with the usual products, and an organization with credit: for servers without a sandbox.
pub async fn furnished(engine: Engine, wholesaler: &Wholesaler, credit: i64) -> (Scratch, Shop) {
    let now = SystemClock.now();
    let app = TestApp::over_at(Scratch::new(engine), now, |_| {}).await;
    seed::fill(&app.app.orders, &wholesaler.books, now)
        .await
        .unwrap();
    let shop = app.shop(credit).await;
    (app.stop().await, shop)
}
