//! Values as people read them.

use super::{Filled, Value};
use crate::model::form::{Choice, Definition, FieldType, Rules};

/// A value as people read it: options by their words, lists with commas. What the form no longer has is shown by its id.
pub fn shown(definition: &Definition, filled: &Filled) -> String {
    let none = Rules::default();
    let rules = definition
        .field(filled.field_id)
        .map_or(&none, |field| &field.rules);
    let value = &filled.field_value;
    match filled.field_type {
        FieldType::Number => plain(value.get("value")),
        FieldType::Sex | FieldType::Radio => choice(&rules.options, value),
        FieldType::Checkbox => choices(&rules.options, value),
        FieldType::ChainedSelects => {
            let path = list(value, "path").iter().filter_map(Value::as_i64);
            join(path.map(|id| title_of(&rules.options, id)), "/")
        }
        FieldType::Checklist => checklist(rules, value),
        FieldType::Matrix => cells(rules, value),
        FieldType::DynamicMatrix => join(
            list(value, "rows").iter().map(|row| cells(rules, row)),
            "；",
        ),
        FieldType::Address => plain(value.get("address")),
        FieldType::Image
        | FieldType::Video
        | FieldType::Audio
        | FieldType::File
        | FieldType::Signature => {
            let files = value.as_array().into_iter().flatten();
            join(
                files.map(|file| {
                    let names = ["title", "url", "upload_id"];
                    plain(names.iter().find_map(|name| file.get(name)))
                }),
                "、",
            )
        }
        _ => plain(Some(value)),
    }
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn join(parts: impl Iterator<Item = String>, with: &str) -> String {
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(with)
}

fn title_of(options: &[Choice], id: i64) -> String {
    let option = options.iter().find(|option| option.option_id == id);
    option.map_or_else(|| id.to_string(), |option| option.title.clone())
}

fn choice(options: &[Choice], value: &Value) -> String {
    if let Some(text) = value.get("custom_text").and_then(Value::as_str) {
        return text.to_owned();
    }
    let id = value.get("option_id").and_then(Value::as_i64);
    id.map(|id| title_of(options, id)).unwrap_or_default()
}

fn choices(options: &[Choice], value: &Value) -> String {
    let chosen = list(value, "values").iter();
    join(chosen.map(|value| choice(options, value)), "、")
}

fn checklist(rules: &Rules, value: &Value) -> String {
    let items = list(value, "items").iter().map(|item| {
        let id = item
            .get("item_id")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let known = rules.items.iter().find(|known| known.item_id == id);
        let title = known.map_or_else(|| id.to_string(), |known| known.title.clone());
        let tick = match item.get("value").and_then(Value::as_i64) {
            Some(1) => "是",
            Some(2) => "否",
            Some(3) => "无需填写",
            _ => "",
        };
        match item.get("remark").and_then(Value::as_str) {
            Some(remark) => format!("{title}：{tick}（{remark}）"),
            None if tick.is_empty() => String::new(),
            None => format!("{title}：{tick}"),
        }
    });
    join(items, "、")
}

fn cells(rules: &Rules, row: &Value) -> String {
    let cells = list(row, "cells").iter().map(|cell| {
        let id = cell
            .get("column_id")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let value = cell.get("value").unwrap_or(&Value::Null);
        let column = rules.columns.iter().find(|column| column.column_id == id);
        let title = column.map_or_else(|| id.to_string(), |column| column.title.clone());
        let options = column.map_or(&[][..], |column| &column.options);
        let text = match value {
            Value::Object(map) if map.contains_key("values") => choices(options, value),
            Value::Object(_) => choice(options, value),
            plainly => plain(Some(plainly)),
        };
        format!("{title}：{text}")
    });
    join(cells, "、")
}
