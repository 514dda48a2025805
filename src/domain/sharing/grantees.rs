//! With whom a user's albums, folders and items are shared.

use super::notifications::name_of;
use crate::db::Conn;
use crate::domain::library::reader::LibraryReader;
use crate::error::{Error, Result};
use crate::fill;
use crate::model::{Grant, GrantId, Grantee, Item, ShareLink, Subject, User, now};
use crate::state::Services;
use crate::store;

/// A grant with the name of the user or group that it is for.
pub struct NamedGrant {
    pub grant: Grant,
    pub grantee: String,
}

/// With whom a user's album, folder or item is shared.
///
/// # Errors
/// `NotFound` if the subject is not the user's.
pub fn list_of_subject(
    services: &Services,
    owner: &User,
    subject: Subject,
) -> Result<(String, Vec<NamedGrant>)> {
    services.db.read(|conn| {
        let title = title_of(conn, owner, subject)?.ok_or(Error::NotFound)?;
        let mut named = Vec::new();
        for grant in store::grants::list_of_subject(conn, owner.id, subject)? {
            let grantee = grantee_name(conn, &grant)?;
            named.push(NamedGrant { grant, grantee });
        }
        Ok((title, named))
    })
}

/// The names of the first people and groups that a user's album, folder or item is shared with, and how many there are.
///
/// # Errors
/// Database errors.
pub fn list_names(
    reader: &mut LibraryReader<'_>,
    owner: &User,
    subject: Subject,
) -> Result<(Vec<String>, usize)> {
    /// Names that are read.
    const MAX_NAMES: usize = 4;
    let mut grants = store::grants::list_of_subject(reader.conn, owner.id, subject)?;
    grants.retain(|grant| !grant.has_ended(now()));
    let mut names = Vec::new();
    for grant in grants.iter().take(MAX_NAMES) {
        names.push(grantee_name(reader.conn, grant)?);
    }
    Ok((names, grants.len()))
}

/// A user's grant.
///
/// # Errors
/// `NotFound`.
pub fn find(services: &Services, owner: &User, id: GrantId) -> Result<NamedGrant> {
    services.db.read(|conn| {
        let grant = find_own(conn, owner, id)?;
        let grantee = grantee_name(conn, &grant)?;
        Ok(NamedGrant { grant, grantee })
    })
}

pub(super) fn find_own(conn: &mut Conn, owner: &User, id: GrantId) -> Result<Grant> {
    let grant = store::grants::find(conn, id)?;
    grant.filter(|grant| grant.owner_id == owner.id).ok_or(Error::NotFound)
}

/// The name of a user's album, folder or item; `None` if there is none that can be shared.
pub(super) fn title_of(conn: &mut Conn, owner: &User, subject: Subject) -> Result<Option<String>> {
    Ok(match subject {
        Subject::Album(id) => store::albums::find(conn, owner.id, id)?.map(|album| album.name),
        Subject::Directory(id) => {
            let directory = store::directories::find(conn, owner.id, id)?;
            directory.filter(|it| !it.is_view()).map(|it| it.label().to_owned())
        }
        Subject::Library(id) if id != owner.id => None,
        Subject::Library(_) if owner.is_space() => Some(name_of(owner)),
        Subject::Library(_) => Some(fill!("Library of {name}", name = name_of(owner))),
        Subject::Item(id) => {
            let item = store::items::find(conn, owner.id, id)?;
            item.filter(Item::is_shown_in_albums).map(|item| item.name)
        }
    })
}

/// The kind of what a grant is for.
pub(super) fn kind_of(grant: &Grant) -> String {
    grant.subject().map_or("", Subject::kind).to_owned()
}

/// The full name of the user, or the name of the group, that a grant is for.
pub(super) fn grantee_name(conn: &mut Conn, grant: &Grant) -> Result<String> {
    Ok(match grant.grantee() {
        Some(Grantee::User(user)) => store::users::find(conn, user)?.map(|user| name_of(&user)),
        Some(Grantee::Group(group)) => store::groups::find(conn, group)?.map(|group| group.name),
        None => None,
    }
    .unwrap_or_default())
}

/// The title of a link, or the name of what it shows; empty if that was deleted.
pub(super) fn name_of_link(conn: &mut Conn, owner: &User, link: &ShareLink) -> Result<String> {
    let name = match link.subject() {
        Some(subject) if link.title.is_empty() => title_of(conn, owner, subject)?,
        _ => None,
    };
    Ok(name.unwrap_or_else(|| link.title.clone()))
}
