//! Stars, names, folders.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn a_starred_item_is_listed_in_favorites_and_not_moved(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    for _ in 0..2 {
        let answer = ada.act(&id, "favorite", &[]).await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, format!("/photos#i-{id}")));
    }
    assert_eq!(ada.names_on("/favorites").await, ["a.png"]);
    assert_eq!((app.names("ada", "Photos").len(), app.names("ada", "Favorites").len()), (1, 0));
    assert_counts_are_true(&app, "ada");
    ada.act(&id, "unfavorite", &[]).await;
    assert!(ada.names_on("/favorites").await.is_empty());
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_rename_is_a_rename_on_disk_and_never_overwrites(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let one = ada.upload_one("one.png", &png(1)).await;
    ada.upload_one("two.png", &png(2)).await;
    ada.act(&one, "rename", &[("name", "  Sommer \u{202e}am See.png ")]).await;
    assert_eq!(app.names("ada", "Photos"), ["Sommer am See.png", "two.png"]);
    ada.act(&one, "rename", &[("name", "two.png")]).await;
    assert_eq!(app.names("ada", "Photos"), ["two (1).png", "two.png"]);
    assert_eq!(ada.get(&format!("/media/{one}")).await.bytes().await.unwrap(), png(1));
    ada.act(&one, "rename", &[("name", "two (1).png")]).await;
    assert_eq!(
        app.names("ada", "Photos"),
        ["two (1).png", "two.png"],
        "its own name is free for it"
    );
    for nothing in ["", "..", "///"] {
        ada.act(&one, "rename", &[("name", nothing)]).await;
        assert_eq!(app.names("ada", "Photos"), ["two (1).png", "two.png"], "{nothing}");
    }
}

#[rstest]
#[actix_web::test]
async fn items_move_into_folders_that_accept_them(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, ada_id) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    let made = ada.submit("/photos", "/directories", &[("name", "Holidays")]).await;
    let holidays = location(&made).trim_start_matches("/directories/").to_owned();
    ada.act(&id, "move", &[("directory", &holidays)]).await;
    assert_eq!(
        (app.names("ada", "Photos").len(), app.names("ada", "Holidays")),
        (0, vec!["a.png".to_owned()])
    );
    assert_eq!(ada.names_on(&format!("/directories/{holidays}")).await, ["a.png"]);
    assert_eq!(
        ada.names_on("/photos").await,
        ["a.png"],
        "the shelf shows photos wherever they are"
    );
    let standard = |name: &'static str| {
        let user = nexus_media::model::UserId(ada_id);
        app.services
            .db
            .read(move |conn| Ok(nexus_media::store::directories::find_by_path(conn, user, name)?))
            .unwrap()
            .unwrap()
            .directory_id
            .to_string()
    };
    for wrong in ["Videos", "Favorites", "Trash", "Recents"] {
        ada.act(&id, "move", &[("directory", &standard(wrong))]).await;
        assert_eq!(app.names("ada", "Holidays"), ["a.png"], "{wrong}");
    }
    ada.act(&id, "move", &[("directory", &standard("Photos"))]).await;
    assert_eq!(app.names("ada", "Photos"), ["a.png"]);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn the_last_opened_item_is_first_in_recents(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let one = ada.upload_one("one.png", &png(1)).await;
    ada.upload_one("two.png", &png(2)).await;
    assert_eq!(ada.names_on("/recents").await, ["two.png", "one.png"]);
    ada.page(&format!("/items/{one}")).await;
    nexus_media::domain::ops::housekeeping::write_last_seen(&app.services).unwrap();
    assert_eq!(ada.names_on("/recents").await, ["one.png", "two.png"]);
}

#[rstest]
#[actix_web::test]
async fn directories_record_when_they_were_changed_and_opened(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let photos = || {
        let user = nexus_media::model::UserId(id);
        app.services
            .db
            .read(move |conn| {
                Ok(nexus_media::store::directories::find_by_path(conn, user, "Photos")?)
            })
            .unwrap()
            .unwrap()
    };
    let before = photos();
    ada.upload_one("one.png", &png(1)).await;
    let after = photos();
    assert!(
        after.last_modified > before.last_modified && after.last_accessed == before.last_accessed
    );
    ada.page("/photos").await;
    assert_eq!(photos().last_accessed, before.last_accessed, "not a write a page view");
    nexus_media::domain::ops::housekeeping::write_last_seen(&app.services).unwrap();
    assert!(photos().last_accessed > before.last_accessed);
}

#[rstest]
#[actix_web::test]
async fn an_item_links_to_its_neighbours_on_the_shelf(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let mut ids = Vec::new();
    for seed in 0..3 {
        ids.push(ada.upload_one(&format!("{seed}.png"), &png(seed)).await);
    }
    ada.upload_one("between.txt", b"words").await;
    let page = ada.page(&format!("/items/{}", ids[1])).await;
    assert_eq!(page.attribute("a[rel=prev]", "href"), Some(format!("/items/{}", ids[2])));
    assert_eq!(page.attribute("a[rel=next]", "href"), Some(format!("/items/{}", ids[0])));
    assert!(!ada.page(&format!("/items/{}", ids[2])).await.has("a[rel=prev]"));
}
