//! Accounts and sessions.

use super::{DAY, HOUR, Limit, QUARTER, verification};
use crate::model::{
    Account, AccountId, AccountSession, AccountSessionId, hash_of_key, new_access_token,
};
use crate::repo::accounts;
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::{Conflict, Credential};
use httpkit::idempotency::hex;
use kernel::{Secret, Timestamp};
use std::net::IpAddr;
use store::{StoreError, params};

/// Attempts to log in to one account from one address: somebody who does not remember.
const OF_ONE_FROM_ONE: Limit = Limit(10, QUARTER);
/// Attempts to log in to one account from anywhere: too few to guess by, too many to be locked out by a prank.
const OF_ONE: Limit = Limit(100, DAY);
/// Accounts made from one address.
const MADE_FROM_ONE: Limit = Limit(30, HOUR);

/// What an account is made of. All of it has been checked.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// In lower case.
    pub email: String,
    /// In E.164.
    pub phone: String,
    /// 8 to 128 characters.
    pub password: Secret<String>,
    /// The code that was sent to the phone.
    pub verification_code: Option<String>,
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The session.
    pub session: AccountSession,
    /// Its token. Only its hash is kept.
    pub access_token: Secret<String>,
}

impl Orders {
    /// Makes an account. With the code that was sent to it, its phone counts as verified.
    pub async fn register(&self, new: NewAccount, from: Option<IpAddr>) -> Result<Account> {
        self.count_from("register", from, MADE_FROM_ONE).await?;
        let hash = self.inner.passwords.hash(&new.password, &self.inner.rng);
        let (now, password_hash) = (self.now(), hash.await?);
        let code = new.verification_code.as_ref();
        let code_hash = code.map(|code| verification::hash_of(&new.phone, code));
        let account = Account {
            account_id: self.new_id(now),
            email: new.email,
            phone: new.phone,
            phone_verified_at: code_hash.is_some().then_some(now),
            password_hash,
            is_operator: false,
            enabled: true,
            created_at: now,
        };
        let row = account.clone();
        let made = self
            .db()
            .write(move |tx| {
                let taken = Account::first(tx, Account::BY_EMAIL, params![&row.email])?;
                if taken.is_some() {
                    return Ok(Err(email_taken()));
                }
                let is_right = match &code_hash {
                    Some(hash) => verification::spend(tx, &row.phone, hash, now)?,
                    None => true,
                };
                let verified = verification::right(is_right);
                if verified.is_ok() {
                    row.insert(tx)?;
                }
                Ok::<_, StoreError>(verified)
            })
            .await;
        match made {
            Ok(made) => made.map(|()| account),
            // Of two at once the second finds the address taken when it inserts.
            Err(error) if error.is_unique() => Err(email_taken()),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a session. `email` is in lower case. Attempts are counted before they are looked at.
    pub async fn log_in(
        &self,
        email: &str,
        password: &Secret<String>,
        from: Option<IpAddr>,
    ) -> Result<LoggedIn> {
        let from_one = Limit(self.accounts_config().log_ins_from_one_address, QUARTER);
        self.count_from("log_in", from, from_one).await?;
        let here = from.map_or_else(String::new, |from| from.to_string());
        self.count("log_in_here", &format!("{here} {email}"), OF_ONE_FROM_ONE)
            .await?;
        self.count("log_in_to", email, OF_ONE).await?;
        let account = self.account_by_email(email).await?;
        let kept = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let is_right = self.inner.passwords.is_right(password, kept).await?;
        let account = account.filter(|account| is_right && account.enabled);
        let wrong = PlatformError::TokenValidationFailed {
            what: Credential::Password,
        };
        self.begin_session(account.ok_or(wrong)?.account_id).await
    }

    /// Begins a session of somebody who has shown who they are.
    pub async fn begin_session(&self, account: AccountId) -> Result<LoggedIn> {
        let now = self.now();
        let access_token = new_access_token(&self.inner.rng);
        let session = AccountSession {
            account_session_id: self.new_id(now),
            account_id: account,
            token_hash: hash_of_key(access_token.expose()),
            created_at: now,
            expires_at: now.plus(self.accounts_config().session_life),
            revoked_at: None,
        };
        let row = session.clone();
        self.db().write(move |tx| row.insert(tx)).await?;
        Ok(LoggedIn {
            session,
            access_token,
        })
    }

    /// The sessions of an account that count.
    pub async fn sessions(&self, account: AccountId) -> Result<Vec<AccountSession>> {
        let now = self.now();
        let find = move |tx: &mut store::Tx<'_>| {
            AccountSession::all(tx, AccountSession::LIVE, params![account, now])
        };
        Ok(self.db().read(find).await?)
    }

    /// Ends a session of an account, on every node; `false` when it has none such that counts.
    pub async fn end_session(&self, account: AccountId, session: AccountSessionId) -> Result<bool> {
        let now = self.now();
        Ok(self
            .db()
            .write(move |tx| accounts::revoke_session(tx, account, session, now))
            .await?)
    }

    /// Changes a password, and ends the account's other sessions.
    pub async fn change_password(
        &self,
        account: AccountId,
        keep: Option<AccountSessionId>,
        old: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<()> {
        self.count("password", &account.to_string(), OF_ONE_FROM_ONE)
            .await?;
        let kept = self
            .account(account)
            .await?
            .map(|found| found.password_hash);
        if !self.inner.passwords.is_right(old, kept).await? {
            return Err(PlatformError::TokenValidationFailed {
                what: Credential::Password,
            }
            .into());
        }
        self.set_password(account, keep, new).await
    }

    /// Sets a password without the old one, and ends the account's sessions but for one.
    pub async fn set_password(
        &self,
        account: AccountId,
        keep: Option<AccountSessionId>,
        new: &Secret<String>,
    ) -> Result<()> {
        let hash = self.inner.passwords.hash(new, &self.inner.rng).await?;
        let now = self.now();
        Ok(self
            .db()
            .write(move |tx| {
                accounts::set_password(tx, account, &hash)?;
                accounts::revoke_sessions(tx, account, keep, now)
            })
            .await?)
    }

    /// A password that nobody guesses: 80 random bits in hexadecimal.
    pub fn made_up_password(&self) -> Secret<String> {
        Secret::new(hex(&self.inner.rng.bytes::<10>()))
    }

    /// An account; `None` when there is none.
    pub async fn account(&self, account: AccountId) -> Result<Option<Account>> {
        let find =
            move |tx: &mut store::Tx<'_>| Account::first(tx, Account::BY_ID, params![account]);
        Ok(self.db().read(find).await?)
    }

    /// The account with this address, in lower case.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>> {
        let email = email.to_owned();
        let find =
            move |tx: &mut store::Tx<'_>| Account::first(tx, Account::BY_EMAIL, params![&email]);
        Ok(self.db().read(find).await?)
    }

    /// Every account, the oldest first.
    pub async fn all_accounts(&self) -> Result<Vec<Account>> {
        Ok(self
            .db()
            .read(|tx| Account::all(tx, Account::EVERY, &[]))
            .await?)
    }

    /// Enables or disables an account; disabling ends its sessions. `false` when there is none.
    pub async fn set_account_enabled(&self, account: AccountId, enabled: bool) -> Result<bool> {
        let now = self.now();
        Ok(self
            .db()
            .write(move |tx| {
                if !enabled {
                    accounts::revoke_sessions(tx, account, None, now)?;
                }
                accounts::set_enabled(tx, account, enabled)
            })
            .await?)
    }

    /// Makes an account an operator's, or not any more; `false` when there is none.
    pub async fn set_account_operator(&self, account: AccountId, operator: bool) -> Result<bool> {
        Ok(self
            .db()
            .write(move |tx| accounts::set_operator(tx, account, operator))
            .await?)
    }

    /// Forgets sessions and codes that ended before `before`.
    pub(crate) async fn forget_sessions(&self, before: Timestamp) -> Result<()> {
        let forget = move |tx: &mut store::Tx<'_>| accounts::forget(tx, before);
        self.db().write(forget).await.map_err(Error::from)
    }
}

fn email_taken() -> Error {
    PlatformError::ConflictingParameters {
        conflict: Conflict::EmailTaken,
    }
    .into()
}
