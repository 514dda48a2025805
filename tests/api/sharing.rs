//! Sharing with other users: what they see, what they may change, and that an end is an end.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

/// An album of `ada` with two photos and a text, shared with `tom`.
pub struct Shared {
    pub app: TestApp,
    pub admin: Browser,
    pub ada: Program,
    pub tom: Program,
    pub ada_browser: Browser,
    pub tom_browser: Browser,
    pub items: Vec<String>,
    pub album: String,
    pub grant: String,
}

pub async fn shared_with(
    backend: Backend,
    settings: &[(&'static str, &str)],
    how: &Value,
) -> Shared {
    let (app, admin) = TestApp::ready_with(backend, settings).await;
    let (ada_browser, _) = app.person(&admin, "ada").await;
    let (tom_browser, _) = app.person(&admin, "tom").await;
    name(&app, "tom", "Tom");
    let (ada, tom) = (app.program("ada").await, app.program("tom").await);
    let items = vec![
        ada.upload_one("one.png", &png(1)).await,
        ada.upload_one("two.png", &png(2)).await,
        ada.upload_one("words.txt", b"words").await,
    ];
    app.previews_done().await;
    let album = created(&ada, "/api/albums", &json!({ "name": "Lisbon", "ids": items })).await;
    let mut body = json!({ "album": album, "people": ["tom"] });
    for (name, value) in how.as_object().unwrap() {
        body[name] = value.clone();
    }
    let grant = share(&ada, &body).await;
    Shared { app, admin, ada, tom, ada_browser, tom_browser, items, album, grant }
}

/// Gives a user another first name than the one with which everyone registers.
fn name(app: &TestApp, username: &str, firstname: &str) {
    use diesel::prelude::*;
    use nexus_media::db::schema::users;
    let user = users::table.filter(users::username.eq(username));
    app.services
        .db
        .write(|conn| Ok(diesel::update(user).set(users::firstname.eq(firstname)).execute(conn)?))
        .unwrap();
    app.services.session_cache.invalidate_user(app.user(username).id);
}

pub async fn created(program: &Program, path: &str, body: &Value) -> String {
    let answer = program.send("POST", path, body).await;
    assert_eq!(answer.status(), 201, "{path}");
    json(answer).await["id"].as_str().unwrap().to_owned()
}

/// Shares something and returns the id of the first grant.
pub async fn share(program: &Program, body: &Value) -> String {
    let answer = program.send("POST", "/api/grants", body).await;
    assert_eq!(answer.status(), 201, "{body}");
    json(answer).await["grants"][0]["id"].as_str().unwrap().to_owned()
}

pub async fn status(program: &Program, path: &str) -> u16 {
    program.get(path).await.status().as_u16()
}

/// The ids of what a grant or album lists.
pub async fn listed(program: &Program, path: &str) -> Vec<String> {
    let page = program.json(&format!("{path}/items?limit=200")).await;
    let ids = page["items"].as_array().unwrap().iter();
    ids.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[actix_web::test]
async fn what_is_shared_is_seen_and_nothing_beside_it(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({})).await;
    let secret = s.ada.upload_one("secret.png", &png(9)).await;
    let base = format!("/api/shared/{}", s.grant);

    let list = s.tom.json("/api/shared").await;
    assert_eq!(list["shared"][0]["title"], "Lisbon");
    assert_eq!(list["shared"][0]["owner"], "Ada Lovelace");
    assert_eq!(listed(&s.tom, &base).await.len(), 3);
    let item = s.tom.json(&format!("{base}/items/{}", s.items[0])).await;
    assert_eq!((item["name"].as_str(), item["directory_id"].as_str()), (Some("one.png"), None));
    let bytes = s.tom.get(item["content_url"].as_str().unwrap()).await;
    assert_eq!(bytes.status(), 200);
    assert_eq!(bytes.bytes().await.unwrap(), png(1));
    assert_eq!(status(&s.tom, item["thumbnail_url"].as_str().unwrap()).await, 200);

    // What is in the library but not in the album does not exist for others, and neither do the owner's own addresses.
    for path in ["items/ID", "media/ID/content", "media/ID/thumbnail"] {
        let path = format!("{base}/{}", path.replace("ID", &secret));
        assert_eq!(status(&s.tom, &path).await, 404, "{path}");
    }
    assert_eq!(status(&s.tom, &format!("/api/media/{}", s.items[0])).await, 404);
    assert_eq!(status(&s.tom, &format!("/api/albums/{}", s.album)).await, 404);
    // The grant is for nobody else, not even an admin.
    let root = s.app.program("root").await;
    assert_eq!(status(&root, &base).await, 404);
    assert_eq!(status(&root, &format!("{base}/media/{}/content", s.items[0])).await, 404);
    assert_eq!(listed(&s.ada, &format!("/api/albums/{}", s.album)).await.len(), 3);
}

#[rstest]
#[actix_web::test]
async fn pages_show_what_is_shared_without_what_only_its_owner_can_do(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "note": "From our trip" })).await;
    let list = s.tom_browser.page("/shared").await;
    assert!(list.has("a.album img") && list.says("Lisbon") && list.has("a.album .pill"));
    let page = s.tom_browser.page(&format!("/shared/{}", s.grant)).await;
    assert!(page.says("Shared by Ada Lovelace") && page.says("From our trip"));
    for own in ["/items/trash", "/items/move", "/items/edit", "/items/favorite"] {
        assert!(!page.has(&format!("[formaction='{own}']")), "{own}");
    }
    assert!(!page.has("[data-star]"));
    let href = page.attribute("[data-tile] .tile-link", "href").unwrap();
    let item = s.tom_browser.page(&href).await;
    assert!(item.has(".stage") && item.has("a[href$='?download=1']"));
    assert!(!item.has("form[action$='/trash']"));
    assert_eq!(s.tom_browser.get(&href.replace("/items/", "/media/")).await.status(), 200);
    assert!(!s.tom_browser.page("/shared").await.has("a.album .pill"), "it was opened");
}

