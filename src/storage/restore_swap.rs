//! A restored tree of user folders beside the one in use, and the exchange of the two.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::media_dir::{BEFORE_RESTORE_PREFIX, MediaDir, RESTORING_PREFIX};

/// Lists folders that have no counterpart in the restored tree and must be set aside.
const ASIDE_LIST: &str = ".aside";

/// User folders prepared in `.restoring-…` that will replace those in use, which move to `.before-…`.
pub struct RestoreSwap {
    root: PathBuf,
    ready: PathBuf,
    before: PathBuf,
}

impl RestoreSwap {
    /// The swap with this name, in the root of the user folders.
    #[must_use]
    pub fn new(root: &Path, name: &str) -> Self {
        let (ready, before) = (
            root.join(format!("{RESTORING_PREFIX}{name}")),
            root.join(format!("{BEFORE_RESTORE_PREFIX}{name}")),
        );
        Self { root: root.to_path_buf(), ready, before }
    }

    /// Opens the tree that is being prepared.
    pub fn media_dir(&self) -> io::Result<MediaDir> {
        MediaDir::open(&self.ready)
    }

    /// Makes the prepared tree durable. Folders of `before` that it does not replace will be set aside as well.
    pub fn seal(&self, mut before: BTreeSet<String>) -> io::Result<()> {
        before.retain(|folder| !self.ready.join(folder).exists());
        fs::write(self.ready.join(ASIDE_LIST), before.into_iter().collect::<Vec<_>>().join("\n"))?;
        Ok(rustix::fs::syncfs(File::open(&self.ready)?)?)
    }

    /// Removes the prepared tree.
    pub fn discard(&self) {
        drop(fs::remove_dir_all(&self.ready));
    }

    /// Moves the folders in use to `before` and the prepared ones in `ready` to their place. It can be interrupted
    /// anywhere and started again; calls `passed` after each prepared folder and after the removal of the list of
    /// folders to set aside.
    pub fn exchange(&self, mut passed: impl FnMut()) -> io::Result<()> {
        // Without this folder, the exchange is complete.
        if self.ready.exists() {
            // The folder already exists if an earlier run was interrupted.
            match fs::create_dir(&self.before) {
                Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
                _ => {}
            }

            // The list of folders to set aside is removed last, so that every step before it can be repeated.
            let aside = match fs::read_to_string(self.ready.join(ASIDE_LIST)) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
                other => other?,
            };

            // Users that the restored state does not have.
            for folder in aside.lines() {
                self.set_aside(folder.as_ref())?;
            }

            // Renaming entries while listing the folder could hide others.
            let names = fs::read_dir(&self.ready)?
                .map(|entry| Ok(entry?.file_name()))
                .collect::<io::Result<Vec<_>>>()?;

            for name in names.into_iter().filter(|name| name != ASIDE_LIST) {
                // Does nothing if no such folder is in use, or if an earlier run has already set one aside.
                self.set_aside(name.as_ref())?;
                fs::rename(self.ready.join(&name), self.root.join(&name))?;
                passed();
            }

            // Durable before the list is removed, which marks the end.
            File::open(&self.root)?.sync_all()?;
            match fs::remove_file(self.ready.join(ASIDE_LIST)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
                _ => passed(),
            }
            fs::remove_dir(&self.ready)?;
        }

        // If there was no tree before, only empty internal folders such as `.incoming` were set aside.
        for empty in fs::read_dir(&self.before).into_iter().flatten().flatten() {
            // Fails for a folder with content, which stays.
            drop(fs::remove_dir(empty.path()));
        }

        // Fails if something was set aside and stays there.
        drop(fs::remove_dir(&self.before));
        Ok(())
    }

    fn set_aside(&self, name: &Path) -> io::Result<()> {
        let (from, to) = (self.root.join(name), self.before.join(name));
        if from.exists() && !to.exists() { fs::rename(from, to) } else { Ok(()) }
    }

    /// Returns the folder with the replaced tree, if there was one.
    #[must_use]
    pub fn aside_dir(&self) -> Option<PathBuf> {
        Some(self.before.clone()).filter(|before| before.exists())
    }

    /// Removes prepared trees that were never exchanged.
    pub fn sweep(root: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(RESTORING_PREFIX) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}
