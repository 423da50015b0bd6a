//! What endpoints are told, and how they are managed, with a consumer on loopback.

use crate::support::{
    Engine, PUBLIC_URL, World, audit, both, certificates, field, refusal, start, submission, unique,
};
use ::webhooks::sign;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use forms::model::certificate::{CertificateConfig, SET_NEXT, Status};
use forms::model::code::{ContentField, ContentKind};
use forms::model::form::{Choice, FieldType};
use forms::repo::{Code, Template};
use futures_util::future::join_all;
use http::{HeaderMap, StatusCode};
use kernel::{Clock as _, Secret};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::jobs::{self, Job};
use store::record::Json;
use store::{StoreError, params};

const OPEN: &str = "待核销";
const USED: &str = "已核销";

/// A consumer. It answers 200 unless it is to answer something else.
#[derive(Clone, Default)]
struct Sink {
    url: String,
    replies: Arc<Mutex<VecDeque<u16>>>,
    received: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Sink {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            ..Self::default()
        };
        let router = Router::new().fallback(receive).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        sink
    }

    /// What came since this was asked last.
    fn take(&self) -> Vec<(HeaderMap, String)> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// The events that came since this was asked last.
    fn events(&self) -> Vec<Value> {
        let received = self.take().into_iter();
        received
            .map(|(_, body)| serde_json::from_str(&body).unwrap())
            .collect()
    }
}

async fn receive(State(sink): State<Sink>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    sink.received.lock().unwrap().push((head.headers, text));
    let reply = sink.replies.lock().unwrap().pop_front();
    StatusCode::from_u16(reply.unwrap_or(200)).unwrap()
}

impl World {
    /// An endpoint at the consumer: its id and secret.
    async fn endpoint(&self, sink: &Sink, events: &[&str]) -> (Value, Secret<String>) {
        let body = json!({"url": sink.url, "events": events});
        let made = self.ok("webhooks/create", body).await;
        let secret = made["secret"].as_str().unwrap().to_owned();
        (made["endpoint"]["endpoint_id"].clone(), Secret::new(secret))
    }

    /// Carries out all due jobs, one after the other.
    async fn run_due(&self) {
        loop {
            let now = self.clock.now();
            let leased: Result<Vec<Job>, StoreError> = self
                .forms
                .db()
                .write(move |tx| jobs::lease(tx, "test", now, 16))
                .await;
            let leased = leased.unwrap();
            if leased.is_empty() {
                return;
            }
            for job in leased {
                assert!(forms::Forms::owns(&job.kind), "{job:?}");
                self.forms.run_job(job).await;
            }
        }
    }

    async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.run_due().await;
    }

    /// A form with one text, and a code to fill it in with.
    async fn simple(&self, change: impl FnOnce(&mut Template)) -> (Template, Code) {
        let form = self
            .form(vec![field(1, "姓名", FieldType::Text)], change)
            .await;
        let code = self.code(&[form.tpl_id], |_| {}).await;
        (form, code)
    }

    async fn submit(&self, (form, code): &(Template, Code), text: &str) -> Value {
        let body = submission(code, form, text);
        self.ok("record/addRecord", body).await
    }

    async fn events(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM webhook_events").await
    }
}

/// Event, state of the review, status of the certificate.
fn told(events: &[Value]) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let parts = events.iter().map(|event| {
        let text = |pointer| event.pointer(pointer).and_then(Value::as_str);
        (
            text("/event").unwrap(),
            text("/data/ref_data/review/state"),
            text("/data/certificate/status"),
        )
    });
    parts.collect()
}

