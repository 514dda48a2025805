//! The plain upload form.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn each_file_is_stored_by_its_content_type_under_its_own_name(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let page = ada
        .upload(&[
            ("Été.png", &png(1)),
            ("film.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isomiso2"),
            ("song.mp3", b"ID3\x03\0\0\0\0\0\0and so on"),
            ("letter.pdf", b"%PDF-1.7 words"),
            ("really-a-picture.txt", &png(2)),
            ("data.bin", b"\0\x01\x02"),
        ])
        .await;
    assert!(page.says("6 added"), "{}", page.text());
    assert_eq!(app.names("ada", "Photos"), ["really-a-picture.txt", "Été.png"]);
    assert_eq!(app.names("ada", "Videos"), ["film.mp4"]);
    assert_eq!(app.names("ada", "Audios"), ["song.mp3"]);
    assert_eq!(app.names("ada", "Uploads"), ["data.bin", "letter.pdf"]);
    assert_eq!(std::fs::read(app.on_disk("ada", "Photos/Été.png")).unwrap(), png(1));
    assert_eq!(ada.names_on("/photos").await.len(), 3);
    assert_eq!(ada.names_on("/videos").await, ["film.mp4"]);
    assert_eq!(app.incoming(), 0);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn the_same_bytes_are_kept_once(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("a.png", &png(1)).await;
    let page = ada.upload(&[("copy.png", &png(1)), ("b.png", &png(2))]).await;
    assert!(page.says("1 added, 1 already uploaded"), "{}", page.text());
    assert!(page.has(&format!("a[href='/items/{id}']")));
    assert_eq!(app.names("ada", "Photos"), ["a.png", "b.png"]);
    let (grace, _) = app.person(&admin, "grace").await;
    assert!(
        grace.upload(&[("a.png", &png(1))]).await.says("1 added"),
        "another person's copy is theirs"
    );
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn sixteen_files_of_one_name_at_once_are_sixteen_files(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let sent = (0..16).map(|seed| {
        let ada = ada.clone();
        async move { ada.upload(&[("a.png", &png(seed))]).await.says("1 added") }
    });
    assert!(futures_util::future::join_all(sent).await.into_iter().all(|added| added));
    let names = app.names("ada", "Photos");
    assert_eq!(names.len(), 16);
    assert!(
        names.contains(&"a.png".to_owned()) && names.contains(&"a (15).png".to_owned()),
        "{names:?}"
    );
    let mut contents: Vec<_> = names
        .iter()
        .map(|name| std::fs::read(app.on_disk("ada", &format!("Photos/{name}"))).unwrap())
        .collect();
    contents.sort();
    contents.dedup();
    assert_eq!(contents.len(), 16, "none was overwritten");
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn sixteen_simultaneous_uploads_of_the_same_bytes_are_one_file(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let sent = (0..16).map(|_| {
        let ada = ada.clone();
        async move { ada.upload(&[("a.png", &png(1))]).await.says("1 added") }
    });
    let added =
        futures_util::future::join_all(sent).await.into_iter().filter(|added| *added).count();
    assert_eq!((added, app.names("ada", "Photos").len()), (1, 1));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn an_interrupted_upload_leaves_no_file_and_no_row(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let (cookie, token) = cookie_of(&app, "ada").await;
    for cut in [0, 1, 700_000] {
        let mut body = format!("--B\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"torn.bin\"\r\n\r\n").into_bytes();
        body.extend(vec![7; cut]);
        let address = app.address();
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /upload HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 2000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        drop(stream);
    }
    // The next upload of the same person comes after the torn ones have been noticed.
    ada.upload_one("whole.bin", b"\0whole").await;
    for _ in 0..200 {
        if app.incoming() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.incoming(), 0);
    assert_eq!(app.names("ada", "Uploads"), ["whole.bin"]);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_multipart_body_that_ends_early_leaves_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let token = ada.token("/upload").await;
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.bin\"\r\n\r\nhalf of it"
    );
    let request = ada
        .request("POST", "/upload")
        .header("content-type", "multipart/form-data; boundary=B")
        .body(body);
    assert_eq!(request.send().await.unwrap().status(), 400);
    assert_eq!((app.names("ada", "Uploads").len(), app.incoming()), (0, 0));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn too_large_a_body_is_rejected_before_it_is_read_or_at_the_limit(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("max_upload", "100000")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let answer = ada.upload_into("", &[("big.bin", &vec![0; 300_000])]).await;
    assert_eq!(answer.status(), 413);
    let page = ada.upload(&[("over.bin", &vec![0; 120_000]), ("fine.bin", b"\0fine")]).await;
    assert!(page.says("1 added, 1 failed") && page.says("Too large"), "{}", page.text());
    assert_eq!(app.names("ada", "Uploads"), ["fine.bin"]);
    assert_eq!(app.incoming(), 0);
}

#[rstest]
#[actix_web::test]
async fn an_upload_without_a_valid_token_stores_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let file = || reqwest::multipart::Part::bytes(png(1)).file_name("a.png");
    let forms = [
        reqwest::multipart::Form::new().part("file", file()),
        reqwest::multipart::Form::new().text("csrf_token", "wrong").part("file", file()),
        reqwest::multipart::Form::new()
            .part("file", file())
            .text("csrf_token", ada.token("/upload").await),
    ];
    for form in forms {
        assert_eq!(
            ada.request("POST", "/upload").multipart(form).send().await.unwrap().status(),
            403
        );
    }
    assert_eq!(app.names("ada", "Photos").len(), 0);
    assert_eq!(app.incoming(), 0);
}

#[rstest]
#[actix_web::test]
async fn an_empty_form_says_what_is_missing_and_an_empty_file_is_a_file(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    assert!(ada.upload(&[]).await.says("Choose a file first"));
    assert!(ada.upload(&[("empty.txt", b"")]).await.says("1 added"));
    assert_eq!(app.names("ada", "Uploads"), ["empty.txt"]);
    let id = item_id(&ada, "/uploads").await;
    assert_eq!(ada.get(&format!("/media/{id}")).await.bytes().await.unwrap().len(), 0);
}

async fn item_id(browser: &Browser, shelf: &str) -> String {
    browser.page(shelf).await.attribute("[data-tile]", "data-tile").unwrap()
}

#[rstest]
#[actix_web::test]
async fn a_result_page_is_visible_to_its_owner_only(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let path = location(&ada.upload_into("", &[("a.png", &png(1))]).await);
    assert_eq!(ada.get(&path).await.status(), 200);
    assert_eq!(admin.get(&path).await.status(), 404);
}

/// An upload through the API whose last byte is not sent yet.
fn hold_upload(address: &str, token: &str, name: &str) -> TcpStream {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{name}\r\n--b-"
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(
        stream,
        "POST /api/media/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{body}",
        body.len() + 1
    )
    .unwrap();
    stream
}

/// The status of the response.
fn status_of(stream: &mut TcpStream) -> String {
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    String::from_utf8_lossy(&head[9..]).into_owned()
}

#[rstest]
#[actix_web::test]
async fn a_user_sends_sixteen_uploads_at_once_and_others_still_upload(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    app.person(&admin, "grace").await;
    let (ada, grace) = (app.program("ada").await, app.program("grace").await);

    // Of twenty, four are refused; the others wait for their last byte.
    let (address, token) = (app.address().to_owned(), ada.token.clone());
    let hold = move || {
        let (sender, ended) = std::sync::mpsc::channel();
        let mut streams = Vec::new();
        for number in 0..20 {
            let stream = hold_upload(&address, &token, &format!("{number}.txt"));
            streams.push(stream.try_clone().unwrap());
            let (sender, mut stream) = (sender.clone(), stream);
            std::thread::spawn(move || sender.send((number, status_of(&mut stream))));
        }
        let refused: Vec<(usize, String)> = (0..4).map(|_| ended.recv().unwrap()).collect();
        (streams, refused, ended)
    };
    let (mut streams, refused, ended) = tokio::task::spawn_blocking(hold).await.unwrap();
    assert!(refused.iter().all(|(_, status)| status == "429"), "{refused:?}");

    // The same limit holds for parts of resumable uploads, and for nobody else.
    let created = ada
        .request("POST", "/api/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "3")
        .send()
        .await
        .unwrap();
    let part = location(&created);
    let part = part.strip_prefix(&app.base).unwrap_or(&part).to_owned();
    let send_part = || {
        ada.request("PATCH", &part)
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", "0")
            .header("content-type", "application/offset+octet-stream")
            .body("abc")
            .send()
    };
    assert_eq!(send_part().await.unwrap().status(), 429);
    assert_eq!(grace.upload(&[("a.txt", b"grace")]).await.status(), 201);

    // One that ends makes room for another.
    let ending = (0..20).find(|number| refused.iter().all(|(other, _)| other != number)).unwrap();
    streams[ending].write_all(b"-").unwrap();
    let ended = tokio::task::spawn_blocking(move || ended.recv().unwrap()).await.unwrap();
    assert_eq!(ended, (ending, "201".to_owned()));
    assert_eq!(send_part().await.unwrap().status(), 204);
}

#[rstest]
#[case(40_000)]
#[case(700_000)]
#[case(3_000_000)]
#[actix_web::test]
async fn thirty_two_uploads_at_once_fill_a_quota_for_ten_with_ten(
    #[case] size: usize,
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("previews_at_once", "0")]).await;
    app.person(&admin, "ada").await;
    let quota = i64::try_from(size * 10).unwrap();
    app.services
        .write_library(app.user("ada").id, |conn| {
            use diesel::prelude::*;
            use nexus_media::db::schema::users::dsl::{quota_bytes, username, users};
            diesel::update(users.filter(username.eq("ada")))
                .set(quota_bytes.eq(quota))
                .execute(conn)?;
            Ok(())
        })
        .unwrap();
    let ada = app.program("ada").await;
    let uploads = (0..32_u8).map(|number| {
        let (ada, name) = (&ada, format!("{number}.bin"));
        async move {
            let bytes = vec![number; size];
            loop {
                let status = ada.upload(&[(&name, &bytes)]).await.status().as_u16();
                // Sixteen of a user may be under way at once.
                if status != 429 {
                    return status;
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let statuses = futures_util::future::join_all(uploads).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 10, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 507)), "{statuses:?}");
    assert_eq!(app.user("ada").used_bytes, quota);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn empty_files_are_no_duplicates_of_each_other(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, _) = TestApp::ready(backend).await;
    let root = app.program("root").await;
    for name in ["a.txt", "b.txt"] {
        root.upload_one(name, b"").await;
    }
    let answer = root.upload(&[("c.txt", b""), ("d.txt", b"")]).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(root.names("sort=name").await, ["a.txt", "b.txt", "c.txt", "d.txt"]);
}
