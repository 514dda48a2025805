//! Share links that end by themselves: owners are told before, and old links are deleted.

use super::grantees::name_of_link;
use super::notifications::{self, Message};
use crate::db::Conn;
use crate::error::Result;
use crate::model::{NotificationKind, ShareLink, Time, UserId};
use crate::state::Services;
use crate::store;

/// How long links that have ended are listed.
const RETENTION: time::Duration = time::Duration::days(90);

/// Ends what is over, and tells owners whose links end within a day; part of housekeeping.
///
/// # Errors
/// Database errors.
pub(crate) fn housekeeping(services: &Services, at: Time) -> Result<()> {
    /// Links of one round.
    const MAX_ENDING: i64 = 500;
    let day = time::Duration::days(1);
    let ending = services
        .db
        .read(|conn| Ok(store::share_links::list_ending(conn, at, at + day, MAX_ENDING)?))?;
    for link in ending {
        // Links that are shorter than a day were made to end soon.
        if link.ends_at.is_some_and(|ends| ends - link.created_at <= day) {
            continue;
        }
        let told = services.db.write(|conn| tell_end(conn, &link))?;
        notifications::delivered(services, &told);
    }
    services.db.write(|conn| {
        store::share_links::update_deleted_ended(conn, at)?;
        store::share_links::delete_ended_before(conn, at - RETENTION)?;
        Ok(())
    })
}

/// Tells the owner of a link once that it ends soon.
fn tell_end(conn: &mut Conn, link: &ShareLink) -> Result<Vec<UserId>> {
    let owner = store::users::find(conn, link.owner_id)?.filter(|_| link.subject().is_some());
    let Some(owner) = owner else { return Ok(Vec::new()) };
    let end = link.ends_at.map_or(0, |ends| ends.assume_utc().unix_timestamp());
    let name = name_of_link(conn, &owner, link)?;
    let message = Message {
        kind: NotificationKind::LinkEnds,
        actor: &owner,
        about: format!("{} {end}", link.id.0.simple()),
        title: &name,
        href: format!("/links/{}", link.id),
        times: 1,
    };
    if notifications::is_known(conn, owner.id, &message)? {
        return Ok(Vec::new());
    }
    notifications::send(conn, owner.id, &message)?;
    Ok(vec![owner.id])
}
