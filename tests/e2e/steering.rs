//! Signals, pauses and retries: what people do to jobs that run.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    client::{Answer, Client, answer},
    eventually::eventually,
};

async fn steer(client: &Client, job: &str, verb: &str) -> Answer {
    let path = format!("/v1/jobs/{job}/{verb}");
    client.post(&path, &json!({"reason": "a test"})).await
}

async fn waits_for(client: &Client, job: &str, reason: &str) -> Value {
    eventually("the job waits", || async {
        let shown = client.get_json(&format!("/v1/jobs/{job}")).await;
        (shown["waiting_for"]["reason"] == reason).then_some(shown)
    })
    .await
}

async fn names(client: &Client, job: &str) -> Vec<String> {
    let events = client.events(job, 100).await;
    let name = |event: &Value| event["type"].as_str().unwrap().to_owned();
    events.iter().map(name).collect()
}

#[tokio::test]
async fn a_signal_wakes_the_task_that_waits_for_it_with_its_payload() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.submit("drill.signal", json!({"name": "go"})).await;
    let waiting = waits_for(&client, &job.id, "signal").await;
    assert_eq!(waiting["waiting_for"]["name"], "go");
    let path = format!("/v1/jobs/{}/signals", job.id);
    let other = client.post(&format!("{path}/stop"), &json!(1)).await;
    assert_eq!(other.status, 202);
    let payload = json!({"amount": 1.5, "to": ["a", "b"]});
    let sent = client.post(&format!("{path}/go"), &payload).await;
    assert_eq!(sent.status, 202);
    assert_eq!(sent.json::<Value>()["id"], job.id.as_str());
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
    let events = client.events(&job.id, 100).await;
    let received: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "signal.received")
        .map(|event| (&event["data"]["name"], &event["data"]["payload"]))
        .collect();
    assert_eq!(
        received,
        [(&json!("stop"), &json!(1)), (&json!("go"), &payload)]
    );
}

#[tokio::test]
async fn a_signal_that_comes_before_its_task_is_kept_and_needs_no_body() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.submit("drill.signal", json!({"name": "go"})).await;
    let path = format!("/v1/jobs/{}/signals/go", job.id);
    let sent = answer(client.request(Method::POST, &path)).await;
    assert_eq!(sent.status, 202);
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
    let late = answer(client.request(Method::POST, &path)).await;
    assert_eq!(
        (late.status.as_u16(), late.problem().as_str()),
        (409, "job_ended")
    );
}

#[tokio::test]
async fn a_wrong_signal_is_refused_with_its_own_code() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.submit("drill.signal", json!({"name": "go"})).await;
    let path = format!("/v1/jobs/{}/signals", job.id);
    let none = "/v1/jobs/job_00000000000000000000000000000000/signals/go";
    let long = format!("{path}/{}", "x".repeat(129));
    let json_type = "application/json";
    let large = format!("\"{}\"", "x".repeat(256 * 1024));
    for (path, content_type, body, status, code) in [
        (none, json_type, "1", 404, "job_not_found"),
        (
            &format!("{path}/a%20b"),
            json_type,
            "1",
            400,
            "invalid_signal_name",
        ),
        (&long, json_type, "1", 400, "invalid_signal_name"),
        (&format!("{path}/go"), json_type, "{", 400, "malformed_json"),
        (
            &format!("{path}/go"),
            json_type,
            "1 2",
            400,
            "malformed_json",
        ),
        (
            &format!("{path}/go"),
            "text/plain",
            "1",
            415,
            "unsupported_media_type",
        ),
        (
            &format!("{path}/go"),
            json_type,
            &large,
            413,
            "body_too_large",
        ),
    ] {
        let request = client.request(Method::POST, path).body(body.to_owned());
        let refused = answer(request.header("content-type", content_type)).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (status, code.to_owned()), "{path}");
    }
    // A task takes the first signal of its name; the others are kept up to a bound.
    for index in 0..100 {
        let sent = client
            .post(&format!("{path}/kept-{index}"), &json!(0))
            .await;
        assert_eq!(sent.status, 202, "{index}");
    }
    let full = client.post(&format!("{path}/kept-100"), &json!(0)).await;
    assert_eq!(
        (full.status.as_u16(), full.problem().as_str()),
        (409, "too_many_signals")
    );
    client.cancel(&job.id).await;
}

