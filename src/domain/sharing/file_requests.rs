//! File requests: what visitors of a share link send to its owner.
//!
//! Visitors choose neither folder nor name on disk, overwrite nothing, and are not told what is there already. Unless the
//! owner trusts them, their files wait outside the library until they are accepted.

use std::net::IpAddr;

use super::access;
use super::grantees::name_of_link;
use super::notifications::{self, Message};
use crate::db::Conn;
use crate::domain::library::album_contents;
use crate::error::{Error, Result};
use crate::model::authority::{FileSender, ShareKey};
use crate::model::item::NewItem;
use crate::model::{
    DirectoryId, FindingId, NotificationKind, Placement, ReceivedFileRow, ShareLink, ShareLinkId,
    Subject, User, now,
};
use crate::state::Services;
use crate::state::user_slots::Visitor;
use crate::store;
use crate::{fill, msg};

/// Characters of the name that a visitor gives.
const MAX_SENDER_CHARS: usize = 100;
/// Unfinished resumable uploads of a link.
const MAX_UNFINISHED: i64 = 200;
/// What visitors of a link can send if its owner says nothing else.
pub const DEFAULT_MAX_FILES: i64 = 1000;
pub const DEFAULT_MAX_BYTES: i64 = 20_000_000_000;
/// The most that an owner can allow.
const MOST_FILES: i64 = 100_000;
const MOST_BYTES: i64 = 100_000_000_000_000;

/// Where a visitor sends files.
#[derive(Clone)]
pub struct RequestTarget {
    pub link: ShareLink,
    /// Whose the files will be.
    pub owner: User,
    /// The folder that is asked for; without one, the kind of each file decides.
    pub directory: Option<DirectoryId>,
    /// The name that the visitor gave; may be empty.
    pub sender: String,
    pub network: IpAddr,
    /// Files and bytes of uploads that others have begun.
    unfinished: (i64, i64),
}

impl RequestTarget {
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        (self.link.id, self.network)
    }

    #[must_use]
    pub fn file_sender(&self) -> FileSender {
        FileSender::Visitor {
            link: self.link.id,
            generation: self.link.generation,
            name: self.sender.clone(),
        }
    }

    /// Bytes that can still be sent beside uploads that others have begun.
    #[must_use]
    pub fn remaining_bytes(&self) -> u64 {
        u64::try_from(self.link.remaining().1 - self.unfinished.1).unwrap_or(0)
    }

    /// Checks before anything is received that `bytes` can be sent.
    ///
    /// # Errors
    /// `TooLarge`, `LinkFull`.
    pub fn ensure_room(&self, bytes: u64) -> Result<()> {
        ensure_room(&self.link, self.unfinished, bytes)
    }
}

