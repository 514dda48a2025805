//! Search: by all words of an item, in pages, limited to the user's own items.

use rstest::rstest;

use crate::samples::{corners, jpeg, recording, with_exif};
use crate::support::*;

#[rstest]
#[actix_web::test]
async fn items_are_found_by_camera_lens_artist_album_date_and_kind(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let photo = ada
        .upload_one("harbour.jpg", &with_exif(&jpeg(&corners(64, 48)), 1, "2024:05:06 07:08:09"))
        .await;
    let song = ada.upload_one("track 02.mp3", &recording("a.mp3", &["-c:a", "libmp3lame"])).await;
    ada.get(&format!("/api/media/{photo}/thumbnail")).await;
    ada.get(&format!("/api/media/{song}/thumbnail")).await;
    for words in [
        "harbour.jpg",
        "canon",
        "R5",
        "rf 35mm",
        "2024",
        "may 2024",
        "2024-05-06",
        "canon harb",
        "photo",
    ] {
        assert_eq!(ada.names(&format!("q={words}")).await, ["harbour.jpg"], "{words}");
    }
    for words in ["mara", "QUELL tide", "harbour lights", "audio", "track"] {
        assert_eq!(ada.names(&format!("q={words}")).await, ["track 02.mp3"], "{words}");
    }
    // Both match, the photo by its name; it was taken earlier.
    assert_eq!(ada.names("q=harbour").await, ["track 02.mp3", "harbour.jpg"]);
    assert_eq!(ada.names("q=harbour&kind=photo").await, ["harbour.jpg"]);
    assert_eq!(
        ada.names("q=harbour&sort=name").await,
        ["track 02.mp3", "harbour.jpg"],
        "a search is always newest first"
    );
    assert_eq!(
        ada.names("q=!!!&sort=name").await,
        Vec::<String>::new(),
        "signs alone find nothing"
    );
    for words in ["nikon", "canon mara", "arbour"] {
        assert_eq!(ada.names(&format!("q={words}")).await, Vec::<String>::new(), "{words}");
    }
    assert_eq!(
        app.program("root").await.names("q=harbour").await,
        Vec::<String>::new(),
        "nobody finds another's things"
    );
}

#[rstest]
#[actix_web::test]
async fn a_new_name_is_found_and_the_old_one_is_not(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let id = admin.upload_one("before.png", &png(1)).await;
    let root = app.program("root").await;
    admin.act(&id, "rename", &[("name", "afterwards.png")]).await;
    assert_eq!(root.names("q=before").await, Vec::<String>::new());
    assert_eq!(root.names("q=afterw").await, ["afterwards.png"]);
    admin.act(&id, "trash", &[]).await;
    assert_eq!(root.names("q=afterw").await, Vec::<String>::new());
    assert_eq!(root.names("q=afterw&shelf=trash").await, ["afterwards.png"]);
    admin.act(&id, "restore", &[]).await;
    assert_eq!(root.names("q=afterw").await, ["afterwards.png"]);
}

#[rstest]
#[actix_web::test]
async fn search_results_are_paged_and_each_item_appears_once(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let files: Vec<(String, Vec<u8>)> = (0..90)
        .map(|n| (format!("trip{} day {n}.txt", n % 40), format!("{n}").into_bytes()))
        .collect();
    for part in files.chunks(45) {
        let part: Vec<_> =
            part.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        admin.upload(&part).await;
    }
    let root = app.program("root").await;
    // Forty words with the same prefix, and a different word.
    for words in ["trip", "day", "trip day", "txt trip1"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = root.json(&format!("/api/media/list?q={words}&limit=17{cursor}")).await;
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["name"].as_str().unwrap().to_owned()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let expected = files
            .iter()
            .filter(|(name, _)| !words.ends_with('1') || name.starts_with("trip1"))
            .count();
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), count), (expected, expected), "{words}");
    }
}

#[rstest]
#[actix_web::test]
async fn folders_are_found_before_what_is_in_them(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    for name in ["Holiday Lisbon", "Été", "Work"] {
        ada.submit("/uploads", "/directories", &[("name", name), ("parent", "")]).await;
    }
    for (query, folders) in
        [("holiday", 1), ("lis+hol", 1), ("ete", 1), ("liday", 0), ("photos", 0)]
    {
        let page = ada.page(&format!("/search?q={query}")).await;
        assert_eq!(page.html.select(&selector(".folders .card")).count(), folders, "{query}");
    }
    assert!(!admin.page("/search?q=holiday").await.has(".folders .card"), "of another user");
}

#[rstest]
#[actix_web::test]
async fn a_search_shows_artists_albums_and_folders_and_can_be_narrowed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let photo = |date| with_exif(&jpeg(&corners(64, 48)), 1, date);
    let old = admin.upload_one("harbour old.jpg", &photo("2018:05:06 07:08:09")).await;
    let new = admin.upload_one("harbour new.jpg", &photo("2024:05:06 07:08:09")).await;
    let tags = &["-c:a", "libmp3lame"];
    let song = admin.upload_one("track 02.mp3", &recording("a.mp3", tags)).await;
    let root = app.program("root").await;
    for id in [&old, &new, &song] {
        root.get(&format!("/api/media/{id}/thumbnail")).await;
    }
    admin.submit("/uploads", "/directories", &[("name", "Harbour trip"), ("parent", "")]).await;

    let page = admin.page("/search?q=harbour").await;
    assert!(page.says("3 results for “harbour”"), "{}", page.text());
    assert!(page.says("Harbour trip") && page.says("Harbour Lights"), "{}", page.text());
    assert!(page.says("2018 1") && page.says("Photos 2") && page.says("Music 1"));
    let narrowed = admin.page("/search?q=harbour&year=2018").await;
    assert!(narrowed.says("1 result for “harbour”"));
    assert!(narrowed.says("harbour old.jpg") && !narrowed.says("harbour new.jpg"));
    assert_eq!(root.names("q=harbour&year=2024").await, ["harbour new.jpg"]);
    let by_camera = admin.page("/search?q=harbour&camera=Canon").await;
    assert!(by_camera.says("2 results"), "{}", by_camera.text());

    let of = async |text: &str| admin.page(&format!("/search/suggestions?q={text}")).await.text();
    assert!(of("harb").await.contains("Harbour trip"));
    assert!(of("tide").await.contains("Album"));
    assert!(of("mara").await.contains("Artist"));
    assert!(of("canon").await.contains("Canon"));
    assert!(of("may%202018").await.contains("May 2018"));
    assert!(!of("zebra").await.contains("Folder"));
}
