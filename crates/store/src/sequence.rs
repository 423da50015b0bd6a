//! Human numbers such as `ORD-202606020001`: a prefix, the day in Asia/Taipei, a number of that day.
//!
//! Nodes take numbers from the database in blocks, small ones while few are needed and larger ones
//! under load. No number is given out twice; a node that stops leaves a gap.

use crate::{Db, StoreError, params, statements};
use kernel::{Day, Timestamp};
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use tokio::sync::Mutex;

statements! {
    TAKE = "INSERT INTO sequences (name, next) VALUES ($1, 1 + $2) \
        ON CONFLICT (name) DO UPDATE SET next = sequences.next + $2 RETURNING next";
}

const LARGEST_BLOCK: i64 = 256;
/// A block used up sooner than this was too small.
const BLOCK_SHOULD_LAST: Duration = Duration::from_millis(500);

/// One number of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    prefix: &'static str,
    day: Day,
    value: i64,
}

impl fmt::Display for Number {
    /// Four digits, and more when a day needs them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}{:04}", self.prefix, self.day, self.value)
    }
}

/// Gives out the numbers of this node.
#[derive(Debug, Default)]
pub struct Numbers {
    blocks: Mutex<HashMap<&'static str, Block>>,
}

#[derive(Debug)]
struct Block {
    day: Day,
    next: i64,
    end: i64,
    size: i64,
    taken_at: Timestamp,
    returned: Vec<i64>,
}

impl Numbers {
    /// A number that nobody else has.
    pub async fn next(
        &self,
        db: &Db,
        prefix: &'static str,
        now: Timestamp,
    ) -> Result<Number, StoreError> {
        let day = now.day();
        let mut blocks = self.blocks.lock().await;
        if let Some(block) = blocks.get_mut(prefix).filter(|block| block.day == day)
            && let Some(value) = block.take()
        {
            return Ok(Number { prefix, day, value });
        }
        let size = match blocks.get(prefix) {
            Some(last) if now.since(last.taken_at) < BLOCK_SHOULD_LAST => {
                (last.size * 2).min(LARGEST_BLOCK)
            }
            _ => 1,
        };
        let name = format!("{prefix}-{day}");
        let end: i64 = db
            .write(move |tx| tx.query_one(TAKE, params![&name, size], |row| row.get(0)))
            .await?;
        let value = end - size;
        blocks.insert(
            prefix,
            Block {
                day,
                next: value + 1,
                end,
                size,
                taken_at: now,
                returned: Vec::new(),
            },
        );
        Ok(Number { prefix, day, value })
    }

    /// Takes back a number that was not used after all.
    pub async fn give_back(&self, number: Number) {
        let mut blocks = self.blocks.lock().await;
        if let Some(block) = blocks
            .get_mut(number.prefix)
            .filter(|block| block.day == number.day)
        {
            block.returned.push(number.value);
        }
    }
}

impl Block {
    fn take(&mut self) -> Option<i64> {
        if let Some(value) = self.returned.pop() {
            return Some(value);
        }
        let value = self.next;
        (value < self.end).then(|| {
            self.next += 1;
            value
        })
    }
}
