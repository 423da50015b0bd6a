//! Payment links: permanent addresses at which one product is sold.

use super::set;
use crate::checkout::{ProductRef, find_product};
use crate::model::PaymentLinkId;
use crate::repo::{CollectPaymentMethod, PaymentLink, Product, PromotionCode};
use crate::{Billing, Result, Scope};
use catalogue::recur::{BadRequest, PromotionRefusal, Resource};
use serde_json::{Map, Value};
use store::record::Json;
use store::{Tx, params};

/// A link to make.
#[derive(Clone, Debug)]
pub struct NewPaymentLink {
    /// What is sold.
    pub product: ProductRef,
    /// The code that applies.
    pub promotion_code: Option<String>,
    /// Whether a card is asked for when nothing is to be paid.
    pub collect_payment_method: CollectPaymentMethod,
    /// The rest, which may be changed later.
    pub change: PaymentLinkChange,
}

/// What may be changed of a link; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub struct PaymentLinkChange {
    /// Whether it is open.
    pub active: Option<bool>,
    /// Where the buyer goes afterwards.
    pub success_url: Option<Option<String>>,
    /// How often it can be used.
    pub max_completions: Option<Option<i64>>,
    /// The merchant's own.
    pub metadata: Option<Option<Map<String, Value>>>,
}

impl PaymentLinkChange {
    fn apply(&self, link: &mut PaymentLink) {
        set(&mut link.active, self.active.as_ref());
        set(&mut link.success_url, self.success_url.as_ref());
        set(&mut link.max_completions, self.max_completions.as_ref());
        set(
            &mut link.metadata,
            self.metadata.clone().map(|m| m.map(Json)).as_ref(),
        );
    }
}

impl Billing {
    /// Makes a payment link.
    pub async fn create_payment_link(
        &self,
        scope: &Scope,
        new: NewPaymentLink,
    ) -> Result<(PaymentLink, Product)> {
        let url_id = self.token("", 15);
        self.write(scope, move |tx, work| {
            let product = find_product(tx, work.account(), &new.product)?;
            let code = new
                .promotion_code
                .as_ref()
                .map(|code| code.to_ascii_uppercase());
            if let Some(code) = &code
                && PromotionCode::first(tx, PromotionCode::BY_CODE, params![code, work.account()])?
                    .is_none()
            {
                let (code, reason) = (code.clone(), PromotionRefusal::NotFound);
                return Err(BadRequest::PromotionCode { code, reason }.into());
            }
            let mut link = PaymentLink {
                payment_link_id: work.id(),
                account_id: work.account(),
                url_id: url_id.clone(),
                product_id: product.product_id,
                promotion_code: code,
                collect_payment_method: new.collect_payment_method,
                success_url: None,
                max_completions: None,
                metadata: None,
                active: true,
                view_count: 0,
                session_count: 0,
                completed_count: 0,
                created_at: work.now(),
                updated_at: work.now(),
            };
            new.change.apply(&mut link);
            link.insert(tx)?;
            Ok((link, product))
        })
        .await
    }

    /// Changes a payment link.
    pub async fn update_payment_link(
        &self,
        scope: &Scope,
        id: PaymentLinkId,
        change: PaymentLinkChange,
    ) -> Result<(PaymentLink, Product)> {
        self.write(scope, move |tx, work| {
            let mut link = PaymentLink::first(tx, PaymentLink::LOCK, params![id, work.account()])?
                .ok_or(Resource::PaymentLink)?;
            change.apply(&mut link);
            link.updated_at = work.now();
            link.save(tx)?;
            with_product(tx, link)
        })
        .await
    }

    /// A payment link with what it sells.
    pub async fn payment_link(
        &self,
        scope: &Scope,
        id: PaymentLinkId,
    ) -> Result<(PaymentLink, Product)> {
        let account = scope.account_id;
        self.db()
            .read(move |tx| {
                let link = PaymentLink::first(tx, PaymentLink::BY_ID, params![id, account])?;
                with_product(tx, link.ok_or(Resource::PaymentLink)?)
            })
            .await
    }

    /// Where a payment link is.
    pub fn payment_link_url(&self, link: &PaymentLink) -> String {
        self.url(&format!("/buy/{}", link.url_id))
    }
}

/// A link with what it sells, on sale or not.
pub(crate) fn with_product(tx: &mut Tx<'_>, link: PaymentLink) -> Result<(PaymentLink, Product)> {
    let product = Product::first(
        tx,
        Product::BY_ID,
        params![link.product_id, link.account_id],
    )?;
    Ok((link, product.ok_or(Resource::Product)?))
}
