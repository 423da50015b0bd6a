//! Every error code of every face, once.
//!
//! A face's codes are one [`errors!`] table: a typed variant per code with its HTTP status, whether a
//! retry helps, its message in three languages and its page (`docs/errors/<face>/<code>.md`).
//! Everything else is derived from the table: response bodies, `/errors.json`, the reference pages,
//! `tallystick explain`, the OpenAPI responses.
//!
//! What the compiler proves of a table: each code has a page, the page has its three languages, each
//! message exists in three languages and names only fields of its variant, no code is used twice.

pub mod card_form;
mod entry;
mod macros;
#[doc(hidden)]
pub mod macros_support {
    pub use kernel::Locale;
}
pub mod openapi_v2;
mod page;
pub mod platform;
pub mod recur;

pub use card_form::CardFormError;
pub use entry::{Coded, Entry, Face, Level, Param, Retry};
pub use openapi_v2::OpenapiV2Error;
pub use page::{Page, proof, proof_of_page};
pub use platform::PlatformError;
pub use recur::RecurError;

/// The tables of all faces.
pub const ALL: &[&[Entry]] = &[
    PlatformError::ENTRIES,
    RecurError::ENTRIES,
    CardFormError::ENTRIES,
    OpenapiV2Error::ENTRIES,
];

/// Every entry of every face.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    ALL.iter().flat_map(|table| table.iter())
}

/// Looks a code up, as `code` or `face/code`. When there is none: the nearest codes, best first.
pub fn find(query: &str) -> Result<&'static Entry, Vec<&'static Entry>> {
    let wanted = query.trim().trim_matches('/').to_ascii_lowercase();
    let matches = |entry: &Entry| {
        entry.code.eq_ignore_ascii_case(&wanted) || entry.path().eq_ignore_ascii_case(&wanted)
    };
    if let Some(entry) = entries().find(|e| matches(e)) {
        return Ok(entry);
    }
    let bare = wanted.rsplit('/').next().unwrap_or_default();
    let mut near: Vec<(f64, &'static Entry)> = entries()
        .map(|e| {
            let code = e.code.to_ascii_lowercase();
            let contains = if bare.len() > 2 && code.contains(bare) {
                0.3
            } else {
                0.0
            };
            (strsim::jaro_winkler(bare, &code) + contains, e)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_however_they_are_spelled() {
        let path = |query: &str| find(query).map(Entry::path).ok();
        assert_eq!(path("conflict").as_deref(), Some("recur/conflict"));
        assert_eq!(path(" OBJ01003 ").as_deref(), Some("card_form/OBJ01003"));
        assert_eq!(
            path("/card_form/obj01003/").as_deref(),
            Some("card_form/OBJ01003")
        );
        assert_eq!(
            path("Credit_Not_Enough").as_deref(),
            Some("platform/credit_not_enough")
        );
    }

    #[test]
    fn what_is_not_found_is_guessed() {
        let near = find("iftrade0400").unwrap_err();
        assert!(near.iter().any(|entry| entry.code == "IFTRADE04001"));
        assert!(find("zzz").unwrap_err().is_empty());
    }

    #[test]
    fn a_code_of_the_browser_has_no_status() {
        let entry = find("OBJ01003").unwrap().to_json();
        assert_eq!(entry["status"], serde_json::Value::Null);
        assert_eq!(entry["level"], "client_side");
        assert_eq!(entry["retry"], "with_new_token");
        assert_eq!(entry["reachable"], true);
        assert_eq!(entry["doc_url"], "/docs/errors/card_form/OBJ01003");
    }
}
