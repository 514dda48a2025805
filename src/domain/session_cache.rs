//! What is known of sessions that were used in the last seconds: emptied at once by a change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::model::{Session, User, UserId, now};

/// How long another process's change may go unseen; changes of this one are seen at once.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// A person on a device. The person may be pending or suspended: see [`User::status`].
#[derive(Clone)]
pub struct Presence {
    pub session: Session,
    pub user: User,
}

/// What is known of sessions that were used in the last seconds.
pub struct SessionCache {
    known: Cache<String, Arc<Presence>>,
    /// Counts changes, so that what was read before one is not kept after it.
    changes: Mutex<u64>,
}

impl SessionCache {
    pub(super) fn new() -> Self {
        Self {
            known: Cache::builder().max_capacity(10_000).time_to_live(TRUSTED_FOR).support_invalidation_closures().build(),
            changes: Mutex::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many changes there were: ask before reading what is to be kept.
    pub(super) fn changes(&self) -> u64 {
        *self.lock()
    }

    /// Keeps what was read when there had been `before` changes; nothing if there was one since.
    pub(super) fn keep(&self, key: &str, found: &Arc<Presence>, before: u64) {
        let changes = self.lock();
        if *changes == before {
            self.known.insert(key.to_owned(), found.clone());
        }
    }

    /// Forgets what is known of a person: call it after every change to their row or sessions.
    pub fn forget(&self, user: UserId) {
        let mut changes = self.lock();
        *changes += 1;
        let hashes: Vec<_> =
            self.known.iter().filter(|(_, presence)| presence.user.id == user).map(|(hash, _)| hash.as_ref().clone()).collect();
        for hash in hashes {
            self.known.invalidate(&hash);
        }
    }

    /// What is known of a token without asking the database.
    #[must_use]
    pub fn peek(&self, token: &str) -> Option<Arc<Presence>> {
        self.get(&hash_of(token))
    }

    /// What is known under a key without asking the database.
    pub(super) fn get(&self, key: &str) -> Option<Arc<Presence>> {
        self.known.get(key).filter(|presence| presence.session.expiration > now())
    }
}

/// What is stored of a token or code: its SHA-256. Their randomness makes a slow hash needless.
#[must_use]
pub fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
