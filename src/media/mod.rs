//! Bytes on disk: the people's tree, files on their way in, what a file is. Nothing else touches it.

mod beneath;
pub mod cage;
pub mod clamd;
pub mod entry;
pub mod foreign;
mod growing;
pub mod icon;
pub mod incoming;
pub mod lines;
pub mod name;
pub mod place;
pub mod preview;
pub mod previews;
pub mod replacement;
pub mod sniff;
mod sweeping;
pub mod tree;
pub mod vault;
pub mod watcher;

pub use foreign::Foreign;
pub use incoming::{Incoming, Partial, Received, empty_state, sha256_of};
pub use lines::Lines;
pub use name::FileName;
pub use place::Place;
pub use replacement::Replacement;
pub use sniff::{Kind, Sniffed, sniff};
pub use tree::Tree;
pub use vault::Vault;
