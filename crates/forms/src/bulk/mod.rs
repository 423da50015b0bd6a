//! Work on many records at once: importing, exporting, issuing certificates.
//!
//! A request makes a row that says what is to be done, and a job that has some node do it. What changes records goes on in chunks:
//! one transaction makes the records of a chunk, keeps what came of each item, and moves the work's position, which it found
//! where it expected it. So each item is dealt with once, however many nodes run the job and whenever one of them dies.

mod cells;
mod columns;
mod defuse;
mod export;
mod import;
mod issue;
mod rehearsal;
mod sheet;
mod told;

pub use export::{ExportFormat, MOST_RECORDS, NewExport};
pub use import::NewImport;
pub use told::Told;

use crate::certificate::check_enabled;
use crate::model::{KeyState, RecordId, Right, TplId};
use crate::repo::{BulkJob, ItemResult, KeyHolder, Organization, Template, Upload};
use crate::templates::seen_template;
use crate::{Error, Forms, Result, Scope};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{self, MissingRight, Problem, Resource};
use kernel::{Id, Locale, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::jobs::{self, Job, JobId, NewJob};
use store::record::Json;
use store::{Tx, params};

/// Has work go on.
pub(crate) const BULK: &str = "forms.bulk";
/// How long what came of work can be asked for.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Most works of an organization that have not ended.
const MOST_OPEN: i64 = 20;
/// How often work is taken up that fails for a reason that no rule foresaw.
const MOST_ATTEMPTS: i64 = 8;
/// Items that one transaction deals with. PostgreSQL keeps 64 subtransactions of a transaction at hand.
const CHUNK: usize = 50;

store::text_enum! {
    /// How far work is.
    pub enum JobState {
        /// It has not begun.
        Waiting = "waiting",
        /// It goes on.
        Running = "running",
        /// Every item was dealt with.
        Done = "done",
        /// Somebody ended it; what was done stays.
        Cancelled = "cancelled",
        /// It could not go on; what was done stays.
        Failed = "failed",
    }
}

/// What exactly is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Records are made of the rows of a file.
    Import {
        /// Of which code.
        code_id: i64,
        /// The field of each column.
        columns: Vec<Option<i64>>,
        /// Whether rows are checked only.
        dry_run: bool,
    },
    /// A file is made of records.
    Export(export::Plan),
    /// Records get the certificates that they have not.
    Certificates {
        /// Which records, each once, in order; `None`: every good one.
        record_ids: Option<Vec<RecordId>>,
    },
}

impl Work {
    /// Every name.
    pub const KINDS: &[&str] = &["import", "export", "certificates"];

    /// Its name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Import { .. } => "import",
            Self::Export(_) => "export",
            Self::Certificates { .. } => "certificates",
        }
    }

    /// Whether nothing is to be made.
    pub const fn is_dry_run(&self) -> bool {
        matches!(self, Self::Import { dry_run: true, .. })
    }

    /// Whether items are rows of a file.
    pub const fn has_rows(&self) -> bool {
        matches!(self, Self::Import { .. })
    }
}

/// Work and what came of it, as far as that was asked for.
#[derive(Clone, Debug)]
pub struct Report {
    /// It.
    pub job: BulkJob,
    /// The file that it made, while that is kept.
    pub upload: Option<Upload>,
    /// Some of what came of its items.
    pub results: Vec<ItemResult>,
    /// How many of these there are in all.
    pub count: i64,
}

/// What came of a part of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There is more to do.
    Again,
    /// It has ended, or is another's.
    Over,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    job_id: i64,
}

impl Forms {
    /// Has certificates issued: to these records, or to every good record of the form.
    ///
    /// # Errors
    /// 100304, 100321 when the form has none.
    pub async fn issue_certificates(
        &self,
        scope: &Scope,
        tpl_id: TplId,
        record_ids: Option<Vec<RecordId>>,
    ) -> Result<BulkJob> {
        self.start(scope, move |tx, scope| {
            let template = seen_template(tx, scope, tpl_id)?;
            check_enabled(&template)?;
            let total = issue::total(tx, &template, record_ids.as_deref())?;
            let record_ids = record_ids.clone();
            Ok((template, Work::Certificates { record_ids }, total))
        })
        .await
    }

