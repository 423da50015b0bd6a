use crate::server::{Asked, Gateway, client};
use crate::status::body;
use crate::{shop, vectors};
use axum::body::Bytes;
use kernel::{Secret, Timestamp};
use payuni::client::{
    BindKey, BindStatus, Charge, CloseType, Consent, MerchantTrade, Method, Order, Page,
    TokenScope, TokenUse,
};
use payuni::codes::{CardFailure, Code, Endpoint};
use payuni::envelope::OpenError;
use payuni::fields::Fields;
use payuni::status::{CallError, Decision, Undecided};
use payuni::trade::{CloseStatus, MerTradeNo, TradeStatus};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_micros(1_768_449_600_999_999);

fn number() -> MerTradeNo {
    "sub_20260115_001".parse().unwrap()
}

fn charge() -> Charge {
    let order = Order::new(number(), 299, "月租方案 1 個月");
    Charge::new(order, Secret::new("0123456789ABCDEF".repeat(4)))
}

fn success() -> Fields {
    Fields::decode(vectors::CHARGED.plaintext).unwrap()
}

fn answer(vector: &vectors::Vector) -> Vec<u8> {
    body("SUCCESS", &Fields::decode(vector.plaintext).unwrap())
}

fn inner(asked: &Asked) -> Fields {
    let get = |name| asked.form.get(name).unwrap();
    assert_eq!(get("MerID"), "TEST001");
    let opened = shop("TEST001").open(get("EncryptInfo"), get("HashInfo"));
    opened.unwrap()
}

async fn charged(status: u16, answer: impl Into<Bytes>) -> Decision {
    let gateway = Gateway::answering(status, answer).await;
    gateway.client().credit(&charge(), NOW).await
}

