//! What each person keeps has a version. What was read of one version is good for as long as it is the version.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::sync::Cache;

use super::versioned_cache::VersionedCache;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::{Directory, Shelf, ShelfCount, UserId, YearMonth};
use crate::store;

/// How long another process's change to a local database may go unseen; changes of this one are seen at once.
/// A database that several servers share is asked each time.
const VERSION_TTL: Duration = Duration::from_secs(1);
/// How long one version is known at most.
const SUMMARY_TTL: Duration = Duration::from_mins(10);
/// People whose libraries are known at most.
const MAX_LIBRARIES: u64 = 1_000;
/// Bytes of answers that are kept for all people together.
const MAX_RESPONSE_BYTES: u64 = 8 << 20;
/// Directories beside a page.
const MAX_LINKED_DIRECTORIES: i64 = 200;

/// How many items each month of a shelf has, the newest first.
pub type Months = Arc<Vec<(YearMonth, i64)>>;

/// What stands beside everything a person looks at.
pub struct LibrarySummary {
    pub counts: Vec<ShelfCount>,
    /// Their own directories, by path.
    pub directories: Vec<Directory>,
}

impl LibrarySummary {
    /// Items and bytes on a shelf.
    #[must_use]
    pub fn count(&self, shelf: Shelf) -> (i64, i64) {
        self.counts.iter().find(|count| count.shelf == shelf).map_or((0, 0), |count| (count.items, count.bytes))
    }
}

/// One version of a person's library, and what was read of it.
pub struct LibraryVersion {
    pub owner: UserId,
    pub version: i64,
    summary: OnceLock<Arc<LibrarySummary>>,
    months: Mutex<HashMap<Shelf, Months>>,
}

impl LibraryVersion {
    /// # Errors
    /// The database's.
    pub fn summary(&self, conn: &mut Conn) -> Result<Arc<LibrarySummary>> {
        if let Some(known) = self.summary.get() {
            return Ok(known.clone());
        }
        let counts = store::shelf_counts::list(conn, self.owner)?;
        let read =
            Arc::new(LibrarySummary { counts, directories: store::directories::list(conn, self.owner, MAX_LINKED_DIRECTORIES)? });
        Ok(self.summary.get_or_init(|| read).clone())
    }

    /// # Errors
    /// The database's.
    pub fn months(&self, conn: &mut Conn, shelf: Shelf) -> Result<Months> {
        let known = || self.months.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(months) = known().get(&shelf) {
            return Ok(months.clone());
        }
        let read = Arc::new(store::shelf_counts::list_months(conn, self.owner, shelf)?);
        known().insert(shelf, read.clone());
        Ok(read)
    }
}

/// An answer that was made of one version of a library.
#[derive(Clone)]
pub struct CachedResponse {
    pub body: Bytes,
    /// Without quotes; empty where it is not told.
    pub etag: Arc<str>,
}

/// Whose answer, of which version, to what.
type ResponseKey = (UserId, i64, String);

/// The libraries that were used of late.
pub struct LibraryCache {
    versions: VersionedCache<UserId, (Arc<LibraryVersion>, Instant)>,
    responses: Cache<ResponseKey, CachedResponse>,
    is_shared: bool,
}

impl LibraryCache {
    /// `is_shared` where other servers write into the same database.
    pub(crate) fn new(is_shared: bool) -> Self {
        let weight =
            |key: &ResponseKey, kept: &CachedResponse| u32::try_from(key.2.len() + kept.body.len() + 128).unwrap_or(u32::MAX);
        let answers = Cache::builder().max_capacity(MAX_RESPONSE_BYTES).weigher(weight).time_to_idle(SUMMARY_TTL).build();
        Self { versions: VersionedCache::new(MAX_LIBRARIES, SUMMARY_TTL), responses: answers, is_shared }
    }

    /// The present version, if it is known without asking the database.
    #[must_use]
    pub fn get_fresh(&self, owner: UserId) -> Option<Arc<LibraryVersion>> {
        let (library, read) = self.versions.get(&owner)?;
        (!self.is_shared && read.elapsed() < VERSION_TTL).then_some(library)
    }

    /// The present version. Read it before what is to be kept under it.
    ///
    /// # Errors
    /// The database's.
    pub fn current(&self, conn: &mut Conn, owner: UserId) -> Result<Arc<LibraryVersion>> {
        if let Some(library) = self.get_fresh(owner) {
            return Ok(library);
        }
        let before = self.versions.invalidation_count();
        let version = store::library_versions::find_version(conn, owner)?;
        let library = match self.versions.get(&owner) {
            Some((library, _)) if library.version == version => library,
            _ => Arc::new(LibraryVersion { owner, version, summary: OnceLock::new(), months: Mutex::default() }),
        };
        self.versions.insert_if_current(owner, (library.clone(), Instant::now()), before);
        Ok(library)
    }

    /// What was answered to `asked` when the library was as it is.
    #[must_use]
    pub fn response(&self, library: &LibraryVersion, asked: &str) -> Option<CachedResponse> {
        self.responses.get(&(library.owner, library.version, asked.to_owned()))
    }

    /// The same, or what `make` answers: made once, however many ask for it at the same time, and kept for as long
    /// as the library stays as it is.
    ///
    /// # Errors
    /// What `make` says.
    pub fn response_or_build(
        &self,
        library: &LibraryVersion,
        asked: String,
        make: impl FnOnce() -> Result<CachedResponse>,
    ) -> Result<CachedResponse> {
        let (mut make, mut failed) = (Some(make), None);
        let mut made = || match make.take().map(|make| make()) {
            Some(Ok(kept)) => Some(kept),
            Some(Err(error)) => {
                failed = Some(error);
                None
            }
            None => None,
        };
        if let Some(kept) = self.responses.optionally_get_with((library.owner, library.version, asked), &mut made) {
            return Ok(kept);
        }
        // Whoever made it failed: if it was somebody else, we may not.
        match (failed, make) {
            (Some(error), _) => Err(error),
            (None, Some(make)) => make(),
            (None, None) => Err(Error::internal("nothing was answered")),
        }
    }

    pub(crate) fn invalidate(&self, owner: UserId) {
        self.versions.invalidate(&owner);
    }

    pub(crate) fn invalidate_all(&self) {
        self.versions.invalidate_all();
    }
}
