//! The first admin of an unattended installation.

use crate::error::{Error, Result};

/// The first admin, as the settings describe it.
#[derive(Clone)]
pub struct FirstAdmin {
    pub username: String,
    pub email: String,
    pub password: String,
    /// Why the password file cannot be read.
    unreadable: String,
}

/// The key under which that reason is passed on.
pub(super) const UNREADABLE_PASSWORD_FILE: &str = "admin_password_unreadable";

impl FirstAdmin {
    /// Requires all three settings.
    ///
    /// # Errors
    /// `Configuration` when one is missing or cannot be read.
    pub fn ensure_complete(&self) -> Result<&Self> {
        if !self.unreadable.is_empty() {
            return Err(Error::Configuration(self.unreadable.clone()));
        }
        if [&self.username, &self.email, &self.password].iter().any(|part| part.is_empty()) {
            return Err(Error::Configuration(
                "The first admin needs all three: NEXUS_ADMIN_USERNAME, NEXUS_ADMIN_EMAIL and NEXUS_ADMIN_PASSWORD_FILE.".into(),
            ));
        }
        Ok(self)
    }
}

/// Reads the settings; `None` where none of them is set.
pub(super) fn from_settings(get: &dyn Fn(&'static str) -> String) -> Option<FirstAdmin> {
    let (username, email, password) =
        (get("admin_username"), get("admin_email"), get("admin_password"));
    let unreadable = get(UNREADABLE_PASSWORD_FILE);
    (!username.is_empty() || !email.is_empty() || !password.is_empty() || !unreadable.is_empty())
        .then_some(FirstAdmin { username, email, password, unreadable })
}
