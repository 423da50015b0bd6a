//! Methods of `forms`, and `record/getFormList`.

mod parts;

use super::params::Params;
use super::{Caller, Data, Method, check_version, data, reads, times, writes};
use crate::model::audit::AuditConfig;
use crate::model::certificate::CertificateConfig;
use crate::model::form::{Field, FieldType, FormSettings, Group, Rules, Settings};
use crate::model::limits::Limits;
use crate::repo::{Listed, Listing, Template};
use crate::{Error, Forms, Result};
use catalogue::OpenapiV2Error;
use parts::Reader;
use serde::Serialize;
use serde_json::Value;

pub(super) const METHODS: &[Method] = &[
    reads!("forms/getTemplate", get_template),
    reads!("record/getFormList", get_list),
    reads!("forms/getList", get_list),
    writes!("forms/create", create),
    writes!("forms/update", update),
    writes!("forms/delete", delete),
];

/// The only version of the output's form.
const VERSION: &str = "v1";
/// What kind of form every form is.
const NORMAL: (i64, &str) = (0, "普通表单");

/// A resource in one of its formats.
#[derive(Serialize)]
struct Formatted<T> {
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    content_type: &'static str,
    data: T,
}

/// A form with everything that it says.
#[derive(Serialize)]
struct Shown<'t> {
    form: Head<'t>,
    org: Reference,
    project: Reference,
    groups: Vec<ShownGroup<'t>>,
    audit_config: &'t AuditConfig,
    limits: &'t Limits,
    certificate_config: &'t CertificateConfig,
    settings: FormSettings,
}

#[derive(Serialize)]
struct Head<'t> {
    id: i64,
    name: &'t str,
    #[serde(rename = "type")]
    kind: i64,
    type_text: &'static str,
    number: &'t str,
    description: &'t str,
    submit_button_title: &'t str,
    created_at_iso: String,
    updated_at_iso: String,
}

#[derive(Serialize)]
struct Reference {
    id: i64,
}

#[derive(Serialize)]
struct ShownGroup<'t> {
    group_id: i64,
    group_title: &'t str,
    show_group_title: bool,
    is_page_break_group: bool,
    fields: Vec<ShownField<'t>>,
}

#[derive(Serialize)]
struct ShownField<'t> {
    field_id: i64,
    field_title: &'t str,
    field_desc: &'t str,
    field_type: FieldType,
    field_short_name: &'t str,
    group_id: i64,
    settings: Settings,
    #[serde(flatten)]
    rules: &'t Rules,
}

impl<'t> Shown<'t> {
    fn of(template: &'t Template) -> Self {
        let groups = &template.definition.0.groups;
        Self {
            form: Head {
                id: template.tpl_id,
                name: &template.name,
                kind: NORMAL.0,
                type_text: NORMAL.1,
                number: &template.number,
                description: &template.description,
                submit_button_title: &template.submit_button_title,
                created_at_iso: times::iso(template.created_at),
                updated_at_iso: times::iso(template.updated_at),
            },
            org: Reference {
                id: template.org_id,
            },
            project: Reference {
                id: template.project_id,
            },
            groups: groups.iter().map(ShownGroup::of).collect(),
            audit_config: &template.audit.0,
            limits: &template.limits.0,
            certificate_config: &template.certificate.0,
            settings: template.settings.0,
        }
    }
}

impl<'t> ShownGroup<'t> {
    fn of(group: &'t Group) -> Self {
        let field = |field: &'t Field| ShownField {
            field_id: field.field_id,
            field_title: &field.field_title,
            field_desc: &field.field_desc,
            field_type: field.field_type,
            field_short_name: &field.field_short_name,
            group_id: group.group_id,
            settings: field.settings,
            rules: &field.rules,
        };
        Self {
            group_id: group.group_id,
            group_title: &group.group_title,
            show_group_title: group.show_group_title,
            is_page_break_group: group.is_page_break_group,
            fields: group.fields.iter().map(field).collect(),
        }
    }
}

/// Reads `version`, whose type is told with what else is wrong. The second is to be looked at when nothing is.
fn version(params: &mut Params) -> (Option<&'static str>, Result<()>) {
    let sent = params.text("version", 100).map(|_| VERSION);
    (sent, check_version(params))
}