#[rstest]
#[actix_web::test]
async fn only_what_is_given_leaves_the_library(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({ "gives": "previews" })).await;
    let tone = crate::samples::recording("song.mp3", &["-c:a", "libmp3lame"]);
    let song = s.ada.upload_one("song.mp3", &tone).await;
    s.app.previews_done().await;
    let items = format!("/api/albums/{}/items", s.album);
    s.ada.send("POST", &items, &json!({ "ids": [song] })).await;
    let base = format!("/api/shared/{}", s.grant);
    let photo = format!("{base}/media/{}/content", s.items[0]);
    let song = format!("{base}/media/{song}/content");
    let saved = format!("{song}?download=1");
    let page = format!("/shared/{}", s.grant);
    let text = format!("{page}/items/{}", s.items[2]);
    let gives = async |gives: &str| {
        let body = json!({ "gives": gives });
        let path = format!("/api/grants/{}", s.grant);
        assert_eq!(s.ada.send("PATCH", &path, &body).await.status(), 200);
    };

    for (word, expected) in
        [("previews", [403, 403, 403]), ("stream", [403, 200, 403]), ("originals", [200, 200, 200])]
    {
        gives(word).await;
        let mut got = Vec::new();
        for path in [&photo, &song, &saved] {
            got.push(status(&s.tom, path).await);
        }
        assert_eq!(got, expected, "{word}");
        let may_save = word == "originals";
        assert_eq!(s.tom_browser.page(&text).await.has(".text-view"), may_save, "{word}");
        let archive = s.tom_browser.get(&format!("{page}/albums/{}/download", s.album)).await;
        assert_eq!(archive.status(), if may_save { 200 } else { 403 }, "{word}");
        let thumbnail = format!("{base}/media/{}/thumbnail", s.items[0]);
        assert_eq!(status(&s.tom, &thumbnail).await, 200, "{word}");
    }
}

