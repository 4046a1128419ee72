//! Health, readiness and metrics.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    app::{Setup, TestApp},
    client::Job,
    eventually::eventually,
};
#[cfg(feature = "failpoints")]
use crate::{
    cli::desk::{Desk, Serving},
    client::Client,
};

#[tokio::test]
async fn a_server_that_is_well_says_so_of_every_part() {
    let app = TestApp::start().await;
    let client = app.client();
    assert_eq!(client.get_json("/health/live").await["status"], "alive");
    assert_eq!(client.get_json("/health/ready").await["status"], "ready");
    let health = client.get_json("/v1/health").await;
    assert_eq!(health["status"], "healthy", "{health}");
    let components = health["components"].as_array().unwrap();
    assert_eq!(health["deep"], false);
    for name in [
        "store",
        "journal",
        "coordinator",
        "arbiters",
        "disk",
        "artifacts",
        "memory",
        "crew drill.runner",
        "crew drill.planner",
    ] {
        let component = components
            .iter()
            .find(|component| component["name"] == name);
        let component = component.unwrap_or_else(|| panic!("no {name} in {health}"));
        assert_eq!(component["status"], "healthy");
        assert!(component["response_ms"].is_f64());
    }
    assert_eq!(
        client.get("/v1/health?deep=perhaps").await.problem(),
        "invalid_query"
    );
}

fn part<'a>(health: &'a Value, name: &str) -> &'a Value {
    let mut parts = health["components"].as_array().unwrap().iter();
    let found = parts.find(|part| part["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {health}"))
}

