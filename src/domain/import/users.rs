//! Imports from the PHP original: users with their status, passwords, folders and files.
//!
//! The original is only read, except that `ImportOptions::moves` deletes files there after they are stored. The import
//! can be interrupted and repeated: existing users and files are recognized and not imported twice.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;

use super::dates::parse_time;
use super::files::FileImport;
use super::report::{ImportOptions, ImportReport};
use crate::db::{Conn, Db};
use crate::domain::accounts::admin;
use crate::domain::accounts::create::{InitialStatus, NewAccount};
use crate::error::{Error, Result};
use crate::model::password_hash::{UnusableHash, ensure_usable};
use crate::model::{AccessLevel, Status, User, now};
use crate::state::Services;
use crate::storage::ExternalTree;
use crate::store;
use crate::store::php_import::{PhpDirectory, PhpUser};

/// A hash that no password matches.
const NO_PASSWORD: &str = "!";

/// The rows of the original.
struct SourceRows {
    users: Vec<PhpUser>,
    directories: Vec<PhpDirectory>,
}

/// Imports all users; `tell` receives the name of each.
///
/// # Errors
/// `Invalid` for a bad prefix, `Conflict` if the tables do not exist; errors of the databases and the system.
pub fn import(
    services: &Services,
    wanted: &ImportOptions<'_>,
    mut tell: impl FnMut(&str),
) -> Result<ImportReport> {
    let foreign = ExternalTree::open(wanted.media).map_err(|cause| {
        Error::Configuration(format!("{} cannot be looked into: {cause}", wanted.media.display()))
    })?;
    let mut report = ImportReport::default();
    let rows = read_rows(&mut Db::open_source(wanted.database)?, wanted.prefix, &mut report)?;

    // Folders that no user claims are reported at the end.
    let mut unclaimed = foreign.folders()?;
    for row in &rows.users {
        let called =
            format!("person {} ({})", row.id, row.username.as_deref().unwrap_or("no username"));
        tell(&called);
        let folder = source_folder(row, &rows.directories, &unclaimed);
        // The folder is removed from `unclaimed`, so that it is imported for one user only.
        let folder = folder
            .and_then(|folder| unclaimed.iter().position(|candidate| *candidate == folder))
            .map(|at| unclaimed.swap_remove(at));

        // One invalid user does not stop the import.
        match import_user(services, row, wanted.is_dry, &mut report) {
            Ok(user) => {
                let Some(folder) = folder else {
                    report.notes.push(format!("{called} has no folder"));
                    continue;
                };
                let directories: Vec<_> = rows
                    .directories
                    .iter()
                    .filter(|directory| directory.user_id == row.id)
                    .collect();
                let (user, folder, report) = (user.as_ref(), Path::new(&folder), &mut report);
                FileImport {
                    services,
                    user,
                    options: wanted,
                    foreign: &foreign,
                    folder,
                    report,
                    matched_items: HashSet::new(),
                }
                .import(&directories)?;
            }
            Err(Error::Invalid(fields)) => {
                let why: Vec<_> = fields
                    .iter()
                    .map(|field| format!("{}: {}", field.field, field.message))
                    .collect();
                let folder = folder
                    .map(|folder| format!(" with {}", folder.to_string_lossy()))
                    .unwrap_or_default();
                report.add_skipped(format!("{called}{folder}"), why.join(" "));
            }
            Err(error) => return Err(error),
        }
    }

    unclaimed.sort();
    for folder in unclaimed {
        report.add_skipped(folder.to_string_lossy(), "a folder of nobody who was moved in");
    }
    Ok(report)
}

/// Reads users and directories of the PHP original, after checking that the users table has the necessary columns.
/// Notes in the report how many sessions are not imported.
fn read_rows(conn: &mut Conn, prefix: &str, report: &mut ImportReport) -> Result<SourceRows> {
    // The prefix becomes part of a table name and cannot be bound.
    if !prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Error::field("table-prefix", "Letters, digits and underscores."));
    }

    let table = |name: &str| format!("{prefix}{name}");
    let has = store::php_import::list_columns(conn, &table("users"))?;

    if !["id", "username", "email", "password"]
        .iter()
        .all(|column| has.iter().any(|name| name == column))
    {
        return Err(Error::Conflict(format!(
            "There is no table {} with people in that database.",
            table("users")
        )));
    }

    let users = store::php_import::list_users(conn, &table("users"), &has)?;

    // Some versions of the original lack columns or tables.
    let has = store::php_import::list_columns(conn, &table("user_directories"))?;

    // Directories without `user_id` cannot be assigned to users.
    let directories = if has.iter().any(|name| name == "user_id") {
        store::php_import::list_directories(conn, &table("user_directories"), &has)?
    } else {
        Vec::new()
    };

    // Sessions are not imported; users log in again.
    if !store::php_import::list_columns(conn, &table("session_tokens"))?.is_empty() {
        let sessions = store::php_import::count(conn, &table("session_tokens"))?;
        if sessions > 0 {
            report
                .notes
                .push(format!("{sessions} sessions were not taken: everybody logs in again"));
        }
    }
    Ok(SourceRows { users, directories })
}

