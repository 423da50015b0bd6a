//! What is sold on two faces is had by showing a certificate of the third.

use crate::recur_cli::{assert_contains, output, tallystick, text};
use crate::support::{Answer, Engine, Scratch, Shop, TestApp, both};
use forms::model::Right;
use futures_util::future::{join, join_all};
use kernel::Secret;
use orders::model::Price;
use payuni::client::CloseType;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::GatewayFault;
use std::time::Duration;
use tallystick::seed::recur::{GOOD_CARD, Merchant};
use vouchers::Place;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A shop of both kinds, and a museum whose form issues its tickets.
struct World {
    app: TestApp,
    shop: Shop,
    merchant: Merchant,
    key: Secret<String>,
    place: Place,
    database: String,
}

impl World {
    async fn start(engine: Engine, more: Value) -> Self {
        let scratch = Scratch::new(engine);
        let database = scratch.url();
        let app = TestApp::over(scratch, |config| config.forms.rate_limit = None).await;
        let made = app.app.forms.create_organization("Museum").await.unwrap();
        let rights = [Right::Read, Right::Write, Right::Reverse];
        let org_id = made.organization.org_id;
        let key = app.app.forms.create_key(org_id, "door", &rights, None);
        let key = key.await.unwrap().secret;
        let mut world = Self {
            shop: app.shop(1000).await,
            merchant: app.merchant().await,
            place: Place {
                tpl_id: 0,
                code_id: 0,
            },
            key,
            app,
            database,
        };
        let field = |title: &str, short: &str, kind: &str, required: bool| json!({"field_title": title, "field_short_name": short, "field_type": kind, "settings": {"is_required": required}});
        let mut form = json!({
            "name": "Ticket",
            "groups": [{"fields": [
                field("Visitor", "", "name", true),
                field("What", "product", "text", true),
                field("Order", "reference", "text", false),
                field("E-mail", "email", "text", false),
                field("How many", "quantity", "number", false),
                field("Remarks", "", "text", true),
            ]}],
            "certificate_config": {"enabled": true},
        });
        for (name, value) in more.as_object().unwrap() {
            form[name] = value.clone();
        }
        let form = world.ask("forms/create", form).await;
        world.place.tpl_id = form["form"]["id"].as_i64().unwrap();
        let code = json!({"title": "Tickets", "operations": [
            {"name": "Ticket", "elements": [{"element_type": 2, "element_value": world.place.tpl_id}]},
        ]});
        let code = world.ask("qrcodes/create", code).await;
        world.place.code_id = code["meta"]["id"].as_i64().unwrap();
        world
    }

    async fn try_ask(&self, method: &str, body: Value) -> Answer {
        let path = format!("/api/v2/rpc/{method}");
        self.app
            .recur(Method::POST, &path, self.key.expose(), body)
            .await
    }

    async fn ask(&self, method: &str, body: Value) -> Value {
        let answer = self.try_ask(method, body).await;
        assert_eq!(answer.status, 200, "{method}: {answer:?}");
        answer.json()["data"].take()
    }

    async fn verify(&self, certificate: &str) -> Answer {
        let body =
            json!({"certificate_code": certificate, "action_type": "set_next_certificate_status"});
        self.try_ask("record/verifyCertificate", body).await
    }

