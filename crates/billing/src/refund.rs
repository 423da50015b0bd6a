//! Giving money back. A refund is written down first; then the gateway is asked what it has given back already, and only
//! for what is missing.

use crate::gateway::RefundOutcome;
use crate::model::{
    ChargeId, ChargeStatus, EventKind, InvoiceId, OrderId, OrderStatus, ProductType, RefundId,
    RefundReason, RefundStatus, SubscriptionId,
};
use crate::repo::{Charge, Invoice, Order, Product, Refund};
use crate::settle::{lock_subscription, save};
use crate::work::Work;
use crate::{Billing, Error, Result, Scope, change, customers, events};
use catalogue::recur::{Conflict, Resource, StateRefusal};
use kernel::Timestamp;
use std::time::Duration;
use store::record::Json;
use store::{StoreError, Tx, params};

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
                let refund = begin_refund(tx, work, &charge, &new)?;
                if let (true, Some(subscription)) = (cancel_subscription, new.subscription_id) {
                    change::cancel_if_running(tx, work, subscription, "refunded")?;
                }
                Ok(refund)
            })
            .await?;
        self.run_refund(scope, begun.refund_id).await?;
        let (id, account) = (begun.refund_id, scope.account_id);
        let read = move |tx: &mut Tx<'_>| Refund::first(tx, Refund::BY_ID, params![id, account]);
        let refund: Result<_, StoreError> = self.db().read(read).await;
        refund?.ok_or_else(|| Resource::Refund.into())
    }

    /// Has the gateway give the money back, once.
    pub async fn run_refund(&self, scope: &Scope, id: RefundId) -> Result<()> {
        let account = scope.account_id;
        let pair = self
            .db()
            .read(move |tx| {
                let Some(refund) = Refund::first(tx, Refund::BY_ID, params![id, account])? else {
                    return Ok(None);
                };
                let charge = Charge::first(tx, Charge::BY_ID, params![refund.charge_id, account])?;
                Ok::<_, StoreError>(charge.map(|charge| (refund, charge)))
            })
            .await?;
        let Some((refund, charge)) = pair.filter(|(refund, _)| is_open(refund)) else {
            return Ok(());
        };
        let outcome = self
            .gateways()
            .of(scope.livemode)?
            .give_back(&charge, refund.amount, refund.refunded_before, scope.real)
            .await;
        self.write(scope, move |tx, work| settle_refund(tx, work, id, &outcome))
            .await
    }
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
            EventKind::RefundSucceeded
        }
        RefundOutcome::Refused(failure) => {
            refund.status = RefundStatus::Failed;
            refund.failure = Json(Some(failure.clone()));
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

/// What was given back of a period that still runs is credited no second time on a switch.
fn lower_period(
    tx: &mut Tx<'_>,
    work: &Work,
    id: SubscriptionId,
    refund: &Refund,
    period: Option<Timestamp>,
) -> Result<()> {
    let mut subscription = lock_subscription(tx, work, id)?;
    let paid_for = period.or(subscription.started_at);
    if paid_for == Some(subscription.current_period_start) {
        subscription.period_paid = subscription
            .period_paid
            .saturating_sub(refund.amount)
            .max(0);
        save(tx, work, &mut subscription)?;
    }
    Ok(())
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
        if let (Some(subscription), false) = (
            order.subscription_id,
            refund.reason == RefundReason::Verification,
        ) {
            lower_period(tx, work, subscription, refund, None)?;
        }
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
        lower_period(
            tx,
            work,
            invoice.subscription_id,
            refund,
            Some(invoice.period_start),
        )?;
    }
    Ok(())
}
