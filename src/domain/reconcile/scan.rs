//! Scans users' folders: all of them, or paths that changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::amend;
use super::scan_report::{FolderScan, FolderScanReport};
use crate::domain::accounts::admin;
use crate::domain::file_moves;
use crate::domain::library::create_directory;
use crate::error::{Error, Result};
use crate::model::{Directory, UserId};
use crate::state::Services;
use crate::storage::dir_entry::{DirEntry, EntryKind};
use crate::storage::media_dir::AVATAR_FILE;
use crate::storage::{FileLocation, FileName};
use crate::store;

/// Rows read per query.
const PAGE_ITEMS: i64 = 1000;
/// Files stored together.
const MAX_BATCH_FILES: usize = 64;

/// The folders in which changes by other programs are noticed: those of active users.
pub fn watched_folders(services: &Services) -> Result<BTreeSet<String>> {
    let folders = services.db.read(|conn| Ok(store::users::list_active_folders(conn)?))?;
    Ok(folders.into_iter().collect())
}

/// Scans all users' folders, or one user's, for files that other programs have added, changed, moved or removed, and
/// updates the rows. Files changed or renamed less than `settled` ago are left for the next scan.
pub fn scan(
    services: &Services,
    only_user: Option<UserId>,
    settled: Duration,
) -> Result<FolderScanReport> {
    let mut report = FolderScanReport::default();
    admin::for_each_user(services, |user| {
        // A request that was not approved yet has no folder.
        let is_meant = only_user.is_none_or(|only_user| user.id == only_user);
        if is_meant && !user.folder.is_empty() {
            FolderScan::new(services, user, &mut report, settled).run()?;
        }
        Ok(())
    })?;
    Ok(report)
}

/// Scans changed paths, which are relative to the media folder, and updates the rows. Also returns the paths that have
/// to be scanned again, because a file there was changed less than `settled` ago or is being moved.
pub fn scan_paths(
    services: &Services,
    paths: &[PathBuf],
    settled: Duration,
) -> Result<(FolderScanReport, Vec<PathBuf>)> {
    let (mut report, mut again) = (FolderScanReport::default(), Vec::new());

    // Paths by user folder, so that each user is read once.
    let mut by_folder: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for path in paths {
        let mut parts = path.components();
        if let Some(folder) = parts.next().and_then(|folder| folder.as_os_str().to_str()) {
            by_folder.entry(folder).or_default().push(parts.as_path());
        }
    }

    for (folder, inner) in by_folder {
        // A folder's name begins with the id of its user.
        let id = folder.split('_').next().and_then(|number| number.parse().ok()).map(UserId);
        let user = services
            .db
            .read(|conn| Ok(id.map(|id| store::users::find(conn, id)).transpose()?.flatten()))?;
        // A folder that belongs to no user is not scanned.
        let Some(user) = user.filter(|user| user.folder == folder) else { continue };

        let mut folder_scan = FolderScan::new(services, &user, &mut report, settled);
        for path in inner {
            // `waiting` counts files that may still be changing; if it grows, the path has to be scanned again.
            let before = folder_scan.noticed.waiting;
            folder_scan.scan_path(path)?;
            if folder_scan.noticed.waiting > before {
                again.push(Path::new(folder).join(path));
            }
        }

        // Only after all paths were scanned, because the file of a missing item may have been found at another path.
        folder_scan.mark_missing()?;
        if folder_scan.is_emptied {
            folder_scan.remove_empty_directories()?;
        }
    }
    Ok((report, again))
}

