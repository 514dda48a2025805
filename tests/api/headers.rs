//! Headers of every response.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn every_response_has_its_headers_including_errors_and_ranges(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let id = admin.upload_one("a.png", &png(1)).await;
    let page = admin.get("/photos").await;
    let etag = header(&admin.get(&format!("/media/{id}")).await, "etag");
    let answers = [
        page,
        admin.get("/nothing").await,
        admin.get("/").await,
        admin.request("PUT", "/login").send().await.unwrap(),
        app.browser().get("/dashboard").await,
        admin
            .request("GET", &format!("/media/{id}"))
            .header("range", "bytes=0-1")
            .send()
            .await
            .unwrap(),
        admin
            .request("GET", &format!("/media/{id}"))
            .header("range", "bytes=999-")
            .send()
            .await
            .unwrap(),
        admin
            .request("GET", &format!("/media/{id}"))
            .header("if-none-match", etag)
            .send()
            .await
            .unwrap(),
        admin.post_raw("/logout", String::new()).send().await.unwrap(),
        admin.get("/healthz").await,
        admin.get("/api/nothing").await,
    ];
    for answer in answers {
        let what = format!("{} {}", answer.status(), answer.url().path());
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=()"),
        ] {
            assert!(
                header(&answer, name).contains(part),
                "{what}: {name}: {}",
                header(&answer, name)
            );
        }
        let caching = header(&answer, "cache-control");
        assert!(caching.contains("no-store") || caching.contains("private"), "{what}: {caching}");
        assert_eq!(header(&answer, "x-request-id").len(), 32, "{what}");
        assert!(!answer.headers().contains_key("server"), "{what}");
    }
}

#[rstest]
#[actix_web::test]
async fn pages_have_no_inline_script_or_style(#[values(Sqlite)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.register("ada").await;
    let id = admin.upload_one("a.png", &png(1)).await;
    for path in [
        "/dashboard",
        "/photos",
        "/uploads",
        "/trash",
        "/upload",
        "/account",
        "/account/sessions",
        "/admin/users",
        "/admin/status",
        "/admin/audit",
        &format!("/items/{id}"),
        "/nothing",
    ] {
        let page = Page::of(admin.get(path).await).await;
        for css in ["[style]", "style", "script:not([src])", "[onclick]", "[onload]", "[onerror]"] {
            assert!(!page.has(css), "{path}: {css}");
        }
    }
}

#[rstest]
#[actix_web::test]
async fn static_files_are_cached_forever_and_compressed(#[values(Sqlite)] backend: Backend) {
    let (_app, admin) = TestApp::ready(backend).await;
    let css = admin.page("/dashboard").await.attribute("link[rel=stylesheet]", "href").unwrap();
    let answer = admin.request("GET", &css).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(header(&answer, "content-encoding"), "gzip");
    assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
    assert!(header(&answer, "content-type").starts_with("text/css"));
    let plain = admin.get(&css).await;
    assert!(plain.text().await.unwrap().contains("--accent"));
    let old = admin.get("/static/0123456789ab/css/nexus.css").await;
    assert_eq!((old.status().as_u16(), header(&old, "cache-control")), (200, "no-cache".into()));
}

#[rstest]
#[case("gzip, deflate, br, zstd", "br")]
#[case("gzip", "gzip")]
#[case("br;q=0, gzip", "gzip")]
#[case("identity", "")]
#[actix_web::test]
async fn a_browser_gets_the_smallest_encoding_that_it_accepts(
    #[case] accepted: &str,
    #[case] chosen: &str,
) {
    let (_app, admin) = TestApp::ready(Sqlite).await;
    let css = admin.page("/dashboard").await.attribute("link[rel=stylesheet]", "href").unwrap();
    let answer = admin.request("GET", &css).header("accept-encoding", accepted).send().await;
    assert_eq!(header(&answer.unwrap(), "content-encoding"), chosen);
}

#[actix_web::test]
async fn in_development_a_changed_style_sheet_is_visible_after_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("css/tokens.css");
    std::fs::create_dir(folder.path().join("css")).unwrap();
    std::fs::write(&tokens, ":root { --accent: red }").unwrap();
    let app = TestApp::start_with_static_dir(folder.path().into()).await;
    let browser = app.set_up().await;
    let css = browser.page("/dashboard").await.attribute("link[rel=stylesheet]", "href").unwrap();
    let sheet = browser.get(&css).await;
    assert_eq!(header(&sheet, "cache-control"), "no-cache");
    assert!(sheet.text().await.unwrap().contains("@import url(\"tokens.css\");"));

    let part = css.replace("nexus.css", "tokens.css");
    let before = browser.get(&part).await;
    assert_eq!(
        (header(&before, "content-type"), header(&before, "cache-control")),
        ("text/css; charset=utf-8".into(), "no-cache".into())
    );
    assert!(before.text().await.unwrap().contains("red"));
    std::fs::write(&tokens, ":root { --accent: darkgreen }").unwrap();
    assert!(browser.get(&part).await.text().await.unwrap().contains("darkgreen"));
    let outside = css.replace("css/nexus.css", "css/%2e%2e/%2e%2e/etc/passwd");
    assert!(browser.get(&outside).await.status().is_client_error());
}

#[rstest]
#[actix_web::test]
async fn error_pages_say_what_to_do_and_leak_nothing(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (_app, admin) = TestApp::ready(backend).await;
    let answer = admin.get("/nothing").await;
    assert_eq!(answer.status(), 404);
    let id = header(&answer, "x-request-id");
    let page = Page::of(answer).await;
    assert!(page.says("Page not found") && page.says(&id) && page.has("a[href='/']"));
    let api = admin.get("/api/nothing").await;
    assert_eq!(header(&api, "content-type"), "application/json");
    let text = api.text().await.unwrap();
    assert!(text.starts_with("{\"error\":{\"code\":\"NOT_FOUND\""), "{text}");
}

