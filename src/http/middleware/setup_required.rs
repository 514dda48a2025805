//! Redirects every request to `/setup` until the first admin exists.

use actix_web::dev::ServiceRequest;
use actix_web::web::Data;

use crate::error::Error;
use crate::http::error::HandlerError;
use crate::http::health::is_probe;
use crate::http::run_blocking::run_blocking;
use crate::http::static_files;
use crate::state::Services;

/// Requires the first admin to exist.
///
/// # Errors
/// A redirect to `/setup`, or `SetupRequired` for the API.
pub async fn ensure_set_up(
    request: &ServiceRequest,
    services: &Data<Services>,
) -> Result<(), HandlerError> {
    // `is_set_up` needs no query, but its false may be out of date; only then the database is asked.
    if !services.is_set_up() && !is_allowed_before_setup(request.path()) {
        let has_admin = run_blocking(services, |services| services.has_admin()).await?;
        if !has_admin {
            return Err(if request.path().starts_with("/api") {
                HandlerError::Error(Error::SetupRequired)
            } else {
                HandlerError::Redirect("/setup".into())
            });
        }
    }
    Ok(())
}

fn is_allowed_before_setup(path: &str) -> bool {
    path == "/setup"
        || path == "/api/openapi.json"
        || matches!(
            path,
            "/app.webmanifest" | "/sw.js" | "/offline" | "/favicon.ico" | "/apple-touch-icon.png"
        )
        || is_probe(path)
        || path.starts_with(static_files::PREFIX)
}
