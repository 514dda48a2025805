//! Requests whose last byte arrives after the right to make them has been taken away: nothing may be written.

use std::io::{Read, Write};
use std::net::TcpStream;

use nexus_media::db::table_rows::{TABLES, TableChecksum};
use rstest::rstest;

use crate::support::*;

/// A logged-in session as raw header values.
struct RawSession {
    cookie: String,
    csrf: String,
    bearer: String,
}

async fn raw_session(app: &TestApp, username: &str) -> RawSession {
    let (cookie, csrf) = cookie_of(app, username).await;
    RawSession { cookie, csrf, bearer: app.program(username).await.token }
}

/// A change, and how it is sent.
struct Change {
    method: &'static str,
    path: String,
    kind: &'static str,
    headers: String,
    body: Vec<u8>,
}

fn form(path: impl Into<String>, fields: &[(&str, &str)]) -> Change {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Change {
        method: "POST",
        path: path.into(),
        kind: "application/x-www-form-urlencoded",
        headers: String::new(),
        body: body.into_bytes(),
    }
}

fn json_body(method: &'static str, path: impl Into<String>, body: &serde_json::Value) -> Change {
    let (kind, body) = ("application/json", body.to_string().into_bytes());
    Change { method, path: path.into(), kind, headers: String::new(), body }
}

fn multipart(path: impl Into<String>, field: &str, name: &str, bytes: &[u8]) -> Change {
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat();
    let kind = "multipart/form-data; boundary=b";
    Change { method: "POST", path: path.into(), kind, headers: String::new(), body }
}

/// The first part of a resumable upload.
fn first_part(path: impl Into<String>, bytes: &[u8]) -> Change {
    Change {
        method: "PATCH",
        path: path.into(),
        kind: "application/offset+octet-stream",
        headers: "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n".into(),
        body: bytes.to_vec(),
    }
}

/// A request without its last byte.
struct HeldRequest {
    stream: TcpStream,
    last: u8,
}

/// Sends all but the last byte, once the server has asked for the body.
fn hold(app: &TestApp, session: &RawSession, change: &Change) -> HeldRequest {
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let proof = if change.path.starts_with("/api/") {
        format!("Authorization: Bearer {}", session.bearer)
    } else {
        format!("Cookie: {}\r\nX-CSRF-Token: {}", session.cookie, session.csrf)
    };
    let mut body = change.body.clone();
    if change.kind.ends_with("urlencoded") {
        let separator = if body.is_empty() { "" } else { "&" };
        body = [format!("csrf_token={}{separator}", session.csrf).as_bytes(), &body].concat();
    }
    write!(
        stream,
        "{} {} HTTP/1.1\r\nHost: x\r\n{proof}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        change.method,
        change.path,
        change.kind,
        body.len(),
        change.headers
    )
    .unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&asked));
    let (last, rest) = body.split_last().unwrap();
    stream.write_all(rest).unwrap();
    HeldRequest { stream, last: *last }
}

/// Sends the last byte and returns the head of the response.
fn finish(HeldRequest { mut stream, last }: HeldRequest) -> String {
    // The server may have refused the request already.
    drop(stream.write_all(&[last]));
    let mut answer = Vec::new();
    // A connection that ends early is a refusal as well.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).split("\r\n\r\n").next().unwrap_or_default().to_owned()
}

/// Checksums of all tables, after what is written in batches.
fn tables(app: &TestApp) -> Vec<TableChecksum> {
    nexus_media::domain::ops::housekeeping::write_last_seen(&app.services).unwrap();
    app.services.db.read(|conn| Ok(sums(conn))).unwrap()
}

fn assert_refused(change: &Change, head: &str, before: &[TableChecksum], app: &TestApp) {
    assert_status_refused(change, head);
    assert_unchanged(before, app, &format!("{} {}", change.method, change.path));
}

