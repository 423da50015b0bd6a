//! All that differs in SQL between the two databases.

/// Marks the spot in a `SELECT` where PostgreSQL takes rows that no other node holds. On SQLite there
/// is one writer, and the mark stays the comment that it is.
const SKIP_LOCKED: (&str, &str) = ("/* skip locked */", "FOR UPDATE SKIP LOCKED");

/// Marks the spot where PostgreSQL locks the rows it selects until the transaction ends. Keys never change, so
/// rows that refer to these can be inserted meanwhile. On SQLite nobody else writes.
const FOR_UPDATE: (&str, &str) = ("/* for update */", "FOR NO KEY UPDATE");

/// Marks the spot where PostgreSQL keeps the rows it selects from being changed until the transaction ends. On SQLite
/// nobody else writes.
const FOR_SHARE: (&str, &str) = ("/* for share */", "FOR SHARE");

/// A statement as PostgreSQL takes it.
pub fn for_postgres(sql: &str) -> String {
    sql.replace(SKIP_LOCKED.0, SKIP_LOCKED.1)
        .replace(FOR_UPDATE.0, FOR_UPDATE.1)
        .replace(FOR_SHARE.0, FOR_SHARE.1)
}

/// A migration as SQLite takes it.
pub fn schema_for_sqlite(sql: &str) -> String {
    let sql = full_text(sql, |table| {
        format!("CREATE VIRTUAL TABLE {table} USING fts5(text, tokenize = 'trigram');")
    });
    expand(&sql, |table| {
        format!(
            "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;\n\
             CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;"
        )
    })
}

/// A migration as PostgreSQL takes it: 64-bit integers, and text that sorts by its bytes as SQLite's does.
pub fn schema_for_postgres(sql: &str) -> String {
    let typed = sql
        .replace(") STRICT, WITHOUT ROWID;", ");")
        .replace(") STRICT;", ");")
        .replace(" INTEGER", " BIGINT")
        .replace(" TEXT", " TEXT COLLATE \"C\"");
    let typed = full_text(&typed, |table| {
        format!(
            "CREATE TABLE {table} (rowid BIGINT NOT NULL PRIMARY KEY, text TEXT COLLATE \"C\" NOT NULL);\n\
             CREATE INDEX {table}_trigrams ON {table} USING gin (text gin_trgm_ops);"
        )
    });
    expand(&typed, |table| {
        format!(
            "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
        )
    })
}

/// What PostgreSQL needs before the first migration.
pub const POSTGRES_PRELUDE: &str = "
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation'; END $$;
    CREATE OR REPLACE FUNCTION instr(haystack TEXT, needle TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE STRICT AS
        $$ SELECT strpos(haystack, needle)::BIGINT $$;
";

/// `-- @full_text TABLE`: a table of `rowid` and `text`, with an index that finds pieces of the text by `LIKE`.
fn full_text(sql: &str, declare: impl Fn(&str) -> String) -> String {
    let lines = sql.lines().map(|line| {
        line.strip_prefix("-- @full_text ")
            .map_or_else(|| line.to_owned(), |table| declare(table.trim()))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn expand(sql: &str, append_only: impl Fn(&str) -> String) -> String {
    sql.lines()
        .map(|line| match line.strip_prefix("-- @append_only ") {
            Some(table) => append_only(table.trim()),
            None => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}
