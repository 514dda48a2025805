//! Folders and ZIP archives to import from, read alike. Symlinks are never followed, and no path leads out of an archive.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zip::ZipArchive;

use super::external_tree::ExternalTree;
use crate::sync::lock;

/// Entries of one archive.
const MAX_ENTRIES: usize = 1_000_000;

/// The path of a file that cannot be read, and why.
pub type LeftOut = (String, String);

/// A folder or a ZIP archive.
pub enum ArchiveSource {
    Folder(ExternalTree),
    Zip(Box<Mutex<ZipArchive<BufReader<File>>>>),
}

/// A file in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// Names from the top, separated by `/`.
    pub path: String,
    /// Its number in a ZIP archive.
    index: usize,
}

impl ArchiveSource {
    /// Opens a folder, or a file that is a ZIP archive.
    ///
    /// # Errors
    /// The system's; `InvalidData` for another file.
    pub fn open(path: &Path) -> io::Result<Self> {
        if std::fs::metadata(path)?.is_dir() {
            return Ok(Self::Folder(ExternalTree::open(path)?));
        }
        let archive = ZipArchive::new(BufReader::new(File::open(path)?))
            .map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause.to_string()))?;
        Ok(Self::Zip(Box::new(Mutex::new(archive))))
    }

    /// Lists all files, ordered by path, and what is left out, with the reason.
    ///
    /// # Errors
    /// The system's.
    pub fn entries(&self) -> io::Result<(Vec<ArchiveEntry>, Vec<LeftOut>)> {
        let (mut entries, mut left_out) = (Vec::new(), Vec::new());
        match self {
            Self::Folder(tree) => {
                let contents = tree.contents(Path::new("."))?;
                for path in contents.files {
                    match path.to_str() {
                        Some(text) => {
                            entries.push(ArchiveEntry { path: text.to_owned(), index: 0 });
                        }
                        None => left_out
                            .push((path.display().to_string(), "its name is not UTF-8".into())),
                    }
                }
                let others = contents.others.into_iter();
                left_out.extend(others.map(|(path, why)| (path.display().to_string(), why)));
            }
            Self::Zip(archive) => {
                let mut archive = lock(archive);
                for index in 0..archive.len().min(MAX_ENTRIES) {
                    let entry = archive.by_index_raw(index).map_err(io::Error::other)?;
                    // `None` for a path that leads out of the archive.
                    let path: Option<PathBuf> = entry.enclosed_name();
                    match path.as_deref().and_then(Path::to_str) {
                        _ if entry.is_dir() => {}
                        Some(_) if entry.is_symlink() => {
                            left_out.push((entry.name().to_owned(), "a link".into()));
                        }
                        Some(path) => {
                            entries.push(ArchiveEntry { path: path.to_owned(), index });
                        }
                        None => left_out
                            .push((entry.name().to_owned(), "a path out of the archive".into())),
                    }
                }
            }
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok((entries, left_out))
    }

    /// Reads a file: passes its size, when it was last changed, and its bytes to `read`.
    ///
    /// # Errors
    /// The system's; those of `read`.
    pub fn read<T>(
        &self,
        entry: &ArchiveEntry,
        read: impl FnOnce(u64, Option<SystemTime>, &mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        match self {
            Self::Folder(tree) => {
                let mut file = tree.open_file(Path::new(&entry.path))?;
                let metadata = file.metadata()?;
                read(metadata.len(), metadata.modified().ok(), &mut file)
            }
            Self::Zip(archive) => {
                let mut archive = lock(archive);
                let mut file = archive.by_index(entry.index).map_err(io::Error::other)?;
                let (size, modified) = (file.size(), file.last_modified().and_then(to_system_time));
                read(size, modified, &mut file)
            }
        }
    }
}

/// The date of an entry, whose zone the format does not say; taken as UTC.
fn to_system_time(at: zip::DateTime) -> Option<SystemTime> {
    let month = time::Month::try_from(at.month()).ok()?;
    let date = time::Date::from_calendar_date(i32::from(at.year()), month, at.day()).ok()?;
    let clock = time::Time::from_hms(at.hour(), at.minute(), at.second()).ok()?;
    let seconds = time::PrimitiveDateTime::new(date, clock).assume_utc().unix_timestamp();
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn folders_and_archives_are_read_alike() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("folder/a")).unwrap();
        std::fs::write(root.path().join("folder/a/b.txt"), "words").unwrap();
        let path = root.path().join("a.zip");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        for name in ["a/b.txt", "../out.txt"] {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(b"words").unwrap();
        }
        archive.finish().unwrap();

        for (path, left) in [(root.path().join("folder"), 0), (path, 1)] {
            let source = ArchiveSource::open(&path).unwrap();
            let (entries, left_out) = source.entries().unwrap();
            let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
            assert_eq!((paths, left_out.len()), (vec!["a/b.txt"], left));
            let text = source.read(&entries[0], |size, _, bytes| {
                let mut text = String::new();
                bytes.read_to_string(&mut text)?;
                Ok((size, text))
            });
            assert_eq!(text.unwrap(), (5, "words".to_owned()));
        }
        assert!(ArchiveSource::open(&root.path().join("folder/a/b.txt")).is_err());
    }
}
