//! Resumable uploads: every MUST of the tus protocol 1.0.0, and our additions.

use std::io::Write;
use std::net::TcpStream;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::{RequestBuilder, Response};
use rstest::rstest;
use sha2::Digest;

use crate::support::*;

impl Program {
    fn tus(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, path).header("tus-resumable", "1.0.0")
    }

    async fn create(&self, size: usize, metadata: &str) -> Response {
        self.tus("POST", "/api/uploads")
            .header("upload-length", size)
            .header("upload-metadata", metadata)
            .send()
            .await
            .unwrap()
    }

    /// Makes an upload of that name; returns its path.
    pub async fn begin(&self, size: usize, name: &str) -> String {
        let answer = self.create(size, &filename(name)).await;
        assert_eq!(answer.status(), 201);
        header(&answer, "location")
    }

    fn part(&self, path: &str, offset: usize, bytes: &[u8]) -> RequestBuilder {
        let request =
            self.tus("PATCH", path).header("content-type", "application/offset+octet-stream");
        request.header("upload-offset", offset).body(bytes.to_vec())
    }

    async fn append(&self, path: &str, offset: usize, bytes: &[u8]) -> Response {
        self.part(path, offset, bytes).send().await.unwrap()
    }

    async fn offset(&self, path: &str) -> String {
        let answer = self.tus("HEAD", path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        header(&answer, "upload-offset")
    }
}

fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn filename(name: &str) -> String {
    format!("filename {}", base64(name))
}

async fn ada(backend: Backend) -> (TestApp, Program, Browser) {
    let (app, admin) = TestApp::ready(backend).await;
    let (browser, _) = app.person(&admin, "ada").await;
    let program = app.program("ada").await;
    (app, program, browser)
}

/// Partial files on disk.
fn waiting(app: &TestApp) -> usize {
    std::fs::read_dir(app.folder.path().join("media/.uploads")).unwrap().count()
}

#[rstest]
#[actix_web::test]
async fn a_file_uploaded_in_three_parts_becomes_the_same_item_as_from_a_form(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let bytes = [png(1), vec![7; 100_000]].concat();
    let path = ada.begin(bytes.len(), "Été.png").await;
    assert_eq!(ada.offset(&path).await, "0");
    for (from, to) in [(0, 10), (10, 50_000)] {
        let answer = ada.append(&path, from, &bytes[from..to]).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "upload-offset")),
            (204, to.to_string())
        );
        assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
        assert_eq!(ada.offset(&path).await, to.to_string());
        assert!(ada.names("shelf=all").await.is_empty(), "nothing is seen before it is whole");
    }
    let last = ada.append(&path, 50_000, &bytes[50_000..]).await;
    assert_eq!(
        (last.status().as_u16(), header(&last, "upload-offset")),
        (204, bytes.len().to_string())
    );
    let item = ada.json(&format!("/api/media/{}", header(&last, "nexus-item"))).await;
    assert_eq!((item["name"].as_str(), item["kind"].as_str()), (Some("Été.png"), Some("photo")));
    assert_eq!(item["sha256"].as_str().unwrap(), hex::encode(sha2::Sha256::digest(&bytes)));
    assert_eq!(std::fs::read(app.on_disk("ada", "Photos/Été.png")).unwrap(), bytes);
    // A client that lost the last response requests the offset.
    let head = ada.tus("HEAD", &path).send().await.unwrap();
    assert_eq!(header(&head, "upload-offset"), bytes.len().to_string());
    assert_eq!(header(&head, "nexus-item"), header(&last, "nexus-item"));
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (0, 0));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn options_tells_any_client_of_any_version_what_the_server_supports(
    #[values(Sqlite)] backend: Backend,
) {
    let (app, _, _) = ada(backend).await;
    let request = app.browser().request("OPTIONS", "/api/uploads").header("tus-resumable", "0.1");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(header(&answer, "tus-version"), "1.0.0");
    assert_eq!(
        header(&answer, "tus-extension"),
        "creation,creation-with-upload,checksum,termination,expiration"
    );
    assert_eq!(header(&answer, "tus-checksum-algorithm"), "sha1,sha256");
    assert_eq!(header(&answer, "tus-max-size"), (64_u64 << 30).to_string());
}

