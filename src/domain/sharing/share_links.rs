//! Share links of a user: creating, changing, renewing and ending them.

use std::net::IpAddr;

use super::file_requests;
use super::grantees::title_of;
use super::share_link_address::{free_slug, set_slug, set_token};
use crate::config::LinkPolicy;
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::account_fields::parse_optional_line;
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{
    Event, Gives, LinkUploads, Password, ShareLink, ShareLinkId, Subject, Time, User, UserId, now,
};
use crate::state::Services;
use crate::state::session_cache::token_hash;
use crate::store;
use crate::{fill, msg};

/// Links of one user that have not ended.
const MAX_OPEN_LINKS: i64 = 500;
const MAX_TITLE_CHARS: usize = 190;
const MAX_MESSAGE_CHARS: usize = 1000;
/// Most visits that a limit can allow.
const MAX_VISITS: i64 = 1_000_000;

/// A link to be created.
#[derive(Debug, Clone)]
pub struct NewShareLink {
    pub subject: Subject,
    pub options: LinkOptions,
    /// From [`hash_password`].
    pub password: Option<String>,
}

/// What the owner chooses for a link.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    pub title: String,
    pub message: String,
    pub gives: Gives,
    pub keeps_location: bool,
    pub shows_details: bool,
    pub ends_at: Option<Time>,
    pub max_visits: Option<i64>,
    pub uploads: LinkUploads,
    /// Whether what visitors send waits until the owner accepts it.
    pub needs_review: bool,
    /// Files and bytes that visitors can send in all; by default, those of [`file_requests`].
    pub max_files: Option<i64>,
    pub max_bytes: Option<i64>,
    /// Words for the address, instead of a token; empty for none.
    pub slug: String,
}

/// Changes to a link; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct LinkChange {
    pub title: Option<String>,
    pub message: Option<String>,
    pub gives: Option<Gives>,
    pub keeps_location: Option<bool>,
    pub shows_details: Option<bool>,
    pub ends_at: Option<Option<Time>>,
    pub max_visits: Option<Option<i64>>,
    pub uploads: Option<LinkUploads>,
    pub needs_review: Option<bool>,
    pub max_files: Option<i64>,
    pub max_bytes: Option<i64>,
    /// Words for the address; empty for none.
    pub slug: Option<String>,
    /// A hash from [`hash_password`]; `Some(None)` removes the password.
    pub password: Option<Option<String>>,
}

/// Hashes the password of a link; the rules are those of passwords of accounts.
///
/// # Errors
/// `Invalid` for a bad password, `Unavailable`.
pub async fn hash_password(services: &Services, text: &str, address: IpAddr) -> Result<String> {
    let password = Password::parse(text, &[]).map_err(|error| Error::Invalid(vec![error]))?;
    services.password_hasher.hash(&password, Some(address)).await
}

/// Creates a link to an album, a folder or an item of the user.
///
/// # Errors
/// `Forbidden` if the server has no links, `NotFound` if the subject is not the user's, `Invalid` for bad values.
pub fn create(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    new: &NewShareLink,
) -> Result<ShareLink> {
    ensure_allowed(services)?;
    let owner = authority.user;
    services.db.write(|conn| {
        lock_owner(conn, owner.id)?;
        authorize(conn, authority.key(), Need::Active)?;
        title_of(conn, owner, new.subject)?.ok_or(Error::NotFound)?;
        let at = now();
        if store::share_links::count_open(conn, owner.id, at)? >= MAX_OPEN_LINKS {
            let message = fill!("End some of your {count} links first.", count = MAX_OPEN_LINKS);
            return Err(Error::Conflict(message));
        }
        let mut link = empty_link(services, owner.id, new.subject, at);
        ensure_end(services, &link, new.options.ends_at)?;
        set_options(&mut link, &new.options)?;
        file_requests::ensure_options(conn, owner, &link)?;
        link.password.clone_from(&new.password);
        ensure_password(services, &link)?;
        set_slug(services, conn, &mut link, &new.options.slug)?;
        store::share_links::insert(conn, &link)?;
        audit_of(conn, Event::ShareLinkCreated, actor, owner, &link)?;
        Ok(link)
    })
}

