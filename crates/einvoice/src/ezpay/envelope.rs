//! The envelope: a form of which `PostData_` is a form once more, encrypted, in hexadecimal digits. Answers are
//! plain, with a check code over what matters.

use super::request::Fields;
use crate::cipher::{Aes256CbcWide, hex, unhex};
use crate::outcome::{Attempt, Undecided};
use crate::transport::{Object, form};
use kernel::Secret;
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// A merchant and its keys.
///
/// ```
/// use einvoice::ezpay::Merchant;
/// use kernel::Secret;
///
/// let key = Secret::new("abcdefghijklmnopqrstuvwxyzabcdef".into());
/// let merchant = Merchant::new("3622183", &key, &Secret::new("1234567891234567".into()))?;
/// let sealed = merchant.encrypt("a=1");
/// assert_eq!(sealed, "98d965f542b039ad8db2bd88a8f1a6f1596cc24b7cb61749acf1c5ee5c02c2d8");
/// assert_eq!(merchant.decrypt(&sealed).as_deref(), Some("a=1"));
/// # Ok::<(), einvoice::ezpay::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Merchant {
    id: String,
    key: Secret<String>,
    iv: Secret<String>,
    cipher: Aes256CbcWide,
}

/// A key does not have the form ezPay gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The hash key.
    #[error("ezPay's hash key has 32 ASCII characters and no spaces")]
    HashKey,
    /// The hash IV.
    #[error("ezPay's hash IV has 16 ASCII characters and no spaces")]
    HashIv,
}

impl Merchant {
    /// The merchant `id` with the keys of its console: 32 and 16 ASCII characters, none of them spaces.
    pub fn new(
        id: impl Into<String>,
        hash_key: &Secret<String>,
        hash_iv: &Secret<String>,
    ) -> Result<Self, KeyError> {
        let [key, iv] = [hash_key, hash_iv].map(|key| {
            let bytes = key.expose().as_bytes();
            bytes.iter().all(u8::is_ascii_graphic).then_some(bytes)
        });
        let key_bytes = key.and_then(|key| key.try_into().ok());
        let iv_bytes = iv.and_then(|iv| iv.try_into().ok());
        let cipher = Aes256CbcWide::new(
            key_bytes.ok_or(KeyError::HashKey)?,
            iv_bytes.ok_or(KeyError::HashIv)?,
        );
        Ok(Self {
            id: id.into(),
            key: hash_key.clone(),
            iv: hash_iv.clone(),
            cipher,
        })
    }

    /// The merchant's id at ezPay.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `PostData_` of this form.
    pub fn encrypt(&self, form: &str) -> String {
        hex(&self.cipher.encrypt(form.as_bytes()))
    }

    /// The form in `PostData_`; `None` when it was not encrypted with this merchant's keys.
    pub fn decrypt(&self, post_data: &str) -> Option<String> {
        String::from_utf8(self.cipher.decrypt(&unhex(post_data)?)?).ok()
    }

    /// The `CheckCode` over these values: 64 upper-case hexadecimal digits.
    pub fn check_code(&self, order_no: &str, trans_no: &str, total: &str, random: &str) -> String {
        self.digest(&format!(
            "HashIV={}&InvoiceTransNo={trans_no}&MerchantID={}&MerchantOrderNo={order_no}\
             &RandomNum={random}&TotalAmt={total}&HashKey={}",
            self.iv.expose(),
            self.id,
            self.key.expose()
        ))
    }

    /// The `CheckValue` of a look-up with this `PostData_`: 64 upper-case hexadecimal digits.
    pub fn check_value(&self, post_data: &str) -> String {
        let (key, iv) = (self.key.expose(), self.iv.expose());
        self.digest(&format!("HashKey={key}&{post_data}&HashIV={iv}"))
    }

    fn digest(&self, text: &str) -> String {
        hex(&Sha256::digest(text)).to_uppercase()
    }

    /// The body of a request.
    pub(super) fn seal(&self, fields: &Fields) -> String {
        let pairs = fields.iter();
        let inner = form(pairs.map(|(name, value)| (*name, value.as_str())));
        let post_data = self.encrypt(&inner);
        form([("MerchantID_", self.id.as_str()), ("PostData_", &post_data)])
    }

    /// Whether the result of an answer is ezPay's word.
    pub(super) fn check(&self, result: &Object) -> Attempt<()> {
        let text = |name| result.text(name).unwrap_or_default();
        if text("MerchantID") != self.id {
            return Err(Undecided::Mismatch.into());
        }
        let expected = self.check_code(
            &text("MerchantOrderNo"),
            &text("InvoiceTransNo"),
            &text("TotalAmt"),
            &text("RandomNum"),
        );
        let given = text("CheckCode");
        match bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
            true => Ok(()),
            false => Err(Undecided::Unsealed.into()),
        }
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Merchant").field(&self.id).finish()
    }
}
