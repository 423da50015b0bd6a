//! Codes sent to phones and mailboxes: who types the last one back has the phone, or the mailbox.

use super::{DAY, HOUR, Limit, QUARTER};
use crate::model::{Account, AccountId, hash_of_key};
use crate::repo::accounts;
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::{FieldError, Format};
use kernel::{Locale, Secret, Timestamp};
use messages::{Mail, Text};
use std::net::IpAddr;
use store::{StoreError, Tx, params};
use subtle::ConstantTimeEq as _;

/// Codes to one recipient: messages cost money, and annoy.
const TO_ONE: Limit = Limit(3, QUARTER);
const TO_ONE_A_DAY: Limit = Limit(10, DAY);
/// Codes asked for from one address.
const FROM_ONE: Limit = Limit(20, HOUR);
/// Wrong codes until a code counts no more.
const MOST_FAILURES: i64 = 5;

/// A code that is to be sent.
struct NewCode {
    text: String,
    hash: String,
    expires_at: Timestamp,
    minutes: u64,
    now: Timestamp,
}

impl Orders {
    /// Sends a phone a code of six digits. The one sent before counts no more.
    pub async fn send_code(&self, phone: &str, locale: Locale, from: Option<IpAddr>) -> Result<()> {
        let code = self.new_code(phone, from).await?;
        let words = words(locale, &code.text, code.minutes);
        let text = Text::new(phone, &words.text)
            .map_err(|error| Error::Failed(format!("a text message: {error}")))?;
        let (phone, id) = (phone.to_owned(), self.new_id(code.now));
        let useful_for = self.accounts_config().code_life;
        let send = move |tx: &mut Tx<'_>| {
            accounts::put_code(tx, &phone, &code.hash, code.expires_at)?;
            messages::enqueue_text(tx, id, &text, useful_for, code.now)
        };
        Ok(self.db().write(send).await?)
    }

    /// Makes a phone an account's own, if the code is the one that was sent there.
    pub async fn verify_phone(&self, account: AccountId, phone: &str, code: &str) -> Result<()> {
        let (hash, phone, now) = (hash_of(phone, code), phone.to_owned(), self.now());
        let verify = move |tx: &mut Tx<'_>| {
            let is_right = spend(tx, &phone, &hash, now)?;
            if is_right {
                accounts::set_phone(tx, account, &phone, now)?;
            }
            Ok::<_, StoreError>(is_right)
        };
        right(self.db().write(verify).await?)
    }

    /// Sends the mailbox of an account a code with which its password can be set anew. Whether there is such an account is told to
    /// nobody else.
    pub async fn send_password_code(
        &self,
        email: &str,
        locale: Locale,
        from: Option<IpAddr>,
    ) -> Result<()> {
        let code = self.new_code(email, from).await?;
        let words = words(locale, &code.text, code.minutes);
        let mail = Mail::new(email, None, words.subject, &words.mail)
            .map_err(|error| Error::Failed(format!("a mail: {error}")))?;
        let (email, id) = (email.to_owned(), self.new_id(code.now));
        let useful_for = self.accounts_config().code_life;
        let send = move |tx: &mut Tx<'_>| {
            let found = Account::first(tx, Account::BY_EMAIL, params![&email])?;
            if found.is_none_or(|account| !account.enabled) {
                return Ok(());
            }
            accounts::put_code(tx, &email, &code.hash, code.expires_at)?;
            messages::enqueue_mail(tx, id, &mail, useful_for, code.now)
        };
        Ok(self.db().write(send).await?)
    }

    /// Sets a password anew and ends the account's sessions, if the code is the one that was sent to the mailbox.
    pub async fn set_password_by_code(
        &self,
        email: &str,
        code: &str,
        password: &Secret<String>,
    ) -> Result<()> {
        let password = self.inner.passwords.hash(password, &self.inner.rng).await?;
        let (hash, email, now) = (hash_of(email, code), email.to_owned(), self.now());
        let set = move |tx: &mut Tx<'_>| {
            let account = Account::first(tx, Account::BY_EMAIL, params![&email])?;
            let Some(account) = account.filter(|account| account.enabled) else {
                return Ok(false);
            };
            let is_right = spend(tx, &email, &hash, now)?;
            if is_right {
                accounts::set_password(tx, account.account_id, &password)?;
                accounts::revoke_sessions(tx, account.account_id, None, now)?;
            }
            Ok::<_, StoreError>(is_right)
        };
        right(self.db().write(set).await?)
    }

    async fn new_code(&self, recipient: &str, from: Option<IpAddr>) -> Result<NewCode> {
        self.count_from("code_from", from, FROM_ONE).await?;
        self.count("code_to", recipient, TO_ONE).await?;
        self.count("code_to_a_day", recipient, TO_ONE_A_DAY).await?;
        let text = format!("{:06}", self.inner.rng.below(1_000_000));
        let (life, now) = (self.accounts_config().code_life, self.now());
        Ok(NewCode {
            hash: hash_of(recipient, &text),
            text,
            expires_at: now.plus(life),
            minutes: life.as_secs().div_ceil(60),
            now,
        })
    }
}

