//! What an admin does with accounts.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn approval_logs_in_the_waiting_browser(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let ada = app.register("ada").await;
    assert_eq!(location(&ada.get("/photos").await), "/pending");
    let queue = admin.page("/admin/users?status=pending").await;
    assert!(queue.says("Ada Lovelace") && queue.says("1 person is waiting"));
    assert_eq!(
        queue.html.select(&selector(".rail-rest .badge")).next().unwrap().text().next(),
        Some("1")
    );
    let id = app.id_of("ada");
    let answer = admin.submit("/admin/users", &format!("/admin/users/{id}/approve"), &[]).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(location(&ada.get("/pending").await), "/dashboard");
    assert_eq!(ada.get("/photos").await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn several_can_be_approved_at_once(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        app.register(name).await;
        ids.push(app.id_of(name).to_string());
    }
    let fields: Vec<_> = ids.iter().take(2).map(|id| ("ids", id.as_str())).collect();
    admin.submit("/admin/users", "/admin/users/approve", &fields).await;
    let statuses = ["one", "two", "three"].map(|name| app.user(name).status.as_str());
    assert_eq!(statuses, ["active", "active", "pending"]);
    admin
        .submit("/admin/users", "/admin/users/reject", &[("ids", &ids[2]), ("ids", &ids[0])])
        .await;
    let statuses = ["one", "two", "three"].map(|name| app.user(name).status.as_str());
    assert_eq!(statuses, ["active", "active", "rejected"]);
}

#[rstest]
#[actix_web::test]
async fn suspension_takes_effect_on_the_next_request_and_old_sessions_stay_dead(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let picture = ada.upload_one("a.png", &png(1)).await;
    assert_eq!(ada.get(&format!("/media/{picture}")).await.status(), 200);
    admin.submit("/admin/users", &format!("/admin/users/{id}/suspend"), &[]).await;
    for path in [
        "/dashboard".to_owned(),
        "/photos".into(),
        format!("/items/{picture}"),
        format!("/media/{picture}"),
        format!("/media/{picture}/thumbnail?size=320"),
    ] {
        assert_eq!(location(&ada.get(&path).await), "/pending", "{path}");
    }
    assert!(ada.page("/pending").await.says("is suspended"));
    admin.submit("/admin/users", &format!("/admin/users/{id}/reactivate"), &[]).await;
    assert_eq!(
        location(&ada.get("/dashboard").await),
        "/login",
        "a session from before the suspension"
    );
}

#[rstest]
#[actix_web::test]
async fn the_last_admin_cannot_be_lost(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, ada_id) = app.person(&admin, "ada").await;
    let root = app.id_of("root");
    assert_eq!(
        admin
            .submit(
                "/admin/users",
                &format!("/admin/users/{root}/access-level"),
                &[("access_level", "user")]
            )
            .await
            .status(),
        409
    );
    assert_eq!(
        admin.submit("/admin/users", &format!("/admin/users/{root}/suspend"), &[]).await.status(),
        409
    );
    admin
        .submit(
            "/admin/users",
            &format!("/admin/users/{ada_id}/access-level"),
            &[("access_level", "admin")],
        )
        .await;
    assert_eq!(
        ada.get("/admin/users").await.status(),
        200,
        "a role change holds on the next request"
    );
    // Both demote each other at the same time: one of them remains an admin.
    let (one, two) = (
        format!("/admin/users/{ada_id}/access-level"),
        format!("/admin/users/{root}/access-level"),
    );
    let fields = [("access_level", "user")];
    let (first, second) = futures_util::future::join(
        admin.submit("/admin/users", &one, &fields),
        ada.submit("/admin/users", &two, &fields),
    )
    .await;
    let mut statuses = [first.status().as_u16(), second.status().as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [303, 409] || statuses == [303, 404], "{statuses:?}");
    assert_eq!(
        app.services
            .db
            .read(|conn| Ok(nexus_media::store::users::list_active_admins(conn)?.len()))
            .unwrap(),
        1
    );
}

