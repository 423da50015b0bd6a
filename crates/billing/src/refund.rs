//! Giving money back. A refund is written down first; then the gateway is asked what it has given back already, and only
//! for what is missing.

use crate::gateway::RefundOutcome;
use crate::model::{
    ChargeId, ChargeStatus, EventKind, InvoiceId, InvoiceReason, OrderId, OrderStatus, ProductType,
    RefundId, RefundReason, RefundStatus, SubscriptionId,
};
use crate::repo::{Charge, Credited, Invoice, Order, Product, Refund, Subscription, Taken};
use crate::settle::{lock_subscription, save};
use crate::work::Work;
use crate::{Billing, Error, Result, Scope, change, customers, einvoices, events, voucher};
use catalogue::recur::{Conflict, Resource, StateRefusal};
use kernel::Timestamp;
use std::time::Duration;
use store::record::Json;
use store::{StoreError, Tx, params};
use vouchers::Reason;

/// How long whoever asks the gateway for a refund may take, in real time, before another takes over: longer than the gateway
/// is waited for.
const CLAIM: Duration = Duration::from_secs(300);

/// What is to be given back.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// Whole dollars.
    pub amount: i64,
    /// Why.
    pub reason: RefundReason,
    /// In the merchant's words.
    pub detail: Option<String>,
    /// Of which order.
    pub order_id: Option<OrderId>,
    /// Of which invoice.
    pub invoice_id: Option<InvoiceId>,
    /// Of which subscription.
    pub subscription_id: Option<SubscriptionId>,
}

impl NewRefund {
    /// A refund of nothing in particular.
    pub const fn of(amount: i64, reason: RefundReason) -> Self {
        Self {
            amount,
            reason,
            detail: None,
            order_id: None,
            invoice_id: None,
            subscription_id: None,
        }
    }
}

/// What a merchant wants refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunded {
    /// An order.
    Order(OrderId),
    /// An invoice.
    Invoice(InvoiceId),
    /// A charge.
    Charge(ChargeId),
}

/// Writes down that money is to be given back.
pub(crate) fn begin_refund(
    tx: &mut Tx<'_>,
    work: &Work,
    charge: &Charge,
    new: &NewRefund,
) -> Result<Refund> {
    let id = work.id();
    let refund = Refund {
        refund_id: id,
        account_id: work.account(),
        number: work.number("REF", id),
        charge_id: charge.charge_id,
        order_id: new.order_id,
        invoice_id: new.invoice_id,
        subscription_id: new.subscription_id,
        customer_id: charge.customer_id,
        amount: new.amount,
        refunded_before: charge.refunded_amount,
        status: RefundStatus::Pending,
        reason: new.reason,
        reason_detail: new.detail.clone(),
        failure: Json(None),
        checks: 0,
        check_at: Some(work.now()),
        claimed_until: None,
        taken: Json::default(),
        created_at: work.now(),
        settled_at: None,
    };
    refund.insert(tx)?;
    events::refund(
        tx,
        work,
        EventKind::RefundCreated,
        &refund,
        charge.amount,
        charge.refunded_amount,
    )?;
    Ok(refund)
}

