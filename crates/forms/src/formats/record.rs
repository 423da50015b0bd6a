//! Records as JSON.

use super::{Format, record_ld, record_markdown};
use crate::RecordView;
use crate::face::times;
use crate::model::audit::{Decision, Stage, standing};
use crate::model::value::Filled;
use crate::model::{AuditStatus, Person};
use kernel::Timestamp;
use serde::Serialize;

/// The public addresses of what belongs to an organization, by coding.
pub(crate) type Addresses<'a> = &'a dyn Fn(&str) -> String;

/// A record as it is written.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Written<'a> {
    Json(Box<RecordJson<'a>>),
    JsonLd(Box<record_ld::Report<'a>>),
    Markdown(String),
}

/// Writes a record.
pub(crate) fn write<'a>(
    format: Format,
    view: &'a RecordView,
    addresses: Addresses<'_>,
) -> Written<'a> {
    match format {
        Format::Json => Written::Json(Box::new(RecordJson::of(view, addresses))),
        Format::JsonLd => Written::JsonLd(Box::new(record_ld::Report::of(view, addresses))),
        Format::Markdown => Written::Markdown(record_markdown::write(view, addresses)),
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct RecordJson<'a> {
    record_id: i64,
    record_number: &'a str,
    record_code: &'a str,
    record_url: String,
    submit_at: i64,
    submit_at_iso: String,
    updated_at: i64,
    updated_at_iso: String,
    submit_method: &'a str,
    recorder: Contact<'a>,
    record_type: i64,
    qrcode: CodeJson<'a>,
    record_template: Option<TemplateJson<'a>>,
    fields: &'a [Filled],
    audit: AuditJson<'a>,
    certificate: Option<CertificateJson<'a>>,
    trusted_notary: Option<()>,
}

#[derive(Debug, Serialize)]
struct Contact<'a> {
    name: Option<&'a str>,
    phone: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct CodeJson<'a> {
    id: i64,
    title: &'a str,
    url: String,
    coding: &'a str,
}

#[derive(Debug, Serialize)]
struct TemplateJson<'a> {
    id: i64,
    name: &'a str,
    number: &'a str,
}

#[derive(Debug, Serialize)]
struct AuditJson<'a> {
    enabled: bool,
    status: AuditStatus,
    current_level: i64,
    stages: Vec<StageJson<'a>>,
}

#[derive(Debug, Serialize)]
struct StageJson<'a> {
    id: i64,
    title: &'a str,
    level: i64,
    action: Option<&'static str>,
    reply: Option<&'a str>,
    operator: Option<Contact<'a>>,
    decided_at: Option<i64>,
    decided_at_iso: Option<String>,
}

#[derive(Debug, Serialize)]
struct CertificateJson<'a> {
    code: &'a str,
    url: String,
    status: &'a str,
    is_final: bool,
}

impl<'a> From<&'a Person> for Contact<'a> {
    fn from(person: &'a Person) -> Self {
        Self {
            name: person.name.as_deref(),
            phone: person.phone.as_deref(),
        }
    }
}

impl<'a> RecordJson<'a> {
    fn of(view: &'a RecordView, addresses: Addresses<'_>) -> Self {
        let RecordView { record, code, .. } = view;
        let template = view.template.as_ref();
        let (submit_at, submit_at_iso) = times::both(record.submit_at);
        let (updated_at, updated_at_iso) = times::both(record.updated_at);
        let certificate = view.certificate.as_ref().map(|certificate| {
            let status = &certificate.status;
            let config = template.and_then(|t| t.certificate.0.status(status));
            CertificateJson {
                code: &certificate.coding,
                url: addresses(&certificate.coding),
                status,
                is_final: config.is_some_and(|status| status.is_final),
            }
        });
        Self {
            record_id: record.record_id,
            record_number: &record.record_number,
            record_code: &record.coding,
            record_url: addresses(&record.coding),
            submit_at,
            submit_at_iso,
            updated_at,
            updated_at_iso,
            submit_method: &record.method,
            recorder: (&record.submitter.0).into(),
            record_type: record.kind,
            qrcode: CodeJson {
                id: code.code_id,
                title: &code.title,
                url: addresses(&code.coding),
                coding: &code.coding,
            },
            record_template: template.map(|template| TemplateJson {
                id: template.tpl_id,
                name: &template.name,
                number: &template.number,
            }),
            fields: &record.fields.0,
            audit: AuditJson::of(view),
            certificate,
            trusted_notary: None,
        }
    }
}

impl<'a> AuditJson<'a> {
    fn of(view: &'a RecordView) -> Self {
        let RecordView {
            record, template, ..
        } = view;
        let enabled = record.audit_status != AuditStatus::None;
        let stages = template.as_ref().map_or(&[][..], |t| &t.audit.0.stages);
        let (status, level) = (record.audit_status, record.audit_level);
        let standing = standing(stages, &record.audits.0, status, level);
        let stages = standing.into_iter().filter(|_| enabled);
        Self {
            enabled,
            status,
            current_level: level,
            stages: stages.map(StageJson::from).collect(),
        }
    }
}

impl<'a> From<(&'a Stage, Option<&'a Decision>)> for StageJson<'a> {
    fn from((stage, decision): (&'a Stage, Option<&'a Decision>)) -> Self {
        let action = |d: &Decision| if d.passed { "pass" } else { "reject" };
        let at = |d: &Decision| Timestamp::from_micros(d.at.saturating_mul(1_000_000));
        Self {
            id: stage.id,
            title: &stage.title,
            level: stage.level,
            action: decision.map(action),
            reply: decision.map(|d| d.reply.as_str()),
            operator: decision.map(|d| (&d.by).into()),
            decided_at: decision.map(|d| d.at),
            decided_at_iso: decision.map(|d| times::iso(at(d))),
        }
    }
}
