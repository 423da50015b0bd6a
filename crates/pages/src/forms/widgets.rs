//! What a form shows for its fields, with what was typed and what is wrong with it.

use super::typed::Typed;
use super::values::{cell_of, item_of, kept_of, name_of, other_of, path_to, remark_of, rows_of};
use super::words::Words;
use forms::model::form::{Choice, Column, Field, FieldType, Rules};

/// A field as the form shows it.
pub struct Widget {
    pub id: String,
    pub title: String,
    pub about: String,
    pub is_required: bool,
    pub is_highlighted: bool,
    pub errors: Vec<String>,
    pub hint: String,
    pub kind: Kind,
}

/// What a field is filled in with.
pub enum Kind {
    /// One control.
    One(Control),
    /// Marks for each of several items.
    Checklist(Vec<Item>),
    /// Rows of controls.
    Table(Vec<Row>),
    /// Files.
    Files(Files),
    /// Nothing: it is a text.
    Note,
}

/// A control.
pub enum Control {
    Line(Line),
    Lines(Line),
    Options(Options),
    Select(Vec<Choosable>),
}

/// A text.
pub struct Line {
    pub name: String,
    pub value: String,
    pub kind: &'static str,
    /// Further attributes that are the same for everybody: `inputmode`, `autocomplete`.
    pub keyboard: &'static str,
    pub autocomplete: &'static str,
    pub step: &'static str,
    pub min: String,
    pub max: String,
}

/// Options to choose from.
pub struct Options {
    pub name: String,
    pub kind: &'static str,
    pub options: Vec<Choosable>,
}

/// An option.
pub struct Choosable {
    pub value: String,
    pub title: String,
    pub is_chosen: bool,
    /// The text of "other".
    pub other: Option<Other>,
}

/// The text of an option "other".
pub struct Other {
    pub name: String,
    pub label: String,
    pub value: String,
}

/// An item of a checklist.
pub struct Item {
    pub title: String,
    pub marks: Options,
    pub remark: Line,
}

/// A row of a table.
pub struct Row {
    /// Empty: it is the only one.
    pub title: String,
    pub cells: Vec<Cell>,
}

/// A cell of a table.
pub struct Cell {
    pub title: String,
    pub control: Control,
}

/// Files.
pub struct Files {
    pub name: String,
    pub accept: &'static str,
    pub are_several: bool,
    pub kept_name: String,
    /// Those that were received already: value and name.
    pub kept: Vec<(String, String)>,
}

impl Widget {
    /// Of a field; `errors`: what is wrong with what was typed.
    pub fn new(field: &Field, typed: &Typed, errors: Vec<String>, words: &'static Words) -> Self {
        let fillable = field.field_type != FieldType::Description;
        Self {
            id: name_of(field),
            title: field.field_title.clone(),
            about: field.field_desc.clone(),
            is_required: field.settings.is_required && fillable,
            is_highlighted: field.settings.is_highlight,
            errors,
            hint: hint(field, words),
            kind: kind(field, typed, words),
        }
    }

    /// Whether its title is the label of one input; otherwise it is that of a group.
    pub const fn is_line(&self) -> bool {
        matches!(
            self.kind,
            Kind::One(Control::Line(_) | Control::Lines(_) | Control::Select(_))
        )
    }

    /// Whether it sends files.
    pub const fn sends_files(&self) -> bool {
        matches!(self.kind, Kind::Files(_))
    }

    /// The ids of what describes it.
    pub fn described_by(&self) -> String {
        let parts = [
            ("d", !self.about.is_empty()),
            ("h", !self.hint.is_empty()),
            ("e", !self.errors.is_empty()),
        ];
        let there = parts.iter().filter(|(_, is_there)| *is_there);
        let ids = there.map(|(part, _)| format!("{}-{part}", self.id));
        ids.collect::<Vec<_>>().join(" ")
    }
}

