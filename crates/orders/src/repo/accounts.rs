//! People: whom a token stands for, who belongs to what, and codes sent to them.

use crate::model::{AccountId, AccountSessionId, OrganizationId, SessionHolder};
use kernel::Timestamp;
use store::{StoreError, Tx, params, statements};

statements! {
    SESSION_HOLDER = "SELECT s.account_session_id, s.account_id, a.is_operator, s.expires_at \
        FROM account_sessions s JOIN accounts a ON a.account_id = s.account_id \
        WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND a.enabled = 1";
    REVOKE_SESSION = "UPDATE account_sessions SET revoked_at = $3 \
        WHERE account_id = $1 AND account_session_id = $2 AND revoked_at IS NULL";
    REVOKE_OTHERS = "UPDATE account_sessions SET revoked_at = $3 \
        WHERE account_id = $1 AND account_session_id <> $2 AND revoked_at IS NULL";
    REVOKE_ALL = "UPDATE account_sessions SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
    FORGET_SESSIONS = "DELETE FROM account_sessions WHERE expires_at < $1";
    SET_PASSWORD = "UPDATE accounts SET password_hash = $2 WHERE account_id = $1";
    SET_PHONE = "UPDATE accounts SET phone = $2, phone_verified_at = $3 WHERE account_id = $1";
    SET_ENABLED = "UPDATE accounts SET enabled = $2 WHERE account_id = $1";
    SET_OPERATOR = "UPDATE accounts SET is_operator = $2 WHERE account_id = $1";
    JOIN = "INSERT INTO organization_members (organization_id, account_id, created_at) VALUES ($1, $2, $3) \
        ON CONFLICT (organization_id, account_id) DO NOTHING";
    LEAVE = "DELETE FROM organization_members WHERE organization_id = $1 AND account_id = $2";
    IS_MEMBER = "SELECT COUNT(*) FROM organization_members WHERE organization_id = $1 AND account_id = $2";
    LOCK_ORGANIZATION = "SELECT organization_id FROM organizations WHERE organization_id = $1 /* for update */";
    COUNT_MEMBERS = "SELECT COUNT(*) FROM organization_members WHERE organization_id = $1";
    PUT_CODE = "INSERT INTO verification_codes (recipient, code_hash, failures, expires_at) VALUES ($1, $2, 0, $3) \
        ON CONFLICT (recipient) DO UPDATE SET code_hash = excluded.code_hash, failures = 0, expires_at = excluded.expires_at";
    LOCK_CODE = "SELECT code_hash, failures, expires_at FROM verification_codes WHERE recipient = $1 /* for update */";
    MISS_CODE = "UPDATE verification_codes SET failures = failures + 1 WHERE recipient = $1";
    TAKE_CODE = "DELETE FROM verification_codes WHERE recipient = $1";
    FORGET_CODES = "DELETE FROM verification_codes WHERE expires_at < $1";
}

/// Whom the token with this hash stands for; `None` when it is unknown or revoked, or its account is disabled.
pub fn session_holder(tx: &mut Tx<'_>, hash: &str) -> Result<Option<SessionHolder>, StoreError> {
    tx.query_opt(SESSION_HOLDER, params![hash], |row| {
        Ok(SessionHolder {
            account_session_id: row.get(0)?,
            account_id: row.get(1)?,
            is_operator: row.get(2)?,
            expires_at: row.get(3)?,
        })
    })
}

/// Ends a session of an account; `false` when it has none such that counts.
pub fn revoke_session(
    tx: &mut Tx<'_>,
    account: AccountId,
    session: AccountSessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    tx.invalidate_caches()?;
    Ok(tx.execute(REVOKE_SESSION, params![account, session, now])? == 1)
}

