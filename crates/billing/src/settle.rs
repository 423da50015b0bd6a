//! What becomes of things when the gateway has decided about a charge. Everything that follows is one transaction, and
//! the second report about the same charge changes nothing.

use crate::checkout::{self, VERIFICATION};
use crate::einvoices::{self, Paid};
use crate::gateway::{NewCard, Outcome};
use crate::model::period::{boundary, first_period};
use crate::model::{
    CardId, ChargeId, ChargePurpose, ChargeStatus, CheckoutId, CheckoutStatus, EventKind, Failure,
    InvoiceId, InvoiceReason, InvoiceStatus, Move, OrderStatus, ProductId, ProductType, Purpose,
    RefundReason, Status, SubscriptionId, Trigger, apply,
};
use crate::refund::{NewRefund, begin_refund};
use crate::repo::{
    Card, CardToken, Charge, Checkout, Credited, Invoice, Order, Product, Subscription, count_link,
    give_back_redemption, lock_customer,
};
use crate::voucher::Payment;
use crate::work::Work;
use crate::{Error, Result, customers, events, voucher};
use catalogue::recur::{PaymentFailure, Resource};
use kernel::Timestamp;
use std::time::Duration;
use store::record::Json;
use store::{Tx, params};
use vouchers::Reason;

/// The failure code of a checkout whose buyer turned out to have a subscription.
pub const DUPLICATE: &str = "DUPLICATE_SUBSCRIPTION";

/// What a charge came to.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The money is taken and everything that follows is done.
    Paid,
    /// The buyer has to pass 3-D Secure.
    RequiresAction {
        /// Where.
        url: String,
    },
    /// No money is taken.
    Declined(Failure),
    /// No card was typed into the form: nothing was tried.
    NoCard,
    /// The money was taken and is given back: the customer has a subscription to the product.
    Duplicate {
        /// Which.
        existing: SubscriptionId,
        /// Where that one stands.
        status: Status,
    },
    /// Nobody knows yet.
    Undecided,
}

/// How long until the gateway is asked again about a charge it has been asked about `checks` times.
fn patience(checks: u32) -> Duration {
    Duration::from_secs(120)
        .saturating_mul(1 << checks.min(8))
        .min(Duration::from_secs(6 * 3600))
}

