//! Limits how many requests of a kind each user, or each network of visitors, runs at once.
//!
//! Limits are per process; a second server has its own.

use crate::msg;
use crate::sync::lock;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::error::{Error, Result};
use crate::model::{ShareLinkId, UserId};

/// ZIP downloads at once. Each one occupies a blocking thread for as long as its client reads.
const ARCHIVES_PER_USER: usize = 3;
const ARCHIVES_IN_TOTAL: usize = 24;
/// The same for visitors of share links, per network.
const ARCHIVES_PER_VISITOR: usize = 1;
const ARCHIVES_OF_VISITORS: usize = 8;
/// Uploads at once per user. Each one occupies memory while its client is silent.
const UPLOADS_PER_USER: usize = 16;
/// The same for visitors of share links, per network.
const UPLOADS_PER_VISITOR: usize = 8;
const UPLOADS_OF_VISITORS: usize = 128;
/// Seconds after which a client may try again.
const RETRY_AFTER: u64 = 10;

/// A share link and the network of its visitor.
pub type Visitor = (ShareLinkId, IpAddr);

/// The running requests of a kind, per user or visitor.
pub struct Slots<K> {
    running: Arc<Mutex<HashMap<K, usize>>>,
    max_each: usize,
    max_total: usize,
}

pub type UserSlots = Slots<UserId>;
pub type UserSlot = Slot<UserId>;
pub type VisitorSlots = Slots<Visitor>;

/// The right to run one request. Dropping it frees the slot.
pub struct Slot<K: Eq + Hash> {
    running: Arc<Mutex<HashMap<K, usize>>>,
    of: K,
}

impl VisitorSlots {
    /// Slots for ZIP downloads of visitors.
    #[must_use]
    pub fn for_archives_of_visitors() -> Self {
        Self::new(ARCHIVES_PER_VISITOR, ARCHIVES_OF_VISITORS)
    }

    /// Slots for uploads of visitors.
    #[must_use]
    pub fn for_uploads_of_visitors() -> Self {
        Self::new(UPLOADS_PER_VISITOR, UPLOADS_OF_VISITORS)
    }
}

impl UserSlots {
    /// Slots for ZIP downloads.
    #[must_use]
    pub fn for_archives() -> Self {
        Self::new(ARCHIVES_PER_USER, ARCHIVES_IN_TOTAL)
    }

    /// Slots for uploads. Their total is limited by the connections of each network.
    #[must_use]
    pub fn for_uploads() -> Self {
        Self::new(UPLOADS_PER_USER, usize::MAX)
    }
}

impl<K: Eq + Hash + Copy> Slots<K> {
    fn new(max_each: usize, max_total: usize) -> Self {
        Self { running: Arc::default(), max_each, max_total }
    }

    /// Takes a slot for a user or visitor.
    ///
    /// # Errors
    /// `TooManyRequests` when they have no free slot, `Unavailable` when the server has none.
    pub fn acquire(&self, of: K) -> Result<Slot<K>> {
        let mut running = lock(&self.running);
        if running.values().sum::<usize>() >= self.max_total {
            return Err(Error::Unavailable(msg!(
                "Too many requests of this kind are running at once."
            )));
        }
        let own = running.entry(of).or_default();
        if *own >= self.max_each {
            return Err(Error::TooManyRequests { retry_after: RETRY_AFTER });
        }
        *own += 1;
        Ok(Slot { running: self.running.clone(), of })
    }
}

impl<K: Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        if let Some(own) = running.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                running.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_builds_three_archives_at_once_and_the_server_twenty_four() {
        let archives = UserSlots::for_archives();
        let mut slots: Vec<_> = (0..3).map(|_| archives.acquire(UserId(1)).unwrap()).collect();
        assert!(matches!(archives.acquire(UserId(1)), Err(Error::TooManyRequests { .. })));
        slots.pop();
        slots.push(archives.acquire(UserId(1)).unwrap());
        for user in 2..=8 {
            slots.extend((0..3).map(|_| archives.acquire(UserId(user)).unwrap()));
        }
        assert!(matches!(archives.acquire(UserId(99)), Err(Error::Unavailable(_))));
        drop(slots);
        assert!(archives.acquire(UserId(99)).is_ok());
    }

    #[test]
    fn a_user_uploads_sixteen_files_at_once_whatever_others_do() {
        let uploads = UserSlots::for_uploads();
        let slots: Vec<_> = (0..16).map(|_| uploads.acquire(UserId(1)).unwrap()).collect();
        assert!(matches!(uploads.acquire(UserId(1)), Err(Error::TooManyRequests { .. })));
        assert!(uploads.acquire(UserId(2)).is_ok());
        drop(slots);
        assert!(uploads.acquire(UserId(1)).is_ok());
    }
}
