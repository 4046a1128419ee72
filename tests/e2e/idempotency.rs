//! `Idempotency-Key`.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    client::{Answer, Client, Job, answer},
};

async fn submit(client: &Client, key: &str, tasks: u32) -> Answer {
    let body = json!({"kind": "drill.fanout", "input": {"tasks": tasks}});
    answer(
        client
            .request(Method::POST, "/v1/jobs")
            .header("idempotency-key", key)
            .json(&body),
    )
    .await
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_job() {
    let app = TestApp::start().await;
    let client = app.client();
    let first = submit(&client, "order-1", 2).await;
    assert_eq!(
        (first.status.as_u16(), first.header("idempotent-replayed")),
        (202, None)
    );
    let again = submit(&client, "order-1", 2).await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotent-replayed")),
        (202, Some("true"))
    );
    assert_eq!(again.header("location"), first.header("location"));
    let job: Job = again.json();
    assert_eq!(job.id, first.json::<Job>().id);
    client.finished(&job.id).await;
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let first: Job = submit(&client, "order-2", 2).await.json();
    let other = submit(&client, "order-2", 3).await;
    assert_eq!(
        (other.status.as_u16(), other.problem().as_str()),
        (422, "idempotency_mismatch")
    );
    client.finished(&first.id).await;
    let jobs = client.get_json("/v1/jobs").await;
    assert_eq!(jobs["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_keys_on_one_request_are_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let request = client
        .request(Method::POST, "/v1/jobs")
        .header("idempotency-key", "order-4")
        .header("idempotency-key", "order-5");
    let refused = answer(request.json(&body)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (422, "invalid_idempotency_key")
    );
    assert_eq!(client.get_json("/v1/jobs").await["items"], json!([]));
}

#[tokio::test]
async fn twenty_requests_at_once_under_one_key_make_one_job() {
    let app = TestApp::start().await;
    let client = app.client();
    let answers = join_all((0..20).map(|_| submit(&client, "order-3", 2))).await;
    assert!(answers.iter().all(|answer| answer.status == 202));
    let made: usize = answers
        .iter()
        .filter(|answer| answer.header("idempotent-replayed").is_none())
        .count();
    assert_eq!(made, 1);
    let ids: HashSet<String> = answers
        .iter()
        .map(|answer| answer.json::<Job>().id)
        .collect();
    assert_eq!(ids.len(), 1);
    client.finished(ids.iter().next().unwrap()).await;
    let jobs: Value = client.get_json("/v1/jobs").await;
    assert_eq!(jobs["items"].as_array().unwrap().len(), 1);
}
