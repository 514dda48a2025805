//! `notifications`.

use diesel::prelude::*;

use super::keyset::PageDirection::Less;
use super::keyset::keyset_predicate;
use crate::db::Conn;
use crate::db::sharing_schema::notifications as table;
use crate::model::{Notification, NotificationId, Time, UserId};

pub fn insert(conn: &mut Conn, new: &Notification) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(new).execute(conn)
}

pub fn find_by_key(
    conn: &mut Conn,
    user: UserId,
    merge_key: &str,
) -> QueryResult<Option<Notification>> {
    table::table
        .filter(table::user_id.eq(user))
        .filter(table::merge_key.eq(merge_key))
        .select(Notification::as_select())
        .first(conn)
        .optional()
}

/// Lists up to `limit` notifications of a user that are older than `before`, the newest first.
pub fn list(
    conn: &mut Conn,
    user: UserId,
    before: Option<(Time, NotificationId)>,
    limit: i64,
) -> QueryResult<Vec<Notification>> {
    let mut query = table::table
        .filter(table::user_id.eq(user))
        .order((table::updated_at.desc(), table::id.desc()))
        .limit(limit)
        .select(Notification::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(keyset_predicate(conn, (table::updated_at, table::id), Less, before));
    }
    query.load(conn)
}

pub fn count_unseen(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    table::table
        .filter(table::user_id.eq(user))
        .filter(table::is_seen.eq(false))
        .count()
        .get_result(conn)
}

/// Replaces an unseen notification of the same kind about the same thing.
pub fn update(conn: &mut Conn, new: &Notification) -> QueryResult<usize> {
    diesel::update(table::table.find(new.id).filter(table::user_id.eq(new.user_id)))
        .set((
            table::actor.eq(&new.actor),
            table::title.eq(&new.title),
            table::href.eq(&new.href),
            table::times.eq(new.times),
            table::is_seen.eq(new.is_seen),
            table::updated_at.eq(new.updated_at),
        ))
        .execute(conn)
}

pub fn update_all_seen(conn: &mut Conn, user: UserId) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::user_id.eq(user)).filter(table::is_seen.eq(false)))
        .set(table::is_seen.eq(true))
        .execute(conn)
}

/// Deletes the notifications of a user that lead to a page or to one below it.
pub fn delete_of_page(conn: &mut Conn, user: UserId, href: &str) -> QueryResult<usize> {
    let leads_there = table::href.eq(href).or(table::href.like(format!("{href}/%")));
    diesel::delete(table::table.filter(table::user_id.eq(user)).filter(leads_there)).execute(conn)
}

/// Deletes a user's notifications except for the newest `most`.
pub fn delete_beyond(conn: &mut Conn, user: UserId, most: i64) -> QueryResult<usize> {
    let surplus: Vec<NotificationId> = table::table
        .filter(table::user_id.eq(user))
        .order((table::updated_at.desc(), table::id.desc()))
        .offset(most)
        .limit(1000)
        .select(table::id)
        .load(conn)?;
    if surplus.is_empty() {
        return Ok(0);
    }
    diesel::delete(table::table.filter(table::user_id.eq(user)).filter(table::id.eq_any(surplus)))
        .execute(conn)
}

/// Deletes the notifications of all users that have not changed since `before`.
pub fn delete_before(conn: &mut Conn, before: Time) -> QueryResult<usize> {
    diesel::delete(table::table.filter(table::updated_at.lt(before))).execute(conn)
}
