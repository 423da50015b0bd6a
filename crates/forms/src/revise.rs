//! What a changed form means for the records that it has: what they use stays, and a field that becomes unique is unique
//! among them too.

use crate::model::audit::AuditConfig;
use crate::model::certificate::CertificateConfig;
use crate::model::form::Definition;
use crate::model::{TplId, value};
use crate::repo::{Record, Template, statuses_in_use, uniques};
use crate::{Error, Result};
use catalogue::openapi_v2::{Issue, Problem};
use kernel::Timestamp;
use std::collections::BTreeSet;
use store::{Tx, params};

/// Records that are looked at together.
const CHUNK: i64 = 500;

/// Has the records of a form follow its change. `reversible_since`: verifications from then on may still be reversed.
///
/// # Errors
/// 100301 with everything that stands against the change.
pub(crate) fn revise(
    tx: &mut Tx<'_>,
    before: &Template,
    after: &Template,
    reversible_since: Timestamp,
) -> Result<()> {
    let mut issues = Vec::new();
    issues.extend(lost_statuses(tx, before, after, reversible_since)?);
    issues.extend(lost_stages(
        tx,
        before.tpl_id,
        &before.audit.0,
        &after.audit.0,
    )?);
    issues.extend(revise_uniques(tx, before, after)?);
    if issues.is_empty() {
        Ok(())
    } else {
        Err(issues.into())
    }
}

/// Statuses that certificates have, or may be set back to, cannot go.
fn lost_statuses(
    tx: &mut Tx<'_>,
    before: &Template,
    after: &Template,
    reversible_since: Timestamp,
) -> Result<Option<Issue>> {
    let has = |config: &CertificateConfig, name: &str| config.status(name).is_some();
    let is_lost = |name: &str| has(&before.certificate.0, name) && !has(&after.certificate.0, name);
    let mut statuses = before.certificate.0.statuses.iter();
    if !statuses.any(|status| is_lost(&status.name)) {
        return Ok(None);
    }
    let used = statuses_in_use(tx, before.tpl_id, reversible_since)?;
    let lost = used.into_iter().filter(|name| is_lost(name)).collect();
    Ok(in_use("certificate_config.statuses", lost))
}

/// The stage that decides next about a record that waits for it goes on to do so.
fn lost_stages(
    tx: &mut Tx<'_>,
    tpl_id: TplId,
    before: &AuditConfig,
    after: &AuditConfig,
) -> Result<Option<Issue>> {
    if before.stages == after.stages {
        return Ok(None);
    }
    let mut lost = Vec::new();
    for level in Record::pending_levels(tx, tpl_id)? {
        let (was, is) = (before.deciding(level), after.deciding(level));
        if let Some(was) = was.filter(|was| is.is_none_or(|is| is.id != was.id)) {
            lost.push(was.title.clone());
        }
    }
    Ok(in_use("audit_config.stages", lost))
}

fn in_use(path: &'static str, names: Vec<String>) -> Option<Issue> {
    let names = (!names.is_empty()).then(|| names.join(", "))?;
    Some(Issue::at(path, Problem::InUse { names }))
}

/// Takes the values of fields that become unique, and gives back those of fields that no longer are.
fn revise_uniques(tx: &mut Tx<'_>, before: &Template, after: &Template) -> Result<Vec<Issue>> {
    let (old, new) = (
        uniques_of(&before.definition.0),
        uniques_of(&after.definition.0),
    );
    for field_id in old.difference(&new) {
        uniques::free_field(tx, before.tpl_id, *field_id)?;
    }
    let mut added: BTreeSet<i64> = new.difference(&old).copied().collect();
    let mut issues = Vec::new();
    let mut from = 0;
    while !added.is_empty() {
        let of = params![after.tpl_id, from, CHUNK];
        // Locked, so that none is deleted or rejected, and gives its values back, before it has taken them.
        let records = Record::all(tx, Record::LOCK_COUNTING, of)?;
        let Some(last) = records.last() else { break };
        from = last.record_id;
        for record in &records {
            let values = value::unique_values(&after.definition.0, &record.fields.0);
            for (field_id, _, hash) in values {
                let is_new = added.contains(&field_id);
                if !is_new || uniques::take(tx, after.tpl_id, field_id, &hash, record.record_id)? {
                    continue;
                }
                issues.push(held_twice(tx, after, field_id, &hash, record)?);
                added.remove(&field_id);
            }
        }
    }
    Ok(issues)
}

fn held_twice(
    tx: &mut Tx<'_>,
    template: &Template,
    field_id: i64,
    hash: &str,
    record: &Record,
) -> Result<Issue> {
    let holder = uniques::holder(tx, template.tpl_id, field_id, hash)?;
    let first = match holder {
        Some(id) => Record::first(tx, Record::BY_ID, params![id, template.org_id])?,
        None => None,
    };
    let first = first.ok_or_else(|| Error::Raced("the value was given back".into()))?;
    let records = format!("{}, {}", first.record_number, record.record_number);
    let path = path_of(&template.definition.0, field_id);
    Ok(Issue::at(path, Problem::HeldTwice { records }))
}

fn uniques_of(definition: &Definition) -> BTreeSet<i64> {
    let unique = definition.fields().filter(|field| field.settings.is_unique);
    unique.map(|field| field.field_id).collect()
}

/// The parameter that makes a field unique.
fn path_of(definition: &Definition, field_id: i64) -> String {
    let groups = definition.groups.iter().enumerate();
    let mut places = groups.flat_map(|(at, group)| {
        let fields = group.fields.iter().enumerate();
        fields.map(move |(index, field)| (at, index, field.field_id))
    });
    match places.find(|(.., id)| *id == field_id) {
        Some((group, field, _)) => format!("groups[{group}].fields[{field}].settings.is_unique"),
        None => "groups".into(),
    }
}