#[rstest]
#[actix_web::test]
async fn every_level_may_do_what_it_says(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({})).await;
    let mine = s.tom.upload_one("mine.png", &png(5)).await;
    s.app.previews_done().await;
    let base = format!("/api/shared/{}", s.grant);
    let items = format!("{base}/items");
    let level = async |level: &str| {
        let path = format!("/api/grants/{}", s.grant);
        assert_eq!(s.ada.send("PATCH", &path, &json!({ "level": level })).await.status(), 200);
    };
    let does = async |method: &str, path: &str, body: Value| -> u16 {
        s.tom.send(method, path, &body).await.status().as_u16()
    };

    assert_eq!(does("POST", &items, json!({ "ids": [mine] })).await, 403);
    assert_eq!(does("PATCH", &base, json!({ "name": "Porto" })).await, 403);
    assert_eq!(does("DELETE", &items, json!({ "ids": [s.items[0]] })).await, 404);

    level("contribute").await;
    assert_eq!(does("POST", &items, json!({ "ids": [mine] })).await, 200);
    assert_eq!(does("POST", &items, json!({ "ids": [s.items[0]] })).await, 404, "only one's own");
    assert_eq!(does("PATCH", &base, json!({ "name": "Porto" })).await, 403);
    assert_eq!(does("DELETE", &items, json!({ "ids": [s.items[0]] })).await, 404);
    let order = json!({ "item": mine, "before": s.items[0] });
    assert_eq!(does("PATCH", &items, order.clone()).await, 403);
    // Its owner sees who added it, and gets its bytes.
    let body = s.ada.json(&format!("/api/albums/{}/items", s.album)).await;
    let added = body["items"].as_array().unwrap().iter().find(|item| item["id"] == mine.as_str());
    let added = added.unwrap();
    assert_eq!(added["owner"], "Tom Lovelace");
    assert_eq!(status(&s.ada, added["content_url"].as_str().unwrap()).await, 200);
    assert_eq!(status(&s.ada, added["thumbnail_url"].as_str().unwrap()).await, 200);
    assert_eq!(status(&s.ada, &format!("/api/media/{mine}")).await, 404);
    let page = s.ada_browser.page(&format!("/albums/{}", s.album)).await;
    assert!(page.says("4 items by you, Tom Lovelace"));
    let href = page.attribute(&format!("[data-tile='{mine}'] .tile-link"), "href").unwrap();
    assert!(s.ada_browser.page(&href).await.says("By Tom Lovelace"));
    assert!(!s.ada_browser.page(&href).await.has("form[action$='/trash']"));
    assert_eq!(does("DELETE", &items, json!({ "ids": [mine] })).await, 204);

    level("edit").await;
    assert_eq!(does("POST", &items, json!({ "ids": [mine] })).await, 200);
    assert_eq!(does("PATCH", &base, json!({ "name": "Porto", "cover": mine })).await, 200);
    assert_eq!(does("PATCH", &items, order).await, 204);
    assert_eq!(listed(&s.tom, &base).await[0], mine);
    assert_eq!(does("DELETE", &items, json!({ "ids": [s.items[1]] })).await, 204);
    // Nobody else can delete or share it.
    assert_eq!(does("DELETE", &format!("/api/albums/{}", s.album), json!({})).await, 404);
    let body = json!({ "album": s.album, "people": ["root"] });
    assert_eq!(does("POST", "/api/grants", body).await, 404);
    assert_albums_are_true(&s.app);
    assert_counts_are_true(&s.app, "ada");
    assert_counts_are_true(&s.app, "tom");
}

