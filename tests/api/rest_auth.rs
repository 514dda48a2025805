//! Tokens: what they permit, and that they end.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::json as j;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn a_log_in_returns_a_pair_of_tokens_and_the_user(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let body = j!({ "username": "Ada@Example.org", "password": PASSWORD });
    let answer = call(app.browser().request("POST", "/api/auth/login"), &body).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "cache-control")),
        (200, "no-store".into())
    );
    assert!(!answer.headers().contains_key("set-cookie"), "a program gets no cookie");
    let body = json(answer).await;
    assert_eq!((&body["token_type"], &body["expires_in"]), (&j!("Bearer"), &j!(900)));
    assert_eq!((&body["user"]["username"], &body["user"]["status"]), (&j!("ada"), &j!("active")));
    let program = app.program("ada").await;
    let me = program.json("/api/auth/me").await;
    assert_eq!(
        (&me["session"]["kind"], &me["user"]["email"]),
        (&j!("api"), &j!("ada@example.org"))
    );
    let user = program.json("/api/users/me").await;
    let mut fields: Vec<_> = user.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "access_level",
            "address",
            "contact_number",
            "created_at",
            "email",
            "firstname",
            "id",
            "language",
            "lastname",
            "quota_bytes",
            "status",
            "time_zone",
            "updated_at",
            "used_bytes",
            "username"
        ]
    );
}

#[rstest]
#[actix_web::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer_and_pending_users_are_told_why(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _admin) = TestApp::ready(backend).await;
    app.register("ada").await;
    let log_in = |username: &str, password: &str| {
        let body = j!({ "username": username, "password": password });
        let request = app.browser().request("POST", "/api/auth/login");
        async move { call(request, &body).await }
    };
    let (wrong, nobody) =
        (log_in("ada", "wrong password").await, log_in("nobody", "wrong password").await);
    assert_eq!(
        (wrong.status(), nobody.status()),
        (401.try_into().unwrap(), 401.try_into().unwrap())
    );
    assert_eq!(wrong.text().await.unwrap(), nobody.text().await.unwrap());
    let pending = log_in("ada", PASSWORD).await;
    assert_eq!(pending.status(), 403);
    assert_eq!(code(pending).await, "ACCOUNT_PENDING");
}

#[rstest]
#[actix_web::test]
async fn every_way_to_end_a_session_ends_its_token_at_once(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let is_dead = async |program: &Program| {
        let answer = program.get("/api/users/me").await;
        let is_refresh_dead = program
            .send("POST", "/api/auth/refresh", &j!({ "refresh_token": program.refresh_token }))
            .await;
        answer.status() == 401 && is_refresh_dead.status() == 401
    };
    let program = app.program("ada").await;
    assert_eq!(program.get("/api/users/me").await.status(), 200);
    assert_eq!(program.request("POST", "/api/auth/logout").send().await.unwrap().status(), 204);
    assert!(is_dead(&program).await, "log-out");

    let program = app.program("ada").await;
    let me = program.json("/api/auth/me").await;
    assert!(ada.page("/account/sessions").await.says("through the API"));
    ada.submit("/account/sessions", &format!("/account/sessions/{}/end", me["session"]["id"]), &[])
        .await;
    assert!(is_dead(&program).await, "ended on the account page");

    let program = app.program("ada").await;
    let fields = [("current_password", PASSWORD), ("new_password", "another long password")];
    assert_eq!(ada.submit("/account", "/account/password", &fields).await.status(), 303);
    assert!(is_dead(&program).await, "a new password");
    let fields = [("current_password", "another long password"), ("new_password", PASSWORD)];
    assert_eq!(ada.submit("/account", "/account/password", &fields).await.status(), 303);

    let program = app.program("ada").await;
    admin.submit("/admin/users", &format!("/admin/users/{id}/suspend"), &[]).await;
    let answer = program.get("/api/users/me").await;
    assert_eq!(answer.status(), 403);
    assert_eq!(code(answer).await, "ACCOUNT_SUSPENDED");
    admin.submit("/admin/users", &format!("/admin/users/{id}/reactivate"), &[]).await;
    assert!(is_dead(&program).await, "suspension");
}

