use super::*;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::post;
use http_body_util::BodyExt;
use kernel::{ManualClock, Secret};
use payuni::codes::Endpoint;
use payuni::fields::Fields;
use payuni::notify::parse_notify;
use payuni::status::{self, Decision};
use serde_json::{Value, json};
use std::sync::Mutex;
use store::DatabaseUrl;
use testkit::postgres::ScratchDatabase;
use tokio::sync::mpsc;
use tower::ServiceExt;

const MER_ID: &str = "TEST001";
const PAGE: &str = "https://shop.example";
const PAYS: &str = "4147631000000001";

type Inner<'a> = &'a [(&'a str, &'a str)];

struct World {
    gateway: Gateway,
    clock: Arc<ManualClock>,
    shop: Shop,
    _scratch: Option<ScratchDatabase>,
}

fn shop() -> Shop {
    let key = Secret::new("12345678901234567890123456789012".into());
    Shop::new(MER_ID, key, Secret::new("1234567890123456".into())).unwrap()
}

fn invoices() -> GatewayInvoices {
    let key = Secret::new("00112233445566778899aabbccddeeff".into());
    GatewayInvoices {
        seller: "12345675".parse().unwrap(),
        qr_key: ::einvoice::rules::proof::QrKey::new(&key).unwrap(),
        numbers: 2,
    }
}

impl World {
    async fn new() -> Self {
        Self::on(&DatabaseUrl::SqliteMemory, None).await
    }

    async fn on_postgres() -> Self {
        let starting =
            tokio::task::spawn_blocking(|| testkit::postgres::cluster().create_database());
        let scratch = starting.await.unwrap();
        let url = scratch.url().parse().unwrap();
        Self::on(&url, Some(scratch)).await
    }

    async fn on(url: &DatabaseUrl, scratch: Option<ScratchDatabase>) -> Self {
        let start: Timestamp = "2026-06-01T12:00:00+08:00".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let db = Db::open(url).await.unwrap();
        db.migrate(start).await.unwrap();
        let config = GatewayConfig {
            slow_answer: Duration::from_millis(30),
            invoices: Some(invoices()),
            ..GatewayConfig::new(shop(), "http://gateway.test/simulators/payuni")
        };
        let gateway = Gateway::new(
            db,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Rng::seeded(1)),
            httpkit::outgoing::client(Duration::from_secs(5)).unwrap(),
            config,
        );
        Self {
            gateway,
            clock,
            shop: shop(),
            _scratch: scratch,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Option<String>) {
        let response = self.gateway.router().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await;
        let text = body
            .ok()
            .map(|b| String::from_utf8(b.to_bytes().to_vec()).unwrap());
        (status, headers, text)
    }

    async fn form(&self, path: &str, fields: &Fields) -> (StatusCode, HeaderMap, Option<String>) {
        let request = Request::post(path).body(Body::from(fields.encode()));
        self.send(request.unwrap()).await
    }

    fn outer(&self, version: &str, inner: Inner<'_>) -> Fields {
        let start = Fields::new()
            .with("MerID", MER_ID)
            .with("Timestamp", "1780286400");
        let inner = inner.iter().fold(start, |all, (n, v)| all.with(*n, *v));
        let sealed = self.shop.seal(&inner);
        Fields::new()
            .with("MerID", MER_ID)
            .with("Version", version)
            .with("EncryptInfo", sealed.encrypt_info)
            .with("HashInfo", sealed.hash_info)
    }

    async fn raw(&self, endpoint: Endpoint, inner: Inner<'_>) -> Option<String> {
        let path = format!("/api/{}", endpoint.path());
        let outer = self.outer(endpoint.version(), inner);
        self.form(&path, &outer).await.2
    }

    /// The inner fields of the answer, which says the same outside.
    async fn call(&self, endpoint: Endpoint, inner: Inner<'_>) -> Fields {
        let text = self.raw(endpoint, inner).await.expect("an answer");
        let outer: Value = serde_json::from_str(&text).unwrap();
        let text = |name: &str| outer[name].as_str().unwrap_or_else(|| panic!("{outer}"));
        let fields = self
            .shop
            .open(text("EncryptInfo"), text("HashInfo"))
            .unwrap();
        assert_eq!(fields.get("Status"), Some(text("Status")));
        fields
    }

    async fn status(&self, endpoint: Endpoint, inner: Inner<'_>) -> String {
        let fields = self.call(endpoint, inner).await;
        fields.get("Status").unwrap().into()
    }

    /// How the client understands the answer.
    async fn decision(&self, endpoint: Endpoint, inner: Inner<'_>) -> Decision {
        let text = self.raw(endpoint, inner).await.expect("an answer");
        status::decide(endpoint, text.as_bytes(), &self.shop)
    }

    async fn charge(&self, number: &str, card: &str, more: Inner<'_>) -> Fields {
        self.call(Endpoint::Credit, &order(number, card, more))
            .await
    }

    /// `TradeStatus CloseStatus RemainAmt` of the row.
    async fn row(&self, number: &str) -> String {
        let fields = self
            .call(Endpoint::TradeQuery, &[("MerTradeNo", number)])
            .await;
        let row = &fields.rows("Result")[0];
        let get = |name| row.get(name).unwrap();
        format!(
            "{} {} {}",
            get("TradeStatus"),
            get("CloseStatus"),
            get("RemainAmt")
        )
    }

    async fn close(&self, trade: &Fields, kind: &str, amount: &str) -> String {
        let trade_no = trade.get("TradeNo").unwrap();
        let fields = [
            ("TradeNo", trade_no),
            ("CloseType", kind),
            ("TradeAmt", amount),
        ];
        self.status(Endpoint::TradeClose, &fields).await
    }

    async fn cancel(&self, trade: &Fields) -> String {
        let trade_no = trade.get("TradeNo").unwrap();
        self.status(Endpoint::TradeCancel, &[("TradeNo", trade_no)])
            .await
    }

    async fn bound_hash(&self) -> String {
        let more = [("UseTokenType", "3"), ("CreditToken", "cus_1")];
        let trade = self.charge("bind", PAYS, &more).await;
        trade.get("CreditHash").unwrap().to_owned()
    }

    async fn token(&self, more: Inner<'_>) -> String {
        let inner = [&[("IFrameDomain", PAGE)], more].concat();
        let fields = self.call(Endpoint::IframeTokenGet, &inner).await;
        fields.get("Token").unwrap().to_owned()
    }

