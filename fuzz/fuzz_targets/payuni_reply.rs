//! Any bytes, as the body of a reply or a notice, and as what is inside its envelope.

#![no_main]

use kernel::Secret;
use libfuzzer_sys::fuzz_target;
use payuni::codes::Endpoint;
use payuni::envelope::Shop;
use payuni::fields::Fields;
use payuni::notify::parse_notify;
use payuni::status::{Decision, decide, decide_sealed};
use payuni::trade::QueryRow;

fuzz_target!(|data: &[u8]| {
    let key = Secret::new("12345678901234567890123456789012".into());
    let iv = Secret::new("1234567890123456".into());
    let shop = Shop::new("TEST001", key, iv).unwrap();
    for endpoint in [
        Endpoint::Upp,
        Endpoint::Credit,
        Endpoint::IframeMerchantTrade,
    ] {
        // Nobody without the keys makes a payment of it.
        let decision = decide(endpoint, data, &shop);
        assert!(!matches!(decision, Decision::Succeeded(_)));
    }
    assert!(parse_notify(data, &shop).is_err());

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(fields) = Fields::decode(text) else {
        return;
    };
    for row in fields.rows("Result") {
        if let Some(row) = QueryRow::read(&row) {
            assert!(row.amount >= 0);
        }
    }
    match decide_sealed(Endpoint::Credit, &fields) {
        Decision::Succeeded(trade) => {
            assert_eq!(fields.get("Status"), Some("SUCCESS"));
            assert_eq!(fields.get("TradeStatus"), Some("1"));
            assert!(trade.amount >= 0);
        }
        Decision::Failed(failure) => {
            assert!(!matches!(
                fields.get("Status"),
                None | Some("" | "UNKNOWN" | "CREDIT04001")
            ));
            assert!(!matches!(
                fields.get("TradeStatus"),
                Some("0" | "1" | "8" | "9")
            ));
            let _ = failure.code.to_string();
        }
        Decision::Undecided(_) => {}
        Decision::Requires3D { url } => assert!(url.starts_with("http")),
    }
});
