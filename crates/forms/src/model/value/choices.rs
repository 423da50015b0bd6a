//! Values that are options.

use super::texts::{self, LONGEST_LINE};
use super::{Reading, Value};
use crate::model::form::{Choice, Rules};
use catalogue::openapi_v2::FieldProblem;
use serde_json::json;

/// `{"option_id": 1, "custom_text": "…"}`: one of the options; the text with "other" only.
pub(super) fn one(options: &[Choice], value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    const SHAPE: &str = "{\"option_id\": 1}";
    let Some(id) = value.get("option_id").and_then(Value::as_i64) else {
        return reading.misshapen(SHAPE);
    };
    let Some(option) = options.iter().find(|option| option.option_id == id) else {
        return reading.refuse(FieldProblem::UnknownPart { id });
    };
    let text = match value.get("custom_text") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => texts::line(text),
        Some(_) => return reading.misshapen(SHAPE),
    };
    match (option.is_other, text.is_empty()) {
        (true, true) => reading.refuse(FieldProblem::OtherWithoutText),
        (true, false) => {
            let text = texts::short(text, LONGEST_LINE, reading)?;
            Some(json!({ "option_id": id, "custom_text": text }))
        }
        (false, true) => Some(json!({ "option_id": id })),
        (false, false) => reading.refuse(FieldProblem::TextNotAllowed),
    }
}

/// `{"values": [{"option_id": 1}]}`: some of the options, kept in the order of the form.
pub(super) fn some(rules: &Rules, value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    let Some(values) = value.get("values").and_then(Value::as_array) else {
        return reading.misshapen("{\"values\": [{\"option_id\": 1}]}");
    };
    let mut chosen: Vec<(usize, Value)> = Vec::new();
    for value in values {
        let Some(value) = one(&rules.options, value, reading) else {
            continue;
        };
        let id = value.get("option_id").and_then(Value::as_i64);
        let place = rules.options.iter().position(|o| Some(o.option_id) == id)?;
        if chosen.iter().any(|(other, _)| *other == place) {
            let id = id.unwrap_or_default();
            reading.problems.push(FieldProblem::PartTwice { id });
        } else {
            chosen.push((place, value));
        }
    }
    if !reading.problems.is_empty() {
        return None;
    }
    let most = i64::try_from(rules.options.len()).unwrap_or(i64::MAX);
    counted(rules, chosen.len(), most, reading)?;
    chosen.sort_by_key(|(place, _)| *place);
    let chosen: Vec<Value> = chosen.into_iter().map(|(_, value)| value).collect();
    Some(json!({ "values": chosen }))
}

/// Whether it are neither too few nor too many; `most`: unless the field says otherwise.
pub(super) fn counted(
    rules: &Rules,
    count: usize,
    most: i64,
    reading: &mut Reading<'_>,
) -> Option<()> {
    let (min, max) = (
        rules.min_count.unwrap_or(0),
        rules.max_count.unwrap_or(most),
    );
    if i64::try_from(count).is_ok_and(|count| (min..=max).contains(&count)) {
        Some(())
    } else {
        reading.refuse(FieldProblem::Count { min, max })
    }
}

/// `{"path": [1, 2]}`: an option of the first level, one that depends on it, and so on.
pub(super) fn chain(options: &[Choice], value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    let path = value.get("path").and_then(Value::as_array);
    let path: Option<Vec<i64>> = path.and_then(|path| path.iter().map(Value::as_i64).collect());
    let Some(path) = path else {
        return reading.misshapen("{\"path\": [1, 2]}");
    };
    let mut parent_id = None;
    for id in &path {
        let known = options
            .iter()
            .any(|option| option.option_id == *id && option.parent_id == parent_id);
        if !known {
            return reading.refuse(FieldProblem::UnknownPart { id: *id });
        }
        parent_id = Some(*id);
    }
    Some(json!({ "path": path }))
}
