//! Share links: what visitors without an account see, and that an end is an end.

use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use nexus_media::model::authority::ShareInUse;

use crate::samples;
use crate::sharing::{Shared, shared_with};
use crate::support::*;

/// Creates a link of `ada` and returns it.
pub async fn linked(s: &Shared, how: &Value) -> Value {
    let mut body = json!({ "album": s.album });
    for (name, value) in how.as_object().unwrap() {
        if name == "item" || name == "directory" {
            body.as_object_mut().unwrap().remove("album");
        }
        body[name] = value.clone();
    }
    let answer = s.ada.send("POST", "/api/links", &body).await;
    assert_eq!(answer.status(), 201, "{body}");
    json(answer).await
}

/// The path of a link: `/s/{token}`.
pub fn path_of(link: &Value) -> String {
    let url = link["url"].as_str().unwrap();
    url.get(url.find("/s/").unwrap()..).unwrap().to_owned()
}

pub fn id_of(link: &Value) -> String {
    format!("/api/links/{}", link["id"].as_str().unwrap())
}

pub async fn status_of(visitor: &Browser, path: &str) -> u16 {
    visitor.get(path).await.status().as_u16()
}

/// A library with an album, but without a grant.
pub async fn library(backend: Backend, settings: &[(&'static str, &str)]) -> Shared {
    shared_with(backend, settings, &json!({})).await
}

/// Enters the password of a link.
async fn open(visitor: &Browser, base: &str, password: &str, next: &str) -> reqwest::Response {
    let fields = [("password", password), ("next", next)];
    visitor.submit(base, &format!("{base}/open"), &fields).await
}

#[rstest]
#[actix_web::test]
async fn anyone_with_the_address_sees_what_is_shared_and_nothing_beside_it(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[]).await;
    let secret = s.ada.upload_one("secret.png", &png(9)).await;
    let how = json!({ "message": "From our <b>trip</b>", "title": "<i>Lisbon</i>" });
    let link = linked(&s, &how).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    let page = visitor.page(&base).await;
    assert!(page.says("Shared by Ada Lovelace") && page.says("From our <b>trip</b>"));
    assert!(page.says("<i>Lisbon</i>"), "what others write is text");
    assert!(!page.has(".rail") && !page.has("[data-star]") && !page.has("a[href='/login']"));
    assert_eq!(page.all("[data-tile]").len(), 3);
    let item = format!("{base}/items/{}", s.items[0]);
    let page = visitor.page(&item).await;
    assert!(page.has(".stage") && page.has("a[rel=next]") && page.has("a[href$='?download=1']"));
    let media = format!("{base}/media/{}", s.items[0]);
    let bytes = visitor.get(&media).await;
    assert_eq!((bytes.status().as_u16(), bytes.bytes().await.unwrap()), (200, png(1).into()));
    assert_eq!(status_of(&visitor, &format!("{media}/thumbnail?size=640")).await, 200);
    let all = visitor.submit(&base, &format!("{base}/download-all"), &[]).await;
    assert_eq!(header(&all, "content-disposition"), "attachment; filename=\"Lisbon.zip\"");
    assert_eq!(
        zip::ZipArchive::new(std::io::Cursor::new(all.bytes().await.unwrap())).unwrap().len(),
        3
    );

    // An item of the library that is not in the album, and the owner's own addresses.
    for path in
        ["items/ID", "media/ID", "media/ID/thumbnail", "media/ID/motion", "media/ID/pages/1"]
    {
        let path = format!("{base}/{}", path.replace("ID", &secret));
        assert_eq!(status_of(&visitor, &path).await, 404, "{path}");
    }
    let foreign = visitor.submit(&base, &format!("{base}/download"), &[("ids", &secret)]).await;
    assert_eq!(foreign.status(), 404);
    assert_eq!(status_of(&visitor, "/s/AAAAAAAAAAAAAAAAAAAAAA").await, 404);
    assert_eq!(visitor.get(&format!("/media/{}", s.items[0])).await.status(), 303);
    // Nobody finds it by searching, and one page names no other site.
    let answer = visitor.get(&base).await;
    assert_eq!(header(&answer, "x-robots-tag"), "noindex, nofollow, noarchive");
    assert_eq!(header(&answer, "referrer-policy"), "same-origin");
    assert!(header(&answer, "content-security-policy").contains("frame-ancestors 'none'"));
    let counted = s.ada.json(&id_of(&link)).await;
    assert_eq!((&counted["visits"], &counted["downloads"]), (&json!(1), &json!(1)), "one browser");
}

#[rstest]
#[actix_web::test]
async fn only_what_a_link_gives_leaves_the_library(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = library(backend, &[]).await;
    let visitor = s.app.browser();
    let photo = &s.items[0];
    for (gives, is_whole) in [("previews", false), ("stream", false), ("originals", true)] {
        let base = path_of(&linked(&s, &json!({ "gives": gives })).await);
        let page = visitor.page(&base).await;
        assert_eq!(page.has("form[action$='/download-all']"), is_whole, "{gives}");
        let expected = if is_whole { 200 } else { 403 };
        let media = format!("{base}/media/{photo}");
        assert_eq!(status_of(&visitor, &media).await, expected, "{gives}");
        assert_eq!(
            status_of(&visitor, &format!("{media}/thumbnail?size=full")).await,
            if is_whole { 404 } else { 403 }
        );
        assert_eq!(status_of(&visitor, &format!("{media}/thumbnail?size=1280")).await, 200);
        // The token of a form of another page: nothing is offered here to be downloaded.
        let token = visitor.token("/login").await;
        for (to, fields) in
            [("download", vec![("ids", photo.as_str())]), ("download-all", Vec::new())]
        {
            let answer = visitor.post(&format!("{base}/{to}"), &token, &fields).await;
            assert_eq!(answer.status(), expected, "{gives} {to}");
            answer.bytes().await.unwrap();
        }
    }
    // When and how a photo was taken is shown only if its owner says so.
    for (shows, is_shown) in [(false, false), (true, true)] {
        let base = path_of(&linked(&s, &json!({ "shows_details": shows })).await);
        let page = visitor.page(&format!("{base}/items/{photo}")).await;
        assert_eq!(page.says("Dimensions"), is_shown);
    }
}

#[rstest]
#[actix_web::test]
async fn nothing_of_a_link_is_seen_without_its_password(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[]).await;
    let how =
        json!({ "password": "our summer 2026", "gives": "originals", "title": "Secret place" });
    let link = linked(&s, &how).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    assert_eq!(link["has_password"], true);
    assert!(!link.to_string().contains("argon2"), "{link}");

    let asked = visitor.get(&base).await;
    assert_eq!(asked.status(), 401);
    let page = Page::of(asked).await;
    assert!(page.has("input[name=password]") && !page.source.contains("Secret place"));
    assert!(!page.has("meta[property='og:image']"));
    let item = &s.items[0];
    for path in ["media/ID", "media/ID/thumbnail", "media/ID/motion", "media/ID/pages/1"] {
        let path = format!("{base}/{}", path.replace("ID", item));
        assert_eq!(status_of(&visitor, &path).await, 401, "{path}");
    }
    let token = visitor.token(&base).await;
    for (to, fields) in [("download", vec![("ids", item.as_str())]), ("download-all", Vec::new())] {
        assert_eq!(visitor.post(&format!("{base}/{to}"), &token, &fields).await.status(), 401);
    }
    // A link to one photo leads there after the password, and nowhere else.
    let deep = format!("{base}/items/{item}");
    let answer = visitor.get(&deep).await;
    assert_eq!(answer.status(), 303);
    let asked = location(&answer);
    assert!(asked.starts_with(&format!("{base}?next=")), "{asked}");
    assert_eq!(
        Page::of(visitor.get(&asked).await).await.attribute("input[name=next]", "value"),
        Some(deep.clone())
    );

    let refused = open(&visitor, &base, "our summer 2025", &deep).await;
    assert_eq!(refused.status(), 401);
    assert!(Page::of(refused).await.says("That is not the password of this link."));
    assert_eq!(status_of(&visitor, &deep).await, 303);
    for elsewhere in
        ["https://example.org/", "//example.org", "/login", "/photos", &format!("{base}x/items")]
    {
        let other = s.app.browser();
        let opened = open(&other, &base, "our summer 2026", elsewhere).await;
        assert_eq!(
            (opened.status().as_u16(), location(&opened)),
            (303, base.clone()),
            "{elsewhere}"
        );
    }
    let opened = open(&visitor, &base, "our summer 2026", &deep).await;
    assert_eq!((opened.status().as_u16(), location(&opened)), (303, deep.clone()));
    let cookie = header(&opened, "set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains(&format!("Path={base}")), "{cookie}");
    assert!(visitor.page(&base).await.says("Secret place"));
    assert_eq!(status_of(&visitor, &format!("{base}/media/{item}")).await, 200);
    // The cookie is for this link only.
    let other = path_of(&linked(&s, &how).await);
    assert_eq!(status_of(&visitor, &other).await, 401);
    // Another password ends earlier visits; the address stays.
    let changed =
        s.ada.send("PATCH", &id_of(&link), &json!({ "password": "our winter 2026" })).await;
    assert_eq!(json(changed).await["url"], link["url"]);
    assert_eq!(status_of(&visitor, &base).await, 401);
    assert_eq!(status_of(&visitor, &format!("{base}/media/{item}")).await, 401);
    s.ada.send("PATCH", &id_of(&link), &json!({ "password": null })).await;
    assert_eq!(status_of(&visitor, &base).await, 200);
}

#[actix_web::test]
async fn five_wrong_passwords_of_a_link_are_enough_and_keep_nobody_from_logging_in() {
    let s = library(Sqlite, &[]).await;
    let base = path_of(&linked(&s, &json!({ "password": "our summer 2026" })).await);
    for _ in 0..5 {
        assert_eq!(open(&s.app.browser(), &base, "wrong words", "").await.status(), 401);
    }
    let visitor = s.app.browser();
    assert_eq!(open(&visitor, &base, "our summer 2026", "").await.status(), 429);
    // The audit log has the first one and the number of the others, and whose link it is.
    let services = s.app.services.clone();
    let write = move || nexus_media::domain::auth::login::write_merged_refusals(&services, true);
    tokio::task::spawn_blocking(write).await.unwrap().unwrap();
    let log = s.admin.page("/admin/audit").await;
    assert_eq!(
        log.text().matches("Wrong password of a share link").count(),
        3,
        "and in the filter"
    );
    assert!(log.says("4 more times within ten minutes") && !log.text().contains(&base));
    let fields = [("username", "ada"), ("password", PASSWORD)];
    assert_eq!(location(&visitor.submit("/login", "/login", &fields).await), "/dashboard");
}

#[rstest]
#[actix_web::test]
async fn an_address_in_own_words_needs_a_password_and_is_free_again_after_the_end(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[]).await;
    let with =
        |slug: &str| json!({ "album": s.album, "slug": slug, "password": "our summer 2026" });
    let create = async |body: &Value| s.ada.send("POST", "/api/links", body).await;
    for slug in ["ab", "our trip", "a/b", "..", "ÄÖÜ", &"x".repeat(65)] {
        assert_eq!(create(&with(slug)).await.status(), 422, "{slug}");
    }
    assert_eq!(create(&json!({ "album": s.album, "slug": "lisbon-2026" })).await.status(), 422);
    let link = json(create(&with("Lisbon-2026")).await).await;
    assert_eq!(path_of(&link), "/s/lisbon-2026");
    assert_eq!(create(&with("lisbon-2026")).await.status(), 422, "it is taken");
    let visitor = s.app.browser();
    assert_eq!(open(&visitor, "/s/lisbon-2026", "our summer 2026", "").await.status(), 303);
    assert_eq!(status_of(&visitor, "/s/lisbon-2026").await, 200);
    // The password stays as long as the words.
    let patch = async |body: Value| s.ada.send("PATCH", &id_of(&link), &body).await.status();
    assert_eq!(patch(json!({ "password": null })).await, 422);
    // Another address ends the visits of the first, which is nobody's then.
    assert_eq!(patch(json!({ "slug": "our-trip" })).await, 200);
    assert_eq!(status_of(&visitor, "/s/lisbon-2026").await, 404);
    assert_eq!(status_of(&visitor, "/s/our-trip").await, 401);
    let other = json(create(&with("lisbon-2026")).await).await;
    s.ada.send("DELETE", &id_of(&other), &json!({})).await;
    assert_eq!(status_of(&visitor, "/s/lisbon-2026").await, 404);
    assert_eq!(create(&with("lisbon-2026")).await.status(), 201);
    let renewed = s.ada.send("POST", &format!("{}/renew", id_of(&link)), &json!({})).await;
    let base = path_of(&json(renewed).await);
    assert_eq!((base.len(), status_of(&visitor, "/s/our-trip").await), (25, 404));
    assert_eq!(status_of(&visitor, &base).await, 401);
}

