//! Hears what others do in people's folders while the server runs.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// Places that are remembered; with more than that, everything is looked through.
const MAX_PATHS: usize = 100_000;

/// What was touched, and when last.
#[derive(Default)]
struct ChangedPaths {
    /// Beneath the media folder.
    paths: HashMap<PathBuf, Instant>,
    /// When more happened than was heard or could be remembered.
    lost: Option<Instant>,
}

/// What was touched and stands still.
#[derive(Debug, Default)]
pub struct QuietPaths {
    /// Beneath the media folder.
    pub paths: Vec<PathBuf>,
    /// Whether there was more that nobody remembers.
    pub is_lost: bool,
}

/// A watch over all people's folders.
pub struct FolderWatcher {
    root: PathBuf,
    watcher: Mutex<RecommendedWatcher>,
    touched: Arc<Mutex<ChangedPaths>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FolderWatcher {
    /// Watches every folder of everybody; takes as long as it takes to walk through them.
    ///
    /// # Errors
    /// The system's, where there are more folders than may be watched (`fs.inotify.max_user_watches`).
    pub fn start(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let touched = Arc::<Mutex<ChangedPaths>>::default();
        let (heard, base) = (touched.clone(), root.clone());
        let watcher = notify::recommended_watcher(move |event| record_event(&heard, &base, event)).map_err(io::Error::other)?;
        let watch = Self { root, watcher: Mutex::new(watcher), touched };
        locked(&watch.watcher).watch(&watch.root, RecursiveMode::NonRecursive).map_err(io::Error::other)?;
        for entry in std::fs::read_dir(&watch.root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && !is_hidden(&entry.file_name()) {
                watch.watch_folder(&entry.path())?;
            }
        }
        Ok(watch)
    }

    fn watch_folder(&self, folder: &Path) -> io::Result<()> {
        locked(&self.watcher).watch(folder, RecursiveMode::Recursive).map_err(io::Error::other)
    }

    /// What was touched and has stood still since for `settled`; it is forgotten here.
    pub fn take_quiet(&self, settled: Duration) -> QuietPaths {
        let mut touched = locked(&self.touched);
        let is_lost = touched.lost.take_if(|at| at.elapsed() >= settled).is_some();
        let paths: Vec<PathBuf> =
            touched.paths.iter().filter(|(_, at)| at.elapsed() >= settled).map(|(path, _)| path.clone()).collect();
        for path in &paths {
            touched.paths.remove(path);
        }
        drop(touched);
        // A new person's folder.
        for path in paths.iter().filter(|path| path.components().count() == 1) {
            let folder = self.root.join(path);
            if folder.is_dir()
                && let Err(cause) = self.watch_folder(&folder)
            {
                tracing::warn!("a new folder is not watched: {cause}");
            }
        }
        QuietPaths { paths, is_lost }
    }

    /// Remembers this as if it had been touched now.
    pub fn put_back(&self, again: QuietPaths) {
        let mut touched = locked(&self.touched);
        for path in again.paths {
            touched.paths.entry(path).or_insert_with(Instant::now);
        }
        if again.is_lost {
            touched.lost.get_or_insert_with(Instant::now);
        }
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

fn record_event(touched: &Mutex<ChangedPaths>, root: &Path, event: notify::Result<Event>) {
    let mut touched = locked(touched);
    let event = match event {
        Ok(event) if event.need_rescan() => {
            touched.lost = Some(Instant::now());
            return;
        }
        Ok(event) => event,
        Err(cause) => {
            tracing::warn!("watching people's folders: {cause}");
            touched.lost = Some(Instant::now());
            return;
        }
    };
    if matches!(event.kind, EventKind::Access(_)) {
        return;
    }
    for path in event.paths {
        let Ok(path) = path.strip_prefix(root) else { continue };
        let is_ours = |part: Component<'_>| is_hidden(part.as_os_str());
        if path.as_os_str().is_empty() || path.components().any(is_ours) {
            continue;
        }
        touched.paths.insert(path.to_owned(), Instant::now());
    }
    if touched.paths.len() > MAX_PATHS {
        touched.paths.clear();
        touched.lost = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_or_could_not_be_looked_at_is_not_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let watch = FolderWatcher::start(folder.path()).unwrap();
        record_event(&watch.touched, &watch.root, Err(notify::Error::generic("too much at once")));
        assert!(!watch.take_quiet(Duration::from_mins(1)).is_lost, "it has not stood still for long enough");
        let quiet = watch.take_quiet(Duration::ZERO);
        assert!(quiet.is_lost);
        assert!(!watch.take_quiet(Duration::ZERO).is_lost, "it is said once");
        watch.put_back(QuietPaths { paths: vec!["00001_A001/b".into()], ..quiet });
        let again = watch.take_quiet(Duration::ZERO);
        assert_eq!((again.paths, again.is_lost), (vec![PathBuf::from("00001_A001/b")], true));
    }
}
