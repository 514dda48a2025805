//! kill -9 at every named point, and at any instant, while a form, an API client and a tus client are at work.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::multipart::{Form, Part};

use crate::support::*;

/// What the server acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Acknowledged {
    /// These bytes are stored.
    Stored(String),
    /// They are in the trash.
    Trashed(String),
    /// They have this name now.
    Named(String, String),
    /// So many bytes of that upload are durable.
    Offset(String, usize),
}
use Acknowledged::{Named, Offset, Stored, Trashed};

type Ledger = Arc<Mutex<Vec<Acknowledged>>>;

/// Acknowledgements of a run that nothing disturbs.
const ALL: usize = 13;
const TUS_SIZE: usize = 150_000;

fn note(ledger: &Ledger, what: Acknowledged) {
    ledger.lock().unwrap().push(what);
}

/// The three clients, until they are done or the server is gone.
async fn work(person: &Person, browser: &Browser, seed: u64, ledger: &Ledger) {
    tokio::join!(form_client(browser, seed, ledger), api_client(person, seed, ledger), tus_client(person, seed, ledger));
}

fn files(seed: u64, who: u64, sizes: &[usize]) -> Vec<(String, Vec<u8>)> {
    let file = |(number, size): (usize, &usize)| {
        let unique = seed * 1000 + who * 100 + u64::try_from(number).unwrap();
        // One name for all clients: they race for it.
        ("same name.bin".to_owned(), bytes_of(unique, *size))
    };
    sizes.iter().enumerate().map(file).collect()
}

/// A browser with the plain form.
#[derive(Clone)]
struct Browser {
    client: reqwest::Client,
    base: String,
    cookie: String,
    token: String,
}

impl Browser {
    async fn log_in(server: &Server) -> Self {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let token = |page: String| {
            let after = page.split_once("name=\"csrf_token\" value=\"").unwrap().1;
            after.split_once('"').unwrap().0.to_owned()
        };
        let page = client.get(format!("{}/login", server.base)).send().await.unwrap().text().await.unwrap();
        let fields = [("csrf_token", token(page)), ("username", "root".into()), ("password", PASSWORD.into())];
        let body = fields.iter().fold(String::new(), |body, (name, value)| format!("{body}{name}={}&", value.replace(' ', "+")));
        let request = client.post(format!("{}/login", server.base)).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body.trim_end_matches('&').to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let page = client.get(format!("{}/upload", server.base)).send().await.unwrap();
        let cookie = header(&page, "set-cookie");
        let cookie = if cookie.is_empty() { header(&answer, "set-cookie") } else { cookie };
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, base: server.base.clone(), cookie, token: token(page.text().await.unwrap()) }
    }
}

async fn form_client(browser: &Browser, seed: u64, ledger: &Ledger) {
    let sent = files(seed, 1, &[10_000, 70_000, 0, 3]);
    let form = sent.iter().fold(Form::new().text("csrf_token", browser.token.clone()), |form, (name, bytes)| {
        form.part("file", Part::bytes(bytes.clone()).file_name(name.clone()))
    });
    let request = browser.client.post(format!("{}/upload", browser.base)).header("cookie", &browser.cookie).multipart(form);
    match request.send().await {
        Ok(answer) if answer.status() == 303 => sent.iter().for_each(|(_, bytes)| note(ledger, Stored(sha256(bytes)))),
        Ok(answer) => panic!("the form was answered {}", answer.status()),
        Err(_) => {}
    }
}

