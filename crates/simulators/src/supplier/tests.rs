use super::*;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use kernel::ManualClock;
use std::collections::HashSet;
use std::time::Instant;
use store::DatabaseUrl;
use testkit::postgres::ScratchDatabase;
use tower::ServiceExt;

const KEY: &str = "s3cret";
const LIKES: i64 = 101;
const COMMENT_LIKES: i64 = 102;
const COMMENTS: i64 = 103;
const SUBSCRIPTION: i64 = 104;
/// Neither drip-feed nor refill nor cancel.
const PLAIN: i64 = 105;

type Fields<'a> = &'a [(&'a str, &'a str)];

struct World {
    supplier: Supplier,
    clock: Arc<ManualClock>,
    db: Db,
    _scratch: Option<ScratchDatabase>,
}

fn service(service: i64, kind: ServiceKind, extras: bool) -> Service {
    Service {
        service,
        name: format!("Service {service}"),
        kind,
        category: "Instagram".into(),
        rate: "0.90".into(),
        min: 2,
        max: 1000,
        dripfeed: extras,
        refill: extras,
        cancel: extras,
    }
}

/// Starts after 30 s, then delivers 10 units a second; accounts post hourly.
fn config() -> SupplierConfig {
    SupplierConfig {
        delivery: Delivery {
            start_after: Duration::from_secs(30),
            per_1000: Duration::from_secs(100),
            post_every: Duration::from_secs(3600),
        },
        slow: Duration::from_millis(30),
        ..SupplierConfig::new(Secret::new(KEY.into()))
    }
}

impl World {
    async fn new() -> Self {
        Self::with(config()).await
    }

    async fn with(config: SupplierConfig) -> Self {
        Self::on(&DatabaseUrl::SqliteMemory, None, config).await
    }

    async fn on_postgres() -> Self {
        let starting =
            tokio::task::spawn_blocking(|| testkit::postgres::cluster().create_database());
        let scratch = starting.await.unwrap();
        let url = scratch.url().parse().unwrap();
        Self::on(&url, Some(scratch), config()).await
    }

