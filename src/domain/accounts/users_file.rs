//! Accounts of the users file, created at the first log-in.

use super::admin;
use super::create::{self, InitialStatus, ValidPerson};
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::users_file::UsersFileEntry;
use crate::model::{AccessLevel, Email, Event, Origin, PersonName, Status, User, Username, now};
use crate::state::Services;
use crate::store;

/// Creates or updates the account of an entry in the users file, in the caller's transaction.
/// The file is written by the server's owner: it activates a pending account, but not a suspended or rejected one.
///
/// # Errors
/// `Conflict` if the entry would demote the last admin.
pub(crate) fn create_from_entry(
    services: &Services,
    conn: &mut Conn,
    entry: &UsersFileEntry,
) -> Result<User> {
    // The first log-in creates the account.
    let Some(user) = store::users::find_by_login(conn, &entry.username)? else {
        let start = InitialStatus {
            status: Status::Active,
            access_level: entry.access_level.unwrap_or(AccessLevel::User),
            origin: Origin::File,
        };
        let person = name_or_default(conn, entry)?;
        let id = create::create(services, conn, &person, &entry.hash, start, now())?;
        let description = format!("{}, from the users file", start.access_level.as_str());
        audit::append(
            conn,
            Event::AccountMade,
            &Actor::server(),
            person.username.as_str(),
            &description,
        )?;
        return store::users::find(conn, id)?.ok_or(Error::NotFound);
    };

    let is_new_in_file = user.origin == Origin::Here;
    if is_new_in_file || user.password != entry.hash {
        // The password or the origin has changed: end all sessions and access tokens of the user.
        lifecycle::end_all(conn, user.id)?;
        store::users::update_origin(conn, user.id, Origin::File, &entry.hash, now())?;
    }

    // An account of the database that is now in the file becomes active.
    if is_new_in_file {
        store::users::update_status(conn, user.id, &[Status::Pending], Status::Active, now())?;
    }

    if let Some(level) = entry.access_level.filter(|level| *level != user.access_level) {
        admin::change_access_level(services, conn, &Actor::server(), user.id, level)?;
    }
    store::users::find(conn, user.id)?.ok_or(Error::NotFound)
}

/// A name made from the username, and an e-mail that no other account has.
fn name_or_default(conn: &mut Conn, entry: &UsersFileEntry) -> Result<ValidPerson> {
    // `ada.lovelace` becomes Ada Lovelace.
    let words: Vec<String> = entry
        .username
        .split(['.', '_', '-'])
        .filter(|word| !word.is_empty())
        .map(capitalize)
        .collect();

    let (first, rest) = words
        .split_first()
        .map_or(("User", Vec::new()), |(first, rest)| (first.as_str(), rest.to_vec()));
    let last = if rest.is_empty() { "User".to_owned() } else { rest.join(" ") };
    let invalid = |error| Error::Invalid(vec![error]);
    let email = entry.email.clone().unwrap_or_else(|| format!("{}@localhost", entry.username));

    let email = if store::users::is_email_taken(conn, &email, None)? {
        // RFC 2606: never resolves.
        format!("{}@{}.invalid", entry.username, uuid::Uuid::now_v7().simple())
    } else {
        email
    };

    Ok(ValidPerson {
        firstname: PersonName::parse("firstname", first).map_err(invalid)?,
        lastname: PersonName::parse("lastname", &last).map_err(invalid)?,
        username: Username::parse(&entry.username).map_err(invalid)?,
        email: Email::parse(&email).map_err(invalid)?,
        contact_number: None,
        address: None,
    })
}

fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
