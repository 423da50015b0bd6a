//! Methods of `qrcodes`.

use super::params::Params;
use super::{Caller, Data, Method, check_version, data, reads, times, writes};
use crate::codes::{CodeChange, CodeFilter, Listed, NewCode, NewField};
use crate::formats::content;
use crate::model::code::{
    CodeStatus, ContentField, ContentKind, Element, FILL_FORM, Operation, UPDATE_STATE,
};
use crate::repo::Code;
use crate::{Error, Forms, Result, Scope};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::Problem;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const METHODS: &[Method] = &[
    reads!("qrcodes/getContent", get_content),
    reads!("qrcodes/getOperation", get_operation),
    reads!("qrcodes/getList", get_list),
    writes!("qrcodes/create", create),
    writes!("qrcodes/update", update),
    writes!("qrcodes/setStatus", set_status),
    writes!("qrcodes/updateState", update_state),
];

/// The formats of a code's content.
const FORMATS: &[&str] = &["json", "markdown"];
/// Most characters of a coding or an address.
const LONGEST_ADDRESS: i64 = 2048;
/// Most characters of a code's title.
const LONGEST_TITLE: i64 = 200;
/// Most characters of a field's or an operation's title.
const LONGEST_NAME: i64 = 100;
/// Most characters of a field's value.
const LONGEST_VALUE: i64 = 5000;
/// Most characters of an operation's description.
const LONGEST_DESCRIPTION: i64 = 1000;
/// Most fields of a code.
const MOST_FIELDS: usize = 200;
/// Most operations of a code, elements of an operation, and states that allow it.
const MOST_PARTS: usize = 20;
/// Most values of a state that allow an operation.
const MOST_VALUES: usize = 50;
/// Most codes on a page.
const LARGEST_PAGE: i64 = 50;
/// The last page that may be asked for.
const LAST_PAGE: i64 = 1_000_000;

/// What a formatted resource comes in.
#[derive(Serialize)]
struct Formatted<T> {
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    content_type: &'static str,
    data: T,
}

#[derive(Serialize)]
struct Content<'a> {
    meta: Meta<'a>,
    fields: &'a [ContentField],
}

#[derive(Serialize)]
struct Meta<'a> {
    id: i64,
    title: &'a str,
    url: String,
    coding: &'a str,
}

/// One element of an operation.
#[derive(Serialize)]
struct OperationRow<'a> {
    operation_name: &'a str,
    operation_description: &'a str,
    element_type: i64,
    element_type_title: &'static str,
    element_value: i64,
}

/// A code in a list, or one that was changed.
#[derive(Serialize)]
struct Item {
    id: i64,
    title: String,
    coding: String,
    url: String,
    kind: &'static str,
    status: &'static str,
    project_id: i64,
    category: Option<Folder>,
    states: Vec<CurrentState>,
    created_at: i64,
    created_at_iso: String,
    updated_at: i64,
    updated_at_iso: String,
    expire_at: Option<i64>,
    expire_at_iso: Option<String>,
}

#[derive(Serialize)]
struct Folder {
    id: i64,
    name: String,
}

#[derive(Serialize)]
struct CurrentState {
    state_id: i64,
    state_value_id: i64,
}

#[derive(Serialize)]
struct List {
    list: Vec<Item>,
    page: Page,
}

#[derive(Serialize)]
struct Page {
    current_page: i64,
    last_page: i64,
    page_size: i64,
    total: i64,
}

#[derive(Serialize)]
struct One {
    meta: Item,
}

#[derive(Serialize)]
struct StateSet {
    meta: Item,
    record_id: Option<i64>,
}

impl Item {
    fn of(forms: &Forms, scope: &Scope, listed: Listed) -> Self {
        let Listed { code, category } = listed;
        let (created_at, created_at_iso) = times::both(code.created_at);
        let (updated_at, updated_at_iso) = times::both(code.updated_at);
        let (expire_at, expire_at_iso) = times::maybe(code.expire_at);
        let states = code.states.0.iter().filter_map(|(state_id, value_id)| {
            Some(CurrentState {
                state_id: state_id.parse().ok()?,
                state_value_id: *value_id,
            })
        });
        Self {
            id: code.code_id,
            url: forms.public_url(&scope.org_code, &code.coding),
            kind: "NORMAL",
            status: status(&code, scope),
            project_id: code.project_id,
            category: category.map(|category| Folder {
                id: category.category_id,
                name: category.name,
            }),
            states: states.collect(),
            title: code.title,
            coding: code.coding,
            created_at,
            created_at_iso,
            updated_at,
            updated_at_iso,
            expire_at,
            expire_at_iso,
        }
    }
}

