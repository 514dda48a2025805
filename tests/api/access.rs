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
    /// 403: it may be seen, but not this.
    Refused,
}
use Gets::{In, LogIn, Nothing, Pending, Refused};

/// All kinds of users. Those with whom the owner shares something come before the owner, because owners change it.
const ACTORS: [&str; 8] =
    ["nobody", "pending", "other", "viewer", "contributor", "editor", "owner", "admin"];

/// Not logged in, a pending user, another active user; users with a grant to view, contribute and edit; the owner, an
/// admin who is not the owner.
type Row = [Gets; 8];

const OPEN: Row = [In; 8];
const SIGNED_IN: Row = [LogIn, Pending, In, In, In, In, In, In];
const OWNER: Row = [LogIn, Pending, Nothing, Nothing, Nothing, Nothing, In, Nothing];
const ADMIN: Row = [LogIn, Pending, Nothing, Nothing, Nothing, Nothing, Nothing, In];
/// A user with a grant, at the address of that grant.
const GRANTEE: Row = [LogIn, Pending, Nothing, In, In, In, Nothing, Nothing];
const CONTRIBUTOR: Row = [LogIn, Pending, Nothing, Refused, In, In, Nothing, Nothing];
/// For the item of somebody else.
const REMOVER: Row = [LogIn, Pending, Nothing, Nothing, Nothing, In, Nothing, Nothing];
const EDITOR: Row = [LogIn, Pending, Nothing, Refused, Refused, In, Nothing, Nothing];

fn row_of(route: &nexus_media::http::Route) -> Option<Row> {
    if route.method == "OPTIONS" {
        return Some(OPEN);
    }
    Some(match route.path {
        // Without the configured token.
        "/setup" | "/metrics" => [Nothing; 8],
        "/"
        | "/login"
        | "/logout"
        | "/register"
        | "/recover"
        | "/language"
        | "/healthz"
        | "/readyz"
        | "/static/{version}/{name:.*}" => OPEN,
        "/pending" => [LogIn, In, In, In, In, In, In, In],
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
        | "/shared"
        | "/groups"
        | "/notifications"
        | "/notifications/seen"
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
        | "/items/{id}/accept"
        | "/items/{id}/delete" => OWNER,
        "/items/favorite" | "/items/unfavorite" | "/items/move" | "/items/trash"
        | "/items/restore" | "/items/delete" | "/items/download" | "/items/edit"
        | "/items/details" | "/received/accept" => OWNER,
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
        path => return sharing_row_of(route.method, path).or_else(|| api_row_of(path)),
    })
}

