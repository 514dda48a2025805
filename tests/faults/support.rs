//! A server in a process of its own, and clients that record what was acknowledged.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response};
use sha2::{Digest, Sha256};

pub use crate::process::{PASSWORD, Server};
/// How long a start may take.
pub const READY: Duration = Duration::from_secs(2);

/// Whether all failpoints are tried.
pub fn is_long() -> bool {
    std::env::var("FAULTS").is_ok_and(|word| word == "long")
}

/// The folders and database of a server, and its process.
pub struct Site {
    pub folder: PathBuf,
    pub database: String,
    pub media: PathBuf,
}

impl Site {
    pub fn on_sqlite(folder: &Path) -> Self {
        let database = format!("sqlite://{}/data/nexus.db", folder.display());
        Self { folder: folder.to_path_buf(), database, media: folder.join("media") }
    }

    pub fn on_mariadb(folder: &Path) -> Self {
        Self { database: crate::mariadb::database(), ..Self::on_sqlite(folder) }
    }

    /// Starts the server with these variables on top; the first time it makes the admin `root`.
    pub fn start_with(&self, variables: &[(&str, &str)]) -> Server {
        self.with_variables(variables, |variables| Server::start(&self.folder, variables))
    }

    /// Starts a command that runs the server in its own process.
    pub fn spawn(&self, command: Command) -> Server {
        self.with_variables(&[], |variables| Server::spawn(command, &self.folder, variables))
    }

    fn with_variables(
        &self,
        variables: &[(&str, &str)],
        start: impl FnOnce(&[(&str, &str)]) -> Server,
    ) -> Server {
        let own = [
            ("NEXUS_DATA_DIR", self.folder.join("data").display().to_string()),
            ("NEXUS_MEDIA_DIR", self.media.display().to_string()),
            ("DATABASE_URL", self.database.clone()),
            ("NEXUS_RATE_LIMIT", "off".to_owned()),
        ];
        let own: Vec<(&str, &str)> =
            own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        start(&[&own[..], variables].concat())
    }

    pub fn start(&self) -> Server {
        self.start_with(&[])
    }

    /// Creates an account with the password of all tests.
    pub fn add_user(&self, username: &str) {
        let email = format!("{username}@example.org");
        let status = Command::new(env!("CARGO_BIN_EXE_nexus-media"))
            .args(["user", "add", username, "--email", &email])
            .args(["--firstname", "Ada", "--lastname", "Lovelace", "--password-file"])
            .arg(self.folder.join("password"))
            .current_dir(&self.folder)
            .env("NEXUS_DATA_DIR", self.folder.join("data"))
            .env("NEXUS_MEDIA_DIR", &self.media)
            .env("DATABASE_URL", &self.database)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Starts it after a fault: it has to be ready in time.
    pub fn start_again(&self) -> Server {
        let began = Instant::now();
        let server = self.start();
        assert!(began.elapsed() < READY, "ready only after {:?}", began.elapsed());
        server
    }
}

/// Random numbers with a seed (xorshift64*: George Marsaglia, Xorshift RNGs, 2003).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() >> 32).unwrap() % limit
    }

    pub fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    pub fn bytes(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            bytes.extend_from_slice(&self.number().to_le_bytes());
        }
        bytes.truncate(size);
        bytes
    }
}

