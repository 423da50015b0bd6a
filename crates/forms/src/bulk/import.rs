//! Records of the rows of a file.

use super::cells::{self, Cell};
use super::rehearsal::Rehearsal;
use super::sheet::{self, Sheet};
use super::{CHUNK, Claimed, JobState, Step, Work, columns, refused, scope_of, uploads_url};
use crate::events::Happened;
use crate::model::form::{Definition, FieldType};
use crate::model::value::Entry;
use crate::model::{CodeId, EventKind, Person, TplId};
use crate::repo::{BulkJob, Upload, next_numbers};
use crate::submit::{Accepted, Claims, Filler, Input, Made, Origin, Place, Real};
use crate::{Error, Forms, Result, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{FieldIssue, FieldProblem, Problem, Resource, SheetProblem};
use files::kind;
use kernel::Timestamp;
use std::collections::BTreeMap;
use store::jobs::Job;
use store::{Tx, params};

/// How a record came about that was in a file.
const BY_IMPORT: &str = "批量导入";

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// The form.
    pub tpl_id: TplId,
    /// The code.
    pub code_id: CodeId,
    /// The file: CSV or XLSX.
    pub upload_id: String,
    /// The field of columns whose title does not say it; `None`: none.
    pub mapping: BTreeMap<String, Option<i64>>,
    /// Whether rows are checked only.
    pub dry_run: bool,
}

/// A row of a file: its number and its cells.
type Row = (i64, Vec<Cell>);

/// A row as it is submitted.
struct Filled {
    entries: Vec<Entry>,
    submitter: Person,
    /// Whose submissions are counted together.
    subject: String,
}

impl Forms {
    /// Has records made of the rows of a file, each by the rules of [`submit`](Self::submit). One person may have a row for each
    /// submission the form allows: a person is a phone number, a row without one is a person of its own.
    ///
    /// # Errors
    /// 100304, 404, 100306, 100314, 100313; 404 and 100310 for the file; 100301 when it is no table, or its columns are no fields.
    pub async fn import_records(&self, scope: &Scope, new: NewImport) -> Result<BulkJob> {
        let (reader, wanted) = (scope.clone(), new.clone());
        let (upload, definition) = self
            .read(move |tx| {
                let place = Place::open(tx, &reader, wanted.tpl_id, wanted.code_id)?;
                let upload = usable(tx, &reader, &wanted.upload_id)?;
                Ok((upload, place.template.definition.0))
            })
            .await?;
        let sheet = tokio::task::spawn_blocking(move || parse(&upload)).await;
        // What reads files may give up on a crafted one in its own way.
        let unreadable = |error: tokio::task::JoinError| match error.is_panic() {
            true => {
                let problem = SheetProblem::Unreadable;
                Error::at("upload_id", Problem::Sheet { problem })
            }
            false => Error::Failed(error.to_string()),
        };
        let sheet = sheet.map_err(unreadable)??;
        let columns = columns::matched(&definition, &sheet.header, &new.mapping)?;
        let total = i64::try_from(sheet.rows.len()).unwrap_or(i64::MAX);
        let chunks: Result<Vec<(i64, String)>, _> = (0..)
            .zip(sheet.rows.chunks(CHUNK))
            .map(|(index, rows)| {
                let position = index * i64::try_from(CHUNK).unwrap_or(i64::MAX);
                Ok((position, serde_json::to_string(rows)?))
            })
            .collect();
        let chunks = chunks.map_err(|error: serde_json::Error| Error::Failed(error.to_string()))?;
        let plan = move |tx: &mut Tx<'_>, scope: &Scope| {
            let place = Place::open(tx, scope, new.tpl_id, new.code_id)?;
            let work = Work::Import {
                code_id: place.code_id,
                columns: columns.clone(),
                dry_run: new.dry_run,
            };
            Ok((place.template, work, total))
        };
        self.start_with(scope, plan, move |tx, job_id| {
            for (position, rows) in &chunks {
                crate::repo::cells::put(tx, job_id, *position, rows)?;
            }
            Ok(())
        })
        .await
    }

    /// Imports the next rows.
    pub(super) async fn import_chunk(&self, job: &Job, found: &BulkJob) -> Result<Step> {
        let (job, now, uploads) = (job.clone(), self.now(), uploads_url(self));
        let (job_id, teller) = (found.job_id, self.teller(found.org_id).await?);
        let make = |forms: &Self| (0..CHUNK).map(|_| Made::new(forms)).collect::<Vec<_>>();
        self.write(make, move |tx, made| {
            let Some(work) = Claimed::take(tx, &job, job_id, now)? else {
                return Ok(Step::Over);
            };
            let mut happened = Vec::new();
            let step = import(tx, work, &job, now, (&uploads, made), &mut happened)?;
            teller.tell(tx, now, || happened)?;
            Ok(step)
        })
        .await
    }

    /// Checks all rows, in order, as if those before had been imported.
    pub(super) async fn rehearse(&self, job: &Job, found: &BulkJob) -> Result<Step> {
        let mut rehearsal = Rehearsal::default();
        let mut results = Vec::new();
        let (now, job_id) = (self.now(), found.job_id);
        let uploads = uploads_url(self);
        let mut position = 0;
        while position < found.total {
            let (found, before, uploads) = (found.clone(), rehearsal, uploads.clone());
            let made: Vec<Made> = (0..CHUNK).map(|_| Made::new(self)).collect();
            let (after, some) = self
                .read(move |tx| {
                    let mut rehearsal = before.clone();
                    let scope = scope_of(tx, &found, now)?;
                    let rows = rows_at(tx, &found, position)?;
                    let chunk = Chunk::of(&found, &uploads)?;
                    let place = refused(chunk.open(tx, &scope))?;
                    let mut results = Vec::with_capacity(rows.len());
                    for ((number, cells), made) in rows.iter().zip(&made) {
                        let result = match &place {
                            Err(error) => Err(error.clone()),
                            Ok(place) => {
                                let row = chunk.row(place, *number, cells);
                                refused(chunk.accept(tx, &scope, place, row, made, &mut rehearsal))?
                            }
                        };
                        rehearsal.end(result.is_ok());
                        results.push((*number, result.map(drop)));
                    }
                    Ok((rehearsal, results))
                })
                .await?;
            rehearsal = after;
            position += i64::try_from(some.len()).unwrap_or(i64::MAX);
            results.extend(some);
            if let Some(step) = self.instead(job, job_id, position).await? {
                return Ok(step);
            }
        }
        let (job, now) = (job.clone(), self.now());
        self.write(
            |_| (),
            move |tx, ()| {
                let Some(mut work) = Claimed::take(tx, &job, job_id, now)? else {
                    return Ok(Step::Over);
                };
                (work.job.done, work.job.failed) = (0, 0);
                for (number, result) in &results {
                    let result = result.clone().map(|()| String::new());
                    work.put(tx, *number, None, result)?;
                }
                work.job.position = work.job.total;
                work.job.state = JobState::Done;
                crate::repo::cells::remove_all(tx, job_id)?;
                work.store(tx, &job, now)
            },
        )
        .await
    }
}

