//! Files that families have, each in `tests/cases` with what is right. `make.py` there makes them again.

use std::path::Path;

use rstest::rstest;
use serde_json::Value;

use crate::support::*;

/// The item's page shows this under `label`.
fn fact(page: &Page, label: &str) -> Option<String> {
    let (labels, values) = (page.all("dl.facts dt"), page.all("dl.facts dd"));
    labels.into_iter().zip(values).find(|(name, _)| name == label).map(|(_, value)| value)
}

/// `4 July 2019, 15:30 (UTC+2:00)` as `2019-07-04 15:30`, without the rest.
fn iso(taken: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let words: Vec<&str> = taken.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let month = MONTHS.iter().position(|name| *name == words[1]).unwrap() + 1;
    let day: u8 = words[0].parse().unwrap();
    let time = words
        .get(3)
        .filter(|word| word.contains(':'))
        .map_or(String::new(), |time| format!(" {time}"));
    format!("{}-{month:02}-{day:02}{time}", words[2])
}

/// The colour in the middle of each quarter.
fn corners(picture: &image::RgbImage) -> Vec<&'static str> {
    let (width, height) = (picture.width(), picture.height());
    let points = [(1, 1), (3, 1), (1, 3), (3, 3)];
    points
        .map(|(x, y)| match picture.get_pixel(width * x / 4, height * y / 4).0 {
            [r, g, b] if r > 200 && g > 200 && b > 200 => "white",
            [r, g, b] if r > 170 && g < 90 && b < 90 => "red",
            [r, g, b] if g > 150 && r < 90 && b < 90 => "green",
            [r, g, b] if b > 170 && r < 90 && g < 90 => "blue",
            _ => "another colour",
        })
        .to_vec()
}

async fn check(browser: &Browser, program: &Program, name: &str, id: &str, expected: &Value) {
    let item = program.json(&format!("/api/media/{id}")).await;
    let page = browser.page(&format!("/items/{id}")).await;
    for key in ["kind", "width", "height"] {
        if let Some(value) = expected.get(key) {
            assert_eq!(&item[key], value, "{name}: {key}");
        }
    }
    if let Some(range) = expected.get("duration_ms") {
        let length = item["duration_ms"].as_i64();
        let range = range[0].as_i64().unwrap()..=range[1].as_i64().unwrap();
        assert!(
            length.is_some_and(|length| range.contains(&length)),
            "{name}: {length:?} is not in {range:?}"
        );
    }
    if expected.get("preview").is_some() || expected.get("corners").is_some() {
        let answer = program.get(&format!("/api/media/{id}/thumbnail?size=1280")).await;
        assert_eq!(answer.status(), 200, "{name}: preview");
        let shown = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap().into_rgb8();
        let ratio = |width: f64, height: f64| width / height;
        let (width, height) = (item["width"].as_f64().unwrap(), item["height"].as_f64().unwrap());
        let difference = ratio(width, height) / ratio(shown.width().into(), shown.height().into());
        assert!(
            (0.97..1.03).contains(&difference),
            "{name}: {}x{} for {width}x{height}",
            shown.width(),
            shown.height()
        );
        if let Some(colours) = expected.get("corners") {
            assert_eq!(serde_json::json!(corners(&shown)), *colours, "{name}");
        }
    }
    if let Some(taken) = expected.get("taken").and_then(Value::as_str) {
        let shown =
            fact(&page, "Taken").unwrap_or_else(|| panic!("{name} has no time: {}", page.text()));
        // Pages show minutes.
        let expected = &taken[..taken.len().min(16)];
        assert_eq!(&iso(&shown)[..expected.len()], expected, "{name}: {shown}");
        let month = browser.page("/photos").await.text() + &browser.page("/videos").await.text();
        assert!(month.contains("July 2019"), "{name} is in its month");
    }
    if let Some(offset) = expected.get("offset").and_then(Value::as_i64) {
        let shown = fact(&page, "Taken").unwrap();
        assert!(
            shown.contains(&format!("(UTC+{}:{:02})", offset / 60, offset % 60)),
            "{name}: {shown}"
        );
    }
    for (key, label) in
        [("title", "Title"), ("artist", "Artist"), ("caption", "Caption"), ("camera", "Camera")]
    {
        if let Some(text) = expected.get(key).and_then(Value::as_str) {
            let shown = fact(&page, label).unwrap_or_default();
            assert!(shown.contains(text), "{name}: {label} is {shown:?}, not {text:?}");
        }
    }
    if let Some(position) = expected.get("position") {
        // The page shows the city, and the degrees under the mouse.
        let title = page.attribute("dl.facts a[href^='/map']", "title").unwrap_or_default();
        let shown = fact(&page, "Location").unwrap_or_default() + &title;
        for (degrees, letters) in [(&position[0], ["N", "S"]), (&position[1], ["E", "W"])] {
            let degrees = degrees.as_f64().unwrap();
            let shown_degrees =
                format!("{:.5}° {}", degrees.abs(), letters[usize::from(degrees < 0.0)]);
            assert!(shown.contains(&shown_degrees), "{name}: {shown}");
        }
    }
    for word in expected.get("found_by").and_then(Value::as_array).into_iter().flatten() {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", word.as_str().unwrap())
            .finish();
        let found = program.json(&format!("/api/media/list?{query}")).await;
        let ids: Vec<&str> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        assert!(ids.contains(&id), "{name} is found by {word}");
    }
}

#[rstest]
#[case("camcorder")]
#[case("compilation")]
#[case("date-in-the-name")]
#[case("dates-that-cameras-write")]
#[case("film-in-utc")]
#[case("gps")]
#[case("large-pictures")]
#[case("latin1-in-exif")]
#[case("length-of-vbr")]
#[case("mov-without-ftyp")]
#[case("mp3-of-other-kinds")]
#[case("raw-date")]
#[case("several-artists")]
#[case("size-of-heic")]
#[case("sound-in-mp4")]
#[case("tags-in-old-encodings")]
#[case("tiff")]
#[case("wide-pixels")]
#[actix_web::test]
async fn files_that_families_have_are_what_they_are(
    #[case] folder: &str,
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (browser, _) = app.person(&admin, "ada").await;
    let program = app.program("ada").await;
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let expected: Value =
        serde_json::from_slice(&std::fs::read(cases.join("expected.json")).unwrap()).unwrap();

    let mut ids = Vec::new();
    for name in expected.as_object().unwrap().keys() {
        ids.push((name, program.upload_one(name, &std::fs::read(cases.join(name)).unwrap()).await));
    }
    app.previews_done().await;
    for (name, id) in &ids {
        check(&browser, &program, name, id, &expected[*name]).await;
        if let Some(albums) = expected[*name].get("albums").and_then(Value::as_u64) {
            assert_eq!(
                browser.page("/music/albums").await.all("a.album").len() as u64,
                albums,
                "{name}"
            );
        }
    }
    assert_counts_are_true(&app, "ada");
}
