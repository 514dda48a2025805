//! Serving below a path: `https://example.org/nexus`.

use std::collections::BTreeSet;

use nexus_media::app::Application;
use nexus_media::config::{RawSettings, Settings};
use rstest::rstest;

use crate::samples;
use crate::support::*;

const BELOW: [(&str, &str); 1] = [("public_url", "http://example.org/nexus")];

/// A server below a path, and its admin, whose requests contain the whole path.
async fn below(backend: Backend) -> (TestApp, Browser) {
    let mut app = TestApp::start_with(backend, &BELOW).await;
    let admin = app.browser();
    app.base.push_str("/nexus");
    app.set_up_by(&admin, "/nexus").await;
    (app, admin)
}

/// The item that the form stored.
async fn store(browser: &Browser, name: &str, bytes: &[u8]) -> String {
    let inside = Browser { base: browser.url("/nexus"), client: browser.client.clone() };
    let result = location(&inside.upload_into("", &[(name, bytes)]).await);
    assert!(result.starts_with("/nexus/uploads/results/"), "{result}");
    let item = browser
        .page(&result)
        .await
        .attribute(".row-item a[href^='/nexus/items/']", "href")
        .unwrap();
    item.trim_start_matches("/nexus/items/").to_owned()
}

/// Values of attributes that begin with a slash, except user text; those of a `srcset` one by one.
fn addresses(page: &Page) -> Vec<(String, String)> {
    let elements = page.html.select(&selector("*")).collect::<Vec<_>>();
    let attributes = elements.iter().flat_map(|element| {
        let words =
            ["value", "title", "alt", "placeholder", "aria-label", "data-name", "data-title"];
        element.value().attrs().filter(move |(name, _)| !words.contains(name))
    });
    let each = attributes.flat_map(|(name, value)| {
        value.split(", ").map(move |part| (name.to_owned(), part.to_owned()))
    });
    each.filter(|(_, value)| value.starts_with('/')).collect()
}

#[rstest]
#[actix_web::test]
async fn every_url_on_every_page_is_below_the_path(#[values(Sqlite)] backend: Backend) {
    let (_app, admin) = below(backend).await;
    let photo = samples::jpeg(&samples::corners(1200, 800));
    let song =
        samples::recording("song.mp3", &["-metadata", "album=Blue", "-metadata", "artist=Joni"]);
    let film = samples::film("film.mp4", &[]);
    for (name, bytes) in
        [("a.jpg", photo), ("song.mp3", song), ("film.mp4", film), ("page.html", b"<p>".to_vec())]
    {
        let id = store(&admin, name, &bytes).await;
        // The response comes when the preview is ready, if there can be one.
        admin.get(&format!("/nexus/media/{id}/thumbnail")).await;
    }
    let trashed = store(&admin, "old.png", &png(2)).await;
    let trash = format!("/nexus/items/{trashed}/trash");
    assert_eq!(admin.submit("/nexus/upload", &trash, &[]).await.status(), 303);
    admin.submit("/nexus/upload", "/nexus/directories", &[("directory_name", "Summer")]).await;
    let mut known: BTreeSet<String> =
        ["/nexus/dashboard".to_owned(), "/nexus/nothing-here".into()].into();
    let mut waiting: Vec<String> = known.iter().cloned().collect();
    let (mut pages, mut attributes) = (0, BTreeSet::new());
    while let Some(path) = waiting.pop() {
        let answer = admin.get(&path).await;
        let status = answer.status().as_u16();
        if status == 303 {
            assert!(
                location(&answer).starts_with("/nexus/"),
                "{path} leads to {}",
                location(&answer)
            );
            continue;
        }
        assert!(status == 200 || path == "/nexus/nothing-here", "{path}: {status}");
        if !header(&answer, "content-type").starts_with("text/html; charset") {
            continue;
        }
        pages += 1;
        for (name, value) in addresses(&Page::of(answer).await) {
            let there = value.split(['#', ' ']).next().unwrap().to_owned();
            assert!(there.starts_with("/nexus/"), "on {path}: {name}={value}");
            let is_read = matches!(
                name.as_str(),
                "href" | "src" | "srcset" | "poster" | "data-src" | "data-large" | "data-cover"
            );
            attributes.insert(name);
            if is_read && known.insert(there.clone()) {
                waiting.push(there);
            }
        }
    }
    assert!(pages > 40, "{pages} pages");
    for name in ["href", "src", "srcset", "action", "formaction", "data-root", "data-src"] {
        assert!(attributes.contains(name), "no page has {name}: {attributes:?}");
    }
}

