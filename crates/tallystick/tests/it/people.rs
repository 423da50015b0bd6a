//! Accounts, sessions, phones, and organizations as their members see them.

use crate::support::{Answer, Engine, TestApp, both, with_id};
use futures_util::future::join_all;
use orders::face::CallerKind;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tallystick::seed::people::Person;

const MINUTE: Duration = Duration::from_secs(60);
const PHONE: &str = "+886912345678";

impl TestApp {
    async fn robot_token(&self) -> String {
        let challenge = self.app.orders.robots().challenge().await;
        captcha::solve(&challenge.unwrap().unwrap())
    }

    /// A call without key or token.
    async fn public(&self, path: &str, mut body: Value) -> Answer {
        body["robot_token"] = json!(self.robot_token().await);
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    async fn as_person(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let request = self.request(method, path).bearer_auth(token);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        self.send(request).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.public(
            "/account/login",
            json!({"email": email, "password": password}),
        )
        .await
    }

    async fn person(&self) -> Person {
        tallystick::seed::people::account(&self.app.orders, "person")
            .await
            .unwrap()
    }

    /// The code in the only text message there is, which is taken away.
    async fn sent_code(&self) -> String {
        self.code_in(PHONE).await
    }

    /// The code in the only mail there is, which is taken away.
    async fn mailed_code(&self, to: &str) -> String {
        self.code_in(to).await
    }

    async fn code_in(&self, recipient: &str) -> String {
        self.run_jobs().await;
        let files = std::fs::read_dir(self.outbox.path()).unwrap();
        let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let text = std::fs::read_to_string(&files[0]).unwrap();
        std::fs::remove_file(&files[0]).unwrap();
        assert!(text.contains(recipient), "{text}");
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let mut words = text.split([' ', '\n', '"']);
        words.find(digits).unwrap().to_owned()
    }
}

fn token(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn id(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()[name].as_str().unwrap().to_owned()
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, &*answer.code()),
        (status, code),
        "{}",
        answer.text
    );
}

/// The fields at fault.
fn faults(answer: &Answer) -> Vec<String> {
    refused(answer, 400, "data_validation_failed");
    let items = answer.json()["validation_failed_responses"].clone();
    let word = |item: &Value| {
        let [code, property] = ["result_code", "property_name"]
            .map(|name| item[name].as_str().unwrap_or("-").to_owned());
        format!("{property}: {code}")
    };
    items.as_array().unwrap().iter().map(word).collect()
}

