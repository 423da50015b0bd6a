//! What a coupon takes off a subscription.
//!
//! - A subscription has one coupon at a time. Coupons never add up: a new code replaces one that has not discounted a
//!   period yet.
//! - Every period charged under the coupon uses up one of its cycles. A trial is no period.
//! - A first-period price holds for the first period only, whatever the coupon's duration.
//! - Bonus days lengthen the trial, or make one, once.
//! - Bonus months are free months before the first renewal: [`first_period`](super::period::first_period).
//! - The minimum amount is compared with each period's price before the discount. After a switch to a product that the coupon
//!   is not for, or that costs less than the minimum, it takes nothing off and uses up no cycle.
//! - A discount never exceeds the price. What is left to pay may be 0, and then no money is taken.

use serde::{Deserialize, Serialize};
use store::text_enum;

/// A rule for a price. Amounts are whole TWD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Effect {
    /// This much less.
    FixedAmount(i64),
    /// This many hundredths less, from 1 to 100.
    Percentage(u8),
    /// The first period costs this much.
    FirstPeriodPrice(i64),
}

/// For how many periods a coupon holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Repeat {
    /// One.
    Once,
    /// This many, at least 1.
    Repeating(u32),
    /// All.
    Forever,
}

text_enum! {
    /// The name of an [`Effect`].
    pub enum DiscountType {
        /// [`Effect::FixedAmount`]
        FixedAmount = "FIXED_AMOUNT",
        /// [`Effect::Percentage`]
        Percentage = "PERCENTAGE",
        /// [`Effect::FirstPeriodPrice`]
        FirstPeriodPrice = "FIRST_PERIOD_PRICE",
    }
}

text_enum! {
    /// The name of a [`Repeat`].
    pub enum DurationType {
        /// [`Repeat::Once`]
        Once = "ONCE",
        /// [`Repeat::Repeating`]
        Repeating = "REPEATING",
        /// [`Repeat::Forever`]
        Forever = "FOREVER",
    }
}

/// Why a discount cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDiscount {
    /// The value does not suit the type.
    #[error("a fixed amount is at least 1, a percentage 1 to 100, a first-period price at least 0")]
    Value,
    /// Periods are missing, 0, or do not belong there.
    #[error("REPEATING needs at least 1 period, the other durations take none")]
    Periods,
}

impl Effect {
    /// The effect of this type with its value in TWD or percent.
    pub fn new(discount_type: DiscountType, value: i64) -> Result<Self, InvalidDiscount> {
        match discount_type {
            DiscountType::FixedAmount => (value >= 1).then_some(Self::FixedAmount(value)),
            DiscountType::Percentage => u8::try_from(value)
                .ok()
                .filter(|percent| (1..=100).contains(percent))
                .map(Self::Percentage),
            DiscountType::FirstPeriodPrice => (value >= 0).then_some(Self::FirstPeriodPrice(value)),
        }
        .ok_or(InvalidDiscount::Value)
    }

    /// The name of it.
    pub const fn discount_type(self) -> DiscountType {
        match self {
            Self::FixedAmount(_) => DiscountType::FixedAmount,
            Self::Percentage(_) => DiscountType::Percentage,
            Self::FirstPeriodPrice(_) => DiscountType::FirstPeriodPrice,
        }
    }

    /// The amount in TWD, or the percentage.
    pub fn value(self) -> i64 {
        match self {
            Self::FixedAmount(amount) | Self::FirstPeriodPrice(amount) => amount,
            Self::Percentage(percent) => percent.into(),
        }
    }
}

impl Repeat {
    /// The repeat of this type, with its number of periods if it is `REPEATING`.
    pub const fn new(
        duration: DurationType,
        periods: Option<u32>,
    ) -> Result<Self, InvalidDiscount> {
        match (duration, periods) {
            (DurationType::Once, None) => Ok(Self::Once),
            (DurationType::Repeating, Some(periods @ 1..)) => Ok(Self::Repeating(periods)),
            (DurationType::Forever, None) => Ok(Self::Forever),
            _ => Err(InvalidDiscount::Periods),
        }
    }

    /// The name of it.
    pub const fn duration_type(self) -> DurationType {
        match self {
            Self::Once => DurationType::Once,
            Self::Repeating(_) => DurationType::Repeating,
            Self::Forever => DurationType::Forever,
        }
    }

    /// The number of periods of `REPEATING`.
    pub const fn periods(self) -> Option<u32> {
        match self {
            Self::Repeating(periods) => Some(periods),
            Self::Once | Self::Forever => None,
        }
    }
}

/// What a coupon gives, as it was when the code was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponTerms {
    /// The coupon.
    pub coupon_id: String,
    /// The code it was applied with.
    pub promotion_code: Option<String>,
    /// For people.
    pub name: String,
    /// What happens to the price.
    pub effect: Effect,
    /// For how many periods.
    pub duration: Repeat,
    /// Days that lengthen the trial.
    pub bonus_trial_days: Option<u32>,
    /// Free months before the first renewal.
    pub bonus_months: Option<u32>,
    /// The least price it can be applied to, in TWD.
    pub minimum_amount: Option<i64>,
    /// The products it is for; none: all.
    #[serde(default)]
    pub product_ids: Vec<String>,
}

