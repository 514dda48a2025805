//! The audit log: what is recorded, that changes are detected, and how an admin reads it.

use diesel::RunQueryDsl;
use nexus_media::domain::audit;
use nexus_media::error::Error;
use nexus_media::model::audit::AuditFilter;
use nexus_media::model::{AuditRow, Event};
use rstest::rstest;

use crate::support::*;

fn rows(app: &TestApp) -> Vec<AuditRow> {
    audit::list(&app.services, &AuditFilter::default(), None, 1000).unwrap()
}

/// Event, actor and subject, oldest first.
fn story(app: &TestApp) -> Vec<(String, String, String)> {
    rows(app).into_iter().rev().map(|row| (row.event, row.actor, row.subject)).collect()
}

fn told(event: &str, actor: &str, subject: &str) -> (String, String, String) {
    (event.into(), actor.into(), subject.into())
}

fn change(app: &TestApp, sql: &str) {
    app.services.db.write(|conn| Ok(diesel::sql_query(sql).execute(conn)?)).unwrap();
}

fn broken(app: &TestApp) -> String {
    match audit::verify(&app.services, None) {
        Err(Error::Conflict(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[actix_web::test]
async fn log_ins_approvals_roles_and_deletions_are_audited(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, id) = app.person(&admin, "ada").await;
    let person = format!("/admin/users/{id}");
    for wrong in [("ada", "not her password"), ("hunter2 in the wrong field", "x")] {
        app.browser()
            .submit("/login", "/login", &[("username", wrong.0), ("password", wrong.1)])
            .await;
    }
    app.browser().submit("/login", "/login", &[("username", "ada"), ("password", PASSWORD)]).await;
    let file = ada.upload_one("secret plans.txt", b"bytes").await;
    ada.act(&file, "trash", &[]).await;
    ada.act(&file, "delete", &[]).await;
    admin
        .submit("/admin/users", &format!("{person}/access-level"), &[("access_level", "admin")])
        .await;
    admin.submit("/admin/users", &format!("{person}/quota"), &[("quota", "5")]).await;
    admin.submit("/admin/users", &format!("{person}/access-code"), &[]).await;
    admin.submit("/admin/users", &format!("{person}/suspend"), &[]).await;
    app.browser().submit("/login", "/login", &[("username", "ada"), ("password", PASSWORD)]).await;
    admin.submit("/admin/users", &format!("{person}/reactivate"), &[]).await;
    admin.submit("/admin/users", "/logout", &[]).await;
    let story = story(&app);
    let expected = [
        told("account_made", "root", "root"),
        told("registered", "ada", "ada"),
        told("approved", "root", "ada"),
        told("log_in_refused", "", "ada"),
        told("log_in_refused", "", "(nobody of that name)"),
        told("logged_in", "ada", "ada"),
        told("deleted", "ada", "ada"),
        told("access_level_set", "root", "ada"),
        told("quota_set", "root", "ada"),
        told("code_handed_out", "root", "ada"),
        told("suspended", "root", "ada"),
        told("log_in_refused", "ada", "ada"),
        told("reactivated", "root", "ada"),
        told("logged_out", "root", "root"),
    ];
    assert_eq!(story, expected);
    let all = rows(&app);
    for row in &all {
        let is_of_the_server = row.actor.starts_with('(');
        assert_eq!(
            row.address,
            if is_of_the_server { "" } else { "127.0.0.1" },
            "{} from where",
            row.event
        );
    }
    let text = format!("{all:?}");
    assert!(
        !text.contains("secret plans") && !text.contains("hunter2"),
        "no file's name, and nothing that may be a password"
    );
    let deleted = all.iter().find(|row| row.event == "deleted").unwrap();
    assert_eq!(deleted.detail, "1 files, 5 bytes");
    assert_eq!(audit::verify(&app.services, None).unwrap().rows, expected.len() as u64);
}

#[rstest]
#[actix_web::test]
async fn a_row_that_was_changed_or_taken_out_breaks_the_chain(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    for name in ["ada", "grace", "edith"] {
        app.person(&admin, name).await;
    }
    let whole = audit::verify(&app.services, None).unwrap();
    assert_eq!((whole.first, whole.rows, whole.last.0), (1, 7, 7));
    change(&app, "UPDATE audit_log SET actor = 'grace' WHERE id = 3");
    assert!(broken(&app).contains("row 3 is not as it was written"), "{}", broken(&app));
    change(&app, "UPDATE audit_log SET actor = 'root' WHERE id = 3");
    assert_eq!(audit::verify(&app.services, None).unwrap(), whole);

    change(&app, "CREATE TABLE kept_rows AS SELECT * FROM audit_log");
    change(&app, "DELETE FROM audit_log WHERE id = 4");
    assert!(broken(&app).contains("row 4 is gone"), "{}", broken(&app));
    change(&app, "INSERT INTO audit_log SELECT * FROM kept_rows WHERE id = 4");
    change(&app, "DELETE FROM audit_log WHERE id = 7");
    assert!(broken(&app).contains("row 7 and what came after it are gone"), "{}", broken(&app));

    // Someone with the database can rewrite the whole chain, but not to the same hash.
    let (id, hash) = whole.last;
    let row = rows(&app).into_iter().find(|row| row.id == 6).unwrap();
    change(&app, &format!("UPDATE audit_head SET last = 6, hash = '{}'", row.hash));
    assert_eq!(audit::verify(&app.services, None).unwrap().rows, 6);
    assert!(audit::verify(&app.services, Some((id, &hash))).is_err(), "the noted hash shows it");
    assert!(audit::verify(&app.services, Some((6, &row.hash))).is_ok());
    change(&app, "DROP TABLE kept_rows");
}

#[rstest]
#[actix_web::test]
async fn an_admin_filters_audit_rows_by_event_user_and_time_and_exports_them(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    app.person(&admin, "grace").await;
    let shown = |page: Page| page.html.select(&selector("tr[data-audit]")).count();
    assert_eq!(shown(admin.page("/admin/audit").await), 5);
    assert_eq!(shown(admin.page("/admin/audit?event=approved").await), 2);
    assert_eq!(shown(admin.page("/admin/audit?event=approved&who=grace").await), 1);
    assert_eq!(shown(admin.page("/admin/audit?from=2020-01-01&until=2020-01-02").await), 0);
    assert!(admin.page("/admin/audit?until=2020-01-02").await.says("No matching entries"));
    assert_eq!(shown(admin.page("/admin/audit?from=nonsense&event=nonsense").await), 5);

    let export = admin.get("/admin/audit/export?who=ada").await;
    assert_eq!(header(&export, "content-type"), "text/csv; charset=utf-8");
    let text = export.text().await.unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[1].contains("\"approved\"") && lines[1].contains("\"root\""),
        "the newest first: {text}"
    );
}

#[actix_web::test]
async fn formulas_are_plain_text_in_an_export() {
    let (app, admin) = TestApp::ready(Sqlite).await;
    for name in ["＝1+2", "=HYPERLINK(\"http://evil\")"] {
        let form = [("name", name), ("scopes", "read"), ("days", "7"), ("password", PASSWORD)];
        assert_eq!(admin.submit("/account/tokens", "/account/tokens", &form).await.status(), 303);
    }
    let row = rows(&app).into_iter().find(|row| row.event() == Event::TokenMade).unwrap();
    assert!(row.detail.starts_with("=HYPERLINK"));
    let text = admin.get("/admin/audit/export?event=token_made").await.text().await.unwrap();
    assert!(text.contains("\"'=HYPERLINK(\"\"http://evil\"\"): read\""), "{text}");
    assert!(text.contains("\"'＝1+2: read\""), "the signs of wide scripts too: {text}");
}

#[rstest]
#[actix_web::test]
async fn two_simultaneous_writers_make_one_chain(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let tries = (0..4).map(|_| app.program("ada"));
    futures_util::future::join_all(tries).await;
    assert_eq!(audit::verify(&app.services, None).unwrap().rows, 3 + 4);
}

#[rstest]
#[actix_web::test]
async fn old_rows_are_deleted_and_the_chain_stays_valid(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("audit_days", "30")]).await;
    app.person(&admin, "ada").await;
    change(&app, "UPDATE audit_log SET happened_at = '2020-01-01 00:00:00' WHERE id <= 2");
    nexus_media::domain::ops::housekeeping::run_round(&app.services).unwrap();
    let left = audit::verify(&app.services, None).unwrap();
    assert_eq!((left.first, left.rows), (3, 2), "one of before, and one that says what was purged");
    change(&app, "DELETE FROM audit_log WHERE id = 3");
    assert!(broken(&app).contains("row 3 and what came before it are gone"), "{}", broken(&app));
}
