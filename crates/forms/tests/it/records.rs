use crate::support::{
    Engine, PUBLIC_URL, World, audit, both, certificates, field, refusal, start, submission, unique,
};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use store::record::Json;
use tallystick_forms::model::code::CodeStatus;
use tallystick_forms::model::form::FieldType;
use tallystick_forms::repo::{Category, Code, Template};
use tokio::task::JoinSet;

/// A form with one line of text, and a code for it.
async fn simple(world: &World) -> (Template, Code) {
    let form = world
        .form(vec![field(1, "地点", FieldType::Text)], |_| {})
        .await;
    let code = world.code(&[form.tpl_id], |_| {}).await;
    (form, code)
}

/// Adds a record; its id.
async fn add(world: &World, code: &Code, form: &Template, text: &str) -> i64 {
    let body = submission(code, form, text);
    let added = world.ok("record/addRecord", body).await;
    added["record_id"].as_i64().unwrap()
}

/// The ids of a list.
async fn listed(world: &World, body: Value) -> Vec<i64> {
    let answer = world.ok("record/getRecords", body).await;
    ids(&answer)
}

fn ids(answer: &Value) -> Vec<i64> {
    let list = answer["list"].as_array().unwrap().iter();
    list.map(|record| record["record_id"].as_i64().unwrap())
        .collect()
}

fn category(world: &World, parent: Option<&Category>) -> Category {
    let category_id = world.forms.new_id();
    let within = parent.map_or("/", |parent| &parent.path);
    Category {
        category_id,
        org_id: world.org.org_id,
        project_id: world.project.project_id,
        parent_id: parent.map(|parent| parent.category_id),
        name: "消防".into(),
        path: format!("{within}{category_id}/"),
        created_at: start(),
        deleted_at: None,
    }
}

