//! Comments and hearts of users who see an album, and the list of what happened in it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::sharing::{Shared, share, shared_with, status};
use crate::support::*;

/// The address of the album of a grant, for its users.
fn at(s: &Shared) -> String {
    format!("/api/shared/{}/albums/{}", s.grant, s.album)
}

/// The address of the album, for its owner.
fn own(s: &Shared) -> String {
    format!("/api/albums/{}", s.album)
}

async fn say(program: &Program, album: &str, item: Option<&str>, text: &str) -> reqwest::Response {
    let body = json!({ "item": item, "text": text });
    program.send("POST", &format!("{album}/comments"), &body).await
}

async fn entries(program: &Program, album: &str) -> Vec<Value> {
    let page = program.json(&format!("{album}/activity")).await;
    page["entries"].as_array().unwrap().clone()
}

/// Kinds and authors of what happened, the newest first.
async fn happened(program: &Program, album: &str) -> Vec<String> {
    let entries = entries(program, album).await;
    let words = |entry: &Value| {
        format!("{} {}", entry["author"].as_str().unwrap(), entry["kind"].as_str().unwrap())
    };
    entries.iter().map(words).collect()
}

#[rstest]
#[actix_web::test]
async fn users_who_see_an_album_comment_on_it_and_like_items(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({})).await;
    let item = s.items[0].as_str();
    let said = say(&s.tom, &at(&s), Some(item), " What a <b>view</b>! ").await;
    assert_eq!(said.status(), 201);
    let said = json(said).await;
    assert_eq!(
        (&said["text"], &said["author"]),
        (&json!("What a <b>view</b>!"), &json!("Tom Lovelace"))
    );
    let heart = format!("/items/{item}/heart");
    for _ in 0..2 {
        assert_eq!(s.tom.send("POST", &(at(&s) + &heart), &json!({})).await.status(), 204);
    }
    assert_eq!(say(&s.ada, &own(&s), Some(item), "Thank you").await.status(), 201);
    assert_eq!(say(&s.ada, &own(&s), None, "More to come").await.status(), 201);
    let expected = [
        "Ada Lovelace commented",
        "Ada Lovelace commented",
        "Tom Lovelace liked",
        "Tom Lovelace commented",
        "Ada Lovelace added",
    ];
    assert_eq!(happened(&s.ada, &own(&s)).await, expected);
    assert_eq!(happened(&s.tom, &at(&s)).await, expected);

    // Each is told what the other said, once for several comments.
    for (browser, words) in [
        (&s.ada_browser, ["Tom Lovelace commented on “Lisbon”", "likes your items in “Lisbon”"]),
        (&s.tom_browser, ["Ada Lovelace commented on “Lisbon”", "shares “Lisbon” with you"]),
    ] {
        let page = browser.page("/notifications").await;
        for words in words {
            assert_eq!(page.text().matches(words).count(), 1, "{words}");
        }
    }
    let page = s.ada_browser.page(&format!("/items/{item}?album={}", s.album)).await;
    assert!(page.says("What a <b>view</b>!") && page.says("Liked by Tom Lovelace"));
    let page = s.tom_browser.page(&format!("/shared/{}/items/{item}", s.grant)).await;
    assert!(page.says("Thank you") && page.has(".heart[aria-pressed=true]"));
    let page = s.ada_browser.page(&format!("/albums/{}/activity", s.album)).await;
    assert!(page.says("More to come") && page.says("added 3 items"));

    // Authors remove their own, the owner any.
    let of_ada = entries(&s.ada, &own(&s)).await[1]["comment"]["id"].clone();
    let remove = async |program: &Program, album: &str, id: &Value| {
        let path = format!("{album}/comments/{}", id.as_str().unwrap());
        program.send("DELETE", &path, &json!({})).await.status().as_u16()
    };
    assert_eq!(remove(&s.tom, &at(&s), &of_ada).await, 403);
    assert_eq!(remove(&s.tom, &at(&s), &said["id"]).await, 204);
    assert_eq!(remove(&s.tom, &at(&s), &said["id"]).await, 404);
    let other = json(say(&s.tom, &at(&s), None, "Again").await).await;
    assert_eq!(remove(&s.ada, &own(&s), &other["id"]).await, 204);
    assert_eq!(s.tom.send("DELETE", &(at(&s) + &heart), &json!({})).await.status(), 204);
    assert_eq!(happened(&s.tom, &at(&s)).await.len(), 3);
}