#[rstest]
#[actix_web::test]
async fn an_end_is_an_end_on_the_next_request(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    let mine = s.tom.upload_one("mine.png", &png(5)).await;
    s.app.previews_done().await;
    let group = created(&s.ada, "/api/groups", &json!({ "name": "Family" })).await;
    let tom_id = s.app.id_of("tom");
    let members = format!("/api/groups/{group}/members");
    let path = |grant: &str| format!("/api/shared/{grant}");
    let paths = |grant: &str| {
        let item = &s.items[0];
        [
            path(grant),
            format!("{}/items/{item}", path(grant)),
            format!("{}/media/{item}/content", path(grant)),
            format!("{}/media/{item}/thumbnail?size=640", path(grant)),
        ]
    };
    let sees = async |grant: &str| -> Vec<u16> {
        let mut got = Vec::new();
        for path in paths(grant) {
            got.push(status(&s.tom, &path).await);
        }
        let page = format!("/shared/{grant}/albums/{}", s.album);
        got.push(s.tom_browser.get(&page).await.status().as_u16());
        let archive = format!("{page}/download");
        got.push(s.tom_browser.get(&archive).await.status().as_u16());
        got
    };
    let (all, none) = (vec![200; 6], vec![404; 6]);
    let is_listed = async || s.tom.json("/api/shared").await["shared"][0].is_object();
    let ok = |answer: reqwest::Response| assert!(answer.status().is_success(), "{answer:?}");

    // Ended by its owner: what was added leaves the album too.
    ok(s.tom.send("POST", &format!("{}/items", path(&s.grant)), &json!({ "ids": [mine] })).await);
    assert_eq!(sees(&s.grant).await, all);
    ok(s.ada.send("DELETE", &format!("/api/grants/{}", s.grant), &json!({})).await);
    assert_eq!(sees(&s.grant).await, none);
    assert_eq!(listed(&s.ada, &format!("/api/albums/{}", s.album)).await.len(), 3);
    assert_albums_are_true(&s.app);

    // By its date.
    let again = json!({ "album": s.album, "people": ["tom"], "level": "contribute" });
    let grant = share(&s.ada, &again).await;
    assert_eq!(sees(&grant).await, all);
    set_end(&s.app, &grant);
    assert_eq!(sees(&grant).await, none);
    assert!(!is_listed().await);
    nexus_media::domain::ops::housekeeping::run_round(&s.app.services).unwrap();

    // A member of a group, until they are removed, leave, or the group is deleted.
    ok(s.ada.send("POST", &members, &json!({ "username": "tom" })).await);
    let to_group = json!({ "album": s.album, "groups": [group], "level": "contribute" });
    let grant = share(&s.ada, &to_group).await;
    ok(s.tom.send("POST", &format!("{}/items", path(&grant)), &json!({ "ids": [mine] })).await);
    assert_eq!(sees(&grant).await, all);
    ok(s.ada.send("DELETE", &format!("{members}/{tom_id}"), &json!({})).await);
    assert_eq!(sees(&grant).await, none);
    assert_eq!(listed(&s.ada, &format!("/api/albums/{}", s.album)).await.len(), 3);
    ok(s.ada.send("POST", &members, &json!({ "username": "tom" })).await);
    assert_eq!(sees(&grant).await, all);
    ok(s.tom.send("DELETE", &format!("{members}/{tom_id}"), &json!({})).await);
    assert_eq!(sees(&grant).await, none);
    ok(s.ada.send("POST", &members, &json!({ "username": "tom" })).await);
    assert_eq!(sees(&grant).await, all);
    ok(s.ada.send("DELETE", &format!("/api/groups/{group}"), &json!({})).await);
    assert_eq!(sees(&grant).await, none);

    // The item taken out, in the trash, and deleted.
    let grant = share(&s.ada, &again).await;
    let items = format!("/api/albums/{}/items", s.album);
    let item = json!({ "ids": [s.items[0]] });
    ok(s.ada.send("DELETE", &items, &item).await);
    assert_eq!(sees(&grant).await[1..4], [404; 3]);
    ok(s.ada.send("POST", &items, &item).await);
    assert_eq!(sees(&grant).await, all);
    ok(s.ada.send("DELETE", &format!("/api/media/{}", s.items[0]), &json!({})).await);
    assert_eq!(sees(&grant).await[1..4], [404; 3]);
    ok(s.ada.send("POST", &format!("/api/media/{}/restore", s.items[0]), &json!({})).await);
    assert_eq!(sees(&grant).await, all);

    // Left, and come back to.
    ok(s.tom.send("DELETE", &path(&grant), &json!({})).await);
    assert_eq!(sees(&grant).await, none);
    assert!(!is_listed().await);
    ok(s.tom.send("POST", &format!("{}/return", path(&grant)), &json!({})).await);
    assert_eq!(sees(&grant).await, all);

    // The owner suspended: it sleeps until they are back.
    let ada_id = s.app.id_of("ada");
    for (action, expected) in [("suspend", &none), ("reactivate", &all)] {
        let to = format!("/admin/users/{ada_id}/{action}");
        assert_eq!(s.admin.submit("/admin/users", &to, &[]).await.status(), 303);
        assert_eq!(sees(&grant).await, *expected, "{action}");
    }

    // The album deleted, and the owner removed.
    let ada = s.app.program("ada").await;
    ok(ada.send("DELETE", &format!("/api/albums/{}", s.album), &json!({})).await);
    assert_eq!(sees(&grant).await, none);
    let body = json!({ "item": s.items[0], "people": ["tom"] });
    let grant = share(&ada, &body).await;
    assert_eq!(sees(&grant).await[..4], [200; 4]);
    let actor = nexus_media::model::actor::Actor::command_line();
    let id = nexus_media::model::UserId(ada_id);
    nexus_media::domain::accounts::remove::remove(&s.app.services, &actor, id).unwrap();
    assert_eq!(sees(&grant).await, none);
    assert!(!is_listed().await);
}

/// Lets a grant end an hour ago, as if it had been given until then.
fn set_end(app: &TestApp, grant: &str) {
    use diesel::prelude::*;
    use nexus_media::db::sharing_schema::grants;
    let id = nexus_media::model::GrantId::parse(grant).unwrap();
    let at = nexus_media::model::now() - time::Duration::hours(1);
    app.services
        .db
        .write(|conn| {
            Ok(diesel::update(grants::table.find(id)).set(grants::ends_at.eq(at)).execute(conn)?)
        })
        .unwrap();
}

