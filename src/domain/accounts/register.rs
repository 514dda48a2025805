//! Registration: a new account waits for an admin's approval.

use super::create::{self, InitialStatus, NewAccount};
use crate::config::Registration;
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{Event, SessionKind, Status, UserId, now};
use crate::msg;
use crate::state::Services;
use crate::store;
use crate::sync::run_on_blocking_pool;

use std::sync::Arc;

/// Requests that wait for approval, at most, because strangers can make them.
const MAX_PENDING: i64 = 200;

fn ensure_may_wait(conn: &mut Conn, status: Status) -> Result<()> {
    if status == Status::Pending && store::people::count_pending(conn)? >= MAX_PENDING {
        return Err(Error::Conflict(
            msg!("Too many requests are waiting for approval already. Ask the admin.").into(),
        ));
    }
    Ok(())
}

/// Creates a pending account (an active one if registration is open) and signs the user in, so that they can see the
/// state of their request; returns the session token. The answer is the same whether or not another account has the email
/// address.
///
/// # Errors
/// `Forbidden` if registration is closed; `Conflict` if too many requests are waiting; `Invalid` names every field whose
/// value was rejected.
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
            return Err(Error::Forbidden(msg!(
                "Sign-up is closed. Ask the admin of this server for an account."
            )));
        }
    };

    let checked = application.validate()?;

    // Hashing takes long, so it happens before the transaction, and only if another pending account is allowed.
    if status == Status::Pending {
        let services = services.clone();
        run_on_blocking_pool(move || services.db.read(|conn| ensure_may_wait(conn, status)))
            .await?;
    }
    let hash = services.password_hasher.hash(&checked.password, Some(client.address)).await?;

    let services = services.clone();
    run_on_blocking_pool(move || {
        let id_and_token = services.db.write(|conn| {
            let at = now();
            // Checked again, because other requests may have arrived while the password was hashed.
            ensure_may_wait(conn, status)?;
            let id = create::create(
                &services,
                conn,
                &checked.person,
                &hash,
                InitialStatus::request(status),
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

        services.session_cache.invalidate_user(id_and_token.0);
        tracing::info!(user = id_and_token.0.0, status = status.as_str(), "registered");
        Ok(id_and_token)
    })
    .await
}
