//! A backup taken beside a running server becomes a server that goes on.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::json;

use crate::{
    cli::desk::{Desk, SERVE, Serving},
    client::{Client, Job},
};

fn serve(desk: &Desk, data_dir: &str) -> Serving {
    Serving::spawn(desk.command(&SERVE).args(["--data-dir", data_dir]))
}

/// Submits and finishes jobs until told to stop.
async fn load(client: Client, stop: Arc<AtomicBool>) -> usize {
    let mut jobs = 0;
    while !stop.load(Ordering::Relaxed) {
        let job = client.fanout(4).await;
        client.finished(&job.id).await;
        jobs += 1;
    }
    jobs
}

pub async fn comparison(client: &Client) -> Job {
    let input = json!({"query": "Compare MSFT and IBM"});
    let job = client.submit("market.compare", input).await;
    client.finished(&job.id).await
}

/// Paths and contents of a job's artifacts.
pub async fn artifacts(client: &Client, id: &str) -> Vec<(String, Vec<u8>)> {
    let listed = client.get_json(&format!("/v1/jobs/{id}/artifacts")).await;
    let mut found = Vec::new();
    for artifact in listed["items"].as_array().unwrap() {
        let name = artifact["name"].as_str().unwrap().to_owned();
        let content = client.get(&format!("/v1/jobs/{id}/artifacts/{name}")).await;
        assert_eq!(content.status, 200);
        found.push((name, content.body));
    }
    found
}

#[tokio::test]
async fn a_backup_taken_under_load_is_restored_with_its_jobs_and_the_live_ones_go_on() {
    let desk = Desk::new();
    let server = serve(&desk, "old");
    let client = server.client();
    let done = comparison(&client).await;
    let input = json!({"tasks": 3, "wait_ms": 4_000});
    let live = client.submit("drill.fanout", input).await;
    let (events, files) = (
        client.events(&done.id, 100).await,
        artifacts(&client, &done.id).await,
    );
    assert!(!files.is_empty());

    let stop = Arc::new(AtomicBool::new(false));
    let loading = tokio::spawn(load(client.clone(), stop.clone()));
    let backup = ["backup", "saved.tar", "--data-dir", "old"];
    let mut backup = desk.command(&backup);
    let saved = tokio::task::spawn_blocking(move || backup.output().unwrap());
    let saved = saved.await.unwrap();
    assert!(saved.status.success(), "{saved:?}");
    let said = String::from_utf8(saved.stdout).unwrap();
    assert!(said.starts_with("saved.tar: "), "{said}");
    stop.store(true, Ordering::Relaxed);
    assert!(loading.await.unwrap() > 0, "there was no load");
    server.kill();

    let restored = desk.run(&["restore", "saved.tar", "--data-dir", "new/below"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(restored.stdout.contains("of them live"), "{restored:?}");
    let server = serve(&desk, "new/below");
    let client = server.client();
    assert_eq!(client.show(&done.id).await, done);
    assert_eq!(client.events(&done.id, 100).await, events);
    assert_eq!(artifacts(&client, &done.id).await, files);
    let ended = client.finished(&live.id).await;
    assert_eq!(ended.result, Some(json!({"tasks": 3, "sum": 6})));
    assert_eq!(server.stop(), Some(0));
    assert!(
        leftovers(desk.path()).is_empty(),
        "{:?}",
        leftovers(desk.path())
    );
}

/// What a backup or a restore left behind.
fn leftovers(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn a_backup_and_a_restore_overwrite_nothing() {
    let desk = Desk::new();
    assert!(
        desk.run(&["backup", "b.tar"])
            .refused(2)
            .contains("no database")
    );
    assert_eq!(desk.run(&["migrate"]).code, Some(0));
    assert_eq!(desk.run(&["backup", "b.tar"]).code, Some(0));
    let before = fs::read(desk.path().join("b.tar")).unwrap();
    assert!(
        desk.run(&["backup", "b.tar"])
            .refused(2)
            .contains("b.tar exists")
    );
    assert_eq!(fs::read(desk.path().join("b.tar")).unwrap(), before);
    let refused = desk.run(&["restore", "b.tar"]);
    assert!(refused.refused(2).contains("callboard-data is not empty"));
    assert_eq!(
        desk.run(&["restore", "b.tar", "--data-dir", "other"]).code,
        Some(0)
    );
}

#[test]
fn a_backup_with_one_wrong_byte_is_refused_and_leaves_nothing() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["migrate"]).code, Some(0));
    assert_eq!(desk.run(&["backup", "b.tar"]).code, Some(0));
    let path = desk.path().join("b.tar");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let refused = desk.run(&["restore", "b.tar", "--data-dir", "other"]);
    assert!(refused.refused(1).contains("callboard.db"), "{refused:?}");
    assert!(!desk.path().join("other").exists());
    assert!(leftovers(desk.path()).is_empty());
}
