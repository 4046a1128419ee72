//! PostgreSQL goes away under load and comes back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    cli::desk::{Desk, Serving},
    client::{Answer, Client, answer},
    eventually::eventually,
    postgres,
};

/// Longer than every pause of the server between two attempts.
const GONE: Duration = Duration::from_secs(4);

async fn submit(client: &Client) -> Answer {
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 3, "wait_ms": 20}});
    answer(
        client
            .request(reqwest::Method::POST, "/v1/jobs")
            .json(&body),
    )
    .await
}

fn id(answer: &Answer) -> String {
    answer.json::<Value>()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_database_that_goes_under_load_takes_nothing_with_it_and_service_resumes_when_it_is_back()
{
    let Some(mut database) = postgres::Server::start() else {
        eprintln!("skipped: the server of PostgreSQL is not installed");
        return;
    };
    let desk = Desk::new();
    let args = [
        "serve",
        "--insecure-loopback",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "error",
    ];
    let url = database.url("postgres");
    let server = Serving::spawn(desk.command(&args).env("CALLBOARD_STORE__URL", url));
    let client = server.client();
    let mut accepted = Vec::new();
    for _ in 0..30 {
        let answer = submit(&client).await;
        assert_eq!(answer.status, 202);
        accepted.push(id(&answer));
    }

    database.kill();
    let gone = Instant::now();
    let mut refusals = 0;
    while gone.elapsed() < GONE {
        let refused = submit(&client).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        let code = refused.problem();
        assert!(
            ["unavailable", "store_unavailable"].contains(&code.as_str()),
            "{code}"
        );
        let read = client.get(&format!("/v1/jobs/{}", accepted[0])).await;
        assert_eq!(
            (read.status.as_u16(), read.problem().as_str()),
            (503, "store_unavailable")
        );
        refusals += 1;
        let health = client.get("/v1/health").await;
        assert_eq!(health.status, 503, "{health:?}");
        assert_eq!(client.get("/health/live").await.status, 200);
    }
    assert!(refusals > 0);

    database.resume();
    let again = eventually("submissions are taken again", || async {
        Some(submit(&client).await).filter(|answer| answer.status == 202)
    });
    accepted.push(id(&again.await));
    for job in &accepted {
        let job = client.finished(job).await;
        assert_eq!(job.result, Some(json!({"tasks": 3, "sum": 6})), "{job:?}");
    }
    let listed = client.get_json("/v1/jobs?limit=200").await;
    let listed = listed["items"].as_array().unwrap().len();
    assert_eq!(listed, accepted.len(), "a refused submission left a job");
    assert_eq!(server.stop(), Some(0));
}