#[rstest]
#[actix_web::test]
async fn of_fifty_visitors_at_once_one_gets_the_last_visit(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[("rate_limit", "off")]).await;
    let link = linked(&s, &json!({ "max_visits": 2 })).await;
    let base = path_of(&link);
    let first = s.app.browser();
    // Looking at the form uses nothing up.
    for _ in 0..3 {
        assert_eq!(status_of(&first, &base).await, 401);
    }
    let token = first.token(&base).await;
    let opened = open(&first, &base, "", "").await;
    assert_eq!((opened.status().as_u16(), location(&opened)), (303, base.clone()));
    assert_eq!(status_of(&first, &base).await, 200);
    // The form sent once more is no other visit.
    let again = first.post(&format!("{base}/open"), &token, &[]).await;
    assert_eq!((again.status().as_u16(), location(&again)), (303, base.clone()));
    let mut visitors = Vec::new();
    for _ in 0..50 {
        let visitor = s.app.browser();
        let token = visitor.token(&base).await;
        visitors.push((visitor, token));
    }
    let to = format!("{base}/open");
    let tries = visitors.iter().map(|(visitor, token)| visitor.post(&to, token, &[]));
    let answers = futures_util::future::join_all(tries).await;
    let count = |status: u16| answers.iter().filter(|it| it.status() == status).count();
    assert_eq!((count(303), count(410)), (1, 49));
    // Visits that have begun go on; others get nothing, not even the form.
    assert_eq!(status_of(&first, &base).await, 200);
    assert_eq!(status_of(&s.app.browser(), &base).await, 410);
    let found = s.ada.json(&id_of(&link)).await;
    assert_eq!((&found["visits"], &found["state"]), (&json!(2), &json!("used_up")));
}

