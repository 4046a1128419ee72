//! Many submissions in one request.

use std::num::NonZeroUsize;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client, answer},
};

const PATH: &str = "/v1/jobs/batch";

fn fanout(tasks: u32) -> Value {
    json!({"kind": "drill.fanout", "input": {"tasks": tasks}})
}

async fn submit(client: &Client, key: &str, jobs: &[Value]) -> Answer {
    let request = client.request(Method::POST, PATH);
    let request = request.header("idempotency-key", key);
    answer(request.json(&json!({"jobs": jobs}))).await
}

fn results(answer: &Answer) -> Vec<Value> {
    answer.json::<Value>()["results"]
        .as_array()
        .unwrap()
        .clone()
}

/// Status and id of each result.
fn told(answer: &Answer) -> Vec<(u64, Option<String>)> {
    let told = results(answer).into_iter().map(|result| {
        let id = result["job"]["id"].as_str().map(str::to_owned);
        (result["status"].as_u64().unwrap(), id)
    });
    told.collect()
}

async fn count(client: &Client) -> usize {
    let jobs = client.get_json("/v1/jobs?limit=200").await;
    jobs["items"].as_array().unwrap().len()
}

async fn all_succeed(client: &Client, answer: &Answer) {
    for (_, id) in told(answer) {
        if let Some(id) = id {
            assert_eq!(client.finished(&id).await.state, "succeeded");
        }
    }
}

#[tokio::test]
async fn each_job_of_a_batch_is_accepted_or_refused_by_itself_in_order() {
    let mut setup = Setup::default();
    setup.limits.body_bytes_max = 1_000;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let mut labelled = fanout(1);
    labelled["labels"] = json!({"team": "a"});
    labelled["priority"] = json!(9);
    let long = json!({"kind": "drill.fanout", "input": {"tasks": 1, "x": "y".repeat(1_000)}});
    let jobs = json!([
        fanout(1),
        {"kind": "drill.fanuot", "input": {}},
        7,
        fanout(0),
        labelled,
        long,
        {"kind": "drill.fanout", "input": []},
        fanout(2),
    ]);
    let taken = client.post(PATH, &json!({"jobs": jobs})).await;
    assert_eq!(taken.status, 207);
    let results = results(&taken);
    let expected = [
        (202, ""),
        (422, "unknown_kind"),
        (422, "invalid_body"),
        (422, "out_of_range"),
        (202, ""),
        (413, "body_too_large"),
        (422, "invalid_input"),
        (202, ""),
    ];
    assert_eq!(results.len(), expected.len());
    for (result, (status, code)) in results.iter().zip(expected) {
        assert_eq!(result["status"], status, "{result}");
        if code.is_empty() {
            assert!(result.get("error").is_none() && result.get("replayed").is_none());
            continue;
        }
        let error = &result["error"];
        assert_eq!(
            (&error["code"], &error["status"]),
            (&json!(code), &json!(status))
        );
        assert_eq!(error["request_id"].as_str(), taken.header("x-request-id"));
        assert!(result.get("job").is_none());
    }
    assert_eq!(results[3]["error"]["field"], "tasks");
    assert_eq!(results[4]["job"]["labels"], json!({"team": "a"}));
    assert_eq!(results[4]["job"]["priority"], 9);
    all_succeed(&client, &taken).await;
    assert_eq!(count(&client).await, 3);
}

#[tokio::test]
async fn a_thousand_jobs_fit_in_one_batch_and_not_one_more() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut jobs = vec![fanout(1); 1_000];
    let taken = client.post(PATH, &json!({"jobs": jobs})).await;
    assert_eq!(taken.status, 200);
    let ids: std::collections::HashSet<_> = told(&taken).into_iter().collect();
    assert_eq!(ids.len(), 1_000);
    all_succeed(&client, &taken).await;
    jobs.push(fanout(1));
    let refused = client.post(PATH, &json!({"jobs": jobs})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (400, "invalid_batch")
    );
}