impl Billing {
    /// Gives money back for the merchant. `amount`: all that is left if `None`. The answer may be that the gateway has
    /// not decided.
    pub async fn refund(
        &self,
        scope: &Scope,
        what: Refunded,
        amount: Option<i64>,
        reason: RefundReason,
        detail: Option<String>,
        cancel_subscription: bool,
    ) -> Result<Refund> {
        let begun = self
            .write(scope, move |tx, work| {
                let (charge, mut new) = refundable(tx, work, what)?;
                let left = charge.amount - charge.refunded_amount;
                new.amount = amount.unwrap_or(left);
                new.reason = reason;
                new.detail = detail.clone();
                if new.amount > left || left == 0 {
                    return Err(StateRefusal::RefundTooLarge.into());
                }
                if Refund::first(tx, Refund::OPEN, params![charge.charge_id])?.is_some() {
                    return Err(Conflict::RefundInProgress.into());
                }
                let mut refund = begin_refund(tx, work, &charge, &new)?;
                refund.taken = Json(take_value(tx, work, &refund)?);
                if let (Some(payment), true) = (payment_of(&refund), refund.amount == left) {
                    // Before the gateway is asked: what is paid back is not used meanwhile.
                    voucher::take_back_payment(tx, work, &payment, Reason::Refunded)?;
                }
                refund.claimed_until = Some(work.scope.real.plus(CLAIM));
                refund.save(tx)?;
                if let (true, Some(subscription)) = (cancel_subscription, new.subscription_id) {
                    change::cancel_if_running(tx, work, subscription, "refunded")?;
                }
                Ok((refund, charge))
            })
            .await?;
        let id = begun.0.refund_id;
        self.give_back(scope, begun).await?;
        let account = scope.account_id;
        let read = move |tx: &mut Tx<'_>| Refund::first(tx, Refund::BY_ID, params![id, account]);
        let refund: Result<_, StoreError> = self.db().read(read).await;
        refund?.ok_or_else(|| Resource::Refund.into())
    }

    /// Has the gateway give the money back, unless somebody else is at it.
    pub async fn run_refund(&self, scope: &Scope, id: RefundId) -> Result<()> {
        let claimed = self
            .write(scope, move |tx, work| claim(tx, work, id))
            .await?;
        match claimed {
            Some(claimed) => self.give_back(scope, claimed).await,
            None => Ok(()),
        }
    }

    /// Has the gateway give the money of a claimed refund back.
    async fn give_back(&self, scope: &Scope, (refund, charge): (Refund, Charge)) -> Result<()> {
        let outcome = self
            .gateways()
            .of(scope.livemode)?
            .give_back(&charge, refund.amount, refund.refunded_before, scope.real)
            .await;
        let id = refund.refund_id;
        self.write(scope, move |tx, work| settle_refund(tx, work, id, &outcome))
            .await
    }
}

/// Takes an open refund for oneself: the gateway knows no refund by a number, so that two at once would give back twice.
fn claim(tx: &mut Tx<'_>, work: &Work, id: RefundId) -> Result<Option<(Refund, Charge)>> {
    let found = Refund::first(tx, Refund::LOCK, params![id])?;
    let Some(mut refund) =
        found.filter(|refund| refund.account_id == work.account() && is_open(refund))
    else {
        return Ok(None);
    };
    let real = work.scope.real;
    if refund.claimed_until.is_some_and(|until| until > real) {
        refund.check_at = Some(work.now().plus(CLAIM));
        refund.save(tx)?;
        return Ok(None);
    }
    refund.claimed_until = Some(real.plus(CLAIM));
    refund.save(tx)?;
    let charge = Charge::first(tx, Charge::BY_ID, params![refund.charge_id, work.account()])?;
    Ok(charge.map(|charge| (refund, charge)))
}

const fn is_open(refund: &Refund) -> bool {
    matches!(
        refund.status,
        RefundStatus::Pending | RefundStatus::Processing
    )
}

fn refundable(tx: &mut Tx<'_>, work: &Work, what: Refunded) -> Result<(Charge, NewRefund)> {
    let mut new = NewRefund::of(0, RefundReason::Other);
    let reference = match what {
        Refunded::Order(id) => {
            let order = Order::first(tx, Order::BY_ID, params![id, work.account()])?
                .ok_or(Resource::Order)?;
            new.order_id = Some(id);
            new.subscription_id = order.subscription_id;
            order.checkout_id.to_string()
        }
        Refunded::Invoice(id) => {
            let invoice = Invoice::first(tx, Invoice::BY_ID, params![id, work.account()])?
                .ok_or(Resource::Invoice)?;
            new.invoice_id = Some(id);
            new.subscription_id = Some(invoice.subscription_id);
            id.to_string()
        }
        Refunded::Charge(id) => {
            let charge = Charge::first(tx, Charge::BY_ID, params![id, work.account()])?
                .ok_or(Resource::Charge)?;
            if let Some(order) = Order::first(
                tx,
                Order::OF_CHECKOUT,
                params![&charge.reference, work.account()],
            )? {
                return refundable(tx, work, Refunded::Order(order.order_id));
            }
            if let Ok(invoice) = charge.reference.parse() {
                return refundable(tx, work, Refunded::Invoice(invoice));
            }
            charge.reference
        }
    };
    let paid = Charge::first(tx, Charge::PAID, params![&reference])?;
    let charge = paid.ok_or(StateRefusal::NotRefundable)?;
    let charge =
        Charge::first(tx, Charge::LOCK, params![charge.charge_id])?.ok_or(Resource::Charge)?;
    Ok((charge, new))
}