#[rstest]
#[actix_web::test]
async fn a_refresh_token_works_once_and_reusing_it_ends_the_session(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let first = app.program("ada").await;
    let refreshed = first
        .send("POST", "/api/auth/refresh", &j!({ "refresh_token": first.refresh_token }))
        .await;
    assert_eq!(refreshed.status(), 200);
    let body = json(refreshed).await;
    let second = Program {
        token: body["token"].as_str().unwrap().into(),
        refresh_token: body["refresh_token"].as_str().unwrap().into(),
        ..first.clone()
    };
    assert_eq!(second.get("/api/users/me").await.status(), 200);
    // The first token was stolen.
    assert_eq!(
        first
            .send("POST", "/api/auth/refresh", &j!({ "refresh_token": first.refresh_token }))
            .await
            .status(),
        401
    );
    assert_eq!(second.get("/api/users/me").await.status(), 401);
    assert_eq!(
        second
            .send("POST", "/api/auth/refresh", &j!({ "refresh_token": second.refresh_token }))
            .await
            .status(),
        401
    );
    let filter = nexus_media::model::audit::AuditFilter::default();
    let newest =
        nexus_media::domain::audit::list(&app.services, &filter, None, 1).unwrap().remove(0);
    let told = (
        newest.event.as_str(),
        newest.actor.as_str(),
        newest.address.as_str(),
        newest.subject.as_str(),
    );
    assert_eq!(told, ("token_reused", "", "127.0.0.1", "ada"), "and from where is written down");
}

