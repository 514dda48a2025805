//! Account recovery: a new password with a one-time code from an admin.

use std::sync::Arc;

use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::actor::{Actor, Client};
use crate::model::{Event, Origin, Password, now};
use crate::msg;
use crate::state::Services;
use crate::state::rate_limiter::Bucket;
use crate::state::session_cache::token_hash;
use crate::store;
use crate::sync::run_on_blocking_pool;

/// Sets a new password with a one-time code and ends every session.
///
/// # Errors
/// `Invalid` for a wrong or expired code, with the same message for an unknown user, and for a bad password;
/// `TooManyRequests`.
pub async fn recover(
    services: &Arc<Services>,
    login: &str,
    code: &str,
    password: &str,
    client: &Client,
) -> Result<()> {
    services.rate_limiter.check_named(Bucket::Recovery, login)?;
    // A name of its own, so that wrong codes do not count as wrong passwords of this account.
    let attempt = services
        .login_throttle
        .begin_attempt(&format!("recovery of {}", login.trim()), client.address)?;

    // One error for a wrong code and for an unknown user.
    let wrong_code_error = || {
        Error::field(
            "access_code",
            msg!(
                "That code doesn't match this username or has expired. Ask the admin for a new one."
            ),
        )
    };

    // Hash before the lookup, so that the time does not reveal whether the user exists.
    let checked =
        Password::parse(password, &[login.trim()]).map_err(|error| Error::Invalid(vec![error]))?;
    let new_hash = services.password_hasher.hash(&checked, Some(client.address)).await?;

    // Codes are accepted with spaces, hyphens and in lower case.
    let code: String =
        code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let (services, login, actor) = (services.clone(), login.to_owned(), Actor::anonymous(client));

    run_on_blocking_pool(move || {
        let user = services.db.write(|conn| {
            let user = store::users::find_by_login(conn, &login)?
                // The passwords of other users are in the users file and cannot be set here.
                .filter(|user| user.origin == Origin::Here)
                .ok_or_else(wrong_code_error)?;
            // Checks the code and uses it up in one statement, so that it works only once.
            if store::users::update_spend_access_code(conn, user.id, &token_hash(&code), now())?
                == 0
            {
                return Err(wrong_code_error());
            }

            // Checked only after the code: otherwise it would reveal which usernames exist. The error rolls back, so
            // the code can be used again.
            checked
                .ensure_unrelated_to(&user.password_context())
                .map_err(|error| Error::Invalid(vec![error]))?;

            store::users::update_password(conn, user.id, &new_hash, now())?;
            lifecycle::end_all(conn, user.id)?;

            audit::append(
                conn,
                Event::PasswordSet,
                &actor,
                &user.username,
                "with a one-time code",
            )?;
            Ok(user)
        })?;

        services.session_cache.invalidate_user(user.id);
        tracing::info!(user = user.id.0, "password set with an access code");
        attempt.forgive();
        Ok(())
    })
    .await
}