#[rstest]
#[actix_web::test]
async fn items_of_a_suspended_user_leave_the_albums_of_others_until_they_are_back(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    let mine = s.tom.upload_one("mine.png", &png(5)).await;
    let trashed = s.tom.upload_one("trashed.png", &png(6)).await;
    s.app.previews_done().await;
    let items = format!("/api/shared/{}/items", s.grant);
    s.tom.send("POST", &items, &json!({ "ids": [mine, trashed] })).await;
    s.tom.send("DELETE", &format!("/api/media/{trashed}"), &json!({})).await;
    let album = format!("/api/albums/{}", s.album);
    let shown = async || (listed(&s.ada, &album).await, s.ada.json(&album).await["items"].as_i64());
    assert_eq!(shown().await.1, Some(4));

    let to = format!("/admin/users/{}", s.app.id_of("tom"));
    s.admin.submit("/admin/users", &format!("{to}/suspend"), &[]).await;
    let (ids, count) = shown().await;
    assert!(!ids.contains(&mine));
    assert_eq!(count, Some(3));
    assert_albums_are_true(&s.app);
    // A scan of the folder does not bring them back.
    nexus_media::domain::previews::details(
        &s.app.services,
        &s.app.user("tom"),
        nexus_media::model::ItemId::parse(&mine).unwrap(),
    )
    .unwrap();
    s.admin.submit("/admin/users", &format!("{to}/reactivate"), &[]).await;
    let (ids, count) = shown().await;
    assert!(ids.contains(&mine) && !ids.contains(&trashed));
    assert_eq!(count, Some(4));
    assert_albums_are_true(&s.app);

    // Removed, they are gone, and the album counts without them.
    let actor = nexus_media::model::actor::Actor::command_line();
    let id = nexus_media::model::UserId(s.app.id_of("tom"));
    nexus_media::domain::accounts::remove::remove(&s.app.services, &actor, id).unwrap();
    assert_eq!(shown().await.1, Some(3));
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn who_leaves_takes_their_items_along_or_leaves_them_to_the_owner(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    let mine = s.tom.upload_one("mine.png", &png(5)).await;
    s.app.previews_done().await;
    let base = format!("/api/shared/{}", s.grant);
    let album = format!("/api/albums/{}", s.album);
    let add = json!({ "ids": [mine] });
    for (query, stays) in [("", false), ("?keep_items=true", true)] {
        s.tom.send("POST", &format!("{base}/items"), &add).await;
        let left = s.tom.send("DELETE", &format!("{base}{query}"), &json!({})).await;
        assert_eq!(left.status(), 204);
        assert_eq!(listed(&s.ada, &album).await.contains(&mine), stays, "{query}");
        s.tom.send("POST", &format!("{base}/return"), &json!({})).await;
    }
    // What stayed is the owner's to remove.
    assert_eq!(s.tom.send("DELETE", &format!("{base}/items"), &add).await.status(), 404);
    assert_eq!(s.ada.send("DELETE", &format!("{album}/items"), &add).await.status(), 204);
    assert_eq!(s.tom.get(&format!("/api/media/{mine}")).await.status(), 200);
    assert_albums_are_true(&s.app);
}

#[rstest]
#[actix_web::test]
async fn a_folder_is_shared_with_what_is_below_it(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({})).await;
    let trip = created(&s.ada, "/api/directories", &json!({ "name": "Trip" })).await;
    let inner = json!({ "name": "Day 1", "parent": trip });
    let inner = created(&s.ada, "/api/directories", &inner).await;
    let beside = created(&s.ada, "/api/directories", &json!({ "name": "Trips" })).await;
    for (item, directory) in s.items.iter().zip([&trip, &inner, &beside]) {
        let path = format!("/api/media/{item}");
        let moved = s.ada.send("PATCH", &path, &json!({ "directory": directory })).await;
        assert_eq!(moved.status(), 200, "{}", moved.text().await.unwrap());
    }
    let grant = share(&s.ada, &json!({ "directory": trip, "people": ["tom"] })).await;
    let base = format!("/api/shared/{grant}");
    assert_eq!(listed(&s.tom, &base).await, [s.items[0].clone()]);
    let below = s.tom.json(&format!("{base}/items?directory={inner}")).await;
    assert_eq!(below["items"][0]["id"], s.items[1].as_str());
    assert_eq!(status(&s.tom, &format!("{base}/items?directory={beside}")).await, 404);
    assert_eq!(status(&s.tom, &format!("{base}/items/{}", s.items[2])).await, 404);
    assert_eq!(status(&s.tom, &format!("{base}/media/{}/content", s.items[1])).await, 200);

    // On pages, with the way back up but not above what is shared.
    let page = s.tom_browser.page(&format!("/shared/{grant}")).await;
    let child = page.attribute(".folders a", "href").unwrap();
    let page = s.tom_browser.page(&child).await;
    assert!(page.says("Day 1") && page.has(&format!(".crumbs a[href$='{trip}']")));
    assert!(!page.has("form[action='/directories']"));
    let archive = s.tom_browser.get(&format!("/shared/{grant}/directories/{trip}/download")).await;
    assert_eq!(archive.status(), 200);
    let bytes = archive.bytes().await.unwrap().to_vec();
    let archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let names: Vec<_> = archive.file_names().map(str::to_owned).collect();
    assert_eq!(names, ["Trip/", "Trip/one.png", "Trip/Day 1/", "Trip/Day 1/two.png"]);

    // Renamed, it stays shared; what is moved out of it is not.
    let path = format!("/api/directories/{trip}");
    let renamed = s.ada.send("PATCH", &path, &json!({ "name": "Lisbon" })).await;
    assert_eq!(renamed.status(), 200, "{}", renamed.text().await.unwrap());
    assert_eq!(listed(&s.tom, &base).await, [s.items[0].clone()]);
    let out = json!({ "directory": beside });
    s.ada.send("PATCH", &format!("/api/media/{}", s.items[0]), &out).await;
    assert!(listed(&s.tom, &base).await.is_empty());
    assert_eq!(status(&s.tom, &format!("{base}/media/{}/content", s.items[0])).await, 404);
    s.ada.send("DELETE", &format!("/api/directories/{trip}"), &json!({})).await;
    assert_eq!(status(&s.tom, &base).await, 404);
}

