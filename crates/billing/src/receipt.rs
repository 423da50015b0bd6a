//! Receipts: what a customer of the portal can keep of a payment.

use crate::model::{CustomerId, ProductId};
use crate::repo::{Card, Charge, Invoice, Order, PortalSession, Product};
use crate::{Billing, Result, Scope};
use catalogue::recur::Resource;
use kernel::Timestamp;
use store::{StoreError, Tx, params};

/// What was paid.
#[derive(Clone, Debug)]
pub enum Bill {
    /// At a checkout.
    Order(Order),
    /// For a period or a switch of plan.
    Invoice(Invoice),
}

/// A payment and what belongs to it.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// What was paid.
    pub bill: Bill,
    /// For what.
    pub product: Product,
    /// With which card, if it is still kept.
    pub card: Option<Card>,
    /// When.
    pub paid_at: Timestamp,
}

impl Bill {
    fn of(tx: &mut Tx<'_>, scope: &Scope, id: &str) -> Result<Option<Self>, StoreError> {
        let account = scope.account_id;
        if let Some(order) = Order::first(tx, Order::BY_ID, params![id, account])? {
            return Ok(Some(Self::Order(order)));
        }
        Ok(Invoice::first(tx, Invoice::BY_ID, params![id, account])?.map(Self::Invoice))
    }

    fn customer(&self) -> CustomerId {
        match self {
            Self::Order(order) => order.customer_id,
            Self::Invoice(invoice) => invoice.customer_id,
        }
    }

    fn product(&self) -> ProductId {
        match self {
            Self::Order(order) => order.product_id,
            Self::Invoice(invoice) => invoice.product_id,
        }
    }

    fn paid_at(&self) -> Option<Timestamp> {
        match self {
            Self::Order(order) => order.paid_at,
            Self::Invoice(invoice) => invoice.paid_at,
        }
    }

    /// What the charge of it refers to.
    fn reference(&self) -> String {
        match self {
            Self::Order(order) => order.checkout_id.to_string(),
            Self::Invoice(invoice) => invoice.invoice_id.to_string(),
        }
    }
}

impl Billing {
    /// The receipt of a paid order or invoice of the session's customer.
    pub async fn portal_receipt(
        &self,
        scope: &Scope,
        session: &PortalSession,
        id: &str,
    ) -> Result<Receipt> {
        let (scope, customer, id) = (*scope, session.customer_id, id.to_owned());
        let read = move |tx: &mut Tx<'_>| {
            let Some(bill) = Bill::of(tx, &scope, &id)?.filter(|bill| bill.customer() == customer)
            else {
                return Ok(None);
            };
            let Some(paid_at) = bill.paid_at() else {
                return Ok(None);
            };
            let Some(product) = Product::first(
                tx,
                Product::BY_ID,
                params![bill.product(), scope.account_id],
            )?
            else {
                return Ok(None);
            };
            let charge = Charge::first(tx, Charge::PAID, params![bill.reference()])?;
            let card = match charge.and_then(|charge| charge.card_id) {
                Some(card) => Card::first(tx, Card::BY_ID, params![card, scope.account_id])?,
                None => None,
            };
            Ok(Some(Receipt {
                bill,
                product,
                card,
                paid_at,
            }))
        };
        let found: Result<_, StoreError> = self.db().read(read).await;
        found?.ok_or_else(|| Resource::Order.into())
    }
}
