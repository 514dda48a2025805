//! Names of directories that other programs made: kept, or renamed on disk as names of files are.

use super::scan_report::FolderScan;
use crate::domain::library::directories::MAX_PATH_CHARS;
use crate::storage::dir_entry::DirEntry;
use crate::storage::{FileLocation, FileName};

/// Numbers that are tried for the name of a directory that is taken.
const MAX_NUMBERED: u32 = 100;

impl FolderScan<'_> {
    /// The path of a directory that can be stored.
    pub(super) fn scan_children(&mut self, path: &str, entry: &DirEntry) -> Option<String> {
        let name = entry.name.as_deref().filter(|name| !name.starts_with('.'))?;
        let inner = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if inner.chars().count() > MAX_PATH_CHARS {
            self.skip(&inner, "its path is too long");
            return None;
        }
        match FileName::parse(name) {
            Some(parsed) if parsed.as_str() == name => Some(inner),
            Some(parsed) => self.rename_directory(path, name, &parsed),
            None => {
                self.skip(&inner, "its name cannot be kept");
                None
            }
        }
    }

    /// Renames a directory on disk to the name under which it can be kept, as is done with files. It has no row yet.
    /// Returns its new path.
    fn rename_directory(&mut self, path: &str, name: &str, wanted: &FileName) -> Option<String> {
        let (services, folder) = (self.services, &self.user.folder);
        let from = FileLocation::new(folder, path, name);
        let _moves_lock = services.lock_moves(self.user.id);

        // A name that is taken gets a number.
        for number in 0..MAX_NUMBERED {
            let to = from.with_name(&wanted.numbered(number));
            match services.media_dir.rename(&from, &to) {
                Ok(()) if path.is_empty() => return Some(to.name().to_owned()),
                Ok(()) => return Some(format!("{path}/{}", to.name())),
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(cause) => {
                    self.skip(&format!("{path}/{name}"), &format!("cannot be renamed: {cause}"));
                    return None;
                }
            }
        }
        self.skip(&format!("{path}/{name}"), "its name cannot be kept");
        None
    }
}