    /// The certificate does not count for this reason.
    async fn is_refused(&self, certificate: &str, detail: &str) {
        let refused = self.verify(certificate).await.json();
        let told = (&refused["error_code"], &refused["message_detail"]);
        assert_eq!(told, (&json!(100_324), &json!(detail)), "{refused}");
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let key = self.merchant.secret_key.expose();
        let path = format!("/v1{path}");
        let answer = self.app.recur(method, &path, key, body).await;
        assert!([200, 201].contains(&answer.status), "{}", answer.text);
        answer.json()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, body).await
    }

    /// Has a product of the merchant give tickets.
    async fn attach(&self, slug: &str) -> String {
        let id = self.merchant.product(slug).unwrap();
        let billing = &self.app.app.recur.billing;
        assert!(billing.set_certificate(id, Some(self.place)).await.unwrap());
        id.to_string()
    }

    /// Buys a product, with the name Mei Lin; what the payment answers.
    async fn buy(&self, product: &str, email: &str) -> Value {
        let body =
            json!({"product_id": product, "customer_email": email, "customer_name": "Mei Lin"});
        let begun = self.post("/checkouts", body).await;
        let token = begun["sdk_token"].as_str().unwrap();
        let gateway = &self.app.app.recur.gateway;
        assert!(gateway.type_card(token, GOOD_CARD).await.unwrap());
        let id = begun["checkout"]["id"].as_str().unwrap();
        let paid = self.post(&format!("/checkouts/{id}/pay"), json!({})).await;
        self.app.run_jobs().await;
        paid
    }

    /// What the entitlements of a customer say of certificates.
    async fn given(&self, email: &str) -> Vec<Value> {
        let path = format!("/customers/entitlements?email={email}");
        let listed = self.call(Method::GET, &path, Value::Null).await;
        let grants = listed["entitlements"].as_array().unwrap().iter();
        grants.map(|grant| grant["certificate"].clone()).collect()
    }

    async fn one_given(&self, email: &str) -> String {
        let given = self.given(email).await;
        assert_eq!(
            (given.len(), &given[0]["status"]),
            (1, &json!("issued")),
            "{given:?}"
        );
        given[0]["url"].as_str().unwrap().to_owned()
    }

    /// Lets billing do what falls due, and everything else.
    async fn pass(&self, time: Duration) {
        self.app.clock.advance(time);
        for _ in 0..3 {
            self.app.app.recur.billing.enqueue_due().await.unwrap();
            self.app.run_jobs().await;
        }
    }

    async fn sell(&self) -> String {
        let price = Price::from_thousandths(120_000);
        let orders = &self.app.app.orders;
        let made = orders.sell_certificates("Concert", price, 5, self.place);
        made.await.unwrap().product_id.to_string()
    }

    async fn order(&self, product: &str) -> String {
        let body = json!({"product_id": product, "link": "https://example.com/", "quantity": 2});
        let path = "/platform/order/ch2/default";
        let answer = self.app.post(&self.shop, path, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.app.run_jobs().await;
        answer.json()["order_id"].as_str().unwrap().to_owned()
    }

    async fn order_state(&self, order: &str) -> Value {
        let listed = self.app.get(&self.shop, "/platform/order").await.json();
        let mut orders = listed["value"].as_array().unwrap().iter();
        orders.find(|one| one["order_id"] == order).unwrap().clone()
    }

    async fn certificate_of(&self, order: &str) -> String {
        let state = self.order_state(order).await;
        let url = state["order_detail"][0]["certificate_url"].as_str();
        url.unwrap_or_else(|| panic!("{state}")).to_owned()
    }

    /// A command on the same database: whether it succeeded, and what it said.
    async fn command(&self, args: &[&str]) -> (bool, String) {
        let place = [self.place.tpl_id, self.place.code_id].map(|id| id.to_string());
        let args: Vec<&str> = args
            .iter()
            .map(|arg| match *arg {
                "FORM" => &*place[0],
                "CODE" => &*place[1],
                arg => arg,
            })
            .collect();
        let environment = [("DATABASE_URL", &*self.database)];
        let output = output(tallystick(&args, &environment)).await;
        let said = [&output.stdout, &output.stderr].map(|said| text(said));
        (output.status.success(), said.concat())
    }

    async fn cancel(&self, order: &str) -> Answer {
        let path = format!("/platform/order/{order}/cancel");
        self.app.post(&self.shop, &path, json!({})).await
    }
}

