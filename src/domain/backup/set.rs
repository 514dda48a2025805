//! A backup set: its manifest, with a hash of each part, and the lists it consists of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::config::atomic_file;
use crate::db::table_rows::Row;
use crate::error::{Error, Result};
use crate::model::{Time, now};
use crate::storage::BackupRepository;
use crate::storage::backup_repository::list_sets_in;
use crate::storage::json_lines::{each_line, verify_checksum};

/// The format that this version writes.
const FORMAT_VERSION: u32 = 1;
/// The suffix of a restore point's name.
pub(super) const RESTORE_POINT_SUFFIX: &str = "-before";
const NAME_FORMAT: &[time::format_description::BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The content of `manifest.json`, which is written last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub format: u32,
    /// RFC 3339.
    pub made_at: String,
    /// The version of the server that created it.
    pub made_by: String,
    /// The version of the schema.
    pub schema: String,
    pub tables: BTreeMap<String, TablePart>,
    pub files: FilesPart,
    /// Files whose bytes are not in the set.
    pub left: OmittedPart,
}

/// The rows of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TablePart {
    pub columns: Vec<String>,
    pub rows: u64,
    /// Checksum of the rows.
    pub checksum: String,
    /// Hash of the file.
    pub sha256: String,
}

/// The list of files whose bytes are not in the set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OmittedPart {
    pub count: u64,
    /// Hash of the list.
    pub sha256: String,
}

/// The list of files.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct FilesPart {
    pub count: u64,
    pub bytes: u64,
    /// Hash of the list.
    pub sha256: String,
}

/// A file in a set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FileLine {
    /// The owner's folder.
    pub folder: String,
    /// The directory within it; empty for the top level.
    pub directory: String,
    pub name: String,
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
    /// Nanoseconds since 1970; `None` if unknown.
    pub modified: Option<i64>,
    /// The item it belongs to; `None` for other files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<uuid::Uuid>,
    /// The item was marked missing when the backup was created. The bytes may come from an earlier backup.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_missing: bool,
}

impl FileLine {
    pub(super) fn path(&self) -> String {
        join_path(&self.folder, &self.directory, &self.name)
    }
}

/// A path relative to the media folder; the directory may be empty.
fn join_path(folder: &str, directory: &str, name: &str) -> String {
    [folder, directory, name]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/")
}

/// A file whose bytes are not in a set, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OmittedFile {
    pub folder: String,
    pub directory: String,
    pub name: String,
    pub why: String,
    /// Its owner deleted it while the backup was created, so nothing is wrong.
    #[serde(default)]
    pub is_deleted: bool,
}

impl OmittedFile {
    /// Relative to the media folder.
    #[must_use]
    pub fn path(&self) -> String {
        join_path(&self.folder, &self.directory, &self.name)
    }
}

/// A set on disk.
pub struct BackupSet {
    pub name: String,
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
}

/// A set in a list.
pub struct BackupListing {
    pub name: String,
    /// `None` if its manifest cannot be read.
    pub about: Option<BackupSummary>,
}

/// What a list shows of a set.
pub struct BackupSummary {
    /// RFC 3339.
    pub made_at: String,
    pub made_by: String,
    pub files: u64,
    pub bytes: u64,
    /// Files whose bytes are not in it.
    pub left: u64,
}

impl Manifest {
    pub(super) fn new(schema: String) -> Self {
        Self {
            format: FORMAT_VERSION,
            made_at: now().assume_utc().format(&Rfc3339).unwrap_or_default(),
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            tables: BTreeMap::new(),
            files: FilesPart::default(),
            left: OmittedPart::default(),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(Error::internal)?;
        Ok(atomic_file::replace(&folder.join("manifest.json"), &text)?)
    }
}

impl BackupSet {
    /// Opens a set by name, or the newest one that is not a restore point.
    ///
    /// # Errors
    /// `Conflict` if there is none, it cannot be read, or a later version created it.
    pub fn open(repository: &BackupRepository, name: Option<&str>) -> Result<Self> {
        let sets = repository.list_sets()?;
        let found = match name {
            Some(name) => sets.iter().find(|set| *set == name),
            // The name of a restore point has a suffix, so it does not parse as a time.
            None => sets.iter().filter(|set| set_time(set).is_some()).max(),
        };
        let Some(found) = found else {
            let folder = repository.path().display();
            return Err(Error::Conflict(match name {
                Some(name) => format!("There is no backup {name} in {folder}."),
                None => format!("There are no backups in {folder}."),
            }));
        };
        let folder = repository.set_path(found);
        let manifest = manifest_in(&folder)
            .map_err(|why| Error::Conflict(format!("The backup {found} cannot be read: {why}")))?;
        Ok(Self { name: found.clone(), folder, manifest })
    }

