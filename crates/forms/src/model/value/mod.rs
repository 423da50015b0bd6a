//! What is filled into fields: checked, normalised, and as text.
//!
//! | type | shape |
//! | --- | --- |
//! | `name`, `tel`, `recorder`, `identity`, `ocr_identity`, `job_number`, `carnumber`, `text`, `textarea`, `customer_name`, `customer_mobile`, `owner_address`, `date`, `time` | `"…"` |
//! | `number` | `{"value": 30.6}` |
//! | `sex`, `radio` | `{"option_id": 1, "custom_text": "…"}` |
//! | `checkbox` | `{"values": [{"option_id": 1, "custom_text": "…"}]}` |
//! | `chained_selects` | `{"path": [1, 2]}` |
//! | `checklist` | `{"items": [{"item_id": 1, "value": 1, "remark": "…"}]}`: 0 not filled in, 1 yes, 2 no, 3 not applicable |
//! | `matrix` | `{"cells": [{"column_id": 1, "value": …}]}`: a text, a number, `{"option_id"}` or `{"values"}` |
//! | `dynamic_matrix` | `{"rows": [{"cells": […]}]}` |
//! | `address` | `{"address": "…", "lat": 22.5, "log": 114.1}` |
//! | `image`, `video`, `audio`, `file`, `signature` | `[{"upload_id": "…", "title": "…"}]` or `[{"url": "…", "title": "…"}]` |
//!
//! `description` takes nothing.

mod choices;
mod files;
mod measures;
mod shown;
mod tables;
pub(crate) mod texts;

pub use files::uploads_of;
pub use shown::shown;

use super::form::{Definition, Field, FieldType};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{FieldIssue, FieldProblem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What was filled into a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// The field.
    pub field_id: i64,
    /// Its title when it was filled in.
    pub field_title: String,
    /// Its type.
    pub field_type: FieldType,
    /// The value, in the shape of its type.
    pub field_value: Value,
}

/// One entry of a submission, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The field.
    pub field_id: i64,
    /// What the caller takes the field for.
    pub field_type: String,
    /// The value.
    pub field_value: Value,
}

/// What is known of an upload that a submission refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// The organization has none with this id.
    Unknown,
    /// Its time is over.
    Expired,
    /// It is there.
    Usable {
        /// What it is: `image/png`.
        content_type: String,
    },
}

/// What a submission holds, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// What was filled in, in the order of the form; fields left empty are not among it.
    pub filled: Vec<Filled>,
    /// The uploads that it refers to.
    pub uploads: Vec<String>,
}

/// Most problems that are told of one field, and most unknown fields.
const MOST_TOLD: usize = 50;

/// What the reading of one value gathers.
struct Reading<'a> {
    problems: Vec<FieldProblem>,
    uploads: Vec<String>,
    upload: &'a dyn Fn(&str) -> UploadState,
}

impl Reading<'_> {
    /// Notes what is wrong; there is no value then.
    fn refuse<T>(&mut self, problem: FieldProblem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// The value has not the shape that its type has.
    fn misshapen<T>(&mut self, expected: &'static str) -> Option<T> {
        self.refuse(FieldProblem::Shape { expected })
    }
}

/// In which of three codes a problem is told, in the order in which a field is checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Empty,
    Invalid,
    Expired,
}

const fn class(problem: &FieldProblem) -> Class {
    match problem {
        FieldProblem::Empty | FieldProblem::OtherWithoutText => Class::Empty,
        FieldProblem::UploadExpired => Class::Expired,
        _ => Class::Invalid,
    }
}

/// Checks a submission. `strict`: required fields that are absent are refused like empty ones. The first problem in the
/// order of the form decides the code (100308, 100309 or 100310); all are listed.
pub fn check(
    definition: &Definition,
    entries: &[Entry],
    strict: bool,
    upload: &dyn Fn(&str) -> UploadState,
) -> Result<Checked, OpenapiV2Error> {
    let mut by_field: BTreeMap<i64, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_field.entry(entry.field_id).or_default().push(entry);
    }
    let absent_is_empty = strict || entries.is_empty();
    let mut checked = Checked::default();
    let mut issues = Vec::new();
    for field in definition.fields() {
        let mut reading = Reading {
            problems: Vec::new(),
            uploads: Vec::new(),
            upload,
        };
        let given = by_field.remove(&field.field_id).unwrap_or_default();
        let value = check_field(field, &given, absent_is_empty, &mut reading);
        reading.problems.sort_by_key(class);
        reading.problems.dedup();
        reading.problems.truncate(MOST_TOLD);
        issues.extend(reading.problems.into_iter().map(|problem| FieldIssue {
            field: field.field_title.clone(),
            problem,
        }));
        for id in reading.uploads {
            if !checked.uploads.contains(&id) {
                checked.uploads.push(id);
            }
        }
        checked.filled.extend(value.map(|field_value| Filled {
            field_id: field.field_id,
            field_title: field.field_title.clone(),
            field_type: field.field_type,
            field_value,
        }));
    }
    issues.extend(by_field.into_keys().take(MOST_TOLD).map(|id| FieldIssue {
        field: id.to_string(),
        problem: FieldProblem::UnknownField,
    }));
    let Some(first) = issues.first() else {
        return Ok(checked);
    };
    Err(match class(&first.problem) {
        Class::Empty => OpenapiV2Error::RequiredFieldEmpty { issues },
        Class::Invalid => OpenapiV2Error::FieldValidationFailed { issues },
        Class::Expired => OpenapiV2Error::ResourceExpired { issues },
    })
}

