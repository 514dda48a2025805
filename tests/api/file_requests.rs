//! File requests: visitors of a share link send files to its owner.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Response;
use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::{Value, json};

use crate::clamd::{Clamd, eicar};
use crate::scanning::verdict;
use crate::share_links::{id_of, library, linked, path_of, status_of};
use crate::sharing::{Shared, created};
use crate::support::*;

/// Sends files with the form of a link.
pub async fn send(
    visitor: &Browser,
    base: &str,
    sender: &str,
    files: &[(&str, &[u8])],
) -> Response {
    let to = format!("{base}/upload");
    let mut form =
        Form::new().text("csrf_token", visitor.token(&to).await).text("sender", sender.to_owned());
    for (name, bytes) in files {
        form = form.part("file", Part::bytes(bytes.to_vec()).file_name((*name).to_owned()));
    }
    visitor.request("POST", &to).multipart(form).send().await.unwrap()
}

async fn received(program: &Program) -> Vec<Value> {
    let list = program.json("/api/media/list?shelf=received").await;
    list["items"].as_array().unwrap().clone()
}

async fn accept(program: &Program, item: &Value) -> u16 {
    let path = format!("/api/media/{}/accept", item["id"].as_str().unwrap());
    program.send("POST", &path, &json!({})).await.status().as_u16()
}

/// A file request for a folder of `ada` in which there is a picture already.
async fn requested(s: &Shared, how: &Value) -> (Value, String) {
    let folder = created(&s.ada, "/api/directories", &json!({ "name": "Wedding" })).await;
    s.ada_browser.upload_into(&folder, &[("one.png", &png(40))]).await;
    let mut how = how.clone();
    how["directory"] = json!(folder);
    if how.get("uploads").is_none() {
        how["uploads"] = json!("request");
    }
    (linked(s, &how).await, folder)
}

