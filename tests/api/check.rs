//! `check`: reports changes that others made on disk, and repairs what it can.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;

use nexus_media::domain::reconcile::check::check;
use nexus_media::domain::reconcile::problem::{CheckOptions, Problem};
use nexus_media::model::ScanStatus;
use rstest::rstest;

use crate::support::*;

fn found(app: &TestApp, how: CheckOptions) -> (u64, BTreeSet<(String, String, bool)>) {
    let mut list = Vec::new();
    let looked_at = check(&app.services, how, |one: Problem| list.push(one)).unwrap();
    let folder = app.user("ada").folder;
    let short =
        |path: String| path.strip_prefix(&format!("{folder}/")).map(str::to_owned).unwrap_or(path);
    let all = list
        .into_iter()
        .map(|one| (one.kind.as_str().to_owned(), short(one.path), one.repaired.is_some()));
    (looked_at, all.collect())
}

const LOOK: CheckOptions = CheckOptions {
    repair: false,
    accept_changes: false,
    is_quick: false,
    initial_scan: ScanStatus::Skipped,
};
const REPAIR: CheckOptions = CheckOptions { repair: true, ..LOOK };

fn named(list: &[(&str, &str)], is_repaired: bool) -> BTreeSet<(String, String, bool)> {
    list.iter()
        .map(|(trouble, path)| ((*trouble).to_owned(), (*path).to_owned(), is_repaired))
        .collect()
}

#[rstest]
#[actix_web::test]
async fn each_fault_is_named_and_repaired_if_possible(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (browser, _) = app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let mut ids = Vec::new();
    for (name, bytes) in [
        ("whole", png(1)),
        ("gone", png(2)),
        ("short", png(3)),
        ("flipped", png(4)),
        ("long", png(5)),
    ] {
        ids.push(ada.upload_one(&format!("{name}.png"), &bytes).await);
    }
    assert_eq!(found(&app, LOOK), (5, BTreeSet::new()), "nothing is wrong yet");

    let photos = app.on_disk("ada", "Photos");
    std::fs::remove_file(photos.join("gone.png")).unwrap();
    std::fs::write(photos.join("short.png"), b"x").unwrap();
    let mut other = png(4);
    *other.last_mut().unwrap() ^= 1;
    std::fs::write(photos.join("flipped.png"), &other).unwrap();
    std::fs::write(photos.join("long.png"), [png(5), vec![0]].concat()).unwrap();
    std::fs::write(photos.join("added.png"), png(6)).unwrap();
    std::fs::write(app.on_disk("ada", "Trash/thrown.txt"), b"by hand").unwrap();
    std::fs::write(app.on_disk("ada", "Favorites/dear.txt"), b"a view").unwrap();
    std::fs::create_dir(app.on_disk("ada", "Summer")).unwrap();
    std::fs::create_dir(app.on_disk("ada", "Summer/Day 1")).unwrap();
    std::fs::write(app.on_disk("ada", "Summer/Day 1/sea.png"), png(7)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", photos.join("link.png")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(photos.join("pipe.png"))
            .status()
            .unwrap()
            .success()
    );
    std::fs::write(photos.join(std::ffi::OsStr::from_bytes(b"\xff\xfe.png")), png(8)).unwrap();
    std::fs::remove_dir(app.on_disk("ada", "Videos")).unwrap();
    std::fs::create_dir(app.folder.path().join("media/nobody's")).unwrap();

    // Pages are shown nevertheless.
    for path in ["/dashboard", "/photos", "/uploads", "/trash"] {
        assert_eq!(browser.get(path).await.status(), 200, "{path}");
    }
    let damage = [
        ("missing", "Photos/gone.png"),
        ("truncated", "Photos/short.png"),
        ("changed", "Photos/flipped.png"),
        ("truncated", "Photos/long.png"),
        ("missing", "Videos"),
    ];
    let extra = [
        ("extra", "Photos/added.png"),
        ("extra", "Trash/thrown.txt"),
        ("extra", "Favorites/dear.txt"),
        ("extra", "Summer"),
    ];
    let inner = [("extra", "Summer/Day 1")];
    let never = [
        ("unsafe", "Photos/link.png"),
        ("unsafe", "Photos/pipe.png"),
        ("unsafe", "Photos/\u{fffd}\u{fffd}.png"),
        ("extra", "nobody's"),
    ];
    let (_, seen) = found(&app, LOOK);
    assert_eq!(seen, named(&[&damage[..], &extra, &inner, &never].concat(), false));
    assert_eq!(
        found(&app, CheckOptions { is_quick: true, ..LOOK }).1.len(),
        seen.len() - 1,
        "bytes are not looked at"
    );

    let (_, seen) = found(&app, REPAIR);
    let mut expected = named(&[&damage[..], &extra, &inner].concat(), true);
    expected.extend(named(&[("extra", "Summer/Day 1/sea.png")], true));
    expected.extend(named(&never, false));
    assert_eq!(seen, expected);

    // Marked items stay inaccessible; added files are in their directories, byte for byte.
    for (id, status) in ids.iter().zip([200, 404, 404, 404, 404]) {
        for _ in 0..2 {
            assert_eq!(ada.get(&format!("/api/media/{id}/content")).await.status(), status);
        }
    }
    assert!(app.names("ada", "Photos").contains(&"added.png".to_owned()));
    assert_eq!(app.names("ada", "Uploads"), ["dear.txt", "thrown.txt"]);
    assert_eq!(std::fs::read(app.on_disk("ada", "Summer/Day 1/sea.png")).unwrap(), png(7));
    assert_eq!(ada.names("q=sea").await, ["sea.png"]);
    assert_eq!(ada.json("/api/media/list?q=sea").await["items"][0]["directory_name"], "Day 1");
    assert!(
        photos.join("pipe.png").exists() && photos.join("link.png").exists(),
        "nothing was deleted"
    );
    assert_counts_are_true(&app, "ada");

    // A second check reports the same marked items and nothing new.
    let (_, again) = found(&app, REPAIR);
    assert_eq!(
        again,
        [named(&damage[..4], true), named(&never, false)].into_iter().flatten().collect()
    );

    // A file that was put back is accessible again; a deliberate change is accepted.
    std::fs::write(photos.join("gone.png"), png(2)).unwrap();
    let (_, seen) = found(&app, CheckOptions { accept_changes: true, ..REPAIR });
    assert!(seen.contains(&("back".into(), "Photos/gone.png".into(), true)), "{seen:?}");
    for id in &ids {
        assert_eq!(ada.get(&format!("/api/media/{id}/content")).await.status(), 200);
    }
    let flipped = ada.json(&format!("/api/media/{}", ids[3])).await;
    assert_eq!(
        flipped["sha256"].as_str().unwrap(),
        hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&other))
    );
    assert_counts_are_true(&app, "ada");
    assert_eq!(found(&app, LOOK).1, named(&never, false));
}

