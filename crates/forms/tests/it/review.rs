use crate::support::{
    Engine, World, audit, both, certificates, field, refusal, submission, unique,
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::record::Json;
use tallystick_forms::model::form::FieldType;
use tallystick_forms::repo::{Code, Template};
use tokio::task::JoinSet;

const STAGES: &[(i64, &str)] = &[(11, "初审"), (12, "复审")];

async fn audited(world: &World) -> (Template, Code) {
    let form = world
        .form(vec![unique(field(1, "a", FieldType::Text))], |form| {
            form.audit = Json(audit(STAGES));
            form.certificate = Json(certificates());
        })
        .await;
    let code = world.code(&[form.tpl_id], |_| {}).await;
    (form, code)
}

async fn submitted(world: &World, (form, code): &(Template, Code), text: &str) -> Value {
    let body = submission(code, form, text);
    world.ok("record/addRecord", body).await["record_id"].clone()
}

both! {
    async fn stages_pass_one_after_another(engine: Engine) {
        let world = World::new(engine).await;
        let form = audited(&world).await;
        let body = submission(&form.1, &form.0, "x");
        let added = world.ok("record/addRecord", body).await;
        assert_eq!(added["audit_status"], "pending");
        assert_eq!(added["certificate"], json!(null));
        let id = &added["record_id"];

        let wrong = json!({"record_id": id, "action": "pass", "stage_id": 12});
        let refused = world.refused("record/auditRecord", wrong).await;
        assert_eq!(refused, (100_301, "stage_id is not possible: 初审".into()));
        let first = json!({
            "record_id": id, "action": "pass", "stage_id": 11, "reply": "好",
            "operator": {"name": "张三", "phone": "13800138000"},
        });
        let answer = world.ok("record/auditRecord", first).await;
        assert_eq!(answer, json!({"audit_status": "pending", "current_level": 2, "certificate": null}));

        let record = world.ok("record/getRecord", json!({"record_id": id})).await;
        assert_eq!(record["data"]["audit"], json!({
            "enabled": true, "status": "pending", "current_level": 2,
            "stages": [
                {"id": 11, "title": "初审", "level": 1, "action": "pass", "reply": "好",
                 "operator": {"name": "张三", "phone": "13800138000"},
                 "decided_at": record["data"]["updated_at"], "decided_at_iso": "2026-06-02 12:30:00(UTC+08:00)"},
                {"id": 12, "title": "复审", "level": 2, "action": null, "reply": null, "operator": null,
                 "decided_at": null, "decided_at_iso": null},
            ],
        }));

        let second = json!({"record_id": id, "action": "pass"});
        let answer = world.ok("record/auditRecord", second.clone()).await;
        assert_eq!(answer["audit_status"], "approved");
        assert_eq!(answer["current_level"], 0);
        assert_eq!(answer["certificate"]["certificate_status"], "待核销");
        let refused = world.refused("record/auditRecord", second).await;
        assert_eq!(refused, (100_301, "action is not possible: approved".into()));
    }

    async fn a_rejected_record_holds_nothing(engine: Engine) {
        let world = World::new(engine).await;
        let form = audited(&world).await;
        let id = submitted(&world, &form, "x").await;
        let refused = world.refused("record/addRecord", submission(&form.1, &form.0, "x")).await;
        assert_eq!(refused.0, 100_307);
        let reject = json!({"record_id": id, "action": "reject", "reply": "no"});
        let answer = world.ok("record/auditRecord", reject).await;
        assert_eq!(answer, json!({"audit_status": "rejected", "current_level": 0, "certificate": null}));
        let other = submitted(&world, &form, "x").await;

        // The rejected record comes back with an edit, and must have a value of its own then.
        let edit = |text: &str| json!({
            "record_id": id, "fields": [{"field_id": 1, "field_type": "text", "field_value": text}],
        });
        assert_eq!(world.refused("record/updateRecord", edit("x")).await.0, 100_307);
        let edited = world.ok("record/updateRecord", edit("y")).await;
        assert_eq!(edited["audit_status"], "pending");
        world.ok("record/deleteRecord", json!({"record_id": other})).await;
        let gone = world.refused("record/auditRecord", json!({"record_id": other, "action": "pass"})).await;
        assert_eq!(gone.0, 100_303);
    }

    async fn an_edit_has_an_approved_record_approved_again(engine: Engine) {
        let world = World::new(engine).await;
        let form = audited(&world).await;
        let id = submitted(&world, &form, "x").await;
        let pass = json!({"record_id": id, "action": "pass"});
        world.ok("record/auditRecord", pass.clone()).await;
        let approved = world.ok("record/auditRecord", pass.clone()).await;
        let edit = json!({
            "record_id": id, "fields": [{"field_id": 1, "field_type": "text", "field_value": "y"}],
        });
        let edited = world.ok("record/updateRecord", edit).await;
        assert_eq!(edited["audit_status"], "pending");
        assert_eq!(edited["certificate"], approved["certificate"]);
        let record = world.ok("record/getRecord", json!({"record_id": id})).await;
        assert_eq!(record["data"]["audit"]["current_level"], 1);
        assert_eq!(record["data"]["audit"]["stages"][0]["action"], json!(null));
        world.ok("record/auditRecord", pass.clone()).await;
        let again = world.ok("record/auditRecord", pass).await;
        assert_eq!(again, approved);
    }

    async fn decisions_at_once_count_once(engine: Engine) {
        let world = Arc::new(World::new(engine).await);
        let form = audited(&world).await;
        let id = submitted(&world, &form, "x").await;
        let mut tasks = JoinSet::new();
        for n in 0..10 {
            let action = if n % 2 == 0 { "pass" } else { "reject" };
            let body = json!({"record_id": id, "action": action, "stage_id": 11});
            let world = Arc::clone(&world);
            tasks.spawn(async move { world.call(&world.key, "record/auditRecord", &body).await });
        }
        let answers = tasks.join_all().await;
        let made = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(made, 1, "{answers:?}");
        for answer in answers.into_iter().filter(|(status, _)| *status != 200) {
            assert_eq!(refusal(answer).0, 100_301);
        }
    }

    async fn decisions_are_read_whole(engine: Engine) {
        let world = World::new(engine).await;
        let body = json!({"action": "maybe", "stage_id": "x", "operator": []});
        let refused = world.refused("record/auditRecord", body).await;
        assert_eq!(refused, (100_301, "record_id is required; action must be one of: pass, reject; \
            stage_id must be an integer; operator must be an object".into()));
        let form = world.form(vec![field(1, "a", FieldType::Text)], |_| {}).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let id = submitted(&world, &(form, code), "x").await;
        let refused = world.refused("record/auditRecord", json!({"record_id": id, "action": "pass"})).await;
        assert_eq!(refused, (100_301, "action is not possible: none".into()));
        let blind = world.key_of(&[]).await;
        let body = json!({"record_id": id, "action": "pass"});
        assert_eq!(refusal(world.call(&blind, "record/auditRecord", &body).await).0, 100_303);
    }
}
