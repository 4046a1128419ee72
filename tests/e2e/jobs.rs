//! Submitting, reading, listing and cancelling.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    client::{Job, answer},
    eventually::eventually,
    socket::seqs,
};

#[tokio::test]
async fn a_submitted_job_can_be_followed_to_its_result() {
    let app = TestApp::start().await;
    let client = app.client();
    let body = json!({
        "kind": "drill.fanout", "input": {"tasks": 4}, "priority": 7, "labels": {"team": "desk"},
        "deadline": "2099-01-01T00:00:00Z"
    });
    let accepted = client.post("/v1/jobs", &body).await;
    assert_eq!(accepted.status, 202);
    let job: Job = accepted.json();
    assert_eq!(
        accepted.header("location"),
        Some(format!("/v1/jobs/{}", job.id).as_str())
    );
    assert_eq!(
        (job.kind.as_str(), job.priority, job.tenant.as_str()),
        ("drill.fanout", 7, "default")
    );
    assert_eq!(job.labels, json!({"team": "desk"}));
    assert!(!job.is_final());

    let done = client.finished(&job.id).await;
    assert_eq!(done.state, "succeeded");
    assert_eq!(done.input, Some(json!({"tasks": 4})));
    assert_eq!(done.result, Some(json!({"tasks": 4, "sum": 10})));
    assert_eq!(done.progress.done, done.progress.total);
    assert!(done.created_at <= done.started_at.unwrap() && done.finished_at.is_some());
}

#[tokio::test]
async fn the_tasks_of_a_job_name_their_roles_and_states() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.endless().await;
    let path = format!("/v1/jobs/{}/tasks", job.id);
    let running = eventually("a task is in hand", || async {
        let tasks = client.get_json(&path).await;
        let runner = tasks["items"]
            .as_array()?
            .iter()
            .find(|task| task["role"] == "drill.runner")?
            .clone();
        (runner["state"] == "running").then_some(runner)
    });
    let runner = running.await;
    assert_eq!(
        (&runner["stage"], &runner["attempt"]),
        (&json!("execute"), &json!(1))
    );
    assert!(runner["worker"].is_u64());

    assert_eq!(client.cancel(&job.id).await.status, 200);
    let tasks = client.get_json(&path).await;
    let states: Vec<&str> = tasks["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["succeeded", "cancelled", "skipped"]);
}

#[tokio::test]
async fn events_are_read_in_pages_without_loss_or_repetition() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.fanout(20).await;
    client.finished(&job.id).await;
    let events = client.events(&job.id, 7).await;
    let expected: Vec<u64> = (1..=events.len() as u64).collect();
    assert_eq!(seqs(&events), expected);
    assert_eq!(events.first().unwrap()["type"], "job.submitted");
    assert_eq!(events.last().unwrap()["type"], "job.succeeded");
    assert!(
        events
            .iter()
            .all(|event| event["job"] == job.id.as_str() && event["at"].is_string())
    );
    assert_eq!(client.events(&job.id, 1_000).await, events);
}

#[tokio::test]
async fn the_list_is_newest_first_and_its_cursor_visits_every_job_once() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut submitted = Vec::new();
    for tasks in 1..=7 {
        submitted.push(client.fanout(tasks).await.id);
    }
    for id in &submitted {
        client.finished(id).await;
    }
    submitted.reverse();

    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get_json(&format!("/v1/jobs?limit=3{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        assert!(
            items
                .iter()
                .all(|item| item.get("input").is_none() && item.get("result").is_none())
        );
        listed.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, submitted);
}