#[rstest]
#[actix_web::test]
async fn invalid_rows_are_reported_and_pages_still_load(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use diesel::prelude::*;
    use nexus_media::db::schema::{media_items, shelf_counts, user_directories};
    let (app, admin) = TestApp::ready(backend).await;
    let (browser, _) = app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let good = ada.upload_one("good.txt", b"good").await;
    let bad = ada.upload_one("bad.png", &png(1)).await;
    let owner = app.user("ada").id;
    app.previews_done().await;
    app.services
        .db
        .write(|conn| {
            let videos = user_directories::table.filter(user_directories::user_id.eq(owner));
            diesel::update(videos.filter(user_directories::directory_path.eq("Videos")))
                .set(user_directories::directory_path.eq("../../etc"))
                .execute(conn)?;
            diesel::update(media_items::table.filter(media_items::name.eq("bad.png")))
                .set((
                    media_items::disk_name.eq("../../../etc/passwd"),
                    media_items::kind.eq("nonsense"),
                    media_items::scan.eq("?"),
                ))
                .execute(conn)?;
            diesel::update(shelf_counts::table.filter(shelf_counts::user_id.eq(owner)))
                .set(shelf_counts::items.eq(77))
                .execute(conn)?;
            Ok(())
        })
        .unwrap();
    for path in ["/dashboard", "/photos", "/uploads", "/videos", &format!("/items/{bad}")] {
        assert_eq!(browser.get(path).await.status(), 200, "{path}");
    }
    assert!(matches!(
        ada.get(&format!("/api/media/{bad}/content")).await.status().as_u16(),
        404 | 409
    ));
    let (_, seen) = found(&app, REPAIR);
    let has = |trouble: &str, path: &str| seen.iter().any(|one| one.0 == trouble && one.1 == path);
    assert!(has("unsafe", "../../etc"), "{seen:?}");
    assert!(
        has("missing", "Photos/../../../etc/passwd")
            && has("extra", "Photos/bad.png")
            && has("miscounted", ""),
        "{seen:?}"
    );
    assert_eq!(ada.get(&format!("/api/media/{good}/content")).await.status(), 200);
    assert_eq!(ada.names("q=bad&kind=photo").await, ["bad.png"], "the file is taken in again");
}

#[rstest]
#[actix_web::test]
async fn a_check_beside_a_running_server_marks_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let services = app.services.clone();
    let is_over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let over = is_over.clone();
    let checking = std::thread::spawn(move || {
        let mut found = Vec::new();
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            check(&services, CheckOptions { is_quick: true, ..REPAIR }, |one| found.push(one))
                .unwrap();
        }
        found
    });
    for number in 0..60 {
        let id = ada.upload_one("same.png", &png(number)).await;
        if number % 3 == 0 {
            assert_eq!(
                ada.request("DELETE", &format!("/api/media/{id}")).send().await.unwrap().status(),
                204
            );
        }
    }
    is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(tokio::task::spawn_blocking(|| checking.join().unwrap()).await.unwrap(), Vec::new());
    assert_counts_are_true(&app, "ada");
}