/// Writes down what became of a charge, and does what follows from it.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    work: &Work,
    id: ChargeId,
    outcome: &Outcome,
) -> Result<Settled> {
    let missing = || Error::Failed(format!("there is no charge {id}"));
    let seen =
        Charge::first(tx, Charge::BY_ID, params![id, work.account()])?.ok_or_else(missing)?;
    // What the charge is for is locked before the charge itself, as everywhere.
    let mut subject = Subject::lock(tx, work, &seen)?;
    let mut charge = Charge::first(tx, Charge::LOCK, params![id])?.ok_or_else(missing)?;
    if !charge.status.is_open() {
        if let (ChargeStatus::Failed, Outcome::Paid { trade_no, .. }) = (charge.status, outcome) {
            give_back_late(tx, work, &mut charge, trade_no)?;
        }
        return already(tx, &charge, &subject);
    }
    charge.checks = charge.checks.saturating_add(1);
    match outcome {
        Outcome::Undecided(reason) => {
            tracing::info!(charge = %id, reason, "a charge is undecided");
            charge.check_at = Some(work.now().plus(patience(charge.checks)));
            charge.save(tx)?;
            Ok(match &charge.three_d_url {
                Some(url) => Settled::RequiresAction { url: url.clone() },
                None => Settled::Undecided,
            })
        }
        Outcome::NotFound => {
            charge.check_at = Some(work.now().plus(patience(charge.checks)));
            charge.save(tx)?;
            Ok(Settled::Undecided)
        }
        Outcome::NoCard => {
            close(&mut charge, work, ChargeStatus::Failed);
            charge.failure = Json(Some(crate::gateway::no_card()));
            charge.save(tx)?;
            if let Subject::Checkout(checkout) = &mut subject {
                // Nothing was tried.
                checkout.attempts = checkout.attempts.saturating_sub(1);
                checkout.status = CheckoutStatus::RequiresPaymentMethod;
                give_back_redemption(tx, checkout.checkout_id)?;
                checkout.save(tx)?;
            }
            Ok(Settled::NoCard)
        }
        Outcome::ThreeD { url } => {
            charge.status = ChargeStatus::RequiresAction;
            charge.three_d_url = Some(url.clone());
            charge.check_at = Some(work.now().plus(patience(charge.checks)));
            charge.save(tx)?;
            if let Subject::Checkout(checkout) = &mut subject {
                checkout.status = CheckoutStatus::RequiresAction;
                checkout.save(tx)?;
            }
            Ok(Settled::RequiresAction { url: url.clone() })
        }
        Outcome::Failed(failure) => {
            close(&mut charge, work, ChargeStatus::Failed);
            charge.failure = Json(Some(failure.clone()));
            charge.save(tx)?;
            match &mut subject {
                Subject::Checkout(checkout) => checkout_failed(tx, work, checkout, failure)?,
                Subject::Invoice(subscription, invoice) => {
                    invoice_failed(tx, work, subscription, invoice, Lack::Declined)?;
                }
                Subject::Card => {}
            }
            Ok(Settled::Declined(failure.clone()))
        }
        Outcome::Paid { trade_no, card } => {
            close(&mut charge, work, ChargeStatus::Succeeded);
            charge.trade_no = Some(trade_no.clone());
            if let (Some(card), Some(_)) = (card, charge.customer_id) {
                charge.card_id = Some(keep_card(tx, work, &charge, card)?);
            }
            charge.save(tx)?;
            match &mut subject {
                Subject::Checkout(checkout) => complete_checkout(tx, work, checkout, Some(&charge)),
                Subject::Invoice(subscription, invoice) => {
                    invoice_paid(tx, work, subscription, invoice, Some(&charge))?;
                    Ok(Settled::Paid)
                }
                Subject::Card => {
                    use_card(tx, work, &charge)?;
                    begin_refund(
                        tx,
                        work,
                        &charge,
                        &NewRefund::of(VERIFICATION, RefundReason::Verification),
                    )?;
                    Ok(Settled::Paid)
                }
            }
        }
    }
}

/// Gives a charge up that waits for its buyer.
pub(crate) fn give_up(tx: &mut Tx<'_>, work: &Work, id: ChargeId) -> Result<()> {
    let Some(mut charge) = Charge::first(tx, Charge::LOCK, params![id])? else {
        return Ok(());
    };
    if charge.status == ChargeStatus::RequiresAction {
        close(&mut charge, work, ChargeStatus::Failed);
        charge.failure = Json(Some(Failure {
            code: PaymentFailure::Timeout.code().into(),
            detail: "the buyer went on with another card".into(),
        }));
        charge.save(tx)?;
    }
    Ok(())
}

/// The gateway took the money of a charge that had been given up: nobody waits for it any more, so it goes back.
fn give_back_late(tx: &mut Tx<'_>, work: &Work, charge: &mut Charge, trade_no: &str) -> Result<()> {
    charge.status = ChargeStatus::Succeeded;
    charge.trade_no = Some(trade_no.to_owned());
    charge.save(tx)?;
    let refund = NewRefund {
        detail: Some("paid after it had been given up".into()),
        ..NewRefund::of(charge.amount, RefundReason::Other)
    };
    begin_refund(tx, work, charge, &refund).map(drop)
}

fn close(charge: &mut Charge, work: &Work, status: ChargeStatus) {
    charge.status = status;
    charge.check_at = None;
    charge.settled_at = Some(work.now());
    // Of no use any more.
    charge.sdk_token = None;
}

enum Subject {
    Checkout(Box<Checkout>),
    Invoice(Box<Subscription>, Box<Invoice>),
    Card,
}

