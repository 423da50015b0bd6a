//! Sending orders to the supplier, at most once each.
//!
//! A line is `queued` until a node marks it `sending` (check-and-set, committed before the supplier is
//! called) and `sent` once the supplier has given it a number. A node that finds a line `sending`
//! cannot know whether the supplier has it: the answer was lost, or the node that sent it died. If the supplier recognizes our references,
//! sending it again is safe and is what is done, until there is an answer. If not, it is never sent again: the
//! client is given the credit back, and the line stays `unconfirmed` for the operator to settle.
//!
//! While a client waits for its order, a failure of the supplier is final: the order fails, the credit
//! is given back, and the client gets the code. Once the order has been accepted, passing failures
//! (supplier down, out of funds) are tried again with back-off until
//! [`give_up_after`](crate::OrdersConfig::give_up_after).

use crate::model::{DispatchState, OrderId, OrderStatus, OrganizationId, PaymentStatus};
use crate::repo::orders::{self, Line};
use crate::repo::organizations::account_of;
use crate::supplier::{NewOrder, SupplierError};
use crate::{Orders, Result};
use catalogue::PlatformError;
use kernel::{Credits, Timestamp};
use ledger::{Posting, PostingKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use store::Tx;
use store::jobs::{self, Job};
use store::sequence::Number;
use tokio::sync::oneshot;

/// What the client waiting for an order learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The supplier took the order.
    Accepted,
    /// The order failed and the credit was given back.
    Refused(PlatformError),
    /// There is no verdict yet; the order stands.
    Open,
}

/// After this pause a number that cannot be stored is given up: about 13 seconds in all.
const LAST_PAUSE: Duration = Duration::from_secs(5);

const WAITING: u8 = 0;
const LEFT: u8 = 1;
const DECIDED: u8 = 2;

/// The sender's end of a wait for a verdict. Whether the client has left or a failure is final is decided by whoever comes
/// first, so that no client is told that its order stands while the order is made to fail.
pub struct VerdictSlot {
    state: Arc<AtomicU8>,
    reply: oneshot::Sender<Verdict>,
}

/// The client's end.
pub struct WaitingForVerdict {
    state: Arc<AtomicU8>,
    answer: oneshot::Receiver<Verdict>,
}

impl VerdictSlot {
    /// Both ends.
    pub fn new() -> (Self, WaitingForVerdict) {
        let state = Arc::new(AtomicU8::new(WAITING));
        let (reply, answer) = oneshot::channel();
        let waiting = WaitingForVerdict {
            state: Arc::clone(&state),
            answer,
        };
        (Self { state, reply }, waiting)
    }

