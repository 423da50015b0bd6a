//! The envelope: AES-256-GCM under the shop's keys, with a hash beside it.
//!
//! The nonce is the same for every message of a shop, so the envelope authenticates but hides little from someone
//! who sees several: it must travel over TLS, and must never be logged.

use crate::fields::{Fields, nibble};
use aes_gcm::aead::Aead as _;
use aes_gcm::aead::consts::U16;
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Secret;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fmt::Write as _;
use subtle::ConstantTimeEq as _;

const SEPARATOR: &str = ":::";
const TAG_BYTES: usize = 16;

/// A merchant and its two keys: seals what goes out and opens what comes in.
///
/// ```
/// use kernel::Secret;
/// use payuni::envelope::Shop;
/// use payuni::fields::Fields;
///
/// let shop = Shop::new(
///     "TEST001",
///     Secret::new("12345678901234567890123456789012".into()),
///     Secret::new("1234567890123456".into()),
/// )?;
/// let sealed = shop.seal(&Fields::new().with("MerID", "TEST001").with("TradeAmt", "299"));
/// let opened = shop.open(&sealed.encrypt_info, &sealed.hash_info)?;
/// assert_eq!(opened.get("TradeAmt"), Some("299"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Shop {
    mer_id: String,
    key: Secret<String>,
    iv: Secret<String>,
    cipher: AesGcm<Aes256, U16>,
}

/// The two fields of an envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// `EncryptInfo`: lower-case hexadecimal.
    pub encrypt_info: String,
    /// `HashInfo`: 64 upper-case hexadecimal digits.
    pub hash_info: String,
}

/// A key does not have the form PAYUNi gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The hash key.
    #[error("a PAYUNi hash key has 32 ASCII characters and no spaces")]
    HashKey,
    /// The hash IV.
    #[error("a PAYUNi hash IV has 16 ASCII characters and no spaces")]
    HashIv,
}

/// Why an envelope was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// `HashInfo` was not made with our keys over this `EncryptInfo`.
    #[error("HashInfo does not match EncryptInfo")]
    Hash,
    /// `EncryptInfo` is not hexadecimal.
    #[error("EncryptInfo is not hexadecimal")]
    Hex,
    /// `EncryptInfo` does not have two parts.
    #[error("EncryptInfo does not have exactly one separator")]
    Separator,
    /// A part is not base64.
    #[error("a part of EncryptInfo is not base64")]
    Base64,
    /// The ciphertext and its tag do not agree.
    #[error("the tag does not match the ciphertext")]
    Tag,
    /// The content is not UTF-8.
    #[error("the content of the envelope is not UTF-8")]
    Utf8,
    /// The content names another shop.
    #[error("the content of the envelope belongs to another shop")]
    OtherShop,
}

impl Shop {
    /// The shop `mer_id` with the keys of its console: `hash_key` has 32 ASCII characters, `hash_iv` 16, none of them spaces.
    pub fn new(
        mer_id: impl Into<String>,
        hash_key: Secret<String>,
        hash_iv: Secret<String>,
    ) -> Result<Self, KeyError> {
        let cipher = Some(hash_key.expose().as_bytes())
            .filter(|key| is_printable(key))
            .and_then(|key| AesGcm::new_from_slice(key).ok())
            .ok_or(KeyError::HashKey)?;
        let iv = hash_iv.expose().as_bytes();
        if iv.len() != 16 || !is_printable(iv) {
            return Err(KeyError::HashIv);
        }
        Ok(Self {
            mer_id: mer_id.into(),
            key: hash_key,
            iv: hash_iv,
            cipher,
        })
    }

    /// The merchant's id at PAYUNi.
    pub fn mer_id(&self) -> &str {
        &self.mer_id
    }

    /// Puts `fields` in an envelope.
    pub fn seal(&self, fields: &Fields) -> Sealed {
        let Ok(mut ciphertext) = self
            .cipher
            .encrypt(&self.nonce(), fields.encode().as_bytes())
        else {
            unreachable!("AES-GCM refuses only plaintexts of more than 64 GiB");
        };
        let tag = ciphertext.split_off(ciphertext.len() - TAG_BYTES);
        let text = STANDARD.encode(ciphertext) + SEPARATOR + &STANDARD.encode(tag);
        let mut encrypt_info = String::with_capacity(text.len() * 2);
        for byte in text.bytes() {
            let _ = write!(encrypt_info, "{byte:02x}");
        }
        Sealed {
            hash_info: self.hash(&encrypt_info),
            encrypt_info,
        }
    }

    /// Takes the fields out of an envelope, once it is certain that it was sealed with this shop's keys and is ours.
    pub fn open(&self, encrypt_info: &str, hash_info: &str) -> Result<Fields, OpenError> {
        let expected = self.hash(encrypt_info);
        if !bool::from(expected.as_bytes().ct_eq(hash_info.as_bytes())) {
            return Err(OpenError::Hash);
        }
        let text = unhex(encrypt_info).ok_or(OpenError::Hex)?;
        let text = String::from_utf8(text).map_err(|_| OpenError::Base64)?;
        let (ciphertext, tag) = text.split_once(SEPARATOR).ok_or(OpenError::Separator)?;
        if tag.contains(SEPARATOR) {
            return Err(OpenError::Separator);
        }
        let mut sealed = STANDARD.decode(ciphertext).map_err(|_| OpenError::Base64)?;
        let tag = STANDARD.decode(tag).map_err(|_| OpenError::Base64)?;
        if tag.len() != TAG_BYTES {
            return Err(OpenError::Tag);
        }
        sealed.extend(tag);
        let plain = self.cipher.decrypt(&self.nonce(), sealed.as_slice());
        let plain = String::from_utf8(plain.map_err(|_| OpenError::Tag)?);
        let plain = plain.map_err(|_| OpenError::Utf8)?;
        let fields = Fields::decode(&plain).map_err(|_| OpenError::Utf8)?;
        match fields.get("MerID") {
            Some(id) if id != self.mer_id => Err(OpenError::OtherShop),
            _ => Ok(fields),
        }
    }

    fn hash(&self, encrypt_info: &str) -> String {
        let digest = Sha256::new()
            .chain_update(self.key.expose())
            .chain_update(encrypt_info)
            .chain_update(self.iv.expose())
            .finalize();
        let mut out = String::with_capacity(64);
        for byte in digest {
            let _ = write!(out, "{byte:02X}");
        }
        out
    }

    fn nonce(&self) -> aes_gcm::Nonce<U16> {
        let mut nonce = aes_gcm::Nonce::default();
        nonce.copy_from_slice(self.iv.expose().as_bytes());
        nonce
    }
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shop").field(&self.mer_id).finish()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}

fn is_printable(key: &[u8]) -> bool {
    key.iter().all(u8::is_ascii_graphic)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes = pairs.iter();
    let bytes = bytes.map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?));
    bytes.collect()
}