fn assert_status_refused(change: &Change, head: &str) {
    let status = head.split(' ').nth(1).unwrap_or("closed");
    let to = head.lines().find(|line| line.to_lowercase().starts_with("location:"));
    let is_refused = matches!(status, "401" | "403" | "404" | "closed")
        || to.is_some_and(|to| to.ends_with("/login") || to.ends_with("/pending"));
    assert!(is_refused, "{} {}: {head}", change.method, change.path);
}

fn assert_unchanged(before: &[TableChecksum], app: &TestApp, by: &str) {
    for ((table, now), before) in TABLES.iter().zip(&tables(app)).zip(before) {
        assert_eq!(now, before, "{by}: {table}");
    }
}

/// What a user changes, each with an upload, items, a directory and a finding of their own.
async fn changes_of_a_user(app: &TestApp, ada: &Browser) -> Vec<Change> {
    let item = ada.upload_one("a1.png", &png(1)).await;
    let trashed = ada.upload_one("b1.png", &png(1001)).await;
    ada.act(&trashed, "trash", &[]).await;
    let made = ada.submit("/photos", "/directories", &[("name", "d1")]).await;
    let directory = location(&made).trim_start_matches("/directories/").to_owned();
    let upload = app.program("ada").await.begin(3, "c1.bin").await;
    let upload_id = upload.trim_start_matches("/api/uploads/");
    let (id, in_trash) = ([("ids", item.as_str())], [("ids", trashed.as_str())]);
    let program = app.program("ada").await;
    let body = serde_json::json!({ "name": "Lisbon", "ids": [&item] });
    let made = json(program.send("POST", "/api/albums", &body).await).await;
    let album = made["id"].as_str().unwrap().to_owned();
    let items_of_album = format!("/api/albums/{album}/items");
    let both = [("ids", item.as_str()), ("directory", directory.as_str())];
    let new = [("name", "new")];
    let mut changes = vec![
        form(format!("/items/{item}/favorite"), &[]),
        form(format!("/items/{item}/rename"), &[("name", "renamed.png")]),
        form(format!("/items/{item}/move"), &[("directory", &directory)]),
        form(format!("/items/{item}/trash"), &[]),
        form(format!("/items/{trashed}/restore"), &[]),
        form(format!("/items/{trashed}/delete"), &[]),
        form("/items/favorite", &id),
        form("/items/move", &both),
        form("/items/trash", &id),
        form("/items/restore", &in_trash),
        form("/items/delete", &in_trash),
        form("/trash/empty", &[]),
        form("/trash/restore-all", &[]),
        form("/directories", &new),
        form(format!("/directories/{directory}/rename"), &new),
        form(format!("/directories/{directory}/delete"), &[]),
        form("/albums", &new),
        form("/items/album", &[id[0], ("new_album", "new")]),
        form(format!("/albums/{album}/change"), &new),
        form(format!("/albums/{album}/arrange"), &[("item", &item), ("place", "last")]),
        form(format!("/albums/{album}/remove"), &id),
        form(format!("/albums/{album}/delete"), &[]),
        json_body("POST", "/api/albums", &serde_json::json!({ "name": "by api" })),
        json_body(
            "PATCH",
            format!("/api/albums/{album}"),
            &serde_json::json!({ "name": "by api" }),
        ),
        json_body("POST", &items_of_album, &serde_json::json!({ "ids": [&trashed, &item] })),
        json_body("PATCH", &items_of_album, &serde_json::json!({ "item": &item, "before": null })),
        json_body("DELETE", &items_of_album, &serde_json::json!({ "ids": [&item] })),
        form(
            "/account",
            &[
                ("firstname", "Eve"),
                ("lastname", "X"),
                ("email", "eve@example.org"),
                ("email_password", PASSWORD),
            ],
        ),
        form("/account", &[("firstname", "Eve"), ("lastname", "X"), ("email", "ada@example.org")]),
        form("/account/theme", &[("theme", "dark")]),
        form("/account/time-zone", &[("time_zone", "Asia/Tokyo")]),
        form(
            format!("/items/{item}/details"),
            &[("taken", "1962-08"), ("description", "words"), ("tags", "sea"), ("position", "")],
        ),
        form("/items/details", &[id[0], ("taken", "1962-08"), ("back", "/photos")]),
        form(
            "/account/password",
            &[("current_password", PASSWORD), ("new_password", "another long password")],
        ),
        form(
            "/account/tokens",
            &[("name", "script"), ("scopes", "read"), ("days", "90"), ("password", PASSWORD)],
        ),
        form("/account/sessions/end-others", &[]),
        form(format!("/uploads/unfinished/{upload_id}/discard"), &[]),
        multipart("/account/picture", "picture", "me.png", &png(7)),
        multipart("/upload", "file", "form.txt", b"form 1"),
        multipart("/api/media/upload", "file", "api.txt", b"api 1"),
        json_body("PATCH", format!("/api/media/{item}"), &serde_json::json!({ "name": "x.png" })),
        json_body("PATCH", format!("/api/media/{item}"), &serde_json::json!({ "favorite": true })),
        json_body(
            "PATCH",
            format!("/api/media/{item}"),
            &serde_json::json!({ "taken_local": "1962-08" }),
        ),
        json_body(
            "POST",
            "/api/media/edit",
            &serde_json::json!({ "ids": [&item], "add_tags": ["sea"] }),
        ),
        json_body("PATCH", "/api/users/me", &serde_json::json!({ "time_zone": "Asia/Tokyo" })),
        json_body("POST", "/api/directories", &serde_json::json!({ "name": "by api" })),
        json_body(
            "POST",
            "/api/directories",
            &serde_json::json!({ "name": "sent", "reuse": true }),
        ),
        json_body(
            "PATCH",
            format!("/api/directories/{directory}"),
            &serde_json::json!({ "name": "by api" }),
        ),
        first_part(upload, b"abc"),
    ];
    changes.extend(changes_of_sharing(app, &item, &album).await);
    changes
}

