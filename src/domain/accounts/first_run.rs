//! Creates the first admin, with a code that only the server's owner can read.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use rand::Rng;
use subtle::ConstantTimeEq;

use super::create::{self, InitialStatus, NewAccount};
use crate::config;
use crate::config::FirstAdmin;
use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{AccessLevel, Event, SessionKind, Status, now};
use crate::msg;
use crate::state::Services;
use crate::store;
use crate::sync::run_on_blocking_pool;

fn code_file(services: &Services) -> PathBuf {
    services.settings.data_dir.join("setup-code")
}

/// The one-time code, created if there is none yet.
pub fn setup_code(services: &Services) -> Result<String> {
    let make = || {
        let mut bytes = [0_u8; 18];
        rand::rng().fill_bytes(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    };
    Ok(config::read_or_create_secret(&code_file(services), make)?)
}

/// Whether this is the one-time code. Compares in constant time, so that it cannot be guessed character by character.
///
/// # Errors
/// The code cannot be read.
pub fn is_setup_code(services: &Services, given: &str) -> Result<bool> {
    Ok(given.trim().as_bytes().ct_eq(setup_code(services)?.as_bytes()).into())
}

/// Creates the first admin and signs them in; the setup code proves that they own the server. Returns the session
/// token.
///
/// # Errors
/// `NotFound` once there is an admin, `Invalid` for a wrong code or field, `TooManyRequests` after wrong codes.
pub async fn set_up(
    services: &Arc<Services>,
    given: &str,
    application: &NewAccount,
    client: Client,
) -> Result<String> {
    // One fixed name instead of a username, so that wrong codes of all clients count together.
    let attempt = services.login_throttle.begin_attempt("the setup code", client.address)?;

    // Whether there is an admin is checked again in the transaction below.
    let is_right = {
        let (services, given) = (services.clone(), given.to_owned());
        run_on_blocking_pool(move || {
            if services.has_admin()? {
                Err(Error::NotFound)
            } else {
                is_setup_code(&services, &given)
            }
        })
        .await?
    };

    if !is_right {
        return Err(Error::field(
            "code",
            msg!("That is not the code this server printed when it started."),
        ));
    }

    // The code is right, so this attempt does not count as a wrong one.
    attempt.forgive();
    let checked = application.validate()?;
    let hash = services.password_hasher.hash(&checked.password, Some(client.address)).await?;
    let services = services.clone();

    run_on_blocking_pool(move || {
        let token = services.db.write(|conn| {
            // Of two simultaneous requests, one becomes admin.
            if !store::site::update_claim_first_admin(conn)? {
                return Err(Error::NotFound);
            }

            let at = now();

            let id = create::create(
                &services,
                conn,
                &checked.person,
                &hash,
                InitialStatus::new(Status::Active, AccessLevel::Admin),
                at,
            )?;

            let token = lifecycle::begin(conn, id, SessionKind::Browser, &client, at)?;
            let username = checked.person.username.as_str();

            audit::append(
                conn,
                Event::AccountMade,
                &Actor::new_user(id, username, &client),
                username,
                "the first admin, with the setup code",
            )?;
            Ok(token)
        })?;

        finish(&services)?;
        Ok(token)
    })
    .await
}

/// Creates the first admin from the configuration, unless there is one.
///
/// # Errors
/// `Configuration` names the invalid options.
pub async fn set_up_unattended(services: &Arc<Services>, admin: &FirstAdmin) -> Result<()> {
    // The name can be changed on the account page later.
    let application = NewAccount {
        firstname: "Site".into(),
        lastname: "Admin".into(),
        username: admin.username.clone(),
        email: admin.email.clone(),
        password: admin.password.clone(),
        ..NewAccount::default()
    };

    // The errors of a form become one error of the settings.
    let checked = application.validate().map_err(|error| match error {
        Error::Invalid(fields) => {
            let messages: Vec<_> =
                fields.iter().map(|field| format!("{}: {}", field.field, field.message)).collect();
            Error::Configuration(format!("The first admin's settings: {}", messages.join(" ")))
        }
        other => other,
    })?;

    let hash = services.password_hasher.hash(&checked.password, None).await?;
    let services = services.clone();

    run_on_blocking_pool(move || {
        services.db.write(|conn| {
            // A later start finds an admin and changes nothing.
            if store::site::update_claim_first_admin(conn)? {
                create::create(
                    &services,
                    conn,
                    &checked.person,
                    &hash,
                    InitialStatus::new(Status::Active, AccessLevel::Admin),
                    now(),
                )?;

                let username = checked.person.username.as_str();
                audit::append(
                    conn,
                    Event::AccountMade,
                    &Actor::server(),
                    username,
                    "the first admin, from the settings",
                )?;
            }

            Ok(())
        })?;

        // Also if there is an admin already: an earlier start may have been killed before it removed the code.
        finish(&services)
    })
    .await
}

/// Removes the code: there is an admin now.
pub(crate) fn finish(services: &Services) -> Result<()> {
    services.set_has_admin();
    config::remove_secret(&code_file(services))?;
    tracing::info!("the first admin was created");
    Ok(())
}
