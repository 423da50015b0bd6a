//! How fast the server is, next to what its database can do at all.
//!
//! The figures of a shared machine drift, so the server and the bare database take turns, and what counts is
//! the ratio between them. Everything is as in production: durable commits, request log, all of the product's checks.

mod bare;
pub mod checkout;
mod client;
mod engine;
pub mod entitlements;
mod forms;
mod lab;
mod machine;
pub mod orders;
mod pgbench;
mod raw_sqlite;
mod report;
mod scratch;
mod server;
pub mod submit;
pub mod verify;

use crate::steps;
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

fn again_in_release() -> Result<()> {
    steps::cargo(
        "run --release --locked --quiet --package xtask --"
            .split(' ')
            .map(Into::into)
            .chain(std::env::args_os().skip(1)),
    )
}

fn say(text: &str) {
    println!("bench: {text}");
}

fn median<T: PartialOrd + Copy>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values[values.len() / 2]
}

/// Calls `probe` until it is true.
fn wait_until(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !probe()? {
        if Instant::now() > deadline {
            bail!("waited {limit:?} in vain: {what}");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
