//! The OpenAPI document against the real methods: what is described is taken, and what is answered is described.

use crate::bulk::{upload, work};
use crate::support::{Engine, World, both};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tallystick_forms::face::{METHODS, document, operation};
use testkit::schema::{check, resolve};

/// A part of the description of a method.
fn described<'a>(document: &'a Value, method: &str) -> &'a Value {
    let described = &document["paths"][format!("/api/v2/rpc/{method}")]["post"];
    assert!(described.is_object(), "{method} is not described");
    described
}

fn json_of(content: &Value) -> &Value {
    &content["content"]["application/json"]
}

fn request(document: &Value, method: &str) -> Value {
    let body = json_of(&described(document, method)["requestBody"]);
    body["examples"]["request"]["value"].clone()
}

fn answer<'a>(document: &'a Value, method: &str) -> &'a Value {
    let response = json_of(&described(document, method)["responses"]["200"]);
    &response["examples"]["ok"]["value"]["data"]
}

fn methods() -> BTreeSet<&'static str> {
    let methods = METHODS.iter().flat_map(|methods| methods.iter());
    methods.map(|method| method.name).collect()
}

/// What is wrong with the parameters, or with those of the one item, if anything is.
fn issues(answer: &Value) -> &str {
    let answer = answer.pointer("/data/results/0").unwrap_or(answer);
    match answer["error_code"].as_i64() {
        Some(100_301) => answer["message_detail"].as_str().unwrap(),
        _ => "",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_a_request_has_the_shape_that_is_wanted() {
    let world = World::new(Engine::Sqlite).await;
    let document = document();
    for method in methods() {
        let (_, answer) = world
            .call(&world.key, method, &request(&document, method))
            .await;
        assert_eq!(issues(&answer), "", "{method}");
    }
}

/// A parameter, and what makes it break its description: a value out of bounds, and what is still within.
struct Breach {
    path: String,
    /// The request with the value out of bounds.
    broken: Value,
    /// The same with one that is just within, if there is such a bound.
    fits: Option<Value>,
}

/// What may be done wrong with the parameters that are in an example.
struct Breaker<'a> {
    document: &'a Value,
    example: &'a Value,
    found: Vec<Breach>,
}

impl Breaker<'_> {
    /// `at`: the JSON pointer to an object of the example; `path`: its name in messages.
    fn object(&mut self, schema: &Value, at: &str, path: &str) {
        let Some(object) = self.example.pointer(at).and_then(Value::as_object).cloned() else {
            return;
        };
        let within = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            let mut broken = object.clone();
            broken.remove(name);
            self.breach(within(name), at, broken.into(), None);
        }
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if object.contains_key(name) {
                self.value(schema, &format!("{at}/{name}"), &within(name));
            }
        }
    }

    fn value(&mut self, schema: &Value, at: &str, path: &str) {
        // They have codes of their own.
        if path == "version" || (path == "format" && schema["default"] == "json") {
            return;
        }
        let schema = match schema["$ref"].as_str() {
            Some(reference) => resolve(self.document, reference),
            None => schema,
        };
        let wrong_type = match schema["type"].as_str() {
            Some("string") | None => json!([]),
            Some(_) => json!("wrong"),
        };
        // Any JSON is a value of a form's field, as far as shapes go.
        if !path.ends_with("field_value") {
            self.breach(path.to_owned(), at, wrong_type, None);
        }
        if schema.get("enum").is_some() && schema["type"] == "string" {
            self.breach(path.to_owned(), at, json!("another"), None);
        }
        let bound = |name: &str| schema[name].as_i64();
        for (least, step) in [("minimum", -1), ("maximum", 1)] {
            if let Some(bound) = bound(least) {
                let fits = Some(json!(bound));
                self.breach(path.to_owned(), at, json!(bound + step), fits);
            }
        }
        if let Some(most) = bound("maxLength") {
            let most = usize::try_from(most).unwrap();
            let text = |length| json!("的".repeat(length));
            self.breach(path.to_owned(), at, text(most + 1), Some(text(most)));
        }
        if bound("minLength") == Some(1) {
            self.breach(path.to_owned(), at, json!(" "), None);
        }
        if let Some(most) = bound("maxItems") {
            let most = usize::try_from(most).unwrap();
            let item = self.example.pointer(at).and_then(|list| list.get(0));
            let items = |count| json!(vec![item.cloned().unwrap_or_default(); count]);
            self.breach(path.to_owned(), at, items(most + 1), Some(items(most)));
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, at, path),
            Some("array") => self.items(&schema["items"], at, path),
            _ => {}
        }
    }

    /// Each property in the first item that has it.
    fn items(&mut self, schema: &Value, at: &str, path: &str) {
        let items = self.example.pointer(at).and_then(Value::as_array).cloned();
        let mut seen = BTreeSet::new();
        for (index, item) in items.into_iter().flatten().enumerate() {
            let (at, path) = (format!("{at}/{index}"), format!("{path}[{index}]"));
            let Some(item) = item.as_object() else {
                return self.value(schema, &at, &path);
            };
            let fresh = |name: &String| !seen.contains(name);
            let properties = schema["properties"].as_object().unwrap();
            let properties: Map<String, Value> = properties
                .iter()
                .filter(|(name, _)| item.contains_key(*name) && fresh(name))
                .map(|(name, schema)| (name.clone(), schema.clone()))
                .collect();
            let required = schema["required"].as_array().into_iter().flatten();
            let required: Vec<&Value> = required
                .filter(|name| properties.contains_key(name.as_str().unwrap()))
                .collect();
            self.object(
                &json!({"properties": properties, "required": required}),
                &at,
                &path,
            );
            seen.extend(properties.into_iter().map(|(name, _)| name));
        }
    }

    fn breach(&mut self, path: String, at: &str, broken: Value, fits: Option<Value>) {
        let with = |value: Value| {
            let mut request = self.example.clone();
            *request.pointer_mut(at).unwrap() = value;
            request
        };
        self.found.push(Breach {
            path,
            broken: with(broken),
            fits: fits.map(with),
        });
    }
}