    /// What the card form's script posts, from a page of `origin`.
    async fn sdk(&self, path: &str, origin: &str, fields: &Fields) -> Result<Value, String> {
        let request = Request::post(format!("/sdk/{path}"))
            .header(header::ORIGIN, origin)
            .body(Body::from(fields.encode()));
        let (status, headers, text) = self.send(request.unwrap()).await;
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let body: Value = serde_json::from_str(&text.unwrap()).unwrap();
        match status {
            StatusCode::OK => Ok(body),
            _ => Err(body["code"].as_str().unwrap().to_owned()),
        }
    }

    async fn session(&self, token: &str) -> Result<Fields, String> {
        let fields = Fields::new().with("token", token);
        let sealed = self.sdk("session", PAGE, &fields).await?;
        let field = |name: &str| sealed[name].as_str().unwrap().to_owned();
        Ok(["MerID", "EncryptInfo", "HashInfo"]
            .into_iter()
            .fold(Fields::new(), |all, name| all.with(name, field(name))))
    }

    async fn type_card(&self, token: &str, card: &str, more: Inner<'_>) -> Result<Value, String> {
        let sealed = self.session(token).await?;
        self.sdk("open", "null", &sealed).await?;
        let typed = sealed
            .with("CardNo", card)
            .with("CardExp", "12/30")
            .with("CardCvc", "123");
        let typed = more.iter().fold(typed, |all, (n, v)| all.with(*n, *v));
        self.sdk("bind", "null", &typed).await
    }

    async fn merchant_trade(&self, number: &str, token: &str, more: Inner<'_>) -> Fields {
        let fields = [
            ("MerTradeNo", number),
            ("Token", token),
            ("TradeAmt", "299"),
            ("ProdDesc", "A plan"),
        ];
        self.call(Endpoint::IframeMerchantTrade, &[&fields, more].concat())
            .await
    }

    async fn page(&self, path: &str, language: &str) -> (StatusCode, String) {
        let request = Request::get(path)
            .header(header::ACCEPT_LANGUAGE, language)
            .body(Body::empty());
        let (status, _, text) = self.send(request.unwrap()).await;
        (status, text.unwrap())
    }

    /// Opens the hosted page; the path of the page below the gateway.
    async fn upp(&self, number: &str, more: Inner<'_>) -> String {
        let inner = [
            &[
                ("MerTradeNo", number),
                ("TradeAmt", "1299"),
                ("ProdDesc", "<b>A plan"),
            ],
            more,
        ]
        .concat();
        let (status, headers, _) = self.form("/api/upp", &self.outer("2.0", &inner)).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let location = headers[header::LOCATION].to_str().unwrap();
        location.strip_prefix("/simulators/payuni").unwrap().into()
    }

    async fn press(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let fields = fields
            .iter()
            .fold(Fields::new(), |all, (n, v)| all.with(*n, *v));
        let (status, headers, page) = self.form(path, &fields).await;
        if status != StatusCode::SEE_OTHER {
            return page.unwrap();
        }
        let next = headers[header::LOCATION].to_str().unwrap();
        let next = next.strip_prefix("/simulators/payuni").unwrap();
        self.page(next, "").await.1
    }

    /// What the form for the shop on a page says.
    fn returned(&self, page: &str) -> Fields {
        let value = |name: &str| {
            let start = format!("name=\"{name}\" value=\"");
            let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("{page}"));
            rest.split('"').next().unwrap().to_owned()
        };
        self.shop
            .open(&value("EncryptInfo"), &value("HashInfo"))
            .unwrap()
    }
}

fn order<'a>(number: &'a str, card: &'a str, more: Inner<'a>) -> Vec<(&'a str, &'a str)> {
    let order = [
        ("MerTradeNo", number),
        ("TradeAmt", "299"),
        ("ProdDesc", "A plan"),
    ];
    let card: &[_] = match card.len() {
        0 => &[],
        64 => &[("CreditHash", card)],
        _ => &[
            ("CardNo", card),
            ("CardExpired", "1230"),
            ("CardCVC", "123"),
        ],
    };
    [&order, card, more].concat()
}

/// The shop's server: what it was told, and the status that it answers.
struct Ear {
    url: String,
    heard: mpsc::UnboundedReceiver<Fields>,
    answers: Arc<Mutex<StatusCode>>,
}

impl Ear {
    async fn new() -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(StatusCode::OK));
        let reply = Arc::clone(&answers);
        let hear = async move |body: axum::body::Bytes| {
            tell.send(parse_notify(&body, &shop()).unwrap()).unwrap();
            *reply.lock().unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let router = Router::new().route("/notify", post(hear));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self {
            url,
            heard,
            answers,
        }
    }

    /// `MerTradeNo TradeStatus` of the next notify.
    async fn next(&mut self) -> String {
        let heard = tokio::time::timeout(Duration::from_secs(20), self.heard.recv());
        let fields = heard.await.expect("a notify").unwrap();
        let get = |name| fields.get(name).unwrap();
        format!("{} {}", get("MerTradeNo"), get("TradeStatus"))
    }

    fn answer(&self, status: StatusCode) {
        *self.answers.lock().unwrap() = status;
    }
}

fn get<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).unwrap_or_default()
}

#[tokio::test]
async fn test_cards_decide_the_outcome() {
    let w = World::new().await;
    let trade = w.charge("t-1", PAYS, &[]).await;
    for (name, value) in [
        ("Status", "SUCCESS"),
        ("Message", "授權成功"),
        ("MerID", MER_ID),
        ("Gateway", "1"),
        ("TradeAmt", "299"),
        ("TradeStatus", "1"),
        ("PaymentType", "1"),
        ("Card6No", "414763"),
        ("Card4No", "0001"),
        ("ResCode", "00"),
        ("AuthType", "1"),
        ("AuthDay", "20260601"),
        ("AuthTime", "120000"),
        ("CreditHash", ""),
    ] {
        assert_eq!(get(&trade, name), value, "{name}");
    }
    for (card, status, trade_status, res_code) in [
        ("3560562000000001", "SUCCESS", "1", "00"),
        ("6200000000000001", "SUCCESS", "1", "00"),
        ("4147631000000002", "CREDIT03020", "3", "00"),
        ("3560511000000002", "CREDIT03020", "3", "00"),
        ("4147631000000151", "CREDIT03020", "2", "51"),
        ("4147631000000105", "CREDIT03020", "2", "05"),
        ("4147631000000303", "SUCCESS", "1", "00"),
        ("4147631000000451", "SUCCESS", "1", "00"),
        ("4111111111111111", "CREDIT03020", "2", "14"),
    ] {
        let trade = w.charge(card, card, &[]).await;
        let got = ["Status", "TradeStatus", "ResCode"].map(|name| get(&trade, name));
        assert_eq!(got, [status, trade_status, res_code], "{card}");
    }
    assert!(matches!(
        w.decision(Endpoint::Credit, &order("c-1", PAYS, &[])).await,
        Decision::Succeeded(_)
    ));
    for card in ["4147631000000154", "4147631000000002"] {
        let decision = w
            .decision(Endpoint::Credit, &order(&card[13..], card, &[]))
            .await;
        assert!(matches!(decision, Decision::Failed(_)), "{decision:?}");
    }
}