#[rstest]
#[actix_web::test]
async fn a_file_request_shows_nothing_and_what_it_receives_waits_for_its_owner(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[]).await;
    let (link, folder) = requested(&s, &json!({ "message": "Send me yours" })).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    let in_folder = format!("directory={folder}");
    let known = s.ada.json(&format!("/api/media/list?{in_folder}")).await["items"][0].clone();
    let known = known["id"].as_str().unwrap();

    let page = visitor.page(&base).await;
    assert!(page.says("Send me yours") && page.says("Only Ada Lovelace sees what you send."));
    assert!(page.has("input[type=file][multiple]") && !page.has("[data-tile]"));
    for path in [
        format!("{base}/directories/{folder}"),
        format!("{base}/items/{known}"),
        format!("{base}/media/{known}"),
        format!("{base}/media/{known}/thumbnail"),
    ] {
        assert_eq!(status_of(&visitor, &path).await, 404, "{path}");
    }
    for (to, fields) in [("download", vec![("ids", known)]), ("download-all", Vec::new())] {
        let answer = visitor.submit(&base, &format!("{base}/{to}"), &fields).await;
        assert_eq!(answer.status(), 404, "{to}");
    }

    // The same name and the same bytes as there are already: both are stored like any other file.
    let files: [(&str, &[u8]); 2] = [("one.png", &png(40)), ("new.png", &png(41))];
    let answer = send(&visitor, &base, "  Aunt\tMay ", &files).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, format!("{base}/upload")));
    let page = visitor.page(&format!("{base}/upload")).await;
    assert!(page.says("Ada Lovelace has 2 files from you."));
    assert!(!page.says("one.png"));

    assert_eq!(received(&s.ada).await.len(), 2);
    for list in ["shelf=photos", "shelf=recents", "q=new", &in_folder] {
        let names = s.ada.names(list).await;
        assert!(!names.contains(&"new.png".to_owned()), "{list} {names:?}");
    }
    let waiting = s.ada_browser.page("/received").await;
    assert!(waiting.says("From Aunt May") && waiting.says("Accept all"));
    assert!(s.ada_browser.page("/notifications").await.says("2 files received through “Wedding”"));
    assert!(s.tom_browser.page("/received").await.says("wait here until you accept them"));
    assert_counts_are_true(&s.app, "ada");

    let item = received(&s.ada).await.into_iter().find(|it| it["name"] == "new.png").unwrap();
    let page = s.ada_browser.page(&format!("/items/{}", item["id"].as_str().unwrap())).await;
    assert!(page.says("Sent by Aunt May.") && page.has("form[action$='/accept']"));
    assert_eq!(
        s.tom
            .send(
                "POST",
                &format!("/api/media/{}/accept", item["id"].as_str().unwrap()),
                &json!({})
            )
            .await
            .status(),
        404
    );
    assert_eq!((accept(&s.ada, &item).await, accept(&s.ada, &item).await), (200, 409));
    assert!(s.ada.names(&in_folder).await.contains(&"new.png".to_owned()));
    assert!(s.ada.names("q=new").await.contains(&"new.png".to_owned()));

    // What is not wanted goes to the trash, and waits again if that was a mistake.
    let other = received(&s.ada).await.remove(0);
    let id = other["id"].as_str().unwrap();
    assert_eq!(s.ada_browser.act(id, "rename", &[("name", "x.png")]).await.status(), 409);
    assert_eq!(
        received(&s.ada).await[0]["name"],
        other["name"],
        "only what is accepted is renamed"
    );
    s.ada_browser.act(id, "trash", &[]).await;
    assert_eq!((received(&s.ada).await.len(), s.ada.names("shelf=trash").await.len()), (0, 1));
    s.ada_browser.act(id, "restore", &[]).await;
    assert_eq!((received(&s.ada).await.len(), s.ada.names(&in_folder).await.len()), (1, 2));
    s.ada_browser.act(id, "accept", &[]).await;
    s.ada_browser.act(id, "trash", &[]).await;
    s.ada_browser.act(id, "restore", &[]).await;
    assert_eq!((received(&s.ada).await.len(), s.ada.names(&in_folder).await.len()), (0, 3));
    assert_counts_are_true(&s.app, "ada");
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn what_an_album_asks_for_is_added_to_it_when_it_is_accepted(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[]).await;
    let link = linked(&s, &json!({ "uploads": "add" })).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    let page = visitor.page(&base).await;
    assert!(page.has(&format!("a[href='{base}/upload']")) && page.all("[data-tile]").len() == 3);

    send(&visitor, &base, "Tom", &[("party.png", &png(50)), ("cake.png", &png(51))]).await;
    assert_eq!(visitor.page(&base).await.all("[data-tile]").len(), 3, "nobody else sees it yet");
    let album = format!("/api/albums/{}/items?limit=200", s.album);
    let count = async || s.ada.json(&album).await["items"].as_array().unwrap().len();
    assert_eq!(count().await, 3);
    // Not even its owner can add it before it is accepted.
    let waiting = received(&s.ada).await;
    let ids = json!({ "ids": [waiting[0]["id"]] });
    let added = s.ada.send("POST", &format!("/api/albums/{}/items", s.album), &ids).await;
    assert_eq!(added.status(), 422);
    assert_eq!(accept(&s.ada, &waiting[0]).await, 200);
    assert_eq!((count().await, visitor.page(&base).await.all("[data-tile]").len()), (4, 4));
    let all = s.ada_browser.submit("/received", "/received/accept-all", &[]).await;
    assert_eq!((all.status().as_u16(), count().await), (303, 5));

    // Trusted visitors need nobody to accept their files.
    s.ada.send("PATCH", &id_of(&link), &json!({ "needs_review": false })).await;
    send(&visitor, &base, "", &[("late.png", &png(52))]).await;
    assert_eq!((count().await, received(&s.ada).await.len()), (6, 0));
    let counted = s.ada.json(&id_of(&link)).await;
    assert_eq!(counted["received_files"], 3);
    assert_counts_are_true(&s.app, "ada");
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn visitors_send_no_more_than_a_link_takes(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = library(backend, &[]).await;
    let (link, _) = requested(&s, &json!({ "max_files": 3, "max_bytes": 5000 })).await;
    let base = path_of(&link);
    let large = vec![7; 6000];
    let visitor = s.app.browser();
    let refused = send(&visitor, &base, "", &[("large.bin", &large)]).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("large.bin"));

    // Of ten at once, three are stored.
    let sends = (0..10).map(|number| {
        let (visitor, base) = (s.app.browser(), base.clone());
        async move {
            let bytes = format!("file {number}");
            send(&visitor, &base, "", &[("a.txt", bytes.as_bytes())]).await.status().as_u16()
        }
    });
    let statuses = futures_util::future::join_all(sends).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 3, "{statuses:?}");
    assert_eq!(received(&s.ada).await.len(), 3);
    assert!(visitor.page(&base).await.says("No more can be sent."));

    // Its owner raises the limit.
    s.ada.send("PATCH", &id_of(&link), &json!({ "max_files": 4 })).await;
    assert_eq!(send(&visitor, &base, "", &[("b.txt", b"b")]).await.status(), 303);

    for (how, field) in [
        (json!({ "uploads": "request", "max_files": 0 }), None),
        (json!({ "uploads": "request", "max_files": -1 }), Some("max_files")),
        (json!({ "uploads": "request", "max_bytes": -5 }), Some("max_bytes")),
    ] {
        let mut body = how;
        body["album"] = json!(s.album);
        let answer = s.ada.send("POST", "/api/links", &body).await;
        match field {
            None => assert_eq!(answer.status(), 422, "{body}"),
            Some(field) => {
                assert_eq!(answer.status(), 422, "{body}");
                assert!(answer.text().await.unwrap().contains(field), "{body}");
            }
        }
    }
    let photos = s.ada.json("/api/directories").await;
    let standard =
        photos["directories"].as_array().unwrap().iter().find(|it| it["name"] == "Photos");
    for body in [
        json!({ "item": s.items[0], "uploads": "request" }),
        json!({ "directory": standard.unwrap()["id"], "uploads": "add" }),
    ] {
        assert_eq!(s.ada.send("POST", "/api/links", &body).await.status(), 422, "{body}");
    }
}

