//! Bytes on disk: user folders, incoming files, previews, backups. No other layer opens them by path.

pub mod archive_source;
pub mod backup_repository;
pub mod dir_entry;
pub mod external_tree;
pub mod file_location;
pub mod file_name;
pub mod incoming_file;
pub mod json_lines;
pub mod media_dir;
pub mod open_beneath;
pub mod preallocate;
pub mod preview_cache;
pub mod rename;
mod restore_swap;
pub mod sweep;
pub mod user_folder;
pub mod watcher;

pub use backup_repository::BackupRepository;
pub use external_tree::ExternalTree;
pub use file_location::FileLocation;
pub use file_name::FileName;
pub use incoming_file::{IncomingFile, PartialFile, ReceivedFile, empty_state, sha256_of};
pub use json_lines::JsonLinesWriter;
pub use media_dir::MediaDir;
pub use restore_swap::RestoreSwap;
