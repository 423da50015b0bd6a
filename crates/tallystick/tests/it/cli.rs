//! The binary, as people and scripts use it: what it prints where, its exit codes, and a shop run from
//! the command line from an empty folder on.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// For a process that should end, and for a server to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder to run in, and the variables to run with.
struct Shell {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

/// What came of a command.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// What it printed, having succeeded.
    fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    fn json(self) -> Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    }

    /// What it complained of, having failed without a word on standard output.
    fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(self.err.starts_with("error: "), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self.err
    }
}

impl Shell {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tallystick"));
        for (name, _) in std::env::vars_os() {
            let known = name.to_str().unwrap_or_default();
            if known.starts_with("TALLYSTICK_") || known == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    fn run(&self, args: &[&str]) -> Ran {
        let mut child = self
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, err) = (
            collect(child.stdout.take().unwrap()),
            collect(child.stderr.take().unwrap()),
        );
        let mut child = Running(child);
        let text = |stream: mpsc::Receiver<String>| {
            stream
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("{args:?} does not end"))
        };
        let (out, err) = (text(out), text(err));
        Ran {
            code: child.0.wait().unwrap().code().unwrap_or(-1),
            out,
            err,
        }
    }

    /// Starts a server and waits until it says where it listens.
    fn serve(&self, args: &[&str]) -> Server {
        let mut args = args.to_vec();
        args.extend([
            "--listen",
            "127.0.0.1:0",
            "--log-format",
            "json",
            "--log",
            "info",
        ]);
        let mut child = self
            .command(&args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines(child.stderr.take().unwrap());
        let running = Running(child);
        let mut said = Vec::new();
        loop {
            let line = lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("{args:?} does not serve: {said:?}"));
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["message"] == "serving" {
                return Server {
                    url: format!("http://{}", event["address"].as_str().unwrap()),
                    running,
                    said: lines,
                };
            }
            said.push(line);
        }
    }

    /// Starts a demo; returns it with the line that it printed.
    fn demo(&self, args: &[&str]) -> (Server, Value) {
        self.demo_with_log(args, Stdio::null())
    }

    fn demo_with_log(&self, args: &[&str], log: Stdio) -> (Server, Value) {
        let args = [&["demo", "--json", "--listen", "127.0.0.1:0"], args].concat();
        let mut child = self
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = lines(child.stdout.take().unwrap());
        let running = Running(child);
        let line = lines.recv_timeout(PATIENCE).expect("a line");
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let url = line["base_url"].as_str().unwrap().to_owned();
        (
            Server {
                url,
                running,
                said: lines,
            },
            line,
        )
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.folder.path().join(file)
    }
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Server {
    url: String,
    running: Running,
    /// What it goes on saying.
    said: mpsc::Receiver<String>,
}

impl Server {
    /// Asks it to stop as an operator would, and returns its exit code and what it said meanwhile.
    fn stop(mut self) -> (Option<i32>, Vec<String>) {
        let id = self.running.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let mut said = Vec::new();
        // The end of its output is the end of the process.
        loop {
            match self.said.recv_timeout(PATIENCE) {
                Ok(line) => said.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    panic!("the server does not stop: {said:?}")
                }
            }
        }
        (self.running.0.wait().unwrap().code(), said)
    }

    fn get(&self, path: &str, key: &str) -> (u16, String) {
        self.send(|client, url| client.get(format!("{url}{path}")).header("x-api-key", key))
    }

    fn order(&self, key: &str, quantity: u32) -> (u16, Value) {
        let product = tallystick::seed::DEFAULT;
        let body =
            json!({"product_id": product, "link": "https://example.com/1", "quantity": quantity});
        let (status, text) = self.send(|client, url| {
            client
                .post(format!("{url}/platform/order/ch2/default"))
                .header("x-api-key", key)
                .json(&body)
        });
        (status, serde_json::from_str(&text).unwrap())
    }

    fn send(
        &self,
        request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> (u16, String) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let client = httpkit::outgoing::client(PATIENCE).unwrap();
            let answer = request(&client, &self.url).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }
}

/// Asks until the answer is the one that is waited for: what a command has changed, a server that runs on
/// the same SQLite file sees a moment later.
fn soon<T: PartialEq + std::fmt::Debug>(expected: &T, ask: impl Fn() -> T) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask();
        if answer == *expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "still {answer:?}, not {expected:?}"
        );
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// All that comes out of a stream, once it has ended.
fn collect(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        let _ = sender.send(text);
    });
    receiver
}

