//! Changes that users make to their own account.

use std::sync::Arc;

use crate::domain::audit;
use crate::domain::auth::login::account_key;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::lifecycle;
use crate::error::{Error, FieldError, Result};
use crate::media::avatar;
use crate::model::account_fields::parse_optional_line;
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::authority::Authority;
use crate::model::{Email, Event, Origin, Password, PersonName, SessionKind, Theme, User, now};
use crate::state::Services;
use crate::state::password_algorithms::HashCheck;
use crate::state::session_cache::AuthSession;
use crate::store;
use crate::sync::run_on_blocking_pool;

/// The fields of the profile form.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    pub firstname: String,
    pub lastname: String,
    pub email: String,
    pub contact_number: String,
    pub address: String,
    pub single_keys: bool,
}

/// Updates a user's profile, and the avatar if it shows initials.
///
/// # Errors
/// `Invalid` names every field whose value was rejected.
pub fn update(services: &Services, authority: &Authority<'_>, form: &ProfileChange) -> Result<()> {
    let user = authority.user;
    // Report all invalid fields at once.
    let mut errors: Vec<FieldError> = Vec::new();
    let mut add_error = |error| errors.push(error);
    let firstname = PersonName::parse("firstname", &form.firstname).map_err(&mut add_error).ok();
    let lastname = PersonName::parse("lastname", &form.lastname).map_err(&mut add_error).ok();
    let email = Email::parse(&form.email).map_err(&mut add_error).ok();
    let contact_number = parse_optional_line("contact_number", &form.contact_number, 40)
        .map_err(&mut add_error)
        .ok();
    let address = parse_optional_line("address", &form.address, 300).map_err(&mut add_error).ok();

    let (Some(firstname), Some(lastname), Some(email), Some(contact_number), Some(address)) =
        (firstname, lastname, email, contact_number, address)
    else {
        return Err(Error::Invalid(errors));
    };

    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        // The unique index is the final check; this one names the field.
        if store::users::is_email_taken(conn, email.as_str(), Some(user.id))? {
            return Err(Error::field("email", "There is an account with that e-mail already."));
        }

        let profile = store::users::ProfileUpdate {
            firstname: firstname.as_str(),
            lastname: lastname.as_str(),
            email: email.as_str(),
            contact_number: contact_number.as_deref(),
            address: address.as_deref(),
            // Whether shortcuts of a single key are on.
            single_keys: form.single_keys,
        };
        crate::db::ensure_one_row(store::users::update_profile(conn, user.id, &profile, now())?)
    })?;

    services.session_cache.invalidate_user(user.id);

    // An avatar with the initials of the previous name is replaced; an uploaded avatar stays.
    if read_avatar(services, user)? == avatar::initials_svg(&user.firstname, &user.lastname) {
        services.media_dir.write_avatar(
            &user.folder,
            &avatar::initials_svg(firstname.as_str(), lastname.as_str()),
        )?;
    }
    Ok(())
}

/// Sets the colour theme.
///
/// # Errors
/// `Invalid` for an unknown theme.
pub fn set_theme(services: &Services, authority: &Authority<'_>, theme: &str) -> Result<()> {
    let user = authority.user;
    let theme = Theme::parse(theme)
        .ok_or_else(|| Error::field("theme", "Choose system, light or dark."))?;
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        crate::db::ensure_one_row(store::users::update_theme(conn, user.id, theme)?)
    })?;
    services.session_cache.invalidate_user(user.id);
    Ok(())
}

/// Sets a new password, ends every session, and starts a new one for this device; returns its token.
///
/// # Errors
/// `Invalid` for a wrong current password or a bad new one; `TooManyRequests` after five wrong ones.
pub async fn change_password(
    services: &Arc<Services>,
    auth_session: &AuthSession,
    current: &str,
    new: &str,
    client: Client,
) -> Result<String> {
    let user = auth_session.user.clone();

    // The password of such a user is in the users file, which only the server's owner changes.
    if user.origin == Origin::File {
        return Err(Error::Forbidden(
            "Your password is kept in a file on the server. Ask the admin to change it.",
        ));
    }

    // Wrong passwords count like failed log-ins.
    let attempt = services.login_throttle.begin_attempt(&account_key(user.id), client.address)?;
    let hash = Some(user.password.clone());
    let verified = services.password_hasher.verify(hash, current, client.address).await?;
    if verified.check == HashCheck::Wrong {
        return Err(Error::field("current_password", "That is not your password now."));
    }

    // The password is right, so this attempt does not count as a wrong one.
    attempt.forgive();
    let checked = Password::parse(new, &user.password_context())
        .map_err(|error| Error::Invalid(vec![FieldError::new("new_password", error.message)]))?;
    let hash = services.password_hasher.hash(&checked, Some(client.address)).await?;
    let (services, session) = (services.clone(), auth_session.key());

    // All other devices are signed out.
    run_on_blocking_pool(move || {
        let token = services.db.write(|conn| {
            let at = now();
            authorize(conn, Some(session), Need::Active)?;

            // Another password may have been set since this one was verified, by the owner or an admin.
            if store::users::update_password_from(conn, user.id, &user.password, &hash, at)? == 0 {
                return Err(Error::Unauthenticated);
            }
            lifecycle::end_all(conn, user.id)?;
            // Removes the one-time code and its expiry, because a code that is still valid must not replace the new
            // password.
            store::users::update_access_code(conn, user.id, None, None)?;
            let token = lifecycle::begin(conn, user.id, SessionKind::Browser, &client, at)?;

            audit::append(
                conn,
                Event::PasswordSet,
                &Actor::from_user(&user, &client),
                &user.username,
                "",
            )?;
            Ok(token)
        })?;

        services.session_cache.invalidate_user(user.id);
        tracing::info!(user = user.id.0, "password changed");
        Ok(token)
    })
    .await
}

/// Sets the avatar; without bytes it shows initials again.
///
/// # Errors
/// `Invalid` if the bytes are not a picture.
pub fn set_avatar(services: &Services, authority: &Authority<'_>, bytes: &[u8]) -> Result<()> {
    let user = authority.user;
    let svg = if bytes.is_empty() {
        avatar::initials_svg(&user.firstname, &user.lastname)
    } else {
        avatar::picture_svg(bytes).ok_or_else(|| {
            Error::field("picture", "That is no JPEG, PNG, WebP or GIF of 1 MB at most.")
        })?
    };
    services.db.read(|conn| authorize(conn, authority.key(), Need::Active))?;
    Ok(services.media_dir.write_avatar(&user.folder, &svg)?)
}

/// A user's avatar as SVG.
///
/// # Errors
/// None at present: if the file cannot be read, the avatar shows initials.
pub fn read_avatar(services: &Services, user: &User) -> Result<String> {
    use std::io::Read;
    let mut svg = String::new();
    let read = services
        .media_dir
        .open_avatar(&user.folder)
        .and_then(|file| file.take(4 << 20).read_to_string(&mut svg));
    Ok(if read.is_ok() { svg } else { avatar::initials_svg(&user.firstname, &user.lastname) })
}
