//! Backups: consistent sets of tables and files, created while the server runs and restored as a whole.

mod create;
mod prune;
mod restore;
mod scheduled;
mod set;
mod staging_database;
mod status;
mod verify;

pub use create::{CreatedBackup, create};
pub use prune::{PruneReport, prune};
pub use restore::{RestoreReport, finish_restore, restore};
pub use scheduled::{open_repository, run_if_due};
pub use set::{BackupListing, BackupSet, OmittedFile, list};
pub use status::{BackupStatus, backup_status};
pub use verify::{BackupVerification, verify};
