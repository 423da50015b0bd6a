use crate::EndpointId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many attempts are under way on this node, so that consumers who hang cannot hold all of its workers.
pub struct Lanes {
    most: usize,
    most_to_one: usize,
    busy: Mutex<HashMap<EndpointId, usize>>,
}

/// An attempt under way, until it is dropped.
pub struct Lane<'a> {
    lanes: &'a Lanes,
    endpoint: EndpointId,
}

impl Lanes {
    pub fn new(most: usize, most_to_one: usize) -> Self {
        Self {
            most,
            most_to_one,
            busy: Mutex::default(),
        }
    }

    /// `None`: there are enough already.
    pub fn enter(&self, endpoint: EndpointId, failing: bool) -> Option<Lane<'_>> {
        let most_to_one = if failing { 1 } else { self.most_to_one };
        let mut busy = self.busy();
        let to_all: usize = busy.values().sum();
        let to_one = busy.get(&endpoint).copied().unwrap_or(0);
        if to_all >= self.most || to_one >= most_to_one {
            return None;
        }
        busy.insert(endpoint, to_one + 1);
        Some(Lane {
            lanes: self,
            endpoint,
        })
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<EndpointId, usize>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let mut busy = self.lanes.busy();
        if let Some(count) = busy.get_mut(&self.endpoint) {
            *count -= 1;
            if *count == 0 {
                busy.remove(&self.endpoint);
            }
        }
    }
}
