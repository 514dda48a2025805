//! `shelf_counts`: kept in the transaction of each change.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::shelf_counts;
use crate::model::item::NewItem;
use crate::model::{Item, Shelf, ShelfCount, UserId};

/// # Errors
/// The database's.
pub fn insert_zero(conn: &mut Conn, owner: UserId) -> QueryResult<()> {
    for shelf in Shelf::COUNTED {
        diesel::insert_into(shelf_counts::table)
            .values((
                shelf_counts::user_id.eq(owner),
                shelf_counts::shelf.eq(shelf),
                shelf_counts::items.eq(0_i64),
                shelf_counts::bytes.eq(0_i64),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, owner: UserId) -> QueryResult<Vec<ShelfCount>> {
    shelf_counts::table.filter(shelf_counts::user_id.eq(owner)).select(ShelfCount::as_select()).load(conn)
}

/// Keeps others from changing a person's counts until the transaction ends.
///
/// # Errors
/// The database's.
pub fn lock(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    diesel::update(shelf_counts::table.filter(shelf_counts::user_id.eq(owner)))
        .set(shelf_counts::items.eq(shelf_counts::items + 0_i64))
        .execute(conn)
}

/// Sets what was counted anew.
///
/// # Errors
/// The database's.
pub fn update(conn: &mut Conn, owner: UserId, shelf: Shelf, items: i64, bytes: i64) -> QueryResult<usize> {
    diesel::update(shelf_counts::table.find((owner, shelf)))
        .set((shelf_counts::items.eq(items), shelf_counts::bytes.eq(bytes)))
        .execute(conn)
}

/// What changes on the shelves when items come, go or change.
#[derive(Default)]
pub struct Deltas(HashMap<Shelf, (i64, i64)>);

impl Deltas {
    /// The item stands where its row says from now on.
    pub fn add(&mut self, item: &Item) {
        self.count(item, 1);
    }

    /// The item no longer stands where its row says.
    pub fn subtract(&mut self, item: &Item) {
        self.count(item, -1);
    }

    /// An item that was just made.
    pub fn add_new(&mut self, new: &NewItem) {
        self.change(&[Shelf::All, new.shelf], 1, new.size);
    }

    fn count(&mut self, item: &Item, sign: i64) {
        match (item.in_trash, item.favorite) {
            (true, _) => self.change(&[Shelf::Trash], sign, item.size),
            (false, false) => self.change(&[Shelf::All, item.shelf], sign, item.size),
            (false, true) => self.change(&[Shelf::All, item.shelf, Shelf::Favorites], sign, item.size),
        }
    }

    fn change(&mut self, shelves: &[Shelf], sign: i64, size: i64) {
        for shelf in shelves {
            let (items, bytes) = self.0.entry(*shelf).or_default();
            *items += sign;
            *bytes += sign * size;
        }
    }

    /// Writes the changes, always in the same order of shelves.
    ///
    /// # Errors
    /// The database's.
    pub fn write(&self, conn: &mut Conn, owner: UserId) -> QueryResult<()> {
        for shelf in Shelf::COUNTED {
            let Some((items, bytes)) = self.0.get(&shelf).filter(|delta| **delta != (0, 0)) else { continue };
            diesel::update(shelf_counts::table.find((owner, shelf)))
                .set((shelf_counts::items.eq(shelf_counts::items + *items), shelf_counts::bytes.eq(shelf_counts::bytes + *bytes)))
                .execute(conn)?;
        }
        Ok(())
    }
}
