//! Compares disk and database; reports what is missing, changed, extra or unsafe, and repairs it on request.
//! It never deletes a file.

use std::collections::HashMap;

use super::problem::{CheckOptions, Problem, ProblemKind};
use super::{amend, check_counts};
use crate::domain::accounts::admin;
use crate::domain::library::create_directory;
use crate::domain::{file_moves, ingest};
use crate::error::{Error, Result};
use crate::model::finding::FindingState;
use crate::model::{Directory, FindingId, Item, User};
use crate::state::Services;
use crate::state::ingest_queue::IngestRequest;
use crate::storage::dir_entry::{DirEntry, EntryKind};
use crate::storage::file_location::QUARANTINE;
use crate::storage::media_dir::STANDARD_DIRECTORIES;
use crate::storage::{FileLocation, FileName, ReceivedFile, sha256_of};
use crate::store;

/// Rows read per query.
const PAGE_ITEMS: i64 = 1000;
/// Directories checked per user.
const MAX_DIRECTORIES: i64 = 100_000;

/// Checks all users' files and reports each problem. Returns the number of files checked.
pub fn check(
    services: &Services,
    options: CheckOptions,
    mut on_problem: impl FnMut(Problem),
) -> Result<u64> {
    let mut looked_at = 0;
    let mut owned_folders = Vec::new();

    // Users one by one, so that the report has an order.
    admin::for_each_user(services, |user| {
        // A request that was not approved yet has no folder.
        if user.folder.is_empty() {
            return Ok(());
        }
        owned_folders.push(user.folder.clone());
        looked_at += LibraryCheck { services, user, options, on_problem: &mut on_problem }.run()?;
        Ok(())
    })?;

    // Folders in the media folder that belong to no user.
    for entry in services.media_dir.list_user_folders()? {
        let is_known = entry
            .name
            .as_deref()
            .is_some_and(|name| owned_folders.iter().any(|folder| folder == name));
        if !is_known {
            on_problem(Problem {
                kind: ProblemKind::Extra,
                path: entry.display_name(),
                repaired: None,
            });
        }
    }

    // Files in quarantine without a finding.
    for name in services.media_dir.list_quarantine()? {
        // A file in quarantine is named after the id of its finding.
        let id = uuid::Uuid::try_parse(&name).ok().map(FindingId);
        let finding = services
            .db
            .read(|conn| Ok(id.map(|id| store::findings::find(conn, id)).transpose()?.flatten()))?;
        if finding.is_none_or(|finding| finding.state != FindingState::Quarantined) {
            on_problem(Problem {
                kind: ProblemKind::Extra,
                path: format!("{QUARANTINE}/{name}"),
                repaired: None,
            });
        }
    }
    Ok(looked_at)
}

/// The check of one user's library.
struct LibraryCheck<'a, T> {
    services: &'a Services,
    user: &'a User,
    options: CheckOptions,
    on_problem: &'a mut T,
}

