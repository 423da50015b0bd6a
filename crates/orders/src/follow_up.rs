//! What a client may ask of orders later: refill, cancel, sync; of one, or of many, all or nothing.
//!
//! Everything that can be known is checked before the supplier is asked to do anything, the
//! supplier's own knowledge of the orders included.

use crate::model::{Order, OrderId, OrderStatus, OrganizationId};
use crate::repo::orders::{self, Line};
use crate::supplier::{Progress, SupplierError};
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::{FieldError, OrderRefusal, Subject};
use serde::Serialize;
use store::Tx;

/// A refill that the supplier accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refilled {
    /// The order.
    pub order_id: OrderId,
    /// The refill.
    pub refill_id: kernel::Id<orders::RefillTag>,
}

/// An order that was cancelled, and how it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cancelled {
    /// The order.
    pub order_id: OrderId,
    /// `cancel`, or `partial` when something had been delivered.
    pub order_status: OrderStatus,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Refill,
    Cancel,
    Sync,
}

/// A line that may be asked about, with the supplier's number for it.
struct Known {
    line: Line,
    number: String,
}

type Failures = Vec<(OrderId, PlatformError)>;

impl Orders {
    /// Has the supplier deliver again what was lost.
    pub async fn refill(
        &self,
        organization: OrganizationId,
        ids: &[OrderId],
    ) -> Result<Vec<Refilled>, BatchError> {
        let known = self.known(organization, ids, Wish::Refill).await?;
        let numbers: Vec<String> = known.iter().map(|k| k.number.clone()).collect();
        let mut answers = self
            .supplier()
            .refill(&numbers)
            .await
            .map_err(supplier_failed)?;
        let now = self.now();
        let (mut done, mut failures) = (Vec::new(), Failures::new());
        for Known { line, number } in known {
            let order_id = line.order;
            match answers.remove(&number).unwrap_or_else(left_out) {
                Ok(supplier_refill) => {
                    let refill_id = self.new_id(now);
                    self.db()
                        .write(move |tx| {
                            orders::insert_refill(tx, refill_id, &line, &supplier_refill, now)
                        })
                        .await
                        .map_err(Error::from)?;
                    done.push(Refilled {
                        order_id,
                        refill_id,
                    });
                }
                Err(error) => {
                    failures.push((order_id, refused(&error, OrderRefusal::NotCompleted)));
                }
            }
        }
        all_or_nothing(done, failures)
    }

    /// Has the supplier stop orders, and gives back what was not delivered.
    pub async fn cancel(
        &self,
        organization: OrganizationId,
        ids: &[OrderId],
    ) -> Result<Vec<Cancelled>, BatchError> {
        let known = self.known(organization, ids, Wish::Cancel).await?;
        let numbers: Vec<String> = known.iter().map(|k| k.number.clone()).collect();
        let mut answers = self
            .supplier()
            .cancel(&numbers)
            .await
            .map_err(supplier_failed)?;
        let mut failures = Failures::new();
        for Known { line, number } in &known {
            if let Err(error) = answers.remove(number).unwrap_or_else(left_out) {
                failures.push((line.order, refused(&error, OrderRefusal::AlreadyEnded)));
            }
        }
        // How the orders stand now, also those beside a failed one.
        self.ask_progress(known).await?;
        let ids = ids.to_vec();
        let now_standing: Vec<Order> = self.read_orders(organization, ids).await?;
        let done = now_standing
            .into_iter()
            .map(|order| Cancelled {
                order_id: order.order_id,
                order_status: order.order_status,
            })
            .collect();
        all_or_nothing(done, failures)
    }

    /// Asks the supplier how far orders are, now.
    pub async fn sync(
        &self,
        organization: OrganizationId,
        ids: &[OrderId],
    ) -> Result<Vec<Order>, BatchError> {
        self.known(organization, ids, Wish::Sync).await?;
        Ok(self.read_orders(organization, ids.to_vec()).await?)
    }

