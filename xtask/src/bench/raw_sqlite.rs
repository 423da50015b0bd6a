//! What SQLite itself can do: the rows of an order, written with nothing in between.

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};
use std::{
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// As the server has them.
const SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;";
const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(250);

const MOVE: &str = "UPDATE credit_accounts SET balance = balance + ?2 WHERE account_id = ?1 AND balance + ?2 >= 0 RETURNING balance";
const POSTING: &str = "INSERT INTO postings (account_id, posting_id, number, amount, kind, reference, balance_after, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const ORDER: &str = "INSERT INTO orders (organization_id, order_id, order_number, payment_type, order_status, payment_status, total, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const DETAIL: &str = "INSERT INTO order_details (order_id, order_detail_id, organization_id, product_id, title, product_type, \
    price, subtotal, units, quantity, link, username, comments, runs, interval_minutes, min_quantity, max_quantity, \
    delay_minutes, new_post_count, old_post_count, expiry_date, dispatch_state, supplier_service_id) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)";
const JOB: &str = "INSERT INTO jobs (job_id, kind, dedupe_key, payload, run_at, attempts, lease_owner, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (dedupe_key) DO NOTHING";

/// A database of the same schema and contents as the server's.
pub struct RawSqlite {
    writer: Connection,
    checkpointer: Connection,
    organizations: Vec<String>,
    product: String,
    written: u64,
}

impl RawSqlite {
    pub fn open(path: &Path, organizations: Vec<String>, product: String) -> Result<Self> {
        let open = || -> Result<Connection> {
            let connection = Connection::open(path)?;
            connection.execute_batch(SETTINGS)?;
            connection.set_prepared_statement_cache_capacity(64);
            Ok(connection)
        };
        Ok(Self {
            writer: open()?,
            checkpointer: open()?,
            organizations,
            product,
            written: 0,
        })
    }

    /// Writes orders for a while, so many in a transaction; returns how many a second.
    pub fn run(&mut self, time: Duration, per_commit: usize) -> Result<f64> {
        let (stop, stopped) = mpsc::channel::<()>();
        let Self {
            writer,
            checkpointer,
            organizations,
            product,
            written,
        } = self;
        thread::scope(|scope| {
            scope.spawn(move || {
                while stopped.recv_timeout(CHECKPOINT_INTERVAL)
                    == Err(mpsc::RecvTimeoutError::Timeout)
                {
                    let _ =
                        checkpointer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
                }
            });
            let begun = Instant::now();
            let first = *written;
            while begun.elapsed() < time {
                control(writer, "BEGIN IMMEDIATE")?;
                for _ in 0..per_commit {
                    control(writer, "SAVEPOINT task")?;
                    *written += 1;
                    let turn = usize::try_from(*written)? % organizations.len();
                    write(writer, *written, &organizations[turn], product)?;
                    control(writer, "RELEASE task")?;
                }
                control(writer, "COMMIT")?;
            }
            let rate = (*written - first) as f64 / begun.elapsed().as_secs_f64();
            drop(stop);
            Ok(rate)
        })
    }
}

fn control(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn write(db: &Connection, n: u64, organization: &str, product: &str) -> Result<()> {
    let now = 1_800_000_000_000_000 + i64::try_from(n)?;
    let (order, posting) = (id(n, 1), id(n, 2));
    let balance: i64 = db
        .prepare_cached(MOVE)?
        .query_row(params![organization, -120], |row| row.get(0))
        .context("the credit is used up")?;
    db.prepare_cached(POSTING)?.execute(params![
        organization,
        posting,
        format!("CR-2027-01-01{n:04}"),
        -120,
        "order",
        order,
        balance,
        now,
    ])?;
    db.prepare_cached(ORDER)?.execute(params![
        organization,
        order,
        format!("ORD-2027-01-01{n:04}"),
        "credit",
        "establish",
        "complete",
        120,
        now,
    ])?;
    let none = None::<i64>;
    db.prepare_cached(DETAIL)?.execute(params![
        order,
        id(n, 3),
        organization,
        product,
        "Audience growth, standard",
        "ch2_default",
        1200,
        120,
        100,
        100,
        format!("https://example.com/p/{n:010}"),
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        "queued",
        "101",
    ])?;
    let payload = format!(r#"{{"organization_id":"{organization}","order_id":"{order}"}}"#);
    db.prepare_cached(JOB)?.execute(params![
        id(n, 4),
        "orders.dispatch",
        none,
        payload,
        now,
        0,
        none,
        now
    ])?;
    Ok(())
}

/// Like a UUID v7: later ones sort later, those of the same millisecond in no order.
fn id(n: u64, kind: u64) -> String {
    let mut random = (n << 3 | kind).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    random ^= random >> 29;
    random = random.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let millis = 1_800_000_000_000 + n / 20;
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        millis >> 16,
        millis & 0xffff,
        random >> 52,
        (random >> 40) & 0xfff,
        random & 0xffff_ffff_ffff,
    )
}

/// How many orders there are.
pub fn count_orders(path: &Path) -> Result<u64> {
    let connection = Connection::open(path)?;
    number(&connection, "SELECT COUNT(*) FROM orders")
}

/// Fails unless there are so many orders, each whole, and every balance is the sum of its postings.
pub fn check(path: &Path, orders: u64) -> Result<()> {
    let connection = Connection::open(path)?;
    for (name, sql, wanted) in super::engine::checks(orders) {
        let found = number(&connection, sql)?;
        ensure!(found == wanted, "{name}: {found}, not {wanted}");
    }
    Ok(())
}

fn number(connection: &Connection, sql: &str) -> Result<u64> {
    let number: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(number)?)
}

#[cfg(test)]
mod tests {
    use super::id;
    use std::collections::HashSet;

    #[test]
    fn ids_differ_and_sort_by_time() {
        let all: HashSet<String> = (0..10_000)
            .flat_map(|n| (1..=4).map(move |kind| id(n, kind)))
            .collect();
        assert_eq!(all.len(), 40_000);
        assert!(all.iter().all(|id| id.len() == 36));
        assert!(id(100, 1) < id(200, 1));
    }
}
