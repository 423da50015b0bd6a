use crate::server::{Server, http, silence};
use crate::vectors::{ECPAY, ECPAY_DATA, ECPAY_ISSUE, ECPAY_ISSUED, ECPAY_LOWER_CASE};
use crate::{NOW, allowance, allowed, company, draft, invalid, invoice, issued, undecided};
use einvoice::codes::Cause;
use einvoice::ecpay::{Ecpay, Merchant};
use einvoice::invoice::DraftReceive;
use einvoice::outcome::{Outcome, Undecided};
use einvoice::provider::{Provider, Wanted};
use einvoice::rules::tax::{Customs, SpecialRate, TaxType, ZeroRateReason};
use kernel::Secret;
use serde_json::{Value, json};
use std::time::Duration;

pub fn merchant() -> Merchant {
    let [id, key, iv] = ECPAY;
    Merchant::new(id, &Secret::new(key.into()), &Secret::new(iv.into())).unwrap()
}

fn ecpay(url: &str) -> Ecpay {
    Ecpay::new(http(Duration::from_secs(30)), url, merchant())
}

/// An answer with this content.
pub fn answer(content: &str) -> String {
    let data = merchant().encrypt(content);
    json!({"MerchantID": ECPAY[0], "RpHeader": {"Timestamp": 1}, "TransCode": 1, "TransMsg": "Success", "Data": data})
        .to_string()
}

fn refusal(code: i64, message: &str) -> String {
    answer(&json!({"RtnCode": code, "RtnMsg": message}).to_string())
}

/// What was in the one request.
fn content(server: &Server) -> Value {
    let outer: Value = serde_json::from_str(&server.asked().body).unwrap();
    let data = merchant().decrypt(outer["Data"].as_str().unwrap()).unwrap();
    serde_json::from_str(&data).unwrap()
}

#[test]
fn published_messages_are_encrypted_and_decrypted() {
    let merchant = merchant();
    for (json, data) in ECPAY_DATA.iter().chain(&[ECPAY_ISSUE, ECPAY_ISSUED]) {
        assert_eq!(merchant.encrypt(json), *data, "{json}");
        assert_eq!(merchant.decrypt(data).as_deref(), Some(*json));
    }
    let first = ECPAY_DATA[0].0;
    assert_eq!(merchant.decrypt(ECPAY_LOWER_CASE).as_deref(), Some(first));
    for bad in ["", "AAAA", "*", &ECPAY_DATA[0].1.replace('u', "v")] {
        assert_eq!(merchant.decrypt(bad), None, "{bad}");
    }
}