#[rstest]
#[actix_web::test]
async fn return_links_and_redirects_stay_below_the_path(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = below(backend).await;
    let id = store(&admin, "a.png", &png(1)).await;
    assert_eq!(location(&admin.get("/nexus").await), "/nexus/dashboard");
    assert_eq!(location(&admin.get("/nexus/").await), "/nexus/dashboard");
    assert_eq!(location(&admin.get("/").await), "/nexus/");
    for beside in [
        "/dashboard",
        "/nexusdashboard",
        "/nexus/nexus/dashboard",
        "/api/openapi.json",
        "//nexus/login",
    ] {
        assert_eq!(admin.get(beside).await.status(), 404, "{beside}");
    }
    assert_eq!(
        admin.get("/readyz").await.status(),
        200,
        "asked by a machine at the server's own address"
    );

    let stranger = Browser { base: admin.base.clone(), client: app.browser().client };
    let to_log_in = location(&stranger.get("/nexus/photos?size=l").await);
    assert_eq!(to_log_in, "/nexus/login?next=%2Fphotos%3Fsize%3Dl");
    let next = stranger.page(&to_log_in).await.attribute("input[name=next]", "value").unwrap();
    let log_in = [("username", "root"), ("password", PASSWORD), ("next", next.as_str())];
    assert_eq!(
        location(&stranger.submit(&to_log_in, "/nexus/login", &log_in).await),
        "/nexus/photos?size=l"
    );

    let wiki = [("username", "root"), ("password", PASSWORD), ("next", "/../wiki/é")];
    let stranger = Browser { base: admin.base.clone(), client: app.browser().client };
    let answer = stranger.submit("/nexus/login", "/nexus/login", &wiki).await;
    assert_eq!(location(&answer), "/nexus/wiki/%C3%A9", "not to what else is there");
    assert!(header(&answer, "set-cookie").contains("Path=/nexus;"), "and it is sent no cookie");
    let lost = admin
        .request("GET", "/nexus/nothing")
        .header("referer", admin.url("/wiki/x"))
        .send()
        .await
        .unwrap();
    assert!(!Page::of(lost).await.has("a[href*='wiki']"));

    let token = admin.token("/nexus/upload").await;
    let star = |from: String| {
        admin
            .post_raw(&format!("/nexus/items/{id}/favorite"), format!("csrf_token={token}"))
            .header("referer", from)
    };
    let answer = star(admin.url("/nexus/photos?sort=name")).send().await.unwrap();
    assert_eq!(location(&answer), format!("/nexus/photos?sort=name#i-{id}"));
    let answer = star("http://elsewhere/nexus/photos".into()).send().await.unwrap();
    assert_eq!(location(&answer), format!("/nexus/items/{id}"));

    let public = [("origin", "http://example.org"), ("sec-fetch-site", "same-origin")];
    let answer =
        public.into_iter().fold(star(admin.url("/nexus/photos")), |request, (name, value)| {
            request.header(name, value)
        });
    assert_eq!(answer.send().await.unwrap().status(), 303);
    let answer = star(admin.url("/nexus/photos"))
        .header("origin", "https://example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);
}

#[rstest]
#[actix_web::test]
async fn api_clients_get_urls_below_the_path(#[values(Sqlite)] backend: Backend) {
    let (app, admin) = below(backend).await;
    store(&admin, "a.png", &png(1)).await;
    let list = json(admin.get("/nexus/api/media/list").await).await;
    for name in ["content_url", "thumbnail_url"] {
        let there = list["items"][0][name].as_str().unwrap();
        assert!(there.starts_with("/nexus/api/media/"), "{there}");
        assert_eq!(admin.get(there).await.status(), 200, "{there}");
    }
    let document = json(admin.get("/nexus/api/openapi.json").await).await;
    assert_eq!(document["servers"], serde_json::json!([{ "url": "/nexus" }]));

    let ada = app.program("root").await;
    let begin = admin.request("POST", "/nexus/api/uploads").bearer_auth(&ada.token);
    let begin = begin
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "3")
        .header("upload-metadata", "filename Yi50eHQ=");
    let upload = location(&begin.send().await.unwrap());
    assert!(upload.starts_with("/nexus/api/uploads/"), "{upload}");
    let part =
        admin.request("PATCH", &upload).bearer_auth(&ada.token).header("tus-resumable", "1.0.0");
    let part = part
        .header("upload-offset", "0")
        .header("content-type", "application/offset+octet-stream")
        .body("abc");
    assert_eq!(part.send().await.unwrap().status(), 204);
    assert_eq!(app.items("root", nexus_media::model::Shelf::Uploads)[0].name, "b.txt");
}

