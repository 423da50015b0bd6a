//! The walk-through of the docs, carried out as its readers do: with a key from the command line, against a running server.

use crate::recur_cli::{assert_contains, output, tallystick, text};
use crate::support::{Engine, Scratch, TestApp, both};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// What a command of ours answers.
async fn made(database: &str, args: &[&str]) -> Value {
    let command = tallystick(&[args, &["--json"]].concat(), &[("DATABASE_URL", database)]);
    let output = output(command).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a script prints, having succeeded.
async fn script(program: &str, file: &str, app: &TestApp, key: &str) -> String {
    let mut command = Command::new(program);
    command
        .arg(docs().join("examples").join(file))
        .env("TALLYSTICK_URL", &app.base_url)
        .env("TALLYSTICK_KEY", key)
        .env("NO_PROXY", "*")
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::null());
    let output = output(command).await;
    let error = text(&output.stderr);
    assert!(output.status.success(), "{file}: {error}");
    assert_eq!(error, "", "{file}");
    text(&output.stdout)
}

both! {
    async fn the_scripts_do_what_they_say(engine: Engine) {
        let scratch = Scratch::new(engine);
        let database = scratch.url();
        let organization = made(&database, &["forms", "organizations", "create", "Museum"]).await;
        let org_id = organization["org_id"].to_string();
        let app = TestApp::over(scratch, |_| {}).await;
        for (program, file) in [("sh", "walkthrough.sh"), ("python3", "walkthrough.py")] {
            // The server's clock stands still: what one script has asked counts against the limit of its key for ever.
            let key = made(&database, &["forms", "keys", "create", &org_id, "--name", file]).await;
            let out = script(program, file, &app, key["api_key"].as_str().unwrap()).await;
            assert_contains(&out, &["form ", "record L", "pending", "no certificate yet: ", "Invalid certificate code", "approved\n", "certificate 待核销", "#s=", "verified: 已核销\n", "repeated: the same answer\n", "Certificate cannot be verified in current status"]);
            assert_eq!(out.lines().count(), 9, "{out}");
        }
    }
}

/// What the page shows of the scripts stands in them.
#[test]
fn the_page_quotes_the_scripts() {
    let page = std::fs::read_to_string(docs().join("openapi_v2.md")).unwrap();
    let mut quoted = 0;
    for (language, file) in [("sh", "walkthrough.sh"), ("python", "walkthrough.py")] {
        let script = std::fs::read_to_string(docs().join("examples").join(file)).unwrap();
        for block in page.split(&format!("```{language}\n")).skip(1) {
            let block = block.split("```").next().unwrap();
            assert!(script.contains(block), "not in {file}:\n{block}");
            quoted += 1;
        }
    }
    assert!(quoted > 8, "{quoted}");
}
