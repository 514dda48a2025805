//! Creates a backup while the server runs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::set::{self, FileLine, FilesPart, Manifest, OmittedFile, OmittedPart, TablePart};
use crate::db::table_rows::{Columns, TABLES, TableChecksum, each_row};
use crate::db::{Conn, newest_schema};
use crate::error::Result;
use crate::failpoints;
use crate::model::{ItemId, now};
use crate::state::Services;
use crate::storage::file_location::QUARANTINE;
use crate::storage::json_lines::{self, each_line};
use crate::storage::media_dir::AVATAR_FILE;
use crate::storage::{BackupRepository, FileLocation, JsonLinesWriter, sha256_of};
use crate::store;

/// Tables that are not backed up: ended sessions must stay ended, and unfinished uploads and moves cannot be restored.
const EXCLUDED_TABLES: [&str; 5] =
    ["session_tokens", "spent_tokens", "file_moves", "upload_reports", "uploads"];
/// The maximum number of attempts. An attempt is repeated if files vanished before they were read.
const MAX_TRIES: u32 = 6;
/// How often, and after what delay, a missing file is looked for again.
const MAX_OPEN_TRIES: u32 = 4;
const OPEN_RETRY_DELAY: Duration = Duration::from_millis(25);

/// The result of creating a backup.
pub struct CreatedBackup {
    pub name: String,
    pub files: u64,
    pub bytes: u64,
    /// Contents that no earlier backup has.
    pub new_files: u64,
    pub new_bytes: u64,
    /// Files whose bytes are not in the backup.
    pub left: Vec<OmittedFile>,
}

/// Creates a set from the current state. Contents that an earlier backup has are not copied again.
///
/// # Errors
/// Database and system errors; no set remains then.
pub fn create(
    services: &Services,
    repository: &mut BackupRepository,
    on_progress: &mut dyn FnMut(u64),
) -> Result<CreatedBackup> {
    let name = free_name(repository, "")?;
    create_named(name, services, repository, on_progress)
}

/// As [`create`], but as a restore point: it is opened only by name.
pub(super) fn create_restore_point(
    services: &Services,
    repository: &mut BackupRepository,
    on_progress: &mut dyn FnMut(u64),
) -> Result<CreatedBackup> {
    let name = free_name(repository, set::RESTORE_POINT_SUFFIX)?;
    create_named(name, services, repository, on_progress)
}

/// Writes tables and files of the set `name`, then its manifest, and publishes it. If tables or files cannot be
/// written, the set is discarded.
fn create_named(
    name: String,
    services: &Services,
    repository: &mut BackupRepository,
    on_progress: &mut dyn FnMut(u64),
) -> Result<CreatedBackup> {
    // A set has its final name only when it is complete.
    let folder = repository.begin_set(&name)?;
    let result = write_set(services, repository, &folder, on_progress);

    match result {
        Ok(DumpResult { manifest, left, new_files, new_bytes }) => {
            manifest.write(&folder)?;
            // Fault tests kill the process at such points.
            failpoints::hit("backup written");
            repository.publish_set(&name)?;
            let FilesPart { count: files, bytes, .. } = manifest.files;
            Ok(CreatedBackup { name, files, bytes, new_files, new_bytes, left })
        }
        Err(error) => {
            repository.discard_set(&name);
            Err(error)
        }
    }
}

