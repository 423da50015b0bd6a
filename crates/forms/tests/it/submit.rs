use crate::support::{
    Engine, PUBLIC_URL, World, both, certificates, field, operation, refusal, start, submission,
    unique,
};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::Period;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::record::Json;
use tallystick_forms::model::Person;
use tallystick_forms::model::code::{CodeStatus, StateValue};
use tallystick_forms::model::form::FieldType;
use tallystick_forms::model::limits::{Limit, LimitPeriod, Limits, Window};
use tallystick_forms::model::value::Entry;
use tallystick_forms::repo::{State, Upload};
use tallystick_forms::{Forms, Scope, Submission};
use tokio::task::JoinSet;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn limits(per_user: Option<i64>, total: Option<i64>, period: LimitPeriod) -> Json<Limits> {
    let limit = |count| Limit { count, period };
    Json(Limits {
        per_user: per_user.map(limit),
        total: total.map(limit),
        window: None,
    })
}

/// Unix seconds, so many before or after the start.
fn second(offset: i64) -> i64 {
    start().micros() / 1_000_000 + offset
}

both! {
    async fn a_submission_makes_a_record(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "地点", FieldType::Text)], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let answer = world.ok("record/addRecord", submission(&code, &form, "大门")).await;
        let record_code = answer["record_code"].as_str().unwrap();
        assert!(record_code.starts_with('r') && record_code.len() == 17);
        assert_eq!(answer, json!({
            "record_id": answer["record_id"].as_i64().unwrap(),
            "record_number": "L1",
            "record_code": record_code,
            "record_url": format!("{PUBLIC_URL}/{}/{record_code}", world.org.org_code),
            "submit_at": second(0),
            "submit_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
            "audit_status": "none",
            "certificate": null,
        }));
        let second = world.ok("record/addRecord", submission(&code, &form, "后门")).await;
        assert_eq!(second["record_number"], "L2");
        let active = world.number("SELECT active_at FROM forms_templates").await;
        assert_eq!(active, start().micros());
    }

    async fn a_certificate_is_issued_with_the_record(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |form| {
            form.certificate = Json(certificates());
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let answer = world.ok("record/addRecord", submission(&code, &form, "x")).await;
        let coding = answer["certificate"]["certificate_code"].as_str().unwrap();
        assert!(coding.starts_with('v'));
        assert_eq!(answer["certificate"], json!({
            "certificate_code": coding,
            "certificate_url": format!("{PUBLIC_URL}/{}/{coding}", world.org.org_code),
            "certificate_status": "待核销",
        }));
    }

    async fn everything_wrong_is_told_at_once(engine: Engine) {
        let world = World::new(engine).await;
        let (code, detail) = world.refused("record/addRecord", json!({
            "tpl_id": "abc", "version": "v2",
            "fields": [{"field_id": 1, "field_type": "text"}, {"field_type": 3}, 4],
            "submitter": {"id": 7},
        })).await;
        assert_eq!((code, detail.as_str()), (100_301, "code_id is required; tpl_id must be an integer; \
            fields[2] must be an object; fields[1].field_id is required; fields[1].field_type must be a string; \
            submitter.id must be a string"));
        let (code, detail) = world.refused("record/addRecord", json!({"code_id": 1, "tpl_id": 1})).await;
        assert_eq!((code, detail.as_str()), (100_301, "fields is required"));
        let body = json!({"code_id": 1, "tpl_id": 1, "fields": [], "version": "v2"});
        assert_eq!(world.refused("record/addRecord", body).await.0, 100_302);
        let body = json!({"code_id": 1, "tpl_id": 1, "fields": []});
        let answer = world.call(&world.read_only_key, "record/addRecord", &body).await;
        assert_eq!(refusal(answer), (403, "The key may only read".into()));
    }

    async fn the_first_obstacle_counts(engine: Engine) {
        let world = World::new(engine).await;
        let fields = || vec![field(1, "a", FieldType::Text)];
        let ended = |form: &mut tallystick_forms::repo::Template| {
            form.limits.0.window = Some(Window { end_at: Some(second(0)), ..Window::default() });
            form.limits.0.total = Some(Limit { count: 0, period: LimitPeriod::Day });
        };
        let form = world.form(fields(), ended).await;
        let other = world.form(fields(), |_| {}).await;
        let code = world.code(&[form.tpl_id], |code| code.status = CodeStatus::Disabled).await;

        let mut body = submission(&code, &form, "x");
        body["tpl_id"] = json!(5);
        body["code_id"] = json!(6);
        assert_eq!(world.refused("record/addRecord", body.clone()).await.0, 100_304);
        body["tpl_id"] = json!(other.tpl_id);
        assert_eq!(world.refused("record/addRecord", body.clone()).await, (404, "Code not found".into()));
        body["code_id"] = json!(code.code_id);
        assert_eq!(world.refused("record/addRecord", body.clone()).await.0, 100_306);
        body["tpl_id"] = json!(form.tpl_id);
        let refused = world.refused("record/addRecord", body.clone()).await;
        assert_eq!(refused, (100_314, "The code is disabled".into()));
        let mut enabled = code.clone();
        enabled.status = CodeStatus::Enabled;
        world.store(move |tx| enabled.save(tx)).await;
        assert_eq!(world.refused("record/addRecord", body.clone()).await.0, 100_313);
        let mut open = form.clone();
        open.limits.0.window = None;
        world.store(move |tx| open.save(tx)).await;
        assert_eq!(world.refused("record/addRecord", body).await, (100_312, "0, a day".into()));
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 0);
    }

    async fn what_a_key_does_not_see_is_not_there(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let body = submission(&code, &form, "x");
        let blind = world.key_of(&[]).await;
        assert_eq!(refusal(world.call(&blind, "record/addRecord", &body).await).0, 100_304);
        let (_, _, foreign) = world.other_organization().await;
        assert_eq!(refusal(world.call(&foreign, "record/addRecord", &body).await).0, 100_304);
        let seeing = world.key_of(&[world.project.project_id]).await;
        assert_eq!(world.call(&seeing, "record/addRecord", &body).await.0, 200);
    }

    async fn a_window_opens_and_closes(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |form| {
            form.limits.0.window = Some(Window {
                start_at: Some(second(60)),
                end_at: Some(second(120)),
                slots: Vec::new(),
            });
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let body = || submission(&code, &form, "x");
        assert_eq!(world.refused("record/addRecord", body()).await.0, 100_313);
        world.clock.advance(Duration::from_secs(60));
        world.ok("record/addRecord", body()).await;
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(world.refused("record/addRecord", body()).await.0, 100_313);
    }

    async fn codes_take_submissions_in_certain_states(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |_| {}).await;
        let state = State {
            state_id: world.forms.new_id(),
            org_id: world.org.org_id,
            project_id: world.project.project_id,
            title: "设备状态".into(),
            choices: Json(vec![
                StateValue { id: 1, text: "正常".into() },
                StateValue { id: 2, text: "停用".into() },
            ]),
            created_at: start(),
        };
        let id = state.state_id.to_string();
        world.store(move |tx| state.insert(tx)).await;
        let mut restricted = operation(form.tpl_id);
        restricted.allowed_state_values = BTreeMap::from([(id.clone(), vec![1])]);
        let code = world.code(&[], |code| {
            code.operations = Json(vec![restricted]);
            code.states = Json(BTreeMap::from([(id.clone(), 2)]));
            code.expire_at = Some(start().plus(DAY));
        }).await;
        let body = || submission(&code, &form, "x");
        let refused = world.refused("record/addRecord", body()).await;
        assert_eq!(refused, (100_314, "The code's state \"停用\" does not allow this".into()));

        let mut without = code.clone();
        without.states = Json(BTreeMap::new());
        world.store(move |tx| without.save(tx)).await;
        let refused = world.refused("record/addRecord", body()).await;
        assert_eq!(refused, (100_314, "The code's state \"设备状态\" does not allow this".into()));

        // Another operation with the form that is allowed in any state.
        let mut free = code.clone();
        free.operations.0.push(operation(form.tpl_id));
        let freed = free.clone();
        world.store(move |tx| freed.save(tx)).await;
        world.ok("record/addRecord", body()).await;

        free.operations.0.pop();
        free.states = Json(BTreeMap::from([(id, 1)]));
        world.store(move |tx| free.save(tx)).await;
        world.ok("record/addRecord", body()).await;
        world.clock.advance(DAY);
        let refused = world.refused("record/addRecord", body()).await;
        assert_eq!(refused, (100_314, "The code has expired".into()));
    }

    async fn a_person_may_submit_so_often(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |form| {
            form.limits = limits(Some(1), Some(5), LimitPeriod::Day);
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let other = world.code(&[form.tpl_id], |_| {}).await;
        let by = |code, submitter| {
            let mut body = submission(code, &form, "x");
            body["submitter"] = submitter;
            body
        };
        let add = async |body| world.call(&world.key, "record/addRecord", &body).await;
        assert_eq!(add(by(&code, json!({"id": "a"}))).await.0, 200);
        let again = refusal(add(by(&code, json!({"id": "a", "phone": "13800138000"}))).await);
        assert_eq!(again, (100_311, "1, a day".into()));
        assert_eq!(add(by(&code, json!({"phone": "138-0013-8000"}))).await.0, 200);
        assert_eq!(refusal(add(by(&code, json!({"phone": "13800138000"}))).await).0, 100_311);
        assert_eq!(add(by(&code, json!(null))).await.0, 200);
        assert_eq!(refusal(add(by(&code, json!({"name": "张三"}))).await).0, 100_311);
        // Each code is counted by itself, and each day.
        assert_eq!(add(by(&other, json!({"id": "a"}))).await.0, 200);
        world.clock.advance(DAY);
        assert_eq!(add(by(&code, json!({"id": "a"}))).await.0, 200);
    }

    async fn a_code_takes_so_many(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |form| {
            form.limits = limits(None, Some(2), LimitPeriod::Total);
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let other = world.code(&[form.tpl_id], |_| {}).await;
        for _ in 0..2 {
            world.ok("record/addRecord", submission(&code, &form, "x")).await;
        }
        let refused = world.refused("record/addRecord", submission(&code, &form, "x")).await;
        assert_eq!(refused, (100_312, "2, in all".into()));
        world.ok("record/addRecord", submission(&other, &form, "x")).await;
    }

    async fn a_value_stands_in_one_record(engine: Engine) {
        let world = World::new(engine).await;
        let fields = || vec![
            unique(field(1, "工号", FieldType::Text)),
            unique(field(2, "姓名", FieldType::Name)),
        ];
        let form = world.form(fields(), |form| form.limits = limits(None, Some(3), LimitPeriod::Total)).await;
        let other = world.form(fields(), |_| {}).await;
        let code = world.code(&[form.tpl_id, other.tpl_id], |_| {}).await;
        let second = world.code(&[form.tpl_id], |_| {}).await;
        let body = |code, form, number, name| {
            let mut body = submission(code, form, number);
            let name = json!({"field_id": 2, "field_type": "name", "field_value": name});
            body["fields"].as_array_mut().unwrap().push(name);
            body
        };
        world.ok("record/addRecord", body(&code, &form, "A1", "张三")).await;
        let refused = world.refused("record/addRecord", body(&second, &form, "A1", "张三")).await;
        assert_eq!(refused, (100_307, "工号: was submitted before; 姓名: was submitted before".into()));
        let refused = world.refused("record/addRecord", body(&code, &form, "A2", "张三")).await;
        assert_eq!(refused, (100_307, "姓名: was submitted before".into()));
        world.ok("record/addRecord", body(&code, &other, "A1", "张三")).await;
        // What was refused is neither counted nor holds anything.
        for (number, name) in [("A2", "李四"), ("A3", "王五")] {
            world.ok("record/addRecord", body(&code, &form, number, name)).await;
        }
        let refused = world.refused("record/addRecord", body(&code, &form, "A4", "赵六")).await;
        assert_eq!(refused.0, 100_312);
    }

    async fn limits_hold_when_many_submit_at_once(engine: Engine) {
        let world = Arc::new(World::new(engine).await);
        let form = world.form(vec![field(1, "a", FieldType::Text)], |form| {
            form.limits = limits(None, Some(10), LimitPeriod::Day);
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let (world, body) = (Arc::clone(&world), submission(&code, &form, "x"));
            tasks.spawn(async move { world.call(&world.key, "record/addRecord", &body).await });
        }
        let answers = tasks.join_all().await;
        let made = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(made, 10, "{answers:?}");
        for answer in answers.into_iter().filter(|(status, _)| *status != 200) {
            assert_eq!(refusal(answer), (100_312, "10, a day".into()));
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 10);
        let numbers = "SELECT COUNT(DISTINCT record_number) FROM forms_records";
        assert_eq!(world.number(numbers).await, 10);
    }

    async fn nodes_that_make_the_same_ids_try_again(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |form| {
            form.certificate.0.enabled = true;
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let node = async || {
            let (db, clock) = (world.forms.db().clone(), Arc::clone(&world.clock));
            let rng = Arc::new(kernel::Rng::seeded(7));
            let hooks = world.forms.webhooks().clone();
            Forms::new(db, clock, rng, hooks, world.forms.config().clone()).await.unwrap()
        };
        let new = Submission {
            code_id: code.code_id,
            tpl_id: form.tpl_id,
            entries: vec![Entry {
                field_id: 1,
                field_type: "text".into(),
                field_value: json!("x"),
            }],
            submitter: Person::default(), once: None };
        let mut made = Vec::new();
        for _ in 0..3 {
            let node = node().await;
            made.push(node.submit(&world.scope(), new.clone()).await.unwrap());
        }
        let numbers: Vec<_> = made.iter().map(|made| &*made.record.record_number).collect();
        assert_eq!(numbers, ["L1", "L2", "L3"]);
        for rows in [
            "SELECT COUNT(*) FROM forms_records",
            "SELECT COUNT(*) FROM forms_certificates",
            "SELECT COUNT(*) FROM forms_texts",
        ] {
            assert_eq!(world.number(rows).await, 3, "{rows}");
        }
    }

    async fn a_value_stands_in_one_record_when_many_submit_at_once(engine: Engine) {
        let world = Arc::new(World::new(engine).await);
        let form = world.form(vec![
            unique(field(1, "手机", FieldType::Tel)),
            unique(field(2, "姓名", FieldType::Name)),
        ], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let mut tasks = JoinSet::new();
        for n in 0..20 {
            // In either order: they are taken in one.
            let mut fields = vec![
                json!({"field_id": 1, "field_type": "tel", "field_value": "13800138000"}),
                json!({"field_id": 2, "field_type": "name", "field_value": "张三"}),
            ];
            if n % 2 == 0 {
                fields.reverse();
            }
            let body = json!({"code_id": code.code_id, "tpl_id": form.tpl_id, "fields": fields});
            let world = Arc::clone(&world);
            tasks.spawn(async move { world.call(&world.key, "record/addRecord", &body).await });
        }
        let answers = tasks.join_all().await;
        let made = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(made, 1, "{answers:?}");
        for answer in answers.into_iter().filter(|(status, _)| *status != 200) {
            assert_eq!(refusal(answer).0, 100_307);
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_unique_values").await, 2);
    }

    async fn different_forms_and_people_do_not_get_in_each_others_way(engine: Engine) {
        let world = Arc::new(World::new(engine).await);
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let form = world.form(vec![unique(field(1, "a", FieldType::Text))], |form| {
                form.limits = limits(Some(5), Some(100), LimitPeriod::Month);
                form.certificate = Json(certificates());
            }).await;
            let code = world.code(&[form.tpl_id], |_| {}).await;
            for n in 0..10 {
                let (world, mut body) = (Arc::clone(&world), submission(&code, &form, &n.to_string()));
                body["submitter"] = json!({"id": (n % 2).to_string()});
                tasks.spawn(async move { world.ok("record/addRecord", body).await });
            }
        }
        tasks.join_all().await;
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 40);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_certificates").await, 40);
        assert_eq!(world.number("SELECT last FROM forms_numbers WHERE kind = 'L'").await, 40);
    }
}

both! {
    async fn whoever_scans_a_code_is_no_program(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "a", FieldType::Text)], |form| {
            form.limits = limits(Some(1), None, LimitPeriod::Total);
        }).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let scope = Scope {
            org_id: world.org.org_id,
            org_code: world.org.org_code.clone(),
            api_key_id: None,
            project_ids: None,
            now: start(),
        };
        let by = |phone: Option<&str>| Submission {
            code_id: code.code_id,
            tpl_id: form.tpl_id,
            entries: Vec::new(),
            submitter: Person { phone: phone.map(str::to_owned), ..Person::default() }, once: None };
        let made = world.forms.submit(&scope, by(Some("13800138000"))).await.unwrap();
        assert_eq!(made.record.method, "扫一扫填写");
        world.forms.submit(&scope, by(None)).await.unwrap();
        // Those who say nothing of themselves count as one.
        let limited = OpenapiV2Error::UserLimitReached { limit: 1, period: Period::Total };
        let refused = world.forms.submit(&scope, by(None)).await.unwrap_err();
        assert_eq!(refused, limited.into());
        world.ok("record/addRecord", submission(&code, &form, "x")).await;
    }
}

