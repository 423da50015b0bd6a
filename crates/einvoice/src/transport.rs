//! One exchange over HTTP, and the reading of answers.

use crate::cipher::unhex;
use crate::outcome::{Attempt, Stop, Undecided};
use kernel::Timestamp;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use serde_json::{Map, Value};
use std::error::Error as _;

/// Longer than any answer.
const ANSWER_BYTES: usize = 256 * 1024;

/// Where a provider is reached.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base_url: String,
}

/// How a body is written.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Form,
    Json,
}

impl Transport {
    pub fn new(http: reqwest::Client, base_url: impl Into<String>) -> Self {
        let mut base_url = base_url.into();
        base_url.truncate(base_url.trim_end_matches('/').len());
        Self { http, base_url }
    }

    /// Posts `body` to `path`; the answer is a JSON object with a status of success.
    pub async fn post(&self, path: &str, kind: Body, body: String) -> Result<Object, Undecided> {
        match self.exchange(path, kind, body).await? {
            (status, _) if !(200..300).contains(&status) => Err(Undecided::Http(status)),
            (_, body) => Object::read(&body),
        }
    }

    /// Posts `body` to `path`; the status and the body of the answer.
    pub async fn exchange(
        &self,
        path: &str,
        kind: Body,
        body: String,
    ) -> Result<(u16, Vec<u8>), Undecided> {
        let kind = match kind {
            Body::Form => "application/x-www-form-urlencoded",
            Body::Json => "application/json",
        };
        let request = self
            .http
            .post(format!("{}{path}", self.base_url))
            .header(USER_AGENT, "einvoice")
            .header(CONTENT_TYPE, kind)
            .body(body);
        let mut response = request.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(Undecided::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body))
    }
}

fn no_answer(error: reqwest::Error) -> Undecided {
    if error.is_timeout() {
        return Undecided::TimedOut;
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Undecided::Unreachable(text)
}

/// A JSON object whose numbers may be written as texts, as the providers do at times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object(Map<String, Value>);

impl Object {
    pub fn read(bytes: &[u8]) -> Result<Self, Undecided> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            _ => Err(Undecided::NotJson),
        }
    }

    /// A text or a number as a text; an empty one is none.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A whole number, possibly written as a text.
    pub fn number(&self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        whole.parse().ok()
    }

    /// What `name` holds as another type.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// An address that a browser opens.
    pub fn web_address(&self, name: &str) -> Option<String> {
        let url = self.text(name)?;
        (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
    }

    /// An answer that says what it is about must be about what was asked.
    pub fn must_be_about(&self, name: &str, asked: &str) -> Attempt<()> {
        match self.text(name) {
            Some(other) if other != asked => Err(Stop::Undecided(Undecided::Mismatch)),
            _ => Ok(()),
        }
    }

    /// An object inside; one written as a text too.
    pub fn object(&self, name: &str) -> Option<Self> {
        match self.0.get(name)? {
            Value::Object(map) => Some(Self(map.clone())),
            Value::String(text) => Self::read(text.as_bytes()).ok(),
            _ => None,
        }
    }
}

/// `YYYY-MM-DD hh:mm:ss` in Taipei, as most answers have it.
pub(crate) fn taipei(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once([' ', '+'])?;
    format!("{}T{time}+08:00", date.replace('/', "-"))
        .parse()
        .ok()
}

/// Whole seconds since 1970.
pub(crate) const fn seconds(now: Timestamp) -> i64 {
    now.micros().div_euclid(1_000_000)
}

/// As PHP's `urlencode` writes it.
pub(crate) fn urlencode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for part in form_urlencoded::byte_serialize(text.as_bytes()) {
        // The one difference between the URL standard and PHP.
        out.push_str(if part == "*" { "%2A" } else { part });
    }
    out
}

/// Reads what [`urlencode`], or any other form encoder, writes. A stray `%` stands for itself.
pub(crate) fn urldecode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let escaped = after.first_chunk::<2>().filter(|_| byte == b'%');
        let escaped = escaped.and_then(|hex| unhex(std::str::from_utf8(hex).ok()?));
        match escaped.as_deref() {
            Some([byte]) => {
                out.push(*byte);
                rest = &after[2..];
            }
            _ => out.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    String::from_utf8(out).ok()
}

/// A form of these fields in this order.
pub(crate) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = fields.into_iter();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", urlencode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_texts() {
        let object =
            Object::read(br#"{"a":"1","b":2,"c":"","d":null,"e":"{\"x\":\"y\"}","f":3.0}"#)
                .unwrap();
        assert_eq!((object.number("a"), object.number("b")), (Some(1), Some(2)));
        assert_eq!((object.number("f"), object.number("c")), (Some(3), None));
        assert_eq!((object.text("c"), object.text("d")), (None, None));
        assert_eq!(object.object("e").unwrap().text("x").unwrap(), "y");
        for bad in ["", "[]", "1", "<html>", "{"] {
            assert_eq!(
                Object::read(bad.as_bytes()),
                Err(Undecided::NotJson),
                "{bad}"
            );
        }
    }

    #[test]
    fn answers_have_the_time_of_taipei() {
        let expected: Timestamp = "2026-01-15T12:11:17+08:00".parse().unwrap();
        assert_eq!(taipei("2026-01-15 12:11:17"), Some(expected));
        assert_eq!(taipei("2026/01/15 12:11:17"), Some(expected));
        assert_eq!(taipei("2026-01-15+12:11:17"), Some(expected));
        assert_eq!(taipei("2026-01-15"), None);
        assert_eq!(taipei(""), None);
    }

    #[test]
    fn forms_are_written_as_php_writes_them() {
        assert_eq!(
            form([("a", "月 1"), ("b", "*~!'()-_.&=+%")]),
            "a=%E6%9C%88+1&b=%2A%7E%21%27%28%29-_.%26%3D%2B%25"
        );
        assert_eq!(
            urldecode("%e6%9C%88+1%zz%4%").as_deref(),
            Some("月 1%zz%4%")
        );
        assert_eq!(urldecode("%ff"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(text: String) {
            proptest::prop_assert_eq!(urldecode(&urlencode(&text)), Some(text));
        }
    }
}