#[tokio::test]
async fn undecided_charges_settle_by_the_clock() {
    let w = World::new().await;
    let mut ear = Ear::new().await;
    for (number, card, then) in [
        ("u-1", "4147631000000291", "1"),
        ("u-2", "4147631000000292", "2"),
    ] {
        let more = [("NotifyURL", &*ear.url)];
        let trade = w.charge(number, card, &more).await;
        assert_eq!(
            (get(&trade, "Status"), get(&trade, "TradeStatus")),
            ("UNKNOWN", "8")
        );
        assert_eq!(get(&trade, "AuthCode"), "");
        assert_eq!(w.row(number).await, "8 9 0");
        assert_eq!(w.gateway.deliver_notifies().await, Ok(0));
        w.pass(60);
        assert!(w.row(number).await.starts_with(then));
        assert_eq!(w.gateway.deliver_notifies().await, Ok(1));
        assert_eq!(ear.next().await, format!("{number} {then}"));
    }
}

#[tokio::test]
async fn answers_go_wrong_as_the_card_says() {
    let w = World::new().await;
    let mut ear = Ear::new().await;
    let more = [("NotifyURL", &*ear.url.clone())];
    let decide = async |number: &str, card: &str| {
        w.decision(Endpoint::Credit, &order(number, card, &more))
            .await
    };
    let started = std::time::Instant::now();
    assert!(matches!(
        decide("q-0", "4147631000000500").await,
        Decision::Succeeded(_)
    ));
    assert!(started.elapsed() >= Duration::from_millis(30));
    assert_eq!(ear.next().await, "q-0 1");
    for (number, card) in [("q-1", "4147631000000501"), ("q-2", "4147631000000502")] {
        assert!(
            matches!(decide(number, card).await, Decision::Undecided(_)),
            "{card}"
        );
        assert_eq!(w.row(number).await, "1 9 0");
        assert_eq!(ear.next().await, format!("{number} 1"));
    }
    decide("q-3", "4147631000000503").await;
    assert_eq!([ear.next().await, ear.next().await], ["q-3 1", "q-3 1"]);
    decide("q-4", "4147631000000504").await;
    assert!(ear.heard.try_recv().is_ok());
}

#[tokio::test]
async fn faults_hit_everything() {
    let w = World::new().await;
    let with = |fault| w.gateway.set_fault(Some(fault));
    let credit = async |number: &str| w.raw(Endpoint::Credit, &order(number, PAYS, &[])).await;

    with(GatewayFault::Down);
    let (status, ..) = w.form("/api/credit", &Fields::new()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        w.page("/sdk/uni-payment.js", "").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    with(GatewayFault::Html);
    assert!(credit("f-1").await.unwrap().starts_with("<!doctype html>"));
    with(GatewayFault::LostAnswer);
    assert_eq!(credit("f-2").await, None);
    with(GatewayFault::BadHash);
    let text = credit("f-3").await.unwrap();
    assert!(matches!(
        status::decide(Endpoint::Credit, text.as_bytes(), &w.shop),
        Decision::Undecided(_)
    ));
    with(GatewayFault::SlowAnswer(Duration::from_millis(30)));
    let started = std::time::Instant::now();
    assert!(credit("f-4").await.is_some());
    assert!(started.elapsed() >= Duration::from_millis(30));
    for (number, then_paid) in [("f-5", true), ("f-6", false)] {
        with(GatewayFault::Unknown { then_paid });
        let declined = w
            .charge(&format!("{number}d"), "4147631000000151", &[])
            .await;
        assert_eq!(get(&declined, "TradeStatus"), "2");
        assert_eq!(get(&w.charge(number, PAYS, &[]).await, "TradeStatus"), "8");
    }
    w.gateway.set_fault(None);
    w.pass(60);
    assert_eq!(
        w.status(Endpoint::TradeQuery, &[("MerTradeNo", "f-1")])
            .await,
        "QUERY03001"
    );
    for (number, status) in [
        ("f-2", "1"),
        ("f-3", "1"),
        ("f-4", "1"),
        ("f-5", "1"),
        ("f-6", "2"),
    ] {
        assert!(w.row(number).await.starts_with(status), "{number}");
    }
}

#[tokio::test]
async fn envelopes_are_checked_in_order() {
    let w = World::new().await;
    let good = w.outer("1.3", &order("e-1", PAYS, &[]));
    let with = |name: &str, value: &str| {
        let fields = good.iter();
        fields.fold(Fields::new(), |all, (n, v)| {
            all.with(n, if n == name { value } else { v })
        })
    };
    let hash = good.get("HashInfo").unwrap();
    let encrypted = good.get("EncryptInfo").unwrap();
    let other_shop = w.shop.seal(&Fields::new().with("MerID", "OTHER"));
    for (outer, code) in [
        (Fields::new(), "API00002"),
        (with("Version", "9.9"), "API00003"),
        (with("EncryptInfo", ""), "API00004"),
        (with("HashInfo", ""), "API00005"),
        (with("EncryptInfo", "xyz"), "API00010"),
        (with("HashInfo", "xyz"), "API00011"),
        (with("MerID", ""), "DEF01001"),
        (with("MerID", "OTHER"), "DEF01005"),
        (with("HashInfo", &"0".repeat(64)), "DEF01007"),
        (with("HashInfo", &hash.to_ascii_lowercase()), "DEF01007"),
        (with("EncryptInfo", &encrypted[2..]), "DEF01007"),
    ] {
        let (_, _, text) = w.form("/api/credit", &outer).await;
        let answer: Value = serde_json::from_str(&text.unwrap()).unwrap();
        assert_eq!(answer["Status"], code);
        assert_eq!(answer["EncryptInfo"], Value::Null, "{code}");
    }
    let outer = Fields::new()
        .with("MerID", MER_ID)
        .with("Version", "1.3")
        .with("EncryptInfo", other_shop.encrypt_info)
        .with("HashInfo", other_shop.hash_info);
    let (_, _, text) = w.form("/api/credit", &outer).await;
    assert!(text.unwrap().contains("CREDIT02001"));
    w.gateway.set_shop_enabled(false).await.unwrap();
    let (_, _, text) = w.form("/api/credit", &good).await;
    assert!(text.unwrap().contains("DEF01006"));
    w.gateway.set_shop_enabled(true).await.unwrap();
    assert_eq!(
        w.status(Endpoint::Credit, &order("e-1", PAYS, &[])).await,
        "SUCCESS"
    );

    for path in ["/api/period", "/api/credit/", "/nothing"] {
        let (status, _, text) = w.form(path, &good).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.unwrap().starts_with("<!doctype html>"), "{path}");
    }
    let (_, text) = w.page("/api/credit", "").await;
    assert!(text.starts_with("<!doctype html>"));
}