#[rstest]
#[actix_web::test]
async fn no_other_text_opens_anything(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let program = app.program("ada").await;
    let root = app.program("root").await;
    let parts: Vec<&str> = program.token.split('.').collect();
    let swapped =
        |header: &str| format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(header), parts[1], parts[2]);
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(claims.contains(from), "{claims}");
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.replace(from, to)), parts[2])
    };
    let root_signature = root.token.rsplit('.').next().unwrap();
    for (what, token) in [
        (
            "alg none",
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#), parts[1]),
        ),
        ("RS256", swapped(r#"{"alg":"RS256","typ":"JWT"}"#)),
        ("kid", swapped(r#"{"alg":"HS256","typ":"JWT","kid":"/dev/null"}"#)),
        ("no signature", format!("{}.{}", parts[0], parts[1])),
        ("empty signature", format!("{}.{}.", parts[0], parts[1])),
        ("another's signature", format!("{}.{}.{root_signature}", parts[0], parts[1])),
        ("another person", changed("\"sub\":\"2\"", "\"sub\":\"1\"")),
        ("another audience", changed("\"aud\":\"nexus-media\"", "\"aud\":\"other\"")),
        ("another issuer", changed("\"iss\":\"nexus-media\"", "\"iss\":\"other\"")),
        ("a longer life", changed("\"exp\":", "\"exp\":9")),
        ("a date as text", changed("\"exp\":", "\"exp\":\"\",\"x\":")),
        ("the refresh token", program.refresh_token.clone()),
        ("nothing", String::new()),
        ("a made-up access token", "nexus_pat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into()),
    ] {
        let answer = Program { token, ..program.clone() }.get("/api/users/me").await;
        assert_eq!(answer.status(), 401, "{what}");
        assert!(header(&answer, "www-authenticate").starts_with("Bearer"), "{what}");
        assert_eq!(code(answer).await, "UNAUTHENTICATED", "{what}");
    }
    let basic = app
        .browser()
        .request("GET", "/api/users/me")
        .header("authorization", "Basic cm9vdDpyb290")
        .send()
        .await
        .unwrap();
    assert_eq!(basic.status(), 401);
}

#[rstest]
#[actix_web::test]
async fn a_cookie_reads_and_changes_only_with_the_csrf_token(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    assert_eq!(ada.get("/api/users/me").await.status(), 200);
    let made = call(ada.request("POST", "/api/directories"), &j!({ "name": "Mine" })).await;
    assert_eq!(made.status(), 403);
    let token = ada.token("/account").await;
    let made = call(
        ada.request("POST", "/api/directories").header("x-csrf-token", token),
        &j!({ "name": "Mine" }),
    )
    .await;
    assert_eq!(made.status(), 201);
    // A valid cookie does not replace an ended Bearer token.
    let both = ada
        .request("GET", "/api/users/me")
        .header("authorization", "Bearer x")
        .send()
        .await
        .unwrap();
    assert_eq!(both.status(), 401);
}

/// Makes an access token on the account page.
async fn access_token(browser: &Browser, scopes: &[&str], days: &str) -> String {
    let mut fields = vec![("name", "backup script"), ("days", days), ("password", PASSWORD)];
    fields.extend(scopes.iter().map(|scope| ("scopes", *scope)));
    let answer = browser.submit("/account/tokens", "/account/tokens", &fields).await;
    assert_eq!(answer.status(), 303);
    let page = browser.page("/account/tokens").await;
    page.html.select(&selector(".handed .code")).next().unwrap().text().collect()
}

#[rstest]
#[actix_web::test]
async fn an_access_token_allows_what_its_scopes_say_until_it_is_revoked(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let ada_program = app.program("ada").await;
    let with = |token: String| Program { token, ..ada_program.clone() };
    let reader = with(access_token(&ada, &["read"], "30").await);
    assert!(reader.token.starts_with("nexus_pat_"));
    assert!(!ada.page("/account/tokens").await.source.contains(&reader.token), "it is shown once");
    assert_eq!(reader.get("/api/media/list").await.status(), 200);
    assert_eq!(reader.upload(&[("a.png", &png(1))]).await.status(), 403);
    assert_eq!(reader.json("/api/auth/me").await["session"]["scopes"], j!(["read"]));
    let writer = with(access_token(&ada, &["read", "write"], "0").await);
    assert_eq!(writer.upload(&[("a.png", &png(1))]).await.status(), 201);
    // No kind of token replaces another.
    assert_eq!(
        reader
            .send("POST", "/api/auth/refresh", &j!({ "refresh_token": reader.token }))
            .await
            .status(),
        401
    );
    let refused = ada
        .submit(
            "/account/tokens",
            "/account/tokens",
            &[("name", "x"), ("days", "30"), ("scopes", "admin")],
        )
        .await;
    assert_eq!(refused.status(), 422);
    // A stolen session cannot create a token that outlives it.
    let fields = [("name", "x"), ("days", "30"), ("scopes", "read"), ("password", "wrong")];
    let refused = ada.submit("/account/tokens", "/account/tokens", &fields).await;
    assert_eq!(refused.status(), 422);
    assert!(Page::of(refused).await.says("That is not your password now."));
    assert_eq!(
        ada.submit("/account/tokens", "/account/tokens", &[("name", ""), ("days", "3")])
            .await
            .status(),
        422
    );

    let id = reader.json("/api/auth/me").await["session"]["id"].to_string();
    ada.submit("/account/tokens", &format!("/account/tokens/{id}/end"), &[]).await;
    assert_eq!(reader.get("/api/media/list").await.status(), 401);
    ada.submit("/account/sessions", "/account/sessions/end-others", &[]).await;
    assert_eq!(
        writer.get("/api/media/list").await.status(),
        200,
        "logging other devices out ends no script"
    );
    let fields = [("current_password", PASSWORD), ("new_password", "another long password")];
    ada.submit("/account", "/account/password", &fields).await;
    assert_eq!(
        writer.get("/api/media/list").await.status(),
        401,
        "a new password ends every token"
    );
}

#[rstest]
#[actix_web::test]
async fn an_admins_token_manages_accounts_only_with_the_admin_scope(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.register("ada").await;
    let root = app.program("root").await;
    let plain =
        Program { token: access_token(&admin, &["read", "write"], "30").await, ..root.clone() };
    assert_eq!(plain.get("/api/admin/users").await.status(), 403);
    let full = Program {
        token: access_token(&admin, &["read", "write", "admin"], "30").await,
        ..root.clone()
    };
    let list = full.json("/api/admin/users?status=pending").await;
    assert_eq!(list["users"][0]["username"], j!("ada"));
    let path = format!("/api/admin/users/{}", list["users"][0]["id"]);
    let approved =
        full.send("PATCH", &path, &j!({ "status": "active", "quota_bytes": 1000 })).await;
    assert_eq!(approved.status(), 200);
    let approved = json(approved).await;
    assert_eq!((&approved["status"], &approved["quota_bytes"]), (&j!("active"), &j!(1000)));
    let own = format!("/api/admin/users/{}", app.id_of("root"));
    assert_eq!(
        full.send("PATCH", &own, &j!({ "access_level": "user" })).await.status(),
        409,
        "the last admin stays"
    );
    assert_eq!(full.send("PATCH", &path, &j!({ "status": "pending" })).await.status(), 409);
}
