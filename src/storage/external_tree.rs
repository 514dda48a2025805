//! A foreign directory tree, for imports: reads files and can remove imported ones. Symlinks are never followed.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use super::dir_entry::each;
use super::open_beneath::{RESOLVE_FLAGS, open_regular};

/// How deeply nested folders may be.
const MAX_DEPTH: usize = 64;

/// The root of a foreign tree.
pub struct ExternalTree {
    root: OwnedFd,
}

/// Everything below a folder.
#[derive(Default)]
pub struct DirectoryContents {
    /// Relative to the folder.
    pub directories: Vec<PathBuf>,
    /// Relative to the folder.
    pub files: Vec<PathBuf>,
    /// Entries that are neither, and folders that cannot be read, with the reason.
    pub others: Vec<(PathBuf, String)>,
}

impl ExternalTree {
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            root: rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?,
        })
    }

    /// Returns the folders at the top.
    pub fn folders(&self) -> io::Result<Vec<OsString>> {
        let entries = list_directory(&self.root)?.into_iter();
        Ok(entries.filter(|(_, kind)| *kind == FileType::Directory).map(|(name, _)| name).collect())
    }

    /// Lists everything below a top-level folder: files, directories, and under `others` what is skipped and why. Files
    /// and directories are each sorted by path.
    ///
    /// # Errors
    /// Only if the folder itself cannot be read.
    pub fn contents(&self, folder: &Path) -> io::Result<DirectoryContents> {
        let mut contents = DirectoryContents::default();

        // Without recursion, because the depth is controlled by others.
        let mut pending = vec![PathBuf::new()];
        while let Some(inner) = pending.pop() {
            let read_result = self
                .open_directory(&folder.join(&inner))
                .and_then(|directory| list_directory(&directory));
            let entries = match read_result {
                Ok(entries) => entries,
                // The top folder must be readable; others are skipped.
                Err(cause) if inner.as_os_str().is_empty() => return Err(cause),
                Err(cause) => {
                    contents.others.push((inner, cause.to_string()));
                    continue;
                }
            };

            // In reverse, so that folders are taken from the end of `pending` in order of names.
            for (name, kind) in entries.into_iter().rev() {
                let path = inner.join(name);
                match kind {
                    FileType::RegularFile => contents.files.push(path),
                    FileType::Directory if path.components().count() > MAX_DEPTH => {
                        contents.others.push((path, "too many folders within folders".into()));
                    }
                    FileType::Directory => {
                        contents.directories.push(path.clone());
                        pending.push(path);
                    }
                    FileType::Symlink => contents.others.push((path, "a link".into())),
                    _ => contents.others.push((path, "not a file".into())),
                }
            }
        }

        // In a stable order, so that repeated runs agree.
        contents.files.sort();
        contents.directories.sort();
        Ok(contents)
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// The system's; `NotFound` for what is not a regular file.
    pub fn open_file(&self, path: &Path) -> io::Result<File> {
        open_regular(&self.root, path)
    }

    /// Removes a file after it has been imported.
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        let (above, name) =
            (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
        Ok(rustix::fs::unlinkat(self.open_directory(above)?, name, AtFlags::empty())?)
    }

    fn open_directory(&self, path: &Path) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat2(
            &self.root,
            path,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            RESOLVE_FLAGS,
        )?)
    }
}

/// Lists names and kinds, ordered by name.
fn list_directory(directory: &OwnedFd) -> io::Result<Vec<(OsString, FileType)>> {
    let mut found = each(directory, |name, stat| {
        (OsString::from_vec(name.to_bytes().to_vec()), FileType::from_raw_mode(stat.st_mode))
    })?;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_named_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("one");
        std::fs::create_dir_all(folder.join("Photos/Trip")).unwrap();
        std::fs::write(folder.join("Photos/Trip/a.jpg"), "a").unwrap();
        std::fs::write(root.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
        std::os::unix::fs::symlink("..", folder.join("up")).unwrap();
        let foreign = ExternalTree::open(root.path()).unwrap();
        let contents = foreign.contents(Path::new("one")).unwrap();
        assert_eq!(contents.files, [Path::new("Photos/Trip/a.jpg")]);
        assert_eq!(contents.directories, [Path::new("Photos"), Path::new("Photos/Trip")]);
        assert_eq!(contents.others.len(), 2);
        assert!(foreign.open_file(Path::new("one/link")).is_err());
        assert!(foreign.open_file(Path::new("one/up/secret")).is_err());
        assert!(foreign.open_file(Path::new("one/Photos")).is_err());
        assert!(foreign.open_file(Path::new("one/Photos/Trip/a.jpg")).is_ok());
    }
}
