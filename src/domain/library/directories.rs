//! Users' own directories: create, rename, delete.

use super::create_directory::insert;
use super::{reindex, trash};
use crate::db::Conn;
use crate::domain::file_moves::{self, MovePlan};
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{Directory, DirectoryId, Item, User, now};
use crate::state::Services;
use crate::storage::{FileLocation, FileName, media_dir};
use crate::store;
use crate::{fill, msg};

/// Directories per user.
const MAX_DIRECTORIES: i64 = 2000;
/// Numbers that are tried for a name that is taken.
const MAX_NUMBERED: u32 = 100;
/// Levels of nesting.
const MAX_DEPTH: usize = 20;
/// Items reindexed in one transaction.
const REINDEX_BATCH: i64 = 200;
/// Maximum length of a path in characters, as in the table.
pub(crate) const MAX_PATH_CHARS: usize = 700;

/// All of a user's directories, by path.
pub fn list(services: &Services, user: &User) -> Result<Vec<Directory>> {
    services.db.read(|conn| Ok(store::directories::list(conn, user.id, MAX_DIRECTORIES + 7)?))
}

/// Creates a directory at the top level or in another one.
///
/// # Errors
/// `Invalid` for a bad or taken name, or a parent that cannot have subdirectories.
pub fn create(
    services: &Services,
    authority: &Authority<'_>,
    name: &str,
    parent: Option<DirectoryId>,
) -> Result<DirectoryId> {
    let user = authority.user;
    let name = parse_name(name)?;

    // No file may move while directories change.
    let _moves_lock = services.lock_moves(user.id);

    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let parent = find_parent(conn, user, parent)?;
        ensure_below_limit(conn, user)?;
        let path = child_path(parent.as_ref(), &name)?;
        ensure_name_free(services, conn, user, &path)?;
        insert(services, conn, user, parent.as_ref(), &name, &path)
    })
}

/// Returns the folder of that name at the top level or in another one, and creates it if there is none: for folders that
/// a computer sends, whose names may have to be changed. The names of standard folders count in any case; a name that a
/// file or a view has gets a number. The second value is true if the folder is new.
///
/// # Errors
/// `Invalid` for a name of which nothing remains, or a folder nested too deeply.
pub fn create_or_reuse(
    services: &Services,
    authority: &Authority<'_>,
    name: &str,
    parent: Option<DirectoryId>,
) -> Result<(DirectoryId, bool)> {
    let user = authority.user;
    let name = parse_name(name)?;
    let _moves_lock = services.lock_moves(user.id);

    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let parent = find_parent(conn, user, parent)?;
        for number in 0..MAX_NUMBERED {
            let name = name.numbered(number);
            let path = child_path(parent.as_ref(), &name)?;
            let standard = media_dir::STANDARD_DIRECTORIES
                .iter()
                .find(|standard| standard.eq_ignore_ascii_case(&path));
            let existing = store::directories::find_by_path(
                conn,
                user.id,
                standard.map_or(&path, |name| *name),
            )?;
            match existing {
                Some(existing) if !existing.is_view() => return Ok((existing.directory_id, false)),
                // Favorites, Recents and Trash hold no files.
                Some(_) => continue,
                None => {}
            }
            match ensure_name_free(services, conn, user, &path) {
                // A file has that name.
                Err(Error::Invalid(_)) => continue,
                free => free?,
            }
            ensure_below_limit(conn, user)?;
            return Ok((insert(services, conn, user, parent.as_ref(), &name, &path)?, true));
        }
        Err(Error::field("name", msg!("There are too many folders and files of that name.")))
    })
}

fn find_parent(
    conn: &mut Conn,
    user: &User,
    parent: Option<DirectoryId>,
) -> Result<Option<Directory>> {
    let parent = match parent {
        Some(id) => Some(
            store::directories::find(conn, user.id, id)?
                .ok_or_else(|| Error::field("parent", msg!("Choose one of your folders.")))?,
        ),
        None => None,
    };
    if parent.as_ref().is_some_and(Directory::is_view) {
        return Err(Error::field(
            "parent",
            msg!("That folder only shows items that are kept elsewhere."),
        ));
    }
    Ok(parent)
}

/// Bounds the size of pages that list all directories.
fn ensure_below_limit(conn: &mut Conn, user: &User) -> Result<()> {
    if store::directories::count(conn, user.id)? < MAX_DIRECTORIES {
        return Ok(());
    }
    let message = fill!(
        "{max_directories} folders are the most one person can have.",
        max_directories = MAX_DIRECTORIES
    );
    Err(Error::field("name", message))
}

