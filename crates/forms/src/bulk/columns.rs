//! Which column of a table is which field of a form.

use crate::model::form::{Definition, Field, FieldType};
use catalogue::Param as _;
use catalogue::openapi_v2::{Issue, Problem, RecordColumn, SheetProblem};
use kernel::Locale;
use std::collections::BTreeMap;

/// The fields that have columns, in the order of the form.
pub fn fields(definition: &Definition) -> impl Iterator<Item = &Field> {
    let fields = definition.fields();
    fields.filter(|field| field.field_type != FieldType::Description)
}

/// Whether a title is that of a column that holds no field, in any language.
fn is_fixed(title: &str) -> bool {
    let named = |column: &RecordColumn| {
        let mut locales = Locale::ALL.iter();
        locales.any(|locale| column.text(*locale) == title)
    };
    RecordColumn::ALL.iter().any(named)
}

/// The title of a field's column: the field's, or its id where that would be taken for something else.
pub fn title(field: &Field) -> String {
    match field.field_title.trim() {
        title if title.is_empty() || is_fixed(title) => field.field_id.to_string(),
        title => title.to_owned(),
    }
}

/// The field of each column; `None`: none, the column is passed over.
///
/// A title names a field by `mapping`, by its title (of several with one title: in order), by its short name or by its id. What a
/// table of records has beside fields is passed over.
pub fn matched(
    definition: &Definition,
    header: &[String],
    mapping: &BTreeMap<String, Option<i64>>,
) -> Result<Vec<Option<i64>>, Vec<Issue>> {
    let mut issues = Vec::new();
    for (name, field_id) in mapping {
        let known = |id: i64| fields(definition).any(|field| field.field_id == id);
        if !header.contains(name) || field_id.is_some_and(|id| !known(id)) {
            let path = format!("mapping.{name}");
            issues.push(Issue::at(path, Problem::Unknown));
        }
    }
    let titled = |name: &str| fields(definition).any(|field| field.field_title.trim() == name);
    // What names one field only goes first: what may name several takes of the rest.
    let by_title = |name: &String| !mapping.contains_key(name) && titled(name);
    let (later, first): (Vec<_>, Vec<_>) = header
        .iter()
        .enumerate()
        .partition(|(_, name)| by_title(name));
    let mut taken = Vec::new();
    let mut columns = vec![None; header.len()];
    for (index, name) in first.into_iter().chain(later) {
        let found = match mapping.get(name) {
            Some(field_id) => Ok(*field_id),
            None if name.is_empty() => Ok(None),
            None if titled(name) => by_its_title(definition, name, &taken),
            None => by_another_name(definition, name),
        };
        let twice = || SheetProblem::ColumnTwice { name: name.clone() };
        match found {
            Ok(Some(id)) if taken.contains(&id) => issues.push(sheet(twice())),
            Ok(found) => {
                taken.extend(found);
                columns[index] = found;
            }
            Err(problem) => issues.push(sheet(problem)),
        }
    }
    if issues.is_empty() {
        Ok(columns)
    } else {
        Err(issues)
    }
}

fn sheet(problem: SheetProblem) -> Issue {
    Issue::at("upload_id", Problem::Sheet { problem })
}

/// The next field with this title.
fn by_its_title(
    definition: &Definition,
    name: &str,
    taken: &[i64],
) -> Result<Option<i64>, SheetProblem> {
    let mut titled = fields(definition).filter(|field| field.field_title.trim() == name);
    match titled.find(|field| !taken.contains(&field.field_id)) {
        Some(field) => Ok(Some(field.field_id)),
        None if is_fixed(name) => Ok(None),
        None => Err(SheetProblem::ColumnTwice { name: name.into() }),
    }
}

/// The field with this short name or id.
fn by_another_name(definition: &Definition, name: &str) -> Result<Option<i64>, SheetProblem> {
    let named =
        |field: &&Field| field.field_short_name == name || field.field_id.to_string() == name;
    match fields(definition).find(named) {
        Some(field) => Ok(Some(field.field_id)),
        None if is_fixed(name) => Ok(None),
        None => Err(SheetProblem::UnknownColumn {
            name: name.chars().take(100).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::form::{Group, Rules, Settings};

    fn definition(titles: &[&str]) -> Definition {
        let field = |(title, field_id): (&&str, i64)| Field {
            field_id,
            field_title: (*title).into(),
            field_desc: String::new(),
            field_type: FieldType::Text,
            field_short_name: format!("f{field_id}"),
            settings: Settings::default(),
            rules: Rules::default(),
        };
        Definition {
            groups: vec![Group {
                fields: titles.iter().zip(101..).map(field).collect(),
                ..Group::default()
            }],
        }
    }

    fn told(
        titles: &[&str],
        header: &[&str],
        mapping: &[(&str, Option<i64>)],
    ) -> Result<Vec<Option<i64>>, String> {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let mapping = mapping.iter().map(|(name, id)| ((*name).to_owned(), *id));
        matched(&definition(titles), &header, &mapping.collect())
            .map_err(|issues| issues.text(Locale::En).into_owned())
    }

    #[test]
    fn columns_are_found_by_title_short_name_id_or_mapping() {
        let titles = ["姓名", "日期", "日期", "提交时间"];
        assert_eq!(
            told(&titles, &["日期", "Record number", "姓名", "日期", ""], &[]),
            Ok(vec![Some(102), None, Some(101), Some(103), None])
        );
        assert_eq!(
            told(&titles, &["103", "f101"], &[]),
            Ok(vec![Some(103), Some(101)])
        );
        assert_eq!(
            told(&titles, &["提交时间", "提交时间"], &[]),
            Ok(vec![Some(104), None])
        );
        assert_eq!(
            told(
                &titles,
                &["名", "备注"],
                &[("名", Some(101)), ("备注", None)]
            ),
            Ok(vec![Some(101), None])
        );
        insta::assert_snapshot!(
            told(&titles, &["姓名", "姓名", "电话", "x"], &[("x", Some(9)), ("y", Some(101))]).unwrap_err(),
            @r#"mapping.x does not exist; mapping.y does not exist; upload_id has a column "电话" that is no field of the form; upload_id has the column "姓名" more than once"#
        );
        insta::assert_snapshot!(
            told(&titles, &["姓名", "x"], &[("x", Some(101))]).unwrap_err(),
            @r#"upload_id has the column "姓名" more than once"#
        );
    }

    #[test]
    fn titles_of_columns_lead_back_to_their_fields() {
        let definition = definition(&["姓名", " ", "提交时间", "Code", "姓名"]);
        let titles: Vec<String> = fields(&definition).map(title).collect();
        assert_eq!(titles, ["姓名", "102", "103", "104", "姓名"]);
        let fixed = RecordColumn::ALL.map(|column| column.text(Locale::En).into_owned());
        let header = [fixed.to_vec(), titles].concat();
        let columns = matched(&definition, &header, &BTreeMap::new()).unwrap();
        let expected = (101..106).map(Some);
        let expected: Vec<_> = std::iter::repeat_n(None, 9).chain(expected).collect();
        assert_eq!(columns, expected);
    }
}
