//! Backups: consistent sets of tables and files, made while the server runs and restored as a whole.

mod create;
mod prune;
mod restore;
mod scheduled;
mod set;
mod staging_database;
mod status;
mod verify;

pub use create::{Created, create};
pub use prune::{Pruned, prune};
pub use restore::{Restored, finish_restore, restore};
pub use scheduled::{open, round};
pub use set::{Left, Listed, Set, list};
pub use status::{Standing, standing};
pub use verify::{Verified, verify};
