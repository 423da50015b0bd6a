//! Merchants, their two accounts, and keys.

use crate::model::{AccountId, KeyId, KeyKind, MerchantId};
use crate::repo::{Account, ApiKey, KeyHolder, Merchant, Settings, holder_of};
use crate::{Billing, Error, Result, Scope, digest};
use catalogue::RecurError;
use catalogue::recur::{ForbiddenReason, Resource, UnauthorizedReason};
use kernel::{Secret, Timestamp};
use store::quota::Exhausted;
use store::record::Json;
use store::{StoreError, Tx, params};

/// Longest key that is looked up.
const LONGEST_KEY: usize = 128;

/// A merchant that was made, with an account for each environment.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    /// The merchant.
    pub merchant: Merchant,
    /// Its sandbox.
    pub sandbox: AccountId,
    /// Where money really moves.
    pub live: AccountId,
}

/// A key that was made. It is shown this once.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// The key itself.
    pub secret: Secret<String>,
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Whom the key stands for.
    pub holder: KeyHolder,
    /// The account at its present time.
    pub scope: Scope,
}

fn prefix(kind: KeyKind, livemode: bool) -> &'static str {
    match (kind, livemode) {
        (KeyKind::Secret, false) => "sk_test_",
        (KeyKind::Secret, true) => "sk_live_",
        (KeyKind::Publishable, false) => "pk_test_",
        (KeyKind::Publishable, true) => "pk_live_",
    }
}

impl Billing {
    /// Makes a merchant with both its accounts.
    pub async fn create_merchant(&self, name: &str) -> Result<NewMerchant> {
        let real = self.real_now();
        let merchant = Merchant {
            merchant_id: MerchantId::new(real, self.rng()),
            name: name.to_owned(),
            created_at: real,
        };
        let account = |livemode| Account {
            account_id: AccountId::new(real, self.rng()),
            merchant_id: merchant.merchant_id,
            livemode,
            clock_offset: 0,
            clock_lease: None,
            clock_leased_until: None,
            settings: Json(Settings::default()),
            created_at: real,
        };
        let (sandbox, live) = (account(false), account(true));
        let made = NewMerchant {
            merchant: merchant.clone(),
            sandbox: sandbox.account_id,
            live: live.account_id,
        };
        let stored: Result<(), StoreError> = self
            .db()
            .write(move |tx| {
                merchant.insert(tx)?;
                sandbox.insert(tx)?;
                live.insert(tx)
            })
            .await;
        stored?;
        Ok(made)
    }

    /// Every merchant, oldest first.
    pub async fn merchants(&self) -> Result<Vec<Merchant>> {
        let all: Result<_, StoreError> = self
            .db()
            .read(|tx| Merchant::all(tx, Merchant::ALL, &[]))
            .await;
        Ok(all?)
    }

