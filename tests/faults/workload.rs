//! Three clients, and what was acknowledged to them.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::Response;
use reqwest::multipart::{Form, Part};

use crate::support::*;

/// What the server acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Acknowledged {
    /// These bytes are stored.
    Stored(String),
    /// They are in the trash.
    Trashed(String),
    /// They have this name.
    Named(String, String),
    /// This many bytes of that upload are durable.
    Offset(String, usize),
}
use Acknowledged::{Named, Offset, Stored, Trashed};

/// What was acknowledged in one run.
pub struct Ledger {
    acknowledged: Mutex<Vec<Acknowledged>>,
    /// Whether an unsuccessful response is a failure.
    is_strict: bool,
}

impl Ledger {
    pub fn strict() -> Self {
        Self { acknowledged: Mutex::default(), is_strict: true }
    }

    /// For faults during which the server may report errors.
    pub fn lenient() -> Self {
        Self { is_strict: false, ..Self::strict() }
    }

    fn note(&self, what: Acknowledged) {
        self.acknowledged.lock().unwrap().push(what);
    }

    /// Whether that response is an acknowledgement.
    fn is(&self, answer: &Response, status: u16) -> bool {
        assert!(
            answer.status() == status || !self.is_strict,
            "{} was answered {}",
            answer.url(),
            answer.status()
        );
        answer.status() == status
    }

    /// Whether all requests of the clients were answered.
    pub fn is_complete(&self) -> bool {
        self.acknowledged.lock().unwrap().len() == ALL
    }
}

/// Acknowledgements of a run that nothing disturbs.
const ALL: usize = 13;
const TUS_SIZE: usize = 150_000;

/// Runs the three clients until they finish or the server ends.
pub async fn work(person: &Person, browser: &Browser, seed: u64, ledger: &Ledger) {
    tokio::join!(
        form_client(browser, seed, ledger),
        api_client(person, seed, ledger),
        tus_client(person, seed, ledger)
    );
}

fn files(seed: u64, who: u64, sizes: &[usize]) -> Vec<(String, Vec<u8>)> {
    let file = |(number, size): (usize, &usize)| {
        let unique = seed * 1000 + who * 100 + u64::try_from(number).unwrap();
        // All clients use the same name.
        ("same name.bin".to_owned(), bytes_of(unique, *size))
    };
    sizes.iter().enumerate().map(file).collect()
}

/// A browser with the plain form.
#[derive(Clone)]
pub struct Browser {
    client: reqwest::Client,
    base: String,
    cookie: String,
    token: String,
}

impl Browser {
    /// The same at a restarted server.
    pub fn at(&self, server: &Server) -> Self {
        Self { base: server.base.clone(), ..self.clone() }
    }

    pub async fn log_in(server: &Server) -> Self {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(3))
            .build()
            .unwrap();
        let token = |page: String| {
            let after = page.split_once("name=\"csrf_token\" value=\"").unwrap().1;
            after.split_once('"').unwrap().0.to_owned()
        };
        let page = client
            .get(format!("{}/login", server.base))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let fields = [
            ("csrf_token", token(page)),
            ("username", "root".into()),
            ("password", PASSWORD.into()),
        ];
        let body = fields.iter().fold(String::new(), |body, (name, value)| {
            format!("{body}{name}={}&", value.replace(' ', "+"))
        });
        let request = client
            .post(format!("{}/login", server.base))
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body.trim_end_matches('&').to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let page = client.get(format!("{}/upload", server.base)).send().await.unwrap();
        let cookie = header(&page, "set-cookie");
        let cookie = if cookie.is_empty() { header(&answer, "set-cookie") } else { cookie };
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, base: server.base.clone(), cookie, token: token(page.text().await.unwrap()) }
    }
}

