//! Imports a user's folder of the PHP original, file by file.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::dates::{file_time, parse_time};
use super::paths::{FileState, file_state, is_standard_path, is_virtual_path};
use super::report::{ImportOptions, ImportReport};
use crate::domain::ingest;
use crate::domain::library::directories::MAX_PATH_CHARS;
use crate::domain::library::{create_directory, items, trash};
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{Item, ItemId, Placement, ScanStatus, Time, User, WallClock};
use crate::state::Services;
use crate::state::ingest_queue::{IngestRequest, Ingested};
use crate::storage::media_dir::AVATAR_FILE;
use crate::storage::{ExternalTree, FileName, IncomingFile, ReceivedFile, sha256_of};
use crate::store;
use crate::store::php_import::PhpDirectory;

/// Files stored together.
const MAX_BATCH_FILES: usize = 32;
/// Approximate size of a batch in bytes.
const MAX_BATCH_BYTES: u64 = 64 << 20;
/// Bytes copied at once.
const CHUNK_BYTES: usize = 1 << 20;

/// The import of one user's files.
pub(super) struct FileImport<'a> {
    pub services: &'a Services,
    /// `None` in a dry run, if the user does not exist yet.
    pub user: Option<&'a User>,
    pub options: &'a ImportOptions<'a>,
    pub foreign: &'a ExternalTree,
    /// The user's folder in the original.
    pub folder: &'a Path,
    pub report: &'a mut ImportReport,
    /// Items to which a file of the original was matched. Each matches one file only, so that two files with the same
    /// bytes become two items.
    pub matched_items: HashSet<ItemId>,
}

/// A file to be stored.
struct PendingFile {
    path: PathBuf,
    sha256: String,
    size: u64,
    state: FileState,
}