/// Returns which of `folders` belongs to a user of the PHP original: the one that a row of the user or of its
/// directories names, otherwise the one whose name begins with the user's number.
fn source_folder(
    row: &PhpUser,
    directories: &[PhpDirectory],
    folders: &[OsString],
) -> Option<OsString> {
    let named = directories.iter().filter(|directory| directory.user_id == row.id);
    let named = named
        .flat_map(|directory| [&directory.directory_path, &directory.directory_name])
        .flatten();

    // Paths in the original can begin with other folders, so every component is compared.
    let parts = row.directory.iter().chain(named).flat_map(|path| path.split('/'));
    // The original named a user's folder by the user's number in five digits, such as 00042_.
    let id_prefix = format!("{:05}_", row.id);
    let by_row = parts
        .filter(|part| !part.is_empty())
        .find_map(|part| folders.iter().find(|folder| folder.as_os_str() == part));
    by_row
        .or_else(|| folders.iter().find(|folder| folder.to_string_lossy().starts_with(&id_prefix)))
        .cloned()
}

/// Returns the account of a user of the PHP original, and creates it if it does not exist here. Returns `None` in a dry
/// run for an account that would be created.
///
/// # Errors
/// `Invalid` if the account cannot be created here.
fn import_user(
    services: &Services,
    row: &PhpUser,
    is_dry: bool,
    report: &mut ImportReport,
) -> Result<Option<User>> {
    let trimmed =
        |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
    let (wanted, email) = (trimmed(&row.username), trimmed(&row.email));
    let username = ascii_username(&wanted, row.id);

    // An earlier run has imported this user.
    if let Some(user) = find_same(services, &username, &email)? {
        report.people.already_there += 1;
        return Ok(Some(user));
    }

    // The original allowed empty names.
    let or = |name: String, default: &str| if name.is_empty() { default.to_owned() } else { name };

    let application = NewAccount {
        firstname: or(trimmed(&row.firstname), &username),
        lastname: or(trimmed(&row.lastname), "-"),
        username: username.clone(),
        email: email.clone(),
        // Not validated: the hash of the original is stored instead.
        password: String::new(),
        contact_number: trimmed(&row.contact_number),
        address: trimmed(&row.address),
    };

    let mut errors = Vec::new();
    let person = application.validate_person(&mut errors).ok_or(Error::Invalid(errors))?;
    if wanted.to_lowercase() != username {
        report.notes.push(format!("{wanted} is called {username} here, or logs in as {email}"));
    }
    let hash = trimmed(&row.password);

    // Other hashes cannot be verified, or would occupy the server.
    let usable = ensure_usable(&hash);
    match usable {
        Ok(()) => {}
        Err(UnusableHash::Unknown) => report.notes.push(format!(
            "{username} needs a new password: theirs was kept in a way that is not safe"
        )),
        Err(UnusableHash::TooExpensive) => report
            .notes
            .push(format!("{username} needs a new password: its hash takes too long to verify")),
    }

    let start = InitialStatus::new(parse_status(row, report), parse_level(row));
    let at = row.created_at.as_deref().and_then(parse_time).unwrap_or_else(now);
    report.people.taken += 1;
    if is_dry {
        return Ok(None);
    }
    let hash = if usable.is_ok() { hash.as_str() } else { NO_PASSWORD };
    Ok(Some(admin::create_user(services, &person, hash, start, at)?))
}

/// The account with the same name and email, created by an earlier import.
fn find_same(services: &Services, username: &str, email: &str) -> Result<Option<User>> {
    let found = services.db.read(|conn| Ok(store::users::find_by_login(conn, username)?))?;
    // A request that was not approved yet has no folder, so no import created it.
    Ok(found.filter(|user| user.email == email.to_lowercase() && !user.folder.is_empty()))
}

/// Transliterates a username to lower-case ASCII and replaces other characters with hyphens. A name that becomes too
/// short is replaced by one with the id.
fn ascii_username(raw: &str, id: i64) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name: String =
        deunicode::deunicode(raw).to_lowercase().chars().map(plain).take(64).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.len() < 2 { format!("person{id}") } else { name.to_owned() }
}

/// Maps the status word of the original to a status; an unknown word becomes `Pending` and is noted in the report.
fn parse_status(row: &PhpUser, report: &mut ImportReport) -> Status {
    let word = row.status.as_deref().unwrap_or_default().trim().to_lowercase();
    match word.as_str() {
        "active" | "approved" | "1" => Status::Active,
        "suspended" | "blocked" | "banned" | "disabled" => Status::Suspended,
        "rejected" | "denied" | "declined" => Status::Rejected,
        "pending" | "" | "0" => Status::Pending,
        _ => {
            report
                .notes
                .push(format!("person {} waits for approval: nobody here is “{word}”", row.id));
            Status::Pending
        }
    }
}

fn parse_level(row: &PhpUser) -> AccessLevel {
    match row.access_level.as_deref().unwrap_or_default().trim().to_lowercase().as_str() {
        "admin" | "administrator" => AccessLevel::Admin,
        _ => AccessLevel::User,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_become_ascii_and_are_never_empty() {
        for (raw, plain) in [
            ("John", "john"),
            ("J. Döe", "j.-doe"),
            (" @x", "person7"),
            ("", "person7"),
            ("_ann", "ann"),
        ] {
            assert_eq!(ascii_username(raw.trim(), 7), plain, "{raw}");
        }
    }
}
