//! When, and how often, a form may be filled in.

use catalogue::openapi_v2::{Period, TimeProblem};
use jiff::civil::DateTime;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// When, and how often, a form may be filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// How often by one person, for each code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_user: Option<Limit>,
    /// How often by all, for each code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Limit>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// So often in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How often.
    pub count: i64,
    /// In what.
    pub period: LimitPeriod,
}

store::text_enum! {
    /// A stretch of time by the calendar, at +08:00.
    pub enum LimitPeriod {
        /// A day.
        Day = "day",
        /// A month.
        Month = "month",
        /// A year.
        Year = "year",
        /// Ever.
        Total = "total",
    }
}

/// From when to when; within that, at which hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// Unix seconds; the first instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_at: Option<i64>,
    /// Unix seconds; the first instant after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_at: Option<i64>,
    /// None: at all hours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
}

/// Hours of some days of the week, at +08:00.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// 1 is Monday, 7 Sunday; none: every day.
    #[serde(default)]
    pub weekdays: Vec<i64>,
    /// `HH:MM`, the first minute.
    pub from: String,
    /// `HH:MM`, the first minute after it; `24:00` is the day's end. Before `from`: of the next day.
    pub to: String,
}

/// The contract's times are at +08:00.
const OFFSET: jiff::tz::Offset = jiff::tz::offset(8);
const DAY: i64 = 24 * 60;

impl Limits {
    /// Why the form takes no submissions now; `None`: it does.
    pub fn refuse_at(&self, now: Timestamp) -> Option<TimeProblem> {
        let window = self.window.as_ref()?;
        let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        if let Some(start) = window.start_at.map(at).filter(|start| now < *start) {
            let from = start.to_string();
            return Some(TimeProblem::NotYet { from });
        }
        if let Some(end) = window.end_at.map(at).filter(|end| now >= *end) {
            let until = end.to_string();
            return Some(TimeProblem::Over { until });
        }
        let local = local(now);
        let open = window.slots.is_empty() || window.slots.iter().any(|slot| slot.holds(local));
        (!open).then_some(TimeProblem::OutsideHours)
    }
}

impl Slot {
    /// Minutes of the day; `None` where the texts are no times.
    pub fn minutes(&self) -> Option<(i64, i64)> {
        let from = minutes(&self.from).filter(|from| *from < DAY)?;
        Some((from, minutes(&self.to)?))
    }

    fn holds(&self, local: DateTime) -> bool {
        let Some((from, to)) = self.minutes() else {
            return false;
        };
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let today = i64::from(local.weekday().to_monday_one_offset());
        let yesterday = (today + 5) % 7 + 1;
        let on = |day: i64| self.weekdays.is_empty() || self.weekdays.contains(&day);
        if from < to {
            return on(today) && (from..to).contains(&minute);
        }
        (on(today) && minute >= from) || (on(yesterday) && minute < to)
    }
}

impl LimitPeriod {
    /// The stretch that `now` is in: `D20260601`, `M202606`, `Y2026` or `T`.
    pub fn key(self, now: Timestamp) -> String {
        let day = local(now);
        match self {
            Self::Day => format!("D{:04}{:02}{:02}", day.year(), day.month(), day.day()),
            Self::Month => format!("M{:04}{:02}", day.year(), day.month()),
            Self::Year => format!("Y{:04}", day.year()),
            Self::Total => "T".into(),
        }
    }

    /// Its words.
    pub const fn period(self) -> Period {
        match self {
            Self::Day => Period::Day,
            Self::Month => Period::Month,
            Self::Year => Period::Year,
            Self::Total => Period::Total,
        }
    }
}

fn local(now: Timestamp) -> DateTime {
    let instant = jiff::Timestamp::from_microsecond(now.micros());
    OFFSET.to_datetime(instant.unwrap_or_default())
}

