//! The texts of the pages, from Markdown to HTML.

use crate::search;
use crate::visit::Visit;
use catalogue::Entry;
use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// A whole text. HTML in it is shown, not obeyed; codes named in it become links to their pages, and
/// so do links to the files of other pages.
pub fn block(source: &str, of: &Entry, visit: &Visit) -> String {
    let mut html = String::new();
    html::push_html(&mut html, events(source, of, visit).into_iter());
    html
}

/// One paragraph, without its `<p>`.
pub fn inline(source: &str, of: &Entry, visit: &Visit) -> String {
    let events = events(source, of, visit).into_iter().filter(|event| {
        !matches!(
            event,
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)
        )
    });
    let mut html = String::new();
    html::push_html(&mut html, events);
    html
}

/// The first sentence of a paragraph, still Markdown.
pub fn sentence(source: &str) -> &str {
    let mut in_code = false;
    for (at, char) in source.char_indices() {
        let after = &source[at + char.len_utf8()..];
        match char {
            '`' => in_code = !in_code,
            '。' if !in_code => return &source[..at + char.len_utf8()],
            '.' if !in_code && after.starts_with([' ', '\n']) => return &source[..=at],
            _ => {}
        }
    }
    source
}

/// The bare words of a paragraph.
pub fn plain(source: &str) -> String {
    let mut plain = String::new();
    for event in Parser::new(source) {
        match event {
            Event::Text(text) | Event::Code(text) => plain.push_str(&text),
            Event::SoftBreak | Event::HardBreak => plain.push(' '),
            _ => {}
        }
    }
    plain
}

fn events<'a>(source: &'a str, of: &Entry, visit: &Visit) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    let mut in_link = false;
    for event in Parser::new_ext(source, Options::ENABLE_TABLES) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => events.push(Event::Text(html)),
            Event::Start(Tag::Link { dest_url, .. }) => {
                in_link = true;
                events.push(link(target(&dest_url, of, visit)));
            }
            Event::End(TagEnd::Link) => {
                in_link = false;
                events.push(event);
            }
            Event::Code(code) => {
                let target = (!in_link).then(|| mentioned(&code, of)).flatten();
                match target {
                    Some(entry) => events.extend([
                        link(visit.link(&entry.doc_path())),
                        Event::Code(code),
                        Event::End(TagEnd::Link),
                    ]),
                    None => events.push(Event::Code(code)),
                }
            }
            Event::Start(Tag::Heading {
                level,
                id,
                classes,
                attrs,
            }) => events.push(Event::Start(Tag::Heading {
                level: raised(level),
                id,
                classes,
                attrs,
            })),
            Event::End(TagEnd::Heading(level)) => {
                events.push(Event::End(TagEnd::Heading(raised(level))));
            }
            other => events.push(other),
        }
    }
    events
}

/// In their files the texts stand below a second-level heading, here directly below the title.
const fn raised(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 | HeadingLevel::H3 => HeadingLevel::H2,
        HeadingLevel::H4 => HeadingLevel::H3,
        HeadingLevel::H5 => HeadingLevel::H4,
        HeadingLevel::H6 => HeadingLevel::H5,
    }
}

fn link<'a>(href: String) -> Event<'a> {
    Event::Start(Tag::Link {
        link_type: LinkType::Inline,
        dest_url: href.into(),
        title: "".into(),
        id: "".into(),
    })
}

/// The other code that `text` names: a code of the same face, or any as `face/code`.
fn mentioned(text: &str, of: &Entry) -> Option<&'static Entry> {
    let found = match text.split_once('/') {
        None => search::entries(of.face).find(|entry| entry.code == text),
        Some(_) => catalogue::entries().find(|entry| entry.path() == text),
    };
    found.filter(|entry| entry.path() != of.path())
}

/// Where a link of a text leads on the site: `other_code.md` and `../face/code.md` to their pages.
fn target(written: &str, of: &Entry, visit: &Visit) -> String {
    if written.starts_with("/docs/errors") {
        return visit.link(written);
    }
    let Some(file) = written.strip_suffix(".md") else {
        return written.to_owned();
    };
    let path = match file.trim_start_matches("./").strip_prefix("../") {
        Some(path) => path.to_owned(),
        None => format!("{}/{}", of.face.name(), file.trim_start_matches("./")),
    };
    match catalogue::entries().find(|entry| entry.path() == path) {
        Some(entry) => visit.link(&entry.doc_path()),
        None => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_at_its_full_stop() {
        assert_eq!(sentence("One `a. b` 1.2 is. Two."), "One `a. b` 1.2 is.");
        assert_eq!(sentence("甲 `a` 乙。丙。"), "甲 `a` 乙。");
        assert_eq!(sentence("no end"), "no end");
        assert_eq!(sentence("One.\nTwo."), "One.");
    }
}
