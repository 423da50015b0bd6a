//! Takes the one file of a `multipart/form-data` body, as it arrives.

use crate::kind::{self, PAPERS, TELLING};
use crate::storage::Writer;
use crate::{Error, File, FileId, FileType, Files, Owner};
use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt as _};
use kernel::{Id, Timestamp};
use multer::{Constraints, Field, Multipart, SizeLimit};
use sha2::{Digest as _, Sha256};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use store::{StoreError, Tx};

/// The part that has the file.
const PART: &str = "file";
/// Most parts, so that nobody sends them without end.
const MOST_PARTS: usize = 16;
/// Most bytes of a part that is not the file.
const LARGEST_TEXT: u64 = 1024;
/// What the parts' own headers and the boundaries may add to a body.
const FRAME: u64 = 64 * 1024;
/// How long nothing may arrive.
const PAUSE: Duration = Duration::from_secs(15);
/// How long a file may take to arrive.
pub const ARRIVAL: Duration = Duration::from_secs(300);

/// Why what was sent is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It is no `multipart/form-data`.
    NoForm,
    /// It is broken, or broke off.
    Malformed,
    /// It has no part named `file`.
    NoFile,
    /// It has more than one.
    SeveralFiles,
    /// It has too many parts, or too long ones.
    TooManyParts,
    /// The file has no content.
    Empty,
    /// The file has more bytes than this.
    TooLarge {
        /// The most bytes.
        largest: u64,
    },
    /// The file is none of [`PAPERS`].
    TypeNotAllowed,
    /// The file is not what its sender says.
    TypeDisagrees,
    /// The owner's files that are attached to nothing are too large together.
    TooMuchWaiting,
}

/// A file whose bytes are in the storage, and which has no row yet.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The row to be.
    pub file: File,
    /// What its sender says it is.
    pub declared: String,
    /// The other parts: names and texts.
    pub texts: Vec<(String, String)>,
}

impl Files {
    /// Reads a body whose `Content-Type` is `content_type`, and writes its one file to the storage.
    ///
    /// `length`: the body's length, if it was announced; what is too large is refused before anything is read. Of what is refused, or
    /// breaks off, nothing stays.
    pub async fn receive<E>(
        &self,
        owner: Owner,
        content_type: &str,
        length: Option<u64>,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Incoming, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let boundary = multer::parse_boundary(content_type).map_err(|_| Rejection::NoForm)?;
        let largest = self.config().largest;
        if length.is_some_and(|length| length > largest.saturating_add(FRAME)) {
            return Err(Rejection::TooLarge { largest }.into());
        }
        let now = self.inner.clock.now();
        self.check_room(owner, length.unwrap_or(0).saturating_sub(FRAME), now)
            .await?;
        let whole = SizeLimit::new().whole_stream(largest.saturating_add(FRAME));
        let limits = Constraints::new().size_limit(whole);
        let mut parts = Multipart::with_constraints(one_at_a_time(body), boundary, limits);
        let mut taken = Taken::default();
        let read = self.read(&mut parts, owner, now, &mut taken);
        let read = tokio::time::timeout(ARRIVAL, read).await;
        let read = read.unwrap_or_else(|_| Err(Rejection::Malformed.into()));
        let made = match read {
            Ok(()) => taken.file.take().ok_or_else(|| Rejection::NoFile.into()),
            Err(error) => Err(error),
        };
        let (file, declared) = match made {
            Ok(made) => made,
            Err(error) => {
                if let Some(writer) = taken.writer.take() {
                    writer.abort().await;
                }
                return Err(error);
            }
        };
        // Only a body that is whole makes an object.
        if let Some(writer) = taken.writer.take() {
            writer.finish().await?;
        }
        Ok(Incoming {
            file,
            declared,
            texts: taken.texts,
        })
    }

    async fn check_room(&self, owner: Owner, more: u64, now: Timestamp) -> Result<(), Error> {
        let waiting = self.inner.db.read(move |tx| File::waiting(tx, owner, now));
        let waiting = waiting.await.map_err(|e: StoreError| Error::Store(e))?;
        if waiting.saturating_add(more) > self.config().most_waiting {
            return Err(Rejection::TooMuchWaiting.into());
        }
        Ok(())
    }

    async fn read(
        &self,
        parts: &mut Multipart<'_>,
        owner: Owner,
        now: Timestamp,
        taken: &mut Taken,
    ) -> Result<(), Error> {
        let broken = |error| self.rejection(&error);
        for _ in 0..MOST_PARTS {
            let Some(mut part) = promptly(parts.next_field()).await?.map_err(broken)? else {
                return Ok(());
            };
            if part.name() != Some(PART) {
                let name = part.name().unwrap_or_default().to_owned();
                taken.texts.push((name, self.text(&mut part).await?));
            } else if taken.writer.is_some() {
                return Err(Rejection::SeveralFiles.into());
            } else {
                self.take(&mut part, owner, now, taken).await?;
            }
        }
        Err(Rejection::TooManyParts.into())
    }