    async fn on(
        url: &DatabaseUrl,
        scratch: Option<ScratchDatabase>,
        config: SupplierConfig,
    ) -> Self {
        let start: Timestamp = "2026-06-01T12:00:00+08:00".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let db = Db::open(url).await.unwrap();
        db.migrate(start).await.unwrap();
        let supplier = Supplier::new(db.clone(), Arc::clone(&clock) as Arc<dyn Clock>, config);
        let services = [
            service(LIKES, ServiceKind::Default, true),
            service(COMMENT_LIKES, ServiceKind::CommentLikes, true),
            service(COMMENTS, ServiceKind::CustomComments, true),
            service(SUBSCRIPTION, ServiceKind::Subscriptions, true),
            service(PLAIN, ServiceKind::Default, false),
        ];
        supplier.seed_services(&services).await.unwrap();
        Self {
            supplier,
            clock,
            db,
            _scratch: scratch,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Sends a body as it is; `None` when the answer is lost.
    async fn send(&self, body: impl Into<Body>) -> (StatusCode, Option<String>) {
        let request = Request::post("/api/v2").body(body.into()).unwrap();
        let response = self.supplier.router().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await;
        let text = body
            .ok()
            .map(|b| String::from_utf8(b.to_bytes().to_vec()).unwrap());
        (status, text)
    }

    async fn post(&self, action: &str, fields: Fields<'_>) -> (StatusCode, Option<String>) {
        self.send(encode(action, fields)).await
    }

    async fn call(&self, action: &str, fields: Fields<'_>) -> Value {
        let (status, text) = self.post(action, fields).await;
        assert_eq!(status, StatusCode::OK);
        serde_json::from_str(&text.expect("an answer")).unwrap()
    }

    async fn add(&self, service: i64, fields: Fields<'_>) -> Value {
        let service = service.to_string();
        let fields: Vec<_> = [("service", &*service)]
            .iter()
            .chain(fields)
            .copied()
            .collect();
        self.call("add", &fields).await
    }

    async fn order(&self, service: i64, fields: Fields<'_>) -> String {
        let answer = self.add(service, fields).await;
        answer["order"]
            .as_i64()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_string()
    }

    async fn likes(&self, link: &str, quantity: &str) -> Value {
        self.add(LIKES, &[("link", link), ("quantity", quantity)])
            .await
    }

    /// `Status remains`.
    async fn state(&self, order: &str) -> String {
        let answer = self.call("status", &[("order", order)]).await;
        let text = |field: &str| answer[field].as_str().map(str::to_owned);
        match text("error") {
            Some(error) => error,
            None => format!("{} {}", text("status").unwrap(), text("remains").unwrap()),
        }
    }
}

fn encode(action: &str, fields: Fields<'_>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("key", KEY).append_pair("action", action);
    form.extend_pairs(fields);
    form.finish()
}

fn error(text: &str) -> Value {
    json!({ "error": text })
}

#[tokio::test]
async fn services_are_listed() {
    let w = World::new().await;
    let list = w.call("services", &[]).await;
    assert_eq!(list.as_array().unwrap().len(), 5);
    assert_eq!(
        list[1],
        json!({
            "service": 102, "name": "Service 102", "type": "Comment Likes", "category": "Instagram",
            "rate": "0.90", "min": "2", "max": "1000", "dripfeed": true, "refill": true, "cancel": true,
        })
    );

    w.supplier.withdraw_service(LIKES, true).await.unwrap();
    let mut changed = service(COMMENTS, ServiceKind::CustomComments, false);
    changed.rate = "1.5".into();
    let withdrawn = service(LIKES, ServiceKind::Default, true);
    w.supplier
        .seed_services(&[changed, withdrawn])
        .await
        .unwrap();
    let list = w.call("services", &[]).await;
    assert_eq!(list.as_array().unwrap().len(), 4);
    assert_eq!(
        (&list[0]["service"], &list[1]["rate"]),
        (&json!(102), &json!("1.5"))
    );
    assert_eq!(
        w.likes("https://a.example/p", "10").await,
        error("error.incorrect_service_id")
    );
    w.supplier.withdraw_service(LIKES, false).await.unwrap();
    assert_eq!(
        w.likes("https://a.example/p", "10").await,
        json!({"order": 23501})
    );
}

#[tokio::test]
async fn the_key_and_the_form_are_checked() {
    let w = World::new().await;
    let invalid = Some(error("Invalid API key").to_string());
    let incorrect = Some(error("Incorrect request").to_string());
    for (body, expected) in [
        ("", &invalid),
        ("key=&action=balance", &invalid),
        ("key=s3creT&action=balance", &invalid),
        ("key=s3cret1&action=balance", &invalid),
        ("{\"key\": \"s3cret\"}", &invalid),
        ("%%%&=&&=%ff&key=s3cret", &incorrect),
        ("key=s3cret&action=steal", &incorrect),
        ("key=s3cret&action=add&link=%00", &incorrect),
    ] {
        assert_eq!(
            w.send(body).await,
            (StatusCode::OK, expected.clone()),
            "{body}"
        );
    }
    assert_eq!(w.send(vec![0xff; 100]).await.1, invalid);
    let large = format!("key={KEY}&action=balance&x={}", "x".repeat(256 * 1024));
    assert_eq!(w.send(large).await.1, incorrect);
    let long = "x".repeat(201);
    let answer = w.call("add", &[("reference", &long)]).await;
    assert_eq!(answer, error("Incorrect request"));
    assert_eq!(
        w.call("balance", &[]).await,
        json!({"balance": "100.84292", "currency": "USD"})
    );
    let get = Request::get("/api/v2").body(Body::empty()).unwrap();
    let response = w.supplier.router().oneshot(get).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn fields_of_orders_are_checked() {
    let w = World::new().await;
    let link = ("link", "https://a.example/p");
    let ten = ("quantity", "10");
    let user = ("username", "somebody");
    let (min, max, delay) = (("min", "5"), ("max", "10"), ("delay", "30"));
    let large = "9".repeat(30);
    let long = format!("https://a.example/{}", "x".repeat(2048));
    let cases: &[(i64, Fields<'_>, &str)] = &[
        (99, &[link, ten], "error.incorrect_service_id"),
        (LIKES, &[ten], "neworder.error.link"),
        (LIKES, &[("link", "  "), ten], "neworder.error.link"),
        (LIKES, &[("link", "a\nb"), ten], "neworder.error.link"),
        (LIKES, &[("link", &long), ten], "neworder.error.link"),
        (LIKES, &[link], "neworder.error.min_quantity"),
        (
            LIKES,
            &[link, ("quantity", "1")],
            "neworder.error.min_quantity",
        ),
        (
            LIKES,
            &[link, ("quantity", "-5")],
            "neworder.error.min_quantity",
        ),
        (
            LIKES,
            &[link, ("quantity", "ten")],
            "neworder.error.min_quantity",
        ),
        (
            LIKES,
            &[link, ("quantity", "1001")],
            "neworder.error.max_quantity",
        ),
        (
            LIKES,
            &[link, ("quantity", &large)],
            "neworder.error.max_quantity",
        ),
        (LIKES, &[link, ten, ("runs", "0")], "neworder.error.runs"),
        (
            LIKES,
            &[link, ten, ("runs", "2")],
            "neworder.error.interval",
        ),
        (
            LIKES,
            &[link, ten, ("runs", "2"), ("interval", "0")],
            "neworder.error.interval",
        ),
        (
            PLAIN,
            &[link, ten, ("runs", "2"), ("interval", "5")],
            "neworder.error.runs",
        ),
        (COMMENT_LIKES, &[link, ten], "neworder.error.username"),
        (COMMENT_LIKES, &[user, ten], "neworder.error.link"),
        (
            COMMENT_LIKES,
            &[link, user, ("quantity", "1")],
            "neworder.error.min_quantity",
        ),
        (COMMENTS, &[link], "neworder.error.comment"),
        (
            COMMENTS,
            &[link, ("comments", " \n \r\n")],
            "neworder.error.comment",
        ),
        (
            COMMENTS,
            &[link, ("comments", "one\n\n")],
            "neworder.error.min_quantity",
        ),
        (
            COMMENTS,
            &[link, ("comments", &"x\n".repeat(1001))],
            "neworder.error.max_quantity",
        ),
        (SUBSCRIPTION, &[min, max, delay], "neworder.error.username"),
        (
            SUBSCRIPTION,
            &[user, max, delay],
            "neworder.error.min_quantity",
        ),
        (
            SUBSCRIPTION,
            &[user, ("min", "1"), max, delay],
            "neworder.error.min_quantity",
        ),
        (
            SUBSCRIPTION,
            &[user, ("min", "11"), max, delay],
            "neworder.error.min_quantity",
        ),
        (
            SUBSCRIPTION,
            &[user, min, ("max", "1001"), delay],
            "neworder.error.max_quantity",
        ),
        (SUBSCRIPTION, &[user, min, max], "neworder.error.delay"),
        (
            SUBSCRIPTION,
            &[user, min, max, ("delay", "soon")],
            "neworder.error.delay",
        ),
        (
            SUBSCRIPTION,
            &[user, min, max, delay, ("posts", "-1")],
            "neworder.error.posts",
        ),
        (
            SUBSCRIPTION,
            &[user, min, max, delay, ("old_posts", "x")],
            "neworder.error.posts",
        ),
        (
            SUBSCRIPTION,
            &[user, min, max, delay, ("expiry", "31/05/2026")],
            "neworder.error.expiry",
        ),
        (
            SUBSCRIPTION,
            &[user, min, max, delay, ("expiry", "31/06/2026")],
            "neworder.error.expiry",
        ),
        (
            SUBSCRIPTION,
            &[user, min, max, delay, ("expiry", "2026-07-01")],
            "neworder.error.expiry",
        ),
    ];
    for (service, fields, expected) in cases {
        assert_eq!(
            w.add(*service, fields).await,
            error(expected),
            "{service} {fields:?}"
        );
    }
    let answer = w.call("add", &[("service", "x"), link, ten]).await;
    assert_eq!(answer, error("error.incorrect_service_id"));
    assert_eq!(w.supplier.orders().await.unwrap(), []);

    for (service, fields) in [
        (LIKES, &[link, ten, ("runs", "1")] as &[_]),
        (LIKES, &[("link", "somebody"), ("quantity", "1000")]),
        (PLAIN, &[link, ten]),
        (COMMENT_LIKES, &[link, user, ten]),
        (COMMENTS, &[link, ("comments", "one\r\n\ntwo")]),
        (
            SUBSCRIPTION,
            &[user, min, max, delay, ("expiry", "01/06/2026")],
        ),
    ] {
        w.order(service, fields).await;
    }
    let totals: Vec<_> = w
        .supplier
        .orders()
        .await
        .unwrap()
        .iter()
        .map(|o| o.total)
        .collect();
    assert_eq!(totals, [10, 1000, 10, 10, 2, 10]);
}

#[tokio::test]
async fn an_order_is_delivered_over_time() {
    let w = World::new().await;
    let order = w
        .order(
            LIKES,
            &[("link", "https://a.example/p"), ("quantity", "200")],
        )
        .await;
    let answer = w.call("status", &[("order", &order)]).await;
    assert_eq!(
        answer,
        json!({"charge": "0.18000", "start_count": null, "status": "Pending", "remains": "200", "currency": "USD"})
    );
    w.pass(29);
    assert_eq!(w.state(&order).await, "Pending 200");
    w.pass(1);
    assert_eq!(w.state(&order).await, "In progress 200");
    w.pass(5);
    assert_eq!(w.state(&order).await, "In progress 150");
    w.pass(14);
    assert_eq!(w.state(&order).await, "In progress 10");
    w.pass(1);
    let answer = w.call("status", &[("order", &order)]).await;
    let count: i64 = answer["start_count"].as_str().unwrap().parse().unwrap();
    assert!(count > 0);
    assert_eq!(
        (&answer["status"], &answer["remains"]),
        (&json!("Completed"), &json!("0"))
    );

    let other = Supplier::new(
        w.db.clone(),
        Arc::clone(&w.clock) as Arc<dyn Clock>,
        config(),
    );
    assert_eq!(
        other.orders().await.unwrap(),
        [SimulatedOrder {
            order: 23501,
            reference: None,
            service: LIKES,
            link: "https://a.example/p".into(),
            quantity: 200,
            total: 200,
            delivered: 200,
            status: Status::Completed,
            times_received: 1,
        }]
    );
}

#[tokio::test]
async fn drip_feed_delivers_run_by_run() {
    let w = World::new().await;
    let fields = [
        ("link", "https://a.example/p"),
        ("quantity", "100"),
        ("runs", "3"),
        ("interval", "10"),
    ];
    let order = w.order(LIKES, &fields).await;
    assert_eq!(w.state(&order).await, "Pending 300");
    w.pass(30 + 5);
    assert_eq!(w.state(&order).await, "In progress 250");
    w.pass(590);
    assert_eq!(w.state(&order).await, "In progress 200");
    w.pass(10);
    assert_eq!(w.state(&order).await, "In progress 150");
    w.pass(600);
    assert_eq!(w.state(&order).await, "In progress 50");
    w.pass(5);
    assert_eq!(w.state(&order).await, "Completed 0");
}

#[tokio::test]
async fn subscriptions_end_with_the_last_post_or_at_expiry() {
    let w = World::new().await;
    let fields = [
        ("username", "somebody"),
        ("min", "50"),
        ("max", "100"),
        ("delay", "30"),
        ("posts", "2"),
        ("old_posts", "1"),
    ];
    let finishes = w.order(SUBSCRIPTION, &fields).await;
    let expiring: Vec<_> = fields
        .iter()
        .copied()
        .chain([("posts", "100"), ("expiry", "1/6/2026")])
        .collect();
    let expires = w.order(SUBSCRIPTION, &expiring).await;
    assert_eq!(w.state(&finishes).await, "Pending 300");
    w.pass(30);
    assert_eq!(w.state(&finishes).await, "In progress 300");
    w.pass(30 * 60 + 10);
    assert_eq!(w.state(&finishes).await, "In progress 200");
    w.pass(60 * 60);
    assert_eq!(w.state(&finishes).await, "In progress 100");
    w.pass(60 * 60);
    assert_eq!(w.state(&finishes).await, "Completed 0");

    assert_eq!(w.state(&expires).await, "In progress 9800");
    w.pass(12 * 3600);
    // Of the new posts, those of 13:00:30 to 23:00:30 count.
    assert_eq!(w.state(&expires).await, "Completed 8900");
    w.pass(12 * 3600);
    assert_eq!(w.state(&expires).await, "Completed 8900");
}

#[tokio::test]
async fn several_orders_are_asked_for_at_once() {
    let w = World::new().await;
    let mut orders = Vec::new();
    for quantity in 2..50 {
        let answer = w.likes("https://a.example/p", &quantity.to_string()).await;
        orders.push(answer["order"].to_string());
    }
    let ids = format!("{}, 7,x ,99999999999999999999", orders.join(","));
    let answer = w.call("status", &[("orders", &ids)]).await;
    assert_eq!(answer.as_object().unwrap().len(), 51);
    for (order, quantity) in orders.iter().zip(2..) {
        assert_eq!(answer[order]["remains"], json!(quantity.to_string()));
    }
    for unknown in ["7", "x", "99999999999999999999"] {
        assert_eq!(answer[unknown], error("Incorrect order ID"));
    }
    for fields in [
        &[("order", "7")] as &[_],
        &[("order", "-1")],
        &[("order", "x")],
        &[],
    ] {
        assert_eq!(w.call("status", fields).await, error("Incorrect order ID"));
    }
    let many = |n: usize| vec!["7"; n].join(",");
    let answer = w.call("status", &[("orders", &many(100))]).await;
    assert_eq!(answer, json!({"7": error("Incorrect order ID")}));
    for action in ["status", "cancel", "refill"] {
        let answer = w.call(action, &[("orders", &many(101))]).await;
        assert_eq!(answer, error("Not more than 100 IDs"), "{action}");
    }
}

#[tokio::test]
async fn running_orders_can_be_canceled() {
    let w = World::new().await;
    let fields = [("link", "https://a.example/p"), ("quantity", "100")];
    let completed = w.order(LIKES, &[fields[0], ("quantity", "10")]).await;
    let partial = w.order(LIKES, &fields).await;
    let plain = w.order(PLAIN, &fields).await;
    w.pass(33);
    let pending = w.order(LIKES, &fields).await;
    let ids = format!("{completed},{partial},{plain},{pending},7,x");
    let number = |order: &String| order.parse::<i64>().unwrap();
    let answer = w.call("cancel", &[("orders", &ids)]).await;
    assert_eq!(
        answer,
        json!([
            {"order": number(&completed), "cancel": error("Order is already over")},
            {"order": number(&partial), "cancel": 1},
            {"order": number(&plain), "cancel": error("Cancel is disabled for this service")},
            {"order": number(&pending), "cancel": 1},
            {"order": 7, "cancel": error("Incorrect order ID")},
            {"order": "x", "cancel": error("Incorrect order ID")},
        ])
    );
    assert_eq!(w.state(&partial).await, "Partial 70");
    assert_eq!(w.state(&pending).await, "Canceled 100");
    w.pass(3600);
    assert_eq!(w.state(&completed).await, "Completed 0");
    assert_eq!(w.state(&partial).await, "Partial 70");
    assert_eq!(w.state(&pending).await, "Canceled 100");
    let charge = |answer: Value| answer["charge"].clone();
    assert_eq!(
        charge(w.call("status", &[("order", &partial)]).await),
        "0.02700"
    );
    assert_eq!(
        charge(w.call("status", &[("order", &pending)]).await),
        "0.00000"
    );

    let again = w.call("cancel", &[("order", &pending)]).await;
    assert_eq!(again, json!([{"order": number(&pending), "cancel": 1}]));
    assert_eq!(w.call("cancel", &[]).await, error("Incorrect order ID"));
}

#[tokio::test]
async fn completed_orders_can_be_refilled() {
    let w = World::new().await;
    let fields = [("link", "https://a.example/p"), ("quantity", "100")];
    let order = w.order(LIKES, &fields).await;
    let plain = w.order(PLAIN, &fields).await;
    let refill = |order: &str| {
        let order = order.to_owned();
        let w = &w;
        async move { w.call("refill", &[("order", &order)]).await }
    };
    assert_eq!(refill(&order).await, error("Order is not completed"));
    w.pass(40);
    assert_eq!(refill(&order).await, json!({"refill": "1"}));
    assert_eq!(
        refill(&plain).await,
        error("Refill is disabled for this service")
    );
    assert_eq!(refill("7").await, error("Incorrect order ID"));
    assert_eq!(w.call("refill", &[]).await, error("Incorrect order ID"));
    let answer = w.call("refill", &[("orders", &format!("{order},7"))]).await;
    assert_eq!(
        answer,
        json!([
            {"order": order.parse::<i64>().unwrap(), "refill": 2},
            {"order": 7, "refill": error("Incorrect order ID")},
        ])
    );

    let status = [("refill", "1")];
    assert_eq!(
        w.call("refill_status", &status).await,
        json!({"status": "Pending"})
    );
    w.pass(30);
    assert_eq!(
        w.call("refill_status", &status).await,
        json!({"status": "In progress"})
    );
    w.pass(100);
    assert_eq!(
        w.call("refill_status", &status).await,
        json!({"status": "Completed"})
    );
    assert_eq!(
        w.call("refill_status", &[("refills", "2,3,x")]).await,
        json!([
            {"refill": 2, "status": "Completed"},
            {"refill": 3, "status": error("Refill not found")},
            {"refill": "x", "status": error("Refill not found")},
        ])
    );
    for fields in [&[("refill", "9")] as &[_], &[("refill", "x")], &[]] {
        assert_eq!(
            w.call("refill_status", fields).await,
            error("Refill not found")
        );
    }
}

#[tokio::test]
async fn test_links_that_refuse() {
    let w = World::new().await;
    for (path, expected) in [
        ("out-of-funds", "neworder.error.not_enough_funds"),
        ("refused", "neworder.error.link"),
        ("duplicate", "neworder.error.link_duplicate"),
        ("comment", "neworder.error.comment"),
        ("withdrawn", "error.incorrect_service_id"),
    ] {
        let link = format!("https://supplier.test/{path}");
        assert_eq!(w.likes(&link, "10").await, error(expected), "{path}");
        let story = format!("supplier.test/{path}");
        assert_eq!(w.likes(&story, "10").await, error(expected), "{path}");
        let fields = [
            ("username", &*story),
            ("min", "5"),
            ("max", "10"),
            ("delay", "0"),
        ];
        assert_eq!(
            w.add(SUBSCRIPTION, &fields).await,
            error(expected),
            "{path}"
        );
    }
    let add = |link: &'static str| {
        let w = &w;
        async move {
            let fields = [("service", "101"), ("link", link), ("quantity", "10")];
            w.post("add", &fields).await
        }
    };
    let (status, _) = add("https://supplier.test/down").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let (status, text) = add("https://supplier.test/garbled").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(w.supplier.orders().await.unwrap(), []);
}

#[tokio::test]
async fn test_links_that_accept() {
    let w = World::new().await;
    let order = async |path: &str| {
        let link = format!("https://supplier.test/{path}/1");
        w.likes(&link, "101").await["order"].to_string()
    };
    let started = Instant::now();
    let slow = order("slow").await;
    assert!(started.elapsed() >= config().slow);
    let forgotten = order("forgotten").await;
    let partial = order("partial").await;
    let canceled = order("canceled").await;
    let never = order("never").await;
    for known in [&slow, &partial, &canceled, &never] {
        assert_eq!(w.state(known).await, "Pending 101");
    }
    w.pass(30);
    assert_eq!(w.state(&partial).await, "In progress 101");
    assert_eq!(w.state(&canceled).await, "Canceled 101");
    w.pass(3600);
    assert_eq!(w.state(&slow).await, "Completed 0");
    assert_eq!(w.state(&partial).await, "Partial 51");
    assert_eq!(w.state(&never).await, "Pending 101");
    assert_eq!(w.state(&forgotten).await, "Incorrect order ID");
    for action in ["cancel", "refill"] {
        let list = w.call(action, &[("orders", &forgotten)]).await;
        assert_eq!(list[0][action], error("Incorrect order ID"));
    }
    w.call("cancel", &[("orders", &never)]).await;
    assert_eq!(w.state(&never).await, "Canceled 101");
    let over = w.call("cancel", &[("orders", &partial)]).await;
    assert_eq!(over[0]["cancel"], error("Order is already over"));
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again() {
    let w = World::new().await;
    let fields = [
        ("service", "101"),
        ("link", "https://supplier.test/lost"),
        ("quantity", "10"),
        ("reference", "r-1"),
    ];
    assert_eq!(w.post("add", &fields).await, (StatusCode::OK, None));
    assert_eq!(w.call("add", &fields).await, json!({"order": 23501}));
    let orders = w.supplier.orders().await.unwrap();
    assert_eq!((orders.len(), orders[0].times_received), (1, 2));
    for _ in 0..2 {
        assert_eq!(w.post("add", &fields[..3]).await, (StatusCode::OK, None));
    }
    assert_eq!(w.supplier.orders().await.unwrap().len(), 3);
}

#[tokio::test]
async fn faults_hit_everything() {
    let w = World::new().await;
    let fields = [
        ("service", "101"),
        ("link", "https://a.example/p"),
        ("quantity", "10"),
        ("reference", "r-1"),
    ];
    let with = |fault| w.supplier.set_fault(Some(fault));

    with(Fault::OutOfFunds);
    assert_eq!(
        w.call("add", &fields).await,
        error("neworder.error.not_enough_funds")
    );
    assert_eq!(w.call("balance", &[]).await["balance"], "0.00000");
    assert_eq!(w.call("services", &[]).await.as_array().unwrap().len(), 5);
    with(Fault::InvalidKey);
    assert_eq!(w.call("add", &fields).await, error("Invalid API key"));
    with(Fault::Down);
    assert_eq!(
        w.post("add", &fields).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    with(Fault::Garbled);
    let (status, text) = w.post("add", &fields).await;
    assert!(status == StatusCode::OK && text.unwrap().contains("<html>"));
    assert_eq!(w.supplier.orders().await.unwrap(), []);

    with(Fault::LoseAnswer);
    assert_eq!(w.post("add", &fields).await, (StatusCode::OK, None));
    with(Fault::OutOfFunds);
    assert_eq!(w.call("add", &fields).await, json!({"order": 23501}));
    with(Fault::Slow(Duration::from_millis(30)));
    let started = Instant::now();
    assert_eq!(w.state("23501").await, "Pending 10");
    assert!(started.elapsed() >= Duration::from_millis(30));
    w.supplier.set_fault(None);
    assert_eq!(w.call("balance", &[]).await["balance"], "100.84292");
}

#[tokio::test]
async fn duplicates_are_refused_where_the_supplier_does_so() {
    let w = World::with(SupplierConfig {
        refuse_duplicates: true,
        ..config()
    })
    .await;
    let link = "https://a.example/p";
    w.likes(link, "10").await["order"].as_i64().unwrap();
    assert_eq!(
        w.likes(link, "20").await,
        error("neworder.error.link_duplicate")
    );
    w.order(PLAIN, &[("link", link), ("quantity", "10")]).await;
    w.pass(31);
    w.likes(link, "20").await["order"].as_i64().unwrap();
}

async fn one_reference_makes_one_order(w: World) {
    let (w, requests) = (Arc::new(w), 40);
    let tasks: Vec<_> = (0..requests)
        .map(|i| {
            let w = Arc::clone(&w);
            tokio::spawn(async move {
                let reference = format!("r-{}", i % 4);
                let fields = [
                    ("link", "https://a.example/p"),
                    ("quantity", "10"),
                    ("reference", &*reference),
                ];
                (reference.clone(), w.order(LIKES, &fields).await)
            })
        })
        .collect();
    let mut answers = HashSet::new();
    for task in tasks {
        answers.insert(task.await.unwrap());
    }
    assert_eq!(answers.len(), 4);
    let orders = w.supplier.orders().await.unwrap();
    assert_eq!(orders.len(), 4);
    for order in orders {
        assert!(answers.contains(&(order.reference.unwrap(), order.order.to_string())));
        assert_eq!(order.times_received, 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reference_makes_one_order_on_sqlite() {
    one_reference_makes_one_order(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reference_makes_one_order_on_postgres() {
    one_reference_makes_one_order(World::on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_same_books() {
    let w = World::on_postgres().await;
    w.db.write(|tx| {
        crate::statements()
            .into_iter()
            .try_for_each(|s| tx.prepare(s))
    })
    .await
    .unwrap();
    let user = [
        ("username", "somebody"),
        ("min", "5"),
        ("max", "10"),
        ("delay", "0"),
    ];
    let subscription = w
        .order(
            SUBSCRIPTION,
            &[&user[..], &[("expiry", "9/6/2026")]].concat(),
        )
        .await;
    let order = w.likes("https://a.example/p", "100").await["order"].to_string();
    w.pass(35);
    assert_eq!(w.state(&order).await, "In progress 50");
    assert_eq!(w.state(&subscription).await, "In progress 10");
    w.pass(5);
    assert_eq!(
        w.call("refill", &[("order", &order)]).await,
        json!({"refill": "1"})
    );
    assert_eq!(
        w.call("refill_status", &[("refill", "1")]).await,
        json!({"status": "Pending"})
    );
    let canceled = w
        .call("cancel", &[("orders", &format!("{subscription},7"))])
        .await;
    assert_eq!(canceled[0]["cancel"], 1);
    assert_eq!(w.state(&subscription).await, "Canceled 10");
    assert_eq!(w.call("services", &[]).await.as_array().unwrap().len(), 5);
    w.supplier.withdraw_service(LIKES, true).await.unwrap();
    assert_eq!(
        w.likes("x", "10").await,
        error("error.incorrect_service_id")
    );
    assert_eq!(w.supplier.orders().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_a_broken_connection() {
    use std::io::{Read, Write};
    let w = World::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, w.supplier.router()).into_future());
    w.supplier.set_fault(Some(Fault::LoseAnswer));
    let body = encode("balance", &[]);
    let received = tokio::task::spawn_blocking(move || {
        let mut connection = std::net::TcpStream::connect(address).unwrap();
        let length = body.len();
        let head = format!("POST /api/v2 HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        connection.write_all((head + &body).as_bytes()).unwrap();
        let mut received = Vec::new();
        let _ = connection.read_to_end(&mut received);
        String::from_utf8(received).unwrap()
    });
    // Nothing, or the head of an answer whose chunks never end.
    let received = received.await.unwrap();
    assert!(!received.ends_with("0\r\n\r\n"), "{received}");
    assert!(
        received.is_empty() || received.contains("transfer-encoding: chunked"),
        "{received}"
    );
}
