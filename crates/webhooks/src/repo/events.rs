use kernel::Timestamp;
use serde_json::Value;
use store::record::Json;
use store::{Row, StoreError, Tx, params, statements};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id, as consumers see it.
    pub id: String,
    /// To whom.
    pub owner: String,
    /// Its place among the events of its owner; later ones have greater numbers.
    pub seq: i64,
    /// What happened: `order.paid`.
    pub kind: String,
    /// To which object: events about one object are told in order.
    pub object_id: String,
    /// The object.
    pub data: Value,
    /// When, on the owner's clock.
    pub occurred_at: Timestamp,
    /// When, in real time.
    pub created_at: Timestamp,
}

macro_rules! select_events {
    ($condition:literal) => {
        concat!(
            "SELECT event_id, owner, seq, kind, object_id, data, occurred_at, created_at FROM webhook_events ",
            $condition
        )
    };
}

statements! {
    TAKE_TURN = "INSERT INTO sequences (name, next) VALUES ($1, 2) \
        ON CONFLICT (name) DO UPDATE SET next = sequences.next + 1 RETURNING next";
    INSERT = "INSERT INTO webhook_events (event_id, owner, seq, kind, object_id, data, occurred_at, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND = select_events!("WHERE event_id = $1");
    AFTER = select_events!("WHERE owner = $1 AND seq > $2 ORDER BY seq LIMIT $3");
    BEFORE = select_events!("WHERE owner = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3");
    FORGET = "DELETE FROM webhook_events WHERE event_id IN (SELECT e.event_id FROM webhook_events e \
        WHERE e.created_at < $1 AND NOT EXISTS \
            (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = e.event_id AND d.status = 'pending') \
        ORDER BY e.created_at LIMIT $2)";
}

/// Waits until no other transaction publishes to this owner or changes its endpoints, and keeps others waiting until this
/// one ends. Returns the next event's place.
pub fn take_turn(tx: &mut Tx<'_>, owner: &str) -> Result<i64, StoreError> {
    let name = format!("webhook-events:{owner}");
    let next: i64 = tx.query_one(TAKE_TURN, params![name], |row| row.get(0))?;
    Ok(next - 1)
}

pub fn insert(tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
    tx.enqueue(
        INSERT,
        params![
            &event.id,
            &event.owner,
            event.seq,
            &event.kind,
            &event.object_id,
            event.data.to_string(),
            event.occurred_at,
            event.created_at,
        ],
    )
}

/// Of whichever owner.
pub fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<Event>, StoreError> {
    tx.query_opt(FIND, params![id], read)
}

/// The events of an owner after this place, in their order.
pub fn after(tx: &mut Tx<'_>, owner: &str, seq: i64, limit: i64) -> Result<Vec<Event>, StoreError> {
    tx.query(AFTER, params![owner, seq, limit], read)
}

/// The events of an owner before this place, the newest first.
pub fn before(
    tx: &mut Tx<'_>,
    owner: &str,
    seq: i64,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    tx.query(BEFORE, params![owner, seq, limit], read)
}

/// Deletes up to `most` of the oldest events from before `before`, with their deliveries, except those still under way;
/// returns how many. For the job that cleans up.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp, most: i64) -> Result<u64, StoreError> {
    tx.execute(FORGET, params![before, most])
}

fn read(row: &Row<'_>) -> Result<Event, StoreError> {
    let Json(data) = row.get(5)?;
    Ok(Event {
        id: row.get(0)?,
        owner: row.get(1)?,
        seq: row.get(2)?,
        kind: row.get(3)?,
        object_id: row.get(4)?,
        data,
        occurred_at: row.get(6)?,
        created_at: row.get(7)?,
    })
}
