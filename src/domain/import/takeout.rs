//! Imports from Google Takeout: photos and videos with what the JSON files beside them say, and its albums.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::report::ImportReport;
use crate::db::Conn;
use crate::domain::ingest;
use crate::domain::library::{album_contents, edit_details, sidecars};
use crate::error::{Error, Result};
use crate::media::{Metadata, takeout};
use crate::model::item_annotations::Sidecar;
use crate::model::{ItemId, ScanStatus, TimeZone, User, sidecar_name};
use crate::state::Services;
use crate::state::ingest_queue::{IngestRequest, Ingested};
use crate::storage::archive_source::{ArchiveEntry, ArchiveSource};
use crate::storage::{IncomingFile, ReceivedFile};
use crate::store;
use crate::store::shelf_counts::CountDeltas;

/// Files stored together.
const MAX_BATCH_FILES: usize = 32;
/// Largest file that describes another one, in bytes.
const MAX_SIDECAR_BYTES: u64 = 1 << 20;
/// Bytes copied at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A file in one of the sources, by the number of the source.
type SourceFile = (usize, ArchiveEntry);

/// The files of one folder of the export, which may be spread over several archives.
#[derive(Default)]
struct ExportFolder {
    files: Vec<SourceFile>,
    sidecars: Vec<(String, Metadata)>,
    /// The title of the album, if the folder is one.
    album: Option<String>,
}

/// Imports photos and videos from folders and ZIP archives of Google Takeout into a user's library. Can be interrupted
/// and repeated: files that the user has already are recognized by their bytes.
///
/// # Errors
/// `NotFound` for a path that cannot be opened; errors of the database and of this server's disk. Files that cannot be
/// read are skipped.
pub fn import_takeout(
    services: &Services,
    user: &User,
    paths: &[&Path],
    is_dry: bool,
    mut on_folder: impl FnMut(&str),
) -> Result<ImportReport> {
    let mut report = ImportReport::default();
    let mut sources = Vec::new();
    for path in paths {
        sources.push(ArchiveSource::open(path).map_err(|cause| {
            Error::BadRequest(format!("{} cannot be read: {cause}", path.display()))
        })?);
    }

    let mut folders: BTreeMap<String, ExportFolder> = BTreeMap::new();
    for (number, source) in sources.iter().enumerate() {
        let (entries, left_out) = source.entries()?;
        for (path, why) in left_out {
            report.add_skipped(path, why);
        }
        for entry in entries {
            let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            folders.entry(folder).or_default().files.push((number, entry));
        }
    }

    let zone = services.time_zone(user);
    for (path, mut folder) in folders {
        on_folder(&path);
        read_sidecars(&sources, &path, &mut folder, &mut report);
        let import =
            FolderImport { services, user, zone: &zone, sources: &sources, folder: &folder };
        import.run(is_dry, &mut report)?;
    }
    Ok(report)
}

/// Takes the files that describe others out of the files of a folder.
fn read_sidecars(
    sources: &[ArchiveSource],
    path: &str,
    folder: &mut ExportFolder,
    report: &mut ImportReport,
) {
    let files = std::mem::take(&mut folder.files);
    let mut has_album_file = false;
    for (number, entry) in files {
        let name = file_name(&entry).to_owned();
        if !sidecar_name::is_sidecar(&name) {
            folder.files.push((number, entry));
            continue;
        }

        let read = sources.get(number).map(|source| {
            source.read(&entry, |size, _, bytes| {
                if size > MAX_SIDECAR_BYTES {
                    return Err(io::Error::other("too large to describe a photo"));
                }
                let mut text = Vec::new();
                bytes.take(MAX_SIDECAR_BYTES).read_to_end(&mut text)?;
                Ok(text)
            })
        });
        match read {
            Some(Ok(text)) => match takeout::read(&text) {
                Some(metadata) => folder.sidecars.push((name, metadata)),
                // An album has a file with its title instead of the time of a photo.
                None => {
                    if let Some(title) = takeout::album_title(&text) {
                        folder.album = Some(title);
                        has_album_file = true;
                    }
                }
            },
            Some(Err(cause)) => report.add_skipped(entry.path, format!("cannot be read: {cause}")),
            None => {}
        }
    }

    // Folders of years are no albums, and some have such a file nevertheless.
    let name = path.rsplit('/').next().unwrap_or_default();
    if is_year_folder(name) || !has_album_file {
        folder.album = None;
    }
}

/// `Photos from 2019`, in any language: the last word is a year.
fn is_year_folder(name: &str) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default();
    last.len() == 4 && last.bytes().all(|byte| byte.is_ascii_digit()) && name.contains(' ')
}

fn file_name(entry: &ArchiveEntry) -> &str {
    entry.path.rsplit('/').next().unwrap_or_default()
}

/// The import of one folder.
struct FolderImport<'a> {
    services: &'a Services,
    user: &'a User,
    zone: &'a TimeZone,
    sources: &'a [ArchiveSource],
    folder: &'a ExportFolder,
}