#[actix_web::test]
async fn a_full_library_refuses_what_visitors_send_and_does_not_say_how_full_it_is() {
    let s = library(Sqlite, &[]).await;
    let (link, _) = requested(&s, &json!({})).await;
    let used = s.app.user("ada").used_bytes;
    let quota = format!("/api/admin/users/{}", s.app.id_of("ada"));
    let admin = s.app.program("root").await;
    let set = admin.send("PATCH", &quota, &json!({ "quota_bytes": used + 10 })).await;
    assert_eq!(set.status(), 200);
    let (base, visitor) = (path_of(&link), s.app.browser());
    let refused = send(&visitor, &base, "", &[("a.bin", &[1; 100])]).await;
    assert_eq!(refused.status(), 422);
    let text = refused.text().await.unwrap();
    assert!(text.contains("There is no space for this file."));
    assert!(received(&s.ada).await.is_empty());

    // What is announced neither tells how full it is, nor keeps the owner from using what is left.
    let token = visitor.token(&base).await;
    let headers = [("upload-length", "5000000".to_owned())];
    let begun = tus(&visitor, &token, ("POST", &format!("{base}/uploads")), &headers, b"").await;
    // More than all of the quota is refused, whatever is left of it.
    assert_eq!((begun.status().as_u16(), code(begun).await), (507, "NO_SPACE".into()));
    let headers = [("upload-length", used.to_string())];
    let begun = tus(&visitor, &token, ("POST", &format!("{base}/uploads")), &headers, b"").await;
    assert_eq!((begun.status().as_u16(), s.app.user("ada").reserved_bytes), (201, 0));
    assert_eq!(
        tus(&visitor, &token, ("DELETE", &header(&begun, "location")), &[], b"").await.status(),
        204
    );
    let headers = [("upload-length", "100".to_owned())];
    let begun = tus(&visitor, &token, ("POST", &format!("{base}/uploads")), &headers, b"").await;
    let part = [
        ("content-type", "application/offset+octet-stream".to_owned()),
        ("upload-offset", "0".to_owned()),
    ];
    let path = header(&begun, "location");
    let refused = tus(&visitor, &token, ("PATCH", &path), &part, &[1; 100]).await;
    assert_eq!((refused.status().as_u16(), code(refused).await), (507, "NO_SPACE".into()));
    assert_eq!(send(&visitor, &base, "", &[("b.bin", &[1; 5])]).await.status(), 303);
    s.ada.upload_one("own.bin", &[2; 5]).await;
    assert_counts_are_true(&s.app, "ada");
}

