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

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

use super::connection::{self, Backend, Conn};
use crate::os;
use crate::sync::lock;

/// How often the server is asked.
const PROBE_INTERVAL: Duration = Duration::from_millis(500);
/// How long an answer may take. With the interval, requests fail within three seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection of the probe may take, with encryption and login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the time limits are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Whether the database server answers.
#[derive(Default)]
pub(super) struct HangWatch {
    is_hung: AtomicBool,
    /// When the probe must have had its answer.
    deadline: Mutex<Option<Instant>>,
    /// Where the server listens; looked up before each connection of the probe.
    peers: Mutex<Vec<Peer>>,
}

/// An address of the database server.
enum Peer {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl HangWatch {
    /// Starts to watch a remote database until the result is dropped; `None` for a file.
    pub fn start(backend: &Backend) -> Option<Arc<Self>> {
        let Backend::Mysql(url) = backend else { return None };
        let watch = Arc::new(Self::default());
        *lock(&watch.peers) = peers_of(url);

        let (probing, checking) = (Arc::downgrade(&watch), Arc::downgrade(&watch));
        let (backend, url) = (backend.clone(), url.clone());
        spawn("db-probe", move || probe(&probing, &backend, &url));
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
        let peers = lock(&self.peers);
        os::shut_down_sockets(|socket| peers.iter().any(|peer| peer.is(&socket)));
    }
}

impl Peer {
    fn is(&self, socket: &SocketAddrAny) -> bool {
        match self {
            Self::Tcp(address) => {
                SocketAddr::try_from(socket.clone()).is_ok_and(|peer| peer == *address)
            }
            Self::Unix(path) => SocketAddrUnix::try_from(socket.clone()).is_ok_and(|peer| {
                let path = path.as_os_str().as_encoded_bytes();
                peer.path().is_some_and(|name| name.to_bytes() == path)
            }),
        }
    }
}

/// The addresses that a URL names. Empty if its host cannot be looked up.
fn peers_of(url: &str) -> Vec<Peer> {
    let Ok(url) = url::Url::parse(url) else { return Vec::new() };
    if let Some((_, path)) = url.query_pairs().find(|(name, _)| name == "unix_socket") {
        return vec![Peer::Unix(path.into_owned().into())];
    }
    let host = url.host_str().unwrap_or("localhost").trim_matches(['[', ']']);
    let addresses = (host, url.port().unwrap_or(3306)).to_socket_addrs();
    addresses.into_iter().flatten().map(Peer::Tcp).collect()
}

#[derive(diesel::QueryableByName)]
struct SocketRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    path: String,
}

/// Connects, and adds the server's own socket to its addresses: for `localhost` the client library uses that one.
fn connect(watch: &HangWatch, backend: &Backend, url: &str) -> Option<Conn> {
    let mut peers = peers_of(url);
    let mut conn = connection::open(backend).ok()?;
    let socket = diesel::sql_query("SELECT @@socket AS path").get_result::<SocketRow>(&mut conn);
    if let Ok(row) = socket {
        peers.push(Peer::Unix(row.path.into()));
    }
    *lock(&watch.peers) = peers;
    Some(conn)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(cause) = thread::Builder::new().name(name.into()).spawn(work) {
        tracing::warn!(error = %cause, "cannot watch the database");
    }
}

/// Asks the server again and again, on a connection of its own, as long as the watch exists.
fn probe(watch: &Weak<HangWatch>, backend: &Backend, url: &str) {
    let mut open: Option<Conn> = None;
    while let Some(watch) = watch.upgrade() {
        let has_answered = match &mut open {
            Some(conn) => watch.within(ANSWER_TIMEOUT, || conn.batch_execute("DO 1").is_ok()),
            None => {
                open = watch.within(CONNECT_TIMEOUT, || connect(&watch, backend, url));
                open.is_some()
            }
        };

        if !has_answered {
            open = None;
        } else if watch.is_hung.swap(false, Ordering::AcqRel) {
            tracing::info!("the database answers again");
        }
        drop(watch);
        thread::sleep(PROBE_INTERVAL);
    }
}

/// Ends all connections while the probe waits for too long, as long as the watch exists. Those that were opened since the
/// last answer are ended by the next probe that waits for too long.
fn check(watch: &Weak<HangWatch>) {
    while let Some(watch) = watch.upgrade() {
        let is_late = lock(&watch.deadline).is_some_and(|deadline| deadline < Instant::now());
        if is_late {
            if !watch.is_hung.swap(true, Ordering::AcqRel) {
                tracing::error!("the database does not answer; its connections are ended");
            }
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
        let watch = HangWatch::default();
        *lock(&watch.peers) = peers_of(&url);
        let mut to_database = TcpStream::connect(database.local_addr().unwrap()).unwrap();
        let mut to_other = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        watch.end_connections();
        assert_eq!(to_database.read(&mut [0]).unwrap(), 0, "ended");
        to_other.set_nonblocking(true).unwrap();
        let still_open = to_other.read(&mut [0]).unwrap_err();
        assert_eq!(still_open.kind(), std::io::ErrorKind::WouldBlock);
    }
}
