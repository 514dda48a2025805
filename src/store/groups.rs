//! `user_groups` and `user_group_members`.

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::users;
use crate::db::sharing_schema::{user_group_members as members, user_groups as table};
use crate::model::{Group, GroupId, GroupMember, User, UserId};

pub fn insert(conn: &mut Conn, group: &Group) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(group).execute(conn)
}

pub fn find(conn: &mut Conn, id: GroupId) -> QueryResult<Option<Group>> {
    table::table.find(id).select(Group::as_select()).first(conn).optional()
}

pub fn find_by_name(conn: &mut Conn, name_key: &str) -> QueryResult<Option<Group>> {
    table::table
        .filter(table::name_key.eq(name_key))
        .select(Group::as_select())
        .first(conn)
        .optional()
}

/// Lists the groups that a user is in, by name.
pub fn list_of_user(conn: &mut Conn, user: UserId) -> QueryResult<Vec<Group>> {
    members::table
        .inner_join(table::table)
        .filter(members::user_id.eq(user))
        .order((table::name_key.asc(), table::id.asc()))
        .select(Group::as_select())
        .load(conn)
}

pub fn update_name(conn: &mut Conn, id: GroupId, name: &str, name_key: &str) -> QueryResult<usize> {
    diesel::update(table::table.find(id))
        .set((table::name.eq(name), table::name_key.eq(name_key)))
        .execute(conn)
}

/// Locks a group's row until the end of the transaction, so that its members stay as they are read.
pub fn update_lock(conn: &mut Conn, id: GroupId) -> QueryResult<usize> {
    diesel::update(table::table.find(id)).set(table::name.eq(table::name)).execute(conn)
}

pub fn delete(conn: &mut Conn, id: GroupId) -> QueryResult<usize> {
    diesel::delete(table::table.find(id)).execute(conn)
}

pub fn insert_member(conn: &mut Conn, member: &GroupMember) -> QueryResult<usize> {
    diesel::insert_into(members::table).values(member).execute(conn)
}

pub fn find_member(
    conn: &mut Conn,
    user: UserId,
    group: GroupId,
) -> QueryResult<Option<GroupMember>> {
    members::table.find((group, user)).select(GroupMember::as_select()).first(conn).optional()
}

/// Lists the members of a group, managers first, then by name.
pub fn list_members(conn: &mut Conn, group: GroupId) -> QueryResult<Vec<(GroupMember, User)>> {
    members::table
        .inner_join(users::table)
        .filter(members::group_id.eq(group))
        .order((members::is_manager.desc(), users::firstname.asc(), users::id.asc()))
        .select((GroupMember::as_select(), User::as_select()))
        .load(conn)
}

pub fn count_members(conn: &mut Conn, group: GroupId) -> QueryResult<i64> {
    members::table.filter(members::group_id.eq(group)).select(count_star()).get_result(conn)
}

/// Counts the groups that a user has created.
pub fn count_created_by(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    table::table.filter(table::created_by.eq(user)).select(count_star()).get_result(conn)
}

/// Counts the groups that a user is in.
pub fn count_of_user(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    members::table.filter(members::user_id.eq(user)).select(count_star()).get_result(conn)
}

pub fn count_managers(conn: &mut Conn, group: GroupId) -> QueryResult<i64> {
    members::table
        .filter(members::group_id.eq(group))
        .filter(members::is_manager.eq(true))
        .select(count_star())
        .get_result(conn)
}

/// Finds the member who has been in a group for the longest time.
pub fn find_oldest_member(conn: &mut Conn, group: GroupId) -> QueryResult<Option<GroupMember>> {
    members::table
        .filter(members::group_id.eq(group))
        .order((members::joined_at.asc(), members::user_id.asc()))
        .select(GroupMember::as_select())
        .first(conn)
        .optional()
}

pub fn update_manager(
    conn: &mut Conn,
    user: UserId,
    group: GroupId,
    is_manager: bool,
) -> QueryResult<usize> {
    diesel::update(members::table.find((group, user)))
        .set(members::is_manager.eq(is_manager))
        .execute(conn)
}

pub fn delete_member(conn: &mut Conn, user: UserId, group: GroupId) -> QueryResult<usize> {
    diesel::delete(members::table.find((group, user))).execute(conn)
}
