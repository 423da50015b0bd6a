//! Values that are files.

use super::texts::{self, is_link};
use super::{Entry, Reading, UploadState, Value, choices};
use crate::model::form::{Field, FieldType};
use catalogue::openapi_v2::{FieldProblem, ValueForm};
use serde_json::{Map, json};
use std::collections::BTreeSet;

/// Most files, unless the field says otherwise.
const MOST_FILES: i64 = 20;
/// Most characters of a file's title.
const LONGEST_TITLE: i64 = 200;
/// Most uploads that are looked up for one submission.
const MOST_UPLOADS: usize = 1000;

/// The ids of the uploads that entries name, before anything is checked: to be looked up for [`check`](super::check).
pub fn uploads_of(entries: &[Entry]) -> Vec<String> {
    let files = entries
        .iter()
        .filter_map(|entry| entry.field_value.as_array())
        .flatten();
    let ids: BTreeSet<&str> = files.filter_map(named).collect();
    ids.into_iter()
        .take(MOST_UPLOADS)
        .map(str::to_owned)
        .collect()
}

/// The upload that a file names, by its id or by the address under which it is kept here.
fn named(file: &Value) -> Option<&str> {
    let text = |name| file.get(name).and_then(Value::as_str).map(str::trim);
    match text("upload_id").filter(|id| !id.is_empty()) {
        Some(id) => Some(id).filter(|id| is_upload_id(id)),
        None => of_link(text("url")?),
    }
}

/// `u` and sixteen characters of `[0-9A-Za-z]`.
fn is_upload_id(text: &str) -> bool {
    matches!(text.as_bytes(), [b'u', tail @ ..] if tail.len() == 16 && tail.iter().all(u8::is_ascii_alphanumeric))
}

/// What may be an upload of ours. An address elsewhere that ends alike names an upload that does not exist, most likely.
fn of_link(link: &str) -> Option<&str> {
    let path = link.split(['?', '#']).next()?;
    path.rsplit('/').next().filter(|name| is_upload_id(name))
}

/// `[{"upload_id": "…" | "url": "…", "title": "…"}]`.
pub(super) fn read(field: &Field, value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    const SHAPE: &str = "[{\"upload_id\": \"…\"}]";
    let Some(files) = value.as_array() else {
        return reading.misshapen(SHAPE);
    };
    let most = match field.field_type {
        FieldType::Signature => 1,
        _ => MOST_FILES,
    };
    choices::counted(&field.rules, files.len(), most, reading)?;
    let mut kept = Vec::with_capacity(files.len());
    for file in files {
        let mut text = |name: &str| match file.get(name) {
            None | Some(Value::Null) => Some(String::new()),
            Some(Value::String(text)) => Some(texts::line(text)),
            Some(_) => reading.misshapen(SHAPE),
        };
        let (upload_id, url, title) = (text("upload_id")?, text("url")?, text("title")?);
        let mut members = Map::new();
        if !upload_id.is_empty() {
            match (reading.upload)(&upload_id) {
                UploadState::Unknown => reading.problems.push(FieldProblem::UnknownUpload),
                state => use_upload(field, &upload_id, &state, reading),
            }
            members.insert("upload_id".into(), upload_id.into());
        } else if is_link(&url) {
            if let Some(id) = of_link(&url) {
                let state = (reading.upload)(id);
                use_upload(field, id, &state, reading);
            }
            members.insert("url".into(), url.into());
        } else if url.is_empty() {
            return reading.misshapen(SHAPE);
        } else {
            let expected = ValueForm::Link;
            reading.problems.push(FieldProblem::Format { expected });
        }
        if !title.is_empty() {
            let title = texts::short(title, LONGEST_TITLE, reading);
            members.extend(title.map(|title| ("title".to_owned(), title)));
        }
        kept.push(Value::Object(members));
    }
    reading.problems.is_empty().then(|| json!(kept))
}

fn use_upload(field: &Field, id: &str, state: &UploadState, reading: &mut Reading<'_>) {
    match state {
        UploadState::Unknown => {}
        UploadState::Expired => reading.problems.push(FieldProblem::UploadExpired),
        UploadState::Usable { content_type } if takes(field.field_type, content_type) => {
            reading.uploads.push(id.to_owned());
        }
        UploadState::Usable { .. } => reading.problems.push(FieldProblem::UploadKind),
    }
}

fn takes(field_type: FieldType, content_type: &str) -> bool {
    let kind = content_type.split('/').next().unwrap_or_default();
    match field_type {
        FieldType::Image | FieldType::Signature => kind.eq_ignore_ascii_case("image"),
        FieldType::Video => kind.eq_ignore_ascii_case("video"),
        FieldType::Audio => kind.eq_ignore_ascii_case("audio"),
        _ => true,
    }
}
