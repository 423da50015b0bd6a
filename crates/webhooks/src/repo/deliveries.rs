use super::endpoints::EndpointId;
use super::events::Event;
use kernel::{Id, Timestamp};
use std::time::Duration;
use store::{Row, StoreError, Tx, params, statements};

/// Marks the type of delivery ids.
#[derive(Debug)]
pub enum DeliveryTag {}
/// Names a delivery.
pub type DeliveryId = Id<DeliveryTag>;

store::text_enum! {
    /// How far a delivery is.
    pub enum DeliveryStatus {
        /// An attempt is to be made.
        Pending = "pending",
        /// The last attempt was answered with 2xx.
        Succeeded = "succeeded",
        /// No attempt is made any more.
        Failed = "failed",
    }
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where to.
    pub endpoint: EndpointId,
    /// What.
    pub event_id: String,
    /// The event's place among the events of its owner.
    pub seq: i64,
    /// The event's kind.
    pub kind: String,
    /// The event's object.
    pub object_id: String,
    /// How far it is.
    pub status: DeliveryStatus,
    /// How many attempts have been made.
    pub attempts: i64,
    /// When the next one is due.
    pub next_attempt_at: Option<Timestamp>,
    /// The HTTP status of the last attempt, if there was an answer.
    pub last_status: Option<i64>,
    /// Why the last attempt, or the delivery, failed.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it succeeded or failed.
    pub completed_at: Option<Timestamp>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which one, counted from 1.
    pub attempt: i64,
    /// The HTTP status, if there was an answer.
    pub status: Option<i64>,
    /// Why it failed; `None`: it succeeded.
    pub error: Option<String>,
    /// The start of the answer's body.
    pub response: Option<String>,
    /// How long it took.
    pub duration: Duration,
    /// When it was made.
    pub attempted_at: Timestamp,
}

/// How an endpoint has done lately, as far as its deliveries are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Deliveries that have succeeded.
    pub succeeded: i64,
    /// Deliveries that have failed.
    pub failed: i64,
    /// Deliveries under way.
    pub pending: i64,
    /// When the last one succeeded or failed.
    pub last_completed_at: Option<Timestamp>,
}

macro_rules! select_deliveries {
    ($condition:literal) => {
        concat!(
            "SELECT delivery_id, endpoint_id, event_id, seq, kind, object_id, status, attempts, next_attempt_at, \
             last_status, last_error, created_at, completed_at FROM webhook_deliveries ",
            $condition
        )
    };
}

statements! {
    INSERT = "INSERT INTO webhook_deliveries (delivery_id, endpoint_id, event_id, seq, kind, object_id, status, \
            attempts, next_attempt_at, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, $7)";
    FIND = select_deliveries!("WHERE delivery_id = $1");
    NEWEST = select_deliveries!("WHERE endpoint_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3");
    NEWEST_OF_STATUS = select_deliveries!("WHERE endpoint_id = $1 AND status = $2 AND seq < $3 \
        ORDER BY seq DESC LIMIT $4");
    EARLIER_UNTRIED = "SELECT delivery_id FROM webhook_deliveries WHERE endpoint_id = $1 AND object_id = $2 AND seq < $3 \
        AND status = 'pending' AND attempts = 0 LIMIT 1";
    NEXT_UNTRIED = "SELECT delivery_id FROM webhook_deliveries WHERE endpoint_id = $1 AND object_id = $2 AND seq > $3 \
        AND status = 'pending' AND attempts = 0 ORDER BY seq LIMIT 1";
    SETTLE = "UPDATE webhook_deliveries SET status = $2, attempts = $3, next_attempt_at = $4, last_status = $5, \
            last_error = $6, completed_at = $7 WHERE delivery_id = $1";
    GIVE_UP = "UPDATE webhook_deliveries SET status = 'failed', next_attempt_at = NULL, last_error = $2, completed_at = $3 \
        WHERE delivery_id = $1 AND status = 'pending'";
    GIVE_UP_ALL = "UPDATE webhook_deliveries SET status = 'failed', next_attempt_at = NULL, last_error = $2, \
            completed_at = $3 WHERE endpoint_id = $1 AND status = 'pending'";
    REOPEN = "UPDATE webhook_deliveries SET status = 'pending', next_attempt_at = $2, completed_at = NULL \
        WHERE delivery_id = $1";
    LOG = "INSERT INTO webhook_attempts (delivery_id, attempt, status, error, response, duration_ms, attempted_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ATTEMPTS = "SELECT attempt, status, error, response, duration_ms, attempted_at FROM webhook_attempts \
        WHERE delivery_id = $1 ORDER BY attempt";
    SUMMARY = "SELECT COUNT(CASE WHEN status = 'succeeded' THEN 1 END), COUNT(CASE WHEN status = 'failed' THEN 1 END), \
            COUNT(CASE WHEN status = 'pending' THEN 1 END), MAX(completed_at) \
        FROM webhook_deliveries WHERE endpoint_id = $1";
}

