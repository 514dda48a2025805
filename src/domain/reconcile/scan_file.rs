//! Scans one file: unchanged, changed, moved, or new.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::amend;
use super::scan_report::FolderScan;
use crate::domain::file_moves::{self, MovePlan};
use crate::domain::ingest;
use crate::domain::library::items::with_name;
use crate::domain::library::{create_directory, search};
use crate::error::{Error, Result};
use crate::model::item::ItemKind;
use crate::model::{Directory, Item, ItemId, Placement, ScanStatus};
use crate::state::ingest_queue::{IngestRequest, Ingested};
use crate::storage::dir_entry::DirEntry;
use crate::storage::media_dir::AVATAR_FILE;
use crate::storage::{FileLocation, FileName, ReceivedFile};
use crate::store;

/// Times of files and rows are compared to the second.
const TIMESTAMP_SLACK: Duration = Duration::from_secs(1);
/// Suffixes that programs give to files they have not finished.
const UNFINISHED_SUFFIXES: [&str; 7] =
    [".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".download"];

/// Whether a name says that the file is unfinished or temporary.
fn is_temporary(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.')
        || name.ends_with('~')
        || UNFINISHED_SUFFIXES.iter().any(|end| lower.ends_with(end))
}

impl FolderScan<'_> {
    /// Compares an item with its file.
    pub(crate) fn compare(
        &mut self,
        directory: &Directory,
        item: &Item,
        entry: &DirEntry,
    ) -> Result<()> {
        let known_at = UNIX_EPOCH
            + Duration::from_secs(
                u64::try_from(item.updated_at.assume_utc().unix_timestamp()).unwrap_or(0),
            );

        // A changed file has another length or a later time.
        let is_same = entry.length == item.bytes()
            && (item.is_damaged || entry.modified <= known_at + TIMESTAMP_SLACK);
        if is_same && !item.is_missing {
            return Ok(());
        }

        // The file may still be written to.
        if entry.changed > self.settled_by {
            self.noticed.waiting += 1;
            return Ok(());
        }

        let place =
            FileLocation::new(&self.user.folder, &directory.directory_path, &item.disk_name);
        let (services, user) = (self.services, self.user);

        // A missing file whose hash is unchanged has only returned. Otherwise the row is updated to the content, even
        // if only the time has changed.
        let done = file_moves::with_item_locked(services, user.id, item.id.0, &place, || {
            let received = ReceivedFile::open_existing(services.media_dir.clone(), place.clone())?;
            if received.sha256 == item.sha256 && item.is_missing {
                // Neither missing nor damaged.
                amend::set_state(services, user, item.id, false, false)?;
                return Ok(false);
            }
            amend::update_content(services, user, item, &received, ScanStatus::Pending)?;
            Ok(true)
        })?;

        match done {
            Some(true) => self.noticed.changed += 1,
            Some(false) => self.noticed.back += 1,
            // It is being moved: the next scan will see it.
            None => self.noticed.waiting += 1,
        }
        Ok(())
    }

    /// Examines a file without a row and returns the request to store it. `None` if it is skipped, may still be
    /// changing, or is the moved file of an existing item, whose row is then updated.
    pub(crate) fn ingest_new(
        &mut self,
        directory: &Directory,
        entry: &DirEntry,
    ) -> Result<Option<IngestRequest>> {
        let path = &directory.directory_path;
        let Some(name) =
            entry.name.as_deref().filter(|name| !is_temporary(name) && *name != AVATAR_FILE)
        else {
            return Ok(None);
        };

        let place = FileLocation::new(&self.user.folder, path, name);

        // Our own uploads and moves are reported by the kernel too.
        if amend::is_known(self.services, self.user, &place)? {
            return Ok(None);
        }

        // The file may still be written to. A modification time in the future does not count, because it would never
        // pass the test.
        if entry.changed > self.settled_by
            || entry.modified > self.settled_by && entry.modified <= SystemTime::now()
        {
            self.noticed.waiting += 1;
            return Ok(None);
        }

        let received =
            match ReceivedFile::open_foreign(self.services.media_dir.clone(), place.clone()) {
                Ok(received) => received,
                Err(cause) => {
                    self.skip(&format!("{path}/{name}"), &cause.to_string());
                    return Ok(None);
                }
            };

        // Its size has changed since the directory was listed.
        if received.size != entry.length {
            self.noticed.waiting += 1;
            return Ok(None);
        }

        // An item with these bytes has lost its own file, so another program has moved the file here.
        if let Some(item) = self.find_moved(&received)? {
            self.record_move(&item, directory, &place, name)?;
            self.noticed.moved += 1;
            // The directory that the file left may be empty and gone, so empty directories are removed after the scan.
            self.is_emptied = true;
            return Ok(None);
        }

        let request = IngestRequest::new(received, name.to_owned(), ScanStatus::Pending);
        Ok(Some(IngestRequest {
            directory: Some(directory.directory_id),
            keep_duplicates: true,
            ..request
        }))
    }

    /// The item with these bytes whose own file is missing.
    fn find_moved(&self, received: &ReceivedFile) -> Result<Option<Item>> {
        let size = i64::try_from(received.size).map_err(Error::internal)?;
        let same = self.services.db.read(|conn| {
            let items = store::items::list_same_bytes(conn, self.user.id, &received.sha256, size)?;
            items
                .into_iter()
                .map(|item| {
                    let directory =
                        store::directories::find(conn, self.user.id, item.directory_id)?
                            .ok_or(Error::NotFound)?;
                    Ok((
                        FileLocation::new(
                            &self.user.folder,
                            &directory.directory_path,
                            &item.disk_name,
                        ),
                        item,
                    ))
                })
                .collect::<Result<Vec<_>>>()
        })?;

        for (place, item) in same {
            if !self.services.media_dir.exists(&place)? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Updates an item's row to its new location; a file in the wrong standard folder is moved to the right one.
    fn record_move(
        &mut self,
        item: &Item,
        found_in: &Directory,
        place: &FileLocation,
        name: &str,
    ) -> Result<()> {
        let (services, user) = (self.services, self.user);
        let home = ItemKind::folder(item.kind);

        // A photo in the folder for music goes to the one for photos.
        let target = if found_in.is_standard() && found_in.directory_path != home {
            create_directory::find_or_create(services, user, home)?
        } else {
            found_in.clone()
        };

        let file_name = FileName::parse_or_unnamed(name);
        file_moves::move_files(
            services,
            user.id,
            |_| {
                let to =
                    FileLocation::new(&user.folder, &target.directory_path, file_name.as_str());
                Ok(vec![MovePlan {
                    subject: item.id.0,
                    from: place.clone(),
                    to,
                    wanted_name: file_name.clone(),
                    can_rename: true,
                }])
            },
            |conn, batch| {
                for done in batch {
                    let before = store::items::find(conn, user.id, ItemId(done.subject))?
                        .ok_or(Error::NotFound)?;
                    let changed = [before.directory_id, target.directory_id];
                    let waiting = store::received_files::list_waiting(conn, user.id, &[before.id])?;
                    let mut deltas = store::shelf_counts::CountDeltas::default();
                    deltas.subtract(&before);

                    // The file was found by its hash, so it is neither missing nor damaged; and it was found outside
                    // of the trash, so it is no longer in the trash. What was not accepted goes on
                    // waiting.
                    let after = Item {
                        directory_id: target.directory_id,
                        placement: if waiting.is_empty() {
                            Placement::Library
                        } else {
                            Placement::Received
                        },
                        trashed_at: None,
                        trashed_from: None,
                        is_missing: false,
                        is_damaged: false,
                        ..before
                    };

                    let item = with_name(after, &done.name);
                    deltas.add(&item);
                    deltas.write(conn, user.id)?;
                    store::items::update_place(conn, &item)?;
                    store::items::update_missing(conn, user.id, item.id, false)?;
                    store::items::update_damaged(conn, user.id, item.id, false)?;
                    search::reindex(conn, &item)?;
                    store::directories::update_modified(conn, user.id, &changed, item.updated_at)?;
                }

                Ok(())
            },
        )?;
        Ok(())
    }

    /// Stores files found in the user's folder as new items. Files that exceed the quota or cause a conflict are
    /// reported as skipped.
    pub(crate) fn ingest(&mut self, requests: Vec<IngestRequest>) -> Result<()> {
        let paths: Vec<_> =
            requests.iter().map(|request| request.received.location().clone()).collect();
        for (place, outcome) in
            paths.into_iter().zip(ingest::store_all(self.services, self.user, requests))
        {
            match outcome {
                Ok(Ingested::Stored(_) | Ingested::Duplicate(_)) => self.noticed.taken_in += 1,
                Err(error @ (Error::QuotaExceeded | Error::Conflict(_))) => {
                    self.skip(
                        &format!("{}/{}", place.directory(), place.name()),
                        &error.to_string(),
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_unfinished_files_are_skipped() {
        for name in [".a.jpg.Xy12", "film.mp4.part", "a.CRDOWNLOAD", "notes.txt~", ".DS_Store"] {
            assert!(is_temporary(name), "{name}");
        }
        for name in ["a.jpg", "part.txt", "tmp", "a.partial.jpg"] {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
