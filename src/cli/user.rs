//! `nexus-media user …`: accounts, by the same rules as the pages.

use std::io::IsTerminal;
use std::sync::Arc;

use serde_json::{Value, json};

use super::arguments::{AddUser, LevelWord, StatusWord, UserCommand};
use super::output::{confirm_by_typing, print_message, print_result_as, table};
use super::password;
use crate::domain::accounts::admin;
use crate::domain::accounts::create::NewAccount;
use crate::domain::accounts::remove;
use crate::domain::accounts::status_changes::{self, Decision};
use crate::error::{Error, Result, format_bytes};
use crate::model::actor::Actor;
use crate::model::{AccessLevel, Status, User, UserId};
use crate::state::Services;

/// Runs a subcommand of `user`. The actor of each change is the command line instead of an admin.
pub async fn run(services: &Arc<Services>, command: &UserCommand, is_json: bool) -> Result<()> {
    match command {
        UserCommand::Add(new) => add(services, new, is_json).await,
        UserCommand::List { status } => list(services, *status, is_json),
        UserCommand::Show { user } => show(&find(services, user)?, is_json),
        UserCommand::Approve { user } => decide(services, user, Decision::Approve, is_json),
        UserCommand::Reject { user } => decide(services, user, Decision::Reject, is_json),
        UserCommand::Suspend { user } => decide(services, user, Decision::Suspend, is_json),
        UserCommand::Reactivate { user } => decide(services, user, Decision::Reactivate, is_json),
        UserCommand::Passwd { user, password: source } => {
            let user = find(services, user)?;
            admin::set_password(services, &Actor::command_line(), &user, &password::read(source)?)
                .await?;
            print_message("Password set. Sessions and access tokens have ended.");
            Ok(())
        }
        // Commands that change an account show its new state.
        UserCommand::AccessLevel { user, level } => {
            let user = find(services, user)?;
            admin::set_access_level(
                services,
                &Actor::command_line(),
                user.id,
                level.level().as_str(),
            )?;
            // The other value is the list of the user's sessions.
            show(&admin::find(services, user.id)?.0.user, is_json)
        }
        UserCommand::Quota { user, bytes } => {
            let user = find(services, user)?;
            let bytes = i64::try_from(*bytes)
                .map_err(|_| Error::field("bytes", "The number is too large."))?;
            admin::set_quota(services, &Actor::command_line(), user.id, bytes)?;
            show(&admin::find(services, user.id)?.0.user, is_json)
        }
        UserCommand::Remove { user, yes } => remove(services, &find(services, user)?, *yes),
    }
}

pub(super) fn find(services: &Services, login: &str) -> Result<User> {
    admin::find_by_login(services, login).map_err(|error| match error {
        Error::NotFound => Error::Conflict(format!("There is no user {login}.")),
        other => other,
    })
}

/// Creates an account without approval, or a pending one with `--pending`, and prints it.
async fn add(services: &Arc<Services>, new: &AddUser, is_json: bool) -> Result<()> {
    let application = NewAccount {
        firstname: new.firstname.clone(),
        lastname: new.lastname.clone(),
        username: new.username.clone(),
        email: new.email.clone(),
        password: password::read(&new.password)?,
        ..NewAccount::default()
    };
    let status = if new.pending { Status::Pending } else { Status::Active };
    let user = admin::add(services, &application, status, new.access_level.level()).await?;
    show(&user, is_json)
}

fn decide(services: &Services, login: &str, decision: Decision, is_json: bool) -> Result<()> {
    let user = find(services, login)?;
    status_changes::decide(services, &Actor::command_line(), user.id, decision)?;
    show(&admin::find(services, user.id)?.0.user, is_json)
}