#[tokio::test]
async fn the_list_can_be_narrowed_by_state_and_kind() {
    let app = TestApp::start().await;
    let client = app.client();
    let done = client.fanout(1).await.id;
    client.finished(&done).await;
    let cancelled = client.endless().await.id;
    assert_eq!(client.cancel(&cancelled).await.status, 200);

    for (query, expected) in [
        ("state=succeeded", vec![&done]),
        ("state=cancelled", vec![&cancelled]),
        ("state=running", vec![]),
        ("kind=drill.fanout", vec![&cancelled, &done]),
        ("kind=market.compare", vec![]),
        ("kind=drill.fanout&state=succeeded", vec![&done]),
    ] {
        let page = client.get_json(&format!("/v1/jobs?{query}")).await;
        let ids: Vec<&str> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
}

#[tokio::test]
async fn a_cancel_answers_with_a_receipt_and_only_once() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.endless().await;
    let receipt = client.cancel(&job.id).await;
    assert_eq!(receipt.status, 200);
    let receipt: Value = receipt.json();
    assert_eq!(receipt["job"], job.id.as_str());
    assert!(receipt["stopped"].as_u64().unwrap() >= 1, "{receipt}");
    assert_eq!(client.show(&job.id).await.state, "cancelled");
    let last = client.events(&job.id, 100).await.pop().unwrap();
    assert_eq!(
        (&last["type"], &last["data"]["reason"]),
        (&json!("job.cancelled"), &json!("the test is over"))
    );

    let again = client.cancel(&job.id).await;
    assert_eq!(
        (again.status.as_u16(), again.problem().as_str()),
        (409, "job_ended")
    );
}

#[tokio::test]
async fn a_cancel_needs_no_body() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.endless().await;
    let receipt =
        answer(client.request(Method::POST, &format!("/v1/jobs/{}/cancel", job.id))).await;
    assert_eq!(receipt.status, 200);
}

#[tokio::test]
async fn a_full_house_asks_to_come_again() {
    let mut setup = Setup::default();
    setup.config.coordinator.live_jobs_max = 1.try_into().unwrap();
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let job = client.endless().await;
    let refused = client
        .post(
            "/v1/jobs",
            &json!({"kind": "drill.fanout", "input": {"tasks": 1}}),
        )
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (429, "overloaded")
    );
    assert_eq!(client.cancel(&job.id).await.status, 200);
    eventually("there is room again", || async {
        let answer = client
            .post(
                "/v1/jobs",
                &json!({"kind": "drill.fanout", "input": {"tasks": 1}}),
            )
            .await;
        if answer.status != 202 {
            return None;
        }
        Some(client.finished(&answer.json::<Job>().id).await)
    })
    .await;
}

#[tokio::test]
async fn every_kind_shows_a_schema_and_examples_it_accepts() {
    let app = TestApp::start().await;
    let client = app.client();
    let kinds = client.get_json("/v1/kinds").await;
    let names: HashSet<&str> = kinds["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["name"].as_str().unwrap())
        .collect();
    assert!(
        names.is_superset(&HashSet::from(["drill.fanout", "market.compare"])),
        "{names:?}"
    );
    for name in names {
        let kind = client.get_json(&format!("/v1/kinds/{name}")).await;
        assert!(
            kind["schema"].is_object() && kind["summary"].is_string(),
            "{kind}"
        );
        for example in kind["examples"].as_array().unwrap() {
            let job = client.submit(name, example.clone()).await;
            let state = client.settled(&job.id).await.state;
            if state == "waiting" {
                client.cancel(&job.id).await;
            } else {
                assert_eq!(state, "succeeded", "{name} {example}");
            }
        }
    }
    let unknown = client.get("/v1/kinds/market.compar").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.problem().as_str()),
        (404, "kind_not_found")
    );
    assert!(
        unknown.json::<Value>()["detail"]
            .as_str()
            .unwrap()
            .contains("market.compare")
    );
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_minted() {
    let app = TestApp::start().await;
    let client = app.client();
    let given = answer(
        client
            .request(Method::GET, "/v1/kinds")
            .header("x-request-id", "abc-123"),
    )
    .await;
    assert_eq!(given.header("x-request-id"), Some("abc-123"));
    let long = "x".repeat(129);
    let minted = answer(
        client
            .request(Method::GET, "/v1/kinds")
            .header("x-request-id", &long),
    )
    .await;
    assert!(
        minted
            .header("x-request-id")
            .is_some_and(|id| id.len() == 32)
    );
}

#[tokio::test]
async fn a_job_remembers_the_request_that_brought_it() {
    let app = TestApp::start().await;
    let client = app.client();
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let accepted = client.post("/v1/jobs", &body).await;
    let job: Job = accepted.json();
    let events = client.events(&job.id, 1).await;
    let request_id = events[0]["data"]["request_id"].as_str();
    assert!(request_id.is_some(), "{events:?}");
    assert_eq!(request_id, accepted.header("x-request-id"));
    client.finished(&job.id).await;
}
