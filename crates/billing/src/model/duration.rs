//! How far a test clock is put forward.
//!
//! - Written as `1y2mo3w4d5h6m7s`, any of them, from years to seconds; `m` is minutes and `mo` months. Or as ISO 8601:
//!   `P1Y2M3W4DT5H6M7S`.
//! - Whole numbers only, each unit once, more than nothing and at most 50 years together.
//! - Years and months follow the calendar of Asia/Taipei: a month after 31 January is the last day of February. The
//!   rest is exact time and is added after them.

use super::period::{OutOfRange, Step};
use kernel::Timestamp;
use std::fmt;
use std::str::FromStr;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MICROS: i64 = 1_000_000;
/// A twelfth of the mean Gregorian year, in seconds.
const MEAN_MONTH: u64 = 2_629_746;
const MOST: u64 = 50 * 12 * MEAN_MONTH;

/// A way forward in time: more than nothing, at most 50 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    months: u32,
    seconds: u32,
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseAdvanceError {
    /// Not in one of the two notations.
    #[error("not a duration: write 32d, 3h, 1mo or 1y2mo3d4h, or ISO 8601 such as P32D or PT3H")]
    Malformed,
    /// All numbers are 0.
    #[error("a duration is more than nothing")]
    Nothing,
    /// More than 50 years.
    #[error("a duration is at most 50 years")]
    TooLong,
}

#[derive(Clone, Copy)]
enum Unit {
    Months(u64),
    Seconds(u64),
}

