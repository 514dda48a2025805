//! Previews and metadata through the server: made, cached, made again, given up, and never those of other users.

use rstest::rstest;
use serde_json::json as j;

use crate::samples::{corners, film, jpeg, recording, with_exif};
use crate::support::*;

/// A photo that was taken in May 2024.
fn photo() -> Vec<u8> {
    with_exif(&jpeg(&corners(1600, 1200)), 6, "2024:05:06 07:08:09")
}

#[rstest]
#[actix_web::test]
async fn a_photo_gets_previews_a_size_and_its_date(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let id = ada.upload_one("harbour.jpg", &photo()).await;
    for (size, side) in [(320, 320), (640, 640), (1280, 1280)] {
        let answer = ada.get(&format!("/api/media/{id}/thumbnail?size={size}")).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-type").as_str()),
            (200, "image/webp")
        );
        assert_eq!(header(&answer, "cache-control"), "private, no-cache");
        let shown = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!((shown.width(), shown.height()), (side * 3 / 4, side), "turned as it is shown");
    }
    let item = ada.json(&format!("/api/media/{id}")).await;
    assert_eq!((&item["width"], &item["height"]), (&j!(1200), &j!(1600)));
    assert_eq!(item["taken_at"], j!("2024-05-06T05:08:09Z"), "two hours ahead of UTC");
    let original = ada.get(item["content_url"].as_str().unwrap()).await.bytes().await.unwrap();
    assert_eq!(original, photo(), "the original is byte for byte what was sent");
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_url_that_contains_the_hash_is_cached_forever(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (_app, admin) = TestApp::ready(backend).await;
    let id = admin.upload_one("harbour.jpg", &photo()).await;
    admin.get(&format!("/media/{id}/thumbnail")).await;
    let page = admin.page("/photos").await;
    assert!(page.says("May 2024 1 item"), "{}", page.text());
    let address = page.attribute("[data-tile] img", "src").unwrap();
    let answer = admin.get(&address).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "cache-control").as_str()),
        (200, "private, max-age=31536000, immutable")
    );
    let etag = header(&answer, "etag");
    let again = admin
        .client
        .get(format!("{}{address}", admin.base))
        .header("if-none-match", etag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
    let set = page.attribute("[data-tile] img", "srcset").unwrap();
    assert!(set.contains("240w") && set.contains("480w") && set.contains("960w"), "{set}");
    assert!(
        page.has("[data-tile].s15") && page.has("[data-tile] .tone rect[fill^='#']"),
        "its shape and colour are there before it is"
    );
}

#[rstest]
#[actix_web::test]
async fn videos_and_audio_files_have_their_duration(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (_app, admin) = TestApp::ready(backend).await;
    let film = admin
        .upload_one("film.mp4", &film("film.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p"]))
        .await;
    let song = admin.upload_one("song.mp3", &recording("song.mp3", &["-c:a", "libmp3lame"])).await;
    assert_eq!(admin.get(&format!("/media/{film}/thumbnail?size=640")).await.status(), 200);
    assert_eq!(
        admin.get(&format!("/media/{song}/thumbnail?size=640")).await.status(),
        404,
        "it has no cover"
    );
    let page = admin.page(&format!("/items/{film}")).await;
    assert!(page.says("320 × 180") && page.says("0:03") && page.says("h264"), "{}", page.text());
    assert!(page.attribute("video", "poster").is_some());
    let page = admin.page("/audios").await;
    assert!(
        page.says("Harbour Lights")
            && page.says("Mara Quell")
            && page.says("Tidewater")
            && page.says("0:03")
    );
    let albums = admin.page("/music/albums").await;
    assert!(albums.says("Tidewater") && albums.says("Mara Quell · 1 song"));
    let album = albums.attribute(".album", "href").unwrap();
    let page = admin.page(&album).await;
    assert!(page.says("Tidewater") && page.says("1 song · 0:03") && page.says("Harbour Lights"));
    admin.act(&song, "trash", &[]).await;
    assert_eq!(admin.get(&album).await.status(), 404, "what is in the trash is in no album");
}

