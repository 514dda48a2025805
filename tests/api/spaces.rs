//! Spaces: what their members may do, by their level, and that an end is an end.

use nexus_media::http::{Route, routes};
use nexus_media::model::{Level, UserId};
use rstest::rstest;
use serde_json::{Value, json};

use crate::access::{Ids, call_at};
use crate::support::*;

/// A space that `mia` manages, with members who edit, contribute and view, and `eve`, who is none.
struct Space {
    app: TestApp,
    admin: Browser,
    id: i64,
    mia: Program,
    ed: Program,
    cat: Program,
    vic: Program,
    eve: Program,
}

impl Space {
    async fn start(backend: Backend) -> Self {
        let (app, admin) = TestApp::ready_with(backend, &[("spaces", "everybody")]).await;
        let mut programs = Vec::new();
        for name in ["mia", "ed", "cat", "vic", "eve"] {
            app.person(&admin, name).await;
            rename(&app, name, &format!("{}{}", name[..1].to_uppercase(), &name[1..]));
            programs.push(app.program(name).await);
        }
        let [mia, ed, cat, vic, eve] = <[Program; 5]>::try_from(programs).ok().unwrap();
        let made = json(mia.send("POST", "/api/spaces", &json!({ "name": "Family" })).await).await;
        assert_eq!(
            (made["name"].as_str(), made["level"].as_str()),
            (Some("Family"), Some("manage"))
        );
        let space = Self { app, admin, id: made["id"].as_i64().unwrap(), mia, ed, cat, vic, eve };
        for (name, level) in [("ed", "edit"), ("cat", "contribute"), ("vic", "view")] {
            space.add(&json!({ "people": [name], "level": level })).await;
        }
        space
    }

    /// An address of the API of the space.
    fn api(&self, path: &str) -> String {
        format!("/api/spaces/{}{path}", self.id)
    }

    async fn add(&self, body: &Value) -> Value {
        let answer = self.mia.send("POST", &self.api("/members"), body).await;
        assert_eq!(answer.status(), 201, "{body}");
        json(answer).await
    }

    async fn member(&self, name: &str) -> String {
        let members = self.mia.json(&self.api("/members")).await;
        let member = members["members"].as_array().unwrap().iter().find(|it| it["name"] == name);
        member.unwrap_or_else(|| panic!("{name} in {members}"))["id"].as_str().unwrap().to_owned()
    }

    async fn upload(&self, by: &Program, name: &str, bytes: &[u8]) -> reqwest::Response {
        let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        by.request("POST", &self.api("/media/upload")).multipart(form).send().await.unwrap()
    }

    async fn upload_one(&self, by: &Program, name: &str, bytes: &[u8]) -> String {
        let answer = self.upload(by, name, bytes).await;
        assert_eq!(answer.status(), 201);
        json(answer).await["items"][0]["id"].as_str().unwrap().to_owned()
    }

    async fn status(&self, by: &Program, path: &str) -> u16 {
        by.get(&self.api(path)).await.status().as_u16()
    }

    async fn names(&self, by: &Program) -> Vec<String> {
        let list = by.json(&self.api("/media/list?shelf=all&sort=name")).await;
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }

    /// A browser with a session of a member.
    async fn browser(&self, name: &str) -> Browser {
        let browser = self.app.browser();
        let fields = [("username", name), ("password", PASSWORD)];
        assert_eq!(browser.submit("/login", "/login", &fields).await.status(), 303);
        browser
    }

    fn used_bytes(&self) -> i64 {
        let id = UserId(self.id);
        let user = self.app.services.db.read(|conn| Ok(nexus_media::store::users::find(conn, id)?));
        user.unwrap().unwrap().used_bytes
    }
}

/// Everyone registers with the same name; tests tell members apart by another one.
fn rename(app: &TestApp, username: &str, firstname: &str) {
    use diesel::prelude::*;
    use nexus_media::db::schema::users;
    let user = users::table.filter(users::username.eq(username));
    let renamed = app.services.db.write(|conn| {
        Ok(diesel::update(user).set(users::firstname.eq(firstname)).execute(conn)?)
    });
    assert_eq!(renamed.unwrap(), 1);
    app.services.session_cache.invalidate_user(app.user(username).id);
}

