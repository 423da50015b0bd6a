//! What a use case works with: whose data, at what time, and new ids.

use crate::model::{AccountId, EventKind, Key, Prefix};
use kernel::{Id, Rng, Timestamp};
use serde_json::Value;
use store::{StoreError, Tx};
use webhooks::NewEvent;

use crate::events::WEBHOOKS;

/// Whose data a use case works on, and when.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Whose.
    pub account_id: AccountId,
    /// Whether money really moves.
    pub livemode: bool,
    /// The time on the account's clock.
    pub now: Timestamp,
    /// The real time.
    pub real: Timestamp,
}

/// A scope within one transaction. When the transaction is run again, the same ids are made again.
#[derive(Debug)]
pub struct Work {
    /// Whose data, and when.
    pub scope: Scope,
    rng: Rng,
}

impl Work {
    /// Of one transaction; `seed` decides its ids.
    pub fn new(scope: Scope, seed: u64) -> Self {
        Self {
            scope,
            rng: Rng::seeded(seed),
        }
    }

    /// Whose data.
    pub const fn account(&self) -> AccountId {
        self.scope.account_id
    }

    /// The time on the account's clock.
    pub const fn now(&self) -> Timestamp {
        self.scope.now
    }

    /// A new id. Ids sort by the account's time, so that lists are in its order.
    pub fn id<T: Prefix>(&self) -> Key<T> {
        Key::new(self.scope.now, &self.rng)
    }

    /// A new id for what is shared with others: in the order of real time.
    pub fn uuid<T>(&self) -> Id<T> {
        Id::new(self.scope.real, &self.rng)
    }

    /// A number for people, `CHK20260101` and ten characters of the id.
    pub fn number<T: Prefix>(&self, prefix: &str, id: Key<T>) -> String {
        let id = id.to_string().to_ascii_uppercase();
        let tail = id.get(id.len().saturating_sub(10)..).unwrap_or(&id);
        format!("{prefix}{}{tail}", self.now().day())
    }

    /// Tells the merchant's endpoints of an event, in the same transaction.
    pub fn emit(
        &self,
        tx: &mut Tx<'_>,
        kind: EventKind,
        object: &str,
        data: &Value,
    ) -> Result<(), StoreError> {
        let id = httpkit::idempotency::hex(&self.rng.bytes::<16>());
        let event = NewEvent {
            id: &format!("evt_{id}"),
            owner: &self.account().to_string(),
            kind: kind.name(),
            object_id: object,
            data,
            at: self.now(),
        };
        webhooks::publish(tx, &WEBHOOKS, &event, self.scope.real)
    }
}
