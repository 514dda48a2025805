//! The part of a link's address that tells it from others: a token, or words that its owner has chosen.

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::{ShareLink, now};
use crate::msg;
use crate::state::Services;
use crate::state::session_cache::token_hash;
use crate::store;

/// Longest words for an address, as in the table.
const MAX_SLUG_CHARS: usize = 64;

/// Sets the words of the address, or a token instead. With another address, earlier visits end.
pub(super) fn set_slug(
    services: &Services,
    conn: &mut Conn,
    link: &mut ShareLink,
    slug: &str,
) -> Result<()> {
    let slug = slug.trim().to_lowercase();
    let slug = (!slug.is_empty()).then_some(slug);
    if let Some(slug) = &slug {
        let is_word =
            |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
        if !(3..=MAX_SLUG_CHARS).contains(&slug.len()) || !slug.chars().all(is_word) {
            let message = msg!("Use 3 to 64 letters a to z, digits and hyphens.");
            return Err(Error::field("slug", message));
        }
        // They can be guessed.
        if link.password.is_none() {
            let message = msg!("An address in your own words needs a password.");
            return Err(Error::field("slug", message));
        }
        let known = store::share_links::find_by_token(conn, &token_hash(slug))?;
        if known.is_some_and(|known| known.id != link.id) {
            return Err(Error::field("slug", msg!("This address is taken. Choose another one.")));
        }
    }
    if slug == link.slug {
        return Ok(());
    }
    link.slug = slug;
    link.generation += 1;
    store::uploads::expire_of_link(conn, link.id, now())?;
    set_token(services, link);
    Ok(())
}

/// Sets the hash of the token or of the words in the address.
pub(super) fn set_token(services: &Services, link: &mut ShareLink) {
    let token = services.link_tokens.token(link.id, link.token_version);
    link.token_hash = token_hash(link.slug.as_ref().unwrap_or(&token));
}

/// Lets other links have the words of one that has ended.
pub(super) fn free_slug(services: &Services, link: &mut ShareLink) {
    if link.slug.take().is_some() {
        set_token(services, link);
    }
}