impl<T: FnMut(Problem)> LibraryCheck<'_, T> {
    /// Checks the directories, files and counters of the user's library. Returns the number of items and extra files
    /// that were examined.
    fn run(&mut self) -> Result<u64> {
        self.check_directories("")?;
        let directories = self
            .services
            .db
            .read(|conn| Ok(store::directories::list(conn, self.user.id, MAX_DIRECTORIES)?))?;
        let mut looked_at = 0;
        for directory in &directories {
            looked_at += self.check_directory(directory)?;
        }
        self.check_counts()?;
        Ok(looked_at)
    }

    fn add_problem(&mut self, kind: ProblemKind, path: &str, repaired: Option<String>) {
        let path = format!("{}/{path}", self.user.folder);
        (self.on_problem)(Problem { kind, path, repaired });
    }

    fn location(&self, path: &str) -> FileLocation {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        FileLocation::new(&self.user.folder, above, name)
    }

    /// Checks for folders on disk without a row, from `path` down. Links are not followed and not reported here.
    fn check_directories(&mut self, path: &str) -> Result<()> {
        for entry in self.list(path)? {
            // A name that is not UTF-8 cannot have a row; it is reported with the files of its directory.
            let Some(name) = entry.name.as_deref() else { continue };

            // Standard directories are checked with their rows.
            if entry.kind != EntryKind::Directory
                || (path.is_empty() && STANDARD_DIRECTORIES.contains(&name))
            {
                continue;
            }

            let inner = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            let is_known = self.services.db.read(|conn| {
                Ok(store::directories::find_by_path(conn, self.user.id, &inner)?.is_some())
            })?;

            if !is_known {
                // A directory whose name would be changed on storing is only reported.
                let is_plain = FileName::parse(name).is_some_and(|parsed| parsed.as_str() == name);
                let repaired = if self.options.repair && is_plain {
                    self.services.write_library(self.user.id, |conn| {
                        create_directory::ensure(self.services, conn, self.user, &inner)
                    })?;
                    Some("taken in".to_owned())
                } else {
                    None
                };
                self.add_problem(ProblemKind::Extra, &inner, repaired);
            }
            self.check_directories(&inner)?;
        }

        Ok(())
    }

    fn list(&self, path: &str) -> Result<Vec<DirEntry>> {
        match self.services.media_dir.list(&self.user.folder, path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            other => Ok(other?),
        }
    }

    /// Compares the files of one directory with its rows.
    fn check_directory(&mut self, directory: &Directory) -> Result<u64> {
        let path = directory.directory_path.clone();

        // A missing directory is reported once, and so is each of its items.
        let entries = match self.services.media_dir.list(&self.user.folder, &path) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let repaired = if self.options.repair {
                    self.services.media_dir.create_directory(&self.location(&path))?;
                    Some("made again".to_owned())
                } else {
                    None
                };
                self.add_problem(ProblemKind::Missing, &path, repaired);
                Vec::new()
            }
            // The row's path is invalid, or there is a link in place of the folder.
            Err(_) => {
                self.add_problem(ProblemKind::Unsafe, &path, None);
                return Ok(0);
            }
        };

        // Files by name, to compare them with the rows.
        let mut files: HashMap<String, DirEntry> = HashMap::new();
        for entry in entries {
            match (entry.kind, entry.name.clone()) {
                (EntryKind::Directory, Some(_)) => {}
                (EntryKind::File, Some(name)) => drop(files.insert(name, entry)),
                _ => self.add_problem(
                    ProblemKind::Unsafe,
                    &format!("{path}/{}", entry.display_name()),
                    None,
                ),
            }
        }

        let mut looked_at = 0;

        // Rows in pages, because a directory can have any number of items.
        let mut after = None;
        loop {
            let owner = self.user.id;
            let page = self.services.db.read(|conn| {
                Ok(store::items::list_in_after(
                    conn,
                    owner,
                    directory.directory_id,
                    after,
                    PAGE_ITEMS,
                )?)
            })?;

            let Some(last) = page.last() else { break };
            after = Some(last.id);

            for item in &page {
                looked_at += 1;
                let entry = files.remove(&item.disk_name);
                self.check_item(item, &path, entry.as_ref())?;
            }
        }

        // What is left has no row.
        for name in files.into_keys() {
            looked_at += 1;
            self.report_extra(directory, &name)?;
        }
        Ok(looked_at)
    }

    /// Compares an item with its directory entry and reports the problem, if any. A problem is confirmed while the item
    /// cannot be moved, because a server may be running.
    fn check_item(&mut self, item: &Item, directory: &str, entry: Option<&DirEntry>) -> Result<()> {
        let place = FileLocation::new(&self.user.folder, directory, &item.disk_name);

        // A quick check compares lengths only.
        let seems_whole = entry.is_some_and(|entry| entry.length == item.bytes());
        let seems_right = if seems_whole && self.options.is_quick {
            true
        } else {
            self.compare_item(item, &place)?.is_none()
        };

        // A quick check cannot tell whether a damaged item is intact again, so its mark stays.
        if seems_right && (!item.is_missing || item.is_damaged && self.options.is_quick) {
            return Ok(());
        }

        // A server may be running, so the item is checked again while it cannot move.
        let confirmed =
            file_moves::with_item_locked(self.services, self.user.id, item.id.0, &place, || {
                let current = self
                    .services
                    .db
                    .read(|conn| Ok(store::items::find(conn, self.user.id, item.id)?))?;
                let is_unchanged = current.is_some_and(|current| {
                    (current.directory_id, &current.disk_name, &current.sha256)
                        == (item.directory_id, &item.disk_name, &item.sha256)
                });
                if is_unchanged { self.repair_item(item, &place) } else { Ok(None) }
            })?;

        if let Some((trouble, repaired)) = confirmed.flatten() {
            self.add_problem(trouble, &format!("{directory}/{}", item.disk_name), repaired);
        }
        Ok(())
    }

    /// Checks an item while it cannot move, and repairs it if requested.
    fn repair_item(
        &self,
        item: &Item,
        place: &FileLocation,
    ) -> Result<Option<(ProblemKind, Option<String>)>> {
        // The file is intact; its mark may be outdated.
        let Some(problem) = self.compare_item(item, place)? else {
            if !item.is_missing {
                return Ok(None);
            }
            if self.options.repair {
                // Neither missing nor damaged.
                amend::set_state(self.services, self.user, item.id, false, false)?;
            }
            return Ok(Some((
                ProblemKind::Back,
                self.options.repair.then(|| "open again".to_owned()),
            )));
        };

        // Changed bytes are accepted only on request.
        let repaired = if self.options.accept_changes && problem != ProblemKind::Missing {
            let received =
                ReceivedFile::open_existing(self.services.media_dir.clone(), place.clone())?;
            amend::update_content(
                self.services,
                self.user,
                item,
                &received,
                self.options.initial_scan,
            )?;
            Some("taken as it is now".to_owned())
        } else if self.options.repair {
            // The file is missing, or is treated as such because its content has changed, which is marked as damage.
            amend::set_state(
                self.services,
                self.user,
                item.id,
                true,
                problem == ProblemKind::Changed,
            )?;
            Some("marked".to_owned())
        } else {
            None
        };
        Ok(Some((problem, repaired)))
    }

    /// What is wrong with an item's file at this moment.
    fn compare_item(&self, item: &Item, place: &FileLocation) -> Result<Option<ProblemKind>> {
        let Ok(mut file) = self.services.media_dir.open_file(place) else {
            return Ok(Some(ProblemKind::Missing));
        };
        if file.metadata()?.len() != item.bytes() {
            return Ok(Some(ProblemKind::Truncated));
        }
        Ok((!self.options.is_quick && sha256_of(&mut file)? != item.sha256)
            .then_some(ProblemKind::Changed))
    }

    /// Reports a file without a row and, if repairs are requested, stores it as a new item. Ignores a file that has got
    /// a row, is the target of a move, or no longer exists.
    fn report_extra(&mut self, directory: &Directory, name: &str) -> Result<()> {
        let path = format!("{}/{name}", directory.directory_path);
        let place = FileLocation::new(&self.user.folder, &directory.directory_path, name);
        if amend::is_known(self.services, self.user, &place)?
            || !self.services.media_dir.exists(&place)?
        {
            return Ok(());
        }
        let repaired = if self.options.repair {
            Some(self.ingest_extra(directory, &place, name)?)
        } else {
            None
        };
        self.add_problem(ProblemKind::Extra, &path, repaired);
        Ok(())
    }

    /// Stores a file without a row as a new item. Storing keeps it in its folder if that is the user's own, and moves
    /// it to the standard folder for its kind otherwise.
    fn ingest_extra(
        &self,
        directory: &Directory,
        place: &FileLocation,
        name: &str,
    ) -> Result<String> {
        let received =
            match ReceivedFile::open_foreign(self.services.media_dir.clone(), place.clone()) {
                // A file with several hard links may belong to somebody else.
                Err(cause) if cause.kind() == std::io::ErrorKind::InvalidInput => {
                    return Ok(format!("left where it is: {cause}"));
                }
                received => received?,
            };
        let request = IngestRequest {
            directory: Some(directory.directory_id),
            // The file is on disk already, so it gets a row even if another item has the same bytes.
            keep_duplicates: true,
            ..IngestRequest::new(received, name.to_owned(), self.options.initial_scan)
        };

        match ingest::store(self.services, self.user, request) {
            Ok(_) => Ok("taken in".to_owned()),
            Err(error @ (Error::QuotaExceeded | Error::Conflict(_))) => {
                Ok(format!("left where it is: {error}"))
            }
            Err(error) => Err(error),
        }
    }

    /// Checks shelf counters and used bytes.
    fn check_counts(&mut self) -> Result<()> {
        let repair = self.options.repair;
        if !check_counts::are_counts_right(self.services, self.user.id, repair)? {
            self.add_problem(
                ProblemKind::Miscounted,
                "",
                repair.then(|| "counted again".to_owned()),
            );
        }
        Ok(())
    }
}
