//! Backups: created under load, verified, restored, pruned; and copying to the other database.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nexus_media::db::table_rows::{Columns, TABLES, TableChecksum, insert};
use nexus_media::db::{Conn, Db, newest_schema};
use nexus_media::domain::backup;
use nexus_media::domain::ops::copy_database;
use rstest::rstest;
use serde_json::Value;

use crate::support::*;

/// An installation without a running server.
struct Installation {
    folder: tempfile::TempDir,
    url: String,
}

impl Installation {
    async fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = TestApp::database(backend, &folder).await;
        Self { folder, url }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.path(), &self.url, arguments, None)
    }

    fn answer(&self, arguments: &[&str]) -> Value {
        answer(self.path(), &self.url, arguments)
    }

    /// Creates a user on the command line, with these files in `Uploads`.
    fn add(&self, username: &str, files: &[(&str, &[u8])]) {
        std::fs::write(self.path().join("password"), PASSWORD).unwrap();
        let email = format!("{username}@example.org");
        let mut arguments = vec![
            "user",
            "add",
            username,
            "--email",
            &email,
            "--firstname",
            "Ada",
            "--lastname",
            username,
        ];
        arguments.extend(["--password-file", "password"]);
        assert_eq!(self.run(&arguments).status.code(), Some(0));
        let theirs = std::fs::read_dir(self.path().join("media"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let theirs = theirs
            .filter(|path| path.to_string_lossy().contains(&username.to_uppercase()))
            .max()
            .unwrap();
        for (name, bytes) in files {
            std::fs::write(theirs.join("Uploads").join(name), bytes).unwrap();
        }
        self.answer(&["scan", "--settled", "0"]);
    }

    fn people(&self) -> BTreeSet<String> {
        let people = self.answer(&["user", "list"]);
        people
            .as_array()
            .unwrap()
            .iter()
            .map(|person| person["username"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Files in user folders, without avatars.
    fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        collect(&self.path().join("media"), &self.path().join("media"), &mut files);
        files.retain(|path| !path.starts_with('.') && !path.ends_with("user_icon.svg"));
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

fn run(folder: &Path, url: &str, arguments: &[&str], fault: Option<u64>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-media"));
    command
        .current_dir(folder)
        .env_clear()
        .env("DATABASE_URL", url)
        .env("NEXUS_BACKUP_DIR", folder.join("../backups"));
    command
        .envs(fault.map(|at| ("FAULT_AFTER", at.to_string())))
        .arg("--json")
        .args(arguments)
        .output()
        .unwrap()
}

fn answer(folder: &Path, url: &str, arguments: &[&str]) -> Value {
    let said = run(folder, url, arguments, None);
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert_eq!(said.status.code(), Some(0), "{arguments:?}: {out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}"))
}

/// Runs blocking work outside of the server's thread.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// All files of a user: directory, name, hash and whether it is a favorite.
fn kept(app: &TestApp, username: &str) -> Vec<(String, String, String, bool)> {
    let mut kept: Vec<_> = app
        .placed_items(username)
        .into_iter()
        .map(|(path, item)| (path, item.name, item.sha256, item.favorite))
        .collect();
    kept.sort();
    kept
}

#[rstest]
#[case::sqlite_to_sqlite(Sqlite, Sqlite)]
#[case::sqlite_to_mariadb(Sqlite, MariaDb)]
#[case::mariadb_to_mariadb(MariaDb, MariaDb)]
#[case::mariadb_to_sqlite(MariaDb, Sqlite)]
#[actix_web::test]
async fn a_backup_restored_on_a_new_machine_is_complete(
    #[case] from: Backend,
    #[case] to: Backend,
) {
    let (app, admin) = TestApp::ready(from).await;
    let (ada, _) = app.person(&admin, "ada").await;
    app.register("grace").await;
    let program = app.program("ada").await;
    ada.upload_one("a.txt", b"first").await;
    let starred = ada.upload_one("b \u{1F600}.txt", b"second").await;
    ada.act(&starred, "favorite", &[]).await;
    let trashed = ada.upload_one("empty.bin", b"").await;
    ada.act(&trashed, "trash", &[]).await;
    let before = kept(&app, "ada");
    assert_eq!(before.len(), 3);
    let link = program.send("POST", "/api/links", &serde_json::json!({ "item": starred })).await;
    let link = json(link).await["url"].as_str().unwrap().replace(&app.base, "");
    assert_eq!(app.browser().get(&link).await.status(), 303);

    let backups = tempfile::tempdir().unwrap();
    let dir = backups.path().display().to_string();
    let (folder, url) = (app.folder.path().to_owned(), app.services.settings.database_url.clone());
    let there = dir.clone();
    let made = apart(move || answer(&folder, &url, &["backup", "create", &there])).await;
    assert_eq!(
        (made["files"].as_u64(), made["left"].as_array().map(Vec::len)),
        (Some(3 + 2), Some(0)),
        "{made}"
    );
    let new = Installation::new(to).await;
    let (done, new) = apart(move || {
        let done = new.answer(&["backup", "restore", &dir]);
        let check = new.answer(&["check"]);
        assert_eq!(
            (check["files"].as_u64(), check["left"].as_u64()),
            (Some(3), Some(0)),
            "{check}"
        );
        (done, new)
    })
    .await;
    assert_eq!((done["people"].as_u64(), done["files"].as_u64()), (Some(3), Some(5)), "{done}");
    assert!(done["restore_point"].is_null() && done["aside"].is_null(), "nobody was here: {done}");

    let Installation { folder, url } = new;
    let new = TestApp::start_in(folder, url).await;
    assert_eq!(kept(&new, "ada"), before);
    assert_eq!(new.user("grace").status.as_str(), "pending");
    assert_counts_are_true(&new, "ada");
    for directory in ["Photos", "Trash", "Recents"] {
        assert!(new.on_disk("ada", directory).is_dir(), "{directory}");
    }
    let browser = new.browser();
    let answer =
        browser.submit("/login", "/login", &[("username", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(
        (answer.status().as_u16(), location(&answer)),
        (303, "/dashboard".into()),
        "passwords are as they were"
    );
    let old = Program { base: new.base.clone(), ..program };
    assert_eq!(
        old.get("/api/users/me").await.status(),
        401,
        "sessions and tokens do not come back"
    );
    let visitor = new.browser();
    assert_eq!(
        visitor.get(&link).await.status(),
        410,
        "neither do links, which may have ended since"
    );
}

#[rstest]
#[actix_web::test]
async fn a_backup_made_while_users_write_is_consistent(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    app.person(&admin, "ada").await;
    let program = app.program("ada").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..3)
        .map(|worker| {
            let (program, is_over) = (program.clone(), is_over.clone());
            actix_web::rt::spawn(async move {
                let mut done = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let id = program
                        .upload_one(
                            &format!("{worker}-{done}.txt"),
                            format!("{worker} {done}").as_bytes(),
                        )
                        .await;
                    let path = format!("/api/media/{id}");
                    let renamed =
                        serde_json::json!({ "name": format!("renamed {worker}-{done}.txt") });
                    assert_eq!(program.send("PATCH", &path, &renamed).await.status(), 200);
                    if done % 4 == 0 {
                        for _ in ["into the trash", "for good"] {
                            let gone = program.send("DELETE", &path, &Value::Null).await;
                            assert!(gone.status().is_success(), "{}", gone.status());
                        }
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    let (folder, url) = (app.folder.path().to_owned(), app.services.settings.database_url.clone());
    let backups = tempfile::tempdir().unwrap();
    let dir = backups.path().display().to_string();
    let there = dir.clone();
    let made = apart(move || {
        let made: Vec<Value> =
            (0..4).map(|_| answer(&folder, &url, &["backup", "create", &there])).collect();
        made
    })
    .await;
    is_over.store(true, Ordering::Relaxed);
    let mut work = 0;
    for worker in workers {
        work += worker.await.unwrap();
    }
    assert!(work > 20, "{work} files came and went");
    let count = |made: &Value| made["files"].as_u64().unwrap();
    assert!(count(&made[3]) > count(&made[0]), "{made:?}");
    let new = Installation::new(Sqlite).await;
    apart(move || {
        for made in &made {
            let name = made["backup"].as_str().unwrap();
            let verified = new.answer(&["backup", "verify", &dir, "--set", name]);
            assert_eq!(verified["broken"].as_array().map(Vec::len), Some(0), "{verified}");
            let done = new.answer(&["backup", "restore", &dir, "--set", name]);
            assert_eq!(done["files"].as_u64(), Some(count(made)), "{done}");
            let check = new.answer(&["check"]);
            assert_eq!(check["left"].as_u64(), Some(0), "{check}");
        }
    })
    .await;
}

/// An installation that was changed after its only backup.
async fn changed_house() -> (Installation, tempfile::TempDir) {
    let outer = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir_in(outer.path()).unwrap();
    let url = format!("sqlite://{}/data/nexus.db", folder.path().display());
    let installation = Installation { folder, url };
    apart(move || {
        installation.add("ada", &[("kept.txt", b"kept"), ("lost.txt", b"lost")]);
        installation.add("grace", &[("hers.txt", b"hers")]);
        installation.answer(&["backup", "create"]);
        installation.run(&["user", "remove", "grace", "--yes"]);
        std::fs::remove_file(installation.path().join("media/00001_ADA_ADA001/Uploads/lost.txt"))
            .unwrap();
        installation.add("edith", &[("later.txt", b"later")]);
        (installation, outer)
    })
    .await
}

#[actix_web::test]
async fn a_restore_replaces_everything_and_keeps_the_previous_state() {
    let (installation, _outer) = changed_house().await;
    apart(move || {
        assert_eq!(installation.people(), BTreeSet::from(["ada".into(), "edith".into()]));
        let first =
            installation.answer(&["backup", "list"])[0]["backup"].as_str().unwrap().to_owned();
        let done = installation.answer(&["backup", "restore", "--set", &first]);
        assert_eq!(installation.people(), BTreeSet::from(["ada".into(), "grace".into()]));
        let files = [
            "00001_ADA_ADA001/Uploads/kept.txt",
            "00001_ADA_ADA001/Uploads/lost.txt",
            "00002_ADA_GRACE001/Uploads/hers.txt",
        ];
        assert_eq!(installation.files(), files.map(str::to_owned).into());
        assert_eq!(done["unchanged"], 2 + 2, "two files and two pictures: {done}");
        assert_eq!(installation.answer(&["check"])["left"], 0);
        let log = String::from_utf8(installation.run(&["audit", "export"]).stdout).unwrap();
        for (event, subject) in
            [("account_made", "edith"), ("account_removed", "grace"), ("restored", first.as_str())]
        {
            let is_there = log.lines().any(|line| line.contains(event) && line.contains(subject));
            assert!(is_there, "what happened here stays told: {event} {subject} in {log}");
        }
        assert_eq!(installation.answer(&["audit", "verify"])["first"], 1);
        let aside = PathBuf::from(done["aside"].as_str().unwrap());
        let theirs = aside.join("00003_ADA_EDITH001/Uploads/later.txt");
        assert_eq!(std::fs::read(installation.path().join(theirs)).unwrap(), b"later");
        // And back to where it was.
        let point = done["restore_point"].as_str().unwrap();
        installation.answer(&["backup", "restore", "--set", point]);
        assert_eq!(installation.people(), BTreeSet::from(["ada".into(), "edith".into()]));
        let lost = installation.path().join("media/00001_ADA_ADA001/Uploads/lost.txt");
        assert_eq!(
            std::fs::read(lost).unwrap(),
            b"lost",
            "it was missing, and its bytes are in the first backup"
        );
        installation.answer(&["check"]);
    })
    .await;
}

#[actix_web::test]
async fn the_state_before_a_restore_is_restored_by_its_name_only() {
    let (installation, _outer) = changed_house().await;
    apart(move || {
        for _ in 0..2 {
            let done = installation.answer(&["backup", "restore"]);
            assert!(
                installation.people().contains("grace"),
                "the newest that somebody wanted: {done}"
            );
        }
        let names = |installation: &Installation| -> Vec<String> {
            let sets = installation.answer(&["backup", "list"]);
            sets.as_array()
                .unwrap()
                .iter()
                .map(|set| set["backup"].as_str().unwrap().to_owned())
                .collect()
        };
        let before = names(&installation);
        assert_eq!(before.iter().filter(|name| name.ends_with("-before")).count(), 2, "{before:?}");
        installation.answer(&["backup", "prune", "--keep", "1d"]);
        let after = names(&installation);
        assert_eq!(
            after,
            [before.first().unwrap().clone(), before.last().unwrap().clone()],
            "of {before:?}"
        );
        installation.answer(&["backup", "restore", "--set", before.last().unwrap()]);
    })
    .await;
}

#[actix_web::test]
async fn a_file_known_to_be_missing_stays_in_every_backup_that_has_it() {
    let (installation, _outer) = changed_house().await;
    apart(move || {
        let unsaved = installation.path().join("media/00003_ADA_EDITH001/Uploads/later.txt");
        std::fs::remove_file(unsaved).unwrap();
        installation.run(&["scan", "--settled", "0"]);
        for _ in 0..2 {
            let said = installation.run(&["backup", "create"]);
            assert_eq!(said.status.code(), Some(1), "each time");
            let made: Value = serde_json::from_slice(&said.stdout).unwrap();
            let left: Vec<_> = made["left"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["path"].as_str().unwrap())
                .collect();
            assert_eq!(
                left,
                ["00003_ADA_EDITH001/Uploads/later.txt"],
                "nobody ever had it: {made}"
            );
        }
        installation.answer(&["backup", "prune", "--keep", "1d"]);
        let done = installation.answer(&["backup", "restore"]);
        assert_eq!(done["left"].as_array().unwrap().len(), 1, "{done}");
        let lost = installation.path().join("media/00001_ADA_ADA001/Uploads/lost.txt");
        assert_eq!(std::fs::read(lost).unwrap(), b"lost", "of a backup that is long gone");
        let check: Value = serde_json::from_slice(&installation.run(&["check"]).stdout).unwrap();
        let missing: Vec<_> = check["found"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["trouble"] == "missing")
            .collect();
        assert_eq!(
            (missing.len(), missing[0]["path"].as_str().unwrap()),
            (1, "00003_ADA_EDITH001/Uploads/later.txt"),
            "{check}"
        );
    })
    .await;
}

#[actix_web::test]
async fn nothing_continues_without_the_disk_of_the_users_folders() {
    let (installation, _outer) = changed_house().await;
    apart(move || {
        let media = installation.path().join("media");
        std::fs::rename(&media, installation.path().join("unmounted")).unwrap();
        std::fs::create_dir(&media).unwrap();
        let commands: [&[&str]; 4] =
            [&["serve"], &["scan"], &["scan", "--settled", "0"], &["backup", "create"]];
        for command in commands {
            let said = installation.run(command);
            let words = String::from_utf8_lossy(&said.stderr);
            assert!(
                said.status.code() == Some(78) && words.contains("Is its disk mounted?"),
                "{command:?}: {words}"
            );
        }
        assert_eq!(
            installation.answer(&["backup", "list"]).as_array().unwrap().len(),
            1,
            "no empty one"
        );
        // If it is lost, a backup restores it.
        installation.answer(&["backup", "restore"]);
        assert!(
            installation.files().contains("00002_ADA_GRACE001/Uploads/hers.txt"),
            "{:?}",
            installation.files()
        );
        installation.answer(&["check"]);
    })
    .await;
}

#[actix_web::test]
async fn a_restore_killed_at_any_point_has_happened_or_has_not() {
    let (installation, outer) = changed_house().await;
    apart(move || {
        let first =
            installation.answer(&["backup", "list"])[0]["backup"].as_str().unwrap().to_owned();
        let wrong = |installation: &Installation| {
            serde_json::from_slice::<Value>(&installation.run(&["check"]).stdout).unwrap()
        };
        let wrong_before = wrong(&installation);
        let (mut old, mut new) = (0, 0);
        for at in 1.. {
            let folder = tempfile::tempdir_in(outer.path()).unwrap();
            let copied = Command::new("cp")
                .arg("-a")
                .arg(installation.path().join("."))
                .arg(folder.path())
                .status()
                .unwrap();
            assert!(copied.success());
            let url = format!("sqlite://{}/data/nexus.db", folder.path().display());
            let copy = Installation { folder, url };
            let said =
                run(copy.path(), &copy.url, &["backup", "restore", "--set", &first], Some(at));
            if said.status.code().is_some() {
                assert_eq!(
                    said.status.code(),
                    Some(0),
                    "{}",
                    String::from_utf8_lossy(&said.stderr)
                );
                break;
            }
            copy.answer(&["scan"]);
            if copy.people().contains("grace") {
                new += 1;
                assert_eq!(copy.files().len(), 3, "killed at {at}");
                assert_eq!(wrong(&copy)["left"], 0, "killed at {at}");
            } else {
                old += 1;
                assert_eq!(copy.files(), installation.files(), "killed at {at}");
                assert_eq!(wrong(&copy), wrong_before, "killed at {at}");
            }
            let names = std::fs::read_dir(copy.path().join("media"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name());
            let left: Vec<_> =
                names.filter(|name| name.to_string_lossy().starts_with(".restoring")).collect();
            assert_eq!(left, Vec::<std::ffi::OsString>::new(), "killed at {at}");
        }
        assert!(
            old > 5 && new > 5,
            "killed {old} times before and {new} times after it was decided"
        );
    })
    .await;
}

#[actix_web::test]
async fn a_restore_refuses_while_a_server_runs() {
    let (app, admin) = TestApp::ready(Sqlite).await;
    app.person(&admin, "ada").await;
    let (folder, url) = (app.folder.path().to_owned(), app.services.settings.database_url.clone());
    let backups = tempfile::tempdir().unwrap();
    let dir = backups.path().display().to_string();
    apart(move || {
        answer(&folder, &url, &["backup", "create", &dir]);
        let said = run(&folder, &url, &["backup", "restore", &dir], None);
        assert_eq!(said.status.code(), Some(69), "{}", String::from_utf8_lossy(&said.stderr));
        let target = format!("sqlite://{}", folder.join("other.db").display());
        assert_eq!(run(&folder, &url, &["move", "--to", &target], None).status.code(), Some(69));
        let inside = run(&folder, &url, &["backup", "create", "media/backups"], None);
        assert_eq!(inside.status.code(), Some(78), "never in the media folder");
    })
    .await;
    assert_eq!(admin.get("/dashboard").await.status(), 200);
}

#[actix_web::test]
async fn a_damaged_blob_is_reported_skipped_on_request_and_stored_again() {
    let (installation, outer) = changed_house().await;
    apart(move || {
        installation.answer(&["backup", "create"]);
        let objects = outer.path().join("backups/objects");
        let mut files = BTreeSet::new();
        collect(&objects, &objects, &mut files);
        let later = files
            .iter()
            .find(|path| std::fs::read(objects.join(path)).unwrap() == b"later")
            .unwrap();
        std::fs::write(objects.join(later), "lator").unwrap();
        std::fs::remove_file(
            installation.path().join("media/00003_ADA_EDITH001/Uploads/later.txt"),
        )
        .unwrap();

        let said = installation.run(&["backup", "restore"]);
        assert_eq!(said.status.code(), Some(1));
        assert!(
            String::from_utf8_lossy(&said.stderr).contains("damaged"),
            "{}",
            String::from_utf8_lossy(&said.stderr)
        );
        assert!(installation.people().contains("edith"), "nothing was changed");
        let said = installation.run(&["backup", "verify", "--quick"]);
        assert_eq!(said.status.code(), Some(0), "its length is right");
        let said = installation.run(&["backup", "verify"]);
        assert_eq!(said.status.code(), Some(1));
        let found: Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(found["broken"][0]["path"], "00003_ADA_EDITH001/Uploads/later.txt", "{found}");

        let done = installation.answer(&["backup", "restore", "--skip-damaged"]);
        assert_eq!(done["left"].as_array().unwrap().len(), 1, "{done}");
        let check = installation.run(&["check"]);
        assert!(
            String::from_utf8_lossy(&check.stdout).contains("later.txt"),
            "its row says that it is missing"
        );

        std::fs::write(
            installation.path().join("media/00003_ADA_EDITH001/Uploads/later.txt"),
            "later",
        )
        .unwrap();
        installation.answer(&["scan", "--settled", "0"]);
        let aside = || {
            let mut files = BTreeSet::new();
            collect(&objects, &objects, &mut files);
            files.into_iter().filter(|path| path.ends_with(".damaged")).count()
        };
        assert_eq!(aside(), 1);
        installation.answer(&["backup", "create"]);
        installation.answer(&["backup", "verify"]);
        assert_eq!(aside(), 1);
        installation.answer(&["backup", "prune"]);
        assert_eq!(aside(), 0);
        installation.answer(&["backup", "verify"]);
    })
    .await;
}

#[actix_web::test]
async fn a_file_that_does_not_match_its_row_is_skipped_and_reported() {
    let (installation, _outer) = changed_house().await;
    apart(move || {
        let path = installation.path().join("media/00003_ADA_EDITH001/Uploads/later.txt");
        std::fs::write(&path, "other").unwrap();
        let said = installation.run(&["backup", "create"]);
        assert_eq!(said.status.code(), Some(1));
        let made: Value = serde_json::from_slice(&said.stdout).unwrap();
        let left: Vec<_> = made["left"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["path"].as_str().unwrap())
            .collect();
        assert_eq!(left, ["00003_ADA_EDITH001/Uploads/later.txt"], "{made}");
    })
    .await;
}

#[actix_web::test]
async fn pruning_deletes_backups_and_blobs_that_only_they_used() {
    let (installation, outer) = changed_house().await;
    apart(move || {
        let sets = outer.path().join("backups/sets");
        let made =
            installation.answer(&["backup", "list"])[0]["backup"].as_str().unwrap().to_owned();
        std::fs::rename(sets.join(made), sets.join("20200101T000000Z")).unwrap();
        installation.answer(&["scan", "--settled", "0"]);
        installation.answer(&["backup", "create"]);
        let contents = |folder: &Path| {
            let mut files = BTreeSet::new();
            collect(folder, folder, &mut files);
            files.len()
        };
        let before = contents(&outer.path().join("backups/objects"));
        let dry = installation.answer(&["backup", "prune", "--keep", "2d", "--dry-run"]);
        assert_eq!(dry["removed"].as_array().map(Vec::len), Some(0), "{dry}");
        let dry = installation.answer(&["backup", "prune", "--keep", "1d", "--dry-run"]);
        let done = installation.answer(&["backup", "prune", "--keep", "1d"]);
        assert_eq!(dry["contents"], done["contents"]);
        assert_eq!(done["removed"][0], "20200101T000000Z", "{done}");
        // Of grace: a file and her picture; what ada misses stays.
        assert_eq!(done["contents"], 2, "{done}");
        assert_eq!(contents(&outer.path().join("backups/objects")), before - 2);
        installation.answer(&["backup", "verify"]);
    })
    .await;
}

#[rstest]
#[actix_web::test]
async fn the_server_creates_backups_when_they_are_due(#[values(Sqlite, MariaDb)] backend: Backend) {
    let backups = tempfile::tempdir().unwrap();
    let dir = backups.path().display().to_string();
    let (app, _) =
        TestApp::ready_with(backend, &[("backup_dir", dir.as_str()), ("backup_every", "24")]).await;
    // It creates one when it starts. A published set is not the end: until the marker is written, the server still
    // holds the folder.
    let made = |folder: &Path| backup::list(folder).unwrap();
    while !app.folder.path().join("data/backup-folder").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let name = made(backups.path())[0].name.clone();
    let services = app.services.clone();
    assert!(apart(move || backup::run_if_due(&services)).await.unwrap().is_none(), "not due again");
    let standing = backup::backup_status(&app.services).unwrap();
    assert!(
        standing.newest.is_some() && !standing.is_late && standing.trouble.is_none(),
        "{standing:?}"
    );

    let sets = backups.path().join("sets");
    std::fs::rename(sets.join(name), sets.join("20200101T000000Z")).unwrap();
    assert!(backup::backup_status(&app.services).unwrap().is_late);
    let services = app.services.clone();
    assert!(apart(move || backup::run_if_due(&services)).await.unwrap().is_some());
    assert_eq!(made(backups.path()).len(), 2, "both are the newest of their day");
    // The disk is not mounted: no second repository is created below the mount point.
    std::fs::rename(&sets, backups.path().join("elsewhere")).unwrap();
    let services = app.services.clone();
    assert!(apart(move || backup::run_if_due(&services)).await.is_err());
    let trouble = backup::backup_status(&app.services).unwrap().trouble.unwrap();
    assert!(trouble.contains("Is the disk mounted?"), "{trouble}");
}

#[actix_web::test]
async fn moving_to_mariadb_and_back_changes_nothing() {
    let (app, admin) = TestApp::ready(Sqlite).await;
    let (ada, _) = app.person(&admin, "ada").await;
    let id = ada.upload_one("snow \u{2603}\u{1F600}'\"\\.txt", b"some bytes").await;
    ada.act(&id, "favorite", &[]).await;
    let program = app.program("ada").await;
    let services = app.services.clone();
    let mariadb = apart(crate::mariadb::database).await;
    let back = format!("sqlite://{}", app.folder.path().join("back.db").display());
    let (there, target) = (mariadb.clone(), back.clone());
    let moved = apart(move || {
        let moved = copy_database::copy_to(&services, &there).unwrap();
        assert!(copy_database::copy_to(&services, &there).is_err(), "somebody is there already");
        moved
    })
    .await;
    assert_eq!(moved.iter().find(|one| one.table == "media_items").unwrap().rows, 1);
    assert!(moved.iter().find(|one| one.table == "session_tokens").unwrap().rows >= 3);

    let Installation { folder, .. } = Installation::new(Sqlite).await;
    for part in ["data", "media"] {
        let copied = Command::new("cp")
            .arg("-a")
            .arg(app.folder.path().join(part))
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(copied.success());
    }
    let new = TestApp::start_in(folder, mariadb).await;
    assert_eq!(kept(&new, "ada"), kept(&app, "ada"));
    let moved = Program { base: new.base.clone(), ..program };
    assert_eq!(moved.get(&format!("/api/media/{id}")).await.status(), 200, "sessions go on");
    let (here, there) = (app.services.clone(), new.services.clone());
    apart(move || {
        let before = here.db.read(|conn| Ok(sums(conn))).unwrap();
        copy_database::copy_to(&there, &target).unwrap();
        let after = sums(&mut Db::open_source(&target).unwrap());
        for ((table, before), after) in TABLES.iter().zip(before).zip(after) {
            // A session records when it was last used, and a running server notes the time.
            let changes = matches!(*table, "session_tokens" | "site");
            assert!(before == after || changes, "{table}: {before:?} {after:?}");
        }
    })
    .await;
}

#[rstest]
#[actix_web::test]
async fn every_table_is_in_a_backup_or_left_out_on_purpose(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let app = TestApp::start(backend).await;
    let query = match backend {
        Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        MariaDb => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()"
        }
    };
    let names =
        |conn: &mut Conn| Ok(diesel::RunQueryDsl::load::<Name>(diesel::sql_query(query), conn)?);
    let mut names: Vec<_> =
        app.services.db.read(names).unwrap().into_iter().map(|name| name.name).collect();
    // One belongs to diesel, one to these tests.
    names.retain(|name| name != "__diesel_schema_migrations" && name != "seen_changes");
    names.sort();
    let mut known = TABLES.map(str::to_owned).to_vec();
    known.sort();
    assert_eq!(names, known);
}

#[test]
fn rows_of_an_earlier_schema_are_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let mut conn = Db::scratch(&folder.path().join("old.db"), "20261121000004").unwrap();
    let mut put = |table: &str, known: &[(&str, &str)]| {
        let columns = Columns::of(&mut conn, table).unwrap();
        let value = |name: &String| {
            let given = known
                .iter()
                .find(|(column, _)| column == name)
                .map(|(_, value)| (*value).to_owned());
            Some(given.unwrap_or_else(|| {
                if name.ends_with("_at") || name.ends_with("_since") {
                    "2024-05-06 07:08:09.5"
                } else {
                    "0"
                }
                .into()
            }))
        };
        insert(&mut conn, table, &columns, &[columns.names().iter().map(value).collect()]).unwrap();
    };
    let id = "0190A0B0C0D070008000000000000001";
    put("users", &[("id", "1"), ("email", "ada@example.org"), ("username", "ada")]);
    put(
        "user_directories",
        &[("id", "1"), ("user_id", "1"), ("directory_id", id), ("parent_id", id)],
    );
    put(
        "media_items",
        &[("id", id), ("user_id", "1"), ("directory_id", id), ("kind", "photo"), ("scan", "clean")],
    );
    Db::migrate_scratch(&mut conn).unwrap();
    let columns = Columns::of(&mut conn, "media_items").unwrap();
    let mut rows = Vec::new();
    nexus_media::db::table_rows::each_row(&mut conn, "media_items", &columns, |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    let at = columns.names().iter().position(|name| name == "shown_at").unwrap();
    assert_eq!(rows[0][at].as_deref(), Some("1714979289000"));
    assert_eq!(TableChecksum::of_table(&mut conn, "preview_jobs").unwrap().rows, 1);
    assert!(newest_schema().unwrap().as_str() > "20261121000004");
}
