//! Changes of users to their own accounts.

use reqwest::multipart::{Form, Part};
use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn a_profile_is_saved_and_wrong_fields_change_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let fields = [
        ("firstname", "Augusta"),
        ("lastname", "King"),
        ("email", "augusta@example.org"),
        ("email_password", PASSWORD),
        ("contact_number", "+44 20"),
        ("address", ""),
    ];
    assert_eq!(location(&ada.submit("/account", "/account", &fields).await), "/account");
    let user = app.user("ada");
    assert_eq!(
        (
            user.firstname.as_str(),
            user.email.as_str(),
            user.contact_number.as_deref(),
            user.address
        ),
        ("Augusta", "augusta@example.org", Some("+44 20"), None)
    );
    assert!(!user.single_keys, "an unticked box is off");
    assert!(ada.get("/account/picture").await.text().await.unwrap().contains(">AK</text>"));
    let sneaky =
        [("firstname", "A"), ("lastname", "K"), ("email", "a@x.org"), ("access_level", "admin")];
    assert_eq!(ada.submit("/account", "/account", &sneaky).await.status(), 400);
    assert_eq!(app.user("ada").email, "augusta@example.org");
}

#[rstest]
#[actix_web::test]
async fn a_new_address_takes_the_password_and_does_not_tell_whose_it_is(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let change = |email: &'static str, password: &'static str| {
        [("firstname", "Ada"), ("lastname", "King"), ("email", email), ("email_password", password)]
    };
    for password in ["", "wrong password"] {
        let refused = ada.submit("/account", "/account", &change("new@x.org", password)).await;
        assert_eq!(refused.status(), 422);
        assert!(Page::of(refused).await.has("#e-email_password"));
    }
    assert_eq!(app.user("ada").email, "ada@example.org");

    // A free address and that of the admin are answered alike.
    let mut answers = Vec::new();
    for email in ["new@x.org", "root@example.org"] {
        let answer = ada.submit("/account", "/account", &change(email, PASSWORD)).await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/account".into()));
        let page = ada.page("/account").await;
        assert_eq!(page.attribute("#f-email", "value").as_deref(), Some(email));
        answers.push(page.text());
    }
    assert_eq!(answers[0], answers[1]);

    // The address still opens the admin's account only, and the admin sees who claims it.
    let log_in = async |login: &str| {
        let fields = [("username", login), ("password", PASSWORD)];
        let browser = app.browser();
        browser.submit("/login", "/login", &fields).await;
        browser.page("/account").await.text()
    };
    assert!(log_in("root@example.org").await.contains("root ·"));
    assert!(log_in("ada").await.contains("ada ·"));
    assert!(admin.page("/admin/users?status=active").await.says("Same email as root"));
    assert!(admin.page(&format!("/admin/users/{id}")).await.says("root logs in with this address"));
    let body = app.program("root").await.json(&format!("/api/admin/users/{id}")).await;
    assert_eq!(body["email_holder"], "root");

    // An admin, who sees all addresses, is told.
    let taken = [
        ("firstname", "R"),
        ("lastname", "A"),
        ("email", "ada@example.org"),
        ("email_password", PASSWORD),
    ];
    assert_eq!(
        ada.submit("/account", "/account", &change("ada@example.org", PASSWORD)).await.status(),
        303
    );
    let refused = admin.submit("/account", "/account", &taken).await;
    assert_eq!(refused.status(), 422);
    assert!(Page::of(refused).await.says("There is an account with that email already."));
    let changes = app
        .services
        .db
        .read(|conn| {
            use diesel::prelude::*;
            use nexus_media::db::schema::audit_log;
            let details = audit_log::table
                .filter(audit_log::event.eq("email_changed"))
                .order(audit_log::id)
                .select(audit_log::detail);
            Ok(details.load::<String>(conn)?)
        })
        .unwrap();
    assert_eq!(
        changes,
        [
            "ada@example.org to new@x.org",
            "new@x.org to root@example.org",
            "root@example.org to ada@example.org"
        ]
    );
}

