//! Codes, categories, states, uploads and QR images.

use crate::support::{Engine, PUBLIC_URL, World, both, refusal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all as all;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use store::params;
use store::record::Json;
use tallystick_forms::model::form::{Definition, FormSettings};
use tallystick_forms::repo::{Certificate, Record, Template, Upload};
use tallystick_forms::{Error, NewCode, statements};

const START: i64 = 1_780_374_600;
const START_ISO: &str = "2026-06-02 12:30:00(UTC+08:00)";

/// A form without fields, stored as it is.
async fn form(world: &World, project_id: i64) -> i64 {
    let (tpl_id, now) = (world.forms.new_id(), world.forms.now());
    let template = Template {
        tpl_id,
        org_id: world.org.org_id,
        project_id,
        number: format!("D{tpl_id}"),
        name: "Inspection".into(),
        note: String::new(),
        description: String::new(),
        submit_button_title: String::new(),
        definition: Json(Definition::default()),
        limits: Json::default(),
        audit: Json::default(),
        certificate: Json::default(),
        settings: Json(FormSettings::default()),
        created_at: now,
        updated_at: now,
        active_at: None,
        deleted_at: None,
    };
    let insert = move |tx: &mut store::Tx<'_>| Ok::<_, Error>(template.insert(tx)?);
    world.forms.db().write(insert).await.unwrap();
    tpl_id
}

async fn category(world: &World, name: &str, parent_id: Option<i64>) -> i64 {
    let body = json!({"name": name, "parent_id": parent_id});
    let made = world.ok("categories/create", body).await;
    made["category"]["id"].as_i64().unwrap()
}

async fn code(world: &World, body: Value) -> Value {
    world.ok("qrcodes/create", body).await["meta"].take()
}

async fn state(world: &World, title: &str, texts: &[&str]) -> (i64, Vec<i64>) {
    let values: Vec<_> = texts.iter().map(|text| json!({"text": text})).collect();
    let made = world.ok("states/create", json!({"title": title, "values": values}));
    let made = made.await["state"].take();
    let values = made["values"].as_array().unwrap();
    let ids = values.iter().map(|value| value["id"].as_i64().unwrap());
    (made["id"].as_i64().unwrap(), ids.collect())
}

async fn record(world: &World, record_id: i64) -> Record {
    let org_id = world.org.org_id;
    let find = move |tx: &mut store::Tx<'_>| {
        let found = Record::first(tx, Record::BY_ID, params![record_id, org_id])?;
        Ok::<_, Error>(found)
    };
    world.forms.db().read(find).await.unwrap().unwrap()
}

async fn records_of_kind(world: &World, kind: i64) -> i64 {
    let count = move |tx: &mut store::Tx<'_>| {
        let sql = "SELECT COUNT(*) FROM forms_records WHERE kind = $1";
        let counts = tx.query_dynamic(sql, params![kind], |row| row.get::<i64>(0))?;
        Ok::<_, Error>(counts[0])
    };
    world.forms.db().read(count).await.unwrap()
}

async fn stranger(world: &World) -> (String, String) {
    let (other, _, key) = world.other_organization().await;
    (key, other.org_code)
}

fn titles(list: &Value) -> Vec<&str> {
    let items = list["list"].as_array().unwrap().iter();
    items.map(|item| item["title"].as_str().unwrap()).collect()
}

fn id(value: &Value) -> i64 {
    value["id"].as_i64().unwrap()
}

