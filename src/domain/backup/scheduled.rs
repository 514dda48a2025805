//! The folder of backups that the settings name: opened for one at a time, and filled by the server itself.

use std::path::Path;

use super::create::{CreatedBackup, create};
use super::prune::prune;
use super::set::newest;
use crate::config::backup_dir::unusable_error;
use crate::config::{Settings, atomic_file};
use crate::error::{Error, Result};
use crate::model::now;
use crate::os::lower_priority;
use crate::state::Services;
use crate::storage::BackupRepository;
use crate::storage::backup_repository::list_sets_in;

/// Says in the data directory where the server has made backups, so that it notices when they are gone.
const MARKER_FILE: &str = "backup-folder";

/// The folder of backups, for this process alone.
///
/// # Errors
/// `Unavailable` while another process is at work there, `Configuration` for a folder that cannot be used.
pub fn open_repository(settings: &Settings, folder: &Path) -> Result<BackupRepository> {
    settings.ensure_backup_dir_not_media(folder)?;
    BackupRepository::open(folder).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::WouldBlock => Error::Unavailable("Another backup is being made, checked or put back."),
        _ => unusable_error(folder, &cause.to_string()),
    })
}

/// Makes a backup if one is due, and lets go of old ones. `None` when it is not due, or somebody else is making one.
/// It lowers the priority of the thread it runs on.
///
/// # Errors
/// The database's and the system's; the next round tries again.
pub fn run_if_due(services: &Services) -> Result<Option<CreatedBackup>> {
    let (Some(folder), Some(every)) = (&services.settings.backup_dir, services.settings.backup_interval) else { return Ok(None) };
    if newest(folder)?.is_some_and(|at| now() - at < every) {
        return Ok(None);
    }
    let marker = services.settings.data_dir.join(MARKER_FILE);
    let is_known = atomic_file::read(&marker).is_ok_and(|known| Path::new(known.trim()) == folder);
    if is_known && list_sets_in(folder)?.is_empty() {
        let why = format!("The backups that were in {} are not there. Is the disk mounted?", folder.display());
        services.last_backup_error.set(Some(why.clone()));
        return Err(Error::Conflict(why));
    }
    lower_priority()?;
    let made = (|| {
        let mut vault = open_repository(&services.settings, folder)?;
        let created = create(services, &mut vault, &mut |_| {})?;
        prune(&vault, services.settings.backup_keep, false)?;
        Ok(created)
    })();
    match made {
        Ok(created) => {
            atomic_file::replace(&marker, &format!("{}\n", folder.display()))?;
            let left = created.left.iter().filter(|one| !one.is_deleted).count();
            let trouble = (left > 0).then(|| format!("{left} files could not be read. Run nexus-media check."));
            services.last_backup_error.set(trouble);
            Ok(Some(created))
        }
        Err(Error::Unavailable(_)) => Ok(None),
        Err(error) => {
            services.last_backup_error.set(Some(match &error {
                Error::Internal(cause) => format!("{cause:#}"),
                error => error.to_string(),
            }));
            Err(error)
        }
    }
}
