//! What falls due of a subscription: the end of a trial or a period, another try, the end of the grace period.

use crate::charge::{self, NewCharge, Source};
use crate::gateway::Outcome;
use crate::model::discount::for_period;
use crate::model::period::{Period, period};
use crate::model::{
    ChargeId, ChargePurpose, ChargeStatus, Due, EventKind, Failure, InvoiceReason, InvoiceStatus,
    SubscriptionId, Trigger, apply,
};
use crate::repo::{Card, CardToken, Charge, Checkout, Invoice, PlanChange, Product, Subscription};
use crate::settle::{
    Lack, Settled, has_other, invoice_failed, invoice_paid, lock_subscription, make, save, settle,
    tell,
};
use crate::work::Work;
use crate::{Billing, Error, Result, Scope, events};
use catalogue::recur::{PaymentFailure, Resource};
use kernel::Timestamp;
use std::time::Duration;
use store::record::Json;
use store::{StoreError, Tx, params};

/// How long a buyer may take to pass 3-D Secure.
const CHALLENGE_LIFE: Duration = Duration::from_secs(24 * 3600);

/// A charge that is written down and now has to be asked for.
#[derive(Debug)]
pub(crate) struct Collection {
    pub charge: Charge,
    pub card: CardToken,
    pub description: String,
}

/// What came of something that was due.
#[derive(Clone, Debug)]
pub struct Done {
    /// What it was.
    pub due: Due,
    /// What came of the charge, if there was one.
    pub charge: Option<Settled>,
}

impl Billing {
    /// Does what is due of a subscription; `None` when nothing is.
    pub async fn run_subscription(
        &self,
        scope: &Scope,
        id: SubscriptionId,
    ) -> Result<Option<Done>> {
        let Some((due, collection)) = self
            .write(scope, move |tx, work| begin_due(tx, work, id))
            .await?
        else {
            return Ok(None);
        };
        let charge = match collection {
            Some(collection) => Some(self.collect(scope, collection).await?),
            None => None,
        };
        Ok(Some(Done { due, charge }))
    }

    /// Asks for the money of a charge of a kept card.
    pub(crate) async fn collect(&self, scope: &Scope, collection: Collection) -> Result<Settled> {
        let Collection {
            charge,
            card,
            description,
        } = collection;
        let outcome = self
            .gateways()
            .of(scope.livemode)?
            .take(
                &charge,
                Some(&card.0),
                &description,
                &self.addresses(scope.livemode),
                scope.real,
            )
            .await;
        let id = charge.charge_id;
        self.write(scope, move |tx, work| settle(tx, work, id, &outcome))
            .await
    }

    /// Finds out what became of a charge nobody reported about.
    pub async fn run_charge(&self, scope: &Scope, id: ChargeId) -> Result<()> {
        let account = scope.account_id;
        let found = self
            .db()
            .read(move |tx| {
                let Some(charge) = Charge::first(tx, Charge::BY_ID, params![id, account])? else {
                    return Ok(None);
                };
                let checkout = Checkout::first(tx, Checkout::BY_ID, params![&charge.reference])?;
                // Of a subscription that has ended meanwhile, nothing is asked for again.
                let card = match charge.card_id {
                    Some(card) if is_wanted(tx, &charge)? => {
                        Card::first(tx, Card::BY_ID, params![card, account])?
                    }
                    _ => None,
                };
                Ok::<_, StoreError>(Some((charge, checkout, card)))
            })
            .await?;
        let Some((charge, checkout, card)) = found.filter(|(charge, ..)| charge.status.is_open())
        else {
            return Ok(());
        };
        let kept_as = checkout
            .filter(|checkout| checkout.subscription_id.is_some())
            .map(|checkout| checkout.credit_token);
        let gateway = self.gateways().of(scope.livemode)?;
        let outcome = match gateway.find(&charge, kept_as.as_deref(), scope.real).await {
            Outcome::NotFound => match (charge.purpose, card) {
                // It never arrived. The same number again: should it arrive after all, the gateway takes it once.
                (ChargePurpose::Invoice, Some(card)) => {
                    let addresses = self.addresses(scope.livemode);
                    gateway
                        .take(
                            &charge,
                            Some(&card.token.0),
                            "subscription",
                            &addresses,
                            scope.real,
                        )
                        .await
                }
                // A buyer cannot be charged without being there.
                _ if charge.checks > 0 => Outcome::Failed(Failure {
                    code: PaymentFailure::NetworkError.code().into(),
                    detail: "the gateway never received the charge".into(),
                }),
                _ => Outcome::NotFound,
            },
            // Nobody confirms a payment a day after being asked to.
            Outcome::Undecided(_)
                if charge.status == ChargeStatus::RequiresAction
                    && scope.now.since(charge.created_at) > CHALLENGE_LIFE =>
            {
                Outcome::Failed(Failure {
                    code: PaymentFailure::Timeout.code().into(),
                    detail: "the buyer did not pass 3-D Secure".into(),
                })
            }
            outcome => outcome,
        };
        self.write(scope, move |tx, work| settle(tx, work, id, &outcome))
            .await
            .map(drop)
    }
}

