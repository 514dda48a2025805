//! What sharing must not let others learn, change or spoil.

use rstest::rstest;
use serde_json::json;

use crate::samples::{corners, film, jpeg, with_content_id};
use crate::sharing::{Shared, created, listed, share, shared_with, status};
use crate::support::*;

/// A folder of ada that tom adds to; the ids of the folder and the grant.
async fn shared_folder(s: &Shared, gives: &str) -> (String, String) {
    let folder = created(&s.ada, "/api/directories", &json!({ "name": "Trip" })).await;
    let body =
        json!({ "directory": folder, "people": ["tom"], "level": "contribute", "gives": gives });
    let grant = share(&s.ada, &body).await;
    (folder, grant)
}

async fn send(s: &Shared, folder: &str, grant: &str, name: &str, bytes: &[u8]) -> String {
    let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().part("file", part);
    let to = format!("/api/shared/{grant}/directories/{folder}/upload");
    let answer = s.tom.request("POST", &to).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201, "{name}");
    json(answer).await["items"][0]["id"].as_str().unwrap().to_owned()
}

#[rstest]
#[actix_web::test]
async fn a_place_cannot_be_found_by_asking_for_areas(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({})).await;
    let (folder, grant) = shared_folder(&s, "previews").await;
    let item = format!("/api/media/{}", s.items[0]);
    let body = json!({ "directory": folder, "latitude": 48.8584, "longitude": 2.2945 });
    assert_eq!(s.ada.send("PATCH", &item, &body).await.status(), 200);
    let page = format!("/shared/{grant}/directories/{folder}");
    let mut tiles = Vec::new();
    for area in ["48,2,49,3", "-10,-10,-9,-9"] {
        let page = s.tom_browser.page(&format!("{page}?area={area}")).await;
        tiles.push(page.html.select(&selector("[data-tile]")).count());
        assert!(!page.source.contains("48.85"));
    }
    assert_eq!(tiles, [1, 1], "the area makes no difference");
    let shown = s.tom_browser.page(&format!("/shared/{grant}/items/{}", s.items[0])).await;
    assert!(!shown.source.contains("48.85"));
    let body = s.tom.json(&format!("/api/shared/{grant}/items")).await;
    assert!(body["items"][0]["sha256"].is_null(), "the hash tells what a file is");
}

#[rstest]
#[actix_web::test]
async fn a_file_that_is_sent_describes_nothing_but_itself(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({})).await;
    let (folder, grant) = shared_folder(&s, "originals").await;
    let photo = s.ada.upload_one("harbour.jpg", &jpeg(&corners(60, 40))).await;
    let path = format!("/api/media/{photo}");
    s.ada.send("PATCH", &path, &json!({ "directory": folder })).await;
    s.app.previews_done().await;
    let before = s.ada.json(&path).await;
    let takeout = json!({
        "title": "harbour.jpg", "description": "DEFACED", "favorited": true,
        "photoTakenTime": { "timestamp": "915235200" },
        "geoData": { "latitude": 1.0, "longitude": 2.0, "altitude": 0.0 },
    });
    send(&s, &folder, &grant, "harbour.jpg.json", takeout.to_string().as_bytes()).await;
    s.app.previews_done().await;
    let after = s.ada.json(&path).await;
    for field in ["taken_at", "favorite", "metadata"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    // Not when the photo is read again either.
    let actor = nexus_media::model::actor::Actor::command_line();
    nexus_media::domain::previews::enqueue_all(&s.app.services, &actor, None).unwrap();
    s.app.services.preview_queue.wake();
    s.app.previews_done().await;
    assert_eq!(s.ada.json(&path).await["favorite"], false);
}

