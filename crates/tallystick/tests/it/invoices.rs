//! E-invoices for credit that was paid for, against the simulated providers on loopback.

use crate::charges;
use crate::process::{self, Server, eventually, rows};
use crate::support::{Answer, Engine, Scratch, Shop, TestApp, both};
use einvoice::provider::ProviderId;
use kernel::{Clock, SystemClock};
use orders::charges::NewCharge;
use orders::model::PaymentType;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::EinvoiceFault;
use std::time::Duration;
use tallystick::seed::recur::GOOD_CARD;

const INVOICES: &str = "/platform/invoice";
const CHARGES: &str = "/platform/organization/credit/charge";
const SOON: Duration = Duration::from_secs(30);
const PROVIDERS: [(&str, ProviderId); 3] = [
    ("ec_pay", ProviderId::Ecpay),
    ("ez_pay", ProviderId::Ezpay),
    ("amego", ProviderId::Amego),
];

async fn unpaid(app: &TestApp, shop: &Shop) -> String {
    let new = NewCharge {
        organization: shop.id,
        account: None,
        quantity: 500,
        payment_type: PaymentType::BankTransfer,
        return_url: None,
    };
    let charge = app.app.orders.create_charge(new).await.unwrap();
    charge.credit_charge_id.to_string()
}

/// A charge of 500 TWD that was paid.
async fn paid(app: &TestApp, shop: &Shop) -> String {
    let charge = unpaid(app, shop).await;
    let id = charge.parse().unwrap();
    app.app.orders.confirm_transfer(id).await.unwrap();
    charge
}

