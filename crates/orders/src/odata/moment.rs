//! Date literals.

use super::number::Number;

const PICOSECOND_DIGITS: usize = 12;
const PICOSECONDS: i128 = 1_000_000_000_000;

/// Whether this is a date without a time, `2026-06-02`.
pub(super) fn is_date(source: &str) -> bool {
    let mut cursor = Cursor(source.as_bytes());
    cursor.date().is_some() && cursor.0.is_empty()
}

/// Reads `2026-06-02T00:00:00.5+08:00` as seconds since 1970 in UTC. Seconds
/// may be left out, the offset may not.
pub(super) fn parse(source: &str) -> Option<Number> {
    let mut cursor = Cursor(source.as_bytes());
    let days = cursor.date()?;
    cursor.one_of(b"Tt")?;
    let minutes = cursor.clock(23)?;
    let picoseconds = cursor.seconds()?;
    let offset = cursor.offset()?;
    let seconds = days * 86_400 + (minutes - offset) * 60;
    cursor
        .0
        .is_empty()
        .then(|| Number::from_scaled(i128::from(seconds) * PICOSECONDS + picoseconds, 12))
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// A number of exactly `width` digits.
    fn number(&mut self, width: usize) -> Option<i64> {
        (0..width).try_fold(0, |number, _| {
            let digit = self.one_of(b"0123456789")?;
            Some(number * 10 + i64::from(digit - b'0'))
        })
    }

    /// `2026-06-02` as days since 1970.
    fn date(&mut self) -> Option<i64> {
        let year = self.number(4)?;
        self.one_of(b"-")?;
        let month = self.number(2)?;
        self.one_of(b"-")?;
        let day = self.number(2)?;
        let valid = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        valid.then(|| days_since_epoch(year, month, day))
    }

    /// `hh:mm` in minutes.
    fn clock(&mut self, last_hour: i64) -> Option<i64> {
        let hours = self.number(2)?;
        self.one_of(b":")?;
        let minutes = self.number(2)?;
        (hours <= last_hour && minutes < 60).then_some(hours * 60 + minutes)
    }

    /// `:ss` with a fraction, both optional, in picoseconds.
    fn seconds(&mut self) -> Option<i128> {
        if self.one_of(b":").is_none() {
            return Some(0);
        }
        let seconds = self.number(2).filter(|seconds| *seconds < 60)?;
        let fraction = match self.one_of(b".") {
            Some(_) => self.fraction()?,
            None => 0,
        };
        Some(i128::from(seconds) * PICOSECONDS + i128::from(fraction))
    }

    /// One to twelve digits after a decimal point, in picoseconds.
    fn fraction(&mut self) -> Option<i64> {
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let width = self.0.iter().take_while(is_digit).count();
        if !(1..=PICOSECOND_DIGITS).contains(&width) {
            return None;
        }
        let missing = u32::try_from(PICOSECOND_DIGITS - width).ok()?;
        Some(self.number(width)? * 10_i64.pow(missing))
    }

    /// `Z` or `+08:00`, in minutes.
    fn offset(&mut self) -> Option<i64> {
        match self.one_of(b"Zz+-")? {
            b'+' => self.clock(14),
            b'-' => Some(-self.clock(14)?),
            _ => Some(0),
        }
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts in years that begin in March, so that the leap day comes last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month_from_march * 153 + 2) / 5 + day - 1 - 719_468
}
