//! Passwords: from a prompt, standard input or a file, never from the arguments, which everyone can see.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use super::arguments::PasswordSource;
use crate::config::atomic_file;
use crate::error::{Error, Result};

fn read_file(path: &Path) -> Result<String> {
    atomic_file::read(path).map_err(|cause| Error::Configuration(format!("{}: {cause}", path.display())))
}

/// The first line of a file that has a secret in it.
///
/// # Errors
/// `Configuration` for a file that cannot be read.
fn first_line_of(path: &Path) -> Result<String> {
    Ok(read_file(path)?.lines().next().unwrap_or_default().to_owned())
}

/// A secret that was said on the command line, or the first line of the file that was named instead.
///
/// # Errors
/// As [`first_line_of`]; `Invalid` for `field` where neither was.
pub fn value_or_file(field: &'static str, said: Option<&String>, file: Option<&Path>) -> Result<String> {
    match (said, file) {
        (Some(said), _) => Ok(said.clone()),
        (None, Some(file)) => first_line_of(file),
        (None, None) => Err(Error::field(field, format!("Say --{field}, or --{field}-file and the file it stands in."))),
    }
}

/// Reads a password; at a terminal it is typed twice and not shown.
///
/// # Errors
/// The system's; `Invalid` when the two differ.
pub fn read(source: &PasswordSource) -> Result<String> {
    let text = if let Some(path) = &source.password_file {
        read_file(path)?
    } else if source.password_stdin || !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line
    } else {
        let once = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Again: ")? != once {
            return Err(Error::field("password", "The two differ. Nothing was done."));
        }
        once
    };
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        Err(Error::field(
            "password",
            "No password was given. Without a terminal it comes by --password-file or --password-stdin.",
        ))
    } else {
        Ok(line.to_owned())
    }
}
