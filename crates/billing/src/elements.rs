//! A card form that stands alone in the merchant's page: it begins a checkout before anybody knows who buys what, and
//! that is said on paying.

use crate::checkout::{Paid, ProductRef, lock};
use crate::model::{Buyer, CheckoutId, CheckoutStatus, email_key};
use crate::{Billing, Result, Scope};
use catalogue::RecurError;
use catalogue::recur::{Issue, Problem, Resource};
use serde_json::{Map, Value};
use store::record::Json;

/// What the page says on paying.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The id of what is sold.
    pub product: String,
    /// Who buys; the address is known.
    pub buyer: Buyer,
    /// The merchant's own, unless the checkout has it.
    pub metadata: Option<Map<String, Value>>,
    /// Where the buyer goes after paying.
    pub success_url: Option<String>,
    /// Where the buyer goes who does not pay.
    pub cancel_url: Option<String>,
}

impl Billing {
    /// Writes down who buys what, and pays. What is paid already, or being paid, is answered as it is.
    pub async fn confirm(&self, scope: &Scope, id: CheckoutId, said: Confirmation) -> Result<Paid> {
        let checkout = self.find_checkout(id).await?;
        if checkout.account_id != scope.account_id {
            return Err(Resource::Checkout.into());
        }
        if checkout.status != CheckoutStatus::RequiresPaymentMethod || checkout.attempts > 0 {
            if checkout.product_id.to_string() != said.product {
                return Err(not_this("productId"));
            }
        } else {
            self.choose_product(scope, id, ProductRef::Id(said.product.clone()))
                .await?;
        }
        self.write(scope, move |tx, work| {
            let mut checkout = lock(tx, work, id)?;
            if checkout.status != CheckoutStatus::RequiresPaymentMethod {
                return Ok(());
            }
            let address = |buyer: &Buyer| buyer.email.as_deref().map(email_key);
            // Order and subscription are somebody's from the first attempt on.
            if checkout.customer_id.is_some() && address(&checkout.buyer.0) != address(&said.buyer)
            {
                return Err(not_this("email"));
            }
            checkout.buyer = Json(said.buyer.clone());
            // Known before money moves: a second subscription is refused then.
            checkout.buyer_known = true;
            // A page says it, and so never instead of what the merchant's server said.
            checkout.metadata = checkout
                .metadata
                .take()
                .or_else(|| said.metadata.clone().map(Json));
            checkout.success_url = checkout
                .success_url
                .take()
                .or_else(|| said.success_url.clone());
            checkout.cancel_url = checkout
                .cancel_url
                .take()
                .or_else(|| said.cancel_url.clone());
            Ok(checkout.save(tx)?)
        })
        .await?;
        self.pay(scope, id).await
    }
}

/// The session is for another `field` by now.
fn not_this(field: &str) -> crate::Error {
    let issues = vec![Issue::at(field, Problem::NotAllowedHere)];
    RecurError::ValidationError { issues }.into()
}
