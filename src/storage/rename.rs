//! Renames that never overwrite, also on file systems that do not offer them (such as NFS and Gluster).

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::{Errno, Result};

/// How a file system renames without overwriting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RenameMethod {
    /// With `RENAME_NOREPLACE` (renameat2(2)).
    NoReplace,
    /// A file is linked to its new name, which fails if the name is taken, and then unlinked from its old one. If the process
    /// is killed in between, it has both names; the next rename between them, in either direction, completes it.
    Link,
}

impl RenameMethod {
    /// Determines the method with a file in `directory`, which is removed again.
    ///
    /// # Errors
    /// `Unsupported` if the file system offers neither method.
    pub fn probe(directory: &OwnedFd) -> io::Result<Self> {
        let (old, new) = (probe_name(), probe_name());
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        // A full or read-only disk does not tell; changes fail there anyway.
        let Ok(probe) = rustix::fs::openat(directory, &old, flags, Mode::RUSR | Mode::WUSR) else {
            return Ok(Self::NoReplace);
        };
        drop(probe);
        let tried = [Self::NoReplace, Self::Link]
            .map(|method| (method, method.rename(directory, &old, directory, &new)));
        // Other failures, such as a full disk, do not tell what the file system offers.
        let is_offered = |renamed: &Result<()>| {
            let missing = [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::PERM];
            renamed.is_ok() || renamed.is_err_and(|cause| !missing.contains(&cause))
        };
        let method =
            tried.iter().find(|(_, renamed)| is_offered(renamed)).map(|(method, _)| *method);
        for name in [&old, &new] {
            // One of them does not exist.
            let _ = rustix::fs::unlinkat(directory, name, AtFlags::empty());
        }
        method.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "its file system has neither RENAME_NOREPLACE nor hard links, so files could be overwritten",
            )
        })
    }

    /// Renames a file or directory.
    ///
    /// # Errors
    /// `EXIST` when the new name is taken.
    pub fn rename(
        self,
        old: &OwnedFd,
        old_name: &str,
        new: &OwnedFd,
        new_name: &str,
    ) -> Result<()> {
        if self == Self::NoReplace {
            let flags = RenameFlags::NOREPLACE;
            return rustix::fs::renameat_with(old, old_name, new, new_name, flags);
        }

        let stat = rustix::fs::statat(old, old_name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            return rename_directory(old, old_name, new, new_name);
        }
        match rustix::fs::linkat(old, old_name, new, new_name, AtFlags::empty()) {
            // Both names belong to the file since a rename was interrupted.
            Err(Errno::EXIST) if is_same_file(old, old_name, new, new_name)? => {}
            linked => linked?,
        }
        rustix::fs::unlinkat(old, old_name, AtFlags::empty())
    }
}

/// Renames a directory, which cannot be linked, over an empty one that takes the new name first. If something is put into
/// that one meanwhile, the rename fails.
fn rename_directory(old: &OwnedFd, old_name: &str, new: &OwnedFd, new_name: &str) -> Result<()> {
    rustix::fs::mkdirat(new, new_name, Mode::RWXU)?;
    let renamed = rustix::fs::renameat(old, old_name, new, new_name);
    if renamed.is_err() {
        // Only an empty directory is removed.
        let _ = rustix::fs::unlinkat(new, new_name, AtFlags::REMOVEDIR);
    }
    renamed
}

fn is_same_file(old: &OwnedFd, old_name: &str, new: &OwnedFd, new_name: &str) -> Result<bool> {
    let stat =
        |directory, name: &str| rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    let (one, other) = (stat(old, old_name)?, stat(new, new_name)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

fn probe_name() -> String {
    format!("rename-{}", uuid::Uuid::now_v7().simple())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn directory() -> (tempfile::TempDir, OwnedFd) {
        let folder = tempfile::tempdir().unwrap();
        let opened = fs::File::open(folder.path()).unwrap().into();
        (folder, opened)
    }

    #[test]
    fn neither_method_overwrites_anything() {
        for method in [RenameMethod::NoReplace, RenameMethod::Link] {
            let (folder, opened) = directory();
            fs::write(folder.path().join("a"), "1").unwrap();
            fs::write(folder.path().join("b"), "2").unwrap();
            fs::create_dir_all(folder.path().join("d/inner")).unwrap();
            fs::create_dir(folder.path().join("e")).unwrap();

            let rename = |old: &str, new: &str| method.rename(&opened, old, &opened, new);
            assert_eq!(rename("a", "b"), Err(Errno::EXIST), "{method:?}");
            assert_eq!(rename("d", "e"), Err(Errno::EXIST), "{method:?}");
            assert_eq!(rename("missing", "c"), Err(Errno::NOENT), "{method:?}");
            rename("a", "c").unwrap();
            rename("d", "f").unwrap();

            assert_eq!(fs::read_to_string(folder.path().join("b")).unwrap(), "2");
            assert_eq!(fs::read_to_string(folder.path().join("c")).unwrap(), "1");
            assert!(folder.path().join("f/inner").is_dir());
            assert!(!folder.path().join("a").exists() && !folder.path().join("d").exists());
        }
    }

    #[test]
    fn an_interrupted_link_is_completed_in_either_direction() {
        for (old, new) in [("a", "b"), ("b", "a")] {
            let (folder, opened) = directory();
            fs::write(folder.path().join("a"), "1").unwrap();
            fs::hard_link(folder.path().join("a"), folder.path().join("b")).unwrap();
            RenameMethod::Link.rename(&opened, old, &opened, new).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join(new)).unwrap(), "1");
            assert!(!folder.path().join(old).exists());
        }
    }

    #[test]
    fn the_probe_leaves_nothing_behind() {
        let (folder, opened) = directory();
        assert_eq!(RenameMethod::probe(&opened).unwrap(), RenameMethod::NoReplace);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
