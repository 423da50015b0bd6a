//! Records in bulk: imported, exported, given certificates; by nodes that compete and die.

use crate::support::{
    Engine, World, both, certificates, field, refusal, start, submission, unique,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Clock, Locale, Rng};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use store::StoreError;
use store::jobs::{self, Job, LEASE_TIME};
use store::record::Json;
use tallystick_forms::Forms;
use tallystick_forms::model::form::{Choice, Column, Field, FieldType, Item};
use tallystick_forms::model::limits::{Limit, LimitPeriod, Limits};
use tallystick_forms::model::{KeyState, Right};
use tallystick_forms::repo::{Code, Template};
use tokio::task::JoinSet;

const IMPORT: &str = "record/importRecords";
const EXPORT: &str = "record/exportRecords";
const ISSUE: &str = "record/issueCertificates";
const JOB: &str = "record/getJob";

/// A file as an upload.
pub(crate) async fn upload(world: &World, name: &str, bytes: &[u8]) -> String {
    let body = json!({"name": name, "content": STANDARD.encode(bytes)});
    let made = world.ok("uploads/create", body).await;
    made["upload_id"].as_str().unwrap().to_owned()
}

/// A spreadsheet of texts; what begins with `#` is a number.
fn xlsx(rows: &[Vec<String>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell.strip_prefix('#') {
                Some(number) => sheet.write(row, column, number.parse::<f64>().unwrap()),
                None => sheet.write(row, column, cell),
            }
            .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// What is due, except deliveries of webhooks, which go over the network.
async fn lease(world: &World) -> Vec<Job> {
    let now = world.forms.now();
    let leased: Result<Vec<Job>, StoreError> = world
        .forms
        .db()
        .write(move |tx| jobs::lease(tx, "node", now, 1000))
        .await;
    let mut leased = leased.unwrap();
    leased.retain(|job| job.kind != "forms.webhook");
    leased
}

/// Carries out what is due, except deliveries of webhooks.
pub async fn work(world: &World) {
    for job in lease(world).await {
        world.forms.run_job(job).await;
    }
}

/// Another node on the same database.
async fn another_node(world: &World, seed: u64) -> Forms {
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let rng = Arc::new(Rng::seeded(seed));
    let config = world.forms.config().clone();
    let hooks = world.forms.webhooks().clone();
    let made = Forms::new(world.forms.db().clone(), clock, rng, hooks, config);
    made.await.unwrap()
}

/// A node that dies after it has been woken so many times: what it had sent to the database happens all the same.
struct Dying<F> {
    node: Pin<Box<F>>,
    left: usize,
}

impl<F: Future<Output = ()>> Future for Dying<F> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            return Poll::Ready(());
        }
        self.left -= 1;
        self.node.as_mut().poll(context)
    }
}

/// A form of a name, a phone number and a unique number, and its code.
async fn desk(world: &World, change: impl FnOnce(&mut Template)) -> (Template, Code) {
    let mut name = field(1, "姓名", FieldType::Name);
    name.settings.is_required = true;
    let fields = vec![
        name,
        field(2, "手机", FieldType::Tel),
        unique(field(3, "工号", FieldType::JobNumber)),
    ];
    let form = world.form(fields, change).await;
    let code = world.code(&[form.tpl_id], |_| {}).await;
    (form, code)
}

/// Imports a file; the job's id.
async fn import(world: &World, form: &Template, code: &Code, upload_id: &str, dry: bool) -> Value {
    let body = json!({
        "tpl_id": form.tpl_id, "code_id": code.code_id, "upload_id": upload_id, "dry_run": dry,
    });
    world.ok(IMPORT, body).await["job_id"].clone()
}

/// The job with everything that came of it.
async fn job(world: &World, job_id: &Value) -> Value {
    let body = json!({"job_id": job_id, "report": "all", "page_size": 100});
    world.ok(JOB, body).await
}

/// Rows and codes of what was refused.
fn refused(job: &Value) -> Vec<(i64, i64)> {
    let items = job["report"].as_array().unwrap().iter();
    items
        .filter(|item| item["error_code"].is_i64())
        .map(|item| {
            let code = item["error_code"].as_i64().unwrap();
            (item["row"].as_i64().unwrap(), code)
        })
        .collect()
}

/// `done`, `failed` and how many records there are.
async fn tally(world: &World, job: &Value) -> (i64, i64, i64) {
    let records = world.number("SELECT COUNT(*) FROM forms_records").await;
    let of = |name: &str| job[name].as_i64().unwrap();
    (of("done"), of("failed"), records)
}

