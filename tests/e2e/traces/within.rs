//! A trace from a request to the attempts of its job.

use std::collections::BTreeSet;

use super::{
    CALLER, KIND_INTERNAL, KIND_SERVER, TRACE, collector::Collector, fanout, submit, traced,
    traceparent,
};
use crate::{app::TestApp, eventually::eventually};

#[tokio::test]
async fn a_request_its_job_and_its_attempts_are_one_trace_below_their_caller() {
    let collector = Collector::start().await;
    let mut setup = traced(&collector);
    setup.config.telemetry.service_name = "board-of-a-test".to_owned();
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let job = submit(&client, &traceparent(true), &fanout(3)).await;
    client.finished(&job.id).await;
    let all = collector
        .until(
            "a request, a job, a plan, three runs and a collection",
            |spans| spans.iter().filter(|span| span.trace == TRACE).count() >= 7,
        )
        .await;
    let spans: Vec<_> = all.iter().filter(|span| span.trace == TRACE).collect();
    assert_eq!(spans.len(), 7, "{spans:#?}");
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.id).collect();
    assert_eq!(ids.len(), 7);

    let request = spans.iter().find(|span| span.kind == KIND_SERVER).unwrap();
    assert_eq!(
        (&*request.name, &*request.parent),
        ("POST /v1/jobs", CALLER)
    );
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/jobs"),
        ("url.path", "/v1/jobs"),
        ("url.scheme", "http"),
        ("http.response.status_code", "202"),
        ("network.protocol.version", "1.1"),
    ] {
        assert_eq!(request.get(key), value, "{key}");
    }
    assert!(!request.get("callboard.request.id").is_empty());
    // Recorded, and of a parent elsewhere.
    assert_eq!(request.flags, 0x301);
    assert_eq!(request.resource["service.name"], "board-of-a-test");
    assert_eq!(
        request.resource["service.version"],
        env!("CARGO_PKG_VERSION")
    );
    assert!(!request.resource["service.instance.id"].is_empty());

    let of_job = spans.iter().find(|span| span.is_of_job(&job.id)).unwrap();
    assert_eq!(
        (&*of_job.name, of_job.kind, &*of_job.parent),
        ("job drill.fanout", KIND_INTERNAL, &*request.id)
    );
    assert_eq!(of_job.get("callboard.job.outcome"), "succeeded");
    assert_eq!(of_job.get("callboard.tenant"), "default");
    assert_eq!((of_job.is_error, of_job.flags), (false, 0x101));

    let attempts: Vec<_> = spans.iter().filter(|span| span.is_attempt()).collect();
    let mut roles: Vec<_> = attempts
        .iter()
        .map(|span| {
            (
                span.get("gen_ai.agent.name"),
                span.get("callboard.task.name"),
            )
        })
        .collect();
    roles.sort_unstable();
    assert_eq!(
        roles,
        [
            ("drill.collector", "collect"),
            ("drill.planner", "plan"),
            ("drill.runner", "run:1"),
            ("drill.runner", "run:2"),
            ("drill.runner", "run:3"),
        ]
    );
    for attempt in attempts {
        assert_eq!(attempt.parent, of_job.id);
        assert_eq!(attempt.kind, KIND_INTERNAL);
        let role = attempt.get("gen_ai.agent.name");
        assert_eq!(attempt.name, format!("invoke_agent {role}"));
        for (key, value) in [
            ("gen_ai.operation.name", "invoke_agent"),
            ("callboard.job.id", &job.id),
            ("callboard.job.kind", "drill.fanout"),
            ("callboard.task.attempt", "1"),
            ("callboard.task.outcome", "done"),
        ] {
            assert_eq!(attempt.get(key), value, "{key}");
        }
        let waited_ms: f64 = attempt.get("callboard.task.queue_wait_ms").parse().unwrap();
        assert!(waited_ms >= 0.0);
        assert!(!attempt.is_error && attempt.started <= attempt.ended);
        assert!(of_job.started <= attempt.started && attempt.ended <= of_job.ended);
    }
}

#[tokio::test]
async fn what_fails_or_is_withdrawn_is_an_error_by_its_name() {
    let collector = Collector::start().await;
    let app = TestApp::start_with(traced(&collector)).await;
    let client = app.client();
    let endless = client.endless().await;
    eventually("its task is in hand", || async {
        let tasks = client
            .get_json(&format!("/v1/jobs/{}/tasks", endless.id))
            .await;
        let tasks = tasks["items"].as_array().unwrap().clone();
        tasks
            .iter()
            .any(|task| task["name"] == "run:1" && task["state"] == "running")
            .then_some(())
    })
    .await;
    client.cancel(&endless.id).await;
    let spans = collector.until_job(&endless.id).await;
    let of_job = spans
        .iter()
        .find(|span| span.is_of_job(&endless.id))
        .unwrap();
    assert_eq!(of_job.get("callboard.job.outcome"), "cancelled");
    let run = spans
        .iter()
        .find(|span| span.is_attempt() && span.get("callboard.task.name") == "run:1")
        .unwrap();
    assert_eq!(
        (run.get("callboard.task.outcome"), run.get("error.type")),
        ("aborted", "aborted")
    );
    assert!(run.is_error && run.parent == of_job.id && run.started < run.ended);

    let missing = client
        .get("/v1/jobs/job_00000000000000000000000000000000")
        .await;
    assert_eq!(missing.status, 404);
    let id = missing.header("x-request-id").unwrap();
    let is_it = |span: &super::collector::Span| {
        span.attributes
            .get("callboard.request.id")
            .map(String::as_str)
            == Some(id)
    };
    let spans = collector
        .until("the span of the request", |spans| spans.iter().any(is_it))
        .await;
    let request = spans.into_iter().find(is_it).unwrap();
    // Of a server, only its own errors are errors.
    assert_eq!(
        (
            &*request.name,
            request.get("http.response.status_code"),
            request.is_error
        ),
        ("GET /v1/jobs/{id}", "404", false)
    );
    assert_eq!((&*request.parent, request.flags), ("", 0x101));
}

#[tokio::test]
async fn the_caller_decides_what_is_recorded_and_the_ratio_where_it_does_not() {
    let collector = Collector::start().await;
    let mut setup = traced(&collector);
    setup.config.telemetry.sample_ratio = 0.0;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let alone = client.fanout(1).await;
    let unsampled = submit(&client, &traceparent(false), &fanout(1)).await;
    for job in [&alone, &unsampled] {
        client.finished(&job.id).await;
    }
    let events = client.events(&unsampled.id, 1).await;
    let kept = events[0]["data"]["traceparent"].as_str().unwrap();
    assert!(
        kept.starts_with(&format!("00-{TRACE}-")) && kept.ends_with("-00"),
        "{kept}"
    );
    // One shard tells of ends in their order.
    let sampled = submit(&client, &traceparent(true), &fanout(1)).await;
    let spans = collector.until_job(&sampled.id).await;
    let others: Vec<_> = spans
        .iter()
        .filter(|span| match span.attributes.get("callboard.job.id") {
            Some(job) => *job != sampled.id,
            None => span.parent != CALLER,
        })
        .collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[tokio::test]
async fn nothing_is_kept_of_traces_where_nothing_is_traced() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = submit(&client, &traceparent(true), &fanout(1)).await;
    client.finished(&job.id).await;
    let events = client.events(&job.id, 100).await;
    assert_eq!(events[0]["type"], "job.submitted");
    assert_eq!(events[0]["data"].get("traceparent"), None, "{}", events[0]);
}