#[rstest]
#[actix_web::test]
async fn what_was_received_waits_again_after_quarantine_and_after_it_was_moved_on_disk(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let clamd = Clamd::start();
    let address = clamd.address();
    let s = library(backend, &[("clamd", address.as_str())]).await;
    let (link, _) = requested(&s, &json!({})).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    send(&visitor, &base, "Mallory", &[("bad.com", &eicar()), ("good.txt", b"good")]).await;
    for item in received(&s.ada).await {
        verdict(&s.ada, item["id"].as_str().unwrap()).await;
    }
    let waiting = received(&s.ada).await;
    assert_eq!((waiting.len(), waiting[0]["name"].as_str()), (1, Some("good.txt")));
    let page = s.admin.page("/admin/findings").await;
    let release = page.attribute("form[action$='/release']", "action").unwrap();
    assert_eq!(s.admin.submit("/admin/findings", &release, &[]).await.status(), 303);
    assert_eq!(received(&s.ada).await.len(), 2, "it is released to where it waited");
    assert!(s.ada_browser.page("/received").await.says("From Mallory"));

    let (from, to) = ("Wedding/good.txt", "Uploads/good.txt");
    std::fs::rename(s.app.on_disk("ada", from), s.app.on_disk("ada", to)).unwrap();
    let services = s.app.services.clone();
    let scan = move || nexus_media::domain::reconcile::scan(&services, None, Duration::ZERO);
    tokio::task::spawn_blocking(scan).await.unwrap().unwrap();
    assert_eq!(received(&s.ada).await.len(), 2);
    assert!(!s.ada.names("shelf=uploads").await.contains(&"good.txt".to_owned()));
    assert_counts_are_true(&s.app, "ada");
}

/// A request of the protocol for resumable uploads from a page of a link.
async fn tus(
    visitor: &Browser,
    token: &str,
    (method, path): (&str, &str),
    headers: &[(&str, String)],
    body: &[u8],
) -> Response {
    let mut request = visitor.request(method, path).header("tus-resumable", "1.0.0");
    request = request.header("x-csrf-token", token);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(body.to_vec()).send().await.unwrap()
}