/// Every record was made once, under the next number, of the row that says so.
async fn exactly_once(world: &World, job_id: &Value, rows: i64, numbers: i64) {
    let done = job(world, job_id).await;
    assert_eq!(
        (&done["state"], &done["done"]),
        (&json!("done"), &json!(rows))
    );
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM forms_job_results", rows),
        ("SELECT COUNT(*) FROM forms_records", numbers),
        (
            "SELECT COUNT(DISTINCT record_id) FROM forms_job_results",
            numbers,
        ),
        (
            "SELECT COUNT(DISTINCT record_number) FROM forms_records",
            numbers,
        ),
        ("SELECT COUNT(*) FROM forms_texts", numbers),
        (
            "SELECT MAX(last) FROM forms_numbers WHERE kind = 'L'",
            numbers,
        ),
        ("SELECT COUNT(*) FROM forms_unique_values", numbers),
        ("SELECT COUNT(*) FROM forms_job_rows", 0),
        ("SELECT COUNT(*) FROM jobs", 0),
        (
            "SELECT COUNT(*) FROM forms_job_results s JOIN forms_records r ON r.record_id = s.record_id \
             WHERE s.reference = r.record_number AND instr(r.fields, '\"n' || s.item || '\"') > 0",
            numbers,
        ),
    ] {
        assert_eq!(world.number(sql).await, expected, "{sql}");
    }
}

/// So many rows, of which every seventh is refused: its number is the one before it.
fn many(rows: i64) -> (String, i64) {
    let row = |n: i64| match n % 7 {
        0 => format!("甲,,n{}\n", n - 1),
        _ => format!("甲,,n{n}\n"),
    };
    let text = (2..rows + 2).map(row).collect::<String>();
    let bad = (2..rows + 2).filter(|n| n % 7 == 0).count();
    (
        format!("姓名,手机,工号\n{text}"),
        rows - i64::try_from(bad).unwrap(),
    )
}