fn upload(world: &World, upload_id: &str) -> Upload {
    Upload {
        upload_id: upload_id.into(),
        org_id: world.org.org_id,
        name: "a.png".into(),
        content_type: "image/png".into(),
        size: 0,
        body: String::new(),
        record_id: None,
        expire_at: start().plus(DAY),
        created_at: start(),
    }
}

both! {
    async fn what_is_filled_in_is_checked(engine: Engine) {
        let world = World::new(engine).await;
        let mut name = field(1, "姓名", FieldType::Name);
        name.settings.is_required = true;
        let number = field(2, "温度", FieldType::Number);
        let form = world.form(vec![name.clone(), number.clone()], |_| {}).await;
        let strict = world.form(vec![name, number], |form| form.settings.0.strict_required = true).await;
        let code = world.code(&[form.tpl_id, strict.tpl_id], |_| {}).await;
        let body = |form: &tallystick_forms::repo::Template, fields| json!({
            "code_id": code.code_id, "tpl_id": form.tpl_id, "fields": fields,
        });
        let name = |value: &str| json!({"field_id": 1, "field_type": "name", "field_value": value});
        let number = |value| json!({"field_id": 2, "field_type": "number", "field_value": value});
        let add = "record/addRecord";
        let refused = world.refused(add, body(&form, json!([name(" ")]))).await;
        assert_eq!(refused, (100_308, "姓名: must be filled in".into()));
        assert_eq!(world.refused(add, body(&form, json!([]))).await.0, 100_308);
        let refused = world.refused(add, body(&form, json!([number(json!("warm"))]))).await;
        assert_eq!(refused.0, 100_309);
        let only = json!([number(json!({"value": 30.6}))]);
        assert_eq!(world.refused(add, body(&strict, only.clone())).await.0, 100_308);
        let added = world.ok(add, body(&form, only)).await;

        // An edit may leave out what is required, and empty what is not.
        let id = &added["record_id"];
        let edit = |fields| json!({"record_id": id, "fields": fields});
        let update = "record/updateRecord";
        world.ok(update, edit(json!([name("张三")]))).await;
        world.ok(update, edit(json!([number(json!(null))]))).await;
        assert_eq!(world.refused(update, edit(json!([name("")]))).await.0, 100_308);
        let record = world.ok("record/getRecord", json!({"record_id": id})).await;
        assert_eq!(record["data"]["fields"], json!([
            {"field_id": 1, "field_title": "姓名", "field_type": "name", "field_value": "张三"},
        ]));
    }

    async fn a_record_keeps_its_uploads(engine: Engine) {
        let world = World::new(engine).await;
        let form = world.form(vec![field(1, "照片", FieldType::Image)], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let rows = ["u0000000000000001", "u0000000000000002"].map(|id| upload(&world, id));
        world.store(move |tx| rows.iter().try_for_each(|row| row.insert(tx))).await;
        let picture = |id: &str| json!([
            {"field_id": 1, "field_type": "image", "field_value": [{"upload_id": id}]},
        ]);
        let body = |id| json!({"code_id": code.code_id, "tpl_id": form.tpl_id, "fields": picture(id)});
        let refused = world.refused("record/addRecord", body("u0000000000000003")).await;
        assert_eq!(refused, (100_309, "照片: names an upload that does not exist".into()));
        let added = world.ok("record/addRecord", body("u0000000000000001")).await;
        let kept = "SELECT record_id FROM forms_uploads WHERE record_id IS NOT NULL";
        assert_eq!(world.number(kept).await, added["record_id"].as_i64().unwrap());
        world.clock.advance(DAY);
        let refused = world.refused("record/addRecord", body("u0000000000000002")).await;
        assert_eq!(refused, (100_310, "照片: names an upload that has expired".into()));
        // What a record keeps does not expire.
        let edit = json!({"record_id": added["record_id"], "fields": picture("u0000000000000001")});
        world.ok("record/updateRecord", edit).await;
    }
}

#[tokio::test]
async fn an_upload_is_known_until_it_expires_or_a_record_keeps_it() {
    let world = World::new(Engine::Sqlite).await;
    let (kept, lost) = (upload(&world, "u1"), upload(&world, "u2"));
    world
        .store(move |tx| kept.insert(tx).and_then(|()| lost.insert(tx)))
        .await;
    let org_id = world.org.org_id;
    world
        .store(move |tx| {
            use tallystick_forms::model::value::UploadState::{Expired, Unknown, Usable};
            let content_type = "image/png".to_owned();
            let usable = Usable { content_type };
            assert!(Upload::keep(tx, "u1", org_id, 7)?);
            assert!(!Upload::keep(tx, "u1", org_id, 8)?);
            let end = start().plus(DAY);
            assert_eq!(Upload::state(tx, "u1", org_id, end)?, usable);
            assert_eq!(Upload::state(tx, "u2", org_id, start())?, usable);
            assert_eq!(Upload::state(tx, "u2", org_id, end)?, Expired);
            assert_eq!(Upload::state(tx, "u2", org_id + 1, start())?, Unknown);
            Ok(())
        })
        .await;
}
