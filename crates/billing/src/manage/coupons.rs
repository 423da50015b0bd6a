//! Coupons: the rules that promotion codes give.

use super::set;
use crate::model::discount::{Effect, Repeat};
use crate::model::{CouponId, ProductId};
use crate::repo::{Coupon, Product};
use crate::{Billing, Result, Scope};
use catalogue::recur::Resource;
use serde_json::{Map, Value};
use store::params;
use store::record::Json;

/// A coupon to make.
#[derive(Clone, Debug)]
pub struct NewCoupon {
    /// Its name for people.
    pub name: String,
    /// What happens to the price.
    pub effect: Effect,
    /// For how many periods.
    pub duration: Repeat,
    /// Days that lengthen the trial.
    pub bonus_trial_days: Option<u32>,
    /// Free months before the first renewal.
    pub bonus_months: Option<u32>,
    /// From which price on it counts.
    pub minimum_amount: Option<i64>,
    /// For which products; empty: for all.
    pub product_ids: Vec<ProductId>,
    /// The merchant's own.
    pub metadata: Map<String, Value>,
}

/// What to change of a coupon; `None`: nothing. Its rule stays.
#[derive(Clone, Debug, Default)]
pub struct CouponChange {
    /// Its name for people.
    pub name: Option<String>,
    /// Whether it counts. What was bought with it stays as it is.
    pub active: Option<bool>,
    /// The merchant's own.
    pub metadata: Option<Map<String, Value>>,
}

impl Billing {
    /// Makes a coupon.
    pub async fn create_coupon(&self, scope: &Scope, new: NewCoupon) -> Result<Coupon> {
        self.write(scope, move |tx, work| {
            for product in &new.product_ids {
                Product::first(tx, Product::BY_ID, params![*product, work.account()])?
                    .ok_or(Resource::Product)?;
            }
            let coupon = Coupon {
                coupon_id: work.id(),
                account_id: work.account(),
                name: new.name.clone(),
                discount_type: new.effect.discount_type(),
                discount_amount: new.effect.value(),
                duration: new.duration.duration_type(),
                duration_periods: new.duration.periods(),
                bonus_trial_days: new.bonus_trial_days,
                bonus_months: new.bonus_months,
                minimum_amount: new.minimum_amount,
                product_ids: Json(new.product_ids.clone()),
                active: true,
                metadata: Json(new.metadata.clone()),
                created_at: work.now(),
                updated_at: work.now(),
            };
            coupon.insert(tx)?;
            Ok(coupon)
        })
        .await
    }

    /// Changes a coupon.
    pub async fn update_coupon(
        &self,
        scope: &Scope,
        id: CouponId,
        change: CouponChange,
    ) -> Result<Coupon> {
        self.write(scope, move |tx, work| {
            let mut coupon = Coupon::first(tx, Coupon::LOCK, params![id, work.account()])?
                .ok_or(Resource::Coupon)?;
            set(&mut coupon.name, change.name.as_ref());
            set(&mut coupon.active, change.active.as_ref());
            set(&mut coupon.metadata.0, change.metadata.as_ref());
            coupon.updated_at = work.now();
            coupon.save(tx)?;
            Ok(coupon)
        })
        .await
    }
}
