//! AES in CBC mode, as the wires use it, and hexadecimal digits.

use aes::{Aes128, Aes256};
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use std::fmt::Write as _;

/// A key of 16 bytes and its IV; padded to whole blocks (PKCS #7).
#[derive(Clone)]
pub(crate) struct Aes128Cbc {
    key: [u8; 16],
    iv: [u8; 16],
}

impl Aes128Cbc {
    pub const fn new(key: [u8; 16], iv: [u8; 16]) -> Self {
        Self { key, iv }
    }

    pub fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        cbc::Encryptor::<Aes128>::new(&self.key.into(), &self.iv.into())
            .encrypt_padded_vec::<Pkcs7>(plain)
    }

    /// `None` when the padding shows that it was not encrypted with this key.
    pub fn decrypt(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        cbc::Decryptor::<Aes128>::new(&self.key.into(), &self.iv.into())
            .decrypt_padded_vec::<Pkcs7>(sealed)
            .ok()
    }
}

/// A key of 32 bytes and its IV; padded to multiples of 32 bytes, twice the block.
#[derive(Clone)]
pub(crate) struct Aes256CbcWide {
    key: [u8; 32],
    iv: [u8; 16],
}

const WIDE: usize = 32;

impl Aes256CbcWide {
    pub const fn new(key: [u8; 32], iv: [u8; 16]) -> Self {
        Self { key, iv }
    }

    pub fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        let padding = WIDE - plain.len() % WIDE;
        let mut padded = plain.to_vec();
        // At most 32.
        padded.resize(
            plain.len() + padding,
            u8::try_from(padding).unwrap_or_default(),
        );
        cbc::Encryptor::<Aes256>::new(&self.key.into(), &self.iv.into())
            .encrypt_padded_vec::<NoPadding>(&padded)
    }

    /// Takes padding to 16 bytes too, which other implementations use. `None` when the padding shows that it was not
    /// encrypted with this key.
    pub fn decrypt(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut plain = cbc::Decryptor::<Aes256>::new(&self.key.into(), &self.iv.into())
            .decrypt_padded_vec::<NoPadding>(sealed)
            .ok()?;
        let last = *plain.last()?;
        let padding = usize::from(last);
        let text = plain.len().checked_sub(padding)?;
        let is_padding = (1..=WIDE).contains(&padding) && plain[text..].iter().all(|b| *b == last);
        is_padding.then(|| {
            plain.truncate(text);
            plain
        })
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The bytes that hexadecimal digits of either case stand for.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let nibble = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    let bytes = pairs.iter();
    let bytes = bytes.map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?));
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encrypted_is_decrypted(plain: Vec<u8>, key: [u8; 32], iv: [u8; 16]) {
            let wide = Aes256CbcWide::new(key, iv);
            let sealed = wide.encrypt(&plain);
            prop_assert!(sealed.len().is_multiple_of(32) && sealed.len() > plain.len());
            prop_assert_eq!(wide.decrypt(&sealed), Some(plain.clone()));
            let narrow = Aes128Cbc::new(key[..16].try_into().unwrap(), iv);
            prop_assert_eq!(narrow.decrypt(&narrow.encrypt(&plain)), Some(plain.clone()));
            prop_assert_eq!(unhex(&hex(&plain)), Some(plain));
        }

        #[test]
        fn anything_is_decrypted_without_panic(sealed: Vec<u8>, text: String) {
            Aes256CbcWide::new([1; 32], [2; 16]).decrypt(&sealed);
            Aes128Cbc::new([1; 16], [2; 16]).decrypt(&sealed);
            unhex(&text);
        }
    }
}
