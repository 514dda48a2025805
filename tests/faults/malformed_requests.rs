//! Malformed requests: none may end in a panic, a server error or a connection that stays open.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::support::*;

/// Connections at once, fewer than one address may hold.
const THREADS: u64 = 8;

/// One to three requests, most of them invalid in some way.
fn requests(random: &mut Random) -> Vec<u8> {
    let count = 1 + random.below(3);
    (0..count).flat_map(|_| request(random)).collect()
}

const METHODS: [&str; 14] = [
    "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get",
    "G\0T", "PRI", "",
];
const PATHS: [&str; 22] = [
    "/",
    "/healthz",
    "/login",
    "/static/app.css",
    "/api/media/list",
    "/api/uploads",
    "/upload",
    "/api/auth/login",
    "*",
    "http://x/login",
    "http://[::1/",
    "//",
    "/%",
    "/%zz",
    "/%00",
    "/%2e%2e/",
    "/\u{e4}",
    "/?a=%ff&a",
    "x",
    "",
    "/items/0/content",
    "/register",
];
const VERSIONS: [&str; 8] =
    ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "http/1.1", ""];
const LINE_ENDS: [&str; 6] = ["\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n\t"];
const NAMES: [&str; 25] = [
    "Host",
    "Host",
    "Host",
    "Content-Length",
    "Content-Length",
    "Transfer-Encoding",
    "Transfer-Encoding",
    "Connection",
    "Upgrade",
    "Expect",
    "Cookie",
    "Range",
    "Content-Type",
    "Authorization",
    "X-HTTP-Method-Override",
    "Upload-Offset",
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Metadata",
    "X-Forwarded-For",
    "Origin",
    "If-None-Match",
    "If-Range",
    "Accept-Encoding",
    "Content-Encoding",
];
const VALUES: [&str; 35] = [
    "x",
    "127.0.0.1",
    "0",
    "5",
    "-1",
    "+5",
    "5, 5",
    "18446744073709551615",
    "99999999999999999999",
    "chunked",
    "chunked, chunked",
    "identity",
    "gzip, chunked",
    "close",
    "keep-alive",
    "upgrade",
    "websocket",
    "h2c",
    "100-continue",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/json",
    "application/offset+octet-stream",
    "1.0.0",
    "bytes=0-",
    "bytes=-0",
    "bytes=9-5,1-",
    "Bearer x",
    "Bearer ",
    "*",
    "W/\"",
    "",
    "filename d29y",
    "Thu, 01 Jan 1970 00:00:00 GMT",
];
const BODIES: [&str; 14] = [
    "",
    "",
    "a=b&c",
    "{\"a\":",
    "5\r\na=b&c\r\n0\r\n\r\n",
    "5;x=\"\r\na=b&c\r\n0\r\na: b\r\n\r\n",
    "ffffffffffffffff\r\na",
    "fffffffffffffffff\r\na",
    "0\r\n\r\n",
    "-1\r\n",
    "5\r\na=b&c0\r\n\r\n",
    "--b\r\n\r\n",
    "--b--",
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nx\r\n--b--\r\n",
];

fn request(random: &mut Random) -> Vec<u8> {
    let (method, path) = (random.of(&METHODS), random.of(&PATHS));
    let (version, end) = (random.of(&VERSIONS), random.of(&LINE_ENDS));
    let mut bytes = format!("{method} {path} {version}{end}").into_bytes();

    for _ in 0..random.below(6) {
        let name = match random.below(12) {
            0 => random.bytes(8),
            1 => vec![b'x'; [65_534, 65_535, 65_536, 70_000][random.below(4)]],
            2 => random.bytes(1),
            _ => random.of(&NAMES).into(),
        };
        let value = match random.below(8) {
            0 => random.bytes(12),
            1 => vec![b'y'; random.below(3000)],
            _ => random.of(&VALUES).into(),
        };
        bytes.extend(name);
        bytes.extend(random.of(&[": ", ": ", ": ", ":", " : ", ""]).as_bytes());
        bytes.extend(value);
        bytes.extend(random.of(&LINE_ENDS).as_bytes());
    }
    bytes.extend(random.of(&["\r\n", "\r\n", "\r\n", "\n", "", "\r"]).as_bytes());
    bytes.extend(random.of(&BODIES).as_bytes());

    // A third of the requests is changed at random bytes.
    if random.below(3) == 0 {
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = random.bytes(1)[0];
        }
    }
    bytes
}

/// What the server sends back until it closes the connection.
fn exchange(address: &str, bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    // The server may close the connection before it has read everything.
    drop(stream.write_all(bytes));
    drop(stream.shutdown(Shutdown::Write));
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        Err(cause) if cause.kind() != ErrorKind::ConnectionReset => Err(cause),
        _ => Ok(received),
    }
}

/// Server errors among the status lines of responses.
fn server_error(received: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(received);
    let mut statuses = text.split("HTTP/1.").skip(1).filter_map(|response| response.get(2..5));
    statuses.find(|status| status.starts_with('5')).map(str::to_owned)
}

#[test]
fn malformed_requests_cause_no_panic_no_server_error_and_no_open_connection() {
    let count: u64 = if is_long() { 1_000_000 } else { 20_000 };
    let folder = tempfile::tempdir().unwrap();
    let server = Site::on_sqlite(folder.path()).start();
    let address = server.base.trim_start_matches("http://");

    let send_share = |first: u64| {
        for seed in (first..count).step_by(usize::try_from(THREADS).unwrap()) {
            let bytes = requests(&mut Random::new(seed));
            let shown = || String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
            match exchange(address, &bytes) {
                Ok(received) => {
                    let error = server_error(&received);
                    assert_eq!(error, None, "seed {seed}: {}", shown());
                }
                Err(cause) => panic!("seed {seed}: {cause}: {}", shown()),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|first| scope.spawn(move || send_share(first))).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });

    let answer = exchange(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&answer));
    // Fails if the server has panicked.
    drop(server);
}
