//! Versions of users' libraries, and data and responses derived from one version.
//!
//! Every change to a library increments `libraries.version` in its transaction. As long as the version stays the same,
//! everything derived from it stays valid. Another process sees a change through the version: at once on a shared
//! database, after `VERSION_TTL` on a local one.

use crate::sync::lock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::sync::Cache;

use super::versioned_cache::VersionedCache;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::{Directory, Shelf, ShelfCount, UserId, YearMonth};
use crate::store;

/// How long a change by another process (the command line) to a local database may go unnoticed. Changes by this
/// process are seen at once. If several servers share the database, the version is queried each time.
const VERSION_TTL: Duration = Duration::from_secs(1);
/// How long a version and its data are cached.
const SUMMARY_TTL: Duration = Duration::from_mins(10);
/// Users whose libraries are cached.
const MAX_LIBRARIES: u64 = 1_000;
/// Total size of the cached responses of all users.
const MAX_RESPONSE_BYTES: u64 = 8 << 20;
/// Directories listed in the navigation.
const MAX_LINKED_DIRECTORIES: i64 = 200;

/// Items per month of a shelf, newest month first.
pub type Months = Arc<Vec<(YearMonth, i64)>>;

/// What the frame of every page shows of a library.
pub struct LibrarySummary {
    pub counts: Vec<ShelfCount>,
    /// The user's directories, including the standard ones, ordered by path; at most `MAX_LINKED_DIRECTORIES`.
    pub directories: Vec<Directory>,
    /// Notifications that the user has not seen.
    pub unseen: i64,
}

impl LibrarySummary {
    /// Returns the number of items and bytes on a shelf.
    #[must_use]
    pub fn count(&self, shelf: Shelf) -> (i64, i64) {
        self.counts
            .iter()
            .filter(|count| shelf.parts().contains(&count.shelf))
            .fold((0, 0), |(items, bytes), count| (items + count.items, bytes + count.bytes))
    }
}

/// One version of a user's library and the data read from it.
pub struct LibraryVersion {
    pub owner: UserId,
    pub version: i64,
    summary: OnceLock<Arc<LibrarySummary>>,
    months: Mutex<HashMap<Shelf, Months>>,
    has_places: OnceLock<bool>,
}

impl LibraryVersion {
    /// Whether the place of any item is known.
    pub fn has_places(&self, conn: &mut Conn) -> Result<bool> {
        if let Some(known) = self.has_places.get() {
            return Ok(*known);
        }
        let has_places = store::item_places::has_any(conn, self.owner)?;
        Ok(*self.has_places.get_or_init(|| has_places))
    }

    pub fn summary(&self, conn: &mut Conn) -> Result<Arc<LibrarySummary>> {
        if let Some(cached) = self.summary.get() {
            return Ok(cached.clone());
        }
        let counts = store::shelf_counts::list(conn, self.owner)?;
        let read = Arc::new(LibrarySummary {
            counts,
            directories: store::directories::list(conn, self.owner, MAX_LINKED_DIRECTORIES)?,
            unseen: store::notifications::count_unseen(conn, self.owner)?,
        });
        Ok(self.summary.get_or_init(|| read).clone())
    }

    pub fn months(&self, conn: &mut Conn, shelf: Shelf) -> Result<Months> {
        let cached = || lock(&self.months);
        if let Some(months) = cached().get(&shelf) {
            return Ok(months.clone());
        }
        // Newest first, also if they are those of several shelves.
        let mut counts = std::collections::BTreeMap::new();
        for part in shelf.parts() {
            for (month, items) in store::shelf_counts::list_months(conn, self.owner, *part)? {
                counts.entry(month.number()).or_insert((month, 0)).1 += items;
            }
        }
        let read = Arc::new(counts.into_values().rev().collect::<Vec<_>>());
        cached().insert(shelf, read.clone());
        Ok(read)
    }
}

/// A response built from one version of a library.
#[derive(Clone)]
pub struct CachedResponse {
    pub body: Bytes,
    /// Without quotes; empty for responses without an `ETag`.
    pub etag: Arc<str>,
    /// The compressed body, once it was requested. It is smaller than a quarter of the body, which the cache reserves.
    pub compressed: Arc<OnceLock<Bytes>>,
}

