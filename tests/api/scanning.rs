//! The malware scanner: a real clamd that knows one signature.

use std::time::Duration;

use nexus_media::domain::malware;
use nexus_media::model::actor::Actor;
use nexus_media::model::{ScanStatus, Shelf, UserId};
use nexus_media::store;
use rstest::rstest;

use crate::clamd::{Clamd, eicar};
use crate::support::*;

async fn scanned_house(
    backend: Backend,
    clamd: &Clamd,
    more: &[(&'static str, &str)],
) -> (TestApp, Browser, Browser) {
    let address = clamd.address();
    let settings = [&[("clamd", address.as_str()), ("clamd_max", "2000000")], more].concat();
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    let (ada, _) = app.person(&admin, "ada").await;
    (app, admin, ada)
}

/// The item's `scan`, once it is no longer `pending`; `None` once it is gone.
pub async fn verdict(ada: &Program, id: &str) -> Option<String> {
    for _ in 0..500 {
        let answer = ada.get(&format!("/api/media/{id}")).await;
        if answer.status() == 404 {
            return None;
        }
        let scan = json(answer).await["scan"].as_str().unwrap().to_owned();
        if scan != "pending" {
            return Some(scan);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it was never scanned");
}

/// Every URL of an item's bytes.
async fn assert_closed(ada: &Program, browser: &Browser, id: &str) {
    for path in [format!("/api/media/{id}/content"), format!("/api/media/{id}/thumbnail")] {
        let answer = ada.get(&path).await;
        assert_eq!(
            (answer.status().as_u16(), code(answer).await),
            (409, "BEING_CHECKED".into()),
            "{path}"
        );
    }
    for path in [
        format!("/media/{id}"),
        format!("/media/{id}?download=1"),
        format!("/media/{id}/thumbnail"),
    ] {
        assert_eq!(browser.get(&path).await.status(), 409, "{path}");
    }
    let archive = browser.submit("/photos", "/items/download", &[("ids", id)]).await;
    let bytes = archive.bytes().await.unwrap();
    assert!(
        !bytes.windows(8).any(|window| window == png(7).get(8..16).unwrap()),
        "the archive has its bytes"
    );
    assert!(browser.page(&format!("/items/{id}")).await.says("Scanning for malware"));
}

#[rstest]
#[actix_web::test]
async fn a_clean_file_can_be_opened_once_scanned(#[values(Sqlite, MariaDb)] backend: Backend) {
    let clamd = Clamd::start();
    let (app, _, _) = scanned_house(backend, &clamd, &[]).await;
    let ada = app.program("ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    assert_eq!(verdict(&ada, &id).await.as_deref(), Some("clean"));
    assert_eq!(ada.get(&format!("/api/media/{id}/content")).await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn malware_is_quarantined_reported_and_kept_for_the_admin(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let clamd = Clamd::start();
    let (app, admin, browser) = scanned_house(backend, &clamd, &[]).await;
    let ada = app.program("ada").await;
    let form = ada.upload_one("free money.com", &eicar()).await;
    assert_eq!(verdict(&ada, &form).await, None);
    // A resumable upload and a file inside an archive are found as well.
    let made = ada
        .request("POST", "/api/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", eicar().len());
    let made = made
        .header("content-type", "application/offset+octet-stream")
        .body(eicar())
        .send()
        .await
        .unwrap();
    assert_eq!(verdict(&ada, &header(&made, "nexus-item")).await, None);
    assert!(app.names("ada", "Uploads").is_empty());
    let user = app.user("ada");
    assert_eq!((user.used_bytes, user.reserved_bytes), (0, 0));
    assert_counts_are_true(&app, "ada");

    let dashboard = browser.page("/dashboard").await;
    assert!(
        dashboard.says("“free money.com” was removed") && dashboard.says("Nexus.Test.EICAR"),
        "{}",
        dashboard.text()
    );
    let seen = dashboard.attribute("form[action$='/seen']", "action").unwrap();
    assert_eq!(browser.submit("/upload", &seen, &[]).await.status(), 303);

    let page = admin.page("/admin/findings").await;
    assert!(page.says("free money.com") && page.says("of ada"));
    assert!(admin.page("/admin/status").await.says("2 files to review"));
    let actions: Vec<String> = page
        .html
        .select(&selector(".row-actions form"))
        .map(|form| form.value().attr("action").unwrap().to_owned())
        .collect();
    let (release, delete) = (&actions[0], &actions[3]);
    assert_eq!(admin.submit("/admin/findings", delete, &[]).await.status(), 303);
    assert_eq!(admin.submit("/admin/findings", delete, &[]).await.status(), 409, "decided already");
    // Bytes that were changed in quarantine are not what the admin decided about.
    let id = release.split('/').nth(3).unwrap().replace('-', "");
    let quarantined = app.folder.path().join("media/.quarantine").join(id);
    std::fs::write(&quarantined, "something else").unwrap();
    assert_eq!(admin.submit("/admin/findings", release, &[]).await.status(), 409, "changed");
    std::fs::write(&quarantined, eicar()).unwrap();
    // A false alarm is returned to its place and marked clean.
    assert_eq!(admin.submit("/admin/findings", release, &[]).await.status(), 303);
    assert_eq!(app.names("ada", "Uploads").len(), 1);
    let list = ada.json("/api/media/list").await;
    assert_eq!(list["items"][0]["scan"], "clean");
    assert_eq!(
        ada.get(list["items"][0]["content_url"].as_str().unwrap()).await.bytes().await.unwrap(),
        eicar()
    );
    let quarantine =
        std::fs::read_dir(app.folder.path().join("media/.quarantine")).unwrap().count();
    assert_eq!(quarantine, 0);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn during_a_scanner_outage_no_new_file_can_be_opened(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let mut clamd = Clamd::start();
    let (app, admin, browser) = scanned_house(backend, &clamd, &[]).await;
    let ada = app.program("ada").await;
    let before = ada.upload_one("before.png", &png(6)).await;
    assert_eq!(verdict(&ada, &before).await.as_deref(), Some("clean"));
    clamd.kill();
    let waiting = ada.upload_one("waits.png", &png(7)).await;
    let bad = ada.upload_one("bad.com", &eicar()).await;
    assert_closed(&ada, &browser, &waiting).await;
    assert_eq!(
        ada.get(&format!("/api/media/{before}/content")).await.status(),
        200,
        "what is clean stays open"
    );
    let status = admin.page("/admin/status").await;
    assert!(status.says("Not responding") && status.says("2 files"), "{}", status.text());
    // Stars, renames and the trash still work.
    assert_eq!(browser.act(&waiting, "rename", &[("name", "still waits.png")]).await.status(), 303);
    clamd.start_again();
    app.services.malware_scanner.wakeup.notify_one();
    assert_eq!(verdict(&ada, &waiting).await.as_deref(), Some("clean"));
    assert_eq!(verdict(&ada, &bad).await, None);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn files_the_scanner_does_not_accept_are_never_called_clean(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let clamd = Clamd::start();
    // Larger than what the server sends, and larger than the limit of clamd although the server expects more.
    for (given, size) in [("2000000", 2_500_000), ("50000000", 6_000_000)] {
        for policy in ["keep", "quarantine"] {
            let (app, _, browser) =
                scanned_house(backend, &clamd, &[("unscannable", policy), ("clamd_max", given)])
                    .await;
            let ada = app.program("ada").await;
            let id = ada.upload_one("large.bin", &vec![7; size]).await;
            let said = verdict(&ada, &id).await;
            if policy == "keep" {
                assert_eq!(said.as_deref(), Some("skipped"));
                assert_eq!(ada.get(&format!("/api/media/{id}/content")).await.status(), 200);
                assert!(browser.page(&format!("/items/{id}")).await.says("Not scanned: too large"));
            } else {
                assert_eq!(said, None);
                assert!(browser.page("/dashboard").await.says("Too large to scan"));
            }
        }
    }
}

#[rstest]
#[actix_web::test]
async fn new_signatures_find_malware_that_old_ones_missed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use nexus_media::domain::malware::{ScanTotals, rescan};
    let mut clamd = Clamd::start();
    let (app, _, _) = scanned_house(backend, &clamd, &[]).await;
    let ada = app.program("ada").await;
    let (good, bad) = (
        ada.upload_one("good.png", &png(1)).await,
        ada.upload_one("bad.bin", b"a new kind of evil").await,
    );
    for id in [&good, &bad] {
        assert_eq!(verdict(&ada, id).await.as_deref(), Some("clean"));
    }
    let services = app.services.clone();
    let again = |everything| {
        let services = services.clone();
        async move {
            tokio::task::spawn_blocking(move || rescan(&services, everything, |_| {}).unwrap())
                .await
                .unwrap()
        }
    };
    assert_eq!(again(false).await, ScanTotals::default(), "nothing has changed");
    clamd.kill();
    clamd.sign("new.ndb", &format!("Nexus.Test.Evil:0:*:{}\n", hex::encode("new kind of evil")));
    clamd.start_again();
    assert_eq!(again(true).await, ScanTotals { clean: 1, found: 1, ..ScanTotals::default() });
    assert_eq!(verdict(&ada, &bad).await, None);
    assert_eq!(ada.get(&format!("/api/media/{good}/content")).await.status(), 200);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn files_moved_during_their_scan_can_all_be_opened_in_the_end(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let clamd = Clamd::start();
    let (app, _, _) = scanned_house(backend, &clamd, &[]).await;
    let ada = app.program("ada").await;
    let folder =
        json(ada.send("POST", "/api/directories", &serde_json::json!({ "name": "Moving" })).await)
            .await;
    let folder = folder["id"].as_str().unwrap().to_owned();
    let mut form = reqwest::multipart::Form::new().text("directory", folder.clone());
    for number in 0..120 {
        form = form.part(
            "file",
            reqwest::multipart::Part::bytes(png(number)).file_name(format!("{number}.png")),
        );
    }
    assert_eq!(
        ada.request("POST", "/api/media/upload").multipart(form).send().await.unwrap().status(),
        201
    );
    assert_eq!(
        ada.request("DELETE", &format!("/api/directories/{folder}")).send().await.unwrap().status(),
        204
    );
    let list = ada.json("/api/media/list?shelf=trash&limit=200").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 120);
    for item in items {
        let id = item["id"].as_str().unwrap();
        assert_eq!(verdict(&ada, id).await.as_deref(), Some("clean"));
        assert_eq!(ada.get(&format!("/api/media/{id}/content")).await.status(), 200);
    }
}

#[rstest]
#[actix_web::test]
async fn quarantined_files_are_deleted_with_the_account(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let clamd = Clamd::start();
    let (app, _, _) = scanned_house(backend, &clamd, &[]).await;
    let ada = app.program("ada").await;
    let id = ada.upload_one("bad.com", &eicar()).await;
    assert_eq!(verdict(&ada, &id).await, None);
    let made = ada
        .request("POST", "/api/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", 10);
    let made = made
        .header("content-type", "application/offset+octet-stream")
        .body("half")
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let count = |folder: &str| {
        std::fs::read_dir(app.folder.path().join("media").join(folder)).unwrap().count()
    };
    assert_eq!((count(".quarantine"), count(".uploads")), (1, 1));
    nexus_media::domain::accounts::remove::remove(
        &app.services,
        &Actor::command_line(),
        app.user("ada").id,
    )
    .unwrap();
    assert_eq!((count(".quarantine"), count(".uploads")), (0, 0));
}

/// Each test on SQLite also fails if a change leaves the version of a library as it was.
#[rstest]
#[actix_web::test]
async fn without_a_scanner_waiting_files_are_released_and_the_library_version_changes(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let (ada, user_id) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.txt", b"text").await;
    let item = app.items("ada", Shelf::All).pop().unwrap();

    let version = || {
        let find = |conn: &mut _| Ok(store::library_versions::find_version(conn, UserId(user_id))?);
        app.services.db.read(find).unwrap()
    };
    let mark =
        |conn: &mut _| Ok(store::item_scans::update_scan(conn, &item, ScanStatus::Pending, "")?);
    app.services.write_library(UserId(user_id), mark).unwrap();
    let before = version();

    malware::reset_waiting(&app.services).unwrap();
    assert!(version() > before);
    assert_eq!(ada.get(&format!("/media/{id}")).await.status(), 200);
}