#[rstest]
#[actix_web::test]
async fn a_photo_that_is_sent_takes_no_video_of_the_owner_along(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({})).await;
    let (folder, grant) = shared_folder(&s, "stream").await;
    let identifier = "5A7F6C1E-2D3B-4C5A-9E8F-0A1B2C3D4E5F";
    let tag = format!("com.apple.quicktime.content.identifier={identifier}");
    let codec = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-metadata", &tag];
    let video = film("private.mov", &[&codec[..], &["-movflags", "use_metadata_tags"]].concat());
    let video = s.ada.upload_one("private.mov", &video).await;
    s.app.previews_done().await;
    assert_eq!(s.ada.names("shelf=videos").await, ["private.mov"]);
    let sent = with_content_id(&jpeg(&corners(80, 90)), identifier);
    let sent = send(&s, &folder, &grant, "bait.jpg", &sent).await;
    s.app.previews_done().await;
    assert_eq!(status(&s.tom, &format!("/api/shared/{grant}/media/{sent}/motion")).await, 404);
    assert_eq!(s.ada.names("shelf=videos").await, ["private.mov"]);
    assert_eq!(status(&s.tom, &format!("/api/shared/{grant}/media/{video}/content")).await, 404);
}

#[rstest]
#[actix_web::test]
async fn what_others_added_survives_the_suspension_of_the_albums_owner(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    s.app.person(&s.admin, "bob").await;
    let mine = s.tom.upload_one("mine.png", &png(5)).await;
    let items = format!("/api/shared/{}/items", s.grant);
    s.tom.send("POST", &items, &json!({ "ids": [mine] })).await;
    // Bob is in a group with tom, to which the album is shared too.
    let group = created(&s.tom, "/api/groups", &json!({ "name": "Family" })).await;
    for username in ["ada", "bob"] {
        let path = format!("/api/groups/{group}/members");
        s.tom.send("POST", &path, &json!({ "username": username })).await;
    }
    share(&s.ada, &json!({ "album": s.album, "groups": [group] })).await;
    let ada = format!("/admin/users/{}", s.app.id_of("ada"));
    s.admin.submit("/admin/users", &format!("{ada}/suspend"), &[]).await;
    let bob = format!("/api/groups/{group}/members/{}", s.app.id_of("bob"));
    assert_eq!(s.tom.send("DELETE", &bob, &json!({})).await.status(), 204);
    s.admin.submit("/admin/users", &format!("{ada}/reactivate"), &[]).await;
    let album = format!("/api/shared/{}", s.grant);
    assert!(listed(&s.tom, &album).await.contains(&mine));
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn counts_stay_true_when_owners_of_items_and_albums_act_at_once(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[("rate_limit", "off")], &json!({ "level": "contribute" })).await;
    let items = format!("/api/shared/{}/items", s.grant);
    for seed in 0..12 {
        let mine = s.tom.upload_one(&format!("{seed}.png"), &png(50 + seed)).await;
        let ids = json!({ "ids": [mine] });
        s.tom.send("POST", &items, &ids).await;
        let (own, of_album) =
            (format!("/api/media/{mine}"), format!("/api/albums/{}/items", s.album));
        let empty = json!({});
        let (trashed, removed) =
            tokio::join!(s.tom.send("DELETE", &own, &empty), s.ada.send("DELETE", &of_album, &ids));
        assert!(trashed.status().is_success() && removed.status().is_success());
    }
    assert_albums_are_true(&s.app);
    assert_eq!(s.ada.json(&format!("/api/albums/{}", s.album)).await["items"], 3);
}

