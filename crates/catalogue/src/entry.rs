use crate::Page;
use kernel::{Credits, Locale};
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;

/// One of the API contracts that the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// The order platform (`/platform/*`).
    Platform,
    /// Subscription billing (`/v1/*`).
    Recur,
    /// The card form in the buyer's browser. Its errors never travel through the server.
    CardForm,
    /// Codes, forms, certificates and their verification (`/api/v2/rpc/*`).
    OpenapiV2,
}

impl Face {
    /// The name used in paths and by the CLI.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Recur => "recur",
            Self::CardForm => "card_form",
            Self::OpenapiV2 => "openapi_v2",
        }
    }
}

/// Where in a response a code may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The answer's own code.
    Top,
    /// One item of the list of failed fields.
    Field,
    /// Either.
    Both,
    /// In no response: an error that a script in the browser reports. It has no HTTP status.
    ClientSide,
}

/// Whether sending the request again helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Not before the request itself is changed.
    AfterFixingRequest,
    /// Once something outside the request has changed: credit, a product's state, a key.
    AfterChange,
    /// Later.
    Later,
    /// With a fresh card form token.
    WithNewToken,
}

/// One documented code.
#[derive(Debug)]
pub struct Entry {
    /// The face whose contract documents it.
    pub face: Face,
    /// The code on the wire.
    pub code: &'static str,
    /// The name of its variant.
    pub variant: &'static str,
    /// The HTTP status it comes with when it is the answer's own code; 0 at [`Level::ClientSide`].
    pub status: u16,
    /// Where in an answer it may stand.
    pub level: Level,
    /// Whether a retry helps.
    pub retry: Retry,
    /// The variant's fields: name and wire type.
    pub params: &'static [(&'static str, &'static str)],
    /// Message templates in the order of [`Locale::ALL`].
    pub messages: [&'static str; 3],
    /// The page's source, Markdown.
    pub source: &'static str,
}

impl Entry {
    /// `face/code`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.face.name(), self.code)
    }

    /// The status, unless the code stands in no response.
    pub fn http_status(&self) -> Option<u16> {
        (self.level != Level::ClientSide).then_some(self.status)
    }

    /// Whether anything brings the code about: a request, or a script in a browser.
    pub fn reachable(&self) -> bool {
        self.level == Level::ClientSide || self.page().scenario.is_some()
    }

    /// Where the page is served.
    pub fn doc_path(&self) -> String {
        format!("/docs/errors/{}", self.path())
    }

    /// The page, split into its parts.
    pub fn page(&self) -> Page {
        Page::parse(self.source)
    }

    /// The message template in one language.
    pub const fn message(&self, locale: Locale) -> &'static str {
        self.messages[locale.index()]
    }

    /// The entry as `/errors.json` and the CLI show it.
    pub fn to_json(&self) -> serde_json::Value {
        let page = self.page();
        let translated = |f: &dyn Fn(Locale) -> String| -> serde_json::Value {
            Locale::ALL
                .iter()
                .map(|l| (l.tag().to_owned(), f(*l).into()))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        json!({
            "face": self.face,
            "code": self.code,
            "status": self.http_status(),
            "level": self.level,
            "retry": self.retry,
            "params": self.params.iter().map(|(n, t)| json!({"name": n, "type": t})).collect::<Vec<_>>(),
            "message": translated(&|l| self.message(l).to_owned()),
            "cause": translated(&|l| page.cause(l).to_owned()),
            "reachable": self.reachable(),
            "doc_url": self.doc_path(),
        })
    }
}

/// A face's error: one variant per documented code. Implemented by [`errors!`](crate::errors) only.
pub trait Coded {
    /// The whole table, in the order of the variants.
    const ENTRIES: &'static [Entry];

    /// The entry of this variant.
    fn entry(&self) -> &'static Entry;

    /// The message in one language, with this value's fields filled in.
    fn message(&self, locale: Locale) -> String;
}

/// A type that may be a field of an error.
pub trait Param {
    /// Its wire type.
    const TYPE: &'static str;

    /// How a message shows it.
    fn text(&self, locale: Locale) -> Cow<'_, str>;
}

impl Param for i64 {
    const TYPE: &'static str = "integer";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl Param for usize {
    const TYPE: &'static str = "integer";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl Param for Credits {
    const TYPE: &'static str = "integer";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl Param for String {
    const TYPE: &'static str = "string";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.into()
    }
}

impl Param for &'static str {
    const TYPE: &'static str = "string";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        (*self).into()
    }
}

impl Param for Vec<String> {
    const TYPE: &'static str = "string[]";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.join(", ").into()
    }
}

impl Param for Vec<&'static str> {
    const TYPE: &'static str = "string[]";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.join(", ").into()
    }
}

impl Param for Cow<'static, str> {
    const TYPE: &'static str = "string";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.as_ref().into()
    }
}
