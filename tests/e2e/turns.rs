//! What a server does that is asked for more than it can do.

use std::{num::NonZeroUsize, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::{
    app::{Setup, TestApp},
    client::{Job, answer},
    eventually::eventually,
};

/// One request at a time, and the others hardly wait.
fn one_turn() -> Setup {
    let mut setup = Setup::default();
    setup.config.server.turns_max = NonZeroUsize::MIN;
    setup.config.server.turn_wait_max = Duration::from_millis(20);
    setup
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_server_that_cannot_keep_up_refuses_what_waited_too_long_and_answers_probes() {
    let app = TestApp::start_alone(one_turn()).await;
    let client = app.client();
    client.failpoint("journal::before_commit", "pause").await;
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let submitted = client.request(Method::POST, "/v1/jobs").json(&body).send();
    let submitted = tokio::spawn(submitted);
    let refused = eventually("the submission has the only turn", || async {
        let listed = client.get("/v1/jobs").await;
        (listed.status != 200).then_some(listed)
    })
    .await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (503, "overloaded")
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    for path in ["/health/live", "/v1/supervision"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    let metrics = String::from_utf8(client.get("/metrics").await.body).unwrap();
    assert!(metrics.contains("\ncallboard_http_requests_shed_total "));

    client.failpoint("journal::before_commit", "off").await;
    assert_eq!(submitted.await.unwrap().unwrap().status(), 202);
    assert_eq!(client.get("/v1/jobs").await.status, 200);
}

#[tokio::test]
async fn a_request_that_waits_for_its_job_holds_nobody_up() {
    let app = TestApp::start_with(one_turn()).await;
    let client = app.client();
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1, "snooze_ms": 600_000}});
    let waiting = client
        .request(Method::POST, "/v1/jobs")
        .header("prefer", "wait=60")
        .json(&body);
    let waiting = tokio::spawn(answer(waiting));
    let job = eventually("the job is there", || async {
        let listed = client.get("/v1/jobs").await;
        let page: serde_json::Value = (listed.status == 200).then(|| listed.json())?;
        page["items"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let path = format!("/v1/jobs/{job}");
    for _ in 0..10 {
        assert_eq!(client.get(&path).await.status, 200);
    }
    assert!(!waiting.is_finished());
    let cancelled = client.post(&format!("{path}/cancel"), &json!({})).await;
    assert!(cancelled.status.is_success(), "{cancelled:?}");
    let ended: Job = waiting.await.unwrap().json();
    assert_eq!(ended.state, "cancelled");
}