#[rstest]
#[actix_web::test]
async fn the_end_of_a_link_is_an_end_on_the_next_request(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[]).await;
    let visitor = s.app.browser();
    let item = s.items[0].clone();
    let sees = async |link: &Value| -> Vec<u16> {
        let base = path_of(link);
        let mut got = Vec::new();
        for path in ["", "/items/ID", "/media/ID", "/media/ID/thumbnail?size=640"] {
            got.push(status_of(&visitor, &format!("{base}{}", path.replace("ID", &item))).await);
        }
        let token = visitor.token("/login").await;
        let archive = visitor.post(&format!("{base}/download-all"), &token, &[]).await;
        got.push(archive.status().as_u16());
        archive.bytes().await.unwrap();
        got
    };
    let (all, gone) = (vec![200; 5], vec![410; 5]);
    let new = async || linked(&s, &json!({ "gives": "originals" })).await;
    let ok = |answer: reqwest::Response| assert!(answer.status().is_success(), "{answer:?}");
    let keys = async |link: &Value| {
        let id = nexus_media::model::ShareLinkId::parse(link["id"].as_str().unwrap()).unwrap();
        let row =
            s.app.services.db.read(|conn| Ok(nexus_media::store::share_links::find(conn, id)?));
        let id = nexus_media::model::ItemId::parse(&item).unwrap();
        let key = row.unwrap().unwrap().share_key();
        let use_of = |item| ShareInUse { key, item };
        let least = nexus_media::model::Gives::Originals;
        [use_of(None), use_of(Some((id, least)))]
    };
    let has_ended = |keys: &[ShareInUse]| {
        let ended = nexus_media::domain::sharing::access::find_ended(&s.app.services, keys);
        ended.unwrap().len() == keys.len()
    };

    // By its owner.
    let link = new().await;
    let running = keys(&link).await;
    assert_eq!(sees(&link).await, all);
    assert!(!has_ended(&running));
    ok(s.ada.send("DELETE", &id_of(&link), &json!({})).await);
    assert_eq!(sees(&link).await, gone);
    assert!(has_ended(&running), "downloads under way end too");
    assert_eq!(s.ada.send("PATCH", &id_of(&link), &json!({ "title": "x" })).await.status(), 409);
    assert_eq!(
        s.ada.send("POST", &format!("{}/renew", id_of(&link)), &json!({})).await.status(),
        409
    );

    // Renewed: the old address leads nowhere, the new one to the same.
    let link = new().await;
    let running = keys(&link).await;
    let renewed =
        json(s.ada.send("POST", &format!("{}/renew", id_of(&link)), &json!({})).await).await;
    assert_ne!(renewed["url"], link["url"]);
    assert_eq!(sees(&link).await, [404; 5]);
    assert!(has_ended(&running));
    assert_eq!(sees(&renewed).await, all);

    // By its date.
    set_end(&s.app, &renewed);
    assert_eq!(sees(&renewed).await, gone);
    assert_eq!(s.ada.json(&id_of(&renewed)).await["state"], "ended");

    // By an admin, who sees neither its name nor its address.
    let link = new().await;
    let page = s.admin.page("/admin/links").await;
    assert!(page.says("Ada Lovelace") && !page.says("Lisbon"));
    assert!(!page.source.contains(path_of(&link).trim_start_matches("/s/")));
    let to = format!("/admin/links/{}/end", link["id"].as_str().unwrap());
    assert_eq!(s.admin.submit("/admin/links", &to, &[]).await.status(), 303);
    assert_eq!(sees(&link).await, gone);

    // What gives less from now on.
    let link = new().await;
    let [_, running] = keys(&link).await;
    assert!(!has_ended(&[running]));
    ok(s.ada.send("PATCH", &id_of(&link), &json!({ "gives": "previews" })).await);
    assert_eq!(sees(&link).await, [200, 200, 403, 200, 403]);
    assert!(has_ended(&[running]), "a download under way is not given any more");

    // The item taken out, in the trash, and back.
    let link = new().await;
    let items = format!("/api/albums/{}/items", s.album);
    let [album, running] = keys(&link).await;
    ok(s.ada.send("DELETE", &items, &json!({ "ids": [item] })).await);
    assert_eq!(sees(&link).await, [200, 404, 404, 404, 200]);
    assert!(has_ended(&[running]) && !has_ended(&[album]));
    ok(s.ada.send("POST", &items, &json!({ "ids": [item] })).await);
    let of_item = linked(&s, &json!({ "item": item })).await;
    let base = path_of(&of_item);
    assert_eq!(location(&visitor.get(&base).await), format!("{base}/items/{item}"));
    ok(s.ada.send("DELETE", &format!("/api/media/{item}"), &json!({})).await);
    assert_eq!(sees(&link).await, [200, 404, 404, 404, 200]);
    assert_eq!(status_of(&visitor, &base).await, 410);
    ok(s.ada.send("POST", &format!("/api/media/{item}/restore"), &json!({})).await);
    assert_eq!(sees(&link).await, all);
    assert_eq!(status_of(&visitor, &base).await, 303);

    // The album deleted.
    ok(s.ada.send("DELETE", &format!("/api/albums/{}", s.album), &json!({})).await);
    assert_eq!(sees(&link).await, gone);
    assert_eq!(s.ada.json(&id_of(&link)).await["state"], "deleted");

    // The owner suspended: for good, because somebody else may have created it.
    let ada_id = s.app.id_of("ada");
    for action in ["suspend", "reactivate"] {
        let to = format!("/admin/users/{ada_id}/{action}");
        assert_eq!(s.admin.submit("/admin/users", &to, &[]).await.status(), 303);
        assert_eq!(status_of(&visitor, &base).await, 410, "{action}");
    }
    // And removed.
    let actor = nexus_media::model::actor::Actor::command_line();
    let id = nexus_media::model::UserId(ada_id);
    nexus_media::domain::accounts::remove::remove(&s.app.services, &actor, id).unwrap();
    assert_eq!(status_of(&visitor, &base).await, 404);
}

