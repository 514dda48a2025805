//! Putting right what a killed process left: for the server, before it serves.

use crate::config::Settings;
use crate::domain::uploads::resumable;
use crate::domain::{backup, file_moves};
use crate::error::{Error, Result};
use crate::state::Services;
use crate::store;

/// Opens everything for one who is to be alone with it, and settles what a killed process left.
///
/// # Errors
/// `Unavailable` where a server is at work; as [`Services::open`] and [`recover`].
pub fn open_claimed(settings: Settings) -> Result<Services> {
    let services = Services::open(settings)?;
    services.claim_media_dir()?;
    recover(&services)?;
    Ok(services)
}

/// Opens everything for one who may work beside a server; where none is at work, settles what a killed process left.
///
/// # Errors
/// As [`Services::open`] and [`recover`].
pub fn open_recovered(settings: Settings) -> Result<Services> {
    let services = Services::open(settings)?;
    match services.claim_media_dir() {
        Ok(()) => recover(&services)?,
        Err(Error::Unavailable(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(services)
}

/// Refuses to go on with a media folder in which nobody's folder is although people have things: its disk is not mounted.
///
/// # Errors
/// `Configuration` says so; the database's.
pub fn ensure_mounted(services: &Services) -> Result<()> {
    let folders = services.db.read(|conn| Ok(store::users::list_folders_in_use(conn)?))?;
    if folders.is_empty() || folders.iter().any(|folder| services.media_dir.has_user_folder(folder)) {
        return Ok(());
    }
    let shown = services.settings.media_dir.display();
    let count = folders.len();
    Err(Error::Configuration(format!(
        "The media folder {shown} has none of the folders of the {count} people who have things there, such as {}. \
         Is its disk mounted? If they are lost, put a backup back (nexus-media backup restore).",
        folders.first().map_or("", String::as_str)
    )))
}

/// Ends a restore that was cut short; takes back moves that were, and what was on its way in: none of it was acknowledged.
/// Resumable uploads stay.
///
/// # Errors
/// The database's and the system's.
pub fn recover(services: &Services) -> Result<()> {
    backup::finish_restore(services)?;
    file_moves::recover_all(services)?;
    let swept = services.media_dir.sweep_incoming()? + resumable::sweep(services)?;
    if swept > 0 {
        tracing::info!("{swept} unfinished uploads taken away");
    }
    Ok(())
}
