//! Whether every change to a library increments its version: triggers observe this in each test
//! on SQLite, whatever its subject.

use diesel::connection::SimpleConnection;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use nexus_media::state::Services;
use rstest::rstest;

use crate::support::{Backend, MariaDb, Sqlite, TestApp, header, png};

/// Tables with the columns that pages show; all columns if none are named.
const WATCHED: [(&str, &str); 7] = [
    ("media_items", ""),
    ("user_directories", "OF directory_name, directory_path, parent_id, last_modified"),
    ("shelf_counts", "OF items, bytes"),
    ("shelf_months", "OF items"),
    ("tracks", ""),
    ("uploads", "OF received, item_id"),
    ("findings", "OF state, is_seen"),
];

/// Records each change with the version of the library at that time.
pub fn watch(services: &Services) {
    let mut sql =
        String::from("CREATE TABLE seen_changes (user_id BIGINT, version BIGINT, what TEXT);");
    for (table, columns) in WATCHED {
        for (event, row) in [("INSERT", "NEW"), ("DELETE", "OLD"), ("UPDATE", "NEW")] {
            let columns = if event == "UPDATE" { columns } else { "" };
            let trigger = format!(
                "CREATE TRIGGER seen_{table}_{event} AFTER {event} {columns} ON {table} BEGIN INSERT INTO seen_changes \
                 SELECT {row}.user_id, COALESCE((SELECT version FROM libraries WHERE user_id = {row}.user_id), -1), '{event} {table}'; END;"
            );
            sql += &trigger;
        }
    }
    services.db.write(|conn| Ok(conn.batch_execute(&sql)?)).unwrap();
}

#[derive(QueryableByName)]
struct Unnoticed {
    #[diesel(sql_type = diesel::sql_types::Text)]
    what: String,
}

/// Changes that left the version unchanged.
pub fn unnoticed(services: &Services) -> Vec<String> {
    let sql = "SELECT DISTINCT what FROM seen_changes s JOIN libraries l ON l.user_id = s.user_id WHERE l.version <= s.version";
    let rows = services.db.read(|conn| Ok(sql_query(sql).load::<Unnoticed>(conn)?)).unwrap();
    rows.into_iter().map(|row| row.what).collect()
}

/// The fewest statements of five requests: background tasks of the server may add to some of them.
async fn statements(app: &TestApp, ask: impl AsyncFn()) -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..5 {
        let before = app.services.db.statements();
        ask().await;
        fewest = fewest.min(app.services.db.statements() - before);
    }
    fewest
}

#[rstest]
#[actix_web::test]
async fn a_page_costs_two_statements_and_the_same_page_again_one_at_most(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let (person, _) = app.person(&admin, "ada").await;
    let ids =
        [person.upload_one("a.png", &png(1)).await, person.upload_one("b.png", &png(2)).await];
    let program = app.program("ada").await;
    let list = async |query: &str| {
        assert_eq!(program.get(&format!("/api/media/list{query}")).await.status(), 200);
    };
    let again = u64::from(app.services.db.is_shared());
    for path in
        ["/photos", "/photos?sort=name", "/favorites", "/recents", "/uploads", "/audios", "/trash"]
    {
        person.page(path).await;
        assert!(
            statements(&app, async || drop(person.page(path).await)).await <= again,
            "{path} again"
        );
        let mut other = 0_u32;
        let fresh = std::cell::RefCell::new(&mut other);
        let new_page = async || {
            **fresh.borrow_mut() += 1;
            let address =
                format!("{path}{}n={}", if path.contains('?') { "&" } else { "?" }, fresh.borrow());
            person.page(&address).await;
        };
        // Photos and videos are read by an index each.
        let lists = if path.starts_with("/photos") { 2 } else { 1 };
        assert!(statements(&app, new_page).await <= lists + again, "{path} drawn");
    }
    person.page("/dashboard").await;
    assert!(
        statements(&app, async || drop(person.page("/dashboard").await)).await <= again,
        "the dashboard again"
    );
    list("").await;
    assert!(statements(&app, async || list("").await).await <= again, "a list again");
    let limit = std::cell::Cell::new(10);
    let new_list = async || {
        limit.set(limit.get() + 1);
        list(&format!("?limit={}", limit.get())).await;
    };
    assert!(statements(&app, new_list).await <= 2 + again, "a list with the names of its folders");
    let picture = format!("/media/{}", ids[0]);
    assert_eq!(person.get(&picture).await.status(), 200);
    assert!(
        statements(&app, async || drop(person.get(&picture).await)).await <= again,
        "a picture again"
    );
}

#[rstest]
#[actix_web::test]
async fn a_cached_library_is_never_older_than_the_last_change(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (person, _) = app.person(&admin, "ada").await;
    let id = person.upload_one("a.png", &png(1)).await;
    // What is read of the file changes the list too.
    app.previews_done().await;
    let program = app.program("ada").await;
    let list = async |etag: &str| {
        program
            .request("GET", "/api/media/list")
            .header("if-none-match", etag)
            .send()
            .await
            .unwrap()
    };
    let first = list("").await;
    let etag = header(&first, "etag");
    assert_eq!(list(&etag).await.status(), 304);
    for round in 0..20 {
        let name = format!("round {round}.png");
        assert_eq!(person.names_on("/photos").await.len(), 1);
        assert_eq!(person.act(&id, "rename", &[("name", &name)]).await.status(), 303);
        assert_eq!(
            person.names_on("/photos").await,
            std::slice::from_ref(&name),
            "the page after a change has it"
        );
        let changed = list(&etag).await;
        assert_eq!(changed.status(), 200);
        assert!(changed.text().await.unwrap().contains(&name));
    }
    assert_eq!(person.act(&id, "trash", &[]).await.status(), 303);
    assert_eq!(person.names_on("/photos").await, Vec::<String>::new());
    assert_eq!(person.names_on("/trash").await.len(), 1);
}

#[rstest]
#[actix_web::test]
async fn a_new_sign_up_is_shown_on_the_next_page_of_an_admin(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    assert!(!admin.page("/dashboard").await.says("1 waiting"));
    let before = admin.page("/dashboard").await.source;
    app.register("ada").await;
    assert_ne!(admin.page("/dashboard").await.source, before, "the number of people who wait");
}

#[rstest]
#[actix_web::test]
async fn a_cached_open_file_is_not_sent_once_truncated_or_removed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (person, _) = app.person(&admin, "ada").await;
    let ids =
        [person.upload_one("a.png", &png(1)).await, person.upload_one("b.png", &png(2)).await];
    let get = async |id: &str| person.get(&format!("/media/{id}")).await.status().as_u16();
    for id in &ids {
        assert_eq!((get(id).await, get(id).await), (200, 200));
    }
    std::fs::OpenOptions::new()
        .write(true)
        .open(app.on_disk("ada", "Photos/a.png"))
        .unwrap()
        .set_len(10)
        .unwrap();
    std::fs::remove_file(app.on_disk("ada", "Photos/b.png")).unwrap();
    assert_eq!((get(&ids[0]).await, get(&ids[1]).await), (404, 404));
    std::fs::write(app.on_disk("ada", "Photos/a.png"), png(1)).unwrap();
    assert_eq!(get(&ids[0]).await, 200, "it is back");
}