#[tokio::test]
async fn parameters_are_checked_per_operation() {
    let w = World::new().await;
    let long = "x".repeat(26);
    for (number, amount, code) in [
        ("", "1", "CREDIT02002"),
        (&*long, "1", "CREDIT02003"),
        ("a b", "1", "CREDIT02004"),
        ("a", "", "CREDIT02005"),
        ("a", "1.5", "CREDIT02006"),
        ("a", "99999999999999999999", "CREDIT02006"),
        ("a", "0", "CREDIT02007"),
        ("a", "200000", "CREDIT02007"),
        ("a", "1", "CREDIT02011"),
    ] {
        let fields = [("MerTradeNo", number), ("TradeAmt", amount)];
        assert_eq!(w.status(Endpoint::Credit, &fields).await, code);
    }
    let card = |expired, cvc| [("CardExpired", expired), ("CardCVC", cvc)];
    for (number, more, code) in [
        ("41476310", card("1230", "123"), "CREDIT02012"),
        (PAYS, card("1330", "123"), "CREDIT02013"),
        (PAYS, card("0526", "123"), "CREDIT02014"),
        (PAYS, card("1230", "12"), "CREDIT02015"),
    ] {
        let fields = order("a", number, &more);
        assert_eq!(w.status(Endpoint::Credit, &fields).await, code);
    }
    assert_eq!(w.status(Endpoint::TradeQuery, &[]).await, "QUERY02002");
    assert_eq!(
        w.status(
            Endpoint::TradeQuery,
            &[("Timestamp", "soon"), ("TradeNo", "1")]
        )
        .await,
        "QUERY02008"
    );
    assert_eq!(
        w.status(Endpoint::TradeQuery, &[("Timestamp", ""), ("TradeNo", "1")])
            .await,
        "QUERY02007"
    );
    for (domain, code) in [
        ("", "TOKEN02022"),
        ("shop.example", "TOKEN02023"),
        ("https://shop.example/", "TOKEN02023"),
        ("http://shop.example", "TOKEN02023"),
        ("https://shop.example", "SUCCESS"),
        ("http://localhost:8080", "SUCCESS"),
    ] {
        let fields = [("IFrameDomain", domain)];
        assert_eq!(
            w.status(Endpoint::IframeTokenGet, &fields).await,
            code,
            "{domain}"
        );
    }
    let long = "x".repeat(201);
    for (kind, token, scope, code) in [
        ("4", "cus", "1", "TOKEN02016"),
        ("1", "", "1", "TOKEN02017"),
        ("1", &*long, "1", "TOKEN02018"),
        ("1", "a+b@c.de", "1", "TOKEN02019"),
        ("1", "cus", "3", "TOKEN02020"),
        ("1", "a.b@c.de", "2", "SUCCESS"),
    ] {
        let fields = [
            ("IFrameDomain", PAGE),
            ("UseTokenType", kind),
            ("CreditToken", token),
            ("CreditTokenType", scope),
        ];
        assert_eq!(w.status(Endpoint::IframeTokenGet, &fields).await, code);
    }
    // No database takes it.
    let (_, _, text) = w
        .form(
            "/api/trade/query",
            &w.outer("2.0", &[("MerTradeNo", "a\0b")]),
        )
        .await;
    assert!(text.unwrap().contains("API00010"));
}

#[tokio::test]
async fn a_number_is_used_once() {
    let w = World::new().await;
    for (number, card) in [("paid", PAYS), ("declined", "4147631000000151")] {
        w.charge(number, card, &[]).await;
        assert_eq!(
            w.status(Endpoint::Credit, &order(number, PAYS, &[])).await,
            "CREDIT04001"
        );
        let token = w.token(&[]).await;
        w.type_card(&token, PAYS, &[]).await.unwrap();
        let trade = w.merchant_trade(number, &token, &[]).await;
        assert_eq!(get(&trade, "Status"), "IFTRADE01006");
        let page = w.outer("2.0", &[("MerTradeNo", number), ("TradeAmt", "100")]);
        let (status, _, text) = w.form("/api/upp", &page).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text.unwrap().contains("UPP01007"));
    }
    w.pass(600);
    assert_eq!(
        w.status(Endpoint::Credit, &order("paid", PAYS, &[])).await,
        "CREDIT04001"
    );
    assert_eq!(
        w.status(Endpoint::Credit, &order("declined", PAYS, &[]))
            .await,
        "SUCCESS"
    );
    assert_eq!(w.row("declined").await, "1 9 0");
}

#[tokio::test]
async fn at_once_only_one_trade_gets_a_number() {
    let w = World::on_postgres().await;
    let fields = order("race", PAYS, &[]);
    let outer = w.outer("1.3", &fields);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (router, body) = (w.gateway.router(), outer.encode());
        calls.spawn(async move {
            let request = Request::post("/api/credit").body(Body::from(body)).unwrap();
            let body = router.oneshot(request).await.unwrap().into_body();
            String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
        });
    }
    let answers = calls.join_all().await;
    let with = |code: &str| answers.iter().filter(|text| text.contains(code)).count();
    assert_eq!(
        (with("\"SUCCESS\""), with("CREDIT04001")),
        (1, 7),
        "{answers:?}"
    );
}

#[tokio::test]
async fn money_is_taken_at_the_end_of_the_day_and_given_back_in_parts() {
    for w in [World::new().await, World::on_postgres().await] {
        let trade = w.charge("day", PAYS, &[]).await;
        assert_eq!(w.row("day").await, "1 9 0");
        assert_eq!(w.close(&trade, "2", "299").await, "CLOSE03001");
        w.pass(12 * 3600 - 1);
        assert_eq!(w.row("day").await, "1 9 0");
        w.pass(1);
        assert_eq!(w.row("day").await, "1 2 299");
        assert_eq!(w.cancel(&trade).await, "CANCEL03001");
        assert_eq!(w.close(&trade, "1", "299").await, "CLOSE03001");
        assert_eq!(w.close(&trade, "2", "100").await, "SUCCESS");
        let query = w.call(Endpoint::TradeQuery, &[("MerTradeNo", "day")]).await;
        let row = &query.rows("Result")[0];
        let got = ["CloseAmt", "RemainAmt", "RefundStatus", "RefundAmt"].map(|name| get(row, name));
        assert_eq!(got, ["299", "199", "1", "100"]);
        let fields = [
            ("TradeNo", get(&trade, "TradeNo")),
            ("CloseType", "2"),
            ("TradeAmt", "200"),
        ];
        let over = w.call(Endpoint::TradeClose, &fields).await;
        assert_eq!(get(&over, "Status"), "CLOSE03001");
        for amount in ["200", "299", "100"] {
            assert!(get(&over, "Message").contains(amount), "{over:?}");
        }
        assert_eq!(w.close(&trade, "-2", "100").await, "SUCCESS");
        assert_eq!(w.row("day").await, "1 2 299");
        assert_eq!(w.close(&trade, "2", "299").await, "SUCCESS");
        w.pass(60);
        assert_eq!(w.close(&trade, "-2", "299").await, "CLOSE03001");
        assert_eq!(w.row("day").await, "1 2 0");
    }
}

