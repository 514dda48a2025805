//! Import of an original that PHP itself has created: tables, passwords and files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use nexus_media::domain::import::{ImportOptions, ImportReport, Tally, import};
use nexus_media::model::{AccessLevel, Shelf, Status};
use nexus_media::store;
use rstest::rstest;
use serde_json::Value;

use crate::support::*;

const PREFIX: &str = "de_torres_vincent_";

/// A PHP original.
struct Original {
    url: String,
    folder: tempfile::TempDir,
    /// The output of PHP about what it has created.
    made: Value,
}

impl Original {
    async fn make() -> Self {
        tokio::task::spawn_blocking(|| {
            let url = crate::mariadb::database();
            let parsed = url::Url::parse(&url).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let said = Command::new("php")
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/php_original.php"))
                .arg(format!(
                    "mysql:host={};port={};dbname={};charset=utf8mb4",
                    parsed.host_str().unwrap(),
                    parsed.port().unwrap(),
                    parsed.path().trim_start_matches('/')
                ))
                .args([parsed.username(), parsed.password().unwrap(), PREFIX])
                .arg(folder.path())
                .output()
                .expect("php: apt-get install php-cli php-mysql");
            assert!(
                said.status.success(),
                "{}{}",
                String::from_utf8_lossy(&said.stdout),
                String::from_utf8_lossy(&said.stderr)
            );
            let made = serde_json::from_slice(&said.stdout).unwrap();
            Self { url, folder, made }
        })
        .await
        .unwrap()
    }

    fn wanted(&self) -> ImportOptions<'_> {
        ImportOptions {
            database: &self.url,
            prefix: PREFIX,
            media: self.folder.path(),
            moves: false,
            is_dry: false,
        }
    }

    fn files(&self) -> &Vec<Value> {
        self.made["files"].as_array().unwrap()
    }

    /// Distinct hashes of a user's files in the original.
    fn hashes_of(&self, name: &str) -> BTreeSet<String> {
        let theirs =
            self.files().iter().filter(|file| file["folder"].as_str().unwrap().contains(name));
        theirs.map(|file| file["sha256"].as_str().unwrap().to_owned()).collect()
    }
}

async fn moved_in(app: &TestApp, original: &Original, wanted: ImportOptions<'_>) -> ImportReport {
    let (services, url, media) =
        (app.services.clone(), original.url.clone(), original.folder.path().to_owned());
    let (moves, is_dry) = (wanted.moves, wanted.is_dry);
    tokio::task::spawn_blocking(move || {
        let wanted = ImportOptions { database: &url, prefix: PREFIX, media: &media, moves, is_dry };
        import(&services, &wanted, |_| {}).unwrap()
    })
    .await
    .unwrap()
}

/// All files of a user: directory, name, hash.
fn kept(app: &TestApp, username: &str) -> Vec<(String, String, String)> {
    let mut kept: Vec<_> = app
        .placed_items(username)
        .into_iter()
        .map(|(path, item)| (path, item.name, item.sha256))
        .collect();
    kept.sort();
    kept
}

