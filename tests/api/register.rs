//! Signing up and waiting.

use nexus_media::db::table_rows::{Columns, each_row, insert};
use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn a_new_user_waits_and_has_a_folder_once_approved(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let browser = app.register("ada").await;
    assert!(browser.page("/pending").await.says("Waiting for an admin"));
    let user = app.user("ada");
    assert_eq!((user.status.as_str(), user.folder.as_str()), ("pending", ""));
    assert_eq!(folders(&app), 1, "the admin's");
    let directories = |app: &TestApp| {
        let list = |conn: &mut _| Ok(nexus_media::store::directories::list(conn, user.id, 100)?);
        let rows = app.services.db.read(list).unwrap();
        rows.into_iter().map(|row| row.directory_path).collect::<Vec<_>>()
    };
    assert_eq!(directories(&app), Vec::<String>::new());
    let (scan, settled) = (nexus_media::domain::reconcile::scan, std::time::Duration::ZERO);
    assert!(!scan(&app.services, None, settled).unwrap().has_changes());
    assert_eq!(browser.get("/account/picture").await.status(), 303, "nothing to show yet");

    let approve = format!("/admin/users/{}/approve", user.id.0);
    assert_eq!(admin.submit("/admin/users", &approve, &[]).await.status(), 303);
    assert_eq!(app.user("ada").folder, format!("{:05}_ADA_LOVELACE001", user.id.0));
    assert_eq!(
        app.names("ada", ""),
        ["Audios", "Favorites", "Photos", "Recents", "Trash", "Uploads", "Videos", "user_icon.svg"]
    );
    assert_eq!(
        directories(&app),
        ["Audios", "Favorites", "Photos", "Recents", "Trash", "Uploads", "Videos"]
    );
    assert_eq!(browser.upload(&[("a.png", &png(1))]).await.text().matches("1 added").count(), 1);
}

/// The number of user folders.
fn folders(app: &TestApp) -> usize {
    let entries = std::fs::read_dir(app.folder.path().join("media")).unwrap();
    entries
        .filter(|entry| !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'))
        .count()
}

#[rstest]
#[actix_web::test]
async fn rejected_requests_are_removed_after_thirty_days(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    for name in ["ada", "grace", "mary"] {
        app.register(name).await;
    }
    for name in ["ada", "grace"] {
        let reject = format!("/admin/users/{}/reject", app.id_of(name));
        assert_eq!(admin.submit("/admin/users", &reject, &[]).await.status(), 303);
    }
    // Ada and Mary have waited for 31 days, Grace was rejected today.
    let (ada, mary) = (app.user("ada").id, app.user("mary").id);
    app.services
        .db
        .write(|conn| {
            use diesel::prelude::*;
            use nexus_media::db::schema::users;
            let long_ago = nexus_media::model::now() - time::Duration::days(31);
            let old = users::table.filter(users::id.eq_any([ada, mary]));
            diesel::update(old).set(users::status_since.eq(long_ago)).execute(conn)?;
            Ok(())
        })
        .unwrap();

    nexus_media::domain::ops::housekeeping::run_round(&app.services).unwrap();
    let is_there = |name: &str| {
        let find = |conn: &mut _| Ok(nexus_media::store::users::find_by_login(conn, name)?);
        app.services.db.read(find).unwrap().is_some()
    };
    assert!(!is_there("ada"), "rejected long ago");
    assert!(is_there("grace") && is_there("mary"), "rejected today, and still waiting");
    assert_eq!(location(&app.register("ada").await.get("/dashboard").await), "/pending");
}

#[rstest]
#[actix_web::test]
async fn a_known_address_is_answered_like_a_new_one_and_shown_to_admins(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let mut answers = Vec::new();
    for (username, email) in [("new", "new@example.org"), ("same", "Ada@Example.org")] {
        let browser = app.browser();
        let fields = [
            ("firstname", "A"),
            ("lastname", "B"),
            ("username", username),
            ("email", email),
            ("password", "another good password"),
        ];
        let answer = browser.submit("/register", "/register", &fields).await;
        let status = answer.status().as_u16();
        answers.push((status, location(&answer), browser.page("/pending").await.text()));
        // Neither address opens an account that nobody has approved.
        let fields = [("username", email), ("password", "another good password")];
        let refused = app.browser().submit("/login", "/login", &fields).await;
        assert_eq!(refused.status(), 401, "{email}");
    }
    assert_eq!(answers[0].0, 303);
    assert_eq!(answers[0], answers[1]);
    assert!(admin.page("/admin/users").await.says("Same email as ada"));

    // Approved, the address still opens the account that had it first.
    for name in ["new", "same"] {
        let approve = format!("/admin/users/{}/approve", app.id_of(name));
        assert_eq!(admin.submit("/admin/users", &approve, &[]).await.status(), 303);
    }
    let log_in = async |login: &str, password: &str| {
        let fields = [("username", login), ("password", password)];
        app.browser().submit("/login", "/login", &fields).await.status().as_u16()
    };
    assert_eq!(log_in("new@example.org", "another good password").await, 303);
    assert_eq!(log_in("ada@example.org", "another good password").await, 401);
    assert_eq!(log_in("same", "another good password").await, 303);
    assert_eq!(log_in("ada@example.org", PASSWORD).await, 303);
}

#[rstest]
#[actix_web::test]
async fn every_wrong_field_is_named_and_what_was_typed_is_kept(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _admin) = TestApp::ready(backend).await;
    let fields = [
        ("firstname", ""),
        ("lastname", "Lovelace"),
        ("username", "A B"),
        ("email", "nowhere"),
        ("password", "short"),
    ];
    let answer = app.browser().submit("/register", "/register", &fields).await;
    assert_eq!(answer.status(), 422);
    let page = Page::of(answer).await;
    for field in ["firstname", "username", "email", "password"] {
        assert!(page.has(&format!("#f-{field}[aria-invalid=true]")), "{field}");
        assert!(page.has(&format!("#e-{field}")), "{field}");
    }
    assert!(page.has("[role=alert]"));
    assert_eq!(page.attribute("#f-lastname", "value").as_deref(), Some("Lovelace"));
    assert_eq!(page.attribute("#f-password", "value").as_deref(), Some(""));
}

