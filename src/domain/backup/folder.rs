//! The folder of backups that the settings name: opened for one at a time, and filled by the server itself.

use std::path::Path;

use super::create::{Created, create};
use super::prune::prune;
use super::set::newest;
use crate::domain::Services;
use crate::error::{Error, Result};
use crate::media::Vault;
use crate::model::now;

/// How much everything else goes before a backup, as `nice` counts it.
const NICENESS: i32 = 10;

/// The folder of backups, for this process alone.
///
/// # Errors
/// `Unavailable` while another process is at work there, `Configuration` for a folder that cannot be used.
pub fn open(services: &Services, folder: &Path) -> Result<Vault> {
    let media = std::fs::canonicalize(services.tree.path())?;
    let unusable = |why: &str| Error::Configuration(format!("The backup folder {} cannot be used: {why}", folder.display()));
    // Its parents may not be there yet.
    let real = folder.ancestors().find_map(|above| std::fs::canonicalize(above).ok()).unwrap_or_default();
    if real.starts_with(&media) {
        return Err(unusable("it lies in the media folder"));
    }
    Vault::open(folder).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::WouldBlock => Error::Unavailable("Another backup is being made, checked or put back."),
        _ => unusable(&cause.to_string()),
    })
}

/// Makes a backup if one is due, and lets go of old ones. `None` when it is not due, or somebody else is making one.
/// It lowers the priority of the thread it runs on.
///
/// # Errors
/// The database's and the system's; the next round tries again.
pub fn round(services: &Services) -> Result<Option<Created>> {
    let (Some(folder), Some(every)) = (&services.settings.backup_dir, services.settings.backup_every) else { return Ok(None) };
    if newest(folder)?.is_some_and(|at| now() - at < every) {
        return Ok(None);
    }
    rustix::process::nice(NICENESS).map_err(std::io::Error::from)?;
    let made = (|| {
        let mut vault = open(services, folder)?;
        let created = create(services, &mut vault, &mut |_| {})?;
        prune(&vault, services.settings.backup_keep, false)?;
        Ok(created)
    })();
    match made {
        Ok(created) => {
            services.backup_troubles.set(None);
            Ok(Some(created))
        }
        Err(Error::Unavailable(_)) => Ok(None),
        Err(error) => {
            services.backup_troubles.set(Some(match &error {
                Error::Internal(cause) => format!("{cause:#}"),
                error => error.to_string(),
            }));
            Err(error)
        }
    }
}
