//! What a switch to another plan costs, and when it happens.
//!
//! - To a longer interval: at once, whatever the prices.
//! - To a shorter interval: at the end of the period.
//! - At the same interval: at once when the new plan is dearer or costs the same, at the end of the period when it is
//!   cheaper.
//! - A switch at once gives back what was paid for the rest of the period. At the same interval the period stays and
//!   the rest of it is charged at the new price; at another interval a new period starts, charged in full.
//! - Credit beyond the charge is not paid out: it is taken off the next invoice.
//! - Credit and charge are each rounded half up to the dollar.

use super::period::{Interval, Period};
use kernel::Timestamp;
use std::cmp::Ordering;
use store::text_enum;

/// What proration knows of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// A period's price, in TWD.
    pub price: i64,
    /// The length of a period.
    pub interval: Interval,
}

text_enum! {
    /// Where a switch leads.
    pub enum SwitchKind {
        /// To a longer interval, or a dearer plan at the same one.
        Upgrade = "UPGRADE",
        /// To a shorter interval, or a cheaper plan at the same one.
        Downgrade = "DOWNGRADE",
        /// To the same price at the same interval.
        Lateral = "LATERAL",
    }
}

text_enum! {
    /// When a switch happens.
    pub enum Timing {
        /// At once.
        Immediate = "IMMEDIATE",
        /// At the end of the period.
        PeriodEnd = "PERIOD_END",
    }
}

/// The money of a switch at once. Amounts are whole TWD and never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Given back for the rest of the old period.
    pub credit: i64,
    /// The price of the new plan, for the rest of the period or a whole new one.
    pub charge: i64,
    /// To be paid now: the charge less the credit, or 0.
    pub amount_due: i64,
    /// Credit beyond the charge, for the next invoice.
    pub credit_left: i64,
    /// When a new period starts; `None` when the period stays.
    pub new_period: Option<Timestamp>,
}

/// What a switch from `old` to `new` is, and when it happens. 12 months and a year are the same interval.
pub fn classify(old: &Plan, new: &Plan) -> (SwitchKind, Timing) {
    let by_length = new.interval.compare_length(old.interval);
    match by_length.then(new.price.cmp(&old.price)) {
        Ordering::Greater => (SwitchKind::Upgrade, Timing::Immediate),
        Ordering::Equal => (SwitchKind::Lateral, Timing::Immediate),
        Ordering::Less => (SwitchKind::Downgrade, Timing::PeriodEnd),
    }
}

/// What switching from `old` to `new` costs at `at`, in a `period` that `paid_amount` was paid for.
pub fn quote(old: &Plan, new: &Plan, period: Period, at: Timestamp, paid_amount: i64) -> Quote {
    let credit = unused(paid_amount, period, at);
    let (charge, new_period) = match new.interval.compare_length(old.interval) {
        Ordering::Equal => (unused(new.price, period, at), None),
        Ordering::Less | Ordering::Greater => (new.price.max(0), Some(at)),
    };
    Quote {
        credit,
        charge,
        amount_due: charge.saturating_sub(credit).max(0),
        credit_left: credit.saturating_sub(charge).max(0),
        new_period,
    }
}

