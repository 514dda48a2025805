//! [`Services`]: settings, database, storage and all in-memory state.

use crate::sync::lock;
use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Instant;
use tokio::sync::Semaphore;

use super::ingest_queue::IngestQueue;
use super::jwt::TokenSigner;
use super::last_backup_error::LastBackupError;
use super::last_seen::LastSeen;
use super::library_cache::LibraryCache;
use super::link_tokens::LinkTokens;
use super::login_throttle::LoginThrottle;
use super::malware_scanner::MalwareScanner;
use super::metrics::Metrics;
use super::open_file_cache::{FileVariant, Lookup, OpenFileCache};
use super::password_hasher::PasswordHasher;
use super::preview_queue::PreviewQueue;
use super::quota_holds::QuotaHolds;
use super::rate_limiter::RateLimiter;
use super::readiness_cache::ReadinessCache;
use super::refused_logins::RefusedLogins;
use super::session_cache::SessionCache;
use super::upload_locks::UploadLocks;
use super::user_slots::{UserSlots, VisitorSlots};
use super::users_file::WatchedUsersFile;
use crate::config::Settings;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::media::PreviewRenderer;
use crate::model::{ItemId, TimeZone, User, UserId};
use crate::storage::MediaDir;
use crate::storage::preview_cache::PreviewCache;
use crate::store;

/// Number of locks that users are spread over. Two users may share one.
const MOVE_LOCKS: usize = 64;

/// Uploads at once that collect more bytes before they write them, which takes memory and is faster.
const LARGE_CHUNK_UPLOADS: usize = 8;

/// Everything that domain functions need. One instance per process.
pub struct Services {
    pub settings: Settings,
    pub db: Db,
    pub media_dir: Arc<MediaDir>,
    pub password_hasher: PasswordHasher,
    pub session_cache: SessionCache,
    pub library_cache: LibraryCache,
    pub open_file_cache: OpenFileCache,
    pub login_throttle: LoginThrottle,
    pub refused_logins: RefusedLogins,
    pub rate_limiter: RateLimiter,
    pub token_signer: TokenSigner,
    pub link_tokens: LinkTokens,
    pub users_file: WatchedUsersFile,
    pub last_seen: LastSeen,
    pub started_at: Instant,
    pub metrics: Metrics,
    /// Why users' folders are not being watched although they should be.
    pub watch_error: OnceLock<String>,
    /// A proxy in the local network that names other clients but is not trusted.
    pub untrusted_proxy: OnceLock<IpAddr>,
    pub last_backup_error: LastBackupError,
    /// Rounds of housekeeping so far.
    pub(crate) housekeeping_rounds: AtomicU8,
    pub readiness_cache: ReadinessCache,
    pub archive_slots: UserSlots,
    pub visitor_archive_slots: VisitorSlots,
    pub upload_slots: UserSlots,
    pub visitor_upload_slots: VisitorSlots,
    /// Permits for uploads that collect more bytes at once. They are per process.
    pub large_chunks: Arc<Semaphore>,
    /// Permits for making full-size views, of which each takes a processor for seconds. They are per process.
    pub full_size_slots: Arc<Semaphore>,
    /// The same for visitors of links, who take turns before they wait with users. They are per process.
    pub visitor_render_slots: Arc<Semaphore>,
    pub quota_holds: Arc<QuotaHolds>,
    pub malware_scanner: MalwareScanner,
    pub renderer: PreviewRenderer,
    pub preview_cache: PreviewCache,
    pub preview_queue: PreviewQueue,
    pub upload_locks: Arc<UploadLocks>,
    pub(crate) ingest_queue: IngestQueue,
    has_admin: AtomicBool,
    move_locks: [Mutex<()>; MOVE_LOCKS],
    /// Users with a file move that could not be rolled back yet.
    pending_moves: Mutex<HashSet<UserId>>,
}

