//! Test servers and browser-like clients.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use nexus_media::app::Application;
use nexus_media::config::{RawSettings, Settings};
use nexus_media::db::Conn;
use nexus_media::db::table_rows::{TABLES, TableChecksum};
use nexus_media::model::item_filter::ItemFilter;
use nexus_media::model::{Item, Shelf, Sort};
use nexus_media::state::Services;
use nexus_media::store;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response};
use scraper::{Html, Selector};

pub use Backend::{MariaDb, Sqlite};

/// The database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    MariaDb,
}

/// A running server with folders and a database of its own.
pub struct TestApp {
    pub base: String,
    pub services: Arc<Services>,
    pub folder: tempfile::TempDir,
    setup_link: Option<String>,
    is_watched: bool,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if self.is_watched && !std::thread::panicking() {
            assert_eq!(
                crate::library_versions::unnoticed(&self.services),
                Vec::<String>::new(),
                "the version stayed as it was"
            );
        }
    }
}

/// Checksums of all tables, in the order of `TABLES`.
pub fn sums(conn: &mut Conn) -> Vec<TableChecksum> {
    TABLES.iter().map(|table| TableChecksum::of_table(conn, table).unwrap()).collect()
}

/// A further session of a user: its cookie, and the token of its forms.
pub async fn cookie_of(app: &TestApp, username: &str) -> (String, String) {
    let browser = app.browser();
    let fields = [("username", username), ("password", PASSWORD)];
    assert_eq!(browser.submit("/login", "/login", &fields).await.status(), 303);
    let page = browser.get("/upload").await;
    let cookie = header(&page, "set-cookie").split(';').next().unwrap().to_owned();
    let token = Page::of(page).await.attribute("input[name=csrf_token]", "value").unwrap();
    (cookie, token)
}

pub const PASSWORD: &str = "correct horse battery";

