//! Power failures, full disks and disks without inodes, on a small ext4 file system. This needs root and a loop device;
//! without them, the tests print clearly that nothing was tested.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::*;
use crate::workload::*;

fn run(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|cause| panic!("{program}: {cause}"));
    output.status.success()
}

/// A file system in a file, mounted; gone when dropped.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// `None` if the system does not permit it.
    fn make(megabytes: u32, options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self { folder };
        std::fs::create_dir(disk.mount_point()).unwrap();
        let size = format!("{megabytes}M");
        assert!(run("truncate", &["-s", &size, disk.image().to_str().unwrap()]));
        let image = disk.image();
        let arguments = [&["-q", "-F"], options, &[image.to_str().unwrap()]].concat();
        if run("mkfs.ext4", &arguments) && disk.mount() {
            return Some(disk);
        }
        println!(
            "NOT SHOWN HERE: a file system cannot be mounted (root and a loop device are needed)"
        );
        None
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount_point(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn mount(&self) -> bool {
        run(
            "mount",
            &["-o", "loop", self.image().to_str().unwrap(), self.mount_point().to_str().unwrap()],
        )
    }

    fn unmount(&self) {
        let point = self.mount_point();
        assert!((0..50).any(|_| run("umount", &[point.to_str().unwrap()]) || {
            std::thread::sleep(Duration::from_millis(50));
            false
        }));
    }

    /// `EXT4_IOC_SHUTDOWN` without flushing the journal: what the disk has now is all there is.
    fn cut_power(&self) {
        const CUT: &str = "import fcntl, os, struct, sys; fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";
        assert!(
            run("python3", &["-c", CUT, self.mount_point().to_str().unwrap()]),
            "the power could not be cut"
        );
    }

    fn site(&self) -> Site {
        Site::on_sqlite(&self.mount_point())
    }

    /// A file that fills most of the free space.
    fn fill(&self, leave: u64) -> PathBuf {
        let stat = rustix::fs::statvfs(self.mount_point().as_path()).unwrap();
        let path = self.mount_point().join("filler");
        let free = stat.f_bavail * stat.f_frsize - leave;
        assert!(run("fallocate", &["-l", &free.to_string(), path.to_str().unwrap()]));
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &["-l", self.mount_point().to_str().unwrap()]);
    }
}

fn empty_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(empty_files(&entry.path()));
        } else if entry.metadata().unwrap().len() == 0 {
            found.push(entry.path());
        }
    }
    found
}

#[actix_web::test]
async fn a_power_failure_loses_nothing_acknowledged() {
    let Some(disk) = Disk::make(192, &[]) else { return };
    let site = disk.site();
    let mut server = site.start();
    let mut person = Person::log_in(&server).await;
    let mut browser = Browser::log_in(&server).await;
    terminate(&mut server);
    let points = if is_long() { 200 } else { 6 };
    let mut cut = 0;
    for number in 0..points {
        let mut server = site.start();
        (person, browser) = (person.at(&server), browser.at(&server));
        let ledger = Ledger::lenient();
        let seed = 2_000_000 + number;
        tokio::join!(work(&person, &browser, seed, &ledger), async {
            tokio::time::sleep(Duration::from_micros(5_000 + number * 7919 % 200_000)).await;
            disk.cut_power();
            server.child.kill().unwrap();
        });
        cut += usize::from(!ledger.is_complete());
        drop(server);
        disk.unmount();
        assert!(disk.mount());
        let mut server = site.start_again();
        person = Person::log_in(&server).await;
        check(&person, &site, seed, &ledger).await;
        let empty: Vec<_> =
            empty_files(&site.media).into_iter().filter(|path| !is_meant_empty(path)).collect();
        assert_eq!(empty, Vec::<PathBuf>::new());
        // The next round starts with an empty library.
        person.delete_everything().await;
        browser = Browser::log_in(&server).await;
        terminate(&mut server);
    }
    println!("power cut: {cut} of {points} points in the middle of something, 0 lost");
}

/// One of the form's files has no bytes.
fn is_meant_empty(path: &Path) -> bool {
    path.to_str().unwrap().contains("same name")
}