#[tokio::test]
async fn a_paused_job_hands_out_nothing_until_it_is_resumed() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.submit("drill.signal", json!({"name": "go"})).await;
    waits_for(&client, &job.id, "signal").await;
    let paused = steer(&client, &job.id, "pause").await;
    assert_eq!(paused.status, 200);
    assert_eq!(paused.json::<Value>()["waiting_for"]["reason"], "paused");
    assert_eq!(
        steer(&client, &job.id, "pause").await.problem(),
        "already_paused"
    );

    let signal = format!("/v1/jobs/{}/signals/go", job.id);
    assert_eq!(client.post(&signal, &json!(null)).await.status, 202);
    // Another job passes through the same crew while this one stands.
    let other = client.submit("drill.signal", json!({"name": "go"})).await;
    let path = format!("/v1/jobs/{}/signals/go", other.id);
    client.post(&path, &json!(null)).await;
    client.finished(&other.id).await;
    assert_eq!(client.show(&job.id).await.state, "waiting");

    let resumed = steer(&client, &job.id, "resume").await;
    assert_eq!(resumed.status, 200);
    assert!(resumed.json::<Value>().get("waiting_for").is_none());
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
    let names = names(&client, &job.id).await;
    let at = |name: &str| names.iter().position(|found| found == name).unwrap();
    assert!(at("job.paused") < at("signal.received"));
    assert!(at("signal.received") < at("job.resumed"));
    let ended = steer(&client, &job.id, "resume").await;
    assert_eq!(
        (ended.status.as_u16(), ended.problem().as_str()),
        (409, "job_ended")
    );
}

#[tokio::test]
async fn what_cannot_be_done_to_a_job_is_refused_with_its_own_code() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.endless().await;
    let none = "job_00000000000000000000000000000000";
    for (job, verb, status, code) in [
        (job.id.as_str(), "resume", 409, "not_paused"),
        (&job.id, "retry", 409, "nothing_to_retry"),
        (none, "pause", 404, "job_not_found"),
        (none, "resume", 404, "job_not_found"),
        (none, "retry", 404, "job_not_found"),
        ("nonsense", "pause", 400, "invalid_job_id"),
    ] {
        let refused = steer(&client, job, verb).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (status, code.to_owned()), "{verb} {job}");
    }
    client.cancel(&job.id).await;
}

#[tokio::test]
async fn on_exhausted_is_fail_or_pause() {
    let app = TestApp::start().await;
    let client = app.client();
    let body = |on_exhausted: &str| json!({"kind": "drill.fanout", "input": {"tasks": 1}, "on_exhausted": on_exhausted});
    for policy in ["fail", "pause"] {
        let accepted = client.post("/v1/jobs", &body(policy)).await;
        assert_eq!(accepted.status, 202);
        let id = accepted.json::<Value>()["id"].as_str().unwrap().to_owned();
        assert_eq!(client.finished(&id).await.state, "succeeded");
    }
    let refused = client.post("/v1/jobs", &body("explode")).await;
    assert_eq!(refused.problem(), "invalid_body");
    assert_eq!(refused.json::<Value>()["field"], "on_exhausted");
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_job_that_has_used_up_its_attempts_waits_for_an_operator_and_a_retry_saves_it() {
    use crate::app::Setup;

    let app = TestApp::start_alone(Setup {
        restarts_expected: true,
        ..Setup::default()
    })
    .await;
    let client = app.client();
    client.failpoint("perform::drill.runner", "panic").await;
    let body = json!({
        "kind": "drill.fanout", "input": {"tasks": 1}, "on_exhausted": "pause",
    });
    let job: Value = client.post("/v1/jobs", &body).await.json();
    let id = job["id"].as_str().unwrap();
    let waiting = waits_for(&client, id, "operator").await;
    assert_eq!(waiting["waiting_for"]["task"], 1);
    let tasks = client.get_json(&format!("/v1/jobs/{id}/tasks")).await;
    assert_eq!(tasks["items"][1]["error"]["code"], "poisoned");

    client.failpoint("perform::drill.runner", "off").await;
    let retried = steer(&client, id, "retry").await;
    assert_eq!(retried.status, 200);
    assert!(retried.json::<Value>().get("waiting_for").is_none());
    let ended = client.finished(id).await;
    assert_eq!(ended.state, "succeeded", "{:?}", ended.error);
    assert_eq!(ended.result, Some(json!({"tasks": 1, "sum": 1})));
}
