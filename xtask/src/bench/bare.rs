//! What a database does with no server in between: the same rows, written or read.

use anyhow::{Context, Result, bail};
use rusqlite::Connection;

/// Numbers begin here, so that they all have 16 digits.
pub const BASE: u64 = 1_000_000_000_000_000;
/// Owners of rows that take turns.
pub const TURNS: u64 = 16;
const NOW: u64 = 1_800_000_000_000_000;

/// What a unit of work does in one transaction; units have numbers of their own.
pub type Transaction = Box<dyn Fn(&Connection, u64) -> Result<()> + Sync>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Write,
    Read,
}

/// A unit of work, to be repeated.
pub struct Bare {
    pub access: Access,
    /// Its transactions on SQLite, in their order.
    pub sqlite: Vec<Transaction>,
    /// The same for pgbench, which takes one of these at random.
    pub pgbench: Vec<String>,
    /// The same with as few round trips as possible; empty where each needs the answer of the last.
    pub pipelined: Vec<String>,
    /// What the units with so many numbers from the first one need, and is not part of the work.
    pub before: Option<fn(first: u64, count: u64) -> String>,
    /// How many units SQLite has done.
    pub done: u64,
    /// How often pgbench has run.
    pub runs: u32,
}

impl Bare {
    pub const fn new(access: Access, sqlite: Vec<Transaction>) -> Self {
        Self {
            access,
            sqlite,
            pgbench: Vec::new(),
            pipelined: Vec::new(),
            before: None,
            done: 0,
            runs: 0,
        }
    }

    /// Of SQL that both databases take: the statements of each transaction. Variables are `:id`, another for each unit and
    /// with 16 digits; `:now`; `:turn`, one of [`TURNS`]; `:pick`, [`BASE`] and a number below `picks`; and `:next`, from the last
    /// statement that ended in `RETURNING`, which must find a row.
    pub fn of(access: Access, transactions: &[Vec<String>], picks: u64) -> Self {
        let sqlite = transactions.iter().map(|statements| -> Transaction {
            let statements = statements.clone();
            Box::new(move |db, n| run(db, &statements, n, picks))
        });
        let mut bare = Self::new(access, sqlite.collect());
        bare.pgbench = vec![script(transactions, picks, false)];
        if !transactions.iter().flatten().any(|sql| answers(sql)) {
            bare.pipelined = vec![script(transactions, picks, true)];
        }
        bare
    }
}

/// A row of a table, as it is for each `:id`.
pub struct Row {
    into: &'static str,
    values: String,
}

impl Row {
    /// `into`: table and columns. `values`: what stands in these.
    pub fn new(into: &'static str, values: impl Into<String>) -> Self {
        Self {
            into,
            values: values.into(),
        }
    }

    /// Inserts one.
    pub fn insert(&self) -> String {
        format!("INSERT INTO {} VALUES ({})", self.into, self.values)
    }

    /// Inserts those of so many units from the first one, unless they are there.
    pub fn series(&self, first: u64, count: u64) -> String {
        let (first, end) = (BASE + first, BASE + first + count);
        let values = self
            .values
            .replace(":id", "id")
            .replace(":turn", &format!("(id % {TURNS})"))
            .replace(":now", "0");
        format!(
            "INSERT INTO {} WITH RECURSIVE series (id) AS (SELECT {first} UNION ALL SELECT id + 1 FROM series \
             WHERE id + 1 < {end}) SELECT {values} FROM series WHERE true ON CONFLICT DO NOTHING; ",
            self.into
        )
    }
}

/// Text as long as what the server stores, where what it says does not matter.
pub fn filler(length: usize) -> String {
    "tallystick".chars().cycle().take(length).collect()
}

/// The first number of a client of pgbench in a run of it.
pub const fn first_number(run: u32, client: u32) -> u64 {
    (run as u64 * 100 + client as u64) * 1_000_000_000
}

fn answers(sql: &str) -> bool {
    sql.contains(" RETURNING ")
}

fn run(db: &Connection, statements: &[String], n: u64, picks: u64) -> Result<()> {
    let mut next = 0;
    for sql in statements {
        let mut statement = db.prepare_cached(sql)?;
        for index in 1..=statement.parameter_count() {
            let value = match statement.parameter_name(index) {
                Some(":id") => i64::try_from(BASE + n)?,
                Some(":now") => i64::try_from(NOW + n)?,
                Some(":turn") => i64::try_from(n % TURNS)?,
                // A prime, so that neighbours do not follow each other.
                Some(":pick") => i64::try_from(BASE + n * 7919 % picks)?,
                Some(":next") => next,
                other => bail!("nobody knows the variable {other:?} of {sql}"),
            };
            statement.raw_bind_parameter(index, value)?;
        }
        let columns = statement.column_count();
        if columns == 0 {
            statement.raw_execute()?;
            continue;
        }
        let mut rows = statement.raw_query();
        if answers(sql) {
            let row = rows.next()?;
            next = row.with_context(|| format!("no row for {sql}"))?.get(0)?;
            continue;
        }
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column)?);
            }
        }
    }
    Ok(())
}

fn script(transactions: &[Vec<String>], picks: u64, pipelined: bool) -> String {
    let mut script = format!(
        "\\set n :n + 1\n\\set id {BASE} + (:run * 100 + :client_id) * 1000000000 + :n\n\\set now {NOW} + :n\n\
         \\set turn mod(:client_id, {TURNS})\n\\set pick {BASE} + random(0, {})\n",
        picks.saturating_sub(1)
    );
    for statements in transactions {
        script += if pipelined {
            "\\startpipeline\nBEGIN;\n"
        } else {
            "BEGIN;\n"
        };
        for sql in statements {
            script += sql;
            script += if answers(sql) { " \\gset\n" } else { ";\n" };
        }
        script += if pipelined {
            "COMMIT;\n\\endpipeline\n"
        } else {
            "COMMIT;\n"
        };
    }
    script
}

#[cfg(test)]
impl Bare {
    /// Fails when a script has a variable that nobody sets. pgbench finds them in texts, too.
    pub fn assert_known_variables(&self) {
        let scripts = self.pgbench.concat();
        for (at, _) in scripts.match_indices(':') {
            let name: String = scripts[at + 1..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let known = ["", "n", "run", "client_id", "id", "now", "turn", "next"];
            assert!(known.contains(&name.as_str()), "{name}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting() -> Bare {
        let statements = [
            "INSERT INTO counts (id, turn) VALUES ('c' || :id, :turn)",
            "UPDATE counts SET turn = turn + 1 WHERE id = 'c' || :id RETURNING turn AS next",
            "INSERT INTO counts (id, turn) VALUES ('d' || :id, :next)",
        ];
        Bare::of(Access::Write, &[statements.map(str::to_owned).to_vec()], 1)
    }

    #[test]
    fn statements_pass_their_answers_on() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE counts (id TEXT PRIMARY KEY, turn INTEGER)")
            .unwrap();
        counting().sqlite[0](&db, 5).unwrap();
        let found: i64 = db
            .query_row(
                "SELECT turn FROM counts WHERE id = 'd1000000000000005'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(found, 6);
    }

    #[test]
    fn pgbench_keeps_what_is_returned() {
        let bare = counting();
        assert!(bare.pgbench[0].contains("RETURNING turn AS next \\gset\n"));
        assert!(bare.pipelined.is_empty());
    }
}
