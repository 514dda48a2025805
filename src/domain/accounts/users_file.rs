//! Accounts of the users file, created at the first login.

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

/// Creates or updates, in the caller's transaction, the account of an entry in the users file, in which the server's
/// owner lists accounts with their password hashes. It activates a pending account, but not a suspended or rejected
/// one.
///
/// # Errors
/// `Conflict` if the entry would demote the last admin.
pub(crate) fn create_from_entry(
    services: &Services,
    conn: &mut Conn,
    entry: &UsersFileEntry,
) -> Result<User> {
    // The first login creates the account.
    let Some(user) = store::users::find_by_login(conn, &entry.username)? else {
        let start = InitialStatus {
            status: Status::Active,
            access_level: entry.access_level.unwrap_or(AccessLevel::User),
            origin: Origin::File,
            is_request: false,
        };
        let person = person_from_entry(conn, entry)?;
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

    // `Origin::Here` is an account whose password was kept in the database until now.
    let is_new_in_file = user.origin == Origin::Here;
    if is_new_in_file || user.password != entry.hash {
        // The password or the origin has changed: end all sessions and access tokens of the user.
        lifecycle::end_all(conn, user.id)?;
        store::users::update_origin(conn, user.id, Origin::File, &entry.hash, now())?;
    }

    // A pending account becomes active when the server's owner adds it to the file.
    if is_new_in_file {
        let activated =
            store::users::update_status(conn, user.id, &[Status::Pending], Status::Active, now())?;
        if activated > 0 {
            create::activate(services, conn, &user, now())?;
        }
    }

    if let Some(level) = entry.access_level.filter(|level| *level != user.access_level) {
        admin::change_access_level(services, conn, &Actor::server(), user.id, level)?;
    }
    store::users::find(conn, user.id)?.ok_or(Error::NotFound)
}

/// Builds the personal data of an account from an entry of the users file: a name made from the username, and the
/// entry's email or a placeholder that no other account has.
fn person_from_entry(conn: &mut Conn, entry: &UsersFileEntry) -> Result<ValidPerson> {
    // `ada.lovelace` becomes Ada Lovelace.
    let name_parts: Vec<String> = entry
        .username
        .split(['.', '_', '-'])
        .filter(|word| !word.is_empty())
        .map(capitalize)
        .collect();

    // The first part is the first name, the others are the last name; a missing name becomes User.
    let (first, rest) = name_parts
        .split_first()
        .map_or(("User", Vec::new()), |(first, rest)| (first.as_str(), rest.to_vec()));
    let last = if rest.is_empty() { "User".to_owned() } else { rest.join(" ") };
    let invalid = |error| Error::Invalid(vec![error]);
    let email = entry.email.clone().unwrap_or_else(|| format!("{}@localhost", entry.username));

    let email = if store::users::is_email_taken(conn, &email, None)? {
        // The domain .invalid never resolves (RFC 2606), so the address belongs to nobody; the UUID makes it unique.
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
