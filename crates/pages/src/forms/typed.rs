//! What a form of these pages posts: texts under names, and files.

use axum::body::Body;
use bytes::Bytes;
use multer::{Constraints, Multipart, SizeLimit};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Largest body without files.
const LARGEST_TEXT: usize = 1024 * 1024;
/// Largest body with files, in bytes.
pub const LARGEST: usize = 16 * 1024 * 1024;
/// How long a body with files may take: phones are slow.
const ARRIVAL: Duration = Duration::from_secs(90);
/// Most names: 200 fields of three rows with several columns each.
const MOST_PARTS: usize = 10_000;

/// Most files.
const MOST_FILES: usize = 200;

/// A file that was sent.
#[derive(Debug)]
pub struct Sent {
    /// Under which name of the form.
    pub field: String,
    /// The file's own name.
    pub name: String,
    /// Its content; `None`: it is larger than a file may be.
    pub bytes: Option<Bytes>,
}

impl From<multer::Error> for BadBody {
    fn from(_: multer::Error) -> Self {
        Self
    }
}

/// What was typed into a form.
#[derive(Debug, Default)]
pub struct Typed {
    pairs: Vec<(String, String)>,
    pub files: Vec<Sent>,
}

/// The body is too large, not there in time, or nothing that a form sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadBody;

impl Typed {
    /// The SHA-256 of all that was typed and sent, in hex.
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let mut add = |part: &[u8]| {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        };
        for (name, value) in &self.pairs {
            add(name.as_bytes());
            add(value.as_bytes());
        }
        for file in &self.files {
            add(file.field.as_bytes());
            add(file.name.as_bytes());
            add(file.bytes.as_deref().unwrap_or_default());
        }
        httpkit::idempotency::hex(&digest.finalize())
    }

    /// Reads what a form sends that has the content type `kind`.
    pub async fn read(kind: &str, body: Body) -> Result<Self, BadBody> {
        if let Ok(boundary) = multer::parse_boundary(kind) {
            let read = Self::read_parts(boundary, body);
            let read = tokio::time::timeout(ARRIVAL, read).await;
            return read.map_err(|_| BadBody)?;
        }
        let bytes = httpkit::body::read(body, LARGEST_TEXT).await;
        Ok(Self::of(&bytes.map_err(|_| BadBody)?))
    }

    /// Of an URL-encoded text.
    pub fn of(encoded: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(encoded).take(MOST_PARTS);
        let mut typed = Self::default();
        for (name, value) in pairs {
            typed.put(name.into_owned(), &value);
        }
        typed
    }

    async fn read_parts(boundary: String, body: Body) -> Result<Self, BadBody> {
        let whole = SizeLimit::new().whole_stream(LARGEST as u64);
        let limits = Constraints::new().size_limit(whole);
        let stream = body.into_data_stream();
        let mut parts = Multipart::with_constraints(stream, boundary, limits);
        let mut typed = Self::default();
        while let Some(part) = parts.next_field().await? {
            if typed.pairs.len() >= MOST_PARTS || typed.files.len() >= MOST_FILES {
                return Err(BadBody);
            }
            let field = part.name().unwrap_or_default().to_owned();
            let name = part.file_name().map(str::to_owned);
            let bytes = part.bytes().await?;
            let Some(name) = name else {
                typed.put(field, &String::from_utf8_lossy(&bytes));
                continue;
            };
            // What a file input sends into which nothing was put.
            if name.is_empty() && bytes.is_empty() {
                continue;
            }
            let fits = bytes.len() <= forms::uploads::LARGEST;
            typed.files.push(Sent {
                field,
                name: file_name(&name),
                bytes: fits.then_some(bytes),
            });
        }
        Ok(typed)
    }

    /// PostgreSQL takes no NUL.
    fn put(&mut self, name: String, value: &str) {
        self.pairs.push((name, value.replace('\0', "\u{fffd}")));
    }

    /// The first text under a name; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The texts under a name.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let pairs = self.pairs.iter().filter(move |(key, _)| key == name);
        pairs.map(|(_, value)| value.as_str())
    }

    /// Whether there is such a text under a name.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.texts(name).any(|text| text == value)
    }

    /// Adds a text.
    pub fn add(&mut self, name: String, value: String) {
        self.pairs.push((name, value));
    }
}

/// The last part of a path, which some browsers send, without what is no text.
fn file_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = last.chars().filter(|c| !c.is_control());
    plain.take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=xyz";

    async fn parts(parts: &[&str]) -> Result<Typed, BadBody> {
        let mut body = String::new();
        for part in parts {
            body.push_str(&format!(
                "--xyz\r\nContent-Disposition: form-data; {part}\r\n"
            ));
        }
        body.push_str("--xyz--\r\n");
        Typed::read(KIND, Body::from(body)).await
    }

    #[tokio::test]
    async fn both_encodings_are_read() {
        let kind = "application/x-www-form-urlencoded";
        let body = Body::from("f1=%E5%BC%A0+x&f2=1&f2=2&f3=%00&f4=%ff");
        let typed = Typed::read(kind, body).await.unwrap();
        assert_eq!(typed.text("f1"), "张 x");
        assert_eq!(typed.texts("f2").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            (typed.text("f3"), typed.text("f4")),
            ("\u{fffd}", "\u{fffd}")
        );
        assert_eq!(typed.text("f5"), "");

        let typed = parts(&[
            "name=\"f1\"\r\n\r\n张 x",
            "name=\"f2\"; filename=\"C:\\\\a\\\\b.txt\"\r\nContent-Type: text/plain\r\n\r\nhello",
            "name=\"f3\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n",
        ]);
        let typed = typed.await.unwrap();
        assert_eq!(typed.text("f1"), "张 x");
        assert_eq!(typed.files.len(), 1);
        let Sent { field, name, bytes } = &typed.files[0];
        assert_eq!((&**field, &**name), ("f2", "b.txt"));
        assert_eq!(bytes.as_deref(), Some(&b"hello"[..]));
    }

    #[tokio::test]
    async fn bodies_have_limits() {
        let large = "x".repeat(forms::uploads::LARGEST + 1);
        let part = |n: usize| format!("name=\"f{n}\"; filename=\"a\"\r\n\r\n{large}");
        let typed = parts(&[&part(1)]).await.unwrap();
        assert_eq!(typed.files[0].bytes, None);
        let all: Vec<String> = (0..4).map(part).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(parts(&all).await.unwrap_err(), BadBody);
        let body = Body::from("x".repeat(LARGEST_TEXT + 1));
        assert_eq!(Typed::read("", body).await.unwrap_err(), BadBody);
        let cut = Body::from("--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb");
        assert_eq!(Typed::read(KIND, cut).await.unwrap_err(), BadBody);
    }
}
