//! Visits of share links: what an address leads to, the password, and counting.

use std::sync::Arc;

use super::access::{self, Access};
use crate::config::LinkPolicy;
use crate::domain::audit;
use crate::error::{Error, Result};
use crate::model::actor::{Actor, Client, network_of};
use crate::model::{Event, ShareLink, ShareLinkId, User, now};
use crate::msg;
use crate::state::Services;
use crate::state::password_algorithms::HashCheck;
use crate::state::session_cache::token_hash;
use crate::store;
use crate::sync::run_on_blocking_pool;

/// How long a visit lasts that began with a form.
pub const VISIT_LIFETIME: time::Duration = time::Duration::hours(12);

/// What the address of a link leads to.
#[derive(Clone)]
pub struct OpenLink {
    pub link: ShareLink,
    pub access: Access,
    pub owner: User,
    /// Whether the visitor may see what it shows; otherwise they begin with a form.
    pub is_opened: bool,
    /// Whether the cookie of an earlier visit came with the request.
    pub is_returning: bool,
}

/// Finds the link of an address. `cookie` is that of an earlier visit.
///
/// # Errors
/// `NotFound` if there never was such a link, `LinkEnded` if it shows nothing any more.
pub fn find(services: &Services, token: &str, cookie: Option<&str>) -> Result<OpenLink> {
    let token_hash = token_hash(token);
    let (link, access, owner) = services.db.read(|conn| {
        let link = store::share_links::find_by_token(conn, &token_hash)?.ok_or(Error::NotFound)?;
        let access = access::access_through_link(conn, &link)?.ok_or(Error::LinkEnded)?;
        let owner = store::users::find(conn, access.owner)?.ok_or(Error::LinkEnded)?;
        // An item in the trash comes back when it is restored; until then there is nothing to see.
        access.ensure_visible(conn).map_err(|error| match error {
            Error::NotFound => Error::LinkEnded,
            error => error,
        })?;
        Ok((link, access, owner))
    })?;
    let is_allowed = match services.settings.links {
        LinkPolicy::On => true,
        LinkPolicy::Passwords => link.password.is_some(),
        LinkPolicy::Off => false,
    };
    if !is_allowed {
        return Err(Error::LinkEnded);
    }
    let has_cookie =
        cookie.is_some_and(|cookie| services.link_tokens.is_visit(&link, cookie, now()));
    let is_opened = has_cookie || !link.is_opened_by_form();
    if !is_opened && link.is_used_up() {
        return Err(Error::LinkEnded);
    }
    Ok(OpenLink { link, access, owner, is_opened, is_returning: has_cookie })
}

/// Begins a visit that needs a password or is one of a limited number. Returns the cookie that proves it.
///
/// # Errors
/// As [`find`]; `Invalid` for a wrong password, `TooManyRequests`, `LinkEnded` if the last visit has begun.
pub async fn open(
    services: &Arc<Services>,
    token: &str,
    password: &str,
    client: &Client,
) -> Result<String> {
    let (shared, token) = (services.clone(), token.to_owned());
    let found = run_on_blocking_pool(move || find(&shared, &token, None)).await?;
    let link = found.link;
    if let Some(hash) = &link.password {
        // For each network by itself: nobody can keep other visitors out, or users from logging in.
        let (name, network) = (format!("share link {}", link.id), network_of(client.address));
        let throttle = &services.login_throttle;
        let attempt = throttle.begin_known_attempt(&name, &network.to_string(), None)?;
        let verified =
            services.password_hasher.verify(Some(hash.clone()), password, client.address).await?;
        if verified.check == HashCheck::Wrong {
            // The first of ten minutes is recorded at once, the following ones as a number.
            if services.refused_logins.count(&refusal_of(link.id), client.address) {
                let (services, actor, id) = (services.clone(), Actor::anonymous(client), link.id);
                let write = move || write_refusals(&services, &actor, id, "wrong password");
                run_on_blocking_pool(write).await?;
            }
            return Err(Error::field("password", msg!("That is not the password of this link.")));
        }
        attempt.forgive();
    }
    let services = services.clone();
    run_on_blocking_pool(move || {
        count_visit(&services, &link)?;
        Ok(services.link_tokens.visit(&link, now() + VISIT_LIFETIME))
    })
    .await
}

/// What begins the names of links among those of accounts.
const REFUSED_LINK: &str = "share link ";

/// The name under which wrong passwords of a link are counted.
fn refusal_of(id: ShareLinkId) -> String {
    format!("{REFUSED_LINK}{id}")
}

/// The id of a link whose wrong passwords were counted under this name; `None` for the name of an account, which contains
/// no space.
pub(crate) fn refused_link(subject: &str) -> Option<ShareLinkId> {
    subject.strip_prefix(REFUSED_LINK).and_then(ShareLinkId::parse)
}

/// Records wrong passwords of a link.
pub(crate) fn write_refusals(
    services: &Services,
    actor: &Actor,
    id: ShareLinkId,
    detail: &str,
) -> Result<()> {
    services.db.write(|conn| {
        let owner = match store::share_links::find(conn, id)? {
            Some(link) => store::users::find(conn, link.owner_id)?,
            None => None,
        };
        let owner = owner.map(|owner| owner.account_name().to_owned()).unwrap_or_default();
        let detail = format!("{id}: {detail}");
        audit::append(conn, Event::ShareLinkRefused, actor, &owner, &detail)
    })
}

/// Counts a visit in one statement, so that simultaneous visits do not exceed the limit.
///
/// # Errors
/// `LinkEnded` if it has ended meanwhile or the last visit has begun.
pub fn count_visit(services: &Services, link: &ShareLink) -> Result<()> {
    let counted = services.db.write(|conn| {
        Ok(store::share_links::update_visit(conn, link.id, link.generation, now())?)
    })?;
    if counted == 0 { Err(Error::LinkEnded) } else { Ok(()) }
}

/// Counts a download.
///
/// # Errors
/// Database errors.
pub fn count_download(services: &Services, id: ShareLinkId) -> Result<()> {
    services.db.write(|conn| Ok(store::share_links::update_download(conn, id).map(drop)?))
}