fn undecided(decision: Decision) -> Undecided {
    match decision {
        Decision::Undecided(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_charge_is_sent_to_the_letter() {
    let gateway = Gateway::answering(200, answer(&vectors::CHARGED)).await;
    let decision = gateway.client().credit(&charge(), NOW).await;
    assert!(matches!(decision, Decision::Succeeded(_)), "{decision:?}");
    let asked = gateway.asked();
    assert_eq!(asked.path, "/api/credit");
    assert_eq!(asked.headers["user-agent"], "payuni");
    assert_eq!(
        asked.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    let expected = Fields::new()
        .with("MerID", "TEST001")
        .with("Version", "1.3")
        .with("EncryptInfo", vectors::CHARGE.encrypt_info)
        .with("HashInfo", vectors::CHARGE.hash_info);
    assert!(asked.form == expected);
}

#[tokio::test]
async fn a_declined_charge_has_failed() {
    let declined = success().with("TradeStatus", "2").with("ResCode", "54");
    let Decision::Failed(failure) = charged(200, body("SUCCESS", &declined)).await else {
        panic!("not failed");
    };
    assert_eq!(failure.card, Some(CardFailure::Expired));
    assert_eq!(failure.trade.unwrap().trade_status, TradeStatus::Failed);
}

#[tokio::test]
async fn what_is_not_a_readable_answer_is_undecided() {
    let html = "<!doctype html><title>PAYUNi</title>";
    assert_eq!(undecided(charged(200, html).await), Undecided::NotJson);
    assert_eq!(undecided(charged(404, html).await), Undecided::Http(404));
    let paid = answer(&vectors::CHARGED);
    assert_eq!(
        undecided(charged(500, paid.clone()).await),
        Undecided::Http(500)
    );
    assert_eq!(undecided(charged(302, paid).await), Undecided::Http(302));
    let unknown = body(
        "SUCCESS",
        &success().with("Status", "UNKNOWN").with("TradeStatus", "8"),
    );
    assert_eq!(undecided(charged(200, unknown).await), Undecided::Unknown);
    let forged = String::from_utf8(body("SUCCESS", &success())).unwrap();
    let forged = forged.replace(vectors::CHARGED.hash_info, &"0".repeat(64));
    let hash = Undecided::Envelope(OpenError::Hash);
    assert_eq!(undecided(charged(200, forged).await), hash);
    let unsealed = r#"{"Status":"SUCCESS","TradeStatus":"1"}"#;
    assert_eq!(undecided(charged(200, unsealed).await), Undecided::Unsealed);
    let huge = vec![b' '; 256 * 1024 + 1];
    assert_eq!(undecided(charged(200, huge).await), Undecided::TooLong);
}

#[tokio::test]
async fn a_success_for_another_trade_is_not_ours() {
    for other in [
        success().with("MerTradeNo", "sub_1"),
        success().with("TradeAmt", "1"),
    ] {
        let reason = undecided(charged(200, body("SUCCESS", &other)).await);
        assert_eq!(reason, Undecided::Mismatch);
    }
    let failed = success()
        .with("MerTradeNo", "sub_1")
        .with("TradeStatus", "2");
    let reason = undecided(charged(200, body("SUCCESS", &failed)).await);
    assert_eq!(reason, Undecided::Mismatch);
}

#[tokio::test]
async fn silence_is_undecided() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/api", listener.local_addr().unwrap());
    std::thread::spawn(move || begin_and_stall(&listener));
    let hasty = client(&base_url, Duration::from_millis(200));
    let decision = hasty.credit(&charge(), NOW).await;
    assert_eq!(undecided(decision), Undecided::TimedOut);

    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let nobody = client(&format!("http://{address}/api"), Duration::from_secs(30));
    let reason = undecided(nobody.credit(&charge(), NOW).await);
    let Undecided::Unreachable(cause) = reason else {
        panic!("{reason:?}");
    };
    assert!(cause.contains("refused"), "{cause}");
}

fn begin_and_stall(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = [0; 4096];
    assert_ne!(stream.read(&mut request).unwrap(), 0);
    let begin = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{";
    stream.write_all(begin).unwrap();
    // Until the client has hung up.
    let _ = stream.read_to_end(&mut Vec::new());
}

#[tokio::test]
async fn three_d_is_asked_for_and_answered_with_an_address() {
    let url = "https://api.payuni.com.tw/api/credit/api_3d/1";
    let three_d = Fields::new().with("Status", "SUCCESS").with("URL", url);
    let gateway = Gateway::answering(200, body("SUCCESS", &three_d)).await;
    let mut charge = charge();
    charge.three_d = true;
    charge.user_ip = Some("203.0.113.9".into());
    charge.order.notify_url = Some("https://shop.example.test/notify".into());
    let decision = gateway.client().credit(&charge, NOW).await;
    assert_eq!(decision, Decision::Requires3D { url: url.into() });
    let asked = inner(&gateway.asked());
    assert_eq!(asked.get("API3D"), Some("1"));
    assert_eq!(asked.get("UserIP"), Some("203.0.113.9"));
    assert_eq!(
        asked.get("NotifyURL"),
        Some("https://shop.example.test/notify")
    );
    assert_eq!(asked.get("ReturnURL"), None);
}

#[tokio::test]
async fn a_page_gets_a_token_and_its_card_is_charged() {
    let token = Fields::new()
        .with("Status", "SUCCESS")
        .with("MerID", "TEST001")
        .with("Token", "t0k3n")
        .with("TokenExpired", "2026-01-15 12:10:00");
    let gateway = Gateway::answering(200, body("SUCCESS", &token)).await;
    let store = TokenUse {
        consent: Consent::Asked,
        credit_token: "cus_0001".parse().unwrap(),
        scope: TokenScope::Shop,
    };
    let domain = "https://checkout.example.test";
    let got = gateway.client().token_get(domain, Some(&store), NOW).await;
    let got = got.unwrap();
    assert_eq!(got.expires.as_deref(), Some("2026-01-15 12:10:00"));
    let asked = gateway.asked();
    assert_eq!(asked.path, "/api/iframe/token_get");
    assert_eq!(asked.form.get("Version"), Some("3.0"));
    assert_eq!(
        asked.form.get("HashInfo"),
        Some(vectors::TOKEN_GET.hash_info)
    );

    let gateway = Gateway::answering(200, answer(&vectors::CHARGED)).await;
    let trade = MerchantTrade::new(charge().order, got.token);
    let decision = gateway.client().merchant_trade(&trade, NOW).await;
    assert!(matches!(decision, Decision::Succeeded(_)), "{decision:?}");
    let asked = gateway.asked();
    assert_eq!(asked.path, "/api/iframe/merchant_trade");
    assert_eq!(inner(&asked).get("Token"), Some("t0k3n"));

    let early = Fields::new().with("Status", "IFTRADE04002");
    let gateway = Gateway::answering(200, body("IFTRADE04002", &early)).await;
    let Decision::Failed(failure) = gateway.client().merchant_trade(&trade, NOW).await else {
        panic!("not failed");
    };
    assert_eq!(
        failure.code.meaning(),
        Some("no card was entered for this Token")
    );
}

#[tokio::test]
async fn a_trade_is_queried() {
    let gateway = Gateway::answering(200, answer(&vectors::QUERIED)).await;
    let row = gateway.client().trade_query(&number(), NOW).await;
    let row = row.unwrap().unwrap();
    assert_eq!(row.trade_no, "1768449600123456789");
    assert_eq!(row.amount, 299);
    assert_eq!(row.trade_status, TradeStatus::Paid);
    assert!(row.complete);
    assert_eq!(row.payment_day.as_deref(), Some("2026-01-15 12:00:00"));
    assert_eq!(row.card_exp.as_deref(), Some("1230"));
    assert_eq!(row.close_status, Some(CloseStatus::Captured));
    assert_eq!(row.close_amount, Some(299));
    assert_eq!(row.remain_amount, Some(299));
    assert_eq!(row.refund_status, None);
    let asked = gateway.asked();
    assert_eq!(asked.path, "/api/trade/query");
    let expected = "MerID=TEST001&MerTradeNo=sub_20260115_001&Timestamp=1768449600";
    assert_eq!(inner(&asked).encode(), expected);

    let other: MerTradeNo = "sub_1".parse().unwrap();
    let mismatch = gateway.client().trade_query(&other, NOW).await;
    assert_eq!(mismatch, Err(CallError::Undecided(Undecided::Mismatch)));
}

#[tokio::test]
async fn a_query_finds_nothing_only_when_the_gateway_says_so() {
    let sealed = body(
        "QUERY03001",
        &Fields::decode(vectors::NOT_FOUND.plaintext).unwrap(),
    );
    for answer in [sealed, br#"{"Status":"QUERY03001"}"#.to_vec()] {
        let gateway = Gateway::answering(200, answer).await;
        assert_eq!(gateway.client().trade_query(&number(), NOW).await, Ok(None));
    }
    let code = Code::new(Endpoint::TradeQuery, "QUERY01006");
    let gateway = Gateway::answering(200, r#"{"Status":"QUERY01006"}"#).await;
    let network = gateway.client().trade_query(&number(), NOW).await;
    assert_eq!(network, Err(CallError::Undecided(Undecided::Code(code))));
    let empty = Fields::new().with("Status", "SUCCESS");
    let gateway = Gateway::answering(200, body("SUCCESS", &empty)).await;
    let nothing = gateway.client().trade_query(&number(), NOW).await;
    assert_eq!(nothing, Err(CallError::Undecided(Undecided::Incomplete)));
}

#[tokio::test]
async fn money_is_taken_given_back_and_released() {
    let done = Fields::new()
        .with("Status", "SUCCESS")
        .with("TradeNo", "17");
    let gateway = Gateway::answering(200, body("SUCCESS", &done)).await;
    let refund = gateway
        .client()
        .trade_close("17", CloseType::Refund, 100, NOW);
    assert_eq!(refund.await, Ok(()));
    let asked = gateway.asked();
    assert_eq!(asked.path, "/api/trade/close");
    let expected = "MerID=TEST001&TradeNo=17&CloseType=2&TradeAmt=100&Timestamp=1768449600";
    assert_eq!(inner(&asked).encode(), expected);

    let gateway = Gateway::answering(200, body("SUCCESS", &done)).await;
    assert_eq!(gateway.client().trade_cancel("17", NOW).await, Ok(()));
    assert_eq!(gateway.asked().path, "/api/trade/cancel");
    let other = gateway.client().trade_cancel("18", NOW).await;
    assert_eq!(other, Err(CallError::Undecided(Undecided::Mismatch)));

    let over = Fields::new()
        .with("Status", "CLOSE03001")
        .with("Message", "退款金額錯誤");
    let gateway = Gateway::answering(200, body("CLOSE03001", &over)).await;
    let refused = gateway
        .client()
        .trade_close("17", CloseType::Refund, 999, NOW);
    let expected = CallError::Refused {
        code: Code::new(Endpoint::TradeClose, "CLOSE03001"),
        message: "退款金額錯誤".into(),
    };
    assert_eq!(refused.await, Err(expected));

    let gateway = Gateway::answering(200, r#"{"Status":"SUCCESS"}"#).await;
    let unsealed = gateway.client().trade_cancel("17", NOW).await;
    assert_eq!(unsealed, Err(CallError::Undecided(Undecided::Unsealed)));
}

#[tokio::test]
async fn stored_cards_are_found_and_forgotten() {
    let found = Fields::new()
        .with("Status", "SUCCESS")
        .with("Result[0][CreditHash]", "AB")
        .with("Result[0][CreditToken]", "cus_0001")
        .with("Result[0][CreditTokenStatus]", "1")
        .with("Result[0][Card4No]", "0001")
        .with("Result[1][CreditHash]", "CD")
        .with("Result[1][CreditTokenStatus]", "3");
    let gateway = Gateway::answering(200, body("SUCCESS", &found)).await;
    let payer = BindKey::Token("cus_0001".parse().unwrap());
    let scope = Some(TokenScope::Shop);
    let cards = gateway.client().credit_bind_query(&payer, scope, NOW).await;
    let cards = cards.unwrap();
    assert_eq!(cards[0].credit_hash.expose(), "AB");
    assert_eq!(cards[0].status, BindStatus::Usable);
    assert_eq!(cards[0].card4.as_deref(), Some("0001"));
    assert_eq!(cards[1].status, BindStatus::Deleted);
    let asked = gateway.asked();
    assert_eq!(asked.path, "/api/credit_bind/query");
    let expected = "MerID=TEST001&CreditToken=cus_0001&CreditTokenType=2&Timestamp=1768449600";
    assert_eq!(inner(&asked).encode(), expected);

    let gateway = Gateway::answering(200, r#"{"Status":"QUERY03001"}"#).await;
    let cards = gateway.client().credit_bind_query(&payer, None, NOW).await;
    assert_eq!(cards, Ok(Vec::new()));

    let card = BindKey::Hash(Secret::new("AB".into()));
    let done = Fields::new().with("Status", "SUCCESS").with("Hash", "AB");
    for answer in [
        body("SUCCESS", &done),
        br#"{"Status":"CANCEL03001"}"#.to_vec(),
    ] {
        let gateway = Gateway::answering(200, answer).await;
        let forgotten = gateway.client().credit_bind_cancel(&card, None, NOW).await;
        assert_eq!(forgotten, Ok(()));
        let asked = gateway.asked();
        assert_eq!(asked.path, "/api/credit_bind/cancel");
        let expected = "MerID=TEST001&UseTokenType=1&BindVal=AB&Timestamp=1768449600";
        assert_eq!(inner(&asked).encode(), expected);
    }
}

#[test]
fn the_hosted_page_is_a_form_for_the_browser() {
    let mut page = Page::new(Order::new(
        "1658198662_93966".parse().unwrap(),
        7017,
        "商品說明",
    ));
    page.order.email = Some("a@example.test".into());
    page.order.return_url = Some("https://shop.example.test/return".into());
    page.lifetime_seconds = Some(300);
    page.english = true;
    page.store = Some(TokenUse {
        consent: Consent::Required,
        credit_token: "cus_0001".parse().unwrap(),
        scope: TokenScope::Member,
    });
    let client = client("https://api.payuni.com.tw/api/", Duration::from_secs(1));
    let form = client.upp(&page, NOW);
    assert_eq!(form.action, "https://api.payuni.com.tw/api/upp");
    assert_eq!(form.fields.get("Version"), Some("2.0"));
    let get = |name| form.fields.get(name).unwrap();
    let inner = shop("TEST001").open(get("EncryptInfo"), get("HashInfo"));
    let expected = Fields::new()
        .with("MerID", "TEST001")
        .with("MerTradeNo", "1658198662_93966")
        .with("TradeAmt", "7017")
        .with("Timestamp", "1768449600")
        .with("ProdDesc", "商品說明")
        .with("UsrMail", "a@example.test")
        .with("ReturnURL", "https://shop.example.test/return")
        .with("TradeLExpireSec", "300")
        .with("Credit", "1")
        .with("Lang", "en")
        .with("UseTokenType", "3")
        .with("CreditToken", "cus_0001")
        .with("CreditTokenType", "1");
    assert!(inner.unwrap() == expected);
}

#[test]
fn the_hosted_page_offers_what_the_shop_asks_for() {
    let order = Order::new("CC-202601150001-0a1b2c3d4".parse().unwrap(), 500, "Credit");
    let mut page = Page::new(order);
    page.methods = vec![Method::Card, Method::Atm, Method::Cvs];
    // The last second of the day in Taipei, which is the day before in London.
    page.number_until = Some("2026-01-18T23:59:59+08:00".parse().unwrap());
    let client = client("https://api.payuni.com.tw/api/", Duration::from_secs(1));
    let form = client.upp(&page, NOW);
    let get = |name| form.fields.get(name).unwrap();
    let inner = shop("TEST001").open(get("EncryptInfo"), get("HashInfo"));
    let inner = inner.unwrap();
    for (name, value) in [
        ("Credit", "1"),
        ("ATM", "1"),
        ("CVS", "1"),
        ("ExpireDate", "2026-01-18"),
    ] {
        assert_eq!(inner.get(name), Some(value), "{name}");
    }
}

#[test]
fn debug_of_requests_and_forms_shows_no_secrets() {
    let client = client("https://api.payuni.com.tw/api", Duration::from_secs(1));
    let form = client.upp(&Page::new(charge().order), NOW);
    let text = format!("{client:?} {form:?} {:?}", charge());
    for secret in [vectors::KEY, vectors::IV, "0123456789ABCDEF", "47396636"] {
        assert!(!text.contains(secret), "{text}");
    }
}
