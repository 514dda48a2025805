//! Compares the counters of a library with its rows.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::model::{Shelf, UserId};
use crate::state::Services;
use crate::store;

/// Returns whether shelf counters and used bytes match the rows; with `repair`, corrects those that do not.
///
/// # Errors
/// Database errors.
pub(super) fn are_counts_right(services: &Services, owner: UserId, repair: bool) -> Result<bool> {
    services.write_library(owner, |conn| {
        // Every change updates the counters; the lock keeps them still until this is done.
        store::shelf_counts::lock(conn, owner)?;
        let stored_counts = store::shelf_counts::list(conn, owner)?;
        let mut is_right = true;

        let mut used = 0;

        // All items are counted again.
        for shelf in Shelf::COUNTED {
            let (count, bytes) = store::items::count_on(conn, owner, shelf)?;
            // These together contain each item once.
            if matches!(shelf, Shelf::All | Shelf::Trash | Shelf::Received) {
                used += bytes;
            }
            let months = store::items::count_months(conn, owner, shelf)?;

            let known: BTreeMap<i32, i64> = store::shelf_counts::list_months(conn, owner, shelf)?
                .into_iter()
                .map(|(month, items)| (month.number(), items))
                .collect();

            if known != months {
                is_right = false;
                if repair {
                    store::shelf_counts::replace_months(conn, owner, shelf, &months)?;
                }
            }

            if !stored_counts
                .iter()
                .any(|known| (known.shelf, known.items, known.bytes) == (shelf, count, bytes))
            {
                is_right = false;
                if repair {
                    store::shelf_counts::update(conn, owner, shelf, count, bytes)?;
                }
            }
        }

        // The used bytes include the trash.
        let user = store::users::find(conn, owner)?.ok_or(Error::NotFound)?;
        if user.used_bytes != used {
            is_right = false;
            // The stored value minus this difference is the counted value; a negative difference increases it.
            if repair {
                store::users::update_subtract_used(conn, owner, user.used_bytes - used)?;
            }
        }
        Ok(is_right)
    })
}
