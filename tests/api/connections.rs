//! Limits on connections.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::time::Duration;

use nexus_media::store;
use rstest::rstest;

use crate::support::*;

/// Opens connections, off the thread that the server runs on.
async fn connect(app: &TestApp, count: usize) -> Vec<TcpStream> {
    let address = app.base.trim_start_matches("http://").to_owned();
    let connect = move || {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    tokio::task::spawn_blocking(move || (0..count).map(|_| connect()).collect()).await.unwrap()
}

/// Waits until the server holds that many connections.
async fn holds(app: &TestApp, count: i64) {
    for _ in 0..1000 {
        if app.services.metrics.connections.get() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} connections, expected {count}", app.services.metrics.connections.get());
}

#[actix_web::test]
async fn one_address_holds_128_connections_and_others_still_get_in() {
    let app = TestApp::start(Sqlite).await;
    let mut held = connect(&app, 128).await;
    holds(&app, 128).await;

    // One more is closed without a response.
    let mut refused = connect(&app, 1).await.remove(0);
    let ended = tokio::task::spawn_blocking(move || refused.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    let other = reqwest::Client::builder()
        .local_address("127.0.0.9".parse::<IpAddr>().unwrap())
        .build()
        .unwrap();
    let answer = other.get(format!("{}/healthz", app.base)).send().await.unwrap();
    assert_eq!(answer.status(), 200);

    // A place that becomes free is given to the next.
    drop((answer, other));
    held.truncate(100);
    holds(&app, 100).await;
    assert_eq!(app.browser().get("/healthz").await.status(), 200);
}

#[actix_web::test]
async fn a_trusted_proxy_holds_as_many_connections_as_it_has_clients() {
    let app = TestApp::start_with(Sqlite, &[("trusted_proxies", "127.0.0.0/8")]).await;
    let held = connect(&app, 300).await;
    holds(&app, 300).await;
    assert_eq!(app.browser().get("/healthz").await.status(), 200);
    drop(held);
}

/// Sends these bytes on one connection and returns all that is sent back until it is closed.
async fn exchange(app: &TestApp, bytes: &[u8]) -> String {
    let (address, bytes) = (app.address().to_owned(), bytes.to_vec());
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // The server may have refused the request already.
        drop(stream.write_all(&bytes));
        drop(stream.shutdown(Shutdown::Write));
        let mut received = Vec::new();
        // A connection that is closed while the client still sends is reset after the response.
        match stream.read_to_end(&mut received) {
            Err(cause) if cause.kind() != ErrorKind::ConnectionReset => panic!("{cause}"),
            _ => {}
        }
        String::from_utf8_lossy(&received).into_owned()
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

/// The responses to `requests` on one connection: status line, `Connection`, and the length of the body.
async fn responses(app: &TestApp, requests: &[(&str, &str)]) -> Vec<(String, String, usize)> {
    let whole = requests.iter().map(|(head, body)| format!("{head}\r\n\r\n{body}"));
    let bytes = whole.collect::<Vec<_>>().concat();
    let received = exchange(app, bytes.as_bytes()).await;
    let mut rest = received.as_str();
    let mut responses = Vec::new();
    for (head, _) in requests {
        let (response, body) = rest.split_once("\r\n\r\n").unwrap_or((rest, ""));
        let field = |name: &str| {
            let fields = response.lines().filter_map(|line| line.split_once(": "));
            let mut named = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.to_owned())
        };
        let length = field("content-length").map_or(0, |length| length.parse().unwrap());
        let length: usize = if head.starts_with("HEAD") { 0 } else { length };
        let status = response.lines().next().unwrap_or_default().to_owned();
        responses.push((status, field("connection").unwrap_or_default(), length));
        rest = &body[length..];
    }
    assert_eq!(rest, "", "nothing follows the last response");
    responses
}

#[actix_web::test]
async fn each_pipelined_response_is_framed_by_its_own_request() {
    let (app, _) = TestApp::ready(Sqlite).await;
    let get = ("GET /healthz HTTP/1.1\r\nHost: x", "");
    let head = ("HEAD /healthz HTTP/1.1\r\nHost: x", "");
    let old = ("GET /healthz HTTP/1.0\r\nConnection: keep-alive", "");
    let last = ("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close", "");
    let post = (
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 2",
        "[]",
    );
    let chunked = (
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked",
        "1;extension\r\n[\r\n1\r\n]\r\n0\r\nTrailer: value\r\n\r\n",
    );
    let kept = |version: &str, status: &str, length| {
        (format!("HTTP/{version} {status}"), String::new(), length)
    };
    let ok = kept("1.1", "200 OK", 15);

    let mut closing = ok.clone();
    closing.1 = "close".into();
    for (requests, expected) in [
        (vec![get, head, get], vec![ok.clone(), kept("1.1", "200 OK", 0), ok.clone()]),
        (vec![head, get, last], vec![kept("1.1", "200 OK", 0), ok.clone(), closing.clone()]),
    ] {
        assert_eq!(responses(&app, &requests).await, expected, "{requests:?}");
    }
    let mixed = responses(&app, &[get, old, get]).await;
    let versions: Vec<_> = mixed.iter().map(|(status, ..)| status.as_str()).collect();
    assert_eq!(versions, ["HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 200 OK"]);
    // What follows a tunnel belongs to it, unless it has a length.
    let tunnel = ("CONNECT x:1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1", "a");
    let after_tunnel = exchange(
        &app,
        format!("{}\r\n\r\na{}", tunnel.0, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000))
            .as_bytes(),
    )
    .await;
    assert_eq!(after_tunnel.matches("HTTP/1.1 ").count(), 1, "{after_tunnel}");
    let with_bodies = responses(&app, &[post, get, chunked, get]).await;
    let statuses: Vec<_> = with_bodies.iter().map(|(status, ..)| &status[9..12]).collect();
    assert_eq!(statuses, ["400", "200", "400", "200"]);
}

#[actix_web::test]
async fn requests_that_are_split_anywhere_are_answered_alike() {
    let (app, _) = TestApp::ready_with(Sqlite, &[("rate_limit", "off")]).await;
    let bytes = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST /api/auth/login HTTP/1.1\r\nHost: x\r\n\
        Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let statuses = |received: &str| -> Vec<String> {
        received.split("HTTP/1.1 ").skip(1).map(|response| response[..3].to_owned()).collect()
    };
    let whole = statuses(&exchange(&app, bytes).await);
    assert_eq!(whole.len(), 3, "{whole:?}");

    let address = app.address().to_owned();
    let split = move || {
        let pieces = (1..bytes.len()).step_by(3).map(|at| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            stream.write_all(&bytes[..at]).unwrap();
            // The rest is sent when the server has read what there is; if it has not, the bytes arrive as one.
            std::thread::yield_now();
            stream.write_all(&bytes[at..]).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut received = String::new();
            stream.read_to_string(&mut received).unwrap();
            (at, received)
        });
        pieces.collect::<Vec<_>>()
    };
    for (at, received) in tokio::task::spawn_blocking(split).await.unwrap() {
        assert_eq!(statuses(&received), whole, "split after {at} bytes");
    }
}

