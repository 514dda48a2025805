//! A scanner that is killed repeatedly during scans.

use crate::clamd::{Clamd, eicar};
use crate::support::*;

#[actix_web::test]
async fn a_killed_scanner_loses_nothing_and_releases_nothing() {
    let mut clamd = Clamd::start();
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_sqlite(folder.path());
    let address = clamd.address();
    let server = site.start_with(&[("NEXUS_CLAMD", &address)]);
    let person = Person::log_in(&server).await;
    let rounds = if is_long() { 50 } else { 4 };
    for round in 0..rounds {
        let mut good = Vec::new();
        for number in 0..4_u64 {
            let bytes = bytes_of(round * 10 + number, 1_500_000);
            good.push(sha256(&bytes));
            assert_eq!(
                person.upload(&[(format!("{number}.bin"), bytes)]).await.unwrap().status(),
                201
            );
        }
        // Each round has different bytes, because those of a finding may be uploaded again.
        assert_eq!(person.upload(&[("bad.com".into(), eicar())]).await.unwrap().status(), 201);
        tokio::time::sleep(std::time::Duration::from_micros(round * 7919 % 60_000)).await;
        clamd.kill();
        for digest in &good {
            let item = person.item(digest).await.expect("nothing is lost");
            let content =
                person.request("GET", item["content_url"].as_str().unwrap()).send().await.unwrap();
            let expected = if item["scan"] == "clean" { 200 } else { 409 };
            assert_eq!(content.status(), expected, "{item}");
        }
        if let Some(item) = person.item(&sha256(&eicar())).await {
            let content =
                person.request("GET", item["content_url"].as_str().unwrap()).send().await.unwrap();
            assert_eq!((content.status().as_u16(), item["scan"].as_str()), (409, Some("pending")));
        }
        clamd.start_again();
        // An upload wakes the scanner.
        assert_eq!(
            person
                .upload(&[("bell.bin".into(), bytes_of(900_000 + round, 10))])
                .await
                .unwrap()
                .status(),
            201
        );
        loop {
            let list = person.json("/api/media/list?limit=200").await;
            let is_over = |item: &serde_json::Value| item["scan"] == "clean";
            if list["items"].as_array().unwrap().iter().all(is_over) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(person.item(&sha256(&eicar())).await.is_none(), "malware stays");
        person.assert_all_is_well(&site).await;
        person.delete_everything().await;
    }
    println!("scanner killed {rounds} times: nothing lost, nothing unscanned served");
}
