use crate::{shop, vectors};
use payuni::codes::{CardFailure, Code, Endpoint};
use payuni::envelope::OpenError;
use payuni::fields::Fields;
use payuni::status::{Decision, Undecided, decide, decide_sealed};
use payuni::trade::TradeStatus;
use proptest::prelude::*;
use serde_json::json;

fn charged(status: &str, trade_status: &str) -> Fields {
    Fields::decode(vectors::CHARGED.plaintext)
        .unwrap()
        .with("Status", status)
        .with("TradeStatus", trade_status)
}

fn decided(fields: &Fields) -> Decision {
    decide_sealed(Endpoint::Credit, fields)
}

fn undecided(fields: &Fields) -> Undecided {
    match decided(fields) {
        Decision::Undecided(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// The body of an answer with `fields` in an envelope and `status` outside.
pub fn body(status: &str, fields: &Fields) -> Vec<u8> {
    let sealed = shop("TEST001").seal(fields);
    let body = json!({
        "Status": status,
        "MerID": "TEST001",
        "Version": "1.2",
        "EncryptInfo": sealed.encrypt_info,
        "HashInfo": sealed.hash_info,
    });
    body.to_string().into_bytes()
}

fn decided_body(body: impl AsRef<[u8]>) -> Decision {
    decide(Endpoint::Credit, body.as_ref(), &shop("TEST001"))
}

#[test]
fn a_paid_trade_is_read_field_by_field() {
    let Decision::Succeeded(trade) = decided(&charged("SUCCESS", "1")) else {
        panic!("not paid");
    };
    assert_eq!(trade.trade_no, "1768449600123456789");
    assert_eq!(trade.mer_trade_no, "sub_20260115_001");
    assert_eq!(trade.amount, 299);
    assert_eq!(trade.trade_status, TradeStatus::Paid);
    assert_eq!(trade.card6.as_deref(), Some("414763"));
    assert_eq!(trade.card4.as_deref(), Some("0001"));
    assert_eq!(trade.bank.as_deref(), Some("812"));
    assert_eq!(trade.res_code.as_deref(), Some("00"));
    assert_eq!(trade.auth_code.as_deref(), Some("000000"));
    assert_eq!(trade.credit_life.as_deref(), Some("1230"));
    let hash = trade.credit_hash.as_ref().unwrap();
    assert_eq!(hash.expose(), &"0123456789ABCDEF".repeat(4));
    assert!(!format!("{trade:?}").contains("0123456789ABCDEF"));
}

#[test]
fn only_a_dead_trade_or_a_certain_refusal_is_a_failure() {
    for dead in ["2", "3", "4"] {
        let decision = decided(&charged("SUCCESS", dead).with("ResCode", "51"));
        let Decision::Failed(failure) = decision else {
            panic!("{dead}");
        };
        assert_eq!(failure.card, Some(CardFailure::InsufficientFunds));
        assert_eq!(failure.trade.unwrap().card4.as_deref(), Some("0001"));
    }
    let unknown_card = Fields::new()
        .with("Status", "CREDIT02025")
        .with("Message", "查無資料");
    for fields in [unknown_card.clone(), unknown_card.with("TradeStatus", "2")] {
        let Decision::Failed(failure) = decided(&fields) else {
            panic!("{fields:?}");
        };
        assert_eq!(failure.code, Code::new(Endpoint::Credit, "CREDIT02025"));
        assert_eq!(failure.message, "查無資料");
        assert_eq!(failure.card, Some(CardFailure::UnknownStoredCard));
        assert_eq!(failure.trade, None);
    }
    let review = Fields::new().with("Status", "UNAPPROVED");
    assert!(matches!(decided(&review), Decision::Failed(_)));
}

#[test]
fn what_may_have_been_paid_is_undecided() {
    assert_eq!(undecided(&charged("UNKNOWN", "8")), Undecided::Unknown);
    assert_eq!(undecided(&charged("UNKNOWN", "1")), Undecided::Unknown);
    assert_eq!(undecided(&charged("UNKNOWN", "2")), Undecided::Unknown);
    let awaiting = Undecided::Pending(TradeStatus::AwaitingConfirmation);
    assert_eq!(undecided(&charged("SUCCESS", "8")), awaiting);
    assert_eq!(undecided(&charged("CREDIT03099", "8")), awaiting);
    assert_eq!(
        undecided(&charged("SUCCESS", "0")),
        Undecided::Pending(TradeStatus::NumberIssued)
    );
    assert_eq!(
        undecided(&charged("SUCCESS", "9")),
        Undecided::Pending(TradeStatus::Unpaid)
    );
    for contradiction in [
        charged("SUCCESS", ""),
        charged("SUCCESS", "5"),
        charged("CREDIT02025", "1"),
        charged("", "2"),
        charged("SUCCESS", "1").with("TradeAmt", "much"),
        Fields::new(),
    ] {
        assert_eq!(undecided(&contradiction), Undecided::Incomplete);
    }
    for code in ["CREDIT03099", "CREDIT04099", "API00009", "OK"] {
        let fields = Fields::new().with("Status", code);
        assert_eq!(
            undecided(&fields),
            Undecided::Code(Code::new(Endpoint::Credit, code))
        );
    }
}

#[test]
fn a_repeated_number_says_nothing_about_the_first_trade() {
    for trade_status in ["", "1", "2", "8"] {
        assert_eq!(
            undecided(&charged("CREDIT04001", trade_status)),
            Undecided::Repeated
        );
    }
    let plain = decided_body(r#"{"Status":"CREDIT04001"}"#);
    assert_eq!(plain, Decision::Undecided(Undecided::Repeated));
}

#[test]
fn the_outside_of_the_envelope_decides_nothing() {
    let unknown = body("SUCCESS", &charged("UNKNOWN", "8"));
    assert_eq!(
        decided_body(unknown),
        Decision::Undecided(Undecided::Unknown)
    );
    let paid = body("CREDIT02025", &charged("SUCCESS", "1"));
    assert!(matches!(decided_body(paid), Decision::Succeeded(_)));
}

#[test]
fn an_address_is_neither_paid_nor_failed() {
    let url = "https://api.payuni.com.tw/api/credit/api_3d/1768449600123456789";
    let expected = Decision::Requires3D { url: url.into() };
    let inside = Fields::new().with("Status", "SUCCESS").with("URL", url);
    assert_eq!(decided_body(body("SUCCESS", &inside)), expected);
    let raw = json!({"Status": "SUCCESS", "Message": "建立幕後3D成功", "URL": url});
    assert_eq!(decided_body(raw.to_string()), expected);
    let script = json!({"Status": "SUCCESS", "URL": "javascript:alert(1)"});
    assert_eq!(
        decided_body(script.to_string()),
        Decision::Undecided(Undecided::Unsealed)
    );
}

#[test]
fn errors_come_with_and_without_an_envelope() {
    let inside = Fields::new()
        .with("Status", "DEF01007")
        .with("Message", "no");
    for answer in [
        body("DEF01007", &inside),
        br#"{"Status":"DEF01007","Message":"no"}"#.to_vec(),
    ] {
        let Decision::Failed(failure) = decided_body(answer) else {
            panic!("not failed");
        };
        assert_eq!(failure.code.code, "DEF01007");
        assert_eq!(failure.message, "no");
    }
    let error = Code::new(Endpoint::Credit, "ERROR");
    assert_eq!(
        decided_body(r#"{"Status":"ERROR","Message":"?"}"#),
        Decision::Undecided(Undecided::Code(error))
    );
}

#[test]
fn what_is_not_an_answer_of_ours_is_undecided() {
    for not_json in [
        "",
        "<!doctype html><title>PAYUNi</title>",
        "[]",
        "null",
        "\"SUCCESS\"",
    ] {
        assert_eq!(
            decided_body(not_json),
            Decision::Undecided(Undecided::NotJson)
        );
    }
    assert_eq!(
        decided_body("{}"),
        Decision::Undecided(Undecided::Incomplete)
    );
    let numbers = r#"{"Status":1,"EncryptInfo":[],"MerID":null}"#;
    assert_eq!(
        decided_body(numbers),
        Decision::Undecided(Undecided::Incomplete)
    );
    let other = decided_body(r#"{"Status":"CREDIT02025","MerID":"TEST002"}"#);
    assert_eq!(
        other,
        Decision::Undecided(Undecided::Envelope(OpenError::OtherShop))
    );
    let hash = Decision::Undecided(Undecided::Envelope(OpenError::Hash));
    assert_eq!(
        decided_body(r#"{"Status":"SUCCESS","EncryptInfo":"00","HashInfo":"00"}"#),
        hash
    );
    assert_eq!(
        decided_body(r#"{"Status":"CREDIT02025","EncryptInfo":"00"}"#),
        hash
    );
}

proptest! {
    #[test]
    fn nothing_unsealed_is_paid(status in "(SUCCESS|UNKNOWN|CREDIT0[0-9]{4}|.*)", rest in ".*") {
        let answer = json!({"Status": status, "TradeStatus": "1", "Message": rest, "MerID": "TEST001"});
        prop_assert!(!matches!(decided_body(answer.to_string()), Decision::Succeeded(_)));
    }

    #[test]
    fn paid_needs_both_words(status in "(SUCCESS|UNKNOWN|OK|[A-Z]{3,6}0[0-9]{4})", digit in "[0-9]?") {
        let paid = matches!(decided(&charged(&status, &digit)), Decision::Succeeded(_));
        prop_assert_eq!(paid, status == "SUCCESS" && digit == "1");
    }
}
