//! Changing and deleting records.

use crate::certificate::{NewCertificate, issue_when_due};
use crate::events::Happened;
use crate::model::value::{Checked, Entry, Filled};
use crate::model::{AuditStatus, EventKind, RecordId};
use crate::repo::{Certificate, Template, Upload, put_text, remove_text, uniques};
use crate::submit::{Submitted, check, hold_uniques, keep_uploads, search_text};
use crate::templates::{self, seen_template};
use crate::{Error, Forms, Result, Scope, visible};
use catalogue::openapi_v2::Problem;
use store::{Tx, params};

impl Forms {
    /// Fills fields of a record in anew; the others stay. A record whose form has approval is to be approved again.
    ///
    /// # Errors
    /// 100303, 100304, 100307 to 100310; 100301 for a record that is no filled form.
    pub async fn update_record(
        &self,
        scope: &Scope,
        record_id: RecordId,
        entries: Vec<Entry>,
    ) -> Result<Submitted> {
        let (scope, teller) = (scope.clone(), self.teller(scope.org_id).await?);
        self.write(Self::new_certificate, move |tx, new| {
            let edited = update(tx, &scope, record_id, &entries, new)?;
            teller.tell(tx, scope.now, || {
                Happened::to_record(EventKind::Edited, &edited, new)
            })?;
            Ok(edited)
        })
        .await
    }

    /// Deletes a record: it does not come back, and what it alone could hold is free.
    ///
    /// # Errors
    /// 100303.
    pub async fn delete_record(&self, scope: &Scope, record_id: RecordId) -> Result<()> {
        let scope = scope.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                let mut record = visible::lock_record(tx, &scope, record_id)?;
                record.deleted_at = Some(scope.now);
                record.updated_at = scope.now;
                record.save(tx)?;
                uniques::free(tx, record_id)?;
                remove_text(tx, record_id)?;
                Upload::release(tx, record_id, scope.now)?;
                Ok(())
            },
        )
        .await
    }
}

fn update(
    tx: &mut Tx<'_>,
    scope: &Scope,
    record_id: RecordId,
    entries: &[Entry],
    new: &NewCertificate,
) -> Result<Submitted> {
    let mut record = visible::lock_record(tx, scope, record_id)?;
    let Some(tpl_id) = record.tpl_id else {
        let state = format!("record_type {}", record.kind).into();
        return Err(Error::at("record_id", Problem::WrongState { state }));
    };
    let template = seen_template(tx, scope, tpl_id)?;
    // Fields that are absent stay as they are, required or not.
    let Checked { filled, uploads } = check(tx, scope, &template.definition.0, entries, false)?;
    let before = std::mem::take(&mut record.fields.0);
    record.fields.0 = merged(&template, before, entries, filled);
    let fields = &record.fields.0;
    hold_uniques(tx, &template, record_id, fields, uniques::replace)?;
    keep_uploads(tx, scope, record_id, uploads)?;
    templates::hold(tx, &template)?;
    (record.audit_status, record.audit_level) = template.audit.0.begin();
    record.updated_at = scope.now;
    record.save(tx)?;
    remove_text(tx, record_id)?;
    put_text(tx, record_id, &search_text(&template, &record))?;
    let certificate = match record.audit_status {
        AuditStatus::Pending => Certificate::first(tx, Certificate::OF_RECORD, params![record_id])?,
        _ => issue_when_due(tx, new, &template, &record, scope)?,
    };
    Ok(Submitted {
        record,
        certificate,
    })
}

/// What a record holds after an edit: what was given replaces what was there, in the order of the form. What belongs to
/// fields that the form no longer has comes last.
fn merged(
    template: &Template,
    before: Vec<Filled>,
    entries: &[Entry],
    given: Vec<Filled>,
) -> Vec<Filled> {
    let is_given = |filled: &Filled| entries.iter().any(|e| e.field_id == filled.field_id);
    let kept = before.into_iter().filter(|filled| !is_given(filled));
    let mut fields: Vec<Filled> = kept.chain(given).collect();
    let order: Vec<i64> = template.definition.0.fields().map(|f| f.field_id).collect();
    let place = |filled: &Filled| order.iter().position(|id| *id == filled.field_id);
    fields.sort_by_key(|filled| place(filled).unwrap_or(usize::MAX));
    fields
}