fn empty_link(services: &Services, owner: UserId, subject: Subject, at: Time) -> ShareLink {
    let id = ShareLinkId::new();
    let (album_id, directory_id, item_id) = subject.ids();
    ShareLink {
        id,
        owner_id: owner,
        token_hash: token_hash(&services.link_tokens.token(id, 1)),
        token_version: 1,
        generation: 1,
        album_id,
        directory_id,
        item_id,
        subject_key: subject.key(),
        title: String::new(),
        message: String::new(),
        password: None,
        gives: Gives::Originals,
        keeps_location: false,
        shows_details: false,
        ends_at: None,
        ended_at: None,
        max_visits: None,
        visits: 0,
        downloads: 0,
        last_visit_at: None,
        created_at: at,
        updated_at: at,
        uploads: LinkUploads::None,
        needs_review: true,
        max_bytes: 0,
        max_files: 0,
        received_bytes: 0,
        received_files: 0,
        slug: None,
    }
}

/// Changes a link; it holds from the next request on. With another password, earlier visits end.
///
/// # Errors
/// `NotFound`, `Invalid` for bad values, `Conflict` if it has ended.
pub fn change(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: ShareLinkId,
    change: &LinkChange,
) -> Result<ShareLink> {
    ensure_allowed(services)?;
    write_own(services, authority, id, |conn, link| {
        ensure_open(link)?;
        let end = link.ends_at;
        // What was set before may have passed, or be later than the server allows by now.
        if let Some(new_end) = change.ends_at.filter(|new_end| *new_end != end) {
            ensure_end(services, link, new_end)?;
        }
        set_options(
            link,
            &LinkOptions {
                title: change.title.clone().unwrap_or_else(|| link.title.clone()),
                message: change.message.clone().unwrap_or_else(|| link.message.clone()),
                gives: change.gives.unwrap_or(link.gives),
                keeps_location: change.keeps_location.unwrap_or(link.keeps_location),
                shows_details: change.shows_details.unwrap_or(link.shows_details),
                ends_at: change.ends_at.unwrap_or(end),
                max_visits: change.max_visits.unwrap_or(link.max_visits),
                uploads: change.uploads.unwrap_or(link.uploads),
                needs_review: change.needs_review.unwrap_or(link.needs_review),
                max_files: change.max_files.or(Some(link.max_files).filter(|most| *most > 0)),
                slug: String::new(),
                max_bytes: change.max_bytes.or(Some(link.max_bytes).filter(|most| *most > 0)),
            },
        )?;
        file_requests::ensure_options(conn, authority.user, link)?;
        if let Some(password) = &change.password {
            link.password.clone_from(password);
            link.generation += 1;
            store::uploads::expire_of_link(conn, link.id, now())?;
        }
        ensure_password(services, link)?;
        let slug = change.slug.clone().or_else(|| link.slug.clone()).unwrap_or_default();
        set_slug(services, conn, link, &slug)?;
        audit_of(conn, Event::ShareLinkChanged, actor, authority.user, link)
    })
}

/// Gives a link a new address. The old one and all visits end.
///
/// # Errors
/// `NotFound`, `Conflict` if it has ended.
pub fn renew(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: ShareLinkId,
) -> Result<ShareLink> {
    ensure_allowed(services)?;
    write_own(services, authority, id, |conn, link| {
        ensure_open(link)?;
        link.token_version += 1;
        link.generation += 1;
        link.slug = None;
        set_token(services, link);
        store::uploads::expire_of_link(conn, link.id, now())?;
        audit_of(conn, Event::ShareLinkChanged, actor, authority.user, link)
    })
}

/// Ends a link for good.
///
/// # Errors
/// `NotFound`.
pub fn end(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: ShareLinkId,
) -> Result<ShareLink> {
    write_own(services, authority, id, |conn, link| {
        if link.ended_at.is_some() {
            return Ok(());
        }
        link.ended_at = Some(now());
        free_slug(services, link);
        store::uploads::expire_of_link(conn, link.id, now())?;
        audit_of(conn, Event::ShareLinkEnded, actor, authority.user, link)
    })
}

/// Ends a link of any user, by an admin or on the command line.
///
/// # Errors
/// `NotFound`, `Forbidden` for a former admin.
pub fn end_any(services: &Services, actor: &Actor, id: ShareLinkId) -> Result<ShareLink> {
    services.db.write(|conn| {
        authorize(conn, actor.session(), Need::Admin)?;
        store::share_links::update_lock(conn, id)?;
        let mut link = store::share_links::find(conn, id)?.ok_or(Error::NotFound)?;
        let owner = store::users::find(conn, link.owner_id)?.ok_or(Error::NotFound)?;
        if link.ended_at.is_none() {
            link.ended_at = Some(now());
            free_slug(services, &mut link);
            store::share_links::update(conn, &link)?;
            store::uploads::expire_of_link(conn, link.id, now())?;
            audit_of(conn, Event::ShareLinkEnded, actor, &owner, &link)?;
        }
        Ok(link)
    })
}