#[rstest]
#[actix_web::test]
async fn health_and_readiness_say_how_the_server_is(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    assert_eq!(app.browser().get("/healthz").await.status(), 200);
    let ready = app.browser().get("/readyz").await;
    assert_eq!(ready.status(), 200);
    assert!(ready.text().await.unwrap().contains("\"database\":\"ok\""));
    let incoming = app.folder.path().join("media/.incoming");
    std::fs::remove_dir(&incoming).unwrap();
    // Results are cached for a second.
    let began = std::time::Instant::now();
    let ready = loop {
        let ready = app.browser().get("/readyz").await;
        if ready.status() == 503 || began.elapsed().as_secs() > 5 {
            break ready;
        }
    };
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().contains("cannot be written"));
    assert!(admin.page("/admin/status").await.says("Make"));
    assert_eq!(app.browser().get("/healthz").await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn pages_are_compressed_and_their_length_reveals_no_token(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (_app, admin) = TestApp::ready(backend).await;
    let get = async |path: &str, encoding: &str| {
        admin.request("GET", path).header("accept-encoding", encoding).send().await.unwrap()
    };
    let plain = get("/dashboard", "identity").await;
    assert!(plain.headers().get("content-encoding").is_none());
    let plain = plain.bytes().await.unwrap();
    for path in ["/dashboard", "/dashboard", "/login", "/search?q=x"] {
        let answer = get(path, "gzip, br").await;
        if answer.status() != 200 {
            continue;
        }
        assert_eq!(header(&answer, "content-encoding"), "gzip", "{path}");
        assert!(header(&answer, "vary").contains("accept-encoding"), "{path}");
        let mut text = String::new();
        let packed = answer.bytes().await.unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text)
            .unwrap();
        assert!(text.contains("</html>") && packed.len() * 2 < text.len(), "{path}");
    }
    assert!(plain.len() > 4000);

    // Each page has another token, and each works.
    let tokens = [admin.token("/search?q=1").await, admin.token("/search?q=2").await];
    assert_ne!(tokens[0], tokens[1]);
    for token in &tokens {
        let answer = admin.post("/account/theme", token, &[("theme", "dark")]).await;
        assert_eq!(answer.status(), 303);
    }
    let wrong: String = tokens[0].chars().rev().collect();
    assert_eq!(admin.post("/account/theme", &wrong, &[("theme", "light")]).await.status(), 403);

    // Somebody who makes the browser search for a token that they have seen, or for another text of the same length,
    // gets pages of the same length but for the noise.
    let length = async |words: &str| {
        let mut all = 0;
        for round in 0..40 {
            let path = format!("/search?q={words}&n={round}{}", words.len());
            all += get(&path, "gzip").await.bytes().await.unwrap().len();
        }
        all / 40
    };
    let (seen, other) =
        (length(&tokens[0]).await, length(&tokens[1].chars().rev().collect::<String>()).await);
    assert!(seen.abs_diff(other) <= 16, "{seen} and {other}");
}

#[rstest]
#[actix_web::test]
async fn pages_that_may_not_be_installed_remove_the_service_worker(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("pwa", "off")]).await;
    let manifest = app.browser().get("/app.webmanifest").await.text().await.unwrap();
    assert!(manifest.contains("\"display\":\"browser\""), "{manifest}");
    let worker = app.browser().get("/sw.js").await.text().await.unwrap();
    assert!(worker.contains("unregister()") && !worker.contains("addAll"), "{worker}");
    assert!(admin.page("/account/apps").await.says("The admin of this server has turned this off"));
}

/// The page of an error as a browser asks for it, without its request id and CSRF tokens, which differ each time.
async fn error_page(browser: &Browser, path: &str) -> String {
    let answer = browser.request("GET", path).header("accept", "text/html").send().await.unwrap();
    assert_eq!(answer.status(), 404, "{path}");
    let id = header(&answer, "x-request-id");
    let html = answer.text().await.unwrap();
    let token = Page::from_html(&html).attribute("meta[name=csrf-token]", "content");
    let html = html.replace(&id, "");
    token.map_or(html.clone(), |token| html.replace(&token, ""))
}

#[rstest]
#[actix_web::test]
async fn an_error_keeps_the_navigation_of_a_user_and_tells_nothing_of_others(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = admin.upload_one("secret.png", &png(1)).await;
    let unknown = uuid::Uuid::now_v7();

    let theirs = error_page(&ada, &format!("/items/{id}")).await;
    assert_eq!(theirs, error_page(&ada, &format!("/items/{unknown}")).await);
    assert!(Page::from_html(&theirs).has("nav.rail a[href='/photos']"), "{theirs}");
    assert!(Page::from_html(&error_page(&ada, "/nowhere").await).has("nav.rail"));

    // Neither a visitor nor an account that waits for approval has pages to go to.
    assert!(!Page::from_html(&error_page(&app.browser(), "/nowhere").await).has("nav"));
    let pending = app.register("waiting").await;
    assert!(!Page::from_html(&error_page(&pending, "/nowhere").await).has("nav"));

    // A message that waits for the next page is not used up.
    ada.submit("/account", "/account/theme", &[("theme", "dark")]).await;
    let renamed = ada.upload_one("mine.png", &png(2)).await;
    ada.act(&renamed, "trash", &[]).await;
    error_page(&ada, "/nowhere").await;
    assert!(ada.page("/photos").await.has("[data-toast]"));
}