both! {
    async fn a_request_is_exactly_what_the_contract_says(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        let (_, secret) = world.endpoint(&sink, &[]).await;
        let state = json!({"title": "状态", "values": [{"text": "正常"}, {"text": "报修"}]});
        let state = world.ok("states/create", state).await["state"].take();
        let mut radio = field(2, "天气", FieldType::Radio);
        radio.rules.options = vec![Choice { option_id: 21, title: "晴".into(), ..Choice::default() }];
        let form = world.form(vec![
            field(1, "姓名", FieldType::Text),
            radio,
            field(3, "现场", FieldType::Image),
            field(4, "附件", FieldType::File),
            field(5, "温度", FieldType::Number),
            field(6, "温度", FieldType::Number),
        ], |form| form.number = "D32".into()).await;
        let code = world.code(&[form.tpl_id], |code| {
            let number = state["values"][1]["id"].as_i64().unwrap();
            code.states.0.insert(state["id"].to_string(), number);
            code.content = Json(vec![ContentField {
                field_id: 1,
                kind: ContentKind::Text,
                title: "型号".into(),
                value: "A-100".into(),
            }]);
        }).await;
        let upload = json!({"name": "a.png", "content": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="});
        let upload = world.ok("uploads/create", upload).await;
        let entry = |id: i64, kind: &str, value: Value| json!({"field_id": id, "field_type": kind, "field_value": value});
        let made = world.ok("record/addRecord", json!({
            "code_id": code.code_id,
            "tpl_id": form.tpl_id,
            "submitter": {"id": "u1", "name": "王小明", "phone": "13800000000"},
            "fields": [
                entry(1, "text", json!("\"A\"\n")),
                entry(2, "radio", json!({"option_id": 21})),
                entry(3, "image", json!([{"upload_id": upload["upload_id"]}, {"url": "https://example.com/b.png"}])),
                entry(4, "file", json!([{"url": "https://example.com/c.pdf"}])),
                entry(5, "number", json!({"value": 30.6})),
                entry(6, "number", json!({"value": 7})),
            ],
        })).await;
        world.clock.advance(Duration::from_millis(1500));
        world.run_due().await;

        let received = sink.take();
        let [(headers, body)] = &received[..] else { panic!("{received:?}") };
        let (org, picture) = (&world.org.org_code, &upload["url"]);
        let mut expected = format!(
            r#"{{"time":"2026-06-02 12:30:00","event":"FORM_DATA_SUBMIT","data":{{"ref_data":{{"created_at":"2026-06-02 12:30:00","fields":{{"天气":"晴","姓名":"\"A\"","温度":"30.6","温度 (2)":"7","现场":{{"preview_url":{picture},"urls":[{picture},"https://example.com/b.png"]}}}},"form":{{"name":"巡检表","number":"D32"}},"serial_number":"L1","submitter":{{"name":"王小明","phone_number":"13800000000"}},"web_url":{}}},"#,
            made["record_url"],
        );
        expected += &format!(
            r#""ref_qrcode":{{"code":"{coding}","fields":{{"型号":"A-100"}},"name":"1号灭火器","state":{{"状态":"报修"}},"type":"NORMAL","web_url":"{PUBLIC_URL}/{org}/{coding}"}}}}}}"#,
            coding = code.coding,
        );
        assert_eq!(*body, expected);
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["x-tallystick-event-type"], "FORM_DATA_SUBMIT");
        assert_eq!(headers["x-tallystick-signature"], sign(&secret, body.as_bytes()).as_str());
        let sent_at = (start().micros() / 1000 + 1500).to_string();
        assert_eq!(headers["x-tallystick-timestamp"], sent_at.as_str());
        let id = headers["x-tallystick-event-id"].to_str().unwrap();
        assert!(id.starts_with("evt_") && id.len() == 36, "{id}");
    }

    async fn nothing_is_written_while_nobody_listens(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        let made = world.simple(|_| {}).await;
        let jobs = "SELECT COUNT(*) FROM jobs";
        world.submit(&made, "before there is one").await;
        assert_eq!((world.events().await, world.number(jobs).await), (0, 0));

        let (id, _) = world.endpoint(&sink, &["FORM_DATA_EDITED"]).await;
        let record = world.submit(&made, "which is not wanted").await;
        assert_eq!(world.events().await, 0);
        let edit = json!({"record_id": record["record_id"], "fields": [
            {"field_id": 1, "field_type": "text", "field_value": "which is"},
        ]});
        world.ok("record/updateRecord", edit.clone()).await;
        assert_eq!(world.events().await, 1);

        world.ok("webhooks/update", json!({"endpoint_id": id, "enabled": false})).await;
        world.ok("record/updateRecord", edit.clone()).await;
        assert_eq!(world.events().await, 1);
        world.run_due().await;
        assert_eq!(sink.take().len(), 0);

        world.ok("webhooks/update", json!({"endpoint_id": id, "enabled": true})).await;
        world.ok("record/updateRecord", edit.clone()).await;
        let (_, project, other) = world.other_organization().await;
        assert_eq!(world.call(&other, "webhooks/getList", &json!({})).await.1["data"]["list"], json!([]));
        assert_ne!(project.org_id, world.org.org_id);
        world.run_due().await;
        let events = sink.events();
        assert_eq!(told(&events), [("FORM_DATA_EDITED", None, None)]);
        assert_eq!(events[0]["data"]["ref_data"]["fields"], json!({"姓名": "which is"}));

        world.ok("webhooks/delete", json!({"endpoint_id": id})).await;
        world.ok("record/updateRecord", edit).await;
        assert_eq!((world.events().await, world.number(jobs).await), (2, 0));
    }

    async fn events_about_a_record_come_in_their_order(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        world.endpoint(&sink, &[]).await;
        let made = world.simple(|form| {
            form.audit = Json(audit(&[(11, "初审"), (12, "复审")]));
            form.certificate = Json(certificates());
        }).await;
        let id = world.submit(&made, "a").await["record_id"].clone();
        let decide = |action: &str| json!({"record_id": id, "action": action});
        world.clock.advance(Duration::from_secs(60));
        for action in ["pass", "pass"] {
            world.ok("record/auditRecord", decide(action)).await;
        }
        let edit = json!({"record_id": id, "fields": [
            {"field_id": 1, "field_type": "text", "field_value": "b"},
        ]});
        world.ok("record/updateRecord", edit).await;
        world.ok("record/auditRecord", decide("reject")).await;
        world.run_due().await;

        let events = sink.events();
        let expected = [
            ("FORM_DATA_SUBMIT", Some("待审核"), None),
            ("FORM_DATA_REVIEW", Some("审核中"), None),
            ("FORM_DATA_REVIEW", Some("审核通过"), None),
            ("CERTIFICATE_STATUS", Some("审核通过"), Some(OPEN)),
            ("FORM_DATA_EDITED", Some("待审核"), None),
            ("FORM_DATA_REVIEW", Some("审核不通过"), None),
        ];
        assert_eq!(told(&events), expected);
        let times = |event: &Value| {
            let data = &event["data"]["ref_data"];
            json!([event["time"], data["created_at"], data["review"]["time"]])
        };
        let (then, later) = ("2026-06-02 12:30:00", "2026-06-02 12:31:00");
        assert_eq!(times(&events[0]), json!([then, then, then]));
        assert_eq!(times(&events[1]), json!([later, then, later]));
    }

    async fn every_status_of_a_certificate_is_told_once(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        world.endpoint(&sink, &["CERTIFICATE_STATUS"]).await;
        let made = world.simple(|form| {
            let status = |name: &str, next: &[&str]| Status {
                name: name.into(),
                is_initial: name == OPEN,
                is_final: next.is_empty(),
                next: next.iter().map(|next| (*next).to_owned()).collect(),
            };
            form.certificate = Json(CertificateConfig {
                statuses: vec![status(OPEN, &["使用中"]), status("使用中", &[USED]), status(USED, &[])],
                ..certificates()
            });
        }).await;
        let record = world.submit(&made, "a").await;
        let (code, url) = (&record["certificate"]["certificate_code"], &record["certificate"]["certificate_url"]);
        let next = |nonce: &str| json!({"certificate_code": code, "action_type": SET_NEXT, "nonce": nonce});
        let verify = "record/verifyCertificate";
        world.ok(verify, next("1")).await;
        world.ok(verify, next("1")).await;
        let both = json!({"items": [next("2"), next("3")]});
        let (_, answer) = world.call(&world.key, "record/verifyCertificates", &both).await;
        let id = answer["data"]["results"][0]["data"]["verification_id"].clone();
        assert!(id.is_i64(), "{answer}");
        world.ok("record/reverseVerification", json!({"verification_id": id})).await;
        let record_id = record["record_id"].as_i64().unwrap();
        for revoked in [true, false] {
            let done = world.forms.revoke_certificate(world.org.org_id, record_id, "refunded").await;
            assert_eq!(done, Ok(revoked));
        }
        world.refused(verify, next("4")).await;
        world.run_due().await;

        let events = sink.events();
        assert!(events.iter().all(|event| event["event"] == "CERTIFICATE_STATUS"));
        let certificates = events.iter().map(|event| {
            let certificate = &event["data"]["certificate"];
            assert_eq!((&certificate["code"], &certificate["url"]), (code, url));
            assert_eq!(event["data"]["ref_data"]["web_url"], record["record_url"]);
            assert_eq!(event["data"]["ref_qrcode"]["code"], made.1.coding);
            let parts = ["from_status", "status", "is_final", "revoked"];
            json!(parts.map(|name| &certificate[name]))
        });
        assert_eq!(json!(certificates.collect::<Vec<_>>()), json!([
            [null, OPEN, false, null],
            [OPEN, "使用中", false, null],
            ["使用中", USED, true, null],
            [USED, "使用中", false, null],
            ["使用中", "使用中", false, "refunded"],
        ]));
    }

    async fn what_did_not_happen_is_not_told(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        world.endpoint(&sink, &[]).await;
        let form = world.form(vec![unique(field(1, "姓名", FieldType::Text))], |form| {
            form.certificate = Json(certificates());
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let body = submission(&code, &form, "a");
        let submissions = (0..8).map(|_| world.call(&world.key, "record/addRecord", &body));
        let answers = join_all(submissions).await;
        let done: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
        assert_eq!(done.len(), 1);
        assert_eq!(world.events().await, 2);

        let code = &done[0].1["data"]["certificate"]["certificate_code"];
        let next = json!({"certificate_code": code, "action_type": SET_NEXT});
        let verifications = (0..8).map(|_| world.call(&world.key, "record/verifyCertificate", &next));
        let answers = join_all(verifications).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
        world.run_due().await;
        let events = sink.events();
        assert_eq!(told(&events), [
            ("FORM_DATA_SUBMIT", None, None),
            ("CERTIFICATE_STATUS", None, Some(OPEN)),
            ("CERTIFICATE_STATUS", None, Some(USED)),
        ]);
    }

    async fn what_cannot_be_told_does_not_happen(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        world.endpoint(&sink, &[]).await;
        let made = world.simple(|_| {}).await;
        let (owner, now) = (format!("forms:{}", world.org.org_id), world.clock.now());
        // The place of the next event is taken.
        world.store(move |tx| {
            let events = "SELECT next FROM sequences WHERE name = $1";
            let turn = format!("webhook-events:{owner}");
            let next = tx.query_dynamic(events, params![turn], |row| row.get::<i64>(0))?[0];
            let take = "INSERT INTO webhook_events (event_id, owner, seq, kind, object_id, data, occurred_at, created_at) \
                VALUES ('evt_0', $1, $2, 'X', '0', '{}', $3, $3)";
            tx.query_dynamic(take, params![&owner, next, now], |_| Ok(())).map(drop)
        }).await;
        let body = submission(&made.1, &made.0, "a");
        let (status, answer) = world.call(&world.key, "record/addRecord", &body).await;
        assert_eq!((status, &answer["error_code"]), (502, &json!(100_300)));
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 0);
        assert_eq!(world.events().await, 1);
    }

    async fn endpoints_are_managed(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        let all = json!(["FORM_DATA_SUBMIT", "FORM_DATA_EDITED", "FORM_DATA_REVIEW", "CERTIFICATE_STATUS"]);
        let made = world.ok("webhooks/create", json!({"url": sink.url})).await;
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.starts_with("whsec_") && secret.len() == 38, "{secret}");
        let mut endpoint = json!({
            "endpoint_id": made["endpoint"]["endpoint_id"], "url": sink.url, "events": all,
            "enabled": true, "disabled_reason": null, "failing_since": null, "failing_since_iso": null,
            "created_at": 1_780_374_600, "created_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
            "updated_at": 1_780_374_600, "updated_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
        });
        assert_eq!(made, json!({"endpoint": endpoint, "secret": secret}));
        assert_eq!(world.ok("webhooks/getList", json!({})).await, json!({"list": [endpoint]}));

        world.clock.advance(Duration::from_secs(1));
        let change = json!({
            "endpoint_id": endpoint["endpoint_id"], "url": "https://example.com/b",
            "events": ["FORM_DATA_SUBMIT"], "enabled": false,
        });
        let changed = world.ok("webhooks/update", change).await;
        endpoint["url"] = "https://example.com/b".into();
        endpoint["events"] = json!(["FORM_DATA_SUBMIT"]);
        endpoint["enabled"] = false.into();
        endpoint["disabled_reason"] = "owner".into();
        endpoint["updated_at"] = 1_780_374_601.into();
        endpoint["updated_at_iso"] = "2026-06-02 12:30:01(UTC+08:00)".into();
        assert_eq!(changed, json!({"endpoint": endpoint}));
        let change = json!({"endpoint_id": endpoint["endpoint_id"], "events": []});
        assert_eq!(world.ok("webhooks/update", change).await["endpoint"]["events"], all);

        let id = json!({"endpoint_id": endpoint["endpoint_id"]});
        assert_eq!(world.ok("webhooks/delete", id.clone()).await, json!({}));
        let unknown = (404, "Webhook endpoint not found".to_owned());
        for method in ["webhooks/delete", "webhooks/update", "webhooks/getDeliveries"] {
            assert_eq!(world.refused(method, id.clone()).await, unknown, "{method}");
        }
        let delivery = json!({"delivery_id": endpoint["endpoint_id"]});
        let refused = world.refused("webhooks/resend", delivery).await;
        assert_eq!(refused, (404, "Webhook delivery not found".to_owned()));
    }

    async fn what_is_wrong_is_told_at_once(engine: Engine) {
        let world = World::new(engine).await;
        let wrong = json!({"url": "ftp://example.com", "events": ["X", "FORM_DATA_EDITED"]});
        let (code, detail) = world.refused("webhooks/create", wrong).await;
        assert_eq!(code, 100_301);
        assert_eq!(detail, "url must be an https URL of a public host; events[0] must be one of: FORM_DATA_SUBMIT, FORM_DATA_EDITED, FORM_DATA_REVIEW, CERTIFICATE_STATUS");
        for (method, body, wrong) in [
            ("create", json!({}), "url is required"),
            ("create", json!({"url": ""}), "url must have 1 to 2048 characters"),
            ("create", json!({"url": "hook"}), "url is malformed"),
            ("create", json!({"url": "https://a:b@example.com"}), "url must be an https URL of a public host"),
            ("create", json!({"url": "https://example.com", "events": "X"}), "events must be an array"),
            ("update", json!({"endpoint_id": 5, "enabled": "yes"}), "endpoint_id must be a string; enabled must be a boolean"),
            ("delete", json!({"endpoint_id": "5"}), "endpoint_id is malformed"),
            ("getDeliveries", json!({"status": "lost", "page_size": 51, "page_token": "x"}),
                "endpoint_id is required; status must be one of: pending, succeeded, failed; page_size must be from 1 to 50; page_token is malformed"),
            ("resend", json!({}), "delivery_id is required"),
        ] {
            let refused = world.refused(&format!("webhooks/{method}"), body).await;
            assert_eq!(refused, (100_301, wrong.to_owned()));
        }
        for number in 0..32 {
            world.ok("webhooks/create", json!({"url": format!("https://example.com/{number}")})).await;
        }
        let refused = world.refused("webhooks/create", json!({"url": "https://example.com"})).await;
        assert_eq!(refused, (100_301, "endpoints must have at most 32 items".to_owned()));
    }

    async fn endpoints_are_for_keys_that_see_everything(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        let (id, _) = world.endpoint(&sink, &[]).await;
        let made = world.simple(|_| {}).await;
        world.submit(&made, "a").await;
        let listed = world.ok("webhooks/getDeliveries", json!({"endpoint_id": id})).await;
        let delivery = &listed["list"][0]["delivery_id"];
        let create = json!({"url": sink.url});
        assert_eq!(refusal(world.call(&world.read_only_key, "webhooks/create", &create).await).0, 403);
        let (status, _) = world.call(&world.read_only_key, "webhooks/getList", &json!({})).await;
        assert_eq!(status, 200);

        let part = world.key_of(&[world.project.project_id]).await;
        let (_, _, other) = world.other_organization().await;
        let foreign = [(404, "Webhook endpoint not found"), (404, "Webhook delivery not found")];
        let partial = (404, "Webhooks belong to the whole organization, and this API key sees some of its projects only");
        for (method, body, expected) in [
            ("webhooks/create", create, None),
            ("webhooks/getList", json!({}), None),
            ("webhooks/update", json!({"endpoint_id": id, "enabled": false}), Some(foreign[0])),
            ("webhooks/delete", json!({"endpoint_id": id}), Some(foreign[0])),
            ("webhooks/getDeliveries", json!({"endpoint_id": id}), Some(foreign[0])),
            ("webhooks/resend", json!({"delivery_id": delivery}), Some(foreign[1])),
        ] {
            let (code, detail) = refusal(world.call(&part, method, &body).await);
            assert_eq!((code, &*detail), partial, "{method}");
            if let Some(expected) = expected {
                let (code, detail) = refusal(world.call(&other, method, &body).await);
                assert_eq!((code, &*detail), expected, "{method}");
            }
        }
    }

    async fn a_consumer_that_fails_is_tried_five_times_more(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        let (id, _) = world.endpoint(&sink, &[]).await;
        sink.replies.lock().unwrap().extend([500; 6]);
        let made = world.simple(|_| {}).await;
        let record = world.submit(&made, "a").await;
        world.run_due().await;
        // A tenth sooner is possible, a tenth later too.
        for (tries, seconds) in [15, 60, 240, 960, 3600].into_iter().enumerate() {
            assert_eq!(sink.received.lock().unwrap().len(), tries + 1);
            world.pass(seconds * 8 / 10).await;
            assert_eq!(sink.received.lock().unwrap().len(), tries + 1);
            world.pass(seconds * 3 / 10 + 1).await;
        }
        let received = sink.take();
        assert_eq!(received.len(), 6);
        let ids: Vec<_> = received.iter().map(|(headers, _)| &headers["x-tallystick-event-id"]).collect();
        assert!(ids.iter().all(|id| **id == ids[0]));
        world.pass(10_000).await;
        assert_eq!(sink.take().len(), 0);

        let listed = world.ok("webhooks/getDeliveries", json!({"endpoint_id": id, "status": "failed"})).await;
        let delivery = &listed["list"][0];
        assert_eq!(delivery["event"], "FORM_DATA_SUBMIT");
        assert_eq!(delivery["record_id"], record["record_id"]);
        assert_eq!(json!([delivery["status"], delivery["attempts"], delivery["response_status"], delivery["error"]]),
            json!(["failed", 6, 500, "answered 500 Internal Server Error"]));
        let resent = world.ok("webhooks/resend", json!({"delivery_id": delivery["delivery_id"]})).await;
        assert_eq!(resent["delivery"]["status"], "pending");
        assert_eq!(resent["attempts"].as_array().unwrap().len(), 6);
        assert_eq!(resent["request_body"], received[0].1);
        world.run_due().await;
        assert_eq!(sink.take()[0].1, received[0].1);
        let listed = world.ok("webhooks/getDeliveries", json!({"endpoint_id": id})).await;
        assert_eq!(json!([listed["list"][0]["status"], listed["has_more"]]), json!(["succeeded", false]));

        world.ok("webhooks/update", json!({"endpoint_id": id, "enabled": false})).await;
        let refused = world.refused("webhooks/resend", json!({"delivery_id": delivery["delivery_id"]})).await;
        assert_eq!(refused, (100_301, "delivery_id is not possible: disabled".to_owned()));
    }

    async fn deliveries_come_in_pages(engine: Engine) {
        let (world, sink) = (World::new(engine).await, Sink::start().await);
        let (id, _) = world.endpoint(&sink, &[]).await;
        let made = world.simple(|_| {}).await;
        let mut records = Vec::new();
        for text in ["a", "b", "c"] {
            records.push(world.submit(&made, text).await["record_id"].clone());
        }
        records.reverse();
        let list = async |token: Value| {
            let body = json!({"endpoint_id": id, "page_size": 2, "page_token": token});
            let listed = world.ok("webhooks/getDeliveries", body).await;
            let list = listed["list"].as_array().unwrap().iter();
            let ids: Vec<Value> = list.map(|delivery| delivery["record_id"].clone()).collect();
            (ids, listed["has_more"].clone(), listed["next_page_token"].clone())
        };
        let (first, more, token) = list(Value::Null).await;
        assert_eq!((&first[..], &more), (&records[..2], &json!(true)));
        assert_eq!(list(token).await, (records[2..].to_vec(), json!(false), Value::Null));
        let foreign = json!({"endpoint_id": id, "page_token": id});
        let refused = world.refused("webhooks/getDeliveries", foreign).await;
        assert_eq!(refused, (100_301, "page_token does not exist".to_owned()));
    }

    async fn what_is_over_is_cleaned_up(engine: Engine) {
        let world = World::new(engine).await;
        let uploads = "SELECT COUNT(*) FROM forms_uploads";
        world.ok("uploads/create", json!({"name": "a.txt", "content": "aGVsbG8="})).await;
        for _ in 0..2 {
            world.forms.schedule_recurring().await.unwrap();
        }
        world.run_due().await;
        assert_eq!(world.number(uploads).await, 1);
        world.pass(25 * 3600).await;
        assert_eq!(world.number(uploads).await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE kind = 'forms.clean_up'").await, 1);
    }
}
