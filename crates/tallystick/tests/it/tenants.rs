//! Whoever names what is somebody else's is told nothing and changes nothing: every operation of the order platform that has an id
//! in its path, taken from the OpenAPI document, so that a new one cannot be forgotten.

use crate::support::{Answer, Engine, Shop, TestApp, both, with_id};
use orders::face::CallerKind;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tallystick::seed;
use tallystick::seed::people::Person;

/// Somebody with an organization.
struct Tenant {
    person: Person,
    shop: Shop,
}

impl Tenant {
    async fn new(app: &TestApp, name: &str) -> Self {
        let orders = &app.app.orders;
        let person = seed::people::account(orders, name).await.unwrap();
        let made = seed::people::organization(orders, &person, name).await;
        let (id, key) = made.unwrap();
        let credit = kernel::Credits::new(100_000);
        orders.grant_credit(id, credit).await.unwrap();
        let key = key.expose().clone();
        Self {
            person,
            shop: Shop { id, key },
        }
    }

    async fn send(
        &self,
        app: &TestApp,
        caller: CallerKind,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let request = app.request(method.parse().unwrap(), path);
        let request = match caller {
            CallerKind::Key => request.header("x-api-key", &self.shop.key),
            _ => request.bearer_auth(self.person.access_token.expose()),
        };
        let request = if body.is_null() {
            request
        } else {
            request.json(body)
        };
        app.send(request).await
    }