/// The name that a visitor gives, without what cannot be displayed in one line.
#[must_use]
pub fn clean_sender(name: &str) -> String {
    let words = name.split(|sign: char| sign.is_whitespace() || sign.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(MAX_SENDER_CHARS).collect()
}

/// Checks that a file fits into what is left of a link, of which some is taken by unfinished uploads.
fn ensure_room(link: &ShareLink, unfinished: (i64, i64), bytes: u64) -> Result<()> {
    let (files, left) = link.remaining();
    if files <= unfinished.0 {
        return Err(Error::LinkFull);
    }
    let left = u64::try_from(left - unfinished.1).unwrap_or(0);
    if bytes > left { Err(Error::TooLarge { limit: left }) } else { Ok(()) }
}

/// Where visitors of a link send files.
///
/// # Errors
/// `NotFound` for a link that takes none, `LinkEnded` if its album or folder is gone.
pub fn find_target(
    services: &Services,
    link: &ShareLink,
    network: IpAddr,
) -> Result<RequestTarget> {
    services.db.read(|conn| {
        let link = find_open(conn, link.id, link.generation)?;
        let owner = store::users::find(conn, link.owner_id)?.ok_or(Error::LinkEnded)?;
        let directory = directory_of(&link);
        let unfinished = store::uploads::measure_of_link(conn, link.id, now())?;
        Ok(RequestTarget { link, owner, directory, sender: String::new(), network, unfinished })
    })
}

/// What visitors see as the name of a link.
///
/// # Errors
/// Database errors.
pub fn name_of(services: &Services, owner: &User, link: &ShareLink) -> Result<String> {
    services.db.read(|conn| name_of_link(conn, owner, link))
}

/// Files and bytes of uploads that visitors of a link have begun and not finished.
///
/// # Errors
/// Database errors.
pub fn unfinished_of(services: &Services, link: &ShareLink) -> Result<(i64, i64)> {
    services.db.read(|conn| Ok(store::uploads::measure_of_link(conn, link.id, now())?))
}

fn directory_of(link: &ShareLink) -> Option<DirectoryId> {
    match link.subject() {
        Some(Subject::Directory(id)) => Some(id),
        _ => None,
    }
}

/// A link that takes files at this moment, in the caller's transaction.
///
/// # Errors
/// `NotFound` for a link that takes none, `LinkEnded`.
pub(crate) fn find_open(conn: &mut Conn, id: ShareLinkId, generation: i32) -> Result<ShareLink> {
    let ended = |error| match error {
        Error::NotFound => Error::LinkEnded,
        error => error,
    };
    let access = access::find(conn, ShareKey::Link { link: id, generation }).map_err(ended)?;
    access.ensure_visible(conn).map_err(ended)?;
    let link = store::share_links::find(conn, id)?.ok_or(Error::LinkEnded)?;
    if link.takes_files() { Ok(link) } else { Err(Error::NotFound) }
}

/// Checks in the transaction that announces a resumable upload that it can be sent.
///
/// # Errors
/// Those of [`find_open`]; `TooLarge`, `LinkFull`, `Conflict` while too many are being sent.
pub(crate) fn ensure_may_announce(
    conn: &mut Conn,
    target: &RequestTarget,
    bytes: u64,
) -> Result<()> {
    store::share_links::update_lock(conn, target.link.id)?;
    let link = find_open(conn, target.link.id, target.link.generation)?;
    let unfinished = store::uploads::measure_of_link(conn, link.id, now())?;
    if unfinished.0 >= MAX_UNFINISHED {
        let message = msg!("Too many files are being sent at once. Try again later.");
        return Err(Error::Conflict(message.into()));
    }
    // The whole quota, so that this does not tell how much of it is left.
    let owner = store::users::find(conn, link.owner_id)?.ok_or(Error::LinkEnded)?;
    let announced = store::uploads::measure_of_visitors(conn, owner.id, now())?;
    let all = u64::try_from(announced).unwrap_or(0).saturating_add(bytes);
    if owner.quota_bytes > 0 && all > u64::try_from(owner.quota_bytes).unwrap_or(0) {
        return Err(Error::NoSpace);
    }
    ensure_room(&link, unfinished, bytes)
}

/// Where a new file of this sender is put, or one that is released from quarantine.
pub(crate) fn placement_of(
    conn: &mut Conn,
    sender: &FileSender,
    released: Option<FindingId>,
) -> Result<Placement> {
    let is_accepted = match (sender, released) {
        (FileSender::Visitor { link, .. }, _) => {
            !store::share_links::find(conn, *link)?.ok_or(Error::LinkEnded)?.needs_review
        }
        (_, Some(finding)) => {
            store::findings::find(conn, finding)?.is_none_or(|finding| finding.is_accepted)
        }
        _ => true,
    };
    Ok(if is_accepted { Placement::Library } else { Placement::Received })
}

/// Records again who had sent a file that is released from quarantine.
pub(crate) fn restore_sender(conn: &mut Conn, finding: FindingId, item: &NewItem) -> Result<()> {
    let Some(finding) = store::findings::find(conn, finding)? else { return Ok(()) };
    if let Some(sender) = finding.sent_by {
        store::item_senders::insert(conn, item.id, (sender, false), finding.found_at)?;
    }
    if let Some(sender) = finding.received_from {
        let row = ReceivedFileRow {
            item_id: item.id,
            user_id: item.user_id,
            link_id: None,
            album_id: None,
            sender,
            is_accepted: finding.is_accepted,
            received_at: finding.found_at,
        };
        store::received_files::insert(conn, &row)?;
    }
    Ok(())
}

/// Records a file that a visitor has sent, in the transaction that stores it. The files of a trusted visitor are added to
/// the album of the link.
pub(crate) fn record(
    conn: &mut Conn,
    owner: &User,
    (link, generation): (ShareLinkId, i32),
    (sender, is_announced): (&str, bool),
    item: &NewItem,
) -> Result<()> {
    // Locked, so that what others have announced meanwhile keeps its room.
    store::share_links::update_lock(conn, link)?;
    let link = find_open(conn, link, generation)?;
    // A resumable upload had its place when it was announced; a form takes what is left beside those.
    let unfinished =
        if is_announced { (0, 0) } else { store::uploads::measure_of_link(conn, link.id, now())? };
    ensure_room(&link, unfinished, u64::try_from(item.size).unwrap_or(0))?;
    store::share_links::update_received(conn, link.id, item.size)?;
    let row = ReceivedFileRow {
        item_id: item.id,
        user_id: owner.id,
        link_id: Some(link.id),
        album_id: link.album_id,
        sender: sender.to_owned(),
        is_accepted: item.placement == Placement::Library,
        received_at: now(),
    };
    store::received_files::insert(conn, &row)?;
    match link.album_id.filter(|_| item.placement == Placement::Library) {
        Some(album) => album_contents::add_if_possible(conn, owner, album, &[item.id]),
        None => Ok(()),
    }
}

/// Tells the owner of a link that files were sent. Several times within an hour are one notification.
pub(crate) fn tell_owner(services: &Services, target: &RequestTarget, count: usize) -> Result<()> {
    let hour = notifications::this_hour();
    let link = &target.link;
    services.db.write(|conn| {
        let name = name_of_link(conn, &target.owner, link)?;
        let message = Message {
            kind: NotificationKind::FilesReceived,
            actor: &target.owner,
            about: format!("{} {hour}", link.id.0.simple()),
            title: &name,
            href: if link.needs_review {
                "/received".into()
            } else {
                format!("/links/{}", link.id)
            },
            times: i64::try_from(count).unwrap_or(i64::MAX),
        };
        notifications::send(conn, target.owner.id, &message)
    })?;
    notifications::delivered(services, &[target.owner.id]);
    Ok(())
}

/// Whether an owner can ask for files for this subject.
///
/// # Errors
/// Database errors.
pub fn can_take_files(services: &Services, owner: &User, subject: Subject) -> Result<bool> {
    services.db.read(|conn| Ok(why_not(conn, owner, Some(subject))?.is_none()))
}

/// Why files cannot be sent to a subject.
fn why_not(
    conn: &mut Conn,
    owner: &User,
    subject: Option<Subject>,
) -> Result<Option<&'static str>> {
    Ok(match subject {
        Some(Subject::Album(_)) | None => None,
        Some(Subject::Item(_) | Subject::Library(_)) => {
            Some(msg!("Files can be sent to an album or a folder only."))
        }
        Some(Subject::Directory(id)) => {
            let directory = store::directories::find(conn, owner.id, id)?;
            // In a standard folder, the kind of a file decides where it goes, which may be elsewhere.
            directory
                .is_none_or(|directory| directory.is_standard())
                .then_some(msg!("Files cannot be added to this folder."))
        }
    })
}

/// Checks what an owner lets visitors send.
///
/// # Errors
/// `Invalid` names the field.
pub(super) fn ensure_options(conn: &mut Conn, owner: &User, link: &ShareLink) -> Result<()> {
    if !link.takes_files() {
        return Ok(());
    }
    if !(1..=MOST_FILES).contains(&link.max_files) {
        let message = fill!("Enter a number from 1 to {most}.", most = MOST_FILES);
        return Err(Error::field("max_files", message));
    }
    if !(1..=MOST_BYTES).contains(&link.max_bytes) {
        return Err(Error::field("max_bytes", msg!("Enter a size from 1 byte to 100 TB.")));
    }
    match why_not(conn, owner, link.subject())? {
        Some(message) => Err(Error::field("uploads", message)),
        None => Ok(()),
    }
}
