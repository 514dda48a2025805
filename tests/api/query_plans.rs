//! How databases find the rows of a list: by an index in the order of the list, for every shelf, order
//! and position in the list.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use nexus_media::db::Conn;
use nexus_media::model::item::{ItemKind, NewItem};
use nexus_media::model::item_filter::ItemFilter;
use nexus_media::model::{
    Album, AlbumId, AlbumItem, AlbumKind, AlbumSort, Cursor, GrantId, GroupId, NotificationId,
    Placement, ShareLinkId, Shelf, Sort, Subject, User, WallClock, now,
};
use nexus_media::store;
use rstest::rstest;

use crate::support::{Backend, MariaDb, Sqlite, TestApp};

const ITEMS: u32 = 2_000;
const PAGE: i64 = 20;

/// Items of every kind, some favourites, some in the trash, all in one directory; many have the same size or day.
fn fill(conn: &mut Conn, user: &User) -> ItemFilter {
    let directory =
        store::directories::find_by_path(conn, user.id, "Uploads").unwrap().unwrap().directory_id;
    for number in 0..ITEMS {
        let kind = [ItemKind::Photo, ItemKind::Video, ItemKind::Audio, ItemKind::Other]
            [number as usize % 4];
        let name = format!("{:04} {number}", number * 7919 % ITEMS);
        let new = NewItem {
            size: i64::from(number % 3),
            favorite: number % 3 == 0,
            placement: if number % 5 == 0 { Placement::Trash } else { Placement::Library },
            shown_at: WallClock(i64::from(number * 53 % 7) * 86_400_000),
            ..crate::rows::item(user.id, directory, kind, number, name)
        };
        store::items::insert(conn, &new).unwrap();
    }
    conn.batch_execute("UPDATE media_items SET trashed_at = recent_at WHERE placement = 1")
        .unwrap();
    ItemFilter::directory(directory)
}

/// A server whose admin has these items.
async fn filled(backend: Backend) -> (TestApp, User, ItemFilter) {
    let (app, _admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    let user = app.user("root");
    let directory = app.services.write_library(user.id, |conn| Ok(fill(conn, &user))).unwrap();
    (app, user, directory)
}

/// Every list that can be requested, with its name.
fn lists(directory: &ItemFilter) -> Vec<(String, ItemFilter, Sort)> {
    let mut lists = Vec::new();
    let orders =
        [Sort::Newest, Sort::Oldest, Sort::Name, Sort::NameReversed, Sort::Largest, Sort::Smallest];
    for shelf in
        [Shelf::All, Shelf::Photos, Shelf::Videos, Shelf::Audios, Shelf::Uploads, Shelf::Favorites]
    {
        for sort in orders {
            lists.push((format!("{shelf:?} by {sort:?}"), ItemFilter::shelf(shelf), sort));
        }
    }
    for sort in orders {
        lists.push((format!("a directory by {sort:?}"), directory.clone(), sort));
        lists.push((
            format!("one kind by {sort:?}"),
            ItemFilter { kind: Some(ItemKind::Video), ..ItemFilter::shelf(Shelf::All) },
            sort,
        ));
    }
    lists.push(("Recents".into(), ItemFilter::shelf(Shelf::Recents), Sort::Recent));
    lists.push(("Trash".into(), ItemFilter::shelf(Shelf::Trash), Sort::Trashed));
    lists
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The query plan of SQLite for the last statement.
fn plan(conn: &mut Conn, statement: &str) -> Vec<String> {
    let text = statement.split(" -- binds").next().unwrap();
    let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(conn).unwrap();
    steps.into_iter().map(|step| step.detail).collect()
}

#[rstest]
#[actix_web::test]
async fn sqlite_finds_every_list_by_an_index_in_its_order(#[values(Sqlite)] backend: Backend) {
    let (app, user, directory) = filled(backend).await;
    let asked = Arc::new(Mutex::new(String::new()));
    app.services
        .db
        .read(|conn| {
            let last = asked.clone();
            conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    *last.lock().unwrap() = query.to_string();
                }
            });
            for (what, filter, sort) in lists(&directory) {
                let first = store::item_lists::list(conn, user.id, &filter, sort, None, PAGE)?;
                let statement = asked.lock().unwrap().clone();
                let deep = Cursor::after_item(first.last().unwrap(), sort);
                store::item_lists::list(conn, user.id, &filter, sort, Some(&deep), PAGE)?;
                let behind = asked.lock().unwrap().clone();
                for (statement, is_behind) in [(statement, false), (behind, true)] {
                    let steps = plan(conn, &statement);
                    let goes_there = steps
                        .iter()
                        .any(|step| step.contains(",id)<(?,?)") || step.contains(",id)>(?,?)"));
                    assert_eq!(
                        goes_there, is_behind,
                        "{what}: equals are walked through: {steps:?}"
                    );
                    let is_found =
                        steps.iter().all(|step| step.starts_with("SEARCH media_items USING INDEX"));
                    assert!(is_found, "{what}: {steps:?}\n{statement}");
                }
            }
            Ok(())
        })
        .unwrap();
}