/// The normalised value of one field; `None` when there is none, or something is wrong.
fn check_field(
    field: &Field,
    given: &[&Entry],
    absent_is_empty: bool,
    reading: &mut Reading<'_>,
) -> Option<Value> {
    let fillable = field.field_type != FieldType::Description;
    let required = field.settings.is_required && fillable;
    let Some(entry) = given.first() else {
        if required && absent_is_empty {
            reading.problems.push(FieldProblem::Empty);
        }
        return None;
    };
    if !fillable {
        return reading.refuse(FieldProblem::NotFillable);
    }
    if given.len() > 1 {
        reading.problems.push(FieldProblem::Twice);
    }
    let left_empty = is_empty(&entry.field_value);
    if left_empty && required {
        reading.problems.push(FieldProblem::Empty);
    }
    if entry.field_type != field.field_type.name() {
        let expected = field.field_type.name();
        return reading.refuse(FieldProblem::WrongType { expected });
    }
    if left_empty {
        return None;
    }
    let value = read(field, &entry.field_value, reading)?;
    if !is_empty(&value) {
        return Some(value);
    }
    if required {
        reading.problems.push(FieldProblem::Empty);
    }
    None
}

fn read(field: &Field, value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    match field.field_type {
        FieldType::Name
        | FieldType::Recorder
        | FieldType::JobNumber
        | FieldType::Text
        | FieldType::TextArea
        | FieldType::OwnerAddress
        | FieldType::CustomerName
        | FieldType::Tel
        | FieldType::CustomerMobile
        | FieldType::Identity
        | FieldType::OcrIdentity
        | FieldType::CarNumber
        | FieldType::Date
        | FieldType::Time => texts::read(field, value, reading),
        FieldType::Number => measures::number_field(&field.rules, value, reading),
        FieldType::Address => measures::address(&field.rules, value, reading),
        FieldType::Sex | FieldType::Radio => choices::one(&field.rules.options, value, reading),
        FieldType::Checkbox => choices::some(&field.rules, value, reading),
        FieldType::ChainedSelects => choices::chain(&field.rules.options, value, reading),
        FieldType::Checklist => tables::checklist(&field.rules.items, value, reading),
        FieldType::Matrix => tables::matrix(&field.rules.columns, value, reading),
        FieldType::DynamicMatrix => tables::dynamic_matrix(&field.rules, value, reading),
        FieldType::Image
        | FieldType::Video
        | FieldType::Audio
        | FieldType::File
        | FieldType::Signature => files::read(field, value, reading),
        FieldType::Description => reading.refuse(FieldProblem::NotFillable),
    }
}

/// Whether nothing is filled in: `null`, blanks, or lists and objects of nothing else. Which item or column is left
/// empty fills nothing in.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => texts::line(text).is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(map) => map
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "item_id" | "column_id"))
            .all(|(_, value)| is_empty(value)),
    }
}

/// What the fields hold that may hold each value once: field, title, and the SHA-256 of the normalised value.
pub fn unique_values(definition: &Definition, filled: &[Filled]) -> Vec<(i64, String, String)> {
    let unique = definition.fields().filter(|field| field.settings.is_unique);
    unique
        .filter_map(|field| {
            let filled = filled.iter().find(|f| f.field_id == field.field_id)?;
            let value = &filled.field_value;
            if is_empty(value) {
                return None;
            }
            let text = match value {
                Value::String(text) => texts::comparable(text),
                structured => texts::comparable(&structured.to_string()),
            };
            let hash = crate::digest(&text);
            Some((field.field_id, field.field_title.clone(), hash))
        })
        .collect()
}

#[cfg(test)]
mod tests;
