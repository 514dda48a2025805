//! Rules of every API route: errors, rate limits, other origins, and the OpenAPI document.

use rstest::rstest;
use serde_json::json as j;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn failures_have_one_envelope_and_name_the_field(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    let item = format!("/api/media/{id}");
    let cases = [
        ("GET", "/api/nothing", None, 404, "NOT_FOUND", ""),
        ("GET", "/api/media/not-an-id", None, 404, "NOT_FOUND", ""),
        ("PATCH", item.as_str(), Some(r#"{"role":"admin"}"#), 422, "INVALID", "role"),
        ("PATCH", item.as_str(), Some(r#"{"name":7}"#), 422, "INVALID", "name"),
        ("PATCH", item.as_str(), Some(r#"{"name":" "}"#), 422, "INVALID", "name"),
        ("PATCH", item.as_str(), Some(r#"{"directory":"x"}"#), 422, "INVALID", "directory"),
        ("PATCH", item.as_str(), Some("{"), 400, "BAD_REQUEST", ""),
        ("PATCH", item.as_str(), Some("[]"), 400, "BAD_REQUEST", ""),
        ("POST", "/api/auth/login", Some("{}"), 422, "INVALID", "username"),
        ("GET", "/api/media/list?limit=0", None, 422, "INVALID", "limit"),
        ("GET", "/api/media/list?limit=201", None, 422, "INVALID", "limit"),
        ("GET", "/api/media/list?shelf=attic", None, 422, "INVALID", "shelf"),
        ("GET", "/api/media/list?cursor=x", None, 422, "INVALID", "cursor"),
        ("GET", "/api/media/list?nonsense=1", None, 422, "INVALID", "nonsense"),
        ("GET", "/api/media/list?directory=x", None, 422, "INVALID", "directory"),
        ("DELETE", "/api/media/list", None, 405, "METHOD_NOT_ALLOWED", ""),
        ("PUT", item.as_str(), Some("{}"), 405, "METHOD_NOT_ALLOWED", ""),
    ];
    for (method, path, body, status, code, field) in cases {
        let mut request = ada.request(method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path} {body:?}");
        assert!(!header(&answer, "x-request-id").is_empty());
        if status == 405 {
            assert!(header(&answer, "allow").contains("GET"), "{method} {path}");
        }
        let said = json(answer).await;
        assert_eq!(said["error"]["code"], j!(code), "{method} {path}");
        if !field.is_empty() {
            assert_eq!(said["error"]["details"][0]["field"], j!(field), "{method} {path}");
        }
    }
    let text = ada
        .request("PATCH", &item)
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(text.status(), 415);
    let large = ada.send("PATCH", &item, &j!({ "name": "a".repeat(70_000) })).await;
    assert_eq!(large.status(), 413);
    assert_eq!(
        ada.request("POST", "/api/media/upload").body("x").send().await.unwrap().status(),
        415
    );
}

#[rstest]
#[actix_web::test]
async fn other_sites_may_call_only_if_the_admin_allowed_them(#[values(Sqlite)] backend: Backend) {
    let friend = "https://app.example.org";
    let (app, admin) = TestApp::ready_with(backend, &[("cors_origins", friend)]).await;
    app.person(&admin, "ada").await;
    let preflight = |origin: &str| {
        app.browser()
            .request("OPTIONS", "/api/media/list")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization")
            .send()
    };
    let answer = preflight(friend).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "access-control-allow-origin")),
        (200, friend.into())
    );
    assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    assert!(!header(&answer, "x-request-id").is_empty());
    let stranger = preflight("https://evil.example").await.unwrap();
    assert!(!stranger.headers().contains_key("access-control-allow-origin"));

    let ada = app.program("ada").await;
    let cross = |origin: &str, token: &str| {
        let request = ada
            .client
            .post(format!("{}/api/directories", ada.base))
            .header("origin", origin.to_owned());
        let request = request
            .header("sec-fetch-site", "cross-site")
            .header("authorization", format!("Bearer {token}"));
        async move {
            call(request, &j!({ "name": format!("d{}", uuid::Uuid::now_v7().simple()) })).await
        }
    };
    let made = cross(friend, &ada.token).await;
    assert_eq!(
        (made.status().as_u16(), header(&made, "access-control-allow-origin")),
        (201, friend.into())
    );
    let dead = cross(friend, "x").await;
    assert_eq!(
        (dead.status().as_u16(), header(&dead, "access-control-allow-origin")),
        (401, friend.into()),
        "errors can be read"
    );
    assert_eq!(cross("https://evil.example", &ada.token).await.status(), 403);

    let (off, _) = TestApp::ready(backend).await;
    let answer = off
        .browser()
        .request("GET", "/api/openapi.json")
        .header("origin", friend)
        .send()
        .await
        .unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"), "off unless it is set");
}

#[rstest]
#[actix_web::test]
async fn a_client_with_too_many_requests_is_told_how_long_to_wait(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let answer = ada.get("/api/users/me").await;
    assert_eq!(header(&answer, "ratelimit-policy"), "\"api\";q=1200;w=60");
    assert!(
        header(&answer, "ratelimit").starts_with("\"api\";r=1"),
        "{}",
        header(&answer, "ratelimit")
    );
    // Registration: twenty an hour from one address; two were used above.
    let browser = app.browser();
    let token = browser.token("/register").await;
    let mut last = 0;
    for _ in 0..20 {
        let answer = browser.post("/register", &token, &[("username", "x")]).await;
        last = answer.status().as_u16();
        if last == 429 {
            assert!(header(&answer, "retry-after").parse::<u64>().unwrap() >= 1);
            assert!(header(&answer, "ratelimit").starts_with("\"registration\";r=0"));
        }
    }
    assert_eq!(last, 429);
    assert_eq!(ada.get("/api/users/me").await.status(), 200, "other buckets are full");
}

#[rstest]
#[actix_web::test]
async fn a_disguised_path_is_rejected(#[values(Sqlite)] backend: Backend) {
    let (app, _admin) = TestApp::ready(backend).await;
    for path in
        ["/%72egister", "/%61pi/auth/me", "/api/auth/%6cogin", "/log%69n", "/a%2Fb", "/%", "/%zz"]
    {
        assert_eq!(app.browser().get(path).await.status(), 404, "{path}");
    }
}

#[rstest]
#[actix_web::test]
async fn log_in_attempts_for_one_account_from_many_addresses_are_limited(
    #[values(Sqlite)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("trusted_proxies", "127.0.0.0/8")]).await;
    app.person(&admin, "ada").await;
    let mut statuses = Vec::new();
    // Thirty per minute; on a slow machine, one becomes available every two seconds.
    for number in 0..200 {
        let request = app
            .browser()
            .request("POST", "/api/auth/login")
            .header("x-forwarded-for", format!("198.51.100.{number}"));
        statuses.push(
            call(request, &j!({ "username": "ada", "password": PASSWORD })).await.status().as_u16(),
        );
        if statuses.last() == Some(&429) {
            break;
        }
    }
    let (last, others) = statuses.split_last().unwrap();
    assert!(others.len() >= 30 && others.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(*last, 429);
}

#[test]
fn every_api_route_is_in_the_document_and_the_other_way_round() {
    let document: serde_json::Value =
        serde_json::from_str(&nexus_media::http::openapi::document().unwrap()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described: Vec<String> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        described.extend(
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(|method| format!("{} {path}", method.to_uppercase())),
        );
    }
    described.sort();
    let routes = nexus_media::http::routes();
    let mut registered: Vec<String> = routes
        .iter()
        .filter(|route| route.path.starts_with("/api/"))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    registered.sort();
    assert_eq!(described, registered);
}

#[rstest]
#[actix_web::test]
async fn the_docs_page_lists_every_route_and_runs_no_scripts(#[values(Sqlite)] backend: Backend) {
    let (app, _admin) = TestApp::ready(backend).await;
    let page = app.browser().page("/api/docs").await;
    for route in nexus_media::http::routes().iter().filter(|route| route.path.starts_with("/api/"))
    {
        assert!(page.says(route.path), "{}", route.path);
    }
    assert!(!page.has("script"));
    let document = app.browser().get("/api/openapi.json").await;
    assert_eq!(
        (document.status().as_u16(), header(&document, "content-type")),
        (200, "application/json".into())
    );
}
