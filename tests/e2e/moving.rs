//! A store on its way from a file to PostgreSQL, and back by a backup.

use serde_json::{Value, json};

use crate::{
    backup::{artifacts, comparison},
    cli::desk::{Desk, Ended, SERVE, Serving},
    client::{Answer, Client, answer},
    eventually::eventually,
    postgres,
};

/// A command whose store is the database at `url`.
fn on_postgres(desk: &Desk, url: &str, args: &[&str]) -> std::process::Command {
    let mut command = desk.command(args);
    command.env("CALLBOARD_STORE__URL", url);
    command
}

fn serve(desk: &Desk, url: &str) -> Serving {
    Serving::spawn(&mut on_postgres(desk, url, &SERVE))
}

async fn submit_once(client: &Client) -> Answer {
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 2}});
    let request = client.request(reqwest::Method::POST, "/v1/jobs");
    answer(request.header("idempotency-key", "the one").json(&body)).await
}

async fn pending_approval(client: &Client, job: &str) -> String {
    eventually("the job asks", || async {
        let shown = client.get_json(&format!("/v1/jobs/{job}")).await;
        Some(shown["waiting_for"]["approval"].as_str()?.to_owned())
    })
    .await
}

#[tokio::test]
async fn a_store_moves_to_postgresql_with_its_jobs_in_flight_and_its_file_is_refused() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let client = server.client();
    let done = comparison(&client).await;
    let once: Value = submit_once(&client).await.json();
    let live = json!({"tasks": 3, "wait_ms": 3_000});
    let live = client.submit("drill.fanout", live).await;
    let asking = client
        .submit("drill.approval", json!({"why": "Move?"}))
        .await;
    let approval = pending_approval(&client, &asking.id).await;
    let (events, files) = (
        client.events(&done.id, 100).await,
        artifacts(&client, &done.id).await,
    );
    let refused = desk.run(&["move", "--to", &url]);
    assert!(
        refused.refused(2).contains("in use by process"),
        "{refused:?}"
    );
    server.kill();

    let moved = desk.run(&["move", "--to", &url]);
    assert_eq!(moved.code, Some(0), "{moved:?}");
    assert!(moved.stdout.contains("4 jobs, 2 of them live"), "{moved:?}");

    let server = serve(&desk, &url);
    let client = server.client();
    assert_eq!(client.show(&done.id).await, done);
    assert_eq!(client.events(&done.id, 100).await, events);
    assert_eq!(artifacts(&client, &done.id).await, files);
    let again: Value = submit_once(&client).await.json();
    assert_eq!(again["id"], once["id"], "the key was forgotten");
    let path = format!("/v1/approvals/{approval}/approve");
    assert_eq!(client.post(&path, &json!({})).await.status, 200);
    assert_eq!(client.finished(&asking.id).await.state, "succeeded");
    let ended = client.finished(&live.id).await;
    assert_eq!(ended.result, Some(json!({"tasks": 3, "sum": 6})));
    assert_eq!(server.stop(), Some(0));

    for args in [&SERVE[..], &["backup", "late.tar"], &["move", "--to", &url]] {
        let refused = desk.run(args);
        assert!(
            refused.refused(2).contains("was moved to postgres://"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_store_moves_into_an_empty_database_only_and_stays_where_it_is_otherwise() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let [first, second] = [Desk::new(), Desk::new()];
    for desk in [&first, &second] {
        let server = Serving::start(desk);
        let job = server.client().fanout(2).await;
        server.client().finished(&job.id).await;
        assert_eq!(server.stop(), Some(0));
    }
    assert_eq!(first.run(&["move", "--to", &url]).code, Some(0));
    let refused = second.run(&["move", "--to", &url]);
    assert!(refused.refused(2).contains("is not empty"), "{refused:?}");
    let server = Serving::start(&second);
    assert_eq!(
        server.client().get_json("/v1/jobs").await["items"][0]["state"],
        "succeeded"
    );
    assert_eq!(server.stop(), Some(0));
    let nowhere = second.run(&["move", "--to", "mysql://localhost/db"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
}

#[tokio::test]
async fn a_backup_of_a_store_in_postgresql_is_restored_as_a_file() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let desk = Desk::new();
    let server = serve(&desk, &url);
    let client = server.client();
    let done = comparison(&client).await;
    let live = client
        .submit("drill.fanout", json!({"tasks": 2, "wait_ms": 3_000}))
        .await;
    let files = artifacts(&client, &done.id).await;
    let mut backup = on_postgres(&desk, &url, &["backup", "saved.tar"]);
    let saved = tokio::task::spawn_blocking(move || Ended::of(backup.output().unwrap()));
    let saved = saved.await.unwrap();
    assert_eq!(saved.code, Some(0), "{saved:?}");
    server.kill();

    assert_eq!(
        desk.run(&["restore", "saved.tar", "--data-dir", "file"])
            .code,
        Some(0)
    );
    let server = Serving::spawn(desk.command(&SERVE).args(["--data-dir", "file"]));
    let client = server.client();
    assert_eq!(client.show(&done.id).await, done);
    assert_eq!(artifacts(&client, &done.id).await, files);
    assert_eq!(client.finished(&live.id).await.state, "succeeded");
    assert_eq!(server.stop(), Some(0));
}
