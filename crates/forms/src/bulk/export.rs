//! Files of records.

use super::cells::{self, Written};
use super::defuse::defuse;
use super::{Claimed, JobState, Step, Work, columns, locale, scope_of, uploads_url};
use crate::model::form::Definition;
use crate::model::{AuditStatus, TplId};
use crate::records::{search, view};
use crate::repo::{BulkJob, Upload};
use crate::templates::seen_template;
use crate::{Error, Filter, Forms, RecordView, Result, Scope, coding};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalogue::Param as _;
use catalogue::openapi_v2::{Approval, Problem, RecordColumn};
use files::kind;
use kernel::{Locale, Timestamp};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::Tx;
use store::jobs::Job;

/// Most records of a file.
pub const MOST_RECORDS: i64 = 50_000;
/// Most bytes of a file, and of the texts in it.
const LARGEST: usize = 32 * 1024 * 1024;
/// Records that are read together.
const PAGE: i64 = 250;
/// Most UTF-16 units of a cell in XLSX.
const LONGEST_CELL: usize = 32_767;
/// Spreadsheets know fifteen digits of a number.
const DIGITS: usize = 15;

store::text_enum! {
    /// What file is made.
    pub enum ExportFormat {
        /// Text in UTF-8, with commas.
        Csv = "csv",
        /// A spreadsheet.
        Xlsx = "xlsx",
    }
}

/// Which records go into what file.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// The form.
    pub tpl_id: TplId,
    /// What file.
    pub format: ExportFormat,
    /// Which records of the form.
    pub filter: Filter,
    /// The language of the titles.
    pub locale: Locale,
}

/// What is kept of [`NewExport`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    format: ExportFormat,
    code_id: Option<i64>,
    /// Microseconds.
    from: Option<i64>,
    /// Microseconds.
    until: Option<i64>,
    text: Option<String>,
    locale: String,
}

impl Plan {
    fn of(new: &NewExport) -> Self {
        let filter = &new.filter;
        Self {
            format: new.format,
            code_id: filter.code_id,
            from: filter.from.map(Timestamp::micros),
            until: filter.until.map(Timestamp::micros),
            text: filter.text.clone(),
            locale: new.locale.tag().into(),
        }
    }

    fn filter(&self, tpl_id: TplId) -> Filter {
        Filter {
            text: self.text.clone(),
            tpl_id: Some(tpl_id),
            code_id: self.code_id,
            category_id: None,
            kind: None,
            from: self.from.map(Timestamp::from_micros),
            until: self.until.map(Timestamp::from_micros),
        }
    }
}

/// A cell of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Put {
    Text(String),
    Number(String),
}

/// A file of records as it fills.
#[derive(Clone, Debug, Default)]
struct Table {
    /// What stands before the fields of each record, and the fields by their ids.
    rows: Vec<(Vec<String>, BTreeMap<i64, Put>)>,
    /// The fields that the form has no longer, with the titles that they had.
    lost: BTreeMap<i64, String>,
    bytes: usize,
}

impl Forms {
    /// Has a file of records made.
    ///
    /// # Errors
    /// 100304, 404; 100301 when they are too many.
    pub async fn export_records(&self, scope: &Scope, new: NewExport) -> Result<BulkJob> {
        let (counting, counted) = (scope.clone(), new.clone());
        let most_codes = self.config().most_codes;
        let total = self
            .db()
            .scan(move |tx| {
                let filter = Plan::of(&counted).filter(counted.tpl_id);
                Ok::<_, Error>(search(tx, &counting, &filter, most_codes)?.count(tx)?)
            })
            .await?;
        if total > MOST_RECORDS {
            let max = MOST_RECORDS;
            return Err(Error::at("tpl_id", Problem::TooMany { max }));
        }
        self.start(scope, move |tx, scope| {
            let template = seen_template(tx, scope, new.tpl_id)?;
            Ok((template, Work::Export(Plan::of(&new)), total))
        })
        .await
    }

