//! People of the users file: who they are here once their password was right.

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

/// The account of a person in the users file, made or brought up to date with their line, in the caller's transaction.
/// The file is the server owner's word: it makes a waiting account active, but not a suspended or rejected one.
///
/// # Errors
/// `Conflict` when the line would take the last admin away.
pub(crate) fn create_from_entry(services: &Services, conn: &mut Conn, entry: &UsersFileEntry) -> Result<User> {
    let Some(user) = store::users::find_by_login(conn, &entry.username)? else {
        let start = InitialStatus {
            status: Status::Active,
            access_level: entry.access_level.unwrap_or(AccessLevel::User),
            origin: Origin::File,
        };
        let person = name_or_default(conn, entry)?;
        let id = create::create(services, conn, &person, &entry.hash, start, now())?;
        let how = format!("{}, from the users file", start.access_level.as_str());
        audit::append(conn, Event::AccountMade, &Actor::server(), person.username.as_str(), &how)?;
        return store::users::find(conn, id)?.ok_or(Error::NotFound);
    };
    let is_new_here = user.origin == Origin::Here;
    if is_new_here || user.password != entry.hash {
        // Whoever came in with another password is out.
        lifecycle::end_all(conn, user.id)?;
        store::users::update_origin(conn, user.id, Origin::File, &entry.hash, now())?;
    }
    if is_new_here {
        store::users::update_status(conn, user.id, &[Status::Pending], Status::Active, now())?;
    }
    if let Some(level) = entry.access_level.filter(|level| *level != user.access_level) {
        admin::change_access_level(services, conn, &Actor::server(), user.id, level)?;
    }
    store::users::find(conn, user.id)?.ok_or(Error::NotFound)
}

/// Names out of the username, an e-mail that nobody else has.
fn name_or_default(conn: &mut Conn, entry: &UsersFileEntry) -> Result<ValidPerson> {
    let words: Vec<String> = entry.username.split(['.', '_', '-']).filter(|word| !word.is_empty()).map(capitalize).collect();
    let (first, rest) = words.split_first().map_or(("User", Vec::new()), |(first, rest)| (first.as_str(), rest.to_vec()));
    let last = if rest.is_empty() { "User".to_owned() } else { rest.join(" ") };
    let invalid = |error| Error::Invalid(vec![error]);
    let own = entry.email.clone().unwrap_or_else(|| format!("{}@localhost", entry.username));
    let email = if store::users::is_email_taken(conn, &own, None)? {
        // RFC 2606: leads nowhere.
        format!("{}@{}.invalid", entry.username, uuid::Uuid::now_v7().simple())
    } else {
        own
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
