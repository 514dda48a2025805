//! `uploads`: resumable uploads.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::uploads;
use crate::model::{ItemId, ShareLinkId, Time, Upload, UploadId, UserId};

pub fn insert(conn: &mut Conn, new: &Upload) -> QueryResult<usize> {
    diesel::insert_into(uploads::table).values(new.clone()).execute(conn)
}

pub fn find(conn: &mut Conn, owner: UserId, id: UploadId) -> QueryResult<Option<Upload>> {
    uploads::table
        .find(id)
        .filter(uploads::user_id.eq(owner))
        .select(Upload::as_select())
        .first(conn)
        .optional()
}

/// Lists a user's unfinished uploads, without those of visitors, newest first.
pub fn list_unfinished(conn: &mut Conn, owner: UserId, limit: i64) -> QueryResult<Vec<Upload>> {
    uploads::table
        .filter(uploads::user_id.eq(owner))
        .filter(uploads::item_id.is_null())
        .filter(uploads::link_id.is_null())
        .order(uploads::id.desc())
        .limit(limit)
        .select(Upload::as_select())
        .load(conn)
}

/// Lists the unfinished uploads of a user, or of a member of a space to it, newest first.
pub fn list_unfinished_of(
    conn: &mut Conn,
    owner: UserId,
    member: Option<UserId>,
    limit: i64,
) -> QueryResult<Vec<Upload>> {
    let mut query = uploads::table
        .filter(uploads::user_id.eq(owner))
        .filter(uploads::item_id.is_null())
        .filter(uploads::link_id.is_null())
        .order(uploads::id.desc())
        .limit(limit)
        .select(Upload::as_select())
        .into_boxed();
    if let Some(member) = member {
        query = query.filter(uploads::sender_id.eq(member));
    }
    query.load(conn)
}

/// Counts the unfinished uploads of a user, or of a member of a space to it, without those of visitors.
pub fn count_unfinished(
    conn: &mut Conn,
    owner: UserId,
    member: Option<UserId>,
) -> QueryResult<i64> {
    let mut query = uploads::table
        .filter(uploads::user_id.eq(owner))
        .filter(uploads::item_id.is_null())
        .filter(uploads::link_id.is_null())
        .count()
        .into_boxed();
    if let Some(member) = member {
        query = query.filter(uploads::sender_id.eq(member));
    }
    query.get_result(conn)
}

/// Counts the unfinished uploads of visitors of a link, and their bytes.
pub fn measure_of_link(conn: &mut Conn, link: ShareLinkId, at: Time) -> QueryResult<(i64, i64)> {
    use diesel::dsl::{count_star, sql};
    use diesel::sql_types::BigInt;
    uploads::table
        .filter(uploads::link_id.eq(link))
        .filter(uploads::item_id.is_null())
        .filter(uploads::expires_at.gt(at))
        .select((count_star(), sql::<BigInt>("CAST(COALESCE(SUM(size), 0) AS SIGNED)")))
        .first(conn)
}

/// Adds up the bytes of unfinished uploads of visitors of all links of a user.
pub fn measure_of_visitors(conn: &mut Conn, owner: UserId, at: Time) -> QueryResult<i64> {
    use diesel::dsl::sql;
    use diesel::sql_types::BigInt;
    uploads::table
        .filter(uploads::user_id.eq(owner))
        .filter(uploads::link_id.is_not_null())
        .filter(uploads::item_id.is_null())
        .filter(uploads::expires_at.gt(at))
        .select(sql::<BigInt>("CAST(COALESCE(SUM(size), 0) AS SIGNED)"))
        .first(conn)
}

/// Has the unfinished uploads of visitors of a link expire.
pub fn expire_of_link(conn: &mut Conn, link: ShareLinkId, at: Time) -> QueryResult<usize> {
    diesel::update(
        uploads::table.filter(uploads::link_id.eq(link)).filter(uploads::item_id.is_null()),
    )
    .set(uploads::expires_at.eq(at))
    .execute(conn)
}

/// Lists expired uploads of any user.
pub fn list_expired(conn: &mut Conn, at: Time, limit: i64) -> QueryResult<Vec<Upload>> {
    uploads::table
        .filter(uploads::expires_at.le(at))
        .limit(limit)
        .select(Upload::as_select())
        .load(conn)
}

/// Lists the ids of all unfinished uploads, whose bytes must be kept.
pub fn list_unfinished_ids(conn: &mut Conn) -> QueryResult<Vec<UploadId>> {
    uploads::table.filter(uploads::item_id.is_null()).select(uploads::id).load(conn)
}

/// Records how many bytes of an unfinished upload are durable, the state of their hash, and when the upload now
/// expires.
pub fn update_received(
    conn: &mut Conn,
    id: UploadId,
    received: i64,
    hash_state: &[u8],
    expires: Time,
) -> QueryResult<usize> {
    // An upload without an item is unfinished.
    diesel::update(uploads::table.find(id).filter(uploads::item_id.is_null()))
        .set((
            uploads::received.eq(received),
            uploads::hash_state.eq(hash_state),
            uploads::expires_at.eq(expires),
        ))
        .execute(conn)
}

/// Records the item that the upload became; 0 rows if it is already finished.
pub fn update_finished(
    conn: &mut Conn,
    owner: UserId,
    id: UploadId,
    item: ItemId,
    is_duplicate: bool,
    expires: Time,
) -> QueryResult<usize> {
    diesel::update(
        uploads::table
            .find(id)
            .filter(uploads::user_id.eq(owner))
            .filter(uploads::item_id.is_null()),
    )
    .set((
        uploads::item_id.eq(item),
        uploads::is_duplicate.eq(is_duplicate),
        // A finished upload has received all its bytes.
        uploads::received.eq(uploads::size),
        uploads::expires_at.eq(expires),
    ))
    .execute(conn)
}

pub fn delete(conn: &mut Conn, owner: UserId, id: UploadId) -> QueryResult<usize> {
    diesel::delete(uploads::table.find(id).filter(uploads::user_id.eq(owner))).execute(conn)
}
