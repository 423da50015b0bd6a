//! Which codes a list shows.

use crate::example::Example;
use catalogue::{Entry, Face};
use kernel::Locale;

/// The faces that have codes, in the order of the catalogue.
pub fn faces() -> impl Iterator<Item = Face> {
    catalogue::ALL
        .iter()
        .filter_map(|table| table.first())
        .map(|entry| entry.face)
}

/// The face of this name.
pub fn face(name: &str) -> Option<Face> {
    faces().find(|face| face.name() == name)
}

/// The codes of one face.
pub fn entries(face: Face) -> impl Iterator<Item = &'static Entry> {
    catalogue::entries().filter(move |entry| entry.face == face)
}

/// The statuses that codes come with, ascending.
pub fn statuses() -> Vec<u16> {
    let mut statuses: Vec<u16> = catalogue::entries()
        .filter_map(Entry::http_status)
        .collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// A search: every word of it must occur in the code, a message, a cause or an example, in whatever
/// language.
pub struct Filter {
    words: Vec<String>,
    status: Option<u16>,
}

impl Filter {
    /// A status that no code has filters nothing.
    pub fn new(search: &str, status: Option<u16>) -> Self {
        Self {
            words: search
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            status: status.filter(|status| statuses().contains(status)),
        }
    }

    /// The status filtered by.
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether anything is filtered at all.
    pub const fn is_active(&self) -> bool {
        !self.words.is_empty() || self.status.is_some()
    }

    /// Whether the list shows `entry`.
    pub fn shows(&self, entry: &Entry) -> bool {
        if self.status.is_some() && self.status != entry.http_status() {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let text = text(entry);
        self.words.iter().all(|word| text.contains(word.as_str()))
    }
}

fn text(entry: &Entry) -> String {
    let page = entry.page();
    let mut text = entry.path();
    for locale in Locale::ALL {
        let example = Example::of(entry, locale).map(|example| example.body);
        let example = example.as_deref().unwrap_or_default();
        for part in [entry.message(locale), page.cause(locale), example] {
            text.push('\n');
            text.push_str(part);
        }
    }
    text.to_lowercase()
}
