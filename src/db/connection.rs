//! Connections and transactions, and the differences between the two databases.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{
    AnsiTransactionManager, InstrumentationEvent, SimpleConnection, TransactionManager,
};
use diesel::r2d2::{HandleError, ManageConnection};
use diesel::{Connection, MysqlConnection, SqliteConnection};

use crate::error::{Error, Result};

/// A connection to either database. Statements of `store` run on both without a case distinction.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Sqlite(SqliteConnection),
    Mysql(MysqlConnection),
}

/// How long a connection that has answered is assumed to be alive.
const LIVENESS_TTL: Duration = Duration::from_secs(5);

impl Conn {
    /// Whether a page far behind the top of a list must not be looked up by equality alone. MariaDB 10.11 estimates the
    /// rows of an owner by the average, so it considers an equality (`ref`) as cheap as the range and then scans everything
    /// before the page. Comparing with a second, impossible value leaves it only the range.
    #[must_use]
    pub const fn misjudges_equality(&self) -> bool {
        matches!(self, Self::Mysql(_))
    }

    /// Whether a row comparison, `(a, b) < (1, 2)`, is looked up in an index on both columns.
    #[must_use]
    pub const fn seeks_rows(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

/// Returns the path of the database, if it is a file.
///
/// # Errors
/// `Configuration` for an invalid URL.
pub fn database_file(url: &str) -> Result<Option<PathBuf>> {
    Ok(match Backend::from_url(url)? {
        Backend::Sqlite(path) => Some(path),
        Backend::Mysql(_) => None,
    })
}

/// Which database to connect to.
#[derive(Clone)]
pub(super) enum Backend {
    Sqlite(PathBuf),
    Mysql(String),
}

impl Backend {
    /// Chooses the database by the scheme of the URL. Any other scheme is an error, so that a typo never creates a new
    /// SQLite file.
    pub(super) fn from_url(url: &str) -> Result<Self> {
        let invalid_url = |text: &str| Err(Error::Configuration(format!("DATABASE_URL: {text}")));
        if let Some(path) = url.strip_prefix("sqlite://") {
            return if path.is_empty() {
                invalid_url("sqlite:// needs a file")
            } else {
                Ok(Self::Sqlite(path.into()))
            };
        }

        if url.starts_with("mysql://") {
            // Parsed for validation only; the driver gets the original URL.
            let parsed = url::Url::parse(url)
                .map_err(|_| Error::Configuration("DATABASE_URL is not a URL".into()))?;
            let has_parameter = |name: &str| parsed.query_pairs().any(|(key, _)| key == name);
            if parsed.path().trim_matches('/').is_empty() {
                return invalid_url(
                    "mysql://USER:PASSWORD@HOST:PORT/NAME needs the database's name",
                );
            }
            // libmariadb accepts ssl_mode and still uses an unencrypted connection.
            if has_parameter("ssl_mode") && !has_parameter("ssl_ca") {
                return invalid_url("ssl_mode does nothing without ssl_ca=/path/to/ca.pem");
            }
            return Ok(Self::Mysql(url.to_owned()));
        }
        invalid_url("takes sqlite://FILE or mysql://USER:PASSWORD@HOST:PORT/NAME")
    }

    /// The address without user name and password.
    pub(super) fn display_url(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Mysql(url) => {
                url.rsplit_once('@').map_or_else(String::new, |(_, place)| place.to_owned())
            }
        }
    }

    pub(super) const fn is_remote(&self) -> bool {
        matches!(self, Self::Mysql(_))
    }
}

/// A connection in the pool.
pub(super) struct PooledConn {
    pub conn: Conn,
    /// When it last answered; `None` after a failure.
    pub answered: Option<Instant>,
}

/// Opens connections for the pool and counts their statements.
#[derive(Clone)]
pub(super) struct ConnectionFactory {
    backend: Backend,
    pub statements: Arc<AtomicU64>,
}

impl ConnectionFactory {
    pub(super) fn new(backend: Backend) -> Self {
        Self { backend, statements: Arc::default() }
    }
}

/// Opens a connection and applies its session settings.
pub(super) fn open(backend: &Backend) -> Result<Conn, diesel::r2d2::Error> {
    use diesel::r2d2::Error::{ConnectionError, QueryError};

    match backend {
        Backend::Sqlite(path) => {
            // The first start creates the folder. If that fails, opening the database below reports it.
            if let Some(folder) = path.parent() {
                drop(crate::config::create_private_dir(folder));
            }
            let is_new = !path.exists();
            let mut conn =
                SqliteConnection::establish(&path.to_string_lossy()).map_err(ConnectionError)?;
            if is_new {
                // SQLite creates its other files with the same mode.
                drop(crate::config::create_private_file(path));
            }
            // busy_timeout must come first, because switching to WAL needs the lock.
            conn.batch_execute(
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA cache_size = -4000;",
            )
            .map_err(QueryError)?;
            Ok(Conn::Sqlite(conn))
        }
        Backend::Mysql(url) => {
            let mut conn = MysqlConnection::establish(url).map_err(ConnectionError)?;
            // The defaults of a server may differ: strict mode, UTC, READ COMMITTED.
            conn.batch_execute(
                "SET NAMES utf8mb4; SET time_zone = '+00:00'; SET SESSION innodb_lock_wait_timeout = 10; \
                 SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'; \
                 SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;",
            )
            .map_err(QueryError)?;
            Ok(Conn::Mysql(conn))
        }
    }
}

impl ManageConnection for ConnectionFactory {
    type Connection = PooledConn;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<PooledConn, Self::Error> {
        let mut conn = open(&self.backend)?;
        let statements = self.statements.clone();
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                statements.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(PooledConn { conn, answered: Some(Instant::now()) })
    }