    /// Returns the paths of those files of the set that are missing or do not have the hash in the manifest. The
    /// contents of backed-up files are not checked.
    pub(super) fn broken_parts(&self) -> Vec<String> {
        let tables = self
            .manifest
            .tables
            .iter()
            .map(|(name, part)| (table_file(&self.folder, name), &part.sha256));
        let Manifest { files, left, .. } = &self.manifest;
        let files =
            [(files_file(&self.folder), &files.sha256), (left_file(&self.folder), &left.sha256)];
        let broken = tables.chain(files).filter(|(path, sha256)| !verify_checksum(path, sha256));
        broken.map(|(path, _)| path.display().to_string()).collect()
    }

    pub(super) fn each_file(&self, take: impl FnMut(FileLine) -> Result<()>) -> Result<()> {
        each_line(&files_file(&self.folder), take)
    }

    /// Files whose bytes are not in the set.
    pub(super) fn omitted(&self) -> Result<Vec<OmittedFile>> {
        let mut left = Vec::new();
        each_line(&left_file(&self.folder), |one| {
            left.push(one);
            Ok(())
        })?;
        Ok(left)
    }

    pub(super) fn each_row(&self, table: &str, take: impl FnMut(Row) -> Result<()>) -> Result<()> {
        each_line(&table_file(&self.folder, table), take)
    }
}

pub(super) fn table_file(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.jsonl.gz"))
}

pub(super) fn files_file(folder: &Path) -> PathBuf {
    folder.join("files.jsonl.gz")
}

pub(super) fn left_file(folder: &Path) -> PathBuf {
    folder.join("left.jsonl.gz")
}

fn manifest_in(folder: &Path) -> Result<Manifest, String> {
    let text =
        atomic_file::read(&folder.join("manifest.json")).map_err(|cause| cause.to_string())?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|cause| cause.to_string())?;
    if manifest.format > FORMAT_VERSION {
        return Err(format!("a later version ({}) made it", manifest.made_by));
    }
    Ok(manifest)
}

/// The name of a set created at that time.
pub(super) fn set_name(at: Time) -> String {
    at.format(NAME_FORMAT).unwrap_or_default()
}

/// When the set of that name was created.
pub(super) fn set_time(name: &str) -> Option<Time> {
    Time::parse(name, NAME_FORMAT).ok()
}

/// Whether that is the name of a restore point.
pub(super) fn is_restore_point(name: &str) -> bool {
    name.strip_suffix(RESTORE_POINT_SUFFIX).is_some_and(|name| set_time(name).is_some())
}

/// Lists the sets (backups) in a backup folder, oldest first, each with a summary of its manifest. The summary is
/// `None` if the manifest cannot be read.
pub fn list(folder: &Path) -> Result<Vec<BackupListing>> {
    let about = |name: &String| {
        // A manifest that cannot be read must not hide the other sets.
        let manifest = manifest_in(&folder.join("sets").join(name)).ok()?;
        let FilesPart { count, bytes, .. } = manifest.files;
        let left = manifest.left.count;
        Some(BackupSummary {
            made_at: manifest.made_at,
            made_by: manifest.made_by,
            files: count,
            bytes,
            left,
        })
    };
    Ok(list_sets_in(folder)?
        .into_iter()
        .map(|name| BackupListing { about: about(&name), name })
        .collect())
}

/// When the newest set was created; `None` if there is none.
pub fn newest(folder: &Path) -> Result<Option<Time>> {
    // Names in the future come from a wrong clock.
    Ok(list_sets_in(folder)?
        .iter()
        .filter_map(|name| set_time(name))
        .filter(|at| *at <= now())
        .max())
}
