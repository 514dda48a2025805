//! Changes that other programs make in user folders, such as rsync or SMB, are accepted.

use std::path::PathBuf;
use std::time::Duration;

use nexus_media::domain::reconcile::{self, FolderScanReport};
use nexus_media::model::Item;
use nexus_media::store;
use rstest::rstest;

use crate::support::*;

/// A full scan without a quiet period.
async fn scanned(app: &TestApp) -> FolderScanReport {
    scanned_if(app, Duration::ZERO).await
}

async fn scanned_if(app: &TestApp, settled: Duration) -> FolderScanReport {
    let services = app.services.clone();
    tokio::task::spawn_blocking(move || reconcile::scan(&services, None, settled).unwrap())
        .await
        .unwrap()
}

fn items(app: &TestApp, username: &str) -> Vec<Item> {
    app.placed_items(username).into_iter().map(|(_, item)| item).collect()
}

/// Directory and name of each item, in brackets if its file is missing.
fn places(app: &TestApp, username: &str) -> Vec<String> {
    let shown = |(path, item): (String, Item)| {
        let place = format!("{path}/{}", item.name);
        if item.is_missing { format!("({place})") } else { place }
    };
    let mut places: Vec<_> = app.placed_items(username).into_iter().map(shown).collect();
    places.sort();
    places
}

fn put(app: &TestApp, path: &str, bytes: &[u8]) -> PathBuf {
    let place = app.on_disk("ada", path);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, bytes).unwrap();
    place
}

#[rstest]
#[actix_web::test]
async fn files_placed_on_disk_are_added_in_their_folders(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    put(&app, "Photos/a.png", &png(1));
    put(&app, "Photos/Trip/Day one/b.png", &png(2));
    put(&app, "Photos/notes.txt", b"notes");
    put(&app, "Club/c.png", &png(3));
    put(&app, "stray.txt", b"dropped beside the folders");
    put(&app, "Uploads/.b.png.Xy12", b"rsync is at work");
    put(&app, "Uploads/film.mp4.part", b"so is a browser");
    std::os::unix::fs::symlink("/etc/passwd", app.on_disk("ada", "Uploads/link")).unwrap();
    let noticed = scanned(&app).await;
    assert_eq!((noticed.taken_in, noticed.left.len()), (4, 2), "{noticed:?}");
    assert!(
        noticed
            .left
            .iter()
            .any(|(path, why)| path.ends_with("/stray.txt") && why.contains("beside")),
        "{noticed:?}"
    );
    let expected = ["Club/c.png", "Photos/Trip/Day one/b.png", "Photos/a.png", "Uploads/notes.txt"];
    assert_eq!(places(&app, "ada"), {
        let mut sorted = expected;
        sorted.sort_unstable();
        sorted
    });
    assert_counts_are_true(&app, "ada");
    assert!(ada.page("/photos").await.says("b.png"));
    let again = scanned(&app).await;
    assert_eq!(
        again,
        FolderScanReport {
            looked_at: again.looked_at,
            left: noticed.left,
            ..FolderScanReport::default()
        },
        "nothing is new"
    );
}

#[rstest]
#[actix_web::test]
async fn moved_and_renamed_files_stay_the_same_items(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    ada.act(&id, "favorite", &[]).await;
    ada.upload_one("b.png", &png(2)).await;
    ada.upload_one("c.png", &png(3)).await;
    // One is renamed, one moves to a user's folder, one to a standard folder for another kind.
    std::fs::rename(app.on_disk("ada", "Photos/a.png"), app.on_disk("ada", "Photos/z.png"))
        .unwrap();
    std::fs::create_dir(app.on_disk("ada", "Photos/Trip")).unwrap();
    std::fs::rename(app.on_disk("ada", "Photos/b.png"), app.on_disk("ada", "Photos/Trip/b.png"))
        .unwrap();
    std::fs::rename(app.on_disk("ada", "Photos/c.png"), app.on_disk("ada", "Videos/c2.png"))
        .unwrap();
    let noticed = scanned(&app).await;
    assert_eq!((noticed.moved, noticed.taken_in, noticed.vanished), (3, 0, 0), "{noticed:?}");
    assert_eq!(places(&app, "ada"), ["Photos/Trip/b.png", "Photos/c2.png", "Photos/z.png"]);
    assert_eq!(app.names("ada", "Photos"), ["Trip", "c2.png", "z.png"]);
    let favorite = items(&app, "ada").into_iter().find(|item| item.favorite).unwrap();
    assert_eq!((favorite.id.to_string(), favorite.name.as_str()), (id.clone(), "z.png"));
    assert_eq!(ada.get(&format!("/media/{id}")).await.bytes().await.unwrap(), png(1));
    assert_counts_are_true(&app, "ada");

    // A folder that was renamed as a whole.
    std::fs::rename(app.on_disk("ada", "Photos/Trip"), app.on_disk("ada", "Photos/Journey"))
        .unwrap();
    assert_eq!(scanned(&app).await.moved, 1);
    assert_eq!(places(&app, "ada"), ["Photos/Journey/b.png", "Photos/c2.png", "Photos/z.png"]);
    let user = app.user("ada");
    let old = app
        .services
        .db
        .read(|conn| Ok(store::directories::find_by_path(conn, user.id, "Photos/Trip")?))
        .unwrap();
    assert!(old.is_none(), "the folder that is gone on disk is gone here");
}