/// Rows of what is shared, on pages and in the API.
fn sharing_row_of(method: &str, path: &str) -> Option<Row> {
    Some(match path {
        // Members of a space are in `spaces.rs`.
        "/spaces" | "/api/spaces" if method == "GET" => SIGNED_IN,
        "/spaces" | "/api/spaces" => {
            [LogIn, Pending, Refused, Refused, Refused, Refused, Refused, In]
        }
        path if path.starts_with("/spaces/") || path.starts_with("/api/spaces/") => {
            [LogIn, Pending, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing]
        }
        // Only in libraries of others.
        "/photos/in-mine" => [LogIn, Pending, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing],
        "/admin/spaces" => ADMIN,
        "/admin/spaces/{id}/quota" | "/admin/spaces/{id}/manager" => {
            [LogIn, Pending, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing]
        }
        // Anyone with the address of a link that has no password.
        path if path.starts_with("/s/{token}") => OPEN,
        "/received" | "/received/accept-all" => SIGNED_IN,
        "/links"
        | "/links/{link}"
        | "/links/{link}/change"
        | "/links/{link}/renew"
        | "/links/{link}/end"
        | "/links/{link}/qr.svg" => OWNER,
        "/admin/links" | "/admin/links/{link}/end" => ADMIN,
        "/api/links" if method == "GET" => SIGNED_IN,
        "/api/links" | "/api/links/{link}" | "/api/links/{link}/renew" => OWNER,
        "/share"
        | "/share/{grant}/change"
        | "/share/{grant}/end"
        | "/albums/{album}/items/{item}"
        | "/albums/{album}/media/{item}"
        | "/albums/{album}/media/{item}/thumbnail"
        | "/albums/{album}/media/{item}/motion"
        | "/albums/{album}/media/{item}/pages/{page}" => OWNER,
        path if path.contains("/{album}/") && is_of_comments(path) => {
            let is_removal = path.contains("{comment}");
            if !path.contains("{grant}") {
                OWNER
            } else if is_removal {
                EDITOR
            } else {
                GRANTEE
            }
        }
        "/groups/{group}"
        | "/groups/{group}/rename"
        | "/groups/{group}/members"
        | "/groups/{group}/members/{member}/remove"
        | "/groups/{group}/members/{member}/manager"
        | "/groups/{group}/leave"
        | "/groups/{group}/delete" => OWNER,
        // It has not been left.
        "/shared/{grant}/return" | "/api/shared/{grant}/return" => {
            [LogIn, Pending, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing]
        }
        "/shared/{grant}"
        | "/shared/{grant}/leave"
        | "/shared/{grant}/download"
        | "/shared/{grant}/keep"
        | "/api/shared/{grant}/keep"
        | "/shared/{grant}/albums/{album}"
        | "/shared/{grant}/albums/{album}/download"
        | "/shared/{grant}/directories/{directory}"
        | "/shared/{grant}/directories/{directory}/download"
        | "/shared/{grant}/items/{item}"
        | "/shared/{grant}/media/{item}"
        | "/shared/{grant}/media/{item}/thumbnail"
        | "/shared/{grant}/media/{item}/motion"
        | "/shared/{grant}/media/{item}/pages/{page}" => GRANTEE,
        "/shared/{grant}/directories/{directory}/upload"
        | "/api/shared/{grant}/directories/{directory}/upload" => CONTRIBUTOR,
        "/shared/{grant}/albums/{album}/remove" => REMOVER,
        "/shared/{grant}/albums/{album}/change" | "/shared/{grant}/albums/{album}/arrange" => {
            EDITOR
        }
        "/api/shared" | "/api/people" | "/api/notifications" | "/api/notifications/seen" => {
            SIGNED_IN
        }
        "/api/groups" => SIGNED_IN,
        "/api/grants" if method == "GET" => SIGNED_IN,
        "/api/grants"
        | "/api/grants/{grant}"
        | "/api/groups/{group}"
        | "/api/groups/{group}/members"
        | "/api/groups/{group}/members/{member}"
        | "/api/albums/{album}/media/{item}/content"
        | "/api/albums/{album}/media/{item}/thumbnail"
        | "/api/albums/{album}/media/{item}/motion" => OWNER,
        "/api/shared/{grant}" if method == "PATCH" => EDITOR,
        "/api/shared/{grant}/items" if method == "PATCH" => EDITOR,
        "/api/shared/{grant}/items" if method == "DELETE" => REMOVER,
        // None of them has the item that is to be added.
        "/api/shared/{grant}/items" if method == "POST" => {
            [LogIn, Pending, Nothing, Refused, Nothing, Nothing, Nothing, Nothing]
        }
        "/api/shared/{grant}"
        | "/api/shared/{grant}/items"
        | "/api/shared/{grant}/items/{item}"
        | "/api/shared/{grant}/media/{item}/content"
        | "/api/shared/{grant}/media/{item}/thumbnail"
        | "/api/shared/{grant}/media/{item}/motion" => GRANTEE,
        _ => return None,
    })
}

/// Whether an address is of what is said about an album.
fn is_of_comments(path: &str) -> bool {
    ["/activity", "/comments", "/hearts", "/heart", "/{comment}", "/{comment}/delete"]
        .iter()
        .any(|end| path.ends_with(end))
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
        | "/api/media/{id}/accept"
        | "/api/media/{id}/content"
        | "/api/media/{id}/motion"
        | "/api/media/{id}/thumbnail" => OWNER,
        "/api/directories/{id}" | "/api/uploads/{id}" => OWNER,
        "/api/admin/users" | "/api/admin/users/{id}" => ADMIN,
        _ => return None,
    })
}

