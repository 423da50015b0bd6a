use crate::model::audit::AuditConfig;
use crate::model::certificate::CertificateConfig;
use crate::model::form::{Definition, FormSettings};
use crate::model::limits::Limits;
use crate::model::{OrgId, ProjectId, TplId};
use kernel::Timestamp;
use std::time::Duration;
use store::record::Json;
use store::{Param, Statement, StoreError, Tx, params, record, statements};

record! {
    /// A form.
    pub struct Template in "forms_templates" key tpl_id {
        /// Its id.
        tpl_id: TplId,
        /// Whose it is.
        org_id: OrgId,
        /// Which project's.
        project_id: ProjectId,
        /// `D32`.
        number: String,
        /// Its name.
        name: String,
        /// For its owner.
        note: String,
        /// For whoever fills it in.
        description: String,
        /// What the button says.
        submit_button_title: String,
        /// What it asks for.
        definition: Json<Definition>,
        /// When, and how often, it may be filled in.
        limits: Json<Limits>,
        /// How records are approved.
        audit: Json<AuditConfig>,
        /// Which certificates records get.
        certificate: Json<CertificateConfig>,
        /// What else it says.
        settings: Json<FormSettings>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was changed.
        updated_at: Timestamp,
        /// When it was filled in last.
        active_at: Option<Timestamp>,
        /// When it was deleted.
        deleted_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE tpl_id = $1 AND org_id = $2 AND deleted_at IS NULL";
        /// `$1` id, `$2` organization: locked until the transaction ends.
        LOCK = "WHERE tpl_id = $1 AND org_id = $2 AND deleted_at IS NULL /* for update */";
        /// `$1` id, `$2` organization: deleted ones too, for what was made with them.
        ANY_BY_ID = "WHERE tpl_id = $1 AND org_id = $2";
        /// `$1` id: whose form it is, for what is sold on this server.
        WHOSE = "WHERE tpl_id = $1 AND deleted_at IS NULL";
    }
}

/// How exactly it is known when a form was filled in last.
const ACTIVITY: Duration = Duration::from_secs(60);

statements! {
    HOLD = "SELECT updated_at FROM forms_templates WHERE tpl_id = $1 AND updated_at = $2 /* for share */";
    SET_ACTIVE = "UPDATE forms_templates SET active_at = $2 \
        WHERE tpl_id = $1 AND (active_at IS NULL OR active_at <= $3)";
}

pub(super) fn all_statements() -> Vec<Statement> {
    [Template::STATEMENTS, STATEMENTS].concat()
}

impl Template {
    /// Keeps the form from being changed until the transaction ends; false when it has been changed since it was read.
    pub fn hold(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let unchanged = params![self.tpl_id, self.updated_at];
        let found = tx.query_opt(HOLD, unchanged, |row| row.get::<Timestamp>(0))?;
        Ok(found.is_some())
    }

    /// Notes that the form was filled in, at most once a minute: whoever notes it has others wait.
    pub fn set_active(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let known = |at: Timestamp| at.plus(ACTIVITY) > now;
        if self.active_at.is_some_and(known) {
            return Ok(());
        }
        let micros = i64::try_from(ACTIVITY.as_micros()).unwrap_or(0);
        let stale = Timestamp::from_micros(now.micros().saturating_sub(micros));
        tx.execute(SET_ACTIVE, params![self.tpl_id, now, stale])
            .map(drop)
    }
}

/// Which forms are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// What is seen; `None`: everything of the organization.
    pub project_ids: Option<Vec<ProjectId>>,
    /// In name, note or number, in whatever case.
    pub search_key: Option<String>,
    /// `D32`.
    pub number: Option<String>,
    /// How many are passed over.
    pub skip: i64,
    /// How many are wanted.
    pub take: i64,
}

/// A form in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub tpl_id: TplId,
    /// Its name.
    pub name: String,
    /// `D32`.
    pub number: String,
    /// For its owner.
    pub note: String,
    /// Which project's.
    pub project_id: ProjectId,
    /// The project's name.
    pub project_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it was filled in last.
    pub active_at: Option<Timestamp>,
}

impl Listing {
    /// How many there are, and those wanted, newest first.
    pub fn find(&self, tx: &mut Tx<'_>, org_id: OrgId) -> Result<(i64, Vec<Listed>), StoreError> {
        let mut params = vec![Param::from(org_id)];
        let mut bind = |param| {
            params.push(param);
            format!("${}", params.len())
        };
        let mut conditions = String::from("t.org_id = $1 AND t.deleted_at IS NULL");
        if let Some(projects) = &self.project_ids {
            let seen: Vec<String> = projects.iter().map(|id| bind(Param::from(*id))).collect();
            let none_seen = "NULL".to_owned();
            let seen = if seen.is_empty() {
                none_seen
            } else {
                seen.join(", ")
            };
            conditions += &format!(" AND t.project_id IN ({seen})");
        }
        if let Some(number) = &self.number {
            conditions += &format!(" AND t.number = {}", bind(Param::from(number)));
        }
        if let Some(key) = &self.search_key {
            let key = bind(Param::from(key.to_ascii_lowercase()));
            let within = ["t.name", "t.note", "t.number"]
                .map(|column| format!("instr(lower({column}), {key}) > 0"));
            conditions += &format!(" AND ({})", within.join(" OR "));
        }
        let counting = format!("SELECT COUNT(*) FROM forms_templates t WHERE {conditions}");
        let total = tx.query_dynamic(&counting, &params, |row| row.get(0))?;
        let (take, skip) = (params.len() + 1, params.len() + 2);
        params.extend([Param::from(self.take), Param::from(self.skip)]);
        let listing = format!(
            "SELECT t.tpl_id, t.name, t.number, t.note, t.project_id, p.name, t.created_at, t.updated_at, t.active_at \
             FROM forms_templates t JOIN forms_projects p ON p.project_id = t.project_id \
             WHERE {conditions} ORDER BY t.tpl_id DESC LIMIT ${take} OFFSET ${skip}"
        );
        let listed = tx.query_dynamic(&listing, &params, |row| {
            Ok(Listed {
                tpl_id: row.get(0)?,
                name: row.get(1)?,
                number: row.get(2)?,
                note: row.get(3)?,
                project_id: row.get(4)?,
                project_name: row.get(5)?,
                created_at: row.get(6)?,
                updated_at: row.get(7)?,
                active_at: row.get(8)?,
            })
        })?;
        Ok((total.first().copied().unwrap_or(0), listed))
    }
}