/// The minutes of `HH:MM`, up to `24:00`.
fn minutes(text: &str) -> Option<i64> {
    let [tens, hour, b':', half, minute] = text.as_bytes() else {
        return None;
    };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let (hours, minutes) = (
        digit(tens)? * 10 + digit(hour)?,
        digit(half)? * 10 + digit(minute)?,
    );
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    fn seconds(text: &str) -> Option<i64> {
        Some(at(text).micros() / 1_000_000)
    }

    fn open(slot: Slot) -> Limits {
        Limits {
            window: Some(Window {
                slots: vec![slot],
                ..Window::default()
            }),
            ..Limits::default()
        }
    }

    fn slot(weekdays: &[i64], from: &str, to: &str) -> Slot {
        Slot {
            weekdays: weekdays.to_vec(),
            from: from.into(),
            to: to.into(),
        }
    }

    #[test]
    fn the_start_is_within_and_the_end_is_not() {
        let limits = Limits {
            window: Some(Window {
                start_at: seconds("2026-06-01T08:00:00"),
                end_at: seconds("2026-06-02T08:00:00"),
                slots: Vec::new(),
            }),
            ..Limits::default()
        };
        let from = "2026-06-01T08:00:00+08:00".into();
        let until = "2026-06-02T08:00:00+08:00".into();
        for (now, problem) in [
            (
                "2026-06-01T07:59:59.999999",
                Some(TimeProblem::NotYet { from }),
            ),
            ("2026-06-01T08:00:00", None),
            ("2026-06-02T07:59:59.999999", None),
            ("2026-06-02T08:00:00", Some(TimeProblem::Over { until })),
        ] {
            assert_eq!(limits.refuse_at(at(now)), problem, "{now}");
        }
        assert_eq!(Limits::default().refuse_at(at("2026-06-01T00:00:00")), None);
    }

    /// 2026-06-01 is a Monday.
    #[test]
    fn hours_of_some_days() {
        for (slot, now, is_open) in [
            (
                slot(&[], "09:00", "18:00"),
                "2026-06-01T08:59:59.999999",
                false,
            ),
            (slot(&[], "09:00", "18:00"), "2026-06-01T09:00:00", true),
            (
                slot(&[], "09:00", "18:00"),
                "2026-06-01T17:59:59.999999",
                true,
            ),
            (slot(&[], "09:00", "18:00"), "2026-06-01T18:00:00", false),
            (slot(&[1], "00:00", "24:00"), "2026-06-01T00:00:00", true),
            (slot(&[1], "00:00", "24:00"), "2026-06-01T23:59:59", true),
            (slot(&[1], "00:00", "24:00"), "2026-06-02T00:00:00", false),
            (slot(&[1], "00:00", "24:00"), "2026-05-31T23:59:59", false),
            (slot(&[7], "22:00", "02:00"), "2026-05-31T22:00:00", true),
            (slot(&[7], "22:00", "02:00"), "2026-06-01T01:59:59", true),
            (slot(&[7], "22:00", "02:00"), "2026-06-01T02:00:00", false),
            (slot(&[7], "22:00", "02:00"), "2026-05-31T01:00:00", false),
            (slot(&[7], "22:00", "02:00"), "2026-06-01T22:00:00", false),
            (slot(&[7], "22:00", "00:00"), "2026-05-31T23:59:59", true),
            (slot(&[7], "22:00", "00:00"), "2026-06-01T00:00:00", false),
            (slot(&[], "x", "18:00"), "2026-06-01T12:00:00", false),
        ] {
            let problem = open(slot.clone()).refuse_at(at(now));
            assert_eq!(problem.is_none(), is_open, "{slot:?} {now}");
            assert!(problem.is_none_or(|problem| problem == TimeProblem::OutsideHours));
        }
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        let now: Timestamp = "2026-05-31T16:00:00Z".parse().unwrap();
        let keys = LimitPeriod::ALL.iter().map(|period| period.key(now));
        assert_eq!(
            keys.collect::<Vec<_>>(),
            ["D20260601", "M202606", "Y2026", "T"]
        );
        let before = Timestamp::from_micros(now.micros() - 1);
        assert_eq!(LimitPeriod::Day.key(before), "D20260531");
        assert_eq!(LimitPeriod::Month.key(before), "M202605");
    }

    proptest! {
        /// A slot and the hours that it leaves out share no minute and leave none open.
        #[test]
        fn a_slot_and_its_rest_make_a_day(from in 0_i64..DAY, to in 0_i64..DAY, now in 0_i64..10_000_000) {
            prop_assume!(from != to);
            let text = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let now = Timestamp::from_micros(1_780_000_000_000_000 + now * 1_000_000);
            let within = |a, b| open(slot(&[], &text(a), &text(b))).refuse_at(now).is_none();
            prop_assert_ne!(within(from, to), within(to, from));
        }

        #[test]
        fn nothing_panics(now in any::<i64>(), start in any::<Option<i64>>(), end in any::<Option<i64>>(), from in any::<String>()) {
            let now = Timestamp::from_micros(now);
            let mut limits = open(slot(&[1], &from, "24:00"));
            if let Some(window) = &mut limits.window {
                (window.start_at, window.end_at) = (start, end);
            }
            limits.refuse_at(now);
            for period in LimitPeriod::ALL {
                period.key(now);
            }
        }
    }
}
