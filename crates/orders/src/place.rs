//! Placing an order: the rules, the debit, and the supplier's verdict.

use crate::dispatch::{Verdict, VerdictSlot};
use crate::model::{
    Detail, DispatchState, Order, OrderId, OrderStatus, OrganizationId, PaymentStatus, PaymentType,
    Product, ProductId, ProductType, Specification,
};
use crate::repo::organizations::account_of;
use crate::{Error, Orders, Result, repo};
use catalogue::PlatformError;
use catalogue::platform::{Conflict, Subject};
use httpkit::Reply;
use kernel::{Credits, Timestamp};
use ledger::{LedgerError, Posting, PostingKind};
use std::sync::Arc;
use std::time::Duration;
use store::Tx;
use store::idempotency::{self, Found, Key};
use store::jobs::{self, Job, JobId, NewJob};

/// How often a repeated request looks whether the first one has been answered.
const ANSWER_POLL: Duration = Duration::from_millis(20);

/// A request to order something, its fields checked.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// The order's id, if there comes to be one.
    pub order_id: OrderId,
    /// Who orders.
    pub organization: OrganizationId,
    /// Sent along by the client, to be compared.
    pub named_organization: Option<OrganizationId>,
    /// Which endpoint was called.
    pub endpoint: ProductType,
    /// What.
    pub product_id: ProductId,
    /// How much, where to.
    pub specification: Specification,
}

/// What became of a request to order something.
#[derive(Clone, Debug)]
pub enum Placed {
    /// The order was placed now.
    Now {
        /// The order.
        order: Order,
        /// Whether the answer is stored under the idempotency key already.
        answered: bool,
    },
    /// The request had been answered before; the answer.
    Before(Reply),
}

/// All that the transaction needs; made outside of it, so that it can be run again.
struct Draft {
    organization: OrganizationId,
    order: Order,
    detail: Detail,
    units: i64,
    supplier_service: Option<String>,
    posting: ledger::PostingId,
    record_number: String,
    job: Job,
    waits: bool,
    key: Option<Key>,
}

impl Orders {
    /// Places an order: checks it against the product, debits the credit, stores the order and the job that sends it, in
    /// one transaction; then waits a while for the supplier's verdict. If the supplier refuses
    /// meanwhile, the credit is given back and the refusal returned.
    pub async fn place(&self, request: PlaceOrder, key: Option<Key>) -> Result<Placed> {
        let now = self.now();
        let product =
            self.product(request.product_id)
                .await?
                .ok_or(PlatformError::DataNotExist {
                    what: Subject::Product,
                })?;
        if request
            .named_organization
            .is_some_and(|named| named != request.organization)
        {
            return Err(PlatformError::OrganizationIdIncorrect.into());
        }
        request
            .specification
            .check(&product, request.endpoint, now)?;

        let order_number = self.inner.numbers.next(self.db(), "ORD", now).await?;
        let record_number = self.credit_record_number(now).await?;
        let draft = Arc::new(self.draft(
            request,
            &product,
            key,
            order_number.to_string(),
            record_number.to_string(),
            now,
        ));
        let stored = {
            let draft = Arc::clone(&draft);
            self.db()
                .write(move |tx| store_order(tx, &draft, now))
                .await
        };
        // After a fault of the database the order may stand all the same, with its numbers: they are not used again.
        if matches!(stored, Ok(Some(_)) | Err(Error::Refused(_))) {
            self.inner.numbers.give_back(order_number).await;
            self.inner.numbers.give_back(record_number).await;
        }
        match stored? {
            Some((found, key)) => Ok(Placed::Before(
                self.answer_of(found, &key, draft.organization).await?,
            )),
            None if draft.waits => self.await_verdict(&draft).await,
            None => Ok(Placed::Now {
                order: draft.order.clone(),
                answered: true,
            }),
        }
    }

    fn draft(
        &self,
        request: PlaceOrder,
        product: &Product,
        key: Option<Key>,
        order_number: String,
        record_number: String,
        now: Timestamp,
    ) -> Draft {
        let units = request.specification.units(product.product_type);
        let total = product.price.total(units);
        let order = Order {
            order_id: request.order_id,
            order_number,
            payment_type: PaymentType::Credit,
            order_status: OrderStatus::Establish,
            payment_status: PaymentStatus::Complete,
            total,
            order_detail: Vec::new(),
            create_date_time: now,
            update_date_time: None,
        };
        let detail = Detail {
            order_detail_id: self.new_id(now),
            product_id: product.product_id,
            title: product.title.clone(),
            product_type: product.product_type,
            price: product.price,
            subtotal: total,
            specification: request.specification,
            start_count: None,
            remains: None,
            certificate_url: None,
        };
        let job_id: JobId = self.new_id(now);
        let job = Job {
            id: job_id,
            kind: crate::jobs::DISPATCH.into(),
            payload: crate::jobs::dispatch_payload(request.organization, order.order_id),
            attempts: 1,
            created_at: now,
            owner: self.node().to_owned(),
        };
        Draft {
            organization: request.organization,
            order,
            detail,
            units,
            supplier_service: product.service.as_ref().map(|s| s.id.clone()),
            posting: self.new_id(now),
            record_number,
            job,
            waits: !self.inner.config.verdict_wait.is_zero(),
            key,
        }
    }