/// Lets a link end an hour ago, as if it had been created until then.
fn set_end(app: &TestApp, link: &Value) {
    use diesel::prelude::*;
    use nexus_media::db::sharing_schema::share_links;
    let id = nexus_media::model::ShareLinkId::parse(link["id"].as_str().unwrap()).unwrap();
    let ends = nexus_media::model::now() - time::Duration::hours(1);
    let row = share_links::table.find(id);
    app.services
        .db
        .write(|conn| {
            Ok(diesel::update(row).set(share_links::ends_at.eq(Some(ends))).execute(conn)?)
        })
        .unwrap();
}

#[rstest]
#[actix_web::test]
async fn a_link_to_a_folder_shows_the_folders_in_it(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = library(backend, &[]).await;
    let directory = async |body: Value| {
        let made = s.ada.send("POST", "/api/directories", &body).await;
        json(made).await["id"].as_str().unwrap().to_owned()
    };
    let top = directory(json!({ "name": "Garden" })).await;
    let inner = directory(json!({ "name": "Roses", "parent": top })).await;
    let beside = directory(json!({ "name": "Beside" })).await;
    for (item, to) in s.items.iter().zip([&top, &inner, &beside]) {
        let body = json!({ "directory": to });
        assert_eq!(s.ada.send("PATCH", &format!("/api/media/{item}"), &body).await.status(), 200);
    }
    let link = linked(&s, &json!({ "directory": top, "gives": "originals" })).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    let page = visitor.page(&base).await;
    assert!(page.says("Garden") && page.says("Roses") && !page.says("Beside"));
    let inside = visitor.page(&format!("{base}/directories/{inner}")).await;
    assert_eq!(inside.all("[data-tile]").len(), 1);
    for outside in [format!("directories/{beside}"), format!("items/{}", s.items[2])] {
        assert_eq!(status_of(&visitor, &format!("{base}/{outside}")).await, 404, "{outside}");
    }
    let all = visitor.submit(&base, &format!("{base}/download-all"), &[]).await;
    let archive = zip::ZipArchive::new(std::io::Cursor::new(all.bytes().await.unwrap())).unwrap();
    let mut names: Vec<_> = archive.file_names().map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, ["Garden/", "Garden/Roses/", "Garden/Roses/two.png", "Garden/one.png"]);
    // Renamed and moved, it is the same link.
    let moved = json!({ "name": "Yard" });
    assert_eq!(s.ada.send("PATCH", &format!("/api/directories/{top}"), &moved).await.status(), 200);
    assert!(visitor.page(&base).await.says("Yard"));
}

