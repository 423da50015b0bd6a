//! `Idempotency-Key`s of servers that died on the way, and of keys that see different things.

use crate::support::{Engine, World, both, refusal};
use serde_json::{Value, json};
use std::time::Duration;
use tallystick_forms::model::KeyState;
use tallystick_forms::model::Right;
use tallystick_forms::model::certificate::CertificateConfig;
use tallystick_forms::model::form::FieldType;

const CARRIED_OUT: &str = "Idempotency-Key belongs to a request that was carried out, but whose answer was lost: look at what there is now";
const IN_USE: &str = "Idempotency-Key belongs to a request that is still being carried out";

/// A form with certificates, and how it is filled in.
async fn submission(world: &World) -> Value {
    let name = crate::support::field(1, "Name", FieldType::Name);
    let form = world.form(vec![name], |form| {
        form.certificate.0 = CertificateConfig {
            enabled: true,
            ..CertificateConfig::default()
        };
    });
    let tpl_id = form.await.tpl_id;
    let code_id = world.code(&[tpl_id], |_| {}).await.code_id;
    json!({"code_id": code_id, "tpl_id": tpl_id, "fields": [
        {"field_id": 1, "field_type": "name", "field_value": "Mei Lin"},
    ]})
}

/// As if the server had died between the change and its answer, a minute ago.
async fn lose_answers(world: &World) {
    world.clock.advance(Duration::from_secs(61));
    world
        .store(|tx| {
            let sql = "UPDATE idempotency_keys SET status = NULL, body = NULL";
            tx.query_dynamic(sql, &[], |_| Ok(())).map(drop)
        })
        .await;
}

/// As if it had died before the change, just now.
async fn undo_changes(world: &World) {
    world
        .store(|tx| {
            let sql = "UPDATE idempotency_keys SET status = NULL, body = NULL, reference = NULL";
            tx.query_dynamic(sql, &[], |_| Ok(())).map(drop)
        })
        .await;
}

both! {
    async fn what_was_made_before_a_crash_is_answered_and_not_made_again(engine: Engine) {
        let world = World::new(engine).await;
        let body = submission(&world).await;
        let add = || world.call_once(&world.key, "record/addRecord", "k-1", &body);
        let first = add().await;
        assert_eq!(first.0, 200);
        lose_answers(&world).await;
        assert_eq!(add().await, first);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_records").await, 1);

        let code = first.1["data"]["certificate"]["certificate_code"].clone();
        let verify = json!({"certificate_code": code, "action_type": "set_next_certificate_status"});
        let verify = || world.call_once(&world.key, "record/verifyCertificate", "k-1", &verify);
        let first = verify().await;
        assert_eq!(first.0, 200, "{first:?}");
        lose_answers(&world).await;
        assert_eq!(verify().await, first);
    }

    async fn what_was_made_before_a_crash_is_said_to_be_where_nobody_knows_the_answer(engine: Engine) {
        let world = World::new(engine).await;
        let body = json!({"name": "Tools"});
        let create = || world.call_once(&world.key, "categories/create", "k-1", &body);
        assert_eq!(create().await.0, 200);
        lose_answers(&world).await;
        for _ in 0..2 {
            assert_eq!(refusal(create().await), (100_301, CARRIED_OUT.into()));
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_categories").await, 1);
    }

    async fn what_was_not_made_before_a_crash_is_made_a_minute_later(engine: Engine) {
        let world = World::new(engine).await;
        let body = json!({"name": "Tools"});
        let create = || world.call_once(&world.key, "categories/create", "k-1", &body);
        assert_eq!(create().await.0, 200);
        undo_changes(&world).await;
        world.clock.advance(Duration::from_secs(59));
        assert_eq!(refusal(create().await), (100_301, IN_USE.into()));
        world.clock.advance(Duration::from_secs(2));
        // Of several who take over, one does it.
        let at_once = futures_util::future::join_all((0..8).map(|_| create())).await;
        let made = at_once.iter().filter(|(status, _)| *status == 200).count();
        assert!(made >= 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM forms_categories").await, 2);
    }

    async fn a_key_is_nobody_elses_though_it_be_of_the_same_organization(engine: Engine) {
        let world = World::new(engine).await;
        let body = submission(&world).await;
        let elsewhere = world.key_of(&[world.forms.new_id()]).await;
        let add = |key: String| {
            let (world, body) = (&world, &body);
            async move { world.call_once(&key, "record/addRecord", "k-1", body).await }
        };
        assert_eq!(add(world.key.clone()).await.0, 200);
        assert_eq!(refusal(add(elsewhere).await).0, 100_304);
    }

    async fn a_key_that_does_not_count_has_neither_rights_nor_limits(engine: Engine) {
        let world = World::with(engine, |config| config.rate_limit = Some(1)).await;
        let org_id = world.org.org_id;
        let made = world.forms.create_key(org_id, "off", &[Right::Read], None).await.unwrap();
        let id = made.key.api_key_id;
        world.forms.set_key_state(org_id, id, KeyState::Disabled).await.unwrap();
        for _ in 0..3 {
            let refused = world.call(made.secret.expose(), "record/addRecord", &json!({})).await;
            assert_eq!(refused.0, 401);
            assert_eq!(refusal(refused), (100_315, "The API key is disabled".into()));
        }
    }
}