impl CouponTerms {
    /// Whether the coupon is for a product at this price.
    pub fn is_for(&self, product: &str, price: i64) -> bool {
        (self.product_ids.is_empty() || self.product_ids.iter().any(|id| id == product))
            && self.minimum_amount.is_none_or(|minimum| price >= minimum)
    }

    /// The days of a product's trial under this coupon; 0 is no trial.
    pub fn trial_days(&self, product_days: u32) -> u32 {
        product_days.saturating_add(self.bonus_trial_days.unwrap_or(0))
    }

    /// How many periods are left after some were discounted; `None` is all, `Some(0)` is used up.
    pub fn remaining_cycles(&self, periods_discounted: u32) -> Option<u32> {
        let cycles = match (self.effect, self.duration) {
            (Effect::FirstPeriodPrice(_), _) | (_, Repeat::Once) => 1,
            (_, Repeat::Repeating(periods)) => periods,
            (_, Repeat::Forever) => return None,
        };
        Some(cycles.saturating_sub(periods_discounted))
    }
}

/// What an effect takes off `price`: from 0 to the price. Percentages are rounded half up to the dollar.
pub fn amount_off(effect: Effect, price: i64) -> i64 {
    let price = price.max(0);
    let off = match effect {
        Effect::FixedAmount(amount) => amount,
        Effect::Percentage(percent) => {
            let hundredths = i128::from(price) * i128::from(percent);
            i64::try_from((hundredths + 50) / 100).unwrap_or(price)
        }
        Effect::FirstPeriodPrice(amount) => price.saturating_sub(amount),
    };
    off.clamp(0, price)
}

/// What the coupon takes off a period of a product at this price after it has discounted `periods_discounted` others.
pub fn for_period(terms: &CouponTerms, periods_discounted: u32, product: &str, price: i64) -> i64 {
    match terms.remaining_cycles(periods_discounted) {
        Some(0) => 0,
        _ if !terms.is_for(product, price) => 0,
        _ => amount_off(terms.effect, price),
    }
}

