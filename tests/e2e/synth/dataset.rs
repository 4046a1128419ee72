//! Data sets as jobs.

use std::{collections::HashSet, fs};

use serde_json::{Value, json};

use crate::{
    app::TestApp,
    cli::desk::{Desk, Serving},
    client::Client,
    eventually::eventually,
};

const DATASET: &str = "synth.dataset";
/// Of the job that is interrupted.
const SHARDS: usize = 4;

async fn artifact(client: &Client, job: &str, name: &str) -> Vec<u8> {
    let answer = client
        .get(&format!("/v1/jobs/{job}/artifacts/{name}"))
        .await;
    assert_eq!(answer.status, 200, "{name}: {answer:?}");
    answer.body
}

#[tokio::test]
async fn a_job_makes_the_files_that_its_manifest_lists() {
    let app = TestApp::start().await;
    let client = app.client();
    let input = json!({"entity": "all", "rows": 140_000, "merchants": 300, "seed": 5});
    let job = client.submit(DATASET, input).await;
    let job = client.finished(&job.id).await;
    assert_eq!(job.state, "succeeded", "{:?}", job.error);

    let result = job.result.unwrap();
    let manifest: Value =
        serde_json::from_slice(&artifact(&client, &job.id, "manifest.json").await).unwrap();
    assert_eq!(manifest, result);
    assert_eq!(manifest["rows"], 140_000 + 35 * 128 + 300);
    let mut lines = Vec::new();
    for set in manifest["sets"].as_array().unwrap() {
        let mut file = Vec::new();
        for shard in set["shards"].as_array().unwrap() {
            file.extend(artifact(&client, &job.id, shard["name"].as_str().unwrap()).await);
        }
        assert_eq!(file.len() as u64, set["bytes"].as_u64().unwrap());
        let text = String::from_utf8(file).unwrap();
        lines.push(text.lines().map(str::to_owned).collect::<Vec<_>>());
    }
    let keys = |lines: &[String]| -> HashSet<String> {
        let rows = lines.iter().skip(1);
        rows.map(|row| row.split(',').next().unwrap().to_owned())
            .collect()
    };
    let (customers, merchants) = (keys(&lines[1]), keys(&lines[2]));
    assert_eq!((customers.len(), merchants.len()), (35 * 128, 300));
    assert_eq!(lines[0].len(), 140_001);
    assert_eq!(keys(&lines[0]).len(), 140_000);
    for row in &lines[0][1..] {
        let cells: Vec<&str> = row.split(',').collect();
        assert!(customers.contains(cells[1]), "{row}");
        assert!(cells[2].is_empty() || merchants.contains(cells[2]), "{row}");
    }
    let report = String::from_utf8(artifact(&client, &job.id, "report.html").await).unwrap();
    assert!(report.contains("<svg") && !report.contains("<script"));
}

#[tokio::test]
async fn a_refused_set_names_its_field() {
    let app = TestApp::start().await;
    let client = app.client();
    for (input, field) in [
        (json!({"rows": 0}), "rows"),
        (json!({"rows": 1_000_000_000_000_u64}), "rows"),
        (json!({"locale": "xx"}), "locale"),
        (json!({"fraud_rate": 1.5}), "fraud_rate"),
        (json!({"from": "2024-12-31", "to": "2024-01-01"}), "to"),
        (
            json!({"sets": [{"rows": 5}, {"locale": "xx"}]}),
            "sets[1].locale",
        ),
    ] {
        let body = json!({"kind": DATASET, "input": input});
        let refused = client.post("/v1/jobs", &body).await;
        assert_eq!(refused.status, 422, "{input}");
        let field_at_fault = refused.json::<Value>()["field"].clone();
        let path = field_at_fault.as_str().unwrap();
        assert!(path == field || path == format!("input.{field}"), "{path}");
    }
}

#[test]
fn a_run_joins_the_shards_into_one_file_for_each_set() {
    let desk = Desk::new();
    let input = r#"{"entity":"transactions","rows":140000,"format":"csv","seed":7}"#;
    let ended = desk.run(&["run", DATASET, "--input", input, "--out", "made"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("140000"), "{ended:?}");
    let made = desk.path().join("made");
    let mut names: Vec<String> = fs::read_dir(&made)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["manifest.json", "report.html", "transactions.csv"]);
    let text = fs::read_to_string(made.join("transactions.csv")).unwrap();
    assert_eq!(text.lines().count(), 140_001);
    assert!(text.starts_with("transaction_id,"));
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("t00000139999,"), "{last}");
}

/// The shards that have succeeded, by name, with their attempts.
async fn shards(client: &Client, job: &str) -> Vec<(String, u64)> {
    let tasks = client
        .get_json(&format!("/v1/jobs/{job}/tasks?limit=100"))
        .await;
    let items = tasks["items"].as_array().unwrap().clone();
    items
        .iter()
        .filter(|task| task["role"] == "synth.generator" && task["state"] == "succeeded")
        .map(|task| {
            let name = task["name"].as_str().unwrap().to_owned();
            (name, task["attempt"].as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn a_killed_server_goes_on_without_making_a_finished_shard_again() {
    let desk = Desk::new();
    let serving = Serving::start(&desk);
    let client = serving.client();
    let rows = SHARDS as u64 * 131_072;
    let input = json!({"rows": rows, "seed": 11, "format": "csv"});
    let job = client.submit(DATASET, input.clone()).await;
    let before = eventually("a shard is made", || async {
        let made = shards(&client, &job.id).await;
        (!made.is_empty()).then_some(made)
    })
    .await;
    assert!(
        before.len() < SHARDS,
        "the job ended before it could be killed"
    );
    let events_before = client.events(&job.id, 100).await;
    serving.kill();

    let serving = Serving::start(&desk);
    let client = serving.client();
    let ended = client.finished(&job.id).await;
    assert_eq!(ended.state, "succeeded", "{:?}", ended.error);
    let events = client.events(&job.id, 100).await;
    assert_eq!(events[..events_before.len()], events_before[..]);
    for (name, _) in &before {
        let successes = |events: &[Value]| {
            let ids: HashSet<u64> = events
                .iter()
                .filter(|event| event["type"] == "job.planned")
                .flat_map(|event| event["data"]["tasks"].as_array().unwrap().clone())
                .filter(|task| task["name"] == name.as_str())
                .map(|task| task["id"].as_u64().unwrap())
                .collect();
            events
                .iter()
                .filter(|event| event["type"] == "task.succeeded")
                .filter(|event| ids.contains(&event["data"]["task"].as_u64().unwrap()))
                .count()
        };
        assert_eq!(successes(&events), 1, "{name} was made again");
    }
    let after = shards(&client, &job.id).await;
    assert_eq!(after.len(), SHARDS);
    for made in &before {
        assert!(after.contains(made), "{made:?} changed: {after:?}");
    }

    let undisturbed = client.submit(DATASET, input).await;
    let undisturbed = client.finished(&undisturbed.id).await;
    assert_eq!(undisturbed.result, ended.result, "the crash changed a byte");
    assert_eq!(serving.stop(), Some(0));
}