/// Ends the sessions of an account, but for the one to keep.
pub fn revoke_sessions(
    tx: &mut Tx<'_>,
    account: AccountId,
    keep: Option<AccountSessionId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.invalidate_caches()?;
    match keep {
        Some(keep) => tx.execute(REVOKE_OTHERS, params![account, keep, now]),
        None => tx.execute(REVOKE_ALL, params![account, now]),
    }
    .map(drop)
}

/// Deletes sessions and codes that ended before `before`.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    tx.execute(FORGET_SESSIONS, params![before])?;
    tx.execute(FORGET_CODES, params![before]).map(drop)
}

/// Changes what a password is checked against.
pub fn set_password(tx: &mut Tx<'_>, account: AccountId, hash: &str) -> Result<(), StoreError> {
    tx.execute(SET_PASSWORD, params![account, hash]).map(drop)
}

/// Changes a phone, to one that has been verified.
pub fn set_phone(
    tx: &mut Tx<'_>,
    account: AccountId,
    phone: &str,
    verified: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(SET_PHONE, params![account, phone, verified])
        .map(drop)
}

/// Enables or disables an account; `false` when there is none.
pub fn set_enabled(tx: &mut Tx<'_>, account: AccountId, enabled: bool) -> Result<bool, StoreError> {
    tx.invalidate_caches()?;
    Ok(tx.execute(SET_ENABLED, params![account, enabled])? == 1)
}

/// Makes an account an operator's, or not any more; `false` when there is none.
pub fn set_operator(
    tx: &mut Tx<'_>,
    account: AccountId,
    operator: bool,
) -> Result<bool, StoreError> {
    tx.invalidate_caches()?;
    Ok(tx.execute(SET_OPERATOR, params![account, operator])? == 1)
}

/// Makes an account a member of an organization, if it is not.
pub fn join(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(JOIN, params![organization, account, now])
        .map(drop)
}

/// Whether an account is a member of an organization.
pub fn is_member(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    account: AccountId,
) -> Result<bool, StoreError> {
    tx.query_one(IS_MEMBER, params![organization, account], |row| {
        Ok(row.get::<i64>(0)? > 0)
    })
}

/// Ends a membership. Of two members who leave at once one is the last, and stays: `false`, as when the account was no member.
pub fn leave(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    account: AccountId,
) -> Result<bool, StoreError> {
    tx.query_opt(LOCK_ORGANIZATION, params![organization], |_| Ok(()))?;
    let members: i64 = tx.query_one(COUNT_MEMBERS, params![organization], |row| row.get(0))?;
    if members < 2 {
        return Ok(false);
    }
    expel(tx, organization, account)
}

/// Ends a membership, also the last one; `false` when there was none.
pub fn expel(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    account: AccountId,
) -> Result<bool, StoreError> {
    Ok(tx.execute(LEAVE, params![organization, account])? == 1)
}

/// The last code sent somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCode {
    /// What is kept of it.
    pub code_hash: String,
    /// How often another was typed.
    pub failures: i64,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

/// Stores a code instead of the one that was sent there before.
pub fn put_code(
    tx: &mut Tx<'_>,
    recipient: &str,
    hash: &str,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(PUT_CODE, params![recipient, hash, expires_at])
        .map(drop)
}

/// The last code sent somewhere, held until the transaction ends.
pub fn lock_code(tx: &mut Tx<'_>, recipient: &str) -> Result<Option<SentCode>, StoreError> {
    tx.query_opt(LOCK_CODE, params![recipient], |row| {
        Ok(SentCode {
            code_hash: row.get(0)?,
            failures: row.get(1)?,
            expires_at: row.get(2)?,
        })
    })
}

/// Counts a code that was typed wrong.
pub fn miss_code(tx: &mut Tx<'_>, recipient: &str) -> Result<(), StoreError> {
    tx.execute(MISS_CODE, params![recipient]).map(drop)
}

/// Uses a code up.
pub fn take_code(tx: &mut Tx<'_>, recipient: &str) -> Result<(), StoreError> {
    tx.execute(TAKE_CODE, params![recipient]).map(drop)
}
