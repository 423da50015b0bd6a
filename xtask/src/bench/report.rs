//! The figures, for people.

use super::{client::Outcome, machine};
use crate::steps;
use anyhow::{Context, Result};
use std::{
    fmt::{self, Display},
    fs::OpenOptions,
    io::Write,
    path::Path,
    process::Command,
    time::Duration,
};

const HEADING: &str = "# Measured speed

Appended by `cargo xtask bench … --write-results`. The load generator shares the machine with the server, and
machines differ: compare ratios within one section, not figures of two.
";

/// Processor time used so far.
pub struct Used {
    pub server: Duration,
    pub database: Duration,
    pub client: Duration,
}

impl Used {
    pub fn since(&self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            database: self.database.saturating_sub(before.database),
            client: self.client.saturating_sub(before.client),
        }
    }
}

/// What one or more measurements of the same kind found.
#[derive(Default)]
pub struct Figures {
    latencies: Vec<u32>,
    time: Duration,
    answered: u64,
    server: Duration,
    database: Duration,
    client: Duration,
}

impl Figures {
    pub fn add(&mut self, outcome: &Outcome, used: &Used) {
        self.latencies.extend(&outcome.latencies);
        self.time += outcome.time;
        self.answered += outcome.answered;
        self.server += used.server;
        self.database += used.database;
        self.client += used.client;
    }

    pub fn line(mut self, what: &str, connections: usize) -> Line {
        self.latencies.sort_unstable();
        let at = |part: f64| {
            let index = (self.latencies.len() as f64 * part) as usize;
            let index = index.min(self.latencies.len().saturating_sub(1));
            f64::from(self.latencies.get(index).copied().unwrap_or(0)) / 1000.0
        };
        let each = |time: Duration| time.as_secs_f64() * 1e6 / self.answered.max(1) as f64;
        Line {
            what: what.to_owned(),
            connections,
            per_second: self.latencies.len() as f64 / self.time.as_secs_f64(),
            millis: [at(0.5), at(0.99), at(1.0)],
            server_micros: each(self.server),
            database_micros: each(self.database),
            client_micros: each(self.client),
        }
    }
}

pub struct Line {
    pub what: String,
    pub connections: usize,
    pub per_second: f64,
    /// Half of the answers, 99 of 100, all came within.
    pub millis: [f64; 3],
    pub server_micros: f64,
    pub database_micros: f64,
    pub client_micros: f64,
}

/// The database without a server.
pub struct RawLine {
    pub what: String,
    pub per_second: f64,
    /// Processor time of a unit; not a number: not known.
    pub cpu_micros: f64,
}

/// How the server's rate compares to the bare database's, round by round.
pub struct Ratio(Vec<f64>);

impl Ratio {
    pub fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        Self(rounds)
    }
}

impl Display for Ratio {
    /// The median, and between what the others are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |index: usize| self.0.get(index).copied().unwrap_or(f64::NAN);
        let count = self.0.len();
        write!(f, "{:.2}", at(count / 2))?;
        if count > 1 {
            write!(
                f,
                " ({:.2} to {:.2} in {count} rounds)",
                at(0),
                at(count - 1)
            )?;
        }
        Ok(())
    }
}

pub struct Report {
    /// What was measured.
    title: &'static str,
    /// What the bare database did a second.
    unit: &'static str,
    date: String,
    commit: String,
    /// Of the last minute before.
    load: f64,
    pub engine: String,
    pub flush: Duration,
    pub lines: Vec<Line>,
    pub raw: Vec<RawLine>,
    /// Sentences under the tables.
    pub notes: Vec<String>,
}