    /// Makes work and the job that has it go on. `plan` says for which form, what and how many items.
    async fn start(
        &self,
        scope: &Scope,
        plan: impl Fn(&mut Tx<'_>, &Scope) -> Result<(Template, Work, i64)> + Send + Sync + 'static,
    ) -> Result<BulkJob> {
        self.start_with(scope, plan, |_, _| Ok(())).await
    }

    /// The same; `also` is called in the transaction that stores the work.
    async fn start_with(
        &self,
        scope: &Scope,
        plan: impl Fn(&mut Tx<'_>, &Scope) -> Result<(Template, Work, i64)> + Send + Sync + 'static,
        also: impl Fn(&mut Tx<'_>, i64) -> Result<()> + Send + Sync + 'static,
    ) -> Result<BulkJob> {
        let scope = scope.clone();
        let make = |forms: &Self| {
            let id: JobId = Id::new(forms.now(), forms.rng());
            (forms.new_id(), id)
        };
        self.write(make, move |tx, (job_id, id)| {
            let (template, work, total) = plan(tx, &scope)?;
            if BulkJob::count_open(tx, scope.org_id)? >= MOST_OPEN {
                return Err(OpenapiV2Error::TooManyRequests.into());
            }
            let job = BulkJob {
                job_id: *job_id,
                org_id: template.org_id,
                project_id: template.project_id,
                tpl_id: template.tpl_id,
                api_key_id: scope.api_key_id,
                work: Json(work),
                state: JobState::Waiting,
                total,
                done: 0,
                failed: 0,
                position: 0,
                failure: None,
                upload_id: None,
                created_at: scope.now,
                updated_at: scope.now,
                ended_at: None,
            };
            job.insert(tx)?;
            also(tx, job.job_id)?;
            let payload = format!(r#"{{"job_id":{job_id}}}"#);
            let new = NewJob {
                id: *id,
                kind: BULK,
                dedupe_key: None,
                payload: &payload,
                run_at: scope.now,
                leased_to: None,
            };
            jobs::enqueue(tx, &new, scope.now)?;
            Ok(job)
        })
        .await
    }

    /// Work and a part of what came of its items: after `skip` of them at most `take`. `refused`: refusals only.
    ///
    /// # Errors
    /// 404.
    pub async fn bulk_job(
        &self,
        scope: &Scope,
        job_id: i64,
        refused: Option<bool>,
        (skip, take): (i64, i64),
    ) -> Result<Report> {
        let scope = scope.clone();
        self.read(move |tx| {
            let job = seen_job(tx, &scope, job_id)?;
            // Whoever imports wants to know of what is to be corrected; certificates are wanted themselves.
            let refused = refused.unwrap_or(job.work.0.has_rows());
            let (all, refusals) = ItemResult::count(tx, job_id)?;
            let upload = match &job.upload_id {
                Some(id) => Upload::first(tx, Upload::BY_ID, params![id, scope.org_id])?,
                None => None,
            };
            Ok(Report {
                upload: upload.filter(|upload| !upload.is_expired(scope.now)),
                results: ItemResult::list(tx, job_id, refused, skip, take)?,
                count: if refused { refusals } else { all },
                job,
            })
        })
        .await
    }

    /// Has work not go on. What was done stays.
    ///
    /// # Errors
    /// 404; 100301 when it has ended.
    pub async fn cancel_bulk_job(&self, scope: &Scope, job_id: i64) -> Result<BulkJob> {
        let scope = scope.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                seen_job(tx, &scope, job_id)?;
                BulkJob::cancel(tx, job_id, scope.org_id, scope.now)?;
                let job = seen_job(tx, &scope, job_id)?;
                if job.state != JobState::Cancelled {
                    let state = job.state.name().into();
                    return Err(Error::at("job_id", Problem::WrongState { state }));
                }
                Ok(job)
            },
        )
        .await
    }

    /// Forgets what came of work that ended long ago.
    pub(crate) fn forget_bulk_jobs(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
        let kept = i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp::from_micros(now.micros().saturating_sub(kept));
        BulkJob::forget(tx, before)?;
        Ok(())
    }

    pub(crate) async fn run_bulk(&self, job: &Job) -> Result<()> {
        let broken = |_| Error::Failed(format!("the job's payload is {}", job.payload));
        let Payload { job_id } = serde_json::from_str(&job.payload).map_err(broken)?;
        loop {
            let error = match self.step(job, job_id).await {
                Ok(Step::Again) => continue,
                Ok(Step::Over) => return Ok(()),
                // A read that took too long may not do so the next time.
                Err(Error::Refused(error))
                    if !matches!(error, OpenapiV2Error::BadGateway { .. }) =>
                {
                    return self.fail(job, job_id, &error).await;
                }
                Err(error) => error,
            };
            if job.attempts >= MOST_ATTEMPTS {
                let incident = format!("job {job_id}");
                let told = OpenapiV2Error::SystemError { incident };
                self.fail(job, job_id, &told).await?;
            } else {
                let wait = jobs::back_off(job.attempts, self.rng().below(1000));
                let (job, at) = (job.clone(), self.now().plus(wait));
                let reason = error.to_string();
                self.write(
                    |_| (),
                    move |tx, ()| Ok(jobs::reschedule(tx, &job, at, Some(&reason))?),
                )
                .await?;
            }
            return Err(error);
        }
    }

    async fn step(&self, job: &Job, job_id: i64) -> Result<Step> {
        let found = self
            .read(move |tx| Ok(BulkJob::first(tx, BulkJob::TO_RUN, params![job_id])?))
            .await?;
        match found.filter(|found| found.is_open()) {
            None => self.complete(job).await,
            Some(found) => match &found.work.0 {
                Work::Import { dry_run: true, .. } => self.rehearse(job, &found).await,
                Work::Import { .. } => self.import_chunk(job, &found).await,
                Work::Export(plan) => self.export(job, &found, plan).await,
                Work::Certificates { .. } => self.issue_chunk(job, &found).await,
            },
        }
    }

    async fn complete(&self, job: &Job) -> Result<Step> {
        let job = job.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                jobs::complete(tx, &job)?;
                Ok(Step::Over)
            },
        )
        .await
    }