    /// Makes the file. Nothing lasts before it is whole, so whoever takes over begins anew.
    pub(super) async fn export(&self, job: &Job, found: &BulkJob, plan: &Plan) -> Result<Step> {
        let mut table = Table::default();
        let mut last = None;
        let job_id = found.job_id;
        let definition = loop {
            let (found, filter) = (found.clone(), plan.filter(found.tpl_id));
            let (now, most_codes) = (self.now(), self.config().most_codes);
            let (definition, views) = self
                .db()
                .scan(move |tx| {
                    let scope = scope_of(tx, &found, now)?;
                    page(tx, &scope, &filter, last, most_codes)
                })
                .await?;
            let Some(view) = views.last() else {
                break definition;
            };
            last = Some(view.record.record_id);
            let uploads = uploads_url(self);
            for view in &views {
                table.add(&definition, view, locale(&plan.locale), &uploads);
            }
            check_size(table.bytes)?;
            let done = i64::try_from(table.rows.len()).unwrap_or(i64::MAX);
            if let Some(step) = self.instead(job, job_id, done).await? {
                return Ok(step);
            }
        };
        let rows = i64::try_from(table.rows.len()).unwrap_or(i64::MAX);
        if rows > MOST_RECORDS {
            let max = MOST_RECORDS;
            return Err(Error::at("tpl_id", Problem::TooMany { max }));
        }
        let (format, titles, now) = (plan.format, locale(&plan.locale), self.now());
        let write = move || match format {
            ExportFormat::Csv => table.csv(&definition, titles),
            ExportFormat::Xlsx => table.xlsx(&definition, titles, now),
        };
        let bytes = tokio::task::spawn_blocking(write).await;
        let bytes = bytes.map_err(|error| Error::Failed(error.to_string()))??;
        check_size(bytes.len())?;
        self.keep_file(job, found, format, rows, &bytes).await
    }

    /// Keeps the file for as long as uploads are kept, with the end of the work.
    async fn keep_file(
        &self,
        job: &Job,
        found: &BulkJob,
        format: ExportFormat,
        rows: i64,
        bytes: &[u8],
    ) -> Result<Step> {
        let (job, now, job_id) = (job.clone(), self.now(), found.job_id);
        let content_type = match format {
            ExportFormat::Csv => "text/csv; charset=utf-8",
            ExportFormat::Xlsx => kind::XLSX,
        };
        let upload = Upload {
            upload_id: String::new(),
            org_id: found.org_id,
            name: format!("records-{job_id}.{}", format.name()),
            content_type: content_type.into(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            body: STANDARD.encode(bytes),
            record_id: None,
            expire_at: now.plus(self.config().upload_life),
            created_at: now,
        };
        let make = move |forms: &Self| Upload {
            upload_id: coding::random(forms.rng(), 'u', 16),
            ..upload.clone()
        };
        self.write(make, move |tx, upload| {
            let Some(mut work) = Claimed::take(tx, &job, job_id, now)? else {
                return Ok(Step::Over);
            };
            upload.insert(tx)?;
            work.job.upload_id = Some(upload.upload_id.clone());
            (work.job.done, work.job.total, work.job.position) = (rows, rows, rows);
            work.job.state = JobState::Done;
            work.store(tx, &job, now)
        })
        .await
    }
}

fn check_size(bytes: usize) -> Result<()> {
    if bytes > LARGEST {
        let limit = LARGEST;
        return Err(Error::at("tpl_id", Problem::TooLarge { limit }));
    }
    Ok(())
}

/// The next records, oldest first, and what their form asks for.
fn page(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    last: Option<i64>,
    most_codes: i64,
) -> Result<(Definition, Vec<RecordView>)> {
    let template = seen_template(tx, scope, filter.tpl_id.unwrap_or_default())?;
    let after: Vec<i64> = last.into_iter().collect();
    let search = search(tx, scope, filter, most_codes)?;
    let records = search.page(tx, true, &after, PAGE)?;
    Ok((template.definition.0, view(tx, records)?))
}

impl Table {
    fn add(&mut self, definition: &Definition, view: &RecordView, titles: Locale, uploads: &str) {
        let fixed = RecordColumn::ALL.map(|column| fixed(column, view, titles));
        let mut fields = BTreeMap::new();
        for filled in &view.record.fields.0 {
            if definition.field(filled.field_id).is_none() {
                let title = || filled.field_title.clone();
                self.lost.entry(filled.field_id).or_insert_with(title);
            }
            let cell = match cells::write(definition, filled, uploads) {
                Written::Text(text) => Put::Text(text),
                Written::Number(text) => Put::Number(text),
            };
            let (Put::Text(text) | Put::Number(text)) = &cell;
            self.bytes += text.len();
            fields.insert(filled.field_id, cell);
        }
        self.bytes += fixed.iter().map(String::len).sum::<usize>();
        self.rows.push((fixed.into(), fields));
    }

    /// The fields in the order of their columns, with their titles.
    fn columns(&self, definition: &Definition) -> Vec<(i64, String)> {
        let fields = columns::fields(definition);
        let lost = self.lost.iter().map(|(id, title)| (*id, title.clone()));
        fields
            .map(|field| (field.field_id, columns::title(field)))
            .chain(lost)
            .collect()
    }

