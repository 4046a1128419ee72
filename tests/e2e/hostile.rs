//! Requests that are wrong, by mistake or on purpose.

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
async fn every_bad_submission_is_refused_with_its_own_code() {
    let mut setup = Setup::default();
    setup.limits.body_bytes_max = 10_000;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let json_type = "application/json";
    let labels: serde_json::Map<String, Value> = (0..40)
        .map(|index| (index.to_string(), json!("x")))
        .collect();
    let many_labels =
        json!({"kind": "drill.fanout", "input": {"tasks": 1}, "labels": labels}).to_string();
    let large = format!(
        r#"{{"kind":"drill.fanout","input":"{}"}}"#,
        "x".repeat(20_000)
    );
    let deep = format!(
        r#"{{"kind":"drill.fanout","input":{}{}}}"#,
        "[".repeat(4_000),
        "]".repeat(4_000)
    );
    for (content_type, body, status, code, field) in [
        (json_type, "", 400, "malformed_json", None),
        (json_type, "{", 400, "malformed_json", None),
        (
            json_type,
            "{\"kind\":\"drill.fanout\",\"input\":{}} x",
            400,
            "malformed_json",
            None,
        ),
        (json_type, "\u{feff}{}", 400, "malformed_json", None),
        (json_type, "[]", 422, "invalid_body", None),
        (json_type, "null", 422, "invalid_body", None),
        (
            json_type,
            r#" ["drill.fanout", {"tasks": 1}, 5, {}, null]"#,
            422,
            "invalid_body",
            None,
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input": [1]}"#,
            422,
            "invalid_input",
            None,
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":"tasks"}"#,
            422,
            "invalid_input",
            None,
        ),
        (json_type, r#"{"input":{}}"#, 422, "invalid_body", None),
        (
            json_type,
            r#"{"kind":7,"input":{}}"#,
            422,
            "invalid_body",
            Some("kind"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{},"prio":1}"#,
            422,
            "invalid_body",
            Some("prio"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","kind":"x","input":{}}"#,
            422,
            "invalid_body",
            None,
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":1},"priority":-1}"#,
            422,
            "invalid_body",
            Some("priority"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":1},"priority":10}"#,
            422,
            "invalid_priority",
            Some("priority"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":1},"labels":{"a":1}}"#,
            422,
            "invalid_body",
            Some("labels.a"),
        ),
        (
            json_type,
            &many_labels,
            422,
            "invalid_labels",
            Some("labels"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":1},"deadline":"soon"}"#,
            422,
            "invalid_body",
            Some("deadline"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":1},"deadline":"2001-01-01T00:00:00Z"}"#,
            422,
            "invalid_deadline",
            Some("deadline"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanuot","input":{}}"#,
            422,
            "unknown_kind",
            Some("kind"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":0}}"#,
            422,
            "out_of_range",
            Some("tasks"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":"many"}}"#,
            422,
            "invalid_input",
            Some("tasks"),
        ),
        (
            json_type,
            r#"{"kind":"drill.fanout","input":{"tasks":1e999}}"#,
            422,
            "invalid_input",
            Some("tasks"),
        ),
        (json_type, &deep, 400, "malformed_json", None),
        (json_type, &large, 413, "body_too_large", None),
        (
            "text/plain",
            r#"{"kind":"drill.fanout","input":{}}"#,
            415,
            "unsupported_media_type",
            None,
        ),
        (
            "",
            r#"{"kind":"drill.fanout","input":{}}"#,
            415,
            "unsupported_media_type",
            None,
        ),
    ] {
        let request = client
            .request(Method::POST, "/v1/jobs")
            .header("content-type", content_type)
            .body(body.to_owned());
        let refused = answer(request).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (status, code),
            "{body:.200}"
        );
        assert_eq!(
            refused.json::<Value>()["field"].as_str(),
            field,
            "{body:.200}"
        );
    }
    let unmade = client.get_json("/v1/jobs").await;
    assert_eq!(unmade["items"], json!([]));
}

#[tokio::test]
async fn every_bad_address_is_refused_with_its_own_code() {
    let app = TestApp::start().await;
    let client = app.client();
    let nobody = "job_00000000000000000000000000000000";
    for (method, path, status, code) in [
        (Method::GET, "/console".to_owned(), 404, "route_not_found"),
        (Method::GET, "/v1/jobs/".to_owned(), 404, "route_not_found"),
        (Method::GET, "/v2/jobs".to_owned(), 404, "route_not_found"),
        (
            Method::DELETE,
            "/v1/jobs".to_owned(),
            405,
            "method_not_allowed",
        ),
        (
            Method::PUT,
            format!("/v1/jobs/{nobody}"),
            405,
            "method_not_allowed",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}/cancel"),
            405,
            "method_not_allowed",
        ),
        (Method::GET, "/v1/jobs/42".to_owned(), 400, "invalid_job_id"),
        (
            Method::GET,
            "/v1/jobs/job_%FF".to_owned(),
            400,
            "invalid_job_id",
        ),
        (
            Method::GET,
            "/v1/jobs/job_..%2F..%2Fetc".to_owned(),
            400,
            "invalid_job_id",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}"),
            404,
            "job_not_found",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}/tasks"),
            404,
            "job_not_found",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}/events"),
            404,
            "job_not_found",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}/facts"),
            404,
            "job_not_found",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}/artifacts"),
            404,
            "job_not_found",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}/artifacts/x"),
            404,
            "job_not_found",
        ),
        (
            Method::GET,
            format!("/v1/jobs/{nobody}/stream"),
            404,
            "job_not_found",
        ),
        (
            Method::POST,
            format!("/v1/jobs/{nobody}/cancel"),
            404,
            "job_not_found",
        ),
        (
            Method::GET,
            "/v1/jobs?limit=0".to_owned(),
            400,
            "invalid_query",
        ),
        (
            Method::GET,
            "/v1/jobs?limit=201".to_owned(),
            400,
            "invalid_query",
        ),
        (
            Method::GET,
            "/v1/jobs?limit=many".to_owned(),
            400,
            "invalid_query",
        ),
        (
            Method::GET,
            "/v1/jobs?state=asleep".to_owned(),
            400,
            "invalid_query",
        ),
        (
            Method::GET,
            "/v1/jobs?colour=red".to_owned(),
            400,
            "invalid_query",
        ),
        (
            Method::GET,
            "/v1/jobs?cursor=zzz".to_owned(),
            400,
            "invalid_cursor",
        ),
        (
            Method::GET,
            "/v1/supervision/events?after=-1".to_owned(),
            400,
            "invalid_query",
        ),
        (
            Method::GET,
            "/v1/kinds/nothing".to_owned(),
            404,
            "kind_not_found",
        ),
    ] {
        let refused = answer(client.request(method.clone(), &path)).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (status, code),
            "{method} {path}"
        );
        assert_eq!(
            refused.header("allow").is_some(),
            status == 405,
            "{method} {path}"
        );
    }
    let page = client
        .get_json("/v1/supervision/events?after=18446744073709551615")
        .await;
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn events_beyond_the_last_are_none_whatever_the_number() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    for after in [
        "1000",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
    ] {
        let page = client
            .get_json(&format!("/v1/jobs/{}/events?after={after}", job.id))
            .await;
        assert_eq!(
            (&page["items"], page["next_after"].to_string().as_str()),
            (&json!([]), after)
        );
    }
}

