//! Repeating a call whose answer was lost.

use crate::ecpay::{answer, merchant};
use crate::server::{Server, http};
use crate::vectors::ECPAY_ISSUED;
use crate::{NOW, draft, invoice, issued, undecided};
use einvoice::ecpay::Ecpay;
use einvoice::outcome::{Outcome, Refusal, Undecided};
use einvoice::provider::{Issued, issue_once};
use serde_json::json;
use std::time::Duration;

fn none() -> String {
    answer(r#"{"RtnCode":2,"RtnMsg":"查無發票資料"}"#)
}

fn repeated() -> String {
    answer(r#"{"RtnCode":5070357,"RtnMsg":"自訂編號重覆"}"#)
}

fn found(total: i64, invalid: &str) -> String {
    let content = json!({
        "RtnCode": 1, "RtnMsg": "", "IIS_Relate_Number": "PB20260115001",
        "IIS_Number": "JU11082055", "IIS_Create_Date": "2026-01-15 12:11:17",
        "IIS_Random_Number": "6866", "IIS_Sales_Amount": total, "IIS_Issue_Status": "1",
        "IIS_Invalid_Status": invalid,
    });
    answer(&content.to_string())
}

/// What comes of it after these answers, and what was called.
async fn once(answers: &[String]) -> (Outcome<Issued>, Vec<String>) {
    let server = Server::serving(answers.iter().map(|body| (200, body.clone()))).await;
    let ecpay = Ecpay::new(http(Duration::from_secs(30)), &server.url, merchant());
    let outcome = issue_once(&ecpay, &invoice(&draft()), NOW).await;
    let asked = server.all_asked().into_iter();
    let asked = asked.map(|asked| asked.path.replace("/B2CInvoice/", ""));
    (outcome, asked.collect())
}

#[tokio::test]
async fn what_exists_is_not_issued_again() {
    let (outcome, asked) = once(&[found(299, "0")]).await;
    assert_eq!(outcome, Outcome::Done(issued()));
    assert_eq!(asked, ["GetIssue"]);
}

#[tokio::test]
async fn what_does_not_exist_is_issued() {
    let (outcome, asked) = once(&[none(), answer(ECPAY_ISSUED.0)]).await;
    assert_eq!(outcome, Outcome::Done(issued()));
    assert_eq!(asked, ["GetIssue", "Issue"]);
}

#[tokio::test]
async fn who_was_faster_is_found() {
    let (outcome, asked) = once(&[none(), repeated(), found(299, "0")]).await;
    assert_eq!(outcome, Outcome::Done(issued()));
    assert_eq!(asked, ["GetIssue", "Issue", "GetIssue"]);
    let (outcome, _) = once(&[none(), repeated(), none()]).await;
    assert_eq!(undecided(outcome), Undecided::Repeated);
}

#[tokio::test]
async fn nothing_is_issued_while_the_query_is_undecided() {
    let (outcome, asked) = once(&["<html>".into()]).await;
    assert_eq!(undecided(outcome), Undecided::NotJson);
    assert_eq!(asked, ["GetIssue"]);
    let refused = answer(r#"{"RtnCode":0,"RtnMsg":"特店編號不存在"}"#);
    let (outcome, asked) = once(&[refused]).await;
    // Whoever may not look does not know whether it is there.
    assert!(matches!(undecided(outcome), Undecided::Code(_)));
    assert_eq!(asked, ["GetIssue"]);
}

#[tokio::test]
async fn a_voided_invoice_or_one_of_another_total_is_not_the_result() {
    let (outcome, _) = once(&[found(299, "1")]).await;
    assert_eq!(
        outcome,
        Outcome::Refused(Refusal::Voided(Box::new(issued())))
    );
    let (outcome, _) = once(&[found(300, "0")]).await;
    assert_eq!(undecided(outcome), Undecided::Mismatch);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
    /// Whatever a stranger answers, nothing is taken for done that was not encrypted with our keys.
    #[test]
    fn strangers_issue_nothing(noise in ".{0,60}", code in 1..i64::MAX) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let quoted = json!(noise).to_string();
            for body in [
                noise.clone(),
                json!({"TransCode": 1, "Data": noise}).to_string(),
                json!({"TransCode": 1, "Data": {"RtnCode": 1}, "RtnCode": code}).to_string(),
                format!(r#"{{"TransCode":{quoted}}}"#),
            ] {
                let server = Server::answering(200, body.clone()).await;
                let ecpay = Ecpay::new(http(Duration::from_secs(30)), &server.url, merchant());
                let outcome = einvoice::provider::Provider::issue(&ecpay, &invoice(&draft()), NOW).await;
                assert!(!matches!(outcome, Outcome::Done(_)), "{body} {outcome:?}");
            }
        });
    }
}
