//! Subscription billing over HTTP, on both databases.

use crate::support::{Answer, Engine, TestApp, both};
use billing::model::Buyer;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tallystick::seed::recur::{GOOD_CARD, Merchant, POOR_CARD};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Works once; every later charge of it is declined for want of funds.
const WORKS_ONCE: &str = "4147631000000451";
/// Undecided for a minute, then paid.
const UNKNOWN_THEN_PAID: &str = "4147631000000291";

impl TestApp {
    async fn get_as(&self, merchant: &Merchant, path: &str) -> Answer {
        self.recur(Method::GET, path, merchant.secret_key.expose(), Value::Null)
            .await
    }

    async fn post_as(&self, merchant: &Merchant, path: &str, body: Value) -> Answer {
        self.recur(Method::POST, path, merchant.secret_key.expose(), body)
            .await
    }

    /// A checkout with a card typed into its form.
    async fn checkout(
        &self,
        merchant: &Merchant,
        product: &str,
        email: Option<&str>,
        card: &str,
    ) -> String {
        let body = json!({"productId": merchant.product(product).unwrap(), "customerEmail": email, "customerName": "Wang"});
        let answer = self
            .recur(
                Method::POST,
                "/v1/checkouts",
                merchant.publishable_key.expose(),
                body,
            )
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let body = answer.json();
        let token = body["sdk_token"].as_str().unwrap();
        assert!(self.app.recur.gateway.type_card(token, card).await.unwrap());
        body["checkout"]["id"].as_str().unwrap().to_owned()
    }

    async fn pay(&self, merchant: &Merchant, checkout: &str) -> Answer {
        let path = format!("/v1/checkouts/{checkout}/pay");
        self.recur(
            Method::POST,
            &path,
            merchant.publishable_key.expose(),
            json!({}),
        )
        .await
    }

