//! Date, description, tags and place, changed by the owner; the files stay as they are.

use rstest::rstest;
use serde_json::{Value, json as j};

use crate::samples::{corners, jpeg, with_exif};
use crate::support::*;

fn photo() -> Vec<u8> {
    with_exif(&jpeg(&corners(64, 48)), 1, "2024:05:06 07:08:09")
}

async fn patch(program: &Program, id: &str, body: &Value) -> Value {
    let answer = program.send("PATCH", &format!("/api/media/{id}"), body).await;
    assert_eq!(answer.status(), 200, "{body}");
    json(answer).await
}

#[rstest]
#[actix_web::test]
async fn what_the_owner_says_replaces_what_the_file_says_until_it_is_reset(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    let id = root.upload_one("a.jpg", &photo()).await;
    app.previews_done().await;
    let change = j!({
        "taken_local": "2019-07-04 15:30", "description": "Grandma’s birthday", "tags": ["cake", " garden ", "cake"],
        "position": [-33.85667, -70.67],
    });
    let item = patch(&root, &id, &change).await;
    assert_eq!(item["taken_local"], "2019-07-04T15:30:00");
    assert_eq!((&item["taken_source"], &item["taken_precision"]), (&j!("edited"), &j!("second")));
    assert_eq!(item["metadata"]["description"], "Grandma’s birthday");
    assert_eq!(item["metadata"]["tags"], j!(["cake", "garden"]));
    assert_eq!(item["metadata"]["longitude"], -70.67);
    for words in ["grandma", "cake", "2019"] {
        assert_eq!(root.names(&format!("q={words}")).await, ["a.jpg"], "{words}");
    }
    assert_eq!(root.names("q=2024").await, Vec::<String>::new());
    assert_counts_are_true(&app, "root");

    // A file that is looked into again keeps what its owner said.
    let month = patch(&root, &id, &j!({ "taken_local": "1962-08" })).await;
    assert_eq!(
        (&month["taken_local"], &month["taken_precision"]),
        (&j!("1962-08-15T12:00:00"), &j!("month"))
    );
    let cleared =
        patch(&root, &id, &j!({ "taken_local": "", "description": "", "position": [] })).await;
    assert_eq!(
        (&cleared["taken_local"], &cleared["taken_source"]),
        (&j!("2024-05-06T07:08:09"), &j!("exif"))
    );
    assert_eq!(cleared["metadata"]["description"], Value::Null);
    assert_eq!(cleared["metadata"]["latitude"], Value::Null, "removed, although the file has one");
    assert_eq!(root.get(&format!("/api/media/{id}/content")).await.bytes().await.unwrap(), photo());
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[case(j!({ "taken_local": "2019-13-45" }), "taken_local")]
#[case(j!({ "taken_local": "2099-01-01" }), "taken_local")]
#[case(j!({ "description": "x".repeat(2001) }), "description")]
#[case(j!({ "position": [91.0, 0.0] }), "position")]
#[case(j!({ "position": [1.0] }), "position")]
#[case(j!({ "tags": vec!["x"; 41] }), "tags")]
#[case(j!({ "captions": "x" }), "captions")]
#[actix_web::test]
async fn a_bad_value_is_named_and_changes_nothing(#[case] body: Value, #[case] field: &str) {
    let (app, _) = TestApp::ready_with(Sqlite, &[("previews_at_once", "0")]).await;
    let root = app.program("root").await;
    let id = root.upload_one("a.jpg", &photo()).await;
    let before = root.json(&format!("/api/media/{id}")).await;
    let answer = root.send("PATCH", &format!("/api/media/{id}"), &body).await;
    assert_eq!(answer.status(), 422, "{body}");
    assert_eq!(json(answer).await["error"]["details"][0]["field"], field);
    assert_eq!(root.json(&format!("/api/media/{id}")).await, before);
}

#[rstest]
#[actix_web::test]
async fn a_camera_with_a_wrong_clock_is_corrected_for_a_selection(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let (root, ada) = (app.program("root").await, app.program("ada").await);
    let first = root.upload_one("IMG_20190704_233012.png", &png(1)).await;
    let second = root.upload_one("IMG_20190704_153012.png", &png(2)).await;
    let body = j!({ "ids": [first, second], "shift_seconds": 3600, "add_tags": ["fair"] });
    let answer = root.send("POST", "/api/media/edit", &body).await;
    assert_eq!(json(answer).await["changed"], 2);
    let item = root.json(&format!("/api/media/{first}")).await;
    assert_eq!(item["taken_local"], "2019-07-05T00:30:12");
    assert_eq!(item["metadata"]["tags"], j!(["fair"]));
    // Those of others are as good as absent.
    let theirs = ada.upload_one("b.png", &png(3)).await;
    let body = j!({ "ids": [theirs], "description": "mine now" });
    assert_eq!(root.send("POST", "/api/media/edit", &body).await.status(), 404);
    let both = j!({ "ids": [first], "shift_seconds": 1, "taken_local": "2019" });
    assert_eq!(root.send("POST", "/api/media/edit", &both).await.status(), 422);
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn changes_of_one_item_at_the_same_time_are_all_kept(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    // Its preview is recorded at the same time, too.
    let id = root.upload_one("a.jpg", &photo()).await;
    let tags: Vec<String> = (0..24).map(|number| format!("tag {number:02}")).collect();
    let changes = tags.iter().map(|tag| {
        let root = &root;
        let body = j!({ "ids": [id], "add_tags": [tag] });
        async move { root.send("POST", "/api/media/edit", &body).await.status().as_u16() }
    });
    let statuses = futures_util::future::join_all(changes).await;
    assert_eq!(statuses, vec![200; 24]);
    app.previews_done().await;
    let item = root.json(&format!("/api/media/{id}")).await;
    let mut kept: Vec<String> = serde_json::from_value(item["metadata"]["tags"].clone()).unwrap();
    kept.sort();
    assert_eq!(kept, tags);
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn the_forms_change_only_what_was_changed_in_them(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, browser) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    let id = root.upload_one("a.jpg", &photo()).await;
    app.previews_done().await;
    let page = browser.page(&format!("/items/{id}")).await;
    let shown = |name: &str| page.attribute(&format!("#{name}"), "value").unwrap_or_default();
    assert_eq!(shown("taken"), "2024-05-06 07:08:09");
    let position = shown("position");
    let fields = [
        ("taken", "2024-05-06 07:08:09"),
        ("description", "Harbour"),
        ("tags", "sea, boats"),
        ("position", &position),
    ];
    browser.act(&id, "details", &fields).await;
    let item = root.json(&format!("/api/media/{id}")).await;
    assert_eq!(item["taken_source"], "exif", "the date was left as it was");
    assert_eq!(item["metadata"]["tags"], j!(["sea", "boats"]));
    let page = browser.page(&format!("/items/{id}")).await;
    assert!(page.says("Caption Harbour") && page.says("Changes saved"), "{}", page.text());

    let other = root.upload_one("b.jpg", &png(9)).await;
    let token = browser.token("/photos").await;
    let ids = [("ids", id.as_str()), ("ids", other.as_str())];
    let form = Page::of(browser.post("/items/edit", &token, &ids).await).await;
    assert!(form.says("Edit 2 items"), "{}", form.text());
    let refused = [ids[0], ids[1], ("taken", "soon"), ("back", "/photos")];
    let answer = browser.post("/items/details", &token, &refused).await;
    assert_eq!(answer.status(), 422);
    assert!(Page::of(answer).await.says("Write the date as"));
    let changed =
        [ids[0], ids[1], ("shift_hours", "-1,5"), ("remove_position", "on"), ("back", "/photos")];
    let answer = browser.post("/items/details", &token, &changed).await;
    assert_eq!((answer.status().as_u16(), location(&answer).as_str()), (303, "/photos"));
    let item = root.json(&format!("/api/media/{id}")).await;
    assert_eq!(item["taken_local"], "2024-05-06T05:38:09");
    assert_eq!(item["metadata"]["latitude"], Value::Null);
    assert!(browser.page(&format!("/items/{id}")).await.says("set by hand"));
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn older_libraries_get_better_facts_and_keep_what_people_edited(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use diesel::prelude::*;
    use nexus_media::db::schema::{media_details, media_items};
    use nexus_media::model::WallClock;
    use nexus_media::model::actor::Actor;

    let (app, _) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    let found = root.upload_one("a.jpg", &photo()).await;
    let edited = root
        .upload_one("b.jpg", &with_exif(&jpeg(&corners(80, 48)), 1, "2023:01:02 03:04:05"))
        .await;
    let talk = crate::samples::recording("talk.m4a", &["-c:a", "aac"]);
    // The brand of a film, with sound only.
    let talk = root.upload_one("talk.mp4", &[&talk[..8], b"isom", &talk[12..]].concat()).await;
    app.previews_done().await;
    patch(&root, &edited, &j!({ "taken_local": "1962-08" })).await;
    // As an older version has left them.
    app.services
        .write_library(app.user("root").id, |conn| {
            diesel::update(media_details::table)
                .set(media_details::facts.eq("{}"))
                .execute(conn)?;
            diesel::update(media_items::table)
                .filter(media_items::name.eq("a.jpg"))
                .set((
                    media_items::shown_at.eq(WallClock(1_716_163_200_000)),
                    media_items::taken_source.eq("upload"),
                ))
                .execute(conn)?;
            Ok(())
        })
        .unwrap();

    let services = app.services.clone();
    let queued = tokio::task::spawn_blocking(move || {
        nexus_media::domain::previews::enqueue_all(&services, &Actor::command_line(), None).unwrap()
    });
    assert_eq!(queued.await.unwrap(), 3);
    app.previews_done().await;
    let item = root.json(&format!("/api/media/{found}")).await;
    assert_eq!(
        (&item["taken_local"], &item["preview"]),
        (&j!("2024-05-06T07:08:09"), &j!("ready"))
    );
    assert_eq!(root.json(&format!("/api/media/{edited}")).await["taken_precision"], "month");
    let item = root.json(&format!("/api/media/{talk}")).await;
    assert_eq!((&item["kind"], &item["directory_name"]), (&j!("audio"), &j!("Audios")));
    assert_eq!(app.names("root", "Audios"), ["talk.mp4"]);
    assert_eq!(app.names("root", "Videos"), Vec::<String>::new());
    let check = nexus_media::domain::reconcile::problem::CheckOptions {
        repair: false,
        accept_changes: false,
        is_quick: false,
        initial_scan: nexus_media::model::ScanStatus::Pending,
    };
    let services = app.services.clone();
    tokio::task::spawn_blocking(move || {
        nexus_media::domain::reconcile::check::check(&services, check, |problem| {
            panic!("{problem:?}")
        })
        .unwrap()
    })
    .await
    .unwrap();
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn programs_may_state_time_and_place_as_they_read_them(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    let zone = j!({ "time_zone": "Europe/Vienna" });
    let user = json(root.send("PATCH", "/api/users/me", &zone).await).await;
    assert_eq!(user["time_zone"], "Europe/Vienna");
    let id = root.upload_one("a.jpg", &jpeg(&corners(60, 40))).await;
    app.previews_done().await;

    // A summer day in Vienna.
    let change = j!({ "taken_at": "2019-07-04T13:30:12Z", "latitude": -48.5, "longitude": 16.25 });
    let item = patch(&root, &id, &change).await;
    for (field, expected) in [
        ("taken_local", j!("2019-07-04T15:30:12")),
        ("taken_at", j!("2019-07-04T13:30:12Z")),
        ("taken_offset", j!(120)),
    ] {
        assert_eq!(item[field], expected, "{field}");
    }
    assert_eq!(item["metadata"]["latitude"], -48.5);

    // What was read changes nothing when it is sent back.
    let same = patch(&root, &id, &j!({ "taken_at": item["taken_at"] })).await;
    assert_eq!(same["taken_local"], item["taken_local"]);
    let away = patch(&root, &id, &j!({ "taken_at": "2019-07-04T15:30:12-07:00" })).await;
    assert_eq!(
        (&away["taken_local"], &away["taken_offset"]),
        (&j!("2019-07-04T15:30:12"), &j!(-420))
    );
    let cleared = j!({ "taken_at": null, "latitude": null, "longitude": null });
    let cleared = patch(&root, &id, &cleared).await;
    assert_eq!(
        (&cleared["taken_source"], &cleared["metadata"]["latitude"]),
        (&j!("upload"), &Value::Null)
    );

    for (body, field) in [
        (j!({ "latitude": 48.5 }), "longitude"),
        (j!({ "longitude": 48.5 }), "latitude"),
        (j!({ "latitude": 48.5, "longitude": null }), "longitude"),
        (j!({ "taken_at": "2019", "taken_local": "2019" }), "taken_at"),
        (j!({ "taken_at": "soon" }), "taken_at"),
        (j!({ "position": [1.0, 2.0], "latitude": 1.0, "longitude": 2.0 }), "position"),
    ] {
        let answer = root.send("PATCH", &format!("/api/media/{id}"), &body).await;
        assert_eq!(answer.status(), 422, "{body}");
        assert!(json(answer).await["error"]["details"].to_string().contains(field), "{body}");
    }
    let answer = root.send("PATCH", "/api/users/me", &j!({ "time_zone": "Atlantis" })).await;
    assert_eq!(answer.status(), 422);
    let user = json(root.send("PATCH", "/api/users/me", &j!({ "time_zone": null })).await).await;
    assert_eq!(user["time_zone"], Value::Null);
}
