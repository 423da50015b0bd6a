//! The database under the server, and the same one without a server.

use super::{
    machine,
    pgbench::Postgres,
    raw_sqlite::{self, RawSqlite},
    report::RawLine,
    scratch::Scratch,
};
use anyhow::{Context, Result, bail};
use std::{fs, path::PathBuf, time::Duration};

/// Orders in a transaction; more make it hardly faster.
const PER_COMMIT: usize = 64;

pub enum Engine {
    Sqlite {
        folder: PathBuf,
        raw: Option<Box<RawSqlite>>,
    },
    Postgres(Postgres),
}

/// What must hold after any load: name, query for a number, the number.
pub fn checks(orders: u64) -> [(&'static str, &'static str, u64); 5] {
    [
        ("orders", "SELECT COUNT(*) FROM orders", orders),
        ("order lines", "SELECT COUNT(*) FROM order_details", orders),
        (
            "postings for orders",
            "SELECT COUNT(*) FROM postings WHERE kind = 'order'",
            orders,
        ),
        (
            "jobs that send orders",
            "SELECT COUNT(*) FROM jobs WHERE kind = 'orders.dispatch'",
            orders,
        ),
        (
            "accounts whose balance is not the sum of their postings",
            "SELECT COUNT(*) FROM credit_accounts a WHERE a.balance <> (SELECT COALESCE(SUM(p.amount), 0) FROM postings p WHERE p.account_id = a.account_id)",
            0,
        ),
    ]
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

    /// Copies the database, which nobody may be using, for measuring without a server.
    pub fn copy_for_raw(&mut self, organizations: Vec<String>, product: String) -> Result<()> {
        let (from, to) = (self.file("server.db"), self.file("raw.db"));
        match self {
            Self::Sqlite { raw, .. } => {
                fs::copy(&from, &to).context("copying the database")?;
                *raw = Some(Box::new(RawSqlite::open(&to, organizations, product)?));
                Ok(())
            }
            Self::Postgres(postgres) => postgres.copy_for_raw(&organizations, &product),
        }
    }

    pub fn count_orders(&self) -> Result<u64> {
        match self {
            Self::Sqlite { .. } => raw_sqlite::count_orders(&self.file("server.db")),
            Self::Postgres(postgres) => postgres.count_orders(),
        }
    }

    /// The database's processes; zero where it is part of the server.
    pub fn cpu_time(&self) -> Result<Duration> {
        match self {
            Self::Sqlite { .. } => Ok(Duration::ZERO),
            Self::Postgres(postgres) => postgres.cpu_time(),
        }
    }

    /// Writes the rows of orders without a server, as fast as goes.
    pub fn raw(&mut self, time: Duration) -> Result<RawLine> {
        match self {
            Self::Sqlite { .. } => self.raw_sqlite(time, PER_COMMIT),
            Self::Postgres(postgres) => postgres.run(time, 8, false),
        }
    }

    /// The same in other ways, to compare.
    pub fn raw_variants(&mut self, time: Duration) -> Result<Vec<RawLine>> {
        match self {
            Self::Sqlite { .. } => Ok(vec![self.raw_sqlite(time, 256)?, self.raw_sqlite(time, 1)?]),
            Self::Postgres(postgres) => Ok(vec![
                postgres.run(time, 8, true)?,
                postgres.run(time, 1, false)?,
                postgres.run(time, 1, true)?,
            ]),
        }
    }

    fn raw_sqlite(&mut self, time: Duration, per_commit: usize) -> Result<RawLine> {
        let Self::Sqlite { raw: Some(raw), .. } = self else {
            bail!("the database has not been copied yet");
        };
        let used = machine::cpu_time(std::process::id())?;
        let per_second = raw.run(time, per_commit)?;
        let used = machine::cpu_time(std::process::id())?.saturating_sub(used);
        Ok(RawLine {
            what: format!(
                "bare SQLite, {per_commit} order{} per commit",
                if per_commit == 1 { "" } else { "s" }
            ),
            per_second,
            cpu_micros: used.as_secs_f64() * 1e6 / (per_second * time.as_secs_f64()),
        })
    }

    /// Fails unless there are so many orders and the books are in order.
    pub fn check(&self, orders: u64) -> Result<()> {
        match self {
            Self::Sqlite { .. } => raw_sqlite::check(&self.file("server.db"), orders),
            Self::Postgres(postgres) => postgres.check(orders),
        }
    }
}