fn parse_name(name: &str) -> Result<FileName> {
    FileName::parse_typed(name).ok_or_else(|| {
        Error::field(
            "name",
            msg!("Give the folder a name of 255 characters at most, without / and \\."),
        )
    })
}

/// Returns the path of a directory called `name` in `parent`, or at the top level without one. Fails if it is nested
/// too deeply or too long.
fn child_path(parent: Option<&Directory>, name: &FileName) -> Result<String> {
    let path = parent
        .map_or_else(|| name.to_string(), |parent| format!("{}/{name}", parent.directory_path));
    if path.split('/').count() > MAX_DEPTH || path.chars().count() > MAX_PATH_CHARS {
        return Err(Error::field(
            "name",
            fill!(
                "Folders can be nested {max_depth} levels deep, and their names together can have {max_path_chars} characters.",
                max_depth = MAX_DEPTH,
                max_path_chars = MAX_PATH_CHARS
            ),
        ));
    }
    Ok(path)
}

/// Fails if a row, a file or a reserved name occupies `path`. Also creates the directory on disk, which is how a file
/// of that name is detected.
fn ensure_name_free(services: &Services, conn: &mut Conn, user: &User, path: &str) -> Result<()> {
    let taken = || Error::field("name", msg!("There is a folder or file of that name already."));
    // Only a path at the top level can equal a reserved name. Compared without case, because other systems ignore it.
    let is_reserved = media_dir::STANDARD_DIRECTORIES
        .iter()
        .chain([&media_dir::AVATAR_FILE])
        .any(|name| name.eq_ignore_ascii_case(path));
    if is_reserved || store::directories::find_by_path(conn, user.id, path)?.is_some() {
        return Err(taken());
    }
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    match services.media_dir.create_directory(&FileLocation::new(&user.folder, parent, name)) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotADirectory => Err(taken()),
        other => Ok(other?),
    }
}

/// Renames a user's directory, with its contents.
///
/// # Errors
/// `NotFound`, `Conflict` for a standard directory, `Invalid` for a bad or taken name.
pub fn rename(
    services: &Services,
    authority: &Authority<'_>,
    id: DirectoryId,
    name: &str,
) -> Result<()> {
    let user = authority.user;
    let name = parse_name(name)?;
    file_moves::move_files(
        services,
        user.id,
        |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            let directory = find_own_directory(conn, user, id)?;
            let (parent, old) = directory
                .directory_path
                .rsplit_once('/')
                .unwrap_or(("", &directory.directory_path));

            let path =
                if parent.is_empty() { name.to_string() } else { format!("{parent}/{name}") };
            // The name stays the same: an empty plan moves nothing.
            if path == directory.directory_path {
                return Ok(Vec::new());
            }

            // Compared without case, because other systems ignore it.
            let is_reserved = media_dir::STANDARD_DIRECTORIES
                .iter()
                .chain([&media_dir::AVATAR_FILE])
                .any(|taken| taken.eq_ignore_ascii_case(&path));

            if is_reserved || store::directories::find_by_path(conn, user.id, &path)?.is_some() {
                return Err(Error::field(
                    "name",
                    msg!("There is a folder or file of that name already."),
                ));
            }

            // Subdirectories are renamed as well, and their paths have a limit.
            let longest = store::directories::list_tree(conn, user.id, &directory.directory_path)?
                .iter()
                .map(|beneath| {
                    beneath.directory_path.chars().count()
                        - directory.directory_path.chars().count()
                })
                .max();

            if path.chars().count() + longest.unwrap_or(0) > MAX_PATH_CHARS {
                return Err(Error::field(
                    "name",
                    msg!("With that name the folders in it would have too long a path."),
                ));
            }

            let from = FileLocation::new(&user.folder, parent, old);
            Ok(vec![MovePlan {
                subject: id.0,
                // Only the name changes: it is taken from `wanted_name`.
                to: from.clone(),
                from,
                wanted_name: name.clone(),
                can_rename: false,
            }])
        },
        |conn, batch| {
            let at = now();
            for done in batch {
                let directory = find_own_directory(conn, user, DirectoryId(done.subject))?;
                let (parent, _) = directory.directory_path.rsplit_once('/').unwrap_or(("", ""));

                let path = if parent.is_empty() {
                    done.name.to_string()
                } else {
                    format!("{parent}/{}", done.name)
                };

                // What was trashed from here is restored to here.
                let former = &directory.directory_path;
                for item in store::items::list_trashed_from(conn, user.id, former)? {
                    let from = item.trashed_from.as_deref().unwrap_or_default();
                    let rest = from.strip_prefix(former.as_str()).unwrap_or_default();
                    let trashed_from = Some(format!("{path}{rest}"));
                    store::items::update_place(conn, &Item { trashed_from, ..item.clone() })?;
                }

                // Paths of subdirectories contain the name.
                for beneath in
                    store::directories::list_tree(conn, user.id, &directory.directory_path)?
                {
                    let rest = beneath
                        .directory_path
                        .strip_prefix(&directory.directory_path)
                        .unwrap_or_default();
                    let is_itself = beneath.directory_id == directory.directory_id;
                    let name = if is_itself { done.name.as_str() } else { &beneath.directory_name };
                    store::directories::update_path(
                        conn,
                        user.id,
                        beneath.directory_id,
                        name,
                        &format!("{path}{rest}"),
                        at,
                    )?;
                }
            }

            Ok(())
        },
    )?;
    reindex_tree(services, user, id)
}