#[rstest]
#[actix_web::test]
async fn sharing_changes_no_file_no_folder_and_no_quota(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "edit" })).await;
    let mine = s.tom.upload_one("mine.png", &png(5)).await;
    s.app.previews_done().await;
    let used = |name: &str| s.app.user(name).used_bytes;
    let state = || {
        let files = ["ada", "tom"].map(|name| s.app.placed_items(name).len());
        let names = ["ada", "tom"].map(|name| s.app.names(name, "Photos"));
        (files, names, used("ada"), used("tom"))
    };
    let before = state();
    let items = format!("/api/shared/{}/items", s.grant);
    s.tom.send("POST", &items, &json!({ "ids": [mine] })).await;
    s.tom.send("PATCH", &items, &json!({ "item": mine, "before": null })).await;
    s.tom.send("DELETE", &items, &json!({ "ids": [s.items[0]] })).await;
    s.ada.send("DELETE", &format!("/api/grants/{}", s.grant), &json!({})).await;
    assert_eq!(state(), before);
}

#[rstest]
#[actix_web::test]
async fn notifications_say_what_others_did(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    let mine: Vec<String> =
        vec![s.tom.upload_one("1.png", &png(5)).await, s.tom.upload_one("2.png", &png(6)).await];
    assert_eq!(s.tom_browser.page("/photos").await.all(".bell .badge").len(), 1);
    let page = s.tom_browser.page("/notifications").await;
    assert!(page.says("Ada Lovelace shares “Lisbon” with you"));
    let href = page.attribute(".row-item a", "href").unwrap();
    assert_eq!(href, format!("/shared/{}", s.grant));
    s.tom_browser.page(&href).await;
    s.tom_browser.submit("/notifications", "/notifications/seen", &[]).await;
    assert!(!s.tom_browser.page("/photos").await.has(".bell .badge"));

    // Several additions within an hour are one.
    let items = format!("/api/shared/{}/items", s.grant);
    for id in &mine {
        s.tom.send("POST", &items, &json!({ "ids": [id] })).await;
    }
    let list = s.ada.json("/api/notifications").await;
    let rows = list["notifications"].as_array().unwrap();
    let added: Vec<_> = rows.iter().filter(|row| row["kind"] == "items_added").collect();
    let counts: i64 = added.iter().map(|row| row["count"].as_i64().unwrap()).sum();
    assert_eq!(counts, 2);
    assert!(added.len() <= 2, "one, or two if the hour changed in between");
    let path = added[0]["path"].as_str().unwrap();
    assert!(s.ada_browser.page(path).await.says("Tom Lovelace"));
    s.ada.send("POST", "/api/notifications/seen", &json!({})).await;
    assert!(!s.ada_browser.page("/photos").await.has(".bell .badge"));

    s.ada.send("DELETE", &format!("/api/grants/{}", s.grant), &json!({})).await;
    let list = s.tom.json("/api/notifications").await;
    assert_eq!(list["notifications"][0]["kind"], "access_ended");
    assert_eq!(list["notifications"].as_array().unwrap().len(), 1, "its own address is gone");
}

