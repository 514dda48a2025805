//! `item_annotations`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::item_annotations as table;
use crate::model::item_annotations::{Annotations, AnnotationsRow};
use crate::model::{ItemId, UserId};

/// The annotations of an item; empty if it has none.
pub fn find(conn: &mut Conn, owner: UserId, id: ItemId) -> QueryResult<Annotations> {
    let row: Option<AnnotationsRow> = table::table
        .find(id)
        .filter(table::user_id.eq(owner))
        .select(AnnotationsRow::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(|row| Annotations::from_row(&row)).unwrap_or_default())
}

/// Replaces the annotations of an item.
pub fn replace(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    annotations: &Annotations,
) -> QueryResult<()> {
    // Deleted and inserted, because the databases have no common form of an upsert.
    diesel::delete(table::table.find(id).filter(table::user_id.eq(owner))).execute(conn)?;
    let row = annotations.to_row(owner, id);
    if row.edits.is_some() || row.sidecar.is_some() {
        diesel::insert_into(table::table).values(&row).execute(conn)?;
    }
    Ok(())
}
