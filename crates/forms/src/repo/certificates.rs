use crate::model::certificate::CertificateConfig;
use crate::model::{AuditStatus, CodeId, OrgId, Person, ProjectId, RecordId, TplId};
use kernel::Timestamp;
use std::time::Duration;
use store::record::Json;
use store::{Param, Row, Statement, StoreError, Tx, params, record, statements};
use vouchers::VoucherId;

record! {
    /// What a record entitles to.
    pub struct Certificate in "forms_certificates" key certificate_id {
        /// Its id.
        certificate_id: i64,
        /// Whose it is.
        org_id: OrgId,
        /// The record.
        record_id: RecordId,
        /// The record's form.
        tpl_id: TplId,
        /// The record's code.
        code_id: CodeId,
        /// `v` and what [`coding`](crate::coding) made.
        coding: String,
        /// One of the form's.
        status: String,
        /// Why it no longer counts; `None` while it does.
        revoked: Option<String>,
        /// When it was issued.
        issued_at: Timestamp,
        /// When its status was set, or it was revoked: later each time, so that it tells one setting from another.
        updated_at: Timestamp,
    }
    select {
        /// `$1` record.
        OF_RECORD = "WHERE record_id = $1";
    }
}

store::text_enum! {
    /// What came of an attempt to verify.
    pub enum Outcome {
        /// The status was set.
        Verified = "verified",
        /// Nothing was done.
        Refused = "refused",
        /// A verification was undone.
        Reversed = "reversed",
    }
}

record! {
    /// An attempt to verify a certificate. Never changed.
    pub struct Verification in "forms_verifications" key verification_id {
        /// Its id.
        verification_id: i64,
        /// On whose behalf.
        org_id: OrgId,
        /// What was verified; `None` when the code was no certificate's.
        certificate_id: Option<i64>,
        /// The code that was presented, cut to 256 characters.
        presented: String,
        /// What came of it.
        outcome: Outcome,
        /// Why nothing was done.
        error_code: Option<i64>,
        /// The status before.
        from_status: Option<String>,
        /// The status after.
        to_status: Option<String>,
        /// Who verified.
        operator: Json<Person>,
        /// With which key.
        api_key_id: Option<i64>,
        /// With which authorization code.
        authorization_id: Option<i64>,
        /// What makes a retried call return the first success.
        nonce: Option<String>,
        /// SHA-256 of what was asked for.
        request_hash: String,
        /// The verification that this undid.
        reverses: Option<i64>,
        /// Why that was undone.
        reason: Option<String>,
        /// When; of one that changed the certificate, the certificate's `updated_at` since.
        at: Timestamp,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE verification_id = $1 AND org_id = $2";
        /// `$1` organization, `$2` nonce: the success that it stands for.
        BY_NONCE = "WHERE org_id = $1 AND nonce = $2 AND outcome = 'verified'";
        /// `$1` certificate: newest first.
        OF_CERTIFICATE = "WHERE certificate_id = $1 ORDER BY verification_id DESC LIMIT 100";
    }
}

record! {
    /// A code that lets whoever has it verify certificates of a form.
    pub struct Authorization in "forms_authorizations" key authorization_id {
        /// Its id.
        authorization_id: i64,
        /// Whose it is.
        org_id: OrgId,
        /// For which form.
        tpl_id: TplId,
        /// SHA-256 of the code.
        code_hash: String,
        /// Its end.
        hint: String,
        /// Who has it.
        holder: Json<Person>,
        /// When it ends to count.
        expire_at: Option<Timestamp>,
        /// How often it may be used.
        max_uses: Option<i64>,
        /// How often it was.
        uses: i64,
        /// When it was taken back.
        revoked_at: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
    }
    select {
        /// `$1` SHA-256 of the code, `$2` organization.
        BY_CODE = "WHERE code_hash = $1 AND org_id = $2";
        /// `$1` form, `$2` organization.
        OF_TEMPLATE = "WHERE tpl_id = $1 AND org_id = $2 ORDER BY authorization_id DESC LIMIT 1000";
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE authorization_id = $1 AND org_id = $2";
    }
}