async fn get_template(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let tpl_id = params.required_id("tpl_id");
    let format = params.text("format", 100);
    let (version, checked) = version(&mut params);
    params.finish()?;
    checked?;
    if format.is_some_and(|format| format != "json") {
        let allowed = vec!["json"];
        return Err(OpenapiV2Error::UnsupportedOutputFormat { allowed }.into());
    }
    let template = forms.template(&caller.scope, tpl_id).await?;
    data(&Formatted {
        format: "json",
        version,
        content_type: "application/json; charset=utf-8",
        data: Shown::of(&template),
    })
}

#[derive(Serialize)]
struct Page<T> {
    version: &'static str,
    list: Vec<T>,
    page: Place,
}

#[derive(Serialize)]
struct Place {
    current_page: i64,
    last_page: i64,
    page_size: i64,
    total: i64,
}

#[derive(Serialize)]
struct ListItem {
    id: i64,
    name: String,
    #[serde(rename = "type")]
    kind: i64,
    type_text: &'static str,
    number: String,
    note: String,
    created_at: i64,
    created_at_iso: String,
    updated_at: i64,
    updated_at_iso: String,
    active_at: Option<i64>,
    active_at_iso: Option<String>,
    project: NamedReference,
}

#[derive(Serialize)]
struct NamedReference {
    id: i64,
    name: String,
}

impl ListItem {
    fn of(form: Listed) -> Self {
        let (created_at, created_at_iso) = times::both(form.created_at);
        let (updated_at, updated_at_iso) = times::both(form.updated_at);
        Self {
            id: form.tpl_id,
            name: form.name,
            kind: NORMAL.0,
            type_text: NORMAL.1,
            number: form.number,
            note: form.note,
            created_at,
            created_at_iso,
            updated_at,
            updated_at_iso,
            active_at: form.active_at.map(times::seconds),
            active_at_iso: form.active_at.map(times::iso),
            project: NamedReference {
                id: form.project_id,
                name: form.project_name,
            },
        }
    }
}

async fn get_list(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let page = params.integer("page", 1, 1_000_000_000).unwrap_or(1);
    let page_size = params.integer("page_size", 1, 20).unwrap_or(10);
    let mut text = |name| params.text(name, 100).filter(|text| !text.is_empty());
    let (search_key, number) = (text("search_key"), text("number"));
    let (_, checked) = version(&mut params);
    params.finish()?;
    checked?;
    let wanted = Listing {
        search_key,
        number,
        skip: (page - 1) * page_size,
        take: page_size,
        ..Listing::default()
    };
    let (total, listed) = forms.templates(&caller.scope, wanted).await?;
    data(&Page {
        version: VERSION,
        list: listed.into_iter().map(ListItem::of).collect(),
        page: Place {
            current_page: page,
            last_page: ((total + page_size - 1) / page_size).max(1),
            page_size,
            total,
        },
    })
}

async fn create(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let project_id = params.id("project_id");
    let reader = Reader {
        forms: &forms,
        stored: None,
    };
    let parts = reader.read(&mut params);
    let (_, checked) = version(&mut params);
    let wrong = params.take_issues();
    if wrong.is_empty() {
        checked?;
    }
    let made = forms.create_template_of(&caller.scope, project_id, parts, wrong);
    data(&Shown::of(&made.await?))
}

async fn update(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let tpl_id = params.required_id("tpl_id");
    // Parts that the form has keep their ids. That there is no such form is told when nothing else is wrong.
    let stored = match forms.template(&caller.scope, tpl_id).await {
        Ok(stored) => Some(stored),
        Err(Error::Refused(_)) => None,
        Err(failure) => return Err(failure),
    };
    let reader = Reader {
        forms: &forms,
        stored: Some(stored.as_ref()),
    };
    let parts = reader.read(&mut params);
    let (_, checked) = version(&mut params);
    let wrong = params.take_issues();
    if wrong.is_empty() {
        checked?;
    }
    let changed = forms.update_template(&caller.scope, tpl_id, parts, wrong);
    data(&Shown::of(&changed.await?))
}

async fn delete(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let tpl_id = params.required_id("tpl_id");
    params.finish()?;
    forms.delete_template(&caller.scope, tpl_id).await?;
    data(&Value::Object(serde_json::Map::new()))
}
