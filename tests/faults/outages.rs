//! An unavailable database, a server that is stopped, slow clients.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::*;
use crate::workload::terminate;

/// A MariaDB that can be stopped and started.
struct Database {
    url: String,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
    child: std::process::Child,
}

impl Database {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/mariadb.sh");
        let mut child =
            Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut says, hears) =
            (BufReader::new(child.stdout.take().unwrap()), child.stdin.take().unwrap());
        let mut url = String::new();
        says.read_line(&mut url).unwrap();
        Self { url: format!("{}/mysql", url.trim()), says, hears, child }
    }

    /// Makes a database; its URL.
    fn make(&self, name: &str) -> String {
        use diesel::Connection;
        use diesel::connection::SimpleConnection;
        let mut conn = diesel::MysqlConnection::establish(&self.url).unwrap();
        conn.batch_execute(&format!(
            "CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        ))
        .unwrap();
        self.url.replace("/mysql", &format!("/{name}"))
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.hears, "{word}").unwrap();
        let mut done = String::new();
        self.says.read_line(&mut done).unwrap();
        assert_eq!(done.trim(), "done");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Its standard input ends with this process.
        drop(std::mem::replace(
            &mut self.hears,
            Command::new("cat").stdin(Stdio::piped()).spawn().unwrap().stdin.unwrap(),
        ));
        drop(self.child.wait());
    }
}

#[actix_web::test]
async fn during_a_database_outage_clients_are_told_to_retry() {
    let mut database = Database::start();
    let folder = tempfile::tempdir().unwrap();
    let site = Site { database: database.make("test_away"), ..Site::on_sqlite(folder.path()) };
    let server = site.start();
    let person = Person::log_in(&server).await;
    let bytes = bytes_of(1, 8 << 20);
    assert_eq!(person.upload(&[("big.bin".into(), bytes.clone())]).await.unwrap().status(), 201);
    let item = person.item(&sha256(&bytes)).await.unwrap();
    let open = person.request("GET", item["content_url"].as_str().unwrap()).send().await.unwrap();
    let made = person.begin("later.bin", 2000).await.unwrap();
    let path = header(&made, "location");

    database.tell("stop");
    let away = Duration::from_secs(if is_long() { 60 } else { 3 });
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        for request in [
            person.request("GET", "/api/media/list"),
            person.tus("HEAD", &path),
            person.client.get(format!("{}/login", server.base)).header("accept", "text/html"),
            person.client.get(format!("{}/readyz", server.base)),
        ] {
            let answer = request.send().await.unwrap();
            let is_login = answer.url().path() == "/login";
            // The login page needs no database.
            assert_eq!(
                answer.status().as_u16(),
                if is_login { 200 } else { 503 },
                "{}",
                answer.url()
            );
            assert!(
                is_login
                    || answer.url().path() == "/readyz"
                    || !header(&answer, "retry-after").is_empty()
            );
        }
        assert!(asked.elapsed() < Duration::from_secs(13), "each within three seconds");
        assert_eq!(
            person.client.get(format!("{}/healthz", server.base)).send().await.unwrap().status(),
            200
        );
        if began.elapsed() > away {
            break;
        }
    }
    let refused = person.upload(&[("no.bin".into(), vec![1; 1000])]).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(std::fs::read_dir(site.media.join(".incoming")).unwrap().count(), 0);
    assert_eq!(sha256(&open.bytes().await.unwrap()), sha256(&bytes), "an open download ends whole");

    database.tell("start");
    let back = Instant::now();
    while person.request("GET", "/api/media/list").send().await.unwrap().status() != 200 {
        assert!(back.elapsed() < Duration::from_secs(5), "service is not back");
    }
    assert_eq!(
        person.client.get(format!("{}/readyz", server.base)).send().await.unwrap().status(),
        200
    );
    assert_eq!(person.append(&path, 0, &[2; 2000]).await.unwrap().status(), 204);
    person.assert_all_is_well(&site).await;
}

