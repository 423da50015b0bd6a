//! Values as cells of a table, and cells as values.

use crate::model::form::{Choice, Column, Definition, Field, FieldType, Item};
use crate::model::value::texts::{self, comparable, is_link};
use crate::model::value::{Filled, shown};
use catalogue::openapi_v2::{FieldProblem, ValueForm};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

/// What a cell of a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// Text, or a number as text.
    Text(String),
    /// A time that a spreadsheet knows to be one.
    Moment {
        /// `2026-06-02 12:30:00`, or `12:30:00` without a day.
        moment: String,
    },
}

impl Cell {
    /// As people read it.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Moment { moment } => moment.strip_suffix(" 00:00:00").unwrap_or(moment),
        }
    }

    /// Whether nothing is in it.
    pub fn is_blank(&self) -> bool {
        texts::line(self.text()).is_empty()
    }
}

/// What a value is written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Text.
    Text(String),
    /// A number, as JSON has it.
    Number(String),
}

/// Most characters of a text that is told back.
const TOLD: usize = 50;

/// A cell as a value of a field, not yet checked. `null`: nothing is in it. `uploads`: what the addresses of uploads begin with.
///
/// Options stand by their titles, several with `、` or `;` between them; what depends on each other with `/`; items and columns
/// as `title：value`; files as addresses, each after its title; rows on lines. A value in the shape of the API is taken too.
pub fn read(field: &Field, cell: &Cell, uploads: &str) -> Result<Value, FieldProblem> {
    if cell.is_blank() {
        return Ok(Value::Null);
    }
    let text = cell.text().trim();
    let rules = &field.rules;
    if is_structured(field.field_type)
        && text.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    match field.field_type {
        FieldType::Number => {
            number(text)
                .map(|number| json!({ "value": number }))
                .ok_or(FieldProblem::Format {
                    expected: ValueForm::Number,
                })
        }
        FieldType::Sex | FieldType::Radio => choice(&rules.options, text),
        FieldType::Checkbox => choices(&rules.options, text),
        FieldType::ChainedSelects => match path(&rules.options, None, text) {
            Some(path) => Ok(json!({ "path": path })),
            None => Err(unknown(text)),
        },
        FieldType::Checklist => checklist(&rules.items, text),
        FieldType::Matrix => cells(&rules.columns, text),
        FieldType::DynamicMatrix => {
            let rows = text
                .split(['；', '\n'])
                .filter(|row| !row.trim().is_empty());
            let rows: Result<Vec<Value>, _> = rows.map(|row| cells(&rules.columns, row)).collect();
            Ok(json!({ "rows": rows? }))
        }
        FieldType::Address => Ok(address(text)),
        FieldType::Image
        | FieldType::Video
        | FieldType::Audio
        | FieldType::File
        | FieldType::Signature => Ok(files(text, uploads)),
        FieldType::Date | FieldType::Time => Ok(moment(texts::format_of(field), cell).into()),
        _ => Ok(text.into()),
    }
}

/// A value as a cell that reads as the same value: by its words where these say all of it, otherwise in the shape of the API.
pub fn write(definition: &Definition, filled: &Filled, uploads: &str) -> Written {
    let value = &filled.field_value;
    let words = match filled.field_type {
        FieldType::Number => {
            let number = value.get("value").unwrap_or(&Value::Null);
            return Written::Number(number.to_string());
        }
        FieldType::Image
        | FieldType::Video
        | FieldType::Audio
        | FieldType::File
        | FieldType::Signature => addresses(value, uploads),
        FieldType::Address => located(value),
        _ => shown(definition, filled),
    };
    let field = definition.field(filled.field_id);
    let field = field.filter(|field| field.field_type == filled.field_type);
    let Some(field) = field.filter(|field| is_structured(field.field_type)) else {
        return Written::Text(words);
    };
    let cell = Cell::Text(words);
    let says_all = read(field, &cell, uploads).is_ok_and(|read| read == without_blanks(value));
    match cell {
        Cell::Text(words) if says_all => Written::Text(words),
        _ => Written::Text(value.to_string()),
    }
}

