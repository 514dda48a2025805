//! Hostile requests.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn hostile_names_become_safe_names_in_the_right_folder(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let long = format!("{}.png", "ä".repeat(300));
    let names = [
        "../../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/shadow",
        "..",
        ".",
        "CON",
        "nul.txt",
        "a\u{202e}gpj.exe",
        "tab\tand\nline.txt",
        "-rf",
        "--help",
        "$(reboot).txt",
        "a;b|c&d.txt",
        "<img src=x onerror=alert(1)>.png",
        "' OR 1=1 --",
        "{{7*7}}",
        "%2e%2e%2f",
        "user_icon.svg",
        ".htaccess",
        &long,
    ];
    for (seed, name) in names.iter().enumerate() {
        // Sent raw: an HTTP client would refuse to write some of these.
        let token = ada.token("/upload").await;
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\t'], " ");
        let mut body = format!("--B\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{quoted}\"\r\n\r\n").into_bytes();
        body.extend(png(u32::try_from(seed).unwrap()));
        body.extend(b"\r\n--B--\r\n");
        let answer = ada
            .request("POST", "/upload")
            .header("content-type", "multipart/form-data; boundary=B")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303, "{name}");
    }
    let stored = app.names("ada", "Photos");
    assert_eq!(stored.len(), names.len(), "{stored:?}");
    assert!(
        stored.iter().all(|name| name.len() <= 255 && !name.contains(['/', '\u{202e}', '\n'])),
        "{stored:?}"
    );
    let shown = ada.page("/photos").await;
    assert!(!shown.has("img[onerror]") && !shown.source.contains("<img src=x"));
    let folders = std::fs::read_dir(app.folder.path().join("media")).unwrap().count();
    assert_eq!(folders, 5, "the admin's, Ada's, .incoming, .uploads and .quarantine");
    for id in shown
        .html
        .select(&selector("[data-tile]"))
        .map(|tile| tile.value().attr("data-tile").unwrap().to_owned())
        .collect::<Vec<_>>()
    {
        assert_eq!(ada.get(&format!("/media/{id}?download=1")).await.status(), 200);
        assert_eq!(ada.get(&format!("/items/{id}")).await.status(), 200);
    }
}

