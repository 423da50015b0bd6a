//! A small cache of rows, forgotten on every node as soon as a commit says so.

use crate::Db;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

const MOST_ENTRIES: usize = 10_000;

/// Rows by key. What [`Tx::invalidate_caches`](crate::Tx::invalidate_caches) commits empties it; while
/// this node cannot hear other nodes it holds nothing.
#[derive(Debug)]
pub struct Cache<K, V> {
    entries: RwLock<HashMap<K, (u64, V)>>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self {
            entries: RwLock::default(),
        }
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// The cached value, or the one that `load` finds. `None` is not cached.
    pub async fn get_or_load<Q, E>(
        &self,
        db: &Db,
        key: &Q,
        load: impl AsyncFnOnce() -> Result<Option<V>, E>,
    ) -> Result<Option<V>, E>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        // Taken before loading: a change that commits meanwhile makes the entry stale at birth.
        let epoch = db.cache_epoch();
        if let Some(epoch) = epoch {
            let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((made, value)) = entries.get(key)
                && *made == epoch
            {
                return Ok(Some(value.clone()));
            }
        }
        let loaded = load().await?;
        if let (Some(epoch), Some(value)) = (epoch, &loaded) {
            let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
            if entries.len() >= MOST_ENTRIES {
                entries.clear();
            }
            entries.insert(key.to_owned(), (epoch, value.clone()));
        }
        Ok(loaded)
    }
}