#[rstest]
#[actix_web::test]
async fn missing_files_are_marked_and_return_and_changed_ones_are_read_again(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    let other = ada.upload_one("b.txt", b"before").await;
    let (place, aside) = (app.on_disk("ada", "Photos/a.png"), app.folder.path().join("aside"));
    std::fs::rename(&place, &aside).unwrap();
    let longer = b"after, and longer";
    std::fs::write(app.on_disk("ada", "Uploads/b.txt"), longer).unwrap();
    let noticed = scanned(&app).await;
    assert_eq!((noticed.vanished, noticed.changed), (1, 1), "{noticed:?}");
    assert_eq!(places(&app, "ada"), ["(Photos/a.png)", "Uploads/b.txt"]);
    for _ in 0..200 {
        if items(&app, "ada")
            .iter()
            .all(|item| item.scan != nexus_media::model::ScanStatus::Pending)
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ada.get(&format!("/media/{other}")).await.bytes().await.unwrap(), longer.as_slice());
    assert_eq!(scanned(&app).await.vanished, 0, "it is said once");
    std::fs::rename(&aside, &place).unwrap();
    assert_eq!(scanned(&app).await.back, 1);
    assert_eq!(ada.get(&format!("/media/{id}")).await.bytes().await.unwrap(), png(1));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn files_possibly_still_being_written_are_left_for_the_next_scan(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    ada.upload_one("b.txt", b"before").await;
    put(&app, "Uploads/half.txt", b"hal");
    std::fs::write(app.on_disk("ada", "Uploads/b.txt"), b"half of what it will be").unwrap();
    let noticed = scanned_if(&app, Duration::from_hours(1)).await;
    assert_eq!((noticed.waiting, noticed.taken_in, noticed.changed), (2, 0, 0), "{noticed:?}");
    assert_eq!(places(&app, "ada"), ["Uploads/b.txt"]);
    let noticed = scanned(&app).await;
    assert_eq!((noticed.waiting, noticed.taken_in, noticed.changed), (0, 1, 1), "{noticed:?}");
}

#[rstest]
#[actix_web::test]
async fn a_hard_link_to_a_file_elsewhere_is_reported_and_not_stored(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    app.person(&admin, "ada").await;
    let secret = app.folder.path().join("data/cookie.key");
    assert!(secret.exists());
    let link = app.on_disk("ada", "Uploads/key.txt");
    std::fs::hard_link(&secret, &link).unwrap();
    let report = scanned(&app).await;
    assert_eq!((report.taken_in, report.left.len()), (0, 1), "{report:?}");
    assert_eq!(places(&app, "ada"), Vec::<String>::new());

    // Once it is a file of its own, it is stored.
    std::fs::remove_file(&link).unwrap();
    std::fs::write(&link, "a file of its own").unwrap();
    assert_eq!(scanned(&app).await.taken_in, 1);
}

#[rstest]
#[actix_web::test]
async fn a_full_quota_leaves_files_in_place_and_is_reported(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) =
        TestApp::ready_with(backend, &[("previews_at_once", "0"), ("default_quota", "10")]).await;
    app.person(&admin, "ada").await;
    let place = put(&app, "Uploads/large.txt", b"more than ten bytes");
    let noticed = scanned(&app).await;
    assert_eq!((noticed.taken_in, noticed.left.len()), (0, 1), "{noticed:?}");
    assert!(place.exists());
    assert_counts_are_true(&app, "ada");
}

/// Waits until ada's items are in that state.
async fn comes_to(app: &TestApp, expected: &[&str]) {
    for _ in 0..300 {
        if places(app, "ada") == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(places(app, "ada"), expected);
}

#[rstest]
#[actix_web::test]
async fn a_running_server_notices_by_itself(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) =
        TestApp::ready_with(backend, &[("previews_at_once", "0"), ("watch", "1")]).await;
    // Her folder is created while the server runs.
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    put(&app, "Uploads/notes.txt", b"notes");
    comes_to(&app, &["Photos/a.png", "Uploads/notes.txt"]).await;
    put(&app, "Club/Deep/c.png", &png(2));
    comes_to(&app, &["Club/Deep/c.png", "Photos/a.png", "Uploads/notes.txt"]).await;
    std::fs::rename(app.on_disk("ada", "Photos/a.png"), app.on_disk("ada", "Club/b.png")).unwrap();
    comes_to(&app, &["Club/Deep/c.png", "Club/b.png", "Uploads/notes.txt"]).await;
    assert_eq!(
        items(&app, "ada").into_iter().find(|item| item.name == "b.png").unwrap().id.to_string(),
        id
    );
    std::fs::rename(app.on_disk("ada", "Club/Deep"), app.on_disk("ada", "Club/Deeper")).unwrap();
    comes_to(&app, &["Club/Deeper/c.png", "Club/b.png", "Uploads/notes.txt"]).await;
    std::fs::remove_file(app.on_disk("ada", "Uploads/notes.txt")).unwrap();
    comes_to(&app, &["(Uploads/notes.txt)", "Club/Deeper/c.png", "Club/b.png"]).await;
    assert_counts_are_true(&app, "ada");
}