#[rstest]
#[actix_web::test]
async fn a_preview_that_was_lost_is_made_again(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let id = admin.upload_one("harbour.jpg", &photo()).await;
    let path = format!("/media/{id}/thumbnail?size=640");
    let first = admin.get(&path).await.bytes().await.unwrap();
    let file = preview_file(&app, &id);
    for damage in [None, Some(&b"NXV1"[..]), Some(&b""[..])] {
        match damage {
            None => std::fs::remove_file(&file).unwrap(),
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
        }
        assert_eq!(admin.get(&path).await.bytes().await.unwrap(), first, "{damage:?}");
    }
    admin.act(&id, "trash", &[]).await;
    admin.act(&id, "delete", &[]).await;
    assert!(!file.exists(), "it goes with its item");
    assert_counts_are_true(&app, "root");
}

/// The path of the preview of that item.
fn preview_file(app: &TestApp, id: &str) -> std::path::PathBuf {
    let name = id.replace('-', "");
    app.folder.path().join("data/previews").join(&name[30..]).join(name)
}

#[rstest]
#[actix_web::test]
async fn previews_of_deleted_items_are_removed(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let id = admin.upload_one("harbour.jpg", &photo()).await;
    admin.get(&format!("/media/{id}/thumbnail")).await;
    let kept = preview_file(&app, &id);
    let orphan = kept.with_file_name(format!("{}{}", "0".repeat(30), &id[34..]));
    std::fs::copy(&kept, &orphan).unwrap();
    let services = app.services.clone();
    let folder = u8::from_str_radix(&id[34..], 16).unwrap();
    tokio::task::spawn_blocking(move || nexus_media::domain::previews::sweep(&services, folder))
        .await
        .unwrap()
        .unwrap();
    assert!(kept.exists() && !orphan.exists());
}

