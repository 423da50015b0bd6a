//! From what was typed to values in the shape of their types, under the names that the widgets use.

use super::typed::Typed;
use forms::model::form::{Choice, Column, Field, FieldType, Rules};
use serde_json::{Number, Value, json};

/// Rows of a table that are shown at first.
const ROWS: usize = 3;
/// Most rows that are shown.
const MOST_ROWS: usize = 20;

/// The name of a field.
pub fn name_of(field: &Field) -> String {
    format!("f{}", field.field_id)
}

/// The name of the text of an option "other".
pub fn other_of(name: &str, option: &Choice) -> String {
    format!("{name}o{}", option.option_id)
}

/// The name of an item of a checklist.
pub fn item_of(name: &str, item_id: i64) -> String {
    format!("{name}i{item_id}")
}

/// The name of the remark on an item of a checklist.
pub fn remark_of(name: &str, item_id: i64) -> String {
    format!("{name}m{item_id}")
}

/// The name of a cell.
pub fn cell_of(name: &str, row: usize, column: &Column) -> String {
    format!("{name}r{row}c{}", column.column_id)
}

/// The name of the files that were received already, each as `id:name`.
pub fn kept_of(name: &str) -> String {
    format!("{name}k")
}

/// How many rows of a table there are to fill in.
pub fn rows_of(rules: &Rules) -> usize {
    let count = |count: Option<i64>| count.and_then(|count| usize::try_from(count).ok());
    let fewest = count(rules.min_count).unwrap_or(0).max(ROWS);
    let most = count(rules.max_count).unwrap_or(MOST_ROWS).max(1);
    fewest.min(most).min(MOST_ROWS)
}

/// The options that an option depends on, and it, from the first.
pub fn path_to(options: &[Choice], option_id: i64) -> Vec<&Choice> {
    let mut path = Vec::new();
    let mut next = Some(option_id);
    // Options depend on those before them, so that this ends; whoever stored others does not keep it from ending.
    while let Some(id) = next.filter(|_| path.len() <= options.len()) {
        let Some(option) = options.iter().find(|option| option.option_id == id) else {
            break;
        };
        path.push(option);
        next = option.parent_id;
    }
    path.reverse();
    path
}

/// What was typed into a field; `files`: its files, as they are submitted.
pub fn value_of(field: &Field, typed: &Typed, files: Vec<Value>) -> Value {
    let name = name_of(field);
    let rules = &field.rules;
    match field.field_type {
        FieldType::Number => json!({ "value": number(typed.text(&name)) }),
        FieldType::Sex | FieldType::Radio => one(&rules.options, typed, &name),
        FieldType::Checkbox => some(&rules.options, typed, &name),
        FieldType::ChainedSelects => {
            let chosen = typed.text(&name).parse().ok();
            let path = chosen.map(|id| path_to(&rules.options, id));
            let path = path.unwrap_or_default().into_iter();
            json!({ "path": path.map(|option| option.option_id).collect::<Vec<_>>() })
        }
        FieldType::Checklist => {
            let items = rules.items.iter().map(|item| {
                let mark = typed.text(&item_of(&name, item.item_id)).parse::<i64>();
                let remark = typed.text(&remark_of(&name, item.item_id));
                json!({ "item_id": item.item_id, "value": mark.unwrap_or(0), "remark": remark })
            });
            json!({ "items": items.collect::<Vec<_>>() })
        }
        FieldType::Matrix => row(&rules.columns, typed, &name, 0),
        FieldType::DynamicMatrix => {
            let rows = (0..rows_of(rules)).map(|at| row(&rules.columns, typed, &name, at));
            json!({ "rows": rows.collect::<Vec<_>>() })
        }
        FieldType::Address => json!({ "address": typed.text(&name) }),
        FieldType::Image
        | FieldType::Video
        | FieldType::Audio
        | FieldType::File
        | FieldType::Signature => files.into(),
        // As browsers send them: `2026-06-02T12:30`, and no seconds where there are none.
        FieldType::Date => typed.text(&name).replacen('T', " ", 1).into(),
        FieldType::Time => {
            let time = typed.text(&name);
            let lacks_seconds = time.len() == 5 && rules.format.as_deref() == Some("HH:mm:ss");
            format!("{time}{}", if lacks_seconds { ":00" } else { "" }).into()
        }
        _ => typed.text(&name).into(),
    }
}

