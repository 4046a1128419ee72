//! Facts and artifacts of a real analysis.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    app::TestApp,
    client::{Client, Job, answer},
};

pub async fn compared(client: &Client) -> Job {
    let query = json!({"query": "Compare Sharpe ratios of AAPL, MSFT and GOOG from 2005 to 2009"});
    let job = client.submit("market.compare", query).await;
    let job = client.finished(&job.id).await;
    assert_eq!(job.state, "succeeded", "{:?}", job.error);
    job
}

#[tokio::test]
async fn a_chart_is_served_by_its_hash_and_cannot_run_scripts() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = compared(&client).await;
    let listed = client
        .get_json(&format!("/v1/jobs/{}/artifacts", job.id))
        .await;
    let chart = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["media_type"] == "image/svg+xml")
        .unwrap();
    let path = chart["href"].as_str().unwrap();
    let name = chart["name"].as_str().unwrap();

    let whole = client.get(path).await;
    assert_eq!(whole.status, 200);
    assert!(whole.body.starts_with(b"<svg") || whole.body.starts_with(b"<?xml"));
    assert_eq!(chart["bytes"], whole.body.len());
    let sha256: String = Sha256::digest(&whole.body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(chart["sha256"], sha256.as_str());
    let etag = format!("\"{sha256}\"");
    for (header, value) in [
        ("content-type", "image/svg+xml"),
        ("etag", &etag),
        ("x-content-type-options", "nosniff"),
        (
            "content-disposition",
            &format!("inline; filename=\"{name}\""),
        ),
    ] {
        assert_eq!(whole.header(header), Some(value), "{header}");
    }
    assert!(
        whole
            .header("content-security-policy")
            .unwrap()
            .starts_with("sandbox; default-src 'none'")
    );

    for (known, status) in [
        (etag.as_str(), 304),
        ("*", 304),
        ("\"other\", W/\"more\"", 200),
    ] {
        let again = answer(
            client
                .request(Method::GET, path)
                .header("if-none-match", known),
        )
        .await;
        assert_eq!(again.status, status, "{known}");
        assert_eq!(again.body.is_empty(), status == 304);
    }
    let head = answer(client.request(Method::HEAD, path)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let absent = client
        .get(&format!("/v1/jobs/{}/artifacts/nothing.svg", job.id))
        .await;
    assert_eq!(
        (absent.status.as_u16(), absent.problem().as_str()),
        (404, "artifact_not_found")
    );
}

#[tokio::test]
async fn an_artifact_whose_file_is_gone_is_the_servers_fault() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = compared(&client).await;
    let listed = client
        .get_json(&format!("/v1/jobs/{}/artifacts", job.id))
        .await;
    let artifact = &listed["items"][0];
    let sha256 = artifact["sha256"].as_str().unwrap();
    let file = app.data_dir.join("artifacts").join(&sha256[..2]);
    std::fs::remove_file(file.join(sha256)).unwrap();
    let refused = client.get(artifact["href"].as_str().unwrap()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (500, "internal")
    );
}

#[tokio::test]
async fn every_fact_of_a_finished_analysis_is_verified_and_its_lineage_leads_to_facts() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = compared(&client).await;
    let facts = client.get_json(&format!("/v1/jobs/{}/facts", job.id)).await;
    let facts = facts["items"].as_array().unwrap();
    assert!(!facts.is_empty());
    let ids: Vec<&Value> = facts.iter().map(|fact| &fact["id"]).collect();
    for fact in facts {
        assert_eq!(fact["standing"], "verified", "{fact}");
        let verifier = &fact["verified_by"];
        assert!(
            verifier["method"]
                .as_str()
                .is_some_and(|method| !method.is_empty()),
            "{fact}"
        );
        assert_ne!(
            verifier["task"]["id"], fact["task"]["id"],
            "a task verified its own claim"
        );
        assert!(
            fact["derived_from"]
                .as_array()
                .unwrap()
                .iter()
                .all(|parent| ids.contains(&parent)),
            "{fact}"
        );
    }
}