#[rstest]
#[actix_web::test]
async fn where_people_are_hidden_exact_usernames_are_typed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[("people", "hidden")], &json!({})).await;
    assert_eq!(s.ada.json("/api/people?q=").await, json!({ "people": [] }));
    let on = format!("/share?item={}", s.items[0]);
    assert!(!s.ada_browser.page(&on).await.says("Site Admin"));
    let share = async |name: &str| {
        let fields = [("item", s.items[0].as_str()), ("people", name)];
        s.ada_browser.submit(&on, "/share", &fields).await
    };
    let wrong = share("roo").await;
    assert_eq!(wrong.status(), 422);
    let page = Page::of(wrong).await;
    assert_eq!(page.attribute("#people", "value").as_deref(), Some("roo"));
    assert_eq!(share("root").await.status(), 303);
}

#[rstest]
#[actix_web::test]
async fn sharing_that_cannot_be_says_why(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({})).await;
    let body = |what: Value| {
        let mut body = json!({ "album": s.album, "people": ["root"] });
        for (name, value) in what.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (what, field) in [
        (json!({ "people": ["nobody"] }), "people"),
        (json!({ "people": ["ada"] }), "people"),
        (json!({ "people": [] }), "people"),
        (json!({ "groups": [uuid::Uuid::now_v7()] }), "groups"),
        (json!({ "ends_at": "2001-01-01T00:00:00Z" }), "ends"),
        (json!({ "note": "x".repeat(501) }), "note"),
        (json!({ "album": null, "item": s.items[0], "level": "edit" }), "level"),
    ] {
        let answer = s.ada.send("POST", "/api/grants", &body(what.clone())).await;
        assert_eq!(answer.status(), 422, "{what}");
        let said = json(answer).await;
        assert_eq!(said["error"]["details"][0]["field"], field, "{what}");
    }
    // Somebody who has it already gets the new level, and no second entry.
    let again = body(json!({ "people": ["tom"], "level": "edit" }));
    assert_eq!(share(&s.ada, &again).await, s.grant);
    let all = s.ada.json(&format!("/api/grants?album={}", s.album)).await;
    assert_eq!(all["grants"].as_array().unwrap().len(), 1);
    assert_eq!(all["grants"][0]["level"], "edit");
    // The form says it too, and keeps what was typed.
    let on = format!("/share?album={}", s.album);
    let fields = [("album", s.album.as_str()), ("people", "nobody"), ("note", "Hello")];
    let answer = s.ada_browser.submit(&on, "/share", &fields).await;
    assert_eq!(answer.status(), 422);
    let page = Page::of(answer).await;
    assert!(page.says("There is no user “nobody”.") && page.says("Hello"));
}

#[rstest]
#[actix_web::test]
async fn files_sent_to_a_shared_folder_are_its_owners_and_reveal_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({})).await;
    let trip = created(&s.ada, "/api/directories", &json!({ "name": "Trip" })).await;
    let grant = share(&s.ada, &json!({ "directory": trip, "people": ["tom"] })).await;
    let to = format!("/api/shared/{grant}/directories/{trip}/upload");
    let send = async |to: &str| {
        let part = reqwest::multipart::Part::bytes(png(1)).file_name("new.png");
        let form = reqwest::multipart::Form::new().part("file", part);
        s.tom.request("POST", to).multipart(form).send().await.unwrap()
    };
    assert_eq!(send(&to).await.status(), 403);
    let path = format!("/api/grants/{grant}");
    s.ada.send("PATCH", &path, &json!({ "level": "contribute" })).await;

    // The same bytes as a photo that the owner has elsewhere: the answer does not tell.
    let (used, own) = (s.app.user("ada").used_bytes, s.app.user("tom").used_bytes);
    let answer = send(&to).await;
    assert_eq!(answer.status(), 201);
    let body = json(answer).await;
    assert_eq!(body["items"][0]["name"], "new.png");
    assert!(body["items"][0]["duplicate"].is_null());
    let size = i64::try_from(png(1).len()).unwrap();
    assert_eq!(s.app.user("ada").used_bytes, used + size);
    assert_eq!(s.app.user("tom").used_bytes, own);
    assert_eq!(s.app.names("ada", "Trip"), ["new.png"]);
    assert_eq!(status(&s.tom, body["items"][0]["content_url"].as_str().unwrap()).await, 200);
    let list = s.ada.json("/api/notifications").await;
    assert_eq!(list["notifications"][0]["title"], "Trip");

    // With the form, which also works in a browser without scripts.
    let on = format!("/shared/{grant}/directories/{trip}/upload");
    let token = s.tom_browser.token(&on).await;
    let part = reqwest::multipart::Part::bytes(png(2)).file_name("new.png");
    let form = reqwest::multipart::Form::new().text("csrf_token", token).part("file", part);
    let sent = s.tom_browser.request("POST", &on).multipart(form).send().await.unwrap();
    assert_eq!(sent.status(), 303);
    assert_eq!(s.app.names("ada", "Trip"), ["new (1).png", "new.png"]);

    // Not past the quota of its owner, not into another folder, and not after the end.
    let other = created(&s.ada, "/api/directories", &json!({ "name": "Other" })).await;
    let elsewhere = format!("/api/shared/{grant}/directories/{other}/upload");
    assert_eq!(send(&elsewhere).await.status(), 404);
    let path_of_ada = format!("/api/admin/users/{}", s.app.id_of("ada"));
    let root = s.app.program("root").await;
    let quota = root.send("PATCH", &path_of_ada, &json!({ "quota_bytes": 1 })).await;
    assert_eq!(quota.status(), 200);
    let full = send(&to).await;
    assert!(full.status().is_client_error() || full.status() == 507, "{}", full.status());
    s.ada.send("DELETE", &path, &json!({})).await;
    assert_eq!(send(&to).await.status(), 404);
    assert_eq!(s.app.names("ada", "Trip").len(), 2);
    assert_counts_are_true(&s.app, "ada");
    // A standard folder sorts by kind, so nobody else can add to it.
    let list = s.ada.json("/api/directories").await;
    let standard = list["directories"].as_array().unwrap().iter();
    let photos = standard.clone().find(|it| it["path"] == "Photos").unwrap()["id"].clone();
    let body = json!({ "directory": photos, "people": ["tom"], "level": "contribute" });
    assert_eq!(s.ada.send("POST", "/api/grants", &body).await.status(), 422);
}