type Notation = [(&'static str, Unit)];

const COMPACT: &Notation = &[
    ("y", Unit::Months(12)),
    ("mo", Unit::Months(1)),
    ("w", Unit::Seconds(7 * DAY)),
    ("d", Unit::Seconds(DAY)),
    ("h", Unit::Seconds(HOUR)),
    ("m", Unit::Seconds(MINUTE)),
    ("s", Unit::Seconds(1)),
];
const ISO_DATE: &Notation = &[
    ("Y", Unit::Months(12)),
    ("M", Unit::Months(1)),
    ("W", Unit::Seconds(7 * DAY)),
    ("D", Unit::Seconds(DAY)),
];
const ISO_TIME: &Notation = &[
    ("H", Unit::Seconds(HOUR)),
    ("M", Unit::Seconds(MINUTE)),
    ("S", Unit::Seconds(1)),
];

impl Advance {
    /// The instant this far after `from`.
    pub fn apply(self, from: Timestamp) -> Result<Timestamp, OutOfRange> {
        Step {
            months: self.months.into(),
            micros: i64::from(self.seconds) * MICROS,
        }
        .after(from)
    }
}

impl FromStr for Advance {
    type Err = ParseAdvanceError;

    fn from_str(text: &str) -> Result<Self, ParseAdvanceError> {
        let mut sum = Sum::default();
        match text.strip_prefix('P') {
            None => sum.add(text, COMPACT)?,
            Some(iso) => match iso.split_once('T') {
                None => sum.add(iso, ISO_DATE)?,
                Some(("", time)) => sum.add(time, ISO_TIME)?,
                Some((date, time)) => {
                    sum.add(date, ISO_DATE)?;
                    sum.add(time, ISO_TIME)?;
                }
            },
        }
        sum.advance()
    }
}

#[derive(Default)]
struct Sum {
    months: u64,
    seconds: u64,
}

impl Sum {
    /// Adds numbers with units, which stand in the order of the notation.
    fn add(&mut self, text: &str, notation: &Notation) -> Result<(), ParseAdvanceError> {
        let mut units = notation.iter();
        let mut text = text;
        loop {
            let (number, rest) = split(text, |b| b.is_ascii_digit());
            let (name, rest) = split(rest, |b| !b.is_ascii_digit());
            let (_, unit) = units
                .find(|(unit, _)| *unit == name)
                .ok_or(ParseAdvanceError::Malformed)?;
            self.count(number, *unit)?;
            if rest.is_empty() {
                return Ok(());
            }
            text = rest;
        }
    }

    fn count(&mut self, number: &str, unit: Unit) -> Result<(), ParseAdvanceError> {
        if number.is_empty() {
            return Err(ParseAdvanceError::Malformed);
        }
        let (sum, size) = match unit {
            Unit::Months(size) => (&mut self.months, size),
            Unit::Seconds(size) => (&mut self.seconds, size),
        };
        // The text is digits: it can only be too large.
        let number: u64 = number.parse().map_err(|_| ParseAdvanceError::TooLong)?;
        *sum = number
            .checked_mul(size)
            .and_then(|more| sum.checked_add(more))
            .ok_or(ParseAdvanceError::TooLong)?;
        Ok(())
    }

    fn advance(self) -> Result<Advance, ParseAdvanceError> {
        let Self { months, seconds } = self;
        let mean = months
            .checked_mul(MEAN_MONTH)
            .and_then(|m| m.checked_add(seconds));
        match mean {
            Some(0) => Err(ParseAdvanceError::Nothing),
            Some(..=MOST) => Ok(Advance {
                months: u32::try_from(months).map_err(|_| ParseAdvanceError::TooLong)?,
                seconds: u32::try_from(seconds).map_err(|_| ParseAdvanceError::TooLong)?,
            }),
            _ => Err(ParseAdvanceError::TooLong),
        }
    }
}

/// The longest start of the text that is made of `such` bytes, and the rest.
fn split(text: &str, such: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !such(b)).unwrap_or(text.len());
    text.split_at(end)
}

impl fmt::Display for Advance {
    /// `1y2mo3d4h5m6s`, without what is 0. Weeks come out as days.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut months, mut seconds) = (u64::from(self.months), u64::from(self.seconds));
        for (name, unit) in COMPACT.iter().filter(|(name, _)| *name != "w") {
            let (left, size) = match unit {
                Unit::Months(size) => (&mut months, size),
                Unit::Seconds(size) => (&mut seconds, size),
            };
            if *left >= *size {
                write!(f, "{}{name}", *left / size)?;
                *left %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Advance {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn after(from: &str, text: &str) -> String {
        read(text).apply(from.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_two_notations() {
        for (text, months, seconds) in [
            ("32d", 0, 32 * DAY),
            ("3h", 0, 3 * HOUR),
            ("90m", 0, 90 * MINUTE),
            ("45s", 0, 45),
            ("2w", 0, 14 * DAY),
            ("1mo", 1, 0),
            ("1y", 12, 0),
            ("1y2mo3d4h", 14, 3 * DAY + 4 * HOUR),
            ("1y2mo3w4d5h6m7s", 14, 25 * DAY + 5 * HOUR + 6 * MINUTE + 7),
            ("0d1s", 0, 1),
            ("007d", 0, 7 * DAY),
            ("P32D", 0, 32 * DAY),
            ("PT3H", 0, 3 * HOUR),
            ("PT90M", 0, 90 * MINUTE),
            ("P2W", 0, 14 * DAY),
            ("P1M", 1, 0),
            ("P1MT1M", 1, MINUTE),
            ("P1Y2M3W4DT5H6M7S", 14, 25 * DAY + 5 * HOUR + 6 * MINUTE + 7),
        ] {
            let Advance {
                months: m,
                seconds: s,
            } = read(text);
            assert_eq!((m, u64::from(s)), (months, seconds), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "d",
            "1",
            "-1d",
            "+1d",
            " 1d",
            "1d ",
            "1 d",
            "1D",
            "1M",
            "1.5h",
            "1d2",
            "1d1d",
            "1h1d",
            "1mo1y",
            "m1",
            "1dh",
            "P",
            "PT",
            "P1",
            "P1DT",
            "PT1D",
            "P1H",
            "P1D1M",
            "PT1H1H",
            "P1DT1HT1M",
            "p1d",
            "P1d",
            "-P1D",
            "P-1D",
            "P1.5D",
            "١d",
            "1天",
        ] {
            let read = text.parse::<Advance>();
            assert_eq!(read, Err(ParseAdvanceError::Malformed), "{text:?}");
        }
        for text in ["0d", "0y0mo0s", "P0D", "PT0S"] {
            let read = text.parse::<Advance>();
            assert_eq!(read, Err(ParseAdvanceError::Nothing), "{text:?}");
        }
    }

    #[test]
    fn fifty_years_are_the_most() {
        for text in ["50y", "600mo", "18262d", "49y12mo", "P50Y", "438290h"] {
            read(text);
        }
        for text in [
            "51y",
            "50y1s",
            "601mo",
            "18263d",
            "18446744073709551615y",
            "18446744073709551616s",
            "18446744073709551615s",
            "99999999999999999999999d",
        ] {
            let read = text.parse::<Advance>();
            assert_eq!(read, Err(ParseAdvanceError::TooLong), "{text:?}");
        }
    }

    #[test]
    fn months_follow_the_calendar() {
        let january = "2027-01-31T09:30:00+08:00";
        assert_eq!(after(january, "1mo"), "2027-02-28T09:30:00+08:00");
        assert_eq!(after(january, "1mo1d"), "2027-03-01T09:30:00+08:00");
        assert_eq!(after(january, "2mo"), "2027-03-31T09:30:00+08:00");
        assert_eq!(after(january, "32d"), "2027-03-04T09:30:00+08:00");
        assert_eq!(
            after("2028-02-29T00:00:00+08:00", "1y"),
            "2029-02-28T00:00:00+08:00"
        );
        // The last hours of January in UTC are February in Taipei.
        assert_eq!(
            after("2027-01-31T16:00:00Z", "1mo"),
            "2027-03-01T00:00:00+08:00"
        );
    }

    #[test]
    fn beyond_the_calendar_is_an_error() {
        let last = "9999-12-01T00:00:00+08:00".parse().unwrap();
        assert!(read("1d").apply(last).is_ok());
        assert_eq!(read("1mo").apply(last), Err(OutOfRange));
        assert_eq!(read("50d").apply(last), Err(OutOfRange));
        let never = Timestamp::from_micros(i64::MAX);
        assert_eq!(read("1s").apply(never), Err(OutOfRange));
    }

    #[test]
    fn written_in_the_short_notation() {
        for (text, written) in [
            ("32d", "32d"),
            ("P1Y2M3W4DT5H6M7S", "1y2mo25d5h6m7s"),
            ("90m", "1h30m"),
            ("14mo", "1y2mo"),
            ("2w", "14d"),
            ("1mo1m", "1mo1m"),
        ] {
            assert_eq!(read(text).to_string(), written);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(months in 0..=300u32, seconds in 1..=600_000_000u32) {
            let advance = Advance { months, seconds };
            prop_assert_eq!(advance.to_string().parse(), Ok(advance));
        }

        #[test]
        fn time_moves_forward(months in 0..=300u32, seconds in 1..=600_000_000u32, from in 0..4_000_000_000i64) {
            let from = Timestamp::from_micros(from * MICROS);
            let advance = Advance { months, seconds };
            prop_assert!(advance.apply(from).unwrap() > from);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[P0-9ymowdhsYMWDTHS.-]{0,12}|.{0,8}") {
            if let Ok(advance) = text.parse::<Advance>() {
                prop_assert_eq!(advance.to_string().parse(), Ok(advance));
            }
        }
    }
}
