//! Backups: tables and files of one moment as a set, made while the server runs, put back as a whole.

mod create;
mod folder;
mod lines;
mod loading;
mod prune;
mod restore;
mod set;
mod verify;

pub use create::{Created, create};
pub use folder::{Standing, Troubles, open, round, standing};
pub use prune::{Pruned, prune};
pub(super) use restore::finish_restore;
pub use restore::{Restored, restore};
pub use set::{Left, Listed, Set, list};
pub use verify::{Verified, verify};