impl FolderScan<'_> {
    fn run(mut self) -> Result<()> {
        let known = self.known_directories()?;
        let left = self.scan_subtree(String::new(), known)?;
        for directory in left.into_values() {
            self.load_rows(&directory, &mut HashMap::new())?;
        }
        self.mark_missing()?;
        self.remove_empty_directories()
    }

    /// Scans one path: a file that appeared, changed or vanished, or a directory with its contents.
    fn scan_path(&mut self, path: &Path) -> Result<()> {
        // Paths that are not UTF-8 have no row and cannot get one.
        let Some(path) = path.to_str() else { return Ok(()) };
        if path.is_empty() {
            // An empty path is the user's folder itself, which was not watched so far. The directories that were not
            // found, which are returned, are not needed here.
            self.scan_subtree(String::new(), self.known_directories()?)?;
            return Ok(());
        }

        // A directory whose name cannot be kept is renamed when its parent is scanned.
        let is_kept = |name: &str| FileName::parse(name).is_some_and(|kept| kept.as_str() == name);
        let mut parent = String::new();
        let directories = path.rsplit_once('/').map_or("", |(directories, _)| directories);
        for name in directories.split('/').filter(|name| !name.is_empty()) {
            if !is_kept(name) {
                self.scan_subtree(parent, self.known_directories()?)?;
                return Ok(());
            }
            parent = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
        }

        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        // An entry that cannot be read is treated as absent; before an item is marked as missing, its file is looked
        // for again.
        let entry = self
            .services
            .media_dir
            .entry(&FileLocation::new(&self.user.folder, above, name))
            .ok()
            .flatten();

        // The whole subtree may have appeared at once.
        if entry.as_ref().is_some_and(|entry| entry.kind == EntryKind::Directory) {
            let start = if is_kept(name) { path } else { above };
            self.scan_subtree(start.to_owned(), self.known_directories()?)?;
            return Ok(());
        }

        let (services, user) = (self.services, self.user);
        let row =
            services.db.read(|conn| match store::items::find_at(conn, user.id, above, name)? {
                Some(id) => Ok(store::items::find(conn, user.id, id)?),
                None => Ok(None),
            })?;

        // What the disk says, and what the row says.
        match (entry, row) {
            (None, Some(item)) => self.missing.push(item.id),
            // A directory that vanished with its contents.
            (None, None) => {
                for directory in self.known_directories()?.into_values() {
                    let is_beneath = directory.directory_path == path
                        || directory.directory_path.starts_with(&format!("{path}/"));
                    if is_beneath && !self.is_on_disk(&directory)? {
                        self.is_emptied = true;
                        // Without any files, every item of the directory counts as missing.
                        self.load_rows(&directory, &mut HashMap::new())?;
                    }
                }
            }
            (Some(entry), Some(item)) => {
                self.compare(
                    &create_directory::find_or_create(services, user, above)?,
                    &item,
                    &entry,
                )?;
            }
            (Some(entry), None) if entry.kind == EntryKind::File && !above.is_empty() => {
                let requests = self.ingest_new(
                    &create_directory::find_or_create(services, user, above)?,
                    &entry,
                )?;
                self.ingest(requests.into_iter().collect())?;
            }
            (Some(entry), None) if above.is_empty() => self.skip_top_entry(&entry),
            // Links and devices are never stored.
            (Some(_), None) => {}
        }
        Ok(())
    }

    /// Scans everything below a directory; returns those of `known` that were not found.
    fn scan_subtree(
        &mut self,
        path: String,
        mut known: HashMap<String, Directory>,
    ) -> Result<HashMap<String, Directory>> {
        // Without recursion, because the depth is controlled by other programs.
        let mut pending = vec![path];
        while let Some(path) = pending.pop() {
            let Ok(entries) = self.services.media_dir.list(&self.user.folder, &path) else {
                self.skip(&path, "cannot be looked into");
                continue;
            };

            for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Directory) {
                if let Some(inner) = self.scan_children(&path, entry) {
                    pending.push(inner);
                }
            }

            // Files beside the standard folders are not stored.
            if path.is_empty() {
                for entry in &entries {
                    self.skip_top_entry(entry);
                }
                continue;
            }

            let directory = match known.remove(&path) {
                Some(directory) => directory,
                None => create_directory::find_or_create(self.services, self.user, &path)?,
            };
            self.scan_directory(&directory, entries)?;
        }

        Ok(known)
    }

    /// Reports a file at the top level of the user folder, which cannot be stored there. Hidden files are ignored.
    fn skip_top_entry(&mut self, entry: &DirEntry) {
        let shown = entry.display_name();
        if entry.kind != EntryKind::Directory && shown != AVATAR_FILE && !shown.starts_with('.') {
            self.skip(&shown, "it lies beside the folders; move it into one of them");
        }
    }

    /// Compares a directory's rows with its files; those left in `files` have no row.
    fn load_rows(
        &mut self,
        directory: &Directory,
        files: &mut HashMap<String, DirEntry>,
    ) -> Result<()> {
        let mut after = None;
        loop {
            // Rows in pages, because a directory can have any number of items.
            let page = self.services.db.read(|conn| {
                Ok(store::items::list_in_after(
                    conn,
                    self.user.id,
                    directory.directory_id,
                    after,
                    PAGE_ITEMS,
                )?)
            })?;

            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);

            for item in &page {
                self.noticed.looked_at += 1;
                match files.remove(&item.disk_name) {
                    None => self.missing.push(item.id),
                    Some(entry) => self.compare(directory, item, &entry)?,
                }
            }
        }
    }

    /// Compares the files of a directory with its rows, and stores files without a row as new items, in batches.
    fn scan_directory(&mut self, directory: &Directory, entries: Vec<DirEntry>) -> Result<()> {
        let path = &directory.directory_path;

        let mut files: HashMap<String, DirEntry> = HashMap::new();

        // Links and devices are reported and skipped.
        for entry in entries {
            match (entry.kind, &entry.name) {
                (EntryKind::File, Some(name)) => drop(files.insert(name.clone(), entry)),
                (EntryKind::Directory, _) => {}
                _ => self.skip(
                    &format!("{path}/{}", entry.display_name()),
                    "a link, a device, or a name that is not UTF-8",
                ),
            }
        }

        self.load_rows(directory, &mut files)?;
        let mut new: Vec<DirEntry> = files.into_values().collect();
        new.sort_by_key(DirEntry::display_name);

        // In batches, so that a large copy does not become one transaction.
        let mut requests = Vec::new();
        for entry in new {
            self.noticed.looked_at += 1;
            requests.extend(self.ingest_new(directory, &entry)?);
            if requests.len() >= MAX_BATCH_FILES {
                self.ingest(std::mem::take(&mut requests))?;
            }
        }
        self.ingest(requests)
    }

    /// Marks items whose files are neither in place nor found elsewhere.
    fn mark_missing(&mut self) -> Result<()> {
        let (services, user) = (self.services, self.user);
        for id in std::mem::take(&mut self.missing) {
            // Items deleted meanwhile or marked already are skipped.
            let candidate = services.db.read(|conn| Ok(store::items::find(conn, user.id, id)?))?;
            let Some(candidate) = candidate.filter(|candidate| !candidate.is_missing) else {
                continue;
            };
            let directory = services.db.read(|conn| {
                Ok(store::directories::find(conn, user.id, candidate.directory_id)?)
            })?;
            let path = directory.ok_or(Error::NotFound)?.directory_path;
            let place = FileLocation::new(&user.folder, &path, &candidate.disk_name);

            // The item may have been moved or restored since it was read.
            let was_marked = file_moves::with_item_locked(services, user.id, id.0, &place, || {
                let after = services.db.read(|conn| Ok(store::items::find(conn, user.id, id)?))?;
                let is_unchanged = after.is_some_and(|after| {
                    (after.directory_id, &after.disk_name)
                        == (candidate.directory_id, &candidate.disk_name)
                });
                if !is_unchanged || services.media_dir.exists(&place)? {
                    return Ok(false);
                }
                // Missing, but not damaged.
                amend::set_state(services, user, id, true, false)?;
                Ok(true)
            })?;
            self.noticed.vanished += u64::from(was_marked == Some(true));
        }

        Ok(())
    }

    /// Removes rows of users' own directories that are gone on disk and empty.
    fn remove_empty_directories(&self) -> Result<()> {
        let (services, user) = (self.services, self.user);
        let mut directories: Vec<_> = self
            .known_directories()?
            .into_values()
            .filter(|directory| !directory.is_standard())
            .collect();

        // Inner directories first.
        directories.sort_by_key(|directory| std::cmp::Reverse(directory.directory_path.len()));

        for directory in directories {
            if self.is_on_disk(&directory)? {
                continue;
            }

            services.write_library(user.id, |conn| {
                // Checked in the transaction that deletes the row.
                let is_empty = store::items::list_in(conn, user.id, &[directory.directory_id], 1)?
                    .is_empty()
                    && store::directories::list_children(conn, user.id, directory.directory_id)?
                        .is_empty();
                if is_empty {
                    store::directories::delete(conn, user.id, directory.directory_id)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