/// Whether what an invoice's charge pays for is still going on.
fn is_wanted(tx: &mut Tx<'_>, charge: &Charge) -> Result<bool, StoreError> {
    let account = charge.account_id;
    let Some(invoice) = Invoice::first(tx, Invoice::BY_ID, params![&charge.reference, account])?
    else {
        return Ok(false);
    };
    let id = invoice.subscription_id;
    let subscription = Subscription::first(tx, Subscription::BY_ID, params![id, account])?;
    Ok(subscription.is_some_and(|subscription| !subscription.status.is_over()))
}

fn begin_due(
    tx: &mut Tx<'_>,
    work: &Work,
    id: SubscriptionId,
) -> Result<Option<(Due, Option<Collection>)>> {
    let mut subscription = lock_subscription(tx, work, id)?;
    let Some((_, due)) = subscription.due().filter(|(at, _)| *at <= work.now()) else {
        return Ok(None);
    };
    let mut collection = None;
    match due {
        Due::TrialNotice => {
            subscription.trial_noticed = true;
            make(tx, work, &mut subscription, Trigger::NoticeTrialEnd)?;
        }
        Due::Renewal => collection = renew(tx, work, &mut subscription)?,
        Due::Retry => {
            let mut invoice = open_invoice(tx, &subscription)?;
            collection = ask(tx, work, &mut subscription, &mut invoice)?;
        }
        Due::GraceEnd => {
            let mut invoice = open_invoice(tx, &subscription)?;
            invoice.status = InvoiceStatus::Uncollectible;
            invoice.next_retry_at = None;
            invoice.save(tx)?;
            end(&mut subscription, work);
            make(tx, work, &mut subscription, Trigger::RunOutOfGrace)?;
        }
        Due::End => {
            end(&mut subscription, work);
            make(tx, work, &mut subscription, Trigger::EndPeriod)?;
        }
    }
    Ok(Some((due, collection)))
}

fn end(subscription: &mut Subscription, work: &Work) {
    subscription.ended_at = Some(work.now());
    subscription.scheduled = Json(None);
    subscription.open_invoice_id = None;
    subscription.next_retry_at = None;
}

fn open_invoice(tx: &mut Tx<'_>, subscription: &Subscription) -> Result<Invoice> {
    let missing = || {
        Error::Failed(format!(
            "{} is past due without an invoice",
            subscription.subscription_id
        ))
    };
    let id = subscription.open_invoice_id.ok_or_else(missing)?;
    Invoice::first(tx, Invoice::LOCK, params![id])?.ok_or_else(missing)
}

/// The next period is to be paid for.
fn renew(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
) -> Result<Option<Collection>> {
    let change = scheduled_change(tx, work, subscription)?;
    let next = match &change {
        Some(change) => period(subscription.current_period_end, change.terms.interval, 0)?,
        None => period(
            subscription.anchor,
            subscription.plan.0.interval,
            subscription.next_period,
        )?,
    };
    bill(tx, work, subscription, next, change)
}

