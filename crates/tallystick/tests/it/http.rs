//! What surrounds the operations: request ids, languages, limits, health, metrics, reference pages,
//! what is logged, and what happens while the database is away.

use crate::support::{Answer, Engine, Scratch, TestApp, both, keyed_operations, start, with_id};
use kernel::Locale;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tallystick::scenario::Scenario;
use tallystick::seed;

const ORDER: &str = "/platform/order/ch2/default";

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
}

both! {
    async fn a_key_beyond_its_limit_waits_and_no_other_does(engine: Engine) {
        let app = TestApp::with(engine, |config| config.orders.rate_limit = Some(5)).await;
        let (shop, other) = (app.shop(10_000).await, app.shop(10_000).await);
        let post = |shop: &crate::support::Shop| {
            let body = json!({"product_id": seed::DEFAULT, "link": "https://example.com/1", "quantity": 100});
            app.request(Method::POST, ORDER).header("x-api-key", &shop.key).json(&body)
        };
        // What is refused counts too; what has no valid key does not.
        for _ in 0..10 {
            assert_eq!(app.send(app.request(Method::GET, "/platform/order").header("x-api-key", "k")).await.status, 401);
        }
        assert_eq!(app.get(&shop, "/platform/order?$top=0").await.status, 400);
        for _ in 0..4 {
            assert_eq!(app.get(&shop, "/platform/order").await.status, 200);
        }
        for _ in 0..3 {
            let answer = app.send(post(&shop).header("accept-language", "zh-TW").header("idempotency-key", "a")).await;
            assert_eq!(answer.status, 429, "{}", answer.text);
            assert_eq!(answer.json(), json!({
                "message": "此金鑰的請求過於頻繁。請提供請求內容與時間點聯繫客服。",
                "result_code": "contact_customer_service",
                "validation_failed_responses": null,
                "odata": null,
            }));
            let wait: u64 = header(&answer, "retry-after").unwrap().parse().unwrap();
            assert!((1..=61).contains(&wait), "{wait}");
            assert!(header(&answer, "x-request-id").is_some());
            app.clock.advance(Duration::from_secs(1));
        }
        let unknown = app.post(&shop, "/platform/nope", json!({})).await;
        assert_eq!(unknown.status, 404, "what is nobody's operation is not limited");
        assert_eq!(app.send(post(&other)).await.status, 200);
        assert_eq!(app.send(app.request(Method::GET, "/healthz")).await.status, 200);
        assert_eq!(app.count("orders").await, 1);
        // In the next minute there is more, and the refused request is no answer of its key's.
        let refused = app.send(post(&shop)).await;
        let wait: u64 = header(&refused, "retry-after").unwrap().parse().unwrap();
        app.clock.advance(Duration::from_secs(wait));
        assert_eq!(app.send(post(&shop).header("idempotency-key", "a")).await.status, 200);
        app.stop().await;
    }

    /// Whatever an operation answers is in the description of just this operation.
    async fn what_the_pages_cause_is_described(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mut seen = BTreeSet::new();
        let mut missing = Vec::new();
        let platform = catalogue::entries().filter(|entry| entry.face == catalogue::Face::Platform);
        for entry in platform {
            let Some(text) = entry.page().scenario else { continue };
            let run = Scenario::parse(text).unwrap().run(&app.client, &app.base_url).await.unwrap();
            assert_eq!(run.failure, None, "{}", entry.code);
            for exchange in &run.exchanges {
                let line = exchange.request.lines().next().unwrap();
                let (method, path) = line.split_once(' ').unwrap();
                let body: Value = serde_json::from_str(&exchange.response).unwrap();
                let items = body["validation_failed_responses"].as_array().into_iter().flatten();
                let codes = items.map(|item| &item["result_code"]).chain([&body["result_code"]]);
                for code in codes.filter_map(Value::as_str) {
                    seen.insert(code.to_owned());
                    if !orders::face::lists(method, path, code) {
                        missing.push(format!("{}: {line}: {code}", entry.code));
                    }
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
        assert!(seen.len() >= 20, "{seen:?}");
        assert!(!orders::face::lists("GET", "/platform/organization", "credit_not_enough"));
        app.stop().await;
    }

    async fn health_tells_the_process_from_its_database(engine: Engine) {
        let app = TestApp::start(engine).await;
        for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
            let answer = app.send(app.request(Method::GET, path)).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, text), "{path}");
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_a_name() {
    let app = TestApp::start(Engine::Sqlite).await;
    let shop = app.shop(1000).await;
    let order =
        json!({"product_id": seed::DEFAULT, "link": "https://example.com/1", "quantity": 100});
    let requests = || {
        let with =
            |method: Method, path: &str| app.request(method, path).header("x-api-key", &shop.key);
        [
            (200, with(Method::GET, "/platform/organization")),
            (200, with(Method::POST, ORDER).json(&order)),
            (400, with(Method::POST, ORDER).json(&json!({}))),
            (400, with(Method::GET, "/platform/order?$top=0")),
            (401, app.request(Method::GET, "/platform/organization")),
            (404, with(Method::GET, "/platform/nope")),
            (404, with(Method::GET, "/platform")),
            (404, with(Method::GET, "/platform/")),
            (405, with(Method::DELETE, "/platform/order")),
            (
                413,
                with(Method::POST, ORDER)
                    .header("content-type", "application/json")
                    .body(vec![b' '; 300_000]),
            ),
        ]
    };
    let mut made = BTreeSet::new();
    for own in [None, Some("a"), Some("0-Z_9.z"), Some(&*"i".repeat(64))] {
        for (status, request) in requests() {
            let request = match own {
                Some(own) => request.header("x-request-id", own),
                None => request,
            };
            let answer = app.send(request).await;
            assert_eq!(answer.status, status, "{}", answer.text);
            let id = header(&answer, "x-request-id").unwrap();
            match own {
                Some(own) => assert_eq!(id, own),
                None => {
                    assert!(id.parse::<kernel::Id<()>>().is_ok(), "{id}");
                    assert!(made.insert(id.to_owned()), "{id} twice");
                }
            }
        }
    }
    for unusable in [
        "",
        "a b",
        "a/b",
        "<x>",
        "\u{e9}",
        &"i".repeat(65),
        "a\"b",
        "a\\b",
        "a,b",
    ] {
        let request = app
            .request(Method::GET, "/platform/organization")
            .header("x-request-id", unusable);
        let answer = app.send(request).await;
        assert!(
            header(&answer, "x-request-id")
                .unwrap()
                .parse::<kernel::Id<()>>()
                .is_ok(),
            "{unusable}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_in_the_language_asked_for() {
    let app = TestApp::start(Engine::Sqlite).await;
    let shop = app.shop(50).await;
    let too_much =
        json!({"product_id": seed::DEFAULT, "link": "https://example.com/1", "quantity": 1000});
    let nothing = json!({"product_id": "x"});
    for (asked, tag, credit, validation, quantity) in [
        (
            None,
            "en",
            "Not enough credit: 1200 needed, 50 available.",
            "Validation failed.",
            "quantity is required.",
        ),
        (
            Some("fr, de;q=0.5"),
            "en",
            "Not enough credit: 1200 needed, 50 available.",
            "",
            "",
        ),
        (
            Some("zh-TW"),
            "zh-TW",
            "信用點數不足：需要 1200，目前可用 50。",
            "",
            "",
        ),
        (
            Some("zh-Hant-HK,en;q=0.9"),
            "zh-TW",
            "信用點數不足：需要 1200，目前可用 50。",
            "",
            "",
        ),
        (
            Some("zh-CN"),
            "zh-CN",
            "信用点数不足：需要 1200，当前可用 50。",
            "",
            "",
        ),
        (
            Some("zh"),
            "zh-CN",
            "信用点数不足：需要 1200，当前可用 50。",
            "",
            "",
        ),
        (
            Some("en;q=0.1, zh-TW;q=0.9"),
            "zh-TW",
            "信用點數不足：需要 1200，目前可用 50。",
            "",
            "",
        ),
        (
            Some("zh-TW;q=0"),
            "en",
            "Not enough credit: 1200 needed, 50 available.",
            "",
            "",
        ),
    ] {
        let send = async |body: &Value| {
            let request = app
                .request(Method::POST, ORDER)
                .header("x-api-key", &shop.key)
                .json(body);
            app.send(match asked {
                Some(asked) => request.header("accept-language", asked),
                None => request,
            })
            .await
        };
        let answer = send(&too_much).await;
        assert_eq!(
            (answer.code(), answer.json()["message"].as_str().unwrap()),
            ("credit_not_enough".into(), credit),
            "{asked:?}"
        );
        assert_eq!(header(&answer, "content-language"), Some(tag), "{asked:?}");
        let answer = send(&nothing).await.json();
        let items = answer["validation_failed_responses"].as_array().unwrap();
        let locale = Locale::from_tag(tag).unwrap();
        let entry = catalogue::find("data_validation_failed").unwrap();
        assert_eq!(answer["message"], entry.message(locale), "{asked:?}");
        let of = |code: &str, property: &str| {
            catalogue::find(code)
                .unwrap()
                .message(locale)
                .replace("{property}", property)
        };
        let required = items
            .iter()
            .find(|item| item["property_name"] == "quantity")
            .unwrap();
        assert_eq!(
            required["message"],
            of("field_is_required", "quantity"),
            "{asked:?}"
        );
        if !validation.is_empty() {
            assert_eq!(
                (answer["message"].as_str(), required["message"].as_str()),
                (Some(validation), Some(quantity))
            );
        }
    }
    // On success too, and on what is nobody's operation.
    for path in ["/platform/organization", "/platform/nope"] {
        let request = app
            .request(Method::GET, path)
            .header("x-api-key", &shop.key)
            .header("accept-language", "zh-CN");
        assert_eq!(
            header(&app.send(request).await, "content-language"),
            Some("zh-CN"),
            "{path}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_with_what_became_of_them() {
    let app = TestApp::start(Engine::Sqlite).await;
    let shop = app.shop(50).await;
    let id = "00000000-0000-7000-8000-000000000000";
    app.order(&shop, "https://example.com/1").await;
    app.get(&shop, "/platform/organization").await;
    app.get(&shop, "/platform/order?$top=0").await;
    app.post(&shop, &format!("/platform/order/{id}/sync"), json!({}))
        .await;
    app.get(&shop, "/platform/nope/secret-path").await;
    let page = app.send(app.request(Method::GET, "/metrics")).await;
    assert_eq!(
        (page.status, header(&page, "content-type")),
        (200, Some("text/plain; version=0.0.4"))
    );
    let counted = |labels: &[(&str, &str)]| {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!(r#"{name}="{value}""#))
            .collect();
        let mut lines = page
            .text
            .lines()
            .filter(|line| line.starts_with("http_requests_total{"));
        lines.any(|line| labels.iter().all(|label| line.contains(label)))
    };
    for labels in [
        [
            ("face", "platform"),
            ("operation", ORDER),
            ("status", "400"),
            ("code", "credit_not_enough"),
        ],
        [
            ("face", "platform"),
            ("operation", "/platform/organization"),
            ("status", "200"),
            ("code", ""),
        ],
        [
            ("face", "platform"),
            ("operation", "/platform/order"),
            ("status", "400"),
            ("code", "o_data_failed"),
        ],
        // The operation, not the path: paths are without number.
        [
            ("face", "platform"),
            ("operation", "/platform/order/{order_id}/sync"),
            ("status", "400"),
            ("code", "data_not_exist"),
        ],
        [
            ("face", "platform"),
            ("operation", "unknown"),
            ("status", "404"),
            ("code", "data_not_exist"),
        ],
    ] {
        assert!(counted(&labels), "{labels:?}\n{}", page.text);
    }
    assert!(
        page.text
            .contains("http_request_duration_seconds_bucket{face=\"platform\""),
        "{}",
        page.text
    );
    for secret in [&*shop.key, "secret-path", id] {
        assert!(!page.text.contains(secret), "{secret}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_has_its_page_in_three_languages() {
    let app = TestApp::start(Engine::Sqlite).await;
    let get = async |path: &str| app.send(app.request(Method::GET, path)).await;
    let list = get("/errors.json").await;
    assert_eq!(
        (list.status, header(&list, "content-type")),
        (200, Some("application/json"))
    );
    let list = list.json();
    let entries = list.as_array().unwrap();
    assert_eq!(entries.len(), 98);
    let codes: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes.len(), 98);
    assert_eq!(
        entries
            .iter()
            .filter(|entry| entry["reachable"] == true)
            .count(),
        98
    );
    for entry in entries {
        let address = entry["doc_url"].as_str().unwrap();
        for (lang, tag) in [("en", "en"), ("zh-TW", "zh-TW"), ("zh-CN", "zh-CN")] {
            let page = get(&format!("{address}?lang={lang}")).await;
            assert_eq!(
                (page.status, header(&page, "content-language")),
                (200, Some(tag)),
                "{address} {lang}"
            );
            assert_eq!(
                header(&page, "content-type"),
                Some("text/html; charset=utf-8")
            );
            assert!(
                page.text.contains(entry["code"].as_str().unwrap()),
                "{address} {lang}"
            );
            assert!(
                page.text.contains(&format!("lang=\"{tag}\"")),
                "{address} {lang}"
            );
        }
        let plain = get(address).await;
        assert_eq!(
            (plain.status, header(&plain, "content-language")),
            (200, Some("en")),
            "{address}"
        );
        let asked = app
            .request(Method::GET, address)
            .header("accept-language", "zh-TW");
        assert_eq!(
            header(&app.send(asked).await, "content-language"),
            Some("zh-TW"),
            "{address}"
        );
    }
    for lang in ["en", "zh-TW", "zh-CN"] {
        for path in ["", "/platform", "/recur", "/card_form"] {
            let index = get(&format!("/docs/errors{path}?lang={lang}")).await;
            assert_eq!(index.status, 200);
            for entry in entries {
                let face = entry["face"].as_str().unwrap();
                let listed = path.is_empty() || path.ends_with(face);
                let code = entry["code"].as_str().unwrap();
                assert!(!listed || index.text.contains(code), "{path} {lang} {code}");
            }
        }
    }
    for path in [
        "/docs/errors/platform/nope",
        "/docs/errors/nope",
        "/docs/errors/nope/credit_not_enough",
        "/docs/errors/%ff",
        "/docs/errors/platform/%00",
    ] {
        assert_eq!(get(path).await.status, 404, "{path}");
    }
    let root = get("/").await;
    assert_eq!(
        (root.status, header(&root, "location")),
        (307, Some("/docs/errors"))
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_served_and_its_paths_are_real() {
    let app = TestApp::start(Engine::Sqlite).await;
    let shop = app.shop(1000).await;
    let document = app
        .send(app.request(Method::GET, "/openapi/platform.json"))
        .await;
    assert_eq!(
        (document.status, header(&document, "content-type")),
        (200, Some("application/json"))
    );
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let real = with_id(path, "00000000-0000-7000-8000-000000000000");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = app
                .send(
                    app.request(method.clone(), &real)
                        .header("x-api-key", &shop.key),
                )
                .await;
            let status = answer.status.to_string();
            let described = operation["responses"].as_object().unwrap();
            assert!(described.contains_key(&status), "{method} {path}: {status}");
            if operation["security"] == serde_json::json!([]) {
                continue;
            }
            let stranger = app.send(app.request(method.clone(), &real)).await;
            assert_eq!(
                stranger.code(),
                "token_validation_failed",
                "{method} {path}"
            );
            assert!(orders::face::lists(
                method.as_str(),
                &real,
                "token_validation_failed"
            ));
        }
    }
    assert_eq!(operations, orders::face::operations().len());
    app.stop().await;
}

/// A client may send its next request before it has the answer to the last; a beginning of one is no
/// reason to keep the answer back.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_does_not_wait_for_the_next_request() {
    let app = TestApp::start(Engine::Sqlite).await;
    let address = app.base_url.trim_start_matches("http://").to_owned();
    let talk = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut heard = String::new();
        for (sent, begins) in [
            ("GET /healthz HTTP/1.1\r\nhost: h\r\n\r\nGET /heal", 1),
            ("thz HTTP/1.1\r\nhost: h\r\n\r\n", 2),
        ] {
            stream.write_all(sent.as_bytes()).unwrap();
            let mut buffer = [0; 1024];
            while heard.matches("\r\n\r\nok\n").count() < begins {
                let count = stream.read(&mut buffer).unwrap();
                assert_ne!(count, 0, "{heard}");
                heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        }
    };
    tokio::task::spawn_blocking(talk).await.unwrap();
    app.stop().await;
}

/// Polls until `holds` returns something, for at most half a minute.
async fn eventually<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        if let Some(found) = holds().await {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "{what}: not within half a minute"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_the_server_says_so_and_recovers() {
    let cluster = tokio::task::spawn_blocking(testkit::postgres::Cluster::private)
        .await
        .unwrap();
    let scratch = Scratch::Postgres(cluster.create_database());
    let db = scratch.open().await;
    db.migrate(start()).await.unwrap();
    db.close().await;
    let app = TestApp::over(scratch, |_| {}).await;
    let shop = app.shop(1000).await;
    let placed = app.order(&shop, "https://example.com/1").await.json()["order_id"].clone();
    let id = placed.as_str().unwrap();

    tokio::task::block_in_place(|| cluster.stop());
    let body = json!({"product_id": seed::DEFAULT, "link": "https://example.com/p/secret", "quantity": 100});
    // Twice: with connections that have just broken, and without any. All operations at once: each is
    // tried for a while before it is given up.
    for _ in 0..2 {
        let mut at_once = tokio::task::JoinSet::new();
        for operation in keyed_operations() {
            let path = with_id(operation.path, id);
            let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
            let request = app
                .request(method.clone(), &path)
                .header("x-api-key", &shop.key);
            let request = match path.contains("/order/ch2/") {
                _ if method == Method::GET => request,
                true => request.json(&body),
                false => request.json(&json!({"order_ids": [id]})),
            };
            let locale = if path.len().is_multiple_of(2) {
                Locale::En
            } else {
                Locale::ZhTw
            };
            let request = request.header("accept-language", locale.tag());
            at_once.spawn(async move {
                (
                    format!("{method} {path}"),
                    locale,
                    request.send().await.unwrap(),
                )
            });
        }
        for (what, locale, response) in at_once.join_all().await {
            let status = response.status().as_u16();
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            let (incident, language) = (header("x-request-id"), header("content-language"));
            let entry = catalogue::find("un_handle_exception").unwrap();
            let said = json!({
                "message": entry.message(locale).replace("{incident}", &incident),
                "result_code": "un_handle_exception",
                "validation_failed_responses": null,
                "odata": null,
            });
            let text = response.text().await.unwrap();
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (status, body, language.as_str()),
                (500, said, locale.tag()),
                "{what}"
            );
            let text = text.to_lowercase();
            for internal in [
                "connection",
                "postgres",
                "database",
                "sql",
                "select",
                "insert",
                "127.0.0.1",
                "refused",
                "secret",
                "tsk_",
            ] {
                assert!(!text.contains(internal), "{what}: {text}");
            }
        }
        let ready = app.send(app.request(Method::GET, "/readyz")).await;
        assert_eq!(
            (ready.status, ready.text.as_str()),
            (503, "the database does not answer\n")
        );
        assert_eq!(
            app.send(app.request(Method::GET, "/healthz")).await.status,
            200
        );
        assert_eq!(
            app.send(app.request(Method::GET, "/errors.json"))
                .await
                .status,
            200
        );
        let unknown = app.get(&shop, "/platform/nope").await;
        assert_eq!(
            (unknown.status, unknown.code()),
            (404, "data_not_exist".into())
        );
    }

    tokio::task::block_in_place(|| cluster.start());
    eventually("ready again", async || {
        (app.send(app.request(Method::GET, "/readyz")).await.status == 200).then_some(())
    })
    .await;
    // Nothing of what was refused has happened.
    assert_eq!(app.balance(&shop).await, 880);
    let list = app.get(&shop, "/platform/order").await.json();
    assert_eq!(
        (&list["@odata.count"], &list["value"][0]["order_id"]),
        (&json!(1), &placed)
    );
    let again = app.order(&shop, "https://example.com/2").await;
    assert_eq!((again.status, app.balance(&shop).await), (200, 760));
    app.assert_balanced().await;
    app.stop().await;
}

/// A process that is killed with the test.
struct Demo(std::process::Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_requests_and_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    for (name, _) in std::env::vars()
        .filter(|(name, _)| name.starts_with("TALLYSTICK_") || name == "DATABASE_URL")
    {
        command.env_remove(name);
    }
    // The most that can be logged, so that nothing can be switched on that tells more.
    let child = command
        .args([
            "demo",
            "--json",
            "--still",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "trace",
            "--log-format",
            "json",
        ])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut demo = Demo(child);
    let mut line = String::new();
    BufReader::new(demo.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let (base_url, key) = (
        line["base_url"].as_str().unwrap(),
        line["platform"]["private_key"].as_str().unwrap(),
    );
    let product = line["platform"]["products"]["default"].as_str().unwrap();
    let client = httpkit::outgoing::client(Duration::from_secs(30)).unwrap();
    let send =
        async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
    let url = format!("{base_url}{ORDER}");
    let order = json!({"product_id": product, "link": "https://example.com/secret-link", "quantity": 100, "secret-field": "secret-value"});
    let post = |id: &str| {
        client
            .post(&url)
            .header("x-api-key", key)
            .header("x-request-id", id)
            .json(&order)
    };
    assert_eq!(
        send(post("taken").header("idempotency-key", "secret-idempotency")).await,
        200
    );
    let near = format!("{key}x");
    for (name, wrong) in [("wrong-1", near.as_str()), ("wrong-2", "secret-guess")] {
        let request = client
            .post(&url)
            .header("x-api-key", wrong)
            .header("x-request-id", name)
            .json(&order);
        assert_eq!(send(request).await, 401);
    }
    let by_query = client.get(format!(
        "{base_url}/platform/order?x-api-key={key}&$filter=order_number+eq+'secret-filter'"
    ));
    assert_eq!(
        send(
            by_query
                .header("x-api-key", key)
                .header("x-request-id", "query")
        )
        .await,
        200
    );
    let bearer = client
        .get(format!("{base_url}/platform/order"))
        .header("authorization", format!("Bearer {key}"));
    assert_eq!(send(bearer.header("x-request-id", "bearer")).await, 401);
    assert_eq!(
        send(
            client
                .get(format!("{base_url}/platform/nope"))
                .header("x-request-id", "nope")
        )
        .await,
        404
    );
    let given = client.post(format!("{base_url}/sandbox/given"));
    let given = given
        .json(&json!({"given": ["an organization whose credit account is missing"]}))
        .send()
        .await
        .unwrap();
    let given: Value = serde_json::from_str(&given.text().await.unwrap()).unwrap();
    let broken_key = given["private_key"].as_str().unwrap();
    let broken = client
        .get(format!("{base_url}/platform/organization/credit/balance"))
        .header("x-api-key", broken_key);
    assert_eq!(send(broken.header("x-request-id", "broken")).await, 500);

    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&log).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    };
    let request = |id: &str| {
        lines()
            .into_iter()
            .find(|line| line["message"] == "request" && line["request_id"] == id)
    };
    for (id, method, path, status, code) in [
        ("taken", "POST", ORDER, 200, ""),
        ("wrong-1", "POST", ORDER, 401, "token_validation_failed"),
        ("wrong-2", "POST", ORDER, 401, "token_validation_failed"),
        ("query", "GET", "/platform/order", 200, ""),
        (
            "bearer",
            "GET",
            "/platform/order",
            401,
            "token_validation_failed",
        ),
        ("nope", "GET", "/platform/nope", 404, "data_not_exist"),
        (
            "broken",
            "GET",
            "/platform/organization/credit/balance",
            500,
            "un_handle_exception",
        ),
    ] {
        let line = eventually(id, async || request(id)).await;
        assert_eq!(
            (&line["level"], &line["face"]),
            (&json!("INFO"), &json!("platform")),
            "{line}"
        );
        assert_eq!(
            (&line["method"], &line["path"]),
            (&json!(method), &json!(path)),
            "{line}"
        );
        assert_eq!(
            (&line["status"], &line["code"]),
            (&json!(status), &json!(code)),
            "{line}"
        );
        assert!(
            line["micros"].as_u64().is_some_and(|micros| micros > 0),
            "{line}"
        );
    }
    // A fault of ours is logged with its cause, under the incident that the client was told.
    let fault = lines()
        .into_iter()
        .find(|line| line["incident"] == "broken")
        .unwrap();
    assert_eq!(
        (&fault["level"], &fault["cause"]),
        (&json!("ERROR"), &json!("the credit account is missing")),
        "{fault}"
    );

    let text = std::fs::read_to_string(&log).unwrap();
    for secret in [
        key,
        broken_key,
        "secret-idempotency",
        "secret-guess",
        "secret-filter",
        "secret-field",
        "secret-value",
        "secret-link",
    ] {
        let told = text.lines().find(|line| line.contains(secret));
        assert_eq!(told, None, "{secret}");
    }
}
