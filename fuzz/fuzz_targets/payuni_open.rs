//! Any bytes, given to the opener of envelopes, with the hash that lets them past the first check.

#![no_main]

use kernel::Secret;
use libfuzzer_sys::fuzz_target;
use payuni::envelope::Shop;
use payuni::fields::Fields;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const KEY: &str = "12345678901234567890123456789012";
const IV: &str = "1234567890123456";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let shop = Shop::new("TEST001", Secret::new(KEY.into()), Secret::new(IV.into())).unwrap();
    assert!(shop.open(text, text).is_err());
    // Who has not the keys cannot make a tag: nothing is opened.
    assert!(shop.open(text, &hash(text)).is_err());
    let inside = hex(data);
    assert!(shop.open(&inside, &hash(&inside)).is_err());

    let Ok(fields) = Fields::decode(text) else {
        return;
    };
    fields.rows("Result");
    let sealed = shop.seal(&fields);
    match shop.open(&sealed.encrypt_info, &sealed.hash_info) {
        Ok(opened) => assert!(opened == fields),
        Err(_) => assert!(fields.get("MerID").is_some_and(|id| id != "TEST001")),
    }
});

fn hash(encrypt_info: &str) -> String {
    hex(&Sha256::digest(format!("{KEY}{encrypt_info}{IV}"))).to_uppercase()
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
