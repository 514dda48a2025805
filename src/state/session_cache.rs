//! What is known of sessions that were used in the last seconds: emptied at once by a change.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::versioned_cache::VersionedCache;
use crate::model::{Session, User, UserId, now};

/// How long another process's change may go unseen; changes of this one are seen at once.
const SESSION_TTL: Duration = Duration::from_secs(5);
/// Sessions that are known at most.
const MAX_SESSIONS: u64 = 10_000;

/// A person on a device. The person may be pending or suspended: see [`User::status`].
#[derive(Clone)]
pub struct AuthSession {
    pub session: Session,
    pub user: User,
    /// Differs when anything in their rows does.
    pub fingerprint: u64,
}

impl AuthSession {
    pub(crate) fn new(session: Session, user: User) -> Self {
        let mut hasher = DefaultHasher::new();
        (&session, &user).hash(&mut hasher);
        Self { session, user, fingerprint: hasher.finish() }
    }
}

/// What is known of sessions that were used in the last seconds.
pub struct SessionCache(VersionedCache<String, Arc<AuthSession>>);

impl SessionCache {
    pub(crate) fn new() -> Self {
        Self(VersionedCache::new(MAX_SESSIONS, SESSION_TTL))
    }

    /// How many changes to people and sessions there were: ask before reading what is to be kept.
    #[must_use]
    pub fn invalidation_count(&self) -> u64 {
        self.0.invalidation_count()
    }

    /// Keeps what was read when there had been `before` changes; nothing if there was one since.
    pub(crate) fn insert_if_current(&self, key: &str, found: &Arc<AuthSession>, before: u64) {
        self.0.insert_if_current(key.to_owned(), found.clone(), before);
    }

    /// Forgets what is known of a person: call it after every change to their row or sessions.
    pub fn invalidate_user(&self, user: UserId) {
        self.0.invalidate_where(|presence| presence.user.id == user);
    }

    /// What is known of a token without asking the database.
    #[must_use]
    pub fn get_by_token(&self, token: &str) -> Option<Arc<AuthSession>> {
        self.get(&token_hash(token))
    }

    /// What is known under a key without asking the database.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<AuthSession>> {
        self.0.get(key).filter(|presence| presence.session.expiration > now())
    }
}

/// What is stored of a token or code: its SHA-256. Their randomness makes a slow hash needless.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
