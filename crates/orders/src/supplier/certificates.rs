//! What this server delivers itself: certificates. To the rest of the platform they are a supplier like others. The order is
//! delivered once its certificate was verified, and can be cancelled until then.

use super::{
    Answer, NewOrder, PerOrder, Progress, Refusal, Service, State, Supplier, SupplierError,
};
use kernel::{Clock, Id, Rng};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Db, StoreError, Tx, params};
use vouchers::{Facts, NewVoucher, Place, Reason, Seller, Voucher, VoucherId};

/// What the services and order numbers of certificates begin with; no supplier's do.
const PREFIX: &str = "certificate:";

/// The service that is the certificate of a form, filled in for a code.
pub fn service_of(place: Place) -> String {
    format!("{PREFIX}{}:{}", place.tpl_id, place.code_id)
}

/// Whether this server delivers the service itself.
pub fn is_certificate(service: &str) -> bool {
    service.starts_with(PREFIX)
}

fn place_of(service: &str) -> Option<Place> {
    let (tpl_id, code_id) = service.strip_prefix(PREFIX)?.split_once(':')?;
    Some(Place {
        tpl_id: tpl_id.parse().ok()?,
        code_id: code_id.parse().ok()?,
    })
}

fn voucher_of(number: &str) -> Option<VoucherId> {
    number.strip_prefix(PREFIX)?.parse().ok()
}

/// A supplier of certificates, before the one that supplies everything else.
pub struct Certificates {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<Rng>,
    pub(crate) others: Arc<dyn Supplier>,
}

impl Certificates {
    async fn order(
        &self,
        place: Place,
        order: &NewOrder,
        reference: &str,
    ) -> Result<String, SupplierError> {
        let now = self.clock.now();
        let new = NewVoucher {
            voucher_id: Id::new(now, &self.rng),
            seller: Seller::Orders,
            payment: reference.to_owned(),
            sale: reference.to_owned(),
            place,
            facts: Facts {
                product: order.title.clone(),
                reference: reference.to_owned(),
                quantity: order.specification.quantity,
                holder_id: Some(order.organization.to_string()),
                name: order.specification.username.clone(),
                email: None,
            },
        };
        let job = Id::new(now, &self.rng);
        let ordered: Result<Option<Voucher>, StoreError> = self
            .db
            .write(move |tx| {
                if vouchers::want(tx, &new, now)? {
                    vouchers::certify_later(tx, new.voucher_id, job, now)?;
                }
                let of = params![Seller::Orders.name(), &new.payment];
                Voucher::first(tx, Voucher::OF_PAYMENT, of)
            })
            .await;
        let voucher = ordered.map_err(unknown)?.ok_or_else(|| unknown("no row"))?;
        Ok(format!("{PREFIX}{}", voucher.voucher_id))
    }

    async fn progress(&self, number: &str) -> Result<Progress, SupplierError> {
        let id = voucher_of(number).ok_or(SupplierError::Refused(Refusal::Order))?;
        let find = move |tx: &mut Tx<'_>| Voucher::first(tx, Voucher::BY_ID, params![id]);
        let found: Result<Option<Voucher>, StoreError> = self.db.read(find).await;
        let voucher = found
            .map_err(unknown)?
            .ok_or(SupplierError::Refused(Refusal::Order))?;
        let state = match (voucher.redeemed_at, voucher.revoked) {
            (Some(_), _) => State::Completed,
            (None, Some(_)) => State::Canceled,
            (None, None) => State::InProgress,
        };
        Ok(Progress {
            state,
            start_count: None,
            remains: None,
        })
    }

    async fn stop(&self, number: &str) -> Result<(), SupplierError> {
        let id = voucher_of(number).ok_or(SupplierError::Refused(Refusal::Order))?;
        let now = self.clock.now();
        let job = Id::new(now, &self.rng);
        let stopped: Result<bool, StoreError> = self
            .db
            .write(move |tx| {
                let Some(voucher) = Voucher::first(tx, Voucher::LOCK, params![id])? else {
                    return Ok(false);
                };
                if voucher.revoke_unredeemed(tx, Reason::OrderCancelled, now)? {
                    vouchers::certify_later(tx, id, job, now)?;
                    return Ok(true);
                }
                Ok(voucher.redeemed_at.is_none())
            })
            .await;
        match stopped.map_err(unknown)? {
            true => Ok(()),
            false => {
                let why = Refusal::Other("the certificate was used".into());
                Err(SupplierError::Refused(why))
            }
        }
    }
}

fn unknown(error: impl ToString) -> SupplierError {
    SupplierError::Unknown(error.to_string())
}

/// The numbers of certificates, and the others'.
fn split(numbers: &[String]) -> (Vec<&String>, Vec<String>) {
    let (ours, others): (Vec<_>, Vec<_>) = numbers.iter().partition(|n| is_certificate(n));
    (ours, others.into_iter().cloned().collect())
}

/// What the others' supplier says of its orders. It fails alone: what is said of certificates stands.
fn beside<T>(
    mut own: PerOrder<T>,
    others: &[String],
    said: Result<PerOrder<T>, SupplierError>,
) -> Result<PerOrder<T>, SupplierError> {
    match said {
        Ok(said) => own.extend(said),
        Err(error) if own.is_empty() => return Err(error),
        Err(error) => own.extend(others.iter().map(|n| (n.clone(), Err(error.clone())))),
    }
    Ok(own)
}

impl Supplier for Certificates {
    fn add<'a>(&'a self, order: &'a NewOrder, reference: &'a str) -> Answer<'a, String> {
        match place_of(&order.service) {
            Some(place) => Box::pin(self.order(place, order, reference)),
            None => self.others.add(order, reference),
        }
    }

    fn status<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<Progress>> {
        Box::pin(async move {
            let (ours, others) = split(orders);
            let mut own = HashMap::new();
            for number in ours {
                own.insert(number.clone(), self.progress(number).await);
            }
            if others.is_empty() {
                return Ok(own);
            }
            beside(own, &others, self.others.status(&others).await)
        })
    }

    fn refill<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<String>> {
        Box::pin(async move {
            let (ours, others) = split(orders);
            let never = || Refusal::Other("a certificate is delivered once".into());
            let refused = |n: &String| (n.clone(), Err(SupplierError::Refused(never())));
            let own: PerOrder<String> = ours.into_iter().map(refused).collect();
            if others.is_empty() {
                return Ok(own);
            }
            beside(own, &others, self.others.refill(&others).await)
        })
    }

    fn cancel<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<()>> {
        Box::pin(async move {
            let (ours, others) = split(orders);
            let mut own = HashMap::new();
            for number in ours {
                own.insert(number.clone(), self.stop(number).await);
            }
            if others.is_empty() {
                return Ok(own);
            }
            beside(own, &others, self.others.cancel(&others).await)
        })
    }

    fn services(&self) -> Answer<'_, Vec<Service>> {
        self.others.services()
    }

    fn recognizes_references(&self, service: &str) -> bool {
        is_certificate(service) || self.others.recognizes_references(service)
    }
}
