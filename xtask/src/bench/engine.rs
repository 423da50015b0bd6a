//! The database under the server, and the same one without a server.

use super::{
    bare::{Access, Bare},
    machine,
    pgbench::Postgres,
    raw_sqlite::{self, RawSqlite},
    report::RawLine,
    scratch::Scratch,
};
use anyhow::{Context, Result, bail, ensure};
use std::{fs, path::PathBuf, time::Duration};

/// Units in a commit; more make it hardly faster.
const PER_COMMIT: u64 = 64;
/// Connections to PostgreSQL; more make it hardly faster.
const CLIENTS: u32 = 8;

pub enum Engine {
    Sqlite {
        folder: PathBuf,
        raw: Option<Box<RawSqlite>>,
    },
    Postgres(Postgres),
}

/// What must hold: what is counted, by which query, and how many there must be.
pub struct Check {
    pub what: &'static str,
    pub sql: String,
    pub wanted: u64,
}

impl Engine {
    pub fn start(database: &str, scratch: &Scratch) -> Result<Self> {
        if database == "sqlite" {
            return Ok(Self::Sqlite {
                folder: scratch.folder().to_owned(),
                raw: None,
            });
        }
        let postgres = match database {
            "postgres" => Postgres::private(scratch)?,
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Postgres::at(url, scratch)?
            }
            _ => bail!("--database takes sqlite, postgres or postgres://…, not {database}"),
        };
        Ok(Self::Postgres(postgres))
    }

    /// Name, version and the settings that matter.
    pub fn version(&self) -> Result<String> {
        match self {
            Self::Sqlite { .. } => Ok(format!(
                "SQLite {}, WAL, synchronous=FULL",
                rusqlite::version()
            )),
            Self::Postgres(postgres) => postgres.version(),
        }
    }

    /// Where the server's data is.
    pub fn server_url(&self) -> String {
        match self {
            Self::Sqlite { .. } => format!("sqlite:{}", self.file("server.db").display()),
            Self::Postgres(postgres) => postgres.server_url(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        match self {
            Self::Sqlite { folder, .. } => folder.join(name),
            Self::Postgres(_) => PathBuf::new(),
        }
    }

    /// What a query on the server's database answers.
    pub fn ask(&self, sql: &str) -> Result<String> {
        match self {
            Self::Sqlite { .. } => raw_sqlite::ask(&self.file("server.db"), sql),
            Self::Postgres(postgres) => postgres.ask(sql),
        }
    }

    pub fn number(&self, sql: &str) -> Result<u64> {
        let text = self.ask(sql)?;
        text.parse()
            .with_context(|| format!("`{sql}` answered {text}"))
    }

    /// Changes the server's database.
    pub fn change(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite { .. } => raw_sqlite::execute(&self.file("server.db"), sql),
            Self::Postgres(postgres) => postgres.ask(sql).map(drop),
        }
    }

    /// Copies the database, which nobody may be using, for measuring without a server; `sql` is to be done in the copy.
    pub fn copy_for_raw(&mut self, sql: &str) -> Result<()> {
        let (from, to) = (self.file("server.db"), self.file("raw.db"));
        match self {
            Self::Sqlite { raw, .. } => {
                fs::copy(&from, &to).context("copying the database")?;
                let copy = RawSqlite::open(&to)?;
                copy.execute(sql)?;
                *raw = Some(Box::new(copy));
                Ok(())
            }
            Self::Postgres(postgres) => {
                postgres.copy_for_raw()?;
                postgres.change_copy(sql)
            }
        }
    }

    /// The database's processes; zero where it is part of the server.
    pub fn cpu_time(&self) -> Result<Duration> {
        match self {
            Self::Sqlite { .. } => Ok(Duration::ZERO),
            Self::Postgres(postgres) => postgres.cpu_time(),
        }
    }

    /// Works without a server, as fast as goes.
    pub fn raw(&mut self, bare: &mut Bare, time: Duration) -> Result<RawLine> {
        match (self, bare.access) {
            (Self::Postgres(postgres), _) => postgres.run(bare, time, CLIENTS, false),
            (this, Access::Write) => this.sqlite_writes(bare, time, PER_COMMIT),
            (this, Access::Read) => {
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                this.sqlite_reads(bare, time, cores)
            }
        }
    }

    /// The same in other ways, to compare.
    pub fn raw_variants(&mut self, bare: &mut Bare, time: Duration) -> Result<Vec<RawLine>> {
        match (self, bare.access) {
            (Self::Postgres(postgres), _) => {
                let mut lines = vec![postgres.run(bare, time, 1, false)?];
                if !bare.pipelined.is_empty() {
                    lines.push(postgres.run(bare, time, CLIENTS, true)?);
                    lines.push(postgres.run(bare, time, 1, true)?);
                }
                Ok(lines)
            }
            (this, Access::Write) => Ok(vec![
                this.sqlite_writes(bare, time, 256)?,
                this.sqlite_writes(bare, time, 1)?,
            ]),
            (this, Access::Read) => Ok(vec![this.sqlite_reads(bare, time, 1)?]),
        }
    }

    fn sqlite_writes(
        &mut self,
        bare: &mut Bare,
        time: Duration,
        per_commit: u64,
    ) -> Result<RawLine> {
        let raw = self.sqlite_copy()?;
        let most = raw.prepare(bare, time)?;
        let what = format!("bare SQLite, {per_commit} per commit");
        timed(what, || raw.write(bare, time, per_commit, most))
    }

    fn sqlite_reads(&mut self, bare: &mut Bare, time: Duration, threads: usize) -> Result<RawLine> {
        let raw = self.sqlite_copy()?;
        let plural = if threads == 1 { "" } else { "s" };
        let what = format!("bare SQLite, {threads} thread{plural}");
        timed(what, || raw.read(bare, time, threads))
    }

    fn sqlite_copy(&mut self) -> Result<&mut RawSqlite> {
        match self {
            Self::Sqlite { raw: Some(raw), .. } => Ok(raw),
            _ => bail!("the database has not been copied yet"),
        }
    }

    /// Fails unless all of this holds.
    pub fn check(&self, checks: &[Check]) -> Result<()> {
        for Check { what, sql, wanted } in checks {
            let found = self.number(sql)?;
            ensure!(found == *wanted, "{what}: {found}, not {wanted}");
        }
        Ok(())
    }
}

/// A rate of work in this process, with what it costs of the processor. `run` returns how many units it did, and in which time.
fn timed(what: String, run: impl FnOnce() -> Result<(u64, Duration)>) -> Result<RawLine> {
    let used = machine::cpu_time(std::process::id())?;
    let (units, time) = run()?;
    let used = machine::cpu_time(std::process::id())?.saturating_sub(used);
    Ok(RawLine {
        what,
        per_second: units as f64 / time.as_secs_f64(),
        cpu_micros: used.as_secs_f64() * 1e6 / units as f64,
    })
}