#[derive(QueryableByName)]
struct Counter {
    #[diesel(sql_type = Text, column_name = "Variable_name")]
    name: String,
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// Rows that this connection has read without an index, with one, and sorted.
fn counters(conn: &mut Conn) -> [u64; 3] {
    let rows: Vec<Counter> = sql_query("SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_rnd_next', 'Handler_read_next', 'Handler_read_prev', 'Handler_icp_attempts', 'Sort_rows')").load(conn).unwrap();
    let of = |names: &[&str]| {
        rows.iter()
            .filter(|row| names.contains(&row.name.as_str()))
            .map(|row| row.value.parse::<u64>().unwrap())
            .sum()
    };
    [
        of(&["Handler_read_rnd_next"]),
        of(&["Handler_read_next", "Handler_read_prev", "Handler_icp_attempts"]),
        of(&["Sort_rows"]),
    ]
}

/// The cost of a list, without the cost of measuring it.
fn cost<T>(conn: &mut Conn, ask: impl FnOnce(&mut Conn) -> Vec<T>) -> ([u64; 3], Vec<T>) {
    let (zero, start) = (counters(conn), counters(conn));
    let items = ask(conn);
    let end = counters(conn);
    (
        std::array::from_fn(|index| {
            (end[index] - start[index]).saturating_sub(start[index] - zero[index])
        }),
        items,
    )
}

#[rstest]
#[actix_web::test]
async fn mariadb_reads_no_more_rows_than_a_page_shows_and_sorts_none(
    #[values(MariaDb)] backend: Backend,
) {
    let (app, user, directory) = filled(backend).await;
    app.services
        .db
        .read(|conn| {
            conn.batch_execute("ANALYZE TABLE media_items")?;
            for (what, filter, sort) in lists(&directory) {
                let all =
                    store::item_lists::list(conn, user.id, &filter, sort, None, i64::from(ITEMS))?;
                for part in [None, Some(1), Some(5), Some(20), Some(50), Some(80)] {
                    let after =
                        part.map(|part| Cursor::after_item(&all[all.len() * part / 100], sort));
                    let ask = |conn: &mut Conn| {
                        store::item_lists::list(conn, user.id, &filter, sort, after.as_ref(), PAGE)
                            .unwrap()
                    };
                    let ([scanned, walked, sorted], items) = cost(conn, ask);
                    assert_eq!(
                        (scanned, sorted),
                        (0, 0),
                        "{what}, behind {part:?} %: rows scanned and sorted"
                    );
                    assert!(
                        walked <= 4 * PAGE.unsigned_abs(),
                        "{what}, behind {part:?} %: {walked} rows for {}",
                        items.len()
                    );
                }
            }
            Ok(())
        })
        .unwrap();
}

/// An album of all of these items, those in the trash included.
fn album_of(conn: &mut Conn, user: &User, directory: &ItemFilter) -> AlbumId {
    let (id, at) = (AlbumId::new(), now());
    let album = Album {
        id,
        user_id: user.id,
        parent_id: None,
        kind: AlbumKind::Album,
        name: "All".into(),
        name_key: "all".into(),
        description: String::new(),
        cover_id: None,
        sort: AlbumSort::Oldest,
        items: 0,
        created_at: at,
        updated_at: at,
        allows_comments: true,
    };
    store::albums::insert(conn, &album).unwrap();
    let directory = directory.directory.unwrap();
    let items = store::items::list_in(conn, user.id, &[directory], i64::from(ITEMS)).unwrap();
    let rows: Vec<AlbumItem> = items
        .iter()
        .zip(1..)
        .map(|(item, position)| AlbumItem {
            album_id: id,
            item_id: item.id,
            copy: 0,
            user_id: user.id,
            is_shown: item.is_shown_in_albums(),
            shown_at: item.shown_at,
            name_key: item.name_key.clone(),
            position,
            added_by: user.id,
            added_at: at,
        })
        .collect();
    store::album_items::insert_all(conn, &rows).unwrap();
    id
}

/// Every order of an album in both directions, with a page from its middle.
fn album_lists(conn: &mut Conn, id: AlbumId) -> Vec<(AlbumSort, bool, Option<Cursor>)> {
    let mut lists = Vec::new();
    for sort in AlbumSort::ALL {
        for is_reversed in [false, true] {
            let order = (sort, is_reversed);
            let all = store::album_items::list(conn, id, order, None, i64::from(ITEMS)).unwrap();
            lists.push((sort, is_reversed, None));
            for part in [1, 50, 80] {
                let middle = all[all.len() * part / 100].cursor(sort);
                lists.push((sort, is_reversed, Some(middle)));
            }
        }
    }
    lists
}

#[rstest]
#[actix_web::test]
async fn sqlite_finds_every_page_of_an_album_by_an_index(#[values(Sqlite)] backend: Backend) {
    let (app, user, directory) = filled(backend).await;
    let id =
        app.services.write_library(user.id, |conn| Ok(album_of(conn, &user, &directory))).unwrap();
    let asked = Arc::new(Mutex::new(String::new()));
    let checked = app.services.db.read(|conn| {
        let lists = album_lists(conn, id);
        let last = asked.clone();
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                *last.lock().unwrap() = query.to_string();
            }
        });
        for (sort, is_reversed, after) in lists {
            let order = (sort, is_reversed);
            store::album_items::list(conn, id, order, after.as_ref(), PAGE)?;
            let statement = asked.lock().unwrap().clone();
            let steps = plan(conn, &statement);
            let is_found = |step: &String| step.starts_with("SEARCH album_items USING INDEX");
            assert!(steps.iter().all(is_found), "{sort:?} {is_reversed}: {steps:?}");
            let goes_there = steps
                .iter()
                .any(|step| step.contains(",item_id)<(?,?)") || step.contains(",item_id)>(?,?)"));
            assert_eq!(goes_there, after.is_some(), "{sort:?} {is_reversed}: {steps:?}");
        }
        Ok(())
    });
    checked.unwrap();
}

