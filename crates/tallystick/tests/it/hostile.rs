//! What no client should send: it is refused in the platform's words, nothing is written, and the
//! server goes on taking orders.

use crate::support::{Answer, Engine, Shop, TestApp, both, keyed_operations, with_id};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};
use tallystick::seed;

const UNKNOWN_ID: &str = "00000000-0000-7000-8000-000000000000";
const DEEP: usize = 10_000;
const ORDER: &str = "/platform/order/ch2/default";

/// A field's code, and which field it is; `None`: the body as a whole.
type Fault<'a> = (&'a str, Option<&'a str>);

/// Paths of the operations with this method that take JSON, if anything; what the path names does not exist.
fn paths(method: &str) -> Vec<String> {
    let document = orders::face::document();
    let takes_other = |path: &str| {
        let body = &document["paths"][path][method.to_lowercase()]["requestBody"];
        body.is_object() && body["content"]["application/json"].is_null()
    };
    let paths: Vec<String> = keyed_operations()
        .filter(|operation| operation.method == method && !takes_other(operation.path))
        .map(|operation| with_id(operation.path, UNKNOWN_ID))
        .collect();
    assert!(paths.len() >= 5, "{paths:?}");
    paths
}

/// How many rows each table has that a request can write to.
async fn written(app: &TestApp) -> Vec<(&'static str, i64)> {
    let mut counts = Vec::new();
    for table in [
        "orders",
        "order_details",
        "postings",
        "jobs",
        "refills",
        "credit_charges",
        "charge_trades",
        "charge_notices",
        "files",
        "idempotency_keys",
        "simulator_orders",
    ] {
        counts.push((table, app.count(table).await));
    }
    counts
}

/// The answer is a refusal in the platform's words.
fn refusal(what: &str, answer: &Answer) -> Value {
    let shown: String = answer.text.chars().take(500).collect();
    let what: String = what.chars().take(200).collect();
    let problem = format!("{what}: {} {shown}", answer.status);
    assert!((400..500).contains(&answer.status), "{problem}");
    let header = |name: &str| answer.headers.get(name).map(|v| v.to_str().unwrap());
    assert_eq!(
        header("content-type"),
        Some("application/json"),
        "{problem}"
    );
    assert_eq!(header("content-language"), Some("en"), "{problem}");
    assert!(
        header("x-request-id").is_some_and(|id| id.len() == 36),
        "{problem}"
    );
    let body: Value =
        serde_json::from_str(&answer.text).unwrap_or_else(|e| panic!("{e}: {problem}"));
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "message",
            "odata",
            "result_code",
            "validation_failed_responses"
        ],
        "{problem}"
    );
    assert!(
        body["message"].as_str().is_some_and(|m| !m.is_empty()),
        "{problem}"
    );
    assert!(is_documented(&body["result_code"]), "{problem}");
    assert!(
        body["odata"].is_null() || body["odata"].is_string(),
        "{problem}"
    );
    for item in body["validation_failed_responses"]
        .as_array()
        .into_iter()
        .flatten()
    {
        assert!(is_documented(&item["result_code"]), "{problem}");
        assert!(
            item["message"].as_str().is_some_and(|m| !m.is_empty()),
            "{problem}"
        );
        let property = &item["property_name"];
        assert!(property.is_null() || property.is_string(), "{problem}");
    }
    for internal in ["panic", "sql", "SELECT", "serde", "line 1 column"] {
        assert!(!answer.text.contains(internal), "{problem}");
    }
    body
}

fn is_documented(code: &Value) -> bool {
    code.as_str()
        .is_some_and(|code| catalogue::find(code).is_ok_and(|entry| entry.code == code))
}

