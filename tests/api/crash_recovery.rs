//! The next start repairs what a killed process left.

use std::sync::Arc;

use nexus_media::model::id::MoveId;
use nexus_media::model::now;
use nexus_media::state::Services;
use nexus_media::storage::FileLocation;
use nexus_media::store::file_moves::{self, FileMove};
use rstest::rstest;

use crate::support::*;

/// The journal and the disk after a process was killed between rename and commit.
fn killed_between_rename_and_commit(
    services: &Arc<Services>,
    username: &str,
    from: &str,
    to: &str,
    name: &str,
) {
    let user = services
        .db
        .read(|conn| Ok(nexus_media::store::users::find_by_login(conn, username)?))
        .unwrap()
        .unwrap();
    let id = MoveId::new();
    let journal = FileMove {
        id,
        user_id: user.id,
        subject: id,
        from: FileLocation::new(&user.folder, from, name),
        to: FileLocation::new(&user.folder, to, name),
    };
    services.db.write(|conn| Ok(file_moves::insert(conn, &journal, now())?)).unwrap();
    services.media_dir.rename(&journal.from, &journal.to).unwrap();
}

#[rstest]
#[actix_web::test]
async fn an_interrupted_move_is_rolled_back(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    killed_between_rename_and_commit(&app.services, "ada", "Photos", "Trash", "a.png");
    assert_eq!(ada.get(&format!("/media/{id}")).await.status(), 404);
    nexus_media::domain::ops::crash_recovery::recover(&app.services).unwrap();
    assert_eq!(app.names("ada", "Photos"), ["a.png"]);
    assert_eq!(ada.get(&format!("/media/{id}")).await.bytes().await.unwrap(), png(1));
    assert_eq!(ada.act(&id, "trash", &[]).await.status(), 303, "the journal no longer holds it");
}

#[rstest]
#[actix_web::test]
async fn an_interrupted_upload_leaves_nothing(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let user = app.user("ada");
    let id = MoveId::new();
    let from = FileLocation::incoming("0123");
    drop(app.services.media_dir.create_file(&FileLocation::incoming("0123")).unwrap());
    let journal = FileMove {
        id,
        user_id: user.id,
        subject: id,
        from,
        to: FileLocation::new(&user.folder, "Photos", "a.png"),
    };
    app.services.db.write(|conn| Ok(file_moves::insert(conn, &journal, now())?)).unwrap();
    app.services.media_dir.rename(&journal.from, &journal.to).unwrap();
    assert_eq!(app.names("ada", "Photos"), ["a.png"]);
    nexus_media::domain::ops::crash_recovery::recover(&app.services).unwrap();
    assert_eq!((app.names("ada", "Photos").len(), app.incoming()), (0, 0));
    assert!(app.services.db.read(|conn| Ok(file_moves::list(conn)?)).unwrap().is_empty());
}

#[rstest]
#[actix_web::test]
async fn migrating_twice_changes_nothing(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let again = nexus_media::db::Db::open(&app.services.settings.database_url).unwrap();
    let found =
        again.read(|conn| Ok(nexus_media::store::users::find_by_login(conn, "ada")?)).unwrap();
    assert_eq!(found.unwrap().username, "ada");
}

#[rstest]
#[actix_web::test]
async fn thirty_two_simultaneous_writers_get_no_server_error(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(app.person(&admin, &format!("p{number}")).await.0);
    }
    let sent = (0..32_u32).map(|number| {
        let browser = people[usize::try_from(number).unwrap() % 4].clone();
        async move {
            let id = browser.upload_one(&format!("{number}.png"), &png(number)).await;
            let starred = browser.act(&id, "favorite", &[]).await.status().as_u16();
            let trashed = browser.act(&id, "trash", &[]).await.status().as_u16();
            (starred, trashed)
        }
    });
    for statuses in futures_util::future::join_all(sent).await {
        assert_eq!(statuses, (303, 303));
    }
    for number in 0..4 {
        assert_counts_are_true(&app, &format!("p{number}"));
    }
}

#[rstest]
#[actix_web::test]
async fn a_leftover_journal_entry_never_removes_a_later_upload(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let user = app.user("ada");
    let id = MoveId::new();
    let to = FileLocation::new(&user.folder, "Photos", "a.png");
    let journal =
        FileMove { id, user_id: user.id, subject: id, from: FileLocation::incoming("0123"), to };
    app.services.db.write(|conn| Ok(file_moves::insert(conn, &journal, now())?)).unwrap();
    let item = ada.upload_one("a.png", &png(1)).await;
    nexus_media::domain::ops::crash_recovery::recover(&app.services).unwrap();
    assert_eq!(ada.get(&format!("/media/{item}")).await.bytes().await.unwrap(), png(1));
    assert!(app.services.db.read(|conn| Ok(file_moves::list(conn)?)).unwrap().is_empty());
}

#[rstest]
#[actix_web::test]
async fn a_move_whose_journal_entry_was_removed_changes_nothing(
    #[values(Sqlite)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    // The effect of a second server that starts: it takes entries of running moves for abandoned ones.
    // Only triggers of SQLite may change their own table, so this runs there alone.
    let forgets = "CREATE TRIGGER forget AFTER INSERT ON file_moves BEGIN DELETE FROM file_moves WHERE id = NEW.id; END";
    app.services
        .db
        .write(|conn| {
            use diesel::RunQueryDsl;
            Ok(diesel::sql_query(forgets).execute(conn)?)
        })
        .unwrap();
    assert_eq!(ada.act(&id, "trash", &[]).await.status(), 503);
    assert_eq!(
        (app.names("ada", "Photos"), app.names("ada", "Trash").len()),
        (vec!["a.png".to_owned()], 0)
    );
    assert_eq!(ada.get(&format!("/media/{id}")).await.bytes().await.unwrap(), png(1));
}

#[rstest]
#[actix_web::test]
async fn a_second_server_on_the_same_folders_is_refused(#[values(Sqlite)] backend: Backend) {
    let (app, _admin) = TestApp::ready(backend).await;
    let second = Services::open(app.services.settings.clone()).unwrap();
    let refused = second.claim_media_dir().unwrap_err();
    assert_eq!(refused.code(), "UNAVAILABLE");
    assert!(refused.to_string().contains("A server is running"));
}

#[rstest]
#[actix_web::test]
async fn the_same_bytes_restore_a_file_missing_on_disk(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    ada.upload_one("a.png", &png(1)).await;
    std::fs::remove_file(app.on_disk("ada", "Photos/a.png")).unwrap();
    let again = ada.upload_one("a.png", &png(1)).await;
    assert_eq!(ada.get(&format!("/media/{again}")).await.bytes().await.unwrap(), png(1));
}

#[rstest]
#[actix_web::test]
async fn a_folder_missing_on_disk_is_created_again_when_an_item_moves_there(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    std::fs::remove_dir(app.on_disk("ada", "Trash")).unwrap();
    assert_eq!(ada.act(&id, "trash", &[]).await.status(), 303);
    assert_eq!(app.names("ada", "Trash"), ["a.png"]);
    std::fs::remove_dir(app.on_disk("ada", "Photos")).unwrap();
    assert_eq!(ada.act(&id, "restore", &[]).await.status(), 303);
    assert_eq!(ada.get(&format!("/media/{id}")).await.bytes().await.unwrap(), png(1));
    assert_counts_are_true(&app, "ada");
}
