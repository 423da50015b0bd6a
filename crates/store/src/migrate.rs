use crate::{Db, StoreError, Tx, dialect, params, statements};
use kernel::Timestamp;

/// All migrations, oldest first. One that has been released is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "platform",
        include_str!("../migrations/0001_platform.sql"),
    ),
    (2, "billing", include_str!("../migrations/0002_billing.sql")),
    (3, "gateway", include_str!("../migrations/0003_gateway.sql")),
    (
        4,
        "webhooks",
        include_str!("../migrations/0004_webhooks.sql"),
    ),
    (5, "forms", include_str!("../migrations/0005_forms.sql")),
    (
        6,
        "vouchers",
        include_str!("../migrations/0006_vouchers.sql"),
    ),
    (
        7,
        "einvoice",
        include_str!("../migrations/0007_einvoice.sql"),
    ),
    (
        8,
        "accounts",
        include_str!("../migrations/0008_accounts.sql"),
    ),
    (9, "files", include_str!("../migrations/0009_files.sql")),
    (
        10,
        "charges",
        include_str!("../migrations/0010_charges.sql"),
    ),
    (
        11,
        "invoicing",
        include_str!("../migrations/0011_invoicing.sql"),
    ),
    (
        12,
        "einvoice_buyers",
        include_str!("../migrations/0012_einvoice_buyers.sql"),
    ),
];

statements! {
    /// Which versions are there.
    APPLIED = "SELECT version FROM schema_migrations ORDER BY version";
    RECORD = "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)";
}

/// What [`Db::migrate`] found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// Versions that were there already.
    pub present: Vec<i64>,
    /// Versions applied now.
    pub applied: Vec<i64>,
}

impl Db {
    /// Brings the schema up to date. Nodes that start together wait for each other.
    pub async fn migrate(&self, now: Timestamp) -> Result<MigrationReport, StoreError> {
        self.run_schema(
            || {
                "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;".into()
            },
            || {
                // The lock is released at the end of the transaction.
                format!(
                    "SELECT pg_advisory_xact_lock(7411); {} CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL);",
                    dialect::POSTGRES_PRELUDE
                )
            },
        )
        .await?;
        self.write(move |tx| apply_missing(tx, now)).await
    }

    /// The versions that [`Db::migrate`] would apply.
    pub async fn pending_migrations(&self) -> Result<Vec<i64>, StoreError> {
        let applied = self
            .read(|tx| tx.query(APPLIED, &[], |row| row.get(0)))
            .await;
        let applied: Vec<i64> = applied.unwrap_or_default();
        Ok(MIGRATIONS
            .iter()
            .map(|(version, ..)| *version)
            .filter(|version| !applied.contains(version))
            .collect())
    }
}

fn apply_missing(tx: &mut Tx<'_>, now: Timestamp) -> Result<MigrationReport, StoreError> {
    tx.run_script(&String::new, &|| {
        "SELECT pg_advisory_xact_lock(7411)".into()
    })?;
    let present: Vec<i64> = tx.query(APPLIED, &[], |row| row.get(0))?;
    let newest = MIGRATIONS.last().map_or(0, |(version, ..)| *version);
    if let Some(unknown) = present.iter().find(|version| **version > newest) {
        return Err(StoreError::Failed(format!(
            "the database has migration {unknown}, which this version of tallystick does not know: use a newer one"
        )));
    }
    let mut applied = Vec::new();
    for (version, name, sql) in MIGRATIONS {
        if present.contains(version) {
            continue;
        }
        tx.run_script(&|| dialect::schema_for_sqlite(sql), &|| {
            dialect::schema_for_postgres(sql)
        })?;
        tx.execute(RECORD, params![*version, *name, now])?;
        applied.push(*version);
    }
    Ok(MigrationReport { present, applied })
}
