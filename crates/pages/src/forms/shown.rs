//! Values of records as public pages show them: nothing that is hidden, and in part what is masked.

use super::text::masked;
use super::words::Words;
use crate::links::web_address;
use forms::RecordView;
use forms::model::form::{Choice, Column, FieldType, Rules, Settings};
use forms::model::value::Filled;
use serde_json::Value;

/// A field.
pub struct Shown {
    pub title: String,
    pub is_highlighted: bool,
    pub value: Kind,
}

/// Its value.
pub enum Kind {
    Text(String),
    /// What is said of each of several things.
    Pairs(Vec<(String, String)>),
    /// The same in rows.
    Rows(Vec<Vec<(String, String)>>),
    Files(Vec<File>),
}

/// A file.
pub struct File {
    pub name: String,
    pub href: String,
    pub is_picture: bool,
}

/// How much is shown of who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    /// As the form says.
    AsSet,
    /// In part.
    Masked,
}

/// The fields of a record that are for everybody who has its address. What the form no longer has is not shown: nobody
/// knows whether it was meant to be.
pub fn fields(view: &RecordView, people: People, words: &'static Words) -> Vec<Shown> {
    let none = Rules::default();
    let shown = view.record.fields.0.iter().filter_map(|filled| {
        let (settings, rules) = match &view.template {
            None => (Settings::default(), &none),
            Some(template) => {
                let field = template.definition.0.field(filled.field_id)?;
                (field.settings, &field.rules)
            }
        };
        if settings.is_hidden {
            return None;
        }
        let hides = people == People::Masked && names_somebody(filled.field_type);
        let value = if settings.is_masked || hides {
            Kind::Text(in_part(filled))
        } else {
            whole(filled, rules, words)
        };
        Some(Shown {
            title: filled.field_title.clone(),
            is_highlighted: settings.is_highlight,
            value,
        })
    });
    shown.collect()
}

const fn names_somebody(field_type: FieldType) -> bool {
    matches!(
        field_type,
        FieldType::Name
            | FieldType::Tel
            | FieldType::Recorder
            | FieldType::Identity
            | FieldType::OcrIdentity
            | FieldType::JobNumber
            | FieldType::CarNumber
            | FieldType::CustomerName
            | FieldType::CustomerMobile
            | FieldType::OwnerAddress
            | FieldType::Address
            | FieldType::Signature
    )
}

/// A text in part; of anything else that there is something.
fn in_part(filled: &Filled) -> String {
    let value = &filled.field_value;
    let text = value.as_str().or_else(|| value.get("address")?.as_str());
    text.map_or_else(|| "****".to_owned(), masked)
}

fn whole(filled: &Filled, rules: &Rules, words: &'static Words) -> Kind {
    let value = &filled.field_value;
    let options = &rules.options;
    match filled.field_type {
        FieldType::Number => Kind::Text(plain(value.get("value"))),
        FieldType::Sex | FieldType::Radio => Kind::Text(choice(options, value)),
        FieldType::Checkbox => Kind::Text(choices(options, value, words)),
        FieldType::ChainedSelects => {
            let path = list(value, "path").iter().filter_map(Value::as_i64);
            let titles: Vec<String> = path.map(|id| title_of(options, id)).collect();
            Kind::Text(titles.join(" / "))
        }
        FieldType::Checklist => Kind::Pairs(checklist(rules, value, words)),
        FieldType::Matrix => Kind::Pairs(cells(&rules.columns, value, words)),
        FieldType::DynamicMatrix => {
            let rows = list(value, "rows").iter();
            Kind::Rows(rows.map(|row| cells(&rules.columns, row, words)).collect())
        }
        FieldType::Address => Kind::Text(plain(value.get("address"))),
        FieldType::Image | FieldType::Signature => Kind::Files(files(value, true, words)),
        FieldType::Video | FieldType::Audio | FieldType::File => {
            Kind::Files(files(value, false, words))
        }
        _ => Kind::Text(plain(Some(value))),
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
    let list = value.get(name).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn id_in(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_i64).unwrap_or_default()
}

fn title_of(options: &[Choice], id: i64) -> String {
    let option = options.iter().find(|option| option.option_id == id);
    option.map_or_else(|| id.to_string(), |option| option.title.clone())
}

fn choice(options: &[Choice], value: &Value) -> String {
    let text = value.get("custom_text").and_then(Value::as_str);
    text.map_or_else(
        || title_of(options, id_in(value, "option_id")),
        str::to_owned,
    )
}

fn choices(options: &[Choice], value: &Value, words: &'static Words) -> String {
    let chosen = list(value, "values").iter();
    let chosen: Vec<String> = chosen.map(|value| choice(options, value)).collect();
    chosen.join(words.comma)
}

fn checklist(rules: &Rules, value: &Value, words: &'static Words) -> Vec<(String, String)> {
    let items = list(value, "items").iter().map(|item| {
        let id = id_in(item, "item_id");
        let known = rules.items.iter().find(|known| known.item_id == id);
        let title = known.map_or_else(|| id.to_string(), |known| known.title.clone());
        let mark = usize::try_from(id_in(item, "value") - 1).ok();
        let mark = mark.and_then(|mark| words.fill.marks.get(mark));
        let remark = item.get("remark").and_then(Value::as_str);
        let said = mark.into_iter().copied().chain(remark);
        (title, said.collect::<Vec<_>>().join(words.comma))
    });
    items.filter(|(_, said)| !said.is_empty()).collect()
}

fn cells(columns: &[Column], row: &Value, words: &'static Words) -> Vec<(String, String)> {
    let cells = list(row, "cells").iter().map(|cell| {
        let id = id_in(cell, "column_id");
        let value = cell.get("value").unwrap_or(&Value::Null);
        let column = columns.iter().find(|column| column.column_id == id);
        let title = column.map_or_else(|| id.to_string(), |column| column.title.clone());
        let options = column.map_or(&[][..], |column| &column.options);
        let text = match value {
            Value::Object(map) if map.contains_key("values") => choices(options, value, words),
            Value::Object(_) => choice(options, value),
            plainly => plain(Some(plainly)),
        };
        (title, text)
    });
    cells.collect()
}

fn files(value: &Value, are_pictures: bool, words: &'static Words) -> Vec<File> {
    let files = value.as_array().into_iter().flatten();
    let files = files.filter_map(|file| {
        let text = |name: &str| file.get(name).and_then(Value::as_str);
        let is_plain = |id: &&str| id.bytes().all(|b| b.is_ascii_alphanumeric());
        let upload = text("upload_id").filter(is_plain);
        let href = match upload {
            Some(id) => format!("/f/uploads/{id}"),
            None => web_address(text("url")?)?.to_owned(),
        };
        let name = text("title").filter(|title| !title.is_empty());
        Some(File {
            name: name.unwrap_or(words.record.file).to_owned(),
            // Pictures from elsewhere are not loaded: whoever filled the form in chose from where.
            is_picture: are_pictures && upload.is_some(),
            href,
        })
    });
    files.collect()
}
