//! Who did something, and the client they used.

use std::iter;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

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

/// Larger IPv6 networks that may belong to one client, each with the multiple of the limit of a /64 that it may use.
const LARGER_NETWORKS: [(u8, u32); 2] = [(56, 4), (48, 16)];

/// Returns the networks that limits are counted for, each with the multiple of the limit that it may use: the one of
/// [`network_of`] first, and for IPv6 the larger networks that a home or a site usually has.
pub fn networks_of(address: IpAddr) -> impl Iterator<Item = (IpNet, u32)> {
    let client = network_of(address);
    let larger = LARGER_NETWORKS.into_iter().filter(move |_| client.is_ipv6()).filter_map(
        move |(prefix, multiple)| Some((IpNet::new(client, prefix).ok()?.trunc(), multiple)),
    );
    iter::once((client.into(), 1)).chain(larger)
}
