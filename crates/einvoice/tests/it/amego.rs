use crate::server::{Server, http};
use crate::vectors::{AMEGO, AMEGO_ISSUE, AMEGO_VOID};
use crate::{NOW, allowance, allowed, company, draft, invalid, invoice, issued, undecided};
use einvoice::amego::{Amego, Seller};
use einvoice::codes::Cause;
use einvoice::invoice::{DraftLine, DraftReceive};
use einvoice::outcome::{Outcome, Undecided};
use einvoice::provider::{Issued, Printed, Provider, Wanted};
use einvoice::rules::amount::Pricing;
use einvoice::rules::tax::{LineTax, TaxType};
use kernel::Secret;
use serde_json::{Value, json};
use std::time::Duration;

fn seller() -> Seller {
    let [ubn, key] = AMEGO;
    Seller::new(ubn.parse().unwrap(), Secret::new(key.into())).unwrap()
}

fn amego(url: &str) -> Amego {
    Amego::new(http(Duration::from_secs(30)), url, seller())
}

fn refusal(code: i64) -> String {
    json!({"code": code, "msg": "錯誤"}).to_string()
}

const DONE: &str = r#"{"code":0,"msg":""}"#;

const ISSUED: &str = r#"{"code":"0","msg":"","invoice_number":"JU11082055","invoice_time":1768450277,
    "random_number":"6866","barcode":"11502JU110820556866","qrcode_left":"l","qrcode_right":"**r"}"#;

/// The data of the one request.
fn data(server: &Server) -> Value {
    let body = server.asked().body;
    let fields = payuni::fields::Fields::decode(&body).unwrap();
    let data = fields.get("data").unwrap();
    assert_eq!(
        fields.get("sign"),
        Some(seller().sign(data, 1_768_449_600).as_str())
    );
    serde_json::from_str(data).unwrap()
}

#[test]
fn known_messages_are_signed() {
    let seller = seller();
    let (data, sign) = AMEGO_ISSUE;
    assert_eq!(seller.sign(data, 1_768_449_600), sign);
    assert_eq!(
        seller.sign("", 1_768_449_600),
        "f928855132bb28e1051d9b1481ffb4c8"
    );
    let shown = format!("{:?}", amego("http://x"));
    assert!(!shown.contains("sHeq"), "{shown}");
    assert!(Seller::new("12345678".parse().unwrap(), Secret::new(String::new())).is_err());
}

#[tokio::test]
async fn an_invoice_is_asked_for_to_the_letter() {
    let server = Server::answering(200, ISSUED).await;
    let mut draft = draft();
    draft.buyer.name = Some("王大品".into());
    let outcome = amego(&server.url).issue(&invoice(&draft), NOW).await;
    let printed = Printed {
        barcode: "11502JU110820556866".into(),
        left: "l".into(),
        right: "**r".into(),
    };
    assert_eq!(
        outcome.done().unwrap(),
        Issued {
            printed: Some(printed),
            ..issued()
        }
    );
    let asked = server.asked();
    assert_eq!(asked.path, "/json/f0401");
    let fields = payuni::fields::Fields::decode(&asked.body).unwrap();
    assert_eq!(fields.get("data"), Some(AMEGO_ISSUE.0));
    assert_eq!(fields.get("sign"), Some(AMEGO_ISSUE.1));
    assert_eq!(fields.get("invoice"), Some("12345678"));
}

#[tokio::test]
async fn a_void_is_asked_for_to_the_letter() {
    let server = Server::answering(200, DONE).await;
    let invoice = Issued {
        number: "AA26513024".parse().unwrap(),
        ..issued()
    };
    assert_eq!(
        amego(&server.url).void(&invoice, "客戶取消", NOW).await,
        Outcome::Done(())
    );
    assert_eq!(server.asked().body, AMEGO_VOID);
    assert_eq!(server.asked().path, "/json/f0501");
}

#[tokio::test]
async fn tax_is_told_apart_for_companies() {
    let server = Server::answering(200, ISSUED).await;
    let mut draft = company();
    draft.pricing = Pricing::Exclusive;
    let outcome = amego(&server.url).issue(&invoice(&draft), NOW).await;
    assert!(matches!(outcome, Outcome::Done(_)));
    let asked = data(&server);
    assert_eq!(asked["BuyerIdentifier"], "28080623");
    assert_eq!(
        (&asked["SalesAmount"], &asked["TaxAmount"]),
        (&json!(299), &json!(15))
    );
    assert_eq!(
        (&asked["TotalAmount"], &asked["DetailVat"]),
        (&json!(314), &json!(0))
    );
    assert_eq!(asked.get("CarrierType"), None);
}

#[tokio::test]
async fn mixed_invoices_and_members_have_their_fields() {
    let server = Server::answering(200, ISSUED).await;
    let mut draft = draft();
    draft.receive = DraftReceive::Member;
    draft.buyer.phone = Some("0912345678".into());
    draft.tax_type = TaxType::Mixed;
    draft.lines = [(LineTax::Taxable, 105), (LineTax::Exempt, 50)]
        .map(|(tax, price)| DraftLine {
            tax: Some(tax),
            ..DraftLine::new("a", 1, price)
        })
        .to_vec();
    let _ = amego(&server.url).issue(&invoice(&draft), NOW).await;
    let asked = data(&server);
    assert_eq!(
        (&asked["CarrierType"], &asked["CarrierId1"]),
        (&json!("amego"), &json!("a0912345678"))
    );
    assert_eq!(
        (&asked["TaxType"], &asked["SalesAmount"]),
        (&json!(9), &json!(105))
    );
    assert_eq!(
        (&asked["FreeTaxSalesAmount"], &asked["TaxAmount"]),
        (&json!(50), &json!(0))
    );
}