impl FolderImport<'_> {
    fn run(&self, is_dry: bool, report: &mut ImportReport) -> Result<()> {
        let mut batch = Vec::new();
        for (number, entry) in &self.folder.files {
            let Some(source) = self.sources.get(*number) else { continue };
            if is_dry {
                match source.read(entry, |size, _, _| Ok(size)) {
                    Ok(size) => {
                        report.files.taken += 1;
                        report.bytes += size;
                    }
                    Err(cause) => report.add_skipped(entry.path.clone(), cause.to_string()),
                }
                continue;
            }
            match self.copy(source, entry) {
                Ok(request) => batch.push((entry, request)),
                Err(cause) => {
                    report.add_skipped(entry.path.clone(), format!("cannot be read: {cause}"));
                }
            }
            if batch.len() >= MAX_BATCH_FILES {
                self.store(std::mem::take(&mut batch), report)?;
            }
        }
        self.store(batch, report)
    }

    /// Copies a file into the folder of incoming files.
    fn copy(&self, source: &ArchiveSource, entry: &ArchiveEntry) -> io::Result<IngestRequest> {
        let copied: (ReceivedFile, Option<SystemTime>) =
            source.read(entry, |_, modified, bytes| {
                let mut incoming = IncomingFile::create(self.services.media_dir.clone())?;
                let mut chunk = vec![0; CHUNK_BYTES];
                loop {
                    match bytes.read(&mut chunk)? {
                        0 => return Ok((incoming.finish(), modified)),
                        read => incoming.write(chunk.get(..read).unwrap_or_default())?,
                    }
                }
            })?;
        let (received, modified) = copied;
        let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        let file_modified = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        let name = file_name(entry).to_owned();
        Ok(IngestRequest {
            file_modified,
            ..IngestRequest::new(received, name, ScanStatus::Pending)
        })
    }

    fn store(
        &self,
        batch: Vec<(&ArchiveEntry, IngestRequest)>,
        report: &mut ImportReport,
    ) -> Result<()> {
        let (entries, requests): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let sizes: Vec<u64> = requests.iter().map(|request| request.received.size).collect();
        let outcomes = ingest::store_all(self.services, self.user, requests);

        let mut stored = Vec::new();
        for ((entry, size), outcome) in entries.into_iter().zip(sizes).zip(outcomes) {
            match outcome {
                Ok(Ingested::Stored(item)) => {
                    report.files.taken += 1;
                    report.bytes += size;
                    stored.push((entry, item.id));
                }
                Ok(Ingested::Duplicate(item)) => {
                    report.files.already_there += 1;
                    stored.push((entry, item.id));
                }
                // These errors concern this file only.
                Err(error @ (Error::QuotaExceeded | Error::Invalid(_) | Error::Conflict(_))) => {
                    report.add_skipped(entry.path.clone(), error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        if stored.is_empty() {
            return Ok(());
        }
        self.services.write_library(self.user.id, |conn| {
            let mut deltas = CountDeltas::default();
            for (entry, id) in &stored {
                self.annotate(conn, entry, *id, &mut deltas)?;
            }
            if let Some(title) = &self.folder.album {
                let ids: Vec<ItemId> = stored.iter().map(|(_, id)| *id).collect();
                album_contents::add_to_named(conn, self.user, title, &ids)?;
            }
            Ok(deltas.write(conn, self.user.id)?)
        })
    }

    /// Keeps what the file beside an item says, and the album that it is in.
    fn annotate(
        &self,
        conn: &mut Conn,
        entry: &ArchiveEntry,
        id: ItemId,
        deltas: &mut CountDeltas,
    ) -> Result<()> {
        let owner = self.user.id;
        let Some(item) = store::items::find(conn, owner, id)? else { return Ok(()) };
        let name = file_name(entry);
        let described = self
            .folder
            .sidecars
            .iter()
            .find(|(sidecar, metadata)| {
                sidecar_name::describes(sidecar, metadata.describes.as_deref(), name)
            })
            .map(|(_, metadata)| metadata.clone());
        if described.is_none() && self.folder.album.is_none() {
            return Ok(());
        }

        let mut annotations = store::item_annotations::find(conn, owner, id)?;
        let Sidecar { metadata: mut merged, mut albums } =
            annotations.sidecar.take().unwrap_or_default();
        let is_favorite = described.as_ref().is_some_and(|metadata| metadata.is_favorite);
        let marked = sidecars::mark_favorite(conn, &item, merged.is_favorite, is_favorite)?;
        deltas.subtract(&item);
        deltas.add(&marked);
        merged.is_favorite |= is_favorite;
        merged.merge_missing(described.unwrap_or_default());
        if let Some(album) = self.folder.album.as_ref().filter(|album| !albums.contains(album)) {
            albums.push(album.clone());
        }

        annotations.sidecar = Some(Sidecar { metadata: merged, albums });
        edit_details::write(conn, self.zone, &marked, &annotations, deltas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_years_are_no_albums() {
        for name in ["Photos from 2019", "Fotos von 2019", "Photos de 2019"] {
            assert!(is_year_folder(name), "{name}");
        }
        for name in ["Croatia", "2019", "Summer 19", ""] {
            assert!(!is_year_folder(name), "{name}");
        }
    }
}
