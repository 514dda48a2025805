//! Backups: tables and files of one moment as a set, made while the server runs, put back as a whole.

mod create;
mod folder;
mod loading;
mod prune;
mod restore;
mod set;
mod standing;
mod troubles;
mod verify;

pub use create::{Created, create};
pub use folder::{open, round};
pub use prune::{Pruned, prune};
pub use restore::{Restored, finish_restore, restore};
pub use set::{Left, Listed, Set, list};
pub use standing::{Standing, standing};
pub use troubles::Troubles;
pub use verify::{Verified, verify};