#[actix_web::test]
async fn a_database_outage_while_a_file_is_stored_loses_no_acknowledged_byte() {
    let mut database = Database::start();
    let folder = tempfile::tempdir().unwrap();
    let site = Site { database: database.make("test_finish"), ..Site::on_sqlite(folder.path()) };
    let server = site.start_with(&[("FAULT_LINGER", "renamed")]);
    let person = Person::log_in(&server).await;
    let bytes = bytes_of(7, 300_000);
    let path = header(&person.begin("slow.bin", bytes.len()).await.unwrap(), "location");
    assert_eq!(person.append(&path, 0, &bytes[..200_000]).await.unwrap().status(), 204);
    let library = || {
        let folders = std::fs::read_dir(&site.media)
            .unwrap()
            .map(|entry| entry.unwrap().path().join("Uploads/slow.bin"));
        folders.filter(|path| path.exists()).count()
    };
    let (last, ()) = tokio::join!(person.append(&path, 200_000, &bytes[200_000..]), async {
        while library() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // The file is in its place without a row, and now the database is unavailable.
        database.tell("stop");
    });
    assert_eq!(last.unwrap().status(), 503);
    database.tell("start");
    let back = Instant::now();
    while person.request("GET", "/api/media/list").send().await.unwrap().status() != 200 {
        assert!(back.elapsed() < Duration::from_secs(5), "service is not back");
    }
    let offset = person.offset(&path).await.expect("what was acknowledged is gone");
    assert!(offset >= 200_000, "went back to {offset}");
    let answer = person.append(&path, offset, &bytes[offset..]).await.unwrap();
    assert_eq!(answer.status(), 204);
    assert!(person.item(&sha256(&bytes)).await.is_some());
    person.assert_all_is_well(&site).await;
}

/// Sends the head of a request whose body follows slowly.
fn open(server: &Server, head: &str, length: usize, person: &Person) -> TcpStream {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    write!(
        stream,
        "{head}\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n",
        person.token
    )
    .unwrap();
    stream
}

fn status_line(stream: &mut TcpStream) -> String {
    let mut line = String::new();
    drop(BufReader::new(stream).read_line(&mut line));
    line.trim().to_owned()
}

#[actix_web::test]
async fn a_stopping_server_finishes_running_requests_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_sqlite(folder.path());
    let mut server = site.start();
    let person = Person::log_in(&server).await;
    let path = header(&person.begin("part.bin", 100_000).await.unwrap(), "location");
    let part = "PATCH PATH HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream";
    let mut tus = open(&server, &part.replace("PATH", &path), 100_000, &person);
    tus.write_all(&vec![5; 40_000]).unwrap();
    let body = [
        b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n"
            .as_slice(),
        &vec![7; 50_000],
        b"\r\n--B--\r\n",
    ]
    .concat();
    let mut form = open(
        &server,
        "POST /api/media/upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B",
        body.len(),
        &person,
    );
    form.write_all(&body[..20_000]).unwrap();
    // Both have started once the server has some of their bytes on disk.
    let under_way = |folder: &str| std::fs::read_dir(site.media.join(folder)).unwrap().count() == 1;
    while !(under_way(".incoming") && under_way(".uploads")) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    // New ones are refused.
    let address = server.base.trim_start_matches("http://").to_owned();
    let refused = Instant::now();
    while TcpStream::connect(&address).is_ok() {
        assert!(refused.elapsed() < Duration::from_secs(5), "it still takes connections");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    form.write_all(&body[20_000..]).unwrap();
    assert!(status_line(&mut form).contains("201"));
    if is_long() {
        // The part is slow: its bytes so far are made durable in time.
        let began = Instant::now();
        let answer = status_line(&mut tus);
        assert!(answer.contains("204"), "{answer:?} after {:?}", began.elapsed());
    } else {
        tus.write_all(&vec![5; 60_000]).unwrap();
        assert!(status_line(&mut tus).contains("204"));
    }
    drop((tus, form));
    assert!(server.child.wait().unwrap().success());
    let server = site.start_again();
    let person = person.at(&server);
    let offset = person.offset(&path).await.unwrap();
    assert_eq!(offset, if is_long() { 40_000 } else { 100_000 });
    assert_eq!(
        person.append(&path, offset, &vec![5; 100_000 - offset]).await.unwrap().status(),
        204
    );
    assert!(person.item(&sha256(&vec![7; 50_000])).await.is_some());
    assert!(person.item(&sha256(&vec![5; 100_000])).await.is_some());
    person.assert_all_is_well(&site).await;
}

