//! `nexus-media users-file …`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::arguments::{LevelWord, UsersFileCommand};
use super::output::{print_message, print_result_as};
use super::password;
use crate::config::{Settings, atomic_file};
use crate::error::{Error, Result};
use crate::model::users_file::UsersFileEntry;
use crate::model::{self, Email, Password, Username};
use crate::state::password_hasher::PasswordHasher;
use crate::state::users_file;

/// Runs a subcommand of `users-file`, which adds or removes a user in the users file, or checks its lines.
///
/// # Errors
/// `Configuration` when no file is configured.
pub async fn run(settings: &Settings, command: &UsersFileCommand, is_json: bool) -> Result<()> {
    match command {
        UsersFileCommand::Add { username, email, access_level, file, password } => {
            // The path comes from the command line or from the settings.
            let path = users_file_path(settings, file.as_ref())?;
            let invalid = |error| Error::Invalid(vec![error]);
            let username = Username::parse(username).map_err(invalid)?;
            let email = email.as_deref().map(Email::parse).transpose().map_err(invalid)?;
            let valid_password = Password::parse(&password::read(password)?, &[username.as_str()])
                .map_err(invalid)?;
            let entry = UsersFileEntry {
                username: username.as_str().to_owned(),
                hash: PasswordHasher::new()?.hash(&valid_password, None).await?,
                email: email.map(|email| email.as_str().to_owned()),
                access_level: access_level.map(LevelWord::level),
            };
            // Other processes are locked out while the file changes.
            atomic_file::edit(&path, |text| {
                Ok::<_, Error>(model::users_file::insert_line(text, &entry))
            })?;
            print_message(&format!("Wrote {} to {}.", entry.username, path.display()));
            Ok(())
        }
        UsersFileCommand::Remove { username, file } => {
            let path = users_file_path(settings, file.as_ref())?;
            let name = username.trim().to_lowercase();
            let missing = || Error::Conflict(format!("There is no {name} in {}.", path.display()));
            atomic_file::edit(&path, |text| {
                model::users_file::remove_line(text, &name).ok_or_else(missing)
            })?;
            print_message(&format!("Removed {name} from {}.", path.display()));
            Ok(())
        }
        UsersFileCommand::Check { file } => {
            check(&users_file_path(settings, file.as_ref())?, is_json)
        }
    }
}

fn users_file_path(settings: &Settings, argument: Option<&PathBuf>) -> Result<PathBuf> {
    argument.or(settings.users_file.as_ref()).cloned().ok_or_else(|| {
        Error::Configuration("No users file: set NEXUS_USERS_FILE, or use --file FILE.".into())
    })
}

/// Reads the users file and prints the number of its users and the lines that cannot be used, which make the command
/// fail. Also warns if everyone on the machine can read the file.
fn check(path: &Path, is_json: bool) -> Result<()> {
    let file = users_file::read(path)?;
    // Whoever can read the hashes can try passwords against them without limit.
    if atomic_file::is_world_readable(path) {
        print_message(&format!(
            "Everyone on this machine can read the hashes in {}. Run: chmod 640",
            path.display()
        ));
    }

    let problems: Vec<_> =
        file.problems.iter().map(|(line, why)| json!({ "line": line, "problem": why })).collect();
    let mut output_lines = vec![format!("{} people", file.entries.len())];
    output_lines.extend(file.problems.iter().map(|(line, why)| format!("line {line}: {why}")));

    print_result_as(
        is_json,
        &json!({ "people": file.entries.len(), "problems": problems }),
        &output_lines.join("\n"),
    )?;

    match problems.len() {
        0 => Ok(()),
        1 => Err(Error::Conflict("1 line cannot be used.".into())),
        count => Err(Error::Conflict(format!("{count} lines cannot be used."))),
    }
}