impl FileImport<'_> {
    /// Imports everything from a user's folder of the PHP original that is not here already; `directories` are the
    /// user's directory rows in the database of the original.
    ///
    /// # Errors
    /// Errors of the databases and of this server's disk; files that cannot be read are skipped.
    pub(super) fn import(mut self, directories: &[&PhpDirectory]) -> Result<()> {
        // Symlinks and device files are reported and skipped.
        let contents = match self.foreign.contents(self.folder) {
            Ok(contents) => contents,
            Err(cause) => {
                self.report.add_skipped(
                    self.folder.to_string_lossy(),
                    format!("cannot be looked into: {cause}"),
                );
                return Ok(());
            }
        };

        for (path, why) in &contents.others {
            self.report.add_skipped(self.folder.join(path).to_string_lossy(), why);
        }

        // There is no user in a dry run for one who does not exist yet.
        if let Some(user) = self.user.filter(|_| !self.options.is_dry) {
            // Directories before the files in them.
            for directory in &contents.directories {
                let path = directory.to_string_lossy();
                if path.chars().count() > MAX_PATH_CHARS {
                    self.report.add_skipped(
                        self.folder.join(directory).to_string_lossy(),
                        "its path is too long",
                    );
                } else if !is_standard_path(&path) {
                    create_directory::find_or_create(self.services, user, &path)?;
                }
            }
        }

        // Favorites and Recents come last: the files they refer to have been imported by then.
        let (virtual_paths, own_paths): (Vec<_>, Vec<_>) = contents
            .files
            .into_iter()
            .filter(|path| path != Path::new(AVATAR_FILE))
            .partition(|path| is_virtual_path(path));

        for paths in [own_paths, virtual_paths] {
            // In batches, bounded by number and by bytes.
            let (mut batch, mut bytes) = (Vec::new(), 0);
            for path in paths {
                if let Some((pending, request)) = self.examine(&path)? {
                    bytes += pending.size;
                    batch.push((pending, request));
                }
                if batch.len() >= MAX_BATCH_FILES || bytes >= MAX_BATCH_BYTES {
                    self.store(std::mem::take(&mut batch))?;
                    bytes = 0;
                }
            }
            self.store(batch)?;
        }
        self.dates(directories)
    }

    /// Reads one file of the original and copies it to this server if the user does not have its content yet. Returns
    /// the copy with the request to store it, or `None` if there is nothing to store.
    fn examine(&mut self, path: &Path) -> Result<Option<(PendingFile, IngestRequest)>> {
        let full = self.folder.join(path);

        // The hash identifies files that an earlier run has imported.
        let read = self.foreign.open_file(&full).and_then(|mut file| {
            let metadata = file.metadata()?;
            let sha256 = sha256_of(&mut file)?;
            Ok((file, metadata.len(), sha256, metadata.modified()?))
        });

        let (mut file, size, sha256, modified) = match read {
            Ok(read) => read,
            Err(cause) => {
                self.report.add_skipped(full.to_string_lossy(), format!("cannot be read: {cause}"));
                return Ok(None);
            }
        };

        let (state, directory) = file_state(path);
        let pending = PendingFile { path: full, sha256, size, state };

        // A dry run for a user who does not exist yet only counts.
        let Some(user) = self.user else {
            self.count(size);
            return Ok(None);
        };

        let name = pending.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // An earlier run has stored it, or the user has the same bytes already.
        if let Some(same) = self.find(user, &pending, &name, path)? {
            self.report.files.already_there += 1;
            if !self.options.is_dry {
                self.record_stored(user, &pending, &same)?;
            }
            return Ok(None);
        }

        if self.options.is_dry {
            self.count(size);
            return Ok(None);
        }

        // The file is copied even if the import moves files, so space is needed for the copy.
        if self.services.media_dir.would_be_full(size) {
            return Err(Error::DiskFull);
        }

        let received = copy(self.services, &mut file, modified)?;

        // Someone may still be writing to the original.
        if (received.sha256.as_str(), received.size) != (pending.sha256.as_str(), pending.size) {
            self.report.add_skipped(pending.path.to_string_lossy(), "it changed while it was read");
            return Ok(None);
        }

        // A file from a standard folder goes to the folder for its kind.
        let directory = match directory {
            Some(path) => {
                Some(create_directory::find_or_create(self.services, user, &path)?.directory_id)
            }
            None => None,
        };

        let since = file_time(modified);
        // Favorites and Recents contain copies, which are not stored beside the file itself.
        let keep_duplicates = !is_virtual_path(path);

        let request = IngestRequest {
            directory,
            keep_duplicates,
            created_at: since,
            file_modified: since.map(|since| WallClock::from_utc(since).0),
            ..IngestRequest::new(received, name, ScanStatus::Pending)
        };
        Ok(Some((pending, request)))
    }

    fn count(&mut self, size: u64) {
        self.report.files.taken += 1;
        self.report.bytes += size;
    }

    /// Finds the existing item with these bytes, preferably one of the same name, that no other file of the original
    /// was matched to, and marks it as matched.
    fn find(
        &mut self,
        user: &User,
        pending: &PendingFile,
        name: &str,
        path: &Path,
    ) -> Result<Option<Item>> {
        let size = i64::try_from(pending.size).map_err(Error::internal)?;
        let mut same = self.services.db.read(|conn| {
            Ok(store::items::list_same_bytes(conn, user.id, &pending.sha256, size)?)
        })?;
        // Items whose files are missing, or that wait to be accepted, do not count, so that the file is imported.
        same.retain(|item| !item.is_missing && !item.is_received());

        // A copy in Favorites or Recents corresponds to the item itself and is not stored.
        if is_virtual_path(path) {
            return Ok(same.into_iter().find(|item| item.placement == Placement::Library));
        }

        let mut free: Vec<Item> =
            same.into_iter().filter(|item| !self.matched_items.contains(&item.id)).collect();
        let file_name = FileName::parse_or_unnamed(name);
        // Without an item of the same name, the first one is taken.
        let best = free.iter().position(|item| item.name == file_name.as_str()).unwrap_or(0);
        let found = (!free.is_empty()).then(|| free.swap_remove(best));
        self.matched_items.extend(found.as_ref().map(|item| item.id));
        Ok(found)
    }

    /// Stores files that were copied to the staging folder as items. Files that the user's library does not accept are
    /// reported as skipped.
    fn store(&mut self, batch: Vec<(PendingFile, IngestRequest)>) -> Result<()> {
        // A dry run for a user who does not exist yet copies no files.
        let Some(user) = self.user else { return Ok(()) };
        let (pending, arrivals): (Vec<_>, Vec<_>) = batch.into_iter().unzip();

        for (pending, outcome) in
            pending.into_iter().zip(ingest::store_all(self.services, user, arrivals))
        {
            match outcome {
                Ok(Ingested::Stored(item) | Ingested::Duplicate(item)) => {
                    self.matched_items.insert(item.id);
                    self.count(pending.size);
                    self.record_stored(user, &pending, &item)?;
                }
                // These errors concern this file only.
                Err(error @ (Error::QuotaExceeded | Error::Invalid(_) | Error::Conflict(_))) => {
                    self.report.add_skipped(pending.path.to_string_lossy(), error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Applies a file's trash and favorite state to its item, then removes the file if the import moves files.
    fn record_stored(&mut self, user: &User, pending: &PendingFile, item: &Item) -> Result<()> {
        if pending.state == FileState::Favorite && !item.favorite {
            items::set_favorite(self.services, &Authority::server(user), &[item.id], true)?;
        }

        // An item changed after its creation is left alone: the owner may have restored it from the trash since an
        // earlier run.
        if pending.state == FileState::Trashed
            && item.placement == Placement::Library
            && item.updated_at == item.created_at
        {
            trash::trash(self.services, &Authority::server(user), &[item.id])?;
        }

        if self.options.moves
            && let Err(cause) = self.foreign.remove_file(&pending.path)
        {
            self.report.notes.push(format!(
                "{} is here and could not be taken away there: {cause}",
                pending.path.display()
            ));
        }
        Ok(())
    }

    /// Copies the dates of directories from the database of the PHP original. Runs last, because storing files changes
    /// these dates.
    fn dates(&self, directories: &[&PhpDirectory]) -> Result<()> {
        let Some(user) = self.user.filter(|_| !self.options.is_dry) else { return Ok(()) };
        let dates = self.directory_dates(directories);

        // A repeated import that changes nothing leaves the library as it is.
        let known =
            self.services.db.read(|conn| Ok(store::directories::list(conn, user.id, i64::MAX)?))?;
        let is_new = |(path, dates): &&(String, [Time; 3])| {
            known.iter().any(|directory| {
                directory.directory_path == *path
                    && [directory.date_added, directory.last_modified, directory.last_accessed]
                        != *dates
            })
        };
        let changed: Vec<_> = dates.iter().filter(is_new).collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.services.write_library(user.id, |conn| {
            for (path, [added, modified, accessed]) in &changed {
                let owner = user.id;
                store::directories::update_dates(conn, owner, path, *added, *modified, *accessed)?;
            }
            Ok(())
        })
    }

    /// The paths of directories in the original, with when they were added, changed and opened.
    fn directory_dates(&self, directories: &[&PhpDirectory]) -> Vec<(String, [Time; 3])> {
        let folder = self.folder.to_string_lossy();
        let mut all = Vec::new();
        for row in directories {
            let path = row.directory_path.as_deref().unwrap_or_default().trim_end_matches('/');

            // Paths in the original contain the user's folder.
            let beneath = path
                .split_once(&*folder)
                .map(|(_, rest)| rest.trim_start_matches('/'))
                .unwrap_or_default();

            let inner = if beneath.is_empty() {
                row.directory_name.as_deref().unwrap_or_default()
            } else {
                beneath
            };

            let date = |text: &Option<String>| text.as_deref().and_then(parse_time);
            let Some(added) = date(&row.date_added) else { continue };
            let changed = date(&row.last_modified).unwrap_or(added);

            let accessed = date(&row.last_accessed).unwrap_or(changed);
            all.push((inner.to_owned(), [added, changed, accessed]));
        }
        all
    }
}

/// Copies a file of the original into the folder of incoming files and hashes it. The copy gets the modification time
/// `at`.
fn copy(services: &Services, file: &mut File, at: SystemTime) -> Result<ReceivedFile> {
    use std::io::Seek;
    // The file was read to its end to compute its hash.
    file.rewind()?;
    let mut incoming = IncomingFile::create(services.media_dir.clone())?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => {
                incoming.set_modified(at)?;
                return Ok(incoming.finish());
            }
            read => incoming.write(chunk.get(..read).unwrap_or_default())?,
        }
    }
}
