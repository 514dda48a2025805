//! Groups of users: who may change them, and what happens when members go.

use rstest::rstest;
use serde_json::json;

use crate::sharing::{created, share};
use crate::support::*;

#[rstest]
#[actix_web::test]
async fn only_managers_change_a_group_and_the_last_one_stays(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    for name in ["ada", "tom", "eve"] {
        app.person(&admin, name).await;
    }
    let (ada, tom, eve) =
        (app.program("ada").await, app.program("tom").await, app.program("eve").await);
    let group = created(&ada, "/api/groups", &json!({ "name": "Family" })).await;
    let base = format!("/api/groups/{group}");
    let members = format!("{base}/members");
    let member = |name: &str| format!("{members}/{}", app.id_of(name));
    let does = async |program: &Program, method: &str, path: &str, body| -> u16 {
        program.send(method, path, &body).await.status().as_u16()
    };

    // For others it does not exist, and its name is taken.
    assert_eq!(does(&eve, "GET", &base, json!({})).await, 404);
    assert_eq!(does(&eve, "POST", &members, json!({ "username": "eve" })).await, 404);
    assert_eq!(does(&eve, "POST", "/api/groups", json!({ "name": "FAMILY" })).await, 422);
    assert_eq!(does(&ada, "POST", &members, json!({ "username": "nobody" })).await, 422);
    assert_eq!(does(&ada, "POST", &members, json!({ "username": "tom" })).await, 200);
    assert_eq!(does(&ada, "POST", &members, json!({ "username": "tom" })).await, 200, "twice");
    assert_eq!(tom.json(&base).await["members"].as_array().unwrap().len(), 2);

    // Members see it and change nothing.
    assert_eq!(does(&tom, "PATCH", &base, json!({ "name": "Mine" })).await, 403);
    assert_eq!(does(&tom, "POST", &members, json!({ "username": "eve" })).await, 403);
    assert_eq!(does(&tom, "DELETE", &member("ada"), json!({})).await, 403);
    assert_eq!(does(&tom, "DELETE", &base, json!({})).await, 403);

    // Its last manager can neither leave nor step down.
    assert_eq!(does(&ada, "DELETE", &member("ada"), json!({})).await, 409);
    let step_down = json!({ "is_manager": false });
    assert_eq!(does(&ada, "PATCH", &member("ada"), step_down.clone()).await, 409);
    assert_eq!(does(&ada, "PATCH", &member("tom"), json!({ "is_manager": true })).await, 200);
    assert_eq!(does(&ada, "PATCH", &member("ada"), step_down).await, 200);
    assert_eq!(does(&tom, "PATCH", &base, json!({ "name": "Choir" })).await, 200);
    assert_eq!(does(&ada, "DELETE", &member("ada"), json!({})).await, 204);
    // The last member takes the group along.
    assert_eq!(does(&tom, "DELETE", &member("tom"), json!({})).await, 204);
    assert_eq!(does(&tom, "GET", &base, json!({})).await, 404);
    assert_eq!(does(&eve, "POST", "/api/groups", json!({ "name": "Choir" })).await, 201);
}

#[rstest]
#[actix_web::test]
async fn a_group_whose_manager_is_removed_goes_to_its_oldest_member(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    for name in ["ada", "tom", "eve"] {
        app.person(&admin, name).await;
    }
    let (ada, tom) = (app.program("ada").await, app.program("tom").await);
    let group = created(&ada, "/api/groups", &json!({ "name": "Family" })).await;
    for username in ["tom", "eve"] {
        let path = format!("/api/groups/{group}/members");
        ada.send("POST", &path, &json!({ "username": username })).await;
    }
    let actor = nexus_media::model::actor::Actor::command_line();
    let id = nexus_media::model::UserId(app.id_of("ada"));
    nexus_media::domain::accounts::remove::remove(&app.services, &actor, id).unwrap();
    let seen = tom.json(&format!("/api/groups/{group}")).await;
    assert_eq!(seen["is_manager"], true);
    assert_eq!(seen["members"].as_array().unwrap().len(), 2);
}

#[rstest]
#[actix_web::test]
async fn a_new_member_sees_what_is_shared_with_the_group_on_pages_and_is_told(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let (tom, tom_id) = app.person(&admin, "tom").await;
    let item = ada.upload_one("one.png", &png(1)).await;
    app.previews_done().await;
    let made = ada.submit("/groups", "/groups", &[("name", "Family")]).await;
    let group = location(&made);
    let id = group.trim_start_matches("/groups/");
    share(&app.program("ada").await, &json!({ "item": item, "groups": [id] })).await;
    let wrong = ada.submit(&group, &format!("{group}/members"), &[("person", "nobody")]).await;
    assert_eq!(wrong.status(), 422);
    let added = ada.submit(&group, &format!("{group}/members"), &[("person", "tom")]).await;
    assert_eq!(added.status(), 303);
    assert!(tom.page("/notifications").await.says("added you to the group “Family”"));
    assert!(tom.page("/shared").await.has("a.album"));
    assert!(tom.page(&group).await.says("manager"));
    assert!(!tom.page(&group).await.has("#person"), "only managers add members");
    let to = format!("{group}/members/{tom_id}/manager");
    ada.submit(&group, &to, &[("manager", "yes")]).await;
    assert!(tom.page(&group).await.has("#person"));
    let left = tom.submit(&group, &format!("{group}/leave"), &[]).await;
    assert_eq!(left.status(), 303);
    assert!(!tom.page("/shared").await.has("a.album"));
    assert_eq!(tom.get(&group).await.status(), 404);
    let asked = ada.page(&format!("{group}/delete")).await;
    assert!(asked.says("Family"));
    ada.submit(&format!("{group}/delete"), &format!("{group}/delete"), &[]).await;
    assert!(!ada.page("/groups").await.says("Family"));
}
