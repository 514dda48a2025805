//! A second set of people's folders beside those in use, and the exchange of the two.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::media_dir::{BEFORE_RESTORE_PREFIX, MediaDir, RESTORING_PREFIX};

/// Folders that stand there and are to stand there no more.
const ASIDE_LIST: &str = ".aside";

/// People's folders that are made ready in `.restoring-…`, to stand in the place of those in use, which go to `.before-…`.
pub struct RestoreSwap {
    root: PathBuf,
    ready: PathBuf,
    before: PathBuf,
}

impl RestoreSwap {
    /// The one of that name, in the root of people's folders.
    #[must_use]
    pub fn new(root: &Path, name: &str) -> Self {
        let (ready, before) =
            (root.join(format!("{RESTORING_PREFIX}{name}")), root.join(format!("{BEFORE_RESTORE_PREFIX}{name}")));
        Self { root: root.to_path_buf(), ready, before }
    }

    /// Where they are made ready.
    ///
    /// # Errors
    /// The system's.
    pub fn media_dir(&self) -> io::Result<MediaDir> {
        MediaDir::open(&self.ready)
    }

    /// Says that nothing more will come: what is there is durable. Of the folders of `before` those that have no
    /// successor go aside, too.
    ///
    /// # Errors
    /// The system's.
    pub fn seal(&self, mut before: BTreeSet<String>) -> io::Result<()> {
        before.retain(|folder| !self.ready.join(folder).exists());
        fs::write(self.ready.join(ASIDE_LIST), before.into_iter().collect::<Vec<_>>().join("\n"))?;
        Ok(rustix::fs::syncfs(File::open(&self.ready)?)?)
    }

    /// Takes away what was made ready.
    pub fn discard(&self) {
        drop(fs::remove_dir_all(&self.ready));
    }

    /// Puts everything in its place. It may be cut short anywhere and begin again; `passed` is called after each step.
    ///
    /// # Errors
    /// The system's.
    pub fn exchange(&self, mut passed: impl FnMut()) -> io::Result<()> {
        if self.ready.exists() {
            match fs::create_dir(&self.before) {
                Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
                _ => {}
            }
            // It is the last to go.
            let aside = match fs::read_to_string(self.ready.join(ASIDE_LIST)) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
                other => other?,
            };
            for folder in aside.lines() {
                self.set_aside(folder.as_ref())?;
            }
            // A folder that is renamed away while it is listed may hide another one.
            let names = fs::read_dir(&self.ready)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
            for name in names.into_iter().filter(|name| name != ASIDE_LIST) {
                self.set_aside(name.as_ref())?;
                fs::rename(self.ready.join(&name), self.root.join(&name))?;
                passed();
            }
            File::open(&self.root)?.sync_all()?;
            match fs::remove_file(self.ready.join(ASIDE_LIST)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
                _ => passed(),
            }
            fs::remove_dir(&self.ready)?;
        }
        // Where nobody was, nothing but our own empty folders went aside.
        for empty in fs::read_dir(&self.before).into_iter().flatten().flatten() {
            drop(fs::remove_dir(empty.path()));
        }
        drop(fs::remove_dir(&self.before));
        Ok(())
    }

    fn set_aside(&self, name: &Path) -> io::Result<()> {
        let (from, to) = (self.root.join(name), self.before.join(name));
        if from.exists() && !to.exists() { fs::rename(from, to) } else { Ok(()) }
    }

    /// Where the folders lie that were in use; `None` where there were none.
    #[must_use]
    pub fn aside_dir(&self) -> Option<PathBuf> {
        Some(self.before.clone()).filter(|before| before.exists())
    }

    /// Takes away whatever was made ready and never put in its place.
    ///
    /// # Errors
    /// The system's.
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