#[rstest]
#[actix_web::test]
async fn a_form_from_another_site_changes_nothing(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let token = ada.token("/account").await;
    let other = app.browser();
    let foreign = other.token("/login").await;
    let send = |token: &str, headers: &[(&'static str, &str)]| {
        let mut request = ada.post_raw("/account/theme", format!("csrf_token={token}&theme=dark"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send()
    };
    assert_eq!(send("", &[]).await.unwrap().status(), 403);
    assert_eq!(send("wrong", &[]).await.unwrap().status(), 403);
    assert_eq!(send(&foreign, &[]).await.unwrap().status(), 403, "another browser's token");
    assert_eq!(send(&token, &[("sec-fetch-site", "cross-site")]).await.unwrap().status(), 403);
    assert_eq!(send(&token, &[("sec-fetch-site", "same-site")]).await.unwrap().status(), 403);
    assert_eq!(send(&token, &[("origin", "https://evil.example")]).await.unwrap().status(), 403);
    assert_eq!(send(&token, &[("origin", "null")]).await.unwrap().status(), 403);
    assert_eq!(app.user("ada").theme.as_str(), "system");
    let own = app.base.clone();
    assert_eq!(
        send(&token, &[("origin", &own), ("sec-fetch-site", "same-origin")])
            .await
            .unwrap()
            .status(),
        303
    );
    assert_eq!(app.user("ada").theme.as_str(), "dark");
    // Login too.
    let answer =
        other.post_raw("/login", format!("username=ada&password={PASSWORD}")).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[rstest]
#[actix_web::test]
async fn every_post_refuses_a_form_without_a_token(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (_, id) = app.person(&admin, "ada").await;
    // What is shared with the admin, whose forms are asked for.
    let ada = app.program("ada").await;
    let name = serde_json::json!({ "name": "Trip" });
    let album = crate::sharing::created(&ada, "/api/albums", &name).await;
    let directory = crate::sharing::created(&ada, "/api/directories", &name).await;
    let share = async |kind: &str, id: &str| {
        let to = serde_json::json!({ kind: id, "people": ["root"], "level": "contribute" });
        crate::sharing::share(&ada, &to).await
    };
    let (of_album, of_directory) =
        (share("album", &album).await, share("directory", &directory).await);
    let takes_files = serde_json::json!({ "album": album, "uploads": "add" });
    let link = ada.send("POST", "/api/links", &takes_files).await;
    let url = json(link).await["url"].as_str().unwrap().to_owned();
    let token = url.rsplit('/').next().unwrap();
    let root = app.program("root").await;
    let space = json(root.send("POST", "/api/spaces", &name).await).await["id"].to_string();
    for route in nexus_media::http::routes()
        .iter()
        .filter(|route| route.method == "POST" && route.path != "/setup")
    {
        let path = route
            .path
            .replace("{id}", &id.to_string())
            .replace("{directory_id}", &uuid::Uuid::now_v7().to_string())
            .replace("{directory}", &directory)
            .replace("{token}", token)
            .replace("{space}", &space)
            .replace("{album}", &album);
        let grant = if path.contains("/directories/") { &of_directory } else { &of_album };
        let path = path.replace("{grant}", grant);
        let answer = admin.post_raw(&path, "a=b".into()).send().await.unwrap();
        assert!(
            matches!(answer.status().as_u16(), 403 | 400 | 412 | 415),
            "{path}: {}",
            answer.status()
        );
    }
    assert_eq!(app.user("ada").status.as_str(), "active");
}

#[rstest]
#[actix_web::test]
async fn bodies_of_the_wrong_kind_or_size_are_refused(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, _admin) = TestApp::ready(backend).await;
    let browser = app.browser();
    let token = browser.token("/login").await;
    let json = browser
        .request("POST", "/login")
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(json.status(), 415);
    let zipped = browser
        .post_raw("/login", format!("csrf_token={token}"))
        .header("content-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(zipped.status(), 415);
    let large = browser
        .post_raw("/login", format!("csrf_token={token}&username={}", "a".repeat(300_000)))
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), 413);
    let unknown = browser
        .post("/login", &token, &[("username", "a"), ("password", "b"), ("admin", "1")])
        .await;
    assert_eq!(unknown.status(), 400);
    let wrong_way = browser.request("PUT", "/login").send().await.unwrap();
    assert_eq!(wrong_way.status(), 405);
    assert_eq!(browser.request("DELETE", "/photos").send().await.unwrap().status(), 405);
}

#[rstest]
#[actix_web::test]
async fn invalid_urls_never_cause_a_server_error(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (_app, admin) = TestApp::ready(backend).await;
    for path in [
        "/items/1",
        "/items/%00",
        "/items/..%2f..%2fetc",
        "/media/x",
        "/media/00000000-0000-0000-0000-000000000000",
        "/directories/-1",
        "/admin/users/99999999999999999999",
        "/uploads/results/x",
        "/static/x/../../Cargo.toml",
        "/static/x/%2e%2e/%2e%2e/etc/passwd",
        "/photos?sort=%ff",
        "/%ff%fe",
        "/search?q=%00",
        "/media/x/thumbnail?size=-1",
        "/admin/users?status=x&after=-9",
        "/upload?directory=%22%3E%3Cscript%3E",
    ] {
        let answer = admin.get(path).await;
        assert!(answer.status().as_u16() < 500, "{path}: {}", answer.status());
        let text = answer.text().await.unwrap();
        assert!(!text.contains("<script>") && !text.contains("root:"), "{path}");
    }
}

#[rstest]
#[actix_web::test]
async fn a_form_of_empty_parts_is_cut_off_at_the_size_of_a_form(
    #[values(Sqlite)] backend: Backend,
) {
    let (app, _admin) = TestApp::ready(backend).await;
    let browser = app.browser();
    let part = format!(
        "--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n\r\n",
        "n".repeat(8_000)
    );
    let body = format!("{}--b--\r\n", part.repeat(100));
    let request = browser
        .request("POST", "/login")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body);
    assert_eq!(request.send().await.unwrap().status(), 413);
}

#[rstest]
#[actix_web::test]
async fn an_upload_of_countless_empty_files_is_refused(#[values(Sqlite)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let token = ada.token("/upload").await;
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n";
    let body = format!("{}--b--\r\n", part.repeat(2_100));
    let request = ada.request("POST", "/upload").header("x-csrf-token", token);
    let answer = request
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(app.incoming(), 0);
}

#[rstest]
#[actix_web::test]
async fn a_fourth_simultaneous_archive_has_to_wait(#[values(Sqlite)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    // More than fits into the socket buffers, so that an unread archive is not finished.
    let id = ada.upload_one("large.bin", &vec![7; 24 << 20]).await;
    let token = ada.token("/upload").await;
    let mut unread = Vec::new();
    for _ in 0..3 {
        let answer = ada.post("/items/download", &token, &[("ids", &id)]).await;
        assert_eq!(answer.status(), 200);
        unread.push(answer);
    }
    assert_eq!(ada.post("/items/download", &token, &[("ids", &id)]).await.status(), 429);
    assert_eq!(ada.get("/dashboard").await.status(), 200);
    drop(unread);
}

#[rstest]
#[case("media.example.org", 200)]
#[case("MEDIA.example.org:80", 200)]
#[case("127.0.0.1:8420", 200)]
#[case("[::1]:8420", 200)]
#[case("localhost:8420", 200)]
#[case("evil.example", 421)]
#[case("media.example.org.evil.example", 421)]
#[case("", 421)]
#[actix_web::test]
async fn with_a_public_address_other_host_names_get_nothing(
    #[case] host: &str,
    #[case] status: u16,
) {
    let settings = [("public_url", "http://media.example.org")];
    let (app, _) = TestApp::ready_with(Sqlite, &settings).await;
    let asked = |path: &'static str| {
        let request = app.browser().request("GET", path).header("host", host);
        // A page's scripts can set this header, but not the other.
        request.header("x-forwarded-host", "media.example.org").send()
    };
    assert_eq!(asked("/login").await.unwrap().status(), status);
    assert_eq!(asked("/register").await.unwrap().status(), status);
    assert_eq!(asked("/healthz").await.unwrap().status(), 200, "for monitoring");
}