/// The file, if it is there and may be a table.
fn usable(tx: &mut Tx<'_>, scope: &Scope, upload_id: &str) -> Result<Upload> {
    let found = Upload::first(tx, Upload::BY_ID, params![upload_id, scope.org_id])?;
    let upload = found.ok_or(Resource::Upload)?;
    if upload.is_expired(scope.now) {
        let issue = FieldIssue {
            field: "upload_id".into(),
            problem: FieldProblem::UploadExpired,
        };
        let issues = vec![issue];
        return Err(OpenapiV2Error::ResourceExpired { issues }.into());
    }
    Ok(upload)
}

fn parse(upload: &Upload) -> Result<Sheet> {
    let bytes = STANDARD.decode(&upload.body);
    let bytes = bytes.map_err(|_| Error::Failed("an upload's row is damaged".into()))?;
    let sheet = match upload.content_type.as_str() {
        kind::XLSX => sheet::xlsx(&bytes),
        "text/plain" => sheet::csv(&bytes),
        _ => Err(SheetProblem::Unreadable),
    };
    sheet.map_err(|problem| Error::at("upload_id", Problem::Sheet { problem }))
}

/// What the rows of an import have in common.
struct Chunk<'a> {
    job_id: i64,
    tpl_id: TplId,
    code_id: CodeId,
    columns: &'a [Option<i64>],
    uploads: &'a str,
}

impl<'a> Chunk<'a> {
    fn of(job: &'a BulkJob, uploads: &'a str) -> Result<Self> {
        let Work::Import {
            code_id, columns, ..
        } = &job.work.0
        else {
            return Err(Error::Failed("other work than was expected".into()));
        };
        Ok(Self {
            job_id: job.job_id,
            tpl_id: job.tpl_id,
            code_id: *code_id,
            columns,
            uploads,
        })
    }

    fn open(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<Place> {
        Place::open(tx, scope, self.tpl_id, self.code_id)
    }

    /// A row as it is submitted.
    fn row(&self, place: &Place, number: i64, cells: &[Cell]) -> Result<Filled, OpenapiV2Error> {
        let definition = &place.template.definition.0;
        let entries = entries(definition, self.columns, cells, self.uploads)?;
        let submitter = submitter(&entries);
        let subject = match &submitter.phone {
            Some(phone) => format!("phone:{phone}"),
            None => format!("row:{}:{number}", self.job_id),
        };
        Ok(Filled {
            entries,
            submitter,
            subject,
        })
    }

    fn accept<'m>(
        &self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        place: &Place,
        row: Result<Filled, OpenapiV2Error>,
        made: &'m Made,
        claims: &mut impl Claims,
    ) -> Result<(Accepted<'m>, Person)> {
        let row = row?;
        let input = Input {
            filler: Filler::of(scope),
            entries: &row.entries,
            subject: &row.subject,
        };
        let accepted = place.accept(tx, scope, input, made, claims)?;
        Ok((accepted, row.submitter))
    }
}

