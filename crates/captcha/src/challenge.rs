//! Challenges that a signature makes ours without our keeping them, and what solves them.
//!
//! A challenge is `PAYLOAD.SIGNATURE`, both in Base64 (URL-safe, without padding). `PAYLOAD`: when it expires (Unix seconds, 8
//! bytes, big-endian), the difficulty (1 byte) and 16 random bytes. `SIGNATURE`: their HMAC-SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

const EXPIRY: usize = 8;
const RANDOM: usize = 16;
const PAYLOAD: usize = EXPIRY + 1 + RANDOM;
/// Longest number that is tried: 20 digits are 2^66 of them.
const LONGEST_NONCE: usize = 20;

/// What a client has to solve. A solution is `challenge:nonce`, of which the SHA-256 begins with `difficulty` zero bits; `nonce`: 1
/// to 20 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Challenge {
    /// The text to begin with.
    pub challenge: String,
    /// How many zero bits: each more doubles the work.
    pub difficulty: u8,
    /// When it is of no use any more.
    pub expire_date_time: Timestamp,
}

/// A solution that was read, before anything of it is believed.
pub(crate) struct Solution<'a> {
    token: &'a str,
    payload: [u8; PAYLOAD],
    signature: Vec<u8>,
}

impl Challenge {
    pub(crate) fn new(
        key: &[u8; 32],
        random: [u8; RANDOM],
        difficulty: u8,
        expires_at: Timestamp,
    ) -> Self {
        // Whole seconds, so that what is said is what counts.
        let seconds = expires_at.micros().div_euclid(1_000_000);
        let mut payload = [0; PAYLOAD];
        payload[..EXPIRY].copy_from_slice(&seconds.to_be_bytes());
        payload[EXPIRY] = difficulty;
        payload[EXPIRY + 1..].copy_from_slice(&random);
        let signature = URL_SAFE_NO_PAD.encode(mac(key, &payload).finalize().into_bytes());
        Self {
            challenge: format!("{}.{signature}", URL_SAFE_NO_PAD.encode(payload)),
            difficulty,
            expire_date_time: Timestamp::from_micros(seconds.saturating_mul(1_000_000)),
        }
    }
}

impl<'a> Solution<'a> {
    pub(crate) fn read(token: &'a str) -> Option<Self> {
        let (challenge, nonce) = token.split_once(':')?;
        let (payload, signature) = challenge.split_once('.')?;
        let plain = nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain || !(1..=LONGEST_NONCE).contains(&nonce.len()) {
            return None;
        }
        Some(Self {
            token,
            payload: URL_SAFE_NO_PAD.decode(payload).ok()?.try_into().ok()?,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether the challenge was made with this key. Takes as long for every wrong signature.
    pub(crate) fn is_signed_with(&self, key: &[u8; 32]) -> bool {
        mac(key, &self.payload)
            .verify_slice(&self.signature)
            .is_ok()
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        let seconds: [u8; EXPIRY] = std::array::from_fn(|index| self.payload[index]);
        Timestamp::from_micros(i64::from_be_bytes(seconds).saturating_mul(1_000_000))
    }

    /// Whether the work was done that the challenge asks for.
    pub(crate) fn is_solved(&self) -> bool {
        zero_bits(self.token.as_bytes()) >= u32::from(self.payload[EXPIRY])
    }

    /// Names the challenge, whatever its solution.
    pub(crate) fn challenge_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.payload[EXPIRY + 1..])
    }
}

/// Solves a challenge and returns the token: takes 2 to the power of `difficulty` attempts on average.
pub fn solve(challenge: &Challenge) -> String {
    let begun = format!("{}:", challenge.challenge);
    let mut nonce = 0_u64;
    loop {
        let token = format!("{begun}{nonce}");
        if zero_bits(token.as_bytes()) >= u32::from(challenge.difficulty) {
            return token;
        }
        nonce += 1;
    }
}

fn zero_bits(text: &[u8]) -> u32 {
    let digest = Sha256::digest(text);
    let mut bits = 0;
    for byte in digest {
        bits += byte.leading_zeros();
        if byte != 0 {
            break;
        }
    }
    bits
}

fn mac(key: &[u8; 32], payload: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.chain_update(payload)
}
