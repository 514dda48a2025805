//! Schema migrations on MySQL and MariaDB, where each statement that changes the schema commits by itself.
//!
//! A migration that is interrupted has therefore run in part. Each statement is recorded after it has run, under a lock that
//! ends with its connection, so that a later start continues where the earlier one stopped.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::migration::Result;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use diesel::{MysqlConnection, QueryResult, sql_query};
use diesel_migrations::MigrationHarness;

use crate::failpoints;

/// All migrations: the version that diesel derives from the folder's name, and the statements.
const MIGRATIONS: [(&str, &str); 19] = [
    ("20261121000001", include_str!("../../migrations/mysql/2026-11-21-000001_house/up.sql")),
    ("20261121000002", include_str!("../../migrations/mysql/2026-11-21-000002_api/up.sql")),
    ("20261121000003", include_str!("../../migrations/mysql/2026-11-21-000003_uploads/up.sql")),
    (
        "20261121000004",
        include_str!("../../migrations/mysql/2026-11-21-000004_scanner_and_check/up.sql"),
    ),
    ("20261121000005", include_str!("../../migrations/mysql/2026-11-21-000005_previews/up.sql")),
    ("20261121000006", include_str!("../../migrations/mysql/2026-11-21-000006_libraries/up.sql")),
    (
        "20261122000007",
        include_str!("../../migrations/mysql/2026-11-22-000007_backup_and_audit/up.sql"),
    ),
    ("20261129000008", include_str!("../../migrations/mysql/2026-11-29-000008_sign_up/up.sql")),
    (
        "20261129000009",
        include_str!("../../migrations/mysql/2026-11-29-000009_capture_time/up.sql"),
    ),
    ("20261129000010", include_str!("../../migrations/mysql/2026-11-29-000010_xmp_files/up.sql")),
    ("20261129000011", include_str!("../../migrations/mysql/2026-11-29-000011_places/up.sql")),
    ("20261129000012", include_str!("../../migrations/mysql/2026-11-29-000012_song_orders/up.sql")),
    ("20261129000013", include_str!("../../migrations/mysql/2026-11-29-000013_languages/up.sql")),
    ("20261130000014", include_str!("../../migrations/mysql/2026-11-30-000014_albums/up.sql")),
    ("20261130000015", include_str!("../../migrations/mysql/2026-11-30-000015_sharing/up.sql")),
    ("20261130000016", include_str!("../../migrations/mysql/2026-11-30-000016_share_links/up.sql")),
    (
        "20261130000017",
        include_str!("../../migrations/mysql/2026-11-30-000017_file_requests/up.sql"),
    ),
    ("20261130000018", include_str!("../../migrations/mysql/2026-11-30-000018_comments/up.sql")),
    ("20261130000019", include_str!("../../migrations/mysql/2026-11-30-000019_spaces/up.sql")),
];

/// Seconds to wait for another server that migrates the same database.
const LOCK_SECONDS: i32 = 120;
/// The step that is recorded before the first statement of a migration.
const BEGUN: i32 = -1;

#[derive(QueryableByName)]
struct IntegerRow {
    #[diesel(sql_type = Nullable<Integer>)]
    value: Option<i32>,
}

/// Runs all pending migrations on MySQL and returns how many, while holding a lock so that two servers that start at
/// the same time do not run the same migration.
///
/// # Errors
/// Another server holds the lock for too long; database errors.
pub(super) fn run(conn: &mut MysqlConnection) -> Result<usize> {
    // Names of locks are shared by all databases of a server, and have at most 64 characters.
    let lock: IntegerRow = sql_query(format!(
        "SELECT CAST(GET_LOCK(CONCAT('nexus_', MD5(DATABASE())), {LOCK_SECONDS}) AS SIGNED INTEGER) AS value"
    ))
    .get_result(conn)?;
    if lock.value != Some(1) {
        return Err("another server is changing the schema of this database".into());
    }

    let result = run_pending(conn);
    // A failure is ignored, because the lock also ends with the connection.
    drop(conn.batch_execute("DO RELEASE_LOCK(CONCAT('nexus_', MD5(DATABASE())))"));
    result
}

