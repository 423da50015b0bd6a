//! The templates' data.

use crate::example::Example;
use crate::search::{self, Filter};
use crate::visit::{MAX_QUERY, Visit};
use crate::words::{Wording, Words};
use crate::{assets, markdown};
use askama::Template;
use axum::http::StatusCode;
use catalogue::{Entry, Face, Page};
use kernel::Locale;

/// What every page has around its content.
pub struct Frame<'a> {
    pub words: &'static Words,
    pub lang: &'static str,
    pub title: String,
    pub description: String,
    pub home: String,
    pub style: String,
    pub mark: String,
    pub languages: Vec<Language>,
    pub search: &'a str,
    /// What links add to keep the language.
    pub kept_lang: &'static str,
}

/// One entry of the language switch.
pub struct Language {
    pub tag: &'static str,
    pub name: &'static str,
    pub href: String,
    pub current: bool,
}

impl<'a> Frame<'a> {
    fn new(visit: &'a Visit, path: &str, title: &str, description: String) -> Self {
        let words = Words::of(visit.locale);
        Self {
            words,
            lang: visit.locale.tag(),
            title: format!("{title} · Tallystick"),
            description,
            home: visit.link("/docs/errors"),
            style: assets::style_href(),
            mark: assets::mark_href(),
            languages: Locale::ALL
                .map(|locale| Language {
                    tag: locale.tag(),
                    name: Words::of(locale).language,
                    href: visit.switch(path, locale),
                    current: locale == visit.locale,
                })
                .into(),
            search: &visit.search,
            kept_lang: visit.lang(),
        }
    }
}

/// A code in a list.
pub struct Row {
    pub code: &'static str,
    pub href: String,
    pub status: Option<u16>,
    pub level: &'static str,
    /// The first sentence of the cause, HTML.
    pub cause: String,
    pub reachable: bool,
}

impl Row {
    fn new(entry: &'static Entry, visit: &Visit) -> Self {
        let page = entry.page();
        Self {
            code: entry.code,
            href: visit.link(&entry.doc_path()),
            status: entry.http_status(),
            level: Words::of(visit.locale).level(entry.level).short,
            cause: markdown::inline(markdown::sentence(page.cause(visit.locale)), entry, visit),
            reachable: entry.reachable(),
        }
    }
}

/// A face and the codes of it that a list shows.
pub struct Group {
    pub name: &'static Wording,
    pub id: &'static str,
    pub href: String,
    pub rows: Vec<Row>,
}

/// One choice of the status filter.
pub struct StatusOption {
    pub status: u16,
    pub reason: &'static str,
    pub selected: bool,
}

/// The list of codes.
#[derive(Template)]
#[template(path = "list.html")]
pub struct List<'a> {
    frame: Frame<'a>,
    action: String,
    /// The face when it is the list of one.
    face: Option<&'static Wording>,
    heading: &'static str,
    intro: &'static str,
    statuses: Vec<StatusOption>,
    count: String,
    filtered: bool,
    clear: String,
    groups: Vec<Group>,
    near: Vec<Row>,
    max_query: usize,
}

impl<'a> List<'a> {
    pub fn new(visit: &'a Visit, face: Option<Face>) -> Self {
        let words = Words::of(visit.locale);
        let filter = Filter::new(&visit.search, visit.status);
        let all: Vec<Face> = face.map_or_else(|| search::faces().collect(), |face| vec![face]);
        let groups: Vec<Group> = all
            .iter()
            .map(|face| Group {
                name: words.face(*face),
                id: face.name(),
                href: visit.link(&face_path(*face)),
                rows: search::entries(*face)
                    .filter(|entry| filter.shows(entry))
                    .map(|entry| Row::new(entry, visit))
                    .collect(),
            })
            .filter(|group| !group.rows.is_empty())
            .collect();
        let shown = groups.iter().map(|group| group.rows.len()).sum();
        let total = all.iter().flat_map(|face| search::entries(*face)).count();
        let near = if shown == 0 {
            near(&visit.search, visit)
        } else {
            Vec::new()
        };
        let action = face.map_or_else(|| "/docs/errors".to_owned(), face_path);
        let name = face.map(|face| words.face(face));
        let heading = name.map_or(words.title, |name| name.short);
        let title = match name {
            Some(name) => format!("{} · {}", name.short, words.title),
            None => words.title.to_owned(),
        };
        Self {
            frame: Frame::new(visit, &action, &title, words.intro.to_owned()),
            face: name,
            heading,
            intro: name.map_or(words.intro, |name| name.long),
            statuses: search::statuses()
                .into_iter()
                .map(|status| StatusOption {
                    status,
                    reason: reason(status),
                    selected: filter.status() == Some(status),
                })
                .collect(),
            count: (words.count)(shown, total),
            filtered: filter.is_active(),
            clear: visit.link(&action),
            action,
            groups,
            near,
            max_query: MAX_QUERY,
        }
    }
}

