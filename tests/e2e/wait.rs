//! `Prefer: wait`.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client, Job, answer},
    eventually::eventually,
};

async fn submit_and_wait(client: &Client, input: serde_json::Value, prefer: &str) -> Answer {
    let body = json!({"kind": "drill.fanout", "input": input});
    answer(
        client
            .request(Method::POST, "/v1/jobs")
            .header("prefer", prefer)
            .json(&body),
    )
    .await
}

#[tokio::test]
async fn a_job_that_ends_within_the_wait_is_answered_finished() {
    let app = TestApp::start().await;
    let done = submit_and_wait(&app.client(), json!({"tasks": 4}), "respond-async, wait=30").await;
    assert_eq!(
        (done.status.as_u16(), done.header("preference-applied")),
        (200, Some("wait=30"))
    );
    let job: Job = done.json();
    assert_eq!(
        done.header("location"),
        Some(format!("/v1/jobs/{}", job.id).as_str())
    );
    assert_eq!(
        (job.state.as_str(), job.result),
        ("succeeded", Some(json!({"tasks": 4, "sum": 10})))
    );
}

#[tokio::test]
async fn a_wait_that_expires_is_answered_with_the_job_as_it_is() {
    let app = TestApp::start().await;
    let client = app.client();
    let expired = submit_and_wait(&client, json!({"tasks": 1, "wait_ms": 60_000}), "wait=1").await;
    assert_eq!(
        (
            expired.status.as_u16(),
            expired.header("preference-applied")
        ),
        (202, None)
    );
    let job: Job = expired.json();
    assert_eq!(
        expired.header("location"),
        Some(format!("/v1/jobs/{}", job.id).as_str())
    );
    assert_eq!(job.state, "running");
    assert_eq!(client.cancel(&job.id).await.status, 200);
}

#[tokio::test]
async fn a_wait_is_capped() {
    let mut setup = Setup::default();
    setup.limits.request_wait_max = Duration::from_secs(1);
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let started = Instant::now();
    let capped = submit_and_wait(&client, json!({"tasks": 1, "wait_ms": 60_000}), "wait=59").await;
    assert_eq!(capped.status, 202);
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(client.cancel(&capped.json::<Job>().id).await.status, 200);
}

#[tokio::test]
async fn a_drain_answers_who_waits_and_refuses_who_comes() {
    let app = TestApp::start_with(Setup {
        live_jobs_expected: true,
        ..Setup::default()
    })
    .await;
    let client = app.client();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { submit_and_wait(&client, json!({"tasks": 1, "wait_ms": 60_000}), "wait=55").await }
    });
    eventually("the job is accepted", || async {
        let jobs = client.get_json("/v1/jobs?state=running").await;
        (jobs["items"].as_array()?.len() == 1).then_some(())
    })
    .await;
    let started = Instant::now();
    app.drain();
    let answered = waiting.await.unwrap();
    assert_eq!(answered.status, 202);
    assert!(started.elapsed() < Duration::from_secs(30));
    let not_ready = client.get("/health/ready").await;
    assert_eq!(
        (not_ready.status.as_u16(), not_ready.problem().as_str()),
        (503, "draining")
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cancel_its_job() {
    let app = TestApp::start().await;
    let client = app.client();
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1, "wait_ms": 500}});
    let waiting = client
        .request(Method::POST, "/v1/jobs")
        .header("prefer", "wait=50")
        .json(&body);
    let waiting = tokio::spawn(waiting.send());
    let id = eventually("the job is accepted", || async {
        let jobs = client.get_json("/v1/jobs").await;
        jobs["items"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(client.finished(&id).await.state, "succeeded");
}
