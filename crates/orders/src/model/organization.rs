use super::AccountId;
use httpkit::idempotency::hex;
use kernel::{Id, Rng, Secret, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A customer of the platform: owns keys, credit and orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organization {
    /// Its id, and that of its credit account.
    pub organization_id: OrganizationId,
    /// 1 to 64 characters.
    pub name: String,
    /// A disabled organization's keys are refused with `organization_disable`.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Names an organization.
pub type OrganizationId = Id<Organization>;

/// A private key, of which only the hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrivateKey {
    /// Its id: what people use to revoke it.
    pub private_key_id: PrivateKeyId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The person who made it; `None`: the operator.
    pub created_by: Option<AccountId>,
    /// What it is for.
    pub label: String,
    /// Its last four characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Names a key.
pub type PrivateKeyId = Id<PrivateKey>;

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key.
    pub private_key_id: PrivateKeyId,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Its organization.
    pub organization_id: OrganizationId,
    /// The person who made it; `None`: the operator.
    pub created_by: Option<AccountId>,
    /// The organization's name.
    pub name: String,
    /// Whether the organization is enabled.
    pub enabled: bool,
}

/// A new key: `tsk_` and 256 random bits in hexadecimal.
pub fn new_key(rng: &Rng) -> Secret<String> {
    Secret::new(format!("tsk_{}", hex(&rng.bytes::<32>())))
}

/// What is stored of a key. Keys have 256 bits of entropy, so one round of SHA-256 is enough, and the
/// look-up by hash tells an attacker nothing through its timing.
pub fn hash_of_key(key: &str) -> String {
    hex(&Sha256::digest(key))
}
