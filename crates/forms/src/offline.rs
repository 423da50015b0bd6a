//! Certificates that can be checked without this server: what their QR codes say, signed.
//!
//! The text is the certificate's public address with the fragment `#s=PAYLOAD.SIGNATURE`, both in Base64 (URL-safe, without
//! padding). `PAYLOAD` is the JSON list `[1, coding, org_code, tpl_id, record_number, issued_at, title]`; `SIGNATURE` is the Ed25519
//! signature over the letters of `PAYLOAD`. What it proves is that the certificate was issued here; whether it was used since,
//! only the server knows.

use crate::address::Address;
use crate::coding::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The version of what is signed.
const VERSION: i64 = 1;
/// What stands before the payload in an address.
const MARK: &str = "#s=";

/// What a signed certificate says. On the wire a list in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// 1.
    pub version: i64,
    /// The certificate's code.
    pub coding: String,
    /// The code of its organization.
    pub org_code: String,
    /// The form.
    pub tpl_id: i64,
    /// The record's number.
    pub record_number: String,
    /// Unix seconds.
    pub issued_at: i64,
    /// What the certificate is headed.
    pub title: String,
}

type Listed = (i64, String, String, i64, String, i64, String);

impl Claims {
    /// What is signed of a certificate.
    pub const fn new(
        coding: String,
        org_code: String,
        tpl_id: i64,
        record_number: String,
        issued_at: i64,
        title: String,
    ) -> Self {
        Self {
            version: VERSION,
            coding,
            org_code,
            tpl_id,
            record_number,
            issued_at,
            title,
        }
    }
}

/// Why a text proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfflineProblem {
    /// It carries no signed payload.
    #[error("no signed payload")]
    Unsigned,
    /// The public key is none.
    #[error("not an Ed25519 public key")]
    BadKey,
    /// The signature is not this key's.
    #[error("the signature is wrong")]
    BadSignature,
    /// What is signed cannot be read.
    #[error("the payload cannot be read")]
    BadPayload,
    /// What is signed belongs to another address.
    #[error("the payload is another certificate's")]
    OtherCertificate,
}

impl Secrets {
    /// The text of a certificate's QR code. `url`: its public address.
    pub fn sign(&self, url: &str, claims: &Claims) -> String {
        let Claims {
            version,
            coding,
            org_code,
            tpl_id,
            record_number,
            issued_at,
            title,
        } = claims;
        let listed = serde_json::json!([
            version,
            coding,
            org_code,
            tpl_id,
            record_number,
            issued_at,
            title
        ]);
        let payload = URL_SAFE_NO_PAD.encode(listed.to_string());
        let signature = self.signing.sign(payload.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature);
        format!("{url}{MARK}{payload}.{signature}")
    }

    /// The public key that belongs to the signatures, in Base64 (URL-safe, without padding).
    pub fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.signing.public_key())
    }
}

/// Checks the text of a certificate's QR code against a public key, in Base64 (URL-safe, without padding).
pub fn verify_offline(text: &str, public_key: &str) -> Result<Claims, OfflineProblem> {
    let (url, signed) = text.split_once(MARK).ok_or(OfflineProblem::Unsigned)?;
    let (payload, signature) = signed.split_once('.').ok_or(OfflineProblem::Unsigned)?;
    let key = URL_SAFE_NO_PAD.decode(public_key).ok();
    let key = key
        .filter(|key| key.len() == 32 && !is_weak(key))
        .ok_or(OfflineProblem::BadKey)?;
    let signature = URL_SAFE_NO_PAD.decode(signature.trim_end());
    let signature = signature.map_err(|_| OfflineProblem::BadSignature)?;
    UnparsedPublicKey::new(&ED25519, key)
        .verify(payload.as_bytes(), &signature)
        .map_err(|_| OfflineProblem::BadSignature)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok();
    let listed: Option<Listed> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (version, coding, org_code, tpl_id, record_number, issued_at, title) =
        listed.ok_or(OfflineProblem::BadPayload)?;
    if version != VERSION {
        return Err(OfflineProblem::BadPayload);
    }
    let is_its =
        |address: Address| address.coding == coding && address.org_code.as_ref() == Some(&org_code);
    if !Address::parse(url).is_some_and(is_its) {
        return Err(OfflineProblem::OtherCertificate);
    }
    Ok(Claims::new(
        coding,
        org_code,
        tpl_id,
        record_number,
        issued_at,
        title,
    ))
}

