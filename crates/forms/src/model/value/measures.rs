//! Numbers and places.

use super::texts::{self, LONGEST_LINE};
use super::{Reading, Value};
use crate::model::form::Rules;
use catalogue::openapi_v2::FieldProblem;
use serde_json::{Map, Number, json};

/// `{"value": 30.6}`.
pub(super) fn number_field(
    rules: &Rules,
    value: &Value,
    reading: &mut Reading<'_>,
) -> Option<Value> {
    let Some(number) = value.get("value").and_then(normal) else {
        return reading.misshapen("{\"value\": 0}");
    };
    within(rules, &number, reading)?;
    Some(json!({ "value": number }))
}

/// A number as it is written shortest: `30` for `30.0`.
pub(super) fn normal(value: &Value) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = value.as_number()?;
    if number.is_i64() {
        return Some(number.clone());
    }
    let float = number.as_f64().filter(|float| float.is_finite())?;
    if float.fract() == 0.0 && float.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Some(Number::from(float as i64));
    }
    Number::from_f64(float)
}

fn within(rules: &Rules, number: &Number, reading: &mut Reading<'_>) -> Option<()> {
    let float = number.as_f64()?;
    let low = rules.min.is_some_and(|min| float < min);
    let high = rules.max.is_some_and(|max| float > max);
    if low || high {
        let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), |end| end.to_string());
        return reading.refuse(FieldProblem::Range {
            min: end(rules.min),
            max: end(rules.max),
        });
    }
    let Some(most) = rules.decimals else {
        return Some(());
    };
    let written = float.to_string();
    let decimals = written.split_once('.').map_or(0, |(_, tail)| tail.len());
    if u32::try_from(decimals).is_ok_and(|decimals| decimals <= most) {
        Some(())
    } else {
        reading.refuse(FieldProblem::Decimals {
            max: i64::from(most),
        })
    }
}

/// `{"address": "…", "lat": 22.5, "log": 114.1}`; without coordinates where none are known.
pub(super) fn address(rules: &Rules, value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    const SHAPE: &str = "{\"address\": \"…\", \"lat\": 0, \"log\": 0}";
    let text = value
        .get("address")
        .and_then(Value::as_str)
        .map(texts::line);
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return reading.misshapen(SHAPE);
    };
    let mut place = Map::new();
    let longest = rules.max_length.unwrap_or(LONGEST_LINE);
    place.insert("address".into(), texts::short(text, longest, reading)?);
    for (name, most) in [("lat", 90.0), ("log", 180.0)] {
        let Some(given) = value.get(name).filter(|given| !given.is_null()) else {
            continue;
        };
        let Some(number) = normal(given) else {
            return reading.misshapen(SHAPE);
        };
        let range = Rules {
            min: Some(-most),
            max: Some(most),
            ..Rules::default()
        };
        within(&range, &number, reading)?;
        place.insert(name.into(), Value::Number(number));
    }
    Some(Value::Object(place))
}
