//! The connection pool, transactions, and the conversion of database errors.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::r2d2::Pool;

use super::connection::{self, Backend, Conn, ConnectionFactory, PooledConn};
use super::hang_watch::HangWatch;

use crate::error::{Error, Result};

/// How often a transaction is tried when it conflicts with another.
const MAX_TRIES: u32 = 6;
/// How long a request waits for a connection before it fails with `Unavailable`, so that it is answered within three
/// seconds.
const CHECKOUT_TIMEOUT: Duration = Duration::from_millis(2800);

/// A handle on the pool; cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Pool<ConnectionFactory>,
    /// A single connection on SQLite, so that writers queue here and not on the file's lock.
    writers: Pool<ConnectionFactory>,
    is_shared: bool,
    statements: Arc<AtomicU64>,
    waits: Arc<PoolWaits>,
    /// `None` for a file.
    hang_watch: Option<Arc<HangWatch>>,
}

/// How often and for how long requests waited for a connection.
#[derive(Default)]
struct PoolWaits {
    times: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Db {
    /// Lists the migrations that have not been run on the database at `url`.
    ///
    /// # Errors
    /// Those of [`Db::open`].
    pub fn pending_migrations(url: &str) -> Result<Vec<String>> {
        super::migrations::list_pending(&mut connect(&Backend::from_url(url)?)?)
    }

    /// Connects to a foreign database whose schema stays as it is.
    ///
    /// # Errors
    /// Those of [`Db::open`].
    pub fn open_source(url: &str) -> Result<Conn> {
        connect(&Backend::from_url(url)?)
    }

    /// Creates a SQLite file with the schema as of `version`.
    pub fn scratch(path: &Path, version: &str) -> Result<Conn> {
        let mut conn = connect(&Backend::Sqlite(path.to_path_buf()))?;
        if let Conn::Sqlite(inner) = &mut conn {
            // The file is discarded if anything goes wrong.
            inner.batch_execute("PRAGMA synchronous = OFF")?;
            super::migrations::run_until(inner, version)?;
        }
        Ok(conn)
    }

    /// Migrates such a file to the newest schema.
    pub fn migrate_scratch(conn: &mut Conn) -> Result<()> {
        super::migrations::run(conn)
    }

    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// `Configuration` for an invalid URL, `Unavailable` if the database does not answer.
    pub fn open(url: &str) -> Result<Self> {
        let backend = Backend::from_url(url)?;
        let factory = ConnectionFactory::new(backend.clone());

        // Readers and writers have the same settings.
        let pool = |size| {
            Pool::builder()
                .max_size(size)
                // One connection stays open while the server is idle; others are opened on demand.
                .min_idle(Some(1))
                .connection_timeout(CHECKOUT_TIMEOUT)
                // A connection to a local file cannot be lost.
                .test_on_check_out(backend.is_remote())
                .error_handler(Box::new(connection::LogConnectError))
                .build(factory.clone())
                .map_err(|cause| {
                    Error::Configuration(format!("The database does not answer: {cause}"))
                })
        };

        // From the first connection on, so that a start does not wait without end either.
        let hang_watch = HangWatch::start(&backend);
        // Migrations run on a connection of their own, before any other is opened.
        let mut first = connect(&backend)?;
        super::migrations::run(&mut first)?;
        drop(first);

        // SQLite has one writer; a remote database shares one pool.
        let writers = pool(if backend.is_remote() { 12 } else { 1 })?;
        let readers = if backend.is_remote() { writers.clone() } else { pool(6)? };

        Ok(Self {
            readers,
            writers,
            // Other servers may use the same remote database.
            is_shared: backend.is_remote(),
            statements: factory.statements,
            waits: Arc::default(),
            hang_watch,
        })
    }

    /// Whether other servers may use the same database.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Runs read-only statements. Blocks.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` when no connection becomes free in time.
    pub fn read<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled = self.checkout(&self.readers)?;
        let result = work(&mut pooled.conn);
        record_result(&mut pooled, &result);
        result
    }