fn settle_refund(
    tx: &mut Tx<'_>,
    work: &Work,
    id: RefundId,
    outcome: &RefundOutcome,
) -> Result<()> {
    let mut refund = Refund::first(tx, Refund::LOCK, params![id])?.ok_or(Resource::Refund)?;
    if !is_open(&refund) {
        return Ok(());
    }
    let mut charge = Charge::first(tx, Charge::LOCK, params![refund.charge_id])?
        .ok_or_else(|| Error::Failed(format!("refund {id} has no charge")))?;
    refund.checks = refund.checks.saturating_add(1);
    refund.claimed_until = None;
    let later = |checks: u32| {
        let wait = Duration::from_secs(180).saturating_mul(1 << checks.min(7));
        work.now().plus(wait.min(Duration::from_secs(6 * 3600)))
    };
    let kind = match outcome {
        RefundOutcome::Done => {
            refund.status = RefundStatus::Succeeded;
            charge.refunded_amount += refund.amount;
            if charge.refunded_amount >= charge.amount {
                charge.status = ChargeStatus::Refunded;
            }
            charge.save(tx)?;
            book(tx, work, &refund)?;
            if let Some(sale) = payment_of(&refund) {
                einvoices::refunded(tx, work, &sale)?;
            }
            EventKind::RefundSucceeded
        }
        RefundOutcome::Refused(failure) => {
            refund.status = RefundStatus::Failed;
            refund.failure = Json(Some(failure.clone()));
            restore_value(tx, work, &refund)?;
            if let Some(payment) = payment_of(&refund) {
                voucher::give_again(tx, work, &payment, Reason::Refunded)?;
            }
            EventKind::RefundFailed
        }
        RefundOutcome::Capturing => {
            refund.status = RefundStatus::Processing;
            refund.check_at = Some(later(refund.checks));
            return Ok(refund.save(tx)?);
        }
        RefundOutcome::Undecided(reason) => {
            tracing::info!(refund = %id, reason, "a refund is undecided");
            refund.check_at = Some(later(refund.checks));
            return Ok(refund.save(tx)?);
        }
    };
    refund.check_at = None;
    refund.settled_at = Some(work.now());
    refund.save(tx)?;
    events::refund(
        tx,
        work,
        kind,
        &refund,
        charge.amount,
        charge.refunded_amount,
    )
}

/// When the period began that an order or invoice paid for, and what of the refund counts against that whole period.
fn refunded_period(
    tx: &mut Tx<'_>,
    work: &Work,
    refund: &Refund,
    subscription: &Subscription,
) -> Result<(Option<Timestamp>, i64)> {
    let Some(id) = refund.invoice_id else {
        return Ok((subscription.started_at, refund.amount));
    };
    let invoice = Invoice::first(tx, Invoice::BY_ID, params![id, work.account()])?
        .ok_or(Resource::Invoice)?;
    let (start, end) = (invoice.period_start.micros(), invoice.period_end.micros());
    let whole = i128::from(end - start);
    let rest = i128::from(end - invoice.created_at.micros().clamp(start, end - 1));
    let amount = match invoice.billing_reason {
        // It paid for the rest of a period that ran already: for the whole of it, that would have been more.
        InvoiceReason::Update => (i128::from(refund.amount) * whole + rest - 1) / rest,
        InvoiceReason::Cycle => i128::from(refund.amount),
    };
    let amount = i64::try_from(amount).unwrap_or(i64::MAX);
    Ok((Some(invoice.period_start), amount))
}

