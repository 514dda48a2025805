//! Restores a backup. The new tables and files are prepared separately, and one commit makes them current. If the
//! process is killed before it, the old state remains; after it, the next start moves the new files into place.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use super::create::create_restore_point;
use super::set::{BackupSet, FileLine, OmittedFile};
use super::staging_database::{self, StagingDatabase};
use crate::db::table_rows;
use crate::domain::audit;
use crate::error::{Error, Result};
use crate::failpoints;
use crate::model::Event;
use crate::model::actor::Actor;
use crate::state::Services;
use crate::storage::{BackupRepository, FileLocation, MediaDir, RestoreSwap, sha256_of};
use crate::store;

/// The tables of the audit log.
const AUDIT_TABLES: [&str; 2] = ["audit_log", "audit_head"];

/// The result of a restore.
pub struct RestoreReport {
    pub name: String,
    pub people: usize,
    pub files: u64,
    pub bytes: u64,
    /// Files that were already present with the same bytes.
    pub unchanged: u64,
    /// The backup of the previous state; `None` if there were no users.
    pub restore_point: Option<String>,
    /// The directory that contains the previous folders; `None` if there were none.
    pub aside: Option<PathBuf>,
    /// Files whose bytes are not in the backup; they are marked missing.
    pub left: Vec<OmittedFile>,
}

/// Replaces all current rows and files with those of a set, which is one backup. The caller has claimed the folders, so
/// that no server runs meanwhile.
///
/// # Errors
/// `Conflict` for a damaged set (damaged files are tolerated with `skips_damaged`), `DiskFull`, database and system
/// errors: the previous state remains then.
pub fn restore(
    services: &Services,
    repository: &mut BackupRepository,
    set: &BackupSet,
    skips_damaged: bool,
    on_progress: &mut dyn FnMut(u64),
) -> Result<RestoreReport> {
    // A damaged manifest or list is never restored, even with `skips_damaged`.
    if let Some(part) = set.broken_parts().first() {
        return Err(Error::Conflict(format!("The backup {} is damaged: {part}", set.name)));
    }

    let left = set.omitted()?;
    let known_omissions = left.len();
    // The tables are loaded into a temporary database, which verifies their checksums.
    let mut loaded = StagingDatabase::load(services, set)?;
    let id = format!("{}-{}", set.name, uuid::Uuid::now_v7().simple());

    // Built beside the current folders, so a failure changes nothing.
    let replacement = RestoreSwap::new(services.media_dir.path(), &id);
    let built = build_tree(
        services,
        repository,
        set,
        left,
        &replacement.media_dir()?,
        &mut loaded,
        on_progress,
    );

    let restored = built.and_then(|mut restored| {
        // Damage is reported after all files were tried, with their number.
        if let (false, Some(first)) = (skips_damaged, restored.left.get(known_omissions)) {
            let count = restored.left.len() - known_omissions;
            let path = first.path();
            return Err(Error::Conflict(format!(
                "{count} files of the backup {} are damaged, such as {path}. --skip-damaged puts back the rest.",
                set.name
            )));
        }

        loaded.mark_missing(restored.left.iter())?;

        // A server with users is backed up first.
        let before: BTreeSet<String> =
            services.db.read(|conn| Ok(store::backup_rows::list_folders(conn)?))?.into_iter().collect();
        if !before.is_empty() {
            restored.restore_point = Some(create_restore_point(services, repository, on_progress)?.name);
        }
        // Fault tests kill the process at such points.
        failpoints::hit("restore point made");

        // The prepared tree is durable before the commit, so that any process can finish the exchange after the commit.
        replacement.seal(before)?;
        failpoints::hit("restore ready");
        replace_rows(services, &loaded, &set.name, &id)?;
        Ok(restored)
    });

    let mut restored = match restored {
        Ok(restored) => restored,
        Err(error) => {
            // After `Unavailable`, or if the restore is recorded, the commit may have succeeded: the prepared tree is
            // kept, and the next start finishes or removes it.
            if !matches!(error, Error::Unavailable(_))
                && services
                    .db
                    .read(|conn| Ok(store::backup_rows::find_restoring(conn)?))
                    .is_ok_and(|restoring| restoring.is_none())
            {
                replacement.discard();
            }
            return Err(error);
        }
    };

    failpoints::hit("restore committed");
    finish_restore(services)?;
    restored.aside = replacement.aside_dir();
    Ok(restored)
}

