//! A private clamd that knows one signature: the hash of EICAR's test file.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// EICAR's test file, in two parts so that no scanner reports this source file.
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"]
        .concat()
        .into_bytes()
}

/// A scanner that can be killed and restarted; it ends when this is dropped.
pub struct Clamd {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Clamd {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("signatures")).unwrap();
        let mut scanner = Self { folder, child: None };
        scanner.sign("local.hdb", "44d88612fea8a8f36de82e1278abb02f:68:Nexus.Test.EICAR\n");
        scanner.start_again();
        scanner
    }

    /// Adds a file of signatures; clamd reads it when it starts.
    pub fn sign(&self, name: &str, signatures: &str) {
        std::fs::write(self.folder.path().join("signatures").join(name), signatures).unwrap();
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// The value for `NEXUS_CLAMD`.
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    pub fn start_again(&mut self) {
        let settings = format!(
            "Foreground yes\nLocalSocket {}\nFixStaleSocket yes\nDatabaseDirectory {}\nStreamMaxLength 3M\nMaxFileSize 3M\n\
             MaxScanSize 20M\nAlertExceedsMax yes\nLogFile {}\n",
            self.socket().display(),
            self.folder.path().join("signatures").display(),
            self.folder.path().join("log").display(),
        );
        let path = self.folder.path().join("clamd.conf");
        std::fs::write(&path, settings).unwrap();
        let mut clamd = Command::new("clamd");
        clamd.arg("--config-file").arg(&path).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(clamd.spawn().expect("clamd: apt-get install clamav-daemon"));
        let began = Instant::now();
        while !self.answers() {
            assert!(began.elapsed() < Duration::from_secs(30), "clamd did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = UnixStream::connect(self.socket()) else { return false };
        let mut said = String::new();
        stream.write_all(b"zPING\0").is_ok()
            && stream.read_to_string(&mut said).is_ok()
            && said.starts_with("PONG")
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.kill();
    }
}