#[tokio::test]
async fn the_shop_can_take_the_money_earlier_or_not_at_all() {
    let w = World::new().await;
    let trade = w.charge("early", PAYS, &[]).await;
    assert_eq!(w.close(&trade, "1", "300").await, "CLOSE03001");
    assert_eq!(w.close(&trade, "1", "200").await, "SUCCESS");
    assert_eq!(w.row("early").await, "1 1 200");
    assert_eq!(w.close(&trade, "-1", "200").await, "SUCCESS");
    assert_eq!(w.row("early").await, "1 3 0");
    assert_eq!(w.close(&trade, "1", "200").await, "SUCCESS");
    w.pass(60);
    assert_eq!(w.row("early").await, "1 7 200");
    assert_eq!(w.cancel(&trade).await, "CANCEL03001");
    assert_eq!(w.close(&trade, "-1", "200").await, "CLOSE03001");
    w.pass(60);
    assert_eq!(w.row("early").await, "1 2 200");
    assert_eq!(w.close(&trade, "2", "201").await, "CLOSE03001");

    let trade = w.charge("cancelled", PAYS, &[]).await;
    assert_eq!(w.cancel(&trade).await, "SUCCESS");
    assert_eq!(w.row("cancelled").await, "3 9 0");
    assert_eq!(w.cancel(&trade).await, "CANCEL03001");
    assert_eq!(w.close(&trade, "2", "1").await, "CLOSE03001");

    let declined = w.charge("declined", "4147631000000151", &[]).await;
    assert_eq!(w.cancel(&declined).await, "CANCEL03001");
    assert_eq!(w.close(&declined, "1", "299").await, "CLOSE03001");
    for (kind, amount, code) in [
        ("2", "", "CLOSE02010"),
        ("2", "x", "CLOSE02011"),
        ("3", "1", "CLOSE02009"),
    ] {
        assert_eq!(w.close(&trade, kind, amount).await, code);
    }
}

#[tokio::test]
async fn bound_cards_are_charged_by_their_hash() {
    for w in [World::new().await, World::on_postgres().await] {
        let hash = w.bound_hash().await;
        assert_eq!(hash.len(), 64);
        assert_eq!(w.bound_card("cus_1", "1").await, "1 0001 1230");
        assert_eq!(
            w.status(Endpoint::Credit, &order("h-1", &hash, &[])).await,
            "SUCCESS"
        );
        let unknown = w.charge("h-2", &"0".repeat(64), &[]).await;
        assert_eq!(get(&unknown, "Status"), "CREDIT02025");
        assert_eq!(get(&unknown, "TradeStatus"), "2");

        assert_eq!(
            w.status(Endpoint::CreditBindCancel, &[]).await,
            "CANCEL02005"
        );
        let kind = |kind| [("UseTokenType", kind)];
        assert_eq!(
            w.status(Endpoint::CreditBindCancel, &kind("3")).await,
            "CANCEL02006"
        );
        assert_eq!(
            w.status(Endpoint::CreditBindCancel, &kind("1")).await,
            "CANCEL02007"
        );
        let cancel = [("UseTokenType", "1"), ("BindVal", &*hash)];
        let cancelled = w.call(Endpoint::CreditBindCancel, &cancel).await;
        assert_eq!(get(&cancelled, "Message"), "取消成功");
        assert_eq!(get(&cancelled, "Hash"), hash);
        assert_eq!(
            w.status(Endpoint::CreditBindCancel, &cancel).await,
            "CANCEL03001"
        );
        assert_eq!(w.bound_card("cus_1", "1").await, "3 0001 1230");
        assert_eq!(
            w.status(Endpoint::Credit, &order("h-3", &hash, &[])).await,
            "CREDIT02025"
        );
    }
}

impl World {
    /// `CreditTokenStatus Card4No CreditTokenExpired` of the only card of a token.
    async fn bound_card(&self, token: &str, kind: &str) -> String {
        let fields = [("CreditToken", token), ("CreditTokenType", kind)];
        let found = self.call(Endpoint::CreditBindQuery, &fields).await;
        match &found.rows("Result")[..] {
            [card] => ["CreditTokenStatus", "Card4No", "CreditTokenExpired"]
                .map(|name| get(card, name))
                .join(" "),
            _ => get(&found, "Status").into(),
        }
    }
}

#[tokio::test]
async fn the_kind_of_a_token_is_part_of_its_key() {
    let w = World::new().await;
    let more = [
        ("UseTokenType", "1"),
        ("CreditToken", "cus_2"),
        ("CreditTokenType", "2"),
        ("CreditTokenExpired", "0726"),
    ];
    let hash = get(&w.charge("k-1", PAYS, &more).await, "CreditHash").to_owned();
    assert_eq!(w.bound_card("cus_2", "1").await, "QUERY03001");
    assert_eq!(w.bound_card("cus_2", "2").await, "1 0001 0726");
    assert_eq!(w.status(Endpoint::CreditBindQuery, &[]).await, "QUERY02001");
    assert_eq!(
        w.status(Endpoint::CreditBindQuery, &[("CreditHash", &hash)])
            .await,
        "QUERY03001"
    );
    // The same card under the same name keeps its hash; only remembered, it gets none.
    let again = w.charge("k-2", PAYS, &more).await;
    assert_eq!(get(&again, "CreditHash"), hash);
    let remembered = [("UseTokenType", "2"), ("CreditToken", "cus_3")];
    assert_eq!(
        get(&w.charge("k-3", PAYS, &remembered).await, "CreditHash"),
        ""
    );
    w.pass(61 * 24 * 3600);
    assert_eq!(w.bound_card("cus_2", "2").await, "4 0001 0726");
    assert_eq!(
        w.status(Endpoint::Credit, &order("k-4", &hash, &[])).await,
        "CREDIT02025"
    );
}

