//! What was paid for and is had by showing a certificate: the link between whoever sells (`orders`, `billing`) and whoever issues
//! and verifies (`forms`). Neither knows the other.
//!
//! A seller [`want`]s a voucher in the transaction of the payment. Its certificate is issued later, once; verifying that
//! [redeems](Voucher::redeem) the voucher, and the seller [revokes](Voucher::revoke) it when the money goes back or the right ends. The voucher's row is where
//! these meet: whoever is second finds it revoked, or redeemed.

mod voucher;

pub use voucher::{Voucher, issued, want};

use kernel::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use store::jobs::{self, JobId, NewJob};
use store::{StoreError, Tx, text_enum};

/// Has a voucher's certificate issued, or revoked like its voucher. Payload: the voucher's id, as JSON.
pub const CERTIFY: &str = "vouchers.certify";
/// Tells the seller that a voucher was redeemed. Payload: the voucher's id, as JSON.
pub const REDEEMED: &str = "vouchers.redeemed";

/// Marks the type of voucher ids.
#[derive(Debug)]
pub enum VoucherTag {}
/// Names a voucher.
pub type VoucherId = Id<VoucherTag>;

/// Which form is filled in for a voucher, under which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The form, which issues certificates.
    pub tpl_id: i64,
    /// The code that it is filled in for.
    pub code_id: i64,
}

text_enum! {
    /// Who sold it.
    pub enum Seller {
        /// The order platform.
        Orders = "orders",
        /// Subscription billing.
        Billing = "billing",
    }
}

text_enum! {
    /// Why a voucher does not count any more.
    pub enum Reason {
        /// The money was given back.
        Refunded = "refunded",
        /// The order was cancelled.
        OrderCancelled = "order_cancelled",
        /// The subscription is over.
        SubscriptionEnded = "subscription_ended",
        /// Another one was given out for the next period, or for another product.
        Replaced = "replaced",
    }
}

/// What the form is filled in with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What was bought.
    pub product: String,
    /// The order or invoice, as people know it.
    pub reference: String,
    /// How many.
    pub quantity: Option<i64>,
    /// Of the customer, in the seller's books: one person's vouchers are counted together.
    pub holder_id: Option<String>,
    /// Of the customer.
    pub name: Option<String>,
    /// Of the customer.
    pub email: Option<String>,
}

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    voucher::all_statements()
}

/// A voucher to be.
#[derive(Clone, Debug)]
pub struct NewVoucher {
    /// Its id, if there comes to be one.
    pub voucher_id: VoucherId,
    /// Who sells it.
    pub seller: Seller,
    /// What was paid: one voucher each.
    pub payment: String,
    /// What that is a part of.
    pub sale: String,
    /// Form and code.
    pub place: Place,
    /// What the form is filled in with.
    pub facts: Facts,
}

/// Has the voucher's certificate follow it, by a job of the same transaction.
pub fn certify_later(
    tx: &mut Tx<'_>,
    voucher: VoucherId,
    job: JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    enqueue(tx, CERTIFY, voucher, job, now)
}

/// Has the seller learn of a redemption, by a job of the same transaction.
pub fn tell_seller(
    tx: &mut Tx<'_>,
    voucher: VoucherId,
    job: JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    enqueue(tx, REDEEMED, voucher, job, now)
}

fn enqueue(
    tx: &mut Tx<'_>,
    kind: &'static str,
    voucher: VoucherId,
    job: JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let job = NewJob {
        id: job,
        kind,
        dedupe_key: None,
        payload: &format!("\"{voucher}\""),
        run_at: now,
        leased_to: None,
    };
    jobs::enqueue(tx, &job, now)
}

/// The voucher that a job of this crate is about; `None` when the payload names none.
pub fn voucher_of(payload: &str) -> Option<VoucherId> {
    payload.trim_matches('"').parse().ok()
}
