//! Registration: a new account waits for an admin's approval.

use super::create::{self, InitialStatus, NewAccount};
use crate::config::Registration;
use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{AccessLevel, Event, SessionKind, Status, UserId, now};
use crate::state::Services;
use crate::sync::run_on_blocking_pool;

use std::sync::Arc;

/// Creates a pending account (an active one if registration is open) and signs the user in, so that they can see the
/// state of their request; returns the session token.
///
/// # Errors
/// `Forbidden` if registration is closed; `Invalid` names every field whose value was rejected.
pub async fn register(
    services: &Arc<Services>,
    application: &NewAccount,
    client: Client,
) -> Result<(UserId, String)> {
    // Closed registration is rejected before the expensive hash.
    let status = match services.settings.registration {
        Registration::Approval => Status::Pending,
        Registration::Open => Status::Active,
        Registration::Closed => {
            return Err(Error::Forbidden("Nobody can sign up here by themselves. Ask the admin."));
        }
    };

    let checked = application.validate()?;

    // Hashing takes long, so it happens before the transaction.
    let hash = services.password_hasher.hash(&checked.password).await?;
    let services = services.clone();

    run_on_blocking_pool(move || {
        let done = services.db.write(|conn| {
            let at = now();
            let id = create::create(
                &services,
                conn,
                &checked.person,
                &hash,
                InitialStatus::new(status, AccessLevel::User),
                at,
            )?;

            // A pending user is signed in too, to see the state of the request.
            let token = lifecycle::begin(conn, id, SessionKind::Browser, &client, at)?;
            let username = checked.person.username.as_str();

            audit::append(
                conn,
                Event::Registered,
                &Actor::new_user(id, username, &client),
                username,
                status.as_str(),
            )?;
            Ok((id, token))
        })?;

        services.session_cache.invalidate_user(done.0);
        tracing::info!(user = done.0.0, status = status.as_str(), "registered");
        Ok(done)
    })
    .await
}