#[rstest]
#[actix_web::test]
async fn users_folders_and_files_are_imported_and_passwords_still_work(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let app = TestApp::start_with(backend, &[("previews_at_once", "0")]).await;
    let original = Original::make().await;
    let report = moved_in(&app, &original, original.wanted()).await;

    // The seventh has no address.
    assert_eq!(report.people, Tally { taken: 6, already_there: 0 });
    let skipped: Vec<_> = report.skipped.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        skipped,
        [
            "00027_JOHN_DOE001/Photos/link.png",
            "person 33 (noaddress) with 00033_NO_ADDRESS001",
            "00099_NO_BODY001"
        ]
    );
    // Copies in Favorites and Recents are stored once; the rest is counted as it is.
    let of_the_skipped = original
        .files()
        .iter()
        .filter(|file| file["folder"].as_str().unwrap().starts_with("00033"))
        .count();
    assert_eq!(
        report.files,
        Tally { taken: (original.files().len() - of_the_skipped - 2) as u64, already_there: 2 }
    );
    for (username, status, level) in [
        ("john", Status::Active, AccessLevel::Admin),
        ("ada", Status::Active, AccessLevel::User),
        ("sus", Status::Suspended, AccessLevel::User),
        ("wait", Status::Pending, AccessLevel::User),
        ("re", Status::Rejected, AccessLevel::User),
        ("old-hash-", Status::Active, AccessLevel::User),
    ] {
        let user = app.user(username);
        assert_eq!((user.status, user.access_level), (status, level), "{username}");
        assert_eq!(user.created_at.to_string(), "2019-05-06 7:08:09.0", "{username}");
    }
    let john = app.user("john");
    assert_eq!(
        (john.contact_number.as_deref(), john.address.as_deref()),
        (Some("+44 1"), Some("1 High Street"))
    );

    // Hashes of PHP (bcrypt, argon2) are verified once and then replaced.
    for username in ["john", "ada"] {
        let before = app.user(username).password;
        let browser = app.browser();
        let password = format!("correct horse {username}");
        let answer = browser
            .submit("/login", "/login", &[("username", username), ("password", &password)])
            .await;
        assert_eq!(location(&answer), "/dashboard", "{username}");
        let after = app.user(username).password;
        assert_ne!(before, after, "{username}");
        assert!(after.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{username}: {after}");
    }
    let sus = app.browser();
    let answer = sus
        .submit("/login", "/login", &[("username", "sus"), ("password", "correct horse sus")])
        .await;
    assert_ne!(location(&answer), "/dashboard");
    let old = app.browser();
    let answer = old
        .submit("/login", "/login", &[("username", "old-hash-"), ("password", "correct horse old")])
        .await;
    assert_eq!(answer.status(), 401, "an MD5 is no password");
    assert!(
        report.notes.iter().any(|note| note.contains("old-hash- needs a new password")),
        "{:?}",
        report.notes
    );

    for (username, name) in [("john", "JOHN_DOE"), ("ada", "ADA")] {
        let kept: BTreeSet<_> =
            kept(&app, username).into_iter().map(|(_, _, sha256)| sha256).collect();
        assert_eq!(kept, original.hashes_of(name), "{username}");
        assert_counts_are_true(&app, username);
    }
    let kept: Vec<_> =
        kept(&app, "john").into_iter().map(|(path, name, _)| format!("{path}/{name}")).collect();
    let expected = [
        "Club/caf.txt",
        "Club/minutes.txt",
        "Photos/a.png",
        "Photos/Trip/a again.png",
        "Photos/Trip/b.png",
        "Trash/old.png",
        "Uploads/empty.txt",
        "Uploads/notes.txt",
        "Uploads/top.txt",
    ];
    assert_eq!(kept, expected);
    assert!(app.on_disk("john", "Nothing in it").is_dir());
    let favorites: Vec<_> =
        app.items("john", Shelf::Favorites).into_iter().map(|item| item.sha256).collect();
    assert_eq!(favorites.len(), 1);
    let photo =
        app.items("john", Shelf::Photos).into_iter().find(|item| item.name == "b.png").unwrap();
    assert_eq!(photo.created_at.to_string(), "2018-03-04 5:06:07.0");
    let trip = app
        .services
        .db
        .read(|conn| Ok(store::directories::find_by_path(conn, john.id, "Photos/Trip")?))
        .unwrap()
        .unwrap();
    assert_eq!(
        [trip.date_added, trip.last_modified].map(|at| at.to_string()),
        ["2019-05-06 7:08:09.0", "2020-01-02 3:04:05.0"]
    );
    assert_eq!(app.incoming(), 0);
}

