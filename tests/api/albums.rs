//! Albums and playlists: what is in them, in which order, and that the files stay where they are.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

/// The ids of an album's items, page by page.
async fn ids_in(program: &Program, album: &str, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = program.json(&format!("/api/albums/{album}/items?limit=2{query}{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

async fn new_album(program: &Program, body: &Value) -> String {
    let answer = program.send("POST", "/api/albums", body).await;
    assert_eq!(answer.status(), 201);
    json(answer).await["id"].as_str().unwrap().to_owned()
}

async fn shown(program: &Program, album: &str) -> i64 {
    program.json(&format!("/api/albums/{album}")).await["items"].as_i64().unwrap()
}

/// Every file and folder of a user, with its size.
fn tree(app: &TestApp, username: &str) -> Vec<(String, u64)> {
    let root = app.on_disk(username, "");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            found.push((name, entry.metadata().unwrap().len()));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

#[rstest]
#[actix_web::test]
async fn nothing_moves_when_items_are_put_into_albums(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (one, two) =
        (admin.upload_one("one.png", &png(1)).await, admin.upload_one("two.png", &png(2)).await);
    app.previews_done().await;
    let (before, used) = (tree(&app, "root"), app.user("root").used_bytes);
    let program = app.program("root").await;

    let album = new_album(&program, &json!({ "name": "  Lisbon  2018 ", "ids": [one] })).await;
    let body = program.json(&format!("/api/albums/{album}")).await;
    assert_eq!((body["name"].as_str(), body["items"].as_i64()), (Some("Lisbon 2018"), Some(1)));
    let items = format!("/api/albums/{album}/items");
    let added = json(program.send("POST", &items, &json!({ "ids": [one, two] })).await).await;
    assert_eq!(added, json!({ "added": 1, "already_there": 1, "left_out": 0 }));
    program.send("PATCH", &items, &json!({ "item": two, "before": one })).await;
    assert_eq!(ids_in(&program, &album, "").await, [two.clone(), one.clone()]);
    let removed = program.send("DELETE", &items, &json!({ "ids": [one] })).await;
    assert_eq!(removed.status(), 204);
    assert_eq!(ids_in(&program, &album, "").await, [two]);
    let deleted = program.send("DELETE", &format!("/api/albums/{album}"), &json!({})).await;
    assert_eq!(deleted.status(), 204);

    assert_eq!((tree(&app, "root"), app.user("root").used_bytes), (before, used));
    assert_albums_are_true(&app);
}

#[rstest]
#[actix_web::test]
async fn an_album_follows_what_happens_to_its_items(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let mut ids = Vec::new();
    for seed in 1..=3 {
        ids.push(admin.upload_one(&format!("{seed}.png"), &png(seed)).await);
    }
    app.previews_done().await;
    let program = app.program("root").await;
    let album = new_album(&program, &json!({ "name": "Trip", "ids": ids })).await;
    let [one, two, three] = [&ids[0], &ids[1], &ids[2]];

    // A name and a date change the order.
    let path = format!("/api/media/{one}");
    let renamed = program.send("PATCH", &path, &json!({ "name": "z.png" })).await;
    assert_eq!(renamed.status(), 200);
    assert_eq!(ids_in(&program, &album, "&sort=name").await, [two, three, one].map(Clone::clone));
    let dated = json!({ "taken_at": "1999-07-04T12:00:00" });
    let answer = program.send("PATCH", &format!("/api/media/{three}"), &dated).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    assert_eq!(ids_in(&program, &album, "").await[0], *three);
    assert_albums_are_true(&app);

    // In the trash it is hidden, and its place is kept.
    program
        .send(
            "PATCH",
            &format!("/api/albums/{album}/items"),
            &json!({ "item": two, "before": null }),
        )
        .await;
    let arranged = ids_in(&program, &album, "").await;
    let cover = json!({ "cover": two });
    assert_eq!(program.send("PATCH", &format!("/api/albums/{album}"), &cover).await.status(), 200);
    admin.act(two, "trash", &[]).await;
    assert_eq!(shown(&program, &album).await, 2);
    assert!(!ids_in(&program, &album, "").await.contains(two));
    assert_albums_are_true(&app);
    assert!(admin.page("/albums").await.has("a.album img"), "the first item is on the cover");
    admin.act(two, "restore", &[]).await;
    assert_eq!(ids_in(&program, &album, "").await, arranged);
    assert_albums_are_true(&app);

    // Deleted for good, it is gone.
    admin.act(one, "trash", &[]).await;
    admin.act(one, "delete", &[]).await;
    assert_eq!(shown(&program, &album).await, 2);
    assert_albums_are_true(&app);
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn every_order_has_pages_in_both_directions(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let files: Vec<(String, Vec<u8>)> =
        (0..130).map(|seed| (format!("{:03}.png", seed * 37 % 130), png(seed))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    admin.upload(&files).await;
    app.previews_done().await;
    let program = app.program("root").await;
    let ids: Vec<String> = app
        .items("root", nexus_media::model::Shelf::Photos)
        .iter()
        .map(|item| item.id.to_string())
        .collect();
    let album = new_album(&program, &json!({ "name": "Many", "ids": ids })).await;
    assert_eq!(ids_in(&program, &album, "&sort=custom").await, ids);

    for sort in ["oldest", "newest", "name", "custom"] {
        // Forwards as far as it goes, and back.
        let mut path = format!("/albums/{album}?sort={sort}");
        let mut pages = Vec::new();
        let last = loop {
            let page = admin.page(&path).await;
            pages.push(tiles_of(&page).len());
            match page.attribute("[data-pages] a[rel=next]", "href") {
                Some(next) => path = next,
                None => break page,
            }
        };
        assert_eq!(pages, [60, 60, 10], "{sort}");
        assert_eq!(last.attribute("[data-gallery]", "data-offset").as_deref(), Some("120"));
        let mut back = tiles_of(&last);
        let mut previous = last.attribute("[data-pages-above] a", "href");
        while let Some(path) = previous {
            let page = admin.page(&path).await;
            let mut tiles = tiles_of(&page);
            tiles.extend(back);
            back = tiles;
            previous = page.attribute("[data-pages-above] a", "href");
        }
        assert_eq!(back, ids_in(&program, &album, &format!("&sort={sort}")).await, "{sort}");
    }
}

fn tiles_of(page: &Page) -> Vec<String> {
    let all = selector("[data-gallery] [data-tile]");
    let tiles = page.html.select(&all).map(|tile| tile.value().attr("data-tile").unwrap());
    tiles.map(str::to_owned).collect()
}

#[rstest]
#[actix_web::test]
async fn an_item_goes_to_any_place_however_often_it_is_moved(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let mut ids = Vec::new();
    for seed in 1..=4 {
        ids.push(admin.upload_one(&format!("{seed}.png"), &png(seed)).await);
    }
    let program = app.program("root").await;
    let album = new_album(&program, &json!({ "name": "Order", "ids": ids })).await;
    let arrange = async |item: &str, place: &str| {
        let fields = [("item", item), ("place", place)];
        let to = format!("/albums/{album}/arrange");
        assert_eq!(admin.submit(&to, &to, &fields).await.status(), 303);
    };
    let order = async || -> Vec<usize> {
        let found = ids_in(&program, &album, "").await;
        found.iter().map(|id| ids.iter().position(|known| known == id).unwrap() + 1).collect()
    };
    arrange(&ids[3], "first").await;
    assert_eq!(order().await, [4, 1, 2, 3]);
    arrange(&ids[0], "down").await;
    assert_eq!(order().await, [4, 2, 1, 3]);
    arrange(&ids[2], "up").await;
    assert_eq!(order().await, [4, 2, 3, 1]);
    arrange(&ids[3], "last").await;
    assert_eq!(order().await, [2, 3, 1, 4]);
    // At an end, it stays.
    arrange(&ids[3], "down").await;
    arrange(&ids[1], "up").await;
    assert_eq!(order().await, [2, 3, 1, 4]);
    // Between the same two until no number is left between them.
    for _ in 0..25 {
        for item in [&ids[0], &ids[2]] {
            let body =
                json!({ "item": item, "before": if item == &ids[0] { &ids[2] } else { &ids[0] } });
            program.send("PATCH", &format!("/api/albums/{album}/items"), &body).await;
        }
    }
    assert_eq!(order().await, [2, 3, 1, 4]);
    assert_albums_are_true(&app);
}

#[rstest]
#[actix_web::test]
async fn a_playlist_takes_only_music_and_each_song_any_number_of_times(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let song = admin
        .upload_one("song.mp3", &crate::samples::recording("song.mp3", &["-c:a", "libmp3lame"]))
        .await;
    let photo = admin.upload_one("photo.png", &png(1)).await;
    let program = app.program("root").await;
    let list = new_album(&program, &json!({ "name": "Evening", "kind": "playlist" })).await;
    let items = format!("/api/albums/{list}/items");
    for _ in 0..2 {
        let body = json!({ "ids": [song, photo] });
        let added = json(program.send("POST", &items, &body).await).await;
        assert_eq!(added, json!({ "added": 1, "already_there": 0, "left_out": 1 }));
    }
    assert_eq!(ids_in(&program, &list, "").await, [song.clone(), song.clone()]);
    let only_photo = program.send("POST", &items, &json!({ "ids": [photo] })).await;
    assert_eq!(only_photo.status(), 422);
    let path = format!("/api/albums/{list}");
    assert_eq!(program.send("PATCH", &path, &json!({ "sort": "name" })).await.status(), 422);
    let page = admin.page(&format!("/albums/{list}")).await;
    assert_eq!(page.all("[data-songs] tbody tr").len(), 2);
    assert_eq!(page.all(&format!("#i-{song}")).len(), 1, "no id is there twice");
    assert!(page.says("Playlist · 2 songs"), "{}", page.text());
    admin.act(&song, "trash", &[]).await;
    assert_eq!(shown(&program, &list).await, 0);
    assert_albums_are_true(&app);
}

#[rstest]
#[actix_web::test]
async fn albums_are_nested_four_deep_and_are_deleted_together(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let program = app.program("root").await;
    let mut albums = vec![new_album(&program, &json!({ "name": "1" })).await];
    for level in 2..=4 {
        let body = json!({ "name": level.to_string(), "parent": albums.last() });
        albums.push(new_album(&program, &body).await);
    }
    let too_deep = json!({ "name": "5", "parent": albums.last() });
    assert_eq!(program.send("POST", "/api/albums", &too_deep).await.status(), 422);
    let inner = admin.page(&format!("/albums/{}", albums[3])).await;
    assert_eq!(inner.all(".crumbs a"), ["Albums", "1", "2", "3"]);
    assert!(admin.page(&format!("/albums/{}", albums[0])).await.has("ul.albums a.album"));
    let question = admin.page(&format!("/albums/{}/delete", albums[1])).await;
    assert!(question.says("2 albums in it will be deleted"), "{}", question.text());
    let path = format!("/albums/{}/delete", albums[1]);
    assert_eq!(location(&admin.submit(&path, &path, &[]).await), "/albums");
    let left = program.json("/api/albums").await;
    assert_eq!(left["albums"].as_array().unwrap().len(), 1);
}

#[rstest]
#[actix_web::test]
async fn a_selection_is_added_without_a_script_and_mistakes_lose_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let one = admin.upload_one("one.png", &png(1)).await;
    let two = admin.upload_one("two.png", &png(2)).await;
    let chosen = [("ids", one.as_str()), ("ids", two.as_str())];
    let answer = admin.submit("/photos", "/items/album", &chosen).await;
    assert_eq!(answer.status(), 200);
    let page = Page::of(answer).await;
    assert!(page.says("Add 2 items to an album"), "{}", page.text());

    // Neither a name nor an album, and a name that is too long: the page says so and keeps what was typed.
    let long = "x".repeat(191);
    for name in ["", long.as_str()] {
        let fields = [("ids", one.as_str()), ("new_album", name), ("back", "/photos")];
        let answer = admin.submit("/photos", "/items/album", &fields).await;
        assert_eq!(answer.status(), 422);
        let page = Page::of(answer).await;
        assert_eq!(page.attribute("#new-album", "value").as_deref(), Some(name));
        assert!(page.has(".field-error"));
    }
    let fields = [("ids", one.as_str()), ("new_album", "<b>Spring"), ("back", "/photos")];
    let answer = admin.submit("/photos", "/items/album", &fields).await;
    assert_eq!((answer.status().as_u16(), location(&answer).as_str()), (303, "/photos"));
    assert!(admin.page("/photos").await.says("1 item added to “<b>Spring”"));
    let album = admin.page("/albums").await.attribute("a.album", "href").unwrap();
    let id = album.trim_start_matches("/albums/");
    let fields = [("ids", one.as_str()), ("ids", two.as_str()), ("album", id), ("back", "//evil")];
    assert_ne!(location(&admin.submit("/photos", "/items/album", &fields).await), "//evil");
    assert_eq!(admin.names_on(&album).await.len(), 2);
    assert!(admin.page(&format!("/items/{one}")).await.has(&format!("dd a[href='{album}']")));

    // Somebody else's album or items do not exist.
    let (ada, _) = app.person(&admin, "ada").await;
    let theirs = ada.upload_one("theirs.png", &png(3)).await;
    let fields = [("ids", theirs.as_str()), ("album", id)];
    assert_eq!(ada.submit("/photos", "/items/album", &fields).await.status(), 404);
    let fields = [("ids", one.as_str()), ("ids", theirs.as_str()), ("new_album", "Mixed")];
    assert_eq!(ada.submit("/photos", "/items/album", &fields).await.status(), 303);
    assert!(ada.page("/photos").await.says("1 item could not be added"));
    let mixed = ada.page("/albums").await.attribute("a.album", "href").unwrap();
    assert_eq!(ada.names_on(&mixed).await, ["theirs.png"]);
    let zip = admin.get(&format!("{album}/download")).await;
    assert_eq!(zip.status(), 200);
    assert_eq!(header(&zip, "content-type"), "application/zip");
    assert_eq!(ada.get(&format!("{album}/download")).await.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn an_album_is_found_by_the_words_of_its_name(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let program = app.program("root").await;
    let album = new_album(&program, &json!({ "name": "Straße nach Lissabon" })).await;
    for words in ["lissabon", "strasse liss", "LISS"] {
        let page = admin.page(&format!("/search?q={words}")).await;
        assert!(page.has(&format!("a.album[href='/albums/{album}']")), "{words}: {}", page.text());
        assert!(page.says("Albums for"), "{}", page.text());
    }
    assert!(admin.page("/search/suggestions?q=liss").await.says("Straße nach Lissabon"));
    for other in ["lissabonn", "oslo"] {
        assert!(!admin.page(&format!("/search?q={other}")).await.has("a.album"), "{other}");
    }
    assert!(!ada.page("/search?q=lissabon").await.has("a.album"));
}
