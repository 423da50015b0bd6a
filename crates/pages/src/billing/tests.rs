use ::billing::checkout::{Identify, NewCheckout, ProductRef};
use ::billing::gateway::Gateway;
use ::billing::model::period::IntervalUnit;
use ::billing::model::{AccountId, Buyer, KeyKind, ProductId, ProductType};
use ::billing::repo::{Branding, CollectPaymentMethod, PaymentLink, Product, Settings};
use ::billing::{Billing, BillingConfig, Gateways};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{Clock, ManualClock, Rng, Secret, Timestamp};
use payuni::client::Client;
use payuni::envelope::Shop;
use serde_json::{Value, json};
use simulators::{Gateway as Simulator, GatewayConfig};
use std::sync::Arc;
use std::time::Duration;
use store::record::Json;
use store::{DatabaseUrl, Db, StoreError};
use tower::ServiceExt;

const GOOD_CARD: &str = "4147631000000001";
const POOR_CARD: &str = "4147631000000151";
const CHALLENGED_CARD: &str = "4147631000000303";
/// What a merchant may call things.
const NASTY: &str = r#"<script>alert("1")</script>&'"#;

struct World {
    billing: Billing,
    simulator: Simulator,
    clock: Arc<ManualClock>,
    account: AccountId,
    key: String,
    monthly: ProductId,
    yearly: ProductId,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl World {
    /// A merchant, with a gateway that listens.
    async fn new() -> Self {
        let start: Timestamp = "2026-06-01T12:00:00+08:00".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let db = Db::open(&DatabaseUrl::SqliteMemory).await.unwrap();
        db.migrate(start).await.unwrap();
        let rng = Arc::new(Rng::seeded(7));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = || httpkit::outgoing::client(Duration::from_secs(5)).unwrap();
        let secret = |text: &str| Secret::new(text.to_owned());
        let shop = Shop::new(
            "TEST001",
            secret("12345678901234567890123456789012"),
            secret("1234567890123456"),
        )
        .unwrap();
        let simulator = Simulator::new(
            db.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&rng),
            http(),
            GatewayConfig::new(shop.clone(), url.clone()),
        );
        let router = simulator.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let sandbox = Gateway {
            client: Client::new(http(), format!("{url}/api"), shop),
            script_url: format!("{url}/sdk/uni-payment.js"),
            three_d: true,
        };
        let webhooks = webhooks::Webhooks::new(
            db.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&rng),
            ::billing::WEBHOOKS,
            webhooks::Config::default(),
        )
        .unwrap();
        let invoicing = invoicing::Invoicing::new(
            db.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&rng),
            Arc::new(invoicing::Configured::default()),
        );
        let billing = Billing::new(
            db,
            Arc::clone(&clock) as Arc<dyn Clock>,
            rng,
            Gateways {
                sandbox,
                live: None,
            },
            webhooks,
            invoicing,
            BillingConfig {
                public_url: "http://localhost:4000".into(),
                ..BillingConfig::default()
            },
        );
        let made = billing.create_merchant("Tea & Co").await.unwrap();
        let account = made.sandbox;
        let key = billing
            .create_key(account, KeyKind::Publishable, "page", false, None)
            .await
            .unwrap();
        let mut world = Self {
            billing,
            simulator,
            clock,
            account,
            key: key.secret.expose().clone(),
            monthly: ProductId::from_u128(0),
            yearly: ProductId::from_u128(0),
        };
        world.monthly = world
            .sell("Monthly", 299, Some(IntervalUnit::Month), None)
            .await;
        world.yearly = world
            .sell("Yearly", 2990, Some(IntervalUnit::Year), None)
            .await;
        world
    }

    async fn sell(
        &self,
        name: &str,
        price: i64,
        unit: Option<IntervalUnit>,
        trial_days: Option<u32>,
    ) -> ProductId {
        let id: ProductId = self.billing.new_id();
        let now = self.clock.now();
        let product = Product {
            product_id: id,
            account_id: self.account,
            slug: format!("slug-{price}"),
            name: name.to_owned(),
            description: None,
            product_type: if unit.is_some() {
                ProductType::Subscription
            } else {
                ProductType::OneTime
            },
            price,
            interval_unit: unit,
            interval_count: unit.map(|_| 1),
            trial_days,
            grace_days: 3,
            retry_days: Json(vec![1]),
            credits: None,
            product_family: None,
            display_order: 0,
            metadata: Json::default(),
            certificate: None,
            active: true,
            created_at: now,
            updated_at: now,
        };
        let stored: Result<(), StoreError> =
            self.billing.db().write(move |tx| product.insert(tx)).await;
        stored.unwrap();
        id
    }

    async fn configure(&self, settings: Settings) {
        let mut account = self.billing.account(self.account).await.unwrap();
        account.settings = Json(settings);
        let stored: Result<(), StoreError> =
            self.billing.db().write(move |tx| account.save(tx)).await;
        stored.unwrap();
    }

    /// A session's id.
    async fn session(&self, product: ProductId, change: impl FnOnce(&mut NewCheckout)) -> String {
        let mut new = NewCheckout {
            product: ProductRef::Id(product.to_string()),
            purpose: None,
            buyer: Buyer::default(),
            look_for_duplicate: Identify::Email,
            promotion_code: None,
            success_url: Some("https://shop.example/ok?s={CHECKOUT_SESSION_ID}".into()),
            cancel_url: Some("https://shop.example/no".into()),
            metadata: None,
            origin: None,
            payment_link_id: None,
        };
        change(&mut new);
        let scope = self.billing.scope(self.account).await.unwrap();
        let begun = self.billing.begin_checkout(&scope, new).await.unwrap();
        begun.checkout.session_id.unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let router: Router = super::router(self.billing.clone());
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.into()).unwrap(),
        }
    }

    async fn get(&self, uri: &str) -> Answer {
        self.send(Request::get(uri).body(Body::empty()).unwrap())
            .await
    }

    async fn call(&self, method: Method, uri: &str, body: &Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    async fn post(&self, uri: &str, body: Value) -> Answer {
        self.call(Method::POST, uri, &body).await
    }

    /// What a page's form posts.
    async fn submit(&self, uri: &str, form: &str) -> Answer {
        let request = Request::post(uri)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", "null")
            .body(Body::from(form.to_owned()));
        self.send(request.unwrap()).await
    }

    /// Types a card into the form of a checkout and pays.
    async fn pay(&self, door: &str, email: &str, card: &str) -> Value {
        let buyer = self
            .post(&format!("{door}/buyer"), json!({ "email": email }))
            .await;
        assert_eq!(buyer.status, StatusCode::OK, "{}", buyer.body);
        let token = self.post(&format!("{door}/token"), json!({})).await.json();
        assert!(
            self.simulator
                .type_card(token["token"].as_str().unwrap(), card)
                .await
                .unwrap()
        );
        self.post(&format!("{door}/pay"), json!({})).await.json()
    }

    /// A portal of who has paid for `monthly`: its address, and what its forms carry.
    async fn portal(&self) -> (String, String) {
        let session = self.session(self.monthly, |_| {}).await;
        let paid = self
            .pay(
                &format!("/checkout/{session}"),
                "mei@example.com",
                GOOD_CARD,
            )
            .await;
        assert_eq!(paid["done"], true, "{paid}");
        let checkout = self.billing.find_session(&session).await.unwrap();
        let scope = self.billing.scope(self.account).await.unwrap();
        let made = self
            .billing
            .create_portal_session(
                &scope,
                checkout.customer_id.unwrap(),
                Some("https://shop.example/me".into()),
                None,
            )
            .await
            .unwrap();
        (
            format!("/portal/s/{}", made.token),
            made.session.portal_session_id.to_string(),
        )
    }

    /// The path of the one subscription in a portal.
    async fn subscription(&self, portal: &str) -> String {
        let page = self.get(portal).await.body;
        let (_, rest) = page.split_once("id=\"plan-").unwrap();
        format!("{portal}/{}", rest.split('"').next().unwrap())
    }
}