#[rstest]
#[actix_web::test]
async fn another_version_is_rejected_before_anything_is_done(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (_app, ada, _) = ada(backend).await;
    let path = ada.begin(3, "a.txt").await;
    for version in [None, Some("0.2.2"), Some("1.0"), Some("2.0.0")] {
        for (method, path) in
            [("POST", "/api/uploads"), ("HEAD", &path), ("PATCH", &path), ("DELETE", &path)]
        {
            let mut request =
                ada.request(method, path).header("upload-length", 3).header("upload-offset", 0);
            request = request.header("content-type", "application/offset+octet-stream");
            if let Some(version) = version {
                request = request.header("tus-resumable", version);
            }
            let answer =
                request.body(if method == "PATCH" { "abc" } else { "" }).send().await.unwrap();
            assert_eq!(answer.status(), 412, "{method} {version:?}");
            assert_eq!(header(&answer, "tus-version"), "1.0.0");
            assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
        }
    }
    assert_eq!(ada.offset(&path).await, "0");
}

#[rstest]
#[actix_web::test]
async fn a_head_returns_all_a_client_needs_and_is_never_cached(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (_app, ada, _) = ada(backend).await;
    let metadata =
        format!("{},is_confidential,filetype {}", filename("a.txt"), base64("text/plain"));
    let path = header(&ada.create(9, &metadata).await, "location");
    let answer = ada.tus("HEAD", &path).send().await.unwrap();
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(
        (header(&answer, "upload-offset"), header(&answer, "upload-length")),
        ("0".into(), "9".into())
    );
    assert_eq!(header(&answer, "upload-metadata"), metadata);
    let gone =
        ada.tus("HEAD", "/api/uploads/0190a5f0-0000-7000-8000-000000000000").send().await.unwrap();
    assert_eq!((gone.status().as_u16(), header(&gone, "upload-offset")), (404, String::new()));
}

#[rstest]
#[actix_web::test]
async fn a_part_of_the_wrong_kind_or_at_the_wrong_place_changes_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (_app, ada, _) = ada(backend).await;
    let path = ada.begin(6, "a.txt").await;
    assert_eq!(ada.append(&path, 0, b"abc").await.status(), 204);
    let wrong = ada
        .tus("PATCH", &path)
        .header("content-type", "application/octet-stream")
        .header("upload-offset", 3);
    assert_eq!(wrong.body("def").send().await.unwrap().status(), 415);
    for offset in [0, 2, 4, 6] {
        let answer = ada.append(&path, offset, b"d").await;
        assert_eq!(
            (answer.status().as_u16(), code(answer).await),
            (409, "CONFLICT".into()),
            "{offset}"
        );
    }
    for offset in ["", "-1", "3x", "99999999999999999999"] {
        let request =
            ada.tus("PATCH", &path).header("content-type", "application/offset+octet-stream");
        assert_eq!(
            request.header("upload-offset", offset).body("d").send().await.unwrap().status(),
            400,
            "{offset}"
        );
    }
    assert_eq!(ada.append(&path, 3, b"more than was said").await.status(), 413);
    assert_eq!(
        ada.append("/api/uploads/0190a5f0-0000-7000-8000-000000000000", 0, b"a").await.status(),
        404
    );
    assert_eq!(ada.offset(&path).await, "3");
}

