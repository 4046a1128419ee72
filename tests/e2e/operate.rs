//! Stepping in at a crew.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client, Job, answer},
    eventually::eventually,
    socket::Watcher,
};

const RUNNER: &str = "drill.runner";
const WHY: &str = "the provider is down";

async fn step_in(client: &Client, verb: &str) -> Answer {
    let path = format!("/v1/supervision/roles/{RUNNER}/{verb}");
    client.post(&path, &json!({"reason": WHY})).await
}

async fn drain(client: &Client, seconds: u32) -> Answer {
    let path = format!("/v1/supervision/roles/{RUNNER}/drain");
    let request = client.request(Method::POST, &path);
    answer(request.header("prefer", format!("wait={seconds}"))).await
}

/// What the audit log has of crews, oldest first: action, subject, reason.
async fn recorded(client: &Client) -> Vec<(String, String, String)> {
    let page = client
        .get_json("/v1/audit?filter=action%20starts%20'crew.'&limit=100")
        .await;
    let items = page["items"].as_array().unwrap().iter().rev();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items
        .map(|item| {
            let reason = text(&item["details"]["reason"]);
            (text(&item["action"]), text(&item["subject"]), reason)
        })
        .collect()
}

/// A job that does not end, whose task a worker has.
async fn endless_in_hand(client: &Client) -> Job {
    let job = client.endless().await;
    eventually("the task is in hand", || async {
        (runner(client).await["crew"]["in_hand"] == 1).then_some(())
    })
    .await;
    job
}

/// The crew as the tree has it.
async fn runner(client: &Client) -> Value {
    let tree = client.get_json("/v1/supervision").await;
    let roles = tree["root"]["children"].as_array().unwrap();
    let roles = roles.iter().find(|node| node["name"] == "roles").unwrap();
    let crews = roles["children"].as_array().unwrap();
    let crew = crews.iter().find(|node| node["name"] == RUNNER);
    crew.unwrap().clone()
}

async fn generations(client: &Client) -> Vec<u64> {
    let crew = runner(client).await;
    let workers = crew["crew"]["workers"].as_array().unwrap();
    let generation = |worker: &Value| worker["generation"].as_u64().unwrap();
    workers.iter().map(generation).collect()
}

#[tokio::test]
async fn a_paused_crew_hands_out_nothing_until_it_is_resumed_and_says_so_everywhere() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut stream = Watcher::open(app.address, "/v1/supervision/stream").await;
    for _ in 0..2 {
        let paused = step_in(&client, "pause").await;
        assert_eq!(paused.status, 200);
        let crew: Value = paused.json();
        assert_eq!(
            (&crew["role"], &crew["state"], &crew["in_hand"]),
            (&json!(RUNNER), &json!("paused"), &json!(0))
        );
    }
    let told = stream.next().await.unwrap();
    assert_eq!(
        (&told["type"], &told["role"], &told["cause"]),
        (
            &json!("paused"),
            &json!(RUNNER),
            &json!(format!("anonymous: {WHY}"))
        )
    );
    let job = client.fanout(3).await;
    let why = eventually("the job waits for the role", || async {
        let why = client.get_json(&format!("/v1/jobs/{}/why", job.id)).await;
        why.to_string().contains("role_paused").then_some(why)
    })
    .await;
    assert!(why.to_string().contains(RUNNER), "{why}");
    let health = client.get_json("/v1/health").await;
    assert_eq!(health["status"], "degraded");

    let resumed = step_in(&client, "resume").await;
    assert_eq!(resumed.json::<Value>()["state"], "running");
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
    assert_eq!(step_in(&client, "resume").await.status, 200);
    let entry = |action: &str| (action.to_owned(), RUNNER.to_owned(), WHY.to_owned());
    assert_eq!(
        recorded(&client).await,
        [entry("crew.paused"), entry("crew.resumed")],
        "what changes nothing is no deed"
    );
}

#[tokio::test]
async fn whoever_drains_a_paused_crew_or_pauses_a_draining_one_is_recorded() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = endless_in_hand(&client).await;
    assert_eq!(step_in(&client, "pause").await.status, 200);
    assert_eq!(drain(&client, 0).await.status, 202);
    eventually("the crew drains", || async {
        (runner(&client).await["state"] == "draining").then_some(())
    })
    .await;
    assert_eq!(step_in(&client, "pause").await.status, 200);
    let recorded = recorded(&client).await;
    let actions: Vec<&str> = recorded
        .iter()
        .map(|(action, ..)| action.as_str())
        .collect();
    assert_eq!(actions, ["crew.paused", "crew.drained", "crew.paused"]);
    client.cancel(&job.id).await;
}