impl Subject {
    fn lock(tx: &mut Tx<'_>, work: &Work, charge: &Charge) -> Result<Self> {
        let broken = || Error::Failed(format!("charge {} is for nothing", charge.charge_id));
        match charge.purpose {
            ChargePurpose::Checkout => {
                let id: CheckoutId = charge.reference.parse().map_err(|_| broken())?;
                Ok(Self::Checkout(Box::new(checkout::lock(tx, work, id)?)))
            }
            ChargePurpose::Invoice => {
                let id: InvoiceId = charge.reference.parse().map_err(|_| broken())?;
                let invoice = Invoice::first(tx, Invoice::BY_ID, params![id, work.account()])?
                    .ok_or_else(broken)?;
                let subscription = lock_subscription(tx, work, invoice.subscription_id)?;
                let invoice = Invoice::first(tx, Invoice::LOCK, params![id])?.ok_or_else(broken)?;
                Ok(Self::Invoice(Box::new(subscription), Box::new(invoice)))
            }
            ChargePurpose::Card => Ok(Self::Card),
        }
    }
}

/// What a charge came to that was settled before.
fn already(tx: &mut Tx<'_>, charge: &Charge, subject: &Subject) -> Result<Settled> {
    if charge.failure.0.is_some() {
        let failure = charge
            .failure
            .0
            .clone()
            .unwrap_or_else(crate::gateway::no_card);
        return Ok(Settled::Declined(failure));
    }
    if let Subject::Checkout(checkout) = subject
        && checkout.status == CheckoutStatus::Canceled
        && let Some(customer) = checkout.customer_id
        && let Some(existing) = Subscription::first(
            tx,
            Subscription::VALID,
            params![customer, checkout.product_id],
        )?
    {
        return Ok(Settled::Duplicate {
            existing: existing.subscription_id,
            status: existing.status,
        });
    }
    Ok(Settled::Paid)
}

fn keep_card(tx: &mut Tx<'_>, work: &Work, charge: &Charge, card: &NewCard) -> Result<CardId> {
    let customer_id = charge.customer_id.ok_or(Resource::Customer)?;
    let kept = Card::all(tx, Card::OF_CUSTOMER, params![customer_id, work.account()])?;
    if let Some(known) = kept.iter().find(|known| known.token.0 == card.token) {
        return Ok(known.card_id);
    }
    let card = Card {
        card_id: work.id(),
        account_id: work.account(),
        customer_id,
        token: CardToken(card.token.clone()),
        first_six: card.first_six.clone(),
        last_four: card.last_four.clone(),
        expires: card.expires.clone(),
        created_at: work.now(),
        removed_at: None,
    };
    card.insert(tx)?;
    Ok(card.card_id)
}

/// A new card pays for everything of its customer from now on; what is overdue is tried with it at once.
fn use_card(tx: &mut Tx<'_>, work: &Work, charge: &Charge) -> Result<()> {
    let (Some(customer), Some(card)) = (charge.customer_id, charge.card_id) else {
        return Ok(());
    };
    for subscription in Subscription::all(tx, Subscription::OF_CUSTOMER, params![customer])? {
        if subscription.status.is_over() {
            continue;
        }
        let mut subscription = lock_subscription(tx, work, subscription.subscription_id)?;
        subscription.card_id = Some(card);
        if subscription.status == Status::PastDue {
            subscription.next_retry_at = Some(work.now());
        }
        save(tx, work, &mut subscription)?;
    }
    Ok(())
}

fn checkout_failed(
    tx: &mut Tx<'_>,
    work: &Work,
    checkout: &mut Checkout,
    failure: &Failure,
) -> Result<()> {
    checkout.status = CheckoutStatus::RequiresPaymentMethod;
    checkout.refusal = Json(Some(failure.clone()));
    give_back_redemption(tx, checkout.checkout_id)?;
    if let Some(order) = checkout.order_id {
        let order = Order::first(tx, Order::LOCK, params![order])?.ok_or(Resource::Order)?;
        events::order(
            tx,
            work,
            EventKind::OrderPaymentFailed,
            &order,
            Some(failure),
        )?;
    }
    Ok(checkout.save(tx)?)
}