#[tokio::test]
async fn the_checkout_page_speaks_three_languages() {
    let world = World::new().await;
    let session = world.session(world.monthly, |_| {}).await;
    for (accepted, query, tag, texts) in [
        (
            "",
            "",
            "en",
            ["Order summary", "NT$299 / month", "Confirm payment"],
        ),
        (
            "zh-TW",
            "",
            "zh-TW",
            ["訂單摘要", "每月自動扣款 NT$299", "確認付款"],
        ),
        (
            "zh-TW",
            "?lang=zh-CN",
            "zh-CN",
            ["订单摘要", "每月自动扣款 NT$299", "确认付款"],
        ),
    ] {
        let request =
            Request::get(format!("/checkout/{session}{query}")).header("accept-language", accepted);
        let page = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("content-language"), tag);
        assert!(page.body.contains(&format!("<html lang=\"{tag}\"")));
        for text in texts {
            assert!(page.body.contains(text), "{tag}: {text}");
        }
    }
}

#[tokio::test]
async fn a_page_allows_the_gateway_and_nothing_else() {
    let world = World::new().await;
    let session = world.session(world.monthly, |_| {}).await;
    let page = world.get(&format!("/checkout/{session}")).await;
    let gateway = crate::links::origin(&world.billing.gateways().sandbox.script_url).unwrap();
    let policy = page.header("content-security-policy");
    for rule in [
        format!("script-src 'self' {gateway};"),
        format!("connect-src 'self' {gateway};"),
        format!("frame-src {gateway};"),
        "default-src 'none';".into(),
        "frame-ancestors 'none'".into(),
    ] {
        assert!(policy.contains(&rule), "{rule} in {policy}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    // A page that needs no card form lets nothing in.
    let missing = world.get("/checkout/cs_nothing").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(
        missing
            .header("content-security-policy")
            .contains("frame-src 'none'")
    );
}

#[tokio::test]
async fn what_merchants_write_is_text() {
    let world = World::new().await;
    let product = world.sell(NASTY, 500, None, None).await;
    let settings = Settings {
        branding: Branding {
            logo_url: Some("https://x.example/a.png\" onload=\"alert(1)".into()),
            accent: Some("#000;}body{display:none".into()),
        },
        ..Settings::default()
    };
    world.configure(settings).await;
    let session = world
        .session(product, |new| {
            new.buyer.name = Some(NASTY.into());
            new.buyer.email = Some("\"<b>\"@example.com".into());
            new.cancel_url = Some("javascript:alert(1)".into());
            new.success_url = Some("javascript:alert(2)".into());
        })
        .await;
    let page = world.get(&format!("/checkout/{session}")).await;
    assert!(
        page.body.contains("&#60;script&#62;alert("),
        "{}",
        page.body
    );
    for nasty in [
        "<script>alert",
        "<b>",
        "javascript:",
        "onload",
        "display:none",
    ] {
        assert!(!page.body.contains(nasty), "{nasty}");
    }
    let paid = world
        .post(&format!("/checkout/{session}/token"), json!({}))
        .await
        .json();
    world
        .simulator
        .type_card(paid["token"].as_str().unwrap(), GOOD_CARD)
        .await
        .unwrap();
    let paid = world
        .post(&format!("/checkout/{session}/pay"), json!({}))
        .await
        .json();
    assert_eq!(
        (&paid["done"], &paid["redirect"]),
        (&json!(true), &Value::Null)
    );
    let thanks = world.get(&format!("/checkout/{session}")).await;
    assert!(thanks.body.contains("Thank you") && !thanks.body.contains("javascript:"));
}

#[tokio::test]
async fn a_colour_is_six_digits() {
    let world = World::new().await;
    let style = world.get("/assets/billing/accent/ffcc00.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(
        style
            .body
            .contains("--accent: #ffcc00; --accent-ink: #000000;")
    );
    assert!(
        world
            .get("/assets/billing/accent/101080.css")
            .await
            .body
            .contains("#ffffff")
    );
    for bad in ["fff", "ffcc0g", "ffcc00%3B%7D", "%E2%82%AC%E2%82%AC"] {
        let answer = world
            .get(&format!("/assets/billing/accent/{bad}.css"))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{bad}");
    }
}

#[tokio::test]
async fn posts_come_from_our_own_pages() {
    let world = World::new().await;
    let session = world.session(world.monthly, |_| {}).await;
    let uri = format!("/checkout/{session}/buyer");
    let send = async |headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(Request::post(&uri), |request, (name, value)| {
                request.header(*name, *value)
            });
        let body = Body::from(r#"{"email":"a@example.com"}"#);
        world.send(request.body(body).unwrap()).await.status
    };
    let json = ("content-type", "application/json");
    let ours = ("sec-fetch-site", "same-origin");
    assert_eq!(send(&[json, ours]).await, StatusCode::OK);
    assert_eq!(
        send(&[json, ("origin", "http://localhost:4000")]).await,
        StatusCode::OK
    );
    let here = [
        json,
        ("host", "10.0.0.1:80"),
        ("origin", "http://10.0.0.1:80"),
    ];
    assert_eq!(send(&here).await, StatusCode::OK);
    assert_eq!(send(&[json]).await, StatusCode::FORBIDDEN);
    assert_eq!(
        send(&[json, ("origin", "null")]).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&[json, ("origin", "https://evil.example")]).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&[
            json,
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://localhost:4000")
        ])
        .await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&[json, ("sec-fetch-site", "same-site")]).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(send(&[ours]).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        send(&[ours, ("content-type", "text/plain")]).await,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
}

#[tokio::test]
async fn mistakes_are_said_field_by_field_in_the_pages_language() {
    let world = World::new().await;
    let door = format!("/checkout/{}", world.session(world.monthly, |_| {}).await);
    let wrong = world
        .post(
            &format!("{door}/buyer?lang=zh-TW"),
            json!({"email": "nobody"}),
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["error"]["fields"]["email"], "電子郵件格式錯誤");
    let missing = world
        .post(&format!("{door}/buyer?lang=en"), json!({"email": " "}))
        .await;
    assert_eq!(
        missing.json()["error"]["fields"]["email"],
        "Enter an email address"
    );
    let unpaid = world.post(&format!("{door}/pay?lang=en"), json!({})).await;
    assert_eq!(
        unpaid.json()["error"]["fields"]["email"],
        "Enter an email address"
    );
    let code = world
        .post(
            &format!("{door}/coupon?lang=zh-CN"),
            json!({"code": "NOPE"}),
        )
        .await;
    assert_eq!(code.json()["error"]["fields"]["code"], "没有此优惠码");
    for body in ["[]", "7", "{"] {
        let request = Request::post(format!("{door}/buyer"))
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body));
        assert_eq!(
            world.send(request.unwrap()).await.status,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn an_address_can_be_corrected_until_a_payment_is_tried() {
    let world = World::new().await;
    let door = format!("/checkout/{}", world.session(world.monthly, |_| {}).await);
    let type_address = async |email: &str| {
        let answer = world
            .post(&format!("{door}/buyer"), json!({ "email": email }))
            .await;
        answer.json()["email"].as_str().unwrap().to_owned()
    };
    assert_eq!(type_address("typo@example.con").await, "typo@example.con");
    assert_eq!(type_address("right@example.com").await, "right@example.com");
    let declined = world.pay(&door, "right@example.com", POOR_CARD).await;
    assert_eq!(declined["failure"]["code"], "INSUFFICIENT_FUNDS");
    assert_eq!(type_address("other@example.com").await, "right@example.com");
}

#[tokio::test]
async fn a_declined_payment_is_tried_again() {
    let world = World::new().await;
    let session = world.session(world.monthly, |_| {}).await;
    let door = format!("/checkout/{session}");
    let declined = world.pay(&door, "a@example.com", POOR_CARD).await;
    assert_eq!(declined["state"], "open");
    assert_eq!(declined["failure"]["can_retry"], false);
    let page = world.get(&door).await;
    assert!(
        page.body
            .contains("The payment was not made: insufficient funds.")
    );
    let paid = world.pay(&door, "a@example.com", GOOD_CARD).await;
    assert_eq!(
        paid["redirect"],
        format!("https://shop.example/ok?s={session}")
    );
    let again = world.post(&format!("{door}/pay"), json!({})).await.json();
    assert_eq!(again["data"]["orderId"], paid["data"]["orderId"]);
    assert!(
        world
            .get(&door)
            .await
            .body
            .contains("https://shop.example/ok?s=")
    );
}

#[tokio::test]
async fn a_checkout_page_ends() {
    let world = World::new().await;
    let door = format!("/checkout/{}", world.session(world.monthly, |_| {}).await);
    for _ in 0..4 {
        assert_eq!(
            world.pay(&door, "a@example.com", POOR_CARD).await["state"],
            "open"
        );
    }
    assert_eq!(
        world.pay(&door, "a@example.com", POOR_CARD).await["state"],
        "over"
    );
    assert!(world.get(&door).await.body.contains("Too many attempts"));

    let late = format!("/checkout/{}", world.session(world.monthly, |_| {}).await);
    world.clock.advance(Duration::from_secs(31 * 60));
    let page = world.get(&late).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.body.contains("expired") && page.body.contains("https://shop.example/no"));
    let pay = world.post(&format!("{late}/token"), json!({})).await;
    assert_eq!(pay.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_challenge_leads_to_the_bank() {
    let world = World::new().await;
    let door = format!("/checkout/{}", world.session(world.monthly, |_| {}).await);
    let challenged = world.pay(&door, "a@example.com", CHALLENGED_CARD).await;
    let bank = challenged["redirect_3d"].as_str().unwrap();
    assert!(bank.contains("/3d/"), "{bank}");
    let page = world.get(&door).await;
    assert!(
        page.body.contains("Continue to the bank")
            && page.body.contains("data-state=\"challenge\"")
    );
    assert_eq!(
        world.get(&format!("{door}/status")).await.json()["state"],
        "challenge"
    );
    let again = world.post(&format!("{door}/pay"), json!({})).await.json();
    assert_eq!(again["redirect_3d"], bank);
}

#[tokio::test]
async fn a_second_subscription_is_given_back() {
    let world = World::new().await;
    let first = format!("/checkout/{}", world.session(world.monthly, |_| {}).await);
    world.pay(&first, "a@example.com", GOOD_CARD).await;
    let second = format!("/checkout/{}", world.session(world.monthly, |_| {}).await);
    let answer = world.pay(&second, "a@example.com", GOOD_CARD).await;
    assert_eq!(answer["conflict"]["refunded"], true, "{answer}");
    let page = world.get(&second).await;
    assert!(page.body.contains("given back in full"));
}

#[tokio::test]
async fn a_trial_says_what_comes_after_it() {
    let world = World::new().await;
    let trial = world
        .sell("Studio", 499, Some(IntervalUnit::Month), Some(14))
        .await;
    let page = world
        .get(&format!(
            "/checkout/{}?lang=zh-TW",
            world.session(trial, |_| {}).await
        ))
        .await;
    for text in [
        "免費試用 14 天",
        "今日應付",
        "2026 年 6 月 15 日起每月 NT$499，直到取消訂閱。",
        "扣款 NT$2，並立即退還",
    ] {
        assert!(page.body.contains(text), "{text}");
    }
}

#[tokio::test]
async fn a_payment_link_counts_and_runs_out() {
    let world = World::new().await;
    let now = world.clock.now();
    let link = PaymentLink {
        payment_link_id: world.billing.new_id(),
        account_id: world.account,
        url_id: "7sY3cxcrX1T1ep4".into(),
        product_id: world.monthly,
        // Its code was withdrawn: the link sells at the full price.
        promotion_code: Some("GONE".into()),
        collect_payment_method: CollectPaymentMethod::Always,
        success_url: Some("https://shop.example/thanks".into()),
        max_completions: Some(1),
        metadata: None,
        active: true,
        view_count: 0,
        session_count: 0,
        completed_count: 0,
        created_at: now,
        updated_at: now,
    };
    let stored: Result<(), StoreError> = world.billing.db().write(move |tx| link.insert(tx)).await;
    stored.unwrap();
    let opened = world.get("/buy/7sY3cxcrX1T1ep4?lang=en").await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    let place = opened.header("location").to_owned();
    assert!(
        place.starts_with("/checkout/cs_") && place.ends_with("?lang=en"),
        "{place}"
    );
    let door = place.trim_end_matches("?lang=en");
    let paid = world.pay(door, "a@example.com", GOOD_CARD).await;
    assert_eq!(paid["redirect"], "https://shop.example/thanks");
    assert_eq!(
        world.get("/buy/7sY3cxcrX1T1ep4").await.status,
        StatusCode::NOT_FOUND
    );
    let found: Result<_, StoreError> = world
        .billing
        .db()
        .read(|tx| PaymentLink::first(tx, PaymentLink::BY_URL, store::params!["7sY3cxcrX1T1ep4"]))
        .await;
    let link = found.unwrap().unwrap();
    assert_eq!(
        (link.view_count, link.session_count, link.completed_count),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn a_product_is_bought_with_a_publishable_key() {
    let world = World::new().await;
    let key = &world.key;
    for segment in [world.monthly.to_string(), "slug-299".into()] {
        let opened = world.get(&format!("/buy/{segment}?key={key}")).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{segment}");
    }
    let secret = world
        .billing
        .create_key(world.account, KeyKind::Secret, "server", false, None)
        .await
        .unwrap();
    for uri in [
        "/buy/slug-299".to_owned(),
        "/buy/slug-299?key=pk_test_nobody".to_owned(),
        format!("/buy/slug-1?key={key}"),
        format!("/buy/slug-299?key={}", secret.secret.expose()),
    ] {
        let answer = world.get(&uri).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{uri}");
        assert!(answer.body.contains("Not available"));
    }
    let head = Request::head(format!("/buy/slug-299?key={key}")).body(Body::empty());
    assert_eq!(
        world.send(head.unwrap()).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn an_embedded_form_needs_the_secret_and_a_key_of_the_account() {
    let world = World::new().await;
    let form = world
        .post(
            "/embed/elements/session",
            json!({"key": world.key, "product": "slug-299"}),
        )
        .await
        .json();
    let id = form["sessionId"].as_str().unwrap();
    let secret = form["door"]
        .as_str()
        .unwrap()
        .strip_prefix("/checkout/")
        .unwrap();
    let uri = |key: &str, id: &str, secret: &str| {
        format!("/embed/checkout?id={id}&key={key}&client_secret={secret}&theme=dark")
    };
    let page = world.get(&uri(&world.key, id, secret)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("data-embedded") && page.body.contains("data-theme=\"dark\""));
    assert!(
        page.header("content-security-policy")
            .contains("frame-ancestors *")
    );

    let other = world.billing.create_merchant("Other").await.unwrap();
    let other = world
        .billing
        .create_key(other.sandbox, KeyKind::Publishable, "page", false, None)
        .await
        .unwrap();
    for uri in [
        uri(other.secret.expose(), id, secret),
        uri("", id, secret),
        uri(&world.key, "chk_0", secret),
        uri(&world.key, id, &secret[..secret.len() - 1]),
        uri(&world.key, id, ""),
    ] {
        assert_eq!(world.get(&uri).await.status, StatusCode::NOT_FOUND, "{uri}");
    }
    // The secret opens the routes of the script, not a page of its own.
    assert_eq!(
        world.get(&format!("/checkout/{secret}")).await.status,
        StatusCode::NOT_FOUND
    );
    let paid = world
        .pay(&format!("/checkout/{secret}"), "a@example.com", GOOD_CARD)
        .await;
    assert_eq!(paid["data"]["id"], id);
    assert!(
        world
            .get(&uri(&world.key, id, secret))
            .await
            .body
            .contains("Thank you")
    );
}

#[tokio::test]
async fn bare_card_fields_begin_a_checkout_whose_product_may_follow() {
    let world = World::new().await;
    let page = world
        .get(&format!("/embed/elements?key={}", world.key))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.header("content-security-policy")
            .contains("frame-ancestors *")
    );
    let form = world
        .post("/embed/elements/session", json!({"key": world.key}))
        .await
        .json();
    for field in ["sessionId", "timestamp", "creditToken", "sdkToken"] {
        assert!(!form[field].is_null(), "{field} of {form}");
    }
    let id = form["sessionId"].as_str().unwrap().parse().unwrap();
    let scope = world.billing.scope(world.account).await.unwrap();
    let wanted = ProductRef::Id(world.yearly.to_string());
    let chosen = world
        .billing
        .choose_product(&scope, id, wanted)
        .await
        .unwrap();
    assert_eq!(
        (chosen.product_id, chosen.price, chosen.charged),
        (world.yearly, 2990, 2990)
    );
    assert_eq!(
        world.get("/embed/elements?key=pk_test_nobody").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_subscription_is_canceled_and_reactivated_without_script() {
    let world = World::new().await;
    let (portal, session) = world.portal().await;
    let page = world.get(&portal).await;
    for text in [
        "Monthly",
        "NT$299 / month",
        "Next charge: NT$299 on 1 Jul 2026",
        "Card ending in 0001",
        "https://shop.example/me",
    ] {
        assert!(page.body.contains(text), "{text}");
    }
    let subscription = world.subscription(&portal).await;
    let asked = world.get(&format!("{subscription}/cancel")).await;
    assert!(asked.body.contains("until 1 Jul 2026"));
    let form = format!("session={session}");
    let done = world.submit(&format!("{subscription}/cancel"), &form).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, &*format!("{portal}?done=canceled"))
    );
    let again = world.submit(&format!("{subscription}/cancel"), &form).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.body.contains("already canceled"));
    assert!(world.get(&portal).await.body.contains("Ends on 1 Jul 2026"));
    let done = world.submit(&format!("{subscription}/resume"), &form).await;
    assert_eq!(done.header("location"), format!("{portal}?done=resumed"));
}

#[tokio::test]
async fn the_portals_forms_cannot_be_forged() {
    let world = World::new().await;
    let (portal, session) = world.portal().await;
    let subscription = world.subscription(&portal).await;
    let cancel = format!("{subscription}/cancel");
    assert_eq!(
        world.submit(&cancel, "").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        world
            .submit(&cancel, "session=portal_session_0")
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    let foreign = Request::post(&cancel)
        .header("origin", "https://evil.example")
        .body(Body::from(format!("session={session}")));
    assert_eq!(
        world.send(foreign.unwrap()).await.status,
        StatusCode::FORBIDDEN
    );
    let (other, _) = (
        world.billing.new_id::<::billing::model::SubscriptionTag>(),
        (),
    );
    let missing = world
        .submit(
            &format!("{portal}/{other}/cancel"),
            &format!("session={session}"),
        )
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_switch_is_previewed_then_made() {
    let world = World::new().await;
    let (portal, session) = world.portal().await;
    let subscription = world.subscription(&portal).await;
    assert!(
        world
            .get(&format!("{subscription}/switch"))
            .await
            .body
            .contains("Current plan")
    );
    let preview = world
        .get(&format!("{subscription}/switch?to={}", world.yearly))
        .await;
    for text in ["NT$2,990", "−NT$299", "NT$2,691"] {
        assert!(preview.body.contains(text), "{text}");
    }
    let form = format!("session={session}&to={}", world.yearly);
    let done = world.submit(&format!("{subscription}/switch"), &form).await;
    assert_eq!(done.header("location"), format!("{portal}?done=switched"));
    let page = world.get(&portal).await.body;
    let (_, rest) = page.split_once(&format!("{portal}/receipts/inv_")).unwrap();
    let id = rest.split('"').next().unwrap();
    let receipt = world.get(&format!("{portal}/receipts/inv_{id}")).await.body;
    for text in [
        "Receipt",
        "NT$2,691",
        "Unused time of the old plan",
        "mei@example.com",
        "1 Jun 2027",
    ] {
        assert!(receipt.contains(text), "{text}");
    }
    assert_eq!(
        world.get(&format!("{portal}/receipts/ord_x")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_the_merchant_forbids_is_not_there() {
    let world = World::new().await;
    let (portal, session) = world.portal().await;
    let subscription = world.subscription(&portal).await;
    let settings = Settings {
        portal_forbids_cancel: true,
        portal_forbids_switch: true,
        portal_forbids_card: true,
        ..Settings::default()
    };
    world.configure(settings).await;
    let page = world.get(&portal).await.body;
    for text in ["Cancel subscription", "Change plan", "Change card"] {
        assert!(!page.contains(text), "{text}");
    }
    for page in ["cancel", "switch"] {
        let answer = world.get(&format!("{subscription}/{page}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains("does not offer this"));
    }
    let form = format!("session={session}");
    assert_eq!(
        world
            .submit(&format!("{subscription}/cancel"), &form)
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        world
            .post(&format!("{portal}/card/token"), json!({}))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_card_is_changed() {
    let world = World::new().await;
    let (portal, _) = world.portal().await;
    let change = async |card: &str| {
        world.clock.advance(Duration::from_secs(1));
        let token = world
            .post(&format!("{portal}/card/token"), json!({}))
            .await
            .json();
        let token = token["token"].as_str().unwrap();
        assert!(world.simulator.type_card(token, card).await.unwrap());
        world
            .post(&format!("{portal}/card"), json!({ "token": token }))
            .await
            .json()
    };
    assert_eq!(
        change(POOR_CARD).await["failure"]["code"],
        "INSUFFICIENT_FUNDS"
    );
    assert_eq!(change("4147631000000451").await["done"], true);
    assert!(
        world
            .get(&portal)
            .await
            .body
            .contains("Card ending in 0451")
    );
    assert!(
        change(CHALLENGED_CARD).await["redirect_3d"]
            .as_str()
            .unwrap()
            .contains("/3d/")
    );
    assert_eq!(
        world.get(&format!("{portal}/card/status")).await.json()["state"],
        "challenge"
    );
}

#[tokio::test]
async fn customers_say_how_they_get_e_invoices() {
    let world = World::new().await;
    let (portal, session) = world.portal().await;
    let address = format!("{portal}/einvoice");
    assert!(!world.get(&portal).await.body.contains("/einvoice"));
    assert_eq!(world.get(&address).await.status, StatusCode::BAD_REQUEST);
    let settings = ::billing::repo::EinvoiceSettings {
        provider: invoicing::model::ProviderName::EcPay,
        receive: ::billing::repo::EinvoiceDefault::MemberCarrier,
    };
    let switched_on = world.billing.set_einvoices(world.account, Some(settings));
    switched_on.await.unwrap();
    assert!(world.get(&portal).await.body.contains(&address));
    for (lang, title) in [
        ("en", "E-invoices"),
        ("zh-TW", "電子發票"),
        ("zh-CN", "电子发票"),
    ] {
        let page = world.get(&format!("{address}?lang={lang}")).await.body;
        assert!(page.contains(title), "{page}");
    }
    let send = async |form: &str| {
        world
            .submit(&address, &format!("session={session}&{form}"))
            .await
    };
    for (form, said) in [
        (
            "receive=mobile_barcode&carrier=%2FABC",
            "Please check: Carrier",
        ),
        ("receive=donation&love_code=x", "Please check: Love code"),
        (
            "receive=company&ubn=12345678",
            "Please check: Business number",
        ),
    ] {
        let refused = send(form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(said), "{}", refused.body);
    }
    let done = send("receive=mobile_barcode&carrier=%2Fabc%2B123&ubn=").await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, &*format!("{portal}?done=einvoice"))
    );
    let page = world.get(&address).await.body;
    assert!(
        page.contains("value=\"/ABC+123\"") || page.contains("&#43;123"),
        "{page}"
    );
    assert!(page.contains("value=\"mobile_barcode\" checked"), "{page}");
    let forged = world.submit(&address, "session=portal_session_0&receive=paper");
    assert_eq!(forged.await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_portal_ends() {
    let world = World::new().await;
    let (portal, session) = world.portal().await;
    let subscription = world.subscription(&portal).await;
    world.clock.advance(Duration::from_secs(3601));
    for answer in [
        world.get(&portal).await,
        world
            .submit(
                &format!("{subscription}/cancel"),
                &format!("session={session}"),
            )
            .await,
    ] {
        assert_eq!(answer.status, StatusCode::GONE);
        assert!(answer.body.contains("expired"));
    }
}

#[tokio::test]
async fn assets_are_cached_by_their_content() {
    let world = World::new().await;
    for (asset, kind) in [
        (&super::assets::STYLE, "text/css"),
        (&super::assets::CHECKOUT, "text/javascript"),
    ] {
        let href = asset.href();
        let answer = world.get(&href).await;
        assert!(answer.header("content-type").starts_with(kind));
        assert!(answer.header("cache-control").contains("immutable"));
        let stale = world.get(href.split('?').next().unwrap()).await;
        assert_eq!(stale.header("cache-control"), "no-cache");
    }
}
