//! Use cases: codes.

use crate::address::Address;
use crate::categories::{codes_within, lock_category, seen_category};
use crate::keys::project_for;
use crate::model::code::{
    CodeStatus, ContentField, ContentKind, FILL_FORM, Operation, UPDATE_STATE,
};
use crate::model::form::FieldType;
use crate::model::value::Filled;
use crate::model::{AuditStatus, CodeId, OrgId, Person, ProjectId, RecordId};
use crate::repo::{self, Category, Code, Record, State, Template};
use crate::{Error, Forms, Result, Scope, coding};
use catalogue::openapi_v2::{Issue, Problem, Resource};
use kernel::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use store::record::Json;
use store::{Param, Tx, params};

/// The kind of a record that tells of another state.
pub(crate) const STATE_CHANGE: i64 = 3;
/// The kind of a record that tells of another content.
const CONTENT_EDIT: i64 = 7;

/// A code to be made.
#[derive(Clone, Debug, Default)]
pub struct NewCode {
    /// The project; `None`: the category's, or the first that is seen.
    pub project_id: Option<ProjectId>,
    /// The folder it goes into.
    pub category_id: Option<i64>,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What it shows.
    pub fields: Vec<NewField>,
    /// What can be done with it.
    pub operations: Vec<Operation>,
    /// When it ends to be in use.
    pub expire_at: Option<Timestamp>,
}

/// A field of a code's content to be made or kept.
#[derive(Clone, Debug)]
pub struct NewField {
    /// The field of the code that it is, when it is none of the new ones.
    pub field_id: Option<i64>,
    /// What its value is.
    pub kind: ContentKind,
    /// Its title.
    pub title: String,
    /// What it says.
    pub value: String,
}

/// What is to be changed about a code.
#[derive(Clone, Debug)]
pub(crate) struct CodeChange {
    /// The code.
    pub code_id: CodeId,
    /// Its new title.
    pub title: Option<String>,
    /// The folder it goes into; `Some(None)`: none.
    pub category_id: Option<Option<i64>>,
    /// All that it shows.
    pub fields: Option<Vec<NewField>>,
    /// All that can be done with it.
    pub operations: Option<Vec<Operation>>,
    /// When it ends to be in use; `Some(None)`: never.
    pub expire_at: Option<Option<Timestamp>>,
}

/// Which codes are wanted.
#[derive(Clone, Debug)]
pub(crate) struct CodeFilter {
    /// Those in this folder.
    pub category_id: Option<i64>,
    /// And those in the folders in it.
    pub include_children: bool,
    /// Those whose title or coding has this text in it.
    pub search_key: String,
    /// From 1.
    pub page: i64,
    /// How many on a page.
    pub page_size: i64,
}

/// A page of codes.
#[derive(Clone, Debug)]
pub(crate) struct CodePage {
    /// The codes, newest first.
    pub codes: Vec<Listed>,
    /// How many there are on all pages.
    pub total: i64,
}

/// A code and the folder it is in.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The code.
    pub code: Code,
    /// The folder.
    pub category: Option<Category>,
}

/// What a record needs that no transaction may make.
#[derive(Clone, Debug)]
pub(crate) struct NewRecord {
    record_id: RecordId,
    coding: String,
}

impl Forms {
    /// Makes a code.
    pub async fn create_code(&self, scope: &Scope, new: NewCode) -> Result<Code> {
        Ok(self.create_listed_code(scope, new).await?.code)
    }

    /// Makes a code, and says which folder it is in.
    pub(crate) async fn create_listed_code(&self, scope: &Scope, new: NewCode) -> Result<Listed> {
        let scope = scope.clone();
        let fields = new.fields.len();
        let make = move |forms: &Self| {
            let coding = coding::random(forms.rng(), 'q', 8);
            (forms.new_id(), coding, forms.new_ids(fields))
        };
        self.write(make, move |tx, (code_id, coding, field_ids)| {
            let category = match new.category_id {
                Some(category_id) => Some(lock_category(tx, &scope, category_id)?),
                None => None,
            };
            let project_id = match &category {
                Some(category) => category.project_id,
                None => project_for(tx, &scope, new.project_id)?,
            };
            if new.project_id.is_some_and(|named| named != project_id) {
                return Err(other_project());
            }
            check_operations(tx, scope.org_id, project_id, &new.operations)?;
            let code = Code {
                code_id: *code_id,
                org_id: scope.org_id,
                project_id,
                category_id: new.category_id,
                coding: coding.clone(),
                title: new.title.clone(),
                content: Json(content(&[], &new.fields, field_ids)?),
                operations: Json(new.operations.clone()),
                states: Json(BTreeMap::new()),
                status: CodeStatus::Enabled,
                expire_at: new.expire_at,
                created_at: scope.now,
                updated_at: scope.now,
            };
            code.insert(tx)?;
            Ok(Listed { code, category })
        })
        .await
    }

