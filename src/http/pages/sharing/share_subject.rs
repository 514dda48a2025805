//! What is shared, as forms and addresses name it.

use crate::error::{Error, Result};
use crate::http::extract::user::CurrentUser;
use crate::model::{AlbumId, DirectoryId, ItemId, Subject};

/// The user's library, which a space does not share as a whole.
pub(crate) fn library_of(current: &CurrentUser) -> Result<Subject> {
    match current.auth_session.membership {
        None => Ok(Subject::Library(current.user().id)),
        Some(_) => Err(Error::NotFound),
    }
}

/// The album, folder or item of which one is named.
pub(crate) fn subject_of(album: &str, directory: &str, item: &str) -> Result<Subject> {
    let subject = match (album, directory, item) {
        (id, "", "") => AlbumId::parse(id).map(Subject::Album),
        ("", id, "") => DirectoryId::parse(id).map(Subject::Directory),
        ("", "", id) => ItemId::parse(id).map(Subject::Item),
        _ => None,
    };
    subject.ok_or(Error::NotFound)
}

/// The query that names a subject, such as `album=…`.
pub(crate) fn subject_query(subject: Subject) -> String {
    match subject {
        Subject::Album(id) => format!("album={id}"),
        Subject::Directory(id) => format!("directory={id}"),
        Subject::Item(id) => format!("item={id}"),
        Subject::Library(_) => "library=mine".to_owned(),
    }
}

/// The page of what is shared.
pub(crate) fn subject_href(subject: Subject) -> String {
    match subject {
        Subject::Album(id) => format!("/albums/{id}"),
        Subject::Directory(id) => format!("/directories/{id}"),
        Subject::Item(id) => format!("/items/{id}"),
        Subject::Library(_) => "/photos".to_owned(),
    }
}
