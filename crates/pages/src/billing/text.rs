//! Money, days and periods, as people read them.

use super::words::Per;
use billing::model::period::{Interval, IntervalUnit};
use kernel::{Locale, Timestamp};

/// Whole dollars: `NT$1,299`.
pub fn money(amount: i64) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    format!("{sign}NT${}", digits(amount))
}

/// `1,299`, `−5`.
pub fn grouped(amount: i64) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    format!("{sign}{}", digits(amount))
}

/// `+1,299`, `−5`.
pub fn signed(amount: i64) -> String {
    let sign = if amount > 0 { "+" } else { "" };
    format!("{sign}{}", grouped(amount))
}

/// In groups of three, without a sign.
fn digits(amount: i64) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The day in Asia/Taipei: `6 Dec 2026`, or in Chinese `2026 年 12 月 6 日`.
pub fn day(at: Timestamp, locale: Locale) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let compact = at.day().to_string();
    let number = |from, to| {
        compact
            .get(from..to)
            .and_then(|part: &str| part.parse::<usize>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(4, 6), number(6, 8)) else {
        return compact;
    };
    match locale {
        Locale::En => format!("{day} {} {year}", MONTHS[(month - 1) % 12]),
        Locale::ZhTw | Locale::ZhCn => format!("{year} 年 {month} 月 {day} 日"),
    }
}

/// The length of a period.
pub fn period(per: &Per, interval: Interval) -> String {
    let say = match interval.unit() {
        IntervalUnit::Day => per.day,
        IntervalUnit::Week => per.week,
        IntervalUnit::Month => per.month,
        IntervalUnit::Year => per.year,
    };
    say(interval.count())
}

/// `MMYY` as on the card.
pub fn expiry(expires: &str) -> String {
    match expires.split_at_checked(2) {
        Some((month, year)) => format!("{month}/{year}"),
        None => expires.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped() {
        for (amount, text) in [
            (0, "NT$0"),
            (299, "NT$299"),
            (1_000, "NT$1,000"),
            (12_345_678, "NT$12,345,678"),
            (-50, "−NT$50"),
            (i64::MIN, "−NT$9,223,372,036,854,775,808"),
        ] {
            assert_eq!(money(amount), text);
        }
    }

    #[test]
    fn days_are_those_of_taipei() {
        let at: Timestamp = "2026-12-05T23:00:00Z".parse().unwrap();
        assert_eq!(day(at, Locale::En), "6 Dec 2026");
        assert_eq!(day(at, Locale::ZhTw), "2026 年 12 月 6 日");
    }
}
