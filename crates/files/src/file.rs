use kernel::{Id, Timestamp};
use store::{StoreError, Tx, params, record, statements, text_enum};

/// Marks the type of file ids.
#[derive(Debug)]
pub enum FileTag {}
/// Names a file, and its object in the storage. It was made when the file began to arrive.
pub type FileId = Id<FileTag>;

/// Marks the type of ids of whoever may own files.
#[derive(Debug)]
pub enum AnyOwner {}

text_enum! {
    /// Who may own files.
    pub enum OwnerKind {
        /// An organization.
        Organization = "organization",
        /// A person's account.
        Account = "account",
    }
}

text_enum! {
    /// How long a file stays.
    pub enum FileType {
        /// Until its time is over.
        Temp = "temp",
        /// As long as what it is attached to.
        Permanent = "permanent",
    }
}

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What owns it.
    pub kind: OwnerKind,
    /// Which one.
    pub id: Id<AnyOwner>,
}

impl Owner {
    /// An organization.
    pub const fn organization<T>(id: Id<T>) -> Self {
        Self {
            kind: OwnerKind::Organization,
            id: id.cast(),
        }
    }

    /// A person.
    pub const fn account<T>(id: Id<T>) -> Self {
        Self {
            kind: OwnerKind::Account,
            id: id.cast(),
        }
    }
}

record! {
    /// A file.
    pub struct File in "files" key file_id {
        /// Its id.
        file_id: FileId,
        /// What owns it.
        owner_kind: OwnerKind,
        /// Which one.
        owner_id: Id<AnyOwner>,
        /// 1 to 200 characters, with an ending that goes with the type.
        name: String,
        /// What it is, by its bytes.
        content_type: String,
        /// In bytes, at least 1.
        size: i64,
        /// In hexadecimal.
        sha256: String,
        /// How long it stays.
        file_type: FileType,
        /// When a temporary one goes.
        expires_at: Option<Timestamp>,
        /// What a permanent one belongs to.
        attached_to: Option<String>,
        /// When it was taken.
        created_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` kind of the owner, `$3` owner, `$4` now: what has expired is not there.
        OWNED = "WHERE file_id = $1 AND owner_kind = $2 AND owner_id = $3 AND (expires_at IS NULL OR expires_at > $4)";
    }
}

statements! {
    ATTACH = "UPDATE files SET file_type = 'permanent', expires_at = NULL, attached_to = $5 \
        WHERE file_id = $1 AND owner_kind = $2 AND owner_id = $3 AND file_type = 'temp' AND expires_at > $4";
    LET_GO = "UPDATE files SET file_type = 'temp', expires_at = $4, attached_to = NULL \
        WHERE file_id = $1 AND owner_kind = $2 AND owner_id = $3 AND file_type = 'permanent'";
    HAND_OVER = "UPDATE files SET owner_kind = $4, owner_id = $5 WHERE file_id = $1 AND owner_kind = $2 AND owner_id = $3";
    ADD_OWNER = "INSERT INTO file_owners (owner_id) VALUES ($1) ON CONFLICT (owner_id) DO NOTHING";
    LOCK_OWNER = "SELECT owner_id FROM file_owners WHERE owner_id = $1 /* for update */";
    WAITING = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM files \
        WHERE owner_kind = $1 AND owner_id = $2 AND file_type = 'temp' AND expires_at > $3";
    EXPIRE = "DELETE FROM files WHERE file_id IN (SELECT file_id FROM files WHERE file_type = 'temp' AND expires_at <= $1 \
        ORDER BY expires_at LIMIT $2 /* skip locked */) RETURNING file_id";
    EXISTS = "SELECT COUNT(*) FROM files WHERE file_id = $1";
}

impl File {
    /// A file of `owner` that has not expired.
    pub fn find(
        tx: &mut Tx<'_>,
        owner: Owner,
        id: FileId,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        Self::first(
            tx,
            Self::OWNED,
            params![id, owner.kind.name(), owner.id, now],
        )
    }

    /// Makes a temporary file of `owner` a part of `what`, for good. `false`: there is no such file, it has expired, or somebody attached
    /// it before.
    pub fn attach(
        tx: &mut Tx<'_>,
        owner: Owner,
        id: FileId,
        what: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = params![id, owner.kind.name(), owner.id, now, what];
        Ok(tx.execute(ATTACH, row)? == 1)
    }

    /// Gives up a permanent file of `owner` that nothing refers to any more: its time is over now.
    pub fn let_go(
        tx: &mut Tx<'_>,
        owner: Owner,
        id: FileId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = params![id, owner.kind.name(), owner.id, now];
        tx.execute(LET_GO, row).map(drop)
    }

    /// Makes a file of `owner` another's.
    pub fn hand_over(
        tx: &mut Tx<'_>,
        owner: Owner,
        id: FileId,
        to: Owner,
    ) -> Result<(), StoreError> {
        let row = params![id, owner.kind.name(), owner.id, to.kind.name(), to.id];
        tx.execute(HAND_OVER, row).map(drop)
    }

    /// Nobody adds a file of this owner until the transaction ends.
    pub(crate) fn lock_owner(tx: &mut Tx<'_>, owner: Owner) -> Result<(), StoreError> {
        tx.execute(ADD_OWNER, params![owner.id])?;
        tx.query_opt(LOCK_OWNER, params![owner.id], |_| Ok(()))?;
        Ok(())
    }

    /// The bytes of `owner` that wait for being attached to something.
    pub(crate) fn waiting(
        tx: &mut Tx<'_>,
        owner: Owner,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let row = params![owner.kind.name(), owner.id, now];
        let sum: i64 = tx.query_one(WAITING, row, |row| row.get(0))?;
        Ok(u64::try_from(sum).unwrap_or(0))
    }

    /// Deletes up to `most` rows of temporary files whose time is over; says which.
    pub(crate) fn delete_expired(
        tx: &mut Tx<'_>,
        now: Timestamp,
        most: i64,
    ) -> Result<Vec<FileId>, StoreError> {
        tx.query(EXPIRE, params![now, most], |row| row.get(0))
    }

    /// Whether there is a row for an object.
    pub(crate) fn exists(tx: &mut Tx<'_>, id: FileId) -> Result<bool, StoreError> {
        let count: i64 = tx.query_one(EXISTS, params![id], |row| row.get(0))?;
        Ok(count > 0)
    }
}
