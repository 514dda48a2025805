//! People kept in a file.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json as j;

use crate::support::*;

/// `htpasswd -nbB` of the test password, with the least work.
fn bcrypt_line(username: &str) -> String {
    let hash =
        bcrypt::hash_with_result(PASSWORD, 4).unwrap().format_for_version(bcrypt::Version::TwoY);
    format!("{username}:{hash}")
}

async fn app_with(backend: Backend, lines: &str) -> (TestApp, Browser, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    std::fs::write(&path, lines).unwrap();
    let settings = [("users_file", path.to_str().unwrap()), ("rate_limit", "off")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    (app, admin, path, folder)
}

async fn status_of_log_in(app: &TestApp, username: &str) -> u16 {
    let browser = app.browser();
    browser
        .submit("/login", "/login", &[("username", username), ("password", PASSWORD)])
        .await
        .status()
        .as_u16()
}

/// Asks until the answer is `wanted`, for ten seconds at most: the file is looked at once a second, sessions are trusted for five.
async fn becomes(mut ask: impl AsyncFnMut() -> u16, wanted: u16) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        if ask().await == wanted {
            return true;
        }
    }
    false
}

#[rstest]
#[actix_web::test]
async fn a_user_of_the_file_gets_an_account_at_first_log_in_and_loses_it_with_the_line(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let lines = format!(
        "{}\nnonsense\n{}:zoe@example.net:admin\n",
        bcrypt_line("jo.walker"),
        bcrypt_line("zoe")
    );
    let (app, admin, path, _folder) = app_with(backend, &lines).await;
    assert!(admin.page("/admin/status").await.says("Users file, line 2"), "a broken line is named");
    assert_eq!(status_of_log_in(&app, "jo.walker").await, 303);
    let jo = app.user("jo.walker");
    assert_eq!(
        (jo.firstname.as_str(), jo.lastname.as_str(), jo.status.as_str()),
        ("Jo", "Walker", "active")
    );
    assert!(app.on_disk("jo.walker", "Photos").is_dir());
    assert_eq!(status_of_log_in(&app, "zoe@example.net").await, 303);
    assert!(app.user("zoe").is_admin());
    let program = app.program("jo.walker").await;
    assert_eq!(program.get("/api/users/me").await.status(), 200);
    assert_eq!(
        app.browser()
            .submit("/login", "/login", &[("username", "zoe"), ("password", "wrong")])
            .await
            .status(),
        401
    );

    std::fs::write(&path, format!("{}::admin\n", bcrypt_line("zoe"))).unwrap();
    assert!(
        becomes(async || program.get("/api/users/me").await.status().as_u16(), 401).await,
        "the session ends"
    );
    assert!(
        becomes(async || status_of_log_in(&app, "jo.walker").await, 401).await,
        "and there is no way back in"
    );
    assert_eq!(status_of_log_in(&app, "zoe").await, 303, "the others stay");
    std::fs::remove_file(&path).unwrap();
    assert!(
        becomes(async || status_of_log_in(&app, "zoe").await, 401).await,
        "without a file nobody in it comes in"
    );
    assert_eq!(status_of_log_in(&app, "root").await, 303, "people of the database do");
}

#[rstest]
#[actix_web::test]
async fn the_users_file_takes_precedence_but_admits_no_suspended_user(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin, path, _folder) = app_with(backend, "").await;
    let (_, id) = app.person(&admin, "ada").await;
    let pending = app.register("grace").await;
    drop(pending);
    admin.submit("/admin/users", &format!("/admin/users/{id}/suspend"), &[]).await;
    std::fs::write(&path, format!("{}\n{}\n", bcrypt_line("ada"), bcrypt_line("grace"))).unwrap();
    assert!(
        becomes(async || status_of_log_in(&app, "grace").await, 303).await,
        "the file's word is the owner's"
    );
    assert_eq!(status_of_log_in(&app, "ada").await, 403);
    assert_eq!(app.user("ada").status.as_str(), "suspended");
    // A password of the file is changed in the file.
    let grace = app.browser();
    grace.submit("/login", "/login", &[("username", "grace"), ("password", PASSWORD)]).await;
    let fields = [("current_password", PASSWORD), ("new_password", "another long password")];
    assert_eq!(grace.submit("/account", "/account/password", &fields).await.status(), 403);
    let code = admin
        .submit("/admin/users", &format!("/admin/users/{}/access-code", app.id_of("grace")), &[])
        .await;
    assert_eq!(code.status(), 409);
}

#[rstest]
#[actix_web::test]
async fn a_line_of_the_file_cannot_remove_the_last_admin(#[values(Sqlite)] backend: Backend) {
    let (app, _admin, path, _folder) = app_with(backend, "").await;
    std::fs::write(&path, format!("{}::user\n", bcrypt_line("root"))).unwrap();
    assert!(becomes(async || status_of_log_in(&app, "root").await, 409).await);
    assert!(app.user("root").is_admin());
    let answer = call(
        app.browser().request("POST", "/api/auth/login"),
        &j!({ "username": "root", "password": PASSWORD }),
    )
    .await;
    assert_eq!(code(answer).await, "CONFLICT");
}

#[rstest]
#[actix_web::test]
async fn an_admin_defined_in_the_file_is_changed_in_the_file(#[values(Sqlite)] backend: Backend) {
    let (app, admin, path, _folder) =
        app_with(backend, &format!("{}::admin\n", bcrypt_line("zoe"))).await;
    assert_eq!(status_of_log_in(&app, "zoe").await, 303);
    let (root, zoe) = (app.id_of("root"), app.id_of("zoe"));
    let level = async |id: i64| {
        let fields = [("access_level", "user")];
        admin
            .submit("/admin/users", &format!("/admin/users/{id}/access-level"), &fields)
            .await
            .status()
            .as_u16()
    };
    assert_eq!(level(zoe).await, 409, "her next login would make her an admin again");
    std::fs::write(&path, "").unwrap();
    assert!(becomes(async || status_of_log_in(&app, "zoe").await, 401).await);
    assert_eq!(level(root).await, 409, "an admin who cannot come in is none");
    assert!(app.user("root").is_admin());
}
