//! Runs domain functions on the blocking pool.

use std::sync::Arc;

use actix_web::web::Data;

use crate::error::Result;
use crate::state::Services;
use crate::sync::run_on_blocking_pool;

/// Runs a domain function on the blocking pool.
pub(crate) async fn run_blocking<T: Send + 'static>(
    services: &Data<Services>,
    work: impl FnOnce(&Arc<Services>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let services = services_arc(services);
    run_on_blocking_pool(move || work(&services)).await
}

/// The services, for domain functions that outlive the handler.
pub(crate) fn services_arc(services: &Data<Services>) -> Arc<Services> {
    Arc::clone(services)
}
