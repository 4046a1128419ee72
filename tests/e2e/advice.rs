//! What costs most, and what could be done about it.

use std::num::NonZeroU32;

use callboard::config::RoleConfig;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};

const KIND: &str = "drill.fanout";
const ROLE: &str = "drill.runner";
const TASKS: u64 = 30;
const RUN_MS: u64 = 60;

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let mut list = list.as_array().unwrap().iter();
    list.find(|one| one[key] == name).unwrap()
}

fn codes(of: &Value) -> Vec<&str> {
    let suggestions = of["suggestions"].as_array().unwrap().iter();
    suggestions
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_role_whose_tasks_wait_for_its_one_worker_costs_most_and_is_given_more() {
    let mut setup = Setup::default();
    let one = RoleConfig {
        workers: NonZeroU32::new(1),
        concurrency: NonZeroU32::new(1),
        timeout: None,
    };
    setup.config.roles.insert(ROLE.to_owned(), one);
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let nothing = client.get_json("/v1/advice").await;
    assert_eq!(
        (&nothing["task_ms"], &nothing["roles"], &nothing["kinds"]),
        (&json!(0.0), &json!([]), &json!([]))
    );

    let input = json!({"tasks": TASKS, "wait_ms": RUN_MS});
    let job = client.submit(KIND, input).await;
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
    for _ in 0..10 {
        let refused = json!({"kind": KIND, "input": {"tasks": 0}});
        assert_eq!(client.post("/v1/jobs", &refused).await.status, 422);
    }

    let advice = client.get_json("/v1/advice").await;
    let role = &advice["roles"][0];
    assert_eq!(role["role"], ROLE, "{advice}");
    assert_eq!(role["attempts"], TASKS);
    let figure = |of: &Value, name: &str| of[name].as_f64().unwrap();
    assert!(figure(role, "task_ms") >= (TASKS * RUN_MS) as f64, "{role}");
    assert!(figure(role, "share") > 0.5 && figure(role, "share") <= 1.0);
    // Each waits for those before it: their median is fifteen runs.
    assert!(figure(role, "median_wait_ms") >= 10.0 * RUN_MS as f64);
    assert_eq!(codes(role), ["waits_for_workers"], "{role}");
    let suggestion = &role["suggestions"][0];
    assert_eq!(suggestion["setting"], "roles.\"drill.runner\".workers");
    assert_eq!(suggestion["figures"]["workers"], 1.0);
    let collector = named(&advice["roles"], "role", "drill.collector");
    assert!(codes(collector).is_empty(), "{collector}");

    let kind = named(&advice["kinds"], "kind", KIND);
    assert_eq!((&kind["jobs"], &kind["failed"]), (&json!(1), &json!(0)));
    assert_eq!(kind["refused"], 10);
    assert_eq!(codes(kind), ["is_refused_often"], "{kind}");
    assert!(figure(kind, "median_latency_ms") >= (TASKS * RUN_MS) as f64 * 0.9);
}