#[rstest]
#[actix_web::test]
async fn nothing_of_a_former_member_stays_when_they_add_and_are_removed_at_once(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[("rate_limit", "off")], &json!({})).await;
    s.ada.send("DELETE", &format!("/api/grants/{}", s.grant), &json!({})).await;
    let mut mine = Vec::new();
    for seed in 0..20 {
        mine.push(s.tom.upload_one(&format!("{seed}.png"), &png(50 + seed)).await);
    }
    let group = created(&s.ada, "/api/groups", &json!({ "name": "Family" })).await;
    let members = format!("/api/groups/{group}/members");
    let tom = format!("{members}/{}", s.app.id_of("tom"));
    let body = json!({ "album": s.album, "groups": [group], "level": "contribute" });
    let items = format!("/api/shared/{}/items", share(&s.ada, &body).await);
    let (ids, empty) = (json!({ "ids": mine }), json!({}));
    for round in 0..8 {
        s.ada.send("POST", &members, &json!({ "username": "tom" })).await;
        let (added, removed) =
            tokio::join!(s.tom.send("POST", &items, &ids), s.ada.send("DELETE", &tom, &empty));
        assert_eq!(removed.status(), 204);
        assert!(matches!(added.status().as_u16(), 200 | 404), "{}", added.status());
        let left = listed(&s.ada, &format!("/api/albums/{}", s.album)).await;
        assert_eq!(left.len(), 3, "round {round}");
    }
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn of_several_copies_only_ones_own_are_removed(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({})).await;
    let tone = crate::samples::recording("song.mp3", &["-c:a", "libmp3lame"]);
    let song = s.tom.upload_one("song.mp3", &tone).await;
    s.app.previews_done().await;
    let list = json!({ "name": "Evening", "kind": "playlist" });
    let list = created(&s.ada, "/api/albums", &list).await;
    let body = json!({ "album": list, "people": ["tom"], "level": "contribute" });
    let base = format!("/api/shared/{}", share(&s.ada, &body).await);
    let (items, ids) = (format!("{base}/items"), json!({ "ids": [song] }));
    s.tom.send("POST", &items, &ids).await;
    s.tom.send("DELETE", &format!("{base}?keep_items=true"), &json!({})).await;
    s.tom.send("POST", &format!("{base}/return"), &json!({})).await;
    s.tom.send("POST", &items, &ids).await;
    assert_eq!(listed(&s.ada, &format!("/api/albums/{list}")).await.len(), 2);
    assert_eq!(s.tom.send("DELETE", &items, &ids).await.status(), 204);
    assert_eq!(listed(&s.ada, &format!("/api/albums/{list}")).await, [song]);
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn ones_own_items_can_be_taken_back_at_any_level(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    let mine = s.tom.upload_one("mine.png", &png(5)).await;
    s.app.previews_done().await;
    let (items, ids) = (format!("/api/shared/{}/items", s.grant), json!({ "ids": [mine] }));
    s.tom.send("POST", &items, &ids).await;
    s.ada.send("PATCH", &format!("/api/grants/{}", s.grant), &json!({ "level": "view" })).await;
    let page = s.tom_browser.page(&format!("/shared/{}/items/{mine}", s.grant)).await;
    assert!(page.has("form[action$='/remove']"));
    assert_eq!(s.tom.send("DELETE", &items, &ids).await.status(), 204);
    let others = json!({ "ids": [s.items[0]] });
    assert_eq!(s.tom.send("DELETE", &items, &others).await.status(), 404);
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn odd_dates_and_notifications_of_what_has_ended(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    for ends in ["9999-12-31T23:59:59-23:59", "2038-01-01T00:00:00Z", "x", ""] {
        let body = json!({ "ends_at": ends });
        let answer = s.ada.send("PATCH", &format!("/api/grants/{}", s.grant), &body).await;
        assert_eq!(answer.status(), 422, "{ends}");
    }
    // An album inside of the shared one: what was added to it is not told any more after the end.
    let child = json!({ "name": "Secret", "parent": s.album });
    let child = created(&s.ada, "/api/albums", &child).await;
    let of_child = format!("/api/albums/{child}/items");
    s.ada.send("POST", &of_child, &json!({ "ids": [s.items[0]] })).await;
    let told = async || s.tom.json("/api/notifications").await.to_string();
    assert!(told().await.contains(&format!("/shared/{}/albums/{child}", s.grant)));
    let body = json!({ "name": "Renamed" });
    s.ada.send("PATCH", &format!("/api/grants/{}", s.grant), &json!({ "level": "edit" })).await;
    let of_child =
        share(&s.ada, &json!({ "album": child, "people": ["tom"], "level": "edit" })).await;
    let changed = s.tom.send("PATCH", &format!("/api/shared/{of_child}"), &body).await;
    assert!(json(changed).await["parent"].is_null(), "what contains it may not be shared");
    s.ada.send("DELETE", &format!("/api/grants/{}", s.grant), &json!({})).await;
    assert!(!told().await.contains(&s.grant));
}
