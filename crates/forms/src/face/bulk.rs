//! Methods of `record`: work on many records at once.

use super::params::{LARGEST_ID, Params};
use super::{Caller, Data, Method, data, reads, records, times, writes};
use crate::bulk::{ExportFormat, NewExport, NewImport, Report, Told};
use crate::repo::{BulkJob, ItemResult};
use crate::{Forms, Result};
use catalogue::openapi_v2::{JsonType, Problem};
use kernel::Locale;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const METHODS: &[Method] = &[
    writes!("record/importRecords", import_records),
    writes!("record/exportRecords", export_records),
    writes!("record/issueCertificates", issue_certificates),
    writes!("record/cancelJob", cancel_job),
    reads!("record/getJob", get_job),
];

/// Most columns whose field is said.
const MOST_MAPPED: usize = 500;
/// Most records that are named in one request.
const MOST_RECORDS: usize = 10_000;
/// Most items of a page.
const LARGEST_PAGE: i64 = 100;

async fn import_records(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let new = NewImport {
        tpl_id: params.required_id("tpl_id"),
        code_id: params.required_id("code_id"),
        upload_id: params.required_text("upload_id", 64),
        mapping: mapping(&mut params),
        dry_run: params.flag("dry_run").unwrap_or_default(),
    };
    records::finish(params)?;
    let job = forms.import_records(&caller.scope, new).await?;
    data(&Started::of(&job))
}

/// `mapping`: the id of a field by the title of its column; 0 or `null` for none.
fn mapping(params: &mut Params) -> BTreeMap<String, Option<i64>> {
    let mut mapping = BTreeMap::new();
    let Some(given) = params.value("mapping").cloned() else {
        return mapping;
    };
    let Value::Object(given) = given else {
        let expected = JsonType::Object;
        params.issue("mapping", Problem::InvalidType { expected });
        return mapping;
    };
    if given.len() > MOST_MAPPED {
        let max = i64::try_from(MOST_MAPPED).unwrap_or(i64::MAX);
        params.issue("mapping", Problem::TooMany { max });
        return mapping;
    }
    for (title, field_id) in given {
        let id = match &field_id {
            Value::Null => Some(0),
            other => other.as_i64().filter(|id| (0..=LARGEST_ID).contains(id)),
        };
        match id {
            Some(id) => {
                mapping.insert(title.trim().to_owned(), Some(id).filter(|id| *id > 0));
            }
            None => {
                let expected = JsonType::Integer;
                params.issue(
                    &format!("mapping.{title}"),
                    Problem::InvalidType { expected },
                );
            }
        }
    }
    mapping
}

async fn export_records(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let tpl_id = params.required_id("tpl_id");
    let format = params.one_of("format", ExportFormat::NAMES);
    if !params.has("format") {
        params.issue("format", Problem::Required);
    }
    let mut filter = records::span(&mut params);
    filter.code_id = params.id("code_id");
    records::finish(params)?;
    let new = NewExport {
        tpl_id,
        format: format
            .and_then(ExportFormat::of)
            .unwrap_or(ExportFormat::Csv),
        filter,
        locale: caller.locale,
    };
    let job = forms.export_records(&caller.scope, new).await?;
    data(&Started::of(&job))
}

async fn issue_certificates(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let tpl_id = params.required_id("tpl_id");
    let mut record_ids = params.ids("record_ids", MOST_RECORDS);
    let all = params.flag("all").unwrap_or_default();
    match (&record_ids, all) {
        (None, false) if !params.has("record_ids") => {
            let problem = Problem::NeedsOneOf(vec!["record_ids", "all"]);
            params.issue("record_ids", problem);
        }
        (Some(_), true) => {
            let other = "record_ids".into();
            params.issue("all", Problem::Contradicts { other });
        }
        _ => {}
    }
    records::finish(params)?;
    if let Some(ids) = &mut record_ids {
        ids.sort_unstable();
        ids.dedup();
    }
    let job = forms.issue_certificates(&caller.scope, tpl_id, record_ids);
    data(&Started::of(&job.await?))
}

async fn cancel_job(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let job_id = params.required_id("job_id");
    records::finish(params)?;
    let job = forms.cancel_bulk_job(&caller.scope, job_id).await?;
    data(&Started::of(&job))
}