/// Writes the invoice of a period and asks for it.
pub(crate) fn bill(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
    next: Period,
    change: Option<PlanChange>,
) -> Result<Option<Collection>> {
    let terms = change
        .as_ref()
        .map_or(&subscription.plan.0, |change| &change.terms);
    let price = terms.price;
    let product_id = change
        .as_ref()
        .map_or(subscription.product_id, |change| change.product_id);
    let discount = subscription.coupon.0.as_ref().map_or(0, |coupon| {
        let used = subscription.periods_discounted;
        for_period(coupon, used, &product_id.to_string(), price)
    });
    let credit_applied = subscription.credit_left.min(price - discount);
    let id = work.id();
    let mut invoice = Invoice {
        invoice_id: id,
        account_id: work.account(),
        number: work.number("INV", id),
        subscription_id: subscription.subscription_id,
        customer_id: subscription.customer_id,
        product_id,
        billing_reason: InvoiceReason::Cycle,
        status: InvoiceStatus::Open,
        subtotal: price,
        discount,
        credit_applied,
        amount: price - discount - credit_applied,
        refunded_amount: 0,
        period_start: next.start,
        period_end: next.end,
        attempt_count: 0,
        next_retry_at: None,
        change: Json(change),
        created_at: work.now(),
        paid_at: None,
    };
    invoice.insert(tx)?;
    // Where there is nothing to charge, the subscription's own event tells of it, and no event of the invoice.
    if invoice.amount == 0 || card_of(tx, work, subscription)?.is_some() {
        events::invoice(tx, work, EventKind::InvoiceCreated, &invoice)?;
    }
    subscription.open_invoice_id = Some(id);
    ask(tx, work, subscription, &mut invoice)
}

/// Has an invoice paid: without a charge if nothing is to be paid, not at all if there is no card.
pub(crate) fn ask(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
    invoice: &mut Invoice,
) -> Result<Option<Collection>> {
    if invoice.amount == 0 {
        invoice_paid(tx, work, subscription, invoice, None)?;
        return Ok(None);
    }
    let Some(card) = card_of(tx, work, subscription)? else {
        invoice_failed(tx, work, subscription, invoice, Lack::NoCard)?;
        return Ok(None);
    };
    let new = NewCharge {
        purpose: ChargePurpose::Invoice,
        reference: invoice.invoice_id.to_string(),
        customer_id: Some(subscription.customer_id),
        source: Source::Kept(card.card_id),
        amount: invoice.amount,
    };
    let charge = charge::begin(tx, work, new)?;
    subscription.collecting = true;
    save(tx, work, subscription)?;
    let product = Product::first(
        tx,
        Product::BY_ID,
        params![invoice.product_id, work.account()],
    )?
    .ok_or(Resource::Product)?;
    Ok(Some(Collection {
        charge,
        card: card.token,
        description: product.name,
    }))
}

fn card_of(tx: &mut Tx<'_>, work: &Work, subscription: &Subscription) -> Result<Option<Card>> {
    Ok(match subscription.card_id {
        Some(card) => Card::first(tx, Card::BY_ID, params![card, work.account()])?,
        None => None,
    })
}

/// The change that waited for this moment, unless the customer has a subscription to that product by now.
pub(crate) fn scheduled_change(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
) -> Result<Option<PlanChange>> {
    let Some(scheduled) = subscription.scheduled.0.clone() else {
        return Ok(None);
    };
    if has_other(tx, work, subscription, scheduled.product_id)? {
        let made = apply(subscription.status, Trigger::Unschedule)?;
        tell(tx, work, subscription, made, Some(scheduled.kind))?;
        subscription.scheduled = Json(None);
        return Ok(None);
    }
    Ok(Some(PlanChange {
        product_id: scheduled.product_id,
        terms: scheduled.terms,
        kind: scheduled.kind,
        credit_left: 0,
    }))
}

/// When something is due of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DueThing {
    Subscription(SubscriptionId),
    Charge(ChargeId),
    Refund(crate::model::RefundId),
}

/// The first things of an account that are due until `until`, in order.
pub(crate) fn due_things(
    tx: &mut Tx<'_>,
    account: crate::model::AccountId,
    until: Timestamp,
    most: i64,
) -> Result<Vec<(Timestamp, DueThing)>, StoreError> {
    let mut due: Vec<(Timestamp, DueThing)> = Vec::new();
    for one in Subscription::all(tx, Subscription::DUE, params![account, until, most])? {
        due.extend(
            one.next_action_at
                .map(|at| (at, DueThing::Subscription(one.subscription_id))),
        );
    }
    for one in Charge::all(tx, Charge::DUE, params![account, until, most])? {
        due.extend(one.check_at.map(|at| (at, DueThing::Charge(one.charge_id))));
    }
    for one in
        crate::repo::Refund::all(tx, crate::repo::Refund::DUE, params![account, until, most])?
    {
        due.extend(one.check_at.map(|at| (at, DueThing::Refund(one.refund_id))));
    }
    due.sort_by_key(|(at, _)| *at);
    Ok(due)
}
