//! The webhooks of forms through the whole server: its jobs send them, its configuration says where to.

use crate::support::{Engine, TestApp, both};
use forms::model::Right;
use kernel::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use webhooks::{Reach, sign};

/// An organization's key.
async fn key(server: &TestApp) -> String {
    let forms = &server.app.forms;
    let made = forms.create_organization("Northwind").await.unwrap();
    let rights = [Right::Read, Right::Write];
    let key = forms.create_key(made.organization.org_id, "test", &rights, None);
    key.await.unwrap().secret.expose().clone()
}

async fn call(server: &TestApp, key: &str, method: &str, body: Value) -> Value {
    let path = format!("/api/v2/rpc/{method}");
    let answer = server.recur(Method::POST, &path, key, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].take()
}

both! {
    async fn a_submission_reaches_its_consumer(engine: Engine) {
        let received = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&received);
        let take = move |headers: http::HeaderMap, body: String| {
            keep.lock().unwrap().push((headers, body));
            std::future::ready("thanks")
        };
        let router = axum::Router::new().route("/", axum::routing::post(take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let consumer = tokio::spawn(async move { axum::serve(listener, router).await });

        let server = TestApp::with(engine, |config| {
            config.forms_webhooks.reach = Reach::AllowPrivate;
        }).await;
        let key = key(&server).await;
        let made = call(&server, &key, "webhooks/create", json!({"url": url})).await;
        let secret = Secret::new(made["secret"].as_str().unwrap().to_owned());
        let form = json!({
            "name": "Visitors",
            "groups": [{"fields": [{"field_title": "Name", "field_type": "name"}]}],
        });
        let form = call(&server, &key, "forms/create", form).await;
        let (tpl_id, field) = (&form["form"]["id"], &form["groups"][0]["fields"][0]["field_id"]);
        let code = json!({"title": "Front desk", "operations": [
            {"name": "Register", "elements": [{"element_type": 2, "element_value": tpl_id}]},
        ]});
        let code = call(&server, &key, "qrcodes/create", code).await;
        let submission = json!({"code_id": code["meta"]["id"], "tpl_id": tpl_id, "fields": [
            {"field_id": field, "field_type": "name", "field_value": "Mei Lin"},
        ]});
        let record = call(&server, &key, "record/addRecord", submission).await;
        server.run_jobs().await;

        let received = std::mem::take(&mut *received.lock().unwrap());
        let [(headers, body)] = &received[..] else { panic!("{received:?}") };
        assert_eq!(headers["x-tallystick-signature"], sign(&secret, body.as_bytes()).as_str());
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["event"], "FORM_DATA_SUBMIT");
        let told = &body["data"]["ref_data"];
        assert_eq!((&told["web_url"], &told["fields"]), (&record["record_url"], &json!({"Name": "Mei Lin"})));
        consumer.abort();
        server.stop().await;
    }

    async fn events_are_kept_for_ninety_days(engine: Engine) {
        let server = TestApp::start(engine).await;
        server.merchant().await;
        let events = server.count("webhook_events").await;
        assert!(events > 0);
        let newest = server.sum("SELECT MAX(created_at) FROM webhook_events").await;
        let old = format!("webhook_events WHERE created_at <= {newest}");
        let day = std::time::Duration::from_secs(24 * 3600);
        server.pass(day * 89).await;
        assert_eq!(server.count(&old).await, events);
        server.pass(day * 2).await;
        assert_eq!(server.count(&old).await, 0);
        server.stop().await;
    }

    async fn endpoints_are_public_unless_the_operator_says_otherwise(engine: Engine) {
        let server = TestApp::start(engine).await;
        let key = key(&server).await;
        for url in ["http://example.com/", "https://127.0.0.1/", "https://localhost/"] {
            let path = "/api/v2/rpc/webhooks/create";
            let answer = server.recur(Method::POST, path, &key, json!({"url": url})).await;
            let body = answer.json();
            assert_eq!((answer.status, &body["error_code"]), (400, &json!(100_301)), "{url}");
            assert_eq!(body["message_detail"], "url must be an https URL of a public host");
        }
        server.stop().await;
    }
}