fn row(columns: &[Column], typed: &Typed, name: &str, at: usize) -> Value {
    let cells = columns.iter().map(|column| {
        let name = cell_of(name, at, column);
        let value = match column.column_type.as_str() {
            "number" => number(typed.text(&name)),
            "radio" => one(&column.options, typed, &name),
            "checkbox" => some(&column.options, typed, &name),
            _ => typed.text(&name).into(),
        };
        json!({ "column_id": column.column_id, "value": value })
    });
    json!({ "cells": cells.collect::<Vec<_>>() })
}

/// One option. Whoever says what "other" is, and chooses nothing, means that.
fn one(options: &[Choice], typed: &Typed, name: &str) -> Value {
    let chosen = typed.text(name);
    if !chosen.is_empty() {
        let known = options.iter().find(|o| o.option_id.to_string() == chosen);
        return match known {
            Some(option) => chosen_option(option, typed, name),
            None => json!({ "option_id": chosen.parse::<i64>().unwrap_or(0) }),
        };
    }
    let others = options.iter().filter(|option| option.is_other);
    let mut said = others.filter(|option| !typed.text(&other_of(name, option)).trim().is_empty());
    said.next()
        .map_or(Value::Null, |option| chosen_option(option, typed, name))
}

/// Some options, with those whose "other" says something.
fn some(options: &[Choice], typed: &Typed, name: &str) -> Value {
    let is_chosen = |option: &&Choice| {
        let says = option.is_other && !typed.text(&other_of(name, option)).trim().is_empty();
        says || typed.has(name, &option.option_id.to_string())
    };
    let chosen = options.iter().filter(is_chosen);
    let values = chosen.map(|option| chosen_option(option, typed, name));
    json!({ "values": values.collect::<Vec<_>>() })
}

fn chosen_option(option: &Choice, typed: &Typed, name: &str) -> Value {
    if option.is_other {
        let text = typed.text(&other_of(name, option));
        json!({ "option_id": option.option_id, "custom_text": text })
    } else {
        json!({ "option_id": option.option_id })
    }
}

/// A number as people type it, with digits of any width; as the text itself where it is none.
fn number(typed: &str) -> Value {
    let half = typed.trim().chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '−' => '-',
        _ => c,
    });
    let text: String = half.collect();
    if text.is_empty() {
        return Value::Null;
    }
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_digit() || ".-+eE".contains(c));
    let number = match text.parse::<i64>() {
        Ok(whole) => Some(Number::from(whole)),
        Err(_) if is_plain => text.parse::<f64>().ok().and_then(Number::from_f64),
        Err(_) => None,
    };
    number.map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_typed() {
        assert_eq!(number(" 30 "), json!(30));
        assert_eq!(number("-30.5"), json!(-30.5));
        assert_eq!(number("３０．５"), json!(30.5));
        assert_eq!(number("−1e2"), json!(-100.0));
        assert_eq!(number(" "), Value::Null);
        for none in ["1,000", "NaN", "inf", "1e999", "abc", "1 2"] {
            assert_eq!(number(none), json!(none));
        }
    }

    #[test]
    fn a_path_ends() {
        let option = |option_id, parent_id| Choice {
            option_id,
            parent_id,
            ..Choice::default()
        };
        let ids = |path: Vec<&Choice>| path.iter().map(|o| o.option_id).collect::<Vec<_>>();
        let options = [option(1, None), option(2, Some(1)), option(3, Some(2))];
        assert_eq!(ids(path_to(&options, 3)), [1, 2, 3]);
        assert!(path_to(&options, 9).is_empty());
        let circle = [option(1, Some(2)), option(2, Some(1))];
        assert!(path_to(&circle, 1).len() <= 3);
    }
}
