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
const MOVERS: usize = 64;

/// What the rules work with: database, tree, caches. One for the whole process.
pub struct Services {
    pub settings: Settings,
    pub db: Db,
    pub tree: Arc<MediaDir>,
    pub passwords: PasswordHasher,
    pub sessions: SessionCache,
    pub libraries: LibraryCache,
    pub open_files: OpenFileCache,
    pub attempts: LoginThrottle,
    pub limits: RateLimiter,
    pub signer: TokenSigner,
    pub users_file: WatchedUsersFile,
    pub touches: LastSeen,
    pub started: Instant,
    pub metrics: Metrics,
    /// Why people's folders are not watched although they should be.
    pub watch_trouble: OnceLock<String>,
    pub backup_troubles: LastBackupError,
    /// Rounds of housekeeping.
    pub(crate) rounds: AtomicU8,
    pub readiness: ReadinessCache,
    pub archives: ArchiveSlots,
    pub rooms: Arc<QuotaHolds>,
    pub scanner: MalwareScanner,
    pub studio: PreviewRenderer,
    pub previews: PreviewCache,
    pub previewing: PreviewQueue,
    pub appending: Arc<UploadLocks>,
    pub(crate) arrivals: IngestQueue,
    has_admin: AtomicBool,
    movers: [Mutex<()>; MOVERS],
    /// People with a move that could not be taken back yet.
    unsettled: Mutex<HashSet<UserId>>,
}

impl Services {
    /// Opens database and tree.
    ///
    /// # Errors
    /// `Configuration` for what the admin has to mend.
    pub fn open(settings: Settings) -> Result<Self> {
        Self::check(&settings)?;
        crate::config::data_dir(&settings.data_dir).map_err(|cause| {
            not_usable(&cause, format!("The data directory {} cannot be used: {cause}", settings.data_dir.display()))
        })?;
        let db = Db::open(&settings.database_url)?;
        let tree = Arc::new(MediaDir::open(&settings.media_dir).map_err(|cause| {
            let shown = settings.media_dir.display();
            let mend = format!("Make it writable for this user: chown $(id -un) {shown}");
            not_usable(&cause, format!("The media folder {shown} cannot be used: {cause}. {mend}"))
        })?);
        let has_admin = db.read(|conn| Ok(store::site::find_has_admin(conn)?))?;
        Ok(Self {
            passwords: PasswordHasher::new()?,
            sessions: SessionCache::new(),
            libraries: LibraryCache::new(db.is_shared()),
            open_files: OpenFileCache::default(),
            attempts: LoginThrottle::new(settings.rate_limit),
            limits: RateLimiter::new(settings.rate_limit),
            signer: TokenSigner::open(&settings)?,
            users_file: WatchedUsersFile::watch(settings.users_file.clone())?,
            touches: LastSeen::default(),
            started: Instant::now(),
            metrics: Metrics::new()?,
            watch_trouble: OnceLock::new(),
            backup_troubles: LastBackupError::default(),
            rounds: AtomicU8::new(rand::random()),
            readiness: ReadinessCache::default(),
            archives: ArchiveSlots::default(),
            rooms: Arc::default(),
            scanner: MalwareScanner::of(&settings)?,
            studio: PreviewRenderer::new(settings.own_program.clone()),
            previews: PreviewCache::open(&settings.data_dir)?,
            previewing: PreviewQueue::default(),
            appending: Arc::default(),
            arrivals: IngestQueue::default(),
            has_admin: AtomicBool::new(has_admin),
            movers: std::array::from_fn(|_| Mutex::new(())),
            unsettled: Mutex::default(),
            settings,
            db,
            tree,
        })
    }

    /// Runs one transaction that changes what a person keeps: the version of their library grows with it.
    /// Call it off the async threads.
    ///
    /// # Errors
    /// What `work` says, after everything was rolled back.
    pub fn change<T>(&self, owner: UserId, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        self.change_all(&BTreeSet::from([owner]), work)
    }

    /// The same for what several people keep; always in the same order, so that two never wait for each other.
    ///
    /// # Errors
    /// As [`Services::change`].
    pub(crate) fn change_all<T>(&self, owners: &BTreeSet<UserId>, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        let done = self.db.write(|conn| {
            let done = work(conn)?;
            // Last, so that whoever waits for these rows holds none that we want.
            for owner in owners {
                store::library_versions::update_next(conn, *owner)?;
            }
            Ok(done)
        });
        for owner in owners {
            self.forget_library(*owner);
        }
        done
    }

    /// Forgets what is known of a person's library: after a change, and before it is acknowledged.
    pub(crate) fn forget_library(&self, owner: UserId) {
        self.libraries.forget(owner);
        self.open_files.close_of(owner);
    }

    /// The bytes of an item that are open, or what `look` finds to open them by.
    pub(crate) fn open_or<T>(
        &self,
        owner: UserId,
        id: ItemId,
        form: FileVariant,
        look: impl FnOnce(&mut Conn) -> Result<T>,
    ) -> Result<Lookup<T>> {
        self.db.read(|conn| {
            let library = self.libraries.of(conn, owner)?;
            match self.open_files.find(&library, id, form) {
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
        crate::db::file_of(&settings.database_url)?;
        MalwareScanner::of(settings)?;
        if let Some(folder) = &settings.backup_dir {
            settings.refuse_among_media(folder)?;
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
    pub fn claim(&self) -> Result<()> {
        const TAKEN: Error = Error::Unavailable("A server is running on these folders; stop it first.");
        self.tree.claim().map_err(|cause| if cause.kind() == std::io::ErrorKind::WouldBlock { TAKEN } else { cause.into() })
    }

    fn unsettled(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_unsettled(&self, owner: UserId) {
        self.unsettled().insert(owner);
    }

    pub(crate) fn note_settled(&self, owner: UserId) {
        self.unsettled().remove(&owner);
    }

    pub(crate) fn is_unsettled(&self, owner: UserId) -> bool {
        self.unsettled().contains(&owner)
    }

    /// Lets changes to one person's tree happen one after the other in this process;
    /// between processes the journal's unique key does.
    pub(crate) fn moving(&self, owner: UserId) -> MutexGuard<'_, ()> {
        let slot = usize::try_from(owner.0).unwrap_or_default() % MOVERS;
        self.movers.get(slot).unwrap_or(&self.movers[0]).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_usable(cause: &std::io::Error, said: String) -> Error {
    match cause.kind() {
        std::io::ErrorKind::PermissionDenied => Error::NoPermission(said),
        _ => Error::Configuration(said),
    }
}
