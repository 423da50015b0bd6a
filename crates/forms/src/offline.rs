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
        .filter(|key| key.len() == 32)
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
