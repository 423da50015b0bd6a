//! The codes that stand in public addresses, and what makes those of certificates hard to forge.

use crate::{Error, Result, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalogue::openapi_v2::CertificateProblem;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::{Rng, Timestamp};
use ring::signature::Ed25519KeyPair;
use sha2::Sha256;
use std::sync::Arc;
use store::{Db, params, statements};
use subtle::ConstantTimeEq as _;

statements! {
    FIND = "SELECT secret FROM forms_secrets WHERE name = $1";
    ADD = "INSERT INTO forms_secrets (name, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What the codes of certificates are written with: no two letters look alike.
const LETTERS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Random bytes in the code of a certificate.
const RANDOM: usize = 16;
/// Bytes after these that only this server can compute: a code that was made up has one chance in 2^40.
const CHECK: usize = 5;
/// Letters that hold both.
const DIGITS: usize = 29;
/// What the codes of certificates begin with.
const CERTIFICATE: char = 'v';

/// What keys the codes of certificates and signs what can be checked offline.
#[derive(Clone)]
pub struct Secrets {
    code_key: [u8; 32],
    pub(crate) signing: Arc<Ed25519KeyPair>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Secrets from a key for codes and the seed of an Ed25519 key.
    pub fn new(code_key: [u8; 32], signing_key: &[u8; 32]) -> Result<Self> {
        let signing = Ed25519KeyPair::from_seed_unchecked(signing_key)
            .map_err(|error| Error::Failed(error.to_string()))?;
        Ok(Self {
            code_key,
            signing: Arc::new(signing),
        })
    }

    /// Reads the secrets, and makes them when there are none. Nodes that start together use the same.
    pub async fn load(db: &Db, rng: &Rng, now: Timestamp) -> Result<Self> {
        let (code_key, signing_key) = (rng.bytes::<32>(), rng.bytes::<32>());
        db.write(move |tx| {
            let mut secret = |name: &str, new: &[u8; 32]| -> Result<[u8; 32]> {
                tx.execute(ADD, params![name, STANDARD.encode(new), now])?;
                let text: String = tx.query_one(FIND, params![name], |row| row.get(0))?;
                let bytes = STANDARD.decode(text).ok();
                bytes
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| Error::Failed(format!("the secret {name} is damaged")))
            };
            let code_key = secret("certificate codes", &code_key)?;
            Self::new(code_key, &secret("certificate signatures", &signing_key)?)
        })
        .await
    }

    /// A new code of a certificate: `v` and 29 letters that hold random bytes and a keyed check.
    pub fn certificate_coding(&self, rng: &Rng) -> String {
        let mut bytes = [0; RANDOM + CHECK];
        bytes[..RANDOM].copy_from_slice(&rng.bytes::<RANDOM>());
        let check = self.check_of(&bytes[..RANDOM]);
        bytes[RANDOM..].copy_from_slice(&check);
        format!("{CERTIFICATE}{}", encode(&bytes))
    }

    /// Whether a code was made by [`Self::certificate_coding`] with the same key. Says nothing about whether a certificate
    /// has it.
    pub fn check_certificate(&self, coding: &str) -> Result<(), CertificateProblem> {
        let digits = coding
            .strip_prefix(CERTIFICATE)
            .ok_or(CertificateProblem::NoCertificate)?;
        let bytes = decode(digits).ok_or(CertificateProblem::Forged)?;
        let (random, check) = bytes.split_at(RANDOM);
        if self.check_of(random).ct_eq(check).into() {
            Ok(())
        } else {
            Err(CertificateProblem::Forged)
        }
    }

    fn check_of(&self, random: &[u8]) -> [u8; CHECK] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mac = Hmac::<Sha256>::new_from_slice(&self.code_key).expect("any length");
        let full = mac.chain_update(random).finalize().into_bytes();
        std::array::from_fn(|index| full[index])
    }
}

/// The bytes as one number in base 58, highest digit first, always as long.
fn encode(bytes: &[u8; RANDOM + CHECK]) -> String {
    let mut digits = [0_usize; DIGITS];
    for byte in bytes {
        let mut carry = usize::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += *digit << 8;
            *digit = carry % LETTERS.len();
            carry /= LETTERS.len();
        }
    }
    digits.iter().map(|at| char::from(LETTERS[*at])).collect()
}

/// What [`encode`] was given; `None` for what it never gives.
fn decode(digits: &str) -> Option<[u8; RANDOM + CHECK]> {
    if digits.len() != DIGITS {
        return None;
    }
    let mut bytes = [0; RANDOM + CHECK];
    for letter in digits.bytes() {
        let mut carry = LETTERS.iter().position(|known| *known == letter)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * LETTERS.len();
            *byte = u8::try_from(carry & 0xff).unwrap_or_default();
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(bytes)
}

/// `prefix` and so many characters of `[0-9A-Za-z]`.
pub fn random(rng: &Rng, prefix: char, characters: usize) -> String {
    let tail = (0..characters).map(|_| {
        let index = usize::try_from(rng.below(62)).unwrap_or(0);
        char::from(ALPHABET[index])
    });
    std::iter::once(prefix).chain(tail).collect()
}

/// A new key: what is shown once, and what is kept of it.
pub(crate) fn token(rng: &Rng, prefix: &str) -> (String, String) {
    let secret = format!("{prefix}{}", random(rng, '_', 40).trim_start_matches('_'));
    let hash = digest(&secret);
    (secret, hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    fn secrets() -> Secrets {
        Secrets::new([7; 32], &[9; 32]).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn no_change_of_one_character_goes_unnoticed(seed: u64) {
            let coding = secrets().certificate_coding(&Rng::seeded(seed));
            for at in 0..coding.len() {
                for new in (b'!'..=b'~').filter(|new| *new != coding.as_bytes()[at]) {
                    let mut changed = coding.clone().into_bytes();
                    changed[at] = new;
                    let changed = String::from_utf8(changed).unwrap();
                    prop_assert!(secrets().check_certificate(&changed).is_err(), "{}", changed);
                }
                prop_assert!(secrets().check_certificate(&coding[..at]).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn every_code_that_was_made_checks(seed: u64) {
            let coding = secrets().certificate_coding(&Rng::seeded(seed));
            prop_assert_eq!(coding.len(), 30);
            prop_assert_eq!(secrets().check_certificate(&coding), Ok(()));
            let other = Secrets::new([8; 32], &[9; 32]).unwrap();
            prop_assert_eq!(other.check_certificate(&coding), Err(CertificateProblem::Forged));
        }

        #[test]
        fn what_was_not_made_here_is_refused(text in "v[1-9A-HJ-NP-Za-km-z]{29}", any in ".{0,40}") {
            prop_assert_eq!(secrets().check_certificate(&text), Err(CertificateProblem::Forged));
            prop_assert!(secrets().check_certificate(&any).is_err());
        }

        #[test]
        fn letters_hold_every_number(bytes: [u8; RANDOM + CHECK]) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn other_codes_are_no_certificates() {
        for coding in ["", "qB4k8Tn", "rAbc", "V1", "é"] {
            assert_eq!(
                secrets().check_certificate(coding),
                Err(CertificateProblem::NoCertificate),
                "{coding}"
            );
        }
    }
}