both! {
    async fn good_and_bad_rows(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let text = "\u{feff}姓名,手机,工号\n甲,13800138000,A1\n,13800138001,A2\n乙,12345,A3\n\n丙,,a１\n丁,,\n";
        let file = upload(&world, "a.csv", text.as_bytes()).await;
        let body = json!({"tpl_id": form.tpl_id, "code_id": code.code_id, "upload_id": file});
        let started = world.ok(IMPORT, body).await;
        let job_id = &started["job_id"];
        assert_eq!(started, json!({
            "job_id": job_id, "kind": "import", "state": "waiting", "total": 5, "done": 0, "failed": 0,
        }));
        work(&world).await;
        let second = start().micros() / 1_000_000;
        let iso = "2026-06-02 12:30:00(UTC+08:00)";
        let mut done = world.ok(JOB, json!({"job_id": job_id})).await;
        assert_eq!(done.as_object_mut().unwrap().remove("report").unwrap(), json!([
            {"row": 3, "code": 400, "error_code": 100308, "message": "Required field is empty", "message_detail": "姓名: must be filled in"},
            {"row": 4, "code": 400, "error_code": 100309, "message": "Field validation failed", "message_detail": "手机: must be a mobile number of 11 digits"},
            {"row": 6, "code": 400, "error_code": 100307, "message": "Duplicate submission not allowed for this field", "message_detail": "工号: was submitted before"},
        ]));
        assert_eq!(done, json!({
            "job_id": job_id, "kind": "import", "state": "done", "total": 5, "done": 5, "failed": 3,
            "tpl_id": form.tpl_id, "dry_run": false, "created_at": second, "created_at_iso": iso,
            "ended_at": second, "ended_at_iso": iso, "error": null, "file": null,
            "page": {"current_page": 1, "last_page": 1, "page_size": 20, "total": 3},
        }));
        let all = job(&world, job_id).await["report"].clone();
        assert_eq!(all[0]["record_number"], "L1");
        assert_eq!(all[4], json!({"row": 7, "record_number": "L2", "record_id": all[4]["record_id"]}));
        let record = world.ok("record/getRecord", json!({"record_id": all[0]["record_id"]})).await;
        assert_eq!(record["data"]["submit_method"], "批量导入");
        assert_eq!(record["data"]["recorder"], json!({"name": "甲", "phone": "13800138000"}));
        let second_page = world.ok(JOB, json!({"job_id": job_id, "page": 2, "page_size": 2})).await;
        assert_eq!(second_page["report"].as_array().unwrap().len(), 1);
        assert_eq!(second_page["page"]["last_page"], 2);
        // In the language of whoever asks.
        let (scope, id) = (world.scope(), job_id.as_i64().unwrap());
        let kept = world.forms.bulk_job(&scope, id, None, (0, 1)).await.unwrap();
        let told = &kept.results[0].refusal.as_ref().unwrap().0;
        assert_eq!(told.words(Locale::ZhCn), ("必填字段为空", "姓名: 必须填写"));
    }

    async fn limits_hold_in_the_middle_of_a_file(engine: Engine) {
        let limit = |count| Some(Limit { count, period: LimitPeriod::Total });
        let world = World::new(engine).await;
        let limits = Limits { total: limit(10), per_user: limit(2), window: None };
        let (form, code) = desk(&world, |form| form.limits = Json(limits)).await;
        let mut text = String::from("姓名,手机,工号\n");
        // Three of one person, of whom one is too many; rows without a phone number are people of their own.
        for n in 2..5 {
            text += &format!("甲,13800138000,n{n}\n");
        }
        // One that is refused takes nothing of the limit.
        text += ",,n5\n";
        for n in 6..18 {
            text += &format!("乙,,n{n}\n");
        }
        let file = upload(&world, "a.csv", text.as_bytes()).await;
        let dry = import(&world, &form, &code, &file, true).await;
        work(&world).await;
        let expected = vec![(4, 100_311), (5, 100_308), (14, 100_312), (15, 100_312), (16, 100_312), (17, 100_312)];
        let rehearsed = job(&world, &dry).await;
        assert_eq!(refused(&rehearsed), expected);
        assert_eq!(tally(&world, &rehearsed).await, (16, 6, 0));
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_counts").await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_unique_values").await, 0);
        let real = import(&world, &form, &code, &file, false).await;
        work(&world).await;
        let done = job(&world, &real).await;
        assert_eq!(refused(&done), expected);
        assert_eq!(tally(&world, &done).await, (16, 6, 10));
        assert_eq!(world.number("SELECT used FROM forms_counts WHERE subject = ''").await, 10);
        // What has been imported is there for a dry run.
        let dry = import(&world, &form, &code, &file, true).await;
        work(&world).await;
        assert_eq!(job(&world, &dry).await["failed"], 16);
    }

    async fn duplicates_within_the_file_and_of_what_there_is(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let there = json!([
            {"field_id": 1, "field_type": "name", "field_value": "甲"},
            {"field_id": 3, "field_type": "job_number", "field_value": "A1"},
        ]);
        let body = json!({"tpl_id": form.tpl_id, "code_id": code.code_id, "fields": there});
        world.ok("record/addRecord", body).await;
        let text = "姓名,工号\n乙,A1\n丙,A2\n丁,a2 \n戊,A3\n";
        for (name, bytes) in [
            ("a.csv", text.as_bytes().to_vec()),
            ("a.xlsx", xlsx(&text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect::<Vec<_>>())),
        ] {
            let file = upload(&world, name, &bytes).await;
            let dry = import(&world, &form, &code, &file, true).await;
            work(&world).await;
            let dry = job(&world, &dry).await;
            assert_eq!((refused(&dry), &dry["dry_run"]), (vec![(2, 100_307), (4, 100_307)], &json!(true)));
        }
        let file = upload(&world, "a.csv", text.as_bytes()).await;
        let real = import(&world, &form, &code, &file, false).await;
        work(&world).await;
        assert_eq!(refused(&job(&world, &real).await), [(2, 100_307), (4, 100_307)]);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 3);
    }

    async fn files_that_are_no_tables_are_refused(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let wide = (0..1_000_000).map(|_| "a,").collect::<String>();
        let zeros = vec![0; 65 * 1024 * 1024];
        let bomb = archive(&[("[Content_Types].xml", b""), ("xl/workbook.xml", b""), ("xl/a", &zeros)]);
        assert!(bomb.len() < 1024 * 1024);
        let png = b"\x89PNG\r\n\x1a\n....".to_vec();
        for (bytes, detail) in [
            (b"\n\n,,\n".to_vec(), "upload_id has no header row"),
            ("姓名\n".into(), "upload_id has no rows beneath the header"),
            (wide.into_bytes(), "upload_id has more than 500 columns"),
            (format!("姓名\n{}", "a\n".repeat(10_001)).into_bytes(), "upload_id has more than 10000 rows"),
            ("姓名,部门\na,b".into(), "upload_id has a column \"部门\" that is no field of the form"),
            ("姓名\na,,,b".into(), "upload_id has a column \"D\" that is no field of the form"),
            ("姓名,姓名\na,b".into(), "upload_id has the column \"姓名\" more than once"),
            (png, "upload_id is no CSV or XLSX file that can be read"),
            (bomb, "upload_id unpacks to more than 67108864 bytes"),
            (archive(&[("[Content_Types].xml", b"<"), ("xl/workbook.xml", b"<")]), "upload_id is no CSV or XLSX file that can be read"),
            (archive(&[("a.txt", b"a")]), "upload_id is no CSV or XLSX file that can be read"),
            (crafted("<dimension ref=\"B2:A1\"/><sheetData/>"), "upload_id is no CSV or XLSX file that can be read"),
            (crafted("<sheetData><row r=\"4294967297\"><c r=\"A4294967297\"><v>1</v></c></row></sheetData>"), "upload_id is no CSV or XLSX file that can be read"),
        ] {
            let file = upload(&world, "a", &bytes).await;
            let body = json!({"tpl_id": form.tpl_id, "code_id": code.code_id, "upload_id": file});
            assert_eq!(world.refused(IMPORT, body).await, (100_301, detail.into()));
        }
        // Text in another encoding is not even taken as an upload.
        let gbk = json!({"name": "a.csv", "content": STANDARD.encode(b"\xd0\xd5\xc3\xfb\n\xbc\xd7\n")});
        assert_eq!(world.refused("uploads/create", gbk).await.0, 100_301);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_jobs").await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 0);
    }

    async fn what_does_not_go_together_is_refused(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let file = upload(&world, "a.csv", "名,备注\n甲,x\n".as_bytes()).await;
        let body = |change: &dyn Fn(&mut Value)| {
            let mut body = json!({
                "tpl_id": form.tpl_id, "code_id": code.code_id, "upload_id": file, "mapping": {"名": 1, "备注": 0},
            });
            change(&mut body);
            body
        };
        let other = world.code(&[], |_| {}).await;
        for (change, expected) in [
            (&(|b: &mut Value| b["tpl_id"] = json!(9)) as &dyn Fn(&mut Value), (100_304, "")),
            (&|b| b["code_id"] = json!(9), (404, "Code not found")),
            (&|b| b["code_id"] = json!(other.code_id), (100_306, "")),
            (&|b| b["upload_id"] = json!("u0"), (404, "Upload not found")),
            (&|b| b["mapping"]["名"] = json!(9), (100_301, "mapping.名 does not exist")),
            (&|b| b["mapping"]["x"] = json!(1), (100_301, "mapping.x does not exist")),
            (&|b| b["mapping"]["名"] = json!("1"), (100_301, "mapping.名 must be an integer")),
            (&|b| b["mapping"] = json!([1]), (100_301, "mapping must be an object")),
        ] {
            assert_eq!(world.refused(IMPORT, body(change)).await, (expected.0, expected.1.into()));
        }
        assert_eq!(
            world.refused(IMPORT, json!({"dry_run": 2})).await,
            (100_301, "tpl_id is required; code_id is required; upload_id is required; dry_run must be a boolean".into())
        );
        let answer = world.call(&world.read_only_key, IMPORT, &body(&|_| {})).await;
        assert_eq!(refusal(answer).0, 403);
        let (_, _, stranger) = world.other_organization().await;
        assert_eq!(refusal(world.call(&stranger, IMPORT, &body(&|_| {})).await).0, 100_304);

        let started = world.ok(IMPORT, body(&|_| {})).await;
        let asked = json!({"job_id": started["job_id"]});
        assert_eq!(refusal(world.call(&stranger, JOB, &asked).await), (404, "Job not found".into()));
        let elsewhere = world.key_of(&[]).await;
        assert_eq!(refusal(world.call(&elsewhere, JOB, &asked).await).0, 404);
        assert_eq!(refusal(world.call(&stranger, "record/cancelJob", &asked).await).0, 404);
        assert_eq!(world.call(&world.read_only_key, JOB, &asked).await.0, 200);
        world.clock.advance(Duration::from_secs(24 * 3600));
        let expired = world.refused(IMPORT, body(&|_| {})).await;
        assert_eq!(expired, (100_310, "upload_id: names an upload that has expired".into()));
        // What was asked for before goes on without the upload.
        work(&world).await;
        assert_eq!(job(&world, &started["job_id"]).await["failed"], 0);
    }

    async fn two_nodes_double_nothing(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let (text, good) = many(420);
        let file = upload(&world, "a.csv", text.as_bytes()).await;
        let job_id = import(&world, &form, &code, &file, false).await;
        // Both believe that the job is theirs.
        let leased = lease(&world).await;
        let mut nodes = JoinSet::new();
        for seed in [2, 3] {
            let (node, job) = (another_node(&world, seed).await, leased[0].clone());
            nodes.spawn(async move { node.run_job(job).await });
        }
        nodes.join_all().await;
        exactly_once(&world, &job_id, 420, good).await;
    }

    async fn nodes_that_die_lose_and_double_nothing(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let (text, good) = many(700);
        let file = upload(&world, "a.csv", text.as_bytes()).await;
        let job_id = import(&world, &form, &code, &file, false).await;
        for lives in 1.. {
            let leased = lease(&world).await;
            if leased.is_empty() {
                break;
            }
            let node = another_node(&world, lives).await;
            for job in leased {
                let left = usize::try_from(lives).unwrap() % 9 + 1;
                Dying { node: Box::pin(node.run_job(job)), left }.await;
            }
            world.clock.advance(LEASE_TIME + Duration::from_secs(1));
        }
        exactly_once(&world, &job_id, 700, good).await;
    }

    async fn endpoints_are_told_of_each_record_once(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        world.ok("webhooks/create", json!({"url": "https://example.com/hook"})).await;
        let (text, good) = many(120);
        let file = upload(&world, "a.csv", text.as_bytes()).await;
        let dry = import(&world, &form, &code, &file, true).await;
        work(&world).await;
        assert_eq!(job(&world, &dry).await["done"], 120);
        assert_eq!(world.number("SELECT COUNT(*) FROM webhook_events").await, 0);
        import(&world, &form, &code, &file, false).await;
        let leased = lease(&world).await;
        let mut nodes = JoinSet::new();
        for seed in [2, 3] {
            let (node, job) = (another_node(&world, seed).await, leased[0].clone());
            nodes.spawn(async move { node.run_job(job).await });
        }
        nodes.join_all().await;
        let told = "SELECT COUNT(DISTINCT object_id) FROM webhook_events WHERE kind = 'FORM_DATA_SUBMIT'";
        assert_eq!(world.number(told).await, good);
        assert_eq!(world.number("SELECT COUNT(*) FROM webhook_events").await, good);

        let mut switched = form.clone();
        switched.certificate = Json(certificates());
        world.store(move |tx| switched.save(tx)).await;
        world.ok(ISSUE, json!({"tpl_id": form.tpl_id, "all": true})).await;
        work(&world).await;
        let told = "SELECT COUNT(DISTINCT object_id) FROM webhook_events WHERE kind = 'CERTIFICATE_STATUS'";
        assert_eq!(world.number(told).await, good);
        assert_eq!(world.number("SELECT COUNT(*) FROM webhook_events").await, 2 * good);
    }

    /// Submissions meanwhile take their numbers and limits as ever.
    async fn others_submit_while_rows_are_imported(engine: Engine) {
        let world = Arc::new(World::new(engine).await);
        let limit = Some(Limit { count: 300, period: LimitPeriod::Total });
        let limits = Limits { total: limit, per_user: None, window: None };
        let (form, code) = desk(&world, |form| form.limits = Json(limits)).await;
        let text: String = (2..302).map(|n| format!("甲,,n{n}\n")).collect();
        let file = upload(&world, "a.csv", format!("姓名,手机,工号\n{text}").as_bytes()).await;
        let job_id = import(&world, &form, &code, &file, false).await;
        let mut clients = JoinSet::new();
        for client in 0..4 {
            let (world, form, code) = (Arc::clone(&world), form.clone(), code.clone());
            clients.spawn(async move {
                let mut made = 0;
                for n in 0..25 {
                    let fields = json!([
                        {"field_id": 1, "field_type": "name", "field_value": "乙"},
                        {"field_id": 3, "field_type": "job_number", "field_value": format!("c{client}-{n}")},
                    ]);
                    let body = json!({"tpl_id": form.tpl_id, "code_id": code.code_id, "fields": fields});
                    let (status, answer) = world.call(&world.key, "record/addRecord", &body).await;
                    assert!(status == 200 || answer["error_code"] == 100_312, "{answer}");
                    made += i64::from(status == 200);
                }
                made
            });
        }
        work(&world).await;
        let others: i64 = clients.join_all().await.into_iter().sum();
        let done = job(&world, &job_id).await;
        let (all, failed, records) = tally(&world, &done).await;
        assert_eq!((all, all - failed + others, records), (300, 300, 300));
        assert_eq!(world.number("SELECT COUNT(DISTINCT record_number) FROM forms_records").await, 300);
        assert_eq!(world.number("SELECT MAX(last) FROM forms_numbers WHERE kind = 'L'").await, 300);
    }

    async fn work_can_be_ended(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let (text, _) = many(300);
        let file = upload(&world, "a.csv", text.as_bytes()).await;
        let job_id = import(&world, &form, &code, &file, false).await;
        let leased = lease(&world).await;
        Dying { node: Box::pin(world.forms.run_job(leased[0].clone())), left: 6 }.await;
        let cancelled = world.ok("record/cancelJob", json!({"job_id": job_id})).await;
        assert_eq!(cancelled["state"], "cancelled");
        let before = job(&world, &job_id).await;
        world.forms.run_job(leased[0].clone()).await;
        let after = job(&world, &job_id).await;
        assert_eq!(after, before);
        let (done, failed, records) = tally(&world, &after).await;
        assert!(done < 300 && done % 50 == 0, "{done}");
        assert_eq!(done - failed, records);
        for sql in ["SELECT COUNT(*) FROM jobs", "SELECT COUNT(*) FROM forms_job_rows"] {
            assert_eq!(world.number(sql).await, 0, "{sql}");
        }
        // Once more changes nothing; what has ended by itself cannot be ended.
        assert_eq!(world.ok("record/cancelJob", json!({"job_id": job_id})).await, cancelled);
        let file = upload(&world, "a.csv", "姓名\n甲\n".as_bytes()).await;
        let job_id = import(&world, &form, &code, &file, false).await;
        work(&world).await;
        assert_eq!(
            world.refused("record/cancelJob", json!({"job_id": job_id})).await,
            (100_301, "job_id is not possible: done".into())
        );
    }

    async fn a_key_that_counts_no_longer_ends_its_work(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let file = upload(&world, "a.csv", "姓名\n甲\n".as_bytes()).await;
        let rights = [Right::Read, Right::Write];
        let org_id = world.org.org_id;
        let made = world.forms.create_key(org_id, "x", &rights, None).await.unwrap();
        let body = json!({"tpl_id": form.tpl_id, "code_id": code.code_id, "upload_id": file});
        let (_, answer) = world.call(made.secret.expose(), IMPORT, &body).await;
        let key_id = made.key.api_key_id;
        world.forms.set_key_state(org_id, key_id, KeyState::Revoked).await.unwrap();
        work(&world).await;
        let ended = job(&world, &answer["data"]["job_id"]).await;
        assert_eq!(ended["state"], "failed");
        assert_eq!(ended["error"], json!({
            "code": 401, "error_code": 100_315, "message": "API key invalid or disabled",
            "message_detail": "The API key was revoked",
        }));
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 0);
    }

    async fn rows_of_a_form_that_changes_meanwhile(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let file = upload(&world, "a.csv", "姓名,工号\n甲,1\n".as_bytes()).await;
        let mut changed = form.clone();
        changed.definition.0.groups[0].fields.pop();
        let job_id = import(&world, &form, &code, &file, false).await;
        world.store(move |tx| changed.save(tx)).await;
        work(&world).await;
        let report = job(&world, &job_id).await["report"].clone();
        assert_eq!(report[0]["message_detail"], "3: is no field of this form");
        let job_id = {
            let file = upload(&world, "a.csv", "姓名\n甲\n".as_bytes()).await;
            import(&world, &form, &code, &file, false).await
        };
        world.ok("qrcodes/setStatus", json!({"code_id": code.code_id, "status": "disabled"})).await;
        work(&world).await;
        assert_eq!(refused(&job(&world, &job_id).await), [(2, 100_314)]);
    }

    async fn an_export_reads_back_as_the_same_records(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(every_field(), |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let picture = upload(&world, "a.png", b"\x89PNG\r\n\x1a\n....").await;
        for n in 0..3 {
            let body = json!({
                "tpl_id": form.tpl_id, "code_id": code.code_id, "fields": values(n, &picture),
                "submitter": {"name": "=cmd()", "phone": "13800138000"},
            });
            world.ok("record/addRecord", body).await;
        }
        for format in ["csv", "xlsx"] {
            let body = json!({"tpl_id": form.tpl_id, "format": format});
            let job_id = world.ok(EXPORT, body).await["job_id"].clone();
            work(&world).await;
            let done = job(&world, &job_id).await;
            assert_eq!((&done["state"], &done["done"], &done["total"]), (&json!("done"), &json!(3), &json!(3)));
            let url = done["file"]["url"].as_str().unwrap();
            let (status, headers, bytes) = world.get(url.strip_prefix(crate::support::PUBLIC_URL).unwrap()).await;
            assert_eq!((status.as_u16(), done["file"]["size"].as_u64()), (200, Some(bytes.len() as u64)));
            assert_eq!(headers["x-content-type-options"], "nosniff");
            if format == "csv" {
                no_formulas(&bytes);
            }
            let before = fields(&world, &form).await;
            let again = world.form(every_field(), |_| {}).await;
            let code = world.code(&[again.tpl_id], |_| {}).await;
            let file = upload(&world, "again", &bytes).await;
            let job_id = import(&world, &again, &code, &file, false).await;
            work(&world).await;
            assert_eq!(refused(&job(&world, &job_id).await), []);
            assert_eq!(fields(&world, &again).await, before, "{format}");
        }
    }

    async fn an_export_has_the_records_asked_for(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "地点", FieldType::Text)], |form| {
            form.certificate = Json(certificates());
        }).await;
        let (one, two) = (world.code(&[form.tpl_id], |_| {}).await, world.code(&[form.tpl_id], |_| {}).await);
        for (code, name) in [(&one, "大门"), (&one, "后门"), (&two, "大门")] {
            world.ok("record/addRecord", submission(code, &form, name)).await;
            world.clock.advance(Duration::from_secs(60));
        }
        let second = start().micros() / 1_000_000;
        for (filter, numbers) in [
            (json!({}), vec!["L1", "L2", "L3"]),
            (json!({"code_id": one.code_id}), vec!["L1", "L2"]),
            (json!({"search_key": "大门"}), vec!["L1", "L3"]),
            (json!({"start_time": second + 60, "end_time": second + 60}), vec!["L2"]),
            (json!({"search_key": "侧门"}), vec![]),
        ] {
            let mut body = json!({"tpl_id": form.tpl_id, "format": "csv"});
            body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
            let job_id = world.ok(EXPORT, body).await["job_id"].clone();
            work(&world).await;
            let done = job(&world, &job_id).await;
            let path = done["file"]["url"].as_str().unwrap().strip_prefix(crate::support::PUBLIC_URL).unwrap().to_owned();
            let text = String::from_utf8(world.get(&path).await.2).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(
                lines[0],
                "\u{feff}Record number,Submitted at,Code,Submitted by,Submitter's phone,Submitted by way of,Approval,Certificate code,Certificate status,地点"
            );
            let found: Vec<&str> = lines[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
            assert_eq!(found, numbers);
            if numbers.len() == 3 {
                assert!(lines[1].starts_with("L1,2026-06-02 12:30:00(UTC+08:00),1号灭火器,,,API,,v"), "{}", lines[1]);
                assert!(lines[1].ends_with(",待核销,大门"), "{}", lines[1]);
            }
        }
        assert_eq!(
            world.refused(EXPORT, json!({"format": "pdf", "start_time": 2, "end_time": 1})).await,
            (100_301, "tpl_id is required; format must be one of: csv, xlsx; end_time must not be before start_time".into())
        );
        assert_eq!(world.refused(EXPORT, json!({"tpl_id": 9, "format": "csv"})).await.0, 100_304);
        let body = json!({"tpl_id": form.tpl_id, "format": "csv", "code_id": 9});
        assert_eq!(world.refused(EXPORT, body).await.0, 404);
    }

    async fn certificates_are_issued_to_those_that_have_none(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "地点", FieldType::Text)], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let mut records = Vec::new();
        for n in 0..120 {
            let made = world.ok("record/addRecord", submission(&code, &form, &n.to_string())).await;
            records.push(made["record_id"].as_i64().unwrap());
        }
        let all = json!({"tpl_id": form.tpl_id, "all": true});
        assert_eq!(world.refused(ISSUE, all.clone()).await.0, 100_321);
        let mut switched = form.clone();
        switched.certificate = Json(certificates());
        world.store(move |tx| switched.save(tx)).await;
        world.ok("record/deleteRecord", json!({"record_id": records[0]})).await;
        let pending = records[1];
        world.store(move |tx| {
            let sql = format!("UPDATE forms_records SET audit_status = 'pending', audit_level = 1 WHERE record_id = {pending}");
            tx.query_dynamic(&sql, &[], |_| Ok(())).map(drop)
        }).await;

        let other = world.form(vec![field(1, "地点", FieldType::Text)], |_| {}).await;
        let code_of_other = world.code(&[other.tpl_id], |_| {}).await;
        let foreign = world.ok("record/addRecord", submission(&code_of_other, &other, "x")).await;
        let foreign = foreign["record_id"].as_i64().unwrap();
        let named = [records[0], records[1], records[2], records[2], foreign];
        let body = json!({"tpl_id": form.tpl_id, "record_ids": named});
        let job_id = world.ok(ISSUE, body).await["job_id"].clone();
        work(&world).await;
        let done = job(&world, &job_id).await;
        let report = done["report"].as_array().unwrap();
        let told = |n: usize| (report[n]["record_id"].as_i64().unwrap(), report[n]["error_code"].as_i64());
        assert_eq!(report.len(), 4);
        assert_eq!(told(0), (records[0], Some(100_303)));
        assert_eq!(told(1), (records[1], Some(100_322)));
        assert_eq!(told(3), (foreign, Some(100_323)));
        let code_of_third = report[2]["certificate_code"].as_str().unwrap();
        assert!(code_of_third.starts_with('v'));

        let started = world.ok(ISSUE, all.clone()).await;
        assert_eq!((&started["kind"], &started["total"]), (&json!("certificates"), &json!(117)));
        let leased = lease(&world).await;
        let mut nodes = JoinSet::new();
        for seed in [2, 3] {
            let (node, job) = (another_node(&world, seed).await, leased[0].clone());
            nodes.spawn(async move { node.run_job(job).await });
        }
        nodes.join_all().await;
        let done = job(&world, &started["job_id"]).await;
        assert_eq!(tally(&world, &done).await, (117, 0, 121));
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_certificates").await, 118);
        let shown = world.ok("record/getCertificate", json!({"record_id": records[2]})).await;
        assert_eq!(shown["certificate_code"], code_of_third);
        // Nothing is left to do.
        let started = world.ok(ISSUE, all).await;
        work(&world).await;
        let done = job(&world, &started["job_id"]).await;
        assert_eq!((&done["state"], &done["total"]), (&json!("done"), &json!(0)));
        assert_eq!(
            world.refused(ISSUE, json!({"tpl_id": form.tpl_id})).await,
            (100_301, "record_ids provide one of: record_ids, all".into())
        );
    }

    async fn what_has_ended_is_forgotten_after_a_while(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = desk(&world, |_| {}).await;
        let file = upload(&world, "a.csv", "姓名\n甲\n".as_bytes()).await;
        let old = import(&world, &form, &code, &file, false).await;
        work(&world).await;
        world.forms.schedule_recurring().await.unwrap();
        world.forms.schedule_recurring().await.unwrap();
        work(&world).await;
        assert_eq!(job(&world, &old).await["state"], "done");
        world.clock.advance(Duration::from_secs(31 * 24 * 3600));
        let file = upload(&world, "a.csv", "姓名\n甲\n".as_bytes()).await;
        let new = import(&world, &form, &code, &file, false).await;
        work(&world).await;
        assert_eq!(world.refused(JOB, json!({"job_id": old})).await.0, 404);
        assert_eq!(job(&world, &new).await["state"], "done");
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_uploads").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 2);
        assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 1);
    }

    async fn an_organization_has_so_many_at_once(engine: Engine) {
        let world = World::new(engine).await;
        let (form, _) = desk(&world, |_| {}).await;
        let body = json!({"tpl_id": form.tpl_id, "format": "csv"});
        for _ in 0..20 {
            world.ok(EXPORT, body.clone()).await;
        }
        assert_eq!(world.refused(EXPORT, body.clone()).await.0, 429);
        work(&world).await;
        world.ok(EXPORT, body).await;
    }
}

