//! Creates directories on disk and in the database, for uploads, restoring and users.

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::directory::NewDirectory;
use crate::model::{Directory, DirectoryId, User, now};
use crate::state::Services;
use crate::storage::{FileLocation, FileName};
use crate::store;

/// Creates a directory on disk and its row, in the caller's transaction. `path` ends with `name`; without a parent, the
/// directory is at the top level.
pub(crate) fn insert(
    services: &Services,
    conn: &mut Conn,
    user: &User,
    parent: Option<&Directory>,
    name: &FileName,
    path: &str,
) -> Result<DirectoryId> {
    let (above, _) = path.rsplit_once('/').unwrap_or(("", path));

    // An existing directory on disk is accepted.
    services.media_dir.create_directory(&FileLocation::new(&user.folder, above, name.as_str()))?;
    let (id, at) = (DirectoryId::new(), now());

    store::directories::insert(
        conn,
        &NewDirectory {
            user_id: user.id,
            directory_id: id,
            parent_id: parent.map(|parent| parent.directory_id),
            directory_name: name.to_string(),
            directory_path: path.to_owned(),
            username: user.username.clone(),
            date_added: at,
            last_modified: at,
            last_accessed: at,
        },
    )?;

    if let Some(parent) = parent {
        store::directories::update_modified(conn, user.id, &[parent.directory_id], at)?;
    }
    Ok(id)
}

/// The directory at `path`, created in a transaction if missing.
pub(crate) fn find_or_create(services: &Services, user: &User, path: &str) -> Result<Directory> {
    match services.db.read(|conn| Ok(store::directories::find_by_path(conn, user.id, path)?))? {
        Some(directory) => Ok(directory),
        None => services.write_library(user.id, |conn| ensure(services, conn, user, path)),
    }
}

/// Returns the directory at `path`, and creates it and its parents if they do not exist, in the caller's transaction.
pub(crate) fn ensure(
    services: &Services,
    conn: &mut Conn,
    user: &User,
    path: &str,
) -> Result<Directory> {
    let mut parent: Option<Directory> = None;

    let mut so_far = String::new();
    for part in path.split('/') {
        let name = FileName::parse(part).ok_or(Error::NotFound)?;
        so_far = if so_far.is_empty() { name.to_string() } else { format!("{so_far}/{name}") };
        let found = match store::directories::find_by_path(conn, user.id, &so_far)? {
            Some(found) => found,
            None => {
                insert(services, conn, user, parent.as_ref(), &name, &so_far)?;
                store::directories::find_by_path(conn, user.id, &so_far)?.ok_or(Error::NotFound)?
            }
        };
        parent = Some(found);
    }
    parent.ok_or(Error::NotFound)
}
