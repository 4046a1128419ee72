//! The effect ledger, and outcomes that only a person can find out.

use std::time::Duration;

use callboard::config::RoleConfig;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client},
    eventually::eventually,
};

/// A server whose `drill.once` tasks time out, and the folder of its ledgers.
async fn hasty() -> (TestApp, TempDir) {
    let ledgers = tempfile::tempdir().unwrap();
    let mut setup = Setup::default();
    setup.config.drill.ledger_dir = ledgers.path().to_owned();
    let role = RoleConfig {
        timeout: Some(Duration::from_millis(200)),
        ..RoleConfig::default()
    };
    setup.config.roles.insert("drill.once".to_owned(), role);
    (TestApp::start_with(setup).await, ledgers)
}

async fn act(client: &Client, ledgers: &TempDir, more: Value) -> String {
    let mut input = json!({"ledger": ledgers.path().join("ledger"), "tasks": 1});
    for (key, value) in more.as_object().unwrap() {
        input[key] = value.clone();
    }
    client.submit("drill.effects", input).await.id
}

/// The effect whose outcome a job waits for.
async fn lost(client: &Client, job: &str) -> Value {
    eventually("the outcome is unknown", || async {
        let shown = client.get_json(&format!("/v1/jobs/{job}")).await;
        let effect = shown["waiting_for"]["effect"].as_str()?;
        Some(client.get_json(&format!("/v1/effects/{effect}")).await)
    })
    .await
}

async fn resolve(client: &Client, effect: &Value, body: Value) -> Answer {
    let id = effect["id"].as_str().unwrap();
    client
        .post(&format!("/v1/effects/{id}/resolve"), &body)
        .await
}

fn lines(ledgers: &TempDir) -> usize {
    let text = std::fs::read_to_string(ledgers.path().join("ledger"));
    text.map_or(0, |text| text.lines().count())
}

#[tokio::test]
async fn an_effect_that_must_not_be_repeated_waits_for_a_person_when_its_outcome_is_lost() {
    let (app, ledgers) = hasty().await;
    let client = app.client();
    // The line is written before the time is up, and the answer would come after.
    let job = act(&client, &ledgers, json!({"once": 1, "work_ms": 300})).await;
    let unknown = lost(&client, &job).await;
    assert_eq!(unknown["state"], "unknown");
    assert_eq!(unknown["class"], "once");
    assert_eq!(unknown["job"], job.as_str());
    assert_eq!(unknown["task"]["role"], "drill.once");
    assert!(unknown["reason"].is_string() && unknown["ended_at"].is_string());
    let shown = client.get_json(&format!("/v1/jobs/{job}")).await;
    assert_eq!(shown["waiting_for"]["reason"], "unknown_outcome");
    let listed = client.get_json("/v1/effects?state=unknown").await;
    assert_eq!(listed["items"], json!([unknown]));

    let found_out = json!({
        "outcome": "succeeded", "product": {"number": 1, "payload": ""},
        "reason": "the line is there",
    });
    let resolved = resolve(&client, &unknown, found_out.clone()).await;
    assert_eq!(resolved.status, 200);
    let resolved: Value = resolved.json();
    assert_eq!(resolved["state"], "resolved");
    assert_eq!(resolved["resolved_by"], "anonymous");
    assert_eq!(resolved["reason"], "the line is there");
    let ended = client.finished(&job).await;
    assert_eq!(ended.state, "succeeded", "{:?}", ended.error);
    assert_eq!(lines(&ledgers), 1);

    let again = resolve(&client, &unknown, found_out).await;
    assert_eq!(
        (again.status.as_u16(), again.problem().as_str()),
        (409, "not_unknown")
    );
    assert_eq!(again.json::<Value>()["current"], resolved);
    let listed = client.get_json("/v1/effects?state=unknown").await;
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_lost_effect_is_run_again_or_failed_as_the_person_says() {
    let (app, ledgers) = hasty().await;
    let client = app.client();
    let job = act(&client, &ledgers, json!({"once": 1, "work_ms": 5_000})).await;
    let first = lost(&client, &job).await;
    let again = resolve(&client, &first, json!({"outcome": "again"})).await;
    assert_eq!(again.status, 200);
    let second = eventually("it is lost once more", || async {
        let effect = lost(&client, &job).await;
        (effect["id"] != first["id"]).then_some(effect)
    })
    .await;
    assert_eq!(second["attempt"], 2);
    assert_eq!(second["key"], first["key"]);
    let failed = json!({"outcome": "failed", "reason": "the bank said no"});
    assert_eq!(resolve(&client, &second, failed).await.status, 200);
    let ended = client.finished(&job).await;
    assert_eq!(ended.state, "failed");
    let message = ended.error.unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the bank said no"), "{message}");
    let of_job = client.get_json(&format!("/v1/effects?job={job}")).await;
    let ids: Vec<&Value> = of_job["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|effect| &effect["id"])
        .collect();
    assert_eq!(ids, [&second["id"], &first["id"]]);
    assert_eq!(lines(&ledgers), 0);
}

#[tokio::test]
async fn a_cancel_says_how_many_outcomes_it_left_unknown_and_these_can_still_be_resolved() {
    let ledgers = tempfile::tempdir().unwrap();
    let mut setup = Setup::default();
    setup.config.drill.ledger_dir = ledgers.path().to_owned();
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let job = act(&client, &ledgers, json!({"once": 1, "work_ms": 60_000})).await;
    let path = format!("/v1/effects?job={job}&state=intended");
    let intended = eventually("the effect is under way", || async {
        let page = client.get_json(&path).await;
        page["items"].get(0).cloned()
    })
    .await;
    let early = resolve(&client, &intended, json!({"outcome": "again"})).await;
    assert_eq!(early.problem(), "not_unknown");
    assert_eq!(early.json::<Value>()["current"]["state"], "intended");

    let receipt: Value = client.cancel(&job).await.json();
    assert_eq!(receipt["unknown_outcome"], 1);
    let id = intended["id"].as_str().unwrap();
    let unknown = client.get_json(&format!("/v1/effects/{id}")).await;
    assert_eq!(unknown["state"], "unknown");
    let resolved = resolve(&client, &unknown, json!({"outcome": "failed"})).await;
    assert_eq!(resolved.json::<Value>()["state"], "resolved");
    assert_eq!(client.show(&job).await.state, "cancelled");
}

#[tokio::test]
async fn a_wrong_resolution_is_refused_with_its_own_code() {
    let app = TestApp::start().await;
    let client = app.client();
    let none = "/v1/effects/eff_00000000000000000000000000000000";
    for (path, status, code) in [
        ("/v1/effects/nonsense", 400, "invalid_effect_id"),
        (none, 404, "effect_not_found"),
        ("/v1/effects?state=lost", 400, "invalid_query"),
    ] {
        let refused = client.get(path).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (status, code.to_owned()), "{path}");
    }
    for (body, status, code, field) in [
        (json!({}), 422, "invalid_body", None),
        (
            json!({"outcome": "perhaps"}),
            422,
            "invalid_body",
            Some("outcome"),
        ),
        (
            json!({"outcome": "again", "product": 1}),
            422,
            "invalid_body",
            Some("product"),
        ),
        (json!({"outcome": "again"}), 404, "effect_not_found", None),
    ] {
        let refused = client.post(&format!("{none}/resolve"), &body).await;
        let told = (refused.status.as_u16(), refused.problem());
        assert_eq!(told, (status, code.to_owned()), "{body}");
        assert_eq!(refused.json::<Value>()["field"].as_str(), field, "{body}");
    }
}