/// Without items of a checklist that say nothing.
fn without_blanks(value: &Value) -> Value {
    let Some(items) = value.get("items").and_then(Value::as_array) else {
        return value.clone();
    };
    let says =
        |item: &&Value| item.get("value") != Some(&Value::from(0)) || item.get("remark").is_some();
    let kept: Vec<&Value> = items.iter().filter(says).collect();
    json!({ "items": kept })
}

/// Whether the values of a type are no plain texts or numbers.
const fn is_structured(field_type: FieldType) -> bool {
    matches!(
        field_type,
        FieldType::Sex
            | FieldType::Radio
            | FieldType::Checkbox
            | FieldType::ChainedSelects
            | FieldType::Checklist
            | FieldType::Matrix
            | FieldType::DynamicMatrix
            | FieldType::Address
            | FieldType::Image
            | FieldType::Video
            | FieldType::Audio
            | FieldType::File
            | FieldType::Signature
    )
}

fn unknown(text: &str) -> FieldProblem {
    FieldProblem::UnknownChoice {
        text: text.chars().take(TOLD).collect(),
    }
}

const PARTS: FieldProblem = FieldProblem::Format {
    expected: ValueForm::Parts,
};

/// A number as people write it: `-1,234.50`, also in full-width characters.
fn number(text: &str) -> Option<Number> {
    let text = comparable(text);
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e');
    let text = match text.split_once(',') {
        None => text,
        Some((first, rest)) => {
            let (whole, decimals) = rest.split_once('.').unwrap_or((rest, "0"));
            let group = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
            let begins = first.trim_start_matches(['-', '+']).len();
            if !(1..=3).contains(&begins) || !whole.split(',').all(group) {
                return None;
            }
            format!("{first}{}.{decimals}", whole.replace(',', ""))
        }
    };
    if !text.chars().all(plain) {
        return None;
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => Number::from_f64(text.parse().ok()?),
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(['、', ';', '；', '\n']).map(str::trim);
    parts.filter(|part| !part.is_empty())
}

fn titled<'o>(options: &'o [Choice], text: &str) -> Option<&'o Choice> {
    let exact = options.iter().find(|option| option.title == text);
    exact.or_else(|| {
        let text = comparable(text);
        let mut options = options.iter();
        options.find(|option| comparable(&option.title) == text)
    })
}

/// An option by its title. What is none is the text of "other", where there is one.
fn choice(options: &[Choice], text: &str) -> Result<Value, FieldProblem> {
    if let Some(option) = titled(options, text) {
        return Ok(json!({ "option_id": option.option_id }));
    }
    let other = options.iter().find(|option| option.is_other);
    let other = other.ok_or_else(|| unknown(text))?;
    let said = after_title(&other.title, text).unwrap_or(text);
    Ok(json!({ "option_id": other.option_id, "custom_text": said }))
}

fn choices(options: &[Choice], text: &str) -> Result<Value, FieldProblem> {
    let chosen = match titled(options, text) {
        Some(option) => vec![json!({ "option_id": option.option_id })],
        None => {
            let chosen: Result<_, _> = parts(text).map(|part| choice(options, part)).collect();
            chosen?
        }
    };
    Ok(json!({ "values": chosen }))
}

/// Options from `parent` on, whose titles may have `/` in them.
fn path(options: &[Choice], parent: Option<i64>, text: &str) -> Option<Vec<i64>> {
    let text = text.trim();
    let next = options.iter().filter(|option| option.parent_id == parent);
    for option in next {
        let Some(rest) = text.strip_prefix(option.title.as_str()) else {
            continue;
        };
        let rest = rest.trim_start();
        let tail = match rest.strip_prefix('/') {
            _ if rest.is_empty() => Some(Vec::new()),
            Some(rest) => path(options, Some(option.option_id), rest),
            None => None,
        };
        if let Some(mut tail) = tail {
            tail.insert(0, option.option_id);
            return Some(tail);
        }
    }
    None
}

/// What stands after a title and a colon.
fn after_title<'t>(title: &str, text: &'t str) -> Option<&'t str> {
    let rest = text.strip_prefix(title)?.trim_start();
    rest.strip_prefix(['：', ':']).map(str::trim)
}

