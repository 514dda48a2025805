//! Creates accounts: the validation and the one transaction that registration, first run and the command line share.

use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::media::avatar;
use crate::model::account_fields::parse_optional_line;
use crate::model::directory::NewDirectory;
use crate::model::user::NewUser;
use crate::model::{
    AccessLevel, DirectoryId, Email, Origin, Password, PersonName, Status, Theme, Time, User,
    UserId, UserKind, Username,
};
use crate::msg;
use crate::state::Services;
use crate::storage::MediaDir;
use crate::store;

/// The fields of the registration form.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    pub firstname: String,
    pub lastname: String,
    pub username: String,
    pub email: String,
    pub password: String,
    pub contact_number: String,
    pub address: String,
}

/// Validated personal data.
pub(crate) struct ValidPerson {
    pub firstname: PersonName,
    pub lastname: PersonName,
    pub username: Username,
    pub email: Email,
    pub contact_number: Option<String>,
    pub address: Option<String>,
}

/// A validated registration form.
pub(crate) struct ValidAccount {
    pub person: ValidPerson,
    pub password: Password,
}

/// Status, level and origin of a new account.
#[derive(Clone, Copy)]
pub(crate) struct InitialStatus {
    pub status: Status,
    pub access_level: AccessLevel,
    pub origin: Origin,
    /// Whether a stranger asks for the account, who must not learn which email addresses have one.
    pub is_request: bool,
}

impl InitialStatus {
    /// For a password that is stored in the database.
    pub const fn new(status: Status, access_level: AccessLevel) -> Self {
        Self { status, access_level, origin: Origin::Here, is_request: false }
    }

    /// For someone who signs up.
    pub const fn request(status: Status) -> Self {
        Self { is_request: true, ..Self::new(status, AccessLevel::User) }
    }
}

impl NewAccount {
    /// Validates every field and reports all errors, not only the first.
    pub(crate) fn validate(&self) -> Result<ValidAccount> {
        let personal_words =
            [self.username.trim(), self.email.trim(), self.firstname.trim(), self.lastname.trim()];
        let mut errors: Vec<FieldError> = Vec::new();
        let person = self.validate_person(&mut errors);
        match (person, collect_error(Password::parse(&self.password, &personal_words), &mut errors))
        {
            (Some(person), Some(password)) => Ok(ValidAccount { person, password }),
            _ => Err(Error::Invalid(errors)),
        }
    }

    /// Validates everything except the password; errors are added to `errors`.
    pub(crate) fn validate_person(&self, errors: &mut Vec<FieldError>) -> Option<ValidPerson> {
        let firstname = collect_error(PersonName::parse("firstname", &self.firstname), errors);
        let lastname = collect_error(PersonName::parse("lastname", &self.lastname), errors);
        let username = collect_error(Username::parse(&self.username), errors);
        let email = collect_error(Email::parse(&self.email), errors);
        let contact_number =
            collect_error(parse_optional_line("contact_number", &self.contact_number, 40), errors);
        let address = collect_error(parse_optional_line("address", &self.address, 300), errors);
        // All fields have been parsed by now, so that every error is reported; `?` only ends the function.
        Some(ValidPerson {
            firstname: firstname?,
            lastname: lastname?,
            username: username?,
            email: email?,
            contact_number: contact_number?,
            address: address?,
        })
    }
}

fn collect_error<T>(parsed: Result<T, FieldError>, errors: &mut Vec<FieldError>) -> Option<T> {
    parsed.map_err(|error| errors.push(error)).ok()
}

/// Creates an account in the caller's transaction. A request that waits for approval is only a row; everything else comes
/// with [`activate`].
///
/// # Errors
/// `Invalid` names the values that are taken: the username, and the email address unless it is a request. If this function
/// fails, the folder is removed; if the caller rolls back later, the folder remains.
pub(crate) fn create(
    services: &Services,
    conn: &mut Conn,
    person: &ValidPerson,
    hash: &str,
    start: InitialStatus,
    at: Time,
) -> Result<UserId> {
    ensure_free(conn, person, start)?;

    let new = NewUser {
        firstname: person.firstname.as_str().into(),
        lastname: person.lastname.as_str().into(),
        email: person.email.as_str().into(),
        password: hash.into(),
        contact_number: person.contact_number.clone(),
        address: person.address.clone(),
        access_level: start.access_level,
        status: start.status,
        origin: start.origin,
        ..new_row(services, person.username.as_str().into(), UserKind::Person, at)
    };

    let id = store::users::insert(conn, &new)?;
    if !start.is_request || start.status == Status::Active {
        let user = store::users::find(conn, id)?.ok_or(Error::NotFound)?;
        activate(services, conn, &user, at)?;
    }
    Ok(id)
}