/// The status as it is answered: that a code has expired goes without saying in its row.
fn status(code: &Code, scope: &Scope) -> &'static str {
    let is_over = code.expire_at.is_some_and(|end| end <= scope.now);
    match code.status {
        CodeStatus::Enabled if is_over => "expired",
        status => status.name(),
    }
}

async fn get_content(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let text = params.required_text("qrcode", LONGEST_ADDRESS);
    let format = params.text("format", i64::MAX);
    let version = check_version(&params);
    let version_sent = params.has("version");
    params.finish()?;
    version?;
    let format = format.as_deref().unwrap_or("json");
    let Some(format) = FORMATS.iter().find(|known| **known == format).copied() else {
        let allowed = FORMATS.to_vec();
        return Err(OpenapiV2Error::UnsupportedOutputFormat { allowed }.into());
    };
    let version = version_sent.then_some("v1");
    let code = forms.code_of_text(&caller.scope, &text).await?;
    let url = forms.public_url(&caller.scope.org_code, &code.coding);
    let fields = &code.content.0;
    if format == "markdown" {
        return data(&Formatted {
            format,
            version,
            content_type: "text/markdown; charset=utf-8",
            data: content::markdown(&code.title, &url, fields),
        });
    }
    let meta = Meta {
        id: code.code_id,
        title: &code.title,
        url,
        coding: &code.coding,
    };
    data(&Formatted {
        format,
        version,
        content_type: "application/json; charset=utf-8",
        data: Content { meta, fields },
    })
}

async fn get_operation(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let text = params.required_text("qrcode", LONGEST_ADDRESS);
    params.finish()?;
    let code = forms.code_of_text(&caller.scope, &text).await?;
    let rows = code.operations.0.iter().flat_map(|operation| {
        operation.elements.iter().map(|element| OperationRow {
            operation_name: &operation.name,
            operation_description: &operation.description,
            element_type: element.element_type,
            element_type_title: match element.element_type {
                UPDATE_STATE => "更新状态",
                _ => "填写表单",
            },
            element_value: element.element_value,
        })
    });
    data(&rows.collect::<Vec<_>>())
}

async fn get_list(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let filter = CodeFilter {
        category_id: params.id("category_id"),
        include_children: params.flag("include_children").unwrap_or(true),
        search_key: params.text("search_key", LONGEST_NAME).unwrap_or_default(),
        page: params.integer("page", 1, LAST_PAGE).unwrap_or(1),
        page_size: params.integer("page_size", 1, LARGEST_PAGE).unwrap_or(10),
    };
    params.finish()?;
    let (current_page, page_size) = (filter.page, filter.page_size);
    let found = forms.codes(&caller.scope, filter).await?;
    let items = found.codes.into_iter();
    data(&List {
        list: items
            .map(|listed| Item::of(&forms, &caller.scope, listed))
            .collect(),
        page: Page {
            current_page,
            last_page: (found.total.saturating_add(page_size - 1) / page_size).max(1),
            page_size,
            total: found.total,
        },
    })
}

async fn create(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let new = NewCode {
        project_id: params.id("project_id"),
        category_id: params.id_or_none("category_id").flatten(),
        title: params.required_text("title", LONGEST_TITLE),
        fields: fields(&mut params).unwrap_or_default(),
        operations: operations(&mut params).unwrap_or_default(),
        expire_at: params.time_or_none("expire_at").flatten(),
    };
    params.finish()?;
    let made = forms.create_listed_code(&caller.scope, new).await?;
    let meta = Item::of(&forms, &caller.scope, made);
    data(&One { meta })
}

async fn update(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let change = CodeChange {
        code_id: params.required_id("code_id"),
        title: params
            .has("title")
            .then(|| params.required_text("title", LONGEST_TITLE)),
        category_id: params.id_or_none("category_id"),
        fields: fields(&mut params),
        operations: operations(&mut params),
        expire_at: params.time_or_none("expire_at"),
    };
    params.finish()?;
    let changed = forms.update_code(&caller.scope, change).await?;
    let meta = Item::of(&forms, &caller.scope, changed);
    data(&One { meta })
}

