use crate::bulk::{JobState, Told, Work};
use crate::model::{OrgId, ProjectId, RecordId, TplId};
use kernel::Timestamp;
use store::record::Json;
use store::{Param, Row, Statement, StoreError, Tx, params, record, statements};

record! {
    /// Work on many records at once.
    pub struct BulkJob in "forms_jobs" key job_id {
        /// Its id.
        job_id: i64,
        /// Whose it is.
        org_id: OrgId,
        /// The form's project.
        project_id: ProjectId,
        /// The form.
        tpl_id: TplId,
        /// The key on whose behalf it is done; `None`: the organization's.
        api_key_id: Option<i64>,
        /// What is done.
        work: Json<Work>,
        /// Whether it still is.
        state: JobState,
        /// Items.
        total: i64,
        /// Items that were dealt with.
        done: i64,
        /// Items of those that were refused.
        failed: i64,
        /// How far it is; only ever grows.
        position: i64,
        /// Why all of it ended.
        failure: Option<Json<Told>>,
        /// The file that it made.
        upload_id: Option<String>,
        /// When it was asked for.
        created_at: Timestamp,
        /// When it last went on.
        updated_at: Timestamp,
        /// When it ended.
        ended_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE job_id = $1 AND org_id = $2";
        /// `$1` id: for the runner, whose job names it.
        TO_RUN = "WHERE job_id = $1";
        /// `$1` id: the same, locked until the transaction ends.
        LOCK = "WHERE job_id = $1 /* for update */";
    }
}

/// What came of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemResult {
    /// Of which work.
    pub job_id: i64,
    /// The row of the file, or the number of the record; of no other item of the work.
    pub item: i64,
    /// The record.
    pub record_id: Option<RecordId>,
    /// The number or code of what was made.
    pub reference: Option<String>,
    /// Why nothing was.
    pub refusal: Option<Json<Told>>,
}

statements! {
    ADVANCE = "UPDATE forms_jobs SET position = $3, done = $4, failed = $5, total = $6, state = $7, failure = $8, \
        upload_id = $9, updated_at = $10, ended_at = $11 \
        WHERE job_id = $1 AND position = $2 AND state IN ('waiting', 'running')";
    PROGRESS = "UPDATE forms_jobs SET state = 'running', done = $2, updated_at = $3 \
        WHERE job_id = $1 AND state IN ('waiting', 'running')";
    CANCEL = "UPDATE forms_jobs SET state = 'cancelled', updated_at = $3, ended_at = $3 \
        WHERE job_id = $1 AND org_id = $2 AND state IN ('waiting', 'running')";
    COUNT_OPEN = "SELECT COUNT(*) FROM forms_jobs WHERE org_id = $1 AND state IN ('waiting', 'running')";
    PUT_CELLS = "INSERT INTO forms_job_rows (job_id, position, cells) VALUES ($1, $2, $3)";
    CELLS = "SELECT cells FROM forms_job_rows WHERE job_id = $1 AND position = $2";
    REMOVE_CELLS = "DELETE FROM forms_job_rows WHERE job_id = $1 AND position = $2";
    REMOVE_ALL_CELLS = "DELETE FROM forms_job_rows WHERE job_id = $1";
    PUT_RESULT = "INSERT INTO forms_job_results (job_id, item, record_id, reference, refusal) VALUES ($1, $2, $3, $4, $5)";
    RESULTS = "SELECT job_id, item, record_id, reference, refusal FROM forms_job_results \
        WHERE job_id = $1 ORDER BY item LIMIT $3 OFFSET $2";
    REFUSALS = "SELECT job_id, item, record_id, reference, refusal FROM forms_job_results \
        WHERE job_id = $1 AND refusal IS NOT NULL ORDER BY item LIMIT $3 OFFSET $2";
    COUNT_RESULTS = "SELECT COUNT(*), COUNT(refusal) FROM forms_job_results WHERE job_id = $1";
    FORGET_CELLS = "DELETE FROM forms_job_rows WHERE job_id IN \
        (SELECT job_id FROM forms_jobs WHERE created_at < $1 AND ended_at IS NOT NULL)";
    FORGET_RESULTS = "DELETE FROM forms_job_results WHERE job_id IN \
        (SELECT job_id FROM forms_jobs WHERE created_at < $1 AND ended_at IS NOT NULL)";
    FORGET = "DELETE FROM forms_jobs WHERE created_at < $1 AND ended_at IS NOT NULL";
    UNCERTIFIED = "SELECT COUNT(*) FROM forms_records WHERE tpl_id = $1 AND org_id = $2 AND deleted_at IS NULL \
        AND audit_status IN ('none', 'approved') \
        AND NOT EXISTS (SELECT 1 FROM forms_certificates c WHERE c.record_id = forms_records.record_id)";
}

