//! Changes that users make to their own account.

use std::sync::Arc;

use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::lifecycle;
use crate::domain::sessions::password_proof::PasswordProof;
use crate::error::{Error, FieldError, Result};
use crate::language::Language;
use crate::media::avatar;
use crate::model::account_fields::parse_optional_line;
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::authority::Authority;
use crate::model::{
    Email, Event, Origin, Password, PersonName, SessionKind, Theme, TimeZone, User, now,
};
use crate::msg;
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::store;
use crate::sync::run_on_blocking_pool;

/// The fields of the profile form.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    pub firstname: String,
    pub lastname: String,
    pub email: String,
    /// The user's password, if the email address changes.
    pub email_password: String,
    pub contact_number: String,
    pub address: String,
    pub single_keys: bool,
}

/// Updates a user's profile, and the avatar if it shows initials. A new email address requires the password. The answer is
/// the same whether or not another account has the address: then the user cannot log in with it, and admins see it. Admins
/// are told, because they see all addresses.
///
/// # Errors
/// `Invalid` names every field whose value was rejected; `TooManyRequests` after five wrong passwords.
pub async fn update(
    services: &Arc<Services>,
    auth_session: &Arc<AuthSession>,
    form: ProfileChange,
    client: &Client,
) -> Result<()> {
    let profile = form.validate()?;
    let user = &auth_session.user;
    let proof = if profile.email.as_str() == user.email {
        None
    } else {
        let (password, field) = (form.email_password.as_str(), "email_password");
        Some(PasswordProof::verify(services, auth_session, password, field, client.address).await?)
    };

    let (services, auth_session) = (services.clone(), auth_session.clone());
    let actor = Actor::from_session(user, auth_session.key(), client);
    run_on_blocking_pool(move || save(&services, &auth_session, &profile, proof.as_ref(), &actor))
        .await
}

/// The validated fields of the profile form.
struct ValidProfile {
    firstname: PersonName,
    lastname: PersonName,
    email: Email,
    contact_number: Option<String>,
    address: Option<String>,
    single_keys: bool,
}

impl ProfileChange {
    /// Validates every field and reports all errors, not only the first.
    fn validate(&self) -> Result<ValidProfile> {
        let mut errors: Vec<FieldError> = Vec::new();
        let mut add_error = |error| errors.push(error);
        let firstname =
            PersonName::parse("firstname", &self.firstname).map_err(&mut add_error).ok();
        let lastname = PersonName::parse("lastname", &self.lastname).map_err(&mut add_error).ok();
        let email = Email::parse(&self.email).map_err(&mut add_error).ok();
        let contact_number = parse_optional_line("contact_number", &self.contact_number, 40)
            .map_err(&mut add_error)
            .ok();
        let address =
            parse_optional_line("address", &self.address, 300).map_err(&mut add_error).ok();

        match (firstname, lastname, email, contact_number, address) {
            (Some(firstname), Some(lastname), Some(email), Some(contact_number), Some(address)) => {
                Ok(ValidProfile {
                    firstname,
                    lastname,
                    email,
                    contact_number,
                    address,
                    single_keys: self.single_keys,
                })
            }
            _ => Err(Error::Invalid(errors)),
        }
    }
}