#[actix_web::test]
async fn a_full_disk_is_reported_and_everything_else_works() {
    let Some(disk) = Disk::make(64, &[]) else { return };
    let site = disk.site();
    let server = site.start();
    let person = Person::log_in(&server).await;
    let whole = vec![("whole.bin".to_owned(), bytes_of(1, 2_000_000))];
    assert_eq!(person.upload(&whole).await.unwrap().status(), 201);
    let made = person.begin("later.bin", 3_000_000).await.unwrap();
    let (path, later) = (header(&made, "location"), bytes_of(2, 3_000_000));
    assert_eq!(person.append(&path, 0, &later[..1_000_000]).await.unwrap().status(), 204);
    // First down to the space that the server leaves free, then completely.
    for leave in [4_000_000, 600_000] {
        let filler = disk.fill(leave);
        for number in 0..3 {
            let answer = person
                .upload(&[("no.bin".into(), bytes_of(10 + number, 5_000_000))])
                .await
                .unwrap();
            assert_eq!(answer.status(), 507, "leaving {leave}");
        }
        let answer = person.append(&path, 1_000_000, &later[1_000_000..]).await.unwrap();
        assert_eq!(answer.status(), 507);
        assert_eq!(person.offset(&path).await, Some(1_000_000));
        assert_eq!(person.begin("no.bin", 3_000_000).await.unwrap().status(), 507);
        assert_eq!(std::fs::read_dir(site.media.join(".incoming")).unwrap().count(), 0);
        // Reading and logging in still work.
        let again = Person::log_in(&server).await;
        assert!(again.item(&sha256(&whole[0].1)).await.is_some());
        again.assert_all_is_well(&site).await;
        std::fs::remove_file(filler).unwrap();
        // Everything works again, without a restart.
        assert_eq!(
            person
                .upload(&[(format!("{leave}"), bytes_of(leave, 100_000))])
                .await
                .unwrap()
                .status(),
            201
        );
    }
    assert_eq!(person.append(&path, 1_000_000, &later[1_000_000..]).await.unwrap().status(), 204);
    person.assert_all_is_well(&site).await;
}

#[actix_web::test]
async fn a_disk_without_free_inodes_is_reported_and_everything_else_works() {
    let Some(disk) = Disk::make(64, &["-N", "256"]) else { return };
    let site = disk.site();
    let server = site.start();
    let person = Person::log_in(&server).await;
    let whole = vec![("whole.bin".to_owned(), bytes_of(1, 20_000))];
    assert_eq!(person.upload(&whole).await.unwrap().status(), 201);
    let fillers = disk.mount_point().join("fillers");
    std::fs::create_dir(&fillers).unwrap();
    for number in 0.. {
        if std::fs::write(fillers.join(number.to_string()), "").is_err() {
            break;
        }
    }
    assert_eq!(
        person.upload(&[("no.bin".into(), bytes_of(2, 20_000))]).await.unwrap().status(),
        507
    );
    let made = person.begin("no.bin", 1000).await.unwrap();
    let answer = person.append(&header(&made, "location"), 0, &[1; 1000]).await.unwrap();
    assert_eq!(answer.status(), 507);
    Person::log_in(&server).await.assert_all_is_well(&site).await;
    std::fs::remove_dir_all(fillers).unwrap();
    assert_eq!(
        person.append(&header(&made, "location"), 0, &[1; 1000]).await.unwrap().status(),
        204
    );
    person.assert_all_is_well(&site).await;
}

/// The server under strace(1), which lets these system calls fail as if the file system did not offer them.
fn without(calls: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/strace");
    // `-D`: the server is the child, and strace watches it.
    command.args(["-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"]);
    command.args(["-e", &format!("trace={}", calls.join(","))]);
    command.args(["-e", &format!("inject={}:error=EINVAL", calls.join(","))]);
    command.arg(env!("CARGO_BIN_EXE_nexus-media"));
    command
}

#[actix_web::test]
async fn a_file_system_without_renames_that_never_overwrite_is_used_with_links() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_sqlite(folder.path());
    let server = site.spawn(without(&["renameat2"]));
    let person = Person::log_in(&server).await;
    let status = async |method: &str, path: &str, body: serde_json::Value| {
        let request = person.request(method, path).header("content-type", "application/json");
        request.body(body.to_string()).send().await.unwrap().status().as_u16()
    };

    // Uploads, also of a name that is taken, then moves of files and of a directory.
    let (one, two) = (bytes_of(1, 100_000), bytes_of(2, 100_000));
    for bytes in [&one, &two] {
        let files = [("a.bin".to_owned(), bytes.clone())];
        assert_eq!(person.upload(&files).await.unwrap().status(), 201);
    }
    let path = header(&person.begin("part.bin", 1000).await.unwrap(), "location");
    assert_eq!(person.append(&path, 0, &[3; 1000]).await.unwrap().status(), 204);
    assert_eq!(status("POST", "/api/directories", serde_json::json!({ "name": "Old" })).await, 201);
    let directories = person.json("/api/directories").await;
    let directories = directories["directories"].as_array().unwrap();
    let old = directories.iter().find(|directory| directory["name"] == "Old").unwrap();
    let directory = old["id"].as_str().unwrap();
    let item = person.item(&sha256(&one)).await.unwrap();
    let item = format!("/api/media/{}", item["id"].as_str().unwrap());
    assert_eq!(status("PATCH", &item, serde_json::json!({ "directory": directory })).await, 200);
    let renamed = format!("/api/directories/{directory}");
    assert_eq!(status("PATCH", &renamed, serde_json::json!({ "name": "New" })).await, 200);
    assert_eq!(status("DELETE", &item, serde_json::Value::Null).await, 204);
    assert_eq!(status("POST", &format!("{item}/restore"), serde_json::Value::Null).await, 200);
    person.assert_all_is_well(&site).await;
}

#[test]
fn a_file_system_on_which_files_could_be_overwritten_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
    let output = without(&["renameat2", "linkat"])
        .args(["--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("neither RENAME_NOREPLACE nor hard links"), "{said}");
    assert!(said.contains("Use another file system."), "{said}");
}
