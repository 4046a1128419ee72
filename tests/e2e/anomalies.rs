//! What is higher than usual, over HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    client::Client,
    eventually::eventually,
};

const KIND: &str = "drill.fanout";
/// Far beyond what a busy machine adds to a job that does nothing.
const SLOW_MS: u64 = 3_000;
/// Fewer give no sample.
const JOBS_OF_A_SAMPLE: usize = 5;

fn watching() -> Setup {
    let mut setup = Setup::default();
    setup.config.anomalies.every = Duration::from_millis(100);
    setup
}

async fn seen(client: &Client) -> Value {
    client.get_json("/v1/anomalies").await
}

/// Runs as many jobs as make a sample.
async fn run(client: &Client, wait_ms: u64) {
    let mut jobs = Vec::new();
    for _ in 0..JOBS_OF_A_SAMPLE {
        let input = json!({"tasks": 1, "wait_ms": wait_ms});
        jobs.push(client.submit(KIND, input).await.id);
    }
    for job in jobs {
        assert_eq!(client.finished(&job).await.state, "succeeded");
    }
}

/// The slow jobs among what is listed.
fn slow(seen: &Value) -> Option<Value> {
    let items = seen["items"].as_array().unwrap().iter();
    let mut slow = items.filter(|item| {
        item["series"] == "job_latency_ms"
            && item["subject"] == KIND
            && item["value"].as_f64().unwrap() > SLOW_MS as f64 / 2.0
    });
    slow.next().cloned()
}

#[tokio::test]
async fn jobs_that_take_longer_than_usual_are_an_anomaly_until_they_do_no_more() {
    let app = TestApp::start_with(watching()).await;
    let client = app.client();
    let crews = eventually("crews have samples", || async {
        let seen = seen(&client).await;
        let series = seen["series"].as_u64().unwrap();
        (series > 0).then_some(series)
    })
    .await;
    eventually("what is usual is known", || async {
        run(&client, 0).await;
        let seen = seen(&client).await;
        // Failures and latency of the kind, and commits.
        let all_there = seen["series"].as_u64().unwrap() >= crews + 3;
        (all_there && seen["learning"] == 0).then_some(())
    })
    .await;
    assert_eq!(slow(&seen(&client).await), None);

    run(&client, SLOW_MS).await;
    let anomaly = eventually("it is told of", || async { slow(&seen(&client).await) }).await;
    assert_eq!(anomaly["state"], "current", "{anomaly}");
    let figure = |name: &str| anomaly[name].as_f64().unwrap();
    assert!(figure("median") < SLOW_MS as f64 / 2.0, "{anomaly}");
    assert!(figure("z") > 3.5, "{anomaly}");
    assert!(anomaly.get("over_at").is_none(), "{anomaly}");
    assert!(seen(&client).await["current"].as_u64().unwrap() >= 1);
    let metrics = String::from_utf8(client.get("/metrics").await.body).unwrap();
    let told = |name: &str| {
        let line = format!("{name}{{series=\"job_latency_ms\"}} ");
        let found = metrics.lines().find_map(|text| text.strip_prefix(&line));
        found.unwrap().parse::<f64>().unwrap()
    };
    assert!(told("callboard_anomalies_total") >= 1.0);
    assert!(metrics.contains("callboard_anomalies{series=\"job_latency_ms\"}"));

    let over = eventually("it is over", || async {
        run(&client, 0).await;
        let anomaly = slow(&seen(&client).await).unwrap();
        (anomaly["state"] == "over").then_some(anomaly)
    })
    .await;
    assert_eq!(over["ending"], "returned", "{over}");
    assert_eq!(over["at"], anomaly["at"]);
    assert!(over["over_at"].as_str().unwrap() > over["at"].as_str().unwrap());
}

#[tokio::test]
async fn a_server_that_is_told_not_to_watch_says_so() {
    let mut setup = watching();
    setup.config.anomalies.enabled = false;
    let app = TestApp::start_with(setup).await;
    assert_eq!(
        seen(&app.client()).await,
        json!({"watching": false, "series": 0, "learning": 0, "current": 0, "items": []})
    );
}