#[rstest]
#[actix_web::test]
async fn mariadb_reads_no_more_rows_of_an_album_than_a_page_shows(
    #[values(MariaDb)] backend: Backend,
) {
    let (app, user, directory) = filled(backend).await;
    let id =
        app.services.write_library(user.id, |conn| Ok(album_of(conn, &user, &directory))).unwrap();
    let checked = app.services.db.read(|conn| {
        conn.batch_execute("ANALYZE TABLE album_items")?;
        for (sort, is_reversed, after) in album_lists(conn, id) {
            let order = (sort, is_reversed);
            let ask = |conn: &mut Conn| {
                store::album_items::list(conn, id, order, after.as_ref(), PAGE).unwrap()
            };
            let ([scanned, walked, sorted], _) = cost(conn, ask);
            assert_eq!((scanned, sorted), (0, 0), "{sort:?} {is_reversed} {after:?}");
            assert!(walked <= 4 * PAGE.unsigned_abs(), "{sort:?} {is_reversed}: {walked} rows");
        }
        Ok(())
    });
    checked.unwrap();
}

#[rstest]
#[actix_web::test]
async fn lists_of_what_is_shared_are_found_by_an_index(#[values(Sqlite)] backend: Backend) {
    let (app, _) = TestApp::ready(backend).await;
    let user = app.user("root");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let checked = app.services.db.read(|conn| {
        let queries = asked.clone();
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                queries.lock().unwrap().push(query.to_string());
            }
        });
        let (grant, group) = (GrantId::new(), GroupId::new());
        let subject = Subject::Album(AlbumId::new());
        store::grants::list_of_subject(conn, user.id, subject)?;
        store::grants::list_of_library(conn, user.id, user.id)?;
        store::grants::list_libraries_to(conn, user.id, &[group])?;
        store::spaces::list(conn, user.id, PAGE)?;
        store::item_senders::list(conn, &[nexus_media::model::ItemId::new()])?;
        store::grants::list_of_albums(conn, &[AlbumId::new()])?;
        store::grants::list_of_owner(conn, user.id, Some(grant), PAGE)?;
        store::grants::list_to_user(conn, user.id, Some(grant), PAGE)?;
        store::grants::list_to_group(conn, group, Some(grant), PAGE)?;
        store::grants::list_ended(conn, now(), PAGE)?;
        store::grants::list_marks(conn, user.id)?;
        let link = ShareLinkId::new();
        store::share_links::find_by_token(conn, "hash")?;
        store::share_links::list_of_subject(conn, user.id, subject)?;
        store::share_links::list_of_owner(conn, user.id, Some(link), PAGE)?;
        store::share_links::list_of_all(conn, Some(link), PAGE)?;
        store::share_links::count_open(conn, user.id, now())?;
        store::share_links::update_deleted_ended(conn, now())?;
        store::share_links::delete_ended_before(conn, now())?;
        store::share_links::list_ending(conn, now(), now(), PAGE)?;
        store::groups::list_of_user(conn, user.id)?;
        store::groups::list_members(conn, group)?;
        let before = Some((now(), NotificationId::new()));
        store::notifications::list(conn, user.id, before, PAGE)?;
        store::notifications::count_unseen(conn, user.id)?;
        store::album_items::list_owners(conn, AlbumId::new(), 40)?;
        let queries = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(queries.len(), 26);
        for statement in queries {
            let steps = plan(conn, &statement);
            let is_scan = |step: &String| step.starts_with("SCAN");
            assert!(!steps.iter().any(is_scan), "{statement}: {steps:?}");
            // Members are sorted by name; a group has two hundred at most.
            let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            let is_small = statement.contains("user_group");
            assert!(!is_sorted || is_small, "{statement}: {steps:?}");
        }
        Ok(())
    });
    checked.unwrap();
}
