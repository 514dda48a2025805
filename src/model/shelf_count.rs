//! Counts that are kept, not counted: how much stands on each shelf.

use diesel::prelude::*;

use super::Shelf;
use crate::db::schema::shelf_counts;

/// One row of `shelf_counts`. `All` is everything outside the trash.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = shelf_counts)]
pub struct ShelfCount {
    pub shelf: Shelf,
    pub items: i64,
    pub bytes: i64,
}