async fn get_job(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let job_id = params.required_id("job_id");
    let report = params.one_of("report", &["errors", "all"]);
    let page = params.integer("page", 1, 1_000_000).unwrap_or(1);
    let page_size = params.integer("page_size", 1, LARGEST_PAGE).unwrap_or(20);
    records::finish(params)?;
    let refused = report.map(|report| report == "errors");
    let part = ((page - 1) * page_size, page_size);
    let report = forms.bulk_job(&caller.scope, job_id, refused, part).await?;
    data(&JobJson::of(
        &forms,
        &report,
        caller.locale,
        (page, page_size),
    ))
}

/// Work in short.
#[derive(Serialize)]
struct Started<'a> {
    job_id: i64,
    kind: &'a str,
    state: &'a str,
    total: i64,
    done: i64,
    failed: i64,
}

impl<'a> Started<'a> {
    fn of(job: &'a BulkJob) -> Self {
        Self {
            job_id: job.job_id,
            kind: job.work.0.kind(),
            state: job.state.name(),
            total: job.total,
            done: job.done,
            failed: job.failed,
        }
    }
}

#[derive(Serialize)]
struct JobJson<'a> {
    #[serde(flatten)]
    short: Started<'a>,
    tpl_id: i64,
    dry_run: bool,
    created_at: i64,
    created_at_iso: String,
    ended_at: Option<i64>,
    ended_at_iso: Option<String>,
    error: Option<Refusal<'a>>,
    file: Option<FileJson<'a>>,
    report: Vec<ItemJson<'a>>,
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
struct FileJson<'a> {
    upload_id: &'a str,
    name: &'a str,
    content_type: &'a str,
    size: i64,
    url: String,
    expire_at: i64,
    expire_at_iso: String,
}

/// A refusal as an envelope has it.
#[derive(Serialize)]
struct Refusal<'a> {
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<u32>,
    message: &'a str,
    message_detail: &'a str,
}

#[derive(Serialize)]
struct ItemJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_code: Option<&'a str>,
    #[serde(flatten)]
    refusal: Option<Refusal<'a>>,
}

impl<'a> Refusal<'a> {
    fn of(told: &'a Told, locale: Locale) -> Self {
        let (message, message_detail) = told.words(locale);
        Self {
            code: told.code,
            error_code: told.error_code,
            message,
            message_detail,
        }
    }
}

impl<'a> ItemJson<'a> {
    fn of(job: &BulkJob, result: &'a ItemResult, locale: Locale) -> Self {
        let has_rows = job.work.0.has_rows();
        let reference = result.reference.as_deref();
        let refusal = result.refusal.as_ref();
        Self {
            row: has_rows.then_some(result.item),
            record_id: result.record_id,
            record_number: reference.filter(|_| has_rows),
            certificate_code: reference.filter(|_| !has_rows),
            refusal: refusal.map(|told| Refusal::of(&told.0, locale)),
        }
    }
}

impl<'a> JobJson<'a> {
    fn of(
        forms: &Forms,
        report: &'a Report,
        locale: Locale,
        (page, page_size): (i64, i64),
    ) -> Self {
        let job = &report.job;
        let (created_at, created_at_iso) = times::both(job.created_at);
        let (ended_at, ended_at_iso) = times::maybe(job.ended_at);
        let file = report.upload.as_ref().map(|upload| {
            let (expire_at, expire_at_iso) = times::both(upload.expire_at);
            FileJson {
                upload_id: &upload.upload_id,
                name: &upload.name,
                content_type: &upload.content_type,
                size: upload.size,
                url: forms.upload_url(&upload.upload_id),
                expire_at,
                expire_at_iso,
            }
        });
        let results = report.results.iter();
        Self {
            short: Started::of(job),
            tpl_id: job.tpl_id,
            dry_run: job.work.0.is_dry_run(),
            created_at,
            created_at_iso,
            ended_at,
            ended_at_iso,
            error: job
                .failure
                .as_ref()
                .map(|told| Refusal::of(&told.0, locale)),
            file,
            report: results
                .map(|result| ItemJson::of(job, result, locale))
                .collect(),
            page: Place {
                current_page: page,
                last_page: ((report.count + page_size - 1) / page_size).max(1),
                page_size,
                total: report.count,
            },
        }
    }
}
