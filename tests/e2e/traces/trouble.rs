//! Receivers that are down, servers that end.

use std::{
    io::Read,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    TRACE,
    collector::{Collector, Span},
    fanout, submit, traced, traceparent,
};
use crate::{
    app::TestApp,
    cli::desk::{Desk, Serving},
    client::Client,
    peer::{Arrival, Peer},
};

/// A server process whose spans go to `collector`.
fn serve(desk: &Desk, collector: &Collector) -> Serving {
    let config = format!("[telemetry]\notlp_url = \"{}\"\n", collector.0.url());
    desk.write("callboard.toml", &config);
    let mut command = desk.command(&[
        "serve",
        "--insecure-loopback",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "callboard::spans=info,warn",
    ]);
    Serving::spawn(command.stderr(Stdio::piped()))
}

/// The collector goes on meanwhile.
async fn stop(server: Serving) {
    let code = tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    assert_eq!(code, Some(0));
}

async fn metric(client: &Client, line: &str) -> Option<u64> {
    let metrics = client.get("/metrics").await;
    let text = String::from_utf8(metrics.body).unwrap();
    let found = text.lines().find_map(|one| one.strip_prefix(line));
    found.map(|value| value.trim().parse().unwrap())
}

#[tokio::test]
async fn a_receiver_that_is_down_changes_no_answer_and_gets_its_spans_when_it_is_back() {
    let taken = Peer::start(200).await;
    let address = taken.address;
    let collector = Collector(taken);
    let setup = traced(&collector);
    // Nobody listens there until the jobs have ended.
    drop(collector);
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(submit(&client, &traceparent(true), &fanout(2)).await);
    }
    for job in &jobs {
        assert_eq!(client.finished(&job.id).await.state, "succeeded");
    }
    let back = Collector(Peer::start_at(address, 200).await);
    for job in &jobs {
        back.until_job(&job.id).await;
    }
    let of_jobs: Vec<Span> = back.spans();
    let of_jobs = of_jobs.iter().filter(|span| span.name.starts_with("job "));
    assert_eq!(of_jobs.count(), jobs.len());
}

#[tokio::test]
async fn a_receiver_that_is_down_is_one_line_in_the_log_and_one_when_it_is_back() {
    let collector = Collector(Peer::start(503).await);
    let desk = Desk::new();
    let mut server = serve(&desk, &collector);
    let client = server.client();
    let first = submit(&client, &traceparent(true), &fanout(1)).await;
    client.finished(&first.id).await;
    let asked = |times| move |all: &[Arrival]| all.len() >= times;
    collector.0.until("it is tried again", asked(2)).await;
    collector.0.answer(200);
    collector.until_job(&first.id).await;
    // Another refusal, of a kind that is not tried again.
    collector.0.answer(400);
    let lost = submit(&client, &traceparent(true), &fanout(1)).await;
    client.finished(&lost.id).await;
    let dropped = "callboard_trace_spans_dropped_total{cause=\"refused\"}";
    crate::eventually::eventually("the spans are counted as refused", || async {
        metric(&client, dropped).await.filter(|lost| *lost > 0)
    })
    .await;
    collector.0.answer(200);
    let last = submit(&client, &traceparent(true), &fanout(1)).await;
    let spans = collector.until_job(&last.id).await;
    assert!(!spans.iter().any(|span| span.is_of_job(&lost.id)));

    let mut stderr = server.process.stderr.take().unwrap();
    stop(server).await;
    let mut log = String::new();
    stderr.read_to_string(&mut log).unwrap();
    let said: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("spans are"))
        .collect();
    let expected = [
        "are not delivered",
        "delivered again",
        "are not delivered",
        "delivered again",
    ];
    assert_eq!(said.len(), expected.len(), "{log}");
    for (line, expected) in said.iter().zip(expected) {
        assert!(line.contains(expected), "{log}");
    }
}

#[tokio::test]
async fn an_orderly_end_sends_what_has_ended() {
    let collector = Collector::start().await;
    let desk = Desk::new();
    let server = serve(&desk, &collector);
    let client = server.client();
    let mut jobs = Vec::new();
    for _ in 0..10 {
        jobs.push(submit(&client, &traceparent(true), &fanout(4)).await);
    }
    for job in &jobs {
        client.finished(&job.id).await;
    }
    stop(server).await;
    // The process is gone: nothing comes any more.
    let spans = collector.spans();
    for job in &jobs {
        let of_job: Vec<_> = spans
            .iter()
            .filter(|span| span.attributes.get("callboard.job.id") == Some(&job.id))
            .collect();
        assert_eq!(of_job.len(), 7, "{of_job:#?}");
    }
}

#[tokio::test]
async fn an_end_waits_for_a_silent_receiver_no_longer_than_its_bound() {
    let collector = Collector(Peer::start(0).await);
    let desk = Desk::new();
    let mut server = serve(&desk, &collector);
    let client = server.client();
    let job = submit(&client, &traceparent(true), &fanout(1)).await;
    client.finished(&job.id).await;
    collector.0.until("spans come", |all| !all.is_empty()).await;
    let mut stderr = server.process.stderr.take().unwrap();
    let began = Instant::now();
    stop(server).await;
    // The receiver is given up long before the request to it would be.
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    let mut log = String::new();
    stderr.read_to_string(&mut log).unwrap();
    assert!(log.contains("spans were left unsent"), "{log}");
}

#[tokio::test]
async fn a_job_goes_on_in_its_trace_when_its_server_was_killed() {
    let collector = Collector::start().await;
    let desk = Desk::new();
    let server = serve(&desk, &collector);
    let client = server.client();
    let body = json!({"kind": "drill.approval", "input": {"why": "May it?"}});
    let job = submit(&client, &traceparent(true), &body).await;
    let approval = client.approval_of(&job.id).await;
    let before = collector
        .until("the request and the plan", |spans| {
            spans.iter().any(|span| span.parent == super::CALLER)
                && spans.iter().any(Span::is_attempt)
        })
        .await;
    server.kill();

    let server = serve(&desk, &collector);
    let client = server.client();
    let decided = client
        .post(&format!("/v1/approvals/{approval}/approve"), &json!({}))
        .await;
    assert_eq!(decided.status, 200, "{decided:?}");
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
    let spans = collector.until_job(&job.id).await;
    let of_job = spans.iter().find(|span| span.is_of_job(&job.id)).unwrap();
    let request = spans
        .iter()
        .find(|span| span.parent == super::CALLER)
        .unwrap();
    assert_eq!((&*of_job.trace, &of_job.parent), (TRACE, &request.id));
    let attempts = spans.iter().filter(|span| span.is_attempt());
    let attempts: Vec<_> = attempts.filter(|span| span.trace == TRACE).collect();
    assert!(attempts.iter().all(|span| span.parent == of_job.id));
    let earlier = before.iter().filter(|span| span.is_attempt()).count();
    assert!(attempts.len() > earlier, "{attempts:#?}");
}
