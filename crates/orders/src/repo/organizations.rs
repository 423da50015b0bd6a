//! Organizations and their keys.

use crate::model::{KeyHolder, Organization, OrganizationId, PrivateKey, PrivateKeyId};
use kernel::Timestamp;
use ledger::AccountId;
use store::{Row, StoreError, Tx, params, statements};

statements! {
    INSERT = "INSERT INTO organizations (organization_id, name, enabled, created_at) VALUES ($1, $2, 1, $3)";
    LIST = "SELECT o.organization_id, o.name, o.enabled, o.created_at FROM organizations o ORDER BY o.created_at, o.organization_id";
    SET_ENABLED = "UPDATE organizations SET enabled = $2 WHERE organization_id = $1";
    INSERT_KEY = "INSERT INTO private_keys (private_key_id, organization_id, key_hash, label, hint, created_at, expires_at, created_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    KEY_HOLDER = "SELECT k.private_key_id, k.expires_at, o.organization_id, o.name, o.enabled, k.created_by \
        FROM private_keys k JOIN organizations o ON o.organization_id = k.organization_id \
        WHERE k.key_hash = $1 AND k.revoked_at IS NULL";
    LIST_KEYS = "SELECT private_key_id, organization_id, label, hint, created_at, expires_at, revoked_at, created_by \
        FROM private_keys ORDER BY created_at, private_key_id";
    KEYS_OF = "SELECT private_key_id, organization_id, label, hint, created_at, expires_at, revoked_at, created_by \
        FROM private_keys WHERE organization_id = $1 ORDER BY created_at, private_key_id";
    REVOKE_KEY = "UPDATE private_keys SET revoked_at = $2 WHERE private_key_id = $1 AND revoked_at IS NULL";
}

/// The credit account of an organization has the organization's id.
pub fn account_of(organization: OrganizationId) -> AccountId {
    organization.cast()
}

/// Stores a new, enabled organization with an empty credit account.
pub fn insert(tx: &mut Tx<'_>, organization: &Organization) -> Result<(), StoreError> {
    tx.execute(
        INSERT,
        params![
            organization.organization_id,
            &organization.name,
            organization.created_at,
        ],
    )?;
    ledger::open(tx, account_of(organization.organization_id))
}

/// Every organization, the oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Organization>, StoreError> {
    tx.query(LIST, &[], |row| {
        Ok(Organization {
            organization_id: row.get(0)?,
            name: row.get(1)?,
            enabled: row.get(2)?,
            created_at: row.get(3)?,
        })
    })
}

/// Enables or disables an organization; `false` when there is none.
pub fn set_enabled(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    enabled: bool,
) -> Result<bool, StoreError> {
    tx.invalidate_caches()?;
    Ok(tx.execute(SET_ENABLED, params![organization, enabled])? == 1)
}

/// Stores a key, by its hash.
pub fn insert_key(tx: &mut Tx<'_>, key: &PrivateKey, hash: &str) -> Result<(), StoreError> {
    tx.execute(
        INSERT_KEY,
        params![
            key.private_key_id,
            key.organization_id,
            hash,
            &key.label,
            &key.hint,
            key.created_at,
            key.expires_at,
            key.created_by,
        ],
    )
    .map(drop)
}

/// Whom the key with this hash stands for; `None` when it is unknown or revoked.
pub fn key_holder(tx: &mut Tx<'_>, hash: &str) -> Result<Option<KeyHolder>, StoreError> {
    tx.query_opt(KEY_HOLDER, params![hash], |row| {
        Ok(KeyHolder {
            private_key_id: row.get(0)?,
            expires_at: row.get(1)?,
            organization_id: row.get(2)?,
            name: row.get(3)?,
            enabled: row.get(4)?,
            created_by: row.get(5)?,
        })
    })
}

/// Every key, the oldest first.
pub fn list_keys(tx: &mut Tx<'_>) -> Result<Vec<PrivateKey>, StoreError> {
    tx.query(LIST_KEYS, &[], private_key)
}

/// The keys of an organization, the oldest first.
pub fn keys_of(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
) -> Result<Vec<PrivateKey>, StoreError> {
    tx.query(KEYS_OF, params![organization], private_key)
}

fn private_key(row: &Row<'_>) -> Result<PrivateKey, StoreError> {
    Ok(PrivateKey {
        private_key_id: row.get(0)?,
        organization_id: row.get(1)?,
        label: row.get(2)?,
        hint: row.get(3)?,
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        revoked_at: row.get(6)?,
        created_by: row.get(7)?,
    })
}

/// Revokes a key; `false` when it does not exist or was revoked before.
pub fn revoke_key(tx: &mut Tx<'_>, key: PrivateKeyId, now: Timestamp) -> Result<bool, StoreError> {
    tx.invalidate_caches()?;
    Ok(tx.execute(REVOKE_KEY, params![key, now])? == 1)
}