    /// Notes how much was dealt with of what is stored only when all is. Gives what is to be done instead of going on, when the
    /// work has ended or is another node's.
    async fn instead(&self, job: &Job, job_id: i64, done: i64) -> Result<Option<Step>> {
        let (job, now) = (job.clone(), self.now());
        self.write(
            |_| (),
            move |tx, ()| {
                if !jobs::extend(tx, &job, now)? {
                    return Ok(Some(Step::Over));
                }
                let goes_on = BulkJob::progress(tx, job_id, done, now)?;
                Ok((!goes_on).then_some(Step::Again))
            },
        )
        .await
    }

    /// Ends work that cannot go on.
    async fn fail(&self, job: &Job, job_id: i64, error: &OpenapiV2Error) -> Result<()> {
        let (job, now, told) = (job.clone(), self.now(), Told::from(error));
        self.write(
            |_| (),
            move |tx, ()| {
                if let Some(mut work) = Claimed::take(tx, &job, job_id, now)? {
                    work.job.failure = Some(Json(told.clone()));
                    work.job.state = JobState::Failed;
                    crate::repo::cells::remove_all(tx, job_id)?;
                    work.store(tx, &job, now)?;
                }
                Ok(())
            },
        )
        .await
    }
}

impl BulkJob {
    /// Whether it has not ended.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, JobState::Waiting | JobState::Running)
    }
}

/// Open work that nobody else deals with until the transaction ends.
struct Claimed {
    job: BulkJob,
    /// Its position when it was taken.
    from: i64,
}

