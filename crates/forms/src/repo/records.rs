use crate::model::audit::Decision;
use crate::model::value::Filled;
use crate::model::{AuditStatus, CodeId, OrgId, Person, ProjectId, RecordId, TplId};
use kernel::Timestamp;
use store::record::Json;
use store::{Statement, StoreError, Tx, params, record, statements};

record! {
    /// A record: a form that was filled in, a state that was changed, or a code that was edited.
    pub struct Record in "forms_records" key record_id {
        /// Its id.
        record_id: RecordId,
        /// Whose it is.
        org_id: OrgId,
        /// Which project's.
        project_id: ProjectId,
        /// The form.
        tpl_id: Option<TplId>,
        /// The code.
        code_id: CodeId,
        /// 0 a filled form, 3 a change of state, 7 an edit of a code.
        kind: i64,
        /// `L1271755`.
        record_number: String,
        /// `r` and sixteen characters.
        coding: String,
        /// How it came about: `扫一扫填写`, `API`.
        method: String,
        /// Who made it.
        submitter: Json<Person>,
        /// With which key.
        api_key_id: Option<i64>,
        /// What was filled in, in the order of the form.
        fields: Json<Vec<Filled>>,
        /// How far its approval is.
        audit_status: AuditStatus,
        /// The level that decides next, from 1; 0 when none does.
        audit_level: i64,
        /// What was decided.
        audits: Json<Vec<Decision>>,
        /// When it was made.
        submit_at: Timestamp,
        /// When it was changed.
        updated_at: Timestamp,
        /// When it was deleted.
        deleted_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE record_id = $1 AND org_id = $2 AND deleted_at IS NULL";
        /// `$1` id, `$2` organization: locked until the transaction ends; deleted ones too.
        LOCK = "WHERE record_id = $1 AND org_id = $2 /* for update */";
        /// `$1` id, `$2` organization: deleted ones too.
        ANY_BY_ID = "WHERE record_id = $1 AND org_id = $2";
        /// `$1` form, `$2` organization, `$3` after which record, `$4` how many: good ones without a certificate, locked until
        /// the transaction ends.
        LOCK_UNCERTIFIED = "WHERE tpl_id = $1 AND org_id = $2 AND record_id > $3 AND deleted_at IS NULL \
            AND audit_status IN ('none', 'approved') \
            AND NOT EXISTS (SELECT 1 FROM forms_certificates c WHERE c.record_id = forms_records.record_id) \
            ORDER BY record_id LIMIT $4 /* for update */";
        /// `$1` form, `$2` after which record, `$3` how many: those that hold the values that are theirs alone, locked until the
        /// transaction ends.
        LOCK_COUNTING = "WHERE tpl_id = $1 AND record_id > $2 AND deleted_at IS NULL AND audit_status <> 'rejected' \
            ORDER BY record_id LIMIT $3 /* for update */";
        /// `$1` coding.
        BY_CODING = "WHERE coding = $1 AND deleted_at IS NULL";
    }
}

statements! {
    NEXT_NUMBERS = "INSERT INTO forms_numbers (org_id, kind, last) VALUES ($1, $2, $3) \
        ON CONFLICT (org_id, kind) DO UPDATE SET last = forms_numbers.last + excluded.last RETURNING last";
    USED = "SELECT used FROM forms_counts WHERE tpl_id = $1 AND code_id = $2 AND subject = $3 AND period = $4";
    COUNT = "INSERT INTO forms_counts (tpl_id, code_id, subject, period, used) VALUES ($1, $2, $3, $4, 1) \
        ON CONFLICT (tpl_id, code_id, subject, period) DO UPDATE SET used = forms_counts.used + 1 \
        WHERE forms_counts.used < $5";
    ADD_UNIQUE = "INSERT INTO forms_unique_values (tpl_id, field_id, value_hash, record_id) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tpl_id, field_id, value_hash) DO NOTHING";
    HOLDER = "SELECT record_id FROM forms_unique_values WHERE tpl_id = $1 AND field_id = $2 AND value_hash = $3";
    OWN_UNIQUES = "SELECT field_id, value_hash FROM forms_unique_values WHERE record_id = $1";
    FREE_UNIQUE = "DELETE FROM forms_unique_values \
        WHERE tpl_id = $1 AND field_id = $2 AND value_hash = $3 AND record_id = $4";
    FREE_UNIQUES = "DELETE FROM forms_unique_values WHERE record_id = $1";
    FREE_FIELD = "DELETE FROM forms_unique_values WHERE tpl_id = $1 AND field_id = $2";
    PENDING_LEVELS = "SELECT DISTINCT audit_level FROM forms_records \
        WHERE tpl_id = $1 AND deleted_at IS NULL AND audit_status = 'pending' ORDER BY audit_level";
    PUT_TEXT = "INSERT INTO forms_texts (rowid, text) VALUES ($1, $2)";
    REMOVE_TEXT = "DELETE FROM forms_texts WHERE rowid = $1";
}

pub(super) fn all_statements() -> Vec<Statement> {
    [Record::STATEMENTS, STATEMENTS].concat()
}