#[rstest]
#[actix_web::test]
async fn a_method_that_a_proxy_blocks_may_be_sent_in_a_header(#[values(Sqlite)] backend: Backend) {
    let (_app, ada, browser) = ada(backend).await;
    let path = ada.begin(6, "a.txt").await;
    let part =
        ada.tus("POST", &path).header("x-http-method-override", "PATCH").header("upload-offset", 0);
    let part = part
        .header("content-type", "application/offset+octet-stream")
        .body("abc")
        .send()
        .await
        .unwrap();
    assert_eq!((part.status().as_u16(), header(&part, "upload-offset")), (204, "3".into()));
    // An overridden method skips no check: a change with a cookie needs the token.
    let disguised = browser
        .request("GET", &path)
        .header("tus-resumable", "1.0.0")
        .header("x-http-method-override", "DELETE");
    assert_eq!(disguised.send().await.unwrap().status(), 403);
    assert_eq!(ada.offset(&path).await, "3");
    let ended =
        ada.tus("POST", &path).header("x-http-method-override", "DELETE").send().await.unwrap();
    assert_eq!(ended.status(), 204);
}

#[rstest]
#[actix_web::test]
async fn an_upload_without_a_valid_length_is_not_created(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready_with(backend, &[("max_upload", "1000")]).await;
    app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    assert_eq!(ada.tus("POST", "/api/uploads").send().await.unwrap().status(), 400);
    for length in ["-1", "x", "1e3", ""] {
        let request = ada.tus("POST", "/api/uploads").header("upload-length", length);
        assert_eq!(request.send().await.unwrap().status(), 400, "{length}");
    }
    for metadata in ["filename ???", "filename //8=", "a YQ==,a YQ=="] {
        assert_eq!(ada.create(3, metadata).await.status(), 400, "{metadata}");
    }
    assert_eq!(ada.create(3, &format!("directory {}", base64("../../etc"))).await.status(), 422);
    let too_large = ada.create(1001, "").await;
    assert_eq!((too_large.status().as_u16(), code(too_large).await), (413, "TOO_LARGE".into()));
    let nobody = reqwest::Client::new()
        .post(format!("{}/api/uploads", app.base))
        .header("tus-resumable", "1.0.0");
    assert_eq!(nobody.header("upload-length", 3).send().await.unwrap().status(), 401);
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (0, 0));
}

#[rstest]
#[actix_web::test]
async fn metadata_may_be_empty_and_never_becomes_a_path(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    for (metadata, bytes) in [
        (String::new(), "one"),
        (filename("../../../etc/passwd"), "two"),
        (format!("{},filetype {}", filename("/abs\\win.txt"), base64("../x/y")), "three"),
    ] {
        let path = header(&ada.create(bytes.len(), &metadata).await, "location");
        assert_eq!(ada.append(&path, 0, bytes.as_bytes()).await.status(), 204);
    }
    let names = app.names("ada", "Uploads");
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| !name.contains(['/', '\\'])), "{names:?}");
    assert!(!app.folder.path().join("etc").exists());
}

#[rstest]
#[actix_web::test]
async fn the_first_part_may_be_sent_with_the_creation_and_an_empty_file_is_complete_at_once(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let with = |size: usize, body: &'static str| {
        let request = ada
            .tus("POST", "/api/uploads")
            .header("upload-length", size)
            .header("upload-metadata", filename("a.txt"));
        request.header("content-type", "application/offset+octet-stream").body(body).send()
    };
    let half = with(6, "abc").await.unwrap();
    assert_eq!((half.status().as_u16(), header(&half, "upload-offset")), (201, "3".into()));
    assert_eq!(ada.append(&header(&half, "location"), 3, b"def").await.status(), 204);
    let whole = with(3, "xyz").await.unwrap();
    assert_eq!((whole.status().as_u16(), header(&whole, "upload-offset")), (201, "3".into()));
    assert!(!header(&whole, "nexus-item").is_empty());
    assert_eq!(with(3, "abcdef").await.unwrap().status(), 413);
    let empty = ada.create(0, &filename("empty.txt")).await;
    assert_eq!(empty.status(), 201);
    assert!(!header(&empty, "nexus-item").is_empty());
    assert_eq!(app.names("ada", "Uploads"), ["a (1).txt", "a.txt", "empty.txt"]);
    assert_eq!(std::fs::read(app.on_disk("ada", "Uploads/a.txt")).unwrap(), b"abcdef");
}

