//! What customers and merchants do with a subscription: cancel, pause, resume, switch.

use crate::checkout::{ProductRef, find_product};
use crate::model::period::{Period, first_period, period};
use crate::model::proration::{self, Quote, SwitchKind, Timing};
use crate::model::{
    EventKind, InvoiceId, InvoiceReason, InvoiceStatus, Scheduled, Status, SubscriptionId, Trigger,
    apply,
};
use crate::renew::{Collection, ask, bill, scheduled_change};
use crate::repo::{Invoice, PlanChange, Product, Subscription};
use crate::settle::{Settled, has_other, lock_subscription, make, save, tell};
use crate::work::Work;
use crate::{Billing, Error, Result, Scope, events};
use catalogue::RecurError;
use catalogue::recur::{Conflict, PaymentFailure, Resource, StateRefusal};
use store::record::Json;
use store::{StoreError, Tx, params};

/// What a switch means, before or after it is made.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Where it leads.
    pub kind: SwitchKind,
    /// When it happens.
    pub timing: Timing,
    /// What it costs, when it happens at once.
    pub quote: Quote,
    /// The subscription as it is afterwards; of a preview: as it is.
    pub subscription: Subscription,
    /// The product switched to.
    pub target: Product,
    /// What is paid for it.
    pub invoice: Option<Invoice>,
}

impl Billing {
    /// A subscription of the account.
    pub async fn subscription(&self, scope: &Scope, id: SubscriptionId) -> Result<Subscription> {
        let account = scope.account_id;
        let read = move |tx: &mut Tx<'_>| {
            Subscription::first(tx, Subscription::BY_ID, params![id, account])
        };
        let found: Result<_, StoreError> = self.db().read(read).await;
        found?.ok_or_else(|| Resource::Subscription.into())
    }

    /// Cancels a subscription, now or when its period ends. One that is not in a paid period ends now in any case.
    pub async fn cancel(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        at_period_end: bool,
        reason: Option<String>,
    ) -> Result<Subscription> {
        self.write(scope, move |tx, work| {
            let mut subscription = lock_subscription(tx, work, id)?;
            if subscription.status.is_over() || (at_period_end && subscription.cancel_at_period_end)
            {
                return Err(StateRefusal::SubscriptionCanceled.into());
            }
            let waits = matches!(subscription.status, Status::Trial | Status::Active);
            subscription.cancel_reason = reason.clone();
            if at_period_end && waits {
                unschedule(tx, work, &mut subscription)?;
                subscription.cancel_at_period_end = true;
                subscription.canceled_at = Some(work.now());
                make(tx, work, &mut subscription, Trigger::CancelLater)?;
            } else {
                cancel_now(tx, work, &mut subscription)?;
            }
            Ok(subscription)
        })
        .await
    }

    /// Withdraws a cancellation at the period's end, or lets a paused subscription go on. If the paid period is over,
    /// a new one begins now and is charged first.
    pub async fn resume(&self, scope: &Scope, id: SubscriptionId) -> Result<Subscription> {
        let collection = self
            .write(scope, move |tx, work| {
                let mut subscription = lock_subscription(tx, work, id)?;
                match subscription.status {
                    Status::Trial | Status::Active if subscription.cancel_at_period_end => {
                        subscription.cancel_at_period_end = false;
                        subscription.canceled_at = None;
                        subscription.cancel_reason = None;
                        make(tx, work, &mut subscription, Trigger::Reactivate)?;
                        Ok(None)
                    }
                    Status::Trial | Status::Active | Status::PastDue => {
                        Err(StateRefusal::SubscriptionNotCanceled.into())
                    }
                    Status::Paused if subscription.collecting => {
                        Err(Conflict::PaymentInProgress.into())
                    }
                    Status::Paused => go_on(tx, work, &mut subscription),
                    Status::Pending | Status::Canceled | Status::Expired => {
                        Err(StateRefusal::SubscriptionNotActive.into())
                    }
                }
            })
            .await?;
        if let Some(collection) = collection {
            self.collect_now(scope, collection).await?;
        }
        self.subscription(scope, id).await
    }

    /// Stops a subscription: it is not renewed, and gives no right, until it is resumed.
    pub async fn pause(&self, scope: &Scope, id: SubscriptionId) -> Result<Subscription> {
        self.write(scope, move |tx, work| {
            let mut subscription = lock_subscription(tx, work, id)?;
            match subscription.status {
                Status::Paused => return Err(StateRefusal::SubscriptionPaused.into()),
                Status::Trial | Status::Active => {}
                _ => return Err(StateRefusal::SubscriptionNotActive.into()),
            }
            if subscription.cancel_at_period_end {
                return Err(StateRefusal::SubscriptionCanceled.into());
            }
            if subscription.collecting {
                return Err(Conflict::PaymentInProgress.into());
            }
            subscription.paused_at = Some(work.now());
            make(tx, work, &mut subscription, Trigger::Pause)?;
            Ok(subscription)
        })
        .await
    }

    /// What a switch would mean, without making it.
    pub async fn preview_switch(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        target: ProductRef,
    ) -> Result<Switch> {
        self.write(scope, move |tx, work| {
            let subscription = lock_subscription(tx, work, id)?;
            plan_switch(tx, work, subscription, &target)
        })
        .await
    }

    /// Switches to another product: at once, and paid for at once, or when the period ends.
    pub async fn switch(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        target: ProductRef,
    ) -> Result<Switch> {
        let (mut switch, collection) = self
            .write(scope, move |tx, work| {
                let subscription = lock_subscription(tx, work, id)?;
                let switch = plan_switch(tx, work, subscription, &target)?;
                begin_switch(tx, work, switch)
            })
            .await?;
        if let Some(collection) = collection {
            self.collect_now(scope, collection).await?;
        }
        switch.subscription = self.subscription(scope, id).await?;
        if let Some(invoice) = &switch.invoice {
            switch.invoice = self.invoice(scope, invoice.invoice_id).await.map(Some)?;
        }
        Ok(switch)
    }

    /// Withdraws the change that waits for the period's end.
    pub async fn unschedule(&self, scope: &Scope, id: SubscriptionId) -> Result<Subscription> {
        self.write(scope, move |tx, work| {
            let mut subscription = lock_subscription(tx, work, id)?;
            if !unschedule(tx, work, &mut subscription)? {
                return Err(StateRefusal::NothingScheduled.into());
            }
            save(tx, work, &mut subscription)?;
            Ok(subscription)
        })
        .await
    }

    /// An invoice of the account.
    pub async fn invoice(&self, scope: &Scope, id: InvoiceId) -> Result<Invoice> {
        let account = scope.account_id;
        let read = move |tx: &mut Tx<'_>| Invoice::first(tx, Invoice::BY_ID, params![id, account]);
        let found: Result<_, StoreError> = self.db().read(read).await;
        found?.ok_or_else(|| Resource::Invoice.into())
    }

    /// Asks for money while somebody waits for the outcome.
    async fn collect_now(&self, scope: &Scope, collection: Collection) -> Result<()> {
        match self.collect(scope, collection).await? {
            Settled::Paid => Ok(()),
            Settled::Declined(failure) => Err(declined(&failure.code)),
            Settled::NoCard => Err(StateRefusal::NoPaymentMethod.into()),
            Settled::RequiresAction { .. } | Settled::Duplicate { .. } | Settled::Undecided => {
                Err(Conflict::PaymentInProgress.into())
            }
        }
    }
}