#[test]
fn keys_have_one_form_and_are_hidden() {
    let key = |text: &str| Secret::new(text.to_owned());
    let good = key("ejCk326UnaZWKisg");
    for bad in [
        "",
        "ejCk326UnaZWKis",
        "ejCk326UnaZWKisg1",
        "ejCk326UnaZWKis ",
    ] {
        assert!(Merchant::new("1", &key(bad), &good).is_err(), "{bad}");
        assert!(Merchant::new("1", &good, &key(bad)).is_err(), "{bad}");
    }
    let shown = format!("{:?}", ecpay("http://x"));
    assert!(
        !shown.contains("ejCk") && !shown.contains("q9jc"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_invoice_is_asked_for_to_the_letter() {
    let server = Server::answering(200, answer(ECPAY_ISSUED.0)).await;
    let mut draft = draft();
    draft.buyer.email = Some("buyer@example.test".into());
    let outcome = ecpay(&server.url).issue(&invoice(&draft), NOW).await;
    assert_eq!(outcome.done().unwrap(), issued());
    let asked = server.asked();
    assert_eq!(asked.path, "/B2CInvoice/Issue");
    assert_eq!(asked.content_type, "application/json");
    let expected = json!({
        "MerchantID": "2000132",
        "RqHeader": {"Timestamp": 1_768_449_600, "Revision": "3.0.0"},
        "Data": ECPAY_ISSUE.1,
    });
    assert_eq!(
        serde_json::from_str::<Value>(&asked.body).unwrap(),
        expected
    );
}

#[tokio::test]
async fn a_company_s_invoice_is_printed() {
    let server = Server::answering(200, answer(ECPAY_ISSUED.0)).await;
    assert!(matches!(
        ecpay(&server.url).issue(&invoice(&company()), NOW).await,
        Outcome::Done(_)
    ));
    let content = content(&server);
    assert_eq!(content["CustomerIdentifier"], "28080623");
    assert_eq!(
        (&content["Print"], &content["Donation"]),
        (&json!("1"), &json!("0"))
    );
    assert_eq!(
        (&content["CarrierType"], &content["CarrierNum"]),
        (&json!(""), &json!(""))
    );
}

#[tokio::test]
async fn donations_and_rare_taxes_have_their_fields() {
    let mut donated = draft();
    donated.receive = DraftReceive::Donation("00168".into());
    donated.tax_type = TaxType::ZeroRated;
    donated.customs = Some(Customs::NotThrough);
    donated.zero_rate_reason = Some(ZeroRateReason::ExportedServices);
    let server = Server::answering(200, answer(ECPAY_ISSUED.0)).await;
    let _ = ecpay(&server.url).issue(&invoice(&donated), NOW).await;
    let asked = content(&server);
    let field = |name: &str| asked[name].clone();
    assert_eq!(
        (field("Donation"), field("LoveCode")),
        (json!("1"), json!("00168"))
    );
    assert_eq!((field("Print"), field("TaxType")), (json!("0"), json!("2")));
    assert_eq!(
        (field("ClearanceMark"), field("ZeroTaxRateReason")),
        (json!("1"), json!("72"))
    );
    assert_eq!(asked["Items"][0]["ItemTaxType"], "2");

    let mut special = draft();
    special.tax_type = TaxType::Special(SpecialRate::NightClub);
    let server = Server::answering(200, answer(ECPAY_ISSUED.0)).await;
    let _ = ecpay(&server.url).issue(&invoice(&special), NOW).await;
    let asked = content(&server);
    assert_eq!(
        (&asked["InvType"], &asked["TaxType"]),
        (&json!("08"), &json!("4"))
    );
    assert_eq!(asked["SpecialTaxType"], 2);
}

#[tokio::test]
async fn what_is_not_offered_is_not_asked_for() {
    let server = Server::answering(200, "").await;
    let mut draft = draft();
    draft.receive = DraftReceive::Paper;
    draft.reference = "x".repeat(31);
    let wrong = invalid(ecpay(&server.url).issue(&invoice(&draft), NOW).await);
    assert_eq!(
        wrong,
        [
            "buyer's name: missing",
            "buyer's address: missing",
            "buyer's mail address: missing",
            "reference: more than 30 characters",
        ]
    );
    let long = "說".repeat(21);
    let wrong = invalid(ecpay(&server.url).void(&issued(), &long, NOW).await);
    assert_eq!(wrong, ["reason: more than 20 characters"]);
    assert!(server.all_asked().is_empty());
}

#[tokio::test]
async fn what_is_not_a_readable_answer_is_undecided() {
    let html = "<!doctype html>";
    let unsealed = json!({"MerchantID": "2000132", "TransCode": 1, "Data": "AAAA"}).to_string();
    let other = answer(ECPAY_ISSUED.0).replace("2000132", "1");
    let incomplete = refusal(1, "");
    let huge = " ".repeat(256 * 1024 + 1);
    for (status, body, reason) in [
        (200, html, Undecided::NotJson),
        (404, html, Undecided::Http(404)),
        (500, &answer(ECPAY_ISSUED.0), Undecided::Http(500)),
        (302, "", Undecided::Http(302)),
        (200, "{}", Undecided::Incomplete),
        (200, &unsealed, Undecided::Unsealed),
        (200, &other, Undecided::Mismatch),
        (200, &incomplete, Undecided::Incomplete),
        (200, &huge, Undecided::TooLong),
        (200, &refusal(5070357, "自訂編號重覆"), Undecided::Repeated),
    ] {
        let server = Server::answering(status, body.to_owned()).await;
        let outcome = ecpay(&server.url).issue(&invoice(&draft()), NOW).await;
        assert_eq!(undecided(outcome), reason, "{status}");
    }
    let server = Server::answering(200, refusal(0, "系統忙碌中，請稍後再試")).await;
    let outcome = ecpay(&server.url).issue(&invoice(&draft()), NOW).await;
    assert!(matches!(undecided(outcome), Undecided::Code(_)));
}

#[tokio::test]
async fn silence_is_undecided() {
    let (url, listener) = silence().await;
    let impatient = Ecpay::new(http(Duration::from_millis(50)), url, merchant());
    let outcome = impatient.issue(&invoice(&draft()), NOW).await;
    assert_eq!(undecided(outcome), Undecided::TimedOut);
    drop(listener);
    let outcome = impatient.issue(&invoice(&draft()), NOW).await;
    assert!(matches!(undecided(outcome), Undecided::Unreachable(_)));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (code, message, cause) in [
        (1100040, "發票字軌已用完", Cause::NumbersUsedUp),
        (5000022, "金額不符", Cause::Invalid),
        (2020001, "愛心碼錯誤", Cause::UnknownCarrier),
        (7777777, "不明", Cause::Invalid),
    ] {
        let server = Server::answering(200, refusal(code, message)).await;
        let outcome = ecpay(&server.url).issue(&invoice(&draft()), NOW).await;
        assert_eq!(outcome.cause(), Some(cause), "{code}");
    }
    for (code, cause) in [(104, Cause::Credentials), (115, Cause::Account)] {
        let body = json!({"TransCode": code, "TransMsg": "no", "Data": ""}).to_string();
        let server = Server::answering(500, body).await;
        let outcome = ecpay(&server.url).issue(&invoice(&draft()), NOW).await;
        assert_eq!(outcome.cause(), Some(cause), "{code}");
    }
}

fn found(invalid: &str, remaining: Value) -> String {
    let content = json!({
        "RtnCode": 1, "RtnMsg": "查詢成功", "IIS_Relate_Number": "PB20260115001",
        "IIS_Number": "JU11082055", "IIS_Create_Date": "2026-01-15 12:11:17",
        "IIS_Random_Number": "6866", "IIS_Sales_Amount": 299, "IIS_Issue_Status": "1",
        "IIS_Invalid_Status": invalid, "IIS_Remain_Allowance_Amt": remaining,
    });
    answer(&content.to_string())
}

#[tokio::test]
async fn an_invoice_is_found_by_its_reference() {
    let wanted = Wanted::of(&invoice(&draft()));
    let server = Server::answering(200, found("0", json!(194))).await;
    let found_one = ecpay(&server.url)
        .query(&wanted, NOW)
        .await
        .done()
        .unwrap()
        .unwrap();
    assert_eq!(found_one.issued, issued());
    assert_eq!((found_one.voided, found_one.credited), (false, Some(105)));
    assert_eq!(
        content(&server),
        json!({"MerchantID": "2000132", "RelateNumber": "PB20260115001"})
    );
    let server = Server::answering(200, found("1", json!(""))).await;
    let found_one = ecpay(&server.url)
        .query(&wanted, NOW)
        .await
        .done()
        .unwrap()
        .unwrap();
    assert_eq!((found_one.voided, found_one.credited), (true, None));
    let server = Server::answering(200, refusal(2, "查無發票資料")).await;
    assert_eq!(
        ecpay(&server.url).query(&wanted, NOW).await,
        Outcome::Done(None)
    );
    let server = Server::answering(200, found("0", json!(299))).await;
    let other = Wanted {
        reference: "other".into(),
        ..wanted
    };
    let outcome = ecpay(&server.url).query(&other, NOW).await;
    assert_eq!(undecided(outcome), Undecided::Mismatch);
}

#[tokio::test]
async fn an_invoice_is_voided_credited_and_printed() {
    let body = answer(r#"{"RtnCode":1,"RtnMsg":"作廢成功","InvoiceNo":"JU11082055"}"#);
    let server = Server::answering(200, body).await;
    assert_eq!(
        ecpay(&server.url).void(&issued(), "客戶取消", NOW).await,
        Outcome::Done(())
    );
    assert_eq!(server.asked().path, "/B2CInvoice/Invalid");
    let expected = json!({
        "MerchantID": "2000132", "InvoiceNo": "JU11082055", "InvoiceDate": "2026-01-15",
        "Reason": "客戶取消",
    });
    assert_eq!(content(&server), expected);

    let body = answer(
        r#"{"RtnCode":1,"RtnMsg":"","IA_Allow_No":"2026011512000001","IA_Invoice_No":"JU11082055","IA_Remain_Allowance_Amt":194}"#,
    );
    let server = Server::answering(200, body).await;
    let allowance = allowance(&company());
    let made = ecpay(&server.url)
        .allowance(&allowance, NOW)
        .await
        .done()
        .unwrap();
    assert_eq!(
        (made.number.as_str(), made.total),
        ("2026011512000001", 105)
    );
    assert_eq!(made.remaining, Some(194));
    let asked = content(&server);
    assert_eq!(
        (&asked["AllowanceAmount"], &asked["AllowanceNotify"]),
        (&json!(105), &json!("E"))
    );

    let server = Server::answering(200, answer(r#"{"RtnCode":1,"RtnMsg":""}"#)).await;
    let outcome = ecpay(&server.url)
        .void_allowance(&allowed(), "改單", NOW)
        .await;
    assert_eq!(outcome, Outcome::Done(()));
    assert_eq!(server.asked().path, "/B2CInvoice/AllowanceInvalid");

    let body = answer(r#"{"RtnCode":1,"RtnMsg":"","InvoiceHtml":"https://einvoice.example/p?1"}"#);
    let server = Server::answering(200, body).await;
    let printed = ecpay(&server.url)
        .print_url(&issued(), NOW)
        .await
        .done()
        .unwrap();
    assert_eq!(printed.url, "https://einvoice.example/p?1");
    assert_eq!(printed.lasts, Duration::from_secs(3600));
    let body = answer(r#"{"RtnCode":1,"RtnMsg":"","InvoiceHtml":"javascript:alert(1)"}"#);
    let server = Server::answering(200, body).await;
    let outcome = ecpay(&server.url).print_url(&issued(), NOW).await;
    assert_eq!(undecided(outcome), Undecided::Incomplete);
}

#[tokio::test]
async fn an_answer_about_another_invoice_is_not_ours() {
    let body = answer(r#"{"RtnCode":1,"RtnMsg":"","InvoiceNo":"JU11082056"}"#);
    let server = Server::answering(200, body).await;
    let outcome = ecpay(&server.url).void(&issued(), "客戶取消", NOW).await;
    assert_eq!(undecided(outcome), Undecided::Mismatch);
}