impl Services {
    /// Opens database and media directory.
    ///
    /// # Errors
    /// `Configuration` or `NoPermission` names what the administrator must fix.
    pub fn open(settings: Settings) -> Result<Self> {
        // Fails before anything is created if a setting cannot be used.
        Self::check(&settings)?;

        // First, because the database may be inside of it.
        crate::config::create_data_dir(&settings.data_dir).map_err(|cause| {
            unusable_error(
                &cause,
                format!(
                    "The data directory {} cannot be used: {cause}",
                    settings.data_dir.display()
                ),
            )
        })?;

        let db = Db::open(&settings.database_url)?;
        let media_dir = Arc::new(MediaDir::open(&settings.media_dir).map_err(|cause| {
            let path = settings.media_dir.display();
            let advice = match cause.kind() {
                std::io::ErrorKind::Unsupported => "Use another file system.".to_owned(),
                _ => format!("Make it writable for this user: chown $(id -un) {path}"),
            };
            unusable_error(
                &cause,
                format!("The media folder {path} cannot be used: {cause}. {advice}"),
            )
        })?);

        // Cached, because it is checked on every request until there is one.
        let has_admin = db.read(|conn| Ok(store::site::find_has_admin(conn)?))?;

        Ok(Self {
            password_hasher: PasswordHasher::new()?,
            session_cache: SessionCache::new(),
            library_cache: LibraryCache::new(db.is_shared()),
            open_file_cache: OpenFileCache::default(),
            login_throttle: LoginThrottle::new(settings.rate_limit),
            refused_logins: RefusedLogins::default(),
            rate_limiter: RateLimiter::new(settings.rate_limit),
            token_signer: TokenSigner::open(&settings)?,
            link_tokens: LinkTokens::open(&settings)?,
            users_file: WatchedUsersFile::open(settings.users_file.clone())?,
            last_seen: LastSeen::default(),
            started_at: Instant::now(),
            metrics: Metrics::new()?,
            watch_error: OnceLock::new(),
            untrusted_proxy: OnceLock::new(),
            last_backup_error: LastBackupError::default(),
            // A random start, so that frequent restarts do not always sweep the same preview folders.
            housekeeping_rounds: AtomicU8::new(rand::random()),
            readiness_cache: ReadinessCache::default(),
            archive_slots: UserSlots::for_archives(),
            visitor_archive_slots: VisitorSlots::for_archives_of_visitors(),
            upload_slots: UserSlots::for_uploads(),
            visitor_upload_slots: VisitorSlots::for_uploads_of_visitors(),
            large_chunks: Arc::new(Semaphore::new(LARGE_CHUNK_UPLOADS)),
            full_size_slots: Arc::new(Semaphore::new(1)),
            visitor_render_slots: Arc::new(Semaphore::new(1)),
            quota_holds: Arc::default(),
            malware_scanner: MalwareScanner::from_settings(&settings)?,
            renderer: PreviewRenderer::new(settings.program.clone()),
            preview_cache: PreviewCache::open(&settings.data_dir)?,
            preview_queue: PreviewQueue::default(),
            upload_locks: Arc::default(),
            ingest_queue: IngestQueue::default(),
            has_admin: AtomicBool::new(has_admin),
            // A fixed number of locks: users are distributed over them by id, so a user always has the same one.
            move_locks: std::array::from_fn(|_| Mutex::new(())),
            pending_moves: Mutex::default(),
            settings,
            db,
            media_dir,
        })
    }

    /// Runs a transaction that changes a user's library and increments the library's version. Blocks on the database, and
    /// until other such transactions have ended: what `work` reads does not change before it writes.
    ///
    /// # Errors
    /// Those of `work`, after a rollback.
    pub fn write_library<T>(
        &self,
        owner: UserId,
        work: impl Fn(&mut Conn) -> Result<T>,
    ) -> Result<T> {
        self.write_libraries(&BTreeSet::from([owner]), work)
    }

    /// Like [`Services::write_library`] for several users. The versions are always incremented in the same order, so that
    /// two such transactions cannot deadlock.
    ///
    /// # Errors
    /// Those of `work`, after a rollback.
    pub(crate) fn write_libraries<T>(
        &self,
        owners: &BTreeSet<UserId>,
        work: impl Fn(&mut Conn) -> Result<T>,
    ) -> Result<T> {
        let result = self.db.write(|conn| {
            for owner in owners {
                store::library_versions::update_lock(conn, *owner)?;
            }
            let result = work(conn)?;
            // Last: tests report rows that are written after it as changes without a new version.
            for owner in owners {
                store::library_versions::update_next(conn, *owner)?;
            }
            Ok(result)
        });
        // Also after an error, because it is unknown whether a failed commit has taken effect.
        for owner in owners {
            self.invalidate_library(*owner);
        }
        result
    }

    /// The time zone in which a user sees times.
    #[must_use]
    pub fn time_zone(&self, user: &User) -> TimeZone {
        let chosen = user.time_zone.as_deref().and_then(TimeZone::parse);
        chosen.unwrap_or_else(|| self.server_time_zone())
    }