#[rstest]
#[actix_web::test]
async fn a_part_with_a_wrong_checksum_is_discarded(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, ada, _) = ada(backend).await;
    let path = ada.begin(9, "a.txt").await;
    let sent = |offset: usize, bytes: &'static [u8], checksum: String| {
        ada.part(&path, offset, bytes).header("upload-checksum", checksum).send()
    };
    let sha1 = |bytes: &[u8]| format!("sha1 {}", BASE64_STANDARD.encode(sha1::Sha1::digest(bytes)));
    let sha256 =
        |bytes: &[u8]| format!("sha256 {}", BASE64_STANDARD.encode(sha2::Sha256::digest(bytes)));
    assert_eq!(sent(0, b"abc", sha1(b"abc")).await.unwrap().status(), 204);
    for wrong in [sha1(b"dex"), sha256(b"dex")] {
        let answer = sent(3, b"def", wrong).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), code(answer).await),
            (460, "CHECKSUM_MISMATCH".into())
        );
        assert_eq!(ada.offset(&path).await, "3");
    }
    for nonsense in ["md5 AAAA", "sha1", "sha1 ???", ""] {
        assert_eq!(sent(3, b"def", nonsense.into()).await.unwrap().status(), 400, "{nonsense}");
    }
    assert_eq!(sent(3, b"def", sha256(b"def")).await.unwrap().status(), 204);
    // The checksum of an interrupted part cannot be verified.
    tear(&app, &ada, &path, 6, b"gh", 3, &format!("Upload-Checksum: {}\r\n", sha1(b"ghi")));
    while ada.append(&path, 6, b"ghi").await.status() == 409 {
        assert_eq!(ada.offset(&path).await, "6");
    }
    assert_eq!(std::fs::read(app.on_disk("ada", "Uploads/a.txt")).unwrap(), b"abcdefghi");
}

/// Sends the beginning of a part that announces `length` bytes, and disconnects.
fn tear(
    app: &TestApp,
    ada: &Program,
    path: &str,
    offset: usize,
    bytes: &[u8],
    length: usize,
    more: &str,
) {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n{more}\r\n",
        ada.token
    )
    .unwrap();
    stream.write_all(bytes).unwrap();
}

/// The offset, once it is `wanted`: the server notices a broken connection later.
async fn offset_soon(ada: &Program, path: &str, wanted: usize) {
    for _ in 0..500 {
        if ada.offset(path).await == wanted.to_string() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the offset never became {wanted}");
}

#[rstest]
#[actix_web::test]
async fn the_received_bytes_of_an_interrupted_part_are_kept_and_completed(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let path = ada.begin(bytes.len(), "numbers.bin").await;
    tear(&app, &ada, &path, 0, &bytes[..700_001], bytes.len(), "");
    offset_soon(&ada, &path, 700_001).await;
    tear(&app, &ada, &path, 700_001, &bytes[700_001..700_002], 1000, "");
    offset_soon(&ada, &path, 700_002).await;
    assert_eq!(ada.append(&path, 700_002, &bytes[700_002..]).await.status(), 204);
    assert_eq!(std::fs::read(app.on_disk("ada", "Uploads/numbers.bin")).unwrap(), bytes);
    let item = &ada.json("/api/media/list").await["items"][0];
    assert_eq!(item["sha256"].as_str().unwrap(), hex::encode(sha2::Sha256::digest(&bytes)));
}

#[rstest]
#[actix_web::test]
async fn one_of_two_parts_at_the_same_offset_wins(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, ada, _) = ada(backend).await;
    for round in 0..5_u8 {
        let path = ada.begin(300_000, &format!("{round}.bin")).await;
        let parts = [vec![round * 2; 300_000], vec![round * 2 + 1; 300_000]];
        let sent = parts.iter().map(|part| ada.append(&path, 0, part));
        let mut statuses: Vec<_> = futures_util::future::join_all(sent)
            .await
            .iter()
            .map(|answer| answer.status().as_u16())
            .collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        let stored = std::fs::read(app.on_disk("ada", &format!("Uploads/{round}.bin"))).unwrap();
        assert!(parts.contains(&stored), "one of them, whole");
    }
}