#[rstest]
#[actix_web::test]
async fn visitors_resume_uploads_until_the_link_ends(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = library(backend, &[]).await;
    let (link, _) = requested(&s, &json!({ "max_bytes": 1000 })).await;
    let other = linked(&s, &json!({ "uploads": "request" })).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    let token = visitor.token(&base).await;
    let uploads = format!("{base}/uploads");
    let named = |name: &str, sender: &str| {
        let encoded = |text: &str| BASE64_STANDARD.encode(text);
        format!("filename {},sender {}", encoded(name), encoded(sender))
    };
    let begin = async |size: usize, name: &str| {
        let headers =
            [("upload-length", size.to_string()), ("upload-metadata", named(name, "Uncle Ben"))];
        tus(&visitor, &token, ("POST", &uploads), &headers, b"").await
    };
    let part = async |path: &str, offset: usize, bytes: &[u8]| {
        let headers = [
            ("content-type", "application/offset+octet-stream".to_owned()),
            ("upload-offset", offset.to_string()),
        ];
        tus(&visitor, &token, ("PATCH", path), &headers, bytes).await
    };
    assert_eq!(begin(1001, "large.txt").await.status(), 413);
    let begun = begin(10, "film.txt").await;
    assert_eq!(begun.status(), 201);
    let path = header(&begun, "location");
    assert!(path.starts_with(&uploads));
    // What is being sent counts towards what the link takes.
    assert_eq!(begin(991, "b.txt").await.status(), 413);
    assert_eq!(part(&path, 0, b"01234").await.status(), 204);
    let offset = tus(&visitor, &token, ("HEAD", &path), &[], b"").await;
    assert_eq!(header(&offset, "upload-offset"), "5");

    // Neither the page of another link nor the owner reaches it, and the visitor reaches no upload of the owner.
    let id = path.rsplit('/').next().unwrap();
    let elsewhere = format!("{}/uploads/{id}", path_of(&other));
    assert_eq!(tus(&visitor, &token, ("HEAD", &elsewhere), &[], b"").await.status(), 404);
    let own = s.ada.request("HEAD", &format!("/api/uploads/{id}")).header("tus-resumable", "1.0.0");
    assert_eq!(own.send().await.unwrap().status(), 404);
    let of_ada = s.ada.begin(10, "mine.txt").await;
    let stolen = format!("{uploads}/{}", of_ada.rsplit('/').next().unwrap());
    for method in ["HEAD", "DELETE"] {
        assert_eq!(tus(&visitor, &token, (method, &stolen), &[], b"").await.status(), 404);
    }
    assert!(!s.ada_browser.page("/upload").await.says("film.txt"));
    // Errors are JSON, which the queue of the browser reads.
    assert_eq!(code(begin(1001, "large.txt").await).await, "TOO_LARGE");
    // Without the token of a page of the link, nothing is written.
    assert_eq!(
        tus(&visitor, "", ("POST", &uploads), &[("upload-length", "1".into())], b"").await.status(),
        403
    );

    let last = part(&path, 5, b"56789").await;
    assert_eq!(last.status(), 204);
    assert!(last.headers().get("nexus-item").is_none(), "the visitor is not told what it became");
    assert_eq!(received(&s.ada).await.len(), 1);
    assert!(s.ada_browser.page("/received").await.says("From Uncle Ben"));

    // A new address ends the uploads of the old one, and frees what they took of the link.
    let begun = header(&begin(100, "never.txt").await, "location");
    assert_eq!(part(&begun, 0, b"some").await.status(), 204);
    s.ada.send("POST", &format!("{}/renew", id_of(&link)), &json!({})).await;
    assert_eq!(part(&begun, 4, b"more").await.status(), 404);
    let renewed = path_of(&s.ada.json(&id_of(&link)).await);
    let token = visitor.token(&renewed).await;
    let all_that_is_left =
        [("upload-length", "990".to_owned()), ("upload-metadata", named("rest.txt", ""))];
    let to = format!("{renewed}/uploads");
    let rest = tus(&visitor, &token, ("POST", &to), &all_that_is_left, b"").await;
    assert_eq!(rest.status(), 201);
    // What somebody has announced is not taken by another form meanwhile.
    let answer = send(&s.app.browser(), &renewed, "", &[("small.txt", b"small")]).await;
    assert_eq!(answer.status(), 422);
    assert!(
        s.ada_browser
            .page(&format!("/links/{}", link["id"].as_str().unwrap()))
            .await
            .says("1 file being sent")
    );
    let later = nexus_media::model::now() + time::Duration::days(2);
    nexus_media::domain::uploads::resumable::delete_expired(&s.app.services, later).unwrap();
    assert_eq!(s.app.user("ada").reserved_bytes, 10, "of the upload of ada");
    assert_counts_are_true(&s.app, "ada");
}

#[actix_web::test]
async fn the_same_bytes_from_owner_and_visitor_at_once_are_two_items() {
    use nexus_media::domain::ingest;
    use nexus_media::model::ScanStatus;
    use nexus_media::model::authority::FileSender;
    use nexus_media::state::ingest_queue::{IngestRequest, Ingested};
    use nexus_media::storage::IncomingFile;

    let s = library(Sqlite, &[]).await;
    let (link, _) = requested(&s, &json!({})).await;
    let link = nexus_media::model::ShareLinkId::parse(link["id"].as_str().unwrap()).unwrap();
    let request = |sender: FileSender| {
        let mut file = IncomingFile::create(s.app.services.media_dir.clone()).unwrap();
        file.write(b"the same bytes").unwrap();
        IngestRequest {
            received: file.finish(),
            name: "same.txt".into(),
            directory: None,
            keep_duplicates: matches!(sender, FileSender::Visitor { .. }),
            created_at: None,
            file_modified: None,
            scan: ScanStatus::Skipped,
            sender,
            upload: None,
            hold: None,
            released: None,
            is_hold_released: false.into(),
        }
    };
    let visitor = FileSender::Visitor { link, generation: 1, name: "Tom".into() };
    let requests = vec![request(visitor), request(FileSender::Server)];
    let (services, ada) = (s.app.services.clone(), s.app.user("ada"));
    let store = move || ingest::store_all(&services, &ada, requests);
    let outcomes = tokio::task::spawn_blocking(store).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Ingested::Stored(_)))));
    assert_eq!(received(&s.ada).await.len(), 1);
    assert_counts_are_true(&s.app, "ada");
}