/// The lines of a stream as they come.
fn lines(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[test]
fn help_says_what_there_is() {
    let shell = Shell::new();
    let flags = [
        "--config <FILE>",
        "TALLYSTICK_CONFIG",
        "--database <URL>",
        "DATABASE_URL",
        "--log <FILTER>",
        "--log-format <FORMAT>",
    ];
    let serving = [
        "--listen <ADDRESS>",
        "TALLYSTICK_LISTEN",
        "--rate-limit <N|off>",
        "--verdict-wait <SECONDS>",
        "--jobs <on|off>",
    ];
    let commands = [
        "demo",
        "serve",
        "migrate",
        "doctor",
        "explain",
        "errors",
        "trigger",
        "openapi",
        "keys",
        "organizations",
        "products",
        "backup",
        "completions",
        "config",
    ];
    let help = shell.run(&["--help"]).ok();
    assert_contains(&help, &commands);
    assert_contains(&help, &flags);
    for (command, says) in [
        (
            &["demo"][..],
            &[
                "--json",
                "--still",
                "/sandbox/advance",
                "temporary database",
            ][..],
        ),
        (&["serve"], &["--sandbox", "simulated supplier", "/sandbox"]),
        (&["migrate"], &["schema"]),
        (&["doctor"], &["ledger", "jobs", "supplier"]),
        (
            &["explain"],
            &[
                "<CODE>",
                "--lang <LANG>",
                "zh-TW",
                "--json",
                "how to fix it",
            ],
        ),
        (&["errors"], &["--json"]),
        (
            &["trigger"],
            &[
                "[CODE]",
                "--all",
                "--url <URL>",
                "--json",
                "face, code, status, emitted, cause",
            ],
        ),
        (&["openapi"], &["<FACE>", "platform"]),
        (&["keys"], &["create", "list", "revoke"]),
        (
            &["keys", "create"],
            &["<ORGANIZATION>", "--label", "--expires", "shown this once"],
        ),
        (&["keys", "list"], &["--json"]),
        (&["keys", "revoke"], &["<ID>", "on every node"]),
        (
            &["organizations"],
            &["create", "list", "enable", "disable", "credit"],
        ),
        (
            &["organizations", "create"],
            &["<NAME>", "1 to 64 characters", "--credit"],
        ),
        (
            &["organizations", "credit"],
            &[
                "<ORGANIZATION>",
                "<AMOUNT>",
                "negative amount takes some back",
            ],
        ),
        (
            &["charges"],
            &["list", "show", "reconcile", "confirm", "reject", "surplus"],
        ),
        (&["charges", "list"], &["--status", "--remitted", "--json"]),
        (&["charges", "confirm"], &["<CHARGE>"]),
        (&["products"], &["list", "import", "set"]),
        (&["products", "import"], &["--markup", "Percent"]),
        (&["products", "set"], &["<PRODUCT>", "--on-sale", "--price"]),
        (&["backup"], &["<FILE>", "must not exist"]),
        (&["completions"], &["bash", "zsh", "fish"]),
        (&["config"], &["example"]),
    ] {
        let help = shell.run(&[command, &["--help"]].concat()).ok();
        assert_contains(&help, says);
        assert_contains(&help, &flags);
        if matches!(command, ["demo" | "serve"]) {
            assert_contains(&help, &serving);
        }
    }
    assert_eq!(
        shell.run(&["--version"]).ok(),
        format!("tallystick {}\n", env!("CARGO_PKG_VERSION"))
    );
    // What the database's address may hold is not shown.
    let secret = Shell::new().with("DATABASE_URL", "postgres://shop:s3cret@db/shop");
    assert!(!secret.run(&["serve", "--help"]).ok().contains("s3cret"));
    let unknown = shell.run(&["explian", "x"]).failed(2);
    assert_contains(&unknown, &["explian", "explain"]);
    assert_eq!(shell.run(&[]).code, 2);
}

#[test]
fn a_code_is_explained() {
    let shell = Shell::new();
    let entry = catalogue::find("credit_not_enough").unwrap();
    let english = shell.run(&["explain", "credit_not_enough"]).ok();
    assert_contains(
        &english,
        &[
            "platform/credit_not_enough\n",
            "HTTP     400, top level",
            "Not enough credit: {needed} needed, {available} available.",
            "larger than the organization's credit balance",
            "How to fix",
            "tallystick trigger platform/credit_not_enough",
            "POST /platform/order/ch2/default",
            "=> 400 credit_not_enough",
        ],
    );
    assert_eq!(
        shell.run(&["explain", "platform/credit_not_enough"]).ok(),
        english
    );
    assert_eq!(
        shell.run(&["explain", " PLATFORM/Credit_Not_Enough "]).ok(),
        english
    );
    for (lang, locale, says) in [
        ("zh-TW", kernel::Locale::ZhTw, "信用點數餘額"),
        ("zh-CN", kernel::Locale::ZhCn, "信用点数余额"),
        ("en", kernel::Locale::En, "balance"),
    ] {
        let page = shell
            .run(&["explain", "--lang", lang, "credit_not_enough"])
            .ok();
        assert_contains(
            &page,
            &[says, entry.message(locale), entry.page().cause(locale)],
        );
    }
    let json = shell
        .run(&["explain", "--json", "credit_not_enough"])
        .json();
    assert_eq!(json, entry.to_json());
    for key in [
        "face",
        "code",
        "status",
        "level",
        "retry",
        "params",
        "message",
        "cause",
        "reachable",
        "doc_url",
    ] {
        assert!(!json[key].is_null(), "{key}");
    }

    let near = shell.run(&["explain", "credit_not_enogh"]).failed(1);
    assert_contains(
        &near,
        &[
            "there is no code `credit_not_enogh`",
            "Did you mean:\n  platform/credit_not_enough\n",
        ],
    );
    assert_eq!(
        shell
            .run(&["explain", "--json", "credit_not_enogh"])
            .failed(1),
        near
    );
    for (typed, meant) in [
        ("token_validation_fail", "token_validation_failed"),
        ("data_not_exists", "data_not_exist"),
        ("batch", "batch_operation_failed"),
        ("platform/odata_failed", "o_data_failed"),
    ] {
        assert_contains(
            &shell.run(&["explain", typed]).failed(1),
            &[&format!("  platform/{meant}\n")],
        );
    }
    for far in [
        "zzzzz",
        "",
        "%",
        "\u{1F4A3}",
        "credit not enough; rm -rf /",
        "../../../etc/passwd",
    ] {
        let said = shell.run(&["explain", far]).failed(1);
        assert_contains(&said, &[&format!("there is no code `{far}`")]);
    }
    assert_contains(
        &shell.run(&["explain", "zzzzz"]).failed(1),
        &["tallystick errors"],
    );
    assert_contains(
        &shell
            .run(&["explain", "--lang", "fr", "credit_not_enough"])
            .failed(2),
        &["en, zh-TW and zh-CN"],
    );
    assert_contains(&shell.run(&["explain"]).failed(2), &["<CODE>"]);
}

#[test]
fn codes_and_the_description_are_printed() {
    let shell = Shell::new();
    let list = shell.run(&["errors", "--json"]).json();
    assert_eq!(list, catalogue::errors_json());
    assert_eq!(list.as_array().unwrap().len(), 98);
    let table = shell.run(&["errors"]).ok();
    for entry in catalogue::entries() {
        let in_a_browser = entry.level == catalogue::Level::ClientSide;
        let mark = if entry.page().scenario.is_some() || in_a_browser {
            "  "
        } else {
            "- "
        };
        let status = if in_a_browser {
            String::new()
        } else {
            entry.status.to_string()
        };
        let line = table
            .lines()
            .find(|line| line.split_whitespace().any(|word| word == entry.code))
            .unwrap();
        assert!(line.starts_with(mark) && line.contains(&status), "{line}");
    }
    assert_contains(
        &table,
        &["not reachable in this release", "tallystick explain CODE"],
    );
    let document = shell.run(&["openapi", "platform"]).json();
    assert_eq!(document, orders::face::document());
    assert_eq!(document["openapi"], "3.1.0");
    assert_contains(
        &shell.run(&["openapi", "payuni"]).failed(2),
        &["payuni", "platform"],
    );
    for (shell_name, says) in [
        ("bash", "complete -F _tallystick"),
        ("zsh", "#compdef tallystick"),
        ("fish", "complete -c tallystick"),
    ] {
        assert_contains(
            &shell.run(&["completions", shell_name]).ok(),
            &[says, "trigger", "organizations"],
        );
    }
    // Whoever has read enough may stop reading.
    let mut head = shell
        .command(&["openapi", "platform"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let err = collect(head.stderr.take().unwrap());
    drop(head.stdout.take());
    let mut head = Running(head);
    assert_eq!(err.recv_timeout(PATIENCE).unwrap(), "");
    assert!(head.0.wait().unwrap().success());
}

#[test]
fn a_code_is_triggered_and_shown() {
    let shell = Shell::new();
    let shown = shell.run(&["trigger", "platform/credit_not_enough"]).ok();
    assert_contains(
        &shown,
        &[
            "platform/credit_not_enough\n",
            "Cause: The total of the order is larger",
            "> POST /platform/order/ch2/default\n",
            "> x-api-key: tsk_",
            "> {\"product_id\": \"01950000-0000-7000-8000-000000000001\"",
            "< 400\n",
            "< {\"message\":\"Not enough credit: 1200 needed, 50 available.\",\"result_code\":\"credit_not_enough\"",
            "Emitted, as documented.",
        ],
    );
    let row = shell
        .run(&["trigger", "--json", "token_validation_failed"])
        .json();
    let entry = catalogue::find("token_validation_failed").unwrap();
    let cause = entry.page().cause(kernel::Locale::En);
    assert_eq!(
        row,
        json!([{"face": "platform", "code": "token_validation_failed", "status": 401, "emitted": true, "cause": cause}])
    );

    let unknown = shell.run(&["trigger", "credit_not_enogh"]).failed(1);
    assert_contains(
        &unknown,
        &[
            "there is no code `credit_not_enogh`",
            "platform/credit_not_enough",
        ],
    );
    assert_contains(&shell.run(&["trigger"]).failed(2), &["<CODE>"]);
    shell
        .run(&["trigger", "--all", "credit_not_enough"])
        .failed(2);
    let nobody = shell
        .run(&[
            "trigger",
            "credit_not_enough",
            "--url",
            "http://127.0.0.1:1",
        ])
        .failed(1);
    assert_contains(&nobody, &["no server answers at http://127.0.0.1:1"]);
    // It leaves nothing behind.
    assert_eq!(std::fs::read_dir(shell.folder.path()).unwrap().count(), 0);
}

/// The rows of `trigger --all --json`.
fn assert_all_triggered(rows: &Value) {
    let rows = rows.as_array().unwrap();
    let expected: Vec<&str> = catalogue::entries().map(|entry| entry.code).collect();
    let codes: Vec<&str> = rows
        .iter()
        .map(|row| row["code"].as_str().unwrap())
        .collect();
    assert_eq!((codes.len(), &codes), (98, &expected));
    for (row, entry) in rows.iter().zip(catalogue::entries()) {
        let keys: BTreeSet<&str> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            keys,
            ["cause", "code", "emitted", "face", "status"].into(),
            "{row}"
        );
        assert_eq!(row["face"], entry.face.name());
        assert_eq!(row["emitted"], entry.page().scenario.is_some(), "{row}");
        let status = row["status"].as_u64();
        let in_a_browser = entry.level == catalogue::Level::ClientSide;
        assert!(
            in_a_browser || status.is_some_and(|status| (400..=502).contains(&status)),
            "{row}"
        );
        assert!(
            row["cause"].as_str().is_some_and(|cause| cause.len() > 20),
            "{row}"
        );
    }
    // All but those of the card form, which are proved in a browser.
    let emitted = rows.iter().filter(|row| row["emitted"] == true).count();
    assert_eq!(emitted, 98 - 9);
}

#[test]
fn every_code_that_can_be_reached_is_triggered() {
    let shell = Shell::new();
    assert_all_triggered(&shell.run(&["trigger", "--all", "--json"]).json());
}

#[test]
fn a_demo_says_where_it_is_and_can_be_triggered() {
    let shell = Shell::new();
    let (demo, line) = shell.demo(&["--still"]);
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        keys(&line),
        ["base_url", "openapi_v2", "platform", "recur", "tickets"],
        "{line}"
    );
    let platform = &line["platform"];
    assert_eq!(
        keys(platform),
        [
            "account",
            "organization_id",
            "private_key",
            "products",
            "top_up_url"
        ],
        "{line}"
    );
    let products = [
        "comment_likes",
        "custom_comments",
        "default",
        "fixed",
        "off_sale",
        "story",
        "subscriptions",
        "withdrawn",
    ];
    assert_eq!(keys(&platform["products"]), products, "{line}");
    let key = platform["private_key"].as_str().unwrap();
    let (status, organization) = demo.get("/platform/organization", key);
    let organization: Value = serde_json::from_str(&organization).unwrap();
    assert_eq!(
        (status, organization),
        (
            200,
            json!({"organization_id": platform["organization_id"], "name": "Demo"})
        )
    );
    assert_eq!(
        demo.get("/platform/organization/credit/balance", key).1,
        r#"{"balance":50000}"#
    );
    assert_eq!(demo.order(key, 100).0, 200);

    assert_all_triggered(
        &shell
            .run(&["trigger", "--all", "--json", "--url", &demo.url])
            .json(),
    );
    let table = shell
        .run(&["trigger", "--all", "--url", &format!("{}/", demo.url)])
        .ok();
    assert_eq!(table.matches("emitted  ").count(), 98 - 9, "{table}");
    assert!(!table.contains("NOT EMITTED"), "{table}");
    // What was triggered is nobody else's concern, and time stands still.
    assert_eq!(
        demo.get("/platform/organization/credit/balance", key).1,
        r#"{"balance":49880}"#
    );
    let (code, said) = demo.stop();
    assert_eq!(
        (code, said),
        (Some(0), vec![]),
        "one line, and nothing more"
    );
    assert_eq!(std::fs::read_dir(shell.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_server_without_a_sandbox_is_not_triggered() {
    let shell = Shell::new()
        .with("DATABASE_URL", "sqlite:shop.db")
        .with("TALLYSTICK_SUPPLIER_URL", "http://127.0.0.1:1/api/v2")
        .with("TALLYSTICK_SUPPLIER_KEY", "k");
    let server = shell.serve(&["serve"]);
    let refused = shell
        .run(&["trigger", "credit_not_enough", "--url", &server.url])
        .failed(1);
    assert_contains(
        &refused,
        &[
            "has no sandbox",
            "tallystick demo",
            "tallystick serve --sandbox",
        ],
    );
    assert_eq!(server.get("/simulators/supplier/api/v2", "k").0, 404);
    assert_eq!(server.stop().0, Some(0));
}

/// From an empty folder to a shop that sells, with the commands that the help names.
#[test]
fn a_shop_is_run_from_the_command_line() {
    let shell = Shell::new().with("DATABASE_URL", "sqlite:shop.db");
    // A mistyped path is no empty shop.
    for command in [
        &["keys", "list"][..],
        &["organizations", "list"],
        &["products", "list"],
        &["organizations", "create", "Shop"],
    ] {
        let refused = shell.run(command).failed(1);
        assert_contains(
            &refused,
            &["there is no database at shop.db", "tallystick migrate"],
        );
    }
    assert!(!shell.path("shop.db").exists());
    let first = shell.run(&["migrate"]).ok();
    assert_contains(&first, &["sqlite:shop.db: now at version 12"]);
    let second = shell.run(&["migrate"]).ok();
    assert_contains(&second, &["sqlite:shop.db: up to date, at version "]);
    assert_contains(
        &shell.run(&["organizations", "list"]).ok(),
        &["no organizations", "tallystick organizations create"],
    );
    assert_contains(
        &shell.run(&["keys", "list"]).ok(),
        &["no keys", "tallystick keys create"],
    );
    assert_contains(
        &shell.run(&["products", "list"]).ok(),
        &["no products", "tallystick products import"],
    );
    assert_eq!(
        shell.run(&["organizations", "list", "--json"]).json(),
        json!([])
    );

    let organization = shell
        .run(&["organizations", "create", "Shop 網路", "--credit", "1000"])
        .ok();
    let organization = organization.trim_end();
    assert!(
        organization.parse::<kernel::Id<()>>().is_ok(),
        "{organization}"
    );
    assert_contains(
        &shell.run(&["organizations", "create", ""]).failed(1),
        &["1 to 64 characters"],
    );
    assert_contains(
        &shell
            .run(&["organizations", "create", &"x".repeat(65)])
            .failed(1),
        &["1 to 64 characters"],
    );
    assert_contains(
        &shell
            .run(&["organizations", "create", "X", "--credit=-1"])
            .failed(1),
        &["cannot be negative"],
    );
    let listed = shell.run(&["organizations", "list", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(
        (&listed[0]["balance"], &listed[0]["organization"]["name"]),
        (&json!(1000), &json!("Shop 網路"))
    );
    assert_eq!(
        shell
            .run(&["organizations", "credit", organization, "-500"])
            .ok(),
        "balance: 500 credits\n"
    );
    assert_contains(
        &shell
            .run(&["organizations", "credit", organization, "-501"])
            .failed(1),
        &["500"],
    );
    assert_contains(
        &shell
            .run(&["organizations", "credit", organization, "0"])
            .failed(1),
        &["zero"],
    );
    assert_contains(
        &shell.run(&["organizations", "list"]).ok(),
        &[organization, "enabled", "500 credits", "Shop 網路"],
    );

    let created = shell
        .run(&["keys", "create", organization, "--label", "till"])
        .ok();
    let key = created.lines().next().unwrap();
    assert!(key.starts_with("tsk_"), "{created}");
    let stranger = "00000000-0000-7000-8000-000000000000";
    assert_contains(
        &shell.run(&["keys", "create", stranger]).failed(1),
        &["no organization with the id", stranger],
    );
    assert_contains(&shell.run(&["keys", "create", "x"]).failed(2), &["UUID"]);
    assert_contains(
        &shell
            .run(&["keys", "create", organization, "--expires", "tomorrow"])
            .failed(2),
        &["tomorrow"],
    );
    let expired = shell
        .run(&[
            "keys",
            "create",
            organization,
            "--expires",
            "2026-01-01T00:00:00+08:00",
        ])
        .ok();
    let expired = expired.lines().next().unwrap();
    let keys = shell.run(&["keys", "list", "--json"]).json();
    let id = keys[0]["private_key_id"].as_str().unwrap();
    assert_contains(&created, &[id, "not shown again"]);
    assert_eq!(
        (&keys[0]["label"], &keys[0]["organization_id"]),
        (&json!("till"), &json!(organization))
    );
    let text = shell.run(&["keys", "list"]).ok();
    assert_contains(
        &text,
        &[
            id,
            organization,
            "valid",
            "till",
            &format!("…{}", &key[key.len() - 4..]),
        ],
    );
    assert!(!text.contains(key) && !keys.to_string().contains(key));
    assert_contains(
        &shell.run(&["products", "import"]).failed(1),
        &["supplier.url", "supplier.key"],
    );

    // What the commands change, a server that runs notices.
    let server = shell.serve(&["serve", "--sandbox"]);
    let (status, order) = server.order(key, 100);
    assert_eq!((status, &order["total"]), (200, &json!(120)), "{order}");
    assert_eq!(server.get("/platform/organization", expired).0, 401);
    assert_eq!(
        shell
            .run(&["organizations", "credit", organization, "100"])
            .ok(),
        "balance: 480 credits\n"
    );
    assert_eq!(
        server.get("/platform/organization/credit/balance", key).1,
        r#"{"balance":480}"#
    );
    assert_eq!(
        shell.run(&["organizations", "disable", organization]).ok(),
        "disabled\n"
    );
    assert_contains(&shell.run(&["organizations", "list"]).ok(), &["disabled"]);
    let code = || {
        let (status, text) = server.get("/platform/organization", key);
        let answer: Value = serde_json::from_str(&text).unwrap();
        (status, answer["result_code"].clone())
    };
    soon(&(400, json!("organization_disable")), code);
    assert_eq!(
        shell.run(&["organizations", "enable", organization]).ok(),
        "enabled\n"
    );
    soon(&(200, Value::Null), code);
    assert_contains(
        &shell.run(&["organizations", "disable", stranger]).failed(1),
        &[stranger],
    );

    let product = tallystick::seed::DEFAULT.to_string();
    let products = shell.run(&["products", "list", "--json"]).json();
    assert_eq!(products.as_array().unwrap().len(), 8);
    assert_eq!(
        (
            &products[0]["product_id"],
            &products[0]["on_sale"],
            &products[0]["price"]
        ),
        (&json!(product), &json!(true), &json!(1.2))
    );
    assert_eq!(
        shell
            .run(&["products", "set", &product, "--price", "2"])
            .ok(),
        "changed\n"
    );
    // More than there is, so that nothing is bought by asking.
    let too_much = json!("Not enough credit: 20000 needed, 480 available.");
    soon(&too_much, || server.order(key, 10_000).1["message"].clone());
    assert_eq!(server.order(key, 100).1["total"], 200);
    assert_eq!(
        shell
            .run(&["products", "set", &product, "--on-sale", "false"])
            .ok(),
        "changed\n"
    );
    soon(&json!("create_order_failed"), || {
        server.order(key, 10_000).1["result_code"].clone()
    });
    assert_contains(
        &shell.run(&["products", "list"]).ok(),
        &[&format!("{product}  off sale"), "2 credits a unit"],
    );
    assert_contains(
        &shell.run(&["products", "set", &product]).failed(1),
        &["--on-sale", "--price"],
    );
    assert_contains(
        &shell
            .run(&["products", "set", &product, "--price=-1"])
            .failed(2),
        &["`-1` is not a price"],
    );
    assert_contains(
        &shell
            .run(&["products", "set", stranger, "--on-sale", "true"])
            .failed(1),
        &[stranger],
    );

    assert_eq!(shell.run(&["keys", "revoke", id]).ok(), "revoked\n");
    soon(&(401, json!("token_validation_failed")), code);
    assert_contains(
        &shell.run(&["keys", "revoke", id]).failed(1),
        &["no valid key", id],
    );
    assert_contains(&shell.run(&["keys", "list"]).ok(), &["revoked"]);

    backs_up(&shell, organization);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said:?}");
    assert!(
        said.iter().any(|line| line.contains("\"stopped\"")),
        "{said:?}"
    );
    let healthy = shell.run(&["doctor"]).ok();
    assert_contains(
        &healthy,
        &[
            "ok    configuration",
            "ok    database       sqlite:shop.db (SQLite)",
            "ok    ledger",
            "ok    jobs",
            "ok    orders",
            "note  supplier",
            "->",
        ],
    );
    assert!(!healthy.contains("WRONG"), "{healthy}");
}

/// While the server runs: a file that opens and has the rows.
fn backs_up(shell: &Shell, organization: &str) {
    assert_eq!(
        shell.run(&["backup", "copy.db"]).ok(),
        "sqlite:shop.db copied to copy.db\n"
    );
    let size = |file: &str| std::fs::metadata(shell.path(file)).unwrap().len();
    let before = size("copy.db");
    assert!(before > 0);
    assert_contains(
        &shell.run(&["backup", "copy.db"]).failed(1),
        &["copy.db exists already"],
    );
    assert_contains(
        &shell.run(&["backup", "shop.db"]).failed(1),
        &["shop.db exists already"],
    );
    assert_eq!(size("copy.db"), before);
    shell.run(&["backup", "nowhere/copy.db"]).failed(1);
    let copy = |command: &[&str]| shell.run(&[command, &["--database", "sqlite:copy.db"]].concat());
    let listed = copy(&["organizations", "list", "--json"]).json();
    assert_eq!(
        (
            &listed[0]["organization"]["organization_id"],
            &listed[0]["balance"]
        ),
        (&json!(organization), &json!(280))
    );
    assert_eq!(
        copy(&["products", "list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        8
    );
    assert_contains(&copy(&["migrate"]).ok(), &["up to date"]);
    assert_contains(&copy(&["doctor"]).ok(), &["ok    ledger"]);
    let served = shell.serve(&["serve", "--sandbox", "--database", "sqlite:copy.db"]);
    assert_eq!(served.get("/readyz", "").0, 200);
    let nothing = shell
        .run(&["backup", "--database", "sqlite:none.db", "other.db"])
        .failed(1);
    assert_contains(&nothing, &["there is no database at none.db"]);
    let memory = shell
        .run(&[
            "backup",
            "--database",
            "mysql://root@localhost/x",
            "other.db",
        ])
        .failed(1);
    assert_contains(&memory, &["'mysql'"]);
    assert!(!shell.path("other.db").exists());
}

#[test]
fn doctor_says_what_is_wrong_and_what_to_do() {
    let shell = Shell::new();
    let wrong = |shell: &Shell, args: &[&str], says: &[&str]| {
        let report = shell.run(&[&["doctor"], args].concat());
        assert_eq!((report.code, report.err.as_str()), (1, ""), "{report:?}");
        assert_contains(&report.out, says);
        let found = report.out.split("  WRONG ").skip(1);
        for finding in found {
            assert!(
                finding
                    .lines()
                    .skip(1)
                    .any(|line| line.trim_start().starts_with("-> ")),
                "{finding}"
            );
        }
    };
    wrong(
        &shell,
        &["--database", "sqlite:none.db"],
        &[
            "WRONG database",
            "there is no database at none.db",
            "-> run `tallystick migrate`",
        ],
    );
    assert!(!shell.path("none.db").exists());
    wrong(
        &shell,
        &["--database", "mysql://root@localhost/x"],
        &[
            "WRONG configuration",
            "'mysql'",
            "-> see `tallystick config example`",
        ],
    );
    wrong(
        &shell,
        &["--database", "postgres://shop:s3cret@127.0.0.1:1/shop"],
        &["WRONG database", "-> check the address"],
    );
    wrong(
        &shell,
        &["--config", "none.toml"],
        &["WRONG configuration", "none.toml", "-> see"],
    );
    std::fs::write(shell.path("bad.toml"), "lisen = \"127.0.0.1:1\"\n").unwrap();
    wrong(
        &shell,
        &["--config", "bad.toml"],
        &["WRONG configuration", "bad.toml", "lisen", "-> see"],
    );
    std::fs::write(
        shell.path("text.db"),
        "this is no database, however long it goes on and on",
    )
    .unwrap();
    wrong(
        &shell,
        &["--database", "sqlite:text.db"],
        &["WRONG database", "text.db", "-> "],
    );
    std::fs::write(shell.path("empty.db"), "").unwrap();
    wrong(
        &shell,
        &["--database", "sqlite:empty.db"],
        &[
            "WRONG database",
            "migrations",
            "missing",
            "-> run `tallystick migrate`",
        ],
    );
    let half = Shell::new().with("TALLYSTICK_SUPPLIER_URL", "http://127.0.0.1:1/api/v2");
    wrong(
        &half,
        &[],
        &["WRONG configuration", "both an address and a key", "-> see"],
    );

    shell.run(&["migrate", "--database", "sqlite:shop.db"]).ok();
    let away = "[supplier]\nurl = \"http://127.0.0.1:1/api/v2\"\nkey = \"s3cret\"\n";
    std::fs::write(shell.path("away.toml"), away).unwrap();
    wrong(
        &shell,
        &["--database", "sqlite:shop.db", "--config", "away.toml"],
        &[
            "ok    ledger",
            "WRONG supplier",
            "-> check supplier.url and supplier.key",
        ],
    );
    // A balance that somebody has changed by hand.
    shell
        .run(&[
            "organizations",
            "create",
            "Shop",
            "--credit",
            "10",
            "--database",
            "sqlite:shop.db",
        ])
        .ok();
    tamper(&shell.path("shop.db"));
    wrong(
        &shell,
        &["--database", "sqlite:shop.db"],
        &[
            "WRONG ledger",
            "not the sum of their postings",
            "-> restore a backup",
        ],
    );
    for args in [
        ["--database", "postgres://shop:s3cret@127.0.0.1:1/shop"],
        ["--config", "away.toml"],
    ] {
        let report = shell.run(&[&["doctor"], &args[..]].concat());
        assert!(!report.out.contains("s3cret"), "{}", report.out);
    }
}

/// Changes a balance behind the ledger's back.
fn tamper(file: &Path) {
    let url: store::DatabaseUrl = format!("sqlite:{}", file.display()).parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = store::Db::open(&url).await.unwrap();
        let changed = db
            .write(|tx| tx.execute(MORE_CREDIT, store::params![]))
            .await
            .unwrap();
        assert_eq!(changed, 1);
        db.close().await;
    });
}

store::statements! {
    MORE_CREDIT = "UPDATE credit_accounts SET balance = balance + 1";
}

#[test]
fn a_database_that_cannot_be_used_is_refused_with_the_reason() {
    for (address, reason) in [
        (
            "mysql://root:s3cret@localhost/shop",
            "'mysql' is not a database we can use",
        ),
        ("mariadb://localhost", "'mariadb'"),
        ("mongodb://localhost", "'mongodb'"),
        ("file:shop.db", "'file'"),
        ("shop.db", "no scheme (a file is written sqlite:PATH)"),
        ("./shop.db", "no scheme"),
        ("/var/lib/shop.db", "no scheme"),
        ("", "empty"),
        ("sqlite:", "the path of the SQLite file is missing"),
        ("sqlite://", "the path of the SQLite file is missing"),
        ("sqlite:data/", "is a folder"),
        ("sqlite:shop.db?mode=ro", "options after '?'"),
        ("postgres://localhost:notaport/shop", "cannot be read"),
        (
            "postgres://shop:s3cret@localhost/shop?sslmode=nonsense",
            "cannot be read",
        ),
    ] {
        let shell = Shell::new().with("DATABASE_URL", address);
        for command in [
            &["migrate"][..],
            &["serve", "--sandbox", "--listen", "127.0.0.1:0"],
            &["keys", "list"],
            // A demo takes no database from the environment.
            &[
                "demo",
                "--json",
                "--listen",
                "127.0.0.1:0",
                "--database",
                address,
            ],
        ] {
            let refused = shell.run(command).failed(1);
            assert_contains(
                &refused,
                &[
                    reason,
                    "accepted are sqlite:PATH, sqlite::memory: and postgres://",
                ],
            );
            assert!(!refused.contains("s3cret"), "{refused}");
        }
        assert_eq!(
            std::fs::read_dir(shell.folder.path()).unwrap().count(),
            0,
            "{address}"
        );
    }
    let shell = Shell::new();
    let refused = shell
        .run(&["migrate", "--database", "sqlite:nowhere/shop.db"])
        .failed(1);
    assert_contains(&refused, &["opening sqlite:nowhere/shop.db"]);
    let refused = shell
        .run(&[
            "migrate",
            "--database",
            "postgres://shop:s3cret@127.0.0.1:1/shop",
        ])
        .failed(1);
    assert_contains(&refused, &["127.0.0.1:1/shop"]);
    assert!(!refused.contains("s3cret"), "{refused}");
    std::fs::write(
        shell.path("text.db"),
        "this is no database, however long it goes on and on",
    )
    .unwrap();
    assert_contains(
        &shell
            .run(&["migrate", "--database", "sqlite:text.db"])
            .failed(1),
        &["text.db"],
    );
}

#[test]
fn the_example_configuration_can_be_used_as_it_is() {
    let shell = Shell::new();
    let example = shell.run(&["config", "example"]).ok();
    assert_eq!(example, tallystick::config::EXAMPLE);
    // Keys stand behind `#`, prose behind `# `.
    let uncommented: String = example
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| format!("{}\n", line.strip_prefix('#').unwrap_or(line)))
        .collect();
    let parsed: toml::Table = uncommented.parse().unwrap();
    assert!(
        parsed["orders"].is_table() && parsed["supplier"]["key"].is_str(),
        "{parsed}"
    );
    let uncommented = uncommented
        .replace("127.0.0.1:8080", "127.0.0.1:1")
        .replace("sqlite:tallystick.db", "sqlite:example.db");
    std::fs::write(shell.path("tallystick.toml"), &uncommented).unwrap();
    assert_contains(
        &shell.run(&["migrate"]).ok(),
        &["sqlite:example.db: now at version 12"],
    );
    assert_contains(
        &shell.run(&["doctor"]).out,
        &[
            "ok    configuration  listens on 127.0.0.1:1\n",
            "ok    database       sqlite:example.db",
        ],
    );
    std::fs::write(shell.path("commented.toml"), &example).unwrap();
    assert_contains(
        &shell.run(&["doctor", "--config", "commented.toml"]).out,
        &["ok    configuration  listens on 127.0.0.1:8080\n"],
    );
    // Flags over variables over the file.
    let shell = shell.with("DATABASE_URL", "sqlite:variable.db");
    assert_contains(&shell.run(&["migrate"]).ok(), &["sqlite:variable.db"]);
    assert_contains(
        &shell.run(&["migrate", "--database", "sqlite:flag.db"]).ok(),
        &["sqlite:flag.db"],
    );
    for (bad, says) in [
        ("listen = \"nonsense\"", "listen"),
        ("rate_limit = 0", "rate_limit"),
        ("jobs = \"maybe\"", "jobs"),
        ("log_format = \"xml\"", "log_format"),
        ("request_timeout_seconds = -1", "request_timeout_seconds"),
        (
            "[orders]\nverdict_wait_seconds = \"5\"",
            "verdict_wait_seconds",
        ),
        ("[supplier]\nurl = \"ftp://x\"\nkey = \"k\"", "supplier.url"),
        (
            "[supplier]\nurl = \"http://x\"",
            "both an address and a key",
        ),
        ("[unknown]", "unknown"),
        ("= 1", "bad.toml"),
    ] {
        std::fs::write(shell.path("bad.toml"), bad).unwrap();
        let refused = shell
            .run(&[
                "serve",
                "--sandbox",
                "--listen",
                "127.0.0.1:0",
                "--config",
                "bad.toml",
            ])
            .failed(1);
        assert_contains(&refused, &[says]);
    }
}

/// A full disk under the log must not fail requests whose effects are done.
#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let shell = Shell::new();
    let (demo, line) = shell.demo_with_log(&["--still", "--log", "info"], full.into());
    let key = line["platform"]["private_key"].as_str().unwrap();
    for _ in 0..3 {
        assert_eq!(demo.order(key, 100).0, 200);
    }
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let shell = Shell::new().with("DATABASE_URL", "sqlite::memory:");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in [&["serve", "--sandbox"][..], &["demo", "--json"]] {
        let refused = shell
            .run(&[command, &["--listen", &address]].concat())
            .failed(1);
        assert_contains(
            &refused,
            &[
                &format!("listening on {address}"),
                "is another server running there?",
                "--listen",
            ],
        );
    }
    for (flag, value, says) in [
        ("--listen", "8080", "socket address"),
        ("--listen", "localhost", "socket address"),
        ("--rate-limit", "0", "at least 1"),
        ("--rate-limit", "many", "or off"),
        ("--jobs", "maybe", "on, off"),
        ("--verdict-wait", "soon", "soon"),
        ("--log-format", "xml", "text, json"),
    ] {
        let refused = shell.run(&["serve", "--sandbox", flag, value]).failed(2);
        assert_contains(&refused, &[flag, says]);
    }
    for (flag, value, says) in [
        ("--verdict-wait", "-1", "verdict wait"),
        ("--verdict-wait", "NaN", "verdict wait"),
        ("--log", "a=b=c", "log filter"),
    ] {
        let refused = shell
            .run(&[
                "serve",
                "--sandbox",
                "--listen",
                "127.0.0.1:0",
                &format!("{flag}={value}"),
            ])
            .failed(1);
        assert_contains(&refused, &[says, value]);
    }
}
