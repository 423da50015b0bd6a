//! Values with rows, columns or items.

use super::texts::{self, LONGEST_LINE};
use super::{Reading, Value, choices, is_empty, measures};
use crate::model::form::{Column, Item, Rules};
use catalogue::openapi_v2::{FieldProblem, ValueForm};
use serde_json::json;

/// Most rows, unless the field says otherwise.
const MOST_ROWS: i64 = 200;

/// `{"items": [{"item_id": 1, "value": 1, "remark": "…"}]}`, kept in the order of the form.
pub(super) fn checklist(items: &[Item], value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    const SHAPE: &str = "{\"items\": [{\"item_id\": 1, \"value\": 1}]}";
    let Some(given) = value.get("items").and_then(Value::as_array) else {
        return reading.misshapen(SHAPE);
    };
    let mut filled: Vec<(usize, Value)> = Vec::new();
    for item in given {
        let id = item.get("item_id").and_then(Value::as_i64);
        let tick = item.get("value").and_then(Value::as_i64);
        let (Some(id), Some(tick)) = (id, tick) else {
            return reading.misshapen(SHAPE);
        };
        let Some(place) = items.iter().position(|item| item.item_id == id) else {
            reading.problems.push(FieldProblem::UnknownPart { id });
            continue;
        };
        if filled.iter().any(|(other, _)| *other == place) {
            reading.problems.push(FieldProblem::PartTwice { id });
            continue;
        }
        if !(0..=3).contains(&tick) {
            reading.problems.push(FieldProblem::Range {
                min: "0".into(),
                max: "3".into(),
            });
            continue;
        }
        let remark = match item.get("remark") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => texts::line(text),
            Some(_) => return reading.misshapen(SHAPE),
        };
        if remark.is_empty() {
            filled.push((place, json!({ "item_id": id, "value": tick })));
        } else if let Some(remark) = texts::short(remark, LONGEST_LINE, reading) {
            let item = json!({ "item_id": id, "value": tick, "remark": remark });
            filled.push((place, item));
        }
    }
    if !reading.problems.is_empty() {
        return None;
    }
    let says_nothing = |item: &Value| item.get("remark").is_none() && item["value"] == 0;
    if filled.iter().all(|(_, item)| says_nothing(item)) {
        return Some(Value::Null);
    }
    filled.sort_by_key(|(place, _)| *place);
    let filled: Vec<Value> = filled.into_iter().map(|(_, item)| item).collect();
    Some(json!({ "items": filled }))
}

/// `{"cells": [{"column_id": 1, "value": …}]}`.
pub(super) fn matrix(
    columns: &[Column],
    value: &Value,
    reading: &mut Reading<'_>,
) -> Option<Value> {
    let cells = cells(
        columns,
        value,
        "{\"cells\": [{\"column_id\": 1, \"value\": …}]}",
        reading,
    )?;
    Some(json!({ "cells": cells }))
}

/// `{"rows": [{"cells": […]}]}`. Empty rows are left out.
pub(super) fn dynamic_matrix(
    rules: &Rules,
    value: &Value,
    reading: &mut Reading<'_>,
) -> Option<Value> {
    const SHAPE: &str = "{\"rows\": [{\"cells\": [{\"column_id\": 1, \"value\": …}]}]}";
    let Some(given) = value.get("rows").and_then(Value::as_array) else {
        return reading.misshapen(SHAPE);
    };
    let mut rows = Vec::new();
    for row in given.iter().filter(|row| !is_empty(row)) {
        let cells = cells(&rules.columns, row, SHAPE, reading);
        rows.extend(cells.filter(|cells| !cells.is_empty()));
    }
    if !reading.problems.is_empty() {
        return None;
    }
    if rows.is_empty() {
        return Some(Value::Null);
    }
    choices::counted(rules, rows.len(), MOST_ROWS, reading)?;
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|cells| json!({ "cells": cells }))
        .collect();
    Some(json!({ "rows": rows }))
}

/// The cells of a row that hold something, in the order of the columns.
fn cells(
    columns: &[Column],
    row: &Value,
    shape: &'static str,
    reading: &mut Reading<'_>,
) -> Option<Vec<Value>> {
    let Some(given) = row.get("cells").and_then(Value::as_array) else {
        return reading.misshapen(shape);
    };
    let before = reading.problems.len();
    let mut seen: Vec<i64> = Vec::new();
    let mut cells: Vec<(usize, Value)> = Vec::new();
    for cell in given {
        let Some(id) = cell.get("column_id").and_then(Value::as_i64) else {
            return reading.misshapen(shape);
        };
        let place = columns.iter().position(|column| column.column_id == id);
        let Some((place, column)) = place.and_then(|at| Some((at, columns.get(at)?))) else {
            reading.problems.push(FieldProblem::UnknownPart { id });
            continue;
        };
        if seen.contains(&id) {
            reading.problems.push(FieldProblem::PartTwice { id });
            continue;
        }
        seen.push(id);
        let value = cell.get("value").unwrap_or(&Value::Null);
        if is_empty(value) {
            continue;
        }
        let value = read_cell(column, value, reading);
        let value = value.filter(|value| !is_empty(value));
        cells.extend(value.map(|value| (place, json!({ "column_id": id, "value": value }))));
    }
    if reading.problems.len() > before {
        return None;
    }
    cells.sort_by_key(|(place, _)| *place);
    Some(cells.into_iter().map(|(_, cell)| cell).collect())
}

fn read_cell(column: &Column, value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    match column.column_type.as_str() {
        "number" => match measures::normal(value.get("value").unwrap_or(value)) {
            Some(number) => Some(Value::Number(number)),
            None => reading.misshapen("{\"column_id\": 1, \"value\": 0}"),
        },
        "radio" => choices::one(&column.options, value, reading),
        "checkbox" => {
            let rules = Rules {
                options: column.options.clone(),
                ..Rules::default()
            };
            choices::some(&rules, value, reading)
        }
        kind => {
            let Some(text) = value.as_str() else {
                return reading.misshapen("{\"column_id\": 1, \"value\": \"…\"}");
            };
            let text = texts::line(text);
            let format = texts::DATE_FORMATS[2];
            if kind == "date" && !texts::is_moment(format, &text) {
                let expected = ValueForm::Pattern(format);
                return reading.refuse(FieldProblem::Format { expected });
            }
            texts::short(text, LONGEST_LINE, reading)
        }
    }
}
