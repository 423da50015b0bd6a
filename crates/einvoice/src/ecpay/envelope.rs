//! The envelope: JSON, of which `Data` is JSON once more: URL-encoded, encrypted, in base64.

use super::codes;
use crate::cipher::Aes128Cbc;
use crate::outcome::{Attempt, Undecided};
use crate::transport::{Object, seconds, urldecode, urlencode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Secret, Timestamp};
use serde::Serialize;
use serde_json::json;
use std::fmt;

const REVISION: &str = "3.0.0";

/// A merchant and its keys.
///
/// ```
/// use einvoice::ecpay::Merchant;
/// use kernel::Secret;
///
/// let [key, iv] = ["ejCk326UnaZWKisg", "q9jcZX8Ib9LM8wYk"].map(|k| Secret::new(k.into()));
/// let merchant = Merchant::new("2000132", &key, &iv)?;
/// let data = merchant.encrypt(r#"{"Name":"Test","ID":"A123456789"}"#);
/// assert_eq!(merchant.decrypt(&data).as_deref(), Some(r#"{"Name":"Test","ID":"A123456789"}"#));
/// assert_eq!(format!("{merchant:?}"), r#"Merchant("2000132")"#);
/// # Ok::<(), einvoice::ecpay::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Merchant {
    id: String,
    cipher: Aes128Cbc,
}

/// A key does not have the form ECPay gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ECPay's hash key and hash IV have 16 ASCII characters each and no spaces")]
pub struct KeyError;

impl Merchant {
    /// The merchant `id` with the keys of its console: 16 ASCII characters each, none of them spaces.
    pub fn new(
        id: impl Into<String>,
        hash_key: &Secret<String>,
        hash_iv: &Secret<String>,
    ) -> Result<Self, KeyError> {
        let [key, iv] = [hash_key, hash_iv].map(|key| {
            let bytes = key.expose().as_bytes();
            let printable = bytes.iter().all(u8::is_ascii_graphic);
            <[u8; 16]>::try_from(bytes).ok().filter(|_| printable)
        });
        Ok(Self {
            id: id.into(),
            cipher: Aes128Cbc::new(key.ok_or(KeyError)?, iv.ok_or(KeyError)?),
        })
    }

    /// The merchant's id at ECPay.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `Data` of this JSON text.
    pub fn encrypt(&self, json: &str) -> String {
        STANDARD.encode(self.cipher.encrypt(urlencode(json).as_bytes()))
    }

    /// The JSON text of `Data`; `None` when it was not encrypted with this merchant's keys.
    pub fn decrypt(&self, data: &str) -> Option<String> {
        let plain = self.cipher.decrypt(&STANDARD.decode(data).ok()?)?;
        urldecode(std::str::from_utf8(&plain).ok()?)
    }

    /// The body of a request.
    pub(super) fn seal(&self, data: &impl Serialize, now: Timestamp) -> String {
        // Structs of texts and numbers are always written.
        let data = serde_json::to_string(data).unwrap_or_default();
        let header = json!({"Timestamp": seconds(now), "Revision": REVISION});
        let data = self.encrypt(&data);
        json!({"MerchantID": self.id, "RqHeader": header, "Data": data}).to_string()
    }

    /// The content of an answer. Where the envelope of a request is refused, the status is 500 and the body still says
    /// why.
    pub(super) fn open(&self, status: u16, body: &[u8]) -> Attempt<Object> {
        let success = (200..300).contains(&status);
        let outer = match Object::read(body) {
            Ok(outer) => outer,
            Err(_) if !success => return Err(Undecided::Http(status).into()),
            Err(undecided) => return Err(undecided.into()),
        };
        if outer.text("MerchantID").is_some_and(|id| id != self.id) {
            return Err(Undecided::Mismatch.into());
        }
        match outer.number("TransCode") {
            Some(1) if success => {}
            Some(code) if code != 1 => {
                let message = outer.text("TransMsg").unwrap_or_default();
                return Err(codes::unread(code, message).into());
            }
            _ if success => return Err(Undecided::Incomplete.into()),
            _ => return Err(Undecided::Http(status).into()),
        }
        let data = outer.text("Data").ok_or(Undecided::Incomplete)?;
        let json = self.decrypt(&data).ok_or(Undecided::Unsealed)?;
        Ok(Object::read(json.as_bytes()).map_err(|_| Undecided::Unsealed)?)
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Merchant").field(&self.id).finish()
    }
}