async fn form_client(browser: &Browser, seed: u64, ledger: &Ledger) {
    let sent = files(seed, 1, &[10_000, 70_000, 0, 3]);
    let form = sent
        .iter()
        .fold(Form::new().text("csrf_token", browser.token.clone()), |form, (name, bytes)| {
            form.part("file", Part::bytes(bytes.clone()).file_name(name.clone()))
        });
    let request = browser
        .client
        .post(format!("{}/upload", browser.base))
        .header("cookie", &browser.cookie)
        .multipart(form);
    match request.send().await {
        Ok(answer) if ledger.is(&answer, 303) => {
            for (_, bytes) in &sent {
                ledger.note(Stored(sha256(bytes)));
            }
        }
        _ => {}
    }
}

async fn api_client(person: &Person, seed: u64, ledger: &Ledger) {
    let sent = files(seed, 2, &[20_000, 200_000]);
    let Ok(answer) = person.upload(&sent).await else { return };
    if !ledger.is(&answer, 201) {
        return;
    }
    for (_, bytes) in &sent {
        ledger.note(Stored(sha256(bytes)));
    }
    let Ok(text) = answer.text().await else { return };
    let items: serde_json::Value = serde_json::from_str(&text).unwrap();
    let id = |index: usize| items["items"][index]["id"].as_str().unwrap().to_owned();
    let rename = person
        .request("PATCH", &format!("/api/media/{}", id(0)))
        .header("content-type", "application/json");
    let Ok(answer) = rename.body(r#"{"name":"renamed.bin"}"#).send().await else { return };
    if !ledger.is(&answer, 200) {
        return;
    }
    ledger.note(Named(sha256(&sent[0].1), "renamed.bin".into()));
    let Ok(answer) = person.request("DELETE", &format!("/api/media/{}", id(1))).send().await else {
        return;
    };
    if !ledger.is(&answer, 204) {
        return;
    }
    ledger.note(Trashed(sha256(&sent[1].1)));
}

async fn tus_client(person: &Person, seed: u64, ledger: &Ledger) {
    let bytes = bytes_of(seed * 1000 + 300, TUS_SIZE);
    let Ok(made) = person.begin("same name.bin", bytes.len()).await else { return };
    if !ledger.is(&made, 201) {
        return;
    }
    let path = header(&made, "location");
    ledger.note(Offset(path.clone(), 0));
    for (from, to) in [(0, 1), (1, 60_000), (60_000, TUS_SIZE)] {
        let Ok(answer) = person.append(&path, from, &bytes[from..to]).await else { return };
        if !ledger.is(&answer, 204) {
            return;
        }
        ledger.note(Offset(path.clone(), to));
    }
    ledger.note(Stored(sha256(&bytes)));
}

/// Asserts that acknowledged data exists, and that other data exists completely or not at all.
pub async fn check(person: &Person, site: &Site, seed: u64, ledger: &Ledger) {
    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    for what in &acknowledged {
        match what {
            Stored(digest) => assert!(person.item(digest).await.is_some(), "{what:?} is gone"),
            Trashed(digest) => assert!(
                person.item(digest).await.unwrap()["trashed_at"].is_string(),
                "{what:?} came back"
            ),
            Named(digest, name) => {
                assert_eq!(person.item(digest).await.unwrap()["name"].as_str().unwrap(), name);
            }
            Offset(path, offset) => {
                let now = person.offset(path).await.unwrap_or_else(|| panic!("{what:?} is gone"));
                assert!(now >= *offset && now <= TUS_SIZE, "{what:?} went back to {now}");
            }
        }
    }
    // The resumable upload continues from its offset.
    if let Some(Offset(path, _)) = acknowledged.iter().find(|what| matches!(what, Offset(..))) {
        let bytes = bytes_of(seed * 1000 + 300, TUS_SIZE);
        let offset = person.offset(path).await.unwrap();
        let answer = person.append(path, offset, &bytes[offset..]).await.unwrap();
        if !ledger.is(&answer, 204) {
            return;
        }
        assert!(person.item(&sha256(&bytes)).await.is_some(), "resumed and not stored");
    }
    person.assert_all_is_well(site).await;
}

/// SIGTERM, and wait.
pub fn terminate(server: &mut Server) {
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.child.wait().unwrap();
}
