//! The supplier's books.

use super::order::{Fate, Order, Subscription, Task};
use super::{Service, ServiceKind};
use kernel::Timestamp;
use store::{Param, Row, StoreError, Tx, params, statements};

macro_rules! select_orders {
    ($condition:literal) => {
        concat!(
            "SELECT o.supplier_order, o.reference, o.service, o.link, o.quantity, o.runs, \
                o.interval_minutes, o.old_posts, o.delay_minutes, o.expires_at, o.rate, o.fate, \
                o.created_at, o.stopped_at, o.times_received, s.refill, s.cancel \
            FROM simulator_orders o JOIN simulator_services s ON s.service = o.service ",
            $condition
        )
    };
}

statements! {
    UPSERT_SERVICE = "INSERT INTO simulator_services \
            (service, name, type, category, rate, min, max, dripfeed, refill, cancel, withdrawn) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0) \
        ON CONFLICT (service) DO UPDATE SET name = excluded.name, type = excluded.type, \
            category = excluded.category, rate = excluded.rate, min = excluded.min, max = excluded.max, \
            dripfeed = excluded.dripfeed, refill = excluded.refill, cancel = excluded.cancel";
    WITHDRAW_SERVICE = "UPDATE simulator_services SET withdrawn = $2 WHERE service = $1";
    SERVICES = "SELECT service, name, type, category, rate, min, max, dripfeed, refill, cancel \
        FROM simulator_services WHERE withdrawn = 0 ORDER BY service";
    SERVICE = "SELECT service, name, type, category, rate, min, max, dripfeed, refill, cancel \
        FROM simulator_services WHERE service = $1 AND withdrawn = 0";
    TAKE_NUMBER = "INSERT INTO sequences (name, next) VALUES ($1, $2 + 1) \
        ON CONFLICT (name) DO UPDATE SET next = sequences.next + 1 RETURNING next";
    RECEIVE_AGAIN = "UPDATE simulator_orders SET times_received = times_received + 1 \
        WHERE reference = $1 RETURNING supplier_order";
    INSERT_ORDER = "INSERT INTO simulator_orders (supplier_order, reference, service, link, quantity, runs, \
            interval_minutes, old_posts, delay_minutes, expires_at, rate, fate, created_at, times_received) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1) \
        ON CONFLICT (reference) DO UPDATE SET times_received = simulator_orders.times_received + 1 \
        RETURNING supplier_order, times_received";
    ORDERS = select_orders!("WHERE o.supplier_order IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
        $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)");
    ORDERS_OF_LINK = select_orders!("WHERE o.link = $1 AND o.service = $2");
    ALL_ORDERS = select_orders!("ORDER BY o.supplier_order");
    STOP_ORDER = "UPDATE simulator_orders SET stopped_at = $2 WHERE supplier_order = $1 AND stopped_at IS NULL";
    INSERT_REFILL = "INSERT INTO simulator_refills (refill, supplier_order, created_at) VALUES ($1, $2, $3)";
    REFILL = "SELECT created_at FROM simulator_refills WHERE refill = $1";
}

/// How many ids [`ORDERS`] takes.
const BATCH: usize = 20;
/// No order has this number.
const NOBODY: i64 = -1;

pub fn upsert_service(tx: &mut Tx<'_>, service: &Service) -> Result<(), StoreError> {
    tx.enqueue(
        UPSERT_SERVICE,
        params![
            service.service,
            &service.name,
            service.kind.name(),
            &service.category,
            &service.rate,
            service.min,
            service.max,
            service.dripfeed,
            service.refill,
            service.cancel,
        ],
    )
}

pub fn withdraw_service(tx: &mut Tx<'_>, service: i64, withdrawn: bool) -> Result<(), StoreError> {
    tx.enqueue(WITHDRAW_SERVICE, params![service, withdrawn])
}

/// The services that are not withdrawn.
pub fn services(tx: &mut Tx<'_>) -> Result<Vec<Service>, StoreError> {
    tx.query(SERVICES, &[], read_service)
}

/// A service that is not withdrawn.
pub fn service(tx: &mut Tx<'_>, service: i64) -> Result<Option<Service>, StoreError> {
    tx.query_opt(SERVICE, params![service], read_service)
}

/// The order with a reference that was received before, which counts.
pub fn receive_again(tx: &mut Tx<'_>, reference: &str) -> Result<Option<i64>, StoreError> {
    tx.query_opt(RECEIVE_AGAIN, params![reference], |row| row.get(0))
}

