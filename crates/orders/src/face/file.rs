//! `/platform/file` and `/account/file`: files that are sent now and attached to something later.

use super::call::{Caller, PathIds, Principal, invalid, replayed};
use super::member::Member;
use crate::uploads::{Taken, Upload};
use crate::{Error, Orders};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use catalogue::PlatformError;
use catalogue::platform::Format;
use files::{File, FileId, FileType, Incoming, Owner};
use http::request::Parts;
use http::{HeaderValue, header};
use httpkit::body::Pieces;
use httpkit::{Refusal, Reply, Transport, download, idempotency};
use kernel::Timestamp;
use serde::Serialize;
use store::idempotency::Key;

/// Who may have files of their own.
pub trait FileOwner: Principal + Sync {
    /// Under which name.
    fn owner(&self) -> Owner;
    /// What else the request says of who they are. `form`: the file's, once it is there.
    fn check(&self, form: Option<&Incoming>) -> Result<(), PlatformError>;
}

impl FileOwner for Caller {
    fn owner(&self) -> Owner {
        Owner::organization(self.organization())
    }

    fn check(&self, form: Option<&Incoming>) -> Result<(), PlatformError> {
        self.check_named_organization()?;
        let mut texts = form.into_iter().flat_map(|form| &form.texts);
        let named = texts.find(|(name, text)| name == "organization_id" && !text.trim().is_empty());
        match named.map(|(_, text)| text.trim().parse()) {
            None => Ok(()),
            Some(Ok(id)) if self.organization() == id => Ok(()),
            Some(Ok(_)) => Err(PlatformError::OrganizationIdIncorrect),
            Some(Err(_)) => Err(invalid("organization_id", Format::Uuid)),
        }
    }
}

impl FileOwner for Member {
    fn owner(&self) -> Owner {
        Owner::account(self.account())
    }

    fn check(&self, _: Option<&Incoming>) -> Result<(), PlatformError> {
        Ok(())
    }
}

pub fn routes<P: FileOwner + 'static>() -> Router<Orders> {
    Router::new()
        .route("/file/{file_id}", get(find::<P>))
        .route("/file/{file_id}/content", get(content::<P>))
}

/// What may take as long as a file takes to arrive.
pub fn slow_routes<P: FileOwner + 'static>() -> Router<Orders> {
    Router::new().route("/file", post(upload::<P>).fallback(wrong_method))
}

async fn wrong_method() -> Refusal {
    Transport::WrongMethod.into()
}

#[derive(Serialize)]
pub(super) struct FileResponse<'a> {
    pub(super) file_id: FileId,
    pub(super) file_name: &'a str,
    pub(super) file_type: FileType,
    pub(super) content_type: &'a str,
    pub(super) size: i64,
    pub(super) expire_date_time: Option<Timestamp>,
}

impl<'a> From<&'a File> for FileResponse<'a> {
    fn from(file: &'a File) -> Self {
        Self {
            file_id: file.file_id,
            file_name: &file.name,
            file_type: file.file_type,
            content_type: &file.content_type,
            size: file.size,
            expire_date_time: file.expires_at,
        }
    }
}

fn reply(file: &File) -> Reply {
    Reply::ok(&FileResponse::from(file))
}

async fn upload<P: FileOwner>(
    State(orders): State<Orders>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let mut body = Pieces::of(body);
    let taken = take::<P>(&orders, &mut parts, &mut body).await;
    body.leave(&parts.headers);
    taken
}

async fn take<P: FileOwner>(
    orders: &Orders,
    parts: &mut Parts,
    body: &mut Pieces,
) -> Result<Response, Refusal> {
    let caller = P::from_request_parts(parts, orders).await?;
    caller.check(None)?;
    let header = |name| {
        let value = parts.headers.get(name);
        value.and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let key = |content: &[u8]| -> Result<Option<Key>, PlatformError> {
        let (method, path) = (&parts.method, parts.uri.path());
        idempotency::key(&parts.headers, &caller.scope(), method, path, content)
            .map_err(|_| invalid("idempotency-key", Format::IdempotencyKey))
    };
    key(b"")?;
    let upload = Upload {
        owner: caller.owner(),
        content_type: header(header::CONTENT_TYPE).unwrap_or_default().to_owned(),
        length: header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        body: body.stream(),
    };
    let check = |incoming: &Incoming| {
        caller.check(Some(incoming))?;
        // What makes two requests the same: boundaries are made up anew for each.
        let file = &incoming.file;
        let content = [&*file.name, &*incoming.declared, &*file.sha256];
        key(&serde_json::to_vec(&content).unwrap_or_default())
    };
    Ok(match orders.take_file(upload, check, reply).await? {
        Taken::Now(reply) => reply.into_response(),
        Taken::Before(reply) => replayed(reply),
    })
}

async fn owned<P: FileOwner>(orders: &Orders, caller: &P, ids: &PathIds) -> Result<File, Refusal> {
    caller.check(None)?;
    let id = ids.id("file_id")?;
    Ok(orders.file(caller.owner(), id).await?)
}

async fn find<P: FileOwner>(
    State(orders): State<Orders>,
    caller: P,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    Ok(reply(&owned(&orders, &caller, &ids).await?))
}

/// The bytes, for whoever may have them: to be saved, never shown in our name.
async fn content<P: FileOwner>(
    State(orders): State<Orders>,
    caller: P,
    ids: PathIds,
) -> Result<Response, Refusal> {
    let file = owned(&orders, &caller, &ids).await?;
    let bytes = orders.files().content(&file).await;
    let bytes = bytes.map_err(|error| Error::Failed(error.to_string()))?;
    let headers = download::headers(&file.name, &file.content_type);
    let no_store = HeaderValue::from_static("private, no-store");
    let own = [
        (header::CONTENT_LENGTH, HeaderValue::from(file.size)),
        (header::CACHE_CONTROL, no_store),
    ];
    Ok((headers, own, Body::from_stream(bytes)).into_response())
}
