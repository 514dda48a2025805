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
use crate::model::authority::{Authority, SessionKey, SpaceNeed};
use crate::model::{Level, Session, User, UserId, now};

/// How long a change by another process may go unnoticed.
const SESSION_TTL: Duration = Duration::from_secs(5);
/// Sessions cached.
const MAX_SESSIONS: u64 = 10_000;

/// A session and its user, who may be pending or suspended: see [`User::status`].
#[derive(Clone)]
pub struct AuthSession {
    pub session: Session,
    /// Whose library a request is about: the person's own, or that of a space.
    pub user: User,
    /// Changes when any field of any of the rows changes.
    pub fingerprint: u64,
    /// Set in a space.
    pub membership: Option<Membership>,
}

/// The person who uses a space, and what they may do in it.
#[derive(Clone)]
pub struct Membership {
    pub person: User,
    pub level: Level,
    /// What the request needs.
    pub needs: Level,
}

impl AuthSession {
    /// Names the session.
    #[must_use]
    pub fn key(&self) -> SessionKey {
        let need =
            |membership: &Membership| SpaceNeed { space: self.user.id, level: membership.needs };
        let space = self.membership.as_ref().map(need);
        SessionKey { user: self.person().id, id: self.session.id, space }
    }

    /// The person who is logged in.
    #[must_use]
    pub fn person(&self) -> &User {
        self.membership.as_ref().map_or(&self.user, |membership| &membership.person)
    }

    /// The person, in a space.
    #[must_use]
    pub fn member(&self) -> Option<UserId> {
        self.membership.as_ref().map(|membership| membership.person.id)
    }

    /// Whether the person looks at the library of another person, which is not that of a space.
    #[must_use]
    pub fn is_partner(&self) -> bool {
        self.membership.is_some() && !self.user.is_space()
    }

    /// Whether the person may do what a level allows. In their own library they may do everything.
    #[must_use]
    pub fn may(&self, level: Level) -> bool {
        self.membership.as_ref().is_none_or(|membership| membership.level >= level)
    }

    /// The session as the authority for a change to the library.
    #[must_use]
    pub fn authority(&self) -> Authority<'_> {
        Authority::member(&self.user, self.person(), self.key())
    }

    /// The person as an actor for the audit log.
    #[must_use]
    pub fn actor(&self, client: &Client) -> Actor {
        Actor::from_session(self.person(), self.key(), client)
    }

    /// The same session in the library of a space, which is shown with the preferences of the person.
    #[must_use]
    pub fn in_space(&self, space: User, level: Level, needs: Level) -> Self {
        let person = self.user.clone();
        let user = User {
            theme: person.theme,
            single_keys: person.single_keys,
            time_zone: person.time_zone.clone(),
            language: person.language.clone(),
            ..space
        };
        let mut hasher = DefaultHasher::new();
        (self.fingerprint, &user, level).hash(&mut hasher);
        let membership = Some(Membership { person, level, needs });
        Self { session: self.session.clone(), user, fingerprint: hasher.finish(), membership }
    }

    pub(crate) fn new(session: Session, user: User) -> Self {
        let mut hasher = DefaultHasher::new();
        (&session, &user).hash(&mut hasher);
        Self { session, user, fingerprint: hasher.finish(), membership: None }
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
