//! Who may do what: a matrix made from the registered routes. A route without a row fails.

use std::collections::HashMap;

use rstest::rstest;

use crate::support::*;

/// The response to a kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gets {
    /// The page itself: 2xx, a 303 other than those below, or a 4xx about the content of the form.
    In,
    /// 303 to `/login`.
    LogIn,
    /// 303 to `/pending`.
    Pending,
    /// 404.
    Nothing,
}
use Gets::{In, LogIn, Nothing, Pending};

/// Not logged in, a pending user, another active user, the owner, an admin who is not the owner.
type Row = [Gets; 5];

const OPEN: Row = [In, In, In, In, In];
const SIGNED_IN: Row = [LogIn, Pending, In, In, In];
const OWNER: Row = [LogIn, Pending, Nothing, In, Nothing];
const ADMIN: Row = [LogIn, Pending, Nothing, Nothing, In];

fn row_of(route: &nexus_media::http::Route) -> Option<Row> {
    if route.method == "OPTIONS" {
        return Some(OPEN);
    }
    Some(match route.path {
        // Without the configured token.
        "/setup" | "/metrics" => [Nothing; 5],
        "/"
        | "/login"
        | "/logout"
        | "/register"
        | "/recover"
        | "/language"
        | "/healthz"
        | "/readyz"
        | "/static/{version}/{name:.*}" => OPEN,
        "/pending" => [LogIn, In, In, In, In],
        "/dashboard"
        | "/photos"
        | "/videos"
        | "/audios"
        | "/uploads"
        | "/favorites"
        | "/recents"
        | "/trash"
        | "/search"
        | "/search/suggestions"
        | "/albums"
        | "/music"
        | "/music/albums"
        | "/music/artists"
        | "/map"
        | "/map/clusters"
        | "/upload" => SIGNED_IN,
        "/trash/empty" | "/trash/restore-all" | "/directories" => SIGNED_IN,
        "/account"
        | "/account/password"
        | "/account/theme"
        | "/account/time-zone"
        | "/account/picture"
        | "/account/sessions"
        | "/account/storage"
        | "/account/language"
        | "/account/apps"
        | "/account/tokens"
        | "/account/sessions/end-others" => SIGNED_IN,
        "/account/sessions/{id}/end"
        | "/account/tokens/{id}/end"
        | "/uploads/results/{id}"
        | "/uploads/unfinished/{id}/discard" => OWNER,
        "/items/{id}"
        | "/media/{id}"
        | "/media/{id}/thumbnail"
        | "/media/{id}/motion"
        | "/media/{id}/pages/{page}" => OWNER,
        "/items/{id}/favorite"
        | "/items/{id}/unfavorite"
        | "/items/{id}/rename"
        | "/items/{id}/move"
        | "/items/{id}/details"
        | "/items/{id}/trash"
        | "/items/{id}/restore"
        | "/items/{id}/delete" => OWNER,
        "/items/favorite" | "/items/unfavorite" | "/items/move" | "/items/trash"
        | "/items/restore" | "/items/delete" | "/items/download" | "/items/edit"
        | "/items/details" => OWNER,
        "/albums/{album}"
        | "/albums/{album}/download"
        | "/albums/{album}/change"
        | "/albums/{album}/remove"
        | "/albums/{album}/arrange"
        | "/albums/{album}/delete"
        | "/items/album" => OWNER,
        "/directories/{directory_id}"
        | "/directories/{directory_id}/download"
        | "/directories/{directory_id}/rename"
        | "/directories/{directory_id}/delete" => OWNER,
        "/admin/users"
        | "/admin/users/new"
        | "/admin/users/{id}"
        | "/admin/status"
        | "/admin/storage"
        | "/admin/findings"
        | "/admin/audit"
        | "/admin/audit/export"
        | "/admin/previews/retry"
        | "/admin/users/approve"
        | "/admin/users/reject" => ADMIN,
        "/admin/users/{id}/approve"
        | "/admin/users/{id}/reject"
        | "/admin/users/{id}/suspend"
        | "/admin/users/{id}/reactivate" => ADMIN,
        "/admin/users/{id}/access-level"
        | "/admin/users/{id}/quota"
        | "/admin/users/{id}/access-code"
        | "/admin/users/{id}/end-sessions" => ADMIN,
        "/findings/{id}/seen" => OWNER,
        "/admin/findings/{id}/delete" | "/admin/findings/{id}/release" => ADMIN,
        "/app.webmanifest"
        | "/sw.js"
        | "/offline"
        | "/shared-in"
        | "/favicon.ico"
        | "/apple-touch-icon.png" => OPEN,
        path => return api_row_of(path),
    })
}