#[tokio::test]
async fn test_cards_do_the_same_by_their_hash() {
    let w = World::new().await;
    for (card, status) in [
        ("4147631000000451", "2"),
        ("4147631000000291", "8"),
        ("4147631000000303", "1"),
    ] {
        let more = [("UseTokenType", "3"), ("CreditToken", card)];
        let first = w.charge(card, card, &more).await;
        w.pass(60);
        let query = [("CreditToken", card)];
        let found = w.call(Endpoint::CreditBindQuery, &query).await;
        let hash = get(&found.rows("Result")[0], "CreditHash").to_owned();
        assert!(["", &hash].contains(&get(&first, "CreditHash")));
        let number = format!("{}b", &card[8..]);
        let later = w.charge(&number, &hash, &[]).await;
        assert_eq!(get(&later, "TradeStatus"), status, "{card}");
    }
    let declined = [("UseTokenType", "3"), ("CreditToken", "no")];
    w.charge("no", "4147631000000151", &declined).await;
    assert_eq!(w.bound_card("no", "1").await, "QUERY03001");
}

#[tokio::test]
async fn the_card_form_binds_a_card_and_the_server_charges_it() {
    for w in [World::new().await, World::on_postgres().await] {
        let wish = [
            ("UseTokenType", "1"),
            ("CreditToken", "cus_1"),
            ("CreditTokenType", "2"),
        ];
        let token = w.token(&wish).await;
        let early = w.merchant_trade("m-1", &token, &[]).await;
        assert_eq!(get(&early, "Status"), "IFTRADE04002");
        let envelope = w.type_card(&token, PAYS, &[]).await.unwrap();
        assert_eq!(envelope["Status"], "SUCCESS");
        assert_eq!(envelope["Version"], "2.0");
        let (encrypted, hash) = (&envelope["EncryptInfo"], &envelope["HashInfo"]);
        let inner = w
            .shop
            .open(encrypted.as_str().unwrap(), hash.as_str().unwrap())
            .unwrap();
        assert_eq!(inner.get("Token"), Some(&*token));

        let trade = w.merchant_trade("m-1", &token, &[]).await;
        assert_eq!(get(&trade, "Status"), "SUCCESS");
        assert_eq!(get(&trade, "Gateway"), "9");
        assert_eq!(get(&trade, "CreditHash").len(), 64);
        assert_eq!(w.bound_card("cus_1", "2").await, "1 0001 1230");
        let again = w.merchant_trade("m-2", &token, &[]).await;
        assert_eq!(get(&again, "Status"), "IFTRADE04001");
        assert_eq!(w.session(&token).await, Err("OBJ01004".into()));
    }
}

#[tokio::test]
async fn what_the_buyer_unticks_is_not_bound() {
    let w = World::new().await;
    let wish = [("UseTokenType", "1"), ("CreditToken", "cus_1")];
    for (number, choice, bound) in [("n-1", "0", false), ("n-2", "1", true), ("n-3", "3", false)] {
        let token = w.token(&wish).await;
        w.type_card(&token, PAYS, &[("useTokenType", choice)])
            .await
            .unwrap();
        let trade = w.merchant_trade(number, &token, &[]).await;
        assert_eq!(trade.get("CreditHash").is_some(), bound, "{choice}");
    }
}

#[tokio::test]
async fn the_card_form_reports_its_codes() {
    let w = World::on_postgres().await;
    let session = async |token: &str| w.session(token).await.map(drop);
    let code = |code: &str| Err(code.to_owned());
    assert_eq!(session(&"0".repeat(32)).await, code("OBJ01001"));
    for malformed in ["", "not a token", &"A".repeat(32), &"0".repeat(33)] {
        assert_eq!(session(malformed).await, code("OBJ01002"));
    }
    let token = w.token(&[]).await;
    let form = Fields::new().with("token", &*token);
    for origin in ["https://other.example", "null", "http://shop.example"] {
        assert_eq!(
            w.sdk("session", origin, &form).await,
            code("1007").map(|()| Value::Null)
        );
    }
    let local = w
        .call(
            Endpoint::IframeTokenGet,
            &[("IFrameDomain", "http://localhost:8080")],
        )
        .await;
    let local = Fields::new().with("token", get(&local, "Token"));
    assert!(
        w.sdk("session", "http://127.0.0.1:3000", &local)
            .await
            .is_ok()
    );

    w.gateway.set_shop_enabled(false).await.unwrap();
    assert_eq!(session(&token).await, code("OBJ01005"));
    w.gateway.set_shop_enabled(true).await.unwrap();

    let sealed = w.session(&token).await.unwrap();
    let tampered = |name: &str, value: &str| {
        let fields = sealed.iter();
        fields.fold(Fields::new(), |all, (n, v)| {
            all.with(n, if n == name { value } else { v })
        })
    };
    for broken in [
        Fields::new(),
        tampered("MerID", "OTHER"),
        tampered("EncryptInfo", "00"),
        tampered("HashInfo", "00"),
    ] {
        assert_eq!(
            w.sdk("open", "null", &broken).await.unwrap_err(),
            "DEF01001"
        );
        assert_eq!(
            w.sdk("bind", "null", &broken).await.unwrap_err(),
            "DEF01002"
        );
    }
    assert_eq!(w.sdk("open", "null", &sealed).await, Ok(json!({})));
    assert_eq!(
        w.sdk("bind", "null", &sealed).await.unwrap_err(),
        "IFTRADE04002"
    );
    for (card, expiry, cvc, code) in [
        ("4147x", "1230", "123", "TRADE02003"),
        ("4147", "1230", "123", "TRADE02005"),
        (PAYS, "", "123", "TRADE02007"),
        (PAYS, "0520", "123", "TRADE02008"),
        (PAYS, "1230", "1", "TRADE02009"),
    ] {
        let typed = sealed
            .clone()
            .with("CardNo", card)
            .with("CardExp", expiry)
            .with("CardCvc", cvc);
        assert_eq!(w.sdk("bind", "null", &typed).await.unwrap_err(), code);
    }
    let typed = sealed
        .clone()
        .with("CardNo", PAYS)
        .with("CardExp", "1230")
        .with("CardCvc", "123");
    let inst = typed.clone().with("cardInst", "5");
    assert_eq!(w.sdk("bind", "null", &inst).await.unwrap_err(), "1003");
    w.pass(600);
    assert_eq!(w.sdk("bind", "null", &typed).await.unwrap_err(), "OBJ01003");
    assert_eq!(session(&token).await, code("OBJ01003"));
    assert_eq!(
        get(&w.merchant_trade("x", &token, &[]).await, "Status"),
        "IFTRADE04001"
    );
}

