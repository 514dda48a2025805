//! Account administration. An admin manages accounts, not the users' files.

use super::status_changes::{ensure_another_admin, with_admin_lock};
use std::sync::Arc;

use rand::RngExt;

use super::create::{self, InitialStatus, NewAccount, ValidPerson};
use super::first_run;
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::library::reader::LibraryReader;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::actor::{Actor, Client};
use crate::model::{
    AccessLevel, Event, Origin, Password, Session, Status, Time, User, UserId, now,
};
use crate::msg;
use crate::state::Services;
use crate::state::session_cache::token_hash;
use crate::store;
use crate::sync::run_on_blocking_pool;

/// How long a one-time code is valid.
const CODE_LIFETIME: time::Duration = time::Duration::days(2);
/// No letters that look like digits.
const CODE_ALPHABET: &[u8] = b"ABCDEFGHJKMNPQRSTVWXYZ23456789";
const MANAGED_IN_FILE: &str = "Their password is kept in the users file. Change it there.";
/// Makes a user an admin or an admin a user.
///
/// # Errors
/// `Conflict` for the last admin; `Invalid` for an unknown level.
pub fn set_access_level(
    services: &Services,
    actor: &Actor,
    id: UserId,
    level: &str,
) -> Result<User> {
    let level = AccessLevel::parse(level)
        .ok_or_else(|| Error::field("access_level", msg!("Choose user or admin.")))?;
    let user = services.db.write(|conn| {
        let user = store::people::find(conn, id)?.ok_or(Error::NotFound)?;
        // The next login would set the level of the file again.
        if services.users_file.sets_access_level_of(&user) {
            return Err(Error::Conflict(
                msg!("Their access level stands in the users file. Change it there.").into(),
            ));
        }
        change_access_level(services, conn, actor, id, level)
    })?;

    services.session_cache.invalidate_user(id);
    tracing::info!(admin = actor.log_id(), user = id.0, level = level.as_str(), "access level set");
    Ok(user)
}

/// Sets an access level in the caller's transaction; the caller clears the session cache.
///
/// # Errors
/// `Conflict` for the last admin.
pub(crate) fn change_access_level(
    services: &Services,
    conn: &mut Conn,
    actor: &Actor,
    id: UserId,
    level: AccessLevel,
) -> Result<User> {
    // Also checks that the actor still is an admin.
    let user = with_admin_lock(conn, actor, id)?;

    match level {
        // The last active admin must not become a user.
        AccessLevel::User => ensure_another_admin(services, conn, &user)?,
        // Records that the site has an admin, so that the setup code can create no other. It does not matter if that
        // is recorded already.
        AccessLevel::Admin => _ = store::site::update_claim_first_admin(conn)?,
    }
    store::users::update_access_level(conn, id, level, now())?;
    audit::append(conn, Event::AccessLevelSet, actor, &user.username, level.as_str())?;
    Ok(user)
}

/// Sets a user's quota in bytes; 0 means no limit.
///
/// # Errors
/// `NotFound`.
pub fn set_quota(services: &Services, actor: &Actor, id: UserId, bytes: i64) -> Result<User> {
    let user = services.db.write(|conn| {
        let user = with_admin_lock(conn, actor, id)?;
        store::users::update_quota(conn, id, bytes, now())?;
        audit::append(conn, Event::QuotaSet, actor, &user.username, &format!("{bytes} bytes"))?;
        Ok(user)
    })?;
    services.session_cache.invalidate_user(id);
    tracing::info!(admin = actor.log_id(), user = id.0, bytes, "quota set");
    Ok(user)
}

/// Adds an active account for somebody who has not registered. Returns it with a one-time code, with which they set their
/// password.
///
/// # Errors
/// `Invalid` names all fields that are not valid or taken.
pub async fn add_user(
    services: &Arc<Services>,
    actor: Actor,
    account: &NewAccount,
    client: &Client,
) -> Result<(User, String)> {
    let mut errors = Vec::new();
    let Some(person) = account.validate_person(&mut errors) else {
        return Err(Error::Invalid(errors));
    };
    // A password that nobody knows, until the code is used.
    let password = Password::parse(&new_code(), &[])
        .map_err(|_| Error::internal("a random password was refused"))?;
    let hash = services.password_hasher.hash(&password, Some(client.address)).await?;

    let services = services.clone();
    run_on_blocking_pool(move || {
        let code = new_code();
        let user = services.db.write(|conn| {
            store::site::update_lock_admins(conn)?;
            authorize(conn, actor.session(), Need::Admin)?;
            let start = InitialStatus::new(Status::Active, AccessLevel::User);
            let id = create::create(&services, conn, &person, &hash, start, now())?;
            let (hash, until) = (token_hash(&code), now() + CODE_LIFETIME);
            store::users::update_access_code(conn, id, Some(&hash), Some(until))?;
            let username = person.username.as_str();
            audit::append(conn, Event::AccountMade, &actor, username, "added by an admin")?;
            audit::append(conn, Event::CodeHandedOut, &actor, username, "")?;
            store::users::find(conn, id)?.ok_or(Error::NotFound)
        })?;
        services.session_cache.invalidate_user(user.id);
        tracing::info!(admin = actor.log_id(), user = user.id.0, "account added");
        Ok((user, grouped(&code)))
    })
    .await
}

