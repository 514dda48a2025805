//! Lists of share links: of a subject, of a user, and for admins.

use super::grantees::name_of_link;
use super::grantees::title_of;
use super::share_links::find_own;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::{ShareLink, ShareLinkId, Subject, Time, User, now};
use crate::state::Services;
use crate::store;

/// Links on one page.
const PAGE_LINKS: i64 = 60;

/// A link of the user, for display.
#[derive(Debug, Clone)]
pub struct NamedLink {
    pub link: ShareLink,
    /// Its title, or the name of what it shows; empty if that was deleted.
    pub name: String,
    /// The token of its address; `None` if it was made with another key.
    pub token: Option<String>,
    pub state: LinkState,
}

/// A link, and its owner.
pub type OwnedLink = (ShareLink, User);

/// Whether a link can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    Open,
    /// All visits have begun.
    UsedUp,
    /// What it showed was deleted.
    Deleted,
    Ended,
}

impl LinkState {
    #[must_use]
    pub fn of(link: &ShareLink, at: Time) -> Self {
        if link.has_ended(at) {
            Self::Ended
        } else if link.subject().is_none() {
            Self::Deleted
        } else if link.is_used_up() {
            Self::UsedUp
        } else {
            Self::Open
        }
    }

    /// Whether visits go on, so that its owner can end it. Those that have begun go on when all are used up.
    #[must_use]
    pub const fn has_visits(self) -> bool {
        matches!(self, Self::Open | Self::UsedUp)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::UsedUp => "used_up",
            Self::Deleted => "deleted",
            Self::Ended => "ended",
        }
    }
}

/// The links of a user's album, folder or item, the newest first.
///
/// # Errors
/// `NotFound` if the subject is not the user's.
pub fn list_of_subject(
    services: &Services,
    owner: &User,
    subject: Subject,
) -> Result<Vec<NamedLink>> {
    services.db.read(|conn| {
        title_of(conn, owner, subject)?.ok_or(Error::NotFound)?;
        let links = store::share_links::list_of_subject(conn, owner.id, subject)?;
        links.into_iter().map(|link| named(services, conn, owner, link)).collect()
    })
}

/// One page of a user's links, the newest first, and where the next page begins.
///
/// # Errors
/// Database errors.
pub fn list(
    services: &Services,
    owner: &User,
    before: Option<ShareLinkId>,
) -> Result<(Vec<NamedLink>, Option<ShareLinkId>)> {
    services.db.read(|conn| {
        let links = store::share_links::list_of_owner(conn, owner.id, before, PAGE_LINKS + 1)?;
        let (links, next) = cut(links);
        let named = links.into_iter().map(|link| named(services, conn, owner, link));
        Ok((named.collect::<Result<_>>()?, next))
    })
}

/// A link of the user.
///
/// # Errors
/// `NotFound`.
pub fn find(services: &Services, owner: &User, id: ShareLinkId) -> Result<NamedLink> {
    services.db.read(|conn| {
        let link = find_own(conn, owner, id)?;
        named(services, conn, owner, link)
    })
}

/// One page of the links of all users, with their owners, the newest first. Admins see neither names nor addresses.
///
/// # Errors
/// Database errors.
pub fn list_all(
    services: &Services,
    before: Option<ShareLinkId>,
) -> Result<(Vec<OwnedLink>, Option<ShareLinkId>)> {
    services.db.read(|conn| {
        let (links, next) = cut(store::share_links::list_of_all(conn, before, PAGE_LINKS + 1)?);
        let mut listed = Vec::new();
        for link in links {
            if let Some(owner) = store::users::find(conn, link.owner_id)? {
                listed.push((link, owner));
            }
        }
        Ok((listed, next))
    })
}

/// The links of one page, and where the next one begins.
fn cut(mut links: Vec<ShareLink>) -> (Vec<ShareLink>, Option<ShareLinkId>) {
    let size = usize::try_from(PAGE_LINKS).unwrap_or(usize::MAX);
    let has_more = links.len() > size;
    links.truncate(size);
    let next = links.last().filter(|_| has_more).map(|link| link.id);
    (links, next)
}

fn named(services: &Services, conn: &mut Conn, owner: &User, link: ShareLink) -> Result<NamedLink> {
    Ok(NamedLink {
        name: name_of_link(conn, owner, &link)?,
        token: services.link_tokens.token_of(&link),
        state: LinkState::of(&link, now()),
        link,
    })
}
