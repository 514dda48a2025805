//! Small files edited by the administrator: read whole, replaced atomically.

use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

/// Largest such file in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Identifies a version of a file; changes when the file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    changed: (i64, i64),
    inode: u64,
    size: u64,
}

/// Returns the current stamp of a file; `None` when it cannot be read.
#[must_use]
pub fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        modified: metadata.modified().ok(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        size: metadata.len(),
    })
}

/// Whether users other than owner and group have any access to the file.
#[must_use]
pub fn is_world_readable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o007 != 0)
}

/// Reads a file.
///
/// # Errors
/// `FileTooLarge` above 16 MiB.
pub fn read(path: &Path) -> Result<String> {
    if std::fs::metadata(path)?.len() > MAX_BYTES {
        return Err(Error::new(ErrorKind::FileTooLarge, "it is larger than 16 MiB"));
    }
    std::fs::read_to_string(path)
}

/// Writes a new file beside the old one and renames it, durably. A new file gets mode 0600.
///
/// # Errors
/// The file is unchanged then.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    // A symlink is followed, so that it stays a symlink.
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let path = real.as_path();
    let metadata = std::fs::metadata(path).ok();
    let mode = metadata.as_ref().map_or(0o600, |metadata| metadata.mode() & 0o777);

    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };

    // In the same folder, because rename works within a file system only.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));

    let written = (|| {
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        if let Some(metadata) = &metadata {
            // Only root may change the owner; otherwise the file belongs to this user.
            drop(std::os::unix::fs::fchown(&file, Some(metadata.uid()), Some(metadata.gid())));
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        // Makes the new name durable.
        std::fs::File::open(folder)?.sync_all()
    })();

    // Leave nothing behind when the disk is full.
    if written.is_err() {
        drop(std::fs::remove_file(&temporary));
    }
    written
}

/// Reads a file, changes its text and replaces it, while holding a lock against other processes. A missing file counts
/// as empty.
///
/// # Errors
/// Those of `change`.
pub fn edit<E: From<Error>>(
    path: &Path,
    change: impl FnOnce(&str) -> std::result::Result<String, E>,
) -> std::result::Result<(), E> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    // The folder is locked instead of the file, because each change replaces the file with a new one.
    let lock = std::fs::File::open(folder)?;
    lock.lock()?;
    let text = match read(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => String::new(),
        text => text?,
    };
    replace(path, &change(&text)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        replace(&path, "one\n").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let before = stamp(&path);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640))
            .unwrap();
        replace(&path, "two\n").unwrap();
        assert_eq!(
            (read(&path).unwrap().as_str(), std::fs::metadata(&path).unwrap().mode() & 0o777),
            ("two\n", 0o640)
        );
        assert_ne!(stamp(&path), before);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }
}