impl Report {
    pub fn new(
        title: &'static str,
        unit: &'static str,
        date: Option<String>,
        built_here: bool,
    ) -> Result<Self> {
        let date = date
            .or_else(|| machine::said(Command::new("date").arg("+%Y-%m-%d")))
            .context("what day is it? pass --date")?;
        let git = |args: &[&str]| {
            machine::said(Command::new("git").current_dir(steps::root()).args(args))
        };
        // Of a program that was given, nobody knows from which commit it is.
        let commit = built_here.then(|| git(&["rev-parse", "--short", "HEAD"]));
        let commit = commit.flatten().map_or_else(String::new, |commit| {
            let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
            let changed = changed.is_none_or(|files| !files.is_empty());
            format!(
                ", commit {commit}{}",
                if changed { " with changes" } else { "" }
            )
        });
        Ok(Self {
            title,
            unit,
            date,
            commit,
            load: machine::load_average()?,
            engine: String::new(),
            flush: Duration::ZERO,
            lines: Vec::new(),
            raw: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Puts the section at the end of a file.
    pub fn append(&self, path: &Path) -> Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        if file.metadata()?.len() == 0 {
            file.write_all(HEADING.as_bytes())?;
        }
        write!(file, "\n{self}")?;
        Ok(())
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}: {}, {}\n", self.date, self.title, self.engine)?;
        writeln!(
            f,
            "{}; a flush takes {:.0} µs, the load average was {:.1} before{}.\n",
            machine::description(),
            self.flush.as_secs_f64() * 1e6,
            self.load,
            self.commit
        )?;
        let separate = self.lines.iter().any(|line| line.database_micros > 0.0);
        let mut rows = vec![vec![
            "server".to_owned(),
            "connections".into(),
            "per second".into(),
            "p50 ms".into(),
            "p99 ms".into(),
            "max ms".into(),
            "server CPU µs each".into(),
        ]];
        if separate {
            rows[0].push("PostgreSQL CPU µs each".into());
        }
        rows[0].push("generator CPU µs each".into());
        for line in &self.lines {
            let mut row = vec![
                line.what.clone(),
                line.connections.to_string(),
                grouped(line.per_second),
            ];
            row.extend(line.millis.iter().map(|millis| format!("{millis:.2}")));
            row.push(format!("{:.0}", line.server_micros));
            if separate {
                row.push(format!("{:.0}", line.database_micros));
            }
            row.push(format!("{:.0}", line.client_micros));
            rows.push(row);
        }
        table(f, &rows)?;

        let mut rows = vec![vec![
            "the same rows without a server".to_owned(),
            format!("{} per second", self.unit),
            "CPU µs each".into(),
        ]];
        for raw in &self.raw {
            let cpu = if raw.cpu_micros.is_nan() {
                "-".into()
            } else {
                format!("{:.0}", raw.cpu_micros)
            };
            rows.push(vec![raw.what.clone(), grouped(raw.per_second), cpu]);
        }
        writeln!(f)?;
        table(f, &rows)?;
        writeln!(f)?;
        self.notes
            .iter()
            .try_for_each(|note| writeln!(f, "- {note}"))
    }
}

pub fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / 1024.0 / 1024.0)
}

/// `12345.6` as `12 346`.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A table that reads well as it is and as Markdown.
fn table(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let lengths = rows.iter().map(|row| row[column].chars().count());
            lengths.max().unwrap_or(0).max(3)
        })
        .collect();
    for (n, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            if column == 0 {
                write!(f, "| {cell:<width$} ")?;
            } else {
                write!(f, "| {cell:>width$} ")?;
            }
        }
        writeln!(f, "|")?;
        if n == 0 {
            for (column, width) in widths.iter().enumerate() {
                if column == 0 {
                    write!(f, "|{:-<1$}", "", width + 2)?;
                } else {
                    write!(f, "|{:-<1$}:", "", width + 1)?;
                }
            }
            writeln!(f, "|")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Ratio, grouped};

    #[test]
    fn a_ratio_says_how_far_the_rounds_were_apart() {
        let ratio = Ratio::of(vec![0.5, 0.75, 0.25]);
        assert_eq!(ratio.to_string(), "0.50 (0.25 to 0.75 in 3 rounds)");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7.4), "7");
        assert_eq!(grouped(999.5), "1 000");
        assert_eq!(grouped(1_234_567.0), "1 234 567");
    }
}
