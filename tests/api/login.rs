//! Logging in and out.

use diesel::RunQueryDsl;
use nexus_media::db::Conn;
use nexus_media::model::actor::Actor;
use nexus_media::model::now;
use nexus_media::store::users;
use rstest::rstest;

use crate::support::*;

async fn log_in(browser: &Browser, username: &str, password: &str) -> reqwest::Response {
    browser.submit("/login", "/login", &[("username", username), ("password", password)]).await
}

#[rstest]
#[actix_web::test]
async fn name_or_address_and_password_open_the_dashboard(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    for login in ["ada", " ADA ", "ada@example.org", "Ada@Example.org"] {
        let browser = app.browser();
        let answer = log_in(&browser, login, PASSWORD).await;
        assert_eq!(
            (answer.status().as_u16(), location(&answer)),
            (303, "/dashboard".into()),
            "{login}"
        );
        assert_eq!(browser.get("/dashboard").await.status(), 200);
    }
}

#[rstest]
#[actix_web::test]
async fn an_unknown_user_and_a_wrong_password_get_the_same_answer(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let mut texts = Vec::new();
    for (login, password) in [("ada", "wrong password"), ("nobody", "wrong password")] {
        let answer = log_in(&app.browser(), login, password).await;
        assert_eq!(answer.status(), 401);
        let page = Page::of(answer).await;
        assert_eq!(page.attribute("#username", "value").as_deref(), Some(login));
        assert!(page.has("[role=alert]"));
        texts.push(page.text());
    }
    assert_eq!(texts[0], texts[1]);
}

#[rstest]
#[actix_web::test]
async fn inactive_users_are_told_why_only_with_the_right_password(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.register("pending").await;
    app.register("rejected").await;
    app.person(&admin, "suspended").await;
    admin
        .submit("/admin/users", &format!("/admin/users/{}/reject", app.id_of("rejected")), &[])
        .await;
    admin
        .submit("/admin/users", &format!("/admin/users/{}/suspend", app.id_of("suspended")), &[])
        .await;
    for (name, said) in [
        ("pending", "Waiting for an admin"),
        ("rejected", "was rejected"),
        ("suspended", "is suspended"),
    ] {
        let browser = app.browser();
        assert_eq!(log_in(&browser, name, "wrong password").await.status(), 401, "{name}");
        let answer = log_in(&browser, name, PASSWORD).await;
        assert_eq!(answer.status(), 403, "{name}");
        assert!(Page::of(answer).await.says(said), "{name}");
        assert_eq!(location(&browser.get("/dashboard").await), "/login", "no session for {name}");
    }
}

