//! Entries of a directory on disk.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Stat};

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Directory,
    /// A symlink, pipe, socket or device.
    Other,
}

/// An entry of a directory.
#[derive(Debug, Clone)]
pub struct DirEntry {
    /// `None` when it is not UTF-8.
    pub name: Option<String>,
    /// The name with invalid UTF-8 replaced.
    readable: String,
    pub kind: EntryKind,
    /// Size in bytes.
    pub length: u64,
    /// Time of the last change to its content (mtime).
    pub modified: SystemTime,
    /// Time of the last change to its inode (ctime), which programs cannot set.
    pub changed: SystemTime,
}

impl DirEntry {
    /// The name to show to users.
    #[must_use]
    pub fn display_name(&self) -> String {
        self.readable.clone()
    }
}

/// Converts seconds since the Unix epoch.
fn time_of(seconds: i64) -> SystemTime {
    let since = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since }
}

/// Calls `convert` with the name and metadata of each entry of a directory, except `.` and `..`, and returns the
/// results.
pub(crate) fn each<T>(
    directory: &OwnedFd,
    convert: impl Fn(&CStr, &Stat) -> T,
) -> io::Result<Vec<T>> {
    let mut entries = Vec::new();
    for entry in rustix::fs::Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => entries.push(convert(name, &stat)),
            // Removed in the meantime.
            Err(rustix::io::Errno::NOENT) => {}
            Err(cause) => return Err(cause.into()),
        }
    }

    Ok(entries)
}

/// Returns the entries of a directory, without `.` and `..`.
pub(crate) fn entries(directory: &OwnedFd) -> io::Result<Vec<DirEntry>> {
    each(directory, entry_from_stat)
}

/// Returns the entry with this name.
pub(crate) fn entry(directory: &OwnedFd, name: &str) -> io::Result<Option<DirEntry>> {
    let name = CString::new(name)?;
    match rustix::fs::statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(entry_from_stat(&name, &stat))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}

/// Builds a directory entry from its name and metadata. Symlinks, pipes, sockets and devices count as `Other`.
fn entry_from_stat(name: &CStr, stat: &Stat) -> DirEntry {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        _ => EntryKind::Other,
    };
    DirEntry {
        // `None` for a name that is not UTF-8; `readable` can still be shown to users.
        name: name.to_str().ok().map(str::to_owned),
        readable: name.to_string_lossy().into_owned(),
        kind,
        length: u64::try_from(stat.st_size).unwrap_or(0),
        modified: time_of(stat.st_mtime),
        changed: time_of(stat.st_ctime),
    }
}
