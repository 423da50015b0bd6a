//! Certificates for records that have none.

use super::{CHUNK, Claimed, JobState, Step, Work, refused, scope_of};
use crate::certificate::{NewCertificate, check_enabled, issue_when_due};
use crate::events::Happened;
use crate::model::RecordId;
use crate::repo::{BulkJob, Certificate, Record, Template, count_uncertified};
use crate::templates::seen_template;
use crate::{Error, Forms, Result, Scope, visible};
use catalogue::OpenapiV2Error;
use kernel::Timestamp;
use store::jobs::Job;
use store::{Tx, params};

/// How many records are dealt with.
pub fn total(tx: &mut Tx<'_>, template: &Template, named: Option<&[RecordId]>) -> Result<i64> {
    Ok(match named {
        Some(named) => i64::try_from(named.len()).unwrap_or(i64::MAX),
        None => count_uncertified(tx, template.tpl_id, template.org_id)?,
    })
}

impl Forms {
    /// Issues the next certificates.
    pub(super) async fn issue_chunk(&self, job: &Job, found: &BulkJob) -> Result<Step> {
        let (job, now) = (job.clone(), self.now());
        let (job_id, teller) = (found.job_id, self.teller(found.org_id).await?);
        let make = |forms: &Self| {
            let new = (0..CHUNK).map(|_| forms.new_certificate());
            new.collect::<Vec<_>>()
        };
        self.write(make, move |tx, new| {
            let Some(work) = Claimed::take(tx, &job, job_id, now)? else {
                return Ok(Step::Over);
            };
            let mut happened = Vec::new();
            let step = issue(tx, work, &job, now, new, &mut happened)?;
            teller.tell(tx, now, || happened)?;
            Ok(step)
        })
        .await
    }
}

/// A record that is named, and whether it is there for whoever asked.
type Named = (RecordId, Result<Record, OpenapiV2Error>);

fn issue(
    tx: &mut Tx<'_>,
    mut work: Claimed,
    job: &Job,
    now: Timestamp,
    new: &[NewCertificate],
    happened: &mut Vec<Happened>,
) -> Result<Step> {
    let scope = scope_of(tx, &work.job, now)?;
    let template = seen_template(tx, &scope, work.job.tpl_id)?;
    check_enabled(&template)?;
    let Work::Certificates { record_ids } = work.job.work.0.clone() else {
        return Err(Error::Failed("other work than was expected".into()));
    };
    let most = i64::try_from(new.len()).unwrap_or(i64::MAX);
    let (records, position, is_last) = match &record_ids {
        Some(named) => {
            let from = usize::try_from(work.from).unwrap_or(usize::MAX);
            let rest = named.get(from..).unwrap_or_default();
            let next = rest.get(..CHUNK).unwrap_or(rest);
            let records = locked(tx, &scope, next)?;
            let position = work.from.saturating_add(most).min(work.job.total);
            (records, position, position >= work.job.total)
        }
        None => {
            let of = params![template.tpl_id, template.org_id, work.from, most];
            let records = Record::all(tx, Record::LOCK_UNCERTIFIED, of)?;
            let position = records.last().map_or(work.from, |last| last.record_id);
            let is_last = records.len() < new.len();
            let named = records.into_iter();
            let records: Vec<Named> = named.map(|found| (found.record_id, Ok(found))).collect();
            (records, position, is_last)
        }
    };
    for ((record_id, record), new) in records.into_iter().zip(new) {
        let result = match record {
            Ok(record) => refused(certify(tx, &template, &record, new, &scope))?,
            Err(error) => Err(error),
        };
        let result = result.map(|certificate| {
            if new.became(&certificate) {
                happened.push(Happened::to_certificate(&certificate, None));
            }
            certificate.coding
        });
        let item = work.job.done + 1;
        work.put(tx, item, Some(record_id), result)?;
    }
    work.job.position = position;
    if is_last {
        work.job.state = JobState::Done;
    }
    // Records were made or approved meanwhile, or got theirs otherwise.
    if record_ids.is_none() && (is_last || work.job.done > work.job.total) {
        work.job.total = work.job.done;
    }
    work.store(tx, job, now)
}

fn locked(tx: &mut Tx<'_>, scope: &Scope, named: &[RecordId]) -> Result<Vec<Named>> {
    let mut records = Vec::with_capacity(named.len());
    for record_id in named {
        let record = refused(visible::lock_record(tx, scope, *record_id))?;
        records.push((*record_id, record));
    }
    Ok(records)
}

/// The record's certificate, which it has now if it had not.
fn certify(
    tx: &mut Tx<'_>,
    template: &Template,
    record: &Record,
    new: &NewCertificate,
    scope: &Scope,
) -> Result<Certificate> {
    if record.tpl_id != Some(template.tpl_id) {
        let parameters = vec!["tpl_id"];
        return Err(OpenapiV2Error::ScopeMismatch { parameters }.into());
    }
    match issue_when_due(tx, new, template, record, scope)? {
        Some(certificate) => Ok(certificate),
        None => Err(OpenapiV2Error::RecordNotApproved {
            status: record.audit_status.name().into(),
        }
        .into()),
    }
}
