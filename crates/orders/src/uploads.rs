//! Use cases: files that organizations and people send, and attaching them to something.

use crate::{Error, Orders, Result};
use bytes::Bytes;
use catalogue::PlatformError;
use catalogue::platform::{Conflict, FieldError, Property, Subject, UploadRefusal};
use files::{File, FileId, FileType, Incoming, Owner, Rejection};
use futures_util::stream::Stream;
use httpkit::Reply;
use kernel::Timestamp;
use store::idempotency::{self, Found, Key};
use store::{StoreError, Tx};

/// A file on its way.
pub struct Upload<B> {
    /// Whose it will be.
    pub owner: Owner,
    /// The request's `Content-Type`.
    pub content_type: String,
    /// How many bytes the request announces, if it does.
    pub length: Option<u64>,
    /// The request's body.
    pub body: B,
}

/// What became of a file.
pub enum Taken {
    /// It was taken now.
    Now(Reply),
    /// The same file had been taken before under the same idempotency key; the answer.
    Before(Reply),
}

/// A file that a request names in order to attach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// It can be attached.
    Temporary,
    /// It was attached before: [`not_temporary`], together with what else is wrong with fields.
    Attached,
    /// [`not_there`], once the fields are right.
    NotThere,
}

impl Orders {
    /// Takes a file, for a while. The idempotency key is made of what has arrived, so the body is read before it counts; `answer` makes
    /// the reply that is kept under it.
    pub(crate) async fn take_file<E>(
        &self,
        upload: Upload<impl Stream<Item = Result<Bytes, E>> + Send>,
        check: impl FnOnce(&Incoming) -> Result<Option<Key>, PlatformError>,
        answer: fn(&File) -> Reply,
    ) -> Result<Taken>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let (owner, body) = (upload.owner, upload.body);
        let received = self
            .files()
            .receive(owner, &upload.content_type, upload.length, body);
        let incoming = received.await.map_err(refusal)?;
        let file_id = incoming.file.file_id;
        let kept = match check(&incoming) {
            Ok(key) => self.keep_file(incoming.file, key, answer).await,
            Err(refusal) => Err(refusal.into()),
        };
        if !matches!(kept, Ok(Taken::Now(_))) {
            self.files().drop_object(file_id).await;
        }
        kept
    }

    async fn keep_file(
        &self,
        file: File,
        key: Option<Key>,
        answer: fn(&File) -> Reply,
    ) -> Result<Taken> {
        let (files, now, reply) = (self.files().clone(), self.now(), answer(&file));
        let kept = reply.clone();
        let admitted = self.db().write(move |tx| {
            if let Some(key) = &key {
                let reference = file.file_id.to_string();
                if let Some(found) = idempotency::claim(tx, key, Some(&reference), now)? {
                    return Ok(Some(found));
                }
                let body = String::from_utf8_lossy(&kept.body);
                idempotency::answer(tx, key, kept.status.as_u16(), &body)?;
            }
            files.admit(tx, &file)?;
            Ok::<_, files::Error>(None)
        });
        match admitted.await.map_err(refusal)? {
            None => Ok(Taken::Now(reply)),
            Some(Found::Answered { status, body }) => Ok(Taken::Before(Reply {
                status: status
                    .try_into()
                    .map_err(|_| Error::Failed("stored status".into()))?,
                body: body.into(),
            })),
            Some(Found::OtherRequest | Found::Unanswered { .. }) => {
                Err(Error::Refused(PlatformError::ConflictingParameters {
                    conflict: Conflict::IdempotencyKeyReused,
                }))
            }
        }
    }

    /// Looks a file up that a request names in order to attach it: the first half, before [`attach`].
    pub async fn named_file(&self, owner: Owner, id: FileId) -> Result<Named> {
        let now = self.now();
        let find = move |tx: &mut Tx<'_>| File::find(tx, owner, id, now);
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(match found?.map(|file| file.file_type) {
            Some(FileType::Temp) => Named::Temporary,
            Some(FileType::Permanent) => Named::Attached,
            None => Named::NotThere,
        })
    }

    /// A file of `owner` that has not expired.
    pub async fn file(&self, owner: Owner, id: FileId) -> Result<File> {
        let now = self.now();
        let find = move |tx: &mut Tx<'_>| File::find(tx, owner, id, now);
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?.ok_or(not_there())?)
    }
}

/// Makes a temporary file a part of `what`, for good, in the transaction that makes `what` refer to it. One that another request
/// attached first is refused as `property`, a field of the request.
pub fn attach(
    tx: &mut Tx<'_>,
    owner: Owner,
    property: &'static str,
    id: FileId,
    what: &str,
    now: Timestamp,
) -> Result<()> {
    if File::attach(tx, owner, id, what, now)? {
        return Ok(());
    }
    match File::find(tx, owner, id, now)? {
        Some(_) => Err(PlatformError::fields(vec![not_temporary(property)]).into()),
        None => Err(not_there().into()),
    }
}

/// A field of a request names a file that is attached to something already.
pub fn not_temporary(property: &'static str) -> FieldError {
    let named: Property = property.into();
    FieldError::at(
        property,
        PlatformError::FileTypeMustBeTemp { property: named },
    )
}

/// There is no such file, or it is somebody else's, or its time is over.
pub const fn not_there() -> PlatformError {
    PlatformError::DataNotExist {
        what: Subject::File,
    }
}

fn refusal(error: files::Error) -> Error {
    let reason = match error {
        files::Error::Rejected(rejection) => reason(rejection),
        files::Error::Storage(error) => {
            tracing::error!(%error, "a file could not be stored");
            UploadRefusal::NotStored
        }
        files::Error::Store(error) => return error.into(),
    };
    PlatformError::FailedToUploadFile { reason }.into()
}

fn reason(rejection: Rejection) -> UploadRefusal {
    match rejection {
        Rejection::NoForm => UploadRefusal::NoForm,
        Rejection::Malformed => UploadRefusal::Malformed,
        Rejection::NoFile => UploadRefusal::NoFile,
        Rejection::SeveralFiles => UploadRefusal::SeveralFiles,
        Rejection::TooManyParts => UploadRefusal::TooManyParts,
        Rejection::Empty => UploadRefusal::Empty,
        Rejection::TooLarge { largest } => UploadRefusal::TooLarge {
            largest: i64::try_from(largest).unwrap_or(i64::MAX),
        },
        Rejection::TypeNotAllowed => UploadRefusal::TypeNotAllowed,
        Rejection::TypeDisagrees => UploadRefusal::TypeDisagrees,
        Rejection::TooMuchWaiting => UploadRefusal::TooMuchWaiting,
    }
}
