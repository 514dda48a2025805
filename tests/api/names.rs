//! Names that computers and people give: kept, found and sorted as people expect.

use std::io::Read;
use std::time::Duration;

use nexus_media::domain::reconcile;
use rstest::rstest;
use serde_json::{Value, json as j};

use crate::support::*;

/// The folder that the server keeps under this name.
async fn folder(program: &Program, name: &str, parent: Option<&str>) -> Value {
    let body = j!({ "name": name, "parent": parent, "reuse": true });
    let answer = program.send("POST", "/api/directories", &body).await;
    assert!(answer.status().is_success(), "{name}: {}", answer.text().await.unwrap());
    json(answer).await
}

async fn named(program: &Program, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for (number, name) in names.iter().enumerate() {
        ids.push(program.upload_one(name, &png(u32::try_from(number).unwrap() + 1)).await);
    }
    ids
}

#[rstest]
#[actix_web::test]
async fn a_folder_sent_twice_is_one_folder_however_its_name_is_written(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    for (sent, kept) in [
        ("E\u{301}te\u{301}", "\u{c9}t\u{e9}"),
        (" vorn", "vorn"),
        ("mit Leer ", "mit Leer"),
        ("Ende.", "Ende"),
        ("CON", "_CON"),
        ("photos", "Photos"),
        ("VIDEOS", "Videos"),
        ("favorites", "favorites (1)"),
        ("Trash", "Trash (1)"),
    ] {
        let first = folder(&root, sent, None).await;
        assert_eq!(first["name"], j!(kept), "{sent}");
        assert_eq!(folder(&root, sent, None).await["id"], first["id"], "{sent}");
    }
    // Without the wish to reuse it, a folder of that name is in the way as before.
    let again = root.send("POST", "/api/directories", &j!({ "name": "vorn" })).await;
    assert_eq!(again.status(), 422);
}

#[rstest]
#[actix_web::test]
async fn folders_are_as_deep_as_people_nest_them_and_the_limit_is_said(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    let mut parent = folder(&root, "1", None).await["id"].as_str().unwrap().to_owned();
    for level in 2..=20 {
        let next = folder(&root, &level.to_string(), Some(&parent)).await;
        parent = next["id"].as_str().unwrap().to_owned();
    }
    let body = j!({ "name": "21", "parent": parent, "reuse": true });
    let refused = json(root.send("POST", "/api/directories", &body).await).await;
    let why = refused["error"]["details"][0]["message"].as_str().unwrap();
    assert!(why.contains("20 levels"), "{why}");
}

#[rstest]
#[actix_web::test]
async fn a_folder_put_on_disk_by_a_mac_is_taken_in_under_its_kept_name(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    app.person(&admin, "ada").await;
    for path in ["E\u{301}te\u{301}/Tag 1 /a.png", "\u{c9}t\u{e9}/b.png"] {
        let place = app.on_disk("ada", path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, png(u32::try_from(path.len()).unwrap())).unwrap();
    }
    let services = app.services.clone();
    let report = tokio::task::spawn_blocking(move || {
        reconcile::scan(&services, None, Duration::ZERO).unwrap()
    });
    let report = report.await.unwrap();
    assert_eq!(report.taken_in, 2, "{report:?}");
    let mut places: Vec<_> = app
        .placed_items("ada")
        .into_iter()
        .map(|(path, item)| format!("{path}/{}", item.name))
        .collect();
    places.sort();
    assert_eq!(places, ["\u{c9}t\u{e9} (1)/Tag 1/a.png", "\u{c9}t\u{e9}/b.png"]);
}

#[rstest]
#[actix_web::test]
async fn names_are_sorted_by_the_value_of_their_numbers(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let root = app.program("root").await;
    named(&root, &["img10.png", "IMG2.png", "img1.png", "Zug.png", "Äpfel.png", "Banane.png"])
        .await;
    let sorted = ["Äpfel.png", "Banane.png", "img1.png", "IMG2.png", "img10.png", "Zug.png"];
    assert_eq!(root.names("sort=name").await, sorted);
    assert_eq!(root.names("sort=name&limit=4").await, sorted[..4], "page by page");
}

