//! Putting a backup back: tables and files are made ready beside those in use, and one commit decides which of the two
//! stand. Killed before it, the old ones do; killed after it, the next start puts the new files in their places.

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

/// Tables of the audit log.
const AUDIT_TABLES: [&str; 2] = ["audit_log", "audit_head"];

/// What was put back.
pub struct RestoreReport {
    pub name: String,
    pub people: usize,
    pub files: u64,
    pub bytes: u64,
    /// Files that were here already, to the byte.
    pub unchanged: u64,
    /// The backup of what stood here before; `None` where nobody was here.
    pub restore_point: Option<String>,
    /// Where people's folders lie as they were; `None` where there were none.
    pub aside: Option<PathBuf>,
    /// Files whose bytes are not in the backup; their rows say so.
    pub left: Vec<OmittedFile>,
}

/// Puts a set back in the place of everything that is here. Whoever calls this has claimed the folders.
///
/// # Errors
/// `Conflict` for a set that is damaged (its files may be, where `skips_damaged`), `DiskFull`, the database's and the
/// system's: everything is as it was then.
pub fn restore(
    services: &Services,
    vault: &mut BackupRepository,
    set: &BackupSet,
    skips_damaged: bool,
    tell: &mut dyn FnMut(u64),
) -> Result<RestoreReport> {
    if let Some(part) = set.broken_parts().first() {
        return Err(Error::Conflict(format!("The backup {} is damaged: {part}", set.name)));
    }
    let left = set.omitted()?;
    let known_left = left.len();
    let mut loaded = StagingDatabase::load(services, set)?;
    let id = format!("{}-{}", set.name, uuid::Uuid::now_v7().simple());
    let replacement = RestoreSwap::new(services.media_dir.path(), &id);
    let built = build_tree(services, vault, set, left, &replacement.media_dir()?, &mut loaded, tell);
    let restored = built.and_then(|mut restored| {
        if let (false, Some(first)) = (skips_damaged, restored.left.get(known_left)) {
            let count = restored.left.len() - known_left;
            let path = first.path();
            return Err(Error::Conflict(format!(
                "{count} files of the backup {} are damaged, such as {path}. --skip-damaged puts back the rest.",
                set.name
            )));
        }
        loaded.mark_missing(restored.left.iter())?;
        let before: BTreeSet<String> =
            services.db.read(|conn| Ok(store::backup_rows::list_folders(conn)?))?.into_iter().collect();
        if !before.is_empty() {
            restored.restore_point = Some(create_restore_point(services, vault, tell)?.name);
        }
        failpoints::hit("restore point made");
        replacement.seal(before)?;
        failpoints::hit("restore ready");
        replace_rows(services, &loaded, &set.name, &id)?;
        Ok(restored)
    });
    let mut restored = match restored {
        Ok(restored) => restored,
        Err(error) => {
            // Unless it was committed after all; where nobody can tell, the next start can.
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

/// The one step that decides.
fn replace_rows(services: &Services, loaded: &StagingDatabase, name: &str, id: &str) -> Result<()> {
    services.db.write(|conn| {
        let mut from = loaded.conn.borrow_mut();
        // Higher than both: nobody takes a page of the one for one of the other.
        let version =
            store::backup_rows::find_highest_version(conn)?.max(store::backup_rows::find_highest_version(&mut from)?) + 1;
        // What happened here has happened, whatever is put back: only where nothing did, the backup's log is taken.
        let (rows, _) = store::audit::find_head(conn)?;
        let kept: &[&str] = if rows > 0 { &AUDIT_TABLES } else { &[] };
        table_rows::delete_all_except(conn, kept)?;
        table_rows::copy_all_except(&mut from, conn, kept)?;
        store::backup_rows::update_versions(conn, version)?;
        store::backup_rows::update_restoring(conn, Some(id))?;
        audit::append(conn, Event::Restored, &Actor::command_line(), name, "")?;
        failpoints::hit("restore loaded");
        Ok(())
    })
}

/// Makes everybody's folders anew, beside those in use.
fn build_tree(
    services: &Services,
    vault: &BackupRepository,
    set: &BackupSet,
    left: Vec<OmittedFile>,
    tree: &MediaDir,
    loaded: &mut StagingDatabase,
    tell: &mut dyn FnMut(u64),
) -> Result<RestoreReport> {
    let conn = loaded.conn.get_mut();
    let folders = store::backup_rows::list_folders(conn)?;
    for folder in &folders {
        tree.recreate_user_folder(folder)?;
    }
    store::backup_rows::each_directory(conn, |folder, path| -> Result<()> {
        Ok(tree.create_parents(&FileLocation::new(&folder, &path, "x"))?)
    })?;
    let name = set.name.clone();
    let people = folders.len();
    let mut restored = RestoreReport { name, people, files: 0, bytes: 0, unchanged: 0, restore_point: None, aside: None, left };
    set.each_file(|line| {
        let place = FileLocation::new(&line.folder, &line.directory, &line.name);
        if has_file(&services.media_dir, &place, &line) && tree.hard_link_from(&services.media_dir, &place).is_ok() {
            restored.unchanged += 1;
        } else if services.media_dir.would_be_full(line.size) {
            return Err(Error::DiskFull);
        } else if !copy_out(vault, tree, &place, &line)? {
            let FileLine { folder, directory, name, .. } = line;
            restored.left.push(OmittedFile {
                folder,
                directory,
                name,
                why: "it is damaged in the backup".into(),
                is_deleted: false,
            });
            return Ok(());
        }
        restored.files += 1;
        restored.bytes += line.size;
        tell(restored.files);
        failpoints::hit("file restored");
        Ok(())
    })?;
    Ok(restored)
}

/// Whether the file in use is the one in the backup: then no second copy of it is needed.
fn has_file(tree: &MediaDir, place: &FileLocation, line: &FileLine) -> bool {
    let same = || {
        let mut file = tree.open_file(place)?;
        let about = file.metadata()?;
        let is_alike = about.len() == line.size && Some(about.modified()?) == line.modified.map(system_time);
        Ok::<_, std::io::Error>(is_alike && sha256_of(&mut file)? == line.sha256)
    };
    same().unwrap_or(false)
}

fn system_time(nanoseconds: i64) -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanoseconds.unsigned_abs())
}

/// False when the content is gone or damaged; nothing is at its place then.
fn copy_out(vault: &BackupRepository, tree: &MediaDir, place: &FileLocation, line: &FileLine) -> Result<bool> {
    let mut file = tree.create_file(place)?;
    if !vault.copy_out(&line.sha256, line.size, &mut file)? {
        tree.remove_file(place)?;
        return Ok(false);
    }
    if let Some(modified) = line.modified {
        file.set_modified(system_time(modified))?;
    }
    Ok(true)
}

/// Puts the files of a restore whose tables stand into their places, and takes away what is left of one whose tables do
/// not. It may be cut short at any point and begin again.
///
/// # Errors
/// The database's and the system's.
pub fn finish_restore(services: &Services) -> Result<()> {
    let root = services.media_dir.path();
    if let Some(id) = services.db.read(|conn| Ok(store::backup_rows::find_restoring(conn)?))? {
        RestoreSwap::new(root, &id).exchange(|| failpoints::hit("folder restored"))?;
        // They are of what was here; those that are wanted are made again.
        services.preview_cache.remove_all()?;
        services.db.write(|conn| Ok(store::backup_rows::update_restoring(conn, None)?))?;
        failpoints::hit("restore finished");
    }
    RestoreSwap::sweep(root)?;
    staging_database::sweep(&services.settings.data_dir)
}