    /// Sends the order now, as the job would, and waits for the supplier's word, but not for ever: an
    /// order whose verdict is late has been accepted, and the job sees to it.
    async fn await_verdict(&self, draft: &Draft) -> Result<Placed> {
        let (slot, waiting) = VerdictSlot::new();
        let orders = self.clone();
        let (job, organization, order) =
            (draft.job.clone(), draft.organization, draft.order.order_id);
        let under_way = Arc::clone(&self.inner.sending).read_owned().await;
        tokio::spawn(async move {
            orders.dispatch(&job, organization, order, Some(slot)).await;
            drop(under_way);
        });
        match waiting.wait(self.inner.config.verdict_wait).await {
            Verdict::Accepted | Verdict::Open => Ok(Placed::Now {
                order: draft.order.clone(),
                answered: false,
            }),
            Verdict::Refused(error) => Err(error.into()),
        }
    }

    /// Another request with the same key may still be waiting for the supplier: its answer is ours.
    async fn wait_for_answer(&self, mut found: Found, key: &Key) -> Result<Found> {
        let polls = self.inner.config.verdict_wait.as_millis() / ANSWER_POLL.as_millis();
        for _ in 0..polls {
            if !matches!(found, Found::Unanswered { .. }) {
                break;
            }
            tokio::time::sleep(ANSWER_POLL).await;
            let key = key.clone();
            let now_found = self
                .db()
                .read(move |tx| idempotency::find(tx, &key))
                .await?;
            found = now_found.unwrap_or(found);
        }
        Ok(found)
    }

    /// The answer to a request that was carried out before.
    pub(crate) async fn answer_of(
        &self,
        found: Found,
        key: &Key,
        organization: OrganizationId,
    ) -> Result<Reply> {
        match self.wait_for_answer(found, key).await? {
            Found::OtherRequest => Err(Error::Refused(PlatformError::ConflictingParameters {
                conflict: Conflict::IdempotencyKeyReused,
            })),
            Found::Answered { status, body } => Ok(Reply {
                status: status
                    .try_into()
                    .map_err(|_| Error::Failed("stored status".into()))?,
                body: body.into(),
            }),
            // The node died between the order and its answer, or the supplier is slow: the order exists,
            // and how it stands now is the answer.
            Found::Unanswered { reference } => {
                let id = reference.as_deref().unwrap_or_default().parse();
                let id = id.map_err(|_| Error::Failed("an answer without a reference".into()))?;
                let find = move |tx: &mut Tx<'_>| repo::orders::find(tx, organization, id);
                let order: Option<Order> = self.db().read(find).await?;
                let order = order.ok_or_else(|| Error::Failed("the order is gone".into()))?;
                Ok(Reply::ok(&order))
            }
        }
    }
}

/// The transaction. `Some`: the idempotency key was used before, and nothing was stored.
fn store_order(tx: &mut Tx<'_>, draft: &Draft, now: Timestamp) -> Result<Option<(Found, Key)>> {
    let order_id = draft.order.order_id.to_string();
    if let Some(key) = &draft.key
        && let Some(found) = idempotency::claim(tx, key, Some(&order_id), now)?
    {
        return Ok(Some((found, key.clone())));
    }
    debit(tx, draft, &order_id, now)?;
    let Some(service) = &draft.supplier_service else {
        return Err(PlatformError::IncorrectServiceId.into());
    };
    // An order that is sent at once is marked so from the start: should this node die, whoever takes
    // the job over knows that the supplier may have it.
    let dispatch = if draft.waits {
        DispatchState::Sending
    } else {
        DispatchState::Queued
    };
    repo::orders::insert(
        tx,
        draft.organization,
        &draft.order,
        &draft.detail,
        draft.units,
        dispatch,
        service,
    )?;
    jobs::enqueue(
        tx,
        &NewJob {
            id: draft.job.id,
            kind: crate::jobs::DISPATCH,
            dedupe_key: None,
            payload: &draft.job.payload,
            run_at: now,
            leased_to: draft.waits.then_some(&*draft.job.owner),
        },
        now,
    )?;
    if let Some(key) = &draft.key
        && !draft.waits
    {
        let reply = Reply::ok(&draft.order);
        idempotency::answer(
            tx,
            key,
            reply.status.as_u16(),
            &String::from_utf8_lossy(&reply.body),
        )?;
    }
    Ok(None)
}

fn debit(tx: &mut Tx<'_>, draft: &Draft, order_id: &str, now: Timestamp) -> Result<()> {
    let needed = draft.order.total;
    let amount = needed.negated().unwrap_or(Credits::new(i64::MIN));
    // Beyond what any account can hold, and beyond what the database can add.
    let amount = amount.max(Credits::new(-ledger::LARGEST_BALANCE.get() - 1));
    let posting = Posting {
        id: draft.posting,
        account: account_of(draft.organization),
        number: &draft.record_number,
        amount,
        kind: PostingKind::Order,
        reference: order_id,
    };
    match ledger::post(tx, &posting, now) {
        Ok(_) => Ok(()),
        Err(LedgerError::NotEnough { available }) => {
            Err(PlatformError::CreditNotEnough { needed, available }.into())
        }
        Err(error) => Err(error.into()),
    }
}
