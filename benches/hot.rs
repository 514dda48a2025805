//! Benchmarks of internal operations: session, list, range, upload, preview. `cargo bench --bench hot`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a bench that cannot go on ends"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nexus_media::app::Application;
use nexus_media::config::{RawSettings, Settings};
use nexus_media::domain::sessions::lifecycle;
use nexus_media::media::PreviewRenderer;
use nexus_media::model::item::ItemKind;
use nexus_media::model::item_filter::ItemFilter;
use nexus_media::model::{Cursor, SessionKind, SessionStatus, Shelf, Sort, User, now};
use nexus_media::state::Services;
use nexus_media::state::session_cache::{random_token, token_hash};
use nexus_media::store;
use nexus_media::store::sessions::NewSession;

#[path = "../tests/support/rows.rs"]
mod rows;

const ITEMS: u32 = 10_000;
const MEGABYTE: usize = 1 << 20;
const PASSWORD: &str = "a long enough password";
/// A photo of 12 megapixels.
const PHOTO: (u32, u32) = (4000, 3000);

/// A server with one admin and items, which runs until it is dropped.
struct House {
    services: Arc<Services>,
    address: String,
    user: User,
    token: String,
    _folder: tempfile::TempDir,
}

impl House {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let given = RawSettings::from([
            ("listen", "127.0.0.1:0".to_owned()),
            ("data_dir", path("data")),
            ("media_dir", path("media")),
            ("database_url", format!("sqlite://{}", path("data/nexus.db"))),
            ("rate_limit", "off".to_owned()),
            ("previews_at_once", "0".to_owned()),
            ("admin_username", "root".to_owned()),
            ("admin_email", "root@example.org".to_owned()),
            ("admin_password", PASSWORD.to_owned()),
        ]);
        let settings = Settings {
            program: env!("CARGO_BIN_EXE_nexus-media").into(),
            ..Settings::from_raw(&given).unwrap()
        };
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let application = Application::build(settings).await.unwrap();
                tell.send((application.services().clone(), application.address().to_string()))
                    .unwrap();
                application.run_until_stopped().await.unwrap();
            });
        });
        let (services, address) = told.recv().unwrap();
        let user = services
            .db
            .read(|conn| Ok(store::users::find_by_login(conn, "root")?))
            .unwrap()
            .unwrap();
        services.write_library(user.id, |conn| fill(conn, &user)).unwrap();
        let body = format!(r#"{{"username":"root","password":"{PASSWORD}"}}"#);
        let mut line = Line::to(&address);
        let answer =
            line.ask("POST /api/auth/login", "Content-Type: application/json\r\n", body.as_bytes());
        let token = serde_json::from_slice::<serde_json::Value>(&answer).unwrap()["token"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { services, address, user, token, _folder: folder }
    }
}

fn fill(conn: &mut nexus_media::db::Conn, user: &User) -> nexus_media::error::Result<()> {
    let directory =
        store::directories::find_by_path(conn, user.id, "Photos")?.unwrap().directory_id;
    for number in 0..ITEMS {
        let new = rows::item(
            user.id,
            directory,
            ItemKind::Photo,
            number,
            format!("photo {number:05}.jpg"),
        );
        store::items::insert(conn, &new)?;
    }
    Ok(())
}

/// A persistent connection.
struct Line(BufReader<TcpStream>);

impl Line {
    fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::with_capacity(256 << 10, stream))
    }

    /// The body of a successful response; panics otherwise.
    fn ask(&mut self, what: &str, more: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "{what} HTTP/1.1\r\nHost: nexus\r\nContent-Length: {}\r\n{more}\r\n",
            body.len()
        );
        self.0.get_mut().write_all(&[head.as_bytes(), body].concat()).unwrap();
        let (mut said, mut length) = (String::new(), 0);
        loop {
            let start = said.len();
            self.0.read_line(&mut said).unwrap();
            let line = &said[start..];
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        assert!(said.starts_with("HTTP/1.1 2"), "{said}");
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
        answer
    }
}

fn form(number: u64) -> Vec<u8> {
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{number}.bin\"\r\n\r\n"
    )
    .into_bytes();
    let start = body.len();
    body.resize(start + MEGABYTE, 7);
    body[start..start + 8].copy_from_slice(&number.to_be_bytes());
    body.extend_from_slice(b"\r\n--b--\r\n");
    body
}