/// Uses a code up, if it is the last one sent there. Wrong ones are counted, and the code counts no more after too many.
pub(super) fn spend(
    tx: &mut Tx<'_>,
    recipient: &str,
    hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(sent) = accounts::lock_code(tx, recipient)? else {
        return Ok(false);
    };
    let counts = sent.expires_at > now && sent.failures < MOST_FAILURES;
    let is_right = counts && bool::from(sent.code_hash.as_bytes().ct_eq(hash.as_bytes()));
    if is_right {
        accounts::take_code(tx, recipient)?;
    } else {
        accounts::miss_code(tx, recipient)?;
    }
    Ok(is_right)
}

/// The refusal of a wrong code.
pub(super) fn right(is_right: bool) -> Result<()> {
    if is_right {
        return Ok(());
    }
    let error = PlatformError::InvalidFormat {
        property: "verification_code".into(),
        expected: Format::VerificationCode,
    };
    Err(PlatformError::fields(vec![FieldError::at("verification_code", error)]).into())
}

/// Six digits can be guessed from any hash; this one is not that of the same code sent elsewhere.
pub(super) fn hash_of(recipient: &str, code: &str) -> String {
    hash_of_key(&format!("{recipient} {}", code.trim()))
}

struct Words {
    text: String,
    subject: &'static str,
    mail: String,
}

fn words(locale: Locale, code: &str, minutes: u64) -> Words {
    match locale {
        Locale::En => Words {
            text: format!("{code} is your verification code. It counts for {minutes} minutes."),
            subject: "A code to set your password anew",
            mail: format!(
                "{code} is the code with which you can set your password anew. It counts for {minutes} minutes.\n\n\
                 If you did not ask for it, somebody else did: nothing has changed, and nothing will without the code.\n"
            ),
        },
        Locale::ZhTw => Words {
            text: format!("您的驗證碼是 {code}，{minutes} 分鐘內有效。"),
            subject: "重設密碼的驗證碼",
            mail: format!(
                "您可以用驗證碼 {code} 重設密碼，{minutes} 分鐘內有效。\n\n\
                 如果不是您本人申請，您的密碼沒有變更；沒有這組驗證碼，任何人都無法變更。\n"
            ),
        },
        Locale::ZhCn => Words {
            text: format!("您的验证码是 {code}，{minutes} 分钟内有效。"),
            subject: "重设密码的验证码",
            mail: format!(
                "您可以用验证码 {code} 重设密码，{minutes} 分钟内有效。\n\n\
                 如果不是您本人申请，您的密码没有更改；没有这个验证码，任何人都无法更改。\n"
            ),
        },
    }
}
