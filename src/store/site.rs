//! `site`: one row about the installation, which is also the lock for changes of admins.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::site;

pub fn find_has_admin(conn: &mut Conn) -> QueryResult<bool> {
    site::table.find(1).select(site::has_admin).first(conn)
}

/// Claims the role of the first admin; false if it is taken. Locks the row until the transaction ends.
pub fn update_claim_first_admin(conn: &mut Conn) -> QueryResult<bool> {
    let free = site::table.filter(site::id.eq(1)).filter(site::has_admin.eq(false));
    Ok(diesel::update(free).set(site::has_admin.eq(true)).execute(conn)? == 1)
}

/// Serialises changes of admins until the transaction ends.
pub fn update_lock_admins(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(site::table.find(1))
        .set(site::admin_changes.eq(site::admin_changes + 1))
        .execute(conn)
}
