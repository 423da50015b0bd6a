use crate::model::proration::SwitchKind;
use crate::model::{
    AccountId, CheckoutId, CustomerId, InvoiceId, InvoiceReason, InvoiceStatus, OrderId,
    OrderReason, OrderStatus, ProductId, SubscriptionId, Terms,
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::record;
use store::record::Json;

record! {
    /// What was bought at a checkout.
    pub struct Order in "billing_orders" key order_id {
        /// Its id.
        order_id: OrderId,
        /// In which account.
        account_id: AccountId,
        /// Where it was bought.
        checkout_id: CheckoutId,
        /// The subscription that began with it.
        subscription_id: Option<SubscriptionId>,
        /// By whom.
        customer_id: CustomerId,
        /// What.
        product_id: ProductId,
        /// Why it exists.
        billing_reason: OrderReason,
        /// How far it is.
        status: OrderStatus,
        /// Before the discount.
        subtotal: i64,
        /// The discount.
        discount: i64,
        /// What was, or is to be, paid.
        amount: i64,
        /// What was given back.
        refunded_amount: i64,
        /// The merchant's own.
        metadata: Option<Json<Map<String, Value>>>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was paid.
        paid_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE order_id = $1 AND account_id = $2";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE order_id = $1 /* for update */";
        /// `$1` checkout, `$2` account.
        OF_CHECKOUT = "WHERE checkout_id = $1 AND account_id = $2";
        /// `$1` customer: what it owns for good.
        OWNED = "WHERE customer_id = $1 AND billing_reason = 'PURCHASE' AND status IN ('PAID', 'PARTIALLY_REFUNDED') ORDER BY order_id DESC LIMIT 1000";
        /// `$1` account, `$2` id to start after or '', `$3` how many, `$4` customer or ''; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR order_id < $2) AND ($4 = '' OR customer_id = $4) ORDER BY order_id DESC LIMIT $3";
    }
}

/// What becomes of a subscription when an invoice is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChange {
    /// The product from then on.
    pub product_id: ProductId,
    /// Its terms.
    pub terms: Terms,
    /// What kind of change it is.
    pub kind: SwitchKind,
    /// What the old period's rest is worth beyond what the new one costs.
    pub credit_left: i64,
}

record! {
    /// What a running subscription is asked for.
    pub struct Invoice in "billing_invoices" key invoice_id {
        /// Its id.
        invoice_id: InvoiceId,
        /// In which account.
        account_id: AccountId,
        /// Its number for people.
        number: String,
        /// Of which subscription.
        subscription_id: SubscriptionId,
        /// By whom it is paid.
        customer_id: CustomerId,
        /// For what.
        product_id: ProductId,
        /// Why it exists.
        billing_reason: InvoiceReason,
        /// How far it is.
        status: InvoiceStatus,
        /// Before the discount.
        subtotal: i64,
        /// The discount.
        discount: i64,
        /// What was left over from before and pays a part.
        credit_applied: i64,
        /// What the card is charged.
        amount: i64,
        /// What was given back.
        refunded_amount: i64,
        /// When the period begins that it pays for.
        period_start: Timestamp,
        /// When it ends.
        period_end: Timestamp,
        /// How often it was tried to collect it.
        attempt_count: u32,
        /// When it is tried again.
        next_retry_at: Option<Timestamp>,
        /// What changes when it is paid.
        change: Json<Option<PlanChange>>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was paid.
        paid_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE invoice_id = $1 AND account_id = $2";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE invoice_id = $1 /* for update */";
        /// `$1` account, `$2` id to start after or '', `$3` how many, `$4` customer or '', `$5` subscription or ''; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR invoice_id < $2) AND ($4 = '' OR customer_id = $4) \
            AND ($5 = '' OR subscription_id = $5) ORDER BY invoice_id DESC LIMIT $3";
    }
}
