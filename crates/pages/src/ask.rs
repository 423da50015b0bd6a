//! What a request of these pages brings.

use crate::links;
use crate::query;
use crate::visit::Visit;
use crate::words::Words;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use httpkit::server::{self, Peer};
use kernel::Locale;
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::net::IpAddr;

/// Largest body that is read.
const LARGEST_BODY: usize = 16 * 1024;

/// A request, apart from its body.
pub struct Ask {
    /// The method.
    pub method: Method,
    visit: Visit,
    headers: HeaderMap,
    query: String,
    params: Vec<(String, String)>,
    peer: Option<Peer>,
}

/// One entry of the language switch.
pub struct Language {
    pub tag: &'static str,
    pub name: &'static str,
    pub href: String,
    pub current: bool,
}

/// The page that sends a request, as far as the browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A page of this server.
    Ours,
    /// Another page.
    Other,
    /// The browser does not say.
    Unsaid,
}

/// Why a body is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPost {
    /// Not sent by a page of ours.
    Sender,
    /// Not declared as JSON.
    Kind,
    /// Not a JSON object, too long, or not there in time.
    Body,
}

impl Ask {
    /// The language to answer in.
    pub const fn locale(&self) -> Locale {
        self.visit.locale
    }

    /// Answers in `locale`, unless the address says otherwise.
    pub const fn prefer(&mut self, locale: Locale) {
        if !self.visit.explicit {
            self.visit.locale = locale;
        }
    }

    /// The path, as it was sent.
    pub fn path(&self) -> &str {
        &self.visit.path
    }

    /// A part of the path.
    pub fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(key, _)| key == name);
        // No name has such characters, and PostgreSQL takes no NUL.
        found
            .map(|(_, value)| value)
            .filter(|value| !value.contains(char::is_control))
            .map_or("", String::as_str)
    }

    /// A value of the query; empty when there is none.
    pub fn query(&self, name: &str) -> String {
        query::value(&self.query, name)
    }

    /// The address of another page, in the language that the address names.
    pub fn link(&self, path: &str) -> String {
        self.visit.link(path)
    }

    /// This page in another language.
    fn in_locale(&self, locale: Locale) -> String {
        let others: Vec<&str> = self
            .query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
            .collect();
        let path = match others.as_slice() {
            [] => self.visit.path.clone(),
            others => format!("{}?{}", self.visit.path, others.join("&")),
        };
        query::href(&path, &[("lang", locale.tag())])
    }

    /// This page in every language.
    pub fn languages(&self) -> Vec<Language> {
        let languages = Locale::ALL.map(|locale| Language {
            tag: locale.tag(),
            name: Words::of(locale).language,
            href: self.in_locale(locale),
            current: locale == self.locale(),
        });
        languages.into()
    }

    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where whoever asks is: the other end of the connection, or what the proxy there writes last into this header. Of IPv6 the
    /// network, which belongs to one subscriber.
    pub fn address(&self, forwarded: Option<&str>) -> Option<IpAddr> {
        server::client_address(self.peer, &self.headers, forwarded)
    }

    /// Who sends this to the server that is reached at `public_url`. Pages of ours send no referrer, so their forms have the
    /// origin `null`.
    pub fn sender(&self, public_url: &str) -> Sender {
        match (self.header("sec-fetch-site"), self.header("origin")) {
            (Some("same-origin"), _) => Sender::Ours,
            (Some(_), _) => Sender::Other,
            (None, None | Some("null")) => Sender::Unsaid,
            (None, Some(origin)) => {
                let host = origin.split_once("://").map(|(_, host)| host);
                let here = host.is_some() && host == self.header("host");
                let public = links::origin(public_url) == Some(origin);
                if here || public {
                    Sender::Ours
                } else {
                    Sender::Other
                }
            }
        }
    }

    /// The JSON object that a script of ours posts. An empty body is an empty object.
    pub async fn json(&self, public_url: &str, body: Body) -> Result<Map<String, Value>, BadPost> {
        if self.sender(public_url) != Sender::Ours {
            return Err(BadPost::Sender);
        }
        let kind = self
            .header(header::CONTENT_TYPE.as_str())
            .unwrap_or_default();
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            return Err(BadPost::Kind);
        }
        let bytes = httpkit::body::read(body, LARGEST_BODY)
            .await
            .map_err(|_| BadPost::Body)?;
        if bytes.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(BadPost::Body),
        }
    }

    /// The fields of a form of ours, URL-encoded.
    pub async fn form(&self, public_url: &str, body: Body) -> Result<String, BadPost> {
        if self.sender(public_url) == Sender::Other {
            return Err(BadPost::Sender);
        }
        let bytes = httpkit::body::read(body, LARGEST_BODY)
            .await
            .map_err(|_| BadPost::Body)?;
        String::from_utf8(bytes.into()).map_err(|_| BadPost::Body)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let visit = Visit::from_request_parts(parts, state).await?;
        // Not UTF-8 at worst, which names nothing either.
        let params = match RawPathParams::from_request_parts(parts, state).await {
            Ok(params) => params
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            Err(_) => Vec::new(),
        };
        Ok(Self {
            method: parts.method.clone(),
            visit,
            headers: parts.headers.clone(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            params,
            peer: parts.extensions.get().copied(),
        })
    }
}
