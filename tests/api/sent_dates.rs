//! The sender's date of a file says when it was taken if the file does not.

use nexus_media::model::TakenSource;
use reqwest::multipart::{Form, Part};
use rstest::rstest;

use crate::samples::{corners, film, jpeg, with_exif};
use crate::support::*;

/// 2019-07-04 13:30:12 UTC.
const SENT: &str = "1562247012000";

fn file(name: &str, seed: u32) -> Part {
    Part::bytes(png(seed)).file_name(name.to_owned())
}

#[rstest]
#[actix_web::test]
async fn a_form_states_the_date_of_each_file_before_it(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let settings = [("previews_at_once", "0"), ("time_zone", "Europe/Vienna")];
    let (app, _) = TestApp::ready_with(backend, &settings).await;
    let root = app.program("root").await;
    let form = Form::new()
        .text("last_modified", SENT)
        .part("file", file("a.png", 1))
        .part("file", file("b.png", 2))
        .text("lastModified", SENT)
        .part("file", file("IMG-20180101-WA0001.png", 3));
    let answer = root.request("POST", "/api/media/upload").multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let found = |name: &str| {
        let mut items = app.placed_items("root").into_iter().map(|(_, item)| item);
        items.find(|item| item.name == name).unwrap()
    };
    let dated = found("a.png");
    assert_eq!(dated.taken_source, TakenSource::File);
    assert_eq!(dated.shown_at.time().to_string(), "2019-07-04 15:30:12.0");
    assert_eq!(found("b.png").taken_source, TakenSource::Upload);
    assert_eq!(found("IMG-20180101-WA0001.png").taken_source, TakenSource::Name);
    let page = root.names("sort=oldest").await;
    assert_eq!(page, ["IMG-20180101-WA0001.png", "a.png", "b.png"]);

    let form = Form::new().text("lastModified", "yesterday").part("file", file("c.png", 4));
    let answer = root.request("POST", "/api/media/upload").multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 422);
}

#[rstest]
#[actix_web::test]
async fn a_file_put_on_disk_has_its_own_date(#[values(Sqlite, MariaDb)] backend: Backend) {
    let settings = [("previews_at_once", "0"), ("time_zone", "Europe/Vienna")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    app.person(&admin, "ada").await;
    let place = app.on_disk("ada", "Photos/a.png");
    std::fs::write(&place, png(1)).unwrap();
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_562_247_012);
    std::fs::File::options().write(true).open(&place).unwrap().set_modified(at).unwrap();
    let services = app.services.clone();
    tokio::task::spawn_blocking(move || {
        nexus_media::domain::reconcile::scan(&services, None, std::time::Duration::ZERO).unwrap()
    })
    .await
    .unwrap();
    let (_, item) = app.placed_items("ada").pop().unwrap();
    assert_eq!(item.taken_source, TakenSource::File);
    assert_eq!(item.shown_at.time().to_string(), "2019-07-04 15:30:12.0");
}

#[rstest]
#[actix_web::test]
async fn photos_and_films_of_one_evening_are_side_by_side(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready_with(backend, &[("time_zone", "Europe/Vienna")]).await;
    let root = app.program("root").await;
    let mp4 = film(
        "a.mp4",
        &[
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            "-metadata",
            "creation_time=2018-12-31T23:10:00Z",
        ],
    );
    root.upload_one("clip.mp4", &mp4).await;
    let photo = with_exif(&jpeg(&corners(64, 48)), 1, "2019:01:01 00:05:00");
    root.upload_one("photo.jpg", &photo).await;
    app.previews_done().await;
    assert_eq!(root.names("sort=newest").await, ["clip.mp4", "photo.jpg"]);
    let (_, clip) =
        app.placed_items("root").into_iter().find(|(_, item)| item.name == "clip.mp4").unwrap();
    assert_eq!(clip.shown_at.time().to_string(), "2019-01-01 0:10:00.0");
    assert_eq!((clip.taken_source, clip.taken_offset), (TakenSource::Container, Some(60)));
}