    /// Checks that a connection is alive, unless it answered a moment ago.
    fn is_valid(&self, pooled: &mut PooledConn) -> Result<(), Self::Error> {
        if pooled.answered.is_none_or(|at| at.elapsed() > LIVENESS_TTL) {
            pooled.conn.batch_execute("SELECT 1").map_err(diesel::r2d2::Error::QueryError)?;
            pooled.answered = Some(Instant::now());
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut PooledConn) -> bool {
        let is_mid_transaction = match &mut pooled.conn {
            Conn::Sqlite(inner) => is_broken(inner),
            Conn::Mysql(inner) => is_broken(inner),
        };
        std::thread::panicking() || is_mid_transaction
    }
}

fn is_broken<C: Connection<TransactionManager = AnsiTransactionManager>>(conn: &mut C) -> bool {
    AnsiTransactionManager::is_broken_transaction_manager(conn)
        || AnsiTransactionManager::transaction_manager_status_mut(conn)
            .transaction_depth()
            .is_ok_and(|depth| depth.is_some())
}

#[derive(Debug)]
pub(super) struct LogConnectError;

impl HandleError<diesel::r2d2::Error> for LogConnectError {
    fn handle_error(&self, cause: diesel::r2d2::Error) {
        tracing::warn!(error = %cause, "database connection failed");
    }
}

/// Runs `work` in a transaction. SQLite begins IMMEDIATE, because a transaction that reads first and then writes fails
/// under load.
pub(super) fn transaction<T>(conn: &mut Conn, work: &impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
    // On SQLite, take the write lock at once: upgrading a read lock can fail.
    match conn {
        Conn::Sqlite(inner) => {
            AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")?;
        }
        Conn::Mysql(inner) => AnsiTransactionManager::begin_transaction(inner)?,
    }

    let result = work(conn);

    let end_result = match (conn, result.is_ok()) {
        (Conn::Sqlite(inner), true) => AnsiTransactionManager::commit_transaction(inner),
        (Conn::Mysql(inner), true) => AnsiTransactionManager::commit_transaction(inner),
        (Conn::Sqlite(inner), false) => AnsiTransactionManager::rollback_transaction(inner),
        (Conn::Mysql(inner), false) => AnsiTransactionManager::rollback_transaction(inner),
    };

    // The error of the work is more useful than the error of the rollback.
    match (result, end_result) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(cause)) => Err(cause.into()),
        (Err(error), _) => Err(error),
    }
}

/// Runs `work` on a consistent snapshot, however long it takes. It blocks no writer and changes nothing.
pub(super) fn snapshot<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    match conn {
        // In WAL mode a transaction sees the file as of its first read (sqlite.org/isolation.html).
        Conn::Sqlite(inner) => {
            AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN DEFERRED")?;
        }
        Conn::Mysql(inner) => {
            // Applies to the next transaction only.
            inner.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            AnsiTransactionManager::begin_transaction_sql(
                inner,
                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            )?;
        }
    }

    let result = work(conn);

    // Nothing was written, so there is nothing to commit.
    match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::rollback_transaction(inner)?,
        Conn::Mysql(inner) => AnsiTransactionManager::rollback_transaction(inner)?,
    }
    result
}

/// Whether a message reports a conflict: deadlocks and Galera conflicts (1213, also at COMMIT), lock time-outs (1205), a
/// busy SQLite file.
pub(super) fn is_contention(message: &str) -> bool {
    // Recognized by the text, because diesel does not pass on the error number.
    [
        "Deadlock found",
        "Lock wait timeout",
        "database is locked",
        "Record has changed since last read",
    ]
    .iter()
    .any(|part| message.contains(part))
}

/// Whether a message reports a lost connection (2002, 2006, 2013) or a Galera node without quorum (1047).
pub(super) fn is_connection_lost(message: &str) -> bool {
    [
        "gone away",
        "Lost connection",
        "Can't connect",
        "Server has gone",
        "WSREP has not yet prepared",
        "shutdown in progress",
    ]
    .iter()
    .any(|part| message.contains(part))
}

pub(super) fn is_disk_full(message: &str) -> bool {
    ["database or disk is full", "No space left", "is full"]
        .iter()
        .any(|part| message.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_in_the_scheme_is_refused() {
        for url in ["sqlit://x.db", "x.db", "postgres://a/b", "sqlite://", "mysql://host:3306/"] {
            assert!(Backend::from_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn tls_that_would_silently_be_plaintext_is_rejected() {
        assert!(Backend::from_url("mysql://u@h/n?ssl_mode=REQUIRED").is_err());
        assert!(Backend::from_url("mysql://u@h/n?ssl_mode=REQUIRED&ssl_ca=/ca.pem").is_ok());
    }
}
