//! The command line: the real binary, its output and exit codes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Installation(tempfile::TempDir);

const PASSWORD: &str = "correct horse battery";

impl Installation {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-media"));
        command.args(arguments).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it with a line on its standard input.
    fn run_with(&self, arguments: &[&str], line: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
        child.wait_with_output().unwrap()
    }

    fn add(&self, username: &str, more: &[&str]) -> Output {
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
            "Lovelace",
        ];
        arguments.extend(more);
        arguments.push("--password-stdin");
        self.run_with(&arguments, PASSWORD)
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_str(&out(output)).unwrap()
}

#[test]
fn a_settings_file_of_the_current_folder_that_others_can_change_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let installation = Installation::new();
    let path = installation.path("nexus.toml");
    std::fs::write(&path, "max_upload = 5\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let refused = installation.run(&["setup-code"]);
    assert_eq!(code(&refused), 78, "{}", err(&refused));
    assert!(err(&refused).contains("chmod go-w"), "{}", err(&refused));
    assert!(!Path::new(&installation.path("data")).exists());

    // Named by the caller, it is the caller's decision.
    assert_eq!(code(&installation.run(&["--config", &path, "config", "check"])), 0);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(code(&installation.run(&["setup-code"])), 0);
}

#[test]
fn accounts_follow_the_same_rules_as_on_the_pages() {
    let installation = Installation::new();
    let added = installation.add("root", &["--access-level", "admin", "--json"]);
    assert_eq!(code(&added), 0, "{}", err(&added));
    assert_eq!(
        (&json(&added)["username"], &json(&added)["status"]),
        (&"root".into(), &"active".into())
    );
    assert!(!Path::new(&installation.path("data/setup-code")).exists());
    assert_eq!(code(&installation.run(&["setup-code"])), 1, "setup is over");
    assert_eq!(code(&installation.add("ada", &["--pending"])), 0);
    let taken = installation.add("ada", &[]);
    assert_eq!(code(&taken), 2);
    assert!(err(&taken).contains("taken"));
    assert!(
        out(&installation.run(&["user", "list"]))
            .lines()
            .any(|line| line.contains("ada") && line.contains("pending"))
    );
    assert_eq!(
        json(&installation.run(&["user", "list", "--status", "pending", "--json"]))
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(code(&installation.run(&["user", "approve", "ada"])), 0);
    assert_eq!(code(&installation.run(&["user", "approve", "ada"])), 1, "she is in already");
    assert_eq!(code(&installation.run(&["user", "suspend", "ada@example.org"])), 0);
    assert_eq!(json(&installation.run(&["user", "show", "ada", "--json"]))["status"], "suspended");
    assert_eq!(code(&installation.run(&["user", "reactivate", "ada"])), 0);
    assert_eq!(
        json(&installation.run(&["user", "quota", "ada", "5000", "--json"]))["quota_bytes"],
        5000
    );
    let last = installation.run(&["user", "access-level", "root", "user"]);
    assert_eq!(code(&last), 1);
    assert!(err(&last).contains("last admin"));
    assert_eq!(code(&installation.run(&["user", "access-level", "ada", "admin"])), 0);
    assert_eq!(code(&installation.run(&["user", "access-level", "root", "user"])), 0);
    assert_eq!(
        code(
            &installation
                .run_with(&["user", "passwd", "ada", "--password-stdin"], "another long password")
        ),
        0
    );
    assert_eq!(
        code(&installation.run_with(&["user", "passwd", "ada", "--password-stdin"], "short")),
        2
    );
    assert_eq!(code(&installation.run(&["user", "show", "nobody"])), 1);
}

#[test]
fn removing_an_account_asks_first_and_keeps_the_files() {
    let installation = Installation::new();
    installation.add("root", &["--access-level", "admin"]);
    let folder = json(&installation.add("ada", &["--json"]))["folder"].as_str().unwrap().to_owned();
    assert_eq!(code(&installation.run(&["user", "remove", "ada"])), 2, "nobody is there to ask");
    assert_eq!(code(&installation.run(&["user", "remove", "ada", "--yes"])), 0);
    assert_eq!(code(&installation.run(&["user", "show", "ada"])), 1);
    assert!(Path::new(&installation.path("media")).join(folder).join("Photos").is_dir());
    assert_eq!(
        code(&installation.run(&["user", "remove", "root", "--yes"])),
        1,
        "the last admin stays"
    );
}

#[test]
fn links_are_listed_and_ended() {
    let installation = Installation::new();
    installation.add("ada", &[]);
    let none = installation.run(&["link", "list"]);
    assert_eq!((code(&none), out(&none).trim()), (0, "No links."));
    assert_eq!(json(&installation.run(&["--json", "link", "list"])), serde_json::json!([]));
    for id in ["nonsense", "01a22b47-6822-767d-b03b-957ee9d5b382"] {
        let unknown = installation.run(&["link", "end", id]);
        assert_eq!(code(&unknown), 1);
        assert!(err(&unknown).contains(&format!("There is no link {id}.")), "{}", err(&unknown));
    }
}

#[test]
fn a_password_never_appears_in_the_arguments() {
    let help = out(&Installation::new().run(&["user", "passwd", "--help"]));
    assert!(
        help.contains("--password-file")
            && help.contains("--password-stdin")
            && !help.contains("--password ")
    );
}

#[test]
fn users_are_added_to_the_file_and_removed_and_broken_lines_are_named() {
    let installation = Installation::new();
    let file = installation.path("users");
    let added = installation.run_with(
        &[
            "users-file",
            "add",
            "ada",
            "--email",
            "ada@example.org",
            "--access-level",
            "user",
            "--file",
            &file,
            "--password-stdin",
        ],
        PASSWORD,
    );
    assert_eq!(code(&added), 0, "{}", err(&added));
    let line = std::fs::read_to_string(&file).unwrap();
    assert!(
        line.starts_with("ada:$argon2id$") && line.ends_with(":ada@example.org:user\n"),
        "{line}"
    );
    assert_eq!(code(&installation.run(&["users-file", "check", "--file", &file])), 0);
    std::fs::write(&file, format!("{line}broken\n")).unwrap();
    let check = installation.run(&["users-file", "check", "--file", &file, "--json"]);
    assert_eq!((code(&check), &json(&check)["problems"][0]["line"]), (1, &2.into()));
    assert_eq!(code(&installation.run(&["users-file", "remove", "ada", "--file", &file])), 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "broken\n");
    assert_eq!(code(&installation.run(&["users-file", "remove", "ada", "--file", &file])), 1);
    assert_eq!(code(&installation.run(&["users-file", "check"])), 78, "no file is set");
}

#[test]
fn a_command_started_in_the_wrong_folder_creates_nothing_there() {
    let commands: [&[&str]; 10] = [
        &["user", "list"],
        &["user", "show", "ada"],
        &["check"],
        &["scan"],
        &["rescan"],
        &["audit", "verify"],
        &["backup", "create", "backups"],
        &["backup", "prune", "backups"],
        &["move", "--to", "sqlite://other.db"],
        &["user", "remove", "ada", "--yes"],
    ];
    for command in commands {
        let installation = Installation::new();
        let output = installation.run(command);
        assert!(
            code(&output) == 78 && err(&output).contains("There is no Nexus installation here"),
            "{command:?}: {}",
            err(&output)
        );
        assert_eq!(
            std::fs::read_dir(installation.0.path()).unwrap().count(),
            0,
            "{command:?} left something"
        );
    }
}

#[test]
fn the_settings_check_finds_what_a_start_would_reject() {
    for line in [
        "clamd = \"nonsense\"",
        "users_file = \"nonesuch\"",
        "database_url = \"postgres://a/b\"",
        "backup_dir = \"media/backups\"",
        "public_url = \"https://example.org/api\"",
        "admin_username = \"root\"",
    ] {
        let installation = Installation::new();
        std::fs::write(installation.path("nexus.toml"), line).unwrap();
        assert_eq!(code(&installation.run(&["config", "check"])), 78, "{line}");
        let start = installation.run(&["--listen", "127.0.0.1:0"]);
        assert_eq!(code(&start), 78, "{line}: {}", err(&start));
    }
}

#[test]
fn the_first_admins_password_may_be_removed_once_an_admin_exists() {
    let installation = Installation::new();
    assert_eq!(code(&installation.add("root", &["--access-level", "admin"])), 0);
    std::fs::write(
        installation.path("nexus.toml"),
        "admin_username = \"root\"\nadmin_email = \"root@example.org\"\n",
    )
    .unwrap();
    assert_eq!(code(&installation.run(&["user", "list"])), 0);
    assert_eq!(code(&installation.run(&["config", "check"])), 0);
    let gone = installation
        .command(&["user", "list"])
        .env("NEXUS_ADMIN_PASSWORD_FILE", "gone")
        .output()
        .unwrap();
    assert_eq!(code(&gone), 0, "{}", err(&gone));
}

#[test]
fn settings_are_checked_and_shown_without_their_secrets() {
    let installation = Installation::new();
    assert_eq!(code(&installation.run(&["config", "check"])), 0);
    std::fs::write(installation.path("nexus.toml"), "max_uploads = 5\n").unwrap();
    let unknown = installation.run(&["config", "check"]);
    assert_eq!(code(&unknown), 78);
    assert!(err(&unknown).contains("\"max_upload\""), "{}", err(&unknown));
    assert_eq!(code(&installation.run(&[])), 78, "a server does not start with it either");
    std::fs::write(installation.path("nexus.toml"), "NEXUS_LISTEN = \"127.0.0.1:1\"\n").unwrap();
    let as_variable = installation.run(&["config", "check"]);
    assert!(err(&as_variable).contains("did you mean \"listen\""), "{}", err(&as_variable));
    std::fs::write(
        installation.path("nexus.toml"),
        "max_upload = 5\n\ndatabase_url = mysql://nexus:sesame@localhost/nexus\n",
    )
    .unwrap();
    let broken = installation.run(&["config", "check"]);
    assert!(
        err(&broken).contains("line 3") && !err(&broken).contains("sesame"),
        "{}",
        err(&broken)
    );
    std::fs::write(installation.path("nexus.toml"), "max_upload = 5\n").unwrap();
    let typo = installation
        .command(&["config", "check"])
        .env("NEXUS_REGISTRATON", "open")
        .output()
        .unwrap();
    assert_eq!(code(&typo), 78);
    assert!(err(&typo).contains("NEXUS_REGISTRATION"));
    let secret = "mysql://nexus:sesame@localhost:3306/nexus";
    let shown = installation
        .command(&["config", "show", "--json"])
        .env("DATABASE_URL", secret)
        .output()
        .unwrap();
    assert_eq!(json(&shown)["max_upload"], "5");
    assert!(!out(&shown).contains("sesame") && !err(&shown).contains("sesame"));
}

#[test]
fn the_schema_version_is_shown_and_migrated() {
    let installation = Installation::new();
    std::fs::create_dir(installation.path("data")).unwrap();
    let before = installation.run(&["migrate", "status", "--json"]);
    assert_eq!(code(&before), 1);
    assert!(json(&before)["pending"].as_array().unwrap().len() >= 2);
    assert_eq!(code(&installation.run(&["migrate", "run"])), 0);
    assert_eq!(code(&installation.run(&["migrate", "status"])), 0);
}

#[test]
fn exit_codes_say_what_kind_of_failure_it_was() {
    let installation = Installation::new();
    assert_eq!(code(&installation.run(&["nonsense"])), 2);
    let away = installation
        .command(&["user", "list"])
        .env("DATABASE_URL", "mysql://nexus:x@127.0.0.1:1/nexus")
        .output()
        .unwrap();
    assert_eq!(code(&away), 69, "{}", err(&away));
    let wrong =
        installation.command(&["user", "list"]).env("DATABASE_URL", "oracle://x").output().unwrap();
    assert_eq!(code(&wrong), 78, "{}", err(&wrong));
    std::fs::write(
        installation.path("junk.db"),
        "no database at all, and longer than a header of one hundred bytes would have to be",
    )
    .unwrap();
    let junk = installation
        .command(&["user", "list"])
        .env("DATABASE_URL", "sqlite://junk.db")
        .output()
        .unwrap();
    assert!(code(&junk) == 78 && err(&junk).contains("junk.db"), "{}", err(&junk));
    let everybodys = installation.run(&["setup-code", "--data-dir", "/tmp"]);
    assert_eq!(code(&everybodys), 77, "{}", err(&everybodys));
}

#[test]
fn commands_without_settings_work_without_an_installation() {
    let installation = Installation::new();
    assert_eq!(out(&installation.run(&["version"])).trim(), env!("CARGO_PKG_VERSION"));
    assert_eq!(
        json(&installation.run(&["version", "--json"]))["version"],
        env!("CARGO_PKG_VERSION")
    );
    let only_the_first_line =
        format!("{} completions bash | head -1", env!("CARGO_BIN_EXE_nexus-media"));
    assert_eq!(err(&Command::new("sh").arg("-c").arg(only_the_first_line).output().unwrap()), "");
    let document: serde_json::Value =
        serde_json::from_str(&out(&installation.run(&["openapi"]))).unwrap();
    assert!(document["paths"].as_object().unwrap().len() > 10);
    assert!(out(&installation.run(&["completions", "bash"])).contains("users-file"));
    assert!(out(&installation.run(&["man"])).contains(".TH nexus-media 1"));
    assert_eq!(std::fs::read_dir(installation.0.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_check_names_what_is_wrong_and_repairs_it_on_request() {
    let installation = Installation::new();
    assert_eq!(code(&installation.add("ada", &[])), 0);
    let whole = installation.run(&["check"]);
    assert_eq!(
        (code(&whole), out(&whole).trim()),
        (0, "0 files looked at, 0 things wrong, 0 left as they are")
    );
    let media =
        std::fs::read_dir(installation.path("media")).unwrap().map(|entry| entry.unwrap().path());
    let folder =
        media.into_iter().find(|path| path.to_string_lossy().contains("ADA_LOVELACE")).unwrap();
    std::fs::write(folder.join("Uploads/by hand.txt"), "Dear Ada").unwrap();
    let found = installation.run(&["check"]);
    assert_eq!(code(&found), 1);
    assert!(
        out(&found).contains("extra") && out(&found).contains("Uploads/by hand.txt"),
        "{}",
        out(&found)
    );
    let repaired = json(&installation.run(&["check", "--repair", "--json"]));
    assert_eq!(repaired.pointer("/found/0/repaired").unwrap(), "taken in");
    assert_eq!(
        json(&installation.run(&["check", "--json"])),
        serde_json::json!({ "files": 1, "found": [], "left": 0 })
    );
}

#[test]
fn scanning_again_needs_a_scanner_that_answers() {
    let installation = Installation::new();
    assert_eq!(code(&installation.add("ada", &[])), 0);
    let off = installation.run(&["rescan"]);
    assert_eq!(code(&off), 78);
    assert!(err(&off).contains("NEXUS_CLAMD"));
    let away = installation
        .command(&["rescan"])
        .env("NEXUS_CLAMD", "unix:/nowhere/clamd.ctl")
        .output()
        .unwrap();
    assert_eq!(code(&away), 69);
    let nonsense = installation.command(&["rescan"]).env("NEXUS_CLAMD", "clamd").output().unwrap();
    assert_eq!(code(&nonsense), 78);
}

/// A server in a process of its own, and its output until it listened.
struct Serving {
    child: std::process::Child,
    lines: std::io::BufReader<std::process::ChildStderr>,
}

impl Serving {
    fn start(installation: &Installation, variables: &[(&str, &str)]) -> Self {
        let mut command = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child =
            command.envs(variables.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = std::io::BufReader::new(child.stderr.take().unwrap());
        Self { child, lines }
    }

    /// The next line with `part` in it.
    fn line_with(&mut self, part: &str) -> String {
        use std::io::BufRead;
        loop {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "it ended before it said {part}"
            );
            if line.contains(part) {
                return line;
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a GET request and returns the response, head and body.
fn fetched(address: &str, path: &str) -> String {
    use std::io::Read;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nHost: nexus\r\nConnection: close\r\n\r\n").as_bytes(),
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn address_in(line: &str) -> String {
    let rest = line.split_once("http://").unwrap().1;
    rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect()
}

#[test]
fn metrics_have_a_listener_of_their_own_that_answers_nothing_else() {
    let installation = Installation::new();
    let mut serving = Serving::start(&installation, &[("NEXUS_METRICS_LISTEN", "127.0.0.1:0")]);
    let site = address_in(&serving.line_with("listening on"));
    let metrics = address_in(&serving.line_with("metrics at"));
    assert!(fetched(&metrics, "/metrics").contains("nexus_ready{check=\"database\"} 1"));
    assert!(fetched(&metrics, "/login").starts_with("HTTP/1.1 404"));
    assert!(!fetched(&site, "/metrics").starts_with("HTTP/1.1 2"));
}

#[test]
fn logs_are_json_where_that_is_set_and_every_line_says_its_request() {
    let installation = Installation::new();
    let mut serving =
        Serving::start(&installation, &[("NEXUS_LOG_FORMAT", "json"), ("NEXUS_LOG", "debug")]);
    let line = serving.line_with("listening on");
    let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(parsed["level"], "INFO");
    let answer = fetched(&address_in(parsed["message"].as_str().unwrap()), "/healthz");
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&serving.line_with("/healthz")).unwrap();
    assert_eq!(line["span"]["id"], id, "{line}");
    assert_eq!(
        (line["path"].as_str(), line["status"].as_u64()),
        (Some("/healthz"), Some(200)),
        "{line}"
    );
}

#[test]
fn the_settings_page_matches_the_output_of_the_program() {
    let installation = Installation::new();
    let output = out(&installation.run(&["config", "reference"]));
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/CONFIGURE.md")).unwrap();
    assert!(
        page == output,
        "docs/CONFIGURE.md is out of date: nexus-media config reference > docs/CONFIGURE.md"
    );
}