#[rstest]
#[actix_web::test]
async fn a_quota_holds_from_the_next_upload_on(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    assert_eq!(
        admin
            .submit("/admin/users", &format!("/admin/users/{id}/quota"), &[("quota", "much")])
            .await
            .status(),
        422
    );
    admin
        .submit("/admin/users", &format!("/admin/users/{id}/quota"), &[("quota", "0.000001")])
        .await;
    assert_eq!(app.user("ada").quota_bytes, 1000);
    ada.upload_one("small.txt", &[b'a'; 900]).await;
    let page = ada.upload(&[("more.txt", &[b'b'; 200])]).await;
    assert!(page.says("1 failed") && page.says("Not enough storage"), "{}", page.text());
    ada.upload_one("rest.txt", &[b'c'; 100]).await;
    for path in ["/dashboard", "/upload"] {
        let full = ada.page(path).await;
        assert!(full.has("[data-upload] input[disabled]"), "{path}");
        assert!(full.says("Your storage is full"), "{path}");
        assert!(full.has("meter[high='999']"), "{path}");
    }
    assert_eq!(app.names("ada", "Uploads"), ["rest.txt", "small.txt"]);
    assert_eq!(app.incoming(), 0);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_decision_that_does_not_apply_is_rejected(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.register("ada").await;
    let id = app.id_of("ada");
    for decision in ["suspend", "reactivate"] {
        assert_eq!(
            admin
                .submit("/admin/users", &format!("/admin/users/{id}/{decision}"), &[])
                .await
                .status(),
            409,
            "{decision}"
        );
    }
    assert_eq!(
        admin.submit("/admin/users", "/admin/users/999999/approve", &[]).await.status(),
        404
    );
    assert_eq!(admin.submit("/admin/users", "/admin/users/x/approve", &[]).await.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn an_admin_adds_somebody_who_then_sets_a_password(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let fields = [
        ("firstname", "Grace"),
        ("lastname", "Hopper"),
        ("username", "grace"),
        ("email", "grace@example.org"),
    ];
    let taken = [("firstname", "Root"), ("lastname", ""), ("username", "root"), ("email", "no")];
    let refused = admin.submit("/admin/users/new", "/admin/users", &taken).await;
    assert_eq!(refused.status(), 422);
    let page = Page::of(refused).await;
    assert!(page.has("#e-lastname") && page.has("#e-email") && page.has("[value='root']"));

    let answer = admin.submit("/admin/users/new", "/admin/users", &fields).await;
    assert_eq!(answer.status(), 303);
    let code = admin
        .page(&location(&answer))
        .await
        .html
        .select(&selector(".code"))
        .next()
        .map(|code| code.text().collect::<String>());
    let grace = app.browser();
    let password = "three random words";
    let set = [("username", "grace"), ("access_code", &code.unwrap()), ("password", password)];
    assert_eq!(grace.submit("/recover", "/recover", &set).await.status(), 303);
    let login = [("username", "grace"), ("password", password)];
    assert_eq!(location(&grace.submit("/login", "/login", &login).await), "/dashboard");
    grace.upload_one("a.png", &png(1)).await;
    assert_counts_are_true(&app, "grace");

    // The same name again is refused, and by others than admins everything.
    assert_eq!(admin.submit("/admin/users/new", "/admin/users", &fields).await.status(), 422);
    assert_eq!(grace.get("/admin/users/new").await.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn the_status_page_says_first_whether_all_is_well(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let folder = tempfile::tempdir().unwrap();
    let (_app, admin) = TestApp::ready(backend).await;
    let page = admin.page("/admin/status").await;
    assert!(page.says("Something needs your attention") && page.says("Backups are off"));
    assert_eq!(page.html.select(&selector(".card-icon.warn")).count(), 2, "backups and scanner");
    assert!(admin.page("/dashboard").await.has(".tasks a[href='/admin/status']"));

    let path = folder.path().to_str().unwrap();
    let (app, admin) = TestApp::ready_with(backend, &[("backup_dir", path)]).await;
    // The server begins with a backup.
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let newest = || nexus_media::domain::backup::backup_status(&app.services).unwrap().newest;
    while newest().is_none() {
        assert!(std::time::Instant::now() < deadline, "no backup");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let page = admin.page("/admin/status").await;
    assert!(page.says("All is well"), "{}", page.text());
    assert!(!admin.page("/dashboard").await.has(".tasks"));
}
