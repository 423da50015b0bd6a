//! How resources are written.

pub(crate) mod content;
mod markdown;
mod record;
mod record_ld;
mod record_markdown;

pub(crate) use markdown::escape;
pub(crate) use record::{Written, write};

use crate::Result;
use crate::face::check_version;
use crate::face::params::Params;
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{JsonType, Problem};
use serde::Serialize;

store::text_enum! {
    /// A format.
    pub enum Format {
        /// JSON with the face's own names.
        Json = "json",
        /// JSON with the names of schema.org.
        JsonLd = "json-ld",
        /// Text for people.
        Markdown = "markdown",
    }
}

impl Format {
    /// What it is on the wire.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::JsonLd => "application/ld+json; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

/// How a resource was asked to be written. Goes before what was written.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Heading {
    pub format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    content_type: &'static str,
}

/// A resource as it is written: `{format, version?, content_type, data}`.
#[derive(Debug, Serialize)]
pub(crate) struct Wrapped<T> {
    #[serde(flatten)]
    pub heading: Heading,
    pub data: T,
}

/// Ends the reading of parameters with `format` and `version`: other parameters are told first, then the version, then the
/// format. The version is answered to those who sent it.
pub(crate) fn finish(mut params: Params, allowed: &[Format]) -> Result<Heading> {
    let version = check_version(&params);
    let format = match params.value("format") {
        None => Ok(Format::Json),
        Some(value) => {
            if !value.is_string() {
                let expected = JsonType::Text;
                params.issue("format", Problem::InvalidType { expected });
            }
            let mut allowed_ones = allowed.iter().copied();
            let named = params.value("format").and_then(|value| value.as_str());
            let found = allowed_ones.find(|format| Some(format.name()) == named);
            found.ok_or_else(|| OpenapiV2Error::UnsupportedOutputFormat {
                allowed: allowed.iter().map(|format| format.name()).collect(),
            })
        }
    };
    let has_version = params.has("version");
    params.finish()?;
    version?;
    let format = format?;
    Ok(Heading {
        format,
        version: has_version.then_some("v1"),
        content_type: format.content_type(),
    })
}