impl CachedResponse {
    #[must_use]
    pub fn new(body: impl Into<Bytes>, etag: &str) -> Self {
        Self { body: body.into(), etag: etag.into(), compressed: Arc::default() }
    }
}

/// Owner, library version and cache key.
type ResponseKey = (UserId, i64, String);

/// Recently used libraries and responses.
pub struct LibraryCache {
    versions: VersionedCache<UserId, (Arc<LibraryVersion>, Instant)>,
    responses: Cache<ResponseKey, CachedResponse>,
    is_shared: bool,
}

impl LibraryCache {
    /// Creates a cache; `is_shared` says whether other servers use the same database.
    pub(crate) fn new(is_shared: bool) -> Self {
        // The size of an entry: key, body, and an estimate of 128 bytes for everything else.
        let weight = |key: &ResponseKey, response: &CachedResponse| {
            u32::try_from(key.2.len() + response.body.len() * 5 / 4 + 128).unwrap_or(u32::MAX)
        };
        let responses = Cache::builder()
            .max_capacity(MAX_RESPONSE_BYTES)
            .weigher(weight)
            .time_to_idle(SUMMARY_TTL)
            .build();
        Self { versions: VersionedCache::new(MAX_LIBRARIES, SUMMARY_TTL), responses, is_shared }
    }

    /// Returns the current version if it is known without a query.
    #[must_use]
    pub fn get_fresh(&self, owner: UserId) -> Option<Arc<LibraryVersion>> {
        let (library, read) = self.versions.get(&owner)?;
        (!self.is_shared && read.elapsed() < VERSION_TTL).then_some(library)
    }

    /// Returns the current version. Call it before reading anything that is cached under it, so that cached data is never
    /// older than its version.
    pub fn current(&self, conn: &mut Conn, owner: UserId) -> Result<Arc<LibraryVersion>> {
        if let Some(library) = self.get_fresh(owner) {
            return Ok(library);
        }
        // If the library is invalidated during the query, its result is not cached.
        let invalidations_before = self.versions.invalidation_count();
        let version = store::library_versions::find_version(conn, owner)?;
        // An unchanged version keeps the data that was already read for it.
        let library = match self.versions.get(&owner) {
            Some((library, _)) if library.version == version => library,
            _ => Arc::new(LibraryVersion {
                owner,
                version,
                summary: OnceLock::new(),
                months: Mutex::default(),
                has_places: OnceLock::new(),
            }),
        };

        self.versions.insert_if_current(
            owner,
            (library.clone(), Instant::now()),
            invalidations_before,
        );
        Ok(library)
    }

    /// Returns the response cached under `cache_key` for this version.
    #[must_use]
    pub fn response(&self, library: &LibraryVersion, cache_key: &str) -> Option<CachedResponse> {
        self.responses.get(&(library.owner, library.version, cache_key.to_owned()))
    }

    /// Returns the cached response or builds it. Concurrent calls with the same key build it once.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn response_or_build(
        &self,
        library: &LibraryVersion,
        cache_key: String,
        build: impl FnOnce() -> Result<CachedResponse>,
    ) -> Result<CachedResponse> {
        // Both are needed after the closure: `build` if it was not called, the error if it failed.
        let (mut build, mut build_error) = (Some(build), None);

        // The cache calls this at most once for each key at a time.
        let mut build_once = || match build.take().map(|build| build()) {
            Some(Ok(response)) => Some(response),
            Some(Err(error)) => {
                build_error = Some(error);
                None
            }
            None => None,
        };

        if let Some(response) = self
            .responses
            .optionally_get_with((library.owner, library.version, cache_key), &mut build_once)
        {
            return Ok(response);
        }

        // Another caller built it and failed. Its error cannot be shared, so this caller tries itself.
        match (build_error, build) {
            (Some(error), _) => Err(error),
            (None, Some(build)) => build(),
            // Does not happen: a call of `build` leaves a response or an error.
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
