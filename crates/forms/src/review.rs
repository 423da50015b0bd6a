//! Approval of records, stage by stage.

use crate::certificate::{NewCertificate, issue_when_due};
use crate::events::Happened;
use crate::model::audit::Decision;
use crate::model::{AuditStatus, EventKind, Person, RecordId};
use crate::repo::{Certificate, Record, Template, uniques};
use crate::submit::Submitted;
use crate::{Error, Forms, Result, Scope, visible};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::Problem;
use store::{Tx, params};

/// A decision about a record.
#[derive(Clone, Debug)]
pub struct Review {
    /// The record.
    pub record_id: RecordId,
    /// Whether it passes; otherwise it is rejected, whichever stage decides.
    pub passes: bool,
    /// The stage that decides; `None`: the one whose turn it is.
    pub stage_id: Option<i64>,
    /// What it says.
    pub reply: String,
    /// Who decides.
    pub by: Person,
}

impl Forms {
    /// Decides about a record. Of two decisions at the same time for one stage the second is refused.
    ///
    /// # Errors
    /// 100303; 100301 when nothing is to be decided, or another stage decides.
    pub async fn review(&self, scope: &Scope, review: Review) -> Result<Submitted> {
        let (seen, record_id) = (scope.clone(), review.record_id);
        let level = self
            .read(move |tx| Ok(visible::record(tx, &seen, record_id)?.audit_level))
            .await?;
        let (scope, teller) = (scope.clone(), self.teller(scope.org_id).await?);
        self.write(Self::new_certificate, move |tx, new| {
            let reviewed = decide(tx, &scope, &review, level, new)?;
            teller.tell(tx, scope.now, || {
                Happened::to_record(EventKind::Review, &reviewed, new)
            })?;
            Ok(reviewed)
        })
        .await
    }
}

/// `level`: the one that was to decide when the decision came.
fn decide(
    tx: &mut Tx<'_>,
    scope: &Scope,
    review: &Review,
    level: i64,
    new: &NewCertificate,
) -> Result<Submitted> {
    let now = scope.now;
    let mut record = visible::lock_record(tx, scope, review.record_id)?;
    let wrong = |parameter, state: &str| {
        let state = state.to_owned().into();
        Err(Error::at(parameter, Problem::WrongState { state }))
    };
    if record.audit_status != AuditStatus::Pending {
        return wrong("action", record.audit_status.name());
    }
    let template = template_of(tx, &record)?;
    let stages = &template.audit.0;
    let stage = stages.deciding(record.audit_level);
    let title = stage.map_or("", |stage| stage.title.as_str());
    let names_other = |id: &i64| stage.is_none_or(|stage| stage.id != *id);
    if review.stage_id.as_ref().is_some_and(names_other) {
        return wrong("stage_id", title);
    }
    if record.audit_level != level {
        return wrong("action", title);
    }
    let level = stage.map_or(level, |stage| stage.level);
    record.audits.0.push(Decision {
        stage_id: stage.map_or(0, |stage| stage.id),
        level,
        passed: review.passes,
        reply: review.reply.clone(),
        by: review.by.clone(),
        at: now.micros().div_euclid(1_000_000),
    });
    (record.audit_status, record.audit_level) = match stages.after(level) {
        _ if !review.passes => (AuditStatus::Rejected, 0),
        Some(next) => (AuditStatus::Pending, next.level),
        None => (AuditStatus::Approved, 0),
    };
    record.updated_at = now;
    record.save(tx)?;
    if record.audit_status == AuditStatus::Rejected {
        uniques::free(tx, record.record_id)?;
    }
    let certificate = match record.audit_status {
        AuditStatus::Approved => issue_when_due(tx, new, &template, &record, scope)?,
        _ => Certificate::first(tx, Certificate::OF_RECORD, params![record.record_id])?,
    };
    Ok(Submitted {
        record,
        certificate,
    })
}

/// A record's form, though it be deleted: what was submitted before can still be decided.
fn template_of(tx: &mut Tx<'_>, record: &Record) -> Result<Template> {
    let found = match record.tpl_id {
        Some(tpl_id) => Template::first(tx, Template::ANY_BY_ID, params![tpl_id, record.org_id])?,
        None => None,
    };
    found.ok_or_else(|| OpenapiV2Error::FormNotFound.into())
}
