//! Third-party tus clients with twenty interrupted connections each: 1 GiB arrives unchanged.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "figures for docs/PROMISES.md")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

#[path = "../support/process.rs"]
mod process;
use process::{PASSWORD, Server};

const SIZE: u64 = 1 << 30;
const CUTS: u64 = 20;
const TUSPY: &str = "1.1.0";

/// A proxy that closes both connections each time another part of the total has passed.
struct Cutter {
    address: String,
    cuts: Arc<AtomicU64>,
}

impl Cutter {
    fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (server, sent, cuts) =
            (server.to_owned(), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counted = cuts.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(upstream) = TcpStream::connect(&server) else { continue };
                let (client_back, upstream_back) =
                    (client.try_clone().unwrap(), upstream.try_clone().unwrap());
                let (sent, cuts) = (sent.clone(), counted.clone());
                std::thread::spawn(move || forward(client, upstream, Some((&sent, &cuts))));
                std::thread::spawn(move || forward(upstream_back, client_back, None));
            }
        });
        Self { address, cuts }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, cutting: Option<(&AtomicU64, &AtomicU64)>) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if to.write_all(chunk.get(..length).unwrap()).is_err() {
            break;
        }
        if let Some((sent, cuts)) = cutting {
            let sent = sent.fetch_add(length as u64, Ordering::Relaxed) + length as u64;
            let done = cuts.load(Ordering::Relaxed);
            if done < CUTS && sent > (done + 1) * SIZE / (CUTS + 2) && length > 4096 {
                cuts.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
    }
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}

/// Runs a program and returns its last line.
fn said(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn curl(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&said(Command::new("curl").arg("-sSf").args(arguments))).unwrap()
}

/// tuspy from `PyPI`, cached between runs.
fn tuspy() -> PathBuf {
    let install = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/python-tool.sh");
    said(Command::new(install).args(["tuspy", TUSPY])).trim().into()
}

#[test]
fn a_gibibyte_survives_twenty_cuts_with_every_client() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let body = serde_json::json!({ "username": "root", "password": PASSWORD }).to_string();
    let path = folder.path().join("source");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let clients: [(&str, Command); 3] = [
        ("tus-js-client", {
            let mut node = Command::new("node");
            node.arg(root.join("tests/interop/tus-js.mjs"));
            node
        }),
        ("tuspy", {
            let mut python = Command::new("python3");
            python
                .arg(root.join("tests/interop/tuspy.py"))
                .env("PYTHONPATH", tuspy())
                .env("PYTHONDONTWRITEBYTECODE", "1");
            python
        }),
        ("curl", Command::new(root.join("tests/interop/curl.sh"))),
    ];
    for (name, mut client) in clients {
        let login = format!("{}/api/auth/login", server.base);
        let session = curl(&[&login, "-H", "Content-Type: application/json", "-d", &body]);
        let token = session.get("token").unwrap().as_str().unwrap().to_owned();
        // New random bytes, so that no duplicate exists.
        let mut random = std::fs::File::open("/dev/urandom").unwrap().take(SIZE);
        std::io::copy(&mut random, &mut std::fs::File::create(&path).unwrap()).unwrap();
        let digest =
            said(Command::new("sha256sum").arg(&path)).split(' ').next().unwrap().to_owned();
        let cutter = Cutter::before(server.base.trim_start_matches("http://"));
        let began = Instant::now();
        said(
            client
                .arg(format!("{}/api/uploads", cutter.address))
                .arg(&token)
                .arg(&path)
                .arg(format!("{name}.bin")),
        );
        let seconds = began.elapsed().as_secs_f64();
        let cuts = cutter.cuts.load(Ordering::Relaxed);
        assert_eq!(cuts, CUTS, "{name}");
        let authorization = format!("Authorization: Bearer {token}");
        let list = curl(&[
            &format!("{}/api/media/list?sha256={digest}", server.base),
            "-H",
            &authorization,
        ]);
        let item = list.pointer("/items/0").unwrap_or_else(|| panic!("{name}: it did not arrive"));
        assert_eq!(item.get("size").unwrap().as_u64(), Some(SIZE));
        let stored = said(
            Command::new("sh")
                .arg("-c")
                .arg("sha256sum media/0*/Uploads/*.bin")
                .current_dir(folder.path()),
        );
        assert!(stored.starts_with(&digest), "{name}: other bytes on disk");
        said(
            Command::new("sh")
                .arg("-c")
                .arg("rm media/0*/Uploads/*.bin")
                .current_dir(folder.path()),
        );
        println!("{name}: 1 GiB through {cuts} cuts in {seconds:.0} s, SHA-256 equal");
    }
}