#[tokio::test]
async fn what_is_not_offered_is_not_asked_for() {
    let server = Server::answering(200, "").await;
    let mut draft = draft();
    draft.pricing = Pricing::Exclusive;
    draft.receive = DraftReceive::Member;
    draft.lines[0].unit = Some("一二三四五六七".into());
    assert_eq!(
        invalid(amego(&server.url).issue(&invoice(&draft), NOW).await),
        [
            "pricing: the provider does not offer it",
            "buyer's mail address: missing",
            "unit of line 1: more than 6 characters",
        ]
    );
    assert!(server.all_asked().is_empty());
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (code, cause) in [
        (16, Cause::Credentials),
        (3_040_191, Cause::NumbersUsedUp),
        (3_040_132, Cause::UnknownCarrier),
        (3_040_199, Cause::Invalid),
    ] {
        let server = Server::answering(200, refusal(code)).await;
        let outcome = amego(&server.url).issue(&invoice(&draft()), NOW).await;
        assert_eq!(outcome.cause(), Some(cause), "{code}");
    }
    for (body, reason) in [
        (refusal(3_040_171), Undecided::Repeated),
        ("<html>".into(), Undecided::NotJson),
        ("{}".into(), Undecided::Incomplete),
        (DONE.into(), Undecided::Incomplete),
    ] {
        let server = Server::answering(200, body).await;
        let outcome = amego(&server.url).issue(&invoice(&draft()), NOW).await;
        assert_eq!(undecided(outcome), reason);
    }
    for code in [10, 21, 98, 3_140_199] {
        let server = Server::answering(200, refusal(code)).await;
        let outcome = amego(&server.url).issue(&invoice(&draft()), NOW).await;
        assert!(matches!(undecided(outcome), Undecided::Code(_)), "{code}");
    }
}

fn found(cancelled: i64) -> String {
    json!({"code": 0, "msg": "", "data": {
        "invoice_number": "JU11082055", "invoice_type": "C0401", "invoice_status": 1,
        "invoice_date": 20260115, "invoice_time": "12:11:17", "total_amount": 299,
        "random_number": "6866", "cancel_date": cancelled, "order_id": "PB20260115001",
    }})
    .to_string()
}

#[tokio::test]
async fn an_invoice_is_found_by_its_reference() {
    let wanted = Wanted::of(&invoice(&draft()));
    for (cancelled, voided) in [(0, false), (20260116, true)] {
        let server = Server::answering(200, found(cancelled)).await;
        let found = amego(&server.url)
            .query(&wanted, NOW)
            .await
            .done()
            .unwrap()
            .unwrap();
        assert_eq!((found.issued, found.voided), (issued(), voided));
        assert_eq!(
            data(&server),
            json!({"type": "order", "order_id": "PB20260115001"})
        );
    }
    let server = Server::answering(200, refusal(71)).await;
    assert_eq!(
        amego(&server.url).query(&wanted, NOW).await,
        Outcome::Done(None)
    );
    let server = Server::answering(200, found(0)).await;
    let other = Wanted {
        reference: "other".into(),
        ..wanted
    };
    let outcome = amego(&server.url).query(&other, NOW).await;
    assert_eq!(undecided(outcome), Undecided::Mismatch);
}

#[tokio::test]
async fn an_invoice_is_credited_and_printed() {
    let server = Server::answering(200, DONE).await;
    let made = amego(&server.url)
        .allowance(&allowance(&company()), NOW)
        .await
        .done()
        .unwrap();
    assert_eq!((made.number.as_str(), made.total), ("AL1", 105));
    let expected = json!([{
        "AllowanceNumber": "AL1", "AllowanceDate": "20260115", "AllowanceType": "2",
        "BuyerIdentifier": "28080623", "BuyerName": "光貿科技股份有限公司",
        "BuyerEmailAddress": "buyer@example.test",
        "ProductItem": [{
            "OriginalInvoiceNumber": "JU11082055", "OriginalInvoiceDate": "20260115",
            "OriginalDescription": "月租方案", "Quantity": 1, "UnitPrice": 100, "Amount": 100,
            "Tax": 5, "TaxType": 1,
        }],
        "TaxAmount": 5, "TotalAmount": 100,
    }]);
    assert_eq!(data(&server), expected);

    let server = Server::answering(200, DONE).await;
    let outcome = amego(&server.url)
        .void_allowance(&allowed(), "改單", NOW)
        .await;
    assert_eq!(outcome, Outcome::Done(()));
    assert_eq!(data(&server), json!([{"CancelAllowanceNumber": "AL1"}]));

    let body = r#"{"code":0,"msg":"","data":{"file_url":"https://invoice.example/f?1"}}"#;
    let server = Server::answering(200, body).await;
    let printed = amego(&server.url)
        .print_url(&issued(), NOW)
        .await
        .done()
        .unwrap();
    assert_eq!(printed.url, "https://invoice.example/f?1");
    assert_eq!(printed.lasts, Duration::from_secs(600));
    let server = Server::answering(200, refusal(53)).await;
    let outcome = amego(&server.url).print_url(&issued(), NOW).await;
    assert_eq!(outcome.cause(), Some(Cause::NotPrintable));
}
