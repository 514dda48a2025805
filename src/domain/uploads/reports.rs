//! Results of upload forms, kept for a day so that their page can be loaded again.

use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{ReportId, User, now};
use crate::state::Services;
use crate::store;

/// Stores the results of an upload form for its result page.
pub fn save_report(
    services: &Services,
    authority: &Authority<'_>,
    rows_json: &str,
) -> Result<ReportId> {
    let user = authority.user;
    let id = ReportId::new();
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        Ok(store::upload_reports::insert(conn, user.id, id, rows_json, now())?)
    })?;
    Ok(id)
}

/// Returns the stored results of an upload form, as JSON.
///
/// # Errors
/// `NotFound` for a report of another user, or one older than a day.
pub fn find_report(services: &Services, user: &User, id: ReportId) -> Result<String> {
    services.db.read(|conn| store::upload_reports::find(conn, user.id, id)?.ok_or(Error::NotFound))
}
