//! Caches responses per user until what they were made from changes.

use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::uri::PathAndQuery;
use actix_web::web::Data;

use crate::domain::library::reader::{self, LibraryReader};
use crate::domain::previews;
use crate::error::Error;
use crate::http::run_blocking::run_blocking;
use crate::language::{Language, current_language};
use crate::model::{UserId, now};
use crate::state::Services;
use crate::state::library_cache::CachedResponse;
use crate::state::session_cache::AuthSession;

/// Everything besides the version of the user's library that a response depends on.
pub enum CacheKey {
    /// A list of the API depends on its query only.
    ApiList { query: String },
    Page {
        /// The session, whose CSRF token is in every form.
        session: u64,
        /// Pages show how long ago something was. The time is rounded to the minute; for admins, who see how many accounts
        /// wait, to five seconds.
        moment: i64,
        /// How often sessions and accounts have changed; 0 for others than admins.
        account_changes: u64,
        are_previews_enabled: bool,
        language: Language,
        /// Path and query.
        address: String,
    },
}

impl CacheKey {
    /// The key of a page of this session.
    #[must_use]
    pub fn page(services: &Services, auth_session: &AuthSession, request: &HttpRequest) -> Self {
        let seconds = now().assume_utc().unix_timestamp();
        let (moment, account_changes) = if auth_session.person().is_admin() {
            (seconds / 5, services.session_cache.invalidation_count())
        } else {
            (seconds / 60, 0)
        };
        let address = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
        Self::Page {
            session: auth_session.fingerprint,
            moment,
            account_changes,
            are_previews_enabled: previews::is_enabled(services),
            language: current_language(),
            address: address.to_owned(),
        }
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiList { query } => write!(f, "list {query}"),
            Self::Page {
                session,
                moment,
                account_changes,
                are_previews_enabled,
                language,
                address,
            } => {
                let language = language.code();
                write!(
                    f,
                    "{session:x} {moment} {account_changes} {are_previews_enabled} {language} {address}"
                )
            }
        }
    }
}

/// The response cached under `key` for this version of the user's library, or a new one from `build`, which runs on the
/// blocking pool with one connection. Without a key nothing is cached.
///
/// # Errors
/// The errors of `build` and of the database.
pub async fn cached_response(
    services: &Data<Services>,
    owner: UserId,
    key: Option<CacheKey>,
    build: impl FnOnce(&mut LibraryReader<'_>) -> Result<CachedResponse, Error> + Send + 'static,
) -> Result<CachedResponse, Error> {
    let key = key.map(|key| key.to_string());

    // A version that was checked within the last second needs no database.
    let lookup = key.as_ref().zip(services.library_cache.get_fresh(owner));
    if let Some(cached) =
        lookup.and_then(|(key, library)| services.library_cache.response(&library, key))
    {
        return Ok(cached);
    }

    run_blocking(services, move |services| {
        // `response_or_build` may wait for a request that builds the same response. Only `build` takes a connection, so
        // a waiting request holds none.
        let library = reader::current_version(services, owner)?;
        let build = || reader::read_at(services, &library, build);
        match key {
            Some(key) => services.library_cache.response_or_build(&library, key, build),
            None => build(),
        }
    })
    .await
}