fn hint(field: &Field, words: &'static Words) -> String {
    let fill = &words.fill;
    match field.field_type {
        FieldType::Tel | FieldType::CustomerMobile => fill.mobile.into(),
        FieldType::Identity | FieldType::OcrIdentity => fill.identity.into(),
        FieldType::Checkbox => fill.several.into(),
        FieldType::Date if field.rules.format.as_deref() == Some("YYYY") => "YYYY".into(),
        FieldType::Signature => {
            let size = (fill.files)(megabytes(forms::uploads::LARGEST));
            format!("{} {size}", fill.signature)
        }
        FieldType::Image | FieldType::Video | FieldType::Audio | FieldType::File => {
            (fill.files)(megabytes(forms::uploads::LARGEST))
        }
        _ => String::new(),
    }
}

/// Whole megabytes.
pub const fn megabytes(bytes: usize) -> usize {
    bytes / (1024 * 1024)
}

fn kind(field: &Field, typed: &Typed, words: &'static Words) -> Kind {
    let name = name_of(field);
    let rules = &field.rules;
    let line = |kind, keyboard, autocomplete| {
        Kind::One(Control::Line(Line {
            kind,
            keyboard,
            autocomplete,
            ..Line::of(&name, typed)
        }))
    };
    let files = |accept, are_several| Kind::Files(Files::new(&name, accept, are_several, typed));
    let several = rules.max_count != Some(1);
    match field.field_type {
        FieldType::Name | FieldType::CustomerName | FieldType::Recorder => {
            line("text", "text", "name")
        }
        FieldType::Tel | FieldType::CustomerMobile => line("tel", "tel", "tel-national"),
        FieldType::OwnerAddress | FieldType::Address => line("text", "text", "street-address"),
        FieldType::Text
        | FieldType::JobNumber
        | FieldType::CarNumber
        | FieldType::Identity
        | FieldType::OcrIdentity => line("text", "text", "off"),
        FieldType::Number => line("text", "decimal", "off"),
        FieldType::TextArea => Kind::One(Control::Lines(Line::of(&name, typed))),
        FieldType::Date | FieldType::Time => {
            Kind::One(Control::Line(moment(field.field_type, rules, &name, typed)))
        }
        FieldType::Sex | FieldType::Radio => {
            Kind::One(options("radio", &rules.options, &name, typed, words))
        }
        FieldType::Checkbox => Kind::One(options("checkbox", &rules.options, &name, typed, words)),
        FieldType::ChainedSelects => {
            Kind::One(Control::Select(paths(&rules.options, typed.text(&name))))
        }
        FieldType::Checklist => {
            let items = rules.items.iter();
            let items = items.map(|item| Item {
                title: item.title.clone(),
                marks: marks(&item_of(&name, item.item_id), typed, words),
                remark: Line::of(&remark_of(&name, item.item_id), typed),
            });
            Kind::Checklist(items.collect())
        }
        FieldType::Matrix => Kind::Table(rows(&rules.columns, 1, &name, typed, words)),
        FieldType::DynamicMatrix => {
            let count = rows_of(rules);
            Kind::Table(rows(&rules.columns, count, &name, typed, words))
        }
        FieldType::Image => files("image/png,image/jpeg,image/gif,image/webp", several),
        FieldType::Signature => files("image/png,image/jpeg,image/gif,image/webp", false),
        FieldType::Video => files("video/mp4", several),
        FieldType::Audio => files("audio/*", several),
        FieldType::File => files("", several),
        FieldType::Description => Kind::Note,
    }
}

impl Line {
    fn of(name: &str, typed: &Typed) -> Self {
        Self {
            name: name.to_owned(),
            value: typed.text(name).to_owned(),
            kind: "text",
            keyboard: "text",
            autocomplete: "off",
            step: "",
            min: String::new(),
            max: String::new(),
        }
    }
}

