//! Files that people send: taken in as a stream, known by their bytes, kept in a folder or in S3-compatible storage.
//!
//! [`Files::receive`] reads a `multipart/form-data` body and writes its one file to the [`Storage`] as it arrives; nothing of it stays
//! when the body breaks off or the file is refused. Its row comes afterwards, by [`Files::admit`] in a transaction of the caller's: a
//! file without a row is nobody's, and [`Files::sweep`] deletes what a dead process left of one. A file is temporary until somebody
//! [attaches](File::attach) it to something; temporary ones are [deleted](Files::expire) when their time is over.

mod file;
mod incoming;
mod jobs;
pub mod kind;
mod place;
mod storage;

pub use file::{File, FileId, FileType, Owner, OwnerKind};
pub use incoming::{ARRIVAL, Incoming, Rejection};
pub use jobs::{EXPIRE, SWEEP};
pub use storage::{S3Config, Storage, StorageError};

use futures_util::stream::BoxStream;
use kernel::{Clock, Rng};
use std::sync::Arc;
use std::time::Duration;
use store::{Db, StoreError};
use tokio::sync::OnceCell;

/// What may be set.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// Largest file, in bytes.
    pub largest: u64,
    /// How long a file waits for being attached to something.
    pub temp_life: Duration,
    /// Most bytes of one owner that wait for that.
    pub most_waiting: u64,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            largest: 10 * 1024 * 1024,
            temp_life: Duration::from_secs(24 * 3600),
            most_waiting: 500 * 1024 * 1024,
        }
    }
}

/// Why something was not done with a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was sent is not taken, or not whole.
    #[error("{0:?}")]
    Rejected(Rejection),
    /// The storage does not do what it should.
    #[error("the storage of files: {0}")]
    Storage(#[from] StorageError),
    /// The database does not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// The files of a database. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    storage: Storage,
    config: FilesConfig,
    place: OnceCell<String>,
}

impl Files {
    /// Files over a migrated database.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        storage: Storage,
        config: FilesConfig,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                clock,
                rng,
                storage,
                config,
                place: OnceCell::new(),
            }),
        }
    }

    /// What is set.
    pub fn config(&self) -> &FilesConfig {
        &self.inner.config
    }

    /// The bytes of a file, as they come out of the storage.
    pub async fn content(
        &self,
        file: &File,
    ) -> Result<BoxStream<'static, Result<bytes::Bytes, StorageError>>, Error> {
        let place = self.place().await?;
        Ok(self.inner.storage.read(place, file.file_id).await?)
    }
}

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    [File::STATEMENTS, file::STATEMENTS, place::STATEMENTS].concat()
}