/// A certificate with what its verification depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// It.
    pub certificate: Certificate,
    /// The project of its record.
    pub project_id: ProjectId,
    /// The number of its record.
    pub record_number: String,
    /// The code of its record.
    pub record_coding: String,
    /// How far the approval of its record is.
    pub audit_status: AuditStatus,
    /// When its record was made.
    pub submit_at: Timestamp,
    /// Whether its record was deleted.
    pub record_deleted: bool,
    /// The name of its form.
    pub form_name: String,
    /// What its form says about certificates.
    pub config: CertificateConfig,
    /// Whether its form was deleted.
    pub form_deleted: bool,
    /// The success that the nonce stands for, when a nonce was asked for.
    pub answered: Option<i64>,
    /// The voucher that it is the certificate of.
    pub voucher: Option<VoucherId>,
}

macro_rules! select_standing {
    ($answered:literal, $condition:literal) => {
        concat!(
            "SELECT c.certificate_id, c.org_id, c.record_id, c.tpl_id, c.code_id, c.coding, c.status, COALESCE(c.revoked, o.revoked), c.issued_at, \
             c.updated_at, r.project_id, r.record_number, r.coding, r.audit_status, r.submit_at, r.deleted_at, t.name, \
             t.certificate, t.deleted_at, ",
            $answered,
            ", o.voucher_id FROM forms_certificates c JOIN forms_records r ON r.record_id = c.record_id \
             JOIN forms_templates t ON t.tpl_id = c.tpl_id LEFT JOIN vouchers o ON o.record_id = c.record_id WHERE ",
            $condition
        )
    };
}

statements! {
    STATUSES_IN_USE = "SELECT c.status FROM forms_records r JOIN forms_certificates c ON c.record_id = r.record_id \
            WHERE r.tpl_id = $1 AND r.deleted_at IS NULL AND c.revoked IS NULL \
        UNION SELECT v.from_status FROM forms_records r JOIN forms_certificates c ON c.record_id = r.record_id \
            JOIN forms_verifications v ON v.certificate_id = c.certificate_id \
            WHERE r.tpl_id = $1 AND r.deleted_at IS NULL AND c.revoked IS NULL AND v.outcome = 'verified' AND v.at >= $2";
    STANDING_BY_CODING = select_standing!(
        "(SELECT v.verification_id FROM forms_verifications v WHERE v.org_id = c.org_id AND v.nonce = $3 AND v.outcome = 'verified')",
        "c.coding = $1 AND c.org_id = $2"
    );
    STANDING_BY_RECORD = select_standing!("NULL", "c.record_id = $1 AND c.org_id = $2");
    STANDING_BY_ID = select_standing!("NULL", "c.certificate_id = $1 AND c.org_id = $2");
    SET_STATUS = "UPDATE forms_certificates SET status = $4, updated_at = $5 \
        WHERE certificate_id = $1 AND status = $2 AND updated_at = $3 AND revoked IS NULL";
    REVOKE = "UPDATE forms_certificates SET revoked = $3, updated_at = CASE WHEN updated_at >= $4 THEN updated_at + 1 ELSE $4 END \
        WHERE record_id = $1 AND org_id = $2 AND revoked IS NULL";
    REINSTATE = "UPDATE forms_certificates SET revoked = NULL, updated_at = CASE WHEN updated_at >= $4 THEN updated_at + 1 ELSE $4 END \
        WHERE record_id = $1 AND org_id = $2 AND revoked = $3";
    USE_AUTHORIZATION = "UPDATE forms_authorizations SET uses = uses + 1 \
        WHERE authorization_id = $1 AND revoked_at IS NULL AND (max_uses IS NULL OR uses < max_uses)";
    GIVE_BACK_USE = "UPDATE forms_authorizations SET uses = uses - 1 WHERE authorization_id = $1";
    REVOKE_AUTHORIZATION = "UPDATE forms_authorizations SET revoked_at = $3 \
        WHERE authorization_id = $1 AND org_id = $2 AND revoked_at IS NULL";
}

