//! State and result of scanning a user's folder.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::error::Result;
use crate::model::{Directory, ItemId, User};
use crate::state::Services;
use crate::storage::FileLocation;
use crate::store;

/// Directories scanned per user.
const MAX_DIRECTORIES: i64 = 100_000;

/// What was found and done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FolderScanReport {
    pub looked_at: u64,
    pub taken_in: u64,
    pub moved: u64,
    pub changed: u64,
    pub vanished: u64,
    pub back: u64,
    /// Files that may still be changing; the next scan will see them.
    pub waiting: u64,
    /// What was not stored, and why.
    pub left: Vec<(String, String)>,
}

/// The scan of one user's folder.
pub(crate) struct FolderScan<'a> {
    pub services: &'a Services,
    pub user: &'a User,
    pub noticed: &'a mut FolderScanReport,
    /// Items whose files were not in place.
    pub missing: Vec<ItemId>,
    /// Whether a directory may have become empty.
    pub is_emptied: bool,
    /// Files last changed before this time are settled.
    pub settled_by: SystemTime,
}

impl FolderScanReport {
    /// Whether rows were changed or something was skipped.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let quiet = Self { looked_at: self.looked_at, waiting: self.waiting, ..Self::default() };
        *self != quiet
    }
}

impl<'a> FolderScan<'a> {
    /// A scan that begins now; files changed less than `settled` ago are left for the next one.
    pub(crate) fn new(
        services: &'a Services,
        user: &'a User,
        noticed: &'a mut FolderScanReport,
        settled: Duration,
    ) -> Self {
        let settled_by = SystemTime::now() - settled;
        Self { services, user, noticed, missing: Vec::new(), is_emptied: false, settled_by }
    }

    pub(crate) fn skip(&mut self, path: &str, why: &str) {
        self.noticed.left.push((format!("{}/{path}", self.user.folder), why.to_owned()));
    }

    pub(crate) fn known_directories(&self) -> Result<HashMap<String, Directory>> {
        let known = self
            .services
            .db
            .read(|conn| Ok(store::directories::list(conn, self.user.id, MAX_DIRECTORIES)?))?;
        Ok(known
            .into_iter()
            .map(|directory| (directory.directory_path.clone(), directory))
            .collect())
    }

    pub(crate) fn is_on_disk(&self, directory: &Directory) -> Result<bool> {
        let (above, name) =
            directory.directory_path.rsplit_once('/').unwrap_or(("", &directory.directory_path));
        Ok(self.services.media_dir.exists(&FileLocation::new(&self.user.folder, above, name))?)
    }
}
