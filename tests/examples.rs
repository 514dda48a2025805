//! The examples of `docs/API.md`, run with curl against a real server, in their order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{HashMap, HashSet};
use std::process::{Command, Stdio};

#[path = "support/process.rs"]
mod process;
use process::{PASSWORD, Server};

const DOCUMENT: &str = include_str!("../docs/API.md");

/// The examples of the document: the expected status and the command.
fn examples() -> Vec<(u16, String)> {
    let mut examples = Vec::new();
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if let Some(status) = line.strip_prefix("```sh ") {
            let command: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            examples.push((status.parse().unwrap(), command.join("\n")));
        }
    }
    examples
}

/// Runs one command; its status and body.
fn run(
    command: &str,
    folder: &std::path::Path,
    variables: &HashMap<&str, String>,
) -> (u16, String) {
    let script = format!("curl() {{ command curl -sS -w '\\n%{{http_code}}' \"$@\"; }}\n{command}");
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder)
        .envs(variables)
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn text(body: &str, pointer: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body.pointer(pointer).and_then(serde_json::Value::as_str).unwrap().to_owned()
}

#[test]
fn every_example_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let mut variables =
        HashMap::from([("NEXUS", server.base.clone()), ("PATH", std::env::var("PATH").unwrap())]);
    image::RgbImage::from_pixel(40, 30, image::Rgb([10, 90, 200]))
        .save(folder.path().join("harbour.png"))
        .unwrap();
    std::fs::write(folder.path().join("letter.txt"), "Dear Ada").unwrap();
    for (username, is_waiting) in [("ada", false), ("grace", true), ("tom", false)] {
        let mut add = Command::new(env!("CARGO_BIN_EXE_nexus-media"));
        add.args([
            "user",
            "add",
            username,
            "--email",
            &format!("{username}@example.org"),
            "--firstname",
            "A",
            "--lastname",
            "B",
        ]);
        add.args(["--password-file", "password"]).args(is_waiting.then_some("--pending"));
        assert!(
            add.current_dir(folder.path())
                .env_clear()
                .stdout(Stdio::null())
                .status()
                .unwrap()
                .success()
        );
    }
    let log_in = format!(
        r#"curl "$NEXUS/api/auth/login" -H 'Content-Type: application/json' -d '{{"username":"root","password":"{PASSWORD}"}}'"#
    );
    variables.insert("ADMIN_TOKEN", text(&run(&log_in, folder.path(), &variables).1, "/token"));
    variables.insert("PERSON", "3".into());
    // The person whom something is shared with.
    let log_in = log_in.replace("root", "tom");
    variables.insert("FRIEND_TOKEN", text(&run(&log_in, folder.path(), &variables).1, "/token"));
    variables.insert("MEMBER", "4".into());
    let send = r#"curl "$NEXUS/api/media/upload" -H "Authorization: Bearer $FRIEND_TOKEN" -F file=@letter.txt"#;
    variables.insert("FRIEND_ITEM", text(&run(send, folder.path(), &variables).1, "/items/0/id"));
    let mut count = 0;
    for (promised, command) in examples() {
        if command.contains("$DIRECTORY") && !variables.contains_key("DIRECTORY") {
            let make = r#"curl "$NEXUS/api/directories" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"name":"Holidays"}'"#;
            variables.insert("DIRECTORY", text(&run(make, folder.path(), &variables).1, "/id"));
        }
        let (status, body) = run(&command, folder.path(), &variables);
        assert_eq!(status, promised, "{command}\n{body}");
        // Values for the following examples.
        if command.contains("/api/auth/login") || command.contains("/api/auth/refresh") {
            variables.insert("TOKEN", text(&body, "/token"));
            variables.insert("REFRESH_TOKEN", text(&body, "/refresh_token"));
        } else if command.contains("/api/media/upload") {
            variables.insert("ITEM", text(&body, "/items/0/id"));
        } else if command.contains("/api/albums\"") && promised == 201 {
            variables.insert("ALBUM", text(&body, "/id"));
        } else if command.contains("/api/grants\"") && promised == 201 {
            variables.insert("GRANT", text(&body, "/grants/0/id"));
        } else if command.contains("/api/spaces\"") && promised == 201 {
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            variables.insert("SPACE", body["id"].to_string());
        } else if command.contains("$SPACE/members\"") && promised == 201 {
            variables.insert("GRANT", text(&body, "/members/1/id"));
        } else if command.contains("/api/links\"") && promised == 201 {
            variables.insert("LINK", text(&body, "/id"));
        } else if command.contains("/comments\"") && promised == 201 {
            variables.insert("COMMENT", text(&body, "/id"));
        } else if command.contains("/api/groups\"") && promised == 201 {
            variables.insert("GROUP", text(&body, "/id"));
        } else if command.contains("/api/directories\"") && promised == 201 {
            variables.insert("DIRECTORY", text(&body, "/id"));
        }
        if let Some((_, rest)) = body.split_once("location: /api/uploads/") {
            variables.insert("UPLOAD", rest.lines().next().unwrap().trim().to_owned());
        }
        count += 1;
    }
    assert!(count > 20, "{count} examples were found");
}

#[test]
fn every_route_has_an_example() {
    let shown: HashSet<String> = examples()
        .iter()
        .map(|(_, command)| {
            let method = command.split_once("-X ").map(|(_, rest)| rest.split(' ').next().unwrap());
            let is_head = command.contains(" -I ");
            let method = method.unwrap_or(if is_head {
                "HEAD"
            } else if command.contains(" -d ") || command.contains(" -F ") {
                "POST"
            } else {
                "GET"
            });
            let path = command.split_once("$NEXUS").unwrap().1.split(['"', '?']).next().unwrap();
            let is_inside = path.starts_with("/api/shared/") || path.starts_with("/api/albums/");
            let (item, directory) =
                if is_inside { ("{item}", "{directory}") } else { ("{id}", "{id}") };
            let path = path
                .replace("$FRIEND_ITEM", item)
                .replace("$ITEM", item)
                .replace("$DIRECTORY", directory)
                .replace("$GRANT", "{grant}")
                .replace("$LINK", "{link}")
                .replace("$COMMENT", "{comment}")
                .replace("$GROUP", "{group}")
                .replace("$SPACE", "{space}")
                .replace("$MEMBER", "{member}")
                .replace("$ALBUM", "{album}")
                .replace("$PERSON", "{id}")
                .replace("$UPLOAD", "{id}");
            format!("{method} {path}")
        })
        .collect();
    let routes = nexus_media::http::routes();
    let missing: Vec<_> = routes
        .iter()
        .filter(|route| route.path.starts_with("/api/"))
        .map(|route| format!("{} {}", route.method, route.path))
        .filter(|route| !shown.contains(route))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