#[tokio::test]
async fn the_script_knows_where_the_gateway_is() {
    let w = World::new().await;
    let (_, script) = w.page("/sdk/uni-payment.js", "").await;
    assert!(script.contains("const PUBLIC_URL = \"http://gateway.test/simulators/payuni\";"));
    let request = Request::get("/sdk/field").body(Body::empty()).unwrap();
    let (_, headers, _) = w.send(request).await;
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.contains("script-src http://gateway.test;")
            && policy.ends_with("sandbox allow-scripts")
    );
}

#[tokio::test]
async fn the_buyer_answers_the_3d_page() {
    let w = World::new().await;
    let mut ear = Ear::new().await;
    for (number, card, answer, status) in [
        ("d-1", "4147631000000303", "approve", "1"),
        ("d-2", "4147631000000303", "refuse", "2"),
        ("d-3", "4147631000000002", "approve", "3"),
    ] {
        let more = [
            ("API3D", "1"),
            ("ReturnURL", "https://shop.example/back"),
            ("NotifyURL", &*ear.url.clone()),
            ("UseTokenType", "3"),
            ("CreditToken", number),
        ];
        let trade = w.charge(number, card, &more).await;
        let url = get(&trade, "URL").to_owned();
        assert_eq!(get(&trade, "Message"), "建立幕後3D成功");
        assert_eq!(get(&trade, "TradeStatus"), "");
        assert_eq!(w.row(number).await, "9 9 0");
        let path = url
            .strip_prefix("http://gateway.test/simulators/payuni")
            .unwrap();
        let (code, page) = w.page(path, "zh-CN").await;
        assert_eq!(code, StatusCode::OK);
        assert!(page.contains("同意") && page.contains("模拟"), "{page}");

        let page = w.press(path, &[("answer", answer)]).await;
        assert!(page.contains("data-sends-itself") && page.contains("https://shop.example/back"));
        let returned = w.returned(&page);
        assert_eq!(get(&returned, "TradeStatus"), status);
        assert_eq!(returned.get("CreditHash").is_some(), status == "1");
        assert_eq!(ear.next().await, format!("{number} {status}"));
        // Pressed again, it stays as it is.
        let page = w.press(path, &[("answer", "approve")]).await;
        assert_eq!(get(&w.returned(&page), "TradeStatus"), status);
    }
    let more = [("API3D", "1")];
    let trade = w.charge("d-4", "4147631000000303", &more).await;
    let decision = w
        .decision(Endpoint::Credit, &order("d-5", "4147631000000303", &more))
        .await;
    assert!(
        matches!(decision, Decision::Requires3D { .. }),
        "{decision:?}"
    );
    w.pass(600);
    assert_eq!(w.row("d-4").await, "4 9 0");
    let page = w
        .press(
            &format!("/3d/{}", get(&trade, "TradeNo")),
            &[("answer", "approve")],
        )
        .await;
    assert!(page.contains("The time to pay is over"));
    assert_eq!(get(&w.charge("d-6", PAYS, &more).await, "TradeStatus"), "1");
}

#[tokio::test]
async fn the_hosted_page_takes_cards() {
    let w = World::new().await;
    let mut ear = Ear::new().await;
    let more = [
        ("ReturnURL", "https://shop.example/back"),
        ("NotifyURL", &*ear.url.clone()),
        ("UseTokenType", "1"),
        ("CreditToken", "cus_1"),
        ("Lang", "zh-tw"),
    ];
    let path = w.upp("p-1", &more).await;
    let (_, page) = w.page(&path, "en").await;
    assert!(page.contains("lang=\"zh-TW\"") && page.contains("NT$ 1,299"));
    assert!(
        page.contains("&#60;b&#62;A plan") || page.contains("&lt;b&gt;A plan"),
        "{page}"
    );
    assert_eq!(w.row("p-1").await, "9 9 0");

    let card = [
        ("method", "card"),
        ("card_number", "4147 6310 0000 0001"),
        ("card_expiry", "12/30"),
        ("card_cvc", "12"),
    ];
    let page = w.press(&path, &card).await;
    assert!(page.contains("aria-invalid=\"true\"") && page.contains("三位數字"));
    let page = w
        .press(
            &path,
            &[&card[..3], &[("card_cvc", "123"), ("keep", "1")]].concat(),
        )
        .await;
    let returned = w.returned(&page);
    assert_eq!(get(&returned, "Gateway"), "2");
    assert_eq!(get(&returned, "TradeStatus"), "1");
    assert_eq!(get(&returned, "CreditHash").len(), 64);
    assert_eq!(ear.next().await, "p-1 1");
    let (_, page) = w.page(&path, "en").await;
    assert!(!page.contains("data-sends-itself") && page.contains("https://shop.example/back"));

    let path = w.upp("p-2", &more).await;
    let page = w
        .press(&path, &[&card[..3], &[("card_cvc", "123")]].concat())
        .await;
    assert_eq!(w.returned(&page).get("CreditHash"), None);

    let path = w.upp("p-3", &[("TradeLExpireSec", "60")]).await;
    w.pass(60);
    let (_, page) = w.page(&path, "en").await;
    assert!(page.contains("The time to pay is over"));
    assert_eq!(w.row("p-3").await, "4 9 0");
    assert_eq!(w.page("/pay/1", "").await.0, StatusCode::NOT_FOUND);

    let path = w.upp("p-4", &[("API3D", "1")]).await;
    let challenged = [
        card[0],
        ("card_number", "4147631000000303"),
        card[2],
        ("card_cvc", "123"),
    ];
    let page = w.press(&path, &challenged).await;
    assert!(page.contains("/3d/") && page.contains("approve"), "{page}");
}

