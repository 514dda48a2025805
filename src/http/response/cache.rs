//! Answers that are not made again while what they were made of stays as it is.

use actix_web::web::Data;

use crate::db::Conn;
use crate::error::Error;
use crate::http::run_blocking::run_blocking;
use crate::model::UserId;
use crate::state::Services;
use crate::state::library_cache::{CachedResponse, LibraryVersion};

/// The answer to `asked` for that person: as it was made for this version of their library, or made now, with one
/// connection and in one turn off the async threads. Without `asked` it is made each time.
///
/// # Errors
/// What `make` says, and the database.
pub async fn cached_response(
    services: &Data<Services>,
    owner: UserId,
    asked: Option<String>,
    make: impl FnOnce(&Services, &mut Conn, &LibraryVersion) -> Result<CachedResponse, Error> + Send + 'static,
) -> Result<CachedResponse, Error> {
    let known = asked.as_ref().zip(services.library_cache.get_fresh(owner));
    if let Some(kept) = known.and_then(|(asked, library)| services.library_cache.response(&library, asked)) {
        return Ok(kept);
    }
    run_blocking(services, move |services| {
        // Whoever waits for another's answer holds no connection.
        let library = services.db.read(|conn| services.library_cache.current(conn, owner))?;
        let make = || services.db.read(|conn| make(services, conn, &library));
        match asked {
            Some(asked) => services.library_cache.response_or_build(&library, asked, make),
            None => make(),
        }
    })
    .await
}
