//! Edits that are also written to an XMP file beside the photo.

use nexus_media::domain::library::xmp_files::write_next;
use nexus_media::domain::ops::crash_recovery;
use nexus_media::model::id::MoveId;
use nexus_media::model::now;
use nexus_media::storage::FileLocation;
use nexus_media::store::file_moves::{self, FileMove};
use rstest::rstest;
use serde_json::json as j;

use crate::samples::{corners, jpeg};
use crate::support::*;

const ON: [(&str, &str); 1] = [("xmp_files", "on")];

/// Writes all files that are due. A task of the server does the same, so one may be in its hands for a moment.
fn write_all(app: &TestApp) {
    while write_next(&app.services).unwrap() {}
}

fn text_of(app: &TestApp, path: &str) -> String {
    std::fs::read_to_string(app.on_disk("root", path)).unwrap()
}

/// A photo in the folder Photos with a description.
async fn described_photo(app: &TestApp, name: &str) -> (Program, String) {
    let root = app.program("root").await;
    let id = root.upload_one(name, &jpeg(&corners(60, 40))).await;
    app.previews_done().await;
    edit(&root, &id, &j!({ "description": "At the lake" })).await;
    write_all(app);
    (root, id)
}

async fn edit(root: &Program, id: &str, change: &serde_json::Value) {
    let answer = root.send("PATCH", &format!("/api/media/{id}"), change).await;
    assert_eq!(answer.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn edits_are_in_a_file_beside_the_photo_and_on_no_shelf(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &ON).await;
    let (root, id) = described_photo(&app, "a.jpg").await;
    let change = j!({
        "taken_local": "1962-08", "tags": ["sea & sun", "Anna"], "position": [-48.5, 16.25],
    });
    edit(&root, &id, &change).await;
    write_all(&app);

    assert_eq!(app.names("root", "Photos"), ["a.jpg", "a.jpg.xmp"]);
    let text = text_of(&app, "Photos/a.jpg.xmp");
    for part in
        [">At the lake<", ">sea &amp; sun<", ">1962-08<", ">48,30.000000S<", ">16,15.000000E<"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(root.names("shelf=photos").await, ["a.jpg"]);
    assert_eq!(root.names("q=lake").await, ["a.jpg"]);
    assert_eq!(root.names("shelf=uploads").await, [""; 0]);
    assert_counts_are_true(&app, "root");

    // Another account that gets both files reads the same.
    let (eve, _) = app.person(&admin, "eve").await;
    eve.upload(&[("a.jpg", &jpeg(&corners(60, 40))), ("a.jpg.xmp", text.as_bytes())]).await;
    app.previews_done().await;
    let eve = app.program("eve").await;
    let copy = eve.json("/api/media/list?shelf=photos").await;
    let copy = eve.json(&format!("/api/media/{}", copy["items"][0]["id"].as_str().unwrap())).await;
    let original = root.json(&format!("/api/media/{id}")).await;
    for field in ["taken_at", "taken_precision"] {
        assert_eq!(copy[field], original[field], "{field}");
    }
    for field in ["description", "tags", "latitude", "longitude"] {
        assert_eq!(copy["metadata"][field], original["metadata"][field], "{field}");
    }
}

#[rstest]
#[actix_web::test]
async fn without_the_setting_no_file_is_written_until_it_is_turned_on(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready(backend).await;
    described_photo(&app, "a.jpg").await;
    assert_eq!(app.names("root", "Photos"), ["a.jpg"]);
    let mut settings = app.services.settings.clone();
    settings.writes_xmp_files = true;
    let services = nexus_media::state::Services::open(settings).unwrap();
    while write_next(&services).unwrap() {}
    assert_eq!(app.names("root", "Photos"), ["a.jpg", "a.jpg.xmp"]);
}

#[rstest]
#[actix_web::test]
async fn the_file_follows_the_photo_and_goes_with_the_last_edit(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready_with(backend, &ON).await;
    let (root, id) = described_photo(&app, "a.jpg").await;
    let former = text_of(&app, "Photos/a.jpg.xmp");

    edit(&root, &id, &j!({ "name": "b.jpg" })).await;
    write_all(&app);
    assert_eq!(app.names("root", "Photos"), ["b.jpg", "b.jpg.xmp"]);
    assert_eq!(text_of(&app, "Photos/b.jpg.xmp"), former);

    assert_eq!(root.send("DELETE", &format!("/api/media/{id}"), &j!(null)).await.status(), 204);
    write_all(&app);
    assert_eq!(app.names("root", "Photos"), [""; 0]);
    assert_eq!(app.names("root", "Trash"), ["b.jpg", "b.jpg.xmp"]);
    root.send("POST", &format!("/api/media/{id}/restore"), &j!({})).await;
    write_all(&app);
    assert_eq!(app.names("root", "Photos"), ["b.jpg", "b.jpg.xmp"]);
    assert_counts_are_true(&app, "root");

    // An empty description is what the file itself says.
    edit(&root, &id, &j!({ "description": "" })).await;
    write_all(&app);
    assert_eq!(app.names("root", "Photos"), ["b.jpg"]);

    edit(&root, &id, &j!({ "description": "Again" })).await;
    write_all(&app);
    root.send("DELETE", &format!("/api/media/{id}"), &j!(null)).await;
    let gone = root.send("DELETE", &format!("/api/media/{id}?permanent=true"), &j!(null)).await;
    assert_eq!(gone.status(), 204);
    assert_eq!((app.names("root", "Trash").len(), app.incoming()), (0, 0));
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn a_file_of_another_program_is_never_replaced(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, _) = TestApp::ready_with(backend, &ON).await;
    let root = app.program("root").await;
    std::fs::write(app.on_disk("root", "Photos/a.jpg.xmp"), "of a photo program").unwrap();
    let id = root.upload_one("a.jpg", &jpeg(&corners(60, 40))).await;
    app.previews_done().await;
    edit(&root, &id, &j!({ "description": "At the lake" })).await;
    write_all(&app);
    assert_eq!(text_of(&app, "Photos/a.jpg.xmp"), "of a photo program");

    // One that another program has changed is its own from then on.
    let other = root.upload_one("b.jpg", &jpeg(&corners(70, 40))).await;
    app.previews_done().await;
    edit(&root, &other, &j!({ "description": "At home" })).await;
    write_all(&app);
    std::fs::write(app.on_disk("root", "Photos/b.jpg.xmp"), "changed").unwrap();
    nexus_media::domain::reconcile::scan(&app.services, None, std::time::Duration::ZERO).unwrap();
    edit(&root, &other, &j!({ "description": "At school" })).await;
    write_all(&app);
    assert_eq!(text_of(&app, "Photos/b.jpg.xmp"), "changed");
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn a_check_and_a_new_look_at_all_files_leave_the_written_ones_alone(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready_with(backend, &ON).await;
    let (root, _) = described_photo(&app, "a.jpg").await;
    nexus_media::domain::reconcile::scan(&app.services, None, std::time::Duration::ZERO).unwrap();
    app.services
        .db
        .write(|conn| Ok(nexus_media::store::preview_jobs::insert_for_all(conn, None)?))
        .unwrap();
    app.previews_done().await;
    assert_eq!(root.names("shelf=uploads").await, [""; 0]);
    assert_eq!(root.names("q=lake").await, ["a.jpg"]);
    assert_counts_are_true(&app, "root");
}

/// What a server leaves that was killed after it had moved both files and before it had written their rows.
#[rstest]
#[actix_web::test]
async fn an_interrupted_replacement_leaves_the_former_file(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready_with(backend, &ON).await;
    described_photo(&app, "a.jpg").await;
    let former = text_of(&app, "Photos/a.jpg.xmp");
    let (user, services) = (app.user("root"), &app.services);
    let place = FileLocation::new(&user.folder, "Photos", "a.jpg.xmp");
    let old = services
        .db
        .read(|conn| Ok(nexus_media::store::items::find_at(conn, user.id, "Photos", "a.jpg.xmp")?));
    drop(services.media_dir.create_file(&FileLocation::incoming("new")).unwrap());
    let moves = [
        (MoveId(old.unwrap().unwrap().0), place.clone(), FileLocation::incoming("old")),
        (MoveId::new(), FileLocation::incoming("new"), place),
    ];
    for (subject, from, to) in moves {
        let journal = FileMove { id: MoveId::new(), user_id: user.id, subject, from, to };
        services.db.write(|conn| Ok(file_moves::insert(conn, &journal, now())?)).unwrap();
        services.media_dir.rename(&journal.from, &journal.to).unwrap();
    }
    assert_eq!(text_of(&app, "Photos/a.jpg.xmp"), "");

    crash_recovery::recover(services).unwrap();
    assert_eq!(text_of(&app, "Photos/a.jpg.xmp"), former);
    assert_eq!(app.incoming(), 0);
}