pub(super) fn all_statements() -> Vec<Statement> {
    [
        Certificate::STATEMENTS,
        Verification::STATEMENTS,
        Authorization::STATEMENTS,
        STATEMENTS,
    ]
    .concat()
}

impl Standing {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let Json(config) = row.get(17)?;
        Ok(Self {
            certificate: Certificate::read(row)?,
            project_id: row.get(10)?,
            record_number: row.get(11)?,
            record_coding: row.get(12)?,
            audit_status: row.get(13)?,
            submit_at: row.get(14)?,
            record_deleted: row.get::<Option<Timestamp>>(15)?.is_some(),
            form_name: row.get(16)?,
            config,
            form_deleted: row.get::<Option<Timestamp>>(18)?.is_some(),
            answered: row.get(19)?,
            voucher: row.get(20)?,
        })
    }

    /// The one with this code; with it the success in the organization that `nonce` stands for.
    pub fn of_coding(
        tx: &mut Tx<'_>,
        coding: &str,
        org_id: OrgId,
        nonce: Option<&str>,
    ) -> Result<Option<Self>, StoreError> {
        let found = params![coding, org_id, nonce];
        tx.query_opt(STANDING_BY_CODING, found, Self::read)
    }

    /// The one of this record.
    pub fn of_record(
        tx: &mut Tx<'_>,
        record_id: RecordId,
        org_id: OrgId,
    ) -> Result<Option<Self>, StoreError> {
        tx.query_opt(STANDING_BY_RECORD, params![record_id, org_id], Self::read)
    }

    /// The one with this id.
    pub fn of_id(
        tx: &mut Tx<'_>,
        certificate_id: i64,
        org_id: OrgId,
    ) -> Result<Option<Self>, StoreError> {
        tx.query_opt(STANDING_BY_ID, params![certificate_id, org_id], Self::read)
    }
}

impl Certificate {
    /// Check-and-set: sets the status if nothing has become of the certificate since it was read. Gives the time that stands
    /// for the change: `now`, or a little later than the one before; `None` when somebody was ahead.
    pub fn set_status(
        &self,
        tx: &mut Tx<'_>,
        to: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let at = now.max(self.updated_at.plus(Duration::from_micros(1)));
        let seen = params![self.certificate_id, &self.status, self.updated_at, to, at];
        let set = tx.execute(SET_STATUS, seen)?;
        Ok((set == 1).then_some(at))
    }

    /// Has the certificate of a record count again that did not for this reason; false when there is no such one.
    pub fn reinstate(
        tx: &mut Tx<'_>,
        record_id: RecordId,
        org_id: OrgId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let reinstated = tx.execute(REINSTATE, params![record_id, org_id, reason, now])?;
        Ok(reinstated == 1)
    }

    /// Has the certificate of a record not count any more; false when it has none, or did not count before.
    pub fn revoke(
        tx: &mut Tx<'_>,
        record_id: RecordId,
        org_id: OrgId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = tx.execute(REVOKE, params![record_id, org_id, reason, now])?;
        Ok(revoked == 1)
    }
}

impl Authorization {
    /// Uses the code once; false when it is used up or was taken back.
    pub fn use_once(tx: &mut Tx<'_>, authorization_id: i64) -> Result<bool, StoreError> {
        let used = tx.execute(USE_AUTHORIZATION, params![authorization_id])?;
        Ok(used == 1)
    }

    /// Gives back what [`Self::use_once`] took in the same transaction.
    pub fn give_back(tx: &mut Tx<'_>, authorization_id: i64) -> Result<(), StoreError> {
        tx.enqueue(GIVE_BACK_USE, params![authorization_id])
    }