    /// The time zone of users who have chosen none.
    #[must_use]
    pub fn server_time_zone(&self) -> TimeZone {
        let set = self.settings.time_zone.as_deref().and_then(TimeZone::parse);
        set.unwrap_or_else(TimeZone::system)
    }

    /// Invalidates cached data of a library: after a change, before it is acknowledged.
    pub(crate) fn invalidate_library(&self, owner: UserId) {
        self.library_cache.invalidate(owner);
        self.open_file_cache.close_for_owner(owner);
    }

    /// Returns the open file of an item if it is cached for the current version of the library. Otherwise returns that
    /// version and what `read` returns, which is needed to open the file.
    pub(crate) fn find_open_or<T>(
        &self,
        owner: UserId,
        id: ItemId,
        variant: FileVariant,
        read: impl FnOnce(&mut Conn) -> Result<T>,
    ) -> Result<Lookup<T>> {
        self.db.read(|conn| {
            // The version is read first, so that a file is never cached under a newer version than its row.
            let library = self.library_cache.current(conn, owner)?;
            match self.open_file_cache.find(&library, id, variant) {
                Some(source) => Ok(Lookup::Open(source)),
                None => Ok(Lookup::Closed(library, read(conn)?)),
            }
        })
    }

    /// Checks settings as far as possible without creating anything.
    ///
    /// # Errors
    /// `Configuration` names what is wrong.
    pub fn check(settings: &Settings) -> Result<()> {
        // The results of these two calls are discarded; they only validate.
        crate::db::database_file(&settings.database_url)?;
        MalwareScanner::from_settings(settings)?;

        // A backup folder inside the media folder would be taken for a user folder.
        if let Some(folder) = &settings.backup_dir {
            settings.ensure_backup_dir_not_media(folder)?;
        }

        for folder in [&settings.data_dir, &settings.media_dir] {
            if folder.exists() && !folder.is_dir() {
                return Err(Error::Configuration(format!("{} is no folder.", folder.display())));
            }
        }

        // A configured users file may be empty, but it must exist.
        match &settings.users_file {
            Some(file) if !file.is_file() => Err(Error::Configuration(format!(
                "The users file {} is not there.",
                file.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Returns whether the first admin exists. Once true, it stays true.
    pub fn has_admin(&self) -> Result<bool> {
        if self.is_set_up() {
            return Ok(true);
        }
        let has_admin = self.db.read(|conn| Ok(store::site::find_has_admin(conn)?))?;
        self.has_admin.store(has_admin, Ordering::Release);
        Ok(has_admin)
    }

    /// Like [`Services::has_admin`], without a query: false may be out of date.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        self.has_admin.load(Ordering::Acquire)
    }

    pub(crate) fn set_has_admin(&self) {
        self.has_admin.store(true, Ordering::Release);
    }

    /// Locks the media directory for this server, so that a second one started by mistake cannot damage anything.
    ///
    /// # Errors
    /// `Unavailable` when another server holds the lock.
    pub fn claim_media_dir(&self) -> Result<()> {
        const TAKEN: Error =
            Error::Unavailable("A server is running on these folders; stop it first.");
        self.media_dir.claim().map_err(|cause| {
            if cause.kind() == std::io::ErrorKind::WouldBlock { TAKEN } else { cause.into() }
        })
    }

    fn lock_pending_moves(&self) -> MutexGuard<'_, HashSet<UserId>> {
        lock(&self.pending_moves)
    }

    pub(crate) fn add_pending_move(&self, owner: UserId) {
        self.lock_pending_moves().insert(owner);
    }

    pub(crate) fn clear_pending_move(&self, owner: UserId) {
        self.lock_pending_moves().remove(&owner);
    }

    pub(crate) fn has_pending_move(&self, owner: UserId) -> bool {
        self.lock_pending_moves().contains(&owner)
    }

    /// Serializes file moves of one user within this process. Between processes, the journal's unique key does.
    pub(crate) fn lock_moves(&self, owner: UserId) -> MutexGuard<'_, ()> {
        let slot = usize::try_from(owner.0).unwrap_or_default() % MOVE_LOCKS;
        lock(self.move_locks.get(slot).unwrap_or(&self.move_locks[0]))
    }
}

fn unusable_error(cause: &std::io::Error, message: String) -> Error {
    match cause.kind() {
        std::io::ErrorKind::PermissionDenied => Error::NoPermission(message),
        _ => Error::Configuration(message),
    }
}
