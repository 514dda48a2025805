//! Sessions: a random token on the device, its hash in a database row, and a cache of that row.

use std::sync::Arc;

use super::authorize::{Need, authorize};
use super::refresh_token::RefreshToken;
use super::space_access;
use crate::db::Conn;
use crate::domain::audit;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::authority::SessionKey;
use crate::model::{Event, Scope, Session, SessionKind, SessionStatus, Time, User, UserId, now};
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::state::session_cache::{random_token, token_hash};
use crate::store;

/// A session ends when it is not used for this long,
pub const IDLE_LIFETIME: time::Duration = time::Duration::days(14);
/// and at the latest this long after login.
pub const MAX_LIFETIME: time::Duration = time::Duration::days(90);
/// The kinds of sessions that belong to a device rather than a script.
pub(crate) const DEVICE_SESSION_KINDS: [SessionKind; 2] = [SessionKind::Browser, SessionKind::Api];
/// How often the last use is recorded.
const TOUCH_INTERVAL: time::Duration = time::Duration::minutes(1);

/// The user and session of a token.
///
/// # Errors
/// `Unauthenticated` for an invalid or expired token.
pub fn find(services: &Services, token: &str) -> Result<Arc<AuthSession>> {
    let hash = token_hash(token);
    look_up(services, &hash, |conn| store::sessions::find_active(conn, &hash, now()))
}

/// The user and session that a signed token names.
///
/// # Errors
/// `Unauthenticated` for an invalid or expired session.
pub fn find_by_id(services: &Services, owner: UserId, id: i64) -> Result<Arc<AuthSession>> {
    look_up(services, &cache_key(id), |conn| store::sessions::find(conn, owner, id, now()))
}

/// The cache key of a session that is found by its number.
pub(crate) fn cache_key(id: i64) -> String {
    format!("#{id}")
}

/// Reads a session with the query `session`, together with its user, and caches both under `key`. Fails with
/// `Unauthenticated` if either is missing or the users file no longer admits the user.
fn look_up(
    services: &Services,
    key: &str,
    session: impl FnOnce(&mut Conn) -> diesel::QueryResult<Option<Session>>,
) -> Result<Arc<AuthSession>> {
    // Taken before the read, so that a result that becomes stale meanwhile is not cached.
    let before = services.session_cache.invalidation_count();
    let found = services.db.read(|conn| {
        let session = session(conn)?.ok_or(Error::Unauthenticated)?;
        let user = store::users::find(conn, session.user_id)?.ok_or(Error::Unauthenticated)?;
        Ok(AuthSession::new(session, user))
    })?;
    if !services.users_file.may_stay_logged_in(&found.user) {
        return Err(Error::Unauthenticated);
    }
    let found = Arc::new(found);
    services.session_cache.insert_if_current(key, &found, before);
    Ok(found)
}

/// Sessions that are looked up in one query.
const MAX_KEYS_PER_QUERY: usize = 500;