    async fn get(&self, app: &TestApp, path: &str) -> Value {
        let answer = self
            .send(app, CallerKind::Person, "GET", path, &Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// One of each thing that has an id, by the name of the parameter.
    async fn belongings(&self, app: &TestApp) -> BTreeMap<&'static str, String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let order = app
            .order(&self.shop, &format!("https://example.com/{}", self.shop.id))
            .await
            .json();
        let charge = json!({"quantity": 10, "payment_type": "pay_uni"});
        let made = app
            .post(&self.shop, "/platform/organization/credit/charge", charge)
            .await
            .json();
        let organization = format!("/account/organization/{}", self.shop.id);
        let keys = self.get(app, &format!("{organization}/private-key")).await;
        let sessions = self.get(app, "/account/session").await;
        let mut things = BTreeMap::from([
            ("order_id", text(&order["order_id"])),
            ("credit_charge_id", text(&made["credit_charge_id"])),
            ("organization_id", self.shop.id.to_string()),
            ("account_id", self.person.account_id.to_string()),
            ("private_key_id", text(&keys["value"][0]["private_key_id"])),
            (
                "account_session_id",
                text(&sessions["value"][0]["account_session_id"]),
            ),
            ("file_id", file(app, &self.shop).await),
        ]);
        if orders::face::operations()
            .iter()
            .any(|o| o.path.contains("{invoice_id}"))
        {
            things.insert("invoice_id", self.invoice(app).await);
        }
        things
    }

    /// An invoice of a charge that was paid.
    async fn invoice(&self, app: &TestApp) -> String {
        let charge = json!({"quantity": 105, "payment_type": "bank_transfer"});
        let made = app
            .post(&self.shop, "/platform/organization/credit/charge", charge)
            .await
            .json();
        let id = made["credit_charge_id"].as_str().unwrap();
        app.app
            .orders
            .confirm_transfer(id.parse().unwrap())
            .await
            .unwrap();
        let invoice = json!({
            "invoice_provider": "ec_pay", "invoice_receive_type": "print", "invoice_tax_type": "taxable", "buyer_name": "Mei", "buyer_address": "1 Example Road, Taipei",
            "email": "mei@example.com", "items": [{"name": "Credit", "count": 1, "price": 105}],
        });
        let path = format!("/platform/organization/credit/charge/{id}/invoice");
        let made = app.post(&self.shop, &path, invoice).await;
        assert_eq!(made.status, 200, "{}", made.text);
        made.json()["invoice_id"].as_str().unwrap().to_owned()
    }
}

async fn file(app: &TestApp, shop: &Shop) -> String {
    let body = "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"proof.pdf\"\r\n\
        content-type: application/pdf\r\n\r\n%PDF-1.7 private\r\n--part--\r\n";
    let request = app
        .request(Method::POST, "/platform/file")
        .header("x-api-key", &shop.key)
        .header("content-type", "multipart/form-data; boundary=part");
    let answer = app.send(request.body(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["file_id"].as_str().unwrap().to_owned()
}

/// What names somebody else's thing is answered with, by the first parameter of the path that is somebody else's.
fn refusal(caller: CallerKind, parameter: &str) -> &'static str {
    match (caller, parameter) {
        (_, "organization_id") => "organization_not_belong_account",
        (CallerKind::Key, "credit_charge_id") => "credit_charge_not_belong_organization",
        (_, "credit_charge_id") => "credit_charge_not_belong_account",
        (_, "invoice_id") => "invoice_not_found",
        (_, "order_id" | "file_id" | "account_id" | "private_key_id" | "account_session_id") => {
            "data_not_exist"
        }
        _ => panic!("what is {{{parameter}}}, and what is who names somebody else's told?"),
    }
}

fn parameters(path: &str) -> Vec<&str> {
    let parts = path.split('/');
    parts
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .collect()
}

/// A body that is right in itself: the document's own example.
fn example(document: &Value, method: &str, path: &str) -> Value {
    let operation = &document["paths"][path][method.to_lowercase()];
    let examples = &operation["requestBody"]["content"]["application/json"]["examples"];
    let first = examples
        .as_object()
        .and_then(|examples| examples.values().next());
    first.map_or(Value::Null, |example| example["value"].clone())
}

/// All that somebody has, as text.
async fn holdings(app: &TestApp, tenant: &Tenant) -> String {
    let organization = tenant.shop.id;
    let mut all = String::new();
    for path in [
        "/platform/organization",
        "/platform/organization/credit/balance",
        "/platform/organization/credit/record",
        "/platform/organization/credit/charge",
        "/platform/order",
    ] {
        all += &app.get(&tenant.shop, path).await.text;
    }
    for path in [
        "/account".to_owned(),
        "/account/session".to_owned(),
        format!("/account/organization/{organization}"),
        format!("/account/organization/{organization}/member"),
        format!("/account/organization/{organization}/private-key"),
    ] {
        all += &tenant.get(app, &path).await.to_string();
    }
    let trades = "SELECT COUNT(*) FROM charge_trades";
    all + &app.sum(trades).await.to_string()
}

/// Whether a text has any of the ids, but those that were sent.
fn tells(text: &str, things: &BTreeMap<&str, String>, sent: &str) -> Option<String> {
    let mut ids = things.values().filter(|id| !sent.contains(*id));
    ids.find(|id| text.contains(*id)).cloned()
}

both! {
    async fn whoever_names_anothers_things_learns_and_changes_nothing(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (owner, other) = (Tenant::new(&app, "owner").await, Tenant::new(&app, "other").await);
        let (theirs, own) = (owner.belongings(&app).await, other.belongings(&app).await);
        let before = holdings(&app, &owner).await;
        let document = orders::face::document();
        let mut asked = 0;
        for operation in orders::face::operations() {
            let named = parameters(operation.path);
            if operation.caller == CallerKind::Anybody {
                assert!(named.is_empty(), "{}: whose is it?", operation.path);
                continue;
            }
            let body = example(&document, operation.method, operation.path);
            // Each parameter in turn is somebody else's; those before it are the caller's own.
            for (n, parameter) in named.iter().enumerate() {
                let mut path = operation.path.to_owned();
                for (m, name) in named.iter().enumerate() {
                    let whose = if m < n { &own } else { &theirs };
                    let id = whose.get(name).unwrap_or_else(|| panic!("nobody has a {name}"));
                    path = path.replace(&format!("{{{name}}}"), id);
                }
                let what = format!("{} {path}", operation.method);
                let answer = other.send(&app, operation.caller, operation.method, &path, &body).await;
                assert_eq!(answer.code(), refusal(operation.caller, parameter), "{what}: {}", answer.text);
                assert_eq!(tells(&answer.text, &theirs, &what), None, "{what}");
                asked += 1;
                // Without any key the id tells nothing either.
                let request = app.request(operation.method.parse().unwrap(), &path).json(&body);
                assert_eq!(app.send(request).await.code(), "token_validation_failed", "{what}");
            }
        }
        assert!(asked >= 24, "{asked}");
        assert_eq!(holdings(&app, &owner).await, before);
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn lists_show_nothing_of_others(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (owner, other) = (Tenant::new(&app, "owner").await, Tenant::new(&app, "other").await);
        let theirs = owner.belongings(&app).await;
        other.belongings(&app).await;
        let mut lists = 0;
        for operation in orders::face::operations() {
            if operation.method != "GET" || operation.caller == CallerKind::Anybody || !parameters(operation.path).is_empty() {
                continue;
            }
            let send = async |path: &str| other.send(&app, operation.caller, "GET", path, &Value::Null).await;
            let all = send(operation.path).await;
            assert_eq!(all.status, 200, "{}: {}", operation.path, all.text);
            assert_eq!(tells(&all.text, &theirs, ""), None, "{}", operation.path);
            if !all.text.contains("@odata.count") {
                continue;
            }
            lists += 1;
            for id in theirs.values() {
                let found = send(&format!("{}?$filter=id+eq+{id}+or+id+ne+{id}", operation.path)).await;
                assert!(found.status == 400 || tells(&found.text, &theirs, "").is_none(), "{}: {}", operation.path, found.text);
            }
        }
        assert!(lists >= 4, "{lists}");
        app.stop().await;
    }

    async fn nothing_that_a_body_can_hold_is_a_fault_of_ours(engine: Engine) {
        let app = TestApp::start(engine).await;
        let tenant = Tenant::new(&app, "owner").await;
        let own = tenant.belongings(&app).await;
        let document = orders::face::document();
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let long = json!("x".repeat(70_000)).to_string();
        let hostile = [
            "null", "true", "0", "-1", "1e400", "-0.0", "99999999999999999999999", "1.5", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"",
            "\"\\u202e' OR 1=1 --\"", "\"9999-12-31T23:59:59+08:00\"", "\"0000-00-00T00:00:00Z\"", "[]", "[null]", "[[]]", "{}",
            "[{\"name\":{},\"count\":-1,\"price\":1e99}]", "\"https://[::1\"", "\"javascript:alert(1)\"", &deep, &long,
        ];
        let mut sent = 0;
        for operation in orders::face::operations() {
            let example = example(&document, operation.method, operation.path);
            let Some(example) = example.as_object().filter(|_| operation.caller != CallerKind::Anybody) else {
                continue;
            };
            let mut path = operation.path.to_owned();
            for (name, id) in &own {
                path = path.replace(&format!("{{{name}}}"), id);
            }
            let schema = &document["paths"][operation.path][operation.method.to_lowercase()]["requestBody"]["content"]
                ["application/json"]["schema"]["$ref"];
            let schema = document.pointer(schema.as_str().unwrap().trim_start_matches('#')).unwrap();
            for field in schema["properties"].as_object().unwrap().keys() {
                for value in &hostile {
                    let mut fields: Vec<String> = example.iter().filter(|(name, _)| *name != field)
                        .map(|(name, value)| format!("{}:{value}", json!(name))).collect();
                    fields.push(format!("{}:{value}", json!(field)));
                    let body = format!("{{{}}}", fields.join(","));
                    let request = app.request(operation.method.parse().unwrap(), &path).header("content-type", "application/json");
                    let request = match operation.caller {
                        CallerKind::Key => request.header("x-api-key", &tenant.shop.key),
                        _ => request.bearer_auth(tenant.person.access_token.expose()),
                    };
                    let answer = app.send(request.body(body)).await;
                    let value: String = value.chars().take(60).collect();
                    let what = format!("{} {path} {field}={value}: {} {}", operation.method, answer.status, answer.text);
                    assert!(answer.status < 500, "{what}");
                    assert!(answer.status == 200 || !answer.code().is_empty(), "{what}");
                    sent += 1;
                }
            }
        }
        assert!(sent > 500, "{sent}");
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn ids_of_others_in_bodies_and_queries_are_refused(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (owner, other) = (Tenant::new(&app, "owner").await, Tenant::new(&app, "other").await);
        let (theirs, own) = (owner.belongings(&app).await, other.belongings(&app).await);
        let before = holdings(&app, &owner).await;
        let document = orders::face::document();
        // The organization in a body or a query must be the key's own, wherever it may be named.
        let mut named = 0;
        for operation in orders::face::operations().iter().filter(|o| o.caller == CallerKind::Key) {
            let mut path = operation.path.to_owned();
            for (name, id) in &own {
                path = path.replace(&format!("{{{name}}}"), id);
            }
            let what = format!("{} {path}", operation.method);
            let mut body = example(&document, operation.method, operation.path);
            let answer = if operation.method == "GET" {
                let query = format!("{path}?organization_id={}", theirs["organization_id"]);
                other.send(&app, CallerKind::Key, "GET", &query, &Value::Null).await
            } else if body.is_object() {
                body["organization_id"] = json!(theirs["organization_id"]);
                other.send(&app, CallerKind::Key, operation.method, &path, &body).await
            } else {
                continue;
            };
            let code = answer.code();
            // What a path or body names is looked for first where it does not exist at all.
            assert!(["organization_id_incorrect", "data_not_exist"].contains(&&*code), "{what}: {}", answer.text);
            named += 1;
        }
        assert!(named > 10, "{named}");
        for what in ["refill", "cancel", "sync"] {
            let body = json!({"order_ids": [own["order_id"], theirs["order_id"]]});
            let answer = app.post(&other.shop, &format!("/platform/order/{what}"), body).await;
            assert_eq!(answer.code(), "batch_operation_failed", "{what}");
            let items = answer.json()["validation_failed_responses"].clone();
            let of_theirs = items.as_array().unwrap().iter().find(|item| item["property_name"] == "order_ids[1]");
            assert_eq!(of_theirs.unwrap()["result_code"], "data_not_exist", "{what}");
        }
        let transfer = json!({"quantity": 10, "payment_type": "bank_transfer"});
        let made = app.post(&other.shop, "/platform/organization/credit/charge", transfer).await.json();
        let path = with_id("/platform/organization/credit/charge/{id}/remittance", made["credit_charge_id"].as_str().unwrap());
        let proof = json!({"file_id": theirs["file_id"], "last_five": "04821"});
        assert_eq!(app.post(&other.shop, &path, proof).await.code(), "data_not_exist");
        let logo = json!({"logo_file_id": theirs["file_id"]});
        let path = format!("/account/organization/{}", other.shop.id);
        let answer = other.send(&app, CallerKind::Person, "PATCH", &path, &logo).await;
        assert!(answer.code() == "data_not_exist" || answer.json()["logo_file_id"].is_null(), "{}", answer.text);
        // It is there all the same, and still the owner's.
        let content = app.get(&owner.shop, &format!("/platform/file/{}", theirs["file_id"])).await;
        assert_eq!((content.status, content.json()["file_type"].as_str()), (200, Some("temp")), "{}", content.text);
        assert_eq!(holdings(&app, &owner).await, before);
        app.stop().await;
    }
}
