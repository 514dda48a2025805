//! Notes which XMP files are to be written; see `xmp_files.rs`.

use crate::db::Conn;
use crate::error::Result;
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, User, WallClock, now};
use crate::store;

/// Has the file of an edited item written, in the caller's transaction. The rows are also kept while the server writes
/// no files, so that it can write them when that is turned on.
pub(crate) fn mark_edited(conn: &mut Conn, item: &Item) -> Result<()> {
    if !matches!(item.kind, ItemKind::Photo | ItemKind::Video) {
        return Ok(());
    }
    Ok(store::xmp_files::mark_due(conn, item.user_id, item.id, WallClock::from_utc(now()).0)?)
}

/// Has the files of items looked at again that were renamed, moved or restored, in the caller's transaction.
pub(crate) fn mark_moved(conn: &mut Conn, user: &User, ids: &[ItemId]) -> Result<()> {
    store::xmp_files::mark_due_again(conn, user.id, ids, WallClock::from_utc(now()).0)?;
    Ok(())
}
