//! Certificates: verified, shown, set back; the codes that refuse it, in their order; the log.

use crate::support::{Engine, PUBLIC_URL, World, both, certificates, refusal, start};
use axum::Router;
use axum::body::Body;
use forms::gateway::{Gateway, OpenapiV2Face, router};
use forms::model::certificate::{CertificateConfig, SET, SET_NEXT, Status};
use forms::model::{AuditStatus, KeyState, Person, Right};
use forms::offline::verify_offline;
use forms::repo::{Certificate, Record, Template};
use futures_util::future::join_all;
use http::Request;
use http_body_util::BodyExt as _;
use httpkit::face::FaceLayer;
use kernel::Rng;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::params;
use store::record::Json;

const VERIFY: &str = "record/verifyCertificate";
const OPEN: &str = "待核销";
const USED: &str = "已核销";

type Change = fn(&mut CertificateConfig);

/// A certificate of a record of a form.
struct Ticket {
    tpl_id: i64,
    code_id: i64,
    record: Record,
    certificate: Certificate,
}

impl Ticket {
    fn code(&self) -> &str {
        &self.certificate.coding
    }

    fn url(&self, world: &World) -> String {
        format!("{PUBLIC_URL}/{}/{}", world.org.org_code, self.code())
    }

    fn next(&self) -> Value {
        json!({"certificate_code": self.code(), "action_type": SET_NEXT})
    }

    fn set(&self, from: &str, to: &str) -> Value {
        json!({
            "certificate_code": self.code(),
            "action_type": SET,
            "from_certificate_status": from,
            "to_certificate_status": to,
        })
    }
}

fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body[name] = value.into();
    body
}

async fn ticket(world: &World, change: impl FnOnce(&mut CertificateConfig)) -> Ticket {
    ticket_with(world, change, |_, _| {}).await
}

async fn ticket_with(
    world: &World,
    change: impl FnOnce(&mut CertificateConfig),
    change_record: impl FnOnce(&mut Record, &mut Certificate),
) -> Ticket {
    let mut config = certificates();
    change(&mut config);
    let form = world
        .form(Vec::new(), |form| form.certificate = Json(config))
        .await;
    another(world, form.tpl_id, change_record).await
}

/// A certificate of another record of a form.
async fn another(
    world: &World,
    tpl_id: i64,
    change: impl FnOnce(&mut Record, &mut Certificate),
) -> Ticket {
    let forms = &world.forms;
    let code = world.code(&[tpl_id], |_| {}).await;
    let id = forms.new_id();
    let mut record = Record {
        record_id: id,
        org_id: world.org.org_id,
        project_id: world.project.project_id,
        tpl_id: Some(tpl_id),
        code_id: code.code_id,
        kind: 0,
        record_number: format!("L{id}"),
        coding: format!("r{id}"),
        method: "API".into(),
        submitter: Json(Person::default()),
        api_key_id: None,
        fields: Json(Vec::new()),
        audit_status: AuditStatus::None,
        audit_level: 0,
        audits: Json(Vec::new()),
        submit_at: start(),
        updated_at: start(),
        deleted_at: None,
    };
    let seed = u64::try_from(id).unwrap();
    let mut certificate = Certificate {
        certificate_id: forms.new_id(),
        org_id: world.org.org_id,
        record_id: id,
        tpl_id,
        code_id: code.code_id,
        coding: forms.secrets().certificate_coding(&Rng::seeded(seed)),
        status: OPEN.into(),
        revoked: None,
        issued_at: start(),
        updated_at: start(),
    };
    change(&mut record, &mut certificate);
    let stored = (record.clone(), certificate.clone());
    world
        .store(move |tx| {
            stored.0.insert(tx)?;
            stored.1.insert(tx)
        })
        .await;
    Ticket {
        tpl_id,
        code_id: code.code_id,
        record,
        certificate,
    }
}

fn status(name: &str, next: &[&str]) -> Status {
    Status {
        name: name.into(),
        is_initial: name == OPEN,
        is_final: false,
        next: next.iter().map(|name| (*name).into()).collect(),
    }
}

/// Three steps, the third of which is a dead end.
fn three_steps(config: &mut CertificateConfig) {
    config.statuses = vec![
        status(OPEN, &["入场", "退场"]),
        status("入场", &["退场"]),
        status("退场", &[]),
    ];
}

fn member(phone: &str) -> Person {
    Person {
        phone: Some(phone.into()),
        ..Person::default()
    }
}

/// Another key of the organization: its id and itself.
async fn key(world: &World, rights: &[Right]) -> (i64, String) {
    let made = world
        .forms
        .create_key(world.org.org_id, "other", rights, None);
    let made = made.await.unwrap();
    (made.key.api_key_id, made.secret.expose().clone())
}

async fn authorization(world: &World, tpl_id: i64, more: Value) -> Value {
    let mut body = json!({"tpl_id": tpl_id});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    world.ok("record/createAuthorizationCode", body).await
}

/// Outcome, code and detail of every logged attempt, oldest first.
async fn log(world: &World) -> Vec<(String, i64)> {
    let body = json!({"page_size": 50});
    let mut answer = world.ok("record/getVerifications", body).await;
    let list = answer["list"].as_array_mut().unwrap();
    list.reverse();
    let line = |line: &Value| {
        let code = line["error_code"].as_i64().unwrap_or(0);
        (line["outcome"].as_str().unwrap().to_owned(), code)
    };
    list.iter().map(line).collect()
}

