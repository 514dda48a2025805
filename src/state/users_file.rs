//! The users file, re-read within a second of a change.
//!
//! Every process reads the file for itself.

use crate::sync::lock;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::config::atomic_file::{self, Stamp};
use crate::error::{Error, Result};
use crate::model::users_file::{self, UsersFile, UsersFileEntry};
use crate::model::{Origin, User};

/// How often the file's metadata is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

struct LoadedFile {
    checked_at: Instant,
    stamp: Option<Stamp>,
    listed: Arc<UsersFile>,
}

/// The users file, if one is configured.
pub struct WatchedUsersFile(Option<(PathBuf, Mutex<LoadedFile>)>);

impl WatchedUsersFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// `Configuration` when it cannot be read.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let stamp = atomic_file::stamp(&path);
        let listed = Arc::new(read(&path)?);
        log_problems(&path, &listed);
        Ok(Self(Some((path, Mutex::new(LoadedFile { checked_at: Instant::now(), stamp, listed })))))
    }

    /// Returns the current content; empty when the file is gone. `None` when no file is configured.
    #[must_use]
    pub fn current(&self) -> Option<Arc<UsersFile>> {
        let (path, loaded) = self.0.as_ref()?;
        let mut loaded = lock(loaded);
        if loaded.checked_at.elapsed() >= CHECK_INTERVAL {
            loaded.checked_at = Instant::now();
            let stamp = atomic_file::stamp(path);
            // Without a stamp the file is missing or inaccessible; it is then read on every check.
            if stamp.is_none() || stamp != loaded.stamp {
                loaded.stamp = stamp;
                // An unreadable file counts as empty, because its last known content may be outdated.
                loaded.listed = Arc::new(read(path).unwrap_or_else(|error| {
                    tracing::error!("{error} Until it can be read, its users cannot log in.");
                    UsersFile::default()
                }));
                log_problems(path, &loaded.listed);
            }
        }
        Some(loaded.listed.clone())
    }

    /// Returns the entry with this username or email address.
    #[must_use]
    pub fn find(&self, login: &str) -> Option<UsersFileEntry> {
        let listed = self.current()?;
        let login = login.trim().to_lowercase();
        let by_email =
            || listed.entries.values().find(|entry| entry.email.as_deref() == Some(login.as_str()));
        listed.entries.get(&login).or_else(by_email).cloned()
    }

    /// Returns whether the file determines this user's access level.
    #[must_use]
    pub fn sets_access_level_of(&self, user: &User) -> bool {
        let listed = self.current().filter(|_| user.origin == Origin::File);
        listed.is_some_and(|listed| {
            listed.entries.get(&user.username).is_some_and(|entry| entry.access_level.is_some())
        })
    }

    /// Returns whether a user may stay logged in: users of the file need an unchanged entry.
    #[must_use]
    pub fn may_stay_logged_in(&self, user: &User) -> bool {
        if user.origin == Origin::Here {
            return true;
        }
        let Some(listed) = self.current() else { return false };
        // The row has a copy of the entry, so a difference shows that the entry has changed.
        listed.entries.get(&user.username).is_some_and(|entry| {
            entry.hash == user.password
                && entry.access_level.is_none_or(|level| level == user.access_level)
        })
    }
}

/// Reads and parses a users file.
///
/// # Errors
/// `Configuration` when it cannot be read.
pub fn read(path: &Path) -> Result<UsersFile> {
    let text = atomic_file::read(path).map_err(|cause| {
        Error::Configuration(format!("The users file {} cannot be read: {cause}.", path.display()))
    })?;
    Ok(users_file::parse(&text))
}

fn log_problems(path: &Path, listed: &UsersFile) {
    for (line, why) in &listed.problems {
        tracing::warn!("users file {}, line {line}: {why}", path.display());
    }
}
