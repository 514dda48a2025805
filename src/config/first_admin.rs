//! The first admin of an installation that nobody sets up by hand.

use crate::error::{Error, Result};

/// The first admin of an unattended installation.
#[derive(Clone)]
pub struct FirstAdmin {
    pub username: String,
    pub email: String,
    pub password: String,
    /// Why the file with the password cannot be read.
    unreadable: String,
}

/// The value under which reading the environment says that.
pub(super) const UNREADABLE_PASSWORD_FILE: &str = "admin_password_unreadable";

impl FirstAdmin {
    /// # Errors
    /// `Configuration` where a part of it is not said or cannot be read.
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

/// As the settings have them; `None` where nothing is said.
pub(super) fn from_settings(get: &dyn Fn(&'static str) -> String) -> Option<FirstAdmin> {
    let (username, email, password) = (get("admin_username"), get("admin_email"), get("admin_password"));
    let unreadable = get(UNREADABLE_PASSWORD_FILE);
    (!username.is_empty() || !email.is_empty() || !password.is_empty() || !unreadable.is_empty()).then_some(FirstAdmin {
        username,
        email,
        password,
        unreadable,
    })
}
