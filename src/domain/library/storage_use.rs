//! What takes up a user's storage: kinds of files, the largest ones, and files that are kept several times.

use super::reader::LibraryReader;
use crate::error::Result;
use crate::model::item_filter::ItemFilter;
use crate::model::{Item, Shelf, ShelfCount, Sort, User, UserId};
use crate::state::Services;
use crate::store;

/// Largest files that are listed.
const MAX_LARGEST: i64 = 20;
/// Contents that are listed with all their items.
const MAX_CONTENTS: i64 = 100;
/// Contents that are added up.
const MAX_SUMMED: i64 = 20_000;
/// Users whose storage is listed.
const MAX_USERS: usize = 500;

/// Files with the same content, the oldest first.
pub struct DuplicateGroup {
    pub items: Vec<Item>,
}

/// What is shown to a user.
pub struct StorageUse {
    pub counts: Vec<ShelfCount>,
    pub largest: Vec<Item>,
    pub duplicates: Vec<DuplicateGroup>,
    /// Bytes of all copies but one of each content.
    pub duplicate_bytes: i64,
}

/// The storage of one user, for admins: no names of files.
pub struct UserStorage {
    pub user: User,
    pub counts: Vec<ShelfCount>,
    pub duplicate_bytes: i64,
}

/// Reads what takes up a user's storage.
///
/// # Errors
/// Database errors.
pub fn read(reader: &mut LibraryReader<'_>, user: &User) -> Result<StorageUse> {
    let counts = reader.summary()?.counts.clone();
    let conn = &mut *reader.conn;
    let all = ItemFilter::shelf(Shelf::All);
    let largest = store::item_lists::list(conn, user.id, &all, Sort::Largest, None, MAX_LARGEST)?;

    let contents = store::duplicate_items::list_contents(conn, user.id, MAX_SUMMED)?;
    let duplicate_bytes = sum_copies(&contents);
    let limit = usize::try_from(MAX_CONTENTS).unwrap_or(usize::MAX);
    let shown: Vec<String> = contents.into_iter().take(limit).map(|(sha256, ..)| sha256).collect();
    let items = store::duplicate_items::list_items(conn, user.id, &shown)?;
    let groups = shown.iter().map(|sha256| {
        let items = items.iter().filter(|item| item.sha256 == *sha256).cloned().collect();
        DuplicateGroup { items }
    });
    // The video of a Live Photo is not an item of its own.
    let duplicates = groups.filter(|group| group.items.len() > 1).collect();
    Ok(StorageUse { counts, largest, duplicates, duplicate_bytes })
}

/// Lists the storage of all users, those who use the most first.
///
/// # Errors
/// Database errors.
pub fn list_users(services: &Services) -> Result<Vec<UserStorage>> {
    services.db.read(|conn| {
        let mut all = Vec::new();
        for user in store::users::list_by_use(conn, MAX_USERS)? {
            let id: UserId = user.id;
            let contents = store::duplicate_items::list_contents(conn, id, MAX_SUMMED)?;
            let counts = store::shelf_counts::list(conn, id)?;
            all.push(UserStorage { user, counts, duplicate_bytes: sum_copies(&contents) });
        }
        Ok(all)
    })
}

/// Adds up the bytes of all copies but one.
fn sum_copies(contents: &[(String, i64, Option<i64>)]) -> i64 {
    contents.iter().map(|(_, count, size)| (count - 1) * size.unwrap_or(0)).sum()
}