impl Record {
    /// The levels at which records of a form wait for a decision.
    pub fn pending_levels(tx: &mut Tx<'_>, tpl_id: TplId) -> Result<Vec<i64>, StoreError> {
        tx.query(PENDING_LEVELS, params![tpl_id], |row| row.get(0))
    }
}

/// The next number of a kind in an organization, from 1. Others who want one wait until the transaction ends.
pub fn next_number(tx: &mut Tx<'_>, org_id: OrgId, kind: &str) -> Result<i64, StoreError> {
    next_numbers(tx, org_id, kind, 1)
}

/// The first of the next `many` numbers of a kind in an organization, like [`next_number`]. `many` is at least 1.
pub fn next_numbers(
    tx: &mut Tx<'_>,
    org_id: OrgId,
    kind: &str,
    many: i64,
) -> Result<i64, StoreError> {
    let last: i64 = tx.query_one(NEXT_NUMBERS, params![org_id, kind, many], |row| row.get(0))?;
    Ok(last - many + 1)
}

/// Counts one submission, unless there were `most` in the period already; says whether it did.
pub fn count(
    tx: &mut Tx<'_>,
    (tpl_id, code_id): (TplId, CodeId),
    subject: &str,
    period: &str,
    most: i64,
) -> Result<bool, StoreError> {
    if most < 1 {
        return Ok(false);
    }
    let counted = tx.execute(COUNT, params![tpl_id, code_id, subject, period, most])?;
    Ok(counted == 1)
}

/// How many submissions were counted in a period.
pub fn used(
    tx: &mut Tx<'_>,
    (tpl_id, code_id): (TplId, CodeId),
    subject: &str,
    period: &str,
) -> Result<i64, StoreError> {
    let of = params![tpl_id, code_id, subject, period];
    let used = tx.query_opt(USED, of, |row| row.get(0))?;
    Ok(used.unwrap_or(0))
}

/// What fields hold that may hold each value once.
pub mod uniques {
    use super::*;

    /// Has a record that is new hold these values: field and hash. Gives the fields whose value another record of the form has:
    /// then the transaction must not last.
    pub fn add(
        tx: &mut Tx<'_>,
        tpl_id: TplId,
        record_id: RecordId,
        values: &[(i64, String)],
    ) -> Result<Vec<i64>, StoreError> {
        let mut refused = Vec::new();
        for (field_id, hash) in values {
            if !take(tx, tpl_id, *field_id, hash, record_id)? {
                refused.push(*field_id);
            }
        }
        Ok(refused)
    }

    /// Takes a value for a record; false when another record of the form has it.
    pub fn take(
        tx: &mut Tx<'_>,
        tpl_id: TplId,
        field_id: i64,
        value_hash: &str,
        record_id: RecordId,
    ) -> Result<bool, StoreError> {
        let taken = tx.execute(ADD_UNIQUE, params![tpl_id, field_id, value_hash, record_id])?;
        Ok(taken == 1)
    }

    /// The record of the form that has a value.
    pub fn holder(
        tx: &mut Tx<'_>,
        tpl_id: TplId,
        field_id: i64,
        value_hash: &str,
    ) -> Result<Option<RecordId>, StoreError> {
        let of = params![tpl_id, field_id, value_hash];
        tx.query_opt(HOLDER, of, |row| row.get(0))
    }

    /// Has a record hold these values and no others, like [`add`]. What is new is taken before anything is given back, so
    /// that two records that exchange values do not wait for each other.
    pub fn replace(
        tx: &mut Tx<'_>,
        tpl_id: TplId,
        record_id: RecordId,
        values: &[(i64, String)],
    ) -> Result<Vec<i64>, StoreError> {
        let own = tx.query(OWN_UNIQUES, params![record_id], |row| {
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?))
        })?;
        let new = values.iter().filter(|value| !own.contains(value));
        let new: Vec<_> = new.cloned().collect();
        let refused = add(tx, tpl_id, record_id, &new)?;
        for (field_id, hash) in own.iter().filter(|value| !values.contains(value)) {
            tx.execute(FREE_UNIQUE, params![tpl_id, *field_id, hash, record_id])?;
        }
        Ok(refused)
    }

    /// Gives back what the records of a form hold in a field.
    pub fn free_field(tx: &mut Tx<'_>, tpl_id: TplId, field_id: i64) -> Result<(), StoreError> {
        tx.execute(FREE_FIELD, params![tpl_id, field_id]).map(drop)
    }

    /// Gives back what a record holds.
    pub fn free(tx: &mut Tx<'_>, record_id: RecordId) -> Result<(), StoreError> {
        tx.execute(FREE_UNIQUES, params![record_id]).map(drop)
    }
}

/// Has a record found by this text, in lower case.
pub fn put_text(tx: &mut Tx<'_>, record_id: RecordId, text: &str) -> Result<(), StoreError> {
    tx.enqueue(PUT_TEXT, params![record_id, text])
}

/// Has a record not be found any more.
pub fn remove_text(tx: &mut Tx<'_>, record_id: RecordId) -> Result<(), StoreError> {
    tx.enqueue(REMOVE_TEXT, params![record_id])
}
