//! The OpenAPI document of subscription billing against the real server: what it answers fits what is described.

use crate::support::{Answer, Engine, TestApp, both};
use reqwest::Method;
use serde_json::{Value, json};
use tallystick::scenario::Scenario;
use tallystick::seed::recur::Merchant;
use testkit::schema::check;

/// The answers of a server, each checked against the document.
struct Checked<'a> {
    app: &'a TestApp,
    document: Value,
    key: String,
    /// What was called: operation ids.
    called: Vec<String>,
    wrong: Vec<String>,
}

impl Checked<'_> {
    async fn get(&mut self, path: &str) -> Value {
        self.call(Method::GET, path, Value::Null).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, body).await
    }

    /// The answer, whatever it is; what is wrong with it is noted.
    async fn call(&mut self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.app.recur(method.clone(), path, &self.key, body).await;
        self.note(&method, path, &answer);
        answer.json()
    }

    fn note(&mut self, method: &Method, path: &str, answer: &Answer) {
        let name = format!("{method} {path} {}", answer.status);
        let Some(operation) = billing::face::operation(method.as_str(), path) else {
            return self.wrong.push(format!("{name}: not described"));
        };
        let described =
            &self.document["paths"][operation.path][operation.method.to_ascii_lowercase()];
        self.called
            .push(described["operationId"].as_str().unwrap().to_owned());
        let response = &described["responses"][answer.status.to_string()];
        if response.is_null() {
            return self
                .wrong
                .push(format!("{name}: no such status; {}", answer.text));
        }
        let body = answer.json();
        if let Some(code) = body["error"]["code"].as_str()
            && !billing::face::lists(method.as_str(), path, code)
        {
            self.wrong.push(format!("{name}: {code} is not listed"));
        }
        let schema = &response["content"]["application/json"]["schema"];
        if let Err(why) = check(&self.document, schema, &body) {
            self.wrong.push(format!("{name}: {why}"));
        }
    }
}

fn id(object: &Value) -> String {
    object["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{object} has no id"))
        .to_owned()
}

