//! Who does something, and from where.

use std::net::{IpAddr, Ipv6Addr};

use super::{User, UserId};

/// Who is asking, as far as the connection tells.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: IpAddr,
    /// Browser and system in words.
    pub device: String,
}

/// Who does something.
#[derive(Debug, Clone)]
pub struct Actor {
    pub id: Option<UserId>,
    name: String,
    address: String,
}

impl Actor {
    /// A person at a device.
    #[must_use]
    pub fn from_user(user: &User, client: &Client) -> Self {
        Self { id: Some(user.id), name: user.username.clone(), ..Self::anonymous(client) }
    }

    /// A person who has just come to be one, at a device.
    pub(crate) fn new_user(id: UserId, username: &str, client: &Client) -> Self {
        Self { id: Some(id), name: username.into(), ..Self::anonymous(client) }
    }

    /// Somebody who has not said, or not proved, who they are.
    pub(crate) fn anonymous(client: &Client) -> Self {
        Self { id: None, name: String::new(), address: client.address.to_canonical().to_string() }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For the log; 0 for nobody with an account.
    pub(crate) fn log_id(&self) -> i64 {
        self.id.map_or(0, |id| id.0)
    }

    /// The owner of the server, who needs no account.
    #[must_use]
    pub fn command_line() -> Self {
        Self { id: None, name: "(command line)".into(), address: String::new() }
    }

    /// The server by itself.
    pub(crate) fn server() -> Self {
        Self { id: None, name: "(server)".into(), address: String::new() }
    }
}

/// The network that rate limits count an address under: an IPv4 address itself, or its IPv6 /64, because one household
/// or server usually holds a whole /64.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => four.into(),
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
    }
}