async fn set_status(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let code_id = params.required_id("code_id");
    if !params.has("status") {
        params.issue("status", Problem::Required);
    }
    let status = params.one_of("status", CodeStatus::NAMES);
    params.finish()?;
    let status = status
        .and_then(CodeStatus::of)
        .ok_or_else(|| Error::at("status", Problem::Required))?;
    let changed = forms.set_code_status(&caller.scope, code_id, status);
    let meta = Item::of(&forms, &caller.scope, changed.await?);
    data(&One { meta })
}

async fn update_state(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let code_id = params.required_id("code_id");
    let state_id = params.required_id("state_id");
    let value_id = params.required_id("state_value_id");
    params.finish()?;
    let set = forms.set_state(&caller.scope, code_id, state_id, value_id);
    let set = set.await?;
    data(&StateSet {
        meta: Item::of(&forms, &caller.scope, set.code),
        record_id: set.record_id,
    })
}

/// `fields`: a list of `{field_id, type, title, value}`.
fn fields(params: &mut Params) -> Option<Vec<NewField>> {
    let items = params.objects("fields", MOST_FIELDS)?;
    let mut fields = Vec::with_capacity(items.len());
    for mut item in items {
        let kind = item.one_of("type", ContentKind::NAMES);
        let field = NewField {
            field_id: item.id("field_id"),
            kind: kind.and_then(ContentKind::of).unwrap_or(ContentKind::Text),
            title: item.required_text("title", LONGEST_NAME),
            value: item.text("value", LONGEST_VALUE).unwrap_or_default(),
        };
        if let Some(problem) = field.kind.problem(&field.value) {
            item.issue("value", problem);
        }
        params.absorb(item);
        fields.push(field);
    }
    Some(fields)
}

/// `operations`: a list of `{name, description, elements, allowed_state_values}`.
fn operations(params: &mut Params) -> Option<Vec<Operation>> {
    let items = params.objects("operations", MOST_PARTS)?;
    let mut operations = Vec::with_capacity(items.len());
    for mut item in items {
        operations.push(Operation {
            name: item.required_text("name", LONGEST_NAME),
            description: item
                .text("description", LONGEST_DESCRIPTION)
                .unwrap_or_default(),
            elements: elements(&mut item),
            allowed_state_values: allowed_state_values(&mut item),
        });
        params.absorb(item);
    }
    Some(operations)
}

/// `elements`: a list of `{element_type, element_value}` that is not empty.
fn elements(operation: &mut Params) -> Vec<Element> {
    let is_empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
    let none_given = operation.value("elements").is_none_or(is_empty);
    let items = operation.objects("elements", MOST_PARTS);
    let mut elements = Vec::new();
    for mut item in items.unwrap_or_default() {
        if !item.has("element_type") {
            item.issue("element_type", Problem::Required);
        }
        let element_type = item.integer("element_type", UPDATE_STATE, FILL_FORM);
        elements.push(Element {
            element_type: element_type.unwrap_or_default(),
            element_value: item.required_id("element_value"),
        });
        operation.absorb(item);
    }
    if none_given {
        operation.issue("elements", Problem::Required);
    }
    elements
}

/// `allowed_state_values`: an object, from ids of states to lists of ids of their values.
fn allowed_state_values(operation: &mut Params) -> BTreeMap<String, Vec<i64>> {
    let name = "allowed_state_values";
    let ids: Vec<String> = match operation.value(name) {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let mut allowed = BTreeMap::new();
    let Some(mut states) = operation.object(name) else {
        return allowed;
    };
    if ids.len() > MOST_PARTS {
        let max = i64::try_from(MOST_PARTS).unwrap_or(i64::MAX);
        operation.issue(name, Problem::TooMany { max });
        return allowed;
    }
    let is_id = |text: &String| {
        let number = text.parse::<i64>();
        number.is_ok_and(|number| number > 0 && number.to_string() == *text)
    };
    if !ids.iter().all(is_id) {
        operation.issue(name, Problem::Malformed);
        return allowed;
    }
    for id in ids {
        if let Some(values) = states.ids(&id, MOST_VALUES) {
            allowed.insert(id, values);
        }
    }
    operation.absorb(states);
    allowed
}
