//! Logging in, and getting back in with a code from the admin.

use std::sync::Arc;

use super::Services;
use super::passwords::Verdict;
use super::sessions::{self, Client, hash_of};
use crate::db::blocking;
use crate::error::{Error, Result};
use crate::model::{Password, User, now};
use crate::store;

/// Checks name (or e-mail) and password and signs the person in; returns the session's token.
///
/// # Errors
/// `BadCredentials`, the same for a person that is not and a password that is wrong;
/// `NotActive` only after the right password; `TooManyRequests` after five wrong ones.
pub async fn log_in(services: &Arc<Services>, login: &str, password: &str, client: Client) -> Result<(User, String)> {
    let attempt = services.attempts.begin(login, client.address)?;
    let user = {
        let (services, login) = (services.clone(), login.to_owned());
        blocking(move || services.db.read(|conn| Ok(store::users::find_by_login(conn, &login)?))).await?
    };
    let hash = user.as_ref().map(|user| user.password.clone());
    let verdict = services.passwords.verify(hash, password).await?;
    let (Some(user), Verdict::Right | Verdict::RightButOld) = (user, verdict) else {
        tracing::info!(address = %client.address, "wrong password or name");
        return Err(Error::BadCredentials);
    };
    attempt.forgive();
    if let Some(standing) = user.status.standing() {
        return Err(Error::NotActive(standing));
    }
    let new_hash = match verdict {
        Verdict::RightButOld => Some(rehash(services, password).await?),
        _ => None,
    };
    let services = services.clone();
    blocking(move || {
        let token = services.db.write(|conn| {
            let at = now();
            if let Some(hash) = &new_hash {
                store::users::update_password(conn, user.id, hash, at)?;
            }
            sessions::begin(conn, user.id, &client, at)
        })?;
        tracing::info!(user = user.id.0, "logged in");
        Ok((user, token))
    })
    .await
}

/// The account of somebody who just gave the right password, to tell them how it stands.
///
/// # Errors
/// The database's.
pub fn find(services: &Services, login: &str) -> Result<Option<User>> {
    services.db.read(|conn| Ok(store::users::find_by_login(conn, login)?))
}

async fn rehash(services: &Services, password: &str) -> Result<String> {
    // A password of old may break today's rules and still be right.
    let password = Password::parse_known(password);
    services.passwords.hash(&password).await
}

/// Sets a new password with a one-time code, and ends every session.
///
/// # Errors
/// `Invalid` for a code that is not, or no longer, good: the same for a person that is not.
pub async fn recover(services: &Arc<Services>, login: &str, code: &str, password: &str, client: &Client) -> Result<()> {
    let attempt = services.attempts.begin(&format!("recovery of {login}"), client.address)?;
    let wrong = || {
        Error::field("access_code", "That code and name do not go together, or the code is over. Ask the admin for a new one.")
    };
    let checked = Password::parse(password, &[login.trim()]).map_err(|error| Error::Invalid(vec![error]))?;
    let new_hash = services.passwords.hash(&checked).await?;
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let (services, login) = (services.clone(), login.to_owned());
    blocking(move || {
        let user = services.db.write(|conn| {
            let user = store::users::find_by_login(conn, &login)?.ok_or_else(wrong)?;
            if store::users::update_use_access_code(conn, user.id, &hash_of(&code), now())? == 0 {
                return Err(wrong());
            }
            store::users::update_password(conn, user.id, &new_hash, now())?;
            sessions::end_all(conn, user.id)?;
            Ok(user)
        })?;
        services.sessions.forget(user.id);
        tracing::info!(user = user.id.0, "password set with an access code");
        attempt.forgive();
        Ok(())
    })
    .await
}
