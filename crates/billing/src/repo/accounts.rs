use crate::model::{AccountId, KeyId, KeyKind, MerchantId};
use invoicing::model::ProviderName;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use store::record::Json;
use store::{StoreError, Tx, params, record, statements, text_enum};

statements! {
    HOLDER = "SELECT k.key_id, k.kind, k.manages_keys, k.expires_at, k.revoked_at, a.account_id, a.livemode, a.clock_offset \
        FROM billing_keys k JOIN billing_accounts a ON a.account_id = k.account_id WHERE k.token_hash = $1";
    DUE = "SELECT account_id FROM billing_accounts a WHERE (a.clock_leased_until IS NULL OR a.clock_leased_until < $1) AND ( \
        EXISTS (SELECT 1 FROM billing_subscriptions s WHERE s.account_id = a.account_id AND s.next_action_at <= $1 + a.clock_offset) \
        OR EXISTS (SELECT 1 FROM billing_charges c WHERE c.account_id = a.account_id AND c.check_at <= $1 + a.clock_offset) \
        OR EXISTS (SELECT 1 FROM billing_refunds r WHERE r.account_id = a.account_id AND r.check_at <= $1 + a.clock_offset)) \
        ORDER BY account_id LIMIT 256";
    TAKE_CLOCK = "UPDATE billing_accounts SET clock_lease = $2, clock_leased_until = $3 \
        WHERE account_id = $1 AND (clock_lease IS NULL OR clock_lease = $2 OR clock_leased_until < $4)";
    RELEASE_CLOCK = "UPDATE billing_accounts SET clock_lease = NULL, clock_leased_until = NULL \
        WHERE account_id = $1 AND clock_lease = $2";
    ADVANCE = "UPDATE billing_accounts SET clock_offset = $2, clock_leased_until = $4 \
        WHERE account_id = $1 AND clock_lease = $3 AND clock_offset <= $2";
}

record! {
    /// Who sells.
    pub struct Merchant in "merchants" key merchant_id {
        /// Its id.
        merchant_id: MerchantId,
        /// Its name, as buyers see it.
        name: String,
        /// When it was made, in real time.
        created_at: Timestamp,
    }
    select {
        /// `$1` id.
        BY_ID = "WHERE merchant_id = $1";
        /// All, oldest first.
        ALL = "ORDER BY merchant_id";
    }
}

record! {
    /// One environment of a merchant: its own data, keys and clock.
    pub struct Account in "billing_accounts" key account_id {
        /// Its id.
        account_id: AccountId,
        /// Whose it is.
        merchant_id: MerchantId,
        /// Whether money really moves.
        livemode: bool,
        /// By how many microseconds its clock is ahead of real time.
        clock_offset: i64,
        /// Who advances the clock at the moment.
        clock_lease: Option<String>,
        /// Until when, in real time.
        clock_leased_until: Option<Timestamp>,
        /// What the merchant has chosen.
        settings: Json<Settings>,
        /// When it was made, in real time.
        created_at: Timestamp,
    }
    select {
        /// `$1` id.
        BY_ID = "WHERE account_id = $1";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE account_id = $1 /* for update */";
        /// `$1` merchant, `$2` livemode.
        OF_MERCHANT = "WHERE merchant_id = $1 AND livemode = $2";
        /// All, oldest first.
        ALL = "ORDER BY account_id";
    }
}

record! {
    /// A key; of the key itself only the digest is kept.
    pub struct ApiKey in "billing_keys" key key_id {
        /// Its id.
        key_id: KeyId,
        /// To what it gives access.
        account_id: AccountId,
        /// What it may do.
        kind: KeyKind,
        /// SHA-256 of what follows the prefix, in hex.
        token_hash: String,
        /// Its beginning and end, to tell keys apart.
        hint: String,
        /// What it is called.
        name: String,
        /// Whether it may make and revoke keys.
        manages_keys: bool,
        /// When it was made.
        created_at: Timestamp,
        /// From when on it does not count.
        expires_at: Option<Timestamp>,
        /// When it was revoked.
        revoked_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE key_id = $1 AND account_id = $2";
        /// The same; nobody else may change it until the transaction ends.
        LOCK = "WHERE key_id = $1 AND account_id = $2 /* for update */";
        /// `$1` account, `$2` id to start after or '', `$3` how many; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR key_id < $2) ORDER BY key_id DESC LIMIT $3";
    }
}

/// What a merchant has chosen for one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the portal leads back to when a session names no address.
    pub portal_return_url: Option<String>,
    /// Whether customers may not cancel in the portal.
    pub portal_forbids_cancel: bool,
    /// Whether customers may not switch plans in the portal.
    pub portal_forbids_switch: bool,
    /// Whether customers may not change their card in the portal.
    pub portal_forbids_card: bool,
    /// How its pages look.
    pub branding: Branding,
    /// How what is paid is invoiced for the tax authority; `None`: not at all.
    pub einvoices: Option<EinvoiceSettings>,
}

/// How what is paid is invoiced for the tax authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EinvoiceSettings {
    /// Who transmits the invoices.
    pub provider: ProviderName,
    /// How buyers get them who have not said so: by mail in their account with the provider, or on paper.
    pub receive: EinvoiceDefault,
}

text_enum! {
    /// How buyers get e-invoices who have not said so.
    pub enum EinvoiceDefault {
        /// In the account with the provider, which is found by the mail address; without one, on paper.
        MemberCarrier = "member_carrier",
        /// On paper.
        Print = "print",
    }
}

/// How a merchant's pages look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// Address of a picture.
    pub logo_url: Option<String>,
    /// `#rrggbb`.
    pub accent: Option<String>,
}

/// Whom a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key.
    pub key_id: KeyId,
    /// What it may do.
    pub kind: KeyKind,
    /// Whether it may make and revoke keys.
    pub manages_keys: bool,
    /// From when on it does not count.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// To what it gives access.
    pub account_id: AccountId,
    /// Whether money really moves there.
    pub livemode: bool,
    /// By how many microseconds the account's clock is ahead of real time.
    pub clock_offset: i64,
}

/// Whom the key with this digest stands for.
pub fn holder_of(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<KeyHolder>, StoreError> {
    tx.query_opt(HOLDER, params![token_hash], |row| {
        Ok(KeyHolder {
            key_id: row.get(0)?,
            kind: row.get(1)?,
            manages_keys: row.get(2)?,
            expires_at: row.get(3)?,
            revoked_at: row.get(4)?,
            account_id: row.get(5)?,
            livemode: row.get(6)?,
            clock_offset: row.get(7)?,
        })
    })
}

/// The accounts in which something is due at the real time `now` and nobody advances the clock.
pub fn due_accounts(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<AccountId>, StoreError> {
    tx.query(DUE, params![now], |row| row.get(0))
}

/// Takes the right to advance an account's clock until `until`. `false`: somebody else has it.
pub fn take_clock(
    tx: &mut Tx<'_>,
    account: AccountId,
    lease: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(TAKE_CLOCK, params![account, lease, until, now])? == 1)
}

/// Gives that right back.
pub fn release_clock(tx: &mut Tx<'_>, account: AccountId, lease: &str) -> Result<(), StoreError> {
    tx.execute(RELEASE_CLOCK, params![account, lease]).map(drop)
}

/// Sets how far the clock is ahead, and keeps the right until `until`. `false`: the right was lost, or the clock is ahead already.
pub fn advance_clock(
    tx: &mut Tx<'_>,
    account: AccountId,
    lease: &str,
    offset: i64,
    until: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(ADVANCE, params![account, offset, lease, until])? == 1)
}
