//! The commands of codes, forms and certificates, as people and scripts use them.

use crate::process::Server;
use crate::recur_cli::{assert_contains, output, tallystick, text};
use crate::support::{Answer, Engine, Scratch, TestApp, both};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Output;
use std::time::{Duration, Instant};
use tallystick::seed;

/// For a change by another process to reach the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// Commands on a database.
struct Shell {
    database: String,
}

impl Shell {
    async fn run(&self, args: &[&str]) -> Output {
        output(tallystick(args, &[("DATABASE_URL", &self.database)])).await
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

    async fn failed(&self, args: &[&str]) -> String {
        let output = self.run(args).await;
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
        let error = text(&output.stderr);
        assert!(error.starts_with("error: "), "{error}");
        error
    }
}

impl TestApp {
    /// A call of a method of codes, forms and certificates.
    async fn call(&self, key: &str, method: &str, body: &Value) -> Answer {
        let path = format!("/api/v2/rpc/{method}");
        let request = self.request(Method::POST, &path).bearer_auth(key);
        self.send(request.json(body)).await
    }

    /// The status and the code of a harmless call, when it has become this one.
    async fn until(&self, key: &str, expected: (u16, i64)) {
        let started = Instant::now();
        loop {
            let answer = self.call(key, "record/getFormList", &json!({})).await;
            let found = (
                answer.status,
                answer.json()["error_code"].as_i64().unwrap_or(0),
            );
            if found == expected {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{found:?}, not {expected:?}");
        }
    }
}

fn id(value: &Value) -> String {
    value.as_i64().unwrap().to_string()
}

both! {
    async fn forms_need_nothing_but_a_database(engine: Engine) {
        let scratch = Scratch::new(engine);
        let shell = Shell { database: scratch.url() };
        shell.ok(&["migrate"]).await;
        let made = shell.json(&["forms", "organizations", "create", "City Museum"]).await;
        let key = shell.json(&["forms", "keys", "create", &id(&made["org_id"]), "--name", "test"]).await;
        let server = Server::start(&scratch.url(), &[]).await;
        let client = httpkit::outgoing::client(PATIENCE).unwrap();
        let list = client.post(format!("{}/api/v2/rpc/record/getFormList", server.base_url)).json(&json!({}));
        let answer = list.bearer_auth(key["api_key"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_contains(&server.log(), &["supplier is not configured: orders are refused", "payuni is not configured"]);
        server.kill();
        let out = shell.ok(&["doctor"]).await;
        assert_contains(&out, &[
            "ok    forms          1 organizations, 1 keys that can be used",
            "note  public_url     the addresses in QR codes are those of this machine",
            "note  supplier       not configured: orders are refused, but those of certificates",
        ]);
    }

    /// From an empty database to keys that may as much as they should, on a server that runs meanwhile.
    async fn organizations_and_keys(engine: Engine) {
        let scratch = Scratch::new(engine);
        let shell = Shell { database: scratch.url() };
        let out = shell.ok(&["forms", "organizations", "list"]).await;
        assert_contains(&out, &["no organizations: tallystick forms organizations create NAME"]);
        let made = shell.json(&["forms", "organizations", "create", " City Museum "]).await;
        assert_eq!(made["name"], "City Museum");
        let org_id = id(&made["org_id"]);
        let org_code = made["org_code"].as_str().unwrap();
        let out = shell.ok(&["forms", "organizations", "list"]).await;
        assert_eq!(out, format!("{org_id}  {org_code}  City Museum\n"));
        assert_eq!(shell.json(&["forms", "organizations", "list"]).await, json!([made]));
        let out = shell.ok(&["forms", "organizations", "create", "Library"]).await;
        assert_contains(&out, &["organization  ", "code          o", "project       ", "Next: tallystick forms keys create "]);

        let first = id(&made["projects"][0]["project_id"]);
        let branch = shell.json(&["forms", "projects", "create", &org_id, "Branch"]).await;
        let branch_id = id(&branch["project_id"]);
        let out = shell.ok(&["forms", "projects", "list", &org_id]).await;
        assert_eq!(out, format!("{first}  Default\n{branch_id}  Branch\n"));

        let out = shell.ok(&["forms", "keys", "list", &org_id]).await;
        assert_contains(&out, &["no keys: tallystick forms keys create ORG_ID --name NAME"]);
        let key = async |args: &[&str]| {
            let create = ["forms", "keys", "create", &org_id, "--name", "test"];
            shell.json(&[&create[..], args].concat()).await
        };
        let writing = key(&[]).await;
        let reading = key(&["--read-only"]).await;
        let reversing = key(&["--reverse"]).await;
        let restricted = key(&["--project", &branch_id, "--project", &branch_id]).await;
        assert_eq!(writing["rights"], json!(["read", "write"]));
        assert_eq!(reading["rights"], json!(["read"]));
        assert_eq!(reversing["rights"], json!(["read", "write", "reverse"]));
        assert_eq!(writing["project_ids"], Value::Null);
        assert_eq!(restricted["project_ids"], json!([branch["project_id"]]));
        let out = shell.ok(&["forms", "keys", "create", &org_id, "--name", "front desk"]).await;
        let shown = out.lines().next().unwrap();
        assert!(shown.starts_with("tk_"), "{out}");
        assert_contains(&out, &["may read, write. The key is not shown again.", "Next, with the server running"]);
        let out = shell.ok(&["forms", "keys", "list", &org_id]).await;
        assert_eq!(out.lines().count(), 5);
        assert_contains(&out, &["enabled   read, write, reverse  test", "1 projects  test", "front desk", &shown[shown.len() - 4..]]);
        let listed = shell.json(&["forms", "keys", "list", &org_id]).await;
        for secret in [shown, writing["api_key"].as_str().unwrap()] {
            assert!(!out.contains(secret));
            assert!(!listed.to_string().contains(secret));
        }

        let app = TestApp::over(scratch, |config| config.forms.rate_limit = None).await;
        let call = async |key: &Value, method: &str, body: Value| {
            app.call(key["api_key"].as_str().unwrap(), method, &body).await
        };
        let field = json!({"field_type": "name", "field_title": "Name"});
        let form = json!({"name": "Visitors", "groups": [{"fields": [field]}]});
        assert_eq!(call(&writing, "forms/create", form.clone()).await.status, 200);
        assert_eq!(call(&reading, "forms/create", form.clone()).await.status, 403);
        assert_eq!(call(&reading, "forms/getList", json!({})).await.json()["data"]["page"]["total"], 1);
        assert_eq!(call(&restricted, "forms/getList", json!({})).await.json()["data"]["page"]["total"], 0);
        let made = call(&restricted, "forms/create", form).await.json();
        assert_eq!(made["data"]["project"]["id"], branch["project_id"]);
        let reverse = json!({"verification_id": 1});
        assert_eq!(call(&writing, "record/reverseVerification", reverse.clone()).await.status, 403);
        assert_eq!(call(&reversing, "record/reverseVerification", reverse).await.status, 404);

        let key_id = id(&writing["api_key_id"]);
        let secret = writing["api_key"].as_str().unwrap();
        assert_eq!(shell.ok(&["forms", "keys", "disable", &org_id, &key_id]).await, "disabled\n");
        app.until(secret, (401, 100_315)).await;
        assert_eq!(shell.ok(&["forms", "keys", "enable", &org_id, &key_id]).await, "enabled\n");
        app.until(secret, (200, 0)).await;
        assert_eq!(shell.ok(&["forms", "keys", "revoke", &org_id, &key_id]).await, "revoked\n");
        app.until(secret, (401, 100_315)).await;
        let error = shell.failed(&["forms", "keys", "enable", &org_id, &key_id]).await;
        assert_contains(&error, &["revoked, which is for good", "tallystick forms keys create"]);
        let listed = shell.json(&["forms", "keys", "list", &org_id]).await;
        assert_eq!(listed[0]["state"], "revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_with_the_next_step() {
    let scratch = Scratch::new(Engine::Sqlite);
    let shell = Shell {
        database: scratch.url(),
    };
    let made = shell
        .json(&["forms", "organizations", "create", "Museum"])
        .await;
    let org_id = id(&made["org_id"]);
    let long = "m".repeat(65);
    let create = ["forms", "keys", "create", &org_id, "--name"];
    for (args, said) in [
        (
            &["forms", "organizations", "create", " "][..],
            "a name has 1 to 64 characters",
        ),
        (
            &["forms", "organizations", "create", &long],
            "a name has 1 to 64 characters",
        ),
        (
            &["forms", "keys", "list", "1"],
            "there is no organization with the id 1: tallystick forms organizations list",
        ),
        (
            &["forms", "projects", "create", "1", "Branch"],
            "there is no organization with the id 1",
        ),
        (
            &[&create[..], &["x", "--project", "1"]].concat(),
            "no project with the id 1: tallystick forms projects list",
        ),
        (&[&create[..], &[""]].concat(), "a name has 1 to 64"),
        (
            &["forms", "keys", "revoke", &org_id, "1"],
            "no key with the id 1: tallystick forms keys list",
        ),
    ] {
        assert_contains(&shell.failed(args).await, &[said]);
    }
    for args in [
        &[&create[..], &["x", "--read-only", "--reverse"]].concat()[..],
        &["forms", "keys", "create", &org_id],
        &["forms", "keys", "list", "museum"],
        &["openapi", "openapi_v3"],
        &["verify"],
        &["verify", "x", "--key", "k", "--url", "http://127.0.0.1:1"],
    ] {
        assert_eq!(shell.run(args).await.status.code(), Some(2), "{args:?}");
    }
    let nowhere = Shell {
        database: "sqlite:/nonexistent/tallystick.db".into(),
    };
    let error = nowhere.failed(&["forms", "organizations", "list"]).await;
    assert_contains(&error, &["there is no database", "tallystick migrate"]);
    let help = shell.ok(&["forms", "keys", "create", "--help"]).await;
    assert_contains(
        &help,
        &["tallystick forms keys create ORG_ID --name \"dashboard\" --read-only"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_printed_and_served() {
    let printed = output(tallystick(&["openapi", "openapi_v2"], &[])).await;
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed["openapi"], "3.1.0");
    let app = TestApp::start(Engine::Sqlite).await;
    let request = app.request(Method::GET, "/openapi/openapi_v2.json");
    assert_eq!(app.send(request).await.json(), printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_checked_without_the_server() {
    let app = TestApp::start(Engine::Sqlite).await;
    let made = seed::forms::organization(&app.app.forms, "Museum")
        .await
        .unwrap();
    let asked = json!({"record_id": made.record_id});
    let answer = app
        .call(made.api_key.expose(), "record/getCertificate", &asked)
        .await
        .json();
    let certificate = &answer["data"];
    let qr_text = certificate["qr_text"].as_str().unwrap();
    let key = app.app.forms.secrets().public_key();
    let verify = async |args: &[&str]| {
        let output = output(tallystick(&[&["verify"], args].concat(), &[])).await;
        let code = output.status.code().unwrap();
        (code, text(&output.stdout), text(&output.stderr))
    };
    let says = [
        "valid: the holder of this key issued it",
        "title         Admission\n",
        &format!(
            "record        {}\n",
            certificate["record"]["record_number"].as_str().unwrap()
        ),
        "issued at     2026-06-02T12:30:00+08:00\n",
        &format!("organization  {}\n", made.org_code),
        &format!("form          {}\n", made.tpl_id),
        "Not known without the server: whether it was used, was revoked, or its record was deleted.",
    ];
    for args in [
        &[qr_text, "--key", &key][..],
        &[&format!(" {qr_text}\n"), "--key", &format!("{key}=")],
        &[qr_text, "--url", &app.base_url],
    ] {
        let (code, out, error) = verify(args).await;
        assert_eq!((code, &*error), (0, ""), "{args:?}");
        assert_contains(&out, &says);
    }
    let (code, out, _) = verify(&[qr_text, "--key", &key, "--json"]).await;
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    assert_eq!(
        told,
        json!({
            "valid": true,
            "certificate_code": certificate["certificate_code"],
            "org_code": made.org_code,
            "tpl_id": made.tpl_id,
            "record_number": certificate["record"]["record_number"],
            "issued_at": certificate["issued_at"],
            "title": "Admission",
            "not_known_offline": ["used", "revoked", "deleted"],
        })
    );

    let moved = qr_text.replace(&made.org_code, "oAnother1");
    let (signed, signature) = qr_text.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{signed}.{other}{}", &signature[1..]);
    let cut = qr_text.split('#').next().unwrap();
    let other_key = format!("{}E", "B".repeat(42));
    for (args, said, problem) in [
        (
            [moved.as_str(), "--key", &key],
            "belongs to another certificate",
            "other_certificate",
        ),
        (
            [&changed, "--key", &key],
            "the signature is not of this key",
            "bad_signature",
        ),
        (
            [qr_text, "--key", &other_key],
            "the signature is not of this key",
            "bad_signature",
        ),
        (
            [cut, "--key", &key],
            "Give the whole text of the QR code",
            "unsigned",
        ),
    ] {
        let (code, out, error) = verify(&args).await;
        assert_eq!((code, &*error), (1, ""), "{args:?}");
        assert!(out.starts_with("not valid: "), "{out}");
        assert_contains(&out, &[said]);
        let (code, out, _) = verify(&[&args[..], &["--json"]].concat()).await;
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (code, &told["valid"], &told["problem"]),
            (1, &json!(false), &json!(problem))
        );
    }

    // The address in the text is not asked: whoever forges a certificate writes it.
    let elsewhere = format!("{}/docs", app.base_url);
    for (args, said) in [
        (&[qr_text][..], "which key?"),
        (&[qr_text, "--key", "AAAA"], "`AAAA` is no public key"),
        (
            &[qr_text, "--url", "http://127.0.0.1:1"],
            "cannot reach http://127.0.0.1:1",
        ),
        (
            &[qr_text, "--url", &elsewhere],
            "publishes no keys of certificates: is --url right?",
        ),
        (
            &[qr_text, "--url", "museum"],
            "is not the address of a server",
        ),
    ] {
        let (code, out, error) = verify(args).await;
        assert_eq!((code, &*out), (2, ""), "{args:?}");
        assert!(error.starts_with("error: "), "{error}");
        assert_contains(&error, &[said]);
    }
}
