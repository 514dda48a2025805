//! Folders and files that are nobody else's business.

use std::path::Path;

use super::atomic_file;

/// Makes a folder only its owner can enter (0700), with its parents.
pub fn create_private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if path.is_dir() || path.as_os_str().is_empty() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// Makes the data directory (0700), or closes one that is there to everybody else.
/// A folder that everyone writes to, such as `/tmp`, is refused.
///
/// # Errors
/// The system's; `PermissionDenied` for a folder that is not this user's own.
pub fn create_data_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    create_private_dir(path)?;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o1000 != 0 || path.parent().is_none() {
        let why = "it belongs to everybody; choose a folder of its own";
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, why));
    }
    if mode & 0o077 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Closes a file to everybody else (0600).
pub fn create_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// Reads a secret from `path`, or makes it there (0600) with `make`.
pub fn read_or_create_secret(path: &Path, make: impl FnOnce() -> String) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => Err(std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{} is empty", path.display()))),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            let secret = make();
            // Whole or not at all: a start that was killed leaves no empty key.
            atomic_file::replace(path, &secret)?;
            Ok(secret)
        }
        Err(cause) => Err(cause),
    }
}

/// Takes a secret's file away; one that is not there is gone already.
pub fn remove_secret(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Takes away the files in a folder whose names begin so.
pub fn remove_by_prefix(folder: &Path, beginning: &str) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(beginning) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