    /// CSV in UTF-8 with a byte order mark, in which no cell is a formula.
    fn csv(&self, definition: &Definition, titles: Locale) -> Result<Vec<u8>> {
        let columns = self.columns(definition);
        let mut bytes = "\u{feff}".as_bytes().to_vec();
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(&mut bytes);
        let failed = |error: &dyn std::fmt::Display| Error::Failed(error.to_string());
        let fixed = RecordColumn::ALL
            .iter()
            .map(|c| c.text(titles).into_owned());
        let header = fixed.chain(columns.iter().map(|(_, title)| title.clone()));
        let header = header.map(|title| defuse(&title));
        writer.write_record(header).map_err(|e| failed(&e))?;
        for (fixed, fields) in &self.rows {
            let fields = columns
                .iter()
                .map(|(field_id, _)| match fields.get(field_id) {
                    Some(Put::Text(text)) => defuse(text),
                    // A number of ours is no formula, whatever its sign.
                    Some(Put::Number(text)) => text.clone(),
                    None => String::new(),
                });
            let row = fixed.iter().map(|text| defuse(text)).chain(fields);
            writer.write_record(row).map_err(|e| failed(&e))?;
        }
        writer.flush().map_err(|e| failed(&e))?;
        drop(writer);
        Ok(bytes)
    }

    /// A spreadsheet, in which texts are texts whatever they begin with.
    fn xlsx(&self, definition: &Definition, titles: Locale, now: Timestamp) -> Result<Vec<u8>> {
        let longest = |(_, fields): &(Vec<String>, BTreeMap<i64, Put>)| {
            let texts = fields
                .values()
                .map(|(Put::Text(text) | Put::Number(text))| text);
            texts.map(|text| text.encode_utf16().count()).max()
        };
        if self.rows.iter().filter_map(longest).max() > Some(LONGEST_CELL) {
            let allowed = vec![ExportFormat::Csv.name()];
            return Err(Error::at("format", Problem::NotOneOf { allowed }));
        }
        self.workbook(definition, titles, now)
            .map_err(|error| Error::Failed(error.to_string()))
    }

    fn workbook(
        &self,
        definition: &Definition,
        titles: Locale,
        now: Timestamp,
    ) -> Result<Vec<u8>, XlsxError> {
        let columns = self.columns(definition);
        let mut book = Workbook::new();
        let made = ExcelDateTime::from_timestamp(now.micros().div_euclid(1_000_000))?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let sheet = book.add_worksheet();
        let header = RecordColumn::ALL
            .iter()
            .map(|c| c.text(titles).into_owned());
        let header = header.chain(columns.iter().map(|(_, title)| title.clone()));
        for (column, title) in (0_u16..).zip(header) {
            sheet.write_string(0, column, title)?;
        }
        for (row, (fixed, fields)) in (1_u32..).zip(&self.rows) {
            for (column, text) in (0_u16..).zip(fixed) {
                sheet.write_string(row, column, text)?;
            }
            let first = u16::try_from(fixed.len()).unwrap_or(u16::MAX);
            for (column, (field_id, _)) in (first..).zip(&columns) {
                match fields.get(field_id) {
                    Some(Put::Number(text)) if is_short(text) => {
                        let number: f64 = text.parse().unwrap_or_default();
                        sheet.write_number(row, column, number)?;
                    }
                    Some(Put::Text(text) | Put::Number(text)) => {
                        sheet.write_string(row, column, text)?;
                    }
                    None => {}
                }
            }
        }
        book.save_to_buffer()
    }
}

/// Whether a spreadsheet knows a number exactly.
fn is_short(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().filter(u8::is_ascii_digit).count() <= DIGITS
}

/// What stands in a column that is no field's.
fn fixed(column: RecordColumn, view: &RecordView, titles: Locale) -> String {
    let record = &view.record;
    let submitter = &record.submitter.0;
    let certificate = view.certificate.as_ref();
    let approval = match record.audit_status {
        AuditStatus::None => Approval::None,
        AuditStatus::Pending => Approval::Pending,
        AuditStatus::Approved => Approval::Approved,
        AuditStatus::Rejected => Approval::Rejected,
    };
    match column {
        RecordColumn::Number => record.record_number.clone(),
        RecordColumn::SubmitAt => crate::face::times::iso(record.submit_at),
        RecordColumn::Code => view.code.title.clone(),
        RecordColumn::Submitter => submitter.name.clone().unwrap_or_default(),
        RecordColumn::Phone => submitter.phone.clone().unwrap_or_default(),
        RecordColumn::Method => record.method.clone(),
        RecordColumn::Approval => approval.text(titles).into_owned(),
        RecordColumn::Certificate => certificate.map_or_else(String::new, |c| c.coding.clone()),
        RecordColumn::CertificateStatus => {
            certificate.map_or_else(String::new, |c| c.status.clone())
        }
    }
}
