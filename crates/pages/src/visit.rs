//! What a request asks for, apart from its path.

use crate::query;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use kernel::Locale;
use std::convert::Infallible;

/// The longest search that is looked at, in characters.
pub const MAX_QUERY: usize = 100;

/// The language and the filters of one request.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The path as it was sent.
    pub path: String,
    /// The language to answer in.
    pub locale: Locale,
    /// Whether the address names the language, so that links must name it too.
    pub explicit: bool,
    /// The search, trimmed and cut.
    pub search: String,
    /// The status to filter by.
    pub status: Option<u16>,
    /// The version of an asset.
    pub version: String,
}

impl Visit {
    /// The `lang` that links carry: empty unless the visitor's address had one.
    pub const fn lang(&self) -> &'static str {
        if self.explicit { self.locale.tag() } else { "" }
    }

    /// The address of another page, in the language asked for.
    pub fn link(&self, path: &str) -> String {
        query::href(path, &[("lang", self.lang())])
    }

    /// The address of this very list or page in another language.
    pub fn switch(&self, path: &str, locale: Locale) -> String {
        let status = self.status.map(|s| s.to_string()).unwrap_or_default();
        query::href(
            path,
            &[
                ("q", &self.search),
                ("status", &status),
                ("lang", locale.tag()),
            ],
        )
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let chosen = Locale::from_tag(&query::value(query, "lang"));
        let accepted = || {
            let values = parts.headers.get_all(header::ACCEPT_LANGUAGE).iter();
            let values: Vec<&str> = values.filter_map(|v| v.to_str().ok()).collect();
            Locale::negotiate(&values.join(","))
        };
        Ok(Self {
            path: parts.uri.path().to_owned(),
            locale: chosen.unwrap_or_else(accepted),
            explicit: chosen.is_some(),
            search: query::value(query, "q")
                .trim()
                .chars()
                .take(MAX_QUERY)
                .collect(),
            status: query::value(query, "status").parse().ok(),
            version: query::value(query, "v"),
        })
    }
}