fn api_row_of(path: &str) -> Option<Row> {
    Some(match path {
        "/api/auth/login" | "/api/auth/refresh" | "/api/openapi.json" | "/api/docs" => OPEN,
        "/api/auth/logout" | "/api/auth/me" | "/api/users/me" | "/api/media/list"
        | "/api/media/upload" | "/api/directories" | "/api/albums" | "/api/uploads" => SIGNED_IN,
        "/api/albums/{album}" | "/api/albums/{album}/items" => OWNER,
        "/api/media/{id}"
        | "/api/media/edit"
        | "/api/media/{id}/restore"
        | "/api/media/{id}/content"
        | "/api/media/{id}/motion"
        | "/api/media/{id}/thumbnail" => OWNER,
        "/api/directories/{id}" | "/api/uploads/{id}" => OWNER,
        "/api/admin/users" | "/api/admin/users/{id}" => ADMIN,
        _ => return None,
    })
}

/// Complete bodies for API calls.
fn body_of(method: &str, path: &str, item: &str) -> serde_json::Value {
    match path {
        "/api/albums" | "/api/albums/{album}" => serde_json::json!({ "name": "new" }),
        "/api/albums/{album}/items" if method == "PATCH" => {
            serde_json::json!({ "item": item, "before": null })
        }
        "/api/albums/{album}/items" => serde_json::json!({ "ids": [item] }),
        "/api/auth/login" => serde_json::json!({ "username": "owner", "password": PASSWORD }),
        "/api/auth/refresh" => serde_json::json!({ "refresh_token": "none" }),
        "/api/media/{id}" => serde_json::json!({ "favorite": true }),
        "/api/media/edit" => serde_json::json!({ "ids": [item], "description": "words" }),
        "/api/users/me" => serde_json::json!({ "time_zone": "Asia/Tokyo" }),
        "/api/directories" | "/api/directories/{id}" => {
            serde_json::json!({ "name": format!("d{}", rand_seed()) })
        }
        _ => serde_json::json!({}),
    }
}

/// Calls a route as a browser does: pages with a form, the API with JSON and the token as a header.
async fn call(
    browser: &Browser,
    route: &nexus_media::http::Route,
    ids: &Ids,
    token: &str,
) -> reqwest::Response {
    let path = filled(route.path, ids);
    if route.method == "GET" {
        return browser.get(&path).await;
    }
    if path.starts_with("/api/uploads") {
        let request = browser
            .request(route.method, &path)
            .header("x-csrf-token", token)
            .header("tus-resumable", "1.0.0");
        let request = request.header("upload-length", 3).header("upload-offset", 0);
        return request
            .header("content-type", "application/offset+octet-stream")
            .send()
            .await
            .unwrap();
    }
    if path.starts_with("/api/") {
        let request = browser.request(route.method, &path).header("x-csrf-token", token);
        return request
            .header("content-type", "application/json")
            .body(body_of(route.method, route.path, &ids.item).to_string())
            .send()
            .await
            .unwrap();
    }
    let fields = fields_of(route.path, ids);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(&path, token, &fields).await
}

