//! The status of scheduled backups.

use super::set::newest;
use crate::model::{Time, now};
use crate::state::Services;

/// The status of scheduled backups.
#[derive(Debug, Clone, Default)]
pub struct BackupStatus {
    /// When the newest backup was created.
    pub newest: Option<Time>,
    /// Whether it is older than twice the configured interval, or there is none.
    pub is_late: bool,
    /// Why the last attempt failed, or how many files it could not read.
    pub trouble: Option<String>,
}

/// The status of scheduled backups; `None` if no folder is configured.
#[must_use]
pub fn backup_status(services: &Services) -> Option<BackupStatus> {
    let folder = services.settings.backup_dir.as_ref()?;
    let newest = newest(folder).ok().flatten();
    let every = services.settings.backup_interval;
    let is_late = newest.is_none_or(|at| every.is_some_and(|every| now() - at > every * 2));
    Some(BackupStatus { newest, is_late, trouble: services.last_backup_error.get() })
}
