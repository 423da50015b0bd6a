//! What a changed form means for the records that it has.

use crate::support::{Engine, World, both};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

const VALUES: &str = "SELECT COUNT(*) FROM forms_unique_values";

/// A form with one text field, and a code to fill it in for.
struct Form<'w> {
    world: &'w World,
    tpl_id: i64,
    code_id: i64,
    groups: Value,
}

impl<'w> Form<'w> {
    async fn new(world: &'w World, more: Value) -> Self {
        let mut body = json!({
            "name": "巡检表",
            "groups": [{"fields": [{"field_title": "工号", "field_type": "text"}]}],
        });
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        let made = world.ok("forms/create", body).await;
        let tpl_id = made["form"]["id"].as_i64().unwrap();
        Self {
            world,
            tpl_id,
            code_id: world.code(&[tpl_id], |_| {}).await.code_id,
            groups: made["groups"].clone(),
        }
    }

    fn submission(&self, value: &str) -> Value {
        let field_id = &self.groups[0]["fields"][0]["field_id"];
        json!({"code_id": self.code_id, "tpl_id": self.tpl_id, "fields": [
            {"field_id": field_id, "field_type": "text", "field_value": value},
        ]})
    }

    async fn add(&self, value: &str) -> Value {
        self.world
            .ok("record/addRecord", self.submission(value))
            .await
    }

    fn unique(&self, is_unique: bool) -> Value {
        let mut groups = self.groups.clone();
        groups[0]["fields"][0]["settings"]["is_unique"] = is_unique.into();
        json!({"tpl_id": self.tpl_id, "groups": groups})
    }

    fn with(&self, name: &str, part: Value) -> Value {
        json!({"tpl_id": self.tpl_id, name: part})
    }
}

both! {
    async fn a_field_becomes_unique_among_the_records_that_there_are(engine: Engine) {
        let world = World::new(engine).await;
        let form = Form::new(&world, json!({})).await;
        let gone = form.add("A").await;
        world.ok("record/deleteRecord", json!({"record_id": gone["record_id"]})).await;
        form.add("A").await;
        let second = form.add("B").await;
        world.ok("forms/update", form.unique(true)).await;
        assert_eq!(world.number(VALUES).await, 2);
        let refused = world.refused("record/addRecord", form.submission(" a ")).await;
        assert_eq!(refused, (100_307, "工号: was submitted before".into()));
        // A value that is given back is free, and one that is kept is not in its own way.
        let edit = |value| json!({"record_id": second["record_id"], "fields": form.submission(value)["fields"]});
        world.ok("record/updateRecord", edit("B")).await;
        world.ok("record/updateRecord", edit("C")).await;
        form.add("B").await;

        world.ok("forms/update", form.unique(false)).await;
        assert_eq!(world.number(VALUES).await, 0);
        form.add("A").await;
        let refused = world.refused("forms/update", form.unique(true)).await;
        let detail = "groups[0].fields[0].settings.is_unique is not possible: the records L2, L5 hold the same value";
        assert_eq!(refused, (100_301, detail.into()));
        assert_eq!(world.number(VALUES).await, 0);
        form.add("A").await;
        // A field that goes takes its values with it.
        let other = Form::new(&world, json!({})).await;
        other.add("A").await;
        world.ok("forms/update", other.unique(true)).await;
        assert_eq!(world.number(VALUES).await, 1);
        world.ok("forms/update", other.with("groups", json!([{"fields": [{"field_title": "姓名", "field_type": "name"}]}]))).await;
        assert_eq!(world.number(VALUES).await, 0);
    }

    /// Whoever fills the form in as it was before has a value that is theirs alone all the same.
    async fn nobody_slips_in_while_a_field_becomes_unique(engine: Engine) {
        let world = World::new(engine).await;
        let form = Form::new(&world, json!({})).await;
        for round in 0..10 {
            world.ok("forms/update", form.unique(false)).await;
            let adds = (0..12).map(|n| form.submission(&format!("{round}-{n}")));
            let adds = join_all(adds.map(|body| world.ok("record/addRecord", body)));
            let update = world.ok("forms/update", form.unique(true));
            futures_util::future::join(adds, update).await;
            assert_eq!(world.number(VALUES).await, 12 * (round + 1));
        }
    }

    async fn statuses_that_certificates_have_stay(engine: Engine) {
        let world = World::new(engine).await;
        let form = Form::new(&world, json!({"certificate_config": {"enabled": true}})).await;
        let made = form.add("A").await;
        let config = json!({"enabled": true, "statuses": [
            {"name": "新", "is_initial": true, "next": ["已核销"]}, {"name": "已核销", "is_final": true},
        ]});
        let change = form.with("certificate_config", config);
        let needed = (100_301, "certificate_config.statuses must keep 待核销, which records still need".to_owned());
        assert_eq!(world.refused("forms/update", change.clone()).await, needed);
        let verify = json!({"certificate_code": made["certificate"]["certificate_code"], "action_type": "set_next_certificate_status"});
        world.ok("record/verifyCertificate", verify).await;
        // The verification may still be reversed.
        assert_eq!(world.refused("forms/update", change.clone()).await, needed);
        world.clock.advance(Duration::from_secs(3601));
        world.ok("forms/update", change).await;
        let none = form.with("certificate_config", json!({"enabled": false, "statuses": [
            {"name": "新", "is_initial": true, "next": ["旧"]}, {"name": "旧", "is_final": true},
        ]}));
        let refused = world.refused("forms/update", none.clone()).await;
        assert_eq!(refused, (100_301, "certificate_config.statuses must keep 已核销, which records still need".into()));
        world.ok("record/deleteRecord", json!({"record_id": made["record_id"]})).await;
        world.ok("forms/update", none).await;
    }

    async fn stages_that_records_wait_for_stay(engine: Engine) {
        let world = World::new(engine).await;
        let audit = json!({"enabled": true, "stages": [{"title": "初审"}, {"title": "复审"}]});
        let form = Form::new(&world, json!({ "audit_config": audit })).await;
        let shown = world.ok("forms/getTemplate", json!({"tpl_id": form.tpl_id})).await;
        let stages = &shown["data"]["audit_config"]["stages"];
        let (first, second) = (&stages[0], &stages[1]);
        let change = |stages: Value| form.with("audit_config", json!({"enabled": stages != json!([]), "stages": stages}));
        let needed = |title: &str| {
            (100_301, format!("audit_config.stages must keep {title}, which records still need"))
        };
        let record = form.add("A").await;
        for stages in [json!([]), json!([second]), json!([{"title": "预审"}, first, second])] {
            assert_eq!(world.refused("forms/update", change(stages)).await, needed("初审"));
        }
        world.ok("forms/update", change(json!([first, {"title": "加审"}, second]))).await;
        world.ok("forms/update", change(json!([first, second]))).await;
        let pass = json!({"record_id": record["record_id"], "action": "pass"});
        world.ok("record/auditRecord", pass.clone()).await;
        for stages in [json!([first]), json!([second, {"title": "终审"}])] {
            assert_eq!(world.refused("forms/update", change(stages)).await, needed("复审"));
        }
        world.ok("forms/update", change(json!([second]))).await;
        assert_eq!(world.ok("record/auditRecord", pass).await["audit_status"], "approved");
        world.ok("forms/update", change(json!([]))).await;
    }
}
