//! A cache for database reads that is never older than the last change made by this process.

use crate::sync::lock;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use moka::sync::Cache;

/// A cache for database reads. Entries expire after a TTL and are dropped when the underlying rows change.
pub(crate) struct VersionedCache<K, V> {
    entries: Cache<K, V>,
    invalidations: Mutex<u64>,
}

impl<K, V> VersionedCache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Creates a cache of at most `capacity` entries, each valid for `ttl`.
    pub fn new(capacity: u64, ttl: Duration) -> Self {
        Self {
            entries: Cache::builder().max_capacity(capacity).time_to_live(ttl).build(),
            invalidations: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        lock(&self.invalidations)
    }

    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries.get(key)
    }

    /// Returns the number of invalidations so far. Take it before reading what is to be inserted.
    pub fn invalidation_count(&self) -> u64 {
        *self.lock()
    }

    /// Inserts `value` unless an invalidation has happened since `before` was taken. This closes the race between a slow
    /// read and a concurrent write.
    pub fn insert_if_current(&self, key: K, value: V, before: u64) {
        let invalidations = self.lock();
        if *invalidations == before {
            self.entries.insert(key, value);
        }
    }

    /// Drops an entry. Call it after a change, before the change is acknowledged.
    pub fn invalidate(&self, key: &K) {
        *self.lock() += 1;
        self.entries.invalidate(key);
    }

    /// Drops the entries whose value `is_changed` accepts. Increments the invalidation number, so that values that were
    /// read before this call cannot be inserted after it.
    pub fn invalidate_where(&self, is_changed: impl Fn(&V) -> bool) {
        // Locked until all entries are dropped, so that no outdated value is inserted in the meantime.
        let mut invalidations = self.lock();
        *invalidations += 1;
        let keys: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, value)| is_changed(value))
            .map(|(key, _)| (*key).clone())
            .collect();
        for key in keys {
            self.entries.invalidate(&key);
        }
    }

    /// Drops all entries.
    pub fn invalidate_all(&self) {
        *self.lock() += 1;
        self.entries.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_read_before_a_change_is_not_cached_after_it() {
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