    /// Checks that all of the orders exist, allow the wish, and are known to the supplier; writes down
    /// how far it says they are.
    async fn known(
        &self,
        organization: OrganizationId,
        ids: &[OrderId],
        wish: Wish,
    ) -> Result<Vec<Known>, BatchError> {
        let wanted = ids.to_vec();
        let lines: Vec<Option<Line>> = self
            .db()
            .read(move |tx: &mut Tx<'_>| {
                wanted
                    .iter()
                    .map(|id| orders::line(tx, organization, *id))
                    .collect::<Result<_, _>>()
            })
            .await
            .map_err(Error::from)?;
        let (mut known, mut failures) = (Vec::new(), Failures::new());
        for (id, line) in ids.iter().zip(lines) {
            match check(line, wish) {
                Ok(line) => known.push(line),
                Err(error) => failures.push((*id, error)),
            }
        }
        let known = all_or_nothing(known, failures)?;
        let refused = self.ask_progress(known).await?;
        let (mut known, mut failures) = (Vec::new(), Failures::new());
        for (entry, error) in refused {
            match error {
                None => known.push(entry),
                Some(error) => {
                    failures.push((entry.line.order, error.code(0, 0)));
                }
            }
        }
        all_or_nothing(known, failures)
    }

    async fn ask_progress(
        &self,
        known: Vec<Known>,
    ) -> Result<Vec<(Known, Option<SupplierError>)>, BatchError> {
        let numbers: Vec<String> = known.iter().map(|k| k.number.clone()).collect();
        let mut answers = self
            .supplier()
            .status(&numbers)
            .await
            .map_err(supplier_failed)?;
        let mut asked = Vec::new();
        for entry in known {
            let answer: Result<Progress, SupplierError> =
                answers.remove(&entry.number).unwrap_or_else(left_out);
            // What has ended stays as it is, whatever the supplier says of it now.
            let refusal = if entry.line.status.has_ended() {
                answer.err()
            } else {
                self.apply(entry.line.clone(), Some(answer)).await?
            };
            asked.push((entry, refusal));
        }
        Ok(asked)
    }

    async fn read_orders(
        &self,
        organization: OrganizationId,
        ids: Vec<OrderId>,
    ) -> Result<Vec<Order>> {
        let public_url = self.public_url().to_owned();
        Ok(self
            .db()
            .read(move |tx| {
                let found: Result<Vec<Option<Order>>, _> = ids
                    .iter()
                    .map(|id| orders::find(tx, organization, *id))
                    .collect();
                let mut orders: Vec<Order> = found?.into_iter().flatten().collect();
                orders::attach_details(tx, &mut orders, &public_url)?;
                Ok::<_, store::StoreError>(orders)
            })
            .await?)
    }
}

fn check(line: Option<Line>, wish: Wish) -> Result<Known, PlatformError> {
    let line = line.ok_or(PlatformError::DataNotExist {
        what: Subject::Order,
    })?;
    let refuse = |reason| Err(PlatformError::CreateOrderFailed { reason });
    match wish {
        Wish::Refill if !line.is_refillable => return refuse(OrderRefusal::NotRefillable),
        Wish::Cancel if !line.is_cancelable => return refuse(OrderRefusal::NotCancelable),
        Wish::Cancel if line.status.has_ended() && line.supplier_order.is_some() => {
            return refuse(OrderRefusal::AlreadyEnded);
        }
        Wish::Refill | Wish::Cancel | Wish::Sync => {}
    }
    match line.supplier_order.clone() {
        Some(number) => Ok(Known { line, number }),
        None => Err(PlatformError::IncorrectOrderId),
    }
}

fn left_out<T>() -> Result<T, SupplierError> {
    Err(SupplierError::Unknown("the order was left out".into()))
}

/// A supplier's refusal of one order. In its own words it means that the order's state does not allow it.
fn refused(error: &SupplierError, reason: OrderRefusal) -> PlatformError {
    match error {
        SupplierError::Refused(crate::supplier::Refusal::Other(_)) => {
            PlatformError::CreateOrderFailed { reason }
        }
        _ => error.code(0, 0),
    }
}

/// Why nothing came of a follow-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// These elements failed, each for its own reason.
    Elements(Vec<(OrderId, PlatformError)>),
    /// The whole failed.
    Whole(Error),
}

impl From<Error> for BatchError {
    fn from(error: Error) -> Self {
        Self::Whole(error)
    }
}

impl BatchError {
    /// For a call about one order: its own code.
    pub fn of_one(self) -> Error {
        match self {
            Self::Elements(mut failures) => match failures.pop() {
                Some((_, error)) => error.into(),
                None => Error::Failed("a failure without an element".into()),
            },
            Self::Whole(error) => error,
        }
    }

    /// For a call about several: one item per element that failed, at its place in `ids`.
    pub fn of_many(self, property: &str, ids: &[OrderId]) -> Error {
        match self {
            Self::Elements(failures) => {
                let items = failures
                    .into_iter()
                    .map(|(id, error)| {
                        let place = ids.iter().position(|i| *i == id).unwrap_or(0);
                        FieldError::at(format!("{property}[{place}]"), error)
                    })
                    .collect();
                PlatformError::BatchOperationFailed { items }.into()
            }
            Self::Whole(error) => error,
        }
    }
}

fn supplier_failed(error: SupplierError) -> BatchError {
    BatchError::Whole(error.code(0, 0).into())
}

fn all_or_nothing<T>(done: Vec<T>, failures: Failures) -> Result<Vec<T>, BatchError> {
    if failures.is_empty() {
        Ok(done)
    } else {
        Err(BatchError::Elements(failures))
    }
}
