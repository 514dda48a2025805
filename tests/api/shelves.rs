//! Lists: pages, orders, search.

use nexus_media::media::Metadata;
use nexus_media::model::item::ItemKind;
use nexus_media::model::{Item, Track};
use nexus_media::store;
use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn every_item_is_on_exactly_one_page_in_any_order_despite_insertions(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let files: Vec<_> = (0..150_u32)
        .map(|n| {
            (
                format!("{:03}.png", (n * 37) % 150),
                [png(n), vec![0; usize::try_from((n * 53) % 150).unwrap()]].concat(),
            )
        })
        .collect();
    for chunk in files.chunks(50) {
        let chunk: Vec<_> =
            chunk.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        ada.upload(&chunk).await;
    }
    app.previews_done().await;
    for (sort, extra) in [("newest", 0), ("oldest", 1), ("name", 1), ("largest", 1)] {
        let mut path = format!("/photos?sort={sort}");
        let mut seen = Vec::new();
        let mut pages = 0;
        loop {
            let page = ada.page(&path).await;
            seen.extend(
                page.html
                    .select(&selector("[data-tile] .tile-check .sr"))
                    .map(|label| label.text().collect::<String>()[7..].to_owned()),
            );
            pages += 1;
            if pages == 1 {
                // An insert between two pages neither repeats nor hides an item.
                ada.upload(&[(
                    &format!("zz between {sort}.png"),
                    &png(1000 + u32::try_from(sort.len()).unwrap()),
                )])
                .await;
            }
            let Some(next) = page.attribute("[data-pages] a[rel=next]", "href") else { break };
            path = next;
        }
        let mut there: Vec<_> =
            seen.iter().filter(|name| !name.starts_with("zz")).cloned().collect();
        let count = there.len();
        there.sort();
        there.dedup();
        assert_eq!((there.len(), count), (150, 150), "{sort}");
        assert!(pages >= 3, "{sort}");
        let late = seen.iter().filter(|name| name.contains(&format!("between {sort}"))).count();
        assert!(late <= extra, "{sort}");
        if sort == "name" {
            let mut sorted = seen.clone();
            sorted.sort();
            assert_eq!(seen, sorted);
        }
    }
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn months_show_how_many_items_they_contain(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    ada.upload(&[("a.png", &png(1)), ("b.png", &png(2))]).await;
    app.previews_done().await;
    let page = ada.page("/photos").await;
    let now = nexus_media::model::now();
    assert!(page.says(&format!("{} {} 2 items", now.month(), now.year())), "{}", page.text());
}

#[rstest]
#[actix_web::test]
async fn a_search_finds_words_by_how_they_begin_and_however_they_are_typed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    ada.upload(&[
        ("Summer at the SEA.png", &png(1)),
        ("100% sure_thing.png", &png(2)),
        ("Größe!.png", &png(3)),
    ])
    .await;
    admin.upload(&[("sea of the admin.png", &png(4))]).await;
    let found = |words: &'static str| ada.names_on(words);
    assert_eq!(found("/search?q=sea").await, ["Summer at the SEA.png"]);
    assert_eq!(found("/search?q=sea+summer").await, ["Summer at the SEA.png"]);
    assert_eq!(found("/search?q=100%25").await, ["100% sure_thing.png"]);
    assert_eq!(found("/search?q=sure_th").await, ["100% sure_thing.png"]);
    assert_eq!(found("/search?q=gr%C3%B6%C3%9Fe!").await, ["Größe!.png"]);
    assert_eq!(found("/search?q=GRO").await, ["Größe!.png"], "accents and case do not matter");
    assert_eq!(found("/search?q=ummer").await, Vec::<String>::new());
    assert!(
        found("/search?q=%25").await.is_empty()
            && found("/search?q=x'%20OR%201=1").await.is_empty()
    );
    assert!(ada.page("/search").await.says("Names, tags, cameras"));
}

#[rstest]
#[actix_web::test]
async fn an_invalid_cursor_is_rejected(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (_app, admin) = TestApp::ready(backend).await;
    for cursor in ["x", "AAAA", "%00", "bm9uc2Vuc2U"] {
        assert_eq!(admin.get(&format!("/photos?cursor={cursor}")).await.status(), 422, "{cursor}");
    }
}

#[rstest]
#[actix_web::test]
async fn the_dashboard_begins_with_three_cards_and_then_shows_what_is_new(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    assert_eq!(
        ada.page("/dashboard").await.html.select(&selector(".cards.three .card")).count(),
        3
    );
    let id = ada.upload_one("a.png", &png(1)).await;
    ada.act(&id, "favorite", &[]).await;
    let page = ada.page("/dashboard").await;
    assert!(!page.has(".cards.three") && page.has("#recent") && page.has("#favorites"));
    assert!(page.has("[data-fresh=storage]") && !page.has("#files"));
}

