//! Brings rows up to date that are derived from names, after a change of how they are derived: sort keys, search
//! words and places.

use super::search;
use crate::error::Result;
use crate::model::{Item, ItemId, UserId};
use crate::state::Services;
use crate::storage::file_name::sort_key;
use crate::store;

/// The version of these rows. To be increased when `sort_key`, the words or the place of an item change.
const CURRENT_VERSION: i32 = 5;
/// Items changed in one transaction.
const BATCH_ITEMS: i64 = 200;

/// Updates the rows of all items if an older version of the server wrote them. Runs again from the start if it was
/// interrupted. Returns the number of items.
///
/// # Errors
/// Database errors.
pub fn bring_up_to_date(services: &Services) -> Result<u64> {
    let version = services.db.read(|conn| Ok(store::site::find_index_version(conn)?))?;
    if version >= CURRENT_VERSION {
        return Ok(0);
    }

    let mut count = 0;
    let mut after = None;
    loop {
        let items =
            services.db.read(|conn| Ok(store::items::list_all_after(conn, after, BATCH_ITEMS)?))?;
        let Some(last) = items.last() else { break };
        after = Some(last.id);
        count += items.len() as u64;

        let mut owners: Vec<UserId> = items.iter().map(|item| item.user_id).collect();
        owners.sort_unstable();
        owners.dedup();
        for owner in owners {
            let ids: Vec<ItemId> =
                items.iter().filter(|item| item.user_id == owner).map(|item| item.id).collect();
            reindex(services, owner, &ids)?;
        }
    }

    services.db.write(|conn| {
        store::site::update_index_version(conn, CURRENT_VERSION)?;
        Ok(())
    })?;
    Ok(count)
}

/// Updates the derived rows of some items of a user.
pub(crate) fn reindex(services: &Services, owner: UserId, ids: &[ItemId]) -> Result<()> {
    services.write_library(owner, |conn| {
        // Read again, because an item may have been renamed or deleted meanwhile.
        for item in store::items::list_of(conn, owner, ids)? {
            let item = Item { name_key: sort_key(&item.name), ..item };
            store::items::update_place(conn, &item)?;
            search::reindex(conn, &item)?;
        }
        Ok(())
    })
}
