//! The users file while the server runs: read again within a second of a change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::atomic_file::{self, Stamp};
use crate::error::{Error, Result};
use crate::model::users_file::{self, UsersFile, UsersFileEntry};
use crate::model::{Origin, User};

/// How often the file is looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

struct LoadedFile {
    looked: Instant,
    stamp: Option<Stamp>,
    listed: Arc<UsersFile>,
}

/// The users file, if one is set.
pub struct WatchedUsersFile(Option<(PathBuf, Mutex<LoadedFile>)>);

impl WatchedUsersFile {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// `Configuration` when it cannot be read.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let stamp = atomic_file::stamp(&path);
        let listed = Arc::new(read(&path)?);
        log_problems(&path, &listed);
        Ok(Self(Some((path, Mutex::new(LoadedFile { looked: Instant::now(), stamp, listed })))))
    }

    /// What the file says now; nobody when it is gone. `None` when none is set.
    #[must_use]
    pub fn current(&self) -> Option<Arc<UsersFile>> {
        let (path, known) = self.0.as_ref()?;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked.elapsed() >= CHECK_INTERVAL {
            known.looked = Instant::now();
            let stamp = atomic_file::stamp(path);
            if stamp.is_none() || stamp != known.stamp {
                known.stamp = stamp;
                known.listed = Arc::new(read(path).unwrap_or_else(|error| {
                    tracing::error!("{error} Until it is back, nobody in it can come in.");
                    UsersFile::default()
                }));
                log_problems(path, &known.listed);
            }
        }
        Some(known.listed.clone())
    }

    /// The line of that person, by username or e-mail.
    #[must_use]
    pub fn find(&self, login: &str) -> Option<UsersFileEntry> {
        let listed = self.current()?;
        let login = login.trim().to_lowercase();
        let by_email = || listed.entries.values().find(|entry| entry.email.as_deref() == Some(login.as_str()));
        listed.entries.get(&login).or_else(by_email).cloned()
    }

    /// Whether the file says what access level that person has.
    #[must_use]
    pub fn sets_access_level_of(&self, user: &User) -> bool {
        let listed = self.current().filter(|_| user.origin == Origin::File);
        listed.is_some_and(|listed| listed.entries.get(&user.username).is_some_and(|entry| entry.access_level.is_some()))
    }

    /// Whether a person who came in through the file may stay: their line is there and as it was.
    #[must_use]
    pub fn has_entry_of(&self, user: &User) -> bool {
        if user.origin == Origin::Here {
            return true;
        }
        let Some(listed) = self.current() else { return false };
        listed
            .entries
            .get(&user.username)
            .is_some_and(|entry| entry.hash == user.password && entry.access_level.is_none_or(|level| level == user.access_level))
    }
}

/// Reads a users file.
///
/// # Errors
/// `Configuration` when it cannot be read.
pub fn read(path: &Path) -> Result<UsersFile> {
    let text = atomic_file::read(path)
        .map_err(|cause| Error::Configuration(format!("The users file {} cannot be read: {cause}.", path.display())))?;
    Ok(users_file::parse(&text))
}

fn log_problems(path: &Path, listed: &UsersFile) {
    for (line, why) in &listed.problems {
        tracing::warn!("users file {}, line {line}: {why}", path.display());
    }
}
