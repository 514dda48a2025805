//! What the rules work with: database, tree, caches.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::archive_slots::ArchiveSlots;
use super::ingest_queue::IngestQueue;
use super::jwt::TokenSigner;
use super::last_backup_error::LastBackupError;
use super::last_seen::LastSeen;
use super::library_cache::LibraryCache;
use super::login_throttle::LoginThrottle;
use super::malware_scanner::MalwareScanner;
use super::metrics::Metrics;
use super::open_file_cache::{FileVariant, Lookup, OpenFileCache};
use super::password_hasher::PasswordHasher;
use super::preview_queue::PreviewQueue;
use super::quota_holds::QuotaHolds;
use super::rate_limiter::RateLimiter;
use super::readiness_cache::ReadinessCache;
use super::session_cache::SessionCache;
use super::upload_locks::UploadLocks;
use super::users_file::WatchedUsersFile;
use crate::config::Settings;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::media::PreviewRenderer;
use crate::model::{ItemId, UserId};
use crate::storage::MediaDir;
use crate::storage::preview_cache::PreviewCache;
use crate::store;

/// People whose files are being moved at once, at most.
const MOVE_LOCKS: usize = 64;

/// What the rules work with: database, tree, caches. One for the whole process.
pub struct Services {
    pub settings: Settings,
    pub db: Db,
    pub media_dir: Arc<MediaDir>,
    pub password_hasher: PasswordHasher,
    pub session_cache: SessionCache,
    pub library_cache: LibraryCache,
    pub open_file_cache: OpenFileCache,
    pub login_throttle: LoginThrottle,
    pub rate_limiter: RateLimiter,
    pub token_signer: TokenSigner,
    pub users_file: WatchedUsersFile,
    pub last_seen: LastSeen,
    pub started_at: Instant,
    pub metrics: Metrics,
    /// Why people's folders are not watched although they should be.
    pub watch_error: OnceLock<String>,
    pub last_backup_error: LastBackupError,
    /// Rounds of housekeeping.
    pub(crate) housekeeping_rounds: AtomicU8,
    pub readiness_cache: ReadinessCache,
    pub archive_slots: ArchiveSlots,
    pub quota_holds: Arc<QuotaHolds>,
    pub malware_scanner: MalwareScanner,
    pub renderer: PreviewRenderer,
    pub preview_cache: PreviewCache,
    pub preview_queue: PreviewQueue,
    pub upload_locks: Arc<UploadLocks>,
    pub(crate) ingest_queue: IngestQueue,
    has_admin: AtomicBool,
    move_locks: [Mutex<()>; MOVE_LOCKS],
    /// People with a move that could not be taken back yet.
    pending_moves: Mutex<HashSet<UserId>>,
}

impl Services {
    /// Opens database and tree.
    ///
    /// # Errors
    /// `Configuration` for what the admin has to mend.
    pub fn open(settings: Settings) -> Result<Self> {
        Self::check(&settings)?;
        crate::config::create_data_dir(&settings.data_dir).map_err(|cause| {
            unusable_error(&cause, format!("The data directory {} cannot be used: {cause}", settings.data_dir.display()))
        })?;
        let db = Db::open(&settings.database_url)?;
        let tree = Arc::new(MediaDir::open(&settings.media_dir).map_err(|cause| {
            let shown = settings.media_dir.display();
            let mend = format!("Make it writable for this user: chown $(id -un) {shown}");
            unusable_error(&cause, format!("The media folder {shown} cannot be used: {cause}. {mend}"))
        })?);
        let has_admin = db.read(|conn| Ok(store::site::find_has_admin(conn)?))?;
        Ok(Self {
            password_hasher: PasswordHasher::new()?,
            session_cache: SessionCache::new(),
            library_cache: LibraryCache::new(db.is_shared()),
            open_file_cache: OpenFileCache::default(),
            login_throttle: LoginThrottle::new(settings.rate_limit),
            rate_limiter: RateLimiter::new(settings.rate_limit),
            token_signer: TokenSigner::open(&settings)?,
            users_file: WatchedUsersFile::open(settings.users_file.clone())?,
            last_seen: LastSeen::default(),
            started_at: Instant::now(),
            metrics: Metrics::new()?,
            watch_error: OnceLock::new(),
            last_backup_error: LastBackupError::default(),
            housekeeping_rounds: AtomicU8::new(rand::random()),
            readiness_cache: ReadinessCache::default(),
            archive_slots: ArchiveSlots::default(),
            quota_holds: Arc::default(),
            malware_scanner: MalwareScanner::from_settings(&settings)?,
            renderer: PreviewRenderer::new(settings.program.clone()),
            preview_cache: PreviewCache::open(&settings.data_dir)?,
            preview_queue: PreviewQueue::default(),
            upload_locks: Arc::default(),
            ingest_queue: IngestQueue::default(),
            has_admin: AtomicBool::new(has_admin),
            move_locks: std::array::from_fn(|_| Mutex::new(())),
            pending_moves: Mutex::default(),
            settings,
            db,
            media_dir: tree,
        })
    }