#[tokio::test]
async fn a_drain_answers_with_what_is_in_hand_and_again_when_nothing_is() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = endless_in_hand(&client).await;
    // The crew may not have heard of the first when it is answered.
    let crew = eventually("the crew drains", || async {
        let draining = drain(&client, 0).await;
        assert_eq!(draining.status, 202);
        let crew: Value = draining.json();
        (crew["state"] == "draining").then_some(crew)
    })
    .await;
    assert_eq!(crew["in_hand"], 1);
    let waiting = client.fanout(1).await;
    let (drained, cancelled) = tokio::join!(drain(&client, 60), client.cancel(&job.id));
    assert_eq!(
        (drained.status.as_u16(), cancelled.status.as_u16()),
        (200, 200)
    );
    let crew: Value = drained.json();
    assert_eq!(
        (&crew["state"], &crew["in_hand"]),
        (&json!("paused"), &json!(0))
    );
    assert!(!client.show(&waiting.id).await.is_final());
    assert_eq!(step_in(&client, "resume").await.status, 200);
    assert_eq!(client.finished(&waiting.id).await.state, "succeeded");
}

#[tokio::test]
async fn a_restart_gives_every_worker_a_new_instance_and_is_no_failure() {
    let app = TestApp::start().await;
    let client = app.client();
    let before = generations(&client).await;
    for _ in 0..10 {
        let restarted = step_in(&client, "restart").await;
        assert_eq!(restarted.status, 200);
    }
    let expected: Vec<u64> = before.iter().map(|generation| generation + 10).collect();
    assert_eq!(generations(&client).await, expected);
    assert_eq!(client.get_json("/v1/health").await["status"], "healthy");
    let job = client.fanout(5).await;
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
    assert_eq!(recorded(&client).await.len(), 10);
    eventually("the restarts are kept", || async {
        let path = "/v1/supervision/events?limit=1000&filter=type%20=%20'recycled'";
        let page = client.get_json(path).await;
        (page["items"].as_array()?.len() == 10 * before.len()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_steps_in_must_name_a_role_and_have_the_permission() {
    let setup = Setup {
        auth: true,
        ..Setup::default()
    };
    let app = TestApp::start_with(setup).await;
    let client = app.admin();
    for verb in ["pause", "resume", "drain", "restart", "reset-breaker"] {
        let path = format!("/v1/supervision/roles/nobody/{verb}");
        let refused = client.post(&path, &json!({})).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (404, "role_not_found")
        );
        let answered = app.client().post(&path, &json!({})).await;
        assert_eq!(answered.problem(), "unauthenticated");
    }
    let path = format!("/v1/supervision/roles/{RUNNER}/pause");
    let long = client
        .post(&path, &json!({"reason": "x".repeat(2_000)}))
        .await;
    assert_eq!(long.problem(), "invalid_body");
    let state = step_in(&client, "resume").await.json::<Value>();
    assert_eq!(state["state"], "running", "what was refused was not done");
    assert_eq!(recorded(&client).await, []);
}

/// With failpoints a role can be made to panic.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_reset_closes_the_breaker_of_a_role_at_once() {
    let setup = Setup {
        restarts_expected: true,
        ..Setup::default()
    };
    let app = TestApp::start_alone(setup).await;
    let client = app.client();
    let failpoint = format!("perform::{RUNNER}");
    client.failpoint(&failpoint, "panic").await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(client.fanout(4).await.id);
    }
    eventually("the breaker opens", || async {
        let health = client.get_json("/v1/health").await;
        health.to_string().contains("breaker open").then_some(())
    })
    .await;
    client.failpoint(&failpoint, "off").await;
    let reset = step_in(&client, "reset-breaker").await;
    assert_eq!(
        (reset.status.as_u16(), &reset.json::<Value>()["breaker"]),
        (200, &json!("closed"))
    );
    for id in &jobs {
        client.finished(id).await;
    }
    let entry = recorded(&client).await.remove(0);
    assert_eq!(entry.0, "crew.breaker_reset");
}
