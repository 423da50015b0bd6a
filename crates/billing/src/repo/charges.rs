use crate::model::{
    AccountId, CardId, ChargeId, ChargePurpose, ChargeStatus, CustomerId, Failure, InvoiceId,
    OrderId, RefundId, RefundReason, RefundStatus, SubscriptionId,
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use store::record;
use store::record::Json;

record! {
    /// One request for money to the gateway.
    pub struct Charge in "billing_charges" key charge_id {
        /// Its id.
        charge_id: ChargeId,
        /// In which account.
        account_id: AccountId,
        /// Names the trade at the gateway.
        mer_trade_no: String,
        /// What it is for.
        purpose: ChargePurpose,
        /// Which checkout, invoice or customer.
        reference: String,
        /// Who pays.
        customer_id: Option<CustomerId>,
        /// The kept card that is charged.
        card_id: Option<CardId>,
        /// The card form's token that is charged.
        sdk_token: Option<String>,
        /// Whole dollars.
        amount: i64,
        /// What was given back.
        refunded_amount: i64,
        /// How far it is.
        status: ChargeStatus,
        /// The gateway's number.
        trade_no: Option<String>,
        /// Why it failed.
        failure: Json<Option<Failure>>,
        /// Where the buyer passes 3-D Secure.
        three_d_url: Option<String>,
        /// How often the gateway was asked what became of it.
        checks: u32,
        /// When it is asked next.
        check_at: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was decided.
        settled_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE charge_id = $1 AND account_id = $2";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE charge_id = $1 /* for update */";
        /// `$1` trade number.
        BY_TRADE = "WHERE mer_trade_no = $1";
        /// `$1` reference: newest first.
        OF_REFERENCE = "WHERE reference = $1 ORDER BY charge_id DESC LIMIT 100";
        /// `$1` reference: the one that paid for it. One that took money after it had been given up has a failure.
        PAID = "WHERE reference = $1 AND status IN ('SUCCEEDED', 'REFUNDED') AND failure = 'null' ORDER BY charge_id DESC LIMIT 1";
        /// `$1` account, `$2` time, `$3` how many: the longest due first.
        DUE = "WHERE account_id = $1 AND check_at <= $2 ORDER BY check_at, charge_id LIMIT $3";
    }
}

/// What a refund takes from what a switch would credit. Whole dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When the period began that was refunded, in microseconds.
    pub period_start: i64,
    /// From what an earlier switch made of that period.
    pub credited: i64,
    /// From the credit that is left.
    pub credit_left: i64,
    /// When the period began that is worth less now, in microseconds.
    pub current_start: i64,
    /// From what was paid for that period.
    pub period_paid: i64,
}

record! {
    /// Money given back.
    pub struct Refund in "billing_refunds" key refund_id {
        /// Its id.
        refund_id: RefundId,
        /// In which account.
        account_id: AccountId,
        /// Its number for people.
        number: String,
        /// Of which charge.
        charge_id: ChargeId,
        /// Of which order.
        order_id: Option<OrderId>,
        /// Of which invoice.
        invoice_id: Option<InvoiceId>,
        /// Of which subscription.
        subscription_id: Option<SubscriptionId>,
        /// To whom.
        customer_id: Option<CustomerId>,
        /// Whole dollars.
        amount: i64,
        /// What had been given back of the charge before: how the gateway's sum tells whether this was done.
        refunded_before: i64,
        /// How far it is.
        status: RefundStatus,
        /// Why.
        reason: RefundReason,
        /// In the merchant's words.
        reason_detail: Option<String>,
        /// Why it failed.
        failure: Json<Option<Failure>>,
        /// How often it was tried.
        checks: u32,
        /// When it is tried next.
        check_at: Option<Timestamp>,
        /// Until when, in real time, whoever is trying it has it alone.
        claimed_until: Option<Timestamp>,
        /// What the subscription lost by it.
        taken: Json<Taken>,
        /// When it was asked for.
        created_at: Timestamp,
        /// When it was decided.
        settled_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE refund_id = $1 AND account_id = $2";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE refund_id = $1 /* for update */";
        /// `$1` charge: the one under way.
        OPEN = "WHERE charge_id = $1 AND status IN ('PENDING', 'PROCESSING')";
        /// `$1` account, `$2` id to start after or '', `$3` how many, `$4` customer or ''; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR refund_id < $2) AND ($4 = '' OR customer_id = $4) ORDER BY refund_id DESC LIMIT $3";
        /// `$1` account, `$2` time, `$3` how many: the longest due first.
        DUE = "WHERE account_id = $1 AND check_at <= $2 ORDER BY check_at, refund_id LIMIT $3";
    }
}