both! {
    async fn a_certificate_is_verified(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |_| {}).await;
        world.clock.advance(Duration::from_secs(90));
        let body = json!({
            "certificate_code": format!("{}?from=scan#s=abc", ticket.url(&world)),
            "action_type": SET,
            "from_certificate_status": OPEN,
            "to_certificate_status": USED,
            "tpl_id": ticket.tpl_id,
            "code_id": ticket.code_id,
            "operator": {"name": "林美", "phone": "13800138000"},
            "nonce": "n1",
        });
        let mut answer = world.ok(VERIFY, body.clone()).await;
        let id = answer["verification_id"].take();
        assert_eq!(answer, json!({
            "verification_id": null,
            "owner_record_number": ticket.record.record_number,
            "record_id": ticket.record.record_id,
            "org_id": world.org.org_id,
            "tpl_id": ticket.tpl_id,
            "code_id": ticket.code_id,
            "record_add_time": "2026-06-02 12:30:00(UTC+08:00)",
            "from_certificate_status": OPEN,
            "certificate_status": USED,
            "verified_at": 1_780_374_690,
            "verified_at_iso": "2026-06-02 12:31:30(UTC+08:00)",
            "is_final": true,
        }));
        let list = world.ok("record/getVerifications", json!({})).await;
        assert_eq!(list["has_more"], false);
        assert_eq!(list["next_page_token"], Value::Null);
        let mut line = list["list"][0].clone();
        assert!(line["api_key_id"].take().is_i64());
        assert_eq!(line, json!({
            "verification_id": id,
            "outcome": "verified",
            "presented": body["certificate_code"],
            "from_certificate_status": OPEN,
            "certificate_status": USED,
            "operator": {"name": "林美", "phone": "13800138000"},
            "api_key_id": null,
            "authorization_id": null,
            "nonce": "n1",
            "attempted_at": 1_780_374_690,
            "attempted_at_iso": "2026-06-02 12:31:30(UTC+08:00)",
            "certificate_code": ticket.code(),
            "record_id": ticket.record.record_id,
        }));
    }

    async fn parameters_are_checked_at_once_and_not_logged(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |_| {}).await;
        let (code, detail) = world.refused(VERIFY, json!({
            "action_type": SET, "to_certificate_status": 1, "tpl_id": -1, "code_id": "x",
            "operator": {"name": 5}, "nonce": "a b", "version": "v9",
        })).await;
        assert_eq!(code, 100_301);
        assert_eq!(detail, "certificate_code is required; to_certificate_status must be a string; \
            from_certificate_status is required; tpl_id must be from 0 to 9007199254740991; code_id must be an integer; \
            operator.name must be a string; nonce is malformed");
        for (name, value, code) in [
            ("action_type", json!(""), 100_301),
            ("action_type", json!(null), 100_301),
            ("certificate_code", json!(""), 100_301),
            ("nonce", json!("n".repeat(65)), 100_301),
            ("nonce", json!(""), 100_301),
            ("operator", json!([]), 100_301),
            ("version", json!("v9"), 100_302),
        ] {
            let refused = world.refused(VERIFY, with(ticket.next(), name, value)).await;
            assert_eq!(refused.0, code, "{name}");
        }
        let read_only = world.call(&world.read_only_key, VERIFY, &ticket.next()).await;
        assert_eq!(refusal(read_only).0, 403);
        assert_eq!(refusal(world.call("tk_no", VERIFY, &ticket.next()).await).0, 401);
        assert_eq!(log(&world).await, []);
    }

    async fn every_refusal_has_its_code_and_is_logged(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, three_steps).await;
        let code = ticket.code();
        let forged = format!("v{}", code[1..].chars().rev().collect::<String>());
        let stale = world.forms.secrets().certificate_coding(&Rng::seeded(5));
        let foreign = format!("{PUBLIC_URL}/oAAAAAAAA/{code}");
        let forged_abroad = format!("{PUBLIC_URL}/oAAAAAAAA/{forged}");
        let record_url = format!("{PUBLIC_URL}/{}/rAbc", world.org.org_code);
        let presented = |text: &str| json!({"certificate_code": text, "action_type": SET_NEXT});
        let limited = async |change: Change| {
            self::ticket(&world, change).await.next()
        };
        let pending = ticket_with(&world, |_| {}, |record, _| record.audit_status = AuditStatus::Pending).await;
        let deleted = ticket_with(&world, |_| {}, |record, _| record.deleted_at = Some(start())).await;
        let revoked = ticket_with(&world, |_| {}, |_, it| it.revoked = Some("refunded".into())).await;
        let used = ticket_with(&world, |_| {}, |_, it| it.status = USED.into()).await;
        let stuck = another(&world, ticket.tpl_id, |_, it| it.status = "退场".into()).await;
        let gone = self::ticket(&world, |_| {}).await;
        let (tpl_id, org_id) = (gone.tpl_id, world.org.org_id);
        world.store(move |tx| {
            let form = Template::first(tx, Template::BY_ID, params![tpl_id, org_id])?;
            Template { deleted_at: Some(start()), ..form.unwrap() }.save(tx)
        }).await;
        let cases = [
            (gone.next(), 100_321, ""),
            (presented("qB4k8Tn"), 100_320, "This is not a certificate's code"),
            (presented(&record_url), 100_320, "This is not a certificate's code"),
            (presented("nonsense !"), 100_320, "This is not a certificate's code"),
            (presented(&forged), 100_320, "This code was not issued here"),
            (presented(&forged_abroad), 100_320, "This code was not issued here"),
            (presented(&code[..29]), 100_320, "This code was not issued here"),
            (presented(&stale), 100_320, "No certificate has this code"),
            (deleted.next(), 100_320, "The certificate's record was deleted"),
            (presented(&foreign), 100_316, ""),
            (with(ticket.next(), "tpl_id", 1), 100_323, "tpl_id"),
            (with(with(ticket.next(), "tpl_id", 1), "code_id", 2), 100_323, "tpl_id, code_id"),
            (with(with(ticket.next(), "tpl_id", 0), "code_id", 2), 100_323, "code_id"),
            (limited(|it| it.verifiable = false).await, 100_321, ""),
            (limited(|it| it.enabled = false).await, 100_321, ""),
            (limited(|it| it.methods = vec![SET.into()]).await, 100_325, "The form has this action switched off"),
            (with(ticket.next(), "action_type", "redeem"), 100_325,
                "action_type must be set_certificate_status or set_next_certificate_status"),
            (limited(|it| it.verifiers.api_keys = vec![1]).await, 100_328, ""),
            (limited(|it| it.require_identity = true).await, 100_329, "operator.name, operator.phone"),
            (pending.next(), 100_322, "pending"),
            (revoked.next(), 100_324, "The certificate was revoked: the payment was refunded"),
            (used.next(), 100_324, "\"已核销\" is final"),
            (used.set(OPEN, USED), 100_324, "\"已核销\" is final"),
            (ticket.set("入场", "退场"), 100_324, "The status is \"待核销\", not \"入场\""),
            (ticket.set(OPEN, "done"), 100_326, "The form has no status \"done\""),
            (ticket.set(OPEN, OPEN), 100_326, "The certificate already has the status \"待核销\""),
            (stuck.set("退场", "入场"), 100_326, "No step leads from \"退场\" to \"入场\""),
            (stuck.next(), 100_326, "No status follows \"退场\""),
        ];
        let mut logged = Vec::new();
        for (body, code, detail) in cases {
            let refused = world.refused(VERIFY, body.clone()).await;
            assert_eq!(refused, (code, detail.to_owned()), "{body}");
            logged.push(("refused".to_owned(), code));
        }
        assert_eq!(log(&world).await, logged);
        let long = "x".repeat(300);
        assert_eq!(world.refused(VERIFY, presented(&long)).await.0, 100_320);
        let list = world.ok("record/getVerifications", json!({})).await;
        assert_eq!(list["list"][0]["presented"], long[..256]);
        assert_eq!(list["list"][0]["record_id"], Value::Null);
        // Nothing of it has changed a certificate.
        for untouched in [&ticket, &pending] {
            let shown = world.ok("record/getCertificate", json!({"record_id": untouched.record.record_id})).await;
            assert_eq!(shown["certificate_status"], OPEN);
        }
    }

    async fn of_several_reasons_the_first_in_order_is_told(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket_with(&world, |config| {
            config.verifiable = false;
            config.methods = vec![SET_NEXT.into()];
            config.verifiers.members = vec![member("13800138000")];
            config.verifiers.allow_authorization_code = true;
            config.require_identity = true;
        }, |record, certificate| {
            record.audit_status = AuditStatus::Rejected;
            certificate.status = USED.into();
        }).await;
        let forged = format!("v{}", "1".repeat(29));
        let mut body = json!({
            "certificate_code": format!("{PUBLIC_URL}/oAAAAAAAA/{forged}"),
            "action_type": "redeem",
            "to_certificate_status": "done",
            "from_certificate_status": OPEN,
            "authorization_code": "AAAA-BBBB-CCCC",
            "tpl_id": 1,
        });
        let elsewhere = self::ticket(&world, |_| {}).await;
        let other = authorization(&world, elsewhere.tpl_id, json!({})).await;
        let change = async |change: Change| {
            let (tpl_id, org_id) = (ticket.tpl_id, world.org.org_id);
            world.store(move |tx| {
                let by_id = Template::BY_ID;
                let form = Template::first(tx, by_id, params![tpl_id, org_id])?;
                let mut form = form.unwrap();
                change(&mut form.certificate.0);
                form.save(tx)
            }).await;
        };
        let expect = async |body: &Value, code: i64| {
            assert_eq!(world.refused(VERIFY, body.clone()).await.0, code, "{body}");
        };
        expect(&body, 100_325).await;
        body["action_type"] = SET.into();
        expect(&body, 100_327).await;
        body["authorization_code"] = other["authorization_code"].clone();
        expect(&body, 100_320).await;
        body["certificate_code"] = format!("{PUBLIC_URL}/oAAAAAAAA/{}", ticket.code()).into();
        expect(&body, 100_316).await;
        body["certificate_code"] = ticket.url(&world).into();
        expect(&body, 100_327).await;
        body["authorization_code"] = Value::Null;
        expect(&body, 100_323).await;
        body["tpl_id"] = ticket.tpl_id.into();
        expect(&body, 100_321).await;
        change(|config| config.verifiable = true).await;
        expect(&body, 100_325).await;
        change(|config| config.methods = vec![SET.into()]).await;
        expect(&body, 100_328).await;
        body["operator"] = json!({"phone": "13800138000"});
        expect(&body, 100_329).await;
        body["operator"]["name"] = "Lin Mei".into();
        expect(&body, 100_322).await;
        let record = Record { audit_status: AuditStatus::Approved, ..ticket.record.clone() };
        world.store(move |tx| record.save(tx)).await;
        expect(&body, 100_324).await;
        let certificate = Certificate { status: OPEN.into(), ..ticket.certificate.clone() };
        world.store(move |tx| certificate.save(tx)).await;
        expect(&body, 100_326).await;
        body["to_certificate_status"] = USED.into();
        world.ok(VERIFY, body).await;
    }

    async fn verifiers_are_keys_members_and_whoever_has_a_code(engine: Engine) {
        let world = World::new(engine).await;
        let (staff_id, staff) = key(&world, &[Right::Write]).await;
        let ticket = ticket(&world, |config| {
            three_steps(config);
            config.verifiers.api_keys = vec![staff_id];
            config.verifiers.members = vec![member("13800138000")];
        }).await;
        assert_eq!(world.refused(VERIFY, ticket.next()).await.0, 100_328);
        let stranger = json!({"name": "x", "phone": "13800138001"});
        assert_eq!(world.refused(VERIFY, with(ticket.next(), "operator", stranger)).await.0, 100_328);
        // A code counts for nothing where the form takes none, but must be right.
        let made = authorization(&world, ticket.tpl_id, json!({})).await;
        let by_code = with(ticket.next(), "authorization_code", made["authorization_code"].clone());
        assert_eq!(world.refused(VERIFY, by_code).await.0, 100_328);
        let (code, _) = world.call(&staff, VERIFY, &ticket.next()).await;
        assert_eq!(code, 200);
        let one = json!({"phone": "13800138000"});
        let answer = world.ok(VERIFY, with(ticket.next(), "operator", one)).await;
        assert_eq!(answer["is_final"], false);
    }

    async fn authorization_codes_let_others_verify(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |config| {
            config.verifiers.allow_authorization_code = true;
            config.require_identity = true;
        }).await;
        let tpl_id = ticket.tpl_id;
        let problem = async |body: Value| {
            let (code, detail) = world.refused(VERIFY, body).await;
            assert_eq!(code, 100_327);
            detail
        };
        assert_eq!(problem(ticket.next()).await, "An authorization code is needed");
        let unknown = with(ticket.next(), "authorization_code", "AAAA-BBBB-CCCC");
        assert_eq!(problem(unknown).await, "Nobody gave out this authorization code");

        let elsewhere = self::ticket(&world, |_| {}).await;
        let other = authorization(&world, elsewhere.tpl_id, json!({})).await;
        let other = with(ticket.next(), "authorization_code", other["authorization_code"].clone());
        assert_eq!(problem(other).await, "The authorization code is for another form");

        let holder = json!({"name": "Lin Mei", "phone": "13800138000"});
        let mut made = authorization(&world, tpl_id, json!({
            "expire_at": "2026-06-02 12:31:00", "max_uses": 2, "holder": holder,
        })).await;
        let code = made["authorization_code"].take();
        let code = code.as_str().unwrap();
        let id = made["authorization_id"].clone();
        assert_eq!(made, json!({
            "authorization_id": id,
            "authorization_code": null,
            "expire_at": 1_780_374_660,
            "expire_at_iso": "2026-06-02 12:31:00(UTC+08:00)",
            "max_uses": 2,
        }));
        assert_eq!(code.len(), 14);
        let anonymous = authorization(&world, tpl_id, json!({})).await;
        let anonymous = with(ticket.next(), "authorization_code", anonymous["authorization_code"].clone());
        assert_eq!(world.refused(VERIFY, anonymous).await.0, 100_329);

        // A refused attempt uses nothing up.
        let typed = code.to_lowercase().replace('-', " ");
        let typed = |ticket: &Ticket| with(ticket.next(), "authorization_code", &*typed);
        let limited = with(typed(&ticket), "code_id", 1);
        assert_eq!(world.refused(VERIFY, limited).await.0, 100_323);
        world.ok(VERIFY, typed(&ticket)).await;
        assert_eq!(world.refused(VERIFY, typed(&ticket)).await.0, 100_324);
        let second = another(&world, tpl_id, |_, _| {}).await;
        let third = another(&world, tpl_id, |_, _| {}).await;
        world.ok(VERIFY, typed(&second)).await;
        assert_eq!(problem(typed(&third)).await, "The authorization code is used up");
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(problem(typed(&third)).await, "The authorization code has expired");

        let list = world.ok("record/getAuthorizationCodes", json!({"tpl_id": tpl_id})).await;
        assert_eq!(list["list"].as_array().unwrap().len(), 2);
        assert_eq!(list["list"][1], json!({
            "authorization_id": id,
            "tpl_id": tpl_id,
            "hint": code[10..],
            "holder": holder,
            "status": "expired",
            "expire_at": 1_780_374_660,
            "expire_at_iso": "2026-06-02 12:31:00(UTC+08:00)",
            "max_uses": 2,
            "uses": 2,
            "created_at": 1_780_374_600,
            "created_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
        }));
        for _ in 0..2 {
            let revoked = world.ok("record/revokeAuthorizationCode", json!({"authorization_id": id})).await;
            assert_eq!(revoked["status"], "revoked");
        }
        assert_eq!(problem(typed(&third)).await, "The authorization code was revoked");

        let used = json!({"outcome": "verified"});
        let log = world.ok("record/getVerifications", used).await;
        assert_eq!(log["list"][0]["operator"], holder);
        assert_eq!(log["list"][0]["authorization_id"], id);

        let (_, _, stranger) = world.other_organization().await;
        for (method, body, code) in [
            ("record/createAuthorizationCode", json!({"tpl_id": tpl_id}), 100_304),
            ("record/getAuthorizationCodes", json!({"tpl_id": tpl_id}), 100_304),
            ("record/revokeAuthorizationCode", json!({"authorization_id": id}), 404),
        ] {
            assert_eq!(refusal(world.call(&stranger, method, &body).await).0, code, "{method}");
        }
        let (code, detail) = world.refused("record/createAuthorizationCode",
            json!({"expire_at": 1, "max_uses": 0, "holder": 1})).await;
        assert_eq!(code, 100_301);
        assert_eq!(detail, "tpl_id is required; max_uses must be from 1 to 1000000000; holder must be an object; \
            expire_at must not be before now");
    }

    async fn of_simultaneous_verifications_one_wins(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |_| {}).await;
        let body = ticket.next();
        let answers = join_all((0..200).map(|_| world.call(&world.key, VERIFY, &body))).await;
        let won = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(won, 1);
        for answer in answers.into_iter().filter(|(status, _)| *status != 200) {
            let (code, detail) = refusal(answer);
            let expected = match code {
                100_319 => "Another verification was ahead",
                _ => "\"已核销\" is final",
            };
            assert!([100_319, 100_324].contains(&code));
            assert_eq!(detail, expected);
        }
        let all = world.number("SELECT COUNT(*) FROM forms_verifications").await;
        let verified = world.number("SELECT COUNT(*) FROM forms_verifications WHERE outcome = 'verified'").await;
        assert_eq!((all, verified), (200, 1));
    }

    async fn of_simultaneous_retries_all_are_answered_alike(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |config| {
            three_steps(config);
            config.verifiers.allow_authorization_code = true;
        }).await;
        // Whoever finds the code used up was ahead of itself.
        let made = authorization(&world, ticket.tpl_id, json!({"max_uses": 1})).await;
        let body = with(ticket.next(), "nonce", "n1");
        let body = with(body, "authorization_code", made["authorization_code"].clone());
        let answers = join_all((0..200).map(|_| world.call(&world.key, VERIFY, &body))).await;
        assert_eq!(answers[0].1["data"]["certificate_status"], "入场");
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let all = world.number("SELECT COUNT(*) FROM forms_verifications").await;
        assert_eq!(all, 1);
    }

    async fn an_authorization_is_not_used_more_often_than_it_may_be(engine: Engine) {
        let world = World::new(engine).await;
        let first = ticket(&world, |config| config.verifiers.allow_authorization_code = true).await;
        let made = authorization(&world, first.tpl_id, json!({"max_uses": 5})).await;
        let mut tickets = vec![first];
        while tickets.len() < 20 {
            tickets.push(another(&world, tickets[0].tpl_id, |_, _| {}).await);
        }
        // Each certificate twice: one attempt of two is overtaken, and takes no use with it.
        let bodies: Vec<Value> = tickets.iter().chain(&tickets)
            .map(|ticket| with(ticket.next(), "authorization_code", made["authorization_code"].clone()))
            .collect();
        let answers = join_all(bodies.iter().map(|body| world.call(&world.key, VERIFY, body))).await;
        let won = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(won, 5);
        let uses = world.number("SELECT uses FROM forms_authorizations").await;
        assert_eq!(uses, 5);
        let all = world.number("SELECT COUNT(*) FROM forms_verifications").await;
        assert_eq!(all, 40);
    }

    async fn a_nonce_stands_for_one_success(engine: Engine) {
        let world = World::new(engine).await;
        let first = ticket(&world, three_steps).await;
        let second = another(&world, first.tpl_id, |_, _| {}).await;
        // Refused attempts do not use it up.
        let refused = with(first.set("入场", "退场"), "nonce", "n1");
        assert_eq!(world.refused(VERIFY, refused).await.0, 100_324);
        let body = with(first.next(), "nonce", "n1");
        let answer = world.ok(VERIFY, body.clone()).await;
        world.clock.advance(Duration::from_secs(3600));
        let by_address = with(body.clone(), "certificate_code", first.url(&world));
        for again in [&body, &by_address] {
            assert_eq!(world.ok(VERIFY, again.clone()).await, answer);
        }
        for other in [second.next(), first.set(OPEN, "入场")] {
            let reused = world.refused(VERIFY, with(other, "nonce", "n1")).await;
            assert_eq!(reused, (100_319, "The nonce was used for another verification".into()));
        }
        let unknown = with(with(first.next(), "nonce", "n1"), "action_type", "x");
        assert_eq!(world.refused(VERIFY, unknown).await.0, 100_325);
        let next = world.ok(VERIFY, with(first.next(), "nonce", "n2")).await;
        assert_eq!(next["certificate_status"], "退场");
        let rows = [("refused", 100_324), ("verified", 0), ("refused", 100_319), ("refused", 100_319), ("refused", 100_325), ("verified", 0)];
        let rows = rows.map(|(outcome, code)| (outcome.to_owned(), code));
        assert_eq!(log(&world).await, rows);
        // It is one organization's own.
        let (_, _, stranger) = world.other_organization().await;
        let foreign = world.call(&stranger, VERIFY, &body).await;
        assert_eq!(refusal(foreign), (100_320, "No certificate has this code".into()));
    }

    async fn the_latest_verification_can_be_set_back_for_a_while(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, three_steps).await;
        let first = world.ok(VERIFY, ticket.next()).await["verification_id"].clone();
        let second = world.ok(VERIFY, ticket.next()).await["verification_id"].clone();
        let reverse = |id: &Value| json!({"verification_id": id, "reason": "wrong hall"});
        let method = "record/reverseVerification";
        let not_latest = (100_319, "It is not the certificate's latest verification".to_owned());
        let (_, writer) = key(&world, &[Right::Read, Right::Write]).await;
        assert_eq!(refusal(world.call(&writer, method, &json!({})).await), (403, "The key may not set verifications back: it lacks the right to reverse".into()));
        assert_eq!(world.refused(method, json!({})).await.0, 100_301);
        assert_eq!(world.refused(method, json!({"verification_id": 1})).await.0, 404);
        let (_, _, stranger) = world.other_organization().await;
        assert_eq!(refusal(world.call(&stranger, method, &reverse(&second)).await).0, 404);
        assert_eq!(world.refused(method, reverse(&first)).await, not_latest);
        world.clock.advance(Duration::from_secs(3600));
        let mut answer = world.ok(method, reverse(&second)).await;
        let third = answer["verification_id"].take();
        assert_eq!(answer, json!({
            "verification_id": null,
            "reverses": second,
            "record_id": ticket.record.record_id,
            "from_certificate_status": "退场",
            "certificate_status": "入场",
            "reversed_at": 1_780_378_200,
            "reversed_at_iso": "2026-06-02 13:30:00(UTC+08:00)",
        }));
        for id in [&second, &third] {
            assert_eq!(world.refused(method, reverse(id)).await, not_latest);
        }
        let list = world.ok("record/getVerifications", json!({"outcome": "reversed"})).await;
        assert_eq!(list["list"][0]["reason"], "wrong hall");
        assert_eq!(list["list"][0]["reverses"], second);
        // What was set back can be verified again, and that be set back in its time.
        let again = world.ok(VERIFY, ticket.next()).await;
        assert_eq!(again["certificate_status"], "退场");
        world.clock.advance(Duration::from_secs(3601));
        let late = world.refused(method, reverse(&again["verification_id"])).await;
        assert_eq!(late, (100_319, "The time in which it can be reversed is over".into()));
        assert_eq!(log(&world).await.len(), 4);
    }

    async fn of_simultaneous_reversals_one_wins(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |_| {}).await;
        let id = world.ok(VERIFY, ticket.next()).await["verification_id"].clone();
        let body = json!({"verification_id": id});
        let method = "record/reverseVerification";
        let answers = join_all((0..20).map(|_| world.call(&world.key, method, &body))).await;
        let won = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(won, 1);
        world.ok(VERIFY, ticket.next()).await;
    }

    async fn a_revoked_certificate_is_refused_with_the_reason(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, three_steps).await;
        let id = world.ok(VERIFY, ticket.next()).await["verification_id"].clone();
        let (org_id, record_id) = (world.org.org_id, ticket.record.record_id);
        for revoked in [true, false] {
            let done = world.forms.revoke_certificate(org_id, record_id, "refunded").await;
            assert_eq!(done, Ok(revoked));
        }
        assert_eq!(world.forms.revoke_certificate(org_id + 1, record_id, "x").await, Ok(false));
        let refused = world.refused(VERIFY, ticket.next()).await;
        assert_eq!(refused, (100_324, "The certificate was revoked: the payment was refunded".into()));
        let reversed = world.refused("record/reverseVerification", json!({"verification_id": id})).await;
        assert_eq!(reversed.0, 100_319);
        let shown = world.ok("record/getCertificate", json!({"record_id": record_id})).await;
        assert_eq!((&shown["revoked"], &shown["reason_error_code"]), (&json!("refunded"), &json!(100_324)));
    }

    async fn batches_in_any_order_do_not_wait_for_each_other(engine: Engine) {
        let world = World::new(engine).await;
        let first = ticket(&world, |_| {}).await;
        let mut tickets = vec![first.next()];
        for _ in 1..20 {
            tickets.push(another(&world, first.tpl_id, |_, _| {}).await.next());
        }
        let batch = |shift: usize| {
            let mut items = tickets.clone();
            items.rotate_left(shift * 3);
            if shift % 2 == 1 {
                items.reverse();
            }
            items
        };
        let world = &world;
        let each = (0..6).map(|shift| {
            let items = batch(shift);
            async move {
                let answer = world.ok("record/verifyCertificates", json!({"items": items})).await;
                let results = answer["results"].as_array().unwrap().clone();
                let codes = items.into_iter().zip(results);
                codes.map(|(item, result)| (item["certificate_code"].to_string(), result["code"].clone())).collect::<Vec<_>>()
            }
        });
        let mut done: Vec<String> = join_all(each).await.into_iter().flatten()
            .filter(|(_, code)| *code == 0).map(|(certificate, _)| certificate).collect();
        done.sort();
        let mut all: Vec<String> = tickets.iter().map(|item| item["certificate_code"].to_string()).collect();
        all.sort();
        assert_eq!(done, all, "each was verified once");
        if engine == Engine::Postgres {
            let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
            assert_eq!(world.number(deadlocks).await, 0);
        }
    }

    async fn many_are_verified_at_once(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |_| {}).await;
        let second = another(&world, ticket.tpl_id, |_, _| {}).await;
        let method = "record/verifyCertificates";
        let answer = world.ok(method, json!({"items": [
            ticket.next(), {"certificate_code": 5}, ticket.next(), {"certificate_code": "qAbc", "action_type": SET_NEXT},
            with(second.next(), "nonce", "n1"), with(second.next(), "nonce", "n1"),
        ]})).await;
        let results = answer["results"].as_array().unwrap();
        let codes = |result: &Value| (result["code"].as_i64(), result["error_code"].as_i64());
        let expected = [
            (Some(0), None), (Some(400), Some(100_301)), (Some(400), Some(100_324)), (Some(400), Some(100_320)),
            (Some(0), None), (Some(0), None),
        ];
        assert_eq!(results.iter().map(codes).collect::<Vec<_>>(), expected);
        assert_eq!(results[0]["message"], "ok");
        assert_eq!(results[0]["data"]["record_id"], ticket.record.record_id);
        assert_eq!(results[1]["message_detail"], "items[1].certificate_code must be a string; items[1].action_type is required");
        assert_eq!(results[4], results[5]);
        assert_eq!(log(&world).await.len(), 4);
        let none = json!({"results": []});
        assert_eq!(world.ok(method, json!({"items": []})).await, none);
        let too_many = vec![ticket.next(); 101];
        for (items, detail) in [
            (json!(null), "items is required"),
            (json!(5), "items must be an array"),
            (json!([5]), "items[0] must be an object"),
            (json!(too_many), "items must have at most 100 items"),
        ] {
            let refused = world.refused(method, json!({"items": items})).await;
            assert_eq!(refused, (100_301, detail.into()));
        }
        let request = Request::post(format!("/api/v2/rpc/{method}"))
            .header("authorization", format!("Bearer {}", world.key))
            .header("accept-language", "zh-CN")
            .body(Body::from(json!({"items": [ticket.next()]}).to_string()));
        let (_, answer) = send(&world, request.unwrap()).await;
        assert_eq!(answer["data"]["results"][0]["message_detail"], "“已核销”为最终状态");
    }

    async fn a_certificate_is_shown(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |config| config.title = "门票".into()).await;
        let method = "record/getCertificate";
        let record_id = ticket.record.record_id;
        let mut shown = world.ok(method, json!({"certificate_code": ticket.code()})).await;
        let text = shown["qr_text"].take();
        assert_eq!(shown, json!({
            "certificate_code": ticket.code(),
            "certificate_url": ticket.url(&world),
            "qr_text": null,
            "title": "门票",
            "body": "",
            "certificate_status": OPEN,
            "is_final": false,
            "statuses": [
                {"name": OPEN, "is_initial": true, "is_final": false, "next": [USED]},
                {"name": USED, "is_initial": false, "is_final": true, "next": []},
            ],
            "verifiable": true,
            "reason_error_code": null,
            "revoked": null,
            "issued_at": 1_780_374_600,
            "issued_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
            "record": {
                "record_id": record_id,
                "record_number": ticket.record.record_number,
                "record_code": ticket.record.coding,
                "record_url": format!("{PUBLIC_URL}/{}/{}", world.org.org_code, ticket.record.coding),
                "submit_at": 1_780_374_600,
                "submit_at_iso": "2026-06-02 12:30:00(UTC+08:00)",
                "audit_status": "none",
                "tpl_id": ticket.tpl_id,
                "form_name": "巡检表",
                "code_id": ticket.code_id,
            },
            "history": [],
        }));
        // What the QR code says is the code, and can be checked without the server.
        let text = text.as_str().unwrap();
        let keys = well_known(&world).await;
        let claims = verify_offline(text, keys["keys"][0]["public_key"].as_str().unwrap()).unwrap();
        assert_eq!(claims.coding, ticket.code());
        assert_eq!((claims.org_code, claims.title), (world.org.org_code.clone(), "门票".into()));
        let both = json!({"certificate_code": text, "record_id": record_id});
        assert_eq!(world.ok(method, both).await["certificate_code"], ticket.code());

        // To a key that may not write it says so; it has no code for that.
        let (_, shown) = world.call(&world.read_only_key, method, &json!({"record_id": record_id})).await;
        assert_eq!((&shown["data"]["verifiable"], &shown["data"]["reason_error_code"]), (&json!(false), &json!(null)));
        world.ok(VERIFY, json!({"certificate_code": text, "action_type": SET_NEXT})).await;
        let shown = world.ok(method, json!({"record_id": record_id})).await;
        assert_eq!((&shown["verifiable"], &shown["reason_error_code"]), (&json!(false), &json!(100_324)));
        assert_eq!(shown["history"][0]["certificate_status"], USED);

        let reasons: [(Change, Value); 6] = [
            (|it| it.methods = vec![SET.into()], json!(null)),
            (|it| it.methods = Vec::new(), json!(100_325)),
            (|it| it.verifiable = false, json!(100_321)),
            (|it| it.verifiers.allow_authorization_code = true, json!(100_327)),
            (|it| it.require_identity = true, json!(100_329)),
            (|it| it.statuses = vec![status(OPEN, &[])], json!(100_326)),
        ];
        for (change, reason) in reasons {
            let ticket = self::ticket(&world, change).await;
            let shown = world.ok(method, json!({"certificate_code": ticket.code()})).await;
            assert_eq!(shown["reason_error_code"], reason);
            assert_eq!(shown["verifiable"], reason.is_null());
        }
    }

    async fn what_is_not_seen_is_not_there(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |_| {}).await;
        let record_id = ticket.record.record_id;
        let method = "record/getCertificate";
        let plain = another(&world, ticket.tpl_id, |_, _| {}).await;
        let bare = Record { record_id: world.forms.new_id(), record_number: "L1".into(), coding: "r1".into(), ..plain.record.clone() };
        let bare_id = bare.record_id;
        world.store(move |tx| bare.insert(tx)).await;
        assert_eq!(world.refused(method, json!({})).await.0, 100_301);
        let contradiction = json!({"certificate_code": ticket.code(), "record_id": plain.record.record_id});
        assert_eq!(world.refused(method, contradiction).await, (100_301, "record_id contradicts certificate_code".into()));
        assert_eq!(world.refused(method, json!({"record_id": 1})).await.0, 100_303);
        assert_eq!(world.refused(method, json!({"record_id": bare_id})).await.0, 100_320);
        assert_eq!(world.refused(method, json!({"certificate_code": "rAbc"})).await.0, 100_320);
        let foreign = json!({"certificate_code": format!("{PUBLIC_URL}/oAAAAAAAA/{}", ticket.code())});
        for method in [method, "record/getVerifications"] {
            assert_eq!(world.refused(method, foreign.clone()).await.0, 100_316);
        }
        let other = world.forms.create_project(world.org.org_id, "Other").await.unwrap();
        let partial = world.key_of(&[other.project_id]).await;
        let (_, _, stranger) = world.other_organization().await;
        world.ok(VERIFY, ticket.next()).await;
        for key in [&partial, &stranger] {
            let verified = refusal(world.call(key, VERIFY, &ticket.next()).await);
            assert_eq!(verified, (100_320, "No certificate has this code".into()));
            let shown = world.call(key, method, &json!({"certificate_code": ticket.code()})).await;
            assert_eq!(refusal(shown).0, 100_320);
            let shown = world.call(key, method, &json!({"record_id": record_id})).await;
            assert_eq!(refusal(shown).0, 100_303);
            // Of the log they see their own attempt only.
            let (_, list) = world.call(key, "record/getVerifications", &json!({})).await;
            let list = list["data"]["list"].as_array().unwrap();
            assert_eq!(list.len(), 1);
            assert_eq!((&list[0]["error_code"], &list[0]["record_id"]), (&json!(100_320), &json!(null)));
        }
        let seeing = world.key_of(&[world.project.project_id]).await;
        let (_, list) = world.call(&seeing, "record/getVerifications", &json!({})).await;
        assert_eq!(list["data"]["list"].as_array().unwrap().len(), 1);
        let blind = world.key_of(&[]).await;
        let (_, list) = world.call(&blind, "record/getVerifications", &json!({})).await;
        assert_eq!(list["data"]["list"], json!([]));
    }

    async fn the_log_is_read_in_pages(engine: Engine) {
        let world = World::new(engine).await;
        let first = ticket(&world, |_| {}).await;
        let second = another(&world, first.tpl_id, |_, _| {}).await;
        for ticket in [&first, &second, &first, &first, &second] {
            world.call(&world.key, VERIFY, &ticket.next()).await;
        }
        let method = "record/getVerifications";
        let ids = |list: &Value| {
            let list = list["list"].as_array().unwrap();
            list.iter().map(|line| line["verification_id"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        let all = ids(&world.ok(method, json!({})).await);
        assert_eq!(all.len(), 5);
        assert!(all.is_sorted_by(|a, b| a > b));
        let mut paged = Vec::new();
        let mut token = Value::Null;
        loop {
            let page = world.ok(method, json!({"page_size": 2, "page_token": token})).await;
            paged.extend(ids(&page));
            token = page["next_page_token"].clone();
            assert_eq!(page["has_more"], !token.is_null());
            if token.is_null() {
                break;
            }
        }
        assert_eq!(paged, all);
        for (filter, count) in [
            (json!({"certificate_code": first.url(&world)}), 3),
            (json!({"record_id": second.record.record_id}), 2),
            (json!({"certificate_code": first.code(), "record_id": second.record.record_id}), 0),
            (json!({"outcome": "verified"}), 2),
            (json!({"outcome": "refused", "record_id": first.record.record_id}), 2),
            (json!({"certificate_code": "nonsense !"}), 0),
        ] {
            assert_eq!(ids(&world.ok(method, filter.clone()).await).len(), count, "{filter}");
        }
        for wrong in [json!({"page_size": 51}), json!({"page_token": "x"}), json!({"outcome": "x"}), json!({"record_id": 0})] {
            assert_eq!(world.refused(method, wrong).await.0, 100_301);
        }
        // What is written there stays.
        let changed = world.forms.db().write(|tx| {
            let sql = "UPDATE forms_verifications SET outcome = 'verified' RETURNING 1";
            tx.query_dynamic(sql, &[], |_| Ok(()))
        });
        assert!(changed.await.is_err());
    }

    async fn the_ancestor_speaks_its_own_codes(engine: Engine) {
        let world = World::new(engine).await;
        let ticket = ticket(&world, |_| {}).await;
        let path = "/api/v1/certificate/verification";
        let body = json!({
            "certificateCode": ticket.url(&world),
            "actionType": SET,
            "toCertificateStatus": USED,
            "fromCertificateStatus": OPEN,
            "recordTplId": 0,
            "recordCodeId": ticket.code_id,
        });
        let (read_only, key) = (&*world.read_only_key, &*world.key);
        let disabled = self::key(&world, &[Right::Write]).await;
        world.forms.set_key_state(world.org.org_id, disabled.0, KeyState::Disabled).await.unwrap();
        let failed = |status: u16, code: u16, message: &str| (status, json!({"code": code, "message": message, "data": null}));
        let text = body.to_string();
        for (key, body, expected) in [
            ("", &*text, failed(403, 403, "Invalid API key: Send the API key as Authorization: Bearer <key>")),
            ("tk_no", &*text, failed(403, 403, "Invalid API key: Nobody has this API key")),
            (&*disabled.1, &*text, failed(403, 403, "API key invalid or disabled: The API key is disabled")),
            (read_only, &*text, failed(403, 403, "No write permission: The key may only read")),
            (key, "{", failed(400, 400, "Invalid request parameters: body is not valid JSON")),
            (key, "[]", failed(400, 400, "Invalid request parameters: body must be an object")),
            (key, &*json!({"actionType": SET, "toCertificateStatus": 1}).to_string(), failed(200, 1022,
                "Invalid request parameters: certificateCode is required; toCertificateStatus must be a string; \
                fromCertificateStatus is required")),
            (key, &*with(body.clone(), "actionType", "x").to_string(), failed(200, 1022, "Invalid verification action: \
                action_type must be set_certificate_status or set_next_certificate_status")),
            (key, &*with(body.clone(), "certificateCode", "qAbc").to_string(), failed(200, 1021,
                "Invalid certificate code: This is not a certificate's code")),
            (key, &*with(body.clone(), "recordTplId", 7).to_string(), failed(200, 1021,
                "Certificate does not match the requested scope: tpl_id")),
            (key, &*text, (200, json!({"code": 0, "message": "ok", "data": {
                "ownerRecordNumber": ticket.record.record_number,
                "recordId": ticket.record.record_id,
                "orgId": world.org.org_id,
                "recordAddTime": "2026-06-02 12:30:00",
                "certificateStatus": USED,
            }}))),
            (key, &*text, failed(200, 1021, "Certificate cannot be verified in current status: \"已核销\" is final")),
        ] {
            let mut request = Request::post(path);
            if !key.is_empty() {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            let request = request.body(Body::from(body.to_owned())).unwrap();
            assert_eq!(send(&world, request).await, expected, "{body}");
        }
        let (status, answer) = send(&world, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((status, &answer["code"], &answer["data"]), (405, &json!(400), &json!(null)));
        let hidden = World::with(engine, |config| config.rate_limit = Some(1)).await;
        let request = || {
            let request = Request::post(path).header("authorization", format!("Bearer {}", hidden.key));
            request.body(Body::from("{}")).unwrap()
        };
        assert_eq!(send(&hidden, request()).await.1["code"], 1022);
        let (status, answer) = send(&hidden, request()).await;
        assert_eq!((status, &answer["code"]), (429, &json!(400)));
    }
}

/// Sends a request that is no call of a method with JSON.
async fn send(world: &World, request: Request<Body>) -> (u16, Value) {
    let layer = FaceLayer {
        face: Arc::new(OpenapiV2Face),
        clock: Arc::clone(&world.clock) as Arc<dyn kernel::Clock>,
        rng: Arc::new(Rng::seeded(2)),
        timeout: Duration::from_secs(60),
        base_url: PUBLIC_URL.into(),
    };
    answer(router(Gateway::new(world.forms.clone()), layer), request).await
}

async fn well_known(world: &World) -> Value {
    let path = "/.well-known/tallystick-certificates.json";
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (status, keys) = answer(forms::certificate::well_known(&world.forms), request).await;
    assert_eq!(status, 200);
    assert_eq!(keys["keys"][0]["alg"], "Ed25519");
    keys
}

async fn answer(router: Router, request: Request<Body>) -> (u16, Value) {
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}