#[rstest]
#[actix_web::test]
async fn items_are_found_by_what_people_type(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, _) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let root = app.program("root").await;
    let names = [
        "Straße.png",
        "Smørrebrød.png",
        "Łódź.png",
        "Đorđe.png",
        "Æsop.png",
        "Þór.png",
        "Işık.png",
        "🎂 party.png",
        "東京タワー.png",
        "京東.png",
        "제주도 여행.png",
        "ΣΊΣΥΦΟΣ.png",
    ];
    named(&root, &names).await;
    for (typed, found) in [
        ("strasse", "Straße.png"),
        ("STRASSE", "Straße.png"),
        ("straße", "Straße.png"),
        ("smorrebrod", "Smørrebrød.png"),
        ("lodz", "Łódź.png"),
        ("dorde", "Đorđe.png"),
        ("aesop", "Æsop.png"),
        ("thor", "Þór.png"),
        ("isik", "Işık.png"),
        ("🎂", "🎂 party.png"),
        ("東京", "東京タワー.png"),
        ("タワー", "東京タワー.png"),
        ("京東", "京東.png"),
        ("제주", "제주도 여행.png"),
        ("주도", "제주도 여행.png"),
        ("행", "제주도 여행.png"),
        ("주도 여행", "제주도 여행.png"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ.png"),
    ] {
        assert_eq!(root.names(&query(typed)).await, [found], "{typed}");
    }
    assert_eq!(root.names(&query("京")).await.len(), 2, "one character is the start of a word");
}

fn query(words: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("q", words).finish()
}

#[rstest]
#[actix_web::test]
async fn items_are_found_by_the_name_of_their_folder_also_after_it_was_renamed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, root_browser) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let root = app.program("root").await;
    let id = folder(&root, "Croatia 2019", None).await["id"].as_str().unwrap().to_owned();
    root_browser.upload_into(&id, &[("a.png", &png(1))]).await;
    assert_eq!(root.names("q=croatia").await, ["a.png"]);
    let address = format!("/api/directories/{id}");
    assert_eq!(root.send("PATCH", &address, &j!({ "name": "Istria" })).await.status(), 200);
    assert_eq!(root.names("q=istria").await, ["a.png"]);
    assert_eq!(root.names("q=croatia").await, Vec::<String>::new());
    assert_eq!(
        root.names("q=photos").await,
        Vec::<String>::new(),
        "a standard folder says nothing"
    );
}

#[rstest]
#[actix_web::test]
async fn an_item_is_restored_to_its_folder_under_the_name_that_has_now(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let program = app.program("ada").await;
    let outer = folder(&program, "Trip", None).await["id"].as_str().unwrap().to_owned();
    let inner = folder(&program, "Day 1", Some(&outer)).await["id"].as_str().unwrap().to_owned();
    ada.upload_into(&inner, &[("a.png", &png(1))]).await;
    let id = app.placed_items("ada")[0].1.id.to_string();
    ada.act(&id, "trash", &[]).await;
    program.send("PATCH", &format!("/api/directories/{outer}"), &j!({ "name": "Holiday" })).await;
    ada.act(&id, "restore", &[]).await;
    assert_eq!(app.placed_items("ada")[0].0, "Holiday/Day 1");
    assert_eq!(app.names("ada", "Holiday/Day 1"), ["a.png"]);
    assert!(!app.on_disk("ada", "Trip").exists());
}

#[rstest]
#[actix_web::test]
async fn archives_have_dates_and_names_that_windows_can_unpack(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, browser) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let program = app.program("root").await;
    let ids = named(&program, &["IMG_20190704_153012.png", "What? a:b.png"]).await;
    let token = browser.token("/photos").await;
    let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("ids", id.as_str())).collect();
    let answer = browser.post("/items/download", &token, &fields).await;
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let at = entry.last_modified().unwrap();
        entries.push((entry.name().to_owned(), at.year(), at.month(), at.hour()));
        entry.read_to_end(&mut Vec::new()).unwrap();
    }
    entries.sort();
    assert_eq!(entries[0], ("IMG_20190704_153012.png".to_owned(), 2019, 7, 15));
    assert_eq!(entries[1].0, "What_ a_b.png");
    assert!(entries[1].1 >= 2026, "the date of the upload");
}