#[rstest]
#[actix_web::test]
async fn a_head_during_a_part_returns_the_durable_offset_and_replaces_a_dead_connection(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let path = ada.begin(6, "a.txt").await;
    // A client that stops in the middle without disconnecting.
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: 6\r\n\r\nab",
        ada.token
    )
    .unwrap();
    // It holds the lock once its file exists.
    let began = std::time::Instant::now();
    while std::fs::read_dir(app.folder.path().join("media/.uploads")).unwrap().next().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(ada.offset(&path).await, "0", "nothing of it is durable yet");
    // At first the other may still be alive; then this one takes over, and the received bytes count.
    let mut statuses = Vec::new();
    for _ in 0..100 {
        let offset: usize = ada.offset(&path).await.parse().unwrap();
        let answer = ada.append(&path, offset, &b"abcdef"[offset..]).await;
        statuses.push(answer.status().as_u16());
        if answer.status() == 204 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let was_asked_in_time =
        statuses.contains(&409) || began.elapsed() > std::time::Duration::from_secs(2);
    assert!(was_asked_in_time && statuses.ends_with(&[204]), "{statuses:?}");
    assert_eq!(std::fs::read(app.on_disk("ada", "Uploads/a.txt")).unwrap(), b"abcdef");
    drop(stream);
}

#[rstest]
#[actix_web::test]
async fn a_cancelled_upload_is_gone_with_its_bytes(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, ada, _) = ada(backend).await;
    let path = ada.begin(6, "a.txt").await;
    assert_eq!(ada.append(&path, 0, b"abc").await.status(), 204);
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (1, 6));
    assert_eq!(ada.tus("DELETE", &path).send().await.unwrap().status(), 204);
    for method in ["HEAD", "DELETE"] {
        assert_eq!(ada.tus(method, &path).send().await.unwrap().status(), 404);
    }
    assert_eq!(ada.append(&path, 3, b"def").await.status(), 404);
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (0, 0));
    // Deleting a finished upload does not affect its item.
    let path = ada.begin(3, "b.txt").await;
    let item = header(&ada.append(&path, 0, b"xyz").await, "nexus-item");
    assert_eq!(ada.tus("DELETE", &path).send().await.unwrap().status(), 204);
    assert_eq!(ada.get(&format!("/api/media/{item}/content")).await.status(), 200);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn an_unfinished_upload_is_kept_for_seven_days_and_states_its_expiry(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    use nexus_media::domain::uploads::resumable;
    let (app, ada, _) = ada(backend).await;
    let made = ada.create(6, &filename("a.txt")).await;
    let path = header(&made, "location");
    let in_days = |answer: &Response| {
        let text = header(answer, "upload-expires").replace("GMT", "+0000");
        let at = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc2822)
            .unwrap();
        (at - time::OffsetDateTime::now_utc()).as_seconds_f64() / 86_400.0
    };
    assert!((6.9..7.1).contains(&in_days(&made)));
    assert!(
        (6.9..7.1).contains(&in_days(&ada.append(&path, 0, b"abc").await)),
        "each part begins the days anew"
    );
    let now = nexus_media::model::now();
    assert_eq!(resumable::delete_expired(&app.services, now + time::Duration::days(6)).unwrap(), 0);
    assert_eq!(resumable::delete_expired(&app.services, now + time::Duration::days(8)).unwrap(), 1);
    assert_eq!(ada.tus("HEAD", &path).send().await.unwrap().status(), 404);
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (0, 0));
}

