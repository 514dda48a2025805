//! Files beside photos that describe them, sent before or after the photo.

use rstest::rstest;
use serde_json::{Value, json as j};

use crate::samples::{corners, jpeg};
use crate::support::*;

fn takeout(title: &str) -> Vec<u8> {
    j!({
        "title": title, "description": "At the lake", "favorited": true,
        "photoTakenTime": { "timestamp": "1562247012" },
        "geoData": { "latitude": 48.2, "longitude": 16.37, "altitude": 0.0 },
        "people": [{ "name": "Anna" }],
    })
    .to_string()
    .into_bytes()
}

const XMP: &[u8] = br#"<?xpacket begin=''?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
  exif:DateTimeOriginal="1962-08-15T10:00:00" xmp:Rating="5"><dc:description><rdf:Alt><rdf:li>Wedding</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"#;

fn picture(seed: u32) -> Vec<u8> {
    jpeg(&corners(60 + seed, 40))
}

fn is_photo(name: &str) -> bool {
    name.strip_suffix(".jpg").is_some()
}

async fn described(program: &Program, id: &str) -> Value {
    program.json(&format!("/api/media/{id}")).await
}

#[rstest]
#[case::sidecar_first(true)]
#[case::photo_first(false)]
#[actix_web::test]
async fn a_photo_is_described_by_the_file_beside_it_in_either_order(
    #[case] sidecar_first: bool,
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _) = TestApp::ready_with(backend, &[("time_zone", "Europe/Vienna")]).await;
    let root = app.program("root").await;
    let files = [
        ("IMG_1.jpg".to_owned(), picture(1)),
        ("IMG_1.jpg.supplemental-meta.json".to_owned(), takeout("IMG_1.jpg")),
        ("scan.jpg".to_owned(), picture(2)),
        ("scan.xmp".to_owned(), XMP.to_vec()),
        ("other.jpg".to_owned(), picture(3)),
    ];
    let mut ids = std::collections::HashMap::new();
    for (name, bytes) in files.iter().filter(|(name, _)| is_photo(name) != sidecar_first) {
        ids.insert(name.as_str(), root.upload_one(name, bytes).await);
    }
    app.previews_done().await;
    for (name, bytes) in files.iter().filter(|(name, _)| is_photo(name) == sidecar_first) {
        ids.insert(name.as_str(), root.upload_one(name, bytes).await);
    }
    app.previews_done().await;

    let photo = described(&root, &ids["IMG_1.jpg"]).await;
    assert_eq!(photo["taken_local"], "2019-07-04T15:30:12");
    assert_eq!((&photo["taken_source"], &photo["favorite"]), (&j!("sidecar"), &j!(true)));
    assert_eq!(photo["metadata"]["description"], "At the lake");
    assert_eq!(photo["metadata"]["tags"], j!(["Anna"]));
    assert_eq!(photo["metadata"]["latitude"], 48.2);
    assert_eq!(root.names("q=lake").await.len(), 1);

    let scan = described(&root, &ids["scan.jpg"]).await;
    assert_eq!((&scan["taken_local"], &scan["favorite"]), (&j!("1962-08-15T10:00:00"), &j!(true)));
    assert_eq!(scan["metadata"]["description"], "Wedding");
    let other = described(&root, &ids["other.jpg"]).await;
    assert_eq!((&other["taken_source"], &other["favorite"]), (&j!("upload"), &j!(false)));
    assert_eq!(root.names("shelf=photos").await.len(), 3, "sidecars are no photos");
    assert_counts_are_true(&app, "root");

    // What the owner says stays when the file beside it is looked into again.
    let body = j!({ "description": "Mine", "favorite": false });
    root.send("PATCH", &format!("/api/media/{}", ids["scan.jpg"]), &body).await;
    let services = app.services.clone();
    let actor = nexus_media::model::actor::Actor::command_line();
    tokio::task::spawn_blocking(move || {
        nexus_media::domain::previews::enqueue_all(&services, &actor, None).unwrap()
    })
    .await
    .unwrap();
    app.previews_done().await;
    let scan = described(&root, &ids["scan.jpg"]).await;
    assert_eq!((&scan["metadata"]["description"], &scan["favorite"]), (&j!("Mine"), &j!(false)));
    assert_counts_are_true(&app, "root");
}