/// The complaint about a parameter among others: `page_size must be from 1 to 50`.
fn complaint<'a>(issues: &'a str, path: &str) -> Option<&'a str> {
    let mut all = issues.split("; ");
    all.find(|issue| {
        issue
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with(' '))
    })
}

/// Types, bounds, lengths and literals: beyond what is described a parameter is refused by name, up to there it is not.
#[tokio::test(flavor = "multi_thread")]
async fn the_limits_that_are_described_are_those_that_hold() {
    let world = World::new(Engine::Sqlite).await;
    let document = document();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for method in methods() {
        let schema = &json_of(&described(&document, method)["requestBody"])["schema"];
        let example = request(&document, method);
        let mut breaker = Breaker {
            document: &document,
            example: &example,
            found: Vec::new(),
        };
        breaker.object(schema, "", "");
        for breach in breaker.found {
            let Breach { path, broken, fits } = breach;
            tried += 1;
            let (_, answer) = world.call(&world.key, method, &broken).await;
            let Some(told) = complaint(issues(&answer), &path) else {
                let shown: String = broken.to_string().chars().take(300).collect();
                wrong.push(format!(
                    "{method}: {path} is taken, or not told: {answer} to {shown}"
                ));
                continue;
            };
            let Some(fits) = fits else {
                continue;
            };
            let (_, answer) = world.call(&world.key, method, &fits).await;
            if complaint(issues(&answer), &path) == Some(told) {
                wrong.push(format!("{method}: {told}, though it is within"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 300, "{tried}");
}

/// Calls methods and notes what is not as it is described.
struct Checked {
    world: World,
    document: Value,
    called: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Checked {
    async fn new(engine: Engine) -> Self {
        Self {
            world: World::new(engine).await,
            document: document(),
            called: BTreeSet::new(),
            wrong: Vec::new(),
        }
    }

    /// `data` of a call that must succeed.
    async fn ok(&mut self, method: &str, body: Value) -> Value {
        let (status, mut answer) = self.world.call(&self.world.key, method, &body).await;
        assert_eq!(status, 200, "{method} {body}: {answer}");
        let described = described(&self.document, method);
        let schema = &json_of(&described["responses"]["200"])["schema"];
        if let Err(why) = check(&self.document, schema, &answer) {
            self.wrong.push(format!("{method}: {why} in {answer}"));
        }
        self.called.insert(method.to_owned());
        answer["data"].take()
    }

    /// The same, whose keys must be those of the example.
    async fn like_the_example(&mut self, method: &str, body: Value) -> Value {
        let data = self.ok(method, body).await;
        compare(
            method,
            answer(&self.document, method),
            &data,
            &mut self.wrong,
        );
        data
    }

    /// A call that must be refused, with a code that is listed.
    async fn refused(&mut self, method: &str, body: Value) {
        let (code, _) = self.world.refused(method, body).await;
        let codes = operation(method).unwrap().codes();
        if !codes.contains(&code.to_string()) {
            self.wrong.push(format!("{method}: {code} is not listed"));
        }
    }
}

/// Compares the keys of objects, within lists those of all items together. `null` and empty lists may stand for anything.
fn compare(path: &str, example: &Value, real: &Value, wrong: &mut Vec<String>) {
    match (example, real) {
        (Value::Object(example), Value::Object(real)) => {
            let [expected, found] =
                [example, real].map(|object| object.keys().collect::<BTreeSet<_>>());
            if expected != found {
                wrong.push(format!("{path}: {found:?}, in the example {expected:?}"));
            }
            for (name, example) in example {
                // Its shape depends on the field.
                if name != "field_value"
                    && let Some(real) = real.get(name)
                {
                    compare(&format!("{path}.{name}"), example, real, wrong);
                }
            }
        }
        (Value::Array(example), Value::Array(real)) => {
            let [example, real] = [example, real].map(|items| items.iter().cloned().reduce(merge));
            if let (Some(example), Some(real)) = (example, real) {
                compare(&format!("{path}[]"), &example, &real, wrong);
            }
        }
        _ => {}
    }
}

fn merge(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            for (name, value) in other {
                let merged = match one.remove(&name) {
                    Some(before) => merge(before, value),
                    None => value,
                };
                one.insert(name, merged);
            }
            one.into()
        }
        (Value::Array(one), Value::Array(other)) => one.into_iter().chain(other).collect(),
        (Value::Null, other) => other,
        (one, _) => one,
    }
}

/// What is filled into the form of the examples.
fn entries(form: &Value) -> Value {
    let fields = form["groups"][0]["fields"].as_array().unwrap();
    let option = |field: &Value| json!({"option_id": field["options"][0]["option_id"]});
    let entries = fields.iter().map(|field| {
        let value = match field["field_type"].as_str().unwrap() {
            "name" => json!("林美"),
            "tel" => json!("13800138000"),
            "radio" => option(field),
            "checkbox" => json!({"values": [option(field)]}),
            "number" => json!({"value": 36.5}),
            "date" => json!("2026-06-02"),
            "checklist" => json!({"items": [{"item_id": field["items"][0]["item_id"], "value": 1, "remark": "已读"}]}),
            "matrix" => json!({"cells": [
                {"column_id": field["columns"][0]["column_id"], "value": "粤B12345"},
                {"column_id": field["columns"][1]["column_id"], "value": option(&field["columns"][1])},
            ]}),
            other => panic!("{other}"),
        };
        json!({"field_id": field["field_id"], "field_type": field["field_type"], "field_value": value})
    });
    entries.collect()
}

both! {
    async fn answers_are_as_they_are_described(engine: Engine) {
        let mut the = Checked::new(engine).await;
        let document = the.document.clone();
        let example = |method| request(&document, method);
        let person = json!({"id": "u-1", "name": "王强", "phone": "13900139000"});

        let state = the.like_the_example("states/create", example("states/create")).await;
        the.like_the_example("states/getList", json!({})).await;
        let category = the.like_the_example("categories/create", example("categories/create")).await;
        let category_id = &category["category"]["id"];
        the.like_the_example("categories/update", json!({"id": category_id, "name": "二楼"})).await;
        the.like_the_example("categories/getList", json!({})).await;
        let sent = the.like_the_example("uploads/create", example("uploads/create")).await;
        let photo = json!({"field_type": "image", "field_title": "照片"});

        let form = the.like_the_example("forms/create", example("forms/create")).await;
        let tpl_id = &form["form"]["id"];
        the.like_the_example("forms/getTemplate", json!({"tpl_id": tpl_id})).await;
        the.ok("forms/getTemplate", json!({"tpl_id": tpl_id, "version": "v1"})).await;
        the.like_the_example("record/getFormList", json!({})).await;
        the.like_the_example("forms/getList", example("forms/getList")).await;
        let other = the.ok("forms/create", json!({"name": "照片", "groups": [{"fields": [photo]}]})).await;
        let other_id = &other["form"]["id"];
        the.like_the_example("forms/update", {
            let mut change = example("forms/create");
            change["tpl_id"] = other_id.clone();
            change["certificate_config"] = json!({"enabled": false});
            change["audit_config"] = json!({"enabled": false});
            change
        }).await;
        let photo = json!({"field_type": "image", "field_title": "照片"});
        let other = the.ok("forms/update", json!({"tpl_id": other_id, "groups": [{"fields": [photo]}], "limits": {}})).await;

        let mut code = example("qrcodes/create");
        code["category_id"] = category_id.clone();
        code["operations"] = json!([{
            "name": "登记",
            "description": "进入前请登记",
            "elements": [
                {"element_type": 2, "element_value": tpl_id},
                {"element_type": 2, "element_value": other_id},
                {"element_type": 1, "element_value": state["state"]["id"]},
            ],
        }]);
        let code = the.ok("qrcodes/create", code).await;
        let (code_id, coding) = (&code["meta"]["id"], &code["meta"]["coding"]);
        let values = &state["state"]["values"];
        the.like_the_example("qrcodes/updateState", json!({"code_id": code_id, "state_id": state["state"]["id"], "state_value_id": values[0]["id"]})).await;
        the.like_the_example("qrcodes/update", json!({"code_id": code_id, "title": "前台", "fields": [{"title": "位置", "value": "二楼"}]})).await;
        the.like_the_example("qrcodes/getList", json!({"category_id": category_id})).await;
        the.like_the_example("qrcodes/getContent", json!({"qrcode": coding})).await;
        the.ok("qrcodes/getContent", json!({"qrcode": coding, "format": "markdown", "version": "v1"})).await;
        the.like_the_example("qrcodes/getOperation", json!({"qrcode": coding})).await;
        the.refused("qrcodes/getContent", json!({"qrcode": "qNone"})).await;
        the.refused("qrcodes/getContent", json!({"qrcode": coding, "format": "json-ld"})).await;

        let endpoint = the.like_the_example("webhooks/create", example("webhooks/create")).await;
        the.like_the_example("webhooks/getList", json!({})).await;
        let endpoint_id = &endpoint["endpoint"]["endpoint_id"];

        // Submitted, changed, approved.
        let submission = json!({"code_id": code_id, "tpl_id": tpl_id, "fields": entries(&form), "submitter": person});
        let submitted = the.ok("record/addRecord", submission.clone()).await;
        the.refused("record/addRecord", submission).await;
        let record_id = &submitted["record_id"];
        the.ok("record/updateRecord", json!({"record_id": record_id, "fields": [entries(&form)[0]]})).await;
        the.refused("record/getCertificate", json!({"record_id": record_id})).await;
        let reviewed = the.like_the_example("record/auditRecord", json!({"record_id": record_id, "action": "pass", "reply": "已核对", "operator": person})).await;
        the.refused("record/auditRecord", json!({"record_id": record_id, "action": "pass"})).await;
        let files = json!([{"upload_id": sent["upload_id"], "title": "现场"}]);
        let field = &other["groups"][0]["fields"][0]["field_id"];
        let fields = json!([{"field_id": field, "field_type": "image", "field_value": files}]);
        let with_photo = json!({"code_id": code_id, "tpl_id": other_id, "fields": fields});
        let with_photo = the.ok("record/addRecord", with_photo).await;

        the.like_the_example("record/getRecord", json!({"record_id": record_id})).await;
        the.ok("record/getRecord", json!({"record_url": submitted["record_url"], "version": "v1"})).await;
        for format in ["json", "json-ld", "markdown"] {
            the.ok("record/getRecord", json!({"record_id": record_id, "format": format})).await;
            the.ok("record/getRecords", json!({"format": format, "get_total_count": 0})).await;
        }
        let of_form = json!({"filters": {"record_template": {"id": tpl_id}}});
        the.like_the_example("record/getRecords", of_form).await;
        the.ok("record/getRecords", json!({"page_size": 1, "version": "v1"})).await;
        the.refused("record/getRecords", json!({"filters": {"qrcode": {"category_id": 1}}})).await;

        // Verified, taken back, verified by somebody else.
        let certificate = &reviewed["certificate"]["certificate_code"];
        let verify = json!({"certificate_code": certificate, "action_type": "set_next_certificate_status", "operator": person, "nonce": "1"});
        let verified = the.like_the_example("record/verifyCertificate", verify.clone()).await;
        the.like_the_example("record/getCertificate", json!({"certificate_code": certificate})).await;
        the.like_the_example("record/getVerifications", json!({"record_id": record_id})).await;
        let again = json!({"certificate_code": certificate, "action_type": "set_next_certificate_status", "operator": person});
        the.refused("record/verifyCertificate", again).await;
        the.like_the_example("record/reverseVerification", json!({"verification_id": verified["verification_id"], "reason": "扫错了"})).await;
        let mut new = example("record/createAuthorizationCode");
        new["tpl_id"] = tpl_id.clone();
        let authorization = the.like_the_example("record/createAuthorizationCode", new).await;
        the.like_the_example("record/getAuthorizationCodes", json!({"tpl_id": tpl_id})).await;
        let by_code = json!({"certificate_code": certificate, "action_type": "set_next_certificate_status", "authorization_code": authorization["authorization_code"]});
        let unknown = json!({"certificate_code": "vNone", "action_type": "set_next_certificate_status"});
        let malformed = json!({"certificate_code": 1});
        the.like_the_example("record/verifyCertificates", json!({"items": [by_code.clone()]})).await;
        the.ok("record/verifyCertificates", json!({"items": [by_code, unknown, malformed]})).await;
        the.ok("record/getVerifications", json!({"page_size": 2})).await;
        the.ok("record/getCertificate", json!({"record_id": record_id})).await;
        let revoked = json!({"authorization_id": authorization["authorization_id"]});
        the.like_the_example("record/revokeAuthorizationCode", revoked).await;

        let deliveries = the.like_the_example("webhooks/getDeliveries", json!({"endpoint_id": endpoint_id})).await;
        let delivery_id = &deliveries["list"][0]["delivery_id"];
        the.like_the_example("webhooks/resend", json!({"delivery_id": delivery_id})).await;
        the.ok("webhooks/getDeliveries", json!({"endpoint_id": endpoint_id, "page_size": 1})).await;
        the.like_the_example("webhooks/update", json!({"endpoint_id": endpoint_id, "enabled": false})).await;
        the.refused("webhooks/resend", json!({"delivery_id": delivery_id})).await;

        // Many at once.
        let file = "姓名,手机,来访目的\n甲,13800138001,拜访\n乙,1,拜访\n".as_bytes();
        let upload_id = upload(&the.world, "visitors.csv", file).await;
        let import = json!({"tpl_id": tpl_id, "code_id": code_id, "upload_id": upload_id});
        let imported = the.like_the_example("record/importRecords", import).await;
        let export = json!({"tpl_id": tpl_id, "format": "csv"});
        let exported = the.like_the_example("record/exportRecords", export).await;
        let issue = json!({"tpl_id": tpl_id, "record_ids": [record_id, 1]});
        let issued = the.like_the_example("record/issueCertificates", issue).await;
        let export = json!({"tpl_id": tpl_id, "format": "xlsx"});
        let cancelled = the.ok("record/exportRecords", export).await;
        the.like_the_example("record/cancelJob", json!({"job_id": cancelled["job_id"]})).await;
        work(&the.world).await;
        the.like_the_example("record/getJob", json!({"job_id": imported["job_id"], "report": "all"})).await;
        for job in [exported, issued] {
            let job = the.ok("record/getJob", json!({"job_id": job["job_id"]})).await;
            assert_eq!(job["state"], "done", "{job}");
        }
        the.refused("record/cancelJob", json!({"job_id": imported["job_id"]})).await;
        the.refused("record/exportRecords", json!({"tpl_id": tpl_id, "format": "json"})).await;

        // What ends it all.
        the.ok("webhooks/delete", json!({"endpoint_id": endpoint_id})).await;
        the.refused("webhooks/delete", json!({"endpoint_id": endpoint_id})).await;
        the.ok("record/deleteRecord", json!({"record_id": with_photo["record_id"]})).await;
        the.like_the_example("qrcodes/setStatus", json!({"code_id": code_id, "status": "disabled"})).await;
        the.ok("forms/delete", json!({"tpl_id": tpl_id})).await;
        the.like_the_example("categories/delete", json!({"id": category_id})).await;

        assert!(the.wrong.is_empty(), "{}", the.wrong.join("\n"));
        let all: BTreeSet<String> = methods().into_iter().map(str::to_owned).collect();
        assert_eq!(the.called, all);
    }
}