/// Complete bodies for API calls.
fn body_of(method: &str, path: &str, ids: &Ids) -> serde_json::Value {
    let item = &ids.item;
    match path {
        "/api/grants" => serde_json::json!({ "item": item, "people": ["subject"] }),
        "/api/grants/{grant}" => serde_json::json!({ "note": "words" }),
        path if path.ends_with("/comments") => serde_json::json!({ "text": "words" }),
        "/api/links" => serde_json::json!({ "item": item }),
        "/api/links/{link}" => serde_json::json!({ "title": "words" }),
        "/api/groups" | "/api/groups/{group}" => {
            serde_json::json!({ "name": format!("g{}", rand_seed()) })
        }
        "/api/spaces" | "/api/spaces/{space}" => serde_json::json!({ "name": "Family" }),
        "/api/spaces/{space}/members" | "/api/spaces/{space}/members/{grant}" => {
            serde_json::json!({ "level": "view" })
        }
        "/api/groups/{group}/members" => serde_json::json!({ "username": "subject" }),
        "/api/groups/{group}/members/{member}" => serde_json::json!({ "is_manager": true }),
        "/api/shared/{grant}" => serde_json::json!({ "name": "new" }),
        "/api/shared/{grant}/items" if method == "PATCH" => {
            serde_json::json!({ "item": item, "before": null })
        }
        "/api/shared/{grant}/items" | "/api/shared/{grant}/keep" => {
            serde_json::json!({ "ids": [item] })
        }
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
    actor: &'static str,
    token: &str,
) -> reqwest::Response {
    call_at(browser, route, &filled(route.path, ids, actor), ids, token).await
}

/// Calls a route at an address.
pub async fn call_at(
    browser: &Browser,
    route: &nexus_media::http::Route,
    path: &str,
    ids: &Ids,
    token: &str,
) -> reqwest::Response {
    if route.method == "GET" {
        return browser.get(path).await;
    }
    if route.path.starts_with("/api/uploads") {
        let request = browser
            .request(route.method, path)
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
        let request = browser.request(route.method, path).header("x-csrf-token", token);
        return request
            .header("content-type", "application/json")
            .body(body_of(route.method, route.path, ids).to_string())
            .send()
            .await
            .unwrap();
    }
    let fields = fields_of(route.path, ids);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, token, &fields).await
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
        "/spaces" | "/spaces/{space}/rename" => vec![("name", "Family".into())],
        "/spaces/{space}/members" | "/spaces/{space}/members/{grant}/change" => {
            vec![("level", "view".into())]
        }
        "/photos/in-mine" => vec![("shown", "yes".into())],
        "/admin/spaces/{id}/quota" => vec![("quota", "1".into())],
        "/admin/spaces/{id}/manager" => vec![("person", "subject".into())],
        "/groups" | "/groups/{group}/rename" => vec![("name", format!("g{}", rand_seed()))],
        "/groups/{group}/members" => vec![("person", "subject".into())],
        "/groups/{group}/members/{member}/manager" => vec![("manager", "yes".into())],
        "/share" => vec![("item", ids.item.clone()), ("people", "subject".into())],
        "/share/{grant}/change" => vec![("level", "view".into())],
        path if path.ends_with("/albums/{album}/change") || path == "/albums/{album}/change" => {
            vec![("name", "renamed".into())]
        }
        path if path.ends_with("/{album}/remove") => vec![("ids", ids.item.clone())],
        path if path.ends_with("/{album}/arrange") => {
            vec![("item", ids.item.clone()), ("place", "first".into())]
        }
        "/shared/{grant}/download"
        | "/shared/{grant}/keep"
        | "/s/{token}/download"
        | "/received/accept" => {
            vec![("ids", ids.item.clone())]
        }
        path if path.ends_with("/comments") => vec![("text", "words".into())],
        path if path.ends_with("/hearts") => {
            vec![("item", ids.item.clone()), ("liked", "yes".into())]
        }
        "/links" => vec![("item", ids.item.clone())],
        "/account/theme" => vec![("theme", "dark".into())],
        "/account/time-zone" => vec![("time_zone", "Europe/Vienna".into())],
        "/admin/users/{id}/access-level" => vec![("access_level", "user".into())],
        "/admin/users/{id}/quota" => vec![("quota", "0".into())],
        _ => Vec::new(),
    }
}

/// What the addresses, forms and bodies of requests name.
#[derive(Default)]
pub struct Ids {
    document: String,
    item: String,
    directory: String,
    album: String,
    report: String,
    session: String,
    upload: String,
    finding: String,
    group: String,
    /// Of the album and of the folder, by the kind of user that they are for.
    grants: HashMap<(&'static str, &'static str), String>,
    /// A comment of the owner on the album; empty until it is needed.
    comment: String,
    /// Links to the album and to the folder, and the token of their addresses; empty until they are needed.
    link: String,
    tokens: (String, String),
    person: i64,
}

impl Ids {
    /// Ids of nothing.
    pub fn of_nothing() -> Self {
        let id = || uuid::Uuid::now_v7().to_string();
        Self { item: id(), directory: id(), album: id(), ..Self::default() }
    }
}