#[actix_web::test]
async fn slow_senders_do_not_delay_other_requests() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_sqlite(folder.path());
    // Clients of a proxy, since one address may not hold 200 connections.
    let mut server = site.start_with(&[("NEXUS_TRUSTED_PROXIES", "127.0.0.0/8")]);
    let person = Person::log_in(&server).await;
    let head = "POST /api/media/upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B";
    let part =
        b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"drip.bin\"\r\n\r\n";
    // Each user may send sixteen files at once.
    let mut dripping = Vec::new();
    for number in 0..13 {
        let name = format!("sender{number}");
        site.add_user(&name);
        let sender = Person::log_in_as(&server, &name).await;
        dripping.extend((0..15).map(|_| open(&server, head, 1 << 30, &sender)));
    }
    for stream in &mut dripping {
        stream.write_all(part).unwrap();
    }
    for round in 0..3 {
        for stream in &mut dripping {
            stream.write_all(b".").unwrap();
        }
        // Other requests are served meanwhile, within the client's timeout.
        let bytes = bytes_of(500 + round, 300_000);
        assert_eq!(person.upload(&[("quick.bin".into(), bytes)]).await.unwrap().status(), 201);
        assert_eq!(person.request("GET", "/api/media/list").send().await.unwrap().status(), 200);
    }
    let memory = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let peak = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!("{} dripping uploads: {peak}", dripping.len());
    drop(dripping);
    while std::fs::read_dir(site.media.join(".incoming")).unwrap().count() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    person.assert_all_is_well(&site).await;
    terminate(&mut server);
}

#[actix_web::test]
async fn previews_that_a_killed_server_left_are_made_after_the_restart() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_sqlite(folder.path());
    // It accepts uploads and makes no previews.
    let server = site.start_with(&[("NEXUS_PREVIEWS_AT_ONCE", "0")]);
    let person = Person::log_in(&server).await;
    let mut files = Vec::new();
    for shade in 0..20 {
        let mut picture = std::io::Cursor::new(Vec::new());
        image::RgbImage::from_pixel(40, 30, image::Rgb([shade, 0, 0]))
            .write_to(&mut picture, image::ImageFormat::Png)
            .unwrap();
        files.push((format!("picture {shade}.png"), picture.into_inner()));
    }
    assert_eq!(person.upload(&files).await.unwrap().status(), 201);
    drop(server);
    // One that is killed in the middle of making them.
    let server = site.start();
    drop(server);
    let server = site.start_again();
    let person = person.at(&server);
    for item in person.json("/api/media/list").await["items"].as_array().unwrap() {
        let preview =
            person.request("GET", item["thumbnail_url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(preview.status(), 200, "{}", item["name"]);
    }
}

#[actix_web::test]
async fn a_database_that_hangs_is_reported_within_three_seconds_and_used_again_when_it_answers() {
    let mut database = Database::start();
    let folder = tempfile::tempdir().unwrap();
    let site = Site { database: database.make("test_hang"), ..Site::on_sqlite(folder.path()) };
    let server = site.start();
    let person = Person::log_in(&server).await;
    assert_eq!(person.upload(&[("a.txt".into(), vec![1; 1000])]).await.unwrap().status(), 201);
    let ask = |path: &'static str| person.request("GET", path).send();
    assert_eq!(ask("/api/media/list").await.unwrap().status(), 200);

    // All of its threads stop; its connections stay open.
    database.tell("pause");
    let began = Instant::now();
    let waiting = futures_util::future::join_all((0..20).map(|_| ask("/api/media/list")));
    for answer in waiting.await {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 503);
        assert!(!header(&answer, "retry-after").is_empty());
    }
    println!("requests during a hanging database failed after {:?}", began.elapsed());
    assert_eq!(ask("/readyz").await.unwrap().status(), 503);
    assert_eq!(ask("/healthz").await.unwrap().status(), 200);
    // From then on they fail at once.
    assert_eq!(ask("/api/media/list").await.unwrap().status(), 503);
    let refused = person.upload(&[("no.bin".into(), vec![1; 1000])]).await.unwrap();
    assert_eq!(refused.status(), 503);

    database.tell("resume");
    let back = Instant::now();
    while ask("/api/media/list").await.unwrap().status() != 200 {
        assert!(back.elapsed() < Duration::from_secs(30), "service is not back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("service was back after {:?}", back.elapsed());
    assert_eq!(person.upload(&[("b.txt".into(), vec![2; 1000])]).await.unwrap().status(), 201);
    person.assert_all_is_well(&site).await;
}
