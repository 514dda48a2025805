//! A new password with a code from the admin.

use rstest::rstest;

use crate::support::*;

async fn code_for(admin: &Browser, id: i64) -> String {
    let answer = admin.submit("/admin/users", &format!("/admin/users/{id}/access-code"), &[]).await;
    assert_eq!(answer.status(), 303);
    let page = admin.page(&format!("/admin/users/{id}")).await;
    page.html.select(&selector(".handed .code")).next().unwrap().text().collect()
}

#[rstest]
#[actix_web::test]
async fn a_code_sets_a_new_password_once_and_ends_every_session(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let code = code_for(&admin, id).await;
    assert!(!admin.page(&format!("/admin/users/{id}")).await.source.contains(&code), "shown once");
    assert_ne!(app.user("ada").access_code.as_deref(), Some(code.as_str()), "kept as a hash");
    let browser = app.browser();
    let fields = [
        ("username", "ada"),
        ("access_code", &code.to_lowercase()),
        ("password", "a new long password"),
    ];
    let answer = browser.submit("/recover", "/recover", &fields).await;
    assert_eq!(location(&answer), "/login");
    assert_eq!(location(&ada.get("/dashboard").await), "/login", "the old session is over");
    let again =
        [("username", "ada"), ("access_code", code.as_str()), ("password", "yet another password")];
    assert_eq!(app.browser().submit("/recover", "/recover", &again).await.status(), 422);
    let answer = browser
        .submit("/login", "/login", &[("username", "ada"), ("password", "a new long password")])
        .await;
    assert_eq!(location(&answer), "/dashboard");
}

#[rstest]
#[actix_web::test]
async fn the_own_user_name_is_no_new_password_and_the_code_stays_valid(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (_, id) = app.person(&admin, "ada").await;
    let code = code_for(&admin, id).await;
    let set = async |code: &str, password: &str| {
        let fields = [("username", "ada"), ("access_code", code), ("password", password)];
        app.browser().submit("/recover", "/recover", &fields).await
    };
    for own in ["ada@example.org", "ADA@example.ORG"] {
        let answer = set(&code, own).await;
        assert_eq!(answer.status(), 422, "{own}");
        assert!(Page::of(answer).await.says("too common"), "{own}");
        let guessed = Page::of(set("WRONG-CODE", own).await).await;
        assert!(!guessed.says("too common"), "whoever has no code learns nothing of {own}");
    }
    assert_eq!(location(&set(&code, "a new long password").await), "/login");
}

#[rstest]
#[actix_web::test]
async fn a_wrong_code_and_an_unknown_user_get_the_same_answer(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (_, id) = app.person(&admin, "ada").await;
    code_for(&admin, id).await;
    let mut texts = Vec::new();
    for name in ["ada", "nobody"] {
        let fields = [
            ("username", name),
            ("access_code", "WRONG-CODE"),
            ("password", "a new long password"),
        ];
        let answer = app.browser().submit("/recover", "/recover", &fields).await;
        assert_eq!(answer.status(), 422);
        texts.push(Page::of(answer).await.text());
    }
    assert_eq!(texts[0], texts[1]);
}

#[rstest]
#[actix_web::test]
async fn a_code_does_not_reactivate_a_suspended_user(#[values(Sqlite)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (_, id) = app.person(&admin, "ada").await;
    let code = code_for(&admin, id).await;
    admin.submit("/admin/users", &format!("/admin/users/{id}/suspend"), &[]).await;
    let browser = app.browser();
    browser
        .submit(
            "/recover",
            "/recover",
            &[("username", "ada"), ("access_code", &code), ("password", "a new long password")],
        )
        .await;
    let answer = browser
        .submit("/login", "/login", &[("username", "ada"), ("password", "a new long password")])
        .await;
    assert_eq!(answer.status(), 403);
}
