use crate::model::discount::CouponTerms;
use crate::model::{
    AccountId, CardId, CheckoutId, CustomerId, Due, InvoiceId, ProductId, Scheduled, Status,
    SubscriptionId, Terms, Timetable,
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::record;
use store::record::Json;

/// A period that a switch cut short, and what of its price went into what came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credited {
    /// When the period began, in microseconds.
    pub period_start: i64,
    /// Whole dollars, less what has been given back of the period since.
    pub amount: i64,
}

record! {
    /// A right that is paid for again each period.
    pub struct Subscription in "billing_subscriptions" key subscription_id {
        /// Its id.
        subscription_id: SubscriptionId,
        /// In which account.
        account_id: AccountId,
        /// Whose.
        customer_id: CustomerId,
        /// To what.
        product_id: ProductId,
        /// Where it began.
        checkout_id: Option<CheckoutId>,
        /// What is charged.
        card_id: Option<CardId>,
        /// Where it stands. Only [`apply`](crate::model::apply) says what it becomes.
        status: Status,
        /// On what terms.
        plan: Json<Terms>,
        /// From when the periods are counted.
        anchor: Timestamp,
        /// Which period comes next, counted from 0 at the anchor.
        next_period: u32,
        /// When the period began.
        current_period_start: Timestamp,
        /// When the period, or the trial, ends.
        current_period_end: Timestamp,
        /// What was paid for this period.
        period_paid: i64,
        /// When the trial ends or ended.
        trial_ends_at: Option<Timestamp>,
        /// Whether its end has been announced.
        trial_noticed: bool,
        /// The coupon that lowers the price.
        coupon: Json<Option<CouponTerms>>,
        /// How many periods it has lowered.
        periods_discounted: u32,
        /// What a switch left over, to be taken off what comes.
        credit_left: i64,
        /// What switches made of periods that they cut short, the oldest first.
        credited: Json<Vec<Credited>>,
        /// Whether it ends with the period.
        cancel_at_period_end: bool,
        /// Why it was cancelled.
        cancel_reason: Option<String>,
        /// When that was asked for.
        canceled_at: Option<Timestamp>,
        /// When it ended.
        ended_at: Option<Timestamp>,
        /// When a charge failed that has not been made good.
        past_due_since: Option<Timestamp>,
        /// When the charge is tried again.
        next_retry_at: Option<Timestamp>,
        /// When the right ends that outlasts the unpaid period.
        grace_ends_at: Option<Timestamp>,
        /// When it was paused.
        paused_at: Option<Timestamp>,
        /// What changes when the period ends.
        scheduled: Json<Option<Scheduled>>,
        /// The invoice that is to be paid.
        open_invoice_id: Option<InvoiceId>,
        /// Whether a charge for it is under way.
        collecting: bool,
        /// When something falls due next: [`Subscription::due`], kept for the index.
        next_action_at: Option<Timestamp>,
        /// The merchant's own.
        metadata: Option<Json<Map<String, Value>>>,
        /// When it was first paid for, or the trial began.
        started_at: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE subscription_id = $1 AND account_id = $2";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE subscription_id = $1 /* for update */";
        /// `$1` customer, `$2` product.
        VALID = "WHERE customer_id = $1 AND product_id = $2 AND status IN ('TRIAL', 'ACTIVE', 'PAST_DUE')";
        /// `$1` customer: newest first.
        OF_CUSTOMER = "WHERE customer_id = $1 ORDER BY subscription_id DESC LIMIT 1000";
        /// `$1` account, `$2` time: the longest due first.
        DUE = "WHERE account_id = $1 AND next_action_at <= $2 ORDER BY next_action_at, subscription_id LIMIT $3";
        /// `$1` account, `$2` id to start after or '', `$3` how many, `$4` customer or '', `$5` product or '',
        /// `$6` 1 for valid ones only, `$7` status or ''; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR subscription_id < $2) AND ($4 = '' OR customer_id = $4) \
            AND ($5 = '' OR product_id = $5) AND ($6 = 0 OR status IN ('TRIAL', 'ACTIVE', 'PAST_DUE')) \
            AND ($7 = '' OR status = $7) ORDER BY subscription_id DESC LIMIT $3";
    }
}

impl Subscription {
    /// What falls due next, and when.
    pub fn due(&self) -> Option<(Timestamp, Due)> {
        Timetable {
            status: self.status,
            collecting: self.collecting,
            period_end: self.current_period_end,
            unannounced_trial: (self.status == Status::Trial && !self.trial_noticed)
                .then_some(self.current_period_start),
            cancel_at_period_end: self.cancel_at_period_end,
            next_retry_at: self.next_retry_at,
            grace_ends_at: self.grace_ends_at,
        }
        .next()
    }

    /// Until when the right lasts, as far as is known.
    pub fn access_ends_at(&self) -> Timestamp {
        self.grace_ends_at
            .filter(|_| self.status == Status::PastDue)
            .unwrap_or(self.current_period_end)
    }
}