#[rstest]
#[actix_web::test]
async fn owners_find_change_and_end_their_links(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = library(backend, &[]).await;
    let share = format!("/share?album={}", s.album);
    let created = s
        .ada_browser
        .submit(&share, "/links", &[("album", s.album.as_str()), ("ends", "2027-01-31")])
        .await;
    let at = location(&created);
    let page = s.ada_browser.page(&at).await;
    let address = page.attribute("#link-address", "value").unwrap();
    assert!(address.starts_with(&s.app.base) && address.contains("/s/"), "{address}");
    assert_eq!(page.attribute("[data-copy]", "data-copy"), Some(address.clone()));
    assert_eq!(page.attribute("input[name=ends]", "value").as_deref(), Some("2027-01-31"));
    assert!(page.says("until 31 January 2027"));
    let code = s.ada_browser.get(&format!("{at}/qr.svg")).await;
    assert_eq!(header(&code, "content-type"), "image/svg+xml");
    assert!(code.text().await.unwrap().starts_with("<svg"));
    for list in [share.as_str(), "/shared?view=links"] {
        assert!(s.ada_browser.page(list).await.has(&format!("a[href='{at}']")), "{list}");
    }
    let bad = s.ada_browser.submit(&at, &format!("{at}/change"), &[("max_visits", "many")]).await;
    assert_eq!(bad.status(), 422);
    assert!(Page::of(bad).await.says("Enter a number, or leave it empty."));
    let fields =
        [("title", "Lisbon 2026"), ("gives", "originals"), ("details", "yes"), ("ends", "")];
    let changed = s.ada_browser.submit(&at, &format!("{at}/change"), &fields).await;
    assert_eq!(location(&changed), at);
    let found = s.ada.json("/api/links").await["links"][0].clone();
    assert_eq!((&found["name"], &found["gives"]), (&json!("Lisbon 2026"), &json!("originals")));
    assert_eq!((&found["ends_at"], &found["shows_details"]), (&Value::Null, &json!(true)));
    assert_eq!(s.ada.json(&format!("/api/links?album={}", s.album)).await["links"][0], found);
    s.ada_browser.submit(&at, &format!("{at}/renew"), &[]).await;
    let renewed = s.ada_browser.page(&at).await.attribute("#link-address", "value").unwrap();
    assert_ne!(renewed, address);
    assert_eq!(s.ada_browser.submit(&at, &format!("{at}/end"), &[]).await.status(), 303);
    assert!(!s.ada_browser.page(&at).await.has("#link-address"));
    // Others have no such link, and cannot share what is not theirs.
    assert_eq!(s.tom_browser.get(&at).await.status(), 404);
    let foreign = json!({ "item": s.items[0] });
    assert_eq!(s.tom.send("POST", "/api/links", &foreign).await.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn bad_values_of_a_link_are_named_and_change_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[("link_days_max", "30")]).await;
    let link = json(
        s.ada.send("POST", "/api/links", &json!({ "album": s.album, "ends_at": in_days(7) })).await,
    )
    .await;
    let before = s.ada.json(&id_of(&link)).await;
    let long = "x".repeat(1001);
    for (field, value) in [
        ("ends_at", json!(in_days(-1))),
        ("ends_at", json!(in_days(40))),
        ("ends_at", Value::Null),
        ("max_visits", json!(0)),
        ("title", json!(&long[..191])),
        ("message", json!(long)),
        ("password", json!("short")),
    ] {
        let answer = s.ada.send("PATCH", &id_of(&link), &json!({ field: value })).await;
        assert_eq!(answer.status(), 422, "{field} {value}");
        let named = json(answer).await["error"]["details"][0]["field"].as_str().unwrap().to_owned();
        assert!(field.starts_with(&named), "{field} {named}");
    }
    assert_eq!(s.ada.json(&id_of(&link)).await, before);
    for body in [json!({}), json!({ "album": s.album, "item": s.items[0] })] {
        assert_eq!(s.ada.send("POST", "/api/links", &body).await.status(), 422, "{body}");
    }
}

fn in_days(days: i64) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::days(days);
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

#[actix_web::test]
async fn the_server_decides_whether_there_are_links() {
    let s = library(Sqlite, &[("links", "passwords")]).await;
    let body = json!({ "album": s.album });
    let answer = s.ada.send("POST", "/api/links", &body).await;
    assert_eq!(json(answer).await["error"]["details"][0]["field"], "password");
    let link = linked(&s, &json!({ "password": "our summer 2026" })).await;
    let removed = s.ada.send("PATCH", &id_of(&link), &json!({ "password": null })).await;
    assert_eq!(removed.status(), 422);

    let s = library(Sqlite, &[("links", "off")]).await;
    assert_eq!(s.ada.send("POST", "/api/links", &json!({ "album": s.album })).await.status(), 403);
    let page = s.ada_browser.page(&format!("/share?album={}", s.album)).await;
    assert!(!page.has("form[action='/links']"));
}

