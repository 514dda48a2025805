//! How many archives may be written at once: each holds a thread while its reader reads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::model::UserId;

/// For one person,
const MAX_PER_USER: usize = 3;
/// and for everybody.
const MAX_TOTAL: usize = 24;

/// Archives under way.
#[derive(Default, Clone)]
pub struct ArchiveSlots(Arc<Mutex<HashMap<UserId, usize>>>);

/// The right to write one archive; given back when dropped.
pub struct ArchiveSlot {
    archives: ArchiveSlots,
    owner: UserId,
}

impl ArchiveSlots {
    /// # Errors
    /// `TooManyRequests` for a fourth of one person, `Unavailable` when too many are under way.
    pub fn acquire(&self, owner: UserId) -> Result<ArchiveSlot> {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.values().sum::<usize>() >= MAX_TOTAL {
            return Err(Error::Unavailable("Too many downloads are being packed at once."));
        }
        let own = under_way.entry(owner).or_default();
        if *own >= MAX_PER_USER {
            return Err(Error::TooManyRequests { retry_after: 10 });
        }
        *own += 1;
        Ok(ArchiveSlot { archives: self.clone(), owner })
    }
}

impl Drop for ArchiveSlot {
    fn drop(&mut self) {
        let mut under_way = self.archives.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = under_way.get_mut(&self.owner) {
            *own -= 1;
            if *own == 0 {
                under_way.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_packs_three_archives_at_once_and_everybody_twenty_four() {
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
