//! Billing periods: when a subscription renews.
//!
//! - Every boundary is counted from the anchor, never from the boundary before it, so a short month leaves no trace:
//!   31 January, 28 February, 31 March.
//! - Months and years follow the calendar of Asia/Taipei and keep the anchor's day and time of day. A month without
//!   that day renews on its last one; 29 February renews yearly on 28 February, and on the 29th in leap years.
//! - Days and weeks are exact: Asia/Taipei has no daylight saving.
//! - A period holds its start and not its end.

use jiff::tz::Offset;
use jiff::{Span, Timestamp as Instant};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use store::text_enum;

const TAIPEI: Offset = jiff::tz::offset(8);
const DAY: i64 = 86_400_000_000;
/// A twelfth of the mean Gregorian year, in microseconds.
const MEAN_MONTH: i64 = 2_629_746_000_000;

/// The date lies outside the calendar: before the year -9999, after the year 9999, or before the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the date is out of range")]
pub struct OutOfRange;

/// An interval that nothing can be billed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interval is 1 to {most} times {}", unit.name())]
pub struct InvalidInterval {
    /// The unit that was asked for.
    pub unit: IntervalUnit,
    /// The highest count of it.
    pub most: u32,
}

text_enum! {
    /// What an interval counts.
    pub enum IntervalUnit {
        /// 24 hours.
        Day = "DAY",
        /// Seven days.
        Week = "WEEK",
        /// A calendar month.
        Month = "MONTH",
        /// A calendar year.
        Year = "YEAR",
    }
}

impl IntervalUnit {
    /// `day`, `week`, `month` or `year`.
    pub const fn lower(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The highest count in an interval: a year and a day in days, three years in the other units.
    pub const fn most(self) -> u32 {
        match self {
            Self::Day => 366,
            Self::Week => 156,
            Self::Month => 36,
            Self::Year => 3,
        }
    }
}

/// How often a price is charged: every `count` units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Interval {
    unit: IntervalUnit,
    count: u32,
}

#[derive(Deserialize)]
struct Unchecked {
    unit: IntervalUnit,
    count: u32,
}

impl TryFrom<Unchecked> for Interval {
    type Error = InvalidInterval;

    fn try_from(interval: Unchecked) -> Result<Self, InvalidInterval> {
        Self::new(interval.unit, interval.count)
    }
}

impl Interval {
    /// Every `count` units, from 1 to [`IntervalUnit::most`].
    pub const fn new(unit: IntervalUnit, count: u32) -> Result<Self, InvalidInterval> {
        let most = unit.most();
        if count == 0 || count > most {
            return Err(InvalidInterval { unit, most });
        }
        Ok(Self { unit, count })
    }

    /// What is counted.
    pub const fn unit(self) -> IntervalUnit {
        self.unit
    }

    /// How many of them.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// `WEEKLY`, `MONTHLY` or `YEARLY` for one unit, `CUSTOM` for the rest.
    pub const fn billing_period(self) -> &'static str {
        match (self.unit, self.count) {
            (IntervalUnit::Week, 1) => "WEEKLY",
            (IntervalUnit::Month, 1) => "MONTHLY",
            (IntervalUnit::Year, 1) => "YEARLY",
            _ => "CUSTOM",
        }
    }

    /// Which interval is longer, in mean calendar time: 12 months equal a year, 7 days a week, 30 days are less than a
    /// month.
    pub fn compare_length(self, other: Self) -> Ordering {
        self.mean_length().cmp(&other.mean_length())
    }

    /// Microseconds.
    fn mean_length(self) -> i64 {
        let Step { months, micros } = self.step();
        months * MEAN_MONTH + micros
    }

    fn step(self) -> Step {
        let count = i64::from(self.count);
        let (months, micros) = match self.unit {
            IntervalUnit::Day => (0, count * DAY),
            IntervalUnit::Week => (0, count * 7 * DAY),
            IntervalUnit::Month => (count, 0),
            IntervalUnit::Year => (count * 12, 0),
        };
        Step { months, micros }
    }
}

/// A distance in time: calendar months first, exact microseconds after them.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub months: i64,
    pub micros: i64,
}

impl Step {
    fn times(self, n: u32) -> Option<Self> {
        Some(Self {
            months: self.months.checked_mul(n.into())?,
            micros: self.micros.checked_mul(n.into())?,
        })
    }

    /// The instant this far after `from`.
    pub fn after(self, from: Timestamp) -> Result<Timestamp, OutOfRange> {
        self.on_calendar(from).ok_or(OutOfRange)
    }

