//! kill -9 at every failpoint and at random times, while a form, an API client and a tus client are active.

use std::time::Duration;

use crate::support::*;
use crate::workload::*;

/// An installation with a user and sessions, to copy for each point.
struct Template {
    folder: tempfile::TempDir,
    person: Person,
    browser: Browser,
}

async fn template() -> Template {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_sqlite(folder.path());
    let mut server = site.start();
    let person = Person::log_in(&server).await;
    let browser = Browser::log_in(&server).await;
    terminate(&mut server);
    Template { folder, person, browser }
}

enum Kill {
    /// At the failpoint with this number.
    Point(usize),
    /// After this time.
    After(Duration),
}

/// One run on a fresh copy; whether the server was killed before the clients were done.
async fn try_one(template: &Template, kill: &Kill, seed: u64, on_mariadb: bool) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let (mut site, mut person, mut browser) =
        (Site::on_sqlite(folder.path()), template.person.clone(), template.browser.clone());
    let at = if let Kill::Point(number) = kill { number.to_string() } else { String::new() };
    let variables: &[(&str, &str)] = if at.is_empty() { &[] } else { &[("FAULT_AFTER", &at)] };
    let mut server;
    if on_mariadb {
        // Tables cannot be copied like a file, so the user logs in again.
        site = Site::on_mariadb(folder.path());
        server = site.start_with(&[]);
        person = Person::log_in(&server).await;
        browser = Browser::log_in(&server).await;
        terminate(&mut server);
    } else {
        copy(template.folder.path(), folder.path());
    }
    server = site.start_with(variables);
    person = person.at(&server);
    browser = browser.at(&server);
    let ledger = Ledger::strict();
    match kill {
        Kill::Point(_) => work(&person, &browser, seed, &ledger).await,
        Kill::After(delay) => {
            tokio::join!(work(&person, &browser, seed, &ledger), async {
                tokio::time::sleep(*delay).await;
                server.child.kill().unwrap();
            });
        }
    }
    // The kill interrupted the clients that did not finish.
    let was_killed = !ledger.is_complete();
    if was_killed {
        server.child.wait().unwrap();
    }
    drop(server);
    let server = site.start_again();
    check(&person.at(&server), &site, seed, &ledger).await;
    was_killed
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    let done = std::process::Command::new("cp")
        .args(["-a", "--"])
        .arg(from.join("."))
        .arg(to)
        .status()
        .unwrap();
    assert!(done.success());
}

async fn every_point(template: &Template, rounds: u64, on_mariadb: bool) -> usize {
    let mut tried = 0;
    for round in 1..=rounds {
        for number in 1.. {
            let seed = round * 1000 + number as u64;
            if !try_one(template, &Kill::Point(number), seed, on_mariadb).await {
                assert!(number > 25, "only {number} points were passed");
                break;
            }
            tried += 1;
        }
    }
    tried
}

#[actix_web::test]
async fn a_killed_server_loses_nothing_it_acknowledged() {
    let template = template().await;
    let rounds = if is_long() { 20 } else { 1 };
    let mut tried = every_point(&template, rounds, false).await;
    let instants = if is_long() { 500 } else { 12 };
    for number in 0..instants {
        let delay = Duration::from_micros(number * 7919 % 250_000);
        tried +=
            usize::from(try_one(&template, &Kill::After(delay), 900_000 + number, false).await);
    }
    println!("kill -9, SQLite: {tried} points, 0 lost");
}

#[actix_web::test]
async fn nor_has_one_on_mariadb() {
    if !is_long() {
        // The short run tries one point of each kind that differs there: the commits.
        let template = template().await;
        for number in [3, 9, 15, 21] {
            try_one(&template, &Kill::Point(number), number as u64, true).await;
        }
        return;
    }
    let tried = every_point(&template().await, 4, true).await;
    println!("kill -9, MariaDB: {tried} points, 0 lost");
}