/// A message template in one language, cut at its placeholders.
pub struct Message {
    pub tag: &'static str,
    pub language: &'static str,
    pub pieces: Vec<Piece>,
}

/// A piece of a message template.
pub enum Piece {
    Text(&'static str),
    Param(&'static str),
}

/// The page of one code.
#[derive(Template)]
#[template(path = "code.html")]
pub struct Code<'a> {
    frame: Frame<'a>,
    face: &'static Wording,
    face_href: String,
    code: &'static str,
    path: String,
    status: Option<u16>,
    reason: &'static str,
    level: &'static Wording,
    retry: &'static Wording,
    reachable: bool,
    /// HTML.
    body: String,
    messages: Vec<Message>,
    /// The placeholders of the message and their types.
    params: Vec<(&'static str, &'static str)>,
    example: Option<Example>,
    example_reason: &'static str,
    scenario: Option<&'static str>,
    /// What the page says of its scenario or in place of one; English, HTML.
    remark: String,
    previous: Option<Row>,
    next: Option<Row>,
}

impl<'a> Code<'a> {
    pub fn new(visit: &'a Visit, entry: &'static Entry) -> Self {
        let words = Words::of(visit.locale);
        let page: Page = entry.page();
        let neighbours: Vec<&'static Entry> = search::entries(entry.face).collect();
        let at = neighbours.iter().position(|e| e.code == entry.code);
        let neighbour = |at: Option<usize>| {
            let entry = at.and_then(|at| neighbours.get(at));
            entry.map(|entry| Row::new(entry, visit))
        };
        let example = Example::of(entry, visit.locale);
        let mut locales = Locale::ALL;
        locales.sort_by_key(|locale| *locale != visit.locale);
        Self {
            frame: Frame::new(
                visit,
                &entry.doc_path(),
                entry.code,
                markdown::plain(markdown::sentence(page.cause(visit.locale))),
            ),
            face: words.face(entry.face),
            face_href: visit.link(&face_path(entry.face)),
            code: entry.code,
            path: entry.path(),
            status: entry.http_status(),
            reason: entry.http_status().map_or("", reason),
            level: words.level(entry.level),
            retry: words.retry(entry.retry),
            reachable: entry.reachable(),
            body: markdown::block(page.section(visit.locale), entry, visit),
            messages: locales
                .map(|locale| Message {
                    tag: locale.tag(),
                    language: Words::of(locale).language,
                    pieces: pieces(entry.message(locale)),
                })
                .into(),
            params: entry
                .params
                .iter()
                .filter(|(name, _)| entry.message(visit.locale).contains(&format!("{{{name}}}")))
                .copied()
                .collect(),
            example_reason: example
                .as_ref()
                .and_then(|example| example.status)
                .map_or("", reason),
            example,
            scenario: page.scenario,
            remark: markdown::inline(page.remark, entry, visit),
            previous: neighbour(at.and_then(|at| at.checked_sub(1))),
            next: neighbour(at.map(|at| at + 1)),
        }
    }
}

/// What stands in for a page that does not exist.
#[derive(Template)]
#[template(path = "missing.html")]
pub struct Missing<'a> {
    frame: Frame<'a>,
    missing: String,
    near: Vec<Row>,
    max_query: usize,
    /// What the search box proposes.
    proposal: String,
}

impl<'a> Missing<'a> {
    pub fn new(visit: &'a Visit, asked: &str) -> Self {
        let words = Words::of(visit.locale);
        let asked: String = asked.chars().take(MAX_QUERY).collect();
        Self {
            frame: Frame::new(visit, &visit.path, words.missing_title, String::new()),
            missing: (words.missing)(&asked),
            near: near(&asked, visit),
            max_query: MAX_QUERY,
            proposal: asked.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }
}

fn near(asked: &str, visit: &Visit) -> Vec<Row> {
    let wanted = asked.replace([' ', '-'], "_");
    let entries = catalogue::find(&wanted).map_or_else(|near| near, |found| vec![found]);
    entries
        .into_iter()
        .map(|entry| Row::new(entry, visit))
        .collect()
}

fn face_path(face: Face) -> String {
    format!("/docs/errors/{}", face.name())
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}

fn pieces(template: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, (param, after))) = rest
        .split_once('{')
        .and_then(|(text, tail)| Some((text, tail.split_once('}')?)))
    {
        pieces.push(Piece::Text(text));
        pieces.push(Piece::Param(param));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}