#[tokio::test]
async fn what_is_no_batch_is_refused_whole() {
    let mut setup = Setup::default();
    setup.limits.batch_bytes_max = 2_000;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"jobs": 1}"#,
        r#"{"jobs": [], "x": 1}"#,
    ] {
        let request = client.request(Method::POST, PATH).body(body);
        let refused = answer(request.header("content-type", "application/json")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (400, "invalid_batch"),
            "{body}"
        );
    }
    let large = client
        .post(PATH, &json!({"jobs": ["x".repeat(2_000)]}))
        .await;
    assert_eq!(large.status, 413);
    let text = client.request(Method::POST, PATH).body("{\"jobs\":[]}");
    assert_eq!(answer(text).await.status, 415);
    let empty = client.post(PATH, &json!({"jobs": []})).await;
    assert_eq!(
        (empty.status.as_u16(), empty.json::<Value>()),
        (200, json!({"results": []}))
    );
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn one_key_stands_for_a_whole_batch() {
    let app = TestApp::start().await;
    let client = app.client();
    // The first of the batch cannot hold the key.
    let jobs = [fanout(0), fanout(2), fanout(3), fanout(4)];
    let first = submit(&client, "batch-1", &jobs).await;
    assert_eq!(
        (first.status.as_u16(), first.header("idempotent-replayed")),
        (207, None)
    );
    let again = submit(&client, "batch-1", &jobs).await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotent-replayed")),
        (207, Some("true"))
    );
    assert_eq!(told(&again), told(&first));
    assert!(
        results(&again)[1..]
            .iter()
            .all(|job| job["replayed"] == true)
    );

    let mended = [fanout(1), fanout(2), fanout(3), fanout(4)];
    let longer = [&jobs[..], &[fanout(5)]].concat();
    for other in [&mended[..], &longer, &jobs[..1], &jobs[1..], &[]] {
        let refused = submit(&client, "batch-1", other).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (422, "idempotency_mismatch"),
            "{other:?}"
        );
    }
    all_succeed(&client, &first).await;
    assert_eq!(count(&client).await, 3);
}

#[tokio::test]
async fn a_key_of_a_batch_and_the_same_key_of_a_job_are_two() {
    let app = TestApp::start().await;
    let client = app.client();
    let batch = submit(&client, "key", &[fanout(1)]).await;
    let single = answer(
        client
            .request(Method::POST, "/v1/jobs")
            .header("idempotency-key", "key")
            .json(&fanout(1)),
    )
    .await;
    assert_eq!((batch.status.as_u16(), single.status.as_u16()), (200, 202));
    let id = single.json::<Value>()["id"].as_str().unwrap().to_owned();
    assert_ne!(told(&batch)[0].1.as_deref(), Some(id.as_str()));
    all_succeed(&client, &batch).await;
    client.finished(&id).await;
}

#[tokio::test]
async fn ten_batches_at_once_under_one_key_make_each_job_once() {
    let app = TestApp::start().await;
    let client = app.client();
    let jobs: Vec<Value> = (1..=20).map(fanout).collect();
    let answers = join_all((0..10).map(|_| submit(&client, "batch-2", &jobs))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(
        answers
            .iter()
            .all(|answer| told(answer) == told(&answers[0]))
    );
    all_succeed(&client, &answers[0]).await;
    assert_eq!(count(&client).await, 20);
}

#[tokio::test]
async fn a_full_house_refuses_the_rest_of_a_batch_and_the_whole_of_one_under_a_key() {
    let mut setup = Setup::default();
    setup.config.coordinator.live_jobs_max = NonZeroUsize::new(2).unwrap();
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let endless = json!({"kind": "drill.fanout", "input": {"tasks": 1, "wait_ms": 60_000}});
    let jobs = vec![endless; 3];
    let taken = client.post(PATH, &json!({"jobs": jobs})).await;
    assert_eq!(taken.status, 207);
    let mut statuses: Vec<u64> = told(&taken).iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 202, 429]);
    let refused = results(&taken)
        .into_iter()
        .find(|result| result["status"] == 429)
        .unwrap();
    assert_eq!(refused["error"]["code"], "overloaded");
    assert_eq!(refused["error"]["retry_after_s"], 1);

    let whole = submit(&client, "batch-3", &jobs).await;
    assert_eq!(
        (whole.status.as_u16(), whole.problem().as_str()),
        (429, "overloaded")
    );
    for (_, id) in told(&taken) {
        if let Some(id) = id {
            assert_eq!(client.cancel(&id).await.status, 200);
        }
    }
    // Nothing was accepted under the key, so another body may have it.
    let free = crate::eventually::eventually("there is room", || async {
        Some(submit(&client, "batch-3", &[fanout(1)]).await).filter(|answer| answer.status == 200)
    });
    all_succeed(&client, &free.await).await;
}
