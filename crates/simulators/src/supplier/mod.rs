//! A wholesale supplier: one address, `POST` forms with `key` and `action`, JSON answers.

mod faults;
mod form;
mod order;
mod progress;
mod protocol;
mod repo;
#[cfg(test)]
mod tests;

pub use faults::Fault;
pub use progress::{Delivery, Status};
pub(crate) use repo::STATEMENTS;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use faults::TestLink;
use form::Form;
use kernel::{Clock, Secret, Timestamp};
use order::{Fate, Order};
use progress::progress;
use protocol::{Answer, Failure, Refusal, echo};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use store::{Db, StoreError, Tx};
use subtle::ConstantTimeEq;

const LONGEST_REFERENCE: usize = 200;
const CURRENCY: &str = "USD";
/// What is on our account, whatever we order.
const BALANCE: &str = "100.84292";

/// How the supplier behaves.
#[derive(Clone, Debug)]
pub struct SupplierConfig {
    /// The key that it accepts.
    pub key: Secret<String>,
    /// How fast it delivers.
    pub delivery: Delivery,
    /// How long orders for the test link `/slow` wait for their answer.
    pub slow: Duration,
    /// Whether it refuses an order while one for the same link and service is running.
    pub refuse_duplicates: bool,
}

impl SupplierConfig {
    /// The usual behaviour: seven seconds for `/slow`, longer than a client waits and shorter than a
    /// connector does; duplicates are accepted.
    pub fn new(key: Secret<String>) -> Self {
        Self {
            key,
            delivery: Delivery::default(),
            slow: Duration::from_secs(7),
            refuse_duplicates: false,
        }
    }
}

/// A service on offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its number.
    pub service: i64,
    /// Its name.
    pub name: String,
    /// Which fields its orders have.
    pub kind: ServiceKind,
    /// Where it is listed.
    pub category: String,
    /// The price of 1000 units, a decimal number such as `0.90`.
    pub rate: String,
    /// The smallest quantity.
    pub min: i64,
    /// The largest quantity.
    pub max: i64,
    /// Whether it takes `runs` and `interval`.
    pub dripfeed: bool,
    /// Whether completed orders can be refilled.
    pub refill: bool,
    /// Whether running orders can be canceled.
    pub cancel: bool,
}

/// The protocol's types of services, as far as we order them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// `link`, `quantity`, and for drip-feed `runs` and `interval`.
    Default,
    /// `link`, `quantity`, `username`.
    CommentLikes,
    /// `link`, `comments`.
    CustomComments,
    /// `username`, `min`, `max`, `posts`, `old_posts`, `delay`, `expiry`.
    Subscriptions,
}

impl ServiceKind {
    const ALL: [Self; 4] = [
        Self::Default,
        Self::CommentLikes,
        Self::CustomComments,
        Self::Subscriptions,
    ];

    /// The protocol's name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::CommentLikes => "Comment Likes",
            Self::CustomComments => "Custom Comments",
            Self::Subscriptions => "Subscriptions",
        }
    }

    /// The type with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An order in the supplier's books, for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedOrder {
    /// Its number.
    pub order: i64,
    /// The reference that came with it.
    pub reference: Option<String>,
    /// The service.
    pub service: i64,
    /// Link or, where there is none, user name.
    pub link: String,
    /// Units of each run or post.
    pub quantity: i64,
    /// Units of all of them.
    pub total: i64,
    /// Units delivered by now.
    pub delivered: i64,
    /// Its state now.
    pub status: Status,
    /// How often `add` was received with its reference.
    pub times_received: i64,
}

/// The simulated supplier. Cheap to clone; all clones are the same supplier.
#[derive(Clone)]
pub struct Supplier {
    shared: Arc<Shared>,
}

struct Shared {
    db: Db,
    clock: Arc<dyn Clock>,
    config: SupplierConfig,
    fault: RwLock<Option<Fault>>,
}

impl Supplier {
    /// A supplier whose books are in `db` and who lives by `clock`.
    pub fn new(db: Db, clock: Arc<dyn Clock>, config: SupplierConfig) -> Self {
        Self {
            shared: Arc::new(Shared {
                db,
                clock,
                config,
                fault: RwLock::default(),
            }),
        }
    }