#[rstest]
#[actix_web::test]
async fn a_shelf_shows_one_kind_if_a_filter_is_chosen(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (_app, admin) = TestApp::ready(backend).await;
    admin.upload(&[("a.png", &png(1)), ("letter.txt", b"Dear Ada")]).await;
    assert_eq!(admin.names_on("/recents?kind=photo").await, ["a.png"]);
    assert_eq!(admin.names_on("/recents?kind=document&size=l").await, ["letter.txt"]);
    let none = admin.page("/recents?kind=video").await;
    assert!(
        none.says("Nothing of that kind here.")
            && none.has(".chip[aria-current][href='/recents?kind=video']")
    );
    let chosen = admin.page("/search?q=a&kind=photo&sort=name").await;
    assert!(
        chosen.has(".menu-choices a[href='/search?q=a&sort=name&kind=photo&size=s']"),
        "a choice keeps the others"
    );
}

#[rstest]
#[actix_web::test]
async fn music_is_found_by_artist_and_by_its_former_address(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    for (name, artist, album) in
        [("1.mp3", "Mara", "Tide"), ("2.mp3", "Mara", "Sea"), ("3.mp3", "Zoe", "Hills")]
    {
        let tags = [format!("artist={artist}"), format!("album={album}")];
        let song =
            crate::samples::film(name, &["-vn", "-metadata", &tags[0], "-metadata", &tags[1]]);
        ada.upload_one(name, &song).await;
    }
    app.previews_done().await;
    let page = ada.page("/music/artists").await;
    assert_eq!(page.all("a.album b"), ["Mara", "Zoe"]);
    let mara = page.attribute("a.album", "href").unwrap();
    assert_eq!(ada.page(&mara).await.all("a.album b"), ["Sea", "Tide"]);
    assert_eq!(ada.page("/music").await.all("a.album").len(), 3);
    assert_eq!(admin.get(&mara).await.status(), 404, "of another user");

    let answer = ada.get("/albums?artist=mara&album=sea").await;
    assert_eq!(answer.status(), 308);
    assert_eq!(location(&answer), "/music/albums?artist=mara&album=sea");
    // A row of an album does not repeat what all of them have in common.
    let album = ada.page("/music/albums?artist=mara&album=sea").await;
    assert!(album.has(".of-album .track-number") && !album.has(".of-album .cover"));
}

#[rstest]
#[actix_web::test]
async fn songs_are_sorted_by_artist_album_and_track_and_by_the_heads_of_the_columns(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let root = app.user("root");
    let songs = [
        // Title, artist, album, disc and track, seconds.
        ("Prelude", "Zoe", "Late", 1, 3, 60),
        ("Intro", "anna", "Tides", 1, 2, 200),
        ("Low Tide", "Anna", "Tides", 1, 10, 30),
        ("Ave Maria", "Anna", "Songs", 2, 1, 90),
    ];
    for (number, (title, artist, album, disc, track, seconds)) in songs.into_iter().enumerate() {
        let metadata = Metadata {
            title: Some(title.into()),
            artist: Some(artist.into()),
            album: Some(album.into()),
            disc: Some(disc),
            track: Some(track),
            ..Metadata::default()
        };
        let change = |conn: &mut nexus_media::db::Conn| {
            let directory = store::directories::find_by_path(conn, root.id, "Audios")?.unwrap();
            let number = u32::try_from(number).unwrap();
            let new = crate::rows::item(
                root.id,
                directory.directory_id,
                ItemKind::Audio,
                number,
                format!("{number:02}.mp3"),
            );
            store::items::insert(conn, &new)?;
            let item = store::items::find(conn, root.id, new.id)?.unwrap();
            let item = Item { duration_ms: Some(seconds * 1000), ..item };
            Ok(store::item_details::replace_track(conn, &Track::from_metadata(&item, &metadata))?)
        };
        app.services.write_library(root.id, change).unwrap();
    }
    let order = async |query: &str| {
        let page = admin.page(&format!("/audios{query}")).await;
        page.all("tbody th .tile-link").join(", ")
    };
    assert_eq!(order("").await, "Ave Maria, Intro, Low Tide, Prelude");
    assert_eq!(order("?sort=artist-desc").await, "Prelude, Low Tide, Intro, Ave Maria");
    assert_eq!(order("?sort=title").await, "Ave Maria, Intro, Low Tide, Prelude");
    assert_eq!(order("?sort=album").await, "Prelude, Ave Maria, Intro, Low Tide");
    assert_eq!(order("?sort=duration").await, "Low Tide, Prelude, Ave Maria, Intro");
    assert_eq!(order("?sort=newest").await, "Ave Maria, Low Tide, Intro, Prelude");
    let page = admin.page("/audios?sort=title").await;
    let head = page.attribute("th[aria-sort=ascending] a", "href");
    assert_eq!(head.as_deref(), Some("/audios?sort=title-desc"));
}