/// Set names have a resolution of one second: wait if the name exists.
fn free_name(repository: &BackupRepository, end: &str) -> Result<String> {
    loop {
        let name = format!("{}{end}", set::set_name(now()));
        if !repository.list_sets()?.contains(&name) {
            return Ok(name);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The list of files the tables refer to, before they are read. It is not part of the set.
fn needed_file(folder: &Path) -> PathBuf {
    folder.join("wanted.jsonl.gz")
}

/// A set that lacks only its manifest.
struct DumpResult {
    manifest: Manifest,
    left: Vec<OmittedFile>,
    new_files: u64,
    new_bytes: u64,
}

/// Writes tables and files of a new set. If files vanish in the meantime, it starts over with a new snapshot of the
/// tables. Files that still cannot be read are listed in the set as omitted.
fn write_set(
    services: &Services,
    repository: &mut BackupRepository,
    folder: &Path,
    on_progress: &mut dyn FnMut(u64),
) -> Result<DumpResult> {
    let (mut new_files, mut new_bytes) = (0, 0);
    let mut omitted_before = BTreeSet::new();

    let mut attempt = 1;

    loop {
        let mut manifest = Manifest::new(newest_schema()?);
        // One snapshot for all tables, so that their rows fit together.
        let folders = services.db.snapshot(|conn| dump_table(conn, folder, &mut manifest))?;
        // Fault tests kill the process at such points.
        failpoints::hit("tables dumped");

        // Files are copied after the snapshot, while the server may change them.
        let mut writer = SetWriter {
            services,
            repository: &mut *repository,
            list: JsonLinesWriter::create(&set::files_file(folder))?,
            part: FilesPart::default(),
            new_files: 0,
            new_bytes: 0,
            left: BTreeSet::new(),
            on_progress: &mut *on_progress,
        };

        let needed_path = needed_file(folder);
        each_line(&needed_path, |line| writer.write_file_line(line))?;
        writer.add_avatars(&folders)?;
        let SetWriter { list, part, left: omitted, new_files: files, new_bytes: bytes, .. } =
            writer;
        // Summed over all attempts, because contents copied by an earlier one are not copied again.
        (new_files, new_bytes) = (new_files + files, new_bytes + bytes);

        // Contents must be durable before the manifest refers to them.
        manifest.files = FilesPart { sha256: list.finish()?, ..part };
        repository.flush()?;

        // If two consecutive attempts omit the same files, these files are not merely being moved.
        if omitted.is_empty() || omitted == omitted_before || attempt == MAX_TRIES {
            json_lines::remove_file(&needed_path)?;
            let mut list = JsonLinesWriter::create(&set::left_file(folder))?;
            omitted.iter().try_for_each(|one| list.add(one))?;
            manifest.left = OmittedPart { count: omitted.len() as u64, sha256: list.finish()? };
            return Ok(DumpResult {
                manifest,
                left: omitted.into_iter().collect(),
                new_files,
                new_bytes,
            });
        }

        // Files that are being moved need time to arrive; each attempt waits longer.
        std::thread::sleep(Duration::from_millis(100) * attempt);
        (omitted_before, attempt) = (omitted, attempt + 1);
    }
}

/// Writes the tables and the list of files as of this moment; returns all users' folders.
fn dump_table(conn: &mut Conn, folder: &Path, manifest: &mut Manifest) -> Result<Vec<String>> {
    for table in TABLES.iter().filter(|table| !EXCLUDED_TABLES.contains(table)) {
        let columns = Columns::of(conn, table)?;
        let mut list = JsonLinesWriter::create(&set::table_file(folder, table))?;
        let mut sum = TableChecksum::default();

        // The checksum verifies the rows after a restore.
        each_row(conn, table, &columns, |row| {
            sum.add(&columns, &row);
            list.add(&row)
        })?;

        let part = TablePart {
            columns: columns.names().to_vec(),
            rows: sum.rows,
            checksum: sum.checksum(),
            sha256: list.finish()?,
        };
        manifest.tables.insert((*table).to_owned(), part);
    }

    // The files that the rows refer to, as of the same snapshot.
    let mut needed_contents = JsonLinesWriter::create(&needed_file(folder))?;

    store::backup_rows::each_file(conn, |file| {
        let store::backup_rows::StoredFile {
            item,
            folder,
            directory,
            name,
            sha256,
            size,
            is_missing,
        } = file;

        let (size, item) = (size.try_into().unwrap_or(0), Some(item.0));
        needed_contents.add(&FileLine {
            folder,
            directory,
            name,
            sha256,
            size,
            // Set later, when the file is opened to be copied into the backup.
            modified: None,
            item,
            is_missing,
        })
    })?;

    // Quarantined files have no item.
    for (id, sha256, size) in store::backup_rows::list_quarantined(conn)? {
        let (folder, name) = (QUARANTINE.to_owned(), id.0.simple().to_string());
        let size = size.try_into().unwrap_or(0);
        let directory = String::new();

        needed_contents.add(&FileLine {
            folder,
            directory,
            name,
            sha256,
            size,
            modified: None,
            item: None,
            is_missing: false,
        })?;
    }

    needed_contents.finish()?;
    Ok(store::backup_rows::list_folders(conn)?)
}

/// The result of opening a file.
enum FileToBackUp {
    File(File),
    Deleted,
    Not(std::io::Error),
}

/// Copies files into the repository.
struct SetWriter<'a> {
    services: &'a Services,
    repository: &'a mut BackupRepository,
    list: JsonLinesWriter,
    part: FilesPart,
    new_files: u64,
    new_bytes: u64,
    left: BTreeSet<OmittedFile>,
    on_progress: &'a mut dyn FnMut(u64),
}

impl SetWriter<'_> {
    /// Stores the content of a file unless the repository already has it, and adds the file to the list of the set. A
    /// file that cannot be read or does not have the expected bytes is recorded as omitted.
    fn write_file_line(&mut self, mut line: FileLine) -> Result<()> {
        let is_kept = self.repository.has_object(&line.sha256, line.size);
        let mut file = match self.open(&line)? {
            FileToBackUp::File(file) => file,
            // Moved or deleted since, but its content was copied.
            _ if is_kept => return self.add(&line),
            FileToBackUp::Deleted => {
                // The last argument tells a deleted file from one that cannot be read.
                self.omit(line, "it was deleted for good while the backup was made", true);
                return Ok(());
            }
            FileToBackUp::Not(cause) => {
                self.omit(line, &format!("it cannot be read: {cause}"), false);
                return Ok(());
            }
        };

        // A restore sets this time, and recognizes unchanged files by it.
        line.modified = modified_nanos(&file)?;

        // Contents are stored once, by hash.
        if !is_kept {
            if !self.repository.put(&mut file, &line.sha256, line.size)? {
                self.omit(line, "its bytes cannot be read, or are not those that are known", false);
                return Ok(());
            }
            self.new_files += 1;
            self.new_bytes += line.size;
            failpoints::hit("file backed up");
        }
        self.add(&line)
    }

    /// Opens a file at its current location, and follows it if it moves in the meantime. Returns `Deleted` if its item
    /// no longer exists, and `Not` with the cause if it cannot be opened.
    fn open(&self, line: &FileLine) -> Result<FileToBackUp> {
        let mut location = FileLocation::new(&line.folder, &line.directory, &line.name);

        // Follow the file if it moves between reading the row and opening it.
        let mut tried = 0;
        loop {
            let cause = match self.services.media_dir.open_file(&location) {
                Ok(file) => return Ok(FileToBackUp::File(file)),
                Err(cause) => cause,
            };

            // A file without an item, or one already known to be missing, is not looked for elsewhere.
            let (Some(item), ErrorKind::NotFound, false) =
                (line.item, cause.kind(), line.is_missing)
            else {
                return Ok(FileToBackUp::Not(cause));
            };

            let current = self
                .services
                .db
                .read(|conn| Ok(store::backup_rows::find_place(conn, ItemId(item))?))?;

            let Some((folder, directory, name)) = current else { return Ok(FileToBackUp::Deleted) };
            let current = FileLocation::new(&folder, &directory, &name);

            if current == location {
                // It may be moving: a file is renamed just before its row is.
                if tried == MAX_OPEN_TRIES {
                    return Ok(FileToBackUp::Not(cause));
                }
                tried += 1;
                std::thread::sleep(OPEN_RETRY_DELAY);
            }
            location = current;
        }
    }

    fn add(&mut self, line: &FileLine) -> Result<()> {
        self.part.count += 1;
        self.part.bytes += line.size;
        (self.on_progress)(self.part.count);
        self.list.add(line)
    }

    fn omit(&mut self, line: FileLine, why: &str, is_deleted: bool) {
        let FileLine { folder, directory, name, .. } = line;
        self.left.insert(OmittedFile { folder, directory, name, why: why.to_owned(), is_deleted });
    }

    /// Adds the avatars to the set. They have no rows in the database, so they are not among the files that the tables
    /// list.
    fn add_avatars(&mut self, folders: &[String]) -> Result<()> {
        for folder in folders {
            // Nothing is lost without an avatar: the server shows initials instead.
            let Ok(mut file) = self.services.media_dir.open_avatar(folder) else { continue };
            // An avatar has no row with a hash.
            let Ok(sha256) = sha256_of(&mut file) else { continue };
            let size = file.metadata()?.len();
            let (directory, name) = (String::new(), AVATAR_FILE.to_owned());
            let folder = folder.clone();

            self.write_file_line(FileLine {
                folder,
                directory,
                name,
                sha256,
                size,
                // Set later, when the file is opened to be copied into the backup.
                modified: None,
                item: None,
                is_missing: false,
            })?;
        }

        Ok(())
    }
}

fn modified_nanos(file: &File) -> Result<Option<i64>> {
    let since = file.metadata()?.modified()?.duration_since(UNIX_EPOCH);
    Ok(since.ok().and_then(|since| i64::try_from(since.as_nanos()).ok()))
}