fn checklist(items: &[Item], text: &str) -> Result<Value, FieldProblem> {
    let item = |part: &str| {
        let found = items.iter().find_map(|item| {
            let rest = after_title(&item.title, part)?;
            let (tick, remark) = match rest.split_once(['（', '(']) {
                Some((tick, remark)) => (tick, remark.strip_suffix(['）', ')'])?.trim()),
                None => (rest, ""),
            };
            Some((item.item_id, self::tick(&comparable(tick))?, remark))
        });
        let (id, tick, remark) = found.ok_or(PARTS)?;
        Ok(match remark {
            "" => json!({ "item_id": id, "value": tick }),
            remark => json!({ "item_id": id, "value": tick, "remark": remark }),
        })
    };
    let items: Result<Vec<Value>, _> = parts(text).map(item).collect();
    Ok(json!({ "items": items? }))
}

fn tick(text: &str) -> Option<i64> {
    Some(match text {
        "" | "0" => 0,
        "1" | "是" | "yes" | "y" | "√" | "✓" => 1,
        "2" | "否" | "no" | "n" | "×" | "✗" => 2,
        "3" | "无需填写" | "無需填寫" | "n/a" => 3,
        _ => return None,
    })
}

fn cells(columns: &[Column], text: &str) -> Result<Value, FieldProblem> {
    let cell = |part: &str| {
        let found = columns
            .iter()
            .find_map(|column| Some((column, after_title(&column.title, part)?)));
        let (column, text) = found.ok_or(PARTS)?;
        let value = match column.column_type.as_str() {
            _ if text.is_empty() => Value::Null,
            "number" => Value::Number(number(text).ok_or(FieldProblem::Format {
                expected: ValueForm::Number,
            })?),
            "radio" => choice(&column.options, text)?,
            "checkbox" => choices(&column.options, text)?,
            _ => text.into(),
        };
        Ok(json!({ "column_id": column.column_id, "value": value }))
    };
    let cells: Result<Vec<Value>, _> = parts(text).map(cell).collect();
    Ok(json!({ "cells": cells? }))
}

/// `place (22.5, 114.1)`, or a place without coordinates.
fn address(text: &str) -> Value {
    let located = text.strip_suffix([')', '）']).and_then(|text| {
        let (place, at) = text.rsplit_once(['(', '（'])?;
        let (lat, log) = at.split_once([',', '，'])?;
        Some((place.trim(), number(lat.trim())?, number(log.trim())?))
    });
    match located {
        Some((place, lat, log)) if !place.is_empty() => {
            json!({ "address": place, "lat": lat, "log": log })
        }
        _ => json!({ "address": text }),
    }
}

fn located(value: &Value) -> String {
    let place = value.get("address").and_then(Value::as_str);
    let place = place.unwrap_or_default();
    match (value.get("lat"), value.get("log")) {
        (Some(lat), Some(log)) => format!("{place} ({lat}, {log})"),
        _ => place.to_owned(),
    }
}

/// Addresses, each after its title. What is none is left for the field's rules to refuse.
fn files(text: &str, uploads: &str) -> Value {
    let spaced = text.replace(['、', '；'], " ").replace(";http", " http");
    let mut files = Vec::new();
    let mut title: Vec<&str> = Vec::new();
    for word in spaced.split_whitespace() {
        let word = word.trim_end_matches(';');
        if !is_link(word) {
            title.push(word);
            continue;
        }
        let mut file = Map::new();
        match word.strip_prefix(uploads) {
            Some(id) if !uploads.is_empty() => file.insert("upload_id".into(), id.into()),
            _ => file.insert("url".into(), word.into()),
        };
        if !title.is_empty() {
            file.insert("title".into(), title.join(" ").into());
            title.clear();
        }
        files.push(Value::Object(file));
    }
    if !title.is_empty() {
        files.push(json!({ "url": title.join(" ") }));
    }
    Value::Array(files)
}

fn addresses(value: &Value, uploads: &str) -> String {
    let files = value.as_array().into_iter().flatten().map(|file| {
        let text = |name| file.get(name).and_then(Value::as_str);
        let address = match text("upload_id") {
            Some(id) => format!("{uploads}{id}"),
            None => text("url").unwrap_or_default().to_owned(),
        };
        match text("title") {
            Some(title) => format!("{title} {address}"),
            None => address,
        }
    });
    files.collect::<Vec<_>>().join("\n")
}

