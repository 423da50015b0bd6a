//! The commands of subscription billing, as people and scripts use them: against a server, and on a database.

use crate::support::{Engine, TestApp};
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::HeaderMap;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use tokio::sync::mpsc;

pub fn tallystick(args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    for name in [
        "DATABASE_URL",
        "TALLYSTICK_KEY",
        "TALLYSTICK_URL",
        "TALLYSTICK_CONFIG",
    ] {
        command.env_remove(name);
    }
    command
        .args(args)
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end, while the server of the test goes on.
pub async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server with a merchant, and who calls it.
struct Shop {
    app: TestApp,
    key: String,
    subscription: String,
}

impl Shop {
    async fn open() -> Self {
        let app = TestApp::with(Engine::Sqlite, |config| {
            config.webhooks.reach = webhooks::Reach::AllowPrivate;
        })
        .await;
        let merchant = app.merchant().await;
        Self {
            key: merchant.secret_key.expose().clone(),
            subscription: merchant.subscription_id.to_string(),
            app,
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        tallystick(
            args,
            &[
                ("TALLYSTICK_URL", &self.app.base_url),
                ("TALLYSTICK_KEY", &self.key),
            ],
        )
    }

    async fn run(&self, args: &[&str]) -> Output {
        output(self.command(args)).await
    }

    async fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args).await;
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr)
        );
        assert_eq!(text(&output.stderr), "", "{args:?}");
        text(&output.stdout)
    }

    async fn json(&self, args: &[&str]) -> Value {
        let out = self.ok(&[args, &["--json"]].concat()).await;
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    }

    /// What an endpoint is sent of an event.
    async fn body_of_delivery(&self, endpoint: &str, event: &str) -> String {
        let deliveries = self.json(&["webhooks", "deliveries", endpoint]).await;
        let mut deliveries = deliveries.as_array().unwrap().iter();
        let delivery = deliveries
            .find(|delivery| delivery["event_id"] == event)
            .unwrap();
        let path = format!(
            "/v1/webhook-deliveries/{}",
            delivery["id"].as_str().unwrap()
        );
        let shown = self
            .app
            .recur(reqwest::Method::GET, &path, &self.key, Value::Null)
            .await;
        shown.json()["request_body"].as_str().unwrap().to_owned()
    }

    async fn failed(&self, args: &[&str]) -> String {
        let output = self.run(args).await;
        assert!(
            !output.status.success(),
            "{args:?}: {}",
            text(&output.stdout)
        );
        let error = text(&output.stderr);
        assert!(error.starts_with("error: "), "{error}");
        error
    }
}