/// Prints the accounts with a status, or all accounts, in order of registration.
fn list(services: &Services, status: Option<StatusWord>, is_json: bool) -> Result<()> {
    let statuses = match status {
        Some(word) => vec![word.status()],
        None => vec![Status::Pending, Status::Active, Status::Suspended, Status::Rejected],
    };

    // All pages of each requested status.
    let mut users = Vec::new();
    for status in statuses {
        // A page begins after this id, and ids are positive.
        let mut after = UserId(0);
        loop {
            let page = admin::list(services, status, after)?;
            users.extend(page.users.into_iter().map(|listed| listed.user));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }

    // In order of registration, across statuses.
    users.sort_by_key(|user| user.id);
    let heads = ["ID", "USERNAME", "NAME", "E-MAIL", "STATUS", "LEVEL", "STORED"]
        .map(str::to_owned)
        .to_vec();

    let row = |user: &User| {
        vec![
            user.id.to_string(),
            user.username.clone(),
            format!("{} {}", user.firstname, user.lastname),
            user.email.clone(),
            user.status.as_str().into(),
            user.access_level.as_str().into(),
            storage_text(user),
        ]
    };

    let rows: Vec<_> = std::iter::once(heads).chain(users.iter().map(row)).collect();
    print_result_as(is_json, &Value::Array(users.iter().map(as_json).collect()), &table(&rows))
}

/// Prints an account as one field per line, or as JSON.
fn show(user: &User, is_json: bool) -> Result<()> {
    let line = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
    let rows = [
        line("id", &user.id.to_string()),
        line("username", &user.username),
        line("name", &format!("{} {}", user.firstname, user.lastname)),
        line("email", &user.email),
        // An address that another account has cannot be used to log in.
        line(
            "logs in with",
            if user.login_email.is_some() { "username or email" } else { "username" },
        ),
        line("status", user.status.as_str()),
        line("access level", user.access_level.as_str()),
        line("stored", &storage_text(user)),
        line("folder", &user.folder),
        // An account from the users file has its password there, any other in the database.
        line("password", if user.origin.as_str() == "file" { "in the users file" } else { "here" }),
    ];
    print_result_as(is_json, &as_json(user), &table(&rows))
}

pub(super) fn storage_text(user: &User) -> String {
    let words = |bytes: i64| format_bytes(u64::try_from(bytes).unwrap_or(0));
    if user.quota_bytes > 0 {
        format!("{} of {}", words(user.used_bytes), words(user.quota_bytes))
    } else {
        words(user.used_bytes)
    }
}

fn as_json(user: &User) -> Value {
    json!({
        "id": user.id.0, "username": user.username, "firstname": user.firstname, "lastname": user.lastname,
        "email": user.email, "status": user.status.as_str(), "access_level": user.access_level.as_str(),
        "quota_bytes": user.quota_bytes, "used_bytes": user.used_bytes, "folder": user.folder,
        "origin": user.origin.as_str(),
    })
}

/// Removes an account after its name was typed, or without confirmation if `is_confirmed`. The user's folder stays on
/// disk.
fn remove(services: &Services, user: &User, is_confirmed: bool) -> Result<()> {
    if !is_confirmed {
        if !std::io::stdin().is_terminal() {
            return Err(Error::field(
                "yes",
                "Use --yes to remove an account without confirmation.",
            ));
        }

        let (name, folder) = (&user.username, &user.folder);
        // A request that was not approved yet has no folder.
        let rest = if folder.is_empty() {
            String::new()
        } else {
            format!(" The folder {folder} stays on disk.")
        };
        if !confirm_by_typing(&format!("Type {name} to remove this account.{rest}"), name)? {
            return Err(Error::Conflict("Nothing was removed.".into()));
        }
    }

    remove::remove(services, &Actor::command_line(), user.id)?;
    let folder = services.media_dir.path().join(&user.folder);
    print_message(&if user.folder.is_empty() {
        format!("Removed {}.", user.username)
    } else {
        format!("Removed {}. The files are still in {}.", user.username, folder.display())
    });
    Ok(())
}

impl StatusWord {
    const fn status(self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Active => Status::Active,
            Self::Suspended => Status::Suspended,
            Self::Rejected => Status::Rejected,
        }
    }
}

impl LevelWord {
    pub const fn level(self) -> AccessLevel {
        match self {
            Self::User => AccessLevel::User,
            Self::Admin => AccessLevel::Admin,
        }
    }
}
