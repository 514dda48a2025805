//! The pool: reading, transactions, and what their failures mean.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::r2d2::Pool;

use super::connection::{self, Backend, Conn, ConnectionFactory, PooledConn};

use crate::error::{Error, Result};

/// How often a transaction that met another one is tried again.
const MAX_TRIES: u32 = 6;
/// How long a request waits for a connection before it is told to come back.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(3);

/// A handle on the pool; cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Pool<ConnectionFactory>,
    /// For SQLite one connection, so that writers queue here and not on the file's lock.
    writers: Pool<ConnectionFactory>,
    is_shared: bool,
    statements: Arc<AtomicU64>,
    waits: Arc<PoolWaits>,
}

/// How often and how long was waited for a connection.
#[derive(Default)]
struct PoolWaits {
    times: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Db {
    /// Names of the schema's versions that have not been run on the database at `url`.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn pending_migrations(url: &str) -> Result<Vec<String>> {
        super::migrations::count_pending(&mut connect(&Backend::from_url(url)?)?)
    }

    /// A connection to a database of somebody else's: its schema stays as it is.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn open_source(url: &str) -> Result<Conn> {
        connect(&Backend::from_url(url)?)
    }

    /// A new SQLite file of its own, with the schema as it was at `version`.
    ///
    /// # Errors
    /// The database's.
    pub fn scratch(path: &Path, version: &str) -> Result<Conn> {
        let mut conn = connect(&Backend::Sqlite(path.to_path_buf()))?;
        if let Conn::Sqlite(inner) = &mut conn {
            // It is thrown away when anything goes wrong.
            inner.batch_execute("PRAGMA synchronous = OFF")?;
            super::migrations::run_until(inner, version)?;
        }
        Ok(conn)
    }

    /// Brings such a file to the newest schema.
    ///
    /// # Errors
    /// The database's.
    pub fn migrate_scratch(conn: &mut Conn) -> Result<()> {
        super::migrations::run(conn)
    }

    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// `Configuration` for a URL that cannot be meant, `Unavailable` when nobody answers there.
    pub fn open(url: &str) -> Result<Self> {
        let backend = Backend::from_url(url)?;
        let opener = ConnectionFactory::new(backend.clone());
        let pool = |size| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .connection_timeout(CHECKOUT_TIMEOUT)
                .test_on_check_out(backend.is_remote())
                .error_handler(Box::new(connection::LogConnectError))
                .build(opener.clone())
                .map_err(|cause| Error::Configuration(format!("The database does not answer: {cause}")))
        };
        let mut first = connect(&backend)?;
        super::migrations::run(&mut first)?;
        drop(first);
        let writers = pool(if backend.is_remote() { 12 } else { 1 })?;
        let readers = if backend.is_remote() { writers.clone() } else { pool(6)? };
        Ok(Self { readers, writers, is_shared: backend.is_remote(), statements: opener.statements, waits: Arc::default() })
    }

    /// Whether other servers may write into it.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Runs statements that change nothing. Call it off the async threads.
    ///
    /// # Errors
    /// What `work` says; `Unavailable` when no connection comes free in time.
    pub fn read<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled = self.checkout(&self.readers)?;
        let done = work(&mut pooled.conn);
        record_result(&mut pooled, &done);
        done
    }

    /// Runs statements on what the tables hold at one moment. Call it off the async threads.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn snapshot<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled = self.checkout(&self.readers)?;
        let done = connection::snapshot(&mut pooled.conn, work);
        record_result(&mut pooled, &done);
        done
    }

    /// Statements that were sent so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Connections that were taken out of the pool so far, and the time spent waiting for them.
    #[must_use]
    pub fn waits(&self) -> (u64, Duration) {
        let nanoseconds = self.waits.nanoseconds.load(Ordering::Relaxed);
        (self.waits.times.load(Ordering::Relaxed), Duration::from_nanos(nanoseconds))
    }

    fn checkout(&self, pool: &Pool<ConnectionFactory>) -> Result<diesel::r2d2::PooledConnection<ConnectionFactory>> {
        let began = Instant::now();
        let taken = pool.get().map_err(|cause| {
            tracing::warn!("no database connection: {cause}");
            Error::Unavailable("The database does not answer.")
        });
        self.waits.times.fetch_add(1, Ordering::Relaxed);
        let waited = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.waits.nanoseconds.fetch_add(waited, Ordering::Relaxed);
        taken
    }

    /// Runs one transaction, again if it met another one. Call it off the async threads.
    ///
    /// # Errors
    /// What `work` says, after everything was rolled back.
    pub fn write<T>(&self, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled = self.checkout(&self.writers)?;
        let mut tried = 1;
        let done = loop {
            match connection::transaction(&mut pooled.conn, &work) {
                Err(Error::Contention) if tried < MAX_TRIES => {
                    std::thread::sleep(Duration::from_millis(u64::from(tried * tried) * 5));
                    tried += 1;
                }
                done => break done,
            }
        };
        record_result(&mut pooled, &done);
        done
    }
}

/// One that failed is asked before it is used again.
fn record_result<T>(pooled: &mut PooledConn, done: &Result<T>) {
    pooled.answered = if matches!(done, Err(Error::Unavailable(_) | Error::Internal(_))) { None } else { Some(Instant::now()) };
}

/// A first connection, whose failure is said in full.
fn connect(backend: &Backend) -> Result<Conn> {
    connection::open(backend).map_err(|cause| {
        let said = cause.to_string();
        if connection::is_connection_lost(&said) {
            tracing::error!("the database does not answer: {said}");
            Error::Unavailable("The database does not answer.")
        } else {
            Error::Configuration(format!("The database {} cannot be opened: {said}", backend.display_url()))
        }
    })
}

/// Runs `work` on the blocking pool.
///
/// # Errors
/// What `work` says; `Internal` if it panicked.
pub async fn run_on_blocking_pool<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    // What is logged there says whose request it was.
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(Error::internal)?
}

/// Turns "no row changed" into an error.
///
/// # Errors
/// `NotFound` when nothing matched.
pub const fn ensure_one_row(count: usize) -> Result<()> {
    if count == 0 { Err(Error::NotFound) } else { Ok(()) }
}

impl From<diesel::result::Error> for Error {
    fn from(cause: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Cause};
        match &cause {
            Cause::NotFound => Self::NotFound,
            Cause::DatabaseError(Kind::UniqueViolation, _) => Self::Conflict("That is there already.".into()),
            Cause::DatabaseError(Kind::SerializationFailure, _) => Self::Contention,
            Cause::DatabaseError(Kind::ClosedConnection, _) => Self::Unavailable("The database does not answer."),
            Cause::DatabaseError(_, about) => match about.message() {
                said if connection::is_contention(said) => Self::Contention,
                said if connection::is_connection_lost(said) => Self::Unavailable("The database does not answer."),
                said if connection::is_disk_full(said) => Self::DiskFull,
                _ => Self::Internal(anyhow::Error::new(cause)),
            },
            Cause::BrokenTransactionManager => Self::Unavailable("The database does not answer."),
            _ => Self::Internal(anyhow::Error::new(cause)),
        }
    }
}