#[rstest]
#[actix_web::test]
async fn owners_are_told_once_that_a_link_ends_and_old_ones_are_removed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use diesel::prelude::*;
    use nexus_media::db::sharing_schema::share_links;
    let s = library(backend, &[]).await;
    let link = linked(&s, &json!({ "ends_at": in_days(7) })).await;
    let id = nexus_media::model::ShareLinkId::parse(link["id"].as_str().unwrap()).unwrap();
    let round =
        |app: &TestApp| nexus_media::domain::ops::housekeeping::run_round(&app.services).unwrap();
    let told = async || {
        let list = s.ada.json("/api/notifications").await;
        let list = list["notifications"].as_array().unwrap().clone();
        list.into_iter().filter(|it| it["kind"] == "link_ends").count()
    };
    let set_end = |at: nexus_media::model::Time| {
        let row = share_links::table.find(id);
        let change = share_links::ends_at.eq(Some(at));
        let write =
            |conn: &mut nexus_media::db::Conn| Ok(diesel::update(row).set(change).execute(conn)?);
        s.app.services.db.write(write).unwrap();
    };
    let now = nexus_media::model::now();
    round(&s.app);
    assert_eq!(told().await, 0);
    // As if it had been created a week ago.
    let created = share_links::created_at.eq(now - time::Duration::days(7));
    let row = share_links::table.find(id);
    let write =
        |conn: &mut nexus_media::db::Conn| Ok(diesel::update(row).set(created).execute(conn)?);
    s.app.services.db.write(write).unwrap();
    set_end(now + time::Duration::hours(20));
    round(&s.app);
    round(&s.app);
    assert_eq!(told().await, 1);
    let page = s.ada_browser.page("/notifications").await;
    assert!(page.says("Your link to “Lisbon” ends soon"));
    set_end(now - time::Duration::days(89));
    round(&s.app);
    assert_eq!(s.ada.get(&id_of(&link)).await.status(), 200);
    set_end(now - time::Duration::days(91));
    round(&s.app);
    assert_eq!(s.ada.get(&id_of(&link)).await.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn every_address_of_a_link_asks_for_the_password_and_ends_with_the_link(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[]).await;
    let guarded = linked(&s, &json!({ "password": "our summer 2026", "gives": "originals" })).await;
    let ended = linked(&s, &json!({ "gives": "originals" })).await;
    s.ada.send("DELETE", &id_of(&ended), &json!({})).await;
    let visitor = s.app.browser();
    let token = visitor.token("/login").await;
    let routes = nexus_media::http::routes();
    let routes: Vec<_> = routes.iter().filter(|it| it.path.starts_with("/s/{token}")).collect();
    assert!(routes.len() >= 17);
    for route in routes {
        let call = async |base: &str| {
            let path = route.path.replace("/s/{token}", base).replace("{item}", &s.items[0]);
            let path = path.replace("{album}", &s.album).replace("{directory}", &s.album);
            let path = path.replace("{page}", "1").replace("{id}", &s.items[0]);
            let answer = match route.method {
                "GET" => visitor.get(&path).await,
                "POST" => visitor.post(&path, &token, &[]).await,
                method => visitor.request(method, &path).send().await.unwrap(),
            };
            (answer.status().as_u16(), answer)
        };
        let (status, answer) = call(&path_of(&guarded)).await;
        let is_asked = location(&answer).starts_with(&format!("{}?next=", path_of(&guarded)));
        assert!(status == 401 || (status == 303 && is_asked), "{} {status}", route.path);
        assert_eq!(call(&path_of(&ended)).await.0, 410, "{}", route.path);
        assert_eq!(call("/s/AAAAAAAAAAAAAAAAAAAAAA").await.0, 404, "{}", route.path);
    }
}

/// A photo and a film of Vienna, each with the words that say so.
fn places() -> Vec<(&'static str, Vec<u8>)> {
    let photo =
        samples::with_exif(&samples::jpeg(&samples::corners(80, 60)), 1, "2024:05:06 09:08:09");
    let film = samples::made_by_ffmpeg(
        "vienna.mov",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=duration=1:size=64x48:rate=5",
            "-pix_fmt",
            "yuv420p",
            "-metadata",
            "location=+48.2082+016.3738/",
        ],
    );
    let moving = samples::moving_photo(&photo, &film);
    vec![("vienna.jpg", photo), ("vienna.mov", film), ("moving.jpg", moving)]
}

/// Whether a file says where it was taken, as our own readers of metadata see it.
fn says_where(bytes: &[u8]) -> bool {
    let has_text = bytes.windows(8).any(|part| part == b"+48.2082");
    let (metadata, _) = nexus_media::media::exif::read(bytes);
    has_text || metadata.latitude.is_some()
}

