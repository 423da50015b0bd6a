//! Rows and the SQL that reads and writes them. Every select of one thing names the account it must belong to.

mod accounts;
mod charges;
mod checkouts;
mod coupons;
mod customers;
mod einvoices;
mod links;
mod products;
mod sales;
mod subscriptions;

pub use accounts::{
    Account, ApiKey, Branding, EinvoiceDefault, EinvoiceSettings, KeyHolder, Merchant, Settings,
    advance_clock, due_accounts, holder_of, release_clock, take_clock,
};
pub use charges::{Charge, Refund, Taken};
pub use checkouts::{AppliedCode, Checkout, Offer};
pub use coupons::{
    Coupon, PromotionCode, Redemption, give_back_redemption, has_redemption, redemptions_of,
    take_redemption,
};
pub use customers::{Card, CardToken, Customer, counts, lock_customer};
pub use einvoices::EinvoiceBuyer;
pub use links::{CollectPaymentMethod, PaymentLink, PortalSession, count_link, payments_of_link};
pub use products::Product;
pub use sales::{Invoice, Order, PlanChange};
pub use subscriptions::{Credited, Subscription};

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    [
        accounts::STATEMENTS,
        coupons::STATEMENTS,
        customers::STATEMENTS,
        links::STATEMENTS,
        products::STATEMENTS,
        Account::STATEMENTS,
        ApiKey::STATEMENTS,
        Card::STATEMENTS,
        Charge::STATEMENTS,
        Checkout::STATEMENTS,
        Coupon::STATEMENTS,
        Customer::STATEMENTS,
        EinvoiceBuyer::STATEMENTS,
        Invoice::STATEMENTS,
        Merchant::STATEMENTS,
        Order::STATEMENTS,
        PaymentLink::STATEMENTS,
        PortalSession::STATEMENTS,
        Product::STATEMENTS,
        PromotionCode::STATEMENTS,
        Redemption::STATEMENTS,
        Refund::STATEMENTS,
        Subscription::STATEMENTS,
    ]
    .concat()
}
