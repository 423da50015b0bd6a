//! Types and pure rules.

mod account;
mod charge;
mod literals;
mod order;
mod organization;
pub mod phone;
mod product;

pub use account::{
    Account, AccountId, AccountSession, AccountSessionId, SessionHolder, new_access_token,
};
pub use charge::{
    ChargeId, ChargeStatus, ChargesConfig, NoticeOutcome, Report, TradeState, Verdict, Via,
};
pub use literals::{
    DelayMinutes, DispatchState, DynamicProbability, IncreaseSpeed, OrderStatus, PaymentStatus,
    PaymentType, ProductType, ServiceType,
};
pub use order::{Detail, Order, OrderId, Specification};
pub use organization::{
    KeyHolder, Organization, OrganizationId, PrivateKey, PrivateKeyId, hash_of_key, new_key,
};
pub use product::{Price, Product, ProductId, SupplierService};