fn rows_at(tx: &mut Tx<'_>, job: &BulkJob, position: i64) -> Result<Vec<Row>> {
    let missing = |what: &str| Error::Failed(format!("rows at {position}: {what}"));
    let rows = crate::repo::cells::at(tx, job.job_id, position)?;
    let rows = rows.ok_or_else(|| missing("gone"))?;
    serde_json::from_str(&rows).map_err(|error| missing(&error.to_string()))
}

/// The rows that are next. The numbers of their records are taken last, and together: whoever else submits waits for them.
fn import(
    tx: &mut Tx<'_>,
    mut work: Claimed,
    job: &Job,
    now: Timestamp,
    (uploads, made): (&str, &[Made]),
    happened: &mut Vec<Happened>,
) -> Result<Step> {
    let scope = scope_of(tx, &work.job, now)?;
    let found = work.job.clone();
    let chunk = Chunk::of(&found, uploads)?;
    let rows = rows_at(tx, &found, work.from)?;
    let place = refused(chunk.open(tx, &scope))?;
    let mut accepted = Vec::with_capacity(rows.len());
    for ((number, cells), made) in rows.iter().zip(made) {
        let result = match &place {
            Err(error) => Err(error.clone()),
            Ok(place) => {
                let row = chunk.row(place, *number, cells);
                refused(tx.attempt(|tx| {
                    let row = chunk.accept(tx, &scope, place, row, made, &mut Real)?;
                    row.0.hold(tx, &scope, place)?;
                    Ok(row)
                }))?
            }
        };
        match result {
            Ok(row) => accepted.push((*number, row)),
            Err(error) => work.put(tx, *number, None, Err(error))?,
        }
    }
    if let Ok(place) = &place
        && !accepted.is_empty()
    {
        let many = i64::try_from(accepted.len()).unwrap_or(i64::MAX);
        let first = next_numbers(tx, scope.org_id, "L", many)?;
        for ((item, (accepted, submitter)), number) in accepted.into_iter().zip(first..) {
            let origin = Origin {
                number,
                method: BY_IMPORT,
                submitter: &submitter,
            };
            let certificate = accepted.certificate();
            let done = accepted.record(tx, &scope, place, origin)?;
            happened.extend(Happened::to_record(EventKind::Submit, &done, certificate));
            let made = done.record;
            work.put(tx, item, Some(made.record_id), Ok(made.record_number))?;
        }
    }
    crate::repo::cells::remove(tx, found.job_id, work.from)?;
    work.job.position += i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if work.job.position >= work.job.total {
        work.job.state = JobState::Done;
    }
    work.store(tx, job, now)
}

/// What a row fills in. What no value can be made of is refused like a value that breaks its field's rules.
fn entries(
    definition: &Definition,
    columns: &[Option<i64>],
    cells: &[Cell],
    uploads: &str,
) -> Result<Vec<Entry>, OpenapiV2Error> {
    let blank = Cell::Text(String::new());
    let mut entries = Vec::new();
    let mut issues = Vec::new();
    for (index, field_id) in columns.iter().enumerate() {
        // A field that the form has lost since is told like one that it never had.
        let Some(field_id) = field_id else {
            continue;
        };
        let cell = cells.get(index).unwrap_or(&blank);
        let Some(field) = definition.field(*field_id) else {
            issues.push(FieldIssue {
                field: field_id.to_string(),
                problem: FieldProblem::UnknownField,
            });
            continue;
        };
        match cells::read(field, cell, uploads) {
            Ok(field_value) => entries.push(Entry {
                field_id: field.field_id,
                field_type: field.field_type.name().into(),
                field_value,
            }),
            Err(problem) => issues.push(FieldIssue {
                field: field.field_title.clone(),
                problem,
            }),
        }
    }
    if issues.is_empty() {
        Ok(entries)
    } else {
        Err(OpenapiV2Error::FieldValidationFailed { issues })
    }
}

/// Who filled a row in, as far as it says so.
fn submitter(entries: &[Entry]) -> Person {
    let said = |types: &[FieldType]| {
        let mut entries = entries.iter();
        let of = |entry: &&Entry| {
            types.iter().any(|kind| kind.name() == entry.field_type)
                && entry.field_value.is_string()
        };
        let text = entries.find(of)?.field_value.as_str()?;
        Some(crate::model::value::texts::line(text)).filter(|text| text.chars().count() <= 64)
    };
    Person {
        id: None,
        name: said(&[FieldType::Name, FieldType::CustomerName]),
        phone: said(&[FieldType::Tel, FieldType::CustomerMobile]),
    }
}
