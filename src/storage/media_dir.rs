//! The tree of user folders. Every path is resolved beneath its owner's folder, without following symlinks.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};

use super::dir_entry::{DirEntry, entries, entry};
use super::file_location::{FileLocation, INCOMING, QUARANTINE, UPLOADS};
use super::open_beneath::{RESOLVE_FLAGS, open_regular};
use super::rename::RenameMethod;

/// The directories that every user has.
pub const STANDARD_DIRECTORIES: [&str; 7] =
    ["Audios", "Favorites", "Photos", "Recents", "Trash", "Uploads", "Videos"];
/// A user's avatar.
pub const AVATAR_FILE: &str = "user_icon.svg";

/// Prefixes of folders in which a restore is prepared, and of those it replaced.
pub const RESTORING_PREFIX: &str = ".restoring-";
pub const BEFORE_RESTORE_PREFIX: &str = ".before-";

/// Bytes of the disk that uploads leave free; on a small disk a twentieth of it.
const RESERVED_BYTES: u64 = 64 << 20;

/// The root of all user folders.
pub struct MediaDir {
    path: PathBuf,
    pub(super) root: OwnedFd,
    rename_method: RenameMethod,
}

impl MediaDir {
    /// Opens the root, creating it if needed.
    ///
    /// # Errors
    /// System errors, including a folder in which the internal folders cannot be created; `Unsupported` for a file system
    /// on which a file cannot be renamed without overwriting another.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let root = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        for name in [INCOMING, UPLOADS, QUARANTINE] {
            create_directory_at(&root, name, Mode::RWXU)?;
        }
        let incoming = rustix::fs::openat(
            &root,
            INCOMING,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let rename_method = RenameMethod::probe(&incoming)?;
        Ok(Self { path: path.to_path_buf(), root, rename_method })
    }

    /// The configured path of the root, for messages to the administrator.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the free and total bytes of the file system.
    pub fn space(&self) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::fstatvfs(&self.root)?;
        Ok((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
    }

    /// Returns whether `bytes` more would use up the reserve that keeps the database and the server going.
    #[must_use]
    pub fn would_be_full(&self, bytes: u64) -> bool {
        let (free, all) = self.space().unwrap_or((u64::MAX, u64::MAX));
        free < bytes.saturating_add(RESERVED_BYTES.min(all / 20))
    }

    /// Creates an empty file (mode 0640).
    ///
    /// # Errors
    /// `AlreadyExists` when the location is taken.
    pub fn create_file(&self, location: &FileLocation) -> io::Result<File> {
        let directory = self.open_directory(location)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat2(
            &directory,
            folder_component(&location.name)?,
            flags,
            Mode::from_raw_mode(0o640),
            RESOLVE_FLAGS,
        )?;
        Ok(File::from(file))
    }

    /// Opens a resumable upload for writing, creating it if `is_new`.
    pub fn open_for_append(&self, location: &FileLocation, is_new: bool) -> io::Result<File> {
        let directory = self.open_directory(location)?;
        // Without `CREATE`, opening fails if the file of an earlier part is gone.
        let (make, mode) = if is_new {
            (OFlags::CREATE, Mode::from_raw_mode(0o640))
        } else {
            (OFlags::empty(), Mode::empty())
        };
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | make;
        let file = rustix::fs::openat2(
            &directory,
            folder_component(&location.name)?,
            flags,
            mode,
            RESOLVE_FLAGS,
        )?;
        Ok(File::from(file))
    }

    /// Hard-links a file of another tree on the same disk to the same location in this one.
    ///
    /// # Errors
    /// `AlreadyExists` when the location is taken.
    pub fn hard_link_from(&self, other: &Self, location: &FileLocation) -> io::Result<()> {
        let (old, new, name) = (
            other.open_directory(location)?,
            self.open_directory(location)?,
            folder_component(&location.name)?,
        );
        Ok(rustix::fs::linkat(&old, name, &new, name, AtFlags::empty())?)
    }

    /// Makes the names in the directory of `location` durable.
    pub fn sync_directory_of(&self, location: &FileLocation) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.open_directory(location)?)?)
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// `InvalidInput` for an invalid name, `NotFound` for anything but a regular file.
    pub fn open_file(&self, location: &FileLocation) -> io::Result<File> {
        open_regular(self.open_directory(location)?, folder_component(&location.name)?)
    }

    /// Returns the directory entry at a location, or `None` if it or its directory does not exist.
    pub fn entry(&self, location: &FileLocation) -> io::Result<Option<DirEntry>> {
        match self.open_directory(location) {
            Err(cause)
                if matches!(
                    cause.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            directory => entry(&directory?, folder_component(&location.name)?),
        }
    }

    /// Returns whether anything exists at a location.
    pub fn exists(&self, location: &FileLocation) -> io::Result<bool> {
        let directory = match self.open_directory(location) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        // A symbolic link counts as existing, even if its target is missing.
        match rustix::fs::statat(
            &directory,
            folder_component(&location.name)?,
            AtFlags::SYMLINK_NOFOLLOW,
        ) {
            Ok(_) => Ok(true),
            Err(rustix::io::Errno::NOENT) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Renames a file or directory without replacing anything. It is durable once both directories are synced:
    /// [`MediaDir::sync_directory_of`].
    ///
    /// # Errors
    /// `AlreadyExists` when the target is taken. Nothing is renamed on error.
    pub fn rename(&self, from: &FileLocation, to: &FileLocation) -> io::Result<()> {
        let (old, new) = (self.open_directory(from)?, self.open_directory(to)?);
        let (old_name, new_name) = (folder_component(&from.name)?, folder_component(&to.name)?);
        Ok(self.rename_method.rename(&old, old_name, &new, new_name)?)
    }

    /// Creates the missing directories above `location`.
    pub fn create_parents(&self, location: &FileLocation) -> io::Result<()> {
        let mut above = String::new();
        for part in location.directory.split('/').filter(|part| !part.is_empty()) {
            self.create_directory(&FileLocation::new(&location.folder, &above, part))?;
            above = if above.is_empty() { part.to_owned() } else { format!("{above}/{part}") };
        }
        Ok(())
    }

    /// Lists a directory of a user ("" is the user folder itself).
    ///
    /// # Errors
    /// `InvalidInput` for an invalid path.
    pub fn list(&self, folder: &str, path: &str) -> io::Result<Vec<DirEntry>> {
        entries(&self.open_directory(&FileLocation::new(folder, path, "x"))?)
    }

    /// Lists the root without the folders that the server itself uses.
    pub fn list_user_folders(&self) -> io::Result<Vec<DirEntry>> {
        let is_internal = |entry: &DirEntry| match entry.name.as_deref() {
            Some(INCOMING | UPLOADS | QUARANTINE | ".gitkeep") => true,
            Some(name) => {
                name.starts_with(BEFORE_RESTORE_PREFIX) || name.starts_with(RESTORING_PREFIX)
            }
            None => false,
        };
        Ok(entries(&self.root)?.into_iter().filter(|entry| !is_internal(entry)).collect())
    }

    /// Lists the names of quarantined files.
    pub fn list_quarantine(&self) -> io::Result<Vec<String>> {
        let entries =
            entries(&self.open_directory(&FileLocation::quarantined(uuid::Uuid::nil()))?)?;
        Ok(entries.into_iter().map(|entry| entry.display_name()).collect())
    }

    /// Locks the tree for this process.
    ///
    /// # Errors
    /// `WouldBlock` when another server holds the lock.
    pub fn claim(&self) -> io::Result<()> {
        match rustix::fs::flock(&self.root, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            // The file system has no locks, so another server cannot be detected.
            Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS | rustix::io::Errno::BADF) => {
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// Removes a file; a missing one is not an error.
    pub fn remove_file(&self, location: &FileLocation) -> io::Result<()> {
        let directory = self.open_directory(location)?;
        match rustix::fs::unlinkat(&directory, folder_component(&location.name)?, AtFlags::empty())
        {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Creates a directory; an existing one is kept.
    ///
    /// # Errors
    /// `NotADirectory` when the name belongs to a file.
    pub fn create_directory(&self, location: &FileLocation) -> io::Result<()> {
        let parent = self.open_directory(location)?;
        create_directory_at(
            &parent,
            folder_component(&location.name)?,
            Mode::from_raw_mode(0o750),
        )?;
        // Fails if the existing name is a file or a symlink.
        rustix::fs::openat2(
            &parent,
            &location.name,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            RESOLVE_FLAGS,
        )?;
        // Makes the new entry durable.
        Ok(rustix::fs::fsync(&parent)?)
    }

    /// Removes a directory if it is empty. Returns false if it is not.
    pub fn remove_directory(&self, location: &FileLocation) -> io::Result<bool> {
        let parent = self.open_directory(location)?;
        match rustix::fs::unlinkat(&parent, folder_component(&location.name)?, AtFlags::REMOVEDIR) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(true),
            Err(rustix::io::Errno::NOTEMPTY) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Returns whether a user folder exists.
    #[must_use]
    pub fn has_user_folder(&self, folder: &str) -> bool {
        self.open_user_folder(folder).is_ok()
    }

    pub(super) fn open_user_folder(&self, folder: &str) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat2(
            &self.root,
            folder_component(folder)?,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            RESOLVE_FLAGS,
        )?)
    }

    /// Opens the directory of `location`, resolved beneath its user folder.
    pub(crate) fn open_directory(&self, location: &FileLocation) -> io::Result<OwnedFd> {
        let user_folder = self.open_user_folder(&location.folder)?;
        if location.directory.is_empty() {
            return Ok(user_folder);
        }
        // The path comes from a row, so each part is validated.
        for part in location.directory.split('/') {
            folder_component(part)?;
        }
        Ok(rustix::fs::openat2(
            &user_folder,
            &location.directory,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            RESOLVE_FLAGS,
        )?)
    }
}

pub(super) fn create_directory_at(parent: &OwnedFd, name: &str, mode: Mode) -> io::Result<()> {
    match rustix::fs::mkdirat(parent, name, mode) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

/// Returns `name` if it is a plain path component.
pub(super) fn folder_component(name: &str) -> io::Result<&str> {
    if name.is_empty()
        || name == "."
        || name == ".."
        || name.contains(['/', '\0'])
        || name.len() > 255
    {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file name"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType};
    use std::io::Read;

    fn tree() -> (tempfile::TempDir, MediaDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let tree = MediaDir::open(folder.path()).unwrap();
        let user_folder = tree.create_user_folder(27, "John", "Doe", "<svg/>").unwrap();
        (folder, tree, user_folder)
    }

    #[test]
    fn a_new_user_has_the_seven_folders_and_a_profile_picture() {
        let (root, _tree, user_folder) = tree();
        assert_eq!(user_folder, "00027_JOHN_DOE001");
        let mut names: Vec<_> = std::fs::read_dir(root.path().join(&user_folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "Audios",
                "Favorites",
                "Photos",
                "Recents",
                "Trash",
                "Uploads",
                "Videos",
                "user_icon.svg"
            ]
        );
    }

    #[test]
    fn a_folder_name_that_is_taken_gets_the_next_number() {
        let (_root, tree, _) = tree();
        assert_eq!(
            tree.create_user_folder(27, "John", "Doe", "<svg/>").unwrap(),
            "00027_JOHN_DOE002"
        );
    }

    #[test]
    fn a_rename_never_overwrites() {
        let (root, tree, user_folder) = tree();
        let folder = root.path().join(&user_folder).join("Photos");
        std::fs::write(folder.join("a"), "1").unwrap();
        std::fs::write(folder.join("b"), "2").unwrap();
        let failed = tree.rename(
            &FileLocation::new(&user_folder, "Photos", "a"),
            &FileLocation::new(&user_folder, "Photos", "b"),
        );
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(folder.join("b")).unwrap(), "2");
    }

    #[test]
    fn symlinks_dots_and_fifos_are_never_followed_or_opened() {
        let (root, tree, user_folder) = tree();
        let other = tree.create_user_folder(28, "Jane", "Roe", "<svg/>").unwrap();
        std::fs::write(root.path().join(&other).join("Photos/secret"), "secret").unwrap();
        let photos = root.path().join(&user_folder).join("Photos");
        std::os::unix::fs::symlink(
            root.path().join(&other).join("Photos/secret"),
            photos.join("link"),
        )
        .unwrap();
        std::os::unix::fs::symlink(root.path().join(&other).join("Photos"), photos.join("dir"))
            .unwrap();
        rustix::fs::mknodat(CWD, photos.join("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        let beside = format!("../{other}/Photos");
        for (directory, name) in [
            ("Photos", "link"),
            ("Photos/dir", "secret"),
            ("Photos", "fifo"),
            ("Photos", "../Photos/link"),
            ("Photos", ".."),
            (beside.as_str(), "secret"),
            ("..", "secret"),
            ("/etc", "passwd"),
        ] {
            assert!(
                tree.open_file(&FileLocation::new(&user_folder, directory, name)).is_err(),
                "{directory}/{name}"
            );
        }
        let mut text = String::new();
        tree.open_file(&FileLocation::new(&other, "Photos", "secret"))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "secret");
    }
}
