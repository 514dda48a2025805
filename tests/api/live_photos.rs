//! Live Photos: a photo and a video that were taken together are one thing on the shelves.

use rstest::rstest;

use crate::samples::{corners, film, jpeg, with_content_id};
use crate::support::*;

const ONE: &str = "0F3E4A52-6B1C-4D27-9E55-0C1B2A3D4E5F";
const OTHER: &str = "7A8B9C0D-1E2F-4A3B-8C4D-5E6F708192A3";

fn photo(identifier: &str, side: u32) -> Vec<u8> {
    with_content_id(&jpeg(&corners(side, 90)), identifier)
}

fn video(identifier: &str) -> Vec<u8> {
    let tag = format!("com.apple.quicktime.content.identifier={identifier}");
    let codec = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-metadata", &tag];
    film("live.mov", &[&codec[..], &["-movflags", "use_metadata_tags"]].concat())
}

/// Uploads a file and waits until it was looked into.
async fn put(ada: &Browser, name: &str, bytes: &[u8]) -> String {
    let id = ada.upload_one(name, bytes).await;
    assert_eq!(ada.get(&format!("/media/{id}/thumbnail")).await.status(), 200, "{name}");
    id
}

async fn shown(ada: &Browser, shelf: &str) -> usize {
    let page = ada.page(shelf).await;
    page.html.select(&selector("[data-tile]")).count()
}

#[rstest]
#[actix_web::test]
async fn photo_and_video_are_one_whichever_arrives_first(
    #[values(Sqlite, MariaDb)] backend: Backend,
    #[values(true, false)] is_photo_first: bool,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let (still, moving) = (photo(ONE, 120), video(ONE));
    let mut files = [("IMG_0001.JPG", &still), ("IMG_7777.MOV", &moving)];
    if !is_photo_first {
        files.reverse();
    }
    for (name, bytes) in files {
        put(&ada, name, bytes).await;
    }
    assert_eq!((shown(&ada, "/photos").await, shown(&ada, "/videos").await), (1, 0));
    assert_eq!(shown(&ada, "/recents").await, 1);
    assert_eq!((shown(&ada, "/search?q=img").await, shown(&ada, "/search?q=mov").await), (1, 0));
    let page = ada.page("/photos").await;
    let address = page.attribute("[data-tile][data-motion]", "data-motion").unwrap();
    let answer = ada.get(&address).await;
    assert_eq!(header(&answer, "content-type"), "video/quicktime");
    assert_eq!(answer.bytes().await.unwrap(), moving);
    assert_eq!(admin.get(&address).await.status(), 404, "of another user");
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn files_of_one_name_and_those_of_other_users_are_not_joined(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    put(&ada, "IMG_0001.JPG", &photo(ONE, 120)).await;
    put(&ada, "IMG_0001.MOV", &video(OTHER)).await;
    put(&admin, "IMG_0002.MOV", &video(ONE)).await;
    let shown_as = (shown(&ada, "/photos?kind=photos").await, shown(&ada, "/videos").await);
    assert_eq!((shown_as, shown(&ada, "/photos").await), ((1, 1), 2));
    assert!(!ada.page("/photos").await.has("[data-motion]"));
    assert_eq!(shown(&admin, "/videos").await, 1);
}

#[rstest]
#[actix_web::test]
async fn trash_restore_and_deletion_take_both(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let still = put(&ada, "IMG_0001.JPG", &photo(ONE, 120)).await;
    let moving = put(&ada, "IMG_0001.MOV", &video(ONE)).await;
    let act = async |id: &str, what: &str| {
        let page = format!("/items/{id}");
        ada.submit(&page, &format!("{page}/{what}"), &[]).await;
    };
    let state = async || {
        let page = ada.page("/photos").await;
        (page.has("[data-motion]"), shown(&ada, "/videos").await, shown(&ada, "/trash").await)
    };
    assert_eq!(state().await, (true, 0, 0));

    act(&still, "trash").await;
    assert_eq!(state().await, (false, 0, 2));
    act(&still, "restore").await;
    assert_eq!(state().await, (true, 0, 0));

    // One half alone is ordinary, until the other comes back.
    act(&moving, "trash").await;
    assert_eq!((state().await, shown(&ada, "/photos").await), ((false, 0, 1), 1));
    act(&moving, "restore").await;
    assert_eq!(state().await, (true, 0, 0));
    assert_counts_are_true(&app, "ada");

    act(&still, "trash").await;
    act(&moving, "restore").await;
    assert_eq!(state().await, (false, 1, 1), "the video without its photo");
    act(&moving, "trash").await;
    act(&still, "delete").await;
    assert_eq!(state().await, (false, 0, 0));
    assert_eq!(ada.get(&format!("/items/{moving}")).await.status(), 404);
    assert_counts_are_true(&app, "ada");
}
