//! Media through the API.

use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::json as j;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn an_item_is_uploaded_described_changed_trashed_restored_and_deleted(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let answer = ada.upload(&[("By the sea.png", &png(1)), ("letter.txt", b"Dear Ada")]).await;
    assert_eq!(answer.status(), 201);
    let body = json(answer).await;
    let (photo, letter) = (&body["items"][0], &body["items"][1]);
    let mut fields: Vec<_> = photo.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(
        fields.join(" "),
        "content_url created_at directory_id directory_name duration_ms favorite height id kind mime motion_url name preview scan sha256 size taken_at taken_local taken_offset taken_precision taken_source thumbnail_url trashed_at updated_at width"
    );
    assert_eq!(
        (&photo["kind"], &photo["mime"], &photo["directory_name"]),
        (&j!("photo"), &j!("image/png"), &j!("Photos"))
    );
    assert_eq!((&letter["kind"], &letter["directory_name"]), (&j!("document"), &j!("Uploads")));
    assert_eq!(photo["size"], j!(png(1).len()));
    assert!(photo["created_at"].as_str().unwrap().ends_with('Z'));
    let bytes = ada.get(photo["content_url"].as_str().unwrap()).await.bytes().await.unwrap();
    assert_eq!(bytes, png(1));
    assert_eq!(ada.get(photo["thumbnail_url"].as_str().unwrap()).await.status(), 200);
    let path = format!("/api/media/{}", photo["id"].as_str().unwrap());

    let made = json(ada.send("POST", "/api/directories", &j!({ "name": "Holidays" })).await).await;
    let change = j!({ "name": "Sea.png", "favorite": true, "directory": made["id"] });
    let changed = ada.send("PATCH", &path, &change).await;
    assert_eq!(changed.status(), 200);
    let changed = json(changed).await;
    assert_eq!(
        (&changed["name"], &changed["favorite"], &changed["directory_name"]),
        (&j!("Sea.png"), &j!(true), &j!("Holidays"))
    );
    assert_eq!(app.names("ada", "Holidays"), ["Sea.png"]);
    assert_eq!(ada.json(&path).await, changed);
    // All of it or nothing.
    let half = j!({ "name": "Other.png", "favorite": false, "directory": uuid::Uuid::now_v7().to_string() });
    assert_eq!(ada.send("PATCH", &path, &half).await.status(), 422);
    assert_eq!(ada.json(&path).await, changed);

    assert_eq!(
        ada.request("DELETE", &format!("{path}?permanent=true")).send().await.unwrap().status(),
        409
    );
    assert_eq!(ada.request("DELETE", &path).send().await.unwrap().status(), 204);
    assert_eq!(ada.names("shelf=trash").await, ["Sea.png"]);
    assert!(ada.json(&path).await["trashed_at"].is_string());
    assert_eq!(ada.send("PATCH", &path, &j!({ "name": "x.png" })).await.status(), 409);
    let restored = ada.request("POST", &format!("{path}/restore")).send().await.unwrap();
    assert_eq!(json(restored).await["directory_name"], j!("Holidays"));
    ada.request("DELETE", &path).send().await.unwrap();
    assert_eq!(
        ada.request("DELETE", &format!("{path}?permanent=true")).send().await.unwrap().status(),
        204
    );
    assert_eq!(ada.get(&path).await.status(), 404);
    assert_counts_are_true(&app, "ada");
}

/// The id of the user's directory for photos.
async fn photos_of(person: &Program) -> String {
    let list = person.json("/api/directories").await;
    let photos = list["directories"]
        .as_array()
        .unwrap()
        .iter()
        .find(|directory| directory["name"] == "Photos")
        .unwrap();
    photos["id"].as_str().unwrap().to_owned()
}