#[rstest]
#[actix_web::test]
async fn a_second_import_takes_nothing_and_a_dry_run_changes_nothing(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let app = TestApp::start_with(backend, &[("previews_at_once", "0")]).await;
    let original = Original::make().await;
    let dry = moved_in(&app, &original, ImportOptions { is_dry: true, ..original.wanted() }).await;
    let count = || {
        app.services
            .db
            .read(|conn| Ok(store::people::count_by_status(conn)?.values().sum::<i64>()))
            .unwrap()
    };
    assert_eq!(
        (count(), std::fs::read_dir(app.folder.path().join("media")).unwrap().count()),
        (0, 3)
    );
    let first = moved_in(&app, &original, original.wanted()).await;
    assert_eq!(dry.people, first.people);
    let before = (kept(&app, "john"), kept(&app, "ada"));
    let version = |name: &str| {
        let id = app.user(name).id;
        app.services.db.read(|conn| Ok(store::library_versions::find_version(conn, id)?)).unwrap()
    };
    let versions = (version("john"), version("ada"));
    let again = moved_in(&app, &original, original.wanted()).await;
    assert_eq!((again.people, again.files.taken), (Tally { taken: 0, already_there: 6 }, 0));
    assert_eq!(again.files.already_there, first.files.taken + first.files.already_there);
    assert_eq!((kept(&app, "john"), kept(&app, "ada")), before);
    assert_eq!((version("john"), version("ada")), versions, "nothing has changed");
}

#[rstest]
#[actix_web::test]
async fn source_files_are_removed_only_once_stored(#[values(Sqlite, MariaDb)] backend: Backend) {
    let app =
        TestApp::start_with(backend, &[("previews_at_once", "0"), ("default_quota", "1000")]).await;
    let original = Original::make().await;
    let report =
        moved_in(&app, &original, ImportOptions { moves: true, ..original.wanted() }).await;
    let film = "00028_ADA_LOVELACE001/Videos/big.mp4";
    assert!(
        report.skipped.iter().any(|(what, why)| what == film && why.contains("storage")),
        "{:?}",
        report.skipped
    );
    let is_there = |path: &str| original.folder.path().join(path).exists();
    assert!(is_there(film), "it found no room here");
    assert!(is_there("00033_NO_ADDRESS001/Uploads/left.txt"));
    assert!(!is_there("00027_JOHN_DOE001/Photos/a.png"));
    assert_eq!(kept(&app, "john").len(), 9);
}

/// The program with folders and a database of its own.
fn program(folder: &Path, original: &Original, fault: Option<u64>) -> std::process::Output {
    std::fs::write(folder.join("address"), &original.url).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-media"));
    command.current_dir(folder).env_clear();
    command.args([
        "import",
        "php",
        "--json",
        "--database-file",
        "address",
        "--table-prefix",
        PREFIX,
        "--media",
    ]);
    command.arg(original.folder.path()).envs(fault.map(|at| ("FAULT_AFTER", at.to_string())));
    command.output().unwrap()
}

#[actix_web::test]
async fn an_import_killed_at_any_point_continues_where_it_stopped() {
    let original = Original::make().await;
    let ended = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let mut deaths = 0;
        // A later point each time, until it finishes.
        for at in (1..).step_by(3) {
            let said = program(folder.path(), &original, Some(at));
            if said.status.code().is_some() {
                assert_eq!(
                    said.status.code(),
                    Some(1),
                    "{}",
                    String::from_utf8_lossy(&said.stderr)
                );
                break;
            }
            deaths += 1;
        }
        assert!(deaths > 5, "killed {deaths} times");
        let said = program(folder.path(), &original, None);
        let report: Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(report["files"]["taken"], 0, "{report}");
        let check = Command::new(env!("CARGO_BIN_EXE_nexus-media"))
            .arg("check")
            .current_dir(folder.path())
            .env_clear()
            .output();
        let check = check.unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
        let files: Vec<PathBuf> = walk(&folder.path().join("media"));
        assert!(
            files.iter().any(|path| path.ends_with("00001_JOHN_DOE001/Trash/old.png")),
            "{files:?}"
        );
        let taken = files.iter().filter(|path| !path.ends_with("user_icon.svg")).count();
        let of_the_skipped = 1;
        (taken, original.files().len() - of_the_skipped - 2)
    });
    let (taken, there) = ended.await.unwrap();
    assert_eq!(taken, there, "each file once");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}