#[actix_web::test]
async fn files_leave_without_the_place_where_they_were_taken_unless_the_owner_says_so() {
    let s = library(Sqlite, &[]).await;
    let visitor = s.app.browser();
    for (name, bytes) in places() {
        assert!(says_where(&bytes), "{name}");
        let id = s.ada.upload_one(name, &bytes).await;
        s.app.previews_done().await;
        let base = path_of(&linked(&s, &json!({ "item": id })).await);
        let media = format!("{base}/media/{id}");
        let answer = visitor.get(&media).await;
        let tag = header(&answer, "etag");
        let hash = hex::encode(Sha256::digest(&bytes));
        assert!(!tag.contains(&hash[..8]), "someone with the rest could try out places: {tag}");
        let clean = answer.bytes().await.unwrap();
        assert_eq!(clean.len(), bytes.len(), "{name}");
        assert!(!says_where(&clean), "{name}");
        // Whatever differs is zeros, spaces or the name of free space.
        let differs = clean.iter().zip(&bytes).filter(|(new, old)| new != old);
        assert!(differs.clone().all(|(new, _)| b"\0 free".contains(new)), "{name}");
        // The parts are parts of the same, and an archive has the same.
        for (from, until) in [(0, 9), (100, 700), (500, bytes.len() - 1)] {
            let part =
                visitor.request("GET", &media).header("range", format!("bytes={from}-{until}"));
            let part = part.send().await.unwrap();
            assert_eq!(part.status(), 206);
            assert_eq!(part.bytes().await.unwrap(), clean[from..=until], "{name} {from}-{until}");
        }
        let head = visitor.request("HEAD", &media).send().await.unwrap();
        assert_eq!(header(&head, "content-length"), bytes.len().to_string());
        let known = visitor.request("GET", &media).header("if-none-match", &tag);
        assert_eq!(known.send().await.unwrap().status(), 304);
        let old = format!("\"{hash}\"");
        let other = visitor.request("GET", &media).header("if-none-match", old);
        assert_eq!(other.send().await.unwrap().status(), 200, "the original is another version");
        let token = visitor.token("/login").await;
        let archive = visitor.post(&format!("{base}/download-all"), &token, &[]).await;
        let mut archive =
            zip::ZipArchive::new(std::io::Cursor::new(archive.bytes().await.unwrap())).unwrap();
        let mut entry = Vec::new();
        std::io::Read::read_to_end(&mut archive.by_index(0).unwrap(), &mut entry).unwrap();
        assert!(entry == clean, "{name}");
        if name == "moving.jpg" {
            let video = visitor.get(&format!("{media}/motion")).await;
            assert_eq!(video.status(), 200);
            assert!(!says_where(&video.bytes().await.unwrap()));
        }
        // With the place, if its owner says so; they themselves always get the file as it is.
        let kept = path_of(&linked(&s, &json!({ "item": id, "keeps_location": true })).await);
        let whole = visitor.get(&format!("{kept}/media/{id}")).await.bytes().await.unwrap();
        assert!(whole == bytes, "{name}");
        let own = s.ada.get(&format!("/api/media/{id}/content")).await.bytes().await.unwrap();
        assert!(own == bytes, "{name}");
    }
}

#[actix_web::test]
async fn a_file_from_which_the_place_cannot_be_removed_is_only_shown() {
    let s = library(Sqlite, &[]).await;
    let photo = samples::jpeg(&samples::corners(80, 60));
    // Text that begins like a packet about places, and has no end.
    let odd = [photo, b"<x:xmpmeta exif:GPSLatitude".to_vec()].concat();
    let id = s.ada.upload_one("odd.jpg", &odd).await;
    s.app.previews_done().await;
    let visitor = s.app.browser();
    let base = path_of(&linked(&s, &json!({ "item": id })).await);
    assert_eq!(status_of(&visitor, &format!("{base}/media/{id}")).await, 403);
    assert_eq!(status_of(&visitor, &format!("{base}/media/{id}/thumbnail?size=1280")).await, 200);
    let page = visitor.page(&format!("{base}/items/{id}")).await;
    assert!(page.has(".stage img") && !page.has("a[href$='?download=1']"));
    let token = visitor.token("/login").await;
    let archive = visitor.post(&format!("{base}/download-all"), &token, &[]).await;
    let archive =
        zip::ZipArchive::new(std::io::Cursor::new(archive.bytes().await.unwrap())).unwrap();
    assert_eq!(archive.file_names().collect::<Vec<_>>(), ["MISSING.txt"]);
    let kept = path_of(&linked(&s, &json!({ "item": id, "keeps_location": true })).await);
    assert_eq!(status_of(&visitor, &format!("{kept}/media/{id}")).await, 200);
}

#[rstest]
#[actix_web::test]
async fn an_end_is_not_undone_by_a_change_at_the_same_time(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = library(backend, &[("rate_limit", "off")]).await;
    let visitor = s.app.browser();
    for round in 0..10 {
        let link = linked(&s, &json!({})).await;
        let (id, renew) = (id_of(&link), format!("{}/renew", id_of(&link)));
        let body = json!({ "title": format!("{round}") });
        let changes = (0..6).map(|_| s.ada.send("PATCH", &id, &body));
        let none = json!({});
        let (renewed, changed) = futures_util::future::join(
            s.ada.send("POST", &renew, &none),
            futures_util::future::join_all(changes),
        )
        .await;
        assert!(changed.iter().all(|answer| answer.status() == 200));
        assert_ne!(json(renewed).await["url"], link["url"]);
        assert_eq!(status_of(&visitor, &path_of(&link)).await, 404, "the old address, {round}");
        let changes = (0..6).map(|_| s.ada.send("PATCH", &id, &body));
        let (ended, _) = futures_util::future::join(
            s.ada.send("DELETE", &id, &none),
            futures_util::future::join_all(changes),
        )
        .await;
        assert_eq!(ended.status(), 204);
        assert_eq!(s.ada.json(&id).await["state"], "ended", "{round}");
    }
}

#[rstest]
#[actix_web::test]
async fn a_suspended_user_leaves_no_link_behind(#[values(Sqlite, MariaDb)] backend: Backend) {
    let s = library(backend, &[("rate_limit", "off")]).await;
    let ada_id = s.app.id_of("ada");
    let token = s.admin.token("/admin/users").await;
    let program = s.app.program("ada").await;
    let body = json!({ "album": s.album });
    let linking = (0..12).map(|_| program.send("POST", "/api/links", &body));
    let to = format!("/admin/users/{ada_id}/suspend");
    let (suspended, _) = futures_util::future::join(
        s.admin.post(&to, &token, &[]),
        futures_util::future::join_all(linking),
    )
    .await;
    assert_eq!(suspended.status(), 303);
    let open = s.app.services.db.read(|conn| {
        let owner = nexus_media::model::UserId(ada_id);
        Ok(nexus_media::store::share_links::count_open(conn, owner, nexus_media::model::now())?)
    });
    assert_eq!(open.unwrap(), 0);
}