/// The documented refusal of a payment that failed for the reason with this code.
pub fn declined(code: &str) -> Error {
    let failure = PaymentFailure::of_code(code).unwrap_or(PaymentFailure::Unknown);
    RecurError::PaymentRequired { failure }.into()
}

/// Cancels a subscription as from now, unless it is over.
pub(crate) fn cancel_if_running(
    tx: &mut Tx<'_>,
    work: &Work,
    id: SubscriptionId,
    reason: &str,
) -> Result<()> {
    let mut subscription = lock_subscription(tx, work, id)?;
    if subscription.status.is_over() {
        return Ok(());
    }
    subscription.cancel_reason = Some(reason.to_owned());
    cancel_now(tx, work, &mut subscription)
}

fn cancel_now(tx: &mut Tx<'_>, work: &Work, subscription: &mut Subscription) -> Result<()> {
    unschedule(tx, work, subscription)?;
    subscription.cancel_at_period_end = false;
    subscription.canceled_at = Some(work.now());
    subscription.ended_at = Some(work.now());
    // An invoice whose charge is under way is settled with the charge.
    if let (Some(id), false) = (subscription.open_invoice_id, subscription.collecting) {
        let mut invoice =
            Invoice::first(tx, Invoice::LOCK, params![id])?.ok_or(Resource::Invoice)?;
        invoice.status = InvoiceStatus::Void;
        invoice.next_retry_at = None;
        invoice.save(tx)?;
        subscription.open_invoice_id = None;
    }
    make(tx, work, subscription, Trigger::CancelNow)
}

/// Withdraws a scheduled change; `false`: there was none. The caller stores the subscription.
fn unschedule(tx: &mut Tx<'_>, work: &Work, subscription: &mut Subscription) -> Result<bool> {
    let Some(scheduled) = subscription.scheduled.0.take() else {
        return Ok(false);
    };
    let made = apply(subscription.status, Trigger::Unschedule)?;
    tell(tx, work, subscription, made, Some(scheduled.kind))?;
    Ok(true)
}

fn go_on(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &mut Subscription,
) -> Result<Option<Collection>> {
    if subscription.current_period_end > work.now() {
        refuse_other(tx, work, subscription, subscription.product_id)?;
        subscription.paused_at = None;
        let in_trial = subscription.trial_ends_at == Some(subscription.current_period_end);
        let trigger = if in_trial {
            Trigger::ResumeTrial
        } else {
            Trigger::Resume
        };
        make(tx, work, subscription, trigger)?;
        return Ok(None);
    }
    // The period that a scheduled change waited for is over.
    let change = scheduled_change(tx, work, subscription)?;
    if change.is_none() {
        refuse_other(tx, work, subscription, subscription.product_id)?;
    }
    let terms = change
        .as_ref()
        .map_or(&subscription.plan.0, |change| &change.terms);
    let next = first_period(work.now(), terms.interval, 0)?;
    bill(tx, work, subscription, next, change)
}