/// Creates a space in the caller's transaction: an account that nobody logs in to, with a folder and a library.
///
/// # Errors
/// As [`create`].
pub(super) fn create_space(
    services: &Services,
    conn: &mut Conn,
    name: &str,
    at: Time,
) -> Result<UserId> {
    // No person can have this username.
    let username = format!("space:{}", uuid::Uuid::now_v7().simple());
    let new = NewUser {
        firstname: name.into(),
        status: Status::Active,
        ..new_row(services, username, UserKind::Space, at)
    };

    let id = store::users::insert(conn, &new)?;
    let space = store::users::find(conn, id)?.ok_or(Error::NotFound)?;
    create_folder(services, conn, &space, at)?;
    Ok(id)
}

/// The values of a new account that nobody chose: no folder yet, no password, and the default quota.
fn new_row(services: &Services, username: String, kind: UserKind, at: Time) -> NewUser {
    NewUser {
        firstname: String::new(),
        lastname: String::new(),
        username,
        email: String::new(),
        // Matches no password.
        password: "!".into(),
        contact_number: None,
        address: None,
        access_level: AccessLevel::User,
        status: Status::Pending,
        status_since: at,
        // The folder's name contains the id, so `create_directories` sets it after the insert.
        folder: String::new(),
        quota_bytes: i64::try_from(services.settings.default_quota).unwrap_or(i64::MAX),
        used_bytes: 0,
        theme: Theme::System,
        // Shortcuts of a single key are on until the user turns them off.
        single_keys: true,
        created_at: at,
        updated_at: at,
        origin: Origin::Here,
        login_email: None,
        kind,
    }
}

/// Creates, in the caller's transaction, what only an approved account has and this one has not yet: the folder, its
/// directories and counters, and the right to log in with the email address, if no other account has it.
///
/// # Errors
/// If this function fails, the folder is removed; if the caller rolls back later, the folder remains.
pub(crate) fn activate(services: &Services, conn: &mut Conn, user: &User, at: Time) -> Result<()> {
    claim_email(conn, user)?;
    if user.folder.is_empty() { create_folder(services, conn, user, at) } else { Ok(()) }
}

fn create_folder(services: &Services, conn: &mut Conn, user: &User, at: Time) -> Result<()> {
    // Until the user uploads an avatar, it shows initials.
    let svg = avatar::initials_svg(&user.firstname, &user.lastname);
    let folder =
        services.media_dir.create_user_folder(user.id.0, &user.firstname, &user.lastname, &svg)?;
    // Sets the row's folder and inserts the standard directories with their counters.
    let filled = create_directories(conn, user.id, &user.username, &folder, at);

    // The rows are rolled back by the caller; the folder has to be removed here.
    if filled.is_err() {
        MediaDir::remove_user_folder(&services.media_dir, &folder);
    }
    filled
}

/// Lets a user log in with their email address, unless another account has it.
fn claim_email(conn: &mut Conn, user: &User) -> Result<()> {
    if user.login_email.is_none() && !store::users::is_email_taken(conn, &user.email, None)? {
        store::users::update_login_email(conn, user.id, Some(&user.email))?;
    }
    Ok(())
}

fn ensure_free(conn: &mut Conn, person: &ValidPerson, start: InitialStatus) -> Result<()> {
    let mut taken = Vec::new();
    // Told to everyone, because a name has to be chosen.
    if store::users::is_username_taken(conn, person.username.as_str(), None)? {
        taken
            .push(FieldError::new("username", msg!("That username is taken. Choose another one.")));
    }
    // Not told to strangers. Admins see it in the queue.
    if !start.is_request && store::users::is_email_taken(conn, person.email.as_str(), None)? {
        taken.push(FieldError::new("email", msg!("There is an account with that email already.")));
    }
    if taken.is_empty() { Ok(()) } else { Err(Error::Invalid(taken)) }
}

/// Stores the folder name in the user's row, and inserts the standard directories, the shelf counters and the library
/// version.
fn create_directories(
    conn: &mut Conn,
    id: UserId,
    username: &str,
    folder: &str,
    at: Time,
) -> Result<()> {
    store::users::update_folder(conn, id, folder)?;

    // Every user has the standard directories from the start.
    for name in crate::storage::media_dir::STANDARD_DIRECTORIES {
        store::directories::insert(
            conn,
            &NewDirectory {
                user_id: id,
                directory_id: DirectoryId::new(),
                // A directory at the top of the user's folder.
                parent_id: None,
                directory_name: name.into(),
                directory_path: name.into(),
                username: username.into(),
                date_added: at,
                last_modified: at,
                last_accessed: at,
            },
        )?;
    }

    // Counters and version start at zero.
    store::shelf_counts::insert_zero(conn, id)?;
    store::library_versions::insert(conn, id)?;
    Ok(())
}
