//! Requests per minute, or another stretch of time, counted over all nodes.
//!
//! A node takes a slice of the minute's requests from the database and serves from it, so that not
//! every request costs a write. Together the nodes never serve more than the limit; what is left of a
//! slice when the minute ends is lost.

use crate::{Db, StoreError, params, statements};
use kernel::Timestamp;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

statements! {
    TAKE = "INSERT INTO rate_windows (quota, window_start, used) VALUES ($1, $2, $3) \
        ON CONFLICT (quota) DO UPDATE SET \
            used = CASE WHEN rate_windows.window_start >= $2 THEN rate_windows.used + $3 ELSE $3 END, \
            window_start = CASE WHEN rate_windows.window_start > $2 THEN rate_windows.window_start ELSE $2 END \
        RETURNING used";
}

const WINDOW: Duration = Duration::from_secs(60);
/// A slice is this part of the limit, so that a few nodes starve each other of little.
const SLICES: u32 = 50;
const MOST_QUOTAS: usize = 100_000;

/// Quotas take their slices independently, those of one shard one after the other.
const SHARDS: usize = 64;

/// The quotas as this node sees them.
#[derive(Debug)]
pub struct Quotas {
    slices: Mutex<HashMap<String, Slice>>,
    taking: [tokio::sync::Mutex<()>; SHARDS],
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            slices: Mutex::default(),
            taking: std::array::from_fn(|_| tokio::sync::Mutex::default()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Slice {
    window: i64,
    left: i64,
    exhausted: bool,
}

/// The limit is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// When the next window begins.
    pub retry_after: Duration,
}

impl Quotas {
    /// Counts one request against `quota`, of which there are `limit` a minute.
    pub async fn take(
        &self,
        db: &Db,
        quota: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Result<(), Exhausted>, StoreError> {
        self.take_in(db, quota, limit, WINDOW, now).await
    }

    /// Counts one request against `quota`, of which there are `limit` in each `window`. A quota has one window.
    pub async fn take_in(
        &self,
        db: &Db,
        quota: &str,
        limit: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Result<(), Exhausted>, StoreError> {
        let length = i64::try_from(window.as_micros()).unwrap_or(i64::MAX).max(1);
        let window = now.micros().div_euclid(length);
        let exhausted = Exhausted {
            retry_after: Timestamp::from_micros((window + 1).saturating_mul(length)).since(now),
        };
        let counted = |counted| if counted { Ok(()) } else { Err(exhausted) };
        if let Some(here) = self.take_here(quota, window) {
            return Ok(counted(here));
        }
        // Of many requests at once only the first takes a slice; the others find it.
        let _taking = self.taking[shard(quota)].lock().await;
        if let Some(here) = self.take_here(quota, window) {
            return Ok(counted(here));
        }
        let slice = i64::from((limit / SLICES).max(1));
        let name = quota.to_owned();
        let used: i64 = db
            .write(move |tx| tx.query_one(TAKE, params![&name, window, slice], |row| row.get(0)))
            .await?;
        let granted = slice - (used - i64::from(limit)).clamp(0, slice);
        self.add(quota, window, granted - 1);
        Ok(counted(granted > 0))
    }

    /// `Some(true)`: counted; `Some(false)`: nothing is left anywhere; `None`: a new slice is needed.
    fn take_here(&self, quota: &str, window: i64) -> Option<bool> {
        let mut slices = self.slices.lock().unwrap_or_else(PoisonError::into_inner);
        let slice = slices.get_mut(quota).filter(|s| s.window == window)?;
        if slice.left > 0 {
            slice.left -= 1;
            return Some(true);
        }
        slice.exhausted.then_some(false)
    }

    fn add(&self, quota: &str, window: i64, left: i64) {
        let mut slices = self.slices.lock().unwrap_or_else(PoisonError::into_inner);
        if slices.len() >= MOST_QUOTAS {
            slices.clear();
        }
        let slice = slices.entry(quota.to_owned()).or_insert(Slice {
            window,
            left: 0,
            exhausted: false,
        });
        if slice.window != window {
            *slice = Slice {
                window,
                left: 0,
                exhausted: false,
            };
        }
        slice.left += left.max(0);
        slice.exhausted |= left < 0;
    }
}

fn shard(quota: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    quota.hash(&mut hasher);
    usize::try_from(hasher.finish() % SHARDS as u64).unwrap_or(0)
}