/// `size` unique bytes.
pub fn bytes_of(seed: u64, size: usize) -> Vec<u8> {
    Random::new(seed).bytes(size)
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A client with a token.
#[derive(Clone)]
pub struct Person {
    pub base: String,
    pub client: Client,
    pub token: String,
}

pub type Heard<T> = Result<T, reqwest::Error>;

pub fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

impl Person {
    /// The admin, logged in.
    pub async fn log_in(server: &Server) -> Self {
        Self::log_in_as(server, "root").await
    }

    /// Logs in a user who has the password of all tests.
    pub async fn log_in_as(server: &Server, username: &str) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(3))
            .build()
            .unwrap();
        let body = serde_json::json!({ "username": username, "password": PASSWORD }).to_string();
        let request = client
            .post(format!("{}/api/auth/login", server.base))
            .header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        Self { base: server.base.clone(), client, token: body["token"].as_str().unwrap().into() }
    }

    /// The same user at a restarted server.
    pub fn at(&self, server: &Server) -> Self {
        Self { base: server.base.clone(), ..self.clone() }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        request.header("authorization", format!("Bearer {}", self.token))
    }

    pub fn tus(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, path).header("tus-resumable", "1.0.0")
    }

    pub async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.request("GET", path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    pub async fn upload(&self, files: &[(String, Vec<u8>)]) -> Heard<Response> {
        let form = files.iter().fold(Form::new(), |form, (name, bytes)| {
            form.part("file", Part::bytes(bytes.clone()).file_name(name.clone()))
        });
        self.request("POST", "/api/media/upload").multipart(form).send().await
    }

    /// Creates a resumable upload and returns its path.
    pub async fn begin(&self, name: &str, size: usize) -> Heard<Response> {
        let metadata = format!("filename {}", BASE64_STANDARD.encode(name));
        self.tus("POST", "/api/uploads")
            .header("upload-length", size)
            .header("upload-metadata", metadata)
            .send()
            .await
    }

    pub async fn append(&self, path: &str, offset: usize, bytes: &[u8]) -> Heard<Response> {
        let request =
            self.tus("PATCH", path).header("content-type", "application/offset+octet-stream");
        request.header("upload-offset", offset).body(bytes.to_vec()).send().await
    }

    pub async fn offset(&self, path: &str) -> Option<usize> {
        let answer = self.tus("HEAD", path).send().await.unwrap();
        if answer.status() == 404 {
            return None;
        }
        assert_eq!(answer.status(), 200, "{path}");
        Some(header(&answer, "upload-offset").parse().unwrap())
    }

    /// The one item with these bytes, wherever it is.
    pub async fn item(&self, digest: &str) -> Option<serde_json::Value> {
        for shelf in ["all", "trash"] {
            let list = self.json(&format!("/api/media/list?shelf={shelf}&sha256={digest}")).await;
            let items = list["items"].as_array().unwrap();
            assert!(items.len() <= 1, "the same bytes twice");
            if let Some(item) = items.first() {
                return Some(item.clone());
            }
        }
        None
    }

    /// Deletes all items.
    pub async fn delete_everything(&self) {
        for shelf in ["all", "trash"] {
            loop {
                let page = self.json(&format!("/api/media/list?shelf={shelf}")).await;
                let items = page["items"].as_array().unwrap();
                if items.is_empty() {
                    break;
                }
                for item in items {
                    let how = if shelf == "trash" { "?permanent=true" } else { "" };
                    let path = format!("/api/media/{}{how}", item["id"].as_str().unwrap());
                    assert_eq!(self.request("DELETE", &path).send().await.unwrap().status(), 204);
                }
            }
        }
    }

    /// Asserts that every item is served completely and that every file on disk belongs to an item.
    pub async fn assert_all_is_well(&self, site: &Site) {
        let mut known: HashMap<String, u64> = HashMap::new();
        for shelf in ["all", "trash"] {
            let mut cursor = String::new();
            loop {
                let page =
                    self.json(&format!("/api/media/list?shelf={shelf}&limit=200{cursor}")).await;
                for item in page["items"].as_array().unwrap() {
                    let content = self
                        .request("GET", item["content_url"].as_str().unwrap())
                        .send()
                        .await
                        .unwrap();
                    assert_eq!(content.status(), 200, "{item}");
                    let bytes = content.bytes().await.unwrap();
                    assert_eq!(sha256(&bytes), item["sha256"].as_str().unwrap(), "{item}");
                    let folder = if shelf == "trash" {
                        "Trash"
                    } else {
                        item["directory_name"].as_str().unwrap()
                    };
                    *known
                        .entry(format!("{folder} {}", item["sha256"].as_str().unwrap()))
                        .or_default() += 1;
                }
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
        let mut found: HashMap<String, u64> = HashMap::new();
        let person = std::fs::read_dir(&site.media).unwrap().map(|entry| entry.unwrap().path());
        let person =
            person.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("00001_"));
        for folder in
            person.flat_map(|person| std::fs::read_dir(person).unwrap()).map(Result::unwrap)
        {
            if folder.path().is_dir() {
                for file in std::fs::read_dir(folder.path()).unwrap() {
                    let digest = sha256(&std::fs::read(file.unwrap().path()).unwrap());
                    *found
                        .entry(format!("{} {digest}", folder.file_name().to_str().unwrap()))
                        .or_default() += 1;
                }
            }
        }
        assert_eq!(known, found, "tables and disk agree");
        assert_eq!(std::fs::read_dir(site.media.join(".incoming")).unwrap().count(), 0, "orphans");
    }
}
