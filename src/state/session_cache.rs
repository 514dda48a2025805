//! Recently used sessions and their users.
//!
//! A change in this process invalidates them at once; another process may see it up to `SESSION_TTL` later.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use rand::Rng;
use sha2::{Digest, Sha256};

use super::versioned_cache::VersionedCache;
use crate::model::actor::{Actor, Client};
use crate::model::authority::{Authority, SessionKey};
use crate::model::{Session, User, UserId, now};

/// How long a change by another process may go unnoticed.
const SESSION_TTL: Duration = Duration::from_secs(5);
/// Sessions cached.
const MAX_SESSIONS: u64 = 10_000;

/// A session and its user, who may be pending or suspended: see [`User::status`].
#[derive(Clone)]
pub struct AuthSession {
    pub session: Session,
    pub user: User,
    /// Changes when any field of either row changes.
    pub fingerprint: u64,
}

impl AuthSession {
    /// Names the session.
    #[must_use]
    pub const fn key(&self) -> SessionKey {
        SessionKey { user: self.user.id, id: self.session.id }
    }

    /// The session as the authority for a change to the user's library.
    #[must_use]
    pub fn authority(&self) -> Authority<'_> {
        Authority::session(&self.user, self.key())
    }

    /// The user as an actor for the audit log.
    #[must_use]
    pub fn actor(&self, client: &Client) -> Actor {
        Actor::from_session(&self.user, self.key(), client)
    }

    pub(crate) fn new(session: Session, user: User) -> Self {
        let mut hasher = DefaultHasher::new();
        (&session, &user).hash(&mut hasher);
        Self { session, user, fingerprint: hasher.finish() }
    }
}

/// Recently used sessions, by the hash of their token.
pub struct SessionCache(VersionedCache<String, Arc<AuthSession>>);

impl SessionCache {
    pub(crate) fn new() -> Self {
        Self(VersionedCache::new(MAX_SESSIONS, SESSION_TTL))
    }

    /// Returns the number of invalidations so far. Take it before reading what is to be inserted.
    #[must_use]
    pub fn invalidation_count(&self) -> u64 {
        self.0.invalidation_count()
    }

    /// Inserts a session unless an invalidation has happened since `before` was taken.
    pub(crate) fn insert_if_current(
        &self,
        key: &str,
        auth_session: &Arc<AuthSession>,
        before: u64,
    ) {
        self.0.insert_if_current(key.to_owned(), auth_session.clone(), before);
    }

    /// Invalidates a user's sessions. Call it after every change to the user or their sessions.
    pub fn invalidate_user(&self, user: UserId) {
        self.0.invalidate_where(|auth_session| auth_session.user.id == user);
    }

    /// Returns the cached session of a token.
    #[must_use]
    pub fn get_by_token(&self, token: &str) -> Option<Arc<AuthSession>> {
        self.get(&token_hash(token))
    }

    /// Returns the session cached under `key`: the hash of its token, or the key of its id.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<AuthSession>> {
        self.0.get(key).filter(|auth_session| auth_session.session.expiration > now())
    }
}

/// 256 random bits as text.
#[must_use]
pub fn random_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Hashes a token or code for storage. They are random enough that a fast hash (SHA-256) suffices.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
