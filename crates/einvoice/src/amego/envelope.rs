//! The envelope: a form of the seller, the data as JSON, the time, and a signature over the last two.

use crate::cipher::hex;
use crate::rules::ubn::SellerUbn;
use crate::transport::{form, seconds};
use kernel::{Secret, Timestamp};
use md5::{Digest as _, Md5};
use std::fmt;

/// A seller and its App Key.
///
/// ```
/// use einvoice::amego::Seller;
/// use kernel::Secret;
///
/// let key = Secret::new("sHeq7t8G1wiQvhAuIM27".into());
/// let seller = Seller::new("12345678".parse()?, key)?;
/// assert_eq!(seller.sign("", 1_768_449_600), "f928855132bb28e1051d9b1481ffb4c8");
/// assert_eq!(format!("{seller:?}"), r#"Seller("12345678")"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Seller {
    ubn: SellerUbn,
    key: Secret<String>,
}

/// An App Key is empty, or has characters that no key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an App Key of Amego has ASCII characters and no spaces")]
pub struct KeyError;

impl Seller {
    /// The seller with this business number and the App Key of its console.
    pub fn new(ubn: SellerUbn, app_key: Secret<String>) -> Result<Self, KeyError> {
        let key = app_key.expose();
        match !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic()) {
            true => Ok(Self { ubn, key: app_key }),
            false => Err(KeyError),
        }
    }

    /// The seller's business number.
    pub const fn ubn(&self) -> &SellerUbn {
        &self.ubn
    }

    /// The signature over data at a time in seconds since 1970: 32 lower-case hexadecimal digits.
    pub fn sign(&self, data: &str, time: i64) -> String {
        let key = self.key.expose();
        hex(&Md5::digest(format!("{data}{time}{key}")))
    }

    /// The body of a request.
    pub(super) fn seal(&self, data: &str, now: Timestamp) -> String {
        let time = seconds(now);
        form([
            ("invoice", self.ubn.as_str()),
            ("data", data),
            ("time", &time.to_string()),
            ("sign", &self.sign(data, time)),
        ])
    }
}

impl fmt::Debug for Seller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seller").field(&self.ubn.as_str()).finish()
    }
}
