//! Use cases: files that submissions refer to, and the route that serves them.

use crate::repo::Upload;
use crate::{Forms, Result, Scope, coding};
use axum::Router;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalogue::OpenapiV2Error;
use http::{HeaderValue, StatusCode, header};
use httpkit::download;
use kernel::Timestamp;
use store::params;

/// Largest file, in bytes.
pub const LARGEST: usize = 5 * 1024 * 1024;

/// Most bytes of an organization that wait for the submission that refers to them, before public pages take no more.
const MOST_WAITING: i64 = 512 * 1024 * 1024;

impl Forms {
    /// Keeps a file for a while. `content_type`: what it is, as [`sniff`](files::kind::sniff) has it.
    pub async fn create_upload(
        &self,
        scope: &Scope,
        name: String,
        content_type: &str,
        bytes: &[u8],
    ) -> Result<Upload> {
        let upload = Upload {
            upload_id: String::new(),
            org_id: scope.org_id,
            name,
            content_type: content_type.to_owned(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            body: STANDARD.encode(bytes),
            record_id: None,
            expire_at: scope.now.plus(self.config().upload_life),
            created_at: scope.now,
        };
        let make = move |forms: &Self| Upload {
            upload_id: coding::random(forms.rng(), 'u', 16),
            ..upload.clone()
        };
        let is_visitors = scope.api_key_id.is_none();
        self.write(make, move |tx, upload| {
            if is_visitors {
                let waiting = Upload::waiting(tx, upload.org_id, upload.created_at)?;
                if waiting.saturating_add(upload.size) > MOST_WAITING {
                    return Err(OpenapiV2Error::TooManyRequests.into());
                }
            }
            upload.insert(tx)?;
            Ok(upload.clone())
        })
        .await
    }

    /// Where a file is served.
    pub fn upload_url(&self, upload_id: &str) -> String {
        self.url(&upload_path(upload_id))
    }

    /// A file that is still there, for whoever has its address.
    pub async fn served_upload(&self, upload_id: &str) -> Result<Option<Upload>> {
        let (upload_id, now) = (upload_id.to_owned(), self.now());
        self.read(move |tx| {
            let found = Upload::first(tx, Upload::SERVED, params![&upload_id])?;
            Ok(found.filter(|upload| !upload.is_expired(now)))
        })
        .await
    }

    /// Deletes the files whose time is over; says how many.
    pub async fn forget_uploads(&self, now: Timestamp) -> Result<u64> {
        self.write(|_| (), move |tx, ()| Ok(Upload::forget(tx, now)?))
            .await
    }
}

/// Where a file is served on this server.
pub(crate) fn upload_path(upload_id: &str) -> String {
    format!("/f/uploads/{upload_id}")
}

/// The files' route. For everybody: who knows an address may have the file.
pub fn routes(forms: Forms) -> Router {
    Router::new()
        .route("/f/uploads/{upload_id}", get(serve))
        .with_state(forms)
}

async fn serve(State(forms): State<Forms>, path: RawPathParams) -> Response {
    let id = path.iter().find(|(key, _)| *key == "upload_id");
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let Some((_, id)) = id.filter(|(_, id)| is_plain(id)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let failed = |cause: &dyn std::fmt::Display| {
        tracing::error!(%cause, "an upload could not be served");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    };
    let upload = match forms.served_upload(id).await {
        Ok(Some(upload)) => upload,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return failed(&error),
    };
    let Ok(bytes) = STANDARD.decode(&upload.body) else {
        return failed(&"its row is damaged");
    };
    let cache = HeaderValue::from_static("private, max-age=300");
    let headers = download::headers(&upload.name, &upload.content_type);
    (headers, [(header::CACHE_CONTROL, cache)], bytes).into_response()
}
