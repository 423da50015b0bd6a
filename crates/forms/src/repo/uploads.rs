use crate::model::value::UploadState;
use crate::model::{OrgId, RecordId};
use kernel::Timestamp;
use store::{Statement, StoreError, Tx, params, record, statements};

record! {
    /// A file that a submission may refer to.
    pub struct Upload in "forms_uploads" key upload_id {
        /// `u` and sixteen characters.
        upload_id: String,
        /// Whose it is.
        org_id: OrgId,
        /// The file's name.
        name: String,
        /// What it is.
        content_type: String,
        /// Bytes.
        size: i64,
        /// Base64.
        body: String,
        /// The record that refers to it, which keeps it.
        record_id: Option<RecordId>,
        /// When it is forgotten, unless a record keeps it.
        expire_at: Timestamp,
        /// When it came.
        created_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE upload_id = $1 AND org_id = $2";
        /// `$1` id: for whoever has its address.
        SERVED = "WHERE upload_id = $1";
    }
}

statements! {
    FORGET = "DELETE FROM forms_uploads WHERE record_id IS NULL AND expire_at <= $1";
    STATE = "SELECT content_type, record_id, expire_at FROM forms_uploads WHERE upload_id = $1 AND org_id = $2";
    RELEASE = "UPDATE forms_uploads SET record_id = NULL, expire_at = $2 WHERE record_id = $1";
    WAITING = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM forms_uploads WHERE org_id = $1 AND record_id IS NULL AND expire_at > $2";
    KEEP = "UPDATE forms_uploads SET record_id = $2 WHERE upload_id = $1 AND org_id = $3 AND record_id IS NULL";
}

pub(super) fn all_statements() -> Vec<Statement> {
    [Upload::STATEMENTS, STATEMENTS].concat()
}

impl Upload {
    /// Whether its time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.record_id.is_none() && self.expire_at <= now
    }

    /// Deletes those whose time is over; says how many.
    pub fn forget(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
        tx.execute(FORGET, params![now])
    }

    /// What is known of an upload, without its content.
    pub fn state(
        tx: &mut Tx<'_>,
        upload_id: &str,
        org_id: OrgId,
        now: Timestamp,
    ) -> Result<UploadState, StoreError> {
        let found = tx.query_opt(STATE, params![upload_id, org_id], |row| {
            let kept = row.get::<Option<RecordId>>(1)?.is_some();
            let lasts = kept || row.get::<Timestamp>(2)? > now;
            Ok((row.get(0)?, lasts))
        })?;
        Ok(match found {
            None => UploadState::Unknown,
            Some((_, false)) => UploadState::Expired,
            Some((content_type, true)) => UploadState::Usable { content_type },
        })
    }

    /// The time of a record's files is over: it was deleted.
    pub fn release(tx: &mut Tx<'_>, record_id: RecordId, now: Timestamp) -> Result<(), StoreError> {
        tx.enqueue(RELEASE, params![record_id, now])
    }

    /// How many bytes wait for a submission that refers to them.
    pub fn waiting(tx: &mut Tx<'_>, org_id: OrgId, now: Timestamp) -> Result<i64, StoreError> {
        tx.query_one(WAITING, params![org_id, now], |row| row.get(0))
    }

    /// Has a record keep an upload, unless another one does already; says whether it is its own now.
    pub fn keep(
        tx: &mut Tx<'_>,
        upload_id: &str,
        org_id: OrgId,
        record_id: RecordId,
    ) -> Result<bool, StoreError> {
        let kept = tx.execute(KEEP, params![upload_id, record_id, org_id])?;
        Ok(kept == 1)
    }
}
