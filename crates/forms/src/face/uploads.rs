//! Methods of `uploads`.

use super::params::Params;
use super::{Caller, Data, Method, data, times, writes};
use crate::{Error, Forms, Result, uploads};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use catalogue::openapi_v2::Problem;
use files::kind;
use serde::Serialize;
use std::borrow::Cow;

pub(super) const METHODS: &[Method] = &[writes!("uploads/create", create)];

/// Most characters of a file's name.
const LONGEST_NAME: i64 = 255;

/// Padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Serialize)]
struct Created<'a> {
    upload_id: &'a str,
    url: String,
    expire_at: i64,
    expire_at_iso: String,
    size: i64,
    content_type: &'a str,
}

async fn create(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let name = params.required_text("name", LONGEST_NAME);
    if name.contains(char::is_control) {
        params.issue("name", Problem::Malformed);
    }
    let declared = params.text("content_type", 200);
    let file = content(&mut params, declared.as_deref());
    params.finish()?;
    let (bytes, content_type) = file.ok_or_else(|| Error::at("content", Problem::Required))?;
    let made = forms.create_upload(&caller.scope, name, content_type, &bytes);
    let made = made.await?;
    let (expire_at, expire_at_iso) = times::both(made.expire_at);
    data(&Created {
        upload_id: &made.upload_id,
        url: forms.upload_url(&made.upload_id),
        expire_at,
        expire_at_iso,
        size: made.size,
        content_type: &made.content_type,
    })
}

/// `content`: a file in Base64, and what it is.
fn content(params: &mut Params, declared: Option<&str>) -> Option<(Vec<u8>, &'static str)> {
    let text = params.text("content", i64::MAX);
    if !params.has("content") {
        params.issue("content", Problem::Required);
    }
    let mut text = text?;
    text.retain(|character| !character.is_ascii_whitespace());
    let limit = uploads::LARGEST;
    let Ok(bytes) = LENIENT.decode(&text) else {
        params.issue("content", Problem::Malformed);
        return None;
    };
    if bytes.len() > limit {
        params.issue("content", Problem::TooLarge { limit });
        return None;
    }
    let Some(sniffed) = kind::sniff(&bytes) else {
        let allowed = kind::TYPES.to_vec();
        params.issue("content", Problem::NotOneOf { allowed });
        return None;
    };
    if declared.is_some_and(|declared| !kind::agrees(declared, sniffed)) {
        let other = Cow::Borrowed("content");
        params.issue("content_type", Problem::Contradicts { other });
        return None;
    }
    Some((bytes, sniffed))
}
