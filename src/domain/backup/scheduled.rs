//! Scheduled backups into the configured folder.

use std::path::Path;

use super::create::{CreatedBackup, create};
use super::prune::prune;
use super::set::newest;
use crate::config::backup_dir::unusable_error;
use crate::config::{Settings, atomic_file};
use crate::domain::clock;
use crate::error::{Error, Result};
use crate::model::now;
use crate::state::Services;
use crate::storage::BackupRepository;
use crate::storage::backup_repository::list_sets_in;
use crate::thread_priority::lower_priority;

/// Records in the data directory where backups were made, so that their absence is noticed.
const MARKER_FILE: &str = "backup-folder";

/// Opens the backup folder exclusively.
///
/// # Errors
/// `Unavailable` while another process uses it, `Configuration` if it cannot be used.
pub fn open_repository(settings: &Settings, folder: &Path) -> Result<BackupRepository> {
    settings.ensure_backup_dir_not_media(folder)?;
    BackupRepository::open(folder).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::WouldBlock => {
            Error::Unavailable("Another backup is being made, checked or put back.")
        }
        _ => unusable_error(folder, &cause.to_string()),
    })
}

/// Creates a backup if one is due, and prunes old ones. `None` if none is due or another process is creating one.
/// Lowers the priority of its thread.
///
/// # Errors
/// Database and system errors; the next round tries again.
pub fn run_if_due(services: &Services) -> Result<Option<CreatedBackup>> {
    let (Some(folder), Some(every)) =
        (&services.settings.backup_dir, services.settings.backup_interval)
    else {
        return Ok(None);
    };

    if newest(folder)?.is_some_and(|at| now() - at < every) {
        return Ok(None);
    }

    // An empty folder where backups were made before is probably not mounted.
    let marker = services.settings.data_dir.join(MARKER_FILE);
    let is_known = atomic_file::read(&marker).is_ok_and(|known| Path::new(known.trim()) == folder);

    if is_known && list_sets_in(folder)?.is_empty() {
        let why = format!(
            "The backups that were in {} are not there. Is the disk mounted?",
            folder.display()
        );
        services.last_backup_error.set(Some(why.clone()));
        return Err(Error::Conflict(why));
    }

    // Requests take precedence over the backup.
    lower_priority()?;

    // Pruning follows only a successful backup.
    let outcome = (|| {
        let mut repository = open_repository(&services.settings, folder)?;
        // The empty callback ignores the progress, which nobody watches here.
        let created = create(services, &mut repository, &mut |_| {})?;
        // Only with a plausible clock is it known which backups are old.
        if clock::trusted_now(services)?.is_some() {
            // `false`: not a dry run, the old backups are removed.
            prune(&repository, services.settings.backup_keep, false)?;
        }
        Ok(created)
    })();

    // The result is shown on the status page.
    match outcome {
        Ok(created) => {
            // A file that was deleted meanwhile is not a problem.
            let left = created.left.iter().filter(|one| !one.is_deleted).count();
            let problem = (left > 0)
                .then(|| format!("{left} files could not be read. Run nexus-media check."));
            services.last_backup_error.set(problem);
            atomic_file::replace(&marker, &format!("{}\n", folder.display()))?;
            Ok(Some(created))
        }
        // Another process is using the backup folder.
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