#[rstest]
#[actix_web::test]
async fn nobody_else_reads_or_writes_what_is_said_about_an_album(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({ "level": "edit" })).await;
    let item = s.items[0].as_str();
    say(&s.tom, &at(&s), Some(item), "Only for us").await;
    let (eve_browser, _) = s.app.person(&s.admin, "eve").await;
    let eve = s.app.program("eve").await;
    for album in [own(&s), at(&s)] {
        assert_eq!(status(&eve, &format!("{album}/activity")).await, 404);
        assert_eq!(say(&eve, &album, Some(item), "Me too").await.status(), 404);
    }
    drop(eve_browser);
    let link = crate::share_links::linked(&s, &json!({})).await;
    let visitor = s.app.browser();
    let page = visitor.page(&format!("{}/items/{item}", crate::share_links::path_of(&link))).await;
    assert!(!page.says("Only for us"), "visitors of a link do not read it");

    // An item that the album does not show, no text, and too much of it.
    let secret = s.ada.upload_one("secret.png", &png(9)).await;
    assert_eq!(say(&s.tom, &at(&s), Some(&secret), "?").await.status(), 404);
    for text in ["", "   ", &"x".repeat(1001)] {
        assert_eq!(say(&s.tom, &at(&s), None, text).await.status(), 422);
    }

    // Only the owner switches them off, whoever else may edit the album.
    let off = json!({ "allows_comments": false });
    let patched = s.tom.send("PATCH", &format!("/api/shared/{}", s.grant), &off).await;
    assert_eq!(json(patched).await["allows_comments"], true);
    assert_eq!(s.ada.send("PATCH", &own(&s), &off).await.status(), 200);
    assert_eq!(say(&s.tom, &at(&s), None, "Hello?").await.status(), 403);
    let heart = format!("{}/items/{item}/heart", at(&s));
    assert_eq!(s.tom.send("POST", &heart, &json!({})).await.status(), 403);
    assert_eq!(happened(&s.tom, &at(&s)).await, ["Ada Lovelace added"]);
    let page = s.tom_browser.page(&format!("/shared/{}/items/{item}", s.grant)).await;
    assert!(!page.says("Only for us") && !page.has("#comments"));
    s.ada.send("PATCH", &own(&s), &json!({ "allows_comments": true })).await;
    assert_eq!(happened(&s.tom, &at(&s)).await.len(), 2);

    // What is said about an item goes and comes with it; an access that has ended takes all of it away.
    s.ada_browser.act(item, "trash", &[]).await;
    assert_eq!(happened(&s.ada, &own(&s)).await, ["Ada Lovelace added"]);
    assert_eq!(say(&s.tom, &at(&s), Some(item), "Gone?").await.status(), 404);
    s.ada_browser.act(item, "restore", &[]).await;
    assert_eq!(happened(&s.ada, &own(&s)).await.len(), 2);
    s.ada.send("DELETE", &format!("/api/grants/{}", s.grant), &json!({})).await;
    assert_eq!(status(&s.tom, &format!("{}/activity", at(&s))).await, 404);
    assert_eq!(say(&s.tom, &at(&s), None, "Hello?").await.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn everything_that_happened_is_on_exactly_one_page(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({})).await;
    for number in 0..70 {
        let (program, album) = if number % 2 == 0 { (&s.ada, own(&s)) } else { (&s.tom, at(&s)) };
        assert_eq!(say(program, &album, None, &format!("comment {number}")).await.status(), 201);
    }
    let first = s.tom.json(&format!("{}/activity", at(&s))).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = s.tom.json(&format!("{}/activity?cursor={cursor}", at(&s))).await;
    assert_eq!(second["next_cursor"], Value::Null);
    let texts = |page: &Value| -> Vec<String> {
        let entries = page["entries"].as_array().unwrap().iter();
        entries.map(|it| it["comment"]["text"].as_str().unwrap_or("added").to_owned()).collect()
    };
    let all = [texts(&first), texts(&second)].concat();
    let expected = (0..70).rev().map(|number| format!("comment {number}"));
    assert_eq!(all, expected.chain(["added".to_owned()]).collect::<Vec<_>>());
    let page = s.ada_browser.page(&format!("/albums/{}/activity", s.album)).await;
    let next = page.attribute("a[rel=next]", "href").unwrap();
    assert!(s.ada_browser.page(&next).await.says("added 3 items"));

    // A group of users is told, and those who are removed take along what they said.
    let other = share(&s.ada, &json!({ "item": s.items[0], "people": ["tom"] })).await;
    assert_eq!(
        status(&s.tom, &format!("/api/shared/{other}/albums/{}/activity", s.album)).await,
        404
    );
}

#[rstest]
#[actix_web::test]
async fn what_is_said_in_one_album_is_not_read_in_another(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let s = shared_with(backend, &[], &json!({})).await;
    let item = s.items[0].as_str();
    let inside = async |name: &str| {
        let body = json!({ "name": name, "parent": s.album, "ids": [item] });
        crate::sharing::created(&s.ada, "/api/albums", &body).await
    };
    let (first, second) = (inside("First").await, inside("Second").await);
    let page = s.tom_browser.page(&format!("/shared/{}/albums/{second}", s.grant)).await;
    let href = page.attribute("[data-tile] .tile-link", "href").unwrap();
    let to = format!("/shared/{}/albums/{second}/comments", s.grant);
    let fields = [("item", item), ("text", "Only in the second")];
    assert_eq!(s.tom_browser.submit(&href, &to, &fields).await.status(), 303);
    let page = s.tom_browser.page(&href).await;
    assert!(page.says("Only in the second") && page.has(&format!("form[action='{to}']")));
    for (album, is_said) in [(&first, false), (&second, true)] {
        let page = s.ada_browser.page(&format!("/items/{item}?album={album}")).await;
        assert_eq!(page.says("Only in the second"), is_said);
    }
    // Out of the album, it is neither read nor written there.
    let ids = json!({ "ids": [item] });
    s.ada.send("DELETE", &format!("/api/albums/{second}/items"), &ids).await;
    let page = s.ada_browser.page(&format!("/items/{item}?album={second}")).await;
    assert!(!page.has("#comments"));
    assert_eq!(s.tom_browser.get(&href).await.status(), 404);
}