/// What a user changes of what they share, of their groups, and of what the admin shares with them.
async fn changes_of_sharing(app: &TestApp, item: &str, album: &str) -> Vec<Change> {
    let (ada, root) = (app.program("ada").await, app.program("root").await);
    let to = serde_json::json!({ "album": album, "people": ["root"] });
    let grant = crate::sharing::share(&ada, &to).await;
    let group = serde_json::json!({ "name": "Family" });
    let group = crate::sharing::created(&ada, "/api/groups", &group).await;
    let members = format!("/api/groups/{group}/members");
    ada.send("POST", &members, &serde_json::json!({ "username": "root" })).await;
    let root_id = app.id_of("root");

    // The admin's, with one more of ada's items in it.
    let theirs = root.upload_one("theirs.png", &png(21)).await;
    let of_root = serde_json::json!({ "name": "Theirs", "ids": [theirs] });
    let of_root = crate::sharing::created(&root, "/api/albums", &of_root).await;
    let to = serde_json::json!({ "album": of_root, "people": ["ada"], "level": "edit" });
    let shared = crate::sharing::share(&root, &to).await;
    let folder = serde_json::json!({ "name": "Inbox" });
    let folder = crate::sharing::created(&root, "/api/directories", &folder).await;
    let to = serde_json::json!({ "directory": folder, "people": ["ada"], "level": "contribute" });
    let inbox = crate::sharing::share(&root, &to).await;

    let link =
        crate::sharing::created(&ada, "/api/links", &serde_json::json!({ "item": item })).await;
    let (base, page) = (format!("/api/shared/{shared}"), format!("/shared/{shared}"));
    let in_album = format!("{page}/albums/{of_root}");
    let theirs = theirs.as_str();
    let ids = serde_json::json!({ "ids": [theirs] });
    vec![
        form("/share", &[("item", item), ("people", "root")]),
        form(format!("/share/{grant}/change"), &[("level", "edit")]),
        form(format!("/share/{grant}/end"), &[]),
        form("/links", &[("item", item)]),
        form(format!("/links/{link}/change"), &[("title", "new")]),
        form(format!("/links/{link}/renew"), &[]),
        form(format!("/links/{link}/end"), &[]),
        json_body("POST", "/api/links", &serde_json::json!({ "item": item })),
        json_body("PATCH", format!("/api/links/{link}"), &serde_json::json!({ "title": "new" })),
        form(format!("/albums/{album}/comments"), &[("text", "words")]),
        form(format!("/albums/{album}/hearts"), &[("item", item), ("liked", "yes")]),
        form(format!("{in_album}/comments"), &[("text", "words")]),
        form(format!("{in_album}/hearts"), &[("item", theirs), ("liked", "yes")]),
        json_body(
            "POST",
            format!("/api/albums/{album}/comments"),
            &serde_json::json!({ "text": "words" }),
        ),
        form("/groups", &[("name", "Choir")]),
        form(format!("/groups/{group}/rename"), &[("name", "Choir")]),
        form(format!("/groups/{group}/members"), &[("person", "root")]),
        form(format!("/groups/{group}/members/{root_id}/manager"), &[("manager", "yes")]),
        form(format!("/groups/{group}/members/{root_id}/remove"), &[]),
        form(format!("/groups/{group}/delete"), &[]),
        form("/notifications/seen", &[]),
        form("/items/album", &[("ids", item), ("album", &format!("shared:{shared}"))]),
        form(format!("{in_album}/change"), &[("name", "new")]),
        form(format!("{in_album}/arrange"), &[("item", theirs), ("place", "last")]),
        form(format!("{in_album}/remove"), &[("ids", theirs)]),
        form(format!("{page}/keep"), &[("ids", theirs)]),
        json_body("POST", format!("{base}/keep"), &ids),
        form(format!("{page}/leave"), &[]),
        multipart(format!("/shared/{inbox}/directories/{folder}/upload"), "file", "a.txt", b"1"),
        multipart(
            format!("/api/shared/{inbox}/directories/{folder}/upload"),
            "file",
            "b.txt",
            b"2",
        ),
        json_body("POST", "/api/grants", &serde_json::json!({ "item": item, "people": ["root"] })),
        json_body("PATCH", format!("/api/grants/{grant}"), &serde_json::json!({ "note": "new" })),
        json_body("PATCH", base.clone(), &serde_json::json!({ "name": "new" })),
        json_body("POST", format!("{base}/items"), &serde_json::json!({ "ids": [item] })),
        json_body("DELETE", format!("{base}/items"), &ids),
        json_body(
            "PATCH",
            format!("{base}/items"),
            &serde_json::json!({ "item": theirs, "before": null }),
        ),
        json_body("POST", "/api/groups", &serde_json::json!({ "name": "Choir" })),
        json_body("PATCH", format!("/api/groups/{group}"), &serde_json::json!({ "name": "Choir" })),
        json_body(
            "PATCH",
            format!("/api/groups/{group}/members/{root_id}"),
            &serde_json::json!({ "is_manager": true }),
        ),
    ]
}