/// Gives what was bought, or gives the money back if the customer has it already.
pub(crate) fn complete_checkout(
    tx: &mut Tx<'_>,
    work: &Work,
    checkout: &mut Checkout,
    charge: Option<&Charge>,
) -> Result<Settled> {
    let customer = checkout.customer_id.ok_or(Resource::Customer)?;
    lock_customer(tx, customer, work.account())?;
    let product = Product::first(
        tx,
        Product::BY_ID,
        params![checkout.product_id, work.account()],
    )?
    .ok_or(Resource::Product)?;
    if checkout.purpose == Purpose::Subscription
        && let Some(existing) = Subscription::first(
            tx,
            Subscription::VALID,
            params![customer, product.product_id],
        )?
    {
        refuse_second(tx, work, checkout, charge)?;
        return Ok(Settled::Duplicate {
            existing: existing.subscription_id,
            status: existing.status,
        });
    }
    if let Some(id) = checkout.subscription_id
        && lock_subscription(tx, work, id)?.status.is_over()
    {
        return refuse_withdrawn(tx, work, checkout, charge);
    }
    let order = match checkout.order_id {
        Some(id) => {
            let mut order = Order::first(tx, Order::LOCK, params![id])?.ok_or(Resource::Order)?;
            order.status = OrderStatus::Paid;
            order.paid_at = Some(work.now());
            order.save(tx)?;
            events::order(tx, work, EventKind::OrderPaid, &order, None)?;
            Some(order)
        }
        None => None,
    };
    if let Some(id) = checkout.subscription_id {
        activate(tx, work, checkout, id, charge)?;
    }
    if let (ProductType::Credits, Some(credits), Some(order)) =
        (product.product_type, product.credits, &order)
    {
        customers::add_credits(tx, work, customer, credits, &order.order_id.to_string())?;
    }
    einvoices::remember(tx, work, checkout.checkout_id, customer)?;
    if let (Some(order), Some(_)) = (&order, charge) {
        let paid = Paid {
            sale: order.order_id.to_string(),
            amount: order.amount,
            product_id: order.product_id,
            customer_id: order.customer_id,
        };
        einvoices::issue(tx, work, &paid)?;
    }
    let on_trial = match checkout.subscription_id {
        Some(_) => checkout::trial_days(checkout, checkout.coupon.0.as_ref()) > 0,
        None => false,
    };
    if let Some(order) = order.filter(|_| !on_trial) {
        let id = order.order_id.to_string();
        let of = order.subscription_id.map(|id| id.to_string());
        let payment = Payment {
            sale: of.unwrap_or_else(|| id.clone()),
            reference: &id.clone(),
            id,
            product_id: order.product_id,
            customer_id: order.customer_id,
        };
        voucher::give(tx, work, payment)?;
    }
    checkout.status = CheckoutStatus::Succeeded;
    checkout.completed_at = Some(work.now());
    checkout.refusal = Json(None);
    checkout.save(tx)?;
    if let Some(link) = checkout.payment_link_id {
        // Paid is paid, also beyond the limit: the link is closed for the next buyer.
        count_link(tx, link, 0, 0, 1)?;
    }
    events::checkout(tx, work, EventKind::CheckoutCompleted, checkout)?;
    if let Some(charge) = charge
        && checkout.charged != checkout.amount()
    {
        let refund = NewRefund {
            order_id: checkout.order_id,
            subscription_id: checkout.subscription_id,
            ..NewRefund::of(charge.amount, RefundReason::Verification)
        };
        begin_refund(tx, work, charge, &refund)?;
    }
    Ok(Settled::Paid)
}

/// The subscription was cancelled while the buyer was still paying for it: the money goes back.
fn refuse_withdrawn(
    tx: &mut Tx<'_>,
    work: &Work,
    checkout: &mut Checkout,
    charge: Option<&Charge>,
) -> Result<Settled> {
    let failure = Failure {
        code: PaymentFailure::Unknown.code().into(),
        detail: "the subscription was cancelled before it was paid".into(),
    };
    checkout.status = CheckoutStatus::Canceled;
    checkout.refusal = Json(Some(failure.clone()));
    checkout.save(tx)?;
    give_back_redemption(tx, checkout.checkout_id)?;
    if let Some(charge) = charge {
        let refund = NewRefund {
            order_id: checkout.order_id,
            subscription_id: checkout.subscription_id,
            detail: Some(failure.detail.clone()),
            ..NewRefund::of(charge.amount, RefundReason::Other)
        };
        begin_refund(tx, work, charge, &refund)?;
    }
    Ok(Settled::Declined(failure))
}

