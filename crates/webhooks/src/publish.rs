use crate::repo::deliveries::{self, DeliveryId};
use crate::repo::endpoints::{self, EndpointId};
use crate::repo::events::{self, Event};
use crate::{Contract, Error, Result};
use kernel::{Id, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::jobs::{self, JobId, NewJob};
use store::{StoreError, Tx};

/// What has happened.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    /// The event's id, as consumers see it; of no other event of any owner.
    pub id: &'a str,
    /// To whom it happened.
    pub owner: &'a str,
    /// What happened: `order.paid`.
    pub kind: &'a str,
    /// To which object: events about one object are told in order.
    pub object_id: &'a str,
    /// The object.
    pub data: &'a Value,
    /// When, on the owner's clock.
    pub at: Timestamp,
}

/// Adds an event to the transaction that makes it happen, and sends it to every endpoint that wants it.
///
/// Until the transaction ends, others that publish to the same owner wait: events have the order of
/// their commits. Publish late in a transaction.
pub fn publish(
    tx: &mut Tx<'_>,
    contract: &Contract,
    event: &NewEvent<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = append(tx, event, now)?;
    for endpoint in endpoints::list(tx, &event.owner)? {
        if endpoint.disabled.is_none() && endpoint.events.include(&event.kind) {
            send_to(tx, contract, &event, endpoint.id, now)?;
        }
    }
    Ok(())
}

/// Adds an event and sends it to this endpoint only, which need not want its kind: for test events.
pub fn publish_to(
    tx: &mut Tx<'_>,
    contract: &Contract,
    endpoint: EndpointId,
    event: &NewEvent<'_>,
    now: Timestamp,
) -> Result<DeliveryId> {
    let event = append(tx, event, now)?;
    let found = endpoints::list(tx, &event.owner)?
        .into_iter()
        .find(|found| found.id == endpoint)
        .ok_or(Error::NotFound)?;
    if found.disabled.is_some() {
        return Err(Error::Disabled);
    }
    Ok(send_to(tx, contract, &event, endpoint, now)?)
}

fn append(tx: &mut Tx<'_>, new: &NewEvent<'_>, now: Timestamp) -> Result<Event, StoreError> {
    let event = Event {
        id: new.id.to_owned(),
        owner: new.owner.to_owned(),
        seq: events::take_turn(tx, new.owner)?,
        kind: new.kind.to_owned(),
        object_id: new.object_id.to_owned(),
        data: new.data.clone(),
        occurred_at: new.at,
        created_at: now,
    };
    events::insert(tx, &event)?;
    Ok(event)
}

fn send_to(
    tx: &mut Tx<'_>,
    contract: &Contract,
    event: &Event,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<DeliveryId, StoreError> {
    let id = delivery_id(&event.id, endpoint);
    deliveries::insert(tx, id, endpoint, event, now)?;
    enqueue(tx, contract, id, id.cast(), now)?;
    Ok(id)
}

/// The same for the same event and endpoint, so that a transaction can be run again.
fn delivery_id(event_id: &str, endpoint: EndpointId) -> DeliveryId {
    let hash = Sha256::new()
        .chain_update(endpoint.to_u128().to_be_bytes())
        .chain_update(event_id)
        .finalize();
    let half = hash.iter().take(16);
    Id::from_u128(half.fold(0, |number, byte| number << 8 | u128::from(*byte)))
}

fn enqueue(
    tx: &mut Tx<'_>,
    contract: &Contract,
    delivery: DeliveryId,
    job: JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let job = NewJob {
        id: job,
        kind: contract.job_kind,
        dedupe_key: Some(&job_key(delivery)),
        payload: &format!("\"{delivery}\""),
        run_at: now,
        leased_to: None,
    };
    jobs::enqueue(tx, &job, now)
}

/// Makes the delivery's job due, unless it is being carried out.
pub fn hurry(tx: &mut Tx<'_>, delivery: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    jobs::bring_forward(tx, &job_key(delivery), now)
}

fn job_key(delivery: DeliveryId) -> String {
    format!("webhooks:{delivery}")
}

/// Makes a failed or succeeded delivery due, with a job of its own if it has none left.
pub fn send_again(
    tx: &mut Tx<'_>,
    contract: &Contract,
    delivery: DeliveryId,
    job: JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    deliveries::reopen(tx, delivery, now)?;
    enqueue(tx, contract, delivery, job, now)?;
    hurry(tx, delivery, now)
}
