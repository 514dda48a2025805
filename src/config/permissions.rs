//! Folders and files that only the server's user can access.

use std::path::Path;

use super::atomic_file;
use crate::error::{Error, Result};

/// Creates a folder with mode 0700, and its parents.
pub fn create_private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if path.is_dir() || path.as_os_str().is_empty() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// Creates the data directory with mode 0700, or sets that mode on an existing one.
/// A folder with the sticky bit, such as `/tmp`, and the root folder are rejected.
///
/// # Errors
/// System errors; `PermissionDenied` for a rejected folder.
pub fn create_data_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    create_private_dir(path)?;
    let mode = std::fs::metadata(path)?.permissions().mode();
    // 0o1000 is the sticky bit, and only the root folder has no parent.
    if mode & 0o1000 != 0 || path.parent().is_none() {
        let why = "it is a shared folder; choose one of its own";
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, why));
    }
    // The group or others have access.
    if mode & 0o077 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Checks that a settings file that was found by chance, in the current folder, was written by the server's user or root.
///
/// # Errors
/// `Configuration` names what is wrong.
pub fn ensure_trusted(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path)?;
    let me = rustix::process::geteuid().as_raw();
    let shown = path.display();
    if metadata.uid() != me && metadata.uid() != 0 {
        return Err(Error::Configuration(format!(
            "{shown} in the current folder belongs to another user. Name it with --config if it is to be used."
        )));
    }
    // The group or others may write to the file.
    if metadata.mode() & 0o022 != 0 {
        return Err(Error::Configuration(format!(
            "{shown} in the current folder can be changed by other users. Run chmod go-w {shown}, or name it with --config."
        )));
    }
    Ok(())
}

/// Sets mode 0600 on a file.
pub fn create_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// Reads a secret from `path`, or creates it there with `make` (mode 0600).
pub fn read_or_create_secret(
    path: &Path,
    make: impl FnOnce() -> String,
) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            format!("{} is empty", path.display()),
        )),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            let secret = make();
            // Atomic, so that a process killed meanwhile leaves no empty key.
            atomic_file::replace(path, &secret)?;
            Ok(secret)
        }
        Err(cause) => Err(cause),
    }
}

/// Removes a secret's file, if it exists.
pub fn remove_secret(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Removes the files in a folder whose names begin with `prefix`.
pub fn remove_by_prefix(folder: &Path, prefix: &str) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
