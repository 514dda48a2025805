//! Metrics for Prometheus: only with the token, and in a form that promtool accepts.

use std::io::Write;
use std::process::{Command, Stdio};

use rstest::rstest;

use crate::support::*;

const TOKEN: &str = "a token for Prometheus";

/// The value of a line that begins with `name`.
fn value_of(text: &str, name: &str) -> i64 {
    let line =
        text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

async fn asked(app: &TestApp) -> String {
    let answer = app
        .browser()
        .request("GET", "/metrics")
        .header("authorization", format!("Bearer {TOKEN}"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.unwrap()
}

#[rstest]
#[actix_web::test]
async fn metrics_are_counted_and_promtool_finds_nothing_wrong(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) =
        TestApp::ready_with(backend, &[("metrics_token", TOKEN), ("previews_at_once", "0")]).await;
    let (ada, _) = app.person(&admin, "ada").await;
    app.register("bob").await;
    let before = asked(&app).await;
    let id = ada.upload_one("a.png", &png(1)).await;
    ada.get(&format!("/media/{id}")).await.bytes().await.unwrap();
    let wrong = app
        .browser()
        .submit("/login", "/login", &[("username", "ada"), ("password", "wrong")])
        .await;
    assert_eq!(wrong.status(), 401);
    let after = asked(&app).await;
    let size = i64::try_from(png(1).len()).unwrap();
    let grew = |name: &str| value_of(&after, name) - value_of(&before, name);
    assert_eq!(grew("nexus_stored_files_total"), 1);
    assert_eq!(grew("nexus_upload_bytes_total"), size);
    for event in ["begun", "finished"] {
        assert_eq!(value_of(&after, &format!("nexus_uploads_total{{event=\"{event}\"}}")), 1);
    }
    assert_eq!(grew("nexus_stored_bytes_total"), size);
    assert_eq!(grew("nexus_kept_bytes"), size);
    assert_eq!(value_of(&after, "nexus_http_requests_total{kind=\"file\",status=\"2xx\"}"), 1);
    assert_eq!(value_of(&after, "nexus_http_answer_seconds_count{kind=\"file\"}"), 1);
    assert_eq!(value_of(&after, "nexus_log_ins_total{outcome=\"refused\"}"), 1);
    assert_eq!(value_of(&after, "nexus_accounts{status=\"pending\"}"), 1);
    assert_eq!(value_of(&after, "nexus_accounts{status=\"active\"}"), 2);
    assert_eq!(value_of(&after, "nexus_queue_length{queue=\"previews\"}"), 1);
    assert_eq!(value_of(&after, "nexus_ready{check=\"database\"}"), 1);
    assert_eq!(value_of(&after, "nexus_scanner_up"), -1);
    for growing in [
        "nexus_http_received_bytes_total",
        "nexus_http_sent_bytes_total",
        "nexus_database_statements_total",
    ] {
        assert!(grew(growing) > if growing.contains("bytes") { size } else { 0 }, "{growing}");
    }
    assert!(value_of(&after, "nexus_http_connections") >= 1);

    let mut promtool = Command::new("promtool");
    let tool = promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut tool = tool.spawn().expect("promtool: apt-get install prometheus");
    tool.stdin.take().unwrap().write_all(after.as_bytes()).unwrap();
    let said = tool.wait_with_output().unwrap();
    let words = format!(
        "{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
    assert!(said.status.success() && words.is_empty(), "{words}");
}

#[rstest]
#[actix_web::test]
async fn without_the_token_the_page_does_not_exist(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready_with(backend, &[("metrics_token", TOKEN)]).await;
    let nothing = admin.get("/metrics").await;
    assert_eq!(nothing.status(), 404, "not even for an admin");
    for given in ["Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", TOKEN] {
        let answer = app
            .browser()
            .request("GET", "/metrics")
            .header("authorization", given)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 404, "{given}");
    }
    let (off, _) = TestApp::ready(backend).await;
    let answer = off
        .browser()
        .request("GET", "/metrics")
        .header("authorization", "Bearer ")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404, "where none is set");
}