#[rstest]
#[actix_web::test]
async fn unfinished_uploads_count_against_the_quota(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (browser, id) = app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    let quota = admin
        .submit("/admin/users", &format!("/admin/users/{id}/quota"), &[("quota", "0.000001")])
        .await;
    assert_eq!((quota.status().as_u16(), app.user("ada").quota_bytes), (303, 1000));
    let path = ada.begin(700, "a.bin").await;
    let second = ada.create(301, "").await;
    assert_eq!((second.status().as_u16(), code(second).await), (507, "QUOTA_EXCEEDED".into()));
    let refused = ada.upload(&[("b.bin", &[0; 301])]).await;
    assert_eq!((refused.status().as_u16(), code(refused).await), (507, "QUOTA_EXCEEDED".into()));
    assert!(browser.upload(&[("c.bin", &[0; 300])]).await.says("1 added"));
    // The reserved space is available when it is needed.
    assert_eq!(ada.append(&path, 0, &[9; 700]).await.status(), 204);
    assert_eq!((app.user("ada").used_bytes, app.user("ada").reserved_bytes), (1000, 0));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_quota_holds_when_everything_comes_at_once(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let (_, id) = app.person(&admin, "ada").await;
    let ada = app.program("ada").await;
    admin.submit("/admin/users", &format!("/admin/users/{id}/quota"), &[("quota", "0.001")]).await;
    assert_eq!(app.user("ada").quota_bytes, 1_000_000);
    // As many as one user may send at once.
    let forms = (0..8_u8).map(|seed| {
        let ada = ada.clone();
        async move {
            ada.upload(&[(&format!("{seed}.bin"), &vec![seed; 100_000])]).await.status().as_u16()
        }
    });
    let parts = (100..108_u8).map(|seed| {
        let ada = ada.clone();
        async move {
            let made = ada.create(100_000, &filename(&format!("{seed}.bin"))).await;
            if made.status() != 201 {
                return made.status().as_u16();
            }
            ada.append(&header(&made, "location"), 0, &vec![seed; 100_000]).await.status().as_u16()
        }
    });
    let (forms, parts) =
        tokio::join!(futures_util::future::join_all(forms), futures_util::future::join_all(parts));
    let stored = forms.iter().filter(|status| **status == 201).count()
        + parts.iter().filter(|status| **status == 204).count();
    assert!(
        forms.iter().chain(&parts).all(|status| matches!(status, 201 | 204 | 507)),
        "{forms:?} {parts:?}"
    );
    assert_eq!(stored, 10, "{forms:?} {parts:?}");
    let user = app.user("ada");
    assert_eq!((user.used_bytes, user.reserved_bytes), (1_000_000, 0));
    let on_disk: u64 = app
        .names("ada", "Uploads")
        .iter()
        .map(|name| app.on_disk("ada", &format!("Uploads/{name}")).metadata().unwrap().len())
        .sum();
    assert_eq!(on_disk, 1_000_000);
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_browser_uploads_with_its_cookie_and_the_token_of_its_page(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, _, browser) = ada(backend).await;
    let token = browser.token("/upload").await;
    let create = || {
        browser
            .request("POST", "/api/uploads")
            .header("tus-resumable", "1.0.0")
            .header("upload-length", 3)
    };
    assert_eq!(create().send().await.unwrap().status(), 403);
    let made = create().header("x-csrf-token", &token).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let path = header(&made, "location");
    let part = || {
        let request = browser
            .request("PATCH", &path)
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", 0);
        request.header("content-type", "application/offset+octet-stream").body("abc")
    };
    assert_eq!(part().send().await.unwrap().status(), 403);
    assert_eq!(part().header("x-csrf-token", &token).send().await.unwrap().status(), 204);
    assert_eq!(app.names("ada", "Uploads").len(), 1);
}

#[rstest]
#[actix_web::test]
async fn the_same_bytes_are_kept_once_unless_both_are_wanted(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let id = ada.upload_one("a.txt", b"the same").await;
    let path = ada.begin(8, "b.txt").await;
    let answer = ada.append(&path, 0, b"the same").await;
    assert_eq!(
        (header(&answer, "nexus-item"), header(&answer, "nexus-duplicate")),
        (id.clone(), "true".into())
    );
    let wanted = format!("{},keep_duplicates {}", filename("c.txt"), base64("true"));
    let path = header(&ada.create(8, &wanted).await, "location");
    let answer = ada.append(&path, 0, b"the same").await;
    assert_ne!(header(&answer, "nexus-item"), id);
    assert_eq!(app.names("ada", "Uploads"), ["a.txt", "c.txt"]);
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (0, 0));
    assert_counts_are_true(&app, "ada");
}

