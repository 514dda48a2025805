//! Deleting, and having it back.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn what_is_trashed_is_restored_to_where_it_was(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    ada.act(&id, "favorite", &[]).await;
    assert_eq!(ada.act(&id, "trash", &[]).await.status(), 303);
    assert_eq!(
        (app.names("ada", "Photos").len(), app.names("ada", "Trash")),
        (0, vec!["a.png".to_owned()])
    );
    assert!(
        ada.names_on("/photos").await.is_empty() && ada.names_on("/favorites").await.is_empty()
    );
    let trash = ada.page("/trash").await;
    assert!(trash.says("30 days left"), "{}", trash.text());
    assert_counts_are_true(&app, "ada");
    assert_eq!(ada.act(&id, "restore", &[]).await.status(), 303);
    assert_eq!(app.names("ada", "Photos"), ["a.png"]);
    assert_eq!(ada.names_on("/favorites").await, ["a.png"]);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_name_taken_meanwhile_is_reported(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let first = ada.upload_one("a.png", &png(1)).await;
    ada.act(&first, "trash", &[]).await;
    let second = ada.upload_one("a.png", &png(2)).await;
    ada.act(&first, "restore", &[]).await;
    assert!(ada.page("/photos").await.says("restored as a (1).png"));
    assert_eq!(app.names("ada", "Photos"), ["a (1).png", "a.png"]);
    for id in [&first, &second] {
        ada.act(id, "rename", &[("name", "a.png")]).await;
        ada.act(id, "trash", &[]).await;
    }
    assert_eq!(app.names("ada", "Trash"), ["a (1).png", "a.png"]);
    ada.submit("/trash", "/trash/restore-all", &[]).await;
    assert_eq!(app.names("ada", "Photos"), ["a (1).png", "a.png"]);
    assert_eq!(ada.get(&format!("/media/{second}")).await.bytes().await.unwrap(), png(2));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn only_what_is_in_the_trash_can_be_deleted_for_good(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    assert_eq!(ada.act(&id, "delete", &[]).await.status(), 409);
    assert_eq!(app.names("ada", "Photos"), ["a.png"]);
    ada.act(&id, "trash", &[]).await;
    assert_eq!(ada.act(&id, "rename", &[("name", "b.png")]).await.status(), 409);
    assert_eq!(location(&ada.act(&id, "delete", &[]).await), "/photos");
    assert_eq!((app.names("ada", "Trash").len(), app.incoming()), (0, 0));
    assert_eq!(ada.get(&format!("/items/{id}")).await.status(), 404);
    assert_eq!(app.user("ada").used_bytes, 0);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn emptying_the_trash_deletes_all_of_it_and_nothing_else(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let mut ids = Vec::new();
    for seed in 0..5 {
        ids.push(ada.upload_one(&format!("{seed}.png"), &png(seed)).await);
    }
    let fields: Vec<_> = ids.iter().take(3).map(|id| ("ids", id.as_str())).collect();
    ada.submit("/photos", "/items/trash", &fields).await;
    assert!(ada.page("/trash/empty").await.says("3 items"));
    ada.submit("/trash/empty", "/trash/empty", &[]).await;
    assert_eq!((app.names("ada", "Trash").len(), app.names("ada", "Photos").len()), (0, 2));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn the_server_purges_expired_trash_by_itself(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready_with(backend, &[("trash_days", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    ada.upload_one("b.png", &png(2)).await;
    ada.act(&id, "trash", &[]).await;
    nexus_media::domain::ops::housekeeping::run_round(&app.services).unwrap();
    assert_eq!(
        (app.names("ada", "Trash").len(), app.names("ada", "Photos")),
        (0, vec!["b.png".to_owned()])
    );
    assert_eq!(ada.get(&format!("/items/{id}")).await.status(), 404);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[case("2031-01-01 00:00:00", 1)]
#[case("2020-01-01 00:00:00", 1)]
#[actix_web::test]
async fn a_wrong_clock_empties_no_trash(
    #[case] noted: &str,
    #[case] kept: usize,
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use diesel::prelude::*;
    use nexus_media::db::schema::{media_items, site};
    let (app, admin) = TestApp::ready_with(backend, &[("trash_days", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    ada.act(&id, "trash", &[]).await;
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let at = time::PrimitiveDateTime::parse(noted, format).unwrap();
    app.services
        .write_library(app.user("ada").id, |conn| {
            // To this server, the clock is years behind its newest row, or years ahead of what it noted.
            if noted.starts_with("2031") {
                diesel::update(media_items::table)
                    .set(media_items::updated_at.eq(at))
                    .execute(conn)?;
            } else {
                diesel::update(site::table).set(site::clock_noted_at.eq(at)).execute(conn)?;
            }
            Ok(())
        })
        .unwrap();
    nexus_media::domain::ops::housekeeping::run_round(&app.services).unwrap();
    assert_eq!(app.names("ada", "Trash").len(), kept);
}

#[rstest]
#[actix_web::test]
async fn trashing_twice_at_once_trashes_once(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    let token = ada.token("/upload").await;
    let path = format!("/items/{id}/trash");
    let clicks = (0..8).map(|_| ada.post(&path, &token, &[]));
    for answer in futures_util::future::join_all(clicks).await {
        assert!(matches!(answer.status().as_u16(), 303 | 409), "{}", answer.status());
    }
    assert_eq!((app.names("ada", "Photos").len(), app.names("ada", "Trash").len()), (0, 1));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn undo_in_the_message_restores_the_item(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    ada.act(&id, "trash", &[]).await;
    let page = ada.page("/photos").await;
    assert_eq!(page.attribute(".toast form", "action").as_deref(), Some("/items/restore"));
    assert_eq!(page.attribute(".toast input[name=ids]", "value").as_deref(), Some(id.as_str()));
    let token = page.attribute(".toast input[name=csrf_token]", "value").unwrap();
    ada.post("/items/restore", &token, &[("ids", &id)]).await;
    assert_eq!(app.names("ada", "Photos"), ["a.png"]);
}
