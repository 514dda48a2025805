//! Limits on connections.

use std::io::Read;
use std::net::{IpAddr, TcpStream};
use std::time::Duration;

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
