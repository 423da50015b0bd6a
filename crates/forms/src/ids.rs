use kernel::{Rng, Timestamp};
use std::sync::{Mutex, PoisonError};

/// 2025-01-01T00:00:00Z, in milliseconds.
const START: i64 = 1_735_689_600_000;
/// Ids have 53 bits: JavaScript's numbers hold no more. 41 of them are milliseconds.
const LOW_BITS: u32 = 12;

/// Makes ids: whole numbers below 2^53. Those of one node grow; two nodes can make the same within a millisecond, and
/// the primary key has one of them try again.
#[derive(Debug, Default)]
pub struct Ids(Mutex<i64>);

impl Ids {
    /// An id that this node has not made before.
    pub fn next(&self, now: Timestamp, rng: &Rng) -> i64 {
        let millis = (now.micros().div_euclid(1000) - START).clamp(0, (1 << 41) - 1);
        let earliest = (millis << LOW_BITS) | i64::from(rng.below(1 << LOW_BITS));
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = earliest.max(*last + 1);
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_though_time_stands_still() {
        let (ids, rng) = (Ids::default(), Rng::seeded(1));
        let now = "2026-06-01T12:00:00+08:00".parse().unwrap();
        let made: Vec<i64> = (0..10_000).map(|_| ids.next(now, &rng)).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert!(made.iter().all(|id| *id > 0 && *id < 1 << 53));
    }
}