/// Replaces all rows with those of the staging database in one transaction, and records that the restore `id` still has
/// to exchange the files. Its commit switches to the restored state.
fn replace_rows(services: &Services, loaded: &StagingDatabase, name: &str, id: &str) -> Result<()> {
    services.db.write(|conn| {
        let mut from = loaded.conn.borrow_mut();

        // Higher than both versions, so that no cached page of one is used for the other.
        let version = store::backup_rows::find_highest_version(conn)?
            .max(store::backup_rows::find_highest_version(&mut from)?)
            + 1;

        // The current audit log is kept. The backup's log is used only if this server has none.
        let (rows, _) = store::audit::find_head(conn)?;
        let kept_tables: &[&str] = if rows > 0 { &AUDIT_TABLES } else { &[] };

        // All rows are replaced in one transaction.
        table_rows::delete_all_except(conn, kept_tables)?;
        table_rows::copy_all_except(&mut from, conn, kept_tables)?;
        store::backup_rows::update_versions(conn, version)?;
        // If the process is killed now, the next start sees this and exchanges the files.
        store::backup_rows::update_restoring(conn, Some(id))?;
        audit::append(conn, Event::Restored, &Actor::command_line(), name, "")?;
        failpoints::hit("restore loaded");
        Ok(())
    })
}

/// Prepares all users' folders with the files of a set in `media_dir`, beside the current folders. Damaged files are
/// added to `left`, the files that the backup omits.
fn build_tree(
    services: &Services,
    repository: &BackupRepository,
    set: &BackupSet,
    left: Vec<OmittedFile>,
    media_dir: &MediaDir,
    loaded: &mut StagingDatabase,
    on_progress: &mut dyn FnMut(u64),
) -> Result<RestoreReport> {
    let conn = loaded.conn.get_mut();
    let folders = store::backup_rows::list_folders(conn)?;

    // Folders and directories first, then files.
    for folder in &folders {
        media_dir.recreate_user_folder(folder)?;
    }

    store::backup_rows::each_directory(conn, |folder, path| -> Result<()> {
        // The name "x" is a placeholder: only the directories above it are created.
        Ok(media_dir.create_parents(&FileLocation::new(&folder, &path, "x"))?)
    })?;
    let name = set.name.clone();
    // A request that was not approved yet has no folder.
    let people = usize::try_from(store::users::count_all(conn)?.0).unwrap_or(usize::MAX);

    let mut restored = RestoreReport {
        name,
        people,
        files: 0,
        bytes: 0,
        unchanged: 0,
        restore_point: None,
        aside: None,
        left,
    };

    set.each_file(|line| {
        let place = FileLocation::new(&line.folder, &line.directory, &line.name);

        // A file that is present unchanged is linked instead of copied.
        if has_file(&services.media_dir, &place, &line)
            && media_dir.hard_link_from(&services.media_dir, &place).is_ok()
        {
            restored.unchanged += 1;
        } else if services.media_dir.would_be_full(line.size) {
            return Err(Error::DiskFull);
        } else if !copy_out(repository, media_dir, &place, &line)? {
            // Damaged contents are listed, and their items are marked missing.
            let FileLine { folder, directory, name, .. } = line;
            restored.left.push(OmittedFile {
                folder,
                directory,
                name,
                why: "it is damaged in the backup".into(),
                is_deleted: false,
            });
            // The other files are still restored.
            return Ok(());
        }

        restored.files += 1;
        restored.bytes += line.size;
        on_progress(restored.files);
        failpoints::hit("file restored");
        Ok(())
    })?;
    Ok(restored)
}

/// Whether the current file equals the one in the backup, so that no copy is needed.
fn has_file(media_dir: &MediaDir, place: &FileLocation, line: &FileLine) -> bool {
    let same = || {
        let mut file = media_dir.open_file(place)?;
        let metadata = file.metadata()?;
        let is_alike = metadata.len() == line.size
            && Some(metadata.modified()?) == line.modified.map(system_time);
        Ok::<_, std::io::Error>(is_alike && sha256_of(&mut file)? == line.sha256)
    };
    same().unwrap_or(false)
}

fn system_time(nanoseconds: i64) -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanoseconds.unsigned_abs())
}

/// Copies a content from the backup to `place` and sets its modification time. False if the content is missing or
/// damaged; nothing is at the location then.
fn copy_out(
    repository: &BackupRepository,
    media_dir: &MediaDir,
    place: &FileLocation,
    line: &FileLine,
) -> Result<bool> {
    let mut file = media_dir.create_file(place)?;
    if !repository.copy_out(&line.sha256, line.size, &mut file)? {
        // Part of the content may have been written.
        media_dir.remove_file(place)?;
        return Ok(false);
    }
    if let Some(modified) = line.modified {
        file.set_modified(system_time(modified))?;
    }
    Ok(true)
}

/// Moves the files of a committed restore into place and removes those of an uncommitted one. It may be interrupted at
/// any point and run again.
pub fn finish_restore(services: &Services) -> Result<()> {
    let root = services.media_dir.path();
    if let Some(id) = services.db.read(|conn| Ok(store::backup_rows::find_restoring(conn)?))? {
        RestoreSwap::new(root, &id).exchange(|| failpoints::hit("folder restored"))?;
        // Previews of the previous items; they are made again on demand.
        services.preview_cache.remove_all()?;
        services.db.write(|conn| Ok(store::backup_rows::update_restoring(conn, None)?))?;
        failpoints::hit("restore finished");
    }
    // What remains now belongs to restores that were not committed.
    RestoreSwap::sweep(root)?;
    staging_database::sweep(&services.settings.data_dir)
}