both! {
    async fn a_record_is_written_as_json(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "地点", FieldType::Text)], |form| {
            form.number = "D32".into();
            form.certificate = Json(certificates());
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let mut body = submission(&code, &form, "大门");
        body["submitter"] = json!({"id": "7", "name": "张三", "phone": "13800138000"});
        let added = world.ok("record/addRecord", body).await;
        let org = &world.org.org_code;
        let certificate = &added["certificate"];
        let expected = json!({
            "format": "json",
            "content_type": "application/json; charset=utf-8",
            "data": {
                "record_id": added["record_id"],
                "record_number": "L1",
                "record_code": added["record_code"],
                "record_url": added["record_url"],
                "submit_at": added["submit_at"],
                "submit_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
                "updated_at": added["submit_at"],
                "updated_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
                "submit_method": "API",
                "recorder": {"name": "张三", "phone": "13800138000"},
                "record_type": 0,
                "qrcode": {
                    "id": code.code_id, "title": "1号灭火器", "coding": code.coding,
                    "url": format!("{PUBLIC_URL}/{org}/{}", code.coding),
                },
                "record_template": {"id": form.tpl_id, "name": "巡检表", "number": "D32"},
                "fields": [
                    {"field_id": 1, "field_title": "地点", "field_type": "text", "field_value": "大门"},
                ],
                "audit": {"enabled": false, "status": "none", "current_level": 0, "stages": []},
                "certificate": {
                    "code": certificate["certificate_code"], "url": certificate["certificate_url"],
                    "status": "待核销", "is_final": false,
                },
                "trusted_notary": null,
            },
        });
        let (id, url) = (&added["record_id"], &added["record_url"]);
        let ways = [
            json!({"record_id": id}),
            json!({"record_url": url}),
            json!({"record_url": added["record_code"], "record_id": id}),
        ];
        for way in ways {
            assert_eq!(world.ok("record/getRecord", way).await, expected);
        }
        // What a list holds is what the method for one record answers.
        let list = world.ok("record/getRecords", json!({})).await;
        assert_eq!(list, json!({
            "format": "json",
            "content_type": "application/json; charset=utf-8",
            "list": [expected["data"]],
            "page_size": 10,
            "has_more": false,
            "next_page_token": null,
            "total_count": 1,
        }));
        let versioned = json!({"record_id": id, "version": "v1"});
        let mut expected = expected;
        expected["version"] = json!("v1");
        assert_eq!(world.ok("record/getRecord", versioned).await, expected);
    }

    async fn a_record_is_written_in_other_formats(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "地点*", FieldType::Text)], |form| {
            form.number = "D32".into();
            form.audit = Json(audit(&[(1, "审核")]));
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let mut body = submission(&code, &form, "[x](https://evil.test) <b>");
        body["submitter"] = json!({"name": "张_三", "phone": "13800138000"});
        let added = world.ok("record/addRecord", body).await;
        let (id, url) = (&added["record_id"], &added["record_url"]);
        let code_url = format!("{PUBLIC_URL}/{}/{}", world.org.org_code, code.coding);

        let ld = world.ok("record/getRecord", json!({"record_id": id, "format": "json-ld"})).await;
        assert_eq!(ld, json!({
            "format": "json-ld",
            "content_type": "application/ld+json; charset=utf-8",
            "data": {
                "@context": "https://schema.org",
                "@type": "Report",
                "@id": url,
                "identifier": "L1",
                "url": url,
                "name": "巡检表",
                "dateCreated": "2026-06-02T12:30:00+08:00",
                "dateModified": "2026-06-02T12:30:00+08:00",
                "creator": {"@type": "Person", "name": "张_三", "telephone": "13800138000"},
                "about": {
                    "@type": "Thing", "@id": code_url, "identifier": code.coding, "name": "1号灭火器", "url": code_url,
                },
                "additionalProperty": [{
                    "@type": "PropertyValue", "propertyID": "1", "name": "地点*", "value": "[x](https://evil.test) <b>",
                }],
            },
        }));
        let markdown = world.ok("record/getRecord", json!({"record_id": id, "format": "markdown"})).await;
        assert_eq!(markdown["content_type"], "text/markdown; charset=utf-8");
        let expected = format!("# L1\n\n\
            - record\\_number: L1\n\
            - record\\_template: 巡检表 (D32)\n\
            - qrcode: [1号灭火器](<{code_url}>)\n\
            - submit\\_at: 2026-06-02 12:30:00(UTC+08:00)\n\
            - recorder: 张\\_三 13800138000\n\
            - audit\\_status: pending\n\n\
            - **地点\\***: \\[x\\]\\(https\\://evil.test\\) \\<b\\>\n");
        assert_eq!(markdown["data"], expected);
        let list = world.ok("record/getRecords", json!({"format": "markdown"})).await;
        assert_eq!(list["list"], json!([markdown["data"]]));
    }

    async fn what_names_no_record_is_refused(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = simple(&world).await;
        let mut body = submission(&code, &form, "x");
        let one = world.ok("record/addRecord", body.clone()).await;
        body["fields"][0]["field_value"] = json!("y");
        let two = world.ok("record/addRecord", body).await;
        let (id, url) = (&one["record_id"], one["record_url"].as_str().unwrap());
        let (other, _, foreign) = world.other_organization().await;
        let elsewhere = url.replace(&world.org.org_code, &other.org_code);
        let cases = [
            (json!({}), 100_301, "record_id provide one of: record_id, record_url"),
            (json!({"record_id": 0}), 100_301, "record_id must be from 1 to 9007199254740991"),
            (json!({"record_url": "hello world"}), 100_301, "record_url is malformed"),
            (json!({"record_id": id, "version": 1}), 100_301, "version must be a string"),
            (json!({"record_id": id, "format": 1}), 100_301, "format must be a string"),
            (json!({"record_id": id, "record_url": two["record_url"]}), 100_301, "record_url contradicts record_id"),
            (json!({"record_id": 1, "version": "v2", "format": "pdf"}), 100_302, "v2 is not supported; use v1"),
            (json!({"record_id": 1, "format": "JSON"}), 100_305, "format must be one of: json, json-ld, markdown"),
            (json!({"record_url": elsewhere}), 100_316, ""),
            (json!({"record_id": 1}), 100_303, ""),
            (json!({"record_url": code.coding}), 100_303, ""),
        ];
        for (body, code, detail) in cases {
            let refused = world.refused("record/getRecord", body.clone()).await;
            assert_eq!(refused, (code, detail.to_owned()), "{body}");
        }
        let blind = world.key_of(&[]).await;
        for key in [&blind, &foreign] {
            for body in [json!({"record_id": id}), json!({"record_url": one["record_code"]})] {
                let answer = world.call(key, "record/getRecord", &body).await;
                assert_eq!(refusal(answer).0, 100_303);
            }
        }
        let answer = world.call(&blind, "record/getRecords", &json!({})).await;
        assert_eq!(answer.1["data"]["total_count"], 0);
        let answer = world.call(&foreign, "record/getRecords", &json!({})).await;
        assert_eq!(answer.1["data"]["list"], json!([]));
    }

    async fn pages_follow_one_another(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = simple(&world).await;
        let mut all = Vec::new();
        for n in 0..7 {
            all.push(add(&world, &code, &form, &n.to_string()).await);
            world.clock.advance(Duration::from_secs(1));
        }
        for order in ["submit_at,desc", "submit_at,asc"] {
            let mut expected = all.clone();
            if order.ends_with("desc") {
                expected.reverse();
            }
            let mut found = Vec::new();
            let mut body = json!({"page_size": 3, "order_by": order, "get_total_count": 0});
            loop {
                let answer = world.ok("record/getRecords", body.clone()).await;
                assert_eq!(answer.get("total_count"), None);
                found.extend(ids(&answer));
                assert_eq!(answer["has_more"], answer["next_page_token"].is_string());
                if answer["has_more"] == json!(false) {
                    break;
                }
                body["page_token"] = answer["next_page_token"].clone();
            }
            assert_eq!(found, expected);
            assert_eq!(found.iter().collect::<HashSet<_>>().len(), 7);
            let after = json!({"last_record_id": expected[4], "order_by": order});
            assert_eq!(listed(&world, after).await, expected[5..]);
        }
        let first = world.ok("record/getRecords", json!({"page_size": 7})).await;
        assert_eq!(first["has_more"], json!(false));
        let token = world.ok("record/getRecords", json!({"page_size": 1})).await["next_page_token"].clone();
        let body = json!({"page_token": token, "order_by": "submit_at,asc"});
        let refused = world.refused("record/getRecords", body).await;
        assert_eq!(refused, (100_301, "page_token contradicts order_by".into()));
    }

    async fn lists_are_filtered(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = simple(&world).await;
        let (other_form, other_code) = simple(&world).await;
        let both = world.code(&[form.tpl_id, other_form.tpl_id], |_| {}).await;
        let a = add(&world, &code, &form, "a").await;
        world.clock.advance(Duration::from_millis(1500));
        let b = add(&world, &other_code, &other_form, "b").await;
        world.clock.advance(Duration::from_secs(10));
        let c = add(&world, &both, &form, "c").await;
        let d = add(&world, &both, &other_form, "d").await;

        let by_form = json!({"filters": {"record_template": {"id": form.tpl_id}}});
        assert_eq!(listed(&world, by_form).await, [c, a]);
        let by_code = json!({"filters": {"qrcode": {"id": both.code_id}}});
        assert_eq!(listed(&world, by_code).await, [d, c]);
        let by_both = json!({"filters": {
            "record_template": {"id": form.tpl_id}, "qrcode": {"id": both.code_id},
        }});
        assert_eq!(listed(&world, by_both).await, [c]);
        assert_eq!(listed(&world, json!({"record_type": 0})).await, [d, c, b, a]);
        assert_eq!(listed(&world, json!({"record_type": 3})).await, [0; 0]);

        let second = start().micros() / 1_000_000;
        let until = json!({"end_time": second + 1});
        assert_eq!(listed(&world, until).await, [b, a]);
        let from = json!({"start_time": (second + 1).to_string()});
        assert_eq!(listed(&world, from).await, [d, c, b]);
        let within = json!({"start_time": "2026-06-02 12:30:01", "end_time": "2026-06-02T04:30:01Z"});
        assert_eq!(listed(&world, within).await, [b]);

        let unknown = json!({"filters": {"record_template": {"id": 1}}});
        assert_eq!(world.refused("record/getRecords", unknown).await.0, 100_304);
        let unknown = json!({"filters": {"qrcode": {"id": 1}}});
        let refused = world.refused("record/getRecords", unknown).await;
        assert_eq!(refused, (404, "Code not found".into()));
    }

    async fn categories_stand_for_their_codes(engine: Engine) {
        let world = World::with(engine, |config| config.most_codes = 2).await;
        let (form, _) = simple(&world).await;
        let top = category(&world, None);
        let below = category(&world, Some(&top));
        let empty = category(&world, None);
        let rows = [top.clone(), below.clone(), empty.clone()];
        world.store(move |tx| rows.iter().try_for_each(|row| row.insert(tx))).await;
        let within = |category: &Category| Some(category.category_id);
        let first = world.code(&[form.tpl_id], |code| code.category_id = within(&top)).await;
        let second = world.code(&[form.tpl_id], |code| code.category_id = within(&below)).await;
        let outside = world.code(&[form.tpl_id], |_| {}).await;
        let a = add(&world, &first, &form, "a").await;
        let b = add(&world, &second, &form, "b").await;
        add(&world, &outside, &form, "c").await;

        let by = |id: i64| json!({"filters": {"qrcode": {"category_id": id}}});
        assert_eq!(listed(&world, by(top.category_id)).await, [b, a]);
        assert_eq!(listed(&world, by(below.category_id)).await, [b]);
        for id in [empty.category_id, 1] {
            assert_eq!(world.refused("record/getRecords", by(id)).await.0, 100_317);
        }
        let blind = world.key_of(&[]).await;
        let answer = world.call(&blind, "record/getRecords", &by(top.category_id)).await;
        assert_eq!(refusal(answer).0, 100_317);
        world.code(&[], |code| code.category_id = within(&below)).await;
        let refused = world.refused("record/getRecords", by(top.category_id)).await;
        assert_eq!(refused, (100_318, "2".into()));
        assert_eq!(listed(&world, by(below.category_id)).await, [b]);
    }

    async fn text_is_found_wherever_it_stands(engine: Engine) {
        let world = World::new(engine).await;
        let (form, code) = simple(&world).await;
        let mut found = Vec::new();
        for text in ["朝阳区大门灭火器", "Straße 100%_a\\b", "ABCDEF", "灭"] {
            found.push(add(&world, &code, &form, text).await);
        }
        let mut body = submission(&code, &form, "x");
        body["submitter"] = json!({"name": "Zoë", "phone": "13800138000"});
        let by_zoe = world.ok("record/addRecord", body).await["record_id"].as_i64().unwrap();
        let cases: [(&str, &[i64]); 18] = [
            ("灭", &[found[3], found[0]]),
            ("大门", &[found[0]]),
            ("门灭火", &[found[0]]),
            ("朝阳区大门灭火器", &[found[0]]),
            ("STRASSE", &[]),
            ("straße", &[found[1]]),
            ("%", &[found[1]]),
            ("_", &[found[1]]),
            ("100%_A\\B", &[found[1]]),
            ("1000_a\\b", &[]),
            ("cde", &[found[2]]),
            ("f", &[found[2]]),
            (" bcd ", &[found[2]]),
            ("acd", &[]),
            ("'\"--", &[]),
            ("zoë", &[by_zoe]),
            ("3800138", &[by_zoe]),
            ("l5", &[by_zoe]),
        ];
        for (key, expected) in cases {
            let answer = world.ok("record/getRecords", json!({"search_key": key})).await;
            assert_eq!(ids(&answer), expected, "{key}");
            assert_eq!(answer["total_count"], expected.len(), "{key}");
        }
        assert_eq!(listed(&world, json!({"search_key": " "})).await.len(), 5);
        let (_, _, foreign) = world.other_organization().await;
        let answer = world.call(&foreign, "record/getRecords", &json!({"search_key": "灭"})).await;
        assert_eq!(answer.1["data"]["total_count"], 0);
    }

    async fn wrong_parameters_of_a_list_are_told_at_once(engine: Engine) {
        let world = World::new(engine).await;
        let refused = world.refused("record/getRecords", json!({
            "page_size": 51, "record_type": 2, "order_by": "id", "get_total_count": 2,
            "start_time": 2, "end_time": "1", "page_token": "?", "search_key": "x".repeat(201),
            "filters": {"qrcode": {"id": "q"}, "record_template": 7},
        })).await;
        assert_eq!(refused, (100_301, "search_key must have 0 to 200 characters; end_time must not be before start_time; \
            record_type must be one of: 0, 3, 7; filters.record_template must be an object; \
            filters.qrcode.id must be an integer; order_by must be one of: submit_at,desc, submit_at,asc; \
            page_size must be from 1 to 50; get_total_count must be from 0 to 1; page_token is malformed".into()));
        for token in ["MTphc2M6eA", "MjpkZXNjOjE", "MTpkZXNjOjE6Mg", "AAAA", "é"] {
            let refused = world.refused("record/getRecords", json!({"page_token": token})).await;
            assert_eq!(refused, (100_301, "page_token is malformed".into()));
        }
        assert_eq!(world.refused("record/getRecords", json!({"version": "v2"})).await.0, 100_302);
        assert_eq!(world.refused("record/getRecords", json!({"format": "JSON"})).await.0, 100_305);
        assert_eq!(world.refused("record/getRecords", json!({"page_size": 0})).await.0, 100_301);
    }

    async fn an_edit_changes_what_it_gives(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![
            unique(field(1, "地点", FieldType::Text)),
            field(2, "备注", FieldType::Text),
        ], |form| form.certificate = Json(certificates())).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let mut body = submission(&code, &form, "大门");
        let note = |text: &str| json!({"field_id": 2, "field_type": "text", "field_value": text});
        body["fields"].as_array_mut().unwrap().push(note("旧的备注"));
        let added = world.ok("record/addRecord", body).await;
        let id = &added["record_id"];
        add(&world, &code, &form, "后门").await;
        world.clock.advance(Duration::from_secs(60));

        let edit = |fields: Value| json!({"record_id": id, "fields": fields});
        let place = |text: &str| json!({"field_id": 1, "field_type": "text", "field_value": text});
        let edited = world.ok("record/updateRecord", edit(json!([note("新的备注")]))).await;
        assert_eq!(edited, added);
        let record = world.ok("record/getRecord", json!({"record_id": id})).await;
        let values = |record: &Value| -> Vec<Value> {
            let fields = record["data"]["fields"].as_array().unwrap().iter();
            fields.map(|field| field["field_value"].clone()).collect()
        };
        assert_eq!(values(&record), [json!("大门"), json!("新的备注")]);
        assert_eq!(record["data"]["updated_at_iso"], "2026-06-02 12:31:00(UTC+08:00)");
        assert_eq!(listed(&world, json!({"search_key": "旧的备注"})).await, [0; 0]);
        assert_eq!(listed(&world, json!({"search_key": "新的备注"})).await, [id.as_i64().unwrap()]);

        // Its own value is not another record's, and what it gave up is free.
        world.ok("record/updateRecord", edit(json!([place("大门")]))).await;
        let refused = world.refused("record/updateRecord", edit(json!([place("后门")]))).await;
        assert_eq!(refused, (100_307, "地点: was submitted before".into()));
        world.ok("record/updateRecord", edit(json!([place("侧门")]))).await;
        let refused = world.refused("record/addRecord", submission(&code, &form, "侧门")).await;
        assert_eq!(refused.0, 100_307);
        add(&world, &code, &form, "大门").await;

        let unknown = json!({"record_id": 1, "fields": [place("x")]});
        assert_eq!(world.refused("record/updateRecord", unknown).await.0, 100_303);
        let refused = world.refused("record/updateRecord", json!({"record_id": id})).await;
        assert_eq!(refused, (100_301, "fields is required".into()));
        let answer = world.call(&world.read_only_key, "record/updateRecord", &edit(json!([]))).await;
        assert_eq!(refusal(answer).0, 403);
    }

    async fn edits_at_once_leave_one_holder_of_a_value(engine: Engine) {
        let world = Arc::new(World::new(engine).await);
        let form = world.form(vec![unique(field(1, "地点", FieldType::Text))], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let mut records = Vec::new();
        for n in 0..10 {
            records.push((n, add(&world, &code, &form, &n.to_string()).await));
        }
        let mut tasks = JoinSet::new();
        for (n, id) in records {
            // Half want one value, the others each other's.
            let wanted = if n < 5 { "x".to_owned() } else { (14 - n).to_string() };
            let body = json!({
                "record_id": id, "fields": [{"field_id": 1, "field_type": "text", "field_value": wanted}],
            });
            let world = Arc::clone(&world);
            tasks.spawn(async move { (n, world.call(&world.key, "record/updateRecord", &body).await) });
        }
        let answers = tasks.join_all().await;
        let done = |n: &i32, status: u16| *n < 5 && status == 200;
        let holders = answers.iter().filter(|(n, (status, _))| done(n, *status)).count();
        assert_eq!(holders, 1, "{answers:?}");
        for (_, answer) in answers.into_iter().filter(|(_, (status, _))| *status != 200) {
            assert_eq!(refusal(answer).0, 100_307);
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_unique_values").await, 10);
    }

    async fn a_deleted_record_is_gone(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![unique(field(1, "地点", FieldType::Text))], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let id = add(&world, &code, &form, "大门").await;
        let blind = world.key_of(&[]).await;
        let body = json!({"record_id": id});
        assert_eq!(refusal(world.call(&blind, "record/deleteRecord", &body).await).0, 100_303);
        assert_eq!(world.ok("record/deleteRecord", body.clone()).await, json!({}));
        for method in ["record/getRecord", "record/deleteRecord"] {
            assert_eq!(world.refused(method, body.clone()).await.0, 100_303);
        }
        assert_eq!(listed(&world, json!({})).await, [0; 0]);
        assert_eq!(listed(&world, json!({"search_key": "大门"})).await, [0; 0]);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_texts").await, 0);
        assert_ne!(add(&world, &code, &form, "大门").await, id);
    }

    async fn records_outlive_code_and_form(engine: Engine) {
        let world = World::new(engine).await;
        let (mut form, mut code) = simple(&world).await;
        let id = add(&world, &code, &form, "大门").await;
        let shown = world.ok("record/getRecord", json!({"record_id": id})).await;
        form.deleted_at = Some(start());
        code.status = CodeStatus::Deleted;
        let (gone, off) = (form.clone(), code.clone());
        world.store(move |tx| gone.save(tx).and_then(|()| off.save(tx))).await;
        assert_eq!(world.ok("record/getRecord", json!({"record_id": id})).await, shown);
        assert_eq!(listed(&world, json!({})).await, [id]);
        let edit = json!({"record_id": id, "fields": []});
        assert_eq!(world.refused("record/updateRecord", edit).await.0, 100_304);
        let by_form = json!({"filters": {"record_template": {"id": form.tpl_id}}});
        assert_eq!(world.refused("record/getRecords", by_form).await.0, 100_304);
        let by_code = json!({"filters": {"qrcode": {"id": code.code_id}}});
        assert_eq!(world.refused("record/getRecords", by_code).await.0, 404);
        assert_eq!(world.ok("record/deleteRecord", json!({"record_id": id})).await, json!({}));
    }
}