/// Which of these sessions have ended, belong to users who may not use their accounts any more, or to former members of the
/// space that they use.
pub fn find_ended(services: &Services, keys: &[SessionKey]) -> Result<Vec<SessionKey>> {
    let mut ended = Vec::new();
    for keys in keys.chunks(MAX_KEYS_PER_QUERY) {
        let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
        let active =
            services.db.read(|conn| Ok(store::sessions::list_active_by_id(conn, &ids, now())?))?;

        let is_valid = |key: &SessionKey| {
            active.iter().any(|(id, user)| {
                *id == key.id
                    && user.id == key.user
                    && user.status.block().is_none()
                    && services.users_file.may_stay_logged_in(user)
            })
        };
        ended.extend(keys.iter().filter(|key| !is_valid(key)));
    }
    for key in keys {
        if let Some(need) = key.space.filter(|_| !ended.contains(key)) {
            match services.db.read(|conn| space_access::require(conn, key.user, need)) {
                Ok(()) => {}
                Err(Error::NotFound | Error::Forbidden(_)) => ended.push(*key),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(ended)
}

/// Records that a session was used and, unless it is an access token, extends it. The row is updated later, in a batch.
pub fn touch(services: &Services, auth_session: &AuthSession, client: &Client) {
    let at = now();
    let address = client.address.to_canonical().to_string();
    // A recent use from the same address is recorded already.
    if at - auth_session.session.last_seen >= TOUCH_INTERVAL
        || address != auth_session.session.address
    {
        let expiration = match auth_session.session.kind {
            SessionKind::Token => auth_session.session.expiration,
            SessionKind::Browser | SessionKind::Api => expires_at(&auth_session.session, at),
        };
        services.last_seen.touch_session(auth_session.session.id, at, address, expiration);
    }
}

/// When a session that was used at `at` expires.
pub(crate) fn expires_at(session: &Session, at: Time) -> Time {
    (at + IDLE_LIFETIME).min(session.created_at + MAX_LIFETIME)
}

/// The values of a new session.
pub(crate) struct SessionRequest<'a> {
    pub kind: SessionKind,
    pub name: &'a str,
    pub scopes: &'a [Scope],
    pub expiration: Time,
}

/// Starts a session on a device, in the caller's transaction; returns the token, which only the device keeps.
pub(crate) fn begin(
    conn: &mut Conn,
    user: UserId,
    kind: SessionKind,
    client: &Client,
    at: Time,
) -> Result<String> {
    let token = match kind {
        SessionKind::Api => RefreshToken::new().to_string(),
        SessionKind::Browser | SessionKind::Token => random_token(),
    };
    insert(
        conn,
        user,
        &token,
        &SessionRequest { kind, name: "", scopes: &Scope::ALL, expiration: at + IDLE_LIFETIME },
        client,
        at,
    )?;

    // The user's row also contains the token hash of the newest session.
    store::users::update_session_token(conn, user, Some(&token_hash(&token)))?;
    Ok(token)
}

/// Inserts a session, in the caller's transaction. Only the hash of `token` is stored.
pub(crate) fn insert(
    conn: &mut Conn,
    user: UserId,
    token: &str,
    beginning: &SessionRequest<'_>,
    client: &Client,
    at: Time,
) -> Result<()> {
    let scopes: Vec<_> = beginning.scopes.iter().map(|scope| scope.as_str()).collect();
    store::sessions::insert(
        conn,
        &store::sessions::NewSession {
            user_id: user,
            session_token: &token_hash(token),
            expiration: beginning.expiration,
            status: SessionStatus::Active,
            created_at: at,
            last_seen: at,
            address: &client.address.to_canonical().to_string(),
            device: &client.device,
            kind: beginning.kind,
            name: beginning.name,
            scopes: &scopes.join(" "),
            family: RefreshToken::parse(token).map(|token| token.family_hash()).as_deref(),
        },
    )?;

    Ok(())
}

/// Ends the current session.
pub fn log_out(services: &Services, actor: &Actor, auth_session: &AuthSession) -> Result<()> {
    end_as(services, actor, &auth_session.user, auth_session.session.id, Event::LoggedOut).or_else(
        |error| match error {
            Error::NotFound => Ok(()),
            other => Err(other),
        },
    )
}

/// The devices a user is signed in on, most recently used first.
pub fn list(services: &Services, owner: UserId) -> Result<Vec<Session>> {
    services
        .db
        .read(|conn| Ok(store::sessions::list_active(conn, owner, &DEVICE_SESSION_KINDS, now())?))
}

/// Ends one of a user's own sessions or access tokens.
///
/// # Errors
/// `NotFound` for a session of another user.
pub fn end(services: &Services, actor: &Actor, owner: &User, id: i64) -> Result<()> {
    end_as(services, actor, owner, id, Event::SessionsEnded)
}

/// Ends a session or access token of `owner` and records it in the audit log as `event`.
fn end_as(services: &Services, actor: &Actor, owner: &User, id: i64, event: Event) -> Result<()> {
    services.db.write(|conn| {
        authorize(conn, actor.session(), Need::Active)?;
        // Read before it is ended, because the query finds only sessions that have not ended.
        let ending = store::sessions::find(conn, owner.id, id, now())?;
        crate::db::ensure_one_row(store::sessions::update_end(conn, owner.id, id)?)?;
        if let Some(session) = ending {
            // If it was the user's newest session, its token hash is removed from the user's row too.
            store::users::update_forget_session_token(conn, owner.id, &session.session_token)?;
            // Access tokens have names; other sessions are described by their device.
            let label = if session.name.is_empty() { &session.device } else { &session.name };
            audit::append(conn, event, actor, &owner.username, label)?;
        }
        Ok(())
    })?;
    services.session_cache.invalidate_user(owner.id);
    Ok(())
}

/// Ends all sessions of a user except the current one; returns how many. Access tokens stay.
pub fn end_others(services: &Services, actor: &Actor, auth_session: &AuthSession) -> Result<usize> {
    let ended = services.db.write(|conn| {
        authorize(conn, actor.session(), Need::Active)?;
        let ended = store::sessions::update_end_others(
            conn,
            auth_session.user.id,
            auth_session.session.id,
        )?;

        // The current session is the only one left, so its token hash is recorded in the user's row as that of the
        // newest.
        store::users::update_session_token(
            conn,
            auth_session.user.id,
            Some(&auth_session.session.session_token),
        )?;

        audit::append(
            conn,
            Event::SessionsEnded,
            actor,
            &auth_session.user.username,
            &format!("{ended} other devices"),
        )?;
        Ok(ended)
    })?;

    services.session_cache.invalidate_user(auth_session.user.id);
    Ok(ended)
}

/// Ends all sessions and access tokens of a user, in the caller's transaction; the caller clears the session cache.
pub(crate) fn end_all(conn: &mut Conn, user: UserId) -> Result<()> {
    store::sessions::update_end_all(conn, user)?;
    store::users::update_session_token(conn, user, None)?;
    Ok(())
}
