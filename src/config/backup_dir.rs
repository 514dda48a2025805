//! Where backups may lie.

use std::path::{Path, PathBuf};

use super::Settings;
use crate::error::{Error, Result};

/// A folder of backups that cannot be used, and why.
#[must_use]
pub fn unusable_error(folder: &Path, why: &str) -> Error {
    Error::Configuration(format!("The backup folder {} cannot be used: {why}", folder.display()))
}

impl Settings {
    /// # Errors
    /// `Configuration` for a folder of backups in the media folder: it would be taken for somebody's.
    pub fn ensure_backup_dir_not_media(&self, folder: &Path) -> Result<()> {
        let is_among = real_path(folder).starts_with(real_path(&self.media_dir));
        if is_among { Err(unusable_error(folder, "it lies in the media folder")) } else { Ok(()) }
    }
}

/// Without links and dots, as far as it is there already.
fn real_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|above| Some((above, std::fs::canonicalize(above).ok()?)));
    there.map_or(path.clone(), |(above, real)| real.join(path.strip_prefix(above).unwrap_or(Path::new(""))))
}
