//! Whether a promotion code can be used.

use crate::Result;
use crate::model::discount::CouponTerms;
use crate::model::{CheckoutId, Eligibility};
use crate::repo::{AppliedCode, Coupon, Customer, Product, PromotionCode, counts, redemptions_of};
use crate::work::Work;
use catalogue::recur::{BadRequest, PromotionRefusal};
use store::{Tx, params};

/// Who wants to use a code, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applicant<'a> {
    /// The customer, if it is known.
    pub customer: Option<&'a Customer>,
    /// The checkout, if it exists: its own use of the code does not count against it.
    pub checkout: Option<CheckoutId>,
}

/// What a code gives for a product; the documented refusal otherwise.
pub(crate) fn evaluate(
    tx: &mut Tx<'_>,
    work: &Work,
    code: &str,
    product: &Product,
    applicant: &Applicant<'_>,
) -> Result<AppliedCode> {
    let code = code.trim().to_ascii_uppercase();
    let refuse = |reason| BadRequest::PromotionCode {
        code: code.clone(),
        reason,
    };
    let promotion =
        PromotionCode::first(tx, PromotionCode::BY_CODE, params![&code, work.account()])?
            .ok_or_else(|| refuse(PromotionRefusal::NotFound))?;
    let coupon = Coupon::first(
        tx,
        Coupon::BY_ID,
        params![promotion.coupon_id, work.account()],
    )?
    .ok_or_else(|| refuse(PromotionRefusal::NotFound))?;
    let now = work.now();
    let minimum = promotion.minimum_amount.max(coupon.minimum_amount);
    let products = &coupon.product_ids.0;
    let mine = applicant.checkout.is_some();
    let used_up = promotion
        .max_redemptions
        .is_some_and(|most| promotion.current_redemptions >= most);
    let refusal = if !promotion.active || !coupon.active {
        Some(PromotionRefusal::Inactive)
    } else if promotion.valid_from.is_some_and(|from| now < from) {
        Some(PromotionRefusal::NotYetValid)
    } else if promotion.valid_until.is_some_and(|until| now > until) {
        Some(PromotionRefusal::Expired)
    } else if used_up && !(mine && holds(tx, applicant)?) {
        Some(PromotionRefusal::RedemptionLimit)
    } else if !products.is_empty() && !products.contains(&product.product_id) {
        Some(PromotionRefusal::OtherProduct)
    } else if minimum.is_some_and(|minimum| product.price < minimum) {
        Some(PromotionRefusal::BelowMinimumAmount)
    } else {
        personal(tx, &promotion, applicant)?
    };
    match refusal {
        Some(reason) => Err(refuse(reason).into()),
        None => Ok(AppliedCode {
            promotion_code_id: promotion.promotion_code_id,
            terms: CouponTerms {
                minimum_amount: minimum,
                ..coupon.terms(Some(code.clone()))?
            },
        }),
    }
}

fn holds(tx: &mut Tx<'_>, applicant: &Applicant<'_>) -> Result<bool> {
    match applicant.checkout {
        Some(checkout) => Ok(crate::repo::has_redemption(tx, checkout)?),
        None => Ok(false),
    }
}

fn personal(
    tx: &mut Tx<'_>,
    promotion: &PromotionCode,
    applicant: &Applicant<'_>,
) -> Result<Option<PromotionRefusal>> {
    let Some(customer) = applicant.customer else {
        // Who is new is found out when the buyer is known, at the latest on paying.
        let needs_somebody = promotion.restricted_to_customer_id.is_some()
            || promotion.customer_eligibility == Eligibility::ExistingCustomers;
        return Ok(needs_somebody.then_some(PromotionRefusal::NotEligible));
    };
    if promotion
        .restricted_to_customer_id
        .is_some_and(|only| only != customer.customer_id)
    {
        return Ok(Some(PromotionRefusal::NotEligible));
    }
    let (_, orders) = counts(tx, customer.customer_id)?;
    let eligible = match promotion.customer_eligibility {
        Eligibility::All => true,
        Eligibility::NewCustomers => orders == 0,
        Eligibility::ExistingCustomers => orders > 0,
    };
    if !eligible {
        return Ok(Some(PromotionRefusal::NotEligible));
    }
    if let Some(most) = promotion.max_redemptions_per_customer {
        let used = redemptions_of(tx, promotion.promotion_code_id, customer.customer_id)?;
        if used >= most && !holds(tx, applicant)? {
            return Ok(Some(PromotionRefusal::CustomerLimit));
        }
    }
    Ok(None)
}
