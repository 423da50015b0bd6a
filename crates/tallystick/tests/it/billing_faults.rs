//! Renewals when the gateway, or the server, fails half-way: money is taken once, the state is right, events are sent.

use crate::process::{Server, eventually, rows};
use crate::support::{Engine, Scratch, TestApp, both};
use kernel::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::GatewayFault;
use std::time::Duration;
use tallystick::seed::recur::Merchant;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longer than anybody may advance a clock without a sign of life.
const CLOCK_LEASE: Duration = Duration::from_secs(180);

async fn renewals(app: &TestApp) -> (i64, i64, i64, i64) {
    (
        app.count("billing_invoices").await,
        app.sum("SELECT COUNT(*) FROM billing_invoices WHERE status = 'PAID'")
            .await,
        app.sum("SELECT COUNT(*) FROM billing_charges WHERE purpose = 'INVOICE'")
            .await,
        // The first payment of the merchant's customer, and the renewals.
        app.sum("SELECT COUNT(*) FROM gateway_trades").await - 1,
    )
}

async fn events_of(app: &TestApp, merchant: &Merchant) -> Vec<String> {
    let owner = merchant.account.to_string();
    let events = app
        .app
        .recur
        .billing
        .webhooks()
        .events_after(&owner, None, 1000)
        .await
        .unwrap();
    events
        .into_iter()
        .map(|event| event.kind)
        .filter(|kind| kind.starts_with("invoice") || kind.ends_with("renewed"))
        .collect()
}

async fn advance(app: &TestApp, merchant: &Merchant, by: &str) {
    let answer = app
        .recur(
            Method::POST,
            "/v1/test_clock/advance",
            merchant.secret_key.expose(),
            json!({"by": by}),
        )
        .await;
    assert_eq!(
        (answer.status, &answer.json()["reached"]),
        (200, &json!(true)),
        "{}",
        answer.text
    );
}

