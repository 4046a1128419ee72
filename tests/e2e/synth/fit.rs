//! A sample goes in, its profile and an imitation come out.

use serde_json::{Value, json};

use crate::{app::TestApp, client::Client};

const FIT: &str = "synth.fit";
/// More than one piece has.
const ROWS: u64 = 140_000;
/// Of one customer only, in every row of it.
const BORN: &str = "1911-11-11";

/// Purchases of sixty customers, one of whom buys every third time.
fn sample() -> String {
    let row = |row: u32| {
        let customer = if row.is_multiple_of(3) { 7 } else { row % 60 };
        let born = match customer {
            7 => BORN.to_owned(),
            _ => format!("19{}-03-0{}", 50 + customer % 40, 1 + customer % 9),
        };
        let channel = ["web", "shop", "=cmd|' /C calc'!A0"][row as usize % 7 % 3];
        let (day, price) = (1 + row * 3 % 28, 5 + row * row % 47);
        format!("c{customer},2024-03-{day:02},{price}.25,{channel},{born}\n")
    };
    let rows: String = (0..900).map(row).collect();
    format!("customer_id,date,price,channel,born\n{rows}")
}

async fn artifact(client: &Client, job: &str, name: &str) -> String {
    let path = format!("/v1/jobs/{job}/artifacts/{name}");
    let answer = client.get(&path).await;
    assert_eq!(answer.status, 200, "{name}: {answer:?}");
    String::from_utf8(answer.body).unwrap()
}

#[tokio::test]
async fn a_sample_is_measured_and_imitated_and_shows_in_neither() {
    let app = TestApp::start().await;
    let client = app.client();
    let input = json!({"csv": sample(), "rows": ROWS, "seed": 3});
    let job = client.submit(FIT, input).await;
    let job = client.finished(&job.id).await;
    assert_eq!(job.state, "succeeded", "{:?}", job.error);

    let result = job.result.unwrap();
    let profile: Value =
        serde_json::from_str(&artifact(&client, &job.id, "profile.json").await).unwrap();
    assert_eq!(profile, result["profile"]);
    assert_eq!(profile["sample_rows"], 900);
    let kinds = profile["columns"].as_array().unwrap().iter();
    let kinds: Vec<&str> = kinds
        .map(|column| column["shape"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["entity", "time", "number", "category", "moment"]);

    let mut made = String::new();
    let shards = result["imitation"]["shards"].as_array().unwrap();
    assert!(shards.len() > 1, "{shards:?}");
    for shard in shards {
        made += &artifact(&client, &job.id, shard["name"].as_str().unwrap()).await;
    }
    let (header, rows) = made.split_once('\n').unwrap();
    assert_eq!(header, "customer_id,date,price,channel,born");
    assert_eq!(rows.lines().count() as u64, ROWS);
    assert!(sample().contains(BORN) && !rows.contains(BORN));
    assert!(rows.contains(",\"'=cmd|"), "a formula is written as text");
    assert!(!rows.contains(",=") && !rows.contains(",\"="));

    // What came out goes in.
    let input = json!({"profile": profile, "rows": ROWS, "seed": 3});
    let again = client.submit(FIT, input).await;
    let again = client.finished(&again.id).await;
    assert_eq!(again.state, "succeeded", "{:?}", again.error);
    assert_eq!(again.result.unwrap()["imitation"], result["imitation"]);
}

#[tokio::test]
async fn a_sample_that_cannot_be_measured_is_refused_with_its_field() {
    let app = TestApp::start().await;
    let client = app.client();
    let csv = sample();
    for (input, field) in [
        (json!({}), "csv"),
        (json!({"csv": "a,b\n1,2\n"}), "csv"),
        (json!({"csv": "a,a\n"}), "csv"),
        (
            json!({"csv": csv, "entity_column": "nobody"}),
            "entity_column",
        ),
        (json!({"csv": csv, "time_column": "price"}), "time_column"),
        (json!({"csv": csv, "rows": 0}), "rows"),
        (json!({"profile": {"version": 1}, "rows": 5}), "profile"),
    ] {
        let body = json!({"kind": FIT, "input": input});
        let refused = client.post("/v1/jobs", &body).await;
        assert_eq!(refused.status, 422, "{field}: {refused:?}");
        let problem: Value = refused.json();
        let found = problem["field"].as_str().unwrap_or_default();
        let path = found.strip_prefix("input.").unwrap_or(found);
        assert!(
            path == field || path.starts_with(&format!("{field}.")),
            "{problem}"
        );
    }
}