#[rstest]
#[actix_web::test]
async fn a_new_password_ends_all_other_sessions(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let other = app.browser();
    other.submit("/login", "/login", &[("username", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(other.get("/dashboard").await.status(), 200);
    let wrong = [("current_password", "not it"), ("new_password", "a new long password")];
    assert_eq!(ada.submit("/account", "/account/password", &wrong).await.status(), 422);
    let right = [("current_password", PASSWORD), ("new_password", "a new long password")];
    assert_eq!(ada.submit("/account", "/account/password", &right).await.status(), 303);
    assert_eq!(location(&other.get("/dashboard").await), "/login");
    assert_eq!(ada.get("/dashboard").await.status(), 200, "this device stays in");
}

#[rstest]
#[actix_web::test]
async fn a_profile_picture_is_a_raster_image_and_nothing_else(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let send = |bytes: Vec<u8>| {
        let ada = ada.clone();
        async move {
            let token = ada.token("/account").await;
            let form = Form::new()
                .text("csrf_token", token)
                .part("picture", Part::bytes(bytes).file_name("me.png"));
            ada.request("POST", "/account/picture")
                .multipart(form)
                .send()
                .await
                .unwrap()
                .status()
                .as_u16()
        }
    };
    assert_eq!(send(png(1)).await, 303);
    let answer = ada.get("/account/picture").await;
    assert_eq!(header(&answer, "content-type"), "image/svg+xml");
    assert!(header(&answer, "content-security-policy").contains("sandbox"));
    assert!(answer.text().await.unwrap().contains("data:image/png;base64,"));
    assert!(
        std::fs::read_to_string(app.on_disk("ada", "user_icon.svg")).unwrap().contains("image/png")
    );
    assert_eq!(send(b"<svg onload='alert(1)'/>".to_vec()).await, 422);
    assert_eq!(send(vec![0xff; 2 << 20]).await, 422);
    assert_eq!(send(Vec::new()).await, 422, "no picture is no picture");
    assert!(ada.get("/account/picture").await.text().await.unwrap().contains("image/png"));
    let form = Form::new().text("csrf_token", ada.token("/account").await).text("remove", "on");
    assert_eq!(
        ada.request("POST", "/account/picture").multipart(form).send().await.unwrap().status(),
        303
    );
    assert!(ada.get("/account/picture").await.text().await.unwrap().contains(">AL</text>"));
}

#[rstest]
#[actix_web::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let browser = app.browser();
        browser.submit("/login", "/login", &[("username", "ada"), ("password", PASSWORD)]).await;
        others.push(browser);
    }
    let page = ada.page("/account/sessions").await;
    assert_eq!(page.html.select(&selector(".row-item")).count(), 4);
    assert!(page.says("127.0.0.1") && page.says("This device"));
    let first = others[0].page("/account/sessions").await;
    let action = first
        .html
        .select(&selector(".row-item"))
        .find(|row| row.text().any(|text| text.contains("This device")));
    let action = action
        .unwrap()
        .select(&selector("form"))
        .next()
        .unwrap()
        .value()
        .attr("action")
        .unwrap()
        .to_owned();
    assert_eq!(
        admin.submit("/account/sessions", &action, &[]).await.status(),
        404,
        "somebody else's session"
    );
    assert_eq!(ada.submit("/account/sessions", &action, &[]).await.status(), 303);
    assert_eq!(location(&others[0].get("/dashboard").await), "/login");
    assert_eq!(others[1].get("/dashboard").await.status(), 200);
    ada.submit("/account/sessions", "/account/sessions/end-others", &[]).await;
    for other in &others {
        assert_eq!(location(&other.get("/dashboard").await), "/login");
    }
    assert_eq!(ada.get("/dashboard").await.status(), 200);
}

#[rstest]
#[actix_web::test]
async fn a_theme_is_kept_on_the_next_page(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    assert_eq!(
        ada.page("/photos").await.attribute("html", "data-theme").as_deref(),
        Some("system")
    );
    ada.submit("/account", "/account/theme", &[("theme", "dark")]).await;
    assert_eq!(ada.page("/photos").await.attribute("html", "data-theme").as_deref(), Some("dark"));
    assert_eq!(
        ada.submit("/account", "/account/theme", &[("theme", "<script>")]).await.status(),
        422
    );
}
