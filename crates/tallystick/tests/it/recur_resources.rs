//! What merchants keep through the API of subscription billing, over HTTP, on both databases.

use crate::support::{Answer, Engine, TestApp, both};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tallystick::seed::recur::{GOOD_CARD, Merchant, POOR_CARD};

/// A merchant's server, or its page.
struct Api {
    app: TestApp,
    merchant: Merchant,
}

impl Api {
    async fn start(engine: Engine) -> Self {
        Self::over(TestApp::start(engine).await).await
    }

    async fn over(app: TestApp) -> Self {
        let merchant = app.merchant().await;
        Self { app, merchant }
    }

    /// What is made next is newer than what there is.
    fn tick(&self) {
        self.app.clock.advance(Duration::from_millis(1));
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        let path = format!("/v1{path}");
        self.app
            .recur(method, &path, self.merchant.secret_key.expose(), body)
            .await
    }

    /// A call of the merchant's page.
    async fn page(&self, method: Method, path: &str, body: Value) -> Answer {
        let path = format!("/v1{path}");
        self.app
            .recur(method, &path, self.merchant.publishable_key.expose(), body)
            .await
    }

    async fn get(&self, path: &str) -> Value {
        done(self.call(Method::GET, path, Value::Null).await, 200)
    }

    async fn create(&self, path: &str, body: Value) -> Value {
        done(self.call(Method::POST, path, body).await, 201)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        done(self.call(Method::POST, path, body).await, 200)
    }

    async fn patch(&self, path: &str, body: Value) -> Value {
        done(self.call(Method::PATCH, path, body).await, 200)
    }

    async fn delete(&self, path: &str) -> Value {
        done(self.call(Method::DELETE, path, Value::Null).await, 200)
    }

    async fn refused(&self, method: Method, path: &str, body: Value) -> Refused {
        Refused::of(&self.call(method, path, body).await)
    }

    fn product(&self, name: &str) -> String {
        self.merchant.product(name).unwrap().to_string()
    }

    /// A checkout of the merchant's page with a card typed into its form; its id.
    async fn checkout(&self, product: &str, email: Option<&str>, card: &str) -> String {
        let body = json!({"productId": self.product(product), "customerEmail": email});
        let begun = done(self.page(Method::POST, "/checkouts", body).await, 201);
        let token = begun["sdk_token"].as_str().unwrap();
        assert!(
            self.app
                .app
                .recur
                .gateway
                .type_card(token, card)
                .await
                .unwrap()
        );
        begun["checkout"]["id"].as_str().unwrap().to_owned()
    }

    /// Buys something; what paying answers.
    async fn buy(&self, product: &str, email: &str) -> Value {
        let id = self.checkout(product, Some(email), GOOD_CARD).await;
        done(
            self.page(Method::POST, &format!("/checkouts/{id}/pay"), json!({}))
                .await,
            200,
        )
    }

    async fn last_event(&self) -> (String, Value) {
        let newest = self.get("/events?limit=1").await["data"][0].clone();
        (
            newest["type"].as_str().unwrap().to_owned(),
            newest["data"].clone(),
        )
    }
}

fn done(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    answer.json()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(id).collect()
}

/// A refusal: its status, its message, and the fields at fault with what is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    status: u16,
    message: String,
    fields: Vec<String>,
}