#[actix_web::test]
async fn a_head_that_actix_would_panic_on_is_answered_with_400() {
    let app = TestApp::start(Sqlite).await;
    for length in [65_535, 65_536, 100_000] {
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}: y\r\n\r\n", "x".repeat(length));
        let answer = exchange(&app, request.as_bytes()).await;
        let expected =
            if length == 65_535 { "HTTP/1.1 200 OK" } else { "HTTP/1.1 400 Bad Request" };
        assert!(answer.starts_with(expected), "{length}: {answer}");
    }
    // Just too long, so that nothing is left unread, which would reset the connection.
    let endless = format!("GET / HTTP/1.1\r\nHost: x\r\nx: {}", "y".repeat(128 * 1024));
    let answer = exchange(&app, endless.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// More than the buffers of two sockets hold.
const LARGE: usize = 32 << 20;

/// Begins a request and returns its connection when the response has begun.
async fn begin(app: &TestApp, request: String) -> TcpStream {
    let address = app.address().to_owned();
    let begin = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head, *b"HTTP/1.1 200", "{}", String::from_utf8_lossy(&head));
        stream
    };
    tokio::task::spawn_blocking(begin).await.unwrap()
}

/// Reads the rest of a response and returns its length. Reads slowly, so that all of it would take 13 s.
async fn read_slowly(mut stream: TcpStream) -> usize {
    let read = move || {
        let (mut buffer, mut total) = (vec![0; 256 << 10], 0);
        while total < LARGE {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => total += count,
                Err(cause) if cause.kind() == ErrorKind::ConnectionReset => break,
                Err(cause) => panic!("{cause}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        total
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[rstest]
#[actix_web::test]
async fn a_long_response_ends_with_its_session(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let file = ada.upload_one("film.bin", &vec![7; LARGE]).await;

    let download = |cookie: &str| {
        let path = format!("/media/{file}");
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n")
    };
    let archive = |(cookie, token): &(String, String)| {
        let body = format!("csrf_token={token}&ids={file}");
        format!(
            "POST /items/download HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let suspend = format!("/admin/users/{id}/suspend");
    let reactivate = format!("/admin/users/{id}/reactivate");

    // A log-out ends its own session only.
    let (one, other) = (cookie_of(&app, "ada").await, cookie_of(&app, "ada").await);
    let ended = begin(&app, download(&one.0)).await;
    let kept = begin(&app, download(&other.0)).await;
    let body = format!("csrf_token={}", one.1);
    let log_out = app.browser().post_raw("/logout", body).header("cookie", &one.0);
    assert_eq!(log_out.send().await.unwrap().status(), 303);
    assert!(read_slowly(ended).await < LARGE, "the session was ended");

    // A suspension ends all of a user's sessions, also those of programs.
    let token = app.program("ada").await.token;
    let path = format!("/api/media/{file}/content");
    let program =
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    let streams = [kept, begin(&app, program).await, begin(&app, archive(&other)).await];
    assert_eq!(admin.submit("/admin/users", &suspend, &[]).await.status(), 303);
    for length in futures_util::future::join_all(streams.map(read_slowly)).await {
        assert!(length < LARGE, "the user was suspended");
    }

    // A password that is set in another process ends the sessions in the database only.
    assert_eq!(admin.submit("/admin/users", &reactivate, &[]).await.status(), 303);
    let (cookie, _) = cookie_of(&app, "ada").await;
    let stream = begin(&app, download(&cookie)).await;
    app.services
        .db
        .write(|conn| Ok(store::sessions::update_end_all(conn, app.user("ada").id)?))
        .unwrap();
    assert!(read_slowly(stream).await < LARGE, "the sessions were ended elsewhere");
}
