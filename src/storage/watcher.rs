//! Watches user folders for changes by other programs (inotify).

use crate::sync::lock;
use std::collections::{BTreeSet, HashMap};
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

/// Watches the folders of active users.
pub struct FolderWatcher {
    root: PathBuf,
    watcher: Mutex<RecommendedWatcher>,
    watched: Mutex<BTreeSet<String>>,
    changed: Arc<Mutex<ChangedPaths>>,
}

impl FolderWatcher {
    /// Starts without any user folder: see [`FolderWatcher::watch_only`].
    ///
    /// # Errors
    /// When the system does not permit another watch.
    pub fn start(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let changed = Arc::<Mutex<ChangedPaths>>::default();

        // The callback runs on another thread, so it gets its own copies.
        let (events, base) = (changed.clone(), root.clone());
        let watcher = notify::recommended_watcher(move |event| record_event(&events, &base, event))
            .map_err(io::Error::other)?;
        // Adding a watch needs exclusive access to the watcher, but the methods of this type take a shared reference,
        // hence the mutex.
        let watch = Self { root, watcher: Mutex::new(watcher), watched: Mutex::default(), changed };
        // The root itself, to notice new folders.
        lock(&watch.watcher)
            .watch(&watch.root, RecursiveMode::NonRecursive)
            .map_err(io::Error::other)?;
        Ok(watch)
    }

    /// Watches these folders with everything in them, and no others. Takes as long as walking through those that are new.
    /// After the first call, those are also reported as changed, because what happened in them before was not noticed.
    ///
    /// # Errors
    /// When there are more folders than may be watched (`fs.inotify.max_user_watches`).
    pub fn watch_only(&self, folders: &BTreeSet<String>) -> io::Result<()> {
        let mut watched = lock(&self.watched);
        let is_first = watched.is_empty();
        let mut watcher = lock(&self.watcher);
        for folder in watched.difference(folders) {
            // Fails if the folder is gone, which ends the watch as well.
            drop(watcher.unwatch(&self.root.join(folder)));
        }
        watched.retain(|folder| folders.contains(folder));

        for folder in folders {
            let path = self.root.join(folder);
            if watched.contains(folder) || !path.is_dir() {
                continue;
            }
            watcher.watch(&path, RecursiveMode::Recursive).map_err(io::Error::other)?;
            watched.insert(folder.clone());
            if !is_first {
                lock(&self.changed).paths.insert(folder.into(), Instant::now());
            }
        }
        Ok(())
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
    fn only_the_given_folders_are_watched() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["active", "suspended"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let watch = FolderWatcher::start(folder.path()).unwrap();

        for (watched, other) in [("active", "suspended"), ("suspended", "active")] {
            watch.watch_only(&BTreeSet::from([watched.into(), "missing".into()])).unwrap();
            // The kernel reports in order, so the first file would be reported before the second.
            let files =
                [other, watched].map(|name| PathBuf::from(name).join(format!("of {watched}")));
            for file in &files {
                std::fs::write(folder.path().join(file), "x").unwrap();
            }
            let mut seen = BTreeSet::new();
            while !seen.contains(&files[1]) {
                seen.extend(watch.take_quiet(Duration::ZERO).paths);
                std::thread::yield_now();
            }
            assert!(!seen.contains(&files[0]), "{seen:?}");
        }
    }

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