#[rstest]
#[actix_web::test]
async fn members_fill_one_library_which_is_not_that_of_any_of_them(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let space = Space::start(backend).await;
    let own = space.cat.upload_one("own.png", &png(1)).await;
    let photo = space.upload_one(&space.cat, "ours.png", &png(2)).await;
    assert_eq!(space.names(&space.vic).await, ["ours.png"]);
    assert_eq!(space.cat.names("shelf=all").await, ["own.png"]);

    // Nobody's own space is used, and the file is in the folder of the space.
    let size = i64::try_from(png(2).len()).unwrap();
    assert_eq!(space.used_bytes(), size);
    let item = space.vic.json(&space.api(&format!("/media/{photo}"))).await;
    let content = item["content_url"].as_str().unwrap();
    assert_eq!(content, space.api(&format!("/media/{photo}/content")));
    assert_eq!(space.vic.get(content).await.bytes().await.unwrap(), png(2));

    // Neither library has what is in the other one.
    assert_eq!(space.status(&space.cat, &format!("/media/{own}")).await, 404);
    assert_eq!(space.cat.get(&format!("/api/media/{photo}")).await.status(), 404);
    assert_eq!(space.mia.get(&format!("/api/media/{photo}/content")).await.status(), 404);

    // Somebody else's space, one that does not exist and what is no space look the same.
    let person = space.app.id_of("mia");
    let mut bodies = Vec::new();
    for id in [space.id, 999_999, person] {
        let answer = space.eve.get(&format!("/api/spaces/{id}/media/list?shelf=all")).await;
        assert_eq!(answer.status(), 404);
        bodies.push(answer.bytes().await.unwrap());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    // An admin is nothing special.
    let root = space.app.program("root").await;
    assert_eq!(space.status(&root, "/media/list").await, 404);
    assert_eq!(root.json("/api/spaces").await["spaces"], json!([]));
    assert_eq!(space.vic.json("/api/spaces").await["spaces"][0]["level"], "view");
}

/// A path with ids of nothing: what a member may do is decided before anything is looked up.
fn in_space(route: &Route, id: i64) -> String {
    let nothing = uuid::Uuid::now_v7().to_string();
    let (start, rest) = match route.path {
        path if path.contains("{space}") => ("", path),
        path => match path.strip_prefix("/api") {
            Some(rest) => ("/api/spaces/{space}", rest),
            None => ("/spaces/{space}", path),
        },
    };
    let path = format!("{start}{rest}").replace("{space}", &id.to_string());
    let parts = path.split('/').map(|part| match part {
        "{page}" => "1",
        part if part.starts_with('{') => nothing.as_str(),
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[rstest]
#[actix_web::test]
async fn every_route_of_a_library_needs_its_level_in_a_space(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let space = Space::start(backend).await;
    let actors = [
        ("eve", None),
        ("vic", Some(Level::View)),
        ("cat", Some(Level::Contribute)),
        ("ed", Some(Level::Edit)),
        ("mia", Some(Level::Manage)),
    ];
    let routes = routes();
    let (mut tried, ids) = (0, Ids::of_nothing());
    for (name, level) in actors {
        let browser = space.browser(name).await;
        let token = browser.token("/photos").await;
        for route in &routes {
            // What would end the membership comes last.
            let ends = route.path.ends_with("/leave") || route.path == "/api/spaces/{space}";
            if route.method == "OPTIONS" || (ends && route.method != "GET") {
                continue;
            }
            // Deleting the space is tried by those who may not.
            if route.path == "/spaces/{space}/delete" && level == Some(Level::Manage) {
                continue;
            }
            // What does not exist in spaces is tried by the manager alone.
            if route.space.is_none() && level != Some(Level::Manage) {
                continue;
            }
            let path = in_space(route, space.id);
            let answer = call_at(&browser, route, &path, &ids, &token).await;
            let status = answer.status().as_u16();
            let says = format!("{name}: {} {path}: {status}", route.method);
            match (route.space, level) {
                (None, _) => assert!(matches!(status, 404 | 405) || !in_spaces(route), "{says}"),
                (Some(_), None) => assert_eq!(status, 404, "{says}"),
                (Some(needs), Some(level)) if level < needs => assert_eq!(status, 403, "{says}"),
                (Some(_), Some(_)) => assert!(status != 403 && status < 500, "{says}"),
            }
            tried += 1;
        }
    }
    assert!(tried > 600, "{tried}");
}

/// Whether a path with the address of a space in front of it could be one of the space.
fn in_spaces(route: &Route) -> bool {
    !route.path.contains("{space}")
}

#[rstest]
#[actix_web::test]
async fn an_end_of_a_membership_is_an_end(#[values(Sqlite, MariaDb)] backend: Backend) {
    let space = Space::start(backend).await;
    let photo = space.upload_one(&space.ed, "ours.png", &png(2)).await;
    let content = format!("/media/{photo}/content");
    let list = "/media/list?shelf=all";

    // Another level.
    let ed = space.member("Ed Lovelace").await;
    let path = space.api(&format!("/members/{ed}"));
    let answer = space.mia.send("PATCH", &path, &json!({ "level": "view" })).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(space.upload(&space.ed, "late.png", &png(3)).await.status(), 403);
    assert_eq!(space.status(&space.ed, &content).await, 200);

    // Removed, and back again.
    assert_eq!(space.mia.send("DELETE", &path, &json!({})).await.status(), 204);
    assert_eq!(space.status(&space.ed, list).await, 404);
    assert_eq!(space.status(&space.ed, &content).await, 404);
    space.add(&json!({ "people": ["ed"], "level": "edit" })).await;
    assert_eq!(space.status(&space.ed, &content).await, 200);

    // Left; only they can come back.
    let left = space.ed.send("POST", &space.api("/leave"), &json!({})).await;
    assert_eq!(left.status(), 204);
    assert_eq!(space.status(&space.ed, list).await, 404);
    let grant = space.member("Ed Lovelace").await;
    let back = space.ed.send("POST", &format!("/api/shared/{grant}/return"), &json!({})).await;
    assert_eq!(back.status(), 204);
    assert_eq!(space.status(&space.ed, list).await, 200);

    // As a member of a group, whose membership ends.
    let group =
        json(space.mia.send("POST", "/api/groups", &json!({ "name": "Choir" })).await).await;
    let group = group["id"].as_str().unwrap().to_owned();
    space.add(&json!({ "groups": [group], "level": "contribute" })).await;
    let members = format!("/api/groups/{group}/members");
    space.mia.send("POST", &members, &json!({ "username": "eve" })).await;
    assert_eq!(space.status(&space.eve, list).await, 200);
    assert_eq!(space.upload(&space.eve, "eve.png", &png(4)).await.status(), 201);
    let eve = space.app.id_of("eve");
    space.mia.send("DELETE", &format!("{members}/{eve}"), &json!({})).await;
    assert_eq!(space.status(&space.eve, list).await, 404);

    // A suspended member; what they added stays.
    let path = format!("/api/admin/users/{}", space.app.id_of("cat"));
    let root = space.app.program("root").await;
    let by_cat = space.upload_one(&space.cat, "cat.png", &png(5)).await;
    let suspended = root.send("PATCH", &path, &json!({ "status": "suspended" })).await;
    assert_eq!(suspended.status(), 200);
    assert_ne!(space.status(&space.cat, list).await, 200);
    assert_eq!(space.status(&space.vic, &format!("/media/{by_cat}")).await, 200);

    // Deleted: the folder stays on disk.
    let folder = space.app.on_disk("mia", "..");
    let before = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(space.mia.send("DELETE", &space.api(""), &json!({})).await.status(), 204);
    for program in [&space.mia, &space.ed, &space.vic] {
        assert_eq!(space.status(program, list).await, 404);
        assert_eq!(space.status(program, &content).await, 404);
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), before);
    let told = space.vic.json("/api/notifications").await;
    assert_eq!(told["notifications"][0]["kind"], "access_ended");
    assert_albums_are_true(&space.app);
}

#[rstest]
#[actix_web::test]
async fn a_space_keeps_a_manager(#[values(Sqlite, MariaDb)] backend: Backend) {
    let space = Space::start(backend).await;
    let mia = space.api(&format!("/members/{}", space.member("Mia Lovelace").await));
    let lower = json!({ "level": "edit" });
    assert_eq!(space.mia.send("PATCH", &mia, &lower).await.status(), 409);
    assert_eq!(space.mia.send("DELETE", &mia, &json!({})).await.status(), 409);
    let leave = space.api("/leave");
    assert_eq!(space.mia.send("POST", &leave, &json!({})).await.status(), 409);
    // Nor by another address of the same grant.
    let grant = mia.rsplit('/').next().unwrap();
    let other = space.mia.send("DELETE", &format!("/api/shared/{grant}"), &json!({})).await;
    assert_eq!(other.status(), 409);
    // A group is no manager that a space can rely on.
    let group =
        json(space.mia.send("POST", "/api/groups", &json!({ "name": "Choir" })).await).await;
    space.add(&json!({ "groups": [group["id"]], "level": "manage" })).await;
    assert_eq!(space.mia.send("POST", &leave, &json!({})).await.status(), 409);

    space.add(&json!({ "people": ["ed"], "level": "manage" })).await;
    assert_eq!(space.mia.send("PATCH", &mia, &lower).await.status(), 200);

    // The admin appoints another one when the last is gone.
    let path = format!("/admin/spaces/{}/manager", space.id);
    let answer = space.admin.submit("/admin/spaces", &path, &[("person", "vic")]).await;
    assert_eq!(answer.status(), 303);
    let members = space.vic.json(&space.api("/members")).await;
    let vic = members["members"].as_array().unwrap().iter().find(|it| it["name"] == "Vic Lovelace");
    assert_eq!(vic.unwrap()["level"], "manage");
    let quota = format!("/admin/spaces/{}/quota", space.id);
    space.admin.submit("/admin/spaces", &quota, &[("quota", "0.000000001")]).await;
    assert_eq!(space.upload(&space.vic, "big.png", &png(7)).await.status(), 507);
    assert_eq!(space.vic.upload(&[("big.png", &png(7))]).await.status(), 201);
}

#[rstest]
#[actix_web::test]
async fn what_members_do_bears_their_names(#[values(Sqlite, MariaDb)] backend: Backend) {
    let space = Space::start(backend).await;
    let photo = space.upload_one(&space.ed, "ours.png", &png(2)).await;
    let told = space.vic.json("/api/notifications").await;
    let first = &told["notifications"][0];
    assert_eq!(
        (first["kind"].as_str(), first["title"].as_str()),
        (Some("items_added"), Some("Family"))
    );
    assert_eq!(first["actor"], "Ed Lovelace");
    let page = space.browser("vic").await.page("/notifications").await;
    assert!(page.has(&format!("a[href='/spaces/{}/recents']", space.id)));
    // Not told of one's own.
    let own = space.ed.json("/api/notifications").await;
    assert!(own["notifications"].as_array().unwrap().iter().all(|it| it["kind"] != "items_added"));

    let body = json!({ "name": "Lisbon", "ids": [photo] });
    let album = json(space.ed.send("POST", &space.api("/albums"), &body).await).await;
    let album = album["id"].as_str().unwrap().to_owned();
    let comments = space.api(&format!("/albums/{album}/comments"));
    let said = json!({ "text": "Lovely", "item": photo });
    let comment = json(space.vic.send("POST", &comments, &said).await).await;
    let activity = space.mia.json(&space.api(&format!("/albums/{album}/activity"))).await;
    let authors: Vec<_> = activity["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["author"].as_str().unwrap())
        .collect();
    assert_eq!(authors, ["Vic Lovelace", "Ed Lovelace"]);

    // Others' comments are removed by those who edit.
    let remove = format!("{comments}/{}", comment["id"].as_str().unwrap());
    assert_eq!(space.cat.send("DELETE", &remove, &json!({})).await.status(), 403);
    assert_eq!(space.ed.send("DELETE", &remove, &json!({})).await.status(), 204);

    // The audit log names the person.
    let link = space.mia.send("POST", &space.api("/links"), &json!({ "album": album })).await;
    assert_eq!(link.status(), 201);
    let log = space.admin.page("/admin/audit").await;
    assert!(log.says("mia"), "{}", log.text());
    assert!(log.says("Share link created"));
}

#[rstest]
#[actix_web::test]
async fn a_space_is_no_person(#[values(Sqlite, MariaDb)] backend: Backend) {
    let space = Space::start(backend).await;
    let id = space.id;
    let name = {
        let user = space
            .app
            .services
            .db
            .read(|conn| Ok(nexus_media::store::users::find(conn, UserId(id))?));
        user.unwrap().unwrap().username
    };
    let people = space.mia.json("/api/people").await.to_string();
    assert!(people.contains("vic") && !people.contains("Family"), "{people}");
    let shared = json!({ "item": space.mia.upload_one("a.png", &png(1)).await, "people": [name] });
    assert_eq!(space.mia.send("POST", "/api/grants", &shared).await.status(), 422);
    for list in ["/admin/users?status=active", "/admin/status", "/admin/users"] {
        assert!(!space.admin.page(list).await.says(&name), "{list}");
    }
    let root = space.app.program("root").await;
    for (method, body) in [
        ("GET", json!({})),
        ("PATCH", json!({ "status": "suspended" })),
        ("PATCH", json!({ "access_level": "admin" })),
    ] {
        let answer = root.send(method, &format!("/api/admin/users/{id}"), &body).await;
        assert_eq!(answer.status(), 404, "{method} {body}");
    }
    let log_in = json!({ "username": name, "password": "!" });
    assert_eq!(space.mia.send("POST", "/api/auth/login", &log_in).await.status(), 401);
    // Where only admins create spaces, others cannot.
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    assert_eq!(ada.send("POST", "/api/spaces", &json!({ "name": "Club" })).await.status(), 403);
    let root = app.program("root").await;
    assert_eq!(root.send("POST", "/api/spaces", &json!({ "name": "Club" })).await.status(), 201);
    for bad in ["", "   ", &"x".repeat(101)] {
        let answer = root.send("POST", "/api/spaces", &json!({ "name": bad })).await;
        assert_eq!(answer.status(), 422, "{bad}");
    }
}

#[rstest]
#[actix_web::test]
async fn pages_of_a_space_stay_in_it_and_offer_what_the_member_may_do(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let space = Space::start(backend).await;
    let photo = space.upload_one(&space.ed, "ours.png", &png(2)).await;
    space.app.previews_done().await;
    let base = format!("/spaces/{}", space.id);
    let page = async |name: &str, path: &str| space.browser(name).await.page(path).await;
    let photos = page("vic", &format!("{base}/photos")).await;
    let links = photos.all("a.tile-link");
    assert_eq!(links.len(), 1);
    assert_eq!(photos.attribute("a.tile-link", "href"), Some(format!("{base}/items/{photo}")));
    let small = photos.attribute("a.tile-link", "data-small").unwrap();
    assert!(small.starts_with(&format!("{base}/media/{photo}/thumbnail")), "{small}");
    assert!(photos.says("Family") && photos.has("a[href='/dashboard']"));
    assert!(photos.has(&format!("a[href='{base}/members']")));
    // A viewer is offered nothing that changes something.
    for form in ["/items/trash", "/items/move", "/items/favorite"] {
        assert!(!photos.has(&format!("[formaction='{base}{form}']")), "{form}");
    }
    assert!(!photos.has(&format!("a[href='{base}/upload']")));
    let item = page("vic", &format!("{base}/items/{photo}")).await;
    assert!(!item.has(&format!("form[action='{base}/items/{photo}/trash']")));
    assert!(item.has(&format!("a[href='{base}/media/{photo}?download=1']")));

    // An editor may, and comes back to the space.
    let item = page("ed", &format!("{base}/items/{photo}")).await;
    assert!(item.has(&format!("form[action='{base}/items/{photo}/trash']")));
    assert!(!item.has(&format!("a[href='{base}/share?item={photo}']")));
    let ed = space.browser("ed").await;
    let from = format!("{base}/items/{photo}");
    let answer = ed.submit(&from, &format!("{from}/trash"), &[]).await;
    assert_eq!(answer.status(), 303);
    assert!(location(&answer).starts_with(&base), "{}", location(&answer));
    assert!(space.names(&space.vic).await.is_empty());
    let members = page("mia", &format!("{base}/members")).await;
    assert!(members.says("Ed Lovelace") && members.says("Can edit"));
    assert!(page("mia", "/spaces").await.says("Family"));
}

#[rstest]
#[actix_web::test]
async fn contributors_remove_what_they_have_added_and_describe_nothing_else(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let space = Space::start(backend).await;
    let theirs = space.upload_one(&space.ed, "theirs.png", &png(1)).await;
    let own = space.upload_one(&space.cat, "own.png", &png(2)).await;
    space.app.previews_done().await;

    // A file beside a photo says something about it only if its sender may edit it.
    let sidecar = |name: &str| {
        format!(
            r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">{name}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"#
        )
    };
    space.upload_one(&space.cat, "theirs.png.xmp", sidecar("by cat").as_bytes()).await;
    space.app.previews_done().await;
    let item = space.vic.json(&space.api(&format!("/media/{theirs}"))).await;
    assert_ne!(item["metadata"]["description"], "by cat", "{item}");
    space.upload_one(&space.ed, "theirs.png.XMP", sidecar("by ed").as_bytes()).await;
    space.app.previews_done().await;
    let item = space.vic.json(&space.api(&format!("/media/{theirs}"))).await;
    assert_eq!(item["metadata"]["description"], "by ed", "{item}");
    let page = space.browser("vic").await.page(&format!("/spaces/{}/items/{own}", space.id)).await;
    assert!(page.says("Added by") && page.says("Cat Lovelace"));

    // What somebody else has added stays.
    let path = |id: &str| space.api(&format!("/media/{id}"));
    assert_eq!(space.cat.send("DELETE", &path(&theirs), &json!({})).await.status(), 403);
    assert_eq!(space.cat.send("DELETE", &path(&own), &json!({})).await.status(), 204);
    let restore = format!("{}/restore", path(&own));
    assert_eq!(space.cat.send("POST", &restore, &json!({})).await.status(), 200);
    assert_eq!(space.vic.send("DELETE", &path(&own), &json!({})).await.status(), 403);
    // Only managers delete for good, at whatever address.
    assert_eq!(space.ed.send("DELETE", &path(&own), &json!({})).await.status(), 204);
    let forever = format!("{}?permanent=true", path(&own));
    for program in [&space.ed, &space.cat] {
        assert_eq!(program.send("DELETE", &forever, &json!({})).await.status(), 403);
    }
    assert_eq!(space.mia.send("DELETE", &forever, &json!({})).await.status(), 204);

    // No other member can continue an upload, not even in the same space.
    let begin = space
        .cat
        .request("POST", &space.api("/uploads"))
        .header("tus-resumable", "1.0.0")
        .header("upload-length", 3);
    let upload = location(&begin.send().await.unwrap());
    let part = async |program: &Program, path: &str| {
        let request = program.request("PATCH", path).header("tus-resumable", "1.0.0");
        let request = request
            .header("upload-offset", 0)
            .header("content-type", "application/offset+octet-stream");
        request.body("abc").send().await.unwrap().status().as_u16()
    };
    let id = upload.rsplit('/').next().unwrap();
    assert_eq!(part(&space.mia, &upload).await, 404);
    assert_eq!(part(&space.cat, &format!("/api/uploads/{id}")).await, 404);
    assert_eq!(part(&space.cat, &upload).await, 204);
}

#[rstest]
#[actix_web::test]
async fn the_trash_and_received_files_of_a_space_need_a_level_of_their_own(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let space = Space::start(backend).await;
    let trashed = space.upload_one(&space.cat, "trashed.png", &png(1)).await;
    let path = space.api(&format!("/media/{trashed}"));
    assert_eq!(space.ed.send("DELETE", &path, &json!({})).await.status(), 204);
    let folder = json!({ "name": "Wedding" });
    let folder = json(space.ed.send("POST", &space.api("/directories"), &folder).await).await;
    let link = json!({ "directory": folder["id"], "uploads": "request" });
    let link = json(space.mia.send("POST", &space.api("/links"), &link).await).await;
    let base = crate::share_links::path_of(&link);
    crate::file_requests::send(&space.app.browser(), &base, "May", &[("new.png", &png(2))]).await;
    let waiting = space.mia.json(&space.api("/media/list?shelf=received")).await;
    let waiting = waiting["items"][0]["id"].as_str().unwrap().to_owned();

    // View, contribute, edit, manage: what each gets of the trash and of what was received.
    let browsers = [
        (&space.vic, "vic", [404, 404]),
        (&space.cat, "cat", [200, 404]),
        (&space.ed, "ed", [200, 404]),
        (&space.mia, "mia", [200, 200]),
    ];
    for (program, name, expected) in browsers {
        let browser = space.browser(name).await;
        let token = browser.token("/photos").await;
        for (item, status) in [&trashed, &waiting].into_iter().zip(expected) {
            for path in ["", "/content", "/thumbnail"] {
                let path = format!("/media/{item}{path}");
                let got = space.status(program, &path).await;
                // A preview may not be made yet.
                let is_preview = path.ends_with("thumbnail") && status == 200;
                assert!(got == status || is_preview && got != 403, "{name} {path}: {got}");
            }
            for path in [format!("items/{item}"), format!("media/{item}")] {
                let path = format!("/spaces/{}/{path}", space.id);
                assert_eq!(browser.get(&path).await.status(), status, "{name} {path}");
            }
            let path = format!("/spaces/{}/items/download", space.id);
            let zip = browser.post(&path, &token, &[("ids", item)]).await;
            assert_eq!(zip.status(), status, "{name} {path} {item}");
        }
    }
    for (program, expected) in
        [(&space.vic, [403, 403]), (&space.cat, [403, 403]), (&space.ed, [200, 403])]
    {
        for (shelf, status) in ["trash", "received"].into_iter().zip(expected) {
            assert_eq!(space.status(program, &format!("/media/list?shelf={shelf}")).await, status);
        }
    }
    let path = space.api(&format!("/media/{waiting}"));
    assert_eq!(space.ed.send("DELETE", &path, &json!({})).await.status(), 404);
    assert_eq!(space.ed.send("PATCH", &path, &json!({ "name": "x" })).await.status(), 404);
    let ed = space.browser("ed").await;
    let token = ed.token("/photos").await;
    let trash = format!("/spaces/{}/items/trash", space.id);
    assert_eq!(ed.post(&trash, &token, &[("ids", &waiting)]).await.status(), 404);
    assert_eq!(space.status(&space.mia, &format!("/media/{waiting}")).await, 200);
}

#[rstest]
#[actix_web::test]
async fn members_are_told_when_they_come_and_go(#[values(Sqlite, MariaDb)] backend: Backend) {
    let space = Space::start(backend).await;
    space.upload_one(&space.ed, "ours.png", &png(2)).await;
    let kinds = async |program: &Program| -> Vec<String> {
        let list = program.json("/api/notifications").await;
        let kinds = list["notifications"].as_array().unwrap().iter();
        kinds.map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&space.vic).await, ["items_added", "shared"]);

    // Left, and invited again.
    assert_eq!(space.vic.send("POST", &space.api("/leave"), &json!({})).await.status(), 204);
    assert_eq!(kinds(&space.vic).await, Vec::<String>::new());
    space.add(&json!({ "people": ["vic"], "level": "edit" })).await;
    assert_eq!(kinds(&space.vic).await, ["shared"]);
    assert_eq!(space.vic.json(&space.api("")).await["level"], "edit");
    space.upload_one(&space.ed, "more.png", &png(3)).await;
    let member = space.api(&format!("/members/{}", space.member("Vic Lovelace").await));
    // Nothing but the level of a member can be changed, at no address.
    let grant = format!("/grants/{}", member.rsplit('/').next().unwrap());
    for change in [json!({ "ends_at": "2036-01-01T00:00:00Z" }), json!({ "gives": "previews" })] {
        let answer = space.mia.send("PATCH", &space.api(&grant), &change).await;
        assert_eq!(answer.status(), 422, "{change}");
    }
    assert_eq!(space.mia.send("DELETE", &member, &json!({})).await.status(), 204);
    assert_eq!(kinds(&space.vic).await, ["access_ended"]);

    // A manager who is suspended does not count as one.
    space.add(&json!({ "people": ["ed"], "level": "manage" })).await;
    let root = space.app.program("root").await;
    let path = format!("/api/admin/users/{}", space.app.id_of("ed"));
    root.send("PATCH", &path, &json!({ "status": "suspended" })).await;
    assert_eq!(space.mia.send("POST", &space.api("/leave"), &json!({})).await.status(), 409);
    let storage = space.admin.page("/admin/storage").await;
    assert!(storage.has("a[href='/admin/spaces']") && !storage.text().contains("space:"));

    // The page after logging in is the one that was asked for.
    let photos = format!("/spaces/{}/photos", space.id);
    let to = location(&space.app.browser().get(&photos).await);
    assert_eq!(to, format!("/login?next={}", photos.replace('/', "%2F")));
}

#[rstest]
#[actix_web::test]
async fn a_library_that_is_shared_can_be_viewed_and_not_changed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let space = Space::start(backend).await;
    let (mia, ed) = (&space.mia, &space.ed);
    let photo = mia.upload_one("mine.png", &png(1)).await;
    let gone = mia.upload_one("gone.png", &png(2)).await;
    mia.send("DELETE", &format!("/api/media/{gone}"), &json!({})).await;
    let share = json!({ "library": true, "people": ["ed"] });
    for bad in [json!({ "level": "edit" }), json!({ "gives": "previews" })] {
        let mut share = share.clone();
        for (name, value) in bad.as_object().unwrap() {
            share[name] = value.clone();
        }
        assert_eq!(mia.send("POST", "/api/grants", &share).await.status(), 422, "{bad}");
    }
    let grant = crate::sharing::share(mia, &share).await;
    let id = space.app.id_of("mia");
    let base = format!("/api/libraries/{id}");
    let status = async |program: &Program, method: &str, path: &str| {
        program.send(method, path, &json!({ "name": "x" })).await.status().as_u16()
    };
    let list = ed.json(&format!("{base}/media/list")).await;
    assert_eq!(list["items"][0]["name"], "mine.png");
    let content = list["items"][0]["content_url"].as_str().unwrap();
    assert_eq!(ed.get(content).await.bytes().await.unwrap(), png(1));
    for (method, path, expected) in [
        ("GET", format!("{base}/media/list?shelf=trash"), 403),
        ("GET", format!("{base}/media/{gone}"), 404),
        ("PATCH", format!("{base}/media/{photo}"), 403),
        ("DELETE", format!("{base}/media/{photo}"), 403),
        ("POST", format!("{base}/albums"), 403),
        ("GET", format!("{base}/links"), 403),
        ("GET", format!("{base}/members"), 404),
        // The words of paths say whose library it is.
        ("GET", format!("/api/spaces/{id}/media/list"), 404),
        ("GET", format!("/api/libraries/{}/media/list", space.id), 404),
    ] {
        assert_eq!(status(ed, method, &path).await, expected, "{method} {path}");
    }
    // Nobody else sees it, and for its owner it is at no second address.
    for program in [&space.vic, mia] {
        assert_eq!(status(program, "GET", &format!("{base}/media/list")).await, 404);
    }
    let shared = space.browser("ed").await.get(&format!("/shared/{grant}")).await;
    assert_eq!(location(&shared), format!("/libraries/{id}/photos"));
    let page = space.browser("ed").await.page(&location(&shared)).await;
    assert!(
        page.says("Mia Lovelace") && page.has(&format!("a[href='/libraries/{id}/items/{photo}']"))
    );
    assert!(!page.has("a[href$='/members']") && !page.has("a[href$='/trash']"));
    // What others have added to an album, and what is said there, they share with its users only.
    let body = json!({ "name": "Lisbon", "ids": [photo] });
    let album = crate::sharing::created(mia, "/api/albums", &body).await;
    let to = json!({ "album": album, "people": ["cat"], "level": "contribute" });
    let of_album = crate::sharing::share(mia, &to).await;
    let added = space.cat.upload_one("cat.png", &png(8)).await;
    let ids = json!({ "ids": [added] });
    let items = format!("/api/shared/{of_album}/items");
    assert_eq!(space.cat.send("POST", &items, &ids).await.status(), 200);
    assert_eq!(crate::sharing::listed(mia, &format!("/api/albums/{album}")).await.len(), 2);
    let seen = crate::sharing::listed(ed, &format!("{base}/albums/{album}")).await;
    assert_eq!(seen, std::slice::from_ref(&photo));
    let of_cat = format!("{base}/albums/{album}/media/{added}/content");
    assert_eq!(status(ed, "GET", &of_cat).await, 404);
    assert_eq!(status(ed, "GET", &format!("{base}/albums/{album}/activity")).await, 404);
    let comments = format!("{base}/albums/{album}/comments");
    assert_eq!(ed.send("POST", &comments, &json!({ "text": "x" })).await.status(), 404);
    // What a partner opens is not recent for its owner.
    let recents = mia.json("/api/media/list?shelf=recents").await["items"][0].clone();
    let browser = space.browser("ed").await;
    browser.page(&format!("/libraries/{id}/items/{photo}")).await;
    nexus_media::domain::ops::housekeeping::write_last_seen(&space.app.services).unwrap();
    assert_eq!(mia.json("/api/media/list?shelf=recents").await["items"][0], recents);
    // It is not one of the spaces.
    assert_eq!(ed.json("/api/spaces").await["spaces"].as_array().unwrap().len(), 1);

    assert_eq!(status(mia, "DELETE", &format!("/api/grants/{grant}")).await, 204);
    assert_eq!(status(ed, "GET", &format!("{base}/media/list")).await, 404);
    assert_eq!(ed.get(content).await.status(), 404);
}

#[rstest]
#[actix_web::test]
async fn photos_of_a_partner_are_among_ones_own_until_that_ends(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let space = Space::start(backend).await;
    let (mia, ed) = (&space.mia, &space.ed);
    // More than one page, in turn.
    for number in 0..35 {
        for (program, name) in [(mia, "mia"), (ed, "ed")] {
            let name = format!("{name}-{number:02}.png");
            program.upload_one(&name, &png(100 + number)).await;
        }
    }
    space.upload_one(&space.cat, "ours.png", &png(2)).await;
    space.app.previews_done().await;
    let share = json!({ "library": true, "people": ["ed"] });
    let grant = crate::sharing::share(mia, &share).await;
    let id = space.app.id_of("mia");
    let browser = space.browser("ed").await;
    let own = browser.names_on("/photos").await;
    assert_eq!(own.len(), 35, "{own:?}");

    // Both the library of a partner and a space, each chosen on its page of photos.
    for base in [format!("/libraries/{id}"), format!("/spaces/{}", space.id)] {
        let photos = format!("{base}/photos");
        let to = format!("{photos}/in-mine");
        let shown = browser.submit(&photos, &to, &[("shown", "yes")]).await;
        assert_eq!(shown.status(), 303);
        assert!(browser.page(&photos).await.says("Hide from my photos"));
    }
    let first = browser.page("/photos").await;
    assert!(first.says("71 items, with those of"), "{}", first.text());
    let next = first.attribute("a[rel=next][href]", "href").unwrap();
    let mut names = browser.names_on("/photos").await;
    assert_eq!(names.len(), 60);
    let rest = browser.names_on(&next).await;
    names.extend(rest);
    let mut expected: Vec<String> = (0..35)
        .rev()
        .flat_map(|number| [format!("ed-{number:02}.png"), format!("mia-{number:02}.png")])
        .collect();
    expected.insert(0, "ours.png".into());
    assert_eq!(names, expected);
    // Back from the second page to the first.
    let previous = browser.page(&next).await.attribute("a[rel=prev][href]", "href").unwrap();
    assert_eq!(browser.names_on(&previous).await, expected[..60]);

    assert!(browser.page("/photos?sort=name").await.says("71 items, with those of"));

    // They lead to the library that they are in, and cannot be selected for changes of one's own.
    let theirs = first.attribute(&format!("a.tile-link[href^='/libraries/{id}/items/']"), "href");
    let item = theirs.unwrap().rsplit('/').next().unwrap().to_owned();
    assert!(!first.has(&format!("input[name=ids][value='{item}']")));
    assert!(first.has("input[name=ids]"));
    assert_eq!(browser.get(&format!("/libraries/{id}/media/{item}")).await.status(), 200);
    assert_eq!(browser.get(&format!("/media/{item}")).await.status(), 404);
    assert_eq!(ed.names("shelf=photos&limit=200").await.len(), 35);

    // What others do is seen at once.
    mia.send("DELETE", &format!("/api/media/{item}"), &json!({})).await;
    assert!(browser.page("/photos").await.says("70 items, with those of"));
    let member = space.member("Ed Lovelace").await;
    let path = space.api(&format!("/members/{member}"));
    assert_eq!(mia.send("DELETE", &path, &json!({})).await.status(), 204);
    assert!(browser.page("/photos").await.says("69 items, with those of Mia Lovelace"));
    let hide = format!("/libraries/{id}/photos");
    let hidden = browser.submit(&hide, &format!("{hide}/in-mine"), &[("shown", "no")]).await;
    assert_eq!(location(&hidden), hide);
    assert_eq!(browser.names_on("/photos").await, own);
    browser.submit(&hide, &format!("{hide}/in-mine"), &[("shown", "yes")]).await;
    assert_eq!(browser.names_on("/photos").await.len(), 60);
    mia.send("DELETE", &format!("/api/grants/{grant}"), &json!({})).await;
    assert_eq!(browser.names_on("/photos").await, own);
}
