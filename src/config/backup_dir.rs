//! Validates the location of the backup folder.

use std::path::{Path, PathBuf};

use super::Settings;
use crate::error::{Error, Result};

/// An error about a backup folder that cannot be used.
#[must_use]
pub fn unusable_error(folder: &Path, why: &str) -> Error {
    Error::Configuration(format!("The backup folder {} cannot be used: {why}", folder.display()))
}

impl Settings {
    /// Requires the backup folder to be outside the media folder.
    ///
    /// # Errors
    /// `Configuration`: inside, it would be taken for a user folder.
    pub fn ensure_backup_dir_not_media(&self, folder: &Path) -> Result<()> {
        let is_inside = real_path(folder).starts_with(real_path(&self.media_dir));
        if is_inside {
            Err(unusable_error(folder, "it is inside the media folder"))
        } else {
            Ok(())
        }
    }
}

/// Resolves symlinks and dots in the part of the path that exists.
fn real_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing =
        path.ancestors().find_map(|above| Some((above, std::fs::canonicalize(above).ok()?)));
    existing.map_or(path.clone(), |(above, real)| {
        real.join(path.strip_prefix(above).unwrap_or(Path::new("")))
    })
}
