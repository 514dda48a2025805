//! Stored counts of items and bytes on a shelf.

use diesel::prelude::*;

use super::Shelf;
use crate::db::schema::shelf_counts;

/// A row of `shelf_counts`. `All` covers everything outside the trash.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = shelf_counts)]
pub struct ShelfCount {
    pub shelf: Shelf,
    pub items: i64,
    pub bytes: i64,
}
