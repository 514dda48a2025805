//! Periodic tasks: writes activity, purges the trash, removes old rows.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::domain::accounts::remove;
use crate::domain::auth::login;
use crate::domain::library::trash;
use crate::domain::sharing::{grants, notifications, share_link_ends};
use crate::domain::uploads::resumable;
use crate::domain::{audit, clock, previews};
use crate::error::Result;
use crate::state::Services;
use crate::store;

/// How long ended sessions stay in the table.
const SESSION_RETENTION: time::Duration = time::Duration::days(30);
/// How long result pages of uploads are available.
const REPORT_RETENTION: time::Duration = time::Duration::days(1);

/// Runs all tasks that are due a few times an hour.
///
/// # Errors
/// Database and system errors; the next round tries again.
pub fn run_round(services: &Services) -> Result<()> {
    write_last_seen(services)?;
    // Imports and logins change which kinds of hashes there are.
    login::measure_hashes(services)?;

    // One of 256 preview folders per round, by a counter that wraps around: leftovers of a killed process are gone
    // within two days.
    previews::sweep(services, services.housekeeping_rounds.fetch_add(1, Ordering::Relaxed))?;

    // Everything below deletes what is old, which only a right clock can tell.
    let Some(at) = clock::trusted_now(services)? else { return Ok(()) };
    let purged = trash::purge(services, at)?;
    if purged > 0 {
        tracing::info!("{purged} items purged from the trash");
    }

    let expired = resumable::delete_expired(services, at)?;
    if expired > 0 {
        tracing::info!("{expired} unfinished uploads expired");
    }
    let removed = remove::remove_old_rejected(services, at)?;
    if removed > 0 {
        tracing::info!("{removed} rejected requests removed");
    }
    let ended = grants::end_expired(services, at)?;
    if ended > 0 {
        tracing::info!("{ended} grants ended by their date");
    }
    share_link_ends::housekeeping(services, at)?;
    notifications::purge(services, at)?;
    audit::purge(services, at)?;
    services.db.write(|conn| {
        store::sessions::delete_expired(conn, at - SESSION_RETENTION)?;
        store::upload_reports::delete_before(conn, at - REPORT_RETENTION)?;
        Ok(())
    })
}

/// Closes cached files that are not in use, and writes the times at which sessions, directories and items were last
/// used, in one transaction. Until then these times are only in memory.
///
/// # Errors
/// Database errors; then only the recorded activity is lost.
pub fn write_last_seen(services: &Services) -> Result<()> {
    services.open_file_cache.close_idle();
    login::write_merged_refusals(services, false)?;
    let notes = services.last_seen.take();

    // Most rounds have nothing to write.
    if notes.sessions.is_empty() && notes.directories.is_empty() && notes.items.is_empty() {
        return Ok(());
    }

    let opened: BTreeSet<_> = notes.items.keys().map(|(owner, _)| *owner).collect();

    // Recents change, so the versions of these libraries do as well.
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