/// The grant in the path of a request: that of the user who makes it, or that of the viewer.
fn grant_of(path: &str, ids: &Ids, actor: &'static str) -> String {
    let kind = if path.contains("/directories/") { "directory" } else { "album" };
    let found = ids.grants.get(&(kind, actor)).or_else(|| ids.grants.get(&(kind, "viewer")));
    found.cloned().unwrap_or_else(|| uuid::Uuid::now_v7().to_string())
}

fn filled(path: &str, ids: &Ids, actor: &'static str) -> String {
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
    let item = if path.contains("/pages/") { &ids.document } else { &ids.item };
    let path = match path {
        "/share" => format!("/share?item={}", ids.item),
        path => path.to_owned(),
    };
    path.replace("{id}", &id)
        .replace("{item}", item)
        .replace("{grant}", &grant_of(&path, ids, actor))
        .replace("{group}", &ids.group)
        .replace("{comment}", &ids.comment)
        .replace("{link}", &ids.link)
        .replace(
            "{token}",
            if path.contains("/directories/") { &ids.tokens.1 } else { &ids.tokens.0 },
        )
        .replace("{space}", "999999")
        .replace("{member}", &ids.person.to_string())
        .replace("{directory}", &ids.directory)
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
            } else if said.contains("FORBIDDEN") {
                Refused
            } else {
                panic!("{said}")
            }
        }
        403 => Refused,
        303 if to == "/login" || to.starts_with("/login?") => LogIn,
        303 if to == "/pending" => Pending,
        404 => Nothing,
        500.. => panic!("{} answered {}", answer.url(), answer.status()),
        _ => In,
    }
}

async fn ids_of(
    app: &TestApp,
    (owner, token): &(Browser, String),
    person: i64,
    document: &str,
    is_photo: bool,
) -> Ids {
    // A moving photo has a response on every route that reads; for others, a text is faster.
    let (name, bytes) = if is_photo {
        let video = format!("\0\0\0\x18ftypmp42\0\0\0\0mp42isom{:032}", rand_seed());
        let picture = crate::samples::jpeg(&crate::samples::corners(80, 60));
        ("a.jpg", crate::samples::moving_photo(&picture, video.as_bytes()))
    } else {
        ("a.txt", rand_seed().to_string().into_bytes())
    };
    let report = location(&owner.upload_with(token, "", &[(name, &bytes)]).await);
    let item = owner.page(&report).await.attribute(".row-item a[href^='/items/']", "href").unwrap();
    if is_photo {
        let preview = format!("/media/{}/thumbnail", item.trim_start_matches("/items/"));
        assert_eq!(owner.get(&preview).await.status(), 200, "it was looked into");
    }
    let name = format!("d{}", rand_seed());
    let made = owner.post("/directories", token, &[("name", &name)]).await;
    let id = item.trim_start_matches("/items/");
    let album = location(&owner.post("/albums", token, &[("name", "Lisbon")]).await);
    let fields = [("ids", id), ("album", album.trim_start_matches("/albums/"))];
    owner.post("/items/album", token, &fields).await;
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
        session: "999999".to_owned(),
        group: group_of(app, person),
        grants: HashMap::new(),
        comment: String::new(),
        link: String::new(),
        tokens: Default::default(),
        person,
    }
}

/// The id of a browser's session.
async fn session_id(browser: &Browser) -> String {
    let page = browser.page("/account/sessions").await;
    let rows = selector(".row-item");
    let is_this =
        |row: &scraper::ElementRef<'_>| row.text().any(|text| text.contains("This device"));
    let this = page.html.select(&rows).find(is_this).unwrap();
    let form = this.select(&selector("form")).next().unwrap();
    let action = form.value().attr("action").unwrap().to_owned();
    action.trim_start_matches("/account/sessions/").trim_end_matches("/end").to_owned()
}