/// What [`insert_order`] needs.
pub struct NewOrder<'a> {
    pub reference: Option<&'a str>,
    pub task: &'a Task,
    pub rate: &'a str,
    pub fate: Fate,
}

/// The order's number, and how often it has been received. Another transaction may have inserted the
/// same reference meanwhile; then its order stands.
pub fn insert_order(
    tx: &mut Tx<'_>,
    order: &NewOrder<'_>,
    now: Timestamp,
) -> Result<(i64, i64), StoreError> {
    let number = take_number(tx, "simulator-orders", 23_501)?;
    let NewOrder { task, .. } = order;
    tx.query_one(
        INSERT_ORDER,
        params![
            number,
            order.reference,
            task.service,
            &task.link,
            task.quantity,
            task.runs,
            task.interval_minutes,
            task.subscription.map(|s| s.old_posts),
            task.subscription.map_or(0, |s| s.delay_minutes),
            task.subscription.and_then(|s| s.expires_at),
            order.rate,
            order.fate.stored(),
            now,
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The orders with these numbers, in any order.
pub fn orders(tx: &mut Tx<'_>, numbers: &[i64]) -> Result<Vec<Order>, StoreError> {
    let mut found = Vec::new();
    for batch in numbers.chunks(BATCH) {
        let padding = std::iter::repeat(&NOBODY);
        let params: Vec<_> = batch
            .iter()
            .chain(padding)
            .take(BATCH)
            .map(|number| Param::from(*number))
            .collect();
        found.extend(tx.query(ORDERS, &params, read_order)?);
    }
    Ok(found)
}

pub fn orders_of_link(tx: &mut Tx<'_>, link: &str, service: i64) -> Result<Vec<Order>, StoreError> {
    tx.query(ORDERS_OF_LINK, params![link, service], read_order)
}

pub fn all_orders(tx: &mut Tx<'_>) -> Result<Vec<Order>, StoreError> {
    tx.query(ALL_ORDERS, &[], read_order)
}

pub fn stop_order(tx: &mut Tx<'_>, number: i64, now: Timestamp) -> Result<(), StoreError> {
    tx.enqueue(STOP_ORDER, params![number, now])
}

pub fn insert_refill(tx: &mut Tx<'_>, order: i64, now: Timestamp) -> Result<i64, StoreError> {
    let refill = take_number(tx, "simulator-refills", 1)?;
    tx.enqueue(INSERT_REFILL, params![refill, order, now])?;
    Ok(refill)
}

/// When a refill was asked for.
pub fn refill(tx: &mut Tx<'_>, refill: i64) -> Result<Option<Timestamp>, StoreError> {
    tx.query_opt(REFILL, params![refill], |row| row.get(0))
}

fn take_number(tx: &mut Tx<'_>, name: &str, first: i64) -> Result<i64, StoreError> {
    let next: i64 = tx.query_one(TAKE_NUMBER, params![name, first], |row| row.get(0))?;
    Ok(next - 1)
}

fn read_service(row: &Row<'_>) -> Result<Service, StoreError> {
    let kind: String = row.get(2)?;
    Ok(Service {
        service: row.get(0)?,
        name: row.get(1)?,
        kind: ServiceKind::from_name(&kind)
            .ok_or_else(|| StoreError::corrupt(format!("type of service {kind}")))?,
        category: row.get(3)?,
        rate: row.get(4)?,
        min: row.get(5)?,
        max: row.get(6)?,
        dripfeed: row.get(7)?,
        refill: row.get(8)?,
        cancel: row.get(9)?,
    })
}

fn read_order(row: &Row<'_>) -> Result<Order, StoreError> {
    let old_posts: Option<i64> = row.get(7)?;
    let subscription = match old_posts {
        None => None,
        Some(old_posts) => Some(Subscription {
            old_posts,
            delay_minutes: row.get(8)?,
            expires_at: row.get(9)?,
        }),
    };
    let fate: String = row.get(11)?;
    Ok(Order {
        number: row.get(0)?,
        reference: row.get(1)?,
        task: Task {
            service: row.get(2)?,
            link: row.get(3)?,
            quantity: row.get(4)?,
            runs: row.get(5)?,
            interval_minutes: row.get(6)?,
            subscription,
        },
        rate: row.get(10)?,
        fate: Fate::from_stored(&fate)
            .ok_or_else(|| StoreError::corrupt(format!("fate of order {fate}")))?,
        created_at: row.get(12)?,
        stopped_at: row.get(13)?,
        times_received: row.get(14)?,
        refill: row.get(15)?,
        cancel: row.get(16)?,
    })
}
