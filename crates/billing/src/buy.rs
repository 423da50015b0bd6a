//! How a buyer's browser gets to a checkout: by a payment link, by a product and a publishable key, or with the secret of
//! a checkout that a merchant's page began.

use crate::accounts::Seen;
use crate::checkout::{
    Begun, Identify, NewCheckout, ProductRef, find_product, open_checkout, price, purpose_of,
};
use crate::model::{Buyer, CheckoutId, KeyKind};
use crate::repo::{Checkout, PaymentLink, Product, count_link};
use crate::{Billing, Error, Result, Scope, digest};
use catalogue::RecurError;
use catalogue::recur::{BadRequest, Resource, StateRefusal, UnauthorizedReason};
use store::record::Json;
use store::{StoreError, Tx, params};
use subtle::ConstantTimeEq as _;

/// What client secrets begin with; the id of the checkout follows.
const CLIENT_SECRET: &str = "pi_secret_";

impl Billing {
    /// Opens a payment link: counts the view and begins a checkout on the hosted page. If its promotion code is not valid any
    /// more, the checkout is at the full price.
    pub async fn open_link(&self, url_id: &str) -> Result<Checkout> {
        let url_id = url_id.to_owned();
        let view = move |tx: &mut Tx<'_>| {
            let link = PaymentLink::first(tx, PaymentLink::BY_URL, params![&url_id])?;
            if let Some(link) = &link {
                count_link(tx, link.payment_link_id, 1, 0, 0)?;
            }
            Ok(link)
        };
        let viewed: Result<_, StoreError> = self.db().write(view).await;
        let link = viewed?.ok_or(Resource::PaymentLink)?;
        let used_up = link
            .max_completions
            .is_some_and(|most| link.completed_count >= most);
        if !link.active || used_up {
            return Err(StateRefusal::PaymentLinkInactive.into());
        }
        let scope = self.scope(link.account_id).await?;
        let mut new = NewCheckout {
            promotion_code: link.promotion_code.clone(),
            success_url: link.success_url.clone(),
            metadata: link.metadata.clone().map(|metadata| metadata.0),
            payment_link_id: Some(link.payment_link_id),
            ..of_product(ProductRef::Id(link.product_id.to_string()), None)
        };
        let begun = match self.begin_checkout(&scope, new.clone()).await {
            Err(Error::Refused(RecurError::BadRequest {
                reason: BadRequest::PromotionCode { .. },
            })) => {
                new.promotion_code = None;
                self.begin_checkout(&scope, new).await?
            }
            begun => begun?,
        };
        let id = link.payment_link_id;
        let counted: Result<(), StoreError> =
            self.db().write(move |tx| count_link(tx, id, 0, 1, 0)).await;
        counted?;
        Ok(begun.checkout)
    }

    /// Begins a checkout on the hosted page for who brings a publishable key.
    pub async fn open_product(&self, key: &str, product: ProductRef) -> Result<Checkout> {
        let seen = self.page_key(key).await?;
        let begun = self
            .begin_checkout(&seen.scope, of_product(product, None))
            .await?;
        Ok(begun.checkout)
    }

    /// Begins a checkout for a bare card form on a page of `origin`. A form whose product is said only when it is confirmed
    /// stands for the first one on sale until then: see [`Billing::choose_product`].
    pub async fn open_card_form(
        &self,
        key: &str,
        product: Option<ProductRef>,
        origin: &str,
    ) -> Result<Begun> {
        let seen = self.page_key(key).await?;
        let account = seen.scope.account_id;
        let product = match product {
            Some(product) => product,
            None => {
                // What is bought again and again first: its form keeps the card, which harms nothing that is bought once.
                let first = move |tx: &mut Tx<'_>| {
                    let products = Product::all(tx, Product::ON_SALE, params![account, ""])?;
                    let again = products.iter().find(|product| product.interval().is_some());
                    Ok(again.or(products.first()).map(|product| product.product_id))
                };
                let found: Result<_, StoreError> = self.db().read(first).await;
                ProductRef::Id(found?.ok_or(Resource::Product)?.to_string())
            }
        };
        self.begin_checkout(&seen.scope, of_product(product, Some(origin.to_owned())))
            .await
    }

    /// Sells another product at a checkout that nobody has tried to pay.
    pub async fn choose_product(
        &self,
        scope: &Scope,
        id: CheckoutId,
        wanted: ProductRef,
    ) -> Result<Checkout> {
        self.write(scope, move |tx, work| {
            let (mut checkout, _) = open_checkout(tx, work, id)?;
            let product = find_product(tx, work.account(), &wanted)?;
            if checkout.product_id == product.product_id {
                return Ok(checkout);
            }
            if checkout.attempts > 0 {
                return Err(StateRefusal::CheckoutNotPayable.into());
            }
            checkout.product_id = product.product_id;
            checkout.purpose = purpose_of(&product, None)?;
            checkout.price = product.price;
            checkout.plan = Json(product.offer());
            price(&mut checkout, None);
            checkout.save(tx)?;
            Ok(checkout)
        })
        .await
    }

    /// The checkout that a client secret opens, of any account.
    pub async fn open_secret(&self, secret: &str) -> Result<Checkout> {
        let id: Option<CheckoutId> = secret
            .strip_prefix(CLIENT_SECRET)
            .and_then(|rest| rest.rsplit_once('_'))
            .and_then(|(id, _)| id.parse().ok());
        let checkout = self.find_checkout(id.ok_or(Resource::Checkout)?).await?;
        let known = digest(secret)
            .as_bytes()
            .ct_eq(checkout.client_secret_hash.as_bytes());
        if bool::from(known) {
            Ok(checkout)
        } else {
            Err(Resource::Checkout.into())
        }
    }

    /// The same for a page that says which checkout it means and brings a publishable key of its account.
    pub async fn open_embedded(&self, key: &str, id: &str, secret: &str) -> Result<Checkout> {
        let seen = self.page_key(key).await?;
        let checkout = self.open_secret(secret).await?;
        if checkout.account_id != seen.scope.account_id || checkout.checkout_id.to_string() != id {
            return Err(Resource::Checkout.into());
        }
        Ok(checkout)
    }

    /// What a checkout sells.
    pub async fn product_of(&self, checkout: &Checkout) -> Result<Product> {
        let (id, account) = (checkout.product_id, checkout.account_id);
        let find = move |tx: &mut Tx<'_>| Product::first(tx, Product::BY_ID, params![id, account]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        found?.ok_or_else(|| Resource::Product.into())
    }

    /// Who brings a publishable key in an address. A secret key does not belong there.
    async fn page_key(&self, key: &str) -> Result<Seen> {
        let seen = self.authenticate(Some(key)).await?;
        if seen.holder.kind != KeyKind::Publishable {
            return Err(RecurError::Unauthorized {
                reason: UnauthorizedReason::Invalid,
            }
            .into());
        }
        match self.count_request(&seen).await? {
            Ok(()) => Ok(seen),
            Err(_) => Err(RecurError::RateLimitExceeded.into()),
        }
    }
}

fn of_product(product: ProductRef, origin: Option<String>) -> NewCheckout {
    NewCheckout {
        product,
        purpose: None,
        buyer: Buyer::default(),
        look_for_duplicate: Identify::Email,
        promotion_code: None,
        success_url: None,
        cancel_url: None,
        metadata: None,
        origin,
        payment_link_id: None,
    }
}
