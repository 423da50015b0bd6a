use crate::model::{KeyState, OrgId, ProjectId, Right};
use kernel::Timestamp;
use store::record::Json;
use store::{Row, Statement, StoreError, Tx, params, record, statements};

record! {
    /// A tenant.
    pub struct Organization in "forms_organizations" key org_id {
        /// Its id.
        org_id: OrgId,
        /// Its code, as it stands in addresses: `o` and eight characters.
        org_code: String,
        /// Its name.
        name: String,
        /// When it was made.
        created_at: Timestamp,
    }
    select {
        /// `$1` id.
        BY_ID = "WHERE org_id = $1";
        /// `$1` id: locked until the transaction ends.
        LOCK = "WHERE org_id = $1 /* for update */";
        /// `$1` code.
        BY_CODE = "WHERE org_code = $1";
        /// All.
        LIST = "ORDER BY org_id";
    }
}

record! {
    /// A part of an organization's things: keys may see some projects only.
    pub struct Project in "forms_projects" key project_id {
        /// Its id.
        project_id: ProjectId,
        /// Whose it is.
        org_id: OrgId,
        /// Its name.
        name: String,
        /// When it was made.
        created_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE project_id = $1 AND org_id = $2";
        /// `$1` organization.
        OF_ORG = "WHERE org_id = $1 ORDER BY project_id";
    }
}

record! {
    /// A key.
    pub struct ApiKey in "forms_keys" key api_key_id {
        /// Its id.
        api_key_id: i64,
        /// Whose it is.
        org_id: OrgId,
        /// What tells it apart from others.
        name: String,
        /// SHA-256 of the key.
        token_hash: String,
        /// Its beginning and end.
        hint: String,
        /// What it may do.
        rights: Json<Vec<Right>>,
        /// What it sees; `None`: everything of its organization.
        project_ids: Json<Option<Vec<ProjectId>>>,
        /// Whether it counts.
        state: KeyState,
        /// When it was made.
        created_at: Timestamp,
        /// When it was changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE api_key_id = $1 AND org_id = $2";
        /// `$1` organization.
        OF_ORG = "WHERE org_id = $1 ORDER BY api_key_id";
    }
}

/// A key and its organization, as the gateway knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKey,
    /// Its organization's code.
    pub org_code: String,
}

macro_rules! select_holder {
    ($condition:literal) => {
        concat!(
            "SELECT k.api_key_id, k.org_id, k.name, k.token_hash, k.hint, k.rights, k.project_ids, k.state, k.created_at, \
             k.updated_at, o.org_code FROM forms_keys k JOIN forms_organizations o ON o.org_id = k.org_id WHERE ",
            $condition
        )
    };
}

statements! {
    HOLDER_BY_TOKEN = select_holder!("k.token_hash = $1");
    HOLDER_BY_ID = select_holder!("k.api_key_id = $1");
    SET_STATE = "UPDATE forms_keys SET state = $3, updated_at = $4 \
        WHERE api_key_id = $1 AND org_id = $2 AND state <> 'revoked'";
}

pub(super) fn all_statements() -> Vec<Statement> {
    [
        Organization::STATEMENTS,
        Project::STATEMENTS,
        ApiKey::STATEMENTS,
        STATEMENTS,
    ]
    .concat()
}

impl KeyHolder {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            key: ApiKey::read(row)?,
            org_code: row.get(10)?,
        })
    }

    /// The key with this SHA-256.
    pub fn of_token(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Self>, StoreError> {
        tx.query_opt(HOLDER_BY_TOKEN, params![hash], Self::read)
    }

    /// The key with this id.
    pub fn of_id(tx: &mut Tx<'_>, api_key_id: i64) -> Result<Option<Self>, StoreError> {
        tx.query_opt(HOLDER_BY_ID, params![api_key_id], Self::read)
    }
}

impl ApiKey {
    /// Sets whether a key counts; false when there is none, or it was revoked.
    pub fn set_state(
        tx: &mut Tx<'_>,
        api_key_id: i64,
        org_id: OrgId,
        state: KeyState,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = tx.execute(SET_STATE, params![api_key_id, org_id, state.name(), now])?;
        tx.invalidate_caches()?;
        Ok(changed == 1)
    }
}