impl Refused {
    fn of(answer: &Answer) -> Self {
        let body = answer.json();
        let details = body["error"]["details"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let fields = details.iter().filter_map(|detail| detail["path"].as_str());
        Self {
            status: answer.status,
            message: body["error"]["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            fields: fields.map(str::to_owned).collect(),
        }
    }

    fn is(&self, status: u16, fields: &[&str]) {
        assert_eq!(
            (
                self.status,
                self.fields.iter().map(String::as_str).collect::<Vec<_>>()
            ),
            (status, fields.to_vec()),
            "{self:?}"
        );
    }

    fn says(&self, status: u16, message: &str) {
        assert_eq!((self.status, self.message.as_str()), (status, message));
    }
}

both! {
    async fn products(engine: Engine) {
        let api = Api::start(engine).await;
        let body = json!({"name": "Café Premium 方案", "price": 499, "type": "subscription", "billing_period": "QUARTERLY",
            "trial_days": 7, "grace_period_days": 2, "metadata": {"tier": "gold"}, "nobody_knows_this": 1});
        let made = api.create("/products", body).await;
        assert_eq!(made["slug"], "caf-premium");
        assert_eq!((&made["interval"], &made["interval_count"], &made["billing_period"]), (&json!("month"), &json!(3), &json!("CUSTOM")));
        assert_eq!((&made["grace_period_days"], &made["retry_days"]), (&json!(2), &json!([1, 2])));
        assert_eq!(api.last_event().await, ("product.created".into(), made.clone()));

        // The same name: another slug. The same slug: refused.
        let twin = api.create("/products", json!({"name": "Café Premium 方案", "price": 30})).await;
        assert_eq!(twin["type"], "ONE_TIME");
        assert!(twin["slug"].as_str().unwrap().starts_with("caf-premium-"), "{twin}");
        let taken = json!({"name": "x", "price": 30, "slug": "pro-monthly"});
        api.refused(Method::POST, "/products", taken).await.says(409, "This slug is already in use");

        let path = format!("/products/{}", id(&made));
        assert_eq!(api.get("/products/caf-premium").await, made);
        assert_eq!(done(api.page(Method::GET, &path, Value::Null).await, 200), made);
        let change = json!({"price": 599, "gracePeriodDays": 1, "interval": "week", "intervalCount": 2, "slug": "premium", "active": false});
        let changed = api.patch(&path, change).await;
        assert_eq!((&changed["price"], &changed["retry_days"], &changed["interval"]), (&json!(599), &json!([1]), &json!("week")));
        assert_eq!((&changed["name"], &changed["trial_days"], &changed["metadata"]), (&made["name"], &json!(7), &json!({"tier": "gold"})));
        assert_eq!(api.last_event().await.0, "product.updated");
        assert_eq!(api.post(&path, json!({"price": 600})).await["price"], 600);
        api.refused(Method::PATCH, &path, json!({"slug": "handbook"})).await.says(409, "This slug is already in use");
        api.refused(Method::PATCH, &path, json!({"type": "CREDITS", "credits": 5})).await.is(422, &["type", "credits"]);

        // What is not on sale is the merchant's business.
        assert_eq!(api.page(Method::GET, &path, Value::Null).await.status, 404);
        assert_eq!(api.get("/products").await["products"].as_array().unwrap().len(), 6);
        assert_eq!(api.get("/products?include_inactive=true").await["products"].as_array().unwrap().len(), 7);
        assert_eq!(api.page(Method::GET, "/products?include_inactive=true", Value::Null).await.status, 403);
        assert_eq!(api.call(Method::GET, "/products/prod_1", Value::Null).await.status, 404);
        api.app.stop().await;
    }

    async fn what_products_cannot_be(engine: Engine) {
        let api = Api::start(engine).await;
        api.refused(Method::POST, "/products", json!({})).await.says(400, "Missing required fields: name, price");
        api.refused(Method::POST, "/products", json!({"name": " ", "price": 30, "type": "SUBSCRIPTION"})).await
            .says(400, "Missing required fields: name, billingPeriod");
        api.refused(Method::POST, "/products", json!({"name": "x", "price": 30, "type": "CREDITS"})).await
            .says(400, "Missing required fields: credits");
        api.refused(Method::POST, "/products", json!({"name": "x", "price": 30, "billing_period": ""})).await
            .says(400, "Missing required fields: billing_period");
        let wrong = json!({"name": "n".repeat(101), "price": 29, "type": "SUBSCRIPTION", "interval": "day", "interval_count": 367,
            "trial_days": 731, "grace_period_days": 2, "retry_days": [1, 3], "slug": "a_b", "metadata": [], "active": "maybe", "credits": 1});
        api.refused(Method::POST, "/products", wrong).await.is(422,
            &["name", "credits", "slug", "price", "metadata", "active", "interval_count", "trial_days", "retry_days"]);
        let wrong = json!({"name": "x", "price": 199_999, "billing_period": "DAILY", "retry_days": [2, 1]});
        api.refused(Method::POST, "/products", wrong).await.is(422, &["billing_period", "retry_days"]);
        let wrong = json!({"name": "x", "price": 200_000, "type": "DONATION", "interval": "month", "billing_period": "MONTHLY", "trial_days": 3});
        api.refused(Method::POST, "/products", wrong).await.is(422, &["interval", "trial_days", "billing_period", "price"]);
        assert_eq!(api.page(Method::POST, "/products", json!({"name": "x", "price": 30})).await.status, 403);
        api.app.stop().await;
    }

    async fn customers(engine: Engine) {
        let api = Api::start(engine).await;
        api.tick();
        let body = json!({"email": "Ada@Example.com", "name": "Ada", "external_id": "u-7", "metadata": {"vip": true}});
        let made = api.create("/customers", body).await;
        assert_eq!((&made["email"], &made["status"], &made["livemode"]), (&json!("Ada@Example.com"), &json!("ACTIVE"), &json!(false)));
        assert_eq!(api.last_event().await, ("customer.created".into(), made.clone()));
        let path = format!("/customers/{}", id(&made));
        assert_eq!(api.get(&path).await, made);
        for (field, body) in [
            ("email", json!({"email": "ada@example.COM"})),
            ("external_id", json!({"email": "b@example.com", "external_id": "u-7"})),
        ] {
            api.refused(Method::POST, "/customers", body).await.says(409, &format!("This {field} is already in use"));
        }
        api.refused(Method::POST, "/customers", json!({"name": "x"})).await.says(400, "Missing required fields: email");
        api.refused(Method::POST, "/customers", json!({"email": "x", "status": "GONE"})).await.is(422, &["email", "status"]);

        let changed = api.patch(&path, json!({"externalId": "u-8", "status": "BANNED"})).await;
        assert_eq!((&changed["external_id"], &changed["status"], &changed["name"]), (&json!("u-8"), &json!("BANNED"), &json!("Ada")));
        assert_eq!(api.last_event().await.0, "customer.updated");
        api.refused(Method::PATCH, &path, json!({"email": "new@example.com"})).await.is(422, &["email"]);
        api.refused(Method::PATCH, &path, json!({"external_id": "user_1"})).await.says(409, "This external_id is already in use");
        assert_eq!(api.post(&path, json!({"status": "ACTIVE"})).await["status"], "ACTIVE");

        // Newest first, page by page; without livemode, which the list says.
        let first = api.get("/customers?limit=1").await;
        assert_eq!((ids(&first), &first["has_more"], &first["next_cursor"]), (vec![id(&made)], &json!(true), &made["id"]));
        assert_eq!(first["data"][0]["livemode"], Value::Null);
        let second = api.get(&format!("/customers?limit=1&starting_after={}", id(&made))).await;
        assert_eq!((&second["has_more"], &second["data"][0]["email"]), (&json!(false), &json!("mei@example.com")));
        assert_eq!((&second["data"][0]["subscriptions_count"], &second["data"][0]["orders_count"]), (&json!(1), &json!(1)));
        assert_eq!(ids(&api.get("/customers?email=ADA@example.com").await), [id(&made)]);
        assert!(ids(&api.get("/customers?status=BANNED").await).is_empty());
        api.refused(Method::GET, "/customers?limit=101&status=GONE", Value::Null).await.is(422, &["limit", "status"]);
        assert_eq!(api.call(Method::GET, "/customers/cus_nobody", Value::Null).await.status, 404);
        assert_eq!(api.page(Method::GET, &path, Value::Null).await.status, 403);
        assert_eq!(api.get("/customers/entitlements?external_id=u-8").await["customer"]["id"], made["id"]);
        api.app.stop().await;
    }

    async fn credits(engine: Engine) {
        let api = Api::start(engine).await;
        api.buy("credits", "mei@example.com").await;
        let path = format!("/customers/{}/credits", api.merchant.customer_id);
        assert_eq!(api.get(&path).await, json!({"balance": 100}));
        let deduct = format!("{path}/deduct");
        assert_eq!(api.post(&deduct, json!({"amount": 30, "description": "a picture"})).await, json!({"balance": 70}));
        assert_eq!(api.post(&deduct, json!({"amount": 30, "description": "a picture"})).await, json!({"balance": 40}));
        let short = api.call(Method::POST, &deduct, json!({"amount": 41})).await;
        assert_eq!(short.status, 402, "{}", short.text);
        assert_eq!(short.json()["error"]["details"][0]["failure_code"], "INSUFFICIENT_CREDITS");
        let newcomer = api.create("/customers", json!({"email": "poor@example.com"})).await;
        let none = format!("/customers/{}/credits/deduct", id(&newcomer));
        assert_eq!(api.call(Method::POST, &none, json!({"amount": 1})).await.status, 402);
        api.refused(Method::POST, &deduct, json!({})).await.says(400, "Missing required fields: amount");
        api.refused(Method::POST, &deduct, json!({"amount": 0})).await.is(422, &["amount"]);
        assert_eq!(api.get(&path).await, json!({"balance": 40}));
        api.app.assert_balanced().await;
        api.app.stop().await;
    }

    async fn coupons(engine: Engine) {
        let api = Api::start(engine).await;
        let body = json!({"name": "Spring", "discount_type": "PERCENTAGE", "discount_amount": 20, "duration": "REPEATING",
            "duration_periods": 3, "bonus_trial_days": 7, "minimum_amount": 100, "product_ids": [api.product("monthly"), api.product("monthly")]});
        let made = api.create("/coupons", body).await;
        assert_eq!((&made["duration_months"], &made["product_ids"]), (&json!(3), &json!([api.product("monthly")])));
        let path = format!("/coupons/{}", id(&made));
        assert_eq!(api.get(&path).await, made);
        assert_eq!(ids(&api.get("/coupons").await), [id(&made)]);
        let changed = api.patch(&path, json!({"name": "Summer", "metadata": {"a": 1}})).await;
        assert_eq!((&changed["name"], &changed["active"], &changed["discount_amount"]), (&json!("Summer"), &json!(true), &json!(20)));
        api.refused(Method::PATCH, &path, json!({"discount_amount": 99, "duration": "FOREVER"})).await.is(422, &["discount_amount", "duration"]);
        assert_eq!(api.delete(&path).await["active"], false);

        api.refused(Method::POST, "/coupons", json!({})).await.says(400, "Missing required fields: discountAmount, discountType, name");
        api.refused(Method::POST, "/coupons", json!({"name": "x", "discount_type": "PERCENTAGE", "discount_amount": 1, "duration": "REPEATING"})).await
            .says(400, "Missing required fields: duration_months");
        let wrong = json!({"name": "x", "discount_type": "PERCENTAGE", "discount_amount": 101, "duration": "ONCE", "duration_months": 3,
            "bonus_months": 25, "product_ids": ["prod_1"]});
        api.refused(Method::POST, "/coupons", wrong).await.is(422, &["discount_amount", "duration_months", "bonus_months", "product_ids[0]"]);
        let unknown = json!({"name": "x", "discount_type": "FIXED_AMOUNT", "discount_amount": 1, "product_ids": ["prod_00000000000000000000000000"]});
        assert_eq!(api.call(Method::POST, "/coupons", unknown).await.status, 404);
        api.app.stop().await;
    }

    async fn promotion_codes(engine: Engine) {
        let api = Api::start(engine).await;
        let coupon = api.create("/coupons", json!({"name": "New year", "discount_type": "FIXED_AMOUNT", "discount_amount": 50})).await;
        let body = json!({"coupon_id": coupon["id"], "code": "SAVE50", "valid_until": "2026-07-01T00:00:00Z", "max_redemptions": 2});
        let made = api.create("/promotion-codes", body.clone()).await;
        assert_eq!(made["success"], true);
        let code = &made["data"];
        assert_eq!((&code["max_redemptions_per_customer"], &code["customer_eligibility"]), (&json!(1), &json!("ALL")));
        api.refused(Method::POST, "/promotion-codes", body).await.says(409, "This code is already in use");
        let path = format!("/promotion-codes/{}", id(code));
        assert_eq!(api.get(&path).await, made);
        let list = api.get("/promotion-codes").await;
        assert_eq!((&list["success"], ids(&list)), (&json!(true), vec![id(code)]));

        // A page may ask what a code would do.
        let ask = json!({"code": "save50", "productSlug": "handbook", "customerEmail": "mei@example.com"});
        let offer = done(api.page(Method::POST, "/promotion-codes/validate", ask).await, 200);
        assert_eq!((&offer["success"], &offer["data"]["valid"], &offer["data"]["amount"], &offer["data"]["amount_off"]),
            (&json!(true), &json!(true), &json!(540), &json!(50)));
        assert_eq!(offer["data"]["discount"], json!({"code": "SAVE50", "couponName": "New year", "discountType": "FIXED_AMOUNT",
            "discountAmount": 50, "duration": "ONCE", "durationMonths": null, "bonusTrialDays": null, "bonusMonths": null,
            "productInterval": null, "productIntervalCount": null, "productPrice": 590}));
        let nothing = json!({"code": "NOTHING", "product_id": api.product("monthly")});
        Refused::of(&api.page(Method::POST, "/promotion-codes/validate", nothing).await)
            .says(400, "Promotion code 'NOTHING' is not valid: Code not found");

        // Used once, it shows who did.
        let checkout = api.checkout("one_time", Some("mei@example.com"), GOOD_CARD).await;
        let applied = api.page(Method::POST, &format!("/checkouts/{checkout}/coupon"), json!({"code": "SAVE50"})).await;
        assert_eq!(applied.status, 200, "{}", applied.text);
        assert_eq!(api.page(Method::POST, &format!("/checkouts/{checkout}/pay"), json!({})).await.status, 200);
        let used = api.get(&format!("{path}/redemptions")).await;
        assert_eq!((&used["success"], &used["data"][0]["discount_amount"], &used["data"][0]["checkout_id"]), (&json!(true), &json!(50), &json!(checkout)));
        assert_eq!(api.get(&path).await["data"]["current_redemptions"], 1);

        let changed = api.patch(&path, json!({"max_redemptions": 1, "minimum_amount": 100})).await;
        assert_eq!((&changed["data"]["max_redemptions"], &changed["data"]["current_redemptions"]), (&json!(1), &json!(1)));
        api.refused(Method::PATCH, &path, json!({"code": "OTHER", "coupon_id": "cpn_1"})).await.is(422, &["code", "coupon_id"]);
        api.refused(Method::PATCH, &path, json!({"valid_from": "2027-01-01T00:00:00Z"})).await.is(422, &["valid_until"]);
        assert_eq!(api.delete(&path).await["data"]["active"], false);

        api.refused(Method::POST, "/promotion-codes", json!({})).await.says(400, "Missing required fields: couponId, code");
        let wrong = json!({"coupon_id": coupon["id"], "code": "save", "valid_from": "2026-07-01T00:00:00Z", "valid_until": "2026-07-01T00:00:00Z",
            "max_redemptions": 0, "customer_eligibility": "FRIENDS"});
        api.refused(Method::POST, "/promotion-codes", wrong).await.is(422, &["code", "customer_eligibility", "max_redemptions", "valid_until"]);
        for code in ["AB", "ABCDEFGHIJKLMNOPQRSTU"] {
            let body = json!({"coupon_id": coupon["id"], "code": code});
            api.refused(Method::POST, "/promotion-codes", body).await.is(422, &["code"]);
        }
        assert_eq!(api.call(Method::POST, "/promotion-codes", json!({"coupon_id": "cpn_1", "code": "ABC"})).await.status, 404);
        api.delete(&format!("/coupons/{}", id(&coupon))).await;
        api.refused(Method::POST, "/promotion-codes", json!({"coupon_id": coupon["id"], "code": "LATE"})).await.says(400, "The coupon is not active");
        assert_eq!(api.page(Method::GET, "/promotion-codes", Value::Null).await.status, 403);
        api.app.stop().await;
    }

    async fn payment_links(engine: Engine) {
        let api = Api::start(engine).await;
        let body = json!({"productSlug": "handbook", "successUrl": "https://shop.example/thanks", "maxCompletions": 5, "metadata": {"ad": "1"}});
        let made = api.create("/payment-links", body).await;
        let url_id = made["url_id"].as_str().unwrap();
        assert!(url_id.len() == 15 && url_id.bytes().all(|b| b.is_ascii_alphanumeric()), "{url_id}");
        assert_eq!(made["url"], format!("{}/buy/{url_id}", api.app.app.recur.billing.config().public_url));
        assert_eq!((&made["product"]["slug"], &made["collect_payment_method"], &made["environment"]), (&json!("handbook"), &json!("always"), &json!("SANDBOX")));
        let path = format!("/payment-links/{}", id(&made));
        assert_eq!(api.get(&path).await, made);
        assert_eq!(api.get("/payment-links").await["data"], json!([made]));
        let changed = api.patch(&path, json!({"active": false, "max_completions": 9})).await;
        assert_eq!((&changed["active"], &changed["max_completions"], &changed["success_url"]), (&json!(false), &json!(9), &made["success_url"]));
        api.refused(Method::PATCH, &path, json!({"product_id": api.product("yearly")})).await.is(422, &["product_id"]);
        api.refused(Method::POST, "/payment-links", json!({})).await.says(400, "Missing required fields: productId");
        let wrong = json!({"product_id": "x", "success_url": "shop", "max_completions": 0, "collect_payment_method": "never"});
        api.refused(Method::POST, "/payment-links", wrong).await.is(422, &["collect_payment_method", "success_url", "max_completions"]);
        assert_eq!(api.call(Method::POST, "/payment-links", json!({"product_id": "x"})).await.status, 404);
        let code = json!({"product_slug": "handbook", "promotion_code": "nope"});
        api.refused(Method::POST, "/payment-links", code).await.says(400, "Promotion code 'NOPE' is not valid: Code not found");
        assert_eq!(api.page(Method::GET, "/payment-links", Value::Null).await.status, 403);
        api.app.stop().await;
    }

    async fn sales_and_refunds(engine: Engine) {
        let api = Api::start(engine).await;
        api.tick();
        let bought = api.buy("one_time", "mei@example.com").await;
        let order = api.get(&format!("/orders/{}", bought["order_id"].as_str().unwrap())).await;
        assert_eq!((&order["status"], &order["amount"], &order["billing_reason"]), (&json!("PAID"), &json!(590), &json!("PURCHASE")));
        let mine = api.get(&format!("/orders?customer_id={}", api.merchant.customer_id)).await;
        assert_eq!((ids(&mine).len(), ids(&mine)[0]), (2, id(&order)));
        assert!(ids(&api.get("/orders?customer_id=cus_nobody").await).is_empty());
        let charge = api.get(&format!("/charges/{}", id(&bought["charge"]))).await;
        assert_eq!((&charge["status"], &charge["amount"]), (&json!("SUCCEEDED"), &json!(590)));

        api.post("/test_clock/advance", json!({"by": "1mo1d"})).await;
        let subscription = api.merchant.subscription_id;
        let invoices = api.get(&format!("/invoices?subscription_id={subscription}")).await;
        assert_eq!((ids(&invoices).len(), &invoices["data"][0]["status"]), (1, &json!("PAID")));
        let invoice = api.get(&format!("/invoices/{}", ids(&invoices)[0])).await;
        assert_eq!(invoice, invoices["data"][0]);
        assert!(ids(&api.get("/invoices?customer_id=cus_nobody").await).is_empty());

        // Nothing of a payment can be given back before the gateway has captured it, at the end of the day.
        api.app.clock.advance(Duration::from_secs(24 * 3600));
        let refund = api.create("/refunds", json!({"order_id": order["id"], "amount": 90, "reason": "duplicate", "reason_detail": "twice"})).await;
        assert_eq!((&refund["amount"], &refund["original_amount"], &refund["reason"], &refund["charge_id"]),
            (&json!(90), &json!(590), &json!("DUPLICATE"), &charge["id"]));
        assert_eq!(refund["status"], "SUCCEEDED", "{refund}");
        assert_eq!(refund["refunded_amount"], 90);
        let path = format!("/refunds/{}", id(&refund));
        assert_eq!(api.get(&path).await, refund);
        api.refused(Method::POST, "/refunds", json!({"charge_id": charge["id"], "amount": 501})).await
            .says(400, "The refund exceeds what is left of the charge");
        api.tick();
        let rest = api.create("/refunds", json!({"charge_id": charge["id"]})).await;
        assert_eq!((&rest["amount"], &rest["reason"], &rest["order_id"]), (&json!(500), &json!("REQUESTED_BY_CUSTOMER"), &order["id"]));
        assert_eq!(ids(&api.get("/refunds").await), [id(&rest), id(&refund)]);
        let last = api.create("/refunds", json!({"invoiceId": invoice["id"], "cancelSubscription": true})).await;
        assert_eq!(last["subscription_id"], json!(subscription));
        assert_eq!(api.get(&format!("/subscriptions/{subscription}")).await["status"], "CANCELED");

        api.refused(Method::POST, "/refunds", json!({})).await.says(400, "Provide one of: order_id, invoice_id, charge_id");
        api.refused(Method::POST, "/refunds", json!({"order_id": order["id"], "amount": 0, "reason": "VERIFICATION"})).await
            .is(422, &["amount", "reason"]);
        for path in ["/orders/x", "/invoices/inv_1", "/charges/ch_1", "/refunds/re_1"] {
            assert_eq!(api.call(Method::GET, path, Value::Null).await.status, 404, "{path}");
        }
        for path in ["/orders", "/invoices", "/charges/x", "/refunds"] {
            assert_eq!(api.page(Method::GET, path, Value::Null).await.status, 403, "{path}");
        }
        api.app.stop().await;
    }

    async fn the_portal(engine: Engine) {
        let api = Api::start(engine).await;
        let who = json!({"email": "mei@example.com"});
        api.refused(Method::POST, "/portal/sessions", json!({})).await.says(400, "Provide one of: customer_id, external_id, email");
        api.refused(Method::POST, "/portal/sessions", who.clone()).await
            .says(400, "Provide return_url, or set a default in the portal configuration");
        let before = api.get("/portal/configuration").await;
        assert_eq!((&before["return_url"], &before["allow_cancel"], &before["allow_payment_update"]), (&Value::Null, &json!(true), &json!(true)));
        let change = json!({"return_url": "https://shop.example/account", "allow_cancel": false, "accent_color": "#AABBCC"});
        let after = api.patch("/portal/configuration", change).await;
        assert_eq!((&after["allow_cancel"], &after["allow_plan_change"], &after["accent_color"]), (&json!(false), &json!(true), &json!("#aabbcc")));
        assert_eq!(api.get("/portal/configuration").await, after);
        api.refused(Method::PATCH, "/portal/configuration", json!({"accent_color": "red", "logo_url": "x"})).await.is(422, &["logo_url", "accent_color"]);

        let made = api.create("/portal/sessions", who).await;
        assert!(made["url"].as_str().unwrap().contains("/portal/s/ps_"), "{made}");
        let id = id(&made).to_owned();
        for (snake, camel) in [("customer_id", "customerId"), ("return_url", "returnUrl"), ("expires_at", "expiresAt"),
            ("accessed_at", "accessedAt"), ("created_at", "createdAt")] {
            assert_eq!(made[snake], made[camel]);
            assert!(made.get(snake).is_some());
        }
        assert_eq!((&made["status"], &made["customer_id"], &made["return_url"]),
            (&json!("active"), &json!(api.merchant.customer_id), &json!("https://shop.example/account")));
        // By whichever name; the id counts before all else.
        for body in [json!({"customer": api.merchant.customer_id}), json!({"customerId": api.merchant.customer_id, "email": "other@example.com"}),
            json!({"external_id": "user_1", "returnUrl": "https://shop.example/x", "locale": "zh-tw"})] {
            assert_eq!(api.create("/portal/sessions", body).await["customerId"], made["customerId"]);
        }
        for body in [json!({"customer_id": "cus_nobody"}), json!({"email": "nobody@example.com"}), json!({"email": "mei@example.com", "configurationId": "x"})] {
            assert_eq!(api.call(Method::POST, "/portal/sessions", body).await.status, 404);
        }
        api.refused(Method::POST, "/portal/sessions", json!({"email": "x", "return_url": "x", "locale": "fr"})).await
            .is(422, &["email", "return_url", "locale"]);

        let path = format!("/portal/sessions/{id}");
        let seen = api.get(&path).await;
        assert_eq!((&seen["status"], &seen["url"]), (&json!("active"), &Value::Null));
        assert_eq!(api.post(&format!("{path}/revoke"), json!({})).await["status"], "revoked");
        assert_eq!(api.get(&path).await["status"], "revoked");
        assert_eq!(api.call(Method::GET, "/portal/sessions/x", Value::Null).await.status, 404);
        for path in ["/portal/configuration", &path] {
            assert_eq!(api.page(Method::GET, path, Value::Null).await.status, 403);
        }
        api.app.stop().await;
    }

    async fn webhooks_are_sent(engine: Engine) {
        let app = TestApp::with(engine, |config| config.webhooks.reach = webhooks::Reach::AllowPrivate).await;
        let api = Api::over(app).await;
        let consumer = Consumer::start().await;
        let body = json!({"url": consumer.url, "events": ["customer.created", "product.created"]});
        let made = api.create("/webhook-endpoints", body).await;
        let secret = kernel::Secret::new(made["secret"].as_str().unwrap().to_owned());
        let path = format!("/webhook-endpoints/{}", id(&made));
        assert!(path.contains("/we_"), "{path}");

        api.create("/customers", json!({"email": "new@example.com"})).await;
        api.patch(&format!("/customers/{}", api.merchant.customer_id), json!({"name": "Mei"})).await;
        api.app.run_jobs().await;
        let received = consumer.take();
        assert_eq!(received.len(), 1);
        let (signature, text) = &received[0];
        assert_eq!(*signature, webhooks::sign(&secret, text.as_bytes()));
        let event: Value = serde_json::from_str(text).unwrap();
        assert_eq!((&event["type"], &event["data"]["status"]), (&json!("customer.created"), &json!("active")));

        let deliveries = api.get(&format!("{path}/deliveries?status=succeeded")).await;
        assert_eq!((ids(&deliveries).len(), &deliveries["data"][0]["event_id"]), (1, &event["id"]));
        let delivery = format!("/webhook-deliveries/{}", ids(&deliveries)[0]);
        let one = api.get(&delivery).await;
        assert_eq!((&one["attempts"][0]["response_status"], &one["attempts"][0]["response_body"], &one["request_body"]), (&json!(200), &json!("thanks"), &json!(text)));
        assert!(ids(&api.get(&format!("{path}/deliveries?status=failed")).await).is_empty());
        let shown = api.get(&path).await;
        assert_eq!((&shown["deliveries"]["succeeded"], &shown["secret"]), (&json!(1), &Value::Null));

        // Once more, in capitals, signed with another secret.
        let rotated = api.post(&format!("{path}/rotate-secret"), json!({})).await;
        assert_ne!(rotated["secret"], made["secret"]);
        assert_eq!(api.patch(&path, json!({"upper_case": true})).await["upper_case"], true);
        assert_eq!(api.post(&format!("{delivery}/resend"), json!({})).await["status"], "pending");
        api.app.run_jobs().await;
        let again: Value = serde_json::from_str(&consumer.take()[0].1).unwrap();
        assert_eq!((&again["id"], &again["data"]["status"]), (&event["id"], &json!("ACTIVE")));

        let test = api.create(&format!("{path}/test"), json!({"type": "order.paid"})).await;
        assert_eq!((&test["event_type"], &test["status"]), (&json!("order.paid"), &json!("pending")));
        api.app.run_jobs().await;
        assert_eq!(consumer.take().len(), 1);
        let both = api.get(&format!("{path}/deliveries?limit=1")).await;
        assert_eq!((ids(&both), &both["has_more"]), (vec![id(&test)], &json!(true)));
        let next = api.get(&format!("{path}/deliveries?limit=1&starting_after={}", id(&test))).await;
        assert_eq!(ids(&next), ids(&deliveries));

        assert_eq!(api.patch(&path, json!({"enabled": false})).await["disabled_reason"], "owner");
        for path in [format!("{path}/test"), format!("{delivery}/resend")] {
            api.refused(Method::POST, &path, json!({})).await.says(400, "The webhook endpoint is disabled");
        }
        assert_eq!(api.patch(&path, json!({"enabled": true, "events": ["*"]})).await["events"], json!(["*"]));
        assert_eq!(api.delete(&path).await["deleted"], true);
        for path in [path, delivery] {
            assert_eq!(api.call(Method::GET, &path, Value::Null).await.status, 404);
        }
        api.app.stop().await;
    }

    async fn what_webhook_endpoints_cannot_be(engine: Engine) {
        let api = Api::start(engine).await;
        let all = api.create("/webhook-endpoints", json!({"url": "https://hooks.example.com/x"})).await;
        assert_eq!((&all["events"], &all["enabled"], &all["upper_case"]), (&json!(["*"]), &json!(true), &json!(false)));
        assert_eq!(ids(&api.get("/webhook-endpoints").await), [id(&all)]);
        api.refused(Method::POST, "/webhook-endpoints", json!({})).await.says(400, "Missing required fields: url");
        for url in ["http://hooks.example.com", "https://127.0.0.1/x", "https://user:word@example.com", "nothing"] {
            let refused = api.refused(Method::POST, "/webhook-endpoints", json!({"url": url})).await;
            refused.is(422, &["url"]);
        }
        let wrong = json!({"url": "https://hooks.example.com/x", "events": ["order.paid", "order.eaten"], "upper_case": "loud"});
        api.refused(Method::POST, "/webhook-endpoints", wrong).await.is(422, &["events[1]", "upper_case"]);
        api.refused(Method::PATCH, &format!("/webhook-endpoints/{}", id(&all)), json!({"events": []})).await.is(422, &["events"]);
        for path in ["/webhook-endpoints/we_1", "/webhook-endpoints/we_00000000000000000000000000/deliveries", "/webhook-deliveries/whd_1"] {
            assert_eq!(api.call(Method::GET, path, Value::Null).await.status, 404, "{path}");
        }
        assert_eq!(api.page(Method::GET, "/webhook-endpoints", Value::Null).await.status, 403);
        for _ in 1..32 {
            api.create("/webhook-endpoints", json!({"url": "https://hooks.example.com/x"})).await;
        }
        api.refused(Method::POST, "/webhook-endpoints", json!({"url": "https://hooks.example.com/x"})).await.is(422, &["url"]);
        api.app.stop().await;
    }

    async fn events_can_be_read_and_followed(engine: Engine) {
        let api = Api::start(engine).await;
        let newest = api.get("/events?limit=2").await;
        assert_eq!((&newest["data"][0]["type"], &newest["has_more"]), (&json!("checkout.completed"), &json!(true)));
        let one = format!("/events/{}", ids(&newest)[0]);
        assert_eq!(api.get(&one).await, newest["data"][0]);
        let older = api.get(&format!("/events?starting_after={}", ids(&newest)[1])).await;
        let mut all: Vec<&str> = ids(&newest);
        all.extend(ids(&older));
        all.reverse();

        let followed = api.get("/events?after=&limit=3").await;
        assert_eq!((ids(&followed), &followed["has_more"]), (all[..3].to_vec(), &json!(true)));
        let rest = api.get(&format!("/events?limit=100&after={}", all[2])).await;
        assert_eq!((ids(&rest), &rest["has_more"]), (all[3..].to_vec(), &json!(false)));
        // Who waits is answered as soon as something happens.
        let wait = format!("/events?wait=25&after={}", all[all.len() - 1]);
        let (waited, made) = tokio::join!(api.get(&wait), async {
            tokio::task::yield_now().await;
            api.create("/customers", json!({"email": "new@example.com"})).await
        });
        assert_eq!((ids(&waited).len(), &waited["data"][0]["data"]["id"]), (1, &made["id"]));
        assert!(ids(&api.get(&format!("/events?wait=0&after={}", ids(&waited)[0])).await).is_empty());
        api.refused(Method::GET, "/events?wait=26", Value::Null).await.is(422, &["wait"]);
        for path in ["/events/evt_1", "/events?after=evt_1", "/events?starting_after=evt_1"] {
            assert_eq!(api.call(Method::GET, path, Value::Null).await.status, 404, "{path}");
        }
        assert_eq!(api.page(Method::GET, "/events", Value::Null).await.status, 403);
        api.app.stop().await;
    }

    async fn api_keys(engine: Engine) {
        let api = Api::start(engine).await;
        api.tick();
        let made = api.create("/api-keys", json!({"type": "SECRET", "name": "ci", "expires_at": "2026-06-03T00:00:00Z"})).await;
        let key = made["key"].as_str().unwrap().to_owned();
        assert!(key.starts_with("sk_test_"), "{key}");
        assert_eq!((&made["type"], &made["environment"], &made["manages_keys"]), (&json!("SECRET"), &json!("SANDBOX"), &json!(false)));
        let listed = api.get("/api-keys").await;
        assert_eq!((ids(&listed).len(), ids(&listed)[0], &listed["data"][0]["key"]), (3, id(&made), &Value::Null));
        // It works, but makes no keys and takes none away.
        let path = format!("/v1/api-keys/{}", id(&made));
        assert_eq!(api.app.recur(Method::GET, "/v1/orders", &key, Value::Null).await.status, 200);
        for (method, path) in [(Method::POST, "/v1/api-keys"), (Method::DELETE, path.as_str())] {
            let answer = api.app.recur(method, path, &key, json!({"type": "SECRET"})).await;
            Refused::of(&answer).says(403, "This API key is not allowed to do this");
        }
        assert!(!api.delete(&path["/v1".len()..]).await["revoked_at"].is_null());
        Refused::of(&api.app.recur(Method::GET, "/v1/orders", &key, Value::Null).await).says(401, "API key has been revoked");

        let publishable = api.create("/api-keys", json!({"type": "publishable"})).await;
        assert!(publishable["key"].as_str().unwrap().starts_with("pk_test_"));
        api.refused(Method::POST, "/api-keys", json!({})).await.says(400, "Missing required fields: type");
        let wrong = json!({"type": "PUBLISHABLE", "expires_at": "2026-06-01T00:00:00Z", "manages_keys": true});
        api.refused(Method::POST, "/api-keys", wrong).await.is(422, &["expires_at", "manages_keys"]);
        assert_eq!(api.call(Method::DELETE, "/api-keys/key_1", Value::Null).await.status, 404);
        assert_eq!(api.page(Method::GET, "/api-keys", Value::Null).await.status, 403);
        api.app.stop().await;
    }

    async fn the_test_clock(engine: Engine) {
        let api = Api::start(engine).await;
        let clock = api.get("/test_clock").await;
        assert_eq!(clock, json!({"object": "test_clock", "now": "2026-06-02T04:30:00.000Z", "real_now": "2026-06-02T04:30:00.000Z", "offset_seconds": 0}));
        let moved = api.post("/test_clock/advance", json!({"by": "32d"})).await;
        assert_eq!((&moved["from"], &moved["now"], &moved["reached"], &moved["count"]), (&clock["now"], &json!("2026-07-04T04:30:00.000Z"), &json!(true), &json!(1)));
        assert_eq!(moved["happened"], json!([{"at": "2026-07-02T04:30:00.000Z", "object": api.merchant.subscription_id, "what": "renewal", "charge": "paid"}]));
        assert_eq!(api.get("/test_clock").await["offset_seconds"], 32 * 86_400);
        let moved = api.post("/test_clock/advance", json!({"to": "2026-07-05T00:00:00+08:00"})).await;
        assert_eq!(moved["now"], "2026-07-04T16:00:00.000Z");
        api.refused(Method::POST, "/test_clock/advance", json!({})).await.says(400, "Provide one of: by, to");
        api.refused(Method::POST, "/test_clock/advance", json!({"to": "2026-07-01T00:00:00Z"})).await.says(400, "The clock can only be moved forward");
        for body in [json!({"by": "soon"}), json!({"by": "0d"}), json!({"by": "51y"}), json!({"by": 32}), json!({"to": "9999-01-01T00:00:00Z"}), json!({"to": "tomorrow"})] {
            let field = body.as_object().unwrap().keys().next().unwrap().clone();
            api.refused(Method::POST, "/test_clock/advance", body).await.is(422, &[&field]);
        }
        assert_eq!(api.page(Method::GET, "/test_clock", Value::Null).await.status, 403);

        let billing = &api.app.app.recur.billing;
        let made = billing.create_merchant("Live").await.unwrap();
        let key = billing.create_key(made.live, billing::model::KeyKind::Secret, "live", false, None).await.unwrap();
        let key = key.secret.expose();
        for (method, path) in [(Method::GET, "/v1/test_clock"), (Method::POST, "/v1/test_clock/advance")] {
            Refused::of(&api.app.recur(method, path, key, json!({"by": "1d"})).await).says(403, "This is available in the sandbox only");
        }
        api.app.stop().await;
    }

    async fn a_card_form_that_stands_alone(engine: Engine) {
        let api = Api::start(engine).await;
        let confirm = async |body: Value| {
            let key = api.merchant.publishable_key.expose();
            api.app.recur(Method::POST, "/api/v1/elements/confirm", key, body).await
        };
        Refused::of(&confirm(json!({})).await).says(400, "Missing required fields: sessionId, productId, email");
        let session = api.checkout("monthly", None, GOOD_CARD).await;
        let body = json!({"sessionId": session, "productId": api.product("monthly"), "email": "new@example.com", "name": "Wang",
            "phone": "0912345678", "externalCustomerId": "u-9", "metadata": {"seat": 4}});
        let paid = done(confirm(body.clone()).await, 200);
        assert_eq!((&paid["status"], &paid["subscription"]["status"], &paid["charge"]["amount"]), (&json!("succeeded"), &json!("ACTIVE"), &json!(299)));
        assert_eq!(paid["subscription"]["metadata"], json!({"seat": 4}));
        let customer = api.get(&format!("/customers/{}", paid["subscription"]["customer_id"].as_str().unwrap())).await;
        assert_eq!((&customer["email"], &customer["external_id"], &customer["name"]), (&json!("new@example.com"), &json!("u-9"), &json!("Wang")));
        // Once more: answered the same, and no money is taken.
        assert_eq!(done(confirm(body).await, 200), paid);
        let other = json!({"sessionId": session, "productId": api.product("yearly"), "email": "new@example.com"});
        Refused::of(&confirm(other).await).is(422, &["productId"]);

        // A second subscription is refused before money moves.
        let session = api.checkout("monthly", None, GOOD_CARD).await;
        let body = json!({"sessionId": session, "productId": api.product("monthly"), "email": "new@example.com"});
        Refused::of(&confirm(body).await).says(409, "Customer already has an active subscription to this product");
        let session = api.checkout("one_time", None, POOR_CARD).await;
        let body = json!({"sessionId": session, "productId": api.product("one_time"), "email": "poor@example.com"});
        let declined = confirm(body).await;
        assert_eq!((declined.status, &declined.json()["error"]["details"][0]["failure_code"]), (402, &json!("INSUFFICIENT_FUNDS")));
        let body = json!({"sessionId": session, "productId": api.product("one_time"), "email": "rich@example.com"});
        Refused::of(&confirm(body).await).is(422, &["email"]);
        for (session, product) in [("chk_1", "monthly"), ("chk_00000000000000000000000000", "monthly")] {
            let body = json!({"sessionId": session, "productId": api.product(product), "email": "new@example.com"});
            assert_eq!(confirm(body).await.status, 404);
        }
        api.app.stop().await;
    }

    async fn nothing_that_is_sent_is_our_fault(engine: Engine) {
        let app = TestApp::with(engine, |config| config.billing.sandbox_rate_limit = None).await;
        let api = Api::over(app).await;
        let long = "x".repeat(3000);
        let junk = [json!(""), json!(" "), json!("\u{0}"), json!("\u{202e}方案"), json!(long), json!(-1), json!(0), json!(1.5), json!(i64::MAX),
            json!(u64::MAX), json!(true), json!([]), json!([null]), json!([""]), json!(["\u{0}"]), json!({}), json!({"\u{0}": "\u{0}"}), json!("9999-12-31T23:59:59Z")];
        let coupon = api.create("/coupons", json!({"name": "x", "discount_type": "FIXED_AMOUNT", "discount_amount": 1})).await;
        let customer = format!("/customers/{}", api.merchant.customer_id);
        let coupons = format!("/coupons/{}", id(&coupon));
        let products = format!("/products/{}", api.product("monthly"));
        let deduct = format!("{customer}/credits/deduct");
        let bodies = [
            (Method::POST, "/products", json!({"name": "x", "slug": "s", "description": "d", "price": 30, "type": "SUBSCRIPTION", "billing_period": "MONTHLY",
                "trial_days": 1, "grace_period_days": 3, "retry_days": [1], "metadata": {}, "product_family": "f", "display_order": 1, "active": true})),
            (Method::POST, "/products", json!({"name": "y", "price": 30, "type": "CREDITS", "credits": 1})),
            (Method::POST, "/products", json!({"name": "y", "price": 30, "interval": "month", "interval_count": 1})),
            (Method::PATCH, products.as_str(), json!({"name": "x", "price": 30, "interval": "year", "interval_count": 1, "slug": "t", "retry_days": [1]})),
            (Method::POST, "/customers", json!({"email": "j@example.com", "name": "x", "external_id": "y", "metadata": {}})),
            (Method::PATCH, customer.as_str(), json!({"name": "x", "external_id": "z", "status": "ACTIVE", "metadata": {}})),
            (Method::POST, deduct.as_str(), json!({"amount": 1, "description": "x"})),
            (Method::POST, "/coupons", json!({"name": "x", "discount_type": "PERCENTAGE", "discount_amount": 1, "duration": "REPEATING", "duration_months": 1,
                "bonus_trial_days": 1, "bonus_months": 1, "minimum_amount": 1, "product_ids": [], "metadata": {}})),
            (Method::PATCH, coupons.as_str(), json!({"name": "x", "active": true, "metadata": {}})),
            (Method::POST, "/promotion-codes", json!({"coupon_id": coupon["id"], "code": "JUNK", "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z",
                "max_redemptions": 1, "max_redemptions_per_customer": 1, "minimum_amount": 1, "customer_eligibility": "ALL",
                "restricted_to_customer_id": api.merchant.customer_id, "active": true, "metadata": {}})),
            (Method::POST, "/promotion-codes/validate", json!({"code": "X", "product_id": "x", "customer_email": "a@example.com"})),
            (Method::POST, "/payment-links", json!({"product_slug": "handbook", "promotion_code": "X", "success_url": "https://shop.example", "max_completions": 1,
                "collect_payment_method": "always", "metadata": {}})),
            (Method::POST, "/refunds", json!({"order_id": "x", "amount": 1, "reason": "OTHER", "reason_detail": "x", "cancel_subscription": false})),
            (Method::POST, "/portal/sessions", json!({"customer": "x", "email": "mei@example.com", "external_id": "x", "return_url": "https://shop.example",
                "locale": "en", "configuration_id": "default"})),
            (Method::PATCH, "/portal/configuration", json!({"return_url": "https://shop.example", "allow_cancel": true, "logo_url": "https://shop.example/x", "accent_color": "#123456"})),
            (Method::POST, "/webhook-endpoints", json!({"url": "https://hooks.example.com", "events": ["order.paid"], "upper_case": true})),
            (Method::POST, "/api-keys", json!({"type": "SECRET", "name": "x", "expires_at": "2027-01-01T00:00:00Z", "manages_keys": false})),
            (Method::POST, "/test_clock/advance", json!({"by": "1s"})),
            (Method::POST, "/test_clock/advance", json!({"to": "2026-06-03T00:00:00Z"})),
            (Method::POST, "/elements/confirm", json!({"sessionId": "x", "productId": "x", "email": "a@example.com", "metadata": {}, "successUrl": "https://shop.example"})),
        ];
        for (method, path, body) in &bodies {
            for name in body.as_object().unwrap().keys() {
                for value in &junk {
                    let mut body = body.clone();
                    body[name] = value.clone();
                    let answer = api.call(method.clone(), path, body).await;
                    assert!(answer.status < 500, "{method} {path} {name}={value}: {}", answer.text);
                }
            }
        }
        for path in ["products", "customers", "coupons", "promotion-codes", "payment-links", "orders", "invoices", "charges", "refunds",
            "portal/sessions", "webhook-endpoints", "webhook-deliveries", "events"] {
            for part in ["%00", "%ff", "%20", "..", "%F0%9F%92%A9", &long] {
                let answer = api.call(Method::GET, &format!("/{path}/{part}"), Value::Null).await;
                assert!((400..500).contains(&answer.status), "{path} {part}: {}", answer.text);
                let answer = api.call(Method::GET, &format!("/{path}?limit={part}&starting_after={part}&after={part}&customer_id={part}&email={part}"), Value::Null).await;
                assert!(answer.status < 500, "{path} {part}: {}", answer.text);
            }
        }
        api.app.stop().await;
    }

    async fn what_may_be_absent_can_be_said_to_be(engine: Engine) {
        let api = Api::start(engine).await;
        let link = json!({"product_slug": "handbook", "max_completions": 5, "success_url": "https://shop.example/ok"});
        let link = api.call(Method::POST, "/payment-links", link).await.json();
        let path = format!("/payment-links/{}", link["id"].as_str().unwrap());
        let kept = api.call(Method::PATCH, &path, json!({"active": false})).await.json();
        assert_eq!((&kept["max_completions"], &kept["active"]), (&json!(5), &json!(false)));
        let cleared = api.call(Method::PATCH, &path, json!({"maxCompletions": null, "success_url": null})).await.json();
        assert_eq!((&cleared["max_completions"], &cleared["success_url"]), (&Value::Null, &Value::Null), "{cleared}");
        api.app.stop().await;
    }

    async fn creation_happens_once_for_each_key(engine: Engine) {
        let api = Api::start(engine).await;
        let create = async |path: &str, body: &Value| {
            let request = api.app.request(Method::POST, &format!("/v1{path}"));
            let request = request.bearer_auth(api.merchant.secret_key.expose()).header("idempotency-key", path);
            api.app.send(request.json(body)).await
        };
        for (path, body) in [
            ("/products", json!({"name": "x", "price": 30})),
            ("/customers", json!({"email": "once@example.com"})),
            ("/coupons", json!({"name": "x", "discount_type": "FIXED_AMOUNT", "discount_amount": 1})),
            ("/payment-links", json!({"product_slug": "handbook"})),
            ("/webhook-endpoints", json!({"url": "https://hooks.example.com"})),
            ("/portal/sessions", json!({"email": "mei@example.com", "return_url": "https://shop.example"})),
            ("/api-keys", json!({"type": "SECRET"})),
        ] {
            let (first, second) = (create(path, &body).await, create(path, &body).await);
            assert_eq!((first.status, second.status), (201, 201), "{path}: {}", first.text);
            // What is shown once is not kept to be shown again.
            let mut again = first.json();
            for secret in ["key", "secret"] {
                if let Some(value) = again.get_mut(secret) {
                    *value = Value::Null;
                }
            }
            assert_eq!(again, second.json());
            assert_eq!(second.headers["idempotent-replayed"], "true");
            assert_eq!(create(path, &json!({"email": "another"})).await.status, 409, "{path}");
        }
        api.app.stop().await;
    }
}

/// Who is told; it thanks for everything.
struct Consumer {
    url: String,
    received: Arc<Mutex<Vec<(String, String)>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Consumer {
    async fn start() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&received);
        let take = move |headers: http::HeaderMap, body: String| {
            let signature = headers["x-recur-signature"].to_str().unwrap().to_owned();
            keep.lock().unwrap().push((signature, body));
            std::future::ready("thanks")
        };
        let router = axum::Router::new().route("/", axum::routing::post(take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            received,
            server,
        }
    }

    /// Signature and body of everything since the last time.
    fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.server.abort();
    }
}
