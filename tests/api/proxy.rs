//! Behind a real nginx, configured as docs/PROXY.md says.

use std::process::{Child, Command, Stdio};

use rstest::rstest;

use crate::support::{Backend, Browser, Sqlite, TestApp, header, location, png};

/// An nginx that ends with the test.
struct Nginx {
    process: Child,
    base: String,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(Command::new("kill").arg(self.process.id().to_string()).status());
        drop(self.process.wait());
    }
}

fn nginx(app: &TestApp) -> Nginx {
    nginx_with(app, |server| server)
}

/// An nginx whose configuration for Nexus was `changed`.
fn nginx_with(app: &TestApp, changed: impl Fn(String) -> String) -> Nginx {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PROXY.md")).unwrap();
    let server = page.split("```nginx").nth(1).unwrap().split("```").next().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = app.folder.path().display();
    let server = server
        .replace("listen PORT", &format!("listen 127.0.0.1:{port}"))
        .replace("NEXUS;", &format!("{};", app.base.trim_start_matches("http://")))
        .replace("MEDIA", &format!("{folder}/media"));
    let server = changed(server);
    // Only root may name a user, here the one who may read the folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {folder}/{what};"))
        .concat();
    let config = format!(
        "{user} daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}} http {{ access_log off; {temporary} {server} }}"
    );
    let path = app.folder.path().join("nginx.conf");
    std::fs::write(&path, config).unwrap();
    let process = Command::new("nginx")
        .arg("-c")
        .arg(&path)
        .stderr(Stdio::inherit())
        .spawn()
        .expect("nginx is installed");
    Nginx { process, base: format!("http://127.0.0.1:{port}") }
}

/// The same browser through the proxy, once it listens.
async fn through(nginx: &Nginx, browser: &Browser) -> Browser {
    let by_proxy = Browser { base: nginx.base.clone(), client: browser.client.clone() };
    for _ in 0..200 {
        if by_proxy.request("GET", "/healthz").send().await.is_ok() {
            return by_proxy;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nginx does not listen");
}

/// Larger than what Nexus sends itself.
fn film() -> Vec<u8> {
    [b"\0\0\0\x18ftypmp42".as_slice(), &vec![7; 300_000]].concat()
}

#[rstest]
#[actix_web::test]
async fn nginx_sends_large_files_to_those_who_may_have_them(#[values(Sqlite)] backend: Backend) {
    let settings = [("trusted_proxies", "127.0.0.0/8"), ("x_accel", "/.files")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    let (person, _) = app.person(&admin, "ada").await;
    let film = film();
    let large = person.upload_one("A film ü #1?.mp4", &film).await;
    let script = person
        .upload_one("big.html", format!("<script>1</script>{}", "x".repeat(300_000)).as_bytes())
        .await;
    let small = person.upload_one("small.png", &png(1)).await;
    let nginx = nginx(&app);
    let (person, admin) = (through(&nginx, &person).await, through(&nginx, &admin).await);

    let whole = person.get(&format!("/media/{large}")).await;
    assert_eq!(
        (whole.status().as_u16(), header(&whole, "content-type").as_str()),
        (200, "video/mp4")
    );
    assert_eq!(header(&whole, "x-accel-redirect"), "");
    assert!(header(&whole, "server").starts_with("nginx"));
    assert_eq!(whole.bytes().await.unwrap(), film);
    let part = person
        .request("GET", &format!("/media/{large}"))
        .header("range", "bytes=0-11")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&part, "content-range"), format!("bytes 0-11/{}", film.len()));
    assert_eq!(part.bytes().await.unwrap(), film[..12]);

    let sandboxed = person.get(&format!("/media/{script}")).await;
    assert!(header(&sandboxed, "content-security-policy").starts_with("sandbox"));
    assert!(header(&sandboxed, "content-disposition").starts_with("attachment"));
    for name in [
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        "x-request-id",
    ] {
        assert_ne!(header(&sandboxed, name), "", "{name}");
    }
    assert_eq!(person.get(&format!("/media/{small}")).await.bytes().await.unwrap(), png(1));

    assert_eq!(admin.get(&format!("/media/{large}")).await.status(), 404, "somebody else's");
    let folder = app.user("ada").folder;
    assert_eq!(
        person
            .get(&format!("/.files/{folder}/Videos/A%20film%20%C3%BC%20%231%3F.mp4"))
            .await
            .status(),
        404
    );
}

#[rstest]
#[actix_web::test]
async fn untrusted_proxies_get_the_bytes_themselves(#[values(Sqlite)] backend: Backend) {
    let settings = [("trusted_proxies", "192.0.2.0/24"), ("x_accel", "/.files")];
    let (app, admin) = TestApp::ready_with(backend, &settings).await;
    let (person, _) = app.person(&admin, "ada").await;
    let film = film();
    let id = person.upload_one("film.mp4", &film).await;
    let answer = person.get(&format!("/media/{id}")).await;
    assert_eq!(header(&answer, "x-accel-redirect"), "");
    assert_eq!(answer.bytes().await.unwrap(), film);
}

#[rstest]
#[actix_web::test]
async fn nginx_may_serve_the_server_below_a_path(#[values(Sqlite)] backend: Backend) {
    let settings = [
        ("trusted_proxies", "127.0.0.0/8"),
        ("x_accel", "/.files"),
        ("public_url", "http://example.org/nexus"),
    ];
    let app = TestApp::start_with(backend, &settings).await;
    let nginx = nginx_with(&app, |server| server.replace("location / {", "location /nexus/ {"));
    let person = through(&nginx, &app.browser()).await;
    app.set_up_by(&person, "/nexus").await;
    assert_eq!(
        person.page("/nexus/dashboard").await.attribute("a.logo", "href").as_deref(),
        Some("/nexus/dashboard")
    );

    let film = film();
    let form = reqwest::multipart::Form::new()
        .text("csrf_token", person.token("/nexus/upload").await)
        .text("directory", "");
    let form =
        form.part("file", reqwest::multipart::Part::bytes(film.clone()).file_name("film.mp4"));
    let result =
        location(&person.request("POST", "/nexus/upload").multipart(form).send().await.unwrap());
    let item =
        person.page(&result).await.attribute(".row-item a[href^='/nexus/items/']", "href").unwrap();
    let answer = person.get(&item.replace("items", "media")).await;
    assert!(header(&answer, "server").starts_with("nginx"));
    assert_eq!(answer.bytes().await.unwrap(), film);

    assert!(
        location(&person.get("/nexus").await).ends_with("/nexus/"),
        "nginx leads there by itself"
    );
    assert_eq!(
        person.get("/dashboard").await.status(),
        404,
        "what is beside the path is not Nexus's"
    );
}
