//! Codes sent to phones: who types the last one back has the phone.

use super::{DAY, HOUR, Limit, QUARTER};
use crate::model::{AccountId, hash_of_key};
use crate::repo::accounts;
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::{FieldError, Format};
use kernel::Locale;
use messages::Text;
use std::net::IpAddr;
use store::{StoreError, Tx};
use subtle::ConstantTimeEq as _;

/// Codes to one phone: messages cost money, and annoy.
const TO_ONE: Limit = Limit(3, QUARTER);
const TO_ONE_A_DAY: Limit = Limit(10, DAY);
/// Codes asked for from one address.
const FROM_ONE: Limit = Limit(20, HOUR);
/// Wrong codes until a code counts no more.
const MOST_FAILURES: i64 = 5;

impl Orders {
    /// Sends a phone a code of six digits. The one sent before counts no more.
    pub async fn send_code(&self, phone: &str, locale: Locale, from: Option<IpAddr>) -> Result<()> {
        self.count_from("code_from", from, FROM_ONE).await?;
        self.count("code_to", phone, TO_ONE).await?;
        self.count("code_to_a_day", phone, TO_ONE_A_DAY).await?;
        let code = format!("{:06}", self.inner.rng.below(1_000_000));
        let now = self.now();
        let expires_at = now.plus(self.accounts_config().code_life);
        let (hash, phone) = (hash_of(phone, &code), phone.to_owned());
        let minutes = self.accounts_config().code_life.as_secs().div_ceil(60);
        let text = Text::new(&phone, &text(locale, &code, minutes))
            .map_err(|error| Error::Failed(format!("a text message: {error}")))?;
        let useful_for = self.accounts_config().code_life;
        let id = self.new_id(now);
        Ok(self
            .db()
            .write(move |tx| {
                accounts::put_code(tx, &phone, &hash, expires_at)?;
                messages::enqueue_text(tx, id, &text, useful_for, now)
            })
            .await?)
    }

    /// Makes a phone an account's own, if the code is the one that was sent there.
    pub async fn verify_phone(&self, account: AccountId, phone: &str, code: &str) -> Result<()> {
        self.check_code(phone, code).await?;
        let (phone, now) = (phone.to_owned(), self.now());
        Ok(self
            .db()
            .write(move |tx| {
                accounts::take_code(tx, &phone)?;
                accounts::set_phone(tx, account, &phone, now)
            })
            .await?)
    }

    /// Whether a code is the last one sent to a phone. Wrong ones are counted, and the code gone after too many.
    pub(super) async fn check_code(&self, phone: &str, code: &str) -> Result<()> {
        let (hash, phone, now) = (hash_of(phone, code), phone.to_owned(), self.now());
        let is_right = self
            .db()
            .write(move |tx| is_right(tx, &phone, &hash, now))
            .await?;
        if is_right {
            return Ok(());
        }
        let error = PlatformError::InvalidFormat {
            property: "verification_code".into(),
            expected: Format::VerificationCode,
        };
        Err(PlatformError::fields(vec![FieldError::at("verification_code", error)]).into())
    }
}

fn is_right(
    tx: &mut Tx<'_>,
    phone: &str,
    hash: &str,
    now: kernel::Timestamp,
) -> Result<bool, StoreError> {
    let Some(sent) = accounts::lock_code(tx, phone)? else {
        return Ok(false);
    };
    let counts = sent.expires_at > now && sent.failures < MOST_FAILURES;
    let is_right = counts && bool::from(sent.code_hash.as_bytes().ct_eq(hash.as_bytes()));
    if !is_right {
        accounts::miss_code(tx, phone)?;
    }
    Ok(is_right)
}

/// Six digits can be guessed from any hash; this one is not that of the same code sent elsewhere.
fn hash_of(phone: &str, code: &str) -> String {
    hash_of_key(&format!("{phone} {}", code.trim()))
}

fn text(locale: Locale, code: &str, minutes: u64) -> String {
    match locale {
        Locale::En => format!("{code} is your verification code. It counts for {minutes} minutes."),
        Locale::ZhTw => format!("您的驗證碼是 {code}，{minutes} 分鐘內有效。"),
        Locale::ZhCn => format!("您的验证码是 {code}，{minutes} 分钟内有效。"),
    }
}