/// Complete fields for forms.
fn fields_of(path: &str, ids: &Ids) -> Vec<(&'static str, String)> {
    match path {
        "/items/{id}/rename" | "/directories/{directory_id}/rename" => {
            vec![("name", "renamed".into())]
        }
        "/items/{id}/details" => {
            ["taken", "description", "tags", "position"].map(|name| (name, "1962".into())).to_vec()
        }
        "/items/details" => vec![("ids", ids.item.clone()), ("description", "words".into())],
        "/items/{id}/move" => vec![("directory", ids.directory.clone())],
        "/items/move" => vec![("ids", ids.item.clone()), ("directory", ids.directory.clone())],
        path if path.starts_with("/items/") && !path.contains('{') => {
            vec![("ids", ids.item.clone())]
        }
        "/directories" | "/albums" => vec![("name", "new".into())],
        "/albums/{album}/change" => vec![("name", "renamed".into())],
        "/albums/{album}/remove" => vec![("ids", ids.item.clone())],
        "/albums/{album}/arrange" => vec![("item", ids.item.clone()), ("place", "first".into())],
        "/account/theme" => vec![("theme", "dark".into())],
        "/account/time-zone" => vec![("time_zone", "Europe/Vienna".into())],
        "/admin/users/{id}/access-level" => vec![("access_level", "user".into())],
        "/admin/users/{id}/quota" => vec![("quota", "0".into())],
        _ => Vec::new(),
    }
}

struct Ids {
    document: String,
    item: String,
    directory: String,
    album: String,
    report: String,
    session: String,
    upload: String,
    finding: String,
    person: i64,
}

fn filled(path: &str, ids: &Ids) -> String {
    let id = match path {
        path if path.contains("/findings/") => ids.finding.clone(),
        path if path.starts_with("/admin/") || path.starts_with("/api/admin/") => {
            ids.person.to_string()
        }
        path if path.starts_with("/api/directories/") => ids.directory.clone(),
        path if path.starts_with("/account/sessions") || path.starts_with("/account/tokens") => {
            ids.session.clone()
        }
        path if path.starts_with("/uploads/unfinished/") => ids.upload.clone(),
        path if path.starts_with("/uploads/") => ids.report.clone(),
        path if path.starts_with("/api/uploads/") => ids.upload.clone(),
        path if path.contains("/pages/") => ids.document.clone(),
        _ => ids.item.clone(),
    };
    path.replace("{id}", &id)
        .replace("{page}", "1")
        .replace("{directory_id}", &ids.directory)
        .replace("{album}", &ids.album)
        .replace("{version}/{name:.*}", "x/css/nexus.css")
}

async fn verdict(answer: reqwest::Response) -> Gets {
    let to = location(&answer);
    let is_api = answer.url().path().starts_with("/api/");
    match answer.status().as_u16() {
        401 if is_api => LogIn,
        403 if is_api => {
            let said = answer.text().await.unwrap();
            if said.contains("ACCOUNT_PENDING") || said.is_empty() {
                Pending
            } else {
                panic!("{said}")
            }
        }
        303 if to == "/login" || to.starts_with("/login?") => LogIn,
        303 if to == "/pending" => Pending,
        404 => Nothing,
        500.. => panic!("{} answered {}", answer.url(), answer.status()),
        _ => In,
    }
}

