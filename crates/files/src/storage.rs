//! Where the bytes are: a folder of this machine, or a bucket of an S3-compatible service.

use crate::FileId;
use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use kernel::Secret;
use object_store::aws::AmazonS3Builder;
use object_store::client::{HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{
    BackoffConfig, ClientOptions, MultipartUpload, ObjectStore, ObjectStoreExt as _, RetryConfig,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// So much of a file is written to a folder at once.
const FOLDER_PART: usize = 256 * 1024;
/// The same for S3, which takes no smaller parts.
const S3_PART: usize = 5 * 1024 * 1024;
/// One request to S3.
const S3_TIMEOUT: Duration = Duration::from_secs(30);
/// For how long a request to S3 that fails is repeated.
const S3_PATIENCE: Duration = Duration::from_secs(20);
const S3_RETRIES: usize = 3;

/// The storage does not do what it should; why, for the log.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct StorageError(String);

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        Self(error.to_string())
    }
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// Its name.
    pub bucket: String,
    /// Its region; services that have none take any.
    pub region: String,
    /// The service's address, for services other than Amazon's.
    pub endpoint: Option<String>,
    /// Our key there.
    pub access_key_id: String,
    /// The secret that belongs to it.
    pub secret_access_key: Secret<String>,
    /// Whether `endpoint` may be an http address.
    pub allow_http: bool,
}

/// A storage of objects. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Storage {
    objects: Arc<dyn ObjectStore>,
    folder: Option<PathBuf>,
    part: usize,
}

impl Storage {
    /// A folder, which is made when the first file comes. What is said to be written is on the disk.
    pub fn folder(folder: &Path) -> Result<Self, StorageError> {
        let failed = |error: &dyn std::fmt::Display| {
            StorageError(format!("the folder {}: {error}", folder.display()))
        };
        let absolute = std::path::absolute(folder).map_err(|e| failed(&e))?;
        let prefix = Key::from_absolute_path(&absolute).map_err(|e| failed(&e))?;
        let disk = LocalFileSystem::new().with_fsync(true);
        Ok(Self {
            objects: Arc::new(PrefixStore::new(disk, prefix)),
            folder: Some(absolute),
            part: FOLDER_PART,
        })
    }

    /// A bucket. Nothing is asked of the service yet.
    pub fn s3(config: &S3Config) -> Result<Self, StorageError> {
        let client = httpkit::outgoing::client(S3_TIMEOUT);
        let client = client.map_err(|error| StorageError(error.to_string()))?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(config.secret_access_key.expose())
            .with_allow_http(config.allow_http)
            .with_http_connector(Outgoing(client))
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: S3_RETRIES,
                retry_timeout: S3_PATIENCE,
            });
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        Ok(Self {
            objects: Arc::new(builder.build()?),
            folder: None,
            part: S3_PART,
        })
    }

    /// Begins an object.
    pub(crate) fn write(&self, place: &str, id: FileId) -> Writer {
        Writer {
            storage: self.clone(),
            key: key_of(place, id),
            buffer: BytesMut::new(),
            upload: None,
        }
    }

    /// An object's bytes.
    pub(crate) async fn read(
        &self,
        place: &str,
        id: FileId,
    ) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
        let found = self.objects.get(&key_of(place, id)).await?;
        Ok(found.into_stream().map_err(StorageError::from).boxed())
    }

    /// Deletes an object, if it is there.
    pub(crate) async fn delete(&self, place: &str, id: FileId) -> Result<(), StorageError> {
        match self.objects.delete(&key_of(place, id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The objects of a place. What has another name than ours is left out.
    pub(crate) fn list(&self, place: &str) -> BoxStream<'static, Result<FileId, StorageError>> {
        let found = self.objects.list(Some(&Key::from(place)));
        found
            .map_err(StorageError::from)
            .try_filter_map(async |found| {
                Ok(found.location.filename().and_then(|name| name.parse().ok()))
            })
            .boxed()
    }

    /// What is left in a folder of objects that a dead process was writing, with the object that each was to become. A bucket drops
    /// such parts itself, by a rule of its life cycle.
    pub(crate) async fn left_over(
        &self,
        place: &str,
    ) -> Result<Vec<(FileId, PathBuf)>, StorageError> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let folder = folder.join(place);
        let look = move || {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(Vec::new());
                }
                Err(error) => return Err(StorageError(error.to_string())),
            };
            let unfinished = |path: PathBuf| {
                let (id, _) = path.file_name()?.to_str()?.split_once('#')?;
                Some((id.parse().ok()?, path))
            };
            let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
            Ok(paths.filter_map(unfinished).collect())
        };
        let looked = tokio::task::spawn_blocking(look).await;
        looked.map_err(|error| StorageError(error.to_string()))?
    }
}

fn key_of(place: &str, id: FileId) -> Key {
    Key::from_iter([place.to_owned(), id.to_string()])
}

/// An object that is being written. Never more than a part of it is in memory, and nothing is there before the end.
pub(crate) struct Writer {
    storage: Storage,
    key: Key,
    buffer: BytesMut,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl Writer {
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.buffer.extend_from_slice(bytes);
        while self.buffer.len() >= self.storage.part {
            let part = self.buffer.split_to(self.storage.part).freeze();
            self.put(part).await?;
        }
        Ok(())
    }

    async fn put(&mut self, part: Bytes) -> Result<(), StorageError> {
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert(self.storage.objects.put_multipart(&self.key).await?),
        };
        Ok(upload.put_part(part.into()).await?)
    }

    /// Makes the object of what was written.
    pub async fn finish(mut self) -> Result<(), StorageError> {
        let rest = std::mem::take(&mut self.buffer).freeze();
        if self.upload.is_none() {
            self.storage.objects.put(&self.key, rest.into()).await?;
            return Ok(());
        }
        let put = match rest.is_empty() {
            true => Ok(()),
            false => self.put(rest).await,
        };
        let Some(mut upload) = self.upload.take() else {
            return Ok(());
        };
        let completed = match put {
            Ok(()) => upload
                .complete()
                .await
                .map(drop)
                .map_err(StorageError::from),
            failed => failed,
        };
        if completed.is_err() {
            abort(&mut *upload).await;
        }
        completed
    }

    /// Takes back what was written.
    pub async fn abort(mut self) {
        if let Some(mut upload) = self.upload.take() {
            abort(&mut *upload).await;
        }
    }
}

async fn abort(upload: &mut dyn MultipartUpload) {
    if let Err(error) = upload.abort().await {
        tracing::warn!(%error, "what was written of a file could not be taken back");
    }
}

/// The house's client for addresses that the operator configured.
#[derive(Debug)]
struct Outgoing(reqwest::Client);

impl HttpConnector for Outgoing {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}