#[rstest]
#[actix_web::test]
async fn a_taken_name_is_refused_whatever_its_case(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, _admin) = TestApp::ready(backend).await;
    app.register("ada").await;
    let fields = [
        ("firstname", "A"),
        ("lastname", "B"),
        ("username", "ADA"),
        ("email", "Ada@Example.org"),
        ("password", PASSWORD),
    ];
    let answer = app.browser().submit("/register", "/register", &fields).await;
    assert_eq!(answer.status(), 422);
    let page = Page::of(answer).await;
    assert!(page.has("#e-username") && !page.has("#e-email"), "the address is not told");
}

#[rstest]
#[actix_web::test]
async fn fields_that_the_form_does_not_have_set_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _admin) = TestApp::ready(backend).await;
    let browser = app.browser();
    for (name, value) in
        [("status", "active"), ("access_level", "admin"), ("quota_bytes", "1"), ("id", "1")]
    {
        let fields = [
            ("firstname", "A"),
            ("lastname", "B"),
            ("username", "mallory"),
            ("email", "m@x.org"),
            ("password", PASSWORD),
            (name, value),
        ];
        assert_eq!(browser.submit("/register", "/register", &fields).await.status(), 400, "{name}");
    }
    let found = app
        .services
        .db
        .read(|conn| Ok(nexus_media::store::users::find_by_login(conn, "mallory")?))
        .unwrap();
    assert!(found.is_none());
}

#[rstest]
#[actix_web::test]
async fn closed_sign_up_creates_no_account(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, _admin) = TestApp::ready_with(backend, &[("registration", "closed")]).await;
    let browser = app.browser();
    assert!(browser.page("/register").await.says("Sign-up is closed"));
    let token = browser.token("/login").await;
    let fields = [
        ("firstname", "A"),
        ("lastname", "B"),
        ("username", "ada"),
        ("email", "a@x.org"),
        ("password", PASSWORD),
    ];
    assert_eq!(browser.post("/register", &token, &fields).await.status(), 403);
}

#[rstest]
#[actix_web::test]
async fn open_sign_up_logs_in_at_once(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, _admin) = TestApp::ready_with(backend, &[("registration", "open")]).await;
    let browser = app.register("ada").await;
    assert_eq!(location(&browser.get("/pending").await), "/dashboard");
    assert_eq!(browser.get("/dashboard").await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn sixteen_simultaneous_sign_ups_with_one_name_create_one_account(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _admin) = TestApp::ready(backend).await;
    let asked = (0..16).map(|number| {
        let browser = app.browser();
        async move {
            let email = format!("p{number}@example.org");
            let fields = [
                ("firstname", "A"),
                ("lastname", "B"),
                ("username", "same"),
                ("email", &email),
                ("password", PASSWORD),
            ];
            browser.submit("/register", "/register", &fields).await.status().as_u16()
        }
    });
    let statuses = futures_util::future::join_all(asked).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 409 | 422)), "{statuses:?}");
    let folders = std::fs::read_dir(app.folder.path().join("media")).unwrap().count();
    assert_eq!(folders, 4, "the admin's, .incoming, .uploads and .quarantine");
}

#[rstest]
#[actix_web::test]
async fn at_most_two_hundred_requests_wait(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready_with(backend, &[("rate_limit", "off")]).await;
    app.register("first").await;
    let id = app.id_of("first").to_string();

    // 199 more, by copying the row.
    app.services
        .db
        .write(|conn| {
            let columns = Columns::of(conn, "users")?;
            let at = |name: &str| columns.names().iter().position(|column| column == name).unwrap();
            let mut first = None;
            each_row(conn, "users", &columns, |row| {
                if row[at("id")].as_deref() == Some(&id) {
                    first = Some(row);
                }
                Ok(())
            })?;
            let copy = |number: usize| {
                let mut row = first.clone().unwrap();
                row[at("id")] = Some((1000 + number).to_string());
                row[at("username")] = Some(format!("copy{number}"));
                row[at("email")] = Some(format!("copy{number}@example.org"));
                row[at("folder")] = Some(format!("COPY_{number}"));
                row[at("session_token")] = None;
                row
            };
            insert(conn, "users", &columns, &(0..199).map(copy).collect::<Vec<_>>())
        })
        .unwrap();

    let fields = [
        ("firstname", "One"),
        ("lastname", "More"),
        ("username", "onemore"),
        ("email", "onemore@example.org"),
        ("password", PASSWORD),
    ];
    let answer = app.browser().submit("/register", "/register", &fields).await;
    assert_eq!(answer.status(), 409);
    assert!(Page::of(answer).await.says("Ask the admin"));

    // Once one is decided, there is a place again.
    let approve = format!("/admin/users/{id}/approve");
    assert_eq!(admin.submit("/admin/users", &approve, &[]).await.status(), 303);
    assert_eq!(app.browser().submit("/register", "/register", &fields).await.status(), 303);
}