pub(super) fn all_statements() -> Vec<Statement> {
    [BulkJob::STATEMENTS, STATEMENTS].concat()
}

impl BulkJob {
    /// Stores how far it is, if it is open and was at `from`; says whether it was.
    pub fn advance(&self, tx: &mut Tx<'_>, from: i64) -> Result<bool, StoreError> {
        use store::record::Column as _;
        let values = params![
            self.job_id,
            from,
            self.position,
            self.done,
            self.failed,
            self.total,
            self.state.name(),
            self.failure.param(),
            self.upload_id.as_ref(),
            self.updated_at,
            self.ended_at,
        ];
        Ok(tx.execute(ADVANCE, values)? == 1)
    }

    /// Notes how much was dealt with, of what is stored only when all is; false when it is not open any more.
    pub fn progress(
        tx: &mut Tx<'_>,
        job_id: i64,
        done: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(tx.execute(PROGRESS, params![job_id, done, now])? == 1)
    }

    /// Has it not go on; false when it has ended.
    pub fn cancel(
        tx: &mut Tx<'_>,
        job_id: i64,
        org_id: OrgId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let cancelled = tx.execute(CANCEL, params![job_id, org_id, now])? == 1;
        if cancelled {
            cells::remove_all(tx, job_id)?;
        }
        Ok(cancelled)
    }

    /// How many of an organization have not ended.
    pub fn count_open(tx: &mut Tx<'_>, org_id: OrgId) -> Result<i64, StoreError> {
        tx.query_one(COUNT_OPEN, params![org_id], |row| row.get(0))
    }

    /// Deletes those that have ended and were asked for before; says how many.
    pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
        tx.execute(FORGET_CELLS, params![before])?;
        tx.execute(FORGET_RESULTS, params![before])?;
        tx.execute(FORGET, params![before])
    }
}

/// Rows of a file that are to be imported, as JSON.
pub mod cells {
    use super::*;

    /// Keeps some, the first of which has this position.
    pub fn put(tx: &mut Tx<'_>, job_id: i64, position: i64, cells: &str) -> Result<(), StoreError> {
        tx.enqueue(PUT_CELLS, params![job_id, position, cells])
    }

    /// Those that begin at this position.
    pub fn at(tx: &mut Tx<'_>, job_id: i64, position: i64) -> Result<Option<String>, StoreError> {
        tx.query_opt(CELLS, params![job_id, position], |row| row.get(0))
    }

    /// Forgets those that begin at this position.
    pub fn remove(tx: &mut Tx<'_>, job_id: i64, position: i64) -> Result<(), StoreError> {
        tx.enqueue(REMOVE_CELLS, params![job_id, position])
    }

    /// Forgets all of them.
    pub fn remove_all(tx: &mut Tx<'_>, job_id: i64) -> Result<(), StoreError> {
        tx.enqueue(REMOVE_ALL_CELLS, params![job_id])
    }
}

impl ItemResult {
    /// Keeps it.
    pub fn put(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        use store::record::Column as _;
        let values = [
            Param::from(self.job_id),
            Param::from(self.item),
            Param::from(self.record_id),
            Param::from(self.reference.as_ref()),
            self.refusal.param(),
        ];
        tx.enqueue(PUT_RESULT, &values)
    }

    /// Those of a work, in order, after `skip` of them: at most `take`. `refused`: refusals only.
    pub fn list(
        tx: &mut Tx<'_>,
        job_id: i64,
        refused: bool,
        skip: i64,
        take: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let select = if refused { REFUSALS } else { RESULTS };
        tx.query(select, params![job_id, skip, take], |row| {
            Ok(Self {
                job_id: row.get(0)?,
                item: row.get(1)?,
                record_id: row.get(2)?,
                reference: row.get(3)?,
                refusal: row.get(4)?,
            })
        })
    }

    /// How many there are of a work, and how many of them are refusals.
    pub fn count(tx: &mut Tx<'_>, job_id: i64) -> Result<(i64, i64), StoreError> {
        let both = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        tx.query_one(COUNT_RESULTS, params![job_id], both)
    }
}

/// How many good records of a form have no certificate.
pub fn count_uncertified(tx: &mut Tx<'_>, tpl_id: TplId, org_id: OrgId) -> Result<i64, StoreError> {
    tx.query_one(UNCERTIFIED, params![tpl_id, org_id], |row| row.get(0))
}