/// The answer refuses exactly this: status, code, and the fields at fault with their codes.
fn refuses(what: &str, answer: &Answer, status: u16, code: &str, fields: &[Fault<'_>]) {
    let body = refusal(what, answer);
    let found = body["validation_failed_responses"].as_array();
    let found: Vec<Fault<'_>> = found
        .into_iter()
        .flatten()
        .map(|item| {
            (
                item["result_code"].as_str().unwrap(),
                item["property_name"].as_str(),
            )
        })
        .collect();
    let what: String = what.chars().take(200).collect();
    assert_eq!(
        (
            answer.status,
            body["result_code"].as_str().unwrap(),
            found.as_slice()
        ),
        (status, code, fields),
        "{what}: {}",
        answer.text
    );
}

const NO_JSON_OBJECT: &[Fault<'_>] = &[("invalid_format", None)];

async fn send(app: &TestApp, shop: &Shop, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = app
        .request(Method::POST, path)
        .header("x-api-key", &shop.key)
        .header("content-type", "application/json");
    app.send(request.body(body)).await
}

/// Whatever came before: every kind of order is still taken, with fields that nobody knows.
async fn still_takes_orders(app: &TestApp, shop: &Shop) {
    for (path, body) in valid_orders() {
        let deep = nested("[", "]");
        let body = format!(
            r#"{{"surprise":{deep},"constructor":{{"a":null}},{}}}"#,
            fields_of(&body)
        );
        let answer = send(app, shop, path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    app.assert_balanced().await;
}

/// A body per order endpoint, with every field that it reads; the values are JSON.
fn valid_orders() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let text = |text: &str| json!(text).to_string();
    let id = |id: orders::model::ProductId| json!(id).to_string();
    let link = text("https://example.com/p/1");
    vec![
        (
            ORDER,
            vec![
                ("product_id", id(seed::DEFAULT)),
                ("link", link.clone()),
                ("quantity", "100".into()),
                ("runs", "2".into()),
                ("interval_minutes", "30".into()),
            ],
        ),
        (
            ORDER,
            vec![
                ("product_id", id(seed::STORY)),
                ("username", text("u")),
                ("quantity", "100".into()),
            ],
        ),
        (
            "/platform/order/ch2/comment-likes",
            vec![
                ("product_id", id(seed::COMMENT_LIKES)),
                ("link", link.clone()),
                ("username", text("u")),
                ("quantity", "7".into()),
            ],
        ),
        (
            "/platform/order/ch2/custom-comments",
            vec![
                ("product_id", id(seed::CUSTOM_COMMENTS)),
                ("link", link),
                ("comments", text("a\nb")),
            ],
        ),
        (
            "/platform/order/ch2/subscriptions",
            vec![
                ("product_id", id(seed::SUBSCRIPTIONS)),
                ("username", text("u")),
                ("min_quantity", "50".into()),
                ("max_quantity", "100".into()),
                ("new_post_count", "3".into()),
                ("old_post_count", "1".into()),
                ("delay_minutes", text("min30")),
                ("expiry_date", text("2026-07-01T00:00:00+08:00")),
            ],
        ),
    ]
}

fn fields_of(body: &[(&str, String)]) -> String {
    let fields: Vec<String> = body
        .iter()
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    fields.join(",")
}

/// A body with one field's value replaced.
fn with_field(body: &[(&'static str, String)], field: &str, value: &str) -> String {
    let replaced: Vec<(&str, String)> = body
        .iter()
        .map(|(name, old)| {
            (
                *name,
                if *name == field {
                    value.to_owned()
                } else {
                    old.clone()
                },
            )
        })
        .collect();
    format!("{{{}}}", fields_of(&replaced))
}

fn nested(open: &str, close: &str) -> String {
    format!("{}{}", open.repeat(DEEP), close.repeat(DEEP))
}

fn nested_object() -> String {
    format!("{}1{}", r#"{"a":"#.repeat(DEEP), "}".repeat(DEEP))
}

/// Bodies that are no JSON object in UTF-8, whatever the endpoint.
fn no_objects() -> Vec<Vec<u8>> {
    let texts = [
        "{",
        "}",
        "{\"organization_id\"",
        "{\"organization_id\":",
        "{\"organization_id\":}",
        "{\"organization_id\":null",
        "{\"organization_id\":null,}",
        "{'organization_id':null}",
        "{organization_id:null}",
        "{null:null}",
        "{\"a\":nul}",
        "{\"a\":undefined}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":0x10}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"b}",
        "{\"a\":\"line\nbreak\"}",
        "{\"a\":\"nul\0byte\"}",
        "{\"a\":1}}",
        "{\"a\":1} x",
        "{}{}",
        "{} // comment",
        "{/* comment */}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1,2}",
        "{\"a\":[1 2]}",
        "{\"a\":[1,]}",
        "\u{feff}{}",
        "\u{a0}{}",
        // Every other type on top.
        "[]",
        "[{}]",
        "\"text\"",
        "\"{}\"",
        "1",
        "1.5",
        "-0",
        "1e999",
        "true",
        "false",
        "null",
        " ",
        "\n\t ",
        // Other formats.
        "product_id=1&quantity=1",
        "<xml/>",
        "---\nproduct_id: 1\n",
        // One field twice.
        "{\"organization_id\":null,\"organization_id\":null}",
    ];
    let mut bodies: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.extend([
        b"{\"a\":\"\xff\"}".to_vec(),
        b"{\"a\":\"\xc0\xaf\"}".to_vec(),
        b"{\"a\":\"\xed\xa0\x80\"}".to_vec(),
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec(),
        vec![0; 100],
        vec![0xff; 100],
        nested("[", "]").into_bytes(),
        "[".repeat(DEEP).into_bytes(),
        "{\"a\":".repeat(DEEP).into_bytes(),
        format!("{{\"a\":{}}}", "[".repeat(DEEP)).into_bytes(),
        format!("{{\"a\":{}", nested("[", "]")).into_bytes(),
        format!("{}{}", "{\"a\":".repeat(DEEP), "]".repeat(DEEP)).into_bytes(),
        format!("{}1{}", "{\"a\":[".repeat(DEEP), "}]".repeat(DEEP)).into_bytes(),
    ]);
    bodies
}

both! {
    async fn a_body_that_is_no_json_object_is_refused_everywhere(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let before = written(&app).await;
        for path in paths("POST") {
            for body in no_objects() {
                let what = format!("{path} {}", String::from_utf8_lossy(&body));
                let answer = send(&app, &shop, &path, body).await;
                refuses(&what, &answer, 400, "data_validation_failed", NO_JSON_OBJECT);
            }
            // Where an order or a list is named in the body, an empty one lacks it.
            for body in ["", "{}", " {\r\n} "] {
                let body_of_none = send(&app, &shop, &path, body).await;
                refusal(&format!("{path} {body}"), &body_of_none);
            }
        }
        // A body cut short anywhere.
        for (path, body) in valid_orders() {
            let body = format!("{{{}}}", fields_of(&body));
            for length in 1..body.len() {
                let answer = send(&app, &shop, path, body[..length].to_owned()).await;
                refuses(&body[..length], &answer, 400, "data_validation_failed", NO_JSON_OBJECT);
            }
        }
        assert_eq!(written(&app).await, before);
        still_takes_orders(&app, &shop).await;
        app.stop().await;
    }

    async fn a_hostile_value_is_refused_at_its_field(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let before = written(&app).await;
        let huge = "9".repeat(300);
        let (arrays, objects) = (nested("[", "]"), nested_object());
        let long_name = json!("n".repeat(256)).to_string();
        let numbers: &[(&str, &str)] = &[
            ("1e999", "invalid_format"), ("1e2", "invalid_format"), ("100.0", "invalid_format"), ("1.0", "invalid_format"),
            ("-1.5", "invalid_format"), ("0.1e3", "invalid_format"), ("\"100\"", "invalid_format"), ("true", "invalid_format"),
            ("[]", "invalid_format"), ("[100]", "invalid_format"), ("{}", "invalid_format"), (&arrays, "invalid_format"),
            (&objects, "invalid_format"), ("\"\\u0000\"", "invalid_format"), ("\"\\ud800\"", "invalid_format"),
            ("0", "value_out_of_range"), ("-0", "value_out_of_range"), ("-1", "value_out_of_range"),
            ("10000001", "value_out_of_range"), ("2147483648", "value_out_of_range"), ("-2147483649", "value_out_of_range"),
            ("9223372036854775808", "value_out_of_range"), ("-9223372036854775809", "value_out_of_range"),
            ("18446744073709551617", "value_out_of_range"), (&huge, "value_out_of_range"),
        ];
        let texts: &[(&str, &str)] = &[
            ("1", "invalid_format"), ("1e999", "invalid_format"), (&huge, "invalid_format"), ("false", "invalid_format"),
            ("[]", "invalid_format"), ("[\"a\"]", "invalid_format"), ("{}", "invalid_format"), (&arrays, "invalid_format"),
            (&objects, "invalid_format"), ("\"nul\\u0000\"", "invalid_format"), ("\"\\u0000\"", "invalid_format"),
            ("\"lone \\ud800\"", "invalid_format"), ("\"\\udc00\\ud800\"", "invalid_format"),
        ];
        // What is a text, but not one of these.
        let odd: &[&str] = &[
            "\"\\u202e1\"", "\"x\"", "\"' OR 1=1 --\"", "\"\u{1F4A3}\"", "\"javascript:alert(1)\"", "\"file:///etc/passwd\"",
            "\"//example.com\"", "\"http://\"", "\"2026-07-01\"", "\"2026-07-01T00:00:00\"", "\"9999-99-99T00:00:00Z\"",
        ];
        for (path, body) in valid_orders() {
            for (field, value) in &body {
                let is_number = !value.starts_with('"');
                let mut hostile = if is_number { numbers.to_vec() } else { texts.to_vec() };
                match *field {
                    "product_id" | "link" | "expiry_date" => hostile.extend(odd.iter().map(|v| (*v, "invalid_format"))),
                    "delay_minutes" => hostile.extend(odd.iter().map(|v| (*v, "not_allowed_enum_values"))),
                    "username" => hostile.push((&long_name, "string_length_out_of_range")),
                    _ => {}
                }
                for (value, code) in hostile {
                    let sent = with_field(&body, field, value);
                    let answer = send(&app, &shop, path, sent).await;
                    let what = format!("{path} {field}: {value}");
                    refuses(&what, &answer, 400, "data_validation_failed", &[(code, Some(field))]);
                }
            }
        }
        let comments = json!("x".repeat(10_001)).to_string();
        let (path, body) = &valid_orders()[3];
        let answer = send(&app, &shop, path, with_field(body, "comments", &comments)).await;
        refuses("comments", &answer, 400, "string_length_out_of_range", &[("string_length_out_of_range", Some("comments"))]);

        // Any POST may name its organization.
        for path in paths("POST") {
            for value in ["1", "[]", "{}", "\"x\"", "\"\\u0000\"", "\"\\ud800\"", &arrays, &objects] {
                let answer = send(&app, &shop, &path, format!(r#"{{"organization_id":{value}}}"#)).await;
                let body = refusal(&format!("{path} {value}"), &answer);
                let items = body["validation_failed_responses"].as_array().unwrap();
                let named = |item: &Value| item["property_name"] == "organization_id" && item["result_code"] == "invalid_format";
                assert!(items.iter().any(named), "{path}: {body}");
            }
        }
        assert_eq!(written(&app).await, before);
        still_takes_orders(&app, &shop).await;
        app.stop().await;
    }

    async fn a_hostile_list_of_ids_is_refused(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let own = app.order(&shop, "https://example.com/p/1").await.json()["order_id"].clone();
        let own = own.as_str().unwrap();
        let before = written(&app).await;
        let ids = |count: usize| {
            let ids: Vec<String> = (0..count).map(|n| format!("00000000-0000-7000-8000-{n:012}")).collect();
            json!(ids).to_string()
        };
        let deep = nested("[", "]");
        let huge = format!("[{}]", vec!["0"; 100_000].join(","));
        let first: &[Fault<'_>] = &[("invalid_format", Some("order_ids[0]"))];
        let whole: &[Fault<'_>] = &[("invalid_format", Some("order_ids"))];
        let many: &[Fault<'_>] = &[("value_out_of_range", Some("order_ids"))];
        let absent: &[Fault<'_>] = &[("field_is_required", Some("order_ids"))];
        let (hundred_and_one, thousand) = (ids(101), ids(1000));
        let own_first = format!(r#"["{own}",1]"#);
        let objects = format!("[{}]", nested_object());
        let cases: Vec<(&str, &[Fault<'_>])> = vec![
            (&hundred_and_one, many), (&thousand, many), (&huge, many),
            ("null", absent),
            ("[]", &[("sequence_at_least_one_element", Some("order_ids"))]),
            ("{}", whole), ("1", whole), ("true", whole), ("\"\"", whole), ("\"x\"", whole), ("{\"0\":\"x\"}", whole),
            ("[1]", first), ("[null]", first), ("[{}]", first), ("[[]]", first), ("[\"\"]", first), ("[\"x\"]", first),
            ("[1e999]", first), ("[\"\\u0000\"]", first), ("[\"\\ud800\"]", first), (&deep, first), (&objects, first),
            ("[\"00000000-0000-7000-8000-00000000000\"]", first), ("[\"{00000000-0000-7000-8000-000000000000}\"]", first),
            (&own_first, &[("invalid_format", Some("order_ids[1]"))]),
        ];
        for what in ["refill", "cancel", "sync"] {
            let path = format!("/platform/order/{what}");
            for (value, fields) in &cases {
                let answer = send(&app, &shop, &path, format!(r#"{{"order_ids":{value}}}"#)).await;
                refuses(&format!("{path} {value}"), &answer, 400, "data_validation_failed", fields);
            }
            // A hundred that do not exist are all named, and one of ours among them is left alone.
            let unknown = ids(99).replacen('[', &format!("[\"{own}\","), 1);
            let answer = send(&app, &shop, &path, format!(r#"{{"order_ids":{unknown},"x":1}}"#)).await;
            let named: Vec<String> = (1..100).map(|n| format!("order_ids[{n}]")).collect();
            let named: Vec<_> = named.iter().map(|name| ("data_not_exist", Some(name.as_str()))).collect();
            refuses(&path, &answer, 400, "batch_operation_failed", &named);
        }
        assert_eq!(written(&app).await, before);
        still_takes_orders(&app, &shop).await;
        app.stop().await;
    }

    async fn hostile_headers_are_refused(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let before = written(&app).await;
        let valid = format!("{{{}}}", fields_of(&valid_orders()[0].1));
        let content_type: &[Fault<'_>] = &[("invalid_format", Some("content-type"))];
        for path in paths("POST") {
            for kind in [
                None, Some(""), Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data; boundary=x"),
                Some("application/jsonp"), Some("application/json2"), Some("text/json"), Some("json"), Some("application/problem+json"),
                Some("application/xml"), Some(";application/json"), Some("application/octet-stream;application/json"),
            ] {
                let mut request = app.request(Method::POST, &path).header("x-api-key", &shop.key).body(valid.clone());
                if let Some(kind) = kind {
                    request = request.header("content-type", kind);
                }
                let answer = app.send(request).await;
                refuses(&format!("{path} {kind:?}"), &answer, 400, "data_validation_failed", content_type);
            }
        }
        let request = || app.request(Method::POST, ORDER).header("x-api-key", &shop.key).header("content-type", "application/json");
        for bad in ["", " ", "a b", "\u{e9}", &"k".repeat(256), &"k".repeat(10_000)] {
            let request = request().header("idempotency-key", bad).body(valid.clone());
            let answer = app.send(request).await;
            refuses(bad, &answer, 400, "data_validation_failed", &[("invalid_format", Some("idempotency-key"))]);
        }
        let twice = request().header("idempotency-key", "a").header("idempotency-key", "b").body(valid.clone());
        let answer = app.send(twice).await;
        refuses("two keys", &answer, 400, "data_validation_failed", &[("invalid_format", Some("idempotency-key"))]);
        assert_eq!(written(&app).await, before);

        // A name of the request's own and a language are wishes: what cannot be granted is passed over.
        for (name, value) in [
            ("x-request-id", "a b"), ("x-request-id", "\u{e9}"), ("x-request-id", "<script>"), ("x-request-id", ""),
            ("x-request-id", &"i".repeat(65)), ("accept-language", "\u{e9}"), ("accept-language", "*;q=nan, ,;;q=,=,xx-,-"),
            ("accept-language", &"zz,".repeat(3000)), ("accept", "text/html"), ("accept-encoding", "gzip;q=nan"),
        ] {
            let answer = app.send(request().header(name, value).body("{}")).await;
            let body = refusal(&format!("{name}: {value}"), &answer);
            assert_eq!(body["message"], "Validation failed.", "{name}: {value}");
            assert_ne!(answer.headers["x-request-id"], value);
        }
        for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", " application/json ;x=y"] {
            let request = app.request(Method::POST, ORDER).header("x-api-key", &shop.key).header("content-type", kind);
            assert_eq!(app.send(request.body(valid.clone())).await.status, 200, "{kind}");
        }
        app.stop().await;
    }

    async fn a_body_too_large_is_refused_however_it_is_sent(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let before = written(&app).await;
        let too_large: &[Fault<'_>] = &[("string_length_out_of_range", None)];
        let megabyte = format!(r#"{{"comments":"{}"}}"#, "x".repeat(1 << 20));
        for path in paths("POST") {
            let answer = send(&app, &shop, &path, megabyte.clone()).await;
            refuses(&path, &answer, 413, "data_validation_failed", too_large);

            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\ncontent-type: application/json\r\n",
                shop.key
            );
            let counted = format!("{head}content-length: {}\r\n\r\n{megabyte}", megabyte.len());
            refuses(&path, &raw(&app, counted).await.answer(), 413, "data_validation_failed", too_large);
            let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
            let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(64));
            refuses(&path, &raw(&app, chunked).await.answer(), 413, "data_validation_failed", too_large);
        }
        // Nor is the answer to a wrong key lost to somebody who is still sending.
        let length = megabyte.len();
        let stranger = format!("POST {ORDER} HTTP/1.1\r\nhost: h\r\nx-api-key: k\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{megabyte}");
        refuses("a stranger", &raw(&app, stranger).await.answer(), 401, "token_validation_failed", &[]);
        // Even to one that sends all of it before it listens.
        let larger = "x".repeat(6 << 20);
        for (key, status) in [(shop.key.as_str(), 413), ("k", 401)] {
            let head = format!("POST {ORDER} HTTP/1.1\r\nhost: h\r\nx-api-key: {key}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", larger.len());
            let came = raw(&app, format!("{head}{larger}")).await;
            assert!(came.all_sent, "the connection was closed while a client was sending");
            let answer = came.answer();
            refusal("6 MB", &answer);
            assert_eq!(answer.status, status);
        }
        assert_eq!(written(&app).await, before);
        // The limit is generous to what is allowed: 10 000 comment characters, each written as two escapes.
        let comments = "\\ud83d\\ude00".repeat(10_000);
        let (path, body) = &valid_orders()[3];
        let answer = send(&app, &shop, path, with_field(body, "comments", &format!("\"{comments}\""))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        still_takes_orders(&app, &shop).await;
        app.stop().await;
    }

    async fn hostile_addresses_are_refused(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let before = written(&app).await;
        let long = "a".repeat(8000);
        let long_path = format!("/{long}");
        let unknown = [
            "", "/", "/nope", "/order/", "//order", "/order/ch2", "/order/ch2/", "/order/ch2/default/", "/order/ch2/DEFAULT",
            "/order/ch2/default/x", "/Order", "/order/ch2/default%00", "/order%2fch2%2fdefault", "/%ff", "/%", "/%zz", "/%c0%af",
            "/%e2%80%ae", "/../platform/order", "/./order", "/order/..%2f..%2fproduct", "/organization/credit", "/order;x=1",
            "/organization/%2e%2e/order", "/{order_id}", "/*", &long_path,
        ];
        for (method, headers) in [("GET", ""), ("POST", "content-length: 0\r\n"), ("DELETE", "")] {
            for path in &unknown {
                let what = format!("{method} /platform{path}");
                let request = format!("{what} HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\n{headers}connection: close\r\n\r\n", shop.key);
                refuses(&what, &raw(&app, request).await.answer(), 404, "data_not_exist", &[]);
            }
        }
        for id in ["%ff", "%00", "x", "%20", "..", "1", "00000000-0000-7000-8000-00000000000g", "%27%20OR%201=1", "%e2%80%ae", "{order_id}", &long] {
            for what in ["refill", "cancel", "sync"] {
                let path = format!("/platform/order/{id}/{what}");
                let request = format!("POST {path} HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", shop.key);
                let answer = raw(&app, request).await.answer();
                refuses(&path, &answer, 400, "data_validation_failed", &[("invalid_format", Some("order_id"))]);
            }
        }
        // A query does not matter to a POST, however odd.
        for query in ["%ff", "%", "a=%zz", "$filter=%00", "&&&===", &long] {
            let path = format!("{ORDER}?{query}");
            let request = format!("POST {path} HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", shop.key);
            refuses(query, &raw(&app, request).await.answer(), 400, "data_validation_failed", &[
                ("field_is_required", Some("product_id")), ("field_is_required", Some("quantity")),
            ]);
        }
        for query in ["%ff", "x", "%20", "%00", "..", &long] {
            for path in paths("GET") {
                let named = app.get(&shop, &format!("{path}?organization_id={query}")).await;
                refuses(query, &named, 400, "data_validation_failed", &[("invalid_format", Some("organization_id"))]);
            }
        }
        assert_eq!(written(&app).await, before);
        still_takes_orders(&app, &shop).await;
        app.stop().await;
    }

    async fn a_wrong_method_is_refused_with_those_that_are_right(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let before = written(&app).await;
        let operations: Vec<_> = keyed_operations().collect();
        let all: BTreeSet<&str> = operations.iter().map(|operation| operation.path).collect();
        for path in all {
            let right: BTreeSet<&str> = operations.iter().filter(|o| o.path == path).map(|o| o.method).collect();
            // Nothing has the unknown id.
            let found = if path.contains('{') { 400 } else { 200 };
            let path = with_id(path, UNKNOWN_ID);
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X"] {
                if right.contains(method) {
                    continue;
                }
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let what = format!("{method} {path}");
                let request = app.request(method, &path).header("x-api-key", &shop.key).json(&json!({}));
                let answer = app.send(request).await;
                refuses(&what, &answer, 405, "data_not_exist", &[]);
                let allowed = answer.headers.get("allow").map(|v| v.to_str().unwrap()).unwrap_or_default();
                let allowed: BTreeSet<&str> = allowed.split(',').filter(|method| *method != "HEAD").collect();
                assert_eq!(allowed, right, "{what}");
            }
            // HEAD is GET without the body.
            let head = app.send(app.request(Method::HEAD, &path).header("x-api-key", &shop.key)).await;
            let expected = if right.contains("GET") { found } else { 405 };
            assert_eq!((head.status, head.text.as_str()), (expected, ""), "{path}");
            assert!(head.headers.contains_key("x-request-id"), "{path}");
            if right.contains("GET") {
                let head = app.send(app.request(Method::HEAD, &path)).await;
                assert_eq!((head.status, head.text.as_str()), (401, ""), "{path}");
            }
        }
        assert_eq!(written(&app).await, before);
        app.stop().await;
    }

    async fn a_hostile_key_opens_nothing(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, other) = (app.shop(100_000).await, app.shop(100_000).await);
        let before = written(&app).await;
        let valid = format!("{{{}}}", fields_of(&valid_orders()[0].1));
        let all = operations();
        let with = |method: &Method, path: &str, keys: &[&[u8]]| {
            let mut request = app.request(method.clone(), path).header("content-type", "application/json");
            for key in keys {
                request = request.header("x-api-key", reqwest::header::HeaderValue::from_bytes(key).unwrap());
            }
            if *method == Method::POST { request.body(valid.clone()) } else { request }
        };
        let key = shop.key.as_bytes();
        let [long, longest] = [10_000, 60_000].map(|length| vec![b'k'; length]);
        let longer = [key, &[b'x'; 10_000]].concat();
        let hostile: Vec<&[u8]> = vec![
            b"", b" ", b"k", b"null", b"undefined", b"' OR '1'='1", b"%", b"*", b"Bearer", &long, &longest, &longer,
            "\u{e9}".as_bytes(), "鑰匙".as_bytes(), b"\xff\xfe", &key[1..], &key[..key.len() - 1],
        ];
        let cases: Vec<Vec<u8>> = [
            [key, b"x"].concat(), [b"x", key].concat(), [key, b",", key].concat(), [key, b", ", other.key.as_bytes()].concat(),
            [b"Bearer ", key].concat(), [key, b"\xff"].concat(), [b"\"", key, b"\""].concat(), key.to_ascii_uppercase(),
        ].into();
        let cases = cases.iter().map(Vec::as_slice).filter(|case| *case != key);
        for hostile in hostile.iter().copied().chain(cases) {
            // On one operation of either kind; on all of them below.
            for (method, path) in [&all[0], &(Method::POST, ORDER.to_owned())] {
                let answer = app.send(with(method, path, &[hostile])).await;
                refuses(&String::from_utf8_lossy(hostile), &answer, 401, "token_validation_failed", &[]);
            }
        }
        for (method, path) in &all {
            let others: &[u8] = other.key.as_bytes();
            let pairs: [&[&[u8]]; 7] = [&[], &[b""], &[&long], &[b"k", key], &[key, b"k"], &[key, others], &[key, key]];
            for keys in pairs {
                let answer = app.send(with(method, path, keys)).await;
                refuses(&format!("{method} {path}"), &answer, 401, "token_validation_failed", &[]);
            }
            // A key in another place is no key.
            let bearer = with(method, path, &[]).header("authorization", format!("Bearer {}", shop.key));
            refuses(path, &app.send(bearer).await, 401, "token_validation_failed", &[]);
            let cookie = with(method, path, &[]).header("cookie", format!("x-api-key={}", shop.key));
            refuses(path, &app.send(cookie).await, 401, "token_validation_failed", &[]);
            let query = with(method, &format!("{path}?x-api-key={}", shop.key), &[]);
            refuses(path, &app.send(query).await, 401, "token_validation_failed", &[]);
        }
        assert_eq!(written(&app).await, before);
        still_takes_orders(&app, &shop).await;
        app.stop().await;
    }

    /// What no HTTP client sends. Where there are no headers to go by, any refusal or a closed connection will do.
    async fn hostile_bytes_end_the_connection_at_worst(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let order = format!("{{{}}}", fields_of(&valid_orders()[0].1));
        let before = written(&app).await;
        let key = &shop.key;
        let head = format!("POST {ORDER} HTTP/1.1\r\nhost: h\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n");
        let smuggled = format!(
            "POST {ORDER} HTTP/1.1\r\nhost: h\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{order}",
            order.len()
        );
        let length = order.len();
        let chunk = format!("{length:x}\r\n{order}\r\n");
        let many_headers: String = (0..200).map(|n| format!("x-filler-{n}: x\r\n")).collect();
        let mut cases: Vec<Vec<u8>> = [
            // Which length counts?
            format!("{head}content-length: {length}\r\ncontent-length: 0\r\n\r\n{order}"),
            format!("{head}content-length: 0\r\ncontent-length: {length}\r\n\r\n{order}"),
            format!("{head}content-length: 0, {length}\r\n\r\n{order}"),
            format!("{head}content-length: -1\r\n\r\n{order}"),
            format!("{head}content-length: +{length}\r\n\r\n{order}"),
            format!("{head}content-length: 0x10\r\n\r\n{order}"),
            format!("{head}content-length: 1e2\r\n\r\n{order}"),
            format!("{head}content-length: 99999999999999999999\r\n\r\n{order}"),
            format!("{head}content-length: \r\n\r\n{order}"),
            format!("{head}content-length : {length}\r\n\r\n{order}"),
            // Which encoding?
            format!("{head}transfer-encoding: identity\r\n\r\n{order}"),
            format!("{head}transfer-encoding: chunked, identity\r\n\r\n{chunk}0\r\n\r\n"),
            format!("{head}transfer-encoding: gzip\r\n\r\n{order}"),
            format!("{head}transfer-encoding: xchunked\r\n\r\n{chunk}0\r\n\r\n"),
            format!("{head}transfer-encoding : chunked\r\n\r\n{chunk}0\r\n\r\n"),
            format!("{}transfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n", head.replace("HTTP/1.1", "HTTP/1.0")),
            // Chunks that are none.
            format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{order}\r\n0\r\n\r\n"),
            format!("{head}transfer-encoding: chunked\r\n\r\n-1\r\n{order}\r\n0\r\n\r\n"),
            format!("{head}transfer-encoding: chunked\r\n\r\n0x10\r\n{order}\r\n0\r\n\r\n"),
            format!("{head}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{order}\r\n0\r\n\r\n"),
            format!("{head}transfer-encoding: chunked\r\n\r\n1\r\n{order}\r\n0\r\n\r\n"),
            format!("{head}transfer-encoding: chunked\r\n\r\n{order}"),
            format!("{head}transfer-encoding: chunked\r\n\r\n{length:x};{}\r\n{order}\r\n0\r\n\r\n", "e".repeat(100_000)),
            // Requests that are none.
            "GET\r\n\r\n".into(),
            "GET /platform/order\r\n\r\n".into(),
            "GET /platform/order HTTP/9.9\r\nhost: h\r\n\r\n".into(),
            "GET  /platform/order HTTP/1.1\r\nhost: h\r\n\r\n".into(),
            "GET /platform/order x HTTP/1.1\r\nhost: h\r\n\r\n".into(),
            "GE\tT /platform/order HTTP/1.1\r\nhost: h\r\n\r\n".into(),
            "GET platform/order HTTP/1.1\r\nhost: h\r\n\r\n".into(),
            "GET /platform/\0 HTTP/1.1\r\nhost: h\r\n\r\n".into(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
            format!("{head}x-split: a\rb\r\n\r\n"),
            format!("{head}x-nul: a\0b\r\n\r\n"),
            format!("{head}no colon\r\n\r\n"),
            format!("{head}: no name\r\n\r\n"),
            format!("{head}na me: x\r\n\r\n"),
            format!("{head} folded: x\r\n\r\n"),
            format!("{head}x-filler: {}\r\n\r\n", "x".repeat(100_000)),
            format!("{head}x-filler: {}\r\n\r\n", "x".repeat(1 << 20)),
            format!("{head}{many_headers}\r\n"),
            format!("GET /platform/{} HTTP/1.1\r\nhost: h\r\nx-api-key: {key}\r\n\r\n", "a".repeat(100_000)),
            format!("GET /platform/order?{} HTTP/1.1\r\nhost: h\r\nx-api-key: {key}\r\n\r\n", "a".repeat(100_000)),
            format!("{} /platform/order HTTP/1.1\r\nhost: h\r\n\r\n", "A".repeat(100_000)),
        ].map(String::into_bytes).into();
        cases.push(b"GET /platform/\xff\xfe HTTP/1.1\r\nhost: h\r\n\r\n".to_vec());
        cases.push(b"GET /platform/order HTTP/1.1\r\nhost: \xff\r\nconnection: close\r\n\r\n".to_vec());
        cases.push(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(50));
        cases.push(vec![0; 1000]);
        cases.push((0..=255).collect());
        for case in &mut cases {
            // An answer is followed by the end of the connection.
            if let Some(at) = case.windows(9).position(|w| w == b"host: h\r\n") {
                case.splice(at..at, *b"connection: close\r\n");
            }
            let shown = String::from_utf8_lossy(&case[..case.len().min(400)]).into_owned();
            let came = raw(&app, case.clone()).await;
            assert!(!came.timed_out, "{shown}: nothing came, and the connection stayed open");
            let statuses = came.statuses();
            assert!(statuses.len() <= 1, "{shown}: answered {statuses:?}");
            assert!(statuses.iter().all(|status| (400..500).contains(status)), "{shown}: answered {statuses:?}");
        }
        assert_eq!(written(&app).await, before);
        for (bytes, status) in [
            (format!("GET /platform/order HTTP/1.1\r\nhost: h\r\n{many_headers}\r\n"), 431),
            ("GET  /platform/order HTTP/1.1\r\nhost: h\r\n\r\n".into(), 400),
            (format!("{head}content-length: {length}\r\ncontent-length: 0\r\n\r\n"), 400),
        ] {
            assert_eq!(raw(&app, bytes.clone()).await.statuses(), [status], "{bytes}");
        }

        // A request hidden in the body of another stays there: with both lengths given, and with one.
        let hidden = [
            format!("{head}content-length: {}\r\n\r\n{smuggled}", smuggled.len()),
            format!("{head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len()),
            format!("{head}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len()),
            format!("{head}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n{smuggled}"),
            format!("{head}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"),
        ];
        for case in hidden {
            // Ended by the client: a server that waits for more sees that there is none.
            let came = raw_and_end(&app, case.clone()).await;
            assert!(!came.timed_out, "{case}");
            let statuses = came.statuses();
            assert!(statuses.len() <= 1 && statuses.iter().all(|s| (400..500).contains(s)), "{case}: {statuses:?}");
        }
        assert_eq!(written(&app).await, before);

        // A request that is never finished.
        for case in [
            "".into(), "\r\n\r\n".into(), "P".into(), "POST".into(), head.clone(), format!("{head}x"), format!("{head}content-length: {length}\r\n\r\n"),
            format!("{head}content-length: {length}\r\n\r\n{}", &order[..length - 1]),
            format!("{head}content-length: {}\r\n\r\n{order}", length + 1),
            format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}"),
            format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}0\r\n"),
            format!("{head}transfer-encoding: chunked\r\n\r\n{}", &chunk[..length]),
        ] {
            let came = raw_and_end(&app, case.clone()).await;
            assert!(!came.timed_out, "{case}");
            for status in came.statuses() {
                assert!((400..500).contains(&status), "{case}: {status}");
            }
        }
        assert_eq!(written(&app).await, before);
        still_takes_orders(&app, &shop).await;
        app.stop().await;
    }
}

/// Every operation, the order in its path unknown.
fn operations() -> Vec<(Method, String)> {
    let of = |method: Method| {
        paths(method.as_str())
            .into_iter()
            .map(move |path| (method.clone(), path))
    };
    of(Method::GET).chain(of(Method::POST)).collect()
}

/// What came back over a connection until the server closed it.
struct Came {
    bytes: Vec<u8>,
    /// Whether the server took all that was sent.
    all_sent: bool,
    timed_out: bool,
}

impl Came {
    /// The only answer.
    fn answer(&self) -> Answer {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.statuses().len(), 1, "{text}");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        });
        Answer {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            text: body.to_owned(),
        }
    }

    /// The statuses of all answers.
    fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.bytes);
        let answers = text.split("HTTP/1.").skip(1);
        answers
            .map(|answer| answer[2..5].parse().unwrap())
            .collect()
    }
}

async fn raw(app: &TestApp, bytes: impl Into<Vec<u8>>) -> Came {
    converse(app, bytes.into(), false).await
}

/// Sends bytes and says that there will be no more.
async fn raw_and_end(app: &TestApp, bytes: impl Into<Vec<u8>>) -> Came {
    converse(app, bytes.into(), true).await
}

async fn converse(app: &TestApp, bytes: Vec<u8>, end: bool) -> Came {
    const PATIENCE: Duration = Duration::from_secs(25);
    let address = app.base_url.trim_start_matches("http://").to_owned();
    let talk = move || {
        let started = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut sending = stream.try_clone().unwrap();
        let mut came = Vec::new();
        let all_sent = std::thread::scope(|scope| {
            let sent = scope.spawn(move || {
                // The server may have had enough before all is sent.
                let sent = sending.write_all(&bytes);
                if end {
                    let _ = sending.shutdown(Shutdown::Write);
                }
                sent.is_ok()
            });
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                came.extend_from_slice(&buffer[..count]);
            }
            let _ = stream.shutdown(Shutdown::Both);
            sent.join().unwrap()
        });
        Came {
            bytes: came,
            all_sent,
            timed_out: started.elapsed() >= PATIENCE,
        }
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}
