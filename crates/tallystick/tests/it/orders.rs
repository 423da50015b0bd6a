//! The order platform over HTTP: orders, credit, delivery, follow-up.

use crate::support::{Engine, Shop, TestApp, both};
use serde_json::{Value, json};
use std::time::Duration;
use tallystick::seed;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

async fn only_order(app: &TestApp, shop: &Shop) -> Value {
    let list = app.get(shop, "/platform/order").await.json();
    assert_eq!(list["@odata.count"], 1, "{list}");
    list["value"][0].clone()
}

both! {
    async fn an_order_is_paid_and_answered_as_documented(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        let answer = app.order(&shop, "https://example.com/p/1").await;
        let order = answer.json();
        let id = order["order_id"].as_str().unwrap();
        assert_eq!(
            answer.text,
            format!(
                r#"{{"order_id":"{id}","order_number":"ORD-202606020001","payment_type":"credit","order_status":"establish","payment_status":"complete","total":120,"order_detail":[],"create_date_time":"2026-06-02T12:30:00+08:00","update_date_time":null}}"#
            )
        );
        assert_eq!((answer.status, app.balance(&shop).await), (200, 880));
        let records = app.list(&shop, "/platform/organization/credit/record", &[("$filter", "type eq 'decrease'")]).await;
        let record = &records.json()["value"][0];
        assert_eq!(
            *record,
            json!({
                "organization_credit_record_id": record["organization_credit_record_id"],
                "organization_credit_record_number": "CR-202606020002",
                "quantity": -120,
                "type": "decrease",
                "order": order,
                "create_date_time": "2026-06-02T12:30:00+08:00",
            })
        );
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn the_organization_and_its_products_are_shown_as_documented(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1).await;
        let organization = app.get(&shop, "/platform/organization").await;
        assert_eq!(organization.text, format!(r#"{{"organization_id":"{}","name":"Shop"}}"#, shop.id));
        let balance = app.get(&shop, "/platform/organization/credit/balance").await;
        assert_eq!(balance.text, r#"{"balance":1}"#);
        let products = app.list(&shop, "/platform/product", &[("$top", "1")]).await;
        assert_eq!(products.text, r#"{"value":[{"product_id":"01950000-0000-7000-8000-000000000001","title":"Audience growth, standard","description":"Audience growth, standard. Part of the sandbox.","product_type":"ch2_default","product_category":"instagram_fans","main_product_category":"instagram","price":1.2,"min":10,"max":100000,"order_no":1,"dynamic_probability":"medium","increase_speed":"fast","service_type":"channel2","create_date_time":"2026-06-02T12:30:00+08:00","update_date_time":null,"ch2_product":{"name":"Audience growth, standard","rate":"900.00","min":10,"max":100000,"is_drip_feed":true,"is_refillable":true,"is_cancelable":true},"ch1_product":null}],"@odata.count":7}"#);
        app.stop().await;
    }

    async fn an_order_is_delivered_over_time(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        app.order(&shop, "https://example.com/p/1").await;
        assert_eq!(only_order(&app, &shop).await["order_status"], "establish");
        let mut seen = vec![];
        for _ in 0..200 {
            app.pass(MINUTE).await;
            let order = only_order(&app, &shop).await;
            let status = order["order_status"].as_str().unwrap().to_owned();
            if seen.last() != Some(&status) {
                seen.push(status);
            }
        }
        assert_eq!(seen, ["in_progress", "complete"], "{seen:?}");
        let order = only_order(&app, &shop).await;
        assert_eq!(order["order_detail"][0]["remains"], 0);
        assert_eq!((order["payment_status"].clone(), app.balance(&shop).await), (json!("complete"), 880));
        app.stop().await;
    }

    async fn a_partly_delivered_order_costs_what_was_delivered(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        app.order(&shop, "https://supplier.test/partial").await;
        app.pass(48 * HOUR).await;
        app.pass(HOUR).await;
        let order = only_order(&app, &shop).await;
        assert_eq!((&order["order_status"], &order["payment_status"]), (&json!("partial"), &json!("complete")));
        assert_eq!(order["order_detail"][0]["remains"], 50);
        assert_eq!(app.balance(&shop).await, 940);
        app.pass(HOUR).await;
        assert_eq!(app.balance(&shop).await, 940);
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn an_order_cancelled_by_the_supplier_costs_nothing(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        app.order(&shop, "https://supplier.test/canceled").await;
        app.pass(48 * HOUR).await;
        let order = only_order(&app, &shop).await;
        assert_eq!((&order["order_status"], &order["payment_status"]), (&json!("cancel"), &json!("refund")));
        assert_eq!(app.balance(&shop).await, 1000);
        app.stop().await;
    }

    async fn a_client_cancels_refills_and_syncs(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        let first = app.order(&shop, "https://example.com/1").await.json()["order_id"].clone();
        let second = app.order(&shop, "https://example.com/2").await.json()["order_id"].clone();
        let path = format!("/platform/order/{}/cancel", first.as_str().unwrap());
        let cancelled = app.post(&shop, &path, json!({})).await;
        assert_eq!((cancelled.status, cancelled.json()), (200, json!({"order_id": first, "order_status": "cancel"})));
        assert_eq!(app.balance(&shop).await, 880);
        let again = app.post(&shop, &path, json!({})).await;
        assert_eq!((again.status, again.code()), (400, "create_order_failed".into()));

        app.clock.advance(48 * HOUR);
        let synced = app.post(&shop, "/platform/order/sync", json!({"order_ids": [second]})).await.json();
        assert_eq!(synced["value"][0]["order_status"], "complete");
        let refilled = app.post(&shop, "/platform/order/refill", json!({"order_ids": [second]})).await;
        let refill = refilled.json();
        assert_eq!((refilled.status, &refill["value"][0]["order_id"]), (200, &second));
        assert!(refill["value"][0]["refill_id"].is_string());
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn a_batch_does_all_or_nothing(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, stranger) = (app.shop(1000).await, app.shop(1000).await);
        let own = app.order(&shop, "https://example.com/1").await.json()["order_id"].clone();
        let others = app.order(&stranger, "https://example.com/2").await.json()["order_id"].clone();
        let lost = app.order(&shop, "https://supplier.test/forgotten").await.json()["order_id"].clone();
        let answer = app.post(&shop, "/platform/order/cancel", json!({"order_ids": [own, own, others, lost]})).await;
        assert_eq!(answer.status, 400);
        let body = answer.json();
        assert_eq!(body["result_code"], "batch_operation_failed");
        assert_eq!(body["validation_failed_responses"].as_array().unwrap().len(), 1);
        assert_eq!(body["validation_failed_responses"][0]["result_code"], "data_not_exist");
        assert_eq!(body["validation_failed_responses"][0]["property_name"], "order_ids[2]");
        let answer = app.post(&shop, "/platform/order/cancel", json!({"order_ids": [own, lost]})).await.json();
        assert_eq!(answer["validation_failed_responses"][0]["result_code"], "incorrect_order_id");
        let orders = app.get(&shop, "/platform/order").await.json();
        assert!(orders["value"].as_array().unwrap().iter().all(|o| o["order_status"] == "establish"));
        app.stop().await;
    }

    async fn a_refused_order_gives_the_credit_back(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        for (link, code) in [
            ("out-of-funds", "contact_customer_service"),
            ("down", "contact_customer_service"),
            ("garbled", "contact_customer_service"),
            ("refused", "create_order_failed"),
            ("duplicate", "create_order_failed"),
            ("withdrawn", "incorrect_service_id"),
        ] {
            let answer = app.order(&shop, &format!("https://supplier.test/{link}")).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, code), "{link}");
            assert_eq!(app.balance(&shop).await, 1000, "{link}");
        }
        let orders = app.get(&shop, "/platform/order").await.json();
        assert_eq!(orders["@odata.count"], 6);
        assert!(orders["value"].as_array().unwrap().iter().all(|o| {
            o["order_status"] == "fail" && o["payment_status"] == "refund"
        }));
        app.assert_balanced().await;
        app.stop().await;
    }

    /// The client does not wait for ever: a slow order has been accepted, and the job sees to it.
    async fn a_slow_supplier_delays_no_answer(engine: Engine) {
        let app = TestApp::with(engine, |config| config.orders.verdict_wait = Duration::from_millis(50)).await;
        let shop = app.shop(1000).await;
        let answer = app.order(&shop, "https://supplier.test/slow").await;
        assert_eq!((answer.status, app.balance(&shop).await), (200, 880));
        app.stop().await;
    }

    /// The supplier took the order, and its answer was lost. It is asked again under the same
    /// reference, and the order is made once.
    async fn a_lost_answer_makes_no_second_order(engine: Engine) {
        let app = TestApp::with(engine, |config| config.orders.verdict_wait = Duration::ZERO).await;
        let shop = app.shop(1000).await;
        let answer = app.order(&shop, "https://supplier.test/lost").await;
        assert_eq!(answer.status, 200);
        for _ in 0..5 {
            app.pass(MINUTE).await;
        }
        let upstream = app.app.supplier.as_ref().unwrap().orders().await.unwrap();
        assert_eq!(upstream.len(), 1);
        assert!(upstream[0].times_received >= 2);
        app.pass(48 * HOUR).await;
        assert_eq!(only_order(&app, &shop).await["order_status"], "complete");
        app.stop().await;
    }

    /// An accepted order outlives a supplier that is down.
    async fn an_accepted_order_waits_for_the_supplier(engine: Engine) {
        let app = TestApp::with(engine, |config| config.orders.verdict_wait = Duration::ZERO).await;
        let shop = app.shop(1000).await;
        let supplier = app.app.supplier.clone().unwrap();
        supplier.set_fault(Some(simulators::Fault::OutOfFunds));
        assert_eq!(app.order(&shop, "https://example.com/1").await.status, 200);
        for _ in 0..10 {
            app.pass(MINUTE).await;
        }
        assert_eq!(only_order(&app, &shop).await["order_status"], "establish");
        supplier.set_fault(None);
        app.pass(HOUR).await;
        app.pass(48 * HOUR).await;
        assert_eq!(only_order(&app, &shop).await["order_status"], "complete");

        supplier.set_fault(Some(simulators::Fault::OutOfFunds));
        assert_eq!(app.order(&shop, "https://example.com/2").await.status, 200);
        assert_eq!(app.balance(&shop).await, 760);
        for _ in 0..30 {
            app.pass(HOUR).await;
        }
        assert_eq!(app.balance(&shop).await, 880);
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn the_first_rule_broken_counts(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(10).await;
        let default = "/platform/order/ch2/default";
        let (product, link) = (seed::DEFAULT, "https://example.com/1");
        // Each body breaks the rule of its line and all the rules below it that it can.
        for (body, code) in [
            (json!({"product_id": "x", "link": link, "username": "u", "quantity": 0}), "data_validation_failed"),
            (json!({"product_id": shop.id, "link": link, "username": "u", "quantity": 5}), "conflicting_parameters"),
            (json!({"product_id": shop.id, "organization_id": product, "link": link, "quantity": 5}), "data_not_exist"),
            (json!({"product_id": product, "organization_id": product, "quantity": 5}), "organization_id_incorrect"),
            (json!({"product_id": product, "quantity": 5}), "data_validation_failed"),
            (json!({"product_id": seed::OFF_SALE, "link": link, "quantity": 5}), "create_order_failed"),
            (json!({"product_id": product, "link": link, "quantity": 5}), "below_minimum_quantity"),
            (json!({"product_id": product, "link": link, "quantity": 100_001}), "exceeds_maximum_quantity"),
            (json!({"product_id": seed::WITHDRAWN, "link": link, "quantity": 100}), "credit_not_enough"),
            (json!({"product_id": seed::WITHDRAWN, "link": link, "quantity": 10}), "incorrect_service_id"),
        ] {
            let answer = app.post(&shop, default, body.clone()).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
        }
        assert_eq!(app.balance(&shop).await, 10);
        let late = json!({"product_id": seed::SUBSCRIPTIONS, "username": "u", "min_quantity": 1, "max_quantity": 2,
            "new_post_count": 1, "expiry_date": "2026-06-02T04:30:00Z"});
        let answer = app.post(&shop, "/platform/order/ch2/subscriptions", late).await;
        assert_eq!(answer.code(), "invalid_expiry_date");
        app.stop().await;
    }

    async fn every_field_at_fault_is_named(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        let body = json!({"quantity": 1.5, "runs": 10_000_001_i64, "link": "example.com", "username": 7,
            "organization_id": "me"});
        let answer = app.post(&shop, "/platform/order/ch2/default", body).await.json();
        let items: Vec<(String, String)> = answer["validation_failed_responses"].as_array().unwrap().iter()
            .map(|i| (i["property_name"].as_str().unwrap().to_owned(), i["result_code"].as_str().unwrap().to_owned()))
            .collect();
        let items: Vec<(&str, &str)> = items.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(items, [
            ("product_id", "field_is_required"),
            ("organization_id", "invalid_format"),
            ("interval_minutes", "field_is_required"),
            ("quantity", "invalid_format"),
            ("runs", "value_out_of_range"),
            ("link", "invalid_format"),
            ("username", "invalid_format"),
        ]);
        app.stop().await;
    }

    async fn each_kind_of_order_is_charged_by_its_rule(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(100_000).await;
        let link = "https://example.com/1";
        for (path, body, total) in [
            ("default", json!({"product_id": seed::DEFAULT, "link": link, "quantity": 10, "runs": 5, "interval_minutes": 30}), 60),
            ("default", json!({"product_id": seed::STORY, "username": "u", "quantity": 11}), 6),
            ("comment-likes", json!({"product_id": seed::COMMENT_LIKES, "link": link, "username": "u", "quantity": 7}), 14),
            ("custom-comments", json!({"product_id": seed::CUSTOM_COMMENTS, "link": link, "comments": "a\n\nb\r\nc\n"}), 45),
            ("subscriptions", json!({"product_id": seed::SUBSCRIPTIONS, "username": "u", "min_quantity": 50, "max_quantity": 100,
                "new_post_count": 3, "old_post_count": 1, "delay_minutes": "min30", "expiry_date": "2026-07-01T00:00:00+08:00"}), 120),
        ] {
            let answer = app.post(&shop, &format!("/platform/order/ch2/{path}"), body.clone()).await;
            assert_eq!((answer.status, &answer.json()["total"]), (200, &json!(total)), "{body} {}", answer.text);
        }
        // What is optional can be left out.
        let least = json!({"product_id": seed::SUBSCRIPTIONS, "username": "v", "min_quantity": 10, "max_quantity": 10, "new_post_count": 1});
        let answer = app.post(&shop, "/platform/order/ch2/subscriptions", least).await;
        assert_eq!((answer.status, &answer.json()["total"]), (200, &json!(3)), "{}", answer.text);
        let filter = [("$filter", "order_detail/any(d: d/min_quantity eq 50)")];
        let found = app.list(&shop, "/platform/order", &filter).await.json();
        let detail = &found["value"][0]["order_detail"][0];
        assert_eq!(*detail, json!({
            "order_detail_id": detail["order_detail_id"],
            "product_id": seed::SUBSCRIPTIONS,
            "title": "Reach for new posts",
            "product_type": "ch2_subscriptions",
            "price": 0.3,
            "subtotal": 120,
            "quantity": null,
            "link": null,
            "username": "u",
            "comments": null,
            "runs": null,
            "interval_minutes": null,
            "min_quantity": 50,
            "max_quantity": 100,
            "delay_minutes": "min30",
            "new_post_count": 3,
            "old_post_count": 1,
            "expiry_date": "2026-07-01T00:00:00+08:00",
            "start_count": null,
            "remains": null,
        }));
        app.stop().await;
    }

    async fn sixty_four_at_once_spend_no_more_than_there_is(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1200).await;
        let posts = (0..64).map(|n| {
            let link = format!("https://example.com/{n}");
            let body = json!({"product_id": seed::DEFAULT, "link": link, "quantity": 100});
            let request = app.request(reqwest::Method::POST, "/platform/order/ch2/default");
            let request = request.header("x-api-key", &shop.key).json(&body);
            tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
        });
        let mut accepted = 0;
        for post in posts.collect::<Vec<_>>() {
            match post.await.unwrap() {
                200 => accepted += 1,
                status => assert_eq!(status, 400),
            }
        }
        assert_eq!((accepted, app.balance(&shop).await), (10, 0));
        assert_eq!((app.count("orders").await, app.count("postings").await), (10, 11));
        app.assert_balanced().await;
        app.stop().await;
    }

    async fn a_repeated_request_changes_nothing(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        let order = |link: &str, key: &str| {
            let body = json!({"product_id": seed::DEFAULT, "link": link, "quantity": 100});
            let request = app.request(reqwest::Method::POST, "/platform/order/ch2/default");
            request.header("x-api-key", &shop.key).header("idempotency-key", key).json(&body)
        };
        let first = app.send(order("https://example.com/1", "a")).await;
        let second = app.send(order("https://example.com/1", "a")).await;
        assert_eq!((first.status, &first.text), (200, &second.text));
        assert_eq!(second.headers["idempotent-replayed"], "true");
        assert!(!first.headers.contains_key("idempotent-replayed"));
        let other = app.send(order("https://example.com/2", "a")).await;
        assert_eq!((other.status, other.code()), (400, "conflicting_parameters".into()));
        let refused = app.send(order("https://supplier.test/refused", "b")).await;
        let again = app.send(order("https://supplier.test/refused", "b")).await;
        assert_eq!((refused.status, &refused.text), (400, &again.text));
        for bad in ["", "with space", &"x".repeat(256)] {
            let answer = app.send(order("https://example.com/1", bad)).await;
            assert_eq!((answer.status, answer.code()), (400, "data_validation_failed".into()), "{bad}");
        }
        let mut at_once = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let request = order("https://example.com/3", "c");
            at_once.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
        }
        let mut answers = at_once.join_all().await;
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!((app.balance(&shop).await, app.count("orders").await), (760, 3));

        // The answers survive a restart.
        let (key, base) = (shop.key.clone(), first.text.clone());
        let scratch = app.stop().await;
        let app = TestApp::over(scratch, |_| {}).await;
        let body = json!({"product_id": seed::DEFAULT, "link": "https://example.com/1", "quantity": 100});
        let request = app.request(reqwest::Method::POST, "/platform/order/ch2/default");
        let replayed = app.send(request.header("x-api-key", &key).header("idempotency-key", "a").json(&body)).await;
        assert_eq!(replayed.text, base);
        app.stop().await;
    }

    async fn a_follow_up_sent_twice_is_carried_out_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        let id = app.order(&shop, "https://example.com/1").await.json()["order_id"].clone();
        app.pass(48 * HOUR).await;
        let send = || {
            let path = format!("/platform/order/{}/refill", id.as_str().unwrap());
            let request = app.request(reqwest::Method::POST, &path);
            app.send(request.header("x-api-key", &shop.key).header("idempotency-key", "r"))
        };
        let (first, second) = (send().await, send().await);
        assert_eq!((first.status, &first.text), (200, &second.text));
        assert_eq!(app.count("refills").await, 1);
        app.stop().await;
    }

    async fn one_tenant_sees_nothing_of_another(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, stranger) = (app.shop(1000).await, app.shop(1000).await);
        let id = app.order(&shop, "https://example.com/1").await.json()["order_id"].clone();
        let id = id.as_str().unwrap();
        for path in ["/platform/order", "/platform/organization/credit/record"] {
            let all = app.list(&stranger, path, &[("$filter", "create_date_time ge 2020-01-01T00:00:00Z or 1 eq 1")]).await;
            let others = all.json()["value"].as_array().unwrap().iter().filter(|row| row.to_string().contains(id)).count();
            assert_eq!(others, 0, "{path}");
        }
        for what in ["refill", "cancel", "sync"] {
            let one = app.post(&stranger, &format!("/platform/order/{id}/{what}"), json!({})).await;
            assert_eq!((one.status, one.code()), (400, "data_not_exist".into()), "{what}");
        }
        let named = app.get(&stranger, &format!("/platform/organization?organization_id={}", shop.id)).await;
        assert_eq!(named.code(), "organization_id_incorrect");
        app.stop().await;
    }
}