    async fn text(&self, part: &mut Field<'_>) -> Result<String, Error> {
        let mut text = Vec::new();
        while let Some(bytes) = self.chunk(part).await? {
            text.extend_from_slice(&bytes);
            if text.len() as u64 > LARGEST_TEXT {
                return Err(Rejection::TooManyParts.into());
            }
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    async fn take(
        &self,
        part: &mut Field<'_>,
        owner: Owner,
        now: Timestamp,
        taken: &mut Taken,
    ) -> Result<(), Error> {
        let declared = part.headers().get("content-type");
        let declared = declared.and_then(|value| value.to_str().ok());
        let declared = declared.filter(|value| !value.trim().is_empty());
        let declared = declared.unwrap_or("application/octet-stream").to_owned();
        let name = part.file_name().unwrap_or_default().to_owned();
        let file_id: FileId = Id::new(now, &self.inner.rng);
        let largest = self.config().largest;
        let mut head = Vec::new();
        let mut content_type = None;
        let mut size = 0;
        let mut digest = Sha256::new();
        let writer = self.inner.storage.write(self.place().await?, file_id);
        let writer: &mut Writer = taken.writer.insert(writer);
        while let Some(bytes) = self.chunk(part).await? {
            size += bytes.len() as u64;
            if size > largest {
                return Err(Rejection::TooLarge { largest }.into());
            }
            digest.update(&bytes);
            if content_type.is_some() {
                writer.write(&bytes).await?;
                continue;
            }
            head.extend_from_slice(&bytes);
            if head.len() >= TELLING {
                content_type = Some(told(&head, &declared)?);
                writer.write(&std::mem::take(&mut head)).await?;
            }
        }
        let content_type = match content_type {
            Some(content_type) => content_type,
            None if size == 0 => return Err(Rejection::Empty.into()),
            None => {
                let content_type = told(&head, &declared)?;
                writer.write(&head).await?;
                content_type
            }
        };
        let file = File {
            file_id,
            owner_kind: owner.kind,
            owner_id: owner.id,
            name: kind::name_for(&name, content_type),
            content_type: content_type.to_owned(),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            sha256: httpkit::idempotency::hex(&digest.finalize()),
            file_type: FileType::Temp,
            expires_at: Some(now.plus(self.config().temp_life)),
            attached_to: None,
            created_at: now,
        };
        taken.file = Some((file, declared));
        Ok(())
    }

    async fn chunk(&self, part: &mut Field<'_>) -> Result<Option<Bytes>, Error> {
        let chunk = promptly(part.chunk()).await?;
        chunk.map_err(|error| self.rejection(&error))
    }

    fn rejection(&self, error: &multer::Error) -> Error {
        let largest = self.config().largest;
        match error {
            multer::Error::StreamSizeExceeded { .. } => Rejection::TooLarge { largest }.into(),
            _ => Rejection::Malformed.into(),
        }
    }

    /// Gives a file that was received its row. Its bytes must not be too many together with those of its owner that are attached to
    /// nothing yet.
    pub fn admit(&self, tx: &mut Tx<'_>, file: &File) -> Result<(), Error> {
        let owner = Owner {
            kind: file.owner_kind,
            id: file.owner_id,
        };
        File::lock_owner(tx, owner)?;
        let waiting = File::waiting(tx, owner, file.created_at)?;
        let size = u64::try_from(file.size).unwrap_or(0);
        if waiting.saturating_add(size) > self.config().most_waiting {
            return Err(Rejection::TooMuchWaiting.into());
        }
        Ok(file.insert(tx)?)
    }

    /// Deletes the bytes of a file that was received and has no row. If that fails, [`Files::sweep`] sees to it.
    pub async fn drop_object(&self, file: FileId) {
        let deleted = async {
            let place = self.place().await?;
            Ok::<_, Error>(self.inner.storage.delete(place, file).await?)
        };
        if let Err(error) = deleted.await {
            tracing::warn!(%error, %file, "an object was not deleted");
        }
    }
}

#[derive(Default)]
struct Taken {
    writer: Option<Writer>,
    file: Option<(File, String)>,
    texts: Vec<(String, String)>,
}

/// The type of a file that begins with `head`.
fn told(head: &[u8], declared: &str) -> Result<&'static str, Rejection> {
    let sniffed = kind::sniff(head).filter(|kind| PAPERS.contains(kind));
    let sniffed = sniffed.ok_or(Rejection::TypeNotAllowed)?;
    if kind::agrees(declared, sniffed) {
        Ok(sniffed)
    } else {
        Err(Rejection::TypeDisagrees)
    }
}

/// What comes within the pause that is allowed.
async fn promptly<T>(next: impl Future<Output = T>) -> Result<T, Error> {
    let next = tokio::time::timeout(PAUSE, next).await;
    next.map_err(|_| Rejection::Malformed.into())
}

/// The same stream, which lets its reader work off each piece before the next one comes: the parser would otherwise
/// gather in memory all that has arrived.
fn one_at_a_time<T>(stream: impl Stream<Item = T> + Send) -> impl Stream<Item = T> + Send {
    futures_util::stream::unfold((Box::pin(stream), false), async |(mut stream, paused)| {
        if paused {
            pause().await;
        }
        let item = stream.next().await?;
        Some((item, (stream, true)))
    })
}

/// Lets whoever waits have one turn.
async fn pause() {
    let mut turned = false;
    let turn = poll_fn(|context| {
        if turned {
            return Poll::Ready(());
        }
        turned = true;
        context.waker().wake_by_ref();
        Poll::Pending
    });
    pin!(turn).await;
}