/// A date or time in a field's format: separators, missing zeros and zeros at the end do not matter, and a spreadsheet's
/// time has more parts than are wanted. What is none is left for the field's rules to refuse.
fn moment(format: &str, cell: &Cell) -> String {
    let dated = format.starts_with('Y');
    if let Cell::Moment { moment } = cell {
        let time = moment.rsplit(' ').next().unwrap_or_default();
        let from = if dated { moment.as_str() } else { time };
        return from.get(..format.len()).unwrap_or(from).to_owned();
    }
    let text = cell.text().trim();
    rewritten(format, dated, text).unwrap_or_else(|| text.to_owned())
}

fn rewritten(format: &str, dated: bool, text: &str) -> Option<String> {
    let separator = |c: char| {
        matches!(
            c,
            '-' | '/' | '.' | ':' | '：' | 'T' | '年' | '月' | '日' | '时' | '時' | '分' | '秒'
        ) || c.is_whitespace()
    };
    let parts: Vec<&str> = text
        .split(separator)
        .filter(|part| !part.is_empty())
        .collect();
    let digits = |part: &&str| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    // Which of day and month comes first is not guessed at.
    if !parts.iter().all(digits) || (dated && parts.first()?.len() != 4) {
        return None;
    }
    let mut wanted = format.split(['-', ' ', ':']).count();
    let separators = format.chars().filter(|c| !c.is_ascii_alphabetic());
    if !dated && wanted == 3 && parts.len() == 2 {
        return Some(format!("{:0>2}:{:0>2}:00", parts[0], parts[1]));
    }
    let (said, rest) = parts.split_at_checked(wanted)?;
    if rest.iter().any(|part| part.bytes().any(|b| b != b'0')) {
        return None;
    }
    let mut written = String::new();
    let mut separators = separators;
    for part in said {
        written.push_str(&format!("{part:0>2}"));
        wanted -= 1;
        if wanted > 0 {
            written.push(separators.next()?);
        }
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::form::{Group, Rules, Settings};
    use crate::model::value::{Entry, UploadState, check};
    use proptest::prelude::*;

    const UPLOADS: &str = "https://qr.test/f/uploads/";

    fn field(field_type: FieldType) -> Field {
        let option = |option_id, title: &str, parent_id| Choice {
            option_id,
            title: title.into(),
            is_other: title == "其他",
            parent_id,
        };
        let mut options = vec![
            option(1, "良好", None),
            option(2, "a、b", None),
            option(3, "Bad", None),
        ];
        match field_type {
            FieldType::ChainedSelects => {
                options.extend([option(5, "深/圳", Some(1)), option(6, "深", Some(1))]);
            }
            _ => options.push(option(4, "其他", None)),
        }
        let column = |column_id, title: &str, column_type: &str| Column {
            column_id,
            title: title.into(),
            column_type: column_type.into(),
            options: options.clone(),
        };
        let item = |item_id, title: &str| Item {
            item_id,
            title: title.into(),
        };
        Field {
            field_id: 1,
            field_title: "字段".into(),
            field_desc: String::new(),
            field_type,
            field_short_name: String::new(),
            settings: Settings::default(),
            rules: Rules {
                items: vec![item(1, "压力"), item(2, "外观")],
                columns: vec![
                    column(1, "名称", "text"),
                    column(2, "数量", "number"),
                    column(3, "状态", "radio"),
                    column(4, "多选", "checkbox"),
                ],
                options,
                ..Rules::default()
            },
        }
    }

    fn of(field_type: FieldType, text: &str) -> Result<Value, FieldProblem> {
        read(&field(field_type), &Cell::Text(text.into()), UPLOADS)
    }

    #[test]
    fn cells_are_read_as_people_write_them() {
        let same = |field_type, text: &str, value: Value| {
            assert_eq!(of(field_type, text), Ok(value), "{text}");
        };
        same(FieldType::Text, " a ", json!("a"));
        same(FieldType::Text, " \n", Value::Null);
        same(FieldType::Number, "-1,234.50", json!({"value": -1234.5}));
        same(FieldType::Number, "３０", json!({"value": 30}));
        same(FieldType::Number, "1e3", json!({"value": 1000.0}));
        same(FieldType::Radio, "bad", json!({"option_id": 3}));
        let custom = json!({"option_id": 4, "custom_text": "x"});
        same(FieldType::Radio, "其他：x", custom.clone());
        same(FieldType::Radio, "x", custom);
        let both = json!({"values": [{"option_id": 1}, {"option_id": 3}]});
        same(FieldType::Checkbox, "良好、Bad", both.clone());
        same(FieldType::Checkbox, "良好; Bad;", both);
        same(
            FieldType::Checkbox,
            "a、b",
            json!({"values": [{"option_id": 2}]}),
        );
        same(
            FieldType::ChainedSelects,
            "良好/深/圳",
            json!({"path": [1, 5]}),
        );
        same(
            FieldType::ChainedSelects,
            "良好 / 深",
            json!({"path": [1, 6]}),
        );
        same(
            FieldType::Checklist,
            "压力：是、外观: 否（有划痕）",
            json!({"items": [{"item_id": 1, "value": 1}, {"item_id": 2, "value": 2, "remark": "有划痕"}]}),
        );
        same(
            FieldType::DynamicMatrix,
            "名称：a、数量：2；名称：b、状态：Bad",
            json!({"rows": [
                {"cells": [{"column_id": 1, "value": "a"}, {"column_id": 2, "value": 2}]},
                {"cells": [{"column_id": 1, "value": "b"}, {"column_id": 3, "value": {"option_id": 3}}]},
            ]}),
        );
        same(
            FieldType::Address,
            "深圳（22.5，114.1）",
            json!({"address": "深圳", "lat": 22.5, "log": 114.1}),
        );
        same(
            FieldType::Image,
            "正面 https://a.test/1.jpg、https://qr.test/f/uploads/u0123456789abcdef",
            json!([
                {"url": "https://a.test/1.jpg", "title": "正面"},
                {"upload_id": "u0123456789abcdef"},
            ]),
        );
        same(FieldType::Date, "2026/6/2", json!("2026-06-02"));
        same(FieldType::Date, "2026年6月2日", json!("2026-06-02"));
        same(FieldType::Date, "2026/6/2 0:00", json!("2026-06-02"));
        same(FieldType::Date, "6/2/2026", json!("6/2/2026"));
        same(FieldType::Date, "2026/6/2 8:00", json!("2026/6/2 8:00"));
        same(FieldType::Time, "9:05", json!("09:05"));
        same(FieldType::Time, "9:05:00", json!("09:05"));
        let typed = |field_type, moment: &str| {
            let moment = moment.to_owned();
            read(&field(field_type), &Cell::Moment { moment }, UPLOADS)
        };
        assert_eq!(
            typed(FieldType::Date, "2026-06-02 00:00:00"),
            Ok(json!("2026-06-02"))
        );
        assert_eq!(typed(FieldType::Time, "12:30:00"), Ok(json!("12:30")));
        assert_eq!(
            typed(FieldType::Text, "2026-06-02 00:00:00"),
            Ok(json!("2026-06-02"))
        );
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for text in ["abc", "1,23", "inf", "1e999", "1.2.3", "--1", "1,234,5"] {
            let refused = FieldProblem::Format {
                expected: ValueForm::Number,
            };
            assert_eq!(of(FieldType::Number, text), Err(refused), "{text}");
        }
        let text = "良好/海".to_owned();
        assert_eq!(
            of(FieldType::ChainedSelects, &text),
            Err(FieldProblem::UnknownChoice { text })
        );
        for text in ["压力", "重量：是", "压力：也许", "压力：是（"] {
            assert_eq!(of(FieldType::Checklist, text), Err(PARTS), "{text}");
        }
    }

    fn checked(field: &Field, value: Value) -> Option<Filled> {
        let definition = Definition {
            groups: vec![Group {
                fields: vec![field.clone()],
                ..Group::default()
            }],
        };
        let entry = Entry {
            field_id: 1,
            field_type: field.field_type.name().into(),
            field_value: value,
        };
        let usable = |_: &str| UploadState::Usable {
            content_type: "image/png".into(),
        };
        check(&definition, &[entry], false, &usable)
            .ok()?
            .filled
            .pop()
    }

    fn choice_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            (1_i64..4).prop_map(|id| json!({ "option_id": id })),
            "[a-c、；：/ ]{1,6}".prop_map(|text| json!({ "option_id": 4, "custom_text": text })),
            Just(json!({ "option_id": 4, "custom_text": "良好" })),
        ]
    }

    fn cell_values() -> impl Strategy<Value = Value> {
        let text = "[a-c、；：;\n]{0,6}";
        (
            text,
            any::<i32>(),
            choice_value(),
            prop::collection::vec(choice_value(), 0..3),
        )
            .prop_map(|(text, number, one, some)| {
                json!({ "cells": [
                    { "column_id": 1, "value": text },
                    { "column_id": 2, "value": number },
                    { "column_id": 3, "value": one },
                    { "column_id": 4, "value": { "values": some } },
                ] })
            })
    }

    fn values() -> impl Strategy<Value = (FieldType, Value)> {
        let item = |id: i64| {
            (0_i64..4, "[a-c、；：（）()]{0,4}").prop_map(
                move |(tick, remark)| json!({ "item_id": id, "value": tick, "remark": remark }),
            )
        };
        prop_oneof![
            any::<f64>().prop_map(|number| (FieldType::Number, json!({ "value": number }))),
            any::<i64>().prop_map(|number| (FieldType::Number, json!({ "value": number }))),
            "[-=+@'a{\\[\"]{1,8}".prop_map(|text| (FieldType::Text, json!(text))),
            "[a\n\t]{1,8}".prop_map(|text| (FieldType::TextArea, json!(text))),
            choice_value().prop_map(|value| (FieldType::Radio, value)),
            prop::collection::vec(choice_value(), 1..3)
                .prop_map(|values| (FieldType::Checkbox, json!({ "values": values }))),
            prop_oneof![
                Just(json!([1])),
                Just(json!([2])),
                Just(json!([1, 5])),
                Just(json!([1, 6]))
            ]
            .prop_map(|path| (FieldType::ChainedSelects, json!({ "path": path }))),
            (item(1), item(2))
                .prop_map(|(one, two)| (FieldType::Checklist, json!({ "items": [one, two] }))),
            cell_values().prop_map(|value| (FieldType::Matrix, value)),
            prop::collection::vec(cell_values(), 1..3)
                .prop_map(|rows| (FieldType::DynamicMatrix, json!({ "rows": rows }))),
            ("[a-c(), ]{1,6}", -90.0..90.0, -180.0..180.0).prop_map(|(address, lat, log)| {
                (
                    FieldType::Address,
                    json!({ "address": address, "lat": lat, "log": log }),
                )
            }),
            "[a-c(), 1]{1,6}"
                .prop_map(|address| (FieldType::Address, json!({ "address": address }))),
            ("[a-c;、 ]{0,5}", "[a-c;]{0,5}").prop_map(|(title, tail)| {
                let url = format!("https://a.test/{tail}");
                (
                    FieldType::File,
                    json!([{ "url": url, "title": title }, { "upload_id": "u0123456789abcdef" }]),
                )
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same((field_type, value) in values()) {
            let field = field(field_type);
            let definition = Definition { groups: vec![Group { fields: vec![field.clone()], ..Group::default() }] };
            let Some(filled) = checked(&field, value) else {
                return Ok(());
            };
            let text = match write(&definition, &filled, UPLOADS) {
                Written::Text(text) | Written::Number(text) => text,
            };
            let again = read(&field, &Cell::Text(text.clone()), UPLOADS);
            let again = again.ok().and_then(|value| checked(&field, value));
            let expected = without_blanks(&filled.field_value);
            let again = again.map(|again| without_blanks(&again.field_value));
            prop_assert_eq!(again, Some(expected), "{}", text);
        }

        #[test]
        fn nothing_panics(text in any::<String>(), kind in 0..FieldType::ALL.len()) {
            let field_type = FieldType::ALL[kind];
            let _ = of(field_type, &text);
            let _ = of(field_type, &format!("2026{text}"));
        }
    }
}
