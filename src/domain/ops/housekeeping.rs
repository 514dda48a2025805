//! What the server does by itself: notes written down, the trash purged, old rows taken away.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::domain::library::trash;
use crate::domain::uploads::resumable;
use crate::domain::{audit, previews};
use crate::error::Result;
use crate::model::now;
use crate::state::Services;
use crate::store;

/// Ended sessions stay in the table for so long.
const SESSION_RETENTION: time::Duration = time::Duration::days(30);
/// Result pages of uploads stay for so long.
const REPORT_RETENTION: time::Duration = time::Duration::days(1);

/// One round of what is due a few times an hour.
///
/// # Errors
/// The database's and the system's; the next round tries again.
pub fn run_round(services: &Services) -> Result<()> {
    write_last_seen(services)?;
    let purged = trash::purge(services)?;
    if purged > 0 {
        tracing::info!("{purged} things purged from the trash");
    }
    // A preview of 256 folders a round: whatever a killed process left is gone in two days.
    previews::sweep(services, services.housekeeping_rounds.fetch_add(1, Ordering::Relaxed))?;
    let expired = resumable::delete_expired(services, now())?;
    if expired > 0 {
        tracing::info!("{expired} uploads given up after their days");
    }
    audit::purge(services, now())?;
    services.db.write(|conn| {
        store::sessions::delete_expired(conn, now() - SESSION_RETENTION)?;
        store::upload_reports::delete_before(conn, now() - REPORT_RETENTION)?;
        Ok(())
    })
}

/// Closes what nobody asks for, and writes what was noted, in one transaction.
///
/// # Errors
/// The database's; the notes are lost then, and that is all that is.
pub fn write_last_seen(services: &Services) -> Result<()> {
    services.open_file_cache.close_idle();
    let notes = services.last_seen.take();
    if notes.sessions.is_empty() && notes.directories.is_empty() && notes.items.is_empty() {
        return Ok(());
    }
    let opened: BTreeSet<_> = notes.items.keys().map(|(owner, _)| *owner).collect();
    services.write_libraries(&opened, |conn| {
        for (id, (at, address, expiration)) in &notes.sessions {
            store::sessions::update_seen(conn, *id, *at, address, *expiration)?;
        }
        for ((owner, path), at) in &notes.directories {
            store::directories::update_accessed(conn, *owner, path, *at)?;
        }
        for ((owner, id), at) in &notes.items {
            store::items::update_recent(conn, *owner, *id, *at)?;
        }
        Ok(())
    })
}
