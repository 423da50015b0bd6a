use jiff::tz::{Offset, TimeZone};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Asia/Taipei has had no daylight saving since 1980: the contracts write `+08:00` throughout.
const TAIPEI: Offset = jiff::tz::offset(8);

/// An instant, in microseconds since 1970-01-01T00:00:00Z. On the wire: ISO 8601 at `+08:00`, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A calendar day in Asia/Taipei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(jiff::civil::Date);

/// The text is not an ISO 8601 date-time with an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseTimestampError;

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an ISO 8601 date-time with an offset")
    }
}

impl std::error::Error for ParseTimestampError {}

impl Timestamp {
    /// The instant `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant `by` later, or the last representable one.
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// The instant `by` earlier, or the first representable one.
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The calendar day in Asia/Taipei.
    pub fn day(self) -> Day {
        Day(TAIPEI.to_datetime(self.instant()).date())
    }

    /// ISO 8601 in UTC, to the millisecond: `2026-01-01T00:00:00.000Z`.
    pub fn utc_millis(self) -> String {
        self.instant()
            .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
            .to_string()
    }

    fn instant(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = TAIPEI.to_datetime(self.instant());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+08:00",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second()
        )
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Needs date, time and offset: `2026-06-02T12:30:00+08:00` or `…Z`.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        // The RFC 9557 suffix (`[Asia/Taipei]`) is not ISO 8601.
        if text.contains('[') {
            return Err(ParseTimestampError);
        }
        text.parse::<jiff::Timestamp>()
            .map(|t| Self(t.as_microsecond()))
            .map_err(|_| ParseTimestampError)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Day {
    /// The first instant of the day.
    pub fn start(self) -> Timestamp {
        let zoned = self.0.to_zoned(TimeZone::fixed(TAIPEI));
        Timestamp(zoned.map_or(i64::MAX, |z| z.timestamp().as_microsecond()))
    }
}

impl fmt::Display for Day {
    /// `YYYYMMDD`, as used in order numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}{:02}{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_at_taipei() {
        let t: Timestamp = "2026-06-01T16:00:00Z".parse().unwrap();
        assert_eq!(t.to_string(), "2026-06-02T00:00:00+08:00");
        assert_eq!(t.day().to_string(), "20260602");
        assert_eq!(t.day().start(), t);
    }

    #[test]
    fn an_offset_is_required() {
        for bad in [
            "2026-06-02",
            "2026-06-02T12:30:00",
            "",
            "yesterday",
            "2026-06-02T12:30:00+08:00[Asia/Taipei]",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(ParseTimestampError), "{bad}");
        }
        assert!("2026-06-02T12:30:00+08:00".parse::<Timestamp>().is_ok());
    }
}