    /// Takes the code back; once is enough.
    pub fn revoke(
        tx: &mut Tx<'_>,
        authorization_id: i64,
        org_id: OrgId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tx.enqueue(REVOKE_AUTHORIZATION, params![authorization_id, org_id, now])
    }
}

/// Which attempts are listed: what is `None` restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    /// Whose.
    pub org_id: OrgId,
    /// Of certificates of records in these projects; and those whose code was no certificate's, by `api_key_id`.
    pub project_ids: Option<Vec<ProjectId>>,
    /// Who asks.
    pub api_key_id: Option<i64>,
    /// The certificate's code.
    pub coding: Option<String>,
    /// The certificate's record.
    pub record_id: Option<RecordId>,
    /// What came of them.
    pub outcome: Option<Outcome>,
    /// Older than this one.
    pub before: Option<i64>,
    /// How many.
    pub limit: i64,
}

/// An attempt, with the code and the record of its certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// It.
    pub verification: Verification,
    /// The certificate's code.
    pub coding: Option<String>,
    /// The certificate's record.
    pub record_id: Option<RecordId>,
}

impl Attempts {
    /// The attempts, newest first.
    pub fn list(&self, tx: &mut Tx<'_>) -> Result<Vec<Attempt>, StoreError> {
        let mut bound: Vec<Param<'_>> = vec![self.org_id.into()];
        let mut wanted = String::from("org_id = $1");
        let mut bind = |value: Param<'static>| {
            bound.push(value);
            format!("${}", bound.len())
        };
        if let Some(before) = self.before {
            wanted += &format!(" AND verification_id < {}", bind(before.into()));
        }
        if let Some(outcome) = self.outcome {
            wanted += &format!(" AND outcome = {}", bind(outcome.name().into()));
        }
        if let Some(coding) = self.coding.clone() {
            let one = bind(coding.into());
            wanted += &format!(
                " AND certificate_id = (SELECT certificate_id FROM forms_certificates WHERE coding = {one})"
            );
        }
        if let Some(record_id) = self.record_id {
            let one = bind(record_id.into());
            wanted += &format!(
                " AND certificate_id = (SELECT certificate_id FROM forms_certificates WHERE record_id = {one})"
            );
        }
        if let Some(projects) = &self.project_ids {
            let seen: Vec<String> = projects.iter().map(|id| bind((*id).into())).collect();
            // A key that sees no project has an empty list, which SQL does not take.
            let seen = if seen.is_empty() {
                "-1".into()
            } else {
                seen.join(", ")
            };
            let own = bind(self.api_key_id.into());
            wanted += &format!(
                " AND (EXISTS (SELECT 1 FROM forms_certificates c JOIN forms_records r ON r.record_id = c.record_id \
                 WHERE c.certificate_id = forms_verifications.certificate_id AND r.project_id IN ({seen})) \
                 OR (certificate_id IS NULL AND api_key_id = {own}))"
            );
        }
        let sql = format!(
            "SELECT {}, \
             (SELECT c.coding FROM forms_certificates c WHERE c.certificate_id = forms_verifications.certificate_id), \
             (SELECT c.record_id FROM forms_certificates c WHERE c.certificate_id = forms_verifications.certificate_id) \
             FROM forms_verifications WHERE {wanted} ORDER BY verification_id DESC LIMIT {}",
            Verification::COLUMNS,
            bind(self.limit.into()),
        );
        tx.query_dynamic(&sql, &bound, |row| {
            Ok(Attempt {
                verification: Verification::read(row)?,
                coding: row.get(16)?,
                record_id: row.get(17)?,
            })
        })
    }
}

/// The statuses that certificates of a form have, and those that verifications since then may be set back to.
pub fn statuses_in_use(
    tx: &mut Tx<'_>,
    tpl_id: TplId,
    reversible_since: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let of = params![tpl_id, reversible_since];
    tx.query(STATUSES_IN_USE, of, |row| row.get(0))
}