both! {
    async fn a_purchase_is_had_by_showing_its_certificate_once(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.attach("one_time").await;
        let paid = world.buy(&product, "mei.lin@example.com").await;
        let url = world.one_given("mei.lin@example.com").await;
        let shown = world.ask("record/getCertificate", json!({"certificate_code": url})).await;
        let record = world.ask("record/getRecord", json!({"record_id": shown["record"]["record_id"]})).await;
        let fields = record["data"]["fields"].as_array().unwrap().iter();
        let values: Vec<&Value> = fields.map(|field| &field["field_value"]).collect();
        // What nobody knows of the buyer stays empty, though the form requires it.
        let name = world.call(Method::GET, &format!("/products/{product}"), Value::Null).await["name"].clone();
        assert_eq!(values, [&json!("Mei Lin"), &name, &paid["order_id"], &json!("mei.lin@example.com"), &json!({"value": 1})]);
        assert_eq!(record["data"]["submit_method"], "付款签发");

        let verified = world.verify(&url).await;
        assert_eq!(verified.status, 200, "{verified:?}");
        let given = world.given("mei.lin@example.com").await;
        assert_eq!((&given[0]["status"], given[0]["used_at"].is_string()), (&json!("used"), true));
        world.is_refused(&url, "\"已核销\" is final").await;

        let taken_back = json!({"verification_id": verified.json()["data"]["verification_id"]});
        world.ask("record/reverseVerification", taken_back).await;
        assert_eq!(world.given("mei.lin@example.com").await[0]["status"], "issued");
        world.post("/refunds", json!({"order_id": paid["order_id"]})).await;
        // At once, before any job has run.
        world.is_refused(&url, "The certificate was revoked: the payment was refunded").await;
        world.app.run_jobs().await;
        let path = url.strip_prefix(&*world.app.app.forms.config().public_url).unwrap();
        let page = world.app.request(Method::GET, path).header("accept-language", "zh-TW");
        assert!(world.app.send(page).await.text.contains("原因：款項已退還"));
        world.app.stop().await;
    }

    async fn a_subscriptions_certificate_counts_for_its_period(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.attach("monthly").await;
        let paid = world.buy(&product, "lin@example.com").await;
        let first = world.one_given("lin@example.com").await;
        world.pass(DAY * 31).await;
        let second = world.one_given("lin@example.com").await;
        assert_ne!(first, second);
        world.is_refused(&first, "The certificate was revoked: another certificate has replaced it").await;
        assert_eq!(world.verify(&second).await.status, 200);
        world.pass(DAY * 31).await;
        let third = world.one_given("lin@example.com").await;
        let subscription = paid["subscription"]["id"].as_str().unwrap();
        world.post(&format!("/subscriptions/{subscription}/cancel"), json!({"cancel_at_period_end": false})).await;
        world.is_refused(&third, "The certificate was revoked: the subscription has ended").await;
        assert!(world.given("lin@example.com").await.is_empty());
        let given = format!("vouchers WHERE sale = '{subscription}'");
        assert_eq!(world.app.count(&given).await, 3);
        world.app.stop().await;
    }

    async fn a_trial_gives_none_until_it_is_paid(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.attach("trial").await;
        world.buy(&product, "try@example.com").await;
        assert_eq!(world.given("try@example.com").await, [Value::Null]);
        world.pass(DAY * 32).await;
        world.one_given("try@example.com").await;
        world.app.stop().await;
    }

    async fn what_was_not_paid_back_after_all_counts_again(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.attach("one_time").await;
        let paid = world.buy(&product, "back@example.com").await;
        let url = world.one_given("back@example.com").await;
        // The shop took less than what was authorized, by hand: so much cannot be given back.
        let order = paid["order_id"].as_str().unwrap();
        let sql = format!("SELECT trade_no FROM billing_charges JOIN billing_orders ON checkout_id = reference WHERE order_id = '{order}'");
        let find = move |tx: &mut store::Tx<'_>| {
            let read = |row: &store::Row<'_>| row.get::<String>(0);
            Ok::<_, store::StoreError>(tx.query_dynamic(&sql, &[], read)?.remove(0))
        };
        let billing = &world.app.app.recur.billing;
        let trade = billing.db().read(find).await.unwrap();
        let client = &billing.gateways().of(false).unwrap().client;
        client.trade_close(&trade, CloseType::Capture, 1, billing.real_now()).await.unwrap();
        world.app.clock.advance(DAY * 2);
        let gateway = &world.app.app.recur.gateway;
        gateway.set_fault(Some(GatewayFault::Down));
        let refund = world.post("/refunds", json!({"order_id": paid["order_id"]})).await;
        assert_eq!(refund["status"], "PENDING");
        world.is_refused(&url, "The certificate was revoked: the payment was refunded").await;
        world.app.run_jobs().await;
        gateway.set_fault(None);
        world.pass(Duration::from_secs(3600)).await;
        let refunds = world.call(Method::GET, "/refunds", Value::Null).await;
        assert_eq!(refunds["data"][0]["status"], "FAILED", "{refunds}");
        assert_eq!(world.verify(&url).await.status, 200);
        world.app.stop().await;
    }

    async fn verifying_its_certificate_completes_an_order(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.sell().await;
        let order = world.order(&product).await;
        assert_eq!((&world.order_state(&order).await["order_status"], world.app.balance(&world.shop).await), (&json!("establish"), 760));
        let url = world.certificate_of(&order).await;
        assert_eq!(world.verify(&url).await.status, 200);
        world.app.run_jobs().await;
        let state = world.order_state(&order).await;
        assert_eq!((&state["order_status"], &state["order_detail"][0]["remains"]), (&json!("complete"), &json!(0)));
        let refused = world.cancel(&order).await;
        assert_eq!((refused.status, refused.code()), (400, "create_order_failed".into()));

        let other = world.order(&product).await;
        let url = world.certificate_of(&other).await;
        let cancelled = world.cancel(&other).await;
        assert_eq!(cancelled.json(), json!({"order_id": other, "order_status": "cancel"}));
        assert_eq!(world.app.balance(&world.shop).await, 760);
        world.is_refused(&url, "The certificate was revoked: the order was cancelled").await;
        world.app.assert_balanced().await;
        world.app.stop().await;
    }

    async fn an_order_is_either_used_or_cancelled(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.sell().await;
        let mut won = [0, 0];
        for _ in 0..4 {
            let order = world.order(&product).await;
            let url = world.certificate_of(&order).await;
            let before = world.app.balance(&world.shop).await;
            let verify = join_all((0..8).map(|_| world.verify(&url)));
            let cancel = join_all((0..4).map(|_| world.cancel(&order)));
            let (verified, _) = join(verify, cancel).await;
            world.app.run_jobs().await;
            let used = verified.iter().filter(|answer| answer.status == 200).count();
            let state = world.order_state(&order).await["order_status"].clone();
            let back = world.app.balance(&world.shop).await - before;
            let outcomes = [(1, json!("complete"), 0), (0, json!("cancel"), 240)];
            let outcome = outcomes.iter().position(|outcome| *outcome == (used, state.clone(), back));
            won[outcome.unwrap_or_else(|| panic!("{used} {state} {back}"))] += 1;
        }
        assert_eq!(won[0] + won[1], 4);
        world.app.assert_balanced().await;
        world.app.stop().await;
    }

    async fn who_paid_waits_for_the_form_to_be_mended(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.attach("one_time").await;
        let status = |status: &'static str| {
            world.ask("qrcodes/setStatus", json!({"code_id": world.place.code_id, "status": status}))
        };
        status("disabled").await;
        world.buy(&product, "wait@example.com").await;
        let given = world.given("wait@example.com").await;
        assert_eq!(given, [json!({"url": null, "status": "pending", "used_at": null})]);
        assert_eq!(world.app.count("vouchers WHERE refusal LIKE '%disabled%'").await, 1);
        status("enabled").await;
        world.app.pass(Duration::from_secs(3600)).await;
        world.one_given("wait@example.com").await;
        assert_eq!(world.app.count("vouchers WHERE refusal IS NULL").await, 1);
        assert_eq!(world.app.count("forms_records").await, 1);
        world.app.stop().await;
    }

    async fn approval_comes_first(engine: Engine) {
        let audit = json!({"audit_config": {"enabled": true, "stages": [{"title": "Box office", "level": 1}]}});
        let world = World::start(engine, audit).await;
        let product = world.attach("one_time").await;
        let paid = world.buy(&product, "ok@example.com").await;
        assert_eq!(world.given("ok@example.com").await[0]["status"], "pending");
        let refunded = world.buy(&product, "no@example.com").await;
        world.post("/refunds", json!({"order_id": refunded["order_id"]})).await;
        world.app.run_jobs().await;
        let listed = world.ask("record/getRecords", json!({"order_by": "submit_at,asc"})).await;
        for record in listed["list"].as_array().unwrap() {
            let id = record["data"].as_object().map_or(&record["record_id"], |data| &data["record_id"]);
            world.ask("record/auditRecord", json!({"record_id": id, "action": "pass"})).await;
        }
        let url = world.one_given("ok@example.com").await;
        assert_eq!(world.verify(&url).await.status, 200, "{paid}");
        // Paid back before it was approved: it is issued, and does not count.
        let revoked = world.app.count("forms_certificates WHERE revoked = 'refunded'").await;
        assert_eq!((revoked, world.app.count("forms_certificates").await), (1, 2));
        world.app.stop().await;
    }

    async fn a_payment_gives_one_certificate_however_often_its_job_runs(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let product = world.sell().await;
        let body = json!({"product_id": product, "link": "https://example.com/", "quantity": 1});
        world.app.post(&world.shop, "/platform/order/ch2/default", body).await;
        let find = |tx: &mut store::Tx<'_>| {
            let read = |row: &store::Row<'_>| row.get::<String>(0);
            tx.query_dynamic("SELECT voucher_id FROM vouchers", &[], read)
        };
        let found: Result<Vec<String>, store::StoreError> = world.app.app.forms.db().read(find).await;
        let found = found.unwrap();
        let id: vouchers::VoucherId = found[0].parse().unwrap();
        let forms = &world.app.app.forms;
        for done in join_all((0..8).map(|_| forms.certify(id))).await {
            assert!(done.unwrap().path.is_some());
        }
        world.app.run_jobs().await;
        assert_eq!((world.app.count("forms_records").await, world.app.count("forms_certificates").await), (1, 1));
        world.app.stop().await;
    }

    async fn an_operator_puts_certificates_on_sale(engine: Engine) {
        let world = World::start(engine, json!({})).await;
        let place = ["--form", "FORM", "--code", "CODE"];
        let sell = [&["vouchers", "sell", "Concert", "--price", "1.5", "--max", "5", "--json"], &place[..]].concat();
        let (_, made) = world.command(&sell).await;
        let made: Value = serde_json::from_str(&made).unwrap();
        let order = world.order(made["product_id"].as_str().unwrap()).await;
        assert_eq!(world.order_state(&order).await["total"], 3);
        world.certificate_of(&order).await;

        let product = world.merchant.product("one_time").unwrap().to_string();
        let attach = [&["vouchers", "attach", &product], &place[..]].concat();
        assert_eq!(world.command(&attach).await, (true, "changed\n".into()));
        world.ask("qrcodes/setStatus", json!({"code_id": world.place.code_id, "status": "disabled"})).await;
        world.buy(&product, "first@example.com").await;
        let (_, waiting) = world.command(&["vouchers", "waiting"]).await;
        assert_contains(&waiting, &["billing ord_", "  Handbook  form ", "disabled"]);
        assert_eq!(world.command(&["vouchers", "detach", &product]).await, (true, "changed\n".into()));
        world.buy(&product, "second@example.com").await;
        assert_eq!(world.app.count("vouchers WHERE seller = 'billing'").await, 1);

        let stranger = "prod_00000000000000000000000000";
        let refused = [
            (&["vouchers", "attach", &product, "--form", "1", "--code", "CODE"][..], "Form not found"),
            (&["vouchers", "attach", &product, "--form", "FORM", "--code", "1"], "not found"),
            (&["vouchers", "detach", stranger], "there is no product"),
            (&["vouchers", "sell", " ", "--price", "1", "--form", "FORM", "--code", "CODE"], "a title has 1 to 200 characters"),
        ];
        for (args, why) in refused {
            let (succeeded, said) = world.command(args).await;
            assert!(!succeeded);
            assert_contains(&said, &["error: ", why]);
        }
        world.app.stop().await;
    }
}