#[rstest]
#[actix_web::test]
async fn files_that_are_html_are_served_unchanged(#[values(Sqlite)] backend: Backend) {
    let (_app, admin) = below(backend).await;
    let page = "<!doctype html><html><a href=\"/photos\">mine</a>";
    let id = store(&admin, "page.html", page.as_bytes()).await;
    assert_eq!(admin.get(&format!("/nexus/media/{id}")).await.text().await.unwrap(), page);
}

#[actix_web::test]
async fn behind_tls_the_cookie_is_limited_to_the_path_and_the_host_name_is_unchanged() {
    for (address, page, cookie, has_hsts) in [
        ("https://example.org", "/setup", "__Host-nexus_session=", true),
        ("https://example.org/nexus", "/nexus/setup", "__Secure-nexus_session=", false),
    ] {
        let app = TestApp::start_with(Sqlite, &[("public_url", address)]).await;
        let answer = app.browser().get(page).await;
        let path = if has_hsts { "Path=/;" } else { "Path=/nexus;" };
        let set = header(&answer, "set-cookie");
        assert!(set.starts_with(cookie) && set.contains(path) && set.contains("Secure"), "{set}");
        assert_eq!(
            answer.headers().contains_key("strict-transport-security"),
            has_hsts,
            "{address}"
        );
    }
}

#[actix_web::test]
async fn a_base_path_that_is_a_route_of_the_server_is_rejected() {
    for path in ["api", "photos", "static", "items/nexus"] {
        let folder = tempfile::tempdir().unwrap();
        let given = RawSettings::from([
            ("public_url", format!("https://example.org/{path}")),
            ("listen", "127.0.0.1:0".into()),
            ("data_dir", folder.path().join("data").display().to_string()),
            ("media_dir", folder.path().join("media").display().to_string()),
        ]);
        let refused = Application::build(Settings::from_raw(&given).unwrap())
            .await
            .err()
            .map(|error| error.to_string());
        assert!(
            refused.as_deref().is_some_and(|said| said.contains("take another path")),
            "{path}: {refused:?}"
        );
    }
    for wrong in [
        "https://example.org/a?b",
        "https://example.org/a b",
        "https://u@example.org/",
        "https://example.org/a//b",
        "/nexus",
    ] {
        assert!(
            Settings::from_raw(&RawSettings::from([("public_url", wrong.to_owned())])).is_err(),
            "{wrong}"
        );
    }
}