#[tokio::test]
async fn headers_of_any_shape_never_break_the_server() {
    let app = TestApp::start().await;
    let client = app.client();
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let mut jobs = Vec::new();
    for (header, value, status) in [
        ("prefer", "wait=99999999999999999999999", 202),
        ("prefer", ";;;,,,=", 202),
        ("idempotency-key", "", 422),
        ("idempotency-key", &"k".repeat(256), 422),
        ("idempotency-key", "caf\u{e9}", 422),
        ("last-event-id", "x", 202),
        ("if-none-match", "\"", 202),
        ("accept", "%%%", 202),
    ] {
        let answered = answer(
            client
                .request(Method::POST, "/v1/jobs")
                .header(header, value)
                .json(&body),
        )
        .await;
        assert_eq!(answered.status, status, "{header}: {value:.40}");
        match status {
            202 => jobs.push(answered.json::<crate::client::Job>().id),
            _ => assert_eq!(answered.problem(), "invalid_idempotency_key"),
        }
    }
    for id in jobs {
        client.finished(&id).await;
    }
}

#[tokio::test]
async fn bytes_that_are_no_request_cost_a_connection_and_nothing_else() {
    let app = TestApp::start().await;
    for bytes in [
        &b"\x00\x01\x02\x03\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\nzz\r\n",
        b"GET /v1/jobs/{id} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        b"GET /v1/jobs?%zz=%00 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    ] {
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        connection.write_all(bytes).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answered = Vec::new();
        let _ = soon("an answer or the end", connection.read_to_end(&mut answered)).await;
        let answered = String::from_utf8_lossy(&answered);
        assert!(answered.is_empty() || answered.starts_with("HTTP/1.1 4"), "{answered}");
    }
    let client = app.client();
    let job = client.fanout(1).await;
    assert_eq!(client.finished(&job.id).await.state, "succeeded");
}