/// A group of the owner with another manager and a member.
fn group_of(app: &TestApp, person: i64) -> String {
    let owner = app.user("owner").id;
    let (id, at) = (nexus_media::model::GroupId::new(), nexus_media::model::now());
    let group = nexus_media::model::Group {
        id,
        name: "Family".into(),
        name_key: id.to_string(),
        created_by: None,
        created_at: at,
    };
    let member = |user_id, is_manager| nexus_media::model::GroupMember {
        group_id: id,
        user_id,
        is_manager,
        joined_at: at,
    };
    let members = [
        member(owner, true),
        member(app.user("subject").id, true),
        member(nexus_media::model::UserId(person), false),
    ];
    app.services
        .db
        .write(|conn| {
            nexus_media::store::groups::insert(conn, &group)?;
            for member in &members {
                if nexus_media::store::groups::find_member(conn, member.user_id, id)?.is_none() {
                    nexus_media::store::groups::insert_member(conn, member)?;
                }
            }
            Ok(())
        })
        .unwrap();
    id.to_string()
}

/// Grants of the owner's album, to which the document is added, and of a folder, for each level.
async fn grants_of(
    (owner, token): &(Browser, String),
    ids: &Ids,
) -> HashMap<(&'static str, &'static str), String> {
    let send = async |path: &str, body: serde_json::Value| {
        let request = owner.request("POST", path).header("x-csrf-token", token);
        let answer = crate::support::call(request, &body).await;
        assert!(answer.status().is_success(), "{path}");
        json(answer).await
    };
    let items = format!("/api/albums/{}/items", ids.album);
    send(&items, serde_json::json!({ "ids": [ids.document] })).await;
    let mut grants = HashMap::new();
    for (actor, level) in [("viewer", "view"), ("contributor", "contribute"), ("editor", "edit")] {
        let of_directory = if level == "edit" { "contribute" } else { level };
        for (kind, id, level) in
            [("album", &ids.album, level), ("directory", &ids.directory, of_directory)]
        {
            let body = serde_json::json!({ kind: id, "people": [actor], "level": level });
            let made = send("/api/grants", body).await;
            grants.insert((kind, actor), made["grants"][0]["id"].as_str().unwrap().to_owned());
        }
    }
    grants
}

