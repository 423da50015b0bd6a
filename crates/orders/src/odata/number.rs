//! Exact decimal numbers of any size, for the literals of a client.

use std::cmp::Ordering;

/// `digits` times ten to the power of `-scale`.
#[derive(Clone, Debug)]
pub(super) struct Number {
    negative: bool,
    /// Without leading zeros; empty is zero.
    digits: String,
    scale: i32,
}

/// Where a [`Number`] lies among the integers a column can hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Floor {
    /// Below every one.
    Below,
    /// On it if `exact`, else between it and the next.
    At {
        /// The largest integer not above the number.
        value: i64,
        /// Whether it equals the number.
        exact: bool,
    },
    /// Above every one.
    Above,
}

impl Number {
    /// Reads `-12`, `3.50`, `1e-3`; an exponent has three digits at most.
    pub(super) fn parse(source: &str) -> Option<Self> {
        let unsigned = source.strip_prefix('-').unwrap_or(source);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        if !is_digits(whole) || !fraction.is_none_or(is_digits) {
            return None;
        }
        let fraction = fraction.unwrap_or_default();
        let scale = i32::try_from(fraction.len()).ok()? - exponent;
        Some(Self::new(
            source.len() > unsigned.len(),
            &format!("{whole}{fraction}"),
            scale,
        ))
    }

    /// `value` times ten to the power of `-scale`.
    pub(super) fn from_scaled(value: i128, scale: i32) -> Self {
        Self::new(value < 0, &value.unsigned_abs().to_string(), scale)
    }

    fn new(negative: bool, digits: &str, scale: i32) -> Self {
        let digits = digits.trim_start_matches('0').to_owned();
        Self {
            negative: negative && !digits.is_empty(),
            digits,
            scale,
        }
    }

    /// Its value if it is written as an integer and is not too large.
    pub(super) fn integer(&self) -> Option<i64> {
        match self.floor_at(0) {
            Floor::At { value, .. } if self.scale == 0 => Some(value),
            _ => None,
        }
    }

    /// Where the number times ten to the power of `scale` lies.
    pub(super) fn floor_at(&self, scale: i32) -> Floor {
        let (kept, cut) = self.shifted(scale - self.scale);
        let exact = cut.bytes().all(|digit| digit == b'0');
        let magnitude = if kept.is_empty() {
            Some(0)
        } else {
            kept.parse::<i128>().ok()
        };
        let floor = magnitude.map(|magnitude| match self.negative {
            true => -magnitude - i128::from(!exact),
            false => magnitude,
        });
        match floor.and_then(|floor| i64::try_from(floor).ok()) {
            Some(value) => Floor::At { value, exact },
            None if self.negative => Floor::Below,
            None => Floor::Above,
        }
    }

    /// The digits before and after a point moved by `places` to the right.
    fn shifted(&self, places: i32) -> (String, &str) {
        let count = places.unsigned_abs() as usize;
        if places >= 0 {
            let zeros = if self.digits.is_empty() { 0 } else { count };
            return (format!("{}{}", self.digits, "0".repeat(zeros)), "");
        }
        let (kept, cut) = self
            .digits
            .split_at(self.digits.len().saturating_sub(count));
        (kept.to_owned(), cut)
    }

    /// Orders by value.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let (left, _) = self.shifted(scale - self.scale);
        let (right, _) = other.shifted(scale - other.scale);
        left.len().cmp(&right.len()).then_with(|| left.cmp(&right))
    }
}

fn read_exponent(source: &str) -> Option<i32> {
    let digits = source.strip_prefix(['+', '-']).unwrap_or(source);
    if !is_digits(digits) || digits.len() > 3 {
        return None;
    }
    source.parse().ok()
}

fn is_digits(source: &str) -> bool {
    !source.is_empty() && source.bytes().all(|byte| byte.is_ascii_digit())
}