    /// Changes a code. Another content is written down in a record.
    pub(crate) async fn update_code(&self, scope: &Scope, change: CodeChange) -> Result<Listed> {
        let scope = scope.clone();
        let fields = change.fields.as_ref().map_or(0, Vec::len);
        let make = move |forms: &Self| (forms.new_record(), forms.new_ids(fields));
        self.write(make, move |tx, (new_record, field_ids)| {
            // Folders are locked before codes, as where a folder is deleted.
            let moved_to = match change.category_id {
                Some(Some(category_id)) => Some(lock_category(tx, &scope, category_id)?),
                _ => None,
            };
            let mut code = lock_code(tx, &scope, change.code_id)?;
            if moved_to
                .as_ref()
                .is_some_and(|category| category.project_id != code.project_id)
            {
                return Err(other_project());
            }
            if let Some(title) = &change.title {
                code.title.clone_from(title);
            }
            if let Some(category_id) = change.category_id {
                code.category_id = category_id;
            }
            if let Some(operations) = &change.operations {
                check_operations(tx, code.org_id, code.project_id, operations)?;
                code.operations = Json(operations.clone());
            }
            if let Some(expire_at) = change.expire_at {
                code.expire_at = expire_at;
            }
            if let Some(fields) = &change.fields {
                let edited = content(&code.content.0, fields, field_ids)?;
                let edits = edits(&code.content.0, &edited);
                code.content = Json(edited);
                if !edits.is_empty() {
                    write_down(tx, &scope, &code, CONTENT_EDIT, new_record, edits)?;
                }
            }
            code.updated_at = scope.now;
            code.save(tx)?;
            listed(tx, code)
        })
        .await
    }

    /// Takes a code into or out of use, or deletes it for good.
    pub(crate) async fn set_code_status(
        &self,
        scope: &Scope,
        code_id: CodeId,
        status: CodeStatus,
    ) -> Result<Listed> {
        let scope = scope.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                let mut code = lock_code(tx, &scope, code_id)?;
                if code.status != status {
                    code.status = status;
                    code.updated_at = scope.now;
                    code.save(tx)?;
                }
                listed(tx, code)
            },
        )
        .await
    }

    /// A code that is seen.
    pub async fn code(&self, scope: &Scope, code_id: CodeId) -> Result<Code> {
        let scope = scope.clone();
        self.read(move |tx| seen_code(tx, &scope, code_id)).await
    }

    /// The code with this coding or address.
    pub async fn code_of_text(&self, scope: &Scope, text: &str) -> Result<Code> {
        let (scope, text) = (scope.clone(), text.to_owned());
        self.read(move |tx| code_of_text(tx, &scope, &text)).await
    }

    /// A page of the codes that are seen.
    pub(crate) async fn codes(&self, scope: &Scope, filter: CodeFilter) -> Result<CodePage> {
        let (scope, most) = (scope.clone(), self.config().most_codes);
        self.read(move |tx| page(tx, &scope, &filter, most)).await
    }

    /// Id and coding of a record that may be written.
    pub(crate) fn new_record(&self) -> NewRecord {
        NewRecord {
            record_id: self.new_id(),
            coding: coding::random(self.rng(), 'r', 16),
        }
    }

    /// So many new ids.
    pub(crate) fn new_ids(&self, count: usize) -> Vec<i64> {
        (0..count).map(|_| self.new_id()).collect()
    }
}

/// A code that is seen.
pub(crate) fn seen_code(tx: &mut Tx<'_>, scope: &Scope, code_id: CodeId) -> Result<Code> {
    let found = Code::first(tx, Code::BY_ID, params![code_id, scope.org_id])?;
    seen(scope, found)
}

/// A code that is seen, to change it: nobody else does until the transaction ends.
pub(crate) fn lock_code(tx: &mut Tx<'_>, scope: &Scope, code_id: CodeId) -> Result<Code> {
    let found = Code::first(tx, Code::LOCK, params![code_id, scope.org_id])?;
    seen(scope, found)
}

