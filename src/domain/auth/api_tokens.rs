//! API sessions: a short-lived signed access token, and a refresh token that is replaced on each use.

use std::sync::Arc;

use super::login;
use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::domain::sessions::refresh_token::RefreshToken;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{Event, SessionKind, UserId, now};
use crate::state::Services;
use crate::state::jwt::TOKEN_LIFETIME;
use crate::state::session_cache::{AuthSession, token_hash};
use crate::store;
use crate::sync::run_on_blocking_pool;

/// The tokens of an API session.
pub struct IssuedTokens {
    /// For `Authorization: Bearer`.
    pub token: String,
    /// Seconds.
    pub expires_in: i64,
    pub refresh_token: String,
    pub auth_session: Arc<AuthSession>,
}

/// Signs in an API client.
///
/// # Errors
/// As [`login::log_in`].
pub async fn log_in(
    services: &Arc<Services>,
    login: &str,
    password: &str,
    client: Client,
) -> Result<IssuedTokens> {
    // The token of an API session is its refresh token.
    let (_, refresh_token) =
        login::log_in(services, login, password, SessionKind::Api, client, &[]).await?;
    let services = services.clone();
    run_on_blocking_pool(move || {
        let auth_session = lifecycle::find(&services, &refresh_token)?;
        issue_tokens(&services, auth_session, refresh_token)
    })
    .await
}

/// Exchanges the refresh token `old` for a new access token and a new refresh token. Using a refresh token twice ends
/// its session, because it must have been stolen (RFC 9700, 4.14.2).
///
/// # Errors
/// `Unauthenticated` for an invalid or expired token; `NotActive`.
pub fn refresh(services: &Services, old: &str, client: &Client) -> Result<IssuedTokens> {
    let hash = token_hash(old);
    let exchanged = services.db.write(|conn| {
        let at = now();
        let active_session = store::sessions::find_active(conn, &hash, at)?
            .filter(|session| session.kind == SessionKind::Api);

        // An unknown token may have been spent: then it was stolen.
        let Some(session) = active_session else {
            let reused = match RefreshToken::parse(old) {
                Some(token) => store::sessions::find_by_family(conn, &token.family_hash())?,
                None => store::sessions::find_by_spent(conn, &hash)?,
            };
            if let Some((id, owner)) = reused {
                store::sessions::update_end(conn, owner, id)?;
                let username =
                    store::users::find(conn, owner)?.map(|user| user.username).unwrap_or_default();
                audit::append(
                    conn,
                    Event::TokenReused,
                    &Actor::anonymous(client),
                    &username,
                    "its session was ended",
                )?;
            }
            // Returned as a value, because an error would roll back the end of the session and the audit row.
            return Ok(Err(reused));
        };

        let previous = RefreshToken::parse(old);
        let token = previous.as_ref().map_or_else(RefreshToken::new, RefreshToken::next);
        let new = token_hash(&token.to_string());

        // If two requests use the same token at the same time, one succeeds. The other is retried and then counts as
        // reuse, which ends the session.
        if store::sessions::update_token(
            conn,
            session.id,
            &hash,
            &new,
            lifecycle::expires_at(&session, at),
        )? == 0
        {
            return Err(Error::Contention);
        }

        // The first exchange of a session of an earlier version.
        if previous.is_none() {
            store::sessions::insert_spent(conn, &hash, session.id)?;
            store::sessions::update_family(conn, session.id, &token.family_hash())?;
        }
        // The user's row repeats the token hash of the newest session.
        store::users::update_exchange_session_token(conn, session.user_id, &hash, &new)?;
        Ok(Ok(token.to_string()))
    })?;

    match exchanged {
        Ok(token) => {
            let auth_session = lifecycle::find(services, &token)?;
            // The cached entry for this session is stale.
            services.session_cache.invalidate_user(auth_session.user.id);
            issue_tokens(services, auth_session, token)
        }
        // The owner and the thief both lose access, because the server cannot tell who of them sent the token.
        Err(reused) => {
            if let Some((id, owner)) = reused {
                services.session_cache.invalidate_user(owner);
                tracing::warn!(
                    user = owner.0,
                    session = id,
                    "a refresh token was used twice; its session was ended"
                );
            }
            Err(Error::Unauthenticated)
        }
    }
}

/// Signs an access token for a session and returns it with the refresh token. Fails with `NotActive` if the account may
/// not be used.
fn issue_tokens(
    services: &Services,
    auth_session: Arc<AuthSession>,
    refresh_token: String,
) -> Result<IssuedTokens> {
    if let Some(standing) = auth_session.user.status.block() {
        return Err(Error::NotActive(standing));
    }
    let at = now().assume_utc().unix_timestamp();
    let token = services.token_signer.sign(auth_session.user.id.0, auth_session.session.id, at)?;
    Ok(IssuedTokens { token, expires_in: TOKEN_LIFETIME, refresh_token, auth_session })
}

/// A Bearer token: either signed, naming a session, or a personal access token.
pub enum BearerToken {
    Signed { owner: UserId, session: i64 },
    Access(String),
}

impl BearerToken {
    /// # Errors
    /// `Unauthenticated` for a signed token that is invalid or expired.
    pub fn parse(services: &Services, token: &str) -> Result<Self> {
        if token.starts_with(crate::domain::sessions::access_tokens::TOKEN_PREFIX) {
            return Ok(Self::Access(token.to_owned()));
        }
        let claims = services.token_signer.verify(token, now().assume_utc().unix_timestamp())?;
        let owner = claims.sub.parse().map(UserId).map_err(|_| Error::Unauthenticated)?;
        Ok(Self::Signed { owner, session: claims.sid })
    }

    /// Its session, if it is in the cache.
    #[must_use]
    pub fn find_cached(&self, services: &Services) -> Option<Arc<AuthSession>> {
        let cached = match self {
            Self::Signed { session, .. } => {
                services.session_cache.get(&lifecycle::cache_key(*session))
            }
            Self::Access(token) => services.session_cache.get_by_token(token),
        };
        cached.filter(|auth_session| {
            self.matches(auth_session) && services.users_file.may_stay_logged_in(&auth_session.user)
        })
    }

    /// Its user and session.
    ///
    /// # Errors
    /// `Unauthenticated` for an invalid or expired session.
    pub fn find(&self, services: &Services) -> Result<Arc<AuthSession>> {
        let found = match self {
            Self::Signed { owner, session } => lifecycle::find_by_id(services, *owner, *session)?,
            Self::Access(token) => lifecycle::find(services, token)?,
        };
        if self.matches(&found) { Ok(found) } else { Err(Error::Unauthenticated) }
    }

    /// Refresh tokens and cookie tokens are not Bearer tokens, and a signed token must name an API session.
    fn matches(&self, auth_session: &AuthSession) -> bool {
        match self {
            Self::Signed { owner, .. } => {
                auth_session.session.kind == SessionKind::Api && auth_session.user.id == *owner
            }
            Self::Access(_) => auth_session.session.kind == SessionKind::Token,
        }
    }
}
