use crate::model::code::{CodeStatus, ContentField, Operation, StateValue};
use crate::model::{CodeId, OrgId, ProjectId};
use kernel::Timestamp;
use std::collections::BTreeMap;
use store::record::Json;
use store::{Statement, StoreError, Tx, params, record, statements};

record! {
    /// A folder of codes.
    pub struct Category in "forms_categories" key category_id {
        /// Its id.
        category_id: i64,
        /// Whose it is.
        org_id: OrgId,
        /// Which project's.
        project_id: ProjectId,
        /// The folder it is in.
        parent_id: Option<i64>,
        /// Its name.
        name: String,
        /// The ids from the root to here, `/12/345/`.
        path: String,
        /// When it was made.
        created_at: Timestamp,
        /// When it was deleted.
        deleted_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE category_id = $1 AND org_id = $2 AND deleted_at IS NULL";
        /// `$1` id, `$2` organization: locked until the transaction ends.
        LOCK = "WHERE category_id = $1 AND org_id = $2 AND deleted_at IS NULL /* for update */";
        /// `$1` organization.
        OF_ORG = "WHERE org_id = $1 AND deleted_at IS NULL ORDER BY path LIMIT 10000";
        /// `$1` organization, `$2` a path: that folder and what is in it.
        WITHIN = "WHERE org_id = $1 AND substr(path, 1, length($2)) = $2 AND deleted_at IS NULL ORDER BY path LIMIT 10000";
        /// `$1` organization, `$2` a path: the same, locked until the transaction ends.
        LOCK_WITHIN = "WHERE org_id = $1 AND substr(path, 1, length($2)) = $2 AND deleted_at IS NULL \
            ORDER BY path /* for update */";
    }
}

record! {
    /// A group of states that a code can be in.
    pub struct State in "forms_states" key state_id {
        /// Its id.
        state_id: i64,
        /// Whose it is.
        org_id: OrgId,
        /// Which project's.
        project_id: ProjectId,
        /// Its title.
        title: String,
        /// Its values.
        choices: Json<Vec<StateValue>>,
        /// When it was made.
        created_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE state_id = $1 AND org_id = $2";
        /// `$1` organization.
        OF_ORG = "WHERE org_id = $1 ORDER BY state_id LIMIT 1000";
    }
}

record! {
    /// A code.
    pub struct Code in "forms_codes" key code_id {
        /// Its id.
        code_id: CodeId,
        /// Whose it is.
        org_id: OrgId,
        /// Which project's.
        project_id: ProjectId,
        /// The folder it is in.
        category_id: Option<i64>,
        /// `q` and eight characters.
        coding: String,
        /// Its title.
        title: String,
        /// What it shows.
        content: Json<Vec<ContentField>>,
        /// What can be done with it.
        operations: Json<Vec<Operation>>,
        /// The value of each state, by the state's id.
        states: Json<BTreeMap<String, i64>>,
        /// Whether it is in use.
        status: CodeStatus,
        /// When it ends to be.
        expire_at: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` organization.
        BY_ID = "WHERE code_id = $1 AND org_id = $2 AND status <> 'deleted'";
        /// `$1` id, `$2` organization: locked until the transaction ends.
        LOCK = "WHERE code_id = $1 AND org_id = $2 AND status <> 'deleted' /* for update */";
        /// `$1` coding.
        BY_CODING = "WHERE coding = $1 AND status <> 'deleted'";
    }
}

statements! {
    COUNT_CATEGORIES = "SELECT COUNT(*) FROM forms_categories WHERE org_id = $1 AND deleted_at IS NULL";
    MOVE_CATEGORIES = "UPDATE forms_categories SET path = $3 || substr(path, length($2) + 1) \
        WHERE org_id = $1 AND substr(path, 1, length($2)) = $2";
    DELETE_CATEGORIES = "UPDATE forms_categories SET deleted_at = $3 \
        WHERE org_id = $1 AND substr(path, 1, length($2)) = $2 AND deleted_at IS NULL";
    DELETE_CODES_WITHIN = "UPDATE forms_codes SET status = 'deleted', updated_at = $3 \
        WHERE org_id = $1 AND status <> 'deleted' AND category_id IN (SELECT category_id FROM forms_categories \
        WHERE org_id = $1 AND substr(path, 1, length($2)) = $2)";
    CODES_IN = "SELECT code_id FROM forms_codes WHERE org_id = $1 AND category_id = $2 AND status <> 'deleted' \
        ORDER BY code_id LIMIT $3";
    CODES_WITHIN = "SELECT code_id FROM forms_codes WHERE org_id = $1 AND status <> 'deleted' \
        AND category_id IN (SELECT category_id FROM forms_categories \
        WHERE org_id = $1 AND substr(path, 1, length($2)) = $2 AND deleted_at IS NULL) ORDER BY code_id LIMIT $3";
}

pub(super) fn all_statements() -> Vec<Statement> {
    [
        Category::STATEMENTS,
        State::STATEMENTS,
        Code::STATEMENTS,
        STATEMENTS,
    ]
    .concat()
}

impl Category {
    /// How many an organization has.
    pub fn count(tx: &mut Tx<'_>, org_id: OrgId) -> Result<i64, StoreError> {
        tx.query_one(COUNT_CATEGORIES, params![org_id], |row| row.get(0))
    }

    /// Gives this folder and what is in it a path that begins with `path`.
    pub fn move_to(&self, tx: &mut Tx<'_>, path: &str) -> Result<(), StoreError> {
        tx.execute(MOVE_CATEGORIES, params![self.org_id, &self.path, path])
            .map(drop)
    }

    /// Deletes this folder, the folders in it and all their codes; says how many folders and how many codes.
    pub fn delete_all(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(u64, u64), StoreError> {
        let codes = tx.execute(DELETE_CODES_WITHIN, params![self.org_id, &self.path, now])?;
        let folders = tx.execute(DELETE_CATEGORIES, params![self.org_id, &self.path, now])?;
        Ok((folders, codes))
    }

    /// The codes in this folder and, if they are wanted, in the folders in it: at most `most`.
    pub fn codes(
        &self,
        tx: &mut Tx<'_>,
        include_children: bool,
        most: i64,
    ) -> Result<Vec<CodeId>, StoreError> {
        if include_children {
            let within = params![self.org_id, &self.path, most];
            tx.query(CODES_WITHIN, within, |row| row.get(0))
        } else {
            let within = params![self.org_id, self.category_id, most];
            tx.query(CODES_IN, within, |row| row.get(0))
        }
    }
}