pub fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_passes_in_the_sandbox() {
    let shop = Shop::open().await;
    let before = shop.json(&["clock", "show"]).await;
    let advanced = shop.json(&["clock", "advance", "32d"]).await;
    assert_eq!(
        (&advanced["reached"], &advanced["count"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(advanced["happened"][0]["object"], shop.subscription);
    assert_eq!(advanced["happened"][0]["what"], "renewal");
    assert_eq!(advanced["from"], before["now"]);
    let now: kernel::Timestamp = shop.json(&["clock", "show"]).await["now"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let then: kernel::Timestamp = before["now"].as_str().unwrap().parse().unwrap();
    assert_eq!(now.since(then).as_secs(), 32 * 24 * 3600);

    let text = shop
        .ok(&["clock", "advance", "--to", "2026-09-01T00:00:00+08:00"])
        .await;
    assert_contains(
        &text,
        &["renewal: paid", "2026-08-31T16:00:00.000Z  reached"],
    );
    assert_contains(
        &shop.ok(&["clock", "show"]).await,
        &["sandbox  2026-08-31T16:00:00.000Z", "real     2026-06-02T"],
    );
    let back = shop
        .failed(&["clock", "advance", "--to", "2026-01-01T00:00:00Z"])
        .await;
    assert_contains(
        &back,
        &[
            "forward",
            "(bad_request)",
            "tallystick explain recur/bad_request",
        ],
    );
    assert_contains(
        &shop.failed(&["clock", "advance", "soon"]).await,
        &["32d", "P32D"],
    );
    assert_contains(&shop.failed(&["clock", "advance"]).await, &["<BY>"]);
    shop.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_looked_after() {
    let shop = Shop::open().await;
    let id = shop.subscription.clone();
    let id = id.as_str();
    assert_contains(
        &shop.ok(&["subscriptions", "list"]).await,
        &[id, "ACTIVE", "pro-monthly", "mei@example.com"],
    );
    assert_eq!(
        shop.ok(&["subscriptions", "list", "--status", "trial"])
            .await,
        "no subscriptions\n"
    );
    let listed = shop
        .json(&["subscriptions", "list", "--email", "mei@example.com"])
        .await;
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["id"]),
        (1, &json!(id))
    );
    assert_contains(
        &shop.ok(&["subscriptions", "show", id]).await,
        &["price NT$", "299", "charged next"],
    );

    let preview = shop
        .ok(&["subscriptions", "switch", id, "pro-yearly", "--preview"])
        .await;
    assert_eq!(preview, "upgrade at once; NT$2691 charged now\n");
    let switched = shop
        .json(&["subscriptions", "switch", id, "pro-yearly"])
        .await;
    assert_eq!(
        (&switched["effective"], &switched["amount_due"]),
        (&json!("IMMEDIATE"), &json!(2691))
    );
    let later = shop
        .ok(&["subscriptions", "switch", id, "pro-monthly"])
        .await;
    assert_contains(&later, &["downgrade when the period ends"]);
    assert_contains(
        &shop.ok(&["subscriptions", "show", id]).await,
        &["switches to"],
    );

    assert_contains(&shop.ok(&["subscriptions", "pause", id]).await, &["PAUSED"]);
    assert_contains(
        &shop.failed(&["subscriptions", "pause", id]).await,
        &["already paused", "(bad_request)"],
    );
    assert_contains(
        &shop.ok(&["subscriptions", "resume", id]).await,
        &["ACTIVE"],
    );
    let canceled = shop
        .ok(&["subscriptions", "cancel", id, "--reason", "too expensive"])
        .await;
    assert_contains(&canceled, &["ACTIVE", "ends with the period"]);
    assert_contains(
        &shop.ok(&["subscriptions", "resume", id]).await,
        &["charged next"],
    );
    let ended = shop.json(&["subscriptions", "cancel", id, "--now"]).await;
    assert_eq!(
        (&ended["status"], &ended["cancel_at_period_end"]),
        (&json!("CANCELED"), &json!(false))
    );
    assert_contains(
        &shop.failed(&["subscriptions", "show", "sub_1"]).await,
        &["Subscription not found (not_found)"],
    );
    shop.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_put_on_the_shelf() {
    let shop = Shop::open().await;
    let added = shop
        .json(&[
            "products",
            "recur",
            "add",
            "Team",
            "--price",
            "990",
            "--period",
            "quarterly",
        ])
        .await;
    assert_eq!(
        (&added["slug"], &added["interval"], &added["interval_count"]),
        (&json!("team"), &json!("month"), &json!(3))
    );
    let shown = shop
        .ok(&[
            "products", "recur", "set", "team", "--price", "1990", "--name", "Teams",
        ])
        .await;
    assert_contains(&shown, &["NT$1990", "for 3 months", "Teams"]);
    shop.ok(&["products", "recur", "set", "team", "--on-sale", "false"])
        .await;
    assert!(
        !shop
            .ok(&["products", "recur", "list"])
            .await
            .contains("Teams")
    );
    assert_contains(
        &shop.ok(&["products", "recur", "list", "--all"]).await,
        &["off sale", "Teams", "a year", "once"],
    );
    let pack = shop
        .json(&[
            "products",
            "recur",
            "add",
            "Pack",
            "--price",
            "100",
            "--credits",
            "50",
        ])
        .await;
    assert_eq!(
        (&pack["type"], &pack["credits"]),
        (&json!("CREDITS"), &json!(50))
    );
    let cheap = shop
        .failed(&["products", "recur", "set", "team", "--price", "20"])
        .await;
    assert_contains(
        &cheap,
        &["price: Must be at least 30", "(validation_error)"],
    );
    assert_contains(
        &shop.failed(&["products", "recur", "set", "team"]).await,
        &["nothing to change"],
    );
    shop.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_what_is_missing() {
    let shop = Shop::open().await;
    let url = shop.app.base_url.clone();
    for (key, says) in [
        ("", "which key?"),
        ("pk_test_x", "secret key"),
        ("sk_test_nobody", "Invalid API key (unauthorized)"),
    ] {
        let ran = output(tallystick(
            &["clock", "show", "--url", &url, "--key", key],
            &[],
        ))
        .await;
        assert_contains(&text(&ran.stderr), &["error: ", says]);
    }
    let other = output(tallystick(
        &["clock", "show", "--url", "ftp://x", "--key", "sk_test_x"],
        &[],
    ))
    .await;
    assert_contains(&text(&other.stderr), &["not the address of a server"]);
    shop.app.stop().await;
    let gone = output(tallystick(
        &["clock", "show", "--url", &url, "--key", "sk_test_x"],
        &[],
    ))
    .await;
    assert_contains(&text(&gone.stderr), &["cannot reach", "tallystick demo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_and_their_deliveries() {
    let shop = Shop::open().await;
    assert_contains(
        &shop.ok(&["webhooks", "list"]).await,
        &["no endpoints: tallystick webhooks add"],
    );
    let unknown = shop
        .failed(&[
            "webhooks",
            "add",
            "http://127.0.0.1:9/",
            "--events",
            "invoice.refunded",
        ])
        .await;
    assert_contains(&unknown, &["no such event", "invoice.paid"]);
    let added = shop
        .ok(&[
            "webhooks",
            "add",
            "http://127.0.0.1:9/",
            "--events",
            "invoice.paid,order.paid",
        ])
        .await;
    assert_contains(
        &added,
        &[
            "we_",
            "enabled",
            "invoice.paid,order.paid",
            "secret, not shown again:\nwhsec_",
        ],
    );
    let listed = shop.json(&["webhooks", "list"]).await;
    let endpoint = listed[0]["id"].as_str().unwrap();
    assert_eq!(listed[0].get("secret"), None);
    let test = shop
        .json(&["webhooks", "test", endpoint, "--type", "invoice.paid"])
        .await;
    let delivery = test["id"].as_str().unwrap();
    assert_eq!(
        (&test["event_type"], &test["status"]),
        (&json!("invoice.paid"), &json!("pending"))
    );
    shop.app.run_jobs().await;
    let failed = shop.ok(&["webhooks", "deliveries", endpoint]).await;
    assert_contains(
        &failed,
        &[delivery, "pending", "1 attempts", "could not connect"],
    );
    assert_contains(
        &shop.ok(&["webhooks", "resend", delivery]).await,
        &[delivery],
    );
    assert_eq!(
        shop.json(&["webhooks", "deliveries", endpoint, "--status", "succeeded"])
            .await,
        json!([])
    );
    shop.app.stop().await;
}

/// A command that goes on until it is stopped, or the test ends.
struct Listening(Child);

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

type Received = (HeaderMap, Bytes);

/// A program that takes events; it answers 500 to the first.
async fn program() -> (String, mpsc::UnboundedReceiver<Received>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let first = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let take = |State(sender): State<mpsc::UnboundedSender<Received>>,
                headers: HeaderMap,
                body: Bytes| async move {
        sender.send((headers, body)).unwrap();
        match first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            true => http::StatusCode::INTERNAL_SERVER_ERROR,
            false => http::StatusCode::OK,
        }
    };
    let router = axum::Router::new()
        .route("/webhooks", post(take))
        .with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_passed_on_as_webhooks_are_sent() {
    let shop = Shop::open().await;
    let (address, mut received) = program().await;
    let args = [
        "webhooks",
        "listen",
        "--forward-to",
        &address,
        "--events",
        "invoice.paid,subscription.renewed",
    ];
    let mut listen = Listening(shop.command(&args).stdout(Stdio::piped()).spawn().unwrap());
    let (sender, mut lines) = mpsc::unbounded_channel();
    let out = BufReader::new(listen.0.stdout.take().unwrap());
    std::thread::spawn(move || {
        out.lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    let mut next = async || lines.recv().await.unwrap();
    assert_contains(&next().await, &["listening to", &address]);
    let secret = next().await;
    let secret = secret.strip_prefix("secret ").unwrap();
    assert!(secret.starts_with("whsec_"));

    // To compare with what an endpoint is sent.
    let endpoint = shop.json(&["webhooks", "add", "http://127.0.0.1:9/"]).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    shop.ok(&["clock", "advance", "32d"]).await;
    for kind in ["invoice.paid", "subscription.renewed"] {
        let (headers, body) = received.recv().await.unwrap();
        let signature = webhooks::sign(&kernel::Secret::new(secret.to_owned()), &body);
        assert_eq!(headers["x-recur-signature"], signature);
        assert_eq!(headers["x-recur-event-type"], kind);
        assert_eq!(headers["content-type"], "application/json");
        headers["x-recur-timestamp"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap();
        let event: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&event["type"], event["data"]["status"].as_str()),
            (
                &json!(kind),
                Some(if kind == "invoice.paid" {
                    "paid"
                } else {
                    "active"
                })
            )
        );
        assert_eq!(headers["x-recur-event-id"], event["id"].as_str().unwrap());
        assert_eq!(
            body,
            shop.body_of_delivery(&endpoint, event["id"].as_str().unwrap())
                .await
        );
        let answer = if kind == "invoice.paid" { "500" } else { "200" };
        let line = next().await;
        assert_contains(
            &line,
            &[
                kind,
                &shop.subscription,
                event["id"].as_str().unwrap(),
                &format!("-> {answer}"),
            ],
        );
    }

    let id = listen.0.id().to_string();
    Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert_eq!(next().await, "stopped");
    assert!(listen.0.wait().unwrap().success());
    shop.app.stop().await;
}

/// Runs a command on a database of its own.
fn on_database(folder: &tempfile::TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    command
        .env_clear()
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn merchants_and_keys_are_made_on_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = on_database(&folder, args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    let fail = |args: &[&str]| {
        let output = on_database(&folder, args);
        assert!(!output.status.success(), "{args:?}");
        text(&output.stderr)
    };
    assert_contains(
        &fail(&["merchants", "list"]),
        &["there is no database", "tallystick migrate"],
    );
    run(&["migrate"]);
    assert_contains(
        &run(&["merchants", "list"]),
        &["no merchants: tallystick merchants create NAME"],
    );
    assert_contains(
        &fail(&["merchants", "create", " "]),
        &["1 to 64 characters"],
    );
    let made: Value =
        serde_json::from_str(&run(&["merchants", "create", "Tea House", "--json"])).unwrap();
    let merchant = made["merchant_id"].as_str().unwrap();
    assert!(made["secret_key"].as_str().unwrap().starts_with("sk_test_"));
    assert!(
        made["publishable_key"]
            .as_str()
            .unwrap()
            .starts_with("pk_test_")
    );
    assert_contains(
        &run(&["merchants", "create", "Other"]),
        &["mer_", "sk_test_", "pk_test_", "not shown again"],
    );
    assert_contains(
        &run(&["merchants", "list"]),
        &[merchant, "Tea House", "Other"],
    );

    let key = run(&[
        "merchants",
        "key",
        merchant,
        "--type",
        "publishable",
        "--name",
        "shop",
    ]);
    assert!(key.starts_with("pk_test_"));
    let id = key.split_whitespace().nth(2).unwrap().trim_end_matches('.');
    let production = fail(&["merchants", "key", merchant, "--environment", "production"]);
    assert_contains(
        &production,
        &[
            "needs a shop at PAYUNi",
            "[payuni]",
            "tallystick config example",
        ],
    );
    let wrong = fail(&[
        "merchants",
        "key",
        merchant,
        "--type",
        "publishable",
        "--manages-keys",
    ]);
    assert_contains(&wrong, &["only a secret key"]);
    let keys: Value =
        serde_json::from_str(&run(&["merchants", "keys", merchant, "--json"])).unwrap();
    assert_eq!(keys.as_array().unwrap().len(), 3);
    assert!(
        keys.as_array()
            .unwrap()
            .iter()
            .all(|key| key.get("token_hash").is_none())
    );
    assert_eq!(run(&["merchants", "revoke", id]), "revoked\n");
    assert_contains(
        &run(&["merchants", "keys", merchant]),
        &["revoked 20", "manages keys", "shop"],
    );
    assert_contains(
        &fail(&["merchants", "revoke", "key_00000000000000000000000000"]),
        &["there is no key"],
    );
    assert_contains(
        &fail(&["merchants", "keys", "mer_00000000000000000000000000"]),
        &["there is no merchant"],
    );
    let payuni = "[payuni]\nmer_id = \"SHOP\"\nhash_key = \"12345678901234567890123456789012\"\nhash_iv = \"1234567890123456\"\n";
    std::fs::write(folder.path().join("tallystick.toml"), payuni).unwrap();
    assert!(
        run(&["merchants", "key", merchant, "--environment", "production"]).starts_with("sk_live_")
    );
}