    fn on_calendar(self, from: Timestamp) -> Option<Timestamp> {
        let from = Instant::from_microsecond(from.micros()).ok()?;
        let months = Span::new().try_months(self.months).ok()?;
        let local = TAIPEI.to_datetime(from).checked_add(months).ok()?;
        let moved = TAIPEI.to_timestamp(local).ok()?;
        let micros = moved.as_microsecond().checked_add(self.micros)?;
        Instant::from_microsecond(micros).ok()?;
        Some(Timestamp::from_micros(micros))
    }
}

/// From `start` to just before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it, when the subscription renews.
    pub end: Timestamp,
}

impl Period {
    /// Whether `at` falls into the period.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

/// The `n`-th boundary after `anchor`; the 0th is the anchor itself.
pub fn boundary(anchor: Timestamp, interval: Interval, n: u32) -> Result<Timestamp, OutOfRange> {
    interval.step().times(n).ok_or(OutOfRange)?.after(anchor)
}

/// The `n`-th period after `anchor`; the 0th starts at the anchor.
pub fn period(anchor: Timestamp, interval: Interval, n: u32) -> Result<Period, OutOfRange> {
    Ok(Period {
        start: boundary(anchor, interval, n)?,
        end: boundary(anchor, interval, n.checked_add(1).ok_or(OutOfRange)?)?,
    })
}

/// The period that starts at `anchor` with `free_months` on top. Interval and free months are one step on the calendar:
/// 31 January, a month and a free month end on 31 March. The periods after it count from its end.
pub fn first_period(
    anchor: Timestamp,
    interval: Interval,
    free_months: u32,
) -> Result<Period, OutOfRange> {
    let Step { months, micros } = interval.step();
    let months = months.checked_add(free_months.into()).ok_or(OutOfRange)?;
    Ok(Period {
        start: anchor,
        end: Step { months, micros }.after(anchor)?,
    })
}

/// Which period after `anchor` contains `at`. Out of range when `at` is before the anchor.
pub fn index_at(anchor: Timestamp, interval: Interval, at: Timestamp) -> Result<u32, OutOfRange> {
    let elapsed = at
        .micros()
        .checked_sub(anchor.micros())
        .filter(|elapsed| *elapsed >= 0)
        .ok_or(OutOfRange)?;
    // Calendar and mean time never differ by as much as a month: one period less than the mean number is not too late.
    let mean = u32::try_from(elapsed / interval.mean_length()).map_err(|_| OutOfRange)?;
    let mut index = mean.saturating_sub(1);
    while period(anchor, interval, index)?.end <= at {
        index = index.checked_add(1).ok_or(OutOfRange)?;
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every(count: u32, unit: IntervalUnit) -> Interval {
        Interval::new(unit, count).unwrap()
    }

    fn boundaries(anchor: &str, interval: Interval, n: u32) -> Vec<String> {
        (0..n)
            .map(|n| boundary(at(anchor), interval, n).unwrap().to_string())
            .collect()
    }

    /// The civil date and time in Asia/Taipei.
    fn civil(at: Timestamp) -> jiff::civil::DateTime {
        TAIPEI.to_datetime(Instant::from_microsecond(at.micros()).unwrap())
    }

    #[test]
    fn the_end_of_a_month_keeps_to_the_anchors_day() {
        assert_eq!(
            boundaries(
                "2027-01-31T09:30:00+08:00",
                every(1, IntervalUnit::Month),
                5
            ),
            [
                "2027-01-31T09:30:00+08:00",
                "2027-02-28T09:30:00+08:00",
                "2027-03-31T09:30:00+08:00",
                "2027-04-30T09:30:00+08:00",
                "2027-05-31T09:30:00+08:00",
            ]
        );
        assert_eq!(
            boundaries(
                "2028-01-31T00:00:00+08:00",
                every(1, IntervalUnit::Month),
                3
            )[1],
            "2028-02-29T00:00:00+08:00"
        );
    }

    #[test]
    fn the_29th_of_february_comes_back_in_leap_years() {
        assert_eq!(
            boundaries("2028-02-29T23:59:59+08:00", every(1, IntervalUnit::Year), 5),
            [
                "2028-02-29T23:59:59+08:00",
                "2029-02-28T23:59:59+08:00",
                "2030-02-28T23:59:59+08:00",
                "2031-02-28T23:59:59+08:00",
                "2032-02-29T23:59:59+08:00",
            ]
        );
        // 2100 is no leap year.
        assert_eq!(
            boundaries("2096-02-29T00:00:00+08:00", every(1, IntervalUnit::Year), 5)[4],
            "2100-02-28T00:00:00+08:00"
        );
    }

    #[test]
    fn the_calendar_is_that_of_taipei() {
        // Still 31 January in UTC, already 1 February in Taipei.
        let monthly = every(1, IntervalUnit::Month);
        assert_eq!(
            boundaries("2027-01-31T16:00:00Z", monthly, 2)[1],
            "2027-03-01T00:00:00+08:00"
        );
    }

    #[test]
    fn ten_years_of_each_interval() {
        let anchor = at("2024-02-29T12:00:00+08:00");
        for (interval, n, end) in [
            (
                every(1, IntervalUnit::Day),
                3653,
                "2034-03-01T12:00:00+08:00",
            ),
            (
                every(1, IntervalUnit::Week),
                522,
                "2034-03-02T12:00:00+08:00",
            ),
            (
                every(1, IntervalUnit::Month),
                120,
                "2034-02-28T12:00:00+08:00",
            ),
            (
                every(3, IntervalUnit::Month),
                40,
                "2034-02-28T12:00:00+08:00",
            ),
            (
                every(1, IntervalUnit::Year),
                10,
                "2034-02-28T12:00:00+08:00",
            ),
            (every(2, IntervalUnit::Year), 4, "2032-02-29T12:00:00+08:00"),
        ] {
            assert_eq!(boundary(anchor, interval, n), Ok(at(end)), "{interval:?}");
            for n in 0..n {
                let Period { start, end } = period(anchor, interval, n).unwrap();
                assert!(start < end, "{interval:?} {n}");
                assert_eq!(index_at(anchor, interval, start), Ok(n));
                let last = Timestamp::from_micros(end.micros() - 1);
                assert_eq!(index_at(anchor, interval, last), Ok(n));
                assert_eq!(index_at(anchor, interval, end), Ok(n + 1));
            }
        }
    }

    #[test]
    fn free_months_end_the_first_period_later() {
        let end = |anchor, interval, free| {
            first_period(at(anchor), interval, free)
                .unwrap()
                .end
                .to_string()
        };
        let anchor = "2027-01-31T00:00:00+08:00";
        let monthly = every(1, IntervalUnit::Month);
        assert_eq!(end(anchor, monthly, 0), "2027-02-28T00:00:00+08:00");
        assert_eq!(end(anchor, monthly, 1), "2027-03-31T00:00:00+08:00");
        let weekly = every(1, IntervalUnit::Week);
        assert_eq!(end(anchor, weekly, 1), "2027-03-07T00:00:00+08:00");
        let yearly = every(1, IntervalUnit::Year);
        assert_eq!(end(anchor, yearly, 2), "2028-03-31T00:00:00+08:00");
        assert_eq!(first_period(at(anchor), monthly, u32::MAX), Err(OutOfRange));
    }

    #[test]
    fn beyond_the_calendar_is_an_error() {
        let anchor = at("2027-01-31T00:00:00+08:00");
        for &unit in IntervalUnit::ALL {
            let interval = every(unit.most(), unit);
            assert_eq!(boundary(anchor, interval, u32::MAX), Err(OutOfRange));
            assert_eq!(period(anchor, interval, u32::MAX), Err(OutOfRange));
            for far in [i64::MIN, i64::MAX] {
                let far = Timestamp::from_micros(far);
                assert_eq!(boundary(far, interval, 1), Err(OutOfRange));
                assert_eq!(index_at(anchor, interval, far), Err(OutOfRange));
                assert_eq!(index_at(far, interval, anchor), Err(OutOfRange));
            }
            let before = Timestamp::from_micros(anchor.micros() - 1);
            assert_eq!(index_at(anchor, interval, before), Err(OutOfRange));
        }
    }

    #[test]
    fn intervals_are_checked_and_named() {
        for &unit in IntervalUnit::ALL {
            assert_eq!(unit.name().to_lowercase(), unit.lower());
            assert!(Interval::new(unit, 0).is_err());
            assert!(Interval::new(unit, 1).is_ok());
            assert!(Interval::new(unit, unit.most()).is_ok());
            assert!(Interval::new(unit, unit.most() + 1).is_err());
        }
        assert_eq!(
            Interval::new(IntervalUnit::Day, 367)
                .unwrap_err()
                .to_string(),
            "an interval is 1 to 366 times DAY"
        );
        assert_eq!(every(1, IntervalUnit::Day).billing_period(), "CUSTOM");
        assert_eq!(every(1, IntervalUnit::Week).billing_period(), "WEEKLY");
        assert_eq!(every(1, IntervalUnit::Month).billing_period(), "MONTHLY");
        assert_eq!(every(3, IntervalUnit::Month).billing_period(), "CUSTOM");
        assert_eq!(every(1, IntervalUnit::Year).billing_period(), "YEARLY");
    }

    #[test]
    fn intervals_are_read_through_the_check() {
        let read = |text| serde_json::from_str::<Interval>(text).ok();
        let quarter = every(3, IntervalUnit::Month);
        let text = r#"{"unit":"MONTH","count":3}"#;
        assert_eq!(serde_json::to_string(&quarter).unwrap(), text);
        assert_eq!(read(text), Some(quarter));
        assert_eq!(read(r#"{"unit":"MONTH","count":0}"#), None);
    }

    #[test]
    fn lengths_compare_on_the_calendar() {
        let compare = |a: Interval, b: Interval| a.compare_length(b);
        let (month, year) = (every(1, IntervalUnit::Month), every(1, IntervalUnit::Year));
        assert_eq!(compare(month, year), Ordering::Less);
        assert_eq!(
            compare(every(12, IntervalUnit::Month), year),
            Ordering::Equal
        );
        assert_eq!(
            compare(every(7, IntervalUnit::Day), every(1, IntervalUnit::Week)),
            Ordering::Equal
        );
        assert_eq!(compare(every(30, IntervalUnit::Day), month), Ordering::Less);
        assert_eq!(
            compare(every(31, IntervalUnit::Day), month),
            Ordering::Greater
        );
    }

    fn intervals() -> impl Strategy<Value = Interval> {
        prop::sample::select(IntervalUnit::ALL)
            .prop_flat_map(|unit| (1..=unit.most()).prop_map(move |count| every(count, unit)))
    }

    /// Anchors between 1970 and 2100, to the microsecond.
    fn anchors() -> impl Strategy<Value = Timestamp> {
        (0..47_482 * DAY).prop_map(Timestamp::from_micros)
    }

    proptest! {
        #[test]
        fn boundaries_increase(anchor in anchors(), interval in intervals(), n in 0..500u32) {
            prop_assert_eq!(boundary(anchor, interval, 0), Ok(anchor));
            let Period { start, end } = period(anchor, interval, n).unwrap();
            prop_assert!(start < end);
            prop_assert_eq!(period(anchor, interval, n + 1).unwrap().start, end);
        }

        #[test]
        fn months_keep_the_day_and_the_time(
            anchor in anchors(),
            unit in prop::sample::select(vec![IntervalUnit::Month, IntervalUnit::Year]),
            count in 1..=3u32,
            n in 0..500u32,
        ) {
            let there = civil(boundary(anchor, every(count, unit), n).unwrap());
            let here = civil(anchor);
            prop_assert_eq!(there.time(), here.time());
            prop_assert_eq!(there.day(), here.day().min(there.days_in_month()));
            let months = |c: jiff::civil::DateTime| i64::from(c.year()) * 12 + i64::from(c.month());
            let per_unit = if unit == IntervalUnit::Year { 12 } else { 1 };
            prop_assert_eq!(months(there) - months(here), i64::from(n * count) * per_unit);
        }

        #[test]
        fn days_and_weeks_are_exact(anchor in anchors(), count in 1..=100u32, n in 0..500u32) {
            let passed = |unit| boundary(anchor, every(count, unit), n).unwrap().micros() - anchor.micros();
            let days = i64::from(count * n);
            prop_assert_eq!(passed(IntervalUnit::Day), days * DAY);
            prop_assert_eq!(passed(IntervalUnit::Week), days * 7 * DAY);
        }

        #[test]
        fn every_instant_is_in_the_period_it_is_found_in(
            anchor in anchors(),
            interval in intervals(),
            elapsed in 0..2000 * 366 * DAY,
        ) {
            let at = Timestamp::from_micros(anchor.micros() + elapsed);
            let index = index_at(anchor, interval, at).unwrap();
            prop_assert!(period(anchor, interval, index).unwrap().contains(at));
        }

        #[test]
        fn nothing_panics(anchor: i64, at: i64, interval in intervals(), n: u32) {
            let (anchor, at) = (Timestamp::from_micros(anchor), Timestamp::from_micros(at));
            let _ = period(anchor, interval, n);
            let _ = first_period(anchor, interval, n);
            let _ = index_at(anchor, interval, at);
        }
    }
}