#[rstest]
#[actix_web::test]
async fn a_folder_deleted_during_an_upload_loses_no_bytes_of_it(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let folder =
        json(ada.send("POST", "/api/directories", &serde_json::json!({ "name": "Holiday" })).await)
            .await;
    let folder = folder["id"].as_str().unwrap().to_owned();
    let into = format!("{},directory {}", filename("a.txt"), base64(&folder));
    let first = header(&ada.create(3, &into).await, "location");
    assert_eq!(ada.append(&first, 0, b"abc").await.status(), 204);
    assert_eq!(app.names("ada", "Holiday"), ["a.txt"]);
    let second = header(&ada.create(3, &into).await, "location");
    assert_eq!(
        ada.request("DELETE", &format!("/api/directories/{folder}")).send().await.unwrap().status(),
        204
    );
    assert_eq!(ada.append(&second, 0, b"def").await.status(), 204);
    assert_eq!(std::fs::read(app.on_disk("ada", "Uploads/a.txt")).unwrap(), b"def");
    assert_eq!(ada.create(3, &into).await.status(), 422, "a folder that is gone is named");
}

#[rstest]
#[actix_web::test]
async fn an_upload_whose_bytes_are_missing_on_disk_has_to_start_again(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let path = ada.begin(6, "a.txt").await;
    assert_eq!(ada.append(&path, 0, b"abc").await.status(), 204);
    for entry in std::fs::read_dir(app.folder.path().join("media/.uploads")).unwrap() {
        std::fs::write(entry.unwrap().path(), b"a").unwrap();
    }
    assert_eq!(ada.append(&path, 3, b"def").await.status(), 404);
    assert_eq!(ada.tus("HEAD", &path).send().await.unwrap().status(), 404);
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (0, 0));
}

#[rstest]
#[actix_web::test]
async fn a_creation_whose_first_part_is_rejected_leaves_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, ada, _) = ada(backend).await;
    let wrong = format!("sha1 {}", BASE64_STANDARD.encode(sha1::Sha1::digest(b"other")));
    let request = ada
        .tus("POST", "/api/uploads")
        .header("upload-length", 1000)
        .header("upload-checksum", wrong);
    let answer = request
        .header("content-type", "application/offset+octet-stream")
        .body("bytes")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 460);
    assert_eq!((waiting(&app), app.user("ada").reserved_bytes), (0, 0));
}

#[rstest]
#[actix_web::test]
async fn no_user_can_stop_the_upload_of_another(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    app.person(&admin, "grace").await;
    let (ada, grace) = (app.program("ada").await, app.program("grace").await);
    let path = ada.begin(6, "a.txt").await;
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: 6\r\n\r\nabc",
        ada.token
    )
    .unwrap();
    // It has started once its file exists.
    while waiting(&app) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for method in ["DELETE", "HEAD"] {
        assert_eq!(grace.tus(method, &path).send().await.unwrap().status(), 404);
    }
    assert_eq!(grace.append(&path, 0, b"xyz").await.status(), 404);
    stream.write_all(b"def").unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stream), &mut line).unwrap();
    assert!(line.contains("204"), "{line}");
    assert_eq!(std::fs::read(app.on_disk("ada", "Uploads/a.txt")).unwrap(), b"abcdef");
}