impl Claimed {
    /// Takes work; `None`: it has ended, or another node has it.
    fn take(tx: &mut Tx<'_>, job: &Job, job_id: i64, now: Timestamp) -> Result<Option<Self>> {
        let found = BulkJob::first(tx, BulkJob::LOCK, params![job_id])?;
        let Some(mut found) = found.filter(BulkJob::is_open) else {
            jobs::complete(tx, job)?;
            return Ok(None);
        };
        if !jobs::extend(tx, job, now)? {
            return Ok(None);
        }
        found.state = JobState::Running;
        let from = found.position;
        Ok(Some(Self { job: found, from }))
    }

    /// Stores how far it is now; ends the job with it.
    fn store(mut self, tx: &mut Tx<'_>, job: &Job, now: Timestamp) -> Result<Step> {
        self.job.updated_at = now;
        let step = if self.job.is_open() {
            Step::Again
        } else {
            self.job.ended_at = Some(now);
            jobs::complete(tx, job)?;
            Step::Over
        };
        if self.job.advance(tx, self.from)? {
            Ok(step)
        } else {
            Err(Error::Raced("somebody else moved the work".into()))
        }
    }

    /// Keeps what came of an item.
    fn put(
        &mut self,
        tx: &mut Tx<'_>,
        item: i64,
        record_id: Option<RecordId>,
        result: Result<String, OpenapiV2Error>,
    ) -> Result<()> {
        self.job.done += 1;
        self.job.failed += i64::from(result.is_err());
        let (reference, refusal) = match result {
            Ok(reference) => (Some(reference).filter(|text| !text.is_empty()), None),
            Err(error) => (None, Some(Json(Told::from(&error)))),
        };
        let result = ItemResult {
            job_id: self.job.job_id,
            item,
            record_id,
            reference,
            refusal,
        };
        Ok(result.put(tx)?)
    }
}

/// What a part of a transaction made, or why it is to be refused; only what no rule foresaw ends the transaction.
fn refused<T>(result: Result<T>) -> Result<Result<T, OpenapiV2Error>> {
    match result {
        Ok(made) => Ok(Ok(made)),
        Err(Error::Refused(error)) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

fn seen_job(tx: &mut Tx<'_>, scope: &Scope, job_id: i64) -> Result<BulkJob> {
    let found = BulkJob::first(tx, BulkJob::BY_ID, params![job_id, scope.org_id])?;
    found
        .filter(|job| scope.sees(job.org_id, job.project_id))
        .ok_or_else(|| Resource::Job.into())
}

/// On whose behalf work goes on: what its key sees and may do now.
fn scope_of(tx: &mut Tx<'_>, job: &BulkJob, now: Timestamp) -> Result<Scope> {
    let org_id = job.org_id;
    let Some(api_key_id) = job.api_key_id else {
        let found = Organization::first(tx, Organization::BY_ID, params![org_id])?;
        let gone = || Error::Failed("work without its organization".into());
        return Ok(Scope {
            org_id,
            org_code: found.ok_or_else(gone)?.org_code,
            api_key_id: None,
            project_ids: None,
            now,
        });
    };
    let disabled = |state| Error::from(OpenapiV2Error::ApiKeyDisabled { state });
    let holder = KeyHolder::of_id(tx, api_key_id)?;
    let KeyHolder { key, org_code } =
        holder.ok_or_else(|| disabled(openapi_v2::KeyState::Revoked))?;
    match key.state {
        KeyState::Enabled => {}
        KeyState::Disabled => return Err(disabled(openapi_v2::KeyState::Disabled)),
        KeyState::Revoked => return Err(disabled(openapi_v2::KeyState::Revoked)),
    }
    if !key.rights.0.contains(&Right::Write) {
        return Err(OpenapiV2Error::Forbidden {
            right: MissingRight::Write,
        }
        .into());
    }
    Ok(Scope {
        org_id,
        org_code,
        api_key_id: Some(api_key_id),
        project_ids: key.project_ids.0,
        now,
    })
}

/// Where the addresses of uploads begin.
fn uploads_url(forms: &Forms) -> String {
    forms.upload_url("")
}

/// The language of a table's titles.
fn locale(tag: &str) -> Locale {
    let mut locales = Locale::ALL.into_iter();
    locales
        .find(|locale| locale.tag() == tag)
        .unwrap_or_default()
}
