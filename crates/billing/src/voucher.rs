//! Products that are had by showing a certificate: each payment gives a voucher for one. A subscription's counts for its period, and
//! what is paid back or ends is taken back.

use crate::model::{CustomerId, ProductId};
use crate::repo::{Checkout, Customer, Product};
use crate::work::Work;
use crate::{Billing, Result};
use catalogue::recur::Resource;
use serde_json::{Value, json};
use store::record::Json;
use store::{Tx, params};
use vouchers::{Facts, NewVoucher, Place, Reason, Seller, Voucher};

/// What was paid.
pub(crate) struct Payment<'a> {
    /// The order or invoice.
    pub id: String,
    /// The subscription that it is a payment of; otherwise itself.
    pub sale: String,
    /// As people know it.
    pub reference: &'a str,
    /// Of what.
    pub product_id: ProductId,
    /// By whom.
    pub customer_id: CustomerId,
}

/// Gives the voucher for a payment, if its product has certificates. Of one sale the latest counts.
pub(crate) fn give(tx: &mut Tx<'_>, work: &Work, payment: Payment<'_>) -> Result<()> {
    let Payment { id, sale, .. } = payment;
    for voucher in of_sale(tx, &sale)? {
        if voucher.payment != id && voucher.redeemed_at.is_none() {
            take_back(tx, work, &voucher, Reason::Replaced)?;
        }
    }
    let wanted = params![payment.product_id, work.account()];
    let product = Product::first(tx, Product::BY_ID, wanted)?.ok_or(Resource::Product)?;
    let Some(Json(place)) = product.certificate else {
        return Ok(());
    };
    let who = params![payment.customer_id, work.account()];
    let customer = Customer::first(tx, Customer::BY_ID, who)?.ok_or(Resource::Customer)?;
    let voucher = NewVoucher {
        voucher_id: work.uuid(),
        seller: Seller::Billing,
        payment: id,
        sale,
        place,
        facts: Facts {
            product: product.name,
            reference: payment.reference.to_owned(),
            quantity: Some(1),
            holder_id: Some(customer.customer_id.to_string()),
            name: customer.name,
            email: customer.email,
        },
    };
    if vouchers::want(tx, &voucher, work.now())? {
        let (id, job) = (voucher.voucher_id, work.uuid());
        vouchers::certify_later(tx, id, job, work.scope.real)?;
    }
    Ok(())
}

/// Takes the voucher of a payment back.
pub(crate) fn take_back_payment(
    tx: &mut Tx<'_>,
    work: &Work,
    payment: &str,
    reason: Reason,
) -> Result<()> {
    match of_payment(tx, payment)? {
        Some(voucher) => take_back(tx, work, &voucher, reason),
        None => Ok(()),
    }
}

/// Has the voucher of a payment count again that was taken back for this reason.
pub(crate) fn give_again(
    tx: &mut Tx<'_>,
    work: &Work,
    payment: &str,
    reason: Reason,
) -> Result<()> {
    if let Some(voucher) = of_payment(tx, payment)?
        && voucher.reinstate(tx, reason)?
    {
        let (id, job) = (voucher.voucher_id, work.uuid());
        vouchers::certify_later(tx, id, job, work.scope.real)?;
    }
    Ok(())
}

/// Takes every voucher of a sale back.
pub(crate) fn take_back_sale(
    tx: &mut Tx<'_>,
    work: &Work,
    sale: &str,
    reason: Reason,
) -> Result<()> {
    for voucher in of_sale(tx, sale)? {
        take_back(tx, work, &voucher, reason)?;
    }
    Ok(())
}

fn take_back(tx: &mut Tx<'_>, work: &Work, voucher: &Voucher, reason: Reason) -> Result<()> {
    if voucher.revoke(tx, reason, work.now())? {
        let (id, job) = (voucher.voucher_id, work.uuid());
        vouchers::certify_later(tx, id, job, work.scope.real)?;
    }
    Ok(())
}

fn of_payment(tx: &mut Tx<'_>, payment: &str) -> Result<Option<Voucher>> {
    let of = params![Seller::Billing.name(), payment];
    Ok(Voucher::first(tx, Voucher::OF_PAYMENT, of)?)
}

fn of_sale(tx: &mut Tx<'_>, sale: &str) -> Result<Vec<Voucher>> {
    let of = params![Seller::Billing.name(), sale];
    Ok(Voucher::all(tx, Voucher::OF_SALE, of)?)
}

/// The certificate that a sale gave last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Where it is on this server; `None` until it is issued.
    pub path: Option<String>,
    /// How far it is.
    pub status: GivenStatus,
    /// When it was used.
    pub used_at: Option<kernel::Timestamp>,
}

store::text_enum! {
    /// How far a certificate is that a sale gave.
    pub enum GivenStatus {
        /// It is not issued yet.
        Pending = "pending",
        /// It can be used.
        Issued = "issued",
        /// It was used.
        Used = "used",
        /// It was taken back.
        Revoked = "revoked",
    }
}

impl From<Voucher> for Given {
    fn from(voucher: Voucher) -> Self {
        let status = match &voucher {
            Voucher {
                redeemed_at: Some(_),
                ..
            } => GivenStatus::Used,
            Voucher {
                revoked: Some(_), ..
            } => GivenStatus::Revoked,
            Voucher { path: None, .. } => GivenStatus::Pending,
            _ => GivenStatus::Issued,
        };
        Self {
            path: voucher.path,
            status,
            used_at: voucher.redeemed_at,
        }
    }
}

impl Given {
    /// What a sale of the product gave last.
    pub fn by(tx: &mut Tx<'_>, product: &Product, sale: &str) -> Result<Option<Self>> {
        if product.certificate.is_none() {
            return Ok(None);
        }
        Ok(of_sale(tx, sale)?.into_iter().next().map(Self::from))
    }

    /// What a payment gave.
    pub fn for_payment(tx: &mut Tx<'_>, payment: &str) -> Result<Option<Self>> {
        Ok(of_payment(tx, payment)?.map(Self::from))
    }

    /// As answers show it.
    pub(crate) fn object(&self, public_url: &str) -> Value {
        let url = self.path.as_ref().map(|path| format!("{public_url}{path}"));
        json!({
            "url": url,
            "status": self.status,
            "used_at": self.used_at.map(crate::events::instant),
        })
    }
}

impl Billing {
    /// The certificate that a checkout of this product gave.
    pub async fn given_by(&self, checkout: &Checkout, product: &Product) -> Result<Option<Given>> {
        let subscription = checkout.subscription_id.map(|id| id.to_string());
        let order = checkout.order_id.map(|id| id.to_string());
        let (Some(sale), product) = (subscription.or(order), product.clone()) else {
            return Ok(None);
        };
        self.db()
            .read(move |tx| Given::by(tx, &product, &sale))
            .await
    }

    /// Has a product give a certificate for each payment from now on, or none any more; says whether there is such a product
    /// that can.
    pub async fn set_certificate(&self, product: ProductId, place: Option<Place>) -> Result<bool> {
        let now = self.real_now();
        self.db()
            .write(move |tx| Ok(Product::set_certificate(tx, product, place, now)?))
            .await
    }
}
