//! Records in bulk, imported by a process that is killed: each row once.

use crate::process::{DEADLINE, Server, eventually, rows, run, send_now};
use crate::support::{Engine, Scratch, TestApp, both};
use kernel::{Clock, SystemClock};
use serde_json::{Value, json};
use std::time::Duration;
use store::jobs::LEASE_TIME;
use store::{Db, StoreError};

const ROWS: i64 = 10_000;

/// A key of a new organization.
async fn key(database: &str) -> String {
    let made = async |args: &[&str]| -> Value {
        serde_json::from_str(&run(database, args).await).unwrap()
    };
    let organization = made(&["forms", "organizations", "create", "Museum", "--json"]).await;
    let org_id = organization["org_id"].to_string();
    let key = made(&["forms", "keys", "create", &org_id, "--name", "x", "--json"]).await;
    key["api_key"].as_str().unwrap().to_owned()
}

async fn call(base_url: &str, key: &str, method: &str, body: Value) -> Value {
    let client = httpkit::outgoing::client(DEADLINE).unwrap();
    let request = client
        .post(format!("{base_url}/api/v2/rpc/{method}"))
        .header("authorization", format!("Bearer {key}"))
        .json(&body);
    let mut answer = send_now(request).await.unwrap().json();
    assert_eq!(answer["code"], 0, "{method}: {answer}");
    answer["data"].take()
}

/// Has a file imported in which every seventh row has the number of the one before it; the job, and the good rows.
async fn import(base_url: &str, key: &str) -> (Value, i64) {
    let field = |title, kind, unique| json!({"field_title": title, "field_type": kind, "settings": {"is_unique": unique}});
    let fields = [
        field("姓名", "name", false),
        field("工号", "job_number", true),
    ];
    let form = json!({"name": "登记", "groups": [{"fields": fields}]});
    let form = call(base_url, key, "forms/create", form).await;
    let tpl_id = &form["form"]["id"];
    let element = json!({"element_type": 2, "element_value": tpl_id});
    let code = json!({"title": "大门", "operations": [{"name": "登记", "elements": [element]}]});
    let code = call(base_url, key, "qrcodes/create", code).await;
    let lines = (2..ROWS + 2).map(|row| format!("甲,n{}\n", row - i64::from(row % 7 == 0)));
    let good = ROWS - (2..ROWS + 2).filter(|row| row % 7 == 0).count() as i64;
    let text = format!("姓名,工号\n{}", lines.collect::<String>());
    let file = json!({"name": "a.csv", "content": base64(text.as_bytes())});
    let file = call(base_url, key, "uploads/create", file).await;
    let wanted = json!({
        "tpl_id": tpl_id, "code_id": code["meta"]["id"], "upload_id": file["upload_id"],
    });
    let job = call(base_url, key, "record/importRecords", wanted).await;
    (job["job_id"].clone(), good)
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    rows(db, sql, |row| row.get::<i64>(0)).await[0]
}

/// As if the dead process's lease had run out.
async fn free_the_job(db: &Db) {
    let freed: Result<(), StoreError> = db
        .write(|tx| {
            let sql = "UPDATE jobs SET run_at = 0 WHERE kind = 'forms.bulk'";
            tx.query_dynamic(sql, &[], |_| Ok(())).map(drop)
        })
        .await;
    freed.unwrap();
}

both! {
    async fn a_killed_process_loses_and_doubles_no_row(engine: Engine) {
        let scratch = Scratch::new(engine);
        let database = scratch.url();
        let key = key(&database).await;
        let mut started = None;
        for enough in [1, 700, 1500] {
            let server = Server::start(&database, &["--sandbox"]).await;
            if started.is_none() {
                started = Some(import(&server.base_url, &key).await);
            }
            let db = scratch.open().await;
            free_the_job(&db).await;
            let done = async || {
                let done = number(&db, "SELECT done FROM forms_jobs").await;
                (done >= enough).then_some(done)
            };
            eventually("rows are imported", done).await;
            server.kill();
            let done = number(&db, "SELECT done FROM forms_jobs").await;
            assert!(done < ROWS, "the process was not killed half-way");
            let results = number(&db, "SELECT COUNT(*) FROM forms_job_results").await;
            assert_eq!(results, done);
            let made = number(&db, "SELECT COUNT(*) FROM forms_records").await;
            let refused = number(&db, "SELECT failed FROM forms_jobs").await;
            assert_eq!(made, done - refused);
            db.close().await;
        }
        let (job_id, good) = started.unwrap();

        let app = TestApp::over_at(scratch, SystemClock.now(), |_| {}).await;
        app.pass(LEASE_TIME + Duration::from_secs(1)).await;
        let report = call(&app.base_url, &key, "record/getJob", json!({"job_id": job_id})).await;
        assert_eq!(
            (&report["state"], &report["done"], &report["failed"]),
            (&json!("done"), &json!(ROWS), &json!(ROWS - good))
        );
        for (sql, expected) in [
            ("SELECT COUNT(*) FROM forms_job_results", ROWS),
            ("SELECT COUNT(*) FROM forms_records", good),
            ("SELECT COUNT(DISTINCT record_number) FROM forms_records", good),
            ("SELECT MAX(last) FROM forms_numbers WHERE kind = 'L'", good),
            ("SELECT COUNT(*) FROM forms_unique_values", good),
            ("SELECT COUNT(*) FROM forms_texts", good),
            ("SELECT COUNT(*) FROM forms_job_rows", 0),
            ("SELECT COUNT(*) FROM jobs WHERE kind = 'forms.bulk'", 0),
            // Each record is of the row that says so.
            (
                "SELECT COUNT(*) FROM forms_job_results s JOIN forms_records r ON r.record_id = s.record_id \
                 WHERE s.reference = r.record_number AND instr(r.fields, '\"n' || s.item || '\"') > 0",
                good,
            ),
        ] {
            assert_eq!(app.sum(sql).await, expected, "{sql}");
        }
        app.stop().await;
    }
}