    /// Runs read-only statements on a consistent snapshot. Blocks.
    ///
    /// # Errors
    /// Those of [`Db::read`].
    pub fn snapshot<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled = self.checkout(&self.readers)?;
        let result = connection::snapshot(&mut pooled.conn, work);
        record_result(&mut pooled, &result);
        result
    }

    /// Returns the number of statements sent so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Returns the number of checkouts so far, and the time spent waiting for them.
    #[must_use]
    pub fn waits(&self) -> (u64, Duration) {
        let nanoseconds = self.waits.nanoseconds.load(Ordering::Relaxed);
        (self.waits.times.load(Ordering::Relaxed), Duration::from_nanos(nanoseconds))
    }

    /// Takes a connection from a pool and counts the time spent waiting for it. Fails with `Unavailable` after
    /// `CHECKOUT_TIMEOUT`.
    fn checkout(
        &self,
        pool: &Pool<ConnectionFactory>,
    ) -> Result<diesel::r2d2::PooledConnection<ConnectionFactory>> {
        if self.hang_watch.as_ref().is_some_and(|watch| watch.is_hung()) {
            return Err(Error::Unavailable("The database does not answer."));
        }
        let began = Instant::now();
        let pooled = pool.get().map_err(|cause| {
            tracing::warn!(error = %cause, "no database connection available");
            Error::Unavailable("The database does not answer.")
        });
        // A wait that ended with a failure counts as well, so the result is returned only below.
        self.waits.times.fetch_add(1, Ordering::Relaxed);
        let waited = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.waits.nanoseconds.fetch_add(waited, Ordering::Relaxed);
        pooled
    }

    /// Runs a transaction and retries it if it conflicts with another. Blocks.
    ///
    /// # Errors
    /// Those of `work`, after a rollback.
    pub fn write<T>(&self, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled = self.checkout(&self.writers)?;
        let mut tried = 1;
        let result = loop {
            match connection::transaction(&mut pooled.conn, &work) {
                Err(Error::Contention) if tried < MAX_TRIES => {
                    // The pause grows from 5 to 125 ms.
                    std::thread::sleep(Duration::from_millis(u64::from(tried * tried) * 5));
                    tried += 1;
                }
                result => break result,
            }
        };
        // After a failure, the connection is checked before it is used again.
        record_result(&mut pooled, &result);
        result
    }
}

/// Marks a connection after a failure, so that it is checked before it is used again.
fn record_result<T>(pooled: &mut PooledConn, result: &Result<T>) {
    pooled.answered = if matches!(result, Err(Error::Unavailable(_) | Error::Internal(_))) {
        None
    } else {
        Some(Instant::now())
    };
}

/// Opens a first connection and reports a failure in detail.
fn connect(backend: &Backend) -> Result<Conn> {
    connection::open(backend).map_err(|cause| {
        let message = cause.to_string();
        if connection::is_connection_lost(&message) {
            tracing::error!("the database does not answer: {message}");
            Error::Unavailable("The database does not answer.")
        } else {
            Error::Configuration(format!(
                "The database {} cannot be opened: {message}",
                backend.display_url()
            ))
        }
    })
}

/// Turns "no row changed" into an error.
///
/// # Errors
/// `NotFound` for 0.
pub const fn ensure_one_row(count: usize) -> Result<()> {
    if count == 0 { Err(Error::NotFound) } else { Ok(()) }
}

impl From<diesel::result::Error> for Error {
    fn from(cause: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Cause};

        match &cause {
            Cause::NotFound => Self::NotFound,
            Cause::DatabaseError(Kind::UniqueViolation, _) => {
                Self::Conflict("That is there already.".into())
            }
            Cause::DatabaseError(Kind::SerializationFailure, _) => Self::Contention,
            Cause::DatabaseError(Kind::ClosedConnection, _) => {
                Self::Unavailable("The database does not answer.")
            }
            // diesel does not distinguish these errors, so the message decides.
            Cause::DatabaseError(_, about) => match about.message() {
                message if connection::is_contention(message) => Self::Contention,
                message if connection::is_connection_lost(message) => {
                    Self::Unavailable("The database does not answer.")
                }
                message if connection::is_disk_full(message) => Self::DiskFull,
                _ => Self::Internal(anyhow::Error::new(cause)),
            },
            Cause::BrokenTransactionManager => Self::Unavailable("The database does not answer."),
            _ => Self::Internal(anyhow::Error::new(cause)),
        }
    }
}