#[rstest]
#[actix_web::test]
async fn the_session_is_replaced_at_log_in(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let browser = app.browser();
    let before = browser.token("/login").await;
    log_in(&browser, "ada", PASSWORD).await;
    let after = browser.token("/upload").await;
    assert_ne!(before, after, "the CSRF token of before login is worth nothing after it");
    assert_eq!(browser.post("/account/theme", &before, &[("theme", "dark")]).await.status(), 403);
    // A cookie planted before login does not become a session.
    let planted = app.browser().get("/login").await;
    let cookie = header(&planted, "set-cookie");
    let answer =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = answer
        .get(app.base.clone() + "/dashboard")
        .header("cookie", cookie.split(';').next().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(location(&answer), "/login");
}

#[rstest]
#[actix_web::test]
async fn a_copied_cookie_is_invalid_after_log_out(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let browser = app.browser();
    let answer = log_in(&browser, "ada", PASSWORD).await;
    let stolen = header(&answer, "set-cookie").split(';').next().unwrap().to_owned();
    let thief =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let look = || thief.get(app.base.clone() + "/dashboard").header("cookie", &stolen).send();
    assert_eq!(look().await.unwrap().status(), 200);
    assert!(app.user("ada").session_token.is_some());
    let answer = browser.submit("/dashboard", "/logout", &[]).await;
    assert_eq!(location(&answer), "/login");
    assert_eq!(header(&answer, "clear-site-data"), "\"cache\"");
    assert_eq!(location(&look().await.unwrap()), "/login");
    assert_eq!(app.user("ada").session_token, None);
}

#[rstest]
#[actix_web::test]
async fn the_cookie_is_http_only_lax_and_secure_behind_https(#[values(Sqlite)] backend: Backend) {
    let (app, _admin) = TestApp::ready(backend).await;
    let cookie = header(&app.browser().get("/login").await, "set-cookie");
    assert!(cookie.starts_with("nexus_session="), "{cookie}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let app = TestApp::start_with(backend, &[("public_url", "https://media.example.org")]).await;
    let cookie = header(&app.browser().get("/setup").await, "set-cookie");
    let answer = app.browser().get("/setup").await;
    assert_eq!(header(&answer, "strict-transport-security"), "max-age=31536000");
    assert!(
        cookie.starts_with("__Host-nexus_session=")
            && cookie.contains("Secure")
            && !cookie.contains("Domain"),
        "{cookie}"
    );
}

#[rstest]
#[actix_web::test]
async fn log_in_redirects_to_local_pages_only(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    assert_eq!(
        location(&app.browser().get("/photos?sort=name").await),
        "/login?next=%2Fphotos%3Fsort%3Dname"
    );
    for (next, leads_to) in [
        ("/photos?sort=name", "/photos?sort=name"),
        ("//evil.example", "/dashboard"),
        ("https://evil.example/", "/dashboard"),
        ("/\\evil", "/dashboard"),
    ] {
        let browser = app.browser();
        let answer = browser
            .submit(
                "/login",
                "/login",
                &[("username", "ada"), ("password", PASSWORD), ("next", next)],
            )
            .await;
        assert_eq!(location(&answer), leads_to, "{next}");
    }
}

#[rstest]
#[actix_web::test]
async fn php_and_older_hashes_are_accepted_and_replaced(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (_, id) = app.person(&admin, "ada").await;
    // password_hash('correct horse battery', PASSWORD_BCRYPT, ['cost' => 4]) as PHP writes it.
    let php =
        bcrypt::hash_with_result(PASSWORD, 4).unwrap().format_for_version(bcrypt::Version::TwoY);
    let at = now();
    app.services
        .db
        .write(|conn| Ok(users::update_password(conn, nexus_media::model::UserId(id), &php, at)?))
        .unwrap();
    assert_eq!(log_in(&app.browser(), "ada", PASSWORD).await.status(), 303);
    assert!(app.user("ada").password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(log_in(&app.browser(), "ada", PASSWORD).await.status(), 303);
}

/// On MariaDB only, where a transaction that reads does not block one that writes.
#[actix_web::test]
async fn a_log_in_ends_without_effect_if_another_password_is_committed_meanwhile() {
    let (app, admin) = TestApp::ready(MariaDb).await;
    // With a current and with an outdated hash. One after the other, because each counts the waiting transactions.
    for (name, bcrypt_cost, status) in [("ada", None, 401), ("grace", Some(4), 503)] {
        app.person(&admin, name).await;
        let id = app.user(name).id;
        if let Some(cost) = bcrypt_cost {
            let old = bcrypt::hash(PASSWORD, cost).unwrap();
            app.services
                .db
                .write(|conn| Ok(users::update_password(conn, id, &old, now())?))
                .unwrap();
        }

        let (started, has_started) = std::sync::mpsc::channel();
        let services = app.services.clone();
        let changing = std::thread::spawn(move || {
            let change = |conn: &mut Conn| {
                users::update_password(conn, id, "another hash", now())?;
                wait_for_waiting_transactions(conn, 0);
                started.send(()).unwrap();
                wait_for_waiting_transactions(conn, 1);
                Ok(())
            };
            services.db.write(change).unwrap();
        });
        has_started.recv().unwrap();

        let answer = log_in(&app.browser(), name, PASSWORD).await;
        changing.join().unwrap();
        assert_eq!(app.user(name).password, "another hash");
        assert_eq!(answer.status(), status, "{name}");
    }
}

/// Returns when so many transactions of this database wait for a row. `InnoDB` refreshes the table ten times a second at
/// most, and only if it was not read in the meantime.
fn wait_for_waiting_transactions(conn: &mut Conn, count: i64) {
    #[derive(diesel::QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }

    let waiting = diesel::sql_query(
        "SELECT COUNT(*) AS count FROM information_schema.innodb_trx t \
         JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
         WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()",
    );
    for _ in 0..60 {
        std::thread::sleep(std::time::Duration::from_millis(150));
        if waiting.clone().get_result::<Waiting>(conn).unwrap().count == count {
            return;
        }
    }
    panic!("not {count} transactions wait");
}

#[rstest]
#[actix_web::test]
async fn a_password_that_is_changed_while_an_old_one_is_tried_stays_changed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let user = app.user("ada");
    let old = bcrypt::hash(PASSWORD, 12).unwrap();
    app.services
        .db
        .write(|conn| Ok(users::update_password(conn, user.id, &old, user.updated_at)?))
        .unwrap();
    let browser = app.browser();
    let logging_in =
        browser.submit("/login", "/login", &[("username", "ada"), ("password", PASSWORD)]);
    let changing = async {
        nexus_media::domain::accounts::admin::set_password(
            &app.services,
            &Actor::command_line(),
            &user,
            "another long password",
        )
        .await
        .unwrap();
    };
    let (answer, ()) = futures_util::future::join(logging_in, changing).await;
    let now = app.user("ada").password;
    assert!(now.starts_with("$argon2id$"));
    let browser = app.browser();
    let again = browser
        .submit("/login", "/login", &[("username", "ada"), ("password", "another long password")])
        .await;
    assert_eq!(
        again.status(),
        303,
        "the new password is right, whatever the old one got ({})",
        answer.status()
    );
}

#[rstest]
#[actix_web::test]
async fn strangers_do_not_lock_out_a_device_that_has_logged_in(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let cookies = std::sync::Arc::new(reqwest::cookie::Jar::default());
    let from = |address: &str| {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .local_address(address.parse::<std::net::IpAddr>().unwrap())
    };
    let browser = |client: reqwest::ClientBuilder| Browser {
        base: app.base.clone(),
        client: client.build().unwrap(),
    };
    let stranger = |address: &str| browser(from(address).cookie_store(true));
    let laptop = browser(from("127.0.1.1").cookie_provider(cookies.clone()));
    assert_eq!(log_in(&laptop, "ada", PASSWORD).await.status(), 303);
    laptop.submit("/upload", "/logout", &[]).await;

    // Username and email address count together.
    for (number, name) in ["ada", "ada@example.org", "ADA", " ada ", "ada"].iter().enumerate() {
        let client = stranger(&format!("127.0.2.{}", number + 1));
        assert_eq!(log_in(&client, name, "wrong password").await.status(), 401, "{name}");
    }
    for name in ["ada", "ada@example.org"] {
        assert_eq!(log_in(&stranger("127.0.2.9"), name, PASSWORD).await.status(), 429, "{name}");
    }

    // Neither another program in her network nor her laptop elsewhere.
    assert_eq!(log_in(&stranger("127.0.1.1"), "ada", PASSWORD).await.status(), 303);
    let travelling = browser(from("127.0.3.1").cookie_provider(cookies));
    for _ in 0..5 {
        assert_eq!(log_in(&travelling, "ada", "wrong password").await.status(), 401);
    }
    assert_eq!(log_in(&travelling, "ada", PASSWORD).await.status(), 429, "it has five as well");
    // The mark is for her account only.
    for _ in 0..5 {
        log_in(&travelling, "root", "wrong password").await;
    }
    assert_eq!(log_in(&travelling, "root", PASSWORD).await.status(), 429);
}

#[rstest]
#[actix_web::test]
async fn no_typed_name_uses_up_the_tries_of_an_account(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (_, id) = app.person(&admin, "ada").await;
    let stranger = |number: usize| Browser {
        base: app.base.clone(),
        client: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .local_address(format!("127.0.4.{number}").parse::<std::net::IpAddr>().unwrap())
            .cookie_store(true)
            .build()
            .unwrap(),
    };
    let names = [
        format!("account number {id}"),
        format!("127.0.0.1 of account number {id}"),
        format!("device 127.0.0.1 of account number {id}"),
        "recovery of ada".into(),
    ];
    let mut number = 0;
    for name in names.iter().flat_map(|name| std::iter::repeat_n(name, 7)) {
        number += 1;
        let status = log_in(&stranger(number), name, "wrong password").await.status().as_u16();
        assert!(matches!(status, 401 | 429), "{status}");
    }
    // Neither where she is known nor elsewhere.
    assert_eq!(log_in(&app.browser(), "ada", PASSWORD).await.status(), 303);
    assert_eq!(log_in(&stranger(99), "ada", PASSWORD).await.status(), 303);
}