async fn api_client(person: &Person, seed: u64, ledger: &Ledger) {
    let sent = files(seed, 2, &[20_000, 200_000]);
    let Ok(answer) = person.upload(&sent).await else { return };
    assert_eq!(answer.status(), 201);
    for (_, bytes) in &sent {
        note(ledger, Stored(sha256(bytes)));
    }
    let Ok(text) = answer.text().await else { return };
    let items: serde_json::Value = serde_json::from_str(&text).unwrap();
    let id = |index: usize| items["items"][index]["id"].as_str().unwrap().to_owned();
    let rename = person.request("PATCH", &format!("/api/media/{}", id(0))).header("content-type", "application/json");
    let Ok(answer) = rename.body(r#"{"name":"renamed.bin"}"#).send().await else { return };
    assert_eq!(answer.status(), 200);
    note(ledger, Named(sha256(&sent[0].1), "renamed.bin".into()));
    let Ok(answer) = person.request("DELETE", &format!("/api/media/{}", id(1))).send().await else { return };
    assert_eq!(answer.status(), 204);
    note(ledger, Trashed(sha256(&sent[1].1)));
}

async fn tus_client(person: &Person, seed: u64, ledger: &Ledger) {
    let bytes = bytes_of(seed * 1000 + 300, TUS_SIZE);
    let Ok(made) = person.begin("same name.bin", bytes.len()).await else { return };
    assert_eq!(made.status(), 201);
    let path = header(&made, "location");
    note(ledger, Offset(path.clone(), 0));
    for (from, to) in [(0, 1), (1, 60_000), (60_000, TUS_SIZE)] {
        let Ok(answer) = person.append(&path, from, &bytes[from..to]).await else { return };
        assert_eq!(answer.status(), 204);
        note(ledger, Offset(path.clone(), to));
    }
    note(ledger, Stored(sha256(&bytes)));
}

/// What was acknowledged is there; what was not is there whole or not at all.
async fn check(person: &Person, site: &Site, seed: u64, ledger: &Ledger) {
    let acknowledged = ledger.lock().unwrap().clone();
    for what in &acknowledged {
        match what {
            Stored(digest) => assert!(person.item(digest).await.is_some(), "{what:?} is gone"),
            Trashed(digest) => assert!(person.item(digest).await.unwrap()["trashed_at"].is_string(), "{what:?} came back"),
            Named(digest, name) => assert_eq!(person.item(digest).await.unwrap()["name"].as_str().unwrap(), name),
            Offset(path, offset) => {
                let now = person.offset(path).await.unwrap_or_else(|| panic!("{what:?} is gone"));
                assert!(now >= *offset && now <= TUS_SIZE, "{what:?} went back to {now}");
            }
        }
    }
    // The resumable one goes on from where it was.
    if let Some(Offset(path, _)) = acknowledged.iter().find(|what| matches!(what, Offset(..))) {
        let bytes = bytes_of(seed * 1000 + 300, TUS_SIZE);
        let offset = person.offset(path).await.unwrap();
        let answer = person.append(path, offset, &bytes[offset..]).await.unwrap();
        assert_eq!(answer.status(), 204);
        assert!(person.item(&sha256(&bytes)).await.is_some(), "resumed and not stored");
    }
    person.assert_all_is_well(site).await;
}

/// A site with a person and their sessions, to copy for each point.
struct Template {
    folder: tempfile::TempDir,
    person: Person,
    browser: Browser,
}

async fn template() -> Template {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_sqlite(folder.path());
    let mut server = site.start();
    let person = Person::log_in(&server).await;
    let browser = Browser::log_in(&server).await;
    terminate(&mut server);
    Template { folder, person, browser }
}

/// SIGTERM, and wait.
fn terminate(server: &mut Server) {
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.child.wait().unwrap();
}

enum Kill {
    /// At the named point with this number.
    Point(usize),
    /// After so long.
    After(Duration),
}

/// One run on a fresh copy; whether the server was killed before the clients were done.
async fn try_one(template: &Template, kill: &Kill, seed: u64, on_mariadb: bool) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let (mut site, mut person, mut browser) = (Site::on_sqlite(folder.path()), template.person.clone(), template.browser.clone());
    let at = if let Kill::Point(number) = kill { number.to_string() } else { String::new() };
    let variables: &[(&str, &str)] = if at.is_empty() { &[] } else { &[("FAULT_AFTER", &at)] };
    let mut server;
    if on_mariadb {
        // Tables cannot be copied like a file: the person logs in anew.
        site = Site::on_mariadb(folder.path());
        server = site.start_with(&[]);
        person = Person::log_in(&server).await;
        browser = Browser::log_in(&server).await;
        terminate(&mut server);
    } else {
        copy(template.folder.path(), folder.path());
    }
    server = site.start_with(variables);
    person = person.at(&server);
    browser.base.clone_from(&server.base);
    let ledger = Ledger::default();
    match kill {
        Kill::Point(_) => work(&person, &browser, seed, &ledger).await,
        Kill::After(delay) => {
            tokio::join!(work(&person, &browser, seed, &ledger), async {
                tokio::time::sleep(*delay).await;
                server.child.kill().unwrap();
            });
        }
    }
    // Clients that were not served to the end were cut off by the kill.
    let was_killed = ledger.lock().unwrap().len() < ALL;
    if was_killed {
        server.child.wait().unwrap();
    }
    drop(server);
    let server = site.start_again();
    check(&person.at(&server), &site, seed, &ledger).await;
    was_killed
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    let done = std::process::Command::new("cp").args(["-a", "--"]).arg(from.join(".")).arg(to).status().unwrap();
    assert!(done.success());
}

async fn every_point(template: &Template, rounds: u64, on_mariadb: bool) -> usize {
    let mut tried = 0;
    for round in 1..=rounds {
        for number in 1.. {
            let seed = round * 1000 + number as u64;
            if !try_one(template, &Kill::Point(number), seed, on_mariadb).await {
                assert!(number > 25, "only {number} points were passed");
                break;
            }
            tried += 1;
        }
    }
    tried
}

#[actix_web::test]
async fn a_killed_server_has_lost_nothing_it_acknowledged() {
    let template = template().await;
    let rounds = if is_long() { 20 } else { 1 };
    let mut tried = every_point(&template, rounds, false).await;
    let instants = if is_long() { 500 } else { 12 };
    for number in 0..instants {
        let delay = Duration::from_micros(number * 7919 % 250_000);
        tried += usize::from(try_one(&template, &Kill::After(delay), 900_000 + number, false).await);
    }
    println!("kill -9, SQLite: {tried} points, 0 lost");
}

#[actix_web::test]
async fn nor_has_one_on_mariadb() {
    if !is_long() {
        // The short form tries one point of each kind that differs there: the commits.
        let template = template().await;
        for number in [3, 9, 15, 21] {
            try_one(&template, &Kill::Point(number), number as u64, true).await;
        }
        return;
    }
    let tried = every_point(&template().await, 4, true).await;
    println!("kill -9, MariaDB: {tried} points, 0 lost");
}
