//! Who sends files, whose they will be, and where they go.

use std::sync::Arc;

use crate::domain::sharing::file_requests::{self, RequestTarget};
use crate::domain::sharing::shared_uploads::{self, SharedTarget};
use crate::domain::sharing::space_members;
use crate::error::{Error, Result};
use crate::model::authority::{FileSender, SessionKey};
use crate::model::{DirectoryId, Upload, User, UserId};
use crate::msg;
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::state::user_slots::{Slot, UserSlot, Visitor};

/// Where files go that are sent together.
#[derive(Clone)]
pub enum UploadTarget {
    /// The library of the user of this session.
    Own(Arc<AuthSession>),
    /// A folder of another user, through a grant.
    Shared(Arc<AuthSession>, Box<SharedTarget>),
    /// What the owner of a share link asks visitors for.
    Requested(Box<RequestTarget>),
}

/// The right to run one upload. Dropping it frees the slot.
pub enum UploadSlot {
    User(UserSlot),
    Visitor(Slot<Visitor>),
}

impl UploadTarget {
    /// Whose the files will be.
    #[must_use]
    pub fn owner(&self) -> &User {
        match self {
            Self::Own(auth_session) => &auth_session.user,
            Self::Shared(_, target) => &target.owner,
            Self::Requested(target) => &target.owner,
        }
    }

    /// Whether the sender sends to their own library. Others choose no folder, and are not told what is there already.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// The most bytes of one file.
    #[must_use]
    pub fn max_file_bytes(&self, services: &Services) -> u64 {
        let most = services.settings.max_upload_bytes;
        match self {
            Self::Own(_) | Self::Shared(..) => most,
            Self::Requested(target) => most.min(target.remaining_bytes()),
        }
    }

    /// Whether the sender is a visitor of a share link, who is not told how much space its owner has.
    #[must_use]
    pub const fn is_of_visitor(&self) -> bool {
        matches!(self, Self::Requested(_))
    }

    /// An error of storing, as it is told to this sender.
    #[must_use]
    pub fn own_error(&self, error: Error) -> Error {
        match error {
            Error::QuotaExceeded | Error::DiskFull if self.is_of_visitor() => Error::NoSpace,
            error => error,
        }
    }

    /// The folder that is decided by the target.
    #[must_use]
    pub fn directory(&self) -> Option<DirectoryId> {
        match self {
            Self::Own(_) => None,
            Self::Shared(_, target) => Some(target.directory.directory_id),
            Self::Requested(target) => target.directory,
        }
    }

    #[must_use]
    pub fn sender(&self) -> FileSender {
        match self {
            Self::Own(auth_session) => FileSender::Owner(auth_session.key()),
            Self::Shared(auth_session, target) => {
                FileSender::Grantee(auth_session.key(), target.grant)
            }
            Self::Requested(target) => target.file_sender(),
        }
    }

    /// The session of the owner; none if somebody else sends.
    #[must_use]
    pub fn owner_session(&self) -> Option<SessionKey> {
        match self {
            Self::Own(auth_session) => Some(auth_session.key()),
            Self::Shared(..) | Self::Requested(_) => None,
        }
    }

    /// The member of a space who sends to it.
    #[must_use]
    pub fn member(&self) -> Option<UserId> {
        match self {
            Self::Own(auth_session) => auth_session.member(),
            Self::Shared(..) | Self::Requested(_) => None,
        }
    }

    /// Whether a resumable upload belongs to this sender.
    #[must_use]
    pub fn has(&self, upload: &Upload) -> bool {
        match self {
            Self::Own(_) => upload.link_id.is_none() && upload.sender_id == self.member(),
            Self::Shared(..) => false,
            Self::Requested(target) => upload.link_id == Some(target.link.id),
        }
    }

    /// Sets the name that a visitor gives.
    ///
    /// # Errors
    /// `BadRequest` for anyone else.
    pub fn set_sender(&mut self, name: &str) -> Result<()> {
        match self {
            Self::Requested(target) => {
                target.sender = file_requests::clean_sender(name);
                Ok(())
            }
            _ => Err(Error::BadRequest(msg!("The form has an unknown field.").into())),
        }
    }

    /// # Errors
    /// `TooManyRequests` while the sender has as many uploads under way as they may, `Unavailable`.
    pub fn acquire_slot(&self, services: &Services) -> Result<UploadSlot> {
        Ok(match self {
            Self::Own(auth_session) | Self::Shared(auth_session, _) => {
                UploadSlot::User(services.upload_slots.acquire(auth_session.person().id)?)
            }
            Self::Requested(target) => {
                UploadSlot::Visitor(services.visitor_upload_slots.acquire(target.visitor())?)
            }
        })
    }

    /// Checks before anything is received that `bytes` can be sent.
    ///
    /// # Errors
    /// `TooLarge`, `LinkFull`.
    pub fn ensure_room(&self, bytes: u64) -> Result<()> {
        match self {
            Self::Own(_) | Self::Shared(..) => Ok(()),
            Self::Requested(target) => target.ensure_room(bytes),
        }
    }

    /// Tells the owner how many files somebody else has sent, and the members of a space how many one of them has added.
    ///
    /// # Errors
    /// Database errors.
    pub fn tell_owner(&self, services: &Services, count: usize) -> Result<()> {
        match self {
            Self::Own(auth_session) => space_members::tell_of_upload(services, auth_session, count),
            Self::Shared(auth_session, target) => {
                shared_uploads::tell_owner(services, &auth_session.user, target, count)
            }
            Self::Requested(target) => file_requests::tell_owner(services, target, count),
        }
    }
}
