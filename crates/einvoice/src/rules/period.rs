//! Days, and the two-month periods in which invoices are numbered, filed and drawn for the lottery.

use kernel::Timestamp;
use std::fmt;

/// A day of the calendar in Taipei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Two months, of which the second is even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: u16,
    even_month: u8,
}

/// The year before the first of the Republic.
const ROC_EPOCH: u16 = 1911;

impl Date {
    /// The day in Taipei of an instant.
    ///
    /// ```
    /// use einvoice::rules::period::Date;
    ///
    /// let date = Date::of("2026-01-14T16:00:00Z".parse()?);
    /// assert_eq!(date.to_string(), "2026-01-15");
    /// assert_eq!(date.roc(), "1150115");
    /// assert_eq!(date.period().to_string(), "11502");
    /// # Ok::<(), kernel::ParseTimestampError>(())
    /// ```
    pub fn of(instant: Timestamp) -> Self {
        let digits = instant.day().to_string();
        let number = |from: usize, to: usize| digits.get(from..to).and_then(|d| d.parse().ok());
        Self {
            year: number(0, 4).unwrap_or(ROC_EPOCH),
            month: number(4, 6).and_then(|m| m.try_into().ok()).unwrap_or(1),
            day: number(6, 8).and_then(|d| d.try_into().ok()).unwrap_or(1),
        }
    }

    /// `YYYYMMDD`.
    pub fn compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// Year of the Republic, month and day in seven digits, as on paper proofs.
    pub fn roc(self) -> String {
        let year = self.year.saturating_sub(ROC_EPOCH);
        format!("{year:03}{:02}{:02}", self.month, self.day)
    }

    /// The period it lies in.
    pub const fn period(self) -> Period {
        Period {
            year: self.year,
            even_month: self.month + self.month % 2,
        }
    }
}

impl fmt::Display for Date {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Period {
    /// The even month: 2, 4, … 12.
    pub const fn even_month(self) -> u8 {
        self.even_month
    }

    /// The last day on which an invoice of this period can still be voided, when that is the day `day` of the month
    /// after it. Sources do not agree on the day, so each provider has its own:
    /// [`Capabilities::void_until`](crate::capabilities::Capabilities::void_until).
    pub const fn void_until(self, day: u8) -> Date {
        let (year, month) = match self.even_month {
            12 => (self.year + 1, 1),
            month => (self.year, month + 1),
        };
        Date { year, month, day }
    }
}

impl fmt::Display for Period {
    /// Year of the Republic and even month: `11502`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let year = self.year.saturating_sub(ROC_EPOCH);
        write!(f, "{year:03}{:02}", self.even_month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::of(text.parse().unwrap())
    }

    #[test]
    fn a_period_is_named_by_its_even_month() {
        for (day, period) in [
            ("2026-01-01T00:00:00+08:00", "11502"),
            ("2026-02-28T23:59:59+08:00", "11502"),
            ("2026-03-01T00:00:00+08:00", "11504"),
            ("2025-12-31T23:59:59+08:00", "11412"),
            ("2010-06-01T00:00:00+08:00", "09906"),
        ] {
            assert_eq!(date(day).period().to_string(), period, "{day}");
        }
    }

    #[test]
    fn the_day_is_that_of_taipei() {
        assert_eq!(date("2025-12-31T15:59:59Z").compact(), "20251231");
        assert_eq!(date("2025-12-31T16:00:00Z").compact(), "20260101");
    }

    #[test]
    fn voids_end_in_the_month_after_the_period() {
        let may = date("2026-05-20T12:00:00+08:00").period();
        assert_eq!(may.void_until(14).to_string(), "2026-07-14");
        let december = date("2026-12-20T12:00:00+08:00").period();
        assert_eq!(december.void_until(15).to_string(), "2027-01-15");
        assert!(date("2026-07-15T00:00:00+08:00") > may.void_until(14));
        assert!(date("2026-07-14T23:59:59+08:00") <= may.void_until(14));
    }
}
