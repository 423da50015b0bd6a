//! `$orderby`.

use super::lexer::{self, Placed, Token};
use super::{Entity, limits, text};

/// One key of a sort order.
#[derive(Clone, Copy, Debug)]
pub(super) struct SortKey {
    column: &'static str,
    direction: &'static str,
}

/// A key as the client wrote it.
struct Clause {
    name: String,
    descending: bool,
}

impl SortKey {
    /// Pieces of SQL, the comma that ends it included.
    pub(super) fn sql(&self) -> [&'static str; 3] {
        [self.column, self.direction, ", "]
    }
}

/// Reads `price desc, order_no`.
pub(super) fn parse(source: &str, entity: &'static Entity) -> Result<Vec<SortKey>, String> {
    let clauses = clauses(source)?;
    if clauses.len() > limits::SORT_KEYS {
        return Err(text::too_many_sort_keys());
    }
    for (index, clause) in clauses.iter().enumerate() {
        if clauses[..index]
            .iter()
            .any(|before| before.name == clause.name)
        {
            return Err(text::sort_key_repeated(&clause.name));
        }
    }
    clauses.iter().map(|clause| key(clause, entity)).collect()
}

fn clauses(source: &str) -> Result<Vec<Clause>, String> {
    let mut tokens = lexer::tokens(source)?.into_iter().peekable();
    let mut clauses = Vec::new();
    loop {
        let name = match tokens.next() {
            Some((Token::Word(name), _)) => name,
            other => return Err(text::expected("Expression", position(other), source)),
        };
        let descending = match tokens.peek() {
            Some((Token::Word(word), _)) if word.eq_ignore_ascii_case("desc") => Some(true),
            Some((Token::Word(word), _)) if word.eq_ignore_ascii_case("asc") => Some(false),
            _ => None,
        };
        if descending.is_some() {
            tokens.next();
        }
        clauses.push(Clause {
            name,
            descending: descending.unwrap_or(false),
        });
        match tokens.next() {
            Some((Token::Comma, _)) => {}
            Some((Token::End, _)) => return Ok(clauses),
            other => return Err(text::syntax_error(position(other), source)),
        }
    }
}

fn position(token: Option<Placed>) -> usize {
    token.map_or(0, |(_, position)| position)
}

fn key(clause: &Clause, entity: &'static Entity) -> Result<SortKey, String> {
    let name = clause.name.as_str();
    let Some(field) = entity.fields.iter().find(|field| field.name == name) else {
        let collection = entity.collections.iter().any(|many| many.name == name);
        return Err(match collection {
            true => text::property_refused(name, "$orderby"),
            false => text::unknown_property(name, entity.name),
        });
    };
    if !field.sort {
        return Err(text::property_refused(name, "$orderby"));
    }
    Ok(SortKey {
        column: field.sql,
        direction: direction(clause.descending, field.nullable),
    })
}

/// Null counts as the smallest value, which the two databases do not agree on
/// by themselves.
fn direction(descending: bool, nullable: bool) -> &'static str {
    match (descending, nullable) {
        (false, false) => "",
        (false, true) => " NULLS FIRST",
        (true, false) => " DESC",
        (true, true) => " DESC NULLS LAST",
    }
}
