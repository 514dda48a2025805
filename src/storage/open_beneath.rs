//! Opens paths beneath a folder, never outside it and never through a symlink (openat2(2)).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::path::Arg;

pub(crate) const RESOLVE_FLAGS: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// Opens a regular file in a folder of the administrator, without following a link or blocking on a pipe.
///
/// # Errors
/// `NotFound` for anything but a regular file.
pub(crate) fn open_regular_file(path: &std::path::Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Err(rustix::io::Errno::LOOP) => Err(not_regular()),
        file => ensure_regular(file?),
    }
}

fn ensure_regular(file: OwnedFd) -> io::Result<File> {
    if FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) == FileType::RegularFile {
        Ok(File::from(file))
    } else {
        Err(not_regular())
    }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "not a regular file")
}

/// Opens a regular file for reading, without blocking on a pipe.
///
/// # Errors
/// `NotFound` for anything but a regular file.
pub(crate) fn open_regular(folder: impl AsFd, path: impl Arg) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    ensure_regular(rustix::fs::openat2(folder, path, flags, Mode::empty(), RESOLVE_FLAGS)?)
}