    /// Whether a client is there to be told of a failure; it will stay for it.
    fn claim(&self) -> bool {
        self.state
            .compare_exchange(WAITING, DECIDED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    fn answer(self, verdict: Verdict) {
        // The client may have hung up; the verdict stands all the same.
        let _ = self.reply.send(verdict);
    }
}

impl WaitingForVerdict {
    /// Waits for the verdict, but no longer than `patience` unless one is just being reached.
    pub async fn wait(mut self, patience: Duration) -> Verdict {
        if let Ok(verdict) = tokio::time::timeout(patience, &mut self.answer).await {
            return verdict.unwrap_or(Verdict::Open);
        }
        let left = self
            .state
            .compare_exchange(WAITING, LEFT, Ordering::AcqRel, Ordering::Acquire);
        if left.is_ok() {
            return Verdict::Open;
        }
        self.answer.await.unwrap_or(Verdict::Open)
    }
}

enum Next {
    /// The supplier has it, under this number.
    Sent(String),
    /// It fails now; the credit goes back.
    Fail(PlatformError, DispatchState),
    /// It is tried again.
    Retry(DispatchState),
}

impl Orders {
    /// Carries a dispatch job out. `slot`: a client waits, and this is the attempt that its order was
    /// stored with.
    pub async fn dispatch(
        &self,
        job: &Job,
        organization: OrganizationId,
        order: OrderId,
        slot: Option<VerdictSlot>,
    ) {
        if let Err(error) = self.try_dispatch(job, organization, order, slot).await {
            // The lease runs out, and the job is taken up again.
            tracing::error!(%order, ?error, "dispatching an order failed");
        }
    }

    async fn try_dispatch(
        &self,
        job: &Job,
        organization: OrganizationId,
        order: OrderId,
        slot: Option<VerdictSlot>,
    ) -> Result<()> {
        let find = move |tx: &mut Tx<'_>| orders::line(tx, organization, order);
        let Some(line) = self.db().read(find).await? else {
            return self.drop_job(job).await;
        };
        let first_attempt = slot.is_some();
        match line.dispatch {
            DispatchState::Queued => {
                let marked = {
                    let line = line.clone();
                    let (from, to) = (DispatchState::Queued, DispatchState::Sending);
                    self.db()
                        .write(move |tx| orders::set_dispatch(tx, &line, from, to))
                        .await?
                };
                if !marked {
                    return Ok(());
                }
            }
            DispatchState::Sending if first_attempt => {}
            DispatchState::Sending if self.can_send_again(&line) => {}
            DispatchState::Sending => {
                let lost = SupplierError::Unknown("the node died while sending".into());
                let code = lost.code(line.min, line.max);
                return self
                    .fail(job, line, code, DispatchState::Unconfirmed, None)
                    .await;
            }
            DispatchState::Sent
            | DispatchState::Unconfirmed
            | DispatchState::Refused
            | DispatchState::Ended => return self.drop_job(job).await,
        }
        let request = NewOrder {
            organization,
            title: line.detail.title.clone(),
            service: line.supplier_service.clone().unwrap_or_default(),
            product_type: line.detail.product_type,
            specification: line.detail.specification.clone(),
        };
        let answered = self.supplier().add(&request, &order.to_string()).await;
        let next = self.decide(&line, job, answered, slot.as_ref());
        match next {
            Next::Sent(number) => {
                self.sent(job, line, number).await?;
                if let Some(slot) = slot {
                    slot.answer(Verdict::Accepted);
                }
                Ok(())
            }
            Next::Fail(code, state) => self.fail(job, line, code, state, slot).await,
            Next::Retry(state) => self.retry(job, line, state).await,
        }
    }

    /// Whether sending an order again makes no second one.
    fn can_send_again(&self, line: &Line) -> bool {
        let service = line.supplier_service.as_deref();
        self.supplier()
            .recognizes_references(service.unwrap_or_default())
    }

    /// What follows from the supplier's answer. A client who waits is claimed before a failure is made final.
    fn decide(
        &self,
        line: &Line,
        job: &Job,
        answered: Result<String, SupplierError>,
        slot: Option<&VerdictSlot>,
    ) -> Next {
        let error = match answered {
            Ok(number) => return Next::Sent(number),
            Err(error) => error,
        };
        // A refusal of the order itself is the client's affair, everything else the operator's.
        if error.is_passing() {
            tracing::warn!(order = %line.order, attempts = job.attempts, %error, "the supplier did not take an order");
        } else {
            tracing::info!(order = %line.order, %error, "the supplier refused an order");
        }
        metrics::counter!("supplier_failures_total").increment(1);
        let code = error.code(line.min, line.max);
        let unknown = matches!(error, SupplierError::Unknown(_));
        let told = slot.is_some_and(VerdictSlot::claim);
        if !error.is_passing() {
            return Next::Fail(code, DispatchState::Refused);
        }
        let too_late = self.now().since(job.created_at) >= self.inner.config.give_up_after;
        let never_again = unknown && !self.can_send_again(line);
        if told || too_late || never_again {
            let state = if unknown {
                DispatchState::Unconfirmed
            } else {
                DispatchState::Refused
            };
            return Next::Fail(code, state);
        }
        Next::Retry(if unknown {
            DispatchState::Sending
        } else {
            DispatchState::Queued
        })
    }

    /// Writes down the supplier's number. It is known nowhere else, so a failing database is tried again.
    async fn sent(&self, job: &Job, line: Line, number: String) -> Result<()> {
        let check_at = self.now().plus(self.inner.config.follow_interval);
        let mut pause = Duration::from_millis(50);
        loop {
            let (this_job, this_line, this_number) = (job.clone(), line.clone(), number.clone());
            let written = self
                .db()
                .write(move |tx| {
                    let sent = orders::set_sent(tx, &this_line, &this_number, check_at)?;
                    if sent {
                        jobs::bring_forward(tx, crate::jobs::FOLLOW, check_at)?;
                    }
                    jobs::complete(tx, &this_job)?;
                    Ok::<_, crate::Error>(sent)
                })
                .await;
            match written {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    tracing::error!(order = %line.order, number, "the supplier took an order that was no longer being sent");
                    return Ok(());
                }
                Err(error) if pause > LAST_PAUSE => {
                    tracing::error!(order = %line.order, number, "the supplier's number for an order could not be stored");
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    async fn retry(&self, job: &Job, line: Line, state: DispatchState) -> Result<()> {
        let wait = jobs::back_off(job.attempts, self.inner.rng.below(1000));
        let run_at = self.now().plus(wait);
        let job = job.clone();
        self.db()
            .write(move |tx| {
                let ours = jobs::reschedule(
                    tx,
                    &job,
                    run_at,
                    Some("the supplier did not take the order"),
                )?;
                // A node that lost its lease has no say any more.
                if ours && state != DispatchState::Sending {
                    orders::set_dispatch(tx, &line, DispatchState::Sending, state)?;
                }
                Ok::<_, crate::Error>(())
            })
            .await
            .map(drop)
    }

    async fn fail(
        &self,
        job: &Job,
        line: Line,
        code: PlatformError,
        state: DispatchState,
        slot: Option<VerdictSlot>,
    ) -> Result<()> {
        let now = self.now();
        let number = self.credit_record_number(now).await?;
        let posting = self.new_id(now);
        let job = job.clone();
        self.db()
            .write(move |tx| {
                if orders::set_dispatch(tx, &line, DispatchState::Sending, state)? {
                    let refund = Refund {
                        posting,
                        number,
                        amount: line.detail.subtotal,
                    };
                    end(tx, &line, OrderStatus::Fail, Some(&refund), now)?;
                }
                jobs::complete(tx, &job).map_err(crate::Error::from)
            })
            .await?;
        if let Some(slot) = slot {
            slot.answer(Verdict::Refused(code));
        }
        Ok(())
    }

    async fn drop_job(&self, job: &Job) -> Result<()> {
        let job = job.clone();
        self.db()
            .write(move |tx| jobs::complete(tx, &job))
            .await
            .map(drop)
            .map_err(crate::Error::from)
    }
}

/// Credit that goes back when an order ends.
pub(crate) struct Refund {
    pub posting: ledger::PostingId,
    pub number: Number,
    pub amount: Credits,
}

/// Ends an order and gives credit back, once: an order that has ended already is left as it is.
/// Returns whether it was ended now.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    line: &Line,
    status: OrderStatus,
    refund: Option<&Refund>,
    now: Timestamp,
) -> Result<bool> {
    let whole = refund.is_some_and(|r| r.amount >= line.detail.subtotal);
    let payment = if whole {
        PaymentStatus::Refund
    } else {
        PaymentStatus::Complete
    };
    if !orders::set_status(tx, line.organization, line.order, status, payment, now)? {
        return Ok(false);
    }
    if let Some(refund) = refund.filter(|r| r.amount > Credits::ZERO) {
        let posting = Posting {
            id: refund.posting,
            account: account_of(line.organization),
            number: &refund.number.to_string(),
            amount: refund.amount,
            kind: PostingKind::Refund,
            reference: &line.order.to_string(),
        };
        ledger::post(tx, &posting, now)?;
    }
    Ok(true)
}
