//! The password once more, for changes that a stolen session must not make.

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::UserId;
use crate::msg;
use crate::state::Services;
use crate::state::login_throttle::account_key;
use crate::state::password_algorithms::HashCheck;
use crate::state::session_cache::AuthSession;
use crate::store;
use std::net::IpAddr;

/// That a user has just given their password.
pub(crate) struct PasswordProof {
    user: UserId,
    /// The hash that was verified.
    hash: String,
}

impl PasswordProof {
    /// Verifies a user's password.
    ///
    /// # Errors
    /// `Invalid` for `field` if it is wrong; `TooManyRequests` after five wrong ones.
    pub async fn verify(
        services: &Services,
        auth_session: &AuthSession,
        password: &str,
        field: &'static str,
        address: IpAddr,
    ) -> Result<Self> {
        // Wrong passwords are limited for the session, so that strangers who guess cannot keep its user from changes.
        let user = &auth_session.user;
        let (account, session) =
            (account_key(user.id), format!("session {}", auth_session.session.id));
        let attempt = services.login_throttle.begin_known_attempt(&account, &session, None)?;
        let hash = user.password.clone();
        let verified =
            services.password_hasher.verify(Some(hash.clone()), password, address).await?;
        if verified.check == HashCheck::Wrong {
            return Err(Error::field(field, msg!("That is not your password now.")));
        }
        // The password is right, so this attempt does not count as a wrong one.
        attempt.forgive();
        Ok(Self { user: user.id, hash })
    }

    /// Checks, in the transaction that writes, that the user still has the password that was verified. Locks the user's row
    /// first, so that no other password can be set before the transaction ends.
    ///
    /// # Errors
    /// `Unauthenticated` if the owner or an admin has set another one meanwhile.
    pub fn ensure_current(&self, conn: &mut Conn) -> Result<()> {
        store::users::update_lock(conn, self.user)?;
        match store::users::find(conn, self.user)? {
            Some(user) if user.password == self.hash => Ok(()),
            _ => Err(Error::Unauthenticated),
        }
    }
}