both! {
    async fn every_statement_is_understood(engine: Engine) {
        let world = World::new(engine).await;
        let prepare = |tx: &mut store::Tx<'_>| {
            for statement in statements() {
                tx.prepare(statement)?;
            }
            Ok::<_, Error>(())
        };
        world.forms.db().write(prepare).await.unwrap();
    }

    async fn content_has_the_documented_shape(engine: Engine) {
        let world = World::new(engine).await;
        let made = code(&world, json!({"title": "Pump 3", "fields": [
            {"title": "Manual", "type": "url", "value": "https://example.com/manual"},
            {"title": "Notes", "value": "*hot*"},
        ]})).await;
        let coding = made["coding"].as_str().unwrap();
        let url = format!("{PUBLIC_URL}/{}/{coding}", world.org.org_code);
        assert!(coding.starts_with('q') && coding.len() == 9, "{coding}");
        let found = world.ok("qrcodes/getContent", json!({"qrcode": coding})).await;
        let fields = found["data"]["fields"].as_array().unwrap();
        let ids: Vec<_> = fields.iter().map(|field| field["field_id"].as_i64().unwrap()).collect();
        assert_eq!(found, json!({
            "format": "json",
            "content_type": "application/json; charset=utf-8",
            "data": {
                "meta": {"id": made["id"], "title": "Pump 3", "url": url, "coding": coding},
                "fields": [
                    {"field_id": ids[0], "type": "url", "title": "Manual", "value": "https://example.com/manual"},
                    {"field_id": ids[1], "type": "text", "title": "Notes", "value": "*hot*"},
                ],
            },
        }));
        for text in [url.clone(), format!("{url}.md?from=scan"), format!("https://elsewhere.example/{}/{coding}", world.org.org_code)] {
            let same = world.ok("qrcodes/getContent", json!({"qrcode": text, "format": "json"})).await;
            assert_eq!(same, found);
        }
        let markdown = world.ok("qrcodes/getContent", json!({"qrcode": url, "format": "markdown", "version": "v1"})).await;
        assert_eq!(markdown, json!({
            "format": "markdown",
            "version": "v1",
            "content_type": "text/markdown; charset=utf-8",
            "data": format!("# Pump 3\n\n<{url}>\n\n**Manual**: [https://example.com/manual](https://example.com/manual)\n\n**Notes**: \\*hot\\*\n"),
        }));
    }

    async fn content_is_refused_in_the_documented_order(engine: Engine) {
        let world = World::new(engine).await;
        let (other_key, other_org) = stranger(&world).await;
        let coding = code(&world, json!({"title": "A"})).await["coding"].as_str().unwrap().to_owned();
        let url = format!("{PUBLIC_URL}/{}/{coding}", world.org.org_code);
        for (key, body, expected) in [
            (&world.key, json!({}), (100_301, "qrcode is required")),
            (&world.key, json!({"qrcode": 7, "format": 1}), (100_301, "qrcode must be a string; format must be a string")),
            (&world.key, json!({"qrcode": coding, "version": 1, "format": "x"}), (100_301, "version must be a string")),
            (&world.key, json!({"qrcode": coding, "version": "v2", "format": "x"}), (100_302, "v2 is not supported; use v1")),
            (&world.key, json!({"qrcode": coding, "format": "json-ld"}), (100_305, "format must be one of: json, markdown")),
            (&world.key, json!({"qrcode": coding, "format": "JSON"}), (100_305, "format must be one of: json, markdown")),
            (&world.key, json!({"qrcode": "qUnknown"}), (404, "Code not found")),
            (&world.key, json!({"qrcode": "%\u{1}//"}), (404, "Code not found")),
            (&world.key, json!({"qrcode": format!("{PUBLIC_URL}/{other_org}/{coding}")}), (100_316, "")),
            (&other_key, json!({"qrcode": url}), (100_316, "")),
            (&other_key, json!({"qrcode": coding}), (404, "Code not found")),
        ] {
            for method in ["qrcodes/getContent", "qrcodes/getOperation"] {
                if method == "qrcodes/getOperation" && (body.get("format").is_some() || body.get("version").is_some()) {
                    continue;
                }
                let refused = refusal(world.call(key, method, &body).await);
                assert_eq!((refused.0, &*refused.1), expected, "{body}");
            }
        }
        let (status, body) = world.call(&other_key, "qrcodes/getContent", &json!({"qrcode": url})).await;
        assert_eq!((status, body), (403, json!({
            "code": 403, "error_code": 100_316, "message": "API key org mismatch", "message_detail": "",
        })));
    }

    async fn operations_are_one_row_an_element(engine: Engine) {
        let world = World::new(engine).await;
        let tpl_id = form(&world, world.project.project_id).await;
        let (state_id, values) = state(&world, "Health", &["Good", "Broken"]).await;
        let made = code(&world, json!({"title": "A", "operations": [
            {"name": "Inspect", "description": "Every day", "elements": [
                {"element_type": 2, "element_value": tpl_id},
                {"element_type": 1, "element_value": state_id},
            ], "allowed_state_values": {state_id.to_string(): values}},
            {"name": "Repair", "elements": [{"element_type": 2, "element_value": tpl_id}]},
        ]})).await;
        let rows = world.ok("qrcodes/getOperation", json!({"qrcode": made["coding"]})).await;
        assert_eq!(rows, json!([
            {"operation_name": "Inspect", "operation_description": "Every day", "element_type": 2,
                "element_type_title": "填写表单", "element_value": tpl_id},
            {"operation_name": "Inspect", "operation_description": "Every day", "element_type": 1,
                "element_type_title": "更新状态", "element_value": state_id},
            {"operation_name": "Repair", "operation_description": "", "element_type": 2,
                "element_type_title": "填写表单", "element_value": tpl_id},
        ]));
        let none = code(&world, json!({"title": "B"})).await;
        let rows = world.ok("qrcodes/getOperation", json!({"qrcode": none["url"]})).await;
        assert_eq!(rows, json!([]));
    }

    async fn operations_use_what_there_is(engine: Engine) {
        let world = World::new(engine).await;
        let other = world.forms.create_project(world.org.org_id, "Other").await.unwrap();
        let foreign = form(&world, other.project_id).await;
        let (state_id, values) = state(&world, "Health", &["Good"]).await;
        let body = json!({"title": "A", "operations": [
            {"elements": [{"element_type": 3}, "x"]},
            {"name": "B", "elements": []},
            {"name": "C", "elements": [{"element_type": 1, "element_value": 1}], "allowed_state_values": {"x": []}},
            {"name": "D", "elements": [{"element_type": 1, "element_value": 1}], "allowed_state_values": {"7": ["a"]}},
        ]});
        let (code_, detail) = world.refused("qrcodes/create", body).await;
        assert_eq!(code_, 100_301);
        assert_eq!(detail.split("; ").collect::<HashSet<_>>(), HashSet::from([
            "operations[0].name is required",
            "operations[0].elements[0].element_type must be from 1 to 2",
            "operations[0].elements[0].element_value is required",
            "operations[0].elements[1] must be an object",
            "operations[1].elements is required",
            "operations[2].allowed_state_values is malformed",
            "operations[3].allowed_state_values.7[0] must be an integer",
        ]));
        let body = json!({"title": "A", "operations": [
            {"name": "A", "elements": [{"element_type": 2, "element_value": foreign}, {"element_type": 1, "element_value": foreign}]},
            {"name": "B", "elements": [{"element_type": 1, "element_value": state_id}],
                "allowed_state_values": {state_id.to_string(): [values[0], 7]}},
        ]});
        let refusal = world.refused("qrcodes/create", body).await;
        assert_eq!(refusal, (100_301, format!(
            "operations[0].elements[0].element_value does not exist; operations[0].elements[1].element_value does not exist; \
             operations[1].allowed_state_values.{state_id} does not exist"
        )));
    }

    async fn codes_are_listed_by_page(engine: Engine) {
        let world = World::new(engine).await;
        let folder = category(&world, "Boilers", None).await;
        let made = code(&world, json!({"title": "One", "category_id": folder, "expire_at": START + 60})).await;
        let expected = json!({
            "id": made["id"], "title": "One", "coding": made["coding"],
            "url": format!("{PUBLIC_URL}/{}/{}", world.org.org_code, made["coding"].as_str().unwrap()),
            "kind": "NORMAL", "status": "enabled", "project_id": world.project.project_id,
            "category": {"id": folder, "name": "Boilers"}, "states": [],
            "created_at": START, "created_at_iso": START_ISO,
            "updated_at": START, "updated_at_iso": START_ISO,
            "expire_at": START + 60, "expire_at_iso": "2026-06-02 12:31:00(UTC+08:00)",
        });
        assert_eq!(made, expected);
        let list = world.ok("qrcodes/getList", json!({})).await;
        assert_eq!(list, json!({
            "list": [expected],
            "page": {"current_page": 1, "last_page": 1, "page_size": 10, "total": 1},
        }));
        for title in ["Two", "Three", "Four 100%"] {
            code(&world, json!({"title": title})).await;
        }
        let list = world.ok("qrcodes/getList", json!({"page": 2, "page_size": 3})).await;
        assert_eq!(titles(&list), ["One"]);
        assert_eq!(list["page"], json!({"current_page": 2, "last_page": 2, "page_size": 3, "total": 4}));
        let list = world.ok("qrcodes/getList", json!({"page": 9})).await;
        assert_eq!((titles(&list).len(), &list["page"]["total"]), (0, &json!(4)));
        for (key, expected) in [("THR", &["Three"][..]), ("100%", &["Four 100%"]), ("t_o", &[])] {
            let list = world.ok("qrcodes/getList", json!({"search_key": key})).await;
            assert_eq!(titles(&list), expected, "{key}");
        }
        let list = world.ok("qrcodes/getList", json!({"search_key": made["coding"]})).await;
        assert_eq!(titles(&list), ["One"]);
        world.clock.advance(Duration::from_secs(60));
        let list = world.ok("qrcodes/getList", json!({"search_key": "One"})).await;
        assert_eq!(list["list"][0]["status"], "expired");
        let refusal = world.refused("qrcodes/getList", json!({"page": 0, "page_size": 51})).await;
        assert_eq!(refusal, (100_301, "page must be from 1 to 1000000; page_size must be from 1 to 50".into()));
    }

    async fn codes_are_changed(engine: Engine) {
        let world = World::new(engine).await;
        let folder = category(&world, "Boilers", None).await;
        let made = code(&world, json!({"title": "One", "expire_at": START + 60, "category_id": folder})).await;
        world.clock.advance(Duration::from_secs(5));
        let body = json!({"code_id": made["id"], "title": " Two ", "category_id": 0, "expire_at": 0});
        let mut expected = made.clone();
        expected["title"] = "Two".into();
        expected["category"] = Value::Null;
        expected["expire_at"] = Value::Null;
        expected["expire_at_iso"] = Value::Null;
        expected["updated_at"] = (START + 5).into();
        expected["updated_at_iso"] = "2026-06-02 12:30:05(UTC+08:00)".into();
        assert_eq!(world.ok("qrcodes/update", body).await, json!({"meta": expected}));
        let untouched = world.ok("qrcodes/update", json!({"code_id": made["id"]})).await;
        assert_eq!(untouched, json!({"meta": expected}));
        for (body, expected) in [
            (json!({"title": ""}), (100_301, "code_id is required; title must have 1 to 200 characters")),
            (json!({"code_id": made["id"], "category_id": 7}), (404, "Category not found")),
            (json!({"code_id": 7, "title": "x"}), (404, "Code not found")),
            (json!({"code_id": made["id"], "fields": [{"title": "a", "type": "url", "value": "javascript:alert(1)"}]}),
                (100_301, "fields[0].value is malformed")),
        ] {
            let refusal = world.refused("qrcodes/update", body).await;
            assert_eq!((refusal.0, &*refusal.1), expected);
        }
        let refused = refusal(world.call(&world.read_only_key, "qrcodes/update", &json!({"code_id": made["id"]})).await);
        assert_eq!(refused.0, 403);
    }

    async fn another_content_is_written_down(engine: Engine) {
        let world = World::new(engine).await;
        let made = code(&world, json!({"title": "A", "fields": [
            {"title": "Kept", "value": "1"}, {"title": "Edited", "value": "2"}, {"title": "Gone", "value": "3"},
        ]})).await;
        let fields = world.ok("qrcodes/getContent", json!({"qrcode": made["coding"]})).await["data"]["fields"].take();
        let ids: Vec<_> = (0..3).map(|index| fields[index]["field_id"].as_i64().unwrap()).collect();
        let body = json!({"code_id": made["id"], "fields": [
            {"field_id": ids[0], "title": "Kept", "value": "1"},
            {"field_id": ids[1], "title": "Edited", "value": "two"},
            {"title": "New", "value": "4"},
        ]});
        world.ok("qrcodes/update", body).await;
        assert_eq!(records_of_kind(&world, 7).await, 1);
        let changed = world.ok("qrcodes/getContent", json!({"qrcode": made["coding"]})).await["data"]["fields"].take();
        assert_eq!(changed[1]["field_id"], ids[1]);
        let new_id = changed[2]["field_id"].as_i64().unwrap();
        assert!(!ids.contains(&new_id));
        let (code_id, org_id) = (id(&made), world.org.org_id);
        let find = move |tx: &mut store::Tx<'_>| {
            let sql = format!("SELECT {} FROM forms_records WHERE code_id = $1 AND org_id = $2", Record::COLUMNS);
            let found = tx.query_dynamic(&sql, params![code_id, org_id], Record::read)?;
            Ok::<_, Error>(found)
        };
        let written = world.forms.db().read(find).await.unwrap();
        let lines: Vec<_> = written[0].fields.0.iter()
            .map(|field| (field.field_id, &*field.field_title, field.field_value.as_str().unwrap()))
            .collect();
        assert_eq!(lines, [(ids[1], "Edited", "two"), (new_id, "New", "4"), (ids[2], "Gone", "")]);
        assert_eq!((written[0].kind, &*written[0].record_number), (7, "L1"));
        assert!(written[0].api_key_id.is_some());
        // The same again, and a new title, are no edits of the content.
        world.ok("qrcodes/update", json!({"code_id": made["id"], "title": "B", "fields": changed})).await;
        assert_eq!(records_of_kind(&world, 7).await, 1);
        let body = json!({"code_id": made["id"], "fields": [
            {"field_id": new_id, "title": "a"}, {"field_id": new_id, "title": "b"}, {"field_id": ids[2], "title": "c"},
        ]});
        let refusal = world.refused("qrcodes/update", body).await;
        assert_eq!(refusal, (100_301, "fields[1].field_id is already in use; fields[2].field_id does not exist".into()));
    }

    async fn deleted_codes_stay_deleted(engine: Engine) {
        let world = World::new(engine).await;
        let made = code(&world, json!({"title": "A"})).await;
        for status in ["disabled", "disabled", "enabled", "deleted"] {
            let set = world.ok("qrcodes/setStatus", json!({"code_id": made["id"], "status": status})).await;
            assert_eq!(set["meta"]["status"], status);
        }
        let gone = (404, "Code not found".to_owned());
        for (method, body) in [
            ("qrcodes/setStatus", json!({"code_id": made["id"], "status": "enabled"})),
            ("qrcodes/setStatus", json!({"code_id": made["id"], "status": "deleted"})),
            ("qrcodes/update", json!({"code_id": made["id"], "title": "B"})),
            ("qrcodes/updateState", json!({"code_id": made["id"], "state_id": 1, "state_value_id": 1})),
            ("qrcodes/getContent", json!({"qrcode": made["coding"]})),
        ] {
            assert_eq!(world.refused(method, body).await, gone, "{method}");
        }
        assert_eq!(world.ok("qrcodes/getList", json!({})).await["page"]["total"], 0);
        let refusal = world.refused("qrcodes/setStatus", json!({"code_id": 1, "status": "locked"})).await;
        assert_eq!(refusal, (100_301, "status must be one of: enabled, disabled, deleted".into()));
        let refusal = world.refused("qrcodes/setStatus", json!({})).await;
        assert_eq!(refusal, (100_301, "code_id is required; status is required".into()));
    }

    async fn changes_of_state_are_written_down(engine: Engine) {
        let world = World::new(engine).await;
        let (state_id, values) = state(&world, "Health", &["Good", "Broken"]).await;
        let listed = world.ok("states/getList", json!({})).await;
        assert_eq!(listed, json!({"list": [{
            "id": state_id, "title": "Health", "project_id": world.project.project_id,
            "values": [{"id": values[0], "text": "Good"}, {"id": values[1], "text": "Broken"}],
            "created_at": START, "created_at_iso": START_ISO,
        }]}));
        let made = code(&world, json!({"title": "Pump"})).await;
        let set = |value: i64| json!({"code_id": made["id"], "state_id": state_id, "state_value_id": value});
        let first = world.ok("qrcodes/updateState", set(values[0])).await;
        assert_eq!(first["meta"]["states"], json!([{"state_id": state_id, "state_value_id": values[0]}]));
        let second = world.ok("qrcodes/updateState", set(values[1])).await;
        let written = record(&world, second["record_id"].as_i64().unwrap()).await;
        assert_eq!((written.kind, written.code_id, &*written.record_number), (3, id(&made), "L2"));
        assert!(written.coding.starts_with('r') && written.coding.len() == 17);
        assert_eq!(serde_json::to_value(&written.fields.0).unwrap(), json!([
            {"field_id": state_id, "field_title": "Health", "field_type": "text", "field_value": "Broken"},
            {"field_id": values[0], "field_title": "Health（变更前）", "field_type": "text", "field_value": "Good"},
        ]));
        let again = world.ok("qrcodes/updateState", set(values[1])).await;
        assert_eq!(again["record_id"], Value::Null);
        assert_eq!(records_of_kind(&world, 3).await, 2);
        for (body, expected) in [
            (json!({}), (100_301, "code_id is required; state_id is required; state_value_id is required")),
            (set(7), (100_301, "state_value_id does not exist")),
            (json!({"code_id": made["id"], "state_id": 7, "state_value_id": 7}), (404, "State not found")),
        ] {
            let refusal = world.refused("qrcodes/updateState", body).await;
            assert_eq!((refusal.0, &*refusal.1), expected);
        }
        let body = json!({"title": "", "values": [{"text": "a"}, {"text": "a"}, {}]});
        let refusal = world.refused("states/create", body).await;
        assert_eq!(refusal, (100_301,
            "title must have 1 to 64 characters; values[1].text is already in use; values[2].text is required".into()));
        let refusal = world.refused("states/create", json!({"title": "a", "values": []})).await;
        assert_eq!(refusal, (100_301, "values is required".into()));
    }

    async fn one_change_of_state_is_one_record(engine: Engine) {
        let world = World::new(engine).await;
        let (state_id, values) = state(&world, "Health", &["Good", "Broken"]).await;
        let made = code(&world, json!({"title": "Pump"})).await;
        let body = json!({"code_id": made["id"], "state_id": state_id, "state_value_id": values[0]});
        let calls = (0..8).map(|_| world.ok("qrcodes/updateState", body.clone()));
        let answers = all(calls).await;
        let written: Vec<_> = answers.iter().filter(|answer| !answer["record_id"].is_null()).collect();
        assert_eq!(written.len(), 1);
        assert_eq!(records_of_kind(&world, 3).await, 1);
    }

    async fn keys_see_their_projects_only(engine: Engine) {
        let world = World::new(engine).await;
        let other = world.forms.create_project(world.org.org_id, "Other").await.unwrap();
        let key = world.key_of(&[other.project_id]).await;
        let blind = world.key_of(&[]).await;
        let (stranger, _) = stranger(&world).await;
        let folder = category(&world, "Boilers", None).await;
        let (state_id, values) = state(&world, "Health", &["Good"]).await;
        let made = code(&world, json!({"title": "A", "category_id": folder})).await;
        for key in [&key, &blind, &stranger] {
            for (method, body, expected) in [
                ("qrcodes/getContent", json!({"qrcode": made["coding"]}), (404, "Code not found")),
                ("qrcodes/getOperation", json!({"qrcode": made["coding"]}), (404, "Code not found")),
                ("qrcodes/update", json!({"code_id": made["id"], "title": "B"}), (404, "Code not found")),
                ("qrcodes/setStatus", json!({"code_id": made["id"], "status": "disabled"}), (404, "Code not found")),
                ("qrcodes/updateState", json!({"code_id": made["id"], "state_id": state_id, "state_value_id": values[0]}),
                    (404, "Code not found")),
                ("qrcodes/getList", json!({"category_id": folder}), (100_317, "")),
                ("qrcodes/create", json!({"title": "B", "category_id": folder}), (404, "Category not found")),
                ("qrcodes/create", json!({"title": "B", "project_id": world.project.project_id}),
                    (100_301, "project_id does not exist")),
                ("categories/create", json!({"name": "B", "parent_id": folder}), (404, "Category not found")),
                ("categories/update", json!({"id": folder, "name": "B"}), (404, "Category not found")),
                ("categories/delete", json!({"id": folder}), (404, "Category not found")),
            ] {
                let refused = refusal(world.call(key, method, &body).await);
                assert_eq!((refused.0, &*refused.1), expected, "{method}");
            }
            let (_, codes) = world.call(key, "qrcodes/getList", &json!({})).await;
            assert_eq!(codes["data"]["list"], json!([]));
            let (_, tree) = world.call(key, "categories/getList", &json!({})).await;
            assert_eq!(tree["data"], json!({"tree": []}));
            let (_, states) = world.call(key, "states/getList", &json!({})).await;
            assert_eq!(states["data"], json!({"list": []}));
        }
        let refused = refusal(world.call(&blind, "qrcodes/create", &json!({"title": "B"})).await);
        assert_eq!(refused, (100_301, "project_id does not exist".into()));
        let (_, mine) = world.call(&key, "qrcodes/create", &json!({"title": "Mine"})).await;
        assert_eq!(mine["data"]["meta"]["project_id"], other.project_id);
        let (_, codes) = world.call(&key, "qrcodes/getList", &json!({})).await;
        assert_eq!(titles(&codes["data"]), ["Mine"]);
        assert_eq!(titles(&world.ok("qrcodes/getList", json!({})).await), ["Mine", "A"]);
        // What is in one project stays there.
        let body = json!({"title": "B", "category_id": folder, "project_id": other.project_id});
        let refusal = world.refused("qrcodes/create", body).await;
        assert_eq!(refusal, (100_301, "category_id contradicts project_id".into()));
        let body = json!({"code_id": mine["data"]["meta"]["id"], "category_id": folder});
        let refusal = world.refused("qrcodes/update", body).await;
        assert_eq!(refusal, (100_301, "category_id contradicts project_id".into()));
    }

    async fn categories_stand_for_a_few_codes(engine: Engine) {
        let world = World::with(engine, |config| config.most_codes = 2).await;
        let outer = category(&world, "Outer", None).await;
        let inner = category(&world, "Inner", Some(outer)).await;
        let none = (100_317, String::new());
        for body in [json!({"category_id": outer}), json!({"category_id": 7})] {
            assert_eq!(world.refused("qrcodes/getList", body).await, none);
        }
        for title in ["A", "B"] {
            code(&world, json!({"title": title, "category_id": inner})).await;
        }
        let list = world.ok("qrcodes/getList", json!({"category_id": outer})).await;
        assert_eq!(titles(&list), ["B", "A"]);
        let body = json!({"category_id": outer, "include_children": 0});
        assert_eq!(world.refused("qrcodes/getList", body).await, none);
        // A search that finds nothing in a category with codes finds nothing.
        let list = world.ok("qrcodes/getList", json!({"category_id": outer, "search_key": "nothing"})).await;
        assert_eq!(list["page"]["total"], 0);
        let third = code(&world, json!({"title": "C", "category_id": outer})).await;
        let body = json!({"category_id": outer, "page_size": 1});
        let many = (100_318, "2".to_owned());
        assert_eq!(world.refused("qrcodes/getList", body.clone()).await, many);
        let list = world.ok("qrcodes/getList", json!({"category_id": outer, "include_children": 0})).await;
        assert_eq!(titles(&list), ["C"]);
        world.ok("qrcodes/setStatus", json!({"code_id": third["id"], "status": "deleted"})).await;
        let list = world.ok("qrcodes/getList", body).await;
        assert_eq!((titles(&list), &list["page"]["total"]), (vec!["B"], &json!(2)));
    }

    async fn categories_move_with_what_is_in_them(engine: Engine) {
        let world = World::new(engine).await;
        let a = category(&world, "A", None).await;
        let b = category(&world, "B", Some(a)).await;
        let c = category(&world, "C", Some(b)).await;
        let d = category(&world, "D", None).await;
        code(&world, json!({"title": "deep", "category_id": c})).await;
        let shown = |id: i64, parent: Option<i64>, name: &str| json!({
            "id": id, "parent_id": parent, "name": name, "project_id": world.project.project_id,
            "created_at": START, "created_at_iso": START_ISO,
        });
        let node = |mut category: Value, children: Value| {
            category["children"] = children;
            category
        };
        assert_eq!(world.ok("categories/getList", json!({})).await, json!({"tree": [
            node(shown(a, None, "A"), json!([
                node(shown(b, Some(a), "B"), json!([node(shown(c, Some(b), "C"), json!([]))])),
            ])),
            node(shown(d, None, "D"), json!([])),
        ]}));
        let moved = world.ok("categories/update", json!({"id": b, "parent_id": d, "name": "E"})).await;
        assert_eq!(moved, json!({"category": shown(b, Some(d), "E")}));
        assert_eq!(world.ok("categories/getList", json!({})).await, json!({"tree": [
            node(shown(a, None, "A"), json!([])),
            node(shown(d, None, "D"), json!([
                node(shown(b, Some(d), "E"), json!([node(shown(c, Some(b), "C"), json!([]))])),
            ])),
        ]}));
        let list = world.ok("qrcodes/getList", json!({"category_id": d})).await;
        assert_eq!(titles(&list), ["deep"]);
        assert_eq!(world.refused("qrcodes/getList", json!({"category_id": a})).await.0, 100_317);
        for (body, expected) in [
            (json!({"id": d, "parent_id": c}), (100_301, "parent_id contradicts id")),
            (json!({"id": d, "parent_id": d}), (100_301, "parent_id contradicts id")),
            (json!({"id": d, "parent_id": 7}), (404, "Category not found")),
            (json!({"id": 7, "name": "x"}), (404, "Category not found")),
            (json!({"name": ""}), (100_301, "id is required; name must have 1 to 64 characters")),
        ] {
            let refusal = world.refused("categories/update", body).await;
            assert_eq!((refusal.0, &*refusal.1), expected);
        }
        let moved = world.ok("categories/update", json!({"id": b, "parent_id": 0})).await;
        assert_eq!(moved, json!({"category": shown(b, None, "E")}));
        assert_eq!(world.refused("qrcodes/getList", json!({"category_id": d})).await.0, 100_317);
    }

    async fn categories_are_ten_deep_at_most(engine: Engine) {
        let world = World::new(engine).await;
        let mut chain = vec![category(&world, "1", None).await];
        for depth in 2..=10 {
            let parent = chain.last().copied();
            chain.push(category(&world, &depth.to_string(), parent).await);
        }
        let too_deep = (100_301, "depth must be from 1 to 10".to_owned());
        let body = json!({"name": "11", "parent_id": chain[9]});
        assert_eq!(world.refused("categories/create", body).await, too_deep);
        let other = category(&world, "other", None).await;
        let inner = category(&world, "inner", Some(other)).await;
        let body = json!({"id": other, "parent_id": chain[8]});
        assert_eq!(world.refused("categories/update", body).await, too_deep);
        world.ok("categories/update", json!({"id": other, "parent_id": chain[7]})).await;
        assert_eq!(world.refused("categories/create", json!({"name": "x", "parent_id": inner})).await, too_deep);
    }

    async fn categories_are_deleted_with_their_codes(engine: Engine) {
        let world = World::new(engine).await;
        let outer = category(&world, "Outer", None).await;
        let inner = category(&world, "Inner", Some(outer)).await;
        let other = category(&world, "Other", None).await;
        let deep = code(&world, json!({"title": "deep", "category_id": inner})).await;
        code(&world, json!({"title": "kept", "category_id": other})).await;
        let deleted = world.ok("categories/delete", json!({"id": outer})).await;
        assert_eq!(deleted, json!({"deleted_categories": 2, "deleted_codes": 1}));
        assert_eq!(titles(&world.ok("qrcodes/getList", json!({})).await), ["kept"]);
        let body = json!({"code_id": deep["id"], "status": "enabled"});
        assert_eq!(world.refused("qrcodes/setStatus", body).await.0, 404);
        assert_eq!(world.refused("categories/delete", json!({"id": inner})).await.0, 404);
        assert_eq!(world.refused("qrcodes/create", json!({"title": "x", "category_id": inner})).await.0, 404);
        let tree = world.ok("categories/getList", json!({})).await;
        assert_eq!(tree["tree"].as_array().unwrap().len(), 1);
    }

    async fn no_code_is_left_in_a_deleted_category(engine: Engine) {
        let world = World::new(engine).await;
        for round in 0..4 {
            let folder = category(&world, "Folder", None).await;
            let loose = code(&world, json!({"title": "loose"})).await;
            let creating = (0..6).map(|index| {
                let (world, loose) = (&world, loose["id"].clone());
                async move {
                    let (method, body) = match index {
                        3 => ("categories/delete", json!({"id": folder})),
                        5 => ("qrcodes/update", json!({"code_id": loose, "category_id": folder})),
                        _ => ("qrcodes/create", json!({"title": "new", "category_id": folder})),
                    };
                    let (status, _) = world.call(&world.key, method, &body).await;
                    assert!(matches!(status, 200 | 404), "{round}: {method} {status}");
                }
            });
            all(creating).await;
            let count = move |tx: &mut store::Tx<'_>| {
                let sql = "SELECT COUNT(*) FROM forms_codes WHERE category_id = $1 AND status <> 'deleted'";
                let counts = tx.query_dynamic(sql, params![folder], |row| row.get::<i64>(0))?;
                Ok::<_, Error>(counts[0])
            };
            assert_eq!(world.forms.db().read(count).await.unwrap(), 0);
        }
    }

    async fn no_two_moves_make_a_circle(engine: Engine) {
        let world = World::new(engine).await;
        for _ in 0..4 {
            let (a, b) = (category(&world, "A", None).await, category(&world, "B", None).await);
            let moves = [(a, b), (b, a)].map(|(id, parent)| {
                let world = &world;
                async move {
                    let body = json!({"id": id, "parent_id": parent});
                    world.call(&world.key, "categories/update", &body).await.0
                }
            });
            let mut statuses = all(moves).await;
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 400]);
        }
        let tree = world.ok("categories/getList", json!({})).await;
        assert_eq!(tree["tree"].as_array().unwrap().len(), 4);
    }

    async fn uploads_are_known_by_their_bytes(engine: Engine) {
        let world = World::new(engine).await;
        let png = b"\x89PNG\r\n\x1a\n....";
        let body = json!({"name": "照片 1.png", "content": STANDARD.encode(png), "content_type": "image/png"});
        let made = world.ok("uploads/create", body).await;
        let id = made["upload_id"].as_str().unwrap();
        assert!(id.starts_with('u') && id.len() == 17);
        assert_eq!(made, json!({
            "upload_id": id, "url": format!("{PUBLIC_URL}/f/uploads/{id}"),
            "expire_at": START + 24 * 3600, "expire_at_iso": "2026-06-03 12:30:00(UTC+08:00)",
            "size": png.len(), "content_type": "image/png",
        }));
        let (status, headers, bytes) = world.get(&format!("/f/uploads/{id}")).await;
        assert_eq!((status, &*bytes), (StatusCode::OK, &png[..]));
        let header = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(header(&headers, "content-type"), "image/png");
        assert_eq!(header(&headers, "content-disposition"),
            "attachment; filename=\"__ 1.png\"; filename*=UTF-8''%E7%85%A7%E7%89%87%201.png");
        assert_eq!(header(&headers, "x-content-type-options"), "nosniff");
        assert_eq!(header(&headers, "content-security-policy"), "default-src 'none'; sandbox");

        let encode = |bytes: &[u8]| STANDARD.encode(bytes);
        let list = world.ok("uploads/create", json!({"name": "a", "content": encode(b"a,b\n1,2\n"), "content_type": "text/csv"})).await;
        assert_eq!(list["content_type"], "text/plain");
        // Lines and missing padding are tolerated.
        let lenient = world.ok("uploads/create", json!({"name": "a", "content": "aGVs\r\nbG8"})).await;
        assert_eq!(lenient["size"], 5);
        let huge = STANDARD.encode(vec![b'a'; 5 * 1024 * 1024 + 1]);
        for (body, expected) in [
            (json!({}), "name is required; content is required"),
            (json!({"name": "a\nb", "content": "?"}), "name is malformed; content is malformed"),
            (json!({"name": "a", "content": huge}), "content is larger than 5242880 bytes"),
            (json!({"name": "a", "content": encode(png), "content_type": "image/jpeg"}), "content_type contradicts content"),
        ] {
            let refusal = world.refused("uploads/create", body).await;
            assert_eq!((refusal.0, &*refusal.1), (100_301, expected));
        }
        for refused in ["<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "<!doctype html>", "MZ\0\0", ""] {
            let body = json!({"name": "a.png", "content": encode(refused.as_bytes()), "content_type": "image/png"});
            let (code, detail) = world.refused("uploads/create", body).await;
            assert_eq!(code, 100_301);
            assert!(detail.starts_with("content must be one of: image/png, "), "{detail}");
        }
        let largest = STANDARD.encode(vec![b'a'; 5 * 1024 * 1024]);
        let made = world.ok("uploads/create", json!({"name": "a", "content": largest})).await;
        assert_eq!(made["size"], 5 * 1024 * 1024);
        let body = json!({"name": "a", "content": "aGVsbG8="});
        assert_eq!(refusal(world.call(&world.read_only_key, "uploads/create", &body).await).0, 403);
    }

    async fn uploads_are_forgotten_unless_kept(engine: Engine) {
        let world = World::new(engine).await;
        let mut ids = Vec::new();
        for name in ["lost", "kept"] {
            let made = world.ok("uploads/create", json!({"name": name, "content": "aGVsbG8="})).await;
            ids.push(made["upload_id"].as_str().unwrap().to_owned());
        }
        let (kept, org_id) = (ids[1].clone(), world.org.org_id);
        let keep = move |tx: &mut store::Tx<'_>| {
            let found = Upload::first(tx, Upload::BY_ID, params![&kept, org_id])?;
            let upload = Upload { record_id: Some(1), ..found.unwrap() };
            Ok::<_, Error>(upload.save(tx)?)
        };
        world.forms.db().write(keep).await.unwrap();
        let get = async |id: &str| world.get(&format!("/f/uploads/{id}")).await.0;
        world.clock.advance(Duration::from_secs(24 * 3600 - 1));
        assert_eq!(get(&ids[0]).await, StatusCode::OK);
        assert_eq!(world.forms.forget_uploads(world.forms.now()).await.unwrap(), 0);
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(get(&ids[0]).await, StatusCode::NOT_FOUND);
        assert_eq!(world.forms.forget_uploads(world.forms.now()).await.unwrap(), 1);
        assert_eq!(get(&ids[0]).await, StatusCode::NOT_FOUND);
        assert_eq!(get(&ids[1]).await, StatusCode::OK);
        for unknown in ["u0000000000000000", "%00", "a%2Fb"] {
            assert_eq!(get(unknown).await, StatusCode::NOT_FOUND, "{unknown}");
        }
    }

    async fn qr_images_are_public(engine: Engine) {
        let world = World::new(engine).await;
        let (_, other_org) = stranger(&world).await;
        let (state_id, values) = state(&world, "Health", &["Good"]).await;
        let made = code(&world, json!({"title": "A"})).await;
        let body = json!({"code_id": made["id"], "state_id": state_id, "state_value_id": values[0]});
        let record_id = world.ok("qrcodes/updateState", body).await["record_id"].as_i64().unwrap();
        let written = record(&world, record_id).await;
        let tpl_id = form(&world, world.project.project_id).await;
        let certificate = Certificate {
            certificate_id: world.forms.new_id(),
            org_id: world.org.org_id,
            record_id,
            tpl_id,
            code_id: id(&made),
            coding: world.forms.secrets().certificate_coding(&kernel::Rng::seeded(9)),
            status: "x".into(),
            revoked: None,
            issued_at: world.forms.now(),
            updated_at: world.forms.now(),
        };
        let issued = certificate.clone();
        let insert = move |tx: &mut store::Tx<'_>| Ok::<_, Error>(issued.insert(tx)?);
        world.forms.db().write(insert).await.unwrap();
        let org = &world.org.org_code;
        let coding = made["coding"].as_str().unwrap();
        for coding in [coding, &written.coding, &certificate.coding] {
            let (status, headers, image) = world.get(&format!("/f/qr/{org}/{coding}.png")).await;
            assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"image/png".parse().unwrap()));
            assert_eq!(headers["cache-control"], "public, max-age=3600");
            assert!(image.starts_with(b"\x89PNG"));
            let (status, headers, image) = world.get(&format!("/f/qr/{org}/{coding}.svg")).await;
            assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"image/svg+xml".parse().unwrap()));
            assert!(image.starts_with(b"<svg"));
            let text = world.forms.qr_text(org, coding).await.unwrap().unwrap();
            // A certificate's also says what can be checked offline.
            let (address, offline) = text.split_once('#').map_or((&*text, false), |(address, _)| (address, true));
            assert_eq!((address, offline), (&*format!("{PUBLIC_URL}/{org}/{coding}"), coding.starts_with('v')));
        }
        for path in [
            format!("{other_org}/{coding}.svg"),
            format!("{org}/{coding}"),
            format!("{org}/{coding}.gif"),
            format!("{org}/qUnknown1.svg"),
            format!("{org}/x{coding}.svg"),
            format!("{org}/%00.svg"),
            format!("{org}/.svg"),
        ] {
            let (status, _, _) = world.get(&format!("/f/qr/{path}")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
        world.ok("qrcodes/setStatus", json!({"code_id": made["id"], "status": "deleted"})).await;
        let (status, _, _) = world.get(&format!("/f/qr/{org}/{coding}.svg")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    async fn seeds_make_codes_too(engine: Engine) {
        let world = World::new(engine).await;
        let new = NewCode { title: "Seed".into(), ..NewCode::default() };
        let made = world.forms.create_code(&world.scope(), new).await.unwrap();
        let found = world.forms.code(&world.scope(), made.code_id).await.unwrap();
        assert_eq!((made, found.project_id), (found, world.project.project_id));
    }
}
