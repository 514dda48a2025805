//! Directories of users.

use rstest::rstest;

use crate::support::*;

async fn make(browser: &Browser, name: &str, parent: &str) -> Option<String> {
    let answer =
        browser.submit("/photos", "/directories", &[("name", name), ("parent", parent)]).await;
    location(&answer).strip_prefix("/directories/").map(str::to_owned)
}

#[rstest]
#[actix_web::test]
async fn folders_are_created_renamed_and_nested_on_disk_too(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let top = make(&ada, "Reisen", "").await.unwrap();
    let inner = make(&ada, "2026", &top).await.unwrap();
    let answer = ada.upload_into(&inner, &[("a.png", &png(1))]).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(app.names("ada", "Reisen/2026"), ["a.png"]);
    ada.submit("/photos", &format!("/directories/{top}/rename"), &[("name", "Travel")]).await;
    assert_eq!(app.names("ada", "Travel/2026"), ["a.png"]);
    assert!(!app.on_disk("ada", "Reisen").exists());
    let page = ada.page(&format!("/directories/{inner}")).await;
    assert!(page.has(&format!(".crumbs a[href='/directories/{top}']")) && page.says("Travel"));
    let id = page.attribute("[data-tile]", "data-tile").unwrap();
    assert_eq!(ada.get(&format!("/media/{id}")).await.bytes().await.unwrap(), png(1));
}

#[rstest]
#[actix_web::test]
async fn taken_reserved_and_empty_names_create_no_folder(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    make(&ada, "Mine", "").await.unwrap();
    for name in [
        "Mine",
        "Photos",
        "photos",
        "Trash",
        "user_icon.svg",
        "",
        "..",
        "a/..",
        "   ",
        "a/b",
        "../../escape",
    ] {
        assert_eq!(make(&ada, name, "").await, None, "{name}");
    }
    let kept = "#new-name[value='../../escape']";
    assert!(ada.page("/uploads").await.has(kept), "what was typed is still there");
    assert!(!ada.page("/uploads").await.has(kept), "once");
    let (grace, _) = app.person(&admin, "grace").await;
    let foreign = make(&grace, "Hers", "").await.unwrap();
    assert_eq!(
        ada.submit("/photos", "/directories", &[("name", "x"), ("parent", &foreign)])
            .await
            .headers()
            .get("location")
            .unwrap(),
        "/photos"
    );
    let rows = app
        .services
        .db
        .read(|conn| {
            Ok(nexus_media::store::directories::count(conn, nexus_media::model::UserId(id))?)
        })
        .unwrap();
    assert_eq!(rows, 8);
}

#[rstest]
#[actix_web::test]
async fn deleting_a_folder_trashes_its_files_and_restoring_brings_it_back(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let top = make(&ada, "Travel", "").await.unwrap();
    let inner = make(&ada, "2026", &top).await.unwrap();
    ada.upload_into(&inner, &[("a.png", &png(1)), ("b.txt", b"words")]).await;
    assert!(ada.page(&format!("/directories/{top}/delete")).await.says("Delete “Travel”?"));
    assert_eq!(
        location(&ada.submit("/photos", &format!("/directories/{top}/delete"), &[]).await),
        "/dashboard"
    );
    assert!(!app.on_disk("ada", "Travel").exists());
    assert_eq!(app.names("ada", "Trash"), ["a.png", "b.txt"]);
    assert_eq!(ada.get(&format!("/directories/{inner}")).await.status(), 404);
    ada.submit("/trash", "/trash/restore-all", &[]).await;
    assert_eq!(app.names("ada", "Travel/2026"), ["a.png", "b.txt"]);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn standard_folders_stay_and_unknown_files_are_left_alone(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let user = nexus_media::model::UserId(id);
    let photos = app
        .services
        .db
        .read(|conn| Ok(nexus_media::store::directories::find_by_path(conn, user, "Photos")?))
        .unwrap()
        .unwrap();
    for action in ["rename", "delete"] {
        let fields: &[(&str, &str)] =
            if action == "rename" { &[("name", "Pictures")] } else { &[] };
        assert_eq!(
            ada.submit(
                "/photos",
                &format!("/directories/{}/{action}", photos.directory_id),
                fields
            )
            .await
            .status(),
            409
        );
    }
    let mine = make(&ada, "Mine", "").await.unwrap();
    std::fs::write(app.on_disk("ada", "Mine/unknown.txt"), "put here by hand").unwrap();
    assert_eq!(
        ada.submit("/photos", &format!("/directories/{mine}/delete"), &[]).await.status(),
        409
    );
    assert_eq!(app.names("ada", "Mine"), ["unknown.txt"]);
    assert_eq!(ada.get(&format!("/directories/{mine}")).await.status(), 200);
}
