//! `grants` and `grant_marks`: what users share with others.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::sharing_schema::{grant_marks as marks, grants as table};
use crate::model::{AlbumId, Grant, GrantId, GrantMark, GroupId, Subject, Time, UserId};

pub fn insert(conn: &mut Conn, grant: &Grant) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(grant).execute(conn)
}

/// Finds a grant of any owner; who may use it is decided by `domain::sharing::access`.
pub fn find(conn: &mut Conn, id: GrantId) -> QueryResult<Option<Grant>> {
    table::table.find(id).select(Grant::as_select()).first(conn).optional()
}

/// Lists the grants of a subject, the oldest first.
pub fn list_of_subject(
    conn: &mut Conn,
    owner: UserId,
    subject: Subject,
) -> QueryResult<Vec<Grant>> {
    table::table
        .filter(table::subject_key.eq(subject.key()))
        .filter(table::owner_id.eq(owner))
        .order(table::id.asc())
        .select(Grant::as_select())
        .load(conn)
}

/// Lists the grants of a library to a user, and those to groups, in which the user may be.
pub fn list_of_library(conn: &mut Conn, owner: UserId, user: UserId) -> QueryResult<Vec<Grant>> {
    table::table
        .filter(table::subject_key.eq(Subject::Library(owner).key()))
        .filter(table::owner_id.eq(owner))
        .filter(table::user_id.eq(user).or(table::group_id.is_not_null()))
        .order(table::id.asc())
        .select(Grant::as_select())
        .load(conn)
}

/// Lists all grants of these albums.
pub fn list_of_albums(conn: &mut Conn, albums: &[AlbumId]) -> QueryResult<Vec<Grant>> {
    table::table
        .filter(table::album_id.eq_any(albums.iter().copied().map(Some).collect::<Vec<_>>()))
        .select(Grant::as_select())
        .load(conn)
}

/// Lists up to `limit` grants of an owner that are older than `before`, the newest first.
pub fn list_of_owner(
    conn: &mut Conn,
    owner: UserId,
    before: Option<GrantId>,
    limit: i64,
) -> QueryResult<Vec<Grant>> {
    let mut query = table::table
        .filter(table::owner_id.eq(owner))
        .order(table::id.desc())
        .limit(limit)
        .select(Grant::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(table::id.lt(before));
    }
    query.load(conn)
}

/// Lists up to `limit` grants to a user that are older than `before`, the newest first; not those to groups.
pub fn list_to_user(
    conn: &mut Conn,
    user: UserId,
    before: Option<GrantId>,
    limit: i64,
) -> QueryResult<Vec<Grant>> {
    let mut query = table::table
        .filter(table::user_id.eq(user))
        .order(table::id.desc())
        .limit(limit)
        .select(Grant::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(table::id.lt(before));
    }
    query.load(conn)
}

/// Lists up to `limit` grants to a group that are older than `before`, the newest first.
pub fn list_to_group(
    conn: &mut Conn,
    group: GroupId,
    before: Option<GrantId>,
    limit: i64,
) -> QueryResult<Vec<Grant>> {
    let mut query = table::table
        .filter(table::group_id.eq(group))
        .order(table::id.desc())
        .limit(limit)
        .select(Grant::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(table::id.lt(before));
    }
    query.load(conn)
}

/// Lists the grants of libraries to a user, or to groups that they are in.
pub fn list_libraries_to(
    conn: &mut Conn,
    user: UserId,
    groups: &[GroupId],
) -> QueryResult<Vec<Grant>> {
    let has_library = || {
        table::album_id.is_null().and(table::directory_id.is_null()).and(table::item_id.is_null())
    };
    let mut grants: Vec<Grant> = table::table
        .filter(table::user_id.eq(user))
        .filter(has_library())
        .select(Grant::as_select())
        .load(conn)?;
    if !groups.is_empty() {
        let groups: Vec<_> = groups.iter().copied().map(Some).collect();
        let of_groups = table::table.filter(table::group_id.eq_any(groups)).filter(has_library());
        grants.extend(of_groups.select(Grant::as_select()).load::<Grant>(conn)?);
    }
    Ok(grants)
}

/// Lists up to `limit` grants that ended before `at`.
pub fn list_ended(conn: &mut Conn, at: Time, limit: i64) -> QueryResult<Vec<Grant>> {
    table::table
        .filter(table::ends_at.lt(at))
        .order(table::ends_at.asc())
        .limit(limit)
        .select(Grant::as_select())
        .load(conn)
}

/// Writes what the owner can change.
pub fn update(conn: &mut Conn, grant: &Grant) -> QueryResult<usize> {
    diesel::update(table::table.find(grant.id).filter(table::owner_id.eq(grant.owner_id)))
        .set((
            table::level.eq(grant.level),
            table::gives.eq(grant.gives),
            table::note.eq(&grant.note),
            table::ends_at.eq(grant.ends_at),
            table::updated_at.eq(grant.updated_at),
        ))
        .execute(conn)
}

pub fn delete(conn: &mut Conn, owner: UserId, id: GrantId) -> QueryResult<usize> {
    diesel::delete(table::table.find(id).filter(table::owner_id.eq(owner))).execute(conn)
}

/// Finds what a user has done with a grant.
pub fn find_mark(conn: &mut Conn, user: UserId, id: GrantId) -> QueryResult<Option<GrantMark>> {
    marks::table.find((id, user)).select(GrantMark::as_select()).first(conn).optional()
}

/// Lists what a user has done with their grants.
pub fn list_marks(conn: &mut Conn, user: UserId) -> QueryResult<Vec<GrantMark>> {
    marks::table.filter(marks::user_id.eq(user)).select(GrantMark::as_select()).load(conn)
}

/// Forgets what a user has done with a grant.
pub fn delete_mark(conn: &mut Conn, user: UserId, id: GrantId) -> QueryResult<usize> {
    diesel::delete(marks::table.find((id, user))).execute(conn)
}

/// Records what a user has done with a grant, in place of what was recorded.
pub fn replace_mark(conn: &mut Conn, mark: &GrantMark) -> QueryResult<usize> {
    diesel::delete(marks::table.find((mark.grant_id, mark.user_id))).execute(conn)?;
    diesel::insert_into(marks::table).values(mark).execute(conn)
}