both! {
    async fn from_registering_to_an_order(engine: Engine) {
        let app = TestApp::start(engine).await;
        let challenge = app.send(app.request(Method::GET, "/account/robot-challenge")).await;
        assert!(challenge.json()["challenge"].is_string(), "{}", challenge.text);
        let body = json!({"email": "Mei@Example.com", "password": "correct horse", "phone": "0912-345-678"});
        let account = app.public("/account/register", body).await;
        assert_eq!(account.status, 200, "{}", account.text);
        assert_eq!(account.json()["email"], "mei@example.com");
        assert_eq!(account.json()["phone"], PHONE);
        assert_eq!(account.json()["phone_verified"], false);
        let begun = app.log_in("MEI@example.com", "correct horse").await;
        let token = token(&begun);
        assert!(token.starts_with("tat_") && token.len() == 68, "{token}");
        assert_eq!(begun.json()["expire_date_time"], "2026-06-03T00:30:00+08:00");
        let profile = json!({"name": "Studio", "contact_email": "a@b.co", "contact_phone": "0912345678", "tax_id": "04595257"});
        let made = app.as_person(&token, Method::POST, "/account/organization", profile).await;
        let organization = id(&made, "organization_id");
        let path = format!("/account/organization/{organization}");
        let changed = app.as_person(&token, Method::PATCH, &path, json!({"name": "Studio Ltd.", "tax_id": ""})).await;
        assert_eq!((&changed.json()["name"], &changed.json()["tax_id"]), (&json!("Studio Ltd."), &Value::Null));
        let key = app.as_person(&token, Method::POST, &format!("{path}/private-key"), json!({"label": "shop"})).await;
        let (key, key_id) = (id(&key, "private_key"), id(&key, "private_key_id"));
        let shown = app.send(app.request(Method::GET, "/platform/organization").header("x-api-key", &key)).await;
        assert_eq!(shown.json(), json!({"organization_id": organization, "name": "Studio Ltd."}));
        let keys = app.as_person(&token, Method::GET, &format!("{path}/private-key"), Value::Null).await;
        assert!(!keys.text.contains(&key), "{}", keys.text);
        let revoked = app.as_person(&token, Method::DELETE, &format!("{path}/private-key/{key_id}"), Value::Null).await;
        assert!(revoked.json()["value"][0]["revoke_date_time"].is_string(), "{}", revoked.text);
        let late = app.send(app.request(Method::GET, "/platform/organization").header("x-api-key", &key)).await;
        refused(&late, 401, "token_validation_failed");
        let listed = app.as_person(&token, Method::GET, "/account/organization?$filter=contains(name,'Ltd')", Value::Null).await;
        assert_eq!((&listed.json()["@odata.count"], &listed.json()["value"][0]["enable"]), (&json!(1), &json!(true)));
        app.stop().await;
    }

    async fn everything_wrong_is_told_at_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let nothing = app.send(app.request(Method::POST, "/account/register")).await;
        assert_eq!(faults(&nothing), [
            "robot_token: field_is_required", "email: field_is_required", "password: field_is_required", "phone: field_is_required",
        ]);
        for odd in ["İ@example.com", "\"a b\"@example.com", "a@b@c.co", "<a@b.co>", "a b@c.co", "a@[127.0.0.1]"] {
            let answer = app.public("/account/password-reset", json!({"email": odd})).await;
            assert_eq!(faults(&answer), ["email: invalid_email_format"], "{odd}");
        }
        for path in ["/account/organization/%FF", "/account/credit-charge/%FF"] {
            let answer = app.as_person(app.person().await.access_token.expose(), Method::GET, path, Value::Null).await;
            refused(&answer, 400, "data_validation_failed");
        }
        let body = json!({"email": "a@b", "password": "short", "phone": "0223456789", "verification_code": 7});
        assert_eq!(faults(&app.public("/account/register", body).await), [
            "email: invalid_email_format", "password: string_length_out_of_range", "phone: mobile_phone_only",
            "verification_code: invalid_format",
        ]);
        let person = app.person().await;
        let body = json!({"name": "x".repeat(65), "contact_email": " ", "contact_phone": "12", "tax_id": "12345678"});
        let made = app.as_person(person.access_token.expose(), Method::POST, "/account/organization", body).await;
        assert_eq!(faults(&made), [
            "contact_email: field_is_required", "name: string_length_out_of_range", "contact_phone: phone_number_invalid",
            "tax_id: invalid_format",
        ]);
        app.stop().await;
    }

    async fn a_robot_token_counts_once_and_comes_first(engine: Engine) {
        let app = TestApp::start(engine).await;
        let post = |token: String| {
            let body = json!({"email": "nonsense", "password": "", "robot_token": token});
            app.send(app.request(Method::POST, "/account/login").json(&body))
        };
        refused(&post("forged".into()).await, 400, "robot_validation_failed");
        let token = app.robot_token().await;
        assert_eq!(faults(&post(token.clone()).await), ["password: field_is_required", "email: invalid_email_format"]);
        refused(&post(token).await, 400, "robot_validation_failed");
        let old = app.robot_token().await;
        app.clock.advance(11 * MINUTE);
        refused(&post(old).await, 400, "robot_validation_failed");
        assert_eq!(app.count("account_sessions").await, 0);
        app.stop().await;
    }

    /// Whether there is an account is told by nothing, and guessing ends soon.
    async fn passwords_cannot_be_guessed(engine: Engine) {
        let app = TestApp::with(engine, |config| config.orders.accounts.log_ins_from_one_address = 13).await;
        let person = app.person().await;
        let wrong = app.log_in(&person.email, "wrong horse").await;
        refused(&wrong, 401, "token_validation_failed");
        let nobody = app.log_in("nobody@example.com", "wrong horse").await;
        assert_eq!((wrong.status, wrong.text), (nobody.status, nobody.text));
        for _ in 0..9 {
            refused(&app.log_in(&person.email, "wrong horse").await, 401, "token_validation_failed");
        }
        // The right one, too: an answer would tell.
        let throttled = app.log_in(&person.email, person.password.expose()).await;
        refused(&throttled, 429, "contact_customer_service");
        assert!(throttled.headers.contains_key("retry-after"));
        // One password on many accounts: 13 attempts came from here.
        refused(&app.log_in("a@example.com", "wrong horse").await, 401, "token_validation_failed");
        refused(&app.log_in("b@example.com", "wrong horse").await, 429, "contact_customer_service");
        app.clock.advance(16 * MINUTE);
        assert_eq!(app.log_in(&person.email, person.password.expose()).await.status, 200);
        app.stop().await;
    }

    async fn a_phone_is_verified_by_the_last_code_sent_there(engine: Engine) {
        let app = TestApp::start(engine).await;
        let person = app.person().await;
        let token = person.access_token.expose();
        let ask = || app.public("/account/verification-code", json!({"phone": "0912345678"}));
        let verify = |code: String| {
            app.as_person(token, Method::POST, "/account/phone", json!({"phone": PHONE, "verification_code": code}))
        };
        assert_eq!(ask().await.text, "{}");
        let first = app.sent_code().await;
        ask().await;
        let second = app.sent_code().await;
        let wrong = ["verification_code: invalid_format"];
        assert_eq!(faults(&verify(first).await), wrong);
        assert_eq!(verify(second.clone()).await.json()["phone_verified"], true);
        assert_eq!(faults(&verify(second).await), wrong, "a code counts once");
        // Five guesses, and the right one is of no use any more.
        ask().await;
        let third = app.sent_code().await;
        let other = format!("{:06}", (third.parse::<u32>().unwrap() + 1) % 1_000_000);
        for _ in 0..5 {
            assert_eq!(faults(&verify(other.clone()).await), wrong);
        }
        assert_eq!(faults(&verify(third).await), wrong);
        refused(&ask().await, 429, "contact_customer_service");
        app.clock.advance(16 * MINUTE);
        ask().await;
        let late = app.sent_code().await;
        app.clock.advance(10 * MINUTE);
        assert_eq!(faults(&verify(late).await), wrong);
        app.stop().await;
    }

    /// Who has the mailbox has the account, and nobody else learns that there is one.
    async fn a_forgotten_password_is_set_anew_by_mail(engine: Engine) {
        let app = TestApp::start(engine).await;
        let person = app.person().await;
        let ask = |email: &str| app.public("/account/password-reset", json!({"email": email}));
        let nobody = ask("nobody@example.com").await;
        app.run_jobs().await;
        assert_eq!(std::fs::read_dir(app.outbox.path()).map_or(0, Iterator::count), 0);
        assert_eq!(nobody.text, ask(&person.email).await.text);
        let code = app.mailed_code(&person.email).await;
        let set = |email: &str, code: &str| {
            let body = json!({"email": email, "verification_code": code, "new_password": "battery staple"});
            app.public("/account/password-reset/confirm", body)
        };
        let wrong = ["verification_code: invalid_format"];
        assert_eq!(faults(&set("nobody@example.com", &code).await), wrong);
        let other = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        assert_eq!(faults(&set(&person.email, &other).await), wrong);
        // Of many at once one spends the code.
        let answers = join_all((0..4).map(|_| set(&person.email, &code))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        let me = app.as_person(person.access_token.expose(), Method::GET, "/account", Value::Null).await;
        refused(&me, 401, "token_validation_failed");
        assert_eq!(app.log_in(&person.email, "battery staple").await.status, 200);
        app.stop().await;
    }

    async fn where_phones_must_be_verified_a_code_makes_the_account(engine: Engine) {
        let app = TestApp::with(engine, |config| config.orders.accounts.verify_phones = true).await;
        let body = |code: Option<&str>| json!({"email": "a@b.co", "password": "correct horse", "phone": PHONE, "verification_code": code});
        let without = app.public("/account/register", body(None)).await;
        assert_eq!(faults(&without), ["verification_code: field_is_required"]);
        app.public("/account/verification-code", json!({"phone": PHONE})).await;
        let code = app.sent_code().await;
        let made = app.public("/account/register", body(Some(&code))).await;
        assert_eq!(made.json()["phone_verified"], true, "{}", made.text);
        app.stop().await;
    }

    async fn of_many_who_register_one_address_one_has_it(engine: Engine) {
        let app = TestApp::start(engine).await;
        let body = json!({"email": "a@b.co", "password": "correct horse", "phone": PHONE});
        let answers = join_all((0..6).map(|_| app.public("/account/register", body.clone()))).await;
        let (made, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(made.len(), 1);
        for other in others {
            refused(other, 400, "conflicting_parameters");
        }
        assert_eq!(app.count("accounts").await, 1);
        app.stop().await;
    }

    async fn sessions_end(engine: Engine) {
        let app = TestApp::start(engine).await;
        let person = app.person().await;
        // So that it is the oldest.
        app.clock.advance(MINUTE);
        let [first, second, third] = [(), (), ()].map(|()| app.log_in(&person.email, person.password.expose()));
        let (first, second, third) = (token(&first.await), token(&second.await), token(&third.await));
        let me = |token: String| async { app.as_person(&{ token }, Method::GET, "/account", Value::Null).await.status };
        let listed = app.as_person(&first, Method::GET, "/account/session", Value::Null).await.json();
        let sessions = listed["value"].as_array().unwrap();
        assert_eq!(sessions.len(), 4);
        assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1);
        app.as_person(&third, Method::POST, "/account/logout", Value::Null).await;
        assert_eq!(me(third).await, 401);
        // Somebody else's session is not there.
        let stranger = app.person().await;
        let path = format!("/account/session/{}", sessions[0]["account_session_id"].as_str().unwrap());
        let others = app.as_person(stranger.access_token.expose(), Method::DELETE, &path, Value::Null).await;
        refused(&others, 400, "data_not_exist");
        assert_eq!(app.as_person(&first, Method::DELETE, &path, Value::Null).await.text, "{}");
        assert_eq!(me(person.access_token.expose().clone()).await, 401);
        let change = |old: &str| {
            let body = json!({"password": old, "new_password": "battery staple"});
            app.as_person(&first, Method::POST, "/account/password", body)
        };
        refused(&change("wrong horse").await, 401, "token_validation_failed");
        assert_eq!(change(person.password.expose()).await.text, "{}");
        assert_eq!((me(first.clone()).await, me(second).await), (200, 401));
        refused(&app.log_in(&person.email, person.password.expose()).await, 401, "token_validation_failed");
        app.clock.advance(12 * 60 * MINUTE);
        assert_eq!(me(first).await, 401, "its time is over");
        let again = token(&app.log_in(&person.email, "battery staple").await);
        app.app.orders.set_account_enabled(person.account_id, false).await.unwrap();
        assert_eq!(me(again).await, 401);
        refused(&app.log_in(&person.email, "battery staple").await, 401, "token_validation_failed");
        app.stop().await;
    }

    /// Every operation on an organization, by somebody who is no member, and on one that is not there.
    async fn organizations_of_others_are_closed(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (member, stranger) = (app.person().await, app.person().await);
        let made = tallystick::seed::people::organization(&app.app.orders, &member, "Studio").await;
        let (organization, _) = made.unwrap();
        let token = stranger.access_token.expose();
        let bodies = json!({
            "name": "x", "contact_email": "a@b.co", "contact_phone": PHONE, "enable": false, "account_ids": [stranger.account_id],
            "label": "x", "quantity": 100, "payment_type": "pay_uni",
        });
        let mut seen = 0;
        for operation in orders::face::operations() {
            if operation.caller != CallerKind::Person || !operation.path.contains("{organization_id}") {
                continue;
            }
            seen += 1;
            let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
            let body = if ["POST", "PATCH"].contains(&operation.method) { bodies.clone() } else { Value::Null };
            for (id, code) in [
                (organization.to_string(), "organization_not_belong_account"),
                ("00000000-0000-7000-8000-000000000000".into(), "organization_id_incorrect"),
            ] {
                let path = with_id(&operation.path.replace("{organization_id}", &id), &member.account_id.to_string());
                let answer = app.as_person(token, method.clone(), &path, body.clone()).await;
                refused(&answer, 400, code);
            }
        }
        assert!(seen >= 9, "{seen}");
        let listed = app.as_person(token, Method::GET, "/account/organization", Value::Null).await;
        assert_eq!(listed.json()["@odata.count"], 0);
        // Neither may a member do what operators do; an operator may do all.
        let path = format!("/account/organization/{organization}");
        let status = format!("{path}/status");
        let by = async |person: &Person| {
            let token = person.access_token.expose();
            app.as_person(token, Method::PATCH, &status, json!({"enable": false})).await
        };
        let answer = by(&member).await;
        refused(&answer, 400, "organization_not_belong_account");
        app.app.orders.set_account_operator(stranger.account_id, true).await.unwrap();
        assert_eq!(by(&stranger).await.json()["enable"], false);
        app.stop().await;
    }

    /// Who has left an organization does nothing more for it, and while it is disabled nobody does.
    async fn who_has_left_and_who_is_disabled(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (one, two) = (app.person().await, app.person().await);
        let (organization, _) =
            tallystick::seed::people::organization(&app.app.orders, &one, "Studio").await.unwrap();
        app.app.orders.join(organization, two.account_id).await.unwrap();
        let path = format!("/account/organization/{organization}");
        let body = json!({"quantity": 100, "payment_type": "pay_uni"});
        let by = async |person: &Person, method: Method, path: &str, body: &Value| {
            app.as_person(person.access_token.expose(), method, path, body.clone()).await
        };
        let charge = by(&two, Method::POST, &format!("{path}/credit-charge"), &body).await;
        let charge = format!("/account/credit-charge/{}", id(&charge, "credit_charge_id"));
        let (pay, cancel) = (format!("{charge}/pay"), format!("{charge}/cancel"));
        assert_eq!(by(&two, Method::POST, &pay, &Value::Null).await.status, 200);
        app.app.orders.set_organization_enabled(organization, false).await.unwrap();
        let key = format!("{path}/private-key");
        for (path, method) in [(&pay, Method::POST), (&cancel, Method::POST), (&key, Method::POST), (&path, Method::PATCH)] {
            refused(&by(&two, method, path, &json!({"name": "x"})).await, 400, "organization_disable");
        }
        assert_eq!(by(&two, Method::GET, &path, &Value::Null).await.json()["enable"], false);
        app.app.orders.set_organization_enabled(organization, true).await.unwrap();
        let member = format!("{path}/member/{}", two.account_id);
        assert_eq!(by(&one, Method::DELETE, &member, &Value::Null).await.status, 200);
        for path in [&pay, &cancel] {
            refused(&by(&two, Method::POST, path, &Value::Null).await, 400, "organization_not_belong_account");
        }
        app.stop().await;
    }

    /// A logo is a file of whoever names it, and the organization's from then on.
    async fn a_logo_belongs_to_the_organization(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (one, other) = (app.person().await, app.person().await);
        let made = tallystick::seed::people::organization(&app.app.orders, &one, "Studio").await;
        let (organization, key) = made.unwrap();
        let path = format!("/account/organization/{organization}");
        let upload = async |person: &Person| {
            let body = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\r\n--b--\r\n";
            let request = app.request(Method::POST, "/account/file").bearer_auth(person.access_token.expose());
            let request = request.header("content-type", "multipart/form-data; boundary=b").body(body);
            id(&app.send(request).await, "file_id")
        };
        let put = async |person: &Person, file: &str| {
            app.as_person(person.access_token.expose(), Method::PATCH, &path, json!({"logo_file_id": file})).await
        };
        let theirs = upload(&other).await;
        refused(&put(&one, &theirs).await, 400, "data_not_exist");
        let file = upload(&one).await;
        assert_eq!(put(&one, &file).await.json()["logo_file_id"], json!(file));
        assert_eq!(put(&one, &file).await.status, 200, "the one it has may be named again");
        let content = app.request(Method::GET, &format!("/platform/file/{file}/content")).header("x-api-key", key.expose());
        assert_eq!(app.send(content).await.text, "%PDF-1.7");
        // What is replaced goes.
        let second = upload(&one).await;
        assert_eq!(put(&one, &second).await.status, 200);
        app.run_jobs().await;
        assert_eq!(app.count("files WHERE attached_to IS NOT NULL").await, 1);
        let gone = app.request(Method::GET, &format!("/platform/file/{file}")).header("x-api-key", key.expose());
        refused(&app.send(gone).await, 400, "data_not_exist");
        // Of many who want one file for a logo of theirs, one gets it.
        let file = upload(&one).await;
        let profile = json!({"name": "x", "contact_email": "a@b.co", "contact_phone": PHONE, "logo_file_id": file});
        let answers = join_all((0..6).map(|_| {
            app.as_person(one.access_token.expose(), Method::POST, "/account/organization", profile.clone())
        }))
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(app.count("organizations").await, 2);
        app.stop().await;
    }

    async fn an_organization_always_has_a_member(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (one, two) = (app.person().await, app.person().await);
        let made = tallystick::seed::people::organization(&app.app.orders, &one, "Studio").await;
        let path = format!("/account/organization/{}/member", made.unwrap().0);
        let add = |ids: Value| app.as_person(one.access_token.expose(), Method::POST, &path, json!({"account_ids": ids}));
        assert_eq!(faults(&add(json!([])).await), ["account_ids: sequence_at_least_one_element"]);
        refused(&add(json!([two.account_id, "00000000-0000-7000-8000-000000000000"])).await, 400, "data_not_exist");
        let members = add(json!([two.account_id, one.account_id])).await.json();
        assert_eq!(members["value"].as_array().unwrap().len(), 2);
        // Both leave at once: one of them stays.
        let leave = |person: &Person| {
            let path = format!("{path}/{}", person.account_id);
            let token = person.access_token.expose().clone();
            let app = &app;
            async move { app.as_person(&token, Method::DELETE, &path, Value::Null).await }
        };
        let (first, second) = futures_util::future::join(leave(&one), leave(&two)).await;
        let statuses = [first.status, second.status];
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{} {}", first.text, second.text);
        assert_eq!(app.count("organization_members").await, 1);
        app.stop().await;
    }
}