/// Refuses when the customer has another valid subscription to the product.
fn refuse_other(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: &Subscription,
    product: crate::model::ProductId,
) -> Result<()> {
    if has_other(tx, work, subscription, product)? {
        return Err(StateRefusal::OtherSubscription.into());
    }
    Ok(())
}

fn plan_switch(
    tx: &mut Tx<'_>,
    work: &Work,
    subscription: Subscription,
    target: &ProductRef,
) -> Result<Switch> {
    let target = find_product(tx, work.account(), target)?;
    let terms = target.terms().ok_or(StateRefusal::ProductType)?;
    match subscription.status {
        Status::Trial | Status::Active if subscription.cancel_at_period_end => {
            return Err(StateRefusal::SubscriptionCanceled.into());
        }
        Status::Trial | Status::Active => {}
        _ => return Err(StateRefusal::SubscriptionNotActive.into()),
    }
    if subscription.collecting {
        return Err(Conflict::PaymentInProgress.into());
    }
    if target.product_id == subscription.product_id {
        return Err(StateRefusal::SameProduct.into());
    }
    refuse_other(tx, work, &subscription, target.product_id)?;
    let (old, new) = (subscription.plan.0.plan(), terms.plan());
    let (kind, timing) = proration::classify(&old, &new);
    let current = Period {
        start: subscription.current_period_start,
        end: subscription.current_period_end,
    };
    // A trial has cost nothing and goes on: there is nothing to settle.
    let (timing, quote) = if subscription.status == Status::Trial {
        let nothing = Quote {
            credit: 0,
            charge: 0,
            amount_due: 0,
            credit_left: 0,
            new_period: None,
        };
        (Timing::Immediate, nothing)
    } else {
        let quote = proration::quote(&old, &new, current, work.now(), subscription.period_paid);
        (timing, quote)
    };
    Ok(Switch {
        kind,
        timing,
        quote,
        subscription,
        target,
        invoice: None,
    })
}

fn begin_switch(
    tx: &mut Tx<'_>,
    work: &Work,
    mut switch: Switch,
) -> Result<(Switch, Option<Collection>)> {
    let terms = switch.target.terms().ok_or(StateRefusal::ProductType)?;
    let subscription = &mut switch.subscription;
    unschedule(tx, work, subscription)?;
    let trigger = match switch.kind {
        SwitchKind::Upgrade | SwitchKind::Lateral => Trigger::Upgrade,
        SwitchKind::Downgrade => Trigger::Downgrade,
    };
    if switch.timing == Timing::PeriodEnd {
        subscription.scheduled = Json(Some(Scheduled {
            product_id: switch.target.product_id,
            terms,
            kind: switch.kind,
        }));
        let made = apply(subscription.status, Trigger::Schedule)?;
        save(tx, work, subscription)?;
        tell(tx, work, subscription, made, Some(switch.kind))?;
        return Ok((switch, None));
    }
    if subscription.status == Status::Trial {
        subscription.product_id = switch.target.product_id;
        subscription.plan = Json(terms);
        let made = apply(subscription.status, trigger)?;
        save(tx, work, subscription)?;
        tell(tx, work, subscription, made, Some(switch.kind))?;
        return Ok((switch, None));
    }
    let quote = switch.quote;
    let paid_for = match quote.new_period {
        Some(start) => period(start, terms.interval, 0)?,
        None => Period {
            start: subscription.current_period_start,
            end: subscription.current_period_end,
        },
    };
    let id = work.id();
    let mut invoice = Invoice {
        invoice_id: id,
        account_id: work.account(),
        number: work.number("INV", id),
        subscription_id: subscription.subscription_id,
        customer_id: subscription.customer_id,
        product_id: switch.target.product_id,
        billing_reason: InvoiceReason::Update,
        status: InvoiceStatus::Open,
        subtotal: quote.charge,
        discount: quote.charge - quote.amount_due,
        credit_applied: 0,
        amount: quote.amount_due,
        refunded_amount: 0,
        period_start: paid_for.start,
        period_end: paid_for.end,
        attempt_count: 0,
        next_retry_at: None,
        change: Json(Some(PlanChange {
            product_id: switch.target.product_id,
            terms,
            kind: switch.kind,
            credit_left: quote.credit_left,
        })),
        created_at: work.now(),
        paid_at: None,
    };
    invoice.insert(tx)?;
    events::invoice(tx, work, EventKind::InvoiceCreated, &invoice)?;
    subscription.open_invoice_id = Some(id);
    let collection = ask(tx, work, subscription, &mut invoice)?;
    if collection.is_none() && invoice.status != InvoiceStatus::Paid {
        return Err(StateRefusal::NoPaymentMethod.into());
    }
    switch.invoice = Some(invoice);
    Ok((switch, collection))
}
