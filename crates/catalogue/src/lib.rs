//! Every error code of every face, once.
//!
//! A face's codes are one [`errors!`] table: a typed variant per code with its HTTP status, whether a
//! retry helps, its message in three languages and its page (`docs/errors/<face>/<code>.md`).
//! Everything else is derived from the table: response bodies, `/errors.json`, the reference pages,
//! `tallystick explain`, the OpenAPI responses.
//!
//! What the compiler proves of a table: each code has a page, the page has its three languages, each
//! message exists in three languages and names only fields of its variant, no code is used twice.

mod entry;
mod macros;
#[doc(hidden)]
pub mod macros_support {
    pub use kernel::Locale;
}
mod page;
pub mod platform;

pub use entry::{Coded, Entry, Face, Level, Param, Retry};
pub use page::{Page, proof, proof_of_page};
pub use platform::PlatformError;

/// The tables of all faces.
pub const ALL: &[&[Entry]] = &[PlatformError::ENTRIES];

/// Every entry of every face.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    ALL.iter().flat_map(|table| table.iter())
}

/// Looks a code up, as `code` or `face/code`. When there is none: the nearest codes, best first.
pub fn find(query: &str) -> Result<&'static Entry, Vec<&'static Entry>> {
    let wanted = query.trim().trim_matches('/').to_ascii_lowercase();
    let matches = |entry: &Entry| entry.code == wanted || entry.path() == wanted;
    if let Some(entry) = entries().find(|e| matches(e)) {
        return Ok(entry);
    }
    let bare = wanted.rsplit('/').next().unwrap_or_default();
    let mut near: Vec<(f64, &'static Entry)> = entries()
        .map(|e| {
            let contains = if bare.len() > 2 && e.code.contains(bare) {
                0.3
            } else {
                0.0
            };
            (strsim::jaro_winkler(bare, e.code) + contains, e)
        })
        .filter(|(score, _)| *score > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    Err(near.into_iter().take(5).map(|(_, e)| e).collect())
}

/// `/errors.json`: every entry with its messages, documentation address and cause.
pub fn errors_json() -> serde_json::Value {
    serde_json::Value::Array(entries().map(Entry::to_json).collect())
}
