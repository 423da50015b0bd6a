use crate::{Entry, Level};
use kernel::Locale;

const HEADINGS: [&str; 3] = ["\n## en\n", "\n## zh-TW\n", "\n## zh-CN\n"];
const SCENARIO: &str = "\n## See it happen\n";

/// A page of `docs/errors`: what a code means in three languages, and a scenario that causes it.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    sections: [&'static str; 3],
    /// The runnable scenario, in the form that `tallystick::scenario` reads; `None` while no request
    /// causes the code.
    pub scenario: Option<&'static str>,
    /// What its section says above the scenario, or instead of one: why there is none, or how to cause the code in
    /// a browser. English, Markdown.
    pub remark: &'static str,
}

impl Page {
    /// Splits a page's source. Absent parts come out empty: [`proof_of_page`] has already refused such a page.
    pub fn parse(source: &'static str) -> Self {
        let section = |heading: &str| {
            let body = source.split_once(heading).map_or("", |(_, rest)| rest);
            body.split("\n## ").next().unwrap_or(body).trim()
        };
        let proof = source.split_once(SCENARIO).map_or("", |(_, proof)| proof);
        let scenario = proof
            .split_once("```http\n")
            .and_then(|(_, rest)| rest.split_once("\n```"))
            .map(|(scenario, _)| scenario);
        Self {
            sections: HEADINGS.map(section),
            scenario,
            remark: proof.split("```").next().unwrap_or_default().trim(),
        }
    }

    /// The text in one language, Markdown: its first paragraph is the cause.
    pub const fn section(&self, locale: Locale) -> &'static str {
        self.sections[locale.index()]
    }

    /// What causes the code, in one paragraph.
    pub fn cause(&self, locale: Locale) -> &'static str {
        let section = self.section(locale);
        section
            .split_once("\n\n")
            .map_or(section, |(first, _)| first)
    }
}

/// Runs in the compiler: an error status for each entry that travels over HTTP, no code twice.
///
/// # Panics
/// When the table breaks one of these rules; as a constant, that is a compile error.
pub const fn proof(entries: &[Entry]) {
    let mut i = 0;
    while i < entries.len() {
        let entry = &entries[i];
        assert!(
            match entry.level {
                Level::ClientSide => entry.status == 0,
                Level::Top | Level::Field | Level::Both =>
                    entry.status >= 400 && entry.status < 600,
            },
            "the status of a code is not an error status"
        );
        let mut j = i + 1;
        while j < entries.len() {
            assert!(
                !equal(entry.code, entries[j].code),
                "an error code is used twice"
            );
            j += 1;
        }
        i += 1;
    }
}

/// Runs in the compiler: the page has its three languages and its scenario section.
///
/// # Panics
/// When it has not; as a constant, that is a compile error.
pub const fn proof_of_page(source: &str) {
    let mut h = 0;
    while h < HEADINGS.len() {
        match position(source, HEADINGS[h]) {
            Some(at) => assert!(
                has_text(source, at + HEADINGS[h].len()),
                "a language section of a page is empty"
            ),
            None => panic!("a page lacks one of the sections ## en, ## zh-TW, ## zh-CN"),
        }
        h += 1;
    }
    assert!(
        position(source, SCENARIO).is_some(),
        "a page lacks the section ## See it happen"
    );
}

const fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && matches_at(a.as_bytes(), b.as_bytes(), 0)
}

const fn matches_at(haystack: &[u8], needle: &[u8], at: usize) -> bool {
    if haystack.len() - at < needle.len() {
        return false;
    }
    let mut i = 0;
    while i < needle.len() {
        if haystack[at + i] != needle[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn position(haystack: &str, needle: &str) -> Option<usize> {
    let bytes = haystack.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'\n' && matches_at(bytes, needle.as_bytes(), at) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether prose starts at `at`, before the next heading.
const fn has_text(source: &str, at: usize) -> bool {
    let bytes = source.as_bytes();
    let mut i = at;
    while i < bytes.len() && (bytes[i] == b'\n' || bytes[i] == b' ') {
        i += 1;
    }
    i < bytes.len() && bytes[i] != b'#'
}
