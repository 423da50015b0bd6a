//! Answers kept under the client's `Idempotency-Key`, so that a repeated request changes nothing.
//!
//! The key is claimed in the transaction of the change itself: of two requests at once one waits for
//! the other and finds its claim. The answer is stored in the same transaction when it is known then,
//! later when it depends on somebody else.

use crate::{StoreError, Tx, params, statements};
use kernel::Timestamp;

statements! {
    CLAIM = "INSERT INTO idempotency_keys (scope, idempotency_key, fingerprint, reference, created_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, idempotency_key) DO NOTHING";
    FIND = "SELECT fingerprint, reference, status, body FROM idempotency_keys \
        WHERE scope = $1 AND idempotency_key = $2";
    ANSWER = "UPDATE idempotency_keys SET status = $3, body = $4 \
        WHERE scope = $1 AND idempotency_key = $2 AND status IS NULL";
    RELEASE = "DELETE FROM idempotency_keys WHERE scope = $1 AND idempotency_key = $2 \
        AND reference IS NULL AND status IS NULL";
    CARRIED_OUT = "UPDATE idempotency_keys SET reference = $4 \
        WHERE scope = $1 AND idempotency_key = $2 AND created_at = $3 AND status IS NULL";
    TAKE_OVER = "UPDATE idempotency_keys SET created_at = $3 \
        WHERE scope = $1 AND idempotency_key = $2 AND created_at < $4 AND reference IS NULL AND status IS NULL";
    CLAIMED_BEFORE = "SELECT COUNT(*) FROM idempotency_keys WHERE scope = $1 AND idempotency_key = $2 AND created_at < $3";
    DELETE_OLD = "DELETE FROM idempotency_keys WHERE created_at < $1";
}

/// A key, in whose scope it counts, and the digest of the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose key it is: an organization's id.
    pub scope: String,
    /// The header's value.
    pub key: String,
    /// Digest of method, path and body.
    pub fingerprint: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The key was used for another request.
    OtherRequest,
    /// The same request was answered with this status and body.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body, as it was sent.
        body: String,
    },
    /// The same request was carried out, but its answer is not (yet) known.
    Unanswered {
        /// What the request made.
        reference: Option<String>,
    },
}

/// Claims `key` for a change that makes `reference`. `None`: it is ours; otherwise what there was.
pub fn claim(
    tx: &mut Tx<'_>,
    key: &Key,
    reference: Option<&str>,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    loop {
        let claimed = tx.execute(
            CLAIM,
            params![&key.scope, &key.key, &key.fingerprint, reference, now],
        )?;
        if claimed == 1 {
            return Ok(None);
        }
        // Whoever held the key may have released it in between.
        if let Some(found) = find(tx, key)? {
            return Ok(Some(found));
        }
    }
}

/// What is known of `key`; `None` when it is new.
pub fn find(tx: &mut Tx<'_>, key: &Key) -> Result<Option<Found>, StoreError> {
    tx.query_opt(FIND, params![&key.scope, &key.key], |row| {
        if row.get::<String>(0)? != key.fingerprint {
            return Ok(Found::OtherRequest);
        }
        let (status, body): (Option<i64>, Option<String>) = (row.get(2)?, row.get(3)?);
        Ok(match (status, body) {
            (Some(status), Some(body)) => Found::Answered {
                status: u16::try_from(status).map_err(StoreError::corrupt)?,
                body,
            },
            _ => Found::Unanswered {
                reference: row.get(1)?,
            },
        })
    })
}

/// Notes in the transaction of the change itself that a key, claimed at `claimed_at`, was carried out; `false` when the claim is
/// somebody else's by now: then the change must not be made.
pub fn carried_out(
    tx: &mut Tx<'_>,
    key: &Key,
    claimed_at: Timestamp,
    reference: &str,
) -> Result<bool, StoreError> {
    let claim = params![&key.scope, &key.key, claimed_at, reference];
    Ok(tx.execute(CARRIED_OUT, claim)? == 1)
}

/// Claims a key again that was claimed before `before` and not carried out: whoever claimed it is gone.
pub fn take_over(
    tx: &mut Tx<'_>,
    key: &Key,
    before: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let claim = params![&key.scope, &key.key, now, before];
    Ok(tx.execute(TAKE_OVER, claim)? == 1)
}

/// Whether a key was claimed before `before`.
pub fn claimed_before(tx: &mut Tx<'_>, key: &Key, before: Timestamp) -> Result<bool, StoreError> {
    let claim = params![&key.scope, &key.key, before];
    let found: i64 = tx.query_one(CLAIMED_BEFORE, claim, |row| row.get(0))?;
    Ok(found > 0)
}

/// Stores the answer of a claimed key. The first answer stays.
pub fn answer(tx: &mut Tx<'_>, key: &Key, status: u16, body: &str) -> Result<(), StoreError> {
    tx.enqueue(
        ANSWER,
        params![&key.scope, &key.key, i64::from(status), body],
    )
}

/// Gives up a claim that made nothing and has no answer, so that the request may be sent again.
pub fn release(tx: &mut Tx<'_>, key: &Key) -> Result<(), StoreError> {
    tx.enqueue(RELEASE, params![&key.scope, &key.key])
}

/// Forgets the keys claimed before `before`; returns how many.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute(DELETE_OLD, params![before])
}
