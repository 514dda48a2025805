//! The first admin.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn until_an_admin_exists_every_page_redirects_to_set_up(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let app = TestApp::start(backend).await;
    let browser = app.browser();
    for path in ["/", "/login", "/register", "/dashboard", "/photos", "/nothing", "/admin/users"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/setup".into()), "{path}");
    }
    let answer = browser.get("/api/media/list").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("\"SETUP_REQUIRED\""));
    assert_eq!(browser.get("/healthz").await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn the_code_creates_the_first_admin_once(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    assert!(admin.page("/dashboard").await.says("Welcome, Root"));
    assert_eq!(app.user("root").access_level.as_str(), "admin");
    assert!(app.on_disk("root", "Photos").is_dir());
    assert!(!app.folder.path().join("data/setup-code").exists());
    assert_eq!(app.browser().get("/setup").await.status(), 404);
    let again = app.browser();
    let token = again.token("/login").await;
    let answer = again.post("/setup", &token, &[("code", &app.setup_code())]).await;
    assert_eq!(answer.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn a_wrong_code_creates_no_admin(#[values(Sqlite, MariaDb)] backend: Backend) {
    let app = TestApp::start(backend).await;
    let browser = app.browser();
    let fields = [
        ("code", "wrong"),
        ("firstname", "Eve"),
        ("lastname", "E"),
        ("username", "eve"),
        ("email", "e@x.org"),
        ("password", PASSWORD),
    ];
    let answer = browser.submit("/setup", "/setup", &fields).await;
    assert_eq!(answer.status(), 422);
    let page = Page::of(answer).await;
    assert!(page.says("not the code"));
    assert_eq!(page.attribute("input[name=username]", "value").as_deref(), Some("eve"));
    assert_eq!(location(&browser.get("/login").await), "/setup");
}

#[rstest]
#[actix_web::test]
async fn only_the_servers_user_can_read_the_code(#[values(Sqlite)] backend: Backend) {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::start(backend).await;
    let mode = |path: &str| {
        std::fs::metadata(app.folder.path().join(path)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("data/setup-code"), 0o600);
    assert_eq!(mode("data/cookie.key"), 0o600);
    assert_eq!(mode("data"), 0o700);
}

#[rstest]
#[actix_web::test]
async fn two_simultaneous_set_ups_create_one_admin(#[values(Sqlite, MariaDb)] backend: Backend) {
    let app = TestApp::start(backend).await;
    let code = app.setup_code();
    let set_up = |name: &'static str| {
        let (browser, code) = (app.browser(), code.clone());
        async move {
            let email = format!("{name}@example.org");
            let fields = [
                ("code", code.as_str()),
                ("firstname", "A"),
                ("lastname", "B"),
                ("username", name),
                ("email", &email),
                ("password", PASSWORD),
            ];
            browser.submit("/setup", "/setup", &fields).await.status().as_u16()
        }
    };
    let (one, two) = futures_util::future::join(set_up("one"), set_up("two")).await;
    let mut statuses = [one, two];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
}

#[rstest]
#[actix_web::test]
async fn server_faults_are_shown_only_to_the_holder_of_the_code(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let app = TestApp::start(backend).await;
    std::fs::remove_dir(app.folder.path().join("media/.incoming")).unwrap();
    let browser = app.browser();
    for path in ["/setup", "/setup?code=guessed"] {
        let page = browser.page(path).await;
        assert!(!page.says("see that it is not full"), "{path}: {}", page.text());
    }
    let page = browser.page(&format!("/setup?code={}", app.setup_code())).await;
    assert!(page.says("see that it is not full"), "{}", page.text());
}

#[rstest]
#[actix_web::test]
async fn settings_can_create_the_first_admin(#[values(Sqlite, MariaDb)] backend: Backend) {
    let settings = [
        ("admin_username", "boss"),
        ("admin_email", "boss@example.org"),
        ("admin_password", PASSWORD),
    ];
    let app = TestApp::start_with(backend, &settings).await;
    let browser = app.browser();
    let answer =
        browser.submit("/login", "/login", &[("username", "boss"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/dashboard".into()));
    assert_eq!(browser.get("/admin/users").await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn a_wrong_code_is_said_before_the_form_is_filled_in(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let app = TestApp::start(backend).await;
    let wrong = app.browser().page("/setup?code=wrong").await;
    assert!(wrong.has("#e-code") && wrong.has("#f-firstname[autofocus]"));
    let none = app.browser().page("/setup").await;
    assert!(!none.has("#e-code") && none.has("#f-code[autofocus]"));
    let right = app.browser().page(&format!("/setup?code={}", app.setup_code())).await;
    assert!(!right.has("#e-code"));
}
