//! Watches user folders for changes by other programs (inotify).

use crate::sync::lock;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// Paths remembered. With more, everything is scanned.
const MAX_PATHS: usize = 100_000;

/// Changed paths and when they last changed.
#[derive(Default)]
struct ChangedPaths {
    /// Relative to the media folder.
    paths: HashMap<PathBuf, Instant>,
    /// Set when events were lost or there were too many paths.
    lost: Option<Instant>,
}

/// Paths that changed and have been quiet since.
#[derive(Debug, Default)]
pub struct QuietPaths {
    /// Relative to the media folder.
    pub paths: Vec<PathBuf>,
    /// Whether events were lost, so that everything must be scanned.
    pub needs_full_scan: bool,
}

/// Watches all user folders.
pub struct FolderWatcher {
    root: PathBuf,
    watcher: Mutex<RecommendedWatcher>,
    changed: Arc<Mutex<ChangedPaths>>,
}

impl FolderWatcher {
    /// Starts watching every user folder. Takes as long as walking through all of them.
    ///
    /// # Errors
    /// When there are more folders than may be watched (`fs.inotify.max_user_watches`).
    pub fn start(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let changed = Arc::<Mutex<ChangedPaths>>::default();

        // The callback runs on another thread, so it gets its own copies.
        let (events, base) = (changed.clone(), root.clone());
        let watcher = notify::recommended_watcher(move |event| record_event(&events, &base, event))
            .map_err(io::Error::other)?;
        // Adding a watch needs exclusive access to the watcher, but the methods of this type take a shared reference,
        // hence the mutex.
        let watch = Self { root, watcher: Mutex::new(watcher), changed };
        // The root itself, to notice the folders of new users.
        lock(&watch.watcher)
            .watch(&watch.root, RecursiveMode::NonRecursive)
            .map_err(io::Error::other)?;
        for entry in std::fs::read_dir(&watch.root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && !is_hidden(&entry.file_name()) {
                watch.watch_folder(&entry.path())?;
            }
        }
        Ok(watch)
    }

    fn watch_folder(&self, folder: &Path) -> io::Result<()> {
        lock(&self.watcher).watch(folder, RecursiveMode::Recursive).map_err(io::Error::other)
    }

    /// Removes and returns what changed and has been quiet for `quiet_period`.
    pub fn take_quiet(&self, quiet_period: Duration) -> QuietPaths {
        let mut changed = lock(&self.changed);

        // Lost events require a full scan, once it is quiet.
        let needs_full_scan = changed.lost.take_if(|at| at.elapsed() >= quiet_period).is_some();
        let paths: Vec<PathBuf> = changed
            .paths
            .iter()
            .filter(|(_, at)| at.elapsed() >= quiet_period)
            .map(|(path, _)| path.clone())
            .collect();

        // A path is reported only once; a later change adds it again.
        for path in &paths {
            changed.paths.remove(path);
        }
        drop(changed);

        // A path with one component is the folder of a new user, which is not watched yet.
        for path in paths.iter().filter(|path| path.components().count() == 1) {
            let folder = self.root.join(path);
            if folder.is_dir()
                && let Err(cause) = self.watch_folder(&folder)
            {
                tracing::warn!(error = %cause, "cannot watch a new folder");
            }
        }
        QuietPaths { paths, needs_full_scan }
    }

    /// Records paths again as if they had changed now.
    pub fn put_back(&self, again: QuietPaths) {
        let mut changed = lock(&self.changed);
        for path in again.paths {
            changed.paths.entry(path).or_insert_with(Instant::now);
        }
        if again.needs_full_scan {
            changed.lost.get_or_insert_with(Instant::now);
        }
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

/// Records the changed paths of an event, except for reads and hidden names. If events were lost or there are too many
/// paths, everything must be scanned instead.
fn record_event(changed: &Mutex<ChangedPaths>, root: &Path, event: notify::Result<Event>) {
    let mut changed = lock(changed);
    let event = match event {
        // The kernel's queue overflowed.
        Ok(event) if event.need_rescan() => {
            changed.lost = Some(Instant::now());
            return;
        }
        Ok(event) => event,
        Err(cause) => {
            tracing::warn!(error = %cause, "folder watch failed");
            changed.lost = Some(Instant::now());
            return;
        }
    };

    // Reading a file changes nothing.
    if matches!(event.kind, EventKind::Access(_)) {
        return;
    }

    // The root itself and hidden files and folders are not tracked.
    for path in event.paths {
        let Ok(path) = path.strip_prefix(root) else { continue };
        let is_hidden_part = |part: Component<'_>| is_hidden(part.as_os_str());
        if path.as_os_str().is_empty() || path.components().any(is_hidden_part) {
            continue;
        }
        changed.paths.insert(path.to_owned(), Instant::now());
    }

    // Bounds the memory; a full scan replaces the list.
    if changed.paths.len() > MAX_PATHS {
        changed.paths.clear();
        changed.lost = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_or_unreadable_files_are_not_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let watch = FolderWatcher::start(folder.path()).unwrap();
        record_event(&watch.changed, &watch.root, Err(notify::Error::generic("too much at once")));
        assert!(
            !watch.take_quiet(Duration::from_mins(1)).needs_full_scan,
            "it has not stood still for long enough"
        );
        let quiet = watch.take_quiet(Duration::ZERO);
        assert!(quiet.needs_full_scan);
        assert!(!watch.take_quiet(Duration::ZERO).needs_full_scan, "it is said once");
        watch.put_back(QuietPaths { paths: vec!["00001_A001/b".into()], ..quiet });
        let again = watch.take_quiet(Duration::ZERO);
        assert_eq!(
            (again.paths, again.needs_full_scan),
            (vec![PathBuf::from("00001_A001/b")], true)
        );
    }
}
