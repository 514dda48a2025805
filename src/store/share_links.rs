//! `share_links`: what anyone may see who has the address.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::sharing_schema::share_links as table;
use crate::model::{ShareLink, ShareLinkId, Subject, Time, UserId};

pub fn insert(conn: &mut Conn, link: &ShareLink) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(link).execute(conn)
}

/// Finds a link of any owner; what it shows is decided by `domain::sharing::access`.
pub fn find(conn: &mut Conn, id: ShareLinkId) -> QueryResult<Option<ShareLink>> {
    table::table.find(id).select(ShareLink::as_select()).first(conn).optional()
}

/// Locks a link until the end of the transaction, so that what is read from it stays true.
pub fn update_lock(conn: &mut Conn, id: ShareLinkId) -> QueryResult<usize> {
    diesel::update(table::table.find(id)).set(table::updated_at.eq(table::updated_at)).execute(conn)
}

/// Finds the link with this token.
pub fn find_by_token(conn: &mut Conn, token_hash: &str) -> QueryResult<Option<ShareLink>> {
    table::table
        .filter(table::token_hash.eq(token_hash))
        .select(ShareLink::as_select())
        .first(conn)
        .optional()
}

/// Lists the links of a subject, the newest first.
pub fn list_of_subject(
    conn: &mut Conn,
    owner: UserId,
    subject: Subject,
) -> QueryResult<Vec<ShareLink>> {
    table::table
        .filter(table::subject_key.eq(subject.key()))
        .filter(table::owner_id.eq(owner))
        .order(table::id.desc())
        .select(ShareLink::as_select())
        .load(conn)
}

/// Lists up to `limit` links of an owner that are older than `before`, the newest first.
pub fn list_of_owner(
    conn: &mut Conn,
    owner: UserId,
    before: Option<ShareLinkId>,
    limit: i64,
) -> QueryResult<Vec<ShareLink>> {
    let mut query = table::table
        .filter(table::owner_id.eq(owner))
        .order(table::id.desc())
        .limit(limit)
        .select(ShareLink::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(table::id.lt(before));
    }
    query.load(conn)
}

/// Lists up to `limit` links of all owners that are older than `before`, the newest first.
pub fn list_of_all(
    conn: &mut Conn,
    before: Option<ShareLinkId>,
    limit: i64,
) -> QueryResult<Vec<ShareLink>> {
    let mut query = table::table
        .order(table::id.desc())
        .limit(limit)
        .select(ShareLink::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(table::id.lt(before));
    }
    query.load(conn)
}

/// Counts the links of an owner that were not ended before their time.
pub fn count_open(conn: &mut Conn, owner: UserId, at: Time) -> QueryResult<i64> {
    table::table
        .filter(table::owner_id.eq(owner))
        .filter(table::ended_at.is_null())
        .filter(table::ends_at.is_null().or(table::ends_at.gt(at)))
        .count()
        .get_result(conn)
}

/// Lists up to `limit` links that end between two times and were not ended before.
pub fn list_ending(
    conn: &mut Conn,
    from: Time,
    until: Time,
    limit: i64,
) -> QueryResult<Vec<ShareLink>> {
    table::table
        .filter(table::ends_at.gt(from))
        .filter(table::ends_at.le(until))
        .filter(table::ended_at.is_null())
        .order(table::ends_at.asc())
        .limit(limit)
        .select(ShareLink::as_select())
        .load(conn)
}

/// Writes what the owner can change. Visits are counted by statements of their own.
pub fn update(conn: &mut Conn, link: &ShareLink) -> QueryResult<usize> {
    diesel::update(table::table.find(link.id).filter(table::owner_id.eq(link.owner_id)))
        .set((
            table::token_hash.eq(&link.token_hash),
            table::token_version.eq(link.token_version),
            table::generation.eq(link.generation),
            table::title.eq(&link.title),
            table::message.eq(&link.message),
            table::password.eq(&link.password),
            table::gives.eq(link.gives),
            table::keeps_location.eq(link.keeps_location),
            table::shows_details.eq(link.shows_details),
            table::ends_at.eq(link.ends_at),
            table::ended_at.eq(link.ended_at),
            table::max_visits.eq(link.max_visits),
            table::uploads.eq(link.uploads),
            table::needs_review.eq(link.needs_review),
            table::max_bytes.eq(link.max_bytes),
            table::max_files.eq(link.max_files),
            table::slug.eq(&link.slug),
            table::updated_at.eq(link.updated_at),
        ))
        .execute(conn)
}

/// Counts a visit, unless the link was renewed or all of its visits have begun.
pub fn update_visit(
    conn: &mut Conn,
    id: ShareLinkId,
    generation: i32,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(
        table::table
            .find(id)
            .filter(table::generation.eq(generation))
            .filter(table::ended_at.is_null())
            .filter(table::max_visits.is_null().or(table::max_visits.gt(table::visits.nullable()))),
    )
    .set((table::visits.eq(table::visits + 1), table::last_visit_at.eq(Some(at))))
    .execute(conn)
}

pub fn update_download(conn: &mut Conn, id: ShareLinkId) -> QueryResult<usize> {
    diesel::update(table::table.find(id))
        .set(table::downloads.eq(table::downloads + 1))
        .execute(conn)
}

/// Counts a file that a visitor has sent.
pub fn update_received(conn: &mut Conn, id: ShareLinkId, bytes: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(id))
        .set((
            table::received_files.eq(table::received_files + 1),
            table::received_bytes.eq(table::received_bytes + bytes),
        ))
        .execute(conn)
}

/// Ends all links of an owner.
pub fn update_all_ended(conn: &mut Conn, owner: UserId, at: Time) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::owner_id.eq(owner)).filter(table::ended_at.is_null()))
        .set((table::ended_at.eq(Some(at)), table::updated_at.eq(at)))
        .execute(conn)
}

/// Ends all links of all owners; for a restored backup, in which links may be open that have ended since.
pub fn update_everything_ended(conn: &mut Conn, at: Time) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::ended_at.is_null()))
        .set(table::ended_at.eq(Some(at)))
        .execute(conn)
}

/// Ends links whose album, folder or item was deleted.
pub fn update_deleted_ended(conn: &mut Conn, at: Time) -> QueryResult<usize> {
    diesel::update(
        table::table
            .filter(table::ended_at.is_null())
            .filter(table::album_id.is_null())
            .filter(table::directory_id.is_null())
            .filter(table::item_id.is_null()),
    )
    .set(table::ended_at.eq(Some(at)))
    .execute(conn)
}

/// Deletes links that ended before `at`.
pub fn delete_ended_before(conn: &mut Conn, at: Time) -> QueryResult<usize> {
    let by_date = diesel::delete(table::table.filter(table::ends_at.lt(at))).execute(conn)?;
    let ended = diesel::delete(table::table.filter(table::ended_at.lt(at))).execute(conn)?;
    Ok(by_date + ended)
}
