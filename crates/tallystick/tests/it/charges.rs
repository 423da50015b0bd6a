//! Credit that is paid for: over the hosted page, by transfer, and whatever is reported about payments.

use crate::process::{self, Server, eventually};
use crate::support::{Answer, Engine, Scratch, Shop, TestApp, both};
use kernel::{Clock, Secret, SystemClock};
use payuni::envelope::Shop as Merchant;
use payuni::fields::Fields;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::GatewayFault;
use std::time::Duration;
use tallystick::seed;
use tallystick::seed::recur::{GOOD_CARD, POOR_CARD};

const CHARGES: &str = "/platform/organization/credit/charge";
const NOTIFY: &str = "/callback/pay-uni/notify";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A charge of so many credits, over PAYUNi.
pub async fn charge(app: &TestApp, shop: &Shop, quantity: i64) -> String {
    let body = json!({"quantity": quantity, "payment_type": "pay_uni"});
    let answer = app.post(shop, CHARGES, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["credit_charge_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn act(app: &TestApp, shop: &Shop, charge: &str, what: &str) -> Answer {
    app.post(shop, &format!("{CHARGES}/{charge}/{what}"), json!({}))
        .await
}

async fn status(app: &TestApp, shop: &Shop, charge: &str) -> String {
    let answer = app.get(shop, &format!("{CHARGES}/{charge}")).await;
    answer.json()["credit_charge_status"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Begins an attempt at paying a charge: the form, and the number of the trade in it.
pub async fn attempt(app: &TestApp, shop: &Shop, charge: &str) -> (Value, String) {
    let answer = act(app, shop, charge, "pay").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let form = answer.json();
    let text = |name: &str| form[name].as_str().unwrap().to_owned();
    let opened = merchant(app).open(&text("EncryptInfo"), &text("HashInfo"));
    let number = opened.unwrap().get("MerTradeNo").unwrap().to_owned();
    (form, number)
}

/// The shop at the gateway.
fn merchant(app: &TestApp) -> Merchant {
    app.app.orders.pay_uni().unwrap().client.shop().clone()
}

/// What a payer's browser sends to the gateway, at this server whatever the address in the form is.
pub async fn open_page(app: &TestApp, form: &Value) -> String {
    let mut fields = Fields::new();
    for (name, value) in form.as_object().unwrap() {
        if name != "url" {
            fields.push(name.clone(), value.as_str().unwrap());
        }
    }
    let answer = post_form(app, "/simulators/payuni/api/upp", fields.encode()).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    path_of(&answer)
}

async fn post_form(app: &TestApp, path: &str, body: String) -> Answer {
    let request = app
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(body)).await
}

/// The path that an answer leads to.
fn path_of(answer: &Answer) -> String {
    let location = answer.headers["location"].to_str().unwrap();
    match location.split_once("://") {
        Some((_, rest)) => rest[rest.find('/').unwrap()..].to_owned(),
        None => location.to_owned(),
    }
}

/// Types a card into the gateway's page; the page with the result.
pub async fn type_card(app: &TestApp, page: &str, card: &str) -> Answer {
    let fields = Fields::new()
        .with("method", "card")
        .with("card_number", card)
        .with("card_expiry", "12/30")
        .with("card_cvc", "123");
    let answer = post_form(app, page, fields.encode()).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    app.send(app.request(Method::GET, &path_of(&answer))).await
}

/// The form on the gateway's page that the browser posts to the shop.
fn way_back(page: &Answer) -> (String, String) {
    let value = |name: &str| {
        let (_, rest) = page.text.split_once(&format!("name=\"{name}\"")).unwrap();
        let (_, rest) = rest.split_once("value=\"").unwrap();
        rest[..rest.find('"').unwrap()].to_owned()
    };
    let (before, _) = page.text.split_once("/callback/pay-uni/return/").unwrap();
    let start = before.rfind('"').unwrap() + 1;
    let rest = &page.text[start..];
    let url = rest[..rest.find('"').unwrap()].to_owned();
    let mut fields = Fields::new();
    for name in ["MerID", "Version", "EncryptInfo", "HashInfo"] {
        fields.push(name, value(name));
    }
    (
        url[url.find("/callback").unwrap()..].to_owned(),
        fields.encode(),
    )
}

/// A notice as the gateway makes it.
fn notice(shop: &Merchant, number: &str, trade_no: &str, status: &str, amount: i64) -> String {
    let word = match status {
        "1" => "SUCCESS",
        "0" | "9" => "UNKNOWN",
        _ => "UPP03020",
    };
    let inner = Fields::new()
        .with("Status", word)
        .with("MerID", shop.mer_id())
        .with("MerTradeNo", number)
        .with("TradeNo", trade_no)
        .with("TradeAmt", amount.to_string())
        .with("TradeStatus", status);
    sealed(shop, &inner).encode()
}

fn sealed(shop: &Merchant, inner: &Fields) -> Fields {
    let sealed = shop.seal(inner);
    Fields::new()
        .with("Status", "SUCCESS")
        .with("MerID", shop.mer_id())
        .with("Version", "2.0")
        .with("EncryptInfo", sealed.encrypt_info)
        .with("HashInfo", sealed.hash_info)
}

async fn postings(app: &TestApp) -> i64 {
    app.sum("SELECT COUNT(*) FROM postings WHERE kind = 'charge'")
        .await
}

/// The id of a file that was uploaded just now.
async fn file(app: &TestApp, shop: &Shop) -> String {
    let body = "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"proof.pdf\"\r\n\
        content-type: application/pdf\r\n\r\n%PDF-1.7 the receipt\r\n--part--\r\n";
    let request = app
        .request(Method::POST, "/platform/file")
        .header("x-api-key", &shop.key)
        .header("content-type", "multipart/form-data; boundary=part");
    let answer = app.send(request.body(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["file_id"].as_str().unwrap().to_owned()
}

/// How often each thing came of a report.
async fn outcomes(app: &TestApp) -> Vec<(String, i64)> {
    let sql = "SELECT outcome, COUNT(*) FROM charge_notices GROUP BY outcome ORDER BY outcome";
    let find = move |tx: &mut store::Tx<'_>| {
        tx.query_dynamic(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    let found: Result<_, store::StoreError> = app.app.orders.db().read(find).await;
    found.unwrap()
}

both! {
    async fn a_charge_paid_on_the_hosted_page_is_credited_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let body = json!({
            "quantity": 250, "payment_type": "pay_uni", "return_url": "https://shop.example/back?x=1",
        });
        let made = app.post(&shop, CHARGES, body).await.json();
        let id = made["credit_charge_id"].as_str().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(
                made.to_string().replace(id, "<id>").replace(&shop.id.to_string(), "<organization>"),
                @r#"{"account_id":null,"bank_account":null,"create_date_time":"2026-06-02T12:30:00+08:00","credit_charge_id":"<id>","credit_charge_number":"CC-202606020001","credit_charge_status":"wait_payment","expire_date_time":"2026-06-05T12:30:00+08:00","file_id":null,"last_five":null,"organization_id":"<organization>","pay_uni_trade_no":null,"payment_type":"pay_uni","quantity":250,"total":250,"update_date_time":null}"#
            );
        }
        let (form, _) = attempt(&app, &shop, id).await;
        let public_url = &app.app.recur.billing.config().public_url;
        assert_eq!(form["url"], format!("{public_url}/simulators/payuni/api/upp"));
        let page = open_page(&app, &form).await;
        let result = type_card(&app, &page, GOOD_CARD).await;
        // The payer's browser comes back, while the gateway's own notice is on its way: whichever is first.
        let (back, body) = way_back(&result);
        let sent_on = post_form(&app, &back, body.clone()).await;
        let expected = format!("https://shop.example/back?x=1&credit_charge_id={id}");
        assert_eq!((sent_on.status, sent_on.headers["location"].to_str().unwrap()), (303, &*expected));
        assert_eq!(status(&app, &shop, id).await, "complete");
        assert_eq!(app.balance(&shop).await, 250);
        // The browser is sent back once more, and the gateway's notice is sent by hand.
        assert_eq!(post_form(&app, &back, body.clone()).await.status, 303);
        let taken = post_form(&app, NOTIFY, body).await;
        assert_eq!((taken.status, &*taken.text), (200, "SUCCESS"));
        app.pass(HOUR).await;
        assert_eq!((app.balance(&shop).await, postings(&app).await), (250, 1));
        let records = app.get(&shop, "/platform/organization/credit/record").await.json();
        assert_eq!(records["@odata.count"], 1);
        let record = &records["value"][0];
        assert_eq!((&record["quantity"], &record["type"], &record["order"]), (&json!(250), &json!("increase"), &Value::Null));
        let list = app.list(&shop, CHARGES, &[("$filter", &format!("credit_charge_status eq 'complete' and id eq {id}"))]).await;
        assert_eq!(list.json()["@odata.count"], 1);
        assert!(list.json()["value"][0]["pay_uni_trade_no"].is_string());
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn the_gateways_own_notice_settles_a_charge(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        let (form, _) = attempt(&app, &shop, &id).await;
        let page = open_page(&app, &form).await;
        type_card(&app, &page, GOOD_CARD).await;
        eventually("the notice", async || {
            (status(&app, &shop, &id).await == "complete").then_some(())
        })
        .await;
        assert_eq!(app.balance(&shop).await, 100);
        app.stop().await;
    }

    async fn a_declined_card_ends_the_charge_unless_another_attempt_is_open(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        let (_, waiting) = attempt(&app, &shop, &id).await;
        let (form, _) = attempt(&app, &shop, &id).await;
        let page = open_page(&app, &form).await;
        let result = type_card(&app, &page, POOR_CARD).await;
        let (back, body) = way_back(&result);
        assert_eq!(post_form(&app, &back, body).await.status, 303);
        assert_eq!(status(&app, &shop, &id).await, "wait_payment");
        let shop_there = merchant(&app);
        let declined = notice(&shop_there, &waiting, "1", "2", 100);
        assert_eq!(post_form(&app, NOTIFY, declined).await.text, "SUCCESS");
        assert_eq!(status(&app, &shop, &id).await, "fail");
        assert_eq!(act(&app, &shop, &id, "pay").await.code(), "credit_charge_status_incorrect");
        // The gateway has the last word: money that came is credited.
        let paid = notice(&shop_there, &waiting, "2", "1", 100);
        assert_eq!(post_form(&app, NOTIFY, paid).await.text, "SUCCESS");
        assert_eq!(status(&app, &shop, &id).await, "complete");
        assert_eq!(app.balance(&shop).await, 100);
        app.stop().await;
    }

    async fn every_trade_status_has_its_charge_status(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let ours = merchant(&app);
        for (told, expected) in [
            ("0", "wait_payment"), ("1", "complete"), ("2", "fail"), ("3", "cancel"), ("4", "expire"), ("8", "wait_payment"),
            ("9", "wait_payment"), ("7", "wait_payment"),
        ] {
            let id = charge(&app, &shop, 10).await;
            let (_, number) = attempt(&app, &shop, &id).await;
            let body = notice(&ours, &number, "17", told, 10);
            assert_eq!(post_form(&app, NOTIFY, body).await.text, "SUCCESS", "{told}");
            assert_eq!(status(&app, &shop, &id).await, expected, "{told}");
            // What ended without money can still be paid; what was paid stays so.
            for late in ["1", "2", "3", "4"] {
                let body = notice(&ours, &number, "17", late, 10);
                assert_eq!(post_form(&app, NOTIFY, body).await.text, "SUCCESS", "{told} {late}");
                assert_eq!(status(&app, &shop, &id).await, "complete", "{told} {late}");
            }
        }
        assert_eq!((app.balance(&shop).await, postings(&app).await), (80, 8));
        app.stop().await;
    }

    async fn without_a_gateway_nothing_can_be_paid_over_it(engine: Engine) {
        let scratch = Scratch::new(engine);
        let supplier = [("TALLYSTICK_SUPPLIER_URL", "http://127.0.0.1:9"), ("TALLYSTICK_SUPPLIER_KEY", "key")];
        let organization = process::run(&scratch.url(), &["organizations", "create", "Shop"]).await;
        let key = process::run(&scratch.url(), &["keys", "create", organization.trim(), "--label", "test"]).await;
        let key = key.split_whitespace().find(|word| word.starts_with("tsk_")).unwrap();
        let server = Server::with(&scratch.url(), &["--jobs", "off"], &supplier).await;
        let client = httpkit::outgoing::client(Duration::from_secs(20)).unwrap();
        let post = async |path: &str, body: Value| {
            let request = client.post(format!("{}{path}", server.base_url)).header("x-api-key", key);
            let answer = request.json(&body).send().await.unwrap();
            serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()
        };
        let made = post(CHARGES, json!({"quantity": 100, "payment_type": "pay_uni"})).await;
        let path = format!("{CHARGES}/{}", made["credit_charge_id"].as_str().unwrap());
        for what in ["pay", "sync"] {
            let answer = post(&format!("{path}/{what}"), json!({})).await;
            assert_eq!(answer["result_code"], "contact_customer_service", "{what}: {answer}");
        }
        // Nobody has keys that could make a notice.
        assert_eq!(post(NOTIFY, json!({})).await["result_code"], "token_validation_failed");
        assert_eq!(post(&format!("{path}/cancel"), json!({})).await["credit_charge_status"], "cancel");
        server.kill();
    }

    async fn a_number_for_a_machine_is_paid_later(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        let (form, _) = attempt(&app, &shop, &id).await;
        let page = open_page(&app, &form).await;
        let atm = Fields::new().with("method", "atm").encode();
        assert_eq!(post_form(&app, &page, atm).await.status, 303);
        let synced = act(&app, &shop, &id, "sync").await.json();
        assert_eq!(synced["credit_charge_status"], "wait_payment");
        assert!(synced["pay_uni_trade_no"].is_string());
        // Paid after our charge has expired and before the number has, which it does at the end of that day.
        app.pass(HOUR * 73).await;
        assert_eq!(status(&app, &shop, &id).await, "expire");
        let simulate = Fields::new().with("method", "simulate").encode();
        post_form(&app, &page, simulate).await;
        eventually("the notice", async || {
            (status(&app, &shop, &id).await == "complete").then_some(())
        })
        .await;
        assert_eq!(app.balance(&shop).await, 100);
        app.stop().await;
    }

    async fn only_genuine_notices_of_our_trades_count(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        let (_, number) = attempt(&app, &shop, &id).await;
        let ours = merchant(&app);
        let forger = Merchant::new("SANDBOX", Secret::new("x".repeat(32)), Secret::new("y".repeat(16))).unwrap();
        let other = Merchant::new("OTHER", Secret::new("tallystick-sandbox-hash-key-0001".into()), Secret::new("tallystick-iv-01".into())).unwrap();
        let good = notice(&ours, &number, "1", "1", 100);
        let truncated = good[..good.len() - 70].to_owned();
        let inner_of_other = Fields::new().with("Status", "SUCCESS").with("MerID", "OTHER").with("MerTradeNo", &*number)
            .with("TradeNo", "1").with("TradeAmt", "100").with("TradeStatus", "1");
        for (name, body, status, code) in [
            ("forged", notice(&forger, &number, "1", "1", 100), 401, "token_validation_failed"),
            ("another merchant's", notice(&other, &number, "1", "1", 100), 401, "token_validation_failed"),
            ("about another merchant", sealed(&ours, &inner_of_other).encode(), 401, "token_validation_failed"),
            ("truncated", truncated, 401, "token_validation_failed"),
            ("no hash", good.split("&HashInfo").next().unwrap().to_owned(), 401, "token_validation_failed"),
            ("empty", String::new(), 401, "token_validation_failed"),
            ("no form", "\u{0}\u{1}{}".into(), 401, "token_validation_failed"),
            ("about no trade of ours", notice(&ours, "CC-202606020001-0", "1", "1", 100), 400, "pay_uni_order_not_found"),
            ("too long", format!("EncryptInfo={}", "a".repeat(300_000)), 413, "data_validation_failed"),
        ] {
            for path in [NOTIFY.to_owned(), format!("/callback/pay-uni/return/{id}")] {
                let answer = post_form(&app, &path, body.clone()).await;
                assert_eq!((answer.status, &*answer.code()), (status, code), "{name} at {path}");
            }
        }
        // Genuine, and no payment of this charge.
        for (name, body) in [
            ("another amount", notice(&ours, &number, "1", "1", 99)),
            ("more", notice(&ours, &number, "1", "1", 101)),
            ("no status", sealed(&ours, &Fields::new().with("MerID", "SANDBOX").with("MerTradeNo", &*number)).encode()),
            ("about nothing", sealed(&ours, &Fields::new().with("MerID", "SANDBOX").with("InvoiceNotifyType", "1")).encode()),
            ("a contradiction", sealed(&ours, &Fields::new().with("MerID", "SANDBOX").with("MerTradeNo", &*number)
                .with("Status", "UPP03020").with("TradeNo", "1").with("TradeAmt", "100").with("TradeStatus", "1")).encode()),
        ] {
            let answer = post_form(&app, NOTIFY, body).await;
            assert_eq!((answer.status, &*answer.text), (200, "SUCCESS"), "{name}");
        }
        assert_eq!((app.balance(&shop).await, postings(&app).await), (0, 0));
        assert_eq!(status(&app, &shop, &id).await, "wait_payment");
        assert_eq!(app.app.orders.charges_attention().await.unwrap().to_return, 1);
        // At an address of another charge a genuine one counts, and leads nowhere.
        let unrelated = charge(&app, &shop, 5).await;
        let answer = post_form(&app, &format!("/callback/pay-uni/return/{unrelated}"), good).await;
        assert_eq!(answer.code(), "pay_uni_order_not_found");
        assert_eq!((app.balance(&shop).await, postings(&app).await), (100, 1));
        for method in [Method::GET, Method::PUT] {
            assert_eq!(app.send(app.request(method, NOTIFY)).await.code(), "data_not_exist");
        }
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn many_notices_at_once_give_the_credit_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(7).await;
        let id = charge(&app, &shop, 100).await;
        let mut numbers = Vec::new();
        for _ in 0..2 {
            numbers.push(attempt(&app, &shop, &id).await.1);
        }
        let ours = merchant(&app);
        // Both attempts were paid, and every notice is told sixteen times, among some of a failure.
        let bodies = (0..32).map(|n| {
            let number = &numbers[n % 2];
            if n % 8 == 7 {
                notice(&ours, number, &format!("{}", n % 2), "2", 100)
            } else {
                notice(&ours, number, &format!("{}", n % 2), "1", 100)
            }
        });
        let sent = bodies.map(|body| post_form(&app, NOTIFY, body));
        for answer in futures_util::future::join_all(sent).await {
            assert_eq!((answer.status, &*answer.text), (200, "SUCCESS"));
        }
        assert_eq!((app.balance(&shop).await, postings(&app).await), (107, 1));
        assert_eq!(status(&app, &shop, &id).await, "complete");
        let to_return = app.app.orders.payments_to_return().await.unwrap();
        assert_eq!(to_return.len(), 1);
        let number = &to_return[0].mer_trade_no;
        assert!(app.app.orders.payment_returned(number).await.unwrap());
        assert!(!app.app.orders.payment_returned(number).await.unwrap());
        assert_eq!(app.app.orders.charges_attention().await.unwrap().to_return, 0);
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn a_payment_that_nobody_reports_is_found_by_asking(engine: Engine) {
        // The gateway's notices and the payer's browser go nowhere.
        let app = TestApp::with(engine, |config| config.public_url = Some("http://localhost:9".into())).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        let (_, abandoned) = attempt(&app, &shop, &id).await;
        let (form, _) = attempt(&app, &shop, &id).await;
        let page = open_page(&app, &form).await;
        type_card(&app, &page, GOOD_CARD).await;
        assert_eq!(status(&app, &shop, &id).await, "wait_payment");
        app.app.recur.gateway.set_fault(Some(GatewayFault::BadHash));
        app.pass(MINUTE * 3).await;
        assert_eq!(status(&app, &shop, &id).await, "wait_payment", "what nobody knows is not decided");
        let unanswered = act(&app, &shop, &id, "sync").await;
        assert_eq!(unanswered.code(), "contact_customer_service");
        app.app.recur.gateway.set_fault(None);
        app.pass(MINUTE * 5).await;
        assert_eq!(status(&app, &shop, &id).await, "complete");
        assert_eq!((app.balance(&shop).await, postings(&app).await), (100, 1));
        // The other attempt is asked about until it cannot be paid any more, less and less often.
        for _ in 0..12 {
            app.pass(HOUR * 12).await;
        }
        let checks = app.sum(&format!("SELECT checks FROM charge_trades WHERE mer_trade_no = '{abandoned}'")).await;
        assert!((8..40).contains(&checks), "{checks}");
        assert_eq!(app.sum("SELECT COUNT(*) FROM charge_trades WHERE check_at IS NOT NULL").await, 0);
        app.stop().await;
    }

    /// What was paid besides is no attempt that could be asked about, and keeps nobody from asking about the others.
    async fn payments_that_do_not_fit_do_not_stop_asking(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let merchant = merchant(&app);
        let id = charge(&app, &shop, 100).await;
        let (_, number) = attempt(&app, &shop, &id).await;
        for (trade_no, amount) in [("T1", 101), ("T2", 102)] {
            let body = notice(&merchant, &number, trade_no, "1", amount);
            assert_eq!(post_form(&app, NOTIFY, body).await.text, "SUCCESS");
        }
        let (form, _) = attempt(&app, &shop, &id).await;
        let page = open_page(&app, &form).await;
        type_card(&app, &page, GOOD_CARD).await;
        let synced = act(&app, &shop, &id, "sync").await;
        assert_eq!(synced.json()["credit_charge_status"], "complete", "{}", synced.text);
        assert_eq!(app.balance(&shop).await, 100);
        // A notice that PostgreSQL could not store.
        let odd = notice(&merchant, "a\0b", "T\0", "1", 100);
        let answer = post_form(&app, NOTIFY, odd).await;
        assert_eq!((answer.status, &*answer.code()), (400, "pay_uni_order_not_found"));
        app.stop().await;
    }

    async fn what_the_gateway_never_heard_of_is_said_so(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        assert_eq!(act(&app, &shop, &id, "sync").await.code(), "pay_uni_order_not_found");
        let (form, _) = attempt(&app, &shop, &id).await;
        assert_eq!(act(&app, &shop, &id, "sync").await.code(), "pay_uni_order_not_found");
        open_page(&app, &form).await;
        let synced = act(&app, &shop, &id, "sync").await;
        assert_eq!(synced.json()["credit_charge_status"], "wait_payment", "{}", synced.text);
        // The page can be paid for ten minutes.
        app.clock.advance(MINUTE * 11);
        let synced = act(&app, &shop, &id, "sync").await;
        assert_eq!(synced.json()["credit_charge_status"], "expire", "{}", synced.text);
        app.stop().await;
    }

    async fn every_step_needs_its_owner_type_and_status(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, other) = (app.shop(0).await, app.shop(0).await);
        let id = charge(&app, &shop, 100).await;
        let transfer = json!({"quantity": 100, "payment_type": "bank_transfer"});
        let transfer = app.post(&shop, CHARGES, transfer).await.json();
        let transfer = transfer["credit_charge_id"].as_str().unwrap();
        let proof = json!({"file_id": file(&app, &shop).await, "last_five": "12345"});
        let unknown = "00000000-0000-7000-8000-000000000000";
        for what in ["pay", "cancel", "sync", "remittance"] {
            let path = |id: &str| format!("{CHARGES}/{id}/{what}");
            let send = async |who: &Shop, id: &str| app.post(who, &path(id), proof.clone()).await.code();
            assert_eq!(send(&other, &id).await, "credit_charge_not_belong_organization", "{what}");
            assert_eq!(send(&shop, unknown).await, "data_not_exist", "{what}");
            assert_eq!(send(&shop, "x").await, "data_validation_failed", "{what}");
            let wrong = match what {
                "remittance" => &*id,
                "cancel" => continue,
                _ => transfer,
            };
            assert_eq!(send(&shop, wrong).await, "credit_charge_payment_type_incorrect", "{what}");
        }
        assert_eq!(app.get(&other, &format!("{CHARGES}/{id}")).await.code(), "credit_charge_not_belong_organization");
        assert_eq!(app.get(&shop, &format!("{CHARGES}/{unknown}")).await.code(), "data_not_exist");
        assert_eq!(app.get(&other, CHARGES).await.json()["@odata.count"], 0);
        let cancelled = act(&app, &shop, &id, "cancel").await;
        assert_eq!(cancelled.json()["credit_charge_status"], "cancel");
        for what in ["pay", "cancel"] {
            assert_eq!(act(&app, &shop, &id, what).await.code(), "credit_charge_status_incorrect", "{what}");
        }
        app.clock.advance(HOUR * 72);
        // Overdue counts at once, also where nobody has marked it so.
        assert_eq!(act(&app, &shop, transfer, "cancel").await.code(), "credit_charge_status_incorrect");
        app.run_jobs().await;
        assert_eq!(status(&app, &shop, transfer).await, "expire");
        app.stop().await;
    }

    async fn every_field_at_fault_is_named(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        for (body, expected) in [
            (json!({}), vec![("field_is_required", "quantity"), ("field_is_required", "payment_type")]),
            (json!({"quantity": 0, "payment_type": "cash", "return_url": "shop"}),
                vec![("value_out_of_range", "quantity"), ("not_allowed_enum_values", "payment_type"), ("invalid_format", "return_url")]),
            (json!({"quantity": "1", "payment_type": 1}), vec![("invalid_format", "quantity"), ("invalid_format", "payment_type")]),
            (json!({"quantity": 200_000, "payment_type": "pay_uni"}), vec![("value_out_of_range", "quantity")]),
            (json!({"quantity": 10_000_001, "payment_type": "bank_transfer", "return_url": "javascript:alert(1)"}),
                vec![("value_out_of_range", "quantity"), ("invalid_format", "return_url")]),
        ] {
            let answer = app.post(&shop, CHARGES, body.clone()).await.json();
            let items = answer["validation_failed_responses"].as_array().unwrap();
            let found: Vec<_> = items.iter().map(|item| {
                (item["result_code"].as_str().unwrap(), item["property_name"].as_str().unwrap())
            }).collect();
            assert_eq!(found, expected, "{body}");
        }
        let large = json!({"quantity": 10_000_000, "payment_type": "bank_transfer"});
        assert_eq!(app.post(&shop, CHARGES, large).await.status, 200);
        let credit = json!({"quantity": 1, "payment_type": "credit"});
        assert_eq!(app.post(&shop, CHARGES, credit).await.code(), "credit_charge_payment_type_incorrect");
        let named = json!({"quantity": 1, "payment_type": "pay_uni", "organization_id": app.shop(0).await.id});
        assert_eq!(app.post(&shop, CHARGES, named).await.code(), "organization_id_incorrect");
        app.stop().await;
    }

    async fn the_same_request_makes_one_charge(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let send = || {
            let request = app.request(Method::POST, CHARGES)
                .header("x-api-key", &shop.key)
                .header("idempotency-key", "top-up-1")
                .json(&json!({"quantity": 100, "payment_type": "pay_uni"}));
            app.send(request)
        };
        let answers = futures_util::future::join_all((0..8).map(|_| send())).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.text), (200, &answers[0].text));
        }
        assert_eq!(app.count("credit_charges").await, 1);
        app.stop().await;
    }

    async fn credit_has_a_price(engine: Engine) {
        let app = TestApp::with(engine, |config| {
            config.orders.charges.credit_price = "0.333".parse().unwrap();
            config.orders.charges.bank_account = Some("Bank 812".into());
        }).await;
        let shop = app.shop(0).await;
        for (quantity, total) in [(1, 1), (3, 1), (4, 2), (1000, 333), (600_597, 199_999)] {
            let body = json!({"quantity": quantity, "payment_type": "pay_uni"});
            let made = app.post(&shop, CHARGES, body).await.json();
            assert_eq!((&made["total"], &made["bank_account"]), (&json!(total), &Value::Null), "{quantity}");
        }
        let body = json!({"quantity": 600_601, "payment_type": "pay_uni"});
        assert_eq!(app.post(&shop, CHARGES, body).await.code(), "data_validation_failed");
        let body = json!({"quantity": 10, "payment_type": "bank_transfer"});
        assert_eq!(app.post(&shop, CHARGES, body).await.json()["bank_account"], "Bank 812");
        app.stop().await;
    }

    async fn a_person_buys_credit_for_an_organization(engine: Engine) {
        let app = TestApp::start(engine).await;
        let orders = &app.app.orders;
        let owner = seed::people::account(orders, "owner").await.unwrap();
        let stranger = seed::people::account(orders, "stranger").await.unwrap();
        let (organization, key) = seed::people::organization(orders, &owner, "Studio").await.unwrap();
        let as_person = async |who: &seed::people::Person, method: Method, path: &str| {
            let request = app.request(method, path).bearer_auth(who.access_token.expose());
            app.send(request.json(&json!({"quantity": 40, "payment_type": "pay_uni"}))).await
        };
        let path = format!("/account/organization/{organization}/credit-charge");
        assert_eq!(as_person(&stranger, Method::POST, &path).await.code(), "organization_not_belong_account");
        let nobodys = path.replace(&organization.to_string(), "00000000-0000-7000-8000-000000000000");
        assert_eq!(as_person(&owner, Method::POST, &nobodys).await.code(), "organization_id_incorrect");
        let made = as_person(&owner, Method::POST, &path).await.json();
        assert_eq!(made["account_id"], owner.account_id.to_string());
        let id = made["credit_charge_id"].as_str().unwrap();
        let own = format!("/account/credit-charge/{id}");
        for (method, path) in [(Method::GET, own.clone()), (Method::POST, format!("{own}/pay")), (Method::POST, format!("{own}/cancel"))] {
            assert_eq!(as_person(&stranger, method.clone(), &path).await.code(), "credit_charge_not_belong_account", "{path}");
            assert_eq!(as_person(&owner, method, &path).await.status, 200, "{path}");
        }
        // The key that a person made makes charges of that person; one that the operator made makes nobody's.
        let shop = Shop { id: organization, key: key.expose().clone() };
        let body = json!({"quantity": 40, "payment_type": "pay_uni"});
        let keyed = app.post(&shop, CHARGES, body.clone()).await.json();
        assert_eq!(keyed["account_id"], owner.account_id.to_string());
        let operators = app.post(&app.shop(0).await, CHARGES, body).await.json();
        let nobodys = format!("/account/credit-charge/{}", operators["credit_charge_id"].as_str().unwrap());
        assert_eq!(as_person(&owner, Method::GET, &nobodys).await.code(), "credit_charge_not_belong_account");
        orders.set_organization_enabled(organization, false).await.unwrap();
        assert_eq!(as_person(&owner, Method::POST, &path).await.code(), "organization_disable");
        app.stop().await;
    }

    async fn a_transfer_is_proved_with_a_file(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, other) = (app.shop(0).await, app.shop(0).await);
        let body = json!({"quantity": 500, "payment_type": "bank_transfer"});
        let made = app.post(&shop, CHARGES, body).await.json();
        let id = made["credit_charge_id"].as_str().unwrap();
        let path = format!("{CHARGES}/{id}/remittance");
        let (own, others) = (file(&app, &shop).await, file(&app, &other).await);
        for last_five in [json!("1234"), json!("123456"), json!("1234a"), json!("１２３４５"), json!(12345), json!(null)] {
            let answer = app.post(&shop, &path, json!({"file_id": own, "last_five": last_five})).await;
            assert_eq!(answer.code(), "data_validation_failed", "{last_five}");
        }
        let theirs = app.post(&shop, &path, json!({"file_id": others, "last_five": "04821"})).await;
        assert_eq!(theirs.code(), "data_not_exist");
        let proved = app.post(&shop, &path, json!({"file_id": own, "last_five": "04821"})).await.json();
        assert_eq!((&proved["file_id"], &proved["last_five"]), (&json!(own), &json!("04821")));
        let again = app.post(&shop, &path, json!({"file_id": own, "last_five": "04821"})).await.json();
        assert_eq!(again["validation_failed_responses"][0]["result_code"], "file_type_must_be_temp");
        // A better picture replaces it. What waits for the operator does not expire.
        let better = file(&app, &shop).await;
        let proved = app.post(&shop, &path, json!({"file_id": better, "last_five": "04822"})).await.json();
        assert_eq!((&proved["file_id"], &proved["last_five"]), (&json!(better), &json!("04822")));
        app.pass(HOUR * 100).await;
        assert_eq!(status(&app, &shop, id).await, "wait_payment");
        assert_eq!(app.app.orders.charges_attention().await.unwrap().remitted, 1);
        app.app.orders.confirm_transfer(id.parse().unwrap()).await.unwrap();
        assert_eq!(app.balance(&shop).await, 500);
        app.stop().await;
    }

    async fn the_operator_looks_after_charges(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        let transfer = app.post(&shop, CHARGES, json!({"quantity": 70, "payment_type": "bank_transfer"})).await.json();
        let transfer = transfer["credit_charge_id"].as_str().unwrap();
        let proof = json!({"file_id": file(&app, &shop).await, "last_five": "04821"});
        app.post(&shop, &format!("{CHARGES}/{transfer}/remittance"), proof).await;
        let ours = merchant(&app);
        let (_, number) = attempt(&app, &shop, &id).await;
        for trade_no in ["1", "1", "2"] {
            app.clock.advance(MINUTE);
            post_form(&app, NOTIFY, notice(&ours, &number, trade_no, "1", 100)).await;
        }
        let scratch = app.stop().await;
        let url = scratch.url();
        let said = async |args: &[&str]| process::run(&url, &[&["charges"], args].concat()).await;
        let all: Value = serde_json::from_str(&said(&["list", "--json"]).await).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 2);
        let waiting = said(&["list", "--status", "wait_payment"]).await;
        assert!(waiting.contains("70 credits for NT$ 70, bank_transfer, wait_payment, transferred from an account …04821"), "{waiting}");
        let shown: Value = serde_json::from_str(&said(&["show", &id, "--json"]).await).unwrap();
        let outcomes: Vec<_> = shown["notices"].as_array().unwrap().iter().map(|n| n["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["surplus", "repeated", "credited"]);
        assert!(said(&["confirm", transfer]).await.contains("complete, 70 credits"));
        let surplus: Value = serde_json::from_str(&said(&["surplus", "--json"]).await).unwrap();
        let number = surplus[0]["mer_trade_no"].as_str().unwrap();
        assert_eq!((&surplus[0]["paid_amount"], &surplus[0]["trade_no"]), (&json!(100), &json!("2")));
        said(&["returned", number]).await;
        assert_eq!(said(&["surplus"]).await.trim(), "no payment waits to be given back");
        assert!(said(&["reconcile"]).await.contains("PAYUNi is not configured"));
        let left: Value = serde_json::from_str(&said(&["list", "--remitted", "--json"]).await).unwrap();
        assert_eq!(left, json!([]));
    }

    async fn the_operator_confirms_a_transfer_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let body = json!({"quantity": 500, "payment_type": "bank_transfer"});
        let mut ids = Vec::new();
        for _ in 0..2 {
            let made = app.post(&shop, CHARGES, body.clone()).await.json();
            ids.push(made["credit_charge_id"].as_str().unwrap().to_owned());
        }
        let orders = &app.app.orders;
        let confirmed = (0..8).map(|_| orders.confirm_transfer(ids[0].parse().unwrap()));
        let confirmed = futures_util::future::join_all(confirmed).await;
        assert_eq!(confirmed.iter().filter(|done| done.is_ok()).count(), 1);
        assert_eq!((app.balance(&shop).await, postings(&app).await), (500, 1));
        let rejected = orders.reject_transfer(ids[1].parse().unwrap()).await.unwrap();
        assert_eq!(rejected.credit_charge_status, orders::model::ChargeStatus::Fail);
        // It was a mistake: the money is there.
        orders.confirm_transfer(ids[1].parse().unwrap()).await.unwrap();
        orders.reject_transfer(ids[1].parse().unwrap()).await.unwrap_err();
        assert_eq!(app.balance(&shop).await, 1000);
        let over_gateway = charge(&app, &shop, 5).await;
        orders.confirm_transfer(over_gateway.parse().unwrap()).await.unwrap_err();
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn reports_that_change_nothing_do_not_fill_the_books(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = charge(&app, &shop, 100).await;
        let (_, number) = attempt(&app, &shop, &id).await;
        let good = notice(&merchant(&app), &number, "1", "1", 100);
        for _ in 0..100 {
            assert_eq!(post_form(&app, NOTIFY, good.clone()).await.status, 200);
            assert_eq!(post_form(&app, NOTIFY, "EncryptInfo=00&HashInfo=11".into()).await.status, 401);
        }
        let outcomes = outcomes(&app).await;
        let of = |name: &str| outcomes.iter().find(|(outcome, _)| outcome == name).map_or(0, |(_, n)| *n);
        assert_eq!(of("credited"), 1);
        assert!(of("repeated") + of("forged") <= 60, "{outcomes:?}");
        app.stop().await;
    }

    async fn a_process_killed_before_it_learns_of_a_payment_settles_it_later(engine: Engine) {
        let scratch = Scratch::new(engine);
        // Its notices and the payer's browser reach nobody: the process dies before anybody has told it anything.
        let server = Server::with(&scratch.url(), &["--sandbox", "--jobs", "off"], &[("TALLYSTICK_PUBLIC_URL", "http://localhost:9")]).await;
        let payer = Payer::new(&server).await;
        let (id, page) = payer.on_page().await;
        payer.type_card(&page).await.unwrap();
        server.kill();

        let shop = payer.shop.clone();
        let app = TestApp::over_at(scratch, SystemClock.now(), |_| {}).await;
        assert_eq!((status(&app, &shop, &id).await.as_str(), app.balance(&shop).await), ("wait_payment", 0));
        app.pass(MINUTE * 3).await;
        app.pass(HOUR).await;
        assert_eq!((status(&app, &shop, &id).await.as_str(), app.balance(&shop).await), ("complete", 100));
        assert_eq!(postings(&app).await, 1);
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn a_process_killed_while_notices_come_in_loses_and_doubles_none(engine: Engine) {
        let scratch = Scratch::new(engine);
        let server = Server::start(&scratch.url(), &["--sandbox"]).await;
        let payer = Payer::new(&server).await;
        let mut pages = Vec::new();
        for _ in 0..12 {
            pages.push(payer.on_page().await);
        }
        // Payers type their cards all at once; the first one who is through pulls the plug.
        let typing: Vec<_> = pages.iter().map(|(_, page)| Box::pin(payer.type_card(page))).collect();
        let (first, _, others) = futures_util::future::select_all(typing).await;
        first.unwrap();
        server.kill();
        futures_util::future::join_all(others).await;

        let shop = payer.shop.clone();
        let app = TestApp::over_at(scratch, SystemClock.now(), |_| {}).await;
        app.pass(MINUTE * 3).await;
        app.pass(HOUR).await;
        let paid = app.sum("SELECT COUNT(*) FROM gateway_trades WHERE trade LIKE '%\"outcome\":\"Paid\"%'").await;
        assert!(paid >= 1);
        let complete = app.sum("SELECT COUNT(*) FROM credit_charges WHERE credit_charge_status = 'complete'").await;
        assert_eq!((complete, postings(&app).await, app.balance(&shop).await), (paid, paid, paid * 100));
        app.assert_balanced().await;
        app.stop().await;
    }
}

/// Somebody who pays on the hosted page of a server that is a process of its own.
struct Payer {
    client: reqwest::Client,
    base_url: String,
    shop: Shop,
}

impl Payer {
    async fn new(server: &Server) -> Self {
        Self {
            client: httpkit::outgoing::client(Duration::from_secs(20)).unwrap(),
            base_url: server.base_url.clone(),
            shop: server.shop(0).await,
        }
    }

    async fn call(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.base_url));
        let request = request.header("x-api-key", &self.shop.key).json(&body);
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// A form posted at this server, whatever address it names; the path that the answer leads to.
    async fn submit(&self, path: &str, fields: &Fields) -> Result<String, reqwest::Error> {
        let request = self.client.post(format!("{}{path}", self.base_url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(fields.encode()).send().await?;
        let location = answer.headers()["location"].to_str().unwrap();
        let path = location.find("/simulators").unwrap();
        Ok(location[path..].to_owned())
    }

    /// A charge of 100 credits, and the page where it is paid.
    async fn on_page(&self) -> (String, String) {
        let body = json!({"quantity": 100, "payment_type": "pay_uni"});
        let made = self.call(CHARGES, body).await;
        let id = made["credit_charge_id"].as_str().unwrap().to_owned();
        let form = self.call(&format!("{CHARGES}/{id}/pay"), json!({})).await;
        let mut fields = Fields::new();
        for name in ["MerID", "Version", "EncryptInfo", "HashInfo"] {
            fields.push(name, form[name].as_str().unwrap());
        }
        let page = self.submit("/simulators/payuni/api/upp", &fields).await;
        (id, page.unwrap())
    }

    async fn type_card(&self, page: &str) -> Result<String, reqwest::Error> {
        let card = Fields::new()
            .with("method", "card")
            .with("card_number", GOOD_CARD)
            .with("card_expiry", "12/30")
            .with("card_cvc", "123");
        self.submit(page, &card).await
    }
}
