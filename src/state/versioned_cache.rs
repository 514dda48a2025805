//! What was read from the database and may be used again, until its time is over or a change makes it forgotten.

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

/// A cache that never keeps what was read before a change and arrives after it.
pub(crate) struct VersionedCache<K, V> {
    entries: Cache<K, V>,
    invalidations: Mutex<u64>,
}

impl<K, V> VersionedCache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// At most `most` things, each for `time` at most.
    pub fn new(most: u64, time: Duration) -> Self {
        Self { entries: Cache::builder().max_capacity(most).time_to_live(time).build(), invalidations: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.invalidations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries.get(key)
    }

    /// How many changes there were: ask before reading what is to be kept.
    pub fn invalidation_count(&self) -> u64 {
        *self.lock()
    }

    /// Keeps what was read when there had been `before` changes; nothing if there was one since.
    pub fn insert_if_current(&self, key: K, value: V, before: u64) {
        let changes = self.lock();
        if *changes == before {
            self.entries.insert(key, value);
        }
    }

    /// Forgets what was read of one thing: call it after a change and before it is acknowledged.
    pub fn invalidate(&self, key: &K) {
        *self.lock() += 1;
        self.entries.invalidate(key);
    }

    /// Forgets what `is_changed` says.
    pub fn invalidate_where(&self, is_changed: impl Fn(&V) -> bool) {
        let mut changes = self.lock();
        *changes += 1;
        let keys: Vec<_> = self.entries.iter().filter(|(_, value)| is_changed(value)).map(|(key, _)| (*key).clone()).collect();
        for key in keys {
            self.entries.invalidate(&key);
        }
    }

    /// Forgets everything.
    pub fn invalidate_all(&self) {
        *self.lock() += 1;
        self.entries.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let known = VersionedCache::new(10, Duration::from_mins(1));
        let before = known.invalidation_count();
        known.invalidate(&1);
        known.insert_if_current(1, "old", before);
        assert_eq!(known.get(&1), None);
        known.insert_if_current(1, "new", known.invalidation_count());
        assert_eq!(known.get(&1), Some("new"));
        known.invalidate_where(|value| *value == "new");
        assert_eq!(known.get(&1), None);
    }
}
