//! Backups: consistent sets of tables and files, made while the server runs and restored as a whole.

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
pub use scheduled::{open, round};
pub use set::{BackupListing, BackupSet, OmittedFile, list};
pub use status::{BackupStatus, standing};
pub use verify::{BackupVerification, verify};