both! {
    async fn a_renewal_whose_answer_is_lost_is_paid_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        app.app.recur.gateway.set_fault(Some(GatewayFault::LostAnswer));
        advance(&app, &merchant, "32d").await;
        // The gateway's notice may have told by now what its answer could not.
        let (invoices, _, charges, trades) = renewals(&app).await;
        assert_eq!((invoices, charges, trades), (1, 1, 1));
        let active = app.sum("SELECT COUNT(*) FROM billing_subscriptions WHERE status = 'ACTIVE'").await;
        assert_eq!(active, 1, "what nobody knows is not failed");
        app.app.recur.gateway.set_fault(None);
        advance(&app, &merchant, "1d").await;
        assert_eq!(renewals(&app).await, (1, 1, 1, 1));
        assert_eq!(events_of(&app, &merchant).await, ["invoice.created", "invoice.paid", "subscription.renewed"]);
        app.stop().await;
    }

    async fn a_renewal_that_never_arrived_is_asked_for_again_under_its_number(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        app.app.recur.gateway.set_fault(Some(GatewayFault::Down));
        advance(&app, &merchant, "32d").await;
        assert_eq!(renewals(&app).await, (1, 0, 1, 0));
        app.app.recur.gateway.set_fault(None);
        advance(&app, &merchant, "1d").await;
        assert_eq!(renewals(&app).await, (1, 1, 1, 1));
        assert_eq!(events_of(&app, &merchant).await, ["invoice.created", "invoice.paid", "subscription.renewed"]);
        app.stop().await;
    }

    async fn garbled_answers_decide_nothing(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        for fault in [GatewayFault::Html, GatewayFault::BadHash, GatewayFault::Unknown { then_paid: true }] {
            app.app.recur.gateway.set_fault(Some(fault));
            advance(&app, &merchant, "1mo").await;
            app.app.recur.gateway.set_fault(None);
            app.clock.advance(Duration::from_secs(120));
            advance(&app, &merchant, "1d").await;
        }
        assert_eq!(renewals(&app).await, (3, 3, 3, 3));
        app.stop().await;
    }

    async fn two_who_renew_at_once_charge_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        app.clock.advance(DAY * 32);
        let billing = &app.app.recur.billing;
        let scope = billing.scope(merchant.account).await.unwrap();
        let tries = (0..8).map(|_| billing.run_subscription(&scope, merchant.subscription_id));
        for done in futures_util::future::join_all(tries).await {
            done.unwrap();
        }
        assert_eq!(renewals(&app).await, (1, 1, 1, 1));
        app.stop().await;
    }

    async fn who_is_switched_or_cancelled_while_being_charged(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let key = merchant.secret_key.expose();
        app.clock.advance(DAY * 32);
        let billing = app.app.recur.billing.clone();
        let scope = billing.scope(merchant.account).await.unwrap();
        app.app.recur.gateway.set_fault(Some(GatewayFault::Unknown { then_paid: true }));
        billing.run_subscription(&scope, merchant.subscription_id).await.unwrap();
        let path = format!("/v1/subscriptions/{}", merchant.subscription_id);
        let target = json!({"target_product_id": merchant.product("yearly").unwrap()});
        let switched = app.recur(Method::POST, &format!("{path}/switch"), key, target).await;
        assert_eq!(switched.status, 409, "{}", switched.text);
        let cancelled = app.recur(Method::POST, &format!("{path}/cancel"), key, json!({"cancel_at_period_end": false})).await;
        assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("CANCELED")), "{}", cancelled.text);
        app.app.recur.gateway.set_fault(None);
        // What was taken for a period that will not be is given back.
        for _ in 0..3 {
            app.pass(Duration::from_secs(600)).await;
        }
        let given_back = app.sum("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM billing_refunds WHERE status = 'SUCCEEDED'").await;
        assert_eq!(given_back, 299);
        app.stop().await;
    }

    async fn one_customer_pays_for_many_things_at_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let key = merchant.secret_key.expose();
        let mut checkouts = Vec::new();
        for n in 0..8 {
            let product = json!({"name": format!("Plan {n}"), "type": "SUBSCRIPTION", "price": 100 + n, "interval": "month"});
            let product = app.recur(Method::POST, "/v1/products", key, product).await.json();
            let body = json!({"product_id": product["id"], "customer_email": "many@example.com"});
            let begun = app.recur(Method::POST, "/v1/checkouts", key, body).await.json();
            let token = begun["sdk_token"].as_str().unwrap();
            assert!(app.app.recur.gateway.type_card(token, "4147631000000001").await.unwrap());
            checkouts.push(format!("/v1/checkouts/{}/pay", begun["checkout"]["id"].as_str().unwrap()));
        }
        let paying = checkouts.iter().map(|path| app.recur(Method::POST, path, key, json!({})));
        for paid in futures_util::future::join_all(paying).await {
            assert_eq!(paid.status, 200, "{}", paid.text);
        }
        assert_eq!(app.sum("SELECT COUNT(*) FROM billing_customers WHERE email = 'many@example.com'").await, 1);
        app.stop().await;
    }

    async fn a_switch_that_is_paid_too_late_is_given_back(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let key = merchant.secret_key.expose();
        app.app.recur.gateway.set_fault(Some(GatewayFault::Unknown { then_paid: true }));
        let path = format!("/v1/subscriptions/{}/switch", merchant.subscription_id);
        let yearly = merchant.product("yearly").unwrap();
        let undecided = app.recur(Method::POST, &path, key, json!({"target_product_id": yearly})).await;
        assert_eq!(undecided.status, 409, "{}", undecided.text);
        app.app.recur.gateway.set_fault(None);
        // Meanwhile the customer buys the very product.
        let body = json!({"product_id": yearly, "customer_email": "mei@example.com"});
        let begun = app.recur(Method::POST, "/v1/checkouts", key, body).await.json();
        let token = begun["sdk_token"].as_str().unwrap();
        assert!(app.app.recur.gateway.type_card(token, "4147631000000001").await.unwrap());
        let pay = format!("/v1/checkouts/{}/pay", begun["checkout"]["id"].as_str().unwrap());
        assert_eq!(app.recur(Method::POST, &pay, key, json!({})).await.status, 200);
        for _ in 0..3 {
            app.pass(Duration::from_secs(600)).await;
        }
        let given_back = app.sum("SELECT COUNT(*) FROM billing_refunds WHERE status = 'SUCCEEDED' AND reason = 'DUPLICATE_SUBSCRIPTION'").await;
        let valid = app.sum("SELECT COUNT(*) FROM billing_subscriptions WHERE status = 'ACTIVE' AND collecting = 0").await;
        assert_eq!((given_back, valid), (1, 2));
        advance(&app, &merchant, "2mo").await;
        app.stop().await;
    }

    async fn a_page_cannot_link_itself_to_a_customer(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let page = merchant.publishable_key.expose();
        let body = json!({"productId": merchant.product("one_time").unwrap(), "customerEmail": "mei@example.com", "externalCustomerId": "intruder"});
        let begun = app.recur(Method::POST, "/v1/checkouts", page, body).await.json();
        let token = begun["sdk_token"].as_str().unwrap();
        assert!(app.app.recur.gateway.type_card(token, "4147631000000151").await.unwrap());
        let pay = format!("/v1/checkouts/{}/pay", begun["checkout"]["id"].as_str().unwrap());
        assert_eq!(app.recur(Method::POST, &pay, page, json!({})).await.status, 402);
        let seen = app.recur(Method::GET, "/v1/customers/entitlements?external_id=intruder", page, Value::Null).await.json();
        assert_eq!(seen["customer"], Value::Null, "{seen}");
        app.stop().await;
    }

    async fn what_is_charged_is_what_the_order_says(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let key = merchant.secret_key.expose();
        let coupon = json!({"name": "Less", "discount_type": "FIXED_AMOUNT", "discount_amount": 90, "duration": "ONCE"});
        let coupon = app.recur(Method::POST, "/v1/coupons", key, coupon).await.json();
        app.recur(Method::POST, "/v1/promotion-codes", key, json!({"coupon_id": coupon["id"], "code": "LESS90"})).await;
        let body = json!({"product_id": merchant.product("one_time").unwrap(), "customer_email": "less@example.com"});
        let begun = app.recur(Method::POST, "/v1/checkouts", key, body).await.json();
        let (id, token) = (begun["checkout"]["id"].as_str().unwrap(), begun["sdk_token"].as_str().unwrap());
        // Without a card nothing is tried.
        let early = app.recur(Method::POST, &format!("/v1/checkouts/{id}/pay"), key, json!({})).await;
        assert_eq!((early.status, early.json()["error"]["code"].as_str()), (400, Some("bad_request")), "{}", early.text);
        assert!(app.app.recur.gateway.type_card(token, "4147631000000151").await.unwrap());
        assert_eq!(app.recur(Method::POST, &format!("/v1/checkouts/{id}/pay"), key, json!({})).await.status, 402);
        let applied = app.recur(Method::POST, &format!("/v1/checkouts/{id}/coupon"), key, json!({"code": "LESS90"})).await;
        assert_eq!(applied.status, 200, "{}", applied.text);
        assert!(app.app.recur.gateway.type_card(token, "4147631000000001").await.unwrap());
        let paid = app.recur(Method::POST, &format!("/v1/checkouts/{id}/pay"), key, json!({})).await.json();
        assert_eq!(paid["charge"]["amount"], 500, "{paid}");
        let order = app.recur(Method::GET, &format!("/v1/orders/{}", paid["order_id"].as_str().unwrap()), key, Value::Null).await.json();
        assert_eq!((&order["subtotal"], &order["discount"], &order["amount"]), (&json!(590), &json!(90), &json!(500)), "{order}");
        // A part at first, which has the gateway take the money, then the rest.
        for (amount, status) in [(200, "PARTIALLY_REFUNDED"), (300, "REFUNDED")] {
            let refund = app.recur(Method::POST, "/v1/refunds", key, json!({"order_id": order["id"], "amount": amount})).await;
            assert_eq!((refund.status, &refund.json()["status"]), (201, &json!("SUCCEEDED")), "{}", refund.text);
            let after = app.recur(Method::GET, &format!("/v1/orders/{}", order["id"].as_str().unwrap()), key, Value::Null).await.json();
            assert_eq!(after["status"], status);
        }
        app.stop().await;
    }

    async fn pauses_keep_their_promises(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let key = merchant.secret_key.expose();
        let path = format!("/v1/subscriptions/{}", merchant.subscription_id);
        app.recur(Method::POST, &format!("{path}/cancel"), key, json!({})).await;
        let refused = app.recur(Method::POST, &format!("{path}/pause"), key, json!({})).await;
        assert_eq!(refused.status, 400, "what ends with its period is not paused: {}", refused.text);
        let body = json!({"product_id": merchant.product("trial").unwrap(), "customer_email": "try@example.com"});
        let begun = app.recur(Method::POST, "/v1/checkouts", key, body).await.json();
        assert!(app.app.recur.gateway.type_card(begun["sdk_token"].as_str().unwrap(), "4147631000000001").await.unwrap());
        let pay = format!("/v1/checkouts/{}/pay", begun["checkout"]["id"].as_str().unwrap());
        let paid = app.recur(Method::POST, &pay, key, json!({})).await.json();
        let trial = format!("/v1/subscriptions/{}", paid["subscription"]["id"].as_str().unwrap());
        for (step, status) in [("pause", "PAUSED"), ("resume", "TRIAL")] {
            let answer = app.recur(Method::POST, &format!("{trial}/{step}"), key, json!({})).await;
            assert_eq!((answer.status, &answer.json()["status"]), (200, &json!(status)), "{}", answer.text);
        }
        app.stop().await;
    }

    async fn money_taken_after_a_charge_was_given_up_goes_back(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let billing = &app.app.recur.billing;
        let scope = billing.scope(merchant.account).await.unwrap();
        let customer = merchant.customer_id;
        let origin = billing.config().public_url.clone();
        let challenged = billing.card_token(&scope, customer, &origin).await.unwrap();
        assert!(app.app.recur.gateway.type_card(&challenged, "4147631000000303").await.unwrap());
        let challenge = billing.change_card(&scope, customer, challenged).await.unwrap().expect("3-D Secure");
        // Instead of passing it, the customer types another card.
        let other = billing.card_token(&scope, customer, &origin).await.unwrap();
        assert!(app.app.recur.gateway.type_card(&other, "3560511000000001").await.unwrap());
        assert_eq!(billing.change_card(&scope, customer, other).await.unwrap(), None);
        let approved = app.client.post(&challenge).header("content-type", "application/x-www-form-urlencoded").body("answer=approve");
        app.send(approved).await;
        eventually("both verifications are given back", async || {
            app.run_jobs().await;
            app.clock.advance(Duration::from_secs(2));
            let given_back = app.sum("SELECT COUNT(*) FROM billing_refunds WHERE status = 'SUCCEEDED' AND amount = 2").await;
            (given_back == 2).then_some(())
        })
        .await;
        app.stop().await;
    }

    async fn a_cancelled_subscription_is_not_asked_for_again(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        app.clock.advance(DAY * 32);
        let billing = app.app.recur.billing.clone();
        let scope = billing.scope(merchant.account).await.unwrap();
        app.app.recur.gateway.set_fault(Some(GatewayFault::Down));
        billing.run_subscription(&scope, merchant.subscription_id).await.unwrap();
        billing.cancel(&scope, merchant.subscription_id, false, None).await.unwrap();
        app.app.recur.gateway.set_fault(None);
        for _ in 0..3 {
            app.pass(Duration::from_secs(600)).await;
        }
        assert_eq!(renewals(&app).await, (1, 0, 1, 0));
        let open = app.sum("SELECT COUNT(*) FROM billing_charges WHERE status = 'PENDING'").await;
        assert_eq!(open, 0);
        app.stop().await;
    }

    async fn who_cancels_during_three_d_gets_the_money_back(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let body = json!({"productId": merchant.product("yearly").unwrap(), "customerEmail": "three@example.com"});
        let begun = app.recur(Method::POST, "/v1/checkouts", merchant.publishable_key.expose(), body).await.json();
        let token = begun["sdk_token"].as_str().unwrap();
        assert!(app.app.recur.gateway.type_card(token, "4147631000000303").await.unwrap());
        let pay = format!("/v1/checkouts/{}/pay", begun["checkout"]["id"].as_str().unwrap());
        let challenged = app.recur(Method::POST, &pay, merchant.publishable_key.expose(), json!({})).await.json();
        assert_eq!(challenged["requires3D"], true, "{challenged}");
        let listed = app.recur(Method::GET, "/v1/subscriptions?email=three@example.com", merchant.secret_key.expose(), Value::Null).await.json();
        assert_eq!(listed["data"][0]["status"], "PENDING", "{listed}");
        let id = listed["data"][0]["id"].as_str().unwrap();
        let cancelled = app.recur(Method::DELETE, &format!("/v1/subscriptions/{id}"), merchant.secret_key.expose(), Value::Null).await;
        assert_eq!(cancelled.status, 200, "{}", cancelled.text);
        // The buyer does not know and approves.
        let url = challenged["redirect_url"].as_str().unwrap();
        let approved = app.client.post(url).header("content-type", "application/x-www-form-urlencoded").body("answer=approve");
        let approved = app.send(approved).await;
        assert!([200, 303].contains(&approved.status), "{approved:?}");
        eventually("the notice", async || {
            app.run_jobs().await;
            app.clock.advance(Duration::from_secs(2));
            let given_back = app.sum("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM billing_refunds WHERE status = 'SUCCEEDED'").await;
            (given_back == 2990).then_some(())
        })
        .await;
        let valid = app.sum("SELECT COUNT(*) FROM billing_subscriptions WHERE status = 'ACTIVE'").await;
        assert_eq!(valid, 1);
        app.stop().await;
    }

    async fn the_clock_and_the_jobs_renew_together(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let advancing = advance(&app, &merchant, "1y1d");
        let jobs = async {
            for _ in 0..30 {
                app.app.recur.billing.enqueue_due().await.unwrap();
                app.run_jobs().await;
            }
        };
        futures_util::future::join(advancing, jobs).await;
        assert_eq!(renewals(&app).await, (12, 12, 12, 12));
        let at_once = (0..4).map(|_| {
            let body = json!({"by": "1mo"});
            app.recur(Method::POST, "/v1/test_clock/advance", merchant.secret_key.expose(), body)
        });
        let answers = futures_util::future::join_all(at_once).await;
        assert!(answers.iter().any(|answer| answer.status == 200), "{answers:?}");
        for answer in &answers {
            assert!([200, 409].contains(&answer.status), "{answer:?}");
        }
        let (invoices, paid, charges, trades) = renewals(&app).await;
        assert!(invoices == paid && paid == charges && charges == trades && invoices >= 13);
        app.stop().await;
    }

    async fn a_server_killed_while_it_charges_charges_once(engine: Engine) {
        let scratch = Scratch::new(engine);
        let server = Server::start(&scratch.url(), &["--sandbox"]).await;
        let client = httpkit::outgoing::client(Duration::from_secs(60)).unwrap();
        let post = |path: &str, body: Value| client.post(format!("{}{path}", server.base_url)).json(&body);
        let given: Value = serde_json::from_str(
            &post("/sandbox/given", json!({"given": ["a merchant"]})).send().await.unwrap().text().await.unwrap(),
        ).unwrap();
        let key = given["secret_key"].as_str().unwrap().to_owned();
        let slow = post("/sandbox/gateway", json!({"fault": "slow"})).send().await.unwrap();
        assert_eq!(slow.status(), 200);
        // The gateway takes the money at once; its answer takes a while, and the server does not live to hear it.
        let advance = post("/v1/test_clock/advance", json!({"by": "32d"})).bearer_auth(&key);
        let advancing = tokio::spawn(async move { advance.send().await.is_ok() });
        let db = scratch.open().await;
        eventually("the gateway has the charge", async || {
            let trades = rows(&db, "SELECT COUNT(*) FROM gateway_trades", |row| row.get::<i64>(0)).await;
            (trades == [2]).then_some(())
        })
        .await;
        server.kill();
        assert!(!advancing.await.unwrap(), "the server died before it could answer");
        db.close().await;

        let app = TestApp::over_at(scratch, SystemClock.now().plus(CLOCK_LEASE), |_| {}).await;
        // The gateway's notice may have come through before the end.
        let (invoices, _, charges, trades) = renewals(&app).await;
        assert_eq!((invoices, charges, trades), (1, 1, 1));
        app.run_jobs().await;
        // Whoever leases jobs finds the charge that nobody reported about.
        app.pass(Duration::from_secs(600)).await;
        app.pass(Duration::from_secs(2)).await;
        assert_eq!(renewals(&app).await, (1, 1, 1, 1));
        let told = app.sum("SELECT COUNT(*) FROM webhook_events WHERE kind IN ('invoice.paid', 'subscription.renewed')").await;
        assert_eq!(told, 2);
        app.stop().await;
    }
}
