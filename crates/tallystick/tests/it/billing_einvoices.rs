//! E-invoices of what is paid at the merchants' shops: one for each payment, and money that is given back is given back on them.

use crate::support::{Answer, Engine, TestApp, both};
use billing::einvoices::BuyerChoice;
use billing::repo::{EinvoiceDefault, EinvoiceSettings};
use einvoice::invoice::DraftReceive;
use einvoice::provider::ProviderId;
use invoicing::model::ProviderName;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::{EinvoiceFault, SimulatedInvoice};
use std::time::Duration;
use tallystick::seed::recur::{GOOD_CARD, Merchant};
use tokio::task::JoinSet;

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Shop {
    app: TestApp,
    merchant: Merchant,
}

impl Shop {
    async fn start(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let merchant = app.merchant().await;
        let shop = Self { app, merchant };
        shop.switch_on(ProviderName::EcPay).await;
        shop
    }

    async fn switch_on(&self, provider: ProviderName) {
        let settings = EinvoiceSettings {
            provider,
            receive: EinvoiceDefault::MemberCarrier,
        };
        let billing = &self.app.app.recur.billing;
        let set = billing.set_einvoices(self.merchant.account, Some(settings));
        set.await.unwrap();
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        let key = self.merchant.secret_key.expose();
        let path = format!("/v1{path}");
        self.app.recur(method, &path, key, body).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call(Method::POST, path, body).await;
        assert!([200, 201].contains(&answer.status), "{}", answer.text);
        answer.json()
    }

    /// Buys something for 590; the order.
    async fn buy(&self, email: &str) -> String {
        let product = self.merchant.product("one_time").unwrap();
        let body =
            json!({"product_id": product, "customer_email": email, "customer_name": "王小明"});
        let begun = self.post("/checkouts", body).await;
        let token = begun["sdk_token"].as_str().unwrap();
        let gateway = &self.app.app.recur.gateway;
        assert!(gateway.type_card(token, GOOD_CARD).await.unwrap());
        let checkout = begun["checkout"]["id"].as_str().unwrap();
        let paid = self
            .post(&format!("/checkouts/{checkout}/pay"), json!({}))
            .await;
        paid["order_id"].as_str().unwrap().to_owned()
    }

    async fn refund(&self, order: &str, amount: Option<i64>) {
        let mut body = json!({ "order_id": order });
        if let Some(amount) = amount {
            body["amount"] = json!(amount);
        }
        let refund = self.post("/refunds", body).await;
        assert_eq!(refund["status"], "SUCCEEDED", "{refund}");
    }

    /// Time enough for everything that is tried again soon.
    async fn settle(&self) {
        for _ in 0..6 {
            self.app.pass(Duration::from_secs(70)).await;
        }
    }

    async fn books(&self, provider: ProviderId) -> Vec<SimulatedInvoice> {
        self.app.app.einvoices.invoices(provider).await.unwrap()
    }

    /// What webhooks say of e-invoices: the event, and its data.
    async fn events(&self) -> Vec<(String, Value)> {
        let owner = self.merchant.account.to_string();
        let webhooks = self.app.app.recur.billing.webhooks();
        let events = webhooks.events_after(&owner, None, 1000).await.unwrap();
        events
            .into_iter()
            .filter(|event| event.kind.starts_with("einvoice."))
            .map(|event| (event.kind, event.data))
            .collect()
    }

    async fn kinds(&self) -> Vec<String> {
        self.events()
            .await
            .into_iter()
            .map(|(kind, _)| kind)
            .collect()
    }

    async fn customer(&self, email: &str) -> billing::model::CustomerId {
        let path = format!("/customers?email={email}");
        let listed = self.call(Method::GET, &path, Value::Null).await.json();
        listed["data"][0]["id"].as_str().unwrap().parse().unwrap()
    }
}

