//! What lies in a directory on disk, whatever the tables say.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Stat};

/// What something on disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Directory,
    /// A link, a pipe, a socket, a device.
    Other,
}

/// Something in a directory.
#[derive(Debug, Clone)]
pub struct DirEntry {
    /// `None` when it is not UTF-8.
    pub name: Option<String>,
    /// The name as far as it can be read.
    readable: String,
    pub kind: EntryKind,
    /// Bytes.
    pub length: u64,
    /// When its bytes were last changed.
    pub modified: SystemTime,
    /// When anything of it was last changed, its name too: nobody can set that.
    pub changed: SystemTime,
}

impl DirEntry {
    /// The name for people.
    #[must_use]
    pub fn display_name(&self) -> String {
        self.readable.clone()
    }
}

/// Seconds since 1970 as a time.
fn time_of(seconds: i64) -> SystemTime {
    let since = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since }
}

/// What lies in a directory, without `.` and `..`, as `make` sees it.
///
/// # Errors
/// The system's.
pub(crate) fn each<T>(directory: &OwnedFd, make: impl Fn(&CStr, &Stat) -> T) -> io::Result<Vec<T>> {
    let mut found = Vec::new();
    for entry in rustix::fs::Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => found.push(make(name, &stat)),
            // Gone meanwhile.
            Err(rustix::io::Errno::NOENT) => {}
            Err(cause) => return Err(cause.into()),
        }
    }
    Ok(found)
}

/// What lies in a directory, without `.` and `..`.
///
/// # Errors
/// The system's.
pub(crate) fn entries(directory: &OwnedFd) -> io::Result<Vec<DirEntry>> {
    each(directory, entry_from_stat)
}

/// What stands in a directory under that name.
///
/// # Errors
/// The system's.
pub(crate) fn entry(directory: &OwnedFd, name: &str) -> io::Result<Option<DirEntry>> {
    let name = CString::new(name)?;
    match rustix::fs::statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(entry_from_stat(&name, &stat))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}

fn entry_from_stat(name: &CStr, stat: &Stat) -> DirEntry {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        _ => EntryKind::Other,
    };
    DirEntry {
        name: name.to_str().ok().map(str::to_owned),
        readable: name.to_string_lossy().into_owned(),
        kind,
        length: u64::try_from(stat.st_size).unwrap_or(0),
        modified: time_of(stat.st_mtime),
        changed: time_of(stat.st_ctime),
    }
}