/// Runs the pending migrations and returns how many. The caller holds the lock.
fn run_pending(conn: &mut MysqlConnection) -> Result<usize> {
    // Creates diesel's table of migrations if there is none.
    let applied: BTreeSet<String> =
        conn.applied_migrations()?.iter().map(ToString::to_string).collect();
    let pending: Vec<_> =
        MIGRATIONS.iter().filter(|(version, _)| !applied.contains(*version)).collect();
    if pending.is_empty() {
        // The last migration was interrupted after its record. Looked for first, because an account that only runs the
        // server may not be permitted to drop tables.
        let remaining: IntegerRow = sql_query(
            "SELECT CAST(COUNT(*) AS SIGNED INTEGER) AS value FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'migration_steps'",
        )
        .get_result(conn)?;
        if remaining.value != Some(0) {
            conn.batch_execute("DROP TABLE migration_steps")?;
        }
        return Ok(0);
    }

    // In English, because `has_run_already` recognizes errors by their text.
    conn.batch_execute("SET SESSION lc_messages = 'en_US'")?;
    conn.batch_execute(
        "CREATE TABLE IF NOT EXISTS migration_steps (version VARCHAR(50) NOT NULL, step INTEGER NOT NULL, \
         PRIMARY KEY (version, step)) ENGINE=InnoDB",
    )?;
    for (version, sql) in &pending {
        run_migration(conn, version, sql)?;
    }
    conn.batch_execute("DROP TABLE migration_steps")?;
    Ok(pending.len())
}

/// Runs each statement of a migration that has no record yet and records it, so that an interrupted migration continues
/// where it stopped; then records the migration as applied.
fn run_migration(conn: &mut MysqlConnection, version: &str, sql: &str) -> Result<()> {
    let completed: Vec<IntegerRow> =
        sql_query("SELECT step AS value FROM migration_steps WHERE version = ?")
            .bind::<Text, _>(version)
            .load(conn)?;
    let completed: BTreeSet<i32> = completed.into_iter().filter_map(|row| row.value).collect();
    if completed.is_empty() {
        // `BEGUN` is a record without a statement, so that an interruption in the first statement is recognized as
        // well.
        record_step(conn, version, BEGUN)?;
    }

    // Of an interrupted migration, the first statement without a record may have run.
    let mut may_have_run = !completed.is_empty();
    for (step, statement) in (0..).zip(statements(sql)) {
        if completed.contains(&step) {
            continue;
        }
        if changes_rows(statement) {
            // The record commits with the rows.
            conn.transaction(|conn| {
                conn.batch_execute(statement)?;
                record_step(conn, version, step)
            })?;
        } else {
            match conn.batch_execute(statement) {
                // The statement had run before the interruption; only its record is missing.
                Err(cause) if may_have_run && has_run_already(statement, &cause) => {}
                outcome => outcome?,
            }
            // Fault tests kill the process at such points.
            failpoints::hit("schema changed");
            record_step(conn, version, step)?;
        }
        failpoints::hit("schema change recorded");
        may_have_run = false;
    }

    // The record of the migration replaces those of its steps.
    conn.transaction(|conn| {
        sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES (?)")
            .bind::<Text, _>(version)
            .execute(conn)?;
        sql_query("DELETE FROM migration_steps WHERE version = ?")
            .bind::<Text, _>(version)
            .execute(conn)
    })?;
    failpoints::hit("migration recorded");
    Ok(())
}

fn record_step(conn: &mut MysqlConnection, version: &str, step: i32) -> QueryResult<usize> {
    sql_query("INSERT INTO migration_steps (version, step) VALUES (?, ?)")
        .bind::<Text, _>(version)
        .bind::<Integer, _>(step)
        .execute(conn)
}

/// The statements of a migration. Each ends with a semicolon at the end of a line.
fn statements(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

fn changes_rows(statement: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE"].iter().any(|verb| statement.starts_with(verb))
}

/// Whether a statement failed because it has run before: the table, column or index exists, or exists no longer.
fn has_run_already(statement: &str, cause: &diesel::result::Error) -> bool {
    let message = cause.to_string();
    if statement.contains(" RENAME COLUMN ") {
        return message.contains("Unknown column");
    }
    ["already exists", "Duplicate column name", "Duplicate key name", "Can't DROP"]
        .iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::migration::MigrationSource;
    use diesel::mysql::Mysql;

    #[test]
    fn every_migration_is_listed_under_the_version_that_diesel_gives_it() {
        let mut versions: Vec<String> =
            MigrationSource::<Mysql>::migrations(&super::super::migrations::MYSQL)
                .unwrap()
                .iter()
                .map(|migration| migration.name().version().to_string())
                .collect();
        versions.sort();
        assert_eq!(versions, MIGRATIONS.map(|(version, _)| version.to_owned()));
    }

    #[test]
    fn statements_end_with_a_semicolon_at_the_end_of_a_line() {
        let sql = "CREATE TABLE a (\n    b TEXT DEFAULT ';'\n);\n\nUPDATE a SET b = 'c';\n";
        let found: Vec<_> = statements(sql).collect();
        assert_eq!(found, ["CREATE TABLE a (\n    b TEXT DEFAULT ';'\n)", "UPDATE a SET b = 'c'"]);
        assert!(!changes_rows(found[0]) && changes_rows(found[1]));
    }
}