async fn ids_of(app: &TestApp, person: i64, document: &str) -> Ids {
    let owner = &session_of(app, "owner").await;
    // A moving photo has a response on every route.
    let video = format!("\0\0\0\x18ftypmp42\0\0\0\0mp42isom{:032}", rand_seed());
    let picture = crate::samples::jpeg(&crate::samples::corners(80, 60));
    let photo = crate::samples::moving_photo(&picture, video.as_bytes());
    let report = location(&owner.upload_into("", &[("a.jpg", &photo)]).await);
    let item = owner.page(&report).await.attribute(".row-item a[href^='/items/']", "href").unwrap();
    let preview = format!("/media/{}/thumbnail", item.trim_start_matches("/items/"));
    assert_eq!(owner.get(&preview).await.status(), 200, "it was looked into");
    let made =
        owner.submit("/photos", "/directories", &[("name", &format!("d{}", rand_seed()))]).await;
    let id = item.trim_start_matches("/items/");
    let fields = [("ids", id), ("new_album", "Lisbon")];
    owner.submit("/photos", "/items/album", &fields).await;
    let album = owner.page("/albums").await.attribute("a.album", "href").unwrap();
    let page = owner.page("/account/sessions").await;
    let this = page
        .html
        .select(&selector(".row-item"))
        .find(|row| row.text().any(|text| text.contains("This device")))
        .unwrap();
    let action =
        this.select(&selector("form")).next().unwrap().value().attr("action").unwrap().to_owned();
    let token = owner.token("/account").await;
    let announced = owner
        .request("POST", "/api/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", 9);
    let upload = announced.header("x-csrf-token", token).send().await.unwrap();
    Ids {
        finding: finding_of(app),
        upload: location(&upload).trim_start_matches("/api/uploads/").to_owned(),
        item: item.trim_start_matches("/items/").to_owned(),
        document: document.to_owned(),
        directory: location(&made).trim_start_matches("/directories/").to_owned(),
        album: album.trim_start_matches("/albums/").to_owned(),
        report: report.trim_start_matches("/uploads/results/").to_owned(),
        session: action
            .trim_start_matches("/account/sessions/")
            .trim_end_matches("/end")
            .to_owned(),
        person,
    }
}

/// Creates a finding of the owner.
fn finding_of(app: &TestApp) -> String {
    use nexus_media::model::FindingId;
    use nexus_media::model::finding::{Finding, FindingState};
    let finding = Finding {
        id: FindingId::new(),
        user_id: app.user("owner").id,
        name: "bad.com".into(),
        directory_path: "Uploads".into(),
        size: 3,
        sha256: "0".repeat(64),
        signature: "Test".into(),
        state: FindingState::Quarantined,
        is_seen: false,
        found_at: nexus_media::model::now(),
        decided_at: None,
        decided_by: None,
    };
    app.services
        .write_library(finding.user_id, |conn| {
            Ok(nexus_media::store::findings::insert(conn, &finding)?)
        })
        .unwrap();
    let file = app.folder.path().join("media/.quarantine").join(finding.id.0.simple().to_string());
    std::fs::write(file, "bad").unwrap();
    finding.id.to_string()
}

fn rand_seed() -> u32 {
    u32::try_from(uuid::Uuid::now_v7().as_u128() & 0xffff_ffff).unwrap()
}

