//! Responses with an item's bytes: whole, in parts, conditional, safe to open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rstest::rstest;

use crate::support::*;

type Damage = fn(&std::path::Path);

fn film() -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2".to_vec();
    bytes.extend((0..700_000_u32).map(|n| u8::try_from(n % 251).unwrap()));
    bytes
}

#[rstest]
#[actix_web::test]
async fn a_video_can_be_played_from_any_position(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let film = film();
    let path = format!("/media/{}", ada.upload_one("film.mp4", &film).await);
    let whole = ada.get(&path).await;
    assert_eq!(whole.status(), 200);
    let etag = header(&whole, "etag");
    assert_eq!(header(&whole, "content-type"), "video/mp4");
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert_eq!(header(&whole, "content-length"), film.len().to_string());
    assert_eq!(whole.bytes().await.unwrap(), film);

    let part = |range: &'static str| ada.request("GET", &path).header("range", range).send();
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=300000-600000", 300_000, 600_001),
        ("bytes=-1000", film.len() - 1000, film.len()),
        ("bytes=700000-", 700_000, film.len()),
    ] {
        let answer = part(range).await.unwrap();
        assert_eq!(answer.status(), 206, "{range}");
        assert_eq!(
            header(&answer, "content-range"),
            format!("bytes {from}-{}/{}", to - 1, film.len())
        );
        assert_eq!(answer.bytes().await.unwrap(), film.get(from..to).unwrap(), "{range}");
    }
    let answer = part("bytes=9999999-").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-range")),
        (416, format!("bytes */{}", film.len()))
    );
    let several = part("bytes=0-1,5-6").await.unwrap();
    assert_eq!(several.status(), 200);

    let fresh = ada.request("GET", &path).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!((fresh.status().as_u16(), fresh.bytes().await.unwrap().len()), (304, 0));
    let since = ada
        .request("GET", &path)
        .header("range", "bytes=0-9")
        .header("if-range", &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(since.status(), 206);
    let other = ada
        .request("GET", &path)
        .header("range", "bytes=0-9")
        .header("if-range", "\"other\"")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), 200);
    let head = ada.request("HEAD", &path).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length"), header(&head, "etag")),
        (200, film.len().to_string(), etag)
    );
}

#[rstest]
#[actix_web::test]
async fn one_connection_serves_heads_and_ranges_in_sequence(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let film = film();
    let path = format!("/api/media/{}/content", ada.upload_one("film.mp4", &film).await);
    let head = |method: &str, more: &str| {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: nexus\r\nAuthorization: Bearer {}\r\n{more}\r\n",
            ada.token
        )
    };
    let asked = [
        (head("GET", ""), "200", 0..film.len()),
        (head("HEAD", ""), "200", 0..0),
        (head("GET", "Range: bytes=1-400000\r\n"), "206", 1..400_001),
        (head("GET", "Range: bytes=5-9\r\n"), "206", 5..10),
        (head("GET", "Range: bytes=300000-\r\n"), "206", 300_000..film.len()),
    ];
    let address = app.base.trim_start_matches("http://").to_owned();
    let talk = actix_web::rt::task::spawn_blocking(move || {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut stream = BufReader::new(stream);
        for (request, status, part) in asked {
            stream.get_mut().write_all(request.as_bytes()).unwrap();
            let mut said = String::new();
            while !said.ends_with("\r\n\r\n") {
                assert_ne!(stream.read_line(&mut said).unwrap(), 0, "{said}");
            }
            assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
            let length = if part.is_empty() { film.len() } else { part.len() };
            assert!(said.contains(&format!("content-length: {length}\r\n")), "{said}");
            let mut bytes = vec![0; part.len()];
            stream.read_exact(&mut bytes).unwrap();
            assert!(bytes == film[part.clone()], "{part:?}");
        }
    });
    talk.await.unwrap();
}

#[rstest]
#[actix_web::test]
async fn only_safe_types_open_in_the_browser(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    for (name, bytes) in [
        ("page.html", b"<!DOCTYPE html><script>alert(1)</script>".to_vec()),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec()),
        ("feed.xml", b"<?xml version='1.0'?><a/>".to_vec()),
        ("paper.pdf", b"%PDF-1.7".to_vec()),
        ("picture.png", b"<html><script>alert(1)</script></html>".to_vec()),
        ("what.xyz", b"\0\x01\x02".to_vec()),
    ] {
        let id = ada.upload_one(name, &bytes).await;
        let answer = ada.get(&format!("/media/{id}")).await;
        assert!(header(&answer, "content-disposition").starts_with("attachment;"), "{name}");
        assert!(header(&answer, "content-security-policy").starts_with("sandbox"), "{name}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{name}");
        let preview = ada.get(&format!("/media/{id}/thumbnail?size=320")).await;
        if name == "drawing.svg" {
            // Rendered in the sandbox: the response is a picture.
            assert_eq!(
                (preview.status().as_u16(), header(&preview, "content-type").as_str()),
                (200, "image/webp")
            );
        } else {
            assert_eq!(preview.status(), 404, "{name}");
        }
    }
    let id = ada.upload_one("real.png", &png(1)).await;
    let shown = ada.get(&format!("/media/{id}")).await;
    assert!(header(&shown, "content-disposition").starts_with("inline;"));
    let loaded = ada.get(&format!("/media/{id}?download=1")).await;
    assert_eq!(header(&loaded, "content-disposition"), "attachment; filename=\"real.png\"");
    assert_eq!(ada.get(&format!("/media/{id}/thumbnail?size=320")).await.status(), 200);
    assert_eq!(ada.get(&format!("/media/{id}/thumbnail?size=99999")).await.status(), 422);
}

