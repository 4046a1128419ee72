//! Requests that are refused for what they ask, for how long they take, and for the name they call the server by.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::{Setup, TestApp},
    client::answer,
    eventually::soon,
};

#[tokio::test]
async fn a_query_is_refused_with_the_key_at_fault_and_in_plain_words() {
    let app = TestApp::start().await;
    let client = app.client();
    for (query, field, detail) in [
        ("limit=-1", "limit", "`-1` is not a whole number"),
        ("limit=99999999999999999999999", "limit", "is too large"),
        ("limit=", "limit", "`` is not a whole number"),
        (
            "state=asleep",
            "state",
            "`asleep` is not one of queued, planning",
        ),
        ("colour=red", "colour", "`colour`"),
    ] {
        let refused = client.get(&format!("/v1/jobs?{query}")).await;
        assert_eq!(refused.problem(), "invalid_query", "{query}");
        let problem: Value = refused.json();
        assert_eq!(problem["field"], field, "{query}");
        let told = problem["detail"].as_str().unwrap();
        assert!(told.contains(detail), "{told}");
    }
    let page = client.get_json("/v1/jobs?state=queued&limit=7").await;
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn a_deadline_that_is_no_time_is_refused_with_what_one_looks_like() {
    let app = TestApp::start().await;
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}, "deadline": "2026-01-31"});
    let refused = app.client().post("/v1/jobs", &body).await;
    assert_eq!(refused.problem(), "invalid_body");
    let problem: Value = refused.json();
    assert_eq!(problem["field"], "deadline");
    let told = problem["detail"].as_str().unwrap();
    assert!(
        told.contains("`2026-01-31` is not a time such as 2026-01-31T09:30:00Z"),
        "{told}"
    );
}

async fn read_to_end(app: &TestApp, request: &str) -> String {
    let mut connection = TcpStream::connect(app.address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answered = String::new();
    let read = connection.read_to_string(&mut answered);
    soon("an answer and its end", read).await.unwrap();
    answered
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let mut setup = Setup::default();
    setup.limits.body_wait_max = Duration::from_millis(50);
    let app = TestApp::start_with(setup).await;
    for path in [
        "/v1/jobs",
        "/v1/jobs/job_00000000000000000000000000000000/cancel",
    ] {
        let answered = read_to_end(
            &app,
            &format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                 content-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"kind\":"
            ),
        )
        .await;
        assert!(answered.starts_with("HTTP/1.1 408 "), "{answered}");
        assert!(answered.contains("body_too_slow"), "{answered}");
    }
}

#[tokio::test]
async fn a_name_of_another_host_is_not_answered_unless_any_is() {
    let mut open = Setup::default();
    open.limits.any_host = true;
    for (setup, status) in [(Setup::default(), 421), (open, 200)] {
        let app = TestApp::start_with(setup).await;
        let client = app.client();
        let called = |host: &str| client.request(Method::GET, "/v1/jobs").header("host", host);
        let answered = answer(called("example.org:7070")).await;
        assert_eq!(answered.status, status);
        if status == 421 {
            assert_eq!(answered.problem(), "foreign_host");
        }
        for host in ["localhost", "127.0.0.1:1", "[::1]:7070"] {
            assert_eq!(answer(called(host)).await.status, 200, "{host}");
        }
    }
}
