use crate::server::{Server, http};
use crate::vectors::{EZPAY, EZPAY_CHECK_CODE, EZPAY_ISSUE};
use crate::{NOW, allowance, allowed, company, draft, invalid, invoice, issued, undecided};
use einvoice::codes::Cause;
use einvoice::ezpay::{Ezpay, KeyError, Merchant};
use einvoice::invoice::{DraftLine, DraftReceive};
use einvoice::outcome::{Outcome, Refusal, Undecided};
use einvoice::provider::{Operation, Provider, Wanted};
use einvoice::rules::tax::{LineTax, SpecialRate, TaxType};
use kernel::Secret;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

fn merchant() -> Merchant {
    let [id, key, iv] = EZPAY;
    Merchant::new(id, &Secret::new(key.into()), &Secret::new(iv.into())).unwrap()
}

fn ezpay(url: &str) -> Ezpay {
    Ezpay::new(http(Duration::from_secs(30)), url, merchant())
}

fn answer(result: &Value) -> String {
    // The result is a text of JSON.
    json!({"Status": "SUCCESS", "Message": "成功", "Result": result.to_string()}).to_string()
}

fn refusal(code: &str) -> String {
    json!({"Status": code, "Message": "錯誤", "Result": ""}).to_string()
}

fn result(total: i64) -> Value {
    let code = merchant().check_code(
        "PB20260115001",
        "26011512000001",
        &total.to_string(),
        "6866",
    );
    json!({
        "MerchantID": EZPAY[0], "InvoiceTransNo": "26011512000001", "MerchantOrderNo": "PB20260115001",
        "TotalAmt": total, "InvoiceNumber": "JU11082055", "RandomNum": "6866",
        "CreateTime": "2026-01-15 12:11:17", "CheckCode": code,
    })
}

fn with(mut result: Value, name: &str, value: &str) -> Value {
    result[name] = json!(value);
    result
}

fn decoded(form: &str) -> HashMap<String, String> {
    form.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            let fields = payuni::fields::Fields::decode(&format!("v={value}")).unwrap();
            (name.to_owned(), fields.get("v").unwrap().to_owned())
        })
        .collect()
}

/// The fields inside the one request.
fn fields(server: &Server) -> HashMap<String, String> {
    let outer = decoded(&server.asked().body);
    assert_eq!(outer["MerchantID_"], EZPAY[0]);
    decoded(&merchant().decrypt(&outer["PostData_"]).unwrap())
}

#[test]
fn known_messages_are_sealed_and_opened() {
    let merchant = merchant();
    let (plain, sealed) = EZPAY_ISSUE;
    assert_eq!(merchant.encrypt(plain), sealed);
    assert_eq!(merchant.decrypt(sealed).as_deref(), Some(plain));
    // With padding to 16 bytes, and in upper case, as others write it.
    let narrow = "0E5F24123C66F43ECE2DA456BFCA674A";
    assert_eq!(merchant.decrypt(narrow).as_deref(), Some("a=1"));
    let ([order, trans, total, random], code) = EZPAY_CHECK_CODE;
    assert_eq!(merchant.check_code(order, trans, total, random), code);
    assert_eq!(
        merchant.check_value("deadbeef"),
        "788A044A069D984494CD8202B400683614C15FF1F777273F2753C4F30EB79443"
    );
    for bad in ["", "00", "zz", "98d965f542b039ad8db2bd88a8f1a6f1"] {
        assert_eq!(merchant.decrypt(bad), None, "{bad}");
    }
}

