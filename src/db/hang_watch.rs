//! Notices a database server that does not answer although its connections are open, and ends the waiting statements.
//!
//! The client library waits for an answer without a limit, and diesel passes no time limits on. A probe therefore asks the
//! server every half second. When it has no answer for too long, all sockets to the server are shut down, so that every
//! statement that waits for one fails, and new requests fail at once until a probe succeeds.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

use super::connection::{self, Backend, Conn};
use crate::os;
use crate::sync::lock;

/// How often the server is asked.
const PROBE_INTERVAL: Duration = Duration::from_millis(500);
/// How long an answer may take. With the interval, requests fail within three seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection of the probe may take, with encryption and log-in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the time limits are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Whether the database server answers.
pub(super) struct HangWatch {
    is_hung: AtomicBool,
    /// When the probe must have had its answer.
    deadline: Mutex<Option<Instant>>,
    peer: Peer,
}

/// Where the database server listens.
enum Peer {
    Tcp(Vec<SocketAddr>),
    Unix(PathBuf),
}

impl HangWatch {
    /// Starts to watch a remote database until the result is dropped; `None` for a file.
    pub fn start(backend: &Backend) -> Option<Arc<Self>> {
        let Backend::Mysql(url) = backend else { return None };
        let watch = Arc::new(Self {
            is_hung: AtomicBool::new(false),
            deadline: Mutex::default(),
            peer: Peer::from_url(url)?,
        });

        let (probing, checking) = (Arc::downgrade(&watch), Arc::downgrade(&watch));
        let backend = backend.clone();
        spawn("db-probe", move || probe(&probing, &backend));
        spawn("db-watch", move || check(&checking));
        Some(watch)
    }

    /// Whether requests would wait for an answer in vain.
    pub fn is_hung(&self) -> bool {
        self.is_hung.load(Ordering::Acquire)
    }

    /// Runs a part of the probe, which must end in time.
    fn within<T>(&self, timeout: Duration, work: impl FnOnce() -> T) -> T {
        *lock(&self.deadline) = Some(Instant::now() + timeout);
        let result = work();
        *lock(&self.deadline) = None;
        result
    }

    /// Shuts down every socket to the server.
    fn end_connections(&self) {
        os::shut_down_sockets(|peer| self.peer.is(peer));
    }
}

impl Peer {
    /// `None` if the URL names no server.
    fn from_url(url: &str) -> Option<Self> {
        let url = url::Url::parse(url).ok()?;
        if let Some((_, path)) = url.query_pairs().find(|(name, _)| name == "unix_socket") {
            return Some(Self::Unix(path.into_owned().into()));
        }
        let host = url.host_str()?.trim_matches(['[', ']']);
        let addresses = (host, url.port().unwrap_or(3306)).to_socket_addrs().ok()?;
        Some(Self::Tcp(addresses.collect()))
    }

    fn is(&self, peer: SocketAddrAny) -> bool {
        match self {
            Self::Tcp(addresses) => {
                SocketAddr::try_from(peer).is_ok_and(|peer| addresses.contains(&peer))
            }
            Self::Unix(path) => SocketAddrUnix::try_from(peer).is_ok_and(|peer| {
                peer.path()
                    .is_some_and(|name| name.to_bytes() == path.as_os_str().as_encoded_bytes())
            }),
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(cause) = thread::Builder::new().name(name.into()).spawn(work) {
        tracing::warn!(error = %cause, "cannot watch the database");
    }
}

/// Asks the server again and again, on a connection of its own, as long as the watch exists.
fn probe(watch: &Weak<HangWatch>, backend: &Backend) {
    let mut open: Option<Conn> = None;
    while let Some(watch) = watch.upgrade() {
        let asked = match &mut open {
            Some(conn) => watch.within(ANSWER_TIMEOUT, || conn.batch_execute("DO 1").is_ok()),
            None => match watch.within(CONNECT_TIMEOUT, || connection::open(backend)) {
                Ok(conn) => {
                    open = Some(conn);
                    true
                }
                Err(_) => false,
            },
        };

        if !asked {
            open = None;
        } else if watch.is_hung.swap(false, Ordering::AcqRel) {
            tracing::info!("the database answers again");
        }
        drop(watch);
        thread::sleep(PROBE_INTERVAL);
    }
}

/// Ends all connections when the probe has waited for too long, as long as the watch exists.
fn check(watch: &Weak<HangWatch>) {
    while let Some(watch) = watch.upgrade() {
        let is_late = lock(&watch.deadline).is_some_and(|deadline| deadline < Instant::now());
        if is_late && !watch.is_hung.swap(true, Ordering::AcqRel) {
            tracing::error!("the database does not answer; its connections are ended");
        }
        // Also those that were opened since.
        if watch.is_hung() {
            watch.end_connections();
        }
        drop(watch);
        thread::sleep(CHECK_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn only_connections_to_the_server_are_ended() {
        let (database, other) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let url = format!("mysql://u@{}/n", database.local_addr().unwrap());
        let watch = HangWatch {
            is_hung: AtomicBool::new(true),
            deadline: Mutex::default(),
            peer: Peer::from_url(&url).unwrap(),
        };
        let mut to_database = TcpStream::connect(database.local_addr().unwrap()).unwrap();
        let mut to_other = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        watch.end_connections();
        assert_eq!(to_database.read(&mut [0]).unwrap(), 0, "ended");
        to_other.set_nonblocking(true).unwrap();
        let still_open = to_other.read(&mut [0]).unwrap_err();
        assert_eq!(still_open.kind(), std::io::ErrorKind::WouldBlock);
    }
}