#[rstest]
#[actix_web::test]
async fn nothing_is_written_through_a_grant_that_ended_before_the_last_byte(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let settings = [("rate_limit", "off"), ("previews_at_once", "0")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    app.person(&admin, "ada").await;
    let (ada, root) = (app.program("ada").await, app.program("root").await);
    let mine = ada.upload_one("mine.png", &png(1)).await;
    let theirs = root.upload_one("theirs.png", &png(2)).await;
    let album = serde_json::json!({ "name": "Theirs", "ids": [theirs] });
    let album = crate::sharing::created(&root, "/api/albums", &album).await;
    let folder = serde_json::json!({ "name": "Inbox" });
    let folder = crate::sharing::created(&root, "/api/directories", &folder).await;
    for index in 0..5 {
        let to = serde_json::json!({ "album": album, "people": ["ada"], "level": "edit" });
        let of_album = crate::sharing::share(&root, &to).await;
        let to =
            serde_json::json!({ "directory": folder, "people": ["ada"], "level": "contribute" });
        let of_folder = crate::sharing::share(&root, &to).await;
        let items = format!("/api/shared/{of_album}/items");
        let upload = format!("shared/{of_folder}/directories/{folder}/upload");
        let change = match index {
            0 => json_body("POST", items, &serde_json::json!({ "ids": [mine] })),
            1 => json_body("DELETE", items, &serde_json::json!({ "ids": [theirs] })),
            2 => form(format!("/shared/{of_album}/albums/{album}/change"), &[("name", "new")]),
            3 => multipart(format!("/api/{upload}"), "file", "a.txt", b"1"),
            _ => multipart(format!("/{upload}"), "file", "b.txt", b"2"),
        };
        let session = raw_session(&app, "ada").await;
        let held = hold(&app, &session, &change);
        for grant in [&of_album, &of_folder] {
            let path = format!("/api/grants/{grant}");
            assert_eq!(root.send("DELETE", &path, &serde_json::json!({})).await.status(), 204);
        }
        let before = tables(&app);
        let head = finish(held);
        assert_refused(&change, &head, &before, &app);
        assert_eq!(app.incoming(), 0);
    }
}

#[rstest]
#[case::suspended("suspend")]
#[case::signed_out("end-sessions")]
#[actix_web::test]
async fn nothing_is_written_for_a_user_whose_right_ended_before_the_last_byte(
    #[values(Sqlite, MariaDb)] backend: Backend,
    #[case] end: &str,
) {
    let settings = [("rate_limit", "off"), ("previews_at_once", "0")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let changes = changes_of_a_user(&app, &ada).await;
    assert!(changes.len() >= 70);
    // Fewer at once than the uploads that a user may send.
    for changes in changes.chunks(12) {
        let session = raw_session(&app, "ada").await;
        let held: Vec<_> = changes.iter().map(|change| hold(&app, &session, change)).collect();
        let ended = admin.submit("/admin/users", &format!("/admin/users/{id}/{end}"), &[]).await;
        assert_eq!(ended.status(), 303);
        let before = tables(&app);
        for (change, held) in changes.iter().zip(held) {
            assert_status_refused(change, &finish(held));
        }
        let paths = changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>();
        assert_unchanged(&before, &app, &paths.join(", "));
        assert_eq!(app.incoming(), 0, "{}", paths.join(", "));
        if end == "suspend" {
            admin.submit("/admin/users", &format!("/admin/users/{id}/reactivate"), &[]).await;
        }
    }
}

#[rstest]
#[actix_web::test]
async fn a_held_request_of_a_former_admin_changes_no_account(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let settings = [("rate_limit", "off"), ("previews_at_once", "0")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    let (_, second) = app.person(&admin, "second").await;
    let (_, ada) = app.person(&admin, "ada").await;
    let (_, away) = app.person(&admin, "away").await;
    app.register("waits").await;
    let waits = app.id_of("waits");
    admin.submit("/admin/users", &format!("/admin/users/{away}/suspend"), &[]).await;
    let level = format!("/admin/users/{second}/access-level");
    let changes = [
        form(format!("/admin/users/{waits}/approve"), &[]),
        form(format!("/admin/users/{waits}/reject"), &[]),
        form("/admin/users/approve", &[("ids", &waits.to_string())]),
        form(format!("/admin/users/{ada}/suspend"), &[]),
        form(format!("/admin/users/{away}/reactivate"), &[]),
        form(format!("/admin/users/{ada}/access-level"), &[("access_level", "admin")]),
        form(format!("/admin/users/{ada}/quota"), &[("quota", "1")]),
        form(format!("/admin/users/{ada}/access-code"), &[]),
        form(format!("/admin/users/{ada}/end-sessions"), &[]),
        form("/admin/previews/retry", &[]),
        json_body(
            "PATCH",
            format!("/api/admin/users/{waits}"),
            &serde_json::json!({ "status": "active" }),
        ),
    ];
    for (index, change) in changes.iter().enumerate() {
        admin.submit("/admin/users", &level, &[("access_level", "admin")]).await;
        let session = raw_session(&app, "second").await;
        let held = hold(&app, &session, change);
        // Demoted or signed out, in turn.
        if index % 2 == 0 {
            admin.submit("/admin/users", &level, &[("access_level", "user")]).await;
        } else {
            let end = format!("/admin/users/{second}/end-sessions");
            admin.submit("/admin/users", &end, &[]).await;
        }
        let before = tables(&app);
        let head = finish(held);
        assert_refused(change, &head, &before, &app);
    }
}

#[rstest]
#[actix_web::test]
async fn a_held_password_change_does_not_undo_a_newer_one(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("rate_limit", "off")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let thief = raw_session(&app, "ada").await;
    let change = form(
        "/account/password",
        &[("current_password", PASSWORD), ("new_password", "the thief's own password")],
    );
    let held = hold(&app, &thief, &change);
    let fields = [("current_password", PASSWORD), ("new_password", "the owner's new password")];
    assert_eq!(ada.submit("/account", "/account/password", &fields).await.status(), 303);
    let before = tables(&app);
    let head = finish(held);
    assert_refused(&change, &head, &before, &app);
    let log_in = |password| [("username", "ada"), ("password", password)];
    let owner = app.browser();
    let answer = owner.submit("/login", "/login", &log_in("the owner's new password")).await;
    assert_eq!(answer.status(), 303);
}

#[rstest]
#[actix_web::test]
async fn nothing_is_written_to_a_space_by_a_member_who_was_removed_meanwhile(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let settings = [("rate_limit", "off"), ("previews_at_once", "0")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    app.person(&admin, "ada").await;
    let (ada, root) = (app.program("ada").await, app.program("root").await);
    let body = serde_json::json!({ "name": "Family" });
    let space = json(root.send("POST", "/api/spaces", &body).await).await["id"].to_string();
    let (pages, api) = (format!("/spaces/{space}"), format!("/api/spaces/{space}"));
    let body = serde_json::json!({ "people": ["ada"], "level": "manage" });
    let members = json(root.send("POST", &format!("{api}/members"), &body).await).await;
    let member = members["members"][1]["id"].as_str().unwrap().to_owned();
    let part = reqwest::multipart::Part::bytes(png(1)).file_name("one.png");
    let sent = ada
        .request("POST", &format!("{api}/media/upload"))
        .multipart(reqwest::multipart::Form::new().part("file", part));
    let item = json(sent.send().await.unwrap()).await["items"][0]["id"].clone();
    let item = item.as_str().unwrap();
    let begun = ada
        .request("POST", &format!("{api}/uploads"))
        .header("tus-resumable", "1.0.0")
        .header("upload-length", 3);
    let upload = location(&begun.send().await.unwrap());
    assert!(upload.starts_with(&format!("{api}/uploads/")), "{upload}");

    let share = serde_json::json!({ "item": item });
    let add = serde_json::json!({ "people": ["ada"], "level": "view" });
    let changes = [
        form(format!("{pages}/items/{item}/trash"), &[]),
        form(format!("{pages}/directories"), &[("name", "new")]),
        form(format!("{pages}/rename"), &[("name", "Mine")]),
        multipart(format!("{pages}/upload"), "file", "a.txt", b"1"),
        multipart(format!("{api}/media/upload"), "file", "b.txt", b"2"),
        first_part(upload, b"abc"),
        json_body("PATCH", format!("{api}/media/{item}"), &serde_json::json!({ "name": "x.png" })),
        json_body("POST", format!("{api}/albums"), &serde_json::json!({ "name": "Mine" })),
        json_body("POST", format!("{api}/links"), &share),
        json_body("POST", format!("{api}/members"), &add),
    ];
    let session = raw_session(&app, "ada").await;
    let held: Vec<_> = changes.iter().map(|change| hold(&app, &session, change)).collect();
    let path = format!("{api}/members/{member}");
    assert_eq!(root.send("DELETE", &path, &serde_json::json!({})).await.status(), 204);
    let before = tables(&app);
    for (change, held) in changes.iter().zip(held) {
        assert_refused(change, &finish(held), &before, &app);
    }
}
