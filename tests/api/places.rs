//! Places: the map, lists of an area, and names of cities in pages, searches and the API.

use rstest::rstest;
use serde_json::json as j;

use crate::samples::{corners, jpeg};
use crate::support::*;

/// Uploads a photo and says where it was taken.
async fn photo_at(program: &Program, name: &str, north: f64, east: f64) -> String {
    let bytes = jpeg(&corners(64, u32::try_from(40 + name.len()).unwrap()));
    let id = program.upload_one(name, &bytes).await;
    program.get(&format!("/api/media/{id}/thumbnail")).await;
    let place = j!({ "latitude": north, "longitude": east, "taken_local": "2018-08-04T12:00:00" });
    let answer = program.send("PATCH", &format!("/api/media/{id}"), &place).await;
    assert_eq!(answer.status(), 200);
    id
}

#[rstest]
#[actix_web::test]
async fn photos_are_found_on_the_map_and_by_the_names_of_their_places(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    let tower = photo_at(&root, "tower.jpg", 38.6916, -9.2160).await;
    photo_at(&root, "tram.jpg", 38.7120, -9.1300).await;
    photo_at(&root, "volcano.jpg", -16.85, -179.97).await;

    let map = admin.page("/map").await;
    assert!(map.says("Portugal") && map.says("Lisbon 2"), "{}", map.text());
    let clusters = admin.page("/map/clusters?area=36,-10,43,-6&zoom=4").await;
    assert!(clusters.says("2 items near Lisbon, Portugal"), "{}", clusters.text());
    assert!(clusters.says("2 items in this area"));
    let apart = admin.page("/map/clusters?area=38.6,-9.3,38.8,-9.1&zoom=14").await;
    assert_eq!(apart.all("a.pin").len(), 2);
    for nonsense in ["", "area=x&zoom=NaN", "area=1,2,3,4,5&zoom=1e99", "zoom=-5"] {
        assert!(
            admin.page(&format!("/map/clusters?{nonsense}")).await.says("3 items"),
            "{nonsense}"
        );
    }

    assert_eq!(root.names("area=38,-10,39,-9").await, ["tram.jpg", "tower.jpg"]);
    assert_eq!(root.names("area=-20,170,-10,-170").await, ["volcano.jpg"], "across 180 degrees");
    assert_eq!(root.get("/api/media/list?area=1,2,3").await.status(), 422);
    let list = admin.page("/photos?area=38,-10,39,-9").await;
    assert!(list.says("2 items in this area") && !list.says("volcano.jpg"));
    assert!(admin.page("/photos").await.says("Sat 4 Aug · Lisbon"));

    let item = admin.page(&format!("/items/{tower}")).await;
    assert!(item.says("Lisbon, Portugal"), "instead of degrees");
    let found = root.json(&format!("/api/media/{tower}")).await;
    assert_eq!(
        (&found["metadata"]["city"], &found["metadata"]["country"]),
        (&j!("Lisbon"), &j!("PT"))
    );
    assert_eq!(root.names("q=lisbon portugal").await, ["tram.jpg", "tower.jpg"]);
    let suggestions = admin.page("/search/suggestions?q=lisb").await;
    assert!(suggestions.says("Lisbon, Portugal Place"));

    // Moved, trashed, and removed from the map.
    let nowhere = j!({ "latitude": null, "longitude": null });
    root.send("PATCH", &format!("/api/media/{tower}"), &nowhere).await;
    assert_eq!(root.names("q=lisbon").await, ["tram.jpg"]);
    assert!(admin.page("/map").await.says("Lisbon 1"));

    let (ada, _) = app.person(&admin, "ada").await;
    assert!(ada.page("/map").await.says("No photos with a place yet"));
    assert!(ada.page("/map/clusters").await.says("Nothing was taken in this area"));
}