#[actix_web::test]
async fn previews_tell_nothing_of_the_file_they_are_made_of() {
    let s = library(Sqlite, &[]).await;
    let many: Vec<String> = {
        let mut ids = Vec::new();
        for number in 30..100 {
            ids.push(s.ada.upload_one(&format!("{number}.png"), &png(number)).await);
        }
        ids
    };
    s.app.previews_done().await;
    let items = format!("/api/albums/{}/items", s.album);
    s.ada.send("POST", &items, &json!({ "ids": many })).await;
    let base = path_of(&linked(&s, &json!({ "gives": "previews" })).await);
    let visitor = s.app.browser();
    let hash = hex::encode(Sha256::digest(png(1)));
    let preview = visitor.get(&format!("{base}/media/{}/thumbnail?size=320", s.items[0])).await;
    let tag = header(&preview, "etag");
    assert!(!tag.contains(&hash[..8]) && header(&preview, "last-modified").is_empty(), "{tag}");
    let again = visitor.request("GET", &format!("{base}/media/{}/thumbnail?size=320", s.items[0]));
    assert_eq!(again.header("if-none-match", tag).send().await.unwrap().status(), 304);
    // Pages are asked for by items, not by positions that could be made up to find out when a photo was taken.
    let page = visitor.page(&base).await;
    assert!(!page.source.contains(&hash[..12]), "nor by a part of the hash");
    let next = page.attribute("a[rel=next]", "href").unwrap();
    assert!(uuid::Uuid::try_parse(next.split("cursor=").nth(1).unwrap()).is_ok(), "{next}");
    let second = visitor.page(&next).await;
    let (first, rest) = (page.all("[data-tile]").len(), second.all("[data-tile]").len());
    assert_eq!((first + rest, second.has("a[rel=next]")), (73, false));
    let back = second.attribute("a[rel=prev]", "href").unwrap();
    assert_eq!(visitor.page(&back).await.all("[data-tile]").len(), first);
    for made_up in ["czEuMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw", "nonsense"] {
        for name in ["cursor", "before"] {
            let path = format!("{base}?sort=oldest&{name}={made_up}");
            assert_eq!(status_of(&visitor, &path).await, 404, "{path}");
        }
    }
}

#[rstest]
#[actix_web::test]
async fn of_what_others_have_added_visitors_see_previews(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "contribute" })).await;
    let theirs = s.tom.upload_one("toms.png", &png(7)).await;
    s.app.previews_done().await;
    let items = format!("/api/shared/{}/items", s.grant);
    assert_eq!(s.tom.send("POST", &items, &json!({ "ids": [theirs] })).await.status(), 200);
    let base =
        path_of(&linked(&s, &json!({ "shows_details": true, "keeps_location": true })).await);
    let visitor = s.app.browser();
    let media = format!("{base}/media/{theirs}");
    assert_eq!(status_of(&visitor, &format!("{media}/thumbnail?size=640")).await, 200);
    assert_eq!(status_of(&visitor, &media).await, 403);
    assert_eq!(status_of(&visitor, &format!("{media}/thumbnail?size=full")).await, 403);
    let page = visitor.page(&format!("{base}/items/{theirs}")).await;
    assert!(!page.has("a[href$='?download=1']") && !page.says("Dimensions") && !page.says("Tom"));
    let own = visitor.page(&format!("{base}/items/{}", s.items[0])).await;
    assert!(own.has("a[href$='?download=1']") && own.says("Dimensions"));
    let all = visitor.submit(&base, &format!("{base}/download-all"), &[]).await;
    let archive = zip::ZipArchive::new(std::io::Cursor::new(all.bytes().await.unwrap())).unwrap();
    assert!(archive.file_names().all(|name| name != "toms.png"));
    assert_eq!(archive.len(), 3 + 1, "and the list of what is missing");
}

#[actix_web::test]
async fn downloads_are_counted_once_and_addresses_are_not_forged() {
    let s = library(Sqlite, &[]).await;
    let link = linked(&s, &json!({})).await;
    let (base, visitor) = (path_of(&link), s.app.browser());
    let download = format!("{base}/media/{}?download=1", s.items[0]);
    assert_eq!(status_of(&visitor, &download).await, 200);
    for range in ["bytes=5-6", "bytes=7-"] {
        let part = visitor.request("GET", &download).header("range", range);
        assert_eq!(part.send().await.unwrap().status(), 206);
    }
    visitor.request("HEAD", &download).send().await.unwrap();
    assert_eq!(s.ada.json(&id_of(&link)).await["downloads"], 1);
    let forged = s.ada.request("GET", &id_of(&link)).header("x-forwarded-host", "evil.example");
    let forged = json(forged.header("x-forwarded-proto", "https").send().await.unwrap()).await;
    assert_eq!(forged["url"], link["url"]);
    // A day that stays in the form is no other end.
    let end = in_days(3);
    s.ada.send("PATCH", &id_of(&link), &json!({ "ends_at": end })).await;
    let before = s.ada.json(&id_of(&link)).await;
    let at = id_of(&link).replace("/api", "");
    let day = s.ada_browser.page(&at).await.attribute("input[name=ends]", "value").unwrap();
    let fields = [("title", "new"), ("ends", day.as_str())];
    s.ada_browser.submit(&at, &format!("{at}/change"), &fields).await;
    let after = s.ada.json(&id_of(&link)).await;
    assert_eq!((&after["ends_at"], &after["name"]), (&before["ends_at"], &json!("new")));
}