    /// An account of a merchant.
    pub async fn account_of(&self, merchant: MerchantId, livemode: bool) -> Result<Account> {
        let find = move |tx: &mut Tx<'_>| {
            Account::first(tx, Account::OF_MERCHANT, params![merchant, livemode])
        };
        let found: Result<_, StoreError> = self.db().read(find).await;
        found?.ok_or_else(|| Error::Failed(format!("merchant {merchant} has no such account")))
    }

    /// The merchant's name.
    pub async fn merchant_name(&self, merchant: MerchantId) -> Result<String> {
        let find = move |tx: &mut Tx<'_>| Merchant::first(tx, Merchant::BY_ID, params![merchant]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?.map(|merchant| merchant.name).unwrap_or_default())
    }

    /// Makes a key. `expires_at` is in real time.
    pub async fn create_key(
        &self,
        account: AccountId,
        kind: KeyKind,
        name: &str,
        manages_keys: bool,
        expires_at: Option<Timestamp>,
    ) -> Result<NewKey> {
        let livemode = self.account(account).await?.livemode;
        let real = self.real_now();
        let token = self.token("", 32);
        let secret = format!("{}{token}", prefix(kind, livemode));
        let tail = token.get(28..).unwrap_or_default();
        let key = ApiKey {
            key_id: KeyId::new(real, self.rng()),
            account_id: account,
            kind,
            token_hash: digest(&token),
            hint: format!("{}…{tail}", prefix(kind, livemode)),
            name: name.to_owned(),
            manages_keys,
            created_at: real,
            expires_at,
            revoked_at: None,
        };
        let stored = key.clone();
        let inserted: Result<(), StoreError> = self.db().write(move |tx| stored.insert(tx)).await;
        inserted?;
        Ok(NewKey {
            key,
            secret: Secret::new(secret),
        })
    }

    /// Revokes a key; on every node it counts no more.
    pub async fn revoke_key(&self, account: AccountId, id: KeyId) -> Result<ApiKey> {
        let real = self.real_now();
        self.db()
            .write(move |tx| {
                let mut key = ApiKey::first(tx, ApiKey::LOCK, params![id, account])?
                    .ok_or(Resource::ApiKey)?;
                key.revoked_at.get_or_insert(real);
                key.save(tx)?;
                tx.invalidate_caches()?;
                Ok(key)
            })
            .await
    }

    /// Who presents this key.
    pub async fn authenticate(&self, presented: Option<&str>) -> Result<Seen> {
        let refuse = |reason| Error::from(RecurError::Unauthorized { reason });
        let presented = presented.map(str::trim).filter(|key| !key.is_empty());
        let presented = presented.ok_or_else(|| refuse(UnauthorizedReason::Missing))?;
        let invalid = || refuse(UnauthorizedReason::Invalid);
        let token = ["sk_test_", "sk_live_", "pk_test_", "pk_live_"]
            .iter()
            .find_map(|prefix| presented.strip_prefix(prefix))
            .filter(|_| presented.len() <= LONGEST_KEY)
            .ok_or_else(invalid)?;
        let hash = digest(token);
        let load = async || {
            let hash = hash.clone();
            let found: Result<_, StoreError> = self.db().read(move |tx| holder_of(tx, &hash)).await;
            Ok::<_, Error>(found?)
        };
        let holder = self.inner.keys.get_or_load(self.db(), &hash, load).await?;
        let holder = holder.ok_or_else(invalid)?;
        if !presented.starts_with(prefix(holder.kind, holder.livemode)) {
            // The right token under another prefix: somebody edited the key instead of making one.
            let other = prefix(holder.kind, !holder.livemode);
            return Err(if presented.starts_with(other) {
                refuse(UnauthorizedReason::WrongEnvironment)
            } else {
                invalid()
            });
        }
        if holder.revoked_at.is_some() {
            return Err(refuse(UnauthorizedReason::Revoked));
        }
        if holder.expires_at.is_some_and(|end| end <= self.real_now()) {
            return Err(refuse(UnauthorizedReason::Expired));
        }
        let scope = self.scope_at(holder.account_id, holder.livemode, holder.clock_offset);
        Ok(Seen { holder, scope })
    }

    /// Counts as many requests of a key as it has in this minute. For sandboxes.
    pub async fn use_up_quota(&self, key: &str) -> Result<()> {
        let seen = self.authenticate(Some(key)).await?;
        for _ in 0..self.limit(&seen).unwrap_or(0) {
            if self.count_request(&seen).await?.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Counts a request against its key's limit.
    pub(crate) async fn count_request(&self, seen: &Seen) -> Result<Result<(), Exhausted>> {
        let Some(limit) = self.limit(seen) else {
            return Ok(Ok(()));
        };
        let quota = seen.holder.key_id.to_string();
        Ok(self
            .inner
            .quotas
            .take(self.db(), &quota, limit, seen.scope.real)
            .await?)
    }

    fn limit(&self, seen: &Seen) -> Option<u32> {
        if seen.holder.livemode {
            self.config().live_rate_limit
        } else {
            self.config().sandbox_rate_limit
        }
    }
}

impl Seen {
    /// Refuses a publishable key.
    pub fn require_secret(&self) -> Result<(), RecurError> {
        match self.holder.kind {
            KeyKind::Secret => Ok(()),
            KeyKind::Publishable => Err(RecurError::Forbidden {
                reason: ForbiddenReason::SecretKeyRequired,
            }),
        }
    }
}