/// Updates the search words of all items in a directory and its subdirectories, which contain its name. In batches,
/// because there can be any number of them.
fn reindex_tree(services: &Services, user: &User, id: DirectoryId) -> Result<()> {
    let tree = services.db.read(|conn| {
        let Some(directory) = store::directories::find(conn, user.id, id)? else {
            return Ok(Vec::new());
        };
        Ok(store::directories::list_tree(conn, user.id, &directory.directory_path)?)
    })?;
    for directory in tree {
        let mut after = None;
        loop {
            let items = services.db.read(|conn| {
                let id = directory.directory_id;
                Ok(store::items::list_in_after(conn, user.id, id, after, REINDEX_BATCH)?)
            })?;
            let Some(last) = items.last() else { break };
            after = Some(last.id);
            let ids: Vec<_> = items.iter().map(|item| item.id).collect();
            reindex::reindex(services, user.id, &ids)?;
        }
    }
    Ok(())
}

/// Deletes a user's directory and its subdirectories. The files are moved to the trash and can be restored from there.
/// Returns the number of files.
///
/// # Errors
/// `NotFound`, `Conflict` for a standard directory, or one with files on disk that have no row.
pub fn delete(services: &Services, authority: &Authority<'_>, id: DirectoryId) -> Result<usize> {
    let user = authority.user;
    let mut trashed = 0;

    // In batches; files may be added meanwhile.
    loop {
        let items = services.db.read(|conn| {
            let directory = find_own_directory(conn, user, id)?;
            let tree = store::directories::list_tree(conn, user.id, &directory.directory_path)?;
            let ids: Vec<_> = tree.iter().map(|directory| directory.directory_id).collect();
            // At most 500 items per batch.
            Ok(store::items::list_in(conn, user.id, &ids, 500)?)
        })?;
        if items.is_empty() {
            break;
        }
        let ids: Vec<_> = items.iter().map(|item| item.id).collect();
        trashed += trash::trash(services, authority, &ids)?;
    }

    // No file may be moved into the directory while it is deleted.
    let _moves_lock = services.lock_moves(user.id);
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let directory = find_own_directory(conn, user, id)?;
        let mut tree = store::directories::list_tree(conn, user.id, &directory.directory_path)?;

        // Subdirectories before their parents.
        tree.reverse();

        for beneath in tree {
            let (parent, name) =
                beneath.directory_path.rsplit_once('/').unwrap_or(("", &beneath.directory_path));
            store::directories::delete(conn, user.id, beneath.directory_id)?;

            // Files without a row are never deleted: the result is false for a directory that is not empty.
            match services.media_dir.remove_directory(&FileLocation::new(
                &user.folder,
                parent,
                name,
            )) {
                Ok(true) => {}
                Ok(false) => {
                    return Err(Error::Conflict(fill!("“{directory_name}” holds files on disk that Nexus does not know. They were left alone.", directory_name = beneath.directory_name)));
                }
                // Another program has removed it already.
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(())
    })?;
    Ok(trashed)
}

fn find_own_directory(conn: &mut Conn, user: &User, id: DirectoryId) -> Result<Directory> {
    let directory = store::directories::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
    if directory.is_standard() {
        return Err(Error::Conflict(fill!(
            "{directory_name} is a folder everyone has. It stays.",
            directory_name = directory.directory_name
        )));
    }
    Ok(directory)
}