/// How many periods are left once the next one is charged; `None` is all, `Some(0)` is used up.
pub fn after_period(terms: &CouponTerms, periods_discounted: u32) -> Option<u32> {
    terms.remaining_cycles(periods_discounted.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(effect: Effect, duration: Repeat) -> CouponTerms {
        CouponTerms {
            coupon_id: "cpn_1".to_owned(),
            promotion_code: Some("SAVE50".to_owned()),
            name: "New year".to_owned(),
            effect,
            duration,
            bonus_trial_days: None,
            bonus_months: None,
            minimum_amount: None,
            product_ids: Vec::new(),
        }
    }

    /// What is taken off the first four periods of 299.
    fn four(effect: Effect, duration: Repeat) -> [i64; 4] {
        let terms = terms(effect, duration);
        [0, 1, 2, 3].map(|n| for_period(&terms, n, "prod_1", 299))
    }

    #[test]
    fn effects_on_a_price() {
        for (effect, price, off) in [
            (Effect::FixedAmount(50), 299, 50),
            (Effect::FixedAmount(50), 50, 50),
            (Effect::FixedAmount(50), 30, 30),
            (Effect::Percentage(20), 299, 60),
            (Effect::Percentage(1), 49, 0),
            (Effect::Percentage(1), 50, 1),
            (Effect::Percentage(50), 1, 1),
            (Effect::Percentage(100), 299, 299),
            (Effect::FirstPeriodPrice(1), 299, 298),
            (Effect::FirstPeriodPrice(0), 299, 299),
            (Effect::FirstPeriodPrice(300), 299, 0),
        ] {
            assert_eq!(amount_off(effect, price), off, "{effect:?} on {price}");
            assert_eq!(amount_off(effect, 0), 0);
            assert_eq!(amount_off(effect, i64::MIN), 0);
        }
        assert_eq!(amount_off(Effect::Percentage(100), i64::MAX), i64::MAX);
    }

    #[test]
    fn durations_count_periods() {
        let fixed = Effect::FixedAmount(50);
        assert_eq!(four(fixed, Repeat::Once), [50, 0, 0, 0]);
        assert_eq!(four(fixed, Repeat::Repeating(3)), [50, 50, 50, 0]);
        assert_eq!(four(fixed, Repeat::Forever), [50, 50, 50, 50]);
    }

    #[test]
    fn a_first_period_price_holds_once_whatever_the_duration() {
        for duration in [Repeat::Once, Repeat::Repeating(3), Repeat::Forever] {
            assert_eq!(four(Effect::FirstPeriodPrice(1), duration), [298, 0, 0, 0]);
        }
    }

    #[test]
    fn the_remaining_cycles_are_those_after_the_period() {
        let after = |duration, n| after_period(&terms(Effect::FixedAmount(1), duration), n);
        assert_eq!(after(Repeat::Once, 0), Some(0));
        assert_eq!(after(Repeat::Repeating(3), 0), Some(2));
        assert_eq!(after(Repeat::Repeating(3), 2), Some(0));
        assert_eq!(after(Repeat::Repeating(3), u32::MAX), Some(0));
        assert_eq!(after(Repeat::Forever, 7), None);
    }

    #[test]
    fn the_minimum_includes_itself() {
        let mut terms = terms(Effect::FixedAmount(50), Repeat::Once);
        assert!(terms.is_for("prod_1", 0));
        terms.minimum_amount = Some(100);
        assert!(!terms.is_for("prod_1", 99));
        assert!(terms.is_for("prod_1", 100));
        terms.product_ids = vec!["prod_2".into()];
        assert!(!terms.is_for("prod_1", 100));
        assert!(terms.is_for("prod_2", 100));
    }

    #[test]
    fn bonus_days_lengthen_or_make_a_trial() {
        let mut terms = terms(Effect::FixedAmount(50), Repeat::Once);
        assert_eq!(terms.trial_days(7), 7);
        terms.bonus_trial_days = Some(14);
        assert_eq!(terms.trial_days(7), 21);
        assert_eq!(terms.trial_days(0), 14);
    }

    #[test]
    fn values_are_checked() {
        for (discount_type, least, most) in [
            (DiscountType::FixedAmount, 1, i64::MAX),
            (DiscountType::Percentage, 1, 100),
            (DiscountType::FirstPeriodPrice, 0, i64::MAX),
        ] {
            assert!(Effect::new(discount_type, least).is_ok());
            assert!(Effect::new(discount_type, most).is_ok());
            let outside = [Some(least - 1), most.checked_add(1), Some(-256)];
            for value in outside.into_iter().flatten() {
                let effect = Effect::new(discount_type, value);
                assert_eq!(
                    effect,
                    Err(InvalidDiscount::Value),
                    "{discount_type:?} {value}"
                );
            }
        }
        for (duration, periods) in [
            (DurationType::Repeating, Some(0)),
            (DurationType::Repeating, None),
            (DurationType::Once, Some(1)),
            (DurationType::Forever, Some(1)),
        ] {
            let repeat = Repeat::new(duration, periods);
            assert_eq!(repeat, Err(InvalidDiscount::Periods));
        }
    }

    #[test]
    fn written_and_read_again() {
        for effect in [
            Effect::FixedAmount(50),
            Effect::Percentage(20),
            Effect::FirstPeriodPrice(1),
        ] {
            let again = Effect::new(effect.discount_type(), effect.value());
            assert_eq!(again, Ok(effect));
        }
        for repeat in [Repeat::Once, Repeat::Repeating(3), Repeat::Forever] {
            let again = Repeat::new(repeat.duration_type(), repeat.periods());
            assert_eq!(again, Ok(repeat));
        }
        let terms = terms(Effect::Percentage(20), Repeat::Forever);
        let text = serde_json::to_string(&terms).unwrap();
        assert!(text.contains(r#""effect":{"PERCENTAGE":20},"duration":"FOREVER""#));
        assert_eq!(serde_json::from_str::<CouponTerms>(&text).unwrap(), terms);
    }

    fn effects() -> impl Strategy<Value = Effect> {
        prop_oneof![
            any::<i64>().prop_map(Effect::FixedAmount),
            any::<u8>().prop_map(Effect::Percentage),
            any::<i64>().prop_map(Effect::FirstPeriodPrice),
            (0..2000i64).prop_map(Effect::FixedAmount),
            (1..=100u8).prop_map(Effect::Percentage),
            (0..2000i64).prop_map(Effect::FirstPeriodPrice),
        ]
    }

    fn repeats() -> impl Strategy<Value = Repeat> {
        prop_oneof![
            Just(Repeat::Once),
            (1..20u32).prop_map(Repeat::Repeating),
            Just(Repeat::Forever),
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_paid_back(
            effect in effects(),
            price in prop_oneof![0..2000i64, 0..=i64::MAX],
        ) {
            prop_assert!((0..=price).contains(&amount_off(effect, price)));
        }

        #[test]
        fn percentages_are_off_by_half_a_dollar_at_most(
            percent in 1..=100u8,
            price in 0..1_000_000i64,
        ) {
            let error = amount_off(Effect::Percentage(percent), price) * 100 - price * i64::from(percent);
            prop_assert!((-49..=50).contains(&error), "{error} hundredths");
        }

        #[test]
        fn a_period_is_discounted_as_long_as_cycles_remain(
            effect in effects(),
            duration in repeats(),
            n in 0..30u32,
            price in 0..2000i64,
        ) {
            let terms = terms(effect, duration);
            let expected = if terms.remaining_cycles(n) == Some(0) { 0 } else { amount_off(effect, price) };
            prop_assert_eq!(for_period(&terms, n, "prod_1", price), expected);
            prop_assert_eq!(after_period(&terms, n), terms.remaining_cycles(n + 1));
        }
    }
}