both! {
    async fn what_is_paid_is_invoiced_once_and_told_of(engine: Engine) {
        let shop = Shop::start(engine).await;
        let order = shop.buy("mei@example.com").await;
        shop.settle().await;
        let books = shop.books(ProviderId::Ecpay).await;
        assert_eq!(books.len(), 1);
        assert_eq!((books[0].total, books[0].voided), (590, false));
        let events = shop.events().await;
        let [(kind, data)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(kind, "einvoice.issued");
        assert_eq!(
            (&data["order_id"], &data["invoice_id"], &data["amount"], &data["status"], &data["receive_type"]),
            (&json!(order), &Value::Null, &json!(590), &json!("ISSUED"), &json!("member_carrier"))
        );
        assert_eq!(data["invoice_number"], books[0].number.as_str());
        assert!(data.get("id").is_none());

        // A renewal is an invoice of its own.
        let advanced = shop.post("/test_clock/advance", json!({"by": "32d"})).await;
        assert_eq!(advanced["reached"], true);
        shop.settle().await;
        let events = shop.events().await;
        assert_eq!(events.len(), 2);
        assert!(events[1].1["invoice_id"].as_str().unwrap().starts_with("inv_"), "{events:?}");
        assert_eq!((&events[1].1["order_id"], &events[1].1["amount"]), (&Value::Null, &json!(299)));

        // Who wants none any more gets none.
        let billing = &shop.app.app.recur.billing;
        billing.set_einvoices(shop.merchant.account, None).await.unwrap();
        shop.buy("jun@example.com").await;
        shop.settle().await;
        assert_eq!(shop.books(ProviderId::Ecpay).await.len(), 2);
        shop.app.stop().await;
    }

    async fn what_is_given_back_is_given_back_on_the_invoice_once(engine: Engine) {
        let shop = Shop::start(engine).await;
        let (part, whole) = (shop.buy("a@example.com").await, shop.buy("b@example.com").await);
        shop.settle().await;
        // The money is captured by then: more than one refund is possible.
        shop.app.clock.advance(DAY * 2);
        shop.refund(&part, Some(100)).await;
        shop.refund(&whole, None).await;
        shop.settle().await;
        shop.refund(&part, Some(40)).await;
        shop.settle().await;
        let mut books = shop.books(ProviderId::Ecpay).await;
        books.sort_by_key(|invoice| invoice.credited);
        assert_eq!((books[0].voided, books[0].credited), (true, 0));
        assert_eq!((books[1].voided, books[1].credited), (false, 140));
        let mut kinds = shop.kinds().await;
        kinds.sort();
        assert_eq!(kinds, [
            "einvoice.allowance_created",
            "einvoice.allowance_created",
            "einvoice.issued",
            "einvoice.issued",
            "einvoice.voided",
        ]);
        // The rest of it: there are allowances, so it cannot be voided any more.
        shop.refund(&part, None).await;
        shop.settle().await;
        let books = shop.books(ProviderId::Ecpay).await;
        assert!(books.iter().any(|invoice| !invoice.voided && invoice.credited == 590));
        shop.app.stop().await;
    }

    /// Both ask for what is missing until so much was given back: one of them finds nothing missing.
    async fn refunds_at_once_are_given_back_once_each(engine: Engine) {
        let shop = Shop::start(engine).await;
        let order = shop.buy("a@example.com").await;
        shop.settle().await;
        shop.app.clock.advance(DAY * 2);
        for amount in [100, 50] {
            shop.refund(&order, Some(amount)).await;
        }
        let mut running = JoinSet::new();
        for _ in 0..4 {
            let app = shop.app.app.clone();
            running.spawn(async move { tallystick::runner::run_due(&app).await.unwrap() });
        }
        running.join_all().await;
        shop.settle().await;
        assert_eq!(shop.books(ProviderId::Ecpay).await[0].credited, 150);
        assert_eq!(shop.app.sum("SELECT CAST(SUM(total) AS BIGINT) FROM einvoice_allowances WHERE status = 'made'").await, 150);
        shop.app.stop().await;
    }

    /// After the 13th of the next odd month nothing of a period is voided any more.
    async fn in_a_closed_period_money_is_given_back_instead(engine: Engine) {
        let shop = Shop::start(engine).await;
        let order = shop.buy("a@example.com").await;
        shop.settle().await;
        shop.app.clock.advance(DAY * 50);
        shop.refund(&order, None).await;
        shop.settle().await;
        let books = shop.books(ProviderId::Ecpay).await;
        assert!(books.iter().any(|invoice| !invoice.voided && invoice.credited == 590));
        let events = shop.events().await.into_iter();
        let of_order = events.filter(|(_, data)| data["order_id"] == order.as_str());
        let kinds: Vec<_> = of_order.map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["einvoice.issued", "einvoice.allowance_created"]);
        shop.app.stop().await;
    }

    /// Payments wait for nobody, and nothing is issued twice.
    async fn a_provider_that_is_away_or_forgets_to_answer_delays_an_invoice(engine: Engine) {
        let shop = Shop::start(engine).await;
        let simulator = shop.app.app.einvoices.clone();
        simulator.set_fault(Some(EinvoiceFault::Down));
        shop.buy("a@example.com").await;
        shop.settle().await;
        assert_eq!((shop.books(ProviderId::Ecpay).await.len(), shop.kinds().await.len()), (0, 0));
        simulator.set_fault(Some(EinvoiceFault::LostAnswer));
        shop.settle().await;
        let order = shop.buy("b@example.com").await;
        shop.settle().await;
        simulator.set_fault(None);
        // Refunded before anybody knows whether it was issued.
        shop.app.clock.advance(DAY * 2);
        shop.refund(&order, None).await;
        for _ in 0..4 {
            shop.app.pass(Duration::from_secs(3600)).await;
            shop.settle().await;
        }
        let books = shop.books(ProviderId::Ecpay).await;
        assert_eq!(books.len(), 2);
        assert_eq!(books.iter().filter(|invoice| invoice.voided).count(), 1);
        let mut kinds = shop.kinds().await;
        kinds.sort();
        assert_eq!(kinds, ["einvoice.issued", "einvoice.issued", "einvoice.voided"]);
        shop.app.stop().await;
    }

    /// As the hosted page's script does it.
    async fn buyers_choose_at_the_checkout(engine: Engine) {
        let shop = Shop::start(engine).await;
        let product = shop.merchant.product("one_time").unwrap();
        let begun = shop.post("/checkout/sessions", json!({"product_id": product, "success_url": "https://shop.example/"})).await;
        let url = begun["url"].as_str().unwrap();
        let door = &url[url.find("/checkout/").unwrap()..];
        let page = shop.app.send(shop.app.request(Method::GET, door)).await;
        assert!(page.text.contains("name=\"receive\"") && page.text.contains("name=\"carrier\""), "{}", page.text);
        let post = async |path: &str, body: Value| {
            let request = shop.app.request(Method::POST, &format!("{door}/{path}"));
            shop.app.send(request.header("sec-fetch-site", "same-origin").json(&body)).await
        };
        let buyer = |carrier: &str| {
            json!({"email": "mei@example.com", "name": "王小明", "receive": "mobile_barcode", "carrier": carrier})
        };
        let refused = post("buyer", buyer("/ABC")).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(refused.text.contains("\"carrier\""), "{}", refused.text);
        let taken = post("buyer", buyer("/abc+123")).await;
        assert_eq!(taken.status, 200, "{}", taken.text);
        let token = post("token", json!({})).await.json();
        let gateway = &shop.app.app.recur.gateway;
        assert!(gateway.type_card(token["token"].as_str().unwrap(), GOOD_CARD).await.unwrap());
        assert_eq!(post("pay", json!({})).await.json()["done"], true);
        shop.settle().await;
        let events = shop.events().await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!((&*events[0].0, &events[0].1["receive_type"]), ("einvoice.issued", &json!("mobile_barcode")));
        // It counts for what follows, too.
        shop.buy("mei@example.com").await;
        shop.settle().await;
        let received = shop.events().await;
        assert!(received.iter().all(|(_, data)| data["receive_type"] == "mobile_barcode"), "{received:?}");
        assert_eq!(received.len(), 2);
        shop.app.stop().await;
    }

    async fn buyers_choose_how_they_get_theirs(engine: Engine) {
        let shop = Shop::start(engine).await;
        shop.buy("mei@example.com").await;
        let customer = shop.customer("mei@example.com").await;
        let billing = shop.app.app.recur.billing.clone();
        let scope = billing.scope(shop.merchant.account).await.unwrap();
        let choose = async |choice: BuyerChoice| {
            billing.choose_einvoice(&scope, customer, choice).await.unwrap()
        };
        let on = |receive| BuyerChoice { receive, ..BuyerChoice::default() };
        for wrong in [
            on(DraftReceive::MobileBarcode("/ABC".into())),
            on(DraftReceive::Donation("x".into())),
            BuyerChoice { ubn: Some("12345678".into()), ..BuyerChoice::default() },
        ] {
            assert!(choose(wrong.clone()).await.is_err(), "{wrong:?}");
        }
        assert_eq!(billing.einvoice_buyer(&scope, customer).await.unwrap(), None);
        let company = BuyerChoice { ubn: Some("12345675".into()), name: Some("範例股份有限公司".into()), address: Some("臺北市中正區重慶南路一段122號".into()), ..BuyerChoice::default() };
        for choice in [company, on(DraftReceive::MobileBarcode("/ABC+123".into())), on(DraftReceive::Donation("168001".into()))] {
            choose(choice.clone()).await.unwrap();
            assert_eq!(billing.einvoice_buyer(&scope, customer).await.unwrap(), Some(choice));
            shop.buy("mei@example.com").await;
        }
        shop.settle().await;
        let mut received: Vec<_> = shop.events().await.into_iter().map(|(kind, data)| (kind, data["receive_type"].clone())).collect();
        received.sort_by_key(|(_, kind)| kind.to_string());
        let issued = |kind: &str| ("einvoice.issued".to_owned(), json!(kind));
        assert_eq!(received, [issued("company"), issued("donate"), issued("member_carrier"), issued("mobile_barcode")]);
        shop.app.stop().await;
    }
}
