//! Why jobs are where they are.

use serde_json::{Value, json};

use crate::{
    app::TestApp,
    client::{Client, Job},
    eventually::eventually,
};

/// The explanation of a job once its first task has this reason.
async fn why(client: &Client, job: &str, because: &str) -> Value {
    eventually(because, || async {
        let why = client.get_json(&format!("/v1/jobs/{job}/why")).await;
        (why["tasks"][0]["because"] == because).then_some(why)
    })
    .await
}

#[tokio::test]
async fn a_job_in_hand_says_at_which_worker_and_what_waits_for_it() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.endless().await;
    let why = why(&client, &job.id, "in_hand").await;
    assert_eq!(why["job"], job.id.as_str());
    assert_eq!(why["state"], "running");
    assert_eq!(why["tasks"][0]["task"]["role"], "drill.runner");
    assert_eq!(why["tasks"][0]["attempt"], 1);
    assert_eq!(why["tasks"][1]["because"], "dependency");
    assert_eq!(why["tasks"][1]["on"], json!(["run:1"]));
    assert_eq!(why["more_tasks"], 0);
    let summary = why["summary"].as_str().unwrap();
    assert!(summary.contains("`run:1` is in hand"), "{summary}");
    client.cancel(&job.id).await;
    let ended = client.get_json(&format!("/v1/jobs/{}/why", job.id)).await;
    assert_eq!(ended["tasks"], json!([]));
    assert!(ended["summary"].as_str().unwrap().contains("cancelled"));
}

#[tokio::test]
async fn a_job_that_waits_names_what_would_move_it_on() {
    let app = TestApp::start().await;
    let client = app.client();
    let submit = |kind: &'static str, input: Value| {
        let client = client.clone();
        async move { client.submit(kind, input).await }
    };
    let asks: Job = submit("drill.approval", json!({"why": "Send it?"})).await;
    let told = why(&client, &asks.id, "approval").await;
    let shown = client.get_json(&format!("/v1/jobs/{}", asks.id)).await;
    let task = &told["tasks"][0];
    assert_eq!(task["approval"], shown["waiting_for"]["approval"]);
    assert_eq!(task["until"], shown["waiting_for"]["until"]);
    assert_eq!(task["why"], "Send it?");

    let listens = submit("drill.signal", json!({"name": "go"})).await;
    let told = why(&client, &listens.id, "signal").await;
    assert_eq!(told["tasks"][0]["name"], "go");
    let summary = told["summary"].as_str().unwrap();
    assert!(summary.contains("waits for the signal `go`"), "{summary}");

    let sleeps = json!({"tasks": 1, "snooze_ms": 60_000});
    let sleeps = submit("drill.fanout", sleeps).await;
    let told = why(&client, &sleeps.id, "timer").await;
    let shown = client.get_json(&format!("/v1/jobs/{}", sleeps.id)).await;
    assert_eq!(told["tasks"][0]["until"], shown["waiting_for"]["until"]);
    for job in [asks, listens, sleeps] {
        client.cancel(&job.id).await;
    }
}

#[tokio::test]
async fn a_live_job_names_its_owner_and_one_that_has_ended_has_none() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.endless().await;
    let owner = &why(&client, &job.id, "in_hand").await["owner"];
    let process = format!("process {} since ", std::process::id());
    assert!(owner["process"].as_str().unwrap().starts_with(&process));
    let shard = json!({"node": "root/core/shard-0", "incarnation": 1, "epoch": 1});
    for (key, expected) in shard.as_object().unwrap() {
        assert_eq!(&owner[key], expected, "{owner}");
    }
    let tree = client.get_json("/v1/supervision").await.to_string();
    assert!(tree.contains("root/core/shard-0"), "{tree}");
    client.cancel(&job.id).await;
    let ended = client.get_json(&format!("/v1/jobs/{}/why", job.id)).await;
    assert_eq!(
        (&ended["state"], &ended["owner"]),
        (&json!("cancelled"), &Value::Null)
    );
}

#[tokio::test]
async fn a_task_behind_a_full_crew_says_what_it_waits_behind() {
    let app = TestApp::start().await;
    let client = app.client();
    // As many tasks as all workers of the role can have in hand, and one job more.
    let fill = json!({"tasks": 64, "wait_ms": 60_000});
    let full = client.submit("drill.fanout", fill).await;
    why(&client, &full.id, "in_hand").await;
    let behind = client.endless().await;
    let told = why(&client, &behind.id, "queued").await;
    assert!(told["tasks"][0]["ahead_at_most"].is_u64(), "{told}");
    client.cancel(&behind.id).await;
    client.cancel(&full.id).await;
}

#[tokio::test]
async fn nobody_is_told_of_a_job_that_is_not_there() {
    let app = TestApp::start().await;
    let client = app.client();
    for (id, status, code) in [
        ("job_00000000000000000000000000000000", 404, "job_not_found"),
        ("nonsense", 400, "invalid_job_id"),
    ] {
        let refused = client.get(&format!("/v1/jobs/{id}/why")).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (status, code.to_owned()));
    }
}
