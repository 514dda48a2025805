//! On whose authority something is changed.

use super::{Gives, GrantId, ItemId, Level, ShareLinkId, User, UserId};

/// The session of a request, which must still be valid when the change is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey {
    /// The person who is logged in.
    pub user: UserId,
    pub id: i64,
    /// What the request needs in a space; `None` in the person's own library.
    pub space: Option<SpaceNeed>,
}

/// The level that a request needs in a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpaceNeed {
    pub space: UserId,
    pub level: Level,
}

/// Through what something of another user is reached. It must still be in effect while a long response is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShareKey {
    Grant {
        viewer: UserId,
        grant: GrantId,
    },
    /// A share link, which anyone may have. A renewed link has another generation.
    Link {
        link: ShareLinkId,
        generation: i32,
    },
}

/// What a long response reads through a grant or link: an item of which this must be given, or anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShareInUse {
    pub key: ShareKey,
    pub item: Option<(ItemId, Gives)>,
}

/// Who sends a file to a library. Their right to do so is checked again when it is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileSender {
    /// The server itself or the command line.
    Server,
    /// The owner of the library.
    Owner(SessionKey),
    /// Another user, through a grant.
    Grantee(SessionKey, GrantId),
    /// A visitor of a share link, and the name that they gave.
    Visitor { link: ShareLinkId, generation: i32, name: String },
}

impl FileSender {
    /// The owner of a library in this session; without one, the server.
    #[must_use]
    pub fn of_session(session: Option<SessionKey>) -> Self {
        session.map_or(Self::Server, Self::Owner)
    }
}

/// The owner of a library, the person who acts, and the session that changes it.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    /// Whose library it is.
    pub user: &'a User,
    /// Who acts: the owner, or a member of a space.
    pub person: &'a User,
    session: Option<SessionKey>,
}

impl<'a> Authority<'a> {
    /// A session of the user.
    #[must_use]
    pub const fn session(user: &'a User, key: SessionKey) -> Self {
        Self::member(user, user, key)
    }

    /// A session of a person who uses the library of a space.
    #[must_use]
    pub const fn member(user: &'a User, person: &'a User, key: SessionKey) -> Self {
        Self { user, person, session: Some(key) }
    }

    /// The server itself or the command line, which change the user's library without a session.
    pub(crate) const fn server(user: &'a User) -> Self {
        Self { user, person: user, session: None }
    }

    /// The session; `None` for the server.
    pub(crate) const fn key(&self) -> Option<SessionKey> {
        self.session
    }
}
