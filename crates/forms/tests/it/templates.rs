use crate::support::{Engine, World, both, refusal};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use tallystick_forms::model::form::{Definition, Field, FieldType, Group, Rules, Settings};
use tallystick_forms::{NewTemplate, Scope};

/// The smallest form.
fn form(name: &str) -> Value {
    json!({
        "name": name,
        "groups": [{"fields": [{"field_title": "姓名", "field_type": "name"}]}],
    })
}

/// A form with everything that a form can have.
fn rich_form() -> Value {
    json!({
        "name": "巡检表", "note": "内部", "description": "每日填写", "submit_button_title": "好", "project_id": null,
        "groups": [{
            "group_id": 1, "group_title": "基本", "show_group_title": true, "is_page_break_group": false,
            "fields": [
                {"field_id": 1, "field_title": "电话", "field_desc": "x", "field_type": "tel", "field_short_name": "tel", "settings": {"is_required": true}},
                {"field_title": "交通", "field_type": "checkbox", "min_count": 1, "max_count": 2, "options": [{"option_id": 1, "title": "车"}, {"title": "其他", "is_other": true}]},
                {"field_title": "温度", "field_type": "number", "min": -10, "max": 99.5, "decimals": 1},
                {"field_title": "地区", "field_type": "chained_selects", "options": [{"title": "广东"}, {"title": "深圳", "parent": 0}, {"title": "x", "parent_id": null}]},
                {"field_title": "检查", "field_type": "checklist", "items": [{"item_id": 1, "title": "灯"}]},
                {"field_title": "明细", "field_type": "dynamic_matrix", "columns": [{"column_id": 1, "title": "级别", "column_type": "radio", "options": [{"title": "甲"}]}]},
                {"field_title": "日期", "field_type": "date", "format": "YYYY-MM", "earliest": "2026-01", "latest": "2026-02"},
                {"field_title": "正文", "field_type": "textarea", "max_length": 10},
            ],
        }],
        "limits": {
            "per_user": {"count": 1, "period": "day"}, "total": {"count": 2, "period": "total"},
            "window": {"start_at": 1000, "end_at": "2026-06-01", "slots": [{"weekdays": [1], "from": "22:00", "to": "02:00"}]},
        },
        "audit_config": {"enabled": true, "stages": [{"id": 1, "title": "初审"}]},
        "certificate_config": {
            "enabled": true, "verifiable": true, "methods": ["set_certificate_status"],
            "statuses": [{"name": "a", "is_initial": true, "next": ["b"]}, {"name": "b", "is_final": true}],
            "verifiers": {"members": [{"id": "1", "name": "A", "phone": "1"}], "api_keys": [], "allow_authorization_code": true},
            "require_identity": true, "title": "t", "body": "b",
        },
        "settings": {"strict_required": true},
    })
}

/// Where the members of a value are.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, item)| (name.clone(), item))
            .collect(),
        _ => Vec::new(),
    };
    for (name, item) in below {
        let at = format!("{at}/{name}");
        pointers(item, &at, found);
        found.push(at);
    }
}

/// Every id below, by its name, in the order of the answer.
fn ids(value: &Value, found: &mut Vec<i64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        Value::Object(map) => {
            for (name, value) in map {
                if name.ends_with("_id") || name == "id" {
                    found.extend(value.as_i64());
                }
                ids(value, found);
            }
        }
        _ => {}
    }
}