async fn sell(server: &mut Checked<'_>, merchant: &Merchant) -> [String; 2] {
    let product = merchant.product("monthly").unwrap();
    let pages = json!({"product_id": product, "success_url": "https://shop.example/{CHECKOUT_SESSION_ID}", "cancel_url": "https://shop.example/no"});
    let session = server.post("/v1/checkout/sessions", pages).await;
    server
        .get(&format!("/v1/checkout/sessions/{}", id(&session)))
        .await;
    server.get("/v1/checkout/sessions/cs_nobody").await;
    server
        .post("/v1/checkout/sessions", json!({"customerEmail": "nobody"}))
        .await;
    let begun = server.post("/v1/checkouts", json!({"productId": product, "customerEmail": "new@example.com", "customerName": "New"})).await;
    let (checkout, secret) = (
        id(&begun["checkout"]),
        begun["checkout"]["client_secret"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    server
        .post(
            "/v1/checkouts",
            json!({"productId": product, "customerEmail": merchant.email}),
        )
        .await;
    server
        .post(
            &format!("/v1/checkouts/{checkout}/coupon"),
            json!({"code": "NOTHING"}),
        )
        .await;
    server
        .call(
            Method::DELETE,
            &format!("/v1/checkouts/{checkout}/coupon"),
            Value::Null,
        )
        .await;
    let refreshed = server
        .post(
            &format!("/v1/checkouts/{checkout}/refresh-token"),
            json!({"client_secret": secret}),
        )
        .await;
    let typed = server
        .app
        .app
        .recur
        .gateway
        .type_card(refreshed["sdk_token"].as_str().unwrap(), "4147631000000001")
        .await;
    assert!(typed.unwrap());
    server
        .get(&format!("/v1/checkouts/{checkout}?client_secret={secret}"))
        .await;
    server
        .post(&format!("/v1/checkouts/{checkout}/pay"), json!({}))
        .await;
    server
        .get(&format!("/v1/checkouts/{checkout}?client_secret={secret}"))
        .await;
    server
        .get(&format!(
            "/v1/checkouts/{checkout}/status?client_secret={secret}"
        ))
        .await;
    server
        .get(&format!("/v1/checkouts/{checkout}?client_secret=other"))
        .await;
    server
        .post(
            "/v1/subscriptions",
            json!({"product_slug": "studio", "customer_email": "third@example.com"}),
        )
        .await;
    server
        .post(
            "/v1/elements/confirm",
            json!({"sessionId": checkout, "productId": product, "email": "new@example.com"}),
        )
        .await;
    server.post("/v1/elements/confirm", json!({})).await;
    [checkout, secret]
}

async fn keep(server: &mut Checked<'_>, merchant: &Merchant) {
    let (customer, subscription) = (merchant.customer_id, merchant.subscription_id);
    server.get("/v1/products").await;
    server.get("/v1/products?type=nothing").await;
    server.get("/v1/products/pro-monthly").await;
    let product = server
        .post(
            "/v1/products",
            json!({"name": "Team", "price": 990, "billing_period": "MONTHLY", "trial_days": 7}),
        )
        .await;
    server
        .post("/v1/products", json!({"name": "Team", "price": 20}))
        .await;
    server
        .call(
            Method::PATCH,
            &format!("/v1/products/{}", id(&product)),
            json!({"price": 1990}),
        )
        .await;
    server.get("/v1/customers?limit=1").await;
    server.get("/v1/customers?limit=1000").await;
    let made = server
        .post(
            "/v1/customers",
            json!({"email": "made@example.com", "metadata": {"a": 1}}),
        )
        .await;
    server
        .post("/v1/customers", json!({"email": "made@example.com"}))
        .await;
    server.get(&format!("/v1/customers/{}", id(&made))).await;
    server
        .call(
            Method::PATCH,
            &format!("/v1/customers/{}", id(&made)),
            json!({"email": "x@example.com"}),
        )
        .await;
    server
        .post(
            &format!("/v1/customers/{}", id(&made)),
            json!({"name": "Made"}),
        )
        .await;
    server
        .get(&format!(
            "/v1/customers/entitlements?customer_id={customer}"
        ))
        .await;
    server
        .get("/v1/customers/entitlements?email=nobody@example.com")
        .await;
    server.get("/v1/customers/entitlements").await;
    server
        .get(&format!("/v1/customers/{customer}/credits"))
        .await;
    server
        .post(
            &format!("/v1/customers/{customer}/credits/deduct"),
            json!({"amount": 5}),
        )
        .await;
    server.get("/v1/subscriptions").await;
    server
        .get(&format!(
            "/v1/subscriptions?customer_id={customer}&active=true"
        ))
        .await;
    server
        .get(&format!("/v1/subscriptions/{subscription}"))
        .await;
    let steps = format!("/v1/subscriptions/{subscription}");
    server
        .post(
            &format!("{steps}/switch/preview"),
            json!({"target_product_slug": "pro-yearly"}),
        )
        .await;
    server
        .post(
            &format!("{steps}/switch"),
            json!({"target_product_slug": "pro-yearly"}),
        )
        .await;
    server
        .post(
            &format!("{steps}/switch"),
            json!({"target_product_slug": "pro-monthly"}),
        )
        .await;
    server.post(&format!("{steps}/switch"), json!({})).await;
    server.get(&steps).await;
    server
        .call(Method::DELETE, &format!("{steps}/schedule"), Value::Null)
        .await;
    server
        .call(Method::DELETE, &format!("{steps}/schedule"), Value::Null)
        .await;
    server.post(&format!("{steps}/pause"), json!({})).await;
    server.post(&format!("{steps}/resume"), json!({})).await;
    server
        .post(&format!("{steps}/cancel"), json!({"reason": "test"}))
        .await;
    server.post(&format!("{steps}/cancel"), json!({})).await;
    server
        .get(&format!(
            "/v1/customers/entitlements?customer_id={customer}"
        ))
        .await;
    server.call(Method::DELETE, &steps, Value::Null).await;
    let orders = server
        .get(&format!("/v1/orders?customer_id={customer}"))
        .await;
    let order = id(&orders["data"][0]);
    server.get(&format!("/v1/orders/{order}")).await;
    let invoices = server
        .get(&format!("/v1/invoices?subscription_id={subscription}"))
        .await;
    server
        .get(&format!("/v1/invoices/{}", id(&invoices["data"][0])))
        .await;
    let refund = server
        .post("/v1/refunds", json!({"order_id": order, "amount": 100}))
        .await;
    server.post("/v1/refunds", json!({})).await;
    server.get("/v1/refunds").await;
    server.get(&format!("/v1/refunds/{}", id(&refund))).await;
    server
        .get(&format!(
            "/v1/charges/{}",
            refund["charge_id"].as_str().unwrap()
        ))
        .await;
}

async fn promote(server: &mut Checked<'_>, [checkout, _]: &[String; 2]) {
    let rule = json!({"name": "New year", "discount_type": "PERCENTAGE", "discount_amount": 20, "duration": "REPEATING", "duration_months": 3});
    let coupon = id(&server.post("/v1/coupons", rule).await);
    server
        .post(
            "/v1/coupons",
            json!({"name": "No", "discount_type": "PERCENTAGE", "discount_amount": 120}),
        )
        .await;
    server.get("/v1/coupons").await;
    server.get(&format!("/v1/coupons/{coupon}")).await;
    server
        .call(
            Method::PATCH,
            &format!("/v1/coupons/{coupon}"),
            json!({"discount_amount": 30}),
        )
        .await;
    let code = server
        .post(
            "/v1/promotion-codes",
            json!({"coupon_id": coupon, "code": "SAVE20"}),
        )
        .await;
    let code = id(&code["data"]);
    server
        .post(
            "/v1/promotion-codes",
            json!({"coupon_id": coupon, "code": "SAVE20"}),
        )
        .await;
    server
        .post(
            "/v1/promotion-codes/validate",
            json!({"code": "SAVE20", "product_slug": "pro-monthly"}),
        )
        .await;
    server
        .post(
            "/v1/promotion-codes/validate",
            json!({"code": "NO", "product_slug": "pro-monthly"}),
        )
        .await;
    server.get("/v1/promotion-codes").await;
    server.get(&format!("/v1/promotion-codes/{code}")).await;
    let session = json!({"product_slug": "handbook", "success_url": "https://shop.example/", "promotion_code": "SAVE20"});
    let session = server.post("/v1/checkout/sessions", session).await;
    let open = session["checkout_id"].as_str().unwrap();
    server
        .post(
            &format!("/v1/checkouts/{open}/coupon"),
            json!({"code": "SAVE20"}),
        )
        .await;
    server
        .get(&format!("/v1/promotion-codes/{code}/redemptions"))
        .await;
    server
        .call(
            Method::DELETE,
            &format!("/v1/checkouts/{open}/coupon"),
            Value::Null,
        )
        .await;
    server
        .post(
            &format!("/v1/checkouts/{checkout}/coupon"),
            json!({"code": "SAVE20"}),
        )
        .await;
    server
        .call(
            Method::PATCH,
            &format!("/v1/promotion-codes/{code}"),
            json!({"max_redemptions": 5}),
        )
        .await;
    server
        .call(
            Method::DELETE,
            &format!("/v1/promotion-codes/{code}"),
            Value::Null,
        )
        .await;
    server
        .call(
            Method::DELETE,
            &format!("/v1/coupons/{coupon}"),
            Value::Null,
        )
        .await;
    let link = server
        .post(
            "/v1/payment-links",
            json!({"productSlug": "handbook", "successUrl": "https://shop.example/"}),
        )
        .await;
    server.get("/v1/payment-links").await;
    server
        .get(&format!("/v1/payment-links/{}", id(&link)))
        .await;
    server
        .call(
            Method::PATCH,
            &format!("/v1/payment-links/{}", id(&link)),
            json!({"active": false}),
        )
        .await;
}

async fn tell(server: &mut Checked<'_>, merchant: &Merchant) {
    let session =
        json!({"customer_id": merchant.customer_id, "return_url": "https://shop.example/account"});
    let session = server.post("/v1/portal/sessions", session).await;
    server
        .post("/v1/portal/sessions", json!({"email": merchant.email}))
        .await;
    server
        .get(&format!("/v1/portal/sessions/{}", id(&session)))
        .await;
    server
        .post(
            &format!("/v1/portal/sessions/{}/revoke", id(&session)),
            json!({}),
        )
        .await;
    server.get("/v1/portal/configuration").await;
    server
        .call(
            Method::PATCH,
            "/v1/portal/configuration",
            json!({"accent_color": "#0a7d4b"}),
        )
        .await;
    server
        .call(
            Method::PATCH,
            "/v1/portal/configuration",
            json!({"accent_color": "green"}),
        )
        .await;
    let endpoint = server
        .post(
            "/v1/webhook-endpoints",
            json!({"url": "http://127.0.0.1:9/", "events": ["invoice.paid"]}),
        )
        .await;
    let endpoint = format!("/v1/webhook-endpoints/{}", id(&endpoint));
    server
        .post("/v1/webhook-endpoints", json!({"url": "ftp://x"}))
        .await;
    server.get("/v1/webhook-endpoints").await;
    server.get(&endpoint).await;
    server
        .call(Method::PATCH, &endpoint, json!({"upper_case": true}))
        .await;
    server
        .post(&format!("{endpoint}/rotate-secret"), json!({}))
        .await;
    let delivery = server
        .post(&format!("{endpoint}/test"), json!({"type": "invoice.paid"}))
        .await;
    server.app.run_jobs().await;
    server
        .get(&format!("{endpoint}/deliveries?status=pending"))
        .await;
    let delivery = format!("/v1/webhook-deliveries/{}", id(&delivery));
    server.get(&delivery).await;
    server.post(&format!("{delivery}/resend"), json!({})).await;
    server.call(Method::DELETE, &endpoint, Value::Null).await;
    server.get(&endpoint).await;
    let events = server.get("/v1/events?limit=100").await;
    server
        .get(&format!("/v1/events/{}", id(&events["data"][0])))
        .await;
    server.get("/v1/events?after=&limit=2").await;
    server.get("/v1/events?after=evt_nothing").await;
    let key = server
        .post(
            "/v1/api-keys",
            json!({"type": "PUBLISHABLE", "name": "page"}),
        )
        .await;
    server.get("/v1/api-keys").await;
    server
        .call(
            Method::DELETE,
            &format!("/v1/api-keys/{}", id(&key)),
            Value::Null,
        )
        .await;
    server.get("/v1/test_clock").await;
    server
        .post("/v1/test_clock/advance", json!({"by": "40d"}))
        .await;
    server
        .post("/v1/test_clock/advance", json!({"by": "never"}))
        .await;
    server.post("/v1/test_clock/advance", json!({})).await;
}

both! {
    async fn what_is_answered_is_described(engine: Engine) {
        let app = TestApp::with(engine, |config| {
            config.webhooks.reach = webhooks::Reach::AllowPrivate;
            config.billing.sandbox_rate_limit = None;
        })
        .await;
        let merchant = app.merchant().await;
        let answer = app.send(app.request(Method::GET, "/openapi/recur.json")).await;
        assert_eq!(answer.status, 200);
        let mut server = Checked {
            app: &app,
            document: answer.json(),
            key: merchant.secret_key.expose().clone(),
            called: Vec::new(),
            wrong: Vec::new(),
        };
        assert_eq!(server.document["openapi"], "3.1.0");
        let checkout = sell(&mut server, &merchant).await;
        keep(&mut server, &merchant).await;
        promote(&mut server, &checkout).await;
        tell(&mut server, &merchant).await;
        // With the wrong keys.
        let publishable = merchant.publishable_key.expose().clone();
        for key in [publishable, "sk_test_nobody".to_owned()] {
            server.key = key;
            server.get("/v1/subscriptions").await;
            server.get("/v1/products").await;
            server.post("/v1/checkouts", json!({"product_slug": "handbook", "metadata": {}})).await;
        }
        assert!(server.wrong.is_empty(), "{}", server.wrong.join("\n"));
        // Only the spellings of the same under another method are left out.
        let described = server.document["paths"].as_object().unwrap();
        let ids = described.values().flat_map(|path| path.as_object().unwrap().values());
        let missed: Vec<&str> = ids
            .filter_map(|operation| operation["operationId"].as_str())
            .filter(|id| !id.ends_with("ByPost") && !server.called.iter().any(|called| called == id))
            .collect();
        assert_eq!(missed, Vec::<&str>::new());
        app.stop().await;
    }

    async fn codes_that_scenarios_emit_are_listed(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mut seen = 0;
        for entry in catalogue::RecurError::ENTRIES {
            let Some(text) = entry.page().scenario else {
                continue;
            };
            let run = Scenario::parse(text).unwrap().run(&app.client, &app.base_url).await.unwrap();
            let last = run.exchanges.last().unwrap();
            let mut words = last.request.split_whitespace();
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            assert!(billing::face::lists(method, path, entry.code), "{method} {path} {}", entry.code);
            seen += 1;
        }
        assert_eq!(seen, 9);
        app.stop().await;
    }
}