/// The browser's own input for a date or time, which sends it as it is kept, except for a `T` before hours.
fn moment(kind: FieldType, rules: &Rules, name: &str, typed: &Typed) -> Line {
    let (kind, keyboard, step) = match (kind, rules.format.as_deref()) {
        (FieldType::Time, Some("HH:mm:ss")) => ("time", "text", "1"),
        (FieldType::Time, _) => ("time", "text", ""),
        (_, Some("YYYY")) => ("text", "numeric", ""),
        (_, Some("YYYY-MM")) => ("month", "text", ""),
        (_, Some("YYYY-MM-DD HH:mm")) => ("datetime-local", "text", ""),
        _ => ("date", "text", ""),
    };
    let sent = |text: &str| text.replacen(' ', "T", 1);
    let end = |end: &Option<String>| end.as_deref().map(sent).unwrap_or_default();
    Line {
        kind,
        keyboard,
        step,
        min: end(&rules.earliest),
        max: end(&rules.latest),
        ..Line::of(name, typed)
    }
}

fn options(
    kind: &'static str,
    options: &[Choice],
    name: &str,
    typed: &Typed,
    words: &'static Words,
) -> Control {
    let choosable = |option: &Choice| {
        let value = option.option_id.to_string();
        let other = option.is_other.then(|| {
            let name = other_of(name, option);
            Other {
                label: (words.fill.other)(&option.title),
                value: typed.text(&name).to_owned(),
                name,
            }
        });
        Choosable {
            is_chosen: typed.has(name, &value),
            title: option.title.clone(),
            value,
            other,
        }
    };
    Control::Options(Options {
        name: name.to_owned(),
        kind,
        options: options.iter().map(choosable).collect(),
    })
}

fn marks(name: &str, typed: &Typed, words: &'static Words) -> Options {
    let marks = words.fill.marks.iter().zip(1..).map(|(title, value)| {
        let value: i64 = value;
        let value = value.to_string();
        Choosable {
            is_chosen: typed.has(name, &value),
            title: (*title).to_owned(),
            value,
            other: None,
        }
    });
    Options {
        name: name.to_owned(),
        kind: "radio",
        options: marks.collect(),
    }
}

/// One choice for every way to an option that none depends on.
fn paths(options: &[Choice], chosen: &str) -> Vec<Choosable> {
    let is_last = |option: &&Choice| {
        let id = Some(option.option_id);
        !options.iter().any(|other| other.parent_id == id)
    };
    let last = options.iter().filter(is_last);
    let paths = last.map(|option| {
        let path = path_to(options, option.option_id);
        let titles: Vec<&str> = path.iter().map(|option| option.title.as_str()).collect();
        let value = option.option_id.to_string();
        Choosable {
            is_chosen: value == chosen,
            title: titles.join(" / "),
            value,
            other: None,
        }
    });
    paths.collect()
}

fn rows(
    columns: &[Column],
    count: usize,
    name: &str,
    typed: &Typed,
    words: &'static Words,
) -> Vec<Row> {
    let title = |at: usize| match count {
        1 => String::new(),
        _ => (words.fill.row)(&(at + 1).to_string()),
    };
    let row = |at: usize| Row {
        title: title(at),
        cells: columns
            .iter()
            .map(|column| Cell::new(column, &cell_of(name, at, column), typed, words))
            .collect(),
    };
    (0..count).map(row).collect()
}

impl Cell {
    fn new(column: &Column, name: &str, typed: &Typed, words: &'static Words) -> Self {
        let line = |kind, keyboard| {
            Control::Line(Line {
                kind,
                keyboard,
                ..Line::of(name, typed)
            })
        };
        let control = match column.column_type.as_str() {
            kind @ ("radio" | "checkbox") => {
                let kind = if kind == "radio" { "radio" } else { "checkbox" };
                options(kind, &column.options, name, typed, words)
            }
            "number" => line("text", "decimal"),
            "date" => line("date", "text"),
            _ => line("text", "text"),
        };
        Self {
            title: column.title.clone(),
            control,
        }
    }
}

impl Files {
    fn new(name: &str, accept: &'static str, are_several: bool, typed: &Typed) -> Self {
        let kept_name = kept_of(name);
        let kept = typed.texts(&kept_name).map(|kept| {
            let name = kept.split_once(':').map_or(kept, |(_, name)| name);
            (kept.to_owned(), name.to_owned())
        });
        Self {
            name: name.to_owned(),
            accept,
            are_several,
            kept: kept.collect(),
            kept_name,
        }
    }
}
