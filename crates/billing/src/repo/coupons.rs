use crate::model::discount::{CouponTerms, DiscountType, DurationType, Effect, Repeat};
use crate::model::{
    AccountId, CheckoutId, CouponId, CustomerId, Eligibility, ProductId, PromotionCodeId,
    RedemptionId,
};
use kernel::Timestamp;
use serde_json::{Map, Value};
use store::record::Json;
use store::{StoreError, Tx, params, record, statements};

statements! {
    COUNT = "UPDATE billing_promotion_codes SET current_redemptions = current_redemptions + 1 \
        WHERE promotion_code_id = $1 AND (max_redemptions IS NULL OR current_redemptions < max_redemptions)";
    COUNT_BACK = "UPDATE billing_promotion_codes SET current_redemptions = current_redemptions - 1 WHERE promotion_code_id = $1";
    OF_CUSTOMER = "SELECT COUNT(*) FROM billing_redemptions WHERE promotion_code_id = $1 AND customer_id = $2";
    TAKEN_BY = "SELECT promotion_code_id FROM billing_redemptions WHERE checkout_id = $1";
    REMOVE = "DELETE FROM billing_redemptions WHERE checkout_id = $1";
}

record! {
    /// A rule that lowers a price.
    pub struct Coupon in "billing_coupons" key coupon_id {
        /// Its id.
        coupon_id: CouponId,
        /// Whose it is.
        account_id: AccountId,
        /// Its name for people.
        name: String,
        /// How it lowers the price.
        discount_type: DiscountType,
        /// Dollars, or hundredths.
        discount_amount: i64,
        /// For how many periods.
        duration: DurationType,
        /// How many, where it is a few.
        duration_periods: Option<u32>,
        /// By how many days it lengthens the trial.
        bonus_trial_days: Option<u32>,
        /// How many months it gives before the first renewal.
        bonus_months: Option<u32>,
        /// From which price on it counts.
        minimum_amount: Option<i64>,
        /// For which products; empty: for all.
        product_ids: Json<Vec<ProductId>>,
        /// Whether it counts.
        active: bool,
        /// The merchant's own.
        metadata: Json<Map<String, Value>>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE coupon_id = $1 AND account_id = $2";
        /// `$1` id, `$2` account; nobody else may change it until the transaction ends.
        LOCK = "WHERE coupon_id = $1 AND account_id = $2 /* for update */";
        /// `$1` account, `$2` id to start after or '', `$3` how many; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR coupon_id < $2) ORDER BY coupon_id DESC LIMIT $3";
    }
}

impl Coupon {
    /// Its rule, as a checkout or a subscription keeps it.
    pub fn terms(&self, promotion_code: Option<String>) -> Result<CouponTerms, StoreError> {
        Ok(CouponTerms {
            coupon_id: self.coupon_id.to_string(),
            promotion_code,
            name: self.name.clone(),
            effect: Effect::new(self.discount_type, self.discount_amount)
                .map_err(StoreError::corrupt)?,
            duration: Repeat::new(self.duration, self.duration_periods)
                .map_err(StoreError::corrupt)?,
            bonus_trial_days: self.bonus_trial_days,
            bonus_months: self.bonus_months,
            minimum_amount: self.minimum_amount,
            product_ids: self.product_ids.0.iter().map(ToString::to_string).collect(),
        })
    }
}

record! {
    /// What buyers type to get a coupon.
    pub struct PromotionCode in "billing_promotion_codes" key promotion_code_id {
        /// Its id.
        promotion_code_id: PromotionCodeId,
        /// Whose it is.
        account_id: AccountId,
        /// Which coupon it gives.
        coupon_id: CouponId,
        /// What is typed; one of a kind in its account.
        code: String,
        /// Whether it counts.
        active: bool,
        /// Not before.
        valid_from: Option<Timestamp>,
        /// Not after.
        valid_until: Option<Timestamp>,
        /// How often in all.
        max_redemptions: Option<i64>,
        /// How often by one customer; `None`: as often as it likes.
        max_redemptions_per_customer: Option<i64>,
        /// How often so far.
        current_redemptions: i64,
        /// From which price on.
        minimum_amount: Option<i64>,
        /// Who may use it.
        customer_eligibility: Eligibility,
        /// The only customer who may.
        restricted_to_customer_id: Option<CustomerId>,
        /// The merchant's own.
        metadata: Option<Json<Map<String, Value>>>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE promotion_code_id = $1 AND account_id = $2";
        /// `$1` id, `$2` account; nobody else may change it until the transaction ends.
        LOCK = "WHERE promotion_code_id = $1 AND account_id = $2 /* for update */";
        /// `$1` code in capitals, `$2` account.
        BY_CODE = "WHERE code = $1 AND account_id = $2";
        /// `$1` account, `$2` id to start after or '', `$3` how many; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR promotion_code_id < $2) ORDER BY promotion_code_id DESC LIMIT $3";
    }
}

record! {
    /// A use of a promotion code.
    pub struct Redemption in "billing_redemptions" key redemption_id {
        /// Its id.
        redemption_id: RedemptionId,
        /// In which account.
        account_id: AccountId,
        /// Which code.
        promotion_code_id: PromotionCodeId,
        /// By whom.
        customer_id: CustomerId,
        /// For what.
        checkout_id: CheckoutId,
        /// Whole dollars off the first payment.
        amount_off: i64,
        /// When.
        created_at: Timestamp,
    }
    select {
        /// `$1` code, `$2` account, `$3` id to start after or '', `$4` how many; newest first.
        OF_CODE = "WHERE promotion_code_id = $1 AND account_id = $2 AND ($3 = '' OR redemption_id < $3) ORDER BY redemption_id DESC LIMIT $4";
    }
}

/// How often a customer has used a code.
pub fn redemptions_of(
    tx: &mut Tx<'_>,
    code: PromotionCodeId,
    customer: CustomerId,
) -> Result<i64, StoreError> {
    tx.query_one(OF_CUSTOMER, params![code, customer], |row| row.get(0))
}

/// Whether a checkout has taken a use.
pub fn has_redemption(tx: &mut Tx<'_>, checkout: CheckoutId) -> Result<bool, StoreError> {
    let taken = tx.query_opt(TAKEN_BY, params![checkout], |row| {
        row.get::<PromotionCodeId>(0)
    })?;
    Ok(taken.is_some())
}

/// Counts a use, unless the code is used up (`false`) or this checkout has taken it already. The customer must be locked.
pub fn take_redemption(tx: &mut Tx<'_>, redemption: &Redemption) -> Result<bool, StoreError> {
    let taken = tx.query_opt(TAKEN_BY, params![redemption.checkout_id], |row| {
        row.get::<PromotionCodeId>(0)
    })?;
    if taken.is_some() {
        return Ok(true);
    }
    if tx.execute(COUNT, params![redemption.promotion_code_id])? == 0 {
        return Ok(false);
    }
    redemption.insert(tx)?;
    Ok(true)
}

/// Takes a use back, of a checkout that did not succeed.
pub fn give_back_redemption(tx: &mut Tx<'_>, checkout: CheckoutId) -> Result<(), StoreError> {
    let code = tx.query_opt(TAKEN_BY, params![checkout], |row| {
        row.get::<PromotionCodeId>(0)
    })?;
    if let Some(code) = code {
        tx.execute(REMOVE, params![checkout])?;
        tx.execute(COUNT_BACK, params![code])?;
    }
    Ok(())
}