/// The code with this coding or address; an address of another organization is 100316.
pub(crate) fn code_of_text(tx: &mut Tx<'_>, scope: &Scope, text: &str) -> Result<Code> {
    let address = Address::parse(text).ok_or(Resource::Code)?;
    address.check_organization(&scope.org_code)?;
    let found = Code::first(tx, Code::BY_CODING, params![address.coding])?;
    seen(scope, found)
}

fn seen(scope: &Scope, found: Option<Code>) -> Result<Code> {
    found
        .filter(|code| scope.sees(code.org_id, code.project_id))
        .ok_or_else(|| Resource::Code.into())
}

/// The code with the folder it is in.
pub(crate) fn listed(tx: &mut Tx<'_>, code: Code) -> Result<Listed> {
    let category = match code.category_id {
        Some(id) => Category::first(tx, Category::BY_ID, params![id, code.org_id])?,
        None => None,
    };
    Ok(Listed { code, category })
}

fn page(tx: &mut Tx<'_>, scope: &Scope, filter: &CodeFilter, most: i64) -> Result<CodePage> {
    let mut wanted = String::from("FROM forms_codes WHERE org_id = $1 AND status <> 'deleted'");
    let mut values: Vec<Param<'_>> = vec![scope.org_id.into()];
    let mut bind = |value: Param<'static>| {
        values.push(value);
        format!("${}", values.len())
    };
    if let Some(project_ids) = &scope.project_ids {
        let mut seen = String::from("NULL");
        for project_id in project_ids {
            let _ = write!(seen, ", {}", bind((*project_id).into()));
        }
        let _ = write!(wanted, " AND project_id IN ({seen})");
    }
    if let Some(category_id) = filter.category_id {
        codes_within(tx, scope, category_id, filter.include_children, most)?;
        if filter.include_children {
            let path = bind(seen_category(tx, scope, category_id)?.path.into());
            let _ = write!(
                wanted,
                " AND category_id IN (SELECT category_id FROM forms_categories \
                 WHERE org_id = $1 AND substr(path, 1, length({path})) = {path})"
            );
        } else {
            let _ = write!(wanted, " AND category_id = {}", bind(category_id.into()));
        }
    }
    if !filter.search_key.is_empty() {
        // Both databases make ASCII lower case only.
        let key = bind(filter.search_key.to_ascii_lowercase().into());
        let _ = write!(
            wanted,
            " AND (instr(lower(title), {key}) > 0 OR instr(lower(coding), {key}) > 0)"
        );
    }
    let count = format!("SELECT COUNT(*) {wanted}");
    let total = tx.query_dynamic(&count, &values, |row| row.get(0))?;
    let columns = Code::COLUMNS;
    let (limit, offset) = (values.len() + 1, values.len() + 2);
    values.push(filter.page_size.into());
    values.push((filter.page - 1).saturating_mul(filter.page_size).into());
    let select =
        format!("SELECT {columns} {wanted} ORDER BY code_id DESC LIMIT ${limit} OFFSET ${offset}");
    let codes = tx.query_dynamic(&select, &values, Code::read)?;
    let mut folders = BTreeMap::new();
    let mut listed = Vec::with_capacity(codes.len());
    for code in codes {
        if let Some(id) = code.category_id
            && !folders.contains_key(&id)
        {
            let found = Category::first(tx, Category::BY_ID, params![id, code.org_id])?;
            folders.insert(id, found);
        }
        let category = code.category_id.and_then(|id| folders.get(&id).cloned());
        listed.push(Listed {
            category: category.flatten(),
            code,
        });
    }
    Ok(CodePage {
        codes: listed,
        total: total.first().copied().unwrap_or_default(),
    })
}

/// Operations use forms and states of the code's own project.
fn check_operations(
    tx: &mut Tx<'_>,
    org_id: OrgId,
    project_id: ProjectId,
    operations: &[Operation],
) -> Result<()> {
    let mut issues = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        for (place, element) in operation.elements.iter().enumerate() {
            let id = element.element_value;
            let is_there = match element.element_type {
                FILL_FORM => Template::first(tx, Template::BY_ID, params![id, org_id])?
                    .is_some_and(|form| form.project_id == project_id),
                UPDATE_STATE => state_of(tx, org_id, project_id, id)?.is_some(),
                _ => false,
            };
            if !is_there {
                let path = format!("operations[{index}].elements[{place}].element_value");
                issues.push(Issue::at(path, Problem::Unknown));
            }
        }
        for (id, values) in &operation.allowed_state_values {
            let state = match id.parse() {
                Ok(id) => state_of(tx, org_id, project_id, id)?,
                Err(_) => None,
            };
            let is_there = state.is_some_and(|state| {
                let choices = &state.choices.0;
                values
                    .iter()
                    .all(|value| choices.iter().any(|choice| choice.id == *value))
            });
            if !is_there {
                let path = format!("operations[{index}].allowed_state_values.{id}");
                issues.push(Issue::at(path, Problem::Unknown));
            }
        }
    }
    if issues.is_empty() {
        Ok(())
    } else {
        Err(issues.into())
    }
}

