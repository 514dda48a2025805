//! Who did something, and the client they used.

use std::net::{IpAddr, Ipv6Addr};

use super::authority::SessionKey;
use super::{User, UserId};

/// The client of a request.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: IpAddr,
    /// Browser and operating system, for display.
    pub device: String,
}

/// Who did something, as the audit log records it.
#[derive(Debug, Clone)]
pub struct Actor {
    pub id: Option<UserId>,
    /// The session that acts; `None` for the server, the command line, and users who are logging in.
    session: Option<SessionKey>,
    name: String,
    address: String,
}

impl Actor {
    /// A user with a client.
    #[must_use]
    pub fn from_user(user: &User, client: &Client) -> Self {
        Self { id: Some(user.id), name: user.username.clone(), ..Self::anonymous(client) }
    }

    /// A user with a session.
    #[must_use]
    pub fn from_session(user: &User, key: SessionKey, client: &Client) -> Self {
        Self { session: Some(key), ..Self::from_user(user, client) }
    }

    /// The session that acts, which must still be valid when the change is written.
    pub(crate) const fn session(&self) -> Option<SessionKey> {
        self.session
    }

    /// A user who has just been created.
    pub(crate) fn new_user(id: UserId, username: &str, client: &Client) -> Self {
        Self { id: Some(id), name: username.into(), ..Self::anonymous(client) }
    }

    /// A client that is not authenticated.
    pub(crate) fn anonymous(client: &Client) -> Self {
        Self {
            id: None,
            session: None,
            name: String::new(),
            address: client.address.to_canonical().to_string(),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user id for log lines; 0 if there is none.
    pub(crate) fn log_id(&self) -> i64 {
        self.id.map_or(0, |id| id.0)
    }

    /// The command line, which needs no account.
    #[must_use]
    pub fn command_line() -> Self {
        Self { id: None, session: None, name: "(command line)".into(), address: String::new() }
    }

    /// The server itself.
    pub(crate) fn server() -> Self {
        Self { id: None, session: None, name: "(server)".into(), address: String::new() }
    }
}

/// Returns the network that limits are counted for: the IPv4 address, or the /64 of an IPv6 address, since a household
/// or server usually has a whole /64.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => four.into(),
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
    }
}