impl TestApp {
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[]).await
    }

    /// A server with these settings and its own folders.
    pub async fn start_with(backend: Backend, settings: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = Self::database(backend, &folder).await;
        Self::start_on(folder, url, settings).await
    }

    async fn start_on(
        folder: tempfile::TempDir,
        url: String,
        settings: &[(&'static str, &str)],
    ) -> Self {
        Self::start_changed(folder, url, settings, |_| {}).await
    }

    /// A server on existing folders.
    pub async fn start_in(folder: tempfile::TempDir, url: String) -> Self {
        Self::start_on(folder, url, &[]).await
    }

    /// A server that starts `program` as its decoder.
    pub async fn start_by(
        backend: Backend,
        program: PathBuf,
        settings: &[(&'static str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = Self::database(backend, &folder).await;
        Self::start_changed(folder, url, settings, |settings| settings.program = program).await
    }

    pub async fn database(backend: Backend, folder: &tempfile::TempDir) -> String {
        match backend {
            Sqlite => format!("sqlite://{}/data/nexus.db", folder.path().display()),
            MariaDb => {
                tokio::task::spawn_blocking(crate::database_template::database).await.unwrap()
            }
        }
    }

    /// A server whose static files come from `static_dir`.
    pub async fn start_with_static_dir(static_dir: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = Self::database(Sqlite, &folder).await;
        Self::start_changed(folder, url, &[], |settings| settings.static_dir = Some(static_dir))
            .await
    }

    /// A server with these settings, and with what no variable sets changed by `change`.
    async fn start_changed(
        folder: tempfile::TempDir,
        url: String,
        settings: &[(&'static str, &str)],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut given = RawSettings::from([
            ("listen", "127.0.0.1:0".to_owned()),
            ("data_dir", path("data")),
            ("media_dir", path("media")),
            ("database_url", url),
            ("workers", "1".to_owned()),
            ("previews_at_once", "1".to_owned()),
            ("watch", "off".to_owned()),
        ]);
        given.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut settings = Settings::from_raw(&given).unwrap();
        settings.program = env!("CARGO_BIN_EXE_nexus-media").into();
        change(&mut settings);
        let application = Application::build(settings).await.unwrap();
        let base = format!("http://127.0.0.1:{}", application.port());
        let setup_link = application.setup_link().unwrap();
        let services = application.services().clone();
        let is_watched = !services.db.is_shared();
        if is_watched {
            crate::library_versions::watch(&services);
        }
        actix_web::rt::spawn(application.run_until_stopped());
        Self { base, services, folder, setup_link, is_watched }
    }

    /// A server that is set up: the admin is `root`.
    pub async fn ready(backend: Backend) -> (Self, Browser) {
        Self::ready_with(backend, &[]).await
    }

    pub async fn ready_with(
        backend: Backend,
        settings: &[(&'static str, &str)],
    ) -> (Self, Browser) {
        let app = Self::start_with(backend, settings).await;
        let admin = app.set_up().await;
        (app, admin)
    }

    /// Makes the admin, `root`.
    pub async fn set_up(&self) -> Browser {
        let admin = self.browser();
        self.set_up_by(&admin, "").await;
        admin
    }

    /// Makes the admin, `root`, in that browser, on a server below that path.
    pub async fn set_up_by(&self, admin: &Browser, path: &str) {
        let code = self.setup_code();
        let fields = [
            ("code", code.as_str()),
            ("firstname", "Root"),
            ("lastname", "Admin"),
            ("username", "root"),
            ("email", "root@example.org"),
            ("password", PASSWORD),
        ];
        let form = format!("{path}/setup");
        let answer = admin.submit(&form, &form, &fields).await;
        assert_eq!(
            (answer.status().as_u16(), location(&answer)),
            (303, format!("{path}/dashboard"))
        );
    }

    pub fn setup_code(&self) -> String {
        self.setup_link.as_deref().and_then(|link| link.split_once("code=")).unwrap().1.to_owned()
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Browser { base: self.base.clone(), client }
    }

    /// The browser of a registered user who is still pending.
    pub async fn register(&self, username: &str) -> Browser {
        let browser = self.browser();
        let email = format!("{username}@example.org");
        let answer = browser
            .submit(
                "/register",
                "/register",
                &[
                    ("firstname", "Ada"),
                    ("lastname", "Lovelace"),
                    ("username", username),
                    ("email", &email),
                    ("password", PASSWORD),
                ],
            )
            .await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/pending".into()));
        browser
    }

    /// The browser of an approved user, and the user's id.
    pub async fn person(&self, admin: &Browser, username: &str) -> (Browser, i64) {
        let browser = self.register(username).await;
        let id = self.id_of(username);
        let answer = admin.submit("/admin/users", &format!("/admin/users/{id}/approve"), &[]).await;
        assert_eq!(answer.status(), 303);
        (browser, id)
    }

    pub fn id_of(&self, username: &str) -> i64 {
        self.user(username).id.0
    }

    pub fn user(&self, username: &str) -> nexus_media::model::User {
        self.services
            .db
            .read(|conn| Ok(store::users::find_by_login(conn, username)?))
            .unwrap()
            .unwrap()
    }

    /// A path in the folder of that user on disk.
    pub fn on_disk(&self, username: &str, path: &str) -> PathBuf {
        self.folder.path().join("media").join(self.user(username).folder).join(path)
    }

    /// Names of the files in a folder of that user, sorted.
    pub fn names(&self, username: &str, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.on_disk(username, path)).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The items of a user on a shelf, by name.
    pub fn items(&self, username: &str, shelf: Shelf) -> Vec<Item> {
        let user = self.user(username);
        let list = |conn: &mut _| {
            Ok(store::item_lists::list(
                conn,
                user.id,
                &ItemFilter::shelf(shelf),
                Sort::Name,
                None,
                1000,
            )?)
        };
        self.services.db.read(list).unwrap()
    }

    /// All items of a user, including the trash, each with the path of its directory.
    pub fn placed_items(&self, username: &str) -> Vec<(String, Item)> {
        let user = self.user(username);
        let directories = self
            .services
            .db
            .read(|conn| Ok(store::directories::list(conn, user.id, 100)?))
            .unwrap();
        let placed = |item: Item| {
            let of = directories
                .iter()
                .find(|directory| directory.directory_id == item.directory_id)
                .unwrap();
            (of.directory_path.clone(), item)
        };
        [Shelf::All, Shelf::Trash]
            .into_iter()
            .flat_map(|shelf| self.items(username, shelf))
            .map(placed)
            .collect()
    }

    /// The number of files being received.
    /// Waits until every file has been looked into.
    pub async fn previews_done(&self) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while nexus_media::domain::previews::counts(&self.services).unwrap().0 > 0 {
            assert!(std::time::Instant::now() < deadline, "previews take too long");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    pub fn incoming(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("media/.incoming")).unwrap().count()
    }
}

/// A browser: cookies, and forms with their tokens.
#[derive(Clone)]
pub struct Browser {
    pub base: String,
    pub client: Client,
}

impl Browser {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), self.url(path))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    /// The page at `path`, which must be there.
    pub async fn page(&self, path: &str) -> Page {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        Page::of(answer).await
    }

    /// The token of the first form on the page at `path`.
    pub async fn token(&self, path: &str) -> String {
        let page = Page::of(self.get(path).await).await;
        page.attribute("input[name=csrf_token]", "value")
            .unwrap_or_else(|| panic!("no form on {path}"))
    }

    /// Posts a form with the token of the page at `on`.
    pub async fn submit(&self, on: &str, to: &str, fields: &[(&str, &str)]) -> Response {
        let token = self.token(on).await;
        self.post(to, &token, fields).await
    }

    /// Posts a form with that token.
    pub async fn post(&self, to: &str, token: &str, fields: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf_token", token)
            .extend_pairs(fields)
            .finish();
        self.post_raw(to, body).header("referer", self.url("/photos")).send().await.unwrap()
    }

    pub fn post_raw(&self, to: &str, body: String) -> RequestBuilder {
        self.request("POST", to)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// Uploads files with the plain form and returns the result page.
    pub async fn upload(&self, files: &[(&str, &[u8])]) -> Page {
        let answer = self.upload_into("", files).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        let path = location(&answer);
        self.page(&path).await
    }

    pub async fn upload_into(&self, directory: &str, files: &[(&str, &[u8])]) -> Response {
        let token = self.token("/upload").await;
        self.upload_with(&token, directory, files).await
    }

    /// As [`Browser::upload_into`], with the token of a form.
    pub async fn upload_with(
        &self,
        token: &str,
        directory: &str,
        files: &[(&str, &[u8])],
    ) -> Response {
        let mut form = Form::new()
            .text("csrf_token", token.to_owned())
            .text("directory", directory.to_owned());
        for (name, bytes) in files {
            form = form.part("file", Part::bytes(bytes.to_vec()).file_name((*name).to_owned()));
        }
        self.request("POST", "/upload").multipart(form).send().await.unwrap()
    }

    /// Uploads one file and returns its id.
    pub async fn upload_one(&self, name: &str, bytes: &[u8]) -> String {
        let page = self.upload(&[(name, bytes)]).await;
        let href = page
            .attribute(".row-item a[href^='/items/']", "href")
            .unwrap_or_else(|| panic!("not stored: {}", page.text()));
        href.trim_start_matches("/items/").to_owned()
    }

    /// Posts to `/items/{id}/{action}`.
    pub async fn act(&self, id: &str, action: &str, fields: &[(&str, &str)]) -> Response {
        self.submit("/upload", &format!("/items/{id}/{action}"), fields).await
    }

    /// Names on a shelf, in its order.
    pub async fn names_on(&self, path: &str) -> Vec<String> {
        let page = self.page(path).await;
        let tiles = selector("[data-tile] .tile-link");
        let links = page.html.select(&tiles).map(|link| {
            let image = link
                .select(&selector("img"))
                .next()
                .and_then(|image| image.value().attr("alt").map(str::to_owned));
            let name = link.select(&selector(".tile-name")).next();
            image.unwrap_or_else(|| {
                name.unwrap_or(link).text().collect::<String>().trim().to_owned()
            })
        });
        links.collect()
    }
}

pub fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

/// A page of a response.
pub struct Page {
    pub html: Html,
    pub source: String,
}

impl Page {
    pub async fn of(answer: Response) -> Self {
        Self::from_html(&answer.text().await.unwrap())
    }

    pub fn from_html(source: &str) -> Self {
        Self { html: Html::parse_document(source), source: source.to_owned() }
    }

    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.html.select(&selector(css)).next()?.value().attr(name).map(str::to_owned)
    }

    /// The texts of all elements that match, on one line each.
    pub fn all(&self, css: &str) -> Vec<String> {
        let selector = selector(css);
        let texts = self.html.select(&selector).map(|found| found.text().collect::<String>());
        texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    pub fn has(&self, css: &str) -> bool {
        self.html.select(&selector(css)).next().is_some()
    }

    /// Its visible text.
    pub fn text(&self) -> String {
        let text: String = self.html.root_element().text().collect::<Vec<_>>().join(" ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn says(&self, words: &str) -> bool {
        self.text().contains(words)
    }
}

pub fn location(answer: &Response) -> String {
    header(answer, "location")
}

pub fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// A picture of one dot, different for each `seed`.
pub fn png(seed: u32) -> Vec<u8> {
    let [_, red, green, blue] = seed.to_be_bytes();
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(1, 1, image::Rgb([red, green, blue]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// Asserts that the stored counts match the rows.
pub fn assert_counts_are_true(app: &TestApp, username: &str) {
    use nexus_media::model::item_filter::ItemFilter;
    use nexus_media::model::{Shelf, Sort};
    let user = app.user(username);
    let (kept, counted, used) = app
        .services
        .db
        .read(|conn| {
            let kept: HashMap<_, _> = store::shelf_counts::list(conn, user.id)?
                .into_iter()
                .map(|count| (count.shelf, (count.items, count.bytes)))
                .collect();
            let mut counted = HashMap::new();
            for shelf in Shelf::COUNTED {
                let items = store::item_lists::list(
                    conn,
                    user.id,
                    &ItemFilter::shelf(shelf),
                    Sort::Newest,
                    None,
                    10_000,
                )?;
                counted.insert(
                    shelf,
                    (
                        i64::try_from(items.len()).unwrap(),
                        items.iter().map(|item| item.size).sum::<i64>(),
                    ),
                );
            }
            let parts = [Shelf::All, Shelf::Trash, Shelf::Received];
            let all: i64 = parts.iter().map(|shelf| counted.get(shelf).unwrap().1).sum();
            Ok((kept, counted, all))
        })
        .unwrap();
    assert_eq!(kept, counted);
    assert_eq!(user.used_bytes, used);
    for shelf in
        [Shelf::All, Shelf::Photos, Shelf::Videos, Shelf::Audios, Shelf::Uploads, Shelf::Favorites]
    {
        let (kept, counted) = app
            .services
            .db
            .read(|conn| {
                let kept = store::shelf_counts::list_months(conn, user.id, shelf)?;
                Ok((kept, store::items::count_months(conn, user.id, shelf)?))
            })
            .unwrap();
        let kept: BTreeMap<i32, i64> =
            kept.into_iter().map(|(month, items)| (month.number(), items)).collect();
        assert_eq!(kept, counted, "months of {}", shelf.as_str());
    }
}

/// Asserts that what albums keep of their items is what these are now.
pub fn assert_albums_are_true(app: &TestApp) {
    use diesel::sql_types::BigInt;
    use diesel::{QueryableByName, RunQueryDsl};

    #[derive(QueryableByName)]
    struct Wrong {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let statements = [
        "SELECT COUNT(*) AS `rows` FROM album_items a JOIN media_items m ON m.id = a.item_id WHERE a.shown_at <> m.shown_at \
         OR a.name_key <> m.name_key OR a.is_shown <> (m.placement = 0 AND m.shelf <> 'motion' AND (m.user_id = \
         (SELECT user_id FROM albums WHERE id = a.album_id) OR 'active' = (SELECT status FROM users WHERE id = m.user_id)))",
        "SELECT COUNT(*) AS `rows` FROM albums WHERE items <> (SELECT COUNT(*) FROM album_items WHERE album_id = albums.id \
         AND is_shown = 1)",
    ];
    for statement in statements {
        let found = app
            .services
            .db
            .read(|conn| Ok(diesel::sql_query(statement).get_result::<Wrong>(conn)?));
        assert_eq!(found.unwrap().rows, 0, "{statement}");
    }
}

/// An API client with a Bearer token.
#[derive(Clone)]
pub struct Program {
    pub base: String,
    pub client: Client,
    pub token: String,
    pub refresh_token: String,
}

impl TestApp {
    /// Logs a program in through the API.
    /// Host and port, for a connection without an HTTP client.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub async fn program(&self, username: &str) -> Program {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = call(
            client.post(format!("{}/api/auth/login", self.base)),
            &serde_json::json!({ "username": username, "password": PASSWORD }),
        )
        .await;
        assert_eq!(answer.status(), 200);
        let body = json(answer).await;
        Program {
            base: self.base.clone(),
            client,
            token: body["token"].as_str().unwrap().into(),
            refresh_token: body["refresh_token"].as_str().unwrap().into(),
        }
    }
}

impl Program {
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        request.header("authorization", format!("Bearer {}", self.token))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    /// The JSON at `path`, which must be there.
    pub async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        json(answer).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &serde_json::Value) -> Response {
        call(self.request(method, path), body).await
    }

    /// Uploads files and returns the answer.
    pub async fn upload(&self, files: &[(&str, &[u8])]) -> Response {
        let mut form = Form::new();
        for (name, bytes) in files {
            form = form.part("file", Part::bytes(bytes.to_vec()).file_name((*name).to_owned()));
        }
        self.request("POST", "/api/media/upload").multipart(form).send().await.unwrap()
    }

    /// Uploads one file and returns its id.
    pub async fn upload_one(&self, name: &str, bytes: &[u8]) -> String {
        let answer = self.upload(&[(name, bytes)]).await;
        assert_eq!(answer.status(), 201);
        json(answer).await["items"][0]["id"].as_str().unwrap().into()
    }

    /// Names on a page of a list.
    pub async fn names(&self, query: &str) -> Vec<String> {
        let list = self.json(&format!("/api/media/list?{query}")).await;
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub async fn call(request: RequestBuilder, body: &serde_json::Value) -> Response {
    request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap()
}

pub async fn json(answer: Response) -> serde_json::Value {
    assert_eq!(header(&answer, "content-type"), "application/json");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// The code of an API error.
pub async fn code(answer: Response) -> String {
    json(answer).await["error"]["code"].as_str().unwrap().to_owned()
}