/// Writes a profile. Without a proof, the email address must be the user's current one.
fn save(
    services: &Services,
    auth_session: &AuthSession,
    profile: &ValidProfile,
    proof: Option<&PasswordProof>,
    actor: &Actor,
) -> Result<()> {
    let (user, email) = (&auth_session.user, profile.email.as_str());
    services.db.write(|conn| {
        authorize(conn, Some(auth_session.key()), Need::Active)?;
        // Another request may have changed the address since this one was authenticated.
        let current = store::users::find(conn, user.id)?.ok_or(Error::NotFound)?;
        if current.email != email {
            proof.ok_or(Error::Contention)?.ensure_current(conn)?;
        }

        // The unique index is the final check; this one names the field.
        let is_taken = store::users::is_email_taken(conn, email, Some(user.id))?;
        if is_taken && current.is_admin() {
            return Err(Error::field(
                "email",
                msg!("There is an account with that email already."),
            ));
        }
        let update = store::users::ProfileUpdate {
            firstname: profile.firstname.as_str(),
            lastname: profile.lastname.as_str(),
            email,
            login_email: (!is_taken).then_some(email),
            contact_number: profile.contact_number.as_deref(),
            address: profile.address.as_deref(),
            // Whether shortcuts of a single key are on.
            single_keys: profile.single_keys,
        };
        crate::db::ensure_one_row(store::users::update_profile(conn, user.id, &update, now())?)?;
        if current.email != email {
            let change = format!("{} to {email}", current.email);
            audit::append(conn, Event::EmailChanged, actor, &user.username, &change)?;
        }
        Ok(())
    })?;

    services.session_cache.invalidate_user(user.id);

    // An avatar with the initials of the previous name is replaced; an uploaded avatar stays.
    if read_avatar(services, user)? == avatar::initials_svg(&user.firstname, &user.lastname) {
        services.media_dir.write_avatar(
            &user.folder,
            &avatar::initials_svg(profile.firstname.as_str(), profile.lastname.as_str()),
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
        .ok_or_else(|| Error::field("theme", msg!("Choose system, light or dark.")))?;
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        crate::db::ensure_one_row(store::users::update_theme(conn, user.id, theme)?)
    })?;
    services.session_cache.invalidate_user(user.id);
    Ok(())
}

/// The user's row as it is now.
///
/// # Errors
/// `NotFound` if the account was deleted.
pub fn read(services: &Services, user: &User) -> Result<User> {
    services.db.read(|conn| store::users::find(conn, user.id)?.ok_or(Error::NotFound))
}

/// Sets the time zone in which a user sees times; an empty name stands for that of the server. A zone that a browser has
/// detected does not replace one that was chosen.
///
/// # Errors
/// `Invalid` for an unknown name.
pub fn set_time_zone(
    services: &Services,
    authority: &Authority<'_>,
    name: &str,
    is_detected: bool,
) -> Result<()> {
    let user = authority.user;
    let zone = match name {
        "" => None,
        name => Some(TimeZone::parse(name).ok_or_else(|| {
            Error::field("time_zone", msg!("Choose one of the time zones in the list."))
        })?),
    };
    let name = zone.as_ref().map(TimeZone::name);
    // Pages show times, so cached ones are made again.
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        store::users::update_time_zone(conn, user.id, name, is_detected)?;
        Ok(())
    })?;
    services.session_cache.invalidate_user(user.id);
    Ok(())
}

/// Sets the language of a user's pages; an empty code stands for that of the browser.
///
/// # Errors
/// `Invalid` for an unknown language.
pub fn set_language(services: &Services, authority: &Authority<'_>, code: &str) -> Result<()> {
    let user = authority.user;
    let language = match code {
        "" => None,
        code => Some(Language::parse(code).ok_or_else(|| {
            Error::field("language", msg!("Choose one of the languages in the list."))
        })?),
    };
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        store::users::update_language(conn, user.id, language.map(Language::code))?;
        Ok(())
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
        return Err(Error::Forbidden(msg!(
            "Your password is kept in a file on the server. Ask the admin to change it."
        )));
    }

    let field = "current_password";
    let proof =
        PasswordProof::verify(services, auth_session, current, field, client.address).await?;
    let checked = Password::parse(new, &user.password_context())
        .map_err(|error| Error::Invalid(vec![FieldError::new("new_password", error.message)]))?;
    let hash = services.password_hasher.hash(&checked, Some(client.address)).await?;
    let (services, session) = (services.clone(), auth_session.key());

    // All other devices are signed out.
    run_on_blocking_pool(move || {
        let token = services.db.write(|conn| {
            let at = now();
            authorize(conn, Some(session), Need::Active)?;

            proof.ensure_current(conn)?;
            store::users::update_password(conn, user.id, &hash, at)?;
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
            Error::field("picture", msg!("That is no JPEG, PNG, WebP or GIF of 1 MB at most."))
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
