//! Deliveries, as the owners of endpoints see them.

use crate::endpoints::owned;
use crate::publish::send_again;
use crate::repo::deliveries::{self, Attempt, Delivery, DeliveryId, DeliveryStatus};
use crate::repo::endpoints::{EndpointId, Signer};
use crate::repo::events;
use crate::{Error, Result, Webhooks};
use kernel::Id;
use store::{StoreError, Tx};

/// Which deliveries to list.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryPage {
    /// Only those.
    pub status: Option<DeliveryStatus>,
    /// Only those older than this one.
    pub before: Option<DeliveryId>,
    /// So many at most.
    pub limit: i64,
}

/// A delivery and all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// The attempts made, the first one first.
    pub attempts: Vec<Attempt>,
    /// The body that the next attempt would have.
    pub body: String,
}

impl Webhooks {
    /// The deliveries to an endpoint, the newest first.
    pub async fn deliveries(
        &self,
        owner: &str,
        endpoint: EndpointId,
        page: DeliveryPage,
    ) -> Result<Vec<Delivery>> {
        let owner = owner.to_owned();
        self.db()
            .scan(move |tx| {
                owned(tx, &owner, endpoint)?;
                let before = match page.before {
                    Some(id) => find(tx, &owner, id)?.0.seq,
                    None => i64::MAX,
                };
                let DeliveryPage { status, limit, .. } = page;
                Ok(deliveries::newest(tx, endpoint, status, before, limit)?)
            })
            .await
    }

    /// One delivery with its attempts.
    pub async fn delivery(&self, owner: &str, id: DeliveryId) -> Result<DeliveryRecord> {
        let (owner, body) = (owner.to_owned(), self.inner.contract.body);
        self.db()
            .read(move |tx| {
                let (delivery, signer) = find(tx, &owner, id)?;
                let event = events::find(tx, &delivery.event_id)?
                    .ok_or_else(|| StoreError::corrupt("a delivery has no event"))?;
                Ok(DeliveryRecord {
                    attempts: deliveries::attempts(tx, id)?,
                    body: body(&event, &signer.endpoint.options),
                    delivery,
                })
            })
            .await
    }

    /// Makes another attempt at a delivery now, whatever has become of it. If it fails, more follow only as far
    /// as the schedule has any left.
    pub async fn resend(&self, owner: &str, id: DeliveryId) -> Result<()> {
        let (now, owner, contract) = (self.now(), owner.to_owned(), self.inner.contract);
        let job = Id::new(now, &self.inner.rng);
        self.db()
            .write(move |tx| {
                let (_, signer) = find(tx, &owner, id)?;
                if signer.endpoint.disabled.is_some() {
                    return Err(Error::Disabled);
                }
                Ok(send_again(tx, &contract, id, job, now)?)
            })
            .await
    }
}

/// The delivery and its endpoint, if that is the owner's.
fn find(tx: &mut Tx<'_>, owner: &str, id: DeliveryId) -> Result<(Delivery, Signer)> {
    let delivery = deliveries::find(tx, id)?.ok_or(Error::NotFound)?;
    let signer = owned(tx, owner, delivery.endpoint)?;
    Ok((delivery, signer))
}
