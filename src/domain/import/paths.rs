//! What the path of a file in the PHP original says about it.

use std::path::Path;

use crate::domain::library::directories::MAX_PATH_CHARS;
use crate::storage::media_dir::STANDARD_DIRECTORIES;

/// What a file's folder in the original says about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileState {
    Plain,
    Favorite,
    Trashed,
}

/// Returns what a file's path in the imported server's folder implies: its state, and the user's directory to store it
/// in; without a directory, the kind of the file decides.
pub(super) fn file_state(path: &Path) -> (FileState, Option<String>) {
    let above = path.parent().map(|above| above.to_string_lossy().into_owned()).unwrap_or_default();
    let top = above.split('/').next().unwrap_or_default();
    match top {
        "Trash" => (FileState::Trashed, None),
        // The original keeps copies of items in these two folders; they are no directories of the user.
        "Favorites" => (FileState::Favorite, None),
        "Recents" => (FileState::Plain, None),
        // At the top, in a standard directory, or below a path that is too long: the kind of the file decides.
        _ if above.is_empty()
            || STANDARD_DIRECTORIES.contains(&above.as_str())
            || above.chars().count() > MAX_PATH_CHARS =>
        {
            (FileState::Plain, None)
        }
        _ => (FileState::Plain, Some(above)),
    }
}

/// Whether this folder of the original contains copies of files from other folders.
pub(super) fn is_virtual_path(path: &Path) -> bool {
    path.starts_with("Favorites") || path.starts_with("Recents")
}

/// Whether it is a standard directory, or lies in Trash, Favorites or Recents.
pub(super) fn is_standard_path(path: &str) -> bool {
    STANDARD_DIRECTORIES.contains(&path)
        || matches!(path.split('/').next(), Some("Trash" | "Favorites" | "Recents"))
}
