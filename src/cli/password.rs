//! Reads passwords from a prompt, standard input or a file, never from arguments, which other users can see.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use super::arguments::PasswordSource;
use crate::config::atomic_file;
use crate::error::{Error, Result};

fn read_file(path: &Path) -> Result<String> {
    atomic_file::read(path)
        .map_err(|cause| Error::Configuration(format!("{}: {cause}", path.display())))
}

/// Reads the first line of a file with a secret.
///
/// # Errors
/// `Configuration` for a file that cannot be read.
fn read_first_line(path: &Path) -> Result<String> {
    Ok(read_file(path)?.lines().next().unwrap_or_default().to_owned())
}

/// Returns a secret from the command line, or the first line of the file named instead.
///
/// # Errors
/// Those of [`read_first_line`]; `Invalid` for `field` if neither was given.
pub fn value_or_file(
    field: &'static str,
    value: Option<&String>,
    file: Option<&Path>,
) -> Result<String> {
    match (value, file) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(file)) => read_first_line(file),
        (None, None) => Err(Error::field(
            field,
            format!("Use --{field}, or --{field}-file with a file that contains it."),
        )),
    }
}

/// Reads a password. At a terminal it is typed twice and not shown.
///
/// # Errors
/// `Invalid` when the two differ.
pub fn read(source: &PasswordSource) -> Result<String> {
    // A file, a pipe, or a prompt that asks twice.
    let text = if let Some(path) = &source.password_file {
        read_file(path)?
    } else if source.password_stdin || !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line
    } else {
        let first_entry = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Again: ")? != first_entry {
            return Err(Error::field("password", "The passwords differ. Nothing was changed."));
        }
        first_entry
    };

    // Only the first line, so that a trailing newline does not matter.
    let line = text.lines().next().unwrap_or_default();

    if line.is_empty() {
        Err(Error::field(
            "password",
            "No password was given. Without a terminal, use --password-file or --password-stdin.",
        ))
    } else {
        Ok(line.to_owned())
    }
}
