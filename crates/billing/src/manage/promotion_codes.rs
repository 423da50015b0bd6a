//! Promotion codes: what buyers type to get a coupon.

use super::{set, taken};
use crate::checkout::{ProductRef, find_product};
use crate::coupons::{Applicant, evaluate};
use crate::customers::recognize;
use crate::model::discount::amount_off;
use crate::model::{Buyer, CouponId, CustomerId, Eligibility, PromotionCodeId};
use crate::repo::{AppliedCode, Coupon, Customer, Product, PromotionCode};
use crate::{Billing, Error, Result, Scope, Work};
use catalogue::RecurError;
use catalogue::recur::{Conflict, Issue, Problem, Resource, StateRefusal};
use kernel::Timestamp;
use serde_json::{Map, Value};
use store::params;
use store::record::Json;

/// A code to make.
#[derive(Clone, Debug)]
pub struct NewPromotionCode {
    /// Which coupon it gives.
    pub coupon_id: CouponId,
    /// What is typed: 3 to 20 capitals and digits.
    pub code: String,
    /// Who may use it.
    pub customer_eligibility: Eligibility,
    /// The only customer who may.
    pub restricted_to_customer_id: Option<CustomerId>,
    /// The rest, which may be changed later.
    pub rules: CodeRules,
}

/// What may be changed of a code; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub struct CodeRules {
    /// Whether it counts.
    pub active: Option<bool>,
    /// Not before.
    pub valid_from: Option<Option<Timestamp>>,
    /// Not after.
    pub valid_until: Option<Option<Timestamp>>,
    /// How often in all.
    pub max_redemptions: Option<Option<i64>>,
    /// How often by one customer.
    pub max_redemptions_per_customer: Option<Option<i64>>,
    /// From which price on.
    pub minimum_amount: Option<Option<i64>>,
    /// The merchant's own.
    pub metadata: Option<Option<Map<String, Value>>>,
}

impl CodeRules {
    fn apply(&self, code: &mut PromotionCode) -> Result<()> {
        set(&mut code.active, self.active.as_ref());
        set(&mut code.valid_from, self.valid_from.as_ref());
        set(&mut code.valid_until, self.valid_until.as_ref());
        set(&mut code.max_redemptions, self.max_redemptions.as_ref());
        set(
            &mut code.max_redemptions_per_customer,
            self.max_redemptions_per_customer.as_ref(),
        );
        set(&mut code.minimum_amount, self.minimum_amount.as_ref());
        set(
            &mut code.metadata,
            self.metadata.clone().map(|m| m.map(Json)).as_ref(),
        );
        let mut issues = Vec::new();
        if let (Some(from), Some(until)) = (code.valid_from, code.valid_until)
            && until <= from
        {
            issues.push(Issue::at(
                "valid_until",
                Problem::NotAfter {
                    field: "valid_from",
                },
            ));
        }
        if code
            .max_redemptions
            .is_some_and(|most| most < code.current_redemptions)
        {
            let min = code.current_redemptions;
            issues.push(Issue::at("max_redemptions", Problem::TooSmall { min }));
        }
        if issues.is_empty() {
            Ok(())
        } else {
            Err(RecurError::ValidationError { issues }.into())
        }
    }
}

/// What a code would do.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The code and its coupon.
    pub applied: AppliedCode,
    /// For what.
    pub product: Product,
    /// Whole dollars off the first payment.
    pub amount_off: i64,
}

impl Billing {
    /// Makes a promotion code.
    pub async fn create_promotion_code(
        &self,
        scope: &Scope,
        new: NewPromotionCode,
    ) -> Result<PromotionCode> {
        self.write(scope, move |tx, work| {
            let account = work.account();
            let coupon = Coupon::first(tx, Coupon::BY_ID, params![new.coupon_id, account])?
                .ok_or(Resource::Coupon)?;
            if !coupon.active {
                return Err(StateRefusal::CouponInactive.into());
            }
            if let Some(customer) = new.restricted_to_customer_id {
                Customer::first(tx, Customer::BY_ID, params![customer, account])?
                    .ok_or(Resource::Customer)?;
            }
            if PromotionCode::first(tx, PromotionCode::BY_CODE, params![&new.code, account])?
                .is_some()
            {
                return Err(Conflict::Taken("code").into());
            }
            let mut code = PromotionCode {
                promotion_code_id: work.id(),
                account_id: account,
                coupon_id: new.coupon_id,
                code: new.code.clone(),
                active: true,
                valid_from: None,
                valid_until: None,
                max_redemptions: None,
                max_redemptions_per_customer: Some(1),
                current_redemptions: 0,
                minimum_amount: None,
                customer_eligibility: new.customer_eligibility,
                restricted_to_customer_id: new.restricted_to_customer_id,
                metadata: None,
                created_at: work.now(),
                updated_at: work.now(),
            };
            new.rules.apply(&mut code)?;
            code.insert(tx).map_err(taken("code"))?;
            Ok(code)
        })
        .await
    }

    /// Changes a promotion code.
    pub async fn update_promotion_code(
        &self,
        scope: &Scope,
        id: PromotionCodeId,
        rules: CodeRules,
    ) -> Result<PromotionCode> {
        self.write(scope, move |tx, work| {
            let mut code =
                PromotionCode::first(tx, PromotionCode::LOCK, params![id, work.account()])?
                    .ok_or(Resource::PromotionCode)?;
            rules.apply(&mut code)?;
            code.updated_at = work.now();
            code.save(tx)?;
            Ok(code)
        })
        .await
    }

    /// What a code would do for a product and, if it is known, for a customer; the documented refusal if nothing.
    pub async fn offer(
        &self,
        scope: &Scope,
        code: &str,
        product: ProductRef,
        email: Option<String>,
    ) -> Result<Offer> {
        let (code, buyer) = (
            code.to_owned(),
            Buyer {
                email,
                ..Buyer::default()
            },
        );
        // Nothing is made, so that the seed does not matter.
        let work = Work::new(*scope, 0);
        self.db()
            .read(move |tx| {
                let product = find_product(tx, work.account(), &product)?;
                let customer = recognize(tx, work.account(), &buyer)?;
                let applicant = Applicant {
                    customer: customer.as_ref(),
                    checkout: None,
                };
                let applied = evaluate(tx, &work, &code, &product, &applicant)?;
                Ok::<_, Error>(Offer {
                    amount_off: amount_off(applied.terms.effect, product.price),
                    applied,
                    product,
                })
            })
            .await
    }
}
