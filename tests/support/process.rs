//! A server in a process of its own, whose admin is `root`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

pub const PASSWORD: &str = "correct horse battery";

/// Killed when dropped, which fails if it has panicked.
pub struct Server {
    pub child: Child,
    /// Its URL without a trailing slash.
    pub base: String,
    /// Collects the panics that it reports.
    panics: Option<JoinHandle<Vec<String>>>,
}

impl Server {
    /// Starts it in `folder` on a free port, with additional variables.
    pub fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_nexus-media")), folder, variables)
    }

    /// Starts `command`, which runs the server in the process that it starts.
    pub fn spawn(mut command: Command, folder: &Path, variables: &[(&str, &str)]) -> Self {
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        let mut child = command
            .current_dir(folder)
            .env_clear()
            .envs([
                ("NEXUS_LISTEN", "127.0.0.1:0"),
                ("NEXUS_ADMIN_USERNAME", "root"),
                ("NEXUS_ADMIN_EMAIL", "root@example.org"),
                ("NEXUS_WATCH", "off"),
            ])
            .env("NEXUS_ADMIN_PASSWORD_FILE", folder.join("password"))
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = String::new();
        let base = lines.find_map(|line| {
            said += &line;
            said.push('\n');
            line.split_once("listening on ").map(|(_, base)| base.trim().to_owned())
        });
        let base = base.unwrap_or_else(|| panic!("the server did not start:\n{said}"));
        // Later output is read as well, so that the server never blocks on it.
        let panics = std::thread::spawn(move || {
            lines.filter(|line| line.contains("panicked at")).collect::<Vec<_>>()
        });
        Self { child, base, panics: Some(panics) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        let panics = self.panics.take().map(|panics| panics.join().unwrap());
        if !std::thread::panicking() {
            assert_eq!(panics, Some(Vec::new()), "the server panicked");
        }
    }
}