fn refuse_second(
    tx: &mut Tx<'_>,
    work: &Work,
    checkout: &mut Checkout,
    charge: Option<&Charge>,
) -> Result<()> {
    checkout.status = CheckoutStatus::Canceled;
    checkout.refusal = Json(Some(Failure {
        code: DUPLICATE.into(),
        detail: "the customer has a valid subscription to this product".into(),
    }));
    checkout.save(tx)?;
    give_back_redemption(tx, checkout.checkout_id)?;
    if let Some(id) = checkout.subscription_id {
        let mut subscription = lock_subscription(tx, work, id)?;
        subscription.cancel_reason = Some(DUPLICATE.to_lowercase());
        subscription.canceled_at = Some(work.now());
        subscription.ended_at = Some(work.now());
        make(tx, work, &mut subscription, Trigger::CancelNow)?;
    }
    if let Some(charge) = charge {
        let refund = NewRefund {
            order_id: checkout.order_id,
            subscription_id: checkout.subscription_id,
            ..NewRefund::of(charge.amount, RefundReason::DuplicateSubscription)
        };
        begin_refund(tx, work, charge, &refund)?;
    }
    Ok(())
}

fn activate(
    tx: &mut Tx<'_>,
    work: &Work,
    checkout: &Checkout,
    id: SubscriptionId,
    charge: Option<&Charge>,
) -> Result<()> {
    let mut subscription = lock_subscription(tx, work, id)?;
    let applied = checkout.coupon.0.as_ref();
    let trial_days = checkout::trial_days(checkout, applied);
    let free_months = applied.and_then(|a| a.terms.bonus_months).unwrap_or(0);
    let now = work.now();
    let interval = subscription.plan.0.interval;
    subscription.coupon = Json(applied.map(|a| a.terms.clone()));
    subscription.card_id = charge.and_then(|charge| charge.card_id);
    subscription.started_at = Some(now);
    subscription.current_period_start = now;
    let trigger = if trial_days > 0 {
        let end = now.plus(Duration::from_secs(u64::from(trial_days) * 24 * 3600));
        subscription.trial_ends_at = Some(end);
        subscription.current_period_end = end;
        (subscription.anchor, subscription.next_period) = (end, 0);
        Trigger::StartTrial
    } else {
        if free_months > 0 {
            subscription.current_period_end = first_period(now, interval, free_months)?.end;
            (subscription.anchor, subscription.next_period) = (subscription.current_period_end, 0);
        } else {
            subscription.current_period_end = boundary(now, interval, 1)?;
            (subscription.anchor, subscription.next_period) = (now, 1);
        }
        subscription.period_paid = checkout.amount();
        subscription.periods_discounted = u32::from(checkout.amount_off > 0);
        Trigger::Activate
    };
    make(tx, work, &mut subscription, trigger)?;
    Ok(())
}

/// Why a renewal was not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The charge failed.
    Declined,
    /// There is no card to charge.
    NoCard,
}