/// What is given back is credited no second time: it is taken from what was paid for the period that runs, or from what a
/// switch made of the period that was paid for.
fn take_value(tx: &mut Tx<'_>, work: &Work, refund: &Refund) -> Result<Taken> {
    let mut taken = Taken::default();
    let Some(id) = refund.subscription_id else {
        return Ok(taken);
    };
    let mut subscription = lock_subscription(tx, work, id)?;
    if subscription.collecting {
        // What is being paid may use up what is to be given back.
        return Err(Conflict::PaymentInProgress.into());
    }
    let (period, amount) = refunded_period(tx, work, refund, &subscription)?;
    let Some(period) = period.map(Timestamp::micros) else {
        return Ok(taken);
    };
    let current = subscription.current_period_start.micros();
    (taken.period_start, taken.current_start) = (period, current);
    if let Some(credited) = credited_of(&mut subscription, period) {
        taken.credited = refund.amount.min(credited.amount);
        credited.amount -= taken.credited;
        taken.credit_left = taken.credited.min(subscription.credit_left);
        taken.period_paid = taken.credited - taken.credit_left;
    } else if period == current {
        taken.period_paid = amount;
    }
    taken.period_paid = taken.period_paid.min(subscription.period_paid);
    subscription.credit_left -= taken.credit_left;
    subscription.period_paid -= taken.period_paid;
    save(tx, work, &mut subscription)?;
    Ok(taken)
}

/// Undoes [`take_value`] when the money was not given back after all.
fn restore_value(tx: &mut Tx<'_>, work: &Work, refund: &Refund) -> Result<()> {
    let (Some(id), taken) = (refund.subscription_id, refund.taken.0) else {
        return Ok(());
    };
    if taken == Taken::default() {
        return Ok(());
    }
    let mut subscription = lock_subscription(tx, work, id)?;
    if let Some(credited) = credited_of(&mut subscription, taken.period_start) {
        credited.amount += taken.credited;
    }
    subscription.credit_left += taken.credit_left;
    if subscription.current_period_start.micros() == taken.current_start {
        subscription.period_paid += taken.period_paid;
    }
    save(tx, work, &mut subscription)
}

fn credited_of(subscription: &mut Subscription, period_start: i64) -> Option<&mut Credited> {
    let mut periods = subscription.credited.0.iter_mut();
    periods.find(|credited| credited.period_start == period_start)
}

/// The order or invoice that is paid back.
fn payment_of(refund: &Refund) -> Option<String> {
    let order = refund.order_id.map(|id| id.to_string());
    order.or_else(|| refund.invoice_id.map(|id| id.to_string()))
}

/// Writes into order or invoice what was given back.
fn book(tx: &mut Tx<'_>, work: &Work, refund: &Refund) -> Result<()> {
    if let Some(id) = refund.order_id {
        let mut order = Order::first(tx, Order::LOCK, params![id])?.ok_or(Resource::Order)?;
        order.refunded_amount += refund.amount;
        order.status = if order.refunded_amount >= order.amount {
            OrderStatus::Refunded
        } else {
            OrderStatus::PartiallyRefunded
        };
        order.save(tx)?;
        let product = Product::first(
            tx,
            Product::BY_ID,
            params![order.product_id, work.account()],
        )?;
        if let Some((credits, ProductType::Credits)) =
            product.and_then(|p| Some((p.credits?, p.product_type)))
        {
            // Of a part of the price, the same part of the credits.
            let share =
                i128::from(credits) * i128::from(refund.amount) / i128::from(order.amount.max(1));
            let share = i64::try_from(share).unwrap_or(credits);
            customers::take_back_credits(
                tx,
                work,
                order.customer_id,
                share,
                &refund.refund_id.to_string(),
            )?;
        }
    }
    if let Some(id) = refund.invoice_id {
        let mut invoice =
            Invoice::first(tx, Invoice::LOCK, params![id])?.ok_or(Resource::Invoice)?;
        invoice.refunded_amount += refund.amount;
        invoice.save(tx)?;
    }
    Ok(())
}
