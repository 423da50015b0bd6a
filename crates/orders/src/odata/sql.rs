//! SQL text with the values to bind.

use super::Bind;
use std::fmt::Write as _;

/// A piece of SQL. Its text is made of `&'static str` alone; whatever else
/// there is to say becomes a placeholder.
#[derive(Clone, Debug, Default)]
pub(super) struct Fragment(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(&'static str),
    Bind(Bind),
}

impl Fragment {
    /// This piece followed by another.
    pub(super) fn then(mut self, next: impl Into<Self>) -> Self {
        self.0.extend(next.into().0);
        self
    }

    /// This piece in parentheses.
    pub(super) fn grouped(self) -> Self {
        Self::from("(").then(self).then(")")
    }

    /// A BIGINT placeholder.
    pub(super) fn integer(value: i64) -> Self {
        Self::placeholder(Bind::Int(value), " AS BIGINT)")
    }

    /// A TEXT placeholder.
    pub(super) fn string(value: String) -> Self {
        Self::placeholder(Bind::Text(value), " AS TEXT)")
    }

    /// The cast tells PostgreSQL the type and SQLite the affinity, wherever
    /// the placeholder stands.
    fn placeholder(value: Bind, cast: &'static str) -> Self {
        Self(vec![
            Part::Text("CAST("),
            Part::Bind(value),
            Part::Text(cast),
        ])
    }

    /// Pieces with a separator between them.
    pub(super) fn join(pieces: impl IntoIterator<Item = Self>, separator: &'static str) -> Self {
        let mut joined = Self::default();
        for piece in pieces {
            if !joined.0.is_empty() {
                joined = joined.then(separator);
            }
            joined = joined.then(piece);
        }
        joined
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, with placeholders numbered from `first`, and their values.
    pub(super) fn render(&self, first: usize) -> (String, Vec<Bind>) {
        let mut sql = String::new();
        let mut binds = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => sql.push_str(text),
                Part::Bind(bind) => {
                    // Writing to a String cannot fail.
                    let _ = write!(sql, "${}", first + binds.len());
                    binds.push(bind.clone());
                }
            }
        }
        (sql, binds)
    }
}

impl From<&'static str> for Fragment {
    fn from(text: &'static str) -> Self {
        Self(vec![Part::Text(text)])
    }
}