#[tokio::test]
async fn the_hosted_page_issues_numbers() {
    let w = World::on_postgres().await;
    let mut ear = Ear::new().await;
    for (number, method, label) in [("a-1", "atm", "ATM"), ("a-2", "cvs", "CVS")] {
        let more = [("NotifyURL", &*ear.url.clone()), ("ATM", "1"), ("CVS", "1")];
        let path = w.upp(number, &more).await;
        assert!(!w.page(&path, "").await.1.contains("card_number"));
        let page = w.press(&path, &[("method", "card")]).await;
        assert!(page.contains("value=\"atm\""), "cards are not offered");
        w.press(&path, &[("method", method)]).await;
        assert_eq!(ear.next().await, format!("{number} 0"));
        assert_eq!(w.row(number).await, "0 9 0");
        let (_, page) = w.page(&path, "").await;
        assert!(
            page.contains("value=\"simulate\"") && page.contains("2026-06-08 23:59:59"),
            "{page}"
        );
        w.press(&path, &[("method", "simulate")]).await;
        assert_eq!(ear.next().await, format!("{number} 1"), "{label}");
        assert_eq!(w.row(number).await, "1 9 0");
    }
    let path = w
        .upp("a-3", &[("ATM", "1"), ("ExpireDate", "2026-06-02")])
        .await;
    w.press(&path, &[("method", "atm")]).await;
    w.pass(36 * 3600);
    assert_eq!(w.row("a-3").await, "4 9 0");
    for (more, code) in [
        ([("LinePay", "1"), ("TradeAmt", "100")], "UPP02022"),
        ([("CVS", "1"), ("TradeAmt", "20")], "UPP02022"),
        ([("TradeAmt", "100"), ("TradeLExpireSec", "59")], "UPP02046"),
        (
            [("TradeAmt", "100"), ("ExpireDate", "2026-05-01")],
            "UPP02042",
        ),
    ] {
        let inner = [&[("MerTradeNo", "a-4")], &more[..]].concat();
        let (_, _, text) = w.form("/api/upp", &w.outer("2.0", &inner)).await;
        assert!(text.unwrap().contains(code), "{code}");
    }
}

#[tokio::test]
async fn notifies_are_sent_until_the_shop_takes_them() {
    for w in [World::new().await, World::on_postgres().await] {
        let mut ear = Ear::new().await;
        ear.answer(StatusCode::INTERNAL_SERVER_ERROR);
        w.charge("r-1", PAYS, &[("NotifyURL", &*ear.url.clone())])
            .await;
        assert_eq!(ear.next().await, "r-1 1");
        // The pause counts from the attempt, and doubles.
        for pause in [60, 120] {
            w.pass(pause - 1);
            assert_eq!(w.gateway.deliver_notifies().await, Ok(0));
            assert!(ear.heard.try_recv().is_err());
            w.pass(1);
            assert_eq!(w.gateway.deliver_notifies().await, Ok(0));
            assert_eq!(ear.next().await, "r-1 1");
        }
        ear.answer(StatusCode::OK);
        w.pass(240);
        assert_eq!(w.gateway.deliver_notifies().await, Ok(1));
        assert_eq!(ear.next().await, "r-1 1");
        w.pass(24 * 3600);
        assert_eq!(w.gateway.deliver_notifies().await, Ok(0));

        w.charge("r-2", PAYS, &[("NotifyURL", "ftp://shop.example/")])
            .await;
        assert_eq!(w.gateway.deliver_notifies().await, Ok(0));
    }
}

/// What the notice of an invoice tells, after that of its payment.
async fn invoiced(ear: &mut Ear) -> ::einvoice::outcome::Outcome<::einvoice::payuni::Notice> {
    loop {
        let heard = tokio::time::timeout(Duration::from_secs(20), ear.heard.recv());
        let fields = heard.await.expect("a notify").unwrap();
        if let Some(outcome) = ::einvoice::payuni::read_notice(|name| fields.get(name)) {
            return outcome;
        }
        assert_eq!(fields.get("TradeStatus"), Some("1"));
    }
}

async fn invoices_come_with_payments(world: &World) {
    use ::einvoice::invoice::{Draft, DraftLine, DraftReceive};
    use ::einvoice::outcome::{Outcome, Refusal};
    use ::einvoice::payuni::{Notice, payment_fields};

    let mut ear = Ear::new().await;
    let mut draft = Draft::new("paid");
    draft.buyer.name = Some("王大品".into());
    draft.receive = DraftReceive::MobileBarcode("/ABC1234".into());
    draft.lines = vec![DraftLine::new("A plan", 1, 299)];
    let wish = payment_fields(&draft.check().unwrap()).unwrap();
    let mut more: Vec<_> = wish.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let url = ear.url.clone();
    more.push(("NotifyURL", &url));
    world.charge("paid", PAYS, &more).await;
    let Outcome::Done(Notice::Issued(issued)) = invoiced(&mut ear).await else {
        panic!("not issued");
    };
    assert_eq!((issued.reference.as_str(), issued.total), ("paid", 299));
    assert_eq!(issued.issued_at, world.clock.now());
    let barcode = format!("11506{}{}", issued.number, issued.random);
    assert_eq!(issued.printed.as_ref().unwrap().barcode, barcode);

    assert!(world.gateway.void_invoice("paid").await.unwrap());
    assert_eq!(
        invoiced(&mut ear).await,
        Outcome::Done(Notice::Voided(issued))
    );
    assert!(!world.gateway.void_invoice("paid").await.unwrap());
    assert!(!world.gateway.void_invoice("nothing").await.unwrap());

    // A wish that cannot be fulfilled does not hinder the payment.
    let wrong = [
        ("CarrierType", "Donate"),
        ("CarrierInfo", "1"),
        ("NotifyURL", &*url),
    ];
    let trade = world.charge("wrong", PAYS, &wrong).await;
    assert_eq!(trade.get("TradeStatus"), Some("1"));
    let refused = invoiced(&mut ear).await;
    assert!(
        matches!(refused, Outcome::Refused(Refusal::Denied(_))),
        "{refused:?}"
    );

    // Two numbers are all there are.
    world.charge("second", PAYS, &more).await;
    assert!(matches!(invoiced(&mut ear).await, Outcome::Done(_)));
    world.charge("third", PAYS, &more).await;
    let Outcome::Refused(Refusal::Denied(denial)) = invoiced(&mut ear).await else {
        panic!("not refused");
    };
    assert_eq!(denial.message, "字軌已用罄");
}

#[tokio::test]
async fn a_payment_comes_with_the_invoice_it_asks_for() {
    invoices_come_with_payments(&World::new().await).await;
}

#[tokio::test]
async fn a_payment_comes_with_the_invoice_it_asks_for_on_postgres() {
    invoices_come_with_payments(&World::on_postgres().await).await;
}

#[tokio::test]
async fn what_is_declined_or_asks_for_none_has_no_invoice() {
    let world = World::new().await;
    let mut ear = Ear::new().await;
    let url = ear.url.clone();
    let wish = [
        ("CarrierType", "3J0002"),
        ("CarrierInfo", "/ABC1234"),
        ("InvBuyerName", "a"),
        ("NotifyURL", &*url),
    ];
    world.charge("declined", "4147631000000151", &wish).await;
    assert_eq!(ear.next().await, "declined 2");
    world.charge("plain", PAYS, &wish[3..]).await;
    assert_eq!(ear.next().await, "plain 1");
    assert!(!world.gateway.void_invoice("declined").await.unwrap());
    assert!(!world.gateway.void_invoice("plain").await.unwrap());
    world.gateway.deliver_notifies().await.unwrap();
    assert!(ear.heard.try_recv().is_err());
}