#[rstest]
#[actix_web::test]
async fn copies_of_what_is_shared_are_kept_in_the_library_of_whoever_keeps_them(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "gives": "stream" })).await;
    let secret = s.ada.upload_one("secret.png", &png(9)).await;
    let keep = format!("/api/shared/{}/keep", s.grant);
    let all = json!({ "ids": s.items });
    assert_eq!(s.tom.send("POST", &keep, &all).await.status(), 403);
    let path = format!("/api/grants/{}", s.grant);
    s.ada.send("PATCH", &path, &json!({ "gives": "originals" })).await;

    let (ada, tom) = (s.app.user("ada").used_bytes, s.app.user("tom").used_bytes);
    let named = json!({ "ids": [&s.items[0], &s.items[1], &secret] });
    let kept = json(s.tom.send("POST", &keep, &named).await).await;
    assert_eq!(kept, json!({ "added": 2, "already_there": 0, "left_out": 1 }));
    let kept = json(s.tom.send("POST", &keep, &all).await).await;
    assert_eq!(kept, json!({ "added": 1, "already_there": 2, "left_out": 0 }));
    assert_eq!(s.app.names("tom", "Photos"), ["one.png", "two.png"]);
    let size = png(1).len() + png(2).len() + "words".len();
    assert_eq!(s.app.user("tom").used_bytes, tom + i64::try_from(size).unwrap());
    assert_eq!(s.app.user("ada").used_bytes, ada);
    // They stay when the sharing ends, and are deleted without the original.
    s.ada.send("DELETE", &path, &json!({})).await;
    assert_eq!(s.tom.send("POST", &keep, &all).await.status(), 404);
    for (_, item) in s.app.placed_items("tom") {
        for query in ["", "?permanent=true"] {
            let path = format!("/api/media/{}{query}", item.id);
            assert_eq!(s.tom.send("DELETE", &path, &json!({})).await.status(), 204);
        }
    }
    assert_eq!(status(&s.ada, &format!("/api/media/{}/content", s.items[0])).await, 200);
    assert_counts_are_true(&s.app, "tom");
    assert_counts_are_true(&s.app, "ada");
}

#[rstest]
#[actix_web::test]
async fn no_copy_is_kept_past_the_quota(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = shared_with(backend, &[], &json!({})).await;
    let root = s.app.program("root").await;
    let of_tom = format!("/api/admin/users/{}", s.app.id_of("tom"));
    root.send("PATCH", &of_tom, &json!({ "quota_bytes": 3 })).await;
    let page = format!("/shared/{}", s.grant);
    let fields = [("ids", s.items[0].as_str())];
    let answer = s.tom_browser.submit(&page, &format!("{page}/keep"), &fields).await;
    assert_eq!(answer.status(), 303);
    assert!(s.tom_browser.page("/photos").await.says("Not enough storage left."));
    assert!(s.app.placed_items("tom").is_empty());
    assert_eq!(s.app.incoming(), 0);
}