    /// Runs one transaction that changes what a person keeps: the version of their library grows with it.
    /// Call it off the async threads.
    ///
    /// # Errors
    /// What `work` says, after everything was rolled back.
    pub fn write_library<T>(&self, owner: UserId, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        self.write_libraries(&BTreeSet::from([owner]), work)
    }

    /// The same for what several people keep; always in the same order, so that two never wait for each other.
    ///
    /// # Errors
    /// As [`Services::change`].
    pub(crate) fn write_libraries<T>(&self, owners: &BTreeSet<UserId>, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let done = self.db.write(|conn| {
            let done = work(conn)?;
            // Last, so that whoever waits for these rows holds none that we want.
            for owner in owners {
                store::library_versions::update_next(conn, *owner)?;
            }
            Ok(done)
        });
        for owner in owners {
            self.invalidate_library(*owner);
        }
        done
    }

    /// Forgets what is known of a person's library: after a change, and before it is acknowledged.
    pub(crate) fn invalidate_library(&self, owner: UserId) {
        self.library_cache.invalidate(owner);
        self.open_file_cache.close_for_owner(owner);
    }

    /// The bytes of an item that are open, or what `look` finds to open them by.
    pub(crate) fn find_open_or<T>(
        &self,
        owner: UserId,
        id: ItemId,
        form: FileVariant,
        look: impl FnOnce(&mut Conn) -> Result<T>,
    ) -> Result<Lookup<T>> {
        self.db.read(|conn| {
            let library = self.library_cache.current(conn, owner)?;
            match self.open_file_cache.find(&library, id, form) {
                Some(source) => Ok(Lookup::Open(source)),
                None => Ok(Lookup::Closed(library, look(conn)?)),
            }
        })
    }

    /// Whether these settings could be opened, as far as can be said without making anything.
    ///
    /// # Errors
    /// `Configuration` names what is wrong.
    pub fn check(settings: &Settings) -> Result<()> {
        crate::db::sqlite_file(&settings.database_url)?;
        MalwareScanner::from_settings(settings)?;
        if let Some(folder) = &settings.backup_dir {
            settings.ensure_backup_dir_not_media(folder)?;
        }
        for folder in [&settings.data_dir, &settings.media_dir] {
            if folder.exists() && !folder.is_dir() {
                return Err(Error::Configuration(format!("{} is no folder.", folder.display())));
            }
        }
        match &settings.users_file {
            Some(file) if !file.is_file() => {
                Err(Error::Configuration(format!("The users file {} is not there.", file.display())))
            }
            _ => Ok(()),
        }
    }

    /// Whether the site has been set up. Once it has, it stays so.
    ///
    /// # Errors
    /// The database's.
    pub fn has_admin(&self) -> Result<bool> {
        if self.is_set_up() {
            return Ok(true);
        }
        let has_admin = self.db.read(|conn| Ok(store::site::find_has_admin(conn)?))?;
        self.has_admin.store(has_admin, Ordering::Release);
        Ok(has_admin)
    }

    /// What is known without asking the database.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        self.has_admin.load(Ordering::Acquire)
    }

    pub(crate) fn set_has_admin(&self) {
        self.has_admin.store(true, Ordering::Release);
    }

    /// Claims database and files for this server, so that a second one started by mistake harms nothing.
    ///
    /// # Errors
    /// `Unavailable` when another server has them.
    pub fn claim_media_dir(&self) -> Result<()> {
        const TAKEN: Error = Error::Unavailable("A server is running on these folders; stop it first.");
        self.media_dir.claim().map_err(|cause| if cause.kind() == std::io::ErrorKind::WouldBlock { TAKEN } else { cause.into() })
    }

    fn lock_pending_moves(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.pending_moves.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Lets changes to one person's tree happen one after the other in this process;
    /// between processes the journal's unique key does.
    pub(crate) fn lock_moves(&self, owner: UserId) -> MutexGuard<'_, ()> {
        let slot = usize::try_from(owner.0).unwrap_or_default() % MOVE_LOCKS;
        self.move_locks.get(slot).unwrap_or(&self.move_locks[0]).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unusable_error(cause: &std::io::Error, said: String) -> Error {
    match cause.kind() {
        std::io::ErrorKind::PermissionDenied => Error::NoPermission(said),
        _ => Error::Configuration(said),
    }
}