/// Links to the owner's album, to which the document is added, and to a folder.
async fn links_of((owner, token): &(Browser, String), ids: &Ids) -> (String, (String, String)) {
    let send = async |path: &str, body: serde_json::Value| {
        let request = owner.request("POST", path).header("x-csrf-token", token);
        let answer = crate::support::call(request, &body).await;
        assert!(answer.status().is_success(), "{path}");
        json(answer).await
    };
    let items = format!("/api/albums/{}/items", ids.album);
    send(&items, serde_json::json!({ "ids": [ids.document] })).await;
    let new = async |kind: &str, id: &str| {
        let link = send(
            "/api/links",
            serde_json::json!({ kind: id, "gives": "originals", "uploads": "add" }),
        )
        .await;
        let url = link["url"].as_str().unwrap();
        let token = url.rsplit('/').next().unwrap().to_owned();
        (link["id"].as_str().unwrap().to_owned(), token)
    };
    let (id, of_album) = new("album", &ids.album).await;
    let (_, of_directory) = new("directory", &ids.directory).await;
    (id, (of_album, of_directory))
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
        sent_by: None,
        received_from: None,
        is_accepted: true,
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
    for name in ["owner", "other", "subject", "viewer", "contributor", "editor"] {
        app.person(&admin, name).await;
    }
    let person = app.id_of("subject");
    let mut sessions = Sessions { app: &app, known: HashMap::new(), may_have_ended: true };
    let pdf = crate::documents::pdf(&[100]);
    let document = session_of(&app, "owner").await.upload_one("document.pdf", &pdf).await;
    let mut unused_ids = None;
    let mut wrong = Vec::new();
    for route in nexus_media::http::routes() {
        let Some(expected) = row_of(&route) else {
            wrong.push(format!("{} {} has no row", route.method, route.path));
            continue;
        };
        let is_reading = matches!(route.method, "GET" | "HEAD" | "OPTIONS");
        let ends_session = route.path.ends_with("/{id}/end") && route.path.starts_with("/account/");
        let mut ids = match unused_ids.take().filter(|_| !ends_session) {
            Some(ids) => ids,
            None => {
                let owner = sessions.get("owner").await;
                ids_of(&app, &owner, person, &document, is_reading).await
            }
        };
        if ends_session {
            // Another session than the one that ends it.
            ids.session = session_id(&session_of(&app, "owner").await).await;
        }
        if route.path.contains("{grant}") && ids.grants.is_empty() {
            ids.grants = grants_of(&sessions.get("owner").await, &ids).await;
        }
        if route.path.contains("{comment}") && ids.comment.is_empty() {
            let (owner, token) = sessions.get("owner").await;
            let comments = format!("/api/albums/{}/comments", ids.album);
            let request = owner.request("POST", &comments).header("x-csrf-token", &token);
            let words = serde_json::json!({ "text": "words" });
            let made = json(crate::support::call(request, &words).await).await;
            ids.comment = made["id"].as_str().unwrap().to_owned();
        }
        if (route.path.contains("{link}") || route.path.contains("{token}")) && ids.link.is_empty()
        {
            (ids.link, ids.tokens) = links_of(&sessions.get("owner").await, &ids).await;
        }
        if matches!(
            route.path,
            "/api/media/{id}/restore"
                | "/items/{id}/restore"
                | "/items/{id}/delete"
                | "/items/restore"
                | "/items/delete"
        ) {
            sessions.get("owner").await.0.act(&ids.item, "trash", &[]).await;
        }
        let prefixes = ["/account", "/api/auth", "/admin", "/api/admin", "/log", "/re", "/setup"];
        let is_of_accounts = prefixes.iter().any(|prefix| route.path.starts_with(prefix));
        sessions.may_have_ended |= is_of_accounts;
        // The owner comes after those who must not have access.
        for (index, name) in ACTORS.into_iter().enumerate() {
            let (browser, token) = sessions.get(name).await;
            let answer = call(&browser, &route, &ids, name, &token).await;
            let status = answer.status();
            let mut got = verdict(answer).await;
            // These redirect there in any case.
            if matches!(
                (route.path, got),
                ("/" | "/logout" | "/api/auth/refresh", LogIn)
                    | ("/register", Pending)
                    // Only the service worker receives it.
                    | ("/shared-in", Refused)
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
        sessions.may_have_ended = is_of_accounts && route.method != "GET";
        // Routes that only read leave the ids to the next route.
        unused_ids = is_reading.then_some(ids);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A browser of each kind of user, with its form token. It is replaced if its session was ended, for example by a log-out.
struct Sessions<'a> {
    app: &'a TestApp,
    known: HashMap<&'static str, (Browser, String)>,
    /// Whether the route that is called can end sessions or change accounts.
    may_have_ended: bool,
}

impl Sessions<'_> {
    async fn get(&mut self, name: &'static str) -> (Browser, String) {
        // A page that is only shown in that state.
        let page = if name == "pending" { "/pending" } else { "/account" };
        if let Some(known) = self.known.get(name)
            && (!self.may_have_ended || known.0.get(page).await.status() == 200)
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
    for name in ["owner", "subject", "viewer", "contributor", "editor"] {
        app.person(&admin, name).await;
    }
    let (other, _) = app.person(&admin, "other").await;
    let pdf = crate::documents::pdf(&[100]);
    let document = session_of(&app, "owner").await.upload_one("document.pdf", &pdf).await;
    let owner = session_of(&app, "owner").await;
    let token = owner.token("/account").await;
    let session = session_id(&owner).await;
    let owner = (owner, token);
    let mut ids = ids_of(&app, &owner, 1, &document, true).await;
    ids.session = session;
    ids.grants = grants_of(&owner, &ids).await;
    (ids.link, ids.tokens) = links_of(&owner, &ids).await;
    let none = Ids {
        document: uuid::Uuid::now_v7().to_string(),
        item: uuid::Uuid::now_v7().to_string(),
        directory: uuid::Uuid::now_v7().to_string(),
        album: uuid::Uuid::now_v7().to_string(),
        report: uuid::Uuid::now_v7().to_string(),
        session: "999999".into(),
        upload: uuid::Uuid::now_v7().to_string(),
        finding: uuid::Uuid::now_v7().to_string(),
        group: uuid::Uuid::now_v7().to_string(),
        grants: HashMap::new(),
        comment: String::new(),
        link: uuid::Uuid::now_v7().to_string(),
        tokens: ("x".into(), "x".into()),
        person: 999_999,
    };
    let token = other.token("/account").await;
    let owners: Vec<_> = nexus_media::http::routes()
        .into_iter()
        .filter(|route| row_of(route).is_some_and(|row| row[2] == Nothing && row[7] == Nothing))
        // Answered without looking at anything of the user's.
        .filter(|route| !matches!(route.path, "/setup" | "/metrics"))
        .collect();
    assert!(owners.len() > 15);
    for route in owners {
        let mut answers = Vec::new();
        for ids in [&ids, &none] {
            let answer = call(&other, &route, ids, "other", &token).await;
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
