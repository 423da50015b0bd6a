//! Exact numbers and dates, against arithmetic on `i128`.

use super::super::moment;
use super::super::number::{Floor, Number};
use super::encode;
use crate::odata::options;
use proptest::prelude::*;
use std::cmp::Ordering;

fn number(source: &str) -> Number {
    Number::parse(source).unwrap()
}

#[test]
fn floors() {
    let at = |value, exact| Floor::At { value, exact };
    let rows = [
        ("0", 0, at(0, true)),
        ("-0.0", 5, at(0, true)),
        ("00012", 0, at(12, true)),
        ("5.5", 0, at(5, false)),
        ("-5.5", 0, at(-6, false)),
        ("0.001", 2, at(0, false)),
        ("-0.001", 2, at(-1, false)),
        ("1e2", 1, at(1000, true)),
        ("12e-2", 2, at(12, true)),
        ("0e999", 18, at(0, true)),
        ("1e-999", 0, at(0, false)),
        ("9223372036854775807", 0, at(i64::MAX, true)),
        ("9223372036854775807.5", 0, at(i64::MAX, false)),
        ("9223372036854775808", 0, Floor::Above),
        ("-9223372036854775808", 0, at(i64::MIN, true)),
        ("-9223372036854775808.1", 0, Floor::Below),
        ("92233720368547758.08", 2, Floor::Above),
        ("1e999", 0, Floor::Above),
        ("-1e999", 0, Floor::Below),
    ];
    for (source, scale, expected) in rows {
        assert_eq!(number(source).floor_at(scale), expected, "{source}");
    }
}

#[test]
fn what_is_no_number() {
    for source in [
        "", "-", ".5", "5.", "1e", "1e1000", "1e+-1", "+1", "0x1", "1_0", "1.2.3", "١",
    ] {
        assert!(Number::parse(source).is_none(), "{source}");
    }
}

#[test]
fn what_is_no_date() {
    let sources = [
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-06-02T24:00:00Z",
        "2026-06-02T00:60:00Z",
        "2026-06-02T00:00:60Z",
        "2026-06-02T00:00:00",
        "2026-06-02T00:00:00.Z",
        "2026-06-02T00:00:00.1234567890123Z",
        "2026-06-02T00:00:00+15:00",
        "2026-06-02T00:00:00+8:00",
        "2026-06-02T00:00:00ZZ",
        "26-06-02T00:00:00Z",
        "2026-06-02",
    ];
    for source in sources {
        assert!(moment::parse(source).is_none(), "{source}");
    }
}

#[test]
fn days_follow_one_another() {
    let mut expected = moment::parse("1799-01-01T00:00:00Z").unwrap();
    let mut days = 0;
    for year in 1799..=2201 {
        for month in 1..=12 {
            for day in 1..=31 {
                let source = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
                let Some(moment) = moment::parse(&source) else {
                    continue;
                };
                assert_eq!(moment.compare(&expected), Ordering::Equal, "{source}");
                days += 1;
                let seconds = i128::from(days - 62_456) * 86_400;
                expected = Number::from_scaled(seconds, 0);
            }
        }
    }
    assert_eq!(days, 147_192);
}

fn decimal(value: i128, scale: u32) -> String {
    let digits = format!("{:0width$}", value.abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let sign = if value < 0 { "-" } else { "" };
    match scale {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_order_as_integers_of_one_scale_do(
        left in -1_000_000_000_000_i128..1_000_000_000_000, left_scale in 0_u32..6,
        right in -1_000_000_000_000_i128..1_000_000_000_000, right_scale in 0_u32..6,
        near in any::<bool>(),
    ) {
        let right = if near { left } else { right };
        let same = |value: i128, scale: u32| value * 10_i128.pow(6 - scale);
        let (a, b) = (number(&decimal(left, left_scale)), number(&decimal(right, right_scale)));
        prop_assert_eq!(
            a.compare(&b),
            same(left, left_scale).cmp(&same(right, right_scale))
        );
        let power = 10_i128.pow(left_scale);
        prop_assert_eq!(a.floor_at(0), Floor::At {
            value: i64::try_from(left.div_euclid(power)).unwrap(),
            exact: left % power == 0,
        });
    }

    #[test]
    fn decoding_undoes_encoding(value in "\\PC*|[%+&= -~\\x00-\\x1f]*") {
        prop_assert_eq!(options::decode(&encode(&value)), Some(value));
    }

    #[test]
    fn decoding_never_panics(raw in "([%+&a-fA-F0-9é]|%[a-fA-F0-9]{2})*") {
        let _ = options::decode(&raw);
    }
}
