//! Caches responses per user until what they were made from changes.

use actix_web::web::Data;

use crate::domain::library::reader::{self, LibraryReader};
use crate::error::Error;
use crate::http::run_blocking::run_blocking;
use crate::model::UserId;
use crate::state::Services;
use crate::state::library_cache::CachedResponse;

/// The response to `asked`: the cached one for this version of the user's library, or a new one from `make`, which runs
/// on the blocking pool with one connection. Without `asked` nothing is cached.
///
/// # Errors
/// The errors of `make` and of the database.
pub async fn cached_response(
    services: &Data<Services>,
    owner: UserId,
    asked: Option<String>,
    make: impl FnOnce(&mut LibraryReader<'_>) -> Result<CachedResponse, Error> + Send + 'static,
) -> Result<CachedResponse, Error> {
    // A version that was checked within the last second needs no database.
    let known = asked.as_ref().zip(services.library_cache.get_fresh(owner));
    if let Some(kept) =
        known.and_then(|(asked, library)| services.library_cache.response(&library, asked))
    {
        return Ok(kept);
    }

    run_blocking(services, move |services| {
        // Requests that wait for another one's response hold no connection.
        let library = reader::current_version(services, owner)?;
        let make = || reader::read_at(services, &library, make);
        match asked {
            Some(asked) => services.library_cache.response_or_build(&library, asked, make),
            None => make(),
        }
    })
    .await
}
