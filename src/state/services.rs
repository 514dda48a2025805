//! What the rules work with: database, tree, caches.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::archive_slots::Archives;
use super::ingest_queue::Arrivals;
use super::jwt::Signer;
use super::last_backup_error::Troubles;
use super::last_seen::Touches;
use super::library_cache::Libraries;
use super::login_throttle::Attempts;
use super::malware_scanner::Scanner;
use super::metrics::Metrics;
use super::open_file_cache::{Form, Found, OpenFiles};
use super::password_hasher::Passwords;
use super::preview_queue::Queue;
use super::quota_holds::Rooms;
use super::rate_limiter::Limits;
use super::readiness_cache::Readiness;
use super::session_cache::SessionCache;
use super::upload_locks::Appending;
use super::users_file::UsersFile;
use crate::config::Settings;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::media::Studio;
use crate::model::{ItemId, UserId};
use crate::storage::Tree;
use crate::storage::preview_cache::Previews;
use crate::store;

/// People whose files are being moved at once, at most.
const MOVERS: usize = 64;

/// What the rules work with: database, tree, caches. One for the whole process.
pub struct Services {
    pub settings: Settings,
    pub db: Db,
    pub tree: Arc<Tree>,
    pub passwords: Passwords,
    pub sessions: SessionCache,
    pub libraries: Libraries,
    pub open_files: OpenFiles,
    pub attempts: Attempts,
    pub limits: Limits,
    pub signer: Signer,
    pub users_file: UsersFile,
    pub touches: Touches,
    pub started: Instant,
    pub metrics: Metrics,
    /// Why people's folders are not watched although they should be.
    pub watch_trouble: OnceLock<String>,
    pub backup_troubles: Troubles,
    /// Rounds of housekeeping.
    pub(crate) rounds: AtomicU8,
    pub readiness: Readiness,
    pub archives: Archives,
    pub rooms: Arc<Rooms>,
    pub scanner: Scanner,
    pub studio: Studio,
    pub previews: Previews,
    pub previewing: Queue,
    pub appending: Arc<Appending>,
    pub(crate) arrivals: Arrivals,
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
        let tree = Arc::new(Tree::open(&settings.media_dir).map_err(|cause| {
            let shown = settings.media_dir.display();
            let mend = format!("Make it writable for this user: chown $(id -un) {shown}");
            not_usable(&cause, format!("The media folder {shown} cannot be used: {cause}. {mend}"))
        })?);
        let has_admin = db.read(|conn| Ok(store::site::find_has_admin(conn)?))?;
        Ok(Self {
            passwords: Passwords::new()?,
            sessions: SessionCache::new(),
            libraries: Libraries::new(db.is_shared()),
            open_files: OpenFiles::default(),
            attempts: Attempts::new(settings.rate_limit),
            limits: Limits::new(settings.rate_limit),
            signer: Signer::open(&settings)?,
            users_file: UsersFile::watch(settings.users_file.clone())?,
            touches: Touches::default(),
            started: Instant::now(),
            metrics: Metrics::new()?,
            watch_trouble: OnceLock::new(),
            backup_troubles: Troubles::default(),
            rounds: AtomicU8::new(rand::random()),
            readiness: Readiness::default(),
            archives: Archives::default(),
            rooms: Arc::default(),
            scanner: Scanner::of(&settings)?,
            studio: Studio::new(settings.own_program.clone()),
            previews: Previews::open(&settings.data_dir)?,
            previewing: Queue::default(),
            appending: Arc::default(),
            arrivals: Arrivals::default(),
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
        form: Form,
        look: impl FnOnce(&mut Conn) -> Result<T>,
    ) -> Result<Found<T>> {
        self.db.read(|conn| {
            let library = self.libraries.of(conn, owner)?;
            match self.open_files.find(&library, id, form) {
                Some(source) => Ok(Found::Open(source)),
                None => Ok(Found::Closed(library, look(conn)?)),
            }
        })
    }

    /// Whether these settings could be opened, as far as can be said without making anything.
    ///
    /// # Errors
    /// `Configuration` names what is wrong.
    pub fn check(settings: &Settings) -> Result<()> {
        crate::db::file_of(&settings.database_url)?;
        Scanner::of(settings)?;
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
