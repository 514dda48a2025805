//! The tree of people's folders. Every path is resolved beneath its owner's folder, without symlinks.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};

use super::dir_entry::{DirEntry, entries, entry};
use super::file_location::{FileLocation, INCOMING, QUARANTINE, UPLOADS};
use super::open_beneath::{RESOLVE_FLAGS, open_regular};

/// The folders everyone has.
pub const STANDARD_DIRECTORIES: [&str; 7] = ["Audios", "Favorites", "Photos", "Recents", "Trash", "Uploads", "Videos"];
/// A person's picture.
pub const AVATAR_FILE: &str = "user_icon.svg";

/// Beginning of the names of folders in which a backup is made ready to be put back, and of those that it replaced.
pub const RESTORING_PREFIX: &str = ".restoring-";
pub const BEFORE_RESTORE_PREFIX: &str = ".before-";

/// Bytes of a disk that uploads leave free, or a twentieth of a small one.
const RESERVED_BYTES: u64 = 64 << 20;

/// The root of all people's folders.
pub struct MediaDir {
    path: PathBuf,
    root: OwnedFd,
}

impl MediaDir {
    /// Opens the root, making it where it is not there.
    ///
    /// # Errors
    /// The system's; also when nothing can be written there.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let root = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let tree = Self { path: path.to_path_buf(), root };
        create_directory_at(&tree.root, INCOMING, Mode::RWXU)?;
        create_directory_at(&tree.root, UPLOADS, Mode::RWXU)?;
        create_directory_at(&tree.root, QUARANTINE, Mode::RWXU)?;
        Ok(tree)
    }

    /// The root as it was set, for messages to the admin.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes free and in all on the tree's file system.
    ///
    /// # Errors
    /// The system's.
    pub fn space(&self) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::fstatvfs(&self.root)?;
        Ok((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
    }

    /// Whether `bytes` more would leave too little: the database and what keeps the server going need some.
    #[must_use]
    pub fn would_be_full(&self, bytes: u64) -> bool {
        let (free, all) = self.space().unwrap_or((u64::MAX, u64::MAX));
        free < bytes.saturating_add(RESERVED_BYTES.min(all / 20))
    }

    /// Makes a new person's folder with the standard ones and their picture; returns its name:
    /// the id to five digits, `FIRST_LAST`, and the first free three-digit number.
    ///
    /// # Errors
    /// The system's; nothing is left behind.
    pub fn create_user_folder(&self, id: i64, first: &str, last: &str, icon: &str) -> io::Result<String> {
        for number in 1..=999 {
            let folder = format!("{id:05}_{}_{}{number:03}", ascii_capitals(first), ascii_capitals(last));
            match rustix::fs::mkdirat(&self.root, &folder, Mode::from_raw_mode(0o750)) {
                Ok(()) => {
                    let filled = self.create_standard_directories(&folder, icon);
                    if filled.is_err() {
                        self.remove_user_folder(&folder);
                    }
                    return filled.map(|()| folder);
                }
                Err(rustix::io::Errno::EXIST) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand folders of that name"))
    }

    /// Makes a person's folder of that name, with the standard ones in it; those that are there are taken over.
    ///
    /// # Errors
    /// The system's; `InvalidInput` for a name that is none.
    pub fn recreate_user_folder(&self, folder: &str) -> io::Result<()> {
        create_directory_at(&self.root, folder_component(folder)?, Mode::from_raw_mode(0o750))?;
        let person = self.open_user_folder(folder)?;
        for name in STANDARD_DIRECTORIES {
            create_directory_at(&person, name, Mode::from_raw_mode(0o750))?;
        }
        Ok(())
    }

    fn create_standard_directories(&self, folder: &str, icon: &str) -> io::Result<()> {
        self.recreate_user_folder(folder)?;
        self.write_avatar(folder, icon)?;
        rustix::fs::fsync(&self.root)?;
        Ok(())
    }

    /// Takes back a folder that was just made and is still as it was made.
    pub fn remove_user_folder(&self, folder: &str) {
        let Ok(person) = self.open_user_folder(folder) else { return };
        let _ = rustix::fs::unlinkat(&person, AVATAR_FILE, AtFlags::empty());
        for name in STANDARD_DIRECTORIES {
            let _ = rustix::fs::unlinkat(&person, name, AtFlags::REMOVEDIR);
        }
        let _ = rustix::fs::unlinkat(&self.root, folder, AtFlags::REMOVEDIR);
    }

    /// Replaces a person's picture: whole or not at all.
    ///
    /// # Errors
    /// The system's.
    pub fn write_avatar(&self, folder: &str, icon: &str) -> io::Result<()> {
        use std::io::Write;
        let waiting = FileLocation::incoming(&format!("icon-{}", uuid::Uuid::now_v7().simple()));
        let mut file = self.create_file(&waiting)?;
        let written = file.write_all(icon.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
            let person = self.open_user_folder(folder)?;
            let from = self.open_directory(&waiting)?;
            rustix::fs::renameat(&from, waiting.name(), &person, AVATAR_FILE)?;
            Ok(rustix::fs::fsync(&person)?)
        });
        if written.is_err() {
            drop(self.remove_file(&waiting));
        }
        written
    }

    /// A person's picture.
    ///
    /// # Errors
    /// The system's.
    pub fn open_avatar(&self, folder: &str) -> io::Result<File> {
        self.open_file(&FileLocation::new(folder, "", AVATAR_FILE))
    }

    /// A new empty file (0640).
    ///
    /// # Errors
    /// The system's; `AlreadyExists` when the place is taken.
    pub fn create_file(&self, place: &FileLocation) -> io::Result<File> {
        let directory = self.open_directory(place)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file =
            rustix::fs::openat2(&directory, folder_component(&place.name)?, flags, Mode::from_raw_mode(0o640), RESOLVE_FLAGS)?;
        Ok(File::from(file))
    }

    /// Opens a resumable upload to write on; a new one is made.
    ///
    /// # Errors
    /// The system's.
    pub fn open_for_append(&self, place: &FileLocation, is_new: bool) -> io::Result<File> {
        let directory = self.open_directory(place)?;
        let (make, mode) = if is_new { (OFlags::CREATE, Mode::from_raw_mode(0o640)) } else { (OFlags::empty(), Mode::empty()) };
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | make;
        let file = rustix::fs::openat2(&directory, folder_component(&place.name)?, flags, mode, RESOLVE_FLAGS)?;
        Ok(File::from(file))
    }

    /// Gives a file of another tree on the same disk the same place in this one, without a copy.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` when the place is taken.
    pub fn hard_link_from(&self, other: &Self, place: &FileLocation) -> io::Result<()> {
        let (old, new, name) = (other.open_directory(place)?, self.open_directory(place)?, folder_component(&place.name)?);
        Ok(rustix::fs::linkat(&old, name, &new, name, AtFlags::empty())?)
    }

    /// Makes the names in the directory of `place` durable.
    ///
    /// # Errors
    /// The system's.
    pub fn sync_directory_of(&self, place: &FileLocation) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.open_directory(place)?)?)
    }

    /// Opens a file for reading; only a regular one.
    ///
    /// # Errors
    /// The system's; `InvalidInput` for a name that is none, `NotFound` for what is not a regular file.
    pub fn open_file(&self, place: &FileLocation) -> io::Result<File> {
        open_regular(self.open_directory(place)?, folder_component(&place.name)?)
    }

    /// What stands at that place.
    ///
    /// # Errors
    /// The system's.
    pub fn entry(&self, place: &FileLocation) -> io::Result<Option<DirEntry>> {
        match self.open_directory(place) {
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            directory => entry(&directory?, folder_component(&place.name)?),
        }
    }

    /// Whether anything stands at that place, whatever it is.
    ///
    /// # Errors
    /// The system's.
    pub fn exists(&self, place: &FileLocation) -> io::Result<bool> {
        let directory = match self.open_directory(place) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        match rustix::fs::statat(&directory, folder_component(&place.name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(rustix::io::Errno::NOENT) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Renames a file or directory; never over another one. Durable when both directories are:
    /// [`MediaDir::sync_directory_of`].
    ///
    /// # Errors
    /// `AlreadyExists` when the place is taken; the system's. Nothing was renamed then.
    pub fn rename(&self, from: &FileLocation, to: &FileLocation) -> io::Result<()> {
        let (old, new) = (self.open_directory(from)?, self.open_directory(to)?);
        rustix::fs::renameat_with(
            &old,
            folder_component(&from.name)?,
            &new,
            folder_component(&to.name)?,
            RenameFlags::NOREPLACE,
        )?;
        Ok(())
    }

    /// Makes the directory of `place` and those above it where they are gone.
    ///
    /// # Errors
    /// The system's.
    pub fn create_parents(&self, place: &FileLocation) -> io::Result<()> {
        let mut above = String::new();
        for part in place.directory.split('/').filter(|part| !part.is_empty()) {
            self.create_directory(&FileLocation::new(&place.folder, &above, part))?;
            above = if above.is_empty() { part.to_owned() } else { format!("{above}/{part}") };
        }
        Ok(())
    }

    /// What lies in a person's directory ("" = at the top of their folder).
    ///
    /// # Errors
    /// The system's; `InvalidInput` for what is no path.
    pub fn list(&self, folder: &str, path: &str) -> io::Result<Vec<DirEntry>> {
        entries(&self.open_directory(&FileLocation::new(folder, path, "x"))?)
    }

    /// What lies beside people's folders and is none of ours.
    ///
    /// # Errors
    /// The system's.
    pub fn list_user_folders(&self) -> io::Result<Vec<DirEntry>> {
        let ours = |entry: &DirEntry| match entry.name.as_deref() {
            Some(INCOMING | UPLOADS | QUARANTINE | ".gitkeep") => true,
            Some(name) => name.starts_with(BEFORE_RESTORE_PREFIX) || name.starts_with(RESTORING_PREFIX),
            None => false,
        };
        Ok(entries(&self.root)?.into_iter().filter(|entry| !ours(entry)).collect())
    }

    /// Names of what the malware scanner took away.
    ///
    /// # Errors
    /// The system's.
    pub fn list_quarantine(&self) -> io::Result<Vec<String>> {
        let entries = entries(&self.open_directory(&FileLocation::quarantined(uuid::Uuid::nil()))?)?;
        Ok(entries.into_iter().map(|entry| entry.display_name()).collect())
    }

    /// Claims the tree for this process until it ends.
    ///
    /// # Errors
    /// `WouldBlock` when another server has it.
    pub fn claim(&self) -> io::Result<()> {
        match rustix::fs::flock(&self.root, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            // A file system without locks: the one way to know is not there.
            Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS | rustix::io::Errno::BADF) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Takes a file away for good; one that is not there is gone already.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_file(&self, place: &FileLocation) -> io::Result<()> {
        let directory = self.open_directory(place)?;
        match rustix::fs::unlinkat(&directory, folder_component(&place.name)?, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Makes a directory; one that is there is taken over.
    ///
    /// # Errors
    /// The system's; `NotADirectory` where a file has that name.
    pub fn create_directory(&self, place: &FileLocation) -> io::Result<()> {
        let parent = self.open_directory(place)?;
        create_directory_at(&parent, folder_component(&place.name)?, Mode::from_raw_mode(0o750))?;
        rustix::fs::openat2(&parent, &place.name, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty(), RESOLVE_FLAGS)?;
        Ok(rustix::fs::fsync(&parent)?)
    }

    /// Takes an empty directory away; one that holds something stays, and the answer is false.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_directory(&self, place: &FileLocation) -> io::Result<bool> {
        let parent = self.open_directory(place)?;
        match rustix::fs::unlinkat(&parent, folder_component(&place.name)?, AtFlags::REMOVEDIR) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(true),
            Err(rustix::io::Errno::NOTEMPTY) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Whether that person's folder is there.
    #[must_use]
    pub fn has_user_folder(&self, folder: &str) -> bool {
        self.open_user_folder(folder).is_ok()
    }

    fn open_user_folder(&self, folder: &str) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat2(
            &self.root,
            folder_component(folder)?,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            RESOLVE_FLAGS,
        )?)
    }

    /// The directory of `place`, resolved beneath the person's own folder.
    pub(crate) fn open_directory(&self, place: &FileLocation) -> io::Result<OwnedFd> {
        let person = self.open_user_folder(&place.folder)?;
        if place.directory.is_empty() {
            return Ok(person);
        }
        for part in place.directory.split('/') {
            folder_component(part)?;
        }
        Ok(rustix::fs::openat2(&person, &place.directory, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty(), RESOLVE_FLAGS)?)
    }
}

fn create_directory_at(parent: &OwnedFd, name: &str, mode: Mode) -> io::Result<()> {
    match rustix::fs::mkdirat(parent, name, mode) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

/// `name` if it is one plain path component.
fn folder_component(name: &str) -> io::Result<&str> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) || name.len() > 255 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file name"));
    }
    Ok(name)
}

/// A name in capital ASCII: `José María` → `JOSE_MARIA`.
fn ascii_capitals(name: &str) -> String {
    let ascii = deunicode::deunicode(name).to_ascii_uppercase();
    let words = ascii.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("_");
    let short: String = joined.chars().take(60).collect();
    if short.is_empty() { "X".into() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType};
    use std::io::Read;

    fn tree() -> (tempfile::TempDir, MediaDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let tree = MediaDir::open(folder.path()).unwrap();
        let person = tree.create_user_folder(27, "John", "Doe", "<svg/>").unwrap();
        (folder, tree, person)
    }

    #[test]
    fn a_new_person_has_the_seven_folders_and_a_picture() {
        let (root, _tree, person) = tree();
        assert_eq!(person, "00027_JOHN_DOE001");
        let mut names: Vec<_> = std::fs::read_dir(root.path().join(&person))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["Audios", "Favorites", "Photos", "Recents", "Trash", "Uploads", "Videos", "user_icon.svg"]);
    }

    #[test]
    fn a_folder_name_that_is_taken_gets_the_next_number() {
        let (_root, tree, _) = tree();
        assert_eq!(tree.create_user_folder(27, "John", "Doe", "<svg/>").unwrap(), "00027_JOHN_DOE002");
    }

    #[test]
    fn folder_names_are_capital_ascii_whatever_the_alphabet() {
        assert_eq!(ascii_capitals("José María"), "JOSE_MARIA");
        assert_eq!(ascii_capitals("O'Brien-Smith"), "O_BRIEN_SMITH");
        assert_eq!(ascii_capitals("../.."), "X");
        assert!(ascii_capitals("北京").chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    }

    #[test]
    fn a_rename_never_overwrites() {
        let (root, tree, person) = tree();
        let folder = root.path().join(&person).join("Photos");
        std::fs::write(folder.join("a"), "1").unwrap();
        std::fs::write(folder.join("b"), "2").unwrap();
        let failed = tree.rename(&FileLocation::new(&person, "Photos", "a"), &FileLocation::new(&person, "Photos", "b"));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(folder.join("b")).unwrap(), "2");
    }

    #[test]
    fn symlinks_dots_and_fifos_are_never_followed_or_opened() {
        let (root, tree, person) = tree();
        let other = tree.create_user_folder(28, "Jane", "Roe", "<svg/>").unwrap();
        std::fs::write(root.path().join(&other).join("Photos/secret"), "secret").unwrap();
        let photos = root.path().join(&person).join("Photos");
        std::os::unix::fs::symlink(root.path().join(&other).join("Photos/secret"), photos.join("link")).unwrap();
        std::os::unix::fs::symlink(root.path().join(&other).join("Photos"), photos.join("dir")).unwrap();
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
            assert!(tree.open_file(&FileLocation::new(&person, directory, name)).is_err(), "{directory}/{name}");
        }
        let mut text = String::new();
        tree.open_file(&FileLocation::new(&other, "Photos", "secret")).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "secret");
    }
}