/// A body with these fields changed; null ones are taken away.
fn body(changes: Value) -> Value {
    let mut body = json!({
        "invoice_provider": "ec_pay", "invoice_receive_type": "mobile_barcode", "invoice_tax_type": "taxable",
        "carrier_id": "/ABC1234", "items": [{"name": "Credit", "count": 500, "price": 1}],
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn create(app: &TestApp, shop: &Shop, charge: &str, changes: Value) -> Answer {
    let path = format!("{CHARGES}/{charge}/invoice");
    app.post(shop, &path, body(changes)).await
}

/// The id of a draft for a charge of its own.
async fn draft(app: &TestApp, shop: &Shop, changes: Value) -> String {
    let charge = paid(app, shop).await;
    let made = create(app, shop, &charge, changes).await;
    assert_eq!(made.status, 200, "{}", made.text);
    made.json()["invoice_id"].as_str().unwrap().to_owned()
}

async fn act(app: &TestApp, shop: &Shop, id: &str, what: &str, body: Value) -> Answer {
    app.post(shop, &format!("{INVOICES}/{id}/{what}"), body)
        .await
}

async fn get(app: &TestApp, shop: &Shop, id: &str, rest: &str) -> Answer {
    app.get(shop, &format!("{INVOICES}/{id}{rest}")).await
}

async fn status(app: &TestApp, shop: &Shop, id: &str) -> String {
    let answer = get(app, shop, id, "").await;
    let status = answer.json()["invoice_status"].as_str().map(str::to_owned);
    status.unwrap_or_else(|| panic!("{}", answer.text))
}

fn refused(answer: &Answer, code: &str) {
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, code),
        "{}",
        answer.text
    );
}

/// `code property` of each field at fault.
fn faults(answer: &Answer) -> Vec<String> {
    refused(answer, "data_validation_failed");
    let items = answer.json();
    let items = items["validation_failed_responses"].as_array().unwrap();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let all = items.iter();
    all.map(|item| {
        format!(
            "{} {}",
            text(item, "result_code"),
            text(item, "property_name")
        )
    })
    .collect()
}

both! {
    async fn every_provider_issues_finds_gives_back_and_voids(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        for (name, provider) in PROVIDERS {
            let paper = json!({
                "invoice_provider": name, "invoice_receive_type": "print", "carrier_id": null, "buyer_name": "王大品",
                "buyer_address": "台北市信義路 1 號", "email": "buyer@example.com",
            });
            let id = draft(&app, &shop, paper).await;
            let issued = act(&app, &shop, &id, "issue", json!({})).await;
            assert_eq!(issued.status, 200, "{name}: {}", issued.text);
            let issued = issued.json();
            assert_eq!((&issued["invoice_status"], &issued["tax_amount"]), (&json!("issued"), &json!(24)));
            let books = app.app.einvoices.invoices(provider).await.unwrap();
            assert_eq!(issued["invoice_number"], books[0].number.as_str());
            let refreshed = get(&app, &shop, &id, "?refresh=true").await;
            assert_eq!(refreshed.json(), issued, "{name}");

            let url = get(&app, &shop, &id, "/print-url").await;
            if name == "ez_pay" {
                refused(&url, "get_invoice_print_url_failed");
            } else {
                let url = url.json()["url"].as_str().unwrap().to_owned();
                let (_, path) = url.split_once("/simulators").unwrap();
                let page = app.send(app.request(Method::GET, &format!("/simulators{path}"))).await;
                assert!(page.text.contains(&books[0].number), "{}", page.text);
            }

            let half = act(&app, &shop, &id, "allowance", json!({"amount": 250})).await;
            assert_eq!(half.json()["allowance_status"], "made", "{name}: {}", half.text);
            let too_much = act(&app, &shop, &id, "allowance", json!({"amount": 251})).await;
            assert_eq!(faults(&too_much), ["value_out_of_range amount"], "{name}");
            refused(&act(&app, &shop, &id, "void", json!({"reason": "x"})).await, "void_invoice_failed");
            assert_eq!(app.app.einvoices.invoices(provider).await.unwrap()[0].credited, 250);

            let other = draft(&app, &shop, json!({"invoice_provider": name})).await;
            assert_eq!(act(&app, &shop, &other, "issue", json!({})).await.status, 200);
            if name == "ez_pay" {
                // The tax authority has it on the next day only.
                refused(&act(&app, &shop, &other, "void", json!({"reason": "x"})).await, "void_invoice_failed");
                app.clock.advance(Duration::from_secs(24 * 3600));
            }
            let voided = act(&app, &shop, &other, "void", json!({"reason": "重複"})).await;
            assert_eq!(voided.json()["invoice_status"], "void", "{name}: {}", voided.text);
            refused(&act(&app, &shop, &other, "void", json!({"reason": "x"})).await, "invoice_status_incorrect");
            let books = app.app.einvoices.invoices(provider).await.unwrap();
            assert_eq!(books.iter().filter(|invoice| invoice.voided).count(), 1);
        }
        app.stop().await;
    }

    async fn an_invoice_is_shown_as_documented(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let charge = paid(&app, &shop).await;
        let made = create(&app, &shop, &charge, json!({"email": "buyer@example.com"})).await.json();
        let id = made["invoice_id"].as_str().unwrap();
        assert_eq!(made["credit_charge_id"], charge.as_str());
        act(&app, &shop, id, "issue", json!({})).await;
        let mut shown = get(&app, &shop, id, "").await.json();
        for name in ["invoice_id", "credit_charge_id", "random_code"] {
            shown[name] = "…".into();
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown, @r#"{"allowance_total":0,"buyer_name":null,"buyer_tax_id":null,"carrier_id":"/ABC1234","create_date_time":"2026-06-02T12:30:00+08:00","credit_charge_id":"…","email":"buyer@example.com","invoice_id":"…","invoice_number":"ER00000050","invoice_provider":"ec_pay","invoice_receive_type":"mobile_barcode","invoice_status":"issued","invoice_tax_type":"taxable","issue_date_time":"2026-06-02T12:30:00+08:00","items":[{"count":500,"name":"Credit","price":1}],"love_code":null,"random_code":"…","tax_amount":24,"total":500,"update_date_time":"2026-06-02T12:30:00+08:00","void_date_time":null,"void_reason":null}"#);
        }
        let list = app.list(&shop, INVOICES, &[("$filter", "invoice_status eq 'issued' and total eq 500")]).await;
        assert_eq!((&list.json()["@odata.count"], list.json()["value"][0]["invoice_id"].as_str()), (&json!(1), Some(id)));
        let none = app.list(&shop, INVOICES, &[("$filter", "invoice_number eq null")]).await;
        assert_eq!(none.json()["@odata.count"], 0, "{}", none.text);
        refused(&app.list(&shop, INVOICES, &[("$filter", "reference eq 'x'")]).await, "o_data_failed");
        app.stop().await;
    }

    async fn everything_wrong_with_a_draft_is_said_at_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let charge = paid(&app, &shop).await;
        let table: &[(Value, &[&str])] = &[
            (json!({"invoice_provider": "x", "invoice_receive_type": "x", "invoice_tax_type": 1, "items": []}), &[
                "not_allowed_enum_values invoice_provider",
                "not_allowed_enum_values invoice_receive_type",
                "invalid_format invoice_tax_type",
                "sequence_at_least_one_element items",
            ]),
            (json!({"carrier_id": "/abc", "email": "a@b", "buyer_tax_id": "12345678", "items": null}), &[
                "invalid_email_format email",
                "field_is_required items",
                "field_is_required buyer_name",
                "invalid_format buyer_tax_id",
                "invalid_format carrier_id",
            ]),
            (json!({"invoice_receive_type": "donate", "carrier_id": null, "love_code": "12"}), &["invalid_format love_code"]),
            (json!({"invoice_receive_type": "citizen_certificate", "carrier_id": "AB1"}), &["invalid_format carrier_id"]),
            (json!({"invoice_receive_type": "company", "carrier_id": null}), &["field_is_required buyer_tax_id"]),
            (json!({"items": [{"name": " ", "count": 0, "price": 1.5, "tax_type": "special"}, 7]}), &[
                "field_is_required items[0].name",
                "value_out_of_range items[0].count",
                "invalid_format items[0].price",
                "not_allowed_enum_values items[0].tax_type",
                "invalid_format items[1]",
            ]),
            (json!({"invoice_tax_type": "special"}), &["field_is_required special_tax_rate"]),
            (json!({"invoice_tax_type": "zero_tax_rate"}), &[
                "field_is_required customs_clearance",
                "field_is_required zero_tax_rate_reason",
            ]),
            (json!({"invoice_tax_type": "mixed"}), &[
                "invalid_format invoice_tax_type",
                "field_is_required items[0].tax_type",
            ]),
            (json!({"customs_clearance": "through"}), &["invalid_format customs_clearance"]),
            // What its provider needs is told once it is known that there is something to invoice.
            (json!({"invoice_receive_type": "print", "carrier_id": null}), &[
                "field_is_required buyer_name",
                "field_is_required buyer_address",
                "field_is_required email",
            ]),
            (json!({"items": [{"name": "Credit", "count": 499, "price": 1}]}), &["value_out_of_range items"]),
        ];
        for (changes, expected) in table {
            let answer = create(&app, &shop, &charge, changes.clone()).await;
            if expected[0].starts_with("not_allowed_enum_values invoice_provider") || expected.len() > 3 {
                let mut found = faults(&answer);
                let mut expected: Vec<_> = expected.iter().map(|text| (*text).to_owned()).collect();
                found.sort();
                expected.sort();
                assert_eq!(found, expected, "{changes}");
            } else {
                assert_eq!(faults(&answer), *expected, "{changes}");
            }
        }
        for (changes, code) in [
            (json!({"love_code": "919"}), "conflicting_parameters"),
            (json!({"invoice_receive_type": "donate", "love_code": "919"}), "conflicting_parameters"),
            (json!({"invoice_receive_type": "donate", "carrier_id": null, "love_code": "919", "buyer_tax_id": "04595257",
                "buyer_name": "x"}), "conflicting_parameters"),
            (json!({"invoice_receive_type": "member_carrier"}), "conflicting_parameters"),
            (json!({"invoice_provider": "pay_uni", "invoice_receive_type": "print", "carrier_id": null}),
                "invoice_provider_not_allow_invoice_receive_type"),
            (json!({"invoice_provider": "ez_pay", "buyer_tax_id": "04595257", "buyer_name": "x"}),
                "invoice_provider_not_allow_invoice_receive_type"),
            (json!({"invoice_provider": "pay_uni", "invoice_tax_type": "tax_free"}),
                "invoice_provider_not_allow_invoice_tax_type"),
        ] {
            let answer = create(&app, &shop, &charge, changes.clone()).await;
            assert_eq!(answer.code(), code, "{changes} {}", answer.text);
        }
        refused(&create(&app, &shop, &unpaid(&app, &shop).await, json!({})).await, "credit_charge_status_incorrect");
        assert_eq!(app.count("einvoices").await, 0);
        app.stop().await;
    }

    async fn a_charge_has_one_invoice_and_a_draft_can_be_given_up(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let charge = paid(&app, &shop).await;
        let mut at_once = Vec::new();
        for _ in 0..4 {
            at_once.push(create(&app, &shop, &charge, json!({})));
        }
        let answers = futures_util::future::join_all(at_once).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(made.len(), 1);
        for other in answers.iter().filter(|answer| answer.status != 200) {
            refused(other, "create_invoice_failed");
        }
        let id = made[0].json()["invoice_id"].as_str().unwrap().to_owned();
        let discard = async |id: &str| {
            let request = app.request(Method::DELETE, &format!("{INVOICES}/{id}"));
            app.send(request.header("x-api-key", &shop.key)).await
        };
        let discarded = discard(&id).await.json();
        assert_eq!((&discarded["invoice_status"], &discarded["invoice_number"]), (&json!("void"), &Value::Null));
        refused(&discard(&id).await, "invoice_status_incorrect");
        refused(&act(&app, &shop, &id, "issue", json!({})).await, "invoice_status_incorrect");
        let again = create(&app, &shop, &charge, json!({})).await;
        assert_eq!(again.status, 200, "{}", again.text);
        app.stop().await;
    }

    async fn many_requests_at_once_issue_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = draft(&app, &shop, json!({})).await;
        let requests = (0..8).map(|_| act(&app, &shop, &id, "issue", json!({})));
        let answers = futures_util::future::join_all(requests).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for other in answers.iter().filter(|answer| answer.status != 200) {
            refused(other, "invoice_status_incorrect");
        }
        assert_eq!(app.app.einvoices.invoices(ProviderId::Ecpay).await.unwrap().len(), 1);
        assert_eq!(app.sum("SELECT attempts FROM einvoices").await, 1);
        let voids = (0..8).map(|_| act(&app, &shop, &id, "void", json!({"reason": "x"})));
        let answers = futures_util::future::join_all(voids).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        app.stop().await;
    }

    async fn what_has_no_answer_is_found_out(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        for (name, provider) in PROVIDERS {
            // Done, and the answer is lost or cannot be read.
            for who in ["lost", "unsealed"] {
                let email = format!("{who}@einvoice.test");
                let id = draft(&app, &shop, json!({"invoice_provider": name, "email": email})).await;
                refused(&act(&app, &shop, &id, "issue", json!({})).await, "issue_invoice_failed");
                assert_eq!(status(&app, &shop, &id).await, "issue_failed");
                app.pass(SOON).await;
                assert_eq!(status(&app, &shop, &id).await, "issued", "{name} {who}");
            }
            // Not done: asked again until it is.
            let id = draft(&app, &shop, json!({"invoice_provider": name})).await;
            app.app.einvoices.set_fault(Some(EinvoiceFault::Down));
            refused(&act(&app, &shop, &id, "issue", json!({})).await, "issue_invoice_failed");
            app.pass(SOON).await;
            assert_eq!(status(&app, &shop, &id).await, "issue_failed");
            app.app.einvoices.set_fault(None);
            app.pass(Duration::from_secs(3600)).await;
            assert_eq!(status(&app, &shop, &id).await, "issued", "{name}");
            app.app.einvoices.set_fault(Some(EinvoiceFault::LostAnswer));
            // ezPay does not void on the same day.
            app.clock.advance(Duration::from_secs(24 * 3600));
            refused(&act(&app, &shop, &id, "void", json!({"reason": "x"})).await, "void_invoice_failed");
            refused(&act(&app, &shop, &id, "allowance", json!({"amount": 1})).await, "invoice_status_incorrect");
            assert_eq!(status(&app, &shop, &id).await, "issued");
            app.app.einvoices.set_fault(None);
            app.pass(SOON).await;
            assert_eq!(status(&app, &shop, &id).await, "void", "{name}");
            assert_eq!(app.app.einvoices.invoices(provider).await.unwrap().len(), 3, "{name}");
        }
        app.stop().await;
    }

    async fn a_refusal_is_final_until_somebody_asks_again(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let id = draft(&app, &shop, json!({"email": "numbers-used-up@einvoice.test"})).await;
        let answer = act(&app, &shop, &id, "issue", json!({})).await;
        refused(&answer, "issue_invoice_failed");
        let message = answer.json()["message"].clone();
        assert_eq!(message, "The invoice could not be issued: no invoice numbers are left for this period.");
        app.pass(Duration::from_secs(3600)).await;
        assert_eq!(app.sum("SELECT attempts FROM einvoices").await, 1);
        refused(&act(&app, &shop, &id, "issue", json!({})).await, "issue_invoice_failed");
        let pay_uni = json!({"invoice_provider": "pay_uni", "buyer_name": "王大品"});
        let id = draft(&app, &shop, pay_uni).await;
        refused(&act(&app, &shop, &id, "issue", json!({})).await, "issue_invoice_failed");
        assert_eq!(app.count("einvoice_attempts").await, 3);
        app.stop().await;
    }

    async fn the_gateways_invoice_comes_with_the_payment(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let charge = charges::charge(&app, &shop, 500).await;
        refused(&create(&app, &shop, &charge, json!({})).await, "credit_charge_status_incorrect");
        let made = create(&app, &shop, &charge, json!({"invoice_provider": "pay_uni", "buyer_name": "王大品"})).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let id = made.json()["invoice_id"].as_str().unwrap().to_owned();
        // It comes with nothing but the payment.
        refused(&act(&app, &shop, &id, "issue", json!({})).await, "issue_invoice_failed");
        let (form, _) = charges::attempt(&app, &shop, &charge).await;
        let page = charges::open_page(&app, &form).await;
        charges::type_card(&app, &page, GOOD_CARD).await;
        let invoice = eventually("the notices", async || {
            app.pass(SOON).await;
            let invoice = get(&app, &shop, &id, "").await.json();
            (invoice["invoice_status"] == "issued").then_some(invoice)
        })
        .await;
        assert_eq!(app.balance(&shop).await, 500);
        assert!(invoice["invoice_number"].as_str().unwrap().starts_with('P'));
        refused(&act(&app, &shop, &id, "void", json!({"reason": "x"})).await, "void_invoice_failed");
        // One that nobody asked for has nothing to say about a payment.
        let other = charges::charge(&app, &shop, 500).await;
        let (form, _) = charges::attempt(&app, &shop, &other).await;
        let page = charges::open_page(&app, &form).await;
        charges::type_card(&app, &page, GOOD_CARD).await;
        eventually("the payment", async || {
            app.pass(SOON).await;
            (app.balance(&shop).await == 1000).then_some(())
        })
        .await;
        assert_eq!(app.count("einvoices").await, 1);
        app.stop().await;
    }

    async fn nobody_sees_another_organizations_invoice(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, other) = (app.shop(0).await, app.shop(0).await);
        let id = draft(&app, &shop, json!({})).await;
        for (what, body) in [
            ("issue", json!({})),
            ("void", json!({"reason": "x"})),
            ("allowance", json!({"amount": 1})),
        ] {
            refused(&act(&app, &other, &id, what, body).await, "invoice_not_found");
        }
        for rest in ["", "?refresh=true", "/print-url"] {
            refused(&get(&app, &other, &id, rest).await, "invoice_not_found");
        }
        let request = app.request(Method::DELETE, &format!("{INVOICES}/{id}"));
        refused(&app.send(request.header("x-api-key", &other.key)).await, "invoice_not_found");
        assert_eq!(app.list(&other, INVOICES, &[]).await.json()["@odata.count"], 0);
        let charge = paid(&app, &shop).await;
        refused(&create(&app, &other, &charge, json!({})).await, "credit_charge_not_belong_organization");
        assert_eq!(faults(&get(&app, &shop, "7", "").await), ["invalid_format invoice_id"]);
        assert_eq!(faults(&get(&app, &shop, &id, "?refresh=1").await), ["invalid_format refresh"]);
        assert_eq!(status(&app, &shop, &id).await, "draft");
        app.stop().await;
    }

    async fn a_process_killed_before_the_answer_is_stored_issues_once(engine: Engine) {
        let scratch = Scratch::new(engine);
        let server = Server::start(&scratch.url(), &["--sandbox", "--jobs", "off"]).await;
        let client = httpkit::outgoing::client(Duration::from_secs(60)).unwrap();
        let post = async |path: &str, key: &str, body: Value| -> Value {
            let request = client.post(format!("{}{path}", server.base_url)).header("x-api-key", key).json(&body);
            let answer = request.send().await.unwrap().text().await.unwrap();
            serde_json::from_str(&answer).unwrap()
        };
        let given = json!({"given": ["an organization that paid for 500 credits"]});
        let given = post("/sandbox/given", "", given).await;
        let text = |name: &str| given[name].as_str().unwrap().to_owned();
        let shop = Shop { id: text("organization_id").parse().unwrap(), key: text("private_key") };
        let path = format!("{CHARGES}/{}/invoice", text("credit_charge_id"));
        let made = post(&path, &shop.key, body(json!({"email": "silence@einvoice.test"}))).await;
        let id = made["invoice_id"].as_str().unwrap().to_owned();
        let issue = client.post(format!("{}{INVOICES}/{id}/issue", server.base_url)).header("x-api-key", &shop.key);
        let issue = tokio::spawn(issue.json(&json!({})).send());
        let db = scratch.open().await;
        let books = "SELECT number FROM sim_einvoice_invoices";
        let number = eventually("the provider has issued it", async || {
            rows(&db, books, |row| row.get::<String>(0)).await.pop()
        }).await;
        // The provider has it, and its answer never arrives.
        server.kill();
        assert!(issue.await.unwrap().is_err());
        db.close().await;

        let app = TestApp::over_at(scratch, SystemClock.now(), |_| {}).await;
        assert_eq!(status(&app, &shop, &id).await, "draft");
        app.pass(Duration::from_secs(180)).await;
        app.pass(SOON).await;
        let found = get(&app, &shop, &id, "").await.json();
        assert_eq!((&found["invoice_status"], &found["invoice_number"]), (&json!("issued"), &json!(number)));
        assert_eq!(app.app.einvoices.invoices(ProviderId::Ecpay).await.unwrap().len(), 1);
        app.stop().await;
    }

    async fn the_operator_sees_and_settles_everything(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let failed = draft(&app, &shop, json!({"email": "invalid@einvoice.test"})).await;
        act(&app, &shop, &failed, "issue", json!({})).await;
        let open = draft(&app, &shop, json!({"email": "down@einvoice.test"})).await;
        act(&app, &shop, &open, "issue", json!({})).await;
        let scratch = app.stop().await;
        let url = scratch.url();
        let list: Value = serde_json::from_str(&process::run(&url, &["invoices", "list", "--json"]).await).unwrap();
        assert_eq!(list.as_array().unwrap().len(), 2);
        let only: Value = serde_json::from_str(&process::run(&url, &["invoices", "list", "--open", "--json"]).await).unwrap();
        assert_eq!((only[0]["invoice_id"].as_str(), only[0]["open"].as_str()), (Some(open.as_str()), Some("issue")));
        let shown: Value = serde_json::from_str(&process::run(&url, &["invoices", "show", &failed, "--json"]).await).unwrap();
        assert_eq!((&shown["attempts"][0]["outcome"], &shown["invoice_status"]), (&json!("refused"), &json!("issue_failed")));
        assert!(process::run(&url, &["invoices", "show", &failed]).await.contains("5000022"));
        // No provider is configured for the command: what cannot be asked stays as it is.
        let round: Value = serde_json::from_str(&process::run(&url, &["invoices", "reconcile", "--json"]).await).unwrap();
        assert_eq!(round["looked_at"], 1);
        assert_eq!((&round["settled"], &round["open"]), (&json!(0), &json!(1)));
    }
}
