//! Rate limits for guessed passwords and codes.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn after_five_wrong_passwords_even_the_right_one_waits(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let browser = app.browser();
    let token = browser.token("/login").await;
    for _ in 0..5 {
        assert_eq!(
            browser
                .post("/login", &token, &[("username", "ada"), ("password", "wrong password")])
                .await
                .status(),
            401
        );
    }
    let answer =
        browser.post("/login", &token, &[("username", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status(), 429);
    let wait: u64 = header(&answer, "retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(Page::of(answer).await.has("[role=alert]"));
}

#[rstest]
#[actix_web::test]
async fn fifty_guesses_at_once_are_no_more_than_five(#[values(Sqlite)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let browser = app.browser();
    let token = browser.token("/login").await;
    let guesses = (0..50).map(|_| {
        browser.post("/login", &token, &[("username", "ada"), ("password", "wrong password")])
    });
    let answers = futures_util::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status() == 401).count();
    assert!(tried <= 5, "{tried} guesses were tried");
}

#[rstest]
#[actix_web::test]
async fn a_forwarded_address_from_anyone_is_ignored(#[values(Sqlite)] backend: Backend) {
    let (app, _admin) = TestApp::ready(backend).await;
    let browser = app.browser();
    let token = browser.token("/login").await;
    let mut last = 0;
    for number in 0..6 {
        let body = format!("csrf_token={token}&username=person{number}&password=wrong-password");
        let request = browser
            .post_raw("/login", body)
            .header("x-forwarded-for", format!("198.51.100.{number}"));
        last = request.send().await.unwrap().status().as_u16();
    }
    assert_eq!(last, 429, "six households were pretended, one is counted");
}

#[rstest]
#[actix_web::test]
async fn a_trusted_proxy_speaks_for_its_clients(#[values(Sqlite)] backend: Backend) {
    let (app, _admin) = TestApp::ready_with(backend, &[("trusted_proxies", "127.0.0.0/8")]).await;
    let browser = app.browser();
    let token = browser.token("/login").await;
    for number in 0..8 {
        let body = format!("csrf_token={token}&username=person{number}&password=wrong-password");
        let request = browser
            .post_raw("/login", body)
            .header("x-forwarded-for", format!("198.51.100.{number}"));
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
}

#[rstest]
#[actix_web::test]
async fn the_status_page_names_a_local_proxy_that_is_not_trusted(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    assert!(!admin.page("/admin/status").await.says("NEXUS_TRUSTED_PROXIES"));
    let forwarded = app.browser().request("GET", "/login").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(forwarded.send().await.unwrap().status(), 200);
    let page = admin.page("/admin/status").await;
    assert!(page.says("NEXUS_TRUSTED_PROXIES=127.0.0.1"), "{}", page.text());
}