#[rstest]
#[actix_web::test]
async fn a_list_is_filtered_sorted_and_paged_and_its_cursor_survives_what_is_added(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    for number in 0..5_u32 {
        ada.upload_one(&format!("p{number}.png"), &png(number)).await;
    }
    let letter = ada.upload_one("letter p9.txt", b"Dear Ada").await;
    ada.send("PATCH", &format!("/api/media/{letter}"), &j!({ "favorite": true })).await;
    assert_eq!(ada.names("kind=document").await, ["letter p9.txt"]);
    assert_eq!(ada.names("kind=video").await, Vec::<String>::new());
    assert_eq!(ada.names("shelf=favorites").await, ["letter p9.txt"]);
    assert_eq!(ada.names("shelf=favorites&kind=photo").await, Vec::<String>::new());
    assert_eq!(ada.names("q=P9").await, ["letter p9.txt"]);
    assert_eq!(ada.names("shelf=photos&sort=name&limit=2").await, ["p0.png", "p1.png"]);
    assert_eq!(ada.names("sort=oldest&limit=1").await, ["p0.png"]);
    assert_eq!(ada.names("sort=largest&limit=1").await.len(), 1);
    let photos = photos_of(&ada).await;
    assert_eq!(ada.names(&format!("directory={photos}&limit=200")).await.len(), 5);

    let mut seen = Vec::new();
    let mut query = "shelf=photos&limit=2".to_owned();
    for page in 0..3 {
        let list = ada.json(&format!("/api/media/list?{query}")).await;
        seen.extend(
            list["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        if let Some(cursor) = list["next_cursor"].as_str() {
            query = format!("shelf=photos&limit=2&cursor={cursor}");
        }
        ada.upload_one(&format!("late{page}.png"), &png(100 + page)).await;
    }
    assert_eq!(seen, ["p4.png", "p3.png", "p2.png", "p1.png", "p0.png"]);
}

#[rstest]
#[actix_web::test]
async fn polling_an_unchanged_page_returns_304(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    // Until its preview is made, the item changes by itself.
    assert_eq!(ada.get(&format!("/api/media/{id}/thumbnail")).await.status(), 200);
    for path in
        ["/api/media/list", &format!("/api/media/{id}"), "/api/directories", "/api/users/me"]
    {
        let first = ada.get(path).await;
        let etag = header(&first, "etag");
        assert!(etag.starts_with('"') && etag.len() > 20, "{path}: {etag}");
        assert_eq!(header(&first, "cache-control"), "private, no-cache");
        let again = ada.request("GET", path).header("if-none-match", &etag).send().await.unwrap();
        assert_eq!(
            (again.status().as_u16(), header(&again, "etag")),
            (304, etag.clone()),
            "{path}"
        );
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let before = header(&ada.get("/api/media/list").await, "etag");
    ada.send("PATCH", &format!("/api/media/{id}"), &j!({ "favorite": true })).await;
    let after =
        ada.request("GET", "/api/media/list").header("if-none-match", before).send().await.unwrap();
    assert_eq!(after.status(), 200);
    let part = ada
        .request("GET", &format!("/api/media/{id}/content"))
        .header("range", "bytes=1-3")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (part.status().as_u16(), part.bytes().await.unwrap()),
        (206, png(1)[1..4].to_vec().into())
    );
}

#[rstest]
#[actix_web::test]
async fn the_same_bytes_return_the_existing_item_and_a_late_folder_counts(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    let again = json(ada.upload(&[("b.png", &png(1))]).await).await;
    assert_eq!((&again["items"][0]["id"], &again["items"][0]["duplicate"]), (&j!(id), &j!(true)));
    let made = json(ada.send("POST", "/api/directories", &j!({ "name": "Mine" })).await).await;
    let directory = made["id"].as_str().unwrap().to_owned();
    // As `curl -F file=@a -F directory=…` sends it.
    let form = Form::new()
        .part("file", Part::bytes(png(2)).file_name("late.png"))
        .text("directory", directory);
    let answer = ada.request("POST", "/api/media/upload").multipart(form).send().await.unwrap();
    assert_eq!(json(answer).await["items"][0]["directory_name"], j!("Mine"));
    assert_eq!(app.names("ada", "Mine"), ["late.png"]);
    let twice = Form::new()
        .text("directory", photos_of(&ada).await)
        .text("directory", photos_of(&ada).await);
    assert_eq!(
        ada.request("POST", "/api/media/upload").multipart(twice).send().await.unwrap().status(),
        422,
        "two folders"
    );
    let empty = ada
        .request("POST", "/api/media/upload")
        .multipart(Form::new().text("directory", photos_of(&ada).await))
        .send()
        .await
        .unwrap();
    assert_eq!(empty.status(), 422, "no file");
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn an_upload_that_does_not_fit_stores_nothing(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready_with(backend, &[("max_upload", "200000")]).await;
    let (_, id) = app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let answer = ada.upload(&[("big.bin", &vec![1; 250_000])]).await;
    assert_eq!(answer.status(), 413);
    assert_eq!(code(answer).await, "TOO_LARGE");
    admin.submit("/admin/users", &format!("/admin/users/{id}/quota"), &[("quota", "0.0001")]).await;
    let answer = ada.upload(&[("fits.bin", &vec![1; 60_000]), ("not.bin", &vec![2; 60_000])]).await;
    assert_eq!(answer.status(), 201);
    let body = json(answer).await;
    assert_eq!(
        (body["items"].as_array().unwrap().len(), &body["refused"][0]["code"]),
        (1, &j!("QUOTA_EXCEEDED"))
    );
    let answer = ada.upload(&[("not.bin", &vec![2; 60_000])]).await;
    assert_eq!(answer.status(), 507);
    assert_eq!(app.incoming(), 0);
    assert_counts_are_true(&app, "ada");
}