/// A decoder that decodes the test image and dies of everything else.
fn deadly_decoder(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("deadly");
    let real = env!("CARGO_BIN_EXE_nexus-media");
    std::fs::write(
        &path,
        format!("#!/bin/sh\n[ \"$3\" = image/gif ] && exec {real} \"$@\"\nkill -SEGV $$\n"),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    path
}

#[rstest]
#[actix_web::test]
async fn a_file_that_kills_its_decoder_is_kept_without_previews(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use nexus_media::domain::previews::{counts, process_next};
    let folder = tempfile::tempdir().unwrap();
    // The server has no workers: this test is the worker.
    let app =
        TestApp::start_by(backend, deadly_decoder(folder.path()), &[("previews_at_once", "0")])
            .await;
    let admin = app.set_up().await;
    let id = admin.upload_one("deadly.jpg", &photo()).await;
    let services = app.services.clone();
    tokio::task::spawn_blocking(move || {
        for tries in 1..=3 {
            assert!(process_next(&services).unwrap(), "try {tries}");
            assert!(!process_next(&services).unwrap(), "it is not tried at once again");
            assert_eq!(services.renderer.crashes.load(std::sync::atomic::Ordering::Relaxed), tries);
            let expected = if tries < 3 { (1, 0) } else { (0, 1) };
            assert_eq!(counts(&services).unwrap(), expected);
            make_due(&services);
        }
    })
    .await
    .unwrap();
    assert_eq!(admin.get(&format!("/media/{id}/thumbnail")).await.status(), 404);
    assert_eq!(admin.get(&format!("/media/{id}")).await.bytes().await.unwrap(), photo());
    let status = admin.page("/admin/status").await;
    assert!(
        status.says("3 crashes since the start") && status.says("Files without a preview"),
        "{}",
        status.text()
    );
    let retried = admin.submit("/admin/status", "/admin/previews/retry", &[]).await;
    assert_eq!(retried.status(), 303);
    assert_eq!(counts(&app.services).unwrap(), (1, 0));
}

/// Makes delayed jobs due.
fn make_due(services: &nexus_media::state::Services) {
    use diesel::prelude::*;
    use nexus_media::db::schema::preview_jobs::dsl::*;
    services
        .db
        .write(|conn| {
            diesel::update(preview_jobs.filter(not_before.lt(i64::MAX)))
                .set(not_before.eq(0))
                .execute(conn)?;
            Ok(())
        })
        .unwrap();
}

#[rstest]
#[actix_web::test]
async fn without_a_working_sandbox_there_are_no_previews_and_the_admin_is_told(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = folder.path().join("program");
    std::fs::write(&stand_in, "#!/bin/sh\nprintf 'the kernel cannot shut decoders in'\nexit 70\n")
        .unwrap();
    std::fs::set_permissions(&stand_in, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let app = TestApp::start_by(backend, stand_in, &[]).await;
    let admin = app.set_up().await;
    let id = admin.upload_one("harbour.jpg", &photo()).await;
    let services = app.services.clone();
    let did =
        tokio::task::spawn_blocking(move || nexus_media::domain::previews::process_next(&services))
            .await
            .unwrap();
    assert!(!did.unwrap());
    assert_eq!(admin.get(&format!("/media/{id}/thumbnail")).await.status(), 404);
    let page = admin.page("/photos").await;
    assert!(!page.says("Processing") && page.says("harbour.jpg"));
    assert!(admin.page("/admin/status").await.says("the kernel cannot shut decoders in"));
}

#[rstest]
#[actix_web::test]
async fn previews_being_viewed_are_made_first(#[values(Sqlite, MariaDb)] backend: Backend) {
    use nexus_media::domain::previews::process_next;
    let app = TestApp::start_by(
        backend,
        env!("CARGO_BIN_EXE_nexus-media").into(),
        &[("previews_at_once", "0")],
    )
    .await;
    let admin = app.set_up().await;
    let old = admin.upload_one("old.png", &png(1)).await;
    admin.upload(&[("new.png", &png(2)), ("newer.png", &png(3))]).await;
    admin.get(&format!("/items/{old}")).await;
    let services = app.services.clone();
    assert!(tokio::task::spawn_blocking(move || process_next(&services)).await.unwrap().unwrap());
    assert_eq!(admin.get(&format!("/media/{old}/thumbnail")).await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn images_that_browsers_do_not_show_have_a_full_size_view(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let stranger = &admin;
    let mut tiff = std::io::Cursor::new(Vec::new());
    corners(2000, 1500).write_to(&mut tiff, image::ImageFormat::Tiff).unwrap();
    let scan = ada.upload_one("scan.tif", tiff.get_ref()).await;
    let heic = include_bytes!("../cases/size-of-heic/noirot.heic");
    let phone = ada.upload_one("IMG_1.heic", heic).await;
    for (id, size) in [(&scan, (2000, 1500)), (&phone, (112, 160))] {
        ada.get(&format!("/media/{id}/thumbnail?size=1280")).await;
        let page = ada.page(&format!("/items/{id}")).await;
        let address = page.attribute("[data-original]", "data-original").unwrap();
        for _ in ["made", "kept"] {
            let answer = ada.get(&address).await;
            assert_eq!(answer.status(), 200);
            assert_eq!(header(&answer, "content-type"), "image/webp");
            let shown = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap();
            assert_eq!((shown.width(), shown.height()), size);
        }
        assert_eq!(stranger.get(&address).await.status(), 404, "of another user");
    }

    // Browsers show the file itself.
    let photo = ada.upload_one("harbour.jpg", &photo()).await;
    ada.get(&format!("/media/{photo}/thumbnail?size=1280")).await;
    assert_eq!(ada.get(&format!("/media/{photo}/thumbnail?size=full")).await.status(), 404);

    // After it was moved to the trash and deleted, the view is gone as well.
    ada.submit(&format!("/items/{scan}"), &format!("/items/{scan}/trash"), &[]).await;
    ada.submit(&format!("/items/{scan}"), &format!("/items/{scan}/delete"), &[]).await;
    assert_eq!(ada.get(&format!("/media/{scan}/thumbnail?size=full")).await.status(), 404);
}