    /// A paid subscription; its id.
    async fn subscribe(
        &self,
        merchant: &Merchant,
        product: &str,
        email: &str,
        card: &str,
    ) -> String {
        let checkout = self.checkout(merchant, product, Some(email), card).await;
        let answer = self.pay(merchant, &checkout).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["subscription"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn subscription(&self, merchant: &Merchant, id: &str) -> Value {
        let answer = self
            .get_as(merchant, &format!("/v1/subscriptions/{id}"))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    async fn advance(&self, merchant: &Merchant, by: &str) -> Value {
        let answer = self
            .post_as(merchant, "/v1/test_clock/advance", json!({"by": by}))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The kinds of the events of a merchant, oldest first.
    async fn events(&self, merchant: &Merchant) -> Vec<String> {
        let owner = merchant.account.to_string();
        let events = self
            .app
            .recur
            .billing
            .webhooks()
            .events_after(&owner, None, 1000)
            .await
            .unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

both! {
    async fn a_subscription_begins_with_a_payment(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let checkout = app.checkout(&merchant, "monthly", Some("new@example.com"), GOOD_CARD).await;
        let paid = app.pay(&merchant, &checkout).await;
        assert_eq!(paid.status, 200, "{}", paid.text);
        let body = paid.json();
        assert_eq!(body["success"], true);
        assert_eq!(body["subscription"]["status"], "ACTIVE");
        assert_eq!(body["subscription"]["billingPeriod"], "MONTHLY");
        assert_eq!(body["charge"]["amount"], 299);
        // Paying again changes nothing and is answered the same.
        let again = app.pay(&merchant, &checkout).await;
        assert_eq!((again.status, again.json()), (200, body));
        assert_eq!(app.count("billing_charges").await, 2);
        let events = app.events(&merchant).await;
        let mine: Vec<&str> = events.iter().skip_while(|kind| *kind != "checkout.completed").skip(1).map(String::as_str).collect();
        assert_eq!(mine, ["checkout.created", "customer.created", "subscription.created", "order.paid",
            "subscription.activated", "checkout.completed"]);
        app.stop().await;
    }

    async fn a_decline_can_be_tried_again(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let checkout = app.checkout(&merchant, "monthly", Some("poor@example.com"), POOR_CARD).await;
        let declined = app.pay(&merchant, &checkout).await;
        assert_eq!(declined.status, 402, "{}", declined.text);
        assert_eq!(declined.json()["error"]["code"], "payment_required");
        assert_eq!(declined.json()["error"]["details"][0]["failure_code"], "INSUFFICIENT_FUNDS");
        app.stop().await;
    }

    async fn a_month_ends_and_is_paid_for(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let id = merchant.subscription_id.to_string();
        let before = app.subscription(&merchant, &id).await;
        let report = app.advance(&merchant, "1mo1d").await;
        assert_eq!(report["reached"], true, "{report}");
        assert_eq!(report["happened"][0]["what"], "renewal");
        assert_eq!(report["happened"][0]["charge"], "paid");
        let after = app.subscription(&merchant, &id).await;
        assert_eq!(after["current_period_start"], before["current_period_end"]);
        assert_eq!(after["status"], "ACTIVE");
        assert_eq!(app.count("billing_invoices").await, 1);
        let events = app.events(&merchant).await;
        let last: Vec<&str> = events.iter().rev().take(3).rev().map(String::as_str).collect();
        assert_eq!(last, ["invoice.created", "invoice.paid", "subscription.renewed"]);
        app.stop().await;
    }

    async fn ten_years_of_months(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let report = app.advance(&merchant, "10y").await;
        assert_eq!((&report["reached"], &report["count"]), (&json!(true), &json!(120)), "{report}");
        assert_eq!(app.count("billing_invoices").await, 120);
        assert_eq!(app.count("billing_charges").await, 121);
        let after = app.subscription(&merchant, &merchant.subscription_id.to_string()).await;
        assert_eq!(after["current_period_start"], "2036-06-02T04:30:00.000Z", "{after}");
        app.stop().await;
    }

    async fn who_does_not_pay_is_reminded_and_then_let_go(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let id = app.subscribe(&merchant, "monthly", "once@example.com", WORKS_ONCE).await;
        let report = app.advance(&merchant, "1mo1h").await;
        assert!(report["happened"].to_string().contains("declined"), "{report}");
        let late = app.subscription(&merchant, &id).await;
        assert_eq!(late["status"], "PAST_DUE", "{late}");
        let report = app.advance(&merchant, "5d").await;
        let did: Vec<&str> = report["happened"].as_array().unwrap().iter()
            .filter(|one| one["object"] == id.as_str()).map(|one| one["what"].as_str().unwrap()).collect();
        assert_eq!(did, ["retry", "retry", "retry", "grace_end"], "{report}");
        let over = app.subscription(&merchant, &id).await;
        assert_eq!(over["status"], "EXPIRED", "{over}");
        let events = app.events(&merchant).await;
        assert_eq!(events.iter().filter(|kind| *kind == "invoice.payment_failed").count(), 4, "{events:?}");
        assert_eq!(events.last().unwrap(), "subscription.expired");
        app.stop().await;
    }

    async fn a_trial_costs_nothing_and_then_the_price(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let id = app.subscribe(&merchant, "trial", "try@example.com", GOOD_CARD).await;
        let begun = app.subscription(&merchant, &id).await;
        assert_eq!(begun["status"], "TRIAL");
        app.run_jobs().await;
        let report = app.advance(&merchant, "15d").await;
        let did: Vec<&str> = report["happened"].as_array().unwrap().iter()
            .filter(|one| one["object"] == id.as_str()).map(|one| one["what"].as_str().unwrap()).collect();
        assert_eq!(did, ["trial_notice", "renewal"], "{report}");
        assert_eq!(app.subscription(&merchant, &id).await["status"], "ACTIVE");
        let events = app.events(&merchant).await;
        assert!(events.contains(&"refund.succeeded".to_owned()), "the verification was not given back: {events:?}");
        app.stop().await;
    }

    async fn of_checkouts_at_once_one_becomes_a_subscription(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let mut checkouts = Vec::new();
        for _ in 0..6 {
            checkouts.push(app.checkout(&merchant, "yearly", Some("twice@example.com"), GOOD_CARD).await);
        }
        let tries = checkouts.iter().map(|checkout| app.pay(&merchant, checkout));
        let answers = futures_util::future::join_all(tries).await;
        let paid = answers.iter().filter(|answer| answer.status == 200).count();
        let conflicts: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 409).collect();
        assert_eq!((paid, conflicts.len()), (1, 5), "{answers:?}");
        for conflict in conflicts {
            let body = conflict.json();
            assert_eq!(body["error"]["details"][0]["status"], "ACTIVE", "{body}");
        }
        app.run_jobs().await;
        let valid = app.get_as(&merchant, "/v1/subscriptions?email=twice@example.com&active=true").await.json();
        assert_eq!(valid["data"].as_array().unwrap().len(), 1);
        // Whoever was charged all the same has the money back.
        let charges = app.sum("SELECT COUNT(*) FROM billing_charges WHERE status = 'SUCCEEDED' AND amount = 2990").await;
        assert_eq!(charges, 1);
        app.stop().await;
    }

    async fn paying_ten_times_at_once_pays_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let checkout = app.checkout(&merchant, "one_time", None, GOOD_CARD).await;
        let tries = (0..10).map(|_| app.pay(&merchant, &checkout));
        let answers = futures_util::future::join_all(tries).await;
        for answer in &answers {
            assert_eq!((answer.status, answer.json()), (200, answers[0].json()), "{}", answer.text);
        }
        let charged = app.sum("SELECT COUNT(*) FROM billing_charges WHERE amount = 590").await;
        let traded = app.sum("SELECT COUNT(*) FROM gateway_trades").await;
        assert_eq!((charged, traded), (1, 2));
        app.stop().await;
    }

    async fn what_the_bank_leaves_open_is_found_out_later(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let checkout = app.checkout(&merchant, "monthly", Some("slow@example.com"), UNKNOWN_THEN_PAID).await;
        let open = app.pay(&merchant, &checkout).await;
        assert_eq!((open.status, open.json()["error"]["code"].as_str()), (409, Some("conflict")), "{}", open.text);
        app.pass(Duration::from_secs(300)).await;
        app.run_jobs().await;
        let paid = app.pay(&merchant, &checkout).await;
        assert_eq!(paid.status, 200, "{}", paid.text);
        assert_eq!(paid.json()["subscription"]["status"], "ACTIVE");
        assert_eq!(app.sum("SELECT COUNT(*) FROM gateway_trades").await, 2);
        // The card was kept, so that the next period can be charged.
        app.advance(&merchant, "33d").await;
        let listed = app.get_as(&merchant, "/v1/subscriptions?email=slow@example.com").await.json();
        assert_eq!(listed["data"][0]["status"], "ACTIVE", "{listed}");
        app.stop().await;
    }

    async fn switches_are_prorated(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let id = merchant.subscription_id.to_string();
        let yearly = merchant.product("yearly").unwrap();
        app.advance(&merchant, "15d").await;
        let preview = app.post_as(&merchant, &format!("/v1/subscriptions/{id}/switch/preview"), json!({"target_product_id": yearly})).await.json();
        assert_eq!((&preview["switch_type"], &preview["effective"]), (&json!("UPGRADE"), &json!("IMMEDIATE")), "{preview}");
        let switched = app.post_as(&merchant, &format!("/v1/subscriptions/{id}/switch"), json!({"target_product_id": yearly})).await;
        assert_eq!(switched.status, 200, "{}", switched.text);
        let body = switched.json();
        assert_eq!(body["amount_due"], preview["amount_due"]);
        assert_eq!(body["invoice"]["status"], "PAID");
        assert_eq!(body["subscription"]["product_id"], json!(yearly));
        // Back to the month: when the year is over.
        let monthly = merchant.product("monthly").unwrap();
        let back = app.post_as(&merchant, &format!("/v1/subscriptions/{id}/switch"), json!({"targetProductId": monthly})).await.json();
        assert_eq!(back["effective"], "PERIOD_END", "{back}");
        assert_eq!(app.subscription(&merchant, &id).await["product_id"], json!(yearly));
        app.advance(&merchant, "1y1d").await;
        let after = app.subscription(&merchant, &id).await;
        assert_eq!((&after["product_id"], &after["status"]), (&json!(monthly), &json!("ACTIVE")), "{after}");
        let events = app.events(&merchant).await;
        for kind in ["subscription.upgraded", "subscription.schedule_created", "subscription.schedule_executed", "subscription.downgraded"] {
            assert!(events.contains(&kind.to_owned()), "{kind}: {events:?}");
        }
        app.stop().await;
    }

    async fn a_cancelled_subscription_ends_with_its_period(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let id = merchant.subscription_id.to_string();
        let cancelled = app.post_as(&merchant, &format!("/v1/subscriptions/{id}/cancel"), json!({})).await.json();
        assert_eq!((&cancelled["status"], &cancelled["cancel_at_period_end"]), (&json!("ACTIVE"), &json!(true)));
        let grants = app.get_as(&merchant, &format!("/v1/customers/entitlements?customer_id={}", merchant.customer_id)).await.json();
        assert_eq!(grants["entitlements"][0]["status"], "canceled");
        app.advance(&merchant, "32d").await;
        assert_eq!(app.subscription(&merchant, &id).await["status"], "CANCELED");
        let grants = app.get_as(&merchant, &format!("/v1/customers/entitlements?customer_id={}", merchant.customer_id)).await.json();
        assert_eq!(grants["entitlements"], json!([]));
        assert_eq!(app.count("billing_invoices").await, 0);
        app.stop().await;
    }

    async fn who_turns_out_to_have_a_subscription_gets_the_money_back(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let body = json!({"productId": merchant.product("monthly").unwrap(), "successUrl": "https://shop.example/ok"});
        let session = app.post_as(&merchant, "/v1/checkout/sessions", body).await;
        assert_eq!(session.status, 201, "without an address nobody is recognized: {}", session.text);
        let billing = &app.app.recur.billing;
        let scope = billing.scope(merchant.account).await.unwrap();
        let checkout = billing.find_session(session.json()["id"].as_str().unwrap()).await.unwrap();
        let buyer = Buyer { email: Some("MEI@example.com".into()), name: None, external_id: None };
        billing.set_buyer(&scope, checkout.checkout_id, buyer).await.unwrap();
        let origin = billing.config().public_url.clone();
        let checkout = billing.refresh_sdk_token(&scope, checkout.checkout_id, &origin).await.unwrap();
        let token = checkout.sdk_token.as_deref().unwrap();
        assert!(app.app.recur.gateway.type_card(token, GOOD_CARD).await.unwrap());
        for _ in 0..2 {
            let conflict = app.pay(&merchant, &checkout.checkout_id.to_string()).await;
            assert_eq!(conflict.status, 409, "{}", conflict.text);
            let details = &conflict.json()["error"]["details"][0];
            assert_eq!(details["existing_subscription_id"], json!(merchant.subscription_id));
            assert_eq!(details["status"], "ACTIVE");
        }
        app.run_jobs().await;
        app.pass(Duration::from_secs(2)).await;
        let refunds = app.get_as(&merchant, "/v1/refunds").await.json();
        let refund = &refunds["data"][0];
        assert_eq!((&refund["amount"], &refund["status"], &refund["reason"]),
            (&json!(299), &json!("SUCCEEDED"), &json!("DUPLICATE_SUBSCRIPTION")), "{refunds}");
        let charged = app.sum("SELECT COUNT(*) FROM gateway_trades").await;
        assert_eq!(charged, 2);
        app.stop().await;
    }

    async fn a_coupon_lowers_as_many_periods_as_it_says(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let coupon = json!({"name": "Half", "discount_type": "PERCENTAGE", "discount_amount": 50,
            "duration": "REPEATING", "duration_months": 2, "bonus_months": 1});
        let coupon = app.post_as(&merchant, "/v1/coupons", coupon).await;
        assert_eq!(coupon.status, 201, "{}", coupon.text);
        let code = json!({"coupon_id": coupon.json()["id"], "code": "HALF", "max_redemptions": 1});
        let made = app.post_as(&merchant, "/v1/promotion-codes", code).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let checkout = app.checkout(&merchant, "monthly", Some("half@example.com"), GOOD_CARD).await;
        let other = app.checkout(&merchant, "monthly", Some("late@example.com"), GOOD_CARD).await;
        // The browser sends no key here.
        for id in [&checkout, &other] {
            let request = app.request(Method::POST, &format!("/v1/checkouts/{id}/coupon"));
            let applied = app.send(request.json(&json!({"code": "half"}))).await;
            assert_eq!((applied.status, &applied.json()["discount"]["discountAmount"]), (200, &json!(150)), "{}", applied.text);
        }
        let paid = app.pay(&merchant, &checkout).await.json();
        assert_eq!(paid["charge"]["amount"], 149, "{paid}");
        let late = app.pay(&merchant, &other).await;
        assert_eq!(late.json()["error"]["message"], "Promotion code 'HALF' is not valid: Code has reached its redemption limit");
        let id = paid["subscription"]["id"].as_str().unwrap();
        // A month is given on top of the first.
        assert_eq!(paid["subscription"]["current_period_end"], "2026-08-02T04:30:00.000Z", "{paid}");
        app.advance(&merchant, "5mo").await;
        let invoices = app.get_as(&merchant, &format!("/v1/invoices?subscription_id={id}")).await.json();
        let amounts: Vec<i64> = invoices["data"].as_array().unwrap().iter().rev().map(|one| one["amount"].as_i64().unwrap()).collect();
        assert_eq!(amounts, [149, 299, 299, 299]);
        app.stop().await;
    }

    async fn jobs_renew_without_a_test_clock(engine: Engine) {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        app.pass(DAY * 32).await;
        app.pass(Duration::from_secs(2)).await;
        let renewed = app.subscription(&merchant, &merchant.subscription_id.to_string()).await;
        assert_eq!(renewed["current_period_start"], "2026-07-02T04:30:00.000Z", "{renewed}");
        assert_eq!(app.count("billing_invoices").await, 1);
        app.stop().await;
    }
}