#[rstest]
#[actix_web::test]
async fn everyone_gets_what_the_matrix_says_on_every_route(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    // Forms without a password count as failed attempts.
    let (app, admin) = TestApp::ready_with(backend, &[("rate_limit", "off")]).await;
    for name in ["owner", "other", "subject"] {
        app.person(&admin, name).await;
    }
    let person = app.id_of("subject");
    let mut sessions = Sessions { app: &app, known: HashMap::new() };
    let pdf = crate::documents::pdf(&[100]);
    let document = session_of(&app, "owner").await.upload_one("document.pdf", &pdf).await;
    let mut unused_ids = None;
    let mut wrong = Vec::new();
    for route in nexus_media::http::routes() {
        let Some(expected) = row_of(&route) else {
            wrong.push(format!("{} {} has no row", route.method, route.path));
            continue;
        };
        let ids = match unused_ids.take() {
            Some(ids) => ids,
            None => ids_of(&app, person, &document).await,
        };
        if matches!(
            route.path,
            "/api/media/{id}/restore"
                | "/items/{id}/restore"
                | "/items/{id}/delete"
                | "/items/restore"
                | "/items/delete"
        ) {
            session_of(&app, "owner").await.act(&ids.item, "trash", &[]).await;
        }
        // The owner comes after those who must not have access.
        for (index, name) in
            ["nobody", "pending", "other", "owner", "admin"].into_iter().enumerate()
        {
            let (browser, token) = sessions.get(name).await;
            let answer = call(&browser, &route, &ids, &token).await;
            let status = answer.status();
            let mut got = verdict(answer).await;
            // These redirect there in any case.
            if matches!(
                (route.path, got),
                ("/" | "/logout" | "/api/auth/refresh", LogIn) | ("/register", Pending)
            ) {
                got = In;
            }
            let expected = expected[index];
            if got != expected {
                wrong.push(format!(
                    "{} {} as {name}: {got:?} ({}), expected {expected:?}",
                    route.method, route.path, status
                ));
            }
        }
        // Routes that only read leave the ids to the next route.
        unused_ids = matches!(route.method, "GET" | "HEAD" | "OPTIONS").then_some(ids);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A browser of each kind of user, with its form token. It is replaced if its session was ended, for example by a log-out.
struct Sessions<'a> {
    app: &'a TestApp,
    known: HashMap<&'static str, (Browser, String)>,
}

impl Sessions<'_> {
    async fn get(&mut self, name: &'static str) -> (Browser, String) {
        // A page that is only shown in that state.
        let page = if name == "pending" { "/pending" } else { "/account" };
        if let Some(known) = self.known.get(name)
            && known.0.get(page).await.status() == 200
        {
            return known.clone();
        }

        let browser = match name {
            "nobody" => {
                let browser = self.app.browser();
                let token = browser.token("/login").await;
                return (browser, token);
            }
            "pending" => self.app.register(&format!("p{}", rand_seed())).await,
            "admin" => session_of(self.app, "root").await,
            name => session_of(self.app, name).await,
        };
        let token = browser.token(page).await;
        self.known.insert(name, (browser.clone(), token.clone()));
        (browser, token)
    }
}

/// A new session of that user.
async fn session_of(app: &TestApp, username: &str) -> Browser {
    let browser = app.browser();
    let answer =
        browser.submit("/login", "/login", &[("username", username), ("password", PASSWORD)]).await;
    assert_eq!(answer.status(), 303, "{username}");
    browser
}

#[rstest]
#[actix_web::test]
async fn another_users_id_and_an_unknown_id_give_the_same_bytes(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "owner").await;
    let (other, _) = app.person(&admin, "other").await;
    let pdf = crate::documents::pdf(&[100]);
    let document = session_of(&app, "owner").await.upload_one("document.pdf", &pdf).await;
    let ids = ids_of(&app, 1, &document).await;
    let none = Ids {
        document: uuid::Uuid::now_v7().to_string(),
        item: uuid::Uuid::now_v7().to_string(),
        directory: uuid::Uuid::now_v7().to_string(),
        album: uuid::Uuid::now_v7().to_string(),
        report: uuid::Uuid::now_v7().to_string(),
        session: "999999".into(),
        upload: uuid::Uuid::now_v7().to_string(),
        finding: uuid::Uuid::now_v7().to_string(),
        person: 999_999,
    };
    let token = other.token("/account").await;
    let owners: Vec<_> = nexus_media::http::routes()
        .into_iter()
        .filter(|route| row_of(route) == Some(OWNER))
        .collect();
    assert!(owners.len() > 15);
    for route in owners {
        let mut answers = Vec::new();
        for ids in [&ids, &none] {
            let answer = call(&other, &route, ids, &token).await;
            let id = header(&answer, "x-request-id");
            let mut headers: HashMap<_, _> = answer
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect();
            for varying in ["x-request-id", "date", "set-cookie", "ratelimit", "connection"] {
                headers.remove(varying);
            }
            answers.push((answer.status(), headers, answer.text().await.unwrap().replace(&id, "")));
        }
        assert_eq!(answers[0], answers[1], "{} {}", route.method, route.path);
    }
}