    /// `POST /api/v2`, which is the whole protocol.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/api/v2", post(handle))
            .with_state(self.clone())
    }

    /// Puts services on offer, or changes those with the same numbers. What is withdrawn stays so.
    pub async fn seed_services(&self, services: &[Service]) -> Result<(), StoreError> {
        let services = services.to_vec();
        self.shared
            .db
            .write(move |tx| {
                services
                    .iter()
                    .try_for_each(|service| repo::upsert_service(tx, service))
            })
            .await
    }

    /// Takes a service off the list, or puts it back.
    pub async fn withdraw_service(&self, service: i64, withdrawn: bool) -> Result<(), StoreError> {
        self.shared
            .db
            .write(move |tx| repo::withdraw_service(tx, service, withdrawn))
            .await
    }

    /// Makes something go wrong with every request to this process, or nothing any more.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *self
            .shared
            .fault
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Every order in the books, the oldest first.
    pub async fn orders(&self) -> Result<Vec<SimulatedOrder>, StoreError> {
        let now = self.now();
        let orders = self.shared.db.scan(repo::all_orders).await?;
        let simulated = orders.into_iter().map(|order| {
            let progress = progress(&order, &self.shared.config.delivery, now);
            SimulatedOrder {
                order: order.number,
                reference: order.reference,
                service: order.task.service,
                link: order.task.link,
                quantity: order.task.quantity,
                total: progress.total,
                delivered: progress.delivered,
                status: progress.status,
                times_received: order.times_received,
            }
        });
        Ok(simulated.collect())
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn fault(&self) -> Option<Fault> {
        *self
            .shared
            .fault
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, body: Body) -> Answer {
        let fault = self.fault();
        match fault {
            Some(Fault::Down) => return Answer::Down,
            Some(Fault::Garbled) => return Answer::Garbled,
            _ => {}
        }
        let answer = Answer::from(self.carry_out(body, fault).await);
        match fault {
            Some(Fault::LoseAnswer) => return Answer::Lost,
            Some(Fault::Slow(wait)) => tokio::time::sleep(wait).await,
            _ => {}
        }
        answer
    }

    async fn carry_out(&self, body: Body, fault: Option<Fault>) -> Result<Answer, Failure> {
        let form = Form::read(body).await?;
        let key = form.get("key").unwrap_or_default();
        let accepted = self.shared.config.key.expose();
        let same: bool = key.as_bytes().ct_eq(accepted.as_bytes()).into();
        if !same || fault == Some(Fault::InvalidKey) {
            return Err(Refusal::InvalidKey.into());
        }
        let out_of_funds = fault == Some(Fault::OutOfFunds);
        let answer = match form.get("action") {
            Some("services") => self.services().await?,
            Some("add") => return self.add(form, out_of_funds).await,
            Some("status") => self.status(&form).await?,
            Some("cancel") => self.cancel(&form).await?,
            Some("refill") => self.refill(&form).await?,
            Some("refill_status") => self.refill_status(&form).await?,
            Some("balance") => json!({
                "balance": if out_of_funds { "0.00000" } else { BALANCE },
                "currency": CURRENCY,
            }),
            _ => return Err(Refusal::IncorrectRequest.into()),
        };
        Ok(Answer::Json(answer))
    }

    async fn services(&self) -> Result<Value, Failure> {
        let services = self.shared.db.scan(repo::services).await?;
        Ok(services.iter().map(service_json).collect())
    }

    async fn add(&self, form: Form, out_of_funds: bool) -> Result<Answer, Failure> {
        let target = form.get("link").or_else(|| form.get("username"));
        let test_link = target.and_then(TestLink::of);
        match test_link {
            Some(TestLink::Down) => return Ok(Answer::Down),
            Some(TestLink::Garbled) => return Ok(Answer::Garbled),
            _ => {}
        }
        let reference = form.get("reference").map(str::to_owned);
        if reference
            .as_ref()
            .is_some_and(|r| r.len() > LONGEST_REFERENCE)
        {
            return Err(Refusal::IncorrectRequest.into());
        }
        let now = self.now();
        let shared = Arc::clone(&self.shared);
        let (order, times_received) = self
            .shared
            .db
            .write(move |tx| {
                if let Some(reference) = &reference
                    && let Some(order) = repo::receive_again(tx, reference)?
                {
                    return Ok((order, 2));
                }
                let service = wanted_service(tx, &form)?;
                let fate = fate(test_link)?;
                let task = order::task(&form, &service, now)?;
                if shared.config.refuse_duplicates {
                    let others = repo::orders_of_link(tx, &task.link, task.service)?;
                    let delivery = &shared.config.delivery;
                    let running = |o: &Order| progress(o, delivery, now).status.is_running();
                    if others.iter().any(running) {
                        return Err(Refusal::LinkDuplicate.into());
                    }
                }
                if out_of_funds {
                    return Err(Refusal::NotEnoughFunds.into());
                }
                let order = repo::NewOrder {
                    reference: reference.as_deref(),
                    task: &task,
                    rate: &service.rate,
                    fate,
                };
                Ok::<_, Failure>(repo::insert_order(tx, &order, now)?)
            })
            .await?;
        match test_link {
            Some(TestLink::Lost) if times_received == 1 => return Ok(Answer::Lost),
            Some(TestLink::Slow) => tokio::time::sleep(self.shared.config.slow).await,
            _ => {}
        }
        Ok(Answer::Json(json!({ "order": order })))
    }

    async fn status(&self, form: &Form) -> Result<Value, Failure> {
        let now = self.now();
        let delivery = &self.shared.config.delivery;
        let answer = |order: Result<&Order, Refusal>| {
            order.map_or_else(Refusal::json, |order| status_json(order, delivery, now))
        };
        if let Some(id) = form.get("order") {
            let orders = self.find(&[id]).await?;
            return Ok(answer(orders.get(id)));
        }
        let ids = form.ids("orders")?.ok_or(Refusal::IncorrectOrder)?;
        let orders = self.find(&ids).await?;
        let all: Map<_, _> = ids
            .iter()
            .map(|id| ((*id).to_owned(), answer(orders.get(id))))
            .collect();
        Ok(Value::Object(all))
    }

    async fn cancel(&self, form: &Form) -> Result<Value, Failure> {
        let single = form.get("order").map(|id| vec![id]);
        let ids = form.ids("orders")?.or(single);
        self.change(&ids.ok_or(Refusal::IncorrectOrder)?, "cancel", stop)
            .await
    }

    async fn refill(&self, form: &Form) -> Result<Value, Failure> {
        if let Some(id) = form.get("order") {
            let list = self.change(&[id], "refill", refill).await?;
            // What stands for one of several is the answer for one alone: a number becomes a text.
            return Ok(match &list[0]["refill"] {
                Value::Number(number) => json!({ "refill": number.to_string() }),
                refused => refused.clone(),
            });
        }
        let ids = form.ids("orders")?.ok_or(Refusal::IncorrectOrder)?;
        self.change(&ids, "refill", refill).await
    }

    async fn refill_status(&self, form: &Form) -> Result<Value, Failure> {
        let now = self.now();
        let single = form.get("refill").map(str::to_owned);
        let ids = match &single {
            Some(id) => vec![id.as_str()],
            None => form.ids("refills")?.ok_or(Refusal::RefillNotFound)?,
        };
        let numbers: Vec<_> = ids.iter().map(|id| id.parse::<i64>().ok()).collect();
        let found = self
            .shared
            .db
            .read(move |tx| {
                let find = |number: &Option<i64>| match number {
                    Some(number) => repo::refill(tx, *number),
                    None => Ok(None),
                };
                numbers
                    .iter()
                    .map(find)
                    .collect::<Result<Vec<_>, StoreError>>()
            })
            .await?;
        let status = |since: &Option<Timestamp>| match since {
            Some(since) => json!(refill_status(&self.shared.config.delivery, *since, now)),
            None => Refusal::RefillNotFound.json(),
        };
        if single.is_some() {
            return Ok(match found.first().map(status) {
                Some(Value::String(status)) => json!({ "status": status }),
                _ => Refusal::RefillNotFound.json(),
            });
        }
        let list = ids.iter().zip(&found);
        Ok(list
            .map(|(id, since)| json!({ "refill": echo(id), "status": status(since) }))
            .collect())
    }

    async fn find(&self, ids: &[&str]) -> Result<Known, StoreError> {
        let numbers = numbers(ids);
        self.shared
            .db
            .read(move |tx| Known::load(tx, &numbers))
            .await
    }

    /// Does something to each of several orders, and answers with a list.
    async fn change(
        &self,
        ids: &[&str],
        what: &'static str,
        change: fn(&mut Tx<'_>, &Order, Status, Timestamp) -> Result<i64, Failure>,
    ) -> Result<Value, Failure> {
        let now = self.now();
        let shared = Arc::clone(&self.shared);
        let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        self.shared
            .db
            .write(move |tx| {
                let texts: Vec<_> = ids.iter().map(String::as_str).collect();
                let known = Known::load(tx, &numbers(&texts))?;
                let mut list = Vec::new();
                for id in texts {
                    let done = known.get(id).map_err(Failure::from).and_then(|order| {
                        let progress = progress(order, &shared.config.delivery, now);
                        change(tx, order, progress.status, now)
                    });
                    let word = match done {
                        Ok(word) => json!(word),
                        Err(Failure::Refused(refusal)) => refusal.json(),
                        Err(error) => return Err(error),
                    };
                    list.push(json!({ "order": echo(id), what: word }));
                }
                Ok(Value::Array(list))
            })
            .await
    }
}

async fn handle(State(supplier): State<Supplier>, body: Body) -> Answer {
    supplier.answer(body).await
}

/// The orders that the supplier admits to, by number.
struct Known(HashMap<i64, Order>);

impl Known {
    fn load(tx: &mut Tx<'_>, numbers: &[i64]) -> Result<Self, StoreError> {
        let orders = repo::orders(tx, numbers)?.into_iter();
        let known = orders.filter(|order| order.fate != Fate::Forgotten);
        Ok(Self(known.map(|order| (order.number, order)).collect()))
    }

    fn get(&self, id: &str) -> Result<&Order, Refusal> {
        let number: i64 = id.parse().map_err(|_| Refusal::IncorrectOrder)?;
        self.0.get(&number).ok_or(Refusal::IncorrectOrder)
    }
}

fn numbers(ids: &[&str]) -> Vec<i64> {
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

fn wanted_service(tx: &mut Tx<'_>, form: &Form) -> Result<Service, Failure> {
    let number = form.get("service").and_then(|text| text.parse().ok());
    let service = match number {
        Some(number) => repo::service(tx, number)?,
        None => None,
    };
    Ok(service.ok_or(Refusal::IncorrectService)?)
}

/// What a test link makes of an order, or why it is refused.
const fn fate(test_link: Option<TestLink>) -> Result<Fate, Refusal> {
    let Some(test_link) = test_link else {
        return Ok(Fate::Normal);
    };
    Err(match test_link {
        TestLink::OutOfFunds => Refusal::NotEnoughFunds,
        TestLink::Refused => Refusal::Link,
        TestLink::Duplicate => Refusal::LinkDuplicate,
        TestLink::Comment => Refusal::Comment,
        TestLink::Withdrawn => Refusal::IncorrectService,
        TestLink::Forgotten => return Ok(Fate::Forgotten),
        TestLink::Partial => return Ok(Fate::Partial),
        TestLink::Canceled => return Ok(Fate::Canceled),
        TestLink::Never => return Ok(Fate::Never),
        TestLink::Down | TestLink::Garbled | TestLink::Slow | TestLink::Lost => {
            return Ok(Fate::Normal);
        }
    })
}

/// Cancels an order. To cancel it again changes nothing.
fn stop(tx: &mut Tx<'_>, order: &Order, status: Status, now: Timestamp) -> Result<i64, Failure> {
    if !order.cancel {
        return Err(Refusal::NotCancelable.into());
    }
    if order.stopped_at.is_none() {
        if !status.is_running() {
            return Err(Refusal::AlreadyOver.into());
        }
        repo::stop_order(tx, order.number, now)?;
    }
    Ok(1)
}

fn refill(tx: &mut Tx<'_>, order: &Order, status: Status, now: Timestamp) -> Result<i64, Failure> {
    if !order.refill {
        return Err(Refusal::NotRefillable.into());
    }
    if status != Status::Completed {
        return Err(Refusal::NotCompleted.into());
    }
    Ok(repo::insert_refill(tx, order.number, now)?)
}

/// A refill starts when an order would, and takes as long as 1000 units.
fn refill_status(delivery: &Delivery, since: Timestamp, now: Timestamp) -> String {
    let elapsed = now.since(since);
    let status = if elapsed < delivery.start_after {
        Status::Pending
    } else if elapsed < delivery.start_after.saturating_add(delivery.per_1000) {
        Status::InProgress
    } else {
        Status::Completed
    };
    status.to_string()
}

fn service_json(service: &Service) -> Value {
    json!({
        "service": service.service,
        "name": service.name,
        "type": service.kind.name(),
        "category": service.category,
        "rate": service.rate,
        "min": service.min.to_string(),
        "max": service.max.to_string(),
        "dripfeed": service.dripfeed,
        "refill": service.refill,
        "cancel": service.cancel,
    })
}

fn status_json(order: &Order, delivery: &Delivery, now: Timestamp) -> Value {
    let progress = progress(order, delivery, now);
    // The counter of the link is read when delivery starts.
    let start_count = match progress.status {
        Status::Pending => Value::Null,
        _ => json!((order.number.wrapping_mul(7919).rem_euclid(9000) + 1000).to_string()),
    };
    json!({
        "charge": order::charge(&order.rate, progress.charged()),
        "start_count": start_count,
        "status": progress.status.to_string(),
        "remains": progress.remains().to_string(),
        "currency": CURRENCY,
    })
}
