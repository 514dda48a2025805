//! Directories of a user: the seven standard ones and their own.

use diesel::prelude::*;

use super::{DirectoryId, Time, UserId};
use crate::db::schema::user_directories;
use crate::msg;

/// A row of `user_directories`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = user_directories)]
pub struct Directory {
    pub id: i64,
    pub user_id: UserId,
    pub directory_id: DirectoryId,
    pub parent_id: Option<DirectoryId>,
    pub directory_name: String,
    /// Relative to the user folder, separated by `/`.
    pub directory_path: String,
    pub username: String,
    pub date_added: Time,
    pub last_modified: Time,
    pub last_accessed: Time,
}

impl Directory {
    /// Whether every user has this directory, so that it cannot be renamed or deleted.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        crate::storage::media_dir::STANDARD_DIRECTORIES.contains(&self.directory_path.as_str())
    }

    /// The name that pages show. Those of standard directories differ from their names on disk.
    #[must_use]
    pub fn label(&self) -> &str {
        match self.directory_path.as_str() {
            "Audios" => msg!("Music"),
            "Uploads" => msg!("Files"),
            "Recents" => msg!("Recent"),
            _ => &self.directory_name,
        }
    }

    /// Whether it cannot be chosen as a target: Favorites, Recents and Trash.
    #[must_use]
    pub fn is_view(&self) -> bool {
        matches!(self.directory_path.as_str(), "Favorites" | "Recents" | "Trash")
    }
}

/// A row to be inserted.
#[derive(Insertable)]
#[diesel(table_name = user_directories)]
#[diesel(treat_none_as_default_value = false)]
pub struct NewDirectory {
    pub user_id: UserId,
    pub directory_id: DirectoryId,
    pub parent_id: Option<DirectoryId>,
    pub directory_name: String,
    pub directory_path: String,
    pub username: String,
    pub date_added: Time,
    pub last_modified: Time,
    pub last_accessed: Time,
}
