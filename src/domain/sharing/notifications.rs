//! Notifications: what others did that concerns a user. They appear on pages; nothing is mailed.

use crate::db::Conn;
use crate::domain::library::reader::LibraryReader;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::error::Result;
use crate::model::authority::Authority;
use crate::model::{Notification, NotificationId, NotificationKind, Time, User, UserId, now};
use crate::state::Services;
use crate::store;

/// Notifications kept for each user.
const MAX_NOTIFICATIONS: i64 = 200;
/// How long notifications are kept.
const RETENTION: time::Duration = time::Duration::days(90);
/// Notifications on one page.
pub const PAGE_NOTIFICATIONS: i64 = 50;

/// A position in the list of notifications: when the last one of a page was changed, and its id.
pub type Position = (Time, NotificationId);

/// A notification to be sent.
pub(super) struct Message<'a> {
    pub kind: NotificationKind,
    /// Who did it.
    pub actor: &'a User,
    /// Identifies what it is about: unseen notifications of the same kind about the same thing become one.
    pub about: String,
    pub title: &'a str,
    pub href: String,
    /// How many items.
    pub times: i64,
}

impl Message<'_> {
    fn merge_key(&self) -> String {
        format!("{} {}", self.kind.as_str(), self.about).chars().take(80).collect()
    }
}

/// The current hour since 1970. As part of [`Message::about`], it makes one notification of all within an hour.
pub(super) fn this_hour() -> i64 {
    now().assume_utc().unix_timestamp() / 3600
}

/// Whether a user has a notification about the same already, seen or not.
pub(super) fn is_known(conn: &mut Conn, user: UserId, message: &Message<'_>) -> Result<bool> {
    Ok(store::notifications::find_by_key(conn, user, &message.merge_key())?.is_some())
}

/// Sends a notification to a user, in the caller's transaction. The caller then calls [`delivered`]. What concerns a space is
/// sent to its members, except to the one who did it.
pub(super) fn send(conn: &mut Conn, to: UserId, message: &Message<'_>) -> Result<()> {
    let library = match store::users::find(conn, to)? {
        Some(user) if user.is_space() => user.kind.library_path(to),
        Some(_) => return send_to_person(conn, to, message),
        // Deleted meanwhile.
        None => return Ok(()),
    };

    let href = format!("{library}{}", message.href);
    let in_space = Message { about: message.about.clone(), href, ..*message };
    for (member, level) in space_access::list_people(conn, to)? {
        let concerns = level >= message.kind.least_level() && member.id != message.actor.id;
        if concerns {
            send_to_person(conn, member.id, &in_space)?;
        }
    }
    Ok(())
}

fn send_to_person(conn: &mut Conn, to: UserId, message: &Message<'_>) -> Result<()> {
    let at = now();
    let merge_key = message.merge_key();
    let known = store::notifications::find_by_key(conn, to, &merge_key)?;
    let times = match &known {
        Some(known) if !known.is_seen => known.times.saturating_add(message.times),
        _ => message.times,
    };
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let row = Notification {
        id: known.as_ref().map_or_else(NotificationId::new, |known| known.id),
        user_id: to,
        kind: message.kind,
        merge_key,
        actor: cut(&name_of(message.actor), 201),
        title: cut(message.title, 255),
        href: message.href.clone(),
        times,
        is_seen: false,
        created_at: known.as_ref().map_or(at, |known| known.created_at),
        updated_at: at,
    };
    if known.is_some() {
        store::notifications::update(conn, &row)?;
    } else {
        store::notifications::insert(conn, &row)?;
        store::notifications::delete_beyond(conn, to, MAX_NOTIFICATIONS)?;
    }
    // Every page shows whether there are new ones.
    store::library_versions::update_next(conn, to)?;
    Ok(())
}

/// Shows sent notifications on the next pages of these users, after the transaction.
pub(super) fn delivered(services: &Services, to: &[UserId]) {
    // If the members of a space cannot be read, their pages show it a little later.
    let readers = services.db.read(|conn| {
        let mut readers = to.to_vec();
        let users = store::people::list_of(conn, to)?;
        for space in users.iter().filter(|user| user.is_space()) {
            let members = space_access::list_people(conn, space.id)?;
            readers.extend(members.into_iter().map(|(member, _)| member.id));
        }
        Ok(readers)
    });
    for user in readers.unwrap_or_else(|_| to.to_vec()) {
        services.invalidate_library(user);
    }
}

/// The name by which others know a user.
#[must_use]
pub fn name_of(user: &User) -> String {
    user.full_name()
}

/// A user's notifications, the newest first, and where the next page begins.
///
/// # Errors
/// Database errors.
pub fn list(
    services: &Services,
    user: &User,
    before: Option<Position>,
) -> Result<(Vec<Notification>, Option<Position>)> {
    services.db.read(|conn| {
        let limit = PAGE_NOTIFICATIONS + 1;
        let mut rows = store::notifications::list(conn, user.id, before, limit)?;
        let size = usize::try_from(PAGE_NOTIFICATIONS).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| has_more).map(|row| (row.updated_at, row.id));
        Ok((rows, next))
    })
}

/// How many notifications a user has not seen.
///
/// # Errors
/// Database errors.
pub fn count_unseen(reader: &mut LibraryReader<'_>, user: &User) -> Result<i64> {
    Ok(store::notifications::count_unseen(reader.conn, user.id)?)
}

/// Marks all notifications of a user as seen.
///
/// # Errors
/// Database errors.
pub fn mark_seen(services: &Services, authority: &Authority<'_>) -> Result<()> {
    services.write_library(authority.user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        store::notifications::update_all_seen(conn, authority.user.id)?;
        Ok(())
    })
}

/// Deletes old notifications; part of housekeeping.
///
/// # Errors
/// Database errors.
pub(crate) fn purge(services: &Services, at: Time) -> Result<usize> {
    services.db.write(|conn| Ok(store::notifications::delete_before(conn, at - RETENTION)?))
}