fn photo() -> std::fs::File {
    let picture = image::RgbImage::from_fn(PHOTO.0, PHOTO.1, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 27;
        image::Rgb(
            [x, y, x + y].map(|value| u8::try_from(((value / 16) % 200) + noise).unwrap_or(255)),
        )
    });
    let image = turbojpeg::Image {
        pixels: picture.as_raw().as_slice(),
        width: PHOTO.0 as usize,
        pitch: PHOTO.0 as usize * 3,
        height: PHOTO.1 as usize,
        format: turbojpeg::PixelFormat::RGB,
    };
    let jpeg = turbojpeg::compress(image, 90, turbojpeg::Subsamp::Sub2x2).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&jpeg).unwrap();
    file
}

fn hot(criterion: &mut Criterion) {
    let house = House::open();
    let (services, user) = (&house.services, &house.user);

    let token = random_token();
    let session = NewSession {
        user_id: user.id,
        session_token: &token_hash(&token),
        expiration: now() + time::Duration::DAY,
        status: SessionStatus::Active,
        created_at: now(),
        last_seen: now(),
        address: "",
        device: "",
        kind: SessionKind::Browser,
        name: "",
        scopes: "",
        family: None,
    };
    services.db.write(|conn| Ok(store::sessions::insert(conn, &session)?)).unwrap();
    criterion.bench_function("session, known", |bench| {
        // The database is queried every five seconds.
        bench.iter(|| {
            services
                .session_cache
                .get_by_token(&token)
                .unwrap_or_else(|| lifecycle::find(services, &token).unwrap())
        });
    });
    criterion.bench_function("session, from the database", |bench| {
        bench.iter(|| {
            services.session_cache.invalidate_user(user.id);
            lifecycle::find(services, &token).unwrap()
        });
    });

    for (what, sort) in [("newest", Sort::Newest), ("name", Sort::Name)] {
        let photos = ItemFilter::shelf(Shelf::Photos);
        services
            .db
            .read(|conn| {
                let middle = store::item_lists::list(
                    conn,
                    user.id,
                    &photos,
                    sort,
                    None,
                    i64::from(ITEMS / 2),
                )?;
                let middle = Cursor::after_item(middle.last().unwrap(), sort);
                criterion.bench_function(
                    &format!("50 of 10,000 by {what}, from the middle"),
                    |bench| {
                        bench.iter(|| {
                            store::item_lists::list(conn, user.id, &photos, sort, Some(&middle), 50)
                                .unwrap()
                        });
                    },
                );
                Ok(())
            })
            .unwrap();
    }

    let bearer = format!("Authorization: Bearer {}\r\n", house.token);
    let multipart = format!("{bearer}Content-Type: multipart/form-data; boundary=b\r\n");
    let mut line = Line::to(&house.address);
    let mut number = 0;
    let mut group = criterion.benchmark_group("bytes");
    group.throughput(Throughput::Bytes(MEGABYTE as u64)).sample_size(50);
    let mut id = String::new();
    group.bench_function("1 MiB by form, durable", |bench| {
        bench.iter_batched(
            || {
                number += 1;
                form(number)
            },
            |body| {
                let answer = line.ask("POST /api/media/upload", &multipart, &body);
                id =
                    serde_json::from_slice::<serde_json::Value>(&answer).unwrap()["items"][0]["id"]
                        .as_str()
                        .unwrap()
                        .into();
            },
            BatchSize::PerIteration,
        );
    });
    let ranged = format!("{bearer}Range: bytes=1-{}\r\n", MEGABYTE - 1);
    group.bench_function("a range of 1 MiB", |bench| {
        bench.iter(|| line.ask(&format!("GET /api/media/{id}/content"), &ranged, &[]));
    });
    group.finish();

    let studio = PreviewRenderer::new(env!("CARGO_BIN_EXE_nexus-media").into());
    studio.probe();
    let photo = photo();
    let mut group = criterion.benchmark_group("previews");
    group.sample_size(20);
    group.bench_function("a photo of 12 megapixels, in a cage", |bench| {
        bench.iter(|| {
            studio.render(&photo, "image/jpeg").unwrap_or_else(|failure| panic!("{failure}"))
        });
    });
}

criterion_group!(benches, hot);
criterion_main!(benches);