/// The same with 1 for every id, to be compared.
fn without_ids(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = without_ids(item.take())),
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                let is_id = name.ends_with("_id") || name == "id";
                *value = match value.take() {
                    Value::Number(_) if is_id => json!(1),
                    other => without_ids(other),
                };
            }
        }
        _ => {}
    }
    value
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["list"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

both! {
    async fn a_form_is_answered_as_documented(engine: Engine) {
        let world = World::new(engine).await;
        let made = world.ok("forms/create", json!({
            "name": " 巡检表 ",
            "note": "内部",
            "description": "每日填写",
            "groups": [
                {
                    "group_title": "基本",
                    "fields": [
                        {"field_title": "电话", "field_type": "tel", "field_short_name": "tel", "settings": {"is_required": true, "is_unique": true}},
                        {"field_title": "交通", "field_desc": "如何到达", "field_type": "radio", "options": [{"title": "车"}, {"title": "其他", "is_other": true}]},
                        {"field_title": "温度", "field_type": "number", "min": -10, "max": 99.5, "decimals": 1, "options": [{"title": "ignored"}]},
                    ],
                },
                {
                    "is_page_break_group": 1,
                    "fields": [
                        {"field_title": "地区", "field_type": "chained_selects", "options": [{"title": "广东"}, {"title": "深圳", "parent": 0}]},
                        {"field_title": "检查", "field_type": "checklist", "items": [{"title": "灯"}]},
                        {"field_title": "明细", "field_type": "dynamic_matrix", "max_count": 3, "columns": [{"title": "品名"}, {"title": "级别", "column_type": "radio", "options": [{"title": "甲"}]}]},
                        {"field_title": "日期", "field_type": "date", "earliest": "2026-01-01"},
                        {"field_title": "性别", "field_type": "sex"},
                    ],
                },
            ],
            "limits": {
                "per_user": {"count": 1, "period": "day"},
                "window": {"start_at": "2026-06-01T00:00:00+08:00", "end_at": 1_780_329_600, "slots": [{"weekdays": [1, 5], "from": "22:00", "to": "02:00"}]},
            },
            "audit_config": {"enabled": true, "stages": [{"title": "初审"}, {"title": "复审"}]},
            "certificate_config": {"enabled": true, "title": "入场券"},
            "settings": {"strict_required": true},
        })).await;
        let tpl_id = made["form"]["id"].clone();
        world.clock.advance(Duration::from_secs(5));
        let answer = world.ok("forms/getTemplate", json!({ "tpl_id": tpl_id })).await;
        assert_eq!(answer["data"], made);
        let mut all = Vec::new();
        ids(&made["groups"], &mut all);
        ids(&made["audit_config"], &mut all);
        // The ids of groups stand at their fields as well, that of an option at the one that depends on it.
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len() - 9);
        let groups = &made["groups"];
        assert_eq!(groups[0]["fields"][1]["group_id"], groups[0]["group_id"]);
        let options = &groups[1]["fields"][0]["options"];
        assert_eq!(options[1]["parent_id"], options[0]["option_id"]);
        let (org, project) = (world.org.org_id, world.project.project_id);
        assert_eq!((&made["org"]["id"], &made["project"]["id"]), (&json!(org), &json!(project)));
        let plain = json!({
            "is_required": false, "is_hidden": false, "is_result": false,
            "is_masked": false, "is_unique": false, "is_highlight": false,
        });
        let mut unique = plain.clone();
        unique["is_required"] = true.into();
        unique["is_unique"] = true.into();
        let field = |title: &str, kind: &str, rules: Value| {
            let mut field = json!({
                "field_id": 1, "field_title": title, "field_desc": "", "field_type": kind,
                "field_short_name": "", "group_id": 1, "settings": plain,
            });
            for (name, value) in rules.as_object().unwrap() {
                field[name] = value.clone();
            }
            field
        };
        let option = |title: &str| json!({"option_id": 1, "title": title, "is_other": false});
        assert_eq!(without_ids(answer), json!({
            "format": "json",
            "content_type": "application/json; charset=utf-8",
            "data": {
                "form": {
                    "id": 1, "name": "巡检表", "type": 0, "type_text": "普通表单", "number": "D1", "description": "每日填写",
                    "submit_button_title": "提交",
                    "created_at_iso": "2026-06-02 12:30:00(UTC+08:00)", "updated_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
                },
                "org": {"id": 1},
                "project": {"id": 1},
                "groups": [
                    {
                        "group_id": 1, "group_title": "基本", "show_group_title": true, "is_page_break_group": false,
                        "fields": [
                            field("电话", "tel", json!({"field_short_name": "tel", "settings": unique})),
                            field("交通", "radio", json!({
                                "field_desc": "如何到达",
                                "options": [option("车"), {"option_id": 1, "title": "其他", "is_other": true}],
                            })),
                            field("温度", "number", json!({"min": -10.0, "max": 99.5, "decimals": 1})),
                        ],
                    },
                    {
                        "group_id": 1, "group_title": "", "show_group_title": false, "is_page_break_group": true,
                        "fields": [
                            field("地区", "chained_selects", json!({
                                "options": [option("广东"), {"option_id": 1, "title": "深圳", "is_other": false, "parent_id": 1}],
                            })),
                            field("检查", "checklist", json!({"items": [{"item_id": 1, "title": "灯"}]})),
                            field("明细", "dynamic_matrix", json!({
                                "max_count": 3,
                                "columns": [
                                    {"column_id": 1, "title": "品名", "column_type": "text"},
                                    {"column_id": 1, "title": "级别", "column_type": "radio", "options": [option("甲")]},
                                ],
                            })),
                            field("日期", "date", json!({"format": "YYYY-MM-DD", "earliest": "2026-01-01"})),
                            field("性别", "sex", json!({"options": [option("男"), option("女")]})),
                        ],
                    },
                ],
                "audit_config": {
                    "enabled": true,
                    "stages": [{"id": 1, "title": "初审", "level": 1}, {"id": 1, "title": "复审", "level": 2}],
                },
                "limits": {
                    "per_user": {"count": 1, "period": "day"},
                    "window": {
                        "start_at": 1_780_243_200, "end_at": 1_780_329_600,
                        "slots": [{"weekdays": [1, 5], "from": "22:00", "to": "02:00"}],
                    },
                },
                "certificate_config": {
                    "enabled": true, "verifiable": true,
                    "methods": ["set_certificate_status", "set_next_certificate_status"],
                    "statuses": [
                        {"name": "待核销", "is_initial": true, "is_final": false, "next": ["已核销"]},
                        {"name": "已核销", "is_initial": false, "is_final": true, "next": []},
                    ],
                    "verifiers": {"members": [], "api_keys": [], "allow_authorization_code": false},
                    "require_identity": false, "title": "入场券", "body": "",
                },
                "settings": {"strict_required": true},
            },
        }));
    }

    async fn version_and_format_are_checked(engine: Engine) {
        let world = World::new(engine).await;
        let made = world.ok("forms/create", form("A")).await;
        let ask = |extra: Value| {
            let mut body = json!({"tpl_id": made["form"]["id"]});
            for (name, value) in extra.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let answer = world.ok("forms/getTemplate", ask(json!({"version": "v1", "format": "json"}))).await;
        assert_eq!(answer["version"], "v1");
        for (extra, expected) in [
            (json!({"version": "v2"}), (100_302, "v2 is not supported; use v1")),
            (json!({"version": 1}), (100_301, "version must be a string")),
            (json!({"format": "markdown"}), (100_305, "format must be one of: json")),
            (json!({"format": "JSON"}), (100_305, "format must be one of: json")),
            (json!({"format": []}), (100_301, "format must be a string")),
            (json!({"format": "x", "version": "v2"}), (100_302, "v2 is not supported; use v1")),
            (json!({"tpl_id": "abc"}), (100_301, "tpl_id must be an integer")),
            (json!({"tpl_id": null, "version": "v2"}), (100_301, "tpl_id is required")),
            (json!({"tpl_id": 1}), (100_304, "")),
        ] {
            let refused = world.refused("forms/getTemplate", ask(extra)).await;
            assert_eq!((refused.0, refused.1.as_str()), expected);
        }
    }

    async fn forms_are_listed_newest_first_and_found(engine: Engine) {
        let world = World::new(engine).await;
        let empty = world.ok("record/getFormList", json!({})).await;
        assert_eq!(empty, json!({
            "version": "v1", "list": [],
            "page": {"current_page": 1, "last_page": 1, "page_size": 10, "total": 0},
        }));
        for index in 1..=12 {
            let mut form = form(&format!("Form {index}"));
            if index == 3 {
                form["note"] = "Fire 100%_Drill".into();
            }
            world.ok("forms/create", form).await;
        }
        let first = world.ok("record/getFormList", json!({"page_size": 1, "page": 12})).await;
        let id = &first["list"][0]["id"];
        assert_eq!(first, json!({
            "version": "v1",
            "list": [{
                "id": id, "name": "Form 1", "type": 0, "type_text": "普通表单", "number": "D1", "note": "",
                "created_at": 1_780_374_600, "created_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
                "updated_at": 1_780_374_600, "updated_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
                "active_at": null, "active_at_iso": null,
                "project": {"id": world.project.project_id, "name": "Default"},
            }],
            "page": {"current_page": 12, "last_page": 12, "page_size": 1, "total": 12},
        }));
        let page = world.ok("forms/getList", json!({"page": 2})).await;
        assert_eq!(names(&page), ["Form 2", "Form 1"]);
        let beyond = world.ok("record/getFormList", json!({"page": 1_000_000_000, "page_size": 20})).await;
        assert_eq!((names(&beyond).len(), &beyond["page"]["total"]), (0, &json!(12)));
        for (wanted, expected) in [
            (json!({"search_key": "form 12"}), vec!["Form 12"]),
            (json!({"search_key": " FORM 1"}), vec!["Form 12", "Form 11", "Form 10", "Form 1"]),
            (json!({"search_key": "fire 100%_d"}), vec!["Form 3"]),
            (json!({"search_key": "%"}), vec!["Form 3"]),
            (json!({"search_key": "d11"}), vec!["Form 11"]),
            (json!({"search_key": "nothing"}), vec![]),
            (json!({"search_key": "\"' OR 1=1 --"}), vec![]),
            (json!({"number": "D3"}), vec!["Form 3"]),
            (json!({"number": "d3"}), vec![]),
            (json!({"number": "D"}), vec![]),
            (json!({"number": "D3", "search_key": "drill"}), vec!["Form 3"]),
            (json!({"number": "D4", "search_key": "drill"}), vec![]),
        ] {
            let found = world.ok("record/getFormList", wanted.clone()).await;
            assert_eq!(names(&found), expected, "{wanted}");
        }
        let refused = world.refused("record/getFormList", json!({"page": 0, "page_size": 21, "search_key": 5})).await;
        assert_eq!(refused, (100_301, "page must be from 1 to 1000000000; page_size must be from 1 to 20; search_key must be a string".to_owned()));
        let refused = world.refused("record/getFormList", json!({"version": "v9"})).await;
        assert_eq!(refused.0, 100_302);
    }

    async fn only_what_the_key_sees(engine: Engine) {
        let world = World::new(engine).await;
        let second = world.forms.create_project(world.org.org_id, "Second").await.unwrap();
        let (first_id, second_id) = (world.project.project_id, second.project_id);
        let made = world.ok("forms/create", form("first")).await;
        assert_eq!(made["project"]["id"], first_id);
        let key = world.key_of(&[second_id]).await;
        let (status, own) = world.call(&key, "forms/create", &form("second")).await;
        assert_eq!((status, &own["data"]["project"]["id"]), (200, &json!(second_id)));
        let (_, listed) = world.call(&key, "record/getFormList", &json!({})).await;
        assert_eq!(names(&listed["data"]), ["second"]);
        assert_eq!(names(&world.ok("record/getFormList", json!({})).await), ["second", "first"]);
        let blind = world.key_of(&[]).await;
        let (_, listed) = world.call(&blind, "record/getFormList", &json!({})).await;
        assert_eq!(listed["data"]["page"]["total"], 0);
        let refused = refusal(world.call(&blind, "forms/create", &form("x")).await);
        assert_eq!(refused, (100_301, "project_id does not exist".to_owned()));
        let mut elsewhere = form("x");
        elsewhere["project_id"] = first_id.into();
        let refused = refusal(world.call(&key, "forms/create", &elsewhere).await);
        assert_eq!(refused, (100_301, "project_id does not exist".to_owned()));
        let (_, _, other) = world.other_organization().await;
        for key in [&key, &blind, &other] {
            for (method, extra) in [("forms/getTemplate", json!({})), ("forms/update", json!({"name": "taken"})), ("forms/delete", json!({}))] {
                let mut body = extra;
                body["tpl_id"] = made["form"]["id"].clone();
                assert_eq!(world.call(key, method, &body).await, (404, json!({
                    "code": 404, "error_code": 100_304, "message": "Form not found", "message_detail": "",
                })));
            }
        }
        for method in ["forms/create", "forms/update", "forms/delete"] {
            let (status, answer) = world.call(&world.read_only_key, method, &json!({})).await;
            assert_eq!((status, &answer["code"]), (403, &json!(403)), "{method}");
        }
        let (status, _) = world.call(&world.read_only_key, "record/getFormList", &json!({})).await;
        assert_eq!(status, 200);
    }

    async fn everything_that_is_wrong_is_told_at_once(engine: Engine) {
        let world = World::new(engine).await;
        let refused = world.refused("forms/create", json!({})).await;
        assert_eq!(refused, (100_301, "name is required; groups is required".to_owned()));
        let (_, detail) = world.refused("forms/create", json!({
            "name": "",
            "groups": [
                {"fields": [
                    {"field_type": "radio", "field_short_name": "a"},
                    {"field_title": "b", "field_type": "nothing", "field_short_name": "a"},
                    {"field_title": "c", "field_type": "checkbox", "options": [{"title": "x"}, {"title": "x"}], "min_count": 3, "max_count": 2},
                    {"field_title": "d", "field_type": "chained_selects", "options": [{"title": "x", "parent": 0}]},
                    {"field_title": "e", "field_type": "date", "format": "YYYY-MM", "earliest": "2026-02", "latest": "2026-01"},
                    {"field_title": "f", "field_type": "matrix"},
                    {"field_title": "g", "field_type": "number", "min": 5, "max": 1, "decimals": "x"},
                ]},
                5,
            ],
            "limits": {
                "per_user": {"count": 0, "period": "week"}, "total": {},
                "window": {"start_at": 2000, "end_at": 2000, "slots": [{"from": "9:00", "to": "x"}, {"from": "09:00", "to": "09:00"}]},
            },
            "audit_config": {"enabled": true},
            "certificate_config": {
                "methods": ["verify"],
                "statuses": [{"name": "new", "is_initial": true, "next": ["gone"]}, {"name": "done", "is_final": true}],
                "verifiers": {"members": [{"name": "A"}], "api_keys": [12, 13]},
            },
            "settings": {"strict_required": "yes"},
        })).await;
        assert_eq!(detail.split("; ").collect::<Vec<_>>(), [
            "name must have 1 to 200 characters",
            "groups[1] must be an object",
            "groups[0].fields[0].field_title is required",
            "groups[0].fields[1].field_type must be one of: name, tel, recorder, identity, ocr_identity, job_number, carnumber, sex, text, textarea, number, checklist, matrix, dynamic_matrix, date, time, radio, checkbox, address, owner_address, customer_name, customer_mobile, chained_selects, signature, image, video, audio, file, description",
            "groups[0].fields[3].options[0].parent does not exist",
            "groups[0].fields[6].decimals must be an integer",
            "limits.per_user.period must be one of: day, month, year, total",
            "limits.per_user.count must be from 1 to 1000000000",
            "limits.total.count is required",
            "limits.total.period is required",
            "certificate_config.methods[0] must be one of: set_certificate_status, set_next_certificate_status",
            "certificate_config.verifiers.members[0].phone is required",
            "settings.strict_required must be a boolean",
            "groups[0].fields[0].options is required",
            "groups[0].fields[1].field_short_name is already in use",
            "groups[0].fields[2].options[1].title is already in use",
            "groups[0].fields[2].max_count contradicts min_count",
            "groups[0].fields[2].min_count contradicts options",
            "groups[0].fields[4].latest must not be before earliest",
            "groups[0].fields[5].columns is required",
            "groups[0].fields[6].max contradicts min",
            "limits.window.end_at must not be before start_at",
            "limits.window.slots[0] is malformed",
            "limits.window.slots[1].to contradicts from",
            "audit_config.stages is required",
            "certificate_config.statuses[0].next[0] does not exist",
            "certificate_config.statuses[1] contradicts next",
            "certificate_config.verifiers.api_keys[0] does not exist",
            "certificate_config.verifiers.api_keys[1] does not exist",
        ]);
        let fields: Vec<Value> = (0..201).map(|_| json!({"field_title": "x", "field_type": "text"})).collect();
        for (groups, expected) in [
            (json!([]), "groups provide one of: fields"),
            (json!([{"fields": fields}]), "groups[0].fields must have at most 200 items"),
            (json!([{"fields": fields[..100]}, {"fields": fields[..101]}]), "groups must have at most 200 items"),
        ] {
            let refused = world.refused("forms/create", json!({"name": "x", "groups": groups})).await;
            assert_eq!(refused, (100_301, expected.to_owned()));
        }
        let listed = world.ok("record/getFormList", json!({})).await;
        assert_eq!(listed["page"]["total"], 0);
        world.ok("forms/create", json!({"name": "x", "groups": [{"fields": fields[..200]}]})).await;
    }

    async fn no_body_is_a_fault_of_ours(engine: Engine) {
        let world = World::new(engine).await;
        let whole = rich_form();
        let made = world.ok("forms/create", whole.clone()).await;
        let mut places = Vec::new();
        pointers(&whole, "", &mut places);
        let odd = [
            json!(null), json!(true), json!(0), json!(-1), json!(i64::MAX), json!(u64::MAX), json!(1e308), json!(""),
            json!("\u{0}"), json!("\u{1}😀'\""), json!("x".repeat(10_000)), json!([]), json!({}), json!([null]),
            json!([[]]), json!({"title": 5}), json!([1, 1, 1, 1, 1, 1, 1]),
        ];
        for place in &places {
            for value in &odd {
                let mut body = whole.clone();
                *body.pointer_mut(place).unwrap() = value.clone();
                for method in ["forms/create", "forms/update"] {
                    body["tpl_id"] = made["form"]["id"].clone();
                    let (status, answer) = world.call(&world.key, method, &body).await;
                    let code = answer["error_code"].as_i64();
                    let is_told = status == 200 || (status, code) == (400, Some(100_301));
                    assert!(is_told, "{method} {place} {value}: {answer}");
                }
            }
        }
    }

    async fn parts_keep_their_ids(engine: Engine) {
        let world = World::new(engine).await;
        let made = world.ok("forms/create", json!({
            "name": "A", "note": "n",
            "groups": [{"fields": [
                {"field_title": "交通", "field_type": "radio", "options": [{"title": "车"}, {"title": "船"}]},
                {"field_title": "姓名", "field_type": "name"},
            ]}],
            "audit_config": {"enabled": true, "stages": [{"title": "一"}]},
        })).await;
        world.clock.advance(Duration::from_secs(60));
        let mut groups = made["groups"].clone();
        let fields = groups[0]["fields"].as_array_mut().unwrap();
        fields.swap(0, 1);
        fields[1]["options"].as_array_mut().unwrap().remove(0);
        fields[1]["options"].as_array_mut().unwrap().push(json!({"title": "其他", "is_other": true}));
        let tpl_id = &made["form"]["id"];
        let changed = world.ok("forms/update", json!({"tpl_id": tpl_id, "groups": groups})).await;
        let (old, new) = (&made["groups"][0], &changed["groups"][0]);
        assert_eq!(new["group_id"], old["group_id"]);
        assert_eq!(new["fields"][0], old["fields"][1]);
        assert_eq!(new["fields"][1]["field_id"], old["fields"][0]["field_id"]);
        assert_eq!(new["fields"][1]["options"][0], old["fields"][0]["options"][1]);
        let added = &new["fields"][1]["options"][1];
        assert_eq!(added["title"], "其他");
        assert!(!old.to_string().contains(&added["option_id"].to_string()));
        // What is not sent stays as it is.
        assert_eq!(changed["audit_config"], made["audit_config"]);
        assert_eq!((&changed["form"]["name"], &changed["form"]["number"]), (&json!("A"), &json!("D1")));
        assert_eq!(changed["form"]["created_at_iso"], "2026-06-02 12:30:00(UTC+08:00)");
        assert_eq!(changed["form"]["updated_at_iso"], "2026-06-02 12:31:00(UTC+08:00)");
        let renamed = world.ok("forms/update", json!({"tpl_id": tpl_id, "name": "B", "submit_button_title": "好"})).await;
        assert_eq!((&renamed["form"]["name"], &renamed["form"]["submit_button_title"]), (&json!("B"), &json!("好")));
        assert_eq!(renamed["groups"], changed["groups"]);
        let again = world.ok("forms/getTemplate", json!({ "tpl_id": tpl_id })).await;
        assert_eq!(again["data"], renamed);

        let mut foreign = changed["groups"].clone();
        foreign[0]["fields"][0]["field_id"] = 5.into();
        foreign[0]["fields"][1]["options"][0]["option_id"] = 6.into();
        foreign[0]["fields"][1]["options"][1]["option_id"] = 6.into();
        let refused = world.refused("forms/update", json!({"tpl_id": tpl_id, "groups": foreign, "name": ""})).await;
        assert_eq!(refused, (100_301, "name must have 1 to 200 characters; groups[0].fields[0].field_id does not exist; \
            groups[0].fields[1].options[0].option_id does not exist; groups[0].fields[1].options[1].option_id does not exist".to_owned()));
        let mut retyped = changed["groups"].clone();
        retyped[0]["fields"][0]["field_type"] = "text".into();
        let refused = world.refused("forms/update", json!({"tpl_id": tpl_id, "groups": retyped})).await;
        assert_eq!(refused, (100_301, "groups[0].fields[0].field_type contradicts field_id".to_owned()));
        // Parameters come before what they name.
        let refused = world.refused("forms/update", json!({"tpl_id": 5, "name": ""})).await;
        assert_eq!(refused.0, 100_301);
        let refused = world.refused("forms/update", json!({"tpl_id": 5, "groups": retyped})).await;
        assert_eq!(refused.0, 100_304);
    }

    async fn deleted_forms_are_gone_and_their_numbers_too(engine: Engine) {
        let world = World::new(engine).await;
        let made = world.ok("forms/create", form("A")).await;
        let tpl_id = &made["form"]["id"];
        assert_eq!(world.ok("forms/delete", json!({ "tpl_id": tpl_id })).await, json!({}));
        for method in ["forms/delete", "forms/getTemplate", "forms/update"] {
            assert_eq!(world.refused(method, json!({ "tpl_id": tpl_id })).await.0, 100_304, "{method}");
        }
        assert_eq!(world.ok("record/getFormList", json!({})).await["page"]["total"], 0);
        let next = world.ok("forms/create", form("B")).await;
        assert_eq!(next["form"]["number"], "D2");
    }

    async fn numbers_are_given_out_once(engine: Engine) {
        let world = World::new(engine).await;
        let calls = (0..20).map(|index| {
            let body = form(&format!("{index}"));
            let world = &world;
            async move { world.ok("forms/create", body).await["form"]["number"].clone() }
        });
        let made = futures_util::future::join_all(calls).await;
        let numbers: HashSet<String> = made.iter().map(|n| n.as_str().unwrap().to_owned()).collect();
        let expected: HashSet<String> = (1..=20).map(|n| format!("D{n}")).collect();
        assert_eq!(numbers, expected);
    }

    async fn verifiers_are_keys_of_the_organization(engine: Engine) {
        let world = World::new(engine).await;
        let (other, _, _) = world.other_organization().await;
        let own = world.forms.keys(world.org.org_id).await.unwrap()[0].api_key_id;
        let foreign = world.forms.keys(other.org_id).await.unwrap()[0].api_key_id;
        let mut body = form("A");
        body["certificate_config"] = json!({
            "statuses": [{"name": "a", "is_initial": true}, {"name": "b"}, {"name": "c", "is_final": true}],
            "verifiers": {"api_keys": [own, foreign], "members": [{"phone": "13800138000"}]},
        });
        let refused = world.refused("forms/create", body.clone()).await;
        assert_eq!(refused, (100_301, "certificate_config.verifiers.api_keys[1] does not exist".to_owned()));
        body["certificate_config"]["verifiers"]["api_keys"] = json!([own]);
        let made = world.ok("forms/create", body).await;
        let config = &made["certificate_config"];
        assert_eq!(config["verifiers"], json!({
            "members": [{"phone": "13800138000"}], "api_keys": [own], "allow_authorization_code": false,
        }));
        let next = |at: usize| config["statuses"][at]["next"].clone();
        assert_eq!([next(0), next(1), next(2)], [json!(["b"]), json!(["c"]), json!([])]);
    }

    async fn forms_are_made_without_http(engine: Engine) {
        let world = World::new(engine).await;
        let scope = Scope {
            org_id: world.org.org_id,
            org_code: world.org.org_code.clone(),
            api_key_id: None,
            project_ids: None,
            now: world.forms.now(),
        };
        let field = Field {
            field_id: 2,
            field_title: "姓名".into(),
            field_desc: String::new(),
            field_type: FieldType::Name,
            field_short_name: String::new(),
            settings: Settings::default(),
            rules: Rules::default(),
        };
        let new = NewTemplate {
            name: "A".into(),
            definition: Definition {
                groups: vec![Group { group_id: 1, fields: vec![field.clone()], ..Group::default() }],
            },
            ..NewTemplate::default()
        };
        let made = world.forms.create_template(&scope, new.clone()).await.unwrap();
        assert_eq!(world.forms.template(&scope, made.tpl_id).await.unwrap(), made);
        assert_eq!((made.number.as_str(), made.submit_button_title.as_str()), ("D1", "提交"));
        let twice = Definition {
            groups: vec![Group { group_id: 1, fields: vec![field.clone(), field], ..Group::default() }],
        };
        let wrong = NewTemplate { definition: twice, name: String::new(), ..new };
        let refused = world.forms.create_template(&scope, wrong).await.unwrap_err();
        assert_eq!(refused.to_string(), "Invalid request parameters");
    }
}