/// A workbook with one sheet that says this.
fn crafted(sheet: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let workbook = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let links = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" Type=\"{office}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let types = format!("<Types xmlns=\"{package}/content-types\"/>");
    let sheet = format!("<worksheet xmlns=\"{main}\">{sheet}</worksheet>");
    archive(&[
        ("[Content_Types].xml", types.as_bytes()),
        (
            "_rels/.rels",
            links("officeDocument", "xl/workbook.xml").as_bytes(),
        ),
        ("xl/workbook.xml", workbook.as_bytes()),
        (
            "xl/_rels/workbook.xml.rels",
            links("worksheet", "worksheets/sheet1.xml").as_bytes(),
        ),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// An archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A field of every type that takes something.
fn every_field() -> Vec<Field> {
    let option = |option_id, title: &str, parent_id| Choice {
        option_id,
        title: title.into(),
        is_other: title == "其他",
        parent_id,
    };
    let types = FieldType::ALL.iter().zip(1..);
    let types = types.filter(|(field_type, _)| **field_type != FieldType::Description);
    types
        .map(|(field_type, id)| {
            let title = match field_type {
                // Titles that columns of their own have, or another field.
                FieldType::Text => "Code",
                FieldType::TextArea => "地点",
                FieldType::OwnerAddress => "地点",
                other => other.name(),
            };
            let mut field = field(id, title, *field_type);
            let rules = &mut field.rules;
            rules.options = vec![option(1, "良好", None), option(2, "a;b", None)];
            rules.options.push(match field_type {
                FieldType::ChainedSelects => option(3, "深/圳", Some(1)),
                _ => option(3, "其他", None),
            });
            rules.items = vec![Item {
                item_id: 1,
                title: "压力".into(),
            }];
            let options = vec![option(1, "是", None), option(2, "否", None)];
            rules.columns = ["text", "number", "radio"]
                .into_iter()
                .zip(1..)
                .map(|(kind, column_id)| Column {
                    column_id,
                    title: kind.into(),
                    column_type: kind.into(),
                    options: options.clone(),
                })
                .collect();
            field
        })
        .collect()
}

/// Something for every field; `n` varies it.
fn values(n: usize, picture: &str) -> Value {
    let entries = every_field().into_iter().map(|field| {
        let pick = |values: [Value; 3]| values[n].clone();
        let cells = json!([
            {"column_id": 1, "value": "a：b、c"}, {"column_id": 2, "value": -2.5}, {"column_id": 3, "value": {"option_id": 1}},
        ]);
        let value = match field.field_type {
            FieldType::Tel | FieldType::CustomerMobile => json!("13800138000"),
            FieldType::Identity | FieldType::OcrIdentity => json!("11010519491231002X"),
            FieldType::CarNumber => json!("粤B12345"),
            FieldType::Date => json!("2026-06-02"),
            FieldType::Time => json!("12:30"),
            FieldType::Number => pick([json!({"value": -5}), json!({"value": 0.1}), json!({"value": 9_007_199_254_740_993_i64})]),
            FieldType::Sex | FieldType::Radio => pick([
                json!({"option_id": 1}), json!({"option_id": 3, "custom_text": "=1+1"}), json!({"option_id": 3, "custom_text": "良好"}),
            ]),
            FieldType::Checkbox => pick([
                json!({"values": [{"option_id": 1}, {"option_id": 3, "custom_text": "@x"}]}),
                json!({"values": [{"option_id": 1}, {"option_id": 2}]}),
                Value::Null,
            ]),
            FieldType::ChainedSelects => json!({"path": [1, 3]}),
            FieldType::Checklist => json!({"items": [{"item_id": 1, "value": 2, "remark": "划痕"}]}),
            FieldType::Matrix => json!({"cells": cells}),
            FieldType::DynamicMatrix => json!({"rows": [{"cells": cells}, {"cells": [{"column_id": 2, "value": 1}]}]}),
            FieldType::Address => pick([
                json!({"address": "深圳"}), json!({"address": "深圳", "lat": 22.5, "log": 114.1}), json!({"address": "a (1, 2)"}),
            ]),
            FieldType::Image | FieldType::Signature => json!([{"upload_id": picture, "title": "正 面"}]),
            FieldType::Video | FieldType::Audio | FieldType::File => json!([{"url": "https://a.test/1;2.mp4"}]),
            FieldType::TextArea => pick([json!("一\n=二"), json!("\"quoted\", x"), json!("+86")]),
            _ => pick([json!("=HYPERLINK(\"https://a.test\")"), json!("'=1"), json!("-甲,乙")]),
        };
        json!({"field_id": field.field_id, "field_type": field.field_type.name(), "field_value": value})
    });
    entries.collect()
}

/// What was filled in, of every record of a form.
async fn fields(world: &World, form: &Template) -> Vec<Value> {
    let body = json!({
        "filters": {"record_template": {"id": form.tpl_id}}, "order_by": "submit_at,asc", "page_size": 50,
    });
    let list = world.ok("record/getRecords", body).await["list"].clone();
    let records = list.as_array().unwrap().iter();
    records.map(|record| record["fields"].clone()).collect()
}

/// No cell is a formula, except that numbers may be below zero.
fn no_formulas(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut defused = 0;
    for record in reader.records() {
        for cell in &record.unwrap() {
            let harmless = !cell.starts_with(['=', '+', '-', '@']) || cell.parse::<f64>().is_ok();
            assert!(harmless, "{cell}");
            defused += usize::from(cell.starts_with("'="));
        }
    }
    assert!(defused > 3);
}