/// An invoice is paid: the subscription goes on.
pub(crate) fn invoice_paid(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
    invoice: &mut Invoice,
    charge: Option<&Charge>,
) -> Result<()> {
    invoice.status = InvoiceStatus::Paid;
    invoice.paid_at = Some(work.now());
    invoice.next_retry_at = None;
    invoice.attempt_count += u32::from(charge.is_some());
    invoice.save(tx)?;
    events::invoice(tx, work, EventKind::InvoicePaid, invoice)?;
    if subscription.status.is_over() {
        // Ended while nobody knew what would become of the charge.
        if let Some(charge) = charge {
            let refund = NewRefund {
                invoice_id: Some(invoice.invoice_id),
                subscription_id: Some(subscription.subscription_id),
                detail: Some("the subscription had ended".into()),
                ..NewRefund::of(charge.amount, RefundReason::Other)
            };
            begin_refund(tx, work, charge, &refund)?;
        }
        return Ok(());
    }
    subscription.collecting = false;
    subscription.open_invoice_id = None;
    // It bought the other while nobody knew what would become of this one's charge.
    if has_other(tx, work, subscription, invoice.product_id)? {
        return refuse_overlap(tx, work, subscription, invoice, charge);
    }
    subscription.credit_left = subscription
        .credit_left
        .saturating_sub(invoice.credit_applied);
    subscription.past_due_since = None;
    subscription.next_retry_at = None;
    subscription.grace_ends_at = None;
    let change = invoice.change.0.clone();
    if let Some(change) = &change {
        subscription.product_id = change.product_id;
        subscription.plan = Json(change.terms.clone());
        subscription.credit_left = subscription.credit_left.saturating_add(change.credit_left);
        subscription.scheduled = Json(None);
    }
    let restarts = invoice.period_start != subscription.current_period_end;
    match invoice.billing_reason {
        InvoiceReason::Cycle => {
            if change.is_some() || restarts {
                (subscription.anchor, subscription.next_period) = (invoice.period_start, 1);
            } else {
                subscription.next_period += 1;
            }
            subscription.current_period_start = invoice.period_start;
            subscription.current_period_end = invoice.period_end;
            subscription.period_paid = invoice.amount + invoice.credit_applied;
            subscription.paused_at = None;
            if invoice.discount > 0 {
                subscription.periods_discounted += 1;
            }
            if let Some(change) = &change {
                let made = apply(subscription.status, Trigger::ExecuteSchedule)?;
                tell(tx, work, subscription, made, Some(change.kind))?;
            }
            make(tx, work, subscription, Trigger::Renew)?;
        }
        InvoiceReason::Update => {
            let kind = change.as_ref().map(|change| change.kind);
            let current = (
                subscription.current_period_start,
                subscription.current_period_end,
            );
            if (invoice.period_start, invoice.period_end) != current {
                let left = change.as_ref().map_or(0, |change| change.credit_left);
                subscription.credited.0.push(Credited {
                    period_start: subscription.current_period_start.micros(),
                    amount: invoice.discount.saturating_add(left),
                });
                (subscription.anchor, subscription.next_period) = (invoice.period_start, 1);
                subscription.current_period_start = invoice.period_start;
                subscription.current_period_end = invoice.period_end;
            }
            // What is left of the period is worth the new price from now on.
            subscription.period_paid = subscription.plan.0.price;
            let made = apply(subscription.status, Trigger::Upgrade)?;
            save(tx, work, subscription)?;
            tell(tx, work, subscription, made, kind)?;
        }
    }
    if charge.is_some() {
        let paid = Paid {
            sale: invoice.invoice_id.to_string(),
            amount: invoice.amount,
            product_id: invoice.product_id,
            customer_id: invoice.customer_id,
        };
        einvoices::issue(tx, work, &paid)?;
    }
    let payment = Payment {
        id: invoice.invoice_id.to_string(),
        sale: subscription.subscription_id.to_string(),
        reference: &invoice.number,
        product_id: subscription.product_id,
        customer_id: subscription.customer_id,
    };
    voucher::give(tx, work, payment)
}

/// An invoice paid for what would be a second valid subscription to a product: the money goes back. A subscription that was to
/// go on as the other one ends; one that was to be switched or resumed stays as it is.
fn refuse_overlap(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
    invoice: &Invoice,
    charge: Option<&Charge>,
) -> Result<()> {
    if let Some(charge) = charge {
        let refund = NewRefund {
            invoice_id: Some(invoice.invoice_id),
            subscription_id: Some(subscription.subscription_id),
            ..NewRefund::of(charge.amount, RefundReason::DuplicateSubscription)
        };
        begin_refund(tx, work, charge, &refund)?;
    }
    if invoice.billing_reason == InvoiceReason::Update || subscription.status == Status::Paused {
        return save(tx, work, subscription);
    }
    subscription.scheduled = Json(None);
    subscription.next_retry_at = None;
    subscription.cancel_reason = Some(DUPLICATE.to_lowercase());
    subscription.canceled_at = Some(work.now());
    subscription.ended_at = Some(work.now());
    make(tx, work, subscription, Trigger::CancelNow)
}