/// Sixteen letters out of 30 are 78 random bits, which nobody can guess.
fn new_code() -> String {
    let mut random = rand::rng();
    (0..16)
        .filter_map(|_| CODE_ALPHABET.get(random.random_range(0..CODE_ALPHABET.len())))
        .map(|letter| char::from(*letter))
        .collect()
}

/// Groups of four for reading; recovery ignores the hyphens.
fn grouped(code: &str) -> String {
    code.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

/// Creates a one-time code for setting a new password at `/recover`. Only its hash is stored.
///
/// # Errors
/// `NotFound`.
pub fn create_access_code(
    services: &Services,
    actor: &Actor,
    id: UserId,
) -> Result<(User, String)> {
    let letters = new_code();
    let user = services.db.write(|conn| {
        // Also checks that the actor still is an admin, in the transaction of the change.
        let user = with_admin_lock(conn, actor, id)?;
        // A password in the users file cannot be changed here, so a code for it would be useless.
        if user.origin == Origin::File {
            return Err(Error::Conflict(MANAGED_IN_FILE.into()));
        }
        store::users::update_access_code(
            conn,
            id,
            Some(&token_hash(&letters)),
            Some(now() + CODE_LIFETIME),
        )?;
        audit::append(conn, Event::CodeHandedOut, actor, &user.username, "")?;
        Ok(user)
    })?;

    tracing::info!(admin = actor.log_id(), user = id.0, "access code handed out");
    Ok((user, grouped(&letters)))
}

/// Finds a user by username or email.
///
/// # Errors
/// `NotFound`.
pub fn find_by_login(services: &Services, login: &str) -> Result<User> {
    services.db.read(|conn| store::users::find_by_login(conn, login)?.ok_or(Error::NotFound))
}

/// Users read per query.
const BATCH_USERS: i64 = 1000;

/// Calls `work` for every user regardless of status, oldest account first. Users are read in batches, and no query is
/// open while `work` runs.
///
/// # Errors
/// Database errors and those of `work`.
pub(crate) fn for_each_user(
    services: &Services,
    mut work: impl FnMut(&User) -> Result<()>,
) -> Result<()> {
    // Each batch begins after this id, and ids are positive.
    let mut after = UserId(0);
    loop {
        let batch =
            services.db.read(|conn| Ok(store::users::list_after(conn, after, BATCH_USERS)?))?;
        // An empty batch means that all users have been read.
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.id;
        batch.iter().try_for_each(&mut work)?;
    }
}

/// Creates an account without approval, for the command line.
///
/// # Errors
/// `Invalid` names every field whose value was rejected.
pub async fn add(
    services: &Arc<Services>,
    application: &NewAccount,
    status: Status,
    level: AccessLevel,
) -> Result<User> {
    let checked = application.validate()?;
    let hash = services.password_hasher.hash(&checked.password, None).await?;
    let services = services.clone();
    run_on_blocking_pool(move || {
        create_user(&services, &checked.person, &hash, InitialStatus::new(status, level), now())
    })
    .await
}

/// Creates an account with a known password hash, for the command line and the import; it needs no approval.
///
/// # Errors
/// `Invalid` names the values that are taken.
pub(crate) fn create_user(
    services: &Services,
    person: &ValidPerson,
    hash: &str,
    start: InitialStatus,
    at: Time,
) -> Result<User> {
    let is_admin = start.access_level == AccessLevel::Admin && start.status == Status::Active;
    let user = services.db.write(|conn| {
        if is_admin {
            // The result does not matter: there may be an admin already.
            store::site::update_claim_first_admin(conn)?;
        }
        let id = create::create(services, conn, person, hash, start, at)?;
        let description = format!("{}, {}", start.access_level.as_str(), start.status.as_str());

        audit::append(
            conn,
            Event::AccountMade,
            &Actor::command_line(),
            person.username.as_str(),
            &description,
        )?;
        store::users::find(conn, id)?.ok_or(Error::NotFound)
    })?;

    services.session_cache.invalidate_user(user.id);
    if is_admin {
        first_run::finish(services)?;
    }
    tracing::info!(user = user.id.0, "account created");
    Ok(user)
}

/// Sets a user's password and ends all of their sessions and access tokens.
///
/// # Errors
/// `Invalid` for a bad password, `Conflict` for a user of the users file.
pub async fn set_password(
    services: &Arc<Services>,
    actor: &Actor,
    user: &User,
    password: &str,
) -> Result<()> {
    if user.origin == Origin::File {
        return Err(Error::Conflict(MANAGED_IN_FILE.into()));
    }
    let checked = Password::parse(password, &user.password_context())
        .map_err(|error| Error::Invalid(vec![error]))?;
    let hash = services.password_hasher.hash(&checked, None).await?;

    // The hash was computed outside of the transaction, because it takes long.
    let (services, actor, id, username) =
        (services.clone(), actor.clone(), user.id, user.username.clone());

    run_on_blocking_pool(move || {
        services.db.write(|conn| {
            // The admin may have been demoted while the password was hashed.
            with_admin_lock(conn, &actor, id)?;
            store::users::update_password(conn, id, &hash, now())?;
            // Removes the one-time code and its expiry, because a code that is still valid must not replace the new
            // password.
            store::users::update_access_code(conn, id, None, None)?;
            lifecycle::end_all(conn, id)?;
            audit::append(conn, Event::PasswordSet, &actor, &username, "")
        })?;
        services.session_cache.invalidate_user(id);
        tracing::info!(user = id.0, "password set");
        Ok(())
    })
    .await
}

/// Counts accounts that wait for approval.
pub fn count_pending(reader: &mut LibraryReader<'_>) -> Result<i64> {
    Ok(store::people::count_pending(reader.conn)?)
}

/// A user, as admins see them.
pub struct ListedUser {
    pub user: User,
    /// Who logs in with the email address that this user states, if it is someone else.
    pub email_holder: Option<String>,
}

/// Adds to each user who logs in with the address that the user states, if it is someone else.
fn with_email_holders(conn: &mut Conn, users: Vec<User>) -> Result<Vec<ListedUser>> {
    let without = users.iter().filter(|user| user.login_email.is_none());
    let emails: Vec<_> = without.map(|user| user.email.as_str()).collect();
    let holders = store::users::list_email_holders(conn, &emails)?;
    let listed = users.into_iter().map(|user| {
        let email_holder =
            if user.login_email.is_none() { holders.get(&user.email).cloned() } else { None };
        ListedUser { user, email_holder }
    });
    Ok(listed.collect())
}

/// A page of users, and the number of users per status.
pub struct UserListing {
    pub users: Vec<ListedUser>,
    pub next: Option<UserId>,
    pub counts: std::collections::HashMap<Status, i64>,
}

/// Lists users with that status, 50 per page, in order of registration.
pub fn list(services: &Services, status: Status, after: UserId) -> Result<UserListing> {
    const PAGE: u8 = 50;
    services.db.read(|conn| {
        let mut users = store::users::list_by_status(conn, status, after, i64::from(PAGE) + 1)?;
        let has_more = users.len() > usize::from(PAGE);
        users.truncate(PAGE.into());
        let next = if has_more { users.last().map(|user| user.id) } else { None };
        let users = with_email_holders(conn, users)?;
        Ok(UserListing { users, next, counts: store::people::count_by_status(conn)? })
    })
}

/// Finds a user and their sessions.
///
/// # Errors
/// `NotFound`.
pub fn find(services: &Services, id: UserId) -> Result<(ListedUser, Vec<Session>)> {
    services.db.read(|conn| {
        let user = store::people::find(conn, id)?.ok_or(Error::NotFound)?;
        let listed = with_email_holders(conn, vec![user])?.pop().ok_or(Error::NotFound)?;
        Ok((
            listed,
            store::sessions::list_active(conn, id, &lifecycle::DEVICE_SESSION_KINDS, now())?,
        ))
    })
}

/// Ends all sessions and access tokens of a user, on behalf of an admin.
///
/// # Errors
/// `NotFound`.
pub fn end_sessions(services: &Services, actor: &Actor, id: UserId) -> Result<User> {
    let user = services.db.write(|conn| {
        let user = with_admin_lock(conn, actor, id)?;
        lifecycle::end_all(conn, id)?;
        audit::append(conn, Event::SessionsEnded, actor, &user.username, "all of them")?;
        Ok(user)
    })?;
    services.session_cache.invalidate_user(id);
    tracing::info!(admin = actor.log_id(), user = id.0, "all sessions ended");
    Ok(user)
}