fn state_of(
    tx: &mut Tx<'_>,
    org_id: OrgId,
    project_id: ProjectId,
    state_id: i64,
) -> Result<Option<State>> {
    let found = State::first(tx, State::BY_ID, params![state_id, org_id])?;
    Ok(found.filter(|state| state.project_id == project_id))
}

fn other_project() -> Error {
    let other = Cow::Borrowed("project_id");
    Error::at("category_id", Problem::Contradicts { other })
}

/// The content of a code: fields that say which of the old ones they are keep its id.
fn content(old: &[ContentField], new: &[NewField], ids: &[i64]) -> Result<Vec<ContentField>> {
    let mut issues = Vec::new();
    let mut fields: Vec<ContentField> = Vec::with_capacity(new.len());
    for (index, (field, new_id)) in new.iter().zip(ids).enumerate() {
        if let Some(field_id) = field.field_id {
            let taken = fields.iter().any(|other| other.field_id == field_id);
            let known = old.iter().any(|other| other.field_id == field_id);
            let problem = match (known, taken) {
                (false, _) => Some(Problem::Unknown),
                (true, true) => Some(Problem::Taken),
                (true, false) => None,
            };
            if let Some(problem) = problem {
                issues.push(Issue::at(format!("fields[{index}].field_id"), problem));
            }
        }
        fields.push(ContentField {
            field_id: field.field_id.unwrap_or(*new_id),
            kind: field.kind,
            title: field.title.clone(),
            value: field.value.clone(),
        });
    }
    if issues.is_empty() {
        Ok(fields)
    } else {
        Err(issues.into())
    }
}

/// What a record says of an edit: every field that is new or says something else, and those that are gone as empty.
fn edits(old: &[ContentField], new: &[ContentField]) -> Vec<Filled> {
    let changed = new.iter().filter(|field| !old.contains(field));
    let gone = old.iter().filter(|field| {
        let id = field.field_id;
        !new.iter().any(|kept| kept.field_id == id)
    });
    changed
        .map(|field| as_text(field.field_id, &field.title, &field.value))
        .chain(gone.map(|field| as_text(field.field_id, &field.title, "")))
        .collect()
}

/// A line of a record.
pub(crate) fn as_text(field_id: i64, title: &str, value: &str) -> Filled {
    Filled {
        field_id,
        field_title: title.to_owned(),
        field_type: FieldType::Text,
        field_value: Value::from(value),
    }
}

/// Writes a record of what was done to a code.
pub(crate) fn write_down(
    tx: &mut Tx<'_>,
    scope: &Scope,
    code: &Code,
    kind: i64,
    new: &NewRecord,
    fields: Vec<Filled>,
) -> Result<Record> {
    let number = repo::next_number(tx, code.org_id, "L")?;
    let record = Record {
        record_id: new.record_id,
        org_id: code.org_id,
        project_id: code.project_id,
        tpl_id: None,
        code_id: code.code_id,
        kind,
        record_number: format!("L{number}"),
        coding: new.coding.clone(),
        method: "API".into(),
        submitter: Json(Person::default()),
        api_key_id: scope.api_key_id,
        fields: Json(fields),
        audit_status: AuditStatus::None,
        audit_level: 0,
        audits: Json(Vec::new()),
        submit_at: scope.now,
        updated_at: scope.now,
        deleted_at: None,
    };
    record.append(tx)?;
    let lines = record.fields.0.iter().flat_map(|field| {
        let value = field.field_value.as_str().unwrap_or_default();
        [field.field_title.as_str(), value]
    });
    let text: Vec<_> = [record.record_number.as_str(), &code.title]
        .into_iter()
        .chain(lines)
        .collect();
    repo::put_text(tx, record.record_id, &text.join("\n").to_lowercase())?;
    Ok(record)
}