/// Runs a transaction that changes a link of the user, in which the session is checked.
fn write_own(
    services: &Services,
    authority: &Authority<'_>,
    id: ShareLinkId,
    work: impl Fn(&mut Conn, &mut ShareLink) -> Result<()>,
) -> Result<ShareLink> {
    services.db.write(|conn| {
        lock_owner(conn, authority.user.id)?;
        authorize(conn, authority.key(), Need::Active)?;
        store::share_links::update_lock(conn, id)?;
        let mut link = find_own(conn, authority.user, id)?;
        let before = link.clone();
        work(conn, &mut link)?;
        if link != before {
            link.updated_at = now();
            store::share_links::update(conn, &link)?;
        }
        Ok(link)
    })
}

/// Locks the owner of links, so that no link is created or changed while they are suspended.
fn lock_owner(conn: &mut Conn, owner: UserId) -> Result<()> {
    store::users::update_lock(conn, owner)?;
    Ok(())
}

pub(super) fn find_own(conn: &mut Conn, owner: &User, id: ShareLinkId) -> Result<ShareLink> {
    let link = store::share_links::find(conn, id)?;
    link.filter(|link| link.owner_id == owner.id).ok_or(Error::NotFound)
}

fn ensure_allowed(services: &Services) -> Result<()> {
    if services.settings.links == LinkPolicy::Off {
        return Err(Error::Forbidden(msg!("This server does not share by link.")));
    }
    Ok(())
}

fn ensure_open(link: &ShareLink) -> Result<()> {
    if link.ended_at.is_some() {
        return Err(Error::Conflict(msg!("This link has ended. Create a new one.").into()));
    }
    Ok(())
}

/// Checks the options and sets them.
fn set_options(link: &mut ShareLink, options: &LinkOptions) -> Result<()> {
    let invalid = |error| Error::Invalid(vec![error]);
    let title = parse_optional_line("title", &options.title, MAX_TITLE_CHARS).map_err(invalid)?;
    if options.max_visits.is_some_and(|most| !(1..=MAX_VISITS).contains(&most)) {
        let message = fill!("Enter a number from 1 to {most}.", most = MAX_VISITS);
        return Err(Error::field("max_visits", message));
    }
    link.title = title.unwrap_or_default();
    link.message = super::grants::clean_note("message", &options.message, MAX_MESSAGE_CHARS)?;
    link.gives = options.gives;
    link.keeps_location = options.keeps_location;
    link.shows_details = options.shows_details;
    link.ends_at = options.ends_at;
    link.max_visits = options.max_visits;
    link.uploads = options.uploads;
    link.needs_review = options.needs_review;
    if link.takes_files() {
        link.max_files = options.max_files.unwrap_or(file_requests::DEFAULT_MAX_FILES);
        link.max_bytes = options.max_bytes.unwrap_or(file_requests::DEFAULT_MAX_BYTES);
    }
    Ok(())
}

fn ensure_end(services: &Services, link: &ShareLink, ends_at: Option<Time>) -> Result<()> {
    super::grants::ensure_future(ends_at)?;
    let Some(most) = services.settings.link_days_max else { return Ok(()) };
    // A date ends with its day, wherever that is.
    let latest = link.created_at.max(now()) + time::Duration::days(i64::from(most) + 1);
    if ends_at.is_none_or(|ends| ends > latest) {
        let message = fill!("Links of this server end after {count} days at most.", count = most);
        return Err(Error::field("ends", message));
    }
    Ok(())
}

fn ensure_password(services: &Services, link: &ShareLink) -> Result<()> {
    if services.settings.links == LinkPolicy::Passwords && link.password.is_none() {
        let message = msg!("Links of this server need a password.");
        return Err(Error::field("password", message));
    }
    Ok(())
}

/// Records what happened to a link. Names of files are not in the log, nor is the address.
fn audit_of(
    conn: &mut Conn,
    event: Event,
    actor: &Actor,
    owner: &User,
    link: &ShareLink,
) -> Result<()> {
    let kind = link.subject().map_or("deleted", Subject::kind);
    let mut detail = format!("{} {kind}: {}", link.id, link.gives.as_str());
    match link.uploads {
        LinkUploads::None => {}
        LinkUploads::Add => detail.push_str(", takes files"),
        LinkUploads::Request => detail.push_str(", only takes files"),
    }
    if link.password.is_some() {
        detail.push_str(", with a password");
    }
    audit::append(conn, event, actor, owner.account_name(), &detail)
}
