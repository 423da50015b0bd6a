//! What was paid for is worth its price once: refunds, switches, coupons and links that would make more of it.

use crate::support::{Answer, Engine, TestApp, both};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::GatewayFault;
use std::time::Duration;
use tallystick::seed::recur::{GOOD_CARD, Merchant};

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Shop {
    app: TestApp,
    merchant: Merchant,
}

impl Shop {
    async fn start(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        Self { app, merchant }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        let key = self.merchant.secret_key.expose();
        self.app
            .recur(method, &format!("/v1{path}"), key, body)
            .await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call(Method::POST, path, body).await;
        assert!([200, 201].contains(&answer.status), "{}", answer.text);
        answer.json()
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, Value::Null).await.json()
    }

    async fn plan(&self, name: &str, price: i64, more: Value) -> String {
        let mut body =
            json!({"name": name, "type": "SUBSCRIPTION", "price": price, "interval": "month"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let made = self.post("/products", body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Subscribes somebody new; the path of the subscription, and the order.
    async fn subscribe(&self, product: &str, code: Option<&str>) -> (String, String) {
        let body = json!({"product_id": product, "customer_email": "value@example.com"});
        let begun = self.post("/checkouts", body).await;
        let checkout = format!("/checkouts/{}", begun["checkout"]["id"].as_str().unwrap());
        if let Some(code) = code {
            self.post(&format!("{checkout}/coupon"), json!({ "code": code }))
                .await;
        }
        self.type_card(&begun).await;
        let paid = self.post(&format!("{checkout}/pay"), json!({})).await;
        let subscription = paid["subscription"]["id"].as_str().unwrap();
        let order = paid["order_id"].as_str().unwrap_or_default().to_owned();
        (format!("/subscriptions/{subscription}"), order)
    }

    async fn type_card(&self, begun: &Value) {
        let token = begun["sdk_token"].as_str().unwrap();
        let gateway = &self.app.app.recur.gateway;
        assert!(gateway.type_card(token, GOOD_CARD).await.unwrap());
    }

    async fn switch(&self, subscription: &str, product: &str) -> Value {
        let body = json!({ "target_product_id": product });
        self.post(&format!("{subscription}/switch"), body).await
    }

    async fn refund(&self, what: &str, id: &str) -> Value {
        self.post("/refunds", json!({ what: id })).await
    }

    /// What the running period is worth to a switch.
    async fn period_paid(&self, subscription: &str) -> i64 {
        let id = subscription.rsplit('/').next().unwrap();
        let sql =
            format!("SELECT period_paid FROM billing_subscriptions WHERE subscription_id = '{id}'");
        self.app.sum(&sql).await
    }

    async fn coupon(&self, code: &str, coupon: Value) {
        let coupon = self.post("/coupons", coupon).await;
        let body = json!({"coupon_id": coupon["id"], "code": code});
        self.post("/promotion-codes", body).await;
    }

    /// `subtotal discount amount` of each invoice, the oldest first.
    async fn invoices(&self, subscription: &str) -> Vec<[i64; 3]> {
        let id = subscription.rsplit('/').next().unwrap();
        let listed = self.get(&format!("/invoices?subscription_id={id}")).await;
        let listed = listed["data"].as_array().unwrap().iter().rev();
        let read = |one: &Value, name: &str| one[name].as_i64().unwrap();
        listed
            .map(|one| ["subtotal", "discount", "amount"].map(|name| read(one, name)))
            .collect()
    }
}

both! {
    async fn a_refund_is_given_back_once_however_slow_the_gateway_is(engine: Engine) {
        let shop = Shop::start(engine).await;
        let body = json!({"product_id": shop.merchant.product("one_time").unwrap(), "customer_email": "once@example.com"});
        let begun = shop.post("/checkouts", body).await;
        shop.type_card(&begun).await;
        let paid = shop.post(&format!("/checkouts/{}/pay", begun["checkout"]["id"].as_str().unwrap()), json!({})).await;
        // The money is captured by then: more than one refund is possible.
        shop.app.clock.advance(DAY * 2);
        shop.app.app.recur.gateway.set_fault(Some(GatewayFault::SlowAnswer(Duration::from_millis(400))));
        let refund = shop.post("/refunds", json!({"order_id": paid["order_id"], "amount": 100}));
        let jobs = async {
            for _ in 0..20 {
                shop.app.app.recur.billing.enqueue_due().await.unwrap();
                shop.app.run_jobs().await;
            }
        };
        let (refund, ()) = futures_util::future::join(refund, jobs).await;
        assert_eq!((&refund["status"], &refund["amount"]), (&json!("SUCCEEDED"), &json!(100)), "{refund}");
        shop.app.app.recur.gateway.set_fault(None);
        let rest = shop.refund("order_id", paid["order_id"].as_str().unwrap()).await;
        assert_eq!((&rest["status"], &rest["amount"]), (&json!("SUCCEEDED"), &json!(490)), "the gateway gave back 100 once: {rest}");
        shop.app.stop().await;
    }

    async fn what_was_given_back_is_credited_no_second_time(engine: Engine) {
        let shop = Shop::start(engine).await;
        let dear = shop.plan("Dear", 10_000, json!({})).await;
        let cheap = shop.plan("Cheap year", 100, json!({"interval": "year"})).await;
        let (subscription, order) = shop.subscribe(&dear, None).await;
        let switched = shop.switch(&subscription, &cheap).await;
        assert_eq!((&switched["proration"]["credit_left"], &switched["amount_due"]), (&json!(9900), &json!(0)), "{switched}");
        shop.app.app.recur.gateway.set_fault(Some(GatewayFault::Down));
        assert_eq!(shop.refund("order_id", &order).await["status"], "PENDING");
        // Also while nobody knows whether the gateway has done it.
        assert_eq!(shop.get(&subscription).await["credit_balance"], 0);
        assert_eq!(shop.period_paid(&subscription).await, 0);
        shop.app.stop().await;
    }

    async fn what_a_switch_was_paid_with_is_worth_nothing_once_refunded(engine: Engine) {
        let shop = Shop::start(engine).await;
        let (monthly, yearly) = (shop.merchant.product("monthly").unwrap(), shop.merchant.product("yearly").unwrap());
        let (subscription, order) = shop.subscribe(&monthly.to_string(), None).await;
        shop.switch(&subscription, &yearly.to_string()).await;
        assert_eq!(shop.period_paid(&subscription).await, 2990);
        shop.refund("order_id", &order).await;
        assert_eq!(shop.period_paid(&subscription).await, 2990 - 299);
        shop.app.stop().await;
    }

    async fn the_refund_of_an_upgrade_counts_against_the_part_it_paid_for(engine: Engine) {
        let shop = Shop::start(engine).await;
        let (small, big) = (shop.plan("Small", 300, json!({})).await, shop.plan("Big", 600, json!({})).await);
        let (subscription, _) = shop.subscribe(&small, None).await;
        shop.app.clock.advance(DAY * 15);
        let switched = shop.switch(&subscription, &big).await;
        let paid = switched["invoice"]["amount"].as_i64().unwrap();
        assert_eq!(paid, 150, "half a month of the difference: {switched}");
        shop.refund("invoice_id", switched["invoice"]["id"].as_str().unwrap()).await;
        // Half a month at 600 was worth 300; half of that was given back.
        assert_eq!(shop.period_paid(&subscription).await, 300);
        shop.app.stop().await;
    }

    async fn a_coupon_stays_with_the_products_it_is_for(engine: Engine) {
        let shop = Shop::start(engine).await;
        let basic = shop.plan("Basic", 100, json!({"trial_days": 14})).await;
        let gold = shop.plan("Gold", 5000, json!({})).await;
        let coupon = json!({"name": "Free", "discount_type": "PERCENTAGE", "discount_amount": 100, "duration": "FOREVER", "product_ids": [basic]});
        shop.coupon("BASIC", coupon).await;
        let (subscription, _) = shop.subscribe(&basic, Some("BASIC")).await;
        shop.switch(&subscription, &gold).await;
        shop.post("/test_clock/advance", json!({"by": "2mo"})).await;
        assert_eq!(shop.invoices(&subscription).await, [[5000, 0, 5000]; 2]);
        assert_eq!(shop.get(&subscription).await["discount_amount"], 0);
        shop.app.stop().await;
    }

    async fn a_coupon_takes_nothing_off_below_its_minimum(engine: Engine) {
        let shop = Shop::start(engine).await;
        let (dear, cheap) = (shop.plan("Dear", 1200, json!({})).await, shop.plan("Cheap", 500, json!({})).await);
        let coupon = json!({"name": "Less", "discount_type": "FIXED_AMOUNT", "discount_amount": 400, "duration": "FOREVER", "minimum_amount": 1000});
        shop.coupon("LESS400", coupon).await;
        let (subscription, _) = shop.subscribe(&dear, Some("LESS400")).await;
        shop.switch(&subscription, &cheap).await;
        shop.post("/test_clock/advance", json!({"by": "1mo1d"})).await;
        assert_eq!(shop.invoices(&subscription).await, [[500, 0, 500]]);
        shop.app.stop().await;
    }

    async fn who_pauses_past_a_scheduled_change_goes_on_with_it(engine: Engine) {
        let shop = Shop::start(engine).await;
        let (dear, cheap) = (shop.plan("Dear", 1200, json!({})).await, shop.plan("Cheap", 500, json!({})).await);
        let (subscription, _) = shop.subscribe(&dear, None).await;
        shop.switch(&subscription, &cheap).await;
        shop.post(&format!("{subscription}/pause"), json!({})).await;
        shop.post("/test_clock/advance", json!({"by": "40d"})).await;
        let resumed = shop.post(&format!("{subscription}/resume"), json!({})).await;
        assert_eq!((&resumed["status"], &resumed["product_id"]), (&json!("ACTIVE"), &json!(cheap)), "{resumed}");
        assert_eq!(shop.invoices(&subscription).await, [[500, 0, 500]]);
        shop.app.stop().await;
    }

    async fn a_link_sells_as_often_as_it_says(engine: Engine) {
        let shop = Shop::start(engine).await;
        let body = json!({"product_id": shop.merchant.product("one_time").unwrap(), "max_completions": 2});
        let link = shop.post("/payment-links", body).await;
        let url_id = link["url_id"].as_str().unwrap();
        let billing = &shop.app.app.recur.billing;
        let mut checkouts = Vec::new();
        for buyer in 0..5 {
            let checkout = billing.open_link(url_id).await.unwrap();
            let scope = billing.scope(shop.merchant.account).await.unwrap();
            let (id, origin) = (checkout.checkout_id, billing.config().public_url.clone());
            let who = billing::model::Buyer { email: Some(format!("{buyer}@example.com")), ..Default::default() };
            billing.set_buyer(&scope, id, who).await.unwrap();
            let token = billing.refresh_sdk_token(&scope, id, &origin).await.unwrap();
            let token = token.sdk_token.unwrap();
            assert!(shop.app.app.recur.gateway.type_card(&token, GOOD_CARD).await.unwrap());
            checkouts.push(id);
        }
        let pay = async |id| shop.call(Method::POST, &format!("/checkouts/{id}/pay"), json!({})).await;
        let paid = futures_util::future::join_all(checkouts.iter().map(pay)).await;
        let paid = paid.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(paid, 2);
        let link = shop.get(&format!("/payment-links/{}", link["id"].as_str().unwrap())).await;
        assert_eq!(link["completed_count"], 2, "{link}");
        assert_eq!(shop.app.sum("SELECT COUNT(*) FROM gateway_trades").await, 3);
        shop.app.stop().await;
    }

    async fn pages_know_no_names_with_nul(engine: Engine) {
        let shop = Shop::start(engine).await;
        let portal = shop.post("/portal/sessions", json!({"email": "mei@example.com", "return_url": "https://shop.example"})).await;
        let portal = portal["url"].as_str().unwrap().to_owned();
        let portal = &portal[portal.find("/portal/").unwrap()..];
        let subscription = shop.merchant.subscription_id;
        for path in [
            "/checkout/%00".to_owned(),
            "/checkout/cs_%00/status".to_owned(),
            format!("/buy/%00?key={}", shop.merchant.publishable_key.expose()),
            format!("{portal}/receipts/%00"),
            format!("{portal}/{subscription}/switch?to=%00"),
        ] {
            let answer = shop.app.send(shop.app.request(Method::GET, &path)).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        }
        shop.app.stop().await;
    }

    async fn a_page_cannot_block_the_idempotency_keys_of_its_shop(engine: Engine) {
        let shop = Shop::start(engine).await;
        let send = |path: &str, key: &str, body: Value| {
            let request = shop.app.request(Method::POST, path).bearer_auth(key).header("idempotency-key", "K").json(&body);
            shop.app.send(request)
        };
        let page = json!({"productId": shop.merchant.product("monthly").unwrap()});
        let (begun, made) = (
            send("/v1/checkouts", shop.merchant.publishable_key.expose(), page).await,
            send("/v1/customers", shop.merchant.secret_key.expose(), json!({"email": "k@example.com"})).await,
        );
        assert_eq!((begun.status, made.status), (201, 201), "{}", made.text);
        shop.app.stop().await;
    }
}