/// An invoice could not be collected.
pub(crate) fn invoice_failed(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
    invoice: &mut Invoice,
    lack: Lack,
) -> Result<()> {
    let now = work.now();
    invoice.attempt_count += 1;
    subscription.collecting = false;
    if subscription.status.is_over() {
        invoice.status = InvoiceStatus::Void;
        return Ok(invoice.save(tx)?);
    }
    if invoice.billing_reason == InvoiceReason::Update || subscription.status == Status::Paused {
        // What was wanted does not happen; the subscription stays as it is.
        invoice.status = InvoiceStatus::Void;
        invoice.save(tx)?;
        events::invoice(tx, work, EventKind::InvoicePaymentFailed, invoice)?;
        subscription.open_invoice_id = None;
        return save(tx, work, subscription);
    }
    let grace = subscription.plan.0.grace_days > 0;
    let trigger = match (subscription.status, lack, grace) {
        (Status::PastDue, _, _) => Trigger::FailAgain,
        (_, Lack::Declined, true) => Trigger::FailWithGrace,
        (_, Lack::Declined, false) => Trigger::FailWithoutGrace,
        (_, Lack::NoCard, true) => Trigger::LackCard,
        (_, Lack::NoCard, false) => Trigger::LackCardWithoutGrace,
    };
    let since = *subscription.past_due_since.get_or_insert(now);
    if grace {
        subscription
            .grace_ends_at
            .get_or_insert(since.plus(subscription.plan.0.grace()));
        subscription.next_retry_at = subscription.plan.0.retry_at(since, invoice.attempt_count);
        invoice.next_retry_at = subscription.next_retry_at;
    } else {
        invoice.status = InvoiceStatus::Uncollectible;
        subscription.ended_at = Some(now);
        subscription.open_invoice_id = None;
    }
    invoice.save(tx)?;
    if lack == Lack::Declined {
        events::invoice(tx, work, EventKind::InvoicePaymentFailed, invoice)?;
    }
    make(tx, work, subscription, trigger)?;
    Ok(())
}

/// Whether the customer has another valid subscription to the product. Until the transaction ends it buys none.
pub(crate) fn has_other(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &Subscription,
    product: ProductId,
) -> Result<bool> {
    let customer = subscription.customer_id;
    lock_customer(tx, customer, work.account())?;
    let valid = Subscription::first(tx, Subscription::VALID, params![customer, product])?;
    Ok(valid.is_some_and(|valid| valid.subscription_id != subscription.subscription_id))
}

/// A subscription, locked.
pub(crate) fn lock_subscription(
    tx: &mut Tx<'_>,
    work: &Work,
    id: SubscriptionId,
) -> Result<Subscription> {
    Subscription::first(tx, Subscription::LOCK, params![id])?
        .filter(|subscription| subscription.account_id == work.account())
        .ok_or_else(|| Resource::Subscription.into())
}

/// Makes a move of the table, stores the subscription and tells of it.
pub(crate) fn make(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
    trigger: Trigger,
) -> Result<()> {
    let made = apply(subscription.status, trigger)?;
    subscription.status = made.to;
    save(tx, work, subscription)?;
    if made.to.is_over() {
        let sale = subscription.subscription_id.to_string();
        voucher::take_back_sale(tx, work, &sale, Reason::SubscriptionEnded)?;
    }
    tell(tx, work, subscription, made, None)
}

pub(crate) fn tell(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &Subscription,
    made: Move,
    switch: Option<crate::model::proration::SwitchKind>,
) -> Result<()> {
    for kind in made.events {
        events::subscription(tx, work, *kind, subscription, switch)?;
    }
    Ok(())
}

/// Stores a subscription, with the time at which something falls due.
pub(crate) fn save(tx: &mut Tx<'_>, work: &Work, subscription: &mut Subscription) -> Result<()> {
    subscription.updated_at = work.now();
    subscription.next_action_at = subscription.due().map(|(at, _): (Timestamp, _)| at);
    Ok(subscription.save(tx)?)
}