/// Answers every connection with one status, and counts them.
async fn provider(status: &'static str) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            let read = socket.read(&mut request).await.unwrap();
            assert!(read > 0);
            count.fetch_add(1, Ordering::SeqCst);
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_deep_look_asks_providers_and_writes() {
    let (prices, prices_asked) = provider("404 Not Found").await;
    let (vault, vault_asked) = provider("503 Service Unavailable").await;
    let mut setup = Setup::default();
    setup.config.outbound.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    setup.config.market.price_url = format!("{prices}/{{ticker}}.csv?key=secret");
    setup.config.vault.address = vault;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let quick = client.get_json("/v1/health").await;
    assert_eq!(quick["status"], "healthy", "{quick}");
    assert_eq!(part(&quick, "provider prices")["status"], "unknown");
    assert_eq!(prices_asked.load(Ordering::SeqCst), 0);

    let deep = client.get_json("/v1/health?deep=true").await;
    assert_eq!(deep["deep"], true);
    assert_eq!(
        part(&deep, "provider prices")["status"],
        "healthy",
        "{deep}"
    );
    let sealed = part(&deep, "provider vault");
    assert_eq!(sealed["status"], "unhealthy", "{deep}");
    assert_eq!(sealed["essential"], false);
    assert_eq!(deep["status"], "degraded", "not essential");
    for name in ["store", "artifacts"] {
        assert_eq!(part(&deep, name)["status"], "healthy", "{deep}");
    }
    let asked = [prices_asked, vault_asked].map(|asked| asked.load(Ordering::SeqCst));
    assert_eq!(asked, [1, 1]);
    assert!(!deep.to_string().contains("secret"));

    std::fs::remove_dir_all(app.data_dir.join("artifacts/tmp")).unwrap();
    let deep = client.get_json("/v1/health?deep=true").await;
    assert_eq!(part(&deep, "artifacts")["status"], "unhealthy", "{deep}");
}

#[tokio::test]
async fn a_disk_below_its_floor_is_told_of() {
    let mut setup = Setup::default();
    setup.config.health.disk_free_bytes_min = u64::MAX;
    let app = TestApp::start_with(setup).await;
    let answer = app.client().get("/v1/health").await;
    assert_eq!(answer.status, 503);
    let health: Value = answer.json();
    let disk = part(&health, "disk");
    assert_eq!(
        (&health["status"], &disk["status"]),
        (&json!("unhealthy"), &json!("unhealthy"))
    );
    let job = app.client().fanout(1).await;
    let job = app.client().finished(&job.id).await;
    assert_eq!(job.state, "succeeded", "health decides nothing by itself");
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn readiness_says_how_many_live_jobs_are_taken_up_of_how_many() {
    // Two pages of live jobs; the shard stops before the second.
    const LIVE: usize = 1_200;
    const PAGE: usize = 1_000;
    // A process of its own: where it stops, no other server does.
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let client = server.client();
    let job = json!({"kind": "drill.fanout", "input": {"tasks": 1, "snooze_ms": 600_000}});
    for jobs in [PAGE, LIVE - PAGE] {
        let batch = json!({"jobs": vec![job.clone(); jobs]});
        assert_eq!(client.post("/v1/jobs/batch", &batch).await.status, 200);
    }
    eventually("every job waits", || async {
        let path = "/v1/jobs?state=waiting&limit=200";
        let (mut waiting, mut cursor) = (0, String::new());
        loop {
            let page = client.get_json(&format!("{path}{cursor}")).await;
            waiting += page["items"].as_array()?.len();
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return (waiting == LIVE).then_some(()),
            }
        }
    })
    .await;
    client.failpoint("shard::adopt", "1*off->pause").await;
    client.failpoint("shard::handle", "1*panic").await;
    // Anything the shard is asked kills it.
    let asked = client.url(&format!("/v1/jobs/{}/why", some_job(&client).await));
    let asking = tokio::spawn(reqwest::get(asked));
    let expected = json!({"recovery": {"taken_up": PAGE, "found": LIVE}});
    eventually("readiness shows how far it is", || async {
        let ready = client.get("/health/ready").await;
        let body: Value = ready.json();
        (ready.status == 503 && body["current"] == expected).then_some(())
    })
    .await;
    let health: Value = client.get("/v1/health").await.json();
    let told = format!("{PAGE} of {LIVE}");
    assert!(health.to_string().contains(&told), "{health}");
    client.failpoint("shard::adopt", "off").await;
    eventually("the server is ready", || async {
        (client.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    asking.abort();
}

#[cfg(feature = "failpoints")]
async fn some_job(client: &Client) -> String {
    let page = client.get_json("/v1/jobs?limit=1").await;
    page["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_store_that_refuses_a_commit_is_degraded_until_it_takes_one() {
    let app = TestApp::start_with(Setup {
        restarts_expected: true,
        ..Setup::default()
    })
    .await;
    let client = app.client();
    let database = app.data_dir.join("callboard.db");
    let outsider = sea_orm::Database::connect(format!("sqlite://{}", database.display()))
        .await
        .unwrap();
    let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
    let aside = rename("job_events", "aside");
    outsider.execute_unprepared(&aside).await.unwrap();
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let refused = client.post("/v1/jobs", &body).await;
    assert!(refused.status.is_server_error(), "{refused:?}");
    let store = || async {
        let health: Value = client.get("/v1/health").await.json();
        let mut parts = health["components"].as_array().unwrap().iter();
        parts.find(|part| part["name"] == "store").unwrap().clone()
    };
    let degraded = store().await;
    assert_eq!(degraded["status"], "degraded", "{degraded}");
    let told = degraded["message"].as_str().unwrap();
    assert!(told.contains("the last commit failed"), "{told}");

    let back = rename("aside", "job_events");
    outsider.execute_unprepared(&back).await.unwrap();
    let accepted = eventually("a job is accepted", || async {
        let answer = client.post("/v1/jobs", &body).await;
        (answer.status == 202).then(|| answer.json::<Job>())
    })
    .await;
    assert_eq!(client.finished(&accepted.id).await.state, "succeeded");
    assert_eq!(store().await["status"], "healthy");
}

#[tokio::test]
async fn the_metrics_of_a_finished_job_are_there() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.fanout(3).await;
    client.finished(&job.id).await;
    client.get("/no/such/route").await;
    let text = String::from_utf8(client.get("/metrics").await.body).unwrap();
    for line in [
        "callboard_jobs_total{kind=\"drill.fanout\",state=\"succeeded\"}",
        "callboard_task_duration_seconds_bucket{role=\"drill.runner\"",
        "callboard_queue_depth{role=\"drill.runner\"}",
        "callboard_breaker_state{role=\"drill.runner\"} 0",
        "callboard_journal_commit_seconds_bucket",
        "callboard_journal_batch_records_bucket",
        "callboard_http_request_duration_seconds_count{route=\"/v1/jobs\",method=\"POST\",status=\"202\"}",
        "callboard_http_request_duration_seconds_count{route=\"/v1/jobs/{id}\",method=\"GET\",status=\"200\"}",
        "callboard_http_request_duration_seconds_count{route=\"unmatched\",method=\"GET\",status=\"404\"}",
        "callboard_ready 1",
        "callboard_live_jobs_max 250000",
        "callboard_unfinished_tasks 0",
        "callboard_store_connections{state=\"idle\"}",
        "callboard_store_connections_max 4",
        "callboard_build_info{version=\"",
        "process_resident_memory_bytes",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    assert!(!text.contains(&job.id), "an id became a label");
}

/// With failpoints a role can be made to panic.
#[cfg(feature = "failpoints")]
mod breaker {
    use super::*;
    use crate::{client::Client, socket::Watcher};

    async fn crew_status(client: &Client) -> (String, Value) {
        let health: Value = client.get("/v1/health").await.json();
        let crew = health["components"]
            .as_array()
            .unwrap()
            .iter()
            .find(|part| part["name"] == "crew drill.runner");
        (
            health["status"].as_str().unwrap().to_owned(),
            crew.unwrap()["status"].clone(),
        )
    }

    #[tokio::test]
    async fn an_open_breaker_degrades_the_server_until_a_probe_closes_it() {
        let app = TestApp::start_alone(Setup {
            restarts_expected: true,
            ..Setup::default()
        })
        .await;
        let client = app.client();
        let mut supervision = Watcher::open(app.address, "/v1/supervision/stream").await;
        client.failpoint("perform::drill.runner", "panic").await;
        let mut jobs = Vec::new();
        for _ in 0..6 {
            jobs.push(client.submit("drill.fanout", json!({"tasks": 16})).await.id);
        }
        eventually("the server is degraded", || async {
            (crew_status(&client).await == ("degraded".to_owned(), json!("degraded"))).then_some(())
        })
        .await;
        assert_eq!(client.get("/health/ready").await.status, 200);

        client.failpoint("perform::drill.runner", "off").await;
        jobs.push(client.fanout(1).await.id);
        eventually("the server is healthy", || async {
            (crew_status(&client).await == ("healthy".to_owned(), json!("healthy"))).then_some(())
        })
        .await;
        for id in &jobs {
            client.finished(id).await;
        }
        assert_eq!(client.show(&jobs[6]).await.state, "succeeded");

        let mut kinds = Vec::new();
        while kinds.last() != Some(&json!("breaker_closed")) {
            let event = supervision.next().await.unwrap();
            assert!(
                event["at"].is_string() && event["node"].is_string() || event["type"] == "gap",
                "{event}"
            );
            kinds.push(event["type"].clone());
        }
        for kind in ["panicked", "breaker_opened", "breaker_half_open"] {
            assert!(kinds.contains(&json!(kind)), "{kind} not among {kinds:?}");
        }
        let text = String::from_utf8(client.get("/metrics").await.body).unwrap();
        assert!(
            text.contains("callboard_actor_restarts_total{role=\"drill.runner\""),
            "{text}"
        );
    }
}
