//! Reads of one user's library at one version, on one connection.

use std::sync::Arc;

use crate::db::Conn;
use crate::error::Result;
use crate::model::UserId;
use crate::state::Services;
use crate::state::library_cache::{LibrarySummary, LibraryVersion};

/// What a page or list is read from. Everything that it returns is at least as new as `library`.
pub struct LibraryReader<'a> {
    pub services: &'a Services,
    pub(in crate::domain) conn: &'a mut Conn,
    pub(in crate::domain) library: &'a LibraryVersion,
}

impl LibraryReader<'_> {
    /// Counts of all shelves, and the directories that the navigation links to.
    ///
    /// # Errors
    /// Database errors.
    pub fn summary(&mut self) -> Result<Arc<LibrarySummary>> {
        self.library.summary(self.conn)
    }
}

/// Returns the current version of a user's library.
pub fn current_version(services: &Services, owner: UserId) -> Result<Arc<LibraryVersion>> {
    services.db.read(|conn| services.library_cache.current(conn, owner))
}

/// Calls `work` with a reader at that version.
///
/// # Errors
/// Those of `work`, and database errors.
pub fn read_at<T>(
    services: &Services,
    library: &LibraryVersion,
    work: impl FnOnce(&mut LibraryReader<'_>) -> Result<T>,
) -> Result<T> {
    services.db.read(|conn| work(&mut LibraryReader { services, conn, library }))
}

/// Calls `work` with a reader at the current version of a user's library.
///
/// # Errors
/// Those of `work`, and database errors.
pub fn read<T>(
    services: &Services,
    owner: UserId,
    work: impl FnOnce(&mut LibraryReader<'_>) -> Result<T>,
) -> Result<T> {
    services.db.read(|conn| {
        let library = services.library_cache.current(conn, owner)?;
        work(&mut LibraryReader { services, conn, library: &library })
    })
}
