//! Limits how many ZIP downloads run at once: each one occupies a blocking thread for as long as its client reads.
//!
//! Limits are per process; a second server has its own.

use crate::sync::lock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::error::{Error, Result};
use crate::model::UserId;

/// Downloads at once per user.
const MAX_PER_USER: usize = 3;
/// Downloads at once in total.
const MAX_TOTAL: usize = 24;

/// The running ZIP downloads, per user.
#[derive(Default, Clone)]
pub struct ArchiveSlots(Arc<Mutex<HashMap<UserId, usize>>>);

/// The right to stream one archive. Dropping it frees the slot.
pub struct ArchiveSlot {
    archives: ArchiveSlots,
    owner: UserId,
}

impl ArchiveSlots {
    /// Takes a slot for `owner`.
    ///
    /// # Errors
    /// `TooManyRequests` when the user has no free slot, `Unavailable` when the server has none.
    pub fn acquire(&self, owner: UserId) -> Result<ArchiveSlot> {
        let mut running = lock(&self.0);
        if running.values().sum::<usize>() >= MAX_TOTAL {
            return Err(Error::Unavailable("Too many downloads are being packed at once."));
        }
        let own = running.entry(owner).or_default();
        if *own >= MAX_PER_USER {
            return Err(Error::TooManyRequests { retry_after: 10 });
        }
        *own += 1;
        Ok(ArchiveSlot { archives: self.clone(), owner })
    }
}

impl Drop for ArchiveSlot {
    fn drop(&mut self) {
        let mut running = lock(&self.archives.0);
        if let Some(own) = running.get_mut(&self.owner) {
            *own -= 1;
            if *own == 0 {
                running.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_builds_three_archives_at_once_and_the_server_twenty_four() {
        let archives = ArchiveSlots::default();
        let mut turns: Vec<_> = (0..3).map(|_| archives.acquire(UserId(1)).unwrap()).collect();
        assert!(matches!(archives.acquire(UserId(1)), Err(Error::TooManyRequests { .. })));
        turns.pop();
        turns.push(archives.acquire(UserId(1)).unwrap());
        for person in 2..=8 {
            turns.extend((0..3).map(|_| archives.acquire(UserId(person)).unwrap()));
        }
        assert!(matches!(archives.acquire(UserId(99)), Err(Error::Unavailable(_))));
        drop(turns);
        assert!(archives.acquire(UserId(99)).is_ok());
    }
}
