use crate::model::Terms;
use crate::model::discount::CouponTerms;
use crate::model::{
    AccountId, Buyer, CheckoutId, CheckoutStatus, CustomerId, Failure, OrderId, PaymentLinkId,
    ProductId, PromotionCodeId, Purpose, SubscriptionId,
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::record;
use store::record::Json;

/// A promotion code that was entered at a checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedCode {
    /// The code.
    pub promotion_code_id: PromotionCodeId,
    /// What it gives.
    pub terms: CouponTerms,
}

/// What a subscription to a product begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its terms.
    pub terms: Terms,
    /// For how many days it is free at first, without a coupon.
    pub trial_days: u32,
}

record! {
    /// The attempt to sell one product to one buyer.
    pub struct Checkout in "billing_checkouts" key checkout_id {
        /// Its id.
        checkout_id: CheckoutId,
        /// In which account.
        account_id: AccountId,
        /// The part of the hosted page's address, `cs_…`; `None`: the merchant's own page.
        session_id: Option<String>,
        /// Its number for people.
        number: String,
        /// SHA-256 of the secret that the buyer's browser has, in hex.
        client_secret_hash: String,
        /// What is sold.
        product_id: ProductId,
        /// What for.
        purpose: Purpose,
        /// How far it is.
        status: CheckoutStatus,
        /// The product's price when it began.
        price: i64,
        /// On what terms a subscription begins, as they were when the checkout began; `None` of what is bought once.
        plan: Json<Option<Offer>>,
        /// What the coupon takes off.
        amount_off: i64,
        /// What the card is charged: less than the price minus the coupon where only the card is verified.
        charged: i64,
        /// The code entered.
        coupon: Json<Option<AppliedCode>>,
        /// Who buys, as far as is known.
        buyer: Json<Buyer>,
        /// Whether the buyer was known when it began, so that a second subscription was looked for then.
        buyer_known: bool,
        /// The customer, once there is one.
        customer_id: Option<CustomerId>,
        /// The subscription, once there is one.
        subscription_id: Option<SubscriptionId>,
        /// The order, once there is one.
        order_id: Option<OrderId>,
        /// The link that began it.
        payment_link_id: Option<PaymentLinkId>,
        /// Where the buyer goes after paying.
        success_url: Option<String>,
        /// Where the buyer goes who does not pay.
        cancel_url: Option<String>,
        /// The merchant's own.
        metadata: Option<Json<Map<String, Value>>>,
        /// The origin of the page that shows the card form.
        origin: Option<String>,
        /// The card form's token.
        sdk_token: Option<String>,
        /// Until when it counts, in real time.
        sdk_token_expires_at: Option<Timestamp>,
        /// Under which name the gateway keeps the card.
        credit_token: String,
        /// How often it was tried to pay.
        attempts: u32,
        /// How often it may be tried.
        max_attempts: u32,
        /// Why the last attempt failed.
        refusal: Json<Option<Failure>>,
        /// Until when it can be paid.
        expires_at: Timestamp,
        /// When it began.
        created_at: Timestamp,
        /// When it was paid.
        completed_at: Option<Timestamp>,
    }
    select {
        /// `$1` id.
        BY_ID = "WHERE checkout_id = $1";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE checkout_id = $1 /* for update */";
        /// `$1` the part of the hosted page's address.
        BY_SESSION = "WHERE session_id = $1";
    }
}

impl Checkout {
    /// What is asked for the product: price minus coupon.
    pub const fn amount(&self) -> i64 {
        self.price - self.amount_off
    }

    /// Whether the buyer's address cannot be typed differently any more.
    pub const fn is_buyer_settled(&self) -> bool {
        self.buyer_known || self.attempts > 0
    }

    /// The contract's word for how far a hosted session is.
    pub fn session_status(&self, now: Timestamp) -> &'static str {
        match self.status {
            CheckoutStatus::Succeeded => "COMPLETED",
            CheckoutStatus::Canceled => "EXPIRED",
            _ if self.expires_at <= now => "EXPIRED",
            _ => "OPEN",
        }
    }
}