#[test]
fn keys_have_one_form_and_are_hidden() {
    let key = |text: &str| Secret::new(text.to_owned());
    let new = |k: &str, iv: &str| Merchant::new("1", &key(k), &key(iv)).map(drop);
    let [_, good, iv] = EZPAY;
    assert_eq!(new("short", iv), Err(KeyError::HashKey));
    assert_eq!(new(&good.replace('a', " "), iv), Err(KeyError::HashKey));
    assert_eq!(new(good, "short"), Err(KeyError::HashIv));
    let shown = format!("{:?}", ezpay("http://x"));
    assert!(
        !shown.contains("abcdef") && !shown.contains("12345678"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_invoice_is_asked_for_to_the_letter() {
    let server = Server::answering(200, answer(&result(299))).await;
    let mut draft = draft();
    draft.buyer.name = Some("王大品".into());
    draft.buyer.email = Some("buyer@example.test".into());
    let outcome = ezpay(&server.url).issue(&invoice(&draft), NOW).await;
    assert_eq!(outcome.done().unwrap(), issued());
    let asked = server.asked();
    assert_eq!(asked.path, "/Api/invoice_issue");
    assert_eq!(asked.content_type, "application/x-www-form-urlencoded");
    assert_eq!(
        asked.body,
        format!("MerchantID_=3622183&PostData_={}", EZPAY_ISSUE.1)
    );
}

#[tokio::test]
async fn a_company_s_lines_have_no_tax_in_them() {
    let server = Server::answering(200, answer(&result(1148))).await;
    let mut draft = company();
    draft.lines = vec![DraftLine::new("甲", 1, 299), DraftLine::new("乙", 3, 283)];
    let outcome = ezpay(&server.url).issue(&invoice(&draft), NOW).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    let fields = fields(&server);
    assert_eq!(
        (fields["Category"].as_str(), fields["PrintFlag"].as_str()),
        ("B2B", "Y")
    );
    assert_eq!(fields["BuyerUBN"], "28080623");
    assert_eq!(
        (fields["Amt"].as_str(), fields["TaxAmt"].as_str()),
        ("1093", "55")
    );
    // 285 and 808, which is not three times anything.
    assert_eq!(fields["ItemName"], "甲|乙 x3");
    assert_eq!(
        (fields["ItemCount"].as_str(), fields["ItemPrice"].as_str()),
        ("1|1", "285|808")
    );
    assert_eq!(fields["ItemAmt"], "285|808");
}

#[tokio::test]
async fn mixed_invoices_tell_their_parts() {
    let server = Server::answering(200, answer(&result(155))).await;
    let mut draft = draft();
    draft.tax_type = TaxType::Mixed;
    draft.receive = DraftReceive::Donation("168".into());
    draft.lines = [(LineTax::Taxable, 105), (LineTax::Exempt, 50)]
        .map(|(tax, price)| DraftLine {
            tax: Some(tax),
            ..DraftLine::new("a", 1, price)
        })
        .to_vec();
    let outcome = ezpay(&server.url).issue(&invoice(&draft), NOW).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    let fields = fields(&server);
    for (name, value) in [
        ("TaxType", "9"),
        ("Amt", "150"),
        ("AmtSales", "100"),
        ("AmtZero", "0"),
        ("AmtFree", "50"),
        ("TaxAmt", "5"),
        ("TotalAmt", "155"),
        ("ItemTaxType", "1|3"),
        ("LoveCode", "168"),
        ("PrintFlag", "N"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert!(!fields.contains_key("CarrierType"));
}

#[tokio::test]
async fn what_is_not_offered_is_not_asked_for() {
    let server = Server::answering(200, "").await;
    let ezpay = ezpay(&server.url);
    let mut draft = company();
    draft.receive = DraftReceive::Member;
    draft.tax_type = TaxType::Special(SpecialRate::Finance);
    draft.reference = "bad-order".into();
    draft.lines[0].name = "a|b".into();
    assert_eq!(
        invalid(ezpay.issue(&invoice(&draft), NOW).await),
        [
            "receive type: the provider does not offer it",
            "tax type: the provider does not offer it",
            "reference: not letters, digits and _ of ASCII",
            "name of line 1: not text without |",
        ]
    );
    assert_eq!(
        invalid(ezpay.void(&issued(), "七個中文字太長", NOW).await),
        ["reason: more than 20 bytes"]
    );
    let print = ezpay.print_url(&issued(), NOW).await;
    assert_eq!(
        print,
        Outcome::Refused(Refusal::NotOffered(Operation::PrintUrl))
    );
    assert!(server.all_asked().is_empty());
}

#[tokio::test]
async fn an_answer_must_be_ezpay_s_word_and_about_the_invoice() {
    let good = result(299);
    for (body, reason) in [
        (
            answer(&with(good.clone(), "CheckCode", "0")),
            Undecided::Unsealed,
        ),
        (
            answer(&with(good.clone(), "RandomNum", "1234")),
            Undecided::Unsealed,
        ),
        (
            answer(&with(good.clone(), "MerchantID", "1")),
            Undecided::Mismatch,
        ),
        (answer(&result(300)), Undecided::Mismatch),
        (
            answer(&with(good.clone(), "InvoiceNumber", "")),
            Undecided::Incomplete,
        ),
        (
            json!({"Status": "SUCCESS", "Result": "x"}).to_string(),
            Undecided::Incomplete,
        ),
        ("{}".into(), Undecided::Incomplete),
        ("<html>".into(), Undecided::NotJson),
        (refusal("LIB10003"), Undecided::Repeated),
    ] {
        let server = Server::answering(200, body.clone()).await;
        let outcome = ezpay(&server.url).issue(&invoice(&draft()), NOW).await;
        assert_eq!(undecided(outcome), reason, "{body}");
    }
    let server = Server::answering(503, answer(&good)).await;
    let outcome = ezpay(&server.url).issue(&invoice(&draft()), NOW).await;
    assert_eq!(undecided(outcome), Undecided::Http(503));
    for (code, cause) in [
        ("KEY10002", Cause::Credentials),
        ("INV90006", Cause::NumbersUsedUp),
        ("INV10013", Cause::Invalid),
    ] {
        let server = Server::answering(200, refusal(code)).await;
        let outcome = ezpay(&server.url).issue(&invoice(&draft()), NOW).await;
        assert_eq!(outcome.cause(), Some(cause), "{code}");
    }
    let server = Server::answering(200, refusal("NOR10001")).await;
    let outcome = ezpay(&server.url).issue(&invoice(&draft()), NOW).await;
    assert!(matches!(undecided(outcome), Undecided::Code(_)));
}

#[tokio::test]
async fn an_invoice_is_found_by_reference_and_total() {
    let wanted = Wanted::of(&invoice(&draft()));
    for (status, voided) in [("1", false), ("2", true)] {
        let body = answer(&with(result(299), "InvoiceStatus", status));
        let server = Server::answering(200, body).await;
        let found = ezpay(&server.url)
            .query(&wanted, NOW)
            .await
            .done()
            .unwrap()
            .unwrap();
        assert_eq!((found.issued, found.voided), (issued(), voided));
        let fields = fields(&server);
        assert_eq!(
            (fields["SearchType"].as_str(), fields["TotalAmt"].as_str()),
            ("1", "299")
        );
    }
    let body = answer(&with(result(299), "InvoiceStatus", "7"));
    let server = Server::answering(200, body).await;
    let outcome = ezpay(&server.url).query(&wanted, NOW).await;
    assert_eq!(undecided(outcome), Undecided::Incomplete);
    let server = Server::answering(200, refusal("INV20006")).await;
    assert_eq!(
        ezpay(&server.url).query(&wanted, NOW).await,
        Outcome::Done(None)
    );
}

#[tokio::test]
async fn an_invoice_is_voided_and_credited() {
    let body = answer(&json!({"MerchantID": EZPAY[0], "InvoiceNumber": "JU11082055"}));
    let server = Server::answering(200, body).await;
    assert_eq!(
        ezpay(&server.url).void(&issued(), "客戶取消", NOW).await,
        Outcome::Done(())
    );
    assert_eq!(server.asked().path, "/Api/invoice_invalid");
    assert_eq!(fields(&server)["InvalidReason"], "客戶取消");
    let server = Server::answering(200, refusal("LIB10007")).await;
    let outcome = ezpay(&server.url).void(&issued(), "客戶取消", NOW).await;
    assert_eq!(outcome.cause(), Some(Cause::HasAllowance));

    let body = answer(
        &json!({"MerchantID": EZPAY[0], "AllowanceNo": "A1", "InvoiceNumber": "JU11082055", "AllowanceAmt": 105, "RemainAmt": 194}),
    );
    let server = Server::answering(200, body).await;
    let made = ezpay(&server.url)
        .allowance(&allowance(&draft()), NOW)
        .await
        .done()
        .unwrap();
    assert_eq!((made.number.as_str(), made.remaining), ("A1", Some(194)));
    let fields = fields(&server);
    for (name, value) in [
        ("InvoiceNo", "JU11082055"),
        ("MerchantOrderNo", "PB20260115001"),
        ("ItemAmt", "100"),
        ("ItemTaxAmt", "5"),
        ("TotalAmt", "105"),
        ("Status", "1"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }

    let body = answer(&json!({"MerchantID": EZPAY[0], "AllowanceNo": "AL2"}));
    let server = Server::answering(200, body).await;
    let outcome = ezpay(&server.url)
        .void_allowance(&allowed(), "改單", NOW)
        .await;
    assert_eq!(undecided(outcome), Undecided::Mismatch);
    assert_eq!(server.asked().path, "/Api/allowanceInvalid");
}
