//! Jobs that ask a person, and the answers.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    client::{Answer, Client},
    eventually::eventually,
};

async fn ask(client: &Client, input: Value) -> String {
    client.submit("drill.approval", input).await.id
}

/// The approval that a job waits for.
async fn asked(client: &Client, job: &str) -> Value {
    eventually("the job asks", || async {
        let shown = client.get_json(&format!("/v1/jobs/{job}")).await;
        let approval = shown["waiting_for"]["approval"].as_str()?;
        Some(client.get_json(&format!("/v1/approvals/{approval}")).await)
    })
    .await
}

async fn decide(client: &Client, approval: &Value, verb: &str, body: Value) -> Answer {
    let id = approval["id"].as_str().unwrap();
    client
        .post(&format!("/v1/approvals/{id}/{verb}"), &body)
        .await
}

#[tokio::test]
async fn an_approved_task_goes_on_and_the_answer_is_kept() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = ask(&client, json!({"why": "Send the letter?"})).await;
    let pending = asked(&client, &job).await;
    assert_eq!(pending["state"], "pending");
    assert_eq!(pending["job"], job.as_str());
    assert_eq!(pending["why"], "Send the letter?");
    assert_eq!(pending["task"]["role"], "drill.asker");
    assert!(pending.get("decided_at").is_none());
    let shown = client.get_json(&format!("/v1/jobs/{job}")).await;
    assert_eq!(shown["state"], "waiting");
    assert_eq!(shown["waiting_for"]["reason"], "approval");
    assert_eq!(shown["waiting_for"]["until"], pending["expires_at"]);

    let remark = json!({"reason": "it is a good letter"});
    let approved = decide(&client, &pending, "approve", remark).await;
    assert_eq!(approved.status, 200);
    let approved: Value = approved.json();
    assert_eq!(approved["state"], "approved");
    assert_eq!(approved["decided_by"], "anonymous");
    assert_eq!(approved["reason"], "it is a good letter");
    assert!(approved["decided_at"].is_string());
    assert_eq!(client.finished(&job).await.state, "succeeded");
    let path = format!("/v1/approvals/{}", approved["id"].as_str().unwrap());
    assert_eq!(client.get_json(&path).await, approved);
}

#[tokio::test]
async fn a_rejected_task_fails_its_job_in_the_words_of_who_rejected() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = ask(&client, json!({"why": "Send it?"})).await;
    let pending = asked(&client, &job).await;
    let rejected = decide(&client, &pending, "reject", json!({"reason": "not today"})).await;
    assert_eq!(rejected.json::<Value>()["state"], "rejected");
    assert_eq!(rejected.json::<Value>()["decided_by"], "anonymous");
    let failed = client.finished(&job).await;
    assert_eq!(failed.state, "failed");
    let error = failed.error.unwrap();
    assert_eq!(error["code"], "refused");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("anonymous: not today"), "{message}");
}

#[tokio::test]
async fn an_approval_is_decided_once_however_many_try() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = ask(&client, json!({"why": "Go?"})).await;
    let pending = asked(&client, &job).await;
    let answers = join_all((0..10).map(|index| {
        let reason = json!({"reason": format!("person {index}")});
        let verb = if index % 2 == 0 { "approve" } else { "reject" };
        decide(&client, &pending, verb, reason)
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    let [won] = won[..] else {
        panic!("one decision is taken, not {}", won.len())
    };
    let won: Value = won.json();
    for late in &lost {
        assert_eq!(
            (late.status.as_u16(), late.problem().as_str()),
            (409, "already_decided")
        );
        assert_eq!(late.json::<Value>()["current"], won);
    }
    let ended = client.finished(&job).await.state;
    let expected = match won["state"].as_str() {
        Some("approved") => "succeeded",
        _ => "failed",
    };
    assert_eq!(ended, expected);
}

#[tokio::test]
async fn nobody_in_time_is_an_answer_and_the_end_of_a_job_withdraws_its_question() {
    let app = TestApp::start().await;
    let client = app.client();
    let hasty = ask(&client, json!({"why": "Now?", "within_ms": 200})).await;
    let patient = ask(&client, json!({"why": "Some day?"})).await;
    let question = asked(&client, &patient).await;
    let unanswered = client.finished(&hasty).await;
    assert_eq!(unanswered.error.unwrap()["code"], "unanswered");
    let expired = client.get_json(&format!("/v1/approvals?job={hasty}")).await;
    assert_eq!(expired["items"][0]["state"], "expired");

    client.cancel(&patient).await;
    let late = decide(&client, &question, "approve", json!({})).await;
    assert_eq!(late.problem(), "already_decided");
    assert_eq!(late.json::<Value>()["current"]["state"], "withdrawn");
}

#[tokio::test]
async fn approvals_are_listed_newest_first_by_state_and_job_page_by_page() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut jobs = Vec::new();
    for index in 0..5 {
        let job = ask(&client, json!({"why": format!("question {index}")})).await;
        asked(&client, &job).await;
        jobs.push(job);
    }
    let first = asked(&client, &jobs[0]).await;
    decide(&client, &first, "approve", json!({})).await;

    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/approvals?state=pending&limit=2{cursor}");
        let page = client.get_json(&path).await;
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty() && items.len() <= 2);
        listed.extend(items.iter().map(|item| item["why"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        listed,
        ["question 4", "question 3", "question 2", "question 1"]
    );
    let of_first = client
        .get_json(&format!("/v1/approvals?job={}", jobs[0]))
        .await;
    assert_eq!(of_first["items"].as_array().unwrap().len(), 1);
    assert_eq!(of_first["items"][0]["state"], "approved");
    for job in &jobs[1..] {
        client.cancel(job).await;
    }
    client.finished(&jobs[0]).await;
}

#[tokio::test]
async fn a_wrong_word_on_an_approval_is_refused_with_its_own_code() {
    let app = TestApp::start().await;
    let client = app.client();
    let none = "/v1/approvals/apr_00000000000000000000000000000000";
    for (path, status, code) in [
        ("/v1/approvals/nonsense", 400, "invalid_approval_id"),
        (none, 404, "approval_not_found"),
        ("/v1/approvals?state=open", 400, "invalid_query"),
        ("/v1/approvals?job=nonsense", 400, "invalid_query"),
        ("/v1/approvals?cursor=nonsense", 400, "invalid_cursor"),
        ("/v1/approvals?limit=0", 400, "invalid_query"),
    ] {
        let refused = client.get(path).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (status, code.to_owned()), "{path}");
    }
    for (path, body, status, code) in [
        (
            format!("{none}/approve"),
            json!({}),
            404,
            "approval_not_found",
        ),
        (
            format!("{none}/reject"),
            json!({"why": "x"}),
            422,
            "invalid_body",
        ),
        (
            format!("{none}/reject"),
            json!({"reason": "x".repeat(1_001)}),
            422,
            "invalid_body",
        ),
        (
            format!("{none}/approve"),
            json!({"by": "kim"}),
            422,
            "invalid_body",
        ),
    ] {
        let refused = client.post(&path, &body).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (status, code.to_owned()), "{path} {body}");
    }
}
