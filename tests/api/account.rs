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
    let taken = [("firstname", "Augusta"), ("lastname", "King"), ("email", "root@example.org")];
    assert_eq!(ada.submit("/account", "/account", &taken).await.status(), 422);
    let sneaky =
        [("firstname", "A"), ("lastname", "K"), ("email", "a@x.org"), ("access_level", "admin")];
    assert_eq!(ada.submit("/account", "/account", &sneaky).await.status(), 400);
    assert_eq!(app.user("ada").email, "augusta@example.org");
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