#[rstest]
#[actix_web::test]
async fn a_file_changed_outside_the_server_is_marked_and_never_served(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    let path = app.on_disk("ada", "Photos/a.png");
    let media = format!("/media/{id}");
    let damages: [(&str, Damage); 4] = [
        ("truncated", |path| std::fs::write(path, b"x").unwrap()),
        ("removed", |path| std::fs::remove_file(path).unwrap()),
        ("a link", |path| std::os::unix::fs::symlink("/etc/passwd", path).unwrap()),
        ("a directory", |path| std::fs::create_dir(path).unwrap()),
    ];
    for (what, damage) in damages {
        damage(&path);
        let answer = ada.get(&media).await;
        assert_eq!(answer.status(), 404, "{what}");
        assert!(Page::of(answer).await.says("no longer where Nexus keeps it"), "{what}");
        assert!(ada.page(&format!("/items/{id}")).await.says("The file is missing"), "{what}");
        assert!(ada.page("/photos").await.says("File missing"), "{what}");
        if path.is_symlink() {
            std::fs::remove_file(&path).unwrap();
        }
    }
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, png(1)).unwrap();
    assert_eq!(ada.get(&media).await.bytes().await.unwrap(), png(1));
    assert!(!ada.page("/photos").await.says("File missing"));
}

#[rstest]
#[actix_web::test]
async fn a_selection_comes_as_one_archive(#[values(Sqlite, MariaDb)] backend: Backend) {
    use std::io::Read;
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let one = ada.upload_one("a.png", &png(1)).await;
    let two = ada.upload_one("film.mp4", &film()).await;
    let foreign = admin.upload_one("secret.png", &png(9)).await;
    let answer = ada
        .submit("/photos", "/items/download", &[("ids", &one), ("ids", &two), ("ids", &foreign)])
        .await;
    assert_eq!(header(&answer, "content-type"), "application/zip");
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut names: Vec<_> = archive.file_names().map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, ["a.png", "film.mp4"]);
    let mut content = Vec::new();
    archive.by_name("film.mp4").unwrap().read_to_end(&mut content).unwrap();
    assert_eq!(content, film());
    assert_eq!(ada.submit("/photos", "/items/download", &[]).await.status(), 400);
}

#[rstest]
#[actix_web::test]
async fn an_archive_names_what_is_missing_in_the_language_of_the_user(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use std::io::Read;
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    std::fs::remove_file(app.on_disk("ada", "Photos/a.png")).unwrap();
    ada.submit("/account", "/account/language", &[("language", "de")]).await;
    let answer = ada.submit("/photos", "/items/download", &[("ids", &id)]).await;
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name("MISSING.txt").unwrap().read_to_string(&mut text).unwrap();
    assert!(text.starts_with("Diese Dateien") && text.ends_with(":\na.png\n"), "{text}");
}

#[rstest]
#[actix_web::test]
async fn the_video_of_a_moving_photo_plays_by_itself(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let video = crate::samples::film("motion.mp4", &["-c:v", "libx264", "-c:a", "aac"]);
    let photo = crate::samples::jpeg(&crate::samples::corners(800, 600));
    let moving = crate::samples::moving_photo(&photo, &video);
    let id = ada.upload_one("PXL_1.MP.jpg", &moving).await;
    ada.get(&format!("/media/{id}/thumbnail")).await;

    let page = ada.page("/photos").await;
    let address = page.attribute("[data-tile][data-motion]", "data-motion").unwrap();
    let answer = ada.get(&address).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-type").as_str()),
        (200, "video/mp4")
    );
    assert_eq!(answer.bytes().await.unwrap(), video);
    let part = ada
        .client
        .get(format!("{}{address}", ada.base))
        .header("range", "bytes=4-7")
        .send()
        .await
        .unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().as_ref()), (206, &b"ftyp"[..]));
    assert!(ada.page(&format!("/items/{id}")).await.has("[data-play-motion]"));
    assert_eq!(admin.get(&address).await.status(), 404, "of another user");

    // A photo that does not move has none.
    let still = ada.upload_one("still.jpg", &photo).await;
    ada.get(&format!("/media/{still}/thumbnail")).await;
    assert_eq!(ada.get(&format!("/media/{still}/motion")).await.status(), 404);
}