/// What a delivery says that an endpoint's being disabled made fail.
const DISABLED: &str = "the endpoint is disabled";

/// A new delivery of an event, due at once.
pub fn insert(
    tx: &mut Tx<'_>,
    id: DeliveryId,
    endpoint: EndpointId,
    event: &Event,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(
        INSERT,
        params![
            id,
            endpoint,
            &event.id,
            event.seq,
            &event.kind,
            &event.object_id,
            now,
        ],
    )
}

/// Of whichever endpoint.
pub fn find(tx: &mut Tx<'_>, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    tx.query_opt(FIND, params![id], read)
}

/// The deliveries to an endpoint of events before this place, the newest first.
pub fn newest(
    tx: &mut Tx<'_>,
    endpoint: EndpointId,
    status: Option<DeliveryStatus>,
    before: i64,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    match status {
        Some(status) => {
            let params = params![endpoint, status.name(), before, limit];
            tx.query(NEWEST_OF_STATUS, params, read)
        }
        None => tx.query(NEWEST, params![endpoint, before, limit], read),
    }
}

/// Whether an event about the same object has not been tried yet that happened before.
pub fn must_wait(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<bool, StoreError> {
    let params = params![delivery.endpoint, &delivery.object_id, delivery.seq];
    let earlier = tx.query_opt(EARLIER_UNTRIED, params, |row| row.get::<DeliveryId>(0))?;
    Ok(delivery.attempts == 0 && earlier.is_some())
}

/// The delivery that waits for this one's first attempt.
pub fn successor(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<Option<DeliveryId>, StoreError> {
    let params = params![delivery.endpoint, &delivery.object_id, delivery.seq];
    tx.query_opt(NEXT_UNTRIED, params, |row| row.get(0))
}

/// Stores what came of an attempt, and what follows from it: the delivery has succeeded, failed, or is tried again at
/// `next_attempt_at`.
pub fn settle(
    tx: &mut Tx<'_>,
    id: DeliveryId,
    attempt: &Attempt,
    next_attempt_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (status, completed_at) = match (next_attempt_at, &attempt.error) {
        (Some(_), _) => (DeliveryStatus::Pending, None),
        (None, Some(_)) => (DeliveryStatus::Failed, Some(now)),
        (None, None) => (DeliveryStatus::Succeeded, Some(now)),
    };
    let error = attempt.error.as_deref();
    tx.enqueue(
        SETTLE,
        params![
            id,
            status.name(),
            attempt.attempt,
            next_attempt_at,
            attempt.status,
            error,
            completed_at,
        ],
    )?;
    tx.enqueue(
        LOG,
        params![
            id,
            attempt.attempt,
            attempt.status,
            error,
            attempt.response.as_deref(),
            i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX),
            attempt.attempted_at,
        ],
    )
}

/// Fails a pending delivery because its endpoint is disabled.
pub fn give_up(tx: &mut Tx<'_>, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    tx.enqueue(GIVE_UP, params![id, DISABLED, now])
}

/// Fails all pending deliveries of an endpoint because it is disabled.
pub fn give_up_all(
    tx: &mut Tx<'_>,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(GIVE_UP_ALL, params![endpoint, DISABLED, now])
}

/// Makes a delivery due, whatever has become of it.
pub fn reopen(tx: &mut Tx<'_>, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(REOPEN, params![id, now]).map(drop)
}

/// The attempts at a delivery, the first one first.
pub fn attempts(tx: &mut Tx<'_>, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
    tx.query(ATTEMPTS, params![id], |row| {
        let millis: i64 = row.get(4)?;
        Ok(Attempt {
            attempt: row.get(0)?,
            status: row.get(1)?,
            error: row.get(2)?,
            response: row.get(3)?,
            duration: Duration::from_millis(u64::try_from(millis).map_err(StoreError::corrupt)?),
            attempted_at: row.get(5)?,
        })
    })
}

pub fn summary(tx: &mut Tx<'_>, endpoint: EndpointId) -> Result<Summary, StoreError> {
    tx.query_one(SUMMARY, params![endpoint], |row| {
        Ok(Summary {
            succeeded: row.get(0)?,
            failed: row.get(1)?,
            pending: row.get(2)?,
            last_completed_at: row.get(3)?,
        })
    })
}

fn read(row: &Row<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.get(0)?,
        endpoint: row.get(1)?,
        event_id: row.get(2)?,
        seq: row.get(3)?,
        kind: row.get(4)?,
        object_id: row.get(5)?,
        status: row.get(6)?,
        attempts: row.get(7)?,
        next_attempt_at: row.get(8)?,
        last_status: row.get(9)?,
        last_error: row.get(10)?,
        created_at: row.get(11)?,
        completed_at: row.get(12)?,
    })
}
