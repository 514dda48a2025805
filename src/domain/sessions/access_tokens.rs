//! Personal access tokens for scripts, with a name, scopes and an expiry; shown once.

use super::authorize::{Need, authorize};
use super::lifecycle::{self, SessionRequest};
use super::password_proof::PasswordProof;
use crate::domain::audit;
use crate::error::{Error, FieldError, Result};
use crate::model::account_fields::parse_optional_line;
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{Event, Scope, Session, SessionKind, Time, UserId, now};
use crate::state::Services;
use crate::state::session_cache::{AuthSession, random_token};
use crate::store;
use crate::sync::run_on_blocking_pool;
use crate::{fill, msg};
use std::sync::Arc;

/// The prefix of every access token, by which secret scanners recognize it.
pub const TOKEN_PREFIX: &str = "nexus_pat_";
/// Access tokens per user.
const MAX_TOKENS: usize = 100;
/// Lifetimes that can be chosen, in days; 0 means no expiry.
pub const LIFETIMES: [u16; 5] = [7, 30, 90, 365, 0];

/// The fields of the form.
#[derive(Debug, Clone, Default)]
pub struct TokenRequest {
    pub name: String,
    pub scopes: Vec<String>,
    /// One of [`LIFETIMES`].
    pub days: String,
    /// The user's password.
    pub password: String,
}

/// Creates a token and returns it; only its hash is stored. Requires the password, because a token outlives the session that
/// created it.
///
/// # Errors
/// `Invalid` names every field whose value was rejected; `TooManyRequests` after five wrong passwords; `Conflict` past a
/// hundred tokens.
pub async fn create(
    services: &Arc<Services>,
    auth_session: &Arc<AuthSession>,
    form: &TokenRequest,
    client: &Client,
) -> Result<String> {
    let valid = validate(auth_session, form)?;
    let (password, address) = (form.password.as_str(), client.address);
    let proof =
        PasswordProof::verify(services, auth_session, password, "password", address).await?;
    let (services, auth_session, client) = (services.clone(), auth_session.clone(), client.clone());
    run_on_blocking_pool(move || insert(&services, &auth_session, &valid, &proof, &client)).await
}

/// The validated fields of the form.
struct ValidToken {
    name: String,
    scopes: Vec<Scope>,
    days: u16,
}

/// Validates every field and reports all errors, not only the first.
fn validate(auth_session: &AuthSession, form: &TokenRequest) -> Result<ValidToken> {
    let mut errors: Vec<FieldError> = Vec::new();

    let name = match parse_optional_line("name", &form.name, 100) {
        Ok(Some(name)) => name,
        Ok(None) => {
            errors.push(FieldError::new(
                "name",
                msg!("Give it a name, such as the script that will use it."),
            ));
            String::new()
        }
        Err(error) => {
            errors.push(error);
            String::new()
        }
    };

    // An unknown scope is an error, not ignored.
    let scopes: Vec<Scope> = form.scopes.iter().filter_map(|word| Scope::parse(word)).collect();
    if scopes.is_empty() || scopes.len() != form.scopes.len() {
        errors.push(FieldError::new("scopes", msg!("Tick what it may do.")));
    }
    if scopes.contains(&Scope::Admin) && !auth_session.user.is_admin() {
        errors.push(FieldError::new("scopes", msg!("Only admins have that.")));
    }
    let days = form.days.parse().ok().filter(|days| LIFETIMES.contains(days));

    let Some(days) = days.filter(|_| errors.is_empty()) else {
        if days.is_none() {
            errors.push(FieldError::new("days", msg!("Choose how long it is good.")));
        }
        return Err(Error::Invalid(errors));
    };
    Ok(ValidToken { name, scopes, days })
}

/// Creates a token in a transaction that checks session and password again.
fn insert(
    services: &Services,
    auth_session: &AuthSession,
    valid: &ValidToken,
    proof: &PasswordProof,
    client: &Client,
) -> Result<String> {
    let ValidToken { name, scopes, days } = valid;
    let token = format!("{TOKEN_PREFIX}{}", random_token());
    services.db.write(|conn| {
        let at = now();
        authorize(conn, Some(auth_session.key()), Need::Active)?;
        proof.ensure_current(conn)?;

        // Counted in the transaction that inserts.
        let have =
            store::sessions::list_active(conn, auth_session.user.id, &[SessionKind::Token], at)?;
        if have.len() >= MAX_TOKENS {
            return Err(Error::Conflict(fill!(
                "{max_tokens} access tokens are enough. End one first.",
                max_tokens = MAX_TOKENS
            )));
        }

        let session_request = SessionRequest {
            kind: SessionKind::Token,
            name,
            scopes,
            expiration: expires_at(*days, at),
        };

        lifecycle::insert(conn, auth_session.user.id, &token, &session_request, client, at)?;
        let words: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        let (user, how) = (&auth_session.user, format!("{name}: {}", words.join(" ")));
        audit::append(conn, Event::TokenMade, &Actor::from_user(user, client), &user.username, &how)
    })?;

    tracing::info!(user = auth_session.user.id.0, "access token created");
    Ok(token)
}

fn expires_at(days: u16, at: Time) -> Time {
    if days == 0 { NEVER } else { at + time::Duration::days(days.into()) }
}

/// The stored expiry of a token that does not expire: the last 31 December that both databases can store (see
/// docs/decisions/0004).
const NEVER: Time = time::macros::datetime!(2037-12-31 00:00);

/// When a token expires; `None` if it does not.
#[must_use]
pub fn shown_expiry(session: &Session) -> Option<Time> {
    (session.expiration < NEVER).then_some(session.expiration)
}

/// A user's access tokens, most recently used first.
pub fn list(services: &Services, owner: UserId) -> Result<Vec<Session>> {
    services
        .db
        .read(|conn| Ok(store::sessions::list_active(conn, owner, &[SessionKind::Token], now())?))
}
