//! Repairs the state that a killed process left, before the server accepts requests.

use crate::config::Settings;
use crate::domain::uploads::resumable;
use crate::domain::{backup, file_moves};
use crate::error::{Error, Result};
use crate::state::Services;
use crate::store;

/// Opens the services exclusively and recovers from a crash.
///
/// # Errors
/// `Unavailable` while a server is running; as [`Services::open`] and [`recover`].
pub fn open_claimed(settings: Settings) -> Result<Services> {
    let services = Services::open(settings)?;
    services.claim_media_dir()?;
    recover(&services)?;
    Ok(services)
}

/// Opens the services for a command that may run while the server is running. Recovers from a crash if it is not.
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

/// Fails if users have items but none of their folders exists: the disk is probably not mounted.
///
/// # Errors
/// `Configuration`; database errors.
pub fn ensure_mounted(services: &Services) -> Result<()> {
    let folders = services.db.read(|conn| Ok(store::users::list_folders_in_use(conn)?))?;
    if folders.is_empty() || folders.iter().any(|folder| services.media_dir.has_user_folder(folder))
    {
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

/// Finishes an interrupted restore, undoes interrupted moves and removes partial files. No client was told that these
/// moves or files were complete. Resumable uploads are not removed.
pub fn recover(services: &Services) -> Result<()> {
    backup::finish_restore(services)?;
    file_moves::recover_all(services)?;
    let swept = services.media_dir.sweep_incoming()? + resumable::sweep(services)?;
    if swept > 0 {
        tracing::info!("{swept} partial files removed");
    }
    Ok(())
}
