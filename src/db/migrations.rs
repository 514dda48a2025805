//! Schema migrations, embedded in the binary and run at start.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Conn;
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
pub(super) const MYSQL: EmbeddedMigrations = embed_migrations!("migrations/mysql");

/// Lists the names of migrations that have not been run.
pub(super) fn list_pending(conn: &mut Conn) -> Result<Vec<String>> {
    // Generic, because the migrations of the two databases have different types.
    fn names<DB: diesel::backend::Backend>(
        pending: diesel::migration::Result<Vec<Box<dyn diesel::migration::Migration<DB>>>>,
    ) -> diesel::migration::Result<Vec<String>> {
        Ok(pending?.iter().map(|migration| migration.name().to_string()).collect())
    }
    let pending = match conn {
        Conn::Sqlite(inner) => names(inner.pending_migrations(SQLITE)),
        Conn::Mysql(inner) => names(inner.pending_migrations(MYSQL)),
    };
    pending.map_err(|cause| {
        Error::Configuration(format!("The database's schema cannot be read: {cause}"))
    })
}

/// Returns the newest schema version that this program knows.
///
/// # Errors
/// `Internal` if the embedded migrations cannot be read.
pub fn newest_version() -> Result<String> {
    let all = diesel::migration::MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)
        .map_err(Error::internal)?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).max().unwrap_or_default())
}

/// Migrates a new SQLite file to an earlier version or to the newest.
pub(super) fn run_until(conn: &mut diesel::SqliteConnection, version: &str) -> Result<()> {
    let failed = |cause| Error::Internal(anyhow::anyhow!("migrations of a copy: {cause}"));
    for migration in conn.pending_migrations(SQLITE).map_err(failed)? {
        if migration.name().version().to_string().as_str() <= version {
            conn.run_migration(&migration).map_err(failed)?;
        }
    }
    Ok(())
}

/// Brings the schema up to date.
pub(super) fn run(conn: &mut Conn) -> Result<()> {
    let ran = match conn {
        Conn::Sqlite(inner) => inner.run_pending_migrations(SQLITE).map(|versions| versions.len()),
        // MySQL cannot roll back a statement that changes the schema, so each is recorded.
        Conn::Mysql(inner) => super::stepwise_migrations::run(inner),
    };
    match ran.map_err(|cause| {
        Error::Configuration(format!("The database's schema cannot be brought up to date: {cause}"))
    })? {
        0 => {}
        count => tracing::info!(count, "ran database migrations"),
    }
    Ok(())
}