#[rstest]
#[actix_web::test]
async fn only_files_in_the_same_folder_describe_a_photo(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, browser) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    let folder = json(root.send("POST", "/api/directories", &j!({ "name": "A" })).await).await;
    let id = root.upload_one("IMG_1.jpg", &picture(1)).await;
    browser
        .upload_into(folder["id"].as_str().unwrap(), &[("IMG_1.jpg.json", &takeout("IMG_1.jpg"))])
        .await;
    root.upload_one("settings.json", b"{\"a\": 1}").await;
    app.previews_done().await;
    assert_eq!(described(&root, &id).await["taken_source"], "upload");
    assert_eq!(root.names("q=settings").await, ["settings.json"]);
}

/// A ZIP archive with these files.
fn archive(path: &std::path::Path, files: &[(&str, Vec<u8>)]) {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[rstest]
#[actix_web::test]
async fn takeout_is_imported_from_folders_and_archives_and_only_once(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use nexus_media::domain::import::import_takeout;
    use nexus_media::store;

    let (app, _) = TestApp::ready_with(backend, &[("time_zone", "Europe/Vienna")]).await;
    let root = app.program("root").await;
    let export = tempfile::tempdir().unwrap();
    let year = "Takeout/Google Photos/Photos from 2019";
    let album = "Takeout/Google Photos/Lake";
    // The photo is in one archive, and what describes it in another; the album is a folder.
    archive(&export.path().join("1.zip"), &[(&format!("{year}/IMG_1.jpg"), picture(1))]);
    archive(
        &export.path().join("2.zip"),
        &[
            (&format!("{year}/IMG_1.jpg.supplemental-metada.json"), takeout("IMG_1.jpg")),
            (&format!("{year}/IMG_2.jpg"), picture(2)),
            (&format!("{year}/metadata.json"), br#"{"title":"Photos from 2019"}"#.to_vec()),
        ],
    );
    let folder = export.path().join("3").join(album);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("IMG_1.jpg"), picture(1)).unwrap();
    std::fs::write(folder.join("metadata.json"), br#"{"title":"At the lake"}"#).unwrap();

    let paths = ["1.zip", "2.zip", "3"].map(|name| export.path().join(name));
    let run = |is_dry: bool| {
        let (services, user, paths) = (app.services.clone(), app.user("root"), paths.clone());
        tokio::task::spawn_blocking(move || {
            let paths: Vec<_> = paths.iter().map(std::path::PathBuf::as_path).collect();
            import_takeout(&services, &user, &paths, is_dry, |_| {}).unwrap()
        })
    };
    assert_eq!(run(true).await.unwrap().files.taken, 3, "nothing is known of duplicates yet");
    assert_eq!(root.names("").await.len(), 0);
    let report = run(false).await.unwrap();
    assert_eq!((report.files.taken, report.files.already_there), (2, 1), "{:?}", report.skipped);
    app.previews_done().await;

    let items = app.placed_items("root");
    let (path, item) = items.iter().find(|(_, item)| item.name == "IMG_1.jpg").unwrap();
    assert_eq!((path.as_str(), items.len()), ("Photos", 2));
    let photo = described(&root, &item.id.to_string()).await;
    assert_eq!(photo["taken_local"], "2019-07-04T15:30:12");
    assert_eq!(
        (&photo["favorite"], &photo["metadata"]["description"]),
        (&j!(true), &j!("At the lake"))
    );
    let albums = app
        .services
        .db
        .read(|conn| {
            Ok(store::item_annotations::find(conn, item.user_id, item.id)?.sidecar.unwrap().albums)
        })
        .unwrap();
    assert_eq!(albums, ["At the lake"]);

    let again = run(false).await.unwrap();
    assert_eq!((again.files.taken, again.files.already_there), (0, 3));
    // The album is one of the user's, and is not made twice by another import.
    let found = root.json("/api/albums").await;
    let found: Vec<_> =
        found["albums"].as_array().unwrap().iter().map(|it| (&it["name"], &it["items"])).collect();
    assert_eq!(found, [(&j!("At the lake"), &j!(1))]);
    assert_albums_are_true(&app);
    assert_counts_are_true(&app, "root");
}
