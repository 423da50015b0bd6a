//! Types and pure rules: no I/O here.

pub mod discount;
pub mod duration;
mod event;
mod id;
pub mod period;
pub mod proration;
mod subscription;

pub use event::EventKind;
pub use id::*;
pub use subscription::{
    Due, IllegalMove, Move, Scheduled, Status, TRANSITIONS, Terms, Timetable, Transition, Trigger,
    apply,
};

use serde::{Deserialize, Serialize};
use store::text_enum;

text_enum! {
    /// What a product is.
    pub enum ProductType {
        /// Paid again each period.
        Subscription = "SUBSCRIPTION",
        /// Paid once, owned for good.
        OneTime = "ONE_TIME",
        /// A pack of credits.
        Credits = "CREDITS",
        /// A gift, which gives no right.
        Donation = "DONATION",
    }
}

text_enum! {
    /// What a checkout is for.
    pub enum Purpose {
        /// One payment.
        Payment = "PAYMENT",
        /// The first payment of a subscription.
        Subscription = "SUBSCRIPTION",
        /// A card to be kept.
        Setup = "SETUP",
    }
}

text_enum! {
    /// How far a checkout is.
    pub enum CheckoutStatus {
        /// Waits for a card; also after a decline.
        RequiresPaymentMethod = "REQUIRES_PAYMENT_METHOD",
        /// Waits for the buyer's confirmation.
        RequiresConfirmation = "REQUIRES_CONFIRMATION",
        /// The buyer has to pass 3-D Secure.
        RequiresAction = "REQUIRES_ACTION",
        /// The gateway has been asked and has not decided.
        Processing = "PROCESSING",
        /// Paid.
        Succeeded = "SUCCEEDED",
        /// Over without a payment.
        Canceled = "CANCELED",
    }
}

text_enum! {
    /// Whether a customer may buy.
    pub enum CustomerStatus {
        /// Yes.
        Active = "ACTIVE",
        /// No.
        Banned = "BANNED",
    }
}

text_enum! {
    /// Why an order exists.
    pub enum OrderReason {
        /// Something bought once.
        Purchase = "PURCHASE",
        /// The first payment of a subscription.
        SubscriptionCreate = "SUBSCRIPTION_CREATE",
    }
}

text_enum! {
    /// How far an order is.
    pub enum OrderStatus {
        /// Not paid.
        Pending = "PENDING",
        /// Paid.
        Paid = "PAID",
        /// All of it given back.
        Refunded = "REFUNDED",
        /// Some of it given back.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
    }
}

text_enum! {
    /// Why an invoice exists.
    pub enum InvoiceReason {
        /// A new period.
        Cycle = "SUBSCRIPTION_CYCLE",
        /// A switch of plan.
        Update = "SUBSCRIPTION_UPDATE",
    }
}

text_enum! {
    /// How far an invoice is.
    pub enum InvoiceStatus {
        /// To be paid.
        Open = "OPEN",
        /// Paid.
        Paid = "PAID",
        /// Withdrawn.
        Void = "VOID",
        /// Given up.
        Uncollectible = "UNCOLLECTIBLE",
    }
}

text_enum! {
    /// What a charge is for; the charge's reference names the thing.
    pub enum ChargePurpose {
        /// A checkout.
        Checkout = "CHECKOUT",
        /// An invoice.
        Invoice = "INVOICE",
        /// Proof that a new card works; the reference is the customer.
        Card = "CARD",
    }
}

text_enum! {
    /// How far a charge is.
    pub enum ChargeStatus {
        /// The gateway has been, or is about to be, asked; it has not decided.
        Pending = "PENDING",
        /// The buyer has to pass 3-D Secure.
        RequiresAction = "REQUIRES_ACTION",
        /// The money is taken.
        Succeeded = "SUCCEEDED",
        /// No money is taken.
        Failed = "FAILED",
        /// All of the money is given back.
        Refunded = "REFUNDED",
    }
}

impl ChargeStatus {
    /// Whether the gateway may still take the money.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::RequiresAction)
    }
}

text_enum! {
    /// How far a refund is.
    pub enum RefundStatus {
        /// The gateway is about to be asked.
        Pending = "PENDING",
        /// The gateway has to capture the money before it can give it back.
        Processing = "PROCESSING",
        /// The money is given back.
        Succeeded = "SUCCEEDED",
        /// The gateway refused.
        Failed = "FAILED",
    }
}

text_enum! {
    /// Why money is given back.
    pub enum RefundReason {
        /// The customer asked for it.
        RequestedByCustomer = "REQUESTED_BY_CUSTOMER",
        /// Paid twice.
        Duplicate = "DUPLICATE",
        /// Not paid by the card's owner.
        Fraudulent = "FRAUDULENT",
        /// See the detail.
        Other = "OTHER",
        /// The customer turned out to have a subscription to the product already.
        DuplicateSubscription = "DUPLICATE_SUBSCRIPTION",
        /// The charge only proved that the card works.
        Verification = "VERIFICATION",
    }
}

text_enum! {
    /// Who may use a promotion code.
    pub enum Eligibility {
        /// Everybody.
        All = "ALL",
        /// Who has never paid here.
        NewCustomers = "NEW_CUSTOMERS",
        /// Who has paid here before.
        ExistingCustomers = "EXISTING_CUSTOMERS",
    }
}

text_enum! {
    /// What a key may do.
    pub enum KeyKind {
        /// Everything; stays on the merchant's server.
        Secret = "secret",
        /// Sell; may stand in a web page.
        Publishable = "publishable",
    }
}

/// Who buys, as far as the merchant's page or the buyer said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// Email address.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// The merchant's own id.
    pub external_id: Option<String>,
}

/// Why a payment failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One of the contract's failure codes.
    pub code: String,
    /// The gateway's own code and words, for the merchant.
    pub detail: String,
}

/// An email address as addresses are compared: the way people type it does not count.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}
