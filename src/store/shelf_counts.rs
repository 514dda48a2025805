//! `shelf_counts` and `shelf_months`: counts that are updated in the transaction of each change.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{shelf_counts, shelf_months};
use crate::model::item::NewItem;
use crate::model::{Item, Placement, Shelf, ShelfCount, UserId, YearMonth};

/// Inserts the rows of a new user: zero items and bytes for each shelf that is counted.
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

pub fn list(conn: &mut Conn, owner: UserId) -> QueryResult<Vec<ShelfCount>> {
    shelf_counts::table
        .filter(shelf_counts::user_id.eq(owner))
        .select(ShelfCount::as_select())
        .load(conn)
}

/// Locks a user's counts until the transaction ends.
pub fn lock(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    diesel::update(shelf_counts::table.filter(shelf_counts::user_id.eq(owner)))
        .set(shelf_counts::items.eq(shelf_counts::items + 0_i64))
        .execute(conn)
}

/// Overwrites the counts of a shelf after a recount.
pub fn update(
    conn: &mut Conn,
    owner: UserId,
    shelf: Shelf,
    items: i64,
    bytes: i64,
) -> QueryResult<usize> {
    diesel::update(shelf_counts::table.find((owner, shelf)))
        .set((shelf_counts::items.eq(items), shelf_counts::bytes.eq(bytes)))
        .execute(conn)
}

/// Lists the number of items per month of a shelf, newest first.
pub fn list_months(
    conn: &mut Conn,
    owner: UserId,
    shelf: Shelf,
) -> QueryResult<Vec<(YearMonth, i64)>> {
    let rows: Vec<(i32, i64)> = shelf_months::table
        .filter(shelf_months::user_id.eq(owner))
        .filter(shelf_months::shelf.eq(shelf))
        // The row of a month stays when its last item is removed.
        .filter(shelf_months::items.gt(0))
        .order(shelf_months::month.desc())
        .select((shelf_months::month, shelf_months::items))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(number, items)| Some((YearMonth::from_number(number)?, items)))
        .collect())
}

/// Overwrites the months of a shelf after a recount.
pub fn replace_months(
    conn: &mut Conn,
    owner: UserId,
    shelf: Shelf,
    months: &BTreeMap<i32, i64>,
) -> QueryResult<()> {
    let old = shelf_months::table
        .filter(shelf_months::user_id.eq(owner))
        .filter(shelf_months::shelf.eq(shelf));
    diesel::delete(old).execute(conn)?;
    for (month, items) in months {
        insert_month(conn, owner, shelf, *month, *items)?;
    }
    Ok(())
}

/// Inserts the row of a month that has no count on this shelf yet.
fn insert_month(
    conn: &mut Conn,
    owner: UserId,
    shelf: Shelf,
    month: i32,
    items: i64,
) -> QueryResult<usize> {
    diesel::insert_into(shelf_months::table)
        .values((
            shelf_months::user_id.eq(owner),
            shelf_months::shelf.eq(shelf),
            shelf_months::month.eq(month),
            shelf_months::items.eq(items),
        ))
        .execute(conn)
}

/// Changes of the counts, collected and then written together.
#[derive(Default)]
pub struct CountDeltas {
    shelves: HashMap<Shelf, (i64, i64)>,
    /// Sorted, so that two transactions cannot deadlock.
    months: BTreeMap<(&'static str, i32), i64>,
}

impl CountDeltas {
    /// Counts an item as its row describes it.
    pub fn add(&mut self, item: &Item) {
        self.count(item, 1);
    }

    /// Stops counting an item as its row described it.
    pub fn subtract(&mut self, item: &Item) {
        self.count(item, -1);
    }

    /// Counts a new item.
    pub fn add_new(&mut self, new: &NewItem) {
        if new.placement == Placement::Received {
            return self.change(&[Shelf::Received], 1, new.size);
        }
        let shelves =
            if new.shelf == Shelf::Motion { vec![Shelf::All] } else { vec![Shelf::All, new.shelf] };
        self.change(&shelves, 1, new.size);
        self.change_month(&shelves, new.shown_at.month(), 1);
    }

    /// Adds an item to the counts of every shelf that shows it, or removes it if `sign` is -1.
    fn count(&mut self, item: &Item, sign: i64) {
        match item.placement {
            Placement::Library => {}
            Placement::Trash => return self.change(&[Shelf::Trash], sign, item.size),
            Placement::Received => return self.change(&[Shelf::Received], sign, item.size),
        }
        let mut shelves = vec![Shelf::All];
        if item.shelf != Shelf::Motion {
            shelves.push(item.shelf);
            shelves.extend(item.favorite.then_some(Shelf::Favorites));
        }
        self.change(&shelves, sign, item.size);
        self.change_month(&shelves, item.shown_at.month(), sign);
    }

    fn change_month(&mut self, shelves: &[Shelf], month: YearMonth, sign: i64) {
        for shelf in shelves {
            *self.months.entry((shelf.as_str(), month.number())).or_default() += sign;
        }
    }

    fn change(&mut self, shelves: &[Shelf], sign: i64, size: i64) {
        for shelf in shelves {
            let (items, bytes) = self.shelves.entry(*shelf).or_default();
            *items += sign;
            *bytes += sign * size;
        }
    }

    /// Adds the collected changes to the stored counts, always in the same order of shelves and months, so that two
    /// transactions cannot deadlock.
    pub fn write(&self, conn: &mut Conn, owner: UserId) -> QueryResult<()> {
        for shelf in Shelf::COUNTED {
            let Some((items, bytes)) = self.shelves.get(&shelf).filter(|delta| **delta != (0, 0))
            else {
                continue;
            };
            diesel::update(shelf_counts::table.find((owner, shelf)))
                .set((
                    shelf_counts::items.eq(shelf_counts::items + *items),
                    shelf_counts::bytes.eq(shelf_counts::bytes + *bytes),
                ))
                .execute(conn)?;
        }

        for ((shelf_name, month), items) in &self.months {
            // The name was made by `Shelf::as_str`, so it can be parsed; months without a change are skipped.
            let Some(shelf) = Shelf::parse(shelf_name).filter(|_| *items != 0) else { continue };
            let row = shelf_months::table.find((owner, shelf, *month));
            let changed = diesel::update(row)
                .set(shelf_months::items.eq(shelf_months::items + *items))
                .execute(conn)?;
            // The first item of this month on the shelf.
            if changed == 0 {
                insert_month(conn, owner, shelf, *month, *items)?;
            }
        }
        Ok(())
    }
}
