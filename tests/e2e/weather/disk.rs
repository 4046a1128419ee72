//! The disk fills up under load, or takes no writes.

use std::{fs, os::unix::fs::PermissionsExt};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::volume::Volume;
use crate::{
    cli::desk::{Desk, Serving},
    client::{Answer, Client, answer},
    eventually::eventually,
};

const DATA_DIR: &str = "callboard-data";
const VOLUME_MIB: u32 = 24;
/// What else lies on the disk.
const BALLAST_MIB: usize = 18;
const CLIENTS: usize = 4;

/// Submits a job that writes about 20 KiB to the journal.
async fn submit(client: &Client) -> Answer {
    let input = json!({"tasks": 2, "payload_bytes": 10_000});
    let body = json!({"kind": "drill.fanout", "input": input});
    answer(
        client
            .request(reqwest::Method::POST, "/v1/jobs")
            .json(&body),
    )
    .await
}

/// Submits until the disk is full; answers what was accepted and the refusal.
async fn fill(client: &Client) -> (Vec<String>, Answer) {
    let mut accepted = Vec::new();
    loop {
        let answer = submit(client).await;
        match answer.status.as_u16() {
            202 => accepted.push(answer.json::<Value>()["id"].as_str().unwrap().to_owned()),
            _ => return (accepted, answer),
        }
    }
}

fn part<'a>(health: &'a Value, name: &str) -> &'a Value {
    let parts = health["components"].as_array().unwrap();
    parts.iter().find(|part| part["name"] == name).unwrap()
}

async fn assert_all_succeed(client: &Client, accepted: &[String]) {
    for id in accepted {
        let job = client.finished(id).await;
        assert_eq!(job.state, "succeeded", "{job:?}");
        assert_eq!(job.result, Some(json!({"tasks": 2, "sum": 3})));
    }
}

#[tokio::test]
async fn a_full_disk_refuses_submissions_by_code_and_service_resumes_when_space_is_back() {
    let desk = Desk::new();
    let data_dir = desk.path().join(DATA_DIR);
    let Some(_volume) = Volume::mount(&data_dir, VOLUME_MIB) else {
        return;
    };
    let ballast = data_dir.join("ballast");
    fs::write(&ballast, vec![b'x'; BALLAST_MIB << 20]).unwrap();
    let server = Serving::start(&desk);
    let client = server.client();

    let filled = join_all((0..CLIENTS).map(|_| fill(&client))).await;
    let mut accepted = Vec::new();
    for (jobs, refusal) in filled {
        accepted.extend(jobs);
        assert_eq!(refusal.status, 507, "{refusal:?}");
        assert_eq!(refusal.problem(), "storage_full");
        assert!(refusal.header("retry-after").is_some());
    }
    assert!(accepted.len() > 50, "{} jobs", accepted.len());

    let listed = client.get_json("/v1/jobs?limit=200").await;
    assert!(!listed["items"].as_array().unwrap().is_empty());
    assert!(!client.events(&accepted[0], 100).await.is_empty());
    let told = client.get("/v1/health").await;
    let health: Value = told.json();
    assert_eq!(told.status, 503, "{health}");
    assert_eq!(part(&health, "disk")["status"], "unhealthy", "{health}");
    let store = part(&health, "store");
    assert_eq!(store["status"], "degraded", "{health}");
    assert!(store["message"].as_str().unwrap().contains("full"));

    fs::remove_file(&ballast).unwrap();
    let again = eventually("submissions are taken again", || async {
        Some(submit(&client).await).filter(|answer| answer.status == 202)
    });
    accepted.push(
        again.await.json::<Value>()["id"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    assert_all_succeed(&client, &accepted).await;

    server.kill();
    let server = Serving::start(&desk);
    assert_all_succeed(&server.client(), &accepted).await;
    let listed = count(&server.client()).await;
    assert_eq!(listed, accepted.len(), "a refused submission left a job");
    assert_eq!(server.stop(), Some(0));
}

async fn count(client: &Client) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = client
            .get_json(&format!("/v1/jobs?limit=200{cursor}"))
            .await;
        count += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}

#[test]
fn a_data_directory_that_takes_no_writes_is_refused_in_one_line() {
    let desk = Desk::new();
    let data_dir = desk.path().join(DATA_DIR);
    // Rights do not bind root, a file system that is mounted read-only does.
    let volume = Volume::mount(&data_dir, 1);
    match &volume {
        Some(volume) => volume.make_read_only(),
        None => fs::set_permissions(&data_dir, fs::Permissions::from_mode(0o555)).unwrap(),
    }
    let served = desk.run(&["serve", "--insecure-loopback", "--listen", "127.0.0.1:0"]);
    let line = served.refused(1);
    assert!(line.contains(DATA_DIR), "{line}");
    let says = ["Read-only file system", "Permission denied"];
    assert!(says.iter().any(|why| line.contains(why)), "{line}");
}
