//! Sessions: a random token on a device, its hash in a row that is the truth, and a small cache of that truth.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use rand::Rng;

use super::Services;
use super::session_cache::Presence;
pub use super::session_cache::hash_of;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::{Session, SessionStatus, Time, User, UserId, now};
use crate::store;

/// A session ends when it was not used for so long,
const IDLE: time::Duration = time::Duration::days(14);
/// and at the latest so long after log-in.
pub const ABSOLUTE: time::Duration = time::Duration::days(90);
/// How often "last seen" is noted.
const SEEN_EVERY: time::Duration = time::Duration::minutes(1);

/// Who is asking, as far as the connection tells.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: IpAddr,
    /// Browser and system in words.
    pub device: String,
}

/// The person and session of a token.
///
/// # Errors
/// `Unauthenticated` for a token that is not, or no longer, good.
pub fn find(services: &Services, token: &str) -> Result<Arc<Presence>> {
    let hash = hash_of(token);
    let before = services.sessions.changes();
    let found = services.db.read(|conn| {
        let Some(session) = store::sessions::find_active(conn, &hash, now())? else { return Err(Error::Unauthenticated) };
        let user = store::users::find(conn, session.user_id)?.ok_or(Error::Unauthenticated)?;
        Ok(Presence { session, user })
    })?;
    let found = Arc::new(found);
    services.sessions.keep(&hash, &found, before);
    Ok(found)
}

/// Notes that a session was used, and that it lasts longer for it. Written later, with others.
pub fn seen(services: &Services, presence: &Presence, client: &Client) {
    let at = now();
    let address = client.address.to_canonical().to_string();
    if at - presence.session.last_seen >= SEEN_EVERY || address != presence.session.address {
        let expiration = (at + IDLE).min(presence.session.created_at + ABSOLUTE);
        services.touches.session(presence.session.id, at, address, expiration);
    }
}

/// Signs a person in on a device, in the caller's transaction; returns the token, which only the device keeps.
///
/// # Errors
/// The database's.
pub(super) fn begin(conn: &mut Conn, user: UserId, client: &Client, at: Time) -> Result<String> {
    let token = random_token();
    let hash = hash_of(&token);
    let address = client.address.to_canonical().to_string();
    store::sessions::insert(
        conn,
        &store::sessions::NewSession {
            user_id: user,
            session_token: &hash,
            expiration: at + IDLE,
            status: SessionStatus::Active,
            created_at: at,
            last_seen: at,
            address: &address,
            device: &client.device,
        },
    )?;
    store::users::update_session_token(conn, user, Some(&hash))?;
    Ok(token)
}

/// Ends the session a person is in.
///
/// # Errors
/// The database's.
pub fn log_out(services: &Services, presence: &Presence) -> Result<()> {
    end(services, &presence.user, presence.session.id).or_else(|error| match error {
        Error::NotFound => Ok(()),
        other => Err(other),
    })
}

/// A person's sessions, the last used first.
///
/// # Errors
/// The database's.
pub fn list(services: &Services, owner: UserId) -> Result<Vec<Session>> {
    services.db.read(|conn| Ok(store::sessions::list_active(conn, owner, now())?))
}

/// Ends one of a person's own sessions.
///
/// # Errors
/// `NotFound` for one that is not theirs.
pub fn end(services: &Services, owner: &User, id: i64) -> Result<()> {
    services.db.write(|conn| {
        let ending = store::sessions::list_active(conn, owner.id, now())?.into_iter().find(|session| session.id == id);
        crate::db::one_row(store::sessions::update_end(conn, owner.id, id)?)?;
        if let Some(session) = ending {
            store::users::update_forget_session_token(conn, owner.id, &session.session_token)?;
        }
        Ok(())
    })?;
    services.sessions.forget(owner.id);
    Ok(())
}

/// Ends all of a person's sessions but the one they are in; returns how many.
///
/// # Errors
/// The database's.
pub fn end_others(services: &Services, presence: &Presence) -> Result<usize> {
    let ended = services.db.write(|conn| {
        let ended = store::sessions::update_end_all(conn, presence.user.id, Some(presence.session.id))?;
        store::users::update_session_token(conn, presence.user.id, Some(&presence.session.session_token))?;
        Ok(ended)
    })?;
    services.sessions.forget(presence.user.id);
    Ok(ended)
}

/// Ends every session of a person, in the caller's transaction; the caller empties the cache.
pub(super) fn end_all(conn: &mut Conn, user: UserId) -> Result<()> {
    store::sessions::update_end_all(conn, user, None)?;
    store::users::update_session_token(conn, user, None)?;
    Ok(())
}

/// 256 random bits as text.
#[must_use]
pub fn random_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