/// Whether a public key is a point of small order, for which anybody can make signatures: the y of each, least significant byte
/// first, also as it is written without being reduced. The sign of x is the topmost bit.
fn is_weak(key: &[u8]) -> bool {
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let Some((top, low)) = key.split_last() else {
        return true;
    };
    let top = top & 0x7f;
    let Some((first, middle)) = low.split_first() else {
        return true;
    };
    // 0 and 1; p - 1, p and p + 1.
    let is_small = top == 0 && middle.iter().all(|byte| *byte == 0) && *first <= 1;
    let is_large = top == 0x7f && middle.iter().all(|byte| *byte == 0xff);
    let is_about_p = is_large && (0xec..=0xee).contains(first);
    let is_order_8 = ORDER_8.iter().any(|y| y[..31] == *low && y[31] == top);
    is_small || is_about_p || is_order_8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secrets() -> Secrets {
        Secrets::new([7; 32], &[9; 32]).unwrap()
    }

    fn claims(title: &str) -> Claims {
        Claims::new(
            "vJ9AgZUD".into(),
            "oEuE2E".into(),
            71_399_639_089_153,
            "L1271755".into(),
            1_780_000_000,
            title.into(),
        )
    }

    const URL: &str = "https://qr.test/oEuE2E/vJ9AgZUD";

    #[test]
    fn keys_that_anybody_can_sign_for_are_none() {
        let text = format!("{URL}#s=WzFd.{}", URL_SAFE_NO_PAD.encode([1_u8; 64]));
        let key = |first: u8, rest: u8, top: u8| {
            let mut key = [rest; 32];
            (key[0], key[31]) = (first, top);
            URL_SAFE_NO_PAD.encode(key)
        };
        for weak in [
            key(0, 0, 0),
            key(1, 0, 0),
            key(1, 0, 0x80),
            key(0xec, 0xff, 0x7f),
            key(0xee, 0xff, 0xff),
        ] {
            assert_eq!(verify_offline(&text, &weak), Err(OfflineProblem::BadKey));
        }
        let other = verify_offline(&text, &key(3, 0, 0));
        assert_eq!(other, Err(OfflineProblem::BadSignature));
    }

    #[test]
    fn what_is_signed_is_read_again() {
        let text = secrets().sign(URL, &claims("門票"));
        insta::assert_snapshot!(text, @"https://qr.test/oEuE2E/vJ9AgZUD#s=WzEsInZKOUFnWlVEIiwib0V1RTJFIiw3MTM5OTYzOTA4OTE1MywiTDEyNzE3NTUiLDE3ODAwMDAwMDAsIumWgOelqCJd.Miyh-nTGHzijRV8seEPcS1NuQbPlrao2uDF-CoCFu7WZAv9vCVbjXHrD6lwnpv3cX_2muJHyBNGHpiwSgo2RAQ");
        let key = secrets().public_key();
        assert_eq!(verify_offline(&text, &key), Ok(claims("門票")));
        let address = Address::parse(&text).unwrap();
        assert_eq!(address.coding, "vJ9AgZUD");
    }

    #[test]
    fn what_is_not_is_refused() {
        let text = secrets().sign(URL, &claims("Ticket"));
        let key = secrets().public_key();
        let other = Secrets::new([7; 32], &[10; 32]).unwrap().public_key();
        let moved = text.replace("/vJ9AgZUD", "/vJ9AgZUE");
        let foreign = text.replace("/oEuE2E/", "/oEuE2F/");
        let cases = [
            (URL, &*key, OfflineProblem::Unsigned),
            (&*text, &*other, OfflineProblem::BadSignature),
            (&*text, "AAAA", OfflineProblem::BadKey),
            (&*moved, &*key, OfflineProblem::OtherCertificate),
            (&*foreign, &*key, OfflineProblem::OtherCertificate),
        ];
        for (text, key, problem) in cases {
            assert_eq!(verify_offline(text, key), Err(problem), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_change_goes_unnoticed(at in 0_usize..1000, new in "[0-9A-Za-z_.-]") {
            let text = secrets().sign(URL, &claims("Ticket"));
            let at = at % text.len();
            let changed = format!("{}{new}{}", &text[..at], &text[at + 1..]);
            let key = secrets().public_key();
            let read = verify_offline(&changed, &key);
            prop_assert!(read.is_err() || read == Ok(claims("Ticket")));
        }

        #[test]
        fn anything_may_be_scanned(text in ".{0,80}", key in ".{0,50}") {
            prop_assert!(verify_offline(&text, &key).is_err());
            let signed = format!("{URL}{MARK}{text}");
            prop_assert!(verify_offline(&signed, &secrets().public_key()).is_err());
        }
    }
}
