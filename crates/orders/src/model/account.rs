use httpkit::idempotency::hex;
use kernel::{Id, Rng, Secret, Timestamp};
use serde::Serialize;
use store::record;

/// Marks the type of account ids.
#[derive(Debug)]
pub enum AccountTag {}
/// Names an account.
pub type AccountId = Id<AccountTag>;

/// Marks the type of session ids.
#[derive(Debug)]
pub enum AccountSessionTag {}
/// Names a session.
pub type AccountSessionId = Id<AccountSessionTag>;

record! {
    /// A person, who may belong to several organizations.
    pub struct Account in "accounts" key account_id {
        /// Its id.
        account_id: AccountId,
        /// In lower case.
        email: String,
        /// In E.164, such as `+886912345678`.
        phone: String,
        /// When a code sent there was typed back.
        phone_verified_at: Option<Timestamp>,
        /// Argon2id, in PHC form.
        password_hash: String,
        /// Whether it may enable and disable organizations.
        is_operator: bool,
        /// A disabled account cannot log in, and its sessions count no more.
        enabled: bool,
        /// When it was made.
        created_at: Timestamp,
    }
    select {
        /// By its id.
        BY_ID = "WHERE account_id = $1";
        /// By its address in lower case.
        BY_EMAIL = "WHERE email = $1";
        /// Every one, the oldest first.
        EVERY = "ORDER BY created_at, account_id";
        /// The members of an organization, the oldest account first.
        MEMBERS = "WHERE account_id IN (SELECT account_id FROM organization_members WHERE organization_id = $1) ORDER BY created_at, account_id";
    }
}

record! {
    /// A log-in that counts for a while. Of its token only the hash is kept.
    pub struct AccountSession in "account_sessions" key account_session_id {
        /// Its id: what people use to revoke it.
        account_session_id: AccountSessionId,
        /// Whose it is.
        account_id: AccountId,
        /// What is kept of its token.
        token_hash: String,
        /// When it began.
        created_at: Timestamp,
        /// When it ends.
        expires_at: Timestamp,
        /// When it was revoked.
        revoked_at: Option<Timestamp>,
    }
    select {
        /// Those of an account that still count at `$2`.
        LIVE = "WHERE account_id = $1 AND expires_at > $2 AND revoked_at IS NULL ORDER BY created_at, account_session_id";
    }
}

/// Whom an access token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionHolder {
    /// The session.
    pub account_session_id: AccountSessionId,
    /// The person.
    pub account_id: AccountId,
    /// Whether they may enable and disable organizations.
    pub is_operator: bool,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// A new access token: `tat_` and 256 random bits in hexadecimal.
pub fn new_access_token(rng: &Rng) -> Secret<String> {
    Secret::new(format!("tat_{}", hex(&rng.bytes::<32>())))
}
