//! API sessions: a short-lived signed token for each request, and a refresh token that changes with each use.

use std::sync::Arc;

use super::login;
use crate::db::run_on_blocking_pool;
use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{Event, SessionKind, UserId, now};
use crate::state::Services;
use crate::state::jwt::TOKEN_LIFETIME;
use crate::state::session_cache::{AuthSession, token_hash};
use crate::store;

/// What an API client gets.
pub struct IssuedTokens {
    /// For `Authorization: BearerToken`.
    pub token: String,
    /// Seconds.
    pub expires_in: i64,
    pub refresh_token: String,
    pub presence: Arc<AuthSession>,
}

/// Signs an API client in.
///
/// # Errors
/// As [`login::log_in`].
pub async fn log_in(services: &Arc<Services>, login: &str, password: &str, client: Client) -> Result<IssuedTokens> {
    let (_, refresh_token) = login::log_in(services, login, password, SessionKind::Api, client).await?;
    let services = services.clone();
    run_on_blocking_pool(move || {
        let presence = lifecycle::find(&services, &refresh_token)?;
        issue_tokens(&services, presence, refresh_token)
    })
    .await
}

/// Exchanges a refresh token for a new pair. One that was exchanged before ends its session:
/// somebody else has had it (RFC 9700, 4.14.2).
///
/// # Errors
/// `Unauthenticated` for a token that is not, or no longer, good; `NotActive`.
pub fn refresh(services: &Services, old: &str, client: &Client) -> Result<IssuedTokens> {
    let hash = token_hash(old);
    let exchanged = services.db.write(|conn| {
        let at = now();
        let found = store::sessions::find_active(conn, &hash, at)?.filter(|session| session.kind == SessionKind::Api);
        let Some(session) = found else {
            let reused = store::sessions::find_by_spent(conn, &hash)?;
            if let Some((id, owner)) = reused {
                store::sessions::update_end(conn, owner, id)?;
                let username = store::users::find(conn, owner)?.map(|user| user.username).unwrap_or_default();
                audit::append(conn, Event::TokenReused, &Actor::anonymous(client), &username, "its session was ended")?;
            }
            return Ok(Err(reused));
        };
        let token = lifecycle::random_token();
        let new = token_hash(&token);
        if store::sessions::update_token(conn, session.id, &hash, &new, lifecycle::expires_at(&session, at))? == 0 {
            return Err(Error::Contention);
        }
        store::sessions::insert_spent(conn, &hash, session.id)?;
        store::users::update_exchange_session_token(conn, session.user_id, &hash, &new)?;
        Ok(Ok(token))
    })?;
    match exchanged {
        Ok(token) => {
            let presence = lifecycle::find(services, &token)?;
            // What is known under the session's number is from before.
            services.session_cache.invalidate_user(presence.user.id);
            issue_tokens(services, presence, token)
        }
        Err(reused) => {
            if let Some((id, owner)) = reused {
                services.session_cache.invalidate_user(owner);
                tracing::warn!(user = owner.0, session = id, "a refresh token was used twice; its session was ended");
            }
            Err(Error::Unauthenticated)
        }
    }
}

fn issue_tokens(services: &Services, presence: Arc<AuthSession>, refresh_token: String) -> Result<IssuedTokens> {
    if let Some(standing) = presence.user.status.block() {
        return Err(Error::NotActive(standing));
    }
    let at = now().assume_utc().unix_timestamp();
    let token = services.token_signer.sign(presence.user.id.0, presence.session.id, at)?;
    Ok(IssuedTokens { token, expires_in: TOKEN_LIFETIME, refresh_token, presence })
}

/// What a Bearer token stands for: a signed one names its session, an access token is one.
pub enum BearerToken {
    Signed { owner: UserId, session: i64 },
    Access(String),
}

impl BearerToken {
    /// # Errors
    /// `Unauthenticated` for a signed token that is not ours or over.
    pub fn parse(services: &Services, token: &str) -> Result<Self> {
        if token.starts_with(crate::domain::sessions::access_tokens::TOKEN_PREFIX) {
            return Ok(Self::Access(token.to_owned()));
        }
        let claims = services.token_signer.verify(token, now().assume_utc().unix_timestamp())?;
        let owner = claims.sub.parse().map(UserId).map_err(|_| Error::Unauthenticated)?;
        Ok(Self::Signed { owner, session: claims.sid })
    }

    /// What is known of it without asking the database.
    #[must_use]
    pub fn find_cached(&self, services: &Services) -> Option<Arc<AuthSession>> {
        let known = match self {
            Self::Signed { session, .. } => services.session_cache.get(&lifecycle::cache_key(*session)),
            Self::Access(token) => services.session_cache.get_by_token(token),
        };
        known.filter(|presence| self.matches(presence) && services.users_file.has_entry_of(&presence.user))
    }

    /// The person and session behind it.
    ///
    /// # Errors
    /// `Unauthenticated` for a session that is not, or no longer, good.
    pub fn find(&self, services: &Services) -> Result<Arc<AuthSession>> {
        let found = match self {
            Self::Signed { owner, session } => lifecycle::find_by_id(services, *owner, *session)?,
            Self::Access(token) => lifecycle::find(services, token)?,
        };
        if self.matches(&found) { Ok(found) } else { Err(Error::Unauthenticated) }
    }

    /// A refresh token or a cookie's token is no Bearer token, and a signed one names an API session.
    fn matches(&self, presence: &AuthSession) -> bool {
        match self {
            Self::Signed { owner, .. } => presence.session.kind == SessionKind::Api && presence.user.id == *owner,
            Self::Access(_) => presence.session.kind == SessionKind::Token,
        }
    }
}