/// The share of `amount` for the part of the period from `at` on, rounded half up: from 0 to the amount.
fn unused(amount: i64, period: Period, at: Timestamp) -> i64 {
    let amount = amount.max(0);
    let micros = |t: Timestamp| i128::from(t.micros());
    let total = micros(period.end) - micros(period.start);
    let rest = (micros(period.end) - micros(at)).clamp(0, total.max(0));
    if rest == 0 {
        return 0;
    }
    // An i64 times the distance of two is just within an i128; doubling the product to round it would not be.
    let product = i128::from(amount) * rest;
    let up = i128::from(product % total >= total - product % total);
    i64::try_from(product / total + up).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::super::period::IntervalUnit;
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400_000_000;

    fn plan(price: i64, count: u32, unit: IntervalUnit) -> Plan {
        let interval = Interval::new(unit, count).unwrap();
        Plan { price, interval }
    }

    fn monthly(price: i64) -> Plan {
        plan(price, 1, IntervalUnit::Month)
    }

    fn yearly(price: i64) -> Plan {
        plan(price, 1, IntervalUnit::Year)
    }

    fn days(from: i64, to: i64) -> Period {
        Period {
            start: day(from),
            end: day(to),
        }
    }

    fn day(n: i64) -> Timestamp {
        Timestamp::from_micros(n * DAY)
    }

    #[test]
    fn kinds_and_timings() {
        use SwitchKind::{Downgrade, Lateral, Upgrade};
        use Timing::{Immediate, PeriodEnd};
        for (old, new, expected) in [
            (monthly(299), monthly(599), (Upgrade, Immediate)),
            (monthly(299), monthly(299), (Lateral, Immediate)),
            (monthly(299), monthly(199), (Downgrade, PeriodEnd)),
            (monthly(299), yearly(2990), (Upgrade, Immediate)),
            (monthly(299), yearly(99), (Upgrade, Immediate)),
            (yearly(2990), monthly(299), (Downgrade, PeriodEnd)),
            (yearly(2990), monthly(9999), (Downgrade, PeriodEnd)),
            (
                yearly(2990),
                plan(2990, 12, IntervalUnit::Month),
                (Lateral, Immediate),
            ),
            (
                monthly(299),
                plan(800, 3, IntervalUnit::Month),
                (Upgrade, Immediate),
            ),
        ] {
            assert_eq!(classify(&old, &new), expected, "{old:?} to {new:?}");
        }
    }

    #[test]
    fn the_same_interval_keeps_the_period() {
        let half = quote(&monthly(300), &monthly(601), days(0, 30), day(15), 300);
        assert_eq!(
            half,
            Quote {
                credit: 150,
                charge: 301,
                amount_due: 151,
                credit_left: 0,
                new_period: None,
            }
        );
    }

    #[test]
    fn another_interval_starts_a_period() {
        let third = quote(&monthly(300), &yearly(3000), days(0, 30), day(20), 300);
        assert_eq!(
            third,
            Quote {
                credit: 100,
                charge: 3000,
                amount_due: 2900,
                credit_left: 0,
                new_period: Some(day(20)),
            }
        );
    }

    #[test]
    fn credit_comes_from_what_was_paid_not_from_the_price() {
        let free = quote(&monthly(300), &monthly(600), days(0, 30), day(15), 0);
        assert_eq!((free.credit, free.amount_due), (0, 300));
    }

    #[test]
    fn credit_beyond_the_charge_is_kept() {
        let down = quote(&yearly(3000), &monthly(300), days(0, 360), day(90), 3000);
        assert_eq!(down.credit, 2250);
        assert_eq!(down.amount_due, 0);
        assert_eq!(down.credit_left, 1950);
    }

    #[test]
    fn halves_are_rounded_up() {
        let one = |at| unused(1, days(0, 4), at);
        assert_eq!(one(day(2)), 1);
        assert_eq!(one(Timestamp::from_micros(2 * DAY + 1)), 0);
        assert_eq!(unused(3, days(0, 2), day(1)), 2);
    }

    #[test]
    fn outside_the_period_is_its_nearer_end() {
        let period = days(10, 40);
        assert_eq!(unused(300, period, day(5)), 300);
        assert_eq!(unused(300, period, day(45)), 0);
        assert_eq!(unused(300, days(10, 10), day(10)), 0);
        assert_eq!(unused(300, days(40, 10), day(20)), 0);
    }

    #[test]
    fn the_largest_numbers_fit() {
        let all = Period {
            start: Timestamp::from_micros(i64::MIN),
            end: Timestamp::from_micros(i64::MAX),
        };
        assert_eq!(unused(i64::MAX, all, all.start), i64::MAX);
        assert_eq!(unused(i64::MAX, all, all.end), 0);
    }

    const MOST: i64 = 1_000_000_000_000;

    /// A period of up to ten years, and two instants in it, in order.
    fn periods() -> impl Strategy<Value = (Period, Timestamp, Timestamp)> {
        (0..50_000 * DAY, 1..=3653 * DAY).prop_flat_map(|(start, length)| {
            (0..=length, 0..=length).prop_map(move |(a, b)| {
                let at = |after| Timestamp::from_micros(start + after);
                let (start, end) = (at(0), at(length));
                (Period { start, end }, at(a.min(b)), at(a.max(b)))
            })
        })
    }

    fn amounts() -> impl Strategy<Value = i64> {
        prop_oneof![0..2000i64, 0..=MOST]
    }

    proptest! {
        #[test]
        fn the_parts_add_up(
            (period, at, _) in periods(),
            old in amounts(),
            new in amounts(),
            paid in amounts(),
            same: bool,
        ) {
            let target = if same { monthly(new) } else { yearly(new) };
            let quote = quote(&monthly(old), &target, period, at, paid);
            prop_assert!((0..=new).contains(&quote.charge));
            prop_assert!((0..=paid).contains(&quote.credit));
            prop_assert!((0..=new).contains(&quote.amount_due));
            prop_assert_eq!(quote.amount_due - quote.credit_left, quote.charge - quote.credit);
            prop_assert!(quote.amount_due == 0 || quote.credit_left == 0);
            prop_assert_eq!(quote.new_period, (!same).then_some(at));
        }

        #[test]
        fn the_ends_of_a_period_are_exact(
            (period, _, _) in periods(),
            old in amounts(),
            more in amounts(),
        ) {
            let (old, new) = (monthly(old), monthly(old + more));
            let first = quote(&old, &new, period, period.start, old.price);
            prop_assert_eq!(first.amount_due, more);
            let last = quote(&old, &new, period, period.end, old.price);
            prop_assert_eq!((last.credit, last.charge, last.amount_due), (0, 0, 0));
        }

        /// The parts fall with time. Their difference may rise by the dollar that rounding moves.
        #[test]
        fn later_is_cheaper((period, early, late) in periods(), old in amounts(), more in amounts()) {
            let (old, new) = (monthly(old), monthly(old + more));
            let early = quote(&old, &new, period, early, old.price);
            let late = quote(&old, &new, period, late, old.price);
            prop_assert!(late.credit <= early.credit);
            prop_assert!(late.charge <= early.charge);
            prop_assert!(late.amount_due <= early.amount_due + 1);
        }

        #[test]
        fn shares_are_off_by_half_a_dollar_at_most((period, at, _) in periods(), amount in amounts()) {
            let micros = |from: Timestamp, to: Timestamp| i128::from(to.micros() - from.micros());
            let total = micros(period.start, period.end);
            let exact = i128::from(amount) * micros(at, period.end);
            let error = 2 * (i128::from(unused(amount, period, at)) * total - exact);
            prop_assert!(-total < error && error <= total);
        }

        #[test]
        fn nothing_panics(price: i64, paid: i64, start: i64, end: i64, at: i64) {
            let [start, end, at] = [start, end, at].map(Timestamp::from_micros);
            let quote = quote(&monthly(price), &monthly(price), Period { start, end }, at, paid);
            prop_assert!(quote.amount_due >= 0 && quote.credit_left >= 0);
        }
    }
}
