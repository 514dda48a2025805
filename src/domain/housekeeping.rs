//! What the server does by itself: notes written down, the trash purged, old rows taken away.

use super::{Services, touches, trash};
use crate::error::Result;
use crate::model::now;
use crate::store;

/// Ended sessions stay in the table for so long.
const SESSIONS_KEPT: time::Duration = time::Duration::days(30);
/// Result pages of uploads stay for so long.
const REPORTS_KEPT: time::Duration = time::Duration::days(1);

/// One round of what is due a few times an hour.
///
/// # Errors
/// The database's and the system's; the next round tries again.
pub fn round(services: &Services) -> Result<()> {
    touches::flush(services)?;
    let purged = trash::purge(services)?;
    if purged > 0 {
        tracing::info!("{purged} things purged from the trash");
    }
    services.db.write(|conn| {
        store::sessions::delete_over(conn, now() - SESSIONS_KEPT)?;
        store::reports::delete_before(conn, now() - REPORTS_KEPT)?;
        Ok(())
    })
}
