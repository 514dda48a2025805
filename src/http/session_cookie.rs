//! The encrypted session cookie: a session token, a CSRF secret, a flash message and marks of earlier logins.
//! The session itself is a database row.

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::CookieSessionStore;
use actix_session::{SessionExt, SessionMiddleware};
use actix_web::HttpRequest;
use actix_web::cookie::{Key, SameSite, time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Settings;
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::model::known_device::KnownDevice;
use crate::model::{UserId, now};
use crate::state::session_cache::random_token;

const TOKEN_KEY: &str = "token";
const CSRF_KEY: &str = "csrf";
/// Random bytes of a CSRF token, which are followed by as many of a hash.
const CSRF_NONCE_BYTES: usize = 16;
const DEVICES_KEY: &str = "devices";
/// Users of one browser whose logins are remembered. The cookie is sent with each request.
const MAX_KNOWN_DEVICES: usize = 4;

/// The middleware that reads and writes the cookie.
///
/// # Errors
/// The system's error when the key cannot be read or created.
pub fn middleware(settings: &Settings) -> Result<SessionMiddleware<CookieSessionStore>> {
    let path = settings.data_dir.join("cookie.key");

    // Created at the first start.
    let secret =
        crate::config::read_or_create_secret(&path, || hex::encode(Key::generate().master()))?;
    let bytes = hex::decode(secret)
        .map_err(|_| Error::Configuration(format!("{} is not a key", path.display())))?;
    let key = Key::try_from(bytes.as_slice())
        .map_err(|_| Error::Configuration(format!("{} is too short", path.display())))?;
    // A session ends at the latest this long after login, so the cookie need not live longer.
    let lifetime = time::Duration::seconds(lifecycle::MAX_LIFETIME.whole_seconds());

    // `__Host-` requires the path `/` (RFC 6265bis, 4.1.3).
    let (path, prefix) = match settings.base_path() {
        "" => ("/", "__Host-"),
        base => (base, "__Secure-"),
    };

    // Browsers accept these prefixes only for cookies that are sent over `https`.
    let name = format!("{}nexus_session", if settings.is_https() { prefix } else { "" });

    // Encrypted, and not readable by scripts.
    Ok(SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name(name)
        .cookie_secure(settings.is_https())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path(path.into())
        .cookie_content_security(CookieContentSecurity::Private)
        .session_lifecycle(
            PersistentSession::default()
                .session_ttl(lifetime)
                .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges),
        )
        .build())
}

/// The session cookie of one request.
pub struct SessionCookie(actix_session::Session);

impl SessionCookie {
    #[must_use]
    pub fn from_request(request: &HttpRequest) -> Self {
        Self(request.get_session())
    }

    #[must_use]
    pub fn token(&self) -> Option<String> {
        self.0.get(TOKEN_KEY).ok().flatten()
    }

    /// Replaces everything with a new session's token.
    pub fn log_in(&self, token: &str) -> Result<()> {
        self.clear();
        self.insert(TOKEN_KEY, &token)
    }

    /// Removes everything but the marks of earlier logins; new values may follow.
    pub fn clear(&self) {
        let devices = self.known_devices();
        self.0.clear();
        self.0.renew();
        if !devices.is_empty() {
            drop(self.insert(DEVICES_KEY, &devices));
        }
    }

    /// Removes everything but the marks of earlier logins, and the cookie itself if there are none.
    pub fn log_out(&self) {
        self.clear();
        if self.known_devices().is_empty() {
            self.0.purge();
        }
    }

    /// The logins that this browser remembers.
    #[must_use]
    pub fn known_devices(&self) -> Vec<KnownDevice> {
        self.0.get(DEVICES_KEY).ok().flatten().unwrap_or_default()
    }

    /// Remembers a login of this browser.
    ///
    /// # Errors
    /// None in practice: the values can always be serialized.
    pub fn remember_device(&self, user: UserId) -> Result<()> {
        let (mut devices, at) = (self.known_devices(), now());
        let new = KnownDevice::new(user, random_token(), at);
        KnownDevice::remember(&mut devices, new, at, MAX_KNOWN_DEVICES);
        self.insert(DEVICES_KEY, &devices)
    }

    /// A CSRF token of this browser, another one each time: pages are compressed, and a text that is the same in all of them
    /// could be guessed from their lengths. It proves the secret, which is derived from the session token for signed-in
    /// users, so that all tabs agree; before that it is created on first use.
    pub fn csrf(&self) -> Result<String> {
        let secret = match self.existing_csrf() {
            Some(secret) => secret,
            None => {
                let secret = random_token();
                self.insert(CSRF_KEY, &secret)?;
                secret
            }
        };
        Ok(csrf_token(&secret, rand::random()))
    }

    /// Whether `given` proves this browser's secret.
    #[must_use]
    pub fn matches_csrf(&self, given: &str) -> bool {
        let nonce = URL_SAFE_NO_PAD.decode(given).ok().and_then(|bytes| {
            bytes.get(..CSRF_NONCE_BYTES).and_then(|nonce| nonce.try_into().ok())
        });
        let expected =
            self.existing_csrf().zip(nonce).map(|(secret, nonce)| csrf_token(&secret, nonce));
        expected.is_some_and(|expected| expected.as_bytes().ct_eq(given.as_bytes()).into())
    }

    fn existing_csrf(&self) -> Option<String> {
        match self.token() {
            // A hash, so that the form does not reveal the token.
            Some(token) => {
                Some(crate::state::session_cache::token_hash(&format!("csrf of {token}")))
            }
            None => self.0.get(CSRF_KEY).ok().flatten(),
        }
    }

    pub(super) fn insert(&self, key: &str, value: &impl Serialize) -> Result<()> {
        self.0.insert(key, value).map_err(Error::internal)
    }

    pub(super) fn remove<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.0.remove_as(key).and_then(std::result::Result::ok)
    }
}

/// Random bytes, and what only somebody with the secret can make of them.
fn csrf_token(secret: &str, nonce: [u8; CSRF_NONCE_BYTES]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"csrf token ");
    hash.update(secret.as_bytes());
    hash.update(nonce);
    let mut bytes = nonce.to_vec();
    bytes.extend(hash.finalize().iter().take(CSRF_NONCE_BYTES));
    URL_SAFE_NO_PAD.encode(bytes)
}
